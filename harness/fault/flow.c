/* What becomes of a stream, by offset and on whatever time the caller says it is. */
#include "harness/fault/flow.h"

/* A rate is kept in portions of so many a second: fine enough to look even, coarse enough to cost
   little. */
enum { PORTIONS_PER_S = 100, US_PER_S = 1000000 };

void fault_flow_open(struct fault_flow *f, const struct fault_plan *plan, uint64_t client,
                     enum fault_way way)
{
    *f = (struct fault_flow){0};
    fault_lane_open(&f->lane, plan, client, way);
    f->delay = fault_lane_clause(&f->lane, FAULT_DELAY);
    f->cut = fault_lane_clause(&f->lane, FAULT_CUT);
    f->coalesce = fault_lane_clause(&f->lane, FAULT_COALESCE);
    f->rate = fault_lane_clause(&f->lane, FAULT_RATE);
    f->has_events = fault_lane_clause(&f->lane, FAULT_STOP) ||
                    fault_lane_clause(&f->lane, FAULT_CLOSE) ||
                    fault_lane_clause(&f->lane, FAULT_RESET);
}

bool fault_flow_is_plain(const struct fault_flow *f)
{
    return f->lane.clauses == 0;
}

/* ---- what comes in ---- */

/* What comes later is never due before what came earlier, whatever the jitter. Where there are too
   many marks the last takes in what comes, so that some octets wait longer than they should. */
static void mark(struct fault_flow *f, int64_t now_us)
{
    struct rng r;

    fault_lane_draw(&f->lane, f->delay, f->arrived, &r);
    int64_t due = now_us + (int64_t)(f->delay->values[FAULT_BY] +
                                     rng_below(&r, f->delay->values[FAULT_JITTER] + 1));
    size_t last = (f->first_mark + f->mark_count + FAULT_MARKS_MAX - 1) % FAULT_MARKS_MAX;
    if (f->mark_count && f->marks[last].due_us > due)
        due = f->marks[last].due_us;
    if (f->mark_count < FAULT_MARKS_MAX) {
        last = (f->first_mark + f->mark_count) % FAULT_MARKS_MAX;
        f->mark_count++;
    }
    f->marks[last].end = f->arrived;
    f->marks[last].due_us = due;
}

void fault_flow_arrived(struct fault_flow *f, size_t len, int64_t now_us)
{
    f->arrived += len;
    f->last_arrival_us = now_us;
    if (f->delay)
        mark(f, now_us);
}

void fault_flow_ended(struct fault_flow *f, enum fault_end end)
{
    f->end = end;
}

/* ---- what goes out ---- */

static struct fault_step step(enum fault_act act)
{
    return (struct fault_step){.act = act};
}

static struct fault_step step_octets(enum fault_act act, uint64_t len)
{
    return (struct fault_step){.act = act, .len = (size_t)len};
}

static struct fault_step step_wait(int64_t until_us)
{
    return (struct fault_step){.act = FAULT_WAIT, .until_us = until_us};
}

static void tell(struct fault_flow *f, unsigned deed, enum fault_end end)
{
    fault_lane_stretch(&f->lane, f->left - f->logged, deed, end);
    f->logged = f->left;
}

static bool is_event(const struct fault_clause *c)
{
    return c->kind == FAULT_STOP || c->kind == FAULT_CLOSE || c->kind == FAULT_RESET;
}

/* The events that are still to come: the nearest offset, and the first clause at the offset where
   the stream is, or NULL. */
static const struct fault_clause *find_event(const struct fault_flow *f, uint64_t *ret_offset)
{
    const struct fault_schedule *s = f->lane.plan->schedule;

    *ret_offset = UINT64_MAX;
    for (size_t i = 0; f->has_events && i < s->count; i++) {
        const struct fault_clause *c = &s->clauses[i];
        uint64_t after = c->values[FAULT_AFTER];

        if (!(f->lane.clauses & ~f->fired & (uint64_t)1 << i) || !is_event(c) || after < f->left)
            continue;
        if (after == f->left)
            return c;
        *ret_offset = after < *ret_offset ? after : *ret_offset;
    }
    return NULL;
}

