/*
 * Tests of the way back of datagrams: from every address that a request can be sent to, over IPv4,
 * IPv6 and a socket of both, and over Unix sockets, which have nothing to turn round.
 */
#include "harness/net/route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>

#include "harness/base/deadline.h"
#include "harness/net/net.h"
#include "tests/program.h"
#include "tests/unit.h"

enum { LONG_MS = 10000, DATAGRAM_MAX = 65507 };

/* A server that is bound to the host, of both families where that is "::", and a client of the
   family of `to`, which is given the server's port. */
struct pair {
    int server, client;
    struct address to;
};

static int serve_at(const char *host, uint16_t *ret_port)
{
    struct endpoint at = {.kind = ENDPOINT_UDP};
    struct problem why = {.text = ""};
    struct address local;

    text_copy(at.host, sizeof(at.host), host);
    int fd = net_listen(&at, 0, &why);
    if (fd < 0)
        fail_msg("%s", why.text);
    assert_true(net_local(fd, SOCK_DGRAM, &local));
    *ret_port = address_port(&local);
    return fd;
}

static struct address address_of(const char *host, uint16_t port)
{
    struct endpoint e = {.kind = ENDPOINT_UDP, .port = port};
    struct problem why = {.text = ""};
    struct address a;
    size_t count;

    text_copy(e.host, sizeof(e.host), host);
    if (!address_resolve(&e, &a, 1, &count, &why))
        fail_msg("%s", why.text);
    return a;
}

/* `source` is the client's own address, or NULL for whichever the kernel chooses. */
static struct pair open_unprepared(const char *host, const char *to, const struct address *source)
{
    const struct net_dial_options options = {.bind_to = source, .unconnected = true};
    uint16_t port;
    int on = 1;
    struct pair p = {.server = serve_at(host, &port)};

    p.to = address_of(to, port);
    struct net_io io = net_dial(&p.to, &options, deadline_in_ms(LONG_MS), &p.client);
    assert_int_equal(io.status, NET_OK);
    setsockopt(p.client, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
    return p;
}

static struct pair open_pair(const char *host, const char *to, const struct address *source)
{
    struct pair p = open_unprepared(host, to, source);

    assert_true(route_prepare(p.server));
    return p;
}

static void close_pair(const struct pair *p)
{
    close(p->server);
    close(p->client);
}

static bool send_to(int fd, const struct address *to, struct slice octets)
{
    return net_send_to(fd, octets, to, deadline_in_ms(LONG_MS)).status == NET_OK;
}

static ssize_t receive(int fd, bool inet, void *data, size_t cap, struct route *ret)
{
    assert_true(net_wait(fd, POLLIN, deadline_in_ms(LONG_MS)) & POLLIN);
    return route_receive(fd, inet, data, cap, ret);
}

static void assert_received(int fd, struct slice octets, struct address *ret_from)
{
    char data[64];
    struct net_io io = net_recv_from(fd, data, sizeof(data), ret_from, deadline_in_ms(LONG_MS));

    assert_int_equal(io.status, NET_OK);
    assert_octets(slice_of(data, io.len), octets);
}

/* A request to p->to and its reply; where that came from. */
static struct address ask(const struct pair *p, struct route *ret)
{
    struct address client;
    struct address from;
    char data[64];

    assert_true(send_to(p->client, &p->to, slice_str("ping")));
    assert_int_equal(receive(p->server, true, data, sizeof(data), ret), 4);
    assert_true(net_local(p->client, SOCK_DGRAM, &client));
    assert_int_equal(address_port(&ret->peer), address_port(&client));
    assert_int_equal(ret->peer.socktype, SOCK_DGRAM);
    assert_int_equal(route_send(p->server, ret, slice_str("pong!")), 5);
    assert_received(p->client, slice_str("pong!"), &from);
    return from;
}

/* ---- to one ---- */

static const struct {
    const char *host;
    const char *to;
} unicast[] = {
    {"127.0.0.1", "127.0.0.1"}, {"0.0.0.0", "127.0.0.1"}, {"0.0.0.0", "127.0.0.2"},
    {"0.0.0.0", "127.255.0.1"}, {"::1", "::1"},           {"::", "::1"},
    {"::", "127.0.0.1"},        {"::", "127.0.0.2"},
};

static void test_reply_leaves_from_destination(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(unicast); i++) {
        struct pair p = open_pair(unicast[i].host, unicast[i].to, NULL);
        struct route route;
        struct address from = ask(&p, &route);

        assert_row(i, address_eq(&from, &p.to));
        assert_row(i, !route.to_many);
        close_pair(&p);
    }
}

