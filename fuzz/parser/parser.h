/*
 * Every decoder and parser of the harness that octets of a stranger reach, each with inputs that it
 * takes: for fuzz targets and tests that feed them all the same way. Octets come from a peer, texts
 * from whoever starts the program, from files and from peers, too. The parsers of the runner stand
 * in a table of their own (tests/parsers.h).
 *
 * What a parser accepts is looked at further: that it means the same when it is written and read
 * again, and whatever else its header promises. A promise that is broken is a finding.
 */
#ifndef FUZZ_PARSER_PARSER_H
#define FUZZ_PARSER_PARSER_H

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

/* The parser of that number, or NULL behind the last. Numbers move when rows are added. */
const struct parser *parser_at(size_t number);

/* The one of that name, which is in the table. */
const struct parser *parser_find(const char *name);

/* Appends the seed of that number; false behind the last. */
bool parser_seed(const struct parser *p, unsigned number, struct buf *out);

/*
 * One case: the parser gets a copy that ends where its memory does, twice. It decides the same both
 * times, and says on one line why it refuses. True where it is accepted.
 */
bool parser_case(const struct parser *p, struct slice input);

#endif
