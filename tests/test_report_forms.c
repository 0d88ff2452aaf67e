/*
 * Tests of the forms of a report that CI systems read: golden files, hostile text, limits, and each
 * form read by somebody else's program where there is one: cmark-gfm, libxml2, python3-jsonschema
 * and the classes of SARIF.
 */
#include <jansson.h>
#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <stdlib.h>
#include <string.h>

#include "harness/report/report.h"
#include "harness/report/reporters.h"
#include "harness/report/status.h"
#include "tests/program.h"
#include "tests/reports.h"
#include "tests/unit.h"

enum { LIMIT_S = 60 };

static const struct report_style plain = {.colour = false};

/* What means something in Markdown, or would be made a link of. */
#define TRICKS                                                                                     \
    "| a | `b` **c** _d_ ~~e~~ [f](http://g.example) ![h](i) <script>j</script> <b>k</b>\n\n# l\n" \
    "- m www.n.example o@p.example &copy; </code></td></table></pre></details> :q: {0} \\"

static void test_golden_files(void **state UNUSED)
{
    static const struct {
        const char *form, *path;
    } rows[] = {
        {"markdown", "tests/golden/report.md"},        {"github", "tests/golden/report.github"},
        {"gitlab", "tests/golden/report.gitlab.json"}, {"sarif", "tests/golden/report.sarif"},
        {"badge", "tests/golden/report.svg"},
    };
    struct report r = whole_report();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *text = plain_form(&r, rows[i].form);

        assert_golden(rows[i].path, text);
        for (const char *at = text; *at; at++)
            assert_row(i, *at == '\n' || (*at >= 0x20 && *at < 0x7f));
        free(text);
    }
}

static const char *const tricks[] = {TRICKS};

/* One broken check with the tricks wherever text of strangers stands. */
static struct report tricky(struct report_check *check)
{
    struct report r;

    *check = checks[8];
    check->claim = check->reason = check->expected = check->actual = check->reproduce = TRICKS;
    r = single_report(check);
    r.target = r.speak = r.version = r.facts = r.ending = TRICKS;
    r.stale = tricks;
    r.stale_count = 1;
    return r;
}

/* No form fails on a run that has nothing to say. */
static void test_no_reports_and_no_checks(void **state UNUSED)
{
    struct report empty = {.target = "t", .speak = "echo", .facts = ""};
    const struct report *one = &empty;
    struct report_set sets[] = {{.several = true}, {.reports = &one, .count = 1}};

    for (size_t i = 0; reporter_at(i); i++) {
        for (size_t s = 0; s < ARRAY_LEN(sets); s++)
            free(form_of_set(&sets[s], reporter_at(i)->name, plain));
    }
}

/* ---- Markdown ---- */

/* The page as GitHub would make it of what the last form_of wrote. */
static htmlDocPtr rendered(void)
{
    struct program_result p =
        program_run(LIMIT_S, "cmark-gfm -e table -e autolink -e strikethrough --unsafe %s/report",
                    program_folder);

    assert_int_equal(p.status, 0);
    htmlDocPtr page = htmlReadMemory(p.out, (int)strlen(p.out), NULL, "UTF-8",
                                     HTML_PARSE_NONET | HTML_PARSE_NOERROR);
    assert_non_null(page);
    program_free(&p);
    return page;
}

/* The node behind this one, in the order of the document, within the tree of root. */
static const xmlNode *next_node(const xmlNode *node, const xmlNode *root)
{
    if (node->children)
        return node->children;
    while (node != root && !node->next)
        node = node->parent;
    return node == root ? NULL : node->next;
}

/* How many elements of this name there are, in which this text stands alone, where one is given. */
static size_t count_elements(const xmlNode *root, const char *name, const char *text)
{
    size_t count = 0;

    for (const xmlNode *node = root; node; node = next_node(node, root)) {
        if (node->type != XML_ELEMENT_NODE || !text_eq((const char *)node->name, name))
            continue;
        xmlChar *content = xmlNodeGetContent(node);
        count += !text || text_eq((const char *)content, text);
        xmlFree(content);
    }
    return count;
}

