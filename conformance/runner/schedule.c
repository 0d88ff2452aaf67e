/* Which check runs when, and what a death of the target means for it. */
#include <string.h>

#include "conformance/runner/run.h"
#include "harness/base/deadline.h"

enum {
    CHECK_LIMIT_MS = 60000,
    PATIENCES_PER_CHECK = 6,
    ATTEMPTS_MAX = 3, /* where the target turned a check away and then served again */
    PACE_MS = 40,     /* connections are made no faster, once the target was seen to limit them */
};

static bool may_go_on(const struct run *run)
{
    return !run_was_interrupted() && run->ending[0] == '\0';
}

static int64_t limit_ms(const struct run *run)
{
    return CHECK_LIMIT_MS + PATIENCES_PER_CHECK * run->target.patience_ms;
}

static void run_check(struct check_ctx *c, void *closure UNUSED)
{
    check_run(c);
}

static bool start(struct run *run, size_t slot, size_t index)
{
    struct entry *e = &run->entries[index];
    struct job_setting setting = {.check = e->check,
                                  .target = &run->target,
                                  .seed = run->options->seed,
                                  .expectations = run->options->expectations,
                                  .expectation_count = run->options->expectation_count,
                                  .folder = run->folder,
                                  .record = run->options->record,
                                  .tapes = run->options->exhibits,
                                  .limit_ms = limit_ms(run)};
    struct problem why;

    if (!job_start(&run->slots[slot], &setting, run_check, NULL, &why)) {
        run_fail(run, why.text);
        return false;
    }
    run->slot_entry[slot] = index;
    e->state = ENTRY_RUNNING;
    e->attempts++;
    e->ran = true;
    return true;
}

static void collect(struct run *run, size_t slot, struct entry *e)
{
    *e->outcome = *run->slots[slot].outcome;
    e->duration_us = e->outcome->duration_us;
    e->state = ENTRY_DONE;
}

/* ---- one check alone ---- */

/* Whose tape the last attempt of the check is on; NULL where another check has used it since. */
static const struct job *job_of(const struct run *run, const struct entry *e)
{
    for (unsigned slot = 0; slot < RUN_JOBS_MAX; slot++) {
        if (run->slots[slot].tape && &run->entries[run->slot_entry[slot]] == e)
            return &run->slots[slot];
    }
    return NULL;
}

static void note_death(struct run *run, struct entry *e, const char *how)
{
    char sanitizer[300];

    text_copy(e->death, sizeof(e->death), how);
    if (run->options->spawn) {
        process_read(&run->process);
        if (process_sanitizer_line(run->process.complained.text, sanitizer, sizeof(sanitizer)))
            text_format(e->death, sizeof(e->death), "%.150s; %.300s", how, sanitizer);
        e->last_words = run->process.complained;
    }
    keep_exhibit(run, e, job_of(run, e));
    if (e->exhibit)
        e->exhibit->gone = true;
}

static void end_run(struct run *run, const struct entry *e)
{
    if (run->ending[0] == '\0')
        text_format(run->ending, sizeof(run->ending),
                    "the target no longer serves after %s; the rest was not run", e->check->id);
}

/* The target is gone, and this check did it. */
static void blame(struct run *run, struct entry *e)
{
    char how[300];
    char end[128];

    if (run->options->spawn && process_ended(&run->process)) {
        process_end_text(&run->process, end, sizeof(end));
        text_format(how, sizeof(how), "the target's process %s", end);
    } else if (supervise_target_ended(run)) {
        text_copy(how, sizeof(how), "the target's process is gone");
    } else {
        text_format(how, sizeof(how), "afterwards the target no longer serves: %.200s",
                    run->helper.outcome ? run->helper.outcome->actual : "");
    }
    note_death(run, e, how);
    if (run->options->spawn ? !supervise_restart(run) : true)
        end_run(run, e);
}

/* Whether the target has lived through it could not be seen, so nothing is said of it. */
static void leave_open(const struct run *run, struct entry *e)
{
    e->outcome->kind = OUTCOME_TROUBLE;
    text_copy(e->outcome->reason, sizeof(e->outcome->reason), run->ending);
}

