/* assay-msg: a client of MSGPROG over libtirpc and the stubs of rpcgen. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netconfig.h>
#include <rpc/rpc.h>

#include "harness/base/deadline.h"
#include "harness/base/log.h"
#include "msg.h"
#include "reference/msg/trace.h"
#include "reference/setup/setup.h"

enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };
enum { TIMEOUT_S = 10, TIMEOUT_MAX_S = 3600, RETRY_S = 2, STUB_TEXT_MAX = 256, DETAIL_MAX = 512 };
enum { ADDRESSES_MAX = 8, LINE_MAX_BYTES = 65536, FAILURES_MAX = 2 };

struct client {
    const char *at;        /* a URL, or NULL */
    const char *via;       /* "rpcbind", or NULL */
    const char *host;      /* whose rpcbind is asked */
    const char *transport; /* the netid that is asked for, or NULL: the netpath */
    uint64_t timeout_s;
    bool sys; /* AUTH_SYS in place of AUTH_NONE */
    bool trace;
    const char *words[2]; /* what to do, and with what */
    size_t count;

    CLIENT *handle;
    AUTH *credential; /* of AUTH_SYS, or NULL */
    int fd;           /* the socket under the handle where it is ours, or -1 */
    struct tap tap;
    bool tapped;
    char where[ADDRESS_TEXT_MAX];
    char detail[DETAIL_MAX]; /* what the stub returned, or why it failed */
};

/* ---- what can be asked ---- */

static bool do_null(struct client *c)
{
    struct timeval unused = {.tv_sec = TIMEOUT_S}; /* CLSET_TIMEOUT goes before it */
    enum clnt_stat stat = clnt_call(c->handle, NULLPROC, (xdrproc_t)xdr_void, NULL,
                                    (xdrproc_t)xdr_void, NULL, unused);

    if (stat == RPC_SUCCESS)
        text_copy(c->detail, sizeof(c->detail), "nothing");
    return stat == RPC_SUCCESS;
}

static bool save_text(struct client *c, char *text)
{
    int *number = savemsg_2(&text, c->handle);

    if (number) {
        printf("%d\n", *number);
        text_format(c->detail, sizeof(c->detail), "%d", *number);
    }
    return number != NULL;
}

static bool do_save(struct client *c)
{
    char *text = strdup(c->words[1]);
    bool ok = text && save_text(c, text);

    free(text);
    return ok;
}

static bool do_read(struct client *c)
{
    bool negative = c->words[1][0] == '-';
    uint64_t size = 0;
    struct buf quoted;

    /* main() has looked at the number already. */
    if (!text_number(c->words[1] + negative, 0, INT32_MAX, &size))
        return false;
    int number = negative ? -(int)size : (int)size;
    char **text = readmsg_2(&number, c->handle);
    if (!text)
        return false;
    if (!*text) { /* as behind an empty fragment, where libtirpc decodes nothing and is content */
        text_copy(c->detail, sizeof(c->detail), "success without a result");
        return false;
    }
    puts(*text);
    buf_init(&quoted, DETAIL_MAX);
    text_quote(&quoted, slice_str(*text), DETAIL_MAX / 8);
    text_copy(c->detail, sizeof(c->detail), buf_text(&quoted));
    buf_free(&quoted);
    clnt_freeres(c->handle, (xdrproc_t)xdr_wrapstring, (caddr_t)text);
    return true;
}

/* A line that fails is told of, and the next one tried on the same handle; two of them in a row are
   the end, since each may take all the time that a call has. */
static bool do_lines(struct client *c)
{
    static char line[LINE_MAX_BYTES];
    unsigned failed = 0;
    unsigned in_a_row = 0;

    while (in_a_row < FAILURES_MAX && fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (save_text(c, line) && !text_eq(c->detail, "0")) {
            in_a_row = 0;
            continue;
        }
        log_error("%s", clnt_sperror(c->handle, "SAVEMSG"));
        failed++;
        in_a_row++;
    }
    text_format(c->detail, sizeof(c->detail), "%u line%s not stored", failed, text_s(failed));
    return failed == 0;
}

