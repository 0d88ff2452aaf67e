/* Tests of sockets with deadlines: every word of net_io brought about on every kind of socket. */
#include "harness/net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "harness/base/deadline.h"
#include "tests/guard.h"
#include "tests/program.h"
#include "tests/unit.h"

enum { LONG_MS = 10000, SHORT_MS = 20, BULK = 1 << 22 };

/* An endpoint of each kind that nobody else uses: port 0, or a path of the test's own folder. */
static struct endpoint place(enum endpoint_kind kind)
{
    static unsigned number;
    struct endpoint e = {.kind = kind, .host = "127.0.0.1"};

    if (endpoint_is_unix(&e)) {
        e.host[0] = '\0';
        text_format(e.path, sizeof(e.path), "%s/%u", program_folder, number++);
    }
    return e;
}

static int listen_at(const struct endpoint *e, int backlog, struct address *ret)
{
    struct problem why = {.text = ""};
    int fd = net_listen(e, backlog, &why);

    if (fd < 0)
        fail_msg("%s", why.text);
    assert_true(net_local(fd, endpoint_socktype(e), ret));
    return fd;
}

static int dial(const struct address *to)
{
    int fd = -1;
    struct net_io io = net_dial(to, NULL, deadline_in_ms(LONG_MS), &fd);

    assert_int_equal(io.status, NET_OK);
    return fd;
}

static int take(int listener)
{
    assert_true(net_wait(listener, POLLIN, deadline_in_ms(LONG_MS)) & POLLIN);
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

struct pair {
    int listener, client, server;
};

static struct pair connect_pair(enum endpoint_kind kind)
{
    struct endpoint e = place(kind);
    struct address a;
    struct pair p = {.listener = listen_at(&e, 8, &a)};

    p.client = dial(&a);
    p.server = take(p.listener);
    return p;
}

static void close_pair(struct pair *p)
{
    close(p->listener);
    if (p->client >= 0)
        close(p->client);
    if (p->server >= 0)
        close(p->server);
}

static const enum endpoint_kind connected_kinds[] = {ENDPOINT_TCP, ENDPOINT_UNIX,
                                                     ENDPOINT_UNIX_SEQPACKET};
static const enum endpoint_kind datagram_kinds[] = {ENDPOINT_UDP, ENDPOINT_UNIX_DGRAM};

static struct net_io receive(int fd, char *data, size_t cap, bool boundaries)
{
    return net_recv(fd, data, cap, boundaries, deadline_in_ms(LONG_MS));
}

/* ---- connections ---- */

static void test_conversation(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(connected_kinds); i++) {
        bool boundaries = connected_kinds[i] == ENDPOINT_UNIX_SEQPACKET;
        struct pair p = connect_pair(connected_kinds[i]);
        char data[64];

        struct net_io io = net_send(p.client, slice_str("ping"), deadline_in_ms(LONG_MS), 0);
        assert_row(i, io.status == NET_OK && io.len == 4 && io.error == 0);
        io = receive(p.server, data, sizeof(data), boundaries);
        assert_row(i, io.status == NET_OK && io.len == 4);
        io = net_send_some(p.server, slice_str("pong"), deadline_in_ms(LONG_MS));
        assert_row(i, io.status == NET_OK && io.len == 4);
        io = receive(p.client, data, sizeof(data), boundaries);
        assert_octets(slice_of(data, io.len), slice_str("pong"));
        close_pair(&p);
    }
}

static void test_descriptors_are_tame(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(connected_kinds); i++) {
        struct pair p = connect_pair(connected_kinds[i]);
        int fds[] = {p.listener, p.client};

        for (size_t n = 0; n < ARRAY_LEN(fds); n++) {
            assert_row(i, fcntl(fds[n], F_GETFL) & O_NONBLOCK);
            assert_row(i, fcntl(fds[n], F_GETFD) & FD_CLOEXEC);
        }
        close_pair(&p);
    }
}

