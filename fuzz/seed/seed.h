/*
 * Where campaigns begin: small cases that go deep, made by our own writers of RPC. What a target
 * gets depends on what its cases are (its form), and on its name where its cases have a shape of
 * their own. corpus/ holds what this makes: a test compares, and `assay fuzz seed corpus` writes it
 * anew.
 */
#ifndef FUZZ_SEED_SEED_H
#define FUZZ_SEED_SEED_H

#include "fuzz/target.h"
#include "harness/base/buf.h"

enum { SEED_OCTETS_MAX = 4096 };

struct seed_visitor {
    /* One seed; both are valid during the visit. The name is one of a file. */
    void (*visit)(void *into, const char *name, struct slice octets);
    void *into;
};

/* Visits the seeds of a target. None of them is longer than the target takes. */
void seed_each(const struct fuzz_target *target, const struct seed_visitor *visitor);

/* Appends the dictionary of a form, as libFuzzer and AFL++ read it: one word on each line. */
void seed_dictionary(enum fuzz_form form, struct buf *out);

#endif
