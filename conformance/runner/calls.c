/* The steps that speak ONC RPC with hand-made messages. */
#include "conformance/runner/calls.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/deadline.h"

enum {
    MESSAGE_MAX = 2 << 20,
    SAID_MAX = 8192,   /* messages of one connection */
    REPLIES_MAX = 16,  /* with one xid: who sends more is not listened to any longer */
    XIDS = 0x40000000, /* the xids of NULL calls count from 2^16 and stay far below */
    AGAIN_MS = 200,    /* as in talk.c: a datagram is first sent again after so long */
    AGAIN_LATENCIES = 8,
    LINGER_MS = 4,
    LINGER_LATENCIES = 4,
};

/* One message of ours on a connection. */
struct said {
    uint32_t xid;
    unsigned replies;
    unsigned again;     /* sent so often again: so many replies may be more than one */
    bool judged;        /* what came was judged; what comes now is too late, or one too many */
    bool never;         /* ... as: no reply is due */
    uint64_t kept;      /* its first reply is c->kept[(kept - 1) % CHECK_KEPT]; 0: none */
    struct buf message; /* where it may be sent again */
};

/* ---- bookkeeping ---- */

void calls_forget(struct conn *conn)
{
    for (size_t i = 0; i < conn->said_count; i++)
        buf_free(&conn->said[i].message);
    free(conn->said);
    conn->said = NULL;
    conn->said_count = 0;
    conn->said_cap = 0;
}

void calls_free(struct check_ctx *c)
{
    for (size_t i = 0; i < CHECK_KEPT; i++)
        buf_free(&c->kept[i]);
}

static struct said *remember(struct check_ctx *c, struct conn *conn, uint32_t xid)
{
    if (conn->said_count == SAID_MAX) {
        check_trouble(c, "more than %d messages on one connection", SAID_MAX);
        return NULL;
    }
    if (conn->said_count == conn->said_cap) {
        size_t cap = conn->said_cap ? conn->said_cap * 2 : 16;
        struct said *grown = realloc(conn->said, cap * sizeof(*grown));

        if (!grown) {
            check_trouble(c, "out of memory");
            return NULL;
        }
        conn->said = grown;
        conn->said_cap = cap;
    }
    struct said *said = &conn->said[conn->said_count++];
    *said = (struct said){.xid = xid};
    buf_init(&said->message, MESSAGE_MAX);
    return said;
}

/* The message that a reply with this xid belongs to: of several with the same xid the first one
   that none came to, else the last. */
static struct said *said_by_xid(const struct conn *conn, uint32_t xid)
{
    struct said *found = NULL;

    for (size_t i = 0; i < conn->said_count; i++) {
        if (conn->said[i].xid != xid)
            continue;
        found = &conn->said[i];
        if (found->replies == 0)
            break;
    }
    return found;
}

static void keep(struct check_ctx *c, struct said *said, struct slice message)
{
    struct buf *kept = &c->kept[c->kept_count % CHECK_KEPT];

    buf_free(kept);
    buf_init(kept, MESSAGE_MAX);
    buf_put(kept, message);
    if (kept->failed)
        check_trouble(c, "out of memory");
    said->kept = ++c->kept_count;
}

static void heard_one(struct check_ctx *c, struct said *said, struct slice message)
{
    struct buf shown;

    said->replies++;
    if (said->replies == 1)
        keep(c, said, message);
    buf_init(&shown, OUTCOME_TEXT_MAX);
    onc_describe(message, &shown);
    if (said->replies > 1 && said->again > 0) {
        said->again--;
        said->replies--;
        check_tell(c, WHO_KIT, slice_of(NULL, 0),
                   "a further reply to the message with xid 0x%" PRIx32 ", which was sent again",
                   said->xid);
    } else if (said->replies > REPLIES_MAX || (said->replies > 1 && said->judged)) {
        check_broken(c, "one reply to each call (RFC 5531 9)", "a further reply, number %u: %.200s",
                     said->replies, buf_text(&shown));
    } else if (said->never) {
        check_broken(c, "no reply to the message", "%.200s, after a later call was answered",
                     buf_text(&shown));
    }
    buf_free(&shown);
}

