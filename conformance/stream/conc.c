/* Checks: several connections at once; nobody waits for, sees or suffers from another. */
#include <sys/resource.h>

#include "conformance/runner/conn.h"
#include "conformance/suites.h"
#include "harness/base/deadline.h"

enum {
    CROWD = 32,
    MANY = 100,
    ROUNDS = 8,
    BODY = 256,
    OTHERS = 1000,
    FULL_MS = 1000,  /* for a target to accept what waits; one that does not is not judged */
    REFUSED_MS = 50, /* for it to meet its limit a few times */
    BUSY_MS = 100,
    HALF_US = 300000,
    SMALL_WINDOW = 4096, /* SO_RCVBUF of a reader with little room */
    SMALL_SEGMENT = 536,
    LITTLE_ROOM = 16384, /* SO_SNDBUF: less makes the target put its ACKs off */
    UNREAD = 8 << 20,
};

/*
 * The limit of connections, if there is one, is the target's own business; but everybody must be
 * served in the end, or told by a close.
 */
static void settle_limit(struct check_ctx *c, struct conn **conns, unsigned count, unsigned served)
{
    unsigned lost = 0;
    unsigned told = 0;

    for (unsigned i = 0; i < served; i++)
        check_close(c, conns[i]);
    for (unsigned i = served; i < count && check_alive(c); i++) {
        bool late = check_try_reply(c, conns[i], conn_patience(c));
        bool over = conns[i]->ended || conns[i]->lost;

        told += over;
        lost += !late && !over;
        check_close(c, conns[i]);
    }
    if (lost > 0)
        check_broken(c, "everybody is served, at the latest when others have gone",
                     "%u of %u connections got neither a reply nor an end", lost, count);
    if (check_expectation(c, "connections"))
        check_broken(c, "as many connections at once as expected", "%u were served at once",
                     served);
    check_noted(c, "%u connections are served at once; %u more were %s", served, count - served,
                told ? "closed" : "served when those had gone");
}

static void n_connections(struct check_ctx *c)
{
    unsigned wanted = (unsigned)check_expected_number(c, "connections", MANY);
    unsigned nominal = wanted > CHECK_CONNS_MAX ? CHECK_CONNS_MAX : wanted;
    struct conn *conns[CHECK_CONNS_MAX];
    unsigned count = 0;
    unsigned served = 0;

    if (!check_expectation(c, "connections"))
        nominal = check_connections(c, nominal);
    while (count < nominal && check_try_dial(c, &conns[count]))
        count++;
    for (unsigned i = 0; i < count; i++)
        check_send(c, conns[i]);
    while (served < count && check_try_reply(c, conns[served], conn_patience(c))) {
        served++;
        check_met(c);
    }
    if (count < nominal && served == count && check_expectation(c, "connections"))
        check_broken(c, "as many connections at once as expected", "%u were taken", count);
    if (count < nominal && served == count)
        check_noted(c, "%u connections are taken at once; the next one was refused", count);
    if (served < count)
        settle_limit(c, conns, count, served);
    for (unsigned i = 0; i < count; i++)
        check_close(c, conns[i]);
    check_probe(c);
    if (nominal < wanted && check_expectation(c, "connections"))
        check_remark(c, "%u connections; stream.load.held-connections tries all %u", count, wanted);
}

static void second_client(struct check_ctx *c)
{
    struct conn *first = check_dial(c);
    struct conn *second = NULL;

    if (exchange_has(c->target.exchange, EXCHANGE_PERSISTS))
        check_exchange(c, first);
    bool let_in = check_try_dial(c, &second);
    if (let_in) {
        check_send(c, second);
        if (check_try_reply(c, second, conn_patience(c))) {
            check_met(c);
            check_fence(c, first);
            return;
        }
    }
    if (check_expectation(c, "concurrent"))
        check_broken(c, "the second client is served beside the first", "it is not");
    check_close(c, first);
    if (let_in && !second->ended && !second->lost && check_try_reply(c, second, conn_patience(c)))
        check_noted(c, "the target serves one client at a time: the second got its reply when the "
                       "first had gone");
    check_probe(c);
    check_noted(c, "the target serves one client at a time: it turns a second one away");
}

