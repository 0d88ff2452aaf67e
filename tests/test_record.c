/*
 * Tests of record marking: octets by hand from RFC 5531 11, every fragmentation of a message fed in
 * every two pieces, and peers that announce too much.
 */
#include "harness/rpc/record.h"

#include <string.h>

#include "tests/guard.h"
#include "tests/unit.h"

enum { ROOM = 1 << 16, LONG = 1000 };

static struct guard guard;
static struct buf out;
static struct buf due;

static int begin(void **state UNUSED)
{
    guard_open(&guard, ROOM);
    buf_init(&out, ROOM);
    buf_init(&due, ROOM);
    return 0;
}

static int end(void **state UNUSED)
{
    guard_close(&guard);
    buf_free(&out);
    buf_free(&due);
    return 0;
}

static void assert_written(const char *hex)
{
    assert_false(out.failed);
    buf_reset(&due);
    unit_hex(&due, hex);
    assert_octets(buf_slice(&out), buf_slice(&due));
    buf_reset(&out);
}

static void test_headers(void **state UNUSED)
{
    record_put_header(&out, true, 40);
    record_put_header(&out, false, 40);
    record_put_header(&out, true, 0);
    record_put_header(&out, false, 0);
    record_put_header(&out, true, RECORD_LENGTH_MAX);
    record_put_header(&out, false, RECORD_LENGTH_MAX);
    assert_written("80000028 00000028 80000000 00000000 ffffffff 7fffffff");
}

static void test_fragments(void **state UNUSED)
{
    static const struct {
        size_t sizes[5];
        size_t count;
        const char *hex;
    } rows[] = {
        {{0}, 0, "80000005 68656c6c 6f"},
        {{2}, 1, "00000002 6865 80000003 6c6c6f"},
        {{5}, 1, "00000005 68656c6c6f 80000000"},
        {{9}, 1, "00000005 68656c6c6f 80000000"},
        {{0}, 1, "00000000 80000005 68656c6c 6f"},
        {{0, 1, 0, 4, 0}, 5, "00000000 00000001 68 00000000 00000004 656c6c6f 00000000 80000000"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        record_put_cut(&out, slice_str("hello"), rows[i].sizes, rows[i].count);
        assert_written(rows[i].hex);
    }
    record_put(&out, slice_str("hello"));
    assert_written("80000005 68656c6c 6f");
    record_put(&out, slice_of(NULL, 0));
    assert_written("80000000");
}

static void test_pieces(void **state UNUSED)
{
    static const struct {
        const char *text;
        size_t size;
        const char *hex;
    } rows[] = {
        {"abc", 1, "00000001 61 00000001 62 80000001 63"},
        {"abc", 0, "00000001 61 00000001 62 80000001 63"},
        {"abc", 2, "00000002 6162 80000001 63"},
        {"abc", 3, "80000003 616263"},
        {"abc", 4, "80000003 616263"},
        {"abcd", 2, "00000002 6162 80000002 6364"},
        {"", 2, "80000000"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        record_put_pieces(&out, slice_str(rows[i].text), rows[i].size);
        assert_written(rows[i].hex);
    }
}

static const char *const records[] = {
    "80000005 68656c6c6f",
    "00000002 6865 80000003 6c6c6f",
    "00000005 68656c6c6f 80000000",
    "00000000 00000001 68 00000000 00000004 656c6c6f 00000000 80000000",
};

/* Feeds everything; true where the record is whole at its end and nowhere sooner. */
static bool feed_in_pieces(struct record_in *r, struct slice octets, size_t cut_a, size_t cut_b)
{
    const size_t ends[] = {cut_a, cut_b, octets.len};
    enum record_state state = RECORD_MORE;
    size_t at = 0;

    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        size_t used = 0;

        if (ends[i] == at)
            continue;
        state = record_feed(r, slice_sub(octets, at, ends[i] - at), &used);
        if (used != ends[i] - at || (state == RECORD_WHOLE) != (ends[i] == octets.len))
            return false;
        at = ends[i];
    }
    return state == RECORD_WHOLE;
}

static void test_every_two_cuts(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        struct record_in r;

        record_open(&r, &record_usual_limits);
        buf_reset(&due);
        unit_hex(&due, records[i]);
        struct slice octets = guard_put(&guard, buf_slice(&due));
        for (size_t a = 0; a <= octets.len; a++) {
            for (size_t b = a; b <= octets.len; b++) {
                assert_row(i, feed_in_pieces(&r, octets, a, b));
                assert_octets(record_message(&r), slice_str("hello"));
            }
        }
        record_close(&r);
    }
}

static void test_every_prefix(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        buf_reset(&due);
        unit_hex(&due, records[i]);
        for (size_t len = 0; len <= due.len; len++) {
            struct record_in r;
            struct buf why;
            size_t used = 0;

            buf_init(&why, 256);
            record_open(&r, &record_usual_limits);
            enum record_state reached =
                record_feed(&r, guard_put(&guard, slice_sub(buf_slice(&due), 0, len)), &used);
            bool border = len == 0 || len == due.len;
            assert_row(i, used == len);
            assert_row(i, reached == (len == due.len ? RECORD_WHOLE : RECORD_MORE));
            assert_row(i, record_may_end(&r, &why) == border);
            assert_row(i, border || strstr(buf_text(&why), "missing"));
            record_close(&r);
            buf_free(&why);
        }
    }
}

