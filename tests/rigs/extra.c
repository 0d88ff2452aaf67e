/* In order, and seen by counters that somebody else provides: the compiler has put none in. */
#include "tests/rigs/rig.h"

enum { COUNTERS = 128 };

__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counters[COUNTERS];

__attribute__((no_sanitize("coverage"))) static void run(struct slice input)
{
    for (size_t i = 0; i < input.len; i++)
        counters[input.data[i] % COUNTERS] = 1;
    if (slice_starts(input, slice_str("deep")))
        fuzz_canary();
}

RIG(extra, run);
