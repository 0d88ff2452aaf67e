/* Checks: what a client makes of records that come in parts, empty, endless or not to their end. */
#include <string.h>
#include <sys/socket.h>

#include "conformance/client/call.h"
#include "conformance/suites.h"
#include "harness/base/deadline.h"
#include "harness/rpc/record.h"

enum {
    HEADER = 24,    /* octets of an accepted reply in front of its results */
    VERDICT = 12,   /* ... in front of its verifier */
    VERIFIER = 400, /* octets of a verifier: so a true reply can be made long */
    TURNS = 300,    /* octets, or fragments, while patience lasts: fewer than that reply has */
    LOOK_MS = 100,
    MIB = 1 << 20,
    MEMORY_MOST = 64 * MIB, /* of growth, where 28 octets came */
    FRAGMENT = 1 << 16,
    FLOOD = 16 * MIB, /* of fragments at full speed; then they trickle */
    MESSAGE_MAX = 1 << 17,
};

static void put_reply(const struct onc_reply *reply, struct buf *out)
{
    buf_init(out, MESSAGE_MAX);
    onc_put_reply(out, reply);
}

/* ---- fragments ---- */

static void fragments(struct check_ctx *c)
{
    static const size_t sizes[] = {1, 3, 4, 7, 27};

    for (size_t i = 0; i < ARRAY_LEN(sizes) && client_call_more(c, i, ARRAY_LEN(sizes)); i++) {
        struct client_call call;
        struct buf message, out;

        client_call_begin(c, 1, &call);
        put_reply(&call.truth, &message);
        buf_init(&out, MESSAGE_MAX);
        record_put_pieces(&out, buf_slice(&message), sizes[i]);
        check_tell(c, WHO_KIT, slice_of(NULL, 0), "the reply in fragments of %zu octet%s", sizes[i],
                   text_s(sizes[i]));
        client_say(c, call.conn, buf_slice(&out));
        client_serve(c, client_ignore, NULL);
        client_must_succeed(c);
        buf_free(&out);
        buf_free(&message);
        client_call_end(c, &call);
    }
}

/* RFC 5531 11 allows a length of zero; whether a client can read it is told in the transcript. What
   is judged is that it makes nothing up. */
static void empty_fragments(struct check_ctx *c)
{
    static const struct {
        const char *what;
        size_t sizes[4];
        size_t count;
    } rows[] = {
        {"an empty fragment in front", {0}, 1},
        {"three empty fragments in front", {0, 0, 0}, 3},
        {"an empty fragment within the header", {HEADER / 2, 0}, 2},
        {"an empty fragment in front of the results", {HEADER, 0}, 2},
        {"an empty fragment within the results", {HEADER + 2, 0}, 2},
        {"an empty last fragment", {MESSAGE_MAX}, 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows) && client_call_more(c, i, ARRAY_LEN(rows)); i++) {
        struct client_call call;
        struct buf message, out;

        client_call_begin(c, 1, &call);
        client_call_must_differ(c, &call);
        put_reply(&call.truth, &message);
        buf_init(&out, MESSAGE_MAX);
        record_put_cut(&out, buf_slice(&message), rows[i].sizes, rows[i].count);
        check_tell(c, WHO_KIT, slice_of(NULL, 0), "the reply with %s", rows[i].what);
        client_say(c, call.conn, buf_slice(&out));
        client_serve(c, client_ignore, NULL);
        client_must_not_lie(c, rows[i].what);
        buf_free(&out);
        buf_free(&message);
        client_call_end(c, &call);
    }
}

/* Octets that arrive together are still three records. */
static void one_segment(struct check_ctx *c)
{
    struct client_call call;
    struct buf out;

    client_call_begin(c, 1, &call);
    client_call_must_differ(c, &call);
    buf_init(&out, MESSAGE_MAX);
    for (unsigned i = 0; i < 3; i++) {
        struct onc_reply reply = i == 1 ? call.truth : call.forged;
        struct buf message;

        reply.xid += i == 1 ? 0 : i + 1;
        put_reply(&reply, &message);
        record_put(&out, buf_slice(&message));
        buf_free(&message);
    }
    client_say(c, call.conn, buf_slice(&out));
    client_finish(c, CLIENT_SERVED);
    client_must_not_lie(c, "the true reply stood between two with other xids");
    buf_free(&out);
    client_call_free(&call);
}

