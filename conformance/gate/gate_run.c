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

enum {
    TURN_MS = 50,
    LEAVE_MS = 60000, /* to end in, and to report, once it is told to */
    FOLDER_MAX = 128,
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal UNUSED)
{
    interrupted = 1;
}

static void catch_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};

    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        struct sigaction before;

        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN)
            continue;
        sigaction(signals[i], &action, NULL);
    }
}

/* ---- one target ---- */

/* In the process of the target: as `assay check`, but that all it reports goes to the file. */
_Noreturn static void run_here(struct gate_target *t)
{
    struct run_command *c = &t->command.common;
    char name[GATE_NAME_MAX + 16];

    text_format(name, sizeof(name), "assay: %s", t->name);
    log_open(name); /* several may speak at a time */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setsid(); /* a terminal's Ctrl-C is ours to pass on */
    c->reports[0] = (struct wanted_report){.reporter = reporter_find("json"), .path = t->json};
    c->report_count = 1;
    c->run.progress = false;
    _exit(run_command_perform(c));
}

static bool start(struct gate_target *t, const char *folder)
{
    text_format(t->json, sizeof(t->json), "%s/%s.json", folder, t->name);
    t->began_us = deadline_now_us();
    fflush(NULL);
    t->pid = fork();
    if (t->pid == 0)
        run_here(t);
    if (t->pid > 0)
        return true;
    log_error("%s: fork: %s", t->name, strerror(errno));
    t->pid = 0;
    t->status = STATUS_KIT;
    return false;
}

/* What stands in place of a report that nobody has written. */
static void report_nothing(struct gate *g, struct gate_target *t, const char *why)
{
    struct report *r = keep_room(&g->keep, 1, sizeof(*r));
    struct report **room = keep_room(&g->keep, 1, sizeof(struct report *));

    log_error("%s: %s", t->name, why);
    t->status = STATUS_KIT;
    if (!r || !room)
        return;
    *r = (struct report){.target = t->name,
                         .origin = t->url,
                         .speak = t->command.common.run.speak,
                         .seed = t->command.common.run.seed,
                         .started = time(NULL),
                         .trouble = true,
                         .ending = keep_text(&g->keep, why)};
    room[0] = r;
    t->reports = room;
    t->report_count = 1;
}

/* The reports of the target, under its name. Where its time was over it was we who ended it. */
static bool take_reports(struct gate *g, struct gate_target *t)
{
    const struct report_set *set = &t->read.set;

    t->reports = keep_room(&g->keep, set->count, sizeof(struct report *));
    for (size_t i = 0; t->reports && i < set->count; i++) {
        struct report *r = keep_room(&g->keep, 1, sizeof(*r));
        char text[GATE_NAME_MAX + ENDPOINT_TEXT_MAX + 8];

        if (!r)
            return false;
        *r = *set->reports[i];
        text_format(text, sizeof(text), "%s (%s)", t->name, r->target);
        r->target = keep_text(&g->keep, text);
        if (t->over_time) {
            text_format(text, sizeof(text), "its time limit of %lld s is over",
                        (long long)(t->time_limit_ms / 1000));
            r->ending = keep_text(&g->keep, text);
            r->interrupted = false;
        }
        if (!r->target)
            return false;
        t->reports[t->report_count++] = r;
    }
    return t->reports != NULL;
}

static void finish(struct gate *g, struct gate_target *t, int status)
{
    struct problem why;

    t->pid = 0;
    t->status = WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_KIT;
    if (WIFSIGNALED(status)) {
        char text[128];

        text_format(text, sizeof(text), "the process that ran it died of signal %d (%s)",
                    WTERMSIG(status), strsignal(WTERMSIG(status)));
        report_nothing(g, t, text);
    } else if (access(t->json, F_OK) != 0) {
        /* Nothing could be tried at all, and was told: as a program that rpcbind does not know. */
        report_nothing(g, t, "it could not be tried");
        t->status = WEXITSTATUS(status);
    } else if (!report_read_file(&t->read, t->json, &why)) {
        t->read = (struct report_read){0};
        report_nothing(g, t, why.text);
    } else if (!take_reports(g, t)) {
        report_nothing(g, t, "out of memory");
    }
    unlink(t->json);
    if (t->over_time && t->status == STATUS_INTERRUPTED)
        t->status = STATUS_NO_VERDICT;
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
        if (t->time_limit_ms && !t->over_time &&
            deadline_passed(t->began_us + t->time_limit_ms * 1000)) {
            t->over_time = true;
            log_error("%s: its time limit of %lld s is over", t->name,
                      (long long)(t->time_limit_ms / 1000));
            kill(t->pid, SIGTERM);
        }
        if (leave_us && deadline_passed(leave_us))
            kill(t->pid, SIGKILL);
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

            running += t->wanted && start(t, folder);
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

    text_format(folder, sizeof(folder), "%.100s/assay-XXXXXX", base && *base ? base : "/tmp");
    catch_signals();
    if (g->common.evidence && !file_make_folder(g->common.evidence))
        log_error("--evidence %s: %s", g->common.evidence, strerror(errno));
    if (!mkdtemp(folder)) {
        log_error("cannot make %s: %s", folder, strerror(errno));
        return;
    }
    run_all(g, folder);
    rmdir(folder);
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
