/* Tests of waivers: files that are good and bad, what a waiver covers, and writing them. */
#include "conformance/runner/waive.h"

#include <errno.h>
#include <string.h>

#include "tests/program.h"
#include "tests/unit.h"

static bool is_known(const char *id)
{
    return text_starts(id, "stream.") || text_starts(id, "datagram.");
}

/* Reads a text as the file "w" of the folder. */
static bool read_text(const char *text, struct waivers *ret, struct problem *why)
{
    char path[96];

    text_format(path, sizeof(path), "%s/w", program_folder);
    program_write_file(path, text);
    return waivers_read(path, is_known, ret, why);
}

static void test_good_file(void **state UNUSED)
{
    static const char text[] =
        "# comment\n"
        "waivers:\n"
        "  - check: stream.eof.fin\n"
        "    verdict: fail\n"
        "    reason: \"nothing for\"   # must be part of the reason\n"
        "    why: \"closes late; ticket 17\"\n"
        "    until: 2027-06-30\n"
        "\n"
        "  - {check: datagram.x, verdict: error, reason: r, why: w, issue: 3}\n"
        "  - why: later\n"
        "    reason: 'it''s'\n"
        "    verdict: warn\n"
        "    check: stream.y\n";
    struct problem why = {.text = ""};
    struct waivers w;

    if (!read_text(text, &w, &why))
        fail_msg("%s", why.text);
    assert_int_equal(w.count, 3);
    assert_string_equal(w.list[0].check, "stream.eof.fin");
    assert_int_equal(w.list[0].verdict, VERDICT_FAIL);
    assert_string_equal(w.list[0].reason, "nothing for");
    assert_string_equal(w.list[0].why, "closes late; ticket 17");
    assert_string_equal(w.list[0].until, "2027-06-30");
    assert_int_equal(w.list[0].line, 3);
    assert_int_equal(w.list[1].verdict, VERDICT_ERROR);
    assert_null(w.list[1].until);
    assert_int_equal(w.list[1].line, 9);
    assert_int_equal(w.list[2].verdict, VERDICT_WARN);
    assert_string_equal(w.list[2].reason, "it's");
    assert_ptr_equal(waivers_find(&w, "datagram.x", "tcp://h:1"), &w.list[1]);
    assert_null(waivers_find(&w, "datagram", "tcp://h:1"));
    assert_null(waivers_find(NULL, "datagram.x", "tcp://h:1"));
    assert_contains(w.path, "/w");
    waivers_free(&w);
    assert_int_equal(w.count, 0);
    waivers_free(&w);
}

static void test_empty_list(void **state UNUSED)
{
    struct problem why = {.text = ""};
    struct waivers w;

    assert_true(read_text("waivers: []\n", &w, &why));
    assert_int_equal(w.count, 0);
    assert_null(waivers_find(&w, "stream.x", "tcp://h:1"));
    waivers_free(&w);
}

#define GOOD "waivers:\n  - check: stream.x\n    verdict: fail\n    reason: r\n    why: w\n"

