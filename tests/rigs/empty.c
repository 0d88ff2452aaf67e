/* Dies of an input without octets. */
#include <stdlib.h>

#include "tests/rigs/rig.h"

static void run(struct slice input)
{
    if (input.len == 0)
        abort();
    rig_decode(input);
}

RIG(empty, run);
