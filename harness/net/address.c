/* Socket addresses: resolving, comparing, showing. */
#include "harness/net/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

const struct sockaddr *address_sockaddr(const struct address *a)
{
    return (const struct sockaddr *)&a->storage;
}

struct sockaddr *address_sockaddr_mut(struct address *a)
{
    return (struct sockaddr *)&a->storage;
}

int address_family(const struct address *a)
{
    return a->storage.ss_family;
}

/* Typed copies instead of casts: no aliasing, no alignment, and const stays const. */
static struct sockaddr_in inet_of(const struct address *a)
{
    struct sockaddr_in in;

    memcpy(&in, &a->storage, sizeof(in));
    return in;
}

static struct sockaddr_in6 inet6_of(const struct address *a)
{
    struct sockaddr_in6 in6;

    memcpy(&in6, &a->storage, sizeof(in6));
    return in6;
}

static void put_inet(struct address *a, const struct sockaddr_in *in)
{
    memset(&a->storage, 0, sizeof(a->storage));
    memcpy(&a->storage, in, sizeof(*in));
    a->len = sizeof(*in);
}

static void resolve_unix(const struct endpoint *e, struct address *ret)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t len = strlen(e->path);
    size_t lead = e->abstract ? 1 : 0;

    memcpy(un.sun_path + lead, e->path, len);
    *ret = (struct address){.socktype = endpoint_socktype(e)};
    memcpy(&ret->storage, &un, sizeof(un));
    /* An abstract name is exactly as long as its length says; a path carries its NUL (unix(7)). */
    ret->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
}

bool address_resolve(const struct endpoint *e, struct address *ret, size_t cap, size_t *ret_count,
                     struct problem *why)
{
    if (e->netpath)
        return problem_set(why, "rpc://%s names no transport; rpcbind has to be asked", e->host);
    if (endpoint_is_unix(e)) {
        resolve_unix(e, ret);
        *ret_count = 1;
        return true;
    }
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = endpoint_socktype(e)};
    struct addrinfo *list = NULL;
    char port[8];

    text_format(port, sizeof(port), "%u", e->port);
    int error = getaddrinfo(e->host, port, &hints, &list);
    if (error != 0)
        return problem_set(why, "host \"%s\" does not resolve: %s", e->host, gai_strerror(error));
    size_t count = 0;
    for (const struct addrinfo *at = list; at && count < cap; at = at->ai_next) {
        if (at->ai_addrlen > sizeof(ret[count].storage))
            continue;
        ret[count] = (struct address){.len = at->ai_addrlen, .socktype = hints.ai_socktype};
        memcpy(&ret[count].storage, at->ai_addr, at->ai_addrlen);
        count++;
    }
    freeaddrinfo(list);
    *ret_count = count;
    if (count == 0)
        return problem_set(why, "host \"%s\" has no address", e->host);
    return true;
}

uint16_t address_port(const struct address *a)
{
    if (address_family(a) == AF_INET)
        return ntohs(inet_of(a).sin_port);
    if (address_family(a) == AF_INET6)
        return ntohs(inet6_of(a).sin6_port);
    return 0;
}

size_t address_octets(const struct address *a, uint8_t ret[ADDRESS_OCTETS_MAX])
{
    struct sockaddr_in in = inet_of(a);
    struct sockaddr_in6 in6 = inet6_of(a);

    if (address_family(a) == AF_INET)
        memcpy(ret, &in.sin_addr, sizeof(in.sin_addr));
    else if (address_family(a) == AF_INET6)
        memcpy(ret, &in6.sin6_addr, sizeof(in6.sin6_addr));
    return address_family(a) == AF_INET    ? sizeof(in.sin_addr)
           : address_family(a) == AF_INET6 ? sizeof(in6.sin6_addr)
                                           : 0;
}

void address_set_port(struct address *a, uint16_t port)
{
    if (address_family(a) == AF_INET) {
        struct sockaddr_in in = inet_of(a);

        in.sin_port = htons(port);
        memcpy(&a->storage, &in, sizeof(in));
    } else if (address_family(a) == AF_INET6) {
        struct sockaddr_in6 in6 = inet6_of(a);

        in6.sin6_port = htons(port);
        memcpy(&a->storage, &in6, sizeof(in6));
    }
}

/* Turns an IPv4-mapped IPv6 address into its IPv4 form; others stay as they are. */
static struct address plain(const struct address *a)
{
    struct address out = *a;