static void test_end_of_file(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(connected_kinds); i++) {
        bool boundaries = connected_kinds[i] == ENDPOINT_UNIX_SEQPACKET;
        struct pair p = connect_pair(connected_kinds[i]);
        char data[64];

        assert_int_equal(net_send(p.client, slice_str("last"), 0, 0).status, NET_OK);
        shutdown(p.client, SHUT_WR);
        assert_row(i, receive(p.server, data, sizeof(data), boundaries).len == 4);
        for (unsigned again = 0; again < 3; again++) {
            struct net_io io = receive(p.server, data, sizeof(data), boundaries);

            assert_row(i, io.status == NET_EOF && io.len == 0 && io.error == 0);
        }
        assert_row(i, net_send(p.server, slice_str("still"), 0, 0).status == NET_OK);
        assert_row(i, receive(p.client, data, sizeof(data), boundaries).len == 5);
        close_pair(&p);
    }
}

static void test_reset(void **state UNUSED)
{
    struct pair p = connect_pair(ENDPOINT_TCP);
    char data[64];

    net_reset(p.client);
    p.client = -1;
    struct net_io io = receive(p.server, data, sizeof(data), false);
    assert_int_equal(io.status, NET_RESET);
    assert_int_equal(io.error, ECONNRESET);
    io = net_send(p.server, slice_str("x"), deadline_in_ms(LONG_MS), 0);
    assert_int_equal(io.status, NET_RESET);
    assert_int_equal(io.error, EPIPE); /* and no SIGPIPE */
    close_pair(&p);
}

/* What is read behind the request is the reset of a connection that had ended: EPIPE. */
static void test_break_off(void **state UNUSED)
{
    struct pair p = connect_pair(ENDPOINT_TCP);
    char data[64];

    assert_int_equal(net_send(p.client, slice_str("request"), 0, 0).status, NET_OK);
    assert_true(net_break_off(p.client));
    p.client = -1;
    assert_int_equal(receive(p.server, data, sizeof(data), false).len, 7);
    struct net_io io = net_send(p.server, slice_str("reply"), deadline_in_ms(LONG_MS), 0);
    assert_int_equal(io.error, EPIPE);
    close_pair(&p);

    p = connect_pair(ENDPOINT_TCP);
    assert_int_equal(net_send(p.server, slice_str("reply"), 0, 0).status, NET_OK);
    assert_true(net_wait(p.client, POLLIN, deadline_in_ms(LONG_MS)) & POLLIN);
    assert_false(net_break_off(p.client));
    p.client = -1;
    close_pair(&p);
}

/* Unread octets turn a close of a unix socket into a reset (unix(7)). */
static void test_reset_on_unix(void **state UNUSED)
{
    struct pair p = connect_pair(ENDPOINT_UNIX);
    char data[64];

    assert_int_equal(net_send(p.client, slice_str("unread"), 0, 0).status, NET_OK);
    close(p.server);
    p.server = -1;
    assert_int_equal(receive(p.client, data, sizeof(data), false).status, NET_RESET);
    close_pair(&p);
}

static void test_receive_timeout(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(connected_kinds); i++) {
        struct pair p = connect_pair(connected_kinds[i]);
        int64_t deadline = deadline_in_ms(SHORT_MS);
        char data[64];

        struct net_io io = net_recv(p.client, data, sizeof(data), i == 2, deadline);
        assert_row(i, io.status == NET_TIMEOUT && io.len == 0);
        assert_row(i, deadline_passed(deadline));
        io = net_recv(p.client, data, sizeof(data), i == 2, 0);
        assert_row(i, io.status == NET_TIMEOUT);
        close_pair(&p);
    }
}

/* A peer that reads nothing: what went out before the deadline is told. */
static void test_send_timeout(void **state UNUSED)
{
    static const uint8_t bulk[BULK];
    struct pair p = connect_pair(ENDPOINT_UNIX);

    struct net_io io = net_send(p.client, slice_of(bulk, BULK), deadline_in_ms(SHORT_MS), 0);
    assert_int_equal(io.status, NET_TIMEOUT);
    assert_in_range(io.len, 1, BULK - 1);
    io = net_send_some(p.client, slice_str("x"), deadline_in_ms(SHORT_MS));
    assert_int_equal(io.status, NET_TIMEOUT);
    assert_int_equal(io.len, 0);
    close_pair(&p);
}

