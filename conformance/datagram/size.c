/* Checks: datagrams of every size, and what they cost. */
#include "conformance/suites.h"
#include "harness/base/deadline.h"

enum { MAX_IPV4 = 65507, MTU_IPV6 = 1280, HEADERS_IPV6 = 48, FENCES = 3, TRIES = 3, GRACE_MS = 40 };

enum fate { FATE_WHOLE, FATE_CUT, FATE_SILENT };

/* What a walk over sizes has shown so far. */
struct walk {
    size_t silent_from; /* the smallest size that got no reply, or 0 */
    size_t cut_at;      /* the length of cut replies, or 0 */
    size_t whole_up_to; /* the largest size that came back whole */
};

/* Somebody else is served while this reply is owed; when that happened, it is not coming. */
static void fence_elsewhere(struct check_ctx *c)
{
    struct conn *other = check_dial(c);

    for (unsigned i = 0; i < FENCES; i++)
        check_exchange(c, other);
    check_close(c, other);
}

/* Sends the request, a few times where nothing comes back: datagrams may be lost. */
static bool ask_for_reply(struct check_ctx *c, struct conn *conn, struct slice request,
                          struct buf *reply)
{
    for (unsigned i = 0; i < TRIES && check_alive(c); i++) {
        check_send_message(c, conn, request);
        if (check_try_message(c, conn, reply, deadline_in_ms(GRACE_MS)))
            return true;
        fence_elsewhere(c);
        if (check_try_message(c, conn, reply, deadline_in_ms(GRACE_MS)))
            return true;
        if (conn->lost)
            check_turned_away(c, "the target takes datagrams", "port unreachable");
    }
    return false;
}

/* Sends a payload of this size and judges the reply: whole, cut short, or none. Anything else
   breaks the claim. */
static enum fate try_size(struct check_ctx *c, size_t size, size_t *ret_len)
{
    struct conn *conn = check_dial(c);
    struct slice prefix = exchange_prefix(c->target.exchange);
    struct buf due, reply;
    enum fate fate = FATE_SILENT;

    buf_init(&due, 1 << 17);
    buf_init(&reply, 1 << 18);
    exchange_body(c->target.exchange, conn->next_seq, size, &due);
    if (ask_for_reply(c, conn, buf_slice(&due), &reply)) {
        struct slice body = slice_from(buf_slice(&reply), prefix.len);
        bool right = slice_starts(buf_slice(&reply), prefix) && body.len <= due.len &&
                     slice_starts(buf_slice(&due), body);

        if (!right)
            check_broken(c, "the request, whole or cut short", "%zu other octets for %zu",
                         reply.len, due.len);
        fate = body.len == due.len ? FATE_WHOLE : FATE_CUT;
        *ret_len = body.len;
    }
    check_close(c, conn);
    buf_free(&due);
    buf_free(&reply);
    return fate;
}

/* A limit is a limit: beyond it everything is cut at the same place, or nothing is answered. */
static void walk_size(struct check_ctx *c, struct walk *w, size_t size)
{
    size_t len = 0;

    switch (try_size(c, size, &len)) {
    case FATE_WHOLE:
        if (w->silent_from)
            check_broken(c, "what is answered at one size is answered at a smaller one",
                         "%zu octets are answered, %zu are not", size, w->silent_from);
        if (w->cut_at)
            check_broken(c, "what comes back whole at one size does so at a smaller one",
                         "%zu octets come back whole, fewer are cut at %zu", size, w->cut_at);
        w->whole_up_to = size;
        break;
    case FATE_CUT:
        if (w->cut_at && w->cut_at != len)
            check_broken(c, "one limit", "replies are cut at %zu and at %zu octets", w->cut_at,
                         len);
        w->cut_at = len;
        break;
    case FATE_SILENT:
        w->silent_from = w->silent_from ? w->silent_from : size;
        break;
    }
    check_met(c);
}

static void remark_limit(struct check_ctx *c, const struct walk *w)
{
    if (w->cut_at)
        check_remark(c, "replies are cut at %zu octets", w->cut_at);
    else if (w->silent_from)
        check_remark(c, "%zu octets and more are not answered", w->silent_from);
}

