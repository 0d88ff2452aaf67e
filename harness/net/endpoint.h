/*
 * Endpoints: where a target is reached, written as a URL.
 *
 *   tcp://HOST:PORT   udp://HOST:PORT   HOST a name, an IPv4 address or [IPv6]; PORT 0..65535 or a
 *                                       name of the services database
 *   unix:PATH  unix-dgram:PATH  unix-seqpacket:PATH   PATH at most 107 octets (sun_path less its
 *                                       NUL, unix(7)); @NAME stands for the abstract namespace
 *
 * An RPC program at such a place has its numbers behind it:
 *
 *   rpc+tcp://HOST:PORT/PROG/VERS   rpc+udp://HOST:PORT/PROG/VERS   rpc+unix:PATH/PROG/VERS
 *   rpc://HOST/PROG/VERS                every transport that rpcbind at HOST knows for the program
 *
 * PROG is 0..4294967295 or a name of the rpc database (rpc(5)), VERS is 0..4294967295. The last two
 * parts between slashes are PROG and VERS, whatever the path in front of them holds.
 */
#ifndef HARNESS_NET_ENDPOINT_H
#define HARNESS_NET_ENDPOINT_H

#include "harness/base/text.h"

enum endpoint_kind {
    ENDPOINT_TCP,
    ENDPOINT_UDP,
    ENDPOINT_UNIX,
    ENDPOINT_UNIX_DGRAM,
    ENDPOINT_UNIX_SEQPACKET,
    ENDPOINT_KINDS,
};

enum { ENDPOINT_HOST_MAX = 255, ENDPOINT_PATH_MAX = 107, ENDPOINT_TEXT_MAX = 320 };

struct endpoint {
    enum endpoint_kind kind;
    char host[ENDPOINT_HOST_MAX + 1]; /* without brackets; "" for the unix kinds */
    uint16_t port;
    char path[ENDPOINT_PATH_MAX + 1]; /* without the @ where abstract */
    bool abstract;
    bool rpc;     /* an RPC program is meant: `program` and `version` count */
    bool netpath; /* rpc://HOST: the transports are not known yet. The kind is ENDPOINT_TCP, the
                     port 0; such an endpoint cannot be dialled */
    uint32_t program;
    uint32_t version;
};

/* False with the reason, naming the URL and what would be right; *ret is then untouched. */
bool endpoint_parse(const char *url, struct endpoint *ret, struct problem *why) MUST_USE;

/* Writes the URL that parses to the same endpoint; ENDPOINT_TEXT_MAX octets are enough. */
void endpoint_format(const struct endpoint *e, char *out, size_t cap);

/* Makes `e` mean the RPC program that `program` means, at another place; nothing where that means
   none. */
void endpoint_take_program(struct endpoint *e, const struct endpoint *program);

bool endpoint_is_unix(const struct endpoint *e);

/* udp and unix-dgram: no connection, boundaries kept. */
bool endpoint_is_datagram(const struct endpoint *e);

/* The SOCK_ constant of the kind. */
int endpoint_socktype(const struct endpoint *e);

#endif
