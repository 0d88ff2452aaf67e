/* Asking the kernel for its inet sockets over netlink. */
#include "harness/net/sockdiag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct request {
    struct nlmsghdr header;
    struct inet_diag_req_v2 body;
};

struct walk {
    int fd;
    int socktype;
    sockdiag_visit *visit;
    void *closure;
    bool stopped;
};

/* All sockets of a family, or the one with these ends. */
static bool ask(const struct walk *w, uint8_t family, const struct inet_diag_sockid *ends,
                struct problem *why)
{
    struct request request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = ends ? NLM_F_REQUEST : NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.sdiag_family = family,
                 .sdiag_protocol = w->socktype == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP,
                 .idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1),
                 .idiag_states = ~0U},
    };

    if (ends)
        request.body.id = *ends;
    if (send(w->fd, &request, sizeof(request), 0) == (ssize_t)sizeof(request))
        return true;
    return problem_set(why, "sock_diag: %s", strerror(errno));
}

static void take_address(struct address *a, int family, int socktype, const uint32_t octets[4],
                         uint16_t port)
{
    *a = (struct address){.socktype = socktype};
    if (family == AF_INET6) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = port};

        memcpy(&in6.sin6_addr, octets, sizeof(in6.sin6_addr));
        memcpy(&a->storage, &in6, sizeof(in6));
        a->len = sizeof(in6);
    } else {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = port};

        in.sin_addr.s_addr = octets[0];
        memcpy(&a->storage, &in, sizeof(in));
        a->len = sizeof(in);
    }
}

/* The attributes behind the fixed part: only the memory figures matter here. */
static uint32_t find_drops(const uint8_t *at, size_t len)
{
    while (len >= sizeof(struct rtattr)) {
        struct rtattr attribute;
        uint32_t drops = 0;

        memcpy(&attribute, at, sizeof(attribute));
        if (attribute.rta_len < sizeof(attribute) || attribute.rta_len > len)
            break;
        size_t offset = sizeof(attribute) + SK_MEMINFO_DROPS * sizeof(uint32_t);
        if (attribute.rta_type == INET_DIAG_SKMEMINFO &&
            attribute.rta_len >= offset + sizeof(drops)) {
            memcpy(&drops, at + offset, sizeof(drops));
            return drops;
        }
        size_t step = size_min(RTA_ALIGN(attribute.rta_len), len);
        at += step;
        len -= step;
    }
    return 0;
}

static void take_socket(struct walk *w, const uint8_t *payload, size_t len)
{
    struct inet_diag_msg m;
    struct sockdiag_socket s = {0};

    if (len < sizeof(m) || w->stopped)
        return;
    memcpy(&m, payload, sizeof(m));
    s.state = m.idiag_state;
    s.inode = m.idiag_inode;
    s.unread = m.idiag_rqueue;
    s.unsent = m.idiag_wqueue;
    s.drops = find_drops(payload + sizeof(m), len - sizeof(m));
    take_address(&s.local, m.idiag_family, w->socktype, m.id.idiag_src, m.id.idiag_sport);
    take_address(&s.peer, m.idiag_family, w->socktype, m.id.idiag_dst, m.id.idiag_dport);
    w->stopped = !w->visit(&s, w->closure);
}

/* One datagram of answers; false when the dump is complete or broken. */
static bool take_messages(struct walk *w, const uint8_t *at, size_t len, int *ret_error)
{
    while (len >= sizeof(struct nlmsghdr)) {
        struct nlmsghdr header;

        memcpy(&header, at, sizeof(header));
        if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > len)
            return false;
        if (header.nlmsg_type == NLMSG_DONE)
            return false;
        if (header.nlmsg_type == NLMSG_ERROR) {
            *ret_error = EPROTO;
            return false;
        }
        take_socket(w, at + NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN);
        size_t step = size_min(NLMSG_ALIGN(header.nlmsg_len), len);
        at += step;
        len -= step;
    }
    return true;
}

static bool dump(struct walk *w, uint8_t family, struct problem *why)
{
    uint8_t answer[32768];
    int error = 0;

    if (!ask(w, family, NULL, why))
        return false;
    for (;;) {
        ssize_t n = recv(w->fd, answer, sizeof(answer), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return problem_set(why, "sock_diag: %s", n < 0 ? strerror(errno) : "no answer");
        if (!take_messages(w, answer, (size_t)n, &error))
            break;
    }
    return error == 0 || problem_set(why, "sock_diag: %s", strerror(error));
}

static bool open_walk(struct walk *w, struct problem *why)
{
    w->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    return w->fd >= 0 || problem_set(why, "sock_diag: %s", strerror(errno));
}

bool sockdiag_walk(int socktype, sockdiag_visit *visit, void *closure, struct problem *why)
{
    struct walk w = {.socktype = socktype, .visit = visit, .closure = closure};

    if (!open_walk(&w, why))
        return false;
    bool ok = dump(&w, AF_INET, why) && dump(&w, AF_INET6, why);
    close(w.fd);
    return ok;
}

/* ---- the far end of a stream ---- */

static void put_end(const struct address *a, uint32_t octets[4], __be16 *port)
{
    address_octets(a, (uint8_t *)octets);
    *port = htons(address_port(a));
}

static bool keep_unread(const struct sockdiag_socket *socket, void *closure)
{
    *(uint32_t *)closure = socket->unread;
    return true;
}

/* The far end has our two ends the other way round. */
static bool ask_far_end(const struct address *near, const struct address *far, uint32_t *ret)
{
    struct inet_diag_sockid ends = {.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}};
    uint32_t unread = 0;
    struct walk w = {.socktype = SOCK_STREAM, .visit = keep_unread, .closure = &unread};
    uint8_t answer[4096];
    int error = 0;
    ssize_t n = -1;

    put_end(far, ends.idiag_src, &ends.idiag_sport);
    put_end(near, ends.idiag_dst, &ends.idiag_dport);
    if (!open_walk(&w, NULL))
        return false;
    if (ask(&w, (uint8_t)address_family(far), &ends, NULL))
        n = recv(w.fd, answer, sizeof(answer), 0);
    close(w.fd);
    if (n <= 0 || !take_messages(&w, answer, (size_t)n, &error))
        return false;
    *ret = unread;
    return true;
}

bool sockdiag_unread(int fd, uint32_t *ret)
{
    struct address near = {.len = sizeof(near.storage)};
    struct address far = {.len = sizeof(far.storage)};
    int held = 0;

    if (getsockname(fd, address_sockaddr_mut(&near), &near.len) != 0 ||
        getpeername(fd, address_sockaddr_mut(&far), &far.len) != 0)
        return false;
    if (address_family(&far) != AF_UNIX)
        return ask_far_end(&near, &far, ret);
    if (ioctl(fd, SIOCOUTQ, &held) != 0)
        return false;
    *ret = (uint32_t)held;
    return true;
}

/* ---- counting ---- */

struct tally {
    uint16_t port;
    unsigned state;
    unsigned count;
};

static bool count_state(const struct sockdiag_socket *socket, void *closure)
{
    struct tally *t = closure;

    if (address_port(&socket->local) == t->port && socket->state == t->state)
        t->count++;
    return true;
}

bool sockdiag_count(uint16_t local_port, unsigned state, unsigned *ret, struct problem *why)
{
    struct tally t = {.port = local_port, .state = state};

    if (!sockdiag_walk(SOCK_STREAM, count_state, &t, why))
        return false;
    *ret = t.count;
    return true;
}
