/*
 * What a schedule decides for one unit of traffic. A decision is a pure function of the schedule,
 * the seed, the client's number, the direction, the unit's number and its length: it depends on no
 * clock, no address, and nothing that was decided before. So the same seed and the same traffic
 * give the same decisions, one client's traffic does not change another's, and every decision can
 * be had again by its number.
 *
 * Clients are numbered from 1 in the order in which they came. Each counts its own units, from 1 in
 * each direction. On datagrams a unit is a datagram; on streams it is a stretch of octets that ends
 * where something was done (harness/fault/flow.h).
 */
#ifndef HARNESS_FAULT_PLAN_H
#define HARNESS_FAULT_PLAN_H

#include "harness/base/rng.h"
#include "harness/fault/schedule.h"

/* How a stretch of a stream ended, where no fault ended it. */
enum fault_end {
    FAULT_GOES_ON,
    FAULT_ENDED,  /* the sender ended its side */
    FAULT_BROKEN, /* the sender reset the connection */
};

struct fault_decision {
    uint64_t client;
    uint64_t number;
    enum fault_way way;
    uint64_t length; /* as it came */
    unsigned deeds;  /* a bit for each fault_kind that is done to it; 0: it passes as it is */
    enum fault_end end;

    /* What belongs to the deeds; meaningless without. */
    size_t truncate_to;
    size_t corrupt_at;    /* within what is left of it */
    uint8_t corrupt_mask; /* is exclusive-ored; never 0 */
    unsigned copies;
    unsigned copies_behind; /* so many later datagrams; 0: at once */
    int64_t copies_within_us;
    unsigned behind; /* reorder: so many later datagrams */
    int64_t within_us;
    int64_t delay_us;
};

typedef void fault_sink(const struct fault_decision *d, void *closure);

/* What all clients of a proxy share. It owns nothing. */
struct fault_plan {
    const struct fault_schedule *schedule;
    uint64_t seed;
    fault_sink *sink; /* hears every decision when it is made; or NULL */
    void *closure;
};

/* One direction of one client. A plain value. */
struct fault_lane {
    const struct fault_plan *plan;
    uint64_t client;
    enum fault_way way;
    uint64_t clauses; /* a bit for each clause of the schedule that concerns it */
    uint64_t number;  /* of the last unit */
};

void fault_lane_open(struct fault_lane *lane, const struct fault_plan *plan, uint64_t client,
                     enum fault_way way);

/* The first clause of this kind that concerns the lane, or NULL. */
const struct fault_clause *fault_lane_clause(const struct fault_lane *lane, enum fault_kind kind);

/* The source of chance of one clause for one number. */
void fault_lane_draw(const struct fault_lane *lane, const struct fault_clause *clause,
                     uint64_t number, struct rng *ret);

/* Decides for the next datagram of the lane and tells the sink. Where several clauses of one kind
   hit it, the first counts; what is dropped suffers nothing else, and what is moved behind others
   is not delayed as well. */
void fault_lane_datagram(struct fault_lane *lane, size_t length, struct fault_decision *ret);

/* Counts a stretch of a stream that ended by this deed (a bit, or 0) or end; tells the sink. */
void fault_lane_stretch(struct fault_lane *lane, uint64_t length, unsigned deed,
                        enum fault_end end);

/* What becomes of the octets themselves: cut to length and corrupted in place. Returns the length
   that is left. */
size_t fault_deform(const struct fault_decision *d, uint8_t *data, size_t len);

enum { FAULT_LINE_MAX = 256 };

/*
 * The decision as a line of the log, without a newline: CLIENT.NUMBER WAY LENGTH DECISION, the
 * decision "pass", or the deeds between commas.
 */
void fault_decision_text(const struct fault_decision *d, char *out, size_t cap);

#endif
