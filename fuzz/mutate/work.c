/* The records of a case, and one message of it. */
#include "fuzz/mutate/work.h"

#include <string.h>

#include "harness/rpc/record.h"

void work_open(struct work *w, uint8_t *data, size_t size, size_t max)
{
    w->data = data;
    w->max = (uint32_t)size_min(max, MUTATE_MAX);
    w->size = (uint32_t)size_min(size, w->max);
    work_scan(w);
}

/* One record from `at` on; false where it is not whole. */
static bool scan_record(const struct work *w, uint32_t at, struct record *ret)
{
    *ret = (struct record){.at = at};
    while (w->size - at >= RECORD_HEADER) {
        uint32_t mark = tree_word(w->data + at);
        uint32_t len = mark & RECORD_LENGTH_MAX;

        at += RECORD_HEADER;
        if (w->size - at < len)
            return false;
        at += len;
        ret->fragments++;
        ret->end = at;
        if (mark & RECORD_LAST)
            return true;
    }
    return false;
}

void work_scan(struct work *w)
{
    w->count = 0;
    w->tail = 0;
    w->record = WORK_NO_RECORD;
    if (!w->grammar->records) {
        w->count = w->size > 0;
        w->records[0] = (struct record){.end = w->size};
        w->tail = w->size;
        return;
    }
    while (w->count < WORK_RECORDS_MAX && scan_record(w, w->tail, &w->records[w->count]))
        w->tail = w->records[w->count++].end;
}

bool work_put(struct work *w, uint32_t at, uint32_t old, const uint8_t *octets, uint32_t len)
{
    uint32_t rest = w->size - at - old;

    if (len > old && w->max - w->size < len - old)
        return false;
    if (rest && len != old)
        memmove(w->data + at + len, w->data + at + old, rest);
    if (len)
        memcpy(w->data + at, octets, len);
    w->size = at + len + rest;
    return true;
}

uint32_t work_fragment(const struct work *w, uint32_t record, uint32_t fragment)
{
    uint32_t at = w->records[record].at;

    while (fragment-- > 0)
        at += RECORD_HEADER + (tree_word(w->data + at) & RECORD_LENGTH_MAX);
    return at;
}

static void join(struct work *w, const struct record *r)
{
    uint32_t at = r->at;

    w->len = 0;
    w->pieces = 0;
    for (uint32_t i = 0; i < r->fragments; i++) {
        uint32_t len = tree_word(w->data + at) & RECORD_LENGTH_MAX;

        memcpy(w->message + w->len, w->data + at + RECORD_HEADER, len);
        w->len += len;
        at += RECORD_HEADER + len;
        if (i + 1 < r->fragments && w->pieces < WORK_PIECES_MAX)
            w->piece[w->pieces++] = len;
    }
}

void work_open_message(struct work *w, uint32_t record)
{
    const struct record *r = &w->records[record];

    w->record = record;
    if (w->grammar->records) {
        join(w, r);
    } else {
        w->pieces = 0;
        w->len = w->size;
        memcpy(w->message, w->data, w->size);
    }
    uint32_t others = w->size - (r->end - r->at);
    uint32_t frame = work_framed(w, 0);
    w->room = w->max - others > frame ? w->max - others - frame : 0;
    tree_read(&w->tree, w->grammar->message, w->message, w->len);
}

uint32_t work_framed(const struct work *w, uint32_t len)
{
    return w->grammar->records ? len + (w->pieces + 1) * RECORD_HEADER : len;
}

static uint32_t put_fragment(struct work *w, uint32_t at, uint32_t from, uint32_t len, bool last)
{
    tree_put_word(w->data + at, len | (last ? RECORD_LAST : 0));
    memcpy(w->data + at + RECORD_HEADER, w->message + from, len);
    return at + RECORD_HEADER + len;
}

void work_close_message(struct work *w)
{
    const struct record *r = &w->records[w->record];
    uint32_t framed = work_framed(w, w->len);
    uint32_t rest = w->size - r->end;
    uint32_t at = r->at;
    uint32_t from = 0;

    memmove(w->data + at + framed, w->data + r->end, rest);
    w->size = at + framed + rest;
    if (!w->grammar->records) {
        memcpy(w->data, w->message, w->len);
        return;
    }
    for (uint32_t i = 0; i < w->pieces; i++) {
        uint32_t len = w->piece[i] < w->len - from ? w->piece[i] : w->len - from;

        at = put_fragment(w, at, from, len, false);
        from += len;
    }
    put_fragment(w, at, from, w->len - from, true);
}

static void exchange(struct work *w, uint32_t at, uint32_t old, const uint8_t *octets, uint32_t len)
{
    if (len != old)
        memmove(w->message + at + len, w->message + at + old, w->len - at - old);
    if (len)
        memcpy(w->message + at, octets, len);
    w->len = w->len - old + len;
}

