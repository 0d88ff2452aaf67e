/* The proxy: opening, the loop, counting. */
#include "harness/fault/proxy_own.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/net/net.h"

enum {
    BACKLOG = 4096,
    EVENTS = 64,
    CLIENTS = 4096,
    HELD_BYTES = 64 << 20,
    IDLE_MS = 60000,
    US_PER_S = 1000000,
    NS_PER_US = 1000,
};

/* ---- the loop's parts ---- */

bool fault_watch_add(struct fault_proxy *p, struct fault_watch *w, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = w};

    if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        return false;
    w->fd = fd;
    return true;
}

void fault_watch_change(struct fault_proxy *p, struct fault_watch *w, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = w};

    if (!p->abandoned)
        epoll_ctl(p->epoll, EPOLL_CTL_MOD, w->fd, &event);
}

void fault_wake_at(struct fault_proxy *p, struct fault_timer *t, int64_t due_us)
{
    bool reserved = fault_timers_set(&p->timers, t, due_us);

    assert(reserved);
    (void)reserved;
}

static void count_decision(const struct fault_decision *d, void *closure)
{
    struct fault_proxy *p = closure;

    for (size_t kind = 0; d->deeds >> kind; kind++)
        p->counters.ways[d->way].deeds[kind] += d->deeds >> kind & 1;
    if (p->sink)
        p->sink(d, p->closure);
}

/* ---- opening and closing ---- */

static bool is_datagram(const struct endpoint *e)
{
    return endpoint_is_datagram(e);
}

static bool can_carry(const struct endpoint *e, const char *what, struct problem *why)
{
    char url[ENDPOINT_TEXT_MAX];

    endpoint_format(e, url, sizeof(url));
    if (e->rpc)
        return problem_set(why,
                           "%s %s: a proxy carries octets and knows no RPC program; write it "
                           "without rpc",
                           what, url);
    if (e->kind == ENDPOINT_UNIX_SEQPACKET)
        return problem_set(why,
                           "%s %s: unix-seqpacket is not carried; tcp, udp, unix and "
                           "unix-dgram are",
                           what, url);
    return true;
}

bool fault_proxy_check(const struct fault_proxy_options *o, struct problem *why)
{
    if (!can_carry(o->listen, "--listen", why) || !can_carry(o->to, "--to", why))
        return false;
    if (is_datagram(o->listen) != is_datagram(o->to))
        return problem_set(why, "one endpoint is a stream and the other takes datagrams");
    if (!endpoint_is_unix(o->to) && o->to->port == 0)
        return problem_set(why, "the port of the target is missing");
    return fault_fits(o->schedule, is_datagram(o->listen), why);
}

static void take_options(struct fault_proxy *p, const struct fault_proxy_options *o)
{
    p->plan = (struct fault_plan){o->schedule, o->seed, NULL, p};
    if (o->sink || o->schedule->count)
        p->plan.sink = count_decision;
    p->sink = o->sink;
    p->closure = o->closure;
    p->limits = o->limits;
    if (p->limits.clients == 0)
        p->limits.clients = CLIENTS;
    if (p->limits.held_bytes == 0)
        p->limits.held_bytes = HELD_BYTES;
    if (p->limits.idle_ms == 0)
        p->limits.idle_ms = IDLE_MS;
    p->store.max_bytes = p->limits.held_bytes;
    p->at = *o->listen;
    p->carrier = is_datagram(o->listen) ? &fault_datagrams : &fault_streams;
}

static bool open_listener(struct fault_proxy *p, struct problem *why)
{
    struct address local;

    p->listener.fd = net_listen(&p->at, BACKLOG, why);
    if (p->listener.fd < 0)
        return false;
    if (!net_local(p->listener.fd, endpoint_socktype(&p->at), &local))
        return problem_set(why, "cannot listen: %s", strerror(errno));
    if (!endpoint_is_unix(&p->at))
        p->at.port = address_port(&local);
    return true;
}

struct fault_proxy *fault_proxy_open(const struct fault_proxy_options *options, struct problem *why)
{
    struct address to[FAULT_ADDRESSES_MAX];
    size_t count = 0;

