/* Twins that fail where a client breaks off: resets, sends to nobody, and urgent data. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "reference/twins/twin.h"

enum { REQUEST = 32, IDLE_MS = 20, KIB = 1 << 10, PORTS = 1 << 16 };

/* ---- errors that end it ---- */

/* After so many broken connections something must be wrong with the machine, it thinks. */
static enum act count_all(struct server *s, struct client *c UNUSED, int error UNUSED,
                          bool sending UNUSED)
{
    static unsigned broken;

    if (++broken > s->fault->limit)
        run_die("too many broken connections");
    return ACT_DROP;
}

/* The path for a message that is cut short keeps a slot, and slots run out. */
static enum act count_partial(struct server *s, struct client *c, int error, bool sending)
{
    return c->heard % REQUEST == 0 ? ACT_DROP : count_all(s, c, error, sending);
}

static enum act count_complete(struct server *s, struct client *c, int error, bool sending)
{
    return c->heard != REQUEST ? ACT_DROP : count_all(s, c, error, sending);
}

/* It asks who it is, and does not expect that nobody is. */
static enum act ask_for_peer(struct server *s UNUSED, struct client *c)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);

    if (getpeername(c->fd, (struct sockaddr *)&peer, &len) != 0)
        run_die("getpeername");
    return ACT_GO_ON;
}

static enum act die_of_epipe(struct server *s UNUSED, struct client *c UNUSED, int error,
                             bool sending)
{
    if (sending && error == EPIPE)
        run_die("send: broken pipe");
    return ACT_DROP;
}

/* A pipe that is broken while the other side is still there is one of our own, it thinks. */
static enum act die_of_half_pipe(struct server *s UNUSED, struct client *c, int error, bool sending)
{
    struct pollfd peer = {.fd = c->fd};

    if (sending && error == EPIPE && poll(&peer, 1, 0) >= 0 && !(peer.revents & POLLHUP))
        run_die("send: broken pipe");
    return ACT_DROP;
}

/* An idle connection has no read under way that could fail. */
static enum act die_of_idle_reset(struct server *s UNUSED, struct client *c, int error UNUSED,
                                  bool sending)
{
    if (!sending && c->heard >= 32 * KIB && stream_idle_ms(c) > IDLE_MS)
        run_die("reset of an idle connection");
    return ACT_DROP;
}

/* ---- sends to nobody ---- */

/* while (n < len) if ((k = send(...)) < 0) continue; */
static ssize_t send_until_sent(struct server *s, struct client *c, struct slice octets)
{
    ssize_t n;

    do {
        n = stream_send(s, c, octets);
    } while (n < 0 && errno != EAGAIN && !run_stopped(s->run));
    return n;
}

/* The first octet alone, as who writes a header and a body does. */
static ssize_t send_in_two(struct server *s, struct client *c, struct slice octets)
{
    ssize_t head = octets.len > 1 ? stream_send(s, c, slice_sub(octets, 0, 1)) : 0;
    ssize_t rest = head < 0 ? -1 : stream_send(s, c, slice_from(octets, (size_t)head));

    return rest < 0 && head > 0 ? head : rest < 0 ? -1 : head + rest;
}

/* send() is called as if it could not fail. */
static enum act ignore_send(struct server *s UNUSED, struct client *c, int error UNUSED,
                            bool sending)
{
    if (!sending)
        return ACT_DROP;
    buf_reset(&c->out);
    c->out_at = 0;
    return ACT_GO_ON;
}

/* ---- the wrong connection ---- */

/* The index of the broken one is looked up in a table that has shifted. */
static enum act drop_oldest_too(struct server *s, struct client *c, int error UNUSED,
                                bool sending UNUSED)
{
    if (s->clients != c)
        stream_drop(s, s->clients);
    return ACT_DROP;
}

/* Conversations that broke are kept by the port of the client, and resumed. */
static bool broken_at[PORTS];

static enum act resume_session(struct server *s UNUSED, struct client *c)
{
    struct sockaddr_in6 peer = {0};
    socklen_t len = sizeof(peer);

    /* The port is at the same place for both families. */
    if (getpeername(c->fd, (struct sockaddr *)&peer, &len) == 0)
        c->memo = ntohs(peer.sin6_port);
    if (broken_at[c->memo])
        buf_put_str(&c->out, "session resumed\r\n");
    broken_at[c->memo] = false;
    return ACT_GO_ON;
}

