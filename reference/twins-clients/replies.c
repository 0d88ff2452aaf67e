/* Twins of clients that take the wrong octets of a stream for the reply. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/deadline.h"
#include "reference/twins-clients/twin.h"

enum { MUCH = 256 << 20, SOME = 1 << 20, QUIET_MS = 50, IMPATIENCE_MS = 100, WRITE_MS = 1500 };
enum { LONG_QUIET_MS = 250 }; /* longer than a busy machine holds up who sends */

/* ---- where a reply ends ---- */

/* What comes after a pause is something else, it thinks. */
static bool take_what_is_there(struct stream *s, enum trouble why)
{
    return why == TROUBLE_SILENCE && s->reply.len > 0;
}

/* All requests go out at once. A read that gives two replies is taken for one. */
static void lose_merged(struct stream *s)
{
    struct buf all;
    size_t count = 0;

    buf_init(&all, CLIENT_LINE_MAX);
    for (; client_next(&s->c, -1) == INPUT_LINE; count++)
        buf_put(&all, buf_slice(&s->c.request));
    if (net_send(s->fd, buf_slice(&all), deadline_in_ms(WRITE_MS), 0).status != NET_OK)
        client_die(TROUBLE_FULL);
    buf_free(&all);
    for (size_t i = 0; i < count; i++) {
        buf_reset(&s->reply);
        while (s->reply.len == 0 || !memchr(s->reply.data, '\n', s->reply.len)) {
            if (!stream_wait(s, POLLIN))
                client_die(TROUBLE_SILENCE);
            stream_receive(s);
        }
        const uint8_t *newline = memchr(s->reply.data, '\n', s->reply.len);
        client_show(&s->c, slice_of(s->reply.data, (size_t)(newline - s->reply.data) + 1));
    }
    stream_finish(s);
}

/* ---- how much is read ---- */

/* There may always be more, and each part gets its place. */
static void collect(struct stream *s)
{
    static struct buf all;

    if (s->c.shown == 0 && !all.data)
        buf_init(&all, MUCH);
    if (s->reply.len > SOME) {
        buf_put(&all, buf_slice(&s->reply));
        buf_reset(&s->reply);
    }
}

static void keep_the_last(struct stream *s)
{
    if (s->reply.len > SOME)
        buf_drop(&s->reply, s->reply.len - SOME / 2);
}

static const struct twin twins[] = {
    {
        .name = "one-read-one-reply",
        .check = "client.stream.split-reply",
        .what = "takes what one read gives for the whole reply",
        .stream = {.blind = true, .one_read = true, .ignores_rest = true},
    },
    {
        .name = "pause-ends-reply",
        .check = "client.stream.stalled-reply",
        .what = "takes what came before a pause of a tenth of a second for the whole reply",
        .stream = {.gap_ms = IMPATIENCE_MS, .failed = take_what_is_there},
    },
    {
        .name = "pause-is-failure",
        .check = "client.stream.stalled-reply",
        .what = "gives up when a reply pauses for a tenth of a second",
        .stream = {.gap_ms = IMPATIENCE_MS},
    },
    {
        .name = "merged-reply-lost",
        .check = "client.stream.merged-replies",
        .what = "sends all requests at once, and loses what one read gives behind the first reply",
        .stream = {.one_read = true, .ignores_rest = true, .converse = lose_merged},
    },
    {
        .name = "rest-unread",
        .check = "client.stream.trailing-garbage",
        .what = "closes behind the last reply without looking whether more has come",
        .stream = {.leaves = true},
    },
    {
        .name = "rest-ignored",
        .check = "client.stream.trailing-garbage",
        .what = "reads whatever comes behind the last reply, and forgets it",
        .stream = {.ignores_rest = true},
    },
    {
        .name = "banner-is-reply",
        .check = "client.stream.unsolicited-data",
        .what = "takes the first line that comes for the reply, whoever asked for it",
        .stream = {.blind = true, .by_line = true, .ignores_rest = true},
    },
    {
        .name = "endless-collected",
        .check = "client.stream.endless-reply",
        .what = "collects a reply until it is quiet, however long it gets",
        .stream =
            {.gap_ms = QUIET_MS, .by_quiet = true, .failed = take_what_is_there, .heard = collect},
    },
    {
        .name = "endless-awaited",
        .check = "client.stream.endless-reply",
        .what = "reads a reply until it is quiet, however long that takes",
        .stream = {.gap_ms = LONG_QUIET_MS,
                   .by_quiet = true,
                   .failed = take_what_is_there,
                   .heard = keep_the_last},
    },
    {
        .name = "urgent-inline",
        .check = "client.stream.oob",
        .what = "has urgent data put into the stream, and takes it for a part of the reply",
        .stream = {.urgent_inline = true},
    },
};

TWINS(replies);
