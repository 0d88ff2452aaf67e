/* One line of load: its requests, what comes back, and its end. */
#include "conformance/runner/line.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/deadline.h"

enum {
    SPREAD = 61,         /* so many lengths has a body, one after the other */
    REDIAL_US = 20000,   /* after one was turned away the next tries not before */
    KEPT_MAX = 64 << 20, /* of all lines together: the process stays under 256 MiB */
    OWNERS_BACK = 32,    /* so many requests back a foreign reply is looked for */
    OWNERS_HEAD = 16,    /* ... where so many octets of it came */
};

unsigned line_number(const struct load *l, const struct line *line)
{
    return (unsigned)(line - l->lines) + 1;
}

bool line_is_waiting(const struct line *line)
{
    return line->state == LINE_DIALS || line->state == LINE_FRESH || line->state == LINE_TOLD;
}

bool line_is_busy(const struct line *line)
{
    if (line->state == LINE_SERVED)
        return line->owed || line->left > 0 || line->out.len > 0;
    return line_is_waiting(line) || line->state == LINE_LEAVING;
}

static const struct exchange *exchange_of(const struct load *l)
{
    return l->c->target.exchange;
}

static bool keeps_borders(const struct load *l)
{
    return exchange_medium(exchange_of(l)) != EXCHANGE_OVER_STREAM;
}

void line_close(struct load *l, struct line *line)
{
    if (line->fd >= 0) {
        close(line->fd);
        l->open--;
    }
    l->kept -= line->in.len + line->out.len;
    buf_free(&line->in);
    buf_free(&line->out);
    l->tally.held -= line->state == LINE_SERVED;
    line->fd = -1;
    line->state = LINE_OVER;
    line->left = line->owed = 0;
}

void line_turned_away(struct load *l, struct line *line)
{
    l->tally.away++;
    l->pause_us = deadline_now_us() + REDIAL_US;
    line_close(l, line);
}

/* ---- requests ---- */

/* The request with this number, its body in l->body. Neighbours differ in length, too. */
static struct ask ask_of(struct load *l, uint32_t number)
{
    size_t size = l->options.size + number * 7 % SPREAD;

    buf_reset(&l->body);
    exchange_body(exchange_of(l), number, size, &l->body);
    return (struct ask){.seq = number, .body = buf_slice(&l->body)};
}

static bool may_compose(const struct load *l, const struct line *line)
{
    return line->left > 0 && line->next - line->first < l->options.depth;
}

static void compose(struct load *l, struct line *line)
{
    struct ask ask = ask_of(l, line->next);

    exchange_request(exchange_of(l), &ask, &l->requests);
    line->owed |= 1U << (line->next - line->first);
    line->next++;
    line->left--;
}

/* Puts octets into a buffer of the line, which is counted. */
static void keep(struct load *l, struct buf *b, struct slice octets)
{
    l->kept += octets.len;
    buf_put(b, octets);
    if (l->kept > KEPT_MAX)
        check_skipped(l->c,
                      "the messages are too large for so many connections: %d MiB are waiting",
                      KEPT_MAX >> 20);
    if (b->failed)
        check_trouble(l->c, "a message does not fit into %d octets", LINE_BUFFER_MAX);
}

static void drop(struct load *l, struct buf *b, size_t len)
{
    l->kept -= len;
    buf_drop(b, len);
    if (b->len == 0)
        buf_free(b); /* most lines need none at any one time */
}

/* How many octets the socket took. Where the connection is gone it takes all: reading tells. */
static size_t offer(struct load *l, struct line *line, struct slice octets)
{
    struct net_io io = net_send_some(line->fd, octets, 0);

    if (io.status == NET_TROUBLE && io.error != ENOBUFS)
        check_trouble(l->c, "send: %s", strerror(io.error));
    if (io.status == NET_OK || io.status == NET_TIMEOUT || io.error == ENOBUFS)
        return io.len;
    line->left = 0;
    return octets.len;
}

void line_send(struct load *l, struct line *line)
{
    if (line->out.len > 0)
        drop(l, &line->out, offer(l, line, buf_slice(&line->out)));
    while (check_alive(l->c) && line->out.len == 0 && may_compose(l, line)) {
        buf_reset(&l->requests);
        do {
            compose(l, line);
        } while (!keeps_borders(l) && may_compose(l, line));
        if (l->requests.failed || l->body.failed)
            check_trouble(l->c, "a request does not fit into %d octets", LINE_BUFFER_MAX);
        struct slice all = buf_slice(&l->requests);
        size_t sent = offer(l, line, all);
        if (sent < all.len)
            keep(l, &line->out, slice_from(all, sent));
    }
}

