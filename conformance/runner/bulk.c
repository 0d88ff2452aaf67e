/* The steps that move much: full duplex, and without reading. */
#include <limits.h>
#include <poll.h>

#include "conformance/runner/conn.h"
#include "harness/base/deadline.h"

enum {
    COMPOSE_AHEAD = 1 << 17, /* octets composed before the socket is asked */
    PUSH_AHEAD = 1 << 13,
    BESIDE_MAX = 1 << 18, /* octets that are pushed before somebody else is served */
    STALL_MS = 60,        /* a socket that takes nothing for so long is full; only the length of
                              a push depends on it, no verdict */
    STALLS = 8,           /* ... and that it was found so with others served between, */
    LOOK_MS = 10,         /* each of whom lets the target have its turn: then a look is enough */
};

/* Composes until so many octets are ready or `left` requests are made; how many were made. */
static unsigned compose_until(struct check_ctx *c, struct conn *conn, unsigned left, size_t size,
                              size_t ahead)
{
    unsigned made = 0;

    if (exchange_medium(c->target.exchange) != EXCHANGE_OVER_STREAM)
        ahead = 1;
    while (check_alive(c) && made < left && conn_unsent(conn) < ahead) {
        conn_compose(c, conn, size, NULL);
        made++;
    }
    return made;
}

static unsigned compose_ahead(struct check_ctx *c, struct conn *conn, unsigned left, size_t size)
{
    return compose_until(c, conn, left, size, COMPOSE_AHEAD);
}

static void settle_stuck(struct check_ctx *c, struct conn *conn)
{
    char actual[OUTCOME_TEXT_MAX];

    conn_silence_text(c, conn, actual, sizeof(actual));
    check_tell_on(c, conn->number, EVENT_WORDS, WHO_KIT, slice_of(NULL, 0),
                  "%s; %zu replies are owed", actual, conn_owed(conn));
    if (!conn->ended && !conn->lost && check_alive(c))
        c->outcome->silent = c->outcome->stalled = true;
    check_broken(c, "every request is taken and every reply comes", "%s, with %zu replies owed",
                 actual, conn_owed(conn));
}

/* Moves until everything is sent and every reply matched, composing `left` further requests. */
static void run_dry(struct check_ctx *c, struct conn *conn, unsigned left, size_t size)
{
    while (check_alive(c)) {
        left -= compose_ahead(c, conn, left, size);
        if (conn_unsent(conn) == 0 && conn_owed(conn) == 0)
            break;
        unsigned wishes = CONN_READ | (conn_unsent(conn) > 0 ? CONN_WRITE : 0U);
        if (!conn_move(c, conn, wishes, conn_patience(c)) && check_alive(c) &&
            (conn_owed(conn) > 0 || conn_unsent(conn) > 0 || left > 0)) {
            settle_stuck(c, conn);
        }
    }
}

void check_pump(struct check_ctx *c, struct conn *conn, unsigned count, size_t size)
{
    run_dry(c, conn, count, size);
    check_met(c);
}

void check_pump_out(struct check_ctx *c, struct conn *conn, unsigned count, size_t size)
{
    while (check_alive(c) && (count > 0 || conn_unsent(conn) > 0)) {
        count -= compose_ahead(c, conn, count, size);
        if (!conn_move(c, conn, CONN_READ | CONN_WRITE, conn_patience(c)) && check_alive(c))
            settle_stuck(c, conn);
    }
}

unsigned check_requests(const struct check_ctx *c, size_t volume, size_t size)
{
    bool payload = exchange_has(c->target.exchange, EXCHANGE_PAYLOAD);
    size_t each = payload ? size_min(size, exchange_body_max(c->target.exchange)) : CHECK_BODY;
    size_t count = check_volume(c, volume) / each;

    return count == 0 ? 1 : (unsigned)count;
}

void check_push_rest(struct check_ctx *c, struct conn *conn)
{
    check_pump_out(c, conn, 0, 0);
}

void check_drain(struct check_ctx *c, struct conn *conn)
{
    run_dry(c, conn, 0, 0);
    check_met(c);
}

static size_t push(struct check_ctx *c, struct conn *conn, size_t size, size_t limit,
                   int64_t stall_ms)
{
    size_t pushed = 0;

    while (check_alive(c) && pushed < limit) {
        /* A little ahead, so that small requests go out in useful segments; no more than can be
           finished behind the push. */
        compose_until(c, conn, UINT_MAX, size, PUSH_AHEAD);
        size_t before = conn_unsent(conn);
        if (!conn_move(c, conn, CONN_WRITE, deadline_in_ms(stall_ms)))
            break;
        pushed += before - conn_unsent(conn);
    }
    check_tell_on(c, conn->number, EVENT_WORDS, WHO_KIT, slice_of(NULL, 0),
                  "%zu octet%s pushed without reading", pushed, text_s(pushed));
    return pushed;
}

size_t check_push(struct check_ctx *c, struct conn *conn, size_t size, size_t limit)
{
    size_t pushed = push(c, conn, size, limit, STALL_MS);

    if (conn->lost)
        check_broken(c, "the target takes requests, or makes the sender wait",
                     "the connection is reset after %zu octet%s", pushed, text_s(pushed));
    return pushed;
}

bool check_try_push(struct check_ctx *c, struct conn *conn, size_t size, size_t limit)
{
    push(c, conn, size, limit, STALL_MS);
    return check_alive(c) && !conn->lost;
}

void check_push_beside(struct check_ctx *c, struct conn *conn, size_t size, size_t limit)
{
    unsigned stalled = 0;
    size_t total = 0;

    while (stalled < STALLS && check_alive(c) && !conn->lost && total < limit && check_in_time(c)) {
        size_t due = size_min(limit - total, BESIDE_MAX);
        size_t pushed = push(c, conn, size, due, stalled ? LOOK_MS : STALL_MS);

        stalled = pushed > 0 ? 0 : stalled + 1;
        total += pushed;
        check_probe(c);
    }
}
