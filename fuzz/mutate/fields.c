/* Mutations of one message: each picks a node, and changes the octets of it. */
#include <string.h>

#include "fuzz/mutate/work.h"

enum {
    ELEMENTS_MOST = 100000, /* a list of so many kills a decoder that recurses */
    TRAIL_MOST = 16,
    CHANGE_MORE = 64, /* octets by which a change without structure may grow */
};

static struct node *node_of(struct work *w, uint32_t number)
{
    return &w->tree.nodes[number];
}

static bool is_field(const struct node *n, enum mutate_kind kind)
{
    return n->field && !n->item && n->field->kind == kind;
}

static bool is_word(const struct node *n)
{
    return is_field(n, MUTATE_WORD) && n->whole;
}

static bool has_length(const struct node *n)
{
    return is_field(n, MUTATE_COUNTED) || is_field(n, MUTATE_BODY);
}

static uint32_t length_of(const struct node *n)
{
    return n->end - n->at;
}

/* Where the octets of a field begin, and how many it has. */
static uint32_t content_at(const struct node *n)
{
    return n->at + (has_length(n) ? 4 : 0);
}

static uint32_t content_of(const struct node *n)
{
    if (has_length(n))
        return n->value;
    return is_field(n, MUTATE_FIXED) ? n->field->bound : length_of(n);
}

static uint32_t padding_of(const struct node *n)
{
    if (!n->whole || !(has_length(n) || is_field(n, MUTATE_FIXED)))
        return 0;
    return length_of(n) - (content_at(n) - n->at) - content_of(n);
}

/* Puts the first octets of scratch in place of the whole node. */
static bool replace_node(struct work *w, uint32_t number, uint32_t len)
{
    const struct node *n = node_of(w, number);

    return work_replace(w, number, n->at, length_of(n), len);
}

/* A value of the table, made into scratch behind `at`; TREE_NONE where there is no room. */
static uint32_t make(struct work *w, uint32_t number, const struct mutate_table *table, uint32_t at)
{
    uint32_t slots[MUTATE_SLOTS];
    struct make_room room = {.out = w->scratch, .len = at, .max = w->room};

    tree_slots(&w->tree, number, slots);
    if (at > w->room || !make_value(&w->rng, table, slots, &room))
        return TREE_NONE;
    return (uint32_t)room.len;
}

/* ---- words ---- */

static bool has_values(const struct node *n)
{
    return is_word(n) && n->field->count > 0;
}

static bool has_other_values(const struct node *n)
{
    return is_word(n) && n->field->count > 1;
}

static void put_word(struct work *w, uint32_t at, uint32_t value)
{
    tree_put_word(w->message + at, value);
}

static bool value(struct work *w)
{
    uint32_t number = work_pick(w, has_other_values);

    if (number == TREE_NONE)
        return false;
    const struct node *n = node_of(w, number);
    uint32_t start = make_draw(&w->rng, (uint32_t)n->field->count);
    for (size_t i = 0; i < n->field->count; i++) {
        uint32_t other = n->field->values[(start + i) % n->field->count];

        if (other == n->value)
            continue;
        put_word(w, n->at, other);
        return true;
    }
    return false;
}

static bool neighbour(struct work *w)
{
    uint32_t number = work_pick(w, has_values);

    if (number == TREE_NONE)
        return false;
    const struct node *n = node_of(w, number);
    uint32_t known = n->field->values[make_draw(&w->rng, (uint32_t)n->field->count)];
    put_word(w, n->at, make_once_in(&w->rng, 2) ? known + 1 : known - 1);
    return true;
}

static bool is_number(const struct node *n)
{
    return is_word(n) || (is_field(n, MUTATE_HYPER) && n->whole);
}

static bool number(struct work *w)
{
    uint32_t picked = work_pick(w, is_number);

    if (picked == TREE_NONE)
        return false;
    const struct node *n = node_of(w, picked);
    uint32_t bound = n->field->bound ? n->field->bound : MUTATE_NO_BOUND;
    uint32_t at = n->at + (length_of(n) > 4 && make_once_in(&w->rng, 2) ? 4 : 0);
    put_word(w, at, work_boundary(w, bound, tree_word(w->message + at)));
    return true;
}

/* A length, a count, or the word that says that something follows. */
static bool has_claim(const struct node *n)
{
    if (!n->field || length_of(n) < 4)
        return false;
    return n->item ? n->field->kind == MUTATE_LIST
                   : has_length(n) || n->field->kind == MUTATE_ARRAY ||
                         n->field->kind == MUTATE_OPTIONAL;
}

