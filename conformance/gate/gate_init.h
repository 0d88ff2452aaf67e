/* A gate file to begin with: the target at hand, and in comments what else can be said. */
#ifndef CONFORMANCE_GATE_GATE_INIT_H
#define CONFORMANCE_GATE_GATE_INIT_H

#include "harness/base/text.h"

struct gate_init {
    const char *url;   /* NULL: an echo server of the reader's own */
    const char *spawn; /* or NULL */
    const char *speak; /* or NULL */
};

/* Prints the file to standard output. False with the reason where the URL is none. */
bool gate_init_print(const struct gate_init *model, struct problem *why) MUST_USE;

#endif
