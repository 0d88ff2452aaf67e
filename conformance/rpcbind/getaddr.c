/* Checks: addresses that are asked for, and the lists of all that is registered. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "conformance/rpcbind/lookup.h"
#include "conformance/suites.h"

enum { MANY = 6, OTHER_VERSION = 9 };

static void must_set(struct lookup *l, uint32_t vers, const char *netid, const char *uaddr)
{
    struct bind_rpcb b = lookup_rpcb(l, vers, netid, uaddr);

    lookup_judge(l, lookup_set(l, &b), "SET of a new mapping answers TRUE", "FALSE for %s", netid);
}

/* ---- one address ---- */

static void own_transport(struct lookup *l)
{
    const char *uaddr = lookup_place(l, l->netid->name);
    struct bind_rpcb b = lookup_rpcb(l, 1, l->netid->name, "");

    must_set(l, 1, l->netid->name, uaddr);
    must_set(l, 1, l->other, lookup_place(l, l->other));
    struct slice got = lookup_addr(l, BIND_RPCB_GETADDR, &b);
    lookup_judge(l, lookup_same_place(l, got, uaddr),
                 "the address for the transport of the request", "%s, and %s was registered for %s",
                 lookup_shown(got), lookup_shown(slice_str(uaddr)), l->netid->name);
}

static void getaddr_ok(struct check_ctx *c)
{
    lookup_each(c, own_transport);
}

static void any_netid(struct lookup *l)
{
    const char *netids[] = {l->other, "zzz", ""};
    const char *uaddr = lookup_place(l, l->netid->name);

    must_set(l, 1, l->netid->name, uaddr);
    must_set(l, 1, l->other, lookup_place(l, l->other));
    for (size_t i = 0; i < ARRAY_LEN(netids); i++) {
        struct bind_rpcb b = lookup_rpcb(l, 1, netids[i], "");
        struct slice got = lookup_addr(l, BIND_RPCB_GETADDR, &b);

        lookup_judge(l, lookup_same_place(l, got, uaddr),
                     "the same address whatever the netid of the question says",
                     "%s for the netid \"%s\", and %s was registered for %s", lookup_shown(got),
                     netids[i], lookup_shown(slice_str(uaddr)), l->netid->name);
    }
}

static void netid_ignored(struct check_ctx *c)
{
    lookup_each(c, any_netid);
}

static void unknown_of(struct lookup *l)
{
    struct bind_rpcb b = lookup_rpcb(l, 1, l->netid->name, "");
    struct slice got = lookup_addr(l, BIND_RPCB_GETADDR, &b);

    lookup_judge(l, got.len == 0, "an empty address for a program that is not registered", "%s",
                 lookup_shown(got));
}

static void unknown_empty(struct check_ctx *c)
{
    lookup_each(c, unknown_of);
}

static void versaddr(struct check_ctx *c)
{
    struct lookup l;

    lookup_open(&l, c);
    const char *uaddr = lookup_place(&l, l.netid->name);
    struct bind_rpcb b = lookup_rpcb(&l, 1, l.netid->name, "");
    must_set(&l, 1, l.netid->name, uaddr);
    struct slice got = lookup_addr(&l, BIND_RPCB_GETVERSADDR, &b);
    lookup_judge(&l, lookup_same_place(&l, got, uaddr), "the address of the version", "%s",
                 lookup_shown(got));
    b.vers = OTHER_VERSION;
    got = lookup_addr(&l, BIND_RPCB_GETVERSADDR, &b);
    lookup_judge(&l, got.len == 0, "no address of a version that is not registered", "%s",
                 lookup_shown(got));
    got = lookup_addr(&l, BIND_RPCB_GETADDR, &b);
    check_remark(c, "GETADDR of that version gives %s", lookup_shown(got));
    lookup_close(&l);
}

/* The registry's own address, as a text. */
static struct slice own_address(struct lookup *l)
{
    struct bind_rpcb b = lookup_rpcb(l, BIND_RPCB_VERSION4, l->netid->name, "");

    b.prog = BIND_PROGRAM;
    return lookup_addr(l, BIND_RPCB_GETADDR, &b);
}

static bool is_ascii(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] >= 0x7f)
            return false;
    }
    return true;
}

