/* Does something else every other time, as what keeps a cache or looks at the clock does. */
#include "tests/rigs/rig.h"

static void run(struct slice input)
{
    static unsigned runs;

    if (++runs % 2)
        rig_decode(slice_sub(input, 0, 5));
    else
        rig_decode(input);
}

RIG(moody, run);
