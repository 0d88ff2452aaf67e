/* The report as annotations of GitHub Actions: commands that a step writes to its output. */
#include "harness/report/reporters.h"

/* GitHub shows so many of each kind per step and drops the rest, so the last one tells of it. */
enum { SHOWN_MAX = 10, TEXT_MAX = 800, COMMAND_MAX = 8000, NAMES_MAX = TEXT_MAX };

/* The annotations of one kind: what is to come, and what came. */
struct annotations {
    FILE *out;
    const char *command; /* error, warning, notice */
    size_t total;
    size_t seen;
    struct buf rest; /* names of those that are not shown */
};

/* At most max octets of the text, such that it neither ends the command nor its property. */
static void put_text(FILE *out, const char *text, size_t max, bool property)
{
    for (size_t i = 0; text[i]; i++) {
        if (i == max) {
            fputs("...", out);
            return;
        }
        if (text[i] == '%' || (property && (text[i] == ':' || text[i] == ',')))
            fprintf(out, "%%%02X", (unsigned)text[i]);
        else
            report_put_octet(out, text[i]);
    }
}

static void put_row(FILE *out, const char *head, const char *text, size_t max)
{
    if (*text) {
        fprintf(out, "%%0A%s: ", head);
        put_text(out, text, max, false);
    }
}

/* Begins an annotation, whose message follows. False where it is one too many: then the last one
   names it. */
static bool begin(struct annotations *a, const char *title, const char *remark, const char *name)
{
    size_t shown = a->total > SHOWN_MAX ? SHOWN_MAX - 1 : SHOWN_MAX;

    if (a->seen++ >= shown) {
        if (a->rest.len < NAMES_MAX)
            buf_printf(&a->rest, "%s%.200s", a->seen - shown > 1 ? ", " : "", name);
        return false;
    }
    fprintf(a->out, "::%s title=", a->command);
    put_text(a->out, title, TEXT_MAX, true);
    if (*remark)
        fprintf(a->out, " (%s)", remark);
    fputs("::", a->out);
    return true;
}

static void annotate(struct annotations *a, const struct report *r, const char *title,
                     const char *message)
{
    if (!begin(a, title, "", r->target))
        return;
    put_text(a->out, message, TEXT_MAX, false);
    put_row(a->out, "target", r->target, TEXT_MAX);
    fputc('\n', a->out);
}

static void annotate_check(struct annotations *a, const struct report *r,
                           const struct report_check *c)
{
    if (!begin(a, c->id, level_name(c->level), c->id))
        return;
    put_text(a->out, c->claim, TEXT_MAX, false);
    put_row(a->out, "expected", c->expected, TEXT_MAX);
    put_row(a->out, *c->actual ? "actual" : "reason", *c->actual ? c->actual : c->reason, TEXT_MAX);
    for (size_t i = 0; i < c->cite_count; i++)
        put_row(a->out, "clause", c->cites[i], TEXT_MAX);
    put_row(a->out, "target", r->target, TEXT_MAX);
    put_row(a->out, "again", c->reproduce, COMMAND_MAX);
    fputc('\n', a->out);
}

static void annotate_checks(struct annotations *a, const struct report_set *set, enum grade grade)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct report *r = set->reports[i];

        for (size_t c = 0; c < r->count; c++) {
            if (report_grade(r, &r->checks[c]) == grade)
                annotate_check(a, r, &r->checks[c]);
        }
    }
}

static void end(struct annotations *a)
{
    if (a->total > SHOWN_MAX) {
        fprintf(a->out, "::%s title=%s::%zu more: ", a->command, REPORT_TOOL,
                a->total - SHOWN_MAX + 1);
        put_text(a->out, buf_text(&a->rest), TEXT_MAX, false);
        fputc('\n', a->out);
    }
    buf_free(&a->rest);
}

static struct annotations open_kind(FILE *out, const char *command, size_t total)
{
    struct annotations a = {.out = out, .command = command, .total = total};

    buf_init(&a.rest, NAMES_MAX * 2);
    return a;
}

static size_t count_grade(const struct report_set *set, enum grade grade)
{
    size_t count = 0;

    for (size_t i = 0; i < set->count; i++) {
        const struct report *r = set->reports[i];

        for (size_t c = 0; c < r->count; c++)
            count += report_grade(r, &r->checks[c]) == grade;
    }
    return count;
}

static void write_errors(FILE *out, const struct report_set *set)
{
    size_t total = count_grade(set, GRADE_FAILURE) + count_grade(set, GRADE_TROUBLE);

    for (size_t i = 0; i < set->count; i++)
        total += set->reports[i]->stale_count + (set->reports[i]->ending != NULL);
    struct annotations a = open_kind(out, "error", total);
    annotate_checks(&a, set, GRADE_FAILURE);
    for (size_t i = 0; i < set->count; i++) {
        const struct report *r = set->reports[i];

        if (r->ending)
            annotate(&a, r, "the run ended early", r->ending);
        for (size_t s = 0; s < r->stale_count; s++)
            annotate(&a, r, "a waiver is no longer needed", r->stale[s]);
    }
    annotate_checks(&a, set, GRADE_TROUBLE);
    end(&a);
}

static void write_github(FILE *out, const struct report_set *set,
                         const struct report_style *style UNUSED)
{
    struct annotations warnings = open_kind(out, "warning", count_grade(set, GRADE_WARNING));
    struct annotations notices = open_kind(out, "notice", set->count);

    write_errors(out, set);
    annotate_checks(&warnings, set, GRADE_WARNING);
    end(&warnings);
    for (size_t i = 0; i < set->count; i++) {
        struct buf counts;

        buf_init(&counts, TEXT_MAX);
        report_counts(set->reports[i], &counts);
        annotate(&notices, set->reports[i], REPORT_TOOL, buf_text(&counts));
        buf_free(&counts);
    }
    end(&notices);
}

const struct reporter reporter_github = {
    .name = "github",
    .summary = "annotations of GitHub Actions, on standard output",
    .write = write_github,
};
