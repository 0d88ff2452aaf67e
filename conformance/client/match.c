/* Checks: which reply a client takes for the answer to its call. */
#include <byteswap.h>
#include <sys/socket.h>

#include "conformance/client/call.h"
#include "conformance/suites.h"

enum {
    OTHER_HOST = 2, /* 127.0.0.2 */
    STRAYS = 6,     /* in front of a true reply */
    TURNS = 100,    /* strays while patience lasts: one in 300 ms of the usual 30 s */
    MESSAGE_MAX = 1 << 17,
};

#define UPPER_HALF 0xffff0000U

/* Replies with other xids and forged results, and then the true one. The closure says whether it is
   judged that none of them is shown. */
static void answer_behind_strays(struct check_ctx *c, struct conn *conn,
                                 const struct client_request *r, void *closure)
{
    const bool *judged = closure;
    struct client_call call;

    client_call_of(c, conn, r, &call);
    if (*judged)
        client_call_must_differ(c, &call);
    /* In front of it, behind it, its complement, that of its first half alone, its octets the other
       way round, and zero. */
    const uint32_t xids[] = {call.xid - 1,          call.xid + 1,       ~call.xid,
                             call.xid ^ UPPER_HALF, bswap_32(call.xid), 0};
    _Static_assert(ARRAY_LEN(xids) == STRAYS, "an xid for each stray");
    for (unsigned i = 0; i < STRAYS; i++) {
        struct onc_reply stray = call.forged;

        stray.xid = xids[i];
        if (stray.xid != call.xid)
            client_call_say(c, &call, &stray);
    }
    client_call_say_truth(c, &call);
    client_call_free(&call);
}

static void behind_strays(struct check_ctx *c, bool judged)
{
    client_begin_with(c, 1);
    client_serve(c, answer_behind_strays, &judged);
}

static void wrong_xid(struct check_ctx *c)
{
    behind_strays(c, true);
    client_must_not_lie(c, "replies with other xids came");
}

static void stray_budget(struct check_ctx *c)
{
    behind_strays(c, false);
    client_must_succeed(c);
    check_remark(c, "%u datagram%s sent", client_datagrams(c), text_s(client_datagrams(c)));
}

/* ---- several calls of a run ---- */

/* The replies to the calls so far, as they went out. */
struct history {
    struct buf replies[CLIENT_TEXTS];
    unsigned copies; /* of each reply, when it is due */
    bool stale;      /* all earlier ones come again in front of it */
};

static void answer_with_history(struct check_ctx *c, struct conn *conn,
                                const struct client_request *r, void *closure)
{
    struct history *h = closure;
    struct client_call call;
    struct buf message;

    if (r->number >= CLIENT_TEXTS)
        return;
    client_call_of(c, conn, r, &call);
    buf_init(&message, MESSAGE_MAX);
    onc_put_reply(&message, &call.truth);
    for (unsigned i = 0; h->stale && i < r->number; i++)
        client_say(c, conn, buf_slice(&h->replies[i]));
    buf_reset(&h->replies[r->number]);
    client_call_put(c, buf_slice(&message), &h->replies[r->number]);
    for (unsigned i = 0; i < h->copies; i++)
        client_say(c, conn, buf_slice(&h->replies[r->number]));
    buf_free(&message);
    client_call_free(&call);
}

static void serve_with_history(struct check_ctx *c, struct history *h)
{
    for (size_t i = 0; i < ARRAY_LEN(h->replies); i++)
        buf_init(&h->replies[i], MESSAGE_MAX);
    client_begin_with(c, CLIENT_TEXTS);
    client_serve(c, answer_with_history, h);
    for (size_t i = 0; i < ARRAY_LEN(h->replies); i++)
        buf_free(&h->replies[i]);
}

static void stale_xid(struct check_ctx *c)
{
    struct history h = {.copies = 1, .stale = true};

    serve_with_history(c, &h);
    client_must_not_lie(c, "replies to earlier calls came again");
}

/* Networks double datagrams; on a stream a second reply is the server's fault, and a client may say
   so. */
