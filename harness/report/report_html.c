/*
 * The report as one page for people: nothing is fetched, and nothing but the page's own style and
 * script may run, which the policy in its head names by their digests. The whole report can be read
 * without the script, which adds filters.
 */
#include "harness/report/report_html.h"

#include "harness/report/reporters.h"
#include "report_html_assets.h" /* made from the files in harness/report/html */

/* ---- how checks are counted ---- */

enum html_kind html_kind(const struct report_check *c)
{
    static const enum html_kind kinds[VERDICTS] = {
        [VERDICT_PASS] = HTML_PASS, [VERDICT_FAIL] = HTML_FAIL, [VERDICT_WARN] = HTML_WARN,
        [VERDICT_NOTE] = HTML_NOTE, [VERDICT_SKIP] = HTML_SKIP, [VERDICT_ERROR] = HTML_ERROR,
    };

    return c->waived ? HTML_WAIVED : kinds[c->verdict];
}

static const struct {
    const char *name, *title;
} kinds[HTML_KINDS] = {
    [HTML_FAIL] = {"fail", "Broken"},
    [HTML_ERROR] = {"error", "The kit could not decide"},
    [HTML_WARN] = {"warn", "Not as recommended"},
    [HTML_WAIVED] = {"waived", "Waived"},
    [HTML_NOTE] = {"note", "Recorded"},
    [HTML_PASS] = {"pass", "Held"},
    [HTML_SKIP] = {"skip", "Not tried"},
};

const char *html_kind_name(enum html_kind kind)
{
    return kinds[kind].name;
}

void html_put_verdict(FILE *out, const struct report_check *c)
{
    fputs(c->waived ? "waived" : verdict_name(c->verdict), out);
    if (c->waived)
        fprintf(out, " %s", verdict_name(c->verdict));
}

static void count_kinds(const struct report *r, size_t ret[HTML_KINDS])
{
    for (size_t i = 0; i < r->count; i++)
        ret[html_kind(&r->checks[i])]++;
}

/* What a target came to, by what the exit status says (docs/reports.md). */
struct state {
    const char *class;
    const char *words;
};

static struct state state_of(const struct report *r)
{
    size_t counts[HTML_KINDS] = {0};

    count_kinds(r, counts);
    if (counts[HTML_FAIL] > 0 || (r->strict && counts[HTML_WARN] > 0))
        return (struct state){"fail", "broken"};
    if (r->stale_count > 0)
        return (struct state){"fail", "stale waivers"};
    if (counts[HTML_ERROR] > 0)
        return (struct state){"error", "undecided"};
    if (r->count == counts[HTML_SKIP])
        return (struct state){"error", "no verdict"};
    if (r->ending)
        return (struct state){"error", "ended early"};
    return (struct state){"pass", "all well"};
}

/* ---- the page ---- */

static void put_asset(FILE *out, const unsigned char *data, size_t len)
{
    fwrite(data, 1, len, out);
}

/* "2 fail, 74 pass" of all of them. */
static void put_counts(FILE *out, const struct report *const *reports, size_t count)
{
    size_t counts[HTML_KINDS] = {0};
    const char *gap = "";

    for (size_t i = 0; i < count; i++)
        count_kinds(reports[i], counts);
    for (size_t k = 0; k < HTML_KINDS; k++) {
        if (counts[k] == 0)
            continue;
        fprintf(out, "%s%zu %s", gap, counts[k], kinds[k].name);
        gap = ", ";
    }
}

static void put_head(FILE *out, const struct report_set *set)
{
    fputs("<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
          "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; "
          "style-src 'sha256-" HTML_STYLE_DIGEST "'; script-src 'sha256-" HTML_SCRIPT_DIGEST
          "'; base-uri 'none'; form-action 'none'\">\n"
          "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=generator content=\"" REPORT_TOOL " " REPORT_VERSION "\">\n<title>",
          out);
    put_counts(out, set->reports, set->count);
    for (size_t i = 0; i < set->count && i < 1; i++) {
        fputs(" - ", out);
        html_put_short(out, set->reports[i]->target, 80);
    }
    if (set->count > 1)
        fprintf(out, " and %zu more", set->count - 1);
    fputs(" - assay</title>\n<style>", out);
    put_asset(out, html_style, sizeof(html_style));
    fputs("</style>\n<script>", out);
    put_asset(out, html_script, sizeof(html_script));
    fputs("</script>\n</head>\n", out);
}

