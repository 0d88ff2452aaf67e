/* Checks: how a request is cut into segments makes no difference. */
#include "conformance/suites.h"

enum {
    GAP_PIECES = 12, /* so many pieces at most are read apart */
    SPLITS = 12,
    BODY = 40,
    PAUSE_MS = 200,
};

/* A connection for the next try: the same where it persists, else a new one. */
static struct conn *next_conn(struct check_ctx *c, struct conn *conn)
{
    if (conn && exchange_has(c->target.exchange, EXCHANGE_PERSISTS))
        return conn;
    if (conn)
        check_close(c, conn);
    return check_dial(c);
}

/* Sends one request in pieces that end at the given offsets; its reply is the whole one. */
static void send_cut(struct check_ctx *c, struct conn *conn, const size_t *ends, size_t count)
{
    struct buf request;
    size_t at = 0;

    buf_init(&request, 1 << 16);
    check_compose(c, conn, BODY, &request);
    for (size_t i = 0; i <= count && check_alive(c); i++) {
        size_t end = i < count ? ends[i] : request.len;

        check_send_octets(c, conn, slice_sub(buf_slice(&request), at, end - at));
        if (i < GAP_PIECES && i < count)
            check_let_read(c, conn);
        at = end;
    }
    check_reply(c, conn);
    buf_free(&request);
}

/* How many octets a request has; the requests of a check all have the same size. */
static size_t request_size(const struct check_ctx *c)
{
    struct buf body, request;
    struct ask ask = {.seq = 1U << 16};

    buf_init(&body, 1 << 16);
    buf_init(&request, 1 << 16);
    exchange_body(c->target.exchange, ask.seq, BODY, &body);
    ask.body = buf_slice(&body);
    exchange_request(c->target.exchange, &ask, &request);
    size_t size = request.len;
    buf_free(&body);
    buf_free(&request);
    return size;
}

static void every_octet(struct check_ctx *c, struct conn *conn)
{
    size_t ends[1 << 12];
    size_t size = size_min(request_size(c), ARRAY_LEN(ends));

    for (size_t i = 0; i + 1 < size; i++)
        ends[i] = i + 1;
    send_cut(c, conn, ends, size - 1);
}

/* Random places to cut, in order, none twice. */
static void random_split(struct check_ctx *c, struct conn *conn)
{
    size_t size = request_size(c);
    size_t ends[1 << 12];
    size_t count = 0;

    for (size_t at = 1; at < size && count < ARRAY_LEN(ends); at++) {
        if (rng_below(&c->rng, 4) == 0)
            ends[count++] = at;
    }
    send_cut(c, conn, ends, count);
}

static void fence_if_open(struct check_ctx *c, struct conn *conn)
{
    if (exchange_has(c->target.exchange, EXCHANGE_PERSISTS))
        check_fence(c, conn);
}

static void invariance(struct check_ctx *c)
{
    struct conn *conn = next_conn(c, NULL);

    send_cut(c, conn, NULL, 0);
    conn = next_conn(c, conn);
    every_octet(c, conn);
    conn = next_conn(c, conn);
    random_split(c, conn);
    fence_if_open(c, conn);
}

static void byte_by_byte(struct check_ctx *c)
{
    struct conn *conn = NULL;

    for (unsigned i = 0; i < 3 && check_alive(c); i++) {
        conn = next_conn(c, conn);
        every_octet(c, conn);
    }
    fence_if_open(c, conn);
}

static void random_splits(struct check_ctx *c)
{
    struct conn *conn = NULL;
    unsigned splits = check_connections(c, SPLITS);

    for (unsigned i = 0; i < splits && check_alive(c); i++) {
        conn = next_conn(c, conn);
        random_split(c, conn);
    }
    fence_if_open(c, conn);
}

static void every_cut(struct check_ctx *c)
{
    struct conn *conn = NULL;
    size_t size = request_size(c);
    size_t step = 1 + size / check_connections(c, 120);

    for (size_t at = 1; at < size && check_alive(c); at += step) {
        conn = next_conn(c, conn);
        send_cut(c, conn, &at, 1);
    }
    if (conn)
        fence_if_open(c, conn);
}

