/* Tests of templates: what they expand to, what they match, and where a wrong one is pointed at. */
#include "harness/exchange/template.h"

#include <string.h>

#include "tests/guard.h"
#include "tests/unit.h"

enum { ROOM = 8192 };

static bool parse(const char *text, bool allow_any, struct template *t)
{
    struct problem why = {.text = ""};
    size_t end = 4711;
    bool ok = template_parse(text, allow_any, t, &end, &why);

    assert_string_equal(why.text, "");
    assert_int_equal(end, strlen(text));
    return ok;
}

static void test_sizes(void **state UNUSED)
{
    static const struct {
        const char *text;
        size_t least, most;
        bool any;
    } rows[] = {
        {"\"\"", 0, 0, false},
        {"\"abc\"", 3, 3, false},
        {"\"%{seq}\"", 1, 10, false},
        {"\"%{seq:x}\"", 1, 8, false},
        {"\"%{seq:08x}-\"", 9, 9, false},
        {"\"%{seq:20d}\"", 20, 20, false},
        {"\"%{seq:u32}\"", 4, 4, false},
        {"\"a%{any}b\"", 2, 2, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct template t;
        size_t least = 4711;
        size_t most = 4711;

        assert_true(parse(rows[i].text, true, &t));
        template_size(&t, &least, &most);
        assert_row(i, least == rows[i].least && most == rows[i].most);
        assert_row(i, template_has_any(&t) == rows[i].any);
        template_free(&t);
    }
}

static void test_expanding(void **state UNUSED)
{
    static const struct {
        const char *text;
        uint32_t seq;
        const char *octets;
        size_t len;
    } rows[] = {
        {"\"\"", 1, "", 0},
        {"\"plain\"", 1, "plain", 5},
        {"\"\\n\\r\\t\\0\\\\\\\"\"", 1, "\n\r\t\0\\\"", 6},
        {"\"\\x00\\x7f\\xff\\xAb\\xaB\"", 1, "\0\x7f\xff\xab\xab", 5},
        {"\"100%%\"", 1, "100%", 4},
        {"\"%{seq}\"", 0, "0", 1},
        {"\"%{seq}\"", UINT32_MAX, "4294967295", 10},
        {"\"<%{seq}>\"", 42, "<42>", 4},
        {"\"%{seq:d}\"", 42, "42", 2},
        {"\"%{seq:5d}\"", 42, "   42", 5},
        {"\"%{seq:05d}\"", 42, "00042", 5},
        {"\"%{seq:1d}\"", 42, "42", 2},
        {"\"%{seq:08x}\"", 0xbeef, "0000beef", 8},
        {"\"%{seq:08X}\"", 0xbeef, "0000BEEF", 8},
        {"\"%{seq:x}\"", 0xbeef, "beef", 4},
        {"\"%{seq:8x}\"", 0xbeef, "    beef", 8},
        {"\"%{seq:20d}\"", 7, "                   7", 20},
        {"\"%{seq:020d}\"", UINT32_MAX, "00000000004294967295", 20},
        {"\"%{seq:u32}\"", 0x01020304, "\1\2\3\4", 4},
        {"\"%{seq:u32}%{seq}\"", 1,
         "\0\0\0\1"
         "1",
         5},
        {"\"a%{seq}b%{seq}c\"", 7, "a7b7c", 5},
        {"\"\xc3\xa9\"", 1, "\xc3\xa9", 2},
    };
    struct buf out;

    buf_init(&out, ROOM);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct template t;

        assert_row(i, parse(rows[i].text, false, &t));
        buf_reset(&out);
        template_expand(&t, rows[i].seq, &out);
        assert_octets(buf_slice(&out), slice_of(rows[i].octets, rows[i].len));
        template_free(&t);
    }
    buf_free(&out);
}

static void test_any_is_left_out(void **state UNUSED)
{
    struct template t;
    struct buf out;

    buf_init(&out, ROOM);
    assert_true(parse("\"a%{any}b%{any}\"", true, &t));
    template_expand(&t, 1, &out);
    assert_string_equal(buf_text(&out), "ab");
    template_free(&t);
    buf_free(&out);
}

