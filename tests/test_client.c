/* `assay client` from outside: clients that are right, wrong, naive, hostile, and other people's.
 */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "harness/base/deadline.h"
#include "tests/program.h"

enum { LIMIT_S = 300, KNOWN_MAX = 24, GROWTH_KIB = 65536 };

/* ---- clients that are what they are ---- */

/* Programs that only pass on octets know no end of a reply, and wait as long as their user does. */
struct client {
    const char *name;
    const char *url; /* %d: in a folder of its own */
    const char *options;
    const char *command;
    int least; /* checks that must have passed */
    /* Fails and warns that must show, and no others; behind a ~, one that hangs on how soon the
       client reads, and may. */
    const char *known[KNOWN_MAX];
};

static const struct client clients[] = {
    {"the reference over TCP", "tcp://127.0.0.1:0", "", "@B/assay-sender {url}", 25, {NULL}},
    {"the reference over IPv6", "tcp://[::1]:0", "", "@B/assay-sender {url}", 25, {NULL}},
    {"the reference over a path", "unix:%d/s", "", "@B/assay-sender {url}", 22, {NULL}},
    {"the reference over records", "unix-seqpacket:%d/s", "", "@B/assay-sender {url}", 13, {NULL}},
    {"the reference over UDP", "udp://127.0.0.1:0", "", "@B/assay-sendto {url}", 19, {NULL}},
    {"the reference over datagrams", "unix-dgram:%d/s", "", "@B/assay-sendto {url}", 16, {NULL}},
    {"a pipelining reference",
     "tcp://127.0.0.1:0",
     "",
     "@B/assay-sender --pipeline {url}",
     25,
     {NULL}},
    {"Python, a line at a time",
     "tcp://127.0.0.1:0",
     "--patience 4000",
     "python3 tests/foreign/line_client.py {host} {port}",
     23,
     /* It looks at its input alone while it waits for that. */
     {"client.stream.server-termination"}},
    {"Python, a connection for each line, and status 255",
     "tcp://127.0.0.1:0",
     "--patience 4000",
     "python3 tests/foreign/each_client.py {host} {port}",
     24,
     {NULL}},
    {"Python, all of its input before it connects, and much memory of its own",
     "tcp://127.0.0.1:0",
     "--patience 4000",
     "python3 tests/foreign/filter_client.py {host} {port}",
     24,
     {NULL}},
    {"Python, a datagram at a time",
     "udp://127.0.0.1:0",
     "",
     "python3 tests/foreign/ask_client.py {host} {port}",
     19,
     {NULL}},
    {"the client of a tutorial",
     "udp://127.0.0.1:0",
     "--patience 1500",
     "python3 tests/foreign/naive_client.py {host} {port}",
     2,
     {"client.dgram.loss.retry", "client.dgram.loss.twice", "client.dgram.loss.give-up",
      "client.dgram.dup.reply", "client.dgram.wrong-port-ignored",
      "client.dgram.wrong-address-ignored", "client.dgram.wrong-payload",
      "client.dgram.truncated-reply", "client.dgram.oversize-reply", "client.dgram.empty-reply",
      "client.dgram.reorder-duplicate", "client.dgram.no-stale-output",
      "client.dgram.request-exact-length", "client.dgram.refused", "client.dgram.says-why"}},
    {"socat, which passes on",
     "tcp://127.0.0.1:0",
     "--relay --patience 3000",
     "socat -t1 - TCP:{host}:{port}",
     13,
     /* It takes the reset of a connection whose end it has sent for an end; it knows no limit to
        what it cannot send. */
     {"client.stream.reset-before", "client.stream.nondraining-server"}},
    {"curl",
     "tcp://127.0.0.1:0",
     "--input none --request-end '\\r\\n\\r\\n' --shows hello "
     "--reply 'HTTP/1.0 200 OK\\r\\nContent-Length: 6\\r\\n\\r\\nhello\\n'",
     "curl -sS --max-time 2 http://{host}:{port}/",
     16,
     /* It stops at the length that it was told; and it takes an urgent octet for an error of
        poll(2), unless more has come by then. */
     {"client.stream.trailing-garbage", "~client.stream.oob"}},
};