bool work_replace(struct work *w, uint32_t node, uint32_t at, uint32_t old, uint32_t len)
{
    static const uint8_t zeros[4];

    if (len > old && (w->len > w->room || w->room - w->len < len - old + WORK_SLACK))
        return false;
    exchange(w, at, old, w->scratch, len);
    for (uint32_t p = w->tree.nodes[node].parent; p != TREE_NONE; p = w->tree.nodes[p].parent) {
        const struct node *n = &w->tree.nodes[p];

        if (!n->field || n->field->kind != MUTATE_BODY || n->item || !n->whole)
            continue;
        uint32_t now = n->value + len - old;
        uint32_t behind = (uint32_t)tree_padded(n->value) - n->value;
        uint32_t due = (uint32_t)tree_padded(now) - now;
        tree_put_word(w->message + n->at, now);
        exchange(w, n->at + 4 + now, behind, zeros, due);
        len += due;
        old += behind;
    }
    return true;
}

uint32_t work_pick(struct work *w, bool (*fits)(const struct node *n))
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < w->tree.count; i++) {
        if (fits(&w->tree.nodes[i]))
            w->picks[count++] = i;
    }
    return count ? w->picks[make_draw(&w->rng, count)] : TREE_NONE;
}

uint32_t work_make(struct work *w, uint32_t max)
{
    uint32_t slots[MUTATE_SLOTS] = {0};
    uint32_t header = w->grammar->records ? RECORD_HEADER : 0;
    struct make_room room = {.out = w->scratch, .len = header, .max = max};

    if (max < header || !make_value(&w->rng, w->grammar->message, slots, &room))
        return 0;
    if (header)
        tree_put_word(w->scratch, RECORD_LAST | (uint32_t)(room.len - header));
    return (uint32_t)room.len;
}

uint32_t work_boundary(struct work *w, uint32_t bound, uint32_t now)
{
    static const uint32_t all[] = {
        0,          1,          2,          0x10000,    0x40000000, 0x40000001, 0x7fffffff,
        0x80000000, 0x80000001, 0xfffffffc, 0xfffffffd, 0xfffffffe, 0xffffffff,
    };

    if (bound != MUTATE_NO_BOUND && make_once_in(&w->rng, 3))
        return bound - 1 + make_draw(&w->rng, 3);
    if (make_once_in(&w->rng, 6))
        return make_once_in(&w->rng, 2) ? now + 1 : now - 1;
    return all[make_draw(&w->rng, ARRAY_LEN(all))];
}

/* ---- octets without structure ---- */

static uint32_t flip(struct work *w, uint8_t *octets, uint32_t len, uint32_t max UNUSED)
{
    octets[make_draw(&w->rng, len)] ^= (uint8_t)(1U << make_draw(&w->rng, 8));
    return len;
}

static uint32_t set(struct work *w, uint8_t *octets, uint32_t len, uint32_t max UNUSED)
{
    static const uint8_t special[] = {0, 0, 1, '%', '\n', '/', '.', 0x7f, 0x80, 0xff};

    octets[make_draw(&w->rng, len)] = make_once_in(&w->rng, 2)
                                          ? special[make_draw(&w->rng, ARRAY_LEN(special))]
                                          : (uint8_t)rng_next(&w->rng);
    return len;
}

static uint32_t insert(struct work *w, uint8_t *octets, uint32_t len, uint32_t max)
{
    uint32_t more = 1 + make_draw(&w->rng, make_once_in(&w->rng, 4) ? 32 : 4);
    uint32_t at = make_draw(&w->rng, len + 1);

    if (max - len < more)
        return len;
    memmove(octets + at + more, octets + at, len - at);
    make_octets(&w->rng, octets + at, more);
    return len + more;
}

static uint32_t take_out(struct work *w, uint8_t *octets, uint32_t len, uint32_t max UNUSED)
{
    uint32_t at = make_draw(&w->rng, len);
    uint32_t less = 1 + make_draw(&w->rng, len - at < 4 ? len - at : 4);

    memmove(octets + at, octets + at + less, len - at - less);
    return len - less;
}

uint32_t work_change(struct work *w, uint8_t *octets, uint32_t len, uint32_t max)
{
    static uint32_t (*const ways[])(struct work * w, uint8_t * octets, uint32_t len,
                                    uint32_t max) = {flip, set, insert, take_out};

    if (w->change)
        return (uint32_t)w->change(octets, len, max);
    if (len == 0)
        return insert(w, octets, len, max);
    return ways[make_draw(&w->rng, ARRAY_LEN(ways))](w, octets, len, max);
}
