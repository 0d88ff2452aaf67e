/* Checks: shutdown() by the client, in each direction, idle and with data on its way. */
#include <sys/socket.h>

#include "conformance/suites.h"

enum { MIB = 1 << 20, TRIES = 8, PENDING = 64 << 10, BODY = 1024, IDLE_MS = 40 };

/* Puts requests on their way and reads no reply: the replies are pending towards us. */
static void leave_replies_pending(struct check_ctx *c, struct conn *conn)
{
    check_push(c, conn, BODY, check_volume(c, PENDING));
    check_push_rest(c, conn);
}

static unsigned requests_for(const struct check_ctx *c, unsigned nominal)
{
    return exchange_has(c->target.exchange, EXCHANGE_PERSISTS | EXCHANGE_PIPELINES) ? nominal : 1;
}

/* Sends the requests and SHUT_WR with nothing in between, in every other try even in one segment;
   then expects all replies and the end. */
static void half_close_behind(struct check_ctx *c, unsigned try, unsigned requests, size_t size)
{
    struct conn *conn = check_dial(c);

    if (try % 2)
        check_hold_for_fin(c, conn);
    for (unsigned i = 0; i < requests; i++)
        check_send_sized(c, conn, size);
    check_shut(c, conn, SHUT_WR);
    check_replies(c, conn);
    check_end(c, conn);
    check_close(c, conn);
}

/* Loss at half-close is a race: several sizes, several tries. */
static void half_close_drains(struct check_ctx *c)
{
    static const size_t sizes[] = {CHECK_BODY, 1, 4096, 32768};
    size_t max = check_volume(c, MIB);

    for (unsigned i = 0; i < check_connections(c, TRIES) && check_alive(c); i++)
        half_close_behind(c, i / ARRAY_LEN(sizes), 1, size_min(sizes[i % ARRAY_LEN(sizes)], max));
}

static void half_close_empty(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_shut(c, conn, SHUT_WR);
    check_end(c, conn);
}

static void half_close_large(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_pump_out(c, conn, check_requests(c, 8 * (size_t)MIB, 16384), 16384);
    check_shut(c, conn, SHUT_WR);
    check_drain(c, conn);
    check_end(c, conn);
}

static void pipelined_then_half_close(struct check_ctx *c)
{
    for (unsigned i = 0; i < check_connections(c, TRIES) && check_alive(c); i++)
        half_close_behind(c, i / 2, i % 2 ? 16 : 3, CHECK_BODY);
}

static void wr_idle(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    if (requests_for(c, 2) > 1)
        check_exchange(c, conn);
    check_pause(c, IDLE_MS);
    check_shut(c, conn, SHUT_WR);
    check_end(c, conn);
}

static void wr_replies_pending(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    leave_replies_pending(c, conn);
    check_shut(c, conn, SHUT_WR);
    check_pause(c, IDLE_MS);
    check_drain(c, conn);
    check_end(c, conn);
}

static void rd_idle(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_shut(c, conn, SHUT_RD);
    check_pause(c, IDLE_MS);
    check_close(c, conn);
    check_probe(c);
}

/* The replies have nowhere to go; on a unix socket the server's send() fails with EPIPE. */
static void client_shut_rd(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct buf request;

    buf_init(&request, 1 << 20);
    for (unsigned i = 0; i < requests_for(c, 64); i++)
        check_compose(c, conn, BODY, &request);
    check_shut(c, conn, SHUT_RD);
    for (unsigned i = 0; i < 4; i++) {
        if (!check_try_octets(c, conn, buf_slice(&request)))
            break;
        check_pause(c, 1);
    }
    check_close(c, conn);
    check_probe(c);
    buf_free(&request);
}

static void rd_replies_pending(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    leave_replies_pending(c, conn);
    check_shut(c, conn, SHUT_RD);
    check_pause(c, IDLE_MS);
    check_close(c, conn);
    check_probe(c);
}

static void rdwr_idle(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    if (requests_for(c, 2) > 1)
        check_exchange(c, conn);
    check_shut(c, conn, SHUT_RDWR);
    check_far_end_gone(c, conn);
    check_close(c, conn);
    check_probe(c);
}

static void rdwr_requests_pending(struct check_ctx *c)
{
    for (unsigned i = 0; i < check_connections(c, TRIES) && check_alive(c); i++) {
        struct conn *conn = check_dial(c);

        /* So many that the target still answers when nobody is there any more. */
        if (requests_for(c, 2) > 1)
            check_push(c, conn, BODY, PENDING);
        else
            check_send(c, conn);
        check_shut(c, conn, SHUT_RDWR);
        check_close(c, conn);
    }
    check_probe(c);
}

static void rdwr_replies_pending(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    leave_replies_pending(c, conn);
    check_shut(c, conn, SHUT_RDWR);
    check_pause(c, IDLE_MS);
    check_close(c, conn);
    check_probe(c);
}

#define NEEDS_TALK (NEED_CONNECTED | NEED_REPLIES | NEED_REQUESTS)
#define NEEDS_BULK (NEEDS_TALK | NEED_PERSISTS | NEED_PIPELINES)

