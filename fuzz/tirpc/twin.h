/*
 * A type that libtirpc reads, and we: the same octets are given to both. What is taken must be
 * taken by both, up to the same octet, and mean the same; it must not matter at which address it
 * lies, what the room was filled with that it is written to, or how often it is written and read
 * again. What is half read must be freed like what is read whole.
 *
 * The meaning is compared by what each writes of what it has read. A row may look into the value in
 * C besides, since writing may undo what reading did wrong.
 */
#ifndef FUZZ_TIRPC_TWIN_H
#define FUZZ_TIRPC_TWIN_H

#include <rpc/rpc.h>

#include "harness/rpc/wire.h"

enum { TWIN_MAX = 8192 }; /* octets of a case */

struct twin {
    const char *name; /* as known.def and accepted.def have it */

    /* Reads into `size` octets of zeros, writes, frees. */
    xdrproc_t theirs;
    size_t size;

    /* Reads the same, and appends it to `out` as it should be written. Returns how many octets it
       has read. What is wrong is told by the cursor; then `out` does not count. */
    size_t (*ours)(const struct twin *t, struct wire_in *in, struct buf *out);

    /* Before each use of the value; may be NULL. */
    void (*prepare)(void *value);

    /* Whether the value in C is what stands in the octets that we wrote; may be NULL. */
    bool (*same)(const struct twin *t, const void *value, struct slice wire);

    /* Of a number: octets on the wire, and whether it is signed. */
    size_t wire;
    bool is_signed;
};

/* A function of libtirpc as a xdrproc_t, whatever its second argument points to. */
#define TWIN_PROC(function) ((xdrproc_t)(void (*)(void))(function))

/* Refuses octets with a NUL among them: a string of libtirpc is one of C, and ends there. */
void twin_text(struct wire_in *in, struct slice text);

/* Tries the octets on both. Findings are about the name. */
void twin_run(const struct twin *t, struct slice octets);

#endif
