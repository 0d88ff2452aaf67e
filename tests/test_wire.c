/*
 * Tests of XDR: octets written out by hand from RFC 4506, read back at the end of readable memory,
 * every limit from both sides, every prefix, and every kind of wrong item.
 */
#include "harness/rpc/wire.h"

#include <math.h>
#include <string.h>

#include "tests/guard.h"
#include "tests/unit.h"

enum { ROOM = 1 << 16 };

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

/* The octets, in a place that ends at an unreadable page. */
static struct slice octets_of(const char *hex)
{
    buf_reset(&due);
    unit_hex(&due, hex);
    return guard_put(&guard, buf_slice(&due));
}

static void open_hex(struct wire_in *in, const char *hex)
{
    wire_open(in, octets_of(hex));
}

static void assert_written(const char *hex)
{
    assert_false(out.failed);
    assert_octets(buf_slice(&out), octets_of(hex));
    buf_reset(&out);
}

static void assert_fault(const struct wire_in *in, enum wire_fault fault, size_t offset,
                         const char *part)
{
    struct buf text;

    buf_init(&text, 512);
    wire_explain(in, &text);
    if (in->fault != fault || in->offset != offset)
        fail_msg("expected %s at %zu, got %s: %s", wire_fault_name(fault), offset,
                 wire_fault_name(in->fault), buf_text(&text));
    assert_contains(buf_text(&text), part);
    buf_free(&text);
}

/* ---- numbers ---- */

static void test_integers(void **state UNUSED)
{
    static const struct {
        int32_t value;
        const char *hex;
    } rows[] = {
        {INT32_MIN, "80000000"}, {INT32_MIN + 1, "80000001"},
        {-1, "ffffffff"},        {0, "00000000"},
        {1, "00000001"},         {0x01020304, "01020304"},
        {INT32_MAX, "7fffffff"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wire_in in;

        wire_put_int(&out, rows[i].value);
        assert_written(rows[i].hex);
        wire_put_uint(&out, (uint32_t)rows[i].value);
        assert_written(rows[i].hex);
        open_hex(&in, rows[i].hex);
        assert_row(i, wire_int(&in, "n") == rows[i].value && wire_ok(&in));
        open_hex(&in, rows[i].hex);
        assert_row(i, wire_uint(&in, "n") == (uint32_t)rows[i].value && wire_left(&in) == 0);
    }
}

static void test_hypers(void **state UNUSED)
{
    static const struct {
        int64_t value;
        const char *hex;
    } rows[] = {
        {INT64_MIN, "8000000000000000"}, {-2, "fffffffffffffffe"},
        {-1, "ffffffffffffffff"},        {0, "0000000000000000"},
        {1, "0000000000000001"},         {0x0102030405060708, "0102030405060708"},
        {INT64_MAX, "7fffffffffffffff"}, {0x100000000, "0000000100000000"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wire_in in;

        wire_put_hyper(&out, rows[i].value);
        assert_written(rows[i].hex);
        wire_put_uhyper(&out, (uint64_t)rows[i].value);
        assert_written(rows[i].hex);
        open_hex(&in, rows[i].hex);
        assert_row(i, wire_hyper(&in, "n") == rows[i].value && wire_ok(&in));
        open_hex(&in, rows[i].hex);
        assert_row(i, wire_uhyper(&in, "n") == (uint64_t)rows[i].value && wire_left(&in) == 0);
    }
}

/* RFC 4506 4.6 and section 11: sign, exponent biased by 127, fraction. */
static void test_floats(void **state UNUSED)
{
    static const struct {
        float value;
        const char *hex;
    } rows[] = {
        {1.0F, "3f800000"},      {-0.5F, "bf000000"},           {0.0F, "00000000"},
        {-0.0F, "80000000"},     {0x1.fffffep127F, "7f7fffff"}, {0x1p-126F, "00800000"},
        {0x1p-149F, "00000001"}, {INFINITY, "7f800000"},        {-INFINITY, "ff800000"},
    };
    static const char *const nans[] = {"7fc12345", "7f812345", "ff800001", "7fffffff"};
    struct wire_in in;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        wire_put_float(&out, rows[i].value);
        assert_written(rows[i].hex);
        open_hex(&in, rows[i].hex);
        float value = wire_float(&in, "f");
        assert_row(i, wire_ok(&in) && value >= rows[i].value && value <= rows[i].value);
        assert_row(i, (signbit(value) != 0) == (signbit(rows[i].value) != 0));
    }
    for (size_t i = 0; i < ARRAY_LEN(nans); i++) {
        open_hex(&in, nans[i]);
        assert_row(i, isnan(wire_float(&in, "f")) && wire_ok(&in));
    }
}

/* RFC 4506 4.7: exponent biased by 1023; sign and exponent come first whatever the machine. */
static void test_doubles(void **state UNUSED)
{
    static const struct {
        double value;
        const char *hex;
    } rows[] = {
        {1.0, "3ff0000000000000"},
        {-2.0, "c000000000000000"},
        {0.0, "0000000000000000"},
        {-0.0, "8000000000000000"},
        {3.141592653589793, "400921fb54442d18"},
        {0x1.fffffffffffffp1023, "7fefffffffffffff"},
        {0x1p-1022, "0010000000000000"},
        {0x1p-1074, "0000000000000001"},
        {(double)INFINITY, "7ff0000000000000"},
        {-(double)INFINITY, "fff0000000000000"},
    };
    struct wire_in in;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        wire_put_double(&out, rows[i].value);
        assert_written(rows[i].hex);
        open_hex(&in, rows[i].hex);
        double value = wire_double(&in, "d");
        assert_row(i, wire_ok(&in) && value >= rows[i].value && value <= rows[i].value);
        assert_row(i, (signbit(value) != 0) == (signbit(rows[i].value) != 0));
    }
    open_hex(&in, "7ff8000000000001");
    assert_true(isnan(wire_double(&in, "d")) && wire_ok(&in));
}

