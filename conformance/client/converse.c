/* The steps of a client check: connections that come in, requests and replies. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "conformance/client/play.h"
#include "conformance/runner/conn.h"
#include "harness/base/deadline.h"

enum {
    STEP_MS = 20,   /* so often a client is looked at that says nothing */
    SETTLE_MS = 60, /* in the rehearsal: the rest of a first request comes within it */
    CHUNK = 1 << 16,
    HELD_MAX = 2 << 20,
    STOPPED_MS = 5,
    CANNOT_RUN = 126, /* of the shell, sh(1) */
    NOT_FOUND = 127,
    REPLY_MAX = 17 << 20,
};

/* ---- time ---- */

bool play_over(struct check_ctx *c)
{
    return process_ended(&play_of(c)->process);
}

short play_wait(struct check_ctx *c, int fd, short events, int64_t deadline_us)
{
    struct client_play *p = play_of(c);
    struct pollfd fds[3] = {{.fd = fd, .events = events},
                            {.fd = p->process.out, .events = POLLIN},
                            {.fd = p->process.err, .events = POLLIN}};
    int64_t step = deadline_in_ms(play_over(c) ? 0 : STEP_MS);
    int left = deadline_poll_ms(deadline_us < step ? deadline_us : step);

    if (poll(fds, ARRAY_LEN(fds), left) <= 0)
        return 0;
    process_read(&p->process);
    return fds[0].revents;
}

void client_pause(struct check_ctx *c, unsigned ms)
{
    int64_t deadline = deadline_in_ms(ms);

    while (check_alive(c) && !deadline_passed(deadline) && !play_over(c))
        play_wait(c, -1, 0, deadline);
}

void client_let_read(struct check_ctx *c, const struct conn *conn, unsigned ms)
{
    int64_t began_us = deadline_now_us();

    client_pause(c, ms);
    while (!play_over(c) && conn_unread(c, conn, began_us))
        client_pause(c, 1);
}

void client_interrupt(struct check_ctx *c, unsigned times)
{
    const struct client_play *p = play_of(c);

    for (unsigned i = 0; i < times && check_alive(c) && !play_over(c); i++) {
        kill(-p->process.pid, SIGSTOP);
        client_pause(c, STOPPED_MS);
        kill(-p->process.pid, SIGCONT);
        client_pause(c, STOPPED_MS);
    }
}

/* ---- connections ---- */

struct conn *client_try_accept(struct check_ctx *c, int64_t deadline_us)
{
    struct client_play *p = check_alive(c) ? play_of(c) : NULL;

    if (!p || p->serving)
        return p ? p->serving : NULL;
    for (;;) {
        bool over =
            play_over(c); /* looked at first: what it did before its end is seen behind it */
        int fd = accept4(p->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            struct conn *conn = conn_serve(c, fd);
            char where[ADDRESS_TEXT_MAX];

            conn->raw = true;
            p->connections++;
            address_format(&p->address, where, sizeof(where));
            check_tell_on(c, conn->number, EVENT_OPENED, WHO_TARGET, slice_of(NULL, 0),
                          "it connects to %s", where);
            return conn;
        }
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            check_trouble(c, "accept: %s", strerror(errno));
            return NULL;
        }
        if (over || deadline_passed(deadline_us))
            return NULL;
        play_wait(c, p->listener, POLLIN, deadline_us);
    }
}

/* A connection that is over, for steps behind a check that is settled. */
static struct conn *no_conn(struct check_ctx *c)
{
    struct conn *conn = conn_serve(c, -1);

    conn->lost = conn->raw = true;
    return conn;
}

/* Nothing came. A command that the shell does not find, or may not run, is not the client's fault.
 */
static void blame(struct check_ctx *c, const char *expected, const char *came)
{
    const struct client_play *p = play_of(c);
    char end[OUTCOME_TEXT_MAX];

    if (!check_alive(c))
        return;
    play_end_text(c, end, sizeof(end));
    if (p->process.ended && WIFEXITED(p->process.status) &&
        (WEXITSTATUS(p->process.status) == CANNOT_RUN ||
         WEXITSTATUS(p->process.status) == NOT_FOUND)) {
        c->outcome->asked_for = true;
        check_trouble(c, "it cannot be started: %s", end);
    } else {
        check_broken(c, expected, "%s%s", came, end);
    }
}

struct conn *client_accept(struct check_ctx *c)
{
    struct conn *conn = client_try_accept(c, conn_patience(c));

    if (conn)
        return conn;
    blame(c, "the client connects", "");
    return no_conn(c);
}

/* ---- what comes ---- */

static bool keeps_borders(const struct check_ctx *c)
{
    return c->target.endpoint.kind != ENDPOINT_TCP && c->target.endpoint.kind != ENDPOINT_UNIX;
}

