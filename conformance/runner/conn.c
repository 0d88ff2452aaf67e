/* Connections of a check: dialling, moving octets, matching replies to what is owed. */
#include "conformance/runner/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/runner/between.h"
#include "conformance/runner/witness.h"
#include "harness/base/deadline.h"
#include "harness/base/log.h"
#include "harness/net/sockdiag.h"
#include "harness/rpc/record.h"

enum {
    IN_MAX = 4 << 20,
    OUT_MAX = 4 << 20,
    BODIES_MAX = 4 << 20,
    CHUNK = 1 << 16,
    REDIAL_MS = 20,
    UNREAD_MS = 500,
    SEQ_PER_CONN = 1 << 16,
    RECORD_MAX = 1 << 16,
    RECENT = 256, /* requests back that a late reply is known by */
};

size_t conn_owed(const struct conn *conn)
{
    return conn->owed_count - conn->owed_first;
}

size_t conn_unsent(const struct conn *conn)
{
    return conn->out.len - conn->out_at;
}

int64_t conn_patience(const struct check_ctx *c)
{
    return deadline_in_ms(c->target.patience_ms);
}

void conn_discard(struct conn *conn)
{
    if (conn->fd >= 0)
        close(conn->fd);
    free(conn->owed);
    buf_free(&conn->bodies);
    buf_free(&conn->out);
    buf_free(&conn->in);
    buf_free(&conn->expect);
    calls_forget(conn);
    memset(conn, 0, sizeof(*conn));
}

/* A slot for a new connection; with every slot in use the check itself is wrong. */
static struct conn *conn_new(struct check_ctx *c, int fd)
{
    for (size_t i = 0; i < CHECK_CONNS_MAX; i++) {
        struct conn *conn = &c->conns[i];

        if (conn->used)
            continue;
        conn->used = true;
        conn->fd = fd;
        conn->number = ++c->dialled;
        conn->next_seq = conn->number * SEQ_PER_CONN;
        buf_init(&conn->bodies, BODIES_MAX);
        buf_init(&conn->out, OUT_MAX);
        buf_init(&conn->in, IN_MAX);
        buf_init(&conn->expect, IN_MAX);
        if (fd >= 0)
            net_no_delay(fd);
        return conn;
    }
    check_trouble(c, "more than %d connections in one check", CHECK_CONNS_MAX);
    if (fd >= 0)
        close(fd);
    c->conns[0].used = true;
    return &c->conns[0];
}

struct conn *conn_serve(struct check_ctx *c, int fd)
{
    struct conn *conn = conn_new(c, fd);

    between_dialled(c, conn);
    return conn;
}

struct conn *conn_adopt(struct check_ctx *c, int fd, const struct address *to)
{
    struct conn *conn = conn_serve(c, fd);
    char where[ADDRESS_TEXT_MAX];

    if (fd >= 0) {
        address_format(to, where, sizeof(where));
        check_tell_on(c, conn->number, EVENT_OPENED, WHO_US, slice_of(NULL, 0), "connected to %s",
                      where);
    }
    return conn;
}

void conn_keep_pace(struct check_ctx *c)
{
    if (c->target.pace_ms && c->last_dial_us)
        deadline_wait(c->last_dial_us + (int64_t)c->target.pace_ms * 1000);
    c->last_dial_us = deadline_now_us();
}

/* True where another attempt may find the target ready. */
static bool worth_another_try(enum net_status status)
{
    return status == NET_REFUSED || status == NET_FULL || status == NET_RESET;
}

static void dial_failed(struct check_ctx *c, const char *where, struct net_io io)
{
    char actual[OUTCOME_TEXT_MAX];

    if (io.status == NET_TROUBLE) {
        check_trouble(c, "cannot connect to %s: %s", where, strerror(io.error));
        return;
    }
    text_format(actual, sizeof(actual), "%s%s%s, for %.1f s", net_status_text(io.status),
                io.error ? ": " : "", io.error ? strerror(io.error) : "",
                (double)c->target.patience_ms / 1000);
    check_turned_away(c, "the target takes a connection", actual);
}

