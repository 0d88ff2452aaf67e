/*
 * Tests of the report as a page, read back by the HTML parser of libxml2: what it shows, that no
 * text becomes markup, and that it fetches nothing. What a browser makes of it is in test_html.c.
 */
#include <libxml/HTMLparser.h>
#include <libxml/xpath.h>

#include "harness/base/deadline.h"
#include "harness/report/report_html.h"
#include "tests/program.h"
#include "tests/sets.h"
#include "tests/unit.h"

static char path[96];

static int begin(void **state)
{
    program_open_folder(state);
    text_format(path, sizeof(path), "%s/report.html", program_folder);
    return 0;
}

/* ---- the page as text and as a tree ---- */

static char *page_of(const struct report_set *set)
{
    static const struct report_style style = {.colour = false};
    struct problem why = {.text = ""};

    if (!report_write(reporter_find("html"), set, &style, path, &why))
        fail_msg("%s", why.text);
    char *page = program_read_file(path);
    assert_non_null(page);
    return page;
}

static xmlDoc *tree_of(const struct report_set *set)
{
    char *page = page_of(set);
    xmlDoc *doc = htmlReadMemory(page, (int)strlen(page), "report.html", "utf-8",
                                 HTML_PARSE_NONET | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING);

    assert_non_null(doc);
    free(page);
    return doc;
}

/* How many nodes the XPath finds, and the text of the first one, which the caller frees. */
static size_t find(xmlDoc *doc, const char *xpath, char **ret_text)
{
    xmlXPathContext *context = xmlXPathNewContext(doc);
    xmlXPathObject *found = xmlXPathEvalExpression((const xmlChar *)xpath, context);

    assert_non_null(found);
    size_t count = found && found->nodesetval ? (size_t)found->nodesetval->nodeNr : 0;
    if (ret_text)
        *ret_text = count ? (char *)xmlNodeGetContent(found->nodesetval->nodeTab[0]) : NULL;
    xmlXPathFreeObject(found);
    xmlXPathFreeContext(context);
    return count;
}

static void assert_found(xmlDoc *doc, const char *xpath, size_t due)
{
    size_t count = find(doc, xpath, NULL);

    if (count != due)
        fail_msg("%zu instead of %zu nodes: %s", count, due, xpath);
}

static void assert_text(xmlDoc *doc, const char *xpath, const char *part)
{
    char *text = NULL;

    if (find(doc, xpath, &text) == 0)
        fail_msg("nothing at %s", xpath);
    assert_contains(text, part);
    xmlFree(text);
}

static const struct sets_options single = {.targets = 1, .checks = 20, .failing = 7, .events = 16};

/* ---- what is there ---- */

static void test_checks(void **state UNUSED)
{
    const struct report_set *set = sets_make(&single);
    xmlDoc *doc = tree_of(set);
    const struct report *r = set->reports[0];

    assert_found(doc, "//details[contains(@class, 'check')]", r->count);
    for (size_t i = 0; i < r->count; i++) {
        const struct report_check *c = &r->checks[i];
        char xpath[200];

        text_format(xpath, sizeof(xpath), "//details[@id='t1-%s'][@data-l='%s'][@data-v='%s']",
                    c->id, level_name(c->level), html_kind_name(html_kind(c)));
        assert_found(doc, xpath, 1);
    }
    assert_text(doc, "//header/descendant::h2", r->target);
    assert_text(doc, "//p[contains(@class, 'state')]", "broken");
    assert_text(doc, "//dl[@class='about']", "2025-06-15 15:06:40 UTC");
    assert_text(doc, "//dl[@class='about']", "calibrated: replies in 0.05 ms");
    assert_text(doc, "//title", "4 fail, 1 error, 1 warn, 1 waived");
    assert_found(doc, "//section[contains(@class, 'matrix')]", 0);
    xmlFreeDoc(doc);
}

