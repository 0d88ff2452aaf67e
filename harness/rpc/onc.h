/*
 * ONC RPC version 2 (RFC 5531): call and reply messages, and what stands in their credentials.
 *
 * A message is a plain value. The writers put down whatever its fields say, right or wrong, and
 * can cut it at any octet, so that a hostile message is data: an honest call from onc_call_of with
 * one field changed. The readers are strict and tell through the cursor (harness/rpc/wire.h) what
 * is wrong, at which octet, in which field and by which clause. Slices in a message that was read
 * are views of the input. Records of a stream are the business of harness/rpc/record.h.
 */
#ifndef HARNESS_RPC_ONC_H
#define HARNESS_RPC_ONC_H

#include "harness/rpc/wire.h"

enum {
    ONC_VERSION = 2,         /* rpcvers "MUST be equal to 2" (RFC 5531 9) */
    ONC_NULLPROC = 0,        /* takes nothing, returns nothing, by convention (RFC 5531 12.1) */
    ONC_AUTH_BODY_MAX = 400, /* octets of a credential or verifier (RFC 5531 8.2) */
    ONC_MACHINE_MAX = 255,   /* machinename<255> (RFC 5531 appendix A) */
    ONC_GIDS_MAX = 16,       /* gids<16> (RFC 5531 appendix A) */
    ONC_GIDS_ROOM = 100,     /* more than 400 octets can hold: room for lists that are too long */
};

enum onc_msg_type { /* RFC 5531 9 */
                    ONC_CALL = 0,
                    ONC_REPLY = 1,
};

enum onc_reply_stat { /* RFC 5531 9 */
                      ONC_MSG_ACCEPTED = 0,
                      ONC_MSG_DENIED = 1,
};

enum onc_accept_stat { /* RFC 5531 9 */
                       ONC_SUCCESS = 0,
                       ONC_PROG_UNAVAIL = 1,
                       ONC_PROG_MISMATCH = 2,
                       ONC_PROC_UNAVAIL = 3,
                       ONC_GARBAGE_ARGS = 4,
                       ONC_SYSTEM_ERR = 5,
};

enum onc_reject_stat { /* RFC 5531 9 */
                       ONC_RPC_MISMATCH = 0,
                       ONC_AUTH_ERROR = 1,
};

enum onc_auth_stat { /* RFC 5531 9; 13 and 14 also RFC 2203 4 */
                     ONC_AUTH_OK = 0,
                     ONC_AUTH_BADCRED = 1,
                     ONC_AUTH_REJECTEDCRED = 2,
                     ONC_AUTH_BADVERF = 3,
                     ONC_AUTH_REJECTEDVERF = 4,
                     ONC_AUTH_TOOWEAK = 5,
                     ONC_AUTH_INVALIDRESP = 6,
                     ONC_AUTH_FAILED = 7,
                     ONC_AUTH_KERB_GENERIC = 8,
                     ONC_AUTH_TIMEEXPIRE = 9,
                     ONC_AUTH_TKT_FILE = 10,
                     ONC_AUTH_DECODE = 11,
                     ONC_AUTH_NET_ADDR = 12,
                     ONC_RPCSEC_GSS_CREDPROBLEM = 13,
                     ONC_RPCSEC_GSS_CTXPROBLEM = 14,
};

enum onc_flavor { /* RFC 5531 8.2; AUTH_TLS: RFC 9289 7.1 */
                  ONC_AUTH_NONE = 0,
                  ONC_AUTH_SYS = 1,
                  ONC_AUTH_SHORT = 2,
                  ONC_AUTH_DH = 3,
                  ONC_RPCSEC_GSS = 6,
                  ONC_AUTH_TLS = 7,
};

/* The name that the RFC gives to a number, or NULL where it gives none. */
const char *onc_msg_type_name(uint32_t value);
const char *onc_reply_stat_name(uint32_t value);
const char *onc_accept_stat_name(uint32_t value);
const char *onc_reject_stat_name(uint32_t value);
const char *onc_auth_stat_name(uint32_t value);
const char *onc_flavor_name(uint32_t value);

/* ---- messages ---- */

/* opaque_auth (RFC 5531 8.2): any flavor, any body, any length word. */
struct onc_auth {
    uint32_t flavor;
    struct wire_counted body;
};

/* A call (RFC 5531 9). */
struct onc_call {
    uint32_t xid;
    uint32_t msg_type;
    uint32_t rpcvers;
    uint32_t prog;
    uint32_t vers;
    uint32_t proc;
    struct onc_auth cred;
    struct onc_auth verf;
    struct slice args; /* already on the wire's form */
    bool cut;          /* only the first `keep` octets of the message are written */
    size_t keep;
};

/* A reply (RFC 5531 9). Which fields count is told by reply_stat, accept_stat and reject_stat; a
   status that the RFC does not know is followed by nothing. */
