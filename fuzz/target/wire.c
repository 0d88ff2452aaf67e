/*
 * Our XDR cursor (harness/rpc/wire.h). The first octets choose which items are read from the rest:
 * one octet for each of ITEMS_CHOSEN, again and again until the octets are used up or a fault
 * sticks. What was read is written again and must give the same octets; a fault must say what its
 * header promises; and a forgiving cursor differs from a strict one in padding alone.
 */
#include <string.h>

#include "fuzz/oracle/finding.h"
#include "fuzz/target.h"
#include "harness/rpc/wire.h"

enum { ITEMS_CHOSEN = 4, OUT_MAX = 1 << 15, DEEP = WIRE_DEPTH_MAX + 5 };

/* How an item is read, and written where it was accepted. The number is from the case: a limit. */
struct item {
    void (*pass)(struct wire_in *in, unsigned number, struct buf *out);
};

static const char field[] = "item";

static void pass_int(struct wire_in *in, unsigned number UNUSED, struct buf *out)
{
    int32_t value = wire_int(in, field);

    if (wire_ok(in))
        wire_put_int(out, value);
}

static void pass_uint(struct wire_in *in, unsigned number UNUSED, struct buf *out)
{
    uint32_t value = wire_uint(in, field);

    if (wire_ok(in))
        wire_put_uint(out, value);
}

static void pass_hyper(struct wire_in *in, unsigned number UNUSED, struct buf *out)
{
    int64_t value = wire_hyper(in, field);

    if (wire_ok(in))
        wire_put_hyper(out, value);
}

static void pass_uhyper(struct wire_in *in, unsigned number UNUSED, struct buf *out)
{
    uint64_t value = wire_uhyper(in, field);

    if (wire_ok(in))
        wire_put_uhyper(out, value);
}

static void pass_float(struct wire_in *in, unsigned number UNUSED, struct buf *out)
{
    float value = wire_float(in, field);

    if (wire_ok(in))
        wire_put_float(out, value);
}

static void pass_double(struct wire_in *in, unsigned number UNUSED, struct buf *out)
{
    double value = wire_double(in, field);

    if (wire_ok(in))
        wire_put_double(out, value);
}

static void pass_quadruple(struct wire_in *in, unsigned number UNUSED, struct buf *out)
{
    uint8_t value[WIRE_QUADRUPLE];

    wire_quadruple(in, field, value);
    if (wire_ok(in))
        wire_put_quadruple(out, value);
}

static void pass_bool(struct wire_in *in, unsigned number UNUSED, struct buf *out)
{
    bool value = wire_bool(in, field);

    if (wire_ok(in))
        wire_put_bool(out, value);
}

static void pass_enum(struct wire_in *in, unsigned number UNUSED, struct buf *out)
{
    static const int32_t declared[] = {0, 1, 2, 7, -1, INT32_MIN};
    int32_t value = wire_enum(in, field, declared, ARRAY_LEN(declared));

    if (wire_ok(in))
        wire_put_int(out, value);
}

static void pass_union(struct wire_in *in, unsigned number, struct buf *out)
{
    static const int32_t arms[] = {0, 1, 3};
    int32_t arm = wire_union(in, field, arms, number % ARRAY_LEN(arms) + 1);

    if (wire_ok(in))
        wire_put_int(out, arm);
}

static void pass_fixed(struct wire_in *in, unsigned number, struct buf *out)
{
    struct slice octets = wire_fixed(in, field, number);

    if (wire_ok(in))
        wire_put_fixed(out, octets);
}

static uint32_t limit_of(unsigned number)
{
    static const uint32_t limits[] = {0, 1, 2, 3, 4, 5, 8, 16, 255, 400, 401, WIRE_NO_LIMIT};

    return limits[number % ARRAY_LEN(limits)];
}

static void pass_opaque(struct wire_in *in, unsigned number, struct buf *out)
{
    struct slice octets = wire_opaque(in, field, limit_of(number));

    if (wire_ok(in))
        wire_put_opaque(out, octets);
}

static void pass_string(struct wire_in *in, unsigned number, struct buf *out)
{
    struct slice octets = wire_string(in, field, limit_of(number));

    if (wire_ok(in))
        wire_put_string(out, octets);
}

