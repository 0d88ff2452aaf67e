/* Tests of what the kernel says of its sockets, on sockets that the tests make for it. */
#include "harness/net/sockdiag.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/base/deadline.h"
#include "harness/net/net.h"
#include "tests/unit.h"

enum { LONG_MS = 10000, SMALL_BUFFER = 2048, DATAGRAMS = 200, OCTETS = 500 };

static int listen_at(enum endpoint_kind kind, const char *host, struct address *ret)
{
    struct endpoint e = {.kind = kind};

    text_copy(e.host, sizeof(e.host), host);
    int fd = net_listen(&e, 8, NULL);
    if (fd >= 0)
        assert_true(net_local(fd, endpoint_socktype(&e), ret));
    return fd;
}

static int dial(const struct address *to)
{
    int fd = -1;

    assert_int_equal(net_dial(to, NULL, deadline_in_ms(LONG_MS), &fd).status, NET_OK);
    return fd;
}

static uint64_t inode_of(int fd)
{
    struct stat status;

    assert_int_equal(fstat(fd, &status), 0);
    return status.st_ino;
}

/* The socket with an inode, as a walk finds it. */
struct search {
    uint64_t inode;
    unsigned times;
    struct sockdiag_socket found;
};

static bool compare_inode(const struct sockdiag_socket *socket, void *closure)
{
    struct search *s = closure;

    if (socket->inode == s->inode) {
        s->found = *socket;
        s->times++;
    }
    return true;
}

static struct sockdiag_socket find(int socktype, int fd)
{
    struct search s = {.inode = inode_of(fd)};
    struct problem why = {.text = ""};

    if (!sockdiag_walk(socktype, compare_inode, &s, &why))
        fail_msg("%s", why.text);
    assert_int_equal(s.times, 1);
    return s.found;
}

static void test_finds_listeners(void **state UNUSED)
{
    static const char *const hosts[] = {"127.0.0.1", "0.0.0.0", "::1", "::"};

    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        struct address a;
        int fd = listen_at(ENDPOINT_TCP, hosts[i], &a);

        if (fd < 0 && i >= 2)
            continue; /* a machine without IPv6 */
        assert_row(i, fd >= 0);
        struct sockdiag_socket s = find(SOCK_STREAM, fd);
        assert_row(i, s.state == SOCKDIAG_LISTEN && address_eq(&s.local, &a));
        assert_row(i, address_port(&s.peer) == 0);
        close(fd);
    }
}

static void test_finds_both_ends(void **state UNUSED)
{
    struct address a;
    struct address near;
    int listener = listen_at(ENDPOINT_TCP, "127.0.0.1", &a);
    int client = dial(&a);
    int server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    assert_true(server >= 0);
    assert_true(net_local(client, SOCK_STREAM, &near));
    struct sockdiag_socket s = find(SOCK_STREAM, client);
    assert_int_equal(s.state, SOCKDIAG_ESTABLISHED);
    assert_true(address_eq(&s.local, &near) && address_eq(&s.peer, &a));
    assert_int_equal(net_send(client, slice_str("unread"), 0, 0).status, NET_OK);
    s = find(SOCK_STREAM, server);
    assert_true(address_eq(&s.local, &a) && address_eq(&s.peer, &near));
    assert_int_equal(s.unread, strlen("unread"));
    close(client);
    close(server);
    close(listener);
}

static uint32_t unread(int fd)
{
    uint32_t found = 4711;

    assert_true(sockdiag_unread(fd, &found));
    return found;
}

/* Also of an end that nobody has accepted yet, and of one of both families. */
static void test_unread_by_the_far_end(void **state UNUSED)
{
    static const char *const hosts[] = {"127.0.0.1", "::1", "::"};

    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        struct address a;
        char into[8];
        int listener = listen_at(ENDPOINT_TCP, hosts[i], &a);

        if (listener < 0 && i > 0)
            continue; /* a machine without IPv6 */
        if (strcmp(hosts[i], "::") == 0) {
            struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(address_port(&a))};

            in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            memcpy(&a.storage, &in, sizeof(in));
            a.len = sizeof(in);
        }
        int client = dial(&a);
        assert_row(i, unread(client) == 0);
        assert_int_equal(net_send(client, slice_str("unread"), 0, 0).status, NET_OK);
        assert_row(i, unread(client) == 6);
        int server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        assert_row(i, recv(server, into, 4, 0) == 4 && unread(client) == 2);
        assert_row(i, recv(server, into, 4, 0) == 2 && unread(client) == 0);
        close(server);
        close(listener);
        close(client);
    }
}

static void test_unread_on_a_unix_socket(void **state UNUSED)
{
    int ends[2];
    char into[8];
    uint32_t found;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(unread(ends[0]), 0);
    assert_int_equal(write(ends[0], "unread", 6), 6);
    assert_true(unread(ends[0]) >= 6);
    assert_int_equal(read(ends[1], into, sizeof(into)), 6);
    assert_int_equal(unread(ends[0]), 0);
    close(ends[1]);
    close(ends[0]);
    assert_false(sockdiag_unread(ends[0], &found));
}

