/* The steps that speak: requests, replies, fences and ends. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/runner/between.h"
#include "conformance/runner/conn.h"
#include "conformance/runner/witness.h"
#include "harness/base/deadline.h"

enum {
    SWALLOW_CHUNK = 1 << 16,
    AGAIN_MS = 200,      /* a datagram that stays unanswered is first sent again after so long, */
    AGAIN_LATENCIES = 8, /* and so many times the usual reply; */
    MESSAGE_MAX = 1 << 17,
    AGAIN_BETWEEN_MS = 30, /* where a schedule is what loses them, after so long */
};

/* Sends all that is composed. Replies that come meanwhile are taken, or both sides might block. */
static void flush(struct check_ctx *c, struct conn *conn)
{
    int64_t deadline = conn_patience(c);
    char actual[OUTCOME_TEXT_MAX];

    while (check_alive(c) && conn_unsent(conn) > 0 && !conn->lost) {
        unsigned wishes = conn->ended ? CONN_WRITE : CONN_READ | CONN_WRITE;

        if (conn_move(c, conn, wishes, deadline)) {
            deadline = conn_patience(c);
        } else if (conn->ended || conn->lost) {
            break;
        } else {
            text_format(actual, sizeof(actual), "it takes no more for %.1f s; %zu octet%s to go",
                        (double)c->target.patience_ms / 1000, conn_unsent(conn),
                        text_s(conn_unsent(conn)));
            check_broken(c, "the target takes the request", "%s", actual);
        }
    }
}

/* A whole message in one piece: a datagram, or a record. Returns how often it may reach the target.
 */
static unsigned send_message(struct check_ctx *c, struct conn *conn, struct slice octets)
{
    int64_t deadline = conn_patience(c);
    struct net_io io;

    if (endpoint_is_datagram(&c->target.endpoint))
        conn_keep_pace(c);
    for (;;) {
        io = net_send_to(conn->fd, octets, conn->unconnected ? &conn->to : NULL, 0);
        if (io.status != NET_TIMEOUT || !check_alive(c))
            break;
        if (!conn_move(c, conn, CONN_READ, deadline_in_ms(1)) && deadline_passed(deadline))
            break;
    }
    if (!check_alive(c))
        return 0;
    conn_tell(c, conn, WHO_US, octets);
    if (io.status == NET_OK) {
        conn_record_message(c, conn, octets);
        return between_sent(c, conn, octets.len);
    }
    if (io.status == NET_REFUSED) {
        check_turned_away(c, "the target takes the message",
                          "it is refused: nobody is at the target's address");
    } else if (io.status == NET_TIMEOUT) {
        check_broken(c, "the target takes the message", "it takes none for %.1f s",
                     (double)c->target.patience_ms / 1000);
    } else if (io.status == NET_TROUBLE && io.error == EMSGSIZE) {
        check_skipped(c, "a message of %zu octet%s does not go through this socket", octets.len,
                      text_s(octets.len));
    } else if (io.status == NET_TROUBLE) {
        check_trouble(c, "send: %s", strerror(io.error));
    } else {
        conn->lost = true;
    }
    return 0;
}

void check_send_message(struct check_ctx *c, struct conn *conn, struct slice octets)
{
    if (check_alive(c))
        send_message(c, conn, octets);
}

bool check_try_message(struct check_ctx *c, struct conn *conn, struct buf *into,
                       int64_t deadline_us)
{
    if (!check_alive(c) || conn->lost)
        return false;
    buf_reset(into);
    uint8_t *at = buf_extend(into, MESSAGE_MAX);
    if (!at) {
        check_trouble(c, "out of memory");
        return false;
    }
    struct net_io io = net_recv_from(conn->fd, at, MESSAGE_MAX, &conn->from, deadline_us);
    into->len = size_min(io.len, MESSAGE_MAX);
    conn->lost = io.status != NET_OK && io.status != NET_TIMEOUT;
    if (io.status == NET_OK)
        check_tell_on(c, conn->number, EVENT_OCTETS, WHO_TARGET, buf_slice(into),
                      "a message of %zu octet%s", into->len, text_s(into->len));
    else if (conn->lost)
        check_tell_on(c, conn->number, EVENT_RESET, WHO_TARGET, slice_of(NULL, 0), "%s",
                      net_io_text(io));
    return io.status == NET_OK;
}

