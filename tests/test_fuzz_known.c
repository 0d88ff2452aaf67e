/*
 * Every line of fuzz/oracle/known.def has a case, corpus/known/TARGET/ID, that shows that the
 * defect is still there; every line of accepted.def one in corpus/accepted/TARGET/ID. Where a test
 * here fails because a library was mended, the line and the case go.
 */
#include <dirent.h>
#include <stdlib.h>

#include "fuzz/engine/commands.h"
#include "fuzz/oracle/accepted.h"
#include "fuzz/oracle/finding.h"
#include "tests/unit.h"

enum { ROOM = 1 << 16, PATH_ROOM = 300 };

static uint8_t room[ROOM];

/* The case runs under its target; false where there is none of this name. */
static bool run_case(const char *folder, const struct fuzz_target *target, const char *id)
{
    char path[PATH_ROOM];

    text_format(path, sizeof(path), "corpus/%s/%s/%s", folder, target->name, id);
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    size_t len = fread(room, 1, sizeof(room), file);
    fclose(file);
    finding_open(target->name, FINDING_KEEP);
    accepted_reset();
    fuzz_one(target, slice_of(room, len));
    return true;
}

/* Nothing but what is known, and that. */
static void assert_known(const struct known *known)
{
    for (size_t i = 0; i < finding_count(); i++) {
        const struct finding *f = finding_at(i);

        if (!f->known)
            fail_msg("%s: new: oracle %s: %s", known->id, oracle_id(f->oracle), f->text);
    }
    if (known_met(known) == 0)
        fail_msg("%s: not met, %zu findings", known->id, finding_count());
}

static void test_known(void **state UNUSED)
{
    for (size_t i = 0; known_at(i); i++) {
        size_t cases = 0;

        for (size_t t = 0; fuzz_targets[t]; t++) {
            if (!run_case("known", fuzz_targets[t], known_at(i)->id))
                continue;
            cases++;
            assert_known(known_at(i));
        }
        if (cases == 0)
            fail_msg("%s has no case in corpus/known", known_at(i)->id);
    }
}

static void test_accepted(void **state UNUSED)
{
    for (size_t i = 0; accepted_at(i); i++) {
        const struct accepted *a = accepted_at(i);
        size_t cases = 0;

        for (size_t t = 0; fuzz_targets[t]; t++) {
            if (!run_case("accepted", fuzz_targets[t], a->id))
                continue;
            cases++;
            if (finding_count())
                fail_msg("%s: oracle %s: %s", a->id, oracle_id(finding_at(0)->oracle),
                         finding_at(0)->text);
            if (accepted_met(a) == 0)
                fail_msg("%s: not met", a->id);
        }
        if (cases == 0)
            fail_msg("%s has no case in corpus/accepted", a->id);
    }
}

/* A case that has lost its line is no longer run: each has one, under a target there is. */
static bool has_line(bool accepted, const char *id)
{
    for (size_t i = 0; accepted && accepted_at(i); i++) {
        if (text_eq(accepted_at(i)->id, id))
            return true;
    }
    for (size_t i = 0; !accepted && known_at(i); i++) {
        if (text_eq(known_at(i)->id, id))
            return true;
    }
    return false;
}

static void each_name(const char *path, void (*seen)(const char *path, const char *name))
{
    DIR *folder = opendir(path);

    assert_non_null(folder);
    for (struct dirent *e = readdir(folder); e; e = readdir(folder)) {
        if (e->d_name[0] != '.')
            seen(path, e->d_name);
    }
    closedir(folder);
}

static void check_case(const char *path, const char *name)
{
    if (!has_line(text_starts(path, "corpus/accepted"), name))
        fail_msg("%s/%s has no line", path, name);
}

static void check_folder(const char *path, const char *name)
{
    char folder[PATH_ROOM];

    if (!fuzz_target_find(name))
        fail_msg("%s/%s is no target", path, name);
    text_format(folder, sizeof(folder), "%s/%s", path, name);
    each_name(folder, check_case);
}

static void test_cases(void **state UNUSED)
{
    each_name("corpus/known", check_folder);
    each_name("corpus/accepted", check_folder);
}

/* An id is of one line. */
static void test_ids(void **state UNUSED)
{
    for (size_t i = 0; known_at(i); i++) {
        for (size_t k = 0; k < i; k++)
            assert_row(i, !text_eq(known_at(i)->id, known_at(k)->id));
    }
    for (size_t i = 0; accepted_at(i); i++) {
        for (size_t k = 0; k < i; k++)
            assert_row(i, !text_eq(accepted_at(i)->id, accepted_at(k)->id));
    }
}

int main(void)
{
    setenv("ASSAY_FUZZ_GSS", "1", true); /* what is known of it is shown, too */

    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_ids),
    };

    return cmocka_run_group_tests_name("fuzz_known", tests, NULL, NULL);
}
