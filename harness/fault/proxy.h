/*
 * A proxy that carries out a fault schedule between clients and one server: it listens at one
 * endpoint and leads everybody on to another of the same kind, streams to a stream (tcp, unix),
 * datagrams to a datagram socket (udp, unix-dgram).
 *
 * Streams: FIN is passed on as FIN and RST as RST, each direction by itself; what one side does not
 * read, the other soon cannot write. Datagrams: borders are kept, from none to 65507 octets; every
 * client has an upstream socket of its own, so that replies find their way, and gets them from the
 * address that it has sent to. A client of the same address that asks us at another of ours is
 * another client.
 *
 * A proxy is one loop in one thread, with no globals. Either a process runs it until it is told to
 * stop (fault_proxy_run), or an outer loop polls its descriptor and turns it when that is readable
 * or its time has come. The process must ignore SIGPIPE, which splice(2) else raises. A fork takes
 * it along: exactly one of the two processes may go on using it, the other closes it with
 * fault_proxy_abandon.
 */
#ifndef HARNESS_FAULT_PROXY_H
#define HARNESS_FAULT_PROXY_H

#include "harness/fault/plan.h"
#include "harness/net/endpoint.h"

struct fault_proxy;

/* 0 means the number behind it. */
struct fault_limits {
    size_t clients;    /* at a time (4096). Streams beyond wait in the backlog, datagrams of others
                          are lost, and counted as refused */
    size_t held_bytes; /* of all together (64 MiB): what is beyond is lost where it is datagrams,
                          and not read yet where it is streams */
    int64_t idle_ms; /* after which a client of datagrams is forgotten (60000); if it comes back it
                        is a new one */
};

struct fault_proxy_options {
    const struct endpoint *listen; /* port 0 chooses one */
    const struct endpoint *to;
    const struct fault_schedule *schedule; /* must fit, and live as long as the proxy */
    uint64_t seed;
    fault_sink *sink; /* hears every decision; or NULL */
    void *closure;
    struct fault_limits limits;
};

struct fault_counters {
    uint64_t clients; /* that ever came */
    uint64_t active;
    uint64_t refused;   /* streams: times that nobody more was let in; datagrams of strangers, where
                           there were too many clients or no descriptor */
    uint64_t unreached; /* times that nobody was there at the target */
    struct {
        uint64_t datagrams; /* that came; 0 of streams */
        uint64_t octets;    /* that came */
        uint64_t sent_datagrams;
        uint64_t sent_octets;
        uint64_t deeds[FAULT_KINDS]; /* decisions, by what they do */
        uint64_t lost; /* datagrams that were lost to our own limits, or to the kernel's: not by the
                          schedule */
    } ways[FAULT_WAYS];
};

/* Whether the endpoints and the schedule go together: both of streams or both of datagrams, of
   kinds that are carried, with faults that can be done to them. False with the reason. */
bool fault_proxy_check(const struct fault_proxy_options *options, struct problem *why) MUST_USE;

/* Listens. NULL with the reason: that of fault_proxy_check, the place is taken, a host does not
   resolve, no memory. Whether anybody serves at the target is not asked. */
struct fault_proxy *fault_proxy_open(const struct fault_proxy_options *options,
                                     struct problem *why) MUST_USE;

/* Ends every connection (each is reset where it has not ended), forgets all that is held, and takes
   a socket file away. NULL is ignored. */
void fault_proxy_close(struct fault_proxy *p);

/* Gives back what this process has of it and leaves everything else to the other. */
void fault_proxy_abandon(struct fault_proxy *p);

/* Where it listens, with the port that was chosen. */
const struct endpoint *fault_proxy_endpoint(const struct fault_proxy *p);

/* For poll(2): readable where a turn has something to do; and when one is due without. */
int fault_proxy_descriptor(const struct fault_proxy *p);
int64_t fault_proxy_due_us(const struct fault_proxy *p);

/* Does what there is to do, waiting for it until the deadline at most. False with errno where our
   machine refuses to go on. */
bool fault_proxy_turn(struct fault_proxy *p, int64_t deadline_us);

enum fault_run { FAULT_RUN_STOPPED, FAULT_RUN_DUE, FAULT_RUN_FAILED };

/* Turns until the descriptor is readable (a signalfd, an eventfd, a pipe at its end), or the
   deadline has passed; failed with errno as above. */
enum fault_run fault_proxy_run(struct fault_proxy *p, int stop, int64_t deadline_us);

/* As they are now; valid until the next call. */
const struct fault_counters *fault_proxy_counters(struct fault_proxy *p);

#endif