/* Reads in a process of its own, slowly; its status is 0 where all came. */
static pid_t slow_reader(int fd, size_t total)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    while (total > 0) {
        static uint8_t octets[BULK / 16];
        struct net_io io = net_recv(fd, octets, sizeof(octets), false, deadline_in_ms(LONG_MS));

        if (io.status != NET_OK)
            break;
        total -= io.len;
        deadline_wait(deadline_in_ms(1));
    }
    _exit(total > 0);
}

/* The deadline moves on with each part, so that the whole may take longer than it. */
static void test_progress_moves_the_deadline(void **state UNUSED)
{
    static const uint8_t bulk[BULK];
    struct pair p = connect_pair(ENDPOINT_UNIX);
    pid_t reader = slow_reader(p.server, BULK);
    int status = -1;

    struct net_io io = net_send(p.client, slice_of(bulk, BULK), deadline_in_ms(LONG_MS), LONG_MS);
    assert_int_equal(io.status, NET_OK);
    assert_int_equal(io.len, BULK);
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
    io = net_send(p.client, slice_of(bulk, BULK), deadline_in_ms(0), SHORT_MS);
    assert_int_equal(io.status, NET_TIMEOUT);
    close_pair(&p);
}

static void test_no_delay(void **state UNUSED)
{
    struct pair p = connect_pair(ENDPOINT_TCP);
    int on = 0;
    socklen_t len = sizeof(on);

    net_no_delay(p.client);
    assert_int_equal(getsockopt(p.client, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    assert_int_equal(on, 1);
    close_pair(&p);
    p = connect_pair(ENDPOINT_UNIX);
    net_no_delay(p.client); /* nothing to do, nothing to say */
    assert_int_equal(net_send(p.client, slice_str("x"), 0, 0).status, NET_OK);
    close_pair(&p);
}

/* ---- dialling ---- */

static void test_refused(void **state UNUSED)
{
    static const enum endpoint_kind kinds[] = {ENDPOINT_TCP, ENDPOINT_UNIX, ENDPOINT_UNIX_DGRAM,
                                               ENDPOINT_UNIX_SEQPACKET};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct endpoint e = place(kinds[i]);
        struct address a;
        int fd = 4711;

        close(listen_at(&e, 1, &a));
        struct net_io io = net_dial(&a, NULL, deadline_in_ms(LONG_MS), &fd);
        assert_row(i, io.status == NET_REFUSED && io.error == ECONNREFUSED && fd == 4711);
        net_forget(&e);
        if (endpoint_is_unix(&e)) {
            io = net_dial(&a, NULL, deadline_in_ms(LONG_MS), &fd);
            assert_row(i, io.status == NET_REFUSED && io.error == ENOENT && fd == 4711);
        }
    }
}

static void test_refused_datagram(void **state UNUSED)
{
    struct endpoint e = place(ENDPOINT_UDP);
    struct address a;
    char data[16];

    close(listen_at(&e, 1, &a));
    int fd = dial(&a); /* nobody is asked yet */
    assert_int_equal(net_send_to(fd, slice_str("?"), NULL, 0).status, NET_OK);
    struct net_io io = net_recv_from(fd, data, sizeof(data), NULL, deadline_in_ms(LONG_MS));
    assert_int_equal(io.status, NET_REFUSED);
    assert_int_equal(io.error, ECONNREFUSED);
    close(fd);
}

static void test_full_backlog(void **state UNUSED)
{
    static const enum endpoint_kind kinds[] = {ENDPOINT_UNIX, ENDPOINT_UNIX_SEQPACKET};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct endpoint e = place(kinds[i]);
        struct address a;
        int listener = listen_at(&e, 0, &a);
        struct net_io io = {0};
        int fds[8];
        size_t open = 0;

        while (open < ARRAY_LEN(fds) && io.status == NET_OK) {
            io = net_dial(&a, NULL, deadline_in_ms(LONG_MS), &fds[open]);
            open += io.status == NET_OK;
        }
        assert_row(i, io.status == NET_FULL && io.error == EAGAIN && open >= 1);
        while (open > 0)
            close(fds[--open]);
        close(listener);
    }
}

