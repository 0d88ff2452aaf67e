/* One case under the oracles that need to know nothing of what is attacked. */
#include <stdlib.h>
#include <unistd.h>

#include "fuzz/oracle/finding.h"
#include "fuzz/oracle/meter.h"
#include "fuzz/oracle/watch.h"
#include "fuzz/target.h"

enum { RUNS_OF_A_LEAK = 3 };

static const struct fuzz_target *opened;
static bool wants_canary;

static void open_target(const struct fuzz_target *target)
{
    const char *wish = getenv("ASSAY_FUZZ_CANARY");

    wants_canary = wish && *wish;
    meter_open();
    watch_open();
    if (target->open)
        target->open();
    meter_descriptors();
    opened = target;
}

static void run(const struct fuzz_target *target, struct slice input, struct meter *ret)
{
    watch_begin();
    meter_begin();
    target->run(input);
    meter_end(ret);
    watch_end();
}

/* What stays behind once may be a cache that was filled. What stays behind each time is lost. */
static void judge_leak(const struct fuzz_target *target, struct slice input, struct meter *m)
{
    int64_t least = m->live;

    for (int i = 0; i < RUNS_OF_A_LEAK && least > 0; i++) {
        run(target, input, m);
        if (m->live < least)
            least = m->live;
    }
    if (least > 0)
        finding_tell(ORACLE_LEAK, "%lld octets stay behind each time", (long long)least);
}

/* An engine may have opened or closed a file between two cases, so the case is asked once more. One
   that has closed what is not its own finds something there to close again. */
static void judge_descriptors(const struct fuzz_target *target, struct slice input, struct meter *m)
{
    int filled = meter_fill_hole();

    meter_descriptors();
    run(target, input, m);
    if (m->descriptors)
        finding_tell(ORACLE_DESCRIPTORS, "the lowest free one moves by %d each time",
                     m->descriptors);
    if (filled >= 0)
        close(filled);
    meter_descriptors();
}

static void judge(const struct fuzz_target *target, struct slice input, struct meter *m)
{
    size_t memory = target->memory + input.len * target->memory_per_octet + m->granted;

    if (m->peak > memory || m->request > memory)
        finding_tell(ORACLE_MEMORY, "%zu octets of input, %zu at once, the largest request %zu",
                     input.len, m->peak, m->request);
    if (m->stack > target->stack)
        finding_tell(ORACLE_STACK, "%zu octets of input, %zu of stack", input.len, m->stack);
    if (m->output)
        finding_tell(ORACLE_OUTPUT, "%zu octets: %s", m->output, m->said);
    if (m->live > 0)
        judge_leak(target, input, m);
    if (m->descriptors)
        judge_descriptors(target, input, m);
}

void fuzz_one(const struct fuzz_target *target, struct slice input)
{
    struct meter m;

    if (opened != target)
        open_target(target);
    if (input.len > target->max)
        return;
    finding_about(NULL);
    finding_case();
    run(target, input, &m);
    judge(target, input, &m);
}

void fuzz_canary(void)
{
    if (wants_canary)
        finding_tell(ORACLE_CANARY, "%s", opened ? opened->name : "");
}
