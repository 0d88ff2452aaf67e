/* Valid values of a table, from nothing but chance. */
#ifndef FUZZ_MUTATE_MAKE_H
#define FUZZ_MUTATE_MAKE_H

#include "fuzz/mutate/mutate.h"
#include "harness/base/rng.h"

/* A number below limit, fast and almost fair; 0 where limit is 0. */
static inline uint32_t make_draw(struct rng *rng, uint32_t limit)
{
    return (uint32_t)(((rng_next(rng) >> 32) * limit) >> 32);
}

/* True once in so many times. */
static inline bool make_once_in(struct rng *rng, uint32_t times)
{
    return make_draw(rng, times) == 0;
}

/* Readable octets, or any. */
void make_octets(struct rng *rng, uint8_t *out, size_t len);

struct make_room {
    uint8_t *out;
    size_t len, max; /* used, and there at all */
};

/*
 * Appends a value of the table. `slots` holds what unions look at, and takes what the words of the
 * table say. False where there is no room: `len` then counts what fits.
 */
bool make_value(struct rng *rng, const struct mutate_table *table, uint32_t slots[MUTATE_SLOTS],
                struct make_room *room);

#endif
