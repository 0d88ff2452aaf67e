/* Tests of strings for people: numbers, patterns, quoting, and words that a real shell reads. */
#include "harness/base/text.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/guard.h"
#include "tests/unit.h"

static void test_numbers(void **state UNUSED)
{
    static const struct {
        const char *text;
        uint64_t min, max, value;
    } rows[] = {
        {"0", 0, 0, 0},
        {"7", 1, 10, 7},
        {"1", 1, 10, 1},
        {"10", 1, 10, 10},
        {"007", 0, 10, 7},
        {"65535", 0, UINT16_MAX, 65535},
        {"18446744073709551615", 0, UINT64_MAX, UINT64_MAX},
        {"18446744073709551614", 0, UINT64_MAX, UINT64_MAX - 1},
        {"00000000000000000000000000000000018446744073709551615", 0, UINT64_MAX, UINT64_MAX},
    };
    struct guard g;

    guard_open(&g, 64);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t value = 12345;

        assert_row(i, text_number(guard_text(&g, slice_str(rows[i].text)), rows[i].min, rows[i].max,
                                  &value));
        assert_row(i, value == rows[i].value);
    }
    guard_close(&g);
}

static void test_numbers_refused(void **state UNUSED)
{
    static const struct {
        const char *text;
        uint64_t min, max;
    } rows[] = {
        {"", 0, UINT64_MAX},
        {" ", 0, UINT64_MAX},
        {" 1", 0, UINT64_MAX},
        {"1 ", 0, UINT64_MAX},
        {"+1", 0, UINT64_MAX},
        {"-1", 0, UINT64_MAX},
        {"-0", 0, UINT64_MAX},
        {"1.0", 0, UINT64_MAX},
        {"0x10", 0, UINT64_MAX},
        {"1e3", 0, UINT64_MAX},
        {"1\n", 0, UINT64_MAX},
        {"ten", 0, UINT64_MAX},
        {"1/", 0, UINT64_MAX},
        {":", 0, UINT64_MAX},
        {"\xb2", 0, UINT64_MAX},
        {"0", 1, 10},
        {"11", 1, 10},
        {"65536", 0, UINT16_MAX},
        {"18446744073709551616", 0, UINT64_MAX},
        {"18446744073709551620", 0, UINT64_MAX},
        {"99999999999999999999", 0, UINT64_MAX},
        {"184467440737095516150", 0, UINT64_MAX},
        {"36893488147419103232", 0, UINT64_MAX}, /* 2^65: its low 64 bits are 0 */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t value = 12345;

        assert_row(i, !text_number(rows[i].text, rows[i].min, rows[i].max, &value));
        assert_row(i, value == 12345); /* outputs stay untouched on failure */
    }
}

