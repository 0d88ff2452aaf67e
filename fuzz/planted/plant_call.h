/*
 * The header of a call and what stands in its credential (RFC 5531 9, appendix A), and the replies.
 * Faults can be planted (plant.h).
 */
#ifndef FUZZ_PLANTED_PLANT_CALL_H
#define FUZZ_PLANTED_PLANT_CALL_H

#include "fuzz/case/msgprog.h"
#include "fuzz/planted/plant_take.h"
#include "harness/base/buf.h"

enum {
    PLANT_PROGRAM = MSGPROG_PROGRAM,
    PLANT_VERSION = MSGPROG_VERSION,
    PLANT_AUTH_MAX = 400,
    PLANT_MACHINE_MAX = 255,
    PLANT_GIDS_MAX = 16,
    PLANT_CALL_LEAST = 40, /* octets of a call without arguments */
};

struct plant_auth {
    uint32_t flavor;
    struct slice body;
};

struct plant_call {
    uint32_t xid, rpcvers, program, version, procedure;
    struct plant_auth credential, verifier;
    struct slice arguments;
};

enum plant_form {
    PLANT_GOOD,
    PLANT_NO_CALL,   /* no answer */
    PLANT_STRAY,     /* a reply, which nobody waits for */
    PLANT_WRONG_RPC, /* rpcvers is not 2 */
    PLANT_LONG_AUTH, /* a body of more than 400 octets */
};

enum plant_form plant_read_call(struct slice message, struct plant_call *ret);

/* authsys_parms. */
struct plant_sys {
    uint32_t stamp;
    char machine[PLANT_MACHINE_MAX + 1];
    uint32_t uid, gid;
    uint32_t gids_count;
    uint32_t gids[PLANT_GIDS_MAX];
};

/* Of a body; NULL where it is none. The caller frees it. */
struct plant_sys *plant_read_sys(struct slice body);

/* Whether a credential of RPCSEC_GSS could be checked: its header is put together. It is refused
   all the same. */
void plant_check_gss(const struct plant_call *call);

/* The status of a reply, as numbers of RFC 5531 9. */
enum plant_stat {
    PLANT_SUCCESS = 0,
    PLANT_PROG_UNAVAIL = 1,
    PLANT_PROG_MISMATCH = 2,
    PLANT_PROC_UNAVAIL = 3,
    PLANT_GARBAGE_ARGS = 4,
    PLANT_SYSTEM_ERR = 5,
};

enum plant_auth_stat { PLANT_BADCRED = 1, PLANT_REJECTEDCRED = 2 };

void plant_accept(struct buf *out, uint32_t xid, enum plant_stat stat);
void plant_deny_rpc(struct buf *out, uint32_t xid);
void plant_deny_auth(struct buf *out, uint32_t xid, enum plant_auth_stat stat);

#endif
