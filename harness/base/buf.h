/*
 * A growing buffer with a ceiling. It owns its memory from buf_init to buf_free. The first
 * failure sticks: an append that would pass the ceiling, or that finds no memory, sets `failed`
 * and this and every later append do nothing, so that a writer asks once, at the end.
 */
#ifndef HARNESS_BASE_BUF_H
#define HARNESS_BASE_BUF_H

#include "harness/base/slice.h"

struct buf {
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t max;
    bool failed;
    bool no_memory; /* ... for want of memory, and not at the ceiling */
};

/* An empty buffer that never holds more than max octets. */
void buf_init(struct buf *b, size_t max);

/* Gives the memory back; the buffer is then as after buf_init. */
void buf_free(struct buf *b);

/* How often a buffer of this process has found no memory. Who judges by what buffers hold compares
   it before and after: what was lost in between was not lost by a peer. */
unsigned long buf_starvings(void);

/* Empties the buffer and forgets a failure; the memory is kept. */
void buf_reset(struct buf *b);

void buf_put(struct buf *b, struct slice octets);
void buf_put_byte(struct buf *b, uint8_t octet);
void buf_put_str(struct buf *b, const char *text);
void buf_put_u32(struct buf *b, uint32_t value); /* four octets, big endian */
void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);

/* Appends len octets of unknown content and returns where they are, or NULL after a failure. */
uint8_t *buf_extend(struct buf *b, size_t len);

/* Takes len octets (or all there are) away from the front. */
void buf_drop(struct buf *b, size_t len);

/* What the buffer holds; valid until the next call that changes it. */
struct slice buf_slice(const struct buf *b);

/* The content as a string. Appends a NUL that does not count; "" after a failure. */
const char *buf_text(struct buf *b);

#endif
