/* The core: which mutations, and of what. */
#include "fuzz/mutate/mutate.h"

#include <string.h>

#include "fuzz/mutate/work.h"
#include "harness/base/text.h"

enum {
    TRIES = 16, /* mutations drawn before it is given up: few apply to everything */
    STACK_MAX = 4,
    CALLS_MAX = 4, /* messages of a new case */
};

static const struct {
    const char *id;
    const char *what;
    unsigned weight;
} ops[] = {
#define MUTATE_OP(name, id, weight, what) [MUTATE_##name] = {id, what, weight},
#include "fuzz/mutate/ops.def"
#undef MUTATE_OP
};

enum {
    WEIGHTS = 0
#define MUTATE_OP(name, id, weight, what) +(weight)
#include "fuzz/mutate/ops.def"
#undef MUTATE_OP
};

static const struct mutate_grammar *const grammars[] = {
#define MUTATE_GRAMMAR(symbol, name) &mutate_grammar_##symbol,
#include "fuzz/mutate/grammars.def"
#undef MUTATE_GRAMMAR
};

static struct work work;
static uint64_t done;

const struct mutate_grammar *mutate_grammar_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(grammars); i++) {
        if (text_eq(grammars[i]->name, name))
            return grammars[i];
    }
    return NULL;
}

const char *mutate_op_id(enum mutate_op op)
{
    return ops[op].id;
}

const char *mutate_op_what(enum mutate_op op)
{
    return ops[op].what;
}

uint64_t mutate_done(void)
{
    return done;
}

void mutate_octets_by(size_t (*change)(uint8_t *data, size_t size, size_t max))
{
    work.change = change;
}

static struct work *begin(const struct mutate_grammar *grammar, unsigned seed)
{
    work.grammar = grammar;
    rng_seed(&work.rng, seed, "mutate");
    done = 0;
    return &work;
}

static enum mutate_op draw_op(struct work *w)
{
    uint32_t drawn = make_draw(&w->rng, WEIGHTS);
    size_t op = 0;

    while (drawn >= ops[op].weight)
        drawn -= ops[op++].weight;
    return (enum mutate_op)op;
}

/* The last one as often as all others: what comes before it makes the state that it meets. */
static uint32_t draw_record(struct work *w)
{
    return w->count < 2 || make_once_in(&w->rng, 2) ? w->count - 1 : make_draw(&w->rng, w->count);
}

/* The message stays open from one try to the next: most of the work is to read it. */
static bool apply(struct work *w, enum mutate_op op, uint32_t record)
{
    bool ok;

    if (!work_is_of_message(op)) {
        ok = work_mutate_stream(w, op);
    } else if (record < w->count) {
        if (w->record != record)
            work_open_message(w, record);
        ok = work_mutate_message(w, op);
        if (ok)
            work_close_message(w);
    } else {
        ok = false;
    }
    if (ok)
        done |= (uint64_t)1 << op;
    return ok;
}

static bool apply_any(struct work *w)
{
    uint32_t record = draw_record(w);

    for (unsigned i = 0; i < TRIES; i++) {
        if (apply(w, draw_op(w), record))
            return true;
    }
    return false;
}

/* A new case in place of what is there. */
static void make_case(struct work *w)
{
    uint32_t messages = w->grammar->records ? 1 + make_draw(&w->rng, CALLS_MAX) : 1;

    w->size = 0;
    for (uint32_t i = 0; i < messages; i++) {
        uint32_t len = work_make(w, w->max - w->size);

        if (!len)
            break;
        work_put(w, w->size, 0, w->scratch, len);
    }
    if (w->size == 0 && w->max > 0)
        make_octets(&w->rng, w->data, w->size = w->max < 4 ? w->max : 4);
    work_scan(w);
}

/* Once in four times it is changed again, and so on. */
static unsigned draw_depth(struct work *w)
{
    unsigned depth = 1;

    while (depth < STACK_MAX && make_once_in(&w->rng, 4))
        depth++;
    return depth;
}

