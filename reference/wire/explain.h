/*
 * RPC messages of MSGPROG for a person to read: one line per field with its offset, its octets, its
 * name and its meaning. What is cut short or unknown is told as such, never guessed.
 */
#ifndef REFERENCE_WIRE_EXPLAIN_H
#define REFERENCE_WIRE_EXPLAIN_H

#include "harness/base/buf.h"

/*
 * Appends the lines of one call or reply. On a stream the message has its record marks: one line
 * each, and the fragments are put together (RFC 5531 11). The results of a reply are those of
 * `procedure`, since a reply does not say what it answers. Returns the procedure of a call, and
 * `procedure` for a reply.
 */
uint32_t explain_message(struct buf *out, struct slice octets, bool stream, uint32_t procedure);

#endif
