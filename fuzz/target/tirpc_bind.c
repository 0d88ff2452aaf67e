/*
 * The bodies of the port mapper (version 2) and of rpcbind (versions 3 and 4) as libtirpc reads
 * them, and as we do. The first octet chooses the type.
 */
#include <rpc/rpc.h>

#include <rpc/pmap_prot.h>
#include <rpc/pmap_rmt.h>
#include <rpc/rpcb_prot.h>
#include <string.h>

#include "fuzz/oracle/finding.h"
#include "fuzz/target.h"
#include "fuzz/tirpc/twin.h"
#include "harness/rpc/bind.h"

enum { TEXT_MAX = 9000 }; /* octets of a string in libtirpc's bodies (RPC_MAXDATASIZE) */

/* The limit is libtirpc's; RFC 1833 has none. */
static void text(struct wire_in *in, const struct wire_counted *item)
{
    twin_text(in, item->octets);
}

/* ---- port mapper ---- */

static size_t read_mapping(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    struct bind_mapping m;

    if (bind_read_mapping(in, &m))
        bind_put_mapping(out, &m);
    return in->at;
}

static size_t read_mappings(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    struct bind_mapping m;

    while (bind_next_mapping(in, &m))
        bind_list_mapping(out, &m);
    bind_list_end(out);
    return in->at;
}

/* ---- rpcbind ---- */

static size_t read_rpcb(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    struct bind_rpcb b;

    if (!bind_read_rpcb(in, &b))
        return 0;
    text(in, &b.netid);
    text(in, &b.addr);
    text(in, &b.owner);
    bind_put_rpcb(out, &b);
    return in->at;
}

static size_t read_rpcbs(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    struct bind_rpcb b;

    while (bind_next_rpcb(in, &b)) {
        text(in, &b.netid);
        text(in, &b.addr);
        text(in, &b.owner);
        bind_list_rpcb(out, &b);
    }
    bind_list_end(out);
    return in->at;
}

/* An entry is what stands in a list behind a TRUE, and in a list of one in front of a FALSE. */
static void put_entry(struct buf *out, const struct bind_entry *e)
{
    wire_put_counted(out, &e->maddr);
    wire_put_counted(out, &e->netid);
    wire_put_uint(out, e->semantics);
    wire_put_counted(out, &e->protofmly);
    wire_put_counted(out, &e->proto);
}

static void entry_texts(struct wire_in *in, const struct bind_entry *e)
{
    text(in, &e->maddr);
    text(in, &e->netid);
    text(in, &e->protofmly);
    text(in, &e->proto);
}

static struct wire_counted read_text(struct wire_in *in, const char *field)
{
    return wire_counted_of(wire_string(in, field, TEXT_MAX));
}

static size_t read_entry(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    struct bind_entry e = {.maddr = read_text(in, "maddr"), .netid = read_text(in, "netid")};

    e.semantics = wire_uint(in, "semantics");
    e.protofmly = read_text(in, "protofmly");
    e.proto = read_text(in, "proto");
    entry_texts(in, &e);
    put_entry(out, &e);
    return in->at;
}

static size_t read_entries(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    struct bind_entry e;

    while (bind_next_entry(in, &e)) {
        entry_texts(in, &e);
        wire_put_bool(out, true);
        put_entry(out, &e);
    }
    bind_list_end(out);
    return in->at;
}

/* libtirpc reads the capacity as a limit of the octets. */
static size_t read_netbuf(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    struct bind_netbuf n;

    if (!bind_read_netbuf(in, &n))
        return 0;
    if (n.maxlen > TEXT_MAX)
        wire_refuse(in, WIRE_LIMIT, 0, "maxlen", "over the limit of libtirpc");
    if (n.octets.octets.len > n.maxlen)
        wire_refuse(in, WIRE_LIMIT, 0, "octets", "more than the capacity");
    bind_put_netbuf(out, &n);
    return in->at;
}

