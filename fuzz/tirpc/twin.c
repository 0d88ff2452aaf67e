/* The same octets for libtirpc and for us. */
#include "fuzz/tirpc/twin.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/oracle/accepted.h"
#include "fuzz/oracle/finding.h"
#include "fuzz/target.h"

enum { ROOM = TWIN_MAX + 64 };

/* What became of it on their side. */
struct side {
    bool taken;
    u_int at;            /* octets that were read, where it was taken */
    struct slice wire;   /* what they write of it */
    char room[ROOM + 1]; /* where they write it */
};

static struct side even, odd, again;
static uint8_t our_room[ROOM];

static void prepare(const struct twin *t, void *value)
{
    if (t->prepare)
        t->prepare(value);
}

/* Appends nothing where they cannot write it. The room is filled before. */
static struct slice encode(const struct twin *t, void *value, char *room, int filling)
{
    XDR out;

    memset(room, filling, ROOM);
    prepare(t, value);
    xdrmem_create(&out, room, ROOM, XDR_ENCODE);
    bool ok = t->theirs(&out, value);
    struct slice wire = slice_of(room, ok ? xdr_getpos(&out) : 0);
    if (!ok)
        finding_tell(ORACLE_ROUND_TRIP, "what was taken cannot be written");
    return wire;
}

static void judge_room(const struct twin *t, void *value, const struct side *s)
{
    struct slice filled = encode(t, value, again.room, 0xff);

    if (!slice_eq(filled, s->wire))
        finding_tell(ORACLE_STALE, "octet %zu of what is written is that of the room",
                     slice_common(filled, s->wire));
}

static void judge_size(const struct twin *t, void *value, const struct side *s)
{
    prepare(t, value);
    size_t size = xdr_sizeof(t->theirs, value);

    if (size != s->wire.len)
        finding_tell(ORACLE_DIFFERENCE, "the size is said to be %zu, and is %zu", size,
                     s->wire.len);
}

/* The octets end where the memory does; `shift` is how far from an address for numbers. */
static void *decode(const struct twin *t, struct slice octets, size_t shift, struct side *ret)
{
    char *copy = malloc(octets.len + shift + !octets.len);
    void *value = calloc(1, t->size);
    XDR in;

    if (!copy || !value)
        abort();
    if (octets.len)
        memcpy(copy + shift, octets.data, octets.len);
    prepare(t, value);
    xdrmem_create(&in, copy + shift, (u_int)octets.len, XDR_DECODE);
    ret->taken = t->theirs(&in, value);
    ret->at = ret->taken ? xdr_getpos(&in) : 0;
    ret->wire = ret->taken ? encode(t, value, ret->room + shift, 0) : slice_of(NULL, 0);
    free(copy);
    return value;
}

static void release(const struct twin *t, void *value)
{
    prepare(t, value);
    xdr_free(t->theirs, value);
    free(value);
}

static void judge_place(const struct twin *t, struct slice octets)
{
    release(t, decode(t, octets, 1, &odd));
    if (odd.taken != even.taken)
        finding_tell(ORACLE_CUT, "it is %s at an odd address", odd.taken ? "taken" : "refused");
    else if (odd.at != even.at || !slice_eq(odd.wire, even.wire))
        finding_tell(ORACLE_CUT, "at an odd address %u octets are read, at an even one %u", odd.at,
                     even.at);
}

static void judge_round(const struct twin *t)
{
    release(t, decode(t, even.wire, 0, &again));
    if (!again.taken)
        finding_tell(ORACLE_ROUND_TRIP, "what they wrote they refuse");
    else if (!slice_eq(again.wire, even.wire))
        finding_tell(ORACLE_ROUND_TRIP, "octet %zu is another the second time",
                     slice_common(again.wire, even.wire));
}

static void judge_meaning(const struct twin *t, const void *value, struct slice wire)
{
    if (!slice_eq(even.wire, wire))
        finding_tell(ORACLE_DIFFERENCE, "octet %zu of what is written is another than ours",
                     slice_common(even.wire, wire));
    else if (t->same && !t->same(t, value, wire))
        finding_tell(ORACLE_DIFFERENCE, "the value is not what the octets say");
}

static void judge_difference(const struct twin *t, struct slice octets, const void *value)
{
    /* No memory of the meter's: the writer fills what it has. */
    struct buf out = {.data = our_room, .cap = sizeof(our_room), .max = sizeof(our_room)};
    struct wire_in in;

    wire_open(&in, octets);
    in.forgives = true;
    size_t at = t->ours(t, &in, &out);
    if (in.forgiven && even.taken) {
        struct wire_in padding = {.fault = WIRE_PADDING, .field = "padding"};

        if (!accepted_fault(t->name, &padding))
            finding_tell(ORACLE_DIFFERENCE, "they take padding that is not zero");
    }
    if (wire_ok(&in) && !even.taken) {
        finding_tell(ORACLE_DIFFERENCE, "they refuse what we take");
    } else if (!wire_ok(&in)) {
        if (even.taken && !accepted_fault(t->name, &in))
            finding_tell(ORACLE_DIFFERENCE, "they take what we refuse: %s, %s: %s",
                         wire_fault_name(in.fault), in.field, in.text);
    } else if (at != even.at) {
        finding_tell(ORACLE_DIFFERENCE, "we read %zu octets, and they %u", at, even.at);
    } else {
        judge_meaning(t, value, buf_slice(&out));
    }
}

void twin_text(struct wire_in *in, struct slice text)
{
    if (text.len && memchr(text.data, 0, text.len))
        wire_refuse(in, WIRE_VALUE, in->at, "text", "a NUL in a string");
}

void twin_run(const struct twin *t, struct slice octets)
{
    finding_about(t->name);
    octets = slice_sub(octets, 0, TWIN_MAX);
    void *value = decode(t, octets, 0, &even);
    judge_difference(t, octets, value);
    if (even.taken) {
        fuzz_canary();
        judge_room(t, value, &even);
        judge_size(t, value, &even);
    }
    release(t, value);
    if (even.taken)
        judge_round(t);
    judge_place(t, octets);
}
