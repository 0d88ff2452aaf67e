/* Tests of socket addresses: resolving, comparing across families, and how they are shown. */
#include "harness/net/address.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "tests/unit.h"

enum { ADDRESSES = 8 };

/* The address of a URL; numbers and paths only, so that no resolver is asked. */
static struct address at(const char *url)
{
    struct endpoint e;
    struct address a = {0};
    struct problem why = {.text = ""};
    size_t count = 0;

    bool ok = endpoint_parse(url, &e, &why);
    ok = ok && address_resolve(&e, &a, 1, &count, &why);
    assert_string_equal(why.text, "");
    assert_true(ok && count == 1);
    return a;
}

static void test_resolving(void **state UNUSED)
{
    static const struct {
        const char *url;
        int family, socktype;
        uint16_t port;
    } rows[] = {
        {"tcp://127.0.0.1:7", AF_INET, SOCK_STREAM, 7},
        {"udp://127.0.0.1:65535", AF_INET, SOCK_DGRAM, 65535},
        {"tcp://[::1]:7", AF_INET6, SOCK_STREAM, 7},
        {"udp://[::]:0", AF_INET6, SOCK_DGRAM, 0},
        {"unix:/tmp/s", AF_UNIX, SOCK_STREAM, 0},
        {"unix-dgram:@s", AF_UNIX, SOCK_DGRAM, 0},
        {"unix-seqpacket:/tmp/s", AF_UNIX, SOCK_SEQPACKET, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct address a = at(rows[i].url);

        assert_row(i, address_family(&a) == rows[i].family && a.socktype == rows[i].socktype);
        assert_row(i, address_port(&a) == rows[i].port);
    }
}

static void test_unix_lengths(void **state UNUSED)
{
    size_t head = offsetof(struct sockaddr_un, sun_path);
    struct address path = at("unix:/tmp/s");
    struct address name = at("unix:@abc");

    assert_int_equal(path.len, head + sizeof("/tmp/s"));
    assert_int_equal(name.len, head + 1 + 3); /* no NUL behind an abstract name */
}

static void test_longest_unix_path(void **state UNUSED)
{
    struct endpoint e = {.kind = ENDPOINT_UNIX};
    struct endpoint back;
    struct address a;
    size_t count = 0;

    memset(e.path, 'p', ENDPOINT_PATH_MAX);
    for (unsigned abstract = 0; abstract < 2; abstract++) {
        e.abstract = abstract != 0;
        assert_true(address_resolve(&e, &a, 1, &count, NULL));
        assert_int_equal(a.len, sizeof(struct sockaddr_un));
        address_to_endpoint(&a, &back);
        assert_string_equal(back.path, e.path);
        assert_int_equal(back.abstract, e.abstract);
    }
}

static void test_unresolved(void **state UNUSED)
{
    struct endpoint e = {.kind = ENDPOINT_TCP, .port = 7};
    struct problem why = {.text = ""};
    struct address a[ADDRESSES];
    size_t count = 99;

    text_copy(e.host, sizeof(e.host), "no host has blanks");
    assert_false(address_resolve(&e, a, ADDRESSES, &count, &why));
    assert_contains(why.text, "host \"no host has blanks\" does not resolve");
}

static void test_loopback(void **state UNUSED)
{
    static const struct {
        const char *url;
        bool loopback, wildcard;
    } rows[] = {
        {"tcp://127.0.0.1:7", true, false},
        {"tcp://127.255.0.9:7", true, false},
        {"tcp://128.0.0.1:7", false, false},
        {"tcp://126.255.255.255:7", false, false},
        {"tcp://0.0.0.0:7", false, true},
        {"tcp://192.0.2.1:7", false, false},
        {"udp://[::1]:7", true, false},
        {"udp://[::2]:7", false, false},
        {"udp://[::]:7", false, true},
        {"udp://[::ffff:127.0.0.1]:7", true, false},
        {"udp://[::ffff:127.9.9.9]:7", true, false},
        {"udp://[::ffff:192.0.2.1]:7", false, false},
        {"udp://[::127.0.0.1]:7", false, false},
        {"unix:/tmp/s", true, false},
        {"unix:@s", true, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct address a = at(rows[i].url);

        assert_row(i, address_is_loopback(&a) == rows[i].loopback);
        assert_row(i, address_is_wildcard(&a) == rows[i].wildcard);
    }
}

static void test_equality(void **state UNUSED)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"tcp://127.0.0.1:7", "tcp://127.0.0.1:7", true},
        {"tcp://127.0.0.1:7", "udp://127.0.0.1:7", true}, /* the address, not the transport */
        {"tcp://127.0.0.1:7", "tcp://127.0.0.1:8", false},
        {"tcp://127.0.0.1:7", "tcp://127.0.0.2:7", false},
        {"tcp://[::1]:7", "tcp://[::1]:7", true},
        {"tcp://[::1]:7", "tcp://[::1]:8", false},
        {"tcp://[::1]:7", "tcp://[::2]:7", false},
        {"tcp://[::1]:7", "tcp://127.0.0.1:7", false},
        {"tcp://[::ffff:127.0.0.1]:7", "tcp://127.0.0.1:7", true},
        {"tcp://[::ffff:127.0.0.1]:7", "tcp://[::ffff:127.0.0.1]:7", true},
        {"tcp://[::ffff:127.0.0.1]:7", "tcp://127.0.0.1:8", false},
        {"tcp://[::ffff:127.0.0.1]:7", "tcp://127.0.0.2:7", false},
        {"tcp://[::127.0.0.1]:7", "tcp://127.0.0.1:7", false},
        {"unix:/tmp/s", "unix:/tmp/s", true},
        {"unix:/tmp/s", "unix:/tmp/t", false},
        {"unix:/tmp/s", "unix:/tmp/ss", false},
        {"unix:s", "unix:@s", false},
        {"unix:@s", "unix:@s", true},
        {"unix:@s", "unix:@ss", false},
        {"unix:@s", "tcp://127.0.0.1:7", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct address a = at(rows[i].a);
        struct address b = at(rows[i].b);

        assert_row(i, address_eq(&a, &b) == rows[i].same);
        assert_row(i, address_eq(&b, &a) == rows[i].same);
    }
}

