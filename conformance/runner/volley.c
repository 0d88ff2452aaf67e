/* Datagrams in bursts, many to a system call (sendmmsg(2), recvmmsg(2)). */
#include "conformance/runner/volley.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/runner/conn.h"
#include "harness/base/deadline.h"

enum {
    SPREAD = 61,    /* so many lengths has a body, one after the other */
    SEQ_BITS = 26,  /* of a number for the count on a socket, the rest for the socket */
    BACK = 64,      /* so many requests back a second reply is known as one */
    ROOM = 1 << 16, /* octets of a datagram */
    BURST_OCTETS = 1 << 22,
    US_PER_MS = 1000,
};

struct gun {
    int fd;
    uint32_t first; /* number of the first request of the burst */
    unsigned count; /* in the burst */
    unsigned sent;
    uint32_t owed;       /* a bit for each request of the burst */
    int64_t moved_us;    /* when it last began a burst or got a reply */
    struct buf requests; /* the burst as octets */
    size_t ends[VOLLEY_BURST_MAX];
};

struct volley {
    struct check_ctx *c;
    struct volley_options options;
    struct volley_tally tally;
    uint64_t begun; /* datagrams, those that are not sent yet included */
    uint64_t answered;
    uint64_t drops; /* of the kernel at the target's socket, before */
    struct gun guns[VOLLEY_SOCKETS_MAX];
    struct buf body;
    uint8_t room[VOLLEY_BURST_MAX][ROOM];
};

static uint64_t drops(struct check_ctx *c)
{
    if (endpoint_is_unix(&c->target.endpoint))
        return 0;
    return check_bound(c, address_port(&c->target.address)).drops;
}

static unsigned number_of(const struct volley *v, const struct gun *g)
{
    return (unsigned)(g - v->guns) + 1;
}

static struct ask ask_of(struct volley *v, uint32_t number)
{
    size_t size = v->options.size + number * 7 % SPREAD;

    buf_reset(&v->body);
    exchange_body(v->c->target.exchange, number, size, &v->body);
    return (struct ask){.seq = number, .body = buf_slice(&v->body)};
}

/* ---- bursts ---- */

static void compose_burst(struct volley *v, struct gun *g, unsigned count)
{
    g->first += g->count;
    g->count = count;
    g->sent = 0;
    g->owed = count == VOLLEY_BURST_MAX ? UINT32_MAX : (1U << count) - 1;
    g->moved_us = deadline_now_us();
    v->begun += count;
    buf_reset(&g->requests);
    for (unsigned i = 0; i < count; i++) {
        struct ask ask = ask_of(v, g->first + i);

        exchange_request(v->c->target.exchange, &ask, &g->requests);
        g->ends[i] = g->requests.len;
    }
    if (g->requests.failed || v->body.failed)
        check_trouble(v->c, "a burst does not fit into %d octets", BURST_OCTETS);
}

static void settle_error(struct volley *v, const struct gun *g, int error)
{
    if (error == EAGAIN || error == EINTR || error == ENOBUFS)
        return;
    check_tell(v->c, WHO_TARGET, slice_of(NULL, 0), "socket %u: %s", number_of(v, g),
               strerror(error));
    if (error == ECONNREFUSED || error == ENOENT || error == ECONNRESET)
        check_turned_away(v->c, "the target takes datagrams",
                          "it is refused: nobody is at the target's address");
    else
        check_trouble(v->c, "socket %u: %s", number_of(v, g), strerror(error));
}

