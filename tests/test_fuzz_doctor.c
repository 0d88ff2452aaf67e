/* `assay fuzz doctor` lets a sound rig through, and refuses each broken one for its own reason. */
#include <string.h>

#include "tests/program.h"
#include "tests/unit.h"

/* The seeds of a rig: "deep", where its canary sits, and every value of an octet that matters. */
static void write_seeds(const char *rig, const char *begin)
{
    char path[256];
    struct buf seed;

    text_format(path, sizeof(path), "%s/%s", program_folder, rig);
    struct program_result r = program_run(10, "mkdir -p %s", path);
    program_free(&r);
    buf_init(&seed, 256);
    buf_put_str(&seed, begin);
    for (unsigned i = 1; i < 128; i++)
        buf_put_byte(&seed, (uint8_t)i);
    text_format(path, sizeof(path), "%s/%s/seed", program_folder, rig);
    program_write_file(path, buf_text(&seed));
    buf_free(&seed);
}

static struct program_result examine(const char *rig, const char *settings)
{
    return program_run(120, "%s @B/assay fuzz doctor %s --engines @B/../fuzz/rigs --corpus %s",
                       settings, rig, program_folder);
}

static void test_sound(void **state UNUSED)
{
    write_seeds("rig-sound", "deep");
    struct program_result r = examine("rig-sound", "");

    assert_int_equal(r.status, 0);
    assert_contains(r.out, "rig-sound         fine ");
    assert_lacks(r.out, "refused");
    program_free(&r);
    write_seeds("rig-extra", "deep");
    r = examine("rig-extra", "");
    assert_int_equal(r.status, 0);
    assert_contains(r.out, "rig-extra         fine     127 of ");
    program_free(&r);
}

static void test_broken(void **state UNUSED)
{
    static const struct {
        const char *rig;
        const char *begin;
        const char *why;
        const char *mend;
    } rows[] = {
        {"rig-blind", "deep", "its seeds reach 0 of ", "-fsanitize=fuzzer-no-link"},
        {"rig-naked", "deep", "there is no AddressSanitizer", "make fuzzers"},
        {"rig-naked", "deep", "there is no UndefinedBehaviorSanitizer", "make fuzzers"},
        {"rig-empty", "deep", "it dies on the empty input", "no octets"},
        {"rig-moody", "deep", "two runs of a seed do not cover the same", "kept from case to case"},
        {"rig-loud", "deep", "it writes to standard output", "close_fd_mask"},
        {"rig-deaf", "deep", "no seed comes to where its canary sits", "not registered"},
        {"rig-missing", "deep", "its fuzzer is not there", "make fuzzers"},
        {"rig-sound", "shallow", "no seed comes to where its canary sits", "refused at once"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        write_seeds(rows[i].rig, rows[i].begin);
        struct program_result r = examine(rows[i].rig, "");

        assert_row(i, r.status == 1);
        assert_contains(r.out, rows[i].why);
        assert_contains(r.out, rows[i].mend);
        assert_lacks(r.out, " fine ");
        program_free(&r);
    }
}

/* The canary ends a fuzzer, and its case is no find: nothing stays in the folder of the user, also
   where there are no seeds. */
static void test_leaves_nothing(void **state UNUSED)
{
    static const char *const corpora[] = {"..", "../nowhere"};

    write_seeds("rig-sound", "deep");
    for (size_t i = 0; i < ARRAY_LEN(corpora); i++) {
        struct program_result r =
            program_run(120,
                        "mkdir -p %s/here && cd %s/here && "
                        "@B/assay fuzz doctor rig-sound --engines @B/../fuzz/rigs "
                        "--corpus %s; echo status $? && ls",
                        program_folder, program_folder, corpora[i]);

        assert_contains(r.out, i == 0 ? "status 0" : "status 1");
        assert_lacks(r.out, "crash-");
        program_free(&r);
    }
}

static void test_surroundings(void **state UNUSED)
{
    static const struct {
        const char *settings;
        const char *why;
    } rows[] = {
        {"ulimit -n 40;", "ulimit -n is 40"},
        {"ulimit -v 40000000;", "ulimit -v is set"},
        {"ASSAY_FUZZ_GSS=1", "ASSAY_FUZZ_GSS is set"},
        {"ASSAY_FUZZ_PLANT=any", "ASSAY_FUZZ_PLANT is set"},
    };

    write_seeds("rig-sound", "deep");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct program_result r = examine("rig-sound", rows[i].settings);

        assert_row(i, r.status == 1);
        assert_contains(r.out, rows[i].why);
        program_free(&r);
    }
}

static void test_usage(void **state UNUSED)
{
    static const struct {
        const char *words;
        const char *why;
    } rows[] = {
        {"--floor", "--floor wants a value"},
        {"--floor x", "\"x\" is no number"},
        {"--florr 3", "\"--florr\" is not known"},
        {"wir", "there is no target \"wir\""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct program_result r = program_run(10, "@B/assay fuzz doctor %s", rows[i].words);

        assert_row(i, r.status == 2);
        assert_contains(r.err, rows[i].why);
        program_free(&r);
    }
    struct program_result r = program_run(10, "@B/assay fuzz doctor --help");
    assert_int_equal(r.status, 0);
    assert_contains(r.out, "Examples:");
    program_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),          cmocka_unit_test(test_broken),
        cmocka_unit_test(test_leaves_nothing), cmocka_unit_test(test_surroundings),
        cmocka_unit_test(test_usage),
    };

    return cmocka_run_group_tests_name("fuzz doctor", tests, program_open_folder,
                                       program_close_folder);
}