static void ascii_of(struct lookup *l)
{
    struct slice got = own_address(l);

    lookup_judge(l, got.len > 0 && is_ascii(got), "the registry's own address in printable ASCII",
                 "%s", lookup_shown(got));
}

static void uaddr_ascii(struct check_ctx *c)
{
    lookup_each(c, ascii_of);
}

static void loopback_of(struct lookup *l)
{
    struct slice got = own_address(l);

    lookup_judge(l, got.len > 0, "an address of the registry itself on the local transport",
                 "an empty one");
}

static void uaddr_loopback(struct check_ctx *c)
{
    lookup_each(c, loopback_of);
}

/* ---- GETADDRLIST ---- */

enum { ENTRIES_MAX = 64 };

static size_t get_list(struct lookup *l, uint32_t prog, uint32_t vers, struct bind_entry *ret)
{
    struct bind_rpcb b = lookup_rpcb(l, vers, l->netid->name, "");
    struct wire_in in;
    struct buf args;
    size_t count = 0;

    b.prog = prog;
    buf_init(&args, LOOKUP_ARGS_MAX);
    bind_put_rpcb(&args, &b);
    struct slice results =
        lookup_call(l, BIND_RPCB_VERSION4, BIND_RPCB_GETADDRLIST, buf_slice(&args));
    buf_free(&args);
    if (!check_alive(l->c))
        return 0;
    wire_open(&in, results);
    while (count < ENTRIES_MAX && bind_next_entry(&in, &ret[count]))
        count++;
    if (count < ENTRIES_MAX)
        lookup_read(l, &in, "GETADDRLIST");
    else
        check_broken(l->c, "a list of a few addresses", "more than %d", ENTRIES_MAX);
    return count;
}

static bool list_has(const struct bind_entry *list, size_t count, const char *netid)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_eq(list[i].netid.octets, slice_str(netid)) && list[i].maddr.octets.len > 0)
            return true;
    }
    return false;
}

static void addrlist(struct check_ctx *c)
{
    struct bind_entry list[ENTRIES_MAX];
    struct lookup l;

    lookup_open(&l, c);
    size_t count = get_list(&l, l.prog, 1, list);
    lookup_judge(&l, count == 0, "an empty list for a program that is not registered",
                 "%zu entries", count);
    must_set(&l, 1, l.netid->name, lookup_place(&l, l.netid->name));
    must_set(&l, 1, l.other, lookup_place(&l, l.other));
    count = get_list(&l, l.prog, 1, list);
    lookup_judge(&l, list_has(list, count, l.netid->name), "an address for each netid of the entry",
                 "none for %s in a list of %zu", l.netid->name, count);
    /* Addresses of another family need not be of use to who asks. */
    lookup_judge(&l, l.netid->family == AF_UNIX || list_has(list, count, l.other),
                 "an address for each netid of the entry", "none for %s in a list of %zu", l.other,
                 count);
    lookup_close(&l);
}

/* The registry's own entries, of the family that asks. */
static void own_entries(struct check_ctx *c,
                        void (*judge)(struct lookup *l, const struct bind_entry *e, bool stream))
{
    struct bind_entry list[ENTRIES_MAX];
    struct lookup l;
    unsigned judged = 0;

    lookup_open(&l, c);
    size_t count = get_list(&l, BIND_PROGRAM, BIND_RPCB_VERSION4, list);
    for (size_t i = 0; i < count; i++) {
        const struct bind_netid *netid = bind_netid_find(list[i].netid.octets);

        if (!netid || netid->family == AF_UNIX)
            continue;
        judged++;
        judge(&l, &list[i], netid->socktype == SOCK_STREAM);
    }
    if (judged == 0 && l.netid->family == AF_UNIX)
        check_skipped(c, "the list has no entry for tcp or udp on the local transport");
    lookup_judge(&l, judged > 0, "entries of the registry itself for tcp or udp", "none");
    lookup_close(&l);
}

static void judge_semantics(struct lookup *l, const struct bind_entry *e, bool stream)
{
    bool right = stream ? e->semantics == BIND_TPI_COTS || e->semantics == BIND_TPI_COTS_ORD
                        : e->semantics == BIND_TPI_CLTS;

    lookup_judge(l, right,
                 stream ? "r_nc_semantics 2 or 3 for connections"
                        : "r_nc_semantics 1 for datagrams",
                 "%u for %s", (unsigned)e->semantics, lookup_shown(e->netid.octets));
}

