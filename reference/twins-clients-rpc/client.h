/*
 * The client of the twins: calls of MSGPROG over a stream or datagrams, one after the other. It is
 * right in everything, with places where a fault cuts in. A call ends with its answer, or with the
 * reason why there is none, and after a second and a half at the latest. Octets that come are kept
 * up to 64 KiB of a message.
 */
#ifndef REFERENCE_TWINS_CLIENTS_RPC_CLIENT_H
#define REFERENCE_TWINS_CLIENTS_RPC_CLIENT_H

#include "harness/net/net.h"
#include "reference/wire/call.h"
#include "reference/wire/record.h"

enum { CLIENT_MESSAGE_MAX = 1 << 16, CLIENT_SHOWN_MAX = 512, CLIENT_ADDRESSES_MAX = 8 };

/* What begins the time-out anew. */
enum client_wait { WAIT_CALL, WAIT_READ, WAIT_FRAGMENT, WAIT_RECORD, WAIT_EVER };

/* Whose replies are taken. */
enum client_match { MATCH_OWN, MATCH_EARLIER, MATCH_HALF, MATCH_ANY };

/* What is done where a connection ends before a reply does. */
enum client_end {
    END_FAILS,
    END_IS_ZERO,    /* the answer is 0 */
    END_IS_RECORD,  /* what has come is the reply, with zeros where octets are missing */
    END_IS_EARLIER, /* the answer is the one before */
};

/* Zeroed, it is none. */
struct fault {
    /* How it calls. */
    bool reads;            /* READMSG, once, in place of SAVEMSG for each line */
    bool sys;              /* AUTH_SYS */
    bool takes_short;      /* ... and AUTH_SHORT, once the server gives it */
    bool sys_verifier;     /* the verifier is AUTH_SYS, too */
    bool fresh_connection; /* for each call */
    bool fresh_xid;        /* for each copy of a call */
    bool marks_copies;     /* by a word behind the arguments of each copy */
    uint32_t rpcvers;      /* 0: as it should be */
    uint8_t padding;       /* the octets of it */
    bool repeats;          /* calls again for as long as it is told SYSTEM_ERR */

    /* How it waits. */
    enum client_wait wait;
    unsigned timeout_ms;     /* 0: the usual two seconds */
    bool answer_at_timeout;  /* it is 0 */
    bool deaf_after_timeout; /* the reply to the call behind it is thrown away */

    /* Which message it takes for the reply. */
    enum client_match match;
    bool any_source;
    bool any_type;
    unsigned strays_most; /* it gives up behind so many; 0: never */
    bool copy_ends_call;  /* a reply to the call before is an error */

    /* What it makes of a reply. */
    uint32_t takes_accept; /* this accept_stat is a success, too */
    bool takes_unknown_accept;
    bool takes_mismatch;     /* RPC_MISMATCH is, and its lowest version the result */
    bool takes_auth_error;   /* one of up to 14 is */
    bool takes_unknown_auth; /* one above is */
    bool takes_unknown_reject;
    bool takes_unknown_reply_stat;
    bool skips_no_verifier;   /* its length is not looked at: nothing of it is skipped */
    bool skips_all_verifiers; /* also one that is too long */
    bool skips_no_padding;
    bool empty_verifier;    /* any other is refused */
    uint32_t verifier_most; /* a longer one makes it abort; 0: never */
    bool short_is_success;  /* a header that ends too soon is an answer */
    bool reads_beyond;      /* the end of a datagram, into what the buffer held */
    bool misses_nothing;    /* results that are cut are what there is, and then zeros */
    bool trusts_string;     /* its length is not compared with what is there */
    uint32_t string_most;   /* a longer one makes it abort; 0: never */
    bool unsigned_result;

    /* What it makes of a stream. */
    bool octet_reads;     /* one at a time */
    bool one_fragment;    /* each is a whole message */
    bool empty_is_answer; /* an empty one makes the answer 0 */
    bool last_of_read;    /* of several records that came together the last one is the reply */
    bool allocates;       /* what a header announces, up to 256 MiB */
    size_t record_most;   /* 0: CLIENT_MESSAGE_MAX */
    enum client_end eof;
    enum client_end reset;
};

struct client {
    const struct fault *fault;
    struct endpoint at;
    struct address list[CLIENT_ADDRESSES_MAX]; /* the first that lets us in is taken */
    size_t count;
    struct address to; /* the one that did */
    int fd;            /* -1: not connected */
    uint32_t first_xid;
    uint32_t xid;
    unsigned strays; /* since the call began */
    bool deaf;       /* the next reply is thrown away */
    bool has_shorthand;
    struct buf shorthand;
    int64_t deadline_us;

    struct record record;
    uint8_t *room; /* for what a header has announced, where that is the fault; or NULL */
    uint8_t chunk[CLIENT_MESSAGE_MAX]; /* chunk[begin .. end) came and is not used yet */
    size_t begin;
    size_t end;

    char shown[CLIENT_SHOWN_MAX]; /* the last answer */
};

/* `text` is what SAVEMSG is called with. True with the answer in `shown`; false with the reason. */
bool client_call(struct client *k, const char *text, struct problem *why) MUST_USE;

/* ---- inside ---- */

/* What became of one wait for a message. */
enum heard {
    HEARD_MESSAGE, /* one came */
    HEARD_NOTHING, /* the deadline passed */
    HEARD_END,     /* the connection is over; or nobody is there */
    HEARD_ANSWER,  /* a fault has made up the answer */
};

/* Connects, where it is not connected. */
bool transport_open(struct client *k, struct problem *why) MUST_USE;
void transport_close(struct client *k);

bool transport_send(struct client *k, struct slice message, struct problem *why) MUST_USE;

/* The next message, a view of what the client holds until the next one is asked for. */
enum heard transport_next(struct client *k, int64_t deadline_us, struct slice *ret,
                          struct problem *why);

/* What a message is to the call that waits. */
enum verdict_of_reply {
    REPLY_IS_ANSWER,
    REPLY_IS_NONE,    /* it does not belong to the call, and is thrown away */
    REPLY_IS_REFUSAL, /* with the reason */
    REPLY_AGAIN,      /* the call is made again */
};
enum verdict_of_reply reply_read(struct client *k, struct slice message, struct problem *why);

void client_show_number(struct client *k, int32_t number);

#endif
