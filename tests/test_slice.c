/* Tests of slices: cutting, comparing and searching, at every length and up to a page's end. */
#include "harness/base/slice.h"

#include <string.h>

#include "tests/guard.h"
#include "tests/unit.h"

enum { LONGEST = 40 }; /* crosses the word-wise part of the comparison five times */

static void test_views(void **state UNUSED)
{
    static const uint8_t octets[] = {1, 2, 3};

    assert_ptr_equal(slice_of(octets, 3).data, octets);
    assert_int_equal(slice_of(octets, 3).len, 3);
    assert_int_equal(slice_str("").len, 0);
    assert_int_equal(slice_str("four").len, 4);
}

static void test_cutting(void **state UNUSED)
{
    static const struct {
        size_t offset, len;
        const char *part;
    } rows[] = {
        {0, 0, ""},
        {0, 1, "a"},
        {0, 6, "abcdef"},
        {0, SIZE_MAX, "abcdef"},
        {2, 2, "cd"},
        {5, 1, "f"},
        {5, 100, "f"},
        {5, SIZE_MAX, "f"},
        {6, 0, ""},
        {6, 1, ""},
        {7, 1, ""},
        {SIZE_MAX, SIZE_MAX, ""},
        {SIZE_MAX - 1, 2, ""},
    };
    struct slice whole = slice_str("abcdef");

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct slice part = slice_sub(whole, rows[i].offset, rows[i].len);

        assert_row(i, slice_eq(part, slice_str(rows[i].part)));
        if (rows[i].len == SIZE_MAX)
            assert_row(i, slice_eq(slice_from(whole, rows[i].offset), part));
    }
}

static void test_null_slices(void **state UNUSED)
{
    struct slice none = slice_of(NULL, 0);

    assert_true(slice_eq(none, none));
    assert_true(slice_eq(none, slice_str("")));
    assert_false(slice_eq(none, slice_str("a")));
    assert_int_equal(slice_common(none, slice_str("a")), 0);
    assert_int_equal(slice_sub(none, 0, 1).len, 0);
    assert_int_equal(slice_from(none, 5).len, 0);
    assert_int_equal(slice_find(none, none), 0);
    assert_int_equal(slice_find(none, slice_str("a")), 0);
    assert_true(slice_starts(none, none));
    assert_true(slice_starts(slice_str("a"), none));
    assert_false(slice_starts(none, slice_str("a")));
}

/* Two equal runs of every length, and a difference at every place of them. */
static void test_common_at_every_place(void **state UNUSED)
{
    uint8_t octets[LONGEST];
    struct guard left;
    struct guard right;

    guard_open(&left, LONGEST);
    guard_open(&right, LONGEST);
    for (size_t i = 0; i < LONGEST; i++)
        octets[i] = (uint8_t)(0xf0 + i);
    for (size_t len = 0; len <= LONGEST; len++) {
        struct slice a = guard_put(&left, slice_of(octets, len));

        for (size_t at = 0; at <= len; at++) {
            uint8_t *copy = guard_room(&right, len);

            guard_put(&right, slice_of(octets, len));
            if (at < len)
                copy[at] ^= 0x80;
            assert_int_equal(slice_common(a, slice_of(copy, len)), at);
            assert_int_equal(slice_eq(a, slice_of(copy, len)), at == len);
            assert_int_equal(slice_common(a, slice_of(copy, at)), at);
            assert_int_equal(slice_starts(a, slice_of(copy, at)), true);
        }
    }
    guard_close(&left);
    guard_close(&right);
}

static void test_eq_wants_the_same_length(void **state UNUSED)
{
    assert_false(slice_eq(slice_str("abc"), slice_str("abcd")));
    assert_false(slice_eq(slice_str("abcd"), slice_str("abc")));
    assert_true(slice_eq(slice_of("a\0b", 3), slice_of("a\0b", 3)));
    assert_false(slice_eq(slice_of("a\0b", 3), slice_of("a\0c", 3)));
}

static void test_finding(void **state UNUSED)
{
    static const struct {
        const char *whole, *needle;
        size_t at;
    } rows[] = {
        {"", "", 0},          {"abc", "", 0},
        {"abc", "a", 0},      {"abc", "c", 2},
        {"abc", "d", 3},      {"abc", "abcd", 3},
        {"aab", "ab", 1},     {"aaab", "aab", 1},
        {"abab", "ab", 0},    {"a\r\n\r\nb", "\r\n\r\n", 1},
        {"abc", "bc", 1},     {"ababac", "abac", 2},
        {"abcabd", "abd", 3}, {"\n", "\n", 0},
    };
    struct guard g;

    guard_open(&g, 64);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct slice whole = guard_put(&g, slice_str(rows[i].whole));

        assert_row(i, slice_find(whole, slice_str(rows[i].needle)) == rows[i].at);
    }
    guard_close(&g);
}

static void test_starts(void **state UNUSED)
{
    assert_true(slice_starts(slice_str("stream.echo"), slice_str("stream")));
    assert_true(slice_starts(slice_str("same"), slice_str("same")));
    assert_false(slice_starts(slice_str("stream"), slice_str("stream.echo")));
    assert_false(slice_starts(slice_str("stream"), slice_str("strand")));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_cutting),
        cmocka_unit_test(test_null_slices),
        cmocka_unit_test(test_common_at_every_place),
        cmocka_unit_test(test_eq_wants_the_same_length),
        cmocka_unit_test(test_finding),
        cmocka_unit_test(test_starts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
