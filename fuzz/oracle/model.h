/*
 * The reference model of a server of MSGPROG: what a call deserves, by RFC 5531 and msg.x, given
 * the calls before it. It reads by harness/rpc and shares nothing with what it judges.
 *
 * Where RFC 5531 leaves the order of checks open, implementations differ. The model follows the
 * order of rpcvers, credential, program, version, procedure, arguments, which libtirpc and our own
 * server have; a strict model allows the one answer that this order gives, any other model each
 * answer for which there is a reason in the call.
 */
#ifndef FUZZ_ORACLE_MODEL_H
#define FUZZ_ORACLE_MODEL_H

#include "harness/rpc/onc.h"

/* What may come for a call; a set of these is `allowed`. */
enum answer {
    ANSWER_NONE, /* no reply */
    ANSWER_SUCCESS,
    ANSWER_PROG_UNAVAIL,
    ANSWER_PROG_MISMATCH,
    ANSWER_PROC_UNAVAIL,
    ANSWER_GARBAGE_ARGS,
    ANSWER_SYSTEM_ERR,
    ANSWER_RPC_MISMATCH,
    ANSWER_AUTH_ERROR,
    ANSWERS,
};

/* "no reply", "SUCCESS", "PROG_UNAVAIL", ... */
const char *answer_name(enum answer answer);

/* The answer that a reply is. */
enum answer answer_of(const struct onc_reply *reply);

enum {
    MODEL_MESSAGES_MAX = 64, /* stored in one case; SAVEMSG gives 0 for more */
    MODEL_TEXT_MAX = 8192,
    MODEL_MORE_MAX = 1024,     /* octets of results of a procedure beyond READMSG */
    MODEL_MORE_ROOM = 1 << 16, /* of all of them in one case; further ones are not known */
};

/* What is known of the implementation. */
struct model_rules {
    uint32_t prog, vers;
    bool msgprog;         /* its procedures are those of msg.x; else only NULL is known */
    bool strict;          /* the order of checks is known */
    bool text_ends_at_0;  /* a string ends at its first NUL (libtirpc, whose strings are C's) */
    bool drops_long_auth; /* an opaque_auth over 400 octets makes it no message (libtirpc) */
    bool sys_tail_ok;     /* octets behind authsys_parms are taken (libtirpc) */
    bool gss_open;        /* RPCSEC_GSS is served, and the model knows nothing of it */
    bool numbers_open;    /* how a server numbers its messages is its own affair */
    bool in_datagrams;    /* which are too small for some results (docs/msgprog.md) */
    uint32_t text_max;    /* of an argument or result */

    /* Procedures beyond READMSG: the last of them, and what gives the results of one, at most
       MODEL_MORE_MAX octets; arguments that are wrong are told by the cursor. Or 0 and NULL. */
    uint32_t last_proc;
    size_t (*more)(uint32_t proc, struct wire_in *in, uint8_t *results);
};

struct model_text {
    size_t at, len; /* in `texts` */
    int32_t number; /* with numbers_open: what the server has said, or 0 */
};

struct model {
    const struct model_rules *rules;
    size_t count;
    struct model_text messages[MODEL_MESSAGES_MAX];
    size_t used;
    uint8_t texts[MODEL_MESSAGES_MAX * MODEL_TEXT_MAX];
    size_t more_used;
    uint8_t more[MODEL_MORE_ROOM];
};

/* What one call deserves. */
struct expected {
    uint32_t xid;     /* where there may be a reply */
    uint32_t allowed; /* bits: 1 << enum answer */
    bool cut;         /* the message ends within itself */
    bool results_known;
    size_t saves;         /* with numbers_open: the message that it stores, from 1; 0: none */
    int32_t reads;        /* with numbers_open: the number that it reads; 0: none */
    bool settled;         /* it was sent when all calls before it had been answered */
    uint8_t word[4];      /* room for results that are one number */
    struct slice results; /* of a SUCCESS; of READMSG: the text without its length and padding */
    bool is_text;
};

/* Forgets all messages. */
void model_reset(struct model *m, const struct model_rules *rules);

/* What the message deserves; a SAVEMSG that deserves SUCCESS is stored. The results are valid until
   model_reset. */
void model_call(struct model *m, struct slice message, struct expected *ret);

#endif
