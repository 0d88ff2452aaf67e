/* Tests of the language of fault schedules: every construct, every error with its place. */
#include "harness/fault/schedule.h"

#include <string.h>

#include "harness/base/rng.h"
#include "tests/guard.h"
#include "tests/unit.h"

enum { ROOM = 65536 };

static struct fault_schedule read_text(const char *text)
{
    struct fault_schedule s = {0};
    struct problem why = {.text = ""};

    if (!fault_parse("t", text, &s, &why))
        fail_msg("%s: %s", text, why.text);
    return s;
}

/* The text in canonical form, which the caller frees. */
static struct buf print(const struct fault_schedule *s)
{
    struct buf out;

    buf_init(&out, ROOM);
    fault_print(s, &out);
    assert_false(out.failed);
    return out;
}

static void assert_prints(const char *text, const char *due)
{
    struct fault_schedule s = read_text(text);
    struct buf out = print(&s);

    assert_string_equal(buf_text(&out), due);
    buf_free(&out);
}

/* ---- what is written, and its canonical form ---- */

static const struct {
    const char *text;
    const char *canonical; /* NULL: the text is */
} texts[] = {
    {"", NULL},
    {"  \n;; # nothing\n;\t\r\n", ""},
    {"up: drop 3", NULL},
    {"down: drop 3", NULL},
    {"both: drop 3", NULL},
    {"up: drop 3, 7", NULL},
    {"up:drop 3,7", "up: drop 3, 7"},
    {"up\t:\tdrop\t3 ,\t7\t", "up: drop 3, 7"},
    {"up: drop 3-7", NULL},
    {"up: drop 3-3", "up: drop 3"},
    {"up: drop 4-", NULL},
    {"up: drop 1-", "up: drop all"},
    {"up: drop all", NULL},
    {"up: drop 007", "up: drop 7"},
    {"up: drop every 5", NULL},
    {"down: drop 30%", NULL},
    {"down: drop 0%", NULL},
    {"down: drop 100%", NULL},
    {"down: drop 0.5%", NULL},
    {"down: drop 0.0001%", NULL},
    {"down: drop 12.3400%", "down: drop 12.34%"},
    {"down: drop 0.3", "down: drop 30%"},
    {"down: drop 0.000001", "down: drop 0.0001%"},
    {"down: drop 1.0", "down: drop 100%"},
    {"up: truncate 3", NULL},
    {"up: truncate 3 to 0", NULL},
    {"up: truncate 3 to 65535", NULL},
    {"up: corrupt all", NULL},
    {"up: duplicate 2", NULL},
    {"up: duplicate 2 times 1 after 0 within 1s", "up: duplicate 2"},
    {"up: duplicate 2 within 2s after 5 times 3", "up: duplicate 2 times 3 after 5 within 2s"},
    {"up: reorder 4", NULL},
    {"up: reorder 4 by 1", "up: reorder 4"},
    {"up: reorder 10% by 3 within 50ms", NULL},
    {"up: swap 4,5", "up: reorder 4"},
    {"up: swap 4,5, 9,10", "up: reorder 4, 9"},
    {"up: delay all by 20ms", NULL},
    {"up: delay all by 20ms jitter 5ms", NULL},
    {"up: delay all by 0ms jitter 0s", "up: delay all by 0s"},
    {"up: delay all by 1500ms", NULL},
    {"up: delay all by 3000ms", "up: delay all by 3s"},
    {"up: delay all by 1000us", "up: delay all by 1ms"},
    {"up: delay all by 3600s", NULL},
    {"up: cut 10", NULL},
    {"up: cut 1-100", NULL},
    {"up: cut 5-5", "up: cut 5"},
    {"up: cut 1-131072 pause 1ms", NULL},
    {"up: cut 10 pause 0ms", "up: cut 10"},
    {"up: coalesce 1000", NULL},
    {"up: coalesce 1000 pause 20ms", "up: coalesce 1000"},
    {"up: coalesce 1000 pause 21ms", NULL},
    {"up: rate 64000", NULL},
    {"up: stop after 1000 for 500ms", "up: stop after 1000 for 500ms"},
    {"up: stop for 500ms after 0", "up: stop after 0 for 500ms"},
    {"up: close after 0", NULL},
    {"up: reset after 1000000000000", NULL},
    {"client 2 up: drop 3", NULL},
    {"client 1, 3-5, 9- both: drop 3", NULL},
    {"client2 up: drop 3", "client 2 up: drop 3"},
    {"up: drop 3, 7; down: duplicate 2; up: swap 4,5",
     "up: drop 3, 7; down: duplicate 2; up: reorder 4"},
    {"# what is lost\nup: drop 3 # the third\n\n  down: drop 4\r\n", "up: drop 3; down: drop 4"},
};

