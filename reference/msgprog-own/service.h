/*
 * MSGPROG as a function from a message to its reply: no sockets, no state but the store. The order
 * in which a call is examined is RPC version, authentication, program, version, procedure,
 * arguments; the first that is wrong decides the answer, on every transport alike.
 */
#ifndef REFERENCE_MSGPROG_OWN_SERVICE_H
#define REFERENCE_MSGPROG_OWN_SERVICE_H

#include "reference/store/store.h"

/*
 * Appends the reply to one message, at most reply_max octets of it; a result that is longer is
 * answered with SYSTEM_ERR. False where the message gets no reply: it is no call, or its header
 * ends too soon to know what is asked. Then nothing was executed and out is unchanged.
 */
bool service_answer(struct store *store, struct slice message, size_t reply_max, struct buf *out);

#endif