/* The checks with which something is wrong come first. */
static void test_order(void **state UNUSED)
{
    static const char *const titles[] = {
        "Broken",   "The kit could not decide", "Not as recommended", "Waived", "Recorded", "Held",
        "Not tried"};
    xmlDoc *doc = tree_of(sets_make(&single));

    for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
        char xpath[80];

        text_format(xpath, sizeof(xpath), "(/descendant::section[@class='group'])[%zu]/h3", i + 1);
        assert_text(doc, xpath, titles[i]);
    }
    xmlFreeDoc(doc);
}

static void test_details(void **state UNUSED)
{
#define CHECK "//details[@id='t1-stream.shutdown.check-0']"
    static const struct {
        const char *xpath, *part;
    } rows[] = {
        {CHECK "//dl[@class='against']", "end of file"},
        {CHECK "//dl[@class='against']", "the connection is reset"},
        {CHECK "//a[@class='self'][@href='#t1-stream.shutdown.check-0']", "link to this check"},
        {CHECK "//dl[@class='facts']", "a claim that a target may keep or break"},
        {CHECK "//div[@class='again']/code", "--only stream.some.check --seed 17"},
        {CHECK "//div[@class='again']/button", "copy"},
        {CHECK "//pre/b", "connection 1: 36 octets"},
        {CHECK
         "//details[contains(@class, 'guilty')]/descendant::tr[contains(@class, 'wrong')]/td[2]",
         "mismatch_info.high"},
        {CHECK
         "//details[contains(@class, 'guilty')]/descendant::tr[contains(@class, 'wrong')]/td[1]",
         "32"},
        {CHECK "//details[contains(@class, 'guilty')]/descendant::tr[contains(@class, 'wrong')]",
         "below 2"},
        {"//details[@id='t1-stream.shutdown.check-4']/descendant::dl[@class='facts']", "ticket 17"},
        {"//details[@id='t1-rpc.reply.check-1']/descendant::dl[@class='facts']", "RFC 5531, 8.2"},
    };
    xmlDoc *doc = tree_of(sets_make(&single));

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_text(doc, rows[i].xpath, rows[i].part);
    /* A reason that says the same as expected and actual together is not said twice. */
    assert_found(doc, CHECK "//dt[.='reason']", 0);
    assert_text(doc, CHECK "/summary", "expected end of file, got the connection is reset");
    xmlFreeDoc(doc);
}

/* ---- the diagram ---- */

static char *diagram_of(const struct report_check *c, size_t rows)
{
    FILE *out = fopen(path, "we");

    assert_non_null(out);
    html_put_diagram(out, c, rows, "g1");
    fclose(out);
    return program_read_file(path);
}

static unsigned times(const char *text, const char *part)
{
    unsigned count = 0;

    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        count++;
    return count;
}

static void test_diagram_events(void **state UNUSED)
{
    static const struct {
        const char *part;
        unsigned count;
    } rows[] = {
        {">proxy</text>", 1},
        {"<g class=\"o k1\">", 4},
        {"#ar", 3},
        {"#al", 3},
        {"#eb", 4},
        {"#ex", 2},
        {"#do", 2},
        {"#dc", 2},
        {"<rect class=w", 3},
        {"<rect class=p", 1},
        {"this broke the claim", 1},
        {"1.2 up 33 drop", 1},
        {"assay: #1 serves at", 1},
        {"s later", 0},
        {"left out", 0},
        {">#1</tspan>", 11},
        {"<rect class=g", 2},
    };
    const struct report_set *set = sets_make(&single);
    char *text = diagram_of(&set->reports[0]->checks[0], 0);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (times(text, rows[i].part) != rows[i].count)
            fail_msg("%u instead of %u times %s", times(text, rows[i].part), rows[i].count,
                     rows[i].part);
    }
    free(text);
}

