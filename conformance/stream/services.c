/* Checks: the other small services over streams. */
#include <sys/socket.h>

#include "conformance/suites.h"

static void discard_silent(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct buf octets;

    buf_init(&octets, 1 << 20);
    for (unsigned i = 0; i < 64; i++)
        exchange_body(c->target.exchange, i, 4096, &octets);
    check_send_octets(c, conn, buf_slice(&octets));
    check_shut(c, conn, SHUT_WR);
    check_end(c, conn);
    buf_free(&octets);
}

static const struct check checks[] = {
    {
        .id = "stream.discard.silent",
        .claim = "a discard server sends nothing, and ends when its client does",
        .why = "RFC 863: all data received is thrown away, and no response is sent.",
        .how = "256 KiB and SHUT_WR; then the end of the connection and not one octet.",
        .cites = {REQ_DISC_863_01},
        .needs = NEED_CONNECTED | NEED_SINK,
        .flags = CHECK_BASE | CHECK_UNANSWERED,
        .run = discard_silent,
    },
};

SUITE(stream_services);
