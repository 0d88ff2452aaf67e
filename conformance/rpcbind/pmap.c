/* Checks: the port mapper, version 2 (RFC 1833 3). It knows IPv4 alone. */
#include <sys/socket.h>

#include "conformance/rpcbind/lookup.h"
#include "conformance/suites.h"

enum { FIELD_PORT = 9999, NO_PROTOCOL = 99, OTHER_VERSION = 9 };

/* A mapping of the program's version 1 to a port where a socket of ours is. */
static struct bind_mapping mapping(struct lookup *l, uint32_t prot)
{
    return (struct bind_mapping){.prog = l->prog,
                                 .vers = 1,
                                 .prot = prot,
                                 .port =
                                     lookup_place_port(l, prot == BIND_PROTO_UDP ? "udp" : "tcp")};
}

static void begin(struct lookup *l, struct check_ctx *c)
{
    lookup_open_version(l, c, BIND_PMAP_VERSION);
}

static void must_set(struct lookup *l, const struct bind_mapping *m)
{
    lookup_judge(l, lookup_pmap(l, BIND_PMAP_SET, m), "SET of a new mapping answers TRUE",
                 "FALSE for protocol %u, port %u", (unsigned)m->prot, (unsigned)m->port);
}

static void port_is(struct lookup *l, const struct bind_mapping *m, uint32_t due,
                    const char *expected)
{
    uint32_t port = lookup_port(l, m);

    lookup_judge(l, port == due, expected, "port %u, and %u was due", (unsigned)port,
                 (unsigned)due);
}

static void set_ok(struct check_ctx *c)
{
    struct lookup l;

    begin(&l, c);
    struct bind_mapping m = mapping(&l, BIND_PROTO_TCP);
    must_set(&l, &m);
    port_is(&l, &m, m.port, "GETPORT gives the port that was registered");
    lookup_close(&l);
}

static void duplicate(struct check_ctx *c)
{
    struct lookup l;

    begin(&l, c);
    struct bind_mapping m = mapping(&l, BIND_PROTO_TCP);
    struct bind_mapping other = mapping(&l, BIND_PROTO_TCP);
    must_set(&l, &m);
    bool taken = lookup_pmap(&l, BIND_PMAP_SET, &other);
    lookup_judge(&l, !taken, "FALSE for a second SET with another port", "TRUE");
    port_is(&l, &m, m.port, "the port that was registered first");
    bool same = lookup_pmap(&l, BIND_PMAP_SET, &m);
    check_remark(c, "the same SET once more is answered %s", same ? "TRUE" : "FALSE");
    lookup_close(&l);
}

static void unset_ignores_prot(struct check_ctx *c)
{
    struct lookup l;

    begin(&l, c);
    struct bind_mapping tcp = mapping(&l, BIND_PROTO_TCP);
    struct bind_mapping udp = mapping(&l, BIND_PROTO_UDP);
    must_set(&l, &tcp);
    must_set(&l, &udp);
    struct bind_mapping any = {.prog = l.prog, .vers = 1, .prot = NO_PROTOCOL, .port = 1};
    lookup_judge(&l, lookup_pmap(&l, BIND_PMAP_UNSET, &any), "UNSET of a mapping answers TRUE",
                 "FALSE");
    port_is(&l, &tcp, 0, "no port for TCP after UNSET");
    port_is(&l, &udp, 0, "no port for UDP after UNSET");
    lookup_close(&l);
}

/* The registry itself is always there, where it is asked over IPv4. One that is reached over
   another transport need not serve this one. */
static void getport(struct check_ctx *c)
{
    struct bind_mapping m = {.prog = BIND_PROGRAM, .vers = BIND_PMAP_VERSION};
    struct lookup l;

    begin(&l, c);
    m.prot = endpoint_is_datagram(&c->target.endpoint) ? BIND_PROTO_UDP : BIND_PROTO_TCP;
    uint32_t due = address_port(&c->target.address);
    if (l.netid->family == AF_INET)
        port_is(&l, &m, due, "the port of the registry itself");
    m.prog = l.prog;
    port_is(&l, &m, 0, "port 0 for a program that is not registered");
    lookup_close(&l);
}

static void ignores_port(struct check_ctx *c)
{
    struct lookup l;

    begin(&l, c);
    struct bind_mapping m = mapping(&l, BIND_PROTO_UDP);
    uint32_t due = m.port;
    must_set(&l, &m);
    m.port = FIELD_PORT;
    port_is(&l, &m, due, "the same port whatever the question says");
    lookup_close(&l);
}