/* Rounds that are alike are drawn once; the one that broke the claim is drawn in any case. */
static void test_diagram_folds(void **state UNUSED)
{
    static struct event events[90];
    struct report_check c = {.id = "x", .events = events, .event_count = 90, .guilty = 70};

    for (size_t i = 0; i < 90; i++) {
        events[i] = (struct event){.t_us = (int64_t)i * 1000,
                                   .who = i % 3 == 2 ? WHO_TARGET : WHO_US,
                                   .kind = i % 3 ? EVENT_OCTETS : EVENT_OPENED,
                                   .connection = (unsigned)(i / 3 + 1),
                                   .length = i % 3 ? 32 : 0};
        text_format(events[i].what, sizeof(events[i].what), "connection %zu: piece %zu of 0x%zxa",
                    i / 3 + 1, i % 3, i);
    }
    char *text = diagram_of(&c, 0);
    assert_contains(text, ">22 times more, to #23, until 68.0 ms<");
    assert_contains(text, "aria-label=\"sequence diagram of 90 events\"");
    assert_int_equal(times(text, "this broke the claim"), 1);
    assert_true(times(text, "<g class") < 20);
    free(text);
    events[30].length = 33; /* another round than the others */
    c.guilty = -1;
    text = diagram_of(&c, 0);
    assert_contains(text, ">9 times more, to #10,");
    assert_contains(text, ">18 times more, to #30,");
    free(text);
}

static void test_diagram_gaps(void **state UNUSED)
{
    const struct report_set *set =
        sets_make(&(struct sets_options){.targets = 1, .checks = 3, .failing = 1, .events = 120});
    struct report_check c = set->reports[0]->checks[0];

    char *text = diagram_of(&c, 0);
    assert_contains(text, ">41 lines left out<");
    assert_contains(text, " s later<");
    assert_contains(text, "#8</tspan>");
    assert_int_equal(times(text, "this broke the claim"), 1);
    free(text);
    text = diagram_of(&c, 20);
    assert_true(times(text, "<g class") <= 20);
    assert_contains(text, "lines left out<");
    free(text);
    c.event_count = 0;
    text = diagram_of(&c, 0);
    assert_string_equal(text, "");
    free(text);
}

/* ---- several targets, an earlier run ---- */

static void test_matrix(void **state UNUSED)
{
    const struct report_set *set =
        sets_make(&(struct sets_options){.targets = 3, .checks = 12, .failing = 5, .events = 4});
    xmlDoc *doc = tree_of(set);
    const char *last = set->reports[0]->checks[11].id;
    char xpath[200];

    assert_found(doc, "//section[@id='t1' or @id='t2' or @id='t3']", 3);
    assert_found(doc, "//table/descendant::thead/tr/th[a]", 3);
    assert_found(doc, "//section[contains(@class, 'matrix')]/descendant::tbody/tr", 12);
    assert_found(doc, "//section[contains(@class, 'matrix')]/descendant::td/a", 35);
    assert_found(doc, "//section[contains(@class, 'matrix')]/descendant::td[@class='none']", 1);
    text_format(xpath, sizeof(xpath), "//tr[th/code='%s']/td/a[@href='#t3-%s']", last, last);
    assert_found(doc, xpath, 1);
    text_format(xpath, sizeof(xpath), "//tr[th/code='%s'][@data-d='differ']", last);
    assert_found(doc, xpath, 1);
    xmlFreeDoc(doc);
}

static void test_before(void **state UNUSED)
{
    const struct report_set *set = sets_make(&(struct sets_options){
        .targets = 3, .checks = 12, .failing = 6, .events = 4, .before = true});
    xmlDoc *doc = tree_of(set);

    assert_text(doc, "//section[@id='t1']/descendant::p[@class='since']",
                "Since the run of 2025-06-14");
    assert_found(doc, "//section[@id='t1']/descendant::details[@data-c='broke']", 3);
    assert_found(doc, "//section[@id='t1']/descendant::details[@data-c='mended']", 1);
    assert_found(doc, "//section[@id='t1']/descendant::details[@data-c='added']", 1);
    assert_text(doc, "//section[@id='t1']/descendant::details[@class='gone']",
                "stream.gone.since was fail");
    assert_text(doc, "//details[@data-c='mended']/descendant::summary", "mended");
    assert_text(doc, "//details[@data-c='broke']/descendant::dl[@class='facts']", "before");
    assert_text(doc, "//section[@id='t3']/descendant::p[@class='since']",
                "did not try this target");
    assert_text(doc, "//main/p[@class='since']", "also tried tcp://127.0.0.1:9999");
    assert_found(doc, "//input[@name='c']", 1);
    xmlFreeDoc(doc);
}

