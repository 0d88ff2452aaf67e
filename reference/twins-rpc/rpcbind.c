/* Twins of the lookup service, program 100000 (RFC 1833, RFC 5665). */
#include "reference/twins-rpc/registry.h"
#include "reference/twins-rpc/twin.h"

enum { LACKING = 8, AN_HOUR = 3600, VERSIONS = 3 };

/* ---- procedures that are not there, or too much ---- */

/* `limit`: the version, and the procedure behind it. */
#define WITHOUT(version, procedure) ((version) << LACKING | (procedure))

static void lack(struct request *r)
{
    if (r->form == CALL_GOOD &&
        r->server->fault->limit == WITHOUT(r->call.version, r->call.procedure))
        request_accept(r, ACCEPT_PROC_UNAVAIL);
}

static bool is_call(const struct request *r, uint32_t version, uint32_t procedure)
{
    return r->form == CALL_GOOD && r->call.program == REGISTRY_PROGRAM &&
           (version == 0 || r->call.version == version) && r->call.procedure == procedure &&
           request_outcome(&r->reply) == OUTCOME_SUCCESS;
}

static void put_null(struct request *r)
{
    if (is_call(r, REGISTRY_PMAP, PMAP_NULL))
        buf_put_u32(&r->reply.results, 1);
}

/* ---- time and counters ---- */

static void tell_no_time(struct request *r)
{
    if (!is_call(r, 0, RPCB_GETTIME))
        return;
    buf_reset(&r->reply.results);
    buf_put_u32(&r->reply.results, 0);
}

static void tell_an_hour_more(struct request *r)
{
    if (!is_call(r, 0, RPCB_GETTIME))
        return;
    struct words w = words_of(buf_slice(&r->reply.results));
    uint32_t now = words_u32(&w);
    buf_reset(&r->reply.results);
    buf_put_u32(&r->reply.results, now + AN_HOUR);
}

/* The counters of two versions. */
static void cut_counters(struct request *r)
{
    if (is_call(r, REGISTRY_V4, RPCB_GETSTAT))
        r->reply.results.len -= r->reply.results.len / VERSIONS;
}

/* ---- */

static bool forget_client(struct peer *p)
{
    registry_forget(p->source.fd);
    return false;
}

/* Who is not of this machine is not answered at all. */
static enum act ignore_strangers(struct request *r)
{
    bool here = address_is_loopback(&r->from);

    r->reply.copies = here;
    return here ? ACT_GO_ON : ACT_SKIP;
}

#define REGISTRY(symbol) .registry = true, .fault.registry = (symbol)

