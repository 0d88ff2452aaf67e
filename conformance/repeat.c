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
};

static void remember(struct history *h, const struct report_check *c)
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
}

/* What the report says of the last run becomes what all of them say. */
static void apply(struct history *h, unsigned runs, struct entry *e)
{
    struct buf text;
    const char *gap = "";

    if (h->counts[h->worst] == runs)
        return;
    buf_init(&text, sizeof(e->reason));
    buf_printf(&text, "%u runs:", runs);
    for (size_t v = 0; v < VERDICTS; v++) {
        if (h->counts[v] > 0) {
            buf_printf(&text, "%s %u %s", gap, h->counts[v], verdict_name((enum verdict)v));
            gap = ",";
        }
    }
    buf_printf(&text, "; %.700s", h->reason);
    text_copy(e->reason, sizeof(e->reason), buf_text(&text));
    text_copy(e->expected, sizeof(e->expected), h->expected);
    text_copy(e->actual, sizeof(e->actual), h->actual);
    e->verdict = h->worst;
    free(e->events);
    e->events = h->events;
    e->event_count = h->event_count;
    e->events_dropped = h->events_dropped;
    e->guilty = h->guilty;
    h->events = NULL;
    buf_free(&text);
}

bool repeat_perform(struct run *run, const struct run_options *options, unsigned times,
                    struct problem *why)
{
    struct history *all = calloc(RUN_CHECKS_MAX, sizeof(*all));
    unsigned done = 0;
    bool ok = true;

    if (!all)
        return problem_set(why, "out of memory");
    while (ok && done < times) {
        if (done > 0)
            run_free(run);
        ok = run_perform(run, options, why);
        for (size_t i = 0; ok && i < run->report.count; i++)
            remember(&all[i], &run->report.checks[i]);
        done++;
        if (times > 1 && ok)
            log_note("run %u of %u: status %d", done, times, run_status(run));
        if (run_was_interrupted() || (ok && run->ending[0]))
            break; /* the rest would tell less than this one */
    }
    for (size_t i = 0; ok && done > 1 && i < run->count; i++)
        apply(&all[i], done, &run->entries[i]);
    if (ok && done > 1)
        judge_again(run);
    for (size_t i = 0; i < RUN_CHECKS_MAX; i++)
        free(all[i].events);
    free(all);
    return ok;
}
