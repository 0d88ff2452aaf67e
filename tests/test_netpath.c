/*
 * Tests of asking rpcbind for the transports of a program, against scripted registries on a port of
 * their own: old ones, wrong ones, hostile ones. None of them costs more than its patience.
 */
#include "harness/rpc/netpath.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/net/net.h"
#include "harness/rpc/bind.h"
#include "harness/rpc/onc.h"
#include "harness/rpc/record.h"
#include "tests/program.h"
#include "tests/unit.h"

enum { PROGRAM = 345678, VERSION = 2, PATIENCE_MS = 300, ROOM = 1 << 17, LIST_MAX = 40000 };

/* What a registry does with a call; all that it is asked for is in the script. */
enum deed {
    HONEST,
    MUTE,
    CLOSES,
    WRONG_XID, /* without end */
    ENDLESS,   /* fragments of one octet, none the last */
    GIANT,     /* a record of 2 GiB is announced and begun */
    GARBAGE,
    CUT_LIST,  /* an element that is announced and missing */
    LONG_LIST, /* elements without end, as far as a record goes */
    DENIES,
};

struct script {
    enum deed deed;
    uint32_t newest;       /* version of rpcbind */
    const char *netids[3]; /* with their addresses: of the program and version */
    const char *uaddrs[3];
    uint32_t other_version; /* which alone is in DUMP; or 0 */
    bool no_tcp;
};

struct row {
    struct script script;
    const char *places; /* URLs, PORT for that of the registry */
    const char *remark; /* part of one; or NULL */
    const char *why;    /* part of the reason where there is no place */
};

/* ---- the registry ---- */

static void put_mismatch(const struct onc_call *call, uint32_t newest, struct buf *message)
{
    struct onc_reply reply = onc_reply_of(call->xid, slice_of(NULL, 0));

    reply.accept_stat = ONC_PROG_MISMATCH;
    reply.low = 2;
    reply.high = newest;
    onc_put_reply(message, &reply);
}

static void put_list(const struct script *s, struct buf *out)
{
    size_t count = s->deed == LONG_LIST ? LIST_MAX : ARRAY_LEN(s->netids);

    for (size_t i = 0; i < count; i++) {
        size_t k = s->deed == LONG_LIST ? 0 : i;

        if (!s->netids[k])
            break;
        struct bind_entry e = {.maddr = wire_counted_of(slice_str(s->uaddrs[k])),
                               .netid = wire_counted_of(slice_str(s->netids[k])),
                               .semantics = BIND_TPI_COTS_ORD};
        bind_list_entry(out, &e);
    }
    if (s->deed == CUT_LIST)
        wire_put_bool(out, true);
    else
        bind_list_end(out);
}

static void put_dump(const struct script *s, uint32_t vers, struct buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(s->netids); i++) {
        uint32_t version = s->other_version ? s->other_version : VERSION;
        struct bind_rpcb b = {.prog = PROGRAM, .vers = version};
        struct bind_mapping m = {.prog = PROGRAM, .vers = version, .prot = BIND_PROTO_TCP};

        if (!s->netids[i])
            break;
        b.netid = wire_counted_of(slice_str(s->netids[i]));
        b.addr = wire_counted_of(slice_str(s->uaddrs[i]));
        m.prot = text_eq(s->netids[i], "udp") ? BIND_PROTO_UDP : BIND_PROTO_TCP;
        if (vers == BIND_PMAP_VERSION)
            bind_list_mapping(out, &m);
        else
            bind_list_rpcb(out, &b);
    }
    bind_list_end(out);
}

static const char *uaddr_of(const struct script *s, const char *netid)
{
    for (size_t i = 0; i < ARRAY_LEN(s->netids); i++) {
        if (s->netids[i] && text_eq(s->netids[i], netid))
            return s->uaddrs[i];
    }
    return "";
}

static void put_port(const struct script *s, const struct onc_call *call, struct buf *out)
{
    struct bind_mapping m;
    struct address at;
    struct wire_in in;
    const char *netid;

    wire_open(&in, call->args);
    assert_true(bind_read_mapping(&in, &m));
    netid = m.prot == BIND_PROTO_UDP ? "udp" : "tcp";
    bool there = bind_uaddr_parse(bind_netid_find(slice_str(netid)), slice_str(uaddr_of(s, netid)),
                                  &at, NULL);
    wire_put_uint(out, there ? address_port(&at) : 0);
}

