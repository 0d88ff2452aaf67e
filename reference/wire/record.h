/*
 * Record marking (RFC 5531 11): on a stream a message is a record, and a record is one or more
 * fragments. A fragment is a header of four octets and 0 to 2^31-1 octets of data; the highest bit
 * of the header marks the last one. Fragments without data are legal wherever they stand.
 *
 * The reader takes octets as they come and holds what belongs to the record so far. It keeps no
 * more than came and no more than its limit: what a header announces is never allocated.
 */
#ifndef REFERENCE_WIRE_RECORD_H
#define REFERENCE_WIRE_RECORD_H

#include "harness/base/buf.h"

enum { RECORD_MARK = 4 };
#define RECORD_LAST UINT32_C(0x80000000)

enum record_state {
    RECORD_MORE,    /* the record goes on */
    RECORD_WHOLE,   /* the last fragment is complete: the message is in `message` */
    RECORD_REFUSED, /* it would pass the limit, or there is no memory; sticks */
};

struct record {
    struct buf message;
    uint8_t mark[RECORD_MARK];
    unsigned mark_len; /* how much of the next header is there */
    uint32_t left;     /* octets of the fragment that are still to come */
    bool last;
    enum record_state state;
};

/* A reader of records of at most max octets. The owner ends with record_free. */
void record_init(struct record *r, size_t max);
void record_free(struct record *r);

/*
 * Takes octets up to the end of the record, and returns how many that were. After RECORD_WHOLE the
 * owner uses the message and calls record_next before it feeds on.
 */
size_t record_feed(struct record *r, struct slice octets);
void record_next(struct record *r);

/* Opens a record of one fragment in out and returns where; record_close writes its length. */
size_t record_open(struct buf *out);
void record_close(struct buf *out, size_t opened);

#endif
