/*
 * A message read by a table of fields: a tree, kept as the list of its nodes from left to right,
 * each before what it holds. Nodes are places in the octets, so the octets themselves are what is
 * changed, and the message is read again afterwards.
 */
#ifndef FUZZ_MUTATE_TREE_H
#define FUZZ_MUTATE_TREE_H

#include "fuzz/mutate/mutate.h"

enum { TREE_NODES_MAX = 4096, TREE_DEPTH_MAX = 64 };

#define TREE_NONE UINT32_MAX

struct node {
    const struct mutate_field *field; /* NULL: octets that fit no field */
    uint32_t at, end;                 /* with length word and padding */
    uint32_t value;  /* of a word; the length word of counted octets, of a body; the
                        elements of a vector, array or list; what a union is by */
    uint32_t parent; /* TREE_NONE: the message */
    bool item;       /* an element of `field`, and not the field */
    bool whole;      /* nothing of it is missing */
};

struct tree {
    uint32_t count;
    struct node nodes[TREE_NODES_MAX];
};

/* Reads. What does not fit, or finds no room, is a node without field. */
void tree_read(struct tree *t, const struct mutate_table *message, const uint8_t *octets,
               uint32_t len);

/* What the words in front of the node say to the unions behind. */
void tree_slots(const struct tree *t, uint32_t node, uint32_t ret[MUTATE_SLOTS]);

/* Octets with their padding. */
static inline uint64_t tree_padded(uint64_t len)
{
    return (len + 3) & ~(uint64_t)3;
}

static inline uint32_t tree_word(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void tree_put_word(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

/* The arm for that value, or the default one; NULL where it is void. */
const struct mutate_table *tree_arm(const struct mutate_field *field, uint32_t value);

#endif