static void answer(const struct script *s, const struct onc_call *call, bool stream,
                   struct buf *message)
{
    struct onc_reply reply = onc_reply_of(call->xid, slice_of(NULL, 0));
    struct buf results;

    if (call->vers > s->newest) {
        put_mismatch(call, s->newest, message);
        return;
    }
    buf_init(&results, ROOM * 32);
    if (call->proc == BIND_RPCB_DUMP)
        put_dump(s, call->vers, &results);
    else if (call->vers == BIND_PMAP_VERSION)
        put_port(s, call, &results);
    else if (call->proc == BIND_RPCB_GETADDRLIST)
        put_list(s, &results);
    else
        wire_put_string(&results, slice_str(uaddr_of(s, stream ? "tcp" : "udp")));
    reply.results = buf_slice(&results);
    if (s->deed == DENIES) {
        reply.results = slice_of(NULL, 0);
        reply.reply_stat = ONC_MSG_DENIED;
        reply.reject_stat = ONC_AUTH_ERROR;
        reply.auth_stat = ONC_AUTH_TOOWEAK;
    }
    if (s->deed == WRONG_XID)
        reply.xid += 1000;
    onc_put_reply(message, &reply);
    buf_free(&results);
}

static void send_octets(int fd, struct slice octets)
{
    (void)net_send(fd, octets, deadline_in_ms(PATIENCE_MS), 0);
}

/* Sends this without end, until the other side has had enough. */
static void send_forever(int fd, struct slice octets)
{
    while (net_send(fd, octets, deadline_in_ms(PATIENCE_MS), 0).status == NET_OK)
        continue;
}

static void reply_on_stream(const struct script *s, int fd, const struct onc_call *call)
{
    static const uint8_t fragment[] = {0, 0, 0, 1, 'x'};
    static const uint8_t giant[] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};
    struct buf message;
    struct buf record;

    buf_init(&message, ROOM * 32);
    buf_init(&record, ROOM * 32);
    answer(s, call, true, &message);
    record_put(&record, buf_slice(&message));
    if (s->deed == ENDLESS)
        send_forever(fd, slice_of(fragment, sizeof(fragment)));
    else if (s->deed == GIANT)
        send_octets(fd, slice_of(giant, sizeof(giant)));
    else if (s->deed == GARBAGE)
        send_octets(fd, slice_str("HTTP/1.0 400 Bad Request\r\n\r\n"));
    else if (s->deed == WRONG_XID)
        send_forever(fd, buf_slice(&record));
    else
        send_octets(fd, buf_slice(&record));
    buf_free(&message);
    buf_free(&record);
}

static void serve_stream(const struct script *s, int fd)
{
    struct record_in record;
    uint8_t octets[4096];
    bool on = s->deed != CLOSES;

    record_open(&record, &record_usual_limits);
    while (on) {
        struct net_io io = net_recv(fd, octets, sizeof(octets), false, DEADLINE_NEVER);
        struct onc_call call;
        struct wire_in in;
        size_t used = 0;

        if (io.status != NET_OK)
            break;
        if (record_feed(&record, slice_of(octets, io.len), &used) != RECORD_WHOLE)
            continue;
        wire_open(&in, record_message(&record));
        on = onc_read_call(&in, &call);
        if (on && s->deed != MUTE)
            reply_on_stream(s, fd, &call);
    }
    record_close(&record);
    close(fd);
}

static void serve_datagram(const struct script *s, int fd)
{
    static uint8_t octets[ROOM];
    struct address from;
    struct net_io io = net_recv_from(fd, octets, sizeof(octets), &from, 0);
    struct onc_call call;
    struct wire_in in;
    struct buf message;

    if (io.status != NET_OK || s->deed == MUTE || s->deed == CLOSES)
        return;
    wire_open(&in, slice_of(octets, io.len));
    if (!onc_read_call(&in, &call))
        return;
    buf_init(&message, ROOM * 32);
    answer(s, &call, false, &message);
    if (s->deed == GARBAGE || s->deed == GIANT || s->deed == ENDLESS)
        (void)net_send_to(fd, slice_str("?"), &from, 0);
    else
        (void)net_send_to(fd, buf_slice(&message), &from, 0);
    buf_free(&message);
}

