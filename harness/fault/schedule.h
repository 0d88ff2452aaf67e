/*
 * Fault schedules: what a proxy does to the traffic that passes it, as a small text language.
 *
 *   up: drop 3, 7; down: duplicate 2; up: swap 4, 5
 *   client 2 both: delay 10% by 20ms jitter 5ms
 *   down: cut 1-100 pause 1ms; down: reset after 4096
 *
 * Clauses are separated by `;` or the end of a line; # begins a comment. `up` is towards the
 * server, `down` towards the client. docs/faults.md has the grammar, what each fault means and
 * worked examples. A schedule is a plain value that owns nothing: it may be copied, and is valid as
 * long as the names are that its texts were given.
 */
#ifndef HARNESS_FAULT_SCHEDULE_H
#define HARNESS_FAULT_SCHEDULE_H

#include "harness/base/text.h"

enum fault_way { FAULT_UP, FAULT_DOWN, FAULT_WAYS };

enum fault_kind {
    /* of datagrams: each has a selection of the datagrams that it is about */
    FAULT_DROP,
    FAULT_TRUNCATE,
    FAULT_CORRUPT,
    FAULT_DUPLICATE,
    FAULT_REORDER,
    /* of both; on streams it is about every octet */
    FAULT_DELAY,
    /* of streams */
    FAULT_CUT,
    FAULT_COALESCE,
    FAULT_RATE,
    FAULT_STOP,
    FAULT_CLOSE,
    FAULT_RESET,
    FAULT_KINDS,
};

/* What can be said behind a fault; which of them each fault knows stands in a table. */
enum fault_word {
    FAULT_TIMES,  /* copies */
    FAULT_BY,     /* reorder: datagrams; delay: microseconds */
    FAULT_AFTER,  /* duplicate: datagrams; stop, close, reset: octets */
    FAULT_FOR,    /* microseconds */
    FAULT_JITTER, /* microseconds */
    FAULT_TO,     /* octets */
    FAULT_PAUSE,  /* microseconds */
    FAULT_WITHIN, /* microseconds */
    FAULT_WORDS,
};

enum {
    FAULT_CLAUSES_MAX = 64,
    FAULT_RANGES_MAX = 16, /* in one list of numbers */
    FAULT_TEXT_MAX = 16384,
    FAULT_TIMES_MAX = 16,
    FAULT_DISTANCE_MAX = 64,
    FAULT_PIECE_MAX = 131072, /* octets of one piece of a stream */
    FAULT_CHANCE_WHOLE = 1000000,
};

#define FAULT_NUMBER_MAX ((uint64_t)1000000000000) /* of datagrams and of octets */
#define FAULT_DURATION_MAX_US ((uint64_t)3600000000)

/* From first to last, both included. */
struct fault_range {
    uint64_t first;
    uint64_t last; /* FAULT_NUMBER_MAX: without end */
};

enum fault_choice { FAULT_LISTED, FAULT_EVERY, FAULT_CHANCE };

struct fault_selection {
    enum fault_choice choice;
    struct fault_range ranges[FAULT_RANGES_MAX]; /* listed */
    size_t count;
    uint64_t every;  /* the every-th, and each multiple of it */
    uint64_t chance; /* out of FAULT_CHANCE_WHOLE */
};

struct fault_clause {
    enum fault_kind kind;
    unsigned ways;                  /* a bit for each fault_way */
    struct fault_selection clients; /* listed; none: all clients */
    struct fault_selection units;   /* which datagrams */
    struct fault_range size;        /* cut: octets of a piece; coalesce, rate: `first` */
    uint64_t values[FAULT_WORDS];
    unsigned given;     /* a bit for each word that says more than what holds unsaid */
    const char *source; /* what the text is called, and where in it the fault stands */
    unsigned line;
    unsigned column;
};

struct fault_schedule {
    struct fault_clause clauses[FAULT_CLAUSES_MAX];
    size_t count;
};

/*
 * Reads a schedule and appends its clauses. `name` is what the text is called in messages: a file,
 * an option. False with "NAME:LINE:COLUMN: what was expected", and *s is then as it was.
 */
bool fault_parse(const char *name, const char *text, struct fault_schedule *s,
                 struct problem *why) MUST_USE;

/* As fault_parse, for one fault in both directions, of which `text` is what follows its word. */
bool fault_parse_both(const char *name, const char *word, const char *text,
                      struct fault_schedule *s, struct problem *why) MUST_USE;

/*
 * Appends the schedule in its one canonical form, which is a single line and parses to the same
 * schedule. Short forms are written out (`swap 4,5` is `reorder 4`), what is the case unsaid is
 * left out.
 */
void fault_print(const struct fault_schedule *s, struct buf *out);

/* Whether every fault can be done to this kind of traffic. False with the fault and its place. */
bool fault_fits(const struct fault_schedule *s, bool datagram, struct problem *why) MUST_USE;

/* Whether a clause is about this client (numbered from 1) in this direction. */
bool fault_concerns(const struct fault_clause *c, uint64_t client, enum fault_way way);

/* Whether a number is in the lists of a selection, or a multiple; of a chance, false. */
bool fault_lists(const struct fault_selection *s, uint64_t number);

/* The word of a fault, and of a direction, as in schedules. */
const char *fault_kind_word(enum fault_kind kind);
const char *fault_way_word(enum fault_way way);

#endif
