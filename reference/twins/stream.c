/* The stream engine of the twins. */
#include "reference/twins/stream.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/deadline.h"

enum { EVENTS = 256, ACCEPTS = 64, RETRY_MS = 100, QUEUE_MAX = 256 << 20, US_PER_MS = 1000 };

bool stream_sending(const struct client *c)
{
    return c->out_at < c->out.len;
}

int64_t stream_idle_ms(const struct client *c)
{
    return (deadline_now_us() - c->active_us) / US_PER_MS;
}

void stream_echo(struct server *s, struct client *c, struct slice got)
{
    buf_put(&c->out, s->run->prefix);
    buf_put(&c->out, got);
}

ssize_t stream_send(struct server *s, struct client *c, struct slice octets)
{
    return send(c->fd, octets.data, octets.len, s->fault->raises_sigpipe ? 0 : MSG_NOSIGNAL);
}

/* ---- who is watched, and for what ---- */

static bool watch(const struct server *s, int how, int fd, uint32_t events, void *what)
{
    struct epoll_event event = {.events = events, .data.ptr = what};

    return epoll_ctl(s->epoll, how, fd, &event) == 0;
}

static void watch_listener(struct server *s, bool on)
{
    uint32_t edge = s->fault->listener_edge ? EPOLLET : 0;

    s->full = !on;
    watch(s, EPOLL_CTL_MOD, s->run->listener, on && !s->shut ? EPOLLIN | edge : 0, NULL);
}

void stream_refuse(struct server *s)
{
    s->shut = true;
    watch_listener(s, false);
    s->full = false;
}

static uint32_t wanted(const struct server *s, const struct client *c)
{
    uint32_t events = s->fault->events;

    if (c->fin_seen)
        events &= ~(uint32_t)EPOLLRDHUP;
    if (!c->over && (s->fault->reads_on || !stream_sending(c)))
        events |= EPOLLIN;
    if (stream_sending(c))
        events |= EPOLLOUT;
    return events;
}

void stream_forget(struct server *s, struct client *c)
{
    if (c->forgotten)
        return;
    c->forgotten = true;
    s->open--;
    watch(s, EPOLL_CTL_DEL, c->fd, 0, NULL);
}

void stream_drop(struct server *s, struct client *c)
{
    if (c->fd < 0)
        return;
    if (s->fault->leave)
        s->fault->leave(s, c);
    stream_forget(s, c); /* by itself epoll forgets it only when no child holds it open any more */
    close(c->fd);
    c->fd = -1;
    buf_free(&c->out);
    if (c->previous)
        c->previous->next = c->next;
    else
        s->clients = c->next;
    if (c->next)
        c->next->previous = c->previous;
    else
        s->newest = c->previous;
    c->previous = s->dropped;
    s->dropped = c;
    if (s->full)
        watch_listener(s, true);
}

/* Does what a hook has asked for. */
static void settle(struct server *s, struct client *c, enum act act)
{
    switch (act) {
    case ACT_DROP:
        stream_drop(s, c);
        return;
    case ACT_FORGET:
        stream_forget(s, c);
        return;
    case ACT_GO_ON:
        break;
    }
    uint32_t events = wanted(s, c);
    if (events != c->watched && !c->forgotten)
        watch(s, EPOLL_CTL_MOD, c->fd, events, c);
    c->watched = events;
}

/* ---- reading and writing ---- */

static enum act failed(struct server *s, struct client *c, bool sending)
{
    int error = errno;

    if (error == EAGAIN || error == EINTR)
        return ACT_GO_ON;
    return s->fault->failed ? s->fault->failed(s, c, error, sending) : ACT_DROP;
}

static enum act fill(struct server *s, struct client *c)
{
    const struct stream_fault *f = s->fault;
    size_t cap = f->read_max ? f->read_max : sizeof(s->octets);
    ssize_t n = f->receive ? f->receive(c, s->octets, cap) : recv(c->fd, s->octets, cap, 0);

    if (n < 0)
        return failed(s, c, false);
    if (n == 0) {
        c->over = true;
        return f->ended ? f->ended(s, c) : ACT_GO_ON;
    }
    c->heard += (size_t)n;
    c->reads++;
    s->turn_reads++;
    enum act act = ACT_GO_ON;
    if (f->answer)
        act = f->answer(s, c, slice_of(s->octets, (size_t)n));
    else
        stream_echo(s, c, slice_of(s->octets, (size_t)n));
    c->last_len = (size_t)n;
    c->active_us = deadline_now_us();
    return act;
}

static enum act drain(struct server *s, struct client *c)
{
    while (stream_sending(c)) {
        struct slice rest = slice_from(buf_slice(&c->out), c->out_at);
        ssize_t n = s->fault->send ? s->fault->send(s, c, rest) : stream_send(s, c, rest);

        if (n < 0)
            return failed(s, c, true);
        c->out_at += (size_t)n;
        c->active_us = deadline_now_us();
    }
    buf_reset(&c->out);
    c->out_at = 0;
    return ACT_GO_ON;
}