static void pass_array(struct wire_in *in, unsigned number, struct buf *out)
{
    uint32_t count = wire_count(in, field, limit_of(number), WIRE_UNIT);
    size_t start = out->len;

    if (count > wire_left(in) / WIRE_UNIT)
        finding_tell(ORACLE_CLAIM, "wire_count takes %u elements where %zu octets are left",
                     (unsigned)count, wire_left(in));
    wire_put_uint(out, count);
    for (uint32_t i = 0; i < count && wire_ok(in); i++)
        wire_put_uint(out, wire_uint(in, field));
    if (!wire_ok(in))
        out->len = start;
}

/* A list whose elements hold the next one, as deep as it goes. */
static void pass_list(struct wire_in *in, unsigned number UNUSED, struct buf *out)
{
    size_t start = out->len;
    unsigned depth = 0;

    while (depth < DEEP && wire_enter(in, field)) {
        depth++;
        bool more = wire_optional(in, field);
        wire_put_bool(out, more);
        if (!more)
            break;
    }
    if (depth > WIRE_DEPTH_MAX)
        finding_tell(ORACLE_CLAIM, "wire_enter allows %u levels", depth);
    if (in->fault == WIRE_DEPTH && depth != WIRE_DEPTH_MAX)
        finding_tell(ORACLE_CLAIM, "wire_enter allows no more than %u levels", depth);
    while (depth-- > 0)
        wire_leave(in);
    if (!wire_ok(in))
        out->len = start;
}

/* An opaque body with a structure: three words and what else there is. */
static void pass_part(struct wire_in *in, unsigned number, struct buf *out)
{
    struct slice body = wire_opaque(in, field, limit_of(number));
    size_t end = in->at;
    struct wire_in part;
    struct buf inner;

    if (!wire_ok(in))
        return;
    wire_open_part(&part, in, body);
    buf_init(&inner, OUT_MAX);
    pass_uint(&part, 0, &inner);
    pass_opaque(&part, number + 1, &inner);
    buf_put(&inner, wire_rest(&part));
    wire_adopt(in, &part);
    if (wire_ok(in))
        wire_put_opaque(out, buf_slice(&inner));
    else if (in->offset > end)
        finding_tell(ORACLE_CLAIM, "a fault at octet %zu of a part that ends at %zu", in->offset,
                     end);
    buf_free(&inner);
}

static const struct item items[] = {
    {pass_int},    {pass_uint},      {pass_hyper}, {pass_uhyper}, {pass_float}, {pass_double},
    {pass_bool},   {pass_quadruple}, {pass_enum},  {pass_union},  {pass_fixed}, {pass_opaque},
    {pass_string}, {pass_array},     {pass_list},  {pass_part},
};

/* ---- what a fault has to say, and how the cursor is behind it ---- */

static void judge_words(const struct wire_in *in)
{
    struct buf line;

    if (in->fault >= WIRE_FAULTS || !wire_fault_name(in->fault) || !in->field || !in->rule ||
        strncmp(in->rule, "RFC ", 4) != 0 || !in->text[0])
        finding_tell(ORACLE_CLAIM, "the fault %d lacks a field, a clause or words", in->fault);
    if (in->offset > in->octets.len)
        finding_tell(ORACLE_CLAIM, "the fault is at octet %zu of %zu", in->offset, in->octets.len);
    buf_init(&line, 1 << 10);
    wire_explain(in, &line);
    if (line.failed || line.len == 0 || memchr(line.data, '\n', line.len))
        finding_tell(ORACLE_CLAIM, "the fault is not explained in one line");
    buf_free(&line);
}

/* "This and every later read gives zero, false or an empty slice", and the first fault sticks. */
static void judge_silence(struct wire_in *in)
{
    const struct wire_in before = *in;
    uint8_t quadruple[WIRE_QUADRUPLE];
    uint64_t sum = 0;

    sum |= (uint32_t)wire_int(in, field) | wire_uint(in, field) | wire_uhyper(in, field);
    sum |= (wire_bool(in, field) ? 1U : 0U) + (wire_optional(in, field) ? 1U : 0U);
    sum |= wire_count(in, field, 8, WIRE_UNIT) | wire_rest(in).len | wire_fixed(in, field, 3).len;
    sum |= wire_left(in) + wire_opaque(in, field, 8).len + (wire_enter(in, field) ? 1U : 0U);
    wire_quadruple(in, field, quadruple);
    for (size_t i = 0; i < WIRE_QUADRUPLE; i++)
        sum |= quadruple[i];
    wire_end(in, field);
    if (sum != 0)
        finding_tell(ORACLE_CLAIM, "a broken cursor gives something");
    if (in->fault != before.fault || in->offset != before.offset || in->at != before.at ||
        strcmp(in->text, before.text) != 0)
        finding_tell(ORACLE_CLAIM, "the first fault does not stick");
}

