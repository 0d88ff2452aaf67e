/*
 * A message and what becomes of it. The engine reads the header, judges the credential, finds the
 * procedure, settles the reply as a value, and only then encodes it: at each of these points a
 * fault may cut in. With a fault that is all zero every message is answered as it should be.
 */
#ifndef REFERENCE_TWINS_RPC_REQUEST_H
#define REFERENCE_TWINS_RPC_REQUEST_H

#include <stddef.h>

#include "harness/net/address.h"
#include "reference/wire/call.h"

struct server;

/* What becomes of a message, a record or a connection after a hook. */
enum act {
    ACT_GO_ON,
    ACT_SKIP, /* this message is not looked at any further; the reply is as the hook left it */
    ACT_DROP, /* the connection is closed; on datagrams as ACT_SKIP */
};

/* The kinds of replies, as bits, for faults that concern some of them. */
enum outcome {
    OUTCOME_SUCCESS = 1 << 0,
    OUTCOME_PROG_UNAVAIL = 1 << 1,
    OUTCOME_PROG_MISMATCH = 1 << 2,
    OUTCOME_PROC_UNAVAIL = 1 << 3,
    OUTCOME_GARBAGE_ARGS = 1 << 4,
    OUTCOME_SYSTEM_ERR = 1 << 5,
    OUTCOME_RPC_MISMATCH = 1 << 6,
    OUTCOME_AUTH_ERROR = 1 << 7,
    OUTCOME_ERRORS = OUTCOME_PROG_UNAVAIL | OUTCOME_PROG_MISMATCH | OUTCOME_PROC_UNAVAIL |
                     OUTCOME_GARBAGE_ARGS | OUTCOME_SYSTEM_ERR,
    OUTCOME_ACCEPTED = OUTCOME_SUCCESS | OUTCOME_ERRORS,
    OUTCOME_DENIED = OUTCOME_RPC_MISMATCH | OUTCOME_AUTH_ERROR,
    OUTCOME_ALL = OUTCOME_ACCEPTED | OUTCOME_DENIED,
};

/* A reply before it is encoded (RFC 5531 9). All but the last two are single words, so that a fault
   can name one by its offset. */
struct reply {
    uint32_t copies;  /* how often it is sent; 0: not at all */
    uint32_t surplus; /* words of zeros behind it */
    uint32_t xid;
    uint32_t type;
    uint32_t stat;   /* a reply_stat */
    uint32_t flavor; /* of the verifier */
    uint32_t accept; /* an accept_stat */
    uint32_t reject; /* a reject_stat */
    uint32_t auth;   /* an auth_stat */
    uint32_t low;
    uint32_t high;
    struct slice verifier;
    struct buf results; /* of SUCCESS */
};

/* One word of some replies is another. */
struct amend {
    unsigned on; /* outcomes */
    size_t field;
    uint32_t to;
};
#define AMEND(outcomes, word, value)                                                               \
    {                                                                                              \
        .on = (outcomes), .field = offsetof(struct reply, word), .to = (value)                     \
    }

struct request {
    struct server *server;
    struct slice message;
    size_t room;    /* octets at message.data that may be read, older ones behind the message */
    bool datagram;  /* it came as one */
    bool to_all;    /* ... to a broadcast or multicast address */
    uint64_t *memo; /* what the fault keeps of this connection; on datagrams of all */
    struct address from;
    const char *netid; /* of the transport */
    int fd;            /* the connection, or the socket of all */
    void *way;         /* of the transport, for `emit` */
    void (*emit)(struct request *r, struct slice message);

    enum call_form form;
    struct call call;
    struct words args; /* of the procedure */
    size_t reply_max;  /* what the transport takes */
    struct reply reply;
};

/* A program: what it answers to the procedures of its versions. */
struct program {
    uint32_t number;
    uint32_t low;
    uint32_t high;
    /* Settles the reply; false where the version has no such procedure. */
    bool (*serve)(struct request *r);
};

extern const struct program program_msgprog;
extern const struct program program_registry;

/* Where the faults in messages cut in. */
struct message_fault {
    struct amend amend;
    /* The header is read, as far as it goes: `form` may be set to something else. */
    enum act (*take)(struct request *r);
    enum auth_stat (*judge)(const struct request *r);
    /* In place of the program's own; false: as usual. */
    bool (*serve)(struct request *r);
    void (*save)(struct request *r, struct slice text);
    void (*read)(struct request *r, int32_t number);
    /* The reply is settled. */
    void (*spoil)(struct request *r);
    /* ... and encoded. */
    void (*octets)(struct request *r, struct buf *message);
};

/* Answers the message by r->emit. ACT_DROP where the connection is to be closed behind it. */
enum act request_answer(struct request *r);

/* For hooks: reads the header again without any of its rules: whatever msg_type and rpcvers are,
   and bodies of any length. The form is then CALL_GOOD where the octets suffice. */
void request_reread(struct request *r);

/* For hooks: what the engine does by itself. */
enum auth_stat request_judge(const struct request *r);
void request_accept(struct request *r, enum accept_stat stat);
void request_deny(struct request *r, enum auth_stat stat);
void request_dispatch(struct request *r);
void request_encode(const struct reply *reply, struct buf *out);
unsigned request_outcome(const struct reply *reply);
void msgprog_save(struct request *r, struct slice text);
void msgprog_read(struct request *r, int32_t number);

/* The fault of serving a SAVEMSG whose text is cut: what came of it is the text. False where the
   call is another, or not cut. A buffer that recvfrom() filled cuts alike. */
bool msgprog_save_what_came(struct request *r);

#endif
