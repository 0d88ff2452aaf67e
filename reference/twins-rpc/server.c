/* The loop of the RPC twins. */
#include "reference/twins-rpc/server.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/net/route.h"

enum { EVENTS = 64, ACCEPTS_PER_TURN = 64, RETRY_MS = 100 };

bool server_watch(const struct server *s, int how, struct source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};

    return epoll_ctl(s->epoll, how, source->fd, &event) == 0;
}

bool server_wait(const struct server *s, int fd, short events)
{
    struct pollfd fds[] = {{.fd = fd, .events = events},
                           {.fd = s->stop_source.fd, .events = POLLIN}};

    while (poll(fds, ARRAY_LEN(fds), -1) < 0 && errno == EINTR)
        continue;
    return fds[1].revents == 0;
}

static void accept_some(struct server *s, struct source *source);

static void watch_listeners(struct server *s, bool on)
{
    s->full = !on;
    for (size_t i = 0; i < s->count; i++) {
        if (s->places[i].source.ready == accept_some)
            server_watch(s, EPOLL_CTL_MOD, &s->places[i].source, on ? EPOLLIN : 0);
    }
}

void server_has_room(struct server *s)
{
    if (s->full)
        watch_listeners(s, true);
}

static void accept_some(struct server *s, struct source *source)
{
    unsigned most = s->fault->stream.most;

    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        if (most && s->open >= most) {
            watch_listeners(s, false);
            return;
        }
        int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            peer_welcome(s, (struct place *)source, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            watch_listeners(s, false);
            return;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

static void end_serving(struct server *s, struct source *source UNUSED)
{
    s->stop = true;
}

static bool turn(struct server *s)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(s->epoll, events, EVENTS, s->full ? RETRY_MS : -1);

    if (n < 0)
        return errno == EINTR;
    if (n == 0)
        watch_listeners(s, true);
    for (int i = 0; i < n; i++) {
        struct source *source = events[i].data.ptr;

        source->ready(s, source);
    }
    return true;
}

bool server_run(struct server *s, int stop)
{
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->stop_source = (struct source){.fd = stop, .ready = end_serving};
    bool ok = s->epoll >= 0 && server_watch(s, EPOLL_CTL_ADD, &s->stop_source, EPOLLIN);
    for (size_t i = 0; ok && i < s->count; i++) {
        struct place *place = &s->places[i];

        place->source.ready = endpoint_is_datagram(&place->at) ? datagram_ready : accept_some;
        if (endpoint_is_datagram(&place->at))
            ok = route_prepare(place->source.fd);
        ok = ok && server_watch(s, EPOLL_CTL_ADD, &place->source, EPOLLIN);
    }
    while (ok && !s->stop)
        ok = turn(s);
    peers_end(s);
    if (s->epoll >= 0)
        close(s->epoll);
    return ok;
}
