/* Which grammar a target's cases are mutated by. */
#ifndef FUZZ_ENGINE_GRAMMAR_H
#define FUZZ_ENGINE_GRAMMAR_H

#include "fuzz/mutate/mutate.h"

struct fuzz_target;

/* The target's own, or that of its form; NULL: its cases are octets. */
const struct mutate_grammar *grammar_of(const struct fuzz_target *target);

#endif