static bool claim(struct work *w)
{
    uint32_t picked = work_pick(w, has_claim);

    if (picked == TREE_NONE)
        return false;
    const struct node *n = node_of(w, picked);
    uint32_t now = tree_word(w->message + n->at);
    uint32_t due = work_boundary(w, n->field->bound, now);
    put_word(w, n->at, due);
    return due != now;
}

/* ---- lengths that are true ---- */

static bool has_whole_length(const struct node *n)
{
    return has_length(n) && n->whole;
}

/* Around what credentials are bounded by (0 to 20 are those of AUTH_SYS, 96 to 104 where RPCSEC_GSS
   once overflowed, 400 the bound), around the bound, or somewhere. */
static uint32_t draw_length(struct work *w, const struct node *n)
{
    switch (make_draw(&w->rng, 8)) {
    case 0:
        return 96 + make_draw(&w->rng, 9);
    case 1:
    case 2:
        return n->field->bound == MUTATE_NO_BOUND ? n->value * 2
                                                  : n->field->bound - 1 + make_draw(&w->rng, 3);
    case 3:
        return n->value + 1;
    case 4:
        return make_draw(&w->rng, 1024);
    default:
        return make_draw(&w->rng, 21);
    }
}

static bool resize(struct work *w)
{
    uint32_t picked = work_pick(w, has_whole_length);

    if (picked == TREE_NONE)
        return false;
    const struct node *n = node_of(w, picked);
    uint32_t len = draw_length(w, n);
    uint64_t padded = tree_padded(len);
    if (len == n->value || padded + 4 > w->room)
        return false;
    uint32_t kept = len < n->value ? len : n->value;
    tree_put_word(w->scratch, len);
    memcpy(w->scratch + 4, w->message + n->at + 4, kept);
    make_octets(&w->rng, w->scratch + 4 + kept, len - kept);
    memset(w->scratch + 4 + len, 0, padded - len);
    return replace_node(w, picked, 4 + (uint32_t)padded);
}

static bool has_elements(const struct node *n)
{
    return n->whole && (is_field(n, MUTATE_ARRAY) || is_field(n, MUTATE_LIST));
}

/* The octets of an element; false where there is none. */
static bool find_element(struct work *w, uint32_t owner, uint32_t which, const struct node **ret)
{
    for (uint32_t i = owner + 1; i < w->tree.count; i++) {
        const struct node *n = node_of(w, i);

        if (n->item && n->parent == owner && which-- == 0) {
            *ret = n;
            return true;
        }
    }
    return false;
}

/* A new element in scratch; its size, or 0. */
static uint32_t make_element(struct work *w, uint32_t owner)
{
    const struct node *n = node_of(w, owner);
    uint32_t at = 0;

    if (n->field->kind == MUTATE_LIST) {
        tree_put_word(w->scratch, 1);
        at = 4;
    }
    uint32_t len = make(w, owner, n->field->table, at);
    return len == TREE_NONE ? 0 : len;
}

/* `more` elements like one that is there, or like a new one. */
static bool add_elements(struct work *w, uint32_t owner, uint32_t more)
{
    const struct node *n = node_of(w, owner);
    const struct node *like;
    uint32_t at = n->at + (n->field->kind == MUTATE_ARRAY ? 4 : 0);
    uint32_t len;

    if (n->value > 0 && find_element(w, owner, make_draw(&w->rng, n->value), &like)) {
        len = length_of(like);
        memcpy(w->scratch, w->message + like->at, len);
        at = like->at;
    } else {
        len = make_element(w, owner);
    }
    if (!len || w->len > w->room)
        return false;
    uint32_t left = w->room - w->len;
    uint32_t fit = left > WORK_SLACK ? (left - WORK_SLACK) / len : 0;
    more = more < fit ? more : fit;
    for (uint32_t i = 1; i < more; i++)
        memcpy(w->scratch + (size_t)i * len, w->scratch, len);
    if (!more || !work_replace(w, owner, at, 0, more * len))
        return false;
    if (n->field->kind == MUTATE_ARRAY)
        put_word(w, n->at, n->value + more);
    return true;
}

/* Only the first `kept` ones stay. */
static bool drop_elements(struct work *w, uint32_t owner, uint32_t kept)
{
    const struct node *n = node_of(w, owner);
    const struct node *first;
    uint32_t end = n->end - (n->field->kind == MUTATE_LIST ? 4 : 0);

    if (!find_element(w, owner, kept, &first))
        return false;
    if (n->field->kind == MUTATE_ARRAY)
        put_word(w, n->at, kept);
    return work_replace(w, owner, first->at, end - first->at, 0);
}

