/* Checks: where replies come from and go to. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/suites.h"
#include "harness/base/deadline.h"

static const struct check_instance_options plain = {.umask = -1};

/* A socket without a peer: it hears a reply from wherever it comes. */
static struct conn *dial_open(struct check_ctx *c, const struct address *to,
                              const struct address *bind_to)
{
    struct net_dial_options options = {.unconnected = true, .bind_to = bind_to};

    return check_dial_with(c, to, &options);
}

/* An exchange whose reply must come from the very address that the request went to. */
static void exchange_from(struct check_ctx *c, struct conn *conn)
{
    char due[ADDRESS_TEXT_MAX];
    char from[ADDRESS_TEXT_MAX];

    check_exchange(c, conn);
    if (!check_alive(c) || address_eq(&conn->from, &conn->to))
        return;
    address_format(&conn->to, due, sizeof(due));
    address_format(&conn->from, from, sizeof(from));
    check_broken(c, due, "the reply comes from %s", from);
}

static void reply_to_source_port(struct check_ctx *c)
{
    struct address any;
    struct conn *conn;
    int family = address_family(&c->target.address);

    if (family == AF_UNIX) {
        conn = dial_open(c, &c->target.address, NULL);
    } else {
        address_loopback(&any, family, SOCK_DGRAM, 1, 0);
        conn = dial_open(c, &c->target.address, c->target.loopback ? &any : NULL);
    }
    for (unsigned i = 0; i < 5; i++)
        exchange_from(c, conn);
}

static void reply_from_requested_address(struct check_ctx *c)
{
    uint16_t port = address_port(&c->target.address);
    struct bound bound = check_bound(c, port);
    struct address other;

    if (!bound.inet_any && !(bound.inet6_any && !bound.inet)) {
        check_skipped(c, "the target is not bound to the wildcard address");
        return;
    }
    address_loopback(&other, AF_INET, SOCK_DGRAM, 2, port);
    exchange_from(c, dial_open(c, &other, NULL));
}

static void dual_stack(struct check_ctx *c)
{
    uint16_t port = address_port(&c->target.address);
    struct bound bound = check_bound(c, port);
    struct address over4;
    struct conn *conn;

    if (!bound.inet6_any || bound.inet) {
        check_skipped(c, "the target has no IPv6 wildcard socket that could serve both families");
        return;
    }
    address_loopback(&over4, AF_INET, SOCK_DGRAM, 1, port);
    conn = check_dial_with(c, &over4, NULL);
    check_send(c, conn);
    if (!check_try_reply(c, conn, deadline_in_ms(c->target.patience_ms)) && conn->lost) {
        check_skipped(c, "the target serves IPv6 only (IPV6_V6ONLY), which is its right");
        return;
    }
    exchange_from(c, dial_open(c, &over4, NULL));
}

/* The first datagram of a process: a length that nobody set is seen here, if anywhere. */
static void addrlen_initialised(struct check_ctx *c)
{
    uint16_t port;
    struct bound bound;

    check_start_instance(c, &plain);
    port = address_port(&c->target.address);
    bound = check_bound(c, port);
    for (unsigned i = 0; i < 4 && check_alive(c); i++) {
        struct address to = c->target.address;

        if (bound.inet6_any && !bound.inet)
            address_loopback(&to, i % 2 ? AF_INET : AF_INET6, SOCK_DGRAM, 1, port);
        struct conn *conn = check_dial_with(c, &to, NULL);
        check_exchange(c, conn);
        check_close(c, conn);
    }
}

/* ---- made by hand, through a raw socket ---- */

struct packet {
    struct udphdr udp;
    uint8_t payload[32];
};

/* Sends a datagram with any source; the kernel writes the IP header, whose addresses are those the
   raw socket is bound and sends to. */
static void send_raw(struct check_ctx *c, uint16_t source_port)
{
    struct packet p = {.udp = {.source = htons(source_port),
                               .dest = htons(address_port(&c->target.address)),
                               .len = htons(sizeof(p))}}; /* a checksum of 0 means: none */
    struct address to = c->target.address;
    struct sockaddr_in from = {.sin_family = AF_INET};
    int fd = check_alive(c) ? socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP) : -1;

    memset(p.payload, 'k', sizeof(p.payload));
    memcpy(&from, &c->target.address.storage, sizeof(from));
    from.sin_port = 0;
    address_set_port(&to, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&from, sizeof(from)) != 0)
        check_trouble(c, "raw socket");
    else
        net_send_to(fd, slice_of(&p, sizeof(p)), &to, 0);
    check_tell(c, WHO_US, slice_of(p.payload, sizeof(p.payload)),
               "a datagram made by hand, from port %u", source_port);
    if (fd >= 0)
        close(fd);
}

