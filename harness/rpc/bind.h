/*
 * The lookup services of RFC 1833, program 100000: the port mapper (version 2) and rpcbind
 * (versions 3 and 4). Here are the arguments and results of every procedure, in both directions,
 * and universal addresses (RFC 5665). The call around them is made by harness/rpc/onc.h.
 *
 *   procedure               arguments               results
 *   PMAP NULL               -                       -
 *   PMAP SET, UNSET         bind_mapping            bool
 *   PMAP GETPORT            bind_mapping            unsigned: the port, or 0
 *   PMAP DUMP               -                       list of bind_mapping
 *   PMAP CALLIT             bind_remote             bind_remote_port
 *   RPCB SET, UNSET         bind_rpcb               bool
 *   RPCB GETADDR            bind_rpcb               string: a universal address, or empty
 *   RPCB DUMP               -                       list of bind_rpcb
 *   RPCB CALLIT, BCAST      bind_remote             bind_remote_addr
 *   RPCB INDIRECT           bind_remote             bind_remote_addr
 *   RPCB GETTIME            -                       unsigned: seconds since 1970
 *   RPCB UADDR2TADDR        string                  bind_netbuf
 *   RPCB TADDR2UADDR        bind_netbuf             string
 *   RPCB GETVERSADDR        bind_rpcb               string
 *   RPCB GETADDRLIST        bind_rpcb               list of bind_entry
 *   RPCB GETSTAT            -                       bind_stat for versions 2, 3 and 4
 *
 * A bool, an unsigned and a string are written and read by harness/rpc/wire.h. Strings and opaques
 * in the structures are wire_counted, so that what is wrong about them can be written; after
 * reading they are views of the input. The readers return false, with the fault in the cursor, and
 * leave the end to the caller (wire_end). Strings have no limit in RFC 1833.
 */
#ifndef HARNESS_RPC_BIND_H
#define HARNESS_RPC_BIND_H

#include "harness/net/address.h"
#include "harness/rpc/wire.h"

enum {
    BIND_PROGRAM = 100000, /* RFC 1833 1 */
    BIND_PORT = 111,       /* RFC 1833 1: of TCP and UDP */
    BIND_PMAP_VERSION = 2,
    BIND_RPCB_VERSION = 3,
    BIND_RPCB_VERSION4 = 4,
    BIND_PROTO_TCP = 6,  /* prot of a mapping (RFC 1833 3.1) */
    BIND_PROTO_UDP = 17, /* prot of a mapping (RFC 1833 3.1) */
};

enum bind_pmap_proc { /* RFC 1833 3.1 */
                      BIND_PMAP_NULL,
                      BIND_PMAP_SET,
                      BIND_PMAP_UNSET,
                      BIND_PMAP_GETPORT,
                      BIND_PMAP_DUMP,
                      BIND_PMAP_CALLIT,
                      BIND_PMAP_PROCS,
};

enum bind_rpcb_proc { /* RFC 1833 2.1; up to TADDR2UADDR versions 3 and 4, then 4 alone */
                      BIND_RPCB_NULL,
                      BIND_RPCB_SET,
                      BIND_RPCB_UNSET,
                      BIND_RPCB_GETADDR,
                      BIND_RPCB_DUMP,
                      BIND_RPCB_CALLIT, /* BCAST in version 4 */
                      BIND_RPCB_GETTIME,
                      BIND_RPCB_UADDR2TADDR,
                      BIND_RPCB_TADDR2UADDR,
                      BIND_RPCB_GETVERSADDR,
                      BIND_RPCB_INDIRECT,
                      BIND_RPCB_GETADDRLIST,
                      BIND_RPCB_GETSTAT,
                      BIND_RPCB_PROCS, /* also RPCBSTAT_HIGHPROC: counters in bind_stat */
};

/* The name of a procedure, as "GETADDR", or NULL where the version has none of this number. */
const char *bind_proc_name(uint32_t version, uint32_t proc);

/* mapping (RFC 1833 3.1) */
struct bind_mapping {
    uint32_t prog, vers, prot, port;
};

/* rpcb (RFC 1833 2.1) */
struct bind_rpcb {
    uint32_t prog, vers;
    struct wire_counted netid, addr, owner;
};

/* call_args of the port mapper, rpcb_rmtcallargs of rpcbind: the same on the wire (RFC 1833 2.1,
   3.1). The arguments are those of the procedure to be called. */
struct bind_remote {
    uint32_t prog, vers, proc;
    struct wire_counted args;
};

/* call_result (RFC 1833 3.1) */
struct bind_remote_port {
    uint32_t port;
    struct wire_counted results;
};

/* rpcb_rmtcallres (RFC 1833 2.1) */
struct bind_remote_addr {
    struct wire_counted addr, results;
};

/* netbuf (RFC 1833 2.1): a transport address as the machine has it, and the room it had. */
struct bind_netbuf {
    uint32_t maxlen;
    struct wire_counted octets;
};

enum bind_semantics { /* RFC 1833 2.1 */
                      BIND_TPI_CLTS = 1,
                      BIND_TPI_COTS = 2,
                      BIND_TPI_COTS_ORD = 3,
                      BIND_TPI_RAW = 4,
};

