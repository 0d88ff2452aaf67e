/*
 * Servers that nobody here wrote: each must be accused of exactly what is known to be wrong with
 * it. Where a deviation is a race of the target's own, it may show or not.
 *
 *   test_foreign [I/N]      every N-th target from the I-th on
 *   test_foreign PATTERN    those whose names match
 */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/program.h"

enum { LIMIT_S = 400, KNOWN_MAX = 24 };

struct target {
    const char *name;
    const char *url; /* %d: in a folder of its own */
    const char *speak;
    const char *spawn;
    const char *options;
    bool registers;                  /* with rpcbind: it runs in namespaces of its own */
    int least;                       /* checks that must have passed */
    const char *known[KNOWN_MAX];    /* fails and warns that must show */
    const char *at_times[KNOWN_MAX]; /* ... and those that may */
    const char *race; /* part of a reason that comes of a race in the target itself */
};

/* RPC is tried over RPC alone: what it does to sockets is that of its other users. */
#define RPC_OPTIONS "--only rpc --only msgprog --patience 1500"

/* All of Sun's root refuse another rpcvers while decoding, and decode over the whole buffer of a
   datagram socket, so that old octets complete a call that is cut. A text ends at its first NUL. */
#define SUN_UDP                                                                                    \
    "rpc.reply.rpc-mismatch", "rpc.auth.length-lies", "rpc.msg.header-vs-args",                    \
        "rpc.udp.no-stale-header", "rpc.udp.no-stale-args", "rpc.udp.no-stale-number",             \
        "msgprog.text.embedded-nul", "msgprog.savemsg.cut-args", "msgprog.savemsg.length-lies",    \
        "msgprog.savemsg.nothing-from-wrong", "msgprog.readmsg.cut-args"

/* Over TCP they have one thread, wait in read() and write(), and dispatch before the record ends.
 */
#define SUN_TCP                                                                                    \
    "rpc.reply.rpc-mismatch", "rpc.rm.no-early-dispatch", "rpc.rm.header-larger-than-sent",        \
        "rpc.rm.huge-header", "rpc.tcp.slow-sender-isolation", "rpc.tcp.slow-reader-isolation",    \
        "msgprog.text.embedded-nul"

/* Another branch of the same root, in nfs-ganesha. */
#define NTIRPC                                                                                     \
    "rpc.reply.rpc-mismatch", "rpc.auth.sys-reply-verf", "rpc.gss.init-ignores-service",           \
        "rpc.gss.bad-version", "rpc.gss.v3-probe", "rpc.gss.unknown-handle"

