/*
 * The oracles that need to know nothing of what is attacked, each by a target that is wrong in its
 * way; and the keeping of findings: known defects hide no others.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/case/msgprog.h"
#include "fuzz/engine/outcome.h"
#include "fuzz/oracle/finding.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/oracle/meter.h"
#include "fuzz/target.h"
#include "tests/unit.h"

enum { LOST = 24, FOREIGN = 100 };

/* ---- targets ---- */

static char *volatile kept; /* of which the compiler knows nothing */

static void keep_copy(const char *text)
{
    kept = strdup(text);
}

/* Copies and frees besides: what a copy takes and gives back hides no leak. */
static void leak(struct slice input UNUSED)
{
    keep_copy("a text that is longer than what is lost");
    free(kept);
    kept = malloc(LOST);
}

static void leak_copy(struct slice input UNUSED)
{
    keep_copy("a text");
}

static void leak_grown(struct slice input UNUSED)
{
    kept = malloc(LOST);
    kept = realloc(kept, 4 * (size_t)LOST);
}

static void leak_nothing(struct slice input UNUSED)
{
    static char *from_before;

    from_before = realloc(from_before, LOST);
    keep_copy("a text");
    kept = realloc(kept, FOREIGN);
    free(kept);
}

static void keep_descriptor(struct slice input UNUSED)
{
    if (fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0) < 0)
        abort();
}

static void close_foreign(struct slice input UNUSED)
{
    close(STDIN_FILENO);
}

static void hold_much(struct slice input UNUSED)
{
    kept = malloc(FOREIGN * (size_t)FOREIGN);
    free(kept);
}

static void hold_what_is_granted(struct slice input)
{
    meter_grant(1);
    meter_grant(FOREIGN * (size_t)FOREIGN);
    meter_grant(1);
    hold_much(input);
}

static void print(struct slice input UNUSED)
{
    printf("\033[31mline\n");
}

static void test_oracles(void **state UNUSED)
{
    static const struct {
        void (*run)(struct slice input);
        enum oracle oracle; /* ORACLES: nothing is found */
        const char *text;
    } rows[] = {
        {leak, ORACLE_LEAK, "stay behind each time"},
        {leak_copy, ORACLE_LEAK, "stay behind each time"},
        {leak_grown, ORACLE_LEAK, "stay behind each time"},
        {leak_nothing, ORACLES, ""},
        {keep_descriptor, ORACLE_DESCRIPTORS, "moves by 1"},
        {close_foreign, ORACLE_DESCRIPTORS, "moves by -"},
        {hold_what_is_granted, ORACLES, ""},
        {hold_much, ORACLE_MEMORY, "the largest request 10000"},
        {print, ORACLE_OUTPUT, "10 octets: .[31mline."},
    };
    int input = dup(STDIN_FILENO);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct fuzz_target target = {
            .name = "test", .max = 100, .memory = 4096, .stack = 65536, .run = rows[i].run};

        finding_open("test", FINDING_KEEP);
        fuzz_one(&target, slice_str("input"));
        assert_int_equal(finding_count(), rows[i].oracle != ORACLES);
        if (finding_count()) {
            assert_row(i, finding_at(0)->oracle == rows[i].oracle);
            assert_contains(finding_at(0)->text, rows[i].text);
        }
    }
    dup2(input, STDIN_FILENO);
    close(input);
}

/* ---- findings ---- */

/* One for each place, by the pattern of the target alone. */
static void fill_with_known(void)
{
    finding_open("tirpc-stream", FINDING_KEEP);
    finding_about("a fragment is empty");
    for (unsigned i = 0; i < FINDINGS_MAX; i++)
        finding_tell(ORACLE_XID, "a reply to %u, which nobody called", i);
    finding_about(NULL);
    assert_int_equal(finding_count(), FINDINGS_MAX);
    assert_non_null(finding_at(FINDINGS_MAX - 1)->known);
}

static void test_new_among_known(void **state UNUSED)
{
    size_t fresh = 0;

    fill_with_known();
    finding_tell(ORACLE_XID, "a reply to 99, which nobody called");
    for (size_t i = 0; i < finding_count(); i++)
        fresh += !finding_at(i)->known;
    assert_int_equal(fresh, 1);
    assert_int_equal(finding_count(), FINDINGS_MAX);
}

