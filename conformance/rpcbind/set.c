/* Checks: what SET registers and what it refuses, in versions 3 and 4. */
#include <string.h>

#include "conformance/rpcbind/lookup.h"
#include "conformance/suites.h"

enum { NUMBERS = 3 };

/* SET that must be taken. */
static void must_set(struct lookup *l, const struct bind_rpcb *b)
{
    bool set = lookup_set(l, b);

    lookup_judge(l, set, "SET of a new mapping answers TRUE", "FALSE for netid %s, address %s",
                 lookup_shown(b->netid.octets), lookup_shown(b->addr.octets));
}

/* GETVERSADDR and not GETADDR where there is one: the latter may tell of another version. */
static void must_be_at(struct lookup *l, const struct bind_rpcb *b, const char *uaddr)
{
    uint32_t proc = l->version == BIND_RPCB_VERSION4 ? BIND_RPCB_GETVERSADDR : BIND_RPCB_GETADDR;
    struct slice got = lookup_addr(l, proc, b);

    lookup_judge(l, lookup_same_place(l, got, uaddr), "the address that was registered first",
                 "%s, and %s was registered", lookup_shown(got), lookup_shown(slice_str(uaddr)));
}

static void set_and_find(struct lookup *l)
{
    const char *uaddr = lookup_place(l, l->netid->name);
    struct bind_rpcb b = lookup_rpcb(l, 1, l->netid->name, uaddr);

    must_set(l, &b);
    must_be_at(l, &b, uaddr);
    unsigned dumped = lookup_dumped(l, &b);
    lookup_judge(l, dumped == 1, "the mapping once in DUMP", "%u times", dumped);
}

static void set_ok(struct check_ctx *c)
{
    lookup_each(c, set_and_find);
}

static void set_twice(struct lookup *l)
{
    const char *first = lookup_place(l, l->netid->name);
    const char *second = lookup_place(l, l->netid->name);
    struct bind_rpcb b = lookup_rpcb(l, 1, l->netid->name, first);
    struct bind_rpcb again = lookup_rpcb(l, 1, l->netid->name, second);

    must_set(l, &b);
    bool taken = lookup_set(l, &again);
    lookup_judge(l, !taken, "FALSE for a second SET with another address", "TRUE");
    must_be_at(l, &b, first);
    bool same = lookup_set(l, &b);
    check_remark(l->c, "the same SET once more is answered %s", same ? "TRUE" : "FALSE");
}

static void duplicate(struct check_ctx *c)
{
    lookup_each(c, set_twice);
}

static void empty_fields_of(struct lookup *l)
{
    const char *uaddr = lookup_place(l, l->netid->name);
    struct bind_rpcb no_netid = lookup_rpcb(l, 1, "", uaddr);
    struct bind_rpcb no_addr = lookup_rpcb(l, 2, l->netid->name, "");
    bool netid = lookup_set(l, &no_netid);
    bool addr = lookup_set(l, &no_addr);

    lookup_judge(l, !netid && !addr, "FALSE for an empty netid and for an empty address",
                 "%s for the netid, %s for the address", netid ? "TRUE" : "FALSE",
                 addr ? "TRUE" : "FALSE");
}

static void empty_fields(struct check_ctx *c)
{
    lookup_each(c, empty_fields_of);
}

static void empty_netid_of(struct lookup *l)
{
    const char *uaddr = lookup_place(l, l->netid->name);
    struct bind_rpcb b = lookup_rpcb(l, 1, "", uaddr);

    (void)lookup_set(l, &b);
    unsigned dumped = lookup_dumped(l, &b);
    lookup_judge(l, dumped == 0, "no entry with an empty netid in DUMP", "%u", dumped);
}

static void empty_netid(struct check_ctx *c)
{
    lookup_each(c, empty_netid_of);
}

static void unknown_netid_of(struct lookup *l)
{
    struct bind_rpcb b = lookup_rpcb(l, 1, "bogus", lookup_place(l, l->netid->name));
    bool taken = lookup_set(l, &b);

    lookup_judge(l, !taken, "FALSE for a netid that the machine does not have, \"bogus\"", "TRUE");
}

static void unknown_netid(struct check_ctx *c)
{
    lookup_each(c, unknown_netid_of);
}

/* Another application, as the registry sees it: another connection or port. */
static void conflict_of(struct lookup *l)
{
    struct lookup other;
    struct bind_rpcb b = lookup_rpcb(l, 1, l->netid->name, lookup_place(l, l->netid->name));

    must_set(l, &b);
    lookup_open(&other, l->c);
    other.version = l->version;
    struct bind_rpcb mine = b;
    mine.addr = wire_counted_of(slice_str(lookup_place(&other, l->netid->name)));
    other.prog = l->prog;
    bool taken = lookup_set(&other, &mine);
    lookup_judge(l, !taken, "FALSE for a number that another application has", "TRUE");
    other.set_count = 0; /* what it tried is not there, or is that of l */
    lookup_close(&other);
}

static void transient_conflict(struct check_ctx *c)
{
    lookup_each(c, conflict_of);
}

static void survives_client(struct check_ctx *c)
{
    struct lookup l;
    struct lookup later;

    lookup_open(&l, c);
    const char *uaddr = lookup_place(&l, l.netid->name);
    struct bind_rpcb b = lookup_rpcb(&l, 1, l.netid->name, uaddr);
    must_set(&l, &b);
    check_close(c, l.conn);
    lookup_open(&later, c);
    later.prog = l.prog;
    struct slice got = lookup_addr(&later, BIND_RPCB_GETADDR, &b);
    lookup_judge(&later, lookup_same_place(&later, got, uaddr),
                 "the mapping stays when its client has gone", "%s", lookup_shown(got));
    lookup_close(&later);
    lookup_close(&l);
}

