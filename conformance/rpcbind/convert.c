/* Checks: universal addresses to transport addresses and back (RFC 1833 2.2.1, RFC 5665 5.2). */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "conformance/rpcbind/lookup.h"
#include "conformance/suites.h"

enum { ROUNDS = 24, UADDR_MAX = 80 };

/* The octets of a netbuf, in results that are to hold one. */
static struct slice read_taddr(struct lookup *l, struct slice results)
{
    struct bind_netbuf n = {0};
    struct wire_in in;

    if (!check_alive(l->c))
        return slice_of(NULL, 0);
    wire_open(&in, results);
    bool ok = bind_read_netbuf(&in, &n);
    lookup_read(l, &in, "UADDR2TADDR");
    return ok ? n.octets.octets : slice_of(NULL, 0);
}

static struct slice to_taddr(struct lookup *l, struct slice uaddr)
{
    struct buf args;

    buf_init(&args, LOOKUP_ARGS_MAX);
    wire_put_string(&args, uaddr);
    struct slice results = lookup_call(l, l->version, BIND_RPCB_UADDR2TADDR, buf_slice(&args));
    buf_free(&args);
    return read_taddr(l, results);
}

static void put_taddr(struct buf *out, struct slice taddr)
{
    struct bind_netbuf n = {.maxlen = (uint32_t)taddr.len, .octets = wire_counted_of(taddr)};

    bind_put_netbuf(out, &n);
}

static struct slice read_uaddr(struct lookup *l, struct slice results)
{
    struct wire_in in;

    if (!check_alive(l->c))
        return slice_of(NULL, 0);
    wire_open(&in, results);
    struct slice uaddr = wire_string(&in, "address", WIRE_NO_LIMIT);
    lookup_read(l, &in, "TADDR2UADDR");
    return uaddr;
}

static struct slice to_uaddr(struct lookup *l, struct slice taddr)
{
    struct buf args;

    buf_init(&args, LOOKUP_ARGS_MAX);
    put_taddr(&args, taddr);
    struct slice results = lookup_call(l, l->version, BIND_RPCB_TADDR2UADDR, buf_slice(&args));
    buf_free(&args);
    return read_uaddr(l, results);
}

/* Asks to convert what is no address, in this version: one reply is due. True, with the results,
   where it is SUCCESS. */
static bool try_convert(struct lookup *l, uint32_t proc, struct slice args, struct slice *ret)
{
    struct onc_call call = lookup_call_of(l, l->version, proc, args);
    struct heard h;

    lookup_say(l, &call, true, &h);
    check_answered_once(l->c, &h, "a call to convert what is no address");
    *ret = h.reply.results;
    return check_alive(l->c) && h.reply.reply_stat == ONC_MSG_ACCEPTED &&
           h.reply.accept_stat == ONC_SUCCESS;
}

/* The address and the port in a sockaddr of any BSD or Linux: they stand at the same place. */
static bool holds_inet(struct slice taddr, const char *host, uint16_t port)
{
    struct sockaddr_in in = {.sin_port = htons(port)};
    struct sockaddr_in got;

    if (taddr.len < offsetof(struct sockaddr_in, sin_zero) ||
        inet_pton(AF_INET, host, &in.sin_addr) != 1)
        return false;
    memset(&got, 0, sizeof(got));
    memcpy(&got, taddr.data, size_min(taddr.len, sizeof(got)));
    return got.sin_port == in.sin_port && got.sin_addr.s_addr == in.sin_addr.s_addr;
}

static bool holds_inet6(struct slice taddr, const char *host, uint16_t port)
{
    struct sockaddr_in6 in = {.sin6_port = htons(port)};
    struct sockaddr_in6 got;

    if (taddr.len < offsetof(struct sockaddr_in6, sin6_scope_id) ||
        inet_pton(AF_INET6, host, &in.sin6_addr) != 1)
        return false;
    memset(&got, 0, sizeof(got));
    memcpy(&got, taddr.data, size_min(taddr.len, sizeof(got)));
    return got.sin6_port == in.sin6_port &&
           slice_eq(slice_of(&got.sin6_addr, sizeof(got.sin6_addr)),
                    slice_of(&in.sin6_addr, sizeof(in.sin6_addr)));
}

