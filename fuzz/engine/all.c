/* The list of all targets, and words for them. */
#include "fuzz/engine/commands.h"
#include "harness/base/text.h"

const struct fuzz_target *const fuzz_targets[] = {
#define FUZZ_TARGET(symbol, name) &fuzz_target_##symbol,
#include "fuzz/targets.def"
#undef FUZZ_TARGET
    NULL,
};

const struct fuzz_target *fuzz_target_find(const char *name)
{
    for (size_t i = 0; fuzz_targets[i]; i++) {
        if (text_eq(fuzz_targets[i]->name, name))
            return fuzz_targets[i];
    }
    return NULL;
}

const char *fuzz_form_name(enum fuzz_form form)
{
    static const char *const names[] = {
        [FUZZ_OCTETS] = "octets",   [FUZZ_MESSAGE] = "message", [FUZZ_CALLS] = "calls",
        [FUZZ_REPLIES] = "replies", [FUZZ_TEXT] = "text",
    };

    return names[form];
}