static void test_markdown_hostile_text_stays_text(void **state UNUSED)
{
    static const char *const strange[] = {"a",  "img",    "script", "em", "strong",
                                          "h1", "strike", "del",    "hr", "blockquote"};
    struct report_check check;
    struct report r = tricky(&check);
    struct buf due;

    free(plain_form(&r, "markdown"));
    htmlDocPtr page = rendered();
    const xmlNode *root = xmlDocGetRootElement(page);
    for (size_t i = 0; i < ARRAY_LEN(strange); i++)
        assert_row(i, count_elements(root, strange[i], NULL) == 0);
    assert_int_equal(count_elements(root, "b", NULL), 1); /* that the run ended early */
    assert_int_equal(count_elements(root, "table", NULL), 2);
    assert_int_equal(count_elements(root, "details", NULL), 1);
    buf_init(&due, 1 << 12);
    report_plain(&due, TRICKS, SIZE_MAX, "");
    /* target, exchange, ending, waiver, expected, actual */
    assert_int_equal(count_elements(root, "code", buf_text(&due)), 6);
    assert_int_equal(count_elements(root, "td", buf_text(&due)), 1); /* the claim */
    buf_free(&due);
    xmlFreeDoc(page);
}

static void test_markdown_tells(void **state UNUSED)
{
    struct report r = whole_report();
    char *text = plain_form(&r, "markdown");
    htmlDocPtr page;

    assert_contains(text, "## assay: broken\n");
    assert_contains(text, "| 1 | 2 | 1 | 1 | 3 | 1 | 2 |");
    assert_contains(text, "<td><code>stream.eof.fin</code></td><td>fail</td><td>robust</td>");
    assert_contains(text, "no longer holds: the verdict is now pass</code></li>");
    assert_contains(text, "   ... 3 lines left out ...");
    assert_lacks(text, "unix.waived");
    free(text);
    page = rendered();
    assert_int_equal(count_elements(xmlDocGetRootElement(page), "tr", NULL), 2 + 5);
    assert_int_equal(count_elements(xmlDocGetRootElement(page), "details", NULL), 4);
    xmlFreeDoc(page);
}

/* However much is broken, GitHub takes the page, and the page says what is not on it. */
static void test_markdown_limits(void **state UNUSED)
{
    enum { MANY = 4000, GITHUB_MAX = 1 << 20 };
    static struct report_check many[MANY];
    static struct event long_transcript[100];
    struct report r = whole_report();
    const struct report *several[40];
    char *text;

    for (size_t i = 0; i < ARRAY_LEN(long_transcript); i++)
        long_transcript[i] = events[2];
    for (size_t i = 0; i < MANY; i++) {
        many[i] = checks[8];
        many[i].events = long_transcript;
        many[i].event_count = ARRAY_LEN(long_transcript);
    }
    r.checks = many;
    r.count = MANY;
    for (size_t i = 0; i < ARRAY_LEN(several); i++)
        several[i] = &r;
    text = plain_form(&r, "markdown");
    assert_true(strlen(text) < GITHUB_MAX && strlen(text) > GITHUB_MAX / 2);
    assert_contains(text, " more rows of this table are left out.\n");
    assert_contains(text, " more transcripts are left out.\n");
    free(text);
    xmlFreeDoc(rendered());
    r.count = 12;
    text = plain_form(&r, "markdown");
    assert_contains(text, "\n2 more transcripts are left out.\n");
    assert_lacks(text, "rows of this table");
    free(text);
    r.count = MANY;
    text = form_of_set(&(struct report_set){several, ARRAY_LEN(several), true, NULL}, "markdown",
                       plain);
    assert_true(strlen(text) < GITHUB_MAX);
    size_t heads = 0;
    for (const char *at = strstr(text, "<h3>"); at; at = strstr(at + 1, "<h3>"))
        heads++;
    assert_int_equal(heads, ARRAY_LEN(several));
    free(text);
}

