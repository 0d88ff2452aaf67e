/* The stream engine of the twins of clients. */
#include "reference/twins-clients/stream.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/deadline.h"

enum { WAIT_MS = 1500, READ = 1 << 16, ADDRESSES_MAX = 16 };

/* Ends the client, or comes back where its fault makes light of the trouble. */
static void fail(struct stream *s, enum trouble why)
{
    if (!s->fault->failed || !s->fault->failed(s, why))
        client_die(why);
}

static int64_t wait_ends(const struct stream *s)
{
    bool sending = s->sent < s->c.request.len;

    if (s->ending ? s->fault->never_shuts : sending ? s->fault->writes_on : s->fault->waits_on)
        return DEADLINE_NEVER;
    return deadline_in_ms(s->fault->gap_ms && s->reply.len > 0 ? s->fault->gap_ms : WAIT_MS);
}

short stream_wait(struct stream *s, short events)
{
    struct pollfd p = {.fd = s->fd, .events = events};
    int64_t deadline_us = wait_ends(s);

    do {
        int n = poll(&p, 1, s->fault->spins ? 0 : deadline_poll_ms(deadline_us));

        if (n > 0)
            return p.revents;
        if (n < 0 && (errno != EINTR || s->fault->takes_signals))
            client_fail("poll");
    } while (!deadline_passed(deadline_us));
    return 0;
}

/* ---- connecting ---- */

static bool dial(struct stream *s, const struct endpoint *at)
{
    struct address addresses[ADDRESSES_MAX];
    struct problem why;
    size_t count = 0;

    if (!address_resolve(at, addresses, ADDRESSES_MAX, &count, &why))
        return false;
    if (s->fault->first_address)
        count = size_min(count, 1);
    for (size_t i = 0; i < count; i++) {
        struct net_dial_options options = {0};
        struct address own;

        if (s->fault->binds && !endpoint_is_unix(at)) {
            address_loopback(&own, address_family(&addresses[i]), SOCK_STREAM, 1, 0);
            options.bind_to = &own;
        }
        if (net_dial(&addresses[i], &options, deadline_in_ms(WAIT_MS), &s->fd).status == NET_OK)
            return true;
    }
    return false;
}

static void note_signal(int number UNUSED)
{
}

static void prepare(struct stream *s)
{
    static const int signals[] = {SIGWINCH, SIGCONT};
    struct sigaction interrupts = {.sa_handler = note_signal};
    int on = 1;

    if (!s->fault->sigpipe)
        signal(SIGPIPE, SIG_IGN);
    if (s->fault->urgent_inline)
        setsockopt(s->fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
    for (size_t i = 0; s->fault->takes_signals && i < ARRAY_LEN(signals); i++)
        sigaction(signals[i], &interrupts, NULL);
}

/* ---- one request and its reply ---- */

static bool is_complete(const struct stream *s)
{
    size_t len = s->reply.len;

    if (s->sent < s->c.request.len || s->fault->by_quiet)
        return false;
    if (s->fault->one_read)
        return len > 0;
    if (s->fault->by_line)
        return len > 0 && memchr(s->reply.data, '\n', len);
    return len >= s->c.request.len;
}

/* The fault has an idea of its own where a reply ends, and compares nothing. */
static bool is_naive(const struct stream *s)
{
    return s->fault->one_read || s->fault->by_line || s->fault->by_quiet;
}

/* So much belongs to the reply; the rest is left where it is. */
static size_t room(const struct stream *s)
{
    size_t most = s->fault->read_max ? s->fault->read_max : READ;

    if (is_naive(s))
        return most;
    return size_min(s->c.request.len - size_min(s->reply.len, s->c.request.len), most);
}

bool stream_receive(struct stream *s)
{
    static uint8_t octets[READ];
    size_t cap = room(s);
    /* All of the reply may be there while we still send: then this only looks. */
    ssize_t n = recv(s->fd, octets, cap > 0 ? cap : 1, cap > 0 ? 0 : MSG_PEEK);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n <= 0) {
        fail(s, n == 0 ? TROUBLE_END : TROUBLE_RESET);
        return false;
    }
    if (cap == 0) {
        fail(s, TROUBLE_SURPLUS);
        return false;
    }
    buf_put(&s->reply, slice_of(octets, (size_t)n));
    if (s->fault->heard)
        s->fault->heard(s);
    return true;
}