static void getport_version(struct check_ctx *c)
{
    struct lookup l;

    begin(&l, c);
    struct bind_mapping m = mapping(&l, BIND_PROTO_TCP);
    must_set(&l, &m);
    m.vers = OTHER_VERSION;
    uint32_t port = lookup_port(&l, &m);
    check_noted(c, "GETPORT of a version that is not registered gives %s",
                port == 0        ? "0"
                : port == m.port ? "the port of another version"
                                 : "some port");
    lookup_close(&l);
}

/* How many entries of DUMP are this mapping. */
static unsigned dumped(struct lookup *l, const struct bind_mapping *m)
{
    struct slice results = lookup_call(l, BIND_PMAP_VERSION, BIND_PMAP_DUMP, slice_of(NULL, 0));
    struct bind_mapping entry;
    struct wire_in in;
    unsigned count = 0;

    if (!check_alive(l->c))
        return 0;
    wire_open(&in, results);
    while (bind_next_mapping(&in, &entry))
        count += entry.prog == m->prog && entry.vers == m->vers && entry.prot == m->prot &&
                 entry.port == m->port;
    lookup_read(l, &in, "DUMP");
    return count;
}

static void dump(struct check_ctx *c)
{
    static const uint32_t prots[] = {BIND_PROTO_TCP, BIND_PROTO_UDP};
    struct bind_mapping m = {.prog = BIND_PROGRAM, .vers = BIND_PMAP_VERSION, .port = BIND_PORT};
    struct lookup l;

    begin(&l, c);
    if (l.netid->family == AF_INET)
        m.port = address_port(&c->target.address);
    for (size_t i = 0; i < ARRAY_LEN(prots); i++) {
        /* It serves the transport at hand; whether it serves another one is its affair. */
        bool here = l.netid->family == AF_INET &&
                    (l.netid->socktype == SOCK_DGRAM) == (prots[i] == BIND_PROTO_UDP);

        m.prot = prots[i];
        unsigned count = dumped(&l, &m);
        lookup_judge(&l, count == 1 || (!here && count == 0), "the registry itself once in DUMP",
                     "%u times with protocol %u", count, (unsigned)m.prot);
    }
    lookup_close(&l);
}

static void dump_complete(struct check_ctx *c)
{
    struct lookup l;

    begin(&l, c);
    struct bind_mapping tcp = mapping(&l, BIND_PROTO_TCP);
    struct bind_mapping udp = mapping(&l, BIND_PROTO_UDP);
    must_set(&l, &tcp);
    must_set(&l, &udp);
    lookup_judge(&l, dumped(&l, &tcp) == 1 && dumped(&l, &udp) == 1, "each mapping once in DUMP",
                 "another number of them");
    lookup_close(&l);
}

static void prot_values(struct check_ctx *c)
{
    struct lookup l;

    begin(&l, c);
    struct bind_mapping m = mapping(&l, BIND_PROTO_TCP);
    m.prot = NO_PROTOCOL;
    bool taken = lookup_pmap(&l, BIND_PMAP_SET, &m);
    lookup_judge(&l, !taken, "FALSE for a protocol that is neither TCP nor UDP", "TRUE");
    port_is(&l, &m, 0, "port 0 for a protocol that is neither TCP nor UDP");
    lookup_close(&l);
}

/* Ports are 16 bits on the wire and 32 in a mapping. */
static void port_range(struct check_ctx *c)
{
    struct lookup l;

    begin(&l, c);
    struct bind_mapping m = {
        .prog = l.prog, .vers = 1, .prot = BIND_PROTO_TCP, .port = UINT16_MAX + 1U + 7};
    bool taken = lookup_pmap(&l, BIND_PMAP_SET, &m);
    uint32_t port = lookup_port(&l, &m);
    check_noted(c, "SET of port %u is answered %s, and GETPORT then gives %u", (unsigned)m.port,
                taken ? "TRUE" : "FALSE", (unsigned)port);
    lookup_close(&l);
}

/* The port in a universal address of ours; 0 where there is none. */
static uint32_t port_of(const char *uaddr)
{
    const struct bind_netid *udp = bind_netid_find(slice_str("udp"));
    struct address place;
    struct problem why;

    return bind_uaddr_parse(udp, slice_str(uaddr), &place, &why) ? address_port(&place) : 0;
}

