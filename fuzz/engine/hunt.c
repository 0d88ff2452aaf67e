/* Runs of the engine. */
#include "fuzz/engine/hunt.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/planted/plant_try.h"
#include "harness/base/deadline.h"
#include "harness/process/process.h"

enum {
    STEP_MS = 20,
    COMMAND_MAX = 2 * PATH_MAX,
    CASE_OCTETS = 1024, /* the engine makes no longer ones: they are slower, and no better */
};

struct job {
    struct process process;
    struct hunt *hunt; /* NULL: there is none */
};

static uint64_t executions_of(const char *said)
{
    static const char key[] = "stat::number_of_executed_units: ";
    const char *at = strstr(said, key);
    uint64_t number = 0;
    char digits[24];

    if (!at)
        return 0;
    at += sizeof(key) - 1;
    text_format(digits, sizeof(digits), "%.*s", (int)strcspn(at, "\n"), at);
    return text_number(digits, 0, UINT64_MAX, &number) ? number : 0;
}

/* "exec env ASSAY_FUZZ_PLANT=... fuzz-planted ", for the shell. */
static void begin_command(struct buf *out, const char *fuzzer, enum plant fault)
{
    buf_printf(out, "exec env -u ASSAY_FUZZ_CANARY ASSAY_FUZZ_PLANT=%s ",
               fault == PLANTS ? "" : plant_row(fault)->name);
    text_shell_word(out, fuzzer);
}

static bool start(struct process *p, struct buf *command, struct problem *why)
{
    struct process_options options = {.command = buf_text(command), .umask = -1};
    bool ok = command->failed ? problem_ours(why, "no memory") : process_start(p, &options, why);

    buf_free(command);
    return ok;
}

static bool start_hunt(const struct hunting *h, struct job *j, struct problem *why)
{
    const struct hunt *hunt = j->hunt;
    struct buf command;

    buf_init(&command, COMMAND_MAX);
    begin_command(&command, h->fuzzer, hunt->fault);
    buf_printf(&command,
               " -seed=%u -runs=%llu -max_len=%d -print_final_stats=1 -verbosity=0"
               " -exact_artifact_path=/dev/null",
               hunt->seed, (unsigned long long)plant_row(hunt->fault)->executions, CASE_OCTETS);
    return start(&j->process, &command, why);
}

static void end_hunt(const struct hunting *h, struct job *j)
{
    struct process *p = &j->process;

    process_read(p);
    j->hunt->oracles = plant_heard(p->complained.text, !process_ended_well(p));
    j->hunt->executions = executions_of(p->complained.text);
    j->hunt->failed = j->hunt->executions == 0;
    process_stop(p, deadline_in_ms(0));
    if (h->after)
        h->after(h->into, j->hunt);
    j->hunt = NULL;
}

static void stop_all(struct job *jobs, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (jobs[i].hunt)
            process_stop(&jobs[i].process, deadline_in_ms(0));
    }
}

/* Starts what there is room for, and ends what has ended. Returns how many run. */
static unsigned turn(const struct hunting *h, struct job *jobs, struct hunt **next,
                     const struct hunt *end, struct problem *why)
{
    unsigned running = 0;

    for (unsigned i = 0; i < h->jobs; i++) {
        struct job *j = &jobs[i];

        if (!j->hunt && *next < end) {
            j->hunt = (*next)++;
            if (!start_hunt(h, j, why)) {
                j->hunt = NULL;
                return 0;
            }
        }
        if (j->hunt && process_wait(&j->process, deadline_in_ms(STEP_MS)))
            end_hunt(h, j);
        running += j->hunt != NULL;
    }
    return running;
}

bool hunt_all(const struct hunting *h, struct hunt *hunts, size_t count, struct problem *why)
{
    static struct job jobs[HUNT_JOBS_MAX];
    struct hunt *next = hunts;
    unsigned running = 0;

    why->text[0] = 0;
    do {
        running = turn(h, jobs, &next, hunts + count, why);
    } while ((running || next < hunts + count) && !why->text[0]);
    stop_all(jobs, h->jobs);
    return !why->text[0];
}

bool hunt_replay(const char *fuzzer, enum plant fault, const char *path, struct hunt *ret,
                 struct problem *why)
{
    static struct process p;
    struct buf command;

    *ret = (struct hunt){.fault = fault};
    buf_init(&command, COMMAND_MAX);
    begin_command(&command, fuzzer, fault);
    buf_put_str(&command, " -exact_artifact_path=/dev/null ");
    text_shell_word(&command, path);
    if (!start(&p, &command, why))
        return false;
    process_wait(&p, DEADLINE_NEVER);
    process_read(&p);
    ret->oracles = plant_heard(p.complained.text, !process_ended_well(&p));
    process_stop(&p, deadline_in_ms(0));
    return true;
}
