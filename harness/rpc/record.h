/*
 * Record marking (RFC 5531 11): how messages lie on a byte stream. A record is one or more
 * fragments; a fragment is a header of four octets and its data. The highest bit of the header says
 * that the fragment is the last of its record, the other 31 are the length of the data, 0 to
 * 2^31-1.
 */
#ifndef HARNESS_RPC_RECORD_H
#define HARNESS_RPC_RECORD_H

#include "harness/base/buf.h"

enum { RECORD_HEADER = 4, RECORD_TEXT_MAX = 160 };

#define RECORD_LAST 0x80000000U
#define RECORD_LENGTH_MAX 0x7fffffffU

/* ---- writing ---- */

/* A fragment header, true or not: RECORD_LAST where it is the last, and the length (31 bits). */
void record_put_header(struct buf *out, bool last, uint32_t length);

/* The message as one record of one fragment. It has at most RECORD_LENGTH_MAX octets. */
void record_put(struct buf *out, struct slice message);

/*
 * The message as one record of count + 1 fragments: the first `count` have these sizes (0 makes an
 * empty one; less where the message is used up), the last one holds what is left, possibly nothing.
 */
void record_put_cut(struct buf *out, struct slice message, const size_t *sizes, size_t count);

/* The message as one record of fragments of `size` octets, the last one with what is left (and not
   empty, but for an empty message). A size of 0 means 1. */
void record_put_pieces(struct buf *out, struct slice message, size_t size);

/* ---- reading ---- */

/* Ceilings against hostile peers. Memory grows only with octets that came, and never over them. */
struct record_limits {
    size_t octets;    /* of one record, without headers */
    size_t fragments; /* of one record */
    size_t empty;     /* with no data, in a row: those with data bring the end nearer */
};

/* Enough for every check: a megabyte, each octet in a fragment of its own, and 1024 empty ones
   in a row. */
extern const struct record_limits record_usual_limits;

enum record_state {
    RECORD_MORE,   /* everything was consumed, and the record is not all there */
    RECORD_WHOLE,  /* record_message is the record; what was not consumed belongs to the next */
    RECORD_BROKEN, /* over a ceiling, or no memory; `text` says why. Stays so */
};

struct record_in {
    struct record_limits limits;
    enum record_state state;
    struct buf message; /* data of the fragments so far */
    uint8_t header[RECORD_HEADER];
    size_t header_len; /* octets of the current header that came */
    uint32_t due;      /* data octets of the current fragment that did not come yet */
    bool last;         /* the current fragment is the last one */
    size_t fragments;  /* of this record, begun */
    size_t empty;
    char text[RECORD_TEXT_MAX];
};

/* A reader that owns its memory until record_close; the limits are copied. */
void record_open(struct record_in *r, const struct record_limits *limits);
void record_close(struct record_in *r);

/*
 * Feeds octets of the stream, in any pieces. *ret_used says how many were consumed: all of them
 * with RECORD_MORE, those up to the end of the record with RECORD_WHOLE, those up to and with the
 * header that broke a ceiling with RECORD_BROKEN. Once a record is whole the next octets begin
 * the next record; its message is valid until then.
 */
enum record_state record_feed(struct record_in *r, struct slice octets, size_t *ret_used);

/* The record, after RECORD_WHOLE; before that what came of it. */
struct slice record_message(const struct record_in *r);

/* True where the stream may end here: between two records. Else what is missing is appended. */
bool record_may_end(const struct record_in *r, struct buf *out);

#endif
