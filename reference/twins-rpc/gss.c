/*
 * Twins that are wrong about RPCSEC_GSS (RFC 2203). Most of them know the flavor but have no
 * mechanism: a creation request fails in the results of an accepted reply, and no context exists.
 * What each does wrong is a bit in `limit`.
 */
#include <stdlib.h>

#include "reference/twins-rpc/twin.h"

enum {
    FLAVOR_GSS = 6,
    GSS_DATA = 0,
    GSS_INIT = 1,
    GSS_CONTINUE_INIT = 2,
    GSS_DESTROY = 3,
    GSS_BIND_CHANNEL = 4, /* RFC 5403 */
    GSS_VERSION = 1,
    GSS_S_BAD_MECH = 1 << 16, /* RFC 2744 3.9.1 */
    GSS_SERVICE_NONE = 1,
};

enum { CREDPROBLEM = 13 };

/* What may be wrong. */
enum {
    BAD_VERSION_IS_BADCRED = 1 << 0,
    VERSION_3_UNSAID = 1 << 1,
    SERVICE_LOOKED_AT = 1 << 2,
    FAILURE_WITH_HANDLE = 1 << 3,
    HANDLE_UNSAID = 1 << 4,
    CUT_IS_REJECTED = 1 << 5,
    SERVES_VERSION_2 = 1 << 6, /* right, and not a fault */
    BIND_CHANNEL_UNKNOWN = 1 << 7,
    INIT_IS_CREDPROBLEM = 1 << 8,
    TOKEN_BELIEVED = 1 << 9,
};

struct credential {
    uint32_t version, procedure, sequence, service;
    struct slice handle;
    bool cut;
};

static struct credential read_credential(const struct request *r)
{
    struct words w = words_of(r->call.credential.body);
    struct credential c;

    c.version = words_u32(&w);
    c.procedure = words_u32(&w);
    c.sequence = words_u32(&w);
    c.service = words_u32(&w);
    c.handle = words_opaque(&w, UINT32_MAX);
    c.cut = w.failed;
    return c;
}

/* RFC 2203 5.2.3.1: handle, gss_major, gss_minor, seq_window, gss_token. */
static void fail_to_create(struct request *r, bool with_handle)
{
    struct buf *out = &r->reply.results;

    request_accept(r, ACCEPT_SUCCESS);
    words_put_opaque(out, slice_str(with_handle ? "handle" : ""));
    buf_put_u32(out, GSS_S_BAD_MECH);
    buf_put_u32(out, 0);
    buf_put_u32(out, 0);
    words_put_opaque(out, slice_of(NULL, 0));
}

static enum auth_stat judge_version(const struct credential *c, size_t wrong)
{
    bool second = c->version == 2 && wrong & SERVES_VERSION_2;

    if (c->version == GSS_VERSION || second)
        return AUTH_STAT_OK;
    if (c->version == 3 && wrong & VERSION_3_UNSAID)
        return AUTH_STAT_BADVERF;
    return wrong & BAD_VERSION_IS_BADCRED ? AUTH_STAT_BADCRED : AUTH_STAT_REJECTEDCRED;
}

static enum auth_stat judge(const struct credential *c, size_t wrong)
{
    enum auth_stat version = judge_version(c, wrong);
    uint32_t last =
        c->version == 2 && !(wrong & BIND_CHANNEL_UNKNOWN) ? GSS_BIND_CHANNEL : GSS_DESTROY;

    if (c->cut)
        return wrong & CUT_IS_REJECTED ? AUTH_STAT_REJECTEDCRED : AUTH_STAT_BADCRED;
    if (version != AUTH_STAT_OK)
        return version;
    if (c->procedure > last)
        return AUTH_STAT_BADCRED;
    if (c->procedure == GSS_DATA || c->procedure > GSS_CONTINUE_INIT)
        return wrong & HANDLE_UNSAID ? AUTH_STAT_REJECTEDCRED : (enum auth_stat)CREDPROBLEM;
    if (wrong & INIT_IS_CREDPROBLEM)
        return (enum auth_stat)CREDPROBLEM;
    if (wrong & SERVICE_LOOKED_AT && c->service != GSS_SERVICE_NONE)
        return AUTH_STAT_BADCRED;
    return AUTH_STAT_OK;
}

/* The token is copied before anybody looks whether it is there. */
static void believe_token(const struct request *r)
{
    struct words w = words_of(r->call.arguments);

    if (words_u32(&w) > r->call.arguments.len)
        abort();
}

static enum act know_gss(struct request *r)
{
    size_t wrong = r->server->fault->limit;

    if (r->form != CALL_GOOD || r->call.credential.flavor != FLAVOR_GSS)
        return ACT_GO_ON;
    struct credential c = read_credential(r);
    enum auth_stat stat = judge(&c, wrong);
    if (stat == AUTH_STAT_OK && r->call.procedure != 0)
        stat = AUTH_STAT_BADCRED;
    if (wrong & TOKEN_BELIEVED)
        believe_token(r);
    if (stat == AUTH_STAT_OK)
        fail_to_create(r, wrong & FAILURE_WITH_HANDLE);
    else
        request_deny(r, stat);
    return ACT_SKIP;
}

/* ---- faults of their own ---- */

/* Control messages go where all calls go. */
static enum auth_stat take_control(const struct request *r)
{
    struct credential c = read_credential(r);
    bool control = r->call.credential.flavor == FLAVOR_GSS && c.procedure != GSS_DATA;

    return control ? AUTH_STAT_OK : request_judge(r);
}