static void test_globs(void **state UNUSED)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"*", "", true},
        {"*", "anything.at.all", true},
        {"**", "", true},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"stream.*", "stream.echo.identity", true},
        {"stream.*", "stream.", true},
        {"stream.*", "stream", false},
        {"*.identity", "stream.echo.identity", true},
        {"*.identity", "stream.echo.identity.x", false},
        {"*echo*", "stream.echo.identity", true},
        {"s*.e*.i*", "stream.echo.identity", true},
        {"s*.e*.x*", "stream.echo.identity", false},
        {"a*b*c", "aXbXbXc", true},
        {"a*ab", "aaab", true},
        {"*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"[ab]", "a", false}, /* brackets are no pattern here */
        {"[ab]", "[ab]", true},
        {"A", "a", false},
        {"ab*", "ab", true},
        {"ab*?", "ab", false},
        {"*?", "x", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_row(i, text_glob(rows[i].pattern, rows[i].text) == rows[i].matches);
}

static uint8_t hex_value(const char *digits)
{
    static const char all[] = "0123456789abcdef";

    assert_non_null(strchr(all, digits[0]));
    assert_non_null(strchr(all, digits[1]));
    return (uint8_t)((strchr(all, digits[0]) - all) * 16 + (strchr(all, digits[1]) - all));
}

/* Reads a quoted text back as a C compiler would. */
static void unquote(const char *quoted, struct buf *out)
{
    static const char letters[] = "nrt\\\"";
    static const char values[] = "\n\r\t\\\"";

    assert_int_equal(*quoted, '"');
    for (const char *at = quoted + 1; *at != '"'; at++) {
        assert_in_range(*at, 0x20, 0x7e);
        if (*at != '\\') {
            buf_put_byte(out, (uint8_t)*at);
        } else if (at[1] == 'x') {
            buf_put_byte(out, hex_value(at + 2));
            at += 3;
        } else {
            const char *letter = strchr(letters, *++at);

            assert_non_null(letter);
            buf_put_byte(out, (uint8_t)values[letter - letters]);
        }
    }
}

static void test_quote_every_octet(void **state UNUSED)
{
    struct buf quoted;
    struct buf back;

    buf_init(&quoted, 100);
    buf_init(&back, 100);
    for (unsigned value = 0; value < 256; value++) {
        uint8_t octet = (uint8_t)value;

        buf_reset(&quoted);
        buf_reset(&back);
        text_quote(&quoted, slice_of(&octet, 1), 1);
        unquote(buf_text(&quoted), &back);
        assert_row(value, slice_eq(buf_slice(&back), slice_of(&octet, 1)));
        if (value >= 0x20 && value < 0x7f && value != '"' && value != '\\')
            assert_row(value, quoted.len == 3 && quoted.data[1] == octet);
    }
    buf_free(&quoted);
    buf_free(&back);
}

static void test_quote_exactly(void **state UNUSED)
{
    static const struct {
        const char *octets;
        size_t len, max;
        const char *quoted;
    } rows[] = {
        {"", 0, 10, "\"\""},
        {"abc", 3, 3, "\"abc\""},
        {"abc", 3, SIZE_MAX, "\"abc\""},
        {"abcdef", 6, 3, "\"abc\"... (3 more)"},
        {"abcdef", 6, 0, "\"\"... (6 more)"},
        {"a\0b", 3, 3, "\"a\\x00b\""},
        {"\n\r\t\\\"", 5, 5, "\"\\n\\r\\t\\\\\\\"\""},
        {"\x1b[31m\x7f\xff\x80", 8, 8, "\"\\x1b[31m\\x7f\\xff\\x80\""},
    };
    struct buf out;

    buf_init(&out, 100);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        buf_reset(&out);
        text_quote(&out, slice_of(rows[i].octets, rows[i].len), rows[i].max);
        assert_string_equal(buf_text(&out), rows[i].quoted);
    }
    buf_free(&out);
}

static void test_hex(void **state UNUSED)
{
    struct buf out;

    buf_init(&out, 1024);
    text_hex(&out, slice_of(NULL, 0));
    assert_string_equal(buf_text(&out), "");
    for (unsigned value = 0; value < 256; value++) {
        uint8_t octet = (uint8_t)value;

        buf_reset(&out);
        text_hex(&out, slice_of(&octet, 1));
        assert_row(value, out.len == 2 && hex_value(buf_text(&out)) == octet);
    }
    buf_reset(&out);
    text_hex(&out, slice_of("\0\x0f\xf0\xff", 4));
    assert_string_equal(buf_text(&out), "000ff0ff");
    buf_free(&out);
}

/* ---- words of a shell ---- */

/* What `sh -c COMMAND` prints. */
static void run_shell(const char *command, struct buf *out)
{
    char *const argv[] = {strdup("sh"), strdup("-c"), strdup(command), NULL};
    posix_spawn_file_actions_t actions;
    uint8_t octets[512];
    int ends[2];
    int status = -1;
    ssize_t n;
    pid_t pid;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    assert_int_equal(posix_spawn(&pid, "/bin/sh", &actions, NULL, argv, environ), 0);
    close(ends[1]);
    while ((n = read(ends[0], octets, sizeof(octets))) > 0)
        buf_put(out, slice_of(octets, (size_t)n));
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    posix_spawn_file_actions_destroy(&actions);
    for (size_t i = 0; argv[i]; i++)
        free(argv[i]);
}

static void assert_survives_shell(const char *word)
{
    struct buf command;
    struct buf said;

    buf_init(&command, 4096);
    buf_init(&said, 4096);
    buf_put_str(&command, "printf %s ");
    text_shell_word(&command, word);
    run_shell(buf_text(&command), &said);
    assert_octets(buf_slice(&said), slice_str(word));
    buf_free(&command);
    buf_free(&said);
}

