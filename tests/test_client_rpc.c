/*
 * `assay client` with RPC clients from outside: that of libtirpc with what is known of it, one in
 * Python that is right, one that is naive, and some that are no clients at all.
 */
#include <string.h>

#include "tests/program.h"
#include "tests/unit.h"

enum { LIMIT_S = 200, NAMED_MAX = 8 };

#define OVER_TCP "rpc+tcp://127.0.0.1:0/345678/2"
#define OVER_UDP "rpc+udp://127.0.0.1:0/345678/2"

/* libtirpc gives the verifier of a reply back where the call has succeeded, and nowhere else: a
   sanitizer that looks for leaks finds one with every refusal that has a verifier. */
#define TIRPC_CLIENT "exec env ASAN_OPTIONS=detect_leaks=0 @B/assay-msg"

static struct program_result client(const char *scenarios, const char *url, const char *options,
                                    const char *command)
{
    return program_run(LIMIT_S, "@B/assay client %s --listen %s %s -- '%s'", scenarios, url,
                       options, command);
}

/* ---- clients that are what they are ---- */

/* Each passes, but for what is waived. */
static const struct {
    const char *scenarios, *url, *options, *command;
} sound[] = {
    {"rpc honest", OVER_TCP, "--patience 3000 --waive ci/waivers/libtirpc-client.yaml",
     TIRPC_CLIENT " --timeout 1 --at {url} lines"},
    {"rpc honest", OVER_UDP, "--patience 3000 --waive ci/waivers/libtirpc-client.yaml",
     TIRPC_CLIENT " --timeout 1 --at {url} lines"},
    {"rpc.auth-none rpc.auth-error rpc.auth-short rpc.auth-short-refused rpc.call-form "
     "rpc.sys-verifier",
     OVER_TCP, "--patience 4000", TIRPC_CLIENT " --timeout 1 --auth sys --at {url} lines"},
    {"rpc.string-length rpc.string-padding rpc.cut-results rpc.empty-fragments", OVER_TCP,
     "--patience 4000 --input none", TIRPC_CLIENT " --timeout 1 --at {url} read 5"},
    {"rpc.call-form rpc.prog-mismatch rpc.fragments", OVER_TCP, "--patience 4000",
     TIRPC_CLIENT " --timeout 1 --at {url} save {text}"},
    {"rpc.wrong-xid rpc.stale-xid rpc.msg-type rpc.verifier-length rpc.verifier-body rpc.fragments "
     "rpc.empty-fragments rpc.one-segment rpc.trickle rpc.int-range rpc.server-dies honest",
     OVER_TCP, "--patience 4000", "python3 tests/foreign/rpc_client.py {host} {port} tcp"},
    {"rpc.after-timeout rpc.wrong-xid rpc.stale-xid rpc.one-segment honest", OVER_TCP,
     "--patience 4000", "python3 tests/foreign/rpc_client.py {host} {port} tcp ahead"},
    {"rpc.wrong-xid rpc.stray-budget rpc.stale-xid rpc.duplicate-reply rpc.cut-results "
     "rpc.reply-source rpc.retransmit-xid honest",
     OVER_UDP, "", "python3 tests/foreign/rpc_client.py {host} {port} udp"},
    {"rpc.system-err rpc.rpc-mismatch rpc.fragments honest", OVER_TCP, "--input none",
     "exec rpcinfo -a {host}.$(({port}/256)).$(({port}%256)) -T tcp 345678 2"},
};

static void test_sound(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(sound); i++) {
        char options[256];

        text_format(options, sizeof(options), "--quiet --strict %s", sound[i].options);
        struct program_result r =
            client(sound[i].scenarios, sound[i].url, options, sound[i].command);
        if (r.status != 0)
            fail_msg("%s at %s: status %d\n%s%s", sound[i].command, sound[i].url, r.status, r.out,
                     r.err);
        program_free(&r);
    }
}

/* ---- clients that are naive ---- */

