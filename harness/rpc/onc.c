/* Call and reply messages: written as told, read by the rules. */
#include "harness/rpc/onc.h"

#include <inttypes.h>

#include "harness/base/text.h"

#define CLAUSE_MESSAGE "RFC 5531 9"
#define CLAUSE_AUTH "RFC 5531 8.2"
#define CLAUSE_SYS "RFC 5531 A"
#define CLAUSE_GSS "RFC 2203 5"

/* ---- names ---- */

static const char *const msg_types[] = {[ONC_CALL] = "CALL", [ONC_REPLY] = "REPLY"};

static const char *const reply_stats[] = {
    [ONC_MSG_ACCEPTED] = "MSG_ACCEPTED",
    [ONC_MSG_DENIED] = "MSG_DENIED",
};

static const char *const accept_stats[] = {
    [ONC_SUCCESS] = "SUCCESS",
    [ONC_PROG_UNAVAIL] = "PROG_UNAVAIL",
    [ONC_PROG_MISMATCH] = "PROG_MISMATCH",
    [ONC_PROC_UNAVAIL] = "PROC_UNAVAIL",
    [ONC_GARBAGE_ARGS] = "GARBAGE_ARGS",
    [ONC_SYSTEM_ERR] = "SYSTEM_ERR",
};

static const char *const reject_stats[] = {
    [ONC_RPC_MISMATCH] = "RPC_MISMATCH",
    [ONC_AUTH_ERROR] = "AUTH_ERROR",
};

static const char *const auth_stats[] = {
    [ONC_AUTH_OK] = "AUTH_OK",
    [ONC_AUTH_BADCRED] = "AUTH_BADCRED",
    [ONC_AUTH_REJECTEDCRED] = "AUTH_REJECTEDCRED",
    [ONC_AUTH_BADVERF] = "AUTH_BADVERF",
    [ONC_AUTH_REJECTEDVERF] = "AUTH_REJECTEDVERF",
    [ONC_AUTH_TOOWEAK] = "AUTH_TOOWEAK",
    [ONC_AUTH_INVALIDRESP] = "AUTH_INVALIDRESP",
    [ONC_AUTH_FAILED] = "AUTH_FAILED",
    [ONC_AUTH_KERB_GENERIC] = "AUTH_KERB_GENERIC",
    [ONC_AUTH_TIMEEXPIRE] = "AUTH_TIMEEXPIRE",
    [ONC_AUTH_TKT_FILE] = "AUTH_TKT_FILE",
    [ONC_AUTH_DECODE] = "AUTH_DECODE",
    [ONC_AUTH_NET_ADDR] = "AUTH_NET_ADDR",
    [ONC_RPCSEC_GSS_CREDPROBLEM] = "RPCSEC_GSS_CREDPROBLEM",
    [ONC_RPCSEC_GSS_CTXPROBLEM] = "RPCSEC_GSS_CTXPROBLEM",
};

static const char *const flavors[] = {
    [ONC_AUTH_NONE] = "AUTH_NONE", [ONC_AUTH_SYS] = "AUTH_SYS",     [ONC_AUTH_SHORT] = "AUTH_SHORT",
    [ONC_AUTH_DH] = "AUTH_DH",     [ONC_RPCSEC_GSS] = "RPCSEC_GSS", [ONC_AUTH_TLS] = "AUTH_TLS",
};

static const char *name_of(const char *const *names, size_t count, uint32_t value)
{
    return value < count ? names[value] : NULL;
}

const char *onc_msg_type_name(uint32_t value)
{
    return name_of(msg_types, ARRAY_LEN(msg_types), value);
}

const char *onc_reply_stat_name(uint32_t value)
{
    return name_of(reply_stats, ARRAY_LEN(reply_stats), value);
}

const char *onc_accept_stat_name(uint32_t value)
{
    return name_of(accept_stats, ARRAY_LEN(accept_stats), value);
}

