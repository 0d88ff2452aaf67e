/*
 * What the oracles know of the planted server: the rules for the model of MSGPROG, with the further
 * procedures, read by harness/rpc and not by what is judged.
 */
#ifndef FUZZ_PLANTED_PLANT_MODEL_H
#define FUZZ_PLANTED_PLANT_MODEL_H

#include "fuzz/oracle/model.h"

extern const struct model_rules plant_rules;

#endif
