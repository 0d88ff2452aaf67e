/* MSGPROG: what is answered to which message. */
#include "reference/msgprog-own/service.h"

#include "reference/setup/setup.h"
#include "reference/wire/call.h"

struct request {
    struct store *store;
    const struct call *call;
    size_t reply_max;
    struct buf *out;
};

/* RFC 5531 12.1: takes nothing and returns nothing. */
static void answer_null(const struct request *r)
{
    reply_accept(r->out, r->call->xid, ACCEPT_SUCCESS);
}

/* The text is data: NULs, newlines and octets over 127 are stored as they come. */
static void answer_savemsg(const struct request *r)
{
    struct words w = words_of(r->call->arguments);
    struct slice text = words_opaque(&w, UINT32_MAX);
    struct problem why;

    if (w.failed) {
        reply_accept(r->out, r->call->xid, ACCEPT_GARBAGE_ARGS);
        return;
    }
    uint32_t number = store_save(r->store, text, &why);
    if (number == 0)
        setup_complain("a message is not stored", &why);
    reply_accept(r->out, r->call->xid, ACCEPT_SUCCESS);
    buf_put_u32(r->out, number);
}

static void answer_readmsg(const struct request *r)
{
    struct words w = words_of(r->call->arguments);
    int32_t number = words_i32(&w);
    struct problem why = {0};
    struct buf text;

    if (w.failed) {
        reply_accept(r->out, r->call->xid, ACCEPT_GARBAGE_ARGS);
        return;
    }
    size_t len = store_length(r->store, number);
    buf_init(&text, len);
    if (CALL_REPLY_HEADER + 4 + len + words_padding(len) > r->reply_max) {
        reply_accept(r->out, r->call->xid, ACCEPT_SYSTEM_ERR);
    } else if (!store_read(r->store, number, &text, &why) && why.text[0]) {
        setup_complain("a message cannot be read", &why);
        reply_accept(r->out, r->call->xid, ACCEPT_SYSTEM_ERR);
    } else {
        reply_accept(r->out, r->call->xid, ACCEPT_SUCCESS);
        words_put_opaque(r->out, buf_slice(&text)); /* empty for a number never given */
    }
    buf_free(&text);
}

static void (*const procedures[])(const struct request *r) = {
    [MSG_NULL] = answer_null,
    [MSG_SAVEMSG] = answer_savemsg,
    [MSG_READMSG] = answer_readmsg,
};

/*
 * AUTH_NONE and AUTH_SYS are taken; both say nothing that is worth checking here. RFC 5531 does not
 * fix the answer to a flavor that is not known. RFC 2203 5.2.3.2 and RFC 9289 4.1 expect
 * AUTH_REJECTEDCRED, which declines RPCSEC_GSS and the AUTH_TLS probe; for AUTH_SHORT it is the
 * answer that makes a client send its whole credential again (appendix A).
 */
static enum auth_stat judge_credential(const struct call_auth *credential)
{
    if (credential->flavor == FLAVOR_NONE)
        return AUTH_STAT_OK;
    if (credential->flavor != FLAVOR_SYS)
        return AUTH_STAT_REJECTEDCRED;
    return call_authsys_ok(credential->body) ? AUTH_STAT_OK : AUTH_STAT_BADCRED;
}

static void dispatch(const struct request *r)
{
    const struct call *call = r->call;
    enum auth_stat stat = judge_credential(&call->credential);

    if (stat != AUTH_STAT_OK)
        reply_auth_error(r->out, call->xid, stat);
    else if (call->program != MSG_PROGRAM)
        reply_accept(r->out, call->xid, ACCEPT_PROG_UNAVAIL);
    else if (call->version != MSG_VERSION)
        reply_prog_mismatch(r->out, call->xid, MSG_VERSION, MSG_VERSION);
    else if (call->procedure >= ARRAY_LEN(procedures))
        reply_accept(r->out, call->xid, ACCEPT_PROC_UNAVAIL);
    else
        procedures[call->procedure](r);
}

bool service_answer(struct store *store, struct slice message, size_t reply_max, struct buf *out)
{
    struct call call;
    struct request r = {.store = store, .call = &call, .reply_max = reply_max, .out = out};

    switch (call_read(message, &call)) {
    case CALL_NOT_ONE:
        return false;
    case CALL_WRONG_RPC:
        reply_rpc_mismatch(out, call.xid);
        return true;
    case CALL_BAD_CRED:
        reply_auth_error(out, call.xid, AUTH_STAT_BADCRED);
        return true;
    case CALL_BAD_VERF:
        reply_auth_error(out, call.xid, AUTH_STAT_BADVERF);
        return true;
    case CALL_GOOD:
        dispatch(&r);
        return true;
    }
    return false;
}
