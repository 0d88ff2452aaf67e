/*
 * Tests of the report as a page in a real browser, without a window: that no script fails, that its
 * policy holds, and by a script of ours in a copy of it that filters, links, themes and diagrams do
 * what they should, on a desktop and on a phone. How many there must be is in test_report_html.c.
 */
#include "tests/program.h"
#include "tests/sets.h"
#include "tests/unit.h"

enum { LIMIT_S = 120, DESKTOP = 1280, PHONE = 390 };

static char path[96]; /* of the page */
static char copy[96]; /* of its copy with a script of ours */
static char frame[96];

static int begin(void **state)
{
    struct program_result r = program_run(LIMIT_S, "command -v chromium");
    bool there = r.status == 0;

    program_free(&r);
    if (!there) {
        print_error("chromium is missing, and the page is not tried without it: ci/install-deps "
                    "test installs what ci/packages names\n");
        return 1;
    }
    program_open_folder(state);
    text_format(path, sizeof(path), "%s/report.html", program_folder);
    text_format(copy, sizeof(copy), "%s/copy.html", program_folder);
    text_format(frame, sizeof(frame), "%s/frame.html", program_folder);
    return 0;
}

/* ---- the browser ---- */

/* The page as it is when its scripts have run, in `out`; what they complained of, in `err`. */
static struct program_result browse(const char *file, const char *fragment, const char *options)
{
    static unsigned runs;
    struct program_result r = program_run(
        LIMIT_S,
        "HOME=%s exec chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage "
        "--no-first-run --disable-extensions --disable-background-networking --user-data-dir=%s/%u "
        "--virtual-time-budget=20000 --enable-logging=stderr --window-size=%d,900 %s --dump-dom "
        "'file://%s%s'",
        program_folder, program_folder, runs++, DESKTOP, options, file, fragment);

    if (r.status != 0)
        fail_msg("chromium ended with %d: %s", r.status, r.err);
    assert_contains(r.out, "</html>");
    return r;
}

static void write_set(const struct report_set *set)
{
    static const struct report_style style = {.colour = false};
    struct problem why = {.text = ""};

    if (!report_write(reporter_find("html"), set, &style, path, &why))
        fail_msg("%s", why.text);
}

static unsigned times(const char *text, const char *part)
{
    unsigned count = 0;

    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        count++;
    return count;
}

/* The page without its policy, with something of ours in front of its script and at its end. */
static void write_copy(const char *first, const char *last)
{
    static const char policy[] = "<meta http-equiv=Content-Security-Policy";
    char *page = program_read_file(path);
    struct buf text;

    assert_non_null(page);
    char *meta = strstr(page, policy);
    char *body = strstr(page, "</body>");
    assert_true(meta && body && meta < body);
    char *behind = strchr(meta, '>') + 1;
    buf_init(&text, 64 << 20);
    buf_put(&text, slice_of(page, (size_t)(meta - page)));
    buf_put_str(&text, first);
    buf_put(&text, slice_of(behind, (size_t)(body - behind)));
    buf_printf(&text, "%s%s", last, body);
    assert_false(text.failed);
    program_write_file(copy, buf_text(&text));
    buf_free(&text);
    free(page);
}

/* A step in the page, as an expression, and its value as a text. */
struct step {
    const char *expression, *value;
};

#define COUNT_ERRORS                                                                               \
    "<script>var errors = 0; addEventListener('error', function () { errors++; });</script>"

/* What steps may use: n counts what is seen, on finds one element, press clicks it, type fills in
   the search. */
#define HELPERS                                                                                    \
    "function all(s) { return [].slice.call(document.querySelectorAll(s)); }"                      \
    "function n(s) { return all(s).filter(function (e) { return e.checkVisibility(); })"           \
    ".length; }"                                                                                   \
    "function on(s) { return document.querySelector(s); }"                                         \
    "function press(s) { on(s).click(); }"                                                         \
    "function type(t) { var q = on('[name=q]'); q.value = t;"                                      \
    " q.dispatchEvent(new Event('input', { bubbles: true })); }"                                   \
    "function colour(s) { return getComputedStyle(on(s)).backgroundColor; }"                       \
    "function wait() { return new Promise(function (f) { setTimeout(f, 200); }); }"

/* A window is never as narrow as a phone, so the copy is put into a frame. */
static void write_frame(const char *fragment, int width)
{
    char text[600];

    text_format(text, sizeof(text),
                "<!DOCTYPE html><html><title></title><iframe width=%d height=844 frameborder=0 "
                "src=\"copy.html%s\"></iframe><script>addEventListener('message', function (e) { "
                "document.title = e.data; });</script></html>",
                width, fragment);
    program_write_file(frame, text);
}

