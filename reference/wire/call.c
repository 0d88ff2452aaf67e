/* RPC messages: the header of a call, the replies. */
#include "reference/wire/call.h"

/* False where the body is longer than the protocol allows, or ends too soon. The first is known
   from the length word alone, and told apart. */
static bool read_auth(struct words *w, struct call_auth *ret, bool *ret_too_long)
{
    struct words ahead;

    ret->flavor = words_u32(w);
    ahead = *w;
    *ret_too_long = words_u32(&ahead) > CALL_AUTH_MAX;
    ret->body = words_opaque(w, CALL_AUTH_MAX);
    return !w->failed;
}

enum call_form call_read(struct slice message, struct call *ret)
{
    struct words w = words_of(message);
    bool too_long;

    *ret = (struct call){.xid = words_u32(&w)};
    uint32_t type = words_u32(&w);
    ret->rpcvers = words_u32(&w);
    if (w.failed || type != MSG_CALL)
        return CALL_NOT_ONE;
    if (ret->rpcvers != CALL_RPCVERS)
        return CALL_WRONG_RPC;
    ret->program = words_u32(&w);
    ret->version = words_u32(&w);
    ret->procedure = words_u32(&w);
    if (!read_auth(&w, &ret->credential, &too_long))
        return too_long ? CALL_BAD_CRED : CALL_NOT_ONE;
    if (!read_auth(&w, &ret->verifier, &too_long))
        return too_long ? CALL_BAD_VERF : CALL_NOT_ONE;
    ret->arguments = words_rest(&w);
    return CALL_GOOD;
}

bool call_authsys_ok(struct slice body)
{
    struct words w = words_of(body);

    words_u32(&w); /* stamp */
    words_opaque(&w, CALL_MACHINE_MAX);
    words_u32(&w); /* uid */
    words_u32(&w); /* gid */
    uint32_t gids = words_u32(&w);
    if (gids > CALL_GIDS_MAX)
        return false;
    while (gids-- > 0)
        words_u32(&w);
    return !w.failed;
}

void reply_accept(struct buf *out, uint32_t xid, enum accept_stat stat)
{
    buf_put_u32(out, xid);
    buf_put_u32(out, MSG_REPLY);
    buf_put_u32(out, REPLY_ACCEPTED);
    buf_put_u32(out, FLAVOR_NONE); /* the verifier, without a body: RFC 5531 10.1, appendix A */
    buf_put_u32(out, 0);
    buf_put_u32(out, stat);
}

void reply_prog_mismatch(struct buf *out, uint32_t xid, uint32_t low, uint32_t high)
{
    reply_accept(out, xid, ACCEPT_PROG_MISMATCH);
    buf_put_u32(out, low);
    buf_put_u32(out, high);
}

static void reply_deny(struct buf *out, uint32_t xid, enum reject_stat stat)
{
    buf_put_u32(out, xid);
    buf_put_u32(out, MSG_REPLY);
    buf_put_u32(out, REPLY_DENIED);
    buf_put_u32(out, stat);
}

void reply_rpc_mismatch(struct buf *out, uint32_t xid)
{
    reply_deny(out, xid, REJECT_RPC_MISMATCH);
    buf_put_u32(out, CALL_RPCVERS); /* lowest and highest */
    buf_put_u32(out, CALL_RPCVERS);
}

void reply_auth_error(struct buf *out, uint32_t xid, enum auth_stat stat)
{
    reply_deny(out, xid, REJECT_AUTH_ERROR);
    buf_put_u32(out, stat);
}
