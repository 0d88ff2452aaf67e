/* The exit statuses of the program; docs/reports.md tells what each means. */
#ifndef CONFORMANCE_RUNNER_STATUS_H
#define CONFORMANCE_RUNNER_STATUS_H

enum {
    STATUS_OK = 0,
    STATUS_FAIL = 1,
    STATUS_USAGE = 2,
    STATUS_NO_VERDICT = 3,
    STATUS_KIT = 4,
    STATUS_INTERRUPTED = 130,
};

#endif