/* Takes the steps one after the other, in a copy of the page; each must have its value. */
static void take(const char *fragment, int width, const char *options, const struct step *steps,
                 size_t count)
{
    static const char mark[] = "<title>RESULT";
    struct program_result r;
    struct buf script;

    buf_init(&script, 1 << 16);
    buf_put_str(&script,
                "<script>" HELPERS "addEventListener('load', async function () { var said = []; "
                "async function step(f) { var v; try { v = await f(); } "
                "catch (e) { v = 'threw ' + e; } said.push(v); }\n");
    for (size_t i = 0; i < count; i++)
        buf_printf(&script, "await step(function () { return %s; });\n", steps[i].expression);
    buf_put_str(&script,
                "var text = 'RESULT' + said.map(function (v) { return '\\n' + v; }).join('')"
                " + '\\n'; if (parent === window) document.title = text; "
                "else parent.postMessage(text, '*'); });</script>");
    assert_false(script.failed);
    write_copy(COUNT_ERRORS, buf_text(&script));
    buf_free(&script);
    write_frame(fragment, width);
    r = browse(width < DESKTOP ? frame : copy, width < DESKTOP ? "" : fragment, options);
    char *at = strstr(r.out, mark);
    if (!at)
        fail_msg("no result; the browser said: %s", r.err);
    at = strchr(at, '\n');
    for (size_t i = 0; i < count && at; i++) {
        size_t len = strcspn(at + 1, "\n");

        if (!slice_eq(slice_of(at + 1, len), slice_str(steps[i].value)))
            fail_msg("%s: %.*s instead of %s", steps[i].expression, (int)len, at + 1,
                     steps[i].value);
        at = strchr(at + 1, '\n');
    }
    program_free(&r);
}

#define TAKE(fragment, width, options, steps)                                                      \
    take(fragment, width, options, steps, ARRAY_LEN(steps))

static const struct sets_options several = {
    .targets = 3, .checks = 12, .failing = 6, .events = 40, .before = true};

/* ---- as it is ---- */

/* A report of the built program on a twin: nothing fails in it, and a link to a check opens it. */
static void test_of_the_program(void **state UNUSED)
{
    struct program_result r = program_run(
        LIMIT_S,
        "@B/assay check tcp://127.0.0.1:0 --only stream.shutdown.half-close-drains --quiet "
        "--seed 7 --report html=%s --spawn '@B/assay-twins --fault fin-is-hang-up --listen "
        "tcp://127.0.0.1:{port}'",
        path);

    assert_int_equal(r.status, 1);
    program_free(&r);
    r = browse(path, "#t1-stream.shutdown.half-close-drains", "");
    assert_lacks(r.err, "CONSOLE");
    assert_contains(r.out, "id=\"t1-stream.shutdown.half-close-drains\" open=\"\"");
    assert_contains(r.out, "1 of 1 check<");
    assert_contains(r.out, "<svg class=\"seq\"");
    program_free(&r);
}

static void test_no_complaints(void **state UNUSED)
{
    struct sets_options hostile = several;

    hostile.hostile = true;
    for (unsigned i = 0; i < 2; i++) {
        write_set(sets_make(i ? &hostile : &several));
        struct program_result r = browse(path, "", "");
        assert_lacks(r.err, "CONSOLE");
        assert_contains(r.out, "35 of 35 checks<");
        program_free(&r);
    }
}

/* A script that got into the page by whatever way does not run, and the browser says so. */
static void test_policy(void **state UNUSED)
{
    static const char *const strangers[] = {
        "<script>document.title = 'owned';</script>",
        "<img src=x onerror=\"document.title = 'owned'\">",
        "<p style=\"color: red\">",
        "<iframe src=\"https://localhost/\"></iframe>",
    };

    write_set(sets_make(&several));
    char *page = program_read_file(path);
    size_t end = slice_find(slice_str(page), slice_str("</body>"));
    for (size_t i = 0; i < ARRAY_LEN(strangers); i++) {
        struct buf text;

        buf_init(&text, 64 << 20);
        buf_printf(&text, "%.*s%s%s", (int)end, page, strangers[i], page + end);
        program_write_file(copy, buf_text(&text));
        buf_free(&text);
        struct program_result r = browse(copy, "", "");
        assert_contains(r.err, "CONSOLE");
        assert_contains(r.err, "Content Security Policy");
        assert_lacks(r.out, "<title>owned");
        assert_contains(r.out, "35 of 35 checks<"); /* and ours does */
        program_free(&r);
    }
    free(page);
}

