/* `assay proxy` from outside: its messages, its life, its counters, and logs that are equal. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/net/net.h"
#include "tests/program.h"
#include "tests/unit.h"

enum { LIMIT_S = 60, LONG_MS = 20000, MESSAGES = 200, FENCES = 8, VOLUME = 100000 };

#define UDP "proxy --listen udp://127.0.0.1:0 --to udp://127.0.0.1:9 "
#define TCP "proxy --listen tcp://127.0.0.1:0 --to tcp://127.0.0.1:9 "

static const struct {
    const char *arguments;
    int status;
    const char *message;
} bad_input[] = {
    {"proxy", 2, "assay: where do clients come to? Write --listen URL\n"},
    {"proxy --listen udp://127.0.0.1:0", 2, "assay: where to? Write --to URL\n"},
    {"proxy --listen nowhere", 2, "assay: \"nowhere\" is no endpoint"},
    {"proxy --listen udp://127.0.0.1:0 --to tcp://127.0.0.1:9", 2,
     "assay: one endpoint is a stream and the other takes datagrams\n"},
    {"proxy --listen unix-seqpacket:x --to unix-seqpacket:y", 2, "is not carried"},
    {"proxy --listen tcp://127.0.0.1:0 --to rpc://127.0.0.1/1/2", 2, "knows no RPC program"},
    {UDP "--drop", 2, "--drop needs a value: P"},
    {UDP "--drop 30.5", 2, "assay: --drop:1:1: expected a chance, or a % behind it, from 0 to 1\n"},
    {UDP "--drop 101%", 2, "assay: --drop:1:1: expected a chance, from 0 to 100\n"},
    {UDP "--drop '3; up: drop 4'", 2, "--drop:1:2: expected the end: an option holds one fault"},
    {UDP "--cut 10", 2, "--cut:1:1: cut is for streams, and the proxy carries datagrams"},
    {TCP "--reorder 3", 2, "--reorder:1:1: reorder is for datagrams, and the proxy carries a str"},
    {UDP "--delay x", 2, "--delay \"x\": expected MS or MS:JITTER, milliseconds from 0 to 3600000"},
    {UDP "--delay 3:", 2, "--delay \"3:\": expected MS or MS:JITTER"},
    {UDP "--schedule 'up: lose 3'", 2, "assay: --schedule:1:5: expected a fault: drop, truncate"},
    {UDP "--schedule 'up: drop 1' --schedule 'up: drop 2'", 2, "one --schedule or --schedule-file"},
    {UDP "--schedule-file /nonexistent", 2, "--schedule-file /nonexistent: No such file"},
    {UDP "--schedule-file /tmp", 2, "--schedule-file /tmp: Is a directory"},
    {UDP "--schedule-file /dev/zero", 2, "--schedule-file /dev/zero: a NUL is no text"},
    {UDP "--seed x", 2, "--seed \"x\": expected a number from 0"},
    {UDP "--log /nonexistent/x", 2, "--log /nonexistent/x: No such file"},
    {UDP "--stats /tmp", 2, "--stats /tmp: Is a directory"},
    {UDP "--log /tmp/x --stats /tmp/../tmp/x", 2, "--log and --stats write to one file"},
    {UDP "--frob", 2, "unknown option --frob"},
    {UDP "more", 2, "\"more\" is one word too many"},
    {"proxy --listen unix:/nonexistent/x --to unix:/y", 3, "cannot listen at unix:/nonexistent/x"},
    {"proxy --listen tcp://127.0.0.1:0 --to tcp://nosuchhost.invalid:9", 3, "does not resolve"},
};

static void test_bad_input(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(bad_input); i++) {
        struct program_result r = program_run(LIMIT_S, "@B/assay %s", bad_input[i].arguments);

        if (r.status != bad_input[i].status || !strstr(r.err, bad_input[i].message))
            fail_msg("assay %s: status %d; said: %s", bad_input[i].arguments, r.status, r.err);
        assert_string_equal(r.out, "");
        program_free(&r);
    }
}

static void test_schedule_file(void **state UNUSED)
{
    char path[128];

    text_format(path, sizeof(path), "%s/schedule", program_folder);
    program_write_file(path, "# what is lost\nup: drop 3\n  down: drop x\n");
    struct program_result r = program_run(LIMIT_S, "@B/assay " UDP "--schedule-file %s", path);
    char due[256];
    text_format(due, sizeof(due), "assay: %s:3:14: expected which datagrams", path);
    assert_int_equal(r.status, 2);
    assert_contains(r.err, due);
    program_free(&r);
}

/* ---- a session ---- */

struct session {
    struct process server;
    struct process proxy;
    struct address address; /* of the proxy */
};

