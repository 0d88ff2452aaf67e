/* MSGPROG from outside: both servers, the client, the data file, the registration. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/base/deadline.h"
#include "tests/msgprog.h"

enum { LIMIT_S = 60 };

static const char *const servers[] = {"", "--own"};
/* Runs the client, and expects this status, standard output, and a part of standard error. */
static void client(const char *url, const char *arguments, int status, const char *out,
                   const char *part_of_err)
{
    struct program_result r = program_run(LIMIT_S, "@B/assay-msg --at %s %s", url, arguments);

    if (r.status != status || !text_eq(r.out, out) ||
        (part_of_err ? !strstr(r.err, part_of_err) : r.err[0] != '\0'))
        fail_msg("assay-msg --at %s %s: status %d, said \"%s\", complained \"%s\"", url, arguments,
                 r.status, r.out, r.err);
    program_free(&r);
}

static void assert_repeats(const char *url)
{
    struct program_result r = program_run(LIMIT_S, "@B/assay-msg --at %s repeat 20", url);
    char *end;

    assert_int_equal(r.status, 0);
    assert_true(strtod(r.out, &end) > 0);
    assert_string_equal(end, " calls/s\n");
    program_free(&r);
}

/* ---- save and read ---- */

static void test_save_and_read(void **state)
{
    (void)state;
    for (size_t s = 0; s < ARRAY_LEN(servers); s++) {
        struct msgprog m;

        msgprog_start(&m, program_folder, servers[s]);
        for (unsigned over = 0; over < OVER_COUNT; over++) {
            char number[16];
            char ask[32];

            client(m.urls[over], "null", 0, "", NULL);
            assert_repeats(m.urls[over]);
            text_format(number, sizeof(number), "%u\n", 2 * over + 1);
            client(m.urls[over], "save 'a text: %s\\n/../x'", 0, number, NULL);
            text_format(number, sizeof(number), "%u\n", 2 * over + 2);
            client(m.urls[over], "save ''", 0, number, NULL);
            text_format(ask, sizeof(ask), "read %u", 2 * over + 1);
            client(m.urls[(over + 1) % OVER_COUNT], ask, 0, "a text: %s\\n/../x\n", NULL);
            client(m.urls[over], "read -1", 0, "\n", NULL);
            client(m.urls[over], "read 4711", 0, "\n", NULL);
        }
        msgprog_stop(&m);
    }
}

static void test_limits(void **state)
{
    (void)state;
    for (size_t s = 0; s < ARRAY_LEN(servers); s++) {
        struct msgprog m;
        char options[64];

        text_format(options, sizeof(options), "%s --max-message 4 --max-count 2", servers[s]);
        msgprog_start(&m, program_folder, options);
        client(m.urls[OVER_TCP], "save 12345", 1, "0\n", "has not stored");
        client(m.urls[OVER_TCP], "save 1234", 0, "1\n", NULL);
        client(m.urls[OVER_UDP], "save x", 0, "2\n", NULL);
        client(m.urls[OVER_UNIX], "save y", 1, "0\n", "has not stored");
        client(m.urls[OVER_UNIX], "read 2", 0, "x\n", NULL);
        process_read(&m.process);
        assert_non_null(strstr(m.process.complained.text, "at most 4 are stored"));
        msgprog_stop(&m);
    }
}

/* ---- the ten steps ---- */