static void test_markdown_compares(void **state UNUSED)
{
    struct report_check now[] = {checks[0], checks[1], checks[2]};
    struct report_check old[] = {checks[0], checks[1], checks[2]};
    struct report r = single_report(now);
    struct report before = single_report(old);
    const struct report *list[] = {&r, &before};
    struct report_set last = {.reports = &list[1], .count = 1};
    struct report_set set = {.reports = list, .count = 1, .before = &last};
    char *text;

    r.count = before.count = 3;
    text = form_of_set(&set, "markdown", plain);
    assert_contains(text, "<p>Since the run of 2025-06-15 15:06 UTC: no change</p>");
    free(text);
    old[1].verdict = old[2].verdict = VERDICT_PASS;
    old[0].verdict = VERDICT_FAIL;
    text = form_of_set(&set, "markdown", plain);
    assert_contains(text, "UTC: newly broken <code>stream.eof.fin</code>, "
                          "<code>stream.should.be</code>; no longer broken "
                          "<code>stream.echo.identity</code></p>");
    free(text);
    old[1].verdict = old[0].verdict = VERDICT_SKIP; /* nobody knows how it was */
    old[2] = checks[2];
    text = form_of_set(&set, "markdown", plain);
    assert_contains(text, "no change");
    free(text);
}

/* ---- GitHub ---- */

/* Undoes the escapes as the runner does it: the percent sign itself comes last. */
static void unescape(char *text)
{
    static const char *const pairs[][2] = {
        {"%0D", "\r"}, {"%0A", "\n"}, {"%3A", ":"}, {"%2C", ","}, {"%25", "%"}};

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        for (char *at = strstr(text, pairs[i][0]); at; at = strstr(at + 1, pairs[i][0])) {
            *at = pairs[i][1][0];
            memmove(at + 1, at + 3, strlen(at + 3) + 1);
        }
    }
}

/* Takes a line apart: ::COMMAND title=TITLE::MESSAGE */
static void take_apart(char *line, char **command, char **title, char **message)
{
    assert_true(text_starts(line, "::"));
    *command = line + 2;
    *title = strstr(line, " title=");
    assert_non_null(*title);
    *message = strstr(*title, "::");
    assert_non_null(*message);
    **title = **message = '\0';
    *title += strlen(" title=");
    *message += 2;
    assert_null(strpbrk(*title, ":,"));
    unescape(*title);
    unescape(*message);
}

static void test_github_commands(void **state UNUSED)
{
    struct report_check check;
    struct report r = tricky(&check);
    char *text;
    char *save = NULL;
    char *command, *title, *message;
    unsigned lines = 0;
    struct buf due;

    check.expected = "100%, \n::warning::no%0A%25";
    check.id = "a.b";
    text = plain_form(&r, "github");
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        take_apart(line, &command, &title, &message);
        if (lines++ > 0)
            continue;
        assert_string_equal(command, "error");
        assert_string_equal(title, "a.b (must)");
        assert_contains(message, "\nexpected: 100%, \\x0a::warning::no%0A%25\nactual: | a |");
        buf_init(&due, 1 << 12);
        buf_put_str(&due, "\nagain: ");
        report_plain(&due, TRICKS, SIZE_MAX, "");
        assert_contains(message, buf_text(&due));
        buf_free(&due);
    }
    assert_int_equal(lines, 4); /* the check, the ending, the waiver, the counts */
    free(text);
}

static size_t count_lines(const char *text, const char *begin)
{
    size_t count = 0;

    for (; text; text = strchr(text, '\n')) {
        text += *text == '\n';
        count += text_starts(text, begin);
    }
    return count;
}

