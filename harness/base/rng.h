/*
 * The one source of chance in the kit. A generator is seeded by a number, which every report
 * prints, and a label (a check's id), so that a check draws the same numbers whether it runs alone
 * or among others. The algorithm is xoshiro256** (Blackman, Vigna) behind a splitmix64 seeding.
 */
#ifndef HARNESS_BASE_RNG_H
#define HARNESS_BASE_RNG_H

#include "harness/base/base.h"

struct rng {
    uint64_t state[4];
};

void rng_seed(struct rng *r, uint64_t seed, const char *label);

uint64_t rng_next(struct rng *r);

/* A number below limit, each with the same chance; 0 where limit is 0. */
uint64_t rng_below(struct rng *r, uint64_t limit);

/* Fills len octets. */
void rng_fill(struct rng *r, void *data, size_t len);

#endif
