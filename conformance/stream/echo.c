/* Checks: the target answers, every octet and every time, over either family. */
#include <unistd.h>

#include "conformance/suites.h"

enum { MANY = 1000 };

static void identity(struct check_ctx *c)
{
    static const size_t sizes[] = {1, 2, 9, CHECK_BODY, 200, 1000};
    bool persists = exchange_has(c->target.exchange, EXCHANGE_PERSISTS);
    struct conn *conn = check_dial(c);

    for (size_t i = 0; i < (persists ? ARRAY_LEN(sizes) : 1); i++) {
        check_send_sized(c, conn, sizes[i]);
        check_reply(c, conn);
    }
    if (persists)
        check_fence(c, conn);
    else
        check_end(c, conn);
}

static void until_client_closes(struct check_ctx *c)
{
    unsigned rounds = check_rounds(c, MANY);
    struct conn *conn = check_dial(c);

    for (unsigned i = 0; i < rounds && check_alive(c); i++)
        check_exchange(c, conn);
}

/* Sends octets as payloads, in order, leaving out what the exchange does not permit. */
static void echo_octets(struct check_ctx *c, struct conn *conn, struct slice octets)
{
    size_t max = size_min(exchange_body_max(c->target.exchange), 512);
    struct buf body;

    buf_init(&body, 1 << 16);
    for (size_t i = 0; i < octets.len; i++) {
        if (exchange_permits(c->target.exchange, octets.data[i]))
            buf_put_byte(&body, octets.data[i]);
        if (body.len == max || (i + 1 == octets.len && body.len > 0)) {
            check_send_body(c, conn, buf_slice(&body));
            check_reply(c, conn);
            buf_reset(&body);
        }
    }
    buf_free(&body);
}

static void all_octets(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct buf octets;

    buf_init(&octets, 1 << 16);
    for (unsigned value = 0; value < 256; value++)
        buf_put_byte(&octets, (uint8_t)value);
    for (unsigned i = 0; i < 200; i++)
        buf_put_byte(&octets, 0);
    for (unsigned i = 0; i < 200; i++)
        buf_put_byte(&octets, 0xff);
    for (unsigned i = 0; i < 100; i++)
        buf_put_str(&octets, "\r\n");
    echo_octets(c, conn, buf_slice(&octets));
    check_fence(c, conn);
    buf_free(&octets);
}

static void echo_literal(struct check_ctx *c, struct conn *conn, const char *octets, size_t len)
{
    echo_octets(c, conn, slice_of(octets, len));
}

static void nul(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    echo_literal(c, conn, "a\0b\0\0c", 6);
    echo_literal(c, conn, "\0", 1);
    echo_literal(c, conn, "\0\0\0\0behind", 10);
    echo_literal(c, conn, "before\0", 7);
    echo_literal(c, conn, "\0\0", 2);
    check_fence(c, conn);
}

static void high_bytes(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    echo_literal(c, conn, "\xff", 1);
    echo_literal(c, conn, "\x80", 1);
    echo_literal(c, conn, "\xff\xff", 2);
    echo_literal(c, conn, "\xff\xff\xff\xff\x80\x80\x80\xfe\xff", 9);
    check_fence(c, conn);
}

/* Each alone and first on a connection of its own, where a special meaning would show. */
static void control_bytes(struct check_ctx *c)
{
    static const struct {
        const char *octets;
        size_t len;
    } cases[] = {{"\x04", 1},         {"\x03", 1}, {"\x1a", 1},     {"\xff\xf4", 2},
                 {"\xff\xfd\x06", 3}, {"\x1b", 1}, {"\x11\x13", 2}, {"\x7f\x08\x15", 3}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct conn *conn = check_dial(c);

        echo_literal(c, conn, cases[i].octets, cases[i].len);
        check_fence(c, conn);
        check_close(c, conn);
    }
}

static void line_ends(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    echo_literal(c, conn, "\n", 1);
    echo_literal(c, conn, "\r", 1);
    echo_literal(c, conn, "\r\n", 2);
    echo_literal(c, conn, "no end", 6);
    echo_literal(c, conn, "one\ntwo\r\nthree\rfour\n\n\r\r\n", 24);
    check_fence(c, conn);
}

/* True where one IPv6 wildcard socket, and no IPv4 socket beside it, listens on the port. */
static bool listens_for_both(struct check_ctx *c)
{
    struct bound bound = check_bound(c, address_port(&c->target.address));

    return bound.inet6_any && !bound.inet;
}

static void converse_at(struct check_ctx *c, int family)
{
    struct address to;

    address_loopback(&to, family, SOCK_STREAM, 1, address_port(&c->target.address));
    struct conn *conn = check_dial_with(c, &to, NULL);
    check_exchange(c, conn);
    if (exchange_has(c->target.exchange, EXCHANGE_PERSISTS))
        check_fence(c, conn);
    check_close(c, conn);
}

static void ipv6(struct check_ctx *c)
{
    if (address_family(&c->target.address) != AF_INET6 && !listens_for_both(c)) {
        check_skipped(c, "the target does not listen on IPv6");
        return;
    }
    converse_at(c, AF_INET6);
}

