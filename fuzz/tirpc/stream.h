/*
 * A connection to the real svc_vc of libtirpc: a socketpair whose one end is ours. Everything that
 * a client sends lies there before the server reads the first octet, the end included, so whatever
 * it waits for will never come.
 *
 * read(2) and write(2) of the process pass through here: reads of a connection can be made to give
 * few octets at a time, and its writes never fill a socket that nobody empties.
 */
#ifndef FUZZ_TIRPC_STREAM_H
#define FUZZ_TIRPC_STREAM_H

#include <rpc/rpc.h>

#include "harness/base/slice.h"

enum { STREAM_OCTETS_MAX = 1 << 18, STREAM_REPLIES_MAX = 512 };

/* How a conversation is cut. Zeros are how a server of libtirpc does it. */
struct stream_cut {
    unsigned buffers; /* octets of the buffers of svc_vc, or 0: what it chooses */
    size_t read_max;  /* octets that a read gives at most, or 0: what is there */
};

/* What the server sent, taken apart. */
struct stream_replies {
    bool ended;  /* the server has closed the connection */
    bool broken; /* behind the last reply there are octets that are no record, or too many */
    size_t count;
    size_t used;
    size_t lengths[STREAM_REPLIES_MAX];
    uint8_t octets[STREAM_OCTETS_MAX];
};

/* Once: the program is registered, and a connection stays open for stream_alive. Ends the process
   where that fails. */
void stream_open(uint32_t prog, uint32_t vers,
                 void (*dispatch)(struct svc_req *request, SVCXPRT *transport));

/* One conversation over a connection of its own, which is over when it returns. */
void stream_talk(struct slice octets, const struct stream_cut *cut, struct stream_replies *ret);

/* One call over the connection that stays open; its replies. */
void stream_alive(struct slice call, struct stream_replies *ret);

#endif
