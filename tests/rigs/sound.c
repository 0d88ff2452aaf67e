/* A rig that is in order. */
#include "tests/rigs/rig.h"

RIG(sound, rig_decode);
