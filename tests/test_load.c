/*
 * Tests of load and volleys: peers that answer right, and peers that do one thing wrong when their
 * turn has come; limits of theirs and of ours. At the end the checks themselves, in full.
 */
#include <jansson.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/runner/load.h"
#include "conformance/runner/volley.h"
#include "harness/base/deadline.h"
#include "tests/peer.h"
#include "tests/program.h"
#include "tests/unit.h"

/* Where a reply comes, however late a busy machine lets the peer send it; and where none does. */
enum { PATIENCE_MS = 20000, SHORT_PATIENCE_MS = 400 };
enum { LINES = 40, DEPTH = 4, BODY = 32, LIMIT_S = 200, MEMORY_MAX_KIB = 256 << 10 };

static const struct check check = {.id = "stream.test.load", .cites = {REQ_ORD_03}};

/* A context that is aimed at a place. */
struct scene {
    struct check_ctx *c;
    struct exchange *x;
    struct outcome *outcome;
    unsigned descriptors;
};

static void open_scene(struct scene *s, const struct endpoint *e, const struct address *a,
                       int64_t patience_ms)
{
    struct target t = {.endpoint = *e,
                       .address = *a,
                       .loopback = true,
                       .answers = true,
                       .pipelines = true,
                       .patience_ms = patience_ms,
                       .width = TARGET_WIDTH_MAX};

    s->descriptors = unit_descriptors();
    assert_true(target_open_exchange("echo", e, &s->x, NULL));
    t.exchange = s->x;
    s->outcome = outcome_new();
    s->c = calloc(1, sizeof(*s->c));
    assert_true(s->outcome && s->c);
    check_open(s->c, &check, &t, s->outcome, 1);
}

static void close_scene(struct scene *s)
{
    check_close_all(s->c);
    exchange_close(s->x);
    outcome_free(s->outcome);
    free(s->c);
    assert_int_equal(unit_descriptors(), s->descriptors);
}

static struct load_options options_of(unsigned lines)
{
    return (struct load_options){.lines = lines,
                                 .open = lines,
                                 .fresh = lines,
                                 .time_ms = PATIENCE_MS,
                                 .depth = DEPTH,
                                 .size = BODY};
}

static const enum endpoint_kind kinds[] = {ENDPOINT_TCP, ENDPOINT_UNIX, ENDPOINT_UNIX_SEQPACKET};

/* ---- connections ---- */

static void test_all_well(void **state UNUSED)
{
    static const struct peer_script right = {.deed = PEER_ECHO};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct load_options options = options_of(LINES);
        struct peer peer;
        struct scene s;

        peer_start(&peer, kinds[i], &right, program_folder);
        open_scene(&s, &peer.endpoint, &peer.address, PATIENCE_MS);
        load_open(s.c, &options);
        load_admit(s.c);
        struct load_tally t = load_tally(s.c);
        assert_row(i, t.begun == LINES && t.served == LINES && t.held == LINES);
        assert_row(i, t.away == 0 && t.waiting == 0 && t.replies == LINES);
        load_round(s.c, 3 * DEPTH);
        load_round(s.c, 1);
        t = load_tally(s.c);
        assert_row(i, t.replies == LINES * (1 + 3 * DEPTH + 1) && t.held == LINES);
        assert_row(i, t.octets >= t.replies * BODY && !t.lacks);
        load_release(s.c);
        assert_row(i, load_tally(s.c).held == 0);
        assert_row(i, check_alive(s.c) && s.outcome->met == t.replies);
        close_scene(&s);
        peer_stop(&peer);
    }
}

/* One line after the other, each of which ends; also where the peer does not end its side. */
static void test_lines_that_leave(void **state UNUSED)
{
    static const struct peer_script scripts[] = {
        {.end = PEER_END_CLOSES}, {.end = PEER_END_RESETS}, {.end = PEER_END_STAYS}};

    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        struct load_options options = options_of(3 * DEPTH);
        bool stays = scripts[i].end == PEER_END_STAYS;
        struct peer peer;
        struct scene s;

        options.leaves = true;
        options.open = DEPTH;
        options.rate = 100;
        peer_start(&peer, ENDPOINT_TCP, &scripts[i], program_folder);
        open_scene(&s, &peer.endpoint, &peer.address, stays ? SHORT_PATIENCE_MS : PATIENCE_MS);
        load_open(s.c, &options);
        load_admit(s.c);
        struct load_tally t = load_tally(s.c);
        assert_row(i, t.served == 3 * DEPTH && t.held == 0 && t.replies == 3 * DEPTH);
        assert_row(i, t.lasting == (stays ? DEPTH : 0));
        /* The last one begins when eleven hundredths of a second have passed. */
        assert_row(i, t.took_us >= 110000);
        load_release(s.c);
        assert_row(i, check_alive(s.c));
        close_scene(&s);
        peer_stop(&peer);
    }
}

