/* Seeds of the targets that attack libtirpc as a library. */
#include "fuzz/seed/sets.h"

#include "harness/base/text.h"

enum {
    XDR_KINDS = 72,  /* as many as the target has types, or a few more: it counts modulo */
    BIND_KINDS = 20, /* likewise */
    ZEROS = 64,      /* octets: zero, empty, FALSE and the end, which every type takes */
    NAME_ROOM = 40,
};

static void each_kind(size_t kinds, const struct seed_visitor *v)
{
    uint8_t octets[1 + ZEROS] = {0};
    char name[NAME_ROOM];

    for (size_t i = 0; i < kinds; i++) {
        octets[0] = (uint8_t)i;
        text_format(name, sizeof(name), "kind-%zu", i);
        v->visit(v->into, name, slice_of(octets, sizeof(octets)));
    }
}

void seed_xdr(const struct fuzz_target *target UNUSED, const struct seed_visitor *v)
{
    each_kind(XDR_KINDS, v);
}

void seed_bind(const struct fuzz_target *target UNUSED, const struct seed_visitor *v)
{
    each_kind(BIND_KINDS, v);
}