static void test_canonical_form(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const char *due = texts[i].canonical ? texts[i].canonical : texts[i].text;

        assert_prints(texts[i].text, due);
        assert_prints(due, due);
    }
}

static void test_meaning(void **state UNUSED)
{
    struct fault_schedule s =
        read_text("client 2-3 down: duplicate 4, 8- times 2; up: drop 12.5%; both: cut 3-9\n"
                  "  up: stop after 7 for 2ms");
    const struct fault_clause *c = s.clauses;

    assert_int_equal(s.count, 4);
    assert_true(c->kind == FAULT_DUPLICATE && c->ways == 1U << FAULT_DOWN);
    assert_int_equal(c->values[FAULT_TIMES], 2);
    assert_int_equal(c->values[FAULT_AFTER], 0);
    assert_int_equal(c->values[FAULT_WITHIN], 1000000);
    assert_int_equal(c->column, 18);
    assert_true(fault_concerns(c, 2, FAULT_DOWN) && fault_concerns(c, 3, FAULT_DOWN));
    assert_false(fault_concerns(c, 1, FAULT_DOWN) || fault_concerns(c, 4, FAULT_DOWN));
    assert_false(fault_concerns(c, 2, FAULT_UP));
    assert_true(fault_lists(&c->units, 4) && fault_lists(&c->units, 8));
    assert_true(fault_lists(&c->units, FAULT_NUMBER_MAX - 1));
    assert_false(fault_lists(&c->units, 3) || fault_lists(&c->units, 5));
    assert_true(c[1].units.choice == FAULT_CHANCE && c[1].units.chance == 125000);
    assert_true(fault_concerns(&c[1], 77, FAULT_UP) && !fault_lists(&c[1].units, 1));
    assert_true(c[2].size.first == 3 && c[2].size.last == 9);
    assert_true(fault_concerns(&c[2], 1, FAULT_UP) && fault_concerns(&c[2], 1, FAULT_DOWN));
    assert_true(c[3].line == 2 && c[3].column == 7);
    assert_true(c[3].values[FAULT_AFTER] == 7 && c[3].values[FAULT_FOR] == 2000);
    s = read_text("up: drop every 5");
    for (uint64_t n = 1; n < 20; n++)
        assert_row(n, fault_lists(&s.clauses[0].units, n) == (n % 5 == 0));
}

/* ---- errors ---- */

