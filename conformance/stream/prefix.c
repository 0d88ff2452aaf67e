/* Checks: the prefix echo of the classic demos, which puts a prefix before what each read gave. */
#include "conformance/suites.h"

enum { ROUNDS = 20, SMALL = 16 };

/* One exchange whose reply is one prefix and the request, not an octet more. */
static void exact_exchange(struct check_ctx *c, struct conn *conn, struct slice body)
{
    uint64_t before = conn->heard_octets;
    size_t due = exchange_prefix(c->target.exchange).len + body.len;

    check_send_body(c, conn, body);
    check_reply(c, conn);
    if (check_alive(c) && conn->heard_octets - before != due)
        check_broken(c, "the prefix once and then the request", "%llu octets instead of %zu",
                     (unsigned long long)(conn->heard_octets - before), due);
}

static void lockstep(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct buf body;

    buf_init(&body, 1024);
    for (unsigned i = 0; i < check_rounds(c, ROUNDS) && check_alive(c); i++) {
        buf_reset(&body);
        exchange_body(c->target.exchange, i, 1 + i % SMALL, &body);
        exact_exchange(c, conn, buf_slice(&body));
    }
    buf_free(&body);
}

static void no_stale_bytes(struct check_ctx *c)
{
    static const char letters[] = "AABBCCDD";
    bool upper = exchange_permits(c->target.exchange, 'A');
    struct conn *conn = check_dial(c);
    struct slice word = upper ? slice_str(letters) : slice_str("aabbccdd");
    struct buf body;

    buf_init(&body, 64);
    buf_put(&body, word);
    buf_put_byte(&body, 0);
    exact_exchange(c, conn, buf_slice(&body));
    exact_exchange(c, conn, slice_sub(word, 2, 2));
    exact_exchange(c, conn, slice_sub(word, 4, 1));
    buf_free(&body);
}

/* Two requests in one segment: how many prefixes come is a property of the target. */
static void segmentation_dependence(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct slice prefix = exchange_prefix(c->target.exchange);
    struct buf body, heard;
    unsigned prefixes = 0;

    buf_init(&body, 1024);
    buf_init(&heard, 4096);
    exchange_body(c->target.exchange, 1, SMALL, &body);
    exchange_body(c->target.exchange, 2, SMALL, &body);
    conn->raw = true;
    check_send_octets(c, conn, buf_slice(&body));
    check_gather(c, conn, prefix.len + body.len, &heard);
    for (size_t at = 0; at < heard.len; at++)
        prefixes += slice_starts(slice_from(buf_slice(&heard), at), prefix);
    check_noted(c, "two requests in one segment got %u prefix%s", prefixes,
                prefixes == 1 ? "" : "es");
    buf_free(&body);
    buf_free(&heard);
}

static const struct check checks[] = {
    {
        .id = "stream.prefix.lockstep",
        .claim = "with one request at a time the prefix comes exactly once before each",
        .why = "Without framing, lockstep is the only mode in which the answer is determined.",
        .how = "20 requests of 1 to 16 octets, each after the reply to the one before.",
        .cites = {REQ_FRAG_04, REQ_DEMO_01},
        .needs = NEED_CONNECTED | NEED_PREFIX,
        .run = lockstep,
    },
    {
        .id = "stream.prefix.no-stale-bytes",
        .claim = "a shorter message carries nothing of a longer one before it",
        .why = "strcat() on a buffer that nobody ended brings the old tail along.",
        .how = "A word with a NUL behind it, then shorter parts of it.",
        .cites = {REQ_DEMO_04},
        .needs = NEED_CONNECTED | NEED_PREFIX,
        .run = no_stale_bytes,
    },
    {
        .id = "stream.prefix.segmentation-dependence",
        .claim = "how many prefixes requests get that share a segment is recorded",
        .why = "A server that answers each read() has no rule for messages; clients must know.",
        .how = "Two requests in one segment; the prefixes of the reply are counted.",
        .cites = {REQ_FRAG_03},
        .needs = NEED_STREAM | NEED_PREFIX,
        .run = segmentation_dependence,
    },
};

SUITE(stream_prefix);
