/* Tests of the promises of a user: what is known, what is allowed, what is refused. */
#include "conformance/runner/expect.h"

#include "conformance/runner/select.h"
#include "tests/unit.h"

static void test_allowed(void **state UNUSED)
{
    static const struct {
        const char *key, *value;
        const char *why; /* NULL: allowed */
    } rows[] = {
        {"concurrent", "", NULL},
        {"concurrent", "no", "--expect concurrent takes no value"},
        {"connections", "1", NULL},
        {"connections", "60000", NULL},
        {"connections", "0", "needs a number from 1 to 60000, not \"0\""},
        {"connections", "60001", "needs a number from 1 to 60000"},
        {"connections", "", "needs a number from 1 to 60000, not \"\""},
        {"connections", "x", "not \"x\""},
        {"idle-timeout", "40", NULL},
        {"idle-timeout", "41", "from 1 to 40"},
        {"max-string", "4294967295", NULL},
        {"telepathy", "", "\"telepathy\": no check heeds this key; known are concurrent, "},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct expectation e = {rows[i].key, rows[i].value};
        struct problem why = {.text = ""};

        assert_row(i, expect_allows(&e, &why) == !rows[i].why);
        if (rows[i].why)
            assert_contains(why.text, rows[i].why);
    }
}

static void look(const struct check *check, void *closure)
{
    struct expectation bare = {check->expects, ""};
    struct expectation number = {check->expects, "1"};
    unsigned *count = closure;

    if (!check->expects)
        return;
    (*count)++;
    if (!expect_allows(&bare, NULL) && !expect_allows(&number, NULL))
        fail_msg("%s heeds --expect %s, which nobody may give", check->id, check->expects);
}

static void test_every_key_may_be_given(void **state UNUSED)
{
    unsigned count = 0;

    registry_each(look, &count);
    assert_true(count >= 5);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_every_key_may_be_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
