/* Views of octets: comparing and cutting without pointer sums on null. */
#include "harness/base/slice.h"

#include <string.h>

struct slice slice_of(const void *data, size_t len)
{
    return (struct slice){.data = data, .len = len};
}

struct slice slice_str(const char *text)
{
    return slice_of(text, strlen(text));
}

struct slice slice_sub(struct slice whole, size_t offset, size_t len)
{
    if (offset >= whole.len)
        return slice_of(NULL, 0);
    return slice_of(whole.data + offset, size_min(len, whole.len - offset));
}

struct slice slice_from(struct slice whole, size_t offset)
{
    return slice_sub(whole, offset, SIZE_MAX);
}

bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && slice_common(a, b) == a.len;
}

size_t slice_common(struct slice a, struct slice b)
{
    size_t len = size_min(a.len, b.len);
    size_t i = 0;

    /* Whole words first: the checks compare hundreds of megabytes in a run. */
    for (; i + sizeof(uint64_t) <= len; i += sizeof(uint64_t)) {
        uint64_t x, y;

        memcpy(&x, a.data + i, sizeof(x));
        memcpy(&y, b.data + i, sizeof(y));
        if (x != y)
            break;
    }
    while (i < len && a.data[i] == b.data[i])
        i++;
    return i;
}

size_t slice_find(struct slice whole, struct slice needle)
{
    if (needle.len > whole.len)
        return whole.len;
    for (size_t i = 0; i + needle.len <= whole.len; i++) {
        if (slice_starts(slice_from(whole, i), needle))
            return i;
    }
    return whole.len;
}

bool slice_starts(struct slice whole, struct slice prefix)
{
    return prefix.len <= whole.len && slice_common(whole, prefix) == prefix.len;
}
