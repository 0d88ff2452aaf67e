/* Seeds of the targets that attack libtirpc as a library. */
#include "fuzz/seed/sets.h"

#include "harness/base/text.h"

enum {
    XDR_KINDS = 72,  /* as many as the target has types, or a few more: it counts modulo */
    BIND_KINDS = 20, /* likewise */
    ZEROS = 64,      /* octets: zero, empty, FALSE and the end, which every type takes */
    HEADER_LEN = 24, /* of a call in front of its credential */
    PLAN_LEN = 4,    /* in front of a stream: how it is cut and read */
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

/* ---- what others make, with another beginning ---- */

static void visit_credential(void *into, const char *name, struct slice octets)
{
    const struct seed_visitor *v = into;

    v->visit(v->into, name, slice_from(octets, HEADER_LEN));
}

void seed_auth(const struct fuzz_target *target, const struct seed_visitor *v)
{
    struct seed_visitor inner = *v;

    seed_messages(target, &(struct seed_visitor){visit_credential, &inner});
}

static void visit_stream(void *into, const char *name, struct slice octets)
{
    const struct seed_visitor *v = into;
    struct buf out;

    buf_init(&out, PLAN_LEN + octets.len);
    buf_put_u32(&out, (uint32_t)octets.len);
    buf_put(&out, octets);
    v->visit(v->into, name, buf_slice(&out));
    buf_free(&out);
}

void seed_records(const struct fuzz_target *target, const struct seed_visitor *v)
{
    struct seed_visitor inner = *v;

    seed_calls(target, &(struct seed_visitor){visit_stream, &inner});
}
