/* Port mapper and rpcbind: each structure is one table, which writes it and reads it. */
#include "harness/rpc/bind.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define CLAUSE_PMAP "RFC 1833 3.1"
#define CLAUSE_RPCB "RFC 1833 2.1"

/* ---- structures as tables ---- */

enum kind {
    KIND_WORD,   /* uint32_t or int32_t: the same 32 bits */
    KIND_STRING, /* struct wire_counted */
    KIND_OPAQUE, /* struct wire_counted */
};

struct field {
    enum kind kind;
    size_t offset;
    const char *name;
};

struct layout {
    const char *clause;
    size_t size;
    size_t count;
    struct field fields[8];
};

#define WORD(type, member)                                                                         \
    {                                                                                              \
        KIND_WORD, offsetof(struct type, member), #member                                          \
    }
#define STRING(type, member)                                                                       \
    {                                                                                              \
        KIND_STRING, offsetof(struct type, member), #member                                        \
    }
#define OPAQUE(type, member)                                                                       \
    {                                                                                              \
        KIND_OPAQUE, offsetof(struct type, member), #member                                        \
    }

static const struct layout mapping = {
    CLAUSE_PMAP,
    sizeof(struct bind_mapping),
    4,
    {WORD(bind_mapping, prog), WORD(bind_mapping, vers), WORD(bind_mapping, prot),
     WORD(bind_mapping, port)},
};

static const struct layout rpcb = {
    CLAUSE_RPCB,
    sizeof(struct bind_rpcb),
    5,
    {WORD(bind_rpcb, prog), WORD(bind_rpcb, vers), STRING(bind_rpcb, netid),
     STRING(bind_rpcb, addr), STRING(bind_rpcb, owner)},
};

static const struct layout remote = {
    CLAUSE_RPCB,
    sizeof(struct bind_remote),
    4,
    {WORD(bind_remote, prog), WORD(bind_remote, vers), WORD(bind_remote, proc),
     OPAQUE(bind_remote, args)},
};

static const struct layout remote_port = {
    CLAUSE_PMAP,
    sizeof(struct bind_remote_port),
    2,
    {WORD(bind_remote_port, port), OPAQUE(bind_remote_port, results)},
};

static const struct layout remote_addr = {
    CLAUSE_RPCB,
    sizeof(struct bind_remote_addr),
    2,
    {STRING(bind_remote_addr, addr), OPAQUE(bind_remote_addr, results)},
};

static const struct layout netbuf = {
    CLAUSE_RPCB,
    sizeof(struct bind_netbuf),
    2,
    {WORD(bind_netbuf, maxlen), OPAQUE(bind_netbuf, octets)},
};

static const struct layout entry = {
    CLAUSE_RPCB,
    sizeof(struct bind_entry),
    5,
    {STRING(bind_entry, maddr), STRING(bind_entry, netid), WORD(bind_entry, semantics),
     STRING(bind_entry, protofmly), STRING(bind_entry, proto)},
};

static const struct layout stat_addr = {
    CLAUSE_RPCB,
    sizeof(struct bind_stat_addr),
    5,
    {WORD(bind_stat_addr, prog), WORD(bind_stat_addr, vers), WORD(bind_stat_addr, success),
     WORD(bind_stat_addr, failure), STRING(bind_stat_addr, netid)},
};

static const struct layout stat_remote = {
    CLAUSE_RPCB,
    sizeof(struct bind_stat_remote),
    7,
    {WORD(bind_stat_remote, prog), WORD(bind_stat_remote, vers), WORD(bind_stat_remote, proc),
     WORD(bind_stat_remote, success), WORD(bind_stat_remote, failure),
     WORD(bind_stat_remote, indirect), STRING(bind_stat_remote, netid)},
};

static void put(struct buf *out, const struct layout *layout, const void *value)
{
    for (size_t i = 0; i < layout->count; i++) {
        const struct field *f = &layout->fields[i];
        const uint8_t *at = (const uint8_t *)value + f->offset;
        struct wire_counted item;
        uint32_t word;

        if (f->kind == KIND_WORD) {
            memcpy(&word, at, sizeof(word));
            wire_put_uint(out, word);
        } else {
            memcpy(&item, at, sizeof(item));
            wire_put_counted(out, &item);
        }
    }
}

