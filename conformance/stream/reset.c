/* Checks: connections that are reset, at every moment. */
#include <signal.h>
#include <sys/socket.h>

#include "conformance/suites.h"
#include "harness/base/deadline.h"

enum { TIMES = 100, BODY = 1024, UNREAD = 64 << 10, FILLS = 32 << 20, WAITING = 1 };
enum { BREAKS = 10, BREAKS_MAX = 100 }; /* a server on the same processor is mostly faster */

static void send_half_request(struct check_ctx *c, struct conn *conn)
{
    struct buf request;

    buf_init(&request, 1 << 16);
    check_compose(c, conn, CHECK_BODY, &request);
    check_try_octets(c, conn, slice_sub(buf_slice(&request), 0, request.len / 2));
    buf_free(&request);
}

static void mid_request(struct check_ctx *c)
{
    for (unsigned i = 0; i < check_connections(c, TIMES) && check_in_time(c); i++) {
        struct conn *conn = check_dial(c);

        send_half_request(c, conn);
        check_reset(c, conn);
    }
    check_probe(c);
}

static void after_request(struct check_ctx *c)
{
    for (unsigned i = 0; i < check_connections(c, TIMES) && check_in_time(c); i++) {
        struct conn *conn = check_dial(c);

        check_send(c, conn);
        check_reset(c, conn);
    }
    check_probe(c);
}

static void before_accept(struct check_ctx *c)
{
    for (unsigned i = 0; i < check_connections(c, 2 * TIMES) && check_in_time(c); i++)
        check_reset(c, check_dial(c));
    check_probe(c);
}

/* As much as the exchange allows is asked for and not read. */
static void ask_much(struct check_ctx *c, struct conn *conn)
{
    if (exchange_has(c->target.exchange, EXCHANGE_PIPELINES | EXCHANGE_REPLIES) &&
        c->target.pipelines)
        check_push(c, conn, BODY, check_volume(c, UNREAD));
    else if (!exchange_has(c->target.exchange, EXCHANGE_SOURCE))
        check_send(c, conn);
}

/* Reads a little and closes with the rest unread, which sends RST. */
static void rude_abort(struct check_ctx *c)
{
    for (unsigned i = 0; i < check_connections(c, TIMES) && check_in_time(c); i++) {
        struct conn *conn = check_dial(c);

        if (i < 3)
            ask_much(c, conn);
        else if (!exchange_has(c->target.exchange, EXCHANGE_SOURCE))
            check_send(c, conn);
        check_swallow(c, conn, 1, deadline_in_ms(c->target.patience_ms));
        check_close(c, conn);
    }
    check_probe(c);
}

/* FIN first: the first write of the server is answered by RST, the next one by EPIPE. */
static void peer_gone_before_reply(struct check_ctx *c)
{
    unsigned requests = exchange_has(c->target.exchange, EXCHANGE_PERSISTS) ? 5 : 1;

    for (unsigned i = 0; i < check_connections(c, TIMES / 2) && check_in_time(c); i++) {
        struct conn *conn = check_dial(c);
        struct buf octets;

        buf_init(&octets, 1 << 16);
        for (unsigned j = 0; j < requests; j++)
            check_compose(c, conn, CHECK_BODY, &octets);
        check_hold_for_fin(c, conn); /* nobody is there any more when the target reads it */
        if (exchange_medium(c->target.exchange) == EXCHANGE_OVER_STREAM)
            check_try_octets(c, conn, buf_slice(&octets));
        else
            check_send(c, conn);
        check_close(c, conn);
        buf_free(&octets);
    }
    check_probe(c);
}

/* The FIN that comes with the request makes an error of the reset that follows an EPIPE, and EPIPE
   raises SIGPIPE at the first send; behind a bare reset only the second one would. False where the
   target was faster: its reply was there before the reset. */
static bool leave_without_reply(struct check_ctx *c, unsigned rest_ms)
{
    struct conn *conn = check_dial(c);

    check_hold_for_fin(c, conn);
    check_send(c, conn);
    check_pause(c, rest_ms); /* who has slept is not set aside at once for the server it wakes */
    return check_break_off(c, conn);
}

/* Nothing more fits: the target waits to send, and has not read all. Its next send fails by the
   reset, and the one after that raises SIGPIPE. */
static void leave_it_waiting(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_try_push(c, conn, BODY, check_volume(c, FILLS));
    check_reset(c, conn);
}