bool calls_take(struct check_ctx *c, struct conn *conn, struct slice in, size_t *ret_used)
{
    struct record_in r;
    struct slice message = in;
    struct said *said = NULL;
    uint32_t xid = 0;
    uint32_t msg_type = 0;
    bool whole = true;

    *ret_used = in.len;
    record_open(&r, &record_usual_limits);
    if (exchange_medium(c->target.exchange) == EXCHANGE_OVER_STREAM) {
        whole = record_feed(&r, in, ret_used) == RECORD_WHOLE;
        message = record_message(&r);
    }
    if (whole && onc_peek(message, &xid, &msg_type))
        said = said_by_xid(conn, xid);
    if (said)
        heard_one(c, said, message);
    record_close(&r);
    return said != NULL;
}

/* ---- snapshots ---- */

static bool still_there(const struct heard *h)
{
    return h->conn && h->conn->used && h->conn->number == h->number;
}

static bool over(const struct conn *conn)
{
    return conn->ended || conn->lost;
}

static bool fence_owed(const struct conn *conn, uint32_t fence)
{
    for (size_t i = conn->owed_first; i < conn->owed_count; i++) {
        if (conn->owed[i].seq == fence)
            return true;
    }
    return false;
}

static void read_reply(struct check_ctx *c, const struct said *said, struct heard *h)
{
    struct wire_in in;
    struct buf fault;

    h->octets = slice_of(NULL, 0);
    if (c->kept_count - said->kept >= CHECK_KEPT) {
        check_trouble(c, "a reply was not looked at before %d others came", CHECK_KEPT);
        return;
    }
    h->octets = buf_slice(&c->kept[(said->kept - 1) % CHECK_KEPT]);
    wire_open(&in, h->octets);
    h->sound = onc_read_reply(&in, &h->reply);
    buf_init(&fault, sizeof(h->fault));
    if (!h->sound)
        wire_explain(&in, &fault);
    text_copy(h->fault, sizeof(h->fault), buf_text(&fault));
    buf_free(&fault);
}

static void refresh(struct check_ctx *c, struct heard *h)
{
    if (!still_there(h))
        return;
    const struct said *said = &h->conn->said[h->said];
    if (said->replies > 0 && h->replies == 0)
        read_reply(c, said, h);
    h->replies = said->replies;
    h->ended = h->conn->ended;
    h->reset = h->conn->lost && !h->conn->ended;
    h->turned_away = over(h->conn) && !h->conn->heard;
}

/* ---- saying ---- */

uint32_t check_xid(struct check_ctx *c)
{
    if (c->next_xid == 0)
        c->next_xid = XIDS + (uint32_t)rng_below(&c->rng, XIDS);
    return c->next_xid++;
}

/* AUTH_SYS of user and group 65534, at machine "assay": honest, and worth little. */
static struct onc_auth somebody(void)
{
    static const uint8_t body[] = {0, 0, 0, 1, 0,    0,    0, 5, 'a',  's',  's', 'a', 'y', 0,
                                   0, 0, 0, 0, 0xff, 0xfe, 0, 0, 0xff, 0xfe, 0,   0,   0,   0};

    return (struct onc_auth){.flavor = ONC_AUTH_SYS,
                             .body = wire_counted_of(slice_of(body, sizeof(body)))};
}

struct onc_call check_call_of(struct check_ctx *c, uint32_t proc)
{
    struct onc_call call =
        onc_call_of(check_xid(c), c->target.endpoint.program, c->target.endpoint.version, proc);

    if (proc != ONC_NULLPROC && c->target.credential == TARGET_CREDENTIAL_SYS)
        call.cred = somebody();
    return call;
}

void check_expect(struct check_ctx *c, struct conn *conn, uint32_t xid, struct heard *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->xid = xid;
    if (!check_alive(c) || !remember(c, conn, xid))
        return;
    ret->conn = conn;
    ret->number = conn->number;
    ret->said = conn->said_count - 1;
}

static void frame(const struct check_ctx *c, struct slice message,
                  const struct say_options *options, struct buf *out)
{
    if (exchange_medium(c->target.exchange) != EXCHANGE_OVER_STREAM)
        buf_put(out, message);
    else if (options && options->pieces)
        record_put_cut(out, message, options->pieces, options->piece_count);
    else
        record_put(out, message);
}

/* Sends it. A connection that is found to be over may have brought an answer all the same. */
static void put_out(struct check_ctx *c, struct conn *conn, struct slice octets)
{
    if (!check_alive(c) || over(conn))
        return;
    check_send_octets(c, conn, octets);
    if (conn->lost)
        conn_last_words(c, conn);
}

