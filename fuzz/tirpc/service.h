/*
 * The procedures of msg.x over memory, for the dispatcher that rpcgen makes. They store what
 * reference/msgprog stores, but forget it at the end of each case.
 */
#ifndef FUZZ_TIRPC_SERVICE_H
#define FUZZ_TIRPC_SERVICE_H

#include <rpc/rpc.h>

#include "fuzz/oracle/model.h"

/* The dispatcher that rpcgen makes of msg.x, which its header does not declare. */
void msgprog_2(struct svc_req *request, SVCXPRT *transport);

/* Forgets all messages; before each case. */
void service_reset(void);

/* How libtirpc and the stubs differ from what RFC 5531 alone would make of MSGPROG. */
extern struct model_rules service_rules;

#endif
