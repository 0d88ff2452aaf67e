/* Tests of the page that a check leaves behind: the ring of events, the guilty one, and sharing. */
#include "conformance/runner/outcome.h"

#include <string.h>
#include <sys/wait.h>

#include "tests/unit.h"

enum { HELD = OUTCOME_HEAD + OUTCOME_TAIL };

static struct event shown[HELD];

static void fill(struct outcome *o, size_t count)
{
    outcome_reset(o);
    for (size_t i = 0; i < count; i++) {
        struct event *e = outcome_next(o);

        e->t_us = (int64_t)i;
        e->who = WHO_TARGET;
        text_format(e->what, sizeof(e->what), "event %zu", i);
    }
}

/* Every number of events up to three rounds of the ring: the first and the last stay, in order. */
static void test_keeps_first_and_last(void **state UNUSED)
{
    struct outcome *o = outcome_new();

    assert_non_null(o);
    for (size_t count = 0; count <= HELD + 3 * OUTCOME_TAIL; count++) {
        size_t due_dropped = count > HELD ? count - HELD : 0;
        size_t dropped = 4711;
        int guilty = 4711;

        fill(o, count);
        size_t kept = outcome_events(o, shown, &dropped, &guilty);
        assert_row(count, kept == size_min(count, HELD) && dropped == due_dropped);
        assert_row(count, guilty == -1);
        for (size_t i = 0; i < kept; i++) {
            size_t due = i < OUTCOME_HEAD ? i : i + due_dropped;

            assert_row(count, shown[i].t_us == (int64_t)due);
        }
    }
    outcome_free(o);
}

static void test_guilty_moves_along(void **state UNUSED)
{
    static const struct {
        size_t count;
        int64_t guilty;
        int due;
    } rows[] = {
        {1, 0, 0},
        {10, -1, -1},
        {10, 9, 9},
        {HELD, HELD - 1, HELD - 1},
        {HELD + 50, 0, 0},
        {HELD + 50, OUTCOME_HEAD - 1, OUTCOME_HEAD - 1},
        {HELD + 50, OUTCOME_HEAD, -1}, /* it was dropped */
        {HELD + 50, OUTCOME_HEAD + 49, -1},
        {HELD + 50, OUTCOME_HEAD + 50, OUTCOME_HEAD},
        {HELD + 50, HELD + 49, HELD - 1},
        {10, 10, -1}, /* nonsense from a process that died */
        {10, INT64_MAX, -1},
    };
    struct outcome *o = outcome_new();

    assert_non_null(o);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t dropped;
        int guilty = 4711;

        fill(o, rows[i].count);
        o->guilty = rows[i].guilty;
        outcome_events(o, shown, &dropped, &guilty);
        assert_row(i, guilty == rows[i].due);
    }
    outcome_free(o);
}

/* What another process tells at the end belongs to its time, and the guilty one stays what it is.
 */
static void test_late_events_stand_in_time(void **state UNUSED)
{
    static const int64_t told[] = {10, 20, 30, 15, 5};
    static const int64_t in_time[] = {5, 10, 15, 20, 30};
    struct outcome *o = outcome_new();
    size_t dropped;
    int guilty;

    assert_non_null(o);
    for (size_t i = 0; i < ARRAY_LEN(told); i++)
        outcome_next(o)->t_us = told[i];
    o->guilty = 1;
    assert_int_equal(outcome_events(o, shown, &dropped, &guilty), ARRAY_LEN(told));
    for (size_t i = 0; i < ARRAY_LEN(told); i++)
        assert_row(i, shown[i].t_us == in_time[i]);
    assert_int_equal(shown[guilty].t_us, told[1]);
    outcome_free(o);
}

static void test_places_are_cleared(void **state UNUSED)
{
    struct outcome *o = outcome_new();

    assert_non_null(o);
    for (unsigned i = 0; i < HELD + OUTCOME_TAIL; i++) {
        struct event *e = outcome_next(o);

        assert_row(i, e->what[0] == '\0' && e->kept == 0 && e->length == 0);
        text_copy(e->what, sizeof(e->what), "used");
        e->kept = e->length = 7;
    }
    outcome_free(o);
}

/* The page comes from a process that may have gone mad: its lengths are not believed. */
static void test_lengths_are_bounded(void **state UNUSED)
{
    struct outcome *o = outcome_new();
    size_t dropped;
    int guilty;

    assert_non_null(o);
    struct event *e = outcome_next(o);
    memset(e->what, 'x', sizeof(e->what));
    e->kept = SIZE_MAX;
    assert_int_equal(outcome_events(o, shown, &dropped, &guilty), 1);
    assert_int_equal(strlen(shown[0].what), EVENT_WHAT_MAX - 1);
    assert_int_equal(shown[0].kept, EVENT_BYTES_MAX);
    outcome_free(o);
}

static void test_resetting(void **state UNUSED)
{
    struct outcome *o = outcome_new();
    size_t dropped;
    int guilty;

    assert_non_null(o);
    assert_int_equal(o->kind, OUTCOME_OPEN);
    assert_true(o->guilty == -1);
    fill(o, HELD + 1);
    o->kind = OUTCOME_BROKEN;
    o->guilty = 3;
    text_copy(o->reason, sizeof(o->reason), "why");
    outcome_reset(o);
    assert_int_equal(o->kind, OUTCOME_OPEN);
    assert_true(o->guilty == -1);
    assert_string_equal(o->reason, "");
    assert_int_equal(outcome_events(o, shown, &dropped, &guilty), 0);
    outcome_free(o);
    outcome_free(NULL);
}

/* What a child has written is there when it is dead. */
static void test_shared_with_a_child(void **state UNUSED)
{
    struct outcome *o = outcome_new();
    int status = 0;

    assert_non_null(o);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        fill(o, 5);
        o->kind = OUTCOME_BROKEN;
        text_copy(o->reason, sizeof(o->reason), "the child says so");
        _exit(7);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_int_equal(o->kind, OUTCOME_BROKEN);
    assert_int_equal(o->count, 5);
    assert_string_equal(o->reason, "the child says so");
    outcome_free(o);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keeps_first_and_last),      cmocka_unit_test(test_guilty_moves_along),
        cmocka_unit_test(test_late_events_stand_in_time), cmocka_unit_test(test_places_are_cleared),
        cmocka_unit_test(test_lengths_are_bounded),       cmocka_unit_test(test_resetting),
        cmocka_unit_test(test_shared_with_a_child),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
