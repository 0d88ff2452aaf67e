/* One check of the page: a line, and behind it what is known of it. */
#include <string.h>

#include "harness/report/report_html.h"

enum {
    QUIET_ROWS = 16, /* of the diagram of a check with which nothing is wrong */
    FAR_ROWS = 15,   /* ... behind which what broke the claim is out of sight */
    SHOWN_OCTETS = 64,
    US_PER_MS = 1000,
};

const char *html_what(const struct event *e)
{
    char lead[32];

    text_format(lead, sizeof(lead), "connection %u: ", e->connection);
    return e->connection && text_starts(e->what, lead) ? e->what + strlen(lead) : e->what;
}

size_t html_gap_at(const struct report_check *c)
{
    size_t at = c->events_head ? c->events_head : c->event_count / 2;

    return size_min(at, c->event_count);
}

/* With what a person has something to do: it is shown in full. */
static bool is_wrong(const struct report_check *c)
{
    return c->verdict == VERDICT_FAIL || c->verdict == VERDICT_WARN || c->verdict == VERDICT_ERROR;
}

static void put_fact(FILE *out, const char *name, const char *text)
{
    if (!text || !*text)
        return;
    fprintf(out, "<dt>%s<dd>", name);
    html_put(out, text);
    fputc('\n', out);
}

static void put_clauses(FILE *out, const struct report_check *c)
{
    for (size_t i = 0; i < c->cite_count; i++)
        put_fact(out, i == 0 ? (c->cite_count > 1 ? "clauses" : "clause") : "", c->cites[i]);
}

static void put_outcome(FILE *out, const struct report_check *c)
{
    if (c->expected && *c->expected && c->actual && *c->actual) {
        fputs("<dl class=against>", out);
        put_fact(out, "expected", c->expected);
        put_fact(out, "actual", c->actual);
        fputs("</dl>\n", out);
    }
}

/* Most reasons only put together what stands above them. */
static bool says_more(const struct report_check *c)
{
    struct slice reason = slice_str(c->reason ? c->reason : "");
    struct buf outcome;

    buf_init(&outcome, 4096);
    buf_printf(&outcome, "expected %s, got %s", c->expected ? c->expected : "",
               c->actual ? c->actual : "");
    bool same = slice_eq(reason, buf_slice(&outcome));
    buf_free(&outcome);
    return !same;
}

static void put_facts(FILE *out, const struct html_place *place, const struct report_check *c)
{
    const struct report_check *was = html_find(place->before, c->id, place->check);

    fputs("<dl class=facts>", out);
    put_fact(out, "claim", c->claim);
    put_clauses(out, c);
    if (says_more(c))
        put_fact(out, "reason", c->reason);
    if (c->waived)
        put_fact(out, "waived, because", c->waiver ? c->waiver : "");
    if (was && html_kind(was) != html_kind(c)) {
        fputs("<dt>before<dd>", out);
        html_put_verdict(out, was);
        if (was->reason && *was->reason) {
            fputs(": ", out);
            html_put(out, was->reason);
        }
    }
    fputs("<dt>took<dd>", out);
    html_put_duration(out, c->duration_us);
    fputs("</dl>\n", out);
}

static void put_command(FILE *out, const struct report_check *c)
{
    if (!c->reproduce || !*c->reproduce)
        return;
    fputs("<div class=again><span>again</span><code>", out);
    html_put(out, c->reproduce);
    fputs("</code><button type=button class=copy hidden>copy</button></div>\n", out);
}

static void put_line(FILE *out, const struct report_check *c, size_t i)
{
    const struct event *e = &c->events[i];
    bool guilty = c->guilty >= 0 && i == (size_t)c->guilty;

    fprintf(out, "%s%10.3f %-6s ", guilty ? "<b>" : "", (double)e->t_us / US_PER_MS,
            who_name(e->who));
    html_put(out, e->what);
    if (e->length > 0) {
        fputs("  <i>", out);
        html_put_octets(out, slice_of(e->bytes, e->kept), e->length,
                        guilty ? EVENT_BYTES_MAX : SHOWN_OCTETS);
        fputs("</i>", out);
    }
    fputs(guilty ? "</b>\n" : "\n", out);
}

static void put_transcript(FILE *out, const struct report_check *c)
{
    size_t gap = html_gap_at(c);

    fprintf(out, "<details class=lines><summary>Transcript: %zu line%s</summary><pre tabindex=0>",
            c->event_count, text_s(c->event_count));
    for (size_t i = 0; i < c->event_count; i++) {
        if (i == gap && c->events_dropped > 0)
            fprintf(out, "           ... %zu line%s left out ...\n", c->events_dropped,
                    text_s(c->events_dropped));
        put_line(out, c, i);
    }
    fputs("</pre></details>\n", out);
}

static void put_exchange(FILE *out, const struct html_place *place, const struct report_check *c)
{
    char anchor[48];

    if (c->event_count == 0)
        return;
    text_format(anchor, sizeof(anchor), "g%zu-%zu", place->target + 1, place->check + 1);
    fputs("<div class=exchange><h4>What was said", out);
    if (is_wrong(c) && c->guilty >= FAR_ROWS)
        fprintf(out, " <a href=\"#%s\">to what broke the claim</a>", anchor);
    fputs("</h4>\n", out);
    html_put_diagram(out, c, is_wrong(c) ? 0 : QUIET_ROWS, is_wrong(c) ? anchor : NULL);
    if (is_wrong(c)) {
        put_transcript(out, c);
        html_put_messages(out, place->report, c);
    }
    fputs("</div>\n", out);
}

static void put_summary(FILE *out, const struct report_check *c, enum html_change change)
{
    fprintf(out, "<summary><span class=\"badge %s\">", html_kind_name(html_kind(c)));
    html_put_verdict(out, c);
    fprintf(out, "</span><span class=level>%s</span><span class=name><code>", level_name(c->level));
    html_put_name(out, c->id);
    fputs("</code>", out);
    if (change != HTML_SAME)
        fprintf(out, " <b class=\"change %s\">%s</b>", html_change_name(change),
                change == HTML_BROKE    ? "newly broken"
                : change == HTML_MENDED ? "mended"
                : change == HTML_MOVED  ? "changed"
                                        : "new");
    fputs("</span><span class=why>", out);
    html_put(out, c->reason && *c->reason ? c->reason : c->claim);
    fputs("</span></summary>\n", out);
}

void html_put_check(FILE *out, const struct html_place *place)
{
    const struct report_check *c = &place->report->checks[place->check];
    enum html_change change = html_change(place->before, c, place->check);
    struct slice suite = report_suite(c->id);
    char name[64];

    text_format(name, sizeof(name), "%.*s", (int)size_min(suite.len, sizeof(name) - 1),
                (const char *)suite.data);
    fprintf(out, "<details class=check data-v=%s data-l=%s data-c=%s data-s=\"",
            html_kind_name(html_kind(c)), level_name(c->level), html_change_name(change));
    html_put(out, name);
    fputs("\" id=\"", out);
    html_put_id(out, place->target, c->id);
    fputs("\">", out);
    put_summary(out, c, change);
    fputs("<div class=body><div class=words>\n", out);
    put_outcome(out, c);
    put_facts(out, place, c);
    put_command(out, c);
    fputs("<a class=self href=\"#", out);
    html_put_id(out, place->target, c->id);
    fputs("\">link to this check</a></div>\n", out);
    put_exchange(out, place, c);
    fputs("</div></details>\n", out);
}
