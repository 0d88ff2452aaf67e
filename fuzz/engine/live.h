/*
 * Sends a case to a server that is running, and judges it by the oracles of fuzz/oracle/judge.h.
 *
 * Nothing is decided by the clock. Behind the case goes a NULL call with an xid of its own, the
 * fence: whoever answers it has read the case. Over a stream our side is then closed and everything
 * is read to the end; a case that ends within a record has no room for a fence, so its end is that
 * of the connection. In datagrams each message has its fence, which is sent again as clients do.
 * Last, a NULL call over a new connection. Only where such a call is not answered for as long as
 * the patience says, that is a finding.
 *
 * Calls of one connection are taken to be executed in the order in which they came.
 */
#ifndef FUZZ_ENGINE_LIVE_H
#define FUZZ_ENGINE_LIVE_H

#include "harness/net/address.h"

struct live_options {
    struct endpoint at; /* of an RPC program */
    struct address to;  /* where that is */
    int64_t patience_ms;
};

/* By then live_talk has returned, whatever the server does. */
int64_t live_limit_ms(const struct live_options *options);

/* Whether these are no more records than are judged. */
bool live_takes(struct slice octets, struct problem *why);

/* Records of calls, which live_takes. What is wrong is told as findings; false with the reason
   where there could be no conversation. */
bool live_talk(const struct live_options *options, struct slice octets,
               struct problem *why) MUST_USE;

#endif