static bool needs_look(const struct run *run, const struct entry *e)
{
    /* It was not there before this check either; or each check has a client of its own. */
    if (run->unreached || run->options->client)
        return false;
    return e->check->flags & CHECK_ALONE || e->outcome->kind == OUTCOME_BROKEN ||
           e->outcome->kind == OUTCOME_TROUBLE;
}

/* What a check of load has put on the target it may still be clearing away. */
static int64_t cleared_ms(const struct entry *e)
{
    return e->check->flags & CHECK_ON_REQUEST ? e->duration_us / 1000 : 0;
}

/* Runs the check to its end. False where the run was interrupted meanwhile. */
static bool run_alone_once(struct run *run, size_t index)
{
    struct entry *e = &run->entries[index];

    if (!start(run, 0, index))
        return false;
    while (!job_ended(&run->slots[0])) {
        if (run_was_interrupted()) {
            job_kill(&run->slots[0]);
            e->state = ENTRY_WAITING;
            e->ran = false;
            return false;
        }
        run_turn(run, run->slots[0].deadline_us);
    }
    collect(run, 0, e);
    return true;
}

static void try_alone(struct run *run, size_t index)
{
    struct entry *e = &run->entries[index];
    char sanitizer[300];

    while (may_go_on(run) && run_alone_once(run, index)) {
        bool away = e->outcome->kind == OUTCOME_BROKEN && e->outcome->turned_away;
        bool again = away && e->attempts < ATTEMPTS_MAX;

        bool gone =
            supervise_target_ended(run) ||
            (needs_look(run, e) && !supervise_alive(run, cleared_ms(e)) && !run_was_interrupted());
        if (run->trouble && !supervise_target_ended(run)) {
            leave_open(run, e);
            return;
        }
        if (gone) {
            blame(run, e);
            return;
        }
        if (supervise_sanitizer(run, sanitizer, sizeof(sanitizer)))
            text_copy(e->death, sizeof(e->death), sanitizer);
        if (!again)
            return;
        /* It was turned away, and now the target serves again: a limit of the target, which the
           checks about admission will name. This one is tried again, at a gentler pace. */
        run->target.pace_ms = PACE_MS;
        run->jobs = 1;
    }
}

static void run_alone(struct run *run, size_t index)
{
    struct entry *e = &run->entries[index];

    try_alone(run, index);
    bool bad = e->outcome->kind == OUTCOME_BROKEN || e->outcome->kind == OUTCOME_TROUBLE ||
               e->death[0] != '\0';
    if (bad && e->ran && !e->exhibit)
        keep_exhibit(run, e, job_of(run, e));
}

/* ---- several side by side ---- */

/* The next one that may run beside others; run->count where there is none. */
static size_t next_waiting(const struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        if (run->entries[i].state == ENTRY_WAITING && !(run->entries[i].check->flags & CHECK_ALONE))
            return i;
    }
    return run->count;
}

static unsigned running(const struct run *run)
{
    unsigned count = 0;

    for (unsigned slot = 0; slot < RUN_JOBS_MAX; slot++)
        count += run->slots[slot].pid != 0;
    return count;
}

static void fill_slots(struct run *run)
{
    for (unsigned slot = 0; slot < run->jobs; slot++) {
        size_t index = next_waiting(run);

        if (run->slots[slot].pid != 0)
            continue;
        if (index == run->count || !start(run, slot, index))
            return;
    }
}

/* A check that breaks beside others is not judged by that: it is tried again, alone. */
static void collect_beside(struct run *run, unsigned slot)
{
    struct entry *e = &run->entries[run->slot_entry[slot]];

    collect(run, slot, e);
    if (e->outcome->kind == OUTCOME_BROKEN || e->outcome->kind == OUTCOME_TROUBLE) {
        e->state = ENTRY_DEFERRED;
        e->silent_beside = e->outcome->silent;
        e->away_beside = e->outcome->turned_away;
        text_copy(e->beside, sizeof(e->beside), e->outcome->reason);
    }
}

