/*
 * Conformance checks as tests of cmocka (version 1.1 or later): a group with a test per check, and
 * an assertion for the tests that you write yourself. See assay.h for what can be asked for, and
 * docs/examples/cmocka in the sources for a program. Link with
 * `pkg-config --libs assay cmocka`; nothing is compiled beforehand, all of it is here.
 *
 *     int main(void)
 *     {
 *         const struct assay_options options = {.url = "tcp://127.0.0.1:0",
 *                                               .spawn = "./server {port}",
 *                                               .only = {"stream.echo", "stream.eof"}};
 *
 *         return assay_cmocka_run("server", &options, NULL, NULL);
 *     }
 *
 * What becomes of a verdict: pass passes; fail and error fail, with `strict` warn, too; skip skips;
 * note, a warn that is none of these, and what is waived pass, and a line on standard error tells
 * of them, as of the reason for each skip. A failure tells the claim, its clause, what was expected
 * and what came, the transcript, and the command that repeats it.
 */
#ifndef ASSAY_CMOCKA_H
#define ASSAY_CMOCKA_H

/* cmocka.h wants these in front of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay.h"

/*
 * int assay_cmocka_run(const char *group, const struct assay_options *options,
 *                      CMFixtureFunction setup, CMFixtureFunction teardown)
 *
 * Runs a group of cmocka tests, one for each check that the options select, by its id, and a last
 * one, "assay.run", which fails where the results do not tell all: the target could not be reached,
 * no check applied, an option was wrong, a waiver is no longer needed. Returns how many failed, as
 * cmocka_run_group_tests does.
 *
 * There is one run for all of them: it takes place behind `setup`, before the first test, and so
 * the times of the tests are not those of the checks. `setup` and `teardown` may be NULL; they
 * share a state with each other. The options are read again behind `setup`: it may start a
 * server and write its port into the text that `url` points to. Output, filters and files are
 * cmocka's (CMOCKA_MESSAGE_OUTPUT, cmocka_set_test_filter, ...); a filter does not make the run
 * shorter, `only` does.
 */
#define assay_cmocka_run(group, options, setup, teardown)                                          \
    assay_cmocka_run_at((group), (options), (setup), (teardown), __FILE__, __LINE__)

/*
 * void assert_assay(const char *url, const char *check)
 * void assert_assay_options(const struct assay_options *options, const char *check)
 *
 * In a test: the check (or all of a pattern, as in `only`) is tried now, and the test fails at this
 * line where it is broken, or where it could not be tried. The second form has more to say of the
 * target; its `only` is not read.
 */
#define assert_assay(url, check) assay_cmocka_assert_url((url), (check), __FILE__, __LINE__)
#define assert_assay_options(options, check)                                                       \
    assay_cmocka_assert((options), (check), __FILE__, __LINE__)

/* ---- what follows is not to be called ---- */

struct assay_cmocka_group {
    const struct assay_options *options;
    const char *file;
    int line;
    CMFixtureFunction setup;
    CMFixtureFunction teardown;
    void *state; /* of these two */
    struct assay_run *run;
};

/* cmocka hands a test its own state, and none to a fixture that has to begin with something. */
static struct assay_cmocka_group *assay_cmocka_current;

/* A text that cmocka shows with the failure, in whatever form is asked for. It is kept until the
   next one, since a test that fails ends by a long jump. NULL stands for want of memory. */
static inline const char *assay_cmocka_keep(const char *text)
{
    static char *kept;
    size_t size = text ? strlen(text) + 1 : 0;

    free(kept);
    kept = size ? (char *)malloc(size) : NULL;
    if (!kept)
        return "out of memory";
    memcpy(kept, text, size);
    /* The form in XML has it as CDATA, which these three would end. */
    for (char *at = strstr(kept, "]]>"); at; at = strstr(at, "]]>"))
        at[2] = ' ';
    return kept;
}

