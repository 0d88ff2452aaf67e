/*
 * A hunt: the engine looks for a planted fault from an empty corpus, and tells after how many
 * executions which oracle has found it.
 */
#ifndef FUZZ_ENGINE_HUNT_H
#define FUZZ_ENGINE_HUNT_H

#include "fuzz/planted/plant.h"

enum { HUNT_SEEDS_MAX = 5, HUNT_JOBS_MAX = 32 };

/* What the engine has drawn from a seed. */
struct hunt {
    enum plant fault;
    unsigned seed;
    uint32_t oracles; /* that found something: bits 1 << enum oracle */
    uint64_t executions;
    bool failed; /* the engine did not say how many: it has not run */
};

struct hunting {
    const char *fuzzer; /* the path of fuzz-planted */
    unsigned jobs;
    /* Called after each, in the order in which they end; may be NULL. */
    void (*after)(void *into, const struct hunt *hunt);
    void *into;
};

/* All of them, which say fault and seed, several at a time. False with the reason where our machine
   cannot. */
bool hunt_all(const struct hunting *h, struct hunt *hunts, size_t count,
              struct problem *why) MUST_USE;

/* The fuzzer replays a case with a fault, or with none (PLANTS): what is found is in *ret. */
bool hunt_replay(const char *fuzzer, enum plant fault, const char *path, struct hunt *ret,
                 struct problem *why) MUST_USE;

#endif
