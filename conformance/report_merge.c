/* Joining the reports of the parts of a run. */
#include "conformance/report_merge.h"

#include <stdlib.h>
#include <string.h>

#include "conformance/runner/run.h"
#include "harness/base/log.h"

enum { TEXT_MAX = 1 << 16 };

/* One report of one file. */
struct source {
    const struct report *report;
    const char *file;
    bool joined;
};

/* A check of a source, and where the registry has it. */
struct place {
    const struct report_check *check;
    const char *file;
    size_t rank;
};

/* ---- the order of the registry ---- */

struct rank {
    const char *id;
    size_t rank;
};

struct ranks {
    struct rank list[RUN_CHECKS_MAX];
    size_t count;
};

static void add_rank(const struct check *check, void *closure)
{
    struct ranks *ranks = closure;

    if (ranks->count == RUN_CHECKS_MAX)
        return;
    ranks->list[ranks->count] = (struct rank){check->id, ranks->count};
    ranks->count++;
}

static int by_id(const void *a, const void *b)
{
    const struct rank *x = a;
    const struct rank *y = b;

    return strcmp(x->id, y->id);
}

/* A check of another version, which the registry has not, comes behind all others. */
static size_t rank_of(const struct ranks *ranks, const char *id)
{
    struct rank key = {id, 0};
    const struct rank *found =
        bsearch(&key, ranks->list, ranks->count, sizeof(ranks->list[0]), by_id);

    return found ? found->rank : SIZE_MAX;
}

static int by_rank(const void *a, const void *b)
{
    const struct place *x = a;
    const struct place *y = b;

    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return strcmp(x->check->id, y->check->id);
}

/* ---- one check ---- */

/* What is waived is worse than what is well, and better than what is not. */
static bool is_worse(const struct report_check *a, const struct report_check *b)
{
    if (a->waived == b->waived)
        return verdict_is_worse(a->verdict, b->verdict);
    return a->waived ? !verdict_is_worse(b->verdict, VERDICT_NOTE)
                     : verdict_is_worse(a->verdict, VERDICT_NOTE);
}

static const char *told_reason(struct keep *keep, const struct place *places, size_t count,
                               const char *reason)
{
    unsigned counts[VERDICTS] = {0};
    const char *gap = "";
    struct buf text;

    for (size_t i = 0; i < count; i++)
        counts[places[i].check->verdict]++;
    buf_init(&text, TEXT_MAX);
    buf_printf(&text, "%zu reports:", count);
    for (size_t v = 0; v < VERDICTS; v++) {
        if (counts[v] > 0) {
            buf_printf(&text, "%s %u %s", gap, counts[v], verdict_name((enum verdict)v));
            gap = ",";
        }
    }
    buf_printf(&text, "%s%.60000s", *reason ? "; " : "", reason);
    const char *kept = keep_text(keep, buf_text(&text));
    buf_free(&text);
    return kept ? kept : reason;
}

static void tell_difference(const struct place *worst, const struct place *other)
{
    if (worst->check->verdict == other->check->verdict)
        log_note("%s: %s in %s and in %s, but waived in one of them; that it is not counts",
                 worst->check->id, verdict_name(worst->check->verdict), worst->file, other->file);
    else
        log_note("%s: %s in %s, %s in %s; the worse one counts", worst->check->id,
                 verdict_name(worst->check->verdict), worst->file,
                 verdict_name(other->check->verdict), other->file);
}

/* The one check that several places with the same id become. */
static struct report_check unite(struct keep *keep, const struct place *places, size_t count)
{
    const struct place *worst = &places[0];
    bool differ = false;

    for (size_t i = 1; i < count; i++) {
        if (is_worse(places[i].check, worst->check))
            worst = &places[i];
    }
    for (size_t i = 0; i < count; i++) {
        const struct report_check *c = places[i].check;

        if (c->verdict == worst->check->verdict && c->waived == worst->check->waived)
            continue;
        tell_difference(worst, &places[i]);
        differ = differ || c->verdict != worst->check->verdict;
    }
    struct report_check united = *worst->check;
    if (differ)
        united.reason = told_reason(keep, places, count, united.reason);
    return united;
}

/* ---- one report ---- */

static bool is_same_run(const struct report *a, const struct report *b)
{
    return text_eq(report_origin(a), report_origin(b)) && text_eq(a->speak, b->speak) &&
           a->seed == b->seed && text_eq(report_version(a), report_version(b));
}

static bool any_ran(const struct report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->checks[i].verdict != VERDICT_SKIP)
            return true;
    }
    return false;
}

/* The endings of all, each once. That no check applied to a part is no ending of the whole. */
static const char *join_endings(struct keep *keep, const struct report *whole,
                                struct source *const *sources, size_t count)
{
    bool ran = any_ran(whole);
    const char *kept = NULL;
    struct buf text;

    buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *ending = sources[i]->report->ending;

        if (!ending || (ran && text_eq(ending, RUN_NOTHING_APPLIED)) ||
            strstr(buf_text(&text), ending) || text.len + strlen(ending) + 3 > TEXT_MAX)
            continue;
        buf_printf(&text, "%s%s", text.len ? "; " : "", ending);
    }
    if (text.len > 0)
        kept = keep_text(keep, buf_text(&text));
    buf_free(&text);
    return kept;
}

static bool holds(const char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (text_eq(list[i], text))
            return true;
    }
    return false;
}

