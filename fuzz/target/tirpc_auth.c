/*
 * Credentials: a case is the credential and the verifier of a call of procedure 0. It goes through
 * libtirpc's dispatching, and through its authentication alone, where the octets around it are
 * ours. RPCSEC_GSS is apart (fuzz/tirpc/gss.h).
 */
#include <rpc/rpc.h>

#include <rpc/svc_auth.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/oracle/finding.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/oracle/meter.h"
#include "fuzz/target.h"
#include "fuzz/tirpc/gss.h"
#include "fuzz/tirpc/memory.h"

enum { CASE_OCTETS = 1024, AREA_COOKED = 1024, NAME_ROOM = ONC_MACHINE_MAX + 1 };

static const uint8_t head[] = {
    'a', 'u', 't', 'h', 0, 0, 0, 0, 0, 0, 0, 2, 0x20, 'a', 'u', 't', 0, 0, 0, 1, 0, 0, 0, 0,
};

static struct model_rules rules = {
    .prog = 0x20617574,
    .vers = 1,
    .strict = true,
    .drops_long_auth = true,
    .sys_tail_ok = true,
};

static struct memory memory;
static struct judge judge;

/* What the service was told of its caller. */
static struct {
    bool called;
    uint32_t flavor;
    struct authunix_parms sys;
    char machine[NAME_ROOM];
    gid_t gids[ONC_GIDS_MAX];
} caller;

static void keep_sys(const struct authunix_parms *sys)
{
    caller.sys = *sys;
    memcpy(caller.machine, sys->aup_machname, sizeof(caller.machine));
    for (size_t i = 0; i < size_min(sys->aup_len, ONC_GIDS_MAX); i++)
        caller.gids[i] = (gid_t)sys->aup_gids[i];
}

static void dispatch(struct svc_req *request, SVCXPRT *transport)
{
    caller.called = true;
    caller.flavor = (uint32_t)request->rq_cred.oa_flavor;
    if (caller.flavor == AUTH_SYS)
        keep_sys(request->rq_clntcred);
    svc_sendreply(transport, (xdrproc_t)(void (*)(void))xdr_void, NULL);
}

static void open_auth(void)
{
    rules.gss_open = gss_wanted();
    memory_open(&memory, rules.prog, rules.vers, dispatch);
}

/* ---- through the dispatching ---- */

static bool same_sys(const struct onc_sys *sys)
{
    bool same = (uint32_t)caller.sys.aup_time == sys->stamp && caller.sys.aup_uid == sys->uid &&
                caller.sys.aup_gid == sys->gid && caller.sys.aup_len == sys->gids_count;
    struct slice name = sys->machine.octets;

    for (size_t i = 0; same && i < sys->gids_count; i++)
        same = caller.gids[i] == sys->gids[i];
    return same && slice_eq(slice_of(caller.machine, name.len), name) &&
           caller.machine[name.len] == 0;
}

/* Whom the service takes for its caller is whom the credential names. */
static void judge_caller(const struct onc_call *call)
{
    struct onc_sys sys;
    struct wire_in in;

    if (caller.flavor != call->cred.flavor)
        finding_tell(ORACLE_DIFFERENCE, "flavor %u arrives as %u", call->cred.flavor,
                     caller.flavor);
    if (call->cred.flavor != ONC_AUTH_SYS)
        return;
    wire_open(&in, call->cred.body.octets);
    in.forgives = true;
    bool fine = onc_read_sys(&in, &sys) || in.fault == WIRE_TRAILING;
    if (fine && !same_sys(&sys))
        finding_tell(ORACLE_DIFFERENCE, "the caller is another than the credential says");
    else if (fine && caller.sys.aup_time != sys.stamp)
        finding_tell(ORACLE_DIFFERENCE, "the stamp %u arrives as %lu", sys.stamp,
                     caller.sys.aup_time);
}

/* Of AUTH_NONE and AUTH_SYS the verifier of a reply is AUTH_NONE, or AUTH_SHORT (RFC 5531 10.1,
   appendix A). */