/* The symbols at the ends of lines of diagrams, once for all. */
static void put_symbols(FILE *out)
{
    fputs("<svg class=symbols aria-hidden=true width=0 height=0><defs>"
          "<path id=ar d=\"M0 0l-9-4.5v9z\"/><path id=al d=\"M0 0l9-4.5v9z\"/>"
          "<path id=eb d=\"M0-6v12\"/><path id=ex d=\"M-5-5l10 10M5-5l-10 10\"/>"
          "<circle id=do r=3.5 /><path id=dc d=\"M-3.5-3.5h7v7h-7z\"/></defs></svg>\n",
          out);
}

static void put_chip(FILE *out, const char *name, const char *value, const char *label)
{
    fprintf(out, "<label class=chip><input type=checkbox name=%s value=\"", name);
    html_put(out, value);
    fprintf(out, "\"><span>%s</span></label>", label);
}

static void put_chips(FILE *out, const struct report_set *set)
{
    size_t counts[HTML_KINDS] = {0};

    for (size_t i = 0; i < set->count; i++)
        count_kinds(set->reports[i], counts);
    fputs("<fieldset><legend>verdict</legend>", out);
    for (size_t k = 0; k < HTML_KINDS; k++) {
        if (counts[k] > 0)
            put_chip(out, "v", kinds[k].name, kinds[k].name);
    }
    fputs("</fieldset><fieldset><legend>level</legend>", out);
    for (size_t l = 0; l < LEVELS; l++)
        put_chip(out, "l", level_name((enum level)l), level_name((enum level)l));
    /* The script fills in the suites: they are in the lines of the checks. */
    fputs("</fieldset><fieldset id=suites><legend>suite</legend></fieldset>", out);
    if (set->before || set->count > 1) {
        fputs("<fieldset><legend>only</legend>", out);
        if (set->before)
            put_chip(out, "c", "changed", "changed");
        if (set->count > 1)
            put_chip(out, "d", "differ", "targets differ");
        fputs("</fieldset>", out);
    }
}

static void put_controls(FILE *out, const struct report_set *set)
{
    fputs("<form class=controls role=search aria-label=\"filter the checks\" hidden>\n"
          "<input type=search name=q placeholder=\"id, claim or reason\" aria-label=\"text in id, "
          "claim or reason\" autocomplete=off>\n",
          out);
    put_chips(out, set);
    fputs("<div class=acts><output aria-live=polite></output>"
          "<button type=button id=open>open all</button>"
          "<button type=button id=close>close all</button>"
          "<button type=button id=clear>clear filters</button></div></form>\n",
          out);
}

/* ---- a target ---- */

static void put_bar(FILE *out, const struct report *r)
{
    size_t counts[HTML_KINDS] = {0};
    size_t at = 0;

    count_kinds(r, counts);
    fputs("<svg class=bar role=img aria-hidden=true width=\"100%\" height=8>", out);
    for (size_t k = 0; k < HTML_KINDS; k++) {
        if (counts[k] == 0)
            continue;
        fprintf(out, "<rect class=%s x=\"%.2f%%\" width=\"%.2f%%\" height=8 />", kinds[k].name,
                100.0 * (double)at / (double)r->count,
                100.0 * (double)counts[k] / (double)r->count);
        at += counts[k];
    }
    fputs("</svg><ul class=counts>", out);
    for (size_t k = 0; k < HTML_KINDS; k++) {
        if (counts[k] > 0)
            fprintf(out, "<li class=%s><b>%zu</b> %s", kinds[k].name, counts[k], kinds[k].name);
    }
    fputs("</ul>\n", out);
}

static void put_about(FILE *out, const struct report *r)
{
    fputs("<dl class=about><div><dt>speaking<dd>", out);
    html_put(out, r->speak);
    fprintf(out, "</div><div><dt>seed<dd>%llu</div><div><dt>begun<dd>",
            (unsigned long long)r->seed);
    html_put_time(out, r->started);
    fputs("</div><div><dt>took<dd>", out);
    html_put_duration(out, r->duration_us);
    if (r->strict)
        fputs("</div><div><dt>strict<dd>a warning counts as broken", out);
    if (r->facts && *r->facts) {
        fputs("</div><div><dt>found out<dd>", out);
        html_put(out, r->facts);
    }
    fputs("</div></dl>\n", out);
}