/* Each connection has requests of its own, and all of them are open and busy at once. */
static void converse_in_turns(struct check_ctx *c, unsigned crowd, unsigned rounds)
{
    struct conn *conns[CHECK_CONNS_MAX];

    for (unsigned i = 0; i < crowd; i++)
        conns[i] = check_dial(c);
    for (unsigned round = 0; round < rounds && check_alive(c); round++) {
        for (unsigned i = 0; i < crowd; i++)
            check_send_sized(c, conns[i], BODY + round);
        for (unsigned i = crowd; i-- > 0;)
            check_reply(c, conns[i]);
    }
    for (unsigned i = 0; i < crowd; i++) {
        if (rounds > 1)
            check_fence(c, conns[i]);
        check_close(c, conns[i]);
    }
}

static unsigned rounds_of(const struct check_ctx *c)
{
    return exchange_has(c->target.exchange, EXCHANGE_PERSISTS) ? check_rounds(c, ROUNDS) : 1;
}

static void no_crosstalk(struct check_ctx *c)
{
    converse_in_turns(c, check_crowd(c, CROWD), rounds_of(c));
}

static void side_by_side(struct check_ctx *c)
{
    converse_in_turns(c, check_crowd(c, 8), rounds_of(c));
}

static void converse_beside(struct check_ctx *c, unsigned rounds)
{
    struct conn *other = check_dial(c);

    for (unsigned i = 0; i < check_rounds(c, rounds) && check_alive(c); i++)
        check_exchange(c, other);
}

/* With little room on our side, and small segments, by which the kernel measures the send buffer of
   the other, some hundred kilobytes hold a target up. What is pushed goes by its speed, and a slow
   one, or one on a busy machine, must get there, too. What waits on our side is kept small, so that
   each bit that the target takes shows. */
static void slow_reader_isolated(struct check_ctx *c)
{
    struct net_dial_options options = {
        .receive_buffer = SMALL_WINDOW, .send_buffer = LITTLE_ROOM, .segment = SMALL_SEGMENT};
    struct conn *slow = check_dial_with(c, &c->target.address, &options);

    check_push_beside(c, slow, 4096, check_volume(c, UNREAD));
    converse_beside(c, OTHERS);
    check_drain(c, slow);
    check_fence(c, slow);
}

/* The client with half a request must not be taken for an idle one: so many exchanges only as a
   fraction of a second holds, but a few in any case. */
static unsigned beside_half_a_request(const struct check_ctx *c)
{
    int64_t fit = HALF_US / (c->target.latency_us + 1);

    return fit > OTHERS / 10 ? OTHERS / 10 : fit < 3 ? 3 : (unsigned)fit;
}

/* Not even a first octet: whoever waits for it in the accept loop lets nobody else in. */
static void silent_client(struct check_ctx *c)
{
    struct conn *silent = check_dial(c);

    for (unsigned i = 0; i < 3; i++) {
        struct conn *other = check_dial(c);

        check_exchange(c, other);
        check_close(c, other);
    }
    check_exchange(c, silent);
}

static void slow_writer_isolated(struct check_ctx *c)
{
    struct conn *slow = check_dial(c);
    struct buf request;

    buf_init(&request, 1 << 16);
    check_compose(c, slow, CHECK_BODY, &request);
    check_send_octets(c, slow, slice_sub(buf_slice(&request), 0, 1));
    if (exchange_has(c->target.exchange, EXCHANGE_PERSISTS))
        converse_beside(c, beside_half_a_request(c));
    else
        check_probe(c);
    check_send_octets(c, slow, slice_from(buf_slice(&request), 1));
    check_reply(c, slow);
    buf_free(&request);
}