static void test_github_shows_ten_of_each(void **state UNUSED)
{
    static const struct {
        size_t failures, warnings, errors_shown, warnings_shown;
        const char *rest;
    } rows[] = {
        {0, 0, 0, 0, "::notice title=assay::0 pass, 0 fail%0Atarget: tcp"},
        {10, 10, 10, 10, "::error title=x.fail"},
        {11, 3, 10, 3, "::error title=assay::2 more: x.fail, x.fail\n"},
        {2, 12, 2, 10, "::warning title=assay::3 more: x.warn, x.warn, x.warn\n"},
        {400, 0, 10, 0, "::error title=assay::391 more: x.fail, x.fail"},
    };
    static struct report_check many[412];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct report r = single_report(many);
        char *text;

        r.count = rows[i].failures + rows[i].warnings;
        for (size_t c = 0; c < r.count; c++) {
            many[c] = checks[c < rows[i].failures ? 1 : 2];
            many[c].id = c < rows[i].failures ? "x.fail" : "x.warn";
        }
        text = plain_form(&r, "github");
        assert_contains(text, rows[i].rest);
        assert_row(i, count_lines(text, "::error ") == rows[i].errors_shown);
        assert_row(i, count_lines(text, "::warning ") == rows[i].warnings_shown);
        assert_row(i, count_lines(text, "::notice ") == 1);
        free(text);
        r.strict = true;
        text = plain_form(&r, "github");
        assert_row(i, count_lines(text, "::warning ") == 0);
        free(text);
    }
}

/* Those that are not shown are told by the names of their targets. */
static void test_github_names_targets(void **state UNUSED)
{
    struct report reports[12];
    const struct report *list[12];
    char names[12][16];
    const struct report_set set = {list, 12, true, NULL};

    for (size_t i = 0; i < 12; i++) {
        text_format(names[i], sizeof(names[i]), "target-%zu", i);
        reports[i] = single_report(&checks[0]);
        reports[i].target = names[i];
        reports[i].ending = "it is gone";
        list[i] = &reports[i];
    }
    char *text = form_of_set(&set, "github", plain);
    assert_contains(text, "::error title=assay::3 more: target-9, target-10, target-11\n");
    assert_contains(text, "::notice title=assay::3 more: target-9, target-10, target-11\n");
    free(text);
}

/* ---- JSON of others ---- */

/* Validates what the last form_of wrote. */
static void assert_valid(const char *schema)
{
    struct program_result p =
        program_run(LIMIT_S, "/usr/bin/python3 -W ignore -m jsonschema -i %s/report %s",
                    program_folder, schema);

    if (p.status != 0)
        fail_msg("%s: %s%s", schema, p.out, p.err);
    program_free(&p);
}

static json_t *json_of(const struct report *r, const char *form)
{
    char *text = plain_form(r, form);
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    assert_non_null(root);
    free(text);
    return root;
}

/* The text of a member at the end of a path of members and numbers. */
static const char *text_at(const json_t *at, const char *path)
{
    char words[200];
    char *save = NULL;

    text_copy(words, sizeof(words), path);
    for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        uint64_t number;

        at = text_number(word, 0, 10000, &number) ? json_array_get(at, (size_t)number)
                                                  : json_object_get(at, word);
    }
    if (!json_is_string(at))
        fail_msg("no text at %s", path);
    return json_string_value(at);
}

static void test_gitlab(void **state UNUSED)
{
    static const char *const severities[] = {"major", "minor", "info", "critical",
                                             "major", "major", "major"};
    struct report r = whole_report();
    struct report_check check;
    json_t *root = json_of(&r, "gitlab");

    assert_valid("tests/gitlab.schema.json");
    assert_int_equal(json_array_size(root), ARRAY_LEN(severities));
    for (size_t i = 0; i < ARRAY_LEN(severities); i++)
        assert_string_equal(text_at(json_array_get(root, i), "severity"), severities[i]);
    assert_string_equal(text_at(root, "0 check_name"), "stream.eof.fin");
    assert_string_equal(text_at(root, "0 location path"), "assay/tcp___127.0.0.1_7");
    assert_string_equal(text_at(root, "0 description"),
                        "stream.eof.fin (robust): the end is a FIN; expected end of file, got the "
                        "connection is reset [ECHO-862-01: RFC 862, TCP Based Echo Service]");
    json_decref(root);
    r = tricky(&check);
    free(plain_form(&r, "gitlab"));
    assert_valid("tests/gitlab.schema.json");
    r = single_report(&checks[0]);
    free(plain_form(&r, "gitlab"));
    assert_valid("tests/gitlab.schema.json");
}

