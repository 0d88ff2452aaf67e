/* XDR: words, and octets with a length. */
#include "fuzz/planted/plant_take.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/planted/plant.h"

struct plant_take plant_take_of(struct slice octets)
{
    return (struct plant_take){.data = octets.data, .size = octets.len};
}

uint32_t plant_padding(uint32_t len)
{
    return (4 - len % 4) % 4;
}

uint32_t plant_take_u32(struct plant_take *t)
{
    if (!planted(PLANT_WORD_UNCHECKED))
        t->failed |= t->size - t->at < 4;
    if (t->failed)
        return 0;
    const uint8_t *p = t->data + t->at;
    t->at += 4;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

uint64_t plant_take_u64(struct plant_take *t)
{
    uint64_t high = plant_take_u32(t);

    return high << 32 | plant_take_u32(t);
}

/* Whether so many octets and their padding are there. */
static bool has(const struct plant_take *t, uint32_t len)
{
    size_t left = t->size - t->at;

    if (planted(PLANT_OPAQUE_SIGN))
        return (int32_t)((uint32_t)left - len - plant_padding(len)) >= 0;
    return len <= left && plant_padding(len) <= left - len;
}

struct slice plant_take_opaque(struct plant_take *t, uint32_t max)
{
    uint32_t len = plant_take_u32(t);

    t->failed |= len > max || !has(t, len);
    if (t->failed)
        return slice_of(NULL, 0);
    struct slice octets = slice_of(t->data + t->at, len);
    t->at += (size_t)len + plant_padding(len);
    return octets;
}

struct slice plant_take_rest(const struct plant_take *t)
{
    return t->failed ? slice_of(NULL, 0) : slice_from(slice_of(t->data, t->size), t->at);
}

uint8_t *plant_copy(struct slice octets)
{
    uint8_t *block = malloc(octets.len);

    if (block && octets.len)
        memcpy(block, octets.data, octets.len);
    return block;
}