/* A TCP listener with a full backlog drops what comes; the kernel then tries for seconds. */
static void test_dial_timeout(void **state UNUSED)
{
    struct endpoint e = place(ENDPOINT_TCP);
    struct net_io io = {0};
    struct address a;
    int fds[64];
    size_t open = 0;
    int listener = listen_at(&e, 0, &a);

    while (open < ARRAY_LEN(fds) && io.status == NET_OK) {
        io = net_dial(&a, NULL, deadline_in_ms(100), &fds[open]);
        open += io.status == NET_OK;
    }
    assert_int_equal(io.status, NET_TIMEOUT);
    while (open > 0)
        close(fds[--open]);
    close(listener);
}

/* In two steps: what stands at once, what is under way, and what comes to nothing. */
static void test_dial_in_two_steps(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(connected_kinds); i++) {
        struct endpoint e = place(connected_kinds[i]);
        struct address a;
        int listener = listen_at(&e, 8, &a);
        int fd = -1;

        struct net_io io = net_dial_begin(&a, NULL, &fd);
        assert_row(i, (io.status == NET_OK || io.status == NET_TIMEOUT) && fd >= 0);
        assert_row(i, net_wait(fd, POLLOUT, deadline_in_ms(LONG_MS)) & POLLOUT);
        assert_row(i, net_dial_end(fd).status == NET_OK);
        close(take(listener));
        close(fd);
        close(listener);
        net_forget(&e);
        fd = 4711;
        io = net_dial_begin(&a, NULL, &fd);
        if (io.status == NET_TIMEOUT) {
            assert_row(i, net_wait(fd, POLLOUT, deadline_in_ms(LONG_MS)) & POLLOUT);
            io = net_dial_end(fd);
            close(fd);
        } else {
            assert_row(i, fd == 4711);
        }
        assert_row(i, io.status == NET_REFUSED);
    }
}

static void test_dial_options(void **state UNUSED)
{
    struct endpoint e = place(ENDPOINT_TCP);
    struct address a;
    struct address from;
    struct address local;
    int listener = listen_at(&e, 8, &a);
    int size = 0;
    int fd = -1;
    socklen_t len = sizeof(size);

    address_loopback(&from, AF_INET, SOCK_STREAM, 77, 0);
    struct net_dial_options o = {.bind_to = &from, .receive_buffer = 4096};
    assert_int_equal(net_dial(&a, &o, deadline_in_ms(LONG_MS), &fd).status, NET_OK);
    assert_true(net_local(fd, SOCK_STREAM, &local));
    address_set_port(&local, 0);
    assert_true(address_eq(&local, &from));
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &len), 0);
    assert_int_equal(size, 8192); /* the kernel doubles it, socket(7) */
    close(fd);
    assert_true(net_local(listener, SOCK_STREAM, &from)); /* taken by the listener itself */
    assert_int_equal(net_dial(&a, &o, deadline_in_ms(LONG_MS), &fd).status, NET_TROUBLE);
    close(listener);
}

static void test_ipv6(void **state UNUSED)
{
    struct endpoint e = {.kind = ENDPOINT_TCP, .host = "::1"};
    struct address a;
    int listener = net_listen(&e, 8, NULL);

    if (listener < 0)
        skip(); /* a machine without IPv6 */
    assert_true(net_local(listener, SOCK_STREAM, &a));
    assert_int_equal(address_family(&a), AF_INET6);
    int fd = dial(&a);
    close(take(listener));
    close(fd);
    close(listener);
}

/* ---- records and datagrams ---- */

static void test_empty_record_is_no_end(void **state UNUSED)
{
    struct pair p = connect_pair(ENDPOINT_UNIX_SEQPACKET);
    char data[64];

    assert_int_equal(net_send_to(p.client, slice_of(NULL, 0), NULL, 0).status, NET_OK);
    assert_int_equal(net_send_to(p.client, slice_str("two"), NULL, 0).status, NET_OK);
    struct net_io io = receive(p.server, data, sizeof(data), true);
    assert_int_equal(io.status, NET_OK);
    assert_int_equal(io.len, 0);
    io = receive(p.server, data, sizeof(data), true);
    assert_octets(slice_of(data, io.len), slice_str("two"));
    close(p.client);
    p.client = -1;
    assert_int_equal(receive(p.server, data, sizeof(data), true).status, NET_EOF);
    close_pair(&p);
}

