/*
 * Carrying streams. Each connection has two directions, each with a flow that says what may be sent
 * when (flow.h). What no fault touches and comes in bulk goes from socket to socket by splice(2),
 * through a pipe; everything else through a buffer. Both are taken when octets wait and given back
 * when they are gone, so that an idle connection holds neither. What one side does not take is not
 * read from the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/fault/flow.h"
#include "harness/fault/proxy_own.h"
#include "harness/net/net.h"

enum {
    BUFFER = 262144,
    BULK = 65536, /* so many octets in one read: more is on its way */
    PIPE_BYTES = 1 << 20,
    PIPES_MAX = 64, /* at a time; what is in them is memory of the kernel */
    SPARES_MAX = 16,
    STEPS_MAX = 64, /* of one direction before others have their turn */
    TIMERS_EACH = 3,
    RETRY_US = 2000,
    NO_DESCRIPTOR_US = 100000,
    DRAIN_US = 1000,
    STALL_US = 1000000, /* a reset waits so long for a reader that takes nothing more */
};

#define EDGES ((uint32_t)(EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP) | (uint32_t)EPOLLET)

struct channel {
    int ends[2];
    struct channel *next;
};

struct spare {
    struct spare *next;
};

/* One socket of a connection. */
struct side {
    struct fault_watch watch; /* its first member */
    struct conn *conn;
    bool local;    /* a Unix socket, which knows no reset of its own will */
    bool readable; /* until a read has found nothing */
    bool writable;
    bool marked; /* there is something that a read stops in front of: the end, an urgent octet */
    bool failed; /* it is known to be reset, whatever a read says */
};

/* One direction. */
struct half {
    struct fault_timer wake; /* its first member */
    struct conn *conn;
    struct fault_flow flow;
    uint8_t *buffer; /* holds `held` octets from `begin` on; NULL while it holds none */
    size_t begin;
    size_t held;
    struct channel *channel; /* ... or this does */
    bool bulk;
    bool ended; /* nothing more comes from the sender */
    bool deaf;  /* the receiver takes nothing more, and nobody is to know */
    bool done;
    int64_t stalled_by_us; /* the sender has reset, and this is how long the receiver has; or 0 */
};

struct conn {
    struct side sides[FAULT_WAYS]; /* the client's, the server's */
    struct half halves[FAULT_WAYS];
    struct fault_timer breaking; /* set: the connection is to be reset once all was delivered */
    int64_t break_by_us;
    size_t attempt; /* at which address of the target */
    bool connecting;
    bool dead;
    struct conn *next;
    struct conn **link;
};

struct streams {
    struct conn *live;
    struct conn *dead;
    struct channel *channels; /* empty ones */
    size_t channel_count;     /* of all that there are */
    struct spare *spares;
    size_t spare_count;
    struct fault_timer listen_again;
    bool paused;
};

static struct streams *carried(struct fault_proxy *p)
{
    return p->carried;
}

static struct side *from_of(const struct half *h)
{
    return &h->conn->sides[h->flow.lane.way];
}

static struct side *to_of(const struct half *h)
{
    return &h->conn->sides[h->flow.lane.way == FAULT_UP ? FAULT_DOWN : FAULT_UP];
}

/* ---- rooms for octets ---- */

static uint8_t *take_buffer(struct fault_proxy *p)
{
    struct streams *s = carried(p);
    struct spare *spare = s->spares;

    if (p->store.held_bytes + BUFFER > p->store.max_bytes)
        return NULL;
    if (spare) {
        s->spares = spare->next;
        s->spare_count--;
    } else {
        spare = malloc(BUFFER);
    }
    if (spare)
        p->store.held_bytes += BUFFER;
    return (uint8_t *)spare;
}