static const char *id_of(const char *known)
{
    return known + (known[0] == '~');
}

static void judge(const struct client *k, const json_t *root, const struct program_result *r)
{
    bool shown[KNOWN_MAX] = {false};
    const json_t *check;
    int passed = 0;
    size_t i;

    json_array_foreach(json_object_get(root, "checks"), i, check)
    {
        const char *id = json_string_value(json_object_get(check, "id"));
        const char *verdict = json_string_value(json_object_get(check, "verdict"));
        size_t known = 0;

        passed += text_eq(verdict, "pass");
        if (!text_eq(verdict, "fail") && !text_eq(verdict, "warn") && !text_eq(verdict, "error"))
            continue;
        while (known < KNOWN_MAX && k->known[known] && !text_eq(id_of(k->known[known]), id))
            known++;
        if (known == KNOWN_MAX || !k->known[known])
            fail_msg("%s: %s %s: %s", k->name, id, verdict,
                     json_string_value(json_object_get(check, "reason")));
        shown[known] = true;
    }
    for (size_t n = 0; n < KNOWN_MAX && k->known[n]; n++) {
        if (!shown[n] && k->known[n][0] != '~')
            fail_msg("%s: %s did not show what is known to be wrong", k->name, k->known[n]);
    }
    if (passed < k->least)
        fail_msg("%s: only %d checks pass\n%s%s", k->name, passed, r->out, r->err);
}

static void test_clients(void **state UNUSED)
{
    char url[128];
    char path[128];

    text_format(path, sizeof(path), "%s/report.json", program_folder);
    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        const struct client *k = &clients[i];
        const char *hole = strstr(k->url, "%d");

        text_copy(url, sizeof(url), k->url);
        if (hole)
            text_format(url, sizeof(url), "%.*s%s/s", (int)(hole - k->url), k->url, program_folder);
        struct program_result r =
            program_run(LIMIT_S,
                        "@B/assay client all --listen '%s' --report text --report json=%s "
                        "--quiet %s -- '%s'",
                        url, path, k->options, k->command);
        json_t *root = json_load_file(path, 0, NULL);
        if (!root)
            fail_msg("%s: status %d, no report\n%s%s", k->name, r.status, r.out, r.err);
        judge(k, root, &r);
        json_decref(root);
        program_free(&r);
    }
}

/* ---- what the user may say wrongly ---- */

static const struct {
    const char *arguments;
    int status;
    const char *message; /* a part of standard error */
} bad_input[] = {
    {"", 2, "which client? Give its command behind --"},
    {"all --listen tcp://127.0.0.1:0", 2, "which client? Give its command behind --"},
    {"all --listen tcp://127.0.0.1:0 --", 2, "which client? Give its command behind --"},
    {"--listen tcp://127.0.0.1:0 -- true", 2, "which scenario? \"all\""},
    {"all -- true", 2, "where should the server be? --listen URL"},
    {"all --listen tcp:/x -- true", 2, "\"tcp:/x\" is no endpoint"},
    {"all --listen rpc://127.0.0.1/1/2 -- true", 2, "which transport?"},
    {"nothing --listen tcp://127.0.0.1:0 -- true", 2,
     "scenario \"client.nothing\" matches no check of clients"},
    {"stream.echo --listen tcp://127.0.0.1:0 -- true", 2, "matches no check of clients"},
    {"all --skip stream.echo --listen tcp://127.0.0.1:0 -- true", 2, "matches no check of clients"},
    {"all --listen tcp://127.0.0.1:0 -- x {path}", 2, "{path} does not go with this URL"},
    {"all --listen unix:/tmp/x -- x {port}", 2, "{port} does not go with this URL"},
    {"all --listen tcp://127.0.0.1:0 --input x -- true", 2,
     "--input \"x\": expected lines or none"},
    {"all --listen tcp://127.0.0.1:0 --input none -- x {text}", 2, "--input does not go with"},
    {"all --listen tcp://127.0.0.1:0 --reply '\\q' -- true", 2, "unknown escape at \"\\q\""},
    {"all --listen tcp://127.0.0.1:0 --reply '\\x4' -- true", 2, "unknown escape at \"\\x4\""},
    {"all --listen tcp://127.0.0.1:0 --reply '' -- true", 2, "--reply: the text is empty"},
    {"all --listen tcp://127.0.0.1:0 --reply a --shows b -- true", 2, "does not stand in --reply"},
    {"all --listen tcp://127.0.0.1:0 --spawn x -- true", 2, "unknown option --spawn"},
    {"all --listen tcp://127.0.0.1:0 -- /no/such/client {port}", 3,
     "the client could not be tried with an honest server: it cannot be started"},
    {"all --listen tcp://127.0.0.1:0 -- true", 2, "port 0 needs a command with {port} or {url}"},
};

