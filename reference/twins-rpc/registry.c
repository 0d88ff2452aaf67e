/* The program 100000: its list of mappings, and its procedures. */
#include "reference/twins-rpc/registry.h"

#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

enum { PROTO_TCP = 6, PROTO_UDP = 17, TOOWEAK = 5, SEMANTICS_CLTS = 1, SEMANTICS_COTS_ORD = 3 };

static struct mapping mappings[REGISTRY_MAPPINGS];
static size_t count;
static int32_t calls[REGISTRY_V4 + 1][RPCB_PROCS];
static int32_t sets[REGISTRY_V4 + 1];
static int32_t unsets[REGISTRY_V4 + 1];

static const struct transport {
    const char *netid;
    const char *family;
    const char *protocol;
    uint32_t number; /* of the port mapper; 0: it does not know it */
} transports[] = {
    {"tcp", "inet", "tcp", PROTO_TCP}, {"udp", "inet", "udp", PROTO_UDP},
    {"tcp6", "inet6", "tcp", 0},       {"udp6", "inet6", "udp", 0},
    {"local", "loopback", "-", 0},
};

bool registry_is(const struct request *r, enum registry_fault fault)
{
    return r->server->fault->registry == fault;
}

const struct mapping *registry_at(size_t i)
{
    return i < count ? &mappings[i] : NULL;
}

static const struct transport *transport_of(struct slice netid)
{
    for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
        if (slice_eq(netid, slice_str(transports[i].netid)))
            return &transports[i];
    }
    return NULL;
}

static const struct transport *transport_by_number(uint32_t number)
{
    for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
        if (number != 0 && transports[i].number == number)
            return &transports[i];
    }
    return NULL;
}

/* ---- the list ---- */

static void add(const struct mapping *m)
{
    if (count < REGISTRY_MAPPINGS)
        mappings[count++] = *m;
}

static void remove_at(size_t i)
{
    memmove(&mappings[i], &mappings[i + 1], (count - i - 1) * sizeof(mappings[0]));
    count--;
}

void registry_forget(int fd)
{
    for (size_t i = count; i-- > 0;) {
        if (mappings[i].fd == fd)
            remove_at(i);
    }
}

void registry_begin(const struct server *s)
{
    const struct request r = {.server = (struct server *)(uintptr_t)s};

    for (size_t i = 0; i < s->count; i++) {
        const struct place *p = &s->places[i];
        struct mapping m = {.program = REGISTRY_PROGRAM, .fd = -1};
        struct address local;

        text_copy(m.netid, sizeof(m.netid), p->netid);
        if (!net_local(p->source.fd, endpoint_socktype(&p->at), &local) ||
            !uaddr_write(&r, &local, m.uaddr))
            continue;
        for (m.version = REGISTRY_V4; m.version >= REGISTRY_PMAP; m.version--)
            add(&m);
        m.version = REGISTRY_V4;
        if (s->fault->netid) {
            text_copy(m.netid, sizeof(m.netid), s->fault->netid);
            add(&m);
        }
    }
}

