/*
 * The planted faults: each is found on its case, corpus/planted/NAME, by the oracle that it is made
 * for, and no oracle finds anything in a case where nothing is planted. What only a sanitizer sees
 * is left to the build that has one.
 */
#include <dirent.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/planted/plant_cases.h"
#include "fuzz/planted/plant_try.h"
#include "fuzz/target.h"
#include "harness/base/file.h"
#include "harness/report/status.h"
#include "tests/unit.h"

#define FOLDER "corpus/planted"

static struct plant_tried tried;
static struct buf octets;

static struct slice case_of(const char *name)
{
    char path[200];
    struct problem why;

    buf_reset(&octets);
    text_format(path, sizeof(path), FOLDER "/%s", name);
    if (!file_read(path, &octets, &why) || octets.failed)
        fail_msg("%s cannot be read", path);
    return buf_slice(&octets);
}

static void test_found(void **state UNUSED)
{
    for (unsigned i = 0; i < PLANTS; i++) {
        const struct plant_row *row = plant_row((enum plant)i);

        if (row->oracle == ORACLE_SANITIZER && !plant_is_sanitized())
            continue;
        assert_true(plant_try((enum plant)i, case_of(row->name), &tried));
        if (!(tried.oracles & 1U << row->oracle))
            fail_msg("%s is not found by %s: oracles 0x%x\n%s", row->name, oracle_id(row->oracle),
                     tried.oracles, tried.said);
    }
}

static void test_quiet(void **state UNUSED)
{
    for (unsigned i = 0; i < PLANTS; i++) {
        const char *name = plant_row((enum plant)i)->name;

        assert_true(plant_try(PLANTS, case_of(name), &tried));
        if (tried.oracles)
            fail_msg("%s: found with nothing planted: %s", name, tried.said);
    }
}

/* What is found belongs to the fault, and not to the case: another fault finds nothing there. */
static void test_other_fault(void **state UNUSED)
{
    assert_true(plant_try(PLANT_PADDING, case_of("list-recursion"), &tried));
    assert_int_equal(tried.oracles, 0);
    assert_true(plant_try(PLANT_LIST_RECURSION, case_of("padding"), &tried));
    assert_int_equal(tried.oracles, 0);
}

static void test_files(void **state UNUSED)
{
    struct buf made;
    size_t files = 0;
    DIR *folder = opendir(FOLDER);

    assert_non_null(folder);
    for (const struct dirent *e = readdir(folder); e; e = readdir(folder))
        files += e->d_name[0] != '.' && !text_starts(e->d_name, "regress-");
    closedir(folder);
    assert_int_equal(files, PLANTS);
    buf_init(&made, PLANT_CASE_MAX);
    for (unsigned i = 0; i < PLANTS; i++) {
        buf_reset(&made);
        plant_case((enum plant)i, &made);
        assert_false(made.failed);
        assert_octets(case_of(plant_row((enum plant)i)->name), buf_slice(&made));
    }
    buf_free(&made);
}

static void test_table(void **state UNUSED)
{
    uint32_t oracles = 0;
    enum plant found;

    for (unsigned i = 0; i < PLANTS; i++) {
        const struct plant_row *row = plant_row((enum plant)i);

        oracles |= 1U << row->oracle;
        assert_row(i, plant_find(row->name, &found) && found == (enum plant)i);
        assert_row(i, row->executions > 0);
    }
    for (unsigned i = 0; i < ORACLES; i++)
        assert_row(i, oracles & 1U << i);
    assert_false(plant_find("", &found));
    assert_false(plant_find("no-such-fault", &found));
}

static void test_heard(void **state UNUSED)
{
    static const struct {
        const char *said;
        bool died;
        uint32_t oracles;
    } rows[] = {
        {"", false, 0},
        {"", true, 1U << ORACLE_CRASH},
        {"all is well\n", false, 0},
        {"assay: planted: oracle leak: 8 octets\n", true, 1U << ORACLE_LEAK},
        {"oracle leak: 8\noracle round-trip: x\n", false,
         1U << ORACLE_LEAK | 1U << ORACLE_ROUND_TRIP},
        {"the oracle of Delphi: x\n", false, 0},
        {"==1==ERROR: AddressSanitizer: heap-buffer-overflow on\n", true, 1U << ORACLE_SANITIZER},
        {"==1==ERROR: AddressSanitizer: SEGV on unknown address\n", true, 1U << ORACLE_CRASH},
        {"a.c:1:2: runtime error: signed integer overflow\n", true, 1U << ORACLE_SANITIZER},
        {"==1== ERROR: libFuzzer: deadly signal\n", true, 1U << ORACLE_CRASH},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_row(i, plant_heard(rows[i].said, rows[i].died) == rows[i].oracles);
}

/* A fault that is not there is a mistake of whoever asks for it, and no quiet run. */
static void test_unknown_fault(void **state UNUSED)
{
    char said[300] = "";
    int ends[2];
    int status = 0;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        setenv("ASSAY_FUZZ_PLANT", "no-such-fault", 1);
        finding_open(fuzz_target_planted.name, FINDING_KEEP);
        fuzz_one(&fuzz_target_planted, slice_of("", 0));
        _exit(STATUS_OK);
    }
    close(ends[1]);
    assert_true(read(ends[0], said, sizeof(said) - 1) > 0);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), STATUS_USAGE);
    assert_contains(said, "no-such-fault");
}

static int begin(void **state UNUSED)
{
    buf_init(&octets, PLANT_CASE_MAX);
    return 0;
}

static int end(void **state UNUSED)
{
    buf_free(&octets);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),         cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_other_fault),   cmocka_unit_test(test_files),
        cmocka_unit_test(test_table),         cmocka_unit_test(test_heard),
        cmocka_unit_test(test_unknown_fault),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
