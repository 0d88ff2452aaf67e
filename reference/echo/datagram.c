/*
 * Echo over datagrams: one socket, no state. What comes in goes back at once to where it came from,
 * from the very address it was sent to (RFC 1122 4.1.3.5), and an error concerns that datagram
 * only.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "reference/echo/echo.h"

enum { DATAGRAM = 65536, SEND_PATIENCE_MS = 100 };

struct datagram {
    struct address from;
    /* At first where it was sent to, then where the answer comes from. */
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
    size_t control_len;
    size_t len;
};

static void ask_for_destination(int fd)
{
    int on = 1;

    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
}

/* Turns the destination of a request into the source of its answer. A request to a broadcast or
   multicast address is answered from our own, which the kernel gives as spec_dst. */
static void turn_round(struct datagram *d)
{
    struct cmsghdr header;
    struct in_pktinfo info;

    if (d->control_len < CMSG_LEN(sizeof(info)))
        return;
    memcpy(&header, d->control, sizeof(header));
    if (header.cmsg_level != IPPROTO_IP || header.cmsg_type != IP_PKTINFO)
        return;
    memcpy(&info, d->control + CMSG_LEN(0), sizeof(info));
    struct in_pktinfo answer = {.ipi_spec_dst = info.ipi_spec_dst};
    memcpy(d->control + CMSG_LEN(0), &answer, sizeof(answer));
}

/* A Unix socket gets no room for control data at all: descriptors that a client attaches are then
   closed by the kernel and never become ours. */
static bool receive(int fd, bool inet, struct datagram *d, void *data, size_t cap)
{
    struct iovec part = {.iov_base = data, .iov_len = cap};
    struct msghdr message = {.msg_name = &d->from.storage,
                             .msg_namelen = sizeof(d->from.storage),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = inet ? d->control : NULL,
                             .msg_controllen = inet ? sizeof(d->control) : 0};
    ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);

    if (n < 0)
        return false;
    d->len = (size_t)n;
    d->from.len = message.msg_namelen;
    d->from.socktype = SOCK_DGRAM;
    d->control_len = message.msg_controllen;
    turn_round(d);
    return true;
}

/* RFC 862 servers must not be made to talk to themselves or to each other for ever: nothing goes
   back to our own port here, to port 0, or to the small services that answer everything. */
static bool may_be_answered(const struct datagram *d, uint16_t own_port)
{
    static const uint16_t small_services[] = {7, 13, 17, 19, 37};
    uint16_t port = address_port(&d->from);

    if (address_family(&d->from) == AF_UNIX)
        return d->from.len > sizeof(sa_family_t); /* a client without a name cannot be answered */
    for (size_t i = 0; i < ARRAY_LEN(small_services); i++) {
        if (port == small_services[i])
            return false;
    }
    return port != 0 && !(port == own_port && address_is_loopback(&d->from));
}

/* A client that does not read its answers loses them; nobody waits for it. */
static void send_back(int fd, const struct datagram *d, struct slice prefix, uint8_t *data)
{
    struct iovec parts[2] = {{.iov_len = prefix.len}, {.iov_base = data, .iov_len = d->len}};
    uint8_t head[512];
    struct msghdr message = {.msg_namelen = d->from.len, .msg_iov = parts, .msg_iovlen = 2};
    struct sockaddr_storage to = d->from.storage;
    struct datagram copy = *d;
    struct pollfd writable = {.fd = fd, .events = POLLOUT};

    memcpy(head, prefix.data, prefix.len);
    parts[0].iov_base = head;
    message.msg_name = &to;
    if (d->control_len > 0) {
        message.msg_control = copy.control;
        message.msg_controllen = d->control_len;
    }
    if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0 && errno == EAGAIN &&
        address_family(&d->from) != AF_UNIX && poll(&writable, 1, SEND_PATIENCE_MS) > 0)
        sendmsg(fd, &message, MSG_NOSIGNAL);
}

bool echo_datagram(const struct echo *e)
{
    static uint8_t data[DATAGRAM];
    struct pollfd fds[] = {{.fd = e->listener, .events = POLLIN},
                           {.fd = e->stop, .events = POLLIN}};
    struct address local;
    if (!net_local(e->listener, SOCK_DGRAM, &local))
        return false;
    bool inet = address_family(&local) != AF_UNIX;
    uint16_t own_port = address_port(&local);
    if (inet)
        ask_for_destination(e->listener);
    for (;;) {
        struct datagram d;

        if (poll(fds, ARRAY_LEN(fds), -1) < 0 && errno != EINTR)
            return false;
        if (fds[1].revents)
            return true;
        /* An error here is an ICMP message about an earlier answer: reading it clears it. */
        if (receive(e->listener, inet, &d, data, sizeof(data)) && may_be_answered(&d, own_port))
            send_back(e->listener, &d, e->prefix, data);
    }
}