/* Where scripts may not run, the whole list is there and the controls are not. */
static void test_without_script(void **state UNUSED)
{
    write_set(sets_make(&several));
    write_copy("<meta http-equiv=Content-Security-Policy content=\"script-src 'none'\">", "");
    struct program_result r = browse(copy, "", "");

    assert_int_equal(times(r.out, "<details class=\"check\""), 35);
    assert_int_equal(times(r.out, " hidden=\"\""), 1 + 1 + 1 + times(r.out, "class=\"copy\""));
    assert_contains(r.out, "aria-label=\"filter the checks\" hidden=\"\"");
    program_free(&r);
}

/* ---- what it does ---- */

static void test_filters(void **state UNUSED)
{
    static const struct step steps[] = {
        {"n('.check')", "35"},
        {"n('.matrix tbody tr')", "12"},
        {"n('.controls')", "1"},
        {"press('[name=v][value=fail]'), n('.check')", "9"},
        {"n('.check[data-v=fail]')", "9"},
        {"location.hash", "#v=fail"},
        {"n('.matrix tbody tr')", "4"},
        {"n('.group')", "3"},
        {"on('output').textContent", "9 of 35 checks"},
        {"press('[name=v][value=error]'), n('.check')", "10"},
        {"press('[name=l][value=must]'), n('.check')", "3"},
        {"press('[name=s][value=rpc]'), n('.check')", "0"},
        {"n('.nothing')", "1"},
        {"location.hash.split('&').join(' ')", "#v=fail,error l=must s=rpc"},
        {"press('#clear'), n('.check')", "35"},
        {"location.hash", ""},
        {"type('CHECK-1 keep'), n('.check')", "8"}, /* every word, in id, claim or reason */
        {"location.hash", "#q=CHECK-1%20keep"},
        {"press('[name=d]'), n('.check') < 8", "true"},
        {"press('#clear'), press('[name=c]'), all('.check[data-c=same]').every(function (e) {"
         "return e.hidden; })",
         "true"},
        {"n('.check') > 0", "true"},
        {"press('#clear'), press('#open'), all('.check').every(function (e) { return e.open; })",
         "true"},
        {"press('#close'), all('.check[open]').length", "0"},
        {"dispatchEvent(new Event('beforeprint')), all('.check[open]').length", "10"},
        {"document.dispatchEvent(new KeyboardEvent('keydown', { key: '/' })), "
         "document.activeElement.name",
         "q"},
        {"errors", "0"},
    };

    write_set(sets_make(&several));
    TAKE("", DESKTOP, "", steps);
}

static void test_links(void **state UNUSED)
{
    static const struct step filtered[] = {
        {"n('.check')", "3"},
        {"on('[name=q]').value", "check"},
        {"all('.controls :checked').length", "3"},
        /* A link to a check that the filters hide shows it. */
        {"(location.hash = '#t2-unix.check-3', wait().then(function () {"
         "return on('#t2-unix\\\\.check-3').open && n('#t2-unix\\\\.check-3'); }))",
         "1"},
        {"n('.check')", "35"},
        {"(location.hash = '#v=error', wait().then(function () { return n('.check'); }))", "1"},
        {"errors", "0"},
    };
    static const struct step strange[] = {
        {"n('.check')", "35"},
        {"errors", "0"},
    };
    static const struct step cell[] = {
        {"(press('.matrix td.fail a'), wait().then(function () {"
         "return on('.check[open] code').textContent; }))",
         "stream.shutdown.check-0"},
        {"Math.round(on('.check[open]').getBoundingClientRect().top) >="
         " Math.round(on('.controls').getBoundingClientRect().bottom)",
         "true"},
        {"errors", "0"},
    };

    static const struct step guilty[] = {
        {"on('#g1-1').closest('details').open", "true"},
        {"(function (box) { return box.top > 0 && box.bottom < innerHeight; "
         "})(on('#g1-1').getBoundingClientRect())",
         "true"},
        {"n('.exchange h4 a[href=\"#g1-1\"]')", "1"},
        {"errors", "0"},
    };

    write_set(sets_make(&several));
    TAKE("#g1-1", DESKTOP, "", guilty);
    TAKE("#v=fail,error&l=must&q=check", DESKTOP, "", filtered);
    TAKE("#%%&=&v=%ff&t1", DESKTOP, "", strange);
    TAKE("", DESKTOP, "", cell);
}

