/* Twins that answer datagrams with the wrong octets, or with too many or too few of them. */
#include <stdlib.h>
#include <string.h>

#include "reference/twins/twin.h"

enum {
    FRAME = 1472, /* payload of an Ethernet frame over IPv4 */
    MTU = 1500,
    PATH = 1232, /* payload that any path takes over IPv6 */
    HEADER_IPV6 = 40,
    SMALL = 16,
    FILLER = 1 << 12,
};

static struct slice content(const struct datagram *d)
{
    return slice_of(d->data, d->len);
}

/* ---- content ---- */

static void add_nul(struct datagram_server *s, struct datagram *d)
{
    d->data[d->len] = 0;
    datagram_answer(s, d, slice_of(d->data, d->len + 1));
}

static void end_at_nul(struct datagram_server *s, struct datagram *d)
{
    datagram_answer(s, d, slice_sub(content(d), 0, slice_find(content(d), slice_of("", 1))));
}

/* A file that is opened as text ends at Ctrl-Z. */
static void end_at_ctrl_z(struct datagram_server *s, struct datagram *d)
{
    datagram_answer(s, d, slice_sub(content(d), 0, slice_find(content(d), slice_str("\x1a"))));
}

/* A string of its own for prefix and message; an empty one is not worth an answer. */
static void answer_text(struct datagram_server *s, struct datagram *d)
{
    size_t len = slice_find(content(d), slice_of("", 1));

    datagram_answer(s, d, slice_of(d->data, len > 0 ? len : d->len - (d->len == 1)));
}

static void look_up_command(struct datagram_server *s, struct datagram *d)
{
    if (d->len > 0 && d->data[0] > 0x80 && d->data[0] < 0xff)
        abort(); /* what the memory before the table makes of it */
    datagram_answer(s, d, content(d));
}

/* ---- length ---- */

/* Three octets go out as a word of four; the fourth is whatever stood there. */
static void pad_three(struct datagram_server *s, struct datagram *d)
{
    datagram_answer(s, d, slice_of(d->data, d->len == 3 ? 4 : d->len));
}

static void pad_to_64(struct datagram_server *s, struct datagram *d)
{
    datagram_answer(s, d, slice_of(d->data, d->len > 256 ? (d->len + 63) / 64 * 64 : d->len));
}

/* strlen(), and a NUL behind the message only where the buffer of 256 octets has room for it. */
static void run_on(struct datagram_server *s, struct datagram *d)
{
    size_t more = 0;

    while (d->len >= 256 && d->len + more < DATAGRAM_MAX && d->data[d->len + more])
        more++;
    datagram_answer(s, d, slice_of(d->data, d->len + more));
}

static void spoil_edge(struct datagram_server *s, struct datagram *d)
{
    datagram_answer(s, d, slice_of(d->data, d->len - (d->len == s->fault->limit)));
}

/* What is no longer than the MTU goes into one frame, it thinks, and forgets the headers. */
static void cut_to_frame(struct datagram_server *s, struct datagram *d)
{
    datagram_answer(s, d, slice_of(d->data, d->len > FRAME && d->len <= MTU ? FRAME : d->len));
}

static void cut_to_limit(struct datagram_server *s, struct datagram *d)
{
    datagram_answer(s, d, slice_sub(content(d), 0, s->fault->limit));
}

/* The header counts against the path, but the kernel has counted it already. */
static void cut_header(struct datagram_server *s, struct datagram *d)
{
    bool over6 = address_family(&d->route.peer) == AF_INET6;

    datagram_answer(s, d, slice_of(d->data, d->len - (over6 && d->len > PATH ? HEADER_IPV6 : 0)));
}

/* ---- how many ---- */

static void ignore_empty(struct datagram_server *s, struct datagram *d)
{
    if (d->len > 0)
        datagram_answer(s, d, content(d));
}

/* recvfrom() gave 0: that is the end of file, or is it not? */
static void end_at_empty(struct datagram_server *s, struct datagram *d)
{
    s->mute = d->len == 0;
    ignore_empty(s, d);
}

/* How many datagrams in a row have come from the same port, this one included. */
static unsigned same_port(const struct datagram *d)
{
    static uint16_t port;
    static unsigned count;

    count = address_port(&d->route.peer) == port ? count + 1 : 1;
    port = address_port(&d->route.peer);
    return count;
}

static void lose_one_of_limit(struct datagram_server *s, struct datagram *d)
{
    if (same_port(d) % s->fault->limit != 0)
        datagram_answer(s, d, content(d));
}

static void repeat_one_of_limit(struct datagram_server *s, struct datagram *d)
{
    datagram_answer(s, d, content(d));
    if (same_port(d) % s->fault->limit == 0)
        datagram_answer(s, d, content(d));
}

/* Small ones are gathered, as Nagle would, with what waits behind them. */
static void merge_small(struct datagram_server *s, struct datagram *d)
{
    struct datagram *next = d + 1;

    if (d->len < SMALL && next < s->items + s->count &&
        address_eq(&d->route.peer, &next->route.peer)) {
        memcpy(d->data + d->len, next->data, next->len);
        d->len += next->len;
        next->done = true;
    }
    datagram_answer(s, d, content(d));
}

/* ---- much for little ---- */

static void answer_filler(struct datagram_server *s, struct datagram *d, size_t len)
{
    static uint8_t filler[FILLER];

    memset(filler, '.', sizeof(filler));
    datagram_answer(s, d, slice_of(filler, len));
}

static void probe_path(struct datagram_server *s, struct datagram *d)
{
    if (d->len == 64)
        answer_filler(s, d, 1400);
    else
        datagram_answer(s, d, content(d));
}