/* In a process of its own; port 0 of both transports is the same number. */
struct registry {
    pid_t pid;
    uint16_t port;
};

static int listen_at(enum endpoint_kind kind, uint16_t port, struct address *at)
{
    struct endpoint e = {.kind = kind, .host = "127.0.0.1", .port = port};
    int fd = net_listen(&e, 8, NULL);

    if (fd >= 0)
        assert_true(net_local(fd, endpoint_socktype(&e), at));
    return fd;
}

static void registry_start(struct registry *r, const struct script *s)
{
    struct address at;
    int stream = -1;
    int datagram = -1;

    for (unsigned i = 0; i < 20 && datagram < 0; i++) {
        if (stream >= 0)
            close(stream);
        stream = listen_at(ENDPOINT_TCP, 0, &at);
        assert_true(stream >= 0);
        r->port = address_port(&at);
        datagram = listen_at(ENDPOINT_UDP, r->port, &at);
    }
    assert_true(datagram >= 0);
    if (s->no_tcp)
        close(stream);
    r->pid = fork();
    if (r->pid == 0) {
        alarm(60);
        for (;;) {
            struct pollfd fds[] = {{.fd = s->no_tcp ? -1 : stream, .events = POLLIN},
                                   {.fd = datagram, .events = POLLIN}};

            poll(fds, ARRAY_LEN(fds), -1);
            if (fds[0].revents)
                serve_stream(s, accept(stream, NULL, NULL));
            if (fds[1].revents)
                serve_datagram(s, datagram);
        }
    }
    if (!s->no_tcp)
        close(stream);
    close(datagram);
}

static void registry_stop(const struct registry *r)
{
    kill(r->pid, SIGKILL);
    waitpid(r->pid, NULL, 0);
}

/* ---- the rows ---- */

#define BOTH .netids = {"tcp", "udp"}, .uaddrs = {"127.0.0.1.8.1", "0.0.0.0.8.2"}

#define BOTH_URLS "rpc+tcp://127.0.0.1:2049/345678/2 rpc+udp://127.0.0.1:2050/345678/2 "

static const struct row table[] = {
    {{.deed = HONEST, .newest = 4, BOTH}, BOTH_URLS, NULL, NULL},
    {{.deed = HONEST, .newest = 3, BOTH}, BOTH_URLS, NULL, NULL},
    {{.deed = HONEST, .newest = 2, BOTH}, BOTH_URLS, NULL, NULL},
    {{.deed = HONEST, .newest = 4, BOTH, .no_tcp = true}, BOTH_URLS, NULL, NULL},
    {{.deed = HONEST, .newest = 4},
     "",
     NULL,
     "has no registration of program 345678 version 2; it knows nothing"},
    {{.deed = HONEST, .newest = 3, BOTH, .other_version = 7},
     "",
     NULL,
     "of this program it knows version 7"},
    {{.deed = HONEST, .newest = 2, BOTH, .other_version = 7},
     "",
     NULL,
     "of this program it knows version 7"},
    {{.deed = HONEST, .newest = 3, .netids = {"tcp6", "local"}, .uaddrs = {"::1.8.1", "/run/x"}},
     "",
     NULL,
     "has program 345678 version 2 for tcp6, local, which 127.0.0.1 does not lead to"},
    {{.deed = HONEST, .newest = 3, .netids = {"ticlts"}, .uaddrs = {"x"}},
     "",
     NULL,
     "has program 345678 version 2 for transports that are not spoken here"},
    {{.deed = HONEST,
      .newest = 4,
      .netids = {"tcp", "udp"},
      .uaddrs = {"192.0.2.7.8.1", "127.0.0.1.8.2"}},
     "rpc+udp://127.0.0.1:2050/345678/2 ",
     "\"192.0.2.7.8.1\" for \"tcp\" is another host than 127.0.0.1; not followed",
     NULL},
    {{.deed = HONEST, .newest = 4, .netids = {"tcp"}, .uaddrs = {"127.0.0.2.8.1"}},
     "",
     NULL,
     "another host than 127.0.0.1"},
    {{.deed = HONEST, .newest = 4, .netids = {"tcp6"}, .uaddrs = {"::1.8.1"}},
     "",
     NULL,
     "another host"},
    {{.deed = HONEST, .newest = 4, .netids = {"tcp"}, .uaddrs = {"127.0.0.1.8"}},
     "",
     NULL,
     "is no address"},
    {{.deed = HONEST, .newest = 4, .netids = {"tcp"}, .uaddrs = {"127.0.0.1.0.0"}},
     "",
     NULL,
     "has no port"},
    {{.deed = HONEST,
      .newest = 4,
      .netids = {"sctp", "tcp"},
      .uaddrs = {"127.0.0.1.8.1", "127.0.0.1.8.1"}},
     "rpc+tcp://127.0.0.1:2049/345678/2 ",
     "\"sctp\": a transport that is not spoken here",
     NULL},
    {{.deed = HONEST, .newest = 4, .netids = {"tcp\n\033[31m"}, .uaddrs = {"\033[2J"}},
     "",
     NULL,
     "\\x1b"},
    {{.deed = LONG_LIST, .newest = 4, BOTH}, "", NULL, "a record may have"},
    {{.deed = MUTE, .newest = 4, BOTH}, "", NULL, "no rpcbind answers at 127.0.0.1"},
    {{.deed = CLOSES, .newest = 4, BOTH}, "", NULL, "no rpcbind answers"},
    {{.deed = WRONG_XID, .newest = 4, BOTH}, "", NULL, "xids that nobody has asked with"},
    {{.deed = ENDLESS, .newest = 4, BOTH}, "", NULL, "no rpcbind answers"},
    {{.deed = GIANT, .newest = 4, BOTH}, "", NULL, "no rpcbind answers"},
    {{.deed = GARBAGE, .newest = 4, BOTH}, "", NULL, "no rpcbind answers"},
    {{.deed = CUT_LIST, .newest = 4}, "", NULL, "gives no address of program 345678 version 2: "},
    {{.deed = DENIES, .newest = 4, BOTH}, "", NULL, "denied AUTH_ERROR AUTH_TOOWEAK"},
};