/* The trace in the form of a golden file: the xid, the port, and the time differ each time. */
static const char trace_udp[] =
    "1. the client calls its stub: savemsg_2(\"hello\")\n"
    "2. the stub marshals the argument into a call message\n"
    "3. the kernel sends the call message to #: 52 octets\n"
    "      0  #                xid              #\n"
    "      4  00 00 00 00                msg_type         CALL (0)\n"
    "      8  00 00 00 02                rpcvers          2\n"
    "     12  00 05 46 4e                prog             345678\n"
    "     16  00 00 00 02                vers             2\n"
    "     20  00 00 00 01                proc             SAVEMSG (1)\n"
    "     24  00 00 00 00                cred flavor      AUTH_NONE (0)\n"
    "     28  00 00 00 00                length           0\n"
    "     32  00 00 00 00                verf flavor      AUTH_NONE (0)\n"
    "     36  00 00 00 00                length           0\n"
    "     40  00 00 00 05                length           5\n"
    "     44  68 65 6c 6c 6f 00 00 00    argument: text   \"hello\", 3 of padding\n"
    "4. the server's kernel hands the message to the server's stub\n"
    "5. the server's stub unmarshals the argument and calls SAVEMSG\n"
    "6. SAVEMSG does its work and returns to the server's stub\n"
    "7. the server's stub marshals the result into a reply message\n"
    "8. the server's kernel sends the reply message\n"
    "9. the kernel receives the reply message: 28 octets, # us later\n"
    "      0  #                xid              #\n"
    "      4  00 00 00 01                msg_type         REPLY (1)\n"
    "      8  00 00 00 00                reply_stat       MSG_ACCEPTED (0)\n"
    "     12  00 00 00 00                verf flavor      AUTH_NONE (0)\n"
    "     16  00 00 00 00                length           0\n"
    "     20  00 00 00 00                accept_stat      SUCCESS (0)\n"
    "     24  00 00 00 01                result: int      1\n"
    "10. the stub unmarshals the result and returns it: 1\n";

/* Equal line by line, where # stands for any text within the line. */
static void must_match(const char *text, const char *golden)
{
    while (*golden) {
        char wanted[160];
        char got[160];
        size_t wanted_len = strcspn(golden, "\n");
        size_t got_len = strcspn(text, "\n");

        text_format(wanted, sizeof(wanted), "%.*s", (int)wanted_len, golden);
        text_format(got, sizeof(got), "%.*s", (int)got_len, text);
        for (char *at = strchr(wanted, '#'); at; at = strchr(at, '#'))
            *at = '*';
        if (!text_glob(wanted, got))
            fail_msg("the trace says \"%s\", expected \"%s\"", got, wanted);
        golden += wanted_len + 1;
        text += got_len + (text[got_len] == '\n');
    }
    assert_string_equal(text, "");
}

static void test_trace(void **state)
{
    (void)state;
    for (size_t s = 0; s < ARRAY_LEN(servers); s++) {
        struct msgprog m;

        msgprog_start(&m, program_folder, servers[s]);
        struct program_result r =
            program_run(LIMIT_S, "@B/assay-msg --trace --at %s save hello", m.urls[OVER_UDP]);
        assert_int_equal(r.status, 0);
        assert_string_equal(r.out, "1\n");
        must_match(r.err, trace_udp);
        program_free(&r);
        for (unsigned over = 0; over < OVER_COUNT; over += 2) {
            client(m.urls[over], "--trace read 1", 0, "hello\n",
                   "80 00 00 2c                record mark      the last fragment of 44 octets\n");
            client(m.urls[over], "--trace read 1", 0, "hello\n",
                   "  68 65 6c 6c 6f 00 00 00    result: text     \"hello\", 3 of padding\n");
        }
        msgprog_stop(&m);
    }
}

/* Errors are decoded too, and nobody there is told as such. */
static void test_trace_of_failure(void **state)
{
    char text[16384];
    struct msgprog m;

    (void)state;
    client("rpc+tcp://127.0.0.1:1", "--trace null", 1, "", "127.0.0.1:1: Connection refused");
    client("rpc+udp://127.0.0.1:1", "--timeout 1 null", 1, "", "RPC:");
    client("rpc+udp://127.0.0.1:1", "--timeout 1 --trace null", 1, "", "9. no reply message comes");
    msgprog_start(&m, program_folder, "--own --max-message 60000");
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    memmove(text, "save ", strlen("save "));
    text[strlen("save ") + 9001] = '\0';
    client(m.urls[OVER_TCP], text, 1, "", "encode arguments"); /* libtirpc's limit */
    text[strlen("save ") + 9000] = '\0';
    client(m.urls[OVER_TCP], text, 0, "1\n", NULL);
    msgprog_stop(&m);
}

/* ---- the data file ---- */