static void note_datagram(struct check_ctx *c, const struct conn *conn)
{
    struct client_play *p = play_of(c);
    char from[ADDRESS_TEXT_MAX];

    address_format(&conn->from, from, sizeof(from));
    p->last_from = conn->from;
    if (p->datagrams < CLIENT_COPIES)
        p->arrivals[p->datagrams] = deadline_now_us();
    p->datagrams++;
    check_tell_on(c, conn->number, EVENT_OCTETS, WHO_TARGET, buf_slice(&conn->in),
                  "a datagram of %zu octet%s", conn->in.len, text_s(conn->in.len));
}

static void note_end(struct check_ctx *c, struct conn *conn, struct net_io io)
{
    if (io.status == NET_TIMEOUT)
        return;
    conn->ended = conn->ended || io.status == NET_EOF;
    conn->lost = conn->lost || io.status == NET_RESET;
    if (io.status == NET_EOF || io.status == NET_RESET)
        check_tell_on(c, conn->number, io.status == NET_EOF ? EVENT_ENDED : EVENT_RESET, WHO_TARGET,
                      slice_of(NULL, 0), "%s", net_io_text(io));
    else if (io.status == NET_TROUBLE)
        check_trouble(c, "recv: %s", net_io_text(io));
}

/* Where nobody has taken so much so far, it is more than any request: the client may wait with the
   rest. */
int play_ear(const struct conn *conn)
{
    return conn->ended || conn->lost || conn->in.len >= HELD_MAX ? -1 : conn->fd;
}

bool play_receive(struct check_ctx *c, struct conn *conn)
{
    static uint8_t octets[CHUNK];
    bool datagram = endpoint_is_datagram(&c->target.endpoint);
    struct net_io io;

    if (play_ear(conn) < 0)
        return false;
    if (datagram)
        io = net_recv_from(conn->fd, octets, sizeof(octets), &conn->from, 0);
    else
        io = net_recv(conn->fd, octets, sizeof(octets), keeps_borders(c), 0);
    if (io.status != NET_OK) {
        note_end(c, conn, io);
        return false;
    }
    conn->heard = true;
    conn->heard_octets += io.len;
    if (keeps_borders(c)) {
        buf_reset(&conn->in);
        conn->in_at = 0;
        conn->fresh = true;
    }
    buf_put(&conn->in, slice_of(octets, size_min(io.len, sizeof(octets))));
    if (datagram)
        note_datagram(c, conn);
    else
        conn_tell(c, conn, WHO_TARGET, slice_of(octets, io.len));
    return true;
}

bool client_hear(struct check_ctx *c, struct conn *conn, int64_t deadline_us)
{
    while (check_alive(c)) {
        if (play_receive(c, conn))
            return true;
        if (conn->ended || conn->lost || conn->fd < 0 || deadline_passed(deadline_us))
            return false;
        play_wait(c, play_ear(conn), POLLIN, deadline_us);
    }
    return false;
}

/* A first request is learned whole: nobody knows yet where it ends. */
static void let_settle(struct check_ctx *c, struct conn *conn)
{
    int64_t quiet = deadline_in_ms(SETTLE_MS);

    while (check_alive(c) && !deadline_passed(quiet) && !conn->ended && !conn->lost) {
        play_wait(c, play_ear(conn), POLLIN, quiet);
        if (play_receive(c, conn))
            quiet = deadline_in_ms(SETTLE_MS);
    }
}

bool client_try_request(struct check_ctx *c, struct conn *conn, struct client_request *ret,
                        int64_t deadline_us)
{
    while (check_alive(c)) {
        bool over = play_over(c);
        bool came = !conn->fresh && play_receive(c, conn);

        if (came && !play_of(c)->client->facts.works && !keeps_borders(c))
            let_settle(c, conn);
        if (speech_take(c, conn, ret)) {
            if (ret->number < CLIENT_TEXTS)
                play_of(c)->asked |= 1U << ret->number;
            return true;
        }
        if (came && !deadline_passed(deadline_us))
            continue;
        if (over || conn->ended || conn->lost || deadline_passed(deadline_us))
            return false;
        play_wait(c, play_ear(conn), POLLIN, deadline_us);
    }
    return false;
}

/* Pings are answered by the way: what is tried is what the client asks for. */
struct client_request client_request(struct check_ctx *c, struct conn *conn)
{
    struct client_request r = {.number = CLIENT_TEXTS};
    int64_t deadline = conn_patience(c);
    char came[128];

    while (client_try_request(c, conn, &r, deadline)) {
        if (!speech_is_ping(c, &r))
            return r;
        client_answer(c, conn, &r, CLIENT_TRUE);
    }
    text_format(came, sizeof(came), "%zu octet%s came, then %s; ", conn->in.len - conn->in_at,
                text_s(conn->in.len - conn->in_at),
                conn->ended  ? "end of file"
                : conn->lost ? "a reset"
                             : "nothing more");
    blame(c, "a whole request", came);
    return (struct client_request){.number = CLIENT_TEXTS};
}

