/* Twins that answer streams with the wrong octets: lost, changed, added, or in the wrong order. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "reference/twins/twin.h"

enum { KIB = 1 << 10, MIB = 1 << 20, DEMO_BUFFER = 256 };

/* ---- added, lost, changed ---- */

static enum act greet(struct server *s UNUSED, struct client *c)
{
    buf_put_str(&c->out, "welcome\r\n");
    return ACT_GO_ON;
}

/* send(fd, text, strlen(text) + 1): the NUL is not part of the message. */
static enum act add_nul(struct server *s, struct client *c, struct slice got)
{
    stream_echo(s, c, got);
    buf_put_byte(&c->out, 0);
    return ACT_GO_ON;
}

static enum act close_after_limit(struct server *s, struct client *c, struct slice got)
{
    stream_echo(s, c, got);
    c->over = c->reads == s->fault->limit;
    return ACT_GO_ON;
}

static enum act decode_plus(struct server *s, struct client *c, struct slice got)
{
    size_t from = c->out.len;

    stream_echo(s, c, got);
    for (size_t i = from; i < c->out.len; i++)
        c->out.data[i] = c->out.data[i] == '+' ? ' ' : c->out.data[i];
    return ACT_GO_ON;
}

static enum act end_at_nul(struct server *s, struct client *c, struct slice got)
{
    stream_echo(s, c, slice_sub(got, 0, slice_find(got, slice_of("", 1))));
    return ACT_GO_ON;
}

/* `while ((c = getchar()) != EOF)` with a char that is signed. */
static enum act end_at_ff(struct server *s, struct client *c, struct slice got)
{
    size_t at = slice_find(got, slice_str("\xff"));

    stream_echo(s, c, slice_sub(got, 0, at));
    c->over = at < got.len;
    return ACT_GO_ON;
}

static enum act decode_utf8(struct server *s UNUSED, struct client *c, struct slice got)
{
    for (size_t i = 0; i < got.len; i++) {
        if (got.data[i] < 0x80)
            buf_put_byte(&c->out, got.data[i]);
        else
            buf_put_str(&c->out, "\xef\xbf\xbd");
    }
    return ACT_GO_ON;
}

static enum act obey_ctrl_d(struct server *s, struct client *c, struct slice got)
{
    if (slice_eq(got, slice_str("\x04")))
        c->over = true;
    else
        stream_echo(s, c, got);
    return ACT_GO_ON;
}

/* IAC and the two octets behind it are taken for a negotiation. */
static enum act obey_telnet(struct server *s, struct client *c, struct slice got)
{
    size_t at = slice_find(got, slice_str("\xff"));

    stream_echo(s, c, slice_sub(got, 0, at));
    buf_put(&c->out, slice_from(got, at + 3));
    return ACT_GO_ON;
}

static enum act chomp(struct server *s, struct client *c, struct slice got)
{
    if (got.data[got.len - 1] == '\n')
        got.len--;
    stream_echo(s, c, got);
    return ACT_GO_ON;
}

/* buffer[n] = 0 where n is the size of the buffer, and the compiler's padding does not help. */
static enum act spoil_edge(struct server *s, struct client *c, struct slice got)
{
    stream_echo(s, c, got);
    if (got.len == s->fault->limit)
        c->out.data[c->out.len - 1] = 0;
    return ACT_GO_ON;
}

/* ---- positions that overflow ---- */

static bool crosses(const struct client *c, struct slice got, uint64_t position)
{
    return c->heard >= position && c->heard - got.len < position;
}

static enum act lose_octet_at_limit(struct server *s, struct client *c, struct slice got)
{
    if (crosses(c, got, s->fault->limit))
        got.len--;
    stream_echo(s, c, got);
    return ACT_GO_ON;
}

static enum act lose_read_at_limit(struct server *s, struct client *c, struct slice got)
{
    if (!crosses(c, got, s->fault->limit))
        stream_echo(s, c, got);
    return ACT_GO_ON;
}

/* ---- order ---- */

