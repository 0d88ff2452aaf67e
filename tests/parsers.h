/*
 * Every decoder and parser that octets of a stranger reach, each with inputs that it takes: for
 * tests that feed them all the same way. Octets come from a peer, texts from whoever starts the
 * program, from files and from peers, too.
 */
#ifndef TESTS_PARSERS_H
#define TESTS_PARSERS_H

#include "harness/base/text.h"

enum { PARSER_SEEDS_MAX = 8, PARSER_INPUT_MAX = 4096 };

struct parser {
    const char *name; /* the function that it feeds */
    /*
     * Takes an input, all of it; for a text the octet behind it is a NUL that may be read, for
     * octets nothing behind them is. True where it is accepted. A parser that says why it refuses
     * sets *why; `says` is set for those.
     */
    bool (*take)(struct slice input, struct problem *why);
    bool text;
    bool says;
    /* Appends the seed of that number, which is accepted; false behind the last. */
    bool (*seed)(unsigned number, struct buf *out);
    const char *texts[PARSER_SEEDS_MAX]; /* where there is no `seed`: the seeds themselves */
};

/* The parser of that number, or NULL behind the last. */
const struct parser *parser_at(size_t number);

/* Appends the seed of that number; false behind the last. */
bool parser_seed(const struct parser *p, unsigned number, struct buf *out);

#endif