static void reserved_number(struct check_ctx *c)
{
    struct lookup l;

    lookup_open(&l, c);
    l.prog |= 0x80000000U;
    struct bind_rpcb b = lookup_rpcb(&l, 1, l.netid->name, lookup_place(&l, l.netid->name));
    bool taken = lookup_set(&l, &b);
    check_noted(c, "SET of the reserved program 0x%08x is answered %s", (unsigned)l.prog,
                taken ? "TRUE" : "FALSE");
    lookup_close(&l);
}

static void many_of(struct lookup *l)
{
    const char *uaddrs[NUMBERS];
    struct bind_rpcb b;

    for (uint32_t i = 0; i < NUMBERS; i++) {
        uaddrs[i] = lookup_place(l, l->netid->name);
        b = lookup_rpcb(l, i + 1, l->netid->name, uaddrs[i]);
        must_set(l, &b);
    }
    b = lookup_rpcb(l, 1, l->other, lookup_place(l, l->other));
    must_set(l, &b);
    for (uint32_t i = 0; i < NUMBERS; i++) {
        b = lookup_rpcb(l, i + 1, l->netid->name, uaddrs[i]);
        must_be_at(l, &b, uaddrs[i]);
    }
}

static void keys_apart(struct check_ctx *c)
{
    lookup_each(c, many_of);
}

/* What the registry takes for the owner is its own affair: of a local socket it can know, of an
   address it cannot. */
static void owner_told(struct check_ctx *c)
{
    struct lookup l;
    struct bind_rpcb entry;
    struct wire_in in;
    char owner[96] = "nobody: it is not in DUMP";

    lookup_open(&l, c);
    struct bind_rpcb b = lookup_rpcb(&l, 1, l.netid->name, lookup_place(&l, l.netid->name));
    must_set(&l, &b);
    wire_open(&in, lookup_call(&l, l.version, BIND_RPCB_DUMP, slice_of(NULL, 0)));
    while (bind_next_rpcb(&in, &entry)) {
        if (entry.prog == l.prog)
            text_format(owner, sizeof(owner), "%s", lookup_shown(entry.owner.octets));
    }
    check_noted(c, "SET said that \"assay\" is the owner; DUMP says %s", owner);
    lookup_close(&l);
}

static const struct check checks[] = {
    {
        .id = "rpcbind.set.ok",
        .claim = "SET establishes a mapping and returns TRUE",
        .why = "a service that cannot register cannot be found",
        .how = "SET of a transient program, then its address and DUMP, in versions 3 and 4",
        .cites = {REQ_RPCB_1833_2_2_1_01, REQ_XDR_4506_4_4_01},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = set_ok,
    },
    {
        .id = "rpcbind.set.duplicate",
        .claim = "SET refuses a mapping that exists for the program, version and netid",
        .why = "else whoever comes last takes over the clients of another service",
        .how = "SET, SET with another address, GETADDR; the same SET again is told only",
        .cites = {REQ_RPCB_1833_2_2_1_02, REQ_TIRPC_RPCB_rpcb_set_01},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = duplicate,
    },
    {
        .id = "rpcbind.set.empty-fields",
        .claim = "SET refuses an empty netid and an empty address",
        .why = "an entry that leads nowhere is found by clients",
        .how = "SET with one of them empty, in versions 3 and 4",
        .cites = {REQ_RPCB_1833_2_2_1_03},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = empty_fields,
    },
    {
        .id = "rpcbind.set.empty-netid",
        .claim = "no entry is stored under the netid of no octets",
        .why = "it is reserved, and in UNSET it stands for all netids",
        .how = "SET with an empty netid, then DUMP",
        .cites = {REQ_UADDR_5665_5_1_02},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = empty_netid,
    },
    {
        .id = "rpcbind.set.unknown-netid",
        .claim = "SET refuses a netid that the machine does not have",
        .why = "nobody can reach a service over it",
        .how = "SET with the netid \"bogus\", in versions 3 and 4",
        .cites = {REQ_RPCB_1833_2_2_1_04},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = unknown_netid,
    },
    {
        .id = "rpcbind.set.transient-conflict",
        .claim = "a transient program number is given to one application alone",
        .why = "numbers are acquired by trying to register them",
        .how = "two clients SET the same number with different addresses",
        .cites = {REQ_RPC_5531_13_3_3_01},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = transient_conflict,
    },
    {
        .id = "rpcbind.set.survives-client",
        .claim = "a registration outlives the connection that made it",
        .why = "services register once and hang up",
        .how = "SET, close, GETADDR on a new connection",
        .cites = {REQ_RPC_5531_13_3_3_02},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = survives_client,
    },
    {
        .id = "rpcbind.set.reserved-number",
        .claim = "a reserved program number is taken or refused",
        .why = "RFC 5531 forbids applications to use it and asks nothing of the registry",
        .how = "SET of a program above 0x80000000",
        .cites = {REQ_RPC_5531_13_3_4_01},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = reserved_number,
    },
    {
        .id = "rpcbind.set.keys-apart",
        .claim = "versions and netids of a program have mappings of their own",
        .why = "a client would be led to another version of its service",
        .how = "SET of three versions and two netids with different addresses, then each of them",
        .cites = {REQ_RPCB_1833_2_2_1_01, REQ_RPCB_1833_2_2_1_08},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = keys_apart,
    },
    {
        .id = "rpcbind.set.owner-told",
        .claim = "DUMP tells an owner of a mapping",
        .why = "who may unset it depends on it",
        .how = "SET with an owner of our own, then DUMP",
        .cites = {REQ_RPCB_1833_2_2_1_18, REQ_RPCB_1833_2_2_1_07},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = owner_told,
    },
};

SUITE(rpcbind_set);
