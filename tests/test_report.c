/*
 * Tests of the forms of a report: one fixed report with every verdict and with hostile text in it,
 * compared with golden files and read back by the programs that such files are made for; and that
 * a file is written whole or not at all. ASSAY_REGENERATE=1 writes the golden files anew.
 */
#include "harness/report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/program.h"
#include "tests/reports.h"
#include "tests/unit.h"

enum { LIMIT_S = 60 };

/* ---- golden files ---- */

static void test_golden_files(void **state UNUSED)
{
    static const struct {
        const char *form, *path;
    } rows[] = {
        {"text", "tests/golden/report.txt"},
        {"json", "tests/golden/report.json"},
        {"junit", "tests/golden/report.xml"},
        {"tap", "tests/golden/report.tap"},
    };
    struct report r = whole_report();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *text = plain_form(&r, rows[i].form);

        assert_golden(rows[i].path, text);
        free(text);
    }
}

/* ---- text ---- */

/* No octet of a stranger's reaches the terminal but printable ASCII, in lines of our own. */
static void test_text_is_printable(void **state UNUSED)
{
    struct report r = whole_report();
    char *text = form_of(&r, "text", (struct report_style){.verbose = true});

    for (const char *at = text; *at; at++)
        assert_row(at - text, *at == '\n' || (*at >= 0x20 && *at < 0x7f));
    assert_lacks(text, "\nnot ok 99");
    assert_contains(text, "\\x1b[31mred\\x1b[0m");
    free(text);
}

static void test_text_tells_why(void **state UNUSED)
{
    struct report r = whole_report();

    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        if (text_eq(checks[i].reason, hostile) || checks[i].verdict == VERDICT_PASS)
            continue;
        r = single_report(&checks[i]);
        char *text = plain_form(&r, "text");
        assert_contains(text, checks[i].id);
        assert_contains(text, verdict_name(checks[i].verdict));
        assert_contains(text, *checks[i].actual && !checks[i].waived ? checks[i].actual
                                                                     : checks[i].reason);
        free(text);
    }
}

static void test_text_quiet_and_verbose(void **state UNUSED)
{
    static const struct {
        bool quiet, verbose;
        const char *part;
        bool there;
    } rows[] = {
        {false, false, "stream.echo.identity\n", false}, /* a pass is not worth a line */
        {false, true, "pass  must   stream.echo.identity\n", true},
        {true, false, "stream.echo.identity\n", false},
        {false, false, "note  note   stream.note.it: as the claim says\n", true},
        {true, false, "stream.note.it", false},
        {false, false, "skip  needs --spawn:\n      stream.skip.one stream.skip.two\n", true},
        {true, false, "stream.skip.one", false},
        {false, false, "transcript:", true},
        {true, false, "transcript:", false},
        {true, false, "fail  robust stream.eof.fin\n", true},
        {true, false, "expected: end of file\n", true},
        {true, false, "again:    assay check", true},
        {false, false, ">>  0.000250  target  connection 1: 300 octets", true},
        {false, false, "... (290 more)", true},
        {false, false, "(waived: ticket 17)", true},
        {true, false, "stale waivers.yml:3: the waiver of stream.echo.identity", true},
        {true, false,
         "1 pass, 2 fail, 1 warn, 1 note, 3 skip, 1 error, 2 waived, "
         "2 waivers no longer needed  (11 checks, 61.2 s)\n",
         true},
        {true, false, "no longer serves after stream.eof.fin; the rest was not run\n", true},
        {true, false, "\033[", false},
    };
    struct report r = whole_report();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct report_style style = {.quiet = rows[i].quiet, .verbose = rows[i].verbose};
        char *text = form_of(&r, "text", style);

        assert_row(i, (strstr(text, rows[i].part) != NULL) == rows[i].there);
        free(text);
    }
}