/* What the peer of every line does wrong with its first piece, or a later one. */
static void test_what_is_accused(void **state UNUSED)
{
    static const struct {
        struct peer_script script;
        const char *reason;
    } rows[] = {
        {{.deed = PEER_WRONG, .after = 0}, " of the reply to request "},
        {{.deed = PEER_MUTE, .after = 0}, "got neither a reply nor an end, the first of them"},
        {{.deed = PEER_SHORT, .after = 0}, "got neither a reply nor an end"},
        {{.deed = PEER_WRONG, .after = 1}, "of the reply to request"},
        {{.deed = PEER_LONG, .after = 1}, "1 octet that nobody asked for"},
        {{.deed = PEER_AHEAD, .after = 1}, "of the reply to request"},
        {{.deed = PEER_TWICE, .after = 1}, "that nobody asked for"},
        {{.deed = PEER_LATER, .after = 1}, "of the reply to request"},
        {{.deed = PEER_LOSE, .after = 1}, "nothing for 0.4 s, on "},
        {{.deed = PEER_MUTE, .after = 2}, "nothing for 0.4 s, on "},
        {{.deed = PEER_HALF, .after = 1}, ", got the end"},
        {{.deed = PEER_CLOSE, .after = 1}, "end of file"},
        {{.deed = PEER_RESET, .after = 1}, "the connection is reset"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct load_options options = options_of(DEPTH);
        struct peer peer;
        struct scene s;

        options.depth = 1;
        peer_start(&peer, ENDPOINT_TCP, &rows[i].script, program_folder);
        open_scene(&s, &peer.endpoint, &peer.address, SHORT_PATIENCE_MS);
        load_open(s.c, &options);
        load_admit(s.c);
        load_round(s.c, 1);
        load_round(s.c, 1);
        load_release(s.c);
        assert_row(i, s.outcome->kind == OUTCOME_BROKEN);
        assert_contains(s.outcome->reason, rows[i].reason);
        close_scene(&s);
        peer_stop(&peer);
    }
}

/* The reply of somebody else is called by his name. */
static void test_a_foreign_reply_is_known(void **state UNUSED)
{
    struct endpoint e = {.kind = ENDPOINT_UNIX_SEQPACKET};
    struct load_options options = options_of(2);
    struct address a;
    struct scene s;

    text_format(e.path, sizeof(e.path), "%s/swap", program_folder);
    int listener = net_listen(&e, 8, NULL);
    assert_true(listener >= 0 && net_local(listener, SOCK_SEQPACKET, &a));
    pid_t pid = fork();
    if (pid == 0) {
        char said[2][256];
        struct net_io got[2];
        int fds[2];

        for (int i = 0; i < 2; i++) {
            net_wait(listener, POLLIN, DEADLINE_NEVER);
            fds[i] = accept(listener, NULL, NULL);
            got[i] = net_recv(fds[i], said[i], sizeof(said[i]), true, DEADLINE_NEVER);
        }
        for (int i = 0; i < 2; i++)
            net_send_to(fds[i], slice_of(said[1 - i], got[1 - i].len), NULL, DEADLINE_NEVER);
        net_recv(fds[0], said[0], sizeof(said[0]), true, DEADLINE_NEVER);
        _exit(EXIT_SUCCESS);
    }
    close(listener);
    open_scene(&s, &e, &a, SHORT_PATIENCE_MS);
    load_open(s.c, &options);
    load_admit(s.c);
    assert_int_equal(s.outcome->kind, OUTCOME_BROKEN);
    assert_contains(s.outcome->reason, "the reply to request 00000800, which connection 2 made");
    close_scene(&s);
    waitpid(pid, NULL, 0);
}

/* ---- limits ---- */

/* Whoever is ended before a first reply is turned away, with words or without. */
static void test_turned_away(void **state UNUSED)
{
    static const struct peer_script scripts[] = {
        {.deed = PEER_CLOSE}, {.deed = PEER_RESET}, {.deed = PEER_HALF}};

    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        struct load_options options = options_of(DEPTH);
        struct peer peer;
        struct scene s;

        peer_start(&peer, ENDPOINT_TCP, &scripts[i], program_folder);
        open_scene(&s, &peer.endpoint, &peer.address, PATIENCE_MS);
        load_open(s.c, &options);
        load_admit(s.c);
        load_round(s.c, 1);
        load_release(s.c);
        struct load_tally t = load_tally(s.c);
        assert_row(i, check_alive(s.c) && t.away == DEPTH && t.served == 0 && t.waiting == 0);
        close_scene(&s);
        peer_stop(&peer);
    }
}

