/* Mutations of the stream: its records, their fragments, and its end. */
#include <string.h>

#include "fuzz/mutate/work.h"
#include "harness/rpc/record.h"

enum { REPEAT_MOST = 70, TRAIL_MOST = 12 };

static uint32_t any_record(struct work *w)
{
    return make_draw(&w->rng, w->count);
}

/* Mostly behind the last record. */
static uint32_t any_place(struct work *w)
{
    uint32_t number = make_draw(&w->rng, w->count + 1);

    return number == w->count || !make_once_in(&w->rng, 4) ? w->tail : w->records[number].at;
}

static bool record_fresh(struct work *w)
{
    uint32_t len = work_make(w, w->max - w->size);

    return len && work_put(w, any_place(w), 0, w->scratch, len);
}

/* Mostly once, now and then so often that what is kept of each call is too much. */
static bool record_repeat(struct work *w)
{
    const struct record *r = &w->records[any_record(w)];
    uint32_t len = r->end - r->at;
    uint32_t times = make_once_in(&w->rng, 64) ? 1 + make_draw(&w->rng, REPEAT_MOST) : 1;
    uint32_t fit = (w->max - w->size) / len;

    times = times < fit ? times : fit;
    for (uint32_t i = 0; i < times; i++)
        memcpy(w->scratch + (size_t)i * len, w->data + r->at, len);
    return times && work_put(w, any_place(w), 0, w->scratch, times * len);
}

static bool record_drop(struct work *w)
{
    if (w->tail < w->size && make_once_in(&w->rng, 2)) {
        w->size = w->tail;
        return true;
    }
    if (w->count < 2)
        return false;
    uint32_t first = any_record(w);
    uint32_t last = make_once_in(&w->rng, 2) ? first : first + make_draw(&w->rng, w->count - first);
    if (first == 0 && last + 1 == w->count)
        last--;
    uint32_t at = w->records[first].at;
    return work_put(w, at, w->records[last].end - at, NULL, 0);
}

static uint32_t keep(struct work *w, uint32_t at, uint32_t from, uint32_t to)
{
    memcpy(w->scratch + at, w->data + from, to - from);
    return at + to - from;
}

static bool record_swap(struct work *w)
{
    uint32_t one = any_record(w);
    uint32_t other = any_record(w);

    if (one == other)
        return false;
    const struct record *a = &w->records[one < other ? one : other];
    const struct record *b = &w->records[one < other ? other : one];
    uint32_t len = keep(w, 0, b->at, b->end);
    len = keep(w, len, a->end, b->at);
    len = keep(w, len, a->at, a->end);
    memcpy(w->data + a->at, w->scratch, len);
    return true;
}

static bool begins_inside(const struct node *n)
{
    return n->at > 0;
}

/* The same field again, if the message has it. */
static uint32_t find_alike(struct work *w, const struct mutate_field *field)
{
    for (uint32_t i = 0; field && i < w->tree.count; i++) {
        if (w->tree.nodes[i].field == field)
            return i;
    }
    return work_pick(w, begins_inside);
}

static bool record_splice(struct work *w)
{
    uint32_t one = any_record(w);
    uint32_t other = any_record(w);

    if (one == other)
        return false;
    work_open_message(w, one);
    uint32_t from = work_pick(w, begins_inside);
    if (from == TREE_NONE)
        return false;
    const struct mutate_field *field = w->tree.nodes[from].field;
    uint32_t head = w->tree.nodes[from].at;
    memcpy(w->scratch, w->message, head);
    work_open_message(w, other);
    uint32_t to = find_alike(w, make_once_in(&w->rng, 4) ? NULL : field);
    if (to == TREE_NONE)
        return false;
    uint32_t at = w->tree.nodes[to].at;
    if (w->len - at > w->room || w->room - (w->len - at) < head)
        return false;
    memmove(w->message + head, w->message + at, w->len - at);
    memcpy(w->message, w->scratch, head);
    w->len = w->len - at + head;
    work_close_message(w);
    return true;
}

static bool is_identity(const struct node *n)
{
    return n->field && n->field->identity && n->whole;
}