static enum act swap_halves_at_limit(struct server *s, struct client *c, struct slice got)
{
    size_t half = crosses(c, got, s->fault->limit) ? got.len / 2 : 0;

    stream_echo(s, c, slice_from(got, half));
    buf_put(&c->out, slice_sub(got, 0, half));
    return ACT_GO_ON;
}

/* Each piece goes to a worker of its own, and the second is sooner done than the first. */
static enum act answer_second_first(struct server *s, struct client *c, struct slice got)
{
    size_t piece = s->fault->limit;

    stream_echo(s, c, slice_sub(got, piece, piece));
    buf_put(&c->out, slice_sub(got, 0, piece));
    buf_put(&c->out, slice_from(got, 2 * piece));
    return ACT_GO_ON;
}

/* ---- the demo with a prefix and a buffer of 256 octets ---- */

static enum act overflow(struct server *s, struct client *c, struct slice got)
{
    if (s->run->prefix.len + got.len > DEMO_BUFFER)
        abort(); /* what the stack protector makes of it */
    stream_echo(s, c, got);
    return ACT_GO_ON;
}

static enum act cut_to_buffer(struct server *s, struct client *c, struct slice got)
{
    stream_echo(s, c, slice_sub(got, 0, DEMO_BUFFER - s->run->prefix.len));
    return ACT_GO_ON;
}

/* It means to add the prefix only where it is not there yet, and compares lengths for that. */
static enum act forget_prefix(struct server *s, struct client *c, struct slice got)
{
    if (got.len == s->run->prefix.len)
        buf_put(&c->out, got);
    else
        stream_echo(s, c, got);
    return ACT_GO_ON;
}

/* One buffer for all messages, never cleared: from the first NUL on its content is a string. */
static enum act keep_tail(struct server *s, struct client *c, struct slice got)
{
    static char message[STREAM_READ + 1];
    static bool text;

    memcpy(message, got.data, got.len);
    if (text)
        got = slice_str(message);
    text |= memchr(message, 0, got.len) != NULL;
    stream_echo(s, c, got);
    return ACT_GO_ON;
}

/* ---- families ---- */

static bool speaks_ipv4(const struct client *c)
{
    struct sockaddr_in6 peer = {0};
    socklen_t len = sizeof(peer);

    if (getpeername(c->fd, (struct sockaddr *)&peer, &len) != 0)
        return false;
    return peer.sin6_family == AF_INET || IN6_IS_ADDR_V4MAPPED(&peer.sin6_addr);
}

/* A list of those who may come that was written as "127.0.0.1". */
static enum act let_ipv4_in(struct server *s UNUSED, struct client *c)
{
    return speaks_ipv4(c) ? ACT_GO_ON : ACT_DROP;
}

/* ... and one written as "::1", which "::ffff:127.0.0.1" does not match. */
static enum act let_ipv6_in(struct server *s UNUSED, struct client *c)
{
    return speaks_ipv4(c) ? ACT_DROP : ACT_GO_ON;
}