static void test_what_is_missing(void **state UNUSED)
{
    static const struct {
        const char *hex, *text;
    } rows[] = {
        {"00", "3 octets of a fragment header are missing"},
        {"80000005 6865", "3 octets of fragment 1 are missing"},
        {"00000001 68 00000002", "2 octets of fragment 2 are missing"},
        {"00000001 68", "the last fragment is missing behind 1"},
        {"00000001 68 8000", "2 octets of a fragment header are missing"},
        {"00000000", "the last fragment is missing behind 1"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct record_in r;
        size_t used = 0;

        record_open(&r, &record_usual_limits);
        buf_reset(&due);
        unit_hex(&due, rows[i].hex);
        assert_row(i, record_feed(&r, buf_slice(&due), &used) == RECORD_MORE);
        buf_reset(&out);
        assert_row(i, !record_may_end(&r, &out));
        assert_string_equal(buf_text(&out), rows[i].text);
        record_close(&r);
    }
    buf_reset(&out);
}

/* Octets behind a record belong to the next one. */
static void test_several_records(void **state UNUSED)
{
    struct record_in r;
    size_t used = 0;

    record_open(&r, &record_usual_limits);
    record_put(&out, slice_str("first"));
    size_t first = out.len;
    record_put(&out, slice_of(NULL, 0));
    record_put_pieces(&out, slice_str("third"), 2);
    struct slice rest = guard_put(&guard, buf_slice(&out));
    assert_int_equal(record_feed(&r, rest, &used), RECORD_WHOLE);
    assert_int_equal(used, first);
    assert_octets(record_message(&r), slice_str("first"));
    assert_int_equal(record_feed(&r, slice_of(NULL, 0), &used), RECORD_WHOLE);
    assert_int_equal(used, 0);
    rest = slice_from(rest, first);
    assert_int_equal(record_feed(&r, rest, &used), RECORD_WHOLE);
    assert_int_equal(used, RECORD_HEADER);
    assert_int_equal(record_message(&r).len, 0);
    rest = slice_from(rest, used);
    assert_int_equal(record_feed(&r, rest, &used), RECORD_WHOLE);
    assert_int_equal(used, rest.len);
    assert_octets(record_message(&r), slice_str("third"));
    record_close(&r);
    buf_reset(&out);
}

/* A record at the ceiling is whole; one octet, fragment or empty fragment more is broken. */
static void test_ceilings(void **state UNUSED)
{
    static const struct record_limits limits = {.octets = 8, .fragments = 3, .empty = 2};
    static const struct {
        const char *hex;
        enum record_state state;
        size_t used;
        const char *text;
    } rows[] = {
        {"80000008 6161616161616161", RECORD_WHOLE, 12, NULL},
        {"80000009 616161616161616161", RECORD_BROKEN, 4, "80000009 announces 9 octets behind 0"},
        {"00000008 6161616161616161 80000000", RECORD_WHOLE, 16, NULL},
        {"00000008 6161616161616161 80000001 61", RECORD_BROKEN, 16,
         "announces 1 octets behind 8; a record may have 8 here"},
        {"ffffffff 61", RECORD_BROKEN, 4, "announces 2147483647 octets"},
        {"7fffffff 61", RECORD_BROKEN, 4, "announces 2147483647 octets"},
        {"00000001 61 00000001 61 80000001 61", RECORD_WHOLE, 15, NULL},
        {"00000001 61 00000001 61 00000001 61 80000001 61", RECORD_BROKEN, 19,
         "more than 3 fragments"},
        {"00000000 00000000 80000001 61", RECORD_WHOLE, 13, NULL},
        {"00000000 00000000 80000000", RECORD_BROKEN, 12, "more than 2 empty fragments"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct record_in r;
        size_t used = 0;
        size_t more = 4711;

        record_open(&r, &limits);
        buf_reset(&due);
        unit_hex(&due, rows[i].hex);
        struct slice octets = guard_put(&guard, buf_slice(&due));
        assert_row(i, record_feed(&r, octets, &used) == rows[i].state);
        assert_row(i, used == rows[i].used);
        if (rows[i].state == RECORD_BROKEN) {
            assert_contains(r.text, rows[i].text);
            assert_row(i, record_feed(&r, octets, &more) == RECORD_BROKEN && more == 0);
        }
        record_close(&r);
    }
}

/* Memory follows what came: a header of a megabyte costs nothing until its octets are there. */
static void test_memory_follows_octets(void **state UNUSED)
{
    struct record_in r;
    size_t used = 0;

    record_open(&r, &record_usual_limits);
    record_put_header(&out, true, 1 << 20);
    buf_put_str(&out, "x");
    assert_int_equal(record_feed(&r, buf_slice(&out), &used), RECORD_MORE);
    assert_true(r.message.cap <= 4096);
    record_close(&r);
    buf_reset(&out);
}

static void test_long_message(void **state UNUSED)
{
    struct record_in r;
    struct buf message;
    size_t used = 0;

    buf_init(&message, LONG);
    for (size_t i = 0; i < LONG; i++)
        buf_put_byte(&message, (uint8_t)i);
    record_open(&r, &record_usual_limits);
    for (size_t size = 1; size <= LONG + 1; size += 37) {
        buf_reset(&out);
        record_put_pieces(&out, buf_slice(&message), size);
        for (size_t at = 0; at < out.len; at++) {
            struct slice octet = slice_sub(buf_slice(&out), at, 1);
            bool last = at + 1 == out.len;

            assert_row(size, record_feed(&r, octet, &used) == (last ? RECORD_WHOLE : RECORD_MORE));
            assert_row(size, used == 1);
        }
        assert_octets(record_message(&r), buf_slice(&message));
    }
    record_close(&r);
    buf_free(&message);
    buf_reset(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_every_two_cuts),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_what_is_missing),
        cmocka_unit_test(test_several_records),
        cmocka_unit_test(test_ceilings),
        cmocka_unit_test(test_memory_follows_octets),
        cmocka_unit_test(test_long_message),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
