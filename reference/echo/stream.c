/*
 * Echo over streams: one process, any number of clients, one buffer each.
 *
 * A client is in one of two moods. With nothing to send we read; with something to send we write,
 * and do not read on until all of it is out. So a client that does not read makes itself wait, by
 * TCP's own flow control, and costs one buffer and nobody else anything.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reference/echo/echo.h"

enum { BUFFER = 16384, EVENTS = 64, ACCEPTS_PER_TURN = 64, RETRY_MS = 100 };

struct client {
    int fd;
    size_t begin; /* buffer[begin .. end) is not sent yet */
    size_t end;
    uint8_t buffer[BUFFER];
};

struct server {
    const struct echo *echo;
    int epoll;
    bool full; /* out of descriptors: the listener is not watched until one is free */
};

static bool watch(const struct server *s, int how, int fd, uint32_t events, void *what)
{
    struct epoll_event event = {.events = events, .data.ptr = what};

    return epoll_ctl(s->epoll, how, fd, &event) == 0;
}

static void watch_listener(struct server *s, bool on)
{
    s->full = !on;
    watch(s, EPOLL_CTL_MOD, s->echo->listener, on ? EPOLLIN : 0, NULL);
}

static void drop(struct server *s, struct client *c)
{
    close(c->fd);
    free(c);
    if (s->full)
        watch_listener(s, true);
}

static void welcome(struct server *s, int fd)
{
    struct client *c = malloc(sizeof(*c));

    if (!c) {
        close(fd);
        return;
    }
    net_no_delay(fd); /* a reply goes out at once and does not wait for the next one */
    c->fd = fd;
    c->begin = c->end = 0;
    if (!watch(s, EPOLL_CTL_ADD, fd, EPOLLIN, c)) {
        close(fd);
        free(c);
    }
    /* The kernel keeps the pointer for us until drop(). */
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
}

/* Takes some of those who wait. One who has gone again already is an error of accept(2) that
   concerns nobody else; only a lack of descriptors or memory makes us pause. */
static void accept_some(struct server *s)
{
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd = accept4(s->echo->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            welcome(s, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            watch_listener(s, false);
            return;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

/* Reads once, behind a prefix of its own. False at the end of the client. */
static bool fill(const struct server *s, struct client *c)
{
    struct slice prefix = s->echo->prefix;

    if (prefix.len > 0)
        memcpy(c->buffer, prefix.data, prefix.len);
    ssize_t n = recv(c->fd, c->buffer + prefix.len, sizeof(c->buffer) - prefix.len, 0);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    c->begin = 0;
    c->end = prefix.len + (size_t)n;
    return true;
}

/* Sends what is there to send. False where the client cannot be reached any more. */
static bool drain(struct client *c)
{
    while (c->begin < c->end) {
        ssize_t n = send(c->fd, c->buffer + c->begin, c->end - c->begin, MSG_NOSIGNAL);

        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        c->begin += (size_t)n;
    }
    return true;
}

static void attend(struct server *s, struct client *c)
{
    bool was_sending = c->begin < c->end;
    bool alive = was_sending || fill(s, c);

    alive = alive && drain(c);
    bool sending = c->begin < c->end;
    if (!alive)
        drop(s, c); /* after the client's end of file: all is sent, and close says so with FIN */
    else if (sending != was_sending)
        watch(s, EPOLL_CTL_MOD, c->fd, sending ? EPOLLOUT : EPOLLIN, c);
}

static bool turn(struct server *s, bool *ret_stop)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(s->epoll, events, EVENTS, s->full ? RETRY_MS : -1);

    if (n < 0)
        return errno == EINTR;
    if (n == 0)
        watch_listener(s, true);
    for (int i = 0; i < n; i++) {
        void *what = events[i].data.ptr;

        if (what == s)
            *ret_stop = true;
        else if (what)
            attend(s, what);
        else
            accept_some(s);
    }
    return true;
}

bool echo_stream(const struct echo *e)
{
    struct server s = {.echo = e, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    bool stop = false;

    if (s.epoll < 0 || !watch(&s, EPOLL_CTL_ADD, e->listener, EPOLLIN, NULL) ||
        !watch(&s, EPOLL_CTL_ADD, e->stop, EPOLLIN, &s))
        return false;
    while (!stop) {
        if (!turn(&s, &stop))
            return false;
    }
    return true;
}
