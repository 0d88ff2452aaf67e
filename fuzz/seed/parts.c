/* Seeds that are parts of others, or others with something in front. */
#include <string.h>

#include "fuzz/seed/sets.h"

enum { CREDENTIAL_AT = 24, SETTINGS = 4 };

/* Of a call the credential, the verifier and what follows. */
static void visit_credential(void *into, const char *name, struct slice octets)
{
    const struct seed_visitor *v = into;

    if (octets.len > CREDENTIAL_AT)
        v->visit(v->into, name, slice_from(octets, CREDENTIAL_AT));
}

void seed_credentials(const struct fuzz_target *target, const struct seed_visitor *v)
{
    seed_messages(target, &(struct seed_visitor){visit_credential, (void *)(uintptr_t)v});
}

/* Four octets say how the stream is cut and read. */
static void visit_stream(void *into, const char *name, struct slice octets)
{
    const struct seed_visitor *v = into;
    uint8_t whole[SEED_OCTETS_MAX] = {0};

    if (octets.len > sizeof(whole) - SETTINGS)
        return;
    if (octets.len)
        memcpy(whole + SETTINGS, octets.data, octets.len);
    v->visit(v->into, name, slice_of(whole, SETTINGS + octets.len));
}

void seed_streams(const struct fuzz_target *target, const struct seed_visitor *v)
{
    seed_calls(target, &(struct seed_visitor){visit_stream, (void *)(uintptr_t)v});
}
