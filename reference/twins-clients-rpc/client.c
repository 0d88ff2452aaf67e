/* A call of the twins: its message, its copies, its time. */
#include <string.h>

#include "harness/base/deadline.h"
#include "reference/twins-clients-rpc/client.h"

enum {
    TIMEOUT_MS = 1500, /* of a call */
    RETRY_MS = 300,    /* before the first copy of a datagram; each pause is twice the one before */
    FIXED_NUMBER = 5,  /* what READMSG is called with */
};

/* ---- the message ---- */

/* authsys_parms (RFC 5531 appendix A): nobody in particular. */
static void put_sys(struct buf *out)
{
    struct buf body;

    buf_init(&body, CALL_AUTH_MAX);
    buf_put_u32(&body, 0);
    words_put_opaque(&body, slice_str("twin"));
    buf_put_u32(&body, 0);
    buf_put_u32(&body, 0);
    buf_put_u32(&body, 0);
    buf_put_u32(out, FLAVOR_SYS);
    words_put_opaque(out, buf_slice(&body));
    buf_free(&body);
}

static void put_none(struct buf *out)
{
    buf_put_u32(out, FLAVOR_NONE);
    buf_put_u32(out, 0);
}

static void put_credential(const struct client *k, struct buf *out)
{
    if (k->has_shorthand) {
        buf_put_u32(out, FLAVOR_SHORT);
        words_put_opaque(out, buf_slice(&k->shorthand));
    } else if (k->fault->sys) {
        put_sys(out);
    } else {
        put_none(out);
    }
    if (k->fault->sys_verifier)
        put_sys(out);
    else
        put_none(out);
}

static void put_text(const struct client *k, const char *text, struct buf *out)
{
    size_t padding = words_padding(strlen(text));

    buf_put_u32(out, (uint32_t)strlen(text));
    buf_put_str(out, text);
    while (padding-- > 0)
        buf_put_byte(out, k->fault->padding);
}

static void put_call(const struct client *k, const char *text, struct buf *out)
{
    buf_reset(out);
    buf_put_u32(out, k->xid);
    buf_put_u32(out, MSG_CALL);
    buf_put_u32(out, k->fault->rpcvers ? k->fault->rpcvers : CALL_RPCVERS);
    buf_put_u32(out, k->at.program);
    buf_put_u32(out, k->at.version);
    buf_put_u32(out, k->fault->reads ? MSG_READMSG : MSG_SAVEMSG);
    put_credential(k, out);
    if (k->fault->reads)
        buf_put_u32(out, FIXED_NUMBER);
    else
        put_text(k, text, out);
}

/* ---- waiting ---- */

/* Datagrams are sent again until the time is over; HEARD_NOTHING once it is. */
static enum heard wait_for_message(struct client *k, const char *text, struct buf *call,
                                   int64_t *retry_ms, struct slice *ret, struct problem *why)
{
    bool datagram = endpoint_is_datagram(&k->at);

    while (!deadline_passed(k->deadline_us)) {
        int64_t retry = deadline_in_ms(*retry_ms);
        enum heard heard =
            transport_next(k, retry < k->deadline_us ? retry : k->deadline_us, ret, why);

        if (heard != HEARD_NOTHING || !datagram)
            return heard;
        if (deadline_passed(k->deadline_us))
            break;
        *retry_ms *= 2;
        if (k->fault->fresh_xid)
            k->xid++;
        put_call(k, text, call);
        if (k->fault->marks_copies)
            buf_put_u32(call, k->xid);
        if (!transport_send(k, buf_slice(call), why))
            return HEARD_END;
    }
    return HEARD_NOTHING;
}

static bool timed_out(struct client *k, struct problem *why)
{
    k->deaf = k->fault->deaf_after_timeout;
    if (k->fault->answer_at_timeout) {
        client_show_number(k, 0);
        return true;
    }
    return problem_set(why, "timed out");
}

/* Waits for what belongs to the call that was sent. */
static enum verdict_of_reply await_reply(struct client *k, const char *text, struct buf *call,
                                         struct problem *why)
{
    int64_t retry_ms = RETRY_MS;

    for (;;) {
        struct slice message = slice_of(NULL, 0);
        enum verdict_of_reply verdict = REPLY_IS_REFUSAL;

        switch (wait_for_message(k, text, call, &retry_ms, &message, why)) {
        case HEARD_MESSAGE:
            verdict = reply_read(k, message, why);
            break;
        case HEARD_NOTHING:
            return timed_out(k, why) ? REPLY_IS_ANSWER : REPLY_IS_REFUSAL;
        case HEARD_END:
            transport_close(k);
            return REPLY_IS_REFUSAL;
        case HEARD_ANSWER:
            transport_close(k);
            return REPLY_IS_ANSWER;
        }
        if (verdict != REPLY_IS_NONE)
            return verdict;
    }
}

bool client_call(struct client *k, const char *text, struct problem *why)
{
    const struct fault *f = k->fault;
    enum verdict_of_reply verdict = REPLY_AGAIN;
    struct buf call;

    buf_init(&call, CLIENT_MESSAGE_MAX);
    if (f->fresh_connection)
        transport_close(k);
    k->deadline_us = f->wait == WAIT_EVER
                         ? DEADLINE_NEVER
                         : deadline_in_ms(f->timeout_ms ? f->timeout_ms : TIMEOUT_MS);
    while (verdict == REPLY_AGAIN) {
        k->xid++;
        k->strays = 0;
        put_call(k, text, &call);
        if (!transport_open(k, why) || !transport_send(k, buf_slice(&call), why)) {
            transport_close(k);
            verdict = REPLY_IS_REFUSAL;
        } else {
            verdict = await_reply(k, text, &call, why);
        }
    }
    buf_free(&call);
    return verdict == REPLY_IS_ANSWER;
}
