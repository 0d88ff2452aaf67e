/* Checks: what a connection costs while it is open is given back when it is over. */
#include <sys/socket.h>

#include "conformance/suites.h"
#include "harness/base/deadline.h"
#include "harness/net/sockdiag.h"

enum {
    WARM_UP = 30,
    MANY = 1000,
    ABUSES = 200,
    LOOK_MS = 20,
    IDLE_MS = 150,
    SLACK = 3, /* descriptors that a server may keep for itself: a log, a spare */
    BATCHES = 64,
    BATCHES_LEAST = 8,
    LEAK_LIMIT_MS = 20000,
    PILE_MAX = 128 << 20,     /* octets that no collector for such a server lets pile up */
    BATCH_GROWTH = 512 << 10, /* what a batch of 1000 connections may cost without being a leak */
    WATCH_MS = 100,
    WATCHES = 3, /* one alone may have been a burst of work */
};

static void one_conversation(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    if (exchange_has(c->target.exchange, EXCHANGE_REPLIES))
        check_exchange(c, conn);
    check_close(c, conn);
}

static void converse(struct check_ctx *c, unsigned times)
{
    for (unsigned i = 0; i < times && check_in_time(c); i++)
        one_conversation(c);
}

/* The view once it stays the same for a moment: the target has caught up with what it was sent. */
static struct procview settled_view(struct check_ctx *c)
{
    int64_t deadline = deadline_in_ms(c->target.patience_ms);
    struct procview before = check_view(c);

    for (unsigned same = 0; same < 2 && check_alive(c) && !deadline_passed(deadline);) {
        check_pause(c, LOOK_MS);
        struct procview now = check_view(c);
        bool still = now.fds == before.fds && now.processes == before.processes &&
                     now.threads == before.threads && now.busy_ns == before.busy_ns;

        same = still ? same + 1 : 0;
        before = now;
    }
    return before;
}

/* Waits until `get` of the view is at most `limit`; the value in the end. */
static unsigned await_view(struct check_ctx *c, unsigned (*get)(const struct procview *v),
                           unsigned limit)
{
    int64_t deadline = deadline_in_ms(c->target.patience_ms);
    struct procview view = check_view(c);

    while (check_alive(c) && get(&view) > limit && !deadline_passed(deadline)) {
        check_pause(c, LOOK_MS);
        view = check_view(c);
    }
    return get(&view);
}

static unsigned get_fds(const struct procview *v)
{
    return v->fds;
}

static unsigned get_tasks(const struct procview *v)
{
    return v->threads;
}

static void judge_return(struct check_ctx *c, const char *what, unsigned before, unsigned after,
                         unsigned limit)
{
    check_tell(c, WHO_KIT, slice_of(NULL, 0), "%s: %u before, %u after", what, before, after);
    if (check_alive(c) && after > limit) {
        char expected[128];

        text_format(expected, sizeof(expected), "at most %u %s again", limit, what);
        check_broken(c, expected, "%u after %.1f s; %u before", after,
                     (double)c->target.patience_ms / 1000, before);
    }
    check_met(c);
}

static void leak_fds(struct check_ctx *c)
{
    converse(c, check_connections(c, WARM_UP));
    unsigned before = settled_view(c).fds;
    converse(c, check_connections(c, MANY));
    judge_return(c, "open descriptors", before, await_view(c, get_fds, before + SLACK),
                 before + SLACK);
}

/* Resets, halves, half-closes and urgent data instead of conversations. */
static void leak_fds_after_abuse(struct check_ctx *c)
{
    unsigned times = check_connections(c, ABUSES);

    converse(c, check_connections(c, WARM_UP));
    unsigned before = settled_view(c).fds;
    for (unsigned i = 0; i < times && check_in_time(c); i++) {
        struct conn *conn = check_dial(c);

        if (i % 4 != 0 && exchange_has(c->target.exchange, EXCHANGE_REPLIES))
            check_send(c, conn);
        if (i % 4 == 1)
            check_shut(c, conn, SHUT_WR);
        if (i % 2)
            check_close(c, conn);
        else
            check_reset(c, conn);
    }
    /* What is left of them shows only when the target has been through all of them. */
    check_probe(c);
    settled_view(c);
    judge_return(c, "open descriptors", before, await_view(c, get_fds, before + SLACK),
                 before + SLACK);
}

