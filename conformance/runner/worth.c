/* Choosing checks by what they are worth. */
#include "conformance/runner/worth.h"

#include <stdlib.h>

static const struct worth rows[] = {
#define WORTH(id, twins, ms) {id, twins, ms},
#include "conformance/runner/worth.def"
#undef WORTH
};

struct worth worth_of(const char *id)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (text_eq(rows[i].id, id))
            return rows[i];
    }
    return (struct worth){.id = id, .ms = 1};
}

struct choice {
    struct worth worth;
    size_t place; /* in the list */
};

/* The better one first; of two that are alike the one that stands first. */
static int by_worth(const void *a, const void *b)
{
    const struct choice *x = a;
    const struct choice *y = b;
    uint64_t left = (uint64_t)x->worth.twins * y->worth.ms;
    uint64_t right = (uint64_t)y->worth.twins * x->worth.ms;

    if (left != right)
        return left > right ? -1 : 1;
    return x->place < y->place ? -1 : 1;
}

void worth_keep(const struct check **checks, size_t *count, int64_t budget_ms)
{
    struct choice *choices = calloc(*count + 1, sizeof(*choices));
    bool *kept = calloc(*count + 1, sizeof(*kept));
    size_t left = 0;

    for (size_t i = 0; choices && i < *count; i++)
        choices[i] = (struct choice){.worth = worth_of(checks[i]->id), .place = i};
    if (choices && kept && *count > 0) {
        qsort(choices, *count, sizeof(*choices), by_worth);
        for (size_t i = 0; i < *count; i++) {
            if (i > 0 && budget_ms < choices[i].worth.ms)
                continue; /* a shorter one behind it may fit */
            kept[choices[i].place] = true;
            budget_ms -= choices[i].worth.ms;
        }
        for (size_t i = 0; i < *count; i++) {
            if (kept[i])
                checks[left++] = checks[i];
        }
        *count = left;
    }
    free(choices);
    free(kept);
}