static bool is_link_local(const struct ifaddrs *i)
{
    struct sockaddr_in6 in6;

    if (i->ifa_addr->sa_family != AF_INET6)
        return false;
    memcpy(&in6, i->ifa_addr, sizeof(in6));
    return IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr);
}

static bool is_ours(const struct ifaddrs *i)
{
    return i->ifa_addr && i->ifa_flags & IFF_RUNNING &&
           (i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6);
}

/* Addresses of one family that reach each other. A link-local one does so on its link only. */
static bool can_talk(const struct ifaddrs *a, const struct ifaddrs *b)
{
    return is_ours(a) && is_ours(b) && a->ifa_addr->sa_family == b->ifa_addr->sa_family &&
           ((!is_link_local(a) && !is_link_local(b)) || text_eq(a->ifa_name, b->ifa_name));
}

static void show_host(const struct ifaddrs *i, char *out, socklen_t cap)
{
    socklen_t len = i->ifa_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                                      : sizeof(struct sockaddr_in6);

    assert_int_equal(getnameinfo(i->ifa_addr, len, out, cap, NULL, 0, NI_NUMERICHOST), 0);
}

/* From each address of this machine to each other one: a reply may have to leave by another
   interface than the request came in by, and from a link-local address by that very one. */
static void test_every_address_of_ours(void **state UNUSED)
{
    struct ifaddrs *list = NULL;

    assert_int_equal(getifaddrs(&list), 0);
    for (const struct ifaddrs *i = list; i; i = i->ifa_next) {
        for (const struct ifaddrs *j = list; j; j = j->ifa_next) {
            char source[NI_MAXHOST];
            char host[NI_MAXHOST];
            struct route route;

            if (!can_talk(i, j))
                continue;
            show_host(i, source, sizeof(source));
            show_host(j, host, sizeof(host));
            struct address client = address_of(source, 0);
            struct pair p = open_pair("::", host, &client);
            struct address from = ask(&p, &route);
            if (!address_eq(&from, &p.to) || route.to_many)
                fail_msg("from %s to %s", source, host);
            close_pair(&p);
        }
    }
    freeifaddrs(list);
}

/* Several clients are under way at once, and one route is used twice. */
static void test_routes_are_values(void **state UNUSED)
{
    static const char *const hosts[] = {"127.0.0.2", "127.0.0.3", "127.0.0.4"};
    struct pair p = open_pair("0.0.0.0", "127.0.0.1", NULL);
    struct route routes[ARRAY_LEN(hosts)];
    struct address from;
    char data[64];

    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        struct address to = address_of(hosts[i], address_port(&p.to));

        assert_true(send_to(p.client, &to, slice_str(hosts[i])));
        assert_row(i, receive(p.server, true, data, sizeof(data), &routes[i]) > 0);
    }
    for (size_t i = 2 * ARRAY_LEN(hosts); i-- > 0;) {
        const char *host = hosts[i / 2];
        struct address to = address_of(host, address_port(&p.to));

        assert_row(i, route_send(p.server, &routes[i / 2], slice_str(host)) > 0);
        assert_received(p.client, slice_str(host), &from);
        assert_row(i, address_eq(&from, &to));
    }
    close_pair(&p);
}

/* What a server that does not ask gets, and one that forgets what it was told. */
static void test_kernel_chooses(void **state UNUSED)
{
    for (int prepared = 0; prepared < 2; prepared++) {
        struct pair p = open_unprepared("0.0.0.0", "127.0.0.2", NULL);
        struct address usual = address_of("127.0.0.1", address_port(&p.to));
        struct address from;
        struct route route;
        char data[64];

        assert_row(prepared, !prepared || route_prepare(p.server));
        assert_true(send_to(p.client, &p.to, slice_str("ping")));
        assert_row(prepared, receive(p.server, true, data, sizeof(data), &route) == 4);
        assert_row(prepared, (route.source_len > 0) == prepared);
        route.source_len = 0;
        assert_row(prepared, route_send(p.server, &route, slice_str("pong")) == 4);
        assert_received(p.client, slice_str("pong"), &from);
        assert_row(prepared, address_eq(&from, &usual));
        close_pair(&p);
    }
}

/* ---- to many ---- */

static const struct {
    const char *host;
    const char *to;
} many[] = {
    {"0.0.0.0", "127.255.255.255"},
    {"::", "127.255.255.255"},
    {"0.0.0.0", "239.7.7.7"},
};

/* A group on the loopback interface alone. */
static void join_ipv4(const struct pair *p)
{
    struct ip_mreqn group = {.imr_address.s_addr = htonl(INADDR_LOOPBACK),
                             .imr_ifindex = (int)if_nametoindex("lo")};

    assert_int_equal(inet_pton(AF_INET, "239.7.7.7", &group.imr_multiaddr), 1);
    setsockopt(p->server, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group));
    setsockopt(p->client, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof(group));
}