static void give_buffer(struct fault_proxy *p, struct half *h)
{
    struct streams *s = carried(p);
    struct spare *spare = (struct spare *)(void *)h->buffer;

    if (!spare)
        return;
    h->buffer = NULL;
    h->begin = h->held = 0;
    p->store.held_bytes -= BUFFER;
    if (s->spare_count == SPARES_MAX) {
        free(spare);
        return;
    }
    spare->next = s->spares;
    s->spares = spare;
    s->spare_count++;
}

static void close_channel(struct streams *s, struct channel *c)
{
    close(c->ends[0]);
    close(c->ends[1]);
    free(c);
    s->channel_count--;
}

static struct channel *take_channel(struct streams *s)
{
    struct channel *c = s->channels;

    if (c) {
        s->channels = c->next;
        return c;
    }
    c = s->channel_count < PIPES_MAX ? malloc(sizeof(*c)) : NULL;
    if (!c)
        return NULL;
    if (pipe2(c->ends, O_NONBLOCK | O_CLOEXEC) != 0) {
        free(c);
        return NULL;
    }
    /* Where that is not allowed it is smaller, and works. */
    fcntl(c->ends[1], F_SETPIPE_SZ, PIPE_BYTES);
    s->channel_count++;
    return c;
}

/* Only an empty one may be used again. */
static void give_channel(struct fault_proxy *p, struct half *h)
{
    struct streams *s = carried(p);
    struct channel *c = h->channel;

    if (!c)
        return;
    h->channel = NULL;
    if (h->held) {
        close_channel(s, c);
        h->held = 0;
        return;
    }
    c->next = s->channels;
    s->channels = c;
}

static void give_rooms(struct fault_proxy *p, struct half *h)
{
    if (h->channel)
        give_channel(p, h);
    else
        give_buffer(p, h);
}

/* ---- the end of a connection ---- */

static void listen_on(struct fault_proxy *p)
{
    struct streams *s = carried(p);

    if (!s->paused)
        return;
    s->paused = false;
    fault_watch_change(p, &p->listener, EPOLLIN);
}

static void close_side(const struct fault_proxy *p, struct side *s, bool reset)
{
    if (s->watch.fd < 0)
        return;
    if (reset && !p->abandoned)
        net_reset(s->watch.fd);
    else
        close(s->watch.fd);
    s->watch.fd = -1;
}

/* Events of this turn may still lead to it, so it is freed behind the turn. */
static void end_conn(struct fault_proxy *p, struct conn *c, bool reset)
{
    struct streams *s = carried(p);

    if (c->dead)
        return;
    c->dead = true;
    for (size_t i = 0; i < FAULT_WAYS; i++) {
        close_side(p, &c->sides[i], reset);
        give_rooms(p, &c->halves[i]);
        fault_timers_cancel(&p->timers, &c->halves[i].wake);
    }
    fault_timers_cancel(&p->timers, &c->breaking);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    c->next = s->dead;
    s->dead = c;
    p->counters.active--;
    listen_on(p);
}

/* What was sent before a reset should arrive before it, and a reset throws away what the kernel has
   not delivered. So it waits until the receiver has taken all (TCP; a Unix socket has it at once),
   but not for one that takes nothing. */
static void try_break(struct fault_proxy *p, struct conn *c)
{
    bool waits = false;

    for (size_t i = 0; i < FAULT_WAYS; i++) {
        int left = 0;

        if (c->sides[i].failed || c->sides[i].local)
            continue;
        if (ioctl(c->sides[i].watch.fd, SIOCOUTQ, &left) == 0 && left > 0)
            waits = true;
    }
    if (waits && p->now_us < c->break_by_us)
        fault_wake_at(p, &c->breaking, p->now_us + DRAIN_US);
    else
        end_conn(p, c, true);
}

static void fire_break(struct fault_timer *t, void *closure)
{
    try_break(closure, (struct conn *)(void *)((uint8_t *)t - offsetof(struct conn, breaking)));
}

