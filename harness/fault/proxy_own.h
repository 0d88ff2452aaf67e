/* What the files of the proxy share: its loop, and the two carriers that hang in it. */
#ifndef HARNESS_FAULT_PROXY_OWN_H
#define HARNESS_FAULT_PROXY_OWN_H

#include "harness/fault/proxy.h"
#include "harness/fault/queue.h"
#include "harness/net/address.h"

/* A descriptor in the loop; lies in what it belongs to. */
struct fault_watch {
    int fd; /* -1: none */
    void (*ready)(struct fault_proxy *p, struct fault_watch *w, uint32_t events);
};

/* How one family of sockets is carried. `open` gets a listening or bound socket. */
struct fault_carrier {
    bool (*open)(struct fault_proxy *p, struct problem *why);
    void (*close)(struct fault_proxy *p);
    void (*sweep)(struct fault_proxy *p); /* behind each turn: frees what is gone */
    /* Datagrams that the kernel had no room for. */
    uint64_t (*lost)(struct fault_proxy *p, enum fault_way way);
};

extern const struct fault_carrier fault_datagrams;
extern const struct fault_carrier fault_streams;

enum { FAULT_ADDRESSES_MAX = 8 };

struct fault_proxy {
    struct fault_plan plan;
    fault_sink *sink; /* the user's */
    void *closure;
    struct fault_limits limits;
    struct endpoint at;
    struct address to[FAULT_ADDRESSES_MAX];
    size_t to_count;
    const struct fault_carrier *carrier;
    void *carried; /* the carrier's own */
    int epoll;
    struct fault_watch listener;
    struct fault_watch stop;
    bool stopped;
    bool abandoned;             /* the loop is another process's: it is not to be changed */
    struct fault_timers timers; /* of clients and connections, which reserve them */
    struct fault_store store;
    struct fault_counters counters;
    struct fault_counters shown;
    int64_t now_us; /* of this turn */
};

/* Puts a descriptor into the loop. False with errno. */
bool fault_watch_add(struct fault_proxy *p, struct fault_watch *w, int fd,
                     uint32_t events) MUST_USE;

/* Changes what it is watched for; 0 for nothing but its errors. */
void fault_watch_change(struct fault_proxy *p, struct fault_watch *w, uint32_t events);

/* Sets a timer that has been reserved. */
void fault_wake_at(struct fault_proxy *p, struct fault_timer *t, int64_t due_us);

#endif
