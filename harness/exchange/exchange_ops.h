/* Inside of the exchange module: what each kind of exchange supplies. Not for other modules. */
#ifndef HARNESS_EXCHANGE_EXCHANGE_OPS_H
#define HARNESS_EXCHANGE_EXCHANGE_OPS_H

#include "harness/exchange/exchange.h"
#include "harness/exchange/template.h"

enum { EXCHANGE_REPLY_MAX = 1 << 20, EXCHANGE_PATTERN = 1 << 16 };

struct exchange_ops {
    void (*request)(const struct exchange *x, const struct ask *ask, struct buf *out);
    enum match (*match)(const struct exchange *x, const struct ask *ask, struct slice in,
                        bool ended, size_t *ret_used, struct mismatch *why);
    /* Only with EXCHANGE_UNORDERED. */
    enum match (*peek)(const struct exchange *x, struct slice in, bool ended, uint32_t *ret_seq,
                       struct mismatch *why);
    /* Only where messages can be told in words. */
    void (*describe)(const struct exchange *x, struct slice octets, struct buf *out);
};

enum exchange_framing {
    FRAMING_LINE,
    FRAMING_LENGTH32,
    FRAMING_FIXED,
    FRAMING_DATAGRAM,
    FRAMING_CLOSE,
};

struct exchange {
    enum exchange_medium medium;
    unsigned traits;
    size_t body_max;
    const struct exchange_ops *ops;
    struct buf prefix;
    uint8_t pattern[EXCHANGE_PATTERN]; /* what payloads are cut from */
    const char *digits;                /* sixteen characters that may stand in a payload */
    uint32_t program;                  /* rpc:PROG/VERS */
    uint32_t version;
    enum exchange_framing framing; /* the rest: exchanges described in a file */
    size_t fixed;
    struct template request;
    struct template reply;
};

extern const struct exchange_ops exchange_file_ops;
extern const struct exchange_ops exchange_rpc_ops;

/* Fills an exchange from what stands behind "rpc:". */
bool exchange_rpc_open(const char *spec, struct exchange *x, struct problem *why) MUST_USE;

/* Fills an exchange from the text of a file; the name is for messages. */
bool exchange_file_parse(const char *name, const char *text, struct exchange *x,
                         struct problem *why) MUST_USE;

/* Sets *why (where not NULL) and returns MATCH_BROKEN. */
enum match exchange_broken(struct mismatch *why, size_t offset, struct slice due, struct slice in);

#endif