/* RFC 4506 4.8: 1.0 has the biased exponent 16383 and no fraction. */
static void test_quadruple(void **state UNUSED)
{
    static const uint8_t one[WIRE_QUADRUPLE] = {0x3f, 0xff};
    uint8_t value[WIRE_QUADRUPLE];
    struct wire_in in;

    wire_put_quadruple(&out, one);
    assert_written("3fff0000 00000000 00000000 00000000");
    open_hex(&in, "3fff0000 00000000 00000000 00000000");
    wire_quadruple(&in, "q", value);
    assert_true(wire_ok(&in) && wire_left(&in) == 0);
    assert_octets(slice_of(value, sizeof(value)), slice_of(one, sizeof(one)));
    open_hex(&in, "3fff0000 00000000 00000000 000000");
    wire_quadruple(&in, "q", value);
    assert_fault(&in, WIRE_SHORT, 0, "octet 0, q: 16 octets needed, 15 left (RFC 4506 4.8)");
    assert_int_equal(value[0], 0);
}

/* ---- choices ---- */

static void test_bools(void **state UNUSED)
{
    static const struct {
        const char *hex;
        bool value, fine;
    } rows[] = {
        {"00000000", false, true},  {"00000001", true, true},   {"00000002", false, false},
        {"ffffffff", false, false}, {"01000000", false, false}, {"80000000", false, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wire_in in;

        open_hex(&in, rows[i].hex);
        assert_row(i, wire_bool(&in, "b") == rows[i].value && wire_ok(&in) == rows[i].fine);
        if (!rows[i].fine)
            assert_fault(&in, WIRE_BOOL, 0, "is neither 0 nor 1 (RFC 4506 4.4)");
        open_hex(&in, rows[i].hex);
        assert_row(i, wire_optional(&in, "b") == rows[i].value && wire_ok(&in) == rows[i].fine);
        if (!rows[i].fine)
            assert_fault(&in, WIRE_BOOL, 0, "is neither 0 nor 1 (RFC 4506 4.19)");
    }
    wire_put_bool(&out, true);
    wire_put_bool(&out, false);
    assert_written("00000001 00000000");
}

/* The colours of RFC 4506 4.3, and an enumeration with a negative value. */
static void test_enums(void **state UNUSED)
{
    static const int32_t colours[] = {2, 3, 5};
    static const int32_t signs[] = {-1, 0};
    struct wire_in in;

    for (int32_t value = 0; value < 8; value++) {
        bool declared = value == 2 || value == 3 || value == 5;

        wire_put_int(&out, value);
        wire_open(&in, guard_put(&guard, buf_slice(&out)));
        int32_t read = wire_enum(&in, "colour", colours, ARRAY_LEN(colours));
        assert_row(value, read == (declared ? value : 0) && wire_ok(&in) == declared);
        if (!declared)
            assert_fault(&in, WIRE_ENUM, 0, "is no value of the enumeration (RFC 4506 4.3)");
        wire_open(&in, guard_put(&guard, buf_slice(&out)));
        read = wire_union(&in, "colour", colours, ARRAY_LEN(colours));
        assert_row(value, read == (declared ? value : 0) && wire_ok(&in) == declared);
        if (!declared)
            assert_fault(&in, WIRE_UNION, 0, "the union has no arm for");
        buf_reset(&out);
    }
    open_hex(&in, "ffffffff");
    assert_int_equal(wire_enum(&in, "sign", signs, ARRAY_LEN(signs)), -1);
    assert_true(wire_ok(&in));
    open_hex(&in, "00000004");
    in.section = "RFC 9999 1";
    wire_enum(&in, "colour", colours, ARRAY_LEN(colours));
    assert_fault(&in, WIRE_ENUM, 0, "4 is no value of the enumeration (RFC 9999 1)");
}

/* ---- octets ---- */

/* RFC 4506 4.9 to 4.11: data, then zeros up to a multiple of four. */
static void test_octets(void **state UNUSED)
{
    static const struct {
        const char *text, *fixed, *counted;
    } rows[] = {
        {"", "", "00000000"},
        {"a", "61000000", "00000001 61000000"},
        {"ab", "61620000", "00000002 61620000"},
        {"abc", "61626300", "00000003 61626300"},
        {"abcd", "61626364", "00000004 61626364"},
        {"abcde", "61626364 65000000", "00000005 61626364 65000000"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct slice text = slice_str(rows[i].text);
        struct wire_in in;

        wire_put_fixed(&out, text);
        assert_written(rows[i].fixed);
        wire_put_opaque(&out, text);
        assert_written(rows[i].counted);
        wire_put_string(&out, text);
        assert_written(rows[i].counted);
        open_hex(&in, rows[i].fixed);
        assert_row(i, slice_eq(wire_fixed(&in, "o", text.len), text));
        assert_row(i, wire_ok(&in) && wire_left(&in) == 0);
        open_hex(&in, rows[i].counted);
        assert_row(i, slice_eq(wire_opaque(&in, "o", WIRE_NO_LIMIT), text));
        assert_row(i, wire_ok(&in) && wire_left(&in) == 0);
        open_hex(&in, rows[i].counted);
        assert_row(i, slice_eq(wire_string(&in, "o", (uint32_t)text.len), text));
        assert_row(i, wire_ok(&in) && wire_left(&in) == 0);
    }
}

static void test_limits(void **state UNUSED)
{
    static const uint32_t limits[] = {0, 1, 3, 4, 8, 255, 400};

    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        for (uint32_t step = 0; step < 3; step++) {
            uint32_t len = limits[i] + step - 1;
            struct wire_in in;

            if (len == UINT32_MAX)
                continue;
            buf_reset(&out);
            buf_put_u32(&out, len);
            memset(buf_extend(&out, len), 'x', len);
            memset(buf_extend(&out, wire_padding(len)), 0, wire_padding(len));
            wire_open(&in, guard_put(&guard, buf_slice(&out)));
            struct slice read = wire_opaque(&in, "o", limits[i]);
            assert_row(i, wire_ok(&in) == (step < 2));
            assert_row(i, read.len == (step < 2 ? len : 0));
            wire_open(&in, guard_put(&guard, buf_slice(&out)));
            wire_string(&in, "s", limits[i]);
            assert_row(i, wire_ok(&in) == (step < 2));
            if (step == 2)
                assert_fault(&in, WIRE_LIMIT, 0, "is the limit (RFC 4506 4.11)");
        }
    }
    buf_reset(&out);
}

/* A length says nothing about memory: nothing is read, nothing is allocated. */
static void test_lengths_that_lie(void **state UNUSED)
{
    static const struct {
        const char *hex;
        uint32_t max;
        enum wire_fault fault;
        size_t offset;
        const char *part;
    } rows[] = {
        {"ffffffff 61626364", WIRE_NO_LIMIT, WIRE_SHORT, 4, "4294967295 octets needed, 4 left"},
        {"7ffffffc 61626364", WIRE_NO_LIMIT, WIRE_SHORT, 4, "2147483644 octets needed"},
        {"fffffffd 61626364", 400, WIRE_LIMIT, 0, "length 4294967293, and 400 is the limit"},
        {"00000005 61626364", 5, WIRE_SHORT, 4, "5 octets needed, 4 left (RFC 4506 4.10)"},
        {"00000003 616263", 3, WIRE_SHORT, 7, "1 of 1 octets of padding are missing (RFC 4506 3)"},
        {"00000001 6100", 3, WIRE_SHORT, 5, "2 of 3 octets of padding are missing"},
        {"000000", 3, WIRE_SHORT, 0, "4 octets needed, 3 left"},
        {"", 3, WIRE_SHORT, 0, "4 octets needed, 0 left"},
        {"00000003 616263ff", 3, WIRE_PADDING, 7, "padding of 0xff where zero is due (RFC 4506 3)"},
        {"00000001 61000100", 3, WIRE_PADDING, 6, "padding of 0x01"},
        {"00000001 61010000", 3, WIRE_PADDING, 5, "padding of 0x01"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wire_in in;

        open_hex(&in, rows[i].hex);
        assert_row(i, wire_opaque(&in, "body", rows[i].max).len == 0);
        assert_fault(&in, rows[i].fault, rows[i].offset, rows[i].part);
        assert_contains(in.field, "body");
    }
}

static void test_forgiven_padding(void **state UNUSED)
{
    struct wire_in in;

    open_hex(&in, "00000003 616263ff 00000001 62010203 00000000 61626364");
    in.forgives = true;
    assert_octets(wire_opaque(&in, "a", 3), slice_str("abc"));
    assert_octets(wire_string(&in, "b", 3), slice_str("b"));
    assert_int_equal(wire_opaque(&in, "c", 3).len, 0);
    assert_octets(wire_fixed(&in, "d", 4), slice_str("abcd"));
    assert_true(wire_ok(&in));
    assert_int_equal(in.forgiven, 2);
}

/* Whatever is wrong about a counted item can be written. */
static void test_wrong_items(void **state UNUSED)
{
    static const uint8_t ones[] = {0xff, 0xff, 0xff, 0xff, 0xff};
    const struct {
        struct wire_counted item;
        const char *hex;
    } rows[] = {
        {{.octets = slice_str("abc")}, "00000003 61626300"},
        {{.octets = slice_str("abc"), .lies = true, .claimed = 4}, "00000004 61626300"},
        {{.octets = slice_str("abc"), .lies = true, .claimed = UINT32_MAX}, "ffffffff 61626300"},
        {{.octets = slice_str("abc"), .pads = true}, "00000003 616263"},
        {{.octets = slice_str("abc"), .pads = true, .padding = slice_of(ones, 1)},
         "00000003 616263ff"},
        {{.octets = slice_str("abc"), .pads = true, .padding = slice_of(ones, 5)},
         "00000003 616263ff ffffffff"},
        {{.lies = true, .claimed = 8, .pads = true, .padding = slice_of(ones, 2)}, "00000008 ffff"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        wire_put_counted(&out, &rows[i].item);
        assert_written(rows[i].hex);
    }
}

/* ---- arrays, optional data, nesting ---- */

static void test_counts(void **state UNUSED)
{
    static const struct {
        const char *hex;
        uint32_t max;
        size_t least;
        uint32_t count;
        enum wire_fault fault;
    } rows[] = {
        {"00000002 00000001 00000002", 3, 4, 2, WIRE_FINE},
        {"00000003 00000001 00000002 00000003", 3, 4, 3, WIRE_FINE},
        {"00000004 00000001 00000002 00000003 00000004", 3, 4, 0, WIRE_LIMIT},
        {"00000003 00000001 00000002", 3, 4, 0, WIRE_SHORT},
        {"00000003 00000001 00000002", WIRE_NO_LIMIT, 0, 0, WIRE_SHORT},
        {"00000002 00000001 00000002", WIRE_NO_LIMIT, 8, 0, WIRE_SHORT},
        {"40000001 00000001", WIRE_NO_LIMIT, 4, 0, WIRE_SHORT},
        {"ffffffff 00000001", WIRE_NO_LIMIT, 4, 0, WIRE_SHORT},
        {"ffffffff 00000001", 16, 4, 0, WIRE_LIMIT},
        {"00000000", 0, 4, 0, WIRE_FINE},
        {"000000", 16, 4, 0, WIRE_SHORT},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wire_in in;

        open_hex(&in, rows[i].hex);
        assert_row(i, wire_count(&in, "a", rows[i].max, rows[i].least) == rows[i].count);
        if (rows[i].fault != WIRE_FINE)
            assert_fault(&in, rows[i].fault, 0, "(RFC 4506 4.13)");
        assert_row(i, in.fault == rows[i].fault);
    }
}

/* RFC 4506 4.19: a list of 1 and 2. */
static void test_list(void **state UNUSED)
{
    static const char list[] = "00000001 00000001 00000001 00000002 00000000";
    struct wire_in in;
    int32_t value = 0;

    open_hex(&in, list);
    while (wire_optional(&in, "next"))
        assert_int_equal(wire_int(&in, "value"), ++value);
    wire_end(&in, "list");
    assert_true(wire_ok(&in));
    assert_int_equal(value, 2);
}

static void test_depth(void **state UNUSED)
{
    struct wire_in in;

    open_hex(&in, "00000001");
    for (size_t i = 0; i < WIRE_DEPTH_MAX; i++)
        assert_row(i, wire_enter(&in, "node"));
    wire_leave(&in);
    assert_true(wire_enter(&in, "node"));
    assert_false(wire_enter(&in, "node"));
    assert_fault(&in, WIRE_DEPTH, 0, "nested deeper than 100 levels (RFC 4506 8)");
    assert_int_equal(wire_int(&in, "n"), 0);
}

static void test_end(void **state UNUSED)
{
    struct wire_in in;

    open_hex(&in, "00000001 00000002 03");
    wire_int(&in, "n");
    wire_end(&in, "body");
    assert_fault(&in, WIRE_TRAILING, 4, "octet 4, body: 5 octets behind the end (RFC 4506 3)");
    open_hex(&in, "00000001 00000002");
    wire_int(&in, "n");
    assert_int_equal(wire_rest(&in).len, 4);
    wire_end(&in, "body");
    assert_true(wire_ok(&in));
    wire_open(&in, slice_of(NULL, 0));
    assert_int_equal(wire_fixed(&in, "nothing", 0).len, 0);
    assert_int_equal(wire_rest(&in).len, 0);
    wire_end(&in, "nothing");
    assert_true(wire_ok(&in));
}

/* ---- faults ---- */

static void test_first_fault_sticks(void **state UNUSED)
{
    uint8_t quadruple[WIRE_QUADRUPLE];
    struct buf text;
    struct wire_in in;

    open_hex(&in, "00000007 00000001 00000002");
    assert_false(wire_bool(&in, "first"));
    assert_int_equal(wire_int(&in, "second"), 0);
    assert_int_equal(wire_hyper(&in, "second"), 0);
    assert_int_equal(wire_uhyper(&in, "second"), 0);
    assert_false(wire_optional(&in, "second"));
    assert_int_equal(wire_opaque(&in, "second", 8).len, 0);
    assert_int_equal(wire_fixed(&in, "second", 0).len, 0);
    assert_int_equal(wire_count(&in, "second", 8, 4), 0);
    assert_int_equal(wire_rest(&in).len, 0);
    assert_int_equal(wire_left(&in), 0);
    assert_true(wire_float(&in, "second") <= 0 && wire_double(&in, "second") <= 0);
    assert_int_equal(wire_union(&in, "second", NULL, 0), 0);
    wire_quadruple(&in, "second", quadruple);
    assert_false(wire_enter(&in, "second"));
    wire_end(&in, "second");
    wire_refuse(&in, WIRE_VALUE, 8, "second", "no");
    assert_fault(&in, WIRE_BOOL, 0, "octet 0, first: 7 (0x00000007) is neither 0 nor 1");
    buf_init(&text, 256);
    wire_open(&in, slice_of(NULL, 0));
    wire_explain(&in, &text);
    assert_int_equal(text.len, 0);
    wire_refuse(&in, WIRE_VALUE, 8, "n", "%d is odd", 3);
    wire_explain(&in, &text);
    assert_string_equal(buf_text(&text), "octet 8, n: 3 is odd (RFC 4506 3)");
    buf_free(&text);
}

/* What stands in an opaque body is told by its place in the whole message. */
static void test_parts(void **state UNUSED)
{
    struct wire_in in;
    struct wire_in part;

    open_hex(&in, "00000000 00000008 00000001 00000005 00000007");
    wire_int(&in, "n");
    wire_open_part(&part, &in, wire_opaque(&in, "body", 8));
    assert_true(wire_bool(&part, "yes"));
    assert_false(wire_bool(&part, "no"));
    assert_fault(&part, WIRE_BOOL, 12, "octet 12, no: 5");
    assert_int_equal(wire_int(&in, "n"), 7);
    wire_adopt(&in, &part);
    assert_fault(&in, WIRE_BOOL, 12, "octet 12, no: 5");
    wire_open_part(&part, &in, slice_of(NULL, 0));
    assert_true(wire_ok(&part));
    open_hex(&in, "00000001 00000000");
    wire_int(&in, "n");
    wire_open_part(&part, &in, wire_opaque(&in, "body", 8)); /* an empty one has its place, too */
    wire_int(&part, "stamp");
    assert_fault(&part, WIRE_SHORT, 8, "octet 8, stamp: 4 octets needed, 0 left");
    wire_open_part(&part, &in, slice_of(NULL, 0));
    wire_open(&in, slice_of(NULL, 0));
    wire_adopt(&in, &part);
    assert_true(wire_ok(&in));
}

static void test_names(void **state UNUSED)
{
    for (int fault = 0; fault < WIRE_FAULTS; fault++)
        assert_row(fault, wire_fault_name((enum wire_fault)fault) != NULL);
}

static void test_a_full_buffer(void **state UNUSED)
{
    struct buf small;

    buf_init(&small, 7);
    wire_put_uint(&small, 1);
    assert_false(small.failed);
    wire_put_string(&small, slice_str("abc"));
    assert_true(small.failed);
    buf_free(&small);
}

/* ---- the example of RFC 4506 section 7 ---- */

static const char sillyprog[] = "00000009 73696c6c 7970726f 67000000 00000002 00000004 6c697370 "
                                "00000004 6a6f686e 00000006 28717569 74290000";

static bool read_file(struct wire_in *in)
{
    static const int32_t kinds[] = {0, 1, 2}; /* TEXT, DATA, EXEC */
    bool same = slice_eq(wire_string(in, "filename", 255), slice_str("sillyprog"));

    same &= wire_union(in, "type", kinds, ARRAY_LEN(kinds)) == 2;
    same &= slice_eq(wire_string(in, "interpretor", 255), slice_str("lisp"));
    same &= slice_eq(wire_string(in, "owner", 32), slice_str("john"));
    same &= slice_eq(wire_opaque(in, "data", 65535), slice_str("(quit)"));
    wire_end(in, "file");
    return wire_ok(in) && same;
}

static void test_rfc_example(void **state UNUSED)
{
    struct wire_in in;

    wire_put_string(&out, slice_str("sillyprog"));
    wire_put_int(&out, 2);
    wire_put_string(&out, slice_str("lisp"));
    wire_put_string(&out, slice_str("john"));
    wire_put_opaque(&out, slice_str("(quit)"));
    assert_int_equal(out.len, 48);
    assert_written(sillyprog);
    open_hex(&in, sillyprog);
    assert_true(read_file(&in));
}

static void test_every_prefix(void **state UNUSED)
{
    struct slice whole;
    struct buf copy;

    buf_init(&copy, ROOM);
    unit_hex(&copy, sillyprog);
    whole = buf_slice(&copy);
    for (size_t len = 0; len < whole.len; len++) {
        struct wire_in in;

        wire_open(&in, guard_put(&guard, slice_sub(whole, 0, len)));
        assert_row(len, !read_file(&in));
        assert_row(len, in.fault == WIRE_SHORT && in.offset <= len);
    }
    buf_free(&copy);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_hypers),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_quadruple),
        cmocka_unit_test(test_bools),
        cmocka_unit_test(test_enums),
        cmocka_unit_test(test_octets),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_lengths_that_lie),
        cmocka_unit_test(test_forgiven_padding),
        cmocka_unit_test(test_wrong_items),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_first_fault_sticks),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_a_full_buffer),
        cmocka_unit_test(test_rfc_example),
        cmocka_unit_test(test_every_prefix),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