static void test_bad_files(void **state UNUSED)
{
    static const struct {
        const char *text, *place, *part;
    } rows[] = {
        {"", ":1:1: ", "expected \"waivers:\" and a list"},
        {"# nothing\n", ":1:1: ", "expected \"waivers:\" and a list"},
        {"- check: stream.x\n", ":1:1: ", "expected \"waivers:\" and a list"},
        {"waivers\n", ":1:1: ", "expected \"waivers:\" and a list"},
        {"waivers:\n", ":1:1: ", "expected \"waivers:\" and a list"},
        {"waivers: none\n", ":1:1: ", "expected \"waivers:\" and a list"},
        {"\nwaiver: []\n", ":2:1: ", "expected \"waivers:\" and a list"},
        {"waivers: []\nmore: 1\n", ":1:1: ", "expected \"waivers:\" and a list"},
        {"waivers:\n  - stream.x\n", ":2:5: ", "expected a waiver: check, verdict, reason, why"},
        {"waivers:\n  - [stream.x]\n", ":2:5: ", "expected a waiver"},
        {"waivers:\n  - verdict: fail\n",
         ":2:5: ", "a waiver needs check, verdict, reason and why; this one has no check"},
        {"waivers:\n  - check: stream.x\n    verdict: fail\n    reason: r\n",
         ":2:5: ", "a waiver needs check, verdict, reason and why; this one has no why"},
        {"waivers:\n  - check: stream.x\n    reason: r\n    why: w\n", ":2:5: ", "a waiver needs"},
        {"waivers:\n  - check: unix.x\n", ":2:12: ", "no check has this id; `assay list` names"},
        {"waivers:\n  - check: [stream.x]\n", ":2:12: ", "expected a text"},
        {"waivers:\n  - check:\n    why: w\n", ":2:11: ", "expected a text"},
        {"waivers:\n  - why: \"\"\n", ":2:10: ", "expected a text"},
        {"waivers:\n  - [why]: w\n", ":2:5: ", "expected a key"},
        {"waivers:\n  - because: w\n", ":2:5: ",
         "unknown key; known are check, verdict, reason, why, over, until, flaky and issue"},
        {"waivers:\n  - verdict: pass\n", ":2:14: ", "expected fail, warn or error"},
        {"waivers:\n  - verdict: FAIL\n", ":2:14: ", "expected fail, warn or error"},
        {"waivers:\n  - until: tomorrow\n", ":2:12: ", "expected a date as 2027-06-30"},
        {"waivers:\n  - until: 2027-6-30\n", ":2:12: ", "expected a date"},
        {"waivers:\n  - until: 30-06-2027\n", ":2:12: ", "expected a date"},
        {"waivers:\n  - until: 2027-06-300\n", ":2:12: ", "expected a date"},
        {"waivers:\n  - until: 2027/06/30\n", ":2:12: ", "expected a date"},
        {"waivers:\n  - until: \"----------\"\n", ":2:12: ", "expected a date"},
        {"waivers:\n  - until: 2027-13-01\n", ":2:12: ", "expected a date"},
        {"waivers:\n  - until: 2027-00-10\n", ":2:12: ", "expected a date"},
        {"waivers:\n  - until: 2027-06-32\n", ":2:12: ", "expected a date"},
        {"waivers:\n  - why: a\n    why: b\n", ":3:5: ", "this key is given twice"},
        {"waivers:\n  - check: stream.x\n    check: stream.y\n", ":3:5: ", "given twice"},
        {"waivers:\n  - verdict: fail\n    verdict: warn\n", ":3:5: ", "given twice"},
        {"waivers:\n  - issue: 1\n    issue: 2\n", ":3:5: ", "given twice"},
        {GOOD "  - check: stream.x\n    verdict: warn\n    reason: r\n    why: w\n",
         ":6:5: ", "stream.x"}, /* the second could never hold */
        {"waivers: [\n", ":2:1: ", "did not find expected"},
        {"waivers:\n\t- x\n", ":2:1: ", "found character that cannot start any token"},
        {"waivers: \"x\n", ":2:1: ", "found unexpected end of stream"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct waivers w = {.count = 4711};
        struct problem why = {.text = ""};
        char due[120];

        text_format(due, sizeof(due), "%s/w%s", program_folder, rows[i].place);
        assert_row(i, !read_text(rows[i].text, &w, &why));
        if (!text_starts(why.text, due))
            fail_msg("row %zu: \"%s\" does not begin with \"%s\"", i, why.text, due);
        assert_contains(why.text, rows[i].part);
        assert_row(i, w.count == 4711);
    }
}

/* Every prefix of a good file is read or refused, without a leak or a read behind its end. */
static void test_every_prefix(void **state UNUSED)
{
    static const char text[] =
        GOOD "    until: 2027-06-30\n  - {check: stream.y, verdict: 'warn'}\n";

    for (size_t len = 0; len < sizeof(text); len++) {
        struct waivers w = {.count = 0};
        struct problem why = {.text = ""};
        char prefix[sizeof(text) + 1];

        text_format(prefix, sizeof(prefix), "%.*s", (int)len, text);
        if (read_text(prefix, &w, &why))
            waivers_free(&w);
        else
            assert_contains(why.text, "/w:");
    }
}

static void test_too_many(void **state UNUSED)
{
    struct problem why = {.text = ""};
    struct waivers w;
    struct buf text;

    buf_init(&text, 1 << 20);
    buf_put_str(&text, "waivers:\n");
    for (unsigned i = 0; i < 1000; i++)
        buf_printf(&text, "- {check: stream.%u, verdict: fail, reason: r, why: w}\n", i);
    assert_true(read_text(buf_text(&text), &w, &why));
    assert_int_equal(w.count, 1000);
    waivers_free(&w);
    buf_put_str(&text, "- {check: stream.x, verdict: fail, reason: r, why: w}\n");
    assert_false(read_text(buf_text(&text), &w, &why));
    assert_contains(why.text, ":1002:3: too many waivers");
    buf_free(&text);
}

static void test_no_file(void **state UNUSED)
{
    struct problem why = {.text = ""};
    struct waivers w;

    assert_false(waivers_read("/no/such/file", is_known, &w, &why));
    assert_contains(why.text, "--waive /no/such/file: ");
    assert_contains(why.text, strerror(ENOENT));
    assert_false(waivers_read(program_folder, is_known, &w, &why));
}

/* ---- judging ---- */

static void test_judging(void **state UNUSED)
{
    static const struct {
        const char *until;
        enum verdict verdict;
        const char *reason, *today;
        enum waiver_state due;
    } rows[] = {
        {NULL, VERDICT_FAIL, "nothing for 5.0 s", "2026-01-01", WAIVER_HOLDS},
        {NULL, VERDICT_FAIL, "got nothing for", "2026-01-01", WAIVER_HOLDS},
        {NULL, VERDICT_FAIL, "something else", "2026-01-01", WAIVER_STALE},
        {NULL, VERDICT_FAIL, "", "2026-01-01", WAIVER_STALE},
        {NULL, VERDICT_PASS, "nothing for", "2026-01-01", WAIVER_STALE},
        {NULL, VERDICT_WARN, "nothing for", "2026-01-01", WAIVER_STALE},
        {NULL, VERDICT_ERROR, "nothing for", "2026-01-01", WAIVER_STALE},
        {NULL, VERDICT_NOTE, "nothing for", "2026-01-01", WAIVER_STALE},
        {"2026-06-30", VERDICT_FAIL, "nothing for", "2026-06-29", WAIVER_HOLDS},
        {"2026-06-30", VERDICT_FAIL, "nothing for", "2026-06-30", WAIVER_HOLDS}, /* its last day */
        {"2026-06-30", VERDICT_FAIL, "nothing for", "2026-07-01", WAIVER_EXPIRED},
        {"2026-06-30", VERDICT_FAIL, "nothing for", "2027-01-01", WAIVER_EXPIRED},
        {"2026-06-30", VERDICT_PASS, "", "2026-07-01", WAIVER_EXPIRED},
        {"2026-06-30", VERDICT_PASS, "", "2026-06-30", WAIVER_STALE},
    };
    char reason[] = "nothing for";

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct waiver w = {.verdict = VERDICT_FAIL, .reason = reason};

        w.until = rows[i].until ? strdup(rows[i].until) : NULL;
        assert_row(i,
                   waiver_judge(&w, rows[i].verdict, rows[i].reason, rows[i].today) == rows[i].due);
        free(w.until);
    }
}