static bool elements(struct work *w)
{
    uint32_t owner = work_pick(w, has_elements);

    if (owner == TREE_NONE)
        return false;
    const struct node *n = node_of(w, owner);
    uint32_t due[] = {0,
                      n->value - 1,
                      n->value + 1,
                      n->value * 2,
                      n->field->bound - 1,
                      n->field->bound,
                      n->field->bound + 1,
                      make_draw(&w->rng, 32)};
    uint32_t count = due[make_draw(&w->rng, ARRAY_LEN(due))];
    if (count == n->value || count > ELEMENTS_MOST)
        return false;
    return count < n->value ? drop_elements(w, owner, count)
                            : add_elements(w, owner, count - n->value);
}

static bool is_list(const struct node *n)
{
    return n->whole && is_field(n, MUTATE_LIST);
}

static bool nest(struct work *w)
{
    uint32_t owner = work_pick(w, is_list);

    if (owner == TREE_NONE)
        return false;
    uint32_t more = 64U << make_draw(&w->rng, 12);
    return add_elements(w, owner, more < ELEMENTS_MOST ? more : ELEMENTS_MOST);
}

/* ---- padding ---- */

static bool has_padding(const struct node *n)
{
    return padding_of(n) > 0;
}

static bool may_have_padding(const struct node *n)
{
    return n->whole && (has_length(n) || is_field(n, MUTATE_FIXED));
}

static bool padding_value(struct work *w)
{
    uint32_t picked = work_pick(w, has_padding);

    if (picked == TREE_NONE)
        return false;
    const struct node *n = node_of(w, picked);
    uint32_t at = n->end - 1 - make_draw(&w->rng, padding_of(n));
    w->message[at] = (uint8_t)(1 + make_draw(&w->rng, 255));
    return true;
}

static bool padding_gone(struct work *w)
{
    uint32_t picked = work_pick(w, has_padding);

    if (picked == TREE_NONE)
        return false;
    uint32_t padding = padding_of(node_of(w, picked));
    return work_replace(w, picked, node_of(w, picked)->end - padding, padding, 0);
}

static bool padding_more(struct work *w)
{
    uint32_t picked = work_pick(w, may_have_padding);

    if (picked == TREE_NONE)
        return false;
    uint32_t more = make_once_in(&w->rng, 2) ? 4 : 1 + make_draw(&w->rng, 4);
    memset(w->scratch, 0, more);
    return work_replace(w, picked, node_of(w, picked)->end, 0, more);
}

/* ---- the ends ---- */

static bool has_octets(const struct node *n)
{
    return n->end > n->at;
}

static bool cut(struct work *w)
{
    uint32_t picked = work_pick(w, has_octets);

    if (picked == TREE_NONE)
        return false;
    const struct node *n = node_of(w, picked);
    w->len = n->at + (make_once_in(&w->rng, 4) ? make_draw(&w->rng, length_of(n)) : 0);
    return true;
}

static bool trail(struct work *w)
{
    uint32_t more = 1 + make_draw(&w->rng, TRAIL_MOST);

    if (make_once_in(&w->rng, 2))
        more = (uint32_t)tree_padded(more);
    if (w->len > w->room || w->room - w->len < more)
        return false;
    make_octets(&w->rng, w->message + w->len, more);
    w->len += more;
    return true;
}

/* ---- unions ---- */

static bool has_arms(const struct node *n)
{
    return is_field(n, MUTATE_UNION) && n->field->arm_count > 0;
}

static bool has_discriminant(const struct node *n)
{
    return has_arms(n) && n->field->by;
}

static bool arm(struct work *w)
{
    uint32_t picked = work_pick(w, has_arms);

    if (picked == TREE_NONE)
        return false;
    const struct mutate_field *field = node_of(w, picked)->field;
    const struct mutate_table *now = tree_arm(field, node_of(w, picked)->value);
    uint32_t which = make_draw(&w->rng, (uint32_t)field->arm_count + 1);
    const struct mutate_table *other =
        which == field->arm_count ? field->table : field->arms[which].table;
    uint32_t len = make(w, picked, other, 0);
    return other != now && len != TREE_NONE && replace_node(w, picked, len);
}

/* The last word in front of the union that says what it holds. */
static uint32_t find_discriminant(struct work *w, uint32_t picked)
{
    uint8_t by = node_of(w, picked)->field->by;

    for (uint32_t i = picked; i-- > 0;) {
        if (is_word(node_of(w, i)) && node_of(w, i)->field->keep == by)
            return i;
    }
    return TREE_NONE;
}

static bool switch_arm(struct work *w)
{
    uint32_t picked = work_pick(w, has_discriminant);

    if (picked == TREE_NONE)
        return false;
    uint32_t word = find_discriminant(w, picked);
    const struct mutate_field *field = node_of(w, picked)->field;
    const struct mutate_arm *other = &field->arms[make_draw(&w->rng, (uint32_t)field->arm_count)];
    if (word == TREE_NONE || other->value == node_of(w, picked)->value)
        return false;
    uint32_t len = make(w, picked, other->table, 0);
    if (len == TREE_NONE || !replace_node(w, picked, len))
        return false;
    put_word(w, node_of(w, word)->at, other->value);
    return true;
}

