/*
 * One call of a client under test, and replies to it made by hand: what the checks client.rpc.*
 * stand on. A reply is a value of harness/rpc/onc.h, honest or wrong in one field, and goes out as
 * a record or as a datagram, as the transport asks.
 *
 * How a reply that is no answer is tried without waiting: it bears forged results, and the true
 * reply follows it. A client that refuses it ends with an error, one that ignores it goes on to
 * the true one, and one that takes it shows what was forged.
 *
 * A check may run the client several times, once for each row of a table: client_call_begin to
 * client_call_end is one run. The rules of conformance/client/client.h hold.
 */
#ifndef CONFORMANCE_CLIENT_CALL_H
#define CONFORMANCE_CLIENT_CALL_H

#include "conformance/client/client.h"
#include "harness/rpc/onc.h"

struct client_call {
    struct conn *conn;
    uint32_t xid;
    uint32_t proc;
    unsigned number;         /* of its text */
    struct onc_reply truth;  /* honest replies to it, with these results */
    struct onc_reply forged; /* ... and with others */
    struct buf results[2];   /* what they point into */
};

/* What is wrong with a reply, in words ("accept_stat 6"), and the number that makes it so. */
struct client_flaw {
    const char *what;
    uint32_t value;
};

/* A call that has come. The caller ends it with client_call_free. */
void client_call_of(struct check_ctx *c, struct conn *conn, const struct client_request *r,
                    struct client_call *ret);
void client_call_free(struct client_call *call);

/* Skips the check where nobody can tell forged results from true ones: as with a program that is
   not known, or a call of NULL. For every check that judges what the client shows. */
void client_call_must_differ(struct check_ctx *c, const struct client_call *call);

/* A run with so many texts, and its first call. The caller ends it with client_call_end, which ends
   the client, too; the last run of a check may as well end with it, by client_call_free. */
void client_call_begin(struct check_ctx *c, unsigned texts, struct client_call *ret);
void client_call_end(struct check_ctx *c, struct client_call *call);

/* Whether this row of a table may still be tried: the check is alive, and the rows before it took
   less than the run has patience. A table that is left early is told of in a remark. */
bool client_call_more(struct check_ctx *c, size_t row, size_t rows);

/* Answers nothing: for client_serve, where the reply was sent already, and must do. */
void client_ignore(struct check_ctx *c, struct conn *conn, const struct client_request *r,
                   void *closure);

/* Appends a message as the transport carries it. */
void client_call_put(const struct check_ctx *c, struct slice message, struct buf *out);

/* Sends the true reply behind what was sent before it, once a client that reads but once has read
   that. */
void client_call_say_truth(struct check_ctx *c, const struct client_call *call);

/* Sends a message, or a reply, to where the call came from. */
void client_call_say_message(struct check_ctx *c, const struct client_call *call,
                             struct slice message);
void client_call_say(struct check_ctx *c, const struct client_call *call,
                     const struct onc_reply *reply);

/* A message with another flaw in each run, made of the forged reply, and the true reply behind it:
   what the client shows is never what was forged. */
typedef void client_spoiler(const struct onc_reply *forged, uint32_t value, struct buf *message);
void client_call_try(struct check_ctx *c, const struct client_flaw *rows, size_t count,
                     client_spoiler *spoil);

/*
 * Says something again and again, `turns` times while patience lasts, until the client ends. Breaks
 * the claim where it still runs at the end of patience: no time-out of it has bounded the call.
 */
typedef void client_talker(struct check_ctx *c, const struct client_call *call, unsigned turn,
                           void *closure);
void client_call_keep_on(struct check_ctx *c, const struct client_call *call, unsigned turns,
                         client_talker *talk, void *closure);

#endif