/* Many ids stand in lines of at most 100 columns; where nothing ran, the reason stands once. */
static void test_text_skips(void **state UNUSED)
{
    enum { MANY = 30 };
    static struct report_check many[MANY];
    struct report r = {.target = "t", .speak = "echo", .facts = "", .checks = many, .count = MANY};

    for (size_t i = 0; i < MANY; i++)
        many[i] = (struct report_check){.id = "stream.some.claim",
                                        .verdict = VERDICT_SKIP,
                                        .reason = "not run: nobody is there"};
    char *text = plain_form(&r, "text");
    assert_contains(text,
                    "skip  not run: nobody is there:\n      stream.some.claim stream.some.claim");
    unsigned ids = 0;
    for (const char *at = text; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        assert_true(strcspn(at, "\n") <= 100);
        ids += text_starts(at, "      stream.some.claim");
    }
    assert_int_equal(ids, 6); /* lines of five */
    free(text);
    r.ending = "nobody is there";
    text = plain_form(&r, "text");
    assert_lacks(text, "stream.some.claim");
    assert_lacks(text, "skip  not");
    assert_contains(text, "\nnobody is there\n0 pass, 0 fail, 30 skip  (30 checks");
    free(text);
    many[0].reason = "needs --spawn";
    many[1].verdict = VERDICT_PASS;
    r.count = 2;
    text = plain_form(&r, "text");
    assert_contains(text, "skip  needs --spawn:\n      stream.some.claim\n");
    assert_contains(text, "(2 checks");
    r.count = 1;
    free(text);
    text = plain_form(&r, "text");
    assert_contains(text, "(1 check,");
    free(text);
}

static void test_text_colour(void **state UNUSED)
{
    struct report r = whole_report();
    char *text = form_of(&r, "text", (struct report_style){.colour = true});
    unsigned on = 0;
    unsigned off = 0;

    assert_contains(text, "\033[1;31mfail \033[0m robust stream.eof.fin\n");
    for (const char *at = strchr(text, '\033'); at; at = strchr(at + 1, '\033')) {
        bool ends = text_starts(at, "\033[0m");

        on += !ends;
        off += ends;
        assert_true(on - off <= 1); /* each colour ends before the next begins */
    }
    assert_int_equal(on, off);
    free(text);
}

/* A long transcript shows its first and its last lines, and says how many it leaves out. */
static void test_text_long_transcripts(void **state UNUSED)
{
    enum { MANY = 100 };
    static struct event many[MANY];
    struct report_check check = checks[1];
    struct report r = single_report(&check);

    for (size_t i = 0; i < MANY; i++) {
        many[i] = (struct event){.t_us = (int64_t)i};
        text_format(many[i].what, sizeof(many[i].what), "event %zu.", i);
    }
    check.events = many;
    check.event_count = MANY;
    check.events_dropped = 5;
    char *text = plain_form(&r, "text");
    assert_contains(text, "event 7.");
    assert_lacks(text, "event 8.");
    assert_contains(text, "... 73 lines left out ...");
    assert_lacks(text, "event 75.");
    assert_contains(text, "event 76.");
    free(text);
    text = form_of(&r, "text", (struct report_style){.verbose = true});
    assert_contains(text, "event 8.");
    assert_contains(text, "... 5 lines left out ...");
    free(text);
}

/* ---- JSON ---- */

static json_t *json_of(const struct report *r)
{
    char *text = plain_form(r, "json");
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);

    if (!root)
        fail_msg("line %d: %s", error.line, error.text);
    free(text);
    return root;
}

