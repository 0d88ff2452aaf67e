/*
 * Carrying datagrams. Many are received and sent by one call each; where a run of datagrams of one
 * size goes to one place over UDP, they go down the stack as one (UDP_SEGMENT, udp(7)), and are
 * datagrams again behind it. What passes at once is sent from where it was received, without a
 * copy.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sock_diag.h>

#include "harness/base/deadline.h"
#include "harness/fault/proxy_own.h"
#include "harness/net/net.h"
#include "harness/net/route.h"

enum {
    BATCH = 64,
    ROOM = 65536,
    BUCKETS = 8192,
    RETRY_US = 1000,
    TIMERS_EACH = FAULT_WAYS + 1,
    STUCK_MAX = 256, /* datagrams that wait for a blocked way before nothing more is read for it */
    LISTENER_BUFFER = 8 << 20,
    UPSTREAM_BUFFER = 1 << 20,
    SEGMENTED_MAX = 65507, /* octets that go down the stack as one; udp(7) also allows no more than
                              BATCH segments */
    US_PER_MS = 1000,
};

/* One direction of a client. The queue is its first member. */
struct side {
    struct fault_queue queue;
    struct fault_lane lane;
    struct fault_timer retry;
    struct client *client;
    bool pausing; /* what it receives from is not read meanwhile */
};

struct client {
    struct fault_watch upstream; /* its first member */
    struct route route;          /* back to it */
    struct side ways[FAULT_WAYS];
    struct fault_timer idle;
    int64_t used_us;
    struct client *next; /* in its bucket, or among the dead */
    size_t bucket;
};

struct datagrams {
    struct client *buckets[BUCKETS];
    struct client *dead;
    struct client *last; /* whom the last datagram came from: mostly the next comes from it, too */
    uint64_t hash_key;
    unsigned listener_pauses;
    bool udp[FAULT_WAYS];         /* what is sent this way goes over UDP */
    uint64_t dropped[FAULT_WAYS]; /* by the kernel, of clients that are gone */

    /* receiving */
    struct mmsghdr in[BATCH];
    struct iovec in_parts[BATCH];
    struct route routes[BATCH];
    _Alignas(struct cmsghdr) uint8_t told[BATCH][ROUTE_TOLD];
    /* sending */
    struct mmsghdr out[BATCH];
    struct iovec out_parts[BATCH];
    uint8_t data[BATCH][ROOM];
};

/* What goes to one place at once, still where it was received. */
struct outgoing {
    struct side *side;
    size_t count;
    struct slice units[BATCH];
};

static struct datagrams *carried(struct fault_proxy *p)
{
    return p->carried;
}

/* ---- sending ---- */

static struct slice held_slice(const struct fault_held *h)
{
    return slice_of(h->data, h->len);
}

/* The address, and where the reply has to leave from; both nothing towards the server, to which the
   socket is connected. */
static void address_message(const struct side *s, struct msghdr *m)
{
    struct route *back = &s->client->route;

    *m = (struct msghdr){0};
    if (s->lane.way == FAULT_UP)
        return;
    m->msg_name = &back->peer.storage;
    m->msg_namelen = back->peer.len;
    m->msg_control = back->source_len ? back->source : NULL;
    m->msg_controllen = back->source_len;
}

static int way_out(const struct fault_proxy *p, const struct side *s)
{
    return s->lane.way == FAULT_UP ? s->client->upstream.fd : p->listener.fd;
}

/* How many octets a run of datagrams has that may go down the stack as one: all of one size but the
   last, which may be smaller, none of them empty. 0: this is no such run. */
static size_t run_of(const struct slice *units, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++) {
        bool last = i + 1 == count;

        if (units[i].len == 0 || units[i].len > units[0].len ||
            (!last && units[i].len != units[0].len))
            return 0;
        total += units[i].len;
    }
    return count > 1 && total <= SEGMENTED_MAX ? total : 0;
}