/* One call after the other, as a client of libtirpc makes them. */
static bool do_repeat(struct client *c)
{
    struct timeval unused = {.tv_sec = TIMEOUT_S};
    uint64_t count = 0;
    bool ok = text_number(c->words[1], 1, INT32_MAX, &count);
    int64_t from = deadline_now_us();

    for (uint64_t i = 0; ok && i < count; i++)
        ok = clnt_call(c->handle, NULLPROC, (xdrproc_t)xdr_void, NULL, (xdrproc_t)xdr_void, NULL,
                       unused) == RPC_SUCCESS;
    int64_t took = deadline_now_us() - from;
    if (ok)
        printf("%.0f calls/s\n", (double)count * 1e6 / (double)(took > 0 ? took : 1));
    return ok;
}

static const struct action {
    const char *name;
    const char *argument; /* NULL: none */
    const char *stub;
    const char *procedure;
    const char *help;
    bool (*run)(struct client *c);
} actions[] = {
    {"save", "TEXT", "savemsg_2", "SAVEMSG", "store TEXT and print its number", do_save},
    {"lines", NULL, "savemsg_2", "SAVEMSG",
     "store each line of standard input and print its number", do_lines},
    {"read", "N", "readmsg_2", "READMSG", "print message N; an empty line where there is none",
     do_read},
    {"null", NULL, "clnt_call", "NULL", "call procedure 0: does the service answer?", do_null},
    {"repeat", "N", "clnt_call", "NULL",
     "call procedure 0 N times in turn: how many calls a second?", do_repeat},
};

/* ---- command line ---- */

static void print_help(void)
{
    printf(
        "Usage: assay-msg --at URL [OPTION ...] ACTION\n"
        "       assay-msg --via rpcbind [--host HOST] [--transport NETID] [OPTION ...] ACTION\n\n"
        "A client of MSGPROG (%d), version %d.\n\n",
        MSGPROG, MSGVER);
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        printf("  %-6s %-13s %s\n", actions[i].name, actions[i].argument ? actions[i].argument : "",
               actions[i].help);
    printf("\n  --at URL             rpc+tcp://HOST:PORT, rpc+udp://HOST:PORT, rpc+unix:PATH\n"
           "  --via rpcbind        ask the rpcbind of --host where the service is\n"
           "  --host HOST          with --via: this one (localhost)\n"
           "  --transport NETID    with --via: tcp, udp, tcp6, udp6 or local; else the netpath\n"
           "  --auth none|sys      the credential of the calls (none)\n"
           "  --timeout SECONDS    how long a call may take (%d)\n"
           "  --trace              show the ten steps of the call on standard error\n",
           TIMEOUT_S);
}

static int usage(const char *what)
{
    log_error("%s; --help tells more", what);
    return STATUS_USAGE;
}

static const struct action *find_action(const struct client *c)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        size_t words = actions[i].argument ? 2 : 1;

        if (c->count == words && text_eq(c->words[0], actions[i].name))
            return &actions[i];
    }
    return NULL;
}

static bool take_word(struct client *c, const char *word)
{
    if (c->count == ARRAY_LEN(c->words))
        return false;
    c->words[c->count++] = word;
    return true;
}

/* Options that are looked at once all are read. */
struct words_given {
    const char *timeout;
    const char *auth;
};

/* An option's value goes where it belongs. NULL where the option is not known. */
static const char **value_of(struct client *c, const char *option, struct words_given *given)
{
    const struct {
        const char *name;
        const char **into;
    } rows[] = {{"--at", &c->at},         {"--via", &c->via},
                {"--host", &c->host},     {"--transport", &c->transport},
                {"--auth", &given->auth}, {"--timeout", &given->timeout}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (text_eq(option, rows[i].name))
            return rows[i].into;
    }
    return NULL;
}

static bool good_number(const char *text)
{
    uint64_t unused;

    return text_number(text_starts(text, "-") ? text + 1 : text, 0, INT32_MAX, &unused);
}

/* STATUS_OK, or the status after a line on standard error. Behind the action everything is its
   argument, also what begins with a dash. */