static void dual_stack(struct check_ctx *c)
{
    struct address to;
    int fd = -1;

    if (!listens_for_both(c)) {
        check_skipped(c, "the target has no IPv6 wildcard socket that could serve both families");
        return;
    }
    address_loopback(&to, AF_INET, SOCK_STREAM, 1, address_port(&c->target.address));
    struct net_io io = net_dial(&to, NULL, INT64_MAX, &fd);
    if (io.status == NET_REFUSED) {
        check_skipped(c, "the target serves IPv6 only (IPV6_V6ONLY), which is its right");
        return;
    }
    if (io.status == NET_OK)
        close(fd);
    converse_at(c, AF_INET);
}

static const struct check checks[] = {
    {
        .id = "stream.echo.identity",
        .claim = "every request is answered by its own reply, complete and with nothing else",
        .why = "Without it nothing else about the target can be judged.",
        .how = "Requests of 1 to 1000 octets in turn, then one more whose reply proves that "
               "nothing else was on its way.",
        .cites = {REQ_ECHO_862_01, REQ_DEMO_07},
        .needs = NEED_CONNECTED | NEED_REPLIES,
        .flags = CHECK_BASE | CHECK_UNANSWERED,
        .run = identity,
    },
    {
        .id = "stream.echo.until-client-closes",
        .claim = "a connection is served until the client ends it",
        .why = "A server that closes after some number of requests loses those on their way.",
        .how = "1000 requests in turn on one connection.",
        .cites = {REQ_ECHO_862_02},
        .needs = NEED_CONNECTED | NEED_REPLIES | NEED_PERSISTS,
        .run = until_client_closes,
    },
    {
        .id = "stream.echo.all-octets",
        .claim = "no octet value is special",
        .why = "Text functions on binary data lose or change octets.",
        .how = "All 256 values, then runs of NUL, of 0xFF and of CR LF.",
        .cites = {REQ_ECHO_862_05},
        .needs = NEED_CONNECTED | NEED_REPLIES | NEED_PERSISTS | NEED_PAYLOAD | NEED_BINARY,
        .run = all_octets,
    },
    {
        .id = "stream.octets.nul",
        .claim = "NUL octets do not end a message",
        .why = "A server that copies with strcpy() stops at the first NUL.",
        .how = "NUL first, last, alone and within.",
        .cites = {REQ_INT_03},
        .needs = NEED_CONNECTED | NEED_REPLIES | NEED_PERSISTS | NEED_PAYLOAD | NEED_BINARY,
        .run = nul,
    },
    {
        .id = "stream.octets.high-bytes",
        .claim = "octets above 0x7F, and 0xFF, are data",
        .why = "A char that is signed makes 0xFF look like EOF.",
        .how = "0xFF and 0x80 alone and in runs.",
        .cites = {REQ_INT_04},
        .needs = NEED_CONNECTED | NEED_REPLIES | NEED_PERSISTS | NEED_PAYLOAD | NEED_BINARY,
        .run = high_bytes,
    },
    {
        .id = "stream.octets.control-bytes",
        .claim = "control characters and telnet sequences are data",
        .why = "A server behind a terminal layer eats or obeys them.",
        .how = "Ctrl-D, Ctrl-C, Ctrl-Z, IAC sequences, escape, flow control and erase characters, "
               "each first on a connection of its own.",
        .cites = {REQ_INT_05},
        .needs = NEED_CONNECTED | NEED_REPLIES | NEED_PERSISTS | NEED_PAYLOAD | NEED_BINARY,
        .run = control_bytes,
    },
    {
        .id = "stream.octets.line-ends",
        .claim = "line ends come back as they were sent",
        .why = "A server that reads lines waits for an end that never comes, or translates it.",
        .how = "LF, CR and CR LF alone, text without an end, and all of them mixed.",
        .cites = {REQ_ECHO_862_05, REQ_INT_05},
        .needs = NEED_CONNECTED | NEED_REPLIES | NEED_PERSISTS | NEED_PAYLOAD | NEED_BINARY,
        .run = line_ends,
    },
    {
        .id = "stream.echo.ipv6",
        .claim = "over IPv6 the target answers as it does over IPv4",
        .why = "Address handling written for one family breaks quietly on the other.",
        .how = "A conversation over ::1, where the target listens there.",
        .cites = {REQ_V6_01},
        .needs = NEED_TCP | NEED_LOOPBACK | NEED_REPLIES,
        .run = ipv6,
    },
    {
        .id = "stream.echo.dual-stack",
        .claim = "an IPv6 wildcard socket that takes IPv4 clients serves them",
        .why = "POSIX lets such a socket take both families; the addresses then look different.",
        .how = "A conversation over 127.0.0.1 with a target that listens on :: alone.",
        .cites = {REQ_V6_02},
        .needs = NEED_TCP | NEED_LOOPBACK | NEED_REPLIES,
        .run = dual_stack,
    },
};

SUITE(stream_echo);