static struct net_io dial_patiently(struct check_ctx *c, const struct address *to,
                                    const struct net_dial_options *options, int *ret_fd)
{
    int64_t deadline = conn_patience(c);
    bool told = false;

    for (;;) {
        conn_keep_pace(c);
        struct net_io io = net_dial(to, options, deadline, ret_fd);
        bool ours = io.status == NET_TROUBLE && io.error == EADDRNOTAVAIL;

        if (!worth_another_try(io.status) && !ours)
            return io;
        if (!told)
            check_tell(c, WHO_TARGET, slice_of(NULL, 0), "connect: %s; trying on", net_io_text(io));
        told = true;
        if (deadline_passed(deadline))
            return io;
        check_pause(c, REDIAL_MS);
    }
}

struct conn *check_dial_with(struct check_ctx *c, const struct address *to,
                             const struct net_dial_options *options)
{
    char where[ADDRESS_TEXT_MAX];
    int fd = -1;

    address_format(to, where, sizeof(where));
    if (check_alive(c)) {
        struct net_io io = dial_patiently(c, to, options, &fd);

        if (io.status != NET_OK)
            dial_failed(c, where, io);
    }
    struct conn *conn = conn_adopt(c, fd, to);
    conn->unconnected = options && options->unconnected;
    conn->to = *to;
    return conn;
}

bool conn_serves_one(const struct check_ctx *c)
{
    return c->target.width == 1 && !endpoint_is_datagram(&c->target.endpoint);
}

bool conn_waits_in_line(struct check_ctx *c, const struct conn *conn)
{
    if (!conn_serves_one(c) || (c->check->flags & CHECK_SECOND) || !conn->used || conn->heard ||
        conn->ended || conn->lost)
        return false;
    for (size_t i = 0; i < CHECK_CONNS_MAX && check_alive(c); i++) {
        const struct conn *other = &c->conns[i];

        if (!other->used || other->number >= conn->number || other->ended || other->lost)
            continue;
        check_skipped(c, "the target serves one connection at a time, and connection %u is open",
                      other->number);
        return true;
    }
    return false;
}

struct conn *check_dial(struct check_ctx *c)
{
    return check_dial_with(c, &c->target.address, NULL);
}

bool check_try_dial(struct check_ctx *c, struct conn **ret)
{
    int fd = -1;

    if (!check_alive(c))
        return false;
    conn_keep_pace(c);
    struct net_io io = net_dial(&c->target.address, NULL, conn_patience(c), &fd);
    if (io.status == NET_OK) {
        *ret = conn_adopt(c, fd, &c->target.address);
        return check_alive(c);
    }
    if (io.status == NET_TROUBLE)
        check_trouble(c, "cannot connect: %s", strerror(io.error));
    else
        check_tell(c, WHO_TARGET, slice_of(NULL, 0), "connect: %s", net_io_text(io));
    return false;
}

/* A connect that is under way; on a unix socket it is done, or the backlog is full. */
static int begin_connect(struct check_ctx *c, bool *ret_done)
{
    int fd = -1;
    struct net_io io = net_dial_begin(&c->target.address, NULL, &fd);

    if (io.status == NET_TROUBLE && io.error != EADDRNOTAVAIL)
        check_trouble(c, "cannot connect: %s", strerror(io.error));
    *ret_done = io.status == NET_OK;
    return fd;
}

static bool finish_connect(int fd, int64_t deadline)
{
    return net_wait(fd, POLLOUT, deadline) && net_dial_end(fd).status == NET_OK;
}