static void test_json_has_the_keys_of_the_contract(void **state UNUSED)
{
    static const char *const counts[] = {"pass", "fail", "warn", "note", "skip", "error", "waived"};
    const char *tool, *version, *target, *speak, *started;
    json_int_t seed, duration;
    json_t *summary, *list;
    struct report r = whole_report();
    json_t *root = json_of(&r);

    assert_int_equal(json_unpack(root, "{s:s,s:s,s:s,s:s,s:I,s:s,s:I,s:o,s:o}", "tool", &tool,
                                 "version", &version, "target", &target, "speak", &speak, "seed",
                                 &seed, "started", &started, "duration_ms", &duration, "summary",
                                 &summary, "checks", &list),
                     0);
    assert_string_equal(tool, "assay");
    assert_string_equal(version, REPORT_VERSION);
    assert_string_equal(target, r.target);
    assert_string_equal(speak, r.speak);
    assert_true(seed == INT64_MAX);
    assert_string_equal(started, "2025-06-15T15:06:40Z"); /* RFC 3339 */
    assert_int_equal(duration, 61234);
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        assert_row(i, json_is_integer(json_object_get(summary, counts[i])));
    assert_int_equal(json_object_size(summary), ARRAY_LEN(counts));
    assert_int_equal(json_integer_value(json_object_get(summary, "fail")), 2);
    assert_int_equal(json_integer_value(json_object_get(summary, "waived")), 2);
    assert_int_equal(json_array_size(list), ARRAY_LEN(checks));
    assert_int_equal(json_array_size(json_object_get(root, "stale_waivers")), ARRAY_LEN(stale));
    json_decref(root);
}

static void test_json_checks(void **state UNUSED)
{
    struct report r = whole_report();
    json_t *root = json_of(&r);

    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        const struct report_check *c = &checks[i];
        const char *id, *level, *claim, *verdict, *reason, *expected, *actual, *again, *waiver;
        json_t *clauses, *evidence;
        json_int_t duration, dropped;
        int waived, guilty;

        assert_row(i, json_unpack(json_array_get(json_object_get(root, "checks"), i),
                                  "{s:s,s:s,s:s,s:s,s:s,s:o,s:I,s:b,s:s,s:s,s:s,s:o,s:s,s:I,s:i !}",
                                  "id", &id, "level", &level, "claim", &claim, "verdict", &verdict,
                                  "reason", &reason, "cites", &clauses, "duration_ms", &duration,
                                  "waived", &waived, "expected", &expected, "actual", &actual,
                                  "reproduce", &again, "evidence", &evidence, "waiver", &waiver,
                                  "evidence_dropped", &dropped, "guilty", &guilty) == 0);
        assert_string_equal(id, c->id);
        assert_string_equal(level, level_name(c->level));
        assert_string_equal(claim, c->claim);
        assert_string_equal(verdict, verdict_name(c->verdict));
        assert_string_equal(again, c->reproduce);
        assert_row(i, duration == c->duration_us / 1000 && waived == c->waived);
        assert_row(i, (size_t)dropped == c->events_dropped && guilty == c->guilty);
        assert_row(i, (*waiver != '\0') == c->waived);
        assert_row(i, json_array_size(clauses) == c->cite_count);
        assert_row(i, json_array_size(evidence) == c->event_count);
        if (c->expected != hostile)
            assert_string_equal(expected, c->expected);
    }
    json_decref(root);
}

static void test_json_evidence(void **state UNUSED)
{
    struct report r = single_report(&checks[1]);
    json_t *root = json_of(&r);
    json_t *check = json_array_get(json_object_get(root, "checks"), 0);
    json_t *list = json_object_get(check, "evidence");

    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        const char *who, *kind, *what, *bytes;
        json_int_t t_us, connection, length;

        assert_row(i,
                   json_unpack(json_array_get(list, i), "{s:I,s:s,s:s,s:I,s:s,s:s,s:I !}", "t_us",
                               &t_us, "who", &who, "kind", &kind, "connection", &connection, "what",
                               &what, "bytes", &bytes, "length", &length) == 0);
        assert_string_equal(kind, event_kind_name(events[i].kind));
        assert_row(i, connection == events[i].connection);
        assert_row(i, t_us == events[i].t_us && length == (json_int_t)events[i].length);
        assert_string_equal(who, who_name(events[i].who));
        assert_row(i, strlen(bytes) == 2 * events[i].kept);
        if (i == 1)
            assert_string_equal(bytes, "000a225c1b5b33316dff");
    }
    json_decref(root);
}