static bool send_run(struct fault_proxy *p, const struct side *s, const struct slice *units,
                     size_t count)
{
    _Alignas(struct cmsghdr)
        uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))];
    struct cmsghdr segment = {
        .cmsg_len = CMSG_LEN(sizeof(uint16_t)), .cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT};
    uint16_t size = (uint16_t)units[0].len;
    struct msghdr m;

    address_message(s, &m);
    if (m.msg_controllen)
        memcpy(control, m.msg_control, m.msg_controllen);
    memset(control + m.msg_controllen, 0, CMSG_SPACE(sizeof(size)));
    memcpy(control + m.msg_controllen, &segment, sizeof(segment));
    memcpy(control + m.msg_controllen + CMSG_LEN(0), &size, sizeof(size));
    m.msg_control = control;
    m.msg_controllen += CMSG_SPACE(sizeof(size));
    m.msg_iov = carried(p)->out_parts;
    m.msg_iovlen = count;
    return sendmsg(way_out(p, s), &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/* A Unix server that has been started anew is at the same path, but not the one that we are
   connected to. */
static bool reconnect(struct fault_proxy *p, const struct side *s)
{
    return s->lane.way == FAULT_UP && !carried(p)->udp[FAULT_UP] &&
           connect(way_out(p, s), address_sockaddr(&p->to[0]), p->to[0].len) == 0;
}

/* What an error of the first datagram means: that there is no room now, that it has to be tried
   once more since the error is that of an earlier one (udp(7)), or that it is lost. */
enum fate { FATE_WAITS, FATE_AGAIN, FATE_LOST };

static enum fate fate_of(struct fault_proxy *p, const struct side *s, bool again)
{
    int error = errno;

    if (error == EAGAIN || error == ENOBUFS)
        return FATE_WAITS;
    if (error == EINTR)
        return FATE_AGAIN;
    if (error != ECONNREFUSED && error != ECONNRESET)
        return FATE_LOST;
    p->counters.unreached++;
    return !again && (carried(p)->udp[s->lane.way] || reconnect(p, s)) ? FATE_AGAIN : FATE_LOST;
}

static void count_sent(struct fault_proxy *p, const struct side *s, const struct slice *units,
                       size_t count)
{
    p->counters.ways[s->lane.way].sent_datagrams += count;
    for (size_t i = 0; i < count; i++)
        p->counters.ways[s->lane.way].sent_octets += units[i].len;
}

/* Sends as many as there is room for; returns how many are dealt with. */
static size_t send_units(struct fault_proxy *p, const struct side *s, const struct slice *units,
                         size_t count)
{
    struct datagrams *d = carried(p);
    size_t done = 0;
    bool again = false;

    for (size_t i = 0; i < count; i++) {
        d->out_parts[i].iov_base = (void *)(uintptr_t)units[i].data;
        d->out_parts[i].iov_len = units[i].len;
    }
    if (d->udp[s->lane.way] && run_of(units, count) && send_run(p, s, units, count)) {
        count_sent(p, s, units, count);
        return count;
    }
    for (size_t i = 0; i < count; i++) {
        address_message(s, &d->out[i].msg_hdr);
        d->out[i].msg_hdr.msg_iov = &d->out_parts[i];
        d->out[i].msg_hdr.msg_iovlen = 1;
    }
    while (done < count) {
        int n = sendmmsg(way_out(p, s), d->out + done, (unsigned)(count - done),
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            count_sent(p, s, units + done, (size_t)n);
            done += (size_t)n;
            again = false;
            continue;
        }
        enum fate fate = fate_of(p, s, again);
        if (fate == FATE_WAITS)
            break;
        again = fate == FATE_AGAIN;
        if (fate == FATE_LOST) {
            p->counters.ways[s->lane.way].lost++;
            done++;
        }
    }
    return done;
}

static void pause_source(struct fault_proxy *p, struct side *s)
{
    if (s->pausing)
        return;
    s->pausing = true;
    if (s->lane.way == FAULT_DOWN)
        fault_watch_change(p, &s->client->upstream, 0);
    else if (carried(p)->listener_pauses++ == 0)
        fault_watch_change(p, &p->listener, 0);
}

static void resume_source(struct fault_proxy *p, struct side *s)
{
    if (!s->pausing)
        return;
    s->pausing = false;
    if (s->lane.way == FAULT_DOWN)
        fault_watch_change(p, &s->client->upstream, EPOLLIN);
    else if (--carried(p)->listener_pauses == 0)
        fault_watch_change(p, &p->listener, EPOLLIN);
}

/* Sends what is ready, until the way is blocked. A Unix client that does not read blocks it without
   an event that would tell the end of it, so it is tried again soon. */
static void drain(struct fault_proxy *p, struct side *s)
{
    for (;;) {
        struct slice units[BATCH];
        size_t count = 0;

        for (const struct fault_held *h = fault_queue_first(&s->queue); h && count < BATCH;
             h = h->next)
            units[count++] = held_slice(h);
        size_t done = count ? send_units(p, s, units, count) : 0;
        for (size_t i = 0; i < done; i++)
            fault_queue_drop(&s->queue);
        if (done < count) {
            fault_wake_at(p, &s->retry, p->now_us + RETRY_US);
            if (s->queue.count >= STUCK_MAX)
                pause_source(p, s);
            return;
        }
        if (count == 0)
            break;
    }
    resume_source(p, s);
}

static void fire_retry(struct fault_timer *t, void *closure)
{
    struct side *s = (struct side *)(void *)((uint8_t *)t - offsetof(struct side, retry));

    drain(closure, s);
}

static void awake(struct fault_queue *q, void *closure)
{
    drain(closure, (struct side *)(void *)q);
}

static void flush(struct fault_proxy *p, struct outgoing *o)
{
    size_t done = 0;

    if (o->count && !fault_queue_first(&o->side->queue))
        done = send_units(p, o->side, o->units, o->count);
    if (done < o->count) {
        uint64_t overflows = p->store.overflows;

        for (size_t i = done; i < o->count; i++)
            fault_queue_append(&o->side->queue, o->units[i]);
        p->counters.ways[o->side->lane.way].lost += p->store.overflows - overflows;
        drain(p, o->side);
    }
    o->count = 0;
}

/* ---- one datagram ---- */

enum {
    NEEDS_COPY = 1 << FAULT_DUPLICATE | 1 << FAULT_REORDER | 1 << FAULT_DELAY,
    IS_GONE = 1 << FAULT_DROP,
};

static void take(struct fault_proxy *p, struct side *s, uint8_t *data, size_t len,
                 struct outgoing *o)
{
    struct fault_decision d = {.length = len};

    if (o->side != s)
        flush(p, o);
    o->side = s;
    p->counters.ways[s->lane.way].datagrams++;
    p->counters.ways[s->lane.way].octets += len;
    if (p->plan.sink)
        fault_lane_datagram(&s->lane, len, &d);
    if (!(d.deeds & (NEEDS_COPY | IS_GONE)) && s->queue.count == 0) {
        o->units[o->count++] = slice_of(data, fault_deform(&d, data, len));
        return;
    }
    uint64_t overflows = p->store.overflows;
    flush(p, o);
    fault_queue_take(&s->queue, &d, data, p->now_us);
    p->counters.ways[s->lane.way].lost += p->store.overflows - overflows;
    drain(p, s);
}

/* ---- clients ---- */

static bool is_same_route(const struct route *a, const struct route *b)
{
    return slice_eq(slice_of(&a->peer.storage, a->peer.len),
                    slice_of(&b->peer.storage, b->peer.len)) &&
           slice_eq(slice_of(a->source, a->source_len), slice_of(b->source, b->source_len));
}

static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
    const uint8_t *at = data;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * 0x100000001b3U; /* FNV-1a, from a start that nobody outside knows */
    return hash;
}