static void test_records_keep_borders(void **state UNUSED)
{
    struct pair p = connect_pair(ENDPOINT_UNIX_SEQPACKET);
    char data[64];

    assert_int_equal(net_send(p.client, slice_str("one"), 0, 0).status, NET_OK);
    assert_int_equal(net_send(p.client, slice_str("three"), 0, 0).status, NET_OK);
    assert_int_equal(receive(p.server, data, sizeof(data), true).len, 3);
    assert_int_equal(receive(p.server, data, sizeof(data), true).len, 5);
    close_pair(&p);
}

/* A datagram there and back, to the source that it came from, also an empty one. */
static void test_datagrams(void **state UNUSED)
{
    static const char *const texts[] = {"ping", "", "x"};

    for (size_t i = 0; i < ARRAY_LEN(datagram_kinds); i++) {
        struct endpoint e = place(datagram_kinds[i]);
        struct address a;
        struct address from;
        int server = listen_at(&e, 0, &a);
        int client = dial(&a);
        char data[64];

        for (size_t n = 0; n < ARRAY_LEN(texts); n++) {
            struct slice text = slice_str(texts[n]);

            assert_row(i, net_send_to(client, text, NULL, 0).status == NET_OK);
            struct net_io io =
                net_recv_from(server, data, sizeof(data), &from, deadline_in_ms(LONG_MS));
            assert_row(i, io.status == NET_OK);
            assert_octets(slice_of(data, io.len), text);
            assert_row(i, net_send_to(server, text, &from, 0).status == NET_OK);
            io = net_recv_from(client, data, sizeof(data), &from, deadline_in_ms(LONG_MS));
            assert_row(i, io.status == NET_OK && io.len == text.len && address_eq(&from, &a));
        }
        struct net_io io = net_recv_from(client, data, 1, NULL, deadline_in_ms(SHORT_MS));
        assert_row(i, io.status == NET_TIMEOUT);
        close(client);
        close(server);
    }
}

static void test_unconnected(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(datagram_kinds); i++) {
        static const struct net_dial_options o = {.unconnected = true};
        struct endpoint e = place(datagram_kinds[i]);
        struct address a;
        struct sockaddr_storage peer;
        socklen_t len = sizeof(peer);
        int server = listen_at(&e, 0, &a);
        int client = -1;
        char data[64];

        assert_row(i, net_dial(&a, &o, 0, &client).status == NET_OK);
        assert_row(i, getpeername(client, (struct sockaddr *)&peer, &len) != 0);
        assert_row(i, net_send_to(client, slice_str("ab"), &a, 0).status == NET_OK);
        struct net_io io = net_recv_from(server, data, 64, NULL, deadline_in_ms(LONG_MS));
        assert_row(i, io.status == NET_OK && io.len == 2);
        close(client);
        close(server);
    }
}

static void test_truncation_tells_the_length(void **state UNUSED)
{
    uint8_t octets[1000];
    struct guard g;

    guard_open(&g, 100);
    for (size_t i = 0; i < sizeof(octets); i++)
        octets[i] = (uint8_t)i;
    for (size_t i = 0; i < ARRAY_LEN(datagram_kinds); i++) {
        struct endpoint e = place(datagram_kinds[i]);
        struct address a;
        int server = listen_at(&e, 0, &a);
        int client = dial(&a);
        uint8_t *room = guard_room(&g, 10);

        assert_row(i, net_send_to(client, slice_of(octets, 1000), NULL, 0).status == NET_OK);
        assert_row(i, net_send_to(client, slice_of(octets, 10), NULL, 0).status == NET_OK);
        struct net_io io = net_recv_from(server, room, 10, NULL, deadline_in_ms(LONG_MS));
        assert_row(i, io.status == NET_OK && io.len == 1000);
        assert_octets(slice_of(room, 10), slice_of(octets, 10));
        assert_row(i, net_recv_from(server, room, 10, NULL, 0).len == 10);
        close(client);
        close(server);
    }
    guard_close(&g);
}