/* Sends what conn->out holds, as the medium wants it. */
static void send_out(struct check_ctx *c, struct conn *conn)
{
    if (exchange_medium(c->target.exchange) == EXCHANGE_OVER_STREAM) {
        flush(c, conn);
        return;
    }
    unsigned copies = send_message(c, conn, buf_slice(&conn->out));
    if (conn_owed(conn) > 0)
        conn->owed[conn->owed_count - 1].sent += copies;
    buf_reset(&conn->out);
}

void check_send(struct check_ctx *c, struct conn *conn)
{
    check_send_sized(c, conn, CHECK_BODY);
}

void check_send_sized(struct check_ctx *c, struct conn *conn, size_t size)
{
    if (!check_alive(c))
        return;
    conn_compose(c, conn, size, NULL);
    send_out(c, conn);
}

void check_send_body(struct check_ctx *c, struct conn *conn, struct slice body)
{
    if (!check_alive(c))
        return;
    conn_compose(c, conn, 0, &body);
    send_out(c, conn);
}

void check_compose(struct check_ctx *c, struct conn *conn, size_t size, struct buf *out)
{
    if (!check_alive(c))
        return;
    conn_compose(c, conn, size, NULL);
    buf_put(out, buf_slice(&conn->out));
    buf_reset(&conn->out);
}

bool check_try_octets(struct check_ctx *c, struct conn *conn, struct slice octets)
{
    if (!check_alive(c) || conn->lost)
        return false;
    conn->disturbed = true;
    struct net_io io = net_send(conn->fd, octets, conn_patience(c), c->target.patience_ms);
    check_tell_on(c, conn->number, EVENT_OCTETS, WHO_US, slice_sub(octets, 0, io.len),
                  "sent %zu of %zu octet%s", io.len, octets.len, text_s(octets.len));
    conn_record(c, conn, slice_sub(octets, 0, io.len));
    if (io.status == NET_TROUBLE)
        check_trouble(c, "send: %s", strerror(io.error));
    return io.status == NET_OK;
}

void check_send_octets(struct check_ctx *c, struct conn *conn, struct slice octets)
{
    if (!check_alive(c))
        return;
    if (exchange_medium(c->target.exchange) != EXCHANGE_OVER_STREAM) {
        send_message(c, conn, octets);
        return;
    }
    buf_put(&conn->out, octets);
    flush(c, conn);
}

bool conn_may_ask_again(const struct check_ctx *c)
{
    return !c->every && exchange_medium(c->target.exchange) == EXCHANGE_OVER_DATAGRAMS &&
           exchange_has(c->target.exchange, EXCHANGE_IDEMPOTENT);
}

void conn_ask_again(struct check_ctx *c, struct conn *conn)
{
    struct buf request;

    buf_init(&request, 1 << 17);
    for (size_t i = conn->owed_first; i < conn->owed_count && check_alive(c); i++) {
        buf_reset(&request);
        conn_request_again(c, conn, i, &request);
        uint32_t seq = conn->owed[i].seq;
        check_tell_on(c, conn->number, EVENT_WORDS, WHO_KIT, slice_of(NULL, 0),
                      "no reply to request %08x; it is sent again", seq);
        conn_reaches(conn, seq, send_message(c, conn, buf_slice(&request)));
    }
    buf_free(&request);
}

/* The reply may come until the deadline, or the next request; with the deadline over, only until
   that. */
static int64_t await_until(int64_t again, int64_t deadline)
{
    bool over = deadline_passed(deadline) && again != DEADLINE_NEVER;

    return over || again < deadline ? again : deadline;
}

/* Waits until one more reply is matched. True where it is. With `insists` the deadline holds only
   where silence is the target's, not the network's. */