static size_t bucket_of(const struct datagrams *d, const struct route *r)
{
    uint64_t hash = mix(d->hash_key, &r->peer.storage, r->peer.len);

    hash = mix(hash, r->source, r->source_len);
    return (size_t)((hash ^ hash >> 32) % BUCKETS);
}

static uint64_t dropped_by_kernel(int fd)
{
    uint32_t info[SK_MEMINFO_VARS] = {0};
    socklen_t len = sizeof(info);

    return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) == 0 ? info[SK_MEMINFO_DROPS] : 0;
}

static void close_client(struct fault_proxy *p, struct client *c)
{
    struct datagrams *d = carried(p);

    for (size_t way = 0; way < FAULT_WAYS; way++) {
        resume_source(p, &c->ways[way]);
        fault_timers_cancel(&p->timers, &c->ways[way].retry);
        fault_queue_close(&c->ways[way].queue);
    }
    fault_timers_cancel(&p->timers, &c->idle);
    d->dropped[FAULT_DOWN] += dropped_by_kernel(c->upstream.fd);
    close(c->upstream.fd);
    c->upstream.fd = -1;
    if (d->last == c)
        d->last = NULL;
    p->counters.active--;
}

/* Events of this turn may still lead to it, so it is freed behind the turn. */
static void forget(struct fault_proxy *p, struct client *c)
{
    struct datagrams *d = carried(p);
    struct client **link = &d->buckets[c->bucket];

    while (*link != c)
        link = &(*link)->next;
    *link = c->next;
    close_client(p, c);
    c->next = d->dead;
    d->dead = c;
}

