/*
 * Tests of the proxy that a check puts between itself and its target: what its steps make of loss
 * and repetition, and whose silence is whose. The target is a process of ours that follows a
 * script.
 */
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/runner/between.h"
#include "harness/base/deadline.h"
#include "tests/unit.h"

enum { PATIENCE_MS = 20000, SHORT_PATIENCE_MS = 400, REQUESTS_MAX = 8, ROOM = 2048 };

static const struct check check = {.id = "datagram.test.between"};

struct scene {
    struct check_ctx *c;
    struct exchange *x;
    struct outcome *outcome;
    pid_t peer;
};

/* Answers a datagram for each letter, and all that follow by the last one: e is its echo, 2 twice
   that, w something else, - nothing. */
_Noreturn static void serve(int fd, const char *script)
{
    for (;;) {
        struct sockaddr_storage from;
        socklen_t len = sizeof(from);
        uint8_t octets[ROOM];
        ssize_t got = recvfrom(fd, octets, sizeof(octets), 0, (struct sockaddr *)&from, &len);

        if (got <= 0)
            _exit(EXIT_FAILURE);
        if (*script == 'w')
            octets[0] ^= 1;
        for (unsigned i = 0; i < (*script == '-' ? 0U : *script == '2' ? 2U : 1U); i++)
            (void)!sendto(fd, octets, (size_t)got, 0, (struct sockaddr *)&from, len);
        if (script[1])
            script++;
    }
}

static void open_scene(struct scene *s, const char *script, bool patient)
{
    struct target t = {.patience_ms = patient ? PATIENCE_MS : SHORT_PATIENCE_MS,
                       .width = 1,
                       .answers = true,
                       .loopback = true};
    struct problem why;
    size_t count;

    assert_true(endpoint_parse("udp://127.0.0.1:0", &t.endpoint, &why));
    assert_true(address_resolve(&t.endpoint, &t.address, 1, &count, &why));
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, address_sockaddr(&t.address), t.address.len), 0);
    assert_true(net_local(fd, SOCK_DGRAM, &t.address));
    t.endpoint.port = address_port(&t.address);
    assert_true(target_open_exchange("echo", &t.endpoint, &s->x, &why));
    t.exchange = s->x;
    s->outcome = outcome_new();
    s->c = calloc(1, sizeof(*s->c));
    assert_true(s->outcome && s->c);
    s->peer = fork();
    assert_true(s->peer >= 0);
    if (s->peer == 0)
        serve(fd, script);
    close(fd);
    check_open(s->c, &check, &t, s->outcome, 1);
}

static void close_scene(struct scene *s)
{
    check_close_all(s->c);
    kill(s->peer, SIGKILL);
    waitpid(s->peer, NULL, 0);
    exchange_close(s->x);
    outcome_free(s->outcome);
    free(s->c);
}

static const struct row {
    const char *schedule, *script;
    unsigned requests;
    enum outcome_kind kind;
    const char *actual;
} rows[] = {
    {"up: drop 1, 3-4", "e", 4, OUTCOME_OPEN, NULL},
    {"down: drop 1-5", "e", 2, OUTCOME_OPEN, NULL},
    {"both: drop 30%; both: duplicate 20%", "e", 8, OUTCOME_OPEN, NULL},
    {"up: duplicate 1 times 2", "e", 3, OUTCOME_OPEN, NULL},
    {"up: duplicate 1 after 2", "e", 5, OUTCOME_OPEN, NULL},
    {"up: duplicate 1", "e-e", 3, OUTCOME_OPEN, NULL},
    {"down: duplicate 2 after 1", "e", 4, OUTCOME_OPEN, NULL},
    {"up: delay 1 by 100ms", "e", 4, OUTCOME_OPEN, NULL},
    {"up: reorder 1 within 10ms", "e", 2, OUTCOME_OPEN, NULL},
    /* The network lost the first; the next has reached the target, which says nothing. */
    {"up: drop 1", "-", 1, OUTCOME_BROKEN, "nothing for 0.4 s"},
    {"down: drop 1", "e-", 1, OUTCOME_BROKEN, "nothing for 0.4 s"},
    {"up: duplicate 1", "e2e", 3, OUTCOME_BROKEN, "a second reply"},
    {"up: duplicate 2 after 1", "2e", 3, OUTCOME_BROKEN, "a second reply"},
    {"up: duplicate 1", "ewe", 3, OUTCOME_BROKEN, "\""},
    {"up: corrupt 1", "e", 1, OUTCOME_BROKEN, "\""},
};

