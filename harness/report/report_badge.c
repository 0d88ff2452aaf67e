/* The report as a badge in SVG: one word on how it went, for a page that shows it. */
#include "harness/report/reporters.h"
#include "harness/report/status.h"

enum { HEIGHT = 20, CHAR_WIDTH = 7, PADDING = 12, WORDS_MAX = 64, LABEL_WIDTH = 47 };

struct sums {
    size_t passed, failed, warned, undecided;
    int status;
};

static struct sums sum_up(const struct report_set *set)
{
    struct sums sums = {.status = set->count > 0 ? STATUS_OK : STATUS_NO_VERDICT};

    for (size_t i = 0; i < set->count; i++) {
        const struct report *r = set->reports[i];

        sums.failed += r->stale_count;
        sums.passed += report_tally(r).by_verdict[VERDICT_PASS];
        sums.status = status_worse(sums.status, report_status(r));
        for (size_t c = 0; c < r->count; c++) {
            enum grade grade = report_grade(r, &r->checks[c]);

            sums.failed += grade == GRADE_FAILURE;
            sums.warned += grade == GRADE_WARNING;
            sums.undecided += grade == GRADE_TROUBLE;
        }
    }
    return sums;
}

/* The words; returns the colour. */
static const char *judge(const struct sums *s, char *words, size_t cap)
{
    static const char red[] = "#c0392b", orange[] = "#b9770e", green[] = "#2e7d32",
                      grey[] = "#6b6b6b";

    if (s->failed > 0) {
        text_format(words, cap, "%zu failed", s->failed);
        return red;
    }
    if (s->undecided > 0 && s->status == STATUS_KIT) {
        text_format(words, cap, "%zu undecided", s->undecided);
        return orange;
    }
    if (s->status != STATUS_OK) {
        text_copy(words, cap, "no verdict");
        return grey;
    }
    if (s->warned > 0)
        text_format(words, cap, "%zu passed, %zu warned", s->passed, s->warned);
    else
        text_format(words, cap, "%zu passed", s->passed);
    return s->warned > 0 ? orange : green;
}

static void write_words(FILE *out, unsigned left, unsigned width, const char *words)
{
    fprintf(out, "    <text x=\"%u\" y=\"14\" textLength=\"%u\">%s</text>\n", left + width / 2,
            width - PADDING, words);
}

static void write_badge(FILE *out, const struct report_set *set,
                        const struct report_style *style UNUSED)
{
    char words[WORDS_MAX];
    struct sums sums = sum_up(set);
    const char *colour = judge(&sums, words, sizeof(words));
    unsigned width = (unsigned)slice_str(words).len * CHAR_WIDTH + PADDING;
    unsigned whole = LABEL_WIDTH + width;

    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%d\" role=\"img\" "
            "aria-label=\"%s: %s\">\n  <title>%s: %s",
            whole, HEIGHT, REPORT_TOOL, words, REPORT_TOOL, words);
    for (size_t i = 0; i < set->count; i++) {
        fputs(i ? ", " : " (", out);
        report_put_xml(out, set->reports[i]->target);
    }
    fprintf(out,
            "%s</title>\n"
            "  <rect width=\"%u\" height=\"%d\" rx=\"3\" fill=\"#444444\"/>\n"
            "  <path d=\"M%d 0h%ua3 3 0 0 1 3 3v14a3 3 0 0 1 -3 3h-%uz\" fill=\"%s\"/>\n"
            "  <g fill=\"#ffffff\" text-anchor=\"middle\" font-size=\"11\" "
            "font-family=\"Verdana,Geneva,DejaVu Sans,sans-serif\">\n",
            set->count ? ")" : "", whole, HEIGHT, LABEL_WIDTH, width - 3, width - 3, colour);
    write_words(out, 0, LABEL_WIDTH, REPORT_TOOL);
    write_words(out, LABEL_WIDTH, width, words);
    fputs("  </g>\n</svg>\n", out);
}

const struct reporter reporter_badge = {
    .name = "badge",
    .summary = "a small SVG: passed, failed or no verdict",
    .write = write_badge,
};