/* The reply to a request to everybody leaves from one address of ours, and the server can tell. */
static void test_reply_to_many(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        struct pair p = open_pair(many[i].host, many[i].to, NULL);
        struct address ours = address_of("127.0.0.1", address_port(&p.to));
        struct route route;

        join_ipv4(&p);
        struct address from = ask(&p, &route);
        assert_row(i, address_eq(&from, &ours));
        assert_row(i, route.to_many);
        close_pair(&p);
    }
}

/* An interface that takes datagrams to an IPv6 group, which the loopback one does not; or 0. */
static unsigned find_interface(void)
{
    struct ifaddrs *list = NULL;
    unsigned index = 0;

    assert_int_equal(getifaddrs(&list), 0);
    for (const struct ifaddrs *i = list; i && index == 0; i = i->ifa_next) {
        if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET6 && i->ifa_flags & IFF_RUNNING &&
            i->ifa_flags & IFF_MULTICAST && !(i->ifa_flags & IFF_LOOPBACK))
            index = if_nametoindex(i->ifa_name);
    }
    freeifaddrs(list);
    return index;
}

static void test_reply_to_ipv6_group(void **state UNUSED)
{
    struct ipv6_mreq group = {.ipv6mr_interface = find_interface()};
    struct route route;

    if (group.ipv6mr_interface == 0)
        skip();
    /* The scope of the group is the interface: nothing leaves this machine. */
    struct pair p = open_pair("::", "ff01::7:7", NULL);
    assert_int_equal(inet_pton(AF_INET6, "ff01::7:7", &group.ipv6mr_multiaddr), 1);
    setsockopt(p.server, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group, sizeof(group));
    setsockopt(p.client, IPPROTO_IPV6, IPV6_MULTICAST_IF, &group.ipv6mr_interface,
               sizeof(group.ipv6mr_interface));
    struct address from = ask(&p, &route);
    assert_false(address_eq(&from, &p.to));
    assert_int_equal(address_port(&from), address_port(&p.to));
    assert_true(route.to_many);
    close_pair(&p);
}

/* ---- lengths ---- */

static void test_lengths(void **state UNUSED)
{
    static const size_t lengths[] = {0, 1, 63, 64, 65, DATAGRAM_MAX};
    static uint8_t octets[DATAGRAM_MAX];
    struct pair p = open_pair("127.0.0.1", "127.0.0.1", NULL);
    struct route route;
    struct address from;
    uint8_t data[64];

    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        size_t whole = size_min(lengths[i], sizeof(data));

        memset(octets, (int)i + 1, sizeof(octets));
        assert_true(send_to(p.client, &p.to, slice_of(octets, lengths[i])));
        assert_row(i, receive(p.server, true, data, sizeof(data), &route) == (ssize_t)whole);
        assert_octets(slice_of(data, whole), slice_of(octets, whole));
        assert_row(i, route_send(p.server, &route, slice_of(data, whole)) == (ssize_t)whole);
        assert_received(p.client, slice_of(octets, whole), &from);
    }
    close_pair(&p);
}

/* ---- failures ---- */

/* Also on a descriptor that would wait. */
static void test_nothing_there(void **state UNUSED)
{
    struct pair p = open_pair("127.0.0.1", "127.0.0.1", NULL);
    struct route route = {.peer.len = 7, .source_len = 9, .to_many = true};
    char data[64] = "as it was";

    assert_int_equal(fcntl(p.server, F_SETFL, 0), 0);
    assert_int_equal(route_receive(p.server, true, data, sizeof(data), &route), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(route.peer.len, 7);
    assert_int_equal(route.source_len, 9);
    assert_true(route.to_many);
    assert_string_equal(data, "as it was");
    close_pair(&p);
}

static void test_reply_fails(void **state UNUSED)
{
    static uint8_t octets[DATAGRAM_MAX + 1];
    struct pair p = open_pair("0.0.0.0", "127.0.0.1", NULL);
    struct in_pktinfo elsewhere = {.ipi_spec_dst.s_addr = htonl(0xcb007107)}; /* 203.0.113.7 */
    struct route route;
    struct address from = ask(&p, &route);

    assert_int_equal(route_send(p.server, &route, slice_of(octets, sizeof(octets))), -1);
    assert_int_equal(errno, EMSGSIZE);
    memcpy(route.source + CMSG_LEN(0), &elsewhere, sizeof(elsewhere));
    assert_int_equal(route_send(p.server, &route, slice_str("pong")), -1);
    /* Neither harms what comes after it. */
    from = ask(&p, &route);
    assert_true(address_eq(&from, &p.to));
    close_pair(&p);
}

static void test_prepare_fails(void **state UNUSED)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_false(route_prepare(fd));
    assert_int_equal(errno, EOPNOTSUPP);
    close(fd);
    assert_false(route_prepare(-1));
    assert_int_equal(errno, EBADF);
}

