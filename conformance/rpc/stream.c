/* Checks: calls on connections: pipelines, ends, and clients that others must not suffer from. */
#include <sys/socket.h>

#include "conformance/rpc/wrong.h"
#include "conformance/suites.h"

enum {
    DEEP = 64,
    MIXED = 24,
    CROWD = 200,
    ASKS = 10, /* every tenth of them asks */
    ROOM = 4096,
    SMALL_BUFFER = 4096,
    LITTLE_ROOM = 16384, /* SO_SNDBUF: less makes the target put its ACKs off */
    SMALL_SEGMENT = 536, /* the kernel measures the target's send buffer by it */
    UNREAD = 8 << 20,    /* more than both sides buffer then */
    QUEUED = 1 << 20,    /* ... and what a server may have before it */
    CALL_BODY = 44,      /* octets of a NULL call with its header */
};

static const struct say_options alone = {.no_fence = true};

/* ---- pipelines ---- */

static void any_order_complete(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct buf out;

    buf_init(&out, DEEP * ROOM);
    for (unsigned i = 0; i < DEEP; i++)
        check_compose(c, conn, 0, &out);
    check_send_octets(c, conn, buf_slice(&out));
    buf_free(&out);
    check_fence(c, conn);
    check_close(c, conn);
}

/* Posts calls of every status, one after the other, without reading. */
static void post_mixed(struct check_ctx *c, struct conn *conn, struct heard *heard)
{
    for (unsigned i = 0; i < MIXED; i++) {
        struct onc_call call = wrong_call(c, &wrong_statuses[i % WRONG_STATUSES]);

        check_post(c, conn, &call, NULL, &heard[i]);
    }
}

static void judge_mixed(struct check_ctx *c, struct heard *heard)
{
    for (unsigned i = 0; i < MIXED && check_alive(c); i++)
        check_accepted(c, &heard[i], wrong_statuses[i % WRONG_STATUSES].what,
                       wrong_statuses[i % WRONG_STATUSES].status);
}

static void mixed_statuses(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct heard heard[MIXED];

    post_mixed(c, conn, heard);
    judge_mixed(c, heard);
    check_fence(c, conn);
    check_close(c, conn);
}

/* The end of the connection is the strongest fence: behind it nothing comes. */
static void exactly_one_reply(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct heard heard[MIXED];

    post_mixed(c, conn, heard);
    judge_mixed(c, heard);
    check_fence(c, conn);
    check_shut(c, conn, SHUT_WR);
    check_end(c, conn);
    check_close(c, conn);
}

static void half_close_replies(struct check_ctx *c)
{
    for (unsigned i = 0; i < 4 && check_alive(c); i++) {
        struct conn *conn = check_dial(c);
        struct heard heard[MIXED];

        if (i % 2)
            check_hold_for_fin(c, conn); /* the last calls and the FIN in one segment */
        post_mixed(c, conn, heard);
        check_send(c, conn);
        check_shut(c, conn, SHUT_WR);
        judge_mixed(c, heard);
        check_replies(c, conn);
        check_end(c, conn);
        check_close(c, conn);
    }
}

/* ---- half a record ---- */

/* The first octets of a NULL call with its header, as they are; returns what may come of it. */
static struct heard say_part(struct check_ctx *c, struct conn *conn, size_t len, struct buf *whole)
{
    struct onc_call call = check_call_of(c, ONC_NULLPROC);
    struct buf message;
    struct heard h;

    buf_init(&message, ROOM);
    onc_put_call(&message, &call);
    record_put(whole, buf_slice(&message));
    buf_free(&message);
    check_say_stream(c, conn, call.xid, slice_sub(buf_slice(whole), 0, len), &alone, &h);
    return h;
}

static void partial_record_close(struct check_ctx *c)
{
    static const size_t parts[] = {1, 2, 4, 5, 24, 43};

    for (size_t i = 0; i < ARRAY_LEN(parts) * 2 && check_alive(c); i++) {
        struct conn *conn = check_dial(c);
        struct buf whole;
        struct heard h;

        buf_init(&whole, ROOM);
        h = say_part(c, conn, parts[i / 2], &whole);
        buf_free(&whole);
        if (i % 2) {
            check_reset(c, conn);
        } else {
            check_shut(c, conn, SHUT_WR);
            check_end(c, conn);
            check_look(c, &h);
            check_unanswered(c, &h, "a call that was not sent to its end");
            check_close(c, conn);
        }
    }
    check_probe(c);
}

/* Others are served while it waits; and it is served when the rest comes. */
static void slow_sender(struct check_ctx *c)
{
    static const size_t parts[] = {2, 4, 20};

    for (size_t i = 0; i < ARRAY_LEN(parts) && check_alive(c); i++) {
        struct conn *conn = check_dial(c);
        struct buf whole;
        struct heard h;

        buf_init(&whole, ROOM);
        h = say_part(c, conn, parts[i], &whole);
        check_probe(c);
        check_look(c, &h);
        if (check_alive(c) && (h.ended || h.reset)) {
            check_remark(c, "a connection with half a record is ended");
        } else {
            check_send_octets(c, conn, slice_from(buf_slice(&whole), parts[i]));
            check_hear(c, &h, true);
            check_accepted(c, &h, "a NULL call that came in two parts", ONC_SUCCESS);
        }
        buf_free(&whole);
        check_close(c, conn);
    }
}

