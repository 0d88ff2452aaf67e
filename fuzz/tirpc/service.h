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

/*
 * Whether the message asks for RPCSEC_GSS. There libtirpc reads files, asks the nscd, and keeps
 * what Kerberos has allocated, once per process or each time: a case ends in front of it, unless
 * ASSAY_FUZZ_GSS is in the environment.
 */
bool service_shuns(struct slice message);

/* Forgets all messages. */
void service_reset(void);

/* How libtirpc and the stubs differ from what RFC 5531 alone would make of MSGPROG. */
extern const struct model_rules service_rules;

#endif
