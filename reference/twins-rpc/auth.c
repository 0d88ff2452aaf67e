/* Twins that are wrong about credentials and verifiers (RFC 5531 8.2, 10 and appendix A). */
#include <stdlib.h>
#include <string.h>

#include "reference/twins-rpc/twin.h"

enum { FLAVOR_DH = 3, FLAVOR_GSS = 6, FLAVOR_PSEUDO = 390003, SMALL = 256 };

static enum auth_stat refuse_none(const struct request *r)
{
    bool none = r->call.credential.flavor == FLAVOR_NONE;

    return none ? AUTH_STAT_BADCRED : request_judge(r);
}

/* ---- limits ---- */

/* `limit` octets fit, one less than may come. */
static enum act short_of_limit(struct request *r)
{
    size_t most = r->server->fault->limit;

    if (r->call.credential.body.len > most)
        r->form = CALL_BAD_CRED;
    else if (r->call.verifier.body.len > most)
        r->form = CALL_BAD_VERF;
    return ACT_GO_ON;
}

/* One length collides with the size of the buffer, which wants a place for a NUL. */
static enum act collide(struct request *r)
{
    if (r->call.credential.body.len == SMALL - 1 || r->call.verifier.body.len == SMALL - 1)
        r->form = CALL_BAD_CRED;
    return ACT_GO_ON;
}

/* Reads both fields as call_read does, but takes any length that the message has. */
static enum act take_any_length(struct request *r)
{
    struct words w = words_of(r->message);

    if (r->form != CALL_BAD_CRED && r->form != CALL_BAD_VERF)
        return ACT_GO_ON;
    w.at = 6 * 4;
    r->call.credential.flavor = words_u32(&w);
    r->call.credential.body = words_opaque(&w, UINT32_MAX);
    r->call.verifier.flavor = words_u32(&w);
    r->call.verifier.body = words_opaque(&w, UINT32_MAX);
    r->call.arguments = words_rest(&w);
    if (!w.failed)
        r->form = CALL_GOOD;
    return ACT_GO_ON;
}

static const struct twin twins[] = {
    {
        .name = "none-refused",
        .check = "rpc.auth.none-available",
        .what = "refuses AUTH_NONE",
        .fault.message = {.judge = refuse_none},
    },
    {
        .name = "body-of-396",
        .check = "rpc.auth.body-400-ok",
        .what = "takes credentials and verifiers of at most 396 octets",
        .fault = {.limit = 396, .message.take = short_of_limit},
    },
    {
        .name = "body-of-255",
        .check = "rpc.auth.body-every-length",
        .what = "refuses a credential or verifier of exactly 255 octets",
        .fault.message = {.take = collide},
    },
    {
        .name = "body-of-any-length",
        .check = "rpc.auth.body-over-400",
        .what = "takes credentials and verifiers of more than 400 octets",
        .fault.message = {.take = take_any_length},
    },
};

TWINS(auth);