static void session_open(struct session *s, const char *kind, const char *options)
{
    char url[ENDPOINT_TEXT_MAX];
    char front[ENDPOINT_TEXT_MAX];
    struct endpoint e;
    struct problem why;
    size_t count;

    if (!program_serve(&s->server, url, sizeof(url), "exec @B/assay-echo --listen %s://127.0.0.1:0",
                       kind) ||
        !program_serve(&s->proxy, front, sizeof(front),
                       "exec @B/assay proxy --listen %s://127.0.0.1:0 --to %s %s", kind, url,
                       options))
        fail_msg("no session: %s", s->proxy.complained.text);
    assert_true(endpoint_parse(front, &e, &why));
    assert_int_not_equal(e.port, 0);
    assert_true(address_resolve(&e, &s->address, 1, &count, &why));
}

/* Asks the proxy to end, which it does well; what it has said stays in the session. */
static void session_end(struct session *s, int signal)
{
    kill(s->proxy.pid, signal);
    assert_true(process_wait(&s->proxy, deadline_in_ms(LONG_MS)));
    process_read(&s->proxy);
    assert_true(process_ended_well(&s->proxy));
    assert_lacks(s->proxy.complained.text, "Sanitizer");
    process_stop(&s->proxy, 0);
    process_stop(&s->server, deadline_in_ms(LONG_MS));
}

static int dial(const struct session *s)
{
    int fd = -1;

    assert_int_equal(net_dial(&s->address, NULL, deadline_in_ms(LONG_MS), &fd).status, NET_OK);
    return fd;
}

static json_t *load_stats(const char *text)
{
    json_error_t error;
    json_t *root = json_loads(text, 0, &error);

    if (!root)
        fail_msg("%s: %s", error.text, text);
    return root;
}

static int number(json_t *root, const char *way, const char *name)
{
    return (int)json_integer_value(json_object_get(json_object_get(root, way), name));
}

/* Every request that is not lost is answered, and the third and the seventh are; the fence at the
   end is a request whose reply has passed behind all others. */
static void test_session_by_number(void **state UNUSED)
{
    struct session s;
    char heard[16];
    char got[32] = "";

    session_open(&s, "udp",
                 "--schedule 'up: drop 3, 7; down: duplicate 2; up: swap 4,5' --seed 99");
    int fd = dial(&s);
    for (const char *c = "123456789"; *c; c++)
        assert_int_equal(net_send(fd, slice_of(c, 1), 0, 0).status, NET_OK);
    while (!strchr(got, '9')) {
        struct net_io io = net_recv(fd, heard, sizeof(heard), true, deadline_in_ms(LONG_MS));

        assert_int_equal(io.status, NET_OK);
        got[strlen(got)] = heard[0];
    }
    assert_string_equal(got, "12254689");
    close(fd);
    session_end(&s, SIGTERM);
    assert_contains(s.proxy.complained.text,
                    "assay: note: schedule: up: drop 3, 7; down: duplicate 2; up: reorder 4\n"
                    "assay: note: seed: 99\n");
    json_t *root = load_stats(strchr(s.proxy.said.text, '{'));
    assert_string_equal(json_string_value(json_object_get(root, "tool")), "assay");
    assert_int_equal(json_integer_value(json_object_get(root, "seed")), 99);
    assert_int_equal(json_integer_value(json_object_get(root, "clients")), 1);
    assert_int_equal(number(root, "up", "datagrams"), 9);
    assert_int_equal(number(root, "up", "sent_datagrams"), 7);
    assert_int_equal(number(root, "down", "sent_datagrams"), 8);
    assert_int_equal(number(root, "up", "lost") + number(root, "down", "lost"), 0);
    json_t *faults = json_object_get(json_object_get(root, "up"), "faults");
    assert_int_equal(json_integer_value(json_object_get(faults, "drop")), 2);
    assert_int_equal(json_integer_value(json_object_get(faults, "reorder")), 1);
    json_decref(root);
}

/* Sends from a first client, then asks from a second, to which nothing is done: the server answers
   in order, so a few answers to that one prove that nothing of the first is on its way any more. */
static void talk_datagrams(const struct session *s)
{
    static uint8_t octets[MESSAGES];
    int fd = dial(s);

    for (size_t n = 0; n < MESSAGES; n++)
        assert_int_equal(net_send(fd, slice_of(octets, 1 + n % 100), 0, 0).status, NET_OK);
    int fence = dial(s);
    for (unsigned n = 0; n < FENCES; n++) {
        assert_int_equal(net_send(fence, slice_of(octets, 1), 0, 0).status, NET_OK);
        assert_int_equal(net_recv(fence, octets, 1, true, deadline_in_ms(LONG_MS)).status, NET_OK);
    }
    close(fence);
    close(fd);
}

