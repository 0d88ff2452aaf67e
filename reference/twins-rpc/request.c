/* From a message to its reply. */
#include "reference/twins-rpc/request.h"

#include <string.h>

#include "reference/twins-rpc/server.h"

enum { REPLY_BYTES_MAX = 32 << 20 };

void request_accept(struct request *r, enum accept_stat stat)
{
    r->reply.stat = REPLY_ACCEPTED;
    r->reply.accept = stat;
}

void request_deny(struct request *r, enum auth_stat stat)
{
    r->reply.stat = REPLY_DENIED;
    r->reply.reject = REJECT_AUTH_ERROR;
    r->reply.auth = stat;
}

void request_reread(struct request *r)
{
    struct words w = words_of(r->message);

    r->call.xid = words_u32(&w);
    words_u32(&w); /* msg_type */
    words_u32(&w); /* rpcvers */
    r->call.program = words_u32(&w);
    r->call.version = words_u32(&w);
    r->call.procedure = words_u32(&w);
    r->call.credential.flavor = words_u32(&w);
    r->call.credential.body = words_opaque(&w, UINT32_MAX);
    r->call.verifier.flavor = words_u32(&w);
    r->call.verifier.body = words_opaque(&w, UINT32_MAX);
    r->call.arguments = words_rest(&w);
    r->reply.xid = r->call.xid;
    r->form = w.failed ? CALL_NOT_ONE : CALL_GOOD;
}

/* As the own server: AUTH_NONE and AUTH_SYS are taken, AUTH_REJECTEDCRED for all else. */
enum auth_stat request_judge(const struct request *r)
{
    const struct call_auth *credential = &r->call.credential;

    if (credential->flavor == FLAVOR_NONE)
        return AUTH_STAT_OK;
    if (credential->flavor != FLAVOR_SYS)
        return AUTH_STAT_REJECTEDCRED;
    return call_authsys_ok(credential->body) ? AUTH_STAT_OK : AUTH_STAT_BADCRED;
}

void request_dispatch(struct request *r)
{
    const struct message_fault *f = &r->server->fault->message;
    const struct program *program = r->server->program;
    enum auth_stat stat = f->judge ? f->judge(r) : request_judge(r);

    r->args = words_of(r->call.arguments);
    if (stat != AUTH_STAT_OK) {
        request_deny(r, stat);
    } else if (r->call.program != program->number) {
        request_accept(r, ACCEPT_PROG_UNAVAIL);
    } else if (r->call.version < program->low || r->call.version > program->high) {
        request_accept(r, ACCEPT_PROG_MISMATCH);
        r->reply.low = program->low;
        r->reply.high = program->high;
    } else if (!(f->serve && f->serve(r)) && !program->serve(r)) {
        request_accept(r, ACCEPT_PROC_UNAVAIL);
    }
}

static void settle(struct request *r)
{
    switch (r->form) {
    case CALL_NOT_ONE:
        r->reply.copies = 0;
        break;
    case CALL_WRONG_RPC:
        r->reply.stat = REPLY_DENIED;
        r->reply.reject = REJECT_RPC_MISMATCH;
        r->reply.low = r->reply.high = CALL_RPCVERS;
        break;
    case CALL_BAD_CRED:
        request_deny(r, AUTH_STAT_BADCRED);
        break;
    case CALL_BAD_VERF:
        request_deny(r, AUTH_STAT_BADVERF);
        break;
    case CALL_GOOD:
        request_dispatch(r);
        break;
    }
}

unsigned request_outcome(const struct reply *reply)
{
    if (reply->stat == REPLY_DENIED)
        return reply->reject == REJECT_RPC_MISMATCH ? OUTCOME_RPC_MISMATCH : OUTCOME_AUTH_ERROR;
    return 1U << reply->accept;
}

static void put_accepted(const struct reply *reply, struct buf *out)
{
    buf_put_u32(out, reply->flavor);
    words_put_opaque(out, reply->verifier);
    buf_put_u32(out, reply->accept);
    if (reply->accept == ACCEPT_SUCCESS)
        buf_put(out, buf_slice(&reply->results));
    if (reply->accept != ACCEPT_PROG_MISMATCH)
        return;
    buf_put_u32(out, reply->low);
    buf_put_u32(out, reply->high);
}

static void put_denied(const struct reply *reply, struct buf *out)
{
    buf_put_u32(out, reply->reject);
    if (reply->reject == REJECT_RPC_MISMATCH) {
        buf_put_u32(out, reply->low);
        buf_put_u32(out, reply->high);
    } else {
        buf_put_u32(out, reply->auth);
    }
}

void request_encode(const struct reply *reply, struct buf *out)
{
    buf_put_u32(out, reply->xid);
    buf_put_u32(out, reply->type);
    buf_put_u32(out, reply->stat);
    if (reply->stat == REPLY_ACCEPTED)
        put_accepted(reply, out);
    else
        put_denied(reply, out);
    for (uint32_t i = 0; i < reply->surplus; i++)
        buf_put_u32(out, 0);
}

static void amend(const struct amend *a, struct reply *reply)
{
    if (a->on & request_outcome(reply))
        memcpy((uint8_t *)reply + a->field, &a->to, sizeof(a->to));
}

enum act request_answer(struct request *r)
{
    const struct message_fault *f = &r->server->fault->message;
    struct buf message;

    r->form = call_read(r->message, &r->call);
    r->reply = (struct reply){.copies = 1, .xid = r->call.xid, .type = MSG_REPLY};
    buf_init(&r->reply.results, REPLY_BYTES_MAX);
    enum act act = f->take ? f->take(r) : ACT_GO_ON;
    if (act == ACT_GO_ON)
        settle(r);
    /* RFC 5531 8.4.2: who cannot serve a call to everybody is silent. */
    if (r->to_all && !r->server->fault->datagram.denies_all &&
        request_outcome(&r->reply) != OUTCOME_SUCCESS)
        r->reply.copies = 0;
    amend(&f->amend, &r->reply);
    if (f->spoil && r->reply.copies > 0)
        f->spoil(r);
    buf_init(&message, REPLY_BYTES_MAX);
    request_encode(&r->reply, &message);
    if (f->octets && r->reply.copies > 0)
        f->octets(r, &message);
    for (uint32_t i = 0; i < r->reply.copies && !message.failed; i++)
        r->emit(r, buf_slice(&message));
    buf_free(&message);
    buf_free(&r->reply.results);
    return act == ACT_DROP ? ACT_DROP : ACT_GO_ON;
}
