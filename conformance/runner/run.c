/* A run from its first process to its last. */
#include "conformance/runner/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/base/file.h"
#include "harness/base/log.h"

enum {
    TURN_MS = 100, /* longest sleep of the loop: pipes of a target are looked at that often */
    CALIBRATION_LIMIT_MS = 180000,
    CALIBRATIONS_MAX = 3,
    ORPHANS_LIMIT_MS = 10000,
};

/* ---- signals ---- */

static int wake_pipe[2] = {-1, -1};
static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
    int error = errno;
    char octet = 0;

    if (signal != SIGCHLD)
        interrupted = 1;
    if (write(wake_pipe[1], &octet, 1) < 0) {
        /* The pipe is full: the loop is awake anyway. */
    }
    errno = error;
}

bool run_catch_signals(struct problem *why)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};
    static const int meant_for_others[] = {SIGUSR1, SIGUSR2, SIGALRM, SIGIO};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigset_t caught;

    sigemptyset(&caught);
    if (pipe2(wake_pipe, O_NONBLOCK | O_CLOEXEC) != 0)
        return problem_ours(why, "pipe: %s", strerror(errno));
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        struct sigaction before;

        sigaddset(&caught, signals[i]);
        /* What nohup or a shell's & has made us ignore stays ignored. */
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN &&
            signals[i] != SIGCHLD)
            continue;
        sigaction(signals[i], &action, NULL);
    }
    /* Whoever has started us may have kept them back until they are caught. */
    sigprocmask(SIG_UNBLOCK, &caught, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a report that is too large cannot be written, and that is told */
    /* What a killed check leaves running becomes our child, and is ended with the run. A target's
       helper that has lost its parent may tell it something by a signal, and that is us now. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (size_t i = 0; i < ARRAY_LEN(meant_for_others); i++)
        signal(meant_for_others[i], SIG_IGN);
    return true;
}

bool run_was_interrupted(void)
{
    return interrupted != 0;
}

void run_turn(struct run *run, int64_t deadline_us)
{
    struct pollfd fds[3] = {{.fd = wake_pipe[0], .events = POLLIN},
                            {.fd = run->process.pid ? run->process.out : -1, .events = POLLIN},
                            {.fd = run->process.pid ? run->process.err : -1, .events = POLLIN}};
    int64_t soon = deadline_in_ms(TURN_MS);
    char octets[64];

    poll(fds, ARRAY_LEN(fds), deadline_poll_ms(soon < deadline_us ? soon : deadline_us));
    while (read(wake_pipe[0], octets, sizeof(octets)) > 0)
        continue;
    if (run->process.pid)
        process_read(&run->process);
    if (run->options->progress) {
        size_t done = 0;
        const char *now = "calibrating";

        for (size_t i = 0; i < run->count; i++) {
            done += run->entries[i].state == ENTRY_DONE;
            if (run->entries[i].state == ENTRY_RUNNING)
                now = run->entries[i].check->id;
        }
        fprintf(stderr, "\r\033[K[%zu/%zu] %s", done, run->count, now);
        fflush(stderr);
    }
}

/* ---- opening ---- */

static bool make_folder(struct run *run, struct problem *why)
{
    const char *base = getenv("TMPDIR");

    /* Socket paths go in here, and have room for 107 octets. */
    if (!base || strlen(base) > 24)
        base = "/tmp";
    text_format(run->folder, sizeof(run->folder), "%s/assay-XXXXXX", base);
    if (mkdtemp(run->folder))
        return true;
    run->folder[0] = '\0';
    return problem_ours(why, "cannot make a folder in %s: %s", base, strerror(errno));
}

static bool choose_port(struct run *run, struct problem *why)
{
    struct endpoint *e = &run->target.endpoint;

    if (endpoint_is_unix(e) || e->port != 0)
        return true;
    e->port = net_free_port(e);
    run->chose_port = true;
    return e->port != 0 || problem_set(why, "no free port at %s", e->host);
}

static unsigned processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > RUN_JOBS_MAX ? RUN_JOBS_MAX : (unsigned)n;
}