/* ---- what goes ---- */

/* What our machine does not let us say is no answer that the client could have had. */
static void say_failed(struct check_ctx *c, struct net_io io)
{
    if (io.status == NET_TROUBLE)
        check_trouble(c, "send: %s", net_io_text(io));
}

void client_say(struct check_ctx *c, struct conn *conn, struct slice octets)
{
    int64_t deadline = conn_patience(c);
    size_t at = 0;

    if (!check_alive(c) || conn->lost || conn->fd < 0)
        return;
    conn_tell(c, conn, WHO_US, octets);
    if (endpoint_is_datagram(&c->target.endpoint)) {
        say_failed(c, net_send_to(conn->fd, octets, &conn->from, deadline));
        return;
    }
    while (check_alive(c) && at < octets.len && !deadline_passed(deadline)) {
        struct net_io io = net_send_some(conn->fd, slice_from(octets, at), 0);

        at += io.len;
        if (io.len > 0)
            deadline = conn_patience(c); /* as long as it takes any, it is not out of time */
        if (io.status == NET_TIMEOUT) {
            play_wait(c, conn->fd, POLLOUT, deadline);
        } else if (io.status != NET_OK) {
            conn->lost = true;
            check_tell_on(c, conn->number, EVENT_RESET, WHO_TARGET, slice_of(NULL, 0), "%s",
                          net_io_text(io));
            say_failed(c, io);
            return;
        }
    }
}

size_t client_offer(struct check_ctx *c, struct conn *conn, struct slice octets)
{
    if (!check_alive(c) || conn->lost || conn->fd < 0 || octets.len == 0)
        return 0;
    struct net_io io = net_send_some(conn->fd, octets, 0);
    conn->lost = io.status != NET_OK && io.status != NET_TIMEOUT;
    say_failed(c, io);
    return io.len;
}

bool client_move(struct check_ctx *c, struct conn *conn, bool offers, int64_t deadline_us)
{
    while (check_alive(c) && !play_receive(c, conn)) {
        short ready;

        if (conn->ended || conn->lost || conn->fd < 0 || deadline_passed(deadline_us))
            return false;
        ready = play_wait(c, conn->fd, (short)(POLLIN | (offers ? POLLOUT : 0)), deadline_us);
        if (ready & POLLOUT)
            return true;
    }
    return check_alive(c);
}

void client_answer(struct check_ctx *c, struct conn *conn, const struct client_request *r,
                   enum client_truth truth)
{
    struct client_play *p = play_of(c);
    struct buf reply;

    buf_init(&reply, REPLY_MAX);
    client_compose(c, r, truth, &reply);
    client_say(c, conn, buf_slice(&reply));
    if (check_alive(c) && truth == CLIENT_TRUE && r->number < CLIENT_TEXTS)
        p->answered |= 1U << r->number;
    buf_free(&reply);
}

/* From a socket of its own, which the client has never asked anything. */
static void say_from(struct check_ctx *c, struct conn *conn, struct slice octets,
                     const struct address *from)
{
    struct endpoint at;
    struct problem why;
    char where[ADDRESS_TEXT_MAX];

    if (!check_alive(c))
        return;
    address_format(from, where, sizeof(where));
    address_to_endpoint(from, &at);
    int fd = net_listen(&at, 1, &why);
    if (fd < 0) {
        check_trouble(c, "%s", why.text);
        return;
    }
    if (address_port(from) == 0)
        check_tell(c, WHO_US, octets, "from another port of ours:");
    else
        check_tell(c, WHO_US, octets, "from another place, %s, not our address:", where);
    say_failed(c, net_send_to(fd, octets, &conn->from, conn_patience(c)));
    close(fd);
    net_forget(&at);
}

void client_say_from_port(struct check_ctx *c, struct conn *conn, struct slice octets)
{
    struct address from;

    if (!check_alive(c))
        return;
    from = play_of(c)->address;
    address_set_port(&from, 0);
    say_from(c, conn, octets, &from);
}

void client_say_from_host(struct check_ctx *c, struct conn *conn, struct slice octets, uint8_t host)
{
    struct address from;

    if (!check_alive(c))
        return;
    address_loopback(&from, AF_INET, SOCK_DGRAM, host, address_port(&play_of(c)->address));
    say_from(c, conn, octets, &from);
}

unsigned client_datagrams(const struct check_ctx *c)
{
    return play_of(c) ? play_of(c)->datagrams : 0;
}

int64_t client_arrival_us(const struct check_ctx *c, unsigned i)
{
    const struct client_play *p = play_of(c);

    return p && i < CLIENT_COPIES ? p->arrivals[i] : 0;
}
