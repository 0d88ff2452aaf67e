/* What has changed since an earlier run. */
#include "harness/report/report_html.h"

const struct report *html_before(const struct report_set *set, const struct report *r)
{
    for (size_t i = 0; set && i < set->count; i++) {
        if (text_eq(report_origin(set->reports[i]), report_origin(r)) &&
            text_eq(set->reports[i]->speak, r->speak))
            return set->reports[i];
    }
    return NULL;
}

const struct report_check *html_find(const struct report *r, const char *id, size_t likely)
{
    if (!r)
        return NULL;
    if (likely < r->count && text_eq(r->checks[likely].id, id))
        return &r->checks[likely];
    for (size_t i = 0; i < r->count; i++) {
        if (text_eq(r->checks[i].id, id))
            return &r->checks[i];
    }
    return NULL;
}

static bool is_wrong(enum html_kind kind)
{
    return kind == HTML_FAIL || kind == HTML_ERROR || kind == HTML_WARN;
}

enum html_change html_change(const struct report *before, const struct report_check *c,
                             size_t likely)
{
    const struct report_check *was = html_find(before, c->id, likely);

    if (!before)
        return HTML_SAME;
    if (!was)
        return HTML_ADDED;
    enum html_kind now = html_kind(c);
    enum html_kind then = html_kind(was);
    if (now == then)
        return HTML_SAME;
    if (is_wrong(now) && !is_wrong(then))
        return HTML_BROKE;
    return is_wrong(then) && (now == HTML_PASS || now == HTML_NOTE) ? HTML_MENDED : HTML_MOVED;
}

static const char *const names[HTML_CHANGES] = {
    [HTML_SAME] = "same",   [HTML_BROKE] = "broke", [HTML_MENDED] = "mended",
    [HTML_MOVED] = "moved", [HTML_ADDED] = "added",
};

static const char *const words[HTML_CHANGES] = {
    [HTML_SAME] = "as before",        [HTML_BROKE] = "newly broken", [HTML_MENDED] = "mended",
    [HTML_MOVED] = "changed verdict", [HTML_ADDED] = "new check",
};

const char *html_change_name(enum html_change change)
{
    return names[change];
}

static size_t count_gone(const struct report *before, const struct report *r)
{
    size_t gone = 0;

    for (size_t i = 0; i < before->count; i++)
        gone += html_find(r, before->checks[i].id, i) == NULL;
    return gone;
}

static void put_gone(FILE *out, const struct report *before, const struct report *r)
{
    fputs("<details class=gone><summary>checks that this run has not</summary><ul>", out);
    for (size_t i = 0; i < before->count; i++) {
        const struct report_check *c = &before->checks[i];

        if (html_find(r, c->id, i))
            continue;
        fputs("<li><code>", out);
        html_put(out, c->id);
        fputs("</code> was ", out);
        html_put_verdict(out, c);
    }
    fputs("</ul></details>\n", out);
}

void html_put_changes(FILE *out, const struct report_set *set, const struct report *r)
{
    const struct report *before = html_before(set->before, r);
    size_t counts[HTML_CHANGES] = {0};

    if (!set->before)
        return;
    if (!before) {
        fputs("<p class=since>The run before did not try this target.</p>\n", out);
        return;
    }
    for (size_t i = 0; i < r->count; i++)
        counts[html_change(before, &r->checks[i], i)]++;
    size_t gone = count_gone(before, r);
    fputs("<p class=since>Since the run of ", out);
    html_put_time(out, before->started);
    const char *gap = ": ";
    for (size_t i = HTML_BROKE; i < HTML_CHANGES; i++) {
        if (counts[i] == 0)
            continue;
        fprintf(out, "%s<b class=\"change %s\">%zu %s%s</b>", gap, names[i], counts[i], words[i],
                i >= HTML_MOVED ? text_s(counts[i]) : "");
        gap = " ";
    }
    if (gone > 0)
        fprintf(out, "%s<b class=\"change moved\">%zu gone</b>", gap, gone);
    else if (*gap == ':')
        fputs(": no verdict has changed", out);
    fputs("</p>\n", out);
    if (gone > 0)
        put_gone(out, before, r);
}

void html_put_gone_targets(FILE *out, const struct report_set *set)
{
    for (size_t i = 0; set->before && i < set->before->count; i++) {
        const struct report *r = set->before->reports[i];

        if (html_before(set, r))
            continue;
        fputs("<p class=since>The run before also tried <code>", out);
        html_put(out, r->target);
        fputs("</code>, speaking ", out);
        html_put(out, r->speak);
        fputs(".</p>\n", out);
    }
}