static void read_counted(struct wire_in *in, const struct field *f, uint8_t *at)
{
    struct slice octets = f->kind == KIND_STRING ? wire_string(in, f->name, WIRE_NO_LIMIT)
                                                 : wire_opaque(in, f->name, WIRE_NO_LIMIT);
    struct wire_counted item = wire_counted_of(octets);

    memcpy(at, &item, sizeof(item));
}

static bool take(struct wire_in *in, const struct layout *layout, void *ret)
{
    in->section = layout->clause;
    memset(ret, 0, layout->size);
    for (size_t i = 0; i < layout->count; i++) {
        const struct field *f = &layout->fields[i];
        uint8_t *at = (uint8_t *)ret + f->offset;

        if (f->kind == KIND_WORD) {
            uint32_t word = wire_uint(in, f->name);

            memcpy(at, &word, sizeof(word));
        } else {
            read_counted(in, f, at);
        }
    }
    return wire_ok(in);
}

static void put_next(struct buf *out, const struct layout *layout, const void *value)
{
    wire_put_bool(out, true);
    put(out, layout, value);
}

static bool take_next(struct wire_in *in, const struct layout *layout, void *ret)
{
    return wire_optional(in, "next") && take(in, layout, ret);
}

/* ---- by type ---- */

void bind_put_mapping(struct buf *out, const struct bind_mapping *m)
{
    put(out, &mapping, m);
}

bool bind_read_mapping(struct wire_in *in, struct bind_mapping *ret)
{
    return take(in, &mapping, ret);
}

void bind_put_rpcb(struct buf *out, const struct bind_rpcb *b)
{
    put(out, &rpcb, b);
}

bool bind_read_rpcb(struct wire_in *in, struct bind_rpcb *ret)
{
    return take(in, &rpcb, ret);
}

void bind_put_remote(struct buf *out, const struct bind_remote *r)
{
    put(out, &remote, r);
}

bool bind_read_remote(struct wire_in *in, struct bind_remote *ret)
{
    return take(in, &remote, ret);
}

void bind_put_remote_port(struct buf *out, const struct bind_remote_port *r)
{
    put(out, &remote_port, r);
}

bool bind_read_remote_port(struct wire_in *in, struct bind_remote_port *ret)
{
    return take(in, &remote_port, ret);
}

void bind_put_remote_addr(struct buf *out, const struct bind_remote_addr *r)
{
    put(out, &remote_addr, r);
}

bool bind_read_remote_addr(struct wire_in *in, struct bind_remote_addr *ret)
{
    return take(in, &remote_addr, ret);
}

void bind_put_netbuf(struct buf *out, const struct bind_netbuf *n)
{
    put(out, &netbuf, n);
}

bool bind_read_netbuf(struct wire_in *in, struct bind_netbuf *ret)
{
    return take(in, &netbuf, ret);
}

void bind_list_mapping(struct buf *out, const struct bind_mapping *m)
{
    put_next(out, &mapping, m);
}

bool bind_next_mapping(struct wire_in *in, struct bind_mapping *ret)
{
    return take_next(in, &mapping, ret);
}

void bind_list_rpcb(struct buf *out, const struct bind_rpcb *b)
{
    put_next(out, &rpcb, b);
}

bool bind_next_rpcb(struct wire_in *in, struct bind_rpcb *ret)
{
    return take_next(in, &rpcb, ret);
}

void bind_list_entry(struct buf *out, const struct bind_entry *e)
{
    put_next(out, &entry, e);
}

bool bind_next_entry(struct wire_in *in, struct bind_entry *ret)
{
    return take_next(in, &entry, ret);
}

void bind_list_stat_addr(struct buf *out, const struct bind_stat_addr *a)
{
    put_next(out, &stat_addr, a);
}

bool bind_next_stat_addr(struct wire_in *in, struct bind_stat_addr *ret)
{
    return take_next(in, &stat_addr, ret);
}

void bind_list_stat_remote(struct buf *out, const struct bind_stat_remote *r)
{
    put_next(out, &stat_remote, r);
}

bool bind_next_stat_remote(struct wire_in *in, struct bind_stat_remote *ret)
{
    return take_next(in, &stat_remote, ret);
}

void bind_list_end(struct buf *out)
{
    wire_put_bool(out, false);
}

/* ---- statistics ---- */

static void put_list(struct buf *out, struct slice list)
{
    if (list.len > 0)
        buf_put(out, list);
    else
        bind_list_end(out);
}

