/*
 * Calibration: what kind of target this is, found out before any check runs: whether it is there
 * and answers right, how fast, whether it serves connections side by side, pipelines, answers a
 * client that has half-closed, and wants a credential. It decides how much is asked and how long
 * silence lasts, never a verdict; but what goes wrong in it is not swallowed: a wrong or missing
 * first answer is kept as the finding of the check that makes that claim.
 */
#ifndef CONFORMANCE_RUNNER_CALIBRATE_H
#define CONFORMANCE_RUNNER_CALIBRATE_H

#include "conformance/runner/check.h"

enum calibration_stage {
    STAGE_REACH,
    STAGE_ANSWER,
    STAGE_LATENCY,
    STAGE_PIPELINE,
    STAGE_VOLUME,
    STAGE_WIDTH,
    STAGE_HALF_CLOSE,
    STAGE_CREDENTIAL,
    STAGE_DONE,
};

/* In shared memory: the calibration's process fills it, the runner reads it. */
struct calibration {
    enum calibration_stage stop_before; /* set by the runner: STAGE_DONE, or where it died before */
    bool fixed_patience;                /* set by the runner: the user's patience stays as it is */
    enum calibration_stage stage;       /* where it is, or where the target died */
    bool reached;
    char unreachable[OUTCOME_TEXT_MAX];
    bool gone;        /* it served one conversation and then no other */
    bool confused;    /* connections side by side got wrong answers: run one job only */
    bool has_finding; /* ... about the first exchange */
    struct outcome finding;
    struct target target; /* with the results */
};

/* Runs in a job. The patience in the target is the floor, or the user's. */
void calibrate(struct check_ctx *c, struct calibration *cal);

/* The check flag that stands for a stage, for a target that died there. */
unsigned calibration_flag(enum calibration_stage stage);

/* One line for the report. */
void calibration_facts(const struct calibration *cal, unsigned jobs, char *out, size_t cap);

#endif