const char *onc_reject_stat_name(uint32_t value)
{
    return name_of(reject_stats, ARRAY_LEN(reject_stats), value);
}

const char *onc_auth_stat_name(uint32_t value)
{
    return name_of(auth_stats, ARRAY_LEN(auth_stats), value);
}

const char *onc_flavor_name(uint32_t value)
{
    return name_of(flavors, ARRAY_LEN(flavors), value);
}

/* ---- writing ---- */

struct onc_call onc_call_of(uint32_t xid, uint32_t prog, uint32_t vers, uint32_t proc)
{
    return (struct onc_call){
        .xid = xid,
        .msg_type = ONC_CALL,
        .rpcvers = ONC_VERSION,
        .prog = prog,
        .vers = vers,
        .proc = proc,
    };
}

struct onc_reply onc_reply_of(uint32_t xid, struct slice results)
{
    return (struct onc_reply){.xid = xid, .msg_type = ONC_REPLY, .results = results};
}

void onc_put_auth(struct buf *out, const struct onc_auth *auth)
{
    wire_put_uint(out, auth->flavor);
    wire_put_counted(out, &auth->body);
}

/* Shortens what was appended since `start` to `keep` octets. */
static void cut_message(struct buf *out, size_t start, size_t keep)
{
    if (out->len - start > keep)
        out->len = start + keep;
}

void onc_put_call(struct buf *out, const struct onc_call *call)
{
    size_t start = out->len;

    wire_put_uint(out, call->xid);
    wire_put_uint(out, call->msg_type);
    wire_put_uint(out, call->rpcvers);
    wire_put_uint(out, call->prog);
    wire_put_uint(out, call->vers);
    wire_put_uint(out, call->proc);
    onc_put_auth(out, &call->cred);
    onc_put_auth(out, &call->verf);
    buf_put(out, call->args);
    if (call->cut)
        cut_message(out, start, call->keep);
}

static void put_range(struct buf *out, const struct onc_reply *reply)
{
    wire_put_uint(out, reply->low);
    wire_put_uint(out, reply->high);
}

static void put_denied(struct buf *out, const struct onc_reply *reply)
{
    wire_put_uint(out, reply->reject_stat);
    if (reply->reject_stat == ONC_RPC_MISMATCH)
        put_range(out, reply);
    if (reply->reject_stat == ONC_AUTH_ERROR)
        wire_put_uint(out, reply->auth_stat);
}

void onc_put_reply(struct buf *out, const struct onc_reply *reply)
{
    size_t start = out->len;

    wire_put_uint(out, reply->xid);
    wire_put_uint(out, reply->msg_type);
    wire_put_uint(out, reply->reply_stat);
    if (reply->reply_stat == ONC_MSG_ACCEPTED) {
        onc_put_auth(out, &reply->verf);
        wire_put_uint(out, reply->accept_stat);
        if (reply->accept_stat == ONC_PROG_MISMATCH)
            put_range(out, reply);
    } else if (reply->reply_stat == ONC_MSG_DENIED) {
        put_denied(out, reply);
    }
    buf_put(out, reply->results);
    if (reply->cut)
        cut_message(out, start, reply->keep);
}

/* ---- reading ---- */

/* A word that has to be below `count`: the enumerations of RFC 5531 have no gaps. */
static uint32_t read_stat(struct wire_in *in, const char *field, uint32_t count)
{
    size_t at = in->base + in->at;
    uint32_t value = wire_uint(in, field);

    if (wire_ok(in) && value >= count)
        wire_refuse(in, WIRE_ENUM, at, field, "%" PRIu32 " is none of 0 to %" PRIu32, value,
                    count - 1);
    return value;
}

/* A word of which one value only is right. */
static uint32_t read_fixed(struct wire_in *in, const char *field, uint32_t due, const char *name)
{
    size_t at = in->base + in->at;
    uint32_t value = wire_uint(in, field);

    if (wire_ok(in) && value != due)
        wire_refuse(in, WIRE_VALUE, at, field, "%" PRIu32 " where %s is due", value, name);
    return value;
}

