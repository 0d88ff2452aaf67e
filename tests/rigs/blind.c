/* Its work is done where the compiler has put no counters in, as in a library without source. */
#include "tests/rigs/rig.h"

__attribute__((no_sanitize("coverage"))) static void run(struct slice input)
{
    if (slice_starts(input, slice_str("deep")))
        fuzz_canary();
}

RIG(blind, run);
