/* Never hands over what it gets, as a transport that was not registered. */
#include "tests/rigs/rig.h"

static void run(struct slice input)
{
    if (input.len > 0)
        rig_decode(slice_from(input, 1));
}

RIG(deaf, run);
