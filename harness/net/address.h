/* Socket addresses as values: resolved from endpoints, compared and shown. */
#ifndef HARNESS_NET_ADDRESS_H
#define HARNESS_NET_ADDRESS_H

#include <sys/socket.h>

#include "harness/net/endpoint.h"

struct address {
    struct sockaddr_storage storage;
    socklen_t len;
    int socktype;
};

enum { ADDRESS_TEXT_MAX = 160 };

/*
 * The addresses of an endpoint in the order of getaddrinfo(3), at most cap of them. For a unix
 * endpoint there is one. False with the reason where the host does not resolve, or where the
 * transport is not known yet (rpc://HOST).
 */
bool address_resolve(const struct endpoint *e, struct address *ret, size_t cap, size_t *ret_count,
                     struct problem *why) MUST_USE;

const struct sockaddr *address_sockaddr(const struct address *a);
struct sockaddr *address_sockaddr_mut(struct address *a);

int address_family(const struct address *a);

/* Port of an inet address in host order, 0 for others. */
uint16_t address_port(const struct address *a);
void address_set_port(struct address *a, uint16_t port);

enum { ADDRESS_OCTETS_MAX = 16 };

/* The octets of an IPv4 or IPv6 address; how many there are, 0 for others. */
size_t address_octets(const struct address *a, uint8_t ret[ADDRESS_OCTETS_MAX]);

/* True for 127/8, ::1, ::ffff:127/104 and unix addresses: nothing leaves this machine. */
bool address_is_loopback(const struct address *a);
bool address_is_wildcard(const struct address *a);

/* Same family, address, port or path. An IPv4-mapped IPv6 address equals its IPv4 form. */
bool address_eq(const struct address *a, const struct address *b);

/* The endpoint that names this address, of the kind that family and socktype give. */
void address_to_endpoint(const struct address *a, struct endpoint *ret);

/* "127.0.0.1:80", "[::1]:80", "/path", "@name", "(unnamed)". */
void address_format(const struct address *a, char *out, size_t cap);

/* A loopback address of the given family (AF_INET: 127.0.0.0 + host; AF_INET6: ::1). */
void address_loopback(struct address *ret, int family, int socktype, uint8_t host, uint16_t port);

#endif