static void read_auth(struct wire_in *in, const char *flavor, const char *body,
                      struct onc_auth *ret)
{
    in->section = CLAUSE_AUTH;
    ret->flavor = wire_uint(in, flavor);
    ret->body = wire_counted_of(wire_opaque(in, body, ONC_AUTH_BODY_MAX));
    in->section = CLAUSE_MESSAGE;
}

/* Arguments or results: what another declaration describes, in whole units. */
static struct slice read_rest(struct wire_in *in, const char *field)
{
    size_t at = in->base + in->at;
    struct slice rest = wire_rest(in);

    if (rest.len % WIRE_UNIT != 0) {
        in->section = NULL;
        wire_refuse(in, WIRE_UNEVEN, at, field, "%zu octets are no multiple of four", rest.len);
    }
    return rest;
}

bool onc_read_call(struct wire_in *in, struct onc_call *ret)
{
    *ret = (struct onc_call){0};
    in->section = CLAUSE_MESSAGE;
    ret->xid = wire_uint(in, "xid");
    ret->msg_type = read_fixed(in, "msg_type", ONC_CALL, "CALL (0)");
    ret->rpcvers = read_fixed(in, "rpcvers", ONC_VERSION, "2");
    ret->prog = wire_uint(in, "prog");
    ret->vers = wire_uint(in, "vers");
    ret->proc = wire_uint(in, "proc");
    read_auth(in, "cred.flavor", "cred.body", &ret->cred);
    read_auth(in, "verf.flavor", "verf.body", &ret->verf);
    ret->args = read_rest(in, "args");
    return wire_ok(in);
}

static void read_range(struct wire_in *in, struct onc_reply *ret)
{
    ret->low = wire_uint(in, "mismatch_info.low");
    size_t at = in->base + in->at;

    ret->high = wire_uint(in, "mismatch_info.high");
    if (wire_ok(in) && ret->low > ret->high)
        wire_refuse(in, WIRE_VALUE, at, "mismatch_info.high",
                    "%" PRIu32 " is below the lowest version, %" PRIu32, ret->high, ret->low);
}

static void read_accepted(struct wire_in *in, struct onc_reply *ret)
{
    read_auth(in, "verf.flavor", "verf.body", &ret->verf);
    ret->accept_stat = read_stat(in, "accept_stat", ARRAY_LEN(accept_stats));
    if (!wire_ok(in))
        return;
    if (ret->accept_stat == ONC_SUCCESS)
        ret->results = read_rest(in, "results");
    else if (ret->accept_stat == ONC_PROG_MISMATCH)
        read_range(in, ret);
}

static void read_denied(struct wire_in *in, struct onc_reply *ret)
{
    ret->reject_stat = read_stat(in, "reject_stat", ARRAY_LEN(reject_stats));
    if (!wire_ok(in))
        return;
    if (ret->reject_stat == ONC_RPC_MISMATCH)
        read_range(in, ret);
    else
        ret->auth_stat = read_stat(in, "auth_stat", ARRAY_LEN(auth_stats));
}

bool onc_read_reply(struct wire_in *in, struct onc_reply *ret)
{
    *ret = (struct onc_reply){0};
    in->section = CLAUSE_MESSAGE;
    ret->xid = wire_uint(in, "xid");
    ret->msg_type = read_fixed(in, "msg_type", ONC_REPLY, "REPLY (1)");
    ret->reply_stat = read_stat(in, "reply_stat", ARRAY_LEN(reply_stats));
    if (!wire_ok(in))
        return false;
    if (ret->reply_stat == ONC_MSG_ACCEPTED)
        read_accepted(in, ret);
    else
        read_denied(in, ret);
    wire_end(in, "reply");
    return wire_ok(in);
}