static const struct target targets[] = {
    {
        .name = "asyncio over TCP",
        .url = "tcp://127.0.0.1:0",
        .spawn = "exec python3 tests/foreign/asyncio_tcp.py {port}",
        .least = 70,
    },
    {
        .name = "asyncio over UDP",
        .url = "udp://127.0.0.1:0",
        .spawn = "exec python3 tests/foreign/asyncio_udp.py {port}",
        .least = 28,
        /* Its transport does not send an empty datagram. */
        .known = {"datagram.size.zero"},
    },
    {
        .name = "one client at a time",
        .url = "tcp://127.0.0.1:0",
        .spawn = "exec python3 tests/foreign/serial_tcp.py {port}",
        .least = 60,
    },
    {
        .name = "socat, a process per connection",
        .url = "tcp://127.0.0.1:0",
        .spawn = "exec socat TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr,backlog=128 EXEC:cat",
        .least = 70,
    },
    {
        .name = "socat on a Unix socket",
        .url = "unix:%d",
        .spawn = "exec socat UNIX-LISTEN:{path},fork,backlog=128 EXEC:cat",
        .least = 65,
    },
    {
        .name = "socat, a process per datagram",
        .url = "udp://127.0.0.1:0",
        .spawn = "exec socat UDP-RECVFROM:{port},bind=127.0.0.1,fork EXEC:cat",
        .options = "--skip datagram.size.zero --skip datagram.size.zero-survival "
                   "--skip datagram.leak --skip datagram.conc.no-crosstalk",
        .least = 20,
        /* Its buffer holds 8192 octets. Once in some thousand datagrams the parent misses the end
           of a child and waits for ever. */
        .known = {"datagram.size.max-65507"},
        .race = "no longer serves",
    },
    {
        .name = "socat and the empty datagram",
        .url = "udp://127.0.0.1:0",
        .spawn = "exec socat UDP-RECVFROM:{port},bind=127.0.0.1,fork EXEC:cat",
        .options = "--only datagram.size.zero-survival --patience 1500",
        /* It takes one for the end and is deaf from then on. */
        .known = {"datagram.size.zero-survival"},
    },
    {
        .name = "ncat",
        .url = "tcp://127.0.0.1:0",
        .spawn = "exec ncat -l 127.0.0.1 {port} -k --exec /bin/cat",
        .options =
            "--only stream.echo --only stream.octets --only stream.shutdown.half-close-drains "
            "--only stream.shutdown.pipelined-then-half-close --only stream.reset "
            "--patience 3000",
        .least = 14,
        /* It ends the conversation at FIN, with the replies still on their way. */
        .known = {"stream.shutdown.half-close-drains", "stream.shutdown.pipelined-then-half-close"},
    },
    {
        .name = "xinetd's echo over TCP",
        .url = "tcp://127.0.0.1:0",
        .spawn = "exec tests/foreign/xinetd echo stream {port}",
        .least = 65,
    },
    {
        .name = "xinetd's echo over UDP",
        .url = "udp://127.0.0.1:0",
        .spawn = "exec tests/foreign/xinetd echo dgram {port}",
        .least = 24,
        /* Its buffer holds 2048 octets, and behind each reply it throws away what is queued, which
           may be nothing. */
        .known = {"datagram.size.max-65507"},
        .at_times = {"datagram.burst.all-answered", "datagram.src.port-zero",
                     "datagram.echo.keeps-answering", "datagram.icmp.unreachable-survival",
                     "datagram.icmp.vanished-clients", "datagram.loss.request"},
    },
    {
        .name = "xinetd's discard over TCP",
        .url = "tcp://127.0.0.1:0",
        .speak = "discard",
        .spawn = "exec tests/foreign/xinetd discard stream {port}",
        .least = 8,
    },
    {
        .name = "xinetd's discard over UDP",
        .url = "udp://127.0.0.1:0",
        .speak = "discard",
        .spawn = "exec tests/foreign/xinetd discard dgram {port}",
        .least = 1,
    },
    {
        .name = "xinetd's daytime over TCP",
        .url = "tcp://127.0.0.1:0",
        .speak = "daytime",
        .spawn = "exec tests/foreign/xinetd daytime stream {port}",
        .least = 10,
    },
    {
        .name = "xinetd's chargen over TCP",
        .url = "tcp://127.0.0.1:0",
        .speak = "chargen",
        .spawn = "exec tests/foreign/xinetd chargen stream {port}",
        .least = 5,
    },
    {
        .name = "xinetd's chargen over UDP",
        .url = "udp://127.0.0.1:0",
        .speak = "chargen",
        .spawn = "exec tests/foreign/xinetd chargen dgram {port}",
        .least = 5,
        /* 1000 octets where RFC 864 allows 512; and it throws away what is queued, as its echo. */
        .known = {"datagram.chargen.bounds"},
        .at_times = {"datagram.src.port-zero", "datagram.echo.keeps-answering",
                     "datagram.burst.all-answered", "datagram.icmp.unreachable-survival",
                     "datagram.icmp.vanished-clients", "datagram.amp.ratio",
                     "datagram.loss.request"},
    },
    {
        .name = "redis-server",
        .url = "tcp://127.0.0.1:0",
        .speak = "exchanges/redis-ping.exchange",
        .spawn = "exec redis-server --bind 127.0.0.1 --port {port} --save '' --appendonly no",
        .least = 55,
        /* Replies to a client that does not read are kept without limit; out of descriptors it
           runs hot. */
        .known = {"stream.flow.bounded-memory", "stream.conc.emfile-no-spin"},
    },
    {
        .name = "memcached",
        .url = "tcp://127.0.0.1:0",
        .speak = "exchanges/memcached-version.exchange",
        .spawn = "exec memcached -u nobody -l 127.0.0.1 -p {port} -U 0",
        .least = 55,
    },
    {
        .name = "nginx",
        .url = "tcp://127.0.0.1:0",
        .speak = "exchanges/http-get.exchange",
        .spawn = "exec tests/foreign/nginx {port}",
        .least = 40,
    },
    {
        .name = "echo that cannot have its port back",
        .url = "tcp://127.0.0.1:0",
        .spawn = "exec python3 tests/foreign/fragile_tcp.py {port}",
        .options = "--only stream.reset --only stream.octets --patience 3000",
        .least = 4, /* those of octets; the one that breaks at times is the fifth */
        /* Each reset is its end, and it is started again at another port. */
        .known = {"stream.reset.mid-request", "stream.reset.after-request",
                  "stream.reset.before-accept", "stream.reset.rude-abort-survival",
                  "stream.reset.sigpipe-survival", "stream.reset.isolated"},
        /* A write that meets no reset yet goes well: then it lives. */
        .at_times = {"stream.reset.peer-gone-before-reply"},
    },
    {
        .name = "a server that runs once",
        .url = "tcp://127.0.0.1:0",
        .spawn = "exec flock -n -F tests/foreign/asyncio_tcp.py "
                 "python3 tests/foreign/asyncio_tcp.py {port}",
        .options = "--only stream.restart --only stream.octets",
        .least = 3,
    },
    {
        .name = "the C library's old RPC over TCP",
        .url = "rpc+tcp://127.0.0.1:0/345678/2",
        .speak = "rpc",
        .spawn = "exec python3 tests/foreign/sunrpc.py glibc tcp {port}",
        .options = RPC_OPTIONS,
        .least = 110,
        .known = {SUN_TCP, "rpc.auth.sys-reply-verf", "rpc.rm.zero-length-fragment"},
    },
    {
        .name = "the C library's old RPC, side by side",
        .url = "rpc+tcp://127.0.0.1:0/345678/2",
        .speak = "rpc",
        .spawn = "exec python3 tests/foreign/sunrpc.py glibc tcp {port}",
        .options = "--only stream.conc.slow-* --only stream.conc.si* --only stream.oob "
                   "--only stream.eof --jobs 4 --patience 1500",
        .least = 8,
        /* Who waits because of these two is no flip. */
        .known = {"stream.conc.slow-reader-isolated", "stream.conc.slow-writer-isolated"},
    },
    {
        .name = "the C library's old RPC over UDP",
        .url = "rpc+udp://127.0.0.1:0/345678/2",
        .speak = "rpc",
        .spawn = "exec python3 tests/foreign/sunrpc.py glibc udp {port}",
        .options = RPC_OPTIONS,
        .least = 90,
        .known = {SUN_UDP, "rpc.auth.sys-reply-verf"},
    },
    {
        .name = "Kerberos' RPC over TCP",
        .url = "rpc+tcp://127.0.0.1:0/345678/2",
        .speak = "rpc",
        .spawn = "exec python3 tests/foreign/sunrpc.py gssrpc tcp {port}",
        .options = RPC_OPTIONS,
        .least = 110,
        /* Over a stream it reads no int that has the highest bit set, numbers and flavors; in
           records that are no call it waits for more, which holds up all others. */
        .known = {SUN_TCP, "rpc.auth.reject-has-reason", "rpc.auth.verf-reasons",
                  "rpc.gss.init-ignores-service", "rpc.rm.http", "rpc.rm.endless-fragments",
                  "rpc.rm.huge-header-memory", "msgprog.readmsg.unknown"},
        /* On a loaded machine it was seen to wait for the rest, once. */
        .at_times = {"rpc.rm.header-larger-than-sent"},
    },
    {
        .name = "Kerberos' RPC over UDP",
        .url = "rpc+udp://127.0.0.1:0/345678/2",
        .speak = "rpc",
        .spawn = "exec python3 tests/foreign/sunrpc.py gssrpc udp {port}",
        .options = RPC_OPTIONS,
        .least = 90,
        .known = {SUN_UDP, "rpc.gss.init-ignores-service"},
    },
    {
        .name = "nfs-ganesha, NFS over TCP",
        .url = "rpc+tcp://127.0.0.1:0/100003/3",
        .speak = "rpc",
        .spawn = "exec tests/foreign/rpcd ganesha-nfs {port}",
        .options = RPC_OPTIONS,
        .registers = true,
        .least = 75,
        /* Fragments must end at words, and none may be empty. RPCSEC_GSS with no handle kills it.
           It forgets the replies that a worker has not sent when the end of the client comes. */
        .known = {NTIRPC, "rpc.rm.fragments", "rpc.rm.two-cuts", "rpc.rm.zero-length-fragment",
                  "rpc.rm.zero-length-last"},
        .at_times = {"rpc.tcp.half-close-replies"},
    },
    {
        .name = "nfs-ganesha, MOUNT over UDP",
        .url = "rpc+udp://127.0.0.1:0/100005/3",
        .speak = "rpc",
        .spawn = "exec tests/foreign/rpcd ganesha-mount {port}",
        .options = RPC_OPTIONS,
        .registers = true,
        .least = 70,
        /* What is cut off a datagram is zero. */
        .known = {NTIRPC, "rpc.auth.length-lies", "rpc.msg.header-vs-args",
                  "rpc.reply.garbage-args", "rpc.bcast.silent-on-error"},
    },
    {
        .name = "rpc.mountd, which listens twice",
        .url = "rpc+tcp://127.0.0.1:0/100005/3",
        .speak = "rpc",
        .spawn = "exec tests/foreign/rpcd mountd {port}",
        .options = "--only stream.restart",
        .registers = true,
        .least = 3,
    },
    {
        .name = "rpc.rquotad, which wants names",
        .url = "rpc+udp://127.0.0.1:0/100011/2",
        .speak = "rpc",
        .spawn = "exec tests/foreign/rpcd rquotad {port}",
        .options = RPC_OPTIONS,
        .registers = true,
        .least = 60,
        /* As ci/waivers/libtirpc.yaml says. */
        .known = {"rpc.reply.rpc-mismatch", "rpc.auth.sys-reply-verf", "rpc.auth.length-lies",
                  "rpc.msg.header-vs-args", "rpc.udp.no-stale-header",
                  "rpc.gss.init-ignores-service", "rpc.gss.bad-version", "rpc.gss.v3-probe",
                  "rpc.gss.bad-cred", "rpc.bcast.silent-on-error"},
    },
    {
        .name = "ypserv, which runs once",
        .url = "rpc+udp://127.0.0.1:0/100004/2",
        .speak = "rpc",
        .spawn = "exec tests/foreign/rpcd ypserv {port}",
        .options = "--only datagram --patience 1500",
        .registers = true,
        .least = 15,
    },
    {
        .name = "an RPC program, one client at a time",
        .url = "rpc+tcp://127.0.0.1:0/345678/2",
        .speak = "rpc",
        .spawn = "exec python3 tests/foreign/rpc_message.py {port} one",
        .options = RPC_OPTIONS,
        .least = 110,
    },
    {
        .name = "an RPC program, a thread for each call",
        .url = "rpc+tcp://127.0.0.1:0/345678/2",
        .speak = "rpc",
        .spawn = "exec python3 tests/foreign/rpc_message.py {port} each",
        .options = RPC_OPTIONS,
        .least = 110,
    },
    {
        .name = "an RPC program that wants AUTH_SYS",
        .url = "rpc+tcp://127.0.0.1:0/345678/2",
        .speak = "rpc",
        .spawn = "exec python3 tests/foreign/rpc_message.py {port} sys",
        .options = RPC_OPTIONS,
        .least = 110,
    },
    {
        .name = "an RPC program that takes any credential, and short records",
        .url = "rpc+tcp://127.0.0.1:0/345678/2",
        .speak = "rpc",
        .spawn = "exec python3 tests/foreign/rpc_message.py {port} any small",
        .options = RPC_OPTIONS,
        .least = 100,
    },
    {
        .name = "xinetd's discard over UDP, which starts late",
        .url = "udp://127.0.0.1:0",
        .speak = "discard",
        .spawn = "sleep 1; exec tests/foreign/xinetd discard dgram {port}",
        .least = 1,
    },
};

