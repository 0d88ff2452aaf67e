/* Tests of endpoint URLs: what they mean, that they survive a round trip, and what is refused. */
#include "harness/net/endpoint.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/guard.h"
#include "tests/unit.h"

#define TEN "aaaaaaaaaa"
#define PATH_107 "/" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "aaaaaa"

#define RPC(what, prog, vers)                                                                      \
    .kind = ENDPOINT_##what, .rpc = true, .program = (prog), .version = (vers)

static void test_good_urls(void **state UNUSED)
{
    static const struct {
        const char *url;
        struct endpoint due;
        const char *written; /* NULL: as the URL */
    } rows[] = {
        {"tcp://127.0.0.1:7", {.kind = ENDPOINT_TCP, .host = "127.0.0.1", .port = 7}, NULL},
        {"udp://127.0.0.1:7", {.kind = ENDPOINT_UDP, .host = "127.0.0.1", .port = 7}, NULL},
        {"tcp://localhost:0", {.kind = ENDPOINT_TCP, .host = "localhost"}, NULL},
        {"tcp://h:65535", {.kind = ENDPOINT_TCP, .host = "h", .port = 65535}, NULL},
        {"tcp://h:007", {.kind = ENDPOINT_TCP, .host = "h", .port = 7}, "tcp://h:7"},
        {"tcp://[::1]:7", {.kind = ENDPOINT_TCP, .host = "::1", .port = 7}, NULL},
        {"udp://[fe80::1%lo]:7", {.kind = ENDPOINT_UDP, .host = "fe80::1%lo", .port = 7}, NULL},
        {"tcp://[::ffff:127.0.0.1]:7",
         {.kind = ENDPOINT_TCP, .host = "::ffff:127.0.0.1", .port = 7},
         NULL},
        {"unix:/tmp/s", {.kind = ENDPOINT_UNIX, .path = "/tmp/s"}, NULL},
        {"unix:relative", {.kind = ENDPOINT_UNIX, .path = "relative"}, NULL},
        {"unix:/with space:7", {.kind = ENDPOINT_UNIX, .path = "/with space:7"}, NULL},
        {"unix-dgram:/tmp/s", {.kind = ENDPOINT_UNIX_DGRAM, .path = "/tmp/s"}, NULL},
        {"unix-seqpacket:/tmp/s", {.kind = ENDPOINT_UNIX_SEQPACKET, .path = "/tmp/s"}, NULL},
        {"unix:@name", {.kind = ENDPOINT_UNIX, .path = "name", .abstract = true}, NULL},
        {"unix-dgram:@@", {.kind = ENDPOINT_UNIX_DGRAM, .path = "@", .abstract = true}, NULL},
        {"unix:" PATH_107, {.kind = ENDPOINT_UNIX, .path = PATH_107}, NULL},
        {"unix:@" PATH_107, {.kind = ENDPOINT_UNIX, .path = PATH_107, .abstract = true}, NULL},
        {"rpc+tcp://h:2049/345678/2", {RPC(TCP, 345678, 2), .host = "h", .port = 2049}, NULL},
        {"rpc+udp://[::1]:0/0/0", {RPC(UDP, 0, 0), .host = "::1"}, NULL},
        {"rpc+tcp://h:1/4294967295/4294967295",
         {RPC(TCP, UINT32_MAX, UINT32_MAX), .host = "h", .port = 1},
         NULL},
        {"rpc+tcp://h:1/007/01", {RPC(TCP, 7, 1), .host = "h", .port = 1}, "rpc+tcp://h:1/7/1"},
        {"rpc+unix:/run/rpcbind.sock/100000/4",
         {RPC(UNIX, 100000, 4), .path = "/run/rpcbind.sock"},
         NULL},
        {"rpc+unix:/1/2/3/4", {RPC(UNIX, 3, 4), .path = "/1/2"}, NULL},
        {"rpc+unix:x/1/2", {RPC(UNIX, 1, 2), .path = "x"}, NULL},
        {"rpc+unix:@name/1/2", {RPC(UNIX, 1, 2), .path = "name", .abstract = true}, NULL},
        {"rpc+unix:" PATH_107 "/4294967295/4294967295",
         {RPC(UNIX, UINT32_MAX, UINT32_MAX), .path = PATH_107},
         NULL},
        {"rpc://h/1/2", {RPC(TCP, 1, 2), .host = "h", .netpath = true}, NULL},
        {"rpc://127.0.0.1/345678/2",
         {RPC(TCP, 345678, 2), .host = "127.0.0.1", .netpath = true},
         NULL},
        {"rpc://[::1]/345678/2", {RPC(TCP, 345678, 2), .host = "::1", .netpath = true}, NULL},
        {"rpc://[h]/1/2", {RPC(TCP, 1, 2), .host = "h", .netpath = true}, "rpc://h/1/2"},
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
        assert_row(i, e.rpc == rows[i].due.rpc && e.netpath == rows[i].due.netpath);
        assert_row(i, e.program == rows[i].due.program && e.version == rows[i].due.version);
        endpoint_format(&e, text, sizeof(text));
        assert_string_equal(text, rows[i].written ? rows[i].written : rows[i].url);
    }
    guard_close(&g);
}

