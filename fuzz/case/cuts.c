/* Pieces of a case. */
#include "fuzz/case/cuts.h"

static const struct {
    const char *name;
    size_t most; /* octets of a piece; 0: all */
} ways[] = {
    [CUT_NONE] = {"in one piece", 0},
    [CUT_OCTETS] = {"octet by octet", 1},
    [CUT_SMALL] = {"in pieces of up to 7 octets", 7},
    [CUT_LARGE] = {"in pieces of up to 255 octets", 255},
};

const char *cut_name(enum cut cut)
{
    return ways[cut].name;
}

/* FNV-1a over the octets. */
static uint64_t hash(struct slice octets)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < octets.len; i++)
        h = (h ^ octets.data[i]) * UINT64_C(0x100000001b3);
    return h;
}

void cuts_open(struct cuts *c, struct slice octets, enum cut cut)
{
    c->cut = cut;
    c->octets = octets;
    c->at = 0;
    if (ways[cut].most > 1)
        rng_seed(&c->rng, hash(octets), ways[cut].name);
}

bool cuts_next(struct cuts *c, struct slice *ret)
{
    size_t most = ways[c->cut].most;
    size_t len = c->octets.len;

    if (c->at == c->octets.len)
        return false;
    if (most == 1)
        len = 1;
    else if (most > 1)
        len = 1 + (size_t)rng_below(&c->rng, most);
    *ret = slice_sub(c->octets, c->at, len);
    c->at += ret->len;
    return true;
}