size_t mutate_case(const struct mutate_grammar *grammar, uint8_t *data, size_t size, size_t max,
                   unsigned seed)
{
    struct work *w = begin(grammar, seed);

    work_open(w, data, size, max);
    if (make_once_in(&w->rng, w->count ? 64 : 1)) {
        make_case(w);
        return w->size;
    }
    for (unsigned depth = draw_depth(w); depth > 0; depth--) {
        if (!apply_any(w))
            make_case(w);
        if (depth > 1)
            work_scan(w);
    }
    return w->size;
}

bool mutate_apply(const struct mutate_grammar *grammar, enum mutate_op op, uint8_t *data,
                  size_t *size, size_t max, unsigned seed)
{
    struct work *w = begin(grammar, seed);

    work_open(w, data, *size, max);
    if (!apply(w, op, draw_record(w)))
        return false;
    *size = w->size;
    return true;
}

size_t mutate_make(const struct mutate_grammar *grammar, uint8_t *out, size_t max, unsigned seed)
{
    struct work *w = begin(grammar, seed);

    work_open(w, out, 0, max);
    make_case(w);
    return w->size;
}

/* ---- two cases ---- */

static void open_copy(struct work *w, const struct mutate_parent *p, uint8_t *room, size_t max)
{
    size_t size = size_min(p->size, size_min(max, MUTATE_MAX));

    if (size)
        memcpy(room, p->data, size);
    work_open(w, room, size, max);
}

/* The first records of one, and the later ones of the other, as many as fit. */
static void cross_streams(struct work *w, const struct mutate_parent parents[2], uint8_t *out,
                          size_t max)
{
    open_copy(w, &parents[1], w->scratch, MUTATE_MAX);
    uint32_t first = w->count ? make_draw(&w->rng, w->count) : 0;
    uint32_t begin_at = w->count ? w->records[first].at : 0;
    uint32_t end = begin_at;
    for (uint32_t i = first; i < w->count && w->records[i].end - begin_at <= max; i++)
        end = w->records[i].end;
    uint32_t len = end - begin_at;
    open_copy(w, &parents[0], out, max - len);
    uint32_t head = w->count ? w->records[make_draw(&w->rng, w->count)].end : 0;
    if (len)
        memcpy(out + head, w->scratch + begin_at, len);
    work_open(w, out, head + len, max);
    if (make_once_in(&w->rng, 2))
        apply(w, make_once_in(&w->rng, 2) ? MUTATE_RECORD_SPLICE : MUTATE_IDENTITY, 0);
}

/* A place where a field begins; the end, where there is none. */
static uint32_t draw_place(struct work *w)
{
    uint32_t number = make_draw(&w->rng, w->tree.count + 1);

    return number < w->tree.count ? w->tree.nodes[number].at : w->len;
}

/* One up to a field, and the other from a field on. */
static void cross_messages(struct work *w, const struct mutate_parent parents[2], uint8_t *out,
                           size_t max)
{
    open_copy(w, &parents[0], out, max);
    if (!w->count)
        return;
    work_open_message(w, 0);
    uint32_t head = draw_place(w);
    memcpy(w->scratch, w->message, head);
    open_copy(w, &parents[1], out, max);
    if (!w->count) {
        memcpy(out, w->scratch, head);
        w->size = head;
        return;
    }
    work_open_message(w, 0);
    uint32_t at = draw_place(w);
    uint32_t len = (uint32_t)size_min(w->len - at, w->max - head);
    memcpy(out, w->scratch, head);
    memcpy(out + head, w->message + at, len);
    w->size = head + len;
}

size_t mutate_cross(const struct mutate_grammar *grammar, const struct mutate_parent parents[2],
                    uint8_t *out, size_t max, unsigned seed)
{
    struct work *w = begin(grammar, seed);

    max = size_min(max, MUTATE_MAX);
    if (grammar->records)
        cross_streams(w, parents, out, max);
    else
        cross_messages(w, parents, out, max);
    return w->size;
}