static void send_again(struct check_ctx *c, const struct heard *h)
{
    struct conn *conn = h->conn;
    struct said *said = &conn->said[h->said];

    if (conn_may_ask_again(c))
        conn_ask_again(c, conn);
    if (said->message.len == 0 || said->replies > 0)
        return;
    said->again++;
    c->resent++;
    check_tell_on(c, conn->number, EVENT_WORDS, WHO_KIT, slice_of(NULL, 0),
                  "no reply to xid 0x%" PRIx32 "; it is sent again", said->xid);
    check_send_octets(c, conn, buf_slice(&said->message));
}

/* Whether something is still to come: the answer to the fence, the reply, the rest of a record. */
static bool waits(const struct heard *h, bool fenced, uint32_t fence, bool due)
{
    const struct conn *conn = h->conn;

    if (over(conn))
        return false;
    return (fenced && fence_owed(conn, fence)) || (due && conn->said[h->said].replies == 0) ||
           (fenced && conn->in.len > conn->in_at);
}

static void listen_for(struct check_ctx *c, struct heard *h, bool fenced, uint32_t fence, bool due)
{
    int64_t deadline = conn_patience(c);
    int64_t pause_ms = AGAIN_MS + AGAIN_LATENCIES * c->target.latency_us / 1000;
    bool datagrams = endpoint_is_datagram(&c->target.endpoint);
    int64_t again = datagrams ? deadline_in_ms(pause_ms) : DEADLINE_NEVER;

    while (check_alive(c) && waits(h, fenced, fence, due)) {
        if (conn_move(c, h->conn, CONN_READ, again < deadline ? again : deadline)) {
            deadline = conn_patience(c);
        } else if (!over(h->conn)) {
            if (deadline_passed(deadline))
                break;
            send_again(c, h);
            pause_ms *= 2;
            again = deadline_in_ms(pause_ms);
        }
    }
}

static void hear(struct check_ctx *c, struct heard *h, bool fenced, bool due)
{
    struct conn *conn = h->conn;
    uint32_t fence = conn->next_seq;

    if (fenced && !over(conn)) {
        check_tell_on(c, conn->number, EVENT_WORDS, WHO_KIT, slice_of(NULL, 0),
                      "a NULL call as a fence");
        check_send(c, conn);
        if (conn->lost)
            conn_last_words(c, conn);
    }
    listen_for(c, h, fenced, fence, due);
    if (fenced)
        h->fenced = !over(conn) && !fence_owed(conn, fence);
    refresh(c, h);
    h->waited = due && h->replies == 0;
}

void check_hear(struct check_ctx *c, struct heard *h, bool due)
{
    bool late;

    if (!check_alive(c) || !still_there(h))
        return;
    hear(c, h, true, false);
    late = due && h->replies == 0 && check_alive(c) && !over(h->conn);
    if (!late)
        return;
    hear(c, h, false, true);
    if (h->replies > 0 && check_alive(c)) /* a second one may be behind it */
        hear(c, h, true, false);
}

void check_look(struct check_ctx *c, struct heard *h)
{
    if (!check_alive(c) || !still_there(h))
        return;
    while (check_alive(c) && !over(h->conn) && conn_move(c, h->conn, CONN_READ, 0))
        ;
    refresh(c, h);
}

void check_linger(struct check_ctx *c, struct heard *h)
{
    int64_t deadline = deadline_in_ms(LINGER_MS + LINGER_LATENCIES * c->target.slowest_us / 1000);

    check_look(c, h);
    while (check_alive(c) && still_there(h) && !over(h->conn) && h->replies == 0 &&
           conn_move(c, h->conn, CONN_READ, deadline))
        refresh(c, h);
    refresh(c, h);
}

/* Sends what is framed, and hears as the options want it. */
static void converse(struct check_ctx *c, struct conn *conn, struct slice octets,
                     const struct say_options *options, struct heard *h)
{
    put_out(c, conn, octets);
    if (!check_alive(c) || !h->conn)
        return;
    if (options && options->no_fence && !options->awaits)
        check_look(c, h);
    else if (options && options->no_fence)
        hear(c, h, false, true);
    else
        check_hear(c, h, options && options->awaits);
    if (options && options->lingers)
        check_linger(c, h);
}

void check_say_octets(struct check_ctx *c, struct conn *conn, uint32_t xid, struct slice message,
                      const struct say_options *options, struct heard *ret)
{
    struct buf out;

    check_expect(c, conn, xid, ret);
    if (!ret->conn)
        return;
    buf_init(&out, MESSAGE_MAX);
    frame(c, message, options, &out);
    if (out.failed)
        check_trouble(c, "a message does not fit into %d octets", MESSAGE_MAX);
    if (options && options->resend && endpoint_is_datagram(&c->target.endpoint))
        buf_put(&conn->said[ret->said].message, message);
    converse(c, conn, buf_slice(&out), options, ret);
    buf_free(&out);
}