/* The same in every run of a target, whatever port it got; another one for any other. */
static void test_fingerprints(void **state UNUSED)
{
    struct report r = whole_report();
    char first[FINGERPRINT_LEN];
    char other[FINGERPRINT_LEN];

    r.origin = "tcp://127.0.0.1:0 ./server";
    report_fingerprint(&r, "a.b", first);
    r.target = "tcp://127.0.0.1:8";
    r.seed = 1;
    r.started = 1;
    r.version = "2";
    report_fingerprint(&r, "a.b", other);
    assert_string_equal(other, first);
    report_fingerprint(&r, "a.c", other);
    assert_string_not_equal(other, first);
    r.speak = "line";
    report_fingerprint(&r, "a.b", other);
    assert_string_not_equal(other, first);
    r.speak = "echo";
    r.origin = NULL;
    report_fingerprint(&r, "a.b", other);
    assert_string_not_equal(other, first);
    report_fingerprint(&(struct report){.target = "", .speak = ""}, "", other);
    assert_string_equal(other, "d94d12186c0f2fb7"); /* golden: three NULs */
}

static struct program_result read_sarif(void)
{
    return program_run(LIMIT_S, "/usr/bin/python3 tests/foreign/sarif_read.py %s/report",
                       program_folder);
}

static void test_sarif(void **state UNUSED)
{
    struct report r = whole_report();
    json_t *root = json_of(&r, "sarif");
    struct program_result p;

    assert_valid("tests/sarif.schema.json");
    p = read_sarif();
    /* Runs; a rule for each check and for waivers; what is broken, waived or not, and two stale
       waivers; the trouble of the kit and the ending. */
    assert_string_equal(p.out, "1 12 7 2\n");
    program_free(&p);
    assert_string_equal(text_at(root, "runs 0 tool driver rules 1 id"), "stream.eof.fin");
    assert_string_equal(text_at(root, "runs 0 tool driver rules 1 help text"),
                        "robust: the end is a FIN. Clauses: ECHO-862-01: RFC 862, TCP Based Echo "
                        "Service. More: assay explain stream.eof.fin");
    assert_string_equal(text_at(root, "runs 0 tool driver rules 1 properties tags 0"), "stream");
    assert_string_equal(text_at(root, "runs 0 results 0 level"), "error");
    assert_string_equal(text_at(root, "runs 0 results 1 level"), "warning");
    assert_string_equal(text_at(root, "runs 0 results 2 suppressions 0 justification"),
                        "ticket 17");
    assert_string_equal(text_at(root, "runs 0 results 5 ruleId"), "waiver.stale");
    assert_string_equal(text_at(root, "runs 0 invocations 0 startTimeUtc"), "2025-06-15T15:06:40Z");
    assert_string_equal(text_at(root, "runs 0 invocations 0 endTimeUtc"), "2025-06-15T15:07:41Z");
    assert_string_equal(
        text_at(root, "runs 0 invocations 0 toolExecutionNotifications 0 associatedRule id"),
        "stream.kit.trouble");
    assert_string_equal(text_at(root, "runs 0 automationDetails id"), "assay/tcp___127.0.0.1_7/");
    json_decref(root);
}

static void test_sarif_of_strangers_and_of_several(void **state UNUSED)
{
    struct report_check check;
    struct report strange = tricky(&check);
    struct report good = single_report(&checks[0]);
    const struct report *list[] = {&strange, &good};
    struct program_result p;

    free(form_of_set(&(struct report_set){list, 2, true, NULL}, "sarif", plain));
    assert_valid("tests/sarif.schema.json");
    p = read_sarif();
    assert_string_equal(p.out, "2 3 2 1\n");
    program_free(&p);
    free(form_of_set(&(struct report_set){list, 0, true, NULL}, "sarif", plain));
    assert_valid("tests/sarif.schema.json");
}

