/* What the rigs attack. */
#include "tests/rigs/rig.h"

/* One branch for each value, so that the seeds of a rig reach as many blocks as they have octets.
 */
static unsigned weigh(uint8_t octet)
{
    switch (octet % 64) {
#define ROW(n)                                                                                     \
    case n:                                                                                        \
        return octet * 3U + n;
#define ROWS(n) ROW(n) ROW(n + 1) ROW(n + 2) ROW(n + 3) ROW(n + 4) ROW(n + 5) ROW(n + 6) ROW(n + 7)
        ROWS(0)
        ROWS(8)
        ROWS(16)
        ROWS(24)
        ROWS(32)
        ROWS(40)
        ROWS(48)
        ROWS(56)
#undef ROWS
#undef ROW
    default:
        return 0;
    }
}

volatile unsigned rig_weight;

void rig_decode(struct slice input)
{
    for (size_t i = 0; i < input.len; i++)
        rig_weight += weigh(input.data[i]);
    if (slice_starts(input, slice_str("deep")))
        fuzz_canary();
}
