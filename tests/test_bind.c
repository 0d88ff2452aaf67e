/*
 * Tests of portmap and rpcbind: every structure of RFC 1833 written by hand, read back, cut at
 * every octet; lists; and universal addresses of RFC 5665 from both sides of every limit.
 */
#include "harness/rpc/bind.h"

#include <string.h>
#include <sys/socket.h>

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

static struct slice octets_of(const char *hex)
{
    buf_reset(&due);
    unit_hex(&due, hex);
    return guard_put(&guard, buf_slice(&due));
}

static void assert_written(const char *hex)
{
    assert_false(out.failed);
    assert_octets(buf_slice(&out), octets_of(hex));
    buf_reset(&out);
}

/* ---- golden structures ---- */

#define TCP_STRING "00000003 74637000 "
#define ADDR_STRING "00000010 3139322e 302e322e 372e3230 332e3831 "
#define MAPPING "20000099 00000001 00000006 000015b3"
#define RPCB "000186a0 00000004 " TCP_STRING ADDR_STRING "00000001 30000000"
#define REMOTE "0005464e 00000002 00000002 00000004 00000001"
#define REMOTE_PORT "000015b3 00000008 00000002 68690000"
#define REMOTE_ADDR ADDR_STRING "00000000"
#define NETBUF "00000010 00000010 0200cb51 c0000207 00000000 00000000"
#define ENTRY ADDR_STRING TCP_STRING "00000003 00000004 696e6574 " TCP_STRING
#define STAT_ADDR "000186a0 00000003 00000005 ffffffff " TCP_STRING
#define STAT_REMOTE "0005464e 00000002 00000001 00000004 00000003 00000002 " TCP_STRING
#define COUNTERS                                                                                   \
    "00000000 00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008 00000009 "   \
    "0000000a 0000000b 0000000c 00000007 00000006 "

/* Each reads one structure and writes what it read. */

static bool again_mapping(struct wire_in *in)
{
    struct bind_mapping m;
    bool ok = bind_read_mapping(in, &m);

    bind_put_mapping(&out, &m);
    return ok;
}

static bool again_rpcb(struct wire_in *in)
{
    struct bind_rpcb b;
    bool ok = bind_read_rpcb(in, &b);

    bind_put_rpcb(&out, &b);
    return ok;
}

static bool again_remote(struct wire_in *in)
{
    struct bind_remote r;
    bool ok = bind_read_remote(in, &r);

    bind_put_remote(&out, &r);
    return ok;
}

static bool again_remote_port(struct wire_in *in)
{
    struct bind_remote_port r;
    bool ok = bind_read_remote_port(in, &r);

    bind_put_remote_port(&out, &r);
    return ok;
}

static bool again_remote_addr(struct wire_in *in)
{
    struct bind_remote_addr r;
    bool ok = bind_read_remote_addr(in, &r);

    bind_put_remote_addr(&out, &r);
    return ok;
}

static bool again_netbuf(struct wire_in *in)
{
    struct bind_netbuf n;
    bool ok = bind_read_netbuf(in, &n);

    bind_put_netbuf(&out, &n);
    return ok;
}

static bool again_stat(struct wire_in *in)
{
    struct bind_stat s;
    bool ok = bind_read_stat(in, &s);

    bind_put_stat(&out, &s);
    return ok;
}

static bool again_mappings(struct wire_in *in)
{
    struct bind_mapping m;

    while (bind_next_mapping(in, &m))
        bind_list_mapping(&out, &m);
    bind_list_end(&out);
    return wire_ok(in);
}

static bool again_rpcbs(struct wire_in *in)
{
    struct bind_rpcb b;

    while (bind_next_rpcb(in, &b))
        bind_list_rpcb(&out, &b);
    bind_list_end(&out);
    return wire_ok(in);
}

static bool again_entries(struct wire_in *in)
{
    struct bind_entry e;

    while (bind_next_entry(in, &e))
        bind_list_entry(&out, &e);
    bind_list_end(&out);
    return wire_ok(in);
}

