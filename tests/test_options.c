/* Tests of reading command lines: options, words, the end of options, and what is refused. */
#include <string.h>

#include "conformance/command.h"
#include "tests/unit.h"

enum { TAKEN_MAX = 8, WORDS_MAX = 4 };

/* What the rows below have taken, in order. */
struct taken {
    char text[256];
};

static bool note(struct taken *t, const char *name, const char *value)
{
    size_t len = strlen(t->text);

    text_format(t->text + len, sizeof(t->text) - len, "%s=%s;", name, value);
    return true;
}

static bool take_only(void *into, const char *value, struct problem *why UNUSED)
{
    return note(into, "only", value);
}

static bool take_on(void *into, const char *value, struct problem *why UNUSED)
{
    return note(into, "on", value);
}

static bool take_strict(void *into, const char *value, struct problem *why UNUSED)
{
    return note(into, "strict", value);
}

static bool take_bad(void *into UNUSED, const char *value, struct problem *why)
{
    return problem_set(why, "--bad \"%s\": never right", value);
}

static const struct option_row rows[] = {
    {"only", "GLOB", "some", take_only},
    {"on", "X", "a name that begins another", take_on},
    {"strict", NULL, "no value", take_strict},
    {"bad", "X", "refuses", take_bad},
};

/* Splits a command line at blanks; "''" stands for an empty word. */
static int split(char *line, char **argv)
{
    static char empty[] = "";
    char *save = NULL;
    int argc = 0;

    for (char *word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save))
        argv[argc++] = text_eq(word, "''") ? empty : word;
    argv[argc] = NULL;
    return argc;
}

static bool read_line(const char *text, struct taken *t, const char **words, struct problem *why)
{
    static char line[256];
    char *argv[32];

    text_copy(line, sizeof(line), text);
    *t = (struct taken){""};
    struct option_set set = {
        .rows = rows, .count = ARRAY_LEN(rows), .into = t, .words = words, .words_cap = WORDS_MAX};
    return options_read(&set, split(line, argv), argv, why);
}

static void test_good_lines(void **state UNUSED)
{
    static const struct {
        const char *line, *taken, *words;
    } lines[] = {
        {"check", "", ""},
        {"check a", "", "a,"},
        {"check a b c", "", "a,b,c,"},
        {"check --only x", "only=x;", ""},
        {"check --only=x", "only=x;", ""},
        {"check --only=", "only=;", ""},
        {"check --only ''", "only=;", ""},
        {"check --only=a=b", "only=a=b;", ""},
        {"check --on x --only y", "on=x;only=y;", ""},
        {"check --strict", "strict=;", ""},
        {"check a --strict b --only=x c", "strict=;only=x;", "a,b,c,"},
        {"check --only --strict", "only=--strict;", ""}, /* a value may look like an option */
        {"check --only -- a", "only=--;", "a,"},
        {"check --only -x", "only=-x;", ""},
        {"check -", "", "-,"}, /* a single dash is a word */
        {"check -- --only -x --", "", "--only,-x,--,"},
        {"check '' a", "", ",a,"},
        {"check --only a --only b", "only=a;only=b;", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        const char *words[WORDS_MAX];
        struct problem why = {.text = ""};
        struct taken taken;
        struct buf gathered;

        if (!read_line(lines[i].line, &taken, words, &why))
            fail_msg("row %zu: %s", i, why.text);
        assert_string_equal(taken.text, lines[i].taken);
        buf_init(&gathered, 256);
        for (size_t n = 0; words[n]; n++)
            buf_printf(&gathered, "%s,", words[n]);
        assert_string_equal(buf_text(&gathered), lines[i].words);
        buf_free(&gathered);
    }
}

static void test_bad_lines(void **state UNUSED)
{
    static const struct {
        const char *line, *why;
    } lines[] = {
        {"check --onl x", "unknown option --onl"},
        {"check --only2 x", "unknown option --only2"},
        {"check --o", "unknown option --o"},
        {"check --Only x", "unknown option --Only"},
        {"check --nothing=x", "unknown option --nothing"},
        {"check --=x", "unknown option --"},
        {"check -x", "unknown option -x"},
        {"check -only", "unknown option -only"},
        {"check --only", "--only needs a value: GLOB"},
        {"check a --on", "--on needs a value: X"},
        {"check --strict=yes", "--strict takes no value"},
        {"check --strict=", "--strict takes no value"},
        {"check --bad x", "--bad \"x\": never right"},
        {"check a b c d", "\"d\" is one word too many"},
        {"check -- a b c --strict", "\"--strict\" is one word too many"},
    };

    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        const char *words[WORDS_MAX];
        struct problem why = {.text = ""};
        struct taken taken;

        assert_row(i, !read_line(lines[i].line, &taken, words, &why));
        assert_string_equal(why.text, lines[i].why);
    }
}

/* The first that is wrong ends the reading: nothing behind it is taken. */
static void test_stops_at_the_first(void **state UNUSED)
{
    const char *words[WORDS_MAX];
    struct problem why;
    struct taken taken;

    assert_false(read_line("check --only a --bad x --only b", &taken, words, &why));
    assert_string_equal(taken.text, "only=a;");
}

static void test_no_rows(void **state UNUSED)
{
    char name[] = "check";
    char word[] = "a";
    char *argv[] = {name, word, NULL};
    const char *words[2];
    struct option_set set = {.words = words, .words_cap = ARRAY_LEN(words)};
    struct problem why;

    assert_true(options_read(&set, 2, argv, &why));
    assert_string_equal(words[0], "a");
    assert_null(words[1]);
    set.words_cap = 1;
    assert_true(options_read(&set, 1, argv, &why));
    assert_null(words[0]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_lines),
        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_stops_at_the_first),
        cmocka_unit_test(test_no_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
