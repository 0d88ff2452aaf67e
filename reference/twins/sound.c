/*
 * Servers without a fault, and with habits that are rare: whatever they do, a server may. Each must
 * pass all checks of the suite that stands in place of the check that finds a twin.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "harness/base/deadline.h"
#include "reference/twins/twin.h"

enum { BACKLOG = 512, LINGER_S = 2 };

/* ---- streams ---- */

/* `limit` octets at a time, each as a segment of its own where the system lets it. */
static ssize_t send_little(struct server *s, struct client *c, struct slice octets)
{
    return stream_send(s, c, slice_sub(octets, 0, s->fault->limit));
}

/* Sizes that divide nothing. */
static ssize_t send_odd(struct server *s, struct client *c, struct slice octets)
{
    static const size_t sizes[] = {1, 7, 61, 509, 3, 4093};

    return stream_send(s, c, slice_sub(octets, 0, sizes[c->memo++ % ARRAY_LEN(sizes)]));
}

static enum act send_at_once(struct server *s UNUSED, struct client *c)
{
    int on = 1;

    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return ACT_GO_ON;
}

/* Closes only when the client has what was sent, or two seconds are over. */
static void linger(struct server *s UNUSED, struct client *c)
{
    struct linger how = {.l_onoff = 1, .l_linger = LINGER_S};

    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &how, sizeof(how));
}

static enum act look_after(struct server *s UNUSED, struct client *c)
{
    int on = 1;
    int mark = 0x10;

    setsockopt(c->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(c->fd, IPPROTO_IP, IP_TOS, &mark, sizeof(mark));
    setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
    return ACT_GO_ON;
}

static int listen_ipv6_only(const struct endpoint *at, struct problem *why)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(at->port)};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    to.sin6_addr = in6addr_loopback;
    if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, (const struct sockaddr *)&to, sizeof(to)) != 0 || listen(fd, BACKLOG) != 0) {
        problem_set(why, "no IPv6");
        return -1;
    }
    return fd;
}

/* ---- datagrams ---- */

static void put_off(struct datagram_server *s UNUSED, struct datagram *d UNUSED)
{
}

/* What came together is answered from its end. */
static void answer_backwards(struct datagram_server *s)
{
    for (size_t i = s->count; i-- > 0;)
        datagram_answer(s, &s->items[i], slice_of(s->items[i].data, s->items[i].len));
}

static const struct twin twins[] = {
    {
        .name = "none-octet-by-octet",
        .check = "stream",
        .what = "no fault: sends every octet by itself",
        .stream = {.limit = 1, .send = send_little, .welcome = send_at_once},
    },
    {
        .name = "none-odd-pieces",
        .check = "stream",
        .what = "no fault: sends pieces of odd sizes",
        .stream = {.send = send_odd, .welcome = send_at_once},
    },
    {
        .name = "none-small-buffers",
        .check = "stream",
        .what = "no fault: reads 16 octets at a time, and has little room to send",
        .stream = {.read_max = 16, .send_buffer = 2048},
    },
    {
        .name = "none-slow",
        .check = "stream",
        .what = "no fault: takes 10 ms for everything",
        .stream = {.turn_ms = 10},
    },
    {
        .name = "none-one-accept",
        .check = "stream",
        .what = "no fault: takes one connection a turn, and cares for each",
        .stream = {.turn_ms = 1, .accepts = 1, .welcome = look_after},
    },
    {
        .name = "none-lingers",
        .check = "stream",
        .what = "no fault: lingers when it closes",
        .stream = {.leave = linger},
    },
    {
        .name = "none-ipv6-only",
        .check = "stream",
        .transport = "tcp6",
        .what = "no fault: hears IPv6 only",
        .listen = listen_ipv6_only,
    },
    {
        .name = "none-slow-unix",
        .check = "stream",
        .transport = "unix",
        .what = "no fault: takes 10 ms for everything, and sends odd pieces",
        .stream = {.turn_ms = 10, .send = send_odd},
    },
    {
        .name = "none-udp-slow",
        .check = "datagram",
        .transport = "udp",
        .what = "no fault: takes 10 ms for everything",
        .datagram = {.turn_ms = 10, .batch = 64},
    },
    {
        .name = "none-udp-backwards",
        .check = "datagram",
        .transport = "udp",
        .what = "no fault: answers what comes together from its end",
        .datagram = {.turn_ms = 2, .batch = 64, .answer = put_off, .turn = answer_backwards},
    },
    {
        .name = "none-udp-takes-errors",
        .check = "datagram",
        .transport = "udp",
        .what = "no fault: has errors reported, and takes them out of the queue",
        .datagram = {.takes_errors = true},
    },
    {
        .name = "none-unix-dgram-slow",
        .check = "datagram",
        .transport = "unix-dgram",
        .what = "no fault: takes 5 ms for everything",
        .datagram = {.turn_ms = 5, .batch = 16},
    },
};

TWINS(sound);
