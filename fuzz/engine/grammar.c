/* Grammars of targets. */
#include "fuzz/engine/grammar.h"

#include "fuzz/target.h"

const struct mutate_grammar *grammar_of(const struct fuzz_target *target)
{
    static const struct mutate_grammar *const of_form[FUZZ_FORMS] = {
        [FUZZ_MESSAGE] = &mutate_grammar_message,
        [FUZZ_CALLS] = &mutate_grammar_calls,
        [FUZZ_REPLIES] = &mutate_grammar_replies,
    };

    return target->grammar ? target->grammar : of_form[target->form];
}