    if (!fault_proxy_check(options, why) ||
        !address_resolve(options->to, to, ARRAY_LEN(to), &count, why))
        return NULL;
    struct fault_proxy *p = calloc(1, sizeof(*p));
    if (!p) {
        problem_set(why, "no memory for a proxy");
        return NULL;
    }
    p->listener.fd = p->stop.fd = -1;
    take_options(p, options);
    memcpy(p->to, to, sizeof(to));
    p->to_count = count;
    p->now_us = deadline_now_us();
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (p->epoll < 0)
        problem_set(why, "no descriptor for a proxy: %s", strerror(errno));
    if (p->epoll < 0 || !open_listener(p, why) || !p->carrier->open(p, why)) {
        fault_proxy_close(p);
        return NULL;
    }
    return p;
}

static void close_all(struct fault_proxy *p)
{
    if (p->carried)
        p->carrier->close(p);
    if (p->listener.fd >= 0) {
        close(p->listener.fd);
        if (!p->abandoned)
            net_forget(&p->at);
    }
    if (p->epoll >= 0)
        close(p->epoll);
    fault_timers_free(&p->store.timers);
    fault_timers_free(&p->timers);
    free(p);
}

void fault_proxy_close(struct fault_proxy *p)
{
    if (p)
        close_all(p);
}

void fault_proxy_abandon(struct fault_proxy *p)
{
    if (!p)
        return;
    p->abandoned = true;
    close_all(p);
}

/* ---- turning ---- */

const struct endpoint *fault_proxy_endpoint(const struct fault_proxy *p)
{
    return &p->at;
}

int fault_proxy_descriptor(const struct fault_proxy *p)
{
    return p->epoll;
}

int64_t fault_proxy_due_us(const struct fault_proxy *p)
{
    int64_t held = fault_timers_due(&p->store.timers);
    int64_t own = fault_timers_due(&p->timers);

    return held < own ? held : own;
}

/* Waits to the microsecond: what is to be delayed by less than a millisecond is. */
static int wait_events(struct fault_proxy *p, struct epoll_event *events, int64_t deadline_us)
{
    int64_t left = deadline_us - deadline_now_us();
    struct timespec span = {0};

    if (left > 0)
        span = (struct timespec){left / US_PER_S, left % US_PER_S * NS_PER_US};
    return epoll_pwait2(p->epoll, events, EVENTS, deadline_us == DEADLINE_NEVER ? NULL : &span,
                        NULL);
}

bool fault_proxy_turn(struct fault_proxy *p, int64_t deadline_us)
{
    struct epoll_event events[EVENTS];
    int64_t due = fault_proxy_due_us(p);
    int n = wait_events(p, events, due < deadline_us ? due : deadline_us);

    if (n < 0 && errno != EINTR)
        return false;
    p->now_us = deadline_now_us();
    fault_store_advance(&p->store, p->now_us, p);
    while (fault_timers_fire(&p->timers, p->now_us, p))
        continue;
    for (int i = 0; i < n; i++) {
        struct fault_watch *w = events[i].data.ptr;

        if (w->fd >= 0)
            w->ready(p, w, events[i].events);
    }
    p->carrier->sweep(p);
    return true;
}

static void hear_stop(struct fault_proxy *p, struct fault_watch *w UNUSED, uint32_t events UNUSED)
{
    p->stopped = true;
}

enum fault_run fault_proxy_run(struct fault_proxy *p, int stop, int64_t deadline_us)
{
    bool ok;

    p->stopped = false;
    p->stop.ready = hear_stop;
    if (!fault_watch_add(p, &p->stop, stop, EPOLLIN))
        return FAULT_RUN_FAILED;
    do {
        ok = fault_proxy_turn(p, deadline_us);
    } while (ok && !p->stopped && p->now_us < deadline_us);
    epoll_ctl(p->epoll, EPOLL_CTL_DEL, stop, NULL);
    p->stop.fd = -1;
    if (!ok)
        return FAULT_RUN_FAILED;
    return p->stopped ? FAULT_RUN_STOPPED : FAULT_RUN_DUE;
}

const struct fault_counters *fault_proxy_counters(struct fault_proxy *p)
{
    p->shown = p->counters;
    for (size_t way = 0; way < FAULT_WAYS; way++)
        p->shown.ways[way].lost += p->carrier->lost(p, (enum fault_way)way);
    return &p->shown;
}
