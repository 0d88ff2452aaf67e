/* XDR: four octets at a time, big endian. */
#include "reference/wire/words.h"

struct words words_of(struct slice octets)
{
    return (struct words){.all = octets};
}

size_t words_padding(size_t len)
{
    return (4 - len % 4) % 4;
}

uint32_t words_u32(struct words *w)
{
    if (w->failed || w->all.len - w->at < 4) {
        w->failed = true;
        return 0;
    }
    const uint8_t *o = w->all.data + w->at;
    w->at += 4;
    return (uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 | (uint32_t)o[2] << 8 | o[3];
}

int32_t words_i32(struct words *w)
{
    uint32_t value = words_u32(w);

    /* Two's complement without the conversion that C leaves to the compiler. */
    return value <= INT32_MAX ? (int32_t)value : -(int32_t)(UINT32_MAX - value) - 1;
}

struct slice words_opaque(struct words *w, uint32_t max)
{
    uint32_t len = words_u32(w);
    size_t left = w->all.len - w->at;

    /* Compared before anything is added to it: a length near 2^32 must not wrap. */
    if (w->failed || len > max || len > left || words_padding(len) > left - len) {
        w->failed = true;
        return slice_of(NULL, 0);
    }
    struct slice octets = slice_sub(w->all, w->at, len);
    w->at += len + words_padding(len);
    return octets;
}

struct slice words_rest(const struct words *w)
{
    return w->failed ? slice_of(NULL, 0) : slice_from(w->all, w->at);
}

void words_put_opaque(struct buf *out, struct slice octets)
{
    static const uint8_t zeros[3];

    buf_put_u32(out, (uint32_t)octets.len);
    buf_put(out, octets);
    buf_put(out, slice_of(zeros, words_padding(octets.len)));
}
