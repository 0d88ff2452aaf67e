/*
 * The structure-aware mutator as libFuzzer calls it. ASSAY_FUZZ_MUTATE=plain in the environment
 * leaves all mutation to libFuzzer, so that both can be compared.
 */
#include <stdlib.h>

#include "fuzz/engine/grammar.h"
#include "fuzz/target.h"
#include "harness/base/text.h"

enum { PLAIN_ONCE_IN = 16, CROSS_ONCE_IN = 8 };

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
/* NOLINTNEXTLINE(readability-function-size): the parameters are libFuzzer's */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
                                 size_t size2, uint8_t *out, size_t max, unsigned seed);

/* NULL where mutation is plain. */
static const struct mutate_grammar *grammar(void)
{
    static bool asked;
    static const struct mutate_grammar *found;

    if (asked)
        return found;
    asked = true;
    const char *wish = getenv("ASSAY_FUZZ_MUTATE");
    if (!wish || !text_eq(wish, "plain"))
        found = grammar_of(fuzz_target_this);
    mutate_octets_by(LLVMFuzzerMutate);
    return found;
}

/* Now and then libFuzzer changes the whole: what no table knows. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    const struct mutate_grammar *g = grammar();

    if (!g || (size > 1 && seed % PLAIN_ONCE_IN == 0))
        return LLVMFuzzerMutate(data, size, max);
    return mutate_case(g, data, size, max, seed);
}

/* libFuzzer would cross every other time, which is too often: cases would only grow. Returning 0
   makes it draw another mutation. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
                                 size_t size2, uint8_t *out, size_t max, unsigned seed)
{
    const struct mutate_grammar *g = grammar();
    const struct mutate_parent parents[2] = {{data1, size1}, {data2, size2}};

    if (!g)
        return 0;
    if (seed % CROSS_ONCE_IN == 0 || size1 > max)
        return mutate_cross(g, parents, out, max, seed);
    memcpy(out, data1, size1);
    return mutate_case(g, out, size1, max, seed);
}
