/* Checks: messages that are no calls, or no whole ones; and the same calls over TCP and UDP. */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "conformance/rpc/wrong.h"
#include "conformance/suites.h"
#include "harness/base/deadline.h"

enum { MESSAGE_MAX = 1024, TEXT = 200 };

/* ---- what is no call ---- */

/* Says it on a connection of its own. No reply may come; an end is allowed. */
static void say_stray(struct check_ctx *c, uint32_t xid, struct slice message, const char *what)
{
    struct conn *conn = check_dial(c);
    struct heard h;

    check_say_octets(c, conn, xid, message, &wrong_open, &h);
    check_unanswered(c, &h, what);
    check_close(c, conn);
}

static void reply_to_server(struct check_ctx *c)
{
    static const struct {
        const char *what;
        uint32_t reply_stat, status;
    } rows[] = {
        {"a reply: accepted, SUCCESS", ONC_MSG_ACCEPTED, ONC_SUCCESS},
        {"a reply: accepted, GARBAGE_ARGS", ONC_MSG_ACCEPTED, ONC_GARBAGE_ARGS},
        {"a reply: denied, AUTH_ERROR", ONC_MSG_DENIED, ONC_AUTH_ERROR},
    };
    struct buf message;

    buf_init(&message, MESSAGE_MAX);
    for (size_t i = 0; i < ARRAY_LEN(rows) && check_alive(c); i++) {
        struct onc_reply reply = onc_reply_of(check_xid(c), slice_of(NULL, 0));

        reply.reply_stat = rows[i].reply_stat;
        reply.accept_stat = reply.reject_stat = rows[i].status;
        reply.auth_stat = ONC_AUTH_BADCRED;
        buf_reset(&message);
        onc_put_reply(&message, &reply);
        say_stray(c, reply.xid, buf_slice(&message), rows[i].what);
    }
    buf_free(&message);
    check_probe(c);
}

/* A call in everything but its type. */
static void type_values(struct check_ctx *c)
{
    static const uint32_t types[] = {ONC_REPLY, 2, 0x00000100, 0x80000000, 0xffffffff};
    struct buf message;

    buf_init(&message, MESSAGE_MAX);
    for (size_t i = 0; i < ARRAY_LEN(types) && check_alive(c); i++) {
        const struct wrong w = {.field = WRONG_TYPE, .value = types[i]};
        struct onc_call call = wrong_call(c, &w);
        char what[80];

        text_format(what, sizeof(what), "a NULL call with msg_type %" PRIu32, types[i]);
        buf_reset(&message);
        onc_put_call(&message, &call);
        say_stray(c, call.xid, buf_slice(&message), what);
    }
    buf_free(&message);
    check_probe(c);
}

/* ---- cut headers ---- */

/* What comes to a header that is not whole is open, as long as the call is not executed. */
static void header_cut(struct check_ctx *c)
{
    static const size_t keeps[] = {0, 3, 4, 7, 8, 12, 16, 20, 23, 24, 27, 28, 31, 32, 36, 39};
    unsigned garbage = 0;

    for (size_t i = 0; i < ARRAY_LEN(keeps) && check_in_time(c); i++) {
        struct conn *conn = check_dial(c);
        struct onc_call call = check_call_of(c, ONC_NULLPROC);
        struct heard h;

        call.cut = true;
        call.keep = keeps[i];
        check_say(c, conn, &call, &wrong_open, &h);
        if (h.replies > 0)
            check_answered_once(c, &h, "a call that ends in its header");
        bool accepted = h.replies > 0 && h.reply.reply_stat == ONC_MSG_ACCEPTED;
        if (accepted && h.reply.accept_stat == ONC_SUCCESS)
            check_broken(c, "a call that ends in its header is not executed",
                         "the first %zu octets of a NULL call are answered with SUCCESS", keeps[i]);
        garbage += accepted && h.reply.accept_stat == ONC_GARBAGE_ARGS;
        check_met(c);
        check_close(c, conn);
    }
    check_probe(c);
    if (garbage > 0)
        check_remark(c, "%u cut headers were answered with GARBAGE_ARGS, which is for arguments",
                     garbage);
}

/* ---- two transports ---- */

/* All steps go to the other transport of the same port from now on; false where nobody answers
   there. The exchange belongs to the caller. */
static bool cross_over(struct check_ctx *c, struct exchange **ret)
{
    bool datagrams = endpoint_is_datagram(&c->target.endpoint);
    struct conn *conn;
    struct problem why;

    c->target.endpoint.kind = datagrams ? ENDPOINT_TCP : ENDPOINT_UDP;
    c->target.address.socktype = datagrams ? SOCK_STREAM : SOCK_DGRAM;
    if (!target_open_exchange("rpc", &c->target.endpoint, ret, &why)) {
        check_trouble(c, "%.300s", why.text);
        return false;
    }
    c->target.exchange = *ret;
    if (!check_try_dial(c, &conn))
        return false;
    check_send(c, conn);
    bool answered = check_try_reply(c, conn, deadline_in_ms(c->target.patience_ms));
    check_close(c, conn);
    return answered;
}