/* ---- writing ---- */

static const struct report_check checks[] = {
    {.id = "stream.a",
     .verdict = VERDICT_FAIL,
     .reason = "expected end of file, got nothing for 5 s"},
    {.id = "stream.b", .verdict = VERDICT_WARN, .reason = "octet 7 is wrong"},
    {.id = "stream.c", .verdict = VERDICT_ERROR, .reason = "socket: Too many open files"},
    {.id = "stream.d", .verdict = VERDICT_PASS, .reason = ""},
    {.id = "stream.e", .verdict = VERDICT_NOTE, .reason = "so it is"},
    {.id = "stream.f", .verdict = VERDICT_SKIP, .reason = "needs --spawn"},
    {.id = "stream.g",
     .verdict = VERDICT_FAIL,
     .reason =
         "got \"\\x00\\n\": {a: b} - # 'quoted' & *more* | > %YAML @ ` ! and so on and on and on"},
    {.id = "stream.h",
     .verdict = VERDICT_FAIL,
     .reason = "tab\tand newline\nand escape \x1b[31m here"},
    {.id = "stream.i", .verdict = VERDICT_FAIL, .reason = "/home/j\xc3\xbcrgen/server.c: overflow"},
    {.id = "stream.j", .verdict = VERDICT_FAIL, .reason = "octets \x80\xff that are no text"},
    {.id = "stream.k",
     .verdict = VERDICT_FAIL,
     .reason = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xbc is cut in two"},
    {.id = "stream.l", .verdict = VERDICT_FAIL, .reason = ""},
};

/* What was written is read back, and covers what it was written for. */
static void test_write_then_read(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        struct report r = {.target = "tcp://127.0.0.1:7", .checks = &checks[i], .count = 1};
        const struct report *one = &r;
        struct report_set set = {.reports = &one, .count = 1};
        struct problem why = {.text = ""};
        struct waivers w;
        char path[96];
        bool bad = checks[i].verdict == VERDICT_FAIL || checks[i].verdict == VERDICT_WARN ||
                   checks[i].verdict == VERDICT_ERROR;

        bad = bad && checks[i].reason[0]; /* a waiver needs a part of the reason */
        text_format(path, sizeof(path), "%s/written", program_folder);
        assert_row(i, waivers_write(path, &set, NULL, &why));
        if (!waivers_read(path, is_known, &w, &why))
            fail_msg("row %zu: %s", i, why.text);
        assert_row(i, w.count == bad);
        const struct waiver *found = waivers_find(&w, checks[i].id, "tcp://h:1");
        assert_row(i, (found != NULL) == bad);
        if (found)
            assert_row(i, waiver_judge(found, checks[i].verdict, checks[i].reason, "2026-01-01") ==
                              WAIVER_HOLDS);
        waivers_free(&w);
    }
}

