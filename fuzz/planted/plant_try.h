/*
 * Tries a fault: a case is run with it in a process of its own, and what the oracles say is
 * gathered, also where that process dies. Not for a process that has run cases itself.
 */
#ifndef FUZZ_PLANTED_PLANT_TRY_H
#define FUZZ_PLANTED_PLANT_TRY_H

#include "fuzz/planted/plant.h"

enum { PLANT_SAID_MAX = 16384 };

struct plant_tried {
    uint32_t oracles;              /* that found something: bits 1 << enum oracle */
    int64_t cpu_us;                /* of the process */
    char said[PLANT_SAID_MAX + 1]; /* the begin of what it wrote */
};

/* A fault, or PLANTS for none, and the octets of a case. False with errno where our machine cannot.
 */
bool plant_try(enum plant fault, struct slice octets, struct plant_tried *ret) MUST_USE;

/*
 * The oracles of which a run speaks that has written this: lines "oracle ID: ..." and the reports
 * of sanitizers, in which the signal of a process is a crash. Where none speaks and it `died`, it
 * has crashed.
 */
uint32_t plant_heard(const char *said, bool died);

/* Whether this program has a sanitizer, which some of the faults need to be found. */
bool plant_is_sanitized(void);

#endif
