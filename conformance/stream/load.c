/* Checks: load. Thousands of connections at once, a thousand new ones in a second, and all of them
 * busy; run only where they are asked for. */
#include "conformance/runner/load.h"
#include "conformance/suites.h"

enum {
    HELD = 10000,
    HELD_MS = 5000, /* for beginning them: a slow target gets as many as it takes in that time */
    FRESH = 64,     /* a backlog of 128 holds them, with room for others */
    DEPTH = 4,
    ROUNDS = 2,
    RATE = 1000,
    RATED = 3000,
    RATED_MS = 12000,
    BUSY_DEPTH = 8,
    BUSY_BODY = 16384,
    BUSY_MS = 5000,
    US_PER_S = 1000000,
};

#define BUSY_VOLUME ((size_t)512 << 20)

/* In one second, for a message. */
static unsigned rate_of(const struct load_tally *t)
{
    return (unsigned)((uint64_t)t->served * US_PER_S / (uint64_t)(t->took_us + 1));
}

/* Nobody was served at all: the target does not let us in, and may do so later. */
static void nobody(struct check_ctx *c, const struct load_tally *t)
{
    if (t->served == 0 && t->away > 0)
        check_turned_away(c, "the target takes connections", "it turns all of them away");
}

/* ---- held at once ---- */

/* What became of those that were not among the held: `t` before these had gone, `last` behind that.
   A promise is judged where it was the target that kept it from being fulfilled. */
static void tell_held(struct check_ctx *c, const struct load_tally *t,
                      const struct load_tally *last, unsigned wanted)
{
    unsigned kept_out = t->away + t->waiting;
    bool fewer = t->served < wanted;

    if (kept_out > 0 && check_expectation(c, "connections"))
        check_broken(c, "as many connections at once as expected",
                     "%u were served at once, and %u of %u were not", t->served, kept_out,
                     t->begun);
    if (kept_out > 0)
        check_noted(c,
                    "%u connections are served at once, each with its own data in order; of others "
                    "%u were turned away and %u served when those had gone",
                    t->served, last->away, last->served - t->served);
    check_remark(c, "%u connections at once, %llu replies%s%s%s%s", t->served,
                 (unsigned long long)t->replies,
                 fewer && t->lacks ? "; what did not suffice for more: " : "",
                 fewer && t->lacks ? t->lacks : "",
                 fewer && !t->lacks ? "; the target took no more in that time" : "",
                 t->ended > 0 ? "; it ended some of them that were idle" : "");
}

static void held_connections(struct check_ctx *c)
{
    unsigned wanted = (unsigned)check_expected_number(c, "connections", HELD);
    struct load_options options = {.lines = wanted,
                                   .open = wanted,
                                   .fresh = FRESH,
                                   .time_ms = HELD_MS,
                                   .depth = DEPTH,
                                   .size = CHECK_BODY};

    load_open(c, &options);
    load_admit(c);
    for (unsigned round = 0; round < ROUNDS; round++)
        load_round(c, DEPTH);
    /* A fence for every connection: nothing else was on its way. */
    load_round(c, 1);
    struct load_tally tally = load_tally(c);
    nobody(c, &tally);
    load_release(c);
    struct load_tally last = load_tally(c);
    load_close(c);
    check_probe(c);
    tell_held(c, &tally, &last, wanted);
}

/* ---- one behind the other ---- */

static void tell_rate(struct check_ctx *c, const struct load_tally *t)
{
    if (t->away > 0)
        check_noted(c, "of %u connections %u were turned away; the others were served, %u a second",
                    t->begun, t->away, rate_of(t));
    if (t->lasting > 0)
        check_remark(c, "%u connections, %u a second; the target did not end those that had ended",
                     t->served, rate_of(t));
    else
        check_remark(c, "%u connections, %u a second%s%s", t->served, rate_of(t),
                     t->lacks ? "; what did not suffice for more: " : "", t->lacks ? t->lacks : "");
}

