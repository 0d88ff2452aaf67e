/* The target of a fuzzer that has one: compiled once for each, with FUZZ_ONE as its symbol. */
#include "fuzz/target.h"

extern const struct fuzz_target FUZZ_ONE;

const struct fuzz_target *const fuzz_target_this = &FUZZ_ONE;
