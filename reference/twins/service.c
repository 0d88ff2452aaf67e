/* Twins of the other small services over streams: discard, daytime and chargen. */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "harness/base/deadline.h"
#include "reference/twins/twin.h"

enum { MIB = 1 << 20, SCRAP = 4096, CHARGEN_STEP = 2 * MIB, CHARGEN_MOST = 128 * MIB, LATE_MS = 5 };

/* ---- discard ---- */

static enum act discard(struct server *s UNUSED, struct client *c UNUSED, struct slice got UNUSED)
{
    return ACT_GO_ON;
}

static enum act tell_count(struct server *s UNUSED, struct client *c)
{
    if (c->heard > 0)
        buf_printf(&c->out, "%llu octets\r\n", (unsigned long long)c->heard);
    return ACT_GO_ON;
}

/* ---- daytime ---- */

static enum act tell_time(struct server *s UNUSED, struct client *c)
{
    time_t now = time(NULL);
    char line[64];
    struct tm tm;

    if (gmtime_r(&now, &tm) && strftime(line, sizeof(line), "%A, %B %d, %Y %H:%M:%S-UTC\r\n", &tm))
        buf_put_str(&c->out, line);
    c->over = true;
    return ACT_GO_ON;
}

static void reset_on_close(const struct client *c)
{
    struct linger linger = {.l_onoff = 1};

    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

/* Takes one bufferful of what the client has sent, and thinks that this is all. */
static void drain_once(struct server *s UNUSED, struct client *c)
{
    uint8_t scrap[SCRAP];

    if (recv(c->fd, scrap, sizeof(scrap), 0) < 0)
        errno = 0;
}

/* Collects its output in the kernel, as who writes a line in many pieces does; close() sends it. */
static ssize_t send_corked(struct server *s UNUSED, struct client *c, struct slice octets)
{
    return send(c->fd, octets.data, octets.len, MSG_NOSIGNAL | MSG_MORE);
}

static void reset_at_once(struct server *s UNUSED, struct client *c)
{
    reset_on_close(c);
}

/* FIN, as it should be; then it loses patience. */
static void reset_after_fin(struct server *s UNUSED, struct client *c)
{
    shutdown(c->fd, SHUT_WR);
    deadline_wait(deadline_in_ms(LATE_MS));
    reset_on_close(c);
}

/* ---- chargen ---- */

static enum act begin_characters(struct server *s UNUSED, struct client *c)
{
    buf_put_str(&c->out, "!\"#$%&'()*+,-./0123456789:;<=>?@\r\n");
    return ACT_GO_ON;
}

/* Produces by the clock, and leaves it to its memory to wait for who does not read. */
static void produce(struct server *s)
{
    struct client *next;
    size_t all = 0;

    for (struct client *c = s->clients; c; c = c->next)
        all += c->out.len;
    for (struct client *c = s->clients; c; c = next) {
        size_t step = all + CHARGEN_STEP <= CHARGEN_MOST ? CHARGEN_STEP : 0;
        uint8_t *at = step ? buf_extend(&c->out, step) : NULL;

        next = c->next;
        for (size_t i = 0; at && i < step; i++)
            at[i] = (uint8_t)(' ' + i % 95);
        all += step;
        stream_flush(s, c);
    }
}

static const struct twin twins[] = {
    {
        .name = "discard-counts",
        .check = "stream.discard.silent",
        .speak = "discard",
        .what = "tells at the end how many octets it has thrown away",
        .stream = {.answer = discard, .ended = tell_count},
    },
    {
        .name = "daytime-reset",
        .check = "stream.eof.server-initiated",
        .speak = "daytime",
        .what = "closes behind its line with RST",
        .stream = {.welcome = tell_time, .leave = reset_at_once},
    },
    {
        .name = "daytime-input-unread",
        .check = "stream.eof.no-rst-with-unread-input",
        .speak = "daytime",
        .what = "closes with unread input, and its line, sent with MSG_MORE, goes with it",
        .stream = {.turn_ms = 20, .welcome = tell_time, .send = send_corked},
    },
    {
        .name = "daytime-drained-once",
        .check = "stream.reset.lingering-close",
        .speak = "daytime",
        .what = "reads one buffer of input before it closes, and not the rest",
        .stream = {.turn_ms = 20, .welcome = tell_time, .send = send_corked, .leave = drain_once},
    },
    {
        .name = "daytime-reset-after-fin",
        .check = "stream.eof.fin-not-rst",
        .speak = "daytime",
        .what = "sends FIN and, 5 ms later, RST",
        .stream = {.welcome = tell_time, .leave = reset_after_fin},
    },
    {
        .name = "chargen-by-the-clock",
        .check = "stream.flow.producer-bounded",
        .speak = "chargen",
        .what = "produces whether its client reads or not, and keeps it all in memory",
        .stream = {.tick_ms = 10,
                   .reads_on = true,
                   .welcome = begin_characters,
                   .answer = discard,
                   .tick = produce},
    },
};

TWINS(service);
