/* Several runs in a row: do the verdicts stay the same? */
#include "conformance/repeat.h"

#include <stdlib.h>

#include "harness/base/log.h"

struct history {
    unsigned counts[VERDICTS];
    enum verdict worst;
    char reason[1024]; /* of the worst */
    char expected[512];
    char actual[1024];
    struct event *events; /* a copy */
    size_t event_count;
    size_t events_dropped;
    int guilty;
    struct exhibit *exhibit; /* taken from the entry */
};

static void remember(struct history *h, const struct report_check *c, struct entry *e)
{
    bool first = true;

    for (size_t v = 0; v < VERDICTS; v++)
        first = first && h->counts[v] == 0;
    h->counts[c->verdict]++;
    if (!first && !verdict_is_worse(c->verdict, h->worst))
        return;
    h->worst = c->verdict;
    text_copy(h->reason, sizeof(h->reason), c->reason);
    text_copy(h->expected, sizeof(h->expected), c->expected);
    text_copy(h->actual, sizeof(h->actual), c->actual);
    free(h->events);
    h->events = c->event_count ? malloc(c->event_count * sizeof(*h->events)) : NULL;
    h->event_count = h->events ? c->event_count : 0;
    for (size_t i = 0; i < h->event_count; i++)
        h->events[i] = c->events[i];
    h->events_dropped = c->events_dropped;
    h->guilty = c->guilty;
    exhibit_free(h->exhibit);
    h->exhibit = e->exhibit;
    e->exhibit = NULL;
}

/* What the report says of the last run becomes what all of them say. */
static void apply(struct history *h, unsigned runs, struct entry *e)
{
    struct buf text;
    const char *gap = "";

    if (h->counts[h->worst] == runs)
        return;
    exhibit_free(e->exhibit);
    e->exhibit = h->exhibit;
    h->exhibit = NULL;
    buf_init(&text, sizeof(e->reason));
    buf_printf(&text, "%u runs:", runs);
    for (size_t v = 0; v < VERDICTS; v++) {
        if (h->counts[v] > 0) {
            buf_printf(&text, "%s %u %s", gap, h->counts[v], verdict_name((enum verdict)v));
            gap = ",";
        }
    }
    text_format(e->reason, sizeof(e->reason), "%s; %.700s", buf_text(&text), h->reason);
    text_copy(e->expected, sizeof(e->expected), h->expected);
    text_copy(e->actual, sizeof(e->actual), h->actual);
    /* Where what was seen stands in place of the reason, the runs are told there, too. */
    if (h->actual[0])
        text_format(e->actual, sizeof(e->actual), "%.800s (%s)", h->actual, buf_text(&text));
    e->verdict = h->worst;
    free(e->events);
    e->events = h->events;
    e->event_count = h->event_count;
    e->events_dropped = h->events_dropped;
    e->guilty = h->guilty;
    h->events = NULL;
    buf_free(&text);
}

/* How often it breaks in so many runs of this check alone. A run that has not decided it, as one in
   which the target did not start, counts as none, and ends the trials. */
static unsigned try_alone(const struct run_options *options, const struct entry *e, unsigned runs,
                          unsigned *ret_done)
{
    struct run_options alone = *options;
    struct run *run = calloc(1, sizeof(*run));
    unsigned broken = 0;
    struct problem why;

    alone.selection = (struct selection){
        .only = {e->check->id}, .only_count = 1, .client = options->selection.client};
    for (*ret_done = 0; run && *ret_done < runs && !run_was_interrupted(); (*ret_done)++) {
        bool ok = run_perform(run, &alone, &why);
        enum verdict verdict = ok && run->count == 1 ? run->entries[0].verdict : VERDICT_SKIP;

        run_free(run);
        if (verdict == VERDICT_SKIP || (verdict == VERDICT_ERROR && verdict != e->waiver->verdict))
            break;
        broken += verdict == e->waiver->verdict;
    }
    free(run);
    return broken;
}

static void judge_flaky(struct entry *e, const struct run_options *options, unsigned broken,
                        unsigned runs)
{
    const struct waiver *w = e->waiver;
    unsigned done = 0;
    char reason[sizeof(e->reason)];

    if (runs < w->flaky_runs)
        broken += try_alone(options, e, w->flaky_runs - runs, &done);
    runs += done;
    e->too_flaky = (uint64_t)broken * w->flaky_runs > (uint64_t)w->flaky_most * runs;
    text_format(reason, sizeof(reason), "broke in %u of %u runs, %u of %u are allowed: %.900s",
                broken, runs, w->flaky_most, w->flaky_runs, e->reason);
    text_copy(e->reason, sizeof(e->reason), reason);
    if (!e->too_flaky)
        return;
    text_format(reason, sizeof(reason), "%.800s (broke in %u of %u runs, %u of %u are allowed)",
                e->actual, broken, runs, w->flaky_most, w->flaky_runs);
    text_copy(e->actual, sizeof(e->actual), reason);
}

/* True where one was judged by more than the run at hand. */
static bool judge_all_flaky(struct run *run, const struct history *all, unsigned runs)
{
    bool any = false;

    for (size_t i = 0; i < run->count && !run_was_interrupted(); i++) {
        struct entry *e = &run->entries[i];

        if (!e->waiver || !e->waiver->flaky_runs)
            continue;
        judge_flaky(e, run->options, all[i].counts[e->waiver->verdict],
                    runs - all[i].counts[VERDICT_SKIP]);
        any = true;
    }
    return any;
}

/* The exhibit of the run that is reported, where that is the one that was remembered. */
static void give_back(struct history *h, struct entry *e)
{
    if (e->exhibit)
        return;
    e->exhibit = h->exhibit;
    h->exhibit = NULL;
}

bool repeat_perform(struct run *run, const struct run_options *options, unsigned times,
                    struct problem *why)
{
    struct history *all = calloc(RUN_CHECKS_MAX, sizeof(*all));
    unsigned done = 0;
    bool ok = true;

    if (!all)
        return problem_ours(why, "out of memory");
    while (ok && done < times) {
        if (done > 0)
            run_free(run);
        ok = run_perform(run, options, why);
        for (size_t i = 0; ok && i < run->report.count; i++)
            remember(&all[i], &run->report.checks[i], &run->entries[i]);
        done++;
        if (times > 1 && ok)
            log_note("run %u of %u: status %d", done, times, run_status(run));
        if (run_was_interrupted() || (ok && run->ending[0]))
            break; /* the rest would tell less than this one */
    }
    for (size_t i = 0; ok && done > 1 && i < run->count; i++)
        apply(&all[i], done, &run->entries[i]);
    for (size_t i = 0; ok && i < run->count; i++)
        give_back(&all[i], &run->entries[i]);
    if (ok && done > 1)
        judge_again(run);
    if (ok && judge_all_flaky(run, all, done))
        judge_again(run);
    for (size_t i = 0; i < RUN_CHECKS_MAX; i++) {
        free(all[i].events);
        exhibit_free(all[i].exhibit);
    }
    free(all);
    return ok;
}
