/* What a reply says, and what the faults take it for. */
#include <inttypes.h>
#include <stdlib.h>

#include "reference/twins-clients-rpc/client.h"

enum { AUTH_STAT_MOST = 14 /* what RFC 5531 9 has names for */ };

void client_show_number(struct client *k, int32_t number)
{
    if (k->fault->unsigned_result)
        text_format(k->shown, sizeof(k->shown), "%" PRIu32, (uint32_t)number);
    else
        text_format(k->shown, sizeof(k->shown), "%" PRId32, number);
}

/* ---- results ---- */

static enum verdict_of_reply read_number(struct client *k, struct words *w, struct problem *why)
{
    uint32_t number = 0;

    if (k->fault->misses_nothing) {
        struct slice rest = words_rest(w);

        for (size_t i = 0; i < sizeof(number); i++)
            number = number << 8 | (i < rest.len ? rest.data[i] : 0);
        client_show_number(k, (int32_t)number);
        return REPLY_IS_ANSWER;
    }
    int32_t result = words_i32(w);
    if (w->failed) {
        problem_set(why, "the reply ends within its results");
        return REPLY_IS_REFUSAL;
    }
    client_show_number(k, result);
    return REPLY_IS_ANSWER;
}

static enum verdict_of_reply read_text(struct client *k, struct words *w, struct problem *why)
{
    struct words length = *w;
    uint32_t len = words_u32(&length);
    struct slice text;

    if (k->fault->string_most && len > k->fault->string_most)
        abort();
    if (k->fault->trusts_string) {
        text = slice_sub(words_rest(&length), 0, len);
    } else {
        text = words_opaque(w, CLIENT_SHOWN_MAX - 1);
        if (w->failed) {
            problem_set(why, "the reply ends within its results, or they are too long");
            return REPLY_IS_REFUSAL;
        }
    }
    text_format(k->shown, sizeof(k->shown), "%.*s", (int)text.len, (const char *)text.data);
    return REPLY_IS_ANSWER;
}

static enum verdict_of_reply read_results(struct client *k, struct words *w, struct problem *why)
{
    return k->fault->reads ? read_text(k, w, why) : read_number(k, w, why);
}

/* ---- denied ---- */

static enum verdict_of_reply read_auth_error(struct client *k, struct words *w, struct problem *why)
{
    uint32_t stat = words_u32(w);

    if (stat == AUTH_STAT_REJECTEDCRED && k->has_shorthand) {
        k->has_shorthand = false;
        return REPLY_AGAIN;
    }
    if (stat <= AUTH_STAT_MOST ? k->fault->takes_auth_error : k->fault->takes_unknown_auth) {
        client_show_number(k, (int32_t)stat);
        return REPLY_IS_ANSWER;
    }
    problem_set(why, "denied: AUTH_ERROR %" PRIu32, stat);
    return REPLY_IS_REFUSAL;
}

static enum verdict_of_reply read_denied(struct client *k, struct words *w, struct problem *why)
{
    uint32_t stat = words_u32(w);

    if (stat == REJECT_AUTH_ERROR)
        return read_auth_error(k, w, why);
    if (stat == REJECT_RPC_MISMATCH ? k->fault->takes_mismatch : k->fault->takes_unknown_reject)
        return read_results(k, w, why);
    problem_set(why, "denied: reject_stat %" PRIu32, stat);
    return REPLY_IS_REFUSAL;
}

/* ---- accepted ---- */