static size_t read_addr_stats(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    struct bind_stat_addr a;

    while (bind_next_stat_addr(in, &a)) {
        text(in, &a.netid);
        bind_list_stat_addr(out, &a);
    }
    bind_list_end(out);
    return in->at;
}

static size_t read_remote_stats(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    struct bind_stat_remote r;

    while (bind_next_stat_remote(in, &r)) {
        text(in, &r.netid);
        bind_list_stat_remote(out, &r);
    }
    bind_list_end(out);
    return in->at;
}

/* The lists within are read once more, for what in them is not for libtirpc. */
static void stat_texts(struct wire_in *in, const struct bind_stat *s)
{
    struct bind_stat_remote r;
    struct bind_stat_addr a;
    struct wire_in part;

    wire_open(&part, s->addrs);
    part.forgives = true;
    while (bind_next_stat_addr(&part, &a))
        text(in, &a.netid);
    wire_open(&part, s->remotes);
    part.forgives = true;
    while (bind_next_stat_remote(&part, &r))
        text(in, &r.netid);
}

/* bind_put_stat writes the lists as they came, padding and all. */
static void put_stat(struct buf *out, const struct bind_stat *s)
{
    struct wire_in part;

    for (size_t i = 0; i < BIND_RPCB_PROCS; i++)
        wire_put_int(out, s->calls[i]);
    wire_put_int(out, s->sets);
    wire_put_int(out, s->unsets);
    wire_open(&part, s->addrs);
    part.forgives = true;
    read_addr_stats(NULL, &part, out);
    wire_open(&part, s->remotes);
    part.forgives = true;
    read_remote_stats(NULL, &part, out);
}

static size_t read_stat(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    struct bind_stat s;

    if (!bind_read_stat(in, &s))
        return 0;
    stat_texts(in, &s);
    put_stat(out, &s);
    return in->at;
}

static size_t read_stats(const struct twin *t, struct wire_in *in, struct buf *out)
{
    for (size_t i = 0; i < BIND_STAT_VERSIONS && wire_ok(in); i++)
        read_stat(t, in, out);
    return in->at;
}

/* ---- calls through the port mapper ---- */

/* The results are read by a function that the caller names; this one reads the octets that are
   announced, as far as it knows. */
static size_t read_remote_port(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    wire_put_uint(out, wire_uint(in, "port"));
    wire_put_uint(out, wire_uint(in, "results"));
    return in->at;
}

static void prepare_remote_port(void *value)
{
    struct rmtcallres *r = value;

    r->xdr_results = TWIN_PROC(xdr_void);
}

static size_t read_remote_addr(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    struct wire_counted addr = read_text(in, "addr");

    text(in, &addr);
    wire_put_counted(out, &addr);
    wire_put_uint(out, wire_uint(in, "results"));
    return in->at;
}

static void prepare_remote_addr(void *value)
{
    struct r_rpcb_rmtcallres *r = value;

    r->xdr_res = TWIN_PROC(xdr_void);
}

#define BODY(function, type, read)                                                                 \
    {                                                                                              \
        .name = #function, .theirs = TWIN_PROC(xdr_##function), .size = sizeof(type), .ours = read \
    }

static const struct twin bodies[] = {
    BODY(pmap, struct pmap, read_mapping),
    BODY(pmaplist, struct pmaplist *, read_mappings),
    BODY(pmaplist_ptr, struct pmaplist *, read_mappings),
    BODY(rpcb, struct rpcb, read_rpcb),
    BODY(rpcblist, rpcblist *, read_rpcbs),
    BODY(rpcblist_ptr, rpcblist_ptr, read_rpcbs),
    BODY(rpcb_entry, rpcb_entry, read_entry),
    BODY(rpcb_entry_list_ptr, rpcb_entry_list_ptr, read_entries),
    BODY(netbuf, struct netbuf, read_netbuf),
    BODY(rpcbs_addrlist_ptr, rpcbs_addrlist_ptr, read_addr_stats),
    BODY(rpcbs_rmtcalllist_ptr, rpcbs_rmtcalllist_ptr, read_remote_stats),
    BODY(rpcb_stat, rpcb_stat, read_stat),
    BODY(rpcb_stat_byvers, rpcb_stat_byvers, read_stats),
    {.name = "rmtcallres",
     .theirs = TWIN_PROC(xdr_rmtcallres),
     .size = sizeof(struct rmtcallres),
     .ours = read_remote_port,
     .prepare = prepare_remote_port},
    {.name = "rpcb_rmtcallres",
     .theirs = TWIN_PROC(xdr_rpcb_rmtcallres),
     .size = sizeof(struct r_rpcb_rmtcallres),
     .ours = read_remote_addr,
     .prepare = prepare_remote_addr},
};

