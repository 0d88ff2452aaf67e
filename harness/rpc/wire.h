/*
 * XDR (RFC 4506) by hand: how numbers, octets and choices look on the wire.
 *
 * Writing appends to a buf; its sticky failure is asked once, at the end. Every item that the RFC
 * knows can be written as it should be, and every counted item as it should not: a length word
 * that lies, padding that is missing, too long or not zero. The limits of a declaration belong to
 * whoever writes by it, so that a value over a limit can be written, too.
 *
 * Reading is a cursor over octets that somebody else owns. It is strict, and the first fault
 * sticks: it is kept with its offset, the name of the field and the clause, and this and every
 * later read gives zero, false or an empty slice. So a reader asks once, at the end. Reading
 * allocates nothing; what is read as octets is a view of the input.
 */
#ifndef HARNESS_RPC_WIRE_H
#define HARNESS_RPC_WIRE_H

#include "harness/base/buf.h"

enum {
    WIRE_UNIT = 4,        /* every item takes a multiple of four octets (RFC 4506 3) */
    WIRE_QUADRUPLE = 16,  /* octets of a quadruple (RFC 4506 4.8) */
    WIRE_DEPTH_MAX = 100, /* how deep types may nest while they are read (RFC 4506 8) */
    WIRE_TEXT_MAX = 160,
};

/* The largest length there is: "a maximum of 2**32 - 1" (RFC 4506 4.10, 4.11, 4.13). */
#define WIRE_NO_LIMIT UINT32_MAX

/* Octets of zero behind so many octets of data, 0 to 3 (RFC 4506 3). */
size_t wire_padding(size_t len);

/* ---- writing ---- */

void wire_put_int(struct buf *out, int32_t value);     /* RFC 4506 4.1; an enum, 4.3 */
void wire_put_uint(struct buf *out, uint32_t value);   /* RFC 4506 4.2; a count, 4.13 */
void wire_put_bool(struct buf *out, bool value);       /* RFC 4506 4.4; optional, 4.19 */
void wire_put_hyper(struct buf *out, int64_t value);   /* RFC 4506 4.5 */
void wire_put_uhyper(struct buf *out, uint64_t value); /* RFC 4506 4.5 */
void wire_put_float(struct buf *out, float value);     /* RFC 4506 4.6 */
void wire_put_double(struct buf *out, double value);   /* RFC 4506 4.7 */
void wire_put_quadruple(struct buf *out, const uint8_t value[WIRE_QUADRUPLE]); /* 4.8 */
void wire_put_fixed(struct buf *out, struct slice octets);  /* opaque[n], RFC 4506 4.9 */
void wire_put_opaque(struct buf *out, struct slice octets); /* opaque<>, RFC 4506 4.10 */
void wire_put_string(struct buf *out, struct slice octets); /* string<>, RFC 4506 4.11 */

/*
 * Variable-length octets (opaque<>, string<>) whose frame may be untrue. Zeroed but for `octets`
 * it is honest. With `lies` the length word is `claimed`; with `pads` the octets of `padding`
 * stand behind the data in place of the zeros that are due. The octets belong to the caller.
 */
struct wire_counted {
    struct slice octets;
    bool lies;
    uint32_t claimed;
    bool pads;
    struct slice padding;
};

/* An honest one. */
struct wire_counted wire_counted_of(struct slice octets);

void wire_put_counted(struct buf *out, const struct wire_counted *item);

/* ---- reading ---- */

enum wire_fault {
    WIRE_FINE,
    WIRE_SHORT,    /* the octets end within an item */
    WIRE_PADDING,  /* an octet of padding is not zero (RFC 4506 3) */
    WIRE_LIMIT,    /* a length or count is over the limit of its declaration */
    WIRE_BOOL,     /* neither 0 nor 1 (RFC 4506 4.4) */
    WIRE_ENUM,     /* a value that the enumeration does not declare (RFC 4506 4.3) */
    WIRE_UNION,    /* a discriminant without an arm (RFC 4506 4.15) */
    WIRE_VALUE,    /* a number that the protocol does not allow here */
    WIRE_TRAILING, /* octets behind the end */
    WIRE_UNEVEN,   /* octets that are no multiple of four (RFC 4506 3) */
    WIRE_DEPTH,    /* nested deeper than WIRE_DEPTH_MAX (RFC 4506 8) */
    WIRE_FAULTS,
};

