/*
 * Every type that libtirpc has a function for, and the constructions of RFC 4506 as rpcgen makes
 * them (fuzz/tirpc/shapes.x), against our own codec. The first octet chooses the type.
 */
#include <rpc/rpc.h>

#include <rpc/auth_gss.h>
#include <rpc/key_prot.h>
#include <string.h>

#include "fuzz/target.h"
#include "fuzz/tirpc/twin.h"
#include "harness/rpc/onc.h"
#include "shapes.h"

enum {
    WRAPSTRING_MAX = 9000,
    STRING_MAX = 16,
    BYTES_MAX = 100,
    ARRAY_MAX = 12,
    OPAQUE_LEN = 7,
    VECTOR_LEN = 3,
};

/* ---- numbers ---- */

static uint64_t load(const uint8_t *wire, size_t len)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++)
        value = value << 8 | wire[i];
    return value;
}

static bool fits(const struct twin *t, uint32_t word)
{
    int64_t half = INT64_C(1) << (8 * size_min(t->size, sizeof(word)) - 1);
    int64_t value = t->is_signed ? (int64_t)(int32_t)word + half : (int64_t)word;

    return t->size >= sizeof(uint32_t) || (value >= 0 && value < 2 * half);
}

static size_t read_number(const struct twin *t, struct wire_in *in, struct buf *out)
{
    if (t->wire == sizeof(uint64_t)) {
        wire_put_uhyper(out, wire_uhyper(in, "number"));
        return in->at;
    }
    uint32_t word = wire_uint(in, "number");
    if (!fits(t, word))
        wire_refuse(in, WIRE_VALUE, 0, "range", "%u does not fit", word);
    wire_put_uint(out, word);
    return in->at;
}

/* The number in C, with its sign, is the one on the wire. A float is compared by its bits. */
static bool same_number(const struct twin *t, const void *value, struct slice wire)
{
    uint64_t mine = load(wire.data, wire.len);
    uint64_t theirs = 0;

    if (t->is_signed && t->wire == sizeof(uint32_t))
        mine = (uint64_t)(int64_t)(int32_t)mine;
    memcpy(&theirs, value, t->size);
    if (t->size < sizeof(mine))
        mine &= (1ULL << 8 * t->size) - 1;
    return mine == theirs;
}

static size_t read_bool(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    wire_put_bool(out, wire_bool(in, "bool"));
    return in->at;
}

static size_t read_nothing(const struct twin *t UNUSED, struct wire_in *in UNUSED,
                           struct buf *out UNUSED)
{
    return 0;
}

/* ---- constructions ---- */

static bool_t opaque_7(XDR *x, char *value)
{
    return xdr_opaque(x, value, OPAQUE_LEN);
}

static size_t read_opaque_7(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    wire_put_fixed(out, wire_fixed(in, "opaque", OPAQUE_LEN));
    return in->at;
}

struct counted {
    u_int len;
    char *octets;
};

static bool_t bytes_100(XDR *x, struct counted *value)
{
    return xdr_bytes(x, &value->octets, &value->len, BYTES_MAX);
}

static bool_t any_bytes(XDR *x, struct counted *value)
{
    return xdr_bytes(x, &value->octets, &value->len, UINT32_MAX);
}

static void copy_opaque(struct wire_in *in, struct buf *out, uint32_t max)
{
    wire_put_opaque(out, wire_opaque(in, "octets", max));
}

static void copy_text(struct wire_in *in, struct buf *out, uint32_t max)
{
    struct slice text = wire_string(in, "string", max);

    twin_text(in, text);
    wire_put_string(out, text);
}

static size_t read_bytes_100(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    copy_opaque(in, out, BYTES_MAX);
    return in->at;
}

static size_t read_bytes_any(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    copy_opaque(in, out, WIRE_NO_LIMIT);
    return in->at;
}

static size_t read_netobj(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    copy_opaque(in, out, MAX_NETOBJ_SZ);
    return in->at;
}

static bool_t string_16(XDR *x, char **value)
{
    return xdr_string(x, value, STRING_MAX);
}

static bool_t any_string(XDR *x, char **value)
{
    return xdr_string(x, value, UINT32_MAX);
}

static size_t read_string_16(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    copy_text(in, out, STRING_MAX);
    return in->at;
}

static size_t read_string_any(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    copy_text(in, out, WIRE_NO_LIMIT);
    return in->at;
}

static size_t read_wrapstring(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    copy_text(in, out, WRAPSTRING_MAX);
    return in->at;
}

static bool_t array_12(XDR *x, struct counted *value)
{
    return xdr_array(x, &value->octets, &value->len, ARRAY_MAX, sizeof(char *),
                     TWIN_PROC(string_16));
}

