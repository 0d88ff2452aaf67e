/* Servers that misbehave, for tests of the runner against hostile peers. */
#ifndef TESTS_HOSTILE_H
#define TESTS_HOSTILE_H

#include <sys/types.h>

#include "harness/net/net.h"

/* Starts a hostile server on a TCP port of its own; its process, or -1. Kinds: flood, silent,
   garbage, reset, close, trickle, banner, half; and over ONC RPC empty-fragments, endless-record,
   huge-record, many-replies, foreign-replies, lying-verifier. */
pid_t hostile_start(const char *kind, char *ret_url, size_t cap);

/* Ends it with all its children. */
void hostile_stop(pid_t pid);

#endif