static void talk_stream(const struct session *s)
{
    static uint8_t octets[VOLUME], heard[VOLUME];
    int fd = dial(s);
    size_t sent = 0;
    size_t got = 0;

    while (got < VOLUME) {
        struct net_io out = net_send_some(fd, slice_of(octets + sent, VOLUME - sent), 0);
        struct net_io in = net_recv(fd, heard + got, VOLUME - got, false, deadline_in_ms(LONG_MS));

        sent += out.len;
        got += in.len;
        if (sent == VOLUME)
            shutdown(fd, SHUT_WR);
        assert_int_equal(in.status, NET_OK);
    }
    assert_int_equal(net_recv(fd, heard, 1, false, deadline_in_ms(LONG_MS)).status, NET_EOF);
    close(fd);
}

static char *log_of_session(const char *kind, const char *schedule, const char *seed)
{
    char options[512];
    char path[128];
    struct session s;

    text_format(path, sizeof(path), "%s/log", program_folder);
    text_format(options, sizeof(options), "%s --seed %s --log %s --stats %s.json", schedule, seed,
                path, path);
    session_open(&s, kind, options);
    if (text_eq(kind, "udp"))
        talk_datagrams(&s);
    else
        talk_stream(&s);
    session_end(&s, SIGINT);
    assert_null(strchr(s.proxy.said.text, '{'));
    char *log = program_read_file(path);
    text_format(options, sizeof(options), "%s.json", path);
    char *stats = program_read_file(options);
    json_decref(load_stats(stats));
    free(stats);
    assert_non_null(log);
    unlink(path);
    return log;
}

/* Two runs with one seed write the same octets into the log; another seed writes others. */
static void test_equal_logs(void **state UNUSED)
{
    static const struct {
        const char *kind, *schedule;
    } rows[] = {
        {"udp", "--schedule 'client 1 both: drop 30%; client 1 both: corrupt 10%; client 1 both: "
                "truncate 5%; client 1 both: duplicate 10%'"},
        {"udp", "--schedule 'client 1 up: drop 30%; client 1 up: reorder 10% by 3 within 10s'"},
        {"tcp", "--cut 1-1000"},
        {"tcp", "--cut 1-100 --schedule 'down: stop after 5000 for 5ms' --coalesce 50"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *first = log_of_session(rows[i].kind, rows[i].schedule, "7");
        char *second = log_of_session(rows[i].kind, rows[i].schedule, "7");
        char *other = log_of_session(rows[i].kind, rows[i].schedule, "8");

        assert_true(strlen(first) > MESSAGES);
        assert_string_equal(first, second);
        assert_string_not_equal(first, other);
        free(first);
        free(second);
        free(other);
    }
}

/* Nothing is left: neither the socket nor half a file, also where nobody ever came. */
static void test_nothing_is_left(void **state UNUSED)
{
    struct process proxy;
    char url[ENDPOINT_TEXT_MAX];

    assert_true(program_serve(&proxy, url, sizeof(url),
                              "cd %s && mkdir own && exec @B/assay proxy --listen unix:own/p --to "
                              "unix:own/s --log own/log --stats own/stats",
                              program_folder));
    assert_string_equal(url, "unix:own/p");
    kill(proxy.pid, SIGTERM);
    assert_true(process_wait(&proxy, deadline_in_ms(LONG_MS)));
    assert_true(process_ended_well(&proxy));
    process_stop(&proxy, 0);
    struct program_result r = program_run(LIMIT_S, "ls %s/own", program_folder);
    assert_string_equal(r.out, "log\nstats\n");
    program_free(&r);
}

/* On a terminal it shows how it goes while it runs. */
static void test_live_counters(void **state UNUSED)
{
    struct program_result r = program_run(
        LIMIT_S, "timeout -s TERM 3 script -qefc 'exec @B/assay proxy --listen udp://127.0.0.1:0 "
                 "--to udp://127.0.0.1:9' /dev/null </dev/null");

    assert_contains(r.out, "READY udp://127.0.0.1:");
    assert_contains(r.out, "\r0 clients  up 0 in 0 out 0 lost  down 0 in 0 out 0 lost");
    program_free(&r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_input),         cmocka_unit_test(test_schedule_file),
        cmocka_unit_test(test_session_by_number), cmocka_unit_test(test_equal_logs),
        cmocka_unit_test(test_nothing_is_left),   cmocka_unit_test(test_live_counters),
    };

    return cmocka_run_group_tests(tests, program_open_folder, program_close_folder);
}
