/*
 * What checks are worth, measured (worth.def): how many twins each is made to catch, and how long
 * it takes on a correct target. For runs that have less time than all checks take.
 */
#ifndef CONFORMANCE_RUNNER_WORTH_H
#define CONFORMANCE_RUNNER_WORTH_H

#include "conformance/runner/check.h"

struct worth {
    const char *id;
    unsigned twins;
    unsigned ms;
};

/* The row of a check; one that was never measured catches nothing and takes a millisecond. */
struct worth worth_of(const char *id);

/*
 * Keeps those checks that catch the most twins per second, as many as fit into so many milliseconds
 * one after the other, in the order they had. At least one is kept. What calibration takes comes on
 * top.
 */
void worth_keep(const struct check **checks, size_t *count, int64_t budget_ms);

#endif
