/*
 * The procedures of pairs.x over memory, for the dispatcher that rpcgen makes, and what they
 * deserve. The first two are those of service.h, with its store.
 */
#ifndef FUZZ_TIRPC_STUB_H
#define FUZZ_TIRPC_STUB_H

#include "fuzz/oracle/model.h"
#include "fuzz/tirpc/service.h"

/* The dispatcher, which rpcgen's header does not declare. */
void pairprog_2(struct svc_req *request, SVCXPRT *transport);

/* Forgets all messages, and begins with the rules anew; before each case. */
void stub_reset(void);

/* Those of service.h, for the program of pairs.x; set by stub_reset. */
extern struct model_rules stub_rules;

/* Since stub_reset the model has met arguments of a procedure beyond READMSG that end in the
   middle or are refused there. */
bool stub_half_read(void);

#endif