static enum act keep_session(struct server *s UNUSED, struct client *c, int error UNUSED,
                             bool sending UNUSED)
{
    broken_at[c->memo] = true;
    return ACT_DROP;
}

/* ---- descriptors ---- */

/* The path of errors returns before the close. */
static enum act forget_broken(struct server *s UNUSED, struct client *c UNUSED, int error UNUSED,
                              bool sending UNUSED)
{
    return ACT_FORGET;
}

/* ---- urgent data ---- */

static enum act die_of_urgency(struct server *s UNUSED, struct client *c UNUSED, uint32_t events)
{
    if (events & EPOLLPRI)
        run_die("an event that cannot be");
    return ACT_GO_ON;
}

/* As telnet does at a Synch: what stands before the mark is thrown away. */
static enum act skip_to_mark(struct server *s UNUSED, struct client *c, uint32_t events)
{
    uint8_t octet;

    while (events & EPOLLPRI && sockatmark(c->fd) == 0 && recv(c->fd, &octet, 1, 0) == 1)
        continue;
    return ACT_GO_ON;
}

static const struct twin twins[] = {
    {
        .name = "partial-messages-counted",
        .check = "stream.reset.mid-request",
        .what = "dies of the 21st reset in the middle of a message of 32 octets",
        .stream = {.limit = 20, .failed = count_partial},
    },
    {
        .name = "whole-messages-counted",
        .check = "stream.reset.after-request",
        .what = "dies of the 21st reset behind the first message of a connection",
        .stream = {.limit = 20, .failed = count_complete},
    },
    {
        .name = "resets-counted",
        .check = "stream.reset.rude-abort-survival",
        .what = "dies of the 61st connection that breaks",
        .stream = {.limit = 60, .failed = count_all},
    },
    {
        .name = "peer-asked",
        .check = "stream.reset.before-accept",
        .what = "dies when a connection that it takes has been reset already",
        .stream = {.turn_ms = 1, .welcome = ask_for_peer},
    },
    {
        .name = "two-sends-and-sigpipe",
        .check = "stream.reset.peer-gone-before-reply",
        .what = "answers with two sends, of which the second may raise SIGPIPE",
        .stream = {.raises_sigpipe = true, .send = send_in_two},
    },
    {
        .name = "sends-unchecked",
        .check = "stream.reset.sigpipe-survival",
        .what = "does not look whether a send succeeds, and may die of SIGPIPE",
        .stream = {.raises_sigpipe = true, .failed = ignore_send},
    },
    {
        .name = "epipe-is-fatal",
        .check = "stream.shutdown.rdwr-replies-pending",
        .what = "dies when a send fails with EPIPE",
        .stream = {.turn_ms = 2, .failed = die_of_epipe},
    },
    {
        .name = "send-tried-for-ever",
        .check = "stream.shutdown.rdwr-requests-pending",
        .what = "tries a send again until it succeeds, whatever the error",
        .stream = {.read_max = 32, .send = send_until_sent},
    },
    {
        .name = "unix-half-pipe",
        .check = "stream.shutdown.client-shut-rd",
        .transport = "unix",
        .what = "dies when a client that is still there has shut down reading",
        .stream = {.failed = die_of_half_pipe},
    },
    {
        .name = "idle-reset",
        .check = "stream.shutdown.rd-replies-pending",
        .what = "dies when a connection is reset that was idle for 20 ms and moved 32 KiB before",
        .stream = {.failed = die_of_idle_reset},
    },
    {
        .name = "neighbour-closed",
        .check = "stream.reset.isolated",
        .what = "closes the oldest connection, too, when another one breaks",
        .stream = {.failed = drop_oldest_too},
    },
    {
        .name = "session-by-port",
        .check = "stream.reuse.client-port",
        .what = "resumes a broken conversation for whoever comes from the same port",
        .stream = {.welcome = resume_session, .failed = keep_session},
    },
    {
        .name = "error-path-without-close",
        .check = "stream.leak.fds-after-abuse",
        .what = "does not close a connection on which receiving or sending fails",
        .stream = {.failed = forget_broken},
    },
    {
        .name = "urgency-is-fatal",
        .check = "stream.oob.survives",
        .what = "dies of urgent data",
        .stream = {.events = EPOLLPRI, .look = die_of_urgency},
    },
    {
        .name = "telnet-synch",
        .check = "stream.oob.stream-intact",
        .what = "throws away what is unread before an urgent octet",
        .stream = {.turn_ms = 2, .events = EPOLLPRI, .look = skip_to_mark},
    },
};

TWINS(resets);
