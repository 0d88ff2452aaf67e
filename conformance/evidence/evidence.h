/* The evidence folder: for each check that is broken, what happened and how to repeat it. */
#ifndef CONFORMANCE_EVIDENCE_EVIDENCE_H
#define CONFORMANCE_EVIDENCE_EVIDENCE_H

#include "harness/report/report.h"

/*
 * Makes `folder` and in it index.txt, which says what is what, and a folder per fail, warn and
 * error, named after the check: its transcript as text and as JSON, a capture of its connections,
 * what was sent, the sockets, what the target said, and the command and the program that repeat it
 * (docs/reports.md, "Evidence"). What an earlier run has left there for the same check is
 * overwritten or removed. Several targets have a folder each around them. False with the reason.
 */
bool evidence_write(const char *folder, const struct report_set *set, struct problem *why) MUST_USE;

#endif