enum { ROWS = 8 };

static const char *const no_reply = "no reply";

/* Each stimulus on a connection of its own; in words what it brings. */
static void react(struct check_ctx *c, char texts[ROWS][TEXT])
{
    static const struct wrong others[] = {
        {"a call with rpcvers 3", WRONG_RPCVERS, 3, 0},
        {"a message with msg_type 2", WRONG_TYPE, 2, 0},
    };

    for (unsigned i = 0; i < ROWS && check_alive(c); i++) {
        const struct wrong *w = i < WRONG_STATUSES ? &wrong_statuses[i] : &others[i % 2];
        struct onc_call call = wrong_call(c, w);
        struct conn *conn = check_dial(c);
        struct heard h;

        if (i >= WRONG_STATUSES + 2)
            call.cred.flavor = 0x7ffffff7;
        check_say(c, conn, &call, i < WRONG_STATUSES ? &wrong_due : &wrong_open, &h);
        if (i < WRONG_STATUSES)
            check_answered_once(c, &h, w->what);
        if (h.replies > 0)
            check_heard_text(&h, texts[i], TEXT);
        else
            text_copy(texts[i], TEXT, no_reply);
        check_met(c);
        check_close(c, conn);
    }
}

static void same_status(struct check_ctx *c)
{
    const struct target here = c->target;
    struct exchange *x = NULL;
    char texts[2][ROWS][TEXT] = {{{0}}};
    bool there;

    if (endpoint_is_unix(&here.endpoint)) {
        check_skipped(c, "a Unix-domain socket has no port that UDP could have, too");
        return;
    }
    react(c, texts[0]);
    there = check_alive(c) && cross_over(c, &x);
    if (there)
        react(c, texts[1]);
    const char *other = endpoint_is_datagram(&here.endpoint) ? "TCP" : "UDP";
    for (unsigned i = 0; i < ROWS && there && check_alive(c); i++) {
        /* Silence where no reply is due may be slowness: only replies are compared. */
        bool silent = text_eq(texts[0][i], no_reply) || text_eq(texts[1][i], no_reply);

        if (!text_eq(texts[0][i], texts[1][i]) && !silent)
            check_broken(c, texts[0][i], "over %s: %s", other, texts[1][i]);
        else if (!text_eq(texts[0][i], texts[1][i]))
            check_remark(c, "%s over one transport brings %s over %s", texts[0][i], texts[1][i],
                         other);
    }
    if (!there)
        check_skipped(c, "the program is not served over %s at the same port", other);
    c->target = here;
    exchange_close(x);
}

static const struct check checks[] = {
    {
        .id = "rpc.msg.reply-to-server",
        .claim = "a reply that is sent to a server is not answered",
        .why = "Two servers that answer each other's replies never stop: a forged datagram is "
               "enough to start them.",
        .how = "Replies of three kinds, each on a connection of its own; a NULL call behind it, or "
               "an end of the connection, but no reply. Then the target still serves.",
        .cites = {REQ_RPC_5531_9_20},
        .needs = NEED_RPC,
        .run = reply_to_server,
    },
    {
        .id = "rpc.msg.type-values",
        .claim = "what is no CALL is not executed",
        .why = "CALL is 0 and REPLY is 1; there is nothing else.",
        .how = "NULL calls with the msg_type 1, 2, 256, 2^31 and 2^32-1: none is answered, and the "
               "target still serves.",
        .cites = {REQ_RPC_5531_9_01, REQ_RPC_5531_9_20},
        .needs = NEED_RPC,
        .run = type_values,
    },
    {
        .id = "rpc.msg.header-vs-args",
        .claim = "a call that ends within its header is not executed",
        .why = "A reader that goes on behind the end takes octets that belong to somebody else.",
        .how = "The first 0 to 39 octets of a NULL call, each on a connection of its own: no "
               "SUCCESS, no reply with an xid that nobody sent; then the target still serves.",
        .cites = {REQ_RPC_5531_9_21},
        .needs = NEED_RPC,
        .run = header_cut,
    },
    {
        .id = "rpc.transport.same-status",
        .claim = "the same call brings the same reply over TCP and UDP",
        .why = "Clients choose the transport by its size limits, not by what it means.",
        .how = "Calls of every status, wrong rpcvers, msg_type and flavor over both transports of "
               "the port, where both are served; the replies are compared.",
        .cites = {REQ_RPC_ROB_9_18},
        .needs = NEED_RPC,
        .run = same_status,
    },
};

SUITE(rpc_stray);