bool onc_peek(struct slice message, uint32_t *ret_xid, uint32_t *ret_msg_type)
{
    struct wire_in in;

    wire_open(&in, message);
    uint32_t xid = wire_uint(&in, "xid");
    uint32_t msg_type = wire_uint(&in, "msg_type");
    if (!wire_ok(&in))
        return false;
    *ret_xid = xid;
    *ret_msg_type = msg_type;
    return true;
}

/* ---- one line for transcripts ---- */

static void put_name(struct buf *out, const char *what, const char *name, uint32_t value)
{
    if (name)
        buf_printf(out, " %s", name);
    else
        buf_printf(out, " %s %" PRIu32, what, value);
}

static void put_flavor(struct buf *out, const char *label, const struct onc_auth *auth)
{
    buf_put_str(out, label);
    put_name(out, "flavor", onc_flavor_name(auth->flavor), auth->flavor);
    if (auth->body.octets.len > 0)
        buf_printf(out, " of %zu octets", auth->body.octets.len);
}

static bool is_plain(const struct onc_auth *auth)
{
    return auth->flavor == ONC_AUTH_NONE && auth->body.octets.len == 0;
}

static void describe_call(const struct onc_call *call, struct buf *out)
{
    buf_printf(out, "CALL xid 0x%" PRIx32 " prog %" PRIu32 " vers %" PRIu32 " proc %" PRIu32,
               call->xid, call->prog, call->vers, call->proc);
    put_flavor(out, "", &call->cred);
    if (!is_plain(&call->verf))
        put_flavor(out, ", verifier", &call->verf);
    buf_printf(out, ", %zu octets of arguments", call->args.len);
}

static void describe_reply(const struct onc_reply *reply, struct buf *out)
{
    bool accepted = reply->reply_stat == ONC_MSG_ACCEPTED;
    bool mismatch =
        accepted ? reply->accept_stat == ONC_PROG_MISMATCH : reply->reject_stat == ONC_RPC_MISMATCH;

    buf_printf(out, "REPLY xid 0x%" PRIx32 " %s %s", reply->xid, accepted ? "accepted" : "denied",
               accepted ? accept_stats[reply->accept_stat] : reject_stats[reply->reject_stat]);
    if (mismatch)
        buf_printf(out, " %" PRIu32 "..%" PRIu32, reply->low, reply->high);
    else if (!accepted)
        put_name(out, "auth_stat", onc_auth_stat_name(reply->auth_stat), reply->auth_stat);
    else if (reply->accept_stat == ONC_SUCCESS)
        buf_printf(out, ", %zu octets of results", reply->results.len);
    if (accepted && !is_plain(&reply->verf))
        put_flavor(out, ", verifier", &reply->verf);
}

void onc_describe(struct slice message, struct buf *out)
{
    struct onc_reply reply;
    struct onc_call call;
    struct wire_in in;
    uint32_t type = ONC_CALL;
    uint32_t xid = 0;
    bool known = onc_peek(message, &xid, &type);

    wire_open(&in, message);
    if (known && type == ONC_REPLY) {
        if (onc_read_reply(&in, &reply)) {
            describe_reply(&reply, out);
            return;
        }
    } else if (onc_read_call(&in, &call)) {
        describe_call(&call, out);
        return;
    }
    buf_put_str(out, "no RPC message: ");
    wire_explain(&in, out);
}

/* ---- what credentials hold ---- */

void onc_put_sys(struct buf *out, const struct onc_sys *sys)
{
    wire_put_uint(out, sys->stamp);
    wire_put_counted(out, &sys->machine);
    wire_put_uint(out, sys->uid);
    wire_put_uint(out, sys->gid);
    wire_put_uint(out, sys->lies ? sys->claimed : sys->gids_count);
    for (uint32_t i = 0; i < sys->gids_count && i < ONC_GIDS_ROOM; i++)
        wire_put_uint(out, sys->gids[i]);
}

