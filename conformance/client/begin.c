/* The steps of a client check: listening, and starting the client. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/client/play.h"
#include "conformance/runner/conn.h"
#include "conformance/runner/witness.h"
#include "harness/base/deadline.h"

enum {
    COMMAND_MAX = 16384,
    INPUT_MAX = 32 << 20,
    BACKLOG = 64,
    SMALL_BUFFER = 4096,
    STOP_MS = 500,
};

struct client_play *play_of(const struct check_ctx *c)
{
    return c->play;
}

static bool is_datagram(const struct check_ctx *c)
{
    return endpoint_is_datagram(&c->target.endpoint);
}

/* ---- where we serve ---- */

/* A name with two addresses, where the machine has none: a hosts(5) of the check's own, seen by its
   process and the client alone. False where we may not. */
static bool name_both(const struct check_ctx *c)
{
    static const char hosts[] = "::1 localhost\n127.0.0.1 localhost\n";
    char path[128];

    text_format(path, sizeof(path), "%s/hosts-%d", c->folder, (int)getpid());
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    bool ok = fd >= 0 && write(fd, hosts, sizeof(hosts) - 1) == (ssize_t)sizeof(hosts) - 1;

    if (fd >= 0)
        close(fd);
    return ok && unshare(CLONE_NEWNS) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount(path, "/etc/hosts", NULL, MS_BIND, NULL) == 0;
}

/* The last address of the name, where it has several: who tries the first alone never comes. */
static void choose_address(struct check_ctx *c, struct client_play *p)
{
    struct address list[8];
    struct problem why;
    size_t count = 0;
    bool by_name = p->plan.flags & CLIENT_BY_NAME;

    if (by_name)
        text_copy(p->at.host, sizeof(p->at.host), "localhost");
    if (!address_resolve(&p->at, list, by_name ? ARRAY_LEN(list) : 1, &count, &why)) {
        check_trouble(c, "%s", why.text);
        return;
    }
    p->address = list[count - 1];
    if (!by_name || count > 1)
        return;
    if (!name_both(c))
        check_skipped(c, "localhost has one address on this machine, and only root may give it "
                         "another");
    else if (!address_resolve(&p->at, list, ARRAY_LEN(list), &count, &why) || count < 2)
        check_skipped(c, "localhost has one address on this machine");
    p->address = list[count - 1];
}

/* The endpoint as we listen at it: by number, whatever the client is told. */
static struct endpoint numeric(const struct client_play *p)
{
    struct endpoint e = p->at;

    if (!endpoint_is_unix(&e)) {
        address_to_endpoint(&p->address, &e);
        e.port = p->at.port;
    }
    return e;
}

