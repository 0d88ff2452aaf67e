/*
 * Where libtirpc takes octets that our strict codec refuses, and may: the RFC leaves it open, or
 * asks it of who writes and not of who reads. Each such place is a line of accepted.def, by the
 * type that is read, the kind of fault and the field. Any other difference is a finding.
 */
#ifndef FUZZ_ORACLE_ACCEPTED_H
#define FUZZ_ORACLE_ACCEPTED_H

#include "harness/rpc/wire.h"

struct accepted {
    const char *id;
    const char *type; /* a pattern of names (text_glob): what the target calls it */
    enum wire_fault fault;
    const char *field; /* a pattern of names (text_glob): what our codec calls it */
    const char *clause;
    const char *reason;
};

/* Whether our fault in this type is a place of the list; it is counted. */
bool accepted_fault(const char *type, const struct wire_in *in);

/* The one of that number, or NULL behind the last. */
const struct accepted *accepted_at(size_t number);

/* How often it was met since accepted_reset. */
unsigned long accepted_met(const struct accepted *accepted);
void accepted_reset(void);

#endif
