/* Tests that the ids of checks stay: conformance/ids has every one, and never loses any. */
#include <stdlib.h>
#include <string.h>

#include "conformance/runner/select.h"
#include "tests/program.h"
#include "tests/unit.h"

enum { IDS_MAX = 4096, LIMIT_S = 20 };

struct id {
    const char *name;
    bool retired;
    bool found;
};

static char *text;
static struct id ids[IDS_MAX];
static size_t id_count;

static struct id *id_find(const char *name)
{
    for (size_t i = 0; i < id_count; i++) {
        if (text_eq(ids[i].name, name))
            return &ids[i];
    }
    return NULL;
}

static int read_ids(void **state UNUSED)
{
    char *save = NULL;

    text = program_read_file("conformance/ids");
    if (!text)
        return -1;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *word = strchr(line, ' ');

        if (line[0] == '#')
            continue;
        if (!word || id_count == IDS_MAX)
            return -1;
        *word++ = '\0';
        if (!text_eq(word, "current") && !text_eq(word, "retired"))
            return -1;
        ids[id_count++] = (struct id){.name = line, .retired = text_eq(word, "retired")};
    }
    return 0;
}

static int free_ids(void **state UNUSED)
{
    free(text);
    return 0;
}

static void test_ids_are_sorted(void **state UNUSED)
{
    for (size_t i = 1; i < id_count; i++)
        assert_row(i, strcmp(ids[i - 1].name, ids[i].name) < 0);
}

static void look_up(const struct check *check, void *closure UNUSED)
{
    struct id *id = id_find(check->id);

    if (!id)
        fail_msg("%s is new: write it into conformance/ids", check->id);
    else if (id->retired)
        fail_msg("%s is the id of a check that is gone: choose another", check->id);
    else
        id->found = true;
}

static void test_ids_are_those_of_the_checks(void **state UNUSED)
{
    registry_each(look_up, NULL);
    for (size_t i = 0; i < id_count; i++) {
        if (!ids[i].found && !ids[i].retired)
            fail_msg("%s has no check any more: mark it as retired", ids[i].name);
    }
}

/* What any earlier version of the file named is named today. */
static void test_no_id_was_taken_away(void **state UNUSED)
{
    struct program_result r = program_run(
        LIMIT_S,
        "git log -p --format= -- conformance/ids | sed -n 's/^[-+]\\([a-z][^ ]*\\) .*/\\1/p'");
    char *save = NULL;

    if (r.status != 0 || r.err[0]) { /* an archive has no history */
        program_free(&r);
        skip();
    }
    for (char *name = strtok_r(r.out, "\n", &save); name; name = strtok_r(NULL, "\n", &save)) {
        if (!id_find(name))
            fail_msg("%s was taken out of conformance/ids: mark it as retired", name);
    }
    program_free(&r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_are_sorted),
        cmocka_unit_test(test_ids_are_those_of_the_checks),
        cmocka_unit_test(test_no_id_was_taken_away),
    };

    return cmocka_run_group_tests(tests, read_ids, free_ids);
}