/* Text that is UTF-8 comes back as it was, control characters and all; other text is escaped. */
static void test_json_strings(void **state UNUSED)
{
    static const struct {
        const char *text, *read;
    } rows[] = {
        {"plain", "plain"},
        {"\"\\/\b\f\n\r\t\x01\x1f\x7f", "\"\\/\b\f\n\r\t\x01\x1f\x7f"},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\xff", "\"\\xff\""},
        {"a\xc3", "\"a\\xc3\""},
        {"\xed\xa0\x80", "\"\\xed\\xa0\\x80\""}, /* half a pair is no character */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct report_check check = checks[1];
        struct report r = single_report(&check);

        check.reason = rows[i].text;
        r.target = rows[i].text;
        json_t *root = json_of(&r);
        json_t *read = json_array_get(json_object_get(root, "checks"), 0);
        assert_string_equal(json_string_value(json_object_get(read, "reason")), rows[i].read);
        assert_string_equal(json_string_value(json_object_get(root, "target")), rows[i].read);
        json_decref(root);
    }
}

/* ---- JUnit ---- */

static xmlDoc *junit_of(const struct report *r)
{
    char *text = plain_form(r, "junit");
    xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), "junit.xml", NULL, XML_PARSE_NONET);

    assert_non_null(doc);
    free(text);
    return doc;
}

static unsigned count_elements(const xmlNode *node, const char *name)
{
    unsigned count = 0;

    for (; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        count += text_eq((const char *)node->name, name);
        for (const xmlNode *child = node->children; child; child = child->next) {
            count += child->type == XML_ELEMENT_NODE && text_eq((const char *)child->name, name);
            for (const xmlNode *below = child->children; below; below = below->next)
                count +=
                    below->type == XML_ELEMENT_NODE && text_eq((const char *)below->name, name);
        }
    }
    return count;
}

static uint64_t number_of(const xmlNode *node, const char *attribute)
{
    xmlChar *text = xmlGetProp(node, (const xmlChar *)attribute);
    uint64_t number = 0;

    assert_non_null(text);
    assert_true(text_number((const char *)text, 0, 10000, &number));
    xmlFree(text);
    return number;
}

/* What <testsuites> and <testsuite> say must be what stands in them. */
static void assert_counts(const struct report *r, unsigned failures, unsigned errors)
{
    static const struct {
        const char *attribute, *element;
    } rows[] = {{"tests", "testcase"},
                {"failures", "failure"},
                {"errors", "error"},
                {"skipped", "skipped"}};
    xmlDoc *doc = junit_of(r);
    xmlNode *root = xmlDocGetRootElement(doc);
    xmlNode *suite = xmlFirstElementChild(root);

    assert_string_equal((const char *)root->name, "testsuites");
    assert_string_equal((const char *)suite->name, "testsuite");
    assert_int_equal(number_of(root, "tests"), r->count + r->stale_count + (r->ending != NULL));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t said = number_of(suite, rows[i].attribute);

        /* What was skipped is counted for a suite alone. */
        assert_row(i, text_eq(rows[i].attribute, "skipped") ||
                          number_of(root, rows[i].attribute) == said);
        assert_row(i, count_elements(suite->children, rows[i].element) == said);
    }
    assert_int_equal(number_of(root, "failures"), failures);
    assert_int_equal(number_of(root, "errors"), errors);
    xmlFreeDoc(doc);
}

static void test_junit_counts(void **state UNUSED)
{
    struct report r = whole_report();

    assert_counts(&r, 4, 2); /* two broken, two stale; and the run ended early */
    r.strict = true;
    assert_counts(&r, 5, 2); /* a warn, too */
    r.ending = NULL;
    r.count = 1;
    r.stale_count = 0;
    assert_counts(&r, 0, 0);
}

/* What is waived counts neither as a failure nor as an error. */
static void test_junit_waived_counts(void **state UNUSED)
{
    static const enum verdict verdicts[] = {VERDICT_FAIL, VERDICT_WARN, VERDICT_ERROR};

    for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
        struct report_check check = checks[7];
        struct report r = single_report(&check);

        check.verdict = verdicts[i];
        r.strict = true;
        assert_counts(&r, 0, 0);
        check.waived = false;
        assert_counts(&r, verdicts[i] != VERDICT_ERROR, verdicts[i] == VERDICT_ERROR);
    }
}

