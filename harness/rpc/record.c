/* Record marking: fragments of any kind out, whole records in. */
#include "harness/rpc/record.h"

#include <inttypes.h>

#include "harness/base/text.h"

const struct record_limits record_usual_limits = {
    .octets = 1 << 20,
    .fragments = (1 << 20) + (1 << 10),
    .empty = 1 << 10,
};

void record_put_header(struct buf *out, bool last, uint32_t length)
{
    buf_put_u32(out, (last ? RECORD_LAST : 0) | (length & RECORD_LENGTH_MAX));
}

void record_put(struct buf *out, struct slice message)
{
    record_put_cut(out, message, NULL, 0);
}

static void put_fragment(struct buf *out, bool last, struct slice data)
{
    if (data.len > RECORD_LENGTH_MAX)
        out->failed = true;
    record_put_header(out, last, (uint32_t)data.len);
    buf_put(out, data);
}

void record_put_cut(struct buf *out, struct slice message, const size_t *sizes, size_t count)
{
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        struct slice data = slice_sub(message, at, sizes[i]);

        put_fragment(out, false, data);
        at += data.len;
    }
    put_fragment(out, true, slice_from(message, at));
}

void record_put_pieces(struct buf *out, struct slice message, size_t size)
{
    size_t at = 0;

    size = size_max(size, 1);
    while (message.len - at > size) {
        put_fragment(out, false, slice_sub(message, at, size));
        at += size;
    }
    put_fragment(out, true, slice_from(message, at));
}

void record_open(struct record_in *r, const struct record_limits *limits)
{
    *r = (struct record_in){.limits = *limits};
    buf_init(&r->message, limits->octets);
}

void record_close(struct record_in *r)
{
    buf_free(&r->message);
}

static enum record_state broken(struct record_in *r, const char *text)
{
    text_copy(r->text, sizeof(r->text), text);
    r->state = RECORD_BROKEN;
    return RECORD_BROKEN;
}

static void next_record(struct record_in *r)
{
    buf_reset(&r->message);
    r->state = RECORD_MORE;
    r->header_len = 0;
    r->last = false;
    r->fragments = 0;
    r->empty = 0;
}

/* A header is complete: what it announces must fit under the ceilings. */
static enum record_state begin_fragment(struct record_in *r)
{
    const uint8_t *h = r->header;
    uint32_t word =
        (uint32_t)h[0] << 24 | (uint32_t)h[1] << 16 | (uint32_t)h[2] << 8 | (uint32_t)h[3];
    char text[RECORD_TEXT_MAX];

    r->last = (word & RECORD_LAST) != 0;
    r->due = word & RECORD_LENGTH_MAX;
    r->fragments++;
    r->empty = r->due == 0 ? r->empty + 1 : 0;
    if (r->due > r->limits.octets - r->message.len) {
        text_format(text, sizeof(text),
                    "fragment header %08" PRIx32 " announces %" PRIu32
                    " octets behind %zu; a record may have %zu here",
                    word, r->due, r->message.len, r->limits.octets);
        return broken(r, text);
    }
    if (r->fragments > r->limits.fragments) {
        text_format(text, sizeof(text), "a record of more than %zu fragments", r->limits.fragments);
        return broken(r, text);
    }
    if (r->empty > r->limits.empty) {
        text_format(text, sizeof(text), "a record of more than %zu empty fragments in a row",
                    r->limits.empty);
        return broken(r, text);
    }
    return RECORD_MORE;
}

/* Takes what belongs to the current header or fragment; *at moves on. */
static enum record_state advance(struct record_in *r, struct slice octets, size_t *at)
{
    if (r->header_len < RECORD_HEADER) {
        r->header[r->header_len++] = octets.data[(*at)++];
        if (r->header_len < RECORD_HEADER)
            return RECORD_MORE;
        if (begin_fragment(r) == RECORD_BROKEN)
            return RECORD_BROKEN;
    }
    struct slice data = slice_sub(octets, *at, r->due);

    buf_put(&r->message, data);
    *at += data.len;
    r->due -= (uint32_t)data.len;
    if (r->message.failed)
        return broken(r, "no memory for the record");
    if (r->due > 0)
        return RECORD_MORE;
    r->header_len = 0;
    return r->last ? RECORD_WHOLE : RECORD_MORE;
}

enum record_state record_feed(struct record_in *r, struct slice octets, size_t *ret_used)
{
    size_t at = 0;

    if (r->state == RECORD_WHOLE && octets.len > 0)
        next_record(r);
    while (r->state == RECORD_MORE && at < octets.len)
        r->state = advance(r, octets, &at);
    *ret_used = at;
    return r->state;
}

struct slice record_message(const struct record_in *r)
{
    return buf_slice(&r->message);
}

bool record_may_end(const struct record_in *r, struct buf *out)
{
    if (r->state == RECORD_WHOLE || (r->fragments == 0 && r->header_len == 0))
        return true;
    if (r->due > 0)
        buf_printf(out, "%" PRIu32 " octets of fragment %zu are missing", r->due, r->fragments);
    else if (r->header_len > 0)
        buf_printf(out, "%zu octets of a fragment header are missing",
                   RECORD_HEADER - r->header_len);
    else
        buf_printf(out, "the last fragment is missing behind %zu", r->fragments);
    return false;
}