void bind_put_stat(struct buf *out, const struct bind_stat *s)
{
    for (size_t i = 0; i < BIND_RPCB_PROCS; i++)
        wire_put_int(out, s->calls[i]);
    wire_put_int(out, s->sets);
    wire_put_int(out, s->unsets);
    put_list(out, s->addrs);
    put_list(out, s->remotes);
}

bool bind_read_stat(struct wire_in *in, struct bind_stat *ret)
{
    struct bind_stat_remote one_remote;
    struct bind_stat_addr one_addr;
    size_t start;

    *ret = (struct bind_stat){0};
    in->section = CLAUSE_RPCB;
    for (size_t i = 0; i < BIND_RPCB_PROCS; i++)
        ret->calls[i] = wire_int(in, "info");
    ret->sets = wire_int(in, "setinfo");
    ret->unsets = wire_int(in, "unsetinfo");
    start = in->at;
    while (bind_next_stat_addr(in, &one_addr))
        continue;
    if (wire_ok(in))
        ret->addrs = slice_sub(in->octets, start, in->at - start);
    start = in->at;
    while (bind_next_stat_remote(in, &one_remote))
        continue;
    if (wire_ok(in))
        ret->remotes = slice_sub(in->octets, start, in->at - start);
    return wire_ok(in);
}

/* ---- names ---- */

static const char *const pmap_procs[BIND_PMAP_PROCS] = {
    [BIND_PMAP_NULL] = "NULL",       [BIND_PMAP_SET] = "SET",   [BIND_PMAP_UNSET] = "UNSET",
    [BIND_PMAP_GETPORT] = "GETPORT", [BIND_PMAP_DUMP] = "DUMP", [BIND_PMAP_CALLIT] = "CALLIT",
};

static const char *const rpcb_procs[BIND_RPCB_PROCS] = {
    [BIND_RPCB_NULL] = "NULL",
    [BIND_RPCB_SET] = "SET",
    [BIND_RPCB_UNSET] = "UNSET",
    [BIND_RPCB_GETADDR] = "GETADDR",
    [BIND_RPCB_DUMP] = "DUMP",
    [BIND_RPCB_CALLIT] = "CALLIT",
    [BIND_RPCB_GETTIME] = "GETTIME",
    [BIND_RPCB_UADDR2TADDR] = "UADDR2TADDR",
    [BIND_RPCB_TADDR2UADDR] = "TADDR2UADDR",
    [BIND_RPCB_GETVERSADDR] = "GETVERSADDR",
    [BIND_RPCB_INDIRECT] = "INDIRECT",
    [BIND_RPCB_GETADDRLIST] = "GETADDRLIST",
    [BIND_RPCB_GETSTAT] = "GETSTAT",
};

const char *bind_proc_name(uint32_t version, uint32_t proc)
{
    if (version == BIND_PMAP_VERSION)
        return proc < BIND_PMAP_PROCS ? pmap_procs[proc] : NULL;
    if (version == BIND_RPCB_VERSION)
        return proc <= BIND_RPCB_TADDR2UADDR ? rpcb_procs[proc] : NULL;
    if (version != BIND_RPCB_VERSION4 || proc >= BIND_RPCB_PROCS)
        return NULL;
    return proc == BIND_RPCB_CALLIT ? "BCAST" : rpcb_procs[proc];
}

static const struct bind_netid netids[] = {
    {"tcp", AF_INET, SOCK_STREAM},  {"tcp6", AF_INET6, SOCK_STREAM}, {"udp", AF_INET, SOCK_DGRAM},
    {"udp6", AF_INET6, SOCK_DGRAM}, {"local", AF_UNIX, SOCK_STREAM},
};

const struct bind_netid *bind_netid_find(struct slice name)
{
    for (size_t i = 0; i < ARRAY_LEN(netids); i++) {
        if (slice_eq(name, slice_str(netids[i].name)))
            return &netids[i];
    }
    return NULL;
}

const struct bind_netid *bind_netid_of(const struct address *a)
{
    for (size_t i = 0; i < ARRAY_LEN(netids); i++) {
        if (netids[i].family == address_family(a) && netids[i].socktype == a->socktype)
            return &netids[i];
    }
    return NULL;
}

/* ---- universal addresses ---- */