static void port_zero(struct check_ctx *c)
{
    for (unsigned i = 0; i < 3; i++)
        send_raw(c, 0);
    check_probe(c);
    check_probe(c);
}

/* Datagrams that UDP has taken in in this network namespace. */
static uint64_t datagrams_in(struct check_ctx *c)
{
    char line[512];
    FILE *file = fopen("/proc/self/net/snmp", "re");
    unsigned long long in = 0;
    unsigned seen = 0;

    while (file && fgets(line, sizeof(line), file)) {
        if (text_starts(line, "Udp: ") && seen++ == 1)
            sscanf(line, "Udp: %llu", &in); /* NOLINT(cert-err34-c): the kernel's own number */
    }
    if (file)
        fclose(file);
    else
        check_trouble(c, "/proc/self/net/snmp cannot be read");
    return in;
}

static void own_port(struct check_ctx *c)
{
    if (!check_enter_network(c))
        return;
    check_start_instance(c, &plain);
    check_probe(c);
    uint64_t before = datagrams_in(c);
    send_raw(c, address_port(&c->target.address));
    check_pause(c, 50);
    uint64_t after = datagrams_in(c);
    check_tell(c, WHO_KIT, slice_of(NULL, 0), "%llu datagrams were taken in meanwhile",
               (unsigned long long)(after - before));
    if (check_alive(c) && after > before + 20)
        check_broken(c, "a few datagrams at most", "%llu in a twentieth of a second",
                     (unsigned long long)(after - before));
    check_probe(c);
}

static void small_service_source(struct check_ctx *c)
{
    static const uint16_t ports[] = {7, 13, 19};
    struct buf reply;
    unsigned answered = 0;

    if (!check_enter_network(c))
        return;
    check_start_instance(c, &plain);
    buf_init(&reply, 1 << 18);
    for (size_t i = 0; i < ARRAY_LEN(ports) && check_alive(c); i++) {
        struct address from;

        address_loopback(&from, AF_INET, SOCK_DGRAM, 1, ports[i]);
        struct conn *conn = dial_open(c, &c->target.address, &from);
        check_send_message(c, conn, slice_str("from a small service"));
        check_probe(c);
        answered += check_try_message(c, conn, &reply, deadline_in_ms(20));
        check_close(c, conn);
    }
    check_noted(c, "requests from ports 7, 13 and 19 are %s",
                answered == ARRAY_LEN(ports) ? "answered"
                : answered                   ? "answered in part"
                                             : "not answered");
    buf_free(&reply);
}

/* A network interface that knows broadcast; it lives as long as the descriptor is open. */
static int make_tap(struct check_ctx *c)
{
    struct ifreq request = {.ifr_name = "assay0"};
    struct sockaddr_in in = {.sin_family = AF_INET};
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    bool ok = fd >= 0 && control >= 0 && ioctl(fd, TUNSETIFF, &request) == 0;
    inet_pton(AF_INET, "10.7.0.1", &in.sin_addr);
    memcpy(&request.ifr_addr, &in, sizeof(in));
    ok = ok && ioctl(control, SIOCSIFADDR, &request) == 0;
    inet_pton(AF_INET, "255.255.255.0", &in.sin_addr);
    memcpy(&request.ifr_netmask, &in, sizeof(in));
    ok = ok && ioctl(control, SIOCSIFNETMASK, &request) == 0;
    request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_BROADCAST;
    ok = ok && ioctl(control, SIOCSIFFLAGS, &request) == 0;
    if (control >= 0)
        close(control);
    if (!ok)
        check_skipped(c, "no interface with broadcast can be made (/dev/net/tun)");
    return fd;
}

