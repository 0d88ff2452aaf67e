/*
 * For each fault the case that shows it: calls as a client sends them over TCP. The files
 * corpus/planted/NAME are these, and a test compares them.
 */
#ifndef FUZZ_PLANTED_PLANT_CASES_H
#define FUZZ_PLANTED_PLANT_CASES_H

#include "fuzz/planted/plant.h"
#include "harness/base/buf.h"

enum { PLANT_CASE_MAX = 4096 };

/* Appends the case. The buffer has failed where there was no memory. */
void plant_case(enum plant fault, struct buf *out);

#endif
