/* Tests of the target: its medium, and the command that starts it with its places filled in. */
#include "conformance/runner/target.h"

#include <string.h>

#include "tests/guard.h"
#include "tests/unit.h"

static struct endpoint endpoint_of(const char *url)
{
    struct endpoint e = {.port = 0};

    assert_true(endpoint_parse(url, &e, NULL));
    return e;
}

static void test_media(void **state UNUSED)
{
    static const struct {
        const char *url;
        enum exchange_medium medium;
    } rows[] = {
        {"tcp://h:7", EXCHANGE_OVER_STREAM},
        {"udp://h:7", EXCHANGE_OVER_DATAGRAMS},
        {"unix:/s", EXCHANGE_OVER_STREAM},
        {"unix-dgram:/s", EXCHANGE_OVER_DATAGRAMS},
        {"unix-seqpacket:/s", EXCHANGE_OVER_RECORDS},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct endpoint e = endpoint_of(rows[i].url);

        assert_row(i, target_medium(&e) == rows[i].medium);
    }
}

static void test_commands(void **state UNUSED)
{
    static const struct {
        const char *url, *command, *due;
    } rows[] = {
        {"tcp://127.0.0.1:7", "", ""},
        {"tcp://127.0.0.1:7", "./server", "./server"},
        {"tcp://127.0.0.1:7", "./server {port}", "./server 7"},
        {"tcp://127.0.0.1:7", "{host}:{port}", "127.0.0.1:7"},
        {"udp://[::1]:65535", "s -h {host} -p {port} {port}", "s -h ::1 -p 65535 65535"},
        {"tcp://127.0.0.1:7", "p=${port}; echo ${shell}", "p=${port}; echo ${shell}"},
        {"tcp://127.0.0.1:7", "${x}{port}", "${x}7"},
        {"tcp://127.0.0.1:7", "f() { s {port}; }; f", "f() { s 7; }; f"},
        {"tcp://127.0.0.1:7", "awk '{print $1}' {} {1} {Port} {a-b}",
         "awk '{print $1}' {} {1} {Port} {a-b}"},
        {"tcp://127.0.0.1:7", "{{port}}", "{7}"},
        {"tcp://127.0.0.1:7", "{port", "{port"},
        {"tcp://127.0.0.1:7", "port}", "port}"},
        {"unix:/tmp/s", "./server {path}", "./server /tmp/s"},
        {"unix:@name", "./server {path}", "./server @name"},
        {"unix-dgram:/tmp/s", "{path}", "/tmp/s"},
    };
    struct guard g;
    struct buf out;

    guard_open(&g, 256);
    buf_init(&out, 1000);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct endpoint e = endpoint_of(rows[i].url);
        struct problem why = {.text = ""};

        buf_reset(&out);
        assert_row(i, target_command(guard_text(&g, slice_str(rows[i].command)), &e, &out, &why));
        assert_string_equal(buf_text(&out), rows[i].due);
    }
    buf_free(&out);
    guard_close(&g);
}

static void test_refused(void **state UNUSED)
{
    static const struct {
        const char *url, *command, *why;
    } rows[] = {
        {"tcp://127.0.0.1:7", "s {path}",
         "--spawn: {path} does not go with this URL; it has {host} and {port}"},
        {"unix:/tmp/s", "s {port}", "--spawn: {port} does not go with this URL; it has {path}"},
        {"unix:/tmp/s", "s {host}", "--spawn: {host} does not go with this URL; it has {path}"},
        {"tcp://127.0.0.1:7", "s {prt}",
         "--spawn: {prt} does not go with this URL; it has {host} and {port}"},
        {"tcp://127.0.0.1:7", "s {port} {ports}",
         "--spawn: {ports} does not go with this URL; it has {host} and {port}"},
    };
    struct buf out;

    buf_init(&out, 1000);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct endpoint e = endpoint_of(rows[i].url);
        struct problem why = {.text = ""};

        buf_reset(&out);
        assert_row(i, !target_command(rows[i].command, &e, &out, &why));
        assert_string_equal(why.text, rows[i].why);
    }
    buf_free(&out);
}

static void test_too_long(void **state UNUSED)
{
    struct endpoint e = endpoint_of("tcp://127.0.0.1:65535");
    struct problem why = {.text = ""};
    struct buf out;

    buf_init(&out, 8);
    assert_true(target_command("{port}abc", &e, &out, &why));
    buf_reset(&out);
    assert_false(target_command("{port}abcd", &e, &out, &why));
    assert_string_equal(why.text, "--spawn: the command is too long");
    buf_free(&out);
}

static void test_commands_that_move(void **state UNUSED)
{
    static const struct {
        const char *url, *command;
        bool moves;
    } rows[] = {
        {"tcp://127.0.0.1:7", NULL, false},
        {"tcp://127.0.0.1:7", "s 7", false},
        {"tcp://127.0.0.1:7", "s {host}", false},
        {"tcp://127.0.0.1:7", "s {port}", true},
        {"tcp://127.0.0.1:7", "s {path}", false},
        {"unix:/s", "s {path}", true},
        {"unix:/s", "s {port}", false},
        {"tcp://127.0.0.1:7", "s ${port}", false}, /* that one is the shell's */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct endpoint e = endpoint_of(rows[i].url);

        assert_row(i, target_command_moves(rows[i].command, &e) == rows[i].moves);
    }
}

static void test_wildcards(void **state UNUSED)
{
    static const struct {
        const char *url, *to;
    } rows[] = {
        {"tcp://0.0.0.0:7", "127.0.0.1:7"},
        {"udp://[::]:7", "[::1]:7"},
        {"tcp://127.0.0.2:7", "127.0.0.2:7"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct endpoint e = endpoint_of(rows[i].url);
        struct address to;
        char text[ADDRESS_TEXT_MAX];
        size_t count = 0;

        assert_row(i, target_resolve(&e, &to, 1, &count, NULL) && count == 1);
        address_format(&to, text, sizeof(text));
        assert_string_equal(text, rows[i].to);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_media),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_commands_that_move),
        cmocka_unit_test(test_wildcards),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
