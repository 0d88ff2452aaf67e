/*
 * The targets of one `assay check`: the one of the URL, or every transport that rpcbind knows for a
 * program (rpc://HOST/PROG/VERS). Each is a run of its own, one after the other; the reports and
 * the exit status are of all together.
 */
#ifndef CONFORMANCE_TARGETS_H
#define CONFORMANCE_TARGETS_H

#include "conformance/runner/run.h"
#include "harness/rpc/netpath.h"

enum { TARGETS_PATH_MAX = 4096 };

struct one_target {
    struct run_options options;
    char url[ENDPOINT_TEXT_MAX];
    char record[TARGETS_PATH_MAX];
    struct exchange *exchange; /* its own; NULL where the caller owns the one in options */
    struct run *run;           /* NULL: not tried */
};

struct targets {
    struct one_target list[NETPATH_PLACES_MAX];
    size_t count;
    bool several; /* the URL means any number of them */
};

/* Finds the targets that the options mean. False with the reason where there is none: status 3.
   What was left aside is logged. *ret was cleared; targets_close in any case. */
bool targets_open(struct targets *ret, const struct run_options *options,
                  struct problem *why) MUST_USE;
void targets_close(struct targets *t);

/* Runs each so many times. Returns the exit status; what goes wrong is logged, why a run ended
   early only with `tell_endings`. */
int targets_run(struct targets *t, unsigned times, bool tell_endings);

/* The reports of those that were tried; `room` has room for NETPATH_PLACES_MAX of them. */
struct report_set targets_reports(const struct targets *t, const struct report **room);

#endif
