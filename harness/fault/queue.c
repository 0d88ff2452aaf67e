/* Holding datagrams by number and by time. */
#include "harness/fault/queue.h"

#include <stdlib.h>
#include <string.h>

static void list_open(struct fault_list *l)
{
    l->first = NULL;
    l->last = &l->first;
}

static void list_append(struct fault_list *l, struct fault_held *h)
{
    h->list = l;
    h->next = NULL;
    h->link = l->last;
    *l->last = h;
    l->last = &h->next;
}

static void list_take(struct fault_held *h)
{
    *h->link = h->next;
    if (h->next)
        h->next->link = h->link;
    else
        h->list->last = h->link;
}

void fault_queue_open(struct fault_queue *q, struct fault_store *store)
{
    *q = (struct fault_queue){.store = store};
    list_open(&q->waiting);
    list_open(&q->delayed);
    list_open(&q->ready);
}

/* It is in no list any more. */
static void discard(struct fault_queue *q, struct fault_held *h)
{
    fault_timers_cancel(&q->store->timers, &h->timer);
    q->store->held_bytes -= sizeof(*h) + h->len;
    q->count--;
    free(h);
}

static void empty(struct fault_queue *q, struct fault_list *l)
{
    for (struct fault_held *h = l->first, *next; h; h = next) {
        next = h->next;
        discard(q, h);
    }
    list_open(l);
}

void fault_queue_close(struct fault_queue *q)
{
    empty(q, &q->waiting);
    empty(q, &q->delayed);
    empty(q, &q->ready);
}

static struct fault_held *copy(struct fault_queue *q, struct slice octets)
{
    struct fault_store *store = q->store;
    size_t cost = sizeof(struct fault_held) + octets.len;
    struct fault_held *h = NULL;

    if (cost <= store->max_bytes && store->held_bytes <= store->max_bytes - cost)
        h = malloc(cost);
    if (!h) {
        store->overflows++;
        return NULL;
    }
    *h = (struct fault_held){.queue = q, .len = octets.len};
    if (octets.len > 0)
        memcpy(h->data, octets.data, octets.len);
    store->held_bytes += cost;
    q->count++;
    return h;
}

void fault_queue_append(struct fault_queue *q, struct slice octets)
{
    struct fault_held *h = copy(q, octets);

    if (h)
        list_append(&q->ready, h);
}

/* Its time has come, for what waits behind others before its turn has. */
static void fall_due(struct fault_timer *t, void *closure)
{
    struct fault_held *h = (struct fault_held *)(void *)t; /* its first member */
    struct fault_queue *q = h->queue;

    list_take(h);
    list_append(&q->ready, h);
    if (q->awake)
        q->awake(q, closure);
}

/* Held until the datagram `behind` has passed, or where that is 0 for a time; until due at the
   latest. */
static void hold(struct fault_queue *q, struct slice octets, uint64_t behind, int64_t due_us)
{
    struct fault_held *h = copy(q, octets);

    if (!h)
        return;
    h->behind = behind;
    h->timer.fire = fall_due;
    list_append(behind ? &q->waiting : &q->delayed, h);
    if (!fault_timers_set(&q->store->timers, &h->timer, due_us)) {
        q->store->overflows++;
        list_take(h);
        discard(q, h);
    }
}

void fault_queue_pass(struct fault_queue *q, uint64_t number)
{
    struct fault_held *next;

    for (struct fault_held *h = q->waiting.first; h; h = next) {
        next = h->next;
        if (h->behind > number)
            continue;
        list_take(h);
        fault_timers_cancel(&q->store->timers, &h->timer);
        list_append(&q->ready, h);
    }
}

/* At once, or where it is delayed, then. */
static void send_on(struct fault_queue *q, const struct fault_decision *d, struct slice octets,
                    int64_t now_us)
{
    if (d->deeds & 1U << FAULT_DELAY)
        hold(q, octets, 0, now_us + d->delay_us);
    else
        fault_queue_append(q, octets);
}

void fault_queue_take(struct fault_queue *q, const struct fault_decision *d, uint8_t *octets,
                      int64_t now_us)
{
    struct slice left = slice_of(octets, fault_deform(d, octets, (size_t)d->length));

    if (!(d->deeds & 1U << FAULT_DROP)) {
        if (d->deeds & 1U << FAULT_REORDER)
            hold(q, left, d->number + d->behind, now_us + d->within_us);
        else
            send_on(q, d, left, now_us);
        for (unsigned i = 0; (d->deeds & 1U << FAULT_DUPLICATE) && i < d->copies; i++) {
            if (d->copies_behind)
                hold(q, left, d->number + d->copies_behind, now_us + d->copies_within_us);
            else
                send_on(q, d, left, now_us);
        }
    }
    fault_queue_pass(q, d->number);
}

const struct fault_held *fault_queue_first(const struct fault_queue *q)
{
    return q->ready.first;
}

void fault_queue_drop(struct fault_queue *q)
{
    struct fault_held *h = q->ready.first;

    list_take(h);
    discard(q, h);
}

void fault_store_advance(struct fault_store *store, int64_t now_us, void *closure)
{
    while (fault_timers_fire(&store->timers, now_us, closure))
        continue;
}