/* rpcb_entry (RFC 1833 2.1) */
struct bind_entry {
    struct wire_counted maddr, netid;
    uint32_t semantics; /* a bind_semantics; any other number is read as it is */
    struct wire_counted protofmly, proto;
};

/* rpcbs_addrlist (RFC 1833 2.1): how often an address was asked for. */
struct bind_stat_addr {
    uint32_t prog, vers;
    int32_t success, failure;
    struct wire_counted netid;
};

/* rpcbs_rmtcalllist (RFC 1833 2.1): how often a procedure was called through rpcbind. */
struct bind_stat_remote {
    uint32_t prog, vers, proc;
    int32_t success, failure, indirect;
    struct wire_counted netid;
};

/* rpcb_stat (RFC 1833 2.1): the counters of one version. */
struct bind_stat {
    int32_t calls[BIND_RPCB_PROCS]; /* by procedure */
    int32_t sets;
    int32_t unsets;
    struct slice addrs;   /* a list of bind_stat_addr, with its end; empty: written as none */
    struct slice remotes; /* a list of bind_stat_remote, with its end; empty: written as none */
};

enum { BIND_STAT_VERSIONS = 3 }; /* RPCBVERS_STAT: versions 2, 3 and 4, in this order */

void bind_put_mapping(struct buf *out, const struct bind_mapping *m);
bool bind_read_mapping(struct wire_in *in, struct bind_mapping *ret) MUST_USE;
void bind_put_rpcb(struct buf *out, const struct bind_rpcb *b);
bool bind_read_rpcb(struct wire_in *in, struct bind_rpcb *ret) MUST_USE;
void bind_put_remote(struct buf *out, const struct bind_remote *r);
bool bind_read_remote(struct wire_in *in, struct bind_remote *ret) MUST_USE;
void bind_put_remote_port(struct buf *out, const struct bind_remote_port *r);
bool bind_read_remote_port(struct wire_in *in, struct bind_remote_port *ret) MUST_USE;
void bind_put_remote_addr(struct buf *out, const struct bind_remote_addr *r);
bool bind_read_remote_addr(struct wire_in *in, struct bind_remote_addr *ret) MUST_USE;
void bind_put_netbuf(struct buf *out, const struct bind_netbuf *n);
bool bind_read_netbuf(struct wire_in *in, struct bind_netbuf *ret) MUST_USE;
void bind_put_stat(struct buf *out, const struct bind_stat *s);
bool bind_read_stat(struct wire_in *in, struct bind_stat *ret) MUST_USE;

/*
 * Lists: each element stands behind a TRUE, the end is a FALSE (RFC 4506 4.19). bind_list_X writes
 * the TRUE and the element, bind_list_end the FALSE. bind_next_X is true where there was another
 * element; false at the end, or at a fault: ask wire_ok. Every element takes octets, so a list is
 * never longer than the input.
 */
void bind_list_mapping(struct buf *out, const struct bind_mapping *m);
bool bind_next_mapping(struct wire_in *in, struct bind_mapping *ret) MUST_USE;
void bind_list_rpcb(struct buf *out, const struct bind_rpcb *b);
bool bind_next_rpcb(struct wire_in *in, struct bind_rpcb *ret) MUST_USE;
void bind_list_entry(struct buf *out, const struct bind_entry *e);
bool bind_next_entry(struct wire_in *in, struct bind_entry *ret) MUST_USE;
void bind_list_stat_addr(struct buf *out, const struct bind_stat_addr *a);
bool bind_next_stat_addr(struct wire_in *in, struct bind_stat_addr *ret) MUST_USE;
void bind_list_stat_remote(struct buf *out, const struct bind_stat_remote *r);
bool bind_next_stat_remote(struct wire_in *in, struct bind_stat_remote *ret) MUST_USE;
void bind_list_end(struct buf *out);

/* ---- transports and universal addresses ---- */

/* A network identifier that we can talk to (RFC 5665 5.1.1; "local" is what rpcbind calls AF_UNIX
   streams). */
struct bind_netid {
    const char *name;
    int family;   /* AF_INET, AF_INET6, AF_UNIX */
    int socktype; /* SOCK_STREAM, SOCK_DGRAM */
};

/* By name (case counts, RFC 5665 5.1), or NULL: tcp, tcp6, udp, udp6, local. */
const struct bind_netid *bind_netid_find(struct slice name);

/* The one of this address, or NULL. */
const struct bind_netid *bind_netid_of(const struct address *a);

/* Appends the universal address: "192.0.2.7.203.81" (RFC 5665 5.2.3.3), "2001:db8::7.203.81" (RFC
   5665 5.2.3.4), a path, "@name" for an abstract one; nothing for an address without any. */
void bind_uaddr_format(const struct address *a, struct buf *out);

/*
 * Reads a universal address of this transport, strictly: six decimal octets without leading zeros;
 * any text form of IPv6 (RFC 4291 2.2) with two octets behind; a path of 1 to 107 octets without a
 * NUL. False with the reason; *ret is then untouched.
 */
bool bind_uaddr_parse(const struct bind_netid *netid, struct slice text, struct address *ret,
                      struct problem *why) MUST_USE;

#endif