static void listen_here(struct check_ctx *c, struct client_play *p)
{
    struct endpoint e = numeric(p);
    struct problem why;
    struct address local;
    int small = SMALL_BUFFER;

    p->listener = net_listen(&e, p->plan.flags & CLIENT_FULL ? 0 : BACKLOG, &why);
    if (p->listener < 0) {
        c->outcome->asked_for = errno != EMFILE && errno != ENFILE && errno != ENOMEM;
        check_trouble(c, "%s", why.text);
        return;
    }
    if (p->plan.flags & CLIENT_SMALL)
        setsockopt(p->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    if (!net_local(p->listener, p->address.socktype, &local)) {
        check_trouble(c, "getsockname: %s", strerror(errno));
        return;
    }
    p->address = local;
    if (!endpoint_is_unix(&p->at))
        p->at.port = address_port(&local);
    witness_place(c, &p->address);
}

/* A place at which nobody serves. */
static void leave_empty(struct check_ctx *c, struct client_play *p)
{
    struct endpoint e = numeric(p);

    net_forget(&p->at);
    if (endpoint_is_unix(&p->at))
        return;
    p->at.port = p->at.port ? p->at.port : net_free_port(&e);
    if (p->at.port == 0)
        check_trouble(c, "no free port at %s", p->at.host);
}

/* Connections of our own that nobody accepts, until the kernel takes no more of them. */
static void fill_queue(struct check_ctx *c, struct client_play *p)
{
    static const int64_t taken_ms = 100; /* by our own kernel, or not at all */
    int fd;

    while (check_alive(c) && p->crowd_count < ARRAY_LEN(p->crowd)) {
        struct net_io io = net_dial(&p->address, NULL, deadline_in_ms(taken_ms), &fd);

        if (io.status != NET_OK)
            return;
        p->crowd[p->crowd_count++] = fd;
    }
    check_skipped(c, "the queue of a listener does not get full on this machine");
}

/* Beside others a socket file has a number behind its name; a port is chosen anyway. */
static void take_own_path(struct check_ctx *c, struct client_play *p)
{
    char path[sizeof(p->at.path)];

    if (!p->client->moves || !endpoint_is_unix(&p->at))
        return;
    text_format(path, sizeof(path), "%s.%d", p->at.path, (int)getpid());
    text_copy(p->at.path, sizeof(p->at.path), path);
    if (strlen(p->at.path) + 1 >= sizeof(p->at.path))
        check_trouble(c, "the path %s is too long for a number behind it", c->target.endpoint.path);
}

static void take_place(struct check_ctx *c, struct client_play *p)
{
    take_own_path(c, p);
    choose_address(c, p);
    if (!check_alive(c))
        return;
    if (p->plan.flags & CLIENT_NOBODY) {
        leave_empty(c, p);
        return;
    }
    listen_here(c, p);
    if (check_alive(c) && p->plan.flags & CLIENT_FULL)
        fill_queue(c, p);
    if (check_alive(c) && is_datagram(c)) {
        char where[ADDRESS_TEXT_MAX];

        address_format(&p->address, where, sizeof(where));
        p->serving = conn_serve(c, p->listener);
        check_tell_on(c, p->serving->number, EVENT_WORDS, WHO_US, slice_of(NULL, 0), "serves at %s",
                      where);
        p->serving->unconnected = true;
        p->serving->raw = true;
    }
}

/* ---- starting it ---- */

bool client_command(const struct client *client, const struct endpoint *e, const char *text,
                    struct buf *ret, struct problem *why)
{
    bool unix = endpoint_is_unix(e);
    char port[8];
    char url[ENDPOINT_TEXT_MAX];
    char path[ENDPOINT_TEXT_MAX];

    text_format(port, sizeof(port), "%u", e->port);
    text_format(path, sizeof(path), "%s%s", e->abstract ? "@" : "", e->path);
    endpoint_format(e, url, sizeof(url));
    const struct target_word words[] = {
        {"path", unix ? path : NULL},
        {"host", unix ? NULL : e->host},
        {"port", unix ? NULL : port},
        {"text", text},
        {"url", url},
    };
    return target_fill(client->command, words, ARRAY_LEN(words), ret, why);
}

/* What it reads to its end; a file, so that nobody has to feed it. */
static int input_file(struct check_ctx *c, const struct client_play *p)
{
    int fd = memfd_create("input", MFD_CLOEXEC);
    size_t at = 0;

    while (fd >= 0 && at < p->input.len) {
        ssize_t n = write(fd, p->input.data + at, p->input.len - at);

        if (n <= 0)
            break;
        at += (size_t)n;
    }
    if (fd < 0 || at < p->input.len || lseek(fd, 0, SEEK_SET) != 0)
        check_trouble(c, "the client's standard input: %s", strerror(errno));
    return fd;
}

static size_t first_line(const struct client_play *p)
{
    return slice_find(buf_slice(&p->input), slice_str("\n")) + 1;
}

/* A few lines, which a pipe holds at once. A client that has ended is no trouble. */
static void feed(struct check_ctx *c, struct slice lines)
{
    if (write(play_of(c)->feed, lines.data, lines.len) != (ssize_t)lines.len && errno != EPIPE)
        check_trouble(c, "the client's standard input: %s", strerror(errno));
}

/* The first line, and no end before client_end_input. */
static int input_pipe(struct check_ctx *c, struct client_play *p)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0) {
        check_trouble(c, "pipe: %s", strerror(errno));
        return -1;
    }
    p->feed = ends[1];
    feed(c, slice_sub(buf_slice(&p->input), 0, first_line(p)));
    return ends[0];
}