static void test_copy(void **state UNUSED)
{
    static const struct step steps[] = {
        {"press('.check summary'), n('.copy')", "1"},
        {"(press('.check[open] .copy'), wait().then(function () {"
         "return /copied|selected/.test(on('.check[open] .copy').textContent); }))",
         "true"},
        {"wait().then(wait).then(wait).then(wait).then(wait).then(wait).then(wait).then(wait)"
         ".then(function () { return on('.check[open] .copy').textContent; })",
         "copy"},
        {"errors", "0"},
    };

    write_set(sets_make(&several));
    TAKE("", DESKTOP, "", steps);
}

static void test_themes(void **state UNUSED)
{
    static const struct step light[] = {
        {"colour('body')", "rgb(255, 255, 255)"},
        {"on('#theme').textContent", "dark"},
        {"press('#theme'), colour('body')", "rgb(19, 22, 26)"},
        {"on('#theme').textContent", "light"},
        {"press('#theme'), colour('body')", "rgb(255, 255, 255)"},
        {"errors", "0"},
    };
    static const struct step dark[] = {
        {"colour('body')", "rgb(19, 22, 26)"},
        {"press('#theme'), colour('body')", "rgb(255, 255, 255)"},
        {"errors", "0"},
    };

    write_set(sets_make(&several));
    TAKE("", DESKTOP, "--blink-settings=preferredColorScheme=1", light);
    TAKE("", DESKTOP, "--blink-settings=preferredColorScheme=0", dark);
}

/* Every diagram has its lanes and arrows, and no text of a remark is cut. */
static void test_diagrams(void **state UNUSED)
{
    static const struct step steps[] = {
        {"press('#open'), n('svg.seq') > 9", "true"},
        {"all('svg.seq').every(function (s) { return s.querySelectorAll('.v').length === 3; })",
         "true"},
        {"all('svg.seq').every(function (s) { return s.querySelectorAll('g > line').length > 3; })",
         "true"},
        {"all('.seq use').every(function (u) { return on(u.getAttribute('href')); })", "true"},
        {"all('.seq .m').every(function (t) { var lanes = t.closest('svg').getBoundingClientRect(),"
         " box = t.getBoundingClientRect(); return box.left >= lanes.left && box.right <= "
         "lanes.right; })",
         "true"},
        {"n('.rpc.guilty .wrong') > 0", "true"},
        /* Rows do not lie on each other. */
        {"all('svg.seq').every(function (s) { var last = 0; return [].every.call("
         "s.querySelectorAll('g > line'), function (l) { var y = +l.getAttribute('y1'), ok = y >= "
         "last + 20; last = y; return ok; }); })",
         "true"},
        {"errors", "0"},
    };

    write_set(sets_make(&several));
    TAKE("", DESKTOP, "", steps);
    TAKE("", PHONE, "", steps);
}

/* On a phone nothing but boxes of their own is wider than the screen, even open, and even where
   texts are after that. */
static void test_phone(void **state UNUSED)
{
    static const struct step steps[] = {
        {"innerWidth", "390"},
        {"document.documentElement.scrollWidth <= innerWidth", "true"},
        {"press('#open'), all('.lines, .rpc').forEach(function (e) { e.open = true; }), "
         "document.documentElement.scrollWidth <= innerWidth",
         "true"},
        {"all('main *').filter(function (e) { return !e.closest('.scroll, pre, svg') && "
         "e.getBoundingClientRect().right > innerWidth + 1; }).length",
         "0"},
        {"errors", "0"},
    };
    struct sets_options hostile = several;

    hostile.hostile = true;
    hostile.events = 16;
    for (unsigned i = 0; i < 2; i++) {
        write_set(sets_make(i ? &hostile : &several));
        TAKE("", PHONE, "", steps);
    }
}

/* No process of a browser is left over: each has our folder among its words. */
static void test_nothing_is_left(void **state UNUSED)
{
    struct program_result r =
        program_run(LIMIT_S,
                    "for p in /proc/[0-9]*; do tr '\\0' '\\n' <$p/cmdline 2>/dev/null | "
                    "grep -qx -- '--user-data-dir=%s/.*' && echo $p; done; true",
                    program_folder);

    assert_string_equal(r.out, "");
    program_free(&r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_the_program),
        cmocka_unit_test(test_no_complaints),
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_without_script),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_themes),
        cmocka_unit_test(test_diagrams),
        cmocka_unit_test(test_phone),
        cmocka_unit_test(test_nothing_is_left),
    };

    return cmocka_run_group_tests(tests, begin, program_close_folder);
}