/* ---- one pass over the octets ---- */

struct pass {
    struct wire_in in;
    struct buf out;
};

static void pass_over(struct slice chosen, struct slice octets, bool forgives, struct pass *p)
{
    wire_open(&p->in, octets);
    p->in.forgives = forgives;
    buf_init(&p->out, OUT_MAX);
    for (size_t i = 0; wire_left(&p->in) > 0; i++) {
        uint8_t choice = chosen.data[i % chosen.len];
        size_t before = p->in.at;

        items[choice % ARRAY_LEN(items)].pass(&p->in, choice / ARRAY_LEN(items), &p->out);
        if (p->in.at > octets.len)
            finding_tell(ORACLE_CLAIM, "the cursor is at %zu of %zu", p->in.at, octets.len);
        if (i >= chosen.len && p->in.at == before)
            break; /* items without octets, such as a fixed one of none */
    }
    if (p->in.depth != 0)
        finding_tell(ORACLE_CLAIM, "the depth is %u at the end", p->in.depth);
    if (!wire_ok(&p->in))
        judge_words(&p->in);
}

/* What was accepted stands there again; where padding was forgiven, it is zero. */
static void judge_octets(const struct pass *p, struct slice octets)
{
    struct slice out = buf_slice(&p->out);
    struct slice read = slice_sub(octets, 0, out.len);
    size_t other = 0;

    if (p->out.failed || read.len != out.len || (wire_ok(&p->in) && p->in.at != out.len)) {
        finding_tell(ORACLE_ROUND_TRIP, "%zu octets were read, %zu written", p->in.at, out.len);
        return;
    }
    for (size_t i = 0; i < out.len; i++) {
        other += out.data[i] != read.data[i];
        if (out.data[i] != read.data[i] && (!p->in.forgives || out.data[i] != 0))
            finding_tell(ORACLE_ROUND_TRIP, "octet %zu was 0x%02x and is written as 0x%02x", i,
                         read.data[i], out.data[i]);
    }
    if (wire_ok(&p->in) && (other < p->in.forgiven || other > 3 * (size_t)p->in.forgiven))
        finding_tell(ORACLE_ROUND_TRIP, "%zu octets of padding changed, %u items forgiven", other,
                     p->in.forgiven);
}

/* The strict one refuses the first padding that the other forgives, and nothing else. */
static void judge_pair(const struct pass *strict, const struct pass *mild)
{
    const struct wire_in *s = &strict->in;
    const struct wire_in *m = &mild->in;

    if (m->fault == WIRE_PADDING || s->forgiven > 0)
        finding_tell(ORACLE_CLAIM, "a cursor that forgives refuses padding, or one that does not "
                                   "forgives it");
    if (m->forgiven > 0 && s->fault != WIRE_PADDING)
        finding_tell(ORACLE_CLAIM, "padding that is not zero is %s without forgiveness",
                     wire_fault_name(s->fault));
    if (m->forgiven == 0 && (s->fault != m->fault || s->offset != m->offset || s->at != m->at))
        finding_tell(ORACLE_CLAIM,
                     "forgiveness makes %s at %zu of %s at %zu where nothing is to "
                     "forgive",
                     wire_fault_name(m->fault), m->offset, wire_fault_name(s->fault), s->offset);
}

static void run_wire(struct slice input)
{
    struct slice chosen = slice_sub(input, 0, ITEMS_CHOSEN);
    struct slice octets = slice_from(input, ITEMS_CHOSEN);
    struct pass strict;
    struct pass mild;

    if (octets.len == 0)
        return;
    pass_over(chosen, octets, false, &strict);
    pass_over(chosen, octets, true, &mild);
    judge_octets(&strict, octets);
    judge_octets(&mild, octets);
    judge_pair(&strict, &mild);
    if (!wire_ok(&strict.in))
        judge_silence(&strict.in);
    else if (octets.len >= 24)
        fuzz_canary();
    buf_free(&strict.out);
    buf_free(&mild.out);
}

const struct fuzz_target fuzz_target_wire = {
    .name = "wire",
    .what = "our XDR cursor and writers: items chosen by the first four octets, read from the rest",
    .form = FUZZ_OCTETS,
    .max = 4096,
    .memory = 16384,
    .memory_per_octet = 8,
    .stack = 16384,
    .run = run_wire,
};
