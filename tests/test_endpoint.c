/* Tests of endpoint URLs: what they mean, that they survive a round trip, and what is refused. */
#include "harness/net/endpoint.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/guard.h"
#include "tests/unit.h"

#define TEN "aaaaaaaaaa"
#define PATH_107 "/" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "aaaaaa"

static void test_good_urls(void **state UNUSED)
{
    static const struct {
        const char *url;
        struct endpoint due;
        const char *written; /* NULL: as the URL */
    } rows[] = {
        {"tcp://127.0.0.1:7", {ENDPOINT_TCP, "127.0.0.1", 7, "", false}, NULL},
        {"udp://127.0.0.1:7", {ENDPOINT_UDP, "127.0.0.1", 7, "", false}, NULL},
        {"tcp://localhost:0", {ENDPOINT_TCP, "localhost", 0, "", false}, NULL},
        {"tcp://h:65535", {ENDPOINT_TCP, "h", 65535, "", false}, NULL},
        {"tcp://h:007", {ENDPOINT_TCP, "h", 7, "", false}, "tcp://h:7"},
        {"tcp://[::1]:7", {ENDPOINT_TCP, "::1", 7, "", false}, NULL},
        {"udp://[fe80::1%lo]:7", {ENDPOINT_UDP, "fe80::1%lo", 7, "", false}, NULL},
        {"tcp://[::ffff:127.0.0.1]:7", {ENDPOINT_TCP, "::ffff:127.0.0.1", 7, "", false}, NULL},
        {"unix:/tmp/s", {ENDPOINT_UNIX, "", 0, "/tmp/s", false}, NULL},
        {"unix:relative", {ENDPOINT_UNIX, "", 0, "relative", false}, NULL},
        {"unix:/with space:7", {ENDPOINT_UNIX, "", 0, "/with space:7", false}, NULL},
        {"unix-dgram:/tmp/s", {ENDPOINT_UNIX_DGRAM, "", 0, "/tmp/s", false}, NULL},
        {"unix-seqpacket:/tmp/s", {ENDPOINT_UNIX_SEQPACKET, "", 0, "/tmp/s", false}, NULL},
        {"unix:@name", {ENDPOINT_UNIX, "", 0, "name", true}, NULL},
        {"unix-dgram:@@", {ENDPOINT_UNIX_DGRAM, "", 0, "@", true}, NULL},
        {"unix:" PATH_107, {ENDPOINT_UNIX, "", 0, PATH_107, false}, NULL},
        {"unix:@" PATH_107, {ENDPOINT_UNIX, "", 0, PATH_107, true}, NULL},
    };
    struct guard g;

    assert_int_equal(strlen(PATH_107), ENDPOINT_PATH_MAX);
    guard_open(&g, 512);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct endpoint e;
        char text[ENDPOINT_TEXT_MAX];

        assert_row(i, endpoint_parse(guard_text(&g, slice_str(rows[i].url)), &e, NULL));
        assert_row(i, e.kind == rows[i].due.kind && e.port == rows[i].due.port);
        assert_row(i, text_eq(e.host, rows[i].due.host) && text_eq(e.path, rows[i].due.path));
        assert_row(i, e.abstract == rows[i].due.abstract);
        endpoint_format(&e, text, sizeof(text));
        assert_string_equal(text, rows[i].written ? rows[i].written : rows[i].url);
    }
    guard_close(&g);
}

static void test_bad_urls(void **state UNUSED)
{
    static const struct {
        const char *url, *advice;
    } rows[] = {
        {"", "write tcp://HOST:PORT, udp://HOST:PORT, unix:PATH"},
        {"127.0.0.1:7", "write tcp://HOST:PORT"},
        {"http://127.0.0.1:7", "write tcp://HOST:PORT"},
        {"TCP://127.0.0.1:7", "write tcp://HOST:PORT"},
        {"tcp:127.0.0.1:7", "write tcp://HOST:PORT"},
        {"unix-stream:/tmp/s", "unix-dgram:PATH or unix-seqpacket:PATH"},
        {"tcp://", "expected tcp://HOST:PORT or tcp://[IPV6]:PORT"},
        {"tcp://127.0.0.1", "expected tcp://HOST:PORT"},
        {"udp://127.0.0.1", "expected udp://HOST:PORT"},
        {"tcp://127.0.0.1:", "the port is missing; write tcp://HOST:PORT"},
        {"tcp://[::1]:", "the port is missing"},
        {"tcp://:7", "expected tcp://HOST:PORT"},
        {"tcp://[]:7", "expected tcp://HOST:PORT"},
        {"tcp://::1:7", "tcp://[IPV6]:PORT"},
        {"tcp://[::1", "tcp://[IPV6]:PORT"},
        {"tcp://[::1]", "tcp://[IPV6]:PORT"},
        {"tcp://[::1]7", "tcp://[IPV6]:PORT"},
        {"tcp://h:65536", "port 65536 is out of range; ports go from 0 to 65535"},
        {"tcp://h:99999999999999999999999", "out of range"},
        {"tcp://h:-1", "\"-1\" is neither a port number nor a tcp service"},
        {"udp://h:no-such-service", "\"no-such-service\" is neither a port number nor a udp"},
        {"tcp://h:7x", "neither a port number nor a tcp service"},
        {"tcp://h: 7", "neither a port number nor a tcp service"},
        {"unix:", "the path is missing; write unix:PATH or unix:@NAME"},
        {"unix:@", "the path is missing"},
        {"unix-seqpacket:", "write unix-seqpacket:PATH"},
        {"unix:" PATH_107 "a", "the path has 108 octets; a unix socket has room for 107"},
        {"unix:@" PATH_107 "a", "the path has 108 octets"},
    };
    struct guard g;

    guard_open(&g, 512);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct endpoint e = {.port = 4711};
        struct problem why = {""};

        assert_row(i, !endpoint_parse(guard_text(&g, slice_str(rows[i].url)), &e, &why));
        assert_contains(why.text, rows[i].url);
        assert_contains(why.text, rows[i].advice);
        assert_row(i, e.port == 4711); /* untouched */
        assert_row(i, !endpoint_parse(rows[i].url, &e, NULL));
    }
    guard_close(&g);
}

