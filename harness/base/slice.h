/*
 * A slice is a view of octets that somebody else owns. It is passed by value, never freed, and is
 * valid as long as its owner does not change. An empty slice may have a null pointer; every
 * function here takes one.
 */
#ifndef HARNESS_BASE_SLICE_H
#define HARNESS_BASE_SLICE_H

#include "harness/base/base.h"

struct slice {
    const uint8_t *data;
    size_t len;
};

/* A view of len octets at data. */
struct slice slice_of(const void *data, size_t len);

/* A view of a string without its terminating NUL. */
struct slice slice_str(const char *text);

/* The part that starts at offset and has at most len octets; empty where offset is past the end. */
struct slice slice_sub(struct slice whole, size_t offset, size_t len);

/* The part that starts at offset; empty where offset is past the end. */
struct slice slice_from(struct slice whole, size_t offset);

/* True where both have the same length and the same octets. */
bool slice_eq(struct slice a, struct slice b);

/* How many leading octets a and b have in common. */
size_t slice_common(struct slice a, struct slice b);

/* Offset of the first occurrence of needle, or whole.len where there is none. */
size_t slice_find(struct slice whole, struct slice needle);

/* True where whole begins with prefix. */
bool slice_starts(struct slice whole, struct slice prefix);

#endif
