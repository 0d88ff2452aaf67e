/*
 * The target of a run: where it is, what it speaks, and what the calibration found out about it.
 * A plain value; a check works on its own copy in its own process.
 */
#ifndef CONFORMANCE_RUNNER_TARGET_H
#define CONFORMANCE_RUNNER_TARGET_H

#include <sys/types.h>

#include "harness/exchange/exchange.h"
#include "harness/net/address.h"

enum {
    TARGET_PATIENCE_FLOOR_MS = 5000, /* a server may sleep a second, flush late, lose a SYN */
    TARGET_PATIENCE_FACTOR = 20,     /* ... times its slowest reply */
    TARGET_PATIENCE_MAX_MS = 30000,
    TARGET_WIDTH_MAX = 32, /* connections that the calibration opens side by side */
};

/* Programs that have suites of their own. */
enum {
    TARGET_RPCBIND = 100000, /* RFC 1833 2 */
    TARGET_MSGPROG = 345678,
    TARGET_MSGVER = 2,
};

/* What an RPC target's procedures other than NULL ask of the caller, before anything else. */
enum target_credential {
    TARGET_CREDENTIAL_NONE,
    TARGET_CREDENTIAL_SYS,   /* AUTH_SYS */
    TARGET_CREDENTIAL_OTHER, /* something that we do not have */
};

struct client;

struct target {
    struct endpoint endpoint;
    char url[ENDPOINT_TEXT_MAX]; /* as it is now, the port chosen */
    struct address address;      /* the first one that was reached; all checks use it */
    const struct exchange *exchange;
    const char *command;         /* --spawn, with its {host} {port} {path}; or NULL */
    pid_t pid;                   /* local views look at it; 0: unknown */
    const struct client *client; /* where a client is tried, and `endpoint` is ours; or NULL */
    bool relays;                 /* ... which passes octets on and knows no replies */

    /* What the calibration found out. */
    bool answers;         /* gives right answers at all */
    bool loopback;        /* nothing between us and it loses or reorders anything */
    int64_t patience_ms;  /* how long silence lasts where no fence can prove it */
    int64_t latency_us;   /* the median of its replies */
    int64_t slowest_us;   /* the slowest of its replies */
    int64_t connect_us;   /* a connection with one exchange on it */
    uint64_t bytes_per_s; /* what it moves in bulk */
    unsigned width;       /* connections it serves side by side, at most TARGET_WIDTH_MAX */
    bool pipelines;
    bool half_closes;
    enum target_credential credential;
    unsigned pace_ms; /* least time between two connections, where it limits their rate */
};

/* As address_resolve, for a target that is to be reached: a wildcard ([::], 0.0.0.0) says where a
   server listens; who goes there goes to this machine, and is answered from its loopback address.
 */
bool target_resolve(const struct endpoint *e, struct address *ret, size_t cap, size_t *ret_count,
                    struct problem *why) MUST_USE;

/* What the exchange is spoken over at this endpoint. */
enum exchange_medium target_medium(const struct endpoint *e);

/* What is spoken there where --speak does not say: rpc to an RPC program, else echo. */
const char *target_default_speak(const struct endpoint *e);

/* Opens what --speak names, as it is spoken there; "rpc" takes its program from the endpoint, and a
   word like redis-ping is an exchange file that comes with the kit. The caller closes it. */
bool target_open_exchange(const char *speak, const struct endpoint *e, struct exchange **ret,
                          struct problem *why) MUST_USE;

/* A word in braces, and what stands for it. */
struct target_word {
    const char *name;
    const char *value; /* NULL: it does not go with the endpoint */
};

/* Appends the command with each {name} of the words replaced. False with the reason for a name that
   is not among them, or has no value. */
bool target_fill(const char *command, const struct target_word *words, size_t count,
                 struct buf *ret, struct problem *why) MUST_USE;

/*
 * The command with {host}, {port} and {path} replaced by those of the endpoint. False where a
 * placeholder is unknown or does not go with the kind of endpoint.
 */
bool target_command(const char *command, const struct endpoint *e, struct buf *ret,
                    struct problem *why) MUST_USE;

/* True where the command names its endpoint, so that a second instance can be started elsewhere. */
bool target_command_moves(const char *command, const struct endpoint *e);

#endif