/* Each process of the target gets so many descriptors more than it has. */
static void lower_limits(struct check_ctx *c, unsigned more)
{
    pid_t tree[OUTCOME_LOWERED_MAX];
    size_t count = procview_tree(c->target.pid, tree, ARRAY_LEN(tree));
    struct outcome *o = c->outcome;

    for (size_t i = 0; i < count && check_alive(c); i++) {
        struct lowered l = {.pid = tree[i], .now = procview_descriptors(tree[i]) + more};
        struct rlimit limit;

        if (prlimit(l.pid, RLIMIT_NOFILE, NULL, &limit) != 0)
            continue; /* it has ended meanwhile */
        l.before = limit.rlim_cur;
        limit.rlim_cur = l.now;
        o->lowered[o->lowered_count++] = l; /* known before it is done, see outcome.h */
        if (prlimit(l.pid, RLIMIT_NOFILE, &limit, NULL) != 0)
            check_skipped(c, "the limits of process %d may not be changed", (int)l.pid);
        check_tell(c, WHO_KIT, slice_of(NULL, 0), "descriptor limit of process %d lowered to %u",
                   (int)l.pid, (unsigned)l.now);
    }
}

/* True once a process of the target has as many descriptors as it may. */
static bool ran_out(struct check_ctx *c)
{
    int64_t deadline = deadline_in_ms(FULL_MS);

    while (check_alive(c) && !deadline_passed(deadline)) {
        for (size_t i = 0; i < c->outcome->lowered_count; i++) {
            const struct lowered *l = &c->outcome->lowered[i];

            if (procview_descriptors(l->pid) >= l->now)
                return true;
        }
        check_pause(c, 5);
    }
    return false;
}

/* The part of an interval that the target's processes were running, or waiting to run. */
static double busy_part(struct check_ctx *c, unsigned ms)
{
    int64_t from = deadline_now_us();
    uint64_t before = check_view(c).busy_ns;

    check_pause(c, ms);
    uint64_t after = check_view(c).busy_ns;
    double took_ns = (double)(deadline_now_us() - from) * 1000;
    return after > before ? (double)(after - before) / took_ns : 0;
}

/* Opens more connections than the target has descriptors for. Returns how many were taken. */
static unsigned exhaust(struct check_ctx *c, struct conn **conns)
{
    unsigned count = 0;

    check_probe(c);
    lower_limits(c, CROWD / 4);
    while (count < CROWD && check_in_time(c) && check_try_dial(c, &conns[count]))
        count++;
    if (!ran_out(c))
        check_skipped(c, "%u connections do not bring a process of the target to its limit", count);
    return count;
}

static void emfile_recovery(struct check_ctx *c)
{
    struct conn *conns[CROWD];
    unsigned count = exhaust(c, conns);

    check_pause(c, REFUSED_MS);
    outcome_restore_limits(c->outcome);
    for (unsigned i = 0; i < count; i++)
        check_close(c, conns[i]);
    check_probe(c);
}

static void emfile_no_spin(struct check_ctx *c)
{
    struct conn *conns[CROWD];
    unsigned count = exhaust(c, conns);
    /* Twice, so that a burst of work is not taken for a loop. */
    double busy = busy_part(c, BUSY_MS);

    if (busy > 0.5)
        busy = busy_part(c, BUSY_MS);
    outcome_restore_limits(c->outcome);
    if (check_alive(c) && busy > 0.5)
        check_broken(c, "a target out of descriptors waits",
                     "it is busy for %.0f %% of the time while nothing happens", busy * 100);
    check_met(c);
    for (unsigned i = 0; i < count; i++)
        check_close(c, conns[i]);
}

#define NEEDS_TALK (NEED_CONNECTED | NEED_REPLIES | NEED_REQUESTS)