static void walk_sizes(struct check_ctx *c, const size_t *sizes, size_t count)
{
    struct walk w = {0};

    for (size_t i = 0; i < count && check_alive(c); i++)
        walk_size(c, &w, sizes[i]);
    check_probe(c);
    if (check_alive(c) && w.whole_up_to == 0)
        check_broken(c, "some size that is answered whole", "none from %zu to %zu octets%s",
                     sizes[0], sizes[count - 1], w.cut_at ? "; replies are cut" : "");
    remark_limit(c, &w);
}

static void buffer_edges(struct check_ctx *c)
{
    static const size_t sizes[] = {127,  128,  129,  255,  256,  257,  511,  512,  513,  1023, 1024,
                                   1025, 2047, 2048, 2049, 4095, 4096, 4097, 8191, 8192, 8193};

    walk_sizes(c, sizes, ARRAY_LEN(sizes));
}

static void mtu_edges(struct check_ctx *c)
{
    static const size_t sizes[] = {1232, 1233, 1471, 1472, 1473, 1500, 8192};

    walk_sizes(c, sizes, ARRAY_LEN(sizes));
}

static void max_65507(struct check_ctx *c)
{
    size_t promised = (size_t)check_expected_number(c, "max-datagram", MAX_IPV4);
    struct walk w = {0};

    walk_size(c, &w, 512);
    if (promised < MAX_IPV4)
        walk_size(c, &w, promised);
    bool kept = w.whole_up_to == promised || promised == MAX_IPV4;
    walk_size(c, &w, MAX_IPV4 - exchange_prefix(c->target.exchange).len);
    check_probe(c);
    if (check_alive(c) && !kept)
        check_broken(c, "as large a datagram as the target promises comes back",
                     "%zu octets do not", promised);
    if (check_alive(c) && w.cut_at && w.cut_at < promised)
        check_broken(c, "65507 octets come back, or are not answered",
                     "the reply is cut at %zu octets", w.cut_at);
    remark_limit(c, &w);
}

static void ipv6(struct check_ctx *c)
{
    static const size_t sizes[] = {1, 1231, 1232, 1233, MAX_IPV4};
    struct bound bound = {0};

    if (address_family(&c->target.address) != AF_INET6) {
        bound = check_bound(c, address_port(&c->target.address));
        if (!bound.inet6_any || bound.inet) {
            check_skipped(c, "the target does not take datagrams over IPv6");
            return;
        }
        address_loopback(&c->target.address, AF_INET6, SOCK_DGRAM, 1,
                         address_port(&c->target.address));
    }
    walk_sizes(c, sizes, ARRAY_LEN(sizes));
}

static void zero(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_send_body(c, conn, slice_of("", 0));
    fence_elsewhere(c);
    check_reply(c, conn);
    check_fence(c, conn);
}

static void zero_survival(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    for (unsigned i = 0; i < 3; i++)
        check_send_message(c, conn, slice_of("", 0));
    check_pause(c, 5);
    check_probe(c);
    check_probe(c);
}

/* The length of the reply to a request of this size; 0 where none comes. */
static size_t reply_size(struct check_ctx *c, size_t size, size_t *ret_request)
{
    struct conn *conn = check_dial(c);
    struct buf request, reply;

    buf_init(&request, 1 << 17);
    buf_init(&reply, 1 << 18);
    check_compose(c, conn, size, &request);
    *ret_request = request.len;
    size_t len = ask_for_reply(c, conn, buf_slice(&request), &reply) ? reply.len : 0;
    check_close(c, conn);
    buf_free(&request);
    buf_free(&reply);
    return len;
}

static void no_needless_fragmentation(struct check_ctx *c)
{
    static const size_t sizes[] = {1, 8, 64};

    for (size_t i = 0; i < ARRAY_LEN(sizes) && check_alive(c); i++) {
        size_t request = 0;
        size_t len = reply_size(c, sizes[i], &request);

        if (len > MTU_IPV6 - HEADERS_IPV6)
            check_broken(c, "a reply of at most 1232 octets to a small request",
                         "%zu octets for %zu", len, request);
        check_met(c);
    }
}

