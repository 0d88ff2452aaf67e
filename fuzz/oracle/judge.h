/*
 * Judges a conversation of MSGPROG: calls that were sent, replies that came, in whatever order.
 * Every call has the answers that it may get from the reference model (model.h); each reply belongs
 * to the first call with its xid that has none yet and may have it. What is wrong is told as a
 * finding.
 */
#ifndef FUZZ_ORACLE_JUDGE_H
#define FUZZ_ORACLE_JUDGE_H

#include "fuzz/oracle/model.h"

enum { JUDGE_CALLS_MAX = 256 };

struct judge {
    struct model model;
    size_t count;
    size_t ended; /* calls that were there at the last end: no reply to them is missed again */
    struct expected calls[JUDGE_CALLS_MAX];
    bool answered[JUDGE_CALLS_MAX];
};

/* A new conversation. */
void judge_begin(struct judge *j, const struct model_rules *rules);

/* A call, in the order in which they are executed. False where there are too many: nobody may send
   it then. */
bool judge_call(struct judge *j, struct slice message);

/* A reply. */
void judge_reply(struct judge *j, struct slice message);

/* Whether a call that has to have a reply has none, of those since the last end. */
bool judge_owes(const struct judge *j);

/* No more will come for these calls. Where each call is answered before the next one is sent, this
   goes behind each: then a reply belongs to no other call that had the same xid. */
void judge_end(struct judge *j);

/* The same for a connection that the server may close at any message that is none: then nothing
   behind it was read. So the first call without a reply has to be one that may have none, and what
   is behind it is not asked for. */
void judge_end_closed(struct judge *j);

/* Whether a call with that xid has no reply yet. */
bool judge_awaits(const struct judge *j, uint32_t xid);

#endif