static void test_numbered(void **state UNUSED)
{
    static const struct {
        const char *text;
        bool numbered;
    } rows[] = {
        {"\"\"", false},          {"\"seq\"", false},         {"\"%%{seq}\"", false},
        {"\"%{any}\"", false},    {"\"%{seq}\"", true},       {"\"a%{seq:u32}\"", true},
        {"\"%{seq:08x}\"", true}, {"\"%{any}%{seq}\"", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct template t;

        assert_row(i, parse(rows[i].text, true, &t));
        assert_row(i, template_is_numbered(&t) == rows[i].numbered);
        template_free(&t);
    }
}

/* The offset is that of the octet at which the reader found out, from the opening quote on. */
static void test_refused(void **state UNUSED)
{
    static const struct {
        const char *text;
        bool allow_any;
        size_t at;
        const char *part;
    } rows[] = {
        {"", false, 0, "expected a string in double quotes"},
        {"plain", false, 0, "expected a string in double quotes"},
        {"'single'", false, 0, "expected a string in double quotes"},
        {"\"", false, 1, "no closing quote"},
        {"\"abc", false, 4, "no closing quote"},
        {"\"abc\ndef\"", false, 4, "no closing quote"},
        {"\"abc\\\"", false, 6, "no closing quote"},
        {"\"abc\\", false, 4, "unknown escape"},
        {"\"a\\qb\"", false, 2, "unknown escape; known are \\n \\r \\t \\0 \\\\ \\\" \\xHH"},
        {"\"a\\N\"", false, 2, "unknown escape"},
        {"\"a\\x\"", false, 2, "expected two hex digits after \\x"},
        {"\"a\\x1\"", false, 2, "two hex digits"},
        {"\"a\\x1g\"", false, 2, "two hex digits"},
        {"\"a\\xG1\"", false, 2, "two hex digits"},
        {"\"a\\x 1\"", false, 2, "two hex digits"},
        {"\"a\\x", false, 2, "two hex digits"},
        {"\"a%\"", false, 2, "expected %{seq}, %{any} or %%"},
        {"\"a%d\"", false, 2, "expected %{seq}, %{any} or %%"},
        {"\"a%{\"", false, 2, "expected %{seq}, %{any} or %%"},
        {"\"a%{seq\"", false, 2, "expected %{seq}, %{any} or %%"},
        {"\"a%{}\"", false, 2, "expected %{seq}, %{any} or %%"},
        {"\"a%{sequence}\"", false, 2, "expected %{seq}, %{seq:u32} or a format"},
        {"\"a%{SEQ}\"", false, 2, "expected %{seq}, %{any} or %%"},
        {"\"a%{se}\"", false, 2, "expected %{seq}, %{any} or %%"},
        {"\"a%{any }\"", true, 2, "expected %{seq}, %{any} or %%"},
        {"\"a%{any}\"", false, 2, "%{any} may stand in a reply only"},
        {"\"a%{seq:}\"", false, 2, "expected a format as in %{seq:08x}"},
        {"\"a%{seq:8}\"", false, 2, "expected a format"},
        {"\"a%{seq:08}\"", false, 2, "expected a format"},
        {"\"a%{seq:0}\"", false, 2, "expected a format"},
        {"\"a%{seq:8o}\"", false, 2, "expected a format"},
        {"\"a%{seq:xx}\"", false, 2, "expected a format"},
        {"\"a%{seq:-8x}\"", false, 2, "expected a format"},
        {"\"a%{seq:21d}\"", false, 2, "a width up to 20"},
        {"\"a%{seq:99999999999999999999d}\"", false, 2, "a width up to 20"},
        {"\"a%{seq:u16}\"", false, 2, "expected a format"},
        {"\"a%{seq:u322}\"", false, 2, "expected a format"},
    };
    struct guard g;

    guard_open(&g, 256);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *text = guard_text(&g, slice_str(rows[i].text));
        struct problem why = {.text = ""};
        struct template t;
        size_t end = 4711;

        assert_row(i, !template_parse(text, rows[i].allow_any, &t, &end, &why));
        assert_row(i, end == rows[i].at);
        assert_contains(why.text, rows[i].part);
        template_free(&t);
    }
    guard_close(&g);
}

/* A string of so many pieces in a row, closed. */
static void repeat(struct buf *out, const char *piece, size_t times)
{
    buf_reset(out);
    buf_put_byte(out, '"');
    for (size_t i = 0; i < times; i++)
        buf_put_str(out, piece);
    buf_put_byte(out, '"');
}

static void test_limits(void **state UNUSED)
{
    static const struct {
        const char *piece;
        size_t most;
        const char *part;
    } rows[] = {
        {"x", TEMPLATE_LITERAL_MAX, "more than 4096 octets in one template"},
        {"\\xff", TEMPLATE_LITERAL_MAX, "more than 4096 octets in one template"},
        {"%{seq}", TEMPLATE_PARTS_MAX, "more than 32 parts in one template"},
        {"%{seq}a", TEMPLATE_PARTS_MAX / 2, "more than 32 parts in one template"},
        {"%{any}", TEMPLATE_PARTS_MAX, "more than 32 parts in one template"},
    };
    struct buf text;

    buf_init(&text, 1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct problem why = {.text = ""};
        struct template t;
        size_t end = 0;

        repeat(&text, rows[i].piece, rows[i].most);
        assert_row(i, template_parse(buf_text(&text), true, &t, &end, &why));
        assert_row(i, end == text.len);
        template_free(&t);
        repeat(&text, rows[i].piece, rows[i].most + 1);
        assert_row(i, !template_parse(buf_text(&text), true, &t, &end, &why));
        assert_contains(why.text, rows[i].part);
        template_free(&t);
    }
    buf_free(&text);
}

