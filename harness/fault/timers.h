/*
 * A set of timers, ordered by when they are due; of those due at one time the one that was set
 * first comes first. It knows no clock: who takes from it says what time it is. A timer lies inside
 * what it belongs to and must be cancelled before that goes.
 */
#ifndef HARNESS_FAULT_TIMERS_H
#define HARNESS_FAULT_TIMERS_H

#include "harness/base/deadline.h"

struct fault_timer {
    int64_t due_us;
    uint64_t order;
    size_t place; /* in the heap, from 1; 0: not set */
    void (*fire)(struct fault_timer *t, void *closure);
};

struct fault_timers {
    struct fault_timer **heap;
    size_t count;
    size_t cap;
    uint64_t orders;
};

void fault_timers_free(struct fault_timers *set);

/* Room for so many timers: setting no more than these then never fails. False without memory. */
bool fault_timers_reserve(struct fault_timers *set, size_t count) MUST_USE;

/* Sets the timer, or sets it anew. False where there is no memory for it; it is then not set. */
bool fault_timers_set(struct fault_timers *set, struct fault_timer *t, int64_t due_us) MUST_USE;

/* Nothing where it is not set. */
void fault_timers_cancel(struct fault_timers *set, struct fault_timer *t);

/* When the next is due; DEADLINE_NEVER where none is set. */
int64_t fault_timers_due(const struct fault_timers *set);

/* Takes out the first that is due and fires it; false where none is. */
bool fault_timers_fire(struct fault_timers *set, int64_t now_us, void *closure);

#endif