static enum auth_stat take_data(const struct request *r)
{
    struct credential c = read_credential(r);
    bool data = r->call.credential.flavor == FLAVOR_GSS && !c.cut && c.procedure == GSS_DATA;

    return data ? AUTH_STAT_OK : request_judge(r);
}

/* An unknown program or version is told before the credential is looked at, with a verifier of the
   context that does not exist. */
static void put_gss_verifier(struct request *r)
{
    if (r->form != CALL_GOOD || r->call.credential.flavor != FLAVOR_GSS ||
        r->call.program == MSG_PROGRAM)
        return;
    request_accept(r, ACCEPT_PROG_UNAVAIL);
    r->reply.flavor = FLAVOR_GSS;
    r->reply.verifier = slice_str("checksum");
}

/* A token of no octets is one that does not come. */
static enum act wait_for_token(struct request *r)
{
    struct words w = words_of(r->call.arguments);
    bool none = r->form == CALL_GOOD && r->call.credential.flavor == FLAVOR_GSS &&
                words_u32(&w) == 0 && !w.failed;

    r->reply.copies = !none;
    return none ? ACT_SKIP : ACT_GO_ON;
}

static enum act believe_handle(struct request *r)
{
    struct words w = words_of(r->call.credential.body);

    w.at = 4 * 4;
    if (r->form == CALL_GOOD && r->call.credential.flavor == FLAVOR_GSS &&
        words_u32(&w) > r->message.len)
        abort();
    return ACT_GO_ON;
}

/* The context of a handle that nobody knows is freed, and once more. */
static enum act free_twice(struct request *r)
{
    static unsigned times;
    struct credential c = read_credential(r);

    if (r->form == CALL_GOOD && r->call.credential.flavor == FLAVOR_GSS && !c.cut &&
        c.procedure == GSS_DESTROY && ++times == 2)
        abort();
    return ACT_GO_ON;
}

#define KNOWING(wrong)                                                                             \
    {                                                                                              \
        .limit = (wrong), .message.take = know_gss                                                 \
    }

static const struct twin twins[] = {
    {.name = "none-gss", .what = "nothing", .fault = KNOWING(0)},
    {.name = "none-gss-2", .what = "nothing", .fault = KNOWING(SERVES_VERSION_2)},
    {
        .name = "gss-control-dispatched",
        .check = "rpc.gss.control-not-dispatched",
        .what = "carries out the procedure of a control message",
        .fault.message.judge = take_control,
    },
    {
        .name = "gss-service-looked-at",
        .check = "rpc.gss.init-ignores-service",
        .what = "denies a creation request with another service than 1",
        .fault = KNOWING(SERVICE_LOOKED_AT),
    },
    {
        .name = "gss-token-awaited",
        .check = "rpc.gss.init-token",
        .what = "does not answer a token of no octets",
        .fault.message.take = wait_for_token,
    },
    {
        .name = "gss-token-believed",
        .check = "rpc.gss.init-token-lies",
        .what = "dies of a token that is longer than its message",
        .fault = KNOWING(TOKEN_BELIEVED),
    },
    {
        .name = "gss-failure-with-handle",
        .check = "rpc.gss.init-failure-empty",
        .what = "gives a handle in a failed creation",
        .fault = KNOWING(FAILURE_WITH_HANDLE),
    },
    {
        .name = "gss-init-credproblem",
        .check = "rpc.gss.init-no-13-14",
        .what = "denies creation requests by CREDPROBLEM",
        .fault = KNOWING(INIT_IS_CREDPROBLEM),
    },
    {
        .name = "gss-verifier-of-nothing",
        .check = "rpc.gss.init-null-verf",
        .what = "has a GSS verifier in PROG_UNAVAIL for a creation request",
        .fault.message.spoil = put_gss_verifier,
    },
    {
        .name = "gss-version-badcred",
        .check = "rpc.gss.bad-version",
        .what = "denies unknown versions by AUTH_BADCRED",
        .fault = KNOWING(BAD_VERSION_IS_BADCRED),
    },
    {
        .name = "gss-version-3-badverf",
        .check = "rpc.gss.v3-probe",
        .what = "denies version 3 by AUTH_BADVERF",
        .fault = KNOWING(VERSION_3_UNSAID),
    },
    {
        .name = "gss-bind-channel-unknown",
        .check = "rpc.gss.bind-channel",
        .what = "serves version 2 without RPCSEC_GSS_BIND_CHANNEL",
        .fault = KNOWING(SERVES_VERSION_2 | BIND_CHANNEL_UNKNOWN),
    },
    {
        .name = "gss-handle-rejected",
        .check = "rpc.gss.unknown-handle",
        .what = "denies unknown handles by AUTH_REJECTEDCRED",
        .fault = KNOWING(HANDLE_UNSAID),
    },
    {
        .name = "gss-data-taken",
        .check = "rpc.gss.no-context",
        .what = "carries out data requests in no context",
        .fault.message.judge = take_data,
    },
    {
        .name = "gss-cut-rejected",
        .check = "rpc.gss.bad-cred",
        .what = "denies a credential that is cut by AUTH_REJECTEDCRED",
        .fault = KNOWING(CUT_IS_REJECTED),
    },
    {
        .name = "gss-handle-believed",
        .check = "rpc.gss.cred-lies",
        .what = "dies of a handle that is longer than its message",
        .fault.message.take = believe_handle,
    },
    {
        .name = "gss-freed-twice",
        .check = "rpc.gss.destroy-unknown",
        .what = "dies of the second DESTROY",
        .fault.message.take = free_twice,
    },
};

TWINS(gss);
