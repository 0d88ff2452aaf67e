/*
 * Running the targets of a gate: each in a process of its own, which writes its report to memory
 * that no path leads to. So one that hangs, or breaks even assay, leaves the others as they are,
 * and whatever ends a gate, no file of it stays.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/gate/gate.h"
#include "harness/base/deadline.h"
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/process/process.h"
#include "harness/process/procview.h"

enum {
    TURN_MS = 50,
    LEAVE_MS = 60000, /* to end in, and to report, once it is told to */
    ORPHANS_MS = 5000,
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
    /* Who starts us may ignore it, and then nobody could tell that a target has ended. */
    signal(SIGCHLD, SIG_DFL);
    signal(SIGXFSZ, SIG_IGN); /* what is too large cannot be written, and is told */
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

/* In the process of the target: as `assay check`, but that all it reports goes to our memory. A
   signal that comes before the run catches it is held, and ends the run then. */
_Noreturn static void run_here(struct gate_target *t, pid_t gate)
{
    struct run_command *c = &t->command.common;
    char name[GATE_NAME_MAX + 16];

    text_format(name, sizeof(name), "assay: %s", t->name);
    log_open(name); /* several may speak at a time */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setsid(); /* a terminal's Ctrl-C is ours to pass on */
    if (getppid() != gate || dup2(t->json, STDOUT_FILENO) < 0)
        _exit(STATUS_KIT);
    c->reports[0] = (struct wanted_report){.reporter = reporter_find("json")};
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
    t->status = r && room && ending ? status : STATUS_KIT;
    if (!r || !room || !ending)
        return;
    *r = (struct report){.target = t->name,
                         .origin = t->url,
                         .speak = t->command.common.run.speak,
                         .seed = t->command.common.run.seed,
                         .started = time(NULL),
                         .strict = t->command.common.run.strict,
                         .interrupted = status == STATUS_INTERRUPTED,
                         .trouble = status == STATUS_KIT,
                         .facts = "",
                         .ending = ending};
    room[0] = r;
    t->reports = room;
    t->report_count = 1;
}

static bool start(struct gate *g, struct gate_target *t)
{
    pid_t gate = getpid();
    sigset_t before;
    char text[128];

    t->began_us = deadline_now_us();
    t->json = memfd_create("assay-report", MFD_CLOEXEC);
    fflush(NULL);
    hold_signals(&before);
    t->pid = t->json < 0 ? -1 : fork();
    if (t->pid == 0)
        run_here(t, gate);
    text_format(text, sizeof(text), "cannot be started: %s", strerror(errno));
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (t->pid > 0)
        return true;
    if (t->json >= 0)
        close(t->json);
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
   is asked of them are told apart. Where its time was over it was we who ended it; where nobody has
   interrupted us, somebody else did. */
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
        } else if (r->interrupted && !interrupted) {
            r->ending = "the process that ran it was told to end, and not by the gate";
            r->interrupted = false;
            r->trouble = true;
        }
        if (!r->target || !r->origin || (t->over_time && !r->ending))
            return false;
        t->reports[t->report_count++] = r;
    }
    return t->reports != NULL;
}

static bool read_report(struct gate_target *t, struct problem *why)
{
    char path[32];

    text_format(path, sizeof(path), "/proc/self/fd/%d", t->json);
    return report_read_file(&t->read, path, why);
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
    struct stat json = {.st_size = 0};
    struct problem why;

    t->pid = 0;
    t->status = WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_KIT;
    if (t->status == STATUS_INTERRUPTED && (t->over_time || !interrupted))
        t->status = t->over_time ? STATUS_NO_VERDICT : STATUS_KIT;
    if (WIFSIGNALED(status)) {
        char text[128];

        text_format(text, sizeof(text), "the process that ran it died of signal %d (%s)",
                    WTERMSIG(status), strsignal(WTERMSIG(status)));
        report_nothing(g, t, STATUS_KIT, text);
    } else if (fstat(t->json, &json) == 0 && json.st_size > 0 && !read_report(t, &why)) {
        t->read = (struct report_read){0};
        report_nothing(g, t, STATUS_KIT, why.text);
    } else if (t->read.set.count == 0) {
        finish_untried(g, t);
    } else if (!take_reports(g, t)) {
        report_nothing(g, t, STATUS_KIT, "out of memory");
    }
    close(t->json);
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

/* One that is stopped, by its target for one, goes on before it ends. */
static void end(const struct gate_target *t)
{
    kill(t->pid, SIGTERM);
    kill(t->pid, SIGCONT);
}

/* True where it goes on. */
static bool look_at(struct gate *g, struct gate_target *t, int64_t leave_us)
{
    int64_t over_us = t->began_us + t->time_limit_ms * 1000;
    int status;

    if (waitpid(t->pid, &status, WNOHANG | WUNTRACED) == t->pid) {
        if (!WIFSTOPPED(status)) {
            finish(g, t, status);
            tell(g, t);
            return false;
        }
        kill(t->pid, SIGCONT);
    }
    if (t->time_limit_ms && !t->over_time && deadline_passed(over_us)) {
        t->over_time = true;
        log_error("%s: its time limit of %lld s is over", t->name,
                  (long long)(t->time_limit_ms / 1000));
        end(t);
    }
    bool late = t->over_time && deadline_passed(over_us + (int64_t)LEAVE_MS * 1000);
    if (late || (leave_us && deadline_passed(leave_us)))
        process_kill_tree(t->pid);
    return true;
}

/* Takes note of those that have ended, and ends those whose time is over; how many go on. */
static unsigned look_after(struct gate *g, int64_t leave_us)
{
    unsigned running = 0;

    for (size_t i = 0; i < g->count; i++) {
        if (g->targets[i].pid > 0)
            running += look_at(g, &g->targets[i], leave_us);
    }
    return running;
}

static void pass_on(const struct gate *g)
{
    for (size_t i = 0; i < g->count; i++) {
        if (g->targets[i].pid > 0)
            end(&g->targets[i]);
    }
}

unsigned gate_at_once(const struct gate *g)
{
    long n = g->at_once ? (long)g->at_once : sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : (unsigned)n;
}

static void run_all(struct gate *g)
{
    unsigned running = 0;
    int64_t leave_us = 0;
    size_t next = 0;

    do {
        while (!interrupted && running < gate_at_once(g) && next < g->count) {
            struct gate_target *t = &g->targets[next++];

            running += t->wanted && start(g, t);
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

/* What is left of a target whose process was killed becomes our child, and is ended by us; not
   where we have children already: a shell that became us has left its own. */
static bool take_orphans_in(void)
{
    pid_t tree[2];

    return procview_tree(getpid(), tree, ARRAY_LEN(tree)) < ARRAY_LEN(tree) &&
           prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

void gate_run(struct gate *g)
{
    bool takes_in = take_orphans_in();

    catch_signals();
    if (g->common.evidence && !file_make_folder(g->common.evidence))
        log_error("--evidence %s: %s", g->common.evidence, strerror(errno));
    run_all(g);
    if (takes_in && !process_end_orphans(deadline_in_ms(ORPHANS_MS)))
        log_note("processes that a target has left behind do not end");
    g->interrupted = interrupted;
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