struct wire_in {
    struct slice octets;
    size_t at;           /* what is read next */
    size_t base;         /* added to offsets: where octets begin in the message they are part of */
    const char *section; /* clause of the declaration that is read, as "RFC 5531 8.2"; NULL: of
                            XDR. It is named where a limit or a value breaks; the caller sets it */
    bool forgives;       /* padding that is not zero is counted in `forgiven` and no fault */
    unsigned forgiven;   /* items with such padding */
    unsigned depth;

    /* The first fault; valid where `fault` is not WIRE_FINE. */
    enum wire_fault fault;
    size_t offset;            /* of the octet (length word, padding octet, ...) that is wrong */
    const char *field;        /* the name that the failing read was given */
    const char *rule;         /* the clause, as "RFC 4506 4.10" */
    char text[WIRE_TEXT_MAX]; /* what is wrong: "length 404, and 400 is the limit" */
};

/* A cursor at the first octet. Names of fields given to it must live as long as it does. */
void wire_open(struct wire_in *in, struct slice octets);

/* A cursor over octets that `outer` has read out of its own (an opaque body with a structure):
   its offsets are those of the outer message. `part` must be a view into outer->octets, or empty
   and what was read last: then it stands where the outer one goes on. */
void wire_open_part(struct wire_in *in, const struct wire_in *outer, struct slice part);

/* Takes over the fault of a cursor over a part; nothing where there is none or `in` has one. */
void wire_adopt(struct wire_in *in, const struct wire_in *part);

bool wire_ok(const struct wire_in *in);

/* Octets that are not read yet; 0 after a fault. */
size_t wire_left(const struct wire_in *in);

int32_t wire_int(struct wire_in *in, const char *field);
uint32_t wire_uint(struct wire_in *in, const char *field);
int64_t wire_hyper(struct wire_in *in, const char *field);
uint64_t wire_uhyper(struct wire_in *in, const char *field);
float wire_float(struct wire_in *in, const char *field);
double wire_double(struct wire_in *in, const char *field);

/* Sixteen octets as they came; zeros after a fault. */
void wire_quadruple(struct wire_in *in, const char *field, uint8_t ret[WIRE_QUADRUPLE]);

/* 0 or 1, else WIRE_BOOL. */
bool wire_bool(struct wire_in *in, const char *field);

/* One of the declared values, else WIRE_ENUM. */
int32_t wire_enum(struct wire_in *in, const char *field, const int32_t *declared, size_t count);

/* The discriminant of a union without default arm: one of the arms, else WIRE_UNION. With a
   default arm every value is right: read it by wire_int or wire_uint. */
int32_t wire_union(struct wire_in *in, const char *field, const int32_t *arms, size_t count);

/* Whether the optional item follows (RFC 4506 4.19). */
bool wire_optional(struct wire_in *in, const char *field);

/* Octets with their padding. A length over max is WIRE_LIMIT, also where the octets are short. */
struct slice wire_fixed(struct wire_in *in, const char *field, size_t len);
struct slice wire_opaque(struct wire_in *in, const char *field, uint32_t max);
struct slice wire_string(struct wire_in *in, const char *field, uint32_t max);

/*
 * The count of a variable-length array (RFC 4506 4.13); its elements follow. Each element takes at
 * least `least` octets, which is 4 or more; a count that the octets that are left cannot hold is
 * WIRE_SHORT, so that nobody loops or allocates by a number alone.
 */
uint32_t wire_count(struct wire_in *in, const char *field, uint32_t max, size_t least);

/* Around a type that may hold itself: wire_enter is false, and WIRE_DEPTH, where it nests too deep
   (or the cursor is broken); wire_leave belongs to each wire_enter that was true. */
bool wire_enter(struct wire_in *in, const char *field);
void wire_leave(struct wire_in *in);

/* Everything that is left, as it is: what another declaration describes. */
struct slice wire_rest(struct wire_in *in);

/* The end is here, else WIRE_TRAILING. */
void wire_end(struct wire_in *in, const char *field);

/* Sets a fault, for rules of the protocol that is read; nothing where there is one already. */
void wire_refuse(struct wire_in *in, enum wire_fault fault, size_t offset, const char *field,
                 const char *format, ...) PRINTF_LIKE(5, 6);

/* A word for the kind of fault: "short", "padding", "limit", ... */
const char *wire_fault_name(enum wire_fault fault);

/* Appends the fault as one line: "octet 28, cred.body: length 404, and 400 is the limit (RFC 5531
   8.2)"; nothing where there is none. */
void wire_explain(const struct wire_in *in, struct buf *out);

#endif
