/* Timers in a binary heap in which each knows its place. */
#include "harness/fault/timers.h"

#include <stdlib.h>

enum { FIRST_CAP = 64 };

void fault_timers_free(struct fault_timers *set)
{
    free((void *)set->heap);
    *set = (struct fault_timers){0};
}

static bool is_before(const struct fault_timer *a, const struct fault_timer *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static void put(struct fault_timers *set, size_t place, struct fault_timer *t)
{
    set->heap[place - 1] = t;
    t->place = place;
}

static void rise(struct fault_timers *set, struct fault_timer *t)
{
    size_t place = t->place;

    while (place > 1 && is_before(t, set->heap[place / 2 - 1])) {
        put(set, place, set->heap[place / 2 - 1]);
        place /= 2;
    }
    put(set, place, t);
}

static void sink(struct fault_timers *set, struct fault_timer *t)
{
    size_t place = t->place;

    for (size_t child = place * 2; child <= set->count; child = place * 2) {
        if (child < set->count && is_before(set->heap[child], set->heap[child - 1]))
            child++;
        if (!is_before(set->heap[child - 1], t))
            break;
        put(set, place, set->heap[child - 1]);
        place = child;
    }
    put(set, place, t);
}

bool fault_timers_reserve(struct fault_timers *set, size_t count)
{
    size_t cap = set->cap ? set->cap : FIRST_CAP;

    if (count <= set->cap)
        return true;
    while (cap < count)
        cap *= 2;
    struct fault_timer **heap = realloc((void *)set->heap, cap * sizeof(struct fault_timer *));
    if (!heap)
        return false;
    set->heap = heap;
    set->cap = cap;
    return true;
}

bool fault_timers_set(struct fault_timers *set, struct fault_timer *t, int64_t due_us)
{
    fault_timers_cancel(set, t);
    if (!fault_timers_reserve(set, set->count + 1))
        return false;
    t->due_us = due_us;
    t->order = set->orders++;
    put(set, ++set->count, t);
    rise(set, t);
    return true;
}

void fault_timers_cancel(struct fault_timers *set, struct fault_timer *t)
{
    if (t->place == 0)
        return;
    struct fault_timer *last = set->heap[--set->count];
    if (last != t) {
        put(set, t->place, last);
        rise(set, last);
        sink(set, last);
    }
    t->place = 0;
}

int64_t fault_timers_due(const struct fault_timers *set)
{
    return set->count ? set->heap[0]->due_us : DEADLINE_NEVER;
}

bool fault_timers_fire(struct fault_timers *set, int64_t now_us, void *closure)
{
    if (fault_timers_due(set) > now_us)
        return false;
    struct fault_timer *first = set->heap[0];
    fault_timers_cancel(set, first);
    first->fire(first, closure);
    return true;
}