static const struct check checks[] = {
    {
        .id = "stream.conc.second-client",
        .claim = "a second client is served beside or after the first",
        .why = "The classic demos accept once, or serve one client until it leaves.",
        .how = "A connection that is open and idle, and a second one with a request. A target that "
               "serves it when the first has gone is recorded; one that never does is broken.",
        .cites = {REQ_DEMO_05, REQ_CONC_02, REQ_DEMO_11},
        .needs = NEEDS_TALK,
        .flags = CHECK_SECOND,
        .expects = "concurrent",
        .run = second_client,
    },
    {
        .id = "stream.conc.n-connections",
        .claim = "of many connections at once each is served or told that it is not",
        .why = "Tables of fixed size, select() and its 1024 descriptors, forgotten clients.",
        .how = "100 connections, a request on each, all replies before any is closed. A limit that "
               "is cleanly kept is recorded; who gets neither reply nor end is lost.",
        .cites = {REQ_ORD_03, REQ_CONC_01},
        .needs = NEEDS_TALK | NEED_CONCURRENT,
        .flags = CHECK_ALONE,
        .expects = "connections",
        .run = n_connections,
    },
    {
        .id = "stream.conc.no-crosstalk",
        .claim = "connections do not see each other's data",
        .why = "A static buffer shared by threads mixes what clients say.",
        .how =
            "32 connections with requests of their own, sent in one order and read in the other.",
        .cites = {REQ_ORD_03},
        .needs = NEEDS_TALK | NEED_CONCURRENT,
        .flags = CHECK_ALONE,
        .run = no_crosstalk,
    },
    {
        .id = "stream.conc.slow-reader-isolated",
        .claim = "a client that does not read holds up nobody else",
        .why = "One blocking send() stops a server of one thread.",
        .how = "One client pushes requests and reads nothing; another has 1000 exchanges; then the "
               "first gets all its replies.",
        .cites = {REQ_PIPE_04},
        .needs = NEEDS_TALK | NEED_PERSISTS | NEED_PIPELINES | NEED_CONCURRENT,
        .run = slow_reader_isolated,
    },
    {
        .id = "stream.conc.silent-client",
        .claim = "a client that says nothing keeps nobody else waiting",
        .why = "A greeting or a handshake that is waited for in the accept loop stops all others.",
        .how = "A connection without a word; three others are served; then it is, too.",
        .cites = {REQ_PIPE_05},
        .needs = NEEDS_TALK | NEED_CONCURRENT,
        .run = silent_client,
    },
    {
        .id = "stream.conc.slow-writer-isolated",
        .claim = "a client that sends half a request holds up nobody else",
        .why = "One blocking read for the rest stops a server of one thread.",
        .how =
            "One octet of a request; up to 100 exchanges of another client; then the rest and its "
            "reply.",
        .cites = {REQ_PIPE_05},
        .needs = NEEDS_TALK | NEED_STREAM | NEED_CUTS | NEED_CONCURRENT,
        .run = slow_writer_isolated,
    },
    {
        .id = "stream.conc.emfile-recovery",
        .claim = "a target that ran out of descriptors serves again when there are some",
        .why = "accept() fails with EMFILE, and not every loop survives that.",
        .how = "The descriptor limit of its process is lowered, more connections are opened than "
               "fit, they are closed, and a probe is served.",
        .cites = {REQ_CONC_03},
        .needs = NEED_CONNECTED | NEED_LOCAL | NEED_CONCURRENT,
        .flags = CHECK_ALONE,
        .run = emfile_recovery,
    },
    {
        .id = "stream.conc.emfile-no-spin",
        .claim = "a target out of descriptors waits and does not spin",
        .why = "accept() fails with EMFILE while the listener stays readable: loops run hot.",
        .how = "As with recovery; its processor time is watched while nothing happens.",
        .cites = {REQ_CONC_04, REQ_CONC_03},
        .needs = NEED_CONNECTED | NEED_LOCAL | NEED_CONCURRENT | NEED_REQUESTS,
        .flags = CHECK_ALONE,
        .run = emfile_no_spin,
    },
    {
        .id = "stream.conc.side-by-side",
        .claim = "conversations side by side go as they go alone",
        .why = "What holds for one client must hold while others talk.",
        .how = "8 connections at once; and every check that broke while others ran beside it and "
               "held alone is counted here.",
        .cites = {REQ_ORD_03},
        .needs = NEEDS_TALK | NEED_CONCURRENT,
        .flags = CHECK_ALONE | CHECK_FLIPS,
        .run = side_by_side,
    },
};

SUITE(stream_conc);