/* ---- what libtirpc only writes ---- */

static struct slice arguments;

static bool_t put_arguments(XDR *out, void *unused UNUSED)
{
    char octets[TWIN_MAX];

    if (arguments.len)
        memcpy(octets, arguments.data, arguments.len);
    return xdr_opaque(out, octets, (u_int)arguments.len);
}

static bool put_pmap_call(XDR *out, const struct bind_remote *r)
{
    struct rmtcallargs args = {.prog = r->prog, .vers = r->vers, .proc = r->proc};

    args.xdr_args = TWIN_PROC(put_arguments);
    return xdr_rmtcall_args(out, &args);
}

static bool put_rpcb_call(XDR *out, const struct bind_remote *r)
{
    struct r_rpcb_rmtcallargs args = {.prog = r->prog, .vers = r->vers, .proc = r->proc};

    args.xdr_args = TWIN_PROC(put_arguments);
    return xdr_rpcb_rmtcallargs(out, (void *)&args);
}

static const struct writer {
    const char *name;
    bool (*put)(XDR *out, const struct bind_remote *r);
} writers[] = {
    {"rmtcall_args", put_pmap_call},
    {"rpcb_rmtcallargs", put_rpcb_call},
};

/* The arguments are whole units: they are what a function wrote. */
static void run_writer(const struct writer *w, struct slice octets, size_t shift)
{
    static char room[TWIN_MAX + 64];
    static uint8_t wanted[TWIN_MAX + 64];
    struct buf out = {.data = wanted, .cap = sizeof(wanted), .max = sizeof(wanted)};
    struct bind_remote r;
    struct wire_in in;
    XDR theirs;

    finding_about(w->name);
    wire_open(&in, octets);
    in.forgives = true;
    if (!bind_read_remote(&in, &r) || r.args.octets.len % WIRE_UNIT)
        return;
    bind_put_remote(&out, &r);
    arguments = r.args.octets;
    xdrmem_create(&theirs, room + shift, TWIN_MAX + 32, XDR_ENCODE);
    bool ok = w->put(&theirs, &r);
    if (!ok || !slice_eq(slice_of(room + shift, xdr_getpos(&theirs)), buf_slice(&out)))
        finding_tell(ORACLE_DIFFERENCE, "what is written is another than ours");
}

static void run_bind(struct slice input)
{
    size_t row = input.len ? input.data[0] % (ARRAY_LEN(bodies) + ARRAY_LEN(writers)) : 0;

    if (input.len == 0)
        return;
    input = slice_from(input, 1);
    if (row < ARRAY_LEN(bodies)) {
        twin_run(&bodies[row], input);
    } else {
        run_writer(&writers[row - ARRAY_LEN(bodies)], input, 0);
        run_writer(&writers[row - ARRAY_LEN(bodies)], input, 1);
    }
}

const struct fuzz_target fuzz_target_tirpc_bind = {
    .name = "tirpc-bind",
    .what = "libtirpc's bodies of the port mapper and rpcbind, against our own",
    .form = FUZZ_OCTETS,
    .max = TWIN_MAX,
    .memory = 16384,
    .memory_per_octet = 16,
    .stack = 65536,
    .run = run_bind,
};
