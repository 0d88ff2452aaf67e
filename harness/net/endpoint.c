/* Endpoint URLs: reading and writing. */
#include "harness/net/endpoint.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

enum { PART_MAX = 64, NUMBER_MAX = 10 };

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

/* In front of the scheme where an RPC program is meant. */
static const char rpc_prefix[] = "rpc+";

/* What is written around the place where an RPC program is meant: in front, and behind. */
static const char *rpc_lead(const struct endpoint *e)
{
    return e->rpc ? rpc_prefix : "";
}

static const char *rpc_tail(const struct endpoint *e)
{
    return e->rpc ? "/PROG/VERS" : "";
}

static bool parse_port(const char *url, const char *text, const char *protocol, struct endpoint *e,
                       struct problem *why)
{
    uint64_t number = 0;

    if (text_number(text, 0, UINT16_MAX, &number)) {
        e->port = (uint16_t)number;
        return true;
    }
    if (*text == '\0')
        return problem_set(why, "\"%.200s\": the port is missing; write %s%s://HOST:PORT%s", url,
                           rpc_lead(e), protocol, rpc_tail(e));
    if (strspn(text, "0123456789") == strlen(text))
        return problem_set(why, "\"%.200s\": port %.40s is out of range; ports go from 0 to 65535",
                           url, text);
    const struct servent *service = getservbyname(text, protocol);
    if (!service)
        return problem_set(why,
                           "\"%.160s\": \"%.64s\" is neither a port number nor a %s service of "
                           "/etc/services",
                           url, text, protocol);
    e->port = ntohs((uint16_t)service->s_port);
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
    if (!colon || *colon != ':' || end == begin || end - begin > ENDPOINT_HOST_MAX ||
        strcspn(begin, "/[]") < (size_t)(end - begin))
        return NULL;
    memcpy(ret, begin, (size_t)(end - begin));
    ret[end - begin] = '\0';
    return colon + 1;
}

/* `place` is the part of the URL behind the scheme and in front of an RPC program. */
static bool parse_inet(const char *url, const char *place, const struct scheme *scheme,
                       struct endpoint *e, struct problem *why)
{
    const char *port = split_host(place, e->host);
    const char *lead = rpc_lead(e);
    const char *tail = rpc_tail(e);

    if (!port)
        return problem_set(why, "\"%.200s\": expected %s%sHOST:PORT%s or %s%s[IPV6]:PORT%s", url,
                           lead, scheme->prefix, tail, lead, scheme->prefix, tail);
    return parse_port(url, port, scheme->protocol, e, why);
}

static bool parse_path(const char *url, const char *place, const struct scheme *scheme,
                       struct endpoint *e, struct problem *why)
{
    const char *path = place;
    const char *lead = rpc_lead(e);
    const char *tail = rpc_tail(e);

    e->abstract = *path == '@';
    if (e->abstract)
        path++;
    if (*path == '\0')
        return problem_set(why, "\"%.200s\": the path is missing; write %s%sPATH%s or %s%s@NAME%s",
                           url, lead, scheme->prefix, tail, lead, scheme->prefix, tail);
    if (strlen(path) > ENDPOINT_PATH_MAX)
        return problem_set(why,
                           "\"%.200s\": the path has %zu octets; a unix socket has room for %d",
                           url, strlen(path), ENDPOINT_PATH_MAX);
    text_copy(e->path, sizeof(e->path), path);
    return true;
}

/* ---- RPC programs ---- */

#define NETPATH "rpc://"

static bool carries_rpc(size_t kind)
{
    return kind == ENDPOINT_TCP || kind == ENDPOINT_UDP || kind == ENDPOINT_UNIX;
}

