/* The exit statuses of the program, and how they follow from reports; docs/reports.md tells what
   each means. */
#ifndef HARNESS_REPORT_STATUS_H
#define HARNESS_REPORT_STATUS_H

#include "harness/report/report.h"

enum {
    STATUS_OK = 0,
    STATUS_FAIL = 1,
    STATUS_USAGE = 2,
    STATUS_NO_VERDICT = 3,
    STATUS_KIT = 4,
    STATUS_INTERRUPTED = 130,
};

/* The status of the run that the report is of. */
int report_status(const struct report *r);

/* The graver of two. */
int status_worse(int a, int b);

#endif
