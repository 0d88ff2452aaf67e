/* Several runs in a row: do the verdicts stay the same? */
#include "conformance/repeat.h"

#include <stdlib.h>

#include "harness/base/log.h"

/* From harmless to grave; which of two verdicts is kept. */
static const unsigned gravity[VERDICTS] = {
    [VERDICT_SKIP] = 0, [VERDICT_PASS] = 1,  [VERDICT_NOTE] = 2,
    [VERDICT_WARN] = 3, [VERDICT_ERROR] = 4, [VERDICT_FAIL] = 5,
};

struct history {
    unsigned counts[VERDICTS];
    enum verdict worst;
    char reason[1024]; /* of the worst */
    char expected[512];
    char actual[1024];
};

static void remember(struct history *h, const struct report_check *c)
{
    bool first = true;

    for (size_t v = 0; v < VERDICTS; v++)
        first = first && h->counts[v] == 0;
    h->counts[c->verdict]++;
    if (!first && gravity[c->verdict] <= gravity[h->worst])
        return;
    h->worst = c->verdict;
    text_copy(h->reason, sizeof(h->reason), c->reason);
    text_copy(h->expected, sizeof(h->expected), c->expected);
    text_copy(h->actual, sizeof(h->actual), c->actual);
}

static void apply(const struct history *h, unsigned runs, struct entry *e, struct report_check *c)
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
    c->verdict = e->verdict = h->worst;
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
        if (run_was_interrupted())
            break;
    }
    for (size_t i = 0; ok && i < run->report.count; i++)
        apply(&all[i], done, &run->entries[i], &run->report_checks[i]);
    free(all);
    return ok;
}