/* ---- an end within ---- */

/* Every call is answered so far, and then the connection ends. */
struct broken_reply {
    size_t keep; /* octets of the true reply's record */
    bool reset;
    size_t whole;   /* octets of that record, once a call has come */
    unsigned calls; /* which were answered so */
};

static void answer_and_end(struct check_ctx *c, struct conn *conn, const struct client_request *r,
                           void *closure)
{
    struct broken_reply *b = closure;
    struct client_call call;
    struct buf message, out;

    if (conn->disturbed) /* the end is said, and it calls once more */
        return;
    client_call_of(c, conn, r, &call);
    put_reply(&call.truth, &message);
    buf_init(&out, MESSAGE_MAX);
    record_put(&out, buf_slice(&message));
    b->whole = out.len;
    b->calls++;
    if (b->keep > 0)
        client_say(c, conn, slice_sub(buf_slice(&out), 0, b->keep));
    buf_free(&out);
    buf_free(&message);
    client_call_free(&call);
    if (!check_alive(c) || conn->lost)
        return;
    if (b->reset)
        check_reset(c, conn);
    else
        check_shut(c, conn, SHUT_WR);
}

static void end_behind(struct check_ctx *c, struct broken_reply *b)
{
    client_begin_with(c, 1);
    check_tell(c, WHO_KIT, slice_of(NULL, 0), "behind %zu octet%s of the reply's record comes %s",
               b->keep, text_s(b->keep), b->reset ? "a reset" : "the end");
    client_serve(c, answer_and_end, b);
    client_must_not_lie(c, "the record did not come to its end");
    /* Where padding alone is missing, all that there is to know was there. */
    if (b->keep + WIRE_UNIT <= b->whole)
        client_must_fail(c);
}

static void eof_in_record(struct check_ctx *c)
{
    size_t whole = RECORD_HEADER + HEADER + WIRE_UNIT;

    for (size_t keep = 1; keep < whole && client_call_more(c, keep - 1, whole - 1); keep++) {
        struct broken_reply b = {.keep = keep};

        end_behind(c, &b);
        if (b.whole > 0)
            whole = b.whole;
        check_close_all(c);
    }
}

static void reset_in_record(struct check_ctx *c)
{
    static const size_t places[] = {1, RECORD_HEADER, RECORD_HEADER + VERDICT,
                                    RECORD_HEADER + HEADER};

    for (size_t i = 0; i < ARRAY_LEN(places) && client_call_more(c, i, ARRAY_LEN(places)); i++) {
        struct broken_reply b = {.keep = places[i], .reset = true};

        end_behind(c, &b);
        check_close_all(c);
    }
}

static void server_dies(struct check_ctx *c)
{
    for (unsigned i = 0; i < 2 && check_alive(c); i++) {
        struct broken_reply b = {.reset = i == 1};

        end_behind(c, &b);
        check_close_all(c);
    }
}

/* Whether a call may be made a second time depends on what it does, which the client knows. */
static void resend(struct check_ctx *c)
{
    struct broken_reply b = {0};

    end_behind(c, &b);
    check_noted(c, "a call whose connection ended before its reply is made %s",
                b.calls > 1 ? "again on another connection" : "once");
}

/* ---- without an end ---- */

