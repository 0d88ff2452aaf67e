/*
 * A transport of libtirpc made of memory: one message in, its replies out, through all of its
 * dispatching (svc_getreq_common: header, credential, program, procedure, reply) and without a
 * system call. The handle is a server's own SVCXPRT; its six operations are as svc_vc does them.
 */
#ifndef FUZZ_TIRPC_MEMORY_H
#define FUZZ_TIRPC_MEMORY_H

#include <rpc/rpc.h>

#include "fuzz/case/case.h"

enum { MEMORY_REPLY_MAX = 9216, MEMORY_REPLIES_MAX = 2 };

struct memory {
    SVCXPRT *transport;
    uint8_t *wall; /* the message ends here, and so does what can be read */
    XDR in;
    uint32_t xid;
    bool taken;   /* the message was handed over */
    size_t count; /* replies, also those that were too many to be kept */
    size_t lengths[MEMORY_REPLIES_MAX];
    uint8_t replies[MEMORY_REPLIES_MAX][MEMORY_REPLY_MAX];
};

/* Once: registers the transport, and a program on it. Ends the process where that fails. */
void memory_open(struct memory *m, uint32_t prog, uint32_t vers,
                 void (*dispatch)(struct svc_req *request, SVCXPRT *transport));

/* One message of at most CASE_MAX octets through the library. Its replies are in *m until the next.
 */
void memory_call(struct memory *m, struct slice message);

struct slice memory_reply(const struct memory *m, size_t number);

#endif