static const struct {
    const char *text;
    const char *message;
} errors[] = {
    {"drop 3", "t:1:1: expected client, up:, down: or both:, not \"drop\""},
    {"sideways: drop 3", "t:1:1: expected client, up:, down: or both:, not \"sideways:\""},
    {"upp: drop 3", "t:1:1: expected client, up:, down: or both:, not \"upp:\""},
    {"Up: drop 3", "t:1:1: expected client, up:, down: or both:, not \"Up:\""},
    {"client up: drop 3", "t:1:8: expected the number of a client, not \"up:\""},
    {"client 0 up: drop 3", "t:1:8: expected the number of a client, from 1 to 999999999999"},
    {"client 1, up: drop 3", "t:1:11: expected the number of a client, not \"up:\""},
    {"client 1 : drop 3", "t:1:10: expected up:, down: or both:, not \":\""},
    {"up", "t:1:3: expected a colon behind the direction, not the end"},
    {"up drop 3", "t:1:4: expected a colon behind the direction, not \"drop\""},
    {"up:", "t:1:4: expected a fault: drop, truncate, corrupt, duplicate, reorder, swap, delay, "
            "cut, coalesce, rate, stop, close or reset, not the end"},
    {"up: ; down: drop 1", "t:1:5: expected a fault"},
    {"up: # drop", "not a comment"},
    {"up: lose 3", "t:1:5: expected a fault"},
    {"up: dropp 3", "not \"dropp\""},
    {"up: drop\n3", "t:1:9: expected which datagrams: numbers as in 3, 7-9, 12-; every N; a chance "
                    "as in 30%; or all, not the end of the line"},
    {"up: drop x", "t:1:10: expected which datagrams"},
    {"up: drop 0", "t:1:10: expected the number of a datagram, from 1 to 999999999999"},
    {"up: drop 1000000000000", "t:1:10: expected the number of a datagram, from 1 to"},
    {"up: drop 99999999999999999999999999", "t:1:10: expected the number of a datagram, from 1 to"},
    {"up: drop 3,", "t:1:12: expected the number of a datagram, not the end"},
    {"up: drop 3,;", "t:1:12: expected the number of a datagram, not \";\""},
    {"up: drop 7-3", "t:1:12: the range ends before it begins"},
    {"up: drop 3 7", "t:1:12: expected the end of the clause, not \"7\""},
    {"up: drop 3 down: drop 4", "t:1:12: expected the end of the clause, not \"down:\""},
    {"up: drop 3 to 4", "t:1:12: expected the end of the clause, not \"to\""},
    {"up: drop 3.", "t:1:10: expected a chance, or a % behind it, from 0 to 1"},
    {"up: drop 0.", "t:1:12: expected a digit behind the point, not the end"},
    {"up: drop 0.5x", "t:1:13: expected the end of the clause, not \"x\""},
    {"up: drop 30.5", "t:1:10: expected a chance, or a % behind it, from 0 to 1"},
    {"up: drop 1.1", "t:1:10: a chance is at most 100%"},
    {"up: drop 0.1234567", "t:1:12: at most 6 digits behind the point"},
    {"up: drop 0.12345%", "t:1:12: at most 4 digits behind the point"},
    {"up: drop 101%", "t:1:10: expected a chance, from 0 to 100"},
    {"up: drop 100.1%", "t:1:10: a chance is at most 100%"},
    {"up: drop 30%, 4", "t:1:13: expected the end of the clause, not \",\""},
    {"up: drop 30 %", "t:1:13: expected the end of the clause, not \"%\""},
    {"up: drop every", "t:1:15: expected a number behind every, not the end"},
    {"up: drop every 0", "t:1:16: expected a number behind every, from 1 to"},
    {"up: drop every 5, 7", "t:1:17: expected the end of the clause, not \",\""},
    {"up: drop all, 7", "t:1:13: expected the end of the clause, not \",\""},
    {"up: truncate 3 to 65536", "t:1:19: expected a number behind to, from 0 to 65535"},
    {"up: truncate 3 to", "t:1:18: expected a number behind to, not the end"},
    {"up: truncate 3 to 4 to 5", "t:1:21: expected the end of the clause, not \"to\""},
    {"up: duplicate 3 times 0", "t:1:23: expected a number behind times, from 1 to 16"},
    {"up: duplicate 3 times 17", "t:1:23: expected a number behind times, from 1 to 16"},
    {"up: duplicate 3 after 65", "t:1:23: expected a number behind after, from 0 to 64"},
    {"up: duplicate 3 by 4", "t:1:17: expected times, after, within or the end of the clause"},
    {"up: duplicate 3 after 4 by 2", "t:1:25: expected times, within or the end of the clause"},
    {"up: reorder 3 by 0", "t:1:18: expected a number behind by, from 1 to 64"},
    {"up: reorder 3 within 4", "t:1:23: expected us, ms or s behind the number, not the end"},
    {"up: reorder 3 within 4min", "t:1:23: expected us, ms or s behind the number, not \"min\""},
    {"up: reorder 3 within ms", "t:1:22: expected a duration as in 20ms (us, ms or s), not \"ms\""},
    {"up: swap 4", "t:1:11: expected the numbers of two neighbours as in 4,5, not the end"},
    {"up: swap 4,6", "t:1:12: expected 5: swap is for neighbours"},
    {"up: swap 4,4", "t:1:12: expected 5"},
    {"up: swap 4,5, 6", "t:1:16: expected the numbers of two neighbours"},
    {"up: swap all", "t:1:10: expected the numbers of two neighbours as in 4,5, not \"all\""},
    {"up: delay all", "t:1:14: expected \"by\", not the end"},
    {"up: delay by 3ms", "t:1:11: expected which datagrams"},
    {"up: delay all jitter 3ms", "t:1:25: expected \"by\", not the end"},
    {"up: delay all by 3601s", "t:1:18: a duration is at most an hour"},
    {"up: delay all by 3600000000000us", "t:1:18: expected a duration as in 20ms (us, ms or s), "
                                         "from 0 to 3600000000"},
    {"up: cut", "t:1:8: expected the octets of a piece as in 10 or 1-100, not the end"},
    {"up: cut 0", "t:1:9: expected the octets of a piece as in 10 or 1-100, from 1 to 131072"},
    {"up: cut 131073", "t:1:9: expected the octets of a piece"},
    {"up: cut 9-3", "t:1:11: the range ends before it begins"},
    {"up: cut 9-", "t:1:11: expected the octets of a piece as in 10 or 1-100, not the end"},
    {"up: cut 9 after 3", "t:1:11: expected pause or the end of the clause, not \"after\""},
    {"up: coalesce 1-2", "t:1:15: expected pause or the end of the clause, not \"-2\""},
    {"up: coalesce 131073", "t:1:14: expected a number of octets, from 1 to 131072"},
    {"up: rate 0", "t:1:10: expected a number of octets per second, from 1 to 1000000000000"},
    {"up: rate fast", "t:1:10: expected a number of octets per second, not \"fast\""},
    {"up: stop after 3", "t:1:17: expected \"for\", not the end"},
    {"up: stop for 3ms", "t:1:17: expected \"after\", not the end"},
    {"up: stop 3", "t:1:10: expected after and for, not \"3\""},
    {"up: close", "t:1:10: expected \"after\", not the end"},
    {"up: reset after x", "t:1:17: expected a number behind after, not \"x\""},
    {"up: reset after 1000000000001", "t:1:17: expected a number behind after, from 0 to"},
    {"up: drop 1\n\n  down: drop 0", "t:3:14: expected the number of a datagram"},
    {"up: drop 1;\tdown drop 0", "t:1:18: expected a colon"},
    {"# one\n# two\nup: \xff\x01", "t:3:5: expected a fault"},
    {"up: drop \x1b[31m", "not \"\\x1b[31m\""},
    {"\x80", "t:1:1: expected client, up:, down: or both:, not \"\\x80\""},
    {"up: drop 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17",
     "t:1:65: more than 16 numbers or ranges in one list"},
};

