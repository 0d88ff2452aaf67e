/*
 * Broken fuzz targets, each of which `assay fuzz doctor` has to refuse for its own reason
 * (tests/test_fuzz_doctor.c), and two that it has to let through.
 */
#ifndef TESTS_RIGS_RIG_H
#define TESTS_RIGS_RIG_H

#include "fuzz/target.h"

extern const struct fuzz_target fuzz_target_rig_sound;
extern const struct fuzz_target fuzz_target_rig_blind;
extern const struct fuzz_target fuzz_target_rig_empty;
extern const struct fuzz_target fuzz_target_rig_moody;
extern const struct fuzz_target fuzz_target_rig_loud;
extern const struct fuzz_target fuzz_target_rig_deaf;
extern const struct fuzz_target fuzz_target_rig_extra;

/* What all of them attack: takes octets apart by many branches, and comes to the canary where they
   begin with "deep". */
void rig_decode(struct slice input);

/* What it makes of them, so that the compiler leaves no branch out. */
extern volatile unsigned rig_weight;

/* The rest of a target. */
#define RIG(rig, function)                                                                         \
    const struct fuzz_target fuzz_target_rig_##rig = {                                             \
        .name = "rig-" #rig,                                                                       \
        .what = "a rig for the doctor",                                                            \
        .form = FUZZ_OCTETS,                                                                       \
        .max = 4096,                                                                               \
        .memory = 65536,                                                                           \
        .stack = 65536,                                                                            \
        .run = function,                                                                           \
    }

#endif