bool onc_read_sys(struct wire_in *in, struct onc_sys *ret)
{
    *ret = (struct onc_sys){0};
    in->section = CLAUSE_SYS;
    ret->stamp = wire_uint(in, "stamp");
    ret->machine = wire_counted_of(wire_string(in, "machinename", ONC_MACHINE_MAX));
    ret->uid = wire_uint(in, "uid");
    ret->gid = wire_uint(in, "gid");
    ret->gids_count = wire_count(in, "gids", ONC_GIDS_MAX, WIRE_UNIT);
    for (uint32_t i = 0; i < ret->gids_count; i++)
        ret->gids[i] = wire_uint(in, "gids");
    wire_end(in, "authsys_parms");
    return wire_ok(in);
}

void onc_put_gss(struct buf *out, const struct onc_gss *gss)
{
    wire_put_uint(out, gss->version);
    wire_put_uint(out, gss->proc);
    wire_put_uint(out, gss->seq);
    wire_put_uint(out, gss->service);
    wire_put_counted(out, &gss->handle);
}

bool onc_read_gss(struct wire_in *in, struct onc_gss *ret)
{
    static const int32_t versions[] = {ONC_GSS_VERSION};
    static const int32_t procs[] = {ONC_GSS_DATA, ONC_GSS_INIT, ONC_GSS_CONTINUE_INIT,
                                    ONC_GSS_DESTROY};
    static const int32_t services[] = {ONC_GSS_NONE, ONC_GSS_INTEGRITY, ONC_GSS_PRIVACY};

    *ret = (struct onc_gss){0};
    in->section = CLAUSE_GSS;
    ret->version = (uint32_t)wire_union(in, "vers", versions, ARRAY_LEN(versions));
    ret->proc = (uint32_t)wire_enum(in, "gss_proc", procs, ARRAY_LEN(procs));
    ret->seq = wire_uint(in, "seq_num");
    /* In a creation request the service means nothing (RFC 2203 5.2.2). */
    bool creates = ret->proc == ONC_GSS_INIT || ret->proc == ONC_GSS_CONTINUE_INIT;
    ret->service = creates ? wire_uint(in, "service")
                           : (uint32_t)wire_enum(in, "service", services, ARRAY_LEN(services));
    ret->handle = wire_counted_of(wire_opaque(in, "handle", WIRE_NO_LIMIT));
    wire_end(in, "rpc_gss_cred_t");
    return wire_ok(in);
}

void onc_put_gss_init(struct buf *out, const struct onc_gss_init *init)
{
    wire_put_counted(out, &init->handle);
    wire_put_uint(out, init->major);
    wire_put_uint(out, init->minor);
    wire_put_uint(out, init->window);
    wire_put_counted(out, &init->token);
}

bool onc_read_gss_init(struct wire_in *in, struct onc_gss_init *ret)
{
    *ret = (struct onc_gss_init){0};
    in->section = "RFC 2203 5.2.3.1";
    ret->handle = wire_counted_of(wire_opaque(in, "handle", WIRE_NO_LIMIT));
    ret->major = wire_uint(in, "gss_major");
    ret->minor = wire_uint(in, "gss_minor");
    ret->window = wire_uint(in, "seq_window");
    ret->token = wire_counted_of(wire_opaque(in, "gss_token", WIRE_NO_LIMIT));
    wire_end(in, "rpc_gss_init_res");
    return wire_ok(in);
}

struct onc_call onc_tls_probe(uint32_t xid, uint32_t prog, uint32_t vers)
{
    struct onc_call call = onc_call_of(xid, prog, vers, ONC_NULLPROC);

    call.cred.flavor = ONC_AUTH_TLS;
    return call;
}

bool onc_offers_tls(const struct onc_reply *reply)
{
    return reply->reply_stat == ONC_MSG_ACCEPTED && reply->verf.flavor == ONC_AUTH_NONE &&
           slice_eq(reply->verf.body.octets, slice_str("STARTTLS"));
}
