/*
 * A case under mutation: the records of its stream, and one message of it that is open. The message
 * is changed in a buffer of its own and then put back into the stream, in fragments like before.
 */
#ifndef FUZZ_MUTATE_WORK_H
#define FUZZ_MUTATE_WORK_H

#include "fuzz/mutate/make.h"
#include "fuzz/mutate/tree.h"

enum {
    WORK_RECORDS_MAX = 256,
    WORK_PIECES_MAX = 64,
    WORK_SLACK = 16, /* room that is left for the padding of bodies, which lie in each other */
};

#define WORK_NO_RECORD UINT32_MAX

struct record {
    uint32_t at, end;   /* with headers */
    uint32_t fragments; /* at least one */
};

struct work {
    const struct mutate_grammar *grammar;
    struct rng rng;
    size_t (*change)(uint8_t *data, size_t size, size_t max); /* or NULL; mutate_octets_by */

    uint8_t *data; /* the case */
    uint32_t size, max;
    uint32_t count; /* of whole records */
    struct record records[WORK_RECORDS_MAX];
    uint32_t tail; /* where the octets begin that are no whole record */

    /* The message that is open. */
    uint32_t record;    /* or WORK_NO_RECORD */
    uint32_t len, room; /* octets that it has, and may have */
    uint32_t pieces;    /* sizes of all fragments but the last one */
    uint32_t piece[WORK_PIECES_MAX];
    struct tree tree;
    uint32_t picks[TREE_NODES_MAX];
    uint8_t message[MUTATE_MAX];

    uint8_t scratch[MUTATE_MAX]; /* for whoever needs it, until the next call */
};

/* Begins with these octets, which are changed in place. */
void work_open(struct work *w, uint8_t *data, size_t size, size_t max);

/* Looks for the records; after each change of the stream. */
void work_scan(struct work *w);

/* Puts octets in place of `old` ones at `at` of the stream; they may not be part of it. False,
   and nothing done, where there is no room. The records must be looked for again. */
bool work_put(struct work *w, uint32_t at, uint32_t old, const uint8_t *octets, uint32_t len);

/* Copies that message and reads it. */
void work_open_message(struct work *w, uint32_t record);

/* Puts the open message back, cut as `piece` says. */
void work_close_message(struct work *w);

/* Octets of the record of the open message that it would take with these pieces and that length. */
uint32_t work_framed(const struct work *w, uint32_t len);

/*
 * Puts the first `len` octets of scratch in place of `old` ones at `at` of the open message, which
 * belong to the node: the lengths of the bodies that it lies in follow. False, and nothing done,
 * where there is no room. The tree is out of date afterwards.
 */
bool work_replace(struct work *w, uint32_t node, uint32_t at, uint32_t old, uint32_t len);

/* A node for which `fits` holds, each with the same chance; TREE_NONE where there is none. */
uint32_t work_pick(struct work *w, bool (*fits)(const struct node *n));

/* Where the header of a fragment stands in the stream. */
uint32_t work_fragment(const struct work *w, uint32_t record, uint32_t fragment);

/* Makes a valid message in scratch, as a record where there are records. Returns its size, 0 where
   no more than `max` octets do not hold it. */
uint32_t work_make(struct work *w, uint32_t max);

/* A number at a boundary: of all numbers, of the bound, of what stands there now. */
uint32_t work_boundary(struct work *w, uint32_t bound, uint32_t now);

/* Changes octets that have no structure; returns the new length. */
uint32_t work_change(struct work *w, uint8_t *octets, uint32_t len, uint32_t max);

/* One mutation: of the open message (fields.c) or of the stream (records.c). False where it does
   not apply. */
bool work_mutate_message(struct work *w, enum mutate_op op);
bool work_mutate_stream(struct work *w, enum mutate_op op);

/* Whether the mutation is one of the open message. */
static inline bool work_is_of_message(enum mutate_op op)
{
    return op <= MUTATE_FIELD_DROP;
}

#endif