static bool await_reply(struct check_ctx *c, struct conn *conn, int64_t deadline, bool insists)
{
    uint64_t wanted = conn->answered + 1;
    int64_t patience = c->target.patience_ms;
    int64_t pause_ms =
        (c->between ? AGAIN_BETWEEN_MS : AGAIN_MS) + AGAIN_LATENCIES * c->target.latency_us / 1000;
    int64_t again = conn_may_ask_again(c) ? deadline_in_ms(pause_ms) : DEADLINE_NEVER;

    while (check_alive(c) && conn->answered < wanted) {
        if (conn->ended || conn->lost)
            return false;
        if (conn_move(c, conn, CONN_READ, await_until(again, deadline))) {
            /* As long as octets arrive the target is at work; silence is what is bounded. */
            int64_t later = deadline_in_ms(patience);

            deadline = later > deadline ? later : deadline;
        } else if (!conn->ended && !conn->lost) {
            insists = insists && again != DEADLINE_NEVER;
            if (deadline_passed(deadline) && !(insists && !between_silence_is_theirs(c, conn)))
                return false;
            conn_ask_again(c, conn);
            pause_ms *= c->between ? 1 : 2;
            again = deadline_in_ms(pause_ms);
        }
    }
    return check_alive(c);
}

bool check_try_reply(struct check_ctx *c, struct conn *conn, int64_t deadline_us)
{
    if (!check_alive(c) || conn_owed(conn) == 0)
        return false;
    return await_reply(c, conn, deadline_us, false);
}

bool conn_met(struct check_ctx *c, struct conn *conn, unsigned ms)
{
    struct buf message;

    check_send(c, conn);
    if (exchange_has(c->target.exchange, EXCHANGE_REPLIES))
        return check_try_reply(c, conn, deadline_in_ms(ms));
    buf_init(&message, MESSAGE_MAX);
    check_try_message(c, conn, &message, deadline_in_ms(ms));
    buf_free(&message);
    return check_alive(c) && !conn->lost;
}

void check_reply(struct check_ctx *c, struct conn *conn)
{
    char expected[OUTCOME_TEXT_MAX];
    char actual[OUTCOME_TEXT_MAX];

    if (!check_alive(c))
        return;
    if (conn_owed(conn) == 0) { /* it came already, while a later request was sent */
        check_met(c);
        return;
    }
    if (await_reply(c, conn, conn_patience(c), true)) {
        check_met(c);
        return;
    }
    if (conn_waits_in_line(c, conn))
        return;
    text_format(expected, sizeof(expected), "the reply to request %08x",
                conn->owed[conn->owed_first].seq);
    conn_silence_text(c, conn, actual, sizeof(actual));
    if (!conn->ended && !conn->lost)
        check_tell_on(c, conn->number, EVENT_WORDS, WHO_KIT, slice_of(NULL, 0), "%s", actual);
    if (!conn->ended && !conn->lost && check_alive(c))
        c->outcome->silent = c->outcome->stalled = true;
    bool away = conn->lost && endpoint_is_datagram(&c->target.endpoint);
    if (away || ((conn->ended || conn->lost) && !conn->heard && !conn->disturbed))
        check_turned_away(c, expected, actual);
    else
        check_broken(c, expected, "%s", actual);
}

void check_replies(struct check_ctx *c, struct conn *conn)
{
    do {
        check_reply(c, conn);
    } while (check_alive(c) && conn_owed(conn) > 0);
}

void check_exchange(struct check_ctx *c, struct conn *conn)
{
    check_send(c, conn);
    check_reply(c, conn);
}

void check_fence(struct check_ctx *c, struct conn *conn)
{
    check_replies(c, conn);
    check_tell_on(c, conn->number, EVENT_WORDS, WHO_KIT, slice_of(NULL, 0),
                  "a fence: one more exchange shows that nothing else was on its way");
    check_exchange(c, conn);
}

/* Reads until the connection is over; any octet on the way breaks the claim. */
static void await_over(struct check_ctx *c, struct conn *conn, const char *expected)
{
    char actual[OUTCOME_TEXT_MAX];
    size_t came = 0;

    while (check_alive(c) && !conn->ended && !conn->lost) {
        if (!conn_move(c, conn, CONN_READ, conn_patience(c)) && !conn->ended && !conn->lost)
            break;
        came = conn->in.len - conn->in_at;
        if (came > 0)
            break;
    }
    if (!check_alive(c) || ((conn->ended || conn->lost) && came == 0))
        return;
    conn_silence_text(c, conn, actual, sizeof(actual));
    if (came > 0)
        check_broken(c, expected, "%zu octet%s that nobody asked for", came, text_s(came));
    check_tell_on(c, conn->number, EVENT_WORDS, WHO_KIT, slice_of(NULL, 0), "%s", actual);
    check_broken(c, expected, "%s", actual);
}

