/*
 * A case above the message level is what a client sends over TCP, or a server: records of one or
 * more fragments (RFC 5531 11), several per case. This takes them apart where no stream is there to
 * do it: for the targets in memory, for datagrams, and for people.
 *
 * The octets behind the last whole record are what is left when the connection ends. They are no
 * message.
 */
#ifndef FUZZ_CASE_CASE_H
#define FUZZ_CASE_CASE_H

#include "harness/base/buf.h"

enum { CASE_MAX = 1 << 16 }; /* octets of a case */

struct case_reader {
    struct slice octets;
    size_t at;
    uint8_t joined[CASE_MAX]; /* a message that came in more than one fragment */
};

/* Begins with the first record. The octets belong to the caller; at most CASE_MAX are looked at. */
void case_open(struct case_reader *r, struct slice octets);

/* The next whole message, valid until the next call; false behind the last. */
bool case_next(struct case_reader *r, struct slice *ret_message);

/* Where the first fragment of no octets stands that is not the last of its record, which RFC 5531
   11 allows and libtirpc does not; the length where there is none. */
size_t case_empty_fragment(struct slice octets);

/* Appends a message as one record of one fragment. */
void case_put(struct buf *out, struct slice message);

#endif