/* What one version registers the others find: they are views of the same registry. */
static void versions_agree(struct check_ctx *c)
{
    struct lookup l;

    begin(&l, c);
    struct bind_mapping m = mapping(&l, BIND_PROTO_TCP);
    must_set(&l, &m);
    l.version = BIND_RPCB_VERSION4;
    struct bind_rpcb b = lookup_rpcb(&l, 1, "tcp", "");
    unsigned count = lookup_dumped(&l, &b);
    lookup_judge(&l, count == 1, "what version 2 registered is in DUMP of version 4", "%u entries",
                 count);
    const char *uaddr = lookup_place(&l, "udp");
    b = lookup_rpcb(&l, 2, "udp", uaddr);
    lookup_judge(&l, lookup_set(&l, &b), "SET of a new mapping answers TRUE", "FALSE");
    l.version = BIND_PMAP_VERSION;
    m.vers = 2;
    m.prot = BIND_PROTO_UDP;
    port_is(&l, &m, port_of(uaddr), "the port of what version 4 registered, from version 2");
    lookup_close(&l);
}

static const struct check checks[] = {
    {
        .id = "rpcbind.pmap.set-ok",
        .claim = "SET of version 2 establishes a mapping and returns TRUE",
        .why = "old services register so",
        .how = "SET of a transient program, GETPORT",
        .cites = {REQ_RPCB_1833_3_2_02},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = set_ok,
    },
    {
        .id = "rpcbind.pmap.set-duplicate",
        .claim = "SET of version 2 refuses a mapping that exists",
        .why = "else whoever comes last takes over the clients of another service",
        .how = "SET, SET with another port, GETPORT; the same SET again is told only",
        .cites = {REQ_RPCB_1833_3_2_03},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = duplicate,
    },
    {
        .id = "rpcbind.pmap.unset-ignores-prot",
        .claim = "UNSET of version 2 ignores protocol and port",
        .why = "services end with one call for all their ports",
        .how = "SET for TCP and UDP, UNSET with protocol 99 and port 1, GETPORT",
        .cites = {REQ_RPCB_1833_3_2_04},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = unset_ignores_prot,
    },
    {
        .id = "rpcbind.pmap.getport",
        .claim = "GETPORT returns the port, and 0 where the program is not registered",
        .why = "it is what every old client asks first",
        .how = "GETPORT of the registry itself and of a number that nobody has",
        .cites = {REQ_RPCB_1833_3_2_05, REQ_RPCB_1833_3_1_01},
        .needs = NEED_RPCBIND,
        .run = getport,
    },
    {
        .id = "rpcbind.pmap.getport-ignores-port",
        .claim = "GETPORT ignores the port of the question",
        .why = "clients leave anything in it",
        .how = "SET, GETPORT with port 9999",
        .cites = {REQ_RPCB_1833_3_2_06},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = ignores_port,
    },
    {
        .id = "rpcbind.pmap.getport-version",
        .claim = "GETPORT of a version that is not registered",
        .why = "by the text it is 0; many registries give the port of another version, which then "
               "answers PROG_MISMATCH",
        .how = "SET of version 1, GETPORT of version 9",
        .cites = {REQ_RPCB_1833_3_2_07},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = getport_version,
    },
    {
        .id = "rpcbind.pmap.dump",
        .claim = "DUMP of version 2 is a list with an end, and the registry is in it",
        .why = "rpcinfo and every audit start from it",
        .how = "DUMP, read strictly to the end",
        .cites = {REQ_RPCB_1833_3_2_08},
        .needs = NEED_RPCBIND,
        .run = dump,
    },
    {
        .id = "rpcbind.pmap.dump-complete",
        .claim = "DUMP of version 2 has every mapping once",
        .why = "what is not shown cannot be found or removed",
        .how = "SET for TCP and UDP, DUMP",
        .cites = {REQ_RPCB_1833_3_2_08},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = dump_complete,
    },
    {
        .id = "rpcbind.pmap.prot-values",
        .claim = "a protocol is 6, TCP, or 17, UDP",
        .why = "a mapping for another one leads nowhere",
        .how = "SET and GETPORT with protocol 99",
        .cites = {REQ_RPCB_1833_3_1_02},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = prot_values,
    },
    {
        .id = "rpcbind.pmap.port-range",
        .claim = "a port over 65535 is refused or kept",
        .why = "RFC 1833 says nothing of it; registries that cut it lead to another port",
        .how = "SET of port 65543, GETPORT",
        .cites = {REQ_RPCB_1833_3_2_12},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = port_range,
    },
    {
        .id = "rpcbind.pmap.versions-agree",
        .claim = "the versions of the lookup service see the same mappings",
        .why = "old clients must find new services",
        .how = "SET in version 2, DUMP in version 4; SET in version 4, GETPORT in version 2",
        .cites = {REQ_RPCB_1833_1_03, REQ_RPCB_1833_3_2_05},
        .needs = NEED_RPCBIND | NEED_LOOPBACK,
        .run = versions_agree,
    },
};

SUITE(rpcbind_pmap);