unsigned check_dial_burst(struct check_ctx *c, unsigned count, struct conn **ret)
{
    int fds[CHECK_CONNS_MAX];
    bool done[CHECK_CONNS_MAX];
    int64_t deadline = conn_patience(c);
    unsigned begun = 0;
    unsigned taken = 0;

    count = count > CHECK_CONNS_MAX ? CHECK_CONNS_MAX : count;
    while (check_alive(c) && begun < count) {
        fds[begun] = begin_connect(c, &done[begun]);
        if (fds[begun] >= 0)
            begun++;
        else if (deadline_passed(deadline))
            break;
        else
            check_pause(c, 1); /* refused or full for the moment */
    }
    check_tell(c, WHO_US, slice_of(NULL, 0), "%u connects begun at once", begun);
    for (unsigned i = 0; i < begun; i++) {
        unsigned before = taken;

        if (check_alive(c) && (done[i] || finish_connect(fds[i], deadline)))
            ret[taken++] = conn_new(c, fds[i]);
        else
            close(fds[i]);
        if (taken > before)
            witness_act(c, ret[before], EVENT_OPENED, WHO_US, slice_of(NULL, 0));
    }
    check_tell(c, WHO_TARGET, slice_of(NULL, 0), "%u of them taken", taken);
    return taken;
}

void check_close(struct check_ctx *c, struct conn *conn)
{
    if (!conn->used)
        return;
    if (conn->fd >= 0)
        check_tell_on(c, conn->number, EVENT_CLOSED, WHO_US, slice_of(NULL, 0), "close");
    conn_discard(conn);
}

void check_reset(struct check_ctx *c, struct conn *conn)
{
    if (conn->used && conn->fd >= 0) {
        check_tell_on(c, conn->number, EVENT_RESET, WHO_US, slice_of(NULL, 0), "reset");
        net_reset(conn->fd);
        conn->fd = -1;
    }
    conn_discard(conn);
}

bool check_break_off(struct check_ctx *c, struct conn *conn)
{
    bool first = false;

    if (check_alive(c) && conn->used && conn->fd >= 0) {
        check_tell_on(c, conn->number, EVENT_RESET, WHO_US, slice_of(NULL, 0),
                      "shutdown(SHUT_WR) and reset");
        witness_mark(c, ACT_ENDS);
        first = net_break_off(conn->fd);
        conn->fd = -1;
    }
    conn_discard(conn);
    return first;
}

void check_shut(struct check_ctx *c, struct conn *conn, int how)
{
    static const char *const names[] = {
        [SHUT_RD] = "SHUT_RD", [SHUT_WR] = "SHUT_WR", [SHUT_RDWR] = "SHUT_RDWR"};

    if (!check_alive(c))
        return;
    conn->disturbed = true;
    check_tell_on(c, conn->number, how == SHUT_RD ? EVENT_WORDS : EVENT_ENDED, WHO_US,
                  slice_of(NULL, 0), "shutdown(%s)", names[how]);
    if (how != SHUT_WR)
        witness_flags(c, conn, ACT_DEAF);
    if (shutdown(conn->fd, how) != 0) {
        if (errno != ENOTCONN)
            check_trouble(c, "shutdown: %s", strerror(errno));
        else
            conn->lost = true;
    }
}

void check_hold_for_fin(struct check_ctx *c, struct conn *conn)
{
    if (!check_alive(c))
        return;
    net_cork(conn->fd);
    witness_flags(c, conn, ACT_HOLD);
}

void check_urgent(struct check_ctx *c, struct conn *conn, uint8_t octet)
{
    if (!check_alive(c))
        return;
    conn->disturbed = true;
    check_tell_on(c, conn->number, EVENT_OCTETS, WHO_US, slice_of(&octet, 1),
                  "urgent octet (MSG_OOB)");
    witness_mark(c, ACT_URGENT);
    if (send(conn->fd, &octet, 1, MSG_OOB | MSG_NOSIGNAL) != 1) {
        if (errno == ECONNRESET || errno == EPIPE)
            conn->lost = true;
        else
            check_trouble(c, "send(MSG_OOB): %s", strerror(errno));
    }
}

void check_pause(struct check_ctx *c, unsigned ms)
{
    if (check_alive(c))
        deadline_wait(deadline_in_ms(ms));
}

bool conn_unread(struct check_ctx *c, const struct conn *conn, int64_t began_us)
{
    uint32_t unread = 0;

    if (!check_alive(c) || c->leaves_unread || !sockdiag_unread(conn->fd, &unread) || unread == 0)
        return false;
    c->leaves_unread = deadline_now_us() - began_us >= UNREAD_MS * 1000;
    return true;
}

