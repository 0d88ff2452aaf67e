/*
 * The gate: what a project's CI runs. A file names several targets and what is expected of each
 * (docs/gate.md); every target is a run of its own, in a process of its own, and all that they
 * report is reported together.
 *
 * gate_file.c reads the file, gate_run.c runs its targets, gate_judge.c settles what depends on all
 * of them. What a target may be told is what `assay check` may be told: the keys are its options.
 */
#ifndef CONFORMANCE_GATE_GATE_H
#define CONFORMANCE_GATE_GATE_H

#include "conformance/check_command.h"
#include "conformance/runner/yaml.h"
#include "conformance/targets.h"
#include "harness/base/keep.h"
#include "harness/report/report_read.h"

enum { GATE_TARGETS_MAX = 64, GATE_PATH_MAX = 4096, GATE_NAME_MAX = 60 };

struct gate_target {
    const char *name;
    const yaml_node_t *at; /* where the file begins to tell of it */
    bool wanted;           /* --only names it, or nothing */
    const char *url;
    const char *spawn; /* the command with folder, environment and limits, or NULL */
    struct check_command command;
    struct exchange *exchange;
    struct waivers waivers;
    int64_t time_limit_ms; /* of its whole run; 0: none */
    char evidence[GATE_PATH_MAX];

    /* Filled by gate_run. */
    pid_t pid; /* of the process that runs it; 0: not now */
    int64_t began_us;
    bool over_time;           /* its limit has ended it */
    char json[GATE_PATH_MAX]; /* where that process reports */
    struct report_read read;
    struct report **reports; /* a copy of each, named after the target; kept by the gate */
    size_t report_count;
    int status; /* -1: not run */
};

struct gate {
    struct run_command common; /* first: reports, evidence and seed of all together */
    const char *path;
    struct yaml yaml; /* open as long as the gate: its texts are used where they lie */
    struct keep keep;
    struct gate_target *targets; /* GATE_TARGETS_MAX of them */
    size_t count;
    unsigned at_once; /* targets that run at a time; 0: as many as there are processors */
    bool open;        /* the file was read */
    bool interrupted; /* by a signal, while it ran */

    /* From the command line, for all targets. */
    const char *only[GATE_TARGETS_MAX]; /* names; none: all */
    size_t only_count;
    unsigned shard, shards;
    int64_t budget_ms; /* for the checks of all targets together; 0: none */
    bool strict;
    const char *before;        /* a JSON report to compare with, or NULL */
    const char *write_waivers; /* or NULL */
    unsigned repeat;           /* 0: as the file says */
};

/* Reads the file and settles what it says. False with FILE:LINE:COLUMN and what was expected there;
   gate_close in any case. */
bool gate_open(struct gate *g, const char *path, struct problem *why) MUST_USE;
void gate_close(struct gate *g);

/* How many targets run at a time. */
unsigned gate_at_once(const struct gate *g);

/* Tries the targets, some at a time. What goes wrong is logged, and is in the reports. */
void gate_run(struct gate *g);

/* What depends on all targets: which waivers are needed nowhere. Returns the exit status. */
int gate_judge(struct gate *g);

/* The reports of all targets that were tried; `room` has room for them. */
enum { GATE_REPORTS_MAX = GATE_TARGETS_MAX * NETPATH_PLACES_MAX };
struct report_set gate_reports(const struct gate *g, const struct report **room);

#endif
