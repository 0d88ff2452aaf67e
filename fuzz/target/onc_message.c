/*
 * Our readers of RPC messages (harness/rpc/onc.h, onc_fields.h). The same octets are read as every
 * kind of message and credential there is. What is accepted is written again and must give the
 * same octets; prefixes are refused for what they lack, and for nothing that the whole is not
 * refused for; the walk over the fields shows every octet once.
 */
#include <string.h>

#include "fuzz/oracle/finding.h"
#include "fuzz/target.h"
#include "harness/rpc/onc.h"
#include "harness/rpc/onc_fields.h"

enum { OUT_MAX = 1 << 14, LINE_MAX = 1 << 12 };

/* A value of any of the kinds. */
union value {
    struct onc_call call;
    struct onc_reply reply;
    struct onc_sys sys;
    struct onc_gss gss;
    struct onc_gss_init gss_init;
};

/* KIND(name): the reader and the writer of one kind, over the union. */
#define KIND(name)                                                                                 \
    static bool read_##name(struct wire_in *in, union value *ret)                                  \
    {                                                                                              \
        return onc_read_##name(in, &ret->name);                                                    \
    }                                                                                              \
    static void put_##name(struct buf *out, const union value *value)                              \
    {                                                                                              \
        onc_put_##name(out, &value->name);                                                         \
    }
KIND(call)
KIND(reply)
KIND(sys)
KIND(gss)
KIND(gss_init)
#undef KIND

static const struct kind {
    const char *name;
    bool (*read)(struct wire_in *in, union value *ret);
    void (*put)(struct buf *out, const union value *value);
} kinds[] = {
    {"call", read_call, put_call},
    {"reply", read_reply, put_reply},
    {"sys", read_sys, put_sys},
    {"gss", read_gss, put_gss},
    {"gss_init", read_gss_init, put_gss_init},
};

enum { CALL, REPLY, SYS, GSS };

/* ---- round trips ---- */

static void judge_fault(const struct kind *kind, const struct wire_in *in)
{
    struct buf line;

    buf_init(&line, LINE_MAX);
    wire_explain(in, &line);
    if (in->offset > in->octets.len || !in->field || !in->rule || line.len == 0 ||
        memchr(line.data, '\n', line.len))
        finding_tell(ORACLE_CLAIM, "%s: the fault is at %zu of %zu: \"%s\"", kind->name, in->offset,
                     in->octets.len, buf_text(&line));
    buf_free(&line);
}

static bool pass(const struct kind *kind, struct slice octets)
{
    union value value;
    struct wire_in in;
    struct buf out;

    wire_open(&in, octets);
    bool ok = kind->read(&in, &value);
    if (ok != wire_ok(&in))
        finding_tell(ORACLE_CLAIM, "%s: the reader says %d, its cursor %d", kind->name, ok,
                     wire_ok(&in));
    if (!ok) {
        judge_fault(kind, &in);
        return false;
    }
    buf_init(&out, OUT_MAX);
    kind->put(&out, &value);
    if (!slice_eq(buf_slice(&out), octets))
        finding_tell(ORACLE_ROUND_TRIP, "%s: %zu octets read, %zu written, %zu of them the same",
                     kind->name, octets.len, out.len, slice_common(buf_slice(&out), octets));
    buf_free(&out);
    return true;
}

/* ---- prefixes ---- */

static bool is_of_length(enum wire_fault fault)
{
    return fault == WIRE_FINE || fault == WIRE_SHORT || fault == WIRE_UNEVEN ||
           fault == WIRE_TRAILING;
}

/*
 * Where a prefix is refused for what it holds, so is the whole, for the same octet; and where the
 * whole is refused for a word that lies in the prefix, so is that. Only what has to do with the
 * length may differ.
 */
static void judge_prefix(const struct kind *kind, struct slice octets, size_t len)
{
    struct wire_in whole;
    struct wire_in part;
    union value value;

    wire_open(&whole, octets);
    wire_open(&part, slice_sub(octets, 0, len));
    bool both = kind->read(&whole, &value);
    both = kind->read(&part, &value) && both;
    if (both)
        return;
    bool same = part.fault == whole.fault && part.offset == whole.offset;
    if (!is_of_length(part.fault) && !same)
        finding_tell(ORACLE_CLAIM, "%s: %zu octets are %s at %zu, all %zu are %s at %zu",
                     kind->name, len, wire_fault_name(part.fault), part.offset, octets.len,
                     wire_fault_name(whole.fault), whole.offset);
    if (!is_of_length(whole.fault) && whole.offset + WIRE_UNIT <= len && !same)
        finding_tell(ORACLE_CLAIM, "%s: %zu octets are %s at %zu, but %zu of them %s", kind->name,
                     octets.len, wire_fault_name(whole.fault), whole.offset, len,
                     wire_fault_name(part.fault));
}

/* ---- the walk over the fields ---- */

struct tour {
    struct slice octets;
    enum onc_carrier carrier;
    size_t at;    /* offset of the last field */
    size_t shown; /* octets */
    unsigned wrong;
    bool judged;
};

