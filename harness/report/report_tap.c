/* The report as TAP version 13, which Debian's prove reads (it refuses version 14). */
#include "harness/report/reporters.h"

/* A # in a description would begin a directive. */
static void write_plain(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '#')
            fputc('.', out);
        else
            report_put_octet(out, *text);
    }
}

/* A double-quoted scalar of YAML, whose escapes are those of text_quote. */
static void write_yaml(FILE *out, const char *key, const char *value)
{
    struct buf quoted;

    buf_init(&quoted, 1 << 16);
    text_quote(&quoted, slice_str(value), SIZE_MAX);
    fprintf(out, "  %s: %s\n", key, buf_text(&quoted));
    buf_free(&quoted);
}

static bool is_ok(const struct report *r, const struct report_check *c)
{
    switch (c->verdict) {
    case VERDICT_PASS:
    case VERDICT_NOTE:
    case VERDICT_SKIP:
        return true;
    case VERDICT_WARN:
        return !r->strict;
    case VERDICT_FAIL:
    case VERDICT_ERROR:
    case VERDICTS:
        break;
    }
    return false;
}

static void write_check(FILE *out, const struct report *r, const struct report_check *c,
                        size_t number)
{
    fprintf(out, "%s %zu - %s ", is_ok(r, c) ? "ok" : "not ok", number, c->id);
    write_plain(out, c->claim);
    if (c->verdict == VERDICT_SKIP) {
        fputs(" # SKIP ", out);
        write_plain(out, c->reason);
    } else if (c->waived) {
        fputs(" # TODO waived: ", out);
        write_plain(out, c->waiver ? c->waiver : "");
    }
    fputc('\n', out);
    if (c->verdict == VERDICT_PASS || c->verdict == VERDICT_SKIP)
        return;
    fputs("  ---\n", out);
    write_yaml(out, "verdict", verdict_name(c->verdict));
    write_yaml(out, "level", level_name(c->level));
    write_yaml(out, "reason", c->reason);
    for (size_t i = 0; i < c->cite_count && i < 1; i++)
        write_yaml(out, "clause", c->cites[i]);
    write_yaml(out, "expected", c->expected);
    write_yaml(out, "actual", c->actual);
    write_yaml(out, "again", c->reproduce);
    fputs("  ...\n", out);
}

/* Numbered on from *number; the target stands in a comment, so that prove sees one stream. */
static void write_part(FILE *out, const struct report *r, bool named, size_t *number)
{
    struct report_tally tally = report_tally(r);

    if (named) {
        fputs("# ", out);
        write_plain(out, r->target);
        fputc('\n', out);
    }
    for (size_t i = 0; i < r->count; i++)
        write_check(out, r, &r->checks[i], ++*number);
    for (size_t i = 0; i < r->stale_count; i++) {
        fprintf(out, "not ok %zu - ", ++*number);
        write_plain(out, r->stale[i]);
        fputc('\n', out);
    }
    if (r->ending) {
        fprintf(out, "not ok %zu - the run ended early: ", ++*number);
        write_plain(out, r->ending);
        fputc('\n', out);
    }
    fprintf(out, "# %u pass, %u fail, %u warn, %u note, %u skip, %u error, %u waived\n",
            tally.by_verdict[VERDICT_PASS], tally.by_verdict[VERDICT_FAIL],
            tally.by_verdict[VERDICT_WARN], tally.by_verdict[VERDICT_NOTE],
            tally.by_verdict[VERDICT_SKIP], tally.by_verdict[VERDICT_ERROR], tally.waived);
}

static void write_tap(FILE *out, const struct report_set *set,
                      const struct report_style *style UNUSED)
{
    size_t all = 0;
    size_t number = 0;

    for (size_t i = 0; i < set->count; i++)
        all += set->reports[i]->count + set->reports[i]->stale_count +
               (set->reports[i]->ending ? 1 : 0);
    fprintf(out, "TAP version 13\n1..%zu\n", all);
    for (size_t i = 0; i < set->count; i++)
        write_part(out, set->reports[i], set->several, &number);
}

const struct reporter reporter_tap = {
    .name = "tap",
    .summary = "TAP version 13, for prove",
    .write = write_tap,
};
