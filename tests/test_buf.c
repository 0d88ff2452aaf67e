/* Tests of the growing buffer: its ceiling, the failure that sticks, and what it holds. */
#include "harness/base/buf.h"

#include <string.h>

#include "tests/unit.h"

static void test_appending(void **state UNUSED)
{
    struct buf b;

    buf_init(&b, 1000);
    buf_put_str(&b, "one ");
    buf_put_byte(&b, '2');
    buf_put(&b, slice_of("\0x", 2));
    buf_printf(&b, " %s-%d", "three", 4);
    assert_octets(buf_slice(&b), slice_of("one 2\0x three-4", 15));
    assert_false(b.failed);
    buf_free(&b);
}

static void test_empty(void **state UNUSED)
{
    struct buf b;

    buf_init(&b, 0);
    buf_put(&b, slice_of(NULL, 0));
    buf_put_str(&b, "");
    buf_drop(&b, 5);
    assert_int_equal(buf_slice(&b).len, 0);
    assert_string_equal(buf_text(&b), "");
    assert_false(b.failed);
    buf_put_byte(&b, 'x');
    assert_true(b.failed);
    buf_free(&b);
}

/* Every ceiling from 0 to 600, so that growing and refusing meet at each size of the memory. */
static void test_ceiling(void **state UNUSED)
{
    for (size_t max = 0; max <= 600; max++) {
        struct buf b;

        buf_init(&b, max);
        for (size_t i = 0; i < max; i++)
            buf_put_byte(&b, (uint8_t)i);
        assert_row(max, !b.failed && b.len == max);
        buf_put_byte(&b, 'x');
        assert_row(max, b.failed && b.len == max);
        buf_free(&b);
    }
}

static void test_failure_sticks(void **state UNUSED)
{
    struct buf b;

    buf_init(&b, 4);
    buf_put_str(&b, "abc");
    buf_put_str(&b, "de"); /* one too many: nothing of it is taken */
    assert_true(b.failed);
    assert_int_equal(b.len, 3);
    buf_put_byte(&b, 'd'); /* would fit */
    buf_put_u32(&b, 1);
    buf_printf(&b, "%d", 1);
    assert_null(buf_extend(&b, 1));
    assert_null(buf_extend(&b, 0));
    assert_octets(buf_slice(&b), slice_str("abc"));
    assert_string_equal(buf_text(&b), "");
    buf_reset(&b);
    assert_false(b.failed);
    buf_put_str(&b, "full");
    assert_string_equal(buf_text(&b), "full");
    buf_free(&b);
}

static void test_sums_do_not_overflow(void **state UNUSED)
{
    struct buf b;

    buf_init(&b, 100);
    buf_put_str(&b, "abc");
    assert_null(buf_extend(&b, SIZE_MAX));
    assert_true(b.failed);
    buf_reset(&b);
    buf_put_str(&b, "abc");
    assert_null(buf_extend(&b, SIZE_MAX - 2));
    assert_true(b.failed);
    buf_free(&b);
}

static void test_printf_ceiling(void **state UNUSED)
{
    struct buf b;

    buf_init(&b, 5);
    buf_printf(&b, "%05d", 42);
    assert_string_equal(buf_text(&b), "00042");
    buf_reset(&b);
    buf_printf(&b, "%06d", 42);
    assert_true(b.failed);
    assert_int_equal(b.len, 0);
    buf_free(&b);
}

static void test_u32(void **state UNUSED)
{
    static const struct {
        uint32_t value;
        const char octets[5];
    } rows[] = {
        {0, "\0\0\0\0"},
        {1, "\0\0\0\1"},
        {0x01020304, "\1\2\3\4"},
        {0x80000000U, "\x80\0\0\0"},
        {UINT32_MAX, "\xff\xff\xff\xff"},
    };
    struct buf b;

    buf_init(&b, 4);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        buf_reset(&b);
        buf_put_u32(&b, rows[i].value);
        assert_row(i, slice_eq(buf_slice(&b), slice_of(rows[i].octets, 4)));
    }
    buf_free(&b);
}

static void test_dropping(void **state UNUSED)
{
    static const struct {
        size_t len;
        const char *rest;
    } rows[] = {{0, "abcdef"}, {1, "bcdef"}, {5, "f"}, {6, ""}, {7, ""}, {SIZE_MAX, ""}};
    struct buf b;

    buf_init(&b, 100);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        buf_reset(&b);
        buf_put_str(&b, "abcdef");
        buf_drop(&b, rows[i].len);
        assert_row(i, text_eq(buf_text(&b), rows[i].rest));
        buf_put_str(&b, "+");
        assert_row(i, text_starts(buf_text(&b), rows[i].rest) && b.len == strlen(rows[i].rest) + 1);
    }
    buf_free(&b);
}

static void test_extending(void **state UNUSED)
{
    struct buf b;

    buf_init(&b, 10000);
    for (unsigned part = 1; part <= 100; part++) {
        uint8_t *at = buf_extend(&b, part);

        assert_non_null(at);
        assert_ptr_equal(at, b.data + b.len - part);
        memset(at, (int)part, part);
    }
    assert_int_equal(b.len, 5050);
    size_t offset = 0;
    for (unsigned part = 1; part <= 100; part++) {
        assert_int_equal(b.data[offset], part);
        assert_int_equal(b.data[offset + part - 1], part);
        offset += part;
    }
    buf_free(&b);
}

static void test_text_does_not_count(void **state UNUSED)
{
    struct buf b;

    buf_init(&b, 3);
    buf_put_str(&b, "abc");
    assert_string_equal(buf_text(&b), "abc"); /* the NUL stands behind the ceiling */
    assert_int_equal(b.len, 3);
    assert_false(b.failed);
    buf_drop(&b, 1);
    assert_string_equal(buf_text(&b), "bc");
    buf_free(&b);
}

static void test_freeing(void **state UNUSED)
{
    struct buf b;

    buf_init(&b, 4);
    buf_put_str(&b, "too long");
    buf_free(&b);
    assert_null(b.data);
    assert_int_equal(b.max, 4);
    assert_false(b.failed);
    buf_put_str(&b, "used");
    assert_string_equal(buf_text(&b), "used");
    buf_free(&b);
    buf_free(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appending),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_failure_sticks),
        cmocka_unit_test(test_sums_do_not_overflow),
        cmocka_unit_test(test_printf_ceiling),
        cmocka_unit_test(test_u32),
        cmocka_unit_test(test_dropping),
        cmocka_unit_test(test_extending),
        cmocka_unit_test(test_text_does_not_count),
        cmocka_unit_test(test_freeing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