static void test_bad_input(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(bad_input); i++) {
        struct program_result r =
            program_run(LIMIT_S, "@B/assay client %s >/dev/null", bad_input[i].arguments);

        if (r.status != bad_input[i].status || !strstr(r.err, bad_input[i].message))
            fail_msg("client %s: status %d, %s", bad_input[i].arguments, r.status, r.err);
        program_free(&r);
    }
}

static void test_other_way_round(void **state UNUSED)
{
    struct program_result r =
        program_run(LIMIT_S, "@B/assay check tcp://127.0.0.1:7 --only client.stream");

    assert_int_equal(r.status, 2);
    assert_non_null(strstr(r.err, "matches no check of servers; `assay client` tries"));
    program_free(&r);
}

/* ---- what a failure says ---- */

static void test_evidence(void **state UNUSED)
{
    struct program_result r = program_run(
        LIMIT_S, "@B/assay client stream.early-eof --listen tcp://127.0.0.1:0 --seed 7 -- "
                 "'socat -t1 - TCP:{host}:{port}'");

    assert_int_equal(r.status, 1);
    assert_non_null(strstr(r.out, "fail  robust client.stream.early-eof"));
    assert_non_null(strstr(r.out, "it connects"));
    assert_non_null(strstr(r.out, "the client exited with status 0"));
    assert_non_null(strstr(r.out,
                           "client client.stream.early-eof --listen tcp://127.0.0.1:0 --seed "
                           "7 "));
    assert_non_null(strstr(r.out, " -- 'socat -t1 - TCP:{host}:{port}'\n"));
    program_free(&r);
}

/* However long what was said of the client is, the command that repeats a check has all of it. */
static void test_long_options_are_repeated(void **state UNUSED)
{
    struct program_result r = program_run(
        LIMIT_S, "@B/assay client honest.works --listen tcp://127.0.0.1:0 --input none --reply "
                 "$(printf %%020000d 0) --shows 0 --seed 7 --patience 1500 -- 'exec false {port}'");

    assert_int_equal(r.status, 1);
    assert_non_null(
        strstr(r.out, "000 --shows 0 --seed 7 --patience 1500 -- 'exec false {port}'\n"));
    program_free(&r);
}

/* Who passes on what comes is not asked for its status, but may not pass on a stranger's words. */
static void test_relay_from_elsewhere(void **state UNUSED)
{
    static const struct {
        const char *kind;
        int status;
    } rows[] = {{"UDP", 0}, {"UDP-DATAGRAM", 1}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct program_result r = program_run(
            LIMIT_S,
            "@B/assay client dgram.wrong-port-ignored dgram.wrong-address-ignored --relay "
            "--listen udp://127.0.0.1:0 -- 'echo {text} | socat -t0.5 - %s:{host}:{port}'",
            rows[i].kind);

        if (r.status != rows[i].status)
            fail_msg("%s: status %d\n%s%s", rows[i].kind, r.status, r.out, r.err);
        program_free(&r);
    }
}

/* ---- hostile clients ---- */