static bool is_among(const char *id, const char *const *list)
{
    for (size_t i = 0; i < KNOWN_MAX && list[i]; i++) {
        if (text_eq(id, list[i]))
            return true;
    }
    return false;
}

/* Every accusation is a known one, and every known one is made. */
static void judge(const struct target *t, json_t *root, const struct program_result *r)
{
    unsigned seen[KNOWN_MAX] = {0};
    int passed = 0;
    size_t i;
    json_t *check;

    json_array_foreach(json_object_get(root, "checks"), i, check)
    {
        const char *id = json_string_value(json_object_get(check, "id"));
        const char *verdict = json_string_value(json_object_get(check, "verdict"));

        passed += text_eq(verdict, "pass");
        if (!text_eq(verdict, "fail") && !text_eq(verdict, "warn") && !text_eq(verdict, "error"))
            continue;
        for (size_t k = 0; k < KNOWN_MAX && t->known[k]; k++)
            seen[k] += text_eq(id, t->known[k]);
        if (t->race && strstr(json_string_value(json_object_get(check, "reason")), t->race))
            continue;
        if (!is_among(id, t->known) && !is_among(id, t->at_times))
            fail_msg("%s: %s %s: %s", t->name, id, verdict,
                     json_string_value(json_object_get(check, "reason")));
    }
    for (size_t k = 0; k < KNOWN_MAX && t->known[k]; k++) {
        if (!seen[k] && !is_among(t->known[k], t->at_times))
            fail_msg("%s: %s did not show what is known to be wrong\n%s%s", t->name, t->known[k],
                     r->out, r->err);
    }
    if (passed < t->least)
        fail_msg("%s: only %d checks passed\n%s%s", t->name, passed, r->out, r->err);
}

