/* Messages read by tables. There is no recursion: octets from anywhere decide how deep it goes. */
#include "fuzz/mutate/tree.h"

#include <string.h>

enum { WORD = 4, HYPER = 8 };

/* A table that is being read. */
struct frame {
    const struct mutate_table *table;
    size_t field;          /* the next one */
    uint32_t owner;        /* the node that this is the content of */
    uint32_t item;         /* the element of it, or TREE_NONE */
    uint32_t left;         /* elements behind this one */
    uint32_t limit;        /* where the octets end that are for it */
    uint32_t begin, nodes; /* of a guess: where it was when it began */
    size_t arm;            /* of a guess: the next arm */
    bool list;             /* a word says whether an element follows */
    bool body;             /* the limit is its own, and padding stands behind */
    bool guess;
};

struct reader {
    struct tree *tree;
    const uint8_t *octets;
    uint32_t at;
    uint32_t slots[MUTATE_SLOTS];
    size_t depth;
    struct frame frames[TREE_DEPTH_MAX];
};

const struct mutate_table *tree_arm(const struct mutate_field *field, uint32_t value)
{
    for (size_t i = 0; i < field->arm_count; i++) {
        if (field->arms[i].value == value)
            return field->arms[i].table;
    }
    return field->table;
}

static struct frame *top(struct reader *r)
{
    return &r->frames[r->depth - 1];
}

static uint32_t room(struct reader *r)
{
    return top(r)->limit - r->at;
}

static uint32_t add(struct reader *r, const struct mutate_field *field)
{
    struct tree *t = r->tree;
    struct frame *f = top(r);

    if (t->count == TREE_NODES_MAX)
        return TREE_NONE;
    t->nodes[t->count] = (struct node){
        .field = field,
        .at = r->at,
        .end = r->at,
        .parent = f->item == TREE_NONE ? f->owner : f->item,
    };
    return t->count++;
}

static struct node *node_of(struct reader *r, uint32_t number)
{
    return &r->tree->nodes[number];
}

static void end_node(struct reader *r, uint32_t number, bool whole)
{
    if (number == TREE_NONE)
        return;
    node_of(r, number)->end = r->at;
    node_of(r, number)->whole = whole;
}

/* The next arm of a guess, from where it began; behind the last one the default arm, which takes
   what it gets. */
static void guess_again(struct reader *r)
{
    struct frame *f = top(r);
    const struct mutate_field *of = node_of(r, f->owner)->field;

    r->at = f->begin;
    r->tree->count = f->nodes;
    f->field = 0;
    f->guess = f->arm < of->arm_count;
    f->table = f->guess ? of->arms[f->arm++].table : of->table;
}

/*
 * The octets do not fit. What is left up to the limit is octets, and everything that would have
 * ended there ends; reading goes on behind the body in which this happened, if it is one.
 */
static void give_up(struct reader *r)
{
    uint32_t limit = top(r)->limit;

    for (size_t i = r->depth; i > 0 && r->frames[i - 1].limit == limit; i--) {
        if (r->frames[i - 1].guess) {
            r->depth = i;
            guess_again(r);
            return;
        }
        if (r->frames[i - 1].body)
            break;
    }
    uint32_t raw = r->at < limit ? add(r, NULL) : TREE_NONE;
    r->at = limit;
    end_node(r, raw, true);
    while (r->depth > 0 && top(r)->limit == limit) {
        struct frame *f = top(r);

        end_node(r, f->item, false);
        if (f->body) {
            f->field = f->table ? f->table->count : 0;
            return;
        }
        end_node(r, f->owner, false);
        r->depth--;
    }
}

/* Begins the content of a node; a table that is NULL is void. */
static struct frame *enter(struct reader *r, const struct mutate_table *table, uint32_t owner)
{
    if (r->depth == TREE_DEPTH_MAX)
        return NULL;
    uint32_t limit = top(r)->limit;
    r->frames[r->depth++] = (struct frame){
        .table = table,
        .owner = owner,
        .item = TREE_NONE,
        .limit = limit,
    };
    return top(r);
}