/* How JUnit shows a text: XML forbids most control characters, also as references. */
static void shown_in_xml(const char *text, struct buf *out)
{
    for (; *text; text++) {
        if ((*text >= 0x20 && *text < 0x7f) || *text == '\n' || *text == '\t')
            buf_put_byte(out, (uint8_t)*text);
        else
            buf_printf(out, "\\x%02x", (unsigned char)*text);
    }
}

static void test_junit_hostile_text(void **state UNUSED)
{
    struct report_check check = checks[8];
    struct report r = single_report(&check);
    struct buf due;

    r.target = hostile;
    xmlDoc *doc = junit_of(&r);
    xmlNode *suite = xmlFirstElementChild(xmlDocGetRootElement(doc));
    xmlNode *test = xmlLastElementChild(suite);
    xmlNode *failure = xmlNextElementSibling(xmlFirstElementChild(test));
    xmlChar *message = xmlGetProp(failure, (const xmlChar *)"message");
    xmlChar *name = xmlGetProp(suite, (const xmlChar *)"name");

    buf_init(&due, 4096);
    shown_in_xml(hostile, &due);
    assert_string_equal((const char *)failure->name, "failure");
    assert_string_equal((const char *)message, buf_text(&due));
    assert_string_equal((const char *)name, buf_text(&due));
    xmlFree(message);
    xmlFree(name);
    buf_free(&due);
    xmlFreeDoc(doc);
}

static void test_junit_names_the_check(void **state UNUSED)
{
    struct report r = single_report(&checks[1]);
    char *text = plain_form(&r, "junit");

    assert_contains(text, "classname=\"stream\" name=\"stream.eof.fin\" time=\"0.000999\"");
    assert_contains(text, "timestamp=\"2025-06-15T15:06:40\"");
    assert_contains(text, "type=\"robust\"");
    assert_contains(text, "<property name=\"seed\" value=\"9223372036854775807\"/>");
    free(text);
}

/* ---- TAP ---- */

/* Runs prove on the report; its words and its status. */
static struct program_result prove(const struct report *r)
{
    free(plain_form(r, "tap"));
    return program_run(LIMIT_S, "prove -e cat %s/report", program_folder);
}

static void test_tap_of_all_well(void **state UNUSED)
{
    static const size_t well[] = {0, 3, 4, 9}; /* pass, note, skip, skip */

    for (size_t i = 0; i < ARRAY_LEN(well); i++) {
        struct report r = single_report(&checks[well[i]]);
        struct program_result p = prove(&r);

        assert_contains(p.out, "Result: PASS");
        assert_contains(p.out, "Tests=1,");
        assert_row(i, p.status == 0);
        program_free(&p);
    }
}

static void test_tap_of_trouble(void **state UNUSED)
{
    struct report r = whole_report();
    struct program_result p = prove(&r);

    assert_contains(p.out, "Result: FAIL");
    assert_contains(p.out, "Tests=14,");
    /* Two broken, an error, two stale, the early end; what is waived is to be done, and a warn is
     * no failure. */
    assert_contains(p.out, "Failed tests:  2, 7, 9, 12-14");
    assert_lacks(p.out, "Parse errors");
    assert_int_equal(p.status, 1);
    program_free(&p);
    r.strict = true;
    p = prove(&r);
    assert_contains(p.out, "Failed tests:  2-3, 7, 9, 12-14");
    program_free(&p);
}

static void test_tap_waived_is_todo(void **state UNUSED)
{
    static const enum verdict verdicts[] = {VERDICT_FAIL, VERDICT_WARN, VERDICT_ERROR};

    for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
        struct report_check check = checks[7];
        struct report r = single_report(&check);

        check.verdict = verdicts[i];
        struct program_result p = prove(&r);
        assert_contains(p.out, "Result: PASS");
        assert_row(i, p.status == 0);
        program_free(&p);
    }
}

