/* Seeds of the targets that attack libtirpc as a library. */
#include "fuzz/seed/sets.h"

#include "fuzz/case/msgprog.h"
#include "harness/base/text.h"
#include "harness/rpc/onc.h"
#include "harness/rpc/record.h"

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

/* ---- calls of fuzz/tirpc/pairs.x ---- */

enum { SWAP = PAIRS_SWAP, NAME = PAIRS_NAME, STRINGS_MAX = 3 };

/* Strings behind numbers, of which the last ones may be missing. */
static const struct stub_call {
    const char *name;
    uint32_t proc;
    size_t numbers;
    uint32_t number[2];
    size_t strings;
    const char *string[STRINGS_MAX];
} stub_calls[] = {
    {"null", ONC_NULLPROC, 0, {0}, 0, {NULL}},
    {"savemsg", MSGPROG_SAVEMSG, 0, {0}, 1, {"hello"}},
    {"readmsg", MSGPROG_READMSG, 1, {1}, 0, {NULL}},
    {"swap", SWAP, 0, {0}, 2, {"one", "the other"}},
    {"swap-empty", SWAP, 0, {0}, 2, {"", ""}},
    {"swap-half", SWAP, 0, {0}, 1, {"one"}},
    {"name", NAME, 2, {2, 2}, 2, {"first", "second"}},
    {"name-none", NAME, 2, {1, 0}, 0, {NULL}},
    {"name-half", NAME, 2, {1, 3}, 2, {"first", "second"}},
    {"name-many", NAME, 2, {1, 9}, 3, {"first", "second", "third"}},
};

static void put_stub_call(const struct stub_call *s, struct buf *out)
{
    struct onc_call call = onc_call_of(1, PAIRS_PROGRAM, PAIRS_VERSION, s->proc);
    struct buf message;
    struct buf args;

    buf_init(&args, SEED_OCTETS_MAX);
    buf_init(&message, SEED_OCTETS_MAX);
    for (size_t i = 0; i < s->numbers; i++)
        wire_put_uint(&args, s->number[i]);
    for (size_t i = 0; i < s->strings; i++)
        wire_put_string(&args, slice_str(s->string[i]));
    call.args = buf_slice(&args);
    onc_put_call(&message, &call);
    record_put(out, buf_slice(&message));
    buf_free(&message);
    buf_free(&args);
}

void seed_stub(const struct fuzz_target *target UNUSED, const struct seed_visitor *v)
{
    struct buf out;

    buf_init(&out, SEED_OCTETS_MAX);
    for (size_t i = 0; i < ARRAY_LEN(stub_calls); i++) {
        buf_reset(&out);
        put_stub_call(&stub_calls[i], &out);
        v->visit(v->into, stub_calls[i].name, buf_slice(&out));
    }
    buf_free(&out);
}