static void test_shell_words(void **state UNUSED)
{
    static const char *const words[] = {
        "",
        "plain",
        "two words",
        "'",
        "''",
        "it's",
        "a'b'c",
        "\"quoted\"",
        "$HOME",
        "${HOME}",
        "$(id)",
        "`id`",
        "a;b",
        "a&b|c",
        "<in >out",
        "*",
        "?[a-z]*",
        "~",
        "~root",
        "#no comment",
        "!x",
        "back\\slash",
        "line\nline\n",
        "\ttab\r",
        "-n",
        "%s%d",
        "a=b",
        "{a,b}",
        "(x)",
        "Echoed msg: ",
        "\x80\xff",
        "\x1b[31m",
        "'\"'\"'",
        "\\'",
        "unix:/tmp/a b",
    };

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        assert_survives_shell(words[i]);
}

static void test_shell_every_octet(void **state UNUSED)
{
    char all[256];

    for (unsigned value = 1; value < 256; value++) {
        char word[] = {(char)value, '\0'};

        assert_survives_shell(word);
        all[value - 1] = (char)value;
    }
    all[255] = '\0';
    assert_survives_shell(all);
}

static void test_shell_words_stay_readable(void **state UNUSED)
{
    static const struct {
        const char *word, *shown;
    } rows[] = {
        {"tcp://127.0.0.1:7", "tcp://127.0.0.1:7"},
        {"tcp://[::1]:7", "'tcp://[::1]:7'"},
        {"stream.echo.identity", "stream.echo.identity"},
        {"", "''"},
        {"it's", "'it'\\''s'"},
    };
    struct buf out;

    buf_init(&out, 100);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        buf_reset(&out);
        text_shell_word(&out, rows[i].word);
        assert_string_equal(buf_text(&out), rows[i].shown);
    }
    buf_free(&out);
}

/* ---- copying and formatting ---- */

/* Every length of the text against every size of the field, which ends at the page. */
static void test_copy_cuts(void **state UNUSED)
{
    static const char text[] = "abcdefgh";
    struct guard g;

    guard_open(&g, 16);
    for (size_t cap = 1; cap <= 10; cap++) {
        for (size_t len = 0; len < sizeof(text); len++) {
            char *out = (char *)guard_room(&g, cap);
            size_t due = size_min(len, cap - 1);

            memset(out, '#', cap);
            text_copy(out, cap, text + (sizeof(text) - 1 - len));
            assert_row(cap, strlen(out) == due);
            assert_row(cap, strncmp(out, text + (sizeof(text) - 1 - len), due) == 0);
        }
    }
    guard_close(&g);
}

static void test_format_cuts(void **state UNUSED)
{
    struct guard g;

    guard_open(&g, 16);
    for (size_t cap = 1; cap <= 12; cap++) {
        char *out = (char *)guard_room(&g, cap);
        char due[16] = "12345-abc";

        due[size_min(cap - 1, 9)] = '\0';
        memset(out, '#', cap);
        text_format(out, cap, "%d-%s", 12345, "abc");
        assert_string_equal(out, due);
    }
    guard_close(&g);
}

static void test_problem(void **state UNUSED)
{
    struct problem why;
    char longest[2000];

    assert_false(problem_set(NULL, "%s", "nobody listens"));
    assert_false(problem_set(&why, "%s:%d", "file", 7));
    assert_false(why.ours);
    assert_string_equal(why.text, "file:7");
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    assert_false(problem_set(&why, "%s", longest));
    assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
    assert_false(problem_set(&why, "a\nb\x1b[31m\x7f%s", "\r"));
    assert_string_equal(why.text, "a?b?[31m??");
    assert_false(problem_ours(&why, "no %s", "memory"));
    assert_true(why.ours);
    assert_string_equal(why.text, "no memory");
    assert_false(problem_ours(NULL, "nobody listens"));
}

static void test_comparing(void **state UNUSED)
{
    assert_true(text_eq("", ""));
    assert_true(text_eq("a", "a"));
    assert_false(text_eq("a", "A"));
    assert_false(text_eq("a", "ab"));
    assert_true(text_starts("abc", ""));
    assert_true(text_starts("abc", "abc"));
    assert_false(text_starts("abc", "abcd"));
    assert_false(text_starts("abc", "b"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_numbers_refused),
        cmocka_unit_test(test_globs),
        cmocka_unit_test(test_quote_every_octet),
        cmocka_unit_test(test_quote_exactly),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_shell_words),
        cmocka_unit_test(test_shell_every_octet),
        cmocka_unit_test(test_shell_words_stay_readable),
        cmocka_unit_test(test_copy_cuts),
        cmocka_unit_test(test_format_cuts),
        cmocka_unit_test(test_problem),
        cmocka_unit_test(test_comparing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
