/*
 * The procedures of msg.x over a store. Their prototypes are rpcgen's (msg.h); this is what they
 * need besides.
 */
#ifndef REFERENCE_MSGPROG_SERVICE_H
#define REFERENCE_MSGPROG_SERVICE_H

#include <rpc/rpc.h>

#include "reference/store/store.h"

/* Where SAVEMSG and READMSG keep their messages; set once, before the first call. */
void service_use(struct store *store);

/* The dispatcher that rpcgen makes of msg.x, which its header does not declare. */
void msgprog_2(struct svc_req *request, SVCXPRT *transport);

#endif
