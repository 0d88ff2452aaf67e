/* What a call deserves. */
#include "fuzz/oracle/model.h"

#include <string.h>

#include "fuzz/case/msgprog.h"

const char *answer_name(enum answer answer)
{
    static const char *const names[] = {
        [ANSWER_NONE] = "no reply",
        [ANSWER_SUCCESS] = "SUCCESS",
        [ANSWER_PROG_UNAVAIL] = "PROG_UNAVAIL",
        [ANSWER_PROG_MISMATCH] = "PROG_MISMATCH",
        [ANSWER_PROC_UNAVAIL] = "PROC_UNAVAIL",
        [ANSWER_GARBAGE_ARGS] = "GARBAGE_ARGS",
        [ANSWER_SYSTEM_ERR] = "SYSTEM_ERR",
        [ANSWER_RPC_MISMATCH] = "RPC_MISMATCH",
        [ANSWER_AUTH_ERROR] = "AUTH_ERROR",
    };

    return names[answer];
}

enum answer answer_of(const struct onc_reply *reply)
{
    static const enum answer accepted[] = {
        [ONC_SUCCESS] = ANSWER_SUCCESS,
        [ONC_PROG_UNAVAIL] = ANSWER_PROG_UNAVAIL,
        [ONC_PROG_MISMATCH] = ANSWER_PROG_MISMATCH,
        [ONC_PROC_UNAVAIL] = ANSWER_PROC_UNAVAIL,
        [ONC_GARBAGE_ARGS] = ANSWER_GARBAGE_ARGS,
        [ONC_SYSTEM_ERR] = ANSWER_SYSTEM_ERR,
    };

    if (reply->reply_stat == ONC_MSG_ACCEPTED)
        return reply->accept_stat < ARRAY_LEN(accepted) ? accepted[reply->accept_stat]
                                                        : ANSWER_NONE;
    return reply->reject_stat == ONC_RPC_MISMATCH ? ANSWER_RPC_MISMATCH : ANSWER_AUTH_ERROR;
}

void model_reset(struct model *m, const struct model_rules *rules)
{
    m->rules = rules;
    m->count = 0;
    m->used = 0;
    m->more_used = 0;
}

/* ---- the header ---- */

/* The words of a call, as far as they are there. */
struct header {
    uint32_t xid, rpcvers, prog, vers, proc;
    bool long_auth; /* a length over 400, whether its octets are there or not */
    uint32_t flavor;
    struct slice cred;
    struct slice args;
    bool cut; /* the octets end within it */
};

/* The cursor of wire.h says in words what is wrong, which costs more than all the rest here. */
struct words {
    struct slice all;
    size_t at;
    bool failed;
};

