/* What a case of the planted server looks like, for the structure-aware mutator. */
#ifndef FUZZ_PLANTED_PLANT_GRAMMAR_H
#define FUZZ_PLANTED_PLANT_GRAMMAR_H

#include "fuzz/mutate/mutate.h"

extern const struct mutate_grammar plant_grammar;

#endif