/* No more at once than the calibration found to be served side by side, so that who is turned away
   is so for the rate. A target that has turned some away is left to the look behind each check. */
static void connection_rate(struct check_ctx *c)
{
    struct load_options options = {.lines = RATED,
                                   .open = c->target.width,
                                   .fresh = c->target.width,
                                   .rate = RATE,
                                   .time_ms = RATED_MS,
                                   .depth = 1,
                                   .size = CHECK_BODY,
                                   .leaves = true};

    load_open(c, &options);
    load_admit(c);
    struct load_tally tally = load_tally(c);
    nobody(c, &tally);
    load_release(c);
    load_close(c);
    if (tally.away == 0)
        check_probe(c);
    tell_rate(c, &tally);
}

/* ---- all busy ---- */

static void throughput(struct check_ctx *c)
{
    struct load_options options = {.lines = c->target.width,
                                   .open = c->target.width,
                                   .fresh = c->target.width,
                                   .time_ms = BUSY_MS,
                                   .depth = BUSY_DEPTH,
                                   .size = BUSY_BODY};
    unsigned each = check_requests(c, BUSY_VOLUME / c->target.width, BUSY_BODY);

    load_open(c, &options);
    load_admit(c);
    load_round(c, each < LOAD_REQUESTS_MAX - 2 ? each : LOAD_REQUESTS_MAX - 2);
    load_round(c, 1);
    struct load_tally tally = load_tally(c);
    nobody(c, &tally);
    load_release(c);
    check_remark(c, "%llu KiB on %u connections at once", (unsigned long long)tally.octets >> 10,
                 tally.served);
}

#define NEEDS_TALK (NEED_CONNECTED | NEED_REPLIES | NEED_REQUESTS)
#define FLAGS (CHECK_ALONE | CHECK_REMOTE_FLOOD | CHECK_ON_REQUEST)

static const struct check checks[] = {
    {
        .id = "stream.load.held-connections",
        .claim = "of thousands of connections at once each has its own data, in order",
        .why =
            "Tables that wrap, numbers of 12 bits and lists that are walked end to end show only "
            "in a crowd.",
        .how = "10,000 connections, held: a first request on each, then twice four in a row on all "
               "of them, then one more. Descriptors are raised as far as they may; a limit of the "
               "target is recorded, and who gets neither reply nor end is lost.",
        .cites = {REQ_ORD_03, REQ_ORD_02, REQ_CONC_01},
        .needs = NEEDS_TALK | NEED_PERSISTS | NEED_CONCURRENT,
        .flags = FLAGS,
        .expects = "connections",
        .run = held_connections,
    },
    {
        .id = "stream.load.connection-rate",
        .claim = "a thousand connections in a second are each taken, served and ended",
        .why = "What is left of each connection adds up, and an accept loop that loses one in a "
               "thousand looks well all day.",
        .how = "1000 connections a second for three seconds, no more at once than are served side "
               "by side: a request, its reply, FIN both ways. A slow target gets them slower; who "
               "is turned away is recorded.",
        .cites = {REQ_BACK_01, REQ_LEAK_01},
        .needs = NEEDS_TALK,
        .flags = FLAGS,
        .run = connection_rate,
    },
    {
        .id = "stream.load.throughput",
        .claim = "connections that all move much at once keep their octets, in order",
        .why =
            "A short write or a shared buffer is met when every client is busy, not when one is.",
        .how = "32 connections with eight requests of 16 KiB open on each, 512 MiB in all; every "
               "octet is compared.",
        .cites = {REQ_INT_01, REQ_ORD_01, REQ_ORD_03},
        .needs = NEEDS_TALK | NEED_PERSISTS | NEED_PAYLOAD | NEED_CONCURRENT,
        .flags = FLAGS,
        .run = throughput,
    },
};

SUITE(stream_load);
