/* Values made by tables. There is no recursion: types may hold themselves. */
#include "fuzz/mutate/make.h"

#include <string.h>

#include "fuzz/mutate/tree.h"

enum {
    MAKE_DEPTH_MAX = 64,
    DEPTH_OF_OPTIONALS = 16, /* deeper than this, what may be left out is left out */
    FEW = 4,
    SHORT = 16,
    LONG = 64,
};

struct frame {
    const struct mutate_table *table; /* NULL: void */
    size_t field;                     /* the next one */
    uint32_t left;                    /* elements to begin */
    size_t body;                      /* where its length word stands, or NO_BODY */
    bool list;
};

#define NO_BODY SIZE_MAX

struct maker {
    struct rng *rng;
    struct make_room *room;
    uint32_t *slots;
    bool full;
    size_t depth;
    struct frame frames[MAKE_DEPTH_MAX];
};

void make_octets(struct rng *rng, uint8_t *out, size_t len)
{
    uint64_t drawn = rng_next(rng);
    bool readable = drawn & 3;

    for (size_t i = 0; i < len; i++) {
        if (i % 8 == 0)
            drawn = rng_next(rng);
        out[i] = (uint8_t)(readable ? 'a' + (drawn & 15) : drawn & 255);
        drawn >>= 8;
    }
}

static uint8_t *extend(struct maker *m, size_t len)
{
    struct make_room *room = m->room;

    if (m->full || room->max - room->len < len) {
        m->full = true;
        return NULL;
    }
    room->len += len;
    return room->out + room->len - len;
}

static void put_word(struct maker *m, uint32_t value)
{
    uint8_t *at = extend(m, 4);

    if (at)
        tree_put_word(at, value);
}

static void put_padding(struct maker *m, size_t len)
{
    size_t padding = tree_padded(len) - len;
    uint8_t *at = extend(m, padding);

    if (at)
        memset(at, 0, padding);
}

static void put_octets(struct maker *m, size_t len)
{
    uint8_t *at = extend(m, len);

    if (at)
        make_octets(m->rng, at, len);
}

static struct frame *enter(struct maker *m, const struct mutate_table *table)
{
    if (m->depth == MAKE_DEPTH_MAX) {
        m->full = true;
        return NULL;
    }
    m->frames[m->depth] = (struct frame){.table = table, .body = NO_BODY};
    return &m->frames[m->depth++];
}

/* Mostly few, now and then many, never more than the bound. */
static uint32_t draw_count(struct maker *m, uint32_t bound, uint32_t usual, uint32_t rare)
{
    uint32_t count = make_draw(m->rng, make_once_in(m->rng, 8) ? rare : usual);

    if (bound < rare && make_once_in(m->rng, 32))
        count = bound;
    return count < bound ? count : bound;
}

static void make_word(struct maker *m, const struct mutate_field *field)
{
    uint32_t value;

    if (field->count) {
        bool usual = field->usual && !make_once_in(m->rng, 32);

        value = field->values[make_draw(m->rng, (uint32_t)(usual ? field->usual : field->count))];
    } else {
        value = (uint32_t)rng_next(m->rng);
        if (!field->identity && (value & 1))
            value = value >> 28;
    }
    put_word(m, value);
    m->slots[field->keep] = value;
}

static void make_hyper(struct maker *m, const struct mutate_field *field UNUSED)
{
    put_word(m, make_once_in(m->rng, 4) ? (uint32_t)rng_next(m->rng) : 0);
    put_word(m, make_draw(m->rng, make_once_in(m->rng, 4) ? UINT32_MAX : LONG));
}

static void make_fixed(struct maker *m, const struct mutate_field *field)
{
    put_octets(m, field->bound);
    put_padding(m, field->bound);
}

static void make_counted(struct maker *m, const struct mutate_field *field)
{
    uint32_t len = draw_count(m, field->bound, SHORT, LONG);

    put_word(m, len);
    put_octets(m, len);
    put_padding(m, len);
}