static bool is_number(const char *text)
{
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static bool parse_program(const char *url, const char *text, uint32_t *ret, struct problem *why)
{
    struct rpcent entry;
    struct rpcent *found = NULL;
    char room[4096];
    uint64_t number = 0;

    if (text_number(text, 0, UINT32_MAX, &number)) {
        *ret = (uint32_t)number;
        return true;
    }
    if (is_number(text))
        return problem_set(why,
                           "\"%.160s\": program %.40s is out of range; programs go from 0 to "
                           "4294967295",
                           url, text);
    if (*text == '\0' || getrpcbyname_r(text, &entry, room, sizeof(room), &found) != 0 || !found)
        return problem_set(why,
                           "\"%.160s\": \"%.64s\" is neither a program number nor a name of "
                           "/etc/rpc",
                           url, text);
    *ret = (uint32_t)entry.r_number;
    return true;
}

static bool parse_version(const char *url, const char *text, uint32_t *ret, struct problem *why)
{
    uint64_t number = 0;

    if (!text_number(text, 0, UINT32_MAX, &number))
        return problem_set(why,
                           "\"%.160s\": \"%.40s\" is no version; versions go from 0 to 4294967295",
                           url, text);
    *ret = (uint32_t)number;
    return true;
}

/* Cuts the last part off the text: what stands behind its last slash goes to ret. */
static bool cut_part(char *text, const char *begin, char ret[PART_MAX + 1])
{
    char *slash = strrchr(text, '/');

    if (!slash || slash < begin || strlen(slash + 1) > PART_MAX)
        return false;
    text_copy(ret, PART_MAX + 1, slash + 1);
    *slash = '\0';
    return true;
}

/* The place in front of /PROG/VERS; `form` says what the URL should look like. */
static bool split_program(const char *url, size_t lead, const char *form, char *ret_place,
                          struct endpoint *e, struct problem *why)
{
    char program[PART_MAX + 1];
    char version[PART_MAX + 1];

    if (strlen(url) >= ENDPOINT_TEXT_MAX)
        return problem_set(why, "\"%.200s\": too long; expected %s", url, form);
    text_copy(ret_place, ENDPOINT_TEXT_MAX, url);
    if (!cut_part(ret_place, ret_place + lead, version) ||
        !cut_part(ret_place, ret_place + lead, program))
        return problem_set(why, "\"%.200s\": the program is missing; expected %s", url, form);
    e->rpc = true;
    return parse_program(url, program, &e->program, why) &&
           parse_version(url, version, &e->version, why);
}

static bool parse_place(const char *url, const char *place, const struct scheme *scheme,
                        struct endpoint *e, struct problem *why)
{
    return scheme->protocol ? parse_inet(url, place, scheme, e, why)
                            : parse_path(url, place, scheme, e, why);
}

static bool parse_rpc(const char *url, const struct scheme *scheme, struct endpoint *e,
                      struct problem *why)
{
    size_t lead = strlen(rpc_prefix) + strlen(scheme->prefix);
    char place[ENDPOINT_TEXT_MAX] = "";
    char form[64];

    text_format(form, sizeof(form), "%s%s%s/PROG/VERS", rpc_prefix, scheme->prefix,
                scheme->protocol ? "HOST:PORT" : "PATH");
    return split_program(url, lead, form, place, e, why) &&
           parse_place(url, place + lead, scheme, e, why);
}

static bool parse_netpath(const char *url, struct endpoint *e, struct problem *why)
{
    static const char form[] = NETPATH "HOST/PROG/VERS";
    char place[ENDPOINT_TEXT_MAX] = "";

    if (!split_program(url, strlen(NETPATH), form, place, e, why))
        return false;
    const char *host = place + strlen(NETPATH);
    size_t len = strlen(host);
    bool bracketed = len > 2 && host[0] == '[' && host[len - 1] == ']';

    if (bracketed) {
        host++;
        len -= 2;
    }
    if (!bracketed && strchr(host, ':'))
        return problem_set(
            why,
            "\"%.200s\": rpcbind is asked for the port; expected %s, an IPv6 address "
            "as [::1]",
            url, form);
    if (len == 0 || len > ENDPOINT_HOST_MAX || strcspn(host, "/[]") < len)
        return problem_set(why, "\"%.200s\": expected %s", url, form);
    memcpy(e->host, host, len);
    e->netpath = true;
    return true;
}

/* ---- reading and writing ---- */

bool endpoint_parse(const char *url, struct endpoint *ret, struct problem *why)
{
    bool rpc = text_starts(url, rpc_prefix);
    const char *rest = rpc ? url + strlen(rpc_prefix) : url;

    if (text_starts(url, NETPATH)) {
        struct endpoint e = {.kind = ENDPOINT_TCP};
        bool ok = parse_netpath(url, &e, why);

        if (ok)
            *ret = e;
        return ok;
    }
    for (size_t kind = 0; kind < ENDPOINT_KINDS; kind++) {
        const struct scheme *scheme = &schemes[kind];
        struct endpoint e = {.kind = (enum endpoint_kind)kind};
        bool ok;

        if (!text_starts(rest, scheme->prefix) || (rpc && !carries_rpc(kind)))
            continue;
        ok = rpc ? parse_rpc(url, scheme, &e, why)
                 : parse_place(url, url + strlen(scheme->prefix), scheme, &e, why);
        if (ok)
            *ret = e;
        return ok;
    }
    return problem_set(
        why,
        "\"%.200s\" is no endpoint; write tcp://HOST:PORT, udp://HOST:PORT, unix:PATH, "
        "unix-dgram:PATH or unix-seqpacket:PATH, or for an RPC program rpc+tcp://HOST:PORT/PROG/"
        "VERS, rpc+udp://, rpc+unix: or rpc://HOST/PROG/VERS",
        url);
}

void endpoint_format(const struct endpoint *e, char *out, size_t cap)
{
    const char *rpc = e->rpc && !e->netpath ? rpc_prefix : "";
    const char *prefix = e->netpath ? NETPATH : schemes[e->kind].prefix;
    bool colons = strchr(e->host, ':') != NULL;
    char port[NUMBER_MAX + 2] = "";
    char numbers[2 * (NUMBER_MAX + 2)] = "";

    if (e->rpc)
        text_format(numbers, sizeof(numbers), "/%" PRIu32 "/%" PRIu32, e->program, e->version);
    if (!e->netpath)
        text_format(port, sizeof(port), ":%u", e->port);
    if (endpoint_is_unix(e))
        text_format(out, cap, "%s%s%s%s%s", rpc, prefix, e->abstract ? "@" : "", e->path, numbers);
    else
        text_format(out, cap, "%s%s%s%s%s%s%s", rpc, prefix, colons ? "[" : "", e->host,
                    colons ? "]" : "", port, numbers);
}

void endpoint_take_program(struct endpoint *e, const struct endpoint *program)
{
    e->rpc = program->rpc;
    e->program = program->program;
    e->version = program->version;
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