static void amplification(struct check_ctx *c)
{
    static const size_t sizes[] = {1, 8, 64, 512};
    size_t factor = (size_t)check_expected_number(c, "max-amplification", 3);
    double worst = 0;

    for (size_t i = 0; i < ARRAY_LEN(sizes) && check_alive(c); i++) {
        size_t request = 0;
        size_t len = reply_size(c, sizes[i], &request);
        double ratio = (double)len / (double)(request ? request : 1);

        worst = ratio > worst ? ratio : worst;
        /* The headers count, too: a few octets more for one are no attack. */
        if (len > factor * (request + 28))
            check_broken(c, "replies that are not much larger than their requests",
                         "%zu octets for %zu", len, request);
        check_met(c);
    }
    check_remark(c, "at most %.1f octets for one", worst);
}

#define NEEDS_SIZES (NEED_DATAGRAM | NEED_REPLIES | NEED_PAYLOAD)

static const struct check checks[] = {
    {
        .id = "datagram.size.buffer-edges",
        .claim = "around usual buffer sizes a datagram comes back whole, or by one rule",
        .why = "Off-by-one errors live at the edges of buffers.",
        .how = "One octet less, as much and one more than 128 octets to 8 KiB. A limit is told: "
               "beyond it all replies are cut alike, or none comes.",
        .cites = {REQ_DGRAM_06},
        .needs = NEEDS_SIZES,
        .run = buffer_edges,
    },
    {
        .id = "datagram.size.mtu-edges",
        .claim = "around the size of an Ethernet frame a datagram comes back whole, or by one rule",
        .why = "1472 octets fit into one frame, 1473 do not.",
        .how = "1232 to 8192 octets, as with the edges of buffers.",
        .cites = {REQ_DGRAM_06, REQ_DGRAM_01},
        .needs = NEEDS_SIZES,
        .run = mtu_edges,
    },
    {
        .id = "datagram.size.max-65507",
        .claim = "the largest UDP payload over IPv4 comes back whole, or is not answered",
        .why = "A reply that is cut silently is a wrong reply.",
        .how = "65507 octets. --expect max-datagram=N tells a limit that is documented.",
        .cites = {REQ_DGRAM_04, REQ_ECHO_862_03},
        .needs = NEEDS_SIZES,
        .expects = "max-datagram",
        .run = max_65507,
    },
    {
        .id = "datagram.size.ipv6",
        .claim = "over IPv6 datagrams come back as they do over IPv4",
        .why = "Address handling written for one family breaks quietly on the other.",
        .how = "1 octet to 65507 over ::1, where the target takes datagrams there.",
        .cites = {REQ_DGRAM_12},
        .needs = NEEDS_SIZES | NEED_UDP | NEED_LOOPBACK,
        .run = ipv6,
    },
    {
        .id = "datagram.size.zero",
        .claim = "an empty datagram gets an empty reply",
        .why = "It is a datagram; many loops take a length of 0 for an error or an end.",
        .how = "An empty datagram; its reply, which holds nothing but the prefix.",
        .cites = {REQ_ECHO_862_06},
        .needs = NEEDS_SIZES | NEED_BINARY,
        .expects = "zero-datagram",
        .run = zero,
    },
    {
        .id = "datagram.size.zero-survival",
        .claim = "an empty datagram does no harm",
        .why = "Taken for an end of file it silences some servers for ever.",
        .how = "Three empty datagrams, then probes.",
        .cites = {REQ_DGRAM_06, REQ_UDP_1122_1_2_2_01},
        .needs = NEED_DATAGRAM | NEED_REPLIES,
        .run = zero_survival,
    },
    {
        .id = "datagram.size.no-needless-fragmentation",
        .claim = "the reply to a small request is small enough for any path",
        .why = "Fragments are lost together, and filtered often.",
        .how = "Requests of 1, 8 and 64 octets; replies of at most 1232.",
        .cites = {REQ_UDP_8085_3_2_01},
        .needs = NEED_DATAGRAM | NEED_REPLIES,
        .run = no_needless_fragmentation,
    },
    {
        .id = "datagram.amp.ratio",
        .claim = "replies are not much larger than their requests",
        .why = "With a false source address a large reply is a weapon.",
        .how = "Requests of 1 to 512 octets; a reply of more than three times the packet. "
               "--expect max-amplification=N sets another factor.",
        .cites = {REQ_UDP_8085_6_01},
        .needs = NEED_DATAGRAM | NEED_REPLIES,
        .expects = "max-amplification",
        .run = amplification,
    },
};

SUITE(datagram_size);
