/* XDR: writing with or without respect for the rules, reading with all of it. */
#include "harness/rpc/wire.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "harness/base/text.h"

static const uint8_t zeros[WIRE_UNIT];

size_t wire_padding(size_t len)
{
    return (WIRE_UNIT - len % WIRE_UNIT) % WIRE_UNIT;
}

/* ---- writing ---- */

void wire_put_int(struct buf *out, int32_t value)
{
    buf_put_u32(out, (uint32_t)value);
}

void wire_put_uint(struct buf *out, uint32_t value)
{
    buf_put_u32(out, value);
}

void wire_put_bool(struct buf *out, bool value)
{
    buf_put_u32(out, value ? 1 : 0);
}

void wire_put_hyper(struct buf *out, int64_t value)
{
    wire_put_uhyper(out, (uint64_t)value);
}

void wire_put_uhyper(struct buf *out, uint64_t value)
{
    buf_put_u32(out, (uint32_t)(value >> 32));
    buf_put_u32(out, (uint32_t)value);
}

void wire_put_float(struct buf *out, float value)
{
    uint32_t bits;

    _Static_assert(sizeof(bits) == sizeof(value), "float is an IEEE 754 single");
    memcpy(&bits, &value, sizeof(bits));
    buf_put_u32(out, bits);
}

void wire_put_double(struct buf *out, double value)
{
    uint64_t bits;

    _Static_assert(sizeof(bits) == sizeof(value), "double is an IEEE 754 double");
    memcpy(&bits, &value, sizeof(bits));
    wire_put_uhyper(out, bits);
}

void wire_put_quadruple(struct buf *out, const uint8_t value[WIRE_QUADRUPLE])
{
    buf_put(out, slice_of(value, WIRE_QUADRUPLE));
}

void wire_put_fixed(struct buf *out, struct slice octets)
{
    buf_put(out, octets);
    buf_put(out, slice_of(zeros, wire_padding(octets.len)));
}

void wire_put_opaque(struct buf *out, struct slice octets)
{
    struct wire_counted item = wire_counted_of(octets);

    wire_put_counted(out, &item);
}

void wire_put_string(struct buf *out, struct slice octets)
{
    wire_put_opaque(out, octets);
}

struct wire_counted wire_counted_of(struct slice octets)
{
    return (struct wire_counted){.octets = octets};
}

void wire_put_counted(struct buf *out, const struct wire_counted *item)
{
    struct slice due = slice_of(zeros, wire_padding(item->octets.len));

    buf_put_u32(out, item->lies ? item->claimed : (uint32_t)item->octets.len);
    buf_put(out, item->octets);
    buf_put(out, item->pads ? item->padding : due);
    /* More octets than any length word can tell: there is no such item. */
    if (!item->lies && item->octets.len > UINT32_MAX)
        out->failed = true;
}

/* ---- faults ---- */

static const char *const fault_names[WIRE_FAULTS] = {
    [WIRE_FINE] = "fine",     [WIRE_SHORT] = "short", [WIRE_PADDING] = "padding",
    [WIRE_LIMIT] = "limit",   [WIRE_BOOL] = "bool",   [WIRE_ENUM] = "enum",
    [WIRE_UNION] = "union",   [WIRE_VALUE] = "value", [WIRE_TRAILING] = "trailing",
    [WIRE_UNEVEN] = "uneven", [WIRE_DEPTH] = "depth",
};

const char *wire_fault_name(enum wire_fault fault)
{
    return fault_names[fault];
}

/* What failed, where and by which clause; the words are set by the caller. */
static bool first_fault(struct wire_in *in, enum wire_fault fault, const char *field,
                        const char *rule)
{
    if (in->fault != WIRE_FINE)
        return false;
    in->fault = fault;
    in->offset = in->base + in->at;
    in->field = field;
    in->rule = rule;
    return true;
}

static const char *section_or(const struct wire_in *in, const char *rule)
{
    return in->section ? in->section : rule;
}

void wire_refuse(struct wire_in *in, enum wire_fault fault, size_t offset, const char *field,
                 const char *format, ...)
{
    va_list args;

    if (!first_fault(in, fault, field, section_or(in, "RFC 4506 3")))
        return;
    in->offset = offset;
    va_start(args, format);
    text_vformat(in->text, sizeof(in->text), format, args);
    va_end(args);
}

void wire_explain(const struct wire_in *in, struct buf *out)
{
    if (in->fault != WIRE_FINE)
        buf_printf(out, "octet %zu, %s: %s (%s)", in->offset, in->field, in->text, in->rule);
}

/* ---- reading ---- */

void wire_open(struct wire_in *in, struct slice octets)
{
    *in = (struct wire_in){.octets = octets};
}

void wire_open_part(struct wire_in *in, const struct wire_in *outer, struct slice part)
{
    wire_open(in, part);
    in->base = outer->base;
    in->base += part.len > 0 ? (size_t)(part.data - outer->octets.data) : outer->at;
    in->forgives = outer->forgives;
}

