/*
 * A cursor over the octets of a message: XDR (RFC 4506), in the manner of reference/wire. The first
 * fault sticks, and everything after it is zero or empty. Faults can be planted (plant.h).
 */
#ifndef FUZZ_PLANTED_PLANT_TAKE_H
#define FUZZ_PLANTED_PLANT_TAKE_H

#include "harness/base/slice.h"

#define PLANT_NO_LIMIT UINT32_MAX

struct plant_take {
    const uint8_t *data;
    size_t size;
    size_t at;
    bool failed;
};

struct plant_take plant_take_of(struct slice octets);

uint32_t plant_take_u32(struct plant_take *t);
uint64_t plant_take_u64(struct plant_take *t);

/* A view of opaque<max> or string<max>; its padding has to be there, and is not looked at. */
struct slice plant_take_opaque(struct plant_take *t, uint32_t max);

/* Octets of zero that are due behind so many. */
uint32_t plant_padding(uint32_t len);

/* What is left. */
struct slice plant_take_rest(const struct plant_take *t);

/* A block of exactly these octets, also where there are none; NULL without memory. */
uint8_t *plant_copy(struct slice octets);

#endif
