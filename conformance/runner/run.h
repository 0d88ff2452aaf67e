/*
 * One run: the target started where asked, calibrated, tried by every selected check, and judged.
 * The runner itself is one process with one loop; everything that talks to the target happens in
 * jobs. A run always ends in a report, also when it is interrupted or the target is gone.
 */
#ifndef CONFORMANCE_RUNNER_RUN_H
#define CONFORMANCE_RUNNER_RUN_H

#include "conformance/runner/calibrate.h"
#include "conformance/runner/job.h"
#include "conformance/runner/select.h"
#include "conformance/runner/tape.h"
#include "conformance/runner/waive.h"
#include "harness/report/status.h"

/* How a run ends in which every check was skipped. */
#define RUN_NOTHING_APPLIED "no check applied to this target"

enum { RUN_EXPECTATIONS_MAX = 32, RUN_JOBS_MAX = 64, RUN_CHECKS_MAX = 1024 };

struct run_options {
    const char *program; /* how the user calls us */
    const char *url;     /* as the user wrote it */
    struct endpoint endpoint;
    const char *speak; /* as the user wrote it, or the default */
    const struct exchange *exchange;
    struct selection selection;
    unsigned jobs; /* 0: as many as there are processors */
    uint64_t seed;
    int64_t patience_ms;    /* 0: calibrated */
    const char *spawn;      /* or NULL */
    const char *ready;      /* what it writes once it serves; NULL: it is asked until it answers */
    int64_t start_limit_ms; /* how long that may take; 0: half a minute */
    pid_t pid;              /* or 0 */
    struct expectation expectations[RUN_EXPECTATIONS_MAX];
    size_t expectation_count;
    const struct waivers *waivers; /* or NULL */
    const char *record;            /* or NULL */
    bool exhibits;                 /* what broke is kept for the evidence */
    bool strict;
    bool allow_remote;
    bool progress; /* a line on standard error while it runs */

    /* Where a client is tried: `endpoint` is where we serve, and nobody is dialled. */
    struct client *client;      /* in memory that jobs share, or NULL */
    bool client_relays;         /* it passes octets on and knows no replies */
    job_work *rehearse;         /* fills what is to be known of it before anything is judged */
    const char *client_command; /* as the user wrote it: the target of the report */
    const char *client_options; /* what was said of it, as options of the command line */
};

enum entry_state { ENTRY_WAITING, ENTRY_RUNNING, ENTRY_DEFERRED, ENTRY_DONE };

/* One check in a run, and how it went. */
struct entry {
    const struct check *check;
    enum entry_state state;
    bool ran;
    struct outcome *outcome; /* a copy, once it ran */
    unsigned attempts;
    const char *missing;     /* why it does not apply, or NULL */
    char not_run[256];       /* why it was not tried, or "" */
    char death[512];         /* how the target died of it, or "" */
    struct tail last_words;  /* what the target said on standard error then */
    bool failed_beside;      /* broke side by side with others and held alone */
    bool fell_beside;        /* broke beside others when the target ended */
    bool away_beside;        /* it was turned away beside others */
    bool silent_beside;      /* ... because a reply was missing, not wrong */
    char beside[512];        /* how */
    struct exhibit *exhibit; /* what is kept of it where it broke, or NULL */
    unsigned round;          /* of those that were tried again together, the last it was in */
    int64_t duration_us;

    /* Filled by judge.c */
    enum verdict verdict;
    char reason[1024];
    char expected[512];
    char actual[1024];
    char *reproduce;
    const char *cites[CHECK_CITES_MAX];
    size_t cite_count;
    struct event *events;
    size_t event_count;
    size_t events_dropped;
    int guilty;
    const struct waiver *waiver; /* that covers the verdict, or NULL */
    bool too_flaky;              /* it broke in more runs than its waiver allows */
};

struct run {
    const struct run_options *options;
    struct target target;
    struct process process; /* the spawned target */
    struct calibration *calibration;
    struct entry *entries;
    size_t count;
    unsigned rounds;     /* in which some broke beside others and were tried again */
    unsigned jobs;       /* now */
    unsigned jobs_begun; /* ... and at first */
    struct job slots[RUN_JOBS_MAX];
    size_t slot_entry[RUN_JOBS_MAX];
    struct job helper; /* calibration and liveness */
    char folder[64];
    int64_t began_us;
    time_t started;
    unsigned restarts;
    bool chose_port;       /* the port of the target is one that we have chosen */
    size_t sanitizer_seen; /* of the target's standard error, how much was looked through */
    char ending[512];      /* why the run ended early, or "" */
    bool trouble;          /* ... and that was our own machine */
    bool unreached;        /* the target could not be reached or started at all */
    bool interrupted;
    char facts[256];

    /* Filled by judge.c */
    struct report report;
    char *origin; /* of the report; NULL: its target */
    struct report_check *report_checks;
    char **stale; /* waivers that are no longer needed */
    const struct waiver **stale_of;
    size_t stale_count;
};

/* Performs a run. False with the reason where our machine cannot even begin; run_free in any case.
 */
bool run_perform(struct run *run, const struct run_options *options, struct problem *why) MUST_USE;
void run_free(struct run *run);

/* A list of checks in words, for a line of limited length: the first few by name, and how many
   more there are. `nth` counts from 0; run_end_names closes the list. */
void run_put_name(struct buf *out, size_t nth, const struct check *check);
void run_end_names(struct buf *out, size_t count);

/* The exit status of the contract for this run. */
int run_status(const struct run *run);

/* Runs of several targets under the same waivers: a waiver that holds in one of them is needed, and
   no longer stale in the others. */
void judge_together(struct run *const *runs, size_t count);

/* Makes the signals that end a run known; run_perform sees them. To be called once. */
bool run_catch_signals(struct problem *why) MUST_USE;
bool run_was_interrupted(void);

/* ---- inside the runner ---- */

/* Our own machine does not let the run go on. */
void run_fail(struct run *run, const char *why);

/* Lets time pass until something happens or the deadline: a job ended, the target wrote or ended,
   a signal came. */
void run_turn(struct run *run, int64_t deadline_us);

/* schedule.c: tries every entry that applies. */
void schedule(struct run *run);

/* supervise.c: the spawned target. */
bool supervise_start(struct run *run, struct problem *why) MUST_USE;
bool supervise_restart(struct run *run);
void supervise_stop(struct run *run);

/* True where the target that was started, or the process of --pid, has ended. */
bool supervise_target_ended(struct run *run);

/* Runs one job on the helper slot to its end. False where it could not be started or the run was
   interrupted meanwhile. A target that ends meanwhile ends the job. */
bool supervise_job(struct run *run, job_work *work, void *closure, int64_t limit_ms);

/* Does the target serve? Tries until it does, or until recovery seems hopeless; behind work that
   took so long at least as long again, since it may have as much to clear away. */
bool supervise_alive(struct run *run, int64_t behind_ms);

/* A sanitizer's line in what the target has written since the last call. */
bool supervise_sanitizer(struct run *run, char *ret, size_t cap);

/* keep.c: takes an exhibit off the tape of the job (or none: NULL) and adds what is known of the
   target now. Where that fails there is none. */
void keep_exhibit(struct run *run, struct entry *e, const struct job *job);

/* judge.c: verdicts, and the report. */
void judge(struct run *run);

/* The waivers and the report once more, after the verdicts of the entries were changed. */
void judge_again(struct run *run);

#endif