static void leak_close_wait(struct check_ctx *c)
{
    uint16_t port = address_port(&c->target.address);
    int64_t deadline;
    struct problem why;
    unsigned waiting = 0;

    for (unsigned i = 0; i < check_connections(c, MANY / 10) && check_in_time(c); i++) {
        struct conn *conn = check_dial(c);

        if (exchange_has(c->target.exchange, EXCHANGE_REPLIES))
            check_exchange(c, conn);
        if (i % 2)
            check_shut(c, conn, SHUT_WR);
        check_close(c, conn);
    }
    deadline = deadline_in_ms(c->target.patience_ms);
    do {
        if (!sockdiag_count(port, SOCKDIAG_CLOSE_WAIT, &waiting, &why))
            check_trouble(c, "%s", why.text);
        if (waiting > 0)
            check_pause(c, LOOK_MS);
    } while (check_alive(c) && waiting > 0 && !deadline_passed(deadline));
    if (waiting > 0)
        check_broken(c, "no connection in CLOSE-WAIT when its client has gone",
                     "%u sockets of port %u after %.1f s", waiting, port,
                     (double)c->target.patience_ms / 1000);
    check_met(c);
}

/* Pools may grow to their size, and the last child may wait for the next accept to be reaped: a
   quarter of the connections is more than either. */
static void leak_children(struct check_ctx *c)
{
    unsigned times = check_connections(c, MANY / 10);

    converse(c, check_connections(c, WARM_UP));
    struct procview before = settled_view(c);
    converse(c, times);
    unsigned limit = before.threads + times / 4;
    judge_return(c, "processes and threads", before.threads, await_view(c, get_tasks, limit),
                 limit);
}

/* A leak grows with every batch. An allocator or a collector grows, and then stays or shrinks. */
/* How much the target's memory grows by so many conversations; the last of them are over. */
static int64_t growth_by(struct check_ctx *c, unsigned times, uint64_t *memory)
{
    for (unsigned i = 0; i < times && check_alive(c); i++)
        one_conversation(c);
    uint64_t after = settled_view(c).rss_bytes;
    int64_t grown = (int64_t)after - (int64_t)*memory;

    check_tell(c, WHO_KIT, slice_of(NULL, 0), "resident memory: %llu KiB",
               (unsigned long long)after / 1024);
    *memory = after;
    return grown;
}

/* A leak grows with every batch. A collector grows, too, until it collects: so growth has to go on
   past what one lets pile up, or for many batches. */
static void leak_memory(struct check_ctx *c)
{
    unsigned each = check_connections(c, MANY);
    int64_t allowed = (int64_t)BATCH_GROWTH * each / MANY + (each < MANY ? BATCH_GROWTH : 0);
    uint64_t memory = check_memory_view(c).rss_bytes;
    int64_t deadline = deadline_in_ms(LEAK_LIMIT_MS);
    unsigned batches = 0;

    growth_by(c, each, &memory);
    uint64_t first = memory;
    while (check_alive(c) && batches < BATCHES && memory - first < PILE_MAX) {
        if (growth_by(c, each, &memory) <= allowed) {
            check_met(c);
            return;
        }
        batches++;
        if (deadline_passed(deadline) && batches < BATCHES_LEAST)
            check_skipped(c, "the target is too slow to tell a leak from what a collector keeps");
        if (deadline_passed(deadline))
            break;
    }
    check_broken(c, "memory that stays when connections come and go",
                 "it grew with each of %u batches of %u connections, by %llu KiB together", batches,
                 each, (unsigned long long)(memory - first) / 1024);
}

static bool is_busy(struct check_ctx *c)
{
    int64_t from = deadline_now_us();
    uint64_t before = check_view(c).busy_ns;

    check_pause(c, WATCH_MS);
    uint64_t after = check_view(c).busy_ns;
    int64_t took_ns = (deadline_now_us() - from) * 1000;
    /* A child that has ended takes its time out of the sum. */
    uint64_t ran_ns = after > before ? after - before : 0;
    bool busy = ran_ns > (uint64_t)took_ns / 2;
    check_tell(c, WHO_KIT, slice_of(NULL, 0), "the target ran, or wanted to, for %.0f of %.0f ms",
               (double)ran_ns / 1e6, (double)took_ns / 1e6);
    return busy;
}

/* Idle, half-closed and blocked clients all at once; then nothing happens, and nobody is busy. */
static void no_spin(struct check_ctx *c)
{
    bool bulk =
        c->target.pipelines && exchange_medium(c->target.exchange) != EXCHANGE_OVER_DATAGRAMS;

    one_conversation(c);
    check_dial(c);
    if (exchange_medium(c->target.exchange) != EXCHANGE_OVER_DATAGRAMS && c->target.width > 2) {
        struct conn *closed = check_dial(c);
        struct conn *blocked = check_dial(c);

        check_shut(c, closed, SHUT_WR);
        if (bulk)
            check_push(c, blocked, 4096, check_volume(c, 16 << 20));
    }
    settled_view(c);
    unsigned busy = 0;
    while (busy < WATCHES && is_busy(c))
        busy++;
    if (busy == WATCHES)
        check_broken(c, "a target that nobody asks for anything is idle",
                     "it was busy for more than half of %d intervals of %d ms", WATCHES, WATCH_MS);
    check_met(c);
}

