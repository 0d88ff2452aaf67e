/*
 * Volleys: very many datagrams of one check, verified one by one, in bursts that no receive buffer
 * is too small for. A few sockets, each with a burst of its own under way; the next burst of a
 * socket goes out when the last one is answered in full. So there are never more datagrams on their
 * way than sockets times burst, and a target that loses one has lost it itself.
 *
 * What is judged: octets that are the reply to no open request; a second reply; a request that
 * stays unanswered for as long as patience lasts on its socket, unless the kernel has dropped
 * datagrams at the target's socket meanwhile, which is a skip. Nothing is sent a second time.
 */
#ifndef CONFORMANCE_RUNNER_VOLLEY_H
#define CONFORMANCE_RUNNER_VOLLEY_H

#include "conformance/runner/check.h"

enum { VOLLEY_SOCKETS_MAX = 8, VOLLEY_BURST_MAX = 32 };

struct volley_options {
    uint64_t count;   /* datagrams in all */
    unsigned sockets; /* at most VOLLEY_SOCKETS_MAX */
    unsigned burst;   /* of one socket, at most VOLLEY_BURST_MAX */
    unsigned time_ms; /* no burst begins after so long: a slow target is asked less */
    size_t size;      /* octets of a body, and some more that change from one to the next */
};

struct volley_tally {
    uint64_t answered;
    int64_t took_us;
};

/* Does all of it, and settles the check where something is wrong. Behind the last burst each socket
   has one more exchange: a second reply to anything before would have come ahead of its reply. */
struct volley_tally volley_run(struct check_ctx *c, const struct volley_options *options);

#endif