static void test_registries(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct row *row = &table[i];
        struct netpath_ask ask = {.host = "127.0.0.1",
                                  .program = PROGRAM,
                                  .version = VERSION,
                                  .patience_ms = PATIENCE_MS};
        struct problem why = {.text = ""};
        struct registry r;
        struct netpath found;
        struct buf urls;
        bool told = row->remark == NULL;

        registry_start(&r, &row->script);
        ask.port = r.port;
        int64_t from = deadline_now_us();
        bool any = netpath_find(&ask, &found, &why);
        assert_row(i, deadline_now_us() - from < (int64_t)PATIENCE_MS * 1000 * 20);
        registry_stop(&r);
        buf_init(&urls, 4096);
        for (size_t k = 0; k < found.count; k++) {
            char url[ENDPOINT_TEXT_MAX];

            endpoint_format(&found.places[k], url, sizeof(url));
            buf_printf(&urls, "%s ", url);
        }
        if (!text_eq(buf_text(&urls), row->places))
            fail_msg("row %zu: \"%s\" instead of \"%s\"; %s", i, buf_text(&urls), row->places,
                     why.text);
        assert_row(i, any == (found.count > 0));
        if (row->why)
            assert_contains(why.text, row->why);
        assert_row(i, strpbrk(why.text, "\n\033") == NULL);
        for (size_t k = 0; k < found.remark_count; k++)
            told = told || strstr(found.remarks[k], row->remark);
        assert_row(i, told);
        buf_free(&urls);
    }
}

static void test_nobody(void **state UNUSED)
{
    struct endpoint e = {.kind = ENDPOINT_TCP, .host = "127.0.0.1"};
    struct netpath_ask ask = {.host = "127.0.0.1",
                              .program = PROGRAM,
                              .version = VERSION,
                              .local = "/no/such/socket",
                              .patience_ms = PATIENCE_MS};
    struct problem why = {.text = ""};
    struct netpath found;

    ask.port = net_free_port(&e);
    assert_false(netpath_find(&ask, &found, &why));
    assert_contains(why.text, "no rpcbind answers at 127.0.0.1: ");
    assert_contains(why.text, "(TCP): Connection refused");
    ask.host = "host.invalid";
    assert_false(netpath_find(&ask, &found, &why));
    assert_contains(why.text, "host.invalid");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registries),
        cmocka_unit_test(test_nobody),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