static const struct twin twins[] = {
    {
        .name = "rpcbind-without-v3",
        .check = "rpcbind.service.well-known",
        .what = "has no NULL in version 3",
        .registry = true,
        .fault = {.limit = WITHOUT(REGISTRY_V3, RPCB_NULL), .message.spoil = lack},
    },
    {
        .name = "rpcbind-from-3",
        .check = "rpcbind.service.version-range",
        .what = "says that it serves the versions 3 to 4",
        .registry = true,
        .fault.message.amend = AMEND(OUTCOME_PROG_MISMATCH, low, REGISTRY_V3),
    },
    {
        .name = "pmap-without-dump",
        .check = "rpcbind.service.pmap-procs",
        .what = "has no DUMP in version 2",
        .registry = true,
        .fault = {.limit = WITHOUT(REGISTRY_PMAP, PMAP_DUMP), .message.spoil = lack},
    },
    {
        .name = "rpcbind-v3-without-gettime",
        .check = "rpcbind.service.v3-procs",
        .what = "has no GETTIME in version 3",
        .registry = true,
        .fault = {.limit = WITHOUT(REGISTRY_V3, RPCB_GETTIME), .message.spoil = lack},
    },
    {
        .name = "rpcbind-without-getstat",
        .check = "rpcbind.service.v4-procs",
        .what = "has no GETSTAT",
        .registry = true,
        .fault = {.limit = WITHOUT(REGISTRY_V4, RPCB_GETSTAT), .message.spoil = lack},
    },
    {
        .name = "pmap-null-with-results",
        .check = "rpcbind.service.pmap-null",
        .what = "has results of NULL in version 2",
        .registry = true,
        .fault.message.spoil = put_null,
    },
    {
        .name = "rpcbind-time-0",
        .check = "rpcbind.service.gettime",
        .what = "has no clock",
        .registry = true,
        .fault.message.spoil = tell_no_time,
    },
    {
        .name = "rpcbind-local-time",
        .check = "rpcbind.service.gettime",
        .transport = "rpc+udp",
        .what = "tells the time of another zone",
        .registry = true,
        .fault.message.spoil = tell_an_hour_more,
    },
    {
        .name = "rpcbind-two-counters",
        .check = "rpcbind.service.getstat",
        .what = "has the counters of two versions",
        .registry = true,
        .fault.message.spoil = cut_counters,
    },
    {
        .name = "rpcbind-counters-stand",
        .check = "rpcbind.service.getstat-counts",
        .what = "does not count",
        REGISTRY(STAT_STANDS),
    },
    {
        .name = "rpcbind-set-forgotten",
        .check = "rpcbind.set.ok",
        .what = "answers TRUE to SET, and keeps nothing",
        REGISTRY(SET_FORGETS),
    },
    {
        .name = "rpcbind-set-replaces",
        .check = "rpcbind.set.duplicate",
        .what = "replaces the address of a mapping by the next one",
        REGISTRY(SET_REPLACES),
    },
    {
        .name = "rpcbind-set-empty",
        .check = "rpcbind.set.empty-fields",
        .what = "takes an empty netid and an empty address",
        REGISTRY(SET_TAKES_EMPTY),
    },
    {
        .name = "rpcbind-set-no-netid",
        .check = "rpcbind.set.empty-netid",
        .what = "has mappings with an empty netid",
        REGISTRY(SET_TAKES_EMPTY),
    },
    {
        .name = "rpcbind-set-bogus",
        .check = "rpcbind.set.unknown-netid",
        .what = "takes any netid",
        REGISTRY(SET_TAKES_ANY_NETID),
    },
    {
        .name = "rpcbind-set-by-others",
        .check = "rpcbind.set.transient-conflict",
        .what = "gives a number to the next client that asks for it",
        REGISTRY(SET_REPLACED_BY_OTHERS),
    },
    {
        .name = "rpcbind-set-until-close",
        .check = "rpcbind.set.survives-client",
        .what = "forgets mappings with the connection that they came on",
        .registry = true,
        .fault.stream.leave = forget_client,
    },
    {
        .name = "rpcbind-set-without-version",
        .check = "rpcbind.set.keys-apart",
        .what = "has one mapping for all versions of a program",
        REGISTRY(SET_WITHOUT_VERSION),
    },
    {
        .name = "rpcbind-unset-keeps",
        .check = "rpcbind.unset.ok",
        .what = "answers TRUE to UNSET, and keeps all",
        REGISTRY(UNSET_KEEPS),
    },
    {
        .name = "rpcbind-unset-one",
        .check = "rpcbind.unset.all-netids",
        .what = "removes one mapping where the netid is empty",
        REGISTRY(UNSET_ONE),
    },
    {
        .name = "rpcbind-unset-all-versions",
        .check = "rpcbind.unset.other-versions",
        .what = "removes the mappings of all versions",
        REGISTRY(UNSET_ALL_VERSIONS),
    },
    {
        .name = "rpcbind-unset-any-case",
        .check = "rpcbind.unset.netid-case",
        .what = "takes TCP for tcp",
        REGISTRY(UNSET_ANY_CASE),
    },
    {
        .name = "rpcbind-unset-by-anybody",
        .check = "rpcbind.unset.owner-only",
        .transport = "rpc+unix-all",
        .what = "lets anybody remove the mappings of root",
        REGISTRY(UNSET_BY_ANYBODY),
    },
    {
        .name = "rpcbind-address-of-last",
        .check = "rpcbind.getaddr.ok",
        .what = "gives the address of the last transport that was registered",
        REGISTRY(ADDR_OF_LAST),
    },
    {
        .name = "rpcbind-address-by-netid",
        .check = "rpcbind.getaddr.netid-ignored",
        .what = "gives the address for the netid of the question",
        REGISTRY(ADDR_BY_NETID),
    },
    {
        .name = "rpcbind-address-of-itself",
        .check = "rpcbind.getaddr.unknown-empty",
        .what = "gives its own address for an unknown program",
        REGISTRY(ADDR_OF_ITSELF),
    },
    {
        .name = "rpcbind-address-of-any-version",
        .check = "rpcbind.getaddr.version",
        .what = "gives the address of another version to GETVERSADDR",
        REGISTRY(ADDR_OF_ANY_VERSION),
    },
    {
        .name = "rpcbind-address-with-nul",
        .check = "rpcbind.getaddr.ascii",
        .what = "has a NUL behind its addresses",
        REGISTRY(ADDR_WITH_NUL),
    },
    {
        .name = "rpcbind-address-empty",
        .check = "rpcbind.getaddr.loopback",
        .transport = "rpc+unix",
        .what = "has no address on the local transport",
        REGISTRY(ADDR_EMPTY),
    },
    {
        .name = "rpcbind-list-of-one",
        .check = "rpcbind.getaddr.list",
        .what = "has one address in GETADDRLIST",
        REGISTRY(LIST_OF_ONE),
    },
    {
        .name = "rpcbind-list-semantics",
        .check = "rpcbind.getaddr.list-semantics",
        .what = "has the semantics of datagrams for tcp",
        REGISTRY(LIST_SEMANTICS),
    },
    {
        .name = "rpcbind-list-family",
        .check = "rpcbind.getaddr.list-protofmly",
        .what = "names no protocol family",
        REGISTRY(LIST_FAMILY),
    },
    {
        .name = "rpcbind-dump-without-itself",
        .check = "rpcbind.dump.itself",
        .what = "does not stand in its own list",
        REGISTRY(DUMP_WITHOUT_ITSELF),
    },
    {
        .name = "rpcbind-dump-without-end",
        .check = "rpcbind.dump.itself",
        .transport = "rpc+udp",
        .what = "has no end of the list in DUMP",
        REGISTRY(DUMP_WITHOUT_END),
    },
    {
        .name = "rpcbind-dump-without-last",
        .check = "rpcbind.dump.complete",
        .what = "leaves the last mapping out of DUMP",
        REGISTRY(DUMP_WITHOUT_LAST),
    },
    {
        .name = "rpcbind-netid-six",
        .check = "rpcbind.dump.netid-six",
        .what = "has an IPv4 address under tcp6",
        .registry = true,
        .fault.netid = "tcp6",
    },
    {
        .name = "rpcbind-netid-reserved",
        .check = "rpcbind.dump.netid-reserved",
        .what = "has the netid STDS1",
        .registry = true,
        .fault.netid = "STDS1",
    },
    {
        .name = "rpcbind-netid-capitals",
        .check = "rpcbind.dump.netid-unique",
        .what = "has the netids tcp and TCP",
        .registry = true,
        .fault.netid = "TCP",
    },
    {
        .name = "uaddr-port-swapped",
        .check = "rpcbind.convert.uaddr2taddr",
        .what = "takes the low octet of the port first",
        REGISTRY(UADDR_PORT_SWAPPED),
    },
    {
        .name = "uaddr-without-port",
        .check = "rpcbind.convert.malformed",
        .what = "takes an address without a port",
        REGISTRY(UADDR_WITHOUT_PORT),
    },
    {
        .name = "uaddr-wraps",
        .check = "rpcbind.convert.ipv4-range",
        .what = "takes 256 for 0 and -1 for 255",
        REGISTRY(UADDR_WRAPS),
    },
    {
        .name = "taddr-port-whole",
        .check = "rpcbind.convert.taddr2uaddr",
        .what = "writes the port as one number",
        REGISTRY(TADDR_PORT_WHOLE),
    },
    {.name = "none-registry-strict", .what = "nothing", REGISTRY(CONVERTS_BY_STATUS)},
    {
        .name = "taddr-of-nothing",
        .check = "rpcbind.convert.taddr-short",
        .what = "makes an address of less than one",
        REGISTRY(TADDR_OF_NOTHING),
    },
    {
        .name = "taddr-not-short",
        .check = "rpcbind.convert.ipv6-shown",
        .transport = "rpc+tcp6",
        .what = "writes all groups of an IPv6 address",
        REGISTRY(TADDR_NOT_SHORT),
    },
    {
        .name = "uaddr-not-mapped",
        .check = "rpcbind.convert.ipv6-forms",
        .transport = "rpc+tcp6",
        .what = "refuses an IPv4 address in an IPv6 one",
        REGISTRY(UADDR_NOT_MAPPED),
    },
    {
        .name = "taddr-port-swapped",
        .check = "rpcbind.convert.roundtrip",
        .what = "writes the low octet of the port first",
        REGISTRY(TADDR_PORT_SWAPPED),
    },
    {
        .name = "pmap-set-forgotten",
        .check = "rpcbind.pmap.set-ok",
        .what = "answers TRUE to SET of version 2, and keeps nothing",
        REGISTRY(PMAP_FORGETS),
    },
    {
        .name = "pmap-set-replaces",
        .check = "rpcbind.pmap.set-duplicate",
        .what = "replaces the port of a mapping by the next one",
        REGISTRY(PMAP_REPLACES),
    },
    {
        .name = "pmap-unset-by-protocol",
        .check = "rpcbind.pmap.unset-ignores-prot",
        .what = "removes the mapping of one protocol",
        REGISTRY(PMAP_UNSET_BY_PROT),
    },
    {
        .name = "pmap-port-of-itself",
        .check = "rpcbind.pmap.getport",
        .what = "gives its own port for an unknown program",
        REGISTRY(PMAP_PORT_OF_ITSELF),
    },
    {
        .name = "pmap-port-heeded",
        .check = "rpcbind.pmap.getport-ignores-port",
        .what = "looks for the port of the question",
        REGISTRY(PMAP_PORT_HEEDED),
    },
    {
        .name = "pmap-dump-without-end",
        .check = "rpcbind.pmap.dump",
        .what = "has no end of the list in DUMP of version 2",
        REGISTRY(PMAP_DUMP_WITHOUT_END),
    },
    {
        .name = "pmap-dump-tcp",
        .check = "rpcbind.pmap.dump-complete",
        .what = "leaves UDP out of DUMP of version 2",
        REGISTRY(PMAP_DUMP_TCP),
    },
    {
        .name = "pmap-any-protocol",
        .check = "rpcbind.pmap.prot-values",
        .what = "takes any protocol for TCP",
        REGISTRY(PMAP_ANY_PROT),
    },
    {
        .name = "pmap-apart",
        .check = "rpcbind.pmap.versions-agree",
        .what = "does not show in version 4 what version 2 registered",
        REGISTRY(PMAP_APART),
    },
    {
        .name = "rpcbind-dump-refused",
        .check = "rpcbind.remote.read-ok",
        .what = "refuses DUMP to callers that are not at a loopback address",
        REGISTRY(DUMP_REFUSED_AFAR),
    },
    {
        .name = "rpcbind-strangers-ignored",
        .check = "rpcbind.remote.set-refused",
        .transport = "rpc+udp",
        .what = "does not answer callers that are not at a loopback address",
        .registry = true,
        .fault.message.take = ignore_strangers,
    },
    {
        .name = "callit-calls-nobody",
        .check = "rpcbind.callit.success",
        .transport = "rpc+udp",
        .what = "hands the arguments on as the results, and calls nobody",
        REGISTRY(CALLIT_CALLS_NOBODY),
    },
    {
        .name = "callit-address-of-itself",
        .check = "rpcbind.callit.success",
        .transport = "rpc+udp",
        .what = "gives its own address for that of the program it called",
        REGISTRY(CALLIT_ADDR_OF_ITSELF),
    },
    {
        .name = "bcast-without-results",
        .check = "rpcbind.callit.bcast",
        .transport = "rpc+udp",
        .what = "does not hand the results on",
        REGISTRY(CALLIT_WITHOUT_RESULTS),
    },
    {
        .name = "pmap-callit-port-of-itself",
        .check = "rpcbind.callit.pmap",
        .transport = "rpc+udp",
        .what = "gives its own port for that of the program it called",
        REGISTRY(CALLIT_ADDR_OF_ITSELF),
    },
    {
        .name = "indirect-without-results",
        .check = "rpcbind.callit.indirect",
        .transport = "rpc+udp",
        .what = "does not hand the results on",
        REGISTRY(CALLIT_WITHOUT_RESULTS),
    },
    {
        .name = "callit-tells-errors",
        .check = "rpcbind.callit.silent",
        .transport = "rpc+udp",
        .what = "answers CALLIT of an unknown program",
        .registry = true,
        .fault = {.limit = REGISTRY_V3, .registry = CALLIT_TELLS_ERRORS},
    },
    {
        .name = "bcast-tells-errors",
        .check = "rpcbind.callit.bcast-silent",
        .transport = "rpc+udp",
        .what = "answers BCAST of an unknown program",
        .registry = true,
        .fault = {.limit = REGISTRY_V4, .registry = CALLIT_TELLS_ERRORS},
    },
    {
        .name = "pmap-callit-tells-errors",
        .check = "rpcbind.callit.pmap-silent",
        .transport = "rpc+udp",
        .what = "answers CALLIT of version 2 of an unknown program",
        .registry = true,
        .fault = {.limit = REGISTRY_PMAP, .registry = CALLIT_TELLS_ERRORS},
    },
    {
        .name = "pmap-callit-any-netid",
        .check = "rpcbind.callit.pmap-udp-only",
        .transport = "rpc+udp",
        .what = "calls by UDP what is registered for TCP",
        REGISTRY(CALLIT_ANY_NETID),
    },
    {
        .name = "indirect-succeeds",
        .check = "rpcbind.callit.indirect-errors",
        .transport = "rpc+udp",
        .what = "answers SUCCESS to INDIRECT of an unknown program",
        REGISTRY(INDIRECT_SUCCEEDS),
    },
};

TWINS(rpcbind);