static void sigpipe_survival(struct check_ctx *c)
{
    /* A unix socket holds nothing back for the FIN: more tries would not be earlier than these. */
    unsigned most = endpoint_is_unix(&c->target.endpoint) ? BREAKS : BREAKS_MAX;

    for (unsigned i = 0; i < WAITING && c->target.pipelines && check_alive(c); i++)
        leave_it_waiting(c);
    for (unsigned i = 0; i < BREAKS && check_alive(c); i++) {
        struct conn *conn = check_dial(c);

        ask_much(c, conn);
        check_swallow(c, conn, 1, deadline_in_ms(c->target.patience_ms));
        check_reset(c, conn);
    }
    for (unsigned i = 0, first = 0; i < most && first < BREAKS && check_in_time(c); i++)
        first += leave_without_reply(c, 1 + i / 8);
    check_probe(c);
    if (check_alive(c) && !procview_runs(c->target.pid))
        check_broken(c, "the same process goes on", "process %d is gone", (int)c->target.pid);
}

static void isolated(struct check_ctx *c)
{
    struct conn *steady = check_dial(c);

    check_exchange(c, steady);
    for (unsigned i = 0; i < check_connections(c, TIMES / 2) && check_in_time(c); i++) {
        struct conn *other = check_dial(c);

        if (i % 2)
            send_half_request(c, other);
        else
            check_send(c, other);
        check_reset(c, other);
        check_exchange(c, steady);
    }
    check_fence(c, steady);
}

#define NEEDS_TALK (NEED_CONNECTED | NEED_REPLIES | NEED_REQUESTS)

static const struct check checks[] = {
    {
        .id = "stream.reset.mid-request",
        .claim = "a reset in the middle of a request does no harm",
        .why = "Clients crash at any moment.",
        .how = "Half a request and a reset, 100 times; then a probe.",
        .cites = {REQ_RST_01},
        .needs = NEEDS_TALK,
        .flags = CHECK_ALONE,
        .run = mid_request,
    },
    {
        .id = "stream.reset.after-request",
        .claim = "a reset right behind a request does no harm",
        .why = "The reply meets a connection that is gone: ECONNRESET or EPIPE and SIGPIPE.",
        .how = "A request and a reset, 100 times; then a probe.",
        .cites = {REQ_RST_02, REQ_RST_01},
        .needs = NEEDS_TALK,
        .flags = CHECK_ALONE,
        .run = after_request,
    },
    {
        .id = "stream.reset.before-accept",
        .claim = "a connection that is reset before it is accepted does no harm",
        .why = "accept() may fail with ECONNABORTED, or give a socket that is dead already.",
        .how = "Connect and reset at once, 200 times; then a probe.",
        .cites = {REQ_RST_04},
        .needs = NEED_CONNECTED,
        .flags = CHECK_ALONE,
        .run = before_accept,
    },
    {
        .id = "stream.reset.rude-abort-survival",
        .claim = "a client that closes with replies unread does no harm",
        .why = "RFC 864: the service should survive both a careful and a rude end.",
        .how = "Requests, one octet read, close with the rest unread, 100 times; then a probe.",
        .cites = {REQ_CHARGEN_864_01},
        .needs = NEED_CONNECTED,
        .flags = CHECK_ALONE,
        .run = rude_abort,
    },
    {
        .id = "stream.reset.peer-gone-before-reply",
        .claim = "writing to a client that has gone does no harm",
        .why = "The first write is answered by RST, the second raises SIGPIPE.",
        .how = "Requests and close at once, 50 times; then a probe.",
        .cites = {REQ_RST_02},
        .needs = NEEDS_TALK,
        .flags = CHECK_ALONE,
        .run = peer_gone_before_reply,
    },
    {
        .id = "stream.reset.sigpipe-survival",
        .claim = "a reset while the server is writing does not end its process",
        .why = "SIGPIPE's default is death.",
        .how =
            "Requests until none fits any more and a reset; 64 KiB asked for, one octet "
            "read, reset, 10 times; a request, SHUT_WR and a reset at once, until 10 came before "
            "the reply; the same process answers a probe.",
        .cites = {REQ_RST_02},
        .needs = NEEDS_TALK | NEED_LOCAL,
        .flags = CHECK_ALONE,
        .run = sigpipe_survival,
    },
    {
        .id = "stream.reset.isolated",
        .claim = "the reset of one connection does not disturb another",
        .why = "Error handling that closes the wrong descriptor, or all of them.",
        .how = "An exchange on one connection after each of 50 resets of others.",
        .cites = {REQ_RST_03},
        .needs = NEEDS_TALK | NEED_PERSISTS | NEED_CONCURRENT,
        .flags = CHECK_ALONE,
        .run = isolated,
    },
};

SUITE(stream_reset);
