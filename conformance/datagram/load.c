/* Check: load. A million datagrams, every one of them verified; run only where it is asked for. */
#include "conformance/runner/volley.h"
#include "conformance/suites.h"

enum {
    COUNT = 1000000,
    TIME_MS = 20000,
    SOCKETS = 4,
    BURST = 12,     /* on each of them: 48 at once, and a default receive buffer holds 256 */
    BURST_UNIX = 8, /* the queue of a client has room for max_dgram_qlen = 10 */
    US_PER_S = 1000000,
};

static void bursts(struct check_ctx *c)
{
    bool is_unix = endpoint_is_unix(&c->target.endpoint);
    struct volley_options options = {.count = COUNT,
                                     .sockets = SOCKETS,
                                     .burst = is_unix ? BURST_UNIX : BURST,
                                     .time_ms = TIME_MS,
                                     .size = CHECK_BODY};
    struct volley_tally tally = volley_run(c, &options);

    check_probe(c);
    check_remark(c, "%llu datagrams, %llu a second%s", (unsigned long long)tally.answered,
                 (unsigned long long)(tally.answered * US_PER_S / (uint64_t)(tally.took_us + 1)),
                 tally.answered < COUNT ? "; the target answered no more in that time" : "");
}

static const struct check checks[] = {
    {
        .id = "datagram.load.bursts",
        .claim = "of a million datagrams in small bursts each is answered once, and right",
        .why = "One in a hundred thousand that is lost, doubled or given to somebody else shows in "
               "no short test.",
        .how = "1,000,000 datagrams from four sockets with at most 12 under way on each (8 on a "
               "Unix socket); every reply is compared. A slow target is asked for as many as it "
               "answers in 20 s; what the kernel itself dropped is not blamed on it.",
        .cites = {REQ_DGRAM_09, REQ_DGRAM_07, REQ_ECHO_862_08},
        .needs = NEED_DATAGRAM | NEED_REPLIES | NEED_NUMBERED | NEED_LOOPBACK,
        .flags = CHECK_ALONE | CHECK_REMOTE_FLOOD | CHECK_EVERY | CHECK_ON_REQUEST,
        .run = bursts,
    },
};

SUITE(datagram_load);
