/*
 * Jobs: work done in a forked process with a hard limit, so that what goes wrong there costs that
 * piece of work and nothing else. The job's outcome lies in a shared page and survives it.
 */
#ifndef CONFORMANCE_RUNNER_JOB_H
#define CONFORMANCE_RUNNER_JOB_H

#include "conformance/runner/check.h"

struct job {
    pid_t pid; /* 0: idle */
    struct outcome *outcome;
    struct tape *tape; /* or NULL: evidence is not wanted */
    int64_t deadline_us;
    bool ended;
    int status;  /* as waitpid(2) gives it */
    bool killed; /* by us, at its limit */
};

/* What a job does in its own process, on a fresh context. */
typedef void job_work(struct check_ctx *c, void *closure);

struct job_setting {
    const struct check *check;
    const struct target *target;
    uint64_t seed;
    const struct expectation *expectations;
    size_t expectation_count;
    const char *folder; /* of the run, for socket files */
    const char *record; /* or NULL */
    bool tapes;         /* what happens is kept for the evidence */
    int64_t limit_ms;
};

/* Starts the work. The job keeps its outcome page and its tape over many starts; job_free gives it
   back. False where our machine cannot. */
bool job_start(struct job *job, const struct job_setting *setting, job_work *work, void *closure,
               struct problem *why) MUST_USE;

/* Looks whether the job has ended, and ends it at its limit. True once it has ended; the outcome is
   then settled: an open one, left by a process that died, becomes trouble. */
bool job_ended(struct job *job);

/* Ends it now, with everything it has started. */
void job_kill(struct job *job);

void job_free(struct job *job);

#endif
