/*
 * Load: thousands of connections of one check, in its one process and moved by one loop over
 * epoll(7). A connection of check.h has queues and a transcript and is made for few; a line of load
 * is some hundred octets: its socket, the numbers of the requests that it is owed replies to, and,
 * for as long as they last, octets of a reply that is not all there or of a request that the socket
 * did not take. Every reply is compared octet by octet with what the exchange says it must be, so
 * that of any two lines neither can be given what is the other's.
 *
 * The steps work like those of check.h: the first thing that is wrong settles the check, the later
 * steps do nothing, and what is open belongs to the context, which closes it (check_close_all).
 *
 *   load_open      says how much
 *   load_admit     begins lines, and gives each of them its first exchange
 *   load_round     further requests on every line that was served, and all their replies
 *   load_release   ends the lines that were served, and judges those that never were
 *
 * What is judged. Octets that are not the reply; a reply that stays away, or a connection that is
 * ended in its place, where the line was served before; a connection that was taken and gets
 * neither a reply nor an end, at last when all others have gone. What is told. Who is refused, or
 * ended before a first reply, is turned away: how many a target serves at once is its own business.
 * One that says something to those it turns away must mean it: if many others are let in
 * afterwards, it was no limit but a wrong reply.
 *
 * Silence is bounded by the patience of the target, and counted only while nothing moves on any
 * line. The length of a step depends on the speed of the target, never its verdict.
 */
#ifndef CONFORMANCE_RUNNER_LOAD_H
#define CONFORMANCE_RUNNER_LOAD_H

#include "conformance/runner/check.h"

enum {
    LOAD_LINES_MAX = 60000,
    LOAD_DEPTH_MAX = 16,
    LOAD_REQUESTS_MAX = 1024, /* on one line, in all rounds together */
};

struct load_options {
    unsigned lines;   /* in all, at most LOAD_LINES_MAX */
    unsigned open;    /* at most so many open at once; as many as our descriptors suffice for */
    unsigned fresh;   /* at most so many that wait for their first reply */
    unsigned rate;    /* begun in a second, at most; 0: as fast as they are served */
    unsigned time_ms; /* none is begun after so long */
    unsigned depth;   /* requests open on a line at once, at most LOAD_DEPTH_MAX; 1 where the target
                         does not pipeline */
    size_t size;      /* octets of a body, and some more that change from one to the next */
    bool leaves;      /* a line ends its side behind its first reply, and then waits for the end */
};

struct load_tally {
    unsigned begun;   /* lines that have tried to connect */
    unsigned served;  /* that got a right reply */
    unsigned held;    /* of these, still open */
    unsigned waiting; /* that are connected, or connecting, and got no reply yet */
    unsigned away;    /* turned away */
    unsigned ended;   /* ended by the target when nothing was open: idle for too long, perhaps */
    unsigned lasting; /* that the target did not end when we had ended our side */
    uint64_t replies;
    uint64_t octets;   /* of right replies */
    int64_t took_us;   /* from the first connect to the end of load_admit */
    const char *lacks; /* why our machine could not do more, or NULL */
};

/* Opens the context's load, of which it has one at a time. Raises the soft limit of descriptors
   where it must and may (getrlimit(2)). Skipped where there are too few for a single line. */
void load_open(struct check_ctx *c, const struct load_options *options);

void load_admit(struct check_ctx *c);

/* At most LOAD_REQUESTS_MAX with all rounds before. All requests go out before the first reply is
   read, as far as depth and the sockets allow; replies of a line come in order, unless the exchange
   lets them overtake each other. */
void load_round(struct check_ctx *c, unsigned requests);

/* Lines that wait are given as long as they have waited already, and the patience of the target on
   top: TCP asks again after pauses that double (RFC 6298 5.5). */
void load_release(struct check_ctx *c);

/* How it went so far. All zero where nothing is open. */
struct load_tally load_tally(const struct check_ctx *c);

/* Closes everything; nothing where nothing is open. */
void load_close(struct check_ctx *c);

#endif
