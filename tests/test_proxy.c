/*
 * Tests of the proxy on real sockets of every kind. Client, proxy and server are one process: the
 * test turns the proxy until what it waits for has come, so nothing here is a matter of time.
 */
#include "harness/fault/proxy.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "harness/base/deadline.h"
#include "harness/fault/journal.h"
#include "harness/net/net.h"
#include "tests/program.h"
#include "tests/unit.h"

enum {
    LONG_MS = 20000,
    TURN_MS = 5,
    ROOM = 1 << 20,
    BULK = 3 << 20,
    DATAGRAM = 65507,
    MANY = 200,
};

static uint8_t octets[BULK];
static uint8_t heard[BULK];

/* Octets that are nowhere the same for long. */
static void fill(void)
{
    struct rng r;

    rng_seed(&r, 1, "octets");
    rng_fill(&r, octets, sizeof(octets));
}

/* ---- a stage ---- */

/* A place of its own for a kind of socket. */
static struct endpoint place(enum endpoint_kind kind)
{
    static unsigned number;
    struct endpoint e = {.kind = kind};

    if (endpoint_is_unix(&e))
        text_format(e.path, sizeof(e.path), "%s/%u", program_folder, number++);
    else
        text_copy(e.host, sizeof(e.host), "127.0.0.1");
    return e;
}

static struct address address_of(const struct endpoint *e)
{
    struct address a;
    size_t count;

    assert_true(address_resolve(e, &a, 1, &count, NULL));
    return a;
}

static int serve_at(struct endpoint *at)
{
    struct problem why = {.text = ""};
    struct address local;
    int fd = net_listen(at, 128, &why);

    if (fd < 0)
        fail_msg("%s", why.text);
    assert_true(net_local(fd, endpoint_socktype(at), &local));
    if (!endpoint_is_unix(at))
        at->port = address_port(&local);
    return fd;
}

struct stage {
    struct fault_schedule schedule;
    struct fault_journal journal;
    struct fault_proxy *proxy;
    struct endpoint target;
    int target_fd; /* listens, or is bound; -1: nobody is there */
    struct address proxy_address;
};

struct stage_options {
    enum endpoint_kind front, back;
    const char *schedule; /* or NULL */
    uint64_t seed;
    struct fault_limits limits;
    const char *listen_host; /* or NULL */
};

static void stage_open(struct stage *s, struct stage_options o)
{
    struct endpoint listen = place(o.front);
    struct problem why = {.text = ""};

    memset(s, 0, sizeof(*s));
    if (o.listen_host)
        text_copy(listen.host, sizeof(listen.host), o.listen_host);
    s->target = place(o.back);
    s->target_fd = serve_at(&s->target);
    fault_journal_open(&s->journal, ROOM);
    if (o.schedule && !fault_parse("t", o.schedule, &s->schedule, &why))
        fail_msg("%s", why.text);
    s->proxy = fault_proxy_open(&(struct fault_proxy_options){.listen = &listen,
                                                              .to = &s->target,
                                                              .schedule = &s->schedule,
                                                              .seed = o.seed,
                                                              .sink = fault_journal_add,
                                                              .closure = &s->journal,
                                                              .limits = o.limits},
                                &why);
    if (!s->proxy)
        fail_msg("%s", why.text);
    s->proxy_address = address_of(fault_proxy_endpoint(s->proxy));
}

static void stage_close(struct stage *s)
{
    fault_proxy_close(s->proxy);
    fault_journal_free(&s->journal);
    if (s->target_fd >= 0)
        close(s->target_fd);
    net_forget(&s->target);
}

static void turn(struct stage *s)
{
    assert_true(fault_proxy_turn(s->proxy, deadline_in_ms(TURN_MS)));
}

/* Turns until the descriptor is ready for it. */
static short await(struct stage *s, int fd, short events)
{
    int64_t deadline = deadline_in_ms(LONG_MS);
    short ready;

    while (!(ready = net_wait(fd, events, 0))) {
        assert_false(deadline_passed(deadline));
        turn(s);
    }
    return ready;
}

static void await_active(struct stage *s, uint64_t active)
{
    int64_t deadline = deadline_in_ms(LONG_MS);

    while (fault_proxy_counters(s->proxy)->active != active) {
        assert_false(deadline_passed(deadline));
        turn(s);
    }
}

static int dial_stage(struct stage *s)
{
    int fd = -1;

    assert_int_equal(net_dial(&s->proxy_address, NULL, deadline_in_ms(LONG_MS), &fd).status,
                     NET_OK);
    return fd;
}

/* A connection through the proxy. */
struct line {
    int client, server;
};

static struct line connect_line(struct stage *s)
{
    struct line l = {.client = dial_stage(s)};

    await(s, s->target_fd, POLLIN);
    l.server = accept4(s->target_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(l.server >= 0);
    return l;
}

static void close_line(const struct line *l)
{
    close(l->client);
    close(l->server);
}

/* Sends all, reading at the other end meanwhile; returns how it ended there: NET_OK where all has
   come. */
static enum net_status carry(struct stage *s, int from, int to, size_t len)
{
    int64_t deadline = deadline_in_ms(LONG_MS);
    size_t sent = 0;
    size_t got = 0;