static void test_durable(void **state)
{
    (void)state;
    for (size_t s = 0; s < ARRAY_LEN(servers); s++) {
        char options[128];
        struct msgprog m;

        text_format(options, sizeof(options), "%s --data %s/messages%zu", servers[s],
                    program_folder, s);
        msgprog_start(&m, program_folder, options);
        client(m.urls[OVER_TCP], "save one", 0, "1\n", NULL);
        msgprog_stop(&m);
        for (unsigned round = 2; round <= 6; round++) {
            char number[16];
            char ask[32];

            /* Killed right behind the answer; the socket file that stays is replaced. */
            msgprog_start(&m, program_folder, options);
            text_format(number, sizeof(number), "%u\n", round);
            text_format(ask, sizeof(ask), "save number%u", round);
            client(m.urls[round % OVER_COUNT], ask, 0, number, NULL);
            kill(m.process.pid, SIGKILL);
            process_stop(&m.process, 0);
        }
        msgprog_start(&m, program_folder, options);
        client(m.urls[OVER_TCP], "read 1", 0, "one\n", NULL);
        client(m.urls[OVER_UDP], "read 6", 0, "number6\n", NULL);
        client(m.urls[OVER_UDP], "save seven", 0, "7\n", NULL);
        msgprog_stop(&m);
    }
}

/* One server's file is read by the other. */
static void test_one_file_for_both(void **state)
{
    char options[2][128];
    struct msgprog m;

    (void)state;
    for (size_t s = 0; s < ARRAY_LEN(servers); s++)
        text_format(options[s], sizeof(options[s]), "%s --data %s/messages", servers[s],
                    program_folder);
    msgprog_start(&m, program_folder, options[0]);
    client(m.urls[OVER_TCP], "save shared", 0, "1\n", NULL);
    struct program_result r = program_run(
        LIMIT_S, "@B/assay serve msgprog --listen rpc+tcp://127.0.0.1:0 %s", options[1]);
    assert_int_equal(r.status, 1);
    assert_non_null(strstr(r.err, "another server uses it"));
    program_free(&r);
    msgprog_stop(&m);
    msgprog_start(&m, program_folder, options[1]);
    client(m.urls[OVER_UNIX], "read 1", 0, "shared\n", NULL);
    msgprog_stop(&m);
}

static unsigned lines_of(const char *text)
{
    unsigned lines = 0;

    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

/* One clear line and the right status; both servers say the same. */
static void test_bad_input(void **state)
{
    static const struct {
        const char *arguments;
        int status;
        const char *message;
    } cases[] = {
        {"", 2, "where to listen?"},
        {"--listen", 2, "--listen needs a value"},
        {"--listen http://x", 2, "no endpoint"},
        {"--listen unix-dgram:/tmp/x", 2, "expected rpc+tcp://"},
        {"--listen rpc+tcp://127.0.0.1:0/345678/3", 2, "program 345678, version 2 alone"},
        {"--listen rpc+tcp://127.0.0.1:0/100000/2", 2, "program 345678, version 2 alone"},
        {"--listen rpc+tcp://127.0.0.1:65536/345678/2", 2, "out of range"},
        {"--frob", 2, "unknown option --frob"},
        {"--listen tcp://127.0.0.1:0 --max-message many", 2, "--max-message \"many\""},
        {"--listen tcp://127.0.0.1:0 --max-message 16777217", 2, "from 0 to 16777216"},
        {"--listen tcp://127.0.0.1:0 --max-count 2147483648", 2, "--max-count"},
        {"--listen tcp://127.0.0.1:0 --data ''", 2, "--data: the file is missing"},
        {"--listen tcp://127.0.0.1:0 --data /", 1, "cannot open /"},
        {"--listen tcp://127.0.0.1:0 --data /nonexistent/x", 1, "No such file"},
        {"--listen tcp://127.0.0.1:0 --data /etc/passwd", 1, "is no message file"},
        {"--listen tcp://127.0.0.1:0 --data /dev/null", 1, "is no regular file"},
        {"--listen unix:/nonexistent/socket", 1,
         "cannot listen at rpc+unix:/nonexistent/socket/345678/2"},
        {"--listen tcp://192.0.2.1:0", 1, "cannot listen at rpc+tcp://192.0.2.1:0"},
    };

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
        struct program_result r = program_run(LIMIT_S, "@B/assay serve msgprog %s %s",
                                              servers[i % 2], cases[i / 2].arguments);

        if (r.status != cases[i / 2].status || !strstr(r.err, cases[i / 2].message) ||
            lines_of(r.err) != 1 || r.out[0])
            fail_msg("%s: status %d, said \"%s\"", cases[i / 2].arguments, r.status, r.err);
        program_free(&r);
    }
}

