/* The report as a person reads it on a terminal. */
#include <string.h>

#include "harness/report/reporters.h"

enum {
    SHOWN_BYTES = 48,
    US_PER_S = 1000000,
    SHOWN_FIRST = 8,
    SHOWN_LAST = 24,
    COLUMNS = 100,
    INDENT = 5
};

static const char *paint(const struct report_style *style, enum verdict verdict)
{
    static const char *const colours[VERDICTS] = {
        [VERDICT_PASS] = "\033[32m", [VERDICT_FAIL] = "\033[1;31m", [VERDICT_WARN] = "\033[33m",
        [VERDICT_NOTE] = "\033[36m", [VERDICT_SKIP] = "\033[2m",    [VERDICT_ERROR] = "\033[35m",
    };

    return style->colour ? colours[verdict] : "";
}

static const char *unpaint(const struct report_style *style)
{
    return style->colour ? "\033[0m" : "";
}

static bool is_bad(const struct report_check *c)
{
    return c->verdict == VERDICT_FAIL || c->verdict == VERDICT_WARN || c->verdict == VERDICT_ERROR;
}

/* One line of text; what it says may come from the target. */
static void write_line(FILE *out, const char *head, const char *text)
{
    fputs(head, out);
    report_put_plain(out, text);
    fputc('\n', out);
}

static void write_event(FILE *out, const struct report_check *c, size_t i)
{
    const struct event *e = &c->events[i];
    struct buf octets;

    buf_init(&octets, 4096);
    if (e->length > 0) {
        buf_put_byte(&octets, ' ');
        size_t shown = size_min(e->kept, SHOWN_BYTES);

        text_quote(&octets, slice_of(e->bytes, shown), shown);
        if (shown < e->length)
            buf_printf(&octets, "... (%zu more)", e->length - shown);
    }
    fprintf(out, "      %s %9.6f  %-6s  ", (int)i == c->guilty ? ">>" : "  ",
            (double)e->t_us / US_PER_S, who_name(e->who));
    report_put_plain(out, e->what);
    fprintf(out, "%s\n", buf_text(&octets));
    buf_free(&octets);
}

/* The first and the last lines, unless all are asked for; the guilty one is among the last. */
static void write_transcript(FILE *out, const struct report_check *c, bool whole)
{
    size_t first = whole ? c->event_count / 2 : SHOWN_FIRST;
    size_t last = whole ? c->event_count - first : SHOWN_LAST;
    size_t shown = first + last;
    size_t left_out = c->events_dropped + (c->event_count > shown ? c->event_count - shown : 0);

    fprintf(out, "    transcript:\n");
    for (size_t i = 0; i < c->event_count; i++) {
        if (i == first && left_out > 0)
            fprintf(out, "         ... %zu line%s left out ...\n", left_out, text_s(left_out));
        if (i < first || i + last >= c->event_count)
            write_event(out, c, i);
    }
}

static void write_details(FILE *out, const struct report_check *c, const struct report_style *style)
{
    write_line(out, "    claim:    ", c->claim);
    for (size_t i = 0; i < c->cite_count; i++)
        write_line(out, i ? "              " : "    clause:   ", c->cites[i]);
    if (*c->expected)
        write_line(out, "    expected: ", c->expected);
    if (*c->actual)
        write_line(out, "    actual:   ", c->actual);
    else if (*c->reason)
        write_line(out, "    reason:   ", c->reason);
    if (!style->quiet && c->event_count > 0)
        write_transcript(out, c, style->verbose);
    write_line(out, "    again:    ", c->reproduce);
    fputc('\n', out);
}

void report_put_check(FILE *out, const struct report_check *c, const struct report_style *style)
{
    bool details = is_bad(c) && !c->waived;

    fprintf(out, "%s%-5s%s %-6s %s", paint(style, c->verdict), verdict_name(c->verdict),
            unpaint(style), level_name(c->level), c->id);
    if (*c->reason && !details) {
        fputs(": ", out);
        report_put_plain(out, c->reason);
    }
    if (c->waived) {
        fputs(" (waived: ", out);
        report_put_plain(out, c->waiver ? c->waiver : "");
        fputc(')', out);
    }
    fputc('\n', out);
    if (details)
        write_details(out, c, style);
    else if (style->verbose && c->event_count > 0)
        write_transcript(out, c, true);
}