void check_let_read(struct check_ctx *c, const struct conn *conn)
{
    int64_t began_us = deadline_now_us();

    do
        check_pause(c, 1);
    while (conn_unread(c, conn, began_us));
}

/* ---- composing requests ---- */

static void owe(struct check_ctx *c, struct conn *conn, struct owed item)
{
    if (conn->owed_count == conn->owed_cap) {
        size_t cap = conn->owed_cap ? conn->owed_cap * 2 : 64;
        struct owed *grown = realloc(conn->owed, cap * sizeof(*grown));

        if (!grown) {
            check_trouble(c, "out of memory");
            return;
        }
        conn->owed = grown;
        conn->owed_cap = cap;
    }
    conn->owed[conn->owed_count++] = item;
}

/* The body that the request has, and its reply is compared with. */
static void owed_body(struct check_ctx *c, const struct conn *conn, const struct owed *item,
                      struct buf *out)
{
    if (item->body_offset == SIZE_MAX)
        exchange_body(c->target.exchange, item->seq, item->size, out);
    else
        buf_put(out, slice_sub(buf_slice(&conn->bodies), item->body_offset, item->size));
    if (out->failed)
        check_trouble(c, "out of memory");
}

void conn_compose(struct check_ctx *c, struct conn *conn, size_t size, const struct slice *body)
{
    const struct exchange *x = c->target.exchange;
    struct owed item = {.seq = conn->next_seq++, .body_offset = SIZE_MAX};
    struct buf octets;

    if (!check_alive(c))
        return;
    if (body) {
        item.body_offset = conn->bodies.len;
        item.size = (uint32_t)body->len;
        buf_put(&conn->bodies, *body);
    } else {
        item.size = (uint32_t)size_min(size, exchange_body_max(x));
    }
    buf_init(&octets, OUT_MAX);
    owed_body(c, conn, &item, &octets);
    struct ask ask = {.seq = item.seq, .body = buf_slice(&octets)};
    exchange_request(x, &ask, &conn->out);
    if (octets.failed || conn->out.failed || conn->bodies.failed)
        check_trouble(c, "a request does not fit into %d octets", OUT_MAX);
    buf_free(&octets);
    if (exchange_has(x, EXCHANGE_REPLIES))
        owe(c, conn, item);
}

void conn_request_again(struct check_ctx *c, struct conn *conn, size_t index, struct buf *ret)
{
    const struct owed *item = &conn->owed[index];
    struct buf body;

    buf_init(&body, OUT_MAX);
    owed_body(c, conn, item, &body);
    struct ask ask = {.seq = item->seq, .body = buf_slice(&body)};
    exchange_request(c->target.exchange, &ask, ret);
    buf_free(&body);
    c->resent++;
}

void conn_reaches(struct conn *conn, uint32_t seq, unsigned copies)
{
    for (size_t i = 0; i < conn->owed_count; i++) {
        if (conn->owed[i].seq == seq)
            conn->owed[i].sent += copies;
    }
}

void check_write_off(struct check_ctx *c, struct conn *conn)
{
    if (check_alive(c) && conn_owed(conn) > 0)
        conn->owed_count--;
}

/* ---- matching what comes ---- */

/* `item` is NULL where no request is open. */
static void settle_mismatch(struct check_ctx *c, const struct owed *item,
                            const struct mismatch *why)
{
    char expected[OUTCOME_TEXT_MAX];

    if (item)
        text_format(expected, sizeof(expected), "%s at octet %zu of the reply to request %08x",
                    why->expected, why->offset, item->seq);
    else
        text_format(expected, sizeof(expected), "%s at octet %zu", why->expected, why->offset);
    check_broken(c, expected, "%s", why->actual);
}

static size_t owed_by_number(const struct conn *conn, uint32_t seq)
{
    size_t i = conn->owed_first;

    while (i < conn->owed_count && conn->owed[i].seq != seq)
        i++;
    return i;
}