static size_t read_array_12(const struct twin *t, struct wire_in *in, struct buf *out)
{
    uint32_t count = wire_count(in, "array", ARRAY_MAX, WIRE_UNIT);

    wire_put_uint(out, count);
    for (uint32_t i = 0; i < count; i++)
        read_string_16(t, in, out);
    return in->at;
}

static bool_t vector_3(XDR *x, char *value)
{
    return xdr_vector(x, value, VECTOR_LEN, sizeof(int), TWIN_PROC(xdr_int));
}

static size_t read_vector_3(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    for (size_t i = 0; i < VECTOR_LEN; i++)
        wire_put_int(out, wire_int(in, "vector"));
    return in->at;
}

static bool_t reference_to_string(XDR *x, char **value)
{
    return xdr_reference(x, value, sizeof(char *), TWIN_PROC(string_16));
}

static bool_t pointer_to_string(XDR *x, char **value)
{
    return xdr_pointer(x, value, sizeof(char *), TWIN_PROC(string_16));
}

static size_t read_pointer(const struct twin *t, struct wire_in *in, struct buf *out)
{
    bool follows = wire_optional(in, "pointer");

    wire_put_bool(out, follows);
    return follows ? read_string_16(t, in, out) : in->at;
}

enum { ARM_NUMBER = 1, ARM_STRING = 2, ARM_NOTHING = -3 };

struct one_of {
    enum_t kind;
    union {
        int number;
        char *string;
    } arm;
};

/* A xdr_union without a default arm, and one that has one. */
static const struct xdr_discrim arms[] = {
    {ARM_NUMBER, TWIN_PROC(xdr_int)},
    {ARM_STRING, TWIN_PROC(string_16)},
    {ARM_NOTHING, TWIN_PROC(xdr_void)},
    {0, NULL_xdrproc_t},
};

static bool_t union_closed(XDR *x, struct one_of *value)
{
    return xdr_union(x, &value->kind, (char *)&value->arm, arms, NULL_xdrproc_t);
}

static bool_t union_open(XDR *x, struct one_of *value)
{
    return xdr_union(x, &value->kind, (char *)&value->arm, arms, TWIN_PROC(xdr_int));
}

static size_t read_union(const struct twin *t, struct wire_in *in, struct buf *out)
{
    static const int32_t kinds[] = {ARM_NUMBER, ARM_STRING, ARM_NOTHING};
    bool open = t->theirs == TWIN_PROC(union_open);
    int32_t kind = open ? wire_int(in, "kind") : wire_union(in, "kind", kinds, ARRAY_LEN(kinds));

    wire_put_int(out, kind);
    if (kind == ARM_STRING)
        return read_string_16(t, in, out);
    if (kind != ARM_NOTHING)
        wire_put_int(out, wire_int(in, "number"));
    return in->at;
}

/* ---- the key server's types, and those of RPCSEC_GSS ---- */

static size_t read_des_block(const struct twin *t, struct wire_in *in, struct buf *out)
{
    wire_put_fixed(out, wire_fixed(in, "block", t->size));
    return in->at;
}

static size_t read_netname(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    copy_text(in, out, MAXNETNAMELEN);
    return in->at;
}

static size_t read_cryptkeyarg(const struct twin *t, struct wire_in *in, struct buf *out)
{
    read_netname(t, in, out);
    wire_put_fixed(out, wire_fixed(in, "key", sizeof(des_block)));
    return in->at;
}

static size_t read_cryptkeyarg2(const struct twin *t, struct wire_in *in, struct buf *out)
{
    read_netname(t, in, out);
    copy_opaque(in, out, MAX_NETOBJ_SZ);
    wire_put_fixed(out, wire_fixed(in, "key", sizeof(des_block)));
    return in->at;
}

static size_t read_cryptkeyres(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    int32_t status = wire_int(in, "status");

    wire_put_int(out, status);
    if (status == KEY_SUCCESS)
        wire_put_fixed(out, wire_fixed(in, "key", sizeof(des_block)));
    return in->at;
}

static size_t read_unixcred(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    wire_put_uint(out, wire_uint(in, "uid"));
    wire_put_uint(out, wire_uint(in, "gid"));
    uint32_t count = wire_count(in, "gids", MAXGIDS, WIRE_UNIT);
    wire_put_uint(out, count);
    for (uint32_t i = 0; i < count; i++)
        wire_put_uint(out, wire_uint(in, "gid"));
    return in->at;
}

static size_t read_getcredres(const struct twin *t, struct wire_in *in, struct buf *out)
{
    int32_t status = wire_int(in, "status");

    wire_put_int(out, status);
    return status == KEY_SUCCESS ? read_unixcred(t, in, out) : in->at;
}

static size_t read_netstarg(const struct twin *t, struct wire_in *in, struct buf *out)
{
    for (size_t i = 0; i < 2; i++)
        wire_put_fixed(out, wire_fixed(in, "key", HEXKEYBYTES));
    return read_netname(t, in, out);
}

