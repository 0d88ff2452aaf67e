/* Checks: each datagram is answered by its own reply, whole, once, and to where it came from. */
#include "conformance/suites.h"
#include "harness/base/deadline.h"

enum { MANY = 1000, SPACED = 20, FENCES = 3 };

static void identity(struct check_ctx *c)
{
    static const size_t sizes[] = {1, 2, 9, CHECK_BODY, 200, 512};
    struct conn *conn = check_dial(c);

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        check_send_sized(c, conn, sizes[i]);
        check_reply(c, conn);
    }
    check_fence(c, conn);
}

static void keeps_answering(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    for (unsigned i = 0; i < check_rounds(c, MANY) && check_alive(c); i++)
        check_exchange(c, conn);
}

static void to_source(struct check_ctx *c)
{
    struct conn *one = check_dial(c);
    struct conn *two = check_dial(c);

    for (unsigned i = 0; i < 10; i++) {
        check_send(c, one);
        check_send(c, two);
        check_replies(c, two);
        check_replies(c, one);
    }
    check_fence(c, one);
    check_fence(c, two);
}

static void one_reply_per_request(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    for (unsigned i = 0; i < SPACED && check_alive(c); i++)
        check_exchange(c, conn);
    for (unsigned i = 0; i < FENCES; i++)
        check_fence(c, conn);
    check_pause(c, 10);
    for (unsigned i = 0; i < FENCES; i++)
        check_fence(c, conn);
}

static void boundaries(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    for (unsigned i = 0; i < 5 && check_alive(c); i++) {
        check_send_sized(c, conn, 9);
        check_send_sized(c, conn, 1000);
        check_send_sized(c, conn, 10 + i);
        check_replies(c, conn);
    }
    check_fence(c, conn);
}

/* Sends a payload of one octet repeated, which the exchange permits, and expects its reply. */
static void exchange_filler(struct check_ctx *c, struct conn *conn, size_t size, uint8_t octet)
{
    struct buf body;

    buf_init(&body, 1 << 16);
    if (!exchange_permits(c->target.exchange, octet))
        octet++;
    for (size_t i = 0; i < size; i++)
        buf_put_byte(&body, octet);
    check_send_body(c, conn, buf_slice(&body));
    check_reply(c, conn);
    buf_free(&body);
}

static void no_stale_bytes(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct conn *other = check_dial(c);

    exchange_filler(c, conn, 200, 'A');
    exchange_filler(c, conn, 2, 'k');
    exchange_filler(c, conn, 250, 'C');
    exchange_filler(c, other, 3, 'm');
    check_fence(c, conn);
}

static void reply_length(struct check_ctx *c)
{
    static const size_t sizes[] = {1, 10, 100, 10, 1, 500, 5};
    struct conn *conn = check_dial(c);

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        exchange_filler(c, conn, sizes[i], (uint8_t)('a' + i));
    check_fence(c, conn);
}

static void no_terminator_needed(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    exchange_filler(c, conn, 500, 'C');
    exchange_filler(c, conn, 256, 'A');
    exchange_filler(c, conn, 255, 'k');
    check_fence(c, conn);
}

static void exchange_octets(struct check_ctx *c, struct conn *conn, struct slice octets)
{
    struct buf body;

    buf_init(&body, 1 << 16);
    for (size_t i = 0; i < octets.len; i++) {
        if (exchange_permits(c->target.exchange, octets.data[i]))
            buf_put_byte(&body, octets.data[i]);
    }
    check_send_body(c, conn, buf_slice(&body));
    check_reply(c, conn);
    buf_free(&body);
}

static void nul_transparent(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    exchange_octets(c, conn, slice_of("k\0m\0", 4));
    exchange_octets(c, conn, slice_of("\0", 1));
    exchange_octets(c, conn, slice_of("\0\0\0\0m", 5));
    check_fence(c, conn);
}