/* What the schema and the classes are for: they refuse what is wrong. */
static void test_the_foreign_readers_refuse(void **state UNUSED)
{
    static const char *const edits[] = {
        "s/\"ruleId\"/\"rule\"/",    "s/\"level\": \"error\"/\"level\": \"fatal\"/",
        "s/\"2.1.0\",/\"2.0.0\",/",  "s/\"text\": \"[^\"]*\"/\"words\": \"x\"/",
        "s/\"results\"/\"result\"/", "s/\"kind\": \"fail\"/\"kind\": \"pass\"/",
    };
    struct report r = whole_report();

    for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
        free(plain_form(&r, "sarif"));
        struct program_result p = program_run(
            LIMIT_S,
            "sed -i '%s' %s/report && /usr/bin/python3 -W ignore -m jsonschema -i %s/report "
            "tests/sarif.schema.json",
            edits[i], program_folder, program_folder);
        assert_row(i, p.status == 1);
        program_free(&p);
    }
    free(plain_form(&r, "sarif"));
    struct program_result p =
        program_run(LIMIT_S, "sed -i 's/\"ruleIndex\"/\"ruleNumber\"/' %s/report", program_folder);
    program_free(&p);
    p = read_sarif();
    assert_contains(p.err, "KeyError: 'ruleNumber'");
    program_free(&p);
}

static void test_sarif_exit_codes(void **state UNUSED)
{
    static const struct {
        size_t check;
        const char *ending;
        bool interrupted;
        int code;
        bool successful;
    } rows[] = {
        {0, NULL, false, STATUS_OK, true},
        {1, NULL, false, STATUS_FAIL, true},
        {4, "no check applied to this target", false, STATUS_NO_VERDICT, false},
        {6, NULL, false, STATUS_KIT, false},
        {1, "interrupted", true, STATUS_INTERRUPTED, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct report r = single_report(&checks[rows[i].check]);
        int code, successful;

        r.ending = rows[i].ending;
        r.interrupted = rows[i].interrupted;
        json_t *root = json_of(&r, "sarif");
        assert_int_equal(json_unpack(root, "{s:[{s:[{s:i, s:b}]}]}", "runs", "invocations",
                                     "exitCode", &code, "executionSuccessful", &successful),
                         0);
        assert_row(i, code == rows[i].code && successful == rows[i].successful);
        json_decref(root);
    }
}

/* ---- the badge ---- */

static void test_badge(void **state UNUSED)
{
    static const struct {
        size_t check, count;
        bool strict;
        const char *ending, *words, *colour;
    } rows[] = {
        {0, 1, false, NULL, "1 passed", "#2e7d32"},
        {0, 2, false, NULL, "1 failed", "#c0392b"},
        {2, 1, false, NULL, "0 passed, 1 warned", "#b9770e"},
        {2, 1, true, NULL, "1 failed", "#c0392b"},
        {6, 1, false, NULL, "1 undecided", "#b9770e"},
        {7, 1, false, NULL, "0 passed", "#2e7d32"},
        {0, 1, false, "it is gone", "no verdict", "#6b6b6b"},
        {4, 1, false, "nothing ran", "no verdict", "#6b6b6b"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct report r = single_report(&checks[rows[i].check]);
        char due[100];

        r.count = rows[i].count;
        r.strict = rows[i].strict;
        r.ending = rows[i].ending;
        r.target = i % 2 ? hostile : TRICKS;
        char *text = plain_form(&r, "badge");
        text_format(due, sizeof(due), "aria-label=\"assay: %s\"", rows[i].words);
        assert_contains(text, due);
        assert_contains(text, rows[i].colour);
        xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), "badge", NULL, XML_PARSE_NONET);
        assert_row(i, doc != NULL);
        const xmlNode *root = xmlDocGetRootElement(doc);
        assert_string_equal((const char *)root->ns->href, "http://www.w3.org/2000/svg");
        assert_int_equal(count_elements(root, "text", rows[i].words), 1);
        assert_int_equal(count_elements(root, "script", NULL), 0);
        xmlFreeDoc(doc);
        free(text);
    }
    char *none = form_of_set(&(struct report_set){.several = true}, "badge", plain);
    assert_contains(none, "<title>assay: no verdict</title>");
    free(none);
}

/* ---- JUnit ---- */

/* What is wrong is meant to be. */
static void say_nothing_of(void *closure UNUSED, xmlError *error UNUSED)
{
}

