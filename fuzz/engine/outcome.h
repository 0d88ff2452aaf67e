/*
 * One case in a process of its own: what it finds, and what its death says where it dies. Whatever
 * the case does to the process, ours goes on.
 */
#ifndef FUZZ_ENGINE_OUTCOME_H
#define FUZZ_ENGINE_OUTCOME_H

#include "fuzz/engine/live.h"
#include "fuzz/oracle/finding.h"
#include "fuzz/target.h"

enum { OUTCOME_WORDS_MAX = 4096 };

struct outcome {
    bool decided; /* false: `why` says why there is no verdict */
    struct problem why;
    size_t count;
    struct finding findings[FINDINGS_MAX];
    bool known_new;                    /* findings that are known count as new */
    char complaint[OUTCOME_WORDS_MAX]; /* what a sanitizer has said, or "" */
};

/* The case through a target. False where our machine cannot. */
bool outcome_of_target(const struct fuzz_target *target, struct slice octets, struct outcome *ret,
                       struct problem *why) MUST_USE;

/* The case against a server. */
bool outcome_of_server(const struct live_options *options, struct slice octets, struct outcome *ret,
                       struct problem *why) MUST_USE;

/* How many of them are no known defects. */
size_t outcome_new(const struct outcome *o);

#endif