/* As many of the burst as the socket takes. */
static void send_burst(struct volley *v, struct gun *g)
{
    struct mmsghdr messages[VOLLEY_BURST_MAX] = {0};
    struct iovec parts[VOLLEY_BURST_MAX];
    unsigned left = g->count - g->sent;

    for (unsigned i = 0; i < left; i++) {
        size_t at = g->sent + i == 0 ? 0 : g->ends[g->sent + i - 1];

        parts[i] =
            (struct iovec){.iov_base = g->requests.data + at, .iov_len = g->ends[g->sent + i] - at};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    int n = sendmmsg(g->fd, messages, left, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0)
        g->sent += (unsigned)n;
    else
        settle_error(v, g, errno);
}

/* ---- replies ---- */

static bool answers(struct volley *v, uint32_t number, struct slice in, struct mismatch *why)
{
    struct ask ask = ask_of(v, number);
    size_t used = 0;

    if (exchange_match(v->c->target.exchange, &ask, in, true, &used, why) != MATCH_WHOLE)
        return false;
    if (used == in.len)
        return true;
    why->offset = used;
    text_copy(why->expected, sizeof(why->expected), "the end");
    text_format(why->actual, sizeof(why->actual), "%zu octet%s more", in.len - used,
                text_s(in.len - used));
    return false;
}

/* What answers nothing that is open: a second reply, or a wrong one. */
static void settle_stray(struct volley *v, const struct gun *g, struct slice in,
                         const struct mismatch *oldest)
{
    struct mismatch why = {0};
    uint32_t begin = (number_of(v, g) << SEQ_BITS);
    char expected[OUTCOME_TEXT_MAX];

    check_tell(v->c, WHO_TARGET, in, "socket %u: %zu octet%s", number_of(v, g), in.len,
               text_s(in.len));
    for (uint32_t n = g->first + g->count; n > begin && n + BACK > g->first; n--) {
        if (answers(v, n - 1, in, &why)) {
            check_broken(v->c, "one reply to each request", "a second reply to request %08x",
                         n - 1);
            return;
        }
    }
    for (unsigned i = 0; i < v->options.sockets; i++) {
        const struct gun *other = &v->guns[i];

        for (unsigned k = 0; k < other->count && other != g; k++) {
            if (answers(v, other->first + k, in, &why))
                check_broken(v->c, "replies to one's own requests alone",
                             "the reply to request %08x, which socket %u sent, on socket %u",
                             other->first + k, number_of(v, other), number_of(v, g));
        }
    }
    text_format(expected, sizeof(expected), "%s at octet %zu of a reply on socket %u",
                oldest->expected, oldest->offset, number_of(v, g));
    check_broken(v->c, expected, "%s", oldest->actual);
}

static void take_reply(struct volley *v, struct gun *g, struct slice in)
{
    struct mismatch oldest = {.expected = "nothing: no request is open", .actual = "a datagram"};
    bool first = true;

    for (unsigned i = 0; i < g->sent; i++) {
        struct mismatch why = {0};

        if (!(g->owed & 1U << i))
            continue;
        if (answers(v, g->first + i, in, &why)) {
            g->owed &= ~(1U << i);
            v->answered++;
            return;
        }
        oldest = first ? why : oldest;
        first = false;
    }
    settle_stray(v, g, in, &oldest);
}

static void receive(struct volley *v, struct gun *g)
{
    struct mmsghdr messages[VOLLEY_BURST_MAX] = {0};
    struct iovec parts[VOLLEY_BURST_MAX];

    for (unsigned i = 0; i < VOLLEY_BURST_MAX; i++) {
        parts[i] = (struct iovec){.iov_base = v->room[i], .iov_len = ROOM};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    int n = recvmmsg(g->fd, messages, VOLLEY_BURST_MAX, MSG_DONTWAIT, NULL);
    if (n < 0)
        settle_error(v, g, errno);
    else
        g->moved_us = deadline_now_us();
    for (int i = 0; i < n && check_alive(v->c); i++)
        take_reply(v, g, slice_of(v->room[i], messages[i].msg_len));
}

/* ---- the whole ---- */

static void settle_loss(struct volley *v, const struct gun *g)
{
    uint64_t now = drops(v->c); /* 0 where the socket is gone */
    uint64_t dropped = now > v->drops ? now - v->drops : 0;
    unsigned lost = 0;
    uint32_t first = 0;

    for (unsigned i = g->count; i-- > 0;) {
        if (g->owed & 1U << i) {
            lost++;
            first = g->first + i;
        }
    }
    if (dropped > 0) {
        check_skipped(v->c,
                      "the receive buffer of the target is too small for %u datagrams: the kernel "
                      "dropped %llu",
                      v->options.sockets * v->options.burst, (unsigned long long)dropped);
        return;
    }
    v->c->outcome->silent = v->c->outcome->stalled = true;
    check_broken(v->c, "a reply to each datagram of every burst",
                 "none to %u of a burst of %u for %.1f s, request %08x first, after %llu replies; "
                 "the kernel dropped none",
                 lost, g->count, (double)v->c->target.patience_ms / 1000, first,
                 (unsigned long long)v->answered);
}

/* Waits until a socket can move; then moves those that can. */
static void turn(struct volley *v)
{
    struct pollfd fds[VOLLEY_SOCKETS_MAX];
    int64_t patience_us = v->c->target.patience_ms * US_PER_MS;
    int64_t until = DEADLINE_NEVER;

    for (unsigned i = 0; i < v->options.sockets; i++) {
        const struct gun *g = &v->guns[i];
        short wish = g->sent < g->count ? POLLIN | POLLOUT : POLLIN;

        fds[i] = (struct pollfd){.fd = g->fd, .events = wish};
        if (g->owed && g->moved_us + patience_us < until)
            until = g->moved_us + patience_us;
    }
    if (poll(fds, v->options.sockets, deadline_poll_ms(until)) < 0 && errno != EINTR)
        check_trouble(v->c, "poll: %s", strerror(errno));
    for (unsigned i = 0; i < v->options.sockets && check_alive(v->c); i++) {
        struct gun *g = &v->guns[i];

        if (fds[i].revents & (POLLIN | POLLERR))
            receive(v, g);
        if (fds[i].revents & POLLOUT && g->sent < g->count && check_alive(v->c))
            send_burst(v, g);
        if (g->owed && deadline_passed(g->moved_us + patience_us))
            settle_loss(v, g);
    }
}

/* Gives every socket that is free a burst, as long as there is something to send. True as long as
   anything is under way. */
static bool load_guns(struct volley *v, uint64_t count)
{
    bool on = false;

    for (unsigned i = 0; i < v->options.sockets && check_alive(v->c); i++) {
        struct gun *g = &v->guns[i];

        if (!g->owed && v->begun < count) {
            uint64_t left = count - v->begun;

            compose_burst(v, g, left < v->options.burst ? (unsigned)left : v->options.burst);
            send_burst(v, g);
        }
        on |= g->owed != 0;
    }
    return on && check_alive(v->c);
}

static void open_guns(struct volley *v)
{
    struct check_ctx *c = v->c;

    for (unsigned i = 0; i < v->options.sockets && check_alive(c); i++) {
        struct gun *g = &v->guns[i];
        struct net_io io = net_dial(&c->target.address, NULL, conn_patience(c), &g->fd);

        if (io.status == NET_TROUBLE)
            check_trouble(c, "cannot connect: %s", strerror(io.error));
        else if (io.status != NET_OK)
            check_turned_away(c, "the target takes datagrams", net_io_text(io));
        g->first = number_of(v, g) << SEQ_BITS;
    }
}

static void fire(struct volley *v)
{
    int64_t from = deadline_now_us();
    int64_t last = deadline_in_ms(v->options.time_ms);

    v->drops = drops(v->c);
    while (load_guns(v, deadline_passed(last) ? 0 : v->options.count)) {
        turn(v);
        if (deadline_passed(v->c->too_long_us))
            check_skipped(v->c, "the target is too slow for this check");
    }
    v->tally = (struct volley_tally){.answered = v->answered, .took_us = deadline_now_us() - from};
    /* One more on each socket: a fence. */
    for (unsigned i = 0; i < v->options.sockets && check_alive(v->c); i++) {
        compose_burst(v, &v->guns[i], 1);
        send_burst(v, &v->guns[i]);
    }
    while (load_guns(v, 0))
        turn(v);
}

struct volley_tally volley_run(struct check_ctx *c, const struct volley_options *options)
{
    struct volley_tally tally = {0};
    struct volley *v = check_alive(c) ? calloc(1, sizeof(*v)) : NULL;

    if (!v) {
        check_trouble(c, "out of memory");
        return tally;
    }
    v->c = c;
    v->options = *options;
    buf_init(&v->body, BURST_OCTETS);
    for (unsigned i = 0; i < VOLLEY_SOCKETS_MAX; i++) {
        v->guns[i].fd = -1;
        buf_init(&v->guns[i].requests, BURST_OCTETS);
    }
    open_guns(v);
    if (check_alive(c))
        fire(v);
    if (check_alive(c))
        check_met(c);
    tally = v->tally;
    for (unsigned i = 0; i < VOLLEY_SOCKETS_MAX; i++) {
        if (v->guns[i].fd >= 0)
            close(v->guns[i].fd);
        buf_free(&v->guns[i].requests);
    }
    buf_free(&v->body);
    free(v);
    return tally;
}