static void test_changes(void **state UNUSED)
{
    static const struct {
        enum verdict was, is;
        bool was_waived, is_waived;
        enum html_change change;
    } rows[] = {
        {VERDICT_PASS, VERDICT_FAIL, false, false, HTML_BROKE},
        {VERDICT_SKIP, VERDICT_WARN, false, false, HTML_BROKE},
        {VERDICT_FAIL, VERDICT_PASS, false, false, HTML_MENDED},
        {VERDICT_ERROR, VERDICT_NOTE, false, false, HTML_MENDED},
        {VERDICT_FAIL, VERDICT_SKIP, false, false, HTML_MOVED}, /* not tried is not mended */
        {VERDICT_FAIL, VERDICT_FAIL, false, true, HTML_MOVED},
        {VERDICT_FAIL, VERDICT_FAIL, true, false, HTML_BROKE},
        {VERDICT_FAIL, VERDICT_WARN, false, false, HTML_MOVED},
        {VERDICT_PASS, VERDICT_PASS, false, false, HTML_SAME},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct report_check was = {
            .id = "a.b", .verdict = rows[i].was, .waived = rows[i].was_waived};
        struct report_check is = {.id = "a.b", .verdict = rows[i].is, .waived = rows[i].is_waived};
        struct report before = {.checks = &was, .count = 1};

        assert_row(i, html_change(&before, &is, 5) == rows[i].change);
        assert_row(i, html_change(NULL, &is, 0) == HTML_SAME);
        is.id = "a.c";
        assert_row(i, html_change(&before, &is, 0) == HTML_ADDED);
    }
}

/* ---- verdicts of a run ---- */

static void test_states(void **state UNUSED)
{
    static const char *const stale[] = {"w"};
    static const struct {
        enum verdict verdict;
        bool strict, stale;
        const char *ending, *words;
    } rows[] = {
        {VERDICT_PASS, false, false, NULL, "all well"},
        {VERDICT_PASS, false, false, "dead", "ended early"},
        {VERDICT_PASS, false, true, NULL, "stale waivers"},
        {VERDICT_FAIL, false, false, "dead", "broken"},
        {VERDICT_WARN, false, false, NULL, "all well"},
        {VERDICT_WARN, true, false, NULL, "broken"},
        {VERDICT_ERROR, false, false, NULL, "undecided"},
        {VERDICT_SKIP, false, false, "nobody is there", "no verdict"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct report_check c = {
            .id = "a.b", .claim = "c", .reason = "", .verdict = rows[i].verdict};
        struct report r = {.target = "t",
                           .speak = "echo",
                           .strict = rows[i].strict,
                           .ending = rows[i].ending,
                           .checks = &c,
                           .count = 1,
                           .stale = stale,
                           .stale_count = rows[i].stale};
        const struct report *one = &r;
        struct report_set set = {.reports = &one, .count = 1};
        xmlDoc *doc = tree_of(&set);

        assert_text(doc, "//p[contains(@class, 'state')]", rows[i].words);
        if (rows[i].ending)
            assert_text(doc, "//p[contains(@class, 'ending')]", rows[i].ending);
        assert_found(doc, "//p[contains(@class, 'stale')]", rows[i].stale);
        xmlFreeDoc(doc);
    }
    struct report_set none = {.several = true};
    xmlDoc *doc = tree_of(&none);
    assert_text(doc, "//main", "No target was tried.");
    xmlFreeDoc(doc);
}

/* ---- hostile text ---- */

static void test_text(void **state UNUSED)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"plain", "plain"},
        {"<b a=\"1\" b='2'>&amp;", "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;"},
        {"a\nb\tc\x1b[0m\x7f", "a\\x0ab\\x09c\\x1b[0m\\x7f"},
        {"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xd7\xa9",
         "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xd7\xa9"},
        {"\xff", "\\xff"},
        {"a\xc3", "a\\xc3"},
        {"\xe2\x82", "\\xe2\\x82"},
        {"\xc0\xbc", "\\xc0\\xbc"}, /* too long a form of < */
        {"\xe0\x80\xbc", "\\xe0\\x80\\xbc"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* half a pair */
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* behind the last */
        {"\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
        {"\xe2\x80\xae", "\\xe2\\x80\\xae"}, /* turns what follows round */
        {"\xe2\x81\xa6 \xd8\x9c", "\\xe2\\x81\\xa6 \\xd8\\x9c"},
        {"\xe2\x80\x8b\xef\xbb\xbf", "\\xe2\\x80\\x8b\\xef\\xbb\\xbf"}, /* of no width */
        {"\xc2\x85\xc2\xa0", "\\xc2\\x85\xc2\xa0"},
        {"\xef\xbf\xbe \xf0\x9f\xbf\xbf", "\\xef\\xbf\\xbe \\xf0\\x9f\\xbf\\xbf"},
        {NULL, ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);

        html_put(out, rows[i].in);
        fclose(out);
        if (!text_eq(text, rows[i].out))
            fail_msg("row %zu: %s instead of %s", i, text, rows[i].out);
        free(text);
    }
}

