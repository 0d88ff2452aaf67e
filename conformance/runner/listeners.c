/* The step that looks where the target serves: on the port that it was told? */
#include "conformance/runner/conn.h"
#include "harness/net/sockdiag.h"

struct own_listeners {
    pid_t pid;
    uint16_t asked;
    bool found;
    bool swapped;
    uint16_t other;
};

static uint16_t swapped(uint16_t port)
{
    return (uint16_t)(port << 8 | port >> 8);
}

static bool look_at_listener(const struct sockdiag_socket *socket, void *closure)
{
    struct own_listeners *o = closure;
    uint16_t port = address_port(&socket->local);
    bool listens = socket->state == SOCKDIAG_LISTEN ||
                   (socket->local.socktype == SOCK_DGRAM && address_port(&socket->peer) == 0);

    if (!listens || socket->inode == 0 || !procview_holds_socket(o->pid, socket->inode))
        return true;
    o->other = port;
    o->found |= port == o->asked;
    o->swapped |= port == swapped(o->asked);
    return true;
}

void check_own_port(struct check_ctx *c)
{
    struct own_listeners o = {.pid = c->target.pid, .asked = c->target.endpoint.port};
    int socktype = endpoint_socktype(&c->target.endpoint);
    struct problem why;

    if (!sockdiag_walk(socktype, look_at_listener, &o, &why))
        check_trouble(c, "%s", why.text);
    if (!o.found && o.swapped)
        check_broken(c, "a socket on the port that was asked for",
                     "port %u instead of %u: its two octets are swapped, htons() is missing",
                     swapped(o.asked), o.asked);
    if (!o.found && o.other != 0)
        check_broken(c, "a socket on the port that was asked for", "port %u instead of %u", o.other,
                     o.asked);
    if (!o.found)
        check_skipped(c, "no socket of the process is seen from here");
    check_met(c);
}