static int read_words(struct client *c, int argc, char **argv, struct words_given *given)
{
    for (int i = 1; i < argc; i++) {
        const char **into = c->count == 0 ? value_of(c, argv[i], given) : NULL;

        if (into && i + 1 == argc)
            return usage("the last option needs a value");
        if (into)
            *into = argv[++i];
        else if (c->count == 0 && text_eq(argv[i], "--trace"))
            c->trace = true;
        else if (c->count == 0 && text_starts(argv[i], "--"))
            return usage("unknown option");
        else if (!take_word(c, argv[i]))
            return usage("one word too many");
    }
    return STATUS_OK;
}

static int read_options(struct client *c, int argc, char **argv, const struct action **ret)
{
    struct words_given given = {.auth = "none"};
    int status = read_words(c, argc, argv, &given);
    uint64_t unused;

    if (status != STATUS_OK)
        return status;
    if (!c->at == !c->via)
        return usage("where is the service? --at URL or --via rpcbind");
    if (c->via && !text_eq(c->via, "rpcbind"))
        return usage("--via: expected rpcbind");
    c->sys = text_eq(given.auth, "sys");
    if (!c->sys && !text_eq(given.auth, "none"))
        return usage("--auth: expected none or sys");
    if (given.timeout && !text_number(given.timeout, 1, TIMEOUT_MAX_S, &c->timeout_s))
        return usage("--timeout: expected a number of seconds from 1 to 3600");
    *ret = find_action(c);
    if (!*ret)
        return usage("what to do? save TEXT, lines, read N, null or repeat N");
    if ((*ret)->run == do_read && !good_number(c->words[1]))
        return usage("read: expected a number");
    if ((*ret)->run == do_repeat && !text_number(c->words[1], 1, INT32_MAX, &unused))
        return usage("repeat: expected a number from 1 on");
    if (c->trace && ((*ret)->run == do_repeat || (*ret)->run == do_lines))
        return usage("--trace shows a single call");
    return STATUS_OK;
}

/* ---- the way to the service ---- */

/* Makes a handle over a socket to the address, through a tap where the call is traced. */
static bool connect_to(struct client *c, struct address *to, struct problem *why)
{
    bool datagram = to->socktype == SOCK_DGRAM;
    int fd = -1;
    struct net_io io = net_dial(to, NULL, deadline_in_ms((int64_t)c->timeout_s * 1000), &fd);

    address_format(to, c->where, sizeof(c->where));
    if (io.status != NET_OK)
        return problem_set(why, "%s: %s", c->where,
                           io.error ? strerror(io.error) : net_status_text(io.status));
    c->fd = fd;
    if (c->trace) {
        bool started = tap_start(&c->tap, fd, datagram, why);

        c->tapped = true;
        c->fd = c->tap.near_fd; /* the other one is the tap's, also where it does not run */
        if (!started)
            return false;
        if (datagram)
            *to = c->tap.hello;
    }
    struct netbuf peer = {.maxlen = to->len, .len = to->len, .buf = address_sockaddr_mut(to)};
    c->handle = datagram ? clnt_dg_create(c->fd, &peer, MSGPROG, MSGVER, 0, 0)
                         : clnt_vc_create(c->fd, &peer, MSGPROG, MSGVER, 0, 0);
    return c->handle || problem_set(why, "%s", clnt_spcreateerror(c->where));
}

static bool connect_at(struct client *c, struct problem *why)
{
    struct endpoint at;
    struct address list[ADDRESSES_MAX];
    size_t count;

    if (!setup_read_url(c->at, &at, why) ||
        !address_resolve(&at, list, ARRAY_LEN(list), &count, why))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (connect_to(c, &list[i], why))
            return true;
    }
    return false;
}

/* The handle of clnt_create knows where rpcbind has sent us. To see the octets we go there again
   with a tap. */
static bool connect_again(struct client *c, struct problem *why)
{
    struct address to = {.socktype = SOCK_STREAM};
    struct netbuf peer = {0};
    socklen_t len = sizeof(to.socktype);
    int fd;

    if (!clnt_control(c->handle, CLGET_SVC_ADDR, (char *)&peer) ||
        !clnt_control(c->handle, CLGET_FD, (char *)&fd) || peer.len > sizeof(to.storage) ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &to.socktype, &len) != 0)
        return problem_set(why, "libtirpc does not tell where the service is");
    memcpy(&to.storage, peer.buf, peer.len);
    to.len = peer.len;
    clnt_destroy(c->handle);
    c->handle = NULL;
    return connect_to(c, &to, why);
}