static bool begin_item(struct reader *r)
{
    struct frame *f = top(r);

    f->item = TREE_NONE;
    uint32_t item = add(r, node_of(r, f->owner)->field);
    if (item == TREE_NONE)
        return false;
    f->item = item;
    node_of(r, item)->item = true;
    f->field = 0;
    return true;
}

static bool take_word(struct reader *r, uint32_t *ret)
{
    if (room(r) < WORD)
        return false;
    *ret = tree_word(r->octets + r->at);
    r->at += WORD;
    return true;
}

static bool take(struct reader *r, uint64_t len)
{
    if (room(r) < len)
        return false;
    r->at += (uint32_t)len;
    return true;
}

/* Ends the content on top and the node that it is of. */
static void leave(struct reader *r)
{
    struct frame f = *top(r);

    if (f.guess && r->at != f.limit) {
        guess_again(r);
        return;
    }
    if ((f.body || f.owner == TREE_NONE) && r->at < f.limit) {
        uint32_t raw = add(r, NULL);

        r->at = f.limit;
        end_node(r, raw, true);
    }
    r->depth--;
    if (f.body)
        r->at += (uint32_t)(tree_padded(node_of(r, f.owner)->value) - node_of(r, f.owner)->value);
    end_node(r, f.owner, true);
}

/* An element of a list follows, or its end. */
static bool next_of_list(struct reader *r)
{
    struct frame *f = top(r);
    uint32_t more;
    uint32_t begin = r->at;

    if (!take_word(r, &more))
        return false;
    if (more > 1) {
        r->at = begin;
        return false;
    }
    if (!more) {
        leave(r);
        return true;
    }
    node_of(r, f->owner)->value++;
    r->at = begin;
    if (!begin_item(r))
        return false;
    r->at = begin + WORD;
    return true;
}

/* ---- kinds ---- */

static bool read_word(struct reader *r, uint32_t number)
{
    struct node *n = node_of(r, number);

    if (!take_word(r, &n->value))
        return false;
    r->slots[n->field->keep] = n->value;
    end_node(r, number, true);
    return true;
}

static bool read_hyper(struct reader *r, uint32_t number)
{
    if (!take(r, HYPER))
        return false;
    end_node(r, number, true);
    return true;
}

static bool read_fixed(struct reader *r, uint32_t number)
{
    if (!take(r, tree_padded(node_of(r, number)->field->bound)))
        return false;
    end_node(r, number, true);
    return true;
}

static bool read_counted(struct reader *r, uint32_t number)
{
    struct node *n = node_of(r, number);

    if (!take_word(r, &n->value) || !take(r, tree_padded(n->value)))
        return false;
    end_node(r, number, true);
    return true;
}

static bool read_body(struct reader *r, uint32_t number)
{
    struct node *n = node_of(r, number);

    if (!take_word(r, &n->value) || room(r) < tree_padded(n->value))
        return false;
    struct frame *f = enter(r, n->field->table, number);
    if (!f)
        return false;
    f->body = true;
    f->limit = r->at + n->value;
    return true;
}

static bool read_elements(struct reader *r, uint32_t number, uint32_t count)
{
    struct node *n = node_of(r, number);

    n->value = count;
    if (!count) {
        end_node(r, number, true);
        return true;
    }
    struct frame *f = enter(r, n->field->table, number);
    if (!f)
        return false;
    f->left = count - 1;
    return begin_item(r);
}

static bool read_vector(struct reader *r, uint32_t number)
{
    return read_elements(r, number, node_of(r, number)->field->bound);
}

static bool read_array(struct reader *r, uint32_t number)
{
    uint32_t count;

    return take_word(r, &count) && read_elements(r, number, count);
}