static struct fault_step happen(struct fault_flow *f, const struct fault_clause *c, int64_t now_us)
{
    f->fired |= (uint64_t)1 << (c - f->lane.plan->schedule->clauses);
    tell(f, 1U << c->kind, FAULT_GOES_ON);
    if (c->kind == FAULT_STOP) {
        f->paused_until_us = now_us + (int64_t)c->values[FAULT_FOR];
        return step_wait(f->paused_until_us);
    }
    f->shut = c->kind == FAULT_CLOSE;
    f->over = c->kind == FAULT_RESET;
    return step(f->shut ? FAULT_SHUT : FAULT_BREAK);
}

/* The sender's end, once all before it has left. */
static struct fault_step end(struct fault_flow *f)
{
    if (f->end == FAULT_GOES_ON)
        return step(FAULT_IDLE);
    f->over = true;
    tell(f, 0, f->end);
    return step(f->end == FAULT_ENDED ? FAULT_FINISH : FAULT_FAIL);
}

/* How many octets may go as far as their age is concerned; where none may yet, when. */
static uint64_t aged(struct fault_flow *f, int64_t now_us, int64_t *ret_until_us)
{
    if (!f->delay)
        return f->arrived - f->left;
    while (f->mark_count && f->marks[f->first_mark].due_us <= now_us) {
        f->due = f->marks[f->first_mark].end;
        f->first_mark = (f->first_mark + 1) % FAULT_MARKS_MAX;
        f->mark_count--;
    }
    if (f->due == f->left)
        *ret_until_us = f->marks[f->first_mark].due_us;
    return f->due - f->left;
}

/* Whether the octets wait for more to come, and how long. What once need not wait never has to. */
static bool gathers(struct fault_flow *f, uint64_t available, int64_t now_us, int64_t *ret_until_us)
{
    if (!f->coalesce || f->left < f->gathered)
        return false;
    int64_t until = f->last_arrival_us + (int64_t)f->coalesce->values[FAULT_PAUSE];
    if (available < f->coalesce->size.first && f->end == FAULT_GOES_ON && now_us < until) {
        *ret_until_us = until;
        return true;
    }
    f->gathered = f->left + available;
    return false;
}

static void begin_piece(struct fault_flow *f)
{
    struct rng r;

    if (!f->cut || f->left < f->piece_end)
        return;
    fault_lane_draw(&f->lane, f->cut, f->pieces + 1, &r);
    f->piece_end =
        f->left + f->cut->size.first + rng_below(&r, f->cut->size.last - f->cut->size.first + 1);
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static struct fault_step send_on(struct fault_flow *f, uint64_t event, int64_t now_us)
{
    int64_t until = 0;
    uint64_t len = aged(f, now_us, &until);

    if (len == 0 || gathers(f, len, now_us, &until))
        return step_wait(until);
    if (f->rate && now_us < f->rate_free_us)
        return step_wait(f->rate_free_us);
    len = lesser(len, event - f->left);
    begin_piece(f);
    if (f->cut)
        len = lesser(len, f->piece_end - f->left);
    if (f->rate)
        len = lesser(len, 1 + f->rate->size.first / PORTIONS_PER_S);
    return step_octets(FAULT_SEND, len);
}

struct fault_step fault_flow_next(struct fault_flow *f, int64_t now_us)
{
    uint64_t event = 0;

    if (f->over)
        return step(FAULT_IDLE);
    if (now_us < f->paused_until_us)
        return step_wait(f->paused_until_us);
    const struct fault_clause *c = find_event(f, &event);
    if (c && !f->shut)
        return happen(f, c, now_us);
    if (f->left == f->arrived)
        return end(f);
    if (f->shut)
        return step_octets(FAULT_SWALLOW, f->arrived - f->left);
    return send_on(f, event, now_us);
}

void fault_flow_left(struct fault_flow *f, size_t len, int64_t now_us)
{
    f->left += len;
    if (f->shut)
        return;
    if (f->cut && f->left == f->piece_end) {
        f->pieces++;
        f->paused_until_us = now_us + (int64_t)f->cut->values[FAULT_PAUSE];
        tell(f, 1U << FAULT_CUT, FAULT_GOES_ON);
    }
    if (f->rate) {
        int64_t from = now_us > f->rate_free_us ? now_us : f->rate_free_us;

        f->rate_free_us = from + (int64_t)(len * US_PER_S / f->rate->size.first);
    }
}