static uint32_t word(struct words *w)
{
    w->failed |= w->all.len - w->at < 4;
    if (w->failed)
        return 0;
    const uint8_t *p = w->all.data + w->at;
    w->at += 4;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static struct slice read_auth(struct words *w, struct header *h, uint32_t *ret_flavor)
{
    *ret_flavor = word(w);
    size_t len = word(w);
    size_t whole = len + wire_padding(len);

    h->long_auth |= len > ONC_AUTH_BODY_MAX;
    w->failed |= w->all.len - w->at < whole;
    if (w->failed)
        return (struct slice){NULL, 0};
    w->at += whole;
    return slice_sub(w->all, w->at - whole, len);
}

/* False where the octets are no call, or end within its header. */
static bool read_header(struct slice message, struct header *ret)
{
    struct words w = {.all = message};
    uint32_t flavor = 0;

    *ret = (struct header){0};
    ret->xid = word(&w);
    uint32_t type = word(&w);
    ret->rpcvers = word(&w);
    ret->cut = w.failed;
    if (w.failed || type != ONC_CALL)
        return false;
    ret->prog = word(&w);
    ret->vers = word(&w);
    ret->proc = word(&w);
    ret->cred = read_auth(&w, ret, &ret->flavor);
    read_auth(&w, ret, &flavor);
    ret->args = slice_from(message, w.at);
    ret->cut = w.failed;
    return !w.failed || ret->rpcvers != ONC_VERSION;
}

/* ---- the arguments ---- */

static uint32_t bit(unsigned answer)
{
    return 1U << answer;
}

static void expect_word(struct expected *e, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        e->word[i] = (uint8_t)(value >> (24 - 8 * i));
    e->results = slice_of(e->word, sizeof(e->word));
    e->results_known = true;
}

static uint32_t store(struct model *m, struct slice text)
{
    const uint8_t *end = text.len ? memchr(text.data, 0, text.len) : NULL;

    if (m->rules->text_ends_at_0 && end)
        text.len = (size_t)(end - text.data);
    if (m->count == MODEL_MESSAGES_MAX || text.len > MODEL_TEXT_MAX)
        return 0;
    m->messages[m->count] = (struct model_text){.at = m->used, .len = text.len};
    if (text.len)
        memcpy(m->texts + m->used, text.data, text.len);
    m->used += text.len;
    return (uint32_t)++m->count;
}

static void call_savemsg(struct model *m, struct wire_in *in, struct expected *e)
{
    struct slice text = wire_string(in, "text", m->rules->text_max);

    if (!wire_ok(in))
        return;
    uint32_t number = store(m, text);
    if (m->rules->numbers_open)
        e->saves = number;
    else
        expect_word(e, number);
}

static void call_readmsg(struct model *m, struct wire_in *in, struct expected *e)
{
    int32_t number = wire_int(in, "number");

    if (!wire_ok(in))
        return;
    e->is_text = true;
    if (m->rules->numbers_open) {
        e->reads = number;
        return;
    }
    e->results_known = true;
    e->results = (struct slice){NULL, 0};
    if (number > 0 && (size_t)number <= m->count) {
        const struct model_text *t = &m->messages[number - 1];

        e->results = slice_of(m->texts + t->at, t->len);
    }
}

static void call_more(struct model *m, uint32_t proc, struct wire_in *in, struct expected *e)
{
    uint8_t unknown[MODEL_MORE_MAX];
    bool known = sizeof(m->more) - m->more_used >= MODEL_MORE_MAX;
    uint8_t *results = known ? m->more + m->more_used : unknown;
    size_t len = m->rules->more(proc, in, results);

    e->results_known = known;
    if (known) {
        e->results = slice_of(results, len);
        m->more_used += len;
    }
}

/* SUCCESS, GARBAGE_ARGS, or either where the RFC and the rules leave it open. */
static uint32_t call_procedure(struct model *m, const struct header *h, struct expected *e)
{
    struct wire_in in;

    wire_open(&in, h->args);
    in.forgives = true;
    if (h->proc == MSGPROG_SAVEMSG)
        call_savemsg(m, &in, e);
    else if (h->proc == MSGPROG_READMSG)
        call_readmsg(m, &in, e);
    else if (h->proc > MSGPROG_READMSG && h->proc <= m->rules->last_proc)
        call_more(m, h->proc, &in, e);
    else
        e->results_known = h->proc == ONC_NULLPROC;
    e->cut = in.fault == WIRE_SHORT;
    if (!wire_ok(&in))
        return bit(ANSWER_GARBAGE_ARGS);
    if (m->rules->strict)
        return bit(ANSWER_SUCCESS);
    /* Octets behind the arguments and padding that is not zero are left open (RFC 5531 9). */
    uint32_t open = wire_left(&in) || in.forgiven ? bit(ANSWER_GARBAGE_ARGS) : 0;
    /* msg.x has no bound, and servers have: libtirpc 9000 octets. */
    if (h->args.len > MODEL_TEXT_MAX)
        open |= bit(ANSWER_GARBAGE_ARGS) | bit(ANSWER_SYSTEM_ERR);
    return bit(ANSWER_SUCCESS) | open;
}

/* ---- the call ---- */

enum credential { CREDENTIAL_GOOD, CREDENTIAL_OPEN, CREDENTIAL_BAD };

/*
 * RFC 5531 appendix A says what an authsys_parms is, and nothing of a body that holds more than it,
 * or of its padding. Nor does it forbid a body of AUTH_NONE, whose length "should be zero" (10.1).
 * AUTH_SYS may be there (10), and what is said to a flavor that is not known is left open. Who
 * takes these breaks no rule, and neither does who refuses them.
 */
static enum credential judge_credential(const struct header *h, const struct model_rules *r)
{
    struct onc_sys sys;
    struct wire_in in;

    if (h->flavor == ONC_AUTH_NONE)
        return r->strict || h->cred.len == 0 ? CREDENTIAL_GOOD : CREDENTIAL_OPEN;
    if (h->flavor != ONC_AUTH_SYS)
        return r->strict ? CREDENTIAL_BAD : CREDENTIAL_OPEN;
    wire_open(&in, h->cred);
    in.forgives = true;
    bool fine = onc_read_sys(&in, &sys);
    if (!fine && in.fault != WIRE_TRAILING)
        return CREDENTIAL_BAD;
    if (r->strict)
        return fine || r->sys_tail_ok ? CREDENTIAL_GOOD : CREDENTIAL_BAD;
    return CREDENTIAL_OPEN;
}

static uint32_t call_msgprog(struct model *m, const struct header *h, struct expected *e)
{
    const struct model_rules *r = m->rules;
    enum credential credential = judge_credential(h, r);
    uint32_t open = credential == CREDENTIAL_OPEN ? bit(ANSWER_AUTH_ERROR) : 0;
    uint32_t wrong = 0;

    if (r->gss_open && h->flavor == ONC_RPCSEC_GSS)
        return bit(ANSWERS) - 1;
    if (!r->msgprog && (h->prog != r->prog || h->vers != r->vers || h->proc != ONC_NULLPROC))
        return bit(ANSWERS) - 1 - bit(ANSWER_NONE);
    if (credential == CREDENTIAL_BAD)
        wrong |= bit(ANSWER_AUTH_ERROR);
    if (!(r->strict && wrong) && h->prog != r->prog)
        wrong |= bit(ANSWER_PROG_UNAVAIL);
    else if (!(r->strict && wrong) && h->vers != r->vers)
        wrong |= bit(ANSWER_PROG_MISMATCH);
    else if (!(r->strict && wrong) && h->proc > size_max(MSGPROG_READMSG, r->last_proc))
        wrong |= bit(ANSWER_PROC_UNAVAIL);
    return open | (wrong ? wrong : call_procedure(m, h, e));
}

void model_call(struct model *m, struct slice message, struct expected *ret)
{
    struct header h;

    *ret = (struct expected){.allowed = bit(ANSWER_NONE)};
    bool whole = read_header(message, &h);
    ret->cut = h.cut;
    ret->xid = h.xid;
    if (h.long_auth && h.rpcvers == ONC_VERSION && !m->rules->drops_long_auth)
        ret->allowed = bit(ANSWER_AUTH_ERROR) | bit(ANSWER_NONE); /* it is no valid encoding */
    else if (whole && h.rpcvers != ONC_VERSION)
        ret->allowed = bit(ANSWER_RPC_MISMATCH);
    else if (whole && !h.long_auth)
        ret->allowed = call_msgprog(m, &h, ret);
}