/* The target died or complained while several ran: all of them are suspects and run again alone. */
static void defer_running(struct run *run, const char *how)
{
    for (unsigned slot = 0; slot < RUN_JOBS_MAX; slot++) {
        struct entry *e = &run->entries[run->slot_entry[slot]];

        if (run->slots[slot].pid == 0)
            continue;
        job_kill(&run->slots[slot]);
        e->state = ENTRY_DEFERRED;
        text_copy(e->beside, sizeof(e->beside), how);
    }
    for (size_t i = 0; i < run->count; i++)
        run->entries[i].fell_beside |= run->entries[i].state == ENTRY_DEFERRED;
}

static void look_after_target(struct run *run)
{
    char how[300] = "";
    char end[128];

    if (supervise_sanitizer(run, how, sizeof(how)) && !supervise_target_ended(run)) {
        defer_running(run, how);
        return;
    }
    if (!supervise_target_ended(run))
        return;
    if (run->options->spawn) {
        process_end_text(&run->process, end, sizeof(end));
        text_format(how, sizeof(how), "the target's process %s", end);
    } else {
        text_copy(how, sizeof(how), "the target's process is gone");
    }
    defer_running(run, how);
    if (!run->options->spawn)
        text_format(run->ending, sizeof(run->ending), "%s; the rest was not run", how);
    else if (!supervise_restart(run))
        return;
}

/* Something broke: before more is started, see whether the target is still there at all. */
static bool broke_lately(const struct run *run, unsigned slot)
{
    return run->entries[run->slot_entry[slot]].state == ENTRY_DEFERRED;
}

static void run_beside(struct run *run)
{
    while (may_go_on(run)) {
        if (run->jobs > 1)
            fill_slots(run);
        if (running(run) == 0)
            break;
        run_turn(run, deadline_in_ms(limit_ms(run)));
        for (unsigned slot = 0; slot < RUN_JOBS_MAX; slot++) {
            if (run->slots[slot].pid == 0 || !job_ended(&run->slots[slot]))
                continue;
            collect_beside(run, slot);
            if (broke_lately(run, slot))
                run->jobs = 1; /* no more beside each other until all is looked at alone */
        }
        look_after_target(run);
        if (run->jobs == 1 && running(run) == 0)
            break;
    }
    if (run_was_interrupted()) {
        for (unsigned slot = 0; slot < RUN_JOBS_MAX; slot++) {
            if (run->slots[slot].pid == 0)
                continue;
            job_kill(&run->slots[slot]);
            run->entries[run->slot_entry[slot]].state = ENTRY_WAITING;
            run->entries[run->slot_entry[slot]].ran = false;
        }
    }
}

/* ---- the whole ---- */

static struct entry *flips_entry(struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        if (run->entries[i].check->flags & CHECK_FLIPS)
            return &run->entries[i];
    }
    return NULL;
}

/* Without --spawn nobody can find out which of several suspects ended the target: none of them is
   accused, and the claim that side by side is like alone is the one that is broken. */
static void leave_suspects(struct run *run)
{
    struct entry *flips = flips_entry(run);
    struct buf names;
    size_t suspects = 0;

    buf_init(&names, sizeof(run->ending));
    for (size_t i = 0; i < run->count; i++) {
        struct entry *e = &run->entries[i];

        if (e->state != ENTRY_DEFERRED)
            continue;
        run_put_name(&names, suspects++, e->check);
        text_copy(e->not_run, sizeof(e->not_run),
                  "not decided: the target went while this ran beside others");
        e->state = ENTRY_DONE;
        e->ran = false;
    }
    run_end_names(&names, suspects);
    text_format(run->ending, sizeof(run->ending),
                "the target no longer serves; it went while %s ran; the rest was not run",
                buf_text(&names));
    if (flips) {
        text_format(flips->death, sizeof(flips->death), "the target went while %s ran side by side",
                    buf_text(&names));
        flips->state = ENTRY_DONE;
        flips->ran = true;
    }
    buf_free(&names);
}

