/*
 * Echo over datagrams: one socket, no state. What comes in goes back at once to where it came from,
 * from the very address it was sent to (RFC 1122 4.1.3.5), and an error concerns that datagram
 * only.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "harness/net/route.h"
#include "reference/echo/echo.h"

enum { DATAGRAM = 65536, SEND_PATIENCE_MS = 100 };

/* RFC 862 servers must not be made to talk to themselves or to each other for ever: nothing goes
   back to our own port here, to port 0, or to the small services that answer everything. */
static bool may_be_answered(const struct address *peer, uint16_t own_port)
{
    static const uint16_t small_services[] = {7, 13, 17, 19, 37};
    uint16_t port = address_port(peer);

    if (address_family(peer) == AF_UNIX)
        return peer->len > sizeof(sa_family_t); /* a client without a name cannot be answered */
    for (size_t i = 0; i < ARRAY_LEN(small_services); i++) {
        if (port == small_services[i])
            return false;
    }
    return port != 0 && !(port == own_port && address_is_loopback(peer));
}

/* A client that does not read its answers loses them; nobody waits for it. */
static void send_back(int fd, const struct route *route, struct slice answer)
{
    struct pollfd writable = {.fd = fd, .events = POLLOUT};

    if (route_send(fd, route, answer) < 0 && errno == EAGAIN &&
        address_family(&route->peer) != AF_UNIX && poll(&writable, 1, SEND_PATIENCE_MS) > 0)
        route_send(fd, route, answer);
}

bool echo_datagram(const struct echo *e)
{
    static uint8_t data[ECHO_PREFIX_MAX + DATAGRAM];
    uint8_t *message = data + e->prefix.len;
    struct pollfd fds[] = {{.fd = e->listener, .events = POLLIN},
                           {.fd = e->stop, .events = POLLIN}};
    struct address local;

    if (!net_local(e->listener, SOCK_DGRAM, &local))
        return false;
    bool inet = address_family(&local) != AF_UNIX;
    uint16_t own_port = address_port(&local);
    if (inet && !route_prepare(e->listener))
        return false;
    memcpy(data, e->prefix.data, e->prefix.len);
    for (;;) {
        struct route route;

        if (poll(fds, ARRAY_LEN(fds), -1) < 0 && errno != EINTR)
            return false;
        if (fds[1].revents)
            return true;
        /* An error here is an ICMP message about an earlier answer: reading it clears it. */
        ssize_t n = route_receive(e->listener, inet, message, DATAGRAM, &route);
        if (n >= 0 && may_be_answered(&route.peer, own_port))
            send_back(e->listener, &route, slice_of(data, e->prefix.len + (size_t)n));
    }
}
