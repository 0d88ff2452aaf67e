/* Lists of checks in words: they fit the line that they are for, however many there are. */
#include <string.h>

#include "conformance/runner/run.h"
#include "tests/unit.h"

static void test_names(void **state UNUSED)
{
    static const struct check a = {.id = "a.a.a"};
    static const struct {
        size_t count;
        const char *due;
    } rows[] = {
        {0, ""},
        {1, "a.a.a"},
        {4, "a.a.a, a.a.a, a.a.a, a.a.a"},
        {5, "a.a.a, a.a.a, a.a.a, a.a.a and 1 more"},
        {22, "a.a.a, a.a.a, a.a.a, a.a.a and 18 more"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out;

        buf_init(&out, 400);
        for (size_t nth = 0; nth < rows[i].count; nth++)
            run_put_name(&out, nth, &a);
        run_end_names(&out, rows[i].count);
        assert_string_equal(buf_text(&out), rows[i].due);
        buf_free(&out);
    }
}

/* The longest ids there are: a list that does not fit would be empty. */
static void put(const struct check *check, void *closure)
{
    struct buf *out = closure;

    out->len = 0;
    for (size_t nth = 0; nth < 400; nth++)
        run_put_name(out, nth, check);
    run_end_names(out, 400);
    assert_non_null(strstr(buf_text(out), " and 396 more"));
}

static void test_names_fit(void **state UNUSED)
{
    struct buf out;

    buf_init(&out, 400);
    registry_each(put, &out);
    buf_free(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_names_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
