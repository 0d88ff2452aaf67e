/*
 * The real svc_dg of libtirpc on a Unix datagram socket, which delivers in order, at once, and all.
 * One handle serves all cases, as it serves all clients of a server; what an earlier datagram has
 * left in its buffer is washed out at the begin of each conversation.
 */
#ifndef FUZZ_TIRPC_DATAGRAM_H
#define FUZZ_TIRPC_DATAGRAM_H

#include <rpc/rpc.h>

#include "harness/base/slice.h"

enum { DATAGRAM_MAX = 9000, DATAGRAM_REPLIES_MAX = 2 };

struct datagram_replies {
    size_t count; /* also those that were too many to be kept */
    size_t lengths[DATAGRAM_REPLIES_MAX];
    uint8_t octets[DATAGRAM_REPLIES_MAX][DATAGRAM_MAX];
};

/* Once: the program is registered. Ends the process where that fails. */
void datagram_open(uint32_t prog, uint32_t vers,
                   void (*dispatch)(struct svc_req *request, SVCXPRT *transport));

/* Fills the buffer of the handle with this octet. */
void datagram_wash(uint8_t octet);

/* One datagram, of at most DATAGRAM_MAX octets, and what comes back. */
void datagram_call(struct slice message, struct datagram_replies *ret);

#endif
