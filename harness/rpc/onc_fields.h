/*
 * The fields of an ONC RPC message (RFC 5531) one by one, for people who look at its octets. Unlike
 * the readers of onc.h, which stop at the first fault, this visits whatever is there: of a message
 * that is wrong every field with what is wrong with it, of one that is cut those in front of the
 * cut. Nothing is allocated, and nothing in front of or behind the octets is read.
 */
#ifndef HARNESS_RPC_ONC_FIELDS_H
#define HARNESS_RPC_ONC_FIELDS_H

#include "harness/base/slice.h"

enum {
    ONC_FIELDS_OCTETS_MAX = 1024, /* looked at; what is behind them is not visited */
    ONC_MEANING_MAX = 128,
};

/* One field; valid during the visit. */
struct onc_field {
    size_t offset;                 /* of its first octet, in the octets that were given */
    struct slice octets;           /* as they stand there, without record marks in between */
    const char *name;              /* as in the RFC, "cred.flavor"; "fragment" is a record mark */
    bool wrong;                    /* against its RFC, or the message ends within it */
    char meaning[ONC_MEANING_MAX]; /* printable ASCII */
};

enum onc_carrier {
    ONC_IN_DATAGRAM, /* the octets are one message */
    ONC_IN_STREAM,   /* records (RFC 5531 11), one behind the other, the first from its begin on */
};

struct onc_visitor {
    void (*visit)(void *into, const struct onc_field *field);
    void *into;
};

/* Visits the fields in order of their octets. `length` says how many octets there were, of which
   `octets` are the first: what is missing then was cut off by whoever kept them, not by the sender,
   and is nobody's fault. */
void onc_fields(struct slice octets, size_t length, enum onc_carrier carrier,
                const struct onc_visitor *visitor);

/* How far one side of a stream has come, zeroed at its begin. */
struct onc_follow {
    size_t due; /* octets of the current fragment that did not come yet */
    bool lost;  /* a mark was cut or not kept: nobody knows where the next one is */
};

/* Follows the stream over its next octets (the first of `length`). Returns how many of them belong
   to a fragment that began in earlier ones; `length` where that is not known. */
size_t onc_follow(struct onc_follow *f, struct slice octets, size_t length);

/* Whether the octets look like the begin of a message so carried, so that a piece from the middle
   of a stream is not taken for one. */
bool onc_fields_likely(struct slice octets, enum onc_carrier carrier);

#endif