static bool read_optional(struct reader *r, uint32_t number)
{
    struct node *n = node_of(r, number);

    if (!take_word(r, &n->value) || n->value > 1)
        return false;
    if (n->value)
        return enter(r, n->field->table, number) != NULL;
    end_node(r, number, true);
    return true;
}

static bool read_list(struct reader *r, uint32_t number)
{
    struct frame *f = enter(r, node_of(r, number)->field->table, number);

    if (!f)
        return false;
    f->list = true;
    return next_of_list(r);
}

static bool read_union(struct reader *r, uint32_t number)
{
    struct node *n = node_of(r, number);
    struct frame *f = enter(r, NULL, number);

    if (!f)
        return false;
    n->value = r->slots[n->field->by];
    f->table = tree_arm(n->field, n->value);
    if (n->field->by)
        return true;
    f->guess = true;
    f->begin = r->at;
    f->nodes = r->tree->count;
    guess_again(r);
    return true;
}

static bool read_struct(struct reader *r, uint32_t number)
{
    return enter(r, node_of(r, number)->field->table, number) != NULL;
}

static bool read_rest(struct reader *r, uint32_t number)
{
    r->at = top(r)->limit;
    end_node(r, number, true);
    return true;
}

static bool (*const readers[])(struct reader *r, uint32_t number) = {
    [MUTATE_WORD] = read_word,     [MUTATE_HYPER] = read_hyper,
    [MUTATE_FIXED] = read_fixed,   [MUTATE_COUNTED] = read_counted,
    [MUTATE_BODY] = read_body,     [MUTATE_VECTOR] = read_vector,
    [MUTATE_ARRAY] = read_array,   [MUTATE_OPTIONAL] = read_optional,
    [MUTATE_LIST] = read_list,     [MUTATE_UNION] = read_union,
    [MUTATE_STRUCT] = read_struct, [MUTATE_REST] = read_rest,
};

/* ---- the walk ---- */

/* Of a field that does not fit, the word that it begins with is kept, if it is there. */
static void read_field(struct reader *r, const struct mutate_field *field)
{
    uint32_t begin = r->at;
    size_t depth = r->depth;
    uint32_t number = add(r, field);

    if (number != TREE_NONE && readers[field->kind](r, number))
        return;
    if (number != TREE_NONE && r->depth == depth) {
        if (r->at == begin)
            r->tree->count = number;
        else
            r->at = top(r)->limit;
        node_of(r, number)->end = r->at;
    }
    give_up(r);
}

static void step(struct reader *r)
{
    struct frame *f = top(r);

    if (f->table && f->field < f->table->count) {
        read_field(r, &f->table->fields[f->field++]);
        return;
    }
    end_node(r, f->item, true);
    f->item = TREE_NONE;
    if (f->list) {
        if (!next_of_list(r))
            give_up(r);
    } else if (f->left == 0) {
        leave(r);
    } else {
        f->left--;
        if (!begin_item(r))
            give_up(r);
    }
}

void tree_read(struct tree *t, const struct mutate_table *message, const uint8_t *octets,
               uint32_t len)
{
    struct reader r;

    t->count = 0;
    r.tree = t;
    r.octets = octets;
    r.at = 0;
    memset(r.slots, 0, sizeof(r.slots));
    r.depth = 1;
    r.frames[0] = (struct frame){
        .table = message,
        .owner = TREE_NONE,
        .item = TREE_NONE,
        .limit = len,
    };
    while (r.depth > 0)
        step(&r);
}

void tree_slots(const struct tree *t, uint32_t node, uint32_t ret[MUTATE_SLOTS])
{
    memset(ret, 0, MUTATE_SLOTS * sizeof(ret[0]));
    for (uint32_t i = 0; i < node && i < t->count; i++) {
        const struct node *n = &t->nodes[i];

        if (n->field && !n->item && n->field->kind == MUTATE_WORD)
            ret[n->field->keep] = n->value;
    }
}