static void semantics(struct check_ctx *c)
{
    own_entries(c, judge_semantics);
}

static void judge_protofmly(struct lookup *l, const struct bind_entry *e, bool stream)
{
    struct slice netid = e->netid.octets;
    bool six = netid.len > 0 && netid.data[netid.len - 1] == '6';
    bool right = slice_eq(e->protofmly.octets, slice_str(six ? "inet6" : "inet")) &&
                 slice_eq(e->proto.octets, slice_str(stream ? "tcp" : "udp"));

    lookup_judge(l, right, "the family inet (or inet6), the protocol tcp or udp", "%s, %s for %s",
                 lookup_shown(e->protofmly.octets), lookup_shown(e->proto.octets),
                 lookup_shown(netid));
}

static void protofmly(struct check_ctx *c)
{
    own_entries(c, judge_protofmly);
}

/* ---- DUMP ---- */

/* Calls the judge for each entry. All are looked at, however slow the target was: the end of the
   list is judged, too. */
static void each_entry(struct lookup *l, void (*judge)(struct lookup *l, const struct bind_rpcb *b))
{
    struct slice results = lookup_call(l, l->version, BIND_RPCB_DUMP, slice_of(NULL, 0));
    struct bind_rpcb b;
    struct wire_in in;

    if (!check_alive(l->c))
        return;
    wire_open(&in, results);
    while (check_alive(l->c) && bind_next_rpcb(&in, &b))
        judge(l, &b);
    lookup_read(l, &in, "DUMP");
}

static void itself_of(struct lookup *l)
{
    struct bind_rpcb own = lookup_rpcb(l, l->version, l->netid->name, "");

    own.prog = BIND_PROGRAM;
    unsigned dumped = lookup_dumped(l, &own);
    lookup_judge(l, dumped == 1, "the registry itself once for the transport at hand", "%u times",
                 dumped);
}

static void dump_itself(struct check_ctx *c)
{
    lookup_each(c, itself_of);
}

static void complete_of(struct lookup *l)
{
    const char *uaddrs[MANY];

    for (uint32_t i = 0; i < MANY; i++) {
        uaddrs[i] = lookup_place(l, i % 2 ? l->other : l->netid->name);
        must_set(l, i / 2 + 1, i % 2 ? l->other : l->netid->name, uaddrs[i]);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        struct bind_rpcb b =
            lookup_rpcb(l, i / 2 + 1, i % 2 ? l->other : l->netid->name, uaddrs[i]);
        unsigned dumped = lookup_dumped(l, &b);

        lookup_judge(l, dumped == 1, "each mapping once, with its address", "%s %u times",
                     lookup_shown(slice_str(uaddrs[i])), dumped);
    }
}

static void dump_complete(struct check_ctx *c)
{
    lookup_each(c, complete_of);
}

/* The entries of others may be wrong by their own fault: the registry answers for its own. */
static bool is_own(const struct bind_rpcb *b)
{
    return b->prog == BIND_PROGRAM;
}

static void judge_six(struct lookup *l, const struct bind_rpcb *b)
{
    struct slice netid = b->netid.octets;
    bool six = netid.len > 1 && netid.data[netid.len - 1] == '6';
    bool colon = slice_find(b->addr.octets, slice_str(":")) < b->addr.octets.len;

    if (is_own(b) && (six || colon))
        lookup_judge(l, six == colon, "an IPv6 address under a netid that ends in 6, and no other",
                     "%s under %s", lookup_shown(b->addr.octets), lookup_shown(netid));
}

static void netid_six(struct check_ctx *c)
{
    struct lookup l;

    lookup_open(&l, c);
    each_entry(&l, judge_six);
    lookup_close(&l);
}

static void judge_reserved(struct lookup *l, const struct bind_rpcb *b)
{
    static const char *const heads[] = {"STDS", "FCFS", "PRIV", "EXPE", "ICMP"};
    struct slice netid = b->netid.octets;
    bool reserved = slice_find(netid, slice_str(".")) < netid.len;

    for (size_t i = 0; i < ARRAY_LEN(heads); i++)
        reserved = reserved || slice_starts(netid, slice_str(heads[i]));
    if (is_own(b))
        lookup_judge(l, !reserved, "no reserved netid", "%s", lookup_shown(netid));
}