/* Tells of what neither holds nor breaks; how many results of the check, or of all, are no skip. */
static inline size_t assay_cmocka_tried(const struct assay_run *run, const char *check)
{
    size_t tried = 0;

    for (size_t i = 0; i < assay_count(run); i++) {
        const struct assay_result *r = assay_result(run, i);

        if (check && strcmp(r->id, check) != 0)
            continue;
        tried += r->verdict != ASSAY_SKIP;
        if (r->verdict != ASSAY_PASS && !assay_is_broken(run, r))
            fprintf(stderr, "[ %8s ] %s%s%s%s%s\n", assay_verdict_name(r->verdict), r->id,
                    *r->reason ? ": " : "", r->reason, r->waived ? "; waived: " : "",
                    r->waived && r->waiver ? r->waiver : "");
    }
    return tried;
}

/* A test of the group: the verdicts of one check, one per target. */
static void assay_cmocka_test(void **state)
{
    const struct assay_cmocka_group *g = assay_cmocka_current;
    const char *check = (const char *)*state;
    size_t tried = assay_cmocka_tried(g->run, check);
    char *broken = assay_explain(g->run, check);
    const char *failure = broken && !*broken ? NULL : assay_cmocka_keep(broken);

    free(broken);
    if (failure)
        _assert_true(0, failure, g->file, g->line);
    if (!tried)
        _skip(g->file, g->line);
}

static void assay_cmocka_whole(void **state)
{
    const struct assay_cmocka_group *g = assay_cmocka_current;

    (void)state;
    if (!assay_is_whole(g->run))
        _assert_true(0, assay_cmocka_keep(assay_message(g->run)), g->file, g->line);
}

static int assay_cmocka_setup(void **state)
{
    struct assay_cmocka_group *g = assay_cmocka_current;
    int failed = g->setup ? g->setup(&g->state) : 0;

    (void)state;
    if (failed)
        return failed;
    g->run = assay_open(g->options);
    if (!g->run)
        return -1;
    assay_perform(g->run);
    return 0;
}

static int assay_cmocka_teardown(void **state)
{
    struct assay_cmocka_group *g = assay_cmocka_current;

    (void)state;
    assay_close(g->run);
    g->run = NULL;
    return g->teardown ? g->teardown(&g->state) : 0;
}

static inline int assay_cmocka_run_at(const char *group, const struct assay_options *options,
                                      CMFixtureFunction setup, CMFixtureFunction teardown,
                                      const char *file, int line)
{
    struct assay_cmocka_group g = {options, file, line, setup, teardown, NULL, NULL};
    struct assay_run *choice = assay_open(options);
    const struct assay_check *checks = NULL;
    size_t count = choice ? assay_select(choice, &checks) : 0;
    struct CMUnitTest *tests = (struct CMUnitTest *)calloc(count + 1, sizeof(*tests));
    int failed = 1;

    for (size_t i = 0; tests && i < count; i++) {
        tests[i].name = checks[i].id;
        tests[i].test_func = assay_cmocka_test;
        tests[i].initial_state = (void *)(uintptr_t)checks[i].id;
    }
    if (choice && tests) {
        tests[count].name = "assay.run";
        tests[count].test_func = assay_cmocka_whole;
        assay_cmocka_current = &g;
        failed = _cmocka_run_group_tests(group, tests, count + 1, assay_cmocka_setup,
                                         assay_cmocka_teardown);
        assay_cmocka_current = NULL;
    } else {
        print_error("assay: out of memory\n");
    }
    free(tests);
    assay_close(choice);
    return failed;
}

static inline void assay_cmocka_assert(const struct assay_options *options, const char *check,
                                       const char *file, int line)
{
    struct assay_options one = *options;
    const char *failure = NULL;
    char *broken = NULL;

    memset(one.only, 0, sizeof(one.only));
    one.only[0] = check;
    struct assay_run *run = assay_open(&one);
    if (run) {
        assay_perform(run);
        assay_cmocka_tried(run, NULL);
        broken = assay_explain(run, NULL);
    }
    if (!broken || *broken)
        failure = assay_cmocka_keep(broken);
    free(broken);
    assay_close(run);
    if (failure)
        _assert_true(0, failure, file, line);
}

static inline void assay_cmocka_assert_url(const char *url, const char *check, const char *file,
                                           int line)
{
    struct assay_options options;

    memset(&options, 0, sizeof(options));
    options.url = url;
    assay_cmocka_assert(&options, check, file, line);
}

#endif
