/*
 * Every parser under attack: each seed, all its prefixes and mutated forms of it lie at the end of
 * an unreadable page. None of them may crash, read on, or decide twice differently; who refuses
 * with words has some. What is accepted must hold what its row claims of it.
 */
#include <string.h>

#include "fuzz/oracle/finding.h"
#include "harness/base/rng.h"
#include "tests/guard.h"
#include "tests/parsers.h"
#include "tests/unit.h"

enum { MUTATIONS = 2000, CHANGES_MAX = 4, SEEDS_MAX = 16 };

static struct guard guard;

struct seeds {
    struct buf items[SEEDS_MAX];
    unsigned count;
};

static void open_seeds(const struct parser *p, struct seeds *s)
{
    s->count = 0;
    do {
        assert_true(s->count < SEEDS_MAX);
        buf_init(&s->items[s->count], PARSER_INPUT_MAX);
    } while (parser_seed(p, s->count, &s->items[s->count]) && ++s->count);
    assert_true(s->count > 0);
}

static void close_seeds(struct seeds *s)
{
    for (unsigned i = 0; i <= s->count; i++)
        buf_free(&s->items[i]);
}

static struct slice put(const struct parser *p, struct slice octets)
{
    if (!p->text)
        return guard_put(&guard, octets);
    return slice_of(guard_text(&guard, octets), octets.len);
}

static bool feed(const struct parser *p, struct slice octets)
{
    struct problem why = {.text = ""};

    bool first = p->take(put(p, octets), &why);
    if (!first && p->says && (!why.text[0] || strchr(why.text, '\n')))
        fail_msg("%s does not say on one line why it refuses: \"%s\"", p->name, why.text);
    if (p->take(put(p, octets), &why) != first)
        fail_msg("%s decides now so, now so", p->name);
    if (finding_count() > 0)
        fail_msg("%s", finding_at(0)->text);
    return first;
}

/* ---- mutations ---- */

static size_t place(struct rng *r, const struct buf *b)
{
    return (size_t)rng_below(r, b->len + 1);
}

static void flip(struct rng *r, struct buf *b)
{
    if (b->len > 0)
        b->data[rng_below(r, b->len)] ^= (uint8_t)(1U << rng_below(r, 8));
}

static void put_odd_octet(struct rng *r, struct buf *b)
{
    static const uint8_t octets[] = "\0\x7f\x80\xff%{}\":;,-*?=\n\r \t'\\#/@[]09";

    if (b->len > 0)
        b->data[rng_below(r, b->len)] = octets[rng_below(r, sizeof(octets))];
}

static void put_odd_word(struct rng *r, struct buf *b)
{
    static const uint32_t words[] = {0,          1,          2,          255,       256,
                                     400,        401,        1U << 16,   1U << 30,  0x7fffffff,
                                     0x80000000, 0x80000004, 0xfffffffc, 0xffffffff};
    uint32_t word = words[rng_below(r, ARRAY_LEN(words))];

    if (b->len < 4)
        return;
    size_t at = (size_t)rng_below(r, b->len / 4) * 4;
    for (unsigned i = 0; i < 4; i++)
        b->data[at + i] = (uint8_t)(word >> (24 - 8 * i));
}

/* A copy of a stretch stands at another place: the text in front, the stretch, the rest. */
static void insert(struct buf *b, size_t at, struct slice stretch)
{
    struct buf out;

    buf_init(&out, PARSER_INPUT_MAX);
    buf_put(&out, slice_sub(buf_slice(b), 0, at));
    buf_put(&out, stretch);
    buf_put(&out, slice_from(buf_slice(b), at));
    if (out.failed) {
        buf_free(&out);
        return;
    }
    buf_free(b);
    *b = out;
}

static void repeat(struct rng *r, struct buf *b)
{
    size_t from = place(r, b);

    insert(b, place(r, b), slice_sub(buf_slice(b), from, place(r, b)));
}

static void erase(struct rng *r, struct buf *b)
{
    size_t at = place(r, b);
    size_t len = size_min(place(r, b), b->len - at);

    memmove(b->data + at, b->data + at + len, b->len - at - len);
    b->len -= len;
}

static void mutate(struct rng *r, const struct seeds *s, struct buf *out)
{
    static void (*const changes[])(struct rng * r, struct buf * b) = {flip, put_odd_octet,
                                                                      put_odd_word, repeat, erase};
    const struct buf *other = &s->items[rng_below(r, s->count)];
    unsigned count = 1 + (unsigned)rng_below(r, CHANGES_MAX);

    buf_reset(out);
    buf_put(out, buf_slice(&s->items[rng_below(r, s->count)]));
    if (rng_below(r, 8) == 0)
        insert(out, place(r, out), slice_from(buf_slice(other), place(r, other)));
    for (unsigned i = 0; i < count; i++)
        changes[rng_below(r, ARRAY_LEN(changes))](r, out);
}

/* ---- tests ---- */

static void each_parser(void (*try_one)(const struct parser *p, const struct seeds *s))
{
    static const struct parser *(*const tables[])(size_t number) = {parser_at, runner_parser_at};
    const struct parser *p;
    struct seeds seeds;

    guard_open(&guard, PARSER_INPUT_MAX + 1);
    finding_open("parsers", FINDING_KEEP);
    for (size_t table = 0; table < ARRAY_LEN(tables); table++) {
        for (size_t i = 0; (p = tables[table](i)); i++) {
            open_seeds(p, &seeds);
            try_one(p, &seeds);
            close_seeds(&seeds);
        }
    }
    guard_close(&guard);
}

static void try_seeds(const struct parser *p, const struct seeds *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        if (!feed(p, buf_slice(&s->items[i])))
            fail_msg("%s refuses its seed %u", p->name, i);
    }
}

static void test_seeds(void **state UNUSED)
{
    each_parser(try_seeds);
}

static void try_prefixes(const struct parser *p, const struct seeds *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        for (size_t len = 0; len < s->items[i].len; len++)
            feed(p, slice_sub(buf_slice(&s->items[i]), 0, len));
    }
}

static void test_prefixes(void **state UNUSED)
{
    each_parser(try_prefixes);
}

/* Some of what is mutated is refused: else the parser takes anything, and its row shows nothing. */
static void try_mutations(const struct parser *p, const struct seeds *s)
{
    static const char *const takes_all[] = {"text_shell_word", "text_quote",
                                            "exchange_match chargen"};
    unsigned refused = 0;
    struct buf input;
    struct rng r;

    rng_seed(&r, 1, p->name);
    buf_init(&input, PARSER_INPUT_MAX);
    for (unsigned i = 0; i < MUTATIONS; i++) {
        mutate(&r, s, &input);
        refused += !feed(p, buf_slice(&input));
    }
    buf_free(&input);
    for (size_t i = 0; i < ARRAY_LEN(takes_all); i++)
        refused += text_eq(p->name, takes_all[i]);
    if (refused == 0)
        fail_msg("%s has refused nothing", p->name);
}

static void test_mutations(void **state UNUSED)
{
    each_parser(try_mutations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_mutations),
    };

    return cmocka_run_group_tests_name("parsers", tests, NULL, NULL);
}
