/*
 * What one case takes and leaves behind: memory, stack, descriptors, output. The allocator of the
 * whole process is metered (meter.c defines malloc and its kin), so libraries are, too.
 */
#ifndef FUZZ_ORACLE_METER_H
#define FUZZ_ORACLE_METER_H

#include "harness/base/base.h"

/* A request for more at once is refused: some would make the machine swap. */
enum { METER_ONE_MAX = 256 << 20 };

struct meter {
    size_t peak;     /* octets that were held at once, beyond those held at the begin */
    size_t request;  /* the largest single request, also one that was refused */
    size_t granted;  /* what meter_grant has allowed for */
    int64_t live;    /* octets held at the end beyond those at the begin */
    size_t stack;    /* octets of stack, as deep as the deepest allocation */
    int descriptors; /* by how much the lowest free descriptor has moved since meter_descriptors */
    size_t output;   /* octets that were written to stdout or stderr by way of stdio */
    char said[80];   /* the first of them */
};

/* Before the first case. Around each case standard streams go to the meter; our own messages are
   written to the descriptor. */
void meter_open(void);

/* What was written in this case so far, as meter.output. */
size_t meter_output(void);

/* Looks which descriptor is the lowest free one: from here on it is what meter_end compares with.
   Two system calls, which are too many for each case. */
void meter_descriptors(void);

/* Where a descriptor below that one is free, since a case has closed it: a new one in its place,
   which the caller closes. Else -1. */
int meter_fill_hole(void);

/* Around one case. */
void meter_begin(void);
void meter_end(struct meter *ret);

/* So much more may be held at once in this case: what a library needs that looks at the machine
   follows from that, and not from the case. The largest grant of a case counts. */
void meter_grant(size_t octets);

/* Between these nothing is metered: what the kit does for itself in the middle of a case. */
void meter_pause(void);
void meter_resume(void);

#endif