/* Takes a request off the list; those in front of it stay owed. */
static void answer_owed(struct conn *conn, size_t index)
{
    struct owed item = conn->owed[index];

    memmove(&conn->owed[conn->owed_first + 1], &conn->owed[conn->owed_first],
            (index - conn->owed_first) * sizeof(item));
    item.replies++;
    conn->owed[conn->owed_first++] = item;
    conn->expect_ready = false;
    conn->answered++;
}

/* Where the last requests begin that were answered; a second reply is looked for among them. */
static size_t first_recent(const struct conn *conn)
{
    return conn->owed_first > RECENT ? conn->owed_first - RECENT : 0;
}

/* A whole reply with a number that no open request has. */
static void settle_unowed(struct check_ctx *c, const struct conn *conn, uint32_t seq)
{
    char expected[OUTCOME_TEXT_MAX];

    for (size_t i = first_recent(conn); i < conn->owed_first; i++) {
        if (conn->owed[i].seq == seq) {
            check_broken(c, "one reply to each request", "a second reply to request %08x", seq);
            return;
        }
    }
    if (conn_owed(conn) > 0)
        text_format(expected, sizeof(expected), "a reply to one of the %zu open requests, as %08x",
                    conn_owed(conn), conn->owed[conn->owed_first].seq);
    else
        text_copy(expected, sizeof(expected), "nothing: no request is open");
    check_broken(c, expected, "a reply with the number %08x", seq);
}

/* The request that the next reply answers: the oldest, or the one whose number it carries. False
   where more has to come, or the check is settled. */
static bool find_answered(struct check_ctx *c, struct conn *conn, struct slice in, bool ended,
                          size_t *ret)
{
    const struct owed *oldest = conn_owed(conn) > 0 ? &conn->owed[conn->owed_first] : NULL;
    struct mismatch why = {0};
    uint32_t seq = 0;

    *ret = conn->owed_first;
    if (!exchange_has(c->target.exchange, EXCHANGE_UNORDERED))
        return true;
    enum match match = exchange_peek(c->target.exchange, in, ended, &seq, &why);
    if (match == MATCH_BROKEN)
        settle_mismatch(c, oldest, &why);
    if (match != MATCH_WHOLE)
        return false;
    *ret = owed_by_number(conn, seq);
    if (*ret < conn->owed_count)
        return true;
    settle_unowed(c, conn, seq);
    return false;
}

/* Matches a stream, as far as it came. */
static void match_stream(struct check_ctx *c, struct conn *conn)
{
    while (check_alive(c) && (conn_owed(conn) > 0 || conn->said_count > 0)) {
        struct slice in = slice_from(buf_slice(&conn->in), conn->in_at);
        bool over = (conn->ended || conn->lost) && in.len > 0;
        struct mismatch why = {0};
        size_t index;
        size_t used = 0;

        if (in.len == 0 && (!conn->ended || conn_owed(conn) == 0))
            return;
        if (conn->said_count > 0 && calls_take(c, conn, in, &used)) {
            conn->in_at += used;
            continue;
        }
        if (!find_answered(c, conn, in, over, &index))
            return;
        if (!conn->expect_ready || index != conn->owed_first) {
            buf_reset(&conn->expect);
            owed_body(c, conn, &conn->owed[index], &conn->expect);
            conn->expect_ready = index == conn->owed_first;
        }
        struct ask ask = {.seq = conn->owed[index].seq, .body = buf_slice(&conn->expect)};
        enum match match = exchange_match(c->target.exchange, &ask, in, over, &used, &why);
        if (match == MATCH_MORE)
            return;
        if (match == MATCH_BROKEN) {
            settle_mismatch(c, &conn->owed[index], &why);
            return;
        }
        conn->in_at += used;
        answer_owed(conn, index);
    }
}

/* True where the whole message is the reply to this request. */
static bool answers(struct check_ctx *c, struct conn *conn, const struct owed *item,
                    struct slice message, struct mismatch *why)
{
    size_t used = 0;

