/* Tests of `assay report`: parts of a real run joined, forms had from what was saved, statuses. */
#include <stdlib.h>
#include <string.h>

#include "harness/base/deadline.h"
#include "tests/program.h"
#include "tests/reports.h"
#include "tests/unit.h"

enum { LIMIT_S = 60 };

/* Saves a report of these checks as NAME.json in the folder. */
static void save(const char *name, const struct report *r)
{
    char path[96];
    char *text = plain_form(r, "json");

    text_format(path, sizeof(path), "%s/%s.json", program_folder, name);
    program_write_file(path, text);
    free(text);
}

static void assert_said(const char *arguments, int status, const char *out, const char *err)
{
    struct program_result p =
        program_run(LIMIT_S, "D=%s; @B/assay report %s", program_folder, arguments);

    if (p.status != status)
        fail_msg("assay report %s: status %d: %s%s", arguments, p.status, p.out, p.err);
    assert_contains(p.out, out);
    assert_contains(p.err, err);
    program_free(&p);
}

/* ---- usage ---- */

static void test_usage(void **state UNUSED)
{
    static const struct {
        const char *arguments, *said;
    } rows[] = {
        {"", "report: expected merge or show"},
        {"join", "expected merge or show, not \"join\""},
        {"--json", "expected merge or show, not \"--json\""},
        {"show", "report show: the file is missing"},
        {"merge", "report merge: the file is missing"},
        {"merge --report json", "report merge: the file is missing"},
        {"show a b", "\"b\" is one word too many"},
        {"show a --report pdf", "--report \"pdf\": unknown form; known are text, json"},
        {"show a --report json=/no/such/folder/x", "--report json=/no/such/folder/x: No such"},
        {"show a --report json --report tap", "only one --report can go to standard output"},
        {"show a --quiet --verbose", "--quiet and --verbose exclude each other"},
        {"show a --seed 7", "unknown option --seed"},
        {"merge a --before b", "unknown option --before"},
        {"show /no/such/file", "/no/such/file: No such file or directory"},
        {"show README.md", "README.md:1:1: expected a report as JSON"},
        {"merge tests/golden/report.json README.md", "README.md:1:1: expected a report as JSON"},
        {"show tests/golden/report.json --before README.md", "README.md:1:1: expected a report"},
        {"show - </dev/null", "standard input:1:0: expected a report as JSON"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_said(rows[i].arguments, 2, "", rows[i].said);
    assert_said("--help", 0, "Examples:\n  assay check", "");
    assert_said("merge --help", 0, "Usage: assay report merge FILE...", "");
}

/* ---- statuses ---- */

static void test_statuses(void **state UNUSED)
{
    /* pass, fail, warn, note, skip, skip, error, waived */
    static const int due[] = {0, 1, 0, 0, 3, 3, 4, 0};
    struct report r;
    char line[64];

    for (size_t i = 0; i < ARRAY_LEN(due); i++) {
        r = single_report(&checks[i]);
        r.ending = checks[i].verdict == VERDICT_SKIP ? "no check applied to this target" : NULL;
        text_format(line, sizeof(line), "%zu", i);
        save(line, &r);
        text_format(line, sizeof(line), "show $D/%zu.json", i);
        assert_said(line, due[i], "", "");
    }
    r = single_report(&checks[2]);
    r.strict = true;
    save("strict", &r);
    assert_said("show $D/strict.json", 1, "1 warn", "");
    r = single_report(&checks[0]);
    r.stale = stale;
    r.stale_count = 1;
    save("stale", &r);
    assert_said("show $D/stale.json", 1, "1 waiver no longer needed", "");
    r = single_report(&checks[0]);
    r.ending = "interrupted; the rest was not run";
    r.interrupted = true;
    save("interrupted", &r);
    assert_said("show $D/interrupted.json", 3, "the rest was not run", "");
    r.trouble = true;
    save("trouble", &r);
    assert_said("show $D/trouble.json", 4, "", "");
    assert_said("merge $D/0.json $D/4.json", 0, "1 pass, 0 fail, 1 skip  (2 checks", "");
    assert_said("merge $D/0.json $D/6.json", 4, "", "");
    assert_said("merge $D/6.json $D/1.json", 1, "", "");
    assert_said("merge $D/trouble.json $D/strict.json", 1, "", "");
    struct report_set none = {.several = true};
    char *text = form_of_set(&none, "json", (struct report_style){.colour = false});
    assert_string_equal(text, "[]\n");
    free(text);
    assert_said("show - <$D/report", 3, "", "");
    assert_said("show $D/0.json --report json=/dev/full", 4, "", "No space left on device");
}

/* ---- what is written ---- */

static void test_forms(void **state UNUSED)
{
    struct program_result p =
        program_run(LIMIT_S,
                    "D=%s; @B/assay report show tests/golden/report.json --report json=$D/again "
                    "--report tap=$D/tap --report junit=$D/xml --quiet; echo $?; "
                    "cmp $D/again tests/golden/report.json && prove -e cat $D/tap; "
                    "xmllint --noout $D/xml && echo well-formed",
                    program_folder);

    assert_contains(p.out, "2 waivers no longer needed  (11 checks, 61.2 s)\n1\n");
    assert_contains(p.out, "Failed tests:  2, 7, 9, 12-14");
    assert_contains(p.out, "well-formed");
    assert_lacks(p.out, "transcript:");
    program_free(&p);
}

/* The parts of a run of real checks are the run: same checks, same order, same verdicts. */
static void test_shards_of_a_run(void **state UNUSED)
{
    static const char ids[] = "sed -n 's,^ *\"\\(id\\|verdict\\)\": ,,p'";
    struct process server;
    char url[128];

    assert_true(program_serve(&server, url, sizeof(url), "@B/assay serve echo --listen unix:%s/s",
                              program_folder));
    struct program_result p = program_run(
        LIMIT_S,
        "D=%s; C='@B/assay check %s --only stream.shutdown --only stream.echo --seed 7 --report "
        "json='\n"
        "$C$D/whole; $C$D/1 --shard 1/3; $C$D/2 --shard 2/3; $C$D/3 --shard 3/3\n"
        "@B/assay report merge $D/3 $D/1 $D/2 --report json=$D/merged --quiet; echo status $?\n"
        "%s $D/whole >$D/a; %s $D/merged >$D/b; cmp $D/a $D/b && wc -l <$D/a",
        program_folder, url, ids, ids);
    assert_contains(p.out, "\nstatus 0\n");
    assert_lacks(p.out, "differ");
    assert_contains(strstr(p.out, "status 0"), "status 0\n");
    assert_true(strtol(strstr(p.out, "status 0\n") + strlen("status 0\n"), NULL, 10) >= 8);
    process_stop(&server, deadline_in_ms(5000));
    program_free(&p);
}

static void test_differences_are_told(void **state UNUSED)
{
    struct report_check check = checks[1];
    struct report r = single_report(&check);

    save("a", &r);
    check.verdict = VERDICT_PASS;
    save("b", &r);
    r.seed = 8;
    save("c", &r);
    assert_said("merge $D/b.json $D/a.json $D/c.json --report json", 1,
                "\"reason\": \"2 reports: 1 pass, 1 fail; expected end of file", "a.json, pass in");
    assert_said("merge $D/c.json $D/c.json --report json", 0, "{\n  \"schema\"", "");
    assert_said("merge $D/b.json $D/c.json --report json", 0, "[\n  {\n", "b.json and ");
    assert_said("merge $D/b.json $D/c.json --report json", 0, "", "need the same --seed\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_shards_of_a_run),
        cmocka_unit_test(test_differences_are_told),
    };

    return cmocka_run_group_tests(tests, reports_begin, program_close_folder);
}