static enum act move(struct server *s, struct client *c)
{
    enum act act = drain(s, c);

    return act == ACT_GO_ON && c->over && !stream_sending(c) ? ACT_DROP : act;
}

void stream_flush(struct server *s, struct client *c)
{
    settle(s, c, move(s, c));
}

static void attend(struct server *s, struct client *c, uint32_t events)
{
    enum act act = ACT_GO_ON;

    if (c->fd < 0 || c->forgotten)
        return;
    c->fin_seen |= (events & EPOLLRDHUP) != 0;
    if (s->fault->look)
        act = s->fault->look(s, c, events);
    if (act == ACT_GO_ON && !c->over && (s->fault->reads_on || !stream_sending(c)))
        act = fill(s, c);
    if (act == ACT_GO_ON)
        act = move(s, c);
    settle(s, c, act);
}

/* ---- taking connections ---- */

static void enlist(struct server *s, struct client *c)
{
    c->previous = s->newest;
    if (s->newest)
        s->newest->next = c;
    else
        s->clients = c;
    s->newest = c;
    s->open++;
}

static void welcome(struct server *s, int fd)
{
    struct client *c = calloc(1, sizeof(*c));
    int size = s->fault->send_buffer;

    if (!c) {
        close(fd);
        return;
    }
    *c = (struct client){.fd = fd, .number = ++s->accepted, .active_us = deadline_now_us()};
    buf_init(&c->out, QUEUE_MAX);
    if (size)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    enlist(s, c);
    c->watched = wanted(s, c);
    if (!watch(s, EPOLL_CTL_ADD, fd, c->watched, c)) {
        stream_drop(s, c);
        return;
    }
    enum act act = s->fault->welcome ? s->fault->welcome(s, c) : ACT_GO_ON;
    settle(s, c, act == ACT_GO_ON ? move(s, c) : act);
}

static void accept_some(struct server *s)
{
    unsigned most = s->fault->accepts ? s->fault->accepts : ACCEPTS;

    for (unsigned i = 0; i < most && !s->shut; i++) {
        int fd = accept4(s->run->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            welcome(s, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            if (s->fault->full == FULL_ENDS)
                stream_refuse(s);
            else if (s->fault->full == FULL_WAITS)
                watch_listener(s, false);
            return;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

/* ---- turns ---- */

static int patience(const struct server *s)
{
    int tick = s->fault->tick ? deadline_poll_ms(s->tick_us) : -1;

    if (s->full && (tick < 0 || tick > RETRY_MS))
        return RETRY_MS;
    return tick;
}

/* The descriptor of the epoll itself is waited for, which takes no event away: after the time that
   a turn lasts all that have come until then are there, edges too. */
static int await(struct server *s, struct epoll_event *events)
{
    struct pollfd any = {.fd = s->epoll, .events = POLLIN};

    if (s->fault->turn_ms == 0)
        return epoll_wait(s->epoll, events, EVENTS, patience(s));
    int n = poll(&any, 1, patience(s));
    if (n <= 0)
        return n;
    deadline_wait(deadline_in_ms(s->fault->turn_ms));
    return epoll_wait(s->epoll, events, EVENTS, 0);
}

static void end_turn(struct server *s, bool quiet)
{
    if (s->fault->tick && deadline_passed(s->tick_us)) {
        s->fault->tick(s);
        s->tick_us = deadline_in_ms(s->fault->tick_ms);
    }
    if (quiet && s->full)
        watch_listener(s, true);
    while (s->dropped) {
        struct client *c = s->dropped;

        s->dropped = c->previous;
        free(c);
    }
}

static bool turn(struct server *s, bool *ret_stop)
{
    struct epoll_event events[EVENTS];
    int n = await(s, events);

    if (n < 0)
        return errno == EINTR;
    s->turn_reads = 0;
    for (int i = 0; i < n; i++) {
        void *what = events[i].data.ptr;

        if (what == s)
            *ret_stop = true;
        else if (what)
            attend(s, what, events[i].events);
        else
            accept_some(s);
    }
    end_turn(s, n == 0);
    return true;
}

bool stream_serve(const struct run *run, const struct stream_fault *fault)
{
    static struct server s;
    bool stop = false;

    s = (struct server){.run = run, .fault = fault, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    if (fault->raises_sigpipe && signal(SIGPIPE, SIG_DFL) == SIG_ERR)
        return false;
    if (s.epoll < 0 || !watch(&s, EPOLL_CTL_ADD, run->listener, EPOLLIN, NULL) ||
        !watch(&s, EPOLL_CTL_ADD, run->stop, EPOLLIN, &s))
        return false;
    watch_listener(&s, true);
    while (!stop) {
        if (!turn(&s, &stop))
            return false;
    }
    return true;
}