static const struct {
    const char *url, *command;
    const char *named[NAMED_MAX]; /* what is wrong with them, and nothing else of what is tried */
    const char *passed;           /* what is not */
} naive[] = {
    {OVER_TCP,
     "python3 tests/foreign/rpc_client.py {host} {port} tcp naive",
     {"rpc.wrong-xid", "rpc.prog-mismatch", "rpc.rpc-mismatch", "rpc.msg-type", "rpc.fragments",
      "rpc.eof-in-record"},
     "rpc.call-form rpc.auth-none rpc.int-range honest"},
    {OVER_UDP,
     "python3 tests/foreign/rpc_client.py {host} {port} udp naive",
     {"rpc.wrong-xid", "rpc.stale-xid", "rpc.system-err", "rpc.unknown-accept-stat",
      "rpc.verifier-length", "rpc.cut-header"},
     "rpc.call-form rpc.reply-source rpc.int-range honest"},
};

static void test_naive(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(naive); i++) {
        char scenarios[512];
        size_t count = 0;
        char summary[32];

        text_copy(scenarios, sizeof(scenarios), naive[i].passed);
        for (; count < NAMED_MAX && naive[i].named[count]; count++)
            text_format(scenarios + strlen(scenarios), sizeof(scenarios) - strlen(scenarios), " %s",
                        naive[i].named[count]);
        struct program_result r =
            client(scenarios, naive[i].url, "--patience 4000", naive[i].command);
        text_format(summary, sizeof(summary), "4 pass, %zu fail", count);
        if (r.status != 1 || !strstr(r.out, summary))
            fail_msg("%s: status %d\n%s%s", naive[i].command, r.status, r.out, r.err);
        program_free(&r);
    }
}

/* ---- what a failure says ---- */

static void test_evidence(void **state UNUSED)
{
    struct program_result r =
        client("rpc.prog-mismatch", OVER_TCP, "--seed 7",
               "exec @B/assay-twins-clients-rpc --fault takes-prog-mismatch {url}");

    assert_int_equal(r.status, 1);
    assert_non_null(strstr(r.out, "fail  must   client.rpc.prog-mismatch"));
    assert_non_null(strstr(r.out, "RPC-5531-9-03"));
    assert_non_null(strstr(r.out, "every call is answered by PROG_MISMATCH 3..4"));
    assert_non_null(strstr(r.out, "accepted PROG_MISMATCH 3..4"));
    assert_non_null(strstr(r.out, "client client.rpc.prog-mismatch --listen " OVER_TCP));
    program_free(&r);
}

/* ---- what are no clients ---- */

static const struct {
    const char *url, *command, *said;
} hostile[] = {
    {OVER_TCP, "printf \"\\377\\377\\377\\377\" | socat -t5 - TCP:{host}:{port}",
     "a record that a call can have"},
    {OVER_TCP, "socat -u OPEN:/dev/zero TCP:{host}:{port}", "a record that a call can have"},
    {OVER_TCP, "yes | socat -u - TCP:{host}:{port}", "a record that a call can have"},
    {OVER_TCP, "printf \"\\200\\0\\0\\004abcd\" | socat -t5 - TCP:{host}:{port}", "a call message"},
    {OVER_UDP, "printf abc | socat -t5 - UDP:{host}:{port}", "a call message"},
    {OVER_UDP, "yes | head -c 300000 | socat -u -b 100 - UDP:{host}:{port}", "a call message"},
};

/* Each is told in one finding that it is no client. */
static void test_hostile(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        struct program_result r =
            client("honest rpc.silent", hostile[i].url, "--patience 1000", hostile[i].command);

        if (r.status != 1 || !strstr(r.out, "1 fail") || !strstr(r.out, hostile[i].said))
            fail_msg("%s: status %d\n%s%s", hostile[i].command, r.status, r.out, r.err);
        program_free(&r);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),
        cmocka_unit_test(test_naive),
        cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_hostile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
