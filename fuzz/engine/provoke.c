/* Two faults on purpose. */
#include "fuzz/engine/provoke.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

enum { BLOCK = 8 };

int provoke_overflow(void)
{
    static uint8_t *volatile block; /* of which the compiler knows nothing */

    block = calloc(1, BLOCK);
    int octet = block ? block[BLOCK] : 0; /* NOLINT: it is the purpose */
    free(block);
    return octet;
}

int provoke_undefined(void)
{
    volatile int most = INT_MAX;

    return most + most;
}