static void still_usable(struct check_ctx *c)
{
    uint64_t seconds = check_expected_number(c, "idle-timeout", 0);
    unsigned ms = seconds > 0 ? (unsigned)(seconds * 1000 * 9 / 10) : IDLE_MS;
    struct conn *conn = check_dial(c);

    check_exchange(c, conn);
    check_pause(c, ms);
    check_send(c, conn);
    if (check_try_reply(c, conn, deadline_in_ms(c->target.patience_ms))) {
        check_met(c);
        return;
    }
    if (seconds > 0)
        check_broken(c, "a connection that is idle for less than its time is served",
                     "after %u ms it is not", ms);
    if (conn->ended)
        check_noted(c, "the target closes a connection that is idle for %u ms", ms);
    check_broken(c, "an idle connection is served, or closed with FIN", "after %u ms idle: %s", ms,
                 conn->lost ? "reset" : "no reply and no end");
}

#define NEEDS_WATCH (NEED_CONNECTED | NEED_LOCAL)

static const struct check checks[] = {
    {
        .id = "stream.leak.fds",
        .claim = "descriptors are given back when connections are over",
        .why = "One that is kept per client ends in EMFILE after a day.",
        .how = "1000 connections with an exchange each; the target's open descriptors return to "
               "what they were.",
        .cites = {REQ_LEAK_01},
        .needs = NEEDS_WATCH,
        .flags = CHECK_ALONE | CHECK_REMOTE_FLOOD,
        .run = leak_fds,
    },
    {
        .id = "stream.leak.fds-after-abuse",
        .claim = "descriptors are given back when connections end badly",
        .why = "Error paths forget to close.",
        .how = "200 connections that are reset, half-closed or closed with a request on its way; "
               "then as before.",
        .cites = {REQ_LEAK_01, REQ_RST_01},
        .needs = NEEDS_WATCH | NEED_REQUESTS,
        .flags = CHECK_ALONE,
        .run = leak_fds_after_abuse,
    },
    {
        .id = "stream.leak.close-wait",
        .claim = "no connection stays in CLOSE-WAIT when its client has gone",
        .why = "CLOSE-WAIT has no time-out: it waits for the server's close() for ever.",
        .how = "100 connections that the client closes; the kernel's list of sockets shows none in "
               "CLOSE-WAIT on the target's port.",
        .cites = {REQ_LEAK_02, REQ_DEMO_09},
        .needs = NEED_TCP | NEED_LOOPBACK | NEED_LOCAL,
        .flags = CHECK_ALONE,
        .run = leak_close_wait,
    },
    {
        .id = "stream.leak.children",
        .claim = "no processes, zombies or threads pile up",
        .why = "A child that nobody waits for stays in the table.",
        .how = "100 connections; processes and threads of the target return to what they were.",
        .cites = {REQ_LEAK_03},
        .needs = NEEDS_WATCH,
        .flags = CHECK_ALONE,
        .run = leak_children,
    },
    {
        .id = "stream.leak.memory",
        .claim = "memory does not grow with the number of connections that were",
        .why = "A few hundred octets per client are gigabytes per month.",
        .how = "Batches of 1000 connections, until one does not add 512 KiB; 8 that all do are a "
               "leak.",
        .cites = {REQ_LEAK_04},
        .needs = NEEDS_WATCH,
        .flags = CHECK_ALONE | CHECK_REMOTE_FLOOD,
        .run = leak_memory,
    },
    {
        .id = "stream.idle.no-spin",
        .claim = "a target that is asked for nothing uses no processor time",
        .why = "Loops around read() at end of file, or around a socket that is always writable.",
        .how = "An idle, a half-closed and a blocked client; the target's processor time stands "
               "still.",
        .cites = {REQ_CPU_01},
        .needs = NEEDS_WATCH | NEED_REQUESTS,
        .flags = CHECK_ALONE,
        .run = no_spin,
    },
    {
        .id = "stream.idle.still-usable",
        .claim = "an idle connection is served afterwards, or has been closed in order",
        .why = "A server may end idle connections, but must not forget them.",
        .how = "An exchange, 150 ms of nothing, an exchange.",
        .cites = {REQ_PIPE_06},
        .needs = NEED_CONNECTED | NEED_REPLIES | NEED_PERSISTS,
        .expects = "idle-timeout",
        .run = still_usable,
    },
};

SUITE(stream_leak);
