/*
 * Running the targets of a gate: each in a process of its own, which writes its report to a file of
 * ours. So one that hangs, or breaks even assay, leaves the others as they are.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/gate/gate.h"
#include "harness/base/deadline.h"
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/process/process.h"

enum {
    TURN_MS = 50,
    LEAVE_MS = 60000, /* to end in, and to report, once it is told to */
    ORPHANS_LIMIT_MS = 10000,
    BASE_MAX = 100,
    FOLDER_MAX = 128,
    ORIGIN_MAX = 16 << 20,
};

static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
static volatile sig_atomic_t interrupted;

static void on_signal(int signal UNUSED)
{
    interrupted = 1;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        struct sigaction before;

        if (sigaction(ends[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN)
            continue;
        sigaction(ends[i], &action, NULL);
    }
    /* Where it is ignored nobody learns how a child has ended. */
    signal(SIGCHLD, SIG_DFL);
    /* What a target's process leaves where it dies becomes our child, and is ended with us. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* Keeps the signals back. */
static void hold_signals(sigset_t *ret_before)
{
    sigset_t held;

    sigemptyset(&held);
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        sigaddset(&held, ends[i]);
    sigprocmask(SIG_BLOCK, &held, ret_before);
}

/* ---- one target ---- */

/* In the process of the target: as `assay check`, but that all it reports goes to the file. A
   signal that comes before the run catches it is held, and ends the run then. */
_Noreturn static void run_here(struct gate_target *t, pid_t gate)
{
    struct run_command *c = &t->command.common;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != gate)
        _exit(STATUS_INTERRUPTED);
    setsid(); /* a terminal's Ctrl-C is ours to pass on */
    c->reports[0] = (struct wanted_report){.reporter = reporter_find("json"), .path = t->json};
    c->report_count = 1;
    c->run.progress = false;
    _exit(run_command_perform(c));
}

/* What stands in place of a report that nobody has written. */
static void report_nothing(struct gate *g, struct gate_target *t, int status, const char *why)
{
    struct report *r = keep_room(&g->keep, 1, sizeof(*r));
    struct report **room = keep_room(&g->keep, 1, sizeof(struct report *));
    const char *ending = keep_text(&g->keep, why);

    log_error("%s: %s", t->name, why);
    t->report_count = 0;
    t->status = r && room && ending ? status : STATUS_KIT;
    if (!r || !room)
        return;
    *r = (struct report){.target = t->name,
                         .origin = t->name,
                         .speak = t->command.common.run.speak,
                         .seed = t->command.common.run.seed,
                         .started = time(NULL),
                         .strict = t->command.common.run.strict,
                         .interrupted = t->status == STATUS_INTERRUPTED,
                         .trouble = t->status == STATUS_KIT,
                         .facts = "",
                         .ending = ending};
    room[0] = r;
    t->reports = room;
    t->report_count = 1;
}

static bool start(struct gate *g, struct gate_target *t, const char *folder)
{
    pid_t gate = getpid();
    char text[128];
    sigset_t before;

    text_format(t->json, sizeof(t->json), "%s/%s.json", folder, t->name);
    t->began_us = deadline_now_us();
    fflush(NULL);
    hold_signals(&before);
    t->pid = fork();
    if (t->pid == 0)
        run_here(t, gate);
    text_format(text, sizeof(text), "fork: %s", strerror(errno));
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (t->pid > 0)
        return true;
    t->pid = 0;
    report_nothing(g, t, STATUS_KIT, text);
    return false;
}

static const char *told_limit(struct gate *g, const struct gate_target *t)
{
    char text[64];

    text_format(text, sizeof(text), "its time limit of %lld s is over",
                (long long)(t->time_limit_ms / 1000));
    return keep_text(&g->keep, text);
}

/* The reports of the target, under its name, by which two targets that differ in nothing but what
   is asked of them are told apart. Where its time was over it was we who ended it. */
static bool take_reports(struct gate *g, struct gate_target *t)
{
    const struct report_set *set = &t->read.set;

    t->reports = keep_room(&g->keep, set->count, sizeof(struct report *));
    for (size_t i = 0; t->reports && i < set->count; i++) {
        struct report *r = keep_room(&g->keep, 1, sizeof(*r));
        struct buf text;

        if (!r)
            return false;
        *r = *set->reports[i];
        buf_init(&text, ORIGIN_MAX);
        buf_printf(&text, "%s: %s", t->name, report_origin(r));
        r->origin = text.failed ? NULL : keep_text(&g->keep, buf_text(&text));
        buf_reset(&text);
        buf_printf(&text, "%s (%s)", t->name, r->target);
        r->target = text.failed ? NULL : keep_text(&g->keep, buf_text(&text));
        buf_free(&text);
        if (t->over_time) {
            r->ending = told_limit(g, t);
            r->interrupted = false;
        }
        if (!r->target || !r->origin || (t->over_time && !r->ending))
            return false;
        t->reports[t->report_count++] = r;
    }
    return t->reports != NULL;
}

/* It has ended and left no report, or one of nothing: a program that rpcbind does not know, or an
   end before its first check. Why is told on standard error. */
static void finish_untried(struct gate *g, struct gate_target *t)
{
    const char *limit = t->over_time ? told_limit(g, t) : NULL;

    report_nothing(g, t, t->status == STATUS_OK ? STATUS_NO_VERDICT : t->status,
                   limit ? limit : "it could not be tried");
}

static void finish(struct gate *g, struct gate_target *t, int status)
{
    struct problem why;

    t->pid = 0;
    t->status = WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_KIT;
    /* One that ended by itself in the same moment has said all it had to say. */
    t->over_time = t->over_time && t->status == STATUS_INTERRUPTED;
    if (t->over_time)
        t->status = STATUS_NO_VERDICT;
    if (WIFSIGNALED(status)) {
        char text[128];

        text_format(text, sizeof(text), "the process that ran it died of signal %d (%s)",
                    WTERMSIG(status), strsignal(WTERMSIG(status)));
        report_nothing(g, t, STATUS_KIT, text);
    } else if (access(t->json, F_OK) != 0) {
        finish_untried(g, t);
    } else if (!report_read_file(&t->read, t->json, &why)) {
        report_nothing(g, t, STATUS_KIT, why.text);
    } else if (t->read.set.count == 0) {
        finish_untried(g, t);
    } else if (!take_reports(g, t)) {
        report_nothing(g, t, STATUS_KIT, "out of memory");
    }
    unlink(t->json);
}

/* ---- all of them ---- */

static void tell(const struct gate *g, const struct gate_target *t)
{
    unsigned done = 0;
    unsigned all = 0;

    if (!isatty(STDERR_FILENO) || g->common.quiet)
        return;
    for (size_t i = 0; i < g->count; i++) {
        all += g->targets[i].wanted;
        done += g->targets[i].wanted && g->targets[i].status >= 0;
    }
    fprintf(stderr, "[%u/%u] %s: status %d, %.1f s\n", done, all, t->name, t->status,
            (double)(deadline_now_us() - t->began_us) / 1e6);
}

/* Ends it where its time is over: by a word first, which the run obeys and reports, and by force
   where that is of no use. */
static void watch_time(struct gate_target *t, int64_t leave_us)
{
    int64_t limit_us = t->began_us + t->time_limit_ms * 1000;

    if (t->time_limit_ms && !t->over_time && deadline_passed(limit_us)) {
        t->over_time = true;
        kill(t->pid, SIGTERM);
    }
    if ((leave_us && deadline_passed(leave_us)) ||
        (t->over_time && deadline_passed(limit_us + (int64_t)LEAVE_MS * 1000)))
        process_kill_tree(t->pid);
}

/* Takes note of those that have ended, and ends those whose time is over; how many go on. */
static unsigned look_after(struct gate *g, int64_t leave_us)
{
    unsigned running = 0;

    for (size_t i = 0; i < g->count; i++) {
        struct gate_target *t = &g->targets[i];
        int status;

        if (t->pid == 0)
            continue;
        if (waitpid(t->pid, &status, WNOHANG) == t->pid) {
            finish(g, t, status);
            tell(g, t);
            continue;
        }
        running++;
        watch_time(t, leave_us);
    }
    return running;
}

static void pass_on(const struct gate *g)
{
    for (size_t i = 0; i < g->count; i++) {
        if (g->targets[i].pid > 0)
            kill(g->targets[i].pid, SIGTERM);
    }
}

unsigned gate_at_once(const struct gate *g)
{
    long n = g->at_once ? (long)g->at_once : sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : (unsigned)n;
}

static void run_all(struct gate *g, const char *folder)
{
    unsigned running = 0;
    int64_t leave_us = 0;
    size_t next = 0;

    do {
        while (!interrupted && running < gate_at_once(g) && next < g->count) {
            struct gate_target *t = &g->targets[next++];

            running += t->wanted && start(g, t, folder);
        }
        if (interrupted && leave_us == 0) {
            pass_on(g);
            leave_us = deadline_in_ms(LEAVE_MS);
        }
        running = look_after(g, leave_us);
        if (running > 0)
            deadline_wait(deadline_in_ms(TURN_MS));
    } while (running > 0 || (!interrupted && next < g->count));
}

void gate_run(struct gate *g)
{
    const char *base = getenv("TMPDIR");
    char folder[FOLDER_MAX];
    struct problem why;

    if (!base || !*base || strlen(base) > BASE_MAX)
        base = "/tmp";
    text_format(folder, sizeof(folder), "%s/assay-XXXXXX", base);
    catch_signals();
    if (g->common.evidence && !file_make_folder(g->common.evidence))
        log_error("--evidence %s: %s", g->common.evidence, strerror(errno));
    if (!mkdtemp(folder)) {
        problem_ours(&why, "cannot make a folder in %s: %s", base, strerror(errno));
        for (size_t i = 0; i < g->count; i++) {
            if (g->targets[i].wanted)
                report_nothing(g, &g->targets[i], STATUS_KIT, why.text);
        }
        return;
    }
    run_all(g, folder);
    g->interrupted = interrupted;
    if (!process_end_orphans(deadline_in_ms(ORPHANS_LIMIT_MS)))
        log_error("processes that a target has left cannot be ended; some of them still run");
    file_remove_folder(folder);
}

struct report_set gate_reports(const struct gate *g, const struct report **room)
{
    struct report_set set = {.reports = room, .several = true};

    for (size_t i = 0; i < g->count; i++) {
        const struct gate_target *t = &g->targets[i];

        for (size_t k = 0; k < t->report_count && set.count < GATE_REPORTS_MAX; k++)
            room[set.count++] = t->reports[k];
    }
    return set;
}
