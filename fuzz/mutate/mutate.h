/*
 * Structure-aware mutation. What a case looks like is told by a table of fields; the core reads a
 * case by it, changes it as the history of XDR and RPC bugs suggests, and writes it down again so
 * that all the rest of it stays true: lengths of what encloses a change, padding, record marks.
 *
 * Tables are constant data. They are written by hand for ONC RPC (onc.c), and can be made from any
 * .x file: every kind below is a declaration of RFC 4506, or what RFC 5531 puts around one.
 *
 * The input may be any octets: what does not fit the table stays as it is, and is changed as
 * octets. Nothing is allocated, and the same arguments give the same result. Not for use from
 * several threads at once.
 */
#ifndef FUZZ_MUTATE_MUTATE_H
#define FUZZ_MUTATE_MUTATE_H

#include "harness/base/base.h"

/* ---- tables ---- */

enum mutate_kind {
    MUTATE_WORD,    /* four octets: int, unsigned, enum, bool, discriminant (RFC 4506 4.1 to 4.4) */
    MUTATE_HYPER,   /* eight octets: hyper, double (4.5, 4.7) */
    MUTATE_FIXED,   /* opaque[bound] (4.9) */
    MUTATE_COUNTED, /* opaque<bound>, string<bound> (4.10, 4.11) */
    MUTATE_BODY,    /* opaque<bound> in which `table` lies (RFC 5531 8.2) */
    MUTATE_VECTOR,  /* table[bound] (RFC 4506 4.12) */
    MUTATE_ARRAY,   /* table<bound> (4.13) */
    MUTATE_OPTIONAL, /* *table (4.19) */
    MUTATE_LIST,     /* a list by optional: TRUE and `table`, again and again, then FALSE (4.19) */
    MUTATE_UNION,    /* an arm; which one, an earlier word says (4.15) */
    MUTATE_STRUCT,   /* `table` in place (4.14) */
    MUTATE_REST,     /* octets up to the end of what encloses it */
    MUTATE_KINDS,
};

#define MUTATE_NO_BOUND UINT32_MAX

struct mutate_arm {
    uint32_t value;
    const struct mutate_table *table; /* NULL: void */
};

struct mutate_field {
    const char *name;
    enum mutate_kind kind;
    uint32_t bound; /* octets or elements; not of words */

    /* Known values of a word, or none. Valid cases are made of the first `usual` ones, each with
       the same chance: a value may stand there more than once. */
    const uint32_t *values;
    size_t count, usual;

    /* The element, what the optional holds, what lies in the body, or the arm of a union for any
       value that has none (NULL: void). */
    const struct mutate_table *table;

    const struct mutate_arm *arms;
    size_t arm_count;

    /* A word is remembered under the number `keep`, a union looks at what is remembered under `by`;
       1 to MUTATE_SLOTS - 1. A union with by 0 is one of its arms, and the octets do not say which:
       results of a call. */
    uint8_t keep, by;

    bool identity; /* a word by which messages are told from each other: the xid */
};

struct mutate_table {
    const char *name;
    const struct mutate_field *fields;
    size_t count;
};

enum { MUTATE_SLOTS = 16 };

struct mutate_grammar {
    const char *name;
    const struct mutate_table *message;
    bool records; /* a case is a stream of records (RFC 5531 11); else it is one message */
};

/* The grammars that there are: mutate_grammar_SYMBOL. */
#define MUTATE_GRAMMAR(symbol, name) extern const struct mutate_grammar mutate_grammar_##symbol;
#include "fuzz/mutate/grammars.def"
#undef MUTATE_GRAMMAR

/* The one of that name, or NULL. */
const struct mutate_grammar *mutate_grammar_find(const char *name);

/* ---- mutations ---- */

enum mutate_op {
#define MUTATE_OP(name, id, weight, what) MUTATE_##name,
#include "fuzz/mutate/ops.def"
#undef MUTATE_OP
    MUTATE_OPS,
};

/* The id, and what the mutation does. */
const char *mutate_op_id(enum mutate_op op);
const char *mutate_op_what(enum mutate_op op);

/* ---- the core ---- */

enum { MUTATE_MAX = 1 << 20 }; /* octets of a case; of more room nothing is used */

/*
 * Changes the case in place and returns its new size, at most `max`. Octets that hold no message at
 * all are mostly replaced by a valid case, so an empty corpus will do.
 */
size_t mutate_case(const struct mutate_grammar *grammar, uint8_t *data, size_t size, size_t max,
                   unsigned seed);

/* This one mutation alone. Returns false, and changes nothing, where it does not apply or finds no
   room. */
bool mutate_apply(const struct mutate_grammar *grammar, enum mutate_op op, uint8_t *data,
                  size_t *size, size_t max, unsigned seed);

struct mutate_parent {
    const uint8_t *data;
    size_t size;
};

/* Writes a case that has parts of both, and returns its size; 0 where neither holds a message.
   `out` is neither of them. */
size_t mutate_cross(const struct mutate_grammar *grammar, const struct mutate_parent parents[2],
                    uint8_t *out, size_t max, unsigned seed);

/* A valid case from nothing, cut where there is no room. */
size_t mutate_make(const struct mutate_grammar *grammar, uint8_t *out, size_t max, unsigned seed);

/* The mutations that the last mutate_case or mutate_apply was made of: bits 1 << enum mutate_op. */
uint64_t mutate_done(void);

/* Leaves the changing of octets that have no structure to somebody else, who knows more of the
   target (libFuzzer's LLVMFuzzerMutate); NULL: to ourselves. */
void mutate_octets_by(size_t (*change)(uint8_t *data, size_t size, size_t max));

#endif
