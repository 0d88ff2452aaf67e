/* xoshiro256** and its seeding by number and label. */
#include "harness/base/rng.h"

#include <string.h>

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15U);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static uint64_t label_hash(const char *label)
{
    uint64_t hash = 0xcbf29ce484222325U; /* FNV-1a */

    for (; *label; label++)
        hash = (hash ^ (uint8_t)*label) * 0x100000001b3U;
    return hash;
}

static uint64_t rotate(uint64_t x, unsigned by)
{
    return (x << by) | (x >> (64 - by));
}

void rng_seed(struct rng *r, uint64_t seed, const char *label)
{
    uint64_t state = seed ^ label_hash(label);

    for (size_t i = 0; i < ARRAY_LEN(r->state); i++)
        r->state[i] = splitmix(&state);
}

uint64_t rng_next(struct rng *r)
{
    uint64_t *s = r->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *r, uint64_t limit)
{
    if (limit == 0)
        return 0;
    /* Numbers under 2^64 mod limit are refused: they would favour the low results. */
    uint64_t floor = (0 - limit) % limit;
    uint64_t drawn = rng_next(r);
    while (drawn < floor)
        drawn = rng_next(r);
    return drawn % limit;
}

void rng_fill(struct rng *r, void *data, size_t len)
{
    uint8_t *at = data;

    while (len > 0) {
        uint64_t drawn = rng_next(r);
        size_t part = size_min(len, sizeof(drawn));

        memcpy(at, &drawn, part);
        at += part;
        len -= part;
    }
}
