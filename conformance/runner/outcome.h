/*
 * What a check leaves behind: a page shared between the check's process and the runner, so that
 * nothing is lost when the check dies or is killed. The check writes; the runner reads when the
 * check's process has ended, and trusts no string in it to be longer than its field.
 */
#ifndef CONFORMANCE_RUNNER_OUTCOME_H
#define CONFORMANCE_RUNNER_OUTCOME_H

#include <sys/resource.h>
#include <sys/types.h>

#include "harness/report/report.h"

enum outcome_kind {
    OUTCOME_OPEN,    /* not settled */
    OUTCOME_HELD,    /* every expectation was met */
    OUTCOME_BROKEN,  /* the target broke the claim */
    OUTCOME_NOTED,   /* something was recorded that is not judged */
    OUTCOME_SKIPPED, /* a precondition is missing */
    OUTCOME_TROUBLE, /* our side could not */
};

enum { OUTCOME_HEAD = 40, OUTCOME_TAIL = 80, OUTCOME_TEXT_MAX = 480 };

/* A limit of a process of the target that the check has lowered, and the runner raises again should
   the check be killed before it does. */
struct lowered {
    pid_t pid;
    rlim_t before;
    rlim_t now;
};

enum { OUTCOME_LOWERED_MAX = 16 };

struct outcome {
    enum outcome_kind kind;
    bool turned_away; /* the target did not let a connection in, or ended it before any answer */
    bool silent;      /* what was due did not come; nothing wrong came */
    bool stalled;     /* ... and that was the answer to an honest request */
    bool asked_for;   /* trouble that lies in what the user asked for, not in our machine */
    unsigned met;     /* expectations that were met */
    char reason[OUTCOME_TEXT_MAX];
    char expected[OUTCOME_TEXT_MAX];
    char actual[OUTCOME_TEXT_MAX];
    int64_t duration_us;
    struct lowered lowered[OUTCOME_LOWERED_MAX]; /* RLIMIT_NOFILE */
    size_t lowered_count;
    int64_t guilty; /* number of the event that settled it, or -1 */
    size_t count;   /* events so far; the first and the last of them are kept */
    struct event events[OUTCOME_HEAD + OUTCOME_TAIL];
};

/* A page that parent and child share; NULL where there is no memory. outcome_free gives it back. */
struct outcome *outcome_new(void);
void outcome_free(struct outcome *o);
void outcome_reset(struct outcome *o);

/* Gives the limits back that the check has lowered. */
void outcome_restore_limits(struct outcome *o);

/* The place of the next event, cleared; the caller fills it. */
struct event *outcome_next(struct outcome *o);

/* Copies what is kept in order of time; returns how many (at most OUTCOME_HEAD + OUTCOME_TAIL),
   how many are missing in the middle, and where the guilty one is now, or -1. */
size_t outcome_events(const struct outcome *o, struct event *ret, size_t *ret_dropped,
                      int *ret_guilty);

#endif