void check_say(struct check_ctx *c, struct conn *conn, const struct onc_call *call,
               const struct say_options *options, struct heard *ret)
{
    struct buf message;

    buf_init(&message, MESSAGE_MAX);
    onc_put_call(&message, call);
    if (message.failed)
        check_trouble(c, "a call does not fit into %d octets", MESSAGE_MAX);
    check_say_octets(c, conn, call->xid, buf_slice(&message), options, ret);
    buf_free(&message);
}

void check_say_stream(struct check_ctx *c, struct conn *conn, uint32_t xid, struct slice octets,
                      const struct say_options *options, struct heard *ret)
{
    check_expect(c, conn, xid, ret);
    if (!ret->conn)
        return;
    conn->disturbed = true;
    converse(c, conn, octets, options, ret);
}

void check_post(struct check_ctx *c, struct conn *conn, const struct onc_call *call,
                const struct say_options *options, struct heard *ret)
{
    struct buf message;
    struct buf out;

    check_expect(c, conn, call->xid, ret);
    if (!ret->conn)
        return;
    buf_init(&message, MESSAGE_MAX);
    buf_init(&out, MESSAGE_MAX);
    onc_put_call(&message, call);
    frame(c, buf_slice(&message), options, &out);
    if (message.failed || out.failed)
        check_trouble(c, "a call does not fit into %d octets", MESSAGE_MAX);
    if (options && options->resend && endpoint_is_datagram(&c->target.endpoint))
        buf_put(&conn->said[ret->said].message, buf_slice(&message));
    put_out(c, conn, buf_slice(&out));
    buf_free(&message);
    buf_free(&out);
}

/* ---- words ---- */

static void reply_text(const struct heard *h, char *out, size_t cap)
{
    const struct onc_reply *r = &h->reply;
    struct buf line;

    buf_init(&line, OUTCOME_TEXT_MAX);
    onc_describe(h->octets, &line);
    /* Behind "REPLY xid N " the status begins. */
    const char *status =
        h->sound
            ? strstr(buf_text(&line), r->reply_stat == ONC_MSG_ACCEPTED ? "accepted" : "denied")
            : NULL;
    text_format(out, cap, "%s", status ? status : buf_text(&line));
    buf_free(&line);
}

void check_heard_text(const struct heard *h, char *out, size_t cap)
{
    if (h->replies > 0)
        reply_text(h, out, cap);
    else if (h->reset)
        text_copy(out, cap, "the connection is reset");
    else if (h->ended)
        text_copy(out, cap, "end of file");
    else
        text_format(out, cap, "nothing%s",
                    h->fenced ? ", and the NULL call behind it was answered" : "");
}

/* ---- judging ---- */

/* A reply is due and has not come: it is waited for, and its lack settles the check. */
static bool has_reply(struct check_ctx *c, struct heard *h, const char *expected)
{
    char actual[OUTCOME_TEXT_MAX];

    if (!check_alive(c))
        return false;
    refresh(c, h);
    if (h->replies == 0 && !h->waited && still_there(h) && !over(h->conn)) {
        hear(c, h, false, true);
        if (h->fenced && h->replies > 0 && check_alive(c)) /* a second may be behind it */
            hear(c, h, true, false);
    }
    if (h->replies > 0 || !check_alive(c))
        return check_alive(c);
    if (still_there(h) && conn_waits_in_line(c, h->conn))
        return false;
    if (h->reset && endpoint_is_datagram(&c->target.endpoint)) {
        check_turned_away(c, expected, "nobody is there: port unreachable");
        return false;
    }
    check_heard_text(h, actual, sizeof(actual));
    if (still_there(h) && endpoint_is_datagram(&c->target.endpoint) && !c->target.loopback &&
        h->conn->said[h->said].message.len == 0) {
        check_skipped(c, "no reply came, and on the way here datagrams may be lost");
        return false;
    }
    if (h->turned_away) {
        check_turned_away(c, expected, actual);
    } else {
        c->outcome->silent = !h->ended && !h->reset;
        check_broken(c, expected, "%s", actual);
    }
    return false;
}