static uint32_t caller(const struct request *r)
{
    struct ucred who;
    socklen_t len = sizeof(who);

    if (!text_eq(r->netid, "local") || getsockopt(r->fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
        return REGISTRY_NOBODY;
    return who.uid;
}

/* SET and UNSET are for callers of this machine (RFC 1833 2.2.2). */
static bool may_change(struct request *r)
{
    if (address_is_loopback(&r->from))
        return true;
    request_deny(r, (enum auth_stat)TOOWEAK);
    return false;
}

static void put_bool(struct request *r, bool value)
{
    request_accept(r, ACCEPT_SUCCESS);
    buf_put_u32(&r->reply.results, value);
}

/* ---- SET and UNSET ---- */

static size_t find_same(const struct request *r, const struct mapping *m)
{
    size_t i;

    for (i = 0; i < count; i++) {
        bool version = mappings[i].version == m->version || registry_is(r, SET_WITHOUT_VERSION);

        if (mappings[i].program == m->program && version && text_eq(mappings[i].netid, m->netid))
            break;
    }
    return i;
}

/* One mapping for a program, version and netid: the first. */
static bool set(const struct request *r, const struct mapping *m)
{
    size_t i = find_same(r, m);
    bool pmap = r->call.version == REGISTRY_PMAP;

    if (i < count && (registry_is(r, SET_REPLACES) || (pmap && registry_is(r, PMAP_REPLACES)) ||
                      (registry_is(r, SET_REPLACED_BY_OTHERS) && mappings[i].fd != r->fd)))
        remove_at(i);
    else if (i < count)
        return false;
    if (registry_is(r, SET_FORGETS) || (pmap && registry_is(r, PMAP_FORGETS)))
        return true;
    add(m);
    sets[r->call.version]++;
    return true;
}

static bool same_netid(const struct request *r, const struct mapping *m, struct slice netid)
{
    if (registry_is(r, UNSET_ANY_CASE))
        return netid.len == strlen(m->netid) &&
               strncasecmp(m->netid, (const char *)netid.data, netid.len) == 0;
    return slice_eq(slice_str(m->netid), netid);
}

/* Without a netid all of the version. Owners and root may (RFC 1833 2.2.1). */
static bool unset(const struct request *r, uint32_t program, uint32_t version, struct slice netid)
{
    uint32_t uid = caller(r);
    bool removed = false;

    for (size_t i = count; i-- > 0;) {
        const struct mapping *m = &mappings[i];
        bool right = uid == 0 || uid == m->uid || registry_is(r, UNSET_BY_ANYBODY);

        if (m->program != program ||
            (m->version != version && !registry_is(r, UNSET_ALL_VERSIONS)) || !right ||
            (netid.len > 0 && !same_netid(r, m, netid)))
            continue;
        if (removed && registry_is(r, UNSET_ONE))
            break;
        removed = true;
        if (!registry_is(r, UNSET_KEEPS))
            remove_at(i);
    }
    unsets[r->call.version] += removed;
    return removed;
}

/* An rpcb: program, version, netid, address, owner (RFC 1833 2.1). */
struct rpcb {
    uint32_t program, version;
    struct slice netid, uaddr;
};

static bool read_rpcb(struct request *r, struct rpcb *ret)
{
    ret->program = words_u32(&r->args);
    ret->version = words_u32(&r->args);
    ret->netid = words_opaque(&r->args, UINT32_MAX);
    ret->uaddr = words_opaque(&r->args, UINT32_MAX);
    words_opaque(&r->args, UINT32_MAX);
    if (r->args.failed)
        request_accept(r, ACCEPT_GARBAGE_ARGS);
    return !r->args.failed;
}

static bool may_be_set(const struct request *r, const struct rpcb *b)
{
    struct address a;

    if (b->netid.len >= REGISTRY_NETID || b->uaddr.len >= REGISTRY_UADDR)
        return false;
    if ((b->netid.len == 0 || b->uaddr.len == 0) && registry_is(r, SET_TAKES_EMPTY))
        return true;
    const struct transport *t = transport_of(b->netid);
    if (!t)
        return b->netid.len > 0 && registry_is(r, SET_TAKES_ANY_NETID);
    return uaddr_read(r, t->netid, b->uaddr, &a);
}

static void rpcb_set(struct request *r)
{
    struct rpcb b;

    if (!read_rpcb(r, &b) || !may_change(r))
        return;
    struct mapping m = {.program = b.program, .version = b.version, .uid = caller(r), .fd = r->fd};
    bool ok = may_be_set(r, &b);
    text_format(m.netid, sizeof(m.netid), "%.*s", (int)b.netid.len, (const char *)b.netid.data);
    text_format(m.uaddr, sizeof(m.uaddr), "%.*s", (int)b.uaddr.len, (const char *)b.uaddr.data);
    put_bool(r, ok && set(r, &m));
}

static void rpcb_unset(struct request *r)
{
    struct rpcb b;

    if (read_rpcb(r, &b) && may_change(r))
        put_bool(r, unset(r, b.program, b.version, b.netid));
}

/* ---- GETADDR and GETADDRLIST ---- */

static void put_uaddr(struct request *r, const struct mapping *m)
{
    char text[REGISTRY_UADDR] = "";
    size_t len;

    if (!m && registry_is(r, ADDR_OF_ITSELF))
        m = &mappings[0];
    if (m && !registry_is(r, ADDR_EMPTY))
        text_copy(text, sizeof(text), m->uaddr);
    len = strlen(text) + (m && registry_is(r, ADDR_WITH_NUL));
    request_accept(r, ACCEPT_SUCCESS);
    words_put_opaque(&r->reply.results, slice_of(text, len));
}

/* For the transport of the request, whatever its netid says. */
static void rpcb_getaddr(struct request *r)
{
    const struct mapping *found = NULL;
    struct rpcb b;

    if (!read_rpcb(r, &b))
        return;
    struct slice netid = registry_is(r, ADDR_BY_NETID) ? b.netid : slice_str(r->netid);
    for (size_t i = 0; i < count; i++) {
        const struct mapping *m = &mappings[i];
        bool version = m->version == b.version || registry_is(r, ADDR_OF_ANY_VERSION);
        bool transport = slice_eq(slice_str(m->netid), netid) || registry_is(r, ADDR_OF_LAST);

        if (m->program == b.program && version && transport)
            found = m;
    }
    put_uaddr(r, found);
}

static void put_entry(struct request *r, const struct mapping *m)
{
    const struct transport *t = transport_of(slice_str(m->netid));
    struct buf *out = &r->reply.results;
    bool datagrams = t && t->protocol[0] == 'u';
    bool same = registry_is(r, LIST_SEMANTICS);

    buf_put_u32(out, 1);
    words_put_opaque(out, slice_str(m->uaddr));
    words_put_opaque(out, slice_str(m->netid));
    buf_put_u32(out, datagrams || same ? SEMANTICS_CLTS : SEMANTICS_COTS_ORD);
    words_put_opaque(out, slice_str(t && !registry_is(r, LIST_FAMILY) ? t->family : "-"));
    words_put_opaque(out, slice_str(t ? t->protocol : "-"));
}

static void rpcb_getaddrlist(struct request *r)
{
    struct rpcb b;
    unsigned listed = 0;

    if (!read_rpcb(r, &b))
        return;
    request_accept(r, ACCEPT_SUCCESS);
    for (size_t i = 0; i < count; i++) {
        bool wanted = mappings[i].program == b.program && mappings[i].version == b.version;

        if (wanted && !(listed > 0 && registry_is(r, LIST_OF_ONE))) {
            put_entry(r, &mappings[i]);
            listed++;
        }
    }
    buf_put_u32(&r->reply.results, 0);
}

/* ---- DUMP, GETTIME, GETSTAT ---- */

static bool is_dumped(const struct request *r, size_t i)
{
    const struct mapping *m = &mappings[i];

    return !(registry_is(r, DUMP_WITHOUT_ITSELF) && m->program == REGISTRY_PROGRAM) &&
           !(registry_is(r, DUMP_WITHOUT_LAST) && i + 1 == count && m->fd >= 0) &&
           !(registry_is(r, PMAP_APART) && m->by_pmap);
}

static void rpcb_dump(struct request *r)
{
    struct buf *out = &r->reply.results;

    if (registry_is(r, DUMP_REFUSED_AFAR) && !may_change(r))
        return;
    request_accept(r, ACCEPT_SUCCESS);
    for (size_t i = 0; i < count; i++) {
        if (!is_dumped(r, i))
            continue;
        buf_put_u32(out, 1);
        buf_put_u32(out, mappings[i].program);
        buf_put_u32(out, mappings[i].version);
        words_put_opaque(out, slice_str(mappings[i].netid));
        words_put_opaque(out, slice_str(mappings[i].uaddr));
        words_put_opaque(out, slice_str(mappings[i].uid == 0 ? "superuser" : "unknown"));
    }
    if (!registry_is(r, DUMP_WITHOUT_END))
        buf_put_u32(out, 0);
}

static void rpcb_gettime(struct request *r)
{
    request_accept(r, ACCEPT_SUCCESS);
    buf_put_u32(&r->reply.results, (uint32_t)time(NULL));
}

/* The lists of addresses asked for and of calls made are empty: nothing obliges to keep them. */
static void rpcb_getstat(struct request *r)
{
    struct buf *out = &r->reply.results;

    request_accept(r, ACCEPT_SUCCESS);
    for (unsigned version = REGISTRY_PMAP; version <= REGISTRY_V4; version++) {
        for (unsigned i = 0; i < RPCB_PROCS; i++)
            buf_put_u32(out, (uint32_t)calls[version][i]);
        buf_put_u32(out, (uint32_t)sets[version]);
        buf_put_u32(out, (uint32_t)unsets[version]);
        buf_put_u32(out, 0);
        buf_put_u32(out, 0);
    }
}

/* ---- the port mapper ---- */

/* A mapping of the port mapper: program, version, protocol, port (RFC 1833 3.1). */
struct pmap {
    uint32_t program, version, protocol, port;
};

static bool read_pmap(struct request *r, struct pmap *ret)
{
    ret->program = words_u32(&r->args);
    ret->version = words_u32(&r->args);
    ret->protocol = words_u32(&r->args);
    ret->port = words_u32(&r->args);
    if (r->args.failed)
        request_accept(r, ACCEPT_GARBAGE_ARGS);
    return !r->args.failed;
}

static void pmap_set(struct request *r)
{
    struct pmap p;

    if (!read_pmap(r, &p) || !may_change(r))
        return;
    const struct transport *t = transport_by_number(p.protocol);
    if (!t && registry_is(r, PMAP_ANY_PROT))
        t = &transports[0];
    struct mapping m = {
        .program = p.program, .version = p.version, .uid = caller(r), .fd = r->fd, .by_pmap = true};
    text_copy(m.netid, sizeof(m.netid), t ? t->netid : "");
    text_format(m.uaddr, sizeof(m.uaddr), "127.0.0.1.%u.%u", p.port >> 8, p.port & 255);
    put_bool(r, t && p.port <= UINT16_MAX && set(r, &m));
}

static void pmap_unset(struct request *r)
{
    struct pmap p;

    if (!read_pmap(r, &p) || !may_change(r))
        return;
    const struct transport *t = transport_by_number(p.protocol);
    bool heeded = registry_is(r, PMAP_UNSET_BY_PROT);
    bool tcp = (!heeded || (t && t->number == PROTO_TCP)) &&
               unset(r, p.program, p.version, slice_str("tcp"));
    bool udp = (!heeded || (t && t->number == PROTO_UDP)) &&
               unset(r, p.program, p.version, slice_str("udp"));
    put_bool(r, tcp || udp);
}

static uint32_t port_of(const struct request *r, const struct mapping *m)
{
    struct address a;

    return uaddr_read(r, m->netid, slice_str(m->uaddr), &a) ? address_port(&a) : 0;
}

static void pmap_getport(struct request *r)
{
    uint32_t port = 0;
    struct pmap p;

    if (!read_pmap(r, &p))
        return;
    const struct transport *t = transport_by_number(p.protocol);
    for (size_t i = 0; t && i < count; i++) {
        const struct mapping *m = &mappings[i];

        if (m->program == p.program && m->version == p.version && text_eq(m->netid, t->netid) &&
            !(registry_is(r, PMAP_PORT_HEEDED) && p.port != 0 && p.port != port_of(r, m)))
            port = port_of(r, m);
    }
    if (port == 0 && registry_is(r, PMAP_PORT_OF_ITSELF))
        port = port_of(r, &mappings[0]);
    request_accept(r, ACCEPT_SUCCESS);
    buf_put_u32(&r->reply.results, port);
}

static void pmap_dump(struct request *r)
{
    struct buf *out = &r->reply.results;

    request_accept(r, ACCEPT_SUCCESS);
    for (size_t i = 0; i < count; i++) {
        const struct transport *t = transport_of(slice_str(mappings[i].netid));

        if (!t || t->number == 0 || (t->number == PROTO_UDP && registry_is(r, PMAP_DUMP_TCP)))
            continue;
        buf_put_u32(out, 1);
        buf_put_u32(out, mappings[i].program);
        buf_put_u32(out, mappings[i].version);
        buf_put_u32(out, t->number);
        buf_put_u32(out, port_of(r, &mappings[i]));
    }
    if (!registry_is(r, PMAP_DUMP_WITHOUT_END))
        buf_put_u32(out, 0);
}

/* ---- which procedure ---- */

static void null(struct request *r)
{
    request_accept(r, ACCEPT_SUCCESS);
}

static void callit(struct request *r)
{
    registry_call(r, false);
}

static void indirect(struct request *r)
{
    registry_call(r, true);
}

static void (*const pmap_procedures[])(struct request *r) = {
    [PMAP_NULL] = null,        [PMAP_SET] = pmap_set,
    [PMAP_UNSET] = pmap_unset, [PMAP_GETPORT] = pmap_getport,
    [PMAP_DUMP] = pmap_dump,   [PMAP_CALLIT] = callit,
};

static void (*const rpcb_procedures[])(struct request *r) = {
    [RPCB_NULL] = null,
    [RPCB_SET] = rpcb_set,
    [RPCB_UNSET] = rpcb_unset,
    [RPCB_GETADDR] = rpcb_getaddr,
    [RPCB_DUMP] = rpcb_dump,
    [RPCB_CALLIT] = callit,
    [RPCB_GETTIME] = rpcb_gettime,
    [RPCB_UADDR2TADDR] = uaddr_to_taddr,
    [RPCB_TADDR2UADDR] = uaddr_from_taddr,
    [RPCB_GETVERSADDR] = rpcb_getaddr,
    [RPCB_INDIRECT] = indirect,
    [RPCB_GETADDRLIST] = rpcb_getaddrlist,
    [RPCB_GETSTAT] = rpcb_getstat,
};

static bool serve(struct request *r)
{
    static const uint32_t ends[] = {
        [REGISTRY_PMAP] = PMAP_PROCS, [REGISTRY_V3] = RPCB_GETVERSADDR, [REGISTRY_V4] = RPCB_PROCS};
    uint32_t procedure = r->call.procedure;

    if (procedure >= ends[r->call.version])
        return false;
    if (!registry_is(r, STAT_STANDS))
        calls[r->call.version][procedure]++;
    if (r->call.version == REGISTRY_PMAP)
        pmap_procedures[procedure](r);
    else
        rpcb_procedures[procedure](r);
    return true;
}

const struct program program_registry = {
    .number = REGISTRY_PROGRAM, .low = REGISTRY_PMAP, .high = REGISTRY_V4, .serve = serve};