/* clnt_create knows classes of transports ("netpath") and, of single ones, tcp and udp only. */
static CLIENT *ask_rpcbind(const struct client *c)
{
    if (!c->transport)
        return clnt_create(c->host, MSGPROG, MSGVER, "netpath");
    struct netconfig *config = getnetconfigent(c->transport);
    CLIENT *handle = clnt_tp_create(c->host, MSGPROG, MSGVER, config); /* refuses a null one */
    if (config)
        freenetconfigent(config);
    return handle;
}

static bool connect_via_rpcbind(struct client *c, struct problem *why)
{
    c->handle = ask_rpcbind(c);
    if (!c->handle)
        return problem_set(why, "%s", clnt_spcreateerror(c->host));
    return !c->trace || connect_again(c, why);
}

static bool open_service(struct client *c, struct problem *why)
{
    struct timeval timeout = {.tv_sec = (time_t)c->timeout_s};
    struct timeval retry = {.tv_sec = RETRY_S};

    if (!(c->at ? connect_at(c, why) : connect_via_rpcbind(c, why)))
        return false;
    clnt_control(c->handle, CLSET_TIMEOUT, (char *)&timeout);
    clnt_control(c->handle, CLSET_RETRY_TIMEOUT, (char *)&retry); /* streams do not know it */
    c->credential = c->sys ? authsys_create_default() : NULL;
    if (c->credential)
        c->handle->cl_auth = c->credential;
    return !c->sys || c->credential || problem_set(why, "AUTH_SYS: out of memory");
}

static void close_service(struct client *c)
{
    if (c->credential)
        auth_destroy(c->credential);
    if (c->handle)
        clnt_destroy(c->handle);
    if (c->fd >= 0)
        close(c->fd);
    if (c->tapped)
        tap_free(&c->tap);
}

/* ---- the call ---- */

static void print_trace(struct client *c, const struct action *action, bool ok)
{
    struct buf stub;

    buf_init(&stub, STUB_TEXT_MAX);
    buf_printf(&stub, "%s(", action->stub);
    if (action->run == do_save)
        text_quote(&stub, slice_str(c->words[1]), STUB_TEXT_MAX / 8);
    else
        buf_put_str(&stub, action->argument ? c->words[1] : "NULLPROC");
    buf_put_str(&stub, ")");
    tap_stop(&c->tap);
    trace_print(&(struct trace){.tap = &c->tap,
                                .stub = buf_text(&stub),
                                .procedure = action->procedure,
                                .where = c->where,
                                .outcome = c->detail,
                                .ok = ok});
    buf_free(&stub);
}

static int run(struct client *c, const struct action *action)
{
    struct problem why;

    if (!open_service(c, &why)) {
        log_error("%s", why.text);
        return STATUS_FAILED;
    }
    bool ok = action->run(c);
    if (!ok && !c->detail[0]) {
        text_copy(c->detail, sizeof(c->detail), clnt_sperror(c->handle, action->procedure));
        c->detail[strcspn(c->detail, "\n")] = '\0';
    }
    fflush(stdout);
    if (c->trace)
        print_trace(c, action, ok);
    if (!ok)
        log_error("%s", c->detail);
    if (ok && action->run == do_save && text_eq(c->detail, "0")) {
        log_error("the server has not stored the message");
        ok = false;
    }
    return ok ? STATUS_OK : STATUS_FAILED;
}

int main(int argc, char **argv)
{
    struct client c = {.host = "localhost", .timeout_s = TIMEOUT_S, .fd = -1};
    const struct action *action = NULL;

    log_open("assay-msg");
    if (argc == 2 && text_eq(argv[1], "--help")) {
        print_help();
        return STATUS_OK;
    }
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return STATUS_FAILED;
    int status = read_options(&c, argc, argv, &action);
    if (status == STATUS_OK) {
        status = run(&c, action);
        close_service(&c);
    }
    return status;
}
