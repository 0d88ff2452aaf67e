/* Tests of the source of chance: the algorithm's own vector, seeds and labels, and its bounds. */
#include "harness/base/rng.h"

#include <string.h>

#include "tests/guard.h"
#include "tests/unit.h"

enum { DRAWS = 64 };

/* What the authors' C program of xoshiro256** gives from the state 1, 2, 3, 4. */
static void test_reference_vector(void **state UNUSED)
{
    static const uint64_t due[] = {
        11520,
        0,
        1509978240,
        1215971899390074240,
        1216172134540287360,
        607988272756665600,
        16172922978634559625U,
        8476171486693032832,
        10595114339597558777U,
        2904607092377533576,
    };
    struct rng r = {{1, 2, 3, 4}};

    for (size_t i = 0; i < ARRAY_LEN(due); i++)
        assert_row(i, rng_next(&r) == due[i]);
}

static bool draw_alike(uint64_t seed_a, const char *label_a, uint64_t seed_b, const char *label_b)
{
    struct rng a;
    struct rng b;
    bool alike = true;

    rng_seed(&a, seed_a, label_a);
    rng_seed(&b, seed_b, label_b);
    for (unsigned i = 0; i < DRAWS; i++)
        alike = alike && rng_next(&a) == rng_next(&b);
    return alike;
}

static void test_seeds_and_labels(void **state UNUSED)
{
    assert_true(draw_alike(7, "stream.echo.identity", 7, "stream.echo.identity"));
    assert_true(draw_alike(0, "", 0, ""));
    assert_false(draw_alike(7, "stream.echo.identity", 8, "stream.echo.identity"));
    assert_false(draw_alike(7, "stream.echo.identity", 7, "stream.echo.identitz"));
    assert_false(draw_alike(7, "", 7, "a"));
    assert_false(draw_alike(7, "ab", 7, "ba"));
    assert_false(draw_alike(UINT64_MAX, "a", 0, "a"));
}

static void test_a_zero_state_never_comes(void **state UNUSED)
{
    struct rng r;

    for (uint64_t seed = 0; seed < 1000; seed++) {
        rng_seed(&r, seed, "");
        assert_row(seed, (r.state[0] | r.state[1] | r.state[2] | r.state[3]) != 0);
    }
}

static void test_below_hits_all(void **state UNUSED)
{
    struct rng r;

    rng_seed(&r, 1, "below");
    for (uint64_t limit = 1; limit <= 33; limit++) {
        unsigned hits[33] = {0};

        for (unsigned i = 0; i < 200 * limit; i++) {
            uint64_t drawn = rng_below(&r, limit);

            assert_row(limit, drawn < limit);
            hits[drawn]++;
        }
        /* 200 are expected of each; fewer than 100 or more than 300 is off by seven sigma. */
        for (size_t i = 0; i < limit; i++)
            assert_row(limit, hits[i] > 100 && hits[i] < 300);
    }
}

static void test_below_the_edges(void **state UNUSED)
{
    static const uint64_t limits[] = {1, (UINT64_C(1) << 63) + 1, UINT64_MAX, UINT64_MAX / 3 * 2};
    struct rng r;
    bool high = false;

    rng_seed(&r, 2, "edges");
    assert_int_equal(rng_below(&r, 0), 0);
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        for (unsigned n = 0; n < 1000; n++) {
            uint64_t drawn = rng_below(&r, limits[i]);

            assert_row(i, drawn < limits[i]);
            high = high || drawn > UINT64_MAX / 2;
        }
    }
    assert_true(high);
}

/* Filled up to the page's end, at every length; a fill is a prefix of a longer one. */
static void test_fill(void **state UNUSED)
{
    uint8_t longest[DRAWS];
    struct guard g;
    struct rng r;

    guard_open(&g, DRAWS);
    rng_seed(&r, 3, "fill");
    rng_fill(&r, longest, sizeof(longest));
    for (size_t len = 0; len <= DRAWS; len++) {
        uint8_t *at = guard_room(&g, len);

        rng_seed(&r, 3, "fill");
        rng_fill(&r, at, len);
        assert_row(len, slice_eq(slice_of(at, len), slice_of(longest, len)));
    }
    guard_close(&g);
}

static void test_fill_reaches_every_value(void **state UNUSED)
{
    uint8_t octets[8192];
    unsigned seen[256] = {0};
    struct rng r;

    rng_seed(&r, 4, "values");
    rng_fill(&r, octets, sizeof(octets));
    for (size_t i = 0; i < sizeof(octets); i++)
        seen[octets[i]]++;
    for (size_t value = 0; value < ARRAY_LEN(seen); value++)
        assert_row(value, seen[value] > 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_vector),         cmocka_unit_test(test_seeds_and_labels),
        cmocka_unit_test(test_a_zero_state_never_comes), cmocka_unit_test(test_below_hits_all),
        cmocka_unit_test(test_below_the_edges),          cmocka_unit_test(test_fill),
        cmocka_unit_test(test_fill_reaches_every_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