static void break_conn(struct fault_proxy *p, struct conn *c)
{
    c->break_by_us = p->now_us + STALL_US;
    try_break(p, c);
}

static bool is_over(const struct conn *c)
{
    return c->dead || c->breaking.place != 0;
}

/* ---- octets in ---- */

/* What a read has found; `n` as it gave it. */
static bool arrived(struct fault_proxy *p, struct half *h, ssize_t n)
{
    struct side *from = from_of(h);

    if (n > 0) {
        h->held += (size_t)n;
        p->counters.ways[h->flow.lane.way].octets += (uint64_t)n;
        fault_flow_arrived(&h->flow, (size_t)n, p->now_us);
        return true;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        from->readable = errno == EINTR;
        return false;
    }
    from->failed = from->failed || n < 0;
    h->ended = true;
    fault_flow_ended(&h->flow, from->failed ? FAULT_BROKEN : FAULT_ENDED);
    return true;
}

static bool splice_in(struct fault_proxy *p, struct half *h)
{
    /* A pipe holds so many pages, which may be larger ones than it counts with. */
    if (h->held >= PIPE_BYTES)
        return false;
    ssize_t n = splice(from_of(h)->watch.fd, NULL, h->channel->ends[1], NULL, PIPE_BYTES - h->held,
                       SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

    /* EAGAIN is also said where the pipe is full; then the octets in it have to go first. */
    if (n < 0 && errno == EAGAIN && h->held)
        return false;
    h->bulk = n >= BULK;
    return arrived(p, h, n);
}

/* Moves what is held to the front where little room is left behind it. */
static size_t room_of(struct half *h)
{
    if (h->held == 0)
        h->begin = 0;
    if (h->begin && BUFFER - h->begin - h->held < BULK) {
        memmove(h->buffer, h->buffer + h->begin, h->held);
        h->begin = 0;
    }
    return BUFFER - h->begin - h->held;
}

static bool read_in(struct fault_proxy *p, struct half *h)
{
    struct side *from = from_of(h);
    size_t room = room_of(h);

    if (room == 0)
        return false;
    ssize_t n = recv(from->watch.fd, h->buffer + h->begin + h->held, room, 0);
    h->bulk = n >= BULK;
    if (n > 0 && (size_t)n < room && !from->marked)
        from->readable = false; /* all there was, and what comes next is told */
    return arrived(p, h, n);
}

/* Reads once where there is something, and room for it. */
static bool take_in(struct fault_proxy *p, struct half *h)
{
    if (h->ended || !from_of(h)->readable)
        return false;
    if (h->held == 0) {
        give_channel(p, h);
        if (h->bulk && fault_flow_is_plain(&h->flow) && !h->deaf)
            h->channel = take_channel(carried(p));
    }
    if (h->channel) {
        give_buffer(p, h);
        return splice_in(p, h);
    }
    if (!h->buffer)
        h->buffer = take_buffer(p);
    if (h->buffer)
        return read_in(p, h);
    fault_wake_at(p, &h->wake, p->now_us + RETRY_US); /* all rooms are taken just now */
    return false;
}

/* ---- octets out ---- */

static struct half *opposite(const struct half *h)
{
    return &h->conn->halves[h->flow.lane.way == FAULT_UP ? FAULT_DOWN : FAULT_UP];
}

/* Octets that are held go nowhere. A pipe in which there are some is of no use to anybody else. */
static void swallow(struct fault_proxy *p, struct half *h, size_t len)
{
    if (h->channel)
        give_channel(p, h);
    else
        h->held -= len;
    h->begin += len;
    fault_flow_left(&h->flow, len, p->now_us);
}

/*
 * The receiver takes nothing more. Over TCP that is a reset, which is passed on once all that came
 * from there before has been delivered. A Unix socket may have ended its reading alone, so only
 * that is passed on, and the sender finds it out as it would have.
 */
static void receiver_gone(struct fault_proxy *p, struct half *h)
{
    struct side *to = to_of(h);
    struct side *from = from_of(h);

    h->deaf = true;
    if (h->channel)
        swallow(p, h, h->held);
    if (to->local && from->local) {
        shutdown(from->watch.fd, SHUT_RD);
        return;
    }
    to->failed = to->failed || !to->local;
    to->readable = true;
    if (opposite(h)->done)
        break_conn(p, h->conn);
}

static bool send_out(struct fault_proxy *p, struct half *h, size_t len)
{
    struct side *to = to_of(h);
    ssize_t n;

    if (h->deaf) {
        swallow(p, h, len);
        return true;
    }
    if (!to->writable)
        return false;
    if (h->channel)
        n = splice(h->channel->ends[0], NULL, to->watch.fd, NULL, len,
                   SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    else
        n = send(to->watch.fd, h->buffer + h->begin, len, MSG_NOSIGNAL);
    if (n >= 0) {
        p->counters.ways[h->flow.lane.way].sent_octets += (uint64_t)n;
        h->begin += (size_t)n;
        h->held -= (size_t)n;
        fault_flow_left(&h->flow, (size_t)n, p->now_us);
        return true;
    }
    if (errno == EAGAIN) {
        to->writable = false;
        return false;
    }
    if (errno != EINTR)
        receiver_gone(p, h);
    return true;
}

/* This direction is over. Where the other takes nothing more either, so is the connection; what its
   sender still sends then meets a reset, as it would have. */
static void finish(struct fault_proxy *p, struct half *h)
{
    h->done = true;
    if (opposite(h)->done || opposite(h)->deaf)
        end_conn(p, h->conn, opposite(h)->deaf);
}

/* One step of the flow; false where there is none to do now. */
static bool give_out(struct fault_proxy *p, struct half *h)
{
    struct fault_step step = fault_flow_next(&h->flow, p->now_us);

    switch (step.act) {
    case FAULT_SEND:
        return send_out(p, h, step.len);
    case FAULT_SWALLOW:
        swallow(p, h, step.len);
        return true;
    case FAULT_WAIT:
        fault_wake_at(p, &h->wake, step.until_us);
        return false;
    case FAULT_IDLE:
        return false;
    case FAULT_SHUT:
        shutdown(to_of(h)->watch.fd, SHUT_WR);
        return true;
    case FAULT_FINISH:
        if (!h->flow.shut)
            shutdown(to_of(h)->watch.fd, SHUT_WR);
        finish(p, h);
        return false;
    case FAULT_BREAK:
    case FAULT_FAIL:
        h->done = true;
        break_conn(p, h->conn);
        return false;
    }
    return false;
}

/* A sender that has reset is passed on behind its octets; a receiver that takes none of them does
   not keep the connection for ever. */
static void mind_stall(struct fault_proxy *p, struct half *h, bool progress)
{
    if (!from_of(h)->failed || to_of(h)->writable || progress) {
        h->stalled_by_us = 0;
        return;
    }
    if (h->stalled_by_us == 0)
        h->stalled_by_us = p->now_us + STALL_US;
    if (p->now_us >= h->stalled_by_us)
        end_conn(p, h->conn, true);
    else
        fault_wake_at(p, &h->wake, h->stalled_by_us);
}

static void pump(struct fault_proxy *p, struct half *h)
{
    bool moved = true;
    bool progress = false;

    for (unsigned i = 0; i < STEPS_MAX && moved && !h->done && !is_over(h->conn); i++) {
        moved = take_in(p, h);
        if (give_out(p, h))
            progress = moved = true;
    }
    if (h->held == 0)
        give_rooms(p, h);
    if (h->done || is_over(h->conn))
        return;
    if (moved)
        fault_wake_at(p, &h->wake, p->now_us + 1); /* behind what others have in this turn */
    mind_stall(p, h, progress);
}

/* ---- connections ---- */

/* What is sent leaves at once, and an urgent octet stays one of the octets. */
static void prepare(int fd)
{
    int on = 1;

    net_no_delay(fd);
    setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
}

static void ready(struct fault_proxy *p, struct fault_watch *w, uint32_t events);

/* It says nothing about the target. */
static bool is_our_lack(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* True where a connect is under way, or is tried again soon. */
static bool dial(struct fault_proxy *p, struct conn *c)
{
    struct side *s = &c->sides[FAULT_DOWN];

    for (; c->attempt < p->to_count; c->attempt++) {
        const struct address *to = &p->to[c->attempt];
        int fd = socket(address_family(to), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd < 0 && is_our_lack(errno)) {
            fault_wake_at(p, &c->halves[FAULT_UP].wake, p->now_us + RETRY_US);
            return true;
        }
        if (fd < 0)
            break;
        s->local = address_family(to) == AF_UNIX;
        prepare(fd);
        int error = connect(fd, address_sockaddr(to), to->len) == 0 ? 0 : errno;
        if ((error == 0 || error == EINPROGRESS) && fault_watch_add(p, &s->watch, fd, EDGES))
            return true;
        close(fd);
        if (error == EAGAIN) { /* the backlog of a Unix server is full (unix(7)) */
            fault_wake_at(p, &c->halves[FAULT_UP].wake, p->now_us + RETRY_US);
            return true;
        }
    }
    return false;
}

static void dial_or_end(struct fault_proxy *p, struct conn *c)
{
    if (dial(p, c))
        return;
    p->counters.unreached++;
    end_conn(p, c, true);
}

/* Whether the server's side is connected now; if not, the next address is tried. */
static bool is_connected(struct fault_proxy *p, struct conn *c)
{
    struct side *s = &c->sides[FAULT_DOWN];
    int error = 0;
    socklen_t len = sizeof(error);

    if (getsockopt(s->watch.fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0) {
        c->connecting = false;
        return true;
    }
    close(s->watch.fd);
    s->watch.fd = -1;
    c->attempt++;
    dial_or_end(p, c);
    return false;
}

static void fire_wake(struct fault_timer *t, void *closure)
{
    struct half *h = (struct half *)(void *)t;

    if (!h->conn->connecting)
        pump(closure, h);
    else if (h->conn->sides[FAULT_DOWN].watch.fd < 0)
        dial_or_end(closure, h->conn);
}

static void ready(struct fault_proxy *p, struct fault_watch *w, uint32_t events)
{
    struct side *s = (struct side *)(void *)w;
    struct conn *c = s->conn;
    enum fault_way way = s == &c->sides[FAULT_UP] ? FAULT_UP : FAULT_DOWN;

    s->marked = s->marked || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI));
    s->readable = s->readable || s->marked || (events & EPOLLIN);
    s->writable = s->writable || (events & (EPOLLOUT | EPOLLHUP | EPOLLERR));
    if (c->connecting && (way == FAULT_UP || !is_connected(p, c)))
        return;
    s->failed = s->failed || (events & EPOLLERR);
    pump(p, &c->halves[way]);
    pump(p, &c->halves[way == FAULT_UP ? FAULT_DOWN : FAULT_UP]);
}

static struct conn *new_conn(struct fault_proxy *p, int fd)
{
    struct streams *s = carried(p);
    size_t timers = (size_t)(p->counters.active + 1) * TIMERS_EACH + 1;
    struct conn *c = fault_timers_reserve(&p->timers, timers) ? calloc(1, sizeof(*c)) : NULL;

    if (!c)
        return NULL;
    for (size_t way = 0; way < FAULT_WAYS; way++) {
        c->sides[way].conn = c->halves[way].conn = c;
        c->sides[way].watch = (struct fault_watch){.fd = -1, .ready = ready};
        c->halves[way].wake.fire = fire_wake;
    }
    c->breaking.fire = fire_break;
    c->connecting = true;
    c->sides[FAULT_UP].local = endpoint_is_unix(&p->at);
    prepare(fd);
    if (!fault_watch_add(p, &c->sides[FAULT_UP].watch, fd, EDGES)) {
        free(c);
        return NULL;
    }
    p->counters.active++;
    p->counters.clients++;
    for (size_t way = 0; way < FAULT_WAYS; way++)
        fault_flow_open(&c->halves[way].flow, &p->plan, p->counters.clients, (enum fault_way)way);
    c->link = &s->live;
    c->next = s->live;
    if (c->next)
        c->next->link = &c->next;
    s->live = c;
    return c;
}

/* Pipes that are kept for later are of more use as descriptors of connections. */
static void close_channels(struct streams *s)
{
    while (s->channels) {
        struct channel *c = s->channels;

        s->channels = c->next;
        close_channel(s, c);
    }
}

/* Nobody more is let in, for a while or until somebody goes. */
static void refuse(struct fault_proxy *p, bool for_a_while)
{
    struct streams *s = carried(p);

    p->counters.refused++;
    s->paused = true;
    fault_watch_change(p, &p->listener, 0);
    if (!for_a_while)
        return;
    close_channels(s);
    fault_wake_at(p, &s->listen_again, p->now_us + NO_DESCRIPTOR_US);
}

static void fire_listen(struct fault_timer *t UNUSED, void *closure)
{
    listen_on(closure);
}

/* Whoever is let in needs a second descriptor, towards the target: so only where there are two. */
static int accept_with_room(struct fault_proxy *p, int listener)
{
    int room = fcntl(p->epoll, F_DUPFD_CLOEXEC, 0);
    int fd = room < 0 ? -1 : accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int error = errno;

    if (room >= 0)
        close(room);
    errno = error;
    return fd;
}

static void accept_some(struct fault_proxy *p, struct fault_watch *w, uint32_t events UNUSED)
{
    if (p->counters.active >= p->limits.clients) {
        refuse(p, false);
        return;
    }
    for (unsigned i = 0; i < STEPS_MAX && p->counters.active < p->limits.clients; i++) {
        int fd = accept_with_room(p, w->fd);

        if (fd < 0 && errno == ECONNABORTED)
            continue;
        if (fd < 0) {
            if (errno != EAGAIN && errno != EINTR)
                refuse(p, true);
            return;
        }
        struct conn *c = new_conn(p, fd);
        if (c)
            dial_or_end(p, c);
        else
            close(fd);
    }
}

/* ---- the carrier ---- */

static bool open_streams(struct fault_proxy *p, struct problem *why)
{
    struct streams *s = calloc(1, sizeof(*s));

    if (!s || !fault_timers_reserve(&p->timers, 1)) {
        free(s);
        return problem_set(why, "no memory for a proxy");
    }
    p->carried = s;
    s->listen_again.fire = fire_listen;
    p->listener.ready = accept_some;
    return fault_watch_add(p, &p->listener, p->listener.fd, EPOLLIN) ||
           problem_set(why, "cannot listen: %s", strerror(errno));
}

static void sweep_streams(struct fault_proxy *p)
{
    struct streams *s = carried(p);

    while (s->dead) {
        struct conn *c = s->dead;

        s->dead = c->next;
        free(c);
    }
}

static void close_streams(struct fault_proxy *p)
{
    struct streams *s = carried(p);

    while (s->live)
        end_conn(p, s->live, true);
    sweep_streams(p);
    close_channels(s);
    while (s->spares) {
        struct spare *spare = s->spares;

        s->spares = spare->next;
        free(spare);
    }
    free(s);
}

static uint64_t lost_streams(struct fault_proxy *p UNUSED, enum fault_way way UNUSED)
{
    return 0;
}

const struct fault_carrier fault_streams = {
    .open = open_streams, .close = close_streams, .sweep = sweep_streams, .lost = lost_streams};