static void test_bad_client(void **state)
{
    static const struct {
        const char *arguments;
        int status;
        const char *message;
    } cases[] = {
        {"save x", 2, "where is the service?"},
        {"--at tcp://127.0.0.1:1", 2, "what to do?"},
        {"--at tcp://127.0.0.1:1 frob", 2, "what to do?"},
        {"--at tcp://127.0.0.1:1 save", 2, "what to do?"},
        {"--at tcp://127.0.0.1:1 save a b", 2, "one word too many"},
        {"--at tcp://127.0.0.1:1 read one", 2, "expected a number"},
        {"--at tcp://127.0.0.1:1 read 2147483648", 2, "expected a number"},
        {"--at tcp://127.0.0.1:1 repeat 0", 2, "expected a number from 1 on"},
        {"--at tcp://127.0.0.1:1 --trace repeat 1", 2, "a single call"},
        {"--at tcp://127.0.0.1:1 repeat 1", 1, "Connection refused"},
        {"--at tcp://127.0.0.1:1 --timeout 0 null", 2, "--timeout"},
        {"--at tcp://127.0.0.1:1 --frob null", 2, "unknown option"},
        {"--via yellow-pages null", 2, "--via: expected rpcbind"},
        {"--at", 2, "needs a value"},
        {"--at tcp://127.0.0.1:1 null", 1, "Connection refused"},
        {"--at unix:/nonexistent/socket null", 1, "No such file"},
        {"--at tcp://nosuchhost.invalid:1 null", 1, "does not resolve"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct program_result r = program_run(LIMIT_S, "@B/assay-msg %s", cases[i].arguments);

        if (r.status != cases[i].status || !strstr(r.err, cases[i].message) ||
            lines_of(r.err) != 1 || r.out[0])
            fail_msg("%s: status %d, said \"%s\"", cases[i].arguments, r.status, r.err);
        program_free(&r);
    }
}

/* ---- libtirpc is a real target ---- */

#define NONE "00000000 00000000"
#define NULL_CALL "00000007 00000000 00000002 0005464e 00000002 00000000" NONE NONE
#define SUCCESS "00000007 00000001 00000000" NONE "00000000"

/* What is known of libtirpc 1.3.3, so that a change in it, or in how we use it, is noticed. */
static void test_libtirpc_deviations(void **state)
{
    static const struct {
        const char *what;
        const char *octets; /* over TCP, with record marks */
        const char *reply;  /* NULL: the connection ends */
    } cases[] = {
        {"a call", "80000028" NULL_CALL, SUCCESS},
        {"fragments",
         "00000010 00000007 00000000 00000002 0005464e"
         "80000018 00000002 00000000" NONE NONE,
         SUCCESS},
        {"RPC_MISMATCH is never sent",
         "80000028 00000007 00000000 00000003 0005464e 00000002"
         "00000000" NONE NONE,
         NULL},
        {"a fragment without data ends the connection", "00000000 80000028" NULL_CALL, NULL},
        {"a call is answered before its last fragment", "00000028" NULL_CALL, SUCCESS},
    };
    struct msgprog m;

    (void)state;
    msgprog_start(&m, program_folder, "");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int fd = msgprog_dial(&m, OVER_TCP);
        struct buf octets;

        buf_init(&octets, 1024);
        msgprog_hex(&octets, cases[i].octets);
        msgprog_send(fd, buf_slice(&octets));
        buf_reset(&octets);
        if (cases[i].reply)
            msgprog_expect(fd, OVER_TCP, cases[i].what, cases[i].reply);
        else if (msgprog_reply(fd, OVER_TCP, &octets))
            fail_msg("%s: but there is a reply", cases[i].what);
        buf_free(&octets);
        close(fd);
    }
    msgprog_stop(&m);
}

/* libtirpc waits up to 35 s for the rest of a record mark: the server still ends when asked. */
static void test_ends_while_blocked(void **state)
{
    (void)state;
    for (size_t s = 0; s < ARRAY_LEN(servers); s++) {
        struct msgprog m;

        msgprog_start(&m, program_folder, servers[s]);
        int fd = msgprog_dial(&m, OVER_TCP);
        msgprog_send(fd, slice_of("\x80", 1));
        deadline_wait(deadline_in_ms(100));
        int64_t before = deadline_now_us();
        msgprog_stop(&m);
        assert_true(deadline_now_us() - before < 10 * 1000000);
        close(fd);
    }
}