/* Before those that broke beside others run again alone: is the target still there? */
static bool still_there(struct run *run)
{
    struct entry *suspect = NULL;
    unsigned suspects = 0;

    for (size_t i = 0; i < run->count; i++) {
        if (run->entries[i].state == ENTRY_DEFERRED) {
            suspect = &run->entries[i];
            suspects++;
        }
    }
    if (suspects == 0 || !may_go_on(run) || run->options->client || supervise_alive(run, 0))
        return true;
    if (run_was_interrupted() || run->trouble)
        return false;
    if (run->options->spawn)
        return supervise_restart(run);
    if (suspects > 1) {
        leave_suspects(run);
    } else {
        suspect->state = ENTRY_DONE;
        blame(run, suspect);
    }
    return false;
}

/* Where one of those that broke when the target ended ends it alone, too, the others fell with it
   and say nothing about being side by side. */
static void excuse_fallen(struct run *run)
{
    bool explained = false;

    for (size_t i = 0; i < run->count; i++)
        explained |= run->entries[i].fell_beside && run->entries[i].death[0] != '\0';
    for (size_t i = 0; i < run->count; i++) {
        struct entry *e = &run->entries[i];

        e->failed_beside = e->failed_beside && !(explained && e->fell_beside);
        e->fell_beside = false;
    }
}

/* Where one of those that broke together keeps an honest client waiting when it is alone, too, the
   others missed their replies because of it, and say nothing about being side by side. */
static void excuse_kept_waiting(struct run *run)
{
    bool stalls = false;

    for (size_t i = 0; i < run->count; i++) {
        const struct entry *e = &run->entries[i];

        stalls |=
            e->round == run->rounds && e->outcome->kind == OUTCOME_BROKEN && e->outcome->stalled;
    }
    for (size_t i = 0; i < run->count; i++) {
        struct entry *e = &run->entries[i];

        if (stalls && e->round == run->rounds && e->silent_beside)
            e->failed_beside = false;
    }
}

static void run_deferred(struct run *run)
{
    run->rounds++;
    for (size_t i = 0; i < run->count && may_go_on(run); i++) {
        struct entry *e = &run->entries[i];

        if (e->state != ENTRY_DEFERRED)
            continue;
        e->round = run->rounds;
        run_alone(run, i);
        /* Who was turned away has met a limit of the target; the checks about admission name it. */
        e->failed_beside = e->outcome->kind != OUTCOME_BROKEN && e->death[0] == '\0' &&
                           e->outcome->kind != OUTCOME_TROUBLE && !e->away_beside;
        if (e->away_beside)
            run->target.pace_ms = PACE_MS;
    }
    excuse_fallen(run);
    excuse_kept_waiting(run);
}

/* What broke beside others is judged by what it does alone, and it never got there. */
static void leave_undecided(struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        struct entry *e = &run->entries[i];

        if (e->state != ENTRY_DEFERRED)
            continue;
        e->ran = false;
        text_copy(
            e->not_run, sizeof(e->not_run),
            "not decided: it broke beside others, and the run ended before it was tried alone");
    }
}

static void run_rest(struct run *run, bool last)
{
    for (size_t i = 0; i < run->count && may_go_on(run); i++) {
        const struct entry *e = &run->entries[i];

        if (e->state == ENTRY_WAITING && last == ((e->check->flags & CHECK_FLIPS) != 0))
            run_alone(run, i);
    }
}

void schedule(struct run *run)
{
    unsigned jobs = run->jobs;

    run->jobs_begun = jobs;
    while (run->jobs > 1 && may_go_on(run) && next_waiting(run) < run->count) {
        run_beside(run);
        if (still_there(run))
            run_deferred(run);
        /* A target that let a check down only beside others goes on alone, and says so once. */
        for (size_t i = 0; i < run->count; i++)
            jobs = run->entries[i].failed_beside ? 1 : jobs;
        run->jobs = run->target.pace_ms ? 1 : jobs;
    }
    run_rest(run, false);
    run_rest(run, true);
    leave_undecided(run);
    /* Leave it as it was found: a target that shuts everybody out for a while is waited for. */
    if (may_go_on(run) && run->target.pace_ms)
        supervise_alive(run, 0);
}