/* Hostile text neither begins lines nor directives, nor does it move the cursor. */
static void test_tap_is_printable(void **state UNUSED)
{
    struct report r = whole_report();
    char *text = plain_form(&r, "tap");
    char *save = NULL;

    for (const char *at = text; *at; at++)
        assert_row(at - text, *at == '\n' || (*at >= 0x20 && *at < 0x7f));
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        const char *hash = strchr(line, '#');

        assert_lacks(line, "ok 99 ");
        if (text_starts(line, "ok") || text_starts(line, "not ok"))
            assert_true(!hash || !strchr(hash + 1, '#'));
    }
    free(text);
}

/* ---- writing ---- */

static void assert_no_draft(void)
{
    struct program_result ls = program_run(LIMIT_S, "ls %s", program_folder);

    assert_lacks(ls.out, "kept.");
    assert_lacks(ls.out, "new.");
    program_free(&ls);
}

static bool write_to(const char *path, struct problem *why)
{
    static const struct report_style style = {.colour = false};
    struct report r = whole_report();

    const struct report *one = &r;
    struct report_set set = {.reports = &one, .count = 1};

    return report_write(reporter_find("json"), &set, &style, path, why);
}

static void test_file_mode_and_replacing(void **state UNUSED)
{
    struct stat status;
    char path[96];
    mode_t mask = umask(027);

    text_format(path, sizeof(path), "%s/new", program_folder);
    assert_true(write_to(path, NULL));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    program_write_file(path, "what was there before");
    assert_true(write_to(path, NULL));
    char *text = program_read_file(path);
    assert_int_equal(*text, '{');
    free(text);
    assert_no_draft();
    umask(mask);
}

static void test_folder_is_missing(void **state UNUSED)
{
    static const char *const bad[] = {"%s/no/such/folder", "%s/report/x", "%s"};
    struct report r = whole_report();

    free(plain_form(&r, "text")); /* makes the file "report" */
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct problem why = {.text = ""};
        struct buf path;

        buf_init(&path, 200);
        for (const char *at = bad[i]; *at; at++) {
            if (text_starts(at, "%s")) {
                buf_put_str(&path, program_folder);
                at++;
            } else {
                buf_put_byte(&path, (uint8_t)*at);
            }
        }
        assert_row(i, !write_to(buf_text(&path), &why));
        assert_contains(why.text, "cannot write report");
        assert_contains(why.text, buf_text(&path));
        buf_free(&path);
    }
}

static void test_path_is_too_long(void **state UNUSED)
{
    struct problem why = {.text = ""};
    char path[6000];

    errno = 0;
    memset(path, 'x', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    assert_false(write_to(path, &why));
    assert_contains(why.text, "cannot write report xxx");
}

/* A disk that is full, as a limit on the size of files: the old report stays, and no draft. */
static void test_full_disk_keeps_the_old_file(void **state UNUSED)
{
    struct problem why = {.text = ""};
    struct rlimit before;
    char path[96];

    text_format(path, sizeof(path), "%s/kept", program_folder);
    program_write_file(path, "kept");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t limit = 0; limit < 9000; limit += 1000) {
        struct rlimit tight = {.rlim_cur = limit, .rlim_max = before.rlim_max};

        setrlimit(RLIMIT_FSIZE, &tight);
        bool ok = write_to(path, &why);
        setrlimit(RLIMIT_FSIZE, &before);
        assert_row(limit, !ok);
        assert_contains(why.text, strerror(EFBIG));
        char *text = program_read_file(path);
        assert_string_equal(text, "kept");
        free(text);
        assert_no_draft();
    }
    signal(SIGXFSZ, SIG_DFL);
}

static void test_special_files(void **state UNUSED)
{
    struct problem why = {.text = ""};
    struct stat status;

    assert_true(write_to("/dev/null", &why));
    assert_int_equal(stat("/dev/null", &status), 0);
    assert_true(S_ISCHR(status.st_mode));
    assert_false(write_to("/dev/full", &why));
    assert_contains(why.text, "/dev/full");
    assert_contains(why.text, strerror(ENOSPC));
}