struct form {
    const char *uaddr;
    const char *host;
    uint16_t port;
};

static void must_convert(struct lookup *l, const struct form *forms, size_t count,
                         bool (*holds)(struct slice, const char *, uint16_t))
{
    for (size_t i = 0; i < count && check_alive(l->c); i++) {
        struct slice got = to_taddr(l, slice_str(forms[i].uaddr));
        char expected[LOOKUP_TEXT_MAX];

        text_format(expected, sizeof(expected), "%s, port %u for \"%s\"", forms[i].host,
                    forms[i].port, forms[i].uaddr);
        lookup_judge(l, holds(got, forms[i].host, forms[i].port), expected, "%zu octets %s",
                     got.len, lookup_shown(got));
    }
}

static void inet_of(struct lookup *l)
{
    static const struct form forms[] = {
        {"127.0.0.1.0.111", "127.0.0.1", 111},
        {"192.0.2.7.203.81", "192.0.2.7", 52049},
        {"0.0.0.0.0.0", "0.0.0.0", 0},
        {"255.255.255.255.255.255", "255.255.255.255", 65535},
    };

    must_convert(l, forms, ARRAY_LEN(forms), holds_inet);
}

static void uaddr2taddr(struct check_ctx *c)
{
    lookup_each(c, inet_of);
}

static void inet6_of(struct lookup *l)
{
    static const struct form forms[] = {
        {"::1.0.111", "::1", 111},
        {"0:0:0:0:0:0:0:1.0.111", "::1", 111},
        {"::ffff:1.2.3.4.0.111", "::ffff:1.2.3.4", 111},
        {"2001:db8::7.203.81", "2001:db8::7", 52049},
    };

    must_convert(l, forms, ARRAY_LEN(forms), holds_inet6);
}

static void ipv6_forms(struct check_ctx *c)
{
    lookup_each(c, inet6_of);
}

/* A registry cannot say in these results that it refuses: an empty netbuf, or an error status. */
static void must_refuse(struct lookup *l, const char *uaddr)
{
    struct slice results;
    struct buf args;

    buf_init(&args, LOOKUP_ARGS_MAX);
    wire_put_string(&args, slice_str(uaddr));
    bool converted = try_convert(l, BIND_RPCB_UADDR2TADDR, buf_slice(&args), &results);
    buf_free(&args);
    if (!converted)
        return;
    struct slice got = read_taddr(l, results);
    lookup_judge(l, got.len == 0, "no transport address for what is no universal address",
                 "%s for \"%s\"", lookup_shown(got), uaddr);
}

static void must_refuse_all(struct lookup *l, const char *const *uaddrs, size_t count)
{
    for (size_t i = 0; i < count && check_alive(l->c); i++)
        must_refuse(l, uaddrs[i]);
}

static void malformed_of(struct lookup *l)
{
    static const char *const inet[] = {"",          "x",           ".",    "1.2.3.4",
                                       "127.0.0.1", "a.b.c.d.e.f", "....."};

    must_refuse_all(l, inet, ARRAY_LEN(inet));
}

static void malformed(struct check_ctx *c)
{
    lookup_each(c, malformed_of);
}

static void range_of(struct lookup *l)
{
    static const char *const inet[] = {"999.2.3.4.0.111", "1.2.3.4.256.1", "1.2.3.4.1.256",
                                       "1.2.3.4.-1.1", "1.2.3.4.0.65536"};

    must_refuse_all(l, inet, ARRAY_LEN(inet));
}

static void ipv4_range(struct check_ctx *c)
{
    lookup_each(c, range_of);
}