    buf_reset(&conn->expect);
    owed_body(c, conn, item, &conn->expect);
    struct ask ask = {.seq = item->seq, .body = buf_slice(&conn->expect)};
    if (exchange_match(c->target.exchange, &ask, message, true, &used, why) != MATCH_WHOLE)
        return false;
    if (used == message.len)
        return true;
    why->offset = used;
    text_copy(why->expected, sizeof(why->expected), "the end");
    text_format(why->actual, sizeof(why->actual), "%zu octet%s more", message.len - used,
                text_s(message.len - used));
    return false;
}

/* The request that the message answers once more: one that may have more replies than it had, or
   else any; NULL where there is none. */
static struct owed *answered_before(struct check_ctx *c, struct conn *conn, struct slice message)
{
    struct owed *found = NULL;

    for (size_t i = conn->owed_first; i-- > first_recent(conn);) {
        struct owed *item = &conn->owed[i];
        struct mismatch why;

        if (!answers(c, conn, item, message, &why))
            continue;
        found = item;
        if (item->replies < item->sent)
            return item;
    }
    return found;
}

/* A message that answers nothing that is owed: late, second, or wrong. */
static void settle_stray(struct check_ctx *c, struct conn *conn, struct slice message,
                         const struct mismatch *why)
{
    struct owed *before = answered_before(c, conn, message);

    if (before && (before->replies < before->sent || between_repeats(c))) {
        before->replies++;
        check_tell_on(c, conn->number, EVENT_WORDS, WHO_KIT, slice_of(NULL, 0),
                      "a further reply to a request that was sent again");
    } else if (before) {
        check_broken(c, "one reply to each request", "a second reply to request %08x", before->seq);
    } else if (conn_owed(conn) == 0) {
        check_broken(c, "nothing: no request is open", "a message of %zu octet%s", message.len,
                     text_s(message.len));
    } else {
        settle_mismatch(c, &conn->owed[conn->owed_first], why);
    }
}

/* A message that names its request is the answer to that one, or wrong. False where it names none
   that is open. */
static bool match_by_number(struct check_ctx *c, struct conn *conn, struct slice message)
{
    struct mismatch why = {0};
    uint32_t seq = 0;

    if (!exchange_has(c->target.exchange, EXCHANGE_UNORDERED) ||
        exchange_peek(c->target.exchange, message, true, &seq, NULL) != MATCH_WHOLE)
        return false;
    size_t index = owed_by_number(conn, seq);
    if (index == conn->owed_count)
        return false;
    if (answers(c, conn, &conn->owed[index], message, &why))
        answer_owed(conn, index);
    else
        settle_mismatch(c, &conn->owed[index], &why);
    return true;
}

/* Matches one record or datagram: on a connection the oldest request, else any that is owed. */
static void match_message(struct check_ctx *c, struct conn *conn, struct slice message)
{
    bool ordered = exchange_medium(c->target.exchange) == EXCHANGE_OVER_RECORDS;
    size_t open = ordered ? size_min(conn_owed(conn), 1) : conn_owed(conn);
    struct mismatch why = {0};
    size_t used;

    if (conn->said_count > 0 && calls_take(c, conn, message, &used))
        return;
    if (match_by_number(c, conn, message))
        return;

    for (size_t k = 0; k < open; k++) {
        size_t i = (conn->owed_near + k) % open + conn->owed_first;

        if (answers(c, conn, &conn->owed[i], message, &why)) {
            conn->owed_near = i - conn->owed_first;
            answer_owed(conn, i);
            return;
        }
    }
    why = (struct mismatch){0};
    if (open > 0)
        answers(c, conn, &conn->owed[conn->owed_first], message, &why);
    settle_stray(c, conn, message, &why);
}

static void settle_surplus(struct check_ctx *c, const struct conn *conn)
{
    size_t surplus = conn->in.len - conn->in_at;

    /* Behind messages of the check's own it may be the begin of a late reply to one of them. */
    if (surplus > 0 && conn_owed(conn) == 0 && conn->said_count == 0)
        check_broken(c, "nothing: no request is open", "%zu octet%s that nobody asked for", surplus,
                     text_s(surplus));
}

/* ---- moving octets ---- */