static void test_too_big_a_datagram_is_our_trouble(void **state UNUSED)
{
    static const uint8_t octets[70000];
    struct endpoint e = place(ENDPOINT_UDP);
    struct address a;
    int server = listen_at(&e, 0, &a);
    int client = dial(&a);

    struct net_io io = net_send_to(client, slice_of(octets, sizeof(octets)), NULL, 0);
    assert_int_equal(io.status, NET_TROUBLE);
    assert_int_equal(io.error, EMSGSIZE);
    close(client);
    close(server);
}

/* An unnamed unix datagram socket cannot be answered, so each gets a name of its own. */
static void test_autobind(void **state UNUSED)
{
    struct endpoint e = place(ENDPOINT_UNIX_DGRAM);
    struct endpoint name;
    struct address a;
    struct address one;
    struct address two;
    int server = listen_at(&e, 0, &a);
    int fds[] = {dial(&a), dial(&a)};

    assert_true(net_local(fds[0], SOCK_DGRAM, &one));
    assert_true(net_local(fds[1], SOCK_DGRAM, &two));
    assert_false(address_eq(&one, &two));
    address_to_endpoint(&one, &name);
    assert_true(name.abstract);
    assert_true(strlen(name.path) > 0);
    close(fds[0]);
    close(fds[1]);
    close(server);
}

/* ---- listening ---- */

static void test_stale_path_is_replaced(void **state UNUSED)
{
    static const enum endpoint_kind kinds[] = {ENDPOINT_UNIX, ENDPOINT_UNIX_DGRAM,
                                               ENDPOINT_UNIX_SEQPACKET};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct endpoint e = place(kinds[i]);
        struct address a;
        struct stat status;

        close(listen_at(&e, 1, &a));
        assert_row(i, stat(e.path, &status) == 0); /* the file outlives the socket */
        int fd = listen_at(&e, 1, &a);
        close(dial(&a));
        close(fd);
        net_forget(&e);
        assert_row(i, stat(e.path, &status) != 0);
        net_forget(&e);
    }
}

static void test_served_path_is_refused(void **state UNUSED)
{
    static const enum endpoint_kind kinds[] = {ENDPOINT_UNIX, ENDPOINT_UNIX_DGRAM,
                                               ENDPOINT_UNIX_SEQPACKET};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct problem why = {.text = ""};
        struct endpoint e = place(kinds[i]);
        struct address a;
        int fd = listen_at(&e, 8, &a);

        assert_row(i, net_listen(&e, 8, &why) < 0);
        assert_contains(why.text, "cannot listen at unix");
        assert_contains(why.text, e.path);
        assert_contains(why.text, strerror(EADDRINUSE));
        close(dial(&a)); /* it is still served */
        close(fd);
    }
}

static void test_foreign_file_is_kept(void **state UNUSED)
{
    struct endpoint e = place(ENDPOINT_UNIX);
    char *kept;

    program_write_file(e.path, "not a socket");
    assert_true(net_listen(&e, 1, NULL) < 0);
    kept = program_read_file(e.path);
    assert_string_equal(kept, "not a socket");
    free(kept);
}

static void test_abstract_names(void **state UNUSED)
{
    struct endpoint e = {.kind = ENDPOINT_UNIX, .abstract = true};
    struct address a;

    text_format(e.path, sizeof(e.path), "assay-test-%d", (int)getpid());
    int fd = listen_at(&e, 8, &a);
    close(dial(&a));
    assert_true(net_listen(&e, 8, NULL) < 0);
    net_forget(&e);
    close(dial(&a));
    close(fd);
    close(listen_at(&e, 8, &a)); /* it went with its socket */
}

static void test_ports_are_not_shared(void **state UNUSED)
{
    static const enum endpoint_kind kinds[] = {ENDPOINT_TCP, ENDPOINT_UDP};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct endpoint e = place(kinds[i]);
        struct problem why = {.text = ""};
        struct address a;
        int fd = listen_at(&e, 8, &a);

        e.port = address_port(&a);
        assert_row(i, net_listen(&e, 8, &why) < 0);
        assert_contains(why.text, strerror(EADDRINUSE));
        close(fd);
        fd = net_listen(&e, 8, &why);
        assert_row(i, fd >= 0);
        close(fd);
    }
}

