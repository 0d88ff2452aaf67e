/*
 * How the octets of a case come in pieces. A stream may be cut anywhere (RFC 5531 11: a record
 * says nothing of how TCP carries it), so whoever reads one is asked with several cuts, and what he
 * makes of the octets has to be the same with each. The cuts follow from the octets alone: the same
 * case is cut the same way each time.
 */
#ifndef FUZZ_CASE_CUTS_H
#define FUZZ_CASE_CUTS_H

#include "harness/base/rng.h"
#include "harness/base/slice.h"

enum cut {
    CUT_NONE,   /* in one piece */
    CUT_OCTETS, /* each octet for itself */
    CUT_SMALL,  /* 1 to 7 octets, so that every mark is cut at times */
    CUT_LARGE,  /* 1 to 255 octets */
    CUTS,
};

struct cuts {
    enum cut cut;
    struct slice octets;
    size_t at;
    struct rng rng;
};

/* "in one piece", ... */
const char *cut_name(enum cut cut);

void cuts_open(struct cuts *c, struct slice octets, enum cut cut);

/* The next piece, not empty; false behind the last. */
bool cuts_next(struct cuts *c, struct slice *ret);

#endif
