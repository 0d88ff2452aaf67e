/* The list of accepted differences. */
#include "fuzz/oracle/accepted.h"

#include <string.h>

#include "harness/base/text.h"

static const struct accepted list[] = {
#define ACCEPTED(id, type, fault, field, clause, reason)                                           \
    {id, type, WIRE_##fault, field, clause, reason},
#include "fuzz/oracle/accepted.def"
#undef ACCEPTED
};

static unsigned long met[ARRAY_LEN(list)];

bool accepted_fault(const char *type, const struct wire_in *in)
{
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        if (list[i].fault == in->fault && text_glob(list[i].type, type) &&
            text_glob(list[i].field, in->field)) {
            met[i]++;
            return true;
        }
    }
    return false;
}

const struct accepted *accepted_at(size_t number)
{
    return number < ARRAY_LEN(list) ? &list[number] : NULL;
}

unsigned long accepted_met(const struct accepted *accepted)
{
    return met[accepted - list];
}

void accepted_reset(void)
{
    memset(met, 0, sizeof(met));
}