void wire_adopt(struct wire_in *in, const struct wire_in *part)
{
    in->forgiven += part->forgiven;
    if (part->fault == WIRE_FINE || !first_fault(in, part->fault, part->field, part->rule))
        return;
    in->offset = part->offset;
    text_copy(in->text, sizeof(in->text), part->text);
}

bool wire_ok(const struct wire_in *in)
{
    return in->fault == WIRE_FINE;
}

size_t wire_left(const struct wire_in *in)
{
    return wire_ok(in) ? in->octets.len - in->at : 0;
}

/* The next len octets, or NULL, and the fault WIRE_SHORT, where fewer are left. */
static const uint8_t *take(struct wire_in *in, const char *field, size_t len, const char *rule)
{
    if (!wire_ok(in))
        return NULL;
    if (wire_left(in) < len) {
        size_t left = wire_left(in);

        first_fault(in, WIRE_SHORT, field, rule);
        text_format(in->text, sizeof(in->text), "%zu octet%s needed, %zu left", len,
                    len == 1 ? "" : "s", left);
        return NULL;
    }
    if (len == 0)
        return zeros; /* an empty input may have no address to add to */
    const uint8_t *octets = in->octets.data + in->at;

    in->at += len;
    return octets;
}

static uint32_t take_word(struct wire_in *in, const char *field, const char *rule)
{
    const uint8_t *o = take(in, field, WIRE_UNIT, rule);

    return o ? (uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 | (uint32_t)o[2] << 8 | o[3] : 0;
}

static uint64_t take_long(struct wire_in *in, const char *field, const char *rule)
{
    const uint8_t *o = take(in, field, (size_t)2 * WIRE_UNIT, rule);
    uint64_t value = 0;

    for (size_t i = 0; o && i < (size_t)2 * WIRE_UNIT; i++)
        value = value << 8 | o[i];
    return value;
}

int32_t wire_int(struct wire_in *in, const char *field)
{
    return (int32_t)take_word(in, field, "RFC 4506 4.1");
}

uint32_t wire_uint(struct wire_in *in, const char *field)
{
    return take_word(in, field, "RFC 4506 4.2");
}

int64_t wire_hyper(struct wire_in *in, const char *field)
{
    return (int64_t)take_long(in, field, "RFC 4506 4.5");
}

uint64_t wire_uhyper(struct wire_in *in, const char *field)
{
    return take_long(in, field, "RFC 4506 4.5");
}

float wire_float(struct wire_in *in, const char *field)
{
    uint32_t bits = take_word(in, field, "RFC 4506 4.6");
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

double wire_double(struct wire_in *in, const char *field)
{
    uint64_t bits = take_long(in, field, "RFC 4506 4.7");
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

void wire_quadruple(struct wire_in *in, const char *field, uint8_t ret[WIRE_QUADRUPLE])
{
    const uint8_t *octets = take(in, field, WIRE_QUADRUPLE, "RFC 4506 4.8");

    memset(ret, 0, WIRE_QUADRUPLE);
    if (octets)
        memcpy(ret, octets, WIRE_QUADRUPLE);
}

/* Says that the word just read is wrong, and gives it back. */
static void refuse_word(struct wire_in *in, enum wire_fault fault, const char *field,
                        const char *rule, const char *text)
{
    in->at -= WIRE_UNIT;
    first_fault(in, fault, field, rule);
    text_copy(in->text, sizeof(in->text), text);
}

static bool take_bool(struct wire_in *in, const char *field, const char *rule)
{
    uint32_t value = take_word(in, field, rule);
    char text[WIRE_TEXT_MAX];

    if (value <= 1)
        return value == 1;
    text_format(text, sizeof(text), "%" PRIu32 " (0x%08" PRIx32 ") is neither 0 nor 1", value,
                value);
    refuse_word(in, WIRE_BOOL, field, rule, text);
    return false;
}

bool wire_bool(struct wire_in *in, const char *field)
{
    return take_bool(in, field, "RFC 4506 4.4");
}

bool wire_optional(struct wire_in *in, const char *field)
{
    return take_bool(in, field, "RFC 4506 4.19");
}

static bool is_one_of(int32_t value, const int32_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i] == value)
            return true;
    }
    return false;
}

int32_t wire_enum(struct wire_in *in, const char *field, const int32_t *declared, size_t count)
{
    int32_t value = (int32_t)take_word(in, field, "RFC 4506 4.3");
    char text[WIRE_TEXT_MAX];

    if (!wire_ok(in) || is_one_of(value, declared, count))
        return value;
    text_format(text, sizeof(text), "%" PRId32 " is no value of the enumeration", value);
    refuse_word(in, WIRE_ENUM, field, section_or(in, "RFC 4506 4.3"), text);
    return 0;
}