static bool send_some(struct stream *s)
{
    size_t left = s->c.request.len - s->sent;
    size_t len = size_min(left, s->fault->write_max ? s->fault->write_max : left);
    ssize_t n = send(s->fd, s->c.request.data + s->sent, len, s->fault->sigpipe ? 0 : MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        fail(s, TROUBLE_RESET);
        return false;
    }
    s->sent += n > 0 ? (size_t)n : 0;
    if (s->fault->one_write && n > 0)
        s->c.request.len = s->sent;
    return true;
}

/* Anything that is there before it was asked for is wrong. */
static void look(struct stream *s)
{
    uint8_t octet;
    ssize_t n = recv(s->fd, &octet, 1, MSG_PEEK);

    if (n >= 0)
        fail(s, n == 0 ? TROUBLE_END : TROUBLE_SURPLUS);
    else if (errno != EAGAIN && errno != EINTR)
        fail(s, TROUBLE_RESET);
}

/* Both ways at once: a server may answer the beginning of a line before it has read the end. */
static void exchange(struct stream *s)
{
    bool going = true;

    buf_reset(&s->reply);
    if (!s->fault->blind)
        look(s);
    s->sent = 0;
    s->asked = true;
    while (going && !is_complete(s)) {
        bool sending = s->sent < s->c.request.len;
        short events = stream_wait(s, (short)(POLLIN | (sending ? POLLOUT : 0)));

        if (!events) {
            fail(s, sending ? TROUBLE_FULL : TROUBLE_SILENCE);
            going = false;
        }
        if (going && events & POLLOUT)
            going = send_some(s);
        if (going && events & ~POLLOUT)
            going = stream_receive(s);
    }
    if (going && !is_naive(s) && !slice_eq(buf_slice(&s->reply), buf_slice(&s->c.request)))
        fail(s, TROUBLE_MISMATCH);
    client_show(&s->c, buf_slice(&s->reply));
    s->asked = false;
}

/* ---- the conversation ---- */

void stream_finish(struct stream *s)
{
    s->ending = true;
    if (s->fault->leaves)
        return;
    if (!s->fault->never_shuts)
        shutdown(s->fd, SHUT_WR);
    for (;;) {
        uint8_t octets[256];
        ssize_t n;

        if (!stream_wait(s, POLLIN))
            fail(s, TROUBLE_SILENCE);
        n = recv(s->fd, octets, sizeof(octets), 0);
        if (n == 0)
            return;
        if (n > 0 && !s->fault->ignores_rest)
            fail(s, TROUBLE_SURPLUS);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            fail(s, TROUBLE_RESET);
    }
}

static void converse(struct stream *s)
{
    for (;;) {
        enum input input = client_next(&s->c, s->fault->blind ? -1 : s->fd);

        if (input == INPUT_END)
            break;
        if (input == INPUT_LINE)
            exchange(s);
        else
            look(s);
    }
    stream_finish(s);
}

void stream_run(const struct endpoint *at, const struct manners *manners,
                const struct stream_fault *fault)
{
    static struct stream s;

    s.fault = fault;
    client_open(&s.c, manners);
    buf_init(&s.reply, CLIENT_LINE_MAX);
    while (!dial(&s, at))
        fail(&s, TROUBLE_NOBODY);
    prepare(&s);
    if (fault->connected)
        fault->connected(&s);
    if (fault->converse)
        fault->converse(&s);
    else
        converse(&s);
    close(s.fd);
}
