/* Tests of the catalogue of requirements: complete, unambiguous, and judged by its own rule. */
#include "conformance/requirements/requirements.h"

#include <string.h>

#include "conformance/runner/select.h"
#include "tests/unit.h"

static const struct requirement_row *row(size_t i)
{
    return requirement_row((enum requirement)i);
}

static bool is_text(const char *text)
{
    return text && strlen(text) > 0 && text[0] != ' ' && text[strlen(text) - 1] != ' ' &&
           !strpbrk(text, "\n\r\t") && !strstr(text, "  ");
}

static void test_there_are_many(void **state UNUSED)
{
    assert_true(REQUIREMENTS > 770);
    assert_int_equal(REQ_NONE, 0);
}

static void test_ids(void **state UNUSED)
{
    for (size_t i = 1; i < REQUIREMENTS; i++) {
        assert_row(i, is_text(row(i)->id) && !strchr(row(i)->id, ' '));
        for (size_t n = 1; n < i; n++)
            assert_row(i, !text_eq(row(n)->id, row(i)->id));
    }
}

static void test_texts(void **state UNUSED)
{
    for (size_t i = 1; i < REQUIREMENTS; i++) {
        assert_row(i, is_text(row(i)->source) && is_text(row(i)->section));
        assert_row(i, is_text(row(i)->statement) && strlen(row(i)->statement) > 20);
        assert_row(i, !row(i)->correction || strlen(row(i)->correction) > 20);
        if (row(i)->correction)
            assert_row(i, is_text(row(i)->correction));
    }
}

static void test_statements_differ(void **state UNUSED)
{
    for (size_t i = 1; i < REQUIREMENTS; i++) {
        for (size_t n = 1; n < i; n++)
            assert_row(i, !text_eq(row(n)->statement, row(i)->statement));
    }
}

static void test_citations(void **state UNUSED)
{
    for (size_t i = 1; i < REQUIREMENTS; i++) {
        char due[400];

        text_format(due, sizeof(due), "%s: %s, %s", row(i)->id, row(i)->source, row(i)->section);
        assert_string_equal(row(i)->cite, due);
    }
}

/* The level that follows from the word of the source, where nothing is corrected. A fact is judged
   by what states it: a document makes it a must, mere engineering makes it robust. */
static bool follows(const struct requirement_row *r)
{
    switch (r->strength) {
    case STRENGTH_MUST:
        return r->level == LEVEL_MUST;
    case STRENGTH_SHOULD:
        return r->level == LEVEL_SHOULD;
    case STRENGTH_MAY:
        return r->level == LEVEL_NOTE;
    case STRENGTH_FACT:
        return r->level == LEVEL_MUST || r->level == LEVEL_ROBUST;
    }
    return false;
}

static void test_levels_follow_or_are_explained(void **state UNUSED)
{
    for (size_t i = 1; i < REQUIREMENTS; i++) {
        assert_in_range(row(i)->strength, STRENGTH_MUST, STRENGTH_FACT);
        assert_in_range(row(i)->level, LEVEL_MUST, LEVEL_NOTE);
        assert_in_range(row(i)->role, ROLE_SERVER, ROLE_API);
        if (!follows(row(i)) && !row(i)->correction)
            fail_msg("%s is judged as %s without a word why", row(i)->id,
                     level_name(row(i)->level));
    }
}

static void test_every_must_is_judged_must(void **state UNUSED)
{
    for (size_t i = 1; i < REQUIREMENTS; i++) {
        if (row(i)->strength == STRENGTH_MUST && row(i)->level != LEVEL_MUST)
            fail_msg("%s is a MUST and judged as %s", row(i)->id, level_name(row(i)->level));
    }
}

/* What no document says cannot be a must. */
static void test_engineering_is_no_must(void **state UNUSED)
{
    for (size_t i = 1; i < REQUIREMENTS; i++) {
        if (text_eq(row(i)->source, "engineering"))
            assert_row(i, row(i)->level != LEVEL_MUST);
    }
}

/* ---- what no check covers ---- */

static void assert_tried(const struct check *check, void *closure UNUSED)
{
    for (size_t i = 1; i < REQUIREMENTS; i++) {
        if (check_covers(check, (enum requirement)i) && requirement_untested((enum requirement)i))
            fail_msg("%s cites %s, which nobody can try", check->id, row(i)->id);
    }
}

static void test_untested_rows_are_not_cited(void **state UNUSED)
{
    registry_each(assert_tried, NULL);
}

static void test_reasons(void **state UNUSED)
{
    for (size_t i = 1; i < REQUIREMENTS; i++) {
        const char *why = requirement_untested((enum requirement)i);

        assert_row(i, !why || (is_text(why) && strlen(why) > 20));
        if (row(i)->role == ROLE_API || row(i)->role == ROLE_COMPILER)
            assert_row(i, why);
    }
}

static void mark(const struct check *check, void *closure)
{
    bool *covered = closure;

    for (size_t i = 1; i < REQUIREMENTS; i++)
        covered[i] |= check_covers(check, (enum requirement)i);
}

/* What a server, a registry or a codec promises has a check, or a word why not. */
static void test_nothing_is_forgotten(void **state UNUSED)
{
    static bool covered[REQUIREMENTS];

    registry_each(mark, covered);
    for (size_t i = 1; i < REQUIREMENTS; i++) {
        if (row(i)->role != ROLE_CLIENT && !covered[i] &&
            !requirement_untested((enum requirement)i))
            fail_msg("%s has neither a check nor a word why not", row(i)->id);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_are_many),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_statements_differ),
        cmocka_unit_test(test_citations),
        cmocka_unit_test(test_levels_follow_or_are_explained),
        cmocka_unit_test(test_every_must_is_judged_must),
        cmocka_unit_test(test_engineering_is_no_must),
        cmocka_unit_test(test_untested_rows_are_not_cited),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_nothing_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
