/*
 * An exchange is the request/reply protocol spoken to a target. It makes the request that carries
 * a number, and judges whether octets are the reply to it; with these two, one check serves every
 * protocol. What an exchange cannot do it says by its traits, and a check that needs a trait is
 * skipped where the exchange lacks it.
 *
 *   echo            the reply is the request (RFC 862)
 *   echo:PREFIX     the reply is PREFIX and the request: one prefix for each read() of a stream,
 *                   so that only lockstep has a determined answer; one for each datagram
 *   line            a line in, the same line back; the reply may end in LF or CR LF
 *   discard         everything is thrown away in silence (RFC 863)
 *   chargen         octets without end; to a datagram, one of some octets (RFC 864)
 *   daytime         one line, then the server closes; to a datagram, one with a line (RFC 867)
 *   rpc:PROG/VERS   the NULL call of an ONC RPC program (RFC 5531 12.1), its xid the number of the
 *                   request; record marked on a stream (RFC 5531 11), else a message as it is
 *   FILE            described in a file, see docs/exchange-files.md
 */
#ifndef HARNESS_EXCHANGE_EXCHANGE_H
#define HARNESS_EXCHANGE_EXCHANGE_H

#include "harness/base/text.h"

enum exchange_medium {
    EXCHANGE_OVER_STREAM,    /* octets in order, no borders */
    EXCHANGE_OVER_RECORDS,   /* a connection that keeps borders: SOCK_SEQPACKET */
    EXCHANGE_OVER_DATAGRAMS, /* no connection, borders kept */
};

enum exchange_trait {
    EXCHANGE_REPLIES = 1 << 0,    /* each request gets one reply */
    EXCHANGE_NUMBERED = 1 << 1,   /* a reply shows which request it answers */
    EXCHANGE_PIPELINES = 1 << 2,  /* further requests may follow before the reply has come */
    EXCHANGE_CUTS = 1 << 3,       /* a request may arrive in any pieces */
    EXCHANGE_PERSISTS = 1 << 4,   /* a connection serves any number of exchanges */
    EXCHANGE_PAYLOAD = 1 << 5,    /* requests carry octets of the caller's choice */
    EXCHANGE_BINARY = 1 << 6,     /* ... of any value (but see exchange_permits) */
    EXCHANGE_ECHO = 1 << 7,       /* the reply is the payload itself, as in RFC 862 */
    EXCHANGE_PREFIX = 1 << 8,     /* the reply is a prefix and the payload */
    EXCHANGE_IDEMPOTENT = 1 << 9, /* a request that is repeated does no harm */
    EXCHANGE_GREETS = 1 << 10,    /* the server replies without a request */
    EXCHANGE_SINK = 1 << 11,      /* never a reply: discard */
    EXCHANGE_SOURCE = 1 << 12,    /* replies without end: chargen */
    EXCHANGE_UNORDERED = 1 << 13, /* replies may come in any order: match by exchange_peek */
};

/* One request: its number and, with EXCHANGE_PAYLOAD, the octets that it carries. */
struct ask {
    uint32_t seq;
    struct slice body;
};

enum match {
    MATCH_MORE,   /* right so far, and not all there */
    MATCH_WHOLE,  /* the first *ret_used octets are the reply */
    MATCH_BROKEN, /* this can never become the reply */
};

/* Why octets are not the reply: at which offset, and what was due there. */
struct mismatch {
    size_t offset;
    char expected[200];
    char actual[200];
};

struct exchange;

/*
 * What `spec` names, as it is spoken over the medium. The caller closes it. False with the reason:
 * an unknown name, a file that cannot be read, or file:line:column and what is wrong there.
 */
bool exchange_open(const char *spec, enum exchange_medium medium, struct exchange **ret,
                   struct problem *why) MUST_USE;
void exchange_close(struct exchange *x);

enum exchange_medium exchange_medium(const struct exchange *x);
bool exchange_has(const struct exchange *x, unsigned traits);

/* The octets of echo:PREFIX; empty for others. */
struct slice exchange_prefix(const struct exchange *x);

/* Most octets a payload may have: 64 for a prefix echo on a stream, whose server may read more
   than that in two pieces; else a megabyte, or 65507 in a datagram. */
size_t exchange_body_max(const struct exchange *x);

/* False for an octet that a payload must not hold: the first of a prefix, an LF in a line. */
bool exchange_permits(const struct exchange *x, uint8_t octet);

/*
 * Appends a payload of so many octets that belongs to this number: it begins with the number and
 * goes on with a pattern of its own, so that no two numbers and no two offsets look alike. Empty
 * for an exchange without EXCHANGE_PAYLOAD.
 */
void exchange_body(const struct exchange *x, uint32_t seq, size_t size, struct buf *out);

/* Appends the request. */
void exchange_request(const struct exchange *x, const struct ask *ask, struct buf *out);

/*
 * Judges `in`, the octets that came since the last reply, as the reply to this request. `ended`
 * says that no more will come (end of file, or the border of a record or datagram). A null
 * `ret_why` is allowed.
 */
enum match exchange_match(const struct exchange *x, const struct ask *ask, struct slice in,
                          bool ended, size_t *ret_used, struct mismatch *ret_why);

/*
 * For an exchange with EXCHANGE_UNORDERED: the number of the request that the next reply in `in`
 * claims to answer. MATCH_WHOLE sets *ret_seq, and says nothing about the rest of the reply: that
 * is for exchange_match. MATCH_MORE where too little came, MATCH_BROKEN where no reply begins
 * there.
 */
enum match exchange_peek(const struct exchange *x, struct slice in, bool ended, uint32_t *ret_seq,
                         struct mismatch *ret_why);

/*
 * Appends in words what octets hold that were sent or heard in one piece; nothing where they are
 * no whole messages, or the exchange has no words for its own.
 */
void exchange_describe(const struct exchange *x, struct slice octets, struct buf *out);

#endif