/* Its far end is gone: nobody can tell. */
static void test_unread_by_nobody(void **state UNUSED)
{
    struct address a;
    int listener = listen_at(ENDPOINT_TCP, "127.0.0.1", &a);
    int client = dial(&a);
    int server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    uint32_t found;

    net_reset(server);
    assert_false(sockdiag_unread(client, &found));
    assert_false(sockdiag_unread(listener, &found));
    close(client);
    close(listener);
}

static unsigned count(const struct address *a, unsigned state)
{
    struct problem why = {.text = ""};
    unsigned found = 4711;

    if (!sockdiag_count(address_port(a), state, &found, &why))
        fail_msg("%s", why.text);
    return found;
}

/* The client closes, the server does not: each such connection stays in CLOSE-WAIT. */
static void test_counts_close_wait(void **state UNUSED)
{
    struct address a;
    int listener = listen_at(ENDPOINT_TCP, "127.0.0.1", &a);
    int servers[3];

    assert_int_equal(count(&a, SOCKDIAG_CLOSE_WAIT), 0);
    assert_int_equal(count(&a, SOCKDIAG_LISTEN), 1);
    for (unsigned i = 0; i < ARRAY_LEN(servers); i++) {
        int client = dial(&a);

        servers[i] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        assert_int_equal(count(&a, SOCKDIAG_ESTABLISHED), 1);
        close(client);
        assert_true(net_wait(servers[i], POLLIN, deadline_in_ms(LONG_MS)) & POLLIN);
        assert_int_equal(count(&a, SOCKDIAG_CLOSE_WAIT), i + 1);
        assert_int_equal(count(&a, SOCKDIAG_ESTABLISHED), 0);
    }
    for (unsigned i = 0; i < ARRAY_LEN(servers); i++)
        close(servers[i]);
    assert_int_equal(count(&a, SOCKDIAG_CLOSE_WAIT), 0);
    close(listener);
    assert_int_equal(count(&a, SOCKDIAG_LISTEN), 0);
}

static void test_finds_udp(void **state UNUSED)
{
    struct address a;
    int fd = listen_at(ENDPOINT_UDP, "127.0.0.1", &a);
    int client = dial(&a);
    struct sockdiag_socket s = find(SOCK_DGRAM, fd);

    assert_int_equal(s.state, SOCKDIAG_CLOSE);
    assert_true(address_eq(&s.local, &a));
    s = find(SOCK_DGRAM, client);
    assert_int_equal(s.state, SOCKDIAG_ESTABLISHED);
    assert_true(address_eq(&s.peer, &a));
    close(client);
    close(fd);
}

/* On loopback every datagram is either queued or dropped by the time that send(2) returns. */
static void test_counts_drops(void **state UNUSED)
{
    static const uint8_t octets[OCTETS];
    static const int small = SMALL_BUFFER;
    struct address a;
    int fd = listen_at(ENDPOINT_UDP, "127.0.0.1", &a);
    int client = dial(&a);
    uint8_t into[OCTETS];
    unsigned came = 0;

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    assert_int_equal(find(SOCK_DGRAM, fd).drops, 0);
    for (unsigned i = 0; i < DATAGRAMS; i++)
        assert_int_equal(net_send_to(client, slice_of(octets, OCTETS), NULL, 0).status, NET_OK);
    assert_true(find(SOCK_DGRAM, fd).drops > 0);
    while (net_recv_from(fd, into, sizeof(into), NULL, 0).status == NET_OK)
        came++;
    assert_in_range(came, 1, DATAGRAMS - 1);
    assert_int_equal(find(SOCK_DGRAM, fd).drops, DATAGRAMS - came);
    close(client);
    close(fd);
}

static bool stop_at_once(const struct sockdiag_socket *socket UNUSED, void *closure)
{
    (*(unsigned *)closure)++;
    return false;
}

static void test_a_walk_can_be_ended(void **state UNUSED)
{
    struct address a;
    int fds[] = {listen_at(ENDPOINT_TCP, "127.0.0.1", &a),
                 listen_at(ENDPOINT_TCP, "127.0.0.1", &a)};
    unsigned visits = 0;

    assert_true(sockdiag_walk(SOCK_STREAM, stop_at_once, &visits, NULL));
    assert_int_equal(visits, 1);
    close(fds[0]);
    close(fds[1]);
}

/* More sockets than fit into one answer of the kernel. */
static void test_many_sockets(void **state UNUSED)
{
    struct address a;
    int fds[300];

    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = listen_at(ENDPOINT_TCP, "127.0.0.1", &a);
        assert_row(i, fds[i] >= 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(fds); i += 37)
        assert_row(i, find(SOCK_STREAM, fds[i]).state == SOCKDIAG_LISTEN);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        close(fds[i]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_listeners),
        cmocka_unit_test(test_finds_both_ends),
        cmocka_unit_test(test_unread_by_the_far_end),
        cmocka_unit_test(test_unread_on_a_unix_socket),
        cmocka_unit_test(test_unread_by_nobody),
        cmocka_unit_test(test_counts_close_wait),
        cmocka_unit_test(test_finds_udp),
        cmocka_unit_test(test_counts_drops),
        cmocka_unit_test(test_a_walk_can_be_ended),
        cmocka_unit_test(test_many_sockets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