/* The side that closes first keeps the port in TIME-WAIT; a restart must not wait for that. */
static void test_restart_on_the_same_port(void **state UNUSED)
{
    struct endpoint e = place(ENDPOINT_TCP);
    struct pair p = connect_pair(ENDPOINT_TCP);
    struct address a;
    char data[8];

    assert_true(net_local(p.listener, SOCK_STREAM, &a));
    e.port = address_port(&a);
    close(p.server);
    p.server = -1;
    assert_int_equal(receive(p.client, data, sizeof(data), false).status, NET_EOF);
    close_pair(&p);
    close(listen_at(&e, 8, &a));
}

static void test_unresolved_host(void **state UNUSED)
{
    struct endpoint e = {.kind = ENDPOINT_TCP, .host = "no host has blanks"};
    struct problem why = {.text = ""};

    assert_true(net_listen(&e, 1, &why) < 0);
    assert_contains(why.text, "no host has blanks");
}

static void test_free_port(void **state UNUSED)
{
    static const enum endpoint_kind kinds[] = {ENDPOINT_TCP, ENDPOINT_UDP};
    unsigned before = unit_descriptors();

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct endpoint e = place(kinds[i]);

        e.port = net_free_port(&e);
        assert_row(i, e.port != 0);
        close(net_listen(&e, 1, NULL));
    }
    assert_int_equal(net_free_port(&(struct endpoint){.kind = ENDPOINT_TCP, .host = "no host"}), 0);
    assert_int_equal(unit_descriptors(), before);
}

/* ---- waiting ---- */

static void test_waiting(void **state UNUSED)
{
    struct pair p = connect_pair(ENDPOINT_UNIX);
    int64_t deadline = deadline_in_ms(SHORT_MS);

    assert_int_equal(net_wait(p.server, POLLIN, deadline), 0);
    assert_true(deadline_passed(deadline));
    assert_int_equal(net_wait(p.server, POLLIN, 0), 0);
    assert_int_equal(net_wait(p.server, POLLOUT, DEADLINE_NEVER), POLLOUT);
    assert_int_equal(net_send(p.client, slice_str("x"), 0, 0).status, NET_OK);
    assert_int_equal(net_wait(p.server, POLLIN | POLLOUT, 0), POLLIN | POLLOUT);
    close_pair(&p);
}

static void test_words(void **state UNUSED)
{
    for (int status = NET_OK; status <= NET_TROUBLE; status++)
        assert_true(strlen(net_status_text((enum net_status)status)) > 3);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversation),
        cmocka_unit_test(test_descriptors_are_tame),
        cmocka_unit_test(test_end_of_file),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_reset_on_unix),
        cmocka_unit_test(test_break_off),
        cmocka_unit_test(test_receive_timeout),
        cmocka_unit_test(test_send_timeout),
        cmocka_unit_test(test_progress_moves_the_deadline),
        cmocka_unit_test(test_no_delay),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_datagram),
        cmocka_unit_test(test_full_backlog),
        cmocka_unit_test(test_dial_timeout),
        cmocka_unit_test(test_dial_in_two_steps),
        cmocka_unit_test(test_dial_options),
        cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_empty_record_is_no_end),
        cmocka_unit_test(test_records_keep_borders),
        cmocka_unit_test(test_datagrams),
        cmocka_unit_test(test_unconnected),
        cmocka_unit_test(test_truncation_tells_the_length),
        cmocka_unit_test(test_too_big_a_datagram_is_our_trouble),
        cmocka_unit_test(test_autobind),
        cmocka_unit_test(test_stale_path_is_replaced),
        cmocka_unit_test(test_served_path_is_refused),
        cmocka_unit_test(test_foreign_file_is_kept),
        cmocka_unit_test(test_abstract_names),
        cmocka_unit_test(test_ports_are_not_shared),
        cmocka_unit_test(test_restart_on_the_same_port),
        cmocka_unit_test(test_unresolved_host),
        cmocka_unit_test(test_free_port),
        cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, program_open_folder, program_close_folder);
}