static size_t read_netstres(const struct twin *t, struct wire_in *in, struct buf *out)
{
    int32_t status = wire_int(in, "status");

    wire_put_int(out, status);
    return status == KEY_SUCCESS ? read_netstarg(t, in, out) : in->at;
}

static size_t read_gss_cred(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    struct onc_gss gss;

    if (onc_read_gss(in, &gss))
        onc_put_gss(out, &gss);
    return in->at;
}

static size_t read_gss_init(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    struct onc_gss_init init;

    if (onc_read_gss_init(in, &init))
        onc_put_gss_init(out, &init);
    return in->at;
}

/* ---- what rpcgen makes ---- */

static int32_t copy_colour(struct wire_in *in, struct buf *out)
{
    static const int32_t colours[] = {SHAPE_RED, SHAPE_GREEN, SHAPE_BLUE};
    int32_t colour = wire_enum(in, "colour", colours, ARRAY_LEN(colours));

    wire_put_int(out, colour);
    return colour;
}

static void copy_point(struct wire_in *in, struct buf *out)
{
    wire_put_int(out, wire_int(in, "x"));
    wire_put_hyper(out, wire_hyper(in, "y"));
}

static size_t read_chain(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    bool more = true;

    while (more && wire_ok(in)) {
        wire_put_int(out, wire_int(in, "number"));
        more = wire_optional(in, "next");
        wire_put_bool(out, more);
    }
    return in->at;
}

/* A node is a key and two optional nodes: all that is to come are so many optional ones. */
static size_t read_tree(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    wire_put_int(out, wire_int(in, "key"));
    for (size_t due = 2; due > 0 && wire_ok(in); due--) {
        bool follows = wire_optional(in, "child");

        wire_put_bool(out, follows);
        if (follows) {
            wire_put_int(out, wire_int(in, "key"));
            due += 2;
        }
    }
    return in->at;
}

static size_t read_choice(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    int32_t kind = wire_int(in, "kind");

    wire_put_int(out, kind);
    if (kind == 1)
        wire_put_int(out, wire_int(in, "number"));
    else if (kind == 2)
        copy_point(in, out);
    else if (kind == 3)
        copy_text(in, out, 16);
    else if (kind != 0)
        copy_opaque(in, out, 8);
    return in->at;
}

static size_t read_closed(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    static const int32_t colours[] = {SHAPE_RED, SHAPE_GREEN};
    int32_t colour = wire_union(in, "colour", colours, ARRAY_LEN(colours));

    wire_put_int(out, colour);
    for (size_t i = 0; i < 2 && colour == SHAPE_GREEN; i++)
        copy_point(in, out);
    return in->at;
}

static size_t read_mixed(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    copy_colour(in, out);
    wire_put_fixed(out, wire_fixed(in, "id", 7));
    copy_opaque(in, out, 20);
    copy_text(in, out, 12);
    for (size_t i = 0; i < 3; i++)
        wire_put_int(out, wire_int(in, "numbers"));
    uint32_t count = wire_count(in, "points", 5, 12);
    wire_put_uint(out, count);
    for (uint32_t i = 0; i < count; i++)
        copy_point(in, out);
    bool follows = wire_optional(in, "maybe");
    wire_put_bool(out, follows);
    if (follows)
        copy_point(in, out);
    wire_put_bool(out, wire_bool(in, "flag"));
    wire_put_float(out, wire_float(in, "single"));
    wire_put_double(out, wire_double(in, "real"));
    wire_put_uhyper(out, wire_uhyper(in, "large"));
    int32_t small = wire_int(in, "small");
    if (small < INT16_MIN || small > INT16_MAX)
        wire_refuse(in, WIRE_VALUE, in->at, "range", "%d is no short", small);
    wire_put_int(out, small);
    return in->at;
}

static size_t read_texts(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    copy_text(in, out, 64);
    copy_text(in, out, 64);
    return in->at;
}

static size_t read_blocks(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    uint32_t count = wire_count(in, "blocks", WIRE_NO_LIMIT, 1024);

    wire_put_uint(out, count);
    for (uint32_t i = 0; i < count; i++)
        wire_put_fixed(out, wire_fixed(in, "block", 1024));
    return in->at;
}

/* ---- the table ---- */

#define NUMBER(function, type, octets, has_sign)                                                   \
    {                                                                                              \
        .name = #function, .theirs = TWIN_PROC(xdr_##function), .size = sizeof(type),              \
        .ours = read_number, .same = same_number, .wire = octets, .is_signed = has_sign            \
    }
#define TYPE(function, type, read)                                                                 \
    {                                                                                              \
        .name = #function, .theirs = TWIN_PROC(xdr_##function), .size = sizeof(type), .ours = read \
    }