/* ---- fields as they are ---- */

static bool is_leaf(const struct node *n)
{
    return n->field && !n->item && n->whole &&
           (n->field->kind == MUTATE_WORD || n->field->kind == MUTATE_HYPER ||
            n->field->kind == MUTATE_FIXED || n->field->kind == MUTATE_COUNTED);
}

static bool copy(struct work *w)
{
    uint32_t from = work_pick(w, is_leaf);
    uint32_t to = work_pick(w, is_leaf);

    if (from == TREE_NONE || from == to ||
        node_of(w, from)->field->kind != node_of(w, to)->field->kind)
        return false;
    uint32_t len = length_of(node_of(w, from));
    memcpy(w->scratch, w->message + node_of(w, from)->at, len);
    return replace_node(w, to, len);
}

/* Words, too, but not often: they have mutations of their own. */
static bool has_free_octets(const struct node *n)
{
    return !n->field || (!n->item && n->whole && n->field->kind == MUTATE_REST) ||
           (n->whole && (is_field(n, MUTATE_COUNTED) || is_field(n, MUTATE_FIXED)));
}

static bool octets(struct work *w)
{
    uint32_t picked = work_pick(w, make_once_in(&w->rng, 8) ? is_word : has_free_octets);

    if (picked == TREE_NONE)
        return false;
    const struct node *n = node_of(w, picked);
    bool keeps = is_word(n) || is_field(n, MUTATE_FIXED);
    uint32_t begin = content_at(n) - n->at;
    uint32_t len = content_of(n);
    uint32_t most = keeps ? len : len + CHANGE_MORE;
    if (most == 0 || begin + tree_padded(most) > MUTATE_MAX)
        return false;
    memcpy(w->scratch + begin, w->message + n->at + begin, len);
    uint32_t now = work_change(w, w->scratch + begin, len, most);
    if (keeps)
        return work_replace(w, picked, n->at, now, now);
    if (!has_length(n))
        return replace_node(w, picked, now);
    tree_put_word(w->scratch, now);
    uint32_t padded = (uint32_t)tree_padded(now);
    memset(w->scratch + begin + now, 0, padded - now);
    return replace_node(w, picked, begin + padded);
}

/* A discriminant alone would not fit its arm any more: SWITCH changes both. */
static bool can_be_fresh(const struct node *n)
{
    return n->field && !n->item && !n->field->keep;
}

static bool fresh(struct work *w)
{
    uint32_t picked = work_pick(w, can_be_fresh);

    if (picked == TREE_NONE)
        return false;
    const struct mutate_table one = {.fields = node_of(w, picked)->field, .count = 1};
    uint32_t len = make(w, picked, &one, 0);
    return len != TREE_NONE && replace_node(w, picked, len);
}

static bool field_repeat(struct work *w)
{
    uint32_t picked = work_pick(w, has_octets);

    if (picked == TREE_NONE)
        return false;
    const struct node *n = node_of(w, picked);
    memcpy(w->scratch, w->message + n->at, length_of(n));
    return work_replace(w, picked, n->at, 0, length_of(n));
}

static bool field_drop(struct work *w)
{
    uint32_t picked = work_pick(w, has_octets);

    return picked != TREE_NONE && replace_node(w, picked, 0);
}

bool work_mutate_message(struct work *w, enum mutate_op op)
{
    static bool (*const ops[])(struct work * w) = {
        [MUTATE_VALUE] = value,
        [MUTATE_NEIGHBOUR] = neighbour,
        [MUTATE_NUMBER] = number,
        [MUTATE_CLAIM] = claim,
        [MUTATE_RESIZE] = resize,
        [MUTATE_ELEMENTS] = elements,
        [MUTATE_NEST] = nest,
        [MUTATE_PADDING_VALUE] = padding_value,
        [MUTATE_PADDING_GONE] = padding_gone,
        [MUTATE_PADDING_MORE] = padding_more,
        [MUTATE_CUT] = cut,
        [MUTATE_TRAIL] = trail,
        [MUTATE_ARM] = arm,
        [MUTATE_SWITCH] = switch_arm,
        [MUTATE_COPY] = copy,
        [MUTATE_OCTETS] = octets,
        [MUTATE_FRESH] = fresh,
        [MUTATE_FIELD_REPEAT] = field_repeat,
        [MUTATE_FIELD_DROP] = field_drop,
    };

    return ops[op](w);
}