/* ---- Unix ---- */

static struct pair open_unix_pair(void)
{
    static unsigned number;
    struct endpoint at = {.kind = ENDPOINT_UNIX_DGRAM};
    struct problem why = {.text = ""};
    struct pair p;

    text_format(at.path, sizeof(at.path), "%s/%u", program_folder, number++);
    p.server = net_listen(&at, 0, &why);
    if (p.server < 0)
        fail_msg("%s", why.text);
    assert_true(net_local(p.server, SOCK_DGRAM, &p.to));
    struct net_io io = net_dial(&p.to, NULL, deadline_in_ms(LONG_MS), &p.client);
    assert_int_equal(io.status, NET_OK);
    return p;
}

static void send_descriptor(int fd, int attached)
{
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(int))] = {0};
    struct cmsghdr header = {
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    char data[] = "take it";
    struct iovec part = {.iov_base = data, .iov_len = strlen(data)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};

    memcpy(control, &header, sizeof(header));
    memcpy(control + CMSG_LEN(0), &attached, sizeof(attached));
    assert_int_equal(sendmsg(fd, &message, MSG_NOSIGNAL), (ssize_t)part.iov_len);
}

static void test_unix_descriptors_do_not_come_in(void **state UNUSED)
{
    struct pair p = open_unix_pair();
    unsigned before = unit_descriptors();
    struct address from;
    struct route route;
    char data[64];

    send_descriptor(p.client, p.client);
    assert_int_equal(receive(p.server, false, data, sizeof(data), &route), 7);
    assert_int_equal(unit_descriptors(), before);
    assert_int_equal(route.source_len, 0);
    assert_false(route.to_many);
    assert_int_equal(route_send(p.server, &route, slice_str("thanks")), 6);
    assert_received(p.client, slice_str("thanks"), &from);
    close_pair(&p);
}

static void test_unix_client_without_name(void **state UNUSED)
{
    struct pair p = open_unix_pair();
    int nameless = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct route route;
    char data[64];

    assert_true(nameless >= 0);
    assert_true(send_to(nameless, &p.to, slice_str("ping")));
    assert_int_equal(receive(p.server, false, data, sizeof(data), &route), 4);
    assert_int_equal(route.peer.len, 0);
    assert_int_equal(route_send(p.server, &route, slice_str("pong")), -1);
    assert_int_equal(errno, ENOTCONN);
    close(nameless);
    close_pair(&p);
}

static void test_unix_client_gone(void **state UNUSED)
{
    struct pair p = open_unix_pair();
    struct route route;
    char data[64];

    assert_true(send_to(p.client, NULL, slice_str("ping")));
    assert_int_equal(receive(p.server, false, data, sizeof(data), &route), 4);
    close(p.client);
    assert_int_equal(route_send(p.server, &route, slice_str("pong")), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(p.server);
}

/* A client that reads nothing gets what its queue holds, and the server does not wait. */
static void test_no_room(void **state UNUSED)
{
    struct pair p = open_unix_pair();
    struct route route;
    char data[64];
    unsigned sent = 0;

    assert_int_equal(fcntl(p.server, F_SETFL, 0), 0);
    assert_true(send_to(p.client, NULL, slice_str("ping")));
    assert_int_equal(receive(p.server, false, data, sizeof(data), &route), 4);
    while (route_send(p.server, &route, slice_str("pong")) == 4)
        sent++;
    assert_int_equal(errno, EAGAIN);
    assert_true(sent > 0);
    close_pair(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reply_leaves_from_destination),
        cmocka_unit_test(test_every_address_of_ours),
        cmocka_unit_test(test_routes_are_values),
        cmocka_unit_test(test_kernel_chooses),
        cmocka_unit_test(test_reply_to_many),
        cmocka_unit_test(test_reply_to_ipv6_group),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_nothing_there),
        cmocka_unit_test(test_reply_fails),
        cmocka_unit_test(test_prepare_fails),
        cmocka_unit_test(test_unix_descriptors_do_not_come_in),
        cmocka_unit_test(test_unix_client_without_name),
        cmocka_unit_test(test_unix_client_gone),
        cmocka_unit_test(test_no_room),
    };

    return cmocka_run_group_tests(tests, program_open_folder, program_close_folder);
}
