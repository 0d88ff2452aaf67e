/* The keys of --expect. */
#include "conformance/runner/expect.h"

#include "conformance/runner/load.h"

static const struct known {
    const char *key;
    uint64_t least, most;
} all[] = {
#define EXPECT(key, least, most) {key, least, most},
#include "conformance/runner/expectations.def"
#undef EXPECT
};

static bool unknown(const char *key, struct problem *why)
{
    struct buf keys;

    buf_init(&keys, sizeof(why->text) / 2);
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        buf_printf(&keys, "%s%s", i ? ", " : "", all[i].key);
    problem_set(why, "--expect \"%.64s\": no check heeds this key; known are %s", key,
                buf_text(&keys));
    buf_free(&keys);
    return false;
}

bool expect_allows(const struct expectation *e, struct problem *why)
{
    uint64_t number;

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        const struct known *k = &all[i];

        if (!text_eq(k->key, e->key))
            continue;
        if (k->most == 0)
            return !*e->value || problem_set(why, "--expect %s takes no value", k->key);
        return text_number(e->value, k->least, k->most, &number) ||
               problem_set(why, "--expect %s needs a number from %llu to %llu, not \"%.64s\"",
                           k->key, (unsigned long long)k->least, (unsigned long long)k->most,
                           e->value);
    }
    return unknown(e->key, why);
}