static void start(struct check_ctx *c, struct client_play *p)
{
    struct process_options o = {.umask = -1};
    struct problem why;
    struct buf command;

    buf_init(&command, COMMAND_MAX);
    if (!client_command(p->client, &p->at, p->texts[0].asked, &command, &why))
        check_trouble(c, "%s", why.text);
    if (check_alive(c) && p->client->input == CLIENT_LINES)
        o.input = p->plan.flags & CLIENT_LATE_END ? input_pipe(c, p) : input_file(c, p);
    o.command = buf_text(&command);
    if (check_alive(c)) {
        check_tell(c, WHO_KIT, buf_slice(&p->input), "runs: %s%s", o.command,
                   p->input.len > 0 ? "; its standard input:" : "");
        /* A client that becomes a daemon ends with its check, and is not taken for the next one. */
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        p->started = process_start(&p->process, &o, &why);
        if (!p->started)
            check_trouble(c, "%s", why.text);
    }
    if (o.input > 0)
        close(o.input);
    buf_free(&command);
}

void client_begin(struct check_ctx *c, const struct client_plan *plan)
{
    const struct client *client = c->target.client;
    struct client_play *p = calloc(1, sizeof(*p));

    if (!p) {
        check_trouble(c, "out of memory");
        return;
    }
    c->play = p;
    c->end_play = client_close;
    *p = (struct client_play){.client = client, .plan = *plan, .listener = -1, .feed = -1};
    p->at = c->target.endpoint;
    p->process.out = p->process.err = -1;
    buf_init(&p->input, INPUT_MAX);
    if (client->facts.works && client->facts.asks < plan->texts) {
        check_skipped(c, "the client makes %u request%s in a run, and %u are needed",
                      client->facts.asks, client->facts.asks == 1 ? "" : "s", plan->texts);
        return;
    }
    if (plan->flags & CLIENT_LATE_END && client->input != CLIENT_LINES) {
        check_skipped(c, "the client is not told by its standard input what to ask for");
        return;
    }
    if (plan->bulk > 0 && client->input != CLIENT_LINES) {
        check_skipped(c, "the client is not told by its standard input what to send");
        return;
    }
    speech_prepare(c, p);
    take_place(c, p);
    if (check_alive(c))
        start(c, p);
}

void client_begin_with(struct check_ctx *c, unsigned texts)
{
    struct client_plan plan = {.texts = texts};

    client_begin(c, &plan);
}

void client_end_input(struct check_ctx *c)
{
    struct client_play *p = play_of(c);

    if (!check_alive(c) || !p || p->feed < 0)
        return;
    struct slice rest = slice_from(buf_slice(&p->input), first_line(p));
    check_tell(c, WHO_KIT, rest, "the rest of its standard input, and the end");
    feed(c, rest);
    close(p->feed);
    p->feed = -1;
}

void client_close(struct check_ctx *c)
{
    struct client_play *p = play_of(c);

    if (!p)
        return;
    if (p->started) {
        witness_process(c, "the client", &p->process);
        process_stop(&p->process, deadline_in_ms(STOP_MS));
        process_end_orphans(deadline_in_ms(STOP_MS));
    }
    if (p->feed >= 0)
        close(p->feed);
    if (p->listener >= 0 && !p->serving)
        close(p->listener);
    if (p->listener >= 0)
        net_forget(&p->at);
    for (size_t i = 0; i < p->crowd_count; i++)
        close(p->crowd[i]);
    buf_free(&p->input);
    free(p);
    c->play = NULL;
}