static const struct {
    const char *name;
    const char *command;
} hostile[] = {
    {"writes without end", "yes"},
    {"complains without end", "yes >&2"},
    {"floods the connection", "yes | socat -u - TCP:{host}:{port}"},
    {"asks and floods", "head -n1; yes | socat - TCP:{host}:{port}"},
    {"connects without end", "while :; do socat -u OPEN:/dev/null TCP:{host}:{port}; done"},
    {"does not hear SIGTERM", "trap \"\" TERM; sleep 600 & wait; sleep 600"},
    {"leaves children", "setsid sleep 600 & sleep 600 & exec sleep 600"},
    {"kills its group", "kill -9 0"},
    {"stops its parent", "kill -STOP $PPID"},
    {"stops its parent again and again",
     "i=0; while [ $i -lt 20 ]; do kill -STOP $PPID; sleep 0.02; i=$((i + 1)); done"},
};

static bool still_runs(const char *number)
{
    struct program_result r = program_run(LIMIT_S, "pgrep -f '[s]leep %s'", number);
    bool runs = r.status == 0;

    program_free(&r);
    return runs;
}

/* A verdict, and neither hang, nor growth, nor anything left. */
static void test_hostile(void **state UNUSED)
{
    struct rusage usage;

    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        struct program_result r = program_run(
            LIMIT_S,
            "@B/assay client honest stream.silent --listen tcp://127.0.0.1:0 --patience 500 "
            "--quiet -- '%s # {port}'",
            hostile[i].command);

        if (r.status != 1)
            fail_msg("%s: status %d\n%s%s", hostile[i].name, r.status, r.out, r.err);
        program_free(&r);
    }
    getrusage(RUSAGE_CHILDREN, &usage);
    if (strcmp(program_path(""), "build/release/") == 0)
        assert_true(usage.ru_maxrss < GROWTH_KIB);
}

static void test_nothing_left(void **state UNUSED)
{
    char mark[32]; /* seconds that nobody else sleeps */

    text_format(mark, sizeof(mark), "6%lld", (long long)deadline_now_us() % 100000000);
    struct program_result r =
        program_run(LIMIT_S,
                    "@B/assay client honest --listen tcp://127.0.0.1:0 --patience 300 --quiet -- "
                    "'setsid sleep %s & sleep %s & exec sleep %s # {port}'",
                    mark, mark, mark);

    assert_int_equal(r.status, 1);
    program_free(&r);
    assert_false(still_runs(mark));
}

/* A run that cannot even begin leaves no folder either. */
static void test_no_folder_left(void **state UNUSED)
{
    struct program_result r =
        program_run(LIMIT_S,
                    "mkdir %s/t && TMPDIR=%s/t @B/assay client all --listen "
                    "tcp://nosuchhost.invalid:0 -- true {port} >&2; ls -A %s/t",
                    program_folder, program_folder, program_folder);

    assert_non_null(strstr(r.err, "does not resolve"));
    assert_string_equal(r.out, "");
    program_free(&r);
}

/* A daemon of one run of the client is gone before the next one begins. */
static void test_daemons_end_with_their_check(void **state UNUSED)
{
    char mark[32];

    text_format(mark, sizeof(mark), "7%lld", (long long)deadline_now_us() % 100000000);
    struct program_result r = program_run(
        LIMIT_S,
        "@B/assay client stream.silent stream.early-eof stream.refused --listen "
        "tcp://127.0.0.1:0 --jobs 1 --patience 500 --quiet -- "
        "'pgrep -fxc \"sleep %s\" >>%s/daemons; (setsid sleep %s &); exec @B/assay-sender {url}'",
        mark, program_folder, mark);
    char path[128];

    text_format(path, sizeof(path), "%s/daemons", program_folder);
    char *counts = program_read_file(path);
    assert_non_null(counts);
    assert_true(strlen(counts) >= 5 * strlen("0\n"));
    for (const char *at = counts; *at; at += 2)
        assert_memory_equal(at, "0\n", 2);
    free(counts);
    program_free(&r);
    assert_false(still_runs(mark));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_other_way_round),
        cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_long_options_are_repeated),
        cmocka_unit_test(test_relay_from_elsewhere),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_nothing_left),
        cmocka_unit_test(test_daemons_end_with_their_check),
        cmocka_unit_test(test_no_folder_left),
        cmocka_unit_test(test_clients),
    };

    return cmocka_run_group_tests(tests, program_open_folder, program_close_folder);
}
