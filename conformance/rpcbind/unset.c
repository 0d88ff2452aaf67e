/* Checks: what UNSET removes and what it leaves, in versions 3 and 4. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "conformance/rpcbind/lookup.h"
#include "conformance/suites.h"

enum { NOBODY = 65534 };

/* Registers the program's version 1 for both transports at hand. */
static void set_both(struct lookup *l)
{
    const char *names[] = {l->netid->name, l->other};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct bind_rpcb b = lookup_rpcb(l, 1, names[i], lookup_place(l, names[i]));

        lookup_judge(l, lookup_set(l, &b), "SET of a new mapping answers TRUE", "FALSE for %s",
                     names[i]);
    }
}

static void expect_entries(struct lookup *l, const char *netid, unsigned due, const char *expected)
{
    struct bind_rpcb b = lookup_rpcb(l, 1, netid, "");
    unsigned dumped = lookup_dumped(l, &b);

    lookup_judge(l, dumped == due, expected, "%u entr%s for %s", dumped, dumped == 1 ? "y" : "ies",
                 netid);
}

static void must_unset(struct lookup *l, const char *netid)
{
    struct bind_rpcb b = lookup_rpcb(l, 1, netid, "");

    lookup_judge(l, lookup_unset(l, &b), "UNSET of a mapping answers TRUE",
                 "FALSE for netid \"%s\"", netid);
}

static void unset_one(struct lookup *l)
{
    struct bind_rpcb b = lookup_rpcb(l, 1, l->netid->name, "");

    set_both(l);
    must_unset(l, l->netid->name);
    struct slice got = lookup_addr(
        l, l->version == BIND_RPCB_VERSION4 ? BIND_RPCB_GETVERSADDR : BIND_RPCB_GETADDR, &b);
    lookup_judge(l, got.len == 0, "no address after UNSET", "%s", lookup_shown(got));
    expect_entries(l, l->netid->name, 0, "no entry for the netid that was unset");
    expect_entries(l, l->other, 1, "the entry for the other netid stays");
}

static void unset_ok(struct check_ctx *c)
{
    lookup_each(c, unset_one);
}

static void unset_all(struct lookup *l)
{
    set_both(l);
    must_unset(l, "");
    expect_entries(l, l->netid->name, 0, "no entry after UNSET with an empty netid");
    expect_entries(l, l->other, 0, "no entry after UNSET with an empty netid");
}

static void all_netids(struct check_ctx *c)
{
    lookup_each(c, unset_all);
}

static void other_versions_of(struct lookup *l)
{
    set_both(l);
    struct bind_rpcb second = lookup_rpcb(l, 2, l->netid->name, lookup_place(l, l->netid->name));
    lookup_judge(l, lookup_set(l, &second), "SET of a new mapping answers TRUE", "FALSE");
    must_unset(l, "");
    unsigned dumped = lookup_dumped(l, &second);
    lookup_judge(l, dumped == 1, "version 2 of the program stays when version 1 is unset",
                 "%u entries", dumped);
}

static void other_versions(struct check_ctx *c)
{
    lookup_each(c, other_versions_of);
}

/* The same letters in another case are another netid: it is refused, or has an entry of its own,
   and unsetting it does not touch the first. */
static void netid_case_of(struct lookup *l)
{
    char upper[16];
    size_t len = strlen(l->netid->name);

    for (size_t i = 0; i <= len; i++)
        upper[i] = (char)(l->netid->name[i] >= 'a' && l->netid->name[i] <= 'z'
                              ? l->netid->name[i] - 'a' + 'A'
                              : l->netid->name[i]);
    set_both(l);
    struct bind_rpcb b = lookup_rpcb(l, 1, upper, "");
    (void)lookup_unset(l, &b);
    expect_entries(l, l->netid->name, 1, "UNSET of the netid in capitals leaves the entry");
}

static void netid_case(struct check_ctx *c)
{
    lookup_each(c, netid_case_of);
}

