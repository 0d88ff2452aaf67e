/*
 * A check is one testable claim: a row in a table with an id, the requirements it cites, what it
 * needs, and a function that tries it. The function is a list of steps on a context. The context
 * owns every connection and process of the check; a step states what must happen, and the first
 * one that does not happen settles the check: every later step then does nothing. So a check reads
 * like the sentence it proves, closes nothing, frees nothing and returns nothing.
 *
 * Rules behind the steps
 * - Silence is proven by fences (check_fence) or bounded by the target's patience; no other clock
 *   decides anything.
 * - Trouble of our own machine settles as trouble, never as a broken claim.
 * - A check in which no step met an expectation is an error of the kit.
 * - Loops that are more than steps ask check_alive().
 */
#ifndef CONFORMANCE_RUNNER_CHECK_H
#define CONFORMANCE_RUNNER_CHECK_H

#include "conformance/requirements/requirements.h"
#include "conformance/runner/outcome.h"
#include "conformance/runner/target.h"
#include "harness/base/rng.h"
#include "harness/fault/plan.h"
#include "harness/net/net.h"
#include "harness/process/process.h"
#include "harness/process/procview.h"

/* ---- the declaration ---- */

/* What must be given for a check to apply; each has its sentence in needs.def. */
enum need {
#define NEED(symbol, sentence) NEED_BIT_##symbol,
#include "conformance/runner/needs.def"
#undef NEED
    NEEDS,
};

/* More of them than an int has bits: gcc and clang have such enumerations since long, C since C23.
 */
#define NEED(symbol, sentence) NEED_##symbol = (uint64_t)1 << NEED_BIT_##symbol,
__extension__ enum need_flag {
#include "conformance/runner/needs.def"
};
#undef NEED

enum check_flag {
    CHECK_ALONE = 1 << 0,        /* nothing else may run meanwhile: it floods, resets or measures */
    CHECK_BASE = 1 << 1,         /* the claim that the target answers right at all */
    CHECK_UNANSWERED = 1 << 2,   /* makes sense on a target that answers wrongly, too */
    CHECK_FLIPS = 1 << 3,        /* collects what failed side by side and passed alone */
    CHECK_SECOND = 1 << 4,       /* the claim that somebody is served after the first client */
    CHECK_PIPELINE = 1 << 5,     /* the claim that stands for pipelining in the calibration */
    CHECK_HALF_CLOSE = 1 << 6,   /* ... and for half-close */
    CHECK_REMOTE_FLOOD = 1 << 7, /* floods: against loopback only, unless --allow-remote */
    CHECK_UNREACHED = 1 << 8,    /* tried where a spawned target cannot be reached */
    CHECK_EVERY = 1 << 9,        /* every datagram must be answered: none is sent a second time */
    CHECK_PROCEDURE = 1 << 10,   /* the claim that stands for an unknown procedure in it */
    CHECK_ON_REQUEST = 1 << 11,  /* takes long: no part of a run that does not ask for it */
};

enum { CHECK_CITES_MAX = 4 };

struct check_ctx;
struct client_play;

struct check {
    const char *id;
    const char *claim;
    const char *why;                             /* why it matters */
    const char *how;                             /* how it is tried */
    enum requirement cites[CHECK_CITES_MAX + 1]; /* the first gives the level */
    uint64_t needs;                              /* need_flag */
    unsigned flags;                              /* check_flag */
    const char *expects; /* the key of --expect that this check heeds, or NULL */
    void (*run)(struct check_ctx *c);
};

struct suite_part {
    const struct check *checks;
    size_t count;
};

/* The last line of every file of checks. Its PART(name) in suites.def declares it to the registry;
   without that line sizeof has nothing to measure, and the file does not compile. */
