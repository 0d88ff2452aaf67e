/*
 * The structure-aware mutator as AFL++ 4.04c loads it (AFL_CUSTOM_MUTATOR_LIBRARY): a shared object
 * of its own, which knows no target. ASSAY_FUZZ_GRAMMAR names the grammar; without, it is calls.
 * Only what that version calls is here.
 */
#include <stdlib.h>

#include "fuzz/mutate/mutate.h"
#include "harness/base/log.h"
#include "harness/base/rng.h"
#include "harness/base/text.h"

enum { CROSS_ONCE_IN = 8, HAVOC_PERCENT = 30 };

struct afl {
    const struct mutate_grammar *grammar;
    struct rng rng;
    uint8_t out[MUTATE_MAX];
};

/* The afl_custom_ names and their parameters are AFL++'s. */
void *afl_custom_init(void *engine, unsigned seed);
void afl_custom_deinit(void *state);
/* NOLINTNEXTLINE(readability-function-size) */
size_t afl_custom_fuzz(void *state, uint8_t *data, size_t size, uint8_t **ret_out, uint8_t *other,
                       size_t other_size, size_t max);
size_t afl_custom_havoc_mutation(void *state, uint8_t *data, size_t size, uint8_t **ret_out,
                                 size_t max);
uint8_t afl_custom_havoc_mutation_probability(void *state);

void *afl_custom_init(void *engine UNUSED, unsigned seed)
{
    static struct afl afl;
    const char *name = getenv("ASSAY_FUZZ_GRAMMAR");

    afl.grammar = mutate_grammar_find(name && *name ? name : "calls");
    if (!afl.grammar) {
        log_error("ASSAY_FUZZ_GRAMMAR=%s: there is no such grammar", name);
        exit(EXIT_FAILURE); /* where NULL is returned, 4.04c goes on and crashes */
    }
    rng_seed(&afl.rng, seed, "afl");
    return &afl;
}

void afl_custom_deinit(void *state UNUSED)
{
}

size_t afl_custom_havoc_mutation(void *state, uint8_t *data, size_t size, uint8_t **ret_out,
                                 size_t max)
{
    struct afl *afl = state;

    max = size_min(max, sizeof(afl->out));
    size = size_min(size, max);
    memcpy(afl->out, data, size);
    *ret_out = afl->out;
    return mutate_case(afl->grammar, afl->out, size, max, (unsigned)rng_next(&afl->rng));
}

size_t afl_custom_fuzz(void *state, uint8_t *data, size_t size, uint8_t **ret_out, uint8_t *other,
                       size_t other_size, size_t max)
{
    struct afl *afl = state;
    const struct mutate_parent parents[2] = {{data, size}, {other, other_size}};

    if (!other || rng_below(&afl->rng, CROSS_ONCE_IN) > 0)
        return afl_custom_havoc_mutation(state, data, size, ret_out, max);
    *ret_out = afl->out;
    max = size_min(max, sizeof(afl->out));
    return mutate_cross(afl->grammar, parents, afl->out, max, (unsigned)rng_next(&afl->rng));
}

uint8_t afl_custom_havoc_mutation_probability(void *state UNUSED)
{
    return HAVOC_PERCENT;
}