static void test_nobody_there(void **state UNUSED)
{
    struct endpoint e = {.kind = ENDPOINT_TCP, .host = "127.0.0.1"};
    struct load_options options = options_of(DEPTH);
    struct address a;
    struct scene s;

    int listener = net_listen(&e, 8, NULL);
    assert_true(net_local(listener, SOCK_STREAM, &a));
    close(listener);
    open_scene(&s, &e, &a, PATIENCE_MS);
    load_open(s.c, &options);
    load_admit(s.c);
    assert_int_equal(load_tally(s.c).away, DEPTH);
    assert_true(check_alive(s.c));
    close_scene(&s);
}

/* A backlog of a few, and nobody who accepts: what finds no room in it is not accused. */
static void test_full_backlog(void **state UNUSED)
{
    struct endpoint e = {.kind = ENDPOINT_UNIX};
    struct load_options options = options_of(LINES);
    struct address a;
    struct scene s;

    text_format(e.path, sizeof(e.path), "%s/full", program_folder);
    int listener = net_listen(&e, 2, NULL);
    assert_true(net_local(listener, SOCK_STREAM, &a));
    open_scene(&s, &e, &a, SHORT_PATIENCE_MS);
    load_open(s.c, &options);
    load_admit(s.c);
    struct load_tally t = load_tally(s.c);
    assert_in_range(t.begun, 1, 4);
    assert_int_equal(t.waiting, t.begun);
    assert_true(check_alive(s.c));
    load_release(s.c);
    assert_int_equal(s.outcome->kind, OUTCOME_BROKEN);
    close_scene(&s);
    close(listener);
}

/* Runs with another limit of descriptors, in a process of its own. */
static int with_limit(rlim_t soft, rlim_t hard, void (*run)(const struct peer *p),
                      const struct peer *p)
{
    struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            _exit(EXIT_FAILURE);
        run(p);
        _exit(EXIT_SUCCESS);
    }
    waitpid(pid, &status, 0);
    return status;
}

/* In the child only the exit status tells: 0 where all holds. */
static void expect(bool holds)
{
    if (!holds)
        _exit(EXIT_FAILURE);
}

static struct load_tally tally_of(const struct peer *p, unsigned lines)
{
    struct load_options options = options_of(lines);
    struct scene s;

    open_scene(&s, &p->endpoint, &p->address, PATIENCE_MS);
    load_open(s.c, &options);
    load_admit(s.c);
    load_round(s.c, DEPTH);
    struct load_tally t = load_tally(s.c);
    expect(check_alive(s.c));
    close_scene(&s);
    return t;
}

static void raise_it(const struct peer *p)
{
    struct load_tally t = tally_of(p, 2 * LINES);

    expect(t.held == 2 * LINES && !t.lacks);
}

static void do_with_less(const struct peer *p)
{
    struct load_tally t = tally_of(p, 2 * LINES);

    expect(t.held == LINES && t.lacks && text_eq(t.lacks, "our descriptor limit"));
}

static void skip_it(const struct peer *p)
{
    struct load_options options = options_of(1);
    struct scene s;

    open_scene(&s, &p->endpoint, &p->address, PATIENCE_MS);
    load_open(s.c, &options);
    expect(s.outcome->kind == OUTCOME_SKIPPED);
    close_scene(&s);
}