void conn_tell(struct check_ctx *c, const struct conn *conn, enum who who, struct slice octets)
{
    struct buf words;

    buf_init(&words, EVENT_WHAT_MAX * 4);
    exchange_describe(c->target.exchange, octets, &words);
    check_tell_on(c, conn->number, EVENT_OCTETS, who, octets, "%s%zu octet%s%s%s",
                  who == WHO_US ? "sent " : "", octets.len, text_s(octets.len),
                  words.len ? ": " : "", buf_text(&words));
    if (who == WHO_TARGET && conn->unconnected && !address_eq(&conn->from, &conn->to))
        witness_mark(c, ACT_STRANGER);
    buf_free(&words);
}

static void over(struct check_ctx *c, struct conn *conn, struct net_io io)
{
    if (io.status == NET_EOF) {
        conn->ended = true;
        check_tell_on(c, conn->number, EVENT_ENDED, WHO_TARGET, slice_of(NULL, 0), "end of file");
        if (!conn->raw && exchange_medium(c->target.exchange) == EXCHANGE_OVER_STREAM)
            match_stream(c, conn);
    } else if (io.status == NET_TROUBLE) {
        check_trouble(c, "connection %u: %s", conn->number, strerror(io.error));
    } else if (io.status != NET_TIMEOUT) {
        conn->lost = true;
        check_tell_on(c, conn->number, EVENT_RESET, WHO_TARGET, slice_of(NULL, 0), "%s",
                      net_io_text(io));
        /* Where the end of the connection ends the reply, a reset does, too; the checks about the
           end itself judge it. */
        if (!conn->raw && !exchange_has(c->target.exchange, EXCHANGE_PERSISTS) &&
            conn->in.len > conn->in_at)
            match_stream(c, conn);
    }
}

static bool receive_message(struct check_ctx *c, struct conn *conn)
{
    static uint8_t message[CHUNK + 64];
    bool connected = exchange_medium(c->target.exchange) == EXCHANGE_OVER_RECORDS;
    struct net_io io = connected
                           ? net_recv(conn->fd, message, sizeof(message), true, 0)
                           : net_recv_from(conn->fd, message, sizeof(message), &conn->from, 0);
    struct slice octets = slice_of(message, size_min(io.len, sizeof(message)));

    if (io.status != NET_OK) {
        over(c, conn, io);
        return false;
    }
    conn->heard = true;
    conn->heard_octets += octets.len;
    conn_tell(c, conn, WHO_TARGET, octets);
    if (!conn->raw)
        match_message(c, conn, octets);
    return true;
}

static bool receive_stream(struct check_ctx *c, struct conn *conn)
{
    /* What is matched leaves the buffer before more comes in. */
    buf_drop(&conn->in, conn->in_at);
    conn->in_at = 0;
    bool endless = conn->in.len + CHUNK > IN_MAX;
    uint8_t *at = endless ? NULL : buf_extend(&conn->in, CHUNK);
    if (!at && !endless) {
        check_trouble(c, "out of memory");
        return false;
    }
    if (!at) {
        check_broken(c, "a reply", "%zu octet%s and no end of one", conn->in.len,
                     text_s(conn->in.len));
        return false;
    }
    struct net_io io = net_recv(conn->fd, at, CHUNK, false, 0);
    conn->in.len -= CHUNK - io.len;
    if (io.status != NET_OK) {
        over(c, conn, io);
        return false;
    }
    conn->heard = true;
    conn->heard_octets += io.len;
    conn_tell(c, conn, WHO_TARGET, slice_of(at, io.len));
    if (!conn->raw) {
        match_stream(c, conn);
        settle_surplus(c, conn);
    }
    return true;
}

void conn_last_words(struct check_ctx *c, struct conn *conn)
{
    if (exchange_medium(c->target.exchange) != EXCHANGE_OVER_STREAM || conn->ended)
        return;
    while (check_alive(c) && !conn->ended && receive_stream(c, conn))
        ;
}

/* What an earlier attempt or run has left is no part of this one. A disk that is full ends the
   recording, not the check. */