static void judge_verifier(const struct onc_call *call, struct slice message)
{
    struct onc_reply reply;
    struct wire_in in;

    wire_open(&in, message);
    if (!onc_read_reply(&in, &reply) || reply.reply_stat != ONC_MSG_ACCEPTED)
        return;
    if (call->cred.flavor == ONC_AUTH_NONE
            ? reply.verf.flavor != ONC_AUTH_NONE
            : reply.verf.flavor > ONC_AUTH_SHORT || reply.verf.flavor == ONC_AUTH_SYS)
        finding_tell(ORACLE_REPLY, "to flavor %u a verifier of flavor %u", call->cred.flavor,
                     reply.verf.flavor);
}

static void run_dispatched(struct slice message, const struct onc_call *call)
{
    caller.called = false;
    judge_begin(&judge, &rules);
    judge_call(&judge, message);
    memory_call(&memory, message);
    for (size_t i = 0; i < size_min(memory.count, MEMORY_REPLIES_MAX); i++) {
        judge_reply(&judge, memory_reply(&memory, i));
        if (call && call->cred.flavor != ONC_RPCSEC_GSS)
            judge_verifier(call, memory_reply(&memory, i));
    }
    judge_end(&judge);
    if (call && caller.called && call->cred.flavor != ONC_RPCSEC_GSS)
        judge_caller(call);
}

/* ---- the authentication alone ---- */

struct outcome {
    enum auth_stat stat;
    size_t output;
};

/* The areas are those of svc_getreq_common, and filled before. */
static struct outcome authenticate(const struct onc_call *call, int filling)
{
    static char areas[2 * MAX_AUTH_BYTES + AREA_COOKED];
    SVCXPRT *transport = memory.transport;
    struct opaque_auth verifier = transport->xp_verf;
    struct slice cred = call->cred.body.octets, verf = call->verf.body.octets;
    struct rpc_msg message = {0};
    struct svc_req request = {.rq_xprt = transport, .rq_clntcred = areas + 2 * MAX_AUTH_BYTES};
    size_t output = meter_output();

    memset(areas, filling, sizeof(areas));
    if (cred.len)
        memcpy(areas, cred.data, cred.len);
    if (verf.len)
        memcpy(areas + MAX_AUTH_BYTES, verf.data, verf.len);
    message.rm_call.cb_cred = (struct opaque_auth){
        .oa_flavor = (enum_t)call->cred.flavor, .oa_base = areas, .oa_length = (u_int)cred.len};
    message.rm_call.cb_verf = (struct opaque_auth){.oa_flavor = (enum_t)call->verf.flavor,
                                                   .oa_base = areas + MAX_AUTH_BYTES,
                                                   .oa_length = (u_int)verf.len};
    enum auth_stat stat = _authenticate(&request, &message);
    transport->xp_verf = verifier;
    return (struct outcome){stat, meter_output() - output};
}

static void run_alone(const struct onc_call *call)
{
    struct outcome zeros = authenticate(call, 0);
    struct outcome ones = authenticate(call, 0xff);

    if (zeros.stat != ones.stat || zeros.output != ones.output)
        finding_tell(ORACLE_STALE, "flavor %u, %zu octets: what is behind them decides",
                     call->cred.flavor, call->cred.body.octets.len);
    if (zeros.stat == AUTH_OK)
        fuzz_canary();
}

static void run_auth(struct slice input)
{
    static uint8_t octets[sizeof(head) + CASE_OCTETS];
    struct slice message = slice_of(octets, sizeof(head) + input.len);
    struct onc_call call;
    struct wire_in in;

    memcpy(octets, head, sizeof(head));
    if (input.len)
        memcpy(octets + sizeof(head), input.data, input.len);
    if (gss_withheld(message))
        return;
    wire_open(&in, message);
    in.forgives = true;
    bool fine = onc_read_call(&in, &call) || in.fault == WIRE_UNEVEN;
    run_dispatched(message, fine ? &call : NULL);
    if (fine && call.cred.flavor != ONC_RPCSEC_GSS)
        run_alone(&call);
    gss_end();
}

const struct fuzz_target fuzz_target_tirpc_auth = {
    .name = "tirpc-auth",
    .what = "credentials through libtirpc's authentication, over memory",
    .form = FUZZ_OCTETS,
    .max = CASE_OCTETS,
    .memory = 32768, /* RPCSEC_GSS, where it is wanted, holds 18 KB */
    .memory_per_octet = 16,
    .stack = 65536,
    .open = open_auth,
    .run = run_auth,
};
