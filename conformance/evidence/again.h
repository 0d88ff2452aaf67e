/* A program in one file that needs nothing but a C compiler and repeats a failing exchange. */
#ifndef CONFORMANCE_EVIDENCE_AGAIN_H
#define CONFORMANCE_EVIDENCE_AGAIN_H

#include "harness/report/exhibit.h"

enum { AGAIN_SENT_MAX = 1 << 20, AGAIN_CAME_MAX = 1 << 10 };

/* True where there is something to repeat: the claim was broken by a server, and something happened
   on a connection to it. */
bool again_is_possible(const struct report_check *c);

/*
 * Writes the program: C11 that compiles without a warning, whatever the target has said. It opens
 * the connections in their order, sends the same octets, ends where we did, waits for what came at
 * the same places, compares, and exits with 0 where the same comes again, 1 where it goes
 * otherwise, and 2 where that does not tell. All that was sent is in it, up to AGAIN_SENT_MAX
 * octets; of what came the first AGAIN_CAME_MAX octets of each act, and a hash of all. What cannot
 * be written shows in ferror(out); false where there is no memory.
 */
bool again_write(FILE *out, const struct report *r, const struct report_check *c) MUST_USE;

#endif
