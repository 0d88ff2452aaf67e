/*
 * The way of a datagram and of its reply. A UDP server answers from the address that it was asked
 * on: the source of a response is the specific-destination address of the request (RFC 1122
 * 4.1.3.5), and a client that has connected its socket never sees one from elsewhere. A socket that
 * is bound to the wildcard address does not do so by itself. It has to ask for the destination of
 * each datagram and to turn it round for the reply, both in control data: IP_PKTINFO (ip(7)) and
 * IPV6_PKTINFO (ipv6(7), RFC 3542 6).
 *
 * route_prepare once for a socket, then for each datagram route_receive and, where it is answered,
 * route_send. A route is a plain value that owns nothing: it may be kept, copied, and sent along
 * more than once.
 */
#ifndef HARNESS_NET_ROUTE_H
#define HARNESS_NET_ROUTE_H

#include <netinet/in.h>
#include <sys/types.h>

#include "harness/net/address.h"

struct route {
    struct address peer; /* whom the datagram came from, and whom the reply goes to; of length 0
                            where that is a Unix client without a name, whom nobody can answer */
    bool to_many;        /* the datagram was sent to a broadcast or multicast address */
    size_t source_len;   /* of `source`; 0: the kernel chooses from where the reply leaves */
    _Alignas(struct cmsghdr) uint8_t source[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* What a socket of both families tells of an IPv4 datagram: its destination in both forms. */
enum {
    ROUTE_TOLD = CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(struct in6_pktinfo))
};

/*
 * Has the kernel tell the destination of each datagram that comes from now on, in both families
 * where the socket takes both. False with errno where it refuses: a Unix socket has no destinations
 * to tell. A socket without this can be used all the same, and leaves the source to the kernel.
 */
bool route_prepare(int fd) MUST_USE;

/*
 * Receives a datagram without waiting. Returns its length, which may be 0, or cap where it was
 * longer, the rest being lost. -1 with errno, and *ret_route untouched, where none is there
 * (EAGAIN), or where the kernel reports what became of an earlier reply (udp(7)), which reading
 * clears.
 *
 * The reply leaves from the destination. Where that was a broadcast or multicast address it leaves
 * from one of our own that the kernel chooses (RFC 1122 3.2.1.3). By which interface it leaves is
 * left to routing; only a link-local address is bound to that of the request (RFC 4007 6).
 *
 * `inet` is false for a Unix socket. It gets no room for control data at all: descriptors that a
 * client attaches are then closed by the kernel and never become ours (unix(7)).
 */
ssize_t route_receive(int fd, bool inet, void *data, size_t cap, struct route *ret_route) MUST_USE;

/*
 * For who receives by calls of his own (recvmmsg(2)): turns round what the kernel told with the
 * message, given ROUTE_TOLD octets of aligned control data. All but the peer of *r is written.
 */
void route_turn(struct route *r, struct msghdr *message);

/*
 * Sends the octets as one datagram back along the route, without waiting and without SIGPIPE.
 * Returns their number, or -1 with errno and nothing sent: EAGAIN where there is no room for it
 * now, EMSGSIZE where one datagram cannot hold it, ECONNREFUSED where the peer, or that of an
 * earlier reply, is gone, others where there is no way there, or none from that source any more.
 */
ssize_t route_send(int fd, const struct route *route, struct slice octets);

#endif