static void test_descriptors(void **state UNUSED)
{
    enum { RESERVE = 64 };
    static const struct peer_script right = {.deed = PEER_ECHO};
    struct peer peer;

    peer_start(&peer, ENDPOINT_UNIX, &right, program_folder);
    assert_int_equal(with_limit(RESERVE + 8, 1024, raise_it, &peer), 0);
    assert_int_equal(with_limit(RESERVE + 8, RESERVE + LINES, do_with_less, &peer), 0);
    assert_int_equal(with_limit(RESERVE, RESERVE, skip_it, &peer), 0);
    peer_stop(&peer);
}

/* ---- datagrams ---- */

static struct volley_options volley_of(enum endpoint_kind kind)
{
    return (struct volley_options){.count = 1000,
                                   .sockets = 2,
                                   .burst = kind == ENDPOINT_UDP ? VOLLEY_BURST_MAX : 4,
                                   .time_ms = PATIENCE_MS,
                                   .size = BODY};
}

static void test_volley(void **state UNUSED)
{
    static const enum endpoint_kind datagram_kinds[] = {ENDPOINT_UDP, ENDPOINT_UNIX_DGRAM};
    static const struct {
        struct peer_script script;
        const char *reason; /* NULL: all well */
    } rows[] = {
        {{.deed = PEER_ECHO}, NULL},
        {{.deed = PEER_LATE, .after = 500, .ms = 50}, NULL},
        {{.deed = PEER_WRONG, .after = 500}, "of a reply on socket"},
        {{.deed = PEER_SHORT, .after = 500}, "of a reply on socket"},
        {{.deed = PEER_LONG, .after = 500}, "got 1 octet more"},
        {{.deed = PEER_TWICE, .after = 500}, "a second reply to request"},
        {{.deed = PEER_TWICE, .after = 999}, "a second reply to request"}, /* the very last */
        {{.deed = PEER_LATER, .after = 500}, "reply"}, /* a second one, or on another's socket */
        {{.deed = PEER_LOSE, .after = 500}, "the kernel dropped none"},
        {{.deed = PEER_MUTE, .after = 0}, "after 0 replies"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows) * ARRAY_LEN(datagram_kinds); i++) {
        enum endpoint_kind kind = datagram_kinds[i % ARRAY_LEN(datagram_kinds)];
        struct volley_options options = volley_of(kind);
        size_t row = i / ARRAY_LEN(datagram_kinds);
        const char *reason = rows[row].reason;
        struct peer peer;
        struct scene s;

        bool silent = rows[row].script.deed == PEER_LOSE || rows[row].script.deed == PEER_MUTE;
        peer_start(&peer, kind, &rows[row].script, program_folder);
        open_scene(&s, &peer.endpoint, &peer.address, silent ? SHORT_PATIENCE_MS : PATIENCE_MS);
        struct volley_tally t = volley_run(s.c, &options);
        if (!reason && !check_alive(s.c))
            fail_msg("row %zu: %s", row, s.outcome->reason);
        if (reason && check_alive(s.c))
            fail_msg("row %zu: nothing is accused", row);
        if (reason)
            assert_contains(s.outcome->reason, reason);
        else
            assert_true(t.answered == options.count && t.took_us > 0 && s.outcome->met == 1);
        close_scene(&s);
        peer_stop(&peer);
    }
}

static void test_volley_at_nobody(void **state UNUSED)
{
    struct endpoint e = {.kind = ENDPOINT_UDP, .host = "127.0.0.1"};
    struct volley_options options = volley_of(ENDPOINT_UDP);
    struct address a;
    struct scene s;

    int listener = net_listen(&e, 8, NULL);
    assert_true(net_local(listener, SOCK_DGRAM, &a));
    close(listener);
    open_scene(&s, &e, &a, PATIENCE_MS);
    volley_run(s.c, &options);
    assert_int_equal(s.outcome->kind, OUTCOME_BROKEN);
    assert_true(s.outcome->turned_away);
    close_scene(&s);
}

