/*
 * The program 100000 (RFC 1833): the port mapper, version 2, and rpcbind, versions 3 and 4, on one
 * list of mappings in memory. Calls for others (CALLIT, BCAST, INDIRECT) are made, too.
 */
#ifndef REFERENCE_TWINS_RPC_REGISTRY_H
#define REFERENCE_TWINS_RPC_REGISTRY_H

#include "reference/twins-rpc/server.h"

enum {
    REGISTRY_PROGRAM = 100000,
    REGISTRY_PMAP = 2,
    REGISTRY_V3 = 3,
    REGISTRY_V4 = 4,
    REGISTRY_MAPPINGS = 512,
    REGISTRY_NETID = 16,
    REGISTRY_UADDR = 128,
};

/* RFC 1833 2.1; up to TADDR2UADDR in version 3, then in 4 alone. */
enum {
    RPCB_NULL,
    RPCB_SET,
    RPCB_UNSET,
    RPCB_GETADDR,
    RPCB_DUMP,
    RPCB_CALLIT,
    RPCB_GETTIME,
    RPCB_UADDR2TADDR,
    RPCB_TADDR2UADDR,
    RPCB_GETVERSADDR,
    RPCB_INDIRECT,
    RPCB_GETADDRLIST,
    RPCB_GETSTAT,
    RPCB_PROCS,
};

/* RFC 1833 3.1 */
enum { PMAP_NULL, PMAP_SET, PMAP_UNSET, PMAP_GETPORT, PMAP_DUMP, PMAP_CALLIT, PMAP_PROCS };

/* What is wrong with it. */
enum registry_fault {
    REGISTRY_RIGHT,
    SET_FORGETS,
    SET_REPLACES,
    SET_REPLACED_BY_OTHERS,
    SET_TAKES_EMPTY,
    SET_TAKES_ANY_NETID,
    SET_WITHOUT_VERSION,
    UNSET_KEEPS,
    UNSET_ONE,
    UNSET_ALL_VERSIONS,
    UNSET_ANY_CASE,
    UNSET_BY_ANYBODY,
    ADDR_OF_LAST,
    ADDR_BY_NETID,
    ADDR_OF_ITSELF,
    ADDR_OF_ANY_VERSION,
    ADDR_WITH_NUL,
    ADDR_EMPTY,
    LIST_OF_ONE,
    LIST_SEMANTICS,
    LIST_FAMILY,
    DUMP_WITHOUT_ITSELF,
    DUMP_WITHOUT_LAST,
    DUMP_WITHOUT_END,
    DUMP_REFUSED_AFAR,
    STAT_STANDS,
    UADDR_PORT_SWAPPED,
    UADDR_WRAPS,
    UADDR_WITHOUT_PORT,
    UADDR_NOT_MAPPED,
    TADDR_PORT_WHOLE,
    TADDR_OF_NOTHING,
    TADDR_NOT_SHORT,
    TADDR_PORT_SWAPPED,
    CONVERTS_BY_STATUS, /* no fault: an error status for what cannot be converted */
    PMAP_FORGETS,
    PMAP_REPLACES,
    PMAP_UNSET_BY_PROT,
    PMAP_PORT_OF_ITSELF,
    PMAP_PORT_HEEDED,
    PMAP_DUMP_WITHOUT_END,
    PMAP_DUMP_TCP,
    PMAP_ANY_PROT,
    PMAP_APART,
    CALLIT_CALLS_NOBODY,
    CALLIT_ADDR_OF_ITSELF,
    CALLIT_WITHOUT_RESULTS,
    CALLIT_TELLS_ERRORS,
    CALLIT_ANY_NETID,
    INDIRECT_SUCCEEDS,
};

struct mapping {
    uint32_t program;
    uint32_t version;
    char netid[REGISTRY_NETID];
    char uaddr[REGISTRY_UADDR];
    uint32_t uid; /* of the owner; REGISTRY_NOBODY where it is not known */
    int fd;       /* of the connection that it came on */
    bool by_pmap;
};

#define REGISTRY_NOBODY UINT32_MAX

/* Enters the registry itself, at the places of the server. */
void registry_begin(const struct server *s);

/* Removes what came on this connection. */
void registry_forget(int fd);

/* For the procedures. */
bool registry_is(const struct request *r, enum registry_fault fault);
const struct mapping *registry_at(size_t i); /* NULL: past the last */
void registry_call(struct request *r, bool indirect);

/* Universal addresses (RFC 5665 5.2.3). False where the text is none, or there is none. */
bool uaddr_read(const struct request *r, const char *netid, struct slice text, struct address *ret);
bool uaddr_write(const struct request *r, const struct address *a, char out[REGISTRY_UADDR]);

/* UADDR2TADDR and TADDR2UADDR. */
void uaddr_to_taddr(struct request *r);
void uaddr_from_taddr(struct request *r);

#endif