static void broadcast_request(struct check_ctx *c)
{
    struct endpoint everywhere = c->target.endpoint;
    struct check_instance_options options = {.umask = -1, .endpoint = &everywhere};
    struct endpoint there = {.kind = ENDPOINT_UDP, .host = "10.7.0.255"};
    struct address to;
    struct buf reply;
    size_t count = 0;
    int on = 1;

    if (!check_enter_network(c))
        return;
    int tap = make_tap(c);
    text_copy(everywhere.host, sizeof(everywhere.host), "0.0.0.0");
    everywhere.port = net_free_port(&everywhere);
    check_start_instance(c, &options);
    text_copy(c->target.endpoint.host, sizeof(c->target.endpoint.host), "127.0.0.1");
    address_loopback(&c->target.address, AF_INET, SOCK_DGRAM, 1, everywhere.port);
    check_await_instance(c);
    there.port = everywhere.port;
    buf_init(&reply, 1 << 18);
    if (check_alive(c) && address_resolve(&there, &to, 1, &count, NULL)) {
        struct conn *conn = dial_open(c, &to, NULL);
        unsigned replies = 0;
        char from[ADDRESS_TEXT_MAX];

        setsockopt(conn->fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
        check_send_message(c, conn, slice_str("to everybody"));
        check_probe(c);
        check_probe(c);
        while (check_try_message(c, conn, &reply, deadline_in_ms(20)) && replies < 10) {
            replies++;
            address_format(&conn->from, from, sizeof(from));
            if (text_starts(from, "10.7.0.255") || text_starts(from, "255."))
                check_broken(c, "a reply from a unicast address", "one from %s", from);
        }
        if (replies > 1)
            check_broken(c, "at most one reply", "%u", replies);
        check_remark(c, "%u repl%s", replies, replies == 1 ? "y" : "ies");
    }
    if (tap >= 0)
        close(tap);
    buf_free(&reply);
}

#define NEEDS_TALK (NEED_DATAGRAM | NEED_REPLIES)
#define NEEDS_RAW (NEEDS_TALK | NEED_UDP | NEED_IPV4 | NEED_LOOPBACK | NEED_ROOT)

static const struct check checks[] = {
    {
        .id = "datagram.src.reply-to-source-port",
        .claim = "the reply goes to the port of the request, and comes from the port it went to",
        .why = "Anything else is dropped by firewalls and by connected sockets.",
        .how = "Requests from a bound socket without a peer; the source of each reply.",
        .cites = {REQ_UDP_768_03},
        .needs = NEEDS_TALK,
        .run = reply_to_source_port,
    },
    {
        .id = "datagram.src.reply-from-requested-address",
        .claim = "the reply comes from the address that the request was sent to",
        .why = "On a host with several addresses a connected client never sees another one's "
               "reply.",
        .how = "A request to 127.0.0.2, where the target is bound to the wildcard address.",
        .cites = {REQ_UDP_1122_4_1_3_5_03},
        .needs = NEEDS_TALK | NEED_UDP | NEED_LOOPBACK,
        .run = reply_from_requested_address,
    },
    {
        .id = "datagram.src.dual-stack",
        .claim = "an IPv6 wildcard socket that takes IPv4 datagrams answers from IPv4",
        .why = "The client is not listening for an IPv6 address.",
        .how = "A request over 127.0.0.1 to a target that is bound to :: alone.",
        .cites = {REQ_DGRAM_14},
        .needs = NEEDS_TALK | NEED_UDP | NEED_LOOPBACK,
        .run = dual_stack,
    },
    {
        .id = "datagram.src.addrlen-initialised",
        .claim = "the very first client of a process is answered, and those of another family",
        .why = "A length for recvfrom() that is not set, or not set again, loses the address.",
        .how = "The first requests of a fresh instance, in turns over IPv4 and IPv6 where it takes "
               "both.",
        .cites = {REQ_DEMO_15},
        .needs = NEEDS_TALK | NEED_MOVES,
        .run = addrlen_initialised,
    },
    {
        .id = "datagram.src.port-zero",
        .claim = "a request from port 0 does no harm",
        .why = "It cannot be answered: sendto() fails with EINVAL.",
        .how = "Datagrams made by hand with source port 0, then probes.",
        .cites = {REQ_UDP_768_04},
        .needs = NEEDS_RAW,
        .flags = CHECK_ALONE,
        .run = port_zero,
    },
    {
        .id = "datagram.src.broadcast-request",
        .claim = "a broadcast request gets at most one reply, from a unicast address",
        .why = "Answers to broadcasts make storms.",
        .how = "An instance of its own in a network namespace with an interface that knows "
               "broadcast.",
        .cites = {REQ_DGRAM_15},
        .needs = NEEDS_RAW | NEED_MOVES,
        .flags = CHECK_ALONE,
        .run = broadcast_request,
    },
    {
        .id = "datagram.loop.own-port",
        .claim = "a datagram that bears the target's own address is not answered for ever",
        .why = "One forged datagram makes such a server talk to itself until it is stopped.",
        .how = "An instance of its own in a network namespace gets one; the kernel counts the "
               "datagrams.",
        .cites = {REQ_LOOP_01},
        .needs = NEEDS_RAW | NEED_MOVES,
        .flags = CHECK_ALONE,
        .expects = "loop-guard",
        .run = own_port,
    },
    {
        .id = "datagram.loop.small-service-source",
        .claim = "whether requests from the ports of small services are answered is recorded",
        .why = "Echo, daytime and chargen answer anything: two such servers never stop.",
        .how = "Requests from ports 7, 13 and 19 to an instance in a network namespace.",
        .cites = {REQ_LOOP_02},
        .needs = NEEDS_RAW | NEED_MOVES,
        .flags = CHECK_ALONE,
        .run = small_service_source,
    },
};

SUITE(datagram_source);
