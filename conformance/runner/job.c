/* Forked work with a hard limit. */
#include "conformance/runner/job.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/runner/witness.h"
#include "harness/base/deadline.h"

_Noreturn static void work_here(struct job *job, const struct job_setting *setting, job_work *work,
                                void *closure)
{
    struct check_ctx *c = calloc(1, sizeof(*c));

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* The runner decides what an interrupt ends, also where it came to the whole group. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    if (!c)
        _exit(EXIT_FAILURE);
    check_open(c, setting->check, setting->target, job->outcome, setting->seed);
    c->expectations = setting->expectations;
    c->expectation_count = setting->expectation_count;
    c->record = setting->record;
    c->tape = job->tape;
    text_copy(c->folder, sizeof(c->folder), setting->folder);
    witness_begin(c);
    unsigned long starvings = buf_starvings();
    work(c, closure);
    if (buf_starvings() != starvings) {
        /* What was sent, heard or compared since may have been less than it should. */
        c->outcome->kind = OUTCOME_TROUBLE;
        text_copy(c->outcome->reason, sizeof(c->outcome->reason), "out of memory");
    }
    check_close_all(c);
    _exit(EXIT_SUCCESS);
}

bool job_start(struct job *job, const struct job_setting *setting, job_work *work, void *closure,
               struct problem *why)
{
    struct outcome *outcome = job->outcome ? job->outcome : outcome_new();
    struct tape *tape = job->tape || !setting->tapes ? job->tape : tape_new();

    *job = (struct job){
        .outcome = outcome, .tape = tape, .deadline_us = deadline_in_ms(setting->limit_ms)};
    if (!outcome || (setting->tapes && !tape))
        return problem_ours(why, "out of memory");
    outcome_reset(outcome);
    if (tape)
        tape_reset(tape);
    pid_t pid = fork();
    if (pid < 0)
        return problem_ours(why, "fork: %s", strerror(errno));
    if (pid == 0)
        work_here(job, setting, work, closure);
    job->pid = pid;
    return true;
}

/* What the process left open is settled here: it died, or was killed, before it came to an end. */
static void settle(struct job *job)
{
    struct outcome *o = job->outcome;

    outcome_restore_limits(o);
    if (o->kind != OUTCOME_OPEN)
        return;
    o->kind = OUTCOME_TROUBLE;
    if (job->killed)
        text_copy(o->reason, sizeof(o->reason), "the check did not end within its limit");
    else if (WIFSIGNALED(job->status))
        text_format(o->reason, sizeof(o->reason), "the check's process died of signal %d (%s)",
                    WTERMSIG(job->status), strsignal(WTERMSIG(job->status)));
    else
        text_format(o->reason, sizeof(o->reason), "the check's process ended with status %d",
                    WEXITSTATUS(job->status));
}

bool job_ended(struct job *job)
{
    if (job->pid == 0)
        return true;
    pid_t changed = waitpid(job->pid, &job->status, WNOHANG | WUNTRACED);
    if (changed == job->pid && WIFSTOPPED(job->status)) {
        /* A client knows its parent, and may stop it: the check would hang until its limit. */
        kill(job->pid, SIGCONT);
    } else if (changed == job->pid) {
        job->pid = 0;
        job->ended = true;
        settle(job);
        return true;
    }
    if (deadline_passed(job->deadline_us)) {
        job->killed = true;
        job_kill(job);
        return true;
    }
    return false;
}

void job_kill(struct job *job)
{
    if (job->pid == 0)
        return;
    process_kill_tree(job->pid);
    while (waitpid(job->pid, &job->status, 0) < 0 && errno == EINTR)
        continue;
    job->pid = 0;
    job->ended = true;
    settle(job);
}

void job_free(struct job *job)
{
    job_kill(job);
    outcome_free(job->outcome);
    tape_free(job->tape);
    job->outcome = NULL;
    job->tape = NULL;
}
