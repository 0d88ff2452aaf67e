/* Endpoint URLs: reading and writing. */
#include "harness/net/endpoint.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

static const struct scheme {
    const char *prefix;
    const char *protocol; /* of the services database; NULL where the URL holds a path */
    int socktype;
} schemes[ENDPOINT_KINDS] = {
    [ENDPOINT_TCP] = {"tcp://", "tcp", SOCK_STREAM},
    [ENDPOINT_UDP] = {"udp://", "udp", SOCK_DGRAM},
    [ENDPOINT_UNIX] = {"unix:", NULL, SOCK_STREAM},
    [ENDPOINT_UNIX_DGRAM] = {"unix-dgram:", NULL, SOCK_DGRAM},
    [ENDPOINT_UNIX_SEQPACKET] = {"unix-seqpacket:", NULL, SOCK_SEQPACKET},
};

static bool parse_port(const char *url, const char *text, const char *protocol, uint16_t *ret,
                       struct problem *why)
{
    uint64_t number = 0;

    if (text_number(text, 0, UINT16_MAX, &number)) {
        *ret = (uint16_t)number;
        return true;
    }
    if (*text == '\0')
        return problem_set(why, "\"%.200s\": the port is missing; write %s://HOST:PORT", url,
                           protocol);
    if (strspn(text, "0123456789") == strlen(text))
        return problem_set(why, "\"%.200s\": port %.40s is out of range; ports go from 0 to 65535",
                           url, text);
    const struct servent *service = getservbyname(text, protocol);
    if (!service)
        return problem_set(why,
                           "\"%.160s\": \"%.64s\" is neither a port number nor a %s service of "
                           "/etc/services",
                           url, text, protocol);
    *ret = ntohs((uint16_t)service->s_port);
    return true;
}

/* Splits HOST:PORT or [HOST]:PORT; the host goes to ret, the answer points at the port. */
static const char *split_host(const char *rest, char ret[ENDPOINT_HOST_MAX + 1])
{
    const char *begin = rest;
    const char *end;
    const char *colon;

    if (*rest == '[') {
        begin = rest + 1;
        end = strchr(begin, ']');
        colon = end ? end + 1 : NULL;
    } else {
        end = colon = strchr(rest, ':');
        if (colon && strchr(colon + 1, ':'))
            return NULL; /* an IPv6 address without its brackets */
    }
    if (!colon || *colon != ':' || end == begin || end - begin > ENDPOINT_HOST_MAX)
        return NULL;
    memcpy(ret, begin, (size_t)(end - begin));
    ret[end - begin] = '\0';
    return colon + 1;
}

static bool parse_inet(const char *url, const struct scheme *scheme, struct endpoint *e,
                       struct problem *why)
{
    const char *port = split_host(url + strlen(scheme->prefix), e->host);

    if (!port)
        return problem_set(why, "\"%.200s\": expected %sHOST:PORT or %s[IPV6]:PORT", url,
                           scheme->prefix, scheme->prefix);
    return parse_port(url, port, scheme->protocol, &e->port, why);
}

static bool parse_path(const char *url, const struct scheme *scheme, struct endpoint *e,
                       struct problem *why)
{
    const char *path = url + strlen(scheme->prefix);

    e->abstract = *path == '@';
    if (e->abstract)
        path++;
    if (*path == '\0')
        return problem_set(why, "\"%.200s\": the path is missing; write %sPATH or %s@NAME", url,
                           scheme->prefix, scheme->prefix);
    if (strlen(path) > ENDPOINT_PATH_MAX)
        return problem_set(why,
                           "\"%.200s\": the path has %zu octets; a unix socket has room for %d",
                           url, strlen(path), ENDPOINT_PATH_MAX);
    text_copy(e->path, sizeof(e->path), path);
    return true;
}

bool endpoint_parse(const char *url, struct endpoint *ret, struct problem *why)
{
    for (size_t kind = 0; kind < ENDPOINT_KINDS; kind++) {
        const struct scheme *scheme = &schemes[kind];
        struct endpoint e = {.kind = (enum endpoint_kind)kind};

        if (!text_starts(url, scheme->prefix))
            continue;
        bool ok =
            scheme->protocol ? parse_inet(url, scheme, &e, why) : parse_path(url, scheme, &e, why);
        if (ok)
            *ret = e;
        return ok;
    }
    return problem_set(
        why,
        "\"%.200s\" is no endpoint; write tcp://HOST:PORT, udp://HOST:PORT, unix:PATH, "
        "unix-dgram:PATH or unix-seqpacket:PATH",
        url);
}

void endpoint_format(const struct endpoint *e, char *out, size_t cap)
{
    const char *prefix = schemes[e->kind].prefix;

    if (endpoint_is_unix(e))
        text_format(out, cap, "%s%s%s", prefix, e->abstract ? "@" : "", e->path);
    else if (strchr(e->host, ':'))
        text_format(out, cap, "%s[%s]:%u", prefix, e->host, e->port);
    else
        text_format(out, cap, "%s%s:%u", prefix, e->host, e->port);
}

bool endpoint_is_unix(const struct endpoint *e)
{
    return schemes[e->kind].protocol == NULL;
}

bool endpoint_is_datagram(const struct endpoint *e)
{
    return endpoint_socktype(e) == SOCK_DGRAM;
}

int endpoint_socktype(const struct endpoint *e)
{
    return schemes[e->kind].socktype;
}