/* Exactly one reply, which can be read. */
static bool one_sound(struct check_ctx *c, struct heard *h, const char *expected)
{
    if (!has_reply(c, h, expected))
        return false;
    if (still_there(h))
        h->conn->said[h->said].judged = true;
    if (h->replies > 1)
        check_broken(c, expected, "%u replies with xid 0x%" PRIx32, h->replies, h->xid);
    else if (!h->sound)
        check_broken(c, expected, "a reply that cannot be read: %s", h->fault);
    return check_alive(c);
}

/* The reply says something else. */
static void settle_other(struct check_ctx *c, const struct heard *h, const char *expected)
{
    char actual[OUTCOME_TEXT_MAX];

    check_heard_text(h, actual, sizeof(actual));
    check_broken(c, expected, "%s", actual);
}

void check_accepted(struct check_ctx *c, struct heard *h, const char *what, uint32_t status)
{
    const char *name = onc_accept_stat_name(status);
    char expected[OUTCOME_TEXT_MAX];

    text_format(expected, sizeof(expected), "one reply to %.200s: accepted %s", what,
                name ? name : "with a status");
    if (!one_sound(c, h, expected))
        return;
    if (status == ONC_PROC_UNAVAIL && c->target.credential == TARGET_CREDENTIAL_OTHER &&
        h->reply.reply_stat == ONC_MSG_DENIED && h->reply.reject_stat == ONC_AUTH_ERROR) {
        check_skipped(c, "all procedures but NULL want a credential that is not to be had here");
        return;
    }
    if (h->reply.reply_stat != ONC_MSG_ACCEPTED || h->reply.accept_stat != status)
        settle_other(c, h, expected);
    check_met(c);
}

void check_auth_error(struct check_ctx *c, struct heard *h, const char *what, uint32_t stat)
{
    const char *name = onc_auth_stat_name(stat);
    char expected[OUTCOME_TEXT_MAX];

    text_format(expected, sizeof(expected), "one reply to %.200s: denied AUTH_ERROR%s%s", what,
                stat == ONC_AUTH_OK ? "" : " ", stat == ONC_AUTH_OK || !name ? "" : name);
    if (!one_sound(c, h, expected))
        return;
    if (h->reply.reply_stat != ONC_MSG_DENIED || h->reply.reject_stat != ONC_AUTH_ERROR ||
        (stat != ONC_AUTH_OK && h->reply.auth_stat != stat))
        settle_other(c, h, expected);
    check_met(c);
}

void check_rpc_mismatch(struct check_ctx *c, struct heard *h, const char *what)
{
    char expected[OUTCOME_TEXT_MAX];

    text_format(expected, sizeof(expected), "one reply to %.200s: denied RPC_MISMATCH 2..2", what);
    if (!one_sound(c, h, expected))
        return;
    if (h->reply.reply_stat != ONC_MSG_DENIED || h->reply.reject_stat != ONC_RPC_MISMATCH ||
        h->reply.low != ONC_VERSION || h->reply.high != ONC_VERSION)
        settle_other(c, h, expected);
    check_met(c);
}

void check_unanswered(struct check_ctx *c, struct heard *h, const char *what)
{
    char expected[OUTCOME_TEXT_MAX];
    char actual[OUTCOME_TEXT_MAX];

    if (!check_alive(c))
        return;
    check_heard_text(h, actual, sizeof(actual));
    text_format(expected, sizeof(expected), "no reply to %.200s", what);
    if (h->replies > 0)
        check_broken(c, expected, "%s", actual);
    if (still_there(h))
        h->conn->said[h->said].never = true;
    check_met(c);
}

void check_answered_once(struct check_ctx *c, struct heard *h, const char *what)
{
    char expected[OUTCOME_TEXT_MAX];

    text_format(expected, sizeof(expected), "one reply to %.200s", what);
    if (one_sound(c, h, expected))
        check_met(c);
}

/* ---- in one step ---- */

void check_call(struct check_ctx *c, struct conn *conn, uint32_t proc, struct slice args,
                struct heard *ret)
{
    struct say_options options = {.awaits = true, .resend = true};
    struct onc_call call = check_call_of(c, proc);
    struct conn *own = conn ? conn : check_dial(c);
    char what[80];

    call.args = args;
    text_format(what, sizeof(what), "a call of procedure %" PRIu32, proc);
    check_say(c, own, &call, &options, ret);
    check_accepted(c, ret, what, ONC_SUCCESS);
    if (!conn)
        check_close(c, own);
}