/* Behind a verifier with everything of it, or of which a fault skips less. */
static bool read_verifier(struct client *k, struct words *w, struct problem *why)
{
    const struct fault *f = k->fault;
    uint32_t flavor = words_u32(w);
    struct words length = *w;
    uint32_t len = words_u32(&length);

    if (f->verifier_most && len > f->verifier_most)
        abort();
    if (f->empty_verifier && len > 0)
        return problem_set(why, "the verifier is not empty");
    if (f->skips_no_verifier) {
        *w = length;
    } else if (f->skips_no_padding && len <= words_rest(&length).len) {
        length.at += len;
        *w = length;
    } else {
        struct slice body = words_opaque(w, f->skips_all_verifiers ? UINT32_MAX : CALL_AUTH_MAX);

        if (f->takes_short && flavor == FLAVOR_SHORT && !w->failed) {
            buf_reset(&k->shorthand);
            buf_put(&k->shorthand, body);
            k->has_shorthand = true;
        }
    }
    return !w->failed || problem_set(why, "the verifier is too long, or not all there");
}

static enum verdict_of_reply read_accepted(struct client *k, struct words *w, struct problem *why)
{
    const struct fault *f = k->fault;

    if (!read_verifier(k, w, why))
        return f->short_is_success ? REPLY_IS_ANSWER : REPLY_IS_REFUSAL;
    uint32_t stat = words_u32(w);
    if (w->failed) {
        problem_set(why, "the reply ends within its header");
        return f->short_is_success ? REPLY_IS_ANSWER : REPLY_IS_REFUSAL;
    }
    if (stat == ACCEPT_SYSTEM_ERR && f->repeats)
        return REPLY_AGAIN;
    bool unknown = stat > ACCEPT_SYSTEM_ERR;
    if (stat == ACCEPT_SUCCESS || stat == f->takes_accept || (unknown && f->takes_unknown_accept))
        return read_results(k, w, why);
    problem_set(why, "accepted, and not done: accept_stat %" PRIu32, stat);
    return REPLY_IS_REFUSAL;
}

/* ---- whose it is ---- */

static bool is_ours(const struct client *k, uint32_t xid)
{
    switch (k->fault->match) {
    case MATCH_OWN:
        break;
    case MATCH_EARLIER:
        return xid >= k->first_xid && xid <= k->xid;
    case MATCH_HALF:
        return (uint16_t)xid == (uint16_t)k->xid;
    case MATCH_ANY:
        return true;
    }
    return xid == k->xid;
}

static enum verdict_of_reply stray(struct client *k, uint32_t xid, struct problem *why)
{
    k->strays++;
    if (k->fault->copy_ends_call && xid + 1 == k->xid && k->xid != k->first_xid) {
        problem_set(why, "the reply to the call before has come again");
        return REPLY_IS_REFUSAL;
    }
    if (k->fault->strays_most && k->strays >= k->fault->strays_most) {
        problem_set(why, "%u replies with other xids", k->strays);
        return REPLY_IS_REFUSAL;
    }
    return REPLY_IS_NONE;
}

enum verdict_of_reply reply_read(struct client *k, struct slice message, struct problem *why)
{
    struct words w = words_of(message);
    uint32_t xid = words_u32(&w);
    uint32_t type = words_u32(&w);

    if (k->fault->short_is_success)
        client_show_number(k, 0);
    if (w.failed)
        return k->fault->short_is_success ? REPLY_IS_ANSWER : REPLY_IS_NONE;
    if (!is_ours(k, xid))
        return stray(k, xid, why);
    if (k->deaf) {
        k->deaf = false;
        return REPLY_IS_NONE;
    }
    if (type != MSG_REPLY && !k->fault->any_type)
        return REPLY_IS_NONE;
    uint32_t stat = words_u32(&w);
    if (w.failed) {
        problem_set(why, "the reply ends within its header");
        return k->fault->short_is_success ? REPLY_IS_ANSWER : REPLY_IS_REFUSAL;
    }
    if (stat == REPLY_DENIED)
        return read_denied(k, &w, why);
    if (stat == REPLY_ACCEPTED || k->fault->takes_unknown_reply_stat)
        return read_accepted(k, &w, why);
    problem_set(why, "reply_stat %" PRIu32, stat);
    return REPLY_IS_REFUSAL;
}