static bool again_stat_addrs(struct wire_in *in)
{
    struct bind_stat_addr a;

    while (bind_next_stat_addr(in, &a))
        bind_list_stat_addr(&out, &a);
    bind_list_end(&out);
    return wire_ok(in);
}

static bool again_stat_remotes(struct wire_in *in)
{
    struct bind_stat_remote r;

    while (bind_next_stat_remote(in, &r))
        bind_list_stat_remote(&out, &r);
    bind_list_end(&out);
    return wire_ok(in);
}

static const struct {
    bool (*again)(struct wire_in *in);
    const char *hex;
} goldens[] = {
    {again_mapping, MAPPING},
    {again_rpcb, RPCB},
    {again_remote, REMOTE},
    {again_remote_port, REMOTE_PORT},
    {again_remote_addr, REMOTE_ADDR},
    {again_netbuf, NETBUF},
    {again_stat, COUNTERS "00000000 00000000"},
    {again_stat, COUNTERS "00000001 " STAT_ADDR "00000000 00000001 " STAT_REMOTE
                          "00000001 " STAT_REMOTE "00000000"},
    {again_mappings, "00000000"},
    {again_mappings, "00000001 " MAPPING " 00000001 " MAPPING " 00000000"},
    {again_rpcbs, "00000001 " RPCB " 00000001 " RPCB " 00000000"},
    {again_entries, "00000001 " ENTRY "00000001 " ENTRY "00000000"},
    {again_stat_addrs, "00000001 " STAT_ADDR "00000000"},
    {again_stat_remotes, "00000001 " STAT_REMOTE "00000000"},
};

static void test_goldens(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(goldens); i++) {
        struct wire_in in;

        wire_open(&in, octets_of(goldens[i].hex));
        assert_row(i, goldens[i].again(&in));
        wire_end(&in, "golden");
        assert_row(i, wire_ok(&in));
        assert_written(goldens[i].hex);
    }
}

static void test_every_prefix(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(goldens); i++) {
        struct buf copy;

        buf_init(&copy, ROOM);
        unit_hex(&copy, goldens[i].hex);
        for (size_t len = 0; len < copy.len; len++) {
            struct wire_in in;

            wire_open(&in, guard_put(&guard, slice_sub(buf_slice(&copy), 0, len)));
            assert_row(i, !goldens[i].again(&in));
            assert_row(i, in.fault == WIRE_SHORT && in.offset <= len);
            buf_reset(&out);
        }
        buf_free(&copy);
    }
}

static void test_fields(void **state UNUSED)
{
    struct bind_mapping m;
    struct bind_rpcb b;
    struct bind_entry e;
    struct bind_stat s;
    struct wire_in in;

    wire_open(&in, octets_of(MAPPING));
    assert_true(bind_read_mapping(&in, &m));
    assert_true(m.prog == 0x20000099 && m.vers == 1 && m.prot == BIND_PROTO_TCP && m.port == 5555);
    wire_open(&in, octets_of(RPCB));
    assert_true(bind_read_rpcb(&in, &b));
    assert_true(b.prog == BIND_PROGRAM && b.vers == BIND_RPCB_VERSION4);
    assert_octets(b.netid.octets, slice_str("tcp"));
    assert_octets(b.addr.octets, slice_str("192.0.2.7.203.81"));
    assert_octets(b.owner.octets, slice_str("0"));
    wire_open(&in, octets_of("00000001 " ENTRY "00000000"));
    assert_true(bind_next_entry(&in, &e));
    assert_int_equal(e.semantics, BIND_TPI_COTS_ORD);
    assert_octets(e.protofmly.octets, slice_str("inet"));
    assert_octets(e.proto.octets, slice_str("tcp"));
    assert_false(bind_next_entry(&in, &e));
    assert_true(wire_ok(&in));
    wire_open(&in, octets_of(COUNTERS "00000001 " STAT_ADDR "00000000 00000000"));
    assert_true(bind_read_stat(&in, &s));
    assert_true(s.calls[BIND_RPCB_GETSTAT] == 12 && s.sets == 7 && s.unsets == 6);
    assert_int_equal(s.remotes.len, 4);
    wire_open(&in, s.addrs);
    struct bind_stat_addr a;
    assert_true(bind_next_stat_addr(&in, &a));
    assert_true(a.success == 5 && a.failure == -1);
    assert_octets(a.netid.octets, slice_str("tcp"));
}