static void pause_in_middle(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct buf request;

    buf_init(&request, 1 << 16);
    check_compose(c, conn, BODY, &request);
    check_send_octets(c, conn, slice_sub(buf_slice(&request), 0, request.len / 2));
    check_pause(c, PAUSE_MS);
    /* An echo may give back what it has; anything else must wait for the whole request. */
    if (!exchange_has(c->target.exchange, EXCHANGE_ECHO) &&
        !exchange_has(c->target.exchange, EXCHANGE_PREFIX) && check_try_reply(c, conn, 0))
        check_broken(c, "no reply to half a request", "the whole reply");
    check_send_octets(c, conn, slice_from(buf_slice(&request), request.len / 2));
    check_reply(c, conn);
    fence_if_open(c, conn);
    buf_free(&request);
}

/* Three requests in two segments that end in the middle of the second. */
static void coalesced(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct buf octets;

    buf_init(&octets, 1 << 16);
    for (unsigned round = 0; round < 10 && check_alive(c); round++) {
        buf_reset(&octets);
        for (unsigned i = 0; i < 3; i++)
            check_compose(c, conn, BODY, &octets);
        size_t half = octets.len / 6 * (1 + (size_t)rng_below(&c->rng, 5));
        check_send_octets(c, conn, slice_sub(buf_slice(&octets), 0, half));
        check_let_read(c, conn);
        check_send_octets(c, conn, slice_from(buf_slice(&octets), half));
        check_replies(c, conn);
    }
    check_fence(c, conn);
    buf_free(&octets);
}

#define NEEDS_CUTS (NEED_STREAM | NEED_REPLIES | NEED_CUTS | NEED_REQUESTS)

static const struct check checks[] = {
    {
        .id = "stream.frag.invariance",
        .claim = "the same octets get the same reply however they are cut",
        .why = "TCP keeps octets, not writes: no meaning may hang on segment borders.",
        .how = "A request in one write, octet by octet, and at random cuts.",
        .cites = {REQ_TCP_9293_3_7_01},
        .needs = NEEDS_CUTS,
        .run = invariance,
    },
    {
        .id = "stream.frag.byte-by-byte",
        .claim = "a request that arrives octet by octet is one request",
        .why = "A server that takes one read() for one request answers garbage.",
        .how = "Three requests, one octet a segment (TCP_NODELAY).",
        .cites = {REQ_FRAG_01},
        .needs = NEEDS_CUTS,
        .run = byte_by_byte,
    },
    {
        .id = "stream.frag.random-splits",
        .claim = "a request cut at random is one request",
        .why = "Networks cut where they like.",
        .how = "20 requests, each cut at places drawn from the seed.",
        .cites = {REQ_FRAG_02},
        .needs = NEEDS_CUTS,
        .run = random_splits,
    },
    {
        .id = "stream.frag.every-cut",
        .claim = "a request cut in two at any place is one request",
        .why = "A parser that keeps no state loses what stood before one certain octet.",
        .how = "As many requests as there are places to cut one in two.",
        .cites = {REQ_TCP_9293_3_7_01, REQ_FRAG_02},
        .needs = NEEDS_CUTS,
        .run = every_cut,
    },
    {
        .id = "stream.frag.pause-in-middle",
        .claim = "a partial request followed by silence is kept until the rest comes",
        .why = "Links stall; a half request must be neither dropped nor answered.",
        .how = "Half a request, a pause, the rest; then a fence.",
        .cites = {REQ_FRAG_05},
        .needs = NEEDS_CUTS,
        .run = pause_in_middle,
    },
    {
        .id = "stream.frag.coalesced",
        .claim = "requests that share segments are all answered",
        .why = "One read() may hold one and a half requests.",
        .how = "Three requests in two segments, the border in the middle of one of them.",
        .cites = {REQ_TCP_9293_3_7_01, REQ_ORD_02},
        .needs = NEEDS_CUTS | NEED_PIPELINES | NEED_PERSISTS,
        .run = coalesced,
    },
};

SUITE(stream_frag);
