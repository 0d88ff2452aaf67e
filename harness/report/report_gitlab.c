/* The report as code quality of GitLab: an array of what is broken. */
#include <jansson.h>

#include "harness/report/reporters.h"

enum { TEXT_MAX = 2000 };

/* One finding; `what` tells it from others at the target. */
static json_t *finding(const struct report *r, const char *name, const char *what,
                       const char *description, const char *severity)
{
    char fingerprint[FINGERPRINT_LEN];
    struct buf path;

    buf_init(&path, TEXT_MAX);
    report_path(r, &path);
    report_fingerprint(r, what, fingerprint);
    json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:{s:i}}}", "description", description,
                               "check_name", name, "fingerprint", fingerprint, "severity", severity,
                               "location", "path", buf_text(&path), "lines", "begin", 1);
    buf_free(&path);
    return object;
}

static const char *severity_of(const struct report *r, const struct report_check *c)
{
    static const char *const of_failures[LEVELS] = {
        [LEVEL_MUST] = "critical",
        [LEVEL_SHOULD] = "major",
        [LEVEL_ROBUST] = "major",
        [LEVEL_NOTE] = "minor",
    };

    switch (report_grade(r, c)) {
    case GRADE_FAILURE:
        return of_failures[c->level];
    case GRADE_WARNING:
        return "minor";
    case GRADE_TROUBLE:
        return "info";
    case GRADE_NONE:
        break;
    }
    return NULL;
}

static void add_check(json_t *all, const struct report *r, const struct report_check *c)
{
    const char *severity = severity_of(r, c);
    struct buf text;

    if (!severity)
        return;
    buf_init(&text, TEXT_MAX * 16);
    buf_printf(&text, "%s (%s): ", c->id, level_name(c->level));
    report_plain(&text, c->claim, TEXT_MAX, "");
    buf_put_str(&text, "; ");
    report_plain(&text, c->reason, TEXT_MAX, "");
    if (c->cite_count > 0) {
        buf_put_str(&text, " [");
        report_plain(&text, c->cites[0], TEXT_MAX, "");
        buf_put_str(&text, "]");
    }
    json_array_append_new(all, finding(r, c->id, c->id, buf_text(&text), severity));
    buf_free(&text);
}

static void add_words(json_t *all, const struct report *r, const char *name, const char *what,
                      const char *words)
{
    struct buf text;

    buf_init(&text, TEXT_MAX * 16);
    report_plain(&text, words, TEXT_MAX, "");
    json_array_append_new(all, finding(r, name, what, buf_text(&text), "major"));
    buf_free(&text);
}

static void write_gitlab(FILE *out, const struct report_set *set,
                         const struct report_style *style UNUSED)
{
    json_t *all = json_array();

    for (size_t i = 0; i < set->count; i++) {
        const struct report *r = set->reports[i];

        for (size_t c = 0; c < r->count; c++)
            add_check(all, r, &r->checks[c]);
        for (size_t s = 0; s < r->stale_count; s++)
            add_words(all, r, "waiver", r->stale[s], r->stale[s]);
        if (r->ending)
            add_words(all, r, "run", "run", r->ending);
    }
    json_dumpf(all, out, JSON_INDENT(2));
    fputc('\n', out);
    json_decref(all);
}

const struct reporter reporter_gitlab = {
    .name = "gitlab",
    .summary = "code quality for GitLab; junit is for its list of tests",
    .write = write_gitlab,
};