/* The ids of the checks that were skipped for the reason of this one, as a block of text. */
static void write_skipped_ids(FILE *out, const struct report *r, size_t first)
{
    size_t column = 0;

    for (size_t i = first; i < r->count; i++) {
        const struct report_check *c = &r->checks[i];
        size_t width = strlen(c->id) + 1;

        if (c->verdict != VERDICT_SKIP || !text_eq(c->reason, r->checks[first].reason))
            continue;
        if (column == 0 || column + width > COLUMNS) {
            fprintf(out, "%s%*s", column ? "\n" : "", INDENT, "");
            column = INDENT;
        }
        fprintf(out, " %s", c->id);
        column += width;
    }
    fputc('\n', out);
}

static bool any_ran(const struct report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->checks[i].verdict != VERDICT_SKIP)
            return true;
    }
    return false;
}

/* Skips are told once per reason, with the ids behind it. */
static void write_skips(FILE *out, const struct report *r, const struct report_style *style)
{
    bool ran = any_ran(r);

    for (size_t i = 0; i < r->count; i++) {
        const struct report_check *c = &r->checks[i];
        /* Where nothing ran, the ending says so already. */
        bool told =
            c->verdict != VERDICT_SKIP || (!ran && r->ending && strstr(c->reason, r->ending));

        for (size_t j = 0; j < i && !told; j++)
            told = r->checks[j].verdict == VERDICT_SKIP && text_eq(r->checks[j].reason, c->reason);
        if (told)
            continue;
        fprintf(out, "%sskip%s  ", paint(style, VERDICT_SKIP), unpaint(style));
        report_put_plain(out, c->reason);
        fputs(":\n", out);
        write_skipped_ids(out, r, i);
    }
}

static void write_summary(FILE *out, const struct report *r, const struct report_style *style)
{
    struct report_tally tally = report_tally(r);
    const char *gap = "";

    for (size_t v = 0; v < VERDICTS; v++) {
        if (tally.by_verdict[v] == 0 && v != VERDICT_PASS && v != VERDICT_FAIL)
            continue;
        fprintf(out, "%s%s%u %s%s", gap, tally.by_verdict[v] ? paint(style, (enum verdict)v) : "",
                tally.by_verdict[v], verdict_name((enum verdict)v),
                tally.by_verdict[v] ? unpaint(style) : "");
        gap = ", ";
    }
    if (tally.waived)
        fprintf(out, ", %u waived", tally.waived);
    if (r->stale_count)
        fprintf(out, ", %zu waiver%s no longer needed", r->stale_count, text_s(r->stale_count));
    fprintf(out, "  (%zu check%s, %.1f s)\n", r->count, text_s(r->count),
            (double)r->duration_us / US_PER_S);
}

static void write_part(FILE *out, const struct report *r, const struct report_style *style)
{
    fprintf(out, "%s ", REPORT_TOOL);
    report_put_plain(out, report_version(r));
    fputs("  ", out);
    report_put_plain(out, r->target);
    fputs("  speaking ", out);
    report_put_plain(out, r->speak);
    fprintf(out, "  seed %llu\n", (unsigned long long)r->seed);
    if (*r->facts)
        write_line(out, "", r->facts);
    fputc('\n', out);
    for (size_t i = 0; i < r->count; i++) {
        const struct report_check *c = &r->checks[i];
        bool shown = is_bad(c) || (c->verdict == VERDICT_NOTE && !style->quiet);

        if (shown || (style->verbose && c->verdict != VERDICT_SKIP))
            report_put_check(out, c, style);
    }
    if (!style->quiet)
        write_skips(out, r, style);
    for (size_t i = 0; i < r->stale_count; i++) {
        fprintf(out, "%sstale%s", paint(style, VERDICT_FAIL), unpaint(style));
        write_line(out, " ", r->stale[i]);
    }
    if (r->ending)
        write_line(out, "", r->ending);
    write_summary(out, r, style);
}

static void write_text(FILE *out, const struct report_set *set, const struct report_style *style)
{
    for (size_t i = 0; i < set->count; i++) {
        if (i > 0)
            fputc('\n', out);
        write_part(out, set->reports[i], style);
    }
}

const struct reporter reporter_text = {
    .name = "text",
    .summary = "for people, on a terminal",
    .write = write_text,
};
