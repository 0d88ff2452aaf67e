/*
 * Steps that speak ONC RPC with hand-made messages, for targets at rpc URLs. A check says a message
 * - honest or wrong in one field (harness/rpc/onc.h) - and judges what it brings about: replies
 * with its xid, an end of the connection, or nothing.
 *
 * Behind each message goes a fence: a NULL call with a fresh xid (procedure 0 of the target's
 * program). Where the fence is answered, no reply to the message is on its way any more on a
 * server that answers in turn; a server may answer in any order (RFC 5531 4), so where a reply is
 * still due it is waited for until patience ends. Over datagrams the fence is sent again as long as
 * it is unanswered; the message itself is not, unless `resend` is set.
 *
 * Octets that are no RPC reply, and replies with an xid that nobody asked with, settle the check as
 * broken wherever they turn up.
 */
#ifndef CONFORMANCE_RUNNER_CALLS_H
#define CONFORMANCE_RUNNER_CALLS_H

#include "conformance/runner/conn.h"
#include "harness/rpc/onc.h"
#include "harness/rpc/record.h"

/* What one message of ours brought about. A plain value; what it points into is kept by the context
   until replies to CHECK_KEPT further messages have come. */
struct heard {
    unsigned replies;       /* that bear its xid */
    struct onc_reply reply; /* the first of them, as far as it could be read */
    struct slice octets;    /* ... whole; what `reply` points into */
    bool sound;             /* it was read strictly to its end */
    char fault[240];        /* ... or what is wrong with it */
    bool fenced;            /* the NULL call behind it was answered */
    bool ended;             /* the connection was ended instead, by FIN */
    bool reset;             /* ... or by RST; on datagrams: nobody is there */

    /* For the judging functions. */
    uint32_t xid;
    struct conn *conn;
    unsigned number;  /* of the connection: its slot may be used again */
    size_t said;      /* the place of the message among conn->said */
    bool turned_away; /* the connection was over before anything was heard on it */
    bool waited;      /* for as long as patience lasts, and no reply came */
};

struct say_options {
    bool resend;          /* a datagram may be sent again: it is idempotent and must be answered */
    bool no_fence;        /* the message leaves the stream in no state for another: nothing is sent
                             behind it, and without `awaits` only what is there at once is heard */
    bool awaits;          /* a reply is due: after the fence it is waited for until patience ends */
    bool lingers;         /* a reply may come: after the fence it is waited for a little, see
                             check_linger */
    const size_t *pieces; /* stream: sizes of the fragments, see record_put_cut; or NULL */
    size_t piece_count;
};

/* A fresh xid of this check. */
uint32_t check_xid(struct check_ctx *c);

/* An honest call of the target's program and version, with a fresh xid, and the credential that the
   target wants: AUTH_NONE, or AUTH_SYS where it serves AUTH_NONE nothing but NULL. */
struct onc_call check_call_of(struct check_ctx *c, uint32_t proc);

/* Says the octets of one message, as a record or a datagram. `xid` is the one that replies to it
   would bear. *ret is cleared and filled. */
void check_say_octets(struct check_ctx *c, struct conn *conn, uint32_t xid, struct slice message,
                      const struct say_options *options, struct heard *ret);

/* The same for a message as a value. */
void check_say(struct check_ctx *c, struct conn *conn, const struct onc_call *call,
               const struct say_options *options, struct heard *ret);

/* Says octets of a stream as they are, record marks and all; then as check_say_octets. */
void check_say_stream(struct check_ctx *c, struct conn *conn, uint32_t xid, struct slice octets,
                      const struct say_options *options, struct heard *ret);

/*
 * The parts of check_say, for several messages at once. check_post sends the message, check_expect
 * only says that a message with this xid goes out by other means (octets of several records); both
 * fill *ret, and from then on replies with the xid belong to it. check_hear brings *h up to date:
 * it sends a fence, takes what comes until that is answered, and with `due` waits for a reply until
 * patience ends. check_look takes only what has come by now, for behind a fence elsewhere.
 */
void check_post(struct check_ctx *c, struct conn *conn, const struct onc_call *call,
                const struct say_options *options, struct heard *ret);
void check_expect(struct check_ctx *c, struct conn *conn, uint32_t xid, struct heard *ret);
void check_hear(struct check_ctx *c, struct heard *h, bool due);
void check_look(struct check_ctx *c, struct heard *h);

/* As check_look, but waits for a reply as long as a few of the target's slowest replies take: what
   a server that works side by side does behind its answer to the fence is mostly seen so. That none
   came proves nothing, and nothing may be judged by it alone. */
void check_linger(struct check_ctx *c, struct heard *h);

/* ---- judging: `what` names the message in words: "a call of an unknown program" ----

   Where a reply is due and none came with the fence, it is waited for until patience ends. */

/* Exactly one reply, read strictly, accepted with this status. */
void check_accepted(struct check_ctx *c, struct heard *h, const char *what, uint32_t status);

/* The same, denied: AUTH_ERROR with this auth_stat, or with any where it is ONC_AUTH_OK. */
void check_auth_error(struct check_ctx *c, struct heard *h, const char *what, uint32_t stat);

/* The same, denied: RPC_MISMATCH 2..2 (RFC 5531 9). */
void check_rpc_mismatch(struct check_ctx *c, struct heard *h, const char *what);

/* No reply; the connection may have been ended. */
void check_unanswered(struct check_ctx *c, struct heard *h, const char *what);

/* Exactly one sound reply, whatever it says. */
void check_answered_once(struct check_ctx *c, struct heard *h, const char *what);

/* One line for reasons and notes: "accepted PROG_MISMATCH 2..4", "nothing", "the connection is
   reset". */
void check_heard_text(const struct heard *h, char *out, size_t cap);

/* ---- in one step: a connection of its own, the message, the judgement ---- */

/* Calls the procedure with these arguments, honestly; exactly one SUCCESS. Without a connection
   (NULL) on one of its own. The procedure must be idempotent: a datagram may be sent again. The
   results are views of ret->octets. */
void check_call(struct check_ctx *c, struct conn *conn, uint32_t proc, struct slice args,
                struct heard *ret);

#endif
