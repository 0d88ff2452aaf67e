/* Twins that fail where a conversation ends in order: at a half-close, and at the end of file. */
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "reference/twins/twin.h"

enum { KIB = 1 << 10, MIB = 1 << 20, GRACE_MS = 4000, IDLE_MS = 20 };

/* ---- a half-close taken for less, or for more, than it is ---- */

/* "The other side has closed" is what the event seems to say. */
static enum act drop_at_fin(struct server *s UNUSED, struct client *c UNUSED, uint32_t events)
{
    return events & EPOLLRDHUP ? ACT_DROP : ACT_GO_ON;
}

/* ... and who has sent a megabyte has sent enough. */
static enum act drop_upload_at_fin(struct server *s UNUSED, struct client *c, uint32_t events)
{
    return events & EPOLLRDHUP && c->heard > MIB ? ACT_DROP : ACT_GO_ON;
}

/* Behind FIN it reads on, but not for ever. */
static enum act read_some_behind_fin(struct server *s, struct client *c, struct slice got)
{
    c->memo += c->fin_seen ? got.len : 0;
    if (c->memo <= s->fault->limit)
        stream_echo(s, c, got);
    else
        c->over = true;
    return ACT_GO_ON;
}

static enum act answer_one_behind_fin(struct server *s, struct client *c, struct slice got)
{
    bool several = c->fin_seen && got.len > 64 && got.len < KIB;

    stream_echo(s, c, several ? slice_sub(got, 0, s->fault->limit) : got);
    return ACT_GO_ON;
}

static enum act complain_of_nothing(struct server *s UNUSED, struct client *c)
{
    if (c->heard == 0)
        buf_put_str(&c->out, "empty request\r\n");
    return ACT_GO_ON;
}

static enum act complain_of_idling(struct server *s UNUSED, struct client *c)
{
    if (c->heard > 0 && stream_idle_ms(c) > IDLE_MS)
        buf_put_str(&c->out, "idle\r\n");
    return ACT_GO_ON;
}

/* It does not see that read() gave 0, and sends what the buffer still holds. */
static enum act repeat_last(struct server *s, struct client *c)
{
    stream_echo(s, c, slice_of(s->octets, c->last_len));
    return ACT_GO_ON;
}

/* ---- not closing ---- */

static enum act never_close(struct server *s UNUSED, struct client *c UNUSED)
{
    return ACT_FORGET;
}

static enum act close_all_but_some(struct server *s, struct client *c)
{
    return c->number % s->fault->limit == 0 ? ACT_FORGET : ACT_GO_ON;
}

/* shutdown() ends the connection; the descriptor is another matter. */
static enum act shut_without_close(struct server *s UNUSED, struct client *c)
{
    shutdown(c->fd, SHUT_RDWR);
    return ACT_FORGET;
}

static void close_forgotten(struct server *s)
{
    struct client *next;

    for (struct client *c = s->clients; c; c = next) {
        next = c->next;
        if (c->forgotten && stream_idle_ms(c) > GRACE_MS)
            stream_drop(s, c);
    }
}

/* ---- closing badly ---- */

static void reset_on_close(struct server *s UNUSED, struct client *c)
{
    struct linger linger = {.l_onoff = 1};

    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

/* Nobody waits for a client that is slow in taking the rest. */
static void reset_unsent(struct server *s, struct client *c)
{
    int unsent = 0;

    if (ioctl(c->fd, SIOCOUTQNSD, &unsent) == 0 && unsent > 0)
        reset_on_close(s, c);
}

/* The timer of an idle connection has freed it already. */
static enum act free_twice(struct server *s UNUSED, struct client *c)
{
    if (c->heard == 0 && stream_idle_ms(c) > IDLE_MS)
        abort(); /* what malloc makes of it */
    return ACT_GO_ON;
}

static const struct twin twins[] = {
    {
        .name = "fin-is-hang-up",
        .check = "stream.shutdown.half-close-drains",
        .what = "closes as soon as it sees FIN, whatever is unread or unsent",
        .stream = {.turn_ms = 2, .events = EPOLLRDHUP, .look = drop_at_fin},
    },
    {
        .name = "empty-request",
        .check = "stream.shutdown.half-close-empty",
        .what = "complains to a client that ends without a request",
        .stream = {.ended = complain_of_nothing},
    },
    {
        .name = "upload-ends-at-fin",
        .check = "stream.shutdown.half-close-large",
        .what = "closes as soon as it sees FIN behind more than 1 MiB",
        .stream = {.turn_ms = 1, .events = EPOLLRDHUP, .look = drop_upload_at_fin},
    },
    {
        .name = "reads-40k-behind-fin",
        .check = "stream.shutdown.wr-replies-pending",
        .what = "answers at most 40 KiB of what is unread when FIN is there",
        .stream =
            {.limit = 40 * KIB, .turn_ms = 2, .events = EPOLLRDHUP, .answer = read_some_behind_fin},
    },
    {
        .name = "one-behind-fin",
        .check = "stream.shutdown.pipelined-then-half-close",
        .what = "of several small requests with FIN behind them it answers the first",
        .stream =
            {.limit = 32, .turn_ms = 2, .events = EPOLLRDHUP, .answer = answer_one_behind_fin},
    },
    {
        .name = "idle-complaint",
        .check = "stream.shutdown.wr-idle",
        .what = "complains when a connection ends that was idle for 20 ms",
        .stream = {.ended = complain_of_idling},
    },
    {
        .name = "timer-and-end",
        .check = "stream.shutdown.rd-idle",
        .what = "dies when a connection ends that was idle for 20 ms and never said a word",
        .stream = {.ended = free_twice},
    },
    {
        .name = "grace-of-4-s",
        .check = "stream.shutdown.rdwr-idle",
        .what = "keeps a connection for 4 s after its client has ended it",
        .stream = {.tick_ms = 100, .ended = never_close, .tick = close_forgotten},
    },
    {
        .name = "close-forgotten",
        .check = "stream.eof.follows-half-close",
        .what = "never closes a connection whose client has ended it",
        .stream = {.ended = never_close},
    },
    {
        .name = "read-of-0-unseen",
        .check = "stream.eof.no-spurious-data",
        .what = "sends its last answer once more at the end of file",
        .stream = {.ended = repeat_last},
    },
    {
        .name = "unsent-thrown-away",
        .check = "stream.eof.after-all-data",
        .what = "closes with RST where not all of its answer is on the wire",
        .stream = {.leave = reset_unsent},
    },
    {
        .name = "linger-0",
        .check = "stream.eof.sticky",
        .what = "closes with SO_LINGER 0, so with RST",
        .stream = {.leave = reset_on_close},
    },
    {
        .name = "close-forgotten-at-times",
        .check = "stream.leak.close-wait",
        .what = "does not close every sixteenth connection",
        .stream = {.limit = 16, .ended = close_all_but_some},
    },
    {
        .name = "shutdown-for-close",
        .check = "stream.leak.fds",
        .what = "ends connections with shutdown() and keeps the descriptors",
        .stream = {.ended = shut_without_close},
    },
};

TWINS(ends);