static bool is_printable(const char *text)
{
    for (; *text; text++) {
        if (*text < ' ' || *text > '~')
            return false;
    }
    return true;
}

static void visit(void *into, const struct onc_field *f)
{
    struct tour *t = into;
    struct slice there = slice_sub(t->octets, f->offset, f->octets.len);

    if (f->offset < t->at || f->offset > t->octets.len)
        finding_tell(ORACLE_CLAIM, "onc_fields: %s at %zu comes behind %zu", f->name, f->offset,
                     t->at);
    if (!f->name[0] || !f->meaning[0] || !is_printable(f->meaning))
        finding_tell(ORACLE_CLAIM, "onc_fields: %s at %zu means \"%s\"", f->name, f->offset,
                     f->meaning);
    if (t->carrier == ONC_IN_DATAGRAM && !slice_eq(there, f->octets))
        finding_tell(ORACLE_CLAIM, "onc_fields: %s shows other octets than there are at %zu",
                     f->name, f->offset);
    t->at = f->offset;
    t->shown += f->octets.len;
    t->wrong += f->wrong;
}

static struct tour walk(struct slice octets, enum onc_carrier carrier)
{
    struct tour t = {.octets = octets, .carrier = carrier};
    size_t due = size_min(octets.len, ONC_FIELDS_OCTETS_MAX);

    onc_fields(octets, octets.len, carrier, &(struct onc_visitor){visit, &t});
    if (t.shown != due)
        finding_tell(ORACLE_CLAIM, "onc_fields shows %zu of %zu octets, carrier %d", t.shown, due,
                     carrier);
    return t;
}

/* The walk and the readers agree on whether a message is right, where the walk sees all of it. */
static void judge_fields(struct slice octets, bool accepted)
{
    struct tour t = walk(octets, ONC_IN_DATAGRAM);
    struct onc_call call;
    struct wire_in in;

    walk(octets, ONC_IN_STREAM);
    onc_fields_likely(octets, ONC_IN_STREAM);
    if (octets.len == 0 || octets.len > ONC_FIELDS_OCTETS_MAX)
        return;
    if (!accepted && t.wrong == 0)
        finding_tell(ORACLE_CLAIM, "onc_fields finds nothing wrong with what no reader takes");
    wire_open(&in, octets);
    bool structured = onc_read_call(&in, &call) &&
                      (call.cred.flavor == ONC_AUTH_SYS || call.cred.flavor == ONC_RPCSEC_GSS);
    if (accepted && !structured && t.wrong > 0)
        finding_tell(ORACLE_CLAIM, "onc_fields finds %u fields wrong with what is accepted",
                     t.wrong);
}

/* ---- one case ---- */

static void judge_line(struct slice octets, bool accepted)
{
    uint32_t type = ONC_CALL;
    uint32_t xid = 0;
    struct buf line;

    bool peeked = onc_peek(octets, &xid, &type);
    if (peeked != (octets.len >= 2 * (size_t)WIRE_UNIT))
        finding_tell(ORACLE_CLAIM, "onc_peek says %d of %zu octets", peeked, octets.len);
    buf_init(&line, LINE_MAX);
    onc_describe(octets, &line);
    bool refused = slice_starts(buf_slice(&line), slice_str("no RPC message: "));
    if (line.failed || line.len == 0 || !is_printable(buf_text(&line)))
        finding_tell(ORACLE_CLAIM, "onc_describe does not say one line: \"%s\"", buf_text(&line));
    if (refused == accepted)
        finding_tell(ORACLE_CLAIM, "accepted: %d, but described as \"%s\"", accepted,
                     buf_text(&line));
    buf_free(&line);
}

/* The body of the credential by its own reader, too. */
static void pass_credential(struct slice octets)
{
    struct onc_call call;
    struct wire_in in;

    wire_open(&in, octets);
    if (!onc_read_call(&in, &call))
        return;
    if (call.cred.flavor == ONC_AUTH_SYS && pass(&kinds[SYS], call.cred.body.octets))
        fuzz_canary();
    if (call.cred.flavor == ONC_RPCSEC_GSS)
        pass(&kinds[GSS], call.cred.body.octets);
}

static void run_message(struct slice input)
{
    bool accepted = false;

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        bool ok = pass(&kinds[i], input);

        accepted |= ok && i <= REPLY;
        for (size_t cut = 1; cut <= 4; cut++)
            judge_prefix(&kinds[i], input, input.len * cut / 5);
    }
    pass_credential(input);
    judge_line(input, accepted);
    judge_fields(input, accepted);
}

const struct fuzz_target fuzz_target_onc_message = {
    .name = "onc-message",
    .what = "our readers and writers of RPC messages and credentials, and the walk over fields",
    .form = FUZZ_MESSAGE,
    .max = 2048,
    .memory = 16384,
    .memory_per_octet = 8,
    .stack = 32768,
    .run = run_message,
};
