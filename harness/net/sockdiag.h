/*
 * What the kernel of this machine says of its sockets (sock_diag(7), NETLINK_SOCK_DIAG). It sees
 * the sockets of our own network namespace only, of any process, and needs no privilege.
 */
#ifndef HARNESS_NET_SOCKDIAG_H
#define HARNESS_NET_SOCKDIAG_H

#include "harness/net/address.h"

enum sockdiag_state { /* the numbers of the kernel's enum, see <netinet/tcp.h> */
                      SOCKDIAG_ESTABLISHED = 1,
                      SOCKDIAG_TIME_WAIT = 6,
                      SOCKDIAG_CLOSE = 7, /* also an unconnected datagram socket */
                      SOCKDIAG_CLOSE_WAIT = 8,
                      SOCKDIAG_LISTEN = 10,
};

struct sockdiag_socket {
    struct address local;
    struct address peer;
    unsigned state;  /* an enum sockdiag_state or another TCP state */
    uint64_t inode;  /* as in /proc/PID/fd; 0 where the process has gone */
    uint32_t unread; /* octets that the process has not read; of a listener, connections */
    uint32_t unsent; /* octets that the peer has not acknowledged; of a listener, its backlog */
    uint32_t drops;  /* datagrams the kernel dropped for want of room, where it says so */
};

/* Called for each socket; false ends the walk. */
typedef bool sockdiag_visit(const struct sockdiag_socket *socket, void *closure);

/* Walks all TCP (SOCK_STREAM) or UDP (SOCK_DGRAM) sockets of both families. False with the reason
   where the kernel does not answer. */
bool sockdiag_walk(int socktype, sockdiag_visit *visit, void *closure,
                   struct problem *why) MUST_USE;

/* Octets that were sent into a connected stream socket, TCP or Unix, and that who holds its far end
   has not read; of a Unix socket, what they take in the kernel. False where nobody can tell: the
   far end is on another machine, or it is gone. */
bool sockdiag_unread(int fd, uint32_t *ret) MUST_USE;

/* How many TCP sockets with this local port are in the given state. */
bool sockdiag_count(uint16_t local_port, unsigned state, unsigned *ret,
                    struct problem *why) MUST_USE;

#endif