static void put_notices(FILE *out, const struct report *r)
{
    if (r->ending && *r->ending) {
        fputs("<p class=\"notice ending\"><b>The run ended early:</b> ", out);
        html_put(out, r->ending);
        fputs("</p>\n", out);
    }
    for (size_t i = 0; i < r->stale_count; i++) {
        fputs("<p class=\"notice stale\"><b>A waiver is no longer needed:</b> ", out);
        html_put(out, r->stale[i]);
        fputs("</p>\n", out);
    }
}

static void put_group(FILE *out, struct html_place *place, enum html_kind kind)
{
    const struct report *r = place->report;
    size_t count = 0;

    for (size_t i = 0; i < r->count; i++)
        count += html_kind(&r->checks[i]) == kind;
    if (count == 0)
        return;
    fprintf(out, "<section class=group><h3>%s <span>%zu</span></h3>\n", kinds[kind].title, count);
    for (place->check = 0; place->check < r->count; place->check++) {
        if (html_kind(&r->checks[place->check]) == kind)
            html_put_check(out, place);
    }
    fputs("</section>\n", out);
}

static void put_target(FILE *out, const struct report_set *set, size_t number)
{
    const struct report *r = set->reports[number];
    struct html_place place = {
        .set = set,
        .report = r,
        .before = html_before(set->before, r),
        .target = number,
    };
    struct state state = state_of(r);

    fprintf(out, "<section class=target id=t%zu>\n<header><p class=\"state %s\">%s</p><h2>",
            number + 1, state.class, state.words);
    html_put(out, r->target);
    fputs("</h2>\n", out);
    put_bar(out, r);
    html_put_changes(out, set, r);
    put_notices(out, r);
    put_about(out, r);
    fputs("</header>\n", out);
    for (size_t kind = 0; kind < HTML_KINDS; kind++)
        put_group(out, &place, (enum html_kind)kind);
    fputs("</section>\n", out);
}

static void put_legend(FILE *out)
{
    fputs("<footer><details><summary>How to read this</summary>\n"
          "<p><b>fail</b>: a must or robust claim is broken. <b>warn</b>: a should is broken. "
          "<b>note</b>: recorded, the standard leaves it open. <b>skip</b>: not tried. "
          "<b>error</b>: assay could not decide; never the target's fault. <b>waived</b>: known "
          "and accepted.</p>\n<p>In a diagram time runs down, in milliseconds since the check "
          "began. An arrow with a dot opens a connection; one that ends at a bar ends its side or, "
          "with a square, closes the connection; a cross is a reset. #1, #2, ... and colours tell "
          "connections apart. A line of the proxy names client and number, direction, octets, and "
          "what became of them.</p></details>\n<p>Written by " REPORT_TOOL " " REPORT_VERSION
          ".</p></footer>\n",
          out);
}

/* Where each of several targets stands. */
static void put_overview(FILE *out, const struct report_set *set)
{
    if (set->count < 2)
        return;
    fputs("<ol class=overview>\n", out);
    for (size_t i = 0; i < set->count; i++) {
        struct state state = state_of(set->reports[i]);

        fprintf(out, "<li><span class=\"state %s\">%s</span><a href=\"#t%zu\">", state.class,
                state.words, i + 1);
        html_put(out, set->reports[i]->target);
        fputs("</a><span>", out);
        put_counts(out, &set->reports[i], 1);
        fputs("</span>\n", out);
    }
    fputs("</ol>\n", out);
}

static void write_html(FILE *out, const struct report_set *set,
                       const struct report_style *style UNUSED)
{
    put_head(out, set);
    fputs("<body>\n", out);
    put_symbols(out);
    fputs("<header class=top><h1><b>" REPORT_TOOL "</b> ", out);
    put_counts(out, set->reports, set->count);
    fputs("</h1><button type=button id=theme hidden>dark</button></header>\n<main>\n", out);
    if (set->count == 0)
        fputs("<p class=\"notice ending\">No target was tried.</p>\n", out);
    put_overview(out, set);
    put_controls(out, set);
    html_put_matrix(out, set);
    for (size_t i = 0; i < set->count; i++)
        put_target(out, set, i);
    html_put_gone_targets(out, set);
    fputs("<p class=nothing hidden>No check is left by these filters.</p>\n</main>\n", out);
    put_legend(out);
    fputs("</body>\n</html>\n", out);
}

const struct reporter reporter_html = {
    .name = "html",
    .summary = "a page for people: diagrams, filters",
    .write = write_html,
};