/* A header that announces as much as it can, and the first octets of a reply. */
static void announced(struct check_ctx *c)
{
    int64_t deadline = deadline_in_ms((int64_t)c->target.patience_ms);
    struct client_call call;
    struct buf message, out;
    uint64_t before = 0, now = 0, most = 0;

    client_call_begin(c, 1, &call);
    bool seen = client_memory(c, &before);
    put_reply(&call.truth, &message);
    buf_init(&out, MESSAGE_MAX);
    record_put_header(&out, true, RECORD_LENGTH_MAX);
    buf_put(&out, slice_sub(buf_slice(&message), 0, HEADER));
    client_say(c, call.conn, buf_slice(&out));
    while (check_alive(c) && !client_over(c) && !deadline_passed(deadline)) {
        client_pause(c, LOOK_MS);
        if (client_memory(c, &now) && now > most)
            most = now;
    }
    if (check_alive(c) && seen && most > before + MEMORY_MOST)
        check_broken(c, "memory for what has come", "%llu MiB more, where %zu octets came",
                     (unsigned long long)((most - before) / MIB), out.len);
    client_finish(c, CLIENT_HEARD);
    client_must_fail(c);
    buf_free(&out);
    buf_free(&message);
    client_call_free(&call);
}

/* Fragments none of which is the last: the start of a reply whose verifier has no end, so that no
   octet of it stands where a result would. */
static void say_fragment(struct check_ctx *c, const struct client_call *call, unsigned turn,
                         void *closure UNUSED)
{
    static uint8_t filler[FRAGMENT];
    struct buf message, out;
    unsigned count = turn == 0 ? FLOOD / FRAGMENT : 1;

    memset(filler, 'x', sizeof(filler));
    buf_init(&out, FLOOD + MESSAGE_MAX);
    if (turn == 0) {
        put_reply(&call->truth, &message);
        record_put_header(&out, false, VERDICT);
        buf_put(&out, slice_sub(buf_slice(&message), 0, VERDICT));
        buf_free(&message);
    }
    for (unsigned i = 0; i < count; i++) {
        size_t size = turn == 0 ? FRAGMENT : 1;

        record_put_header(&out, false, (uint32_t)size);
        buf_put(&out, slice_of(filler, size));
    }
    client_say(c, call->conn, buf_slice(&out));
    buf_free(&out);
}

static void endless(struct check_ctx *c)
{
    struct client_call call;

    client_call_begin(c, 1, &call);
    client_call_keep_on(c, &call, TURNS, say_fragment, NULL);
    client_must_fail(c);
    client_call_free(&call);
}

/* An honest reply, an octet at a time: all of it would take longer than patience lasts. */
static void say_octet(struct check_ctx *c, const struct client_call *call, unsigned turn,
                      void *closure)
{
    const struct buf *out = closure;

    client_say(c, call->conn, slice_sub(buf_slice(out), turn, 1));
}

static void trickle(struct check_ctx *c)
{
    static uint8_t filler[VERIFIER];
    struct client_call call;
    struct buf message, out;

    client_call_begin(c, 1, &call);
    struct onc_reply reply = call.truth;
    reply.verf.body = wire_counted_of(slice_of(filler, sizeof(filler)));
    put_reply(&reply, &message);
    buf_init(&out, MESSAGE_MAX);
    record_put(&out, buf_slice(&message));
    client_call_keep_on(c, &call, TURNS, say_octet, &out);
    client_must_fail(c);
    buf_free(&out);
    buf_free(&message);
    client_call_free(&call);
}