static void test_replies(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct scene s;

        open_scene(&s, row->script, row->kind == OUTCOME_OPEN);
        check_between(s.c, "%s", row->schedule);
        struct conn *conn = check_dial(s.c);
        for (unsigned k = 0; k < row->requests; k++)
            check_exchange(s.c, conn);
        if (row->kind == OUTCOME_OPEN) {
            check_pause(s.c, SHORT_PATIENCE_MS / 4);
            check_fence(s.c, conn);
        }
        if (s.outcome->kind != row->kind)
            print_message("%s: %s\n", row->schedule, s.outcome->reason);
        assert_row(i, s.outcome->kind == row->kind);
        if (row->actual)
            assert_contains(s.outcome->actual, row->actual);
        close_scene(&s);
    }
}

/* What is lost for good is known without asking. */
static void test_fate(void **state UNUSED)
{
    struct scene s;

    open_scene(&s, "e", true);
    check_between(s.c, "client 2 up: drop 2; client 1 up: truncate 3 to 7");
    struct conn *one = check_dial(s.c);
    struct conn *two = check_dial(s.c);

    for (unsigned i = 1; i <= 2; i++) {
        check_exchange(s.c, one);
        check_send(s.c, two);
        assert_int_equal(check_fate(s.c, two).deeds, i == 2 ? 1U << FAULT_DROP : 0);
        if (i == 2)
            check_write_off(s.c, two);
        else
            check_reply(s.c, two);
    }
    check_exchange(s.c, two);
    check_send(s.c, one);
    struct fault_decision fate = check_fate(s.c, one);
    assert_int_equal(fate.deeds, 1U << FAULT_TRUNCATE);
    assert_int_equal(fate.truncate_to, 7);
    assert_true(check_alive(s.c));
    close_scene(&s);
}

/* What stood between, and what it did, is told with the claim that is broken. */
static void test_told(void **state UNUSED)
{
    struct event events[OUTCOME_HEAD + OUTCOME_TAIL];
    struct scene s;
    size_t dropped;
    bool seen = false;
    int guilty;

    open_scene(&s, "-", false);
    check_between(s.c, "up: drop 1");
    check_exchange(s.c, check_dial(s.c));
    between_end(s.c);
    assert_int_equal(s.outcome->kind, OUTCOME_BROKEN);
    assert_contains(s.outcome->reason, "behind \"up: drop 1\", seed ");
    size_t count = outcome_events(s.outcome, events, &dropped, &guilty);
    for (size_t i = 0; i < count; i++)
        seen |= events[i].who == WHO_PROXY && text_eq(events[i].what, "1.1 up 32 drop");
    assert_true(seen);
    close_scene(&s);
}

/* A schedule that cannot be is our mistake, not the target's. */
static void test_trouble(void **state UNUSED)
{
    static const char *const schedules[] = {"up: dorp 1", "up: cut 3"};

    for (size_t i = 0; i < ARRAY_LEN(schedules); i++) {
        struct scene s;

        open_scene(&s, "e", true);
        check_between(s.c, "%s", schedules[i]);
        check_exchange(s.c, check_dial(s.c));
        assert_row(i, s.outcome->kind == OUTCOME_TROUBLE);
        assert_contains(s.outcome->reason, "schedule:1:");
        close_scene(&s);
    }
}

/* What the check starts behind the proxy does not keep it alive. */
static void test_end(void **state UNUSED)
{
    struct process_options o = {.command = "exec sleep 20", .umask = -1};
    static struct process process;
    struct problem why;
    struct scene s;

    open_scene(&s, "e", true);
    check_between(s.c, "up: drop 2");
    check_exchange(s.c, check_dial(s.c));
    assert_true(process_start(&process, &o, &why));
    between_end(s.c);
    assert_false(process_ended(&process));
    process_stop(&process, 0);
    assert_true(check_alive(s.c));
    check_between(s.c, "up: drop 1");
    check_between(s.c, "up: drop 1");
    assert_int_equal(s.outcome->kind, OUTCOME_TROUBLE);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies), cmocka_unit_test(test_fate), cmocka_unit_test(test_told),
        cmocka_unit_test(test_trouble), cmocka_unit_test(test_end),
    };

    return cmocka_run_group_tests_name("between", tests, NULL, NULL);
}
