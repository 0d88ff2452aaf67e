/* Tests of choosing checks by what they are worth. */
#include "conformance/runner/worth.h"

#include "conformance/runner/select.h"
#include "tests/unit.h"

enum { MANY = 1024 };

static const struct check *checks[MANY];
static size_t count;

static void take(const struct check *check, void *closure UNUSED)
{
    assert_true(count < MANY);
    checks[count++] = check;
}

static int take_all(void **state UNUSED)
{
    count = 0;
    registry_each(take, NULL);
    return 0;
}

static int64_t time_of(size_t kept)
{
    int64_t ms = 0;

    for (size_t i = 0; i < kept; i++)
        ms += worth_of(checks[i]->id).ms;
    return ms;
}

/* Each check was measured: worth.def names it. */
static void test_rows(void **state UNUSED)
{
    for (size_t i = 0; i < count; i++) {
        struct worth w = worth_of(checks[i]->id);

        assert_string_equal(w.id, checks[i]->id);
        assert_row(i, w.ms > 0);
        assert_row(i, w.twins > 0 || check_level(checks[i]) == LEVEL_NOTE);
    }
    assert_int_equal(worth_of("no.such.check").twins, 0);
}

static void test_all_fit(void **state UNUSED)
{
    size_t kept = count;

    worth_keep(checks, &kept, time_of(count));
    assert_int_equal(kept, count);
}

/* What is kept fits, stands in its old order, and what was left out alone would not fit any more.
 */
static void test_some_fit(void **state UNUSED)
{
    static const struct check *before[MANY];
    const int64_t budget = 2000;
    size_t kept = count;
    size_t at = 0;

    for (size_t i = 0; i < count; i++)
        before[i] = checks[i];
    worth_keep(checks, &kept, budget);
    int64_t used = time_of(kept);
    assert_true(kept > 0 && kept < count && used <= budget);
    for (size_t i = 0; i < count; i++) {
        if (at < kept && before[i] == checks[at])
            at++;
        else
            assert_row(i, worth_of(before[i]->id).ms > budget - used);
    }
    assert_int_equal(at, kept);
}

/* The better of two is the one that stays, and one stays in any case. */
static void test_best_stays(void **state UNUSED)
{
    size_t kept = count;

    worth_keep(checks, &kept, 1);
    assert_true(kept >= 1);
    struct worth best = worth_of(checks[0]->id);
    take_all(NULL);
    for (size_t i = 0; i < count; i++) {
        struct worth w = worth_of(checks[i]->id);

        assert_row(i, (uint64_t)w.twins * best.ms <= (uint64_t)best.twins * w.ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_rows, take_all),
        cmocka_unit_test_setup(test_all_fit, take_all),
        cmocka_unit_test_setup(test_some_fit, take_all),
        cmocka_unit_test_setup(test_best_stays, take_all),
    };

    return cmocka_run_group_tests_name("worth", tests, NULL, NULL);
}
