/* Checks: much data, in order and intact. */
#include "conformance/suites.h"

enum { MIB = 1 << 20, BODY = 16384 };

static void single_connection(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_pump(c, conn, check_requests(c, MIB, 1000), 1000);
    check_fence(c, conn);
}

static void large(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_pump(c, conn, check_requests(c, 64 * (size_t)MIB, BODY), BODY);
    check_fence(c, conn);
}

static void buffer_edges(struct check_ctx *c)
{
    static const size_t sizes[] = {1,     2,     255,   256,   257,   511,   512,   513,  1023,
                                   1024,  1025,  4095,  4096,  4097,  8191,  8192,  8193, 16383,
                                   16384, 16385, 32767, 32768, 32769, 65535, 65536, 65537};
    size_t bearable = check_volume(c, 8 * (size_t)MIB) / 8;
    size_t max = size_min(exchange_body_max(c->target.exchange), bearable);
    size_t done = 0;
    struct conn *conn = check_dial(c);

    for (size_t i = 0; i < ARRAY_LEN(sizes) && check_alive(c); i++) {
        if (sizes[i] > max)
            break;
        check_send_sized(c, conn, sizes[i]);
        check_reply(c, conn);
        done = sizes[i];
    }
    check_fence(c, conn);
    if (done < sizes[ARRAY_LEN(sizes) - 1])
        check_remark(c, "sizes up to %zu octets", done);
}

/* Bodies longer than a prefix echo usually gets: its reply may then hold several prefixes. */
static void fixed_buffer_overflow(struct check_ctx *c)
{
    static const size_t sizes[] = {243, 244, 255, 256, 257, 1000, 5000};
    bool prefix = exchange_prefix(c->target.exchange).len > 0;
    uint8_t letter = exchange_permits(c->target.exchange, 'A') ? 'A' : 'B';
    struct buf body;

    buf_init(&body, 1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(sizes) && check_alive(c); i++) {
        if (sizes[i] > exchange_body_max(c->target.exchange) && !prefix)
            break;
        struct conn *conn = check_dial(c);

        buf_reset(&body);
        for (size_t at = 0; at < sizes[i]; at++)
            buf_put_byte(&body, letter);
        check_send_body(c, conn, buf_slice(&body));
        check_reply(c, conn);
        check_close(c, conn);
    }
    check_probe(c);
    buf_free(&body);
}

static void pipeline_order(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct buf octets;

    buf_init(&octets, 1 << 20);
    for (unsigned i = 0; i < 100; i++) {
        if (exchange_medium(c->target.exchange) == EXCHANGE_OVER_STREAM)
            check_compose(c, conn, CHECK_BODY, &octets);
        else
            check_send(c, conn);
    }
    if (octets.len > 0)
        check_send_octets(c, conn, buf_slice(&octets));
    check_replies(c, conn);
    check_fence(c, conn);
    buf_free(&octets);
}

static void pipeline_full_duplex(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_pump(c, conn, check_requests(c, 16 * (size_t)MIB, 4096), 4096);
    check_fence(c, conn);
}

/* Many small requests in flight: as many as fit into the buffers between, none read meanwhile. */
static void pipeline_deep(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_push(c, conn, CHECK_BODY, check_volume(c, 64000));
    check_drain(c, conn);
    check_fence(c, conn);
}

static const struct check checks[] = {
    {
        .id = "stream.order.single-connection",
        .claim = "octets come back in the order in which they were sent",
        .why = "An ordered stream is what TCP is for.",
        .how = "1 MiB in numbered requests of 1000 octets, compared octet by octet.",
        .cites = {REQ_ORD_01, REQ_ECHO_862_01},
        .needs = NEED_CONNECTED | NEED_REPLIES | NEED_PERSISTS | NEED_PIPELINES | NEED_ORDERED,
        .run = single_connection,
    },
    {
        .id = "stream.integrity.large",
        .claim = "a large transfer is intact",
        .why = "Short writes that are not followed up lose data only under load.",
        .how = "64 MiB sent and read at the same time, compared octet by octet; less where the "
               "target is slow.",
        .cites = {REQ_INT_01},
        .needs = NEED_CONNECTED | NEED_REPLIES | NEED_PERSISTS | NEED_PIPELINES | NEED_PAYLOAD,
        .run = large,
    },
    {
        .id = "stream.integrity.buffer-edges",
        .claim = "messages around usual buffer sizes are intact",
        .why = "Off-by-one errors live at the edges of buffers.",
        .how = "One octet less, as much and one more than 256 octets to 64 KiB, in turn.",
        .cites = {REQ_INT_02},
        .needs = NEED_CONNECTED | NEED_REPLIES | NEED_PERSISTS | NEED_PAYLOAD | NEED_PIPELINES,
        .run = buffer_edges,
    },
    {
        .id = "stream.size.fixed-buffer-overflow",
        .claim = "a message longer than a small fixed buffer does no harm",
        .why = "The classic demo server copies into 256 octets on its stack.",
        .how = "Messages of 243 to 5000 octets on connections of their own, then a probe.",
        .cites = {REQ_DEMO_02},
        .needs = NEED_CONNECTED | NEED_REPLIES | NEED_PERSISTS | NEED_PAYLOAD,
        .run = fixed_buffer_overflow,
    },
    {
        .id = "stream.pipeline.order",
        .claim = "replies to pipelined requests come in the order of the requests",
        .why = "A client that pipelines has nothing but the order to go by.",
        .how = "100 numbered requests in one send.",
        .cites = {REQ_ORD_02},
        .needs = NEED_CONNECTED | NEED_REPLIES | NEED_PERSISTS | NEED_PIPELINES | NEED_ORDERED,
        .flags = CHECK_PIPELINE,
        .run = pipeline_order,
    },
    {
        .id = "stream.pipeline.full-duplex",
        .claim = "pipelining does not deadlock while the client reads",
        .why = "A server that reads all before it writes stops when the buffers are full.",
        .how = "16 MiB of requests, sent and read at the same time.",
        .cites = {REQ_PIPE_01},
        .needs = NEED_CONNECTED | NEED_REPLIES | NEED_PERSISTS | NEED_PIPELINES,
        .run = pipeline_full_duplex,
    },
    {
        .id = "stream.pipeline.deep",
        .claim = "many small requests in flight are all answered",
        .why = "Requests that arrive together are easily taken for one.",
        .how = "Requests of 32 octets without reading, 64 KB of them, then all replies.",
        .cites = {REQ_ORD_02, REQ_TCP_9293_3_7_01},
        .needs = NEED_CONNECTED | NEED_REPLIES | NEED_PERSISTS | NEED_PIPELINES,
        .run = pipeline_deep,
    },
};

SUITE(stream_order);
