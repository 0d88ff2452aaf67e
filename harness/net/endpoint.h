/*
 * Endpoints: where a target is reached, written as a URL.
 *
 *   tcp://HOST:PORT   udp://HOST:PORT   HOST a name, an IPv4 address or [IPv6]; PORT 0..65535 or a
 *                                       name of the services database
 *   unix:PATH  unix-dgram:PATH  unix-seqpacket:PATH   PATH at most 107 octets (sun_path less its
 *                                       NUL, unix(7)); @NAME stands for the abstract namespace
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
};

/* False with the reason, naming the URL and what would be right; *ret is then untouched. */
bool endpoint_parse(const char *url, struct endpoint *ret, struct problem *why) MUST_USE;

/* Writes the URL that parses to the same endpoint; ENDPOINT_TEXT_MAX octets are enough. */
void endpoint_format(const struct endpoint *e, char *out, size_t cap);

bool endpoint_is_unix(const struct endpoint *e);

/* udp and unix-dgram: no connection, boundaries kept. */
bool endpoint_is_datagram(const struct endpoint *e);

/* The SOCK_ constant of the kind. */
int endpoint_socktype(const struct endpoint *e);

#endif
