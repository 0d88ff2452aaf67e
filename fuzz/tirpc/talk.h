/* A conversation with a service over memory, judged: what the targets of rpcgen's dispatchers do
   with a case. */
#ifndef FUZZ_TIRPC_TALK_H
#define FUZZ_TIRPC_TALK_H

#include "fuzz/oracle/model.h"
#include "fuzz/tirpc/memory.h"

/* Each call of the case until one that is withheld (gss.h), and a NULL call behind them. The
   rules must live as long as the process. */
void talk_over_memory(struct memory *memory, const struct model_rules *rules, struct slice input);

#endif