static void test_errors(void **state UNUSED)
{
    struct guard g;

    guard_open(&g, 256);
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        const char *text = guard_text(&g, slice_str(errors[i].text));
        struct fault_schedule s = {.count = 0};
        struct problem why = {.text = ""};

        assert_row(i, !fault_parse("t", text, &s, &why));
        assert_contains(why.text, errors[i].message);
        assert_row(i, s.count == 0);
    }
    guard_close(&g);
}

/* What fails leaves what was there. */
static void test_all_or_nothing(void **state UNUSED)
{
    struct fault_schedule s = read_text("up: drop 1");
    struct problem why;

    assert_false(fault_parse("t", "up: drop 2; up: drop 3; up: drop", &s, &why));
    struct buf out = print(&s);
    assert_string_equal(buf_text(&out), "up: drop 1");
    buf_free(&out);
}

static void test_limits(void **state UNUSED)
{
    struct fault_schedule s = {0};
    struct problem why = {.text = ""};
    struct buf text;

    buf_init(&text, ROOM);
    for (unsigned i = 0; i < FAULT_CLAUSES_MAX; i++)
        buf_put_str(&text, "up: drop 1;");
    assert_true(fault_parse("t", buf_text(&text), &s, &why));
    assert_int_equal(s.count, FAULT_CLAUSES_MAX);
    assert_false(fault_parse_both("--drop", "drop", "1", &s, &why));
    assert_string_equal(why.text, "--drop:1:1: more than 64 clauses");
    buf_put_str(&text, "up: drop 1;");
    s.count = 0;
    assert_false(fault_parse("t", buf_text(&text), &s, &why));
    assert_contains(why.text, ": more than 64 clauses");

    buf_reset(&text);
    while (text.len < FAULT_TEXT_MAX)
        buf_put_byte(&text, '\n');
    s.count = 0;
    assert_true(fault_parse("t", buf_text(&text), &s, &why));
    buf_put_byte(&text, '\n');
    assert_false(fault_parse("t", buf_text(&text), &s, &why));
    assert_string_equal(why.text, "t:1:1: the schedule has more than 16384 octets");
    buf_free(&text);
}