#define SUITE(name)                                                                                \
    _Static_assert(sizeof(suite_##name) == sizeof(struct suite_part),                              \
                   "PART(" #name ") is in suites.def");                                            \
    const struct suite_part suite_##name = {checks, ARRAY_LEN(checks)}

enum level check_level(const struct check *check);

/*
 * The rows that the check cites where this exchange is spoken: what RFC 862 asks of an echo server
 * is asked of any other by the definition of what it speaks (EXCH-..), at the same level. NULL
 * stands for an exchange that is no service of its own. Returns how many they are, at most
 * CHECK_CITES_MAX.
 */
size_t check_cites(const struct check *check, const struct exchange *exchange,
                   const struct requirement_row **ret);

/* Whether the check cites the row, over any exchange. */
bool check_covers(const struct check *check, enum requirement r);

/* ---- the context ---- */

enum { CHECK_CONNS_MAX = 512, CHECK_BODY = 32, CHECK_KEPT = 64 };

/* One request that is owed a reply. */
struct owed {
    uint32_t seq;
    uint32_t size;      /* of its generated body, or of the given one */
    size_t body_offset; /* into conn.bodies, where the check gave the body; else SIZE_MAX */
    unsigned sent;      /* datagrams: how often it may have reached the target */
    unsigned replies;   /* ... and how many replies came */
};

struct conn {
    bool used;
    int fd;
    unsigned number; /* for the transcript, from 1 */
    uint32_t next_seq;
    bool disturbed;    /* we did more than send requests: shut, urgent data, raw octets */
    bool raw;          /* raw octets went out: what comes back is not matched */
    bool heard;        /* any octet came */
    bool ended;        /* end of file came */
    bool lost;         /* reset */
    bool recorded;     /* --record has a file of it */
    bool fresh;        /* a message of a client under test has come and is not taken yet */
    struct owed *owed; /* a queue: owed[owed_first .. owed_count); those in front are answered */
    size_t owed_first;
    size_t owed_count;
    size_t owed_cap;
    size_t owed_near;  /* where the last datagram's request stood: the next one's is near */
    struct buf bodies; /* bodies that checks gave */
    struct buf out;    /* octets of requests; those before out_at are sent */
    size_t out_at;
    struct buf in; /* octets that came; those before in_at are matched */
    size_t in_at;
    struct buf expect; /* the body of the oldest request owed a reply, where expect_ready */
    bool expect_ready;
    uint64_t answered; /* replies matched so far */
    uint64_t heard_octets;
    bool unconnected;    /* a datagram socket without a peer: */
    struct address to;   /* ... where it sends */
    struct address from; /* ... where the last datagram came from */
    uint64_t lane;       /* behind a proxy: its number among the proxy's clients; 0: none yet */
    uint64_t passed;     /* ... how many datagrams went out */
    size_t last_length;  /* ... and how long the last was */
    struct said *said;   /* RPC messages of the check's own, see calls.h */
    size_t said_count;
    size_t said_cap;
};

/* A second target that a check has started for itself. */
struct instance {
    struct process process;
    struct target target;
};

/* One --expect of the user. */
struct expectation {
    const char *key;
    const char *value; /* "" where none was given */
};

struct tape;    /* see tape.h */
struct load;    /* see load.h */
struct between; /* see between.h */

struct check_ctx {
    const struct check *check;
    struct target target;        /* a copy, changed by check_use_instance */
    const struct target *common; /* the target of the run */
    const struct expectation *expectations;
    size_t expectation_count;
    struct outcome *outcome;
    struct rng rng;
    int64_t began_us;
    int64_t too_long_us; /* past this point a target that still moves is too slow for the check */
    struct conn conns[CHECK_CONNS_MAX];
    unsigned dialled;
    int64_t last_dial_us;
    bool every;         /* no datagram is sent a second time, see CHECK_EVERY */
    unsigned resent;    /* datagrams that had to be sent again */
    bool leaves_unread; /* the target has let check_let_read wait in vain */
    struct instance *instance;
    struct load *load;           /* thousands of connections more, or NULL */
    struct between *between;     /* a proxy between us and the target, or NULL */
    char folder[64];             /* of the run, for socket files; removed by the runner */
    const char *record;          /* folder for what was sent, or NULL */
    struct tape *tape;           /* what happens is kept for the evidence, or NULL: see witness.h */
    uint32_t next_xid;           /* of the check's own RPC messages; 0: none yet */
    struct buf kept[CHECK_KEPT]; /* the last replies to them */
    uint64_t kept_count;         /* ... of so many */
    struct client_play *play;    /* a run of the client under test, see conformance/client; or */
    void (*end_play)(struct check_ctx *c); /* ... NULL; and what ends it */
};

/* Sets up a context in the process that runs the check; *c was cleared by the caller, who fills
   the rest (expectations, folder, record) afterwards. check_close_all ends all that it owns. */
void check_open(struct check_ctx *c, const struct check *check, const struct target *target,
                struct outcome *outcome, uint64_t seed);
void check_close_all(struct check_ctx *c);

/* Runs the check and settles it: an open outcome becomes held, or trouble where nothing was met. */
void check_run(struct check_ctx *c);

/* ---- settling ---- */

bool check_alive(const struct check_ctx *c);

/* An expectation was met that no step covers. */
void check_met(struct check_ctx *c);

/* The claim is broken: what was due, and what came instead. */
void check_broken(struct check_ctx *c, const char *expected, const char *actual, ...)
    PRINTF_LIKE(3, 4);

/* Something to record; not judged. Settles the check unless it is already. */
void check_noted(struct check_ctx *c, const char *format, ...) PRINTF_LIKE(2, 3);

/* A precondition is missing. */
void check_skipped(struct check_ctx *c, const char *format, ...) PRINTF_LIKE(2, 3);

/* Our machine cannot. */
void check_trouble(struct check_ctx *c, const char *format, ...) PRINTF_LIKE(2, 3);

/* A remark for a check that holds: told as the reason of its pass. */
void check_remark(struct check_ctx *c, const char *format, ...) PRINTF_LIKE(2, 3);

/* The target did not let us in; settles as broken, and the runner asks whether it was passing. */
void check_turned_away(struct check_ctx *c, const char *expected, const char *actual);

/* A line for the transcript. */
void check_tell(struct check_ctx *c, enum who who, struct slice octets, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* The same of the connection with this number: "connection N: " and the text. */
void check_tell_on(struct check_ctx *c, unsigned number, enum event_kind kind, enum who who,
                   struct slice octets, const char *format, ...) PRINTF_LIKE(6, 7);

/* The value of --expect KEY[=VALUE] where the user gave it, else NULL. */
const char *check_expectation(const struct check_ctx *c, const char *key);
uint64_t check_expected_number(const struct check_ctx *c, const char *key, uint64_t otherwise);

/* ---- sizes that a slow target can bear: never more than nominal ---- */

bool check_in_time(const struct check_ctx *c); /* alive, and repetitions may still go on */
unsigned check_rounds(const struct check_ctx *c, unsigned nominal);      /* exchanges in turn */
unsigned check_connections(const struct check_ctx *c, unsigned nominal); /* one after another */
unsigned check_crowd(const struct check_ctx *c, unsigned nominal);       /* open at once */
size_t check_volume(const struct check_ctx *c, size_t nominal);          /* octets in bulk */

/* ---- connections, and sockets that send datagrams ---- */

/* A connection to the target, or a socket connected to it. A target that refuses is tried again
   until its patience ends; then the check settles as turned away. Never NULL. */
struct conn *check_dial(struct check_ctx *c);
struct conn *check_dial_with(struct check_ctx *c, const struct address *to,
                             const struct net_dial_options *options);

/* One attempt, for checks about admission: false where the target did not take it. */
bool check_try_dial(struct check_ctx *c, struct conn **ret);

/* So many connects at once, none waiting for another. Returns how many were taken before patience
   ended; ret has room for `count`. */
unsigned check_dial_burst(struct check_ctx *c, unsigned count, struct conn **ret);

void check_close(struct check_ctx *c, struct conn *conn); /* FIN */
void check_reset(struct check_ctx *c, struct conn *conn); /* RST; on unix sockets a bare close */
/* SHUT_WR, and a reset with nothing between. False where the target had answered before it. */
bool check_break_off(struct check_ctx *c, struct conn *conn);
void check_shut(struct check_ctx *c, struct conn *conn, int how); /* SHUT_RD, SHUT_WR, SHUT_RDWR */
/* The rest of what is sent leaves together with the FIN of check_close or check_shut (TCP). */
void check_hold_for_fin(struct check_ctx *c, struct conn *conn);
void check_urgent(struct check_ctx *c, struct conn *conn, uint8_t octet); /* MSG_OOB */

/* Lets time pass on purpose, at most so long. */
void check_pause(struct check_ctx *c, unsigned ms);

/* Between two parts of what is sent that are to be read apart: lets the target read the first one.
   Where it is on this machine the kernel says whether it has, however busy that is; who leaves
   octets alone for half a second means to, and is not waited for a second time. Elsewhere, and
   then, a moment passes. */
void check_let_read(struct check_ctx *c, const struct conn *conn);

/* ---- requests and replies ---- */

/* Sends the next request of the connection; its reply is owed from then on. */
void check_send(struct check_ctx *c, struct conn *conn);
void check_send_sized(struct check_ctx *c, struct conn *conn, size_t size);
void check_send_body(struct check_ctx *c, struct conn *conn, struct slice body);

/* Puts the request into `out` and the reply on the list of what is owed; sends nothing. */
void check_compose(struct check_ctx *c, struct conn *conn, size_t size, struct buf *out);

/* Sends octets as they are, and owes nothing for them. */
void check_send_octets(struct check_ctx *c, struct conn *conn, struct slice octets);

/* As check_send_octets, but a connection that is gone is no trouble: true where all went out. */
bool check_try_octets(struct check_ctx *c, struct conn *conn, struct slice octets);

/* The next reply arrives and is right; on datagrams, any of those owed. Datagrams may be lost: a
   request that stays unanswered is sent again, as any client would, with growing pauses and until
   patience ends; but not in a check with CHECK_EVERY on a target of this machine. */
void check_reply(struct check_ctx *c, struct conn *conn);

/* As check_reply, but silence and an end are not judged: true where a right reply came, false where
   none came in the given time, or the connection ended. Wrong octets settle the check. */
bool check_try_reply(struct check_ctx *c, struct conn *conn, int64_t deadline_us);

/* Receives one message as it is, not judged. False where none came before the deadline. */
bool check_try_message(struct check_ctx *c, struct conn *conn, struct buf *into,
                       int64_t deadline_us);

/* Sends one message as it is, from this connection; nothing is owed. */
void check_send_message(struct check_ctx *c, struct conn *conn, struct slice octets);

/* Every reply that is owed arrives. */
void check_replies(struct check_ctx *c, struct conn *conn);

/* check_send and check_reply. */
void check_exchange(struct check_ctx *c, struct conn *conn);

/* One more exchange on the connection, whose reply proves that nothing else was on its way. */
void check_fence(struct check_ctx *c, struct conn *conn);

/* Nothing but end of file comes, as FIN. */
void check_eof(struct check_ctx *c, struct conn *conn);

/* Nothing but the end comes: end of file or reset. */
void check_end(struct check_ctx *c, struct conn *conn);

/* For a connection that is `raw`: reads octets as they are into `into` until it holds `want` of
   them, the connection is over or nothing comes for as long as patience lasts. For checks that
   judge octets themselves. */
void check_gather(struct check_ctx *c, struct conn *conn, size_t want, struct buf *into);

/* Whatever comes is read and not judged, until the end, the deadline or so many octets. Returns
   how many came. */
size_t check_swallow(struct check_ctx *c, struct conn *conn, size_t limit, int64_t deadline_us);

/* The target serves: an exchange on a new connection, which is closed again; on streams, twice. */
void check_probe(struct check_ctx *c);

/* ---- a network that loses, repeats and reorders (datagrams), or cuts and stalls (streams) ---- */

/*
 * Puts a proxy with this fault schedule (docs/faults.md) between us and the target, for as long as
 * the check lasts; to be called before anything is dialled. Its clients are our connections, in the
 * order in which they first speak (datagrams) or are dialled (streams). The schedule, its seed and
 * what was done by it stand in the transcript.
 *
 * Requests may then be sent again in every check: at short and even intervals, and as long as the
 * schedule loses them or their replies; silence is the target's where a request has reached it and
 * nothing came from it until patience ended. A request that was repeated on its way may have as
 * many replies.
 */
void check_between(struct check_ctx *c, const char *schedule, ...) PRINTF_LIKE(2, 3);

/* What the schedule did to the last datagram that went out on this connection. */
struct fault_decision check_fate(const struct check_ctx *c, const struct conn *conn);

/* The last request of the connection was lost on its way, so it is owed nothing any more. */
void check_write_off(struct check_ctx *c, struct conn *conn);

/* ---- bulk ---- */

/* Sends so many requests of this size and verifies the replies meanwhile. */
void check_pump(struct check_ctx *c, struct conn *conn, unsigned count, size_t size);

/* As check_pump, but only until all is sent: replies may still be owed. */
void check_pump_out(struct check_ctx *c, struct conn *conn, unsigned count, size_t size);

/* How many requests of this size make so many octets. */
unsigned check_requests(const struct check_ctx *c, size_t volume, size_t size);

/* Sends requests of this size and reads nothing, until the target takes no more for a while or
   `limit` octets are out. Returns how many octets it took. The rest of a request that was taken in
   part stays with the connection. */
size_t check_push(struct check_ctx *c, struct conn *conn, size_t size, size_t limit);

/* As check_push, where the target may also end the connection; false where it did. */
bool check_try_push(struct check_ctx *c, struct conn *conn, size_t size, size_t limit);

/* The same, and between pushes somebody else is served. A target that only waited for a processor
   goes on behind that, so this ends where it takes nothing more of its own will, at the limit, or
   where it ends the connection, which is not judged here. */
void check_push_beside(struct check_ctx *c, struct conn *conn, size_t size, size_t limit);

/* Sends the rest of a pushed request; replies that come meanwhile are verified. */
void check_push_rest(struct check_ctx *c, struct conn *conn);

/* Sends the rest of a pushed request and verifies every reply owed. */
void check_drain(struct check_ctx *c, struct conn *conn);

/* ---- local views and instances of one's own (need LOCAL, SPAWN) ---- */

/* The target's processes as they are now; settles where they cannot be seen. */
struct procview check_view(struct check_ctx *c);

/* As check_view, for a check that judges the growth of memory: skipped where a sanitizer keeps it.
 */
struct procview check_memory_view(struct check_ctx *c);

/* Judges by the kernel's list of sockets that the target's processes hold: one of them must be at
   the port of the URL. A skip where none is seen. */
void check_own_port(struct check_ctx *c);

/* Starts a second target at an endpoint of its own; from then on all steps go there. Where none
   starts beside the first, the check is skipped. */
struct check_instance_options {
    int umask;                       /* -1: ours */
    const struct endpoint *endpoint; /* where, or NULL: a place that is chosen */
};
void check_start_instance(struct check_ctx *c, const struct check_instance_options *options);

/* Starts it again at the same endpoint and judges nothing. */
void check_relaunch_instance(struct check_ctx *c);

/* True once it serves; false where it has ended with an error instead. Anything else breaks the
   claim: it runs and cannot be reached, or ends as if all were well. */
bool check_reachable_or_ended(struct check_ctx *c);

/* Waits until an instance serves that was started at an endpoint given by the check. Skipped where
   it starts nowhere else, either. */
void check_await_instance(struct check_ctx *c);

/* How a second process of the same command fared at the endpoint of the instance. */
struct rival {
    bool ended;      /* by itself, before patience did */
    bool well;       /* ... with status 0 */
    unsigned shares; /* TCP sockets that listened on the port while it ran, beyond those before */
};

/* Starts such a process and stops it again. */
struct rival check_rival(struct check_ctx *c);

/* How UDP or TCP sockets on a port of this machine are bound. */
struct bound {
    bool any;       /* there is one at all */
    bool inet;      /* one of IPv4 */
    bool inet_any;  /* ... on the wildcard */
    bool inet6_any; /* one of IPv6 on the wildcard */
    uint64_t drops; /* datagrams that the kernel had no room for, so far */
};
struct bound check_bound(struct check_ctx *c, uint16_t port);

/* Waits until the target's kernel side of this TCP connection is gone, as far as this machine can
   see it; breaks the claim where it stays for as long as patience lasts. */
void check_far_end_gone(struct check_ctx *c, struct conn *conn);

/* Moves the check's process into a network namespace of its own, in which lo is up. False, and
   skipped, where that is not allowed. */
bool check_enter_network(struct check_ctx *c);

/* From here on the kernel loses so many of 100 TCP packets, at random, in the namespace of
   check_enter_network: of all, or of those that the target sends. Skipped where nftables are not
   there or not allowed. */
void check_lose_packets(struct check_ctx *c, unsigned percent, bool replies);

/* Asks it to end (SIGTERM), or kills it (SIGKILL), and waits until it has. */
void check_end_instance(struct check_ctx *c, int signal);

/* Starts it again at the same endpoint. Settles as broken where it does not come up. */
void check_restart_instance(struct check_ctx *c, const char *expected);

#endif
