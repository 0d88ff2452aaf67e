/* A run, or several in a row whose verdicts are compared. */
#ifndef CONFORMANCE_REPEAT_H
#define CONFORMANCE_REPEAT_H

#include "conformance/runner/run.h"

/*
 * A check whose waiver says that it is flaky, and which broke, is tried by itself until its waiver's
 * number of runs is full, and is waived where it broke in no more of them than that allows.
 *
 * Performs so many runs. *run is the last one; where a check's verdict differed between the runs it
 * gets the worst of them, and its reason begins with the counts. False with the reason where a run
 * could not even begin.
 */
bool repeat_perform(struct run *run, const struct run_options *options, unsigned times,
                    struct problem *why) MUST_USE;

#endif