/* A URL may be longer than the sentence that refuses it: what would be right must still fit. */
static void test_advice_survives_a_long_url(void **state UNUSED)
{
    static const struct {
        const char *head, *advice;
    } rows[] = {{"unix:/", "room for 107"},
                {"nonsense", "tcp://HOST:PORT"},
                {"tcp://h", "tcp://HOST:PORT"},
                {"tcp://h:x", "service"}};
    char url[2000];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct problem why = {""};
        struct endpoint e;

        memset(url, 'y', sizeof(url));
        url[sizeof(url) - 1] = '\0';
        for (size_t n = 0; rows[i].head[n]; n++)
            url[n] = rows[i].head[n];
        assert_row(i, !endpoint_parse(url, &e, &why));
        assert_contains(why.text, rows[i].head);
        assert_contains(why.text, rows[i].advice);
    }
}

static void test_host_limit(void **state UNUSED)
{
    char url[ENDPOINT_HOST_MAX + 32];
    struct endpoint e;

    for (size_t len = ENDPOINT_HOST_MAX; len <= ENDPOINT_HOST_MAX + 1; len++) {
        char host[ENDPOINT_HOST_MAX + 2];

        memset(host, 'h', len);
        host[len] = '\0';
        text_format(url, sizeof(url), "tcp://%s:7", host);
        assert_row(len, endpoint_parse(url, &e, NULL) == (len == ENDPOINT_HOST_MAX));
        text_format(url, sizeof(url), "tcp://[%s]:7", host);
        assert_row(len, endpoint_parse(url, &e, NULL) == (len == ENDPOINT_HOST_MAX));
    }
    text_format(url, sizeof(url), "tcp://%s:7", e.host);
    assert_int_equal(strlen(e.host), ENDPOINT_HOST_MAX);
    assert_int_equal(e.port, 7);
}

/* Every prefix of a URL is read up to its end and no further. */
static void test_prefixes(void **state UNUSED)
{
    static const char *const urls[] = {"tcp://[fe80::1]:65535", "udp://localhost:domain",
                                       "unix-seqpacket:@name", "unix-dgram:/tmp/x"};
    struct guard g;

    guard_open(&g, 64);
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        for (size_t len = 0; len <= strlen(urls[i]); len++) {
            struct problem why = {""};
            struct endpoint e;
            const char *text = guard_text(&g, slice_sub(slice_str(urls[i]), 0, len));

            if (!endpoint_parse(text, &e, &why))
                assert_contains(why.text, text);
        }
    }
    guard_close(&g);
}

static void test_services(void **state UNUSED)
{
    struct endpoint e;

    if (!getservbyname("domain", "tcp") || !getservbyname("domain", "udp"))
        skip(); /* a machine without /etc/services */
    assert_true(endpoint_parse("tcp://h:domain", &e, NULL));
    assert_int_equal(e.port, 53);
    assert_true(endpoint_parse("udp://h:domain", &e, NULL));
    assert_int_equal(e.port, 53);
}

static void test_kinds(void **state UNUSED)
{
    static const struct {
        enum endpoint_kind kind;
        int socktype;
        bool is_unix, is_datagram;
    } rows[] = {
        {ENDPOINT_TCP, SOCK_STREAM, false, false},
        {ENDPOINT_UDP, SOCK_DGRAM, false, true},
        {ENDPOINT_UNIX, SOCK_STREAM, true, false},
        {ENDPOINT_UNIX_DGRAM, SOCK_DGRAM, true, true},
        {ENDPOINT_UNIX_SEQPACKET, SOCK_SEQPACKET, true, false},
    };

    assert_int_equal(ARRAY_LEN(rows), ENDPOINT_KINDS);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct endpoint e = {.kind = rows[i].kind};

        assert_row(i, endpoint_socktype(&e) == rows[i].socktype);
        assert_row(i, endpoint_is_unix(&e) == rows[i].is_unix);
        assert_row(i, endpoint_is_datagram(&e) == rows[i].is_datagram);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_urls),
        cmocka_unit_test(test_bad_urls),
        cmocka_unit_test(test_advice_survives_a_long_url),
        cmocka_unit_test(test_host_limit),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_services),
        cmocka_unit_test(test_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
