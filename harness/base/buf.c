/* The growing buffer: one place that allocates, one place that refuses. */
#include "harness/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST_CAP = 256 };

static unsigned long starvings;

unsigned long buf_starvings(void)
{
    return starvings;
}

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_free(struct buf *b)
{
    free(b->data);
    buf_init(b, b->max);
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->failed = b->no_memory = false;
}

/* Makes room for `more` octets and one NUL behind them. */
static bool buf_reserve(struct buf *b, size_t more)
{
    if (b->failed)
        return false;
    if (more > b->max || b->len > b->max - more) {
        b->failed = true;
        return false;
    }
    size_t need = b->len + more + 1;
    if (need <= b->cap)
        return true;
    size_t cap = size_max(b->cap, BUF_FIRST_CAP);
    while (cap < need)
        cap *= 2;
    uint8_t *data = realloc(b->data, cap);
    if (!data) {
        b->failed = b->no_memory = true;
        starvings++;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

uint8_t *buf_extend(struct buf *b, size_t len)
{
    if (!buf_reserve(b, len))
        return NULL;
    uint8_t *at = b->data + b->len;
    b->len += len;
    return at;
}

void buf_put(struct buf *b, struct slice octets)
{
    uint8_t *at = buf_extend(b, octets.len);

    if (at && octets.len > 0)
        memcpy(at, octets.data, octets.len);
}

void buf_put_byte(struct buf *b, uint8_t octet)
{
    buf_put(b, slice_of(&octet, 1));
}

void buf_put_str(struct buf *b, const char *text)
{
    buf_put(b, slice_str(text));
}

void buf_put_u32(struct buf *b, uint32_t value)
{
    uint8_t octets[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                         (uint8_t)value};

    buf_put(b, slice_of(octets, sizeof(octets)));
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0 || !buf_reserve(b, (size_t)len)) {
        b->failed = true;
        return;
    }
    va_start(args, format);
    vsnprintf((char *)b->data + b->len, (size_t)len + 1, format, args);
    va_end(args);
    b->len += (size_t)len;
}

void buf_drop(struct buf *b, size_t len)
{
    len = size_min(len, b->len);
    if (len == 0)
        return;
    memmove(b->data, b->data + len, b->len - len);
    b->len -= len;
}

struct slice buf_slice(const struct buf *b)
{
    return slice_of(b->data, b->len);
}

const char *buf_text(struct buf *b)
{
    if (b->failed || !buf_reserve(b, 0))
        return "";
    b->data[b->len] = '\0';
    return (const char *)b->data;
}