static void append(struct check_ctx *c, struct conn *conn, struct slice mark, struct slice octets)
{
    char path[PATH_MAX];
    struct buf piece;

    if (!c->record)
        return;
    text_format(path, sizeof(path), "%s/%s.%u", c->record, c->check->id, conn->number);
    int fd =
        open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (conn->recorded ? O_APPEND : O_TRUNC), 0666);
    conn->recorded = true;
    buf_init(&piece, mark.len + octets.len);
    buf_put(&piece, mark);
    buf_put(&piece, octets);
    bool ok = fd >= 0 && !piece.failed &&
              (lseek(fd, 0, SEEK_END) >= RECORD_MAX ||
               write(fd, piece.data, piece.len) == (ssize_t)piece.len);
    if (!ok) {
        log_error("--record %s: %s", path, strerror(errno));
        c->record = NULL;
    }
    if (fd >= 0)
        close(fd);
    buf_free(&piece);
}

void conn_record(struct check_ctx *c, struct conn *conn, struct slice octets)
{
    append(c, conn, (struct slice){NULL, 0}, octets);
}

void conn_record_message(struct check_ctx *c, struct conn *conn, struct slice message)
{
    struct buf mark;

    buf_init(&mark, RECORD_HEADER);
    if (c->target.endpoint.rpc)
        record_put_header(&mark, true, (uint32_t)message.len);
    append(c, conn, buf_slice(&mark), message);
    buf_free(&mark);
}

static bool send_composed(struct check_ctx *c, struct conn *conn)
{
    struct slice octets = slice_from(buf_slice(&conn->out), conn->out_at);
    struct net_io io = net_send_some(conn->fd, octets, 0);

    if (io.status == NET_TIMEOUT)
        return false;
    if (io.status != NET_OK) {
        over(c, conn, io);
        buf_reset(&conn->out);
        conn->out_at = 0;
        return false;
    }
    conn_record(c, conn, slice_sub(octets, 0, io.len));
    conn_tell(c, conn, WHO_US, slice_sub(octets, 0, io.len));
    conn->out_at += io.len;
    if (conn->out_at == conn->out.len) {
        buf_reset(&conn->out);
        conn->out_at = 0;
    }
    return true;
}

/* A datagram of no octets is a message too, so "nothing composed" is told by the caller's wish. */
bool conn_move(struct check_ctx *c, struct conn *conn, unsigned wishes, int64_t deadline_us)
{
    bool stream = exchange_medium(c->target.exchange) == EXCHANGE_OVER_STREAM;
    bool moved = false;
    short events = 0;

    if (!check_alive(c) || conn->ended || conn->lost)
        return false;
    if (deadline_passed(c->too_long_us)) {
        check_skipped(c, "the target is too slow for this check: it is still moving after %.0f s",
                      (double)(deadline_now_us() - c->began_us) / 1e6);
        return false;
    }
    events = (short)((wishes & CONN_READ ? POLLIN : 0) | (wishes & CONN_WRITE ? POLLOUT : 0));
    short ready = net_wait(conn->fd, events, deadline_us);
    if (ready & POLLOUT && wishes & CONN_WRITE)
        moved = send_composed(c, conn);
    if (ready & (POLLIN | POLLERR | POLLHUP) && wishes & CONN_READ && check_alive(c) && !conn->lost)
        moved |= stream ? receive_stream(c, conn) : receive_message(c, conn);
    else if (ready & (POLLERR | POLLHUP) && !moved && check_alive(c))
        conn->lost = true;
    return moved;
}

void conn_silence_text(const struct check_ctx *c, const struct conn *conn, char *out, size_t cap)
{
    size_t part = conn->in.len - conn->in_at;
    char after[64] = "";

    if (part > 0)
        text_format(after, sizeof(after), " after %zu octet%s of it", part, text_s(part));
    if (conn->lost && endpoint_is_datagram(&c->target.endpoint))
        text_copy(out, cap, "nobody is there: port unreachable");
    else if (conn->lost)
        text_format(out, cap, "the connection is reset%s", after);
    else if (conn->ended)
        text_format(out, cap, "end of file%s", after);
    else
        text_format(out, cap, "nothing for %.1f s%s", (double)c->target.patience_ms / 1000, after);
}
