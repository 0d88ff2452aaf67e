/*
 * Input that ends at an unreadable page: a parser that reads one octet too far dies of it, with and
 * without a sanitizer. One guard serves many inputs, one after the other.
 */
#ifndef TESTS_GUARD_H
#define TESTS_GUARD_H

#include "harness/base/slice.h"

struct guard {
    uint8_t *pages;
    size_t room; /* octets in front of the unreadable page */
};

/* Room for inputs of up to `room` octets; guard_close gives it back. */
void guard_open(struct guard *g, size_t room);
void guard_close(struct guard *g);

/* A copy of the octets whose end is the end of what can be read; valid until the next call. */
struct slice guard_put(struct guard *g, struct slice octets);

/* The same for a string: its NUL is the last octet that can be read. */
const char *guard_text(struct guard *g, struct slice octets);

/* Room for exactly len octets that a function under test may fill. */
uint8_t *guard_room(struct guard *g, size_t len);

#endif