static const struct {
    const char *url, *advice;
} bad_urls[] = {
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
    {"tcp://[[]:7", "expected tcp://HOST:PORT"},
    {"tcp://a]b:7", "expected tcp://HOST:PORT"},
    {"tcp://a/b:7", "expected tcp://HOST:PORT"},
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
    {"rpc+tcp://", "the program is missing; expected rpc+tcp://HOST:PORT/PROG/VERS"},
    {"rpc+tcp://h:1", "the program is missing; expected rpc+tcp://HOST:PORT/PROG/VERS"},
    {"rpc+tcp://h:1/2", "the program is missing; expected rpc+tcp://HOST:PORT/PROG/VERS"},
    {"rpc+tcp://1/2", "the program is missing"},
    {"rpc+unix:/1", "the program is missing; expected rpc+unix:PATH/PROG/VERS"},
    {"rpc+unix:/1/2", "the path is missing; write rpc+unix:PATH/PROG/VERS or rpc+unix:@NAME/"},
    {"rpc+unix:@/1/2", "the path is missing; write rpc+unix:PATH/PROG/VERS"},
    {"rpc+unix:" PATH_107 "a/1/2", "the path has 108 octets"},
    {"rpc+tcp://h/1/2", "expected rpc+tcp://HOST:PORT/PROG/VERS or rpc+tcp://[IPV6]:PORT/PROG/"},
    {"rpc+tcp://h:/1/2", "the port is missing; write rpc+tcp://HOST:PORT/PROG/VERS"},
    {"rpc+udp://h:65536/1/2", "port 65536 is out of range"},
    {"rpc+tcp://::1:7/1/2", "rpc+tcp://[IPV6]:PORT/PROG/VERS"},
    {"rpc+tcp://h:1//2", "\"\" is neither a program number nor a name of /etc/rpc"},
    {"rpc+tcp://h:1/no-such-program/2", "\"no-such-program\" is neither a program number"},
    {"rpc+tcp://h:1/-1/2", "\"-1\" is neither a program number nor a name of /etc/rpc"},
    {"rpc+tcp://h:1/4294967296/2",
     "program 4294967296 is out of range; programs go from 0 to 4294967295"},
    {"rpc+tcp://h:1/2/", "\"\" is no version; versions go from 0 to 4294967295"},
    {"rpc+tcp://h:1/2/x", "\"x\" is no version; versions go from 0 to 4294967295"},
    {"rpc+tcp://h:1/2/4294967296", "\"4294967296\" is no version"},
    {"rpc+tcp://h:1/2/3/4", "neither a port number nor a tcp service"},
    {"rpc+unix-dgram:/x/1/2", "rpc+tcp://HOST:PORT/PROG/VERS, rpc+udp://, rpc+unix: or rpc://"},
    {"rpc+unix-seqpacket:/x/1/2", "is no endpoint"},
    {"rpc+http://h:1/1/2", "is no endpoint"},
    {"rpc:h/1/2", "is no endpoint"},
    {"rpc://", "the program is missing; expected rpc://HOST/PROG/VERS"},
    {"rpc://h/1", "the program is missing; expected rpc://HOST/PROG/VERS"},
    {"rpc:///1/2", "expected rpc://HOST/PROG/VERS"},
    {"rpc://[]/1/2", "expected rpc://HOST/PROG/VERS"},
    {"rpc://h:111/1/2", "rpcbind is asked for the port; expected rpc://HOST/PROG/VERS"},
    {"rpc://::1/1/2", "expected rpc://HOST/PROG/VERS, an IPv6 address as [::1]"},
    {"rpc://h/x/1/2", "expected rpc://HOST/PROG/VERS"},
};

static void test_bad_urls(void **state UNUSED)
{
    struct guard g;

    guard_open(&g, 512);
    for (size_t i = 0; i < ARRAY_LEN(bad_urls); i++) {
        struct endpoint e = {.port = 4711};
        struct problem why = {.text = ""};

        assert_row(i, !endpoint_parse(guard_text(&g, slice_str(bad_urls[i].url)), &e, &why));
        assert_contains(why.text, bad_urls[i].url);
        assert_contains(why.text, bad_urls[i].advice);
        assert_row(i, e.port == 4711); /* untouched */
        assert_row(i, !endpoint_parse(bad_urls[i].url, &e, NULL));
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
                {"tcp://h:x", "service"},
                {"rpc+tcp://h", "too long; expected rpc+tcp://HOST:PORT/PROG/VERS"},
                {"rpc://", "too long; expected rpc://HOST/PROG/VERS"}};
    char url[2000];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct problem why = {.text = ""};
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
    static const char *const urls[] = {"tcp://[fe80::1]:65535",
                                       "udp://localhost:domain",
                                       "unix-seqpacket:@name",
                                       "unix-dgram:/tmp/x",
                                       "rpc+tcp://[::1]:65535/portmapper/4294967295",
                                       "rpc+unix:@name/100000/2",
                                       "rpc://[::1]/345678/2"};
    struct guard g;

    guard_open(&g, 64);
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        for (size_t len = 0; len <= strlen(urls[i]); len++) {
            struct problem why = {.text = ""};
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

static void test_programs(void **state UNUSED)
{
    struct endpoint plain = {.kind = ENDPOINT_TCP, .host = "h", .port = 7};
    char text[ENDPOINT_TEXT_MAX];
    struct endpoint e;

    if (!getrpcbyname("portmapper") || !getrpcbyname("nfs"))
        skip(); /* a machine without /etc/rpc */
    assert_true(endpoint_parse("rpc+tcp://h:111/portmapper/2", &e, NULL));
    assert_int_equal(e.program, 100000);
    endpoint_format(&e, text, sizeof(text));
    assert_string_equal(text, "rpc+tcp://h:111/100000/2");
    assert_true(endpoint_parse("rpc://h/nfs/4", &e, NULL));
    assert_int_equal(e.program, 100003);
    endpoint_take_program(&plain, &e);
    endpoint_format(&plain, text, sizeof(text));
    assert_string_equal(text, "rpc+tcp://h:7/100003/4");
    e.rpc = false;
    endpoint_take_program(&plain, &e);
    endpoint_format(&plain, text, sizeof(text));
    assert_string_equal(text, "tcp://h:7");
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
        cmocka_unit_test(test_programs),
        cmocka_unit_test(test_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