/* The report on standard output, where a child has put a file; its exit status. */
static int write_to_stdout(const char *path, const char *file)
{
    int status = -1;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

        if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
            _exit(9);
        _exit(write_to(path, NULL) ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void test_standard_output(void **state UNUSED)
{
    static const char *const names[] = {NULL, "-"};
    char file[96];

    text_format(file, sizeof(file), "%s/stdout", program_folder);
    fflush(stdout); /* or the child would write it once more */
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_row(i, write_to_stdout(names[i], file) == 0);
        char *text = program_read_file(file);
        json_t *root = json_loads(text, 0, NULL);
        assert_row(i, root != NULL);
        json_decref(root);
        free(text);
        assert_row(i, WEXITSTATUS(write_to_stdout(names[i], "/dev/full")) == 1);
    }
}

/* ---- names and counts ---- */

static void test_names(void **state UNUSED)
{
    static const char *const forms[] = {"text",     "json",   "junit",  "tap",   "html",
                                        "markdown", "github", "gitlab", "sarif", "badge"};
    char names[128];
    char few[8];
    enum level level;

    reporter_names(names, sizeof(names));
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        assert_non_null(reporter_find(forms[i]));
        assert_string_equal(reporter_find(forms[i])->name, forms[i]);
        assert_true(strlen(reporter_find(forms[i])->summary) > 0);
        assert_contains(names, forms[i]);
    }
    assert_null(reporter_find("xml"));
    assert_null(reporter_find(""));
    reporter_names(few, sizeof(few));
    assert_true(strlen(few) < sizeof(few));
    for (int i = 0; i < LEVELS; i++) {
        assert_true(level_parse(level_name((enum level)i), &level));
        assert_int_equal(level, i);
    }
    assert_false(level_parse("MUST", &level));
    assert_false(level_parse("", &level));
}

static void test_tally(void **state UNUSED)
{
    struct report r = whole_report();
    struct report_tally tally = report_tally(&r);

    assert_int_equal(tally.waived, 2);
    assert_int_equal(tally.by_verdict[VERDICT_PASS], 1);
    assert_int_equal(tally.by_verdict[VERDICT_FAIL], 2);
    assert_int_equal(tally.by_verdict[VERDICT_WARN], 1);
    assert_int_equal(tally.by_verdict[VERDICT_NOTE], 1);
    assert_int_equal(tally.by_verdict[VERDICT_SKIP], 3);
    assert_int_equal(tally.by_verdict[VERDICT_ERROR], 1);
}

static void test_suites(void **state UNUSED)
{
    assert_octets(report_suite("stream.echo.identity"), slice_str("stream"));
    assert_octets(report_suite("stream"), slice_str("stream"));
    assert_octets(report_suite(""), slice_str(""));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_files),
        cmocka_unit_test(test_text_is_printable),
        cmocka_unit_test(test_text_tells_why),
        cmocka_unit_test(test_text_quiet_and_verbose),
        cmocka_unit_test(test_text_skips),
        cmocka_unit_test(test_text_colour),
        cmocka_unit_test(test_text_long_transcripts),
        cmocka_unit_test(test_json_has_the_keys_of_the_contract),
        cmocka_unit_test(test_json_checks),
        cmocka_unit_test(test_json_evidence),
        cmocka_unit_test(test_json_strings),
        cmocka_unit_test(test_junit_counts),
        cmocka_unit_test(test_junit_waived_counts),
        cmocka_unit_test(test_junit_hostile_text),
        cmocka_unit_test(test_junit_names_the_check),
        cmocka_unit_test(test_tap_of_all_well),
        cmocka_unit_test(test_tap_of_trouble),
        cmocka_unit_test(test_tap_waived_is_todo),
        cmocka_unit_test(test_tap_is_printable),
        cmocka_unit_test(test_file_mode_and_replacing),
        cmocka_unit_test(test_folder_is_missing),
        cmocka_unit_test(test_path_is_too_long),
        cmocka_unit_test(test_full_disk_keeps_the_old_file),
        cmocka_unit_test(test_special_files),
        cmocka_unit_test(test_standard_output),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_tally),
        cmocka_unit_test(test_suites),
    };

    return cmocka_run_group_tests(tests, reports_begin, program_close_folder);
}
