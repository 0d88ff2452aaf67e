/* Tests that every table of checks and of twins has its line in the list that registers it. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "tests/program.h"
#include "tests/unit.h"

enum { NAMES_MAX = 16384 };

/* Adds " NAME;" for every line MACRO(NAME) of a file. Returns how many there are. */
static unsigned names_of(const char *path, const char *macro, struct buf *ret)
{
    char *text = program_read_file(path);
    unsigned count = 0;

    assert_non_null(text);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (!text_starts(line, macro))
            continue;
        const char *name = line + strlen(macro);

        buf_printf(ret, " %.*s;", (int)strcspn(name, ")"), name);
        count++;
    }
    free(text);
    return count;
}

static void test_tables_are_listed(void **state UNUSED)
{
    static const struct {
        const char *sources, *macro, *list;
    } rows[] = {
        {"conformance/*/*.c", "SUITE(", "conformance/suites.def"},
        {"reference/twins/*.c", "TWINS(", "reference/twins/twins.def"},
        {"reference/twins-rpc/*.c", "TWINS(", "reference/twins-rpc/twins.def"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        glob_t files;
        struct buf tables;
        struct buf listed;
        unsigned ends = 0;

        buf_init(&tables, NAMES_MAX);
        buf_init(&listed, NAMES_MAX);
        unsigned lines = names_of(rows[i].list, "PART(", &listed);
        assert_int_equal(glob(rows[i].sources, 0, NULL, &files), 0);
        for (size_t f = 0; f < files.gl_pathc; f++) {
            buf_reset(&tables);
            ends += names_of(files.gl_pathv[f], rows[i].macro, &tables);
            if (tables.len > 0)
                assert_contains(buf_text(&listed), buf_text(&tables));
        }
        assert_row(i, lines > 5 && ends == lines);
        globfree(&files);
        buf_free(&tables);
        buf_free(&listed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tables_are_listed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