void check_eof(struct check_ctx *c, struct conn *conn)
{
    await_over(c, conn, "end of file");
    if (conn->lost)
        check_broken(c, "end of file", "the connection is reset");
    check_met(c);
}

void check_end(struct check_ctx *c, struct conn *conn)
{
    await_over(c, conn, "the end of the connection");
    check_met(c);
}

void check_gather(struct check_ctx *c, struct conn *conn, size_t want, struct buf *into)
{
    /* What came in while we were sending is in the connection's buffer already. */
    struct slice early = slice_sub(buf_slice(&conn->in), conn->in_at, want - into->len);

    buf_put(into, early);
    conn->in_at += early.len;
    while (check_alive(c) && into->len < want && !conn->ended && !conn->lost) {
        size_t room = want - into->len;
        uint8_t *at = buf_extend(into, room);
        if (!at) {
            check_trouble(c, "%zu octets do not fit", want);
            return;
        }
        struct net_io io =
            net_recv(conn->fd, at, room,
                     exchange_medium(c->target.exchange) != EXCHANGE_OVER_STREAM, conn_patience(c));

        into->len -= room - io.len;
        conn->ended = io.status == NET_EOF;
        conn->lost = io.status != NET_OK && io.status != NET_EOF && io.status != NET_TIMEOUT;
        if (io.status != NET_OK)
            break;
        check_tell_on(c, conn->number, EVENT_OCTETS, WHO_TARGET, slice_of(at, io.len),
                      "%zu octet%s", io.len, text_s(io.len));
    }
}

size_t check_swallow(struct check_ctx *c, struct conn *conn, size_t limit, int64_t deadline_us)
{
    static uint8_t octets[SWALLOW_CHUNK];
    size_t came = 0;

    while (check_alive(c) && came < limit && !conn->ended && !conn->lost) {
        struct net_io io =
            net_recv(conn->fd, octets, size_min(sizeof(octets), limit - came),
                     exchange_medium(c->target.exchange) != EXCHANGE_OVER_STREAM, deadline_us);

        if (io.status == NET_TIMEOUT)
            break;
        if (io.status == NET_EOF)
            conn->ended = true;
        else if (io.status != NET_OK)
            conn->lost = true;
        came += io.len;
        if (io.status == NET_OK)
            witness_act(c, conn, EVENT_OCTETS, WHO_TARGET, slice_of(octets, io.len));
    }
    enum event_kind kind = conn->ended ? EVENT_ENDED : conn->lost ? EVENT_RESET : EVENT_WORDS;
    check_tell_on(c, conn->number, kind, WHO_TARGET, slice_of(NULL, 0), "%zu octet%s, not judged%s",
                  came, text_s(came),
                  conn->ended  ? ", end of file"
                  : conn->lost ? ", reset"
                               : "");
    return came;
}

static void probe_once(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    if (exchange_has(c->target.exchange, EXCHANGE_REPLIES)) {
        check_exchange(c, conn);
    } else if (exchange_has(c->target.exchange, EXCHANGE_SOURCE)) {
        if (check_swallow(c, conn, 1, conn_patience(c)) == 0)
            check_broken(c, "octets without end", "none");
        check_met(c);
    } else if (exchange_medium(c->target.exchange) != EXCHANGE_OVER_DATAGRAMS) {
        check_shut(c, conn, SHUT_WR);
        check_end(c, conn);
    }
    check_close(c, conn);
}

/* A server with a loop over what is ready may serve the probe before what came ahead of it, but not
   the next one: that comes when the round is over. */
void check_probe(struct check_ctx *c)
{
    bool every = c->every;

    if (!check_alive(c))
        return;
    check_tell(c, WHO_KIT, slice_of(NULL, 0), "a probe: does the target still serve?");
    c->every = false; /* the queue that a check has filled may lose a probe */
    probe_once(c);
    if (!endpoint_is_datagram(&c->target.endpoint))
        probe_once(c);
    c->every = every;
}
