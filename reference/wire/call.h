/*
 * RPC messages, version 2 (RFC 5531 9): reading the header of a call and writing replies. And the
 * numbers of the program MSGPROG (msg.x), which is served on them.
 */
#ifndef REFERENCE_WIRE_CALL_H
#define REFERENCE_WIRE_CALL_H

#include "reference/wire/words.h"

/* RFC 5531 9, with the names of its enumerations. */
enum msg_type { MSG_CALL = 0, MSG_REPLY = 1 };
enum reply_stat { REPLY_ACCEPTED = 0, REPLY_DENIED = 1 };
enum reject_stat { REJECT_RPC_MISMATCH = 0, REJECT_AUTH_ERROR = 1 };
enum accept_stat {
    ACCEPT_SUCCESS = 0,
    ACCEPT_PROG_UNAVAIL = 1,
    ACCEPT_PROG_MISMATCH = 2,
    ACCEPT_PROC_UNAVAIL = 3,
    ACCEPT_GARBAGE_ARGS = 4,
    ACCEPT_SYSTEM_ERR = 5,
};
enum auth_stat {
    AUTH_STAT_OK = 0,
    AUTH_STAT_BADCRED = 1,
    AUTH_STAT_REJECTEDCRED = 2,
    AUTH_STAT_BADVERF = 3,
};
enum auth_flavor { FLAVOR_NONE = 0, FLAVOR_SYS = 1, FLAVOR_SHORT = 2 };

enum {
    CALL_RPCVERS = 2,
    CALL_AUTH_MAX = 400,    /* octets of an opaque_auth body (RFC 5531 8.2) */
    CALL_MACHINE_MAX = 255, /* of authsys_parms (RFC 5531 appendix A) */
    CALL_GIDS_MAX = 16,
    CALL_REPLY_HEADER = 24, /* of an accepted reply with a verifier without a body */
    /* Six words, credential and verifier at their longest: what arguments may stand behind. */
    CALL_HEADER_MAX = 6 * 4 + 2 * (8 + CALL_AUTH_MAX),
};

/* The program of msg.x. */
enum { MSG_PROGRAM = 345678, MSG_VERSION = 2, MSG_NULL = 0, MSG_SAVEMSG = 1, MSG_READMSG = 2 };

struct call_auth {
    uint32_t flavor;
    struct slice body;
};

struct call {
    uint32_t xid;
    uint32_t rpcvers;
    uint32_t program;
    uint32_t version;
    uint32_t procedure;
    struct call_auth credential;
    struct call_auth verifier;
    struct slice arguments; /* all that follows the verifier */
};

enum call_form {
    CALL_GOOD,
    CALL_NOT_ONE,   /* a REPLY, an unknown msg_type, or a header that ends too soon: no answer */
    CALL_WRONG_RPC, /* rpcvers is not 2; what follows it has no known form and is not read */
    CALL_BAD_CRED,  /* the credential is longer than 400 octets */
    CALL_BAD_VERF,  /* the verifier is */
};

/* Reads a header. xid and rpcvers are set in all forms but CALL_NOT_ONE. */
enum call_form call_read(struct slice message, struct call *ret);

/* True where the body holds an authsys_parms (RFC 5531 appendix A). */
bool call_authsys_ok(struct slice body);

/* Replies: what comes before the results, or the whole of it. */
void reply_accept(struct buf *out, uint32_t xid, enum accept_stat stat);
void reply_prog_mismatch(struct buf *out, uint32_t xid, uint32_t low, uint32_t high);
void reply_rpc_mismatch(struct buf *out, uint32_t xid);
void reply_auth_error(struct buf *out, uint32_t xid, enum auth_stat stat);

#endif
