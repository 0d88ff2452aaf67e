/*
 * The arguments of the procedures that MSGPROG has here beyond SAVEMSG and READMSG. In the RPC
 * language:
 *
 *   struct node { unsigned value; node *next; };
 *   struct entry { unsigned id; unsigned hyper size; opaque key[4]; };
 *   struct keys { unsigned total; opaque keys<32><16>; };  -- total is the number of keys once more
 *
 *   struct summary { unsigned count; unsigned sum; };
 *   struct attributes { unsigned mode; unsigned hyper size; unsigned at;  -- of '@' in the owner
 *                       string owner<>; string group<>; };
 *
 *   summary LIST(node *) = 3;
 *   summary ARRAY(entry<8>) = 4;
 *   attributes ATTRS(opaque<512>) = 5;  -- words: 1 mode, 2 size, 3 owner, 4 group, in any order
 *   unsigned NOTIFY(unsigned events) = 6;
 *   summary KEYS(keys) = 7;
 *
 * Faults can be planted (plant.h). A reader that is false has freed what it had, and left nothing.
 */
#ifndef FUZZ_PLANTED_PLANT_ARGS_H
#define FUZZ_PLANTED_PLANT_ARGS_H

#include "fuzz/planted/plant_take.h"
#include "harness/base/buf.h"

enum {
    PLANT_ENTRIES_MAX = 8,
    PLANT_ATTRS_MAX = 512,
    PLANT_KEYS_MAX = 16,
    PLANT_KEY_MAX = 32,
};

enum plant_attr {
    PLANT_ATTR_MODE = 1,
    PLANT_ATTR_SIZE = 2,
    PLANT_ATTR_OWNER = 3,
    PLANT_ATTR_GROUP = 4,
};

struct plant_node {
    uint32_t value;
    struct plant_node *next;
};

bool plant_read_list(struct plant_take *t, struct plant_node **ret);
void plant_free_list(struct plant_node *list);

struct plant_entry {
    uint32_t id;
    uint8_t key[4];
    uint64_t size;
};

struct plant_array {
    uint32_t count;
    struct plant_entry *entries;
};

bool plant_read_array(struct plant_take *t, struct plant_array *ret);
void plant_free_array(struct plant_array *array);

struct plant_string {
    char *text; /* with a NUL behind it, or NULL for none */
    uint32_t len;
};

struct plant_attrs {
    uint32_t mode;
    uint64_t size;
    uint32_t at; /* of the first '@' of the owner, or its length */
    struct plant_string owner, group;
};

bool plant_read_attrs(struct plant_take *t, struct plant_attrs *ret);
void plant_free_attrs(struct plant_attrs *attrs);

/* Appends them as they can be read again. */
void plant_write_attrs(struct buf *out, const struct plant_attrs *attrs);

struct plant_key {
    uint8_t *octets;
    uint32_t len;
};

struct plant_keys {
    uint32_t total; /* as it stood in the arguments */
    uint32_t count;
    struct plant_key *keys;
};

bool plant_read_keys(struct plant_take *t, struct plant_keys *ret);
void plant_free_keys(struct plant_keys *keys);

#endif
