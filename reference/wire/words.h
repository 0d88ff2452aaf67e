/*
 * XDR as far as RPC messages and msg.x need it (RFC 4506): a reader that goes quiet after its first
 * failure, and writers that append to a buffer. Everything is a multiple of four octets.
 */
#ifndef REFERENCE_WIRE_WORDS_H
#define REFERENCE_WIRE_WORDS_H

#include "harness/base/buf.h"

/* Reads octets that somebody else owns. After a failure every read gives zeros and empty slices. */
struct words {
    struct slice all;
    size_t at; /* octets read so far */
    bool failed;
};

struct words words_of(struct slice octets);

/* An unsigned or signed 32-bit integer (RFC 4506 4.1, 4.2), enumerations and booleans alike. */
uint32_t words_u32(struct words *w);
int32_t words_i32(struct words *w);

/*
 * A counted opaque or string (RFC 4506 4.10, 4.11) of at most max octets. Fails where it is longer,
 * or where its octets or their padding are not there. The padding may be anything: it is never
 * looked at. The result points into the octets that are read.
 */
struct slice words_opaque(struct words *w, uint32_t max);

/* What has not been read; empty after a failure. */
struct slice words_rest(const struct words *w);

/* A counted opaque with its padding of zeros. */
void words_put_opaque(struct buf *out, struct slice octets);

/* How many octets of padding follow so many octets: 0 to 3 (RFC 4506 3). */
size_t words_padding(size_t len);

#endif