static bool open_run(struct run *run, struct problem *why)
{
    const struct run_options *o = run->options;
    const struct check *selected[RUN_CHECKS_MAX];
    struct target *t = &run->target;

    t->endpoint = o->endpoint;
    t->client = o->client;
    t->relays = o->client_relays;
    t->exchange = o->exchange;
    t->command = o->spawn;
    t->pid = o->pid;
    t->patience_ms = o->patience_ms ? o->patience_ms : TARGET_PATIENCE_FLOOR_MS;
    run->jobs = o->jobs ? o->jobs : processors();
    if (!select_checks(&o->selection, &t->endpoint, selected, RUN_CHECKS_MAX, &run->count, why) ||
        (!o->client && !choose_port(run, why)) || !make_folder(run, why))
        return false;
    endpoint_format(&t->endpoint, t->url, sizeof(t->url));
    run->entries = calloc(run->count, sizeof(*run->entries));
    run->calibration = mmap(NULL, sizeof(*run->calibration), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!run->entries || run->calibration == MAP_FAILED) {
        run->calibration = NULL;
        return problem_ours(why, "out of memory");
    }
    for (size_t i = 0; i < run->count; i++) {
        run->entries[i].check = selected[i];
        run->entries[i].outcome = calloc(1, sizeof(*run->entries[i].outcome));
        if (!run->entries[i].outcome)
            return problem_ours(why, "out of memory");
        run->entries[i].outcome->guilty = -1;
    }
    return true;
}

/* Where a client is tried, the endpoint is ours. */
static bool resolve_place(struct run *run, struct problem *why)
{
    struct target *t = &run->target;
    size_t count = 0;

    t->loopback = true;
    return address_resolve(&t->endpoint, &t->address, 1, &count, why);
}

void run_fail(struct run *run, const char *why)
{
    run->trouble = true;
    if (run->ending[0] == '\0')
        text_format(run->ending, sizeof(run->ending), "our own machine fails us: %.400s", why);
}

/* ---- calibrating ---- */

static void calibrate_here(struct check_ctx *c, void *closure)
{
    calibrate(c, closure);
}

static struct entry *entry_with(struct run *run, unsigned flag)
{
    for (size_t i = 0; i < run->count; i++) {
        struct entry *e = &run->entries[i];

        if (e->check->flags & flag && e->state == ENTRY_WAITING &&
            !select_missing(e->check, &run->target))
            return e;
    }
    return NULL;
}

/* The target died in the calibration: the check that makes the claim of that stage says so. */
static void blame_stage(struct run *run, enum calibration_stage stage, const char *how)
{
    struct entry *e = entry_with(run, calibration_flag(stage));

    if (!e) {
        text_format(run->ending, sizeof(run->ending), "in the calibration %s", how);
        return;
    }
    text_format(e->death, sizeof(e->death), "in the calibration %.400s", how);
    e->last_words = run->process.complained;
    e->state = ENTRY_DONE;
    e->ran = true;
    keep_exhibit(run, e, &run->helper);
    if (e->exhibit)
        e->exhibit->gone = true;
}

static void died_in_calibration(struct run *run)
{
    struct calibration *cal = run->calibration;
    bool last = cal->stage == STAGE_DONE && cal->startled;
    enum calibration_stage stage = last ? STAGE_CREDENTIAL : cal->stage;
    char how[300];
    char end[128] = "is gone";

    if (run->options->spawn) {
        process_read(&run->process);
        process_end_text(&run->process, end, sizeof(end));
    }
    text_format(how, sizeof(how), "the target's process %s", end);
    run->target = cal->stage == STAGE_DONE ? cal->target : run->target;
    /* What calls an unknown procedure finds it again; where nothing does, nobody has asked. */
    if (stage != STAGE_CREDENTIAL || entry_with(run, calibration_flag(stage)))
        blame_stage(run, stage, how);
    if (!run->options->spawn) {
        text_format(run->ending, sizeof(run->ending), "%s; nothing more was run", how);
    } else if (stage == STAGE_LATENCY) {
        text_copy(run->ending, sizeof(run->ending),
                  "the target ends after one conversation; nothing more was run");
    } else if (supervise_restart(run)) {
        cal->stop_before = stage;
    }
}

