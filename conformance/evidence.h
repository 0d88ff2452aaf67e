/* The evidence folder: for each check that is broken, what happened and how to repeat it. */
#ifndef CONFORMANCE_EVIDENCE_H
#define CONFORMANCE_EVIDENCE_H

#include "harness/report/report.h"

/*
 * Makes `folder` and in it a folder per fail, warn and error, named after the check, with
 * transcript.txt (claim, clauses, expected, actual, every event with its octets in hexadecimal)
 * and again.sh (the command that repeats it). Several targets have a folder each around them. False
 * with the reason.
 */
bool evidence_write(const char *folder, const struct report_set *set, struct problem *why) MUST_USE;

#endif