    if (address_family(a) == AF_INET6) {
        struct sockaddr_in6 in6 = inet6_of(a);

        if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
            struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = in6.sin6_port};

            memcpy(&in.sin_addr, &in6.sin6_addr.s6_addr[12], sizeof(in.sin_addr));
            put_inet(&out, &in);
        }
    }
    return out;
}

bool address_is_loopback(const struct address *a)
{
    struct address p = plain(a);

    if (address_family(&p) == AF_INET)
        return ntohl(inet_of(&p).sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    if (address_family(&p) == AF_INET6) {
        struct sockaddr_in6 in6 = inet6_of(&p);

        return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
    }
    return address_family(&p) == AF_UNIX;
}

bool address_is_wildcard(const struct address *a)
{
    if (address_family(a) == AF_INET)
        return inet_of(a).sin_addr.s_addr == htonl(INADDR_ANY);
    if (address_family(a) == AF_INET6) {
        struct sockaddr_in6 in6 = inet6_of(a);

        return IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr);
    }
    return false;
}

bool address_eq(const struct address *a, const struct address *b)
{
    struct address x = plain(a);
    struct address y = plain(b);

    if (address_family(&x) != address_family(&y) || address_port(&x) != address_port(&y))
        return false;
    if (address_family(&x) == AF_INET)
        return inet_of(&x).sin_addr.s_addr == inet_of(&y).sin_addr.s_addr;
    if (address_family(&x) == AF_INET6) {
        struct sockaddr_in6 p = inet6_of(&x);
        struct sockaddr_in6 q = inet6_of(&y);

        return IN6_ARE_ADDR_EQUAL(&p.sin6_addr, &q.sin6_addr);
    }
    return slice_eq(slice_of(&x.storage, x.len), slice_of(&y.storage, y.len));
}

static void unix_endpoint(const struct address *a, struct endpoint *e)
{
    struct sockaddr_un un;
    size_t head = offsetof(struct sockaddr_un, sun_path);
    size_t len = a->len > head ? size_min(a->len - head, sizeof(un.sun_path)) : 0;

    memcpy(&un, &a->storage, sizeof(un));
    e->abstract = len > 1 && un.sun_path[0] == '\0';
    if (e->abstract) {
        memcpy(e->path, un.sun_path + 1, len - 1);
    } else {
        len = strnlen(un.sun_path, size_min(len, ENDPOINT_PATH_MAX));
        memcpy(e->path, un.sun_path, len);
    }
}

void address_to_endpoint(const struct address *a, struct endpoint *ret)
{
    struct endpoint e = {.port = address_port(a)};

    if (address_family(a) == AF_UNIX) {
        unix_endpoint(a, &e);
        e.kind = a->socktype == SOCK_DGRAM    ? ENDPOINT_UNIX_DGRAM
                 : a->socktype == SOCK_STREAM ? ENDPOINT_UNIX
                                              : ENDPOINT_UNIX_SEQPACKET;
    } else {
        e.kind = a->socktype == SOCK_DGRAM ? ENDPOINT_UDP : ENDPOINT_TCP;
        if (getnameinfo(address_sockaddr(a), a->len, e.host, sizeof(e.host), NULL, 0,
                        NI_NUMERICHOST) != 0)
            text_copy(e.host, sizeof(e.host), "?");
    }
    *ret = e;
}

void address_format(const struct address *a, char *out, size_t cap)
{
    struct endpoint e;

    address_to_endpoint(a, &e);
    if (address_family(a) == AF_UNIX)
        text_format(out, cap, "%s%s", e.abstract ? "@" : "", *e.path ? e.path : "(unnamed)");
    else if (strchr(e.host, ':'))
        text_format(out, cap, "[%s]:%u", e.host, e.port);
    else
        text_format(out, cap, "%s:%u", e.host, e.port);
}

void address_loopback(struct address *ret, int family, int socktype, uint8_t host, uint16_t port)
{
    *ret = (struct address){.socktype = socktype};
    if (family == AF_INET6) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

        in6.sin6_addr = in6addr_loopback;
        memcpy(&ret->storage, &in6, sizeof(in6));
        ret->len = sizeof(in6);
        return;
    }
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};

    in.sin_addr.s_addr = htonl((INADDR_LOOPBACK & 0xffffff00U) | host);
    put_inet(ret, &in);
}