static void make_body(struct maker *m, const struct mutate_field *field)
{
    struct frame *f = enter(m, field->table);

    if (f)
        f->body = m->room->len;
    put_word(m, 0);
}

/* The content begins behind its last field: with the next element, that is. */
static void make_elements(struct maker *m, const struct mutate_field *field, uint32_t count)
{
    struct frame *f = enter(m, field->table);

    if (f) {
        f->field = field->table ? field->table->count : 0;
        f->left = count;
        f->list = field->kind == MUTATE_LIST;
    }
}

static void make_vector(struct maker *m, const struct mutate_field *field)
{
    make_elements(m, field, field->bound);
}

static uint32_t draw_elements(struct maker *m, const struct mutate_field *field)
{
    if (m->depth >= DEPTH_OF_OPTIONALS)
        return 0;
    return draw_count(m, field->bound, FEW, SHORT);
}

static void make_array(struct maker *m, const struct mutate_field *field)
{
    uint32_t count = draw_elements(m, field);

    put_word(m, count);
    make_elements(m, field, count);
}

static void make_list(struct maker *m, const struct mutate_field *field)
{
    make_elements(m, field, draw_elements(m, field));
}

static void make_optional(struct maker *m, const struct mutate_field *field)
{
    bool there = m->depth < DEPTH_OF_OPTIONALS && make_draw(m->rng, 8) < 3;

    put_word(m, there);
    if (there)
        enter(m, field->table);
}

static void make_union(struct maker *m, const struct mutate_field *field)
{
    if (field->by || !field->arm_count)
        enter(m, tree_arm(field, m->slots[field->by]));
    else
        enter(m, field->arms[make_draw(m->rng, (uint32_t)field->arm_count)].table);
}

static void make_struct(struct maker *m, const struct mutate_field *field)
{
    enter(m, field->table);
}

static void make_rest(struct maker *m, const struct mutate_field *field UNUSED)
{
    uint32_t len = make_draw(m->rng, SHORT * 2);

    put_octets(m, make_once_in(m->rng, 4) ? len : len & ~3U);
}

static void (*const makers[])(struct maker *m, const struct mutate_field *field) = {
    [MUTATE_WORD] = make_word,     [MUTATE_HYPER] = make_hyper,
    [MUTATE_FIXED] = make_fixed,   [MUTATE_COUNTED] = make_counted,
    [MUTATE_BODY] = make_body,     [MUTATE_VECTOR] = make_vector,
    [MUTATE_ARRAY] = make_array,   [MUTATE_OPTIONAL] = make_optional,
    [MUTATE_LIST] = make_list,     [MUTATE_UNION] = make_union,
    [MUTATE_STRUCT] = make_struct, [MUTATE_REST] = make_rest,
};

static void leave(struct maker *m)
{
    struct frame f = m->frames[--m->depth];

    if (f.list)
        put_word(m, 0);
    if (f.body == NO_BODY || m->full)
        return;
    size_t len = m->room->len - f.body - 4;
    tree_put_word(m->room->out + f.body, (uint32_t)len);
    put_padding(m, len);
}

static void step(struct maker *m)
{
    struct frame *f = &m->frames[m->depth - 1];

    if (f->table && f->field < f->table->count) {
        const struct mutate_field *field = &f->table->fields[f->field++];

        makers[field->kind](m, field);
        return;
    }
    if (f->left == 0) {
        leave(m);
        return;
    }
    f->left--;
    f->field = 0;
    if (f->list)
        put_word(m, 1);
}

bool make_value(struct rng *rng, const struct mutate_table *table, uint32_t slots[MUTATE_SLOTS],
                struct make_room *room)
{
    struct maker m;

    m.rng = rng;
    m.room = room;
    m.slots = slots;
    m.full = false;
    m.depth = 0;
    enter(&m, table);
    while (m.depth > 0 && !m.full)
        step(&m);
    return !m.full;
}
