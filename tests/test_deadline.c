/* Tests of deadlines: overflow, rounding for poll(2), and the one that never passes. */
#include "harness/base/deadline.h"

#include <limits.h>

#include "tests/unit.h"

static void test_clock_goes_forward(void **state UNUSED)
{
    int64_t last = deadline_now_us();

    assert_true(last > 0);
    for (unsigned i = 0; i < 1000; i++) {
        int64_t now = deadline_now_us();

        assert_true(now >= last);
        last = now;
    }
}

static void test_points_ahead(void **state UNUSED)
{
    static const int64_t rows[] = {0, 1, 250, 60000, INT64_C(1000) * 86400 * 365 * 1000};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t before = deadline_now_us();
        int64_t point = deadline_in_ms(rows[i]);
        int64_t after = deadline_now_us();

        assert_row(i, point >= before + rows[i] * 1000 && point <= after + rows[i] * 1000);
    }
    assert_true(deadline_in_ms(-5) < deadline_now_us());
}

static void test_overflow_is_never(void **state UNUSED)
{
    assert_true(deadline_in_ms(INT64_MAX) == DEADLINE_NEVER);
    assert_true(deadline_in_ms(INT64_MAX / 2) == DEADLINE_NEVER);
    assert_true(deadline_in_ms(INT64_MAX / 1000) == DEADLINE_NEVER);
    assert_true(deadline_in_ms(INT64_MAX / 1000 / 2) < DEADLINE_NEVER);
}

static void test_passing(void **state UNUSED)
{
    assert_true(deadline_passed(0));
    assert_true(deadline_passed(INT64_MIN));
    assert_true(deadline_passed(deadline_in_ms(0)));
    assert_false(deadline_passed(deadline_in_ms(60000)));
    assert_false(deadline_passed(DEADLINE_NEVER));
}

/* Rounded down, a poll(2) would return early and its caller spin through the last millisecond. */
static void test_poll_rounds_up(void **state UNUSED)
{
    static const int64_t rows[] = {1, 999, 1000, 1001, 1999, 60000000, 60000001, 60000999};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t before = deadline_now_us();
        int64_t point = before + rows[i];
        int64_t ms = deadline_poll_ms(point);
        int64_t after = deadline_now_us();

        assert_row(i, ms * 1000 >= point - after);
        assert_row(i, ms == 0 || (ms - 1) * 1000 < point - before);
    }
}

static void test_poll_bounds(void **state UNUSED)
{
    assert_int_equal(deadline_poll_ms(DEADLINE_NEVER), -1);
    assert_int_equal(deadline_poll_ms(0), 0);
    assert_int_equal(deadline_poll_ms(deadline_now_us()), 0);
    assert_int_equal(deadline_poll_ms(DEADLINE_NEVER - 1), INT_MAX);
    assert_int_equal(deadline_poll_ms(deadline_in_ms((int64_t)INT_MAX + 60000)), INT_MAX);
}

static void test_waiting(void **state UNUSED)
{
    int64_t point = deadline_in_ms(5);

    deadline_wait(point);
    assert_true(deadline_now_us() >= point);
    deadline_wait(0);
    deadline_wait(point);
    assert_true(deadline_passed(point));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_goes_forward),
        cmocka_unit_test(test_points_ahead),
        cmocka_unit_test(test_overflow_is_never),
        cmocka_unit_test(test_passing),
        cmocka_unit_test(test_poll_rounds_up),
        cmocka_unit_test(test_poll_bounds),
        cmocka_unit_test(test_waiting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
