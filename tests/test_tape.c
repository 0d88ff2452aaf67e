/* What a check keeps on its tape, and the exhibit that is made of it. */
#include <stdlib.h>
#include <string.h>

#include "conformance/runner/tape.h"
#include "harness/net/address.h"
#include "tests/unit.h"

static struct tape *tape;

static int open_tape(void **state UNUSED)
{
    tape = tape_new();
    if (!tape)
        return -1;
    tape_label(tape)->used = true;
    return 0;
}

static int close_tape(void **state UNUSED)
{
    tape_free(tape);
    return 0;
}

static void put(enum who who, unsigned connection, struct slice octets, const char *what)
{
    struct act act = {.t_us = 7,
                      .who = who,
                      .kind = EVENT_OCTETS,
                      .connection = connection,
                      .octets = octets,
                      .what = what};

    tape_put(tape, &act);
}

static void test_acts(void **state UNUSED)
{
    put(WHO_US, 1, slice_str("question"), "sent");
    tape_mark(tape, ACT_URGENT);
    put(WHO_TARGET, 1, slice_str("a"), "");
    assert_int_equal(tape_last_us(tape), 7);
    struct exhibit *e = tape_exhibit(tape);
    assert_non_null(e);
    assert_int_equal(e->act_count, 2);
    assert_octets(e->acts[0].octets, slice_str("question"));
    assert_string_equal(e->acts[0].what, "sent");
    assert_int_equal(e->acts[0].flags, ACT_URGENT);
    assert_int_equal(e->acts[1].flags, 0);
    /* FNV-1a of "a", from the tables of its authors */
    assert_true(e->acts[1].hash == 0xaf63dc4c8601ec8c);
    exhibit_free(e);
}

/* The first octets of a connection are kept whole, of further acts the begin; nothing is counted
   short. */
static void test_bounds(void **state UNUSED)
{
    size_t large = TAPE_KEPT - 10;
    uint8_t *octets = calloc(1, large);

    assert_non_null(octets);
    put(WHO_US, 1, slice_of(octets, large), "");
    put(WHO_US, 1, slice_of(octets, large), "");
    put(WHO_TARGET, 1, slice_of(octets, large), "");
    put(WHO_US, 2, slice_of(octets, large), "");
    struct exhibit *e = tape_exhibit(tape);
    assert_non_null(e);
    assert_int_equal(e->act_count, 4);
    assert_int_equal(e->acts[0].octets.len, large);
    assert_int_equal(e->acts[1].octets.len, EVENT_BYTES_MAX);
    assert_int_equal(e->acts[1].length, large);
    assert_int_equal(e->acts[2].octets.len, large);
    assert_int_equal(e->acts[3].octets.len, large);
    exhibit_free(e);
    free(octets);
}

/* What has no room is counted, and what comes behind it is not taken for its sequel. */
static void test_full(void **state UNUSED)
{
    uint8_t octets[1000] = {0};
    unsigned many = 100000;

    for (unsigned i = 0; i < many; i++)
        put(WHO_US, 1, slice_of(octets, sizeof(octets)), "words");
    put(WHO_TARGET, 1, slice_of(octets, 1), "");
    struct exhibit *e = tape_exhibit(tape);
    assert_non_null(e);
    assert_true(e->acts_lost > 0);
    assert_int_equal(e->act_count + e->acts_lost, many + 1);
    exhibit_free(e);
    tape_reset(tape);
    tape_label(tape)->used = true;
    e = tape_exhibit(tape);
    assert_non_null(e);
    assert_int_equal(e->act_count + e->acts_lost, 0);
    exhibit_free(e);
}

/* Behind the break nothing belongs to it. */
static void test_settled(void **state UNUSED)
{
    put(WHO_US, 1, slice_str("x"), "");
    tape_label(tape)->settled = true;
    put(WHO_US, 1, slice_str("y"), "");
    tape_mark(tape, ACT_URGENT);
    struct exhibit *e = tape_exhibit(tape);
    assert_non_null(e);
    assert_int_equal(e->act_count, 1);
    assert_int_equal(e->acts[0].flags, 0);
    exhibit_free(e);
}

/* A check that has gone wild may leave anything in the label. */
static void test_wild_label(void **state UNUSED)
{
    struct tape_label *label = tape_label(tape);

    put(WHO_US, 1, slice_str("x"), "");
    memset(label, 0xff, sizeof(*label));
    label->used = label->settled = label->silent = label->inside = label->we_serve = true;
    label->medium = EXHIBIT_STREAM;
    struct exhibit *e = tape_exhibit(tape);
    assert_non_null(e);
    assert_int_equal(strlen(e->sockets), TAPE_SOCKETS - 1);
    assert_int_equal(strlen(e->own), TAPE_OWN - 1);
    assert_int_equal(e->ip_len, 0);
    exhibit_free(e);
}

/* Without a tape there is still what the runner knows. */
static void test_words(void **state UNUSED)
{
    struct exhibit *e = tape_exhibit(NULL);

    assert_non_null(e);
    exhibit_put_state(e, "it runs");
    exhibit_put_words(e, slice_str("out"), slice_str("error"));
    assert_string_equal(e->state, "it runs");
    assert_octets(e->said, slice_str("out"));
    assert_octets(e->complained, slice_str("error"));
    assert_true(e->spawned);
    assert_string_equal(e->path, "");
    exhibit_free(e);
    exhibit_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_acts, open_tape, close_tape),
        cmocka_unit_test_setup_teardown(test_bounds, open_tape, close_tape),
        cmocka_unit_test_setup_teardown(test_full, open_tape, close_tape),
        cmocka_unit_test_setup_teardown(test_settled, open_tape, close_tape),
        cmocka_unit_test_setup_teardown(test_wild_label, open_tape, close_tape),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