static const struct check checks[] = {
    {
        .id = "client.rpc.fragments",
        .claim = "a reply is read whatever fragments it comes in",
        .why = "The sender chooses them, and small ones are as good as large ones.",
        .how = "The true reply in fragments of 1, 3, 4, 7 and 27 octets.",
        .cites = {REQ_RPC_5531_11_11},
        .needs = NEED_RPC | NEED_CONNECTED | NEED_JUDGES,
        .run = fragments,
    },
    {
        .id = "client.rpc.empty-fragments",
        .claim = "an empty fragment is not taken for an answer",
        .why = "It is legal, says nothing, and has been taken for a whole reply.",
        .how = "The true reply with empty fragments in front, between and at its end: the client "
               "shows the answer, or reports an error.",
        .cites = {REQ_RPC_5531_11_12},
        .needs = NEED_RPC | NEED_CONNECTED | NEED_JUDGES,
        .run = empty_fragments,
    },
    {
        .id = "client.rpc.one-segment",
        .claim = "replies that arrive together are read one by one",
        .why = "TCP knows no borders: a read() gives as many records as there are.",
        .how = "Three records in one segment: a forged reply with another xid, the true one, and "
               "another forged one.",
        .cites = {REQ_RPC_5531_8_02, REQ_RPC_5531_11_11},
        .needs = NEED_RPC | NEED_CONNECTED | NEED_JUDGES,
        .run = one_segment,
    },
    {
        .id = "client.rpc.eof-in-record",
        .claim = "a record that does not come to its end makes no answer",
        .why = "A server that dies while it writes leaves just that.",
        .how = "The connection ends behind each octet of the reply's record, its header included.",
        .cites = {REQ_RPC_5531_4_02, REQ_RPC_ROB_9_14},
        .needs = NEED_RPC | NEED_CONNECTED | NEED_JUDGES,
        .run = eof_in_record,
    },
    {
        .id = "client.rpc.reset-in-record",
        .claim = "a reset within the reply's record is reported",
        .why = "A server that crashes with unread octets resets the connection.",
        .how = "A reset within the record's header, behind it, and within the reply.",
        .cites = {REQ_RPC_5531_4_02},
        .needs = NEED_RPC | NEED_TCP | NEED_JUDGES,
        .run = reset_in_record,
    },
    {
        .id = "client.rpc.server-dies",
        .claim = "a server that dies between call and reply is reported",
        .why = "The caller must know that it does not know.",
        .how = "The call is read, and the connection ends, by FIN and by RST, on every connection "
               "that the client makes.",
        .cites = {REQ_RPC_5531_5_08, REQ_RPC_5531_4_02, REQ_MSG_DEMO_failures_01},
        .needs = NEED_RPC | NEED_CONNECTED | NEED_JUDGES,
        .run = server_dies,
    },
    {
        .id = "client.rpc.resend",
        .claim = "whether a call without a reply is made again",
        .why = "The server may have executed it, and done again some things are done twice.",
        .how = "The call is read and the connection ended; calls on further connections are "
               "counted.",
        .cites = {REQ_RPC_5531_5_07},
        .needs = NEED_RPC | NEED_CONNECTED | NEED_JUDGES,
        .run = resend,
    },
    {
        .id = "client.rpc.announced-record",
        .claim = "a record that announces 2 GiB and stalls costs no memory, and ends",
        .why = "Four octets must not take two gigabytes, nor a client for ever.",
        .how = "A record header of 2^31-1 octets, the header of a reply, and then nothing; the "
               "memory of the client's processes is looked at until it ends.",
        .cites = {REQ_RPC_CLI_07, REQ_RPC_ROB_9_07},
        .needs = NEED_RPC | NEED_CONNECTED | NEED_JUDGES,
        .run = announced,
    },
    {
        .id = "client.rpc.endless-record",
        .claim = "a record without a last fragment is not read for ever",
        .why = "Neither memory nor time of a client are the server's.",
        .how = "16 MiB of fragments at once and more of them for as long as patience lasts, none "
               "of them the last; the client ends before that and reports a failure.",
        .cites = {REQ_RPC_ROB_9_07},
        .needs = NEED_RPC | NEED_CONNECTED | NEED_JUDGES,
        .run = endless,
    },
    {
        .id = "client.rpc.trickle",
        .claim = "the client's time-out bounds the call, not each read",
        .why = "Who waits anew for each octet waits as long as the server likes.",
        .how = "An honest reply with a verifier of 400 octets, one octet at a time, so slowly that "
               "patience ends first; the client ends before that and reports a failure.",
        .cites = {REQ_RPC_ROB_9_07},
        .needs = NEED_RPC | NEED_CONNECTED | NEED_JUDGES,
        .run = trickle,
    },
};

SUITE(client_record);
