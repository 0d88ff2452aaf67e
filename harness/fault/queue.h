/*
 * Datagrams that do not go at once: held until others have passed, or for a time, or because the
 * way is blocked. A queue belongs to one direction of one client; what is ready comes out of it in
 * order. All queues of a proxy share one store, which bounds what is held and orders it by time; it
 * knows no clock, so that everything can be tried on virtual time.
 */
#ifndef HARNESS_FAULT_QUEUE_H
#define HARNESS_FAULT_QUEUE_H

#include "harness/fault/plan.h"
#include "harness/fault/timers.h"

/* Shared by the queues; zeroes and a ceiling make an empty one. */
struct fault_store {
    struct fault_timers timers;
    size_t held_bytes; /* with what it costs to hold them */
    size_t max_bytes;
    uint64_t overflows; /* datagrams that were lost since the ceiling, or memory, was reached */
};

struct fault_queue;

struct fault_held {
    struct fault_timer timer;
    struct fault_queue *queue;
    struct fault_list *list; /* where it is */
    struct fault_held *next;
    struct fault_held **link; /* what leads to it there */
    uint64_t behind;          /* goes when this datagram has passed */
    size_t len;
    uint8_t data[];
};

struct fault_list {
    struct fault_held *first;
    struct fault_held **last; /* where the next is linked */
};

/* It must stay where it was opened. */
struct fault_queue {
    struct fault_store *store;
    struct fault_list waiting; /* behind others, in the order in which they came */
    struct fault_list delayed; /* for a time */
    struct fault_list ready;
    size_t count; /* all that are held */
    /* Called when something has become ready by time; or NULL. */
    void (*awake)(struct fault_queue *q, void *closure);
};

/* An empty queue. */
void fault_queue_open(struct fault_queue *q, struct fault_store *store);

/* Forgets all that is held. */
void fault_queue_close(struct fault_queue *q);

/*
 * Carries a decision out: every copy of the datagram is then ready, held, or gone. `octets` is
 * changed in place. What is ready comes before what was held until this datagram passed.
 */
void fault_queue_take(struct fault_queue *q, const struct fault_decision *d, uint8_t *octets,
                      int64_t now_us);

/* Releases what was held until the datagram with this number passed. fault_queue_take does so by
   itself. */
void fault_queue_pass(struct fault_queue *q, uint64_t number);

/* Appends a copy to what is ready; where there is no room for it, it is lost and counted. */
void fault_queue_append(struct fault_queue *q, struct slice octets);

/* The first that is ready, or NULL; it stays until it is dropped. */
const struct fault_held *fault_queue_first(const struct fault_queue *q);
void fault_queue_drop(struct fault_queue *q);

/* Moves to their queues what has become ready by this time; `closure` is for awake. */
void fault_store_advance(struct fault_store *store, int64_t now_us, void *closure);

#endif
