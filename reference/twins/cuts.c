/*
 * Twins that give a meaning to how a stream is cut. Segments of TCP are nobody's messages, but a
 * server sees them as what one read() gives it, and is tempted.
 */
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
};

TWINS(cuts);
