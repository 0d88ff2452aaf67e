/*
 * Twins that give a meaning to how a stream is cut. Segments of TCP are nobody's messages, but a
 * server sees them as what one read() gives it, and is tempted.
 */
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "reference/twins/twin.h"

/* Terminals repeat a key that is held: the second of two equal octets that come alone is dropped.
 */
static enum act debounce(struct server *s, struct client *c, struct slice got)
{
    bool again = got.len == 1 && c->last_len == 1 && c->memo == got.data[0];

    c->memo = got.data[0];
    if (!again)
        stream_echo(s, c, got);
    return ACT_GO_ON;
}

/* Who sends octet by octet for long holds up the server on purpose, and is cut off. */
static enum act suspect_trickle(struct server *s, struct client *c, struct slice got)
{
    c->memo = got.len == 1 ? c->memo + 1 : 0;
    if (c->memo > s->fault->limit)
        return ACT_DROP;
    stream_echo(s, c, got);
    return ACT_GO_ON;
}

/* Octets are gathered in words of four; one octet behind three others is taken for padding. */
static enum act lose_fourth(struct server *s, struct client *c, struct slice got)
{
    if (got.len > 1 || c->last_len % 4 != 3)
        stream_echo(s, c, got);
    return ACT_GO_ON;
}

static enum act swallow_limit(struct server *s, struct client *c, struct slice got)
{
    if (got.len != s->fault->limit)
        stream_echo(s, c, got);
    return ACT_GO_ON;
}

/* One message and a half: it answers the whole one and forgets the half. */
static enum act answer_first(struct server *s, struct client *c, struct slice got)
{
    bool half = got.len > s->fault->limit && got.len < 2 * s->fault->limit && got.len % 32 != 0;

    stream_echo(s, c, half ? slice_sub(got, 0, s->fault->limit) : got);
    return ACT_GO_ON;
}

static void close_silent(struct server *s)
{
    struct client *next;

    for (struct client *c = s->clients; c; c = next) {
        next = c->next;
        if (c->heard > 0 && !stream_sending(c) && stream_idle_ms(c) > (int64_t)s->fault->limit)
            stream_drop(s, c);
    }
}

/* `limit` octets at once are more than it has room for. */
static enum act lose_end(struct server *s, struct client *c, struct slice got)
{
    stream_echo(s, c, slice_sub(got, 0, s->fault->limit));
    return ACT_GO_ON;
}

/* Who does not acknowledge within `limit` milliseconds is gone, it thinks. */
static enum act hurry(struct server *s, struct client *c)
{
    unsigned ms = (unsigned)s->fault->limit;

    setsockopt(c->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
    return ACT_GO_ON;
}

static const struct twin twins[] = {
    {
        .name = "keys-debounced",
        .check = "stream.frag.invariance",
        .what = "drops an octet that comes alone and repeats the one before, which came alone",
        .stream = {.answer = debounce},
    },
    {
        .name = "trickle-suspected",
        .check = "stream.frag.byte-by-byte",
        .what = "closes on a client that sends more than eight single octets in a row",
        .stream = {.limit = 8, .answer = suspect_trickle},
    },
    {
        .name = "word-of-three-and-one",
        .check = "stream.frag.random-splits",
        .what = "loses a single octet that is read behind an incomplete word of three",
        .stream = {.answer = lose_fourth},
    },
    {
        .name = "keep-alive-of-eight",
        .check = "stream.frag.every-cut",
        .what = "takes eight octets that come alone for a keep-alive and does not answer them",
        .stream = {.limit = 8, .answer = swallow_limit},
    },
    {
        .name = "impatient",
        .check = "stream.frag.pause-in-middle",
        .what = "closes a connection on which nothing came for 60 ms",
        .stream = {.limit = 60, .tick_ms = 10, .tick = close_silent},
    },
    {
        .name = "one-and-a-half",
        .check = "stream.frag.coalesced",
        .what = "of one and a half requests of 40 octets in one read it answers the one",
        .stream = {.limit = 40, .answer = answer_first},
    },
    {
        .name = "swallows-read-of-37",
        .check = "stream.path.pieces",
        .what = "loses what a read gives that is 37 octets long",
        .stream = {.limit = 37, .answer = swallow_limit},
    },
    {
        .name = "room-for-500-at-once",
        .check = "stream.path.gathered",
        .what = "loses what is beyond 500 octets of what comes at once",
        .stream = {.limit = 500, .answer = lose_end},
    },
    {
        .name = "gives-up-at-300-ms",
        .check = "stream.path.stalls",
        .what = "closes on a client that it has not heard for 300 ms",
        .stream = {.limit = 300, .tick_ms = 20, .tick = close_silent},
    },
    {
        .name = "acknowledge-at-once",
        .check = "stream.path.packet-loss",
        .what = "gives up a connection whose octets are not acknowledged within 50 ms",
        .stream = {.limit = 50, .welcome = hurry},
    },
};

TWINS(cuts);
