/* Records, taken apart in memory. */
#include "fuzz/case/case.h"

#include <string.h>

#include "harness/rpc/record.h"

void case_open(struct case_reader *r, struct slice octets)
{
    r->octets = slice_sub(octets, 0, CASE_MAX);
    r->at = 0;
}

static uint32_t mark_at(struct slice octets)
{
    return (uint32_t)octets.data[0] << 24 | (uint32_t)octets.data[1] << 16 |
           (uint32_t)octets.data[2] << 8 | octets.data[3];
}

/* The next fragment; false where the octets end within it. */
static bool next_fragment(struct case_reader *r, bool *ret_last, struct slice *ret)
{
    struct slice left = slice_from(r->octets, r->at);

    if (left.len < RECORD_HEADER)
        return false;
    uint32_t mark = mark_at(left);
    *ret_last = mark & RECORD_LAST;
    *ret = slice_sub(left, RECORD_HEADER, mark & RECORD_LENGTH_MAX);
    if (ret->len < (mark & RECORD_LENGTH_MAX))
        return false;
    r->at += RECORD_HEADER + ret->len;
    return true;
}

bool case_next(struct case_reader *r, struct slice *ret_message)
{
    bool last = false;
    size_t used = 0;

    if (!next_fragment(r, &last, ret_message))
        return false;
    if (last)
        return true;
    while (true) {
        if (ret_message->len)
            memcpy(r->joined + used, ret_message->data, ret_message->len);
        used += ret_message->len;
        if (last)
            break;
        if (!next_fragment(r, &last, ret_message))
            return false;
    }
    *ret_message = slice_of(r->joined, used);
    return true;
}

size_t case_empty_fragment(struct slice octets)
{
    struct slice left = octets;

    while (left.len >= RECORD_HEADER) {
        uint32_t mark = mark_at(left);

        if (mark == 0)
            return octets.len - left.len;
        left = slice_from(left, RECORD_HEADER + (size_t)(mark & RECORD_LENGTH_MAX));
    }
    return octets.len;
}

void case_put(struct buf *out, struct slice message)
{
    record_put(out, message);
}
