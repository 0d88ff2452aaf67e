/* The list of all targets. */
#include "fuzz/target.h"

const struct fuzz_target *const fuzz_targets[] = {
#define FUZZ_TARGET(symbol, name) &fuzz_target_##symbol,
#include "fuzz/targets.def"
#undef FUZZ_TARGET
    NULL,
};
