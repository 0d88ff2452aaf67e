/* Record marking: fragments in, messages out. */
#include "reference/wire/record.h"

enum { KEPT = 1 << 16 };

void record_init(struct record *r, size_t max)
{
    *r = (struct record){.state = RECORD_MORE};
    buf_init(&r->message, max);
}

void record_free(struct record *r)
{
    buf_free(&r->message);
}

void record_next(struct record *r)
{
    size_t max = r->message.max;

    /* A client that once sent a large record does not keep its memory for ever. */
    if (r->message.cap > KEPT)
        buf_free(&r->message);
    struct buf kept = r->message;
    record_init(r, max);
    r->message = kept;
    buf_reset(&r->message);
}

static void begin_fragment(struct record *r)
{
    uint32_t mark = (uint32_t)r->mark[0] << 24 | (uint32_t)r->mark[1] << 16 |
                    (uint32_t)r->mark[2] << 8 | r->mark[3];

    r->last = mark & RECORD_LAST;
    r->left = mark & ~RECORD_LAST;
    if (r->left > r->message.max - r->message.len)
        r->state = RECORD_REFUSED;
}

/* True where a fragment, perhaps one without data, has just come to its end. */
static bool fragment_ended(const struct record *r)
{
    return r->mark_len == RECORD_MARK && r->left == 0;
}

size_t record_feed(struct record *r, struct slice octets)
{
    size_t taken = 0;

    while (r->state == RECORD_MORE && taken < octets.len) {
        if (r->mark_len < RECORD_MARK) {
            r->mark[r->mark_len++] = octets.data[taken++];
            if (r->mark_len == RECORD_MARK)
                begin_fragment(r);
        } else {
            struct slice part = slice_sub(octets, taken, r->left);

            buf_put(&r->message, part);
            taken += part.len;
            r->left -= (uint32_t)part.len;
        }
        if (r->message.failed)
            r->state = RECORD_REFUSED;
        else if (r->state == RECORD_MORE && fragment_ended(r)) {
            r->mark_len = 0;
            r->state = r->last ? RECORD_WHOLE : RECORD_MORE;
        }
    }
    return taken;
}

size_t record_open(struct buf *out)
{
    size_t at = out->len;

    buf_put_u32(out, 0);
    return at;
}

void record_close(struct buf *out, size_t opened)
{
    if (out->failed)
        return;
    uint32_t mark = RECORD_LAST | (uint32_t)(out->len - opened - RECORD_MARK);
    for (unsigned i = 0; i < RECORD_MARK; i++)
        out->data[opened + i] = (uint8_t)(mark >> (24 - 8 * i));
}
