/* What a twin is given to serve with. */
#ifndef REFERENCE_TWINS_RUN_H
#define REFERENCE_TWINS_RUN_H

#include "harness/net/net.h"

struct run {
    int listener;
    int stop; /* becomes readable when the twin is asked to end */
    struct slice prefix;
};

/* True once the twin was asked to end: for faults that would otherwise wait for ever. */
bool run_stopped(const struct run *run);

/* The end that many servers choose when a call fails: a line on standard error, and status 1. */
_Noreturn void run_die(const char *why);

#endif