static void all_octets(struct check_ctx *c)
{
    uint8_t octets[256];
    struct conn *conn = check_dial(c);

    for (size_t i = 0; i < sizeof(octets); i++)
        octets[i] = (uint8_t)i;
    exchange_octets(c, conn, slice_of(octets, sizeof(octets)));
    exchange_octets(c, conn, slice_of("\xff\xff\x80", 3));
    exchange_octets(c, conn, slice_of("\r\n\n\r\x04\x03", 6));
    check_fence(c, conn);
}

static void prefix_exact(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    exchange_octets(c, conn, slice_of("k", 1));
    exchange_octets(c, conn, slice_of("\0", 1));
    exchange_octets(c, conn, slice_of("\xff", 1));
    exchange_octets(c, conn, slice_of("k\0\xffm", 4));
    check_fence(c, conn);
}

static void discard_silent(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct buf message;

    buf_init(&message, 1 << 17);
    for (unsigned i = 0; i < 5; i++) {
        buf_reset(&message);
        exchange_body(c->target.exchange, i, 100, &message);
        check_send_message(c, conn, buf_slice(&message));
    }
    if (check_try_message(c, conn, &message, deadline_in_ms(c->target.patience_ms / 10)))
        check_broken(c, "silence", "a datagram of %zu octet%s", message.len, text_s(message.len));
    if (conn->lost)
        check_turned_away(c, "a server that takes datagrams", "port unreachable");
    check_met(c);
    buf_free(&message);
}

static void chargen_bounds(struct check_ctx *c)
{
    static const size_t sizes[] = {0, 1, 100, 1000};
    struct conn *conn = check_dial(c);
    struct buf message;

    buf_init(&message, 1 << 17);
    for (size_t i = 0; i < ARRAY_LEN(sizes) && check_alive(c); i++) {
        static const uint8_t request[1000];

        check_send_message(c, conn, slice_of(request, sizes[i]));
        if (!check_try_message(c, conn, &message, deadline_in_ms(c->target.patience_ms)))
            check_broken(c, "an answer of 0 to 512 octets", "none");
        if (message.len > 512)
            check_broken(c, "an answer of 0 to 512 octets", "%zu octets", message.len);
        check_met(c);
    }
    buf_free(&message);
}

#define NEEDS_TALK (NEED_DATAGRAM | NEED_REPLIES)