/* The very first one that it let in was its end: nothing to start it for again. */
static bool died_of_first(struct run *run)
{
    char how[300];
    char end[128];

    if (!run->helper.outcome || run->helper.outcome->met == 0 || !process_ended(&run->process))
        return false;
    process_end_text(&run->process, end, sizeof(end));
    text_format(how, sizeof(how), "the target's process %s when it had let the first client in",
                end);
    blame_stage(run, STAGE_LATENCY, how);
    text_copy(run->ending, sizeof(run->ending),
              "the target ends with its first client; nothing "
              "more was run");
    return true;
}

/* It let one conversation in and then nobody any more. Perhaps it comes back. */
static void gone_in_calibration(struct run *run)
{
    run->target = run->calibration->target;
    if (supervise_alive(run, 0)) {
        run->target.pace_ms = 40;
        return;
    }
    blame_stage(run, STAGE_LATENCY, "the target served one conversation and then no other");
    text_copy(run->ending, sizeof(run->ending),
              "the target served one conversation and then no other; nothing more was run");
}

/* A wrong, late or missing first answer is the finding of the check that claims a right one. */
static void keep_finding(struct run *run)
{
    struct calibration *cal = run->calibration;
    struct entry *e = cal->has_finding ? entry_with(run, CHECK_BASE) : NULL;

    if (!e)
        return;
    *e->outcome = cal->finding;
    e->outcome->kind = cal->finding.kind == OUTCOME_TROUBLE ? OUTCOME_TROUBLE : OUTCOME_BROKEN;
    e->state = ENTRY_DONE;
    e->ran = true;
    keep_exhibit(run, e, &run->helper);
}

static void calibrate_run(struct run *run, struct calibration *cal)
{
    if (!cal)
        return;
    cal->stop_before = STAGE_DONE;
    for (unsigned i = 0; i < CALIBRATIONS_MAX; i++) {
        enum calibration_stage stop_before = cal->stop_before;

        memset(cal, 0, sizeof(*cal));
        cal->stop_before = stop_before;
        cal->fixed_patience = run->options->patience_ms != 0;
        bool ended = supervise_job(run, calibrate_here, cal, CALIBRATION_LIMIT_MS);
        if (run_was_interrupted() || run->ending[0])
            return;
        if (supervise_target_ended(run) && cal->stage != STAGE_REACH) {
            died_in_calibration(run);
        } else if (!ended || cal->stage != STAGE_DONE) {
            text_format(run->ending, sizeof(run->ending), "the calibration failed: %.300s",
                        run->helper.outcome ? run->helper.outcome->reason : "it ended early");
            run->trouble = !run->helper.killed;
        } else if (cal->gone) {
            gone_in_calibration(run);
        } else {
            run->target = cal->target;
            break;
        }
        if (run->ending[0])
            return;
    }
    run->unreached = !cal->reached;
    if (run->unreached)
        text_copy(run->ending, sizeof(run->ending), cal->unreachable);
    else
        keep_finding(run);
}

/* A client is tried alone first, with a server that answers. What breaks there is the finding of
   the check that claims that it works. */
static void rehearse(struct run *run)
{
    const struct outcome *o;

    run->target.answers =
        supervise_job(run, run->options->rehearse, run->options->client, CALIBRATION_LIMIT_MS);
    o = run->helper.outcome;
    if (run_was_interrupted() || run->ending[0])
        return;
    run->target.answers = run->target.answers && o->kind == OUTCOME_HELD;
    text_copy(run->facts, sizeof(run->facts), run->target.answers ? o->reason : "");
    struct entry *e = o->kind == OUTCOME_BROKEN ? entry_with(run, CHECK_BASE) : NULL;
    if (e) {
        *e->outcome = *o;
        e->state = ENTRY_DONE;
        e->ran = true;
        keep_exhibit(run, e, &run->helper);
    } else if (o->kind == OUTCOME_TROUBLE && !o->asked_for && !run->helper.killed) {
        run_fail(run, o->reason);
    } else if (!run->target.answers) {
        text_format(run->ending, sizeof(run->ending),
                    "the client could not be tried with an honest server: %.400s", o->reason);
    }
}

/* ---- what applies ---- */