void bind_uaddr_format(const struct address *a, struct buf *out)
{
    char host[INET6_ADDRSTRLEN];
    struct endpoint e;
    unsigned port = address_port(a);

    if (address_family(a) == AF_UNIX) {
        address_to_endpoint(a, &e);
        buf_printf(out, "%s%s", e.abstract ? "@" : "", e.path);
        return;
    }
    struct sockaddr_in6 inet6;
    struct sockaddr_in inet;
    const void *octets = NULL;

    if (address_family(a) == AF_INET) {
        memcpy(&inet, &a->storage, sizeof(inet));
        octets = &inet.sin_addr;
    } else if (address_family(a) == AF_INET6) {
        memcpy(&inet6, &a->storage, sizeof(inet6));
        octets = &inet6.sin6_addr;
    }
    if (octets && inet_ntop(address_family(a), octets, host, sizeof(host)))
        buf_printf(out, "%s.%u.%u", host, port >> 8, port & 0xff);
}

static bool refuse(struct problem *why, const struct bind_netid *netid, struct slice text,
                   const char *what)
{
    struct buf shown;

    buf_init(&shown, 256);
    text_quote(&shown, text, 48);
    problem_set(why, "%s is no universal address of %s: %s", buf_text(&shown), netid->name, what);
    buf_free(&shown);
    return false;
}

/* The last two numbers of h1.h2...p1.p2; *ret_host is what stands in front of them. */
static bool split_port(struct slice text, char *host, size_t cap, uint16_t *ret_port)
{
    char copy[64];
    uint64_t parts[2];

    if (text.len >= sizeof(copy) || slice_find(text, slice_of("", 1)) < text.len)
        return false;
    text_format(copy, sizeof(copy), "%.*s", (int)text.len, (const char *)text.data);
    for (size_t i = ARRAY_LEN(parts); i-- > 0;) {
        char *dot = strrchr(copy, '.');

        if (!dot || !text_number(dot + 1, 0, UINT8_MAX, &parts[i]))
            return false;
        if (dot[1] == '0' && dot[2] != '\0')
            return false; /* a leading zero */
        *dot = '\0';
    }
    text_copy(host, cap, copy);
    *ret_port = (uint16_t)(parts[0] << 8 | parts[1]);
    return true;
}

static bool parse_inet(int family, const char *host, uint16_t port, struct address *ret)
{
    struct sockaddr_in inet = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 inet6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    if (family == AF_INET && inet_pton(AF_INET, host, &inet.sin_addr) == 1) {
        memcpy(&ret->storage, &inet, sizeof(inet));
        ret->len = sizeof(inet);
        return true;
    }
    if (family == AF_INET6 && inet_pton(AF_INET6, host, &inet6.sin6_addr) == 1) {
        memcpy(&ret->storage, &inet6, sizeof(inet6));
        ret->len = sizeof(inet6);
        return true;
    }
    return false;
}

static bool parse_local(struct slice text, struct address *ret)
{
    struct endpoint e = {.kind = ENDPOINT_UNIX};
    bool abstract = text.len > 0 && text.data[0] == '@';
    struct slice path = slice_from(text, abstract ? 1 : 0);
    size_t count = 0;

    if (path.len == 0 || path.len > ENDPOINT_PATH_MAX ||
        slice_find(path, slice_of("", 1)) < path.len)
        return false;
    e.abstract = abstract;
    memcpy(e.path, path.data, path.len);
    return address_resolve(&e, ret, 1, &count, NULL) && count == 1;
}

bool bind_uaddr_parse(const struct bind_netid *netid, struct slice text, struct address *ret,
                      struct problem *why)
{
    struct address a = {.socktype = netid->socktype};
    char host[64];
    uint16_t port = 0;

    if (netid->family == AF_UNIX) {
        if (!parse_local(text, &a))
            return refuse(why, netid, text, "expected a path of 1 to 107 octets");
    } else {
        if (!split_port(text, host, sizeof(host), &port))
            return refuse(why, netid, text,
                          "expected an address and two decimal octets of the port behind it");
        if (!parse_inet(netid->family, host, port, &a))
            return refuse(why, netid, text,
                          netid->family == AF_INET ? "expected h1.h2.h3.h4.p1.p2, each 0 to 255"
                                                   : "expected an IPv6 address in front of .p1.p2");
    }
    *ret = a;
    return true;
}
