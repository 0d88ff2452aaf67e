/* Checks: flow control. Who does not read waits; nothing is lost and nobody grows. */
#include "conformance/suites.h"
#include "harness/base/deadline.h"

enum {
    MIB = 1 << 20,
    BODY = 4096,
    TRICKLE = 1024,
    PAUSE_MS = 300,      /* a kernel probes a zero window after 200 ms, and may give up only then */
    SMALL_WINDOW = 4096, /* SO_RCVBUF of a reader with little room */
    GROWTH_MAX = 16 * MIB,
};

/* A reader with little room that does not read for a while: the window is zero meanwhile. */
static void slow_reader(struct check_ctx *c)
{
    struct net_dial_options options = {.receive_buffer = SMALL_WINDOW};
    struct conn *conn = check_dial_with(c, &c->target.address, &options);

    /* More than the target's send buffer holds, so that it has to wait. */
    size_t most = exchange_has(c->target.exchange, EXCHANGE_PAYLOAD) ? 8 * (size_t)MIB : MIB;

    check_push(c, conn, BODY, check_volume(c, most));
    check_pause(c, PAUSE_MS);
    check_drain(c, conn);
    check_fence(c, conn);
}

/* It reads, but a little at a time, with pauses. */
static void trickling_reader(struct check_ctx *c)
{
    struct net_dial_options options = {.receive_buffer = SMALL_WINDOW};
    struct conn *conn = check_dial_with(c, &c->target.address, &options);

    check_push(c, conn, TRICKLE, check_volume(c, 64 << 10));
    check_push_rest(c, conn); /* who waits for the rest of a request may hold replies back */
    for (unsigned i = 0; i < 8 && check_alive(c); i++) {
        check_pause(c, 5);
        check_reply(c, conn);
    }
    check_drain(c, conn);
    check_fence(c, conn);
}

static void backpressure_no_loss(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_push(c, conn, BODY, check_volume(c, 32 * (size_t)MIB));
    check_drain(c, conn);
    check_fence(c, conn);
}

static void bounded_memory(struct check_ctx *c)
{
    struct procview before, after;

    check_probe(c);
    before = check_memory_view(c);
    struct conn *conn = check_dial(c);
    size_t pushed = check_push(c, conn, BODY, check_volume(c, 64 * (size_t)MIB));
    after = check_view(c);
    check_tell(c, WHO_KIT, slice_of(NULL, 0), "resident memory: %llu KiB, then %llu KiB",
               (unsigned long long)before.rss_bytes / 1024,
               (unsigned long long)after.rss_bytes / 1024);
    if (check_alive(c) && after.rss_bytes > before.rss_bytes + GROWTH_MAX)
        check_broken(c, "memory that grows by less than 16 MiB",
                     "it grew by %llu MiB while %zu MiB were pushed and nothing was read",
                     (unsigned long long)(after.rss_bytes - before.rss_bytes) / MIB, pushed / MIB);
    check_met(c);
    check_reset(c, conn);
}

/* A server that produces without end is throttled by a reader who does not read. */
static void producer_bounded(struct check_ctx *c)
{
    struct procview before = check_memory_view(c);
    struct conn *conn = check_dial(c);

    check_pause(c, 2 * PAUSE_MS);
    struct procview after = check_view(c);
    if (check_alive(c) && after.rss_bytes > before.rss_bytes + GROWTH_MAX)
        check_broken(c, "memory that grows by less than 16 MiB", "it grew by %llu MiB",
                     (unsigned long long)(after.rss_bytes - before.rss_bytes) / MIB);
    if (check_swallow(c, conn, MIB, deadline_in_ms(c->target.patience_ms)) < MIB)
        check_broken(c, "octets without end", "less than 1 MiB");
    check_met(c);
    check_reset(c, conn);
}

#define NEEDS_BULK (NEED_CONNECTED | NEED_REPLIES | NEED_PERSISTS | NEED_PIPELINES)

static const struct check checks[] = {
    {
        .id = "stream.flow.slow-reader",
        .claim = "a client that does not read for a while loses nothing and is not cut off",
        .why = "A zero window is a normal state of TCP; programs take it for a dead client.",
        .how = "Up to 1 MiB of requests from a client with a small window that reads nothing, a "
               "pause, then every reply.",
        .cites = {REQ_TCP_9293_3_8_6_1_02},
        .needs = NEEDS_BULK,
        .run = slow_reader,
    },
    {
        .id = "stream.flow.trickling-reader",
        .claim = "a client that reads in small amounts gets everything in order",
        .why = "Short writes come often with a small window, and each has to be followed up.",
        .how = "64 KiB of requests with a receive buffer of 4 KiB; the first replies are read one "
               "by one, "
               "with pauses.",
        .cites = {REQ_TCP_9293_3_8_6_1_02, REQ_ORD_01},
        .needs = NEEDS_BULK,
        .run = trickling_reader,
    },
    {
        .id = "stream.flow.backpressure-no-loss",
        .claim = "a client that only writes is made to wait, and nothing it sent is lost",
        .why = "A server that cannot send must stop reading; dropping is the easy way out.",
        .how = "Requests without reading until the target takes no more (at most 32 MiB), then "
               "every reply.",
        .cites = {REQ_PIPE_02},
        .needs = NEEDS_BULK,
        .run = backpressure_no_loss,
    },
    {
        .id = "stream.flow.bounded-memory",
        .claim = "memory stays bounded while a client does not read",
        .why = "One client that never reads must not be able to use up the server's memory.",
        .how = "Requests without reading until the target takes no more (at most 64 MiB); its "
               "resident memory grows by less than 16 MiB.",
        .cites = {REQ_PIPE_03},
        .needs = NEEDS_BULK | NEED_LOCAL,
        .flags = CHECK_ALONE | CHECK_REMOTE_FLOOD,
        .run = bounded_memory,
    },
    {
        .id = "stream.flow.producer-bounded",
        .claim = "a server that produces without end waits for a client that does not read",
        .why = "It would otherwise fill its memory.",
        .how = "A connection that is not read for a while; resident memory stays bounded, and the "
               "octets then come.",
        .cites = {REQ_CHARGEN_864_02},
        .needs = NEED_CONNECTED | NEED_SOURCE | NEED_LOCAL,
        .flags = CHECK_ALONE,
        .run = producer_bounded,
    },
};

SUITE(stream_flow);