static void test_options(void **state UNUSED)
{
    static const struct {
        const char *word, *text, *due; /* due: the clause, or the error */
    } rows[] = {
        {"drop", "30%", "both: drop 30%"},
        {"drop", "3,7-9", "both: drop 3, 7-9"},
        {"drop", "0.3", "both: drop 30%"},
        {"reorder", "every 5 by 3", "both: reorder every 5 by 3"},
        {"swap", "4,5", "both: reorder 4"},
        {"cut", "1-10 pause 1ms", "both: cut 1-10 pause 1ms"},
        {"drop", "", "--x:1:1: expected which datagrams"},
        {"drop", "3; up: drop 4",
         "--x:1:2: expected the end: an option holds one fault, not \";\""},
        {"drop", "3\n", "--x:1:2: expected the end: an option holds one fault"},
        {"cut", "x", "--x:1:1: expected the octets of a piece"},
        {"lose", "3", "\"lose\" is no fault"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fault_schedule s = {.count = 0};
        struct problem why = {.text = ""};

        if (fault_parse_both("--x", rows[i].word, rows[i].text, &s, &why)) {
            struct buf out = print(&s);

            assert_string_equal(buf_text(&out), rows[i].due);
            buf_free(&out);
        } else {
            assert_contains(why.text, rows[i].due);
            assert_row(i, s.count == 0);
        }
    }
}

static void test_fits(void **state UNUSED)
{
    static const struct {
        const char *text;
        const char *datagrams; /* what is said where it does not fit, or NULL */
        const char *streams;
    } rows[] = {
        {"", NULL, NULL},
        {"up: drop 1", NULL, "t:1:5: drop is for datagrams, and the proxy carries a stream"},
        {"up: truncate 1; up: drop 1", NULL, "t:1:5: truncate is for datagrams"},
        {"up: corrupt 1", NULL, "corrupt is for datagrams"},
        {"up: duplicate 1", NULL, "duplicate is for datagrams"},
        {"up: reorder 1", NULL, "reorder is for datagrams"},
        {"up: delay all by 1s", NULL, NULL},
        {"up: delay 3 by 1s", NULL,
         "t:1:5: a stream has no datagrams to choose from; write delay all"},
        {"up: delay 1-2 by 1s", NULL, "write delay all"},
        {"up: delay 50% by 1s", NULL, "write delay all"},
        {"up: delay every 1 by 1s", NULL, "write delay all"},
        {"up: cut 1", "t:1:5: cut is for streams, and the proxy carries datagrams", NULL},
        {"\nup: coalesce 1", "t:2:5: coalesce is for streams", NULL},
        {"up: rate 1", "rate is for streams", NULL},
        {"up: stop after 1 for 1s", "stop is for streams", NULL},
        {"up: close after 1", "close is for streams", NULL},
        {"up: reset after 1", "reset is for streams", NULL},
    };

    for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
        struct fault_schedule s = read_text(rows[i / 2].text);
        const char *due = i % 2 ? rows[i / 2].datagrams : rows[i / 2].streams;
        struct problem why = {.text = ""};

        assert_row(i, fault_fits(&s, i % 2, &why) == !due);
        if (due)
            assert_contains(why.text, due);
    }
}

/* ---- whatever somebody writes ---- */

/* Every prefix is read no further than its end, and is either a schedule or an error within it. */
static void test_every_prefix(void **state UNUSED)
{
    struct guard g;

    guard_open(&g, 256);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        for (size_t len = 0; len <= strlen(texts[i].text); len++) {
            const char *text = guard_text(&g, slice_of(texts[i].text, len));
            struct fault_schedule s = {.count = 0};
            struct problem why = {.text = ""};

            if (!fault_parse("t", text, &s, &why))
                assert_row(i, s.count == 0 && text_starts(why.text, "t:"));
        }
    }
    guard_close(&g);
}

/* Schedules with a few octets replaced or left out: what parses prints to what parses to the same.
 */
static void test_mutations(void **state UNUSED)
{
    static const char letters[] = "0123456789%.,;:-# \n\tabdehloprstuy\xff";
    struct rng r;
    unsigned parsed = 0;

    rng_seed(&r, 1, "schedules");
    for (unsigned round = 0; round < 20000; round++) {
        struct fault_schedule s = {.count = 0};
        struct problem why = {.text = ""};
        char text[256];

        text_copy(text, sizeof(text), texts[rng_below(&r, ARRAY_LEN(texts))].text);
        for (uint64_t n = 1 + rng_below(&r, 3); n > 0 && *text; n--) {
            size_t at = (size_t)rng_below(&r, strlen(text));

            if (rng_below(&r, 3) == 0)
                memmove(text + at, text + at + 1, strlen(text + at));
            else
                text[at] = letters[rng_below(&r, sizeof(letters) - 1)];
        }
        if (!fault_parse("t", text, &s, &why))
            continue;
        struct buf once = print(&s);
        struct fault_schedule again = read_text(buf_text(&once));
        struct buf twice = print(&again);
        assert_octets(buf_slice(&twice), buf_slice(&once));
        buf_free(&once);
        buf_free(&twice);
        parsed++;
    }
    assert_in_range(parsed, 1000, 19000);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical_form), cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_errors),         cmocka_unit_test(test_all_or_nothing),
        cmocka_unit_test(test_limits),         cmocka_unit_test(test_options),
        cmocka_unit_test(test_fits),           cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_mutations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