static void test_write_all_together(void **state UNUSED)
{
    struct report r = {.target = "tcp://127.0.0.1:7", .checks = checks, .count = 8};
    const struct report *one = &r;
    struct report_set set = {.reports = &one, .count = 1};
    struct problem why = {.text = ""};
    struct waivers w;
    char path[96];

    text_format(path, sizeof(path), "%s/all", program_folder);
    assert_true(waivers_write(path, &set, NULL, &why));
    if (!waivers_read(path, is_known, &w, &why))
        fail_msg("%s", why.text);
    assert_int_equal(w.count, 5);
    waivers_free(&w);
    r.count = 0;
    assert_true(waivers_write(path, &set, NULL, &why));
    assert_true(waivers_read(path, is_known, &w, &why));
    assert_int_equal(w.count, 0);
    waivers_free(&w);
}

/* What stands behind the first number differs from run to run. */
static void test_written_reason_is_steady(void **state UNUSED)
{
    struct report r = {.target = "t", .checks = checks, .count = 1};
    const struct report *one = &r;
    struct report_set set = {.reports = &one, .count = 1};
    struct waivers w;
    char path[96];

    text_format(path, sizeof(path), "%s/steady", program_folder);
    assert_true(waivers_write(path, &set, NULL, NULL));
    assert_true(waivers_read(path, is_known, &w, NULL));
    assert_int_equal(waiver_judge(&w.list[0], VERDICT_FAIL,
                                  "expected end of file, got nothing for 7 s", "2026-01-01"),
                     WAIVER_HOLDS);
    waivers_free(&w);
}

/* What a person has written survives where it still holds or was not tried; what has run out keeps
   its explanation; what no longer holds goes. */
static void test_written_over_a_file_of_waivers(void **state UNUSED)
{
    static const char text[] =
        "waivers:\n"
        "  - {check: stream.a, verdict: fail, reason: nothing for, why: \"tick\xc3\xa4t "
        "\\\"17\\\"\","
        " until: 2030-01-01, issue: 'a\\b'}\n"
        "  - {check: stream.b, verdict: warn, reason: wrong, why: soon, until: 2020-01-01}\n"
        "  - {check: stream.c, verdict: fail, reason: other, why: gone}\n"
        "  - {check: stream.d, verdict: fail, reason: mended, why: gone}\n"
        "  - {check: stream.f, verdict: fail, reason: skipped, why: kept}\n"
        "  - {check: stream.x, verdict: fail, reason: deselected, why: kept}\n";
    static const struct {
        const char *check, *reason, *why, *until, *issue;
    } rows[] = {
        {"stream.a", "nothing for", "tick\xc3\xa4t \"17\"", "2030-01-01", "a\\b"},
        {"stream.f", "skipped", "kept", NULL, NULL},
        {"stream.x", "deselected", "kept", NULL, NULL},
        {"stream.b", "octet 7 is wrong", "ran out on 2020-01-01: soon", NULL, NULL},
        {"stream.c", "socket: Too many open files", "not yet explained", NULL, NULL},
    };
    struct report r = {.target = "t", .checks = checks, .count = 6, .started = 1767225600};
    const struct report *one = &r;
    struct report_set set = {.reports = &one, .count = 1};
    struct waivers before;
    struct waivers after;
    char path[96];

    text_format(path, sizeof(path), "%s/over", program_folder);
    program_write_file(path, text);
    assert_true(waivers_read(path, is_known, &before, NULL));
    assert_true(waivers_write(path, &set, &before, NULL));
    assert_true(waivers_read(path, is_known, &after, NULL));
    assert_int_equal(after.count, ARRAY_LEN(rows));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct waiver *w = &after.list[i];

        assert_string_equal(w->check, rows[i].check);
        assert_string_equal(w->reason, rows[i].reason);
        assert_string_equal(w->why, rows[i].why);
        assert_row(i, rows[i].until ? w->until && text_eq(w->until, rows[i].until) : !w->until);
        assert_row(i, rows[i].issue ? w->issue && text_eq(w->issue, rows[i].issue) : !w->issue);
    }
    waivers_free(&before);
    waivers_free(&after);
}