static bool join_stale(struct keep *keep, struct report *whole, struct source *const *sources,
                       size_t count)
{
    size_t room = 0;

    for (size_t i = 0; i < count; i++)
        room += sources[i]->report->stale_count;
    const char **stale = keep_room(keep, room, sizeof(*stale));
    if (!stale)
        return false;
    whole->stale = stale;
    whole->stale_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct report *r = sources[i]->report;

        for (size_t s = 0; s < r->stale_count; s++) {
            if (!holds(whole->stale, whole->stale_count, r->stale[s]))
                stale[whole->stale_count++] = r->stale[s];
        }
    }
    return true;
}

static bool join_checks(struct keep *keep, const struct ranks *ranks, struct report *whole,
                        struct source *const *sources, size_t count)
{
    size_t room = 0;
    size_t filled = 0;

    for (size_t i = 0; i < count; i++)
        room += sources[i]->report->count;
    struct place *places = keep_room(keep, room, sizeof(*places));
    struct report_check *checks = keep_room(keep, room, sizeof(*checks));
    if (!places || !checks)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct report *r = sources[i]->report;

        for (size_t c = 0; c < r->count; c++)
            places[filled++] =
                (struct place){&r->checks[c], sources[i]->file, rank_of(ranks, r->checks[c].id)};
    }
    qsort(places, filled, sizeof(*places), by_rank);
    whole->checks = checks;
    whole->count = 0;
    for (size_t i = 0, same; i < filled; i += same) {
        for (same = 1; i + same < filled && by_rank(&places[i], &places[i + same]) == 0; same++)
            ;
        checks[whole->count++] = unite(keep, &places[i], same);
    }
    return true;
}

/* What was tried in parts took as long as all the parts together. */
static bool join(struct keep *keep, const struct ranks *ranks, struct report *whole,
                 struct source *const *sources, size_t count)
{
    *whole = *sources[0]->report;
    for (size_t i = 1; i < count; i++) {
        const struct report *r = sources[i]->report;

        whole->started = r->started < whole->started ? r->started : whole->started;
        whole->duration_us = whole->duration_us > INT64_MAX - r->duration_us
                                 ? INT64_MAX
                                 : whole->duration_us + r->duration_us;
        whole->strict = whole->strict || r->strict;
        whole->interrupted = whole->interrupted || r->interrupted;
        whole->trouble = whole->trouble || r->trouble;
        whole->facts = *whole->facts ? whole->facts : r->facts;
    }
    if (!join_checks(keep, ranks, whole, sources, count) ||
        !join_stale(keep, whole, sources, count))
        return false;
    whole->ending = join_endings(keep, whole, sources, count);
    return true;
}

/* What looks like parts of one run that were given no common seed is told once. */
static void tell_seeds(const struct source *sources, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct report *a = sources[j].report;
            const struct report *b = sources[i].report;

            if (a->seed == b->seed || !text_eq(report_origin(a), report_origin(b)) ||
                text_eq(sources[j].file, sources[i].file))
                continue;
            log_note("%s and %s have the same target with different seeds and stay apart; parts "
                     "of one run need the same --seed",
                     sources[j].file, sources[i].file);
            return;
        }
    }
}

/* ---- all of them ---- */

static struct source *list_sources(struct keep *keep, const struct merge_part *parts, size_t count,
                                   size_t *ret_count)
{
    size_t room = 0;

    for (size_t i = 0; i < count; i++)
        room += parts[i].read.set.count;
    struct source *sources = keep_room(keep, room, sizeof(*sources));
    *ret_count = 0;
    for (size_t i = 0; sources && i < count; i++) {
        for (size_t r = 0; r < parts[i].read.set.count; r++)
            sources[(*ret_count)++] =
                (struct source){.report = parts[i].read.set.reports[r], .file = parts[i].name};
    }
    return sources;
}

bool report_merge(const struct merge_part *parts, size_t count, struct merge *ret,
                  struct problem *why)
{
    size_t source_count;

    *ret = (struct merge){0};
    struct source *sources = list_sources(&ret->keep, parts, count, &source_count);
    struct ranks *ranks = keep_room(&ret->keep, 1, sizeof(*ranks));
    struct report *reports = keep_room(&ret->keep, source_count, sizeof(*reports));
    const struct report **list = keep_room(&ret->keep, source_count, sizeof(*list));
    struct source **same = keep_room(&ret->keep, source_count, sizeof(struct source *));
    if (!sources || !ranks || !reports || !list || !same)
        return problem_set(why, "out of memory");
    registry_each(add_rank, ranks);
    qsort(ranks->list, ranks->count, sizeof(ranks->list[0]), by_id);
    for (size_t i = 0; i < count; i++)
        ret->set.several = ret->set.several || parts[i].read.set.several;
    ret->set.reports = list;
    tell_seeds(sources, source_count);
    for (size_t i = 0; i < source_count; i++) {
        struct report *whole = &reports[ret->set.count];
        size_t found = 0;

        if (sources[i].joined)
            continue;
        for (size_t j = i; j < source_count; j++) {
            if (sources[j].joined || !is_same_run(sources[i].report, sources[j].report))
                continue;
            sources[j].joined = true;
            same[found++] = &sources[j];
        }
        if (!join(&ret->keep, ranks, whole, same, found))
            return problem_set(why, "out of memory");
        list[ret->set.count++] = whole;
    }
    ret->set.several = ret->set.several || ret->set.count > 1;
    return true;
}

void report_merge_free(struct merge *m)
{
    keep_free(&m->keep);
    *m = (struct merge){0};
}
