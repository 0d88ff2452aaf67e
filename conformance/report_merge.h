/*
 * Joins reports that were read back. Those of one run in parts (the same target as it was asked
 * for, exchange, seed and version) become one report: its checks in the order of the registry, each
 * once. What stands in several parts with different verdicts counts by the worst, and its reason
 * begins with the counts. Others stay apart, as targets of their own.
 */
#ifndef CONFORMANCE_REPORT_MERGE_H
#define CONFORMANCE_REPORT_MERGE_H

#include "harness/report/report_read.h"

struct merge {
    struct report_set set;
    struct keep keep;
};

/* A file that was read, and what it is called. */
struct merge_part {
    const char *name;
    struct report_read read;
};

/* Borrows from the parts; what differs between them is logged. False with the reason. report_merge_
   free in any case. */
bool report_merge(const struct merge_part *parts, size_t count, struct merge *ret,
                  struct problem *why) MUST_USE;
void report_merge_free(struct merge *m);

#endif