static void must_show(struct lookup *l, struct slice taddr, const char *due)
{
    struct slice got = to_uaddr(l, taddr);

    lookup_judge(l, slice_eq(got, slice_str(due)), due, "%s", lookup_shown(got));
}

static void show_inet(struct lookup *l)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(52049)};

    in.sin_addr.s_addr = htonl(0xc0000207);
    must_show(l, slice_of(&in, sizeof(in)), "192.0.2.7.203.81");
    in.sin_port = htons(111);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must_show(l, slice_of(&in, sizeof(in)), "127.0.0.1.0.111");
}

static void taddr2uaddr(struct check_ctx *c)
{
    lookup_each(c, show_inet);
}

static void show_inet6(struct lookup *l)
{
    struct sockaddr_in6 in = {.sin6_family = AF_INET6, .sin6_port = htons(52049)};

    lookup_judge(l, inet_pton(AF_INET6, "2001:db8::7", &in.sin6_addr) == 1, "an address", "none");
    must_show(l, slice_of(&in, sizeof(in)), "2001:db8::7.203.81");
}

static void ipv6_shown(struct check_ctx *c)
{
    lookup_each(c, show_inet6);
}

/* Less than an address gives no text; an error status does as well. */
static void must_not_show(struct lookup *l, struct slice taddr)
{
    struct slice results;
    struct buf args;

    buf_init(&args, LOOKUP_ARGS_MAX);
    put_taddr(&args, taddr);
    bool converted = try_convert(l, BIND_RPCB_TADDR2UADDR, buf_slice(&args), &results);
    buf_free(&args);
    if (!converted)
        return;
    struct slice got = read_uaddr(l, results);
    lookup_judge(l, got.len == 0, "no text for less than an address", "%s for %zu octets",
                 lookup_shown(got), taddr.len);
}

static void short_of(struct lookup *l)
{
    static const uint8_t octets[3];

    for (size_t len = 0; len <= sizeof(octets) && check_alive(l->c); len++)
        must_not_show(l, slice_of(octets, len));
}

static void taddr_short(struct check_ctx *c)
{
    lookup_each(c, short_of);
}

static void random_uaddr(struct lookup *l, char *out, size_t cap)
{
    uint8_t a[6];

    rng_fill(&l->c->rng, a, sizeof(a));
    if (l->netid->family == AF_INET)
        text_format(out, cap, "%u.%u.%u.%u.%u.%u", a[0], a[1], a[2], a[3], a[4], a[5]);
    else if (l->netid->family == AF_INET6)
        text_format(out, cap, "2001:db8::%x:%x.%u.%u", 0x1000U + a[0], 0x1000U + a[1], a[4], a[5]);
    else
        text_format(out, cap, "/run/assay-%02x%02x%02x.sock", a[0], a[1], a[2]);
}

static void there_and_back(struct lookup *l)
{
    unsigned rounds = check_rounds(l->c, ROUNDS);

    for (unsigned i = 0; i < rounds && check_in_time(l->c); i++) {
        char uaddr[UADDR_MAX];
        uint8_t kept[512];

        random_uaddr(l, uaddr, sizeof(uaddr));
        struct slice taddr = to_taddr(l, slice_str(uaddr));
        size_t len = size_min(taddr.len, sizeof(kept));
        lookup_judge(l, len > 0, "a transport address for a valid universal address",
                     "none for \"%s\"", uaddr);
        if (!check_alive(l->c))
            return;
        memcpy(kept, taddr.data, len);
        struct slice back = to_uaddr(l, slice_of(kept, len));
        lookup_judge(l, slice_eq(back, slice_str(uaddr)),
                     "UADDR2TADDR and TADDR2UADDR take each other back", "%s from \"%s\"",
                     lookup_shown(back), uaddr);
    }
}

static void roundtrip(struct check_ctx *c)
{
    lookup_each(c, there_and_back);
}

