/*
 * One direction of one stream connection on its way through a proxy: what may be sent when. It
 * holds no octets, only their offsets, and knows no clock, so that everything can be tried on
 * virtual time. The proxy tells it what has arrived and asks for the next step; it does the step,
 * tells what it did, and asks again.
 *
 * What is done to a stream goes by offset, never by how reads and sends happened to fall; so the
 * log is the same for the same octets. Each line of it is a stretch: its length is that of the
 * octets since the line before, its decision what was done behind them.
 */
#ifndef HARNESS_FAULT_FLOW_H
#define HARNESS_FAULT_FLOW_H

#include "harness/fault/plan.h"

enum { FAULT_MARKS_MAX = 64 };

enum fault_act {
    FAULT_SEND,    /* `len` octets, by one send */
    FAULT_SWALLOW, /* `len` octets: throw them away */
    FAULT_WAIT,    /* ask again at until_us, or when more has arrived */
    FAULT_IDLE,    /* ask again when more has arrived, or the end */
    FAULT_SHUT,    /* end this direction towards the receiver, go on reading; ask again */
    FAULT_BREAK,   /* reset both sides; nothing comes after it */
    FAULT_FINISH,  /* pass the sender's end on; nothing comes after it */
    FAULT_FAIL,    /* pass the sender's reset on; nothing comes after it */
};

struct fault_step {
    enum fault_act act;
    size_t len;
    int64_t until_us;
};

/* A plain value; it must be closed by nothing. */
struct fault_flow {
    struct fault_lane lane;
    const struct fault_clause *delay; /* each the one that concerns the lane, or NULL */
    const struct fault_clause *cut;
    const struct fault_clause *coalesce;
    const struct fault_clause *rate;
    bool has_events; /* stop, close or reset */

    uint64_t arrived; /* octets that came */
    uint64_t left;    /* ... and of these went on, or were thrown away */
    uint64_t logged;  /* ... and were told to the sink */
    uint64_t fired;   /* a bit for each clause that has happened */
    uint64_t piece_end;
    uint64_t pieces;
    uint64_t gathered; /* coalesce: octets up to here need not wait */
    uint64_t due;      /* delay: octets up to here may go */
    int64_t paused_until_us;
    int64_t rate_free_us;
    int64_t last_arrival_us;
    struct {
        uint64_t end;
        int64_t due_us;
    } marks[FAULT_MARKS_MAX]; /* delay: what came together, oldest first */
    size_t first_mark;
    size_t mark_count;
    enum fault_end end; /* what the sender did behind the last octet */
    bool shut;
    bool over;
};

void fault_flow_open(struct fault_flow *f, const struct fault_plan *plan, uint64_t client,
                     enum fault_way way);

/* Whether every octet may go as it comes, so that nobody needs to see them. */
bool fault_flow_is_plain(const struct fault_flow *f);

/* Octets have come from the sender. */
void fault_flow_arrived(struct fault_flow *f, size_t len, int64_t now_us);

/* The sender has ended its side or reset the connection, behind all that has arrived. */
void fault_flow_ended(struct fault_flow *f, enum fault_end end);

struct fault_step fault_flow_next(struct fault_flow *f, int64_t now_us);

/* So many of the octets of the last step have been sent, or thrown away. */
void fault_flow_left(struct fault_flow *f, size_t len, int64_t now_us);

#endif
