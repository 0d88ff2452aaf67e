/*
 * The report as Markdown, for the summary of a step of GitHub Actions. Text of strangers stands in
 * blocks of HTML alone: within them Markdown has no syntax, so the escapes of HTML suffice, and
 * such a block ends at a blank line, which no such text can make.
 */
#include "harness/report/reporters.h"
#include "harness/report/status.h"

enum {
    US_PER_S = 1000000,
    PAGE_MAX = 1000000, /* GitHub refuses a summary of more than 1 MiB */
    TAIL_ROOM = 400,    /* for what tells of things left out */
    PIECE_MAX = 1 << 17,
    TEXT_MAX = 400,
    COMMAND_MAX = 8000, /* a command is of use only where it is whole */
    DETAILS_MAX = 10,
    LINES_FIRST = 8,
    LINES_LAST = 24,
    NAMES_MAX = 20,
};

/* What is written, and how much more may be. */
struct page {
    FILE *out;
    size_t room;
    struct buf piece; /* is written whole or not at all */
};

/* Writes the piece, unless it is too long; either way the next one begins. */
static bool flush(struct page *p)
{
    bool fits = !p->piece.failed && p->piece.len + TAIL_ROOM <= p->room;

    if (fits) {
        fputs(buf_text(&p->piece), p->out);
        p->room -= p->piece.len;
    }
    buf_reset(&p->piece);
    return fits;
}

static void put_some(struct buf *out, const char *text, size_t max)
{
    struct buf plain;

    buf_init(&plain, max * 4 + 8);
    report_plain(&plain, text, max, "");
    for (const char *at = buf_text(&plain); *at; at++) {
        if (*at == '&' || *at == '<' || *at == '>' || *at == '"' || *at == '\'')
            buf_printf(out, "&#%d;", *at);
        else
            buf_put_byte(out, (uint8_t)*at);
    }
    buf_free(&plain);
}

static void put_html(struct buf *out, const char *text)
{
    put_some(out, text, TEXT_MAX);
}

static void put_code(struct buf *out, const char *head, const char *text, const char *tail)
{
    buf_printf(out, "%s<code>", head);
    put_html(out, text);
    buf_printf(out, "</code>%s", tail);
}

/* A line of ours that there is always room for. */
static void put_left_out(struct page *p, size_t count, const char *what)
{
    if (count > 0)
        p->room -=
            size_min(p->room, (size_t)fprintf(p->out, "\n%zu more %s left out.\n", count, what));
}

/* ---- the head ---- */

static const char *verdict_of(const struct report_set *set)
{
    int status = set->count > 0 ? STATUS_OK : STATUS_NO_VERDICT;

    for (size_t i = 0; i < set->count; i++)
        status = status_worse(status, report_status(set->reports[i]));
    switch (status) {
    case STATUS_OK:
        return "all well";
    case STATUS_FAIL:
        return "broken";
    case STATUS_NO_VERDICT:
        return "no verdict";
    case STATUS_INTERRUPTED:
        return "interrupted";
    default:
        return "trouble of the kit";
    }
}

static void put_head(struct page *p, const struct report *r)
{
    struct report_tally tally = report_tally(r);
    struct buf *out = &p->piece;

    put_code(out, "\n<h3>", r->target, "</h3>\n");
    put_code(out, "<p>speaking ", r->speak, ", seed ");
    buf_printf(out, "%llu, %.1f s, %s ", (unsigned long long)r->seed,
               (double)r->duration_us / US_PER_S, REPORT_TOOL);
    put_html(out, report_version(r));
    buf_put_str(out, "</p>\n\n|");
    for (size_t v = 0; v < VERDICTS; v++)
        buf_printf(out, " %s |", verdict_name((enum verdict)v));
    buf_put_str(out, " waived |\n|");
    for (size_t v = 0; v <= VERDICTS; v++)
        buf_put_str(out, "---:|");
    buf_put_str(out, "\n|");
    for (size_t v = 0; v < VERDICTS; v++)
        buf_printf(out, " %u |", tally.by_verdict[v]);
    buf_printf(out, " %u |\n", tally.waived);
    if (r->ending)
        put_code(out, "\n<p><b>The run ended early:</b> ", r->ending, "</p>\n");
    flush(p);
}

/* ---- against an earlier run ---- */

static const struct report *find_before(const struct report_set *set, const struct report *r)
{
    if (!set->before)
        return NULL;
    for (size_t i = 0; i < set->before->count; i++) {
        const struct report *old = set->before->reports[i];

        if (text_eq(report_origin(old), report_origin(r)) && text_eq(old->speak, r->speak))
            return old;
    }
    return set->count == 1 && set->before->count == 1 ? set->before->reports[0] : NULL;
}

static bool is_broken(const struct report *r, const struct report_check *c)
{
    return report_grade(r, c) == GRADE_FAILURE || report_grade(r, c) == GRADE_WARNING;
}

static const struct report_check *find_check(const struct report *r, const char *id)
{
    for (size_t i = 0; i < r->count; i++) {
        if (text_eq(r->checks[i].id, id))
            return &r->checks[i];
    }
    return NULL;
}

/* The checks that are broken in `a` and were tried and not broken in `b`. */
static void put_changes(struct buf *out, const char *head, const struct report *a,
                        const struct report *b)
{
    size_t count = 0;

    for (size_t i = 0; i < a->count; i++) {
        const struct report_check *c = &a->checks[i];
        const struct report_check *other = find_check(b, c->id);

        if (!is_broken(a, c) || !other || other->verdict == VERDICT_SKIP || is_broken(b, other))
            continue;
        if (count++ < NAMES_MAX)
            put_code(out, count > 1 ? ", " : head, c->id, "");
    }
    if (count > NAMES_MAX)
        buf_printf(out, " and %zu more", count - NAMES_MAX);
}