static void netid_reserved(struct check_ctx *c)
{
    struct lookup l;

    lookup_open(&l, c);
    each_entry(&l, judge_reserved);
    lookup_close(&l);
}

static bool same_in_capitals(struct slice a, struct slice b)
{
    return a.len == b.len && !slice_eq(a, b) &&
           strncasecmp((const char *)a.data, (const char *)b.data, a.len) == 0;
}

static void netid_unique(struct check_ctx *c)
{
    struct lookup l;
    struct bind_rpcb a;
    struct bind_rpcb b;
    struct wire_in outer;

    lookup_open(&l, c);
    struct slice results = lookup_call(&l, l.version, BIND_RPCB_DUMP, slice_of(NULL, 0));
    wire_open(&outer, results);
    while (check_in_time(c) && bind_next_rpcb(&outer, &a)) {
        struct wire_in inner = outer;

        while (is_own(&a) && check_in_time(c) && bind_next_rpcb(&inner, &b)) {
            if (is_own(&b))
                lookup_judge(&l, !same_in_capitals(a.netid.octets, b.netid.octets),
                             "netids that differ in more than their case", "%s and %s",
                             lookup_shown(a.netid.octets), lookup_shown(b.netid.octets));
        }
    }
    lookup_close(&l);
}

static void netid_known(struct check_ctx *c)
{
    static const char *const known[] = {"tcp",  "tcp6",  "udp",    "udp6",   "sctp",      "sctp6",
                                        "rdma", "rdma6", "ticlts", "ticots", "ticotsord", "-"};
    char others[200] = "";
    struct lookup l;
    struct bind_rpcb b;
    struct wire_in in;

    lookup_open(&l, c);
    wire_open(&in, lookup_call(&l, l.version, BIND_RPCB_DUMP, slice_of(NULL, 0)));
    while (check_in_time(c) && bind_next_rpcb(&in, &b)) {
        const char *shown = lookup_shown(b.netid.octets);
        bool listed = false;

        for (size_t i = 0; i < ARRAY_LEN(known); i++)
            listed = listed || slice_eq(b.netid.octets, slice_str(known[i]));
        size_t len = strlen(others);
        if (!listed && !strstr(others, shown) && len + strlen(shown) + 2 < sizeof(others))
            text_format(others + len, sizeof(others) - len, " %s", shown);
    }
    check_noted(c, "netids in DUMP that IANA does not list:%s", others[0] ? others : " none");
    lookup_close(&l);
}