/* What a known defect is near to, and is not. */
static void test_known_is_narrow(void **state UNUSED)
{
    static const struct {
        const char *target;
        enum oracle oracle;
        const char *about;
        const char *text;
        bool known;
    } rows[] = {
        {"tirpc-stream", ORACLE_STATUS, "a fragment is empty", "wanted SUCCESS, got no reply",
         true},
        {"tirpc-stream", ORACLE_STATUS, "a fragment is empty", "wanted SUCCESS, got SYSTEM_ERR",
         false},
        {"tirpc-stream", ORACLE_STATUS, NULL, "wanted SUCCESS, got no reply", false},
        {"tirpc-datagram", ORACLE_STATUS, "the datagram ends within the call",
         "wanted GARBAGE_ARGS, got SUCCESS", true},
        {"tirpc-datagram", ORACLE_STATUS, "the datagram ends within the call",
         "wanted SUCCESS, got no reply", false},
        {"tirpc-reply", ORACLE_DIFFERENCE, "a fragment is empty",
         "taken for a reply, but verf: 401 octets", false},
        {"tirpc-reply", ORACLE_DIFFERENCE, "a fragment is empty",
         "the number is 7, and 8 was decoded", true},
        {"tirpc-reply", ORACLE_DIFFERENCE, "stream", "the number is 7, and 8 was decoded", false},
        {"tirpc-reply", ORACLE_DIFFERENCE, "the record does not end",
         "wanted \"RPC: Success\", got \"RPC: Unable to receive\"", false},
        {"tirpc-auth", ORACLE_REPLY, NULL, "to flavor 1 a verifier of flavor 5", true},
        {"tirpc-auth", ORACLE_REPLY, NULL, "to flavor 0 a verifier of flavor 5", false},
        {"tirpc-xdr", ORACLE_STACK, "shape_chain", "9 octets of input, 90000 of stack", true},
        {"tirpc-xdr", ORACLE_STACK, "shape_mixed", "9 octets of input, 90000 of stack", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        finding_open(rows[i].target, FINDING_KEEP);
        finding_about(rows[i].about);
        finding_tell(rows[i].oracle, "%s", rows[i].text);
        finding_about(NULL);
        assert_row(i, finding_count() == 1 && (finding_at(0)->known != NULL) == rows[i].known);
    }
}

/* ---- replies ---- */

/* A text that was stored before may be one that no datagram holds; one of the case itself is not,
   nor is it over a stream. */
static void test_too_large_for_a_datagram(void **state UNUSED)
{
    static const struct {
        bool in_datagrams;
        uint32_t number;
        uint32_t stat;
        size_t findings;
    } rows[] = {
        {true, 7, ONC_SYSTEM_ERR, 0},
        {true, 0, ONC_SYSTEM_ERR, 1},
        {true, 7, ONC_GARBAGE_ARGS, 1},
        {false, 7, ONC_SYSTEM_ERR, 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        static struct judge judge;
        const struct model_rules rules = {.prog = MSGPROG_PROGRAM,
                                          .vers = MSGPROG_VERSION,
                                          .msgprog = true,
                                          .numbers_open = true,
                                          .in_datagrams = rows[i].in_datagrams,
                                          .text_max = WIRE_NO_LIMIT};
        struct onc_call call = onc_call_of(1, MSGPROG_PROGRAM, MSGPROG_VERSION, MSGPROG_READMSG);
        struct onc_reply reply = onc_reply_of(1, slice_of(NULL, 0));
        struct buf args, message;

        buf_init(&args, 64);
        buf_init(&message, 256);
        wire_put_uint(&args, rows[i].number);
        call.args = buf_slice(&args);
        onc_put_call(&message, &call);
        finding_open("live", FINDING_KEEP);
        judge_begin(&judge, &rules);
        assert_true(judge_call(&judge, buf_slice(&message)));
        buf_reset(&message);
        reply.accept_stat = rows[i].stat;
        onc_put_reply(&message, &reply);
        judge_reply(&judge, buf_slice(&message));
        judge_end(&judge);
        assert_row(i, finding_count() == rows[i].findings);
        buf_free(&message);
        buf_free(&args);
    }
}

/* ---- a process that dies ---- */

static void tell_and_die(struct slice input UNUSED)
{
    finding_tell(ORACLE_XID, "in front of it");
    abort();
}

/* What was found before its death is not lost with it. */
static void test_before_a_death(void **state UNUSED)
{
    static const struct fuzz_target target = {
        .name = "dies", .max = 16, .memory = 65536, .stack = 65536, .run = tell_and_die};
    static struct outcome outcome;
    struct problem why;

    assert_true(outcome_of_target(&target, slice_str("x"), &outcome, &why));
    assert_true(outcome.decided);
    assert_int_equal(outcome.count, 2);
    assert_int_equal(outcome.findings[0].oracle, ORACLE_XID);
    assert_string_equal(outcome.findings[0].text, "in front of it");
    assert_int_equal(outcome.findings[1].oracle, ORACLE_CRASH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oracles),         cmocka_unit_test(test_new_among_known),
        cmocka_unit_test(test_known_is_narrow), cmocka_unit_test(test_too_large_for_a_datagram),
        cmocka_unit_test(test_before_a_death),
    };

    return cmocka_run_group_tests_name("fuzz_oracles", tests, NULL, NULL);
}