static void slow_reader(struct check_ctx *c)
{
    const struct net_dial_options options = {
        .receive_buffer = SMALL_BUFFER, .send_buffer = LITTLE_ROOM, .segment = SMALL_SEGMENT};
    struct conn *conn = check_dial_with(c, &c->target.address, &options);
    size_t limit = check_volume(c, UNREAD);
    /* A server that answers in turn works through all that is queued before it comes to anybody
       else: it is given that time, or less to do. */
    int64_t work_ms = (int64_t)(QUEUED / CALL_BODY) * c->target.latency_us / 1000;

    if (work_ms <= TARGET_PATIENCE_MAX_MS)
        c->target.patience_ms += work_ms;
    else
        limit = size_min(limit, (size_t)check_rounds(c, UNREAD / CALL_BODY) * CALL_BODY);
    check_push_beside(c, conn, CALL_BODY, limit);
    check_reset(c, conn);
    check_probe(c);
}

/* ---- many ---- */

static void many_connections(struct check_ctx *c)
{
    unsigned count = check_crowd(c, CROWD);
    unsigned taken = 0;
    struct conn *conn;

    while (taken < count && check_in_time(c) && check_try_dial(c, &conn)) {
        if (taken % ASKS == 0)
            check_exchange(c, conn);
        taken++;
    }
    if (check_alive(c) && taken < count)
        check_noted(c, "%u connections are taken at once; the next one was refused", taken);
    check_probe(c);
}

#define NEEDS_STREAM (NEED_RPC | NEED_STREAM)

static const struct check checks[] = {
    {
        .id = "rpc.pipeline.any-order-complete",
        .claim = "calls in a row are all answered, in any order",
        .why = "Clients send on before the reply has come, and match by the xid.",
        .how = "64 NULL calls in one segment, and one behind them: each xid comes back once.",
        .cites = {REQ_RPC_5531_8_4_01, REQ_RPC_5531_4_01},
        .needs = NEEDS_STREAM,
        .run = any_order_complete,
    },
    {
        .id = "rpc.pipeline.mixed-statuses",
        .claim = "in a row of calls each gets its own status",
        .why = "State of one call that the next one finds answers it wrongly.",
        .how = "24 calls of every status that needs no arguments, sent without waiting.",
        .cites = {REQ_RPC_5531_9_07, REQ_RPC_5531_8_4_01},
        .needs = NEEDS_STREAM,
        .run = mixed_statuses,
    },
    {
        .id = "rpc.tcp.exactly-one-reply",
        .claim = "a connection brings one reply to each call and nothing else",
        .why = "What comes twice was executed twice, or is taken for the answer to something else.",
        .how = "24 calls of every status and a NULL call; then half-close, and nothing but the end "
               "comes.",
        .cites = {REQ_RPC_5531_5_06, REQ_RPC_5531_8_4_01},
        .needs = NEEDS_STREAM,
        .run = exactly_one_reply,
    },
    {
        .id = "rpc.tcp.half-close-replies",
        .claim = "calls in front of a half-close are answered",
        .why = "A client that has said all it wants to say may end its side.",
        .how = "25 calls and SHUT_WR, in one segment by turns: every reply, then the end.",
        .cites = {REQ_RPC_ROB_11_04},
        .needs = NEEDS_STREAM,
        .run = half_close_replies,
    },
    {
        .id = "rpc.tcp.partial-record-close",
        .claim = "half a record in front of an end is discarded",
        .why = "Clients die in the middle of a call.",
        .how = "1 to 43 of the 44 octets of a call and its header, then FIN or RST: no reply, the "
               "end, and the target still serves.",
        .cites = {REQ_RPC_ROB_11_03},
        .needs = NEEDS_STREAM,
        .run = partial_record_close,
    },
    {
        .id = "rpc.tcp.slow-sender-isolation",
        .claim = "a client that has sent half a record delays nobody",
        .why = "A server that waits for the rest belongs to whoever sends two octets.",
        .how = "2, 4 or 20 octets of a call; others are served; then the rest, and its reply.",
        .cites = {REQ_RPC_ROB_11_01},
        .needs = NEEDS_STREAM | NEED_CONCURRENT,
        .flags = CHECK_ALONE,
        .run = slow_sender,
    },
    {
        .id = "rpc.tcp.slow-reader-isolation",
        .claim = "a client that reads no replies delays nobody",
        .why = "A server that waits until they are taken belongs to whoever takes none.",
        .how = "Calls without reading until the target takes no more of them, or 8 MiB; others are "
               "served.",
        .cites = {REQ_RPC_ROB_11_02},
        .needs = NEEDS_STREAM | NEED_CONCURRENT,
        .flags = CHECK_ALONE | CHECK_REMOTE_FLOOD,
        .run = slow_reader,
    },
    {
        .id = "rpc.tcp.many-connections",
        .claim = "connections that are idle keep nobody out",
        .why = "They cost the client nothing.",
        .how = "200 connections, every tenth with an exchange; a further one is served.",
        .cites = {REQ_RPC_ROB_11_05},
        .needs = NEEDS_STREAM | NEED_CONCURRENT,
        .flags = CHECK_ALONE | CHECK_REMOTE_FLOOD,
        .run = many_connections,
    },
};

SUITE(rpc_stream);