    while (got < len) {
        assert_false(deadline_passed(deadline));
        if (sent < len) {
            ssize_t n = send(from, octets + sent, len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
            sent += n > 0 ? (size_t)n : 0;
        }
        assert_true(fault_proxy_turn(s->proxy, deadline_in_ms(1)));
        struct net_io io = net_recv(to, heard + got, sizeof(heard) - got, false, 0);
        if (io.status != NET_OK && io.status != NET_TIMEOUT)
            return io.status;
        got += io.len;
    }
    assert_int_equal(got, len);
    assert_octets(slice_of(heard, got), slice_of(octets, got));
    return NET_OK;
}

/* What comes until the end; which end it was. */
static enum net_status read_to_end(struct stage *s, int fd, size_t *ret_len)
{
    *ret_len = 0;
    for (;;) {
        await(s, fd, POLLIN);
        struct net_io io = net_recv(fd, heard + *ret_len, sizeof(heard) - *ret_len, false, 0);

        if (io.status != NET_OK)
            return io.status;
        *ret_len += io.len;
    }
}

static void assert_end(struct stage *s, int fd, size_t len, enum net_status status)
{
    size_t got = 0;

    assert_int_equal(read_to_end(s, fd, &got), status);
    assert_int_equal(got, len);
    assert_octets(slice_of(heard, got), slice_of(octets, got));
}

static char *log_of(struct stage *s)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(out);
    fault_journal_write(&s->journal, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void assert_log(struct stage *s, const char *due)
{
    char *log = log_of(s);

    assert_string_equal(log, due);
    free(log);
}

/* ---- streams ---- */

static const struct {
    enum endpoint_kind front, back;
} streams[] = {
    {ENDPOINT_TCP, ENDPOINT_TCP},
    {ENDPOINT_UNIX, ENDPOINT_UNIX},
    {ENDPOINT_TCP, ENDPOINT_UNIX},
    {ENDPOINT_UNIX, ENDPOINT_TCP},
};

static void test_octets_pass(void **state UNUSED)
{
    static const char *const schedules[] = {
        NULL,
        "both: cut 1000-9000",
        "both: coalesce 65536 pause 1ms",
        "both: delay all by 1ms jitter 1ms",
        "both: rate 100000000; both: stop after 70000 for 3ms",
    };

    for (size_t i = 0; i < ARRAY_LEN(streams) * ARRAY_LEN(schedules); i++) {
        struct stage s;

        stage_open(&s, (struct stage_options){.front = streams[i / ARRAY_LEN(schedules)].front,
                                              .back = streams[i / ARRAY_LEN(schedules)].back,
                                              .schedule = schedules[i % ARRAY_LEN(schedules)]});
        struct line l = connect_line(&s);
        assert_row(i, carry(&s, l.client, l.server, BULK) == NET_OK);
        assert_row(i, carry(&s, l.server, l.client, BULK) == NET_OK);
        assert_row(i, carry(&s, l.client, l.server, 1) == NET_OK);
        const struct fault_counters *c = fault_proxy_counters(s.proxy);
        assert_row(i, c->ways[FAULT_UP].octets == BULK + 1 &&
                          c->ways[FAULT_UP].sent_octets == BULK + 1 &&
                          c->ways[FAULT_DOWN].sent_octets == BULK);
        close_line(&l);
        await_active(&s, 0);
        stage_close(&s);
    }
}

/* The end of one direction is passed on as such; the other goes on until its own end. */
static void test_half_close(void **state UNUSED)
{
    for (size_t i = 0; i < 2 * ARRAY_LEN(streams); i++) {
        struct stage s;

        stage_open(
            &s, (struct stage_options){.front = streams[i / 2].front, .back = streams[i / 2].back});
        struct line l = connect_line(&s);
        int first = i % 2 ? l.server : l.client;
        int second = i % 2 ? l.client : l.server;
        assert_int_equal(send(first, octets, 1000, 0), 1000);
        shutdown(first, SHUT_WR);
        assert_end(&s, second, 1000, NET_EOF);
        assert_int_equal(carry(&s, second, first, BULK), NET_OK);
        assert_int_equal(fault_proxy_counters(s.proxy)->active, 1);
        shutdown(second, SHUT_WR);
        assert_end(&s, first, 0, NET_EOF);
        await_active(&s, 0);
        close_line(&l);
        char due[128];
        text_format(due, sizeof(due), "1.1 up %d end\n1.1 down %d end\n", i % 2 ? BULK : 1000,
                    i % 2 ? 1000 : BULK);
        assert_log(&s, due);
        stage_close(&s);
    }
}

/* RST comes through as RST, behind what was sent before it, from either side, also when the other
   direction has ended before. */
static void test_reset(void **state UNUSED)
{
    for (unsigned i = 0; i < 8; i++) {
        bool server_resets = i & 1;
        bool ended_before = i & 2;
        bool bulk = i & 4;
        size_t len = bulk ? 100000 : 10;
        struct stage s;

        stage_open(&s, (struct stage_options){.front = ENDPOINT_TCP, .back = ENDPOINT_TCP});
        struct line l = connect_line(&s);
        int from = server_resets ? l.server : l.client;
        int to = server_resets ? l.client : l.server;
        if (ended_before) {
            shutdown(to, SHUT_WR);
            assert_end(&s, from, 0, NET_EOF);
        }
        assert_int_equal(send(from, octets, len, 0), (ssize_t)len);
        for (int n = 0; n < 10; n++)
            turn(&s); /* a reset overtakes what the sender's own kernel still has */
        net_reset(from);
        assert_end(&s, to, len, NET_RESET);
        await_active(&s, 0);
        close(to);
        stage_close(&s);
    }
}

/* A Unix socket that is closed with unread octets in it resets its peer. */
static void test_unix_reset_becomes_one_of_tcp(void **state UNUSED)
{
    struct stage s;

    stage_open(&s, (struct stage_options){.front = ENDPOINT_TCP, .back = ENDPOINT_UNIX});
    struct line l = connect_line(&s);
    assert_int_equal(send(l.client, octets, 10, 0), 10);
    await(&s, l.server, POLLIN);
    close(l.server);
    assert_end(&s, l.client, 0, NET_RESET);
    await_active(&s, 0);
    close(l.client);
    stage_close(&s);
}

/* A server that ends whole is found out by a client that goes on sending, as without a proxy. */
static void test_writing_to_who_is_gone(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
        struct stage s;
        int64_t deadline = deadline_in_ms(LONG_MS);

        stage_open(&s, (struct stage_options){.front = streams[i].front, .back = streams[i].back});
        struct line l = connect_line(&s);
        close(l.server);
        assert_end(&s, l.client, 0, NET_EOF);
        while (send(l.client, octets, 100, MSG_NOSIGNAL) > 0 || errno == EAGAIN) {
            assert_false(deadline_passed(deadline));
            turn(&s);
        }
        assert_true(errno == EPIPE || errno == ECONNRESET);
        close(l.client);
        await_active(&s, 0);
        stage_close(&s);
    }
}

/* What the server does not read the client soon cannot send, and the proxy holds no more than its
   bounds; then all of it arrives. */
static void test_back_pressure(void **state UNUSED)
{
    static const char *const schedules[] = {NULL, "up: cut 65536"};

    for (size_t i = 0; i < ARRAY_LEN(streams) * 2; i++) {
        struct stage s;
        size_t sent = 0;
        size_t got = 0;

        stage_open(&s, (struct stage_options){.front = streams[i / 2].front,
                                              .back = streams[i / 2].back,
                                              .schedule = schedules[i % 2]});
        struct line l = connect_line(&s);
        for (unsigned idle = 0; idle < 20; idle++) {
            ssize_t n;

            while ((n = send(l.client, octets, 65536, MSG_NOSIGNAL | MSG_DONTWAIT)) > 0) {
                sent += (size_t)n;
                idle = 0;
            }
            turn(&s);
        }
        uint64_t octets_in = fault_proxy_counters(s.proxy)->ways[FAULT_UP].octets;
        assert_in_range(fault_proxy_counters(s.proxy)->ways[FAULT_UP].sent_octets, 1, octets_in);
        assert_in_range(octets_in - fault_proxy_counters(s.proxy)->ways[FAULT_UP].sent_octets, 0,
                        1 << 20);
        assert_in_range(sent, 65536, 64 << 20);
        while (got < sent) {
            await(&s, l.server, POLLIN);
            struct net_io io = net_recv(l.server, heard, sizeof(heard), false, 0);
            assert_int_equal(io.status, NET_OK);
            got += io.len;
        }
        assert_int_equal(got, sent);
        close_line(&l);
        await_active(&s, 0);
        stage_close(&s);
    }
}

/* A connection that is gone with octets held leaves none of them to those that come after it. */
static void test_rooms_are_clean(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(streams) * 4; i++) {
        struct stage s;

        stage_open(&s, (struct stage_options){.front = streams[i / 4].front,
                                              .back = streams[i / 4].back,
                                              .schedule = i % 2 ? "up: cut 65536" : NULL});
        for (int round = 0; round < 3; round++) {
            struct line l = connect_line(&s);

            for (unsigned idle = 0; idle < 10; idle++) {
                while (send(l.client, heard, 65536, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
                    idle = 0;
                turn(&s);
            }
            if (i % 4 < 2)
                net_reset(l.server);
            else
                shutdown(l.server, SHUT_RDWR);
            for (int n = 0; n < 10; n++)
                turn(&s);
            struct line next = connect_line(&s);
            assert_row(i, carry(&s, next.client, next.server, BULK) == NET_OK);
            close_line(&next);
            close(l.client);
            if (i % 4 >= 2)
                close(l.server);
            await_active(&s, 0);
        }
        stage_close(&s);
    }
}

/* Each piece is a send of its own: a reader that is quick enough reads them one by one. */
static void test_pieces_are_seen_apart(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
        struct stage s;
        size_t got = 0;

        stage_open(&s, (struct stage_options){.front = streams[i].front,
                                              .back = streams[i].back,
                                              .schedule = "up: cut 10 pause 1ms"});
        struct line l = connect_line(&s);
        assert_int_equal(send(l.client, octets, 95, 0), 95);
        while (got < 95) {
            await(&s, l.server, POLLIN);
            struct net_io io = net_recv(l.server, heard + got, 95, false, 0);
            assert_int_equal(io.len, got == 90 ? 5 : 10);
            got += io.len;
        }
        assert_octets(slice_of(heard, got), slice_of(octets, got));
        close_line(&l);
        stage_close(&s);
    }
}

/* The receiver gets so many octets and then the reset; so does the sender. */
static void test_reset_after(void **state UNUSED)
{
    static const size_t sizes[] = {0, 1, 1000, 200000};

    for (size_t i = 0; i < 2 * ARRAY_LEN(sizes); i++) {
        struct stage s;
        char schedule[64];
        size_t size = sizes[i / 2];
        size_t got = 0;

        text_format(schedule, sizeof(schedule), "%s: reset after %zu", i % 2 ? "down" : "up", size);
        stage_open(&s, (struct stage_options){
                           .front = ENDPOINT_TCP, .back = ENDPOINT_TCP, .schedule = schedule});
        struct line l = connect_line(&s);
        int from = i % 2 ? l.server : l.client;
        int to = i % 2 ? l.client : l.server;
        (void)!send(from, octets, 300000, MSG_NOSIGNAL);
        assert_end(&s, to, size, NET_RESET);
        assert_int_equal(read_to_end(&s, from, &got), NET_RESET);
        assert_int_equal(got, 0);
        await_active(&s, 0);
        text_format(schedule, sizeof(schedule), "1.1 %s %zu reset\n", i % 2 ? "down" : "up", size);
        assert_log(&s, schedule);
        close_line(&l);
        stage_close(&s);
    }
}

static void test_close_after(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
        struct stage s;

        stage_open(&s, (struct stage_options){.front = streams[i].front,
                                              .back = streams[i].back,
                                              .schedule = "up: close after 1000"});
        struct line l = connect_line(&s);
        assert_int_equal(send(l.client, octets, 1500, 0), 1500);
        assert_end(&s, l.server, 1000, NET_EOF);
        assert_int_equal(carry(&s, l.server, l.client, BULK), NET_OK);
        assert_int_equal(send(l.client, octets, 500, 0), 500);
        shutdown(l.client, SHUT_WR);
        shutdown(l.server, SHUT_WR);
        assert_end(&s, l.client, 0, NET_EOF);
        await_active(&s, 0);
        char due[96];
        text_format(due, sizeof(due), "1.1 up 1000 close\n1.2 up 1000 end\n1.1 down %d end\n",
                    BULK);
        assert_log(&s, due);
        close_line(&l);
        stage_close(&s);
    }
}

/* Nothing comes before its time. That it comes not much later is not asked. */
static void test_stop_and_delay(void **state UNUSED)
{
    static const char *const schedules[] = {"up: stop after 10 for 60ms", "up: delay all by 60ms",
                                            "up: coalesce 30 pause 60ms", "up: rate 250"};

    for (size_t i = 0; i < ARRAY_LEN(schedules); i++) {
        struct stage s;
        size_t got = 0;

        stage_open(&s, (struct stage_options){
                           .front = ENDPOINT_TCP, .back = ENDPOINT_TCP, .schedule = schedules[i]});
        struct line l = connect_line(&s);
        int64_t from = deadline_now_us();
        assert_int_equal(send(l.client, octets, 20, 0), 20);
        while (got < 20) {
            await(&s, l.server, POLLIN);
            got += net_recv(l.server, heard, sizeof(heard), false, 0).len;
        }
        assert_row(i, deadline_now_us() - from >= 60000);
        close_line(&l);
        stage_close(&s);
    }
}

/* Nobody at the target: the client, which was let in already, is reset. */
static void test_nobody_at_the_target(void **state UNUSED)
{
    struct stage s;
    size_t got = 0;

    stage_open(&s, (struct stage_options){.front = ENDPOINT_TCP, .back = ENDPOINT_TCP});
    close(s.target_fd);
    s.target_fd = -1;
    int client = dial_stage(&s);
    assert_int_equal(read_to_end(&s, client, &got), NET_RESET);
    assert_int_equal(fault_proxy_counters(s.proxy)->unreached, 1);
    assert_int_equal(fault_proxy_counters(s.proxy)->active, 0);
    close(client);
    stage_close(&s);
}

/* A client that resets while the server reads nothing does not keep its connection for ever. */
static void test_reset_behind_a_stall(void **state UNUSED)
{
    struct stage s;

    stage_open(&s, (struct stage_options){.front = ENDPOINT_TCP, .back = ENDPOINT_TCP});
    struct line l = connect_line(&s);
    for (unsigned idle = 0; idle < 20; idle++) {
        while (send(l.client, octets, 65536, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
            idle = 0;
        turn(&s);
    }
    net_reset(l.client);
    await_active(&s, 0);
    close(l.server);
    stage_close(&s);
}

/* Beyond the bound connections wait until others have gone. */
static void test_bound_of_connections(void **state UNUSED)
{
    struct stage s;
    struct line lines[3];

    stage_open(&s, (struct stage_options){
                       .front = ENDPOINT_TCP, .back = ENDPOINT_TCP, .limits = {.clients = 3}});
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        lines[i] = connect_line(&s);
    int waiting = dial_stage(&s);
    assert_int_equal(send(waiting, octets, 10, 0), 10);
    for (int i = 0; i < 20; i++)
        turn(&s);
    assert_int_equal(fault_proxy_counters(s.proxy)->active, 3);
    assert_int_equal(fault_proxy_counters(s.proxy)->refused, 1);
    assert_int_equal(carry(&s, lines[2].client, lines[2].server, 1000), NET_OK);
    close_line(&lines[1]);
    await(&s, s.target_fd, POLLIN);
    int server = accept4(s.target_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    await(&s, server, POLLIN);
    assert_int_equal(recv(server, heard, 100, 0), 10);
    assert_int_equal(fault_proxy_counters(s.proxy)->clients, 4);
    close(server);
    close(waiting);
    close_line(&lines[0]);
    close_line(&lines[2]);
    stage_close(&s);
}

/* Without descriptors for both sides of a connection it waits, and nobody says that the target is
   not there; be an even or an odd number of them free. */
static void test_bound_of_descriptors(void **state UNUSED)
{
    for (rlim_t room = 4; room < 6; room++) {
        struct rlimit before, low;
        struct stage s;
        int clients[4];
        unsigned let_in = 0;

        stage_open(&s, (struct stage_options){.front = ENDPOINT_TCP, .back = ENDPOINT_TCP});
        for (size_t i = 0; i < ARRAY_LEN(clients); i++)
            clients[i] = dial_stage(&s);
        int first_free = dup(s.target_fd);
        close(first_free);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        low = before;
        low.rlim_cur = (rlim_t)first_free + room;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        for (int i = 0; i < 20; i++)
            turn(&s);
        assert_int_equal(fault_proxy_counters(s.proxy)->active, room / 2);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        await_active(&s, ARRAY_LEN(clients));
        for (int fd; (fd = accept(s.target_fd, NULL, NULL)) >= 0; let_in++)
            close(fd);
        assert_int_equal(let_in, ARRAY_LEN(clients));
        assert_int_equal(fault_proxy_counters(s.proxy)->unreached, 0);
        for (size_t i = 0; i < ARRAY_LEN(clients); i++)
            close(clients[i]);
        stage_close(&s);
    }
}

/* ---- datagrams ---- */

static const struct {
    enum endpoint_kind front, back;
} datagrams[] = {
    {ENDPOINT_UDP, ENDPOINT_UDP},
    {ENDPOINT_UNIX_DGRAM, ENDPOINT_UNIX_DGRAM},
    {ENDPOINT_UDP, ENDPOINT_UNIX_DGRAM},
    {ENDPOINT_UNIX_DGRAM, ENDPOINT_UDP},
};

/* The next datagram at a descriptor; where it came from. */
static struct slice hear(struct stage *s, int fd, struct address *ret_from)
{
    await(s, fd, POLLIN);
    struct net_io io = net_recv_from(fd, heard, sizeof(heard), ret_from, 0);
    assert_int_equal(io.status, NET_OK);
    return slice_of(heard, io.len);
}

/* Where the queue of a Unix socket is full, the proxy has to make room in it. */
static void say(struct stage *s, int fd, struct slice datagram, const struct address *to)
{
    int64_t deadline = deadline_in_ms(LONG_MS);
    struct net_io io;

    while ((io = net_send_to(fd, datagram, to, 0)).status == NET_TIMEOUT) {
        assert_false(deadline_passed(deadline));
        turn(s);
    }
    assert_int_equal(io.status, NET_OK);
}

/* A turn that finds nothing more to do proves that nothing is on its way. */
static void assert_silence(struct stage *s, int fd)
{
    for (int i = 0; i < 3; i++)
        turn(s);
    assert_int_equal(net_wait(fd, POLLIN, 0), 0);
}

static void test_borders(void **state UNUSED)
{
    static const size_t sizes[] = {0, 1, 2, 100, 1472, 1473, 8192, 0, 65000, DATAGRAM};

    for (size_t i = 0; i < ARRAY_LEN(datagrams); i++) {
        struct address client;
        struct stage s;

        stage_open(&s,
                   (struct stage_options){.front = datagrams[i].front, .back = datagrams[i].back});
        int fd = dial_stage(&s);
        for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
            struct slice d = slice_of(octets + k, sizes[k]);

            say(&s, fd, d, NULL);
            assert_octets(hear(&s, s.target_fd, &client), d);
            say(&s, s.target_fd, d, &client);
            assert_octets(hear(&s, fd, NULL), d);
        }
        const struct fault_counters *c = fault_proxy_counters(s.proxy);
        assert_row(i, c->clients == 1 && c->ways[FAULT_UP].lost + c->ways[FAULT_DOWN].lost == 0);
        assert_row(i, c->ways[FAULT_DOWN].sent_datagrams == ARRAY_LEN(sizes));
        close(fd);
        stage_close(&s);
    }
}

/* Runs of one size and of many go together through the stack, and are single datagrams behind it.
 */
static void test_bursts(void **state UNUSED)
{
    static const char *const schedules[] = {NULL, "up: duplicate 7; up: reorder 3", "up: drop 0%"};

    for (size_t i = 0; i < ARRAY_LEN(datagrams) * ARRAY_LEN(schedules); i++) {
        struct stage s;
        unsigned number = 0;

        stage_open(&s, (struct stage_options){.front = datagrams[i / ARRAY_LEN(schedules)].front,
                                              .back = datagrams[i / ARRAY_LEN(schedules)].back,
                                              .schedule = schedules[i % ARRAY_LEN(schedules)]});
        bool ordered = i % ARRAY_LEN(schedules) != 1;
        int fd = dial_stage(&s);
        for (unsigned burst = 0; burst < 20; burst++) {
            unsigned count = 1 + burst % 9;

            for (unsigned n = 0; n < count; n++) {
                size_t len = 100 + (burst % 3 == 0 ? 0 : burst % 3 == 1 ? n : n + 1 == count);

                octets[0] = (uint8_t)(number + n);
                say(&s, fd, slice_of(octets, len), NULL);
            }
            for (unsigned n = 0; ordered && n < count; n++) {
                struct slice d = hear(&s, s.target_fd, NULL);

                assert_int_equal(d.data[0], (uint8_t)(number + n));
                assert_int_equal(d.len, 100 + (burst % 3 == 0   ? 0
                                               : burst % 3 == 1 ? n
                                                                : n + 1 == count));
            }
            number += count;
        }
        for (unsigned n = 0; !ordered && n < number + 1; n++)
            hear(&s, s.target_fd, NULL);
        assert_silence(&s, s.target_fd);
        close(fd);
        stage_close(&s);
    }
    octets[0] = 0;
}

/* Each client has an upstream socket of its own, and its own replies. */
static void test_many_clients(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(datagrams); i++) {
        int fds[MANY];
        struct address clients[MANY];
        struct stage s;

        stage_open(&s,
                   (struct stage_options){.front = datagrams[i].front, .back = datagrams[i].back});
        for (size_t k = 0; k < MANY; k++) {
            fds[k] = dial_stage(&s);
            say(&s, fds[k], slice_of(&k, sizeof(k)), NULL);
            struct slice d = hear(&s, s.target_fd, &clients[k]);
            assert_octets(d, slice_of(&k, sizeof(k)));
            for (size_t m = 0; m < k; m++)
                assert_false(address_eq(&clients[m], &clients[k]));
        }
        for (size_t k = MANY; k-- > 0;)
            say(&s, s.target_fd, slice_of(&k, sizeof(k)), &clients[k]);
        for (size_t k = 0; k < MANY; k++) {
            assert_octets(hear(&s, fds[k], NULL), slice_of(&k, sizeof(k)));
            assert_int_equal(net_wait(fds[k], POLLIN, 0), 0);
            close(fds[k]);
        }
        assert_int_equal(fault_proxy_counters(s.proxy)->clients, MANY);
        stage_close(&s);
    }
}

/* What is done to one client is not done to another, whoever's turn it is. */
static void test_one_client_suffers(void **state UNUSED)
{
    struct stage s;

    stage_open(&s, (struct stage_options){.front = ENDPOINT_UDP,
                                          .back = ENDPOINT_UDP,
                                          .schedule = "client 2 up: drop 2-3; up: drop 5"});
    int first = dial_stage(&s);
    int second = dial_stage(&s);
    char due[] = "a1b1a2a3a4b4b6";
    char got[sizeof(due)] = "";
    for (unsigned n = 1; n <= 6; n++) {
        char one[2] = {'a', (char)('0' + n)};
        char other[2] = {'b', (char)('0' + n)};

        if (n == 6)
            one[0] = 'x';
        say(&s, first, slice_of(n == 6 ? other : one, n == 6 ? 0 : 2), NULL);
        say(&s, second, slice_of(other, 2), NULL);
    }
    for (size_t at = 0; at < strlen(due);) {
        struct slice d = hear(&s, s.target_fd, NULL);

        memcpy(got + at, d.data, d.len);
        at += d.len;
    }
    assert_string_equal(got, due);
    assert_silence(&s, s.target_fd);
    assert_log(&s, "1.1 up 2 pass\n1.2 up 2 pass\n1.3 up 2 pass\n1.4 up 2 pass\n1.5 up 2 drop\n"
                   "1.6 up 0 pass\n2.1 up 2 pass\n2.2 up 2 drop\n2.3 up 2 drop\n2.4 up 2 pass\n"
                   "2.5 up 2 drop\n2.6 up 2 pass\n");
    close(first);
    close(second);
    stage_close(&s);
}

/* A reply leaves from the address that was asked; whoever asks at two is two clients. */
static void test_replies_come_from_where_was_asked(void **state UNUSED)
{
    struct stage s;

    stage_open(&s, (struct stage_options){
                       .front = ENDPOINT_UDP, .back = ENDPOINT_UDP, .listen_host = "0.0.0.0"});
    uint16_t port = fault_proxy_endpoint(s.proxy)->port;
    struct address to[3];
    struct address server_sees[3];
    const struct net_dial_options unconnected = {.unconnected = true};
    int fd = -1;
    for (uint8_t i = 0; i < 3; i++)
        address_loopback(&to[i], AF_INET, SOCK_DGRAM, (uint8_t)(i + 1), port);
    assert_int_equal(net_dial(&to[0], &unconnected, deadline_in_ms(LONG_MS), &fd).status, NET_OK);
    for (unsigned i = 0; i < 3; i++) {
        say(&s, fd, slice_of(&i, sizeof(i)), &to[i]);
        assert_octets(hear(&s, s.target_fd, &server_sees[i]), slice_of(&i, sizeof(i)));
    }
    for (unsigned i = 3; i-- > 0;) {
        struct address from;

        say(&s, s.target_fd, slice_of(&i, sizeof(i)), &server_sees[i]);
        assert_octets(hear(&s, fd, &from), slice_of(&i, sizeof(i)));
        assert_true(address_eq(&from, &to[i]));
    }
    assert_int_equal(fault_proxy_counters(s.proxy)->clients, 3);
    close(fd);
    stage_close(&s);
}

/* What the schedule says happens, by number, in both directions. */
static void test_faults_by_number(void **state UNUSED)
{
    static const struct {
        const char *schedule, *up, *down;
    } rows[] = {
        {"up: drop 3, 7; down: duplicate 2; up: swap 4,5", "125468", "122345678"},
        {"down: reorder 1 by 7; up: drop every 3", "124578", "23456781"},
        {"both: duplicate 1 after 2", "123145678", "123145678"},
        {"up: delay 1-4 by 1ms; down: drop 2-", "56781234", "1"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows) * ARRAY_LEN(datagrams); i++) {
        const char *const due[] = {rows[i % ARRAY_LEN(rows)].up, rows[i % ARRAY_LEN(rows)].down};
        struct address client;
        struct stage s;

        stage_open(&s, (struct stage_options){.front = datagrams[i / ARRAY_LEN(rows)].front,
                                              .back = datagrams[i / ARRAY_LEN(rows)].back,
                                              .schedule = rows[i % ARRAY_LEN(rows)].schedule});
        int fd = dial_stage(&s);
        for (int way = 0; way < FAULT_WAYS; way++) {
            for (const char *c = "12345678"; *c; c++)
                say(&s, way ? s.target_fd : fd, slice_of(c, 1), way ? &client : NULL);
            for (const char *c = due[way]; *c; c++) {
                struct slice d = hear(&s, way ? fd : s.target_fd, way ? NULL : &client);

                assert_row(i, d.len == 1 && d.data[0] == (uint8_t)*c);
            }
            assert_silence(&s, way ? fd : s.target_fd);
        }
        close(fd);
        stage_close(&s);
    }
}

static void test_deformed(void **state UNUSED)
{
    struct stage s;

    stage_open(&s, (struct stage_options){.front = ENDPOINT_UDP,
                                          .back = ENDPOINT_UDP,
                                          .schedule = "up: truncate 1 to 7; up: corrupt 2"});
    int fd = dial_stage(&s);
    say(&s, fd, slice_of(octets, 100), NULL);
    assert_octets(hear(&s, s.target_fd, NULL), slice_of(octets, 7));
    say(&s, fd, slice_of(octets, 100), NULL);
    struct slice d = hear(&s, s.target_fd, NULL);
    unsigned differ = 0;
    for (size_t i = 0; i < 100; i++)
        differ += d.data[i] != octets[i];
    assert_true(d.len == 100 && differ == 1);
    close(fd);
    stage_close(&s);
}

/* A Unix server that does not read stops its clients; nothing is lost. */
static void test_datagrams_wait(void **state UNUSED)
{
    struct stage s;
    unsigned sent = 0;

    stage_open(&s,
               (struct stage_options){.front = ENDPOINT_UNIX_DGRAM, .back = ENDPOINT_UNIX_DGRAM});
    int fd = dial_stage(&s);
    for (unsigned idle = 0; idle < 20; idle++) {
        while (send(fd, &sent, sizeof(sent), MSG_DONTWAIT) > 0) {
            sent++;
            idle = 0;
        }
        turn(&s);
    }
    assert_in_range(sent, 100, 100000);
    for (unsigned n = 0; n < sent; n++)
        assert_octets(hear(&s, s.target_fd, NULL), slice_of(&n, sizeof(n)));
    assert_int_equal(fault_proxy_counters(s.proxy)->ways[FAULT_UP].lost, 0);
    close(fd);
    stage_close(&s);
}

/* A Unix client that does not read gets its replies later, and all of them; others get theirs
   meanwhile, as long as the kernel lets a server go on whose replies to one fill its send buffer.
 */
static void test_replies_wait(void **state UNUSED)
{
    enum { SOME = 150, REPLIES = 500 };
    struct address slow;
    struct address quick;
    struct stage s;
    unsigned sent = 0;

    stage_open(&s,
               (struct stage_options){.front = ENDPOINT_UNIX_DGRAM, .back = ENDPOINT_UNIX_DGRAM});
    int a = dial_stage(&s);
    int b = dial_stage(&s);
    say(&s, a, slice_str("a"), NULL);
    hear(&s, s.target_fd, &slow);
    say(&s, b, slice_str("b"), NULL);
    hear(&s, s.target_fd, &quick);
    for (; sent < REPLIES; sent++) {
        say(&s, s.target_fd, slice_of(&sent, sizeof(sent)), &slow);
        turn(&s);
        if (sent == SOME) {
            say(&s, s.target_fd, slice_str("for b"), &quick);
            assert_octets(hear(&s, b, NULL), slice_str("for b"));
        }
    }
    for (unsigned n = 0; n < sent; n++)
        assert_octets(hear(&s, a, NULL), slice_of(&n, sizeof(n)));
    assert_int_equal(fault_proxy_counters(s.proxy)->ways[FAULT_DOWN].lost, 0);
    close(a);
    close(b);
    stage_close(&s);
}

/* A Unix server that is started anew is found again. */
static void test_server_started_anew(void **state UNUSED)
{
    struct stage s;

    stage_open(&s, (struct stage_options){.front = ENDPOINT_UDP, .back = ENDPOINT_UNIX_DGRAM});
    int fd = dial_stage(&s);
    say(&s, fd, slice_str("one"), NULL);
    assert_octets(hear(&s, s.target_fd, NULL), slice_str("one"));
    close(s.target_fd);
    s.target_fd = serve_at(&s.target);
    say(&s, fd, slice_str("two"), NULL);
    assert_octets(hear(&s, s.target_fd, NULL), slice_str("two"));
    close(fd);
    stage_close(&s);
}

static void test_bound_of_clients(void **state UNUSED)
{
    struct stage s;

    stage_open(&s, (struct stage_options){
                       .front = ENDPOINT_UDP, .back = ENDPOINT_UDP, .limits = {.clients = 2}});
    int fds[] = {dial_stage(&s), dial_stage(&s), dial_stage(&s)};
    for (size_t i = 0; i < 6; i++)
        say(&s, fds[i % 3], slice_of(&i, sizeof(i)), NULL);
    for (size_t i = 0; i < 6; i++) {
        if (i % 3 != 2)
            assert_octets(hear(&s, s.target_fd, NULL), slice_of(&i, sizeof(i)));
    }
    assert_silence(&s, s.target_fd);
    assert_int_equal(fault_proxy_counters(s.proxy)->refused, 2);
    for (size_t i = 0; i < 3; i++)
        close(fds[i]);
    stage_close(&s);
}

static void test_idle_clients_are_forgotten(void **state UNUSED)
{
    struct stage s;

    stage_open(&s, (struct stage_options){.front = ENDPOINT_UDP,
                                          .back = ENDPOINT_UDP,
                                          .schedule = "up: delay 1 by 100ms",
                                          .limits = {.idle_ms = 20}});
    int fd = dial_stage(&s);
    say(&s, fd, slice_str("late"), NULL);
    assert_octets(hear(&s, s.target_fd, NULL), slice_str("late")); /* who is owed stays */
    await_active(&s, 0);
    say(&s, fd, slice_str("again"), NULL);
    assert_octets(hear(&s, s.target_fd, NULL), slice_str("again"));
    assert_int_equal(fault_proxy_counters(s.proxy)->clients, 2);
    close(fd);
    stage_close(&s);
}

/* What is held has a bound, and what is lost to it is told. */
static void test_bound_of_what_is_held(void **state UNUSED)
{
    struct stage s;

    stage_open(&s, (struct stage_options){.front = ENDPOINT_UDP,
                                          .back = ENDPOINT_UDP,
                                          .schedule = "up: delay all by 30ms",
                                          .limits = {.held_bytes = 10000}});
    int fd = dial_stage(&s);
    for (int i = 0; i < 8; i++)
        say(&s, fd, slice_of(octets, 3000), NULL);
    for (int i = 0; i < 3; i++)
        hear(&s, s.target_fd, NULL);
    assert_silence(&s, s.target_fd);
    assert_int_equal(fault_proxy_counters(s.proxy)->ways[FAULT_UP].lost, 5);
    close(fd);
    stage_close(&s);
}

/* ---- equal logs ---- */

static char *log_of_datagrams(uint64_t seed)
{
    struct address client;
    struct stage s;

    stage_open(&s,
               (struct stage_options){
                   .front = ENDPOINT_UDP,
                   .back = ENDPOINT_UDP,
                   .seed = seed,
                   .schedule = "up: drop 30%; both: duplicate 20%; up: reorder 10% by 3; down: "
                               "delay 10% by 1ms jitter 1ms; both: corrupt 5%; up: truncate 5%"});
    int fds[] = {dial_stage(&s), dial_stage(&s)};
    for (unsigned n = 0; n < 300; n++) {
        say(&s, fds[n % 2], slice_of(octets, n), NULL);
        turn(&s);
        while (net_wait(s.target_fd, POLLIN, 0))
            hear(&s, s.target_fd, &client);
    }
    for (unsigned n = 0; n < 300; n++)
        say(&s, s.target_fd, slice_of(octets, n), &client);
    while (fault_proxy_counters(s.proxy)->ways[FAULT_DOWN].datagrams < 300)
        turn(&s);
    char *log = log_of(&s);
    close(fds[0]);
    close(fds[1]);
    stage_close(&s);
    return log;
}

/* The echo of a stream of so many octets. */
static char *log_of_stream(uint64_t seed, size_t at_once)
{
    static uint8_t room[65536];
    struct stage s;
    size_t sent = 0;
    size_t got = 0;
    size_t owed = 0;

    stage_open(&s, (struct stage_options){
                       .front = ENDPOINT_TCP,
                       .back = ENDPOINT_TCP,
                       .seed = seed,
                       .schedule = "up: cut 1-3000; down: cut 500; down: stop after 99999 for 2ms; "
                                   "up: coalesce 1000; down: close after 300000"});
    struct line l = connect_line(&s);
    while (sent < ROOM || got < 300000) {
        size_t len = size_min(at_once, ROOM - sent);
        ssize_t n = len ? send(l.client, octets + sent, len, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

        sent += n > 0 ? (size_t)n : 0;
        if (sent == ROOM)
            shutdown(l.client, SHUT_WR);
        turn(&s);
        n = owed ? 0 : recv(l.server, room, at_once, 0);
        owed += n > 0 ? (size_t)n : 0;
        if (n == 0 && !owed)
            shutdown(l.server, SHUT_WR);
        n = owed ? send(l.server, room, owed, MSG_NOSIGNAL) : 0;
        owed -= n > 0 ? (size_t)n : 0;
        n = recv(l.client, heard, sizeof(heard), 0);
        got += n > 0 ? (size_t)n : 0;
    }
    while (fault_proxy_counters(s.proxy)->active) {
        turn(&s);
        ssize_t n = owed ? 0 : recv(l.server, room, at_once, 0);
        owed += n > 0 ? (size_t)n : 0;
        if (n == 0 && !owed)
            shutdown(l.server, SHUT_WR);
        n = owed ? send(l.server, room, owed, MSG_NOSIGNAL) : 0;
        owed -= n > 0 ? (size_t)n : 0;
    }
    char *log = log_of(&s);
    close_line(&l);
    stage_close(&s);
    return log;
}

/* The same seed and the same traffic: the same log, octet by octet, however it was cut on its way.
   Another seed: another. */
static void test_equal_logs(void **state UNUSED)
{
    char *const logs[] = {log_of_datagrams(7),           log_of_datagrams(7),
                          log_of_datagrams(8),           log_of_stream(7, 65536),
                          log_of_stream(7, 1000 + 2345), log_of_stream(8, 65536)};

    for (size_t i = 0; i < ARRAY_LEN(logs); i += 3) {
        assert_true(strlen(logs[i]) > 1000);
        assert_string_equal(logs[i], logs[i + 1]);
        assert_string_not_equal(logs[i], logs[i + 2]);
    }
    assert_contains(logs[3], " close\n");
    for (size_t i = 0; i < ARRAY_LEN(logs); i++)
        free(logs[i]);
}

/* ---- life ---- */

/* Nothing is left, whatever was open, held or half done when the proxy ended. */
static void test_descriptors_are_given_back(void **state UNUSED)
{
    unsigned before = unit_descriptors();
    struct stage s;

    stage_open(&s, (struct stage_options){.front = ENDPOINT_UNIX, .back = ENDPOINT_TCP});
    struct line lines[] = {connect_line(&s), connect_line(&s), connect_line(&s)};
    carry(&s, lines[0].client, lines[0].server, BULK);
    shutdown(lines[1].client, SHUT_WR);
    for (int i = 0; i < 100; i++) {
        (void)!send(lines[2].client, octets, 65536, MSG_DONTWAIT | MSG_NOSIGNAL);
        turn(&s);
    }
    int unmet = dial_stage(&s);
    stage_close(&s);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        close_line(&lines[i]);
    close(unmet);
    assert_int_equal(unit_descriptors(), before);

    stage_open(&s, (struct stage_options){.front = ENDPOINT_UNIX_DGRAM,
                                          .back = ENDPOINT_UDP,
                                          .schedule = "up: delay 2 by 10s; up: reorder 3"});
    int fd = dial_stage(&s);
    for (int i = 0; i < 3; i++)
        say(&s, fd, slice_of(octets, 1000), NULL);
    hear(&s, s.target_fd, NULL);
    char path[ENDPOINT_PATH_MAX + 1];
    text_copy(path, sizeof(path), fault_proxy_endpoint(s.proxy)->path);
    assert_int_equal(access(path, F_OK), 0);
    stage_close(&s);
    assert_int_not_equal(access(path, F_OK), 0);
    close(fd);
    assert_int_equal(unit_descriptors(), before);
}

/* In a process of its own, told to stop by the end of a pipe. */
static void test_run_in_a_process(void **state UNUSED)
{
    struct stage s;
    int stop[2];
    int status = -1;

    stage_open(&s, (struct stage_options){.front = ENDPOINT_UDP, .back = ENDPOINT_UDP});
    assert_int_equal(pipe(stop), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(stop[1]);
        enum fault_run run = fault_proxy_run(s.proxy, stop[0], DEADLINE_NEVER);
        uint64_t passed = fault_proxy_counters(s.proxy)->ways[FAULT_UP].sent_datagrams;
        fault_proxy_close(s.proxy);
        _exit(run == FAULT_RUN_STOPPED && passed == 1 ? 0 : 1);
    }
    fault_proxy_abandon(s.proxy);
    s.proxy = NULL;
    int fd = dial_stage(&s);
    say(&s, fd, slice_str("hello"), NULL);
    assert_int_equal(net_recv_from(s.target_fd, heard, 100, NULL, deadline_in_ms(LONG_MS)).status,
                     NET_OK);
    close(stop[0]);
    close(stop[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(fd);
    stage_close(&s);
}

static void test_run_until(void **state UNUSED)
{
    struct stage s;
    int stop[2];

    stage_open(&s, (struct stage_options){.front = ENDPOINT_TCP, .back = ENDPOINT_TCP});
    assert_int_equal(pipe(stop), 0);
    int64_t deadline = deadline_in_ms(20);
    assert_int_equal(fault_proxy_run(s.proxy, stop[0], deadline), FAULT_RUN_DUE);
    assert_true(deadline_passed(deadline));
    close(stop[1]);
    assert_int_equal(fault_proxy_run(s.proxy, stop[0], DEADLINE_NEVER), FAULT_RUN_STOPPED);
    close(stop[0]);
    stage_close(&s);
}

static void test_what_does_not_go_together(void **state UNUSED)
{
    static const struct {
        const char *listen, *to, *schedule, *message;
    } rows[] = {
        {"tcp://127.0.0.1:0", "udp://127.0.0.1:9", "", "one endpoint is a stream and the other"},
        {"unix:x", "unix-dgram:y", "", "one endpoint is a stream and the other"},
        {"unix-seqpacket:x", "unix-seqpacket:y", "", "listen unix-seqpacket:x: unix-seqpacket is "},
        {"unix:x", "rpc+tcp://127.0.0.1:9/1/2", "", "to rpc+tcp://127.0.0.1:9/1/2: a proxy "},
        {"tcp://127.0.0.1:0", "tcp://127.0.0.1:0", "", "the port of the target is missing"},
        {"tcp://127.0.0.1:0", "tcp://127.0.0.1:9", "up: drop 1", "t:1:5: drop is for datagrams"},
        {"udp://127.0.0.1:0", "udp://127.0.0.1:9", "up: cut 1", "t:1:5: cut is for streams"},
        {"tcp://127.0.0.1:0", "tcp://nosuchhost.invalid:9", "", "does not resolve"},
        {"unix:/nonexistent/x", "unix:y", "", "cannot listen at unix:/nonexistent/x: No such"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fault_schedule schedule = {.count = 0};
        struct problem why = {.text = ""};
        struct endpoint listen, to;

        assert_true(endpoint_parse(rows[i].listen, &listen, &why));
        assert_true(endpoint_parse(rows[i].to, &to, &why));
        assert_true(fault_parse("t", rows[i].schedule, &schedule, &why));
        const struct fault_proxy_options o = {.listen = &listen, .to = &to, .schedule = &schedule};
        assert_null(fault_proxy_open(&o, &why));
        assert_contains(why.text, rows[i].message);
    }
}

/* ---- a storm ---- */

enum { STORM_LINES = 30, STORM_ROUNDS = 3000, STORM_MESSAGE = 9000 };

struct storm {
    struct stage stage;
    struct rng chance;
    int fds[2 * STORM_LINES]; /* of clients and servers */
    size_t count;
};

static void storm_accept(struct storm *s)
{
    int fd = accept4(s->stage.target_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0 && s->count < ARRAY_LEN(s->fds))
        s->fds[s->count++] = fd;
    else if (fd >= 0)
        net_reset(fd);
}

static void storm_dial(struct storm *s)
{
    if (s->count < STORM_LINES)
        s->fds[s->count++] = dial_stage(&s->stage);
}

/* One of them does something. */
static void storm_act(struct storm *s)
{
    size_t which = (size_t)rng_below(&s->chance, s->count);
    int fd = s->fds[which];

    switch (rng_below(&s->chance, 16)) {
    case 0:
        shutdown(fd, SHUT_WR);
        break;
    case 1:
        net_reset(fd);
        s->fds[which] = s->fds[--s->count];
        break;
    case 2:
        close(fd);
        s->fds[which] = s->fds[--s->count];
        break;
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
        (void)!send(fd, octets, (size_t)rng_below(&s->chance, STORM_MESSAGE),
                    MSG_NOSIGNAL | MSG_DONTWAIT);
        break;
    default:
        (void)!recv(fd, heard, 2 * STORM_MESSAGE, 0);
    }
}

static void storm_end(struct storm *s)
{
    while (s->count)
        net_reset(s->fds[--s->count]);
    while (fault_proxy_counters(s->stage.proxy)->active) {
        storm_accept(s);
        while (s->count)
            net_reset(s->fds[--s->count]);
        turn(&s->stage);
    }
}

/* Whoever comes, goes, sends, stalls and resets as chance has it: the proxy lives, everybody is
   gone at the end, and nothing is left. */
static void test_storm(void **state UNUSED)
{
    static const char *const schedules[] = {
        NULL,
        "both: cut 1-700; down: reset after 5000; up: stop after 300 for 1ms",
        "up: close after 2000; both: delay all by 1ms jitter 1ms; down: coalesce 300 pause 1ms",
    };
    static struct storm s;

    rng_seed(&s.chance, 1, "storm");
    for (size_t i = 0; i < ARRAY_LEN(streams) * ARRAY_LEN(schedules); i++) {
        unsigned before = unit_descriptors();

        stage_open(&s.stage, (struct stage_options){.front = streams[i % ARRAY_LEN(streams)].front,
                                                    .back = streams[i % ARRAY_LEN(streams)].back,
                                                    .schedule = schedules[i / ARRAY_LEN(streams)]});
        for (unsigned round = 0; round < STORM_ROUNDS; round++) {
            storm_accept(&s);
            if (rng_below(&s.chance, 8) == 0)
                storm_dial(&s);
            if (s.count)
                storm_act(&s);
            if (rng_below(&s.chance, 4) == 0)
                assert_true(fault_proxy_turn(s.stage.proxy, 0));
        }
        assert_true(fault_proxy_counters(s.stage.proxy)->clients > STORM_LINES);
        storm_end(&s);
        stage_close(&s.stage);
        assert_int_equal(unit_descriptors(), before);
    }
}

static int open_all(void **state)
{
    signal(SIGPIPE, SIG_IGN);
    fill();
    return program_open_folder(state);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_octets_pass),
        cmocka_unit_test(test_half_close),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_unix_reset_becomes_one_of_tcp),
        cmocka_unit_test(test_writing_to_who_is_gone),
        cmocka_unit_test(test_back_pressure),
        cmocka_unit_test(test_rooms_are_clean),
        cmocka_unit_test(test_pieces_are_seen_apart),
        cmocka_unit_test(test_reset_after),
        cmocka_unit_test(test_close_after),
        cmocka_unit_test(test_stop_and_delay),
        cmocka_unit_test(test_nobody_at_the_target),
        cmocka_unit_test(test_reset_behind_a_stall),
        cmocka_unit_test(test_bound_of_connections),
        cmocka_unit_test(test_bound_of_descriptors),
        cmocka_unit_test(test_borders),
        cmocka_unit_test(test_bursts),
        cmocka_unit_test(test_many_clients),
        cmocka_unit_test(test_one_client_suffers),
        cmocka_unit_test(test_replies_come_from_where_was_asked),
        cmocka_unit_test(test_faults_by_number),
        cmocka_unit_test(test_deformed),
        cmocka_unit_test(test_datagrams_wait),
        cmocka_unit_test(test_replies_wait),
        cmocka_unit_test(test_server_started_anew),
        cmocka_unit_test(test_bound_of_clients),
        cmocka_unit_test(test_idle_clients_are_forgotten),
        cmocka_unit_test(test_bound_of_what_is_held),
        cmocka_unit_test(test_equal_logs),
        cmocka_unit_test(test_descriptors_are_given_back),
        cmocka_unit_test(test_run_in_a_process),
        cmocka_unit_test(test_run_until),
        cmocka_unit_test(test_what_does_not_go_together),
        cmocka_unit_test(test_storm),
    };

    return cmocka_run_group_tests(tests, open_all, program_close_folder);
}