/* What libxml2 says of this text by the schema: 0 where it is valid. */
static int by_schema(const char *text)
{
    xmlSchemaParserCtxt *parser = xmlSchemaNewParserCtxt("tests/junit.xsd");
    xmlSchema *schema = xmlSchemaParse(parser);
    xmlSchemaValidCtxt *valid = xmlSchemaNewValidCtxt(schema);
    xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), "junit", NULL, XML_PARSE_NONET);
    int result;

    assert_non_null(valid);
    assert_non_null(doc);
    xmlSchemaSetValidStructuredErrors(valid, say_nothing_of, NULL);
    result = xmlSchemaValidateDoc(valid, doc);
    xmlFreeDoc(doc);
    xmlSchemaFreeValidCtxt(valid);
    xmlSchemaFree(schema);
    xmlSchemaFreeParserCtxt(parser);
    return result;
}

static void test_junit_by_schema(void **state UNUSED)
{
    static const char *const wrong[][2] = {
        {"<failure message", "<failure massage"}, {"</failure>", "</failure><error/>"},
        {"tests=\"14\"", "tests=\"many\""},       {"classname=\"stream\"", ""},
        {"time=\"61.234567\"", "time=\"61s\""},   {"<properties>", "<properties/><properties>"},
    };
    struct report_check check;
    struct report whole = whole_report();
    struct report strange = tricky(&check);
    const struct report *list[] = {&whole, &strange};
    struct report_set sets[] = {
        {list, 2, true, NULL}, {list, 1, false, NULL}, {NULL, 0, true, NULL}};
    char *text;

    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        text = form_of_set(&sets[i], "junit", plain);
        assert_row(i, by_schema(text) == 0);
        free(text);
    }
    text = plain_form(&whole, "junit");
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char *at = strstr(text, wrong[i][0]);
        struct buf bad;

        assert_row(i, at != NULL);
        buf_init(&bad, 1 << 17);
        buf_put(&bad, slice_of(text, (size_t)(at - text)));
        buf_put_str(&bad, wrong[i][1]);
        buf_put_str(&bad, at + strlen(wrong[i][0]));
        assert_row(i, by_schema(buf_text(&bad)) != 0);
        buf_free(&bad);
    }
    free(text);
}

static void test_junit_properties(void **state UNUSED)
{
    struct event lure = {0, WHO_TARGET, EVENT_WORDS, 1, "[[ATTACHMENT|/etc/passwd]]", "[[[", 3, 3};
    struct report_check check = checks[1];
    struct report r = single_report(&check);
    char *text;

    check.events = &lure;
    check.event_count = 1;
    check.guilty = 0;
    check.waived = true;
    check.waiver = "ticket 17";
    text = plain_form(&r, "junit");
    assert_contains(text, "<property name=\"level\" value=\"robust\"/>");
    assert_contains(text, "<property name=\"clause\" value=\"ECHO-862-01: RFC 862, TCP Based");
    assert_contains(text, "<property name=\"waiver\" value=\"ticket 17\"/>");
    assert_contains(text, "<property name=\"version\" value=\"0.1.0\"/>");
    assert_contains(text, "[\\x5bATTACHMENT|/etc/passwd]] &quot;[\\x5b[&quot;");
    assert_lacks(text, "[[");
    free(text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_files),
        cmocka_unit_test(test_no_reports_and_no_checks),
        cmocka_unit_test(test_markdown_hostile_text_stays_text),
        cmocka_unit_test(test_markdown_tells),
        cmocka_unit_test(test_markdown_limits),
        cmocka_unit_test(test_markdown_compares),
        cmocka_unit_test(test_github_commands),
        cmocka_unit_test(test_github_shows_ten_of_each),
        cmocka_unit_test(test_github_names_targets),
        cmocka_unit_test(test_gitlab),
        cmocka_unit_test(test_fingerprints),
        cmocka_unit_test(test_sarif),
        cmocka_unit_test(test_sarif_of_strangers_and_of_several),
        cmocka_unit_test(test_the_foreign_readers_refuse),
        cmocka_unit_test(test_sarif_exit_codes),
        cmocka_unit_test(test_badge),
        cmocka_unit_test(test_junit_by_schema),
        cmocka_unit_test(test_junit_properties),
    };

    return cmocka_run_group_tests(tests, reports_begin, program_close_folder);
}