static void put_comparison(struct page *p, const struct report *r, const struct report *old)
{
    char when[32] = "";
    struct tm tm;
    size_t begun;

    if (!old)
        return;
    if (gmtime_r(&old->started, &tm))
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
    buf_printf(&p->piece, "\n<p>Since the run of %s UTC:", when);
    begun = p->piece.len;
    put_changes(&p->piece, " newly broken ", r, old);
    put_changes(&p->piece, p->piece.len > begun ? "; no longer broken " : " no longer broken ", old,
                r);
    buf_put_str(&p->piece, p->piece.len > begun ? "</p>\n" : " no change</p>\n");
    flush(p);
}

/* ---- what is broken ---- */

static void put_row(struct buf *out, const struct report_check *c)
{
    put_code(out, "<tr><td>", c->id, "</td><td>");
    buf_printf(out, "%s</td><td>%s</td><td>", verdict_name(c->verdict), level_name(c->level));
    put_html(out, c->claim);
    buf_put_str(out, "</td><td>");
    if (*c->expected)
        put_code(out, "expected ", c->expected, "<br>");
    if (*c->actual)
        put_code(out, "actual ", c->actual, "");
    else
        put_code(out, "", c->reason, "");
    buf_put_str(out, "</td><td>");
    for (size_t i = 0; i < c->cite_count; i++) {
        buf_put_str(out, i ? "<br>" : "");
        put_html(out, c->cites[i]);
    }
    buf_put_str(out, "</td></tr>\n");
}

static void put_table(struct page *p, const struct report *r)
{
    size_t shown = 0;
    size_t left_out = 0;

    for (size_t i = 0; i < r->count; i++) {
        if (report_grade(r, &r->checks[i]) == GRADE_NONE)
            continue;
        if (shown == 0)
            buf_put_str(&p->piece,
                        "\n<table>\n<tr><th>check</th><th>verdict</th><th>level</th><th>claim</th>"
                        "<th>what was seen</th><th>clause</th></tr>\n");
        put_row(&p->piece, &r->checks[i]);
        if (left_out == 0 && flush(p))
            shown++;
        else
            left_out++;
        buf_reset(&p->piece);
    }
    if (shown > 0)
        p->room -= (size_t)fprintf(p->out, "</table>\n");
    put_left_out(p, left_out, "rows of this table are");
}

static void put_transcript(struct buf *out, const struct report_check *c)
{
    size_t shown = LINES_FIRST + LINES_LAST;
    size_t left_out = c->events_dropped + (c->event_count > shown ? c->event_count - shown : 0);

    for (size_t i = 0; i < c->event_count; i++) {
        struct buf line;

        if (i == size_min(LINES_FIRST, c->event_count - 1) && left_out > 0)
            buf_printf(out, "   ... %zu line%s left out ...\n", left_out, text_s(left_out));
        if (i >= LINES_FIRST && i + LINES_LAST < c->event_count)
            continue;
        buf_init(&line, 1 << 12);
        report_event(c, i, &line);
        put_html(out, buf_text(&line));
        buf_put_byte(out, '\n');
        buf_free(&line);
    }
}

static void put_details(struct page *p, const struct report *r)
{
    size_t shown = 0;
    size_t left_out = 0;

    for (size_t i = 0; i < r->count; i++) {
        const struct report_check *c = &r->checks[i];

        if (report_grade(r, c) == GRADE_NONE || (c->event_count == 0 && !*c->reproduce))
            continue;
        if (shown == DETAILS_MAX || left_out > 0) {
            left_out++;
            continue;
        }
        put_code(&p->piece, "\n<details><summary>", c->id, "</summary>\n<pre>\n");
        put_transcript(&p->piece, c);
        buf_put_str(&p->piece, "again: ");
        put_some(&p->piece, c->reproduce, COMMAND_MAX);
        buf_put_str(&p->piece, "\n</pre>\n</details>\n");
        if (flush(p))
            shown++;
        else
            left_out++;
        buf_reset(&p->piece);
    }
    put_left_out(p, left_out, "transcripts are");
}

static void put_stale(struct page *p, const struct report *r)
{
    size_t shown = 0;
    size_t left_out = 0;

    for (size_t i = 0; i < r->stale_count; i++) {
        if (shown == 0)
            buf_put_str(&p->piece, "\n<p>Waivers that are no longer needed:</p>\n<ul>\n");
        put_code(&p->piece, "<li>", r->stale[i], "</li>\n");
        if (left_out == 0 && flush(p))
            shown++;
        else
            left_out++;
        buf_reset(&p->piece);
    }
    if (shown > 0)
        p->room -= (size_t)fprintf(p->out, "</ul>\n");
    put_left_out(p, left_out, "waivers are");
}

static void write_markdown(FILE *out, const struct report_set *set,
                           const struct report_style *style UNUSED)
{
    struct page page = {.out = out};
    size_t room = PAGE_MAX;

    buf_init(&page.piece, PIECE_MAX);
    room -= (size_t)fprintf(out, "## %s: %s\n", REPORT_TOOL, verdict_of(set));
    for (size_t i = 0; i < set->count; i++) {
        const struct report *r = set->reports[i];
        size_t share = room / (set->count - i);

        /* What a part does not need is for those behind it. */
        page.room = share;
        put_head(&page, r);
        put_comparison(&page, r, find_before(set, r));
        put_stale(&page, r);
        put_table(&page, r);
        put_details(&page, r);
        room -= share - page.room;
    }
    buf_free(&page.piece);
}

const struct reporter reporter_markdown = {
    .name = "markdown",
    .summary = "a page, for $GITHUB_STEP_SUMMARY",
    .write = write_markdown,
};
