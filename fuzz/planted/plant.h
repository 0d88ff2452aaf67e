/*
 * Faults that can be planted into the decoder and dispatcher of this folder, one at a time and at
 * run time: they are the ground truth by which the oracles and the engines are measured. Without
 * one that code is meant to be correct.
 *
 * The faults stand in planted.def. Each place that can be faulty asks planted(), so that one
 * program serves all of them.
 */
#ifndef FUZZ_PLANTED_PLANT_H
#define FUZZ_PLANTED_PLANT_H

#include "fuzz/oracle/finding.h"

enum plant {
#define PLANTED(name, id, rows, oracle, also, executions, what) PLANT_##name,
#include "fuzz/planted/planted.def"
#undef PLANTED
    PLANTS, /* how many there are; also: none of them */
};

struct plant_row {
    const char *name;
    const char *rows; /* of the history, or "-" */
    enum oracle oracle;
    uint32_t oracles;    /* all that may find it: bits 1 << enum oracle */
    uint64_t executions; /* within which it is found from nothing */
    const char *what;
};

const struct plant_row *plant_row(enum plant fault);

/* The fault of that name; false where there is none. */
bool plant_find(const char *name, enum plant *ret);

/* Plants one; PLANTS: none. Only between two cases. */
void plant_choose(enum plant fault);

/* Whether it is planted. */
bool planted(enum plant fault);

/* What is written to or read from where nothing is dies there, in every build: the undefined
   behaviour of these functions is their purpose. */
#define PLANT_UNDEFINED __attribute__((no_sanitize("undefined"), noinline))

#endif