static const struct twin twins[] = {
    {
        .name = "terminating-nul",
        .check = "stream.echo.identity",
        .what = "sends the NUL behind each message along",
        .stream = {.answer = add_nul},
    },
    {
        .name = "greeting",
        .check = "stream.echo.identity",
        .what = "says welcome before it is asked anything",
        .stream = {.welcome = greet},
    },
    {
        .name = "request-limit",
        .check = "stream.echo.until-client-closes",
        .what = "closes a connection after 500 messages",
        .stream = {.limit = 500, .answer = close_after_limit},
    },
    {
        .name = "plus-decoded",
        .check = "stream.echo.all-octets",
        .what = "decodes + to a blank as in a form",
        .stream = {.answer = decode_plus},
    },
    {
        .name = "strlen-on-octets",
        .check = "stream.octets.nul",
        .what = "ends a message at its first NUL",
        .stream = {.answer = end_at_nul},
    },
    {
        .name = "signed-char-eof",
        .check = "stream.octets.high-bytes",
        .what = "takes the octet 0xFF for EOF",
        .stream = {.answer = end_at_ff},
    },
    {
        .name = "utf8-decoded",
        .check = "stream.octets.high-bytes",
        .what = "decodes UTF-8 and answers U+FFFD for what is none",
        .stream = {.answer = decode_utf8},
    },
    {
        .name = "ctrl-d-obeyed",
        .check = "stream.octets.control-bytes",
        .what = "takes a Ctrl-D that comes alone for the end",
        .stream = {.answer = obey_ctrl_d},
    },
    {
        .name = "telnet-obeyed",
        .check = "stream.octets.control-bytes",
        .what = "takes 0xFF and what follows for a telnet command",
        .stream = {.answer = obey_telnet},
    },
    {
        .name = "newline-chomped",
        .check = "stream.octets.line-ends",
        .what = "cuts a newline off the end of what it reads",
        .stream = {.answer = chomp},
    },
    {
        .name = "ipv4-allowed-only",
        .check = "stream.echo.ipv6",
        .transport = "tcp46",
        .what = "knows the clients that may come by their IPv4 address and closes on others",
        .stream = {.welcome = let_ipv4_in},
    },
    {
        .name = "mapped-address-unknown",
        .check = "stream.echo.dual-stack",
        .transport = "tcp6",
        .what = "closes on clients with an IPv4-mapped address, which its list does not hold",
        .stream = {.welcome = let_ipv6_in},
    },
    {
        .name = "buffers-swapped",
        .check = "stream.order.single-connection",
        .what = "sends the second half of its buffer first, once, at 256 KiB of a connection",
        .stream = {.limit = 256 * KIB, .answer = swap_halves_at_limit},
    },
    {
        .name = "counter-at-24-mib",
        .check = "stream.integrity.large",
        .what = "loses one octet when the counter of a connection passes 24 MiB",
        .stream = {.limit = 24 * (size_t)MIB, .answer = lose_octet_at_limit},
    },
    {
        .name = "edge-terminated",
        .check = "stream.integrity.buffer-edges",
        .what = "sets the last octet of a message of exactly 8192 octets to NUL",
        .stream = {.limit = 8192, .answer = spoil_edge},
    },
    {
        .name = "stack-smashed",
        .check = "stream.size.fixed-buffer-overflow",
        .speak = "echo:Echoed msg: ",
        .what = "dies when prefix and message have more than 256 octets",
        .stream = {.answer = overflow},
    },
    {
        .name = "message-truncated",
        .check = "stream.size.fixed-buffer-overflow",
        .speak = "echo:Echoed msg: ",
        .what = "cuts prefix and message to 256 octets",
        .stream = {.answer = cut_to_buffer},
    },
    {
        .name = "workers-unordered",
        .check = "stream.pipeline.order",
        .what = "hands 1024 octets each to workers, and the second worker is the first to answer",
        .stream = {.limit = 1024, .answer = answer_second_first},
    },
    {
        .name = "edge-read-once",
        .check = "stream.pipeline.full-duplex",
        .what = "watches edge-triggered and reads once, so that what is left waits for more",
        .stream = {.events = EPOLLET},
    },
    {
        .name = "position-16-bit",
        .check = "stream.pipeline.deep",
        .what = "loses what it reads when the position in a connection passes 32767",
        .stream = {.limit = 32768, .answer = lose_read_at_limit},
    },
    {
        .name = "prefix-compared-by-length",
        .check = "stream.prefix.lockstep",
        .speak = "echo:Echoed msg: ",
        .what = "leaves the prefix out before a message as long as the prefix",
        .stream = {.answer = forget_prefix},
    },
    {
        .name = "tail-kept",
        .check = "stream.prefix.no-stale-bytes",
        .speak = "echo:Echoed msg: ",
        .what =
            "goes by NUL once it has seen one, in a buffer that holds the longer message before",
        .stream = {.answer = keep_tail},
    },
};

TWINS(octets);