static void tell_status(struct datagram_server *s, struct datagram *d)
{
    if (d->len == 8)
        answer_filler(s, d, 300);
    else
        datagram_answer(s, d, content(d));
}

/* ---- the other small services ---- */

static void acknowledge(struct datagram_server *s, struct datagram *d)
{
    datagram_answer(s, d, slice_of(NULL, 0));
}

static void generate_as_asked(struct datagram_server *s, struct datagram *d)
{
    answer_filler(s, d, d->len > 74 ? size_min(d->len, FILLER) : 74);
}

static const struct twin twins[] = {
    {
        .name = "udp-terminating-nul",
        .check = "datagram.echo.identity",
        .transport = "udp",
        .what = "sends the NUL behind each message along",
        .datagram = {.answer = add_nul},
    },
    {
        .name = "udp-loses-one-of-512",
        .check = "datagram.echo.keeps-answering",
        .transport = "udp",
        .what = "does not answer the 512th datagram in a row of a client",
        .datagram = {.limit = 512, .answer = lose_one_of_limit},
    },
    {
        .name = "udp-repeats-one-of-16",
        .check = "datagram.echo.one-reply-per-request",
        .transport = "udp",
        .what = "answers the 16th datagram in a row of a client twice",
        .datagram = {.limit = 16, .answer = repeat_one_of_limit},
    },
    {
        .name = "udp-small-merged",
        .check = "datagram.echo.boundaries",
        .transport = "udp",
        .what = "answers a datagram of less than 16 octets together with the next one",
        .datagram = {.turn_ms = 2, .batch = 16, .answer = merge_small},
    },
    {
        .name = "udp-word-padded",
        .check = "datagram.echo.no-stale-bytes",
        .transport = "udp",
        .what = "answers three octets with four, of which the last is older",
        .datagram = {.answer = pad_three},
    },
    {
        .name = "udp-block-padded",
        .check = "datagram.echo.reply-length",
        .transport = "udp",
        .what = "pads answers of more than 256 octets to a multiple of 64",
        .datagram = {.answer = pad_to_64},
    },
    {
        .name = "udp-runs-on",
        .check = "datagram.echo.no-terminator-needed",
        .transport = "udp",
        .what = "takes 256 octets and more for a string, and reads on to the next NUL",
        .datagram = {.answer = run_on},
    },
    {
        .name = "udp-strlen-on-octets",
        .check = "datagram.echo.nul-transparent",
        .transport = "udp",
        .what = "ends a message at its first NUL",
        .datagram = {.answer = end_at_nul},
    },
    {
        .name = "udp-ctrl-z",
        .check = "datagram.echo.all-octets",
        .transport = "udp",
        .what = "ends a message at Ctrl-Z",
        .datagram = {.answer = end_at_ctrl_z},
    },
    {
        .name = "udp-prefix-as-text",
        .check = "datagram.prefix.exact",
        .transport = "udp",
        .speak = "echo:Echoed msg: ",
        .what = "makes a string of prefix and message",
        .datagram = {.answer = answer_text},
    },
    {
        .name = "udp-discard-acknowledges",
        .check = "datagram.discard.silent",
        .transport = "udp",
        .speak = "discard",
        .what = "acknowledges what it has thrown away with an empty datagram",
        .datagram = {.answer = acknowledge},
    },
    {
        .name = "udp-chargen-as-asked",
        .check = "datagram.chargen.bounds",
        .transport = "udp",
        .speak = "chargen",
        .what = "answers as many octets as it was sent",
        .datagram = {.answer = generate_as_asked},
    },
    {
        .name = "udp-edge-terminated",
        .check = "datagram.size.buffer-edges",
        .transport = "udp",
        .what = "loses the last octet of exactly 1024",
        .datagram = {.limit = 1024, .answer = spoil_edge},
    },
    {
        .name = "udp-frame-without-headers",
        .check = "datagram.size.mtu-edges",
        .transport = "udp",
        .what = "cuts messages of 1473 to 1500 octets to what fits into a frame",
        .datagram = {.answer = cut_to_frame},
    },
    {
        .name = "udp-buffer-of-32-kib",
        .check = "datagram.size.max-65507",
        .transport = "udp",
        .what = "cuts messages to 32768 octets",
        .datagram = {.limit = 32768, .answer = cut_to_limit},
    },
    {
        .name = "udp6-header-counted",
        .check = "datagram.size.ipv6",
        .transport = "udp6",
        .what = "takes 40 octets off messages of more than 1232 over IPv6",
        .datagram = {.answer = cut_header},
    },
    {
        .name = "udp-empty-ignored",
        .check = "datagram.size.zero",
        .transport = "udp",
        .what = "does not answer an empty datagram",
        .datagram = {.answer = ignore_empty},
    },
    {
        .name = "udp-empty-is-end",
        .check = "datagram.size.zero-survival",
        .transport = "udp",
        .what = "takes an empty datagram for the end, and answers nobody any more",
        .datagram = {.answer = end_at_empty},
    },
    {
        .name = "udp-path-probed",
        .check = "datagram.size.no-needless-fragmentation",
        .transport = "udp",
        .what = "answers 64 octets with 1400",
        .datagram = {.answer = probe_path},
    },
    {
        .name = "udp-status-told",
        .check = "datagram.amp.ratio",
        .transport = "udp",
        .what = "answers eight octets with 300",
        .datagram = {.answer = tell_status},
    },
    {
        .name = "udp-command-table",
        .check = "datagram.robust.random-input-survival",
        .transport = "udp",
        .what = "dies of a message that begins with an octet from 0x81 to 0xFE",
        .datagram = {.answer = look_up_command},
    },
};

TWINS(datagrams);
