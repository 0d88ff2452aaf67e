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

static void write_check(FILE *out, const struct report *r, size_t number)
{
    const struct report_check *c = &r->checks[number - 1];

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

static void write_tap(FILE *out, const struct report *r, const struct report_style *style UNUSED)
{
    struct report_tally tally = report_tally(r);

    fprintf(out, "TAP version 13\n1..%zu\n", r->count + r->stale_count + (r->ending ? 1 : 0));
    for (size_t i = 1; i <= r->count; i++)
        write_check(out, r, i);
    for (size_t i = 0; i < r->stale_count; i++) {
        fprintf(out, "not ok %zu - ", r->count + i + 1);
        write_plain(out, r->stale[i]);
        fputc('\n', out);
    }
    if (r->ending) {
        fprintf(out, "not ok %zu - the run ended early: ", r->count + r->stale_count + 1);
        write_plain(out, r->ending);
        fputc('\n', out);
    }
    fprintf(out, "# %u pass, %u fail, %u warn, %u note, %u skip, %u error, %u waived\n",
            tally.by_verdict[VERDICT_PASS], tally.by_verdict[VERDICT_FAIL],
            tally.by_verdict[VERDICT_WARN], tally.by_verdict[VERDICT_NOTE],
            tally.by_verdict[VERDICT_SKIP], tally.by_verdict[VERDICT_ERROR], tally.waived);
}

const struct reporter reporter_tap = {
    .name = "tap",
    .summary = "TAP version 13, for prove",
    .write = write_tap,
};