void line_begin(struct load *l, struct line *line)
{
    net_no_delay(line->fd);
    line->state = LINE_FRESH;
    line->left = 1;
    line_send(l, line);
}

/* ---- replies ---- */

/* Another request that the octets answer, or begin to; 0 where there is none. Looked for once, when
   all is settled but the words. */
static uint32_t owner_of(struct load *l, struct slice in, uint32_t expected)
{
    const struct exchange *x = exchange_of(l);

    if (in.len < OWNERS_HEAD || !exchange_has(x, EXCHANGE_NUMBERED))
        return 0;
    for (unsigned i = 0; i < l->tally.begun; i++) {
        const struct line *line = &l->lines[i];
        uint32_t base = line_number(l, line) * LOAD_REQUESTS_MAX;

        for (uint32_t n = line->next; n > base && n + OWNERS_BACK > line->next; n--) {
            struct ask ask = ask_of(l, n - 1);
            size_t used = 0;

            if (n - 1 != expected &&
                exchange_match(x, &ask, in, false, &used, NULL) != MATCH_BROKEN)
                return n - 1;
        }
    }
    return 0;
}

static void describe_mismatch(struct load *l, const struct line *line, uint32_t number,
                              struct slice in, const struct mismatch *why)
{
    char owner[100] = "";
    uint32_t foreign = owner_of(l, in, number);

    if (foreign)
        text_format(owner, sizeof(owner), ": the reply to request %08x, which connection %u made",
                    foreign, foreign / LOAD_REQUESTS_MAX);
    text_format(l->told.expected, OUTCOME_TEXT_MAX,
                "%s at octet %zu of the reply to request %08x on connection %u", why->expected,
                why->offset, number, line_number(l, line));
    text_format(l->told.actual, OUTCOME_TEXT_MAX, "%s%s", why->actual, owner);
    check_tell_on(l->c, line_number(l, line), EVENT_OCTETS, WHO_TARGET, in,
                  "%zu octet%s in place of the reply%s", in.len, text_s(in.len), owner);
}

/*
 * What came is not the reply. A line that was never served may be told in words that there is no
 * room for it, where there is a limit at all; then the end follows, and others are told the same.
 */
static void take_wrong(struct load *l, struct line *line, uint32_t number, struct slice in,
                       const struct mismatch *why)
{
    bool limit = line->state == LINE_FRESH && !l->options.leaves;

    if (!limit || l->told.count == 0)
        describe_mismatch(l, line, number, in, why);
    if (!limit) {
        check_broken(l->c, l->told.expected, "%s", l->told.actual);
        return;
    }
    if (l->told.count++ == 0)
        l->told.served = l->tally.served;
    line->state = LINE_TOLD;
    line->left = line->owed = 0;
}

static void take_answer(struct load *l, struct line *line, uint32_t number, size_t octets)
{
    line->owed &= ~(1U << (number - line->first));
    while (line->owed && !(line->owed & 1)) {
        line->owed >>= 1;
        line->first++;
    }
    if (!line->owed)
        line->first = line->next;
    l->tally.replies++;
    l->tally.octets += octets;
    check_met(l->c);
    if (line->state == LINE_FRESH) {
        line->state = LINE_SERVED;
        l->tally.served++;
        l->tally.held++;
    }
}

/* The request that the next reply must answer: the oldest, or the one that it names. */
static enum match find_owed(const struct load *l, const struct line *line, struct slice in,
                            bool ended, uint32_t *ret, struct mismatch *why)
{
    uint32_t number = line->first;

    if (exchange_has(exchange_of(l), EXCHANGE_UNORDERED)) {
        enum match match = exchange_peek(exchange_of(l), in, ended, &number, why);

        if (match != MATCH_WHOLE)
            return match;
        bool open = number >= line->first && number < line->next &&
                    line->owed & 1U << (number - line->first);
        if (!open) {
            text_format(why->expected, sizeof(why->expected), "the number of an open request");
            text_format(why->actual, sizeof(why->actual), "%08x", number);
            return MATCH_BROKEN;
        }
    }
    *ret = number;
    return MATCH_WHOLE;
}

/* Matches the reply at the front. False where nothing further can be made of what came. */
static bool match_one(struct load *l, struct line *line, struct slice in, bool ended,
                      size_t *ret_used)
{
    struct mismatch why = {0};
    uint32_t number = line->first;
    enum match match = find_owed(l, line, in, ended, &number, &why);

    if (match == MATCH_WHOLE) {
        struct ask ask = ask_of(l, number);

        match = exchange_match(exchange_of(l), &ask, in, ended, ret_used, &why);
    }
    if (match == MATCH_BROKEN) {
        take_wrong(l, line, number, in, &why);
        *ret_used = in.len;
    }
    if (match == MATCH_WHOLE)
        take_answer(l, line, number, *ret_used);
    return match == MATCH_WHOLE;
}