/* Time that is over ends it, with what was answered until then. */
static void test_volley_in_no_time(void **state UNUSED)
{
    static const struct peer_script right = {.deed = PEER_ECHO};
    struct volley_options options = volley_of(ENDPOINT_UDP);
    struct peer peer;
    struct scene s;

    options.time_ms = 0;
    peer_start(&peer, ENDPOINT_UDP, &right, program_folder);
    open_scene(&s, &peer.endpoint, &peer.address, PATIENCE_MS);
    struct volley_tally t = volley_run(s.c, &options);
    assert_true(check_alive(s.c) && t.answered < options.count);
    close_scene(&s);
    peer_stop(&peer);
}

/* ---- the checks ---- */

/* Runs the checks of load; true where the one with this id has the verdict, and its reason has the
   part. */
static void assert_verdict(const char *arguments, const char *id, const char *verdict,
                           const char *part)
{
    struct program_result r = program_run(LIMIT_S, "@B/assay check %s --report json", arguments);
    json_t *root = json_loads(r.out, 0, NULL);
    const char *seen = NULL;
    const char *reason = r.err;
    const json_t *entry;
    size_t i;

    json_array_foreach(json_object_get(root, "checks"), i, entry)
    {
        if (!text_eq(json_string_value(json_object_get(entry, "id")), id))
            continue;
        seen = json_string_value(json_object_get(entry, "verdict"));
        reason = json_string_value(json_object_get(entry, "reason"));
    }
    if (!seen || !text_eq(seen, verdict) || !strstr(reason, part))
        fail_msg("%s: %s instead of %s: %s", arguments, seen ? seen : "nothing", verdict, reason);
    json_decref(root);
    program_free(&r);
}

#define TCP "tcp://127.0.0.1:0 --spawn '%s@B/assay-echo --listen tcp://127.0.0.1:{port}' "
#define UDP "udp://127.0.0.1:0 --spawn '@B/assay-echo --listen udp://127.0.0.1:{port}' "

/* In full. What a slow machine does fewer of is still a pass. */
static void test_references_bear_the_load(void **state UNUSED)
{
    static const struct {
        const char *arguments, *id, *verdict, *part;
    } rows[] = {
        {"--only stream.load.h*", "stream.load.held-connections", "pass", " connections at once, "},
        {"--only stream.load.c*", "stream.load.connection-rate", "pass", " a second"},
        {"--only stream.load --skip *.h* --skip *.c*", "stream.load.throughput", "pass",
         " on 32 connections at once"},
        {"--load --only stream.load --expect connections=300", "stream.load.held-connections",
         "pass", "300 connections at once"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char arguments[512];

        text_format(arguments, sizeof(arguments), TCP "%s", "", rows[i].arguments);
        assert_verdict(arguments, rows[i].id, rows[i].verdict, rows[i].part);
    }
    assert_verdict(UDP "--only datagram.load", "datagram.load.bursts", "pass", " datagrams, ");
}

/* A server with few descriptors lets the others wait: recorded, unless more was promised. */
static void test_a_limit_is_recorded(void **state UNUSED)
{
    static const struct {
        const char *expect, *verdict, *part;
    } rows[] = {
        {"", "note", " connections are served at once, each with its own data in order"},
        {"--expect connections=100", "pass", "100 connections at once"},
        {"--expect connections=600", "fail", "as many connections at once as expected"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char arguments[512];

        text_format(arguments, sizeof(arguments),
                    TCP "--only stream.load.held-connections --patience 1000 %s",
                    "ulimit -n 200; exec ", rows[i].expect);
        assert_verdict(arguments, "stream.load.held-connections", rows[i].verdict, rows[i].part);
    }
}

/* The largest of all processes that the tests before have run and waited for: the runner, each
   check, each server. */
static void test_memory(void **state UNUSED)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
    print_message("# the largest process had %ld KiB\n", usage.ru_maxrss);
    assert_in_range(usage.ru_maxrss, 1, MEMORY_MAX_KIB);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_well),
        cmocka_unit_test(test_lines_that_leave),
        cmocka_unit_test(test_what_is_accused),
        cmocka_unit_test(test_a_foreign_reply_is_known),
        cmocka_unit_test(test_turned_away),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_full_backlog),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_volley),
        cmocka_unit_test(test_volley_at_nobody),
        cmocka_unit_test(test_volley_in_no_time),
        cmocka_unit_test(test_references_bear_the_load),
        cmocka_unit_test(test_a_limit_is_recorded),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, program_open_folder, program_close_folder);
}