static void fire_idle(struct fault_timer *t, void *closure)
{
    struct client *c = (struct client *)(void *)((uint8_t *)t - offsetof(struct client, idle));
    struct fault_proxy *p = closure;
    int64_t span = p->limits.idle_ms * US_PER_MS;
    bool holds = c->ways[FAULT_UP].queue.count || c->ways[FAULT_DOWN].queue.count;

    if (!holds && p->now_us - c->used_us >= span)
        forget(p, c);
    else
        fault_wake_at(p, t, (holds ? p->now_us : c->used_us) + span);
}

static void enlarge_buffer(int fd, int bytes)
{
    /* Beyond the limit of the machine where we may, up to it else. */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

static void receive_down(struct fault_proxy *p, struct fault_watch *w, uint32_t events);

static bool open_upstream(struct fault_proxy *p, struct client *c)
{
    int fd = -1;
    struct net_io io = net_dial(&p->to[0], NULL, 0, &fd);

    if (io.status == NET_REFUSED)
        p->counters.unreached++;
    if (io.status != NET_OK)
        return false;
    enlarge_buffer(fd, UPSTREAM_BUFFER);
    c->upstream.ready = receive_down;
    if (fault_watch_add(p, &c->upstream, fd, EPOLLIN))
        return true;
    close(fd);
    return false;
}

static struct client *add_client(struct fault_proxy *p, const struct route *r, size_t bucket)
{
    struct datagrams *d = carried(p);
    struct client *c = NULL;

    if (p->counters.active < p->limits.clients &&
        fault_timers_reserve(&p->timers, (size_t)(p->counters.active + 1) * TIMERS_EACH))
        c = calloc(1, sizeof(*c));
    if (!c || !open_upstream(p, c)) {
        free(c);
        return NULL;
    }
    p->counters.active++;
    p->counters.clients++;
    c->route = *r;
    for (size_t way = 0; way < FAULT_WAYS; way++) {
        struct side *s = &c->ways[way];

        s->client = c;
        s->retry.fire = fire_retry;
        fault_lane_open(&s->lane, &p->plan, p->counters.clients, (enum fault_way)way);
        fault_queue_open(&s->queue, &p->store);
        s->queue.awake = awake;
    }
    c->bucket = bucket;
    c->next = d->buckets[bucket];
    d->buckets[bucket] = c;
    c->idle.fire = fire_idle;
    c->used_us = p->now_us;
    fault_wake_at(p, &c->idle, p->now_us + p->limits.idle_ms * US_PER_MS);
    return c;
}

static struct client *find_client(struct fault_proxy *p, const struct route *r)
{
    struct datagrams *d = carried(p);

    if (d->last && is_same_route(&d->last->route, r))
        return d->last;
    size_t bucket = bucket_of(d, r);
    struct client *c = d->buckets[bucket];
    while (c && !is_same_route(&c->route, r))
        c = c->next;
    if (!c)
        c = add_client(p, r, bucket);
    d->last = c;
    return c;
}

/* ---- receiving ---- */

/* As many as there are; `named` where it matters whom they come from. */
static int receive(struct fault_proxy *p, int fd, bool named)
{
    struct datagrams *d = carried(p);

    for (size_t i = 0; i < BATCH; i++) {
        struct msghdr *m = &d->in[i].msg_hdr;

        *m = (struct msghdr){.msg_iov = &d->in_parts[i], .msg_iovlen = 1};
        if (!named)
            continue;
        d->routes[i].peer.len = 0;
        m->msg_name = &d->routes[i].peer.storage;
        m->msg_namelen = sizeof(d->routes[i].peer.storage);
        /* Without room for control data the kernel closes descriptors that a Unix client sends. */
        m->msg_control = d->udp[FAULT_DOWN] ? d->told[i] : NULL;
        m->msg_controllen = d->udp[FAULT_DOWN] ? sizeof(d->told[i]) : 0;
    }
    return recvmmsg(fd, d->in, BATCH, MSG_DONTWAIT, NULL);
}

/* Larger than anything that UDP carries: a Unix datagram. Half of it is no datagram of anybody. */
static bool is_cut(struct fault_proxy *p, const struct mmsghdr *m, enum fault_way way)
{
    bool cut = (m->msg_hdr.msg_flags & MSG_TRUNC) != 0;

    p->counters.ways[way].lost += cut;
    return cut;
}

static void receive_up(struct fault_proxy *p, struct fault_watch *w, uint32_t events UNUSED)
{
    struct datagrams *d = carried(p);
    struct outgoing out = {.count = 0};
    int n = receive(p, w->fd, true);

    for (int i = 0; i < n; i++) {
        struct route *r = &d->routes[i];

        r->peer.len = d->in[i].msg_hdr.msg_namelen;
        r->peer.socktype = SOCK_DGRAM;
        route_turn(r, &d->in[i].msg_hdr);
        if (is_cut(p, &d->in[i], FAULT_UP))
            continue;
        struct client *c = find_client(p, r);
        if (!c) {
            p->counters.refused++;
            continue;
        }
        c->used_us = p->now_us;
        take(p, &c->ways[FAULT_UP], d->data[i], d->in[i].msg_len, &out);
    }
    flush(p, &out);
}

static void receive_down(struct fault_proxy *p, struct fault_watch *w, uint32_t events UNUSED)
{
    struct datagrams *d = carried(p);
    struct client *c = (struct client *)(void *)w;
    struct outgoing out = {.count = 0};
    int n = receive(p, w->fd, false);

    if (n < 0 && errno != EAGAIN && errno != EINTR)
        p->counters.unreached++; /* nobody was there for what went up; reading clears it (udp(7)) */
    for (int i = 0; i < n; i++) {
        if (!is_cut(p, &d->in[i], FAULT_DOWN))
            take(p, &c->ways[FAULT_DOWN], d->data[i], d->in[i].msg_len, &out);
    }
    if (n > 0)
        c->used_us = p->now_us;
    flush(p, &out);
}

/* ---- the carrier ---- */

static bool open_datagrams(struct fault_proxy *p, struct problem *why)
{
    struct datagrams *d = calloc(1, sizeof(*d));
    struct rng chance;

    if (!d)
        return problem_set(why, "no memory for a proxy");
    p->carried = d;
    for (size_t i = 0; i < BATCH; i++)
        d->in_parts[i] = (struct iovec){d->data[i], ROOM};
    d->udp[FAULT_UP] = address_family(&p->to[0]) != AF_UNIX;
    d->udp[FAULT_DOWN] = !endpoint_is_unix(&p->at);
    /* Where its clients' addresses lie is no decision, so it must not follow from the seed. */
    rng_seed(&chance, (uint64_t)deadline_now_us() ^ (uint64_t)(uintptr_t)d, "buckets");
    d->hash_key = rng_next(&chance);
    enlarge_buffer(p->listener.fd, LISTENER_BUFFER);
    p->listener.ready = receive_up;
    if ((d->udp[FAULT_DOWN] && !route_prepare(p->listener.fd)) ||
        !fault_watch_add(p, &p->listener, p->listener.fd, EPOLLIN))
        return problem_set(why, "cannot listen: %s", strerror(errno));
    return true;
}

static void sweep_datagrams(struct fault_proxy *p)
{
    struct datagrams *d = carried(p);

    while (d->dead) {
        struct client *c = d->dead;

        d->dead = c->next;
        free(c);
    }
}

static void close_datagrams(struct fault_proxy *p)
{
    struct datagrams *d = carried(p);

    for (size_t i = 0; i < BUCKETS; i++) {
        while (d->buckets[i])
            forget(p, d->buckets[i]);
    }
    sweep_datagrams(p);
    free(d);
}

static uint64_t lost_datagrams(struct fault_proxy *p, enum fault_way way)
{
    struct datagrams *d = carried(p);
    uint64_t lost = d->dropped[way];

    if (way == FAULT_UP)
        return lost + dropped_by_kernel(p->listener.fd);
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct client *c = d->buckets[i]; c; c = c->next)
            lost += dropped_by_kernel(c->upstream.fd);
    }
    return lost;
}

const struct fault_carrier fault_datagrams = {.open = open_datagrams,
                                              .close = close_datagrams,
                                              .sweep = sweep_datagrams,
                                              .lost = lost_datagrams};
