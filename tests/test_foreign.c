/*
 * Servers that nobody here wrote: each must be accused of exactly what is known to be wrong with
 * it. Where a deviation is a race of the target's own, it may show or not.
 *
 *   test_foreign [I/N]      every N-th target from the I-th on
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

enum { LIMIT_S = 400, KNOWN_MAX = 12 };

#define ONLY_RPC "--only rpc --only msgprog"

struct target {
    const char *name;
    const char *url; /* %d: in a folder of its own */
    const char *speak;
    const char *spawn;
    const char *options;
    int least;                       /* checks that must have passed */
    const char *known[KNOWN_MAX];    /* fails and warns that must show */
    const char *at_times[KNOWN_MAX]; /* ... and those that may */
    const char *race; /* part of a reason that comes of a race in the target itself */
};

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
        /* Its buffer holds 2048 octets, and behind each reply it throws away what is queued. */
        .known = {"datagram.size.max-65507", "datagram.burst.all-answered"},
        .at_times = {"datagram.echo.keeps-answering"},
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
        /* 1000 octets where RFC 864 allows 512. */
        .known = {"datagram.chargen.bounds"},
        .at_times = {"datagram.echo.keeps-answering", "datagram.burst.all-answered",
                     "datagram.amp.ratio"},
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
        .name = "an RPC program, one client at a time",
        .url = "rpc+tcp://127.0.0.1:0/345678/2",
        .speak = "rpc",
        .spawn = "exec python3 tests/foreign/rpc_message.py {port} one",
        .options = ONLY_RPC,
        .least = 110,
    },
    {
        .name = "an RPC program that wants AUTH_SYS",
        .url = "rpc+tcp://127.0.0.1:0/345678/2",
        .speak = "rpc",
        .spawn = "exec python3 tests/foreign/rpc_message.py {port} sys",
        .options = ONLY_RPC,
        .least = 110,
    },
    {
        .name = "an RPC program that takes any credential, and short records",
        .url = "rpc+tcp://127.0.0.1:0/345678/2",
        .speak = "rpc",
        .spawn = "exec python3 tests/foreign/rpc_message.py {port} any small",
        .options = ONLY_RPC,
        .least = 100,
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
        if (t->race && strstr(json_string_value(json_object_get(check, "reason")), t->race))
            continue;
        if (!is_among(id, t->known) && !is_among(id, t->at_times))
            fail_msg("%s: %s %s: %s", t->name, id, verdict,
                     json_string_value(json_object_get(check, "reason")));
        for (size_t k = 0; k < KNOWN_MAX && t->known[k]; k++)
            seen[k] += text_eq(id, t->known[k]);
    }
    for (size_t k = 0; k < KNOWN_MAX && t->known[k]; k++) {
        if (!seen[k])
            fail_msg("%s: %s did not show what is known to be wrong", t->name, t->known[k]);
    }
    if (passed < t->least)
        fail_msg("%s: only %d checks passed\n%s%s", t->name, passed, r->out, r->err);
}

static void test_target(void **state)
{
    const struct target *t = *state;
    char folder[64];
    char path[128];
    char url[128];
    const char *hole = strstr(t->url, "%d");

    program_make_folder(folder, sizeof(folder));
    text_format(path, sizeof(path), "%s/report.json", folder);
    text_copy(url, sizeof(url), t->url);
    if (hole)
        text_format(url, sizeof(url), "unix:%s/socket", folder);
    struct program_result r = program_run(
        LIMIT_S,
        "@B/assay check '%s' --speak '%s' %s --quiet --report text --report json=%s "
        "--spawn \"%s\"",
        url, t->speak ? t->speak : "echo", t->options ? t->options : "", path, t->spawn);
    json_t *root = json_load_file(path, 0, NULL);
    if (!root)
        fail_msg("%s: status %d, no report\n%s%s", t->name, r.status, r.out, r.err);
    judge(t, root, &r);
    json_decref(root);
    program_free(&r);
    program_remove_folder(folder);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[ARRAY_LEN(targets)];
    const char *slash = argc > 1 ? strchr(argv[1], '/') : NULL;
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

        tests[count++] = (struct CMUnitTest){
            .name = targets[i].name, .test_func = test_target, .initial_state = state.out};
    }
    return _cmocka_run_group_tests("foreign", tests, count, NULL, NULL);
}