static const char *why_not(const struct run *run, const struct check *check)
{
    const struct target *t = &run->target;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): open_run gave each entry its check */
    unsigned flags = check->flags;

    if (!t->answers && !(flags & (CHECK_BASE | CHECK_UNANSWERED)))
        return t->client ? "the client does not work with an honest server, see client.honest.works"
                         : "the target gives no right answer, see the check that says so";
    if (flags & CHECK_REMOTE_FLOOD && !t->loopback && !run->options->allow_remote)
        return "floods, and the target is not on this machine; --allow-remote lets it";
    return select_missing(check, t);
}

static void drop_what_does_not_apply(struct run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        struct entry *e = &run->entries[i];

        if (e->state != ENTRY_WAITING)
            continue;
        e->missing = why_not(run, e->check);
        if (e->missing)
            e->state = ENTRY_DONE;
    }
}

/* A target that was started and cannot be reached may still be looked at from inside. */
static void run_unreached(struct run *run)
{
    char ending[sizeof(run->ending)];

    if (supervise_target_ended(run))
        return;
    text_copy(ending, sizeof(ending), run->ending);
    run->ending[0] = '\0';
    for (size_t i = 0; i < run->count; i++) {
        struct entry *e = &run->entries[i];

        if (!(e->check->flags & CHECK_UNREACHED) || select_missing(e->check, &run->target))
            e->state = ENTRY_DONE;
    }
    run->jobs = 1;
    schedule(run);
    text_copy(run->ending, sizeof(run->ending), ending);
}

static void choose_jobs(struct run *run)
{
    bool serial = run->target.width < TARGET_WIDTH_MAX || run->calibration->confused;

    if (serial || !run->target.answers || run->target.pace_ms)
        run->jobs = 1;
    calibration_facts(run->calibration, run->jobs, run->facts, sizeof(run->facts));
}

/* ---- closing ---- */

/* Starts the target where that is asked for, and finds out about it. */
static void reach(struct run *run)
{
    struct problem failed;
    bool there = !run->options->spawn || supervise_start(run, &failed);
    if (!there && died_of_first(run)) {
        run->unreached = false;
    } else if (!there && failed.ours) {
        run_fail(run, failed.text);
    } else if (!there) {
        run->unreached = !run->trouble;
        text_copy(run->ending, sizeof(run->ending), failed.text);
    } else {
        calibrate_run(run, run->calibration);
    }
}

bool run_perform(struct run *run, const struct run_options *options, struct problem *why)
{
    memset(run, 0, sizeof(*run));
    run->options = options;
    run->began_us = deadline_now_us();
    run->started = time(NULL);
    if (!open_run(run, why) || (options->client && !resolve_place(run, why))) {
        file_remove_folder(run->folder);
        return false;
    }
    if (options->client) {
        rehearse(run);
    } else {
        reach(run);
    }
    if (run->unreached) {
        run_unreached(run);
    } else if (run->ending[0] == '\0' && !run_was_interrupted()) {
        drop_what_does_not_apply(run);
        if (!options->client)
            choose_jobs(run);
        schedule(run);
    }
    run->interrupted = run_was_interrupted();
    if (run->interrupted)
        text_copy(run->ending, sizeof(run->ending), "interrupted; the rest was not run");
    if (options->spawn)
        supervise_stop(run);
    /* What a check that was killed has left behind is our child by now. */
    if (!process_end_orphans(deadline_in_ms(ORPHANS_LIMIT_MS)))
        log_error("processes that the run has started cannot be ended; some of them still run");
    file_remove_folder(run->folder);
    if (options->progress)
        fprintf(stderr, "\r\033[K");
    judge(run);
    return true;
}

void run_free(struct run *run)
{
    for (size_t i = 0; i < run->count && run->entries; i++) {
        free(run->entries[i].outcome);
        free(run->entries[i].events);
        free(run->entries[i].reproduce);
        exhibit_free(run->entries[i].exhibit);
    }
    for (size_t i = 0; i < run->stale_count; i++)
        free(run->stale[i]);
    free(run->stale);
    free(run->stale_of);
    for (unsigned slot = 0; slot < RUN_JOBS_MAX; slot++)
        job_free(&run->slots[slot]);
    job_free(&run->helper);
    free(run->entries);
    free(run->report_checks);
    free(run->origin);
    if (run->calibration)
        munmap(run->calibration, sizeof(*run->calibration));
    *run = (struct run){0};
}
