/* The shared page of a check. */
#include "conformance/runner/outcome.h"

#include <string.h>
#include <sys/mman.h>

struct outcome *outcome_new(void)
{
    struct outcome *o =
        mmap(NULL, sizeof(*o), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (o == MAP_FAILED)
        return NULL;
    outcome_reset(o);
    return o;
}

void outcome_free(struct outcome *o)
{
    if (o)
        munmap(o, sizeof(*o));
}

void outcome_reset(struct outcome *o)
{
    memset(o, 0, sizeof(*o));
    o->guilty = -1;
}

/* The first events stay; behind them a ring holds the last ones. */
static size_t place_of(size_t number)
{
    if (number < OUTCOME_HEAD)
        return number;
    return OUTCOME_HEAD + (number - OUTCOME_HEAD) % OUTCOME_TAIL;
}

void outcome_restore_limits(struct outcome *o)
{
    for (size_t i = 0; i < o->lowered_count; i++) {
        struct rlimit limit;

        if (prlimit(o->lowered[i].pid, RLIMIT_NOFILE, NULL, &limit) == 0) {
            limit.rlim_cur = o->lowered[i].before;
            prlimit(o->lowered[i].pid, RLIMIT_NOFILE, &limit, NULL);
        }
    }
    o->lowered_count = 0;
}

struct event *outcome_next(struct outcome *o)
{
    struct event *e = &o->events[place_of(o->count++)];

    e->kind = EVENT_WORDS;
    e->connection = 0;
    e->what[0] = '\0';
    e->kept = 0;
    e->length = 0;
    return e;
}

/* What another process has told of is appended at the end, and belongs to its time. */
static void put_in_time(struct event *events, size_t last, int *guilty)
{
    for (size_t i = last; i > 0 && events[i].t_us < events[i - 1].t_us; i--) {
        struct event later = events[i - 1];

        events[i - 1] = events[i];
        events[i] = later;
        if (*guilty == (int)i - 1)
            *guilty = (int)i;
        else if (*guilty == (int)i)
            *guilty = (int)i - 1;
    }
}

size_t outcome_events(const struct outcome *o, struct event *ret, size_t *ret_dropped,
                      int *ret_guilty)
{
    size_t held = OUTCOME_HEAD + OUTCOME_TAIL;
    size_t dropped = o->count > held ? o->count - held : 0;
    size_t count = 0;

    *ret_guilty = -1;
    for (size_t number = 0; number < o->count; number++) {
        if (number >= OUTCOME_HEAD && number < OUTCOME_HEAD + dropped)
            continue;
        if ((int64_t)number == o->guilty)
            *ret_guilty = (int)count;
        ret[count] = o->events[place_of(number)];
        ret[count].what[EVENT_WHAT_MAX - 1] = '\0';
        ret[count].kept = size_min(ret[count].kept, EVENT_BYTES_MAX);
        put_in_time(ret, count++, ret_guilty);
    }
    *ret_dropped = dropped;
    return count;
}
