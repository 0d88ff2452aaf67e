/* Several targets beside each other: what each makes of each check. */
#include "harness/report/report_html.h"

enum { TARGET_MAX = 60, REASON_MAX = 200 };

/* Whether an earlier report of the set has the check: it then has its row already. */
static bool has_row(const struct report_set *set, size_t target, size_t check)
{
    const char *id = set->reports[target]->checks[check].id;

    for (size_t i = 0; i < target; i++) {
        if (html_find(set->reports[i], id, check))
            return true;
    }
    return false;
}

static void put_cell(FILE *out, const struct report_set *set, size_t target, const char *id,
                     size_t likely)
{
    const struct report_check *c = html_find(set->reports[target], id, likely);

    if (!c) {
        fputs("<td class=none>&#8211;", out);
        return;
    }
    fprintf(out, "<td class=%s><a href=\"#", html_kind_name(html_kind(c)));
    html_put_id(out, target, id);
    fputs("\" title=\"", out);
    html_put_short(out, c->reason, REASON_MAX);
    fprintf(out, "\">%s</a>", html_kind_name(html_kind(c)));
}

/* For the filters: every way in which the check is counted, and whether the targets differ. */
static void put_data(FILE *out, const struct report_set *set, const struct report_check *c,
                     size_t likely)
{
    unsigned kinds = 0;
    unsigned changes = 0;
    bool missing = false;

    for (size_t i = 0; i < set->count; i++) {
        const struct report_check *other = html_find(set->reports[i], c->id, likely);

        missing = missing || !other;
        if (!other)
            continue;
        kinds |= 1U << html_kind(other);
        changes |= 1U << html_change(html_before(set->before, set->reports[i]), other, likely);
    }
    fprintf(out, "<tr data-l=%s data-v=\"", level_name(c->level));
    for (size_t k = 0; k < HTML_KINDS; k++) {
        if (kinds & 1U << k)
            fprintf(out, "%s ", html_kind_name((enum html_kind)k));
    }
    fputs("\" data-c=\"", out);
    for (size_t k = 0; k < HTML_CHANGES; k++) {
        if (changes & 1U << k)
            fprintf(out, "%s ", html_change_name((enum html_change)k));
    }
    fprintf(out, "\"%s>", missing || (kinds & (kinds - 1)) != 0 ? " data-d=differ" : "");
}

static bool is_wrong(const struct report_set *set, const char *id, size_t likely)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct report_check *c = html_find(set->reports[i], id, likely);

        if (c && html_kind(c) <= HTML_WARN)
            return true;
    }
    return false;
}

static void put_row(FILE *out, const struct report_set *set, const struct report_check *c,
                    size_t likely)
{
    put_data(out, set, c, likely);
    fputs("<th scope=row><code>", out);
    html_put_name(out, c->id);
    fputs("</code>", out);
    for (size_t i = 0; i < set->count; i++)
        put_cell(out, set, i, c->id, likely);
    fputc('\n', out);
}

/* The rows in which some target is wrong, or the others. */
static void put_rows(FILE *out, const struct report_set *set, bool wrong)
{
    for (size_t i = 0; i < set->count; i++) {
        for (size_t k = 0; k < set->reports[i]->count; k++) {
            const struct report_check *c = &set->reports[i]->checks[k];

            if (!has_row(set, i, k) && is_wrong(set, c->id, k) == wrong)
                put_row(out, set, c, k);
        }
    }
}

void html_put_matrix(FILE *out, const struct report_set *set)
{
    if (set->count < 2)
        return;
    fputs("<section class=matrix aria-labelledby=matrix><h2 id=matrix>Side by side</h2>\n"
          "<div class=scroll tabindex=0 role=region aria-label=\"checks against targets\">"
          "<table><thead><tr><th scope=col>check",
          out);
    for (size_t i = 0; i < set->count; i++) {
        fprintf(out, "<th scope=col><a href=\"#t%zu\">", i + 1);
        html_put_short(out, set->reports[i]->target, TARGET_MAX);
        fputs("</a><span>", out);
        html_put_short(out, set->reports[i]->speak, TARGET_MAX);
        fputs("</span>", out);
    }
    fputs("</thead><tbody>\n", out);
    put_rows(out, set, true);
    put_rows(out, set, false);
    fputs("</tbody></table></div></section>\n", out);
}
