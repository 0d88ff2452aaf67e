/*
 * Memory that is given back all at once: what is read from a file or put together for a report
 * lives as long as its owner does. A keep of zeros is an empty one.
 */
#ifndef HARNESS_BASE_KEEP_H
#define HARNESS_BASE_KEEP_H

#include "harness/base/base.h"

struct keep_block;

struct keep {
    struct keep_block *blocks;
};

/* Room for so many, zeroed and fit for any type, also where the count is 0. NULL without memory. */
void *keep_room(struct keep *k, size_t count, size_t size) MUST_USE;

/* A copy of a text. NULL without memory. */
const char *keep_text(struct keep *k, const char *text) MUST_USE;

/* Gives all of it back; the keep is then empty. */
void keep_free(struct keep *k);

#endif
