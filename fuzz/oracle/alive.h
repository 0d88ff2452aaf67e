/*
 * Whatever came before, a server answers a call of procedure 0: the call that each target of
 * MSGPROG makes behind its case, and what must come of it.
 */
#ifndef FUZZ_ORACLE_ALIVE_H
#define FUZZ_ORACLE_ALIVE_H

#include "harness/base/slice.h"

/* The call as a message, and as a record. */
struct slice alive_call(void);
struct slice alive_record(void);

/* The same call of another program; valid until the next one. */
struct slice alive_call_to(uint32_t prog, uint32_t vers);

/* Whether this is the answer. */
bool alive_is_answer(struct slice reply);

/* So many replies came, of which this is the first: it has to be one, and the answer. `where` is
   how it was called. */
void alive_judge(size_t replies, struct slice first, const char *where);

#endif