static void test_hostile(void **state UNUSED)
{
    const struct report_set *set = sets_make(&(struct sets_options){
        .targets = 3, .checks = 20, .failing = 9, .events = 120, .before = true, .hostile = true});
    char *page = page_of(set);

    for (const char *at = page; *at; at++)
        assert_row(at - page, *at == '\n' || (uint8_t)*at >= 0x20);
    assert_int_equal(times(page, "<script"), 1);
    assert_int_equal(times(page, "<style"), 1);
    assert_int_equal(times(page, "<img"), 0);
    assert_lacks(page, "\xe2\x80\xae");
    assert_contains(page, "\\xe2\\x80\\xae reversed");
    free(page);
    xmlDoc *doc = tree_of(set);
    assert_found(doc, "//script", 1);
    assert_found(doc, "//img", 0);
    assert_found(doc, "//@*[name()='onclick' or name()='onerror' or name()='style']", 0);
    assert_found(doc, "//details[contains(@class, 'check')]", 59);
    assert_text(doc, "//section[@id='t1']/descendant::h2",
                "</code></title></script></style><script>document");
    assert_text(doc, "//div[@class='again']/code", "\" onclick='x' ]]> --> <!-- &lt; &#60; \\x01");
    xmlFreeDoc(doc);
}

/* ---- the file as a whole ---- */

static void test_nothing_is_fetched(void **state UNUSED)
{
    static const char *const words[] = {"src=",    "url(",   "@import",        "<link", "<base",
                                        "<iframe", "fetch(", "XMLHttpRequest", "eval(", " style="};
    char *page = page_of(sets_make(&single));
    xmlDoc *doc = tree_of(sets_make(&single));

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        assert_lacks(page, words[i]);
    assert_found(doc, "//@href[not(starts-with(., '#'))]", 0);
    assert_contains(page, "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; "
                          "style-src 'sha256-");
    assert_true(strstr(page, "Content-Security-Policy") < strstr(page, "<style"));
    xmlFreeDoc(doc);
    free(page);
}

/* A report that is as large as they come is small enough to be mailed, and written at once. */
static void test_size(void **state UNUSED)
{
    enum { SIZE_MAX_OCTETS = 3000000, TIME_MAX_US = 10000000 };
    const struct report_set *set = sets_make(
        &(struct sets_options){.targets = 1, .checks = 300, .failing = 100, .events = 30});
    int64_t begun = deadline_now_us();
    char *page = page_of(set);

    assert_true(deadline_now_us() - begun < TIME_MAX_US); /* nothing grows out of hand, also here */
    print_message("%zu octets in %.3f s\n", strlen(page),
                  (double)(deadline_now_us() - begun) / 1e6);
    assert_true(strlen(page) < SIZE_MAX_OCTETS);
    free(page);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checks),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_details),
        cmocka_unit_test(test_diagram_events),
        cmocka_unit_test(test_diagram_folds),
        cmocka_unit_test(test_diagram_gaps),
        cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_before),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_nothing_is_fetched),
        cmocka_unit_test(test_size),
    };

    return cmocka_run_group_tests(tests, begin, program_close_folder);
}