/* ---- registration ---- */

/*
 * In namespaces of its own: port 111 and /run/rpcbind.sock of the machine are not ours. Without an
 * rpcbind the servers say so; with one every transport is found through it, and forgotten at the
 * end.
 */
static void test_registration(void **state)
{
    static const char script[] =
        "set -e\n"
        "ip link set lo up\n"
        "mount -t tmpfs none /run\n"
        "b=$1; own=$2; f=$3\n"
        "$b/assay serve msgprog $own --register --listen tcp://127.0.0.1:0 2>$f/none && exit 9\n"
        "grep -q rpcbind $f/none; [ $(wc -l <$f/none) = 1 ]\n"
        "rpcbind -f & rpcbind=$!\n"
        "trap 'kill $rpcbind' EXIT\n"
        "n=0; until rpcinfo >/dev/null 2>&1; do n=$((n + 1)); [ $n -lt 200 ]; sleep 0.05; done\n"
        "mkfifo $f/ready\n"
        "$b/assay serve msgprog $own --register --listen tcp://127.0.0.1:0 \\\n"
        "    --listen rpc+udp://127.0.0.1:0 --listen 'tcp://[::1]:0' --listen unix:$f/socket \\\n"
        "    >$f/ready & server=$!\n"
        "exec 3<$f/ready\n"
        "read -r a <&3; read -r b2 <&3; read -r c <&3; read -r d <&3\n"
        "[ $(rpcinfo | grep -c 345678) = 4 ]\n"
        "[ \"$($b/assay-msg --via rpcbind save zero)\" = 1 ]\n"
        "n=1\n"
        "for netid in tcp udp tcp6 local; do\n"
        "    n=$((n + 1))\n"
        "    host=localhost; [ $netid != tcp6 ] || host=::1\n"
        "    via=\"--via rpcbind --host $host --transport $netid\"\n"
        "    [ \"$($b/assay-msg $via save $netid)\" = $n ]\n"
        "    $b/assay-msg --trace $via read $n >$f/o 2>$f/trace\n"
        "    [ \"$(cat $f/o)\" = $netid ]; [ \"$(grep -c '^10\\. the stub unm' $f/trace)\" = 1 ]\n"
        "done\n"
        "kill $server; wait $server\n"
        "[ $(rpcinfo | grep -c 345678) = 0 ] || exit 8\n"
        "$b/assay-msg --via rpcbind null 2>$f/none && exit 9\n"
        "grep -q 'localhost: RPC: Program not registered' $f/none\n"
        "echo complete\n";
    char path[96];

    (void)state;
    text_format(path, sizeof(path), "%s/script", program_folder);
    program_write_file(path, script);
    for (size_t s = 0; s < ARRAY_LEN(servers); s++) {
        struct program_result r = program_run(
            LIMIT_S,
            "mkdir %s/%zu && unshare %s -n -m -p -f --mount-proc --kill-child sh -x %s "
            "@B '%s' %s/%zu",
            program_folder, s, geteuid() == 0 ? "" : "-r", path, servers[s], program_folder, s);

        if (r.status != 0 || !text_eq(r.out, "complete\n"))
            fail_msg("registration %s: status %d, said \"%s\", complained:\n%s", servers[s],
                     r.status, r.out, r.err);
        program_free(&r);
    }
}

#define MSGPROG_TEST(test)                                                                         \
    cmocka_unit_test_setup_teardown(test, program_open_folder, program_close_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MSGPROG_TEST(test_save_and_read),
        MSGPROG_TEST(test_limits),
        MSGPROG_TEST(test_trace),
        MSGPROG_TEST(test_trace_of_failure),
        MSGPROG_TEST(test_durable),
        MSGPROG_TEST(test_one_file_for_both),
        MSGPROG_TEST(test_bad_input),
        MSGPROG_TEST(test_bad_client),
        MSGPROG_TEST(test_libtirpc_deviations),
        MSGPROG_TEST(test_ends_while_blocked),
        MSGPROG_TEST(test_registration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