static bool identity(struct work *w)
{
    uint32_t one = any_record(w);
    uint32_t other = any_record(w);

    if (one == other)
        return false;
    work_open_message(w, one);
    uint32_t from = work_pick(w, is_identity);
    if (from == TREE_NONE)
        return false;
    uint32_t value = w->tree.nodes[from].value;
    work_open_message(w, other);
    uint32_t to = work_pick(w, is_identity);
    if (to == TREE_NONE || w->tree.nodes[to].value == value)
        return false;
    tree_put_word(w->message + w->tree.nodes[to].at, value);
    work_close_message(w);
    return true;
}

/* ---- fragments ---- */

static uint32_t any_fragment(struct work *w, uint32_t record)
{
    return work_fragment(w, record, make_draw(&w->rng, w->records[record].fragments));
}

static bool fragment_split(struct work *w)
{
    work_open_message(w, any_record(w));
    uint32_t pieces = 1 + make_draw(&w->rng, make_once_in(&w->rng, 8) ? WORK_PIECES_MAX : 3);
    uint32_t octets = make_once_in(&w->rng, 4) ? 1 : w->len / (pieces + 1);
    uint32_t more = pieces > w->pieces ? (pieces - w->pieces) * RECORD_HEADER : 0;

    if (w->len < 2 || w->room - w->len < more)
        return false;
    w->pieces = pieces;
    for (uint32_t i = 0; i < pieces; i++)
        w->piece[i] = make_once_in(&w->rng, 2) ? octets : make_draw(&w->rng, octets * 2 + 1);
    work_close_message(w);
    return true;
}

static bool fragment_empty(struct work *w)
{
    static const uint8_t empty[RECORD_HEADER];

    return work_put(w, any_fragment(w, any_record(w)), 0, empty, sizeof(empty));
}

static bool fragment_open(struct work *w)
{
    uint32_t record = any_record(w);

    w->data[work_fragment(w, record, w->records[record].fragments - 1)] &= 0x7f;
    return true;
}

static bool fragment_claim(struct work *w)
{
    uint32_t at = any_fragment(w, any_record(w));
    uint32_t now = tree_word(w->data + at);
    uint32_t due = work_boundary(w, MUTATE_NO_BOUND, now & RECORD_LENGTH_MAX);

    due = (due & RECORD_LENGTH_MAX) | (now & RECORD_LAST);
    tree_put_word(w->data + at, due);
    return due != now;
}

/* ---- the end ---- */

static bool stream_cut(struct work *w)
{
    const struct record *r = &w->records[any_record(w)];

    w->size = r->at + make_draw(&w->rng, r->end - r->at);
    return true;
}

static bool stream_trail(struct work *w)
{
    uint32_t len = 1 + make_draw(&w->rng, TRAIL_MOST);

    make_octets(&w->rng, w->scratch, len);
    if (len >= RECORD_HEADER && make_once_in(&w->rng, 2))
        tree_put_word(w->scratch, RECORD_LAST | work_boundary(w, MUTATE_NO_BOUND, len));
    return work_put(w, w->size, 0, w->scratch, len);
}

bool work_mutate_stream(struct work *w, enum mutate_op op)
{
    static bool (*const ops[MUTATE_OPS])(struct work * w) = {
        [MUTATE_RECORD_FRESH] = record_fresh,     [MUTATE_RECORD_REPEAT] = record_repeat,
        [MUTATE_RECORD_DROP] = record_drop,       [MUTATE_RECORD_SWAP] = record_swap,
        [MUTATE_RECORD_SPLICE] = record_splice,   [MUTATE_IDENTITY] = identity,
        [MUTATE_FRAGMENT_SPLIT] = fragment_split, [MUTATE_FRAGMENT_EMPTY] = fragment_empty,
        [MUTATE_FRAGMENT_OPEN] = fragment_open,   [MUTATE_FRAGMENT_CLAIM] = fragment_claim,
        [MUTATE_STREAM_CUT] = stream_cut,         [MUTATE_STREAM_TRAIL] = stream_trail,
    };

    return w->grammar->records && w->count > 0 && ops[op](w);
}