static const struct check checks[] = {
    {
        .id = "datagram.echo.identity",
        .claim = "every datagram is answered by its own reply, complete and with nothing else",
        .why = "Without it nothing else about the target can be judged.",
        .how = "Datagrams of 1 to 512 octets in turn, then one more whose reply proves that "
               "nothing else was on its way.",
        .cites = {REQ_ECHO_862_03},
        .needs = NEEDS_TALK,
        .flags = CHECK_BASE | CHECK_UNANSWERED,
        .run = identity,
    },
    {
        .id = "datagram.echo.keeps-answering",
        .claim = "request after request is answered, none is lost",
        .why = "Counters overflow, tables fill, and some servers drain their queue behind a reply.",
        .how = "1000 exchanges in turn from one socket.",
        .cites = {REQ_ECHO_862_03},
        .needs = NEEDS_TALK,
        .flags = CHECK_ALONE | CHECK_EVERY,
        .run = keeps_answering,
    },
    {
        .id = "datagram.echo.to-source",
        .claim = "the reply goes to the address and port that the request came from",
        .why = "A server that remembers one client answers the wrong one.",
        .how = "Two sockets with requests of their own, in turns; each hears its own replies only.",
        .cites = {REQ_ECHO_862_04},
        .needs = NEEDS_TALK,
        .run = to_source,
    },
    {
        .id = "datagram.echo.one-reply-per-request",
        .claim = "each request gets exactly one reply",
        .why = "A second reply is taken for the answer to the next request.",
        .how = "20 numbered requests in turn, then fences before and after a pause.",
        .cites = {REQ_ECHO_862_08, REQ_CHARGEN_864_03},
        .needs = NEEDS_TALK,
        .run = one_reply_per_request,
    },
    {
        .id = "datagram.echo.boundaries",
        .claim = "datagrams are neither merged nor split",
        .why = "A datagram is a message; a server that collects octets makes a stream of it.",
        .how = "Datagrams of different sizes back to back; one reply of the same size for each.",
        .cites = {REQ_DGRAM_01},
        .needs = NEEDS_TALK | NEED_PAYLOAD,
        .run = boundaries,
    },
    {
        .id = "datagram.echo.no-stale-bytes",
        .claim = "a short reply carries nothing of an earlier, longer message",
        .why = "The rest of a buffer is somebody else's data.",
        .how = "200 octets of a filler, then 2 octets, from the same and from another socket.",
        .cites = {REQ_DGRAM_02, REQ_DEMO_14},
        .needs = NEEDS_TALK | NEED_PAYLOAD,
        .run = no_stale_bytes,
    },
    {
        .id = "datagram.echo.reply-length",
        .claim = "the length of a reply depends on its request alone",
        .why = "sendto(..., sizeof(buffer)) sends the whole buffer every time.",
        .how = "1, 10, 100, 10, 1, 500 and 5 octets.",
        .cites = {REQ_DGRAM_03},
        .needs = NEEDS_TALK | NEED_PAYLOAD,
        .run = reply_length,
    },
    {
        .id = "datagram.echo.no-terminator-needed",
        .claim = "a request without a NUL is not read beyond its end",
        .why = "strlen() on what recvfrom() filled runs on into what was there before.",
        .how = "256 octets without NUL behind a longer message.",
        .cites = {REQ_DGRAM_17},
        .needs = NEEDS_TALK | NEED_PAYLOAD,
        .run = no_terminator_needed,
    },
    {
        .id = "datagram.echo.nul-transparent",
        .claim = "NUL octets within a datagram come back unchanged",
        .why = "strcpy() and strlen() stop there.",
        .how = "NUL first, last, alone and within.",
        .cites = {REQ_DGRAM_16},
        .needs = NEEDS_TALK | NEED_PAYLOAD | NEED_BINARY,
        .run = nul_transparent,
    },
    {
        .id = "datagram.echo.all-octets",
        .claim = "no octet value is special in a datagram",
        .why = "Text functions on binary data lose or change octets.",
        .how = "All 256 values, then line ends and control characters.",
        .cites = {REQ_ECHO_862_05},
        .needs = NEEDS_TALK | NEED_PAYLOAD | NEED_BINARY,
        .run = all_octets,
    },
    {
        .id = "datagram.prefix.exact",
        .claim = "the reply is the prefix and exactly the octets of the request",
        .why = "The classic demo ends its reply at the first NUL, or goes on to its buffer's end.",
        .how = "One octet, NUL, 0xFF and a mixture behind the prefix.",
        .cites = {REQ_DGRAM_20, REQ_DEMO_13},
        .needs = NEEDS_TALK | NEED_PREFIX,
        .run = prefix_exact,
    },
    {
        .id = "datagram.discard.silent",
        .claim = "a discard server answers no datagram",
        .why = "RFC 863: no response is sent.",
        .how = "Five datagrams, and silence for a tenth of the patience.",
        .cites = {REQ_DISC_863_02},
        .needs = NEED_DATAGRAM | NEED_SINK,
        .flags = CHECK_BASE | CHECK_UNANSWERED,
        .run = discard_silent,
    },
    {
        .id = "datagram.chargen.bounds",
        .claim = "a character generator answers with 0 to 512 octets",
        .why = "RFC 864 bounds it; more makes it an amplifier.",
        .how = "Requests of 0 to 1000 octets; the length of each answer.",
        .cites = {REQ_CHARGEN_864_04},
        .needs = NEED_DATAGRAM | NEED_SOURCE,
        .run = chargen_bounds,
    },
    {
        .id = "datagram.meta.port-byte-order",
        .claim = "the target takes datagrams on the port that it was told",
        .why = "Without htons() a little-endian machine serves on the port with its octets "
               "swapped.",
        .how = "The kernel's list of sockets that the target's processes hold.",
        .cites = {REQ_DEMO_16},
        .needs = NEED_UDP | NEED_LOCAL,
        .flags = CHECK_UNANSWERED | CHECK_UNREACHED,
        .run = check_own_port,
    },
};

SUITE(datagram_echo);
