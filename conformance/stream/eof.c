/* Checks: the end of a connection: after all data, once, and as FIN. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "conformance/suites.h"

enum { MIB = 1 << 20, BODY = 4096, LATER_MS = 100, EXTRA = 64 << 10 };

/* The target has written everything and closed long before the slow client begins to read. */
static void after_all_data(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_push(c, conn, BODY, check_volume(c, MIB));
    check_push_rest(c, conn);
    check_shut(c, conn, SHUT_WR);
    check_pause(c, LATER_MS);
    check_drain(c, conn);
    check_end(c, conn);
}

static void follows_half_close(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_exchange(c, conn);
    check_shut(c, conn, SHUT_WR);
    check_end(c, conn);
}

/* Ends a conversation the graceful way and leaves the socket at its end. */
static struct conn *ended_gracefully(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_exchange(c, conn);
    if (exchange_has(c->target.exchange, EXCHANGE_PERSISTS))
        check_shut(c, conn, SHUT_WR);
    check_eof(c, conn);
    return conn;
}

static void sticky(struct check_ctx *c)
{
    struct conn *conn = ended_gracefully(c);
    uint8_t octet;

    for (unsigned i = 0; i < 3 && check_alive(c); i++) {
        check_pause(c, 10);
        ssize_t n = recv(conn->fd, &octet, 1, 0);
        if (n > 0)
            check_broken(c, "recv() gives 0 again", "an octet after the end of file");
        else if (n < 0)
            check_broken(c, "recv() gives 0 again", "%s", strerror(errno));
        else
            check_met(c);
    }
}

static void no_spurious_data(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    unsigned requests = exchange_has(c->target.exchange, EXCHANGE_PERSISTS) ? 3 : 1;

    for (unsigned i = 0; i < requests; i++)
        check_exchange(c, conn);
    check_shut(c, conn, SHUT_WR);
    check_end(c, conn);
}

static void fin_not_rst(struct check_ctx *c)
{
    struct conn *conn = ended_gracefully(c);
    int error = 0;
    socklen_t len = sizeof(error);

    check_pause(c, 20);
    if (check_alive(c) && getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error)
        check_broken(c, "an end without an error", "%s", strerror(error));
    check_met(c);
}

static void server_initiated(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_exchange(c, conn);
    check_eof(c, conn);
}

static void no_rst_with_unread_input(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_send(c, conn);
    if (check_try_octets(c, conn, slice_str("0123456789")))
        check_pause(c, LATER_MS);
    check_reply(c, conn);
    check_end(c, conn);
}

static void lingering_close(struct check_ctx *c)
{
    static uint8_t extra[EXTRA];
    struct conn *conn = check_dial(c);

    memset(extra, 'x', sizeof(extra));
    check_send(c, conn);
    check_try_octets(c, conn, slice_of(extra, sizeof(extra)));
    check_pause(c, LATER_MS);
    check_reply(c, conn);
    check_end(c, conn);
}

#define NEEDS_TALK (NEED_CONNECTED | NEED_REPLIES | NEED_REQUESTS)

static const struct check checks[] = {
    {
        .id = "stream.eof.after-all-data",
        .claim = "end of file comes behind the last octet, however late the client reads",
        .why = "close() on a full socket, or with SO_LINGER 0, throws away what is queued.",
        .how = "Up to 1 MiB of requests with no reply read, SHUT_WR, a pause; then every reply "
               "and the end.",
        .cites = {REQ_TCP_9293_3_6_01},
        .needs = NEEDS_TALK | NEED_PERSISTS | NEED_PIPELINES,
        .run = after_all_data,
    },
    {
        .id = "stream.eof.follows-half-close",
        .claim = "when the client has half-closed and has its replies, the target closes, too",
        .why = "A connection that nobody closes is a descriptor and a CLOSE-WAIT for ever.",
        .how = "An exchange, SHUT_WR; then the end of the connection.",
        .cites = {REQ_TCP_9293_3_6_07, REQ_DEMO_10},
        .needs = NEEDS_TALK,
        .run = follows_half_close,
    },
    {
        .id = "stream.eof.no-spurious-data",
        .claim = "no octet is sent after the replies that are owed",
        .why = "A server that does not test read() for 0 sends its last message over and over.",
        .how = "Exchanges, SHUT_WR; then not one octet before the end.",
        .cites = {REQ_HC_04, REQ_DEMO_03},
        .needs = NEEDS_TALK,
        .run = no_spurious_data,
    },
    {
        .id = "stream.eof.sticky",
        .claim = "end of file stays",
        .why = "Clients read until 0 and may read again.",
        .how = "After the end of file three more recv() give 0.",
        .cites = {REQ_HC_03},
        .needs = NEED_CONNECTED | NEED_REPLIES,
        .run = sticky,
    },
    {
        .id = "stream.eof.fin-not-rst",
        .claim = "a conversation that ends in order ends with FIN, not RST",
        .why = "RST is an alarm to the client and may overtake data.",
        .how = "An exchange and, where the client ends it, SHUT_WR; recv() gives 0 and the socket "
               "has no error.",
        .cites = {REQ_RST_05},
        .needs = NEED_CONNECTED | NEED_REPLIES,
        .run = fin_not_rst,
    },
    {
        .id = "stream.eof.server-initiated",
        .claim =
            "a server that closes behind its reply closes with FIN, all of the reply before it",
        .why = "The end is what tells the client that the reply is complete.",
        .how = "A request where the service wants one; the reply, then end of file and no reset.",
        .cites = {REQ_DAYTIME_867_01},
        .needs = NEED_CONNECTED | NEED_CLOSES,
        .run = server_initiated,
    },
    {
        .id = "stream.eof.no-rst-with-unread-input",
        .claim = "input that the server does not read does not cost the client the reply",
        .why = "close() with unread input sends RST, which can destroy the reply at the client.",
        .how = "10 octets more than asked, a pause; then the whole reply, before any error.",
        .cites = {REQ_DAYTIME_867_02},
        .needs = NEED_STREAM | NEED_CLOSES,
        .run = no_rst_with_unread_input,
    },
    {
        .id = "stream.reset.lingering-close",
        .claim = "much unread input does not cost the client the reply",
        .why = "A server drains what still comes, or half-closes first, before it closes.",
        .how = "64 KiB behind the request, a pause; then the whole reply, before any error.",
        .cites = {REQ_TCP_9293_3_6_1_04},
        .needs = NEED_STREAM | NEED_CLOSES,
        .run = lingering_close,
    },
};

SUITE(stream_eof);
