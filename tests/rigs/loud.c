/* Writes to standard output by its descriptor, where no stream can be caught. */
#include <unistd.h>

#include "tests/rigs/rig.h"

static void run(struct slice input)
{
    rig_decode(input);
    if (write(STDOUT_FILENO, "decoded\n", 8) < 0)
        _exit(1);
}

RIG(loud, run);
