/*
 * Checks: what a way between client and server may do to a stream: cut it anew, gather it, hold it
 * up, lose packets of it. None of that is any of the server's business.
 */
#include <string.h>

#include "conformance/suites.h"

enum {
    BODY = 90,
    REQUESTS = 60,
    STALL_AFTER = 700,
    EXCHANGES = 80,
    VOLUME = 200 << 10,
    LOST_PERCENT = 4,
    OUTAGE_MS = 700, /* a segment is sent three times in it */
};

/* Requests in bursts, so that the way has something to cut and to gather. */
static void converse(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    unsigned count = check_rounds(c, REQUESTS);

    for (unsigned i = 0; i < count && check_in_time(c); i++) {
        check_send_sized(c, conn, BODY + i % 7);
        if (i % 6 == 5)
            check_replies(c, conn);
    }
    check_replies(c, conn);
    check_fence(c, conn);
}

static void pieces(struct check_ctx *c)
{
    check_between(c, "up: cut 1-40 pause 1ms; down: cut 1-40");
    converse(c);
}

static void gathered(struct check_ctx *c)
{
    check_between(c, "both: coalesce 4000 pause 30ms");
    converse(c);
}

static void stalls(struct check_ctx *c)
{
    check_between(c, "up: stop after %d for 400ms; down: stop after %d for 400ms", STALL_AFTER,
                  3 * STALL_AFTER);
    converse(c);
}

static void packet_loss(struct check_ctx *c)
{
    static const struct check_instance_options plain = {.umask = -1};

    if (!check_enter_network(c))
        return;
    check_start_instance(c, &plain);
    check_lose_packets(c, LOST_PERCENT, false);
    struct conn *conn = check_dial(c);
    for (unsigned i = 0; i < EXCHANGES && check_in_time(c); i++)
        check_exchange(c, conn);
    check_pump(c, conn, check_requests(c, VOLUME, BODY), BODY);
    check_lose_packets(c, 100, true);
    check_send(c, conn);
    check_pause(c, OUTAGE_MS);
    check_lose_packets(c, 0, false);
    check_reply(c, conn);
    check_fence(c, conn);
}

#define NEEDS_PATH                                                                                 \
    (NEED_STREAM | NEED_REPLIES | NEED_CUTS | NEED_REQUESTS | NEED_PIPELINES | NEED_PERSISTS)

static const struct check checks[] = {
    {
        .id = "stream.path.pieces",
        .claim = "a conversation that is cut anew on its way is the same conversation",
        .why = "Every proxy, tunnel and slow line cuts a stream as it likes.",
        .how = "60 requests in bursts, through a proxy that passes on pieces of 1 to 40 octets, a "
               "millisecond apart.",
        .cites = {REQ_TCP_9293_3_7_01, REQ_ORD_02},
        .needs = NEEDS_PATH,
        .run = pieces,
    },
    {
        .id = "stream.path.gathered",
        .claim = "requests that are gathered on their way are all answered",
        .why = "What was sent in many segments may arrive in one.",
        .how = "60 requests in bursts, through a proxy that waits until 4000 octets are together, "
               "or 30 ms over.",
        .cites = {REQ_TCP_9293_3_7_01, REQ_ORD_02},
        .needs = NEEDS_PATH,
        .run = gathered,
    },
    {
        .id = "stream.path.stalls",
        .claim = "a line that stands still for a moment loses nothing",
        .why = "A change of route takes a moment, and ends no conversation.",
        .how = "60 requests in bursts, through a proxy that stops in the middle of one, and in the "
               "middle of a reply, for 400 ms.",
        .cites = {REQ_FRAG_05, REQ_ORD_01},
        .needs = NEEDS_PATH,
        .run = stalls,
    },
    {
        .id = "stream.path.packet-loss",
        .claim = "packets that the network loses are TCP's business: the stream is whole",
        .why = "A server that gives up on unacknowledged octets fails on the first bad line.",
        .how = "An instance in a network namespace of its own, where the kernel drops 4 of 100 TCP "
               "packets at random (nftables); exchanges, 200 KiB in bulk, and a reply that gets "
               "through only after 700 ms.",
        .cites = {REQ_ORD_01, REQ_INT_01},
        .needs = NEEDS_PATH | NEED_TCP | NEED_MOVES | NEED_ROOT,
        .flags = CHECK_ALONE,
        .run = packet_loss,
    },
};

SUITE(stream_path);
