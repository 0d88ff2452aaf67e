/* A case as a person reads it: field by field where it is made of RPC messages. */
#ifndef FUZZ_ENGINE_SHOW_H
#define FUZZ_ENGINE_SHOW_H

#include <jansson.h>

#include "fuzz/target.h"

/* Writes it to standard output; `colour` for a terminal. */
void show_text(struct slice octets, enum fuzz_form form, bool colour);

/* An array of {offset, length, name, meaning, wrong}; NULL where the form has no fields. The caller
   owns it. */
json_t *show_json(struct slice octets, enum fuzz_form form);

#endif