static void test_broken_lists(void **state UNUSED)
{
    static const struct {
        const char *hex, *why;
    } rows[] = {
        {"00000002 " MAPPING " 00000000",
         "octet 0, next: 2 (0x00000002) is neither 0 nor 1 (RFC 4506 4.19)"},
        {"00000001 " MAPPING, "octet 20, next: 4 octets needed, 0 left (RFC 4506 4.19)"},
        {"00000001 " MAPPING " ffffffff", "octet 20, next: 4294967295"},
        {"00000001 20000099 00000001", "octet 12, prot: 4 octets needed, 0 left"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wire_in in;

        wire_open(&in, octets_of(rows[i].hex));
        assert_row(i, !again_mappings(&in));
        buf_reset(&out);
        wire_explain(&in, &out);
        assert_contains(buf_text(&out), rows[i].why);
        buf_reset(&out);
    }
}

/* Strings that lie stand in the structures as they stand in credentials. */
static void test_hostile_strings(void **state UNUSED)
{
    struct bind_rpcb b = {
        .prog = 1,
        .vers = 2,
        .netid = {.octets = slice_str("tcp"), .lies = true, .claimed = UINT32_MAX},
        .addr = {.pads = true, .octets = slice_str("a")}};

    bind_put_rpcb(&out, &b);
    assert_written("00000001 00000002 ffffffff 74637000 00000001 61 00000000");
}

static void test_proc_names(void **state UNUSED)
{
    static const struct {
        uint32_t version, proc;
        const char *due;
    } rows[] = {
        {2, 0, "NULL"},      {2, 3, "GETPORT"},     {2, 5, "CALLIT"}, {2, 6, NULL},
        {3, 5, "CALLIT"},    {3, 8, "TADDR2UADDR"}, {3, 9, NULL},     {4, 5, "BCAST"},
        {4, 10, "INDIRECT"}, {4, 12, "GETSTAT"},    {4, 13, NULL},    {1, 0, NULL},
        {5, 0, NULL},        {4, UINT32_MAX, NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *name = bind_proc_name(rows[i].version, rows[i].proc);

        assert_row(i, (name == NULL) == (rows[i].due == NULL));
        assert_row(i, !name || text_eq(name, rows[i].due));
    }
}

/* ---- universal addresses ---- */

static void test_uaddr(void **state UNUSED)
{
    static const struct {
        const char *netid, *text, *shown;
        const char *again; /* NULL: as `text` */
    } rows[] = {
        {"tcp", "192.0.2.7.203.81", "192.0.2.7:52049", NULL},
        {"udp", "127.0.0.1.0.111", "127.0.0.1:111", NULL},
        {"tcp", "0.0.0.0.0.0", "0.0.0.0:0", NULL},
        {"tcp", "255.255.255.255.255.255", "255.255.255.255:65535", NULL},
        {"tcp6", "2001:db8::7.203.81", "[2001:db8::7]:52049", NULL},
        {"udp6", "::1.0.111", "[::1]:111", NULL},
        {"tcp6", "::.0.0", "[::]:0", NULL},
        {"tcp6", "0:0:0:0:0:0:0:1.0.111", "[::1]:111", "::1.0.111"},
        {"tcp6", "::ffff:1.2.3.4.0.111", "[::ffff:1.2.3.4]:111", NULL},
        {"tcp6", "2001:DB8:0:0:0:0:0:7.1.0", "[2001:db8::7]:256", "2001:db8::7.1.0"},
        {"local", "/run/rpcbind.sock", "/run/rpcbind.sock", NULL},
        {"local", "@name", "@name", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct bind_netid *netid = bind_netid_find(slice_str(rows[i].netid));
        struct problem why = {.text = ""};
        char shown[ADDRESS_TEXT_MAX];
        struct address a;

        assert_non_null(netid);
        if (!bind_uaddr_parse(netid, guard_put(&guard, slice_str(rows[i].text)), &a, &why))
            fail_msg("%s", why.text);
        address_format(&a, shown, sizeof(shown));
        assert_string_equal(shown, rows[i].shown);
        assert_row(i, bind_netid_of(&a) == netid);
        bind_uaddr_format(&a, &out);
        assert_string_equal(buf_text(&out), rows[i].again ? rows[i].again : rows[i].text);
        buf_reset(&out);
    }
}

#define TEN "aaaaaaaaaa"
#define PATH_107 "/" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "aaaaaa"

static void test_bad_uaddr(void **state UNUSED)
{
    static const struct {
        const char *netid, *text;
    } rows[] = {
        {"tcp", ""},
        {"tcp", "1.2.3.4"},
        {"tcp", "1.2.3.4.5"},
        {"tcp", "1.2.3.4.5.6.7"},
        {"tcp", "1.2.3.4.256.1"},
        {"tcp", "1.2.3.4.1.256"},
        {"tcp", "1.2.3.4.-1.1"},
        {"tcp", "1.2.3.4.1.01"},
        {"tcp", "1.2.3.4.00.1"},
        {"tcp", "01.2.3.4.0.1"},
        {"tcp", "999.2.3.4.0.111"},
        {"tcp", "1.2.3.4.0.1 "},
        {"tcp", " 1.2.3.4.0.1"},
        {"tcp", "1.2.3.4.0."},
        {"tcp", "..1.2"},
        {"tcp", "::1.0.111"},
        {"tcp", "localhost.0.111"},
        {"tcp", "1111111111111111111111111111111111111111111111111111111111111111111.0.1"},
        {"tcp6", "127.0.0.1.0.111"},
        {"tcp6", "::1"},
        {"tcp6", "::1%lo.0.111"},
        {"tcp6", "::1::2.0.111"},
        {"udp6", "12345::1.0.111"},
        {"local", ""},
        {"local", "@"},
        {"local", PATH_107 "a"},
    };
    struct address a = {.len = 4711};
    struct problem why;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct bind_netid *netid = bind_netid_find(slice_str(rows[i].netid));

        why.text[0] = '\0';
        assert_row(i,
                   !bind_uaddr_parse(netid, guard_put(&guard, slice_str(rows[i].text)), &a, &why));
        assert_contains(why.text, "is no universal address of ");
        assert_contains(why.text, rows[i].netid);
        assert_row(i, a.len == 4711); /* untouched */
    }
    const struct bind_netid *tcp = bind_netid_find(slice_str("tcp"));
    const struct bind_netid *local = bind_netid_find(slice_str("local"));
    assert_false(bind_uaddr_parse(tcp, slice_of("1.2.3.4.0.1\0", 12), &a, &why));
    assert_false(bind_uaddr_parse(local, slice_of("/a\0b", 4), &a, &why));
    assert_contains(why.text, "/a\\x00b");
    assert_true(bind_uaddr_parse(local, slice_str(PATH_107), &a, &why));
}

static void test_netids(void **state UNUSED)
{
    static const char *const none[] = {"", "TCP", "tcp7", "tc", "udplite", "ticots", "-"};
    struct address odd;

    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        assert_row(i, bind_netid_find(slice_str(none[i])) == NULL);
    assert_null(bind_netid_find(slice_of("tcp\0", 4)));
    address_loopback(&odd, AF_INET, SOCK_SEQPACKET, 1, 7);
    assert_null(bind_netid_of(&odd));
    odd = (struct address){.len = sizeof(sa_family_t)};
    bind_uaddr_format(&odd, &out);
    assert_int_equal(out.len, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),         cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_fields),          cmocka_unit_test(test_broken_lists),
        cmocka_unit_test(test_hostile_strings), cmocka_unit_test(test_proc_names),
        cmocka_unit_test(test_uaddr),           cmocka_unit_test(test_bad_uaddr),
        cmocka_unit_test(test_netids),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