static const struct check checks[] = {
    {
        .id = "stream.shutdown.half-close-drains",
        .claim = "a client that half-closes behind its request still gets the whole reply",
        .why =
            "SHUT_WR says \"no more requests\", not \"go away\": who takes it for that loses the "
            "last reply.",
        .how = "A request and SHUT_WR with nothing in between, several sizes and tries; then the "
               "reply and the end of the connection.",
        .cites = {REQ_TCP_9293_3_6_02},
        .needs = NEEDS_TALK,
        .flags = CHECK_HALF_CLOSE,
        .run = half_close_drains,
    },
    {
        .id = "stream.shutdown.half-close-empty",
        .claim = "a half-close before any request is answered by the end of the connection alone",
        .why = "Nothing was asked, so nothing may come, and nobody should wait.",
        .how = "SHUT_WR at once; then the end and not one octet.",
        .cites = {REQ_HC_01},
        .needs = NEEDS_TALK,
        .flags = CHECK_UNANSWERED,
        .run = half_close_empty,
    },
    {
        .id = "stream.shutdown.half-close-large",
        .claim = "a large upload with a half-close right behind it is answered in full",
        .why = "The more is on its way when FIN comes, the more there is to lose.",
        .how = "8 MiB with a reader beside, SHUT_WR as soon as all is sent; every reply, then the "
               "end.",
        .cites = {REQ_HC_02},
        .needs = NEEDS_BULK,
        .run = half_close_large,
    },
    {
        .id = "stream.shutdown.pipelined-then-half-close",
        .claim = "requests that are pipelined before a half-close are all answered",
        .why = "A half-closing client is not a vanished one.",
        .how = "3 and 16 requests and SHUT_WR before any reply is read, several tries.",
        .cites = {REQ_TCP_9293_3_6_06},
        .needs = NEEDS_BULK,
        .run = pipelined_then_half_close,
    },
    {
        .id = "stream.shutdown.wr-idle",
        .claim = "SHUT_WR on an idle connection ends it without another octet",
        .why = "Nothing is owed; what comes after is spurious, and what stays is a leak.",
        .how = "An exchange, a pause, SHUT_WR; then the end.",
        .cites = {REQ_TCP_9293_3_6_07, REQ_HC_04},
        .needs = NEEDS_TALK,
        .run = wr_idle,
    },
    {
        .id = "stream.shutdown.wr-replies-pending",
        .claim = "replies that wait for a slow client survive its half-close",
        .why = "The server may already be blocked in its send() when FIN comes.",
        .how = "64 KiB of requests with no reply read, SHUT_WR, a pause; then every reply and the "
               "end.",
        .cites = {REQ_TCP_9293_3_6_02},
        .needs = NEEDS_BULK,
        .run = wr_replies_pending,
    },
    {
        .id = "stream.shutdown.rd-idle",
        .claim = "SHUT_RD on an idle connection does no harm",
        .why = "The state is rare, and rarely tried.",
        .how = "SHUT_RD, a pause, close; then a probe.",
        .cites = {REQ_HC_05},
        .needs = NEEDS_TALK,
        .run = rd_idle,
    },
    {
        .id = "stream.shutdown.client-shut-rd",
        .claim = "a client that shuts down reading and goes on writing does no harm",
        .why = "On Unix sockets the server's send() then fails with EPIPE, and SIGPIPE kills.",
        .how = "SHUT_RD, requests, close; then a probe.",
        .cites = {REQ_HC_05},
        .needs = NEEDS_TALK,
        .run = client_shut_rd,
    },
    {
        .id = "stream.shutdown.rd-replies-pending",
        .claim = "SHUT_RD with replies on their way does no harm",
        .why = "What is queued can never be delivered.",
        .how = "64 KiB of requests with no reply read, SHUT_RD, a pause, close; then a probe.",
        .cites = {REQ_HC_05},
        .needs = NEEDS_BULK,
        .run = rd_replies_pending,
    },
    {
        .id = "stream.shutdown.rdwr-idle",
        .claim = "SHUT_RDWR on an idle connection ends it on both sides",
        .why = "FIN comes and, for whatever is sent then, RST; who waits on holds the socket for "
               "ever.",
        .how = "An exchange, SHUT_RDWR; the kernel's list shows that the target let go; then a "
               "probe.",
        .cites = {REQ_RST_01, REQ_LEAK_02},
        .needs = NEEDS_TALK,
        .run = rdwr_idle,
    },
    {
        .id = "stream.shutdown.rdwr-requests-pending",
        .claim = "SHUT_RDWR right behind requests does no harm",
        .why = "The replies meet a connection that is gone.",
        .how = "Requests, SHUT_RDWR and close at once, several tries; then a probe.",
        .cites = {REQ_RST_02},
        .needs = NEEDS_TALK,
        .run = rdwr_requests_pending,
    },
    {
        .id = "stream.shutdown.rdwr-replies-pending",
        .claim = "SHUT_RDWR with replies on their way does no harm",
        .why = "The server is in the middle of its send() when the connection goes.",
        .how = "64 KiB of requests with no reply read, SHUT_RDWR, a pause, close; then a probe.",
        .cites = {REQ_RST_02},
        .needs = NEEDS_BULK,
        .run = rdwr_replies_pending,
    },
};

SUITE(stream_shutdown);
