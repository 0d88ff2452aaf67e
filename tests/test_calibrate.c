/* Tests of what is told of a calibration, and of which check answers for which of its stages. */
#include "conformance/runner/calibrate.h"

#include <string.h>

#include "conformance/runner/select.h"
#include "tests/unit.h"

static struct calibration calibration_of(const char *url)
{
    struct calibration cal = {.reached = true};
    struct target *t = &cal.target;

    assert_true(endpoint_parse(url, &t->endpoint, NULL));
    t->answers = true;
    t->latency_us = 120;
    t->slowest_us = 4560;
    t->patience_ms = 5000;
    t->width = 1;
    return cal;
}

static void test_facts(void **state UNUSED)
{
    static const struct {
        const char *url;
        unsigned width, jobs;
        bool pipelines, half_closes;
        const char *due;
    } rows[] = {
        {"tcp://h:7", 1, 1, false, false,
         "calibrated: replies in 0.12 ms, slowest 4.56 ms; serves one connection at a time; "
         "patience 5.0 s; 1 job"},
        {"tcp://h:7", 7, 4, true, false,
         "calibrated: replies in 0.12 ms, slowest 4.56 ms; serves 7 connections side by side; "
         "pipelines; patience 5.0 s; 4 jobs"},
        {"tcp://h:7", TARGET_WIDTH_MAX, 8, true, true,
         "calibrated: replies in 0.12 ms, slowest 4.56 ms; serves connections side by side; "
         "pipelines; answers after half-close; patience 5.0 s; 8 jobs"},
        {"unix:/s", TARGET_WIDTH_MAX - 1, 2, false, true,
         "calibrated: replies in 0.12 ms, slowest 4.56 ms; serves 31 connections side by side; "
         "answers after half-close; patience 5.0 s; 2 jobs"},
        {"udp://h:7", TARGET_WIDTH_MAX, 2, true, false,
         "calibrated: replies in 0.12 ms, slowest 4.56 ms; pipelines; patience 5.0 s; 2 jobs"},
        {"unix-dgram:/s", 1, 1, false, false,
         "calibrated: replies in 0.12 ms, slowest 4.56 ms; patience 5.0 s; 1 job"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct calibration cal = calibration_of(rows[i].url);
        char text[256];

        cal.target.width = rows[i].width;
        cal.target.pipelines = rows[i].pipelines;
        cal.target.half_closes = rows[i].half_closes;
        calibration_facts(&cal, rows[i].jobs, text, sizeof(text));
        assert_string_equal(text, rows[i].due);
    }
    struct calibration cal = calibration_of("udp://h:7");
    char text[256];

    cal.target.credential = TARGET_CREDENTIAL_SYS;
    calibration_facts(&cal, 1, text, sizeof(text));
    assert_contains(text, "slowest 4.56 ms; wants AUTH_SYS; patience");
}

static void test_facts_of_a_wrong_answer(void **state UNUSED)
{
    struct calibration cal = calibration_of("tcp://h:7");
    char text[256];
    char few[16];

    cal.target.answers = false;
    calibration_facts(&cal, 4, text, sizeof(text));
    assert_string_equal(text, "calibrated: no right answer");
    calibration_facts(&cal, 4, few, sizeof(few));
    assert_string_equal(few, "calibrated: no ");
    cal.target.answers = true;
    calibration_facts(&cal, 4, few, sizeof(few));
    assert_string_equal(few, "calibrated: rep");
}

static void test_flags(void **state UNUSED)
{
    static const unsigned due[] = {
        [STAGE_REACH] = CHECK_BASE,
        [STAGE_ANSWER] = CHECK_BASE,
        [STAGE_LATENCY] = CHECK_SECOND,
        [STAGE_PIPELINE] = CHECK_PIPELINE,
        [STAGE_VOLUME] = CHECK_PIPELINE,
        [STAGE_WIDTH] = CHECK_SECOND,
        [STAGE_HALF_CLOSE] = CHECK_HALF_CLOSE,
        [STAGE_CREDENTIAL] = CHECK_PROCEDURE,
        [STAGE_DONE] = CHECK_BASE,
    };

    assert_int_equal(ARRAY_LEN(due), STAGE_DONE + 1);
    for (size_t i = 0; i < ARRAY_LEN(due); i++)
        assert_row(i, calibration_flag((enum calibration_stage)i) == due[i]);
}

static unsigned wanted_flag;
static unsigned bearers;

static void count_bearer(const struct check *check, void *closure UNUSED)
{
    bearers += (check->flags & wanted_flag) != 0;
}

/* A target that dies in a stage is the failure of some check, whichever the stage. */
static void test_every_flag_has_its_check(void **state UNUSED)
{
    for (unsigned stage = STAGE_REACH; stage <= STAGE_DONE; stage++) {
        wanted_flag = calibration_flag((enum calibration_stage)stage);
        bearers = 0;
        registry_each(count_bearer, NULL);
        assert_row(stage, bearers > 0);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_facts_of_a_wrong_answer),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_every_flag_has_its_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
