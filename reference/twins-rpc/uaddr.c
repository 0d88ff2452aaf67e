/* Universal addresses: text and sockets' addresses (RFC 5665 5.2.3, RFC 1833 2.2.1). */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "reference/twins-rpc/registry.h"

enum { OCTETS_MAX = 256 };

static bool is_six(const char *netid)
{
    return netid[0] && netid[strlen(netid) - 1] == '6';
}

/* Cuts ".NUMBER" off the end. */
static bool take_octet(const struct request *r, char *text, uint8_t *ret)
{
    char *dot = strrchr(text, '.');
    uint64_t number;

    if (!dot)
        return false;
    *dot = '\0';
    if (registry_is(r, UADDR_WRAPS)) {
        *ret = (uint8_t)strtol(dot + 1, NULL, 10);
        return true;
    }
    if (!text_number(dot + 1, 0, UINT8_MAX, &number))
        return false;
    *ret = (uint8_t)number;
    return true;
}

static bool read_local(struct slice text, struct address *ret)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    if (text.len == 0 || text.len >= sizeof(un.sun_path))
        return false;
    memcpy(un.sun_path, text.data, text.len);
    *ret = (struct address){.len = sizeof(un)};
    memcpy(&ret->storage, &un, sizeof(un));
    return true;
}

static bool set_host(const struct request *r, const char *netid, const char *host,
                     struct address *ret)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};

    if (is_six(netid)) {
        if (registry_is(r, UADDR_NOT_MAPPED) && strchr(host, '.'))
            return false;
        if (inet_pton(AF_INET6, host, &six.sin6_addr) != 1)
            return false;
        *ret = (struct address){.len = sizeof(six)};
        memcpy(&ret->storage, &six, sizeof(six));
        return true;
    }
    if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
        return false;
    *ret = (struct address){.len = sizeof(in)};
    memcpy(&ret->storage, &in, sizeof(in));
    return true;
}

bool uaddr_read(const struct request *r, const char *netid, struct slice text, struct address *ret)
{
    char copy[REGISTRY_UADDR];
    uint8_t high;
    uint8_t low;

    if (text_eq(netid, "local"))
        return read_local(text, ret);
    if (text.len >= sizeof(copy) || slice_find(text, slice_of("", 1)) < text.len)
        return false;
    text_format(copy, sizeof(copy), "%.*s", (int)text.len, (const char *)text.data);
    if (registry_is(r, UADDR_WITHOUT_PORT) && set_host(r, netid, copy, ret))
        return true;
    if (!take_octet(r, copy, &low) || !take_octet(r, copy, &high) || !set_host(r, netid, copy, ret))
        return false;
    bool swapped = registry_is(r, UADDR_PORT_SWAPPED);
    address_set_port(ret, (uint16_t)(swapped ? low << 8 | high : high << 8 | low));
    return true;
}

/* Groups in full, as RFC 4291 2.2 has them in its first form. */
static void write_long(const struct in6_addr *a, char *out, size_t cap)
{
    size_t at = 0;

    for (size_t i = 0; i < 16; i += 2) {
        text_format(out + at, cap - at, "%s%x", i ? ":" : "",
                    (unsigned)(a->s6_addr[i] << 8 | a->s6_addr[i + 1]));
        at = strlen(out);
    }
}

bool uaddr_write(const struct request *r, const struct address *a, char out[REGISTRY_UADDR])
{
    uint16_t port = address_port(a);
    unsigned high = port >> 8;
    unsigned low = port & 255;
    char host[INET6_ADDRSTRLEN];
    struct sockaddr_in in;
    struct sockaddr_in6 six;

    if (address_family(a) == AF_UNIX) {
        const char *path = (const char *)&a->storage + offsetof(struct sockaddr_un, sun_path);

        text_copy(out, REGISTRY_UADDR, path);
        return path[0];
    }
    if (address_family(a) == AF_INET) {
        memcpy(&in, &a->storage, sizeof(in));
        inet_ntop(AF_INET, &in.sin_addr, host, sizeof(host));
    } else {
        memcpy(&six, &a->storage, sizeof(six));
        inet_ntop(AF_INET6, &six.sin6_addr, host, sizeof(host));
        if (registry_is(r, TADDR_NOT_SHORT))
            write_long(&six.sin6_addr, host, sizeof(host));
    }
    if (registry_is(r, TADDR_PORT_WHOLE))
        text_format(out, REGISTRY_UADDR, "%s.%u", host, port);
    else if (registry_is(r, TADDR_PORT_SWAPPED))
        text_format(out, REGISTRY_UADDR, "%s.%u.%u", host, low, high);
    else
        text_format(out, REGISTRY_UADDR, "%s.%u.%u", host, high, low);
    return true;
}

/* A netbuf: maxlen, and the octets (RFC 1833 2.1). */
void uaddr_to_taddr(struct request *r)
{
    struct slice text = words_opaque(&r->args, UINT32_MAX);
    struct address a;

    request_accept(r, r->args.failed ? ACCEPT_GARBAGE_ARGS : ACCEPT_SUCCESS);
    bool ok = !r->args.failed && uaddr_read(r, r->netid, text, &a);
    if (!ok && registry_is(r, CONVERTS_BY_STATUS)) {
        request_accept(r, ACCEPT_GARBAGE_ARGS);
        return;
    }
    buf_put_u32(&r->reply.results, ok ? a.len : 0);
    words_put_opaque(&r->reply.results, slice_of(ok ? &a.storage : NULL, ok ? a.len : 0));
}

/* The family is that of the transport of the request: the octets need not tell. */
static bool read_taddr(const struct request *r, struct slice octets, struct address *ret)
{
    bool local = text_eq(r->netid, "local");
    bool six = !local && is_six(r->netid);
    size_t least = local ? offsetof(struct sockaddr_un, sun_path) + 1
                   : six ? offsetof(struct sockaddr_in6, sin6_scope_id)
                         : offsetof(struct sockaddr_in, sin_zero);

    if (octets.len < least && !registry_is(r, TADDR_OF_NOTHING))
        return false;
    *ret = (struct address){.len = (socklen_t)octets.len};
    memcpy(&ret->storage, octets.data, size_min(octets.len, sizeof(ret->storage) - 1));
    ret->storage.ss_family = local ? AF_UNIX : six ? AF_INET6 : AF_INET;
    return true;
}

void uaddr_from_taddr(struct request *r)
{
    words_u32(&r->args); /* maxlen */
    struct slice octets = words_opaque(&r->args, OCTETS_MAX);
    char text[REGISTRY_UADDR] = "";
    struct address a;

    request_accept(r, r->args.failed ? ACCEPT_GARBAGE_ARGS : ACCEPT_SUCCESS);
    bool ok = !r->args.failed && read_taddr(r, octets, &a) && uaddr_write(r, &a, text);
    if (!ok && registry_is(r, CONVERTS_BY_STATUS))
        request_accept(r, ACCEPT_GARBAGE_ARGS);
    else
        words_put_opaque(&r->reply.results, slice_str(ok ? text : ""));
}