/* Every prefix of a template is refused, at a place within it, and read no further than its end. */
static void test_every_prefix(void **state UNUSED)
{
    static const char text[] = "\"a\\x4f\\n%%%{seq}%{seq:08x}%{seq:u32}%{any}z\"";
    struct guard g;

    guard_open(&g, sizeof(text));
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        struct problem why = {.text = ""};
        struct template t;
        size_t end = 4711;

        assert_row(len, !template_parse(guard_text(&g, slice_of(text, len)), true, &t, &end, &why));
        assert_row(len, end <= len && why.text[0] != '\0');
        template_free(&t);
    }
    guard_close(&g);
}

static void test_matching(void **state UNUSED)
{
    static const struct {
        const char *text, *in;
        bool fits;
        size_t offset;
        const char *due; /* what was expected there, where it does not fit */
    } rows[] = {
        {"\"\"", "", true, 0, ""},
        {"\"\"", "a", false, 0, ""},
        {"\"abc\"", "abc", true, 3, ""},
        {"\"abc\"", "ab", false, 2, "abc"},
        {"\"abc\"", "abcd", false, 3, ""},
        {"\"abc\"", "abx", false, 2, "abc"},
        {"\"abc\"", "xbc", false, 0, "abc"},
        {"\"n=%{seq}\"", "n=7", true, 3, ""},
        {"\"n=%{seq}\"", "n=8", false, 2, "n=7"},
        {"\"n=%{seq}\"", "n=77", false, 3, ""},
        {"\"n=%{seq:03d}!\"", "n=007!", true, 6, ""},
        {"\"%{any}\"", "", true, 0, ""},
        {"\"%{any}\"", "whatever", true, 8, ""},
        {"\"%{any}%{any}\"", "whatever", true, 8, ""},
        {"\"a%{any}\"", "a", true, 1, ""},
        {"\"a%{any}\"", "abc", true, 3, ""},
        {"\"a%{any}\"", "b", false, 0, "a"},
        {"\"%{any}z\"", "z", true, 1, ""},
        {"\"%{any}z\"", "xyz", true, 3, ""},
        {"\"%{any}z\"", "zzz", true, 3, ""},
        {"\"%{any}z\"", "xyzx", false, 3, "z"},
        {"\"%{any}z\"", "", false, 0, "z"},
        {"\"a%{any}z\"", "az", true, 2, ""},
        {"\"a%{any}z\"", "a", false, 1, "z"},
        {"\"a%{any}a\"", "a", false, 1, "a"}, /* one octet is not both ends */
        {"\"a%{any}b%{any}c\"", "a-b-c", true, 5, ""},
        {"\"a%{any}b%{any}c\"", "abbc", true, 4, ""},
        {"\"a%{any}b%{any}c\"", "a-c", false, 3, "b"},
        {"\"a%{any}bc%{any}c\"", "a-bc", false, 4, "c"},
        {"\"%{any}7%{any}%{seq}\"", "-7-7", true, 4, ""},
        {"\"%{any}ab%{any}ab\"", "abxab", true, 5, ""},
        {"\"%{any}aab%{any}\"", "aaab", true, 4, ""},
    };
    struct guard g;
    struct buf due;

    guard_open(&g, 256);
    buf_init(&due, ROOM);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct template t;
        size_t offset = 4711;

        assert_row(i, parse(rows[i].text, true, &t));
        struct slice in = guard_put(&g, slice_str(rows[i].in));
        assert_row(i, template_match(&t, 7, in, &offset, &due) == rows[i].fits);
        assert_row(i, offset == rows[i].offset);
        if (!rows[i].fits)
            assert_octets(buf_slice(&due), slice_str(rows[i].due));
        template_free(&t);
    }
    buf_free(&due);
    guard_close(&g);
}

/* What a template expands to is what it matches, for this number and no other. */
static void test_expands_to_what_it_matches(void **state UNUSED)
{
    static const char *const texts[] = {
        "\"%{seq}\"",
        "\"%{seq:08x}\\n\"",
        "\"a%{seq:u32}b\"",
        "\"%{seq:20d}%{seq:X}\\0\"",
    };
    static const uint32_t numbers[] = {0, 1, 9, 10, 255, 256, 65536, 0x7fffffff, UINT32_MAX};
    struct buf octets;
    struct buf due;

    buf_init(&octets, ROOM);
    buf_init(&due, ROOM);
    for (size_t i = 0; i < ARRAY_LEN(texts) * ARRAY_LEN(numbers); i++) {
        struct template t;
        uint32_t seq = numbers[i % ARRAY_LEN(numbers)];

        assert_row(i, parse(texts[i / ARRAY_LEN(numbers)], false, &t));
        buf_reset(&octets);
        template_expand(&t, seq, &octets);
        for (size_t n = 0; n < ARRAY_LEN(numbers); n++) {
            size_t offset = 0;
            bool fits = template_match(&t, numbers[n], buf_slice(&octets), &offset, &due);

            assert_row(i, fits == (numbers[n] == seq));
        }
        template_free(&t);
    }
    buf_free(&octets);
    buf_free(&due);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_expanding),
        cmocka_unit_test(test_any_is_left_out),
        cmocka_unit_test(test_numbered),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_matching),
        cmocka_unit_test(test_expands_to_what_it_matches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