#define MADE(function, type, read)                                                                 \
    {                                                                                              \
        .name = #function, .theirs = TWIN_PROC(function), .size = sizeof(type), .ours = read       \
    }

static const struct twin types[] = {
    NUMBER(int, int, 4, true),
    NUMBER(u_int, u_int, 4, false),
    NUMBER(long, long, 4, true),
    NUMBER(u_long, u_long, 4, false),
    NUMBER(short, short, 4, true),
    NUMBER(u_short, u_short, 4, false),
    NUMBER(char, char, 4, true),
    NUMBER(u_char, u_char, 4, false),
    NUMBER(int8_t, int8_t, 4, true),
    NUMBER(u_int8_t, uint8_t, 4, false),
    NUMBER(uint8_t, uint8_t, 4, false),
    NUMBER(int16_t, int16_t, 4, true),
    NUMBER(u_int16_t, uint16_t, 4, false),
    NUMBER(uint16_t, uint16_t, 4, false),
    NUMBER(int32_t, int32_t, 4, true),
    NUMBER(u_int32_t, uint32_t, 4, false),
    NUMBER(uint32_t, uint32_t, 4, false),
    NUMBER(enum, enum_t, 4, true),
    NUMBER(keystatus, keystatus, 4, true),
    NUMBER(hyper, quad_t, 8, true),
    NUMBER(u_hyper, u_quad_t, 8, false),
    NUMBER(longlong_t, quad_t, 8, true),
    NUMBER(u_longlong_t, u_quad_t, 8, false),
    NUMBER(quad_t, int64_t, 8, true),
    NUMBER(u_quad_t, uint64_t, 8, false),
    NUMBER(int64_t, int64_t, 8, true),
    NUMBER(u_int64_t, uint64_t, 8, false),
    NUMBER(uint64_t, uint64_t, 8, false),
    NUMBER(float, float, 4, false),
    NUMBER(double, double, 8, false),
    TYPE(bool, bool_t, read_bool),
    TYPE(void, int, read_nothing),
    TYPE(wrapstring, char *, read_wrapstring),
    TYPE(netobj, struct netobj, read_netobj),
    MADE(opaque_7, char[OPAQUE_LEN], read_opaque_7),
    MADE(bytes_100, struct counted, read_bytes_100),
    MADE(any_bytes, struct counted, read_bytes_any),
    MADE(string_16, char *, read_string_16),
    MADE(any_string, char *, read_string_any),
    MADE(array_12, struct counted, read_array_12),
    MADE(vector_3, int[VECTOR_LEN], read_vector_3),
    MADE(reference_to_string, char *, read_string_16),
    MADE(pointer_to_string, char *, read_pointer),
    MADE(union_closed, struct one_of, read_union),
    MADE(union_open, struct one_of, read_union),
    TYPE(des_block, des_block, read_des_block),
    TYPE(keybuf, keybuf, read_des_block),
    TYPE(netnamestr, netnamestr, read_netname),
    TYPE(cryptkeyarg, cryptkeyarg, read_cryptkeyarg),
    TYPE(cryptkeyarg2, cryptkeyarg2, read_cryptkeyarg2),
    TYPE(cryptkeyres, cryptkeyres, read_cryptkeyres),
    TYPE(unixcred, unixcred, read_unixcred),
    TYPE(getcredres, getcredres, read_getcredres),
    TYPE(key_netstarg, key_netstarg, read_netstarg),
    TYPE(key_netstres, key_netstres, read_netstres),
    TYPE(rpc_gss_cred, struct rpc_gss_cred, read_gss_cred),
    TYPE(rpc_gss_init_args, gss_buffer_desc, read_bytes_any),
    TYPE(rpc_gss_init_res, struct rpc_gss_init_res, read_gss_init),
    TYPE(shape_chain, shape_chain, read_chain),
    TYPE(shape_tree, shape_tree, read_tree),
    TYPE(shape_choice, shape_choice, read_choice),
    TYPE(shape_closed, shape_closed, read_closed),
    TYPE(shape_mixed, shape_mixed, read_mixed),
    TYPE(shape_texts, shape_texts, read_texts),
    TYPE(shape_any_text, shape_any_text, read_string_any),
    TYPE(shape_any_octets, shape_any_octets, read_bytes_any),
    TYPE(shape_any_blocks, shape_any_blocks, read_blocks),
};

static void run_xdr(struct slice input)
{
    if (input.len)
        twin_run(&types[input.data[0] % ARRAY_LEN(types)], slice_from(input, 1));
}

const struct fuzz_target fuzz_target_tirpc_xdr = {
    .name = "tirpc-xdr",
    .what = "libtirpc's types and what rpcgen makes of them, against our own",
    .form = FUZZ_OCTETS,
    .max = TWIN_MAX,
    .memory = 16384,
    .memory_per_octet = 16,
    .stack = 65536,
    .run = run_xdr,
};