static const struct check checks[] = {
    {
        .id = "rpcbind.convert.uaddr2taddr",
        .claim = "UADDR2TADDR makes a transport address of an IPv4 universal address",
        .why = "clients that know no transport leave the reading to the registry",
        .how = "four addresses, in versions 3 and 4; port and address stand where sockaddr_in has "
               "them",
        .cites = {REQ_RPCB_1833_2_2_1_15},
        .needs = NEED_RPCBIND | NEED_IPV4 | NEED_LOOPBACK,
        .run = uaddr2taddr,
    },
    {
        .id = "rpcbind.convert.malformed",
        .claim = "UADDR2TADDR makes nothing of what is no universal address",
        .why = "a client would connect to wherever the remains lead",
        .how = "texts with too few or other parts; an empty netbuf and an error status are right",
        .cites = {REQ_RPCB_1833_2_2_1_19, REQ_RPCB_1833_2_2_1_15},
        .needs = NEED_RPCBIND | NEED_IPV4,
        .run = malformed,
    },
    {
        .id = "rpcbind.convert.ipv4-range",
        .claim = "each part of an IPv4 universal address is 0 to 255",
        .why = "numbers that wrap lead to another port",
        .how = "parts of 256, 999, 65536 and -1; an empty netbuf and an error status are right",
        .cites = {REQ_UADDR_5665_5_2_3_3_02},
        .needs = NEED_RPCBIND | NEED_IPV4,
        .run = ipv4_range,
    },
    {
        .id = "rpcbind.convert.taddr2uaddr",
        .claim = "TADDR2UADDR writes an IPv4 address as h1.h2.h3.h4.p1.p2",
        .why = "services register what it gives them",
        .how = "sockaddr_in of two addresses, in versions 3 and 4",
        .cites = {REQ_UADDR_5665_5_2_3_3_01, REQ_RPCB_1833_2_2_1_16},
        .needs = NEED_RPCBIND | NEED_IPV4 | NEED_LOOPBACK,
        .run = taddr2uaddr,
    },
    {
        .id = "rpcbind.convert.taddr-short",
        .claim = "TADDR2UADDR makes nothing of less than an address",
        .why = "the rest would come from memory that belongs to somebody else",
        .how = "netbufs of 0 to 3 octets; an empty text and an error status are right",
        .cites = {REQ_RPCB_1833_2_2_1_19, REQ_RPCB_1833_2_2_1_16},
        .needs = NEED_RPCBIND | NEED_IPV4,
        .run = taddr_short,
    },
    {
        .id = "rpcbind.convert.ipv6-shown",
        .claim = "TADDR2UADDR writes an IPv6 address as x1:...:x8.p1.p2",
        .why = "services register what it gives them",
        .how = "sockaddr_in6 of 2001:db8::7, in versions 3 and 4",
        .cites = {REQ_UADDR_5665_5_2_3_4_01},
        .needs = NEED_RPCBIND | NEED_IPV6 | NEED_LOOPBACK,
        .run = ipv6_shown,
    },
    {
        .id = "rpcbind.convert.ipv6-forms",
        .claim = "UADDR2TADDR takes every text form of IPv6 addresses",
        .why = "other machines write them differently",
        .how = "compressed, whole and with an IPv4 address inside, in versions 3 and 4",
        .cites = {REQ_UADDR_5665_5_2_3_4_02},
        .needs = NEED_RPCBIND | NEED_IPV6 | NEED_LOOPBACK,
        .run = ipv6_forms,
    },
    {
        .id = "rpcbind.convert.roundtrip",
        .claim = "UADDR2TADDR and TADDR2UADDR are inverse to each other",
        .why = "an address that changes on its way leads elsewhere",
        .how = "random addresses of the transport at hand, in versions 3 and 4",
        .cites = {REQ_RPCB_1833_2_2_1_17},
        .needs = NEED_RPCBIND,
        .run = roundtrip,
    },
};

SUITE(rpcbind_convert);