static void duplicate_reply(struct check_ctx *c)
{
    struct history h = {.copies = 2};

    serve_with_history(c, &h);
    if (endpoint_is_datagram(&c->target.endpoint))
        client_must_succeed(c);
    else
        client_must_not_lie(c, "each reply came twice");
}

/* ---- from elsewhere ---- */

static void reply_source(struct check_ctx *c)
{
    struct client_call call;
    struct buf forged;

    client_call_begin(c, 1, &call);
    client_call_must_differ(c, &call);
    buf_init(&forged, MESSAGE_MAX);
    onc_put_reply(&forged, &call.forged);
    client_say_from_port(c, call.conn, buf_slice(&forged));
    if (address_family(&c->target.address) == AF_INET)
        client_say_from_host(c, call.conn, buf_slice(&forged), OTHER_HOST);
    client_call_say_truth(c, &call);
    client_finish(c, CLIENT_SERVED);
    client_must_not_lie(c, "the right xid came from elsewhere");
    buf_free(&forged);
    client_call_free(&call);
}

/* ---- for ever ---- */

static void say_stray(struct check_ctx *c, const struct client_call *call, unsigned turn,
                      void *closure UNUSED)
{
    struct onc_reply stray = call->forged;

    stray.xid += turn + 1;
    client_call_say(c, call, &stray);
}

static void strays_for_ever(struct check_ctx *c)
{
    struct client_call call;

    client_call_begin(c, 1, &call);
    client_call_keep_on(c, &call, TURNS, say_stray, NULL);
    client_must_not_lie(c, "replies with other xids came");
    client_must_fail(c);
    client_call_free(&call);
}

static const struct check checks[] = {
    {
        .id = "client.rpc.wrong-xid",
        .claim = "a reply with another xid is never the answer",
        .why = "The xid is all that ties a reply to its call.",
        .how = "Forged replies whose xids are near to that of the call, its complement, the "
               "complement of half of it, its octets the other way round, and 0; then the true "
               "one.",
        .cites = {REQ_RPC_5531_8_02},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = wrong_xid,
    },
    {
        .id = "client.rpc.stray-budget",
        .claim = "stray datagrams do not end a call whose reply comes",
        .why = "Late replies to earlier calls are such strays, and so is what anybody sends.",
        .how = "Each datagram of the client is answered by six with other xids and then by the "
               "true reply; the client gets its answer.",
        .cites = {REQ_RPC_ROB_9_08},
        .needs = NEED_RPC | NEED_DATAGRAM | NEED_JUDGES,
        .run = stray_budget,
    },
    {
        .id = "client.rpc.stale-xid",
        .claim = "a late reply to an earlier call is never the answer to a later one",
        .why = "It comes from the right server, has the right form, and answers another question.",
        .how = "Three calls; in front of each reply all earlier ones come again.",
        .cites = {REQ_RPC_ROB_9_11, REQ_RPC_5531_8_02},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = stale_xid,
    },
    {
        .id = "client.rpc.duplicate-reply",
        .claim = "replies that come twice do no harm",
        .why = "A client that has retransmitted gets two replies, and networks double datagrams.",
        .how = "Three calls, each answered twice. Over datagrams the client gets its answers; on "
               "a stream it may also report an error.",
        .cites = {REQ_RPC_ROB_9_12},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = duplicate_reply,
    },
    {
        .id = "client.rpc.reply-source",
        .claim = "the right xid from another place is not the answer",
        .why = "Who guesses an xid, or sees one, answers before the server does.",
        .how = "A forged reply with the right xid from another port and from 127.0.0.2, then the "
               "true one.",
        .cites = {REQ_RPC_ROB_9_10},
        .needs = NEED_RPC | NEED_UDP | NEED_JUDGES,
        .run = reply_source,
    },
    {
        .id = "client.rpc.strays-for-ever",
        .claim = "replies with other xids do not keep a call alive for ever",
        .why = "A time-out that begins anew with each message bounds nothing.",
        .how = "The call is not answered, and forged replies with other xids come for as long as "
               "patience lasts; the client ends before that and reports a failure.",
        .cites = {REQ_RPC_ROB_9_07},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = strays_for_ever,
    },
};

SUITE(client_match);