struct onc_reply {
    uint32_t xid;
    uint32_t msg_type;
    uint32_t reply_stat;
    struct onc_auth verf; /* accepted */
    uint32_t accept_stat; /* accepted */
    uint32_t reject_stat; /* denied */
    uint32_t auth_stat;   /* denied, AUTH_ERROR */
    uint32_t low, high;   /* PROG_MISMATCH, RPC_MISMATCH */
    struct slice results; /* SUCCESS; in writing also what is put behind any other arm */
    bool cut;
    size_t keep;
};

/* An honest call without arguments: version 2, AUTH_NONE twice. */
struct onc_call onc_call_of(uint32_t xid, uint32_t prog, uint32_t vers, uint32_t proc);

/* An honest reply: accepted, AUTH_NONE, SUCCESS, with these results. */
struct onc_reply onc_reply_of(uint32_t xid, struct slice results);

void onc_put_call(struct buf *out, const struct onc_call *call);
void onc_put_reply(struct buf *out, const struct onc_reply *reply);
void onc_put_auth(struct buf *out, const struct onc_auth *auth);

/*
 * Reads a whole message. False, with the fault in the cursor, where it is no such message: another
 * msg_type, rpcvers other than 2, a body over 400 octets, a status that is not declared, low above
 * high, octets behind a void arm, arguments or results that are no multiple of four octets. *ret
 * then holds the fields in front of the fault. The arguments and results are not looked into.
 */
bool onc_read_call(struct wire_in *in, struct onc_call *ret) MUST_USE;
bool onc_read_reply(struct wire_in *in, struct onc_reply *ret) MUST_USE;

/* The xid and the msg_type of a message that has 8 octets at least. */
bool onc_peek(struct slice message, uint32_t *ret_xid, uint32_t *ret_msg_type) MUST_USE;

/*
 * Appends one line for transcripts: "CALL xid 0x12 prog 345678 vers 2 proc 1 AUTH_NONE, 8 octets
 * of arguments", "REPLY xid 0x12 accepted PROG_MISMATCH 2..4", "REPLY xid 0x12 denied AUTH_ERROR
 * AUTH_BADCRED", or "no RPC message: octet 4, msg_type: ...".
 */
void onc_describe(struct slice message, struct buf *out);

/* ---- what credentials hold ---- */

/* authsys_parms (RFC 5531 appendix A), the body of AUTH_SYS. */
struct onc_sys {
    uint32_t stamp;
    struct wire_counted machine;
    uint32_t uid;
    uint32_t gid;
    uint32_t gids[ONC_GIDS_ROOM];
    uint32_t gids_count; /* at most ONC_GIDS_ROOM; more than 16 are too many for a reader */
    bool lies;           /* the count on the wire is `claimed` */
    uint32_t claimed;
};

void onc_put_sys(struct buf *out, const struct onc_sys *sys);
bool onc_read_sys(struct wire_in *in, struct onc_sys *ret) MUST_USE;

/* rpc_gss_cred_t (RFC 2203 5), the body of RPCSEC_GSS; the numbers may be any. */
enum onc_gss_proc { /* RFC 2203 5 */
                    ONC_GSS_DATA = 0,
                    ONC_GSS_INIT = 1,
                    ONC_GSS_CONTINUE_INIT = 2,
                    ONC_GSS_DESTROY = 3,
};

enum onc_gss_service { /* RFC 2203 5 */
                       ONC_GSS_NONE = 1,
                       ONC_GSS_INTEGRITY = 2,
                       ONC_GSS_PRIVACY = 3,
};

enum { ONC_GSS_VERSION = 1 };
#define ONC_GSS_SEQ_MAX 0x80000000U /* MAXSEQ (RFC 2203 5.3.1) */

struct onc_gss {
    uint32_t version;
    uint32_t proc;
    uint32_t seq;
    uint32_t service;
    struct wire_counted handle;
};

void onc_put_gss(struct buf *out, const struct onc_gss *gss);
bool onc_read_gss(struct wire_in *in, struct onc_gss *ret) MUST_USE;

/* rpc_gss_init_res (RFC 2203 5.2.3.1): the results of a creation request. Its arguments are one
   opaque<>, the token. */
struct onc_gss_init {
    struct wire_counted handle;
    uint32_t major;
    uint32_t minor;
    uint32_t window;
    struct wire_counted token;
};

void onc_put_gss_init(struct buf *out, const struct onc_gss_init *init);
bool onc_read_gss_init(struct wire_in *in, struct onc_gss_init *ret) MUST_USE;

/* The AUTH_TLS probe (RFC 9289 4.1): the NULL procedure, an AUTH_TLS credential of no octets, an
   AUTH_NONE verifier. */
struct onc_call onc_tls_probe(uint32_t xid, uint32_t prog, uint32_t vers);

/* Whether the reply offers TLS: accepted, its verifier AUTH_NONE with the eight octets STARTTLS
   (RFC 9289 4.1). The accept_stat does not matter. */
bool onc_offers_tls(const struct onc_reply *reply);

#endif