/* Matches replies from the front of what came; how many octets that were. A record is one reply,
   also where it is empty. */
static size_t match(struct load *l, struct line *line, struct slice in, bool ended)
{
    size_t done = 0;
    bool on = line->owed && (in.len > 0 || keeps_borders(l));

    while (on) {
        size_t used = 0;

        on = match_one(l, line, slice_from(in, done), ended, &used) && !keeps_borders(l);
        done += used;
        on = on && line->owed && done < in.len;
    }
    return done;
}

/* `asked` where a request was open when the octets came: else a record counts that holds none. */
static void settle_surplus(struct load *l, const struct line *line, struct slice rest, bool asked)
{
    bool any = rest.len > 0 || (keeps_borders(l) && !asked);

    if (line->owed || !any || line->state == LINE_TOLD)
        return;
    check_tell_on(l->c, line_number(l, line), EVENT_OCTETS, WHO_TARGET, rest, "%zu octet%s",
                  rest.len, text_s(rest.len));
    check_broken(l->c, "nothing: no request is open",
                 "%zu octet%s that nobody asked for, on connection %u", rest.len, text_s(rest.len),
                 line_number(l, line));
}

/* What a line had is matched together with what came behind it; the rest waits. */
static void take_octets(struct load *l, struct line *line, struct slice octets)
{
    bool kept = line->in.len > 0;
    bool asked = line->owed != 0;

    if (kept)
        keep(l, &line->in, octets);
    struct slice in = kept ? buf_slice(&line->in) : octets;
    size_t used = match(l, line, in, keeps_borders(l));
    struct slice rest = slice_from(in, used);
    if (!check_alive(l->c))
        return;
    settle_surplus(l, line, rest, asked);
    if (keeps_borders(l) && rest.len > 0 && check_alive(l->c))
        check_broken(l->c, "one reply in each record", "%zu octet%s more, on connection %u",
                     rest.len, text_s(rest.len), line_number(l, line));
    if (kept)
        drop(l, &line->in, used);
    else if (rest.len > 0)
        keep(l, &line->in, rest);
}

/* ---- ends ---- */

static void settle_end(struct load *l, const struct line *line, struct net_io io)
{
    size_t part = line->in.len;
    char expected[OUTCOME_TEXT_MAX];

    text_format(expected, sizeof(expected), "the reply to request %08x on connection %u",
                line->first, line_number(l, line));
    check_tell_on(l->c, line_number(l, line), io.status == NET_EOF ? EVENT_ENDED : EVENT_RESET,
                  WHO_TARGET, slice_of(NULL, 0), "%s", net_io_text(io));
    check_broken(l->c, expected, "%s%s",
                 io.status == NET_EOF ? "end of file" : "the connection is reset",
                 part > 0 ? " in the middle of it" : "");
}

static void take_end(struct load *l, struct line *line, struct net_io io)
{
    bool persists = exchange_has(exchange_of(l), EXCHANGE_PERSISTS);
    bool heard = line->in.len > 0;

    /* Where the end of the connection ends the reply, a reset does, too, as in conn.c. */
    if (heard && !keeps_borders(l) && (io.status == NET_EOF || !persists))
        match(l, line, buf_slice(&line->in), true);
    if (!check_alive(l->c))
        return;
    if (line_is_waiting(line)) {
        line_turned_away(l, line);
        return;
    }
    l->moved_us = deadline_now_us();
    if (line->owed) {
        settle_end(l, line, io);
    } else {
        l->tally.ended += line->state == LINE_SERVED && persists;
        line_close(l, line);
    }
}

/* The exchange is done: what follows is our end, and the target's. */
static void leave(struct load *l, struct line *line)
{
    if (!l->options.leaves || line->state != LINE_SERVED || line_is_busy(line))
        return;
    l->tally.held--;
    line->state = LINE_LEAVING;
    if (l->impatient || shutdown(line->fd, SHUT_WR) != 0)
        line_close(l, line);
}

void line_receive(struct load *l, struct line *line)
{
    struct net_io io = net_recv(line->fd, l->room, sizeof(l->room), keeps_borders(l), 0);

    if (io.status == NET_TROUBLE) {
        check_trouble(l->c, "connection %u: %s", line_number(l, line), strerror(io.error));
    } else if (io.status == NET_OK && line->state != LINE_TOLD) {
        l->moved_us = deadline_now_us();
        take_octets(l, line, slice_of(l->room, io.len));
        line_send(l, line);
        leave(l, line);
    } else if (io.status != NET_OK && io.status != NET_TIMEOUT) {
        take_end(l, line, io);
    }
}
