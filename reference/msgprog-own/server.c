/* The loop: waits for what is ready, and lets clients in as long as there is room. */
#include "reference/msgprog-own/server.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/net/route.h"

/* A message over the store's limit is still read, up to here, so that SAVEMSG can answer 0 for it.
 */
enum { RECORD_AT_LEAST = 1 << 20, RECORD_BEYOND = 1 << 16 };

enum { EVENTS = 64, ACCEPTS_PER_TURN = 64, RETRY_MS = 100 };

bool server_watch(const struct server *s, int how, struct source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};

    return epoll_ctl(s->epoll, how, source->fd, &event) == 0;
}

static void accept_some(struct server *s, struct source *source);

/* With no descriptor left the listeners stay readable: watching them would be a loop run hot. */
static void watch_listeners(struct server *s, bool on)
{
    s->full = !on;
    for (size_t i = 0; i < s->count; i++) {
        if (s->places[i].ready == accept_some)
            server_watch(s, EPOLL_CTL_MOD, &s->places[i], on ? EPOLLIN : 0);
    }
}

void server_has_room(struct server *s)
{
    if (s->full)
        watch_listeners(s, true);
}

/* Takes some of those who wait. One who has gone again already is an error of accept(2) that
   concerns nobody else; only a lack of descriptors or memory makes us pause. */
static void accept_some(struct server *s, struct source *source)
{
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            peer_welcome(s, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            watch_listeners(s, false);
            return;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

static void end_serving(struct server *s, struct source *source)
{
    (void)source;
    s->stop = true;
}

static bool add_place(struct server *s, const struct place_served *place)
{
    struct source *source = &s->places[s->count++];

    source->fd = place->fd;
    source->ready = endpoint_is_datagram(&place->at) ? datagram_ready : accept_some;
    if (source->ready == datagram_ready && !route_prepare(source->fd))
        return false;
    return server_watch(s, EPOLL_CTL_ADD, source, EPOLLIN);
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

bool server_run(struct server *s, const struct setup *setup, int stop)
{
    *s = (struct server){
        .store = setup->store,
        .epoll = epoll_create1(EPOLL_CLOEXEC),
        .stop_source = {.fd = stop, .ready = end_serving},
        .record_max = size_max(setup->limits.message_bytes, RECORD_AT_LEAST) + RECORD_BEYOND,
    };
    bool ok = s->epoll >= 0 && server_watch(s, EPOLL_CTL_ADD, &s->stop_source, EPOLLIN);
    for (size_t i = 0; ok && i < setup->count; i++)
        ok = add_place(s, &setup->places[i]);
    while (ok && !s->stop)
        ok = turn(s);
    peers_end(s);
    if (s->epoll >= 0)
        close(s->epoll);
    return ok;
}
