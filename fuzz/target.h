/*
 * A fuzz target: a function that hands one case to the code under attack, and judges what came of
 * it by the oracles (fuzz/oracle/finding.h). One file in fuzz/target/ each, one symbol each, listed
 * in targets.def.
 *
 * The same target is run by libFuzzer, by AFL++, and by `assay-fuzz`, which replays cases. A target
 * therefore keeps nothing from one case to the next: the same case gives the same findings,
 * whatever ran before.
 */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include "harness/base/slice.h"

/* What the octets of a case are. */
enum fuzz_form {
    FUZZ_OCTETS,  /* what the target says in `what` */
    FUZZ_MESSAGE, /* one RPC message, a datagram */
    FUZZ_CALLS,   /* calls as a client sends them over TCP: record marked, several per case */
    FUZZ_REPLIES, /* replies as a server sends them over TCP */
    FUZZ_TEXT,    /* a text for people; a NUL stands behind it */
    FUZZ_FORMS,
};

struct mutate_grammar;

struct fuzz_target {
    const char *name; /* as in fuzz/targets.def, with dashes */
    const char *what; /* what is attacked, one line */
    enum fuzz_form form;
    size_t max; /* octets of a case; longer ones are not run */

    /* How cases are mutated (fuzz/mutate/mutate.h); NULL: as the form is, octets as octets. */
    const struct mutate_grammar *grammar;

    /* Memory that a case may make the target hold at once: so much, and so much per octet. A
       request for more than METER_ONE_MAX at once is refused to it. */
    size_t memory;
    size_t memory_per_octet;

    /* Octets of stack that a case may make it use. */
    size_t stack;

    /* Once, before the first case; may be NULL. Ends the process where the machine fails. */
    void (*open)(void);

    /* One case. The octets belong to the caller, and end where the memory does. */
    void (*run)(struct slice input);
};

#define FUZZ_TARGET(symbol, name) extern const struct fuzz_target fuzz_target_##symbol;
#include "fuzz/targets.def"
#undef FUZZ_TARGET

/* All of them, in the order of targets.def, ended by NULL. Only programs that are made of all
   targets have it. */
extern const struct fuzz_target *const fuzz_targets[];

/* The one of a fuzzer that is made of one target; engine/one.c. */
extern const struct fuzz_target *const fuzz_target_this;

/* Runs a case under the oracles: what it allocates and leaves behind, its time, its waiting, its
   output. Calls target->open before the first one. */
void fuzz_one(const struct fuzz_target *target, struct slice input);

/*
 * A target says here that the case has come to where its campaign wants to be: a message stored, a
 * type decoded. Nothing happens unless the canary is asked for (ASSAY_FUZZ_CANARY in the
 * environment): then it is a finding, which proves that this place is reached and that a finding is
 * seen.
 */
void fuzz_canary(void);

#endif
