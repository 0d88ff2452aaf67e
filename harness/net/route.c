/* A datagram is answered from the address that it was sent to. */
#include "harness/net/route.h"

#include <string.h>

bool route_prepare(int fd)
{
    int on = 1;
    bool four = setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) == 0;
    bool six = setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) == 0;

    return four || six;
}

static void leave_from(struct route *r, int level, int type, const void *info, size_t len)
{
    struct cmsghdr header = {.cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type};

    memcpy(r->source, &header, sizeof(header));
    memcpy(r->source + CMSG_LEN(0), info, len);
    r->source_len = CMSG_SPACE(len);
}

/* The kernel tells beside the destination the address of ours that it belongs to. The two differ
   where the destination is a broadcast or multicast address. */
static void turn_ipv4(struct route *r, const void *told)
{
    struct in_pktinfo to;

    memcpy(&to, told, sizeof(to));
    struct in_pktinfo from = {.ipi_spec_dst = to.ipi_spec_dst};
    r->to_many = to.ipi_addr.s_addr != to.ipi_spec_dst.s_addr;
    leave_from(r, IPPROTO_IP, IP_PKTINFO, &from, sizeof(from));
}

/* An IPv4 destination is told as IPv4 as well, and that says more. A link-local address is one of
   ours on its interface only; with any other the way back is a matter of routing, and may begin at
   another interface than the one that the request came in by. */
static void turn_ipv6(struct route *r, const void *told)
{
    struct in6_pktinfo to;

    memcpy(&to, told, sizeof(to));
    if (IN6_IS_ADDR_V4MAPPED(&to.ipi6_addr))
        return;
    struct in6_pktinfo from = {.ipi6_addr = to.ipi6_addr};
    if (IN6_IS_ADDR_LINKLOCAL(&to.ipi6_addr))
        from.ipi6_ifindex = to.ipi6_ifindex;
    r->to_many = IN6_IS_ADDR_MULTICAST(&to.ipi6_addr);
    if (!r->to_many)
        leave_from(r, IPPROTO_IPV6, IPV6_PKTINFO, &from, sizeof(from));
}

void route_turn(struct route *r, struct msghdr *message)
{
    r->to_many = false;
    r->source_len = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
            turn_ipv4(r, CMSG_DATA(c));
        else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
            turn_ipv6(r, CMSG_DATA(c));
    }
}

ssize_t route_receive(int fd, bool inet, void *data, size_t cap, struct route *ret_route)
{
    _Alignas(struct cmsghdr) uint8_t told[ROUTE_TOLD];
    struct route r = {.peer.socktype = SOCK_DGRAM};
    struct iovec part = {.iov_base = data, .iov_len = cap};
    struct msghdr message = {.msg_name = &r.peer.storage,
                             .msg_namelen = sizeof(r.peer.storage),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = inet ? told : NULL,
                             .msg_controllen = inet ? sizeof(told) : 0};
    ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);

    if (n < 0)
        return -1;
    r.peer.len = message.msg_namelen;
    route_turn(&r, &message);
    *ret_route = r;
    return n;
}

/* sendmsg(2) changes nothing that it is given, which its structures do not say. */
ssize_t route_send(int fd, const struct route *route, struct slice octets)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)octets.data, .iov_len = octets.len};
    struct msghdr message = {.msg_name = (void *)(uintptr_t)&route->peer.storage,
                             .msg_namelen = route->peer.len,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = (void *)(uintptr_t)route->source,
                             .msg_controllen = route->source_len};

    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}