static void test_ports(void **state UNUSED)
{
    static const struct {
        const char *url;
        uint16_t due;
    } rows[] = {{"tcp://127.0.0.1:7", 4711}, {"udp://[::1]:7", 4711}, {"unix:/tmp/s", 0}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct address a = at(rows[i].url);
        struct address before = a;

        address_set_port(&a, 4711);
        assert_row(i, address_port(&a) == rows[i].due && a.len == before.len);
        address_set_port(&a, address_port(&before));
        assert_row(i, address_eq(&a, &before));
    }
}

static void test_octets(void **state UNUSED)
{
    static const uint8_t four[] = {127, 0, 0, 7};
    static const uint8_t six[16] = {[15] = 1};
    uint8_t octets[ADDRESS_OCTETS_MAX];
    struct address a;

    address_loopback(&a, AF_INET, SOCK_STREAM, 7, 80);
    assert_octets(slice_of(octets, address_octets(&a, octets)), slice_of(four, sizeof(four)));
    address_loopback(&a, AF_INET6, SOCK_STREAM, 1, 80);
    assert_octets(slice_of(octets, address_octets(&a, octets)), slice_of(six, sizeof(six)));
    a.storage.ss_family = AF_UNIX;
    assert_int_equal(address_octets(&a, octets), 0);
}

static void test_back_to_endpoint(void **state UNUSED)
{
    static const struct {
        const char *url, *shown;
    } rows[] = {
        {"tcp://127.0.0.1:80", "127.0.0.1:80"},
        {"udp://127.0.0.1:80", "127.0.0.1:80"},
        {"tcp://[::1]:80", "[::1]:80"},
        {"udp://[2001:db8::1]:0", "[2001:db8::1]:0"},
        {"unix:/tmp/s", "/tmp/s"},
        {"unix-dgram:/tmp/s", "/tmp/s"},
        {"unix-seqpacket:/tmp/s", "/tmp/s"},
        {"unix:@name", "@name"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct address a = at(rows[i].url);
        struct endpoint e;
        char text[ENDPOINT_TEXT_MAX];

        address_to_endpoint(&a, &e);
        endpoint_format(&e, text, sizeof(text));
        assert_string_equal(text, rows[i].url);
        address_format(&a, text, sizeof(text));
        assert_string_equal(text, rows[i].shown);
    }
}

/* What recvfrom(2) gives for a peer that was never bound: the family alone, or nothing at all. */
static void test_unnamed(void **state UNUSED)
{
    static const socklen_t lengths[] = {0, sizeof(sa_family_t)};

    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct address a = {.len = lengths[i], .socktype = SOCK_DGRAM};
        char text[ADDRESS_TEXT_MAX];

        a.storage.ss_family = AF_UNIX;
        address_format(&a, text, sizeof(text));
        assert_string_equal(text, "(unnamed)");
    }
}

static void test_format_cuts(void **state UNUSED)
{
    struct address a = at("tcp://127.0.0.1:80");
    char text[8];

    address_format(&a, text, sizeof(text));
    assert_string_equal(text, "127.0.0");
}

static void test_making_loopback(void **state UNUSED)
{
    static const struct {
        int family;
        uint8_t host;
        const char *shown;
    } rows[] = {
        {AF_INET, 1, "127.0.0.1:4711"},
        {AF_INET, 255, "127.0.0.255:4711"},
        {AF_INET6, 1, "[::1]:4711"},
        {AF_INET6, 9, "[::1]:4711"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct address a;
        char text[ADDRESS_TEXT_MAX];

        address_loopback(&a, rows[i].family, SOCK_DGRAM, rows[i].host, 4711);
        assert_row(i, address_is_loopback(&a) && a.socktype == SOCK_DGRAM);
        address_format(&a, text, sizeof(text));
        assert_string_equal(text, rows[i].shown);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolving),
        cmocka_unit_test(test_unix_lengths),
        cmocka_unit_test(test_longest_unix_path),
        cmocka_unit_test(test_unresolved),
        cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_equality),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_octets),
        cmocka_unit_test(test_back_to_endpoint),
        cmocka_unit_test(test_unnamed),
        cmocka_unit_test(test_format_cuts),
        cmocka_unit_test(test_making_loopback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
