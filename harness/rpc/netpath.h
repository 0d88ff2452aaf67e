/*
 * The netpath of a program: every transport that rpcbind at a host knows for one version of it, as
 * endpoints that can be dialled (RFC 1833 2.2, 3.2; RFC 5665 for what the addresses look like).
 *
 * rpcbind is asked at each address of the host, one per family: version 4 (GETADDRLIST), else
 * version 3 (GETADDR over each transport), else the port mapper (GETPORT); over TCP, then over UDP.
 * Where the host is this machine its local socket is asked, too.
 *
 * The registry is not trusted: an address of another host is never followed, a list has an end, a
 * record a ceiling, and all asking together a deadline. What was left aside is told in remarks.
 */
#ifndef HARNESS_RPC_NETPATH_H
#define HARNESS_RPC_NETPATH_H

#include "harness/net/endpoint.h"

enum { NETPATH_PLACES_MAX = 16, NETPATH_REMARKS_MAX = 8, NETPATH_REMARK_TEXT = 240 };

#define NETPATH_LOCAL "/run/rpcbind.sock"

struct netpath_ask {
    const char *host;
    uint32_t program;
    uint32_t version;
    uint16_t port;       /* of rpcbind: BIND_PORT, but in tests */
    const char *local;   /* its socket, asked where the host is this machine; or NULL */
    int64_t patience_ms; /* for one answer; all together take at most four times as long */
};

struct netpath {
    struct endpoint places[NETPATH_PLACES_MAX]; /* each with the program; no two the same */
    size_t count;
    char remarks[NETPATH_REMARKS_MAX][NETPATH_REMARK_TEXT]; /* what was not followed, and why */
    size_t remark_count;
};

/*
 * False where there is no place, with the reason on one line: nobody answers as rpcbind, the
 * program is not registered (and what is, nearby), or only for transports that the host does not
 * lead to, or nothing that was said can be followed.
 * *ret is filled in either case.
 */
bool netpath_find(const struct netpath_ask *ask, struct netpath *ret, struct problem *why) MUST_USE;

#endif