int32_t wire_union(struct wire_in *in, const char *field, const int32_t *arms, size_t count)
{
    int32_t value = (int32_t)take_word(in, field, "RFC 4506 4.15");
    char text[WIRE_TEXT_MAX];

    if (!wire_ok(in) || is_one_of(value, arms, count))
        return value;
    text_format(text, sizeof(text), "the union has no arm for %" PRId32, value);
    refuse_word(in, WIRE_UNION, field, section_or(in, "RFC 4506 4.15"), text);
    return 0;
}

/* Reads the padding behind the data; where it is missing, the whole item is. */
static bool take_padding(struct wire_in *in, const char *field, size_t len)
{
    size_t padding = wire_padding(len);
    size_t start = in->at;
    const uint8_t *octets = take(in, field, padding, "RFC 4506 3");

    if (!octets) {
        if (in->fault == WIRE_SHORT)
            text_format(in->text, sizeof(in->text), "%zu of %zu octets of padding are missing",
                        padding - (in->octets.len - start), padding);
        return false;
    }
    for (size_t i = 0; i < padding; i++) {
        if (octets[i] == 0)
            continue;
        if (in->forgives) {
            in->forgiven++;
            return true;
        }
        in->at = start + i;
        first_fault(in, WIRE_PADDING, field, "RFC 4506 3");
        text_format(in->text, sizeof(in->text), "padding of 0x%02x where zero is due", octets[i]);
        return false;
    }
    return true;
}

static struct slice take_octets(struct wire_in *in, const char *field, size_t len, const char *rule)
{
    size_t start = in->at;
    const uint8_t *octets = take(in, field, len, rule);

    if (octets && len > 0 && take_padding(in, field, len))
        return slice_of(octets, len);
    /* A broken cursor stays where the item begins. */
    if (!wire_ok(in))
        in->at = start;
    return slice_of(NULL, 0);
}

struct slice wire_fixed(struct wire_in *in, const char *field, size_t len)
{
    return take_octets(in, field, len, "RFC 4506 4.9");
}

/* A length word that keeps to the limit, and the octets that it counts. */
static struct slice take_counted(struct wire_in *in, const char *field, uint32_t max,
                                 const char *rule)
{
    uint32_t len = take_word(in, field, rule);
    char text[WIRE_TEXT_MAX];

    if (len <= max)
        return take_octets(in, field, len, rule);
    text_format(text, sizeof(text), "length %" PRIu32 ", and %" PRIu32 " is the limit", len, max);
    refuse_word(in, WIRE_LIMIT, field, section_or(in, rule), text);
    return slice_of(NULL, 0);
}

struct slice wire_opaque(struct wire_in *in, const char *field, uint32_t max)
{
    return take_counted(in, field, max, "RFC 4506 4.10");
}

struct slice wire_string(struct wire_in *in, const char *field, uint32_t max)
{
    return take_counted(in, field, max, "RFC 4506 4.11");
}

uint32_t wire_count(struct wire_in *in, const char *field, uint32_t max, size_t least)
{
    uint32_t count = take_word(in, field, "RFC 4506 4.13");
    char text[WIRE_TEXT_MAX];

    if (count > max) {
        text_format(text, sizeof(text), "%" PRIu32 " elements, and %" PRIu32 " is the limit", count,
                    max);
        refuse_word(in, WIRE_LIMIT, field, section_or(in, "RFC 4506 4.13"), text);
        return 0;
    }
    if (count > 0 && count > wire_left(in) / size_max(least, WIRE_UNIT)) {
        text_format(text, sizeof(text), "%" PRIu32 " elements do not fit into %zu octets", count,
                    wire_left(in));
        refuse_word(in, WIRE_SHORT, field, "RFC 4506 4.13", text);
        return 0;
    }
    return count;
}

bool wire_enter(struct wire_in *in, const char *field)
{
    if (!wire_ok(in))
        return false;
    if (in->depth == WIRE_DEPTH_MAX) {
        first_fault(in, WIRE_DEPTH, field, "RFC 4506 8");
        text_format(in->text, sizeof(in->text), "nested deeper than %d levels", WIRE_DEPTH_MAX);
        return false;
    }
    in->depth++;
    return true;
}

void wire_leave(struct wire_in *in)
{
    in->depth--;
}

struct slice wire_rest(struct wire_in *in)
{
    if (!wire_ok(in))
        return slice_of(NULL, 0);
    struct slice rest = slice_from(in->octets, in->at);

    in->at = in->octets.len;
    return rest;
}

void wire_end(struct wire_in *in, const char *field)
{
    size_t left = wire_left(in);

    if (left == 0)
        return;
    first_fault(in, WIRE_TRAILING, field, section_or(in, "RFC 4506 3"));
    text_format(in->text, sizeof(in->text), "%zu octet%s behind the end", left,
                left == 1 ? "" : "s");
}