static void try_target(const struct target *t)
{
    char folder[64];
    char path[128];
    char url[128];
    const char *hole = strstr(t->url, "%d");

    program_make_folder(folder, sizeof(folder));
    text_format(path, sizeof(path), "%s/report.json", folder);
    text_copy(url, sizeof(url), t->url);
    if (hole)
        text_format(url, sizeof(url), "unix:%s/socket", folder);
    /* In namespaces the whole command is one word in single quotes. */
    struct program_result r = program_run(
        LIMIT_S,
        "%s@B/assay check \"%s\" --speak \"%s\" %s --quiet --report text --report json=%s "
        "--spawn \"%s\"%s",
        t->registers ? "tests/with-rpcbind '" : "", url, t->speak ? t->speak : "echo",
        t->options ? t->options : "", path, t->spawn, t->registers ? "'" : "");
    json_t *root = json_load_file(path, 0, NULL);
    if (!root)
        fail_msg("%s: status %d, no report\n%s%s", t->name, r.status, r.out, r.err);
    judge(t, root, &r);
    json_decref(root);
    program_free(&r);
    program_remove_folder(folder);
}

/* What tests/with-rpcbind needs of the machine. */
static bool has_namespaces(void)
{
    struct program_result r = program_run(
        LIMIT_S, "unshare $([ $(id -u) = 0 ] || echo -r) -n -m -p -f --mount-proc true");
    bool ok = r.status == 0;

    if (!ok)
        print_message("skipped: no namespaces of its own for rpcbind: %s", r.err);
    program_free(&r);
    return ok;
}

static void test_target(void **state)
{
    const struct target *t = *state;

    if (t->registers && !has_namespaces())
        skip();
    try_target(t);
}
int main(int argc, char **argv)
{
    struct CMUnitTest tests[ARRAY_LEN(targets)];
    const char *slash = argc > 1 ? strchr(argv[1], '/') : NULL;
    const char *pattern = argc > 1 && !slash ? argv[1] : "*";
    uint64_t part = slash ? (uint64_t)(argv[1][0] - '0') : 1;
    uint64_t parts = 1;
    size_t count = 0;

    if (slash && !text_number(slash + 1, part, 9, &parts))
        return 2;
    for (size_t i = (size_t)part - 1; i < ARRAY_LEN(targets); i += (size_t)parts) {
        /* cmocka hands the state out as it is; the tests only read it. */
        union {
            const void *in;
            void *out;
        } state = {.in = &targets[i]};

        if (!text_glob(pattern, targets[i].name))
            continue;
        tests[count++] = (struct CMUnitTest){
            .name = targets[i].name, .test_func = test_target, .initial_state = state.out};
    }
    return _cmocka_run_group_tests("foreign", tests, count, NULL, NULL);
}