static const struct check checks[] = {
    {
        .id = "rpcbind.getaddr.ok",
        .claim = "GETADDR returns the address for the transport of the request",
        .why = "it is what every client asks first",
        .how = "SET for two netids with different addresses, GETADDR, in versions 3 and 4",
        .cites = {REQ_RPCB_1833_2_2_1_08, REQ_RPCB_1833_2_1_01, REQ_XDR_4506_4_14_01},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = getaddr_ok,
    },
    {
        .id = "rpcbind.getaddr.netid-ignored",
        .claim = "GETADDR ignores the netid of the question",
        .why = "clients send what they like, and want an address they can reach",
        .how = "GETADDR with the netid of another transport, an unknown one and none",
        .cites = {REQ_RPCB_1833_2_2_1_09},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = netid_ignored,
    },
    {
        .id = "rpcbind.getaddr.unknown-empty",
        .claim = "GETADDR of a program that is not registered returns an empty address",
        .why = "a client must not be sent anywhere",
        .how = "GETADDR of a transient number that nobody has, in versions 3 and 4",
        .cites = {REQ_RPCB_1833_2_2_1_10},
        .needs = NEED_RPCBIND,
        .run = unknown_empty,
    },
    {
        .id = "rpcbind.getaddr.version",
        .claim = "GETVERSADDR returns an address of the asked version alone",
        .why = "it is there so that clients need not try",
        .how = "SET of version 1, GETVERSADDR of 1 and 9; what GETADDR of 9 says is told only",
        .cites = {REQ_RPCB_1833_2_2_2_02},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = versaddr,
    },
    {
        .id = "rpcbind.getaddr.ascii",
        .claim = "a universal address is printable ASCII",
        .why = "clients print it and compare it as text",
        .how = "GETADDR of the registry itself",
        .cites = {REQ_RPCB_1833_1_02},
        .needs = NEED_RPCBIND,
        .run = uaddr_ascii,
    },
    {
        .id = "rpcbind.getaddr.loopback",
        .claim = "the address of a local transport is not empty",
        .why = "an empty address means: not registered",
        .how = "GETADDR of the registry itself over its local socket",
        .cites = {REQ_UADDR_5665_5_2_3_1_01},
        .needs = NEED_RPCBIND | NEED_UNIX,
        .run = uaddr_loopback,
    },
    {
        .id = "rpcbind.getaddr.list",
        .claim = "GETADDRLIST returns every address of the entry, and none of an unknown one",
        .why = "clients choose their transport from it",
        .how = "GETADDRLIST before and after SET for the transport at hand and another",
        .cites = {REQ_RPCB_1833_2_2_2_05, REQ_XDR_4506_4_19_03},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = addrlist,
    },
    {
        .id = "rpcbind.getaddr.list-semantics",
        .claim = "GETADDRLIST tells connections from datagrams",
        .why = "clients that need one of them choose by this number",
        .how = "r_nc_semantics in the entries of the registry itself",
        .cites = {REQ_RPCB_1833_2_1_05},
        .needs = NEED_RPCBIND,
        .run = semantics,
    },
    {
        .id = "rpcbind.getaddr.list-protofmly",
        .claim = "GETADDRLIST names the protocol family and the protocol",
        .why = "clients that do not know the netid choose by them",
        .how = "r_nc_protofmly and r_nc_proto in the entries of the registry itself",
        .cites = {REQ_RPCB_1833_2_1_06},
        .needs = NEED_RPCBIND,
        .run = protofmly,
    },
    {
        .id = "rpcbind.dump.itself",
        .claim = "DUMP is a list with an end, and the registry is in it",
        .why = "rpcinfo and every audit start from it",
        .how = "DUMP of versions 3 and 4, read strictly to the end",
        .cites = {REQ_RPCB_1833_2_1_07, REQ_XDR_4506_4_19_01, REQ_XDR_4506_4_19_03},
        .needs = NEED_RPCBIND,
        .run = dump_itself,
    },
    {
        .id = "rpcbind.dump.complete",
        .claim = "DUMP has every mapping once, with program, version, netid and address",
        .why = "what is not shown cannot be found or removed",
        .how = "SET of six mappings, DUMP, in versions 3 and 4",
        .cites = {REQ_RPCB_1833_2_2_1_11},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = dump_complete,
    },
    {
        .id = "rpcbind.dump.netid-six",
        .claim = "netids of IPv6 transports end in 6",
        .why = "clients tell the families apart by it",
        .how = "the registry's own entries in DUMP",
        .cites = {REQ_UADDR_5665_5_1_05},
        .needs = NEED_RPCBIND,
        .run = netid_six,
    },
    {
        .id = "rpcbind.dump.netid-reserved",
        .claim = "no reserved netid is in use",
        .why = "those names are kept for the registration of netids",
        .how = "the registry's own entries in DUMP",
        .cites = {REQ_UADDR_5665_5_1_03},
        .needs = NEED_RPCBIND,
        .run = netid_reserved,
    },
    {
        .id = "rpcbind.dump.netid-unique",
        .claim = "no two netids differ in their case alone",
        .why = "they could not be told apart where case is lost",
        .how = "the registry's own entries in DUMP, pair by pair",
        .cites = {REQ_UADDR_5665_5_1_04},
        .needs = NEED_RPCBIND,
        .run = netid_unique,
    },
    {
        .id = "rpcbind.dump.netid-known",
        .claim = "which netids are in use",
        .why = "clients elsewhere know those that IANA lists",
        .how = "the netids of all entries in DUMP",
        .cites = {REQ_UADDR_5665_5_1_1_01},
        .needs = NEED_RPCBIND,
        .run = netid_known,
    },
};

SUITE(rpcbind_getaddr);