static void unset_nothing(struct check_ctx *c)
{
    struct lookup l;

    lookup_open(&l, c);
    struct bind_rpcb b = lookup_rpcb(&l, 1, l.netid->name, "");
    bool removed = lookup_unset(&l, &b);
    check_noted(c, "UNSET of what is not registered is answered %s", removed ? "TRUE" : "FALSE");
    lookup_close(&l);
}

/* Whom a local socket belongs to is told by the kernel as it was when it was connected (unix(7)).
   False where this process cannot be somebody else. */
static bool open_as_nobody(struct lookup *ret, struct check_ctx *c)
{
    if (seteuid(NOBODY) != 0) {
        check_skipped(c, "cannot be another user: %s", strerror(errno));
        memset(ret, 0, sizeof(*ret));
        return false;
    }
    bool let_in = c->target.endpoint.abstract || eaccess(c->target.endpoint.path, W_OK) == 0;
    if (let_in)
        lookup_open(ret, c);
    else
        check_skipped(c, "other users cannot connect to %s", c->target.endpoint.path);
    if (seteuid(0) != 0)
        check_trouble(c, "cannot be root again: %s", strerror(errno));
    return let_in;
}

static void owner_of(struct lookup *l)
{
    struct lookup nobody;
    struct bind_rpcb b = lookup_rpcb(l, 1, l->netid->name, "");

    set_both(l);
    if (!open_as_nobody(&nobody, l->c))
        return;
    nobody.version = l->version;
    bool removed = lookup_unset(&nobody, &b);
    lookup_close(&nobody);
    lookup_judge(l, !removed, "FALSE for UNSET by a user who is not the owner", "TRUE");
    expect_entries(l, l->netid->name, 1, "the entry stays when another user unsets it");
}

static void owner_only(struct check_ctx *c)
{
    lookup_each(c, owner_of);
}

static const struct check checks[] = {
    {
        .id = "rpcbind.unset.ok",
        .claim = "UNSET deletes the mapping of the program, version and netid, and no other",
        .why = "a mapping that stays leads clients to nobody",
        .how = "SET for two netids, UNSET of one, then the address and DUMP",
        .cites = {REQ_RPCB_1833_2_2_1_05},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = unset_ok,
    },
    {
        .id = "rpcbind.unset.all-netids",
        .claim = "UNSET with an empty netid deletes the mappings for all netids",
        .why = "services end so",
        .how = "SET for two netids, UNSET with an empty one, DUMP",
        .cites = {REQ_RPCB_1833_2_2_1_06, REQ_TIRPC_RPCB_rpcb_unset_01},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = all_netids,
    },
    {
        .id = "rpcbind.unset.other-versions",
        .claim = "UNSET leaves the other versions of the program",
        .why = "they may belong to another server",
        .how = "SET of versions 1 and 2, UNSET of 1 for all netids, DUMP",
        .cites = {REQ_RPCB_1833_2_2_1_05},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = other_versions,
    },
    {
        .id = "rpcbind.unset.netid-case",
        .claim = "netids are compared with their case",
        .why = "two transports may differ in it alone",
        .how = "SET, UNSET with the netid in capitals, DUMP",
        .cites = {REQ_UADDR_5665_5_1_01},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = netid_case,
    },
    {
        .id = "rpcbind.unset.nothing",
        .claim = "UNSET of what is not registered is answered",
        .why = "RFC 1833 says nothing of it; clients must be ready for either",
        .how = "UNSET of a program that nobody has registered",
        .cites = {REQ_RPCB_1833_2_2_1_18, REQ_RPCB_1833_2_2_1_05},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = unset_nothing,
    },
    {
        .id = "rpcbind.unset.owner-only",
        .claim = "a user who is neither the owner nor root cannot unset a mapping",
        .why = "anybody could take services off the registry",
        .how = "SET as root over the local socket, UNSET as user 65534, DUMP",
        .cites = {REQ_RPCB_1833_2_2_1_07},
        .needs = NEED_RPCBIND | NEED_UNIX_PATH | NEED_ROOT,
        .run = owner_only,
    },
};

SUITE(rpcbind_unset);