/* A reason ends with a word. */
static void test_written_reason_ends_with_a_word(void **state UNUSED)
{
    static const struct {
        const char *reason, *due;
    } rows[] = {
        {"expected end of file, got nothing for 5 s", "expected end of file, got nothing for"},
        {"the connection number17 was reset", "the connection"},
        {"a reason of many words that goes on until it is longer than what is kept of it",
         "a reason of many words that goes on until it is longer than"},
        {"short 5", "short 5"},
        {"exactly this much", "exactly this much"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct report_check c = {
            .id = "stream.a", .verdict = VERDICT_FAIL, .reason = rows[i].reason};
        struct report r = {.target = "t", .checks = &c, .count = 1};
        const struct report *one = &r;
        struct report_set set = {.reports = &one, .count = 1};
        struct waivers w;
        char path[96];

        text_format(path, sizeof(path), "%s/words", program_folder);
        assert_true(waivers_write(path, &set, NULL, NULL));
        assert_true(waivers_read(path, is_known, &w, NULL));
        assert_string_equal(w.list[0].reason, rows[i].due);
        waivers_free(&w);
    }
}

static void test_cannot_be_written(void **state UNUSED)
{
    static struct report_check many[200];
    struct report r = {.target = "t", .checks = many, .count = 1};
    const struct report *one = &r;
    struct report_set set = {.reports = &one, .count = 1};
    struct problem why = {.text = ""};

    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = checks[0];
    assert_false(waivers_write("/no/such/folder/w", &set, NULL, &why));
    assert_contains(why.text, "--write-waivers /no/such/folder/w: ");
    for (r.count = 0; r.count <= ARRAY_LEN(many); r.count += 10) {
        assert_row(r.count, !waivers_write("/dev/full", &set, NULL, &why));
        assert_contains(why.text, strerror(ENOSPC));
    }
}

/* A waiver may be for one kind of target only; the same check may have one for each. */
static void test_over(void **state UNUSED)
{
    static const char text[] =
        "waivers:\n"
        "  - {check: stream.x, verdict: fail, reason: a, why: w, over: tcp}\n"
        "  - {check: stream.x, verdict: warn, reason: b, why: w, over: unix-dgram}\n";
    static const struct {
        const char *target;
        int index; /* -1: none */
    } rows[] = {
        {"tcp://127.0.0.1:7", 0},  {"rpc+tcp://127.0.0.1:7/1/2", 0},
        {"udp://127.0.0.1:7", -1}, {"unix:/s", -1},
        {"unix-dgram:/s", 1},
    };
    struct problem why = {.text = ""};
    struct waivers w;

    if (!read_text(text, &w, &why))
        fail_msg("%s", why.text);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_ptr_equal(waivers_find(&w, "stream.x", rows[i].target),
                         rows[i].index < 0 ? NULL : &w.list[rows[i].index]);
    waivers_free(&w);
    assert_false(read_text("waivers:\n  - {check: stream.x, verdict: fail, reason: a, why: w}\n"
                           "  - {check: stream.x, verdict: fail, reason: a, why: w, over: tcp}\n",
                           &w, &why));
    assert_contains(why.text, "stream.x is waived on line 2 already");
    assert_false(read_text("waivers:\n  - over: ship\n", &w, &why));
    assert_contains(why.text, ":2:11: expected tcp, udp, unix");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_file),
        cmocka_unit_test(test_empty_list),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_over),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_judging),
        cmocka_unit_test(test_write_then_read),
        cmocka_unit_test(test_write_all_together),
        cmocka_unit_test(test_written_reason_is_steady),
        cmocka_unit_test(test_written_over_a_file_of_waivers),
        cmocka_unit_test(test_written_reason_ends_with_a_word),
        cmocka_unit_test(test_cannot_be_written),
    };

    return cmocka_run_group_tests(tests, program_open_folder, program_close_folder);
}
