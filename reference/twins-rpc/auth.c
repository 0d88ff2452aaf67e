/* Twins that are wrong about credentials and verifiers of any flavor (RFC 5531 8.2, 9, 10). */
#include <stdlib.h>
#include <string.h>

#include "reference/twins-rpc/twin.h"

enum { FLAVOR_DH = 3, FLAVOR_PSEUDO = 390003, SMALL = 256, HEADER_TO_FLAVOR = 28, LOST = 1 << 15 };

static enum auth_stat refuse_none(const struct request *r)
{
    return r->call.credential.flavor == FLAVOR_NONE ? AUTH_STAT_BADCRED : request_judge(r);
}

/* ---- lengths ---- */

/* A buffer that is `limit` octets long. */
static enum act short_of_limit(struct request *r)
{
    size_t most = r->server->fault->limit;

    if (r->form == CALL_GOOD && r->call.credential.body.len > most)
        r->form = CALL_BAD_CRED;
    else if (r->form == CALL_GOOD && r->call.verifier.body.len > most)
        r->form = CALL_BAD_VERF;
    return ACT_GO_ON;
}

/* One length collides with a buffer that wants room for a NUL. */
static enum act collide(struct request *r)
{
    if (r->form == CALL_GOOD && r->call.credential.body.len == SMALL - 3)
        r->form = CALL_BAD_CRED;
    return ACT_GO_ON;
}

static enum act take_any_length(struct request *r)
{
    if (r->form == CALL_BAD_CRED || r->form == CALL_BAD_VERF)
        request_reread(r);
    return ACT_GO_ON;
}

/* What is not there is empty. */
static enum act take_cut_bodies(struct request *r)
{
    if (r->form == CALL_NOT_ONE && r->message.len > HEADER_TO_FLAVOR)
        r->form = CALL_GOOD;
    return ACT_GO_ON;
}

static enum auth_stat look_into_none(const struct request *r)
{
    struct words w = words_of(r->call.credential.body);

    if (r->call.credential.flavor == FLAVOR_NONE && words_u32(&w) != 0)
        return AUTH_STAT_BADCRED;
    return request_judge(r);
}

/* ---- flavors ---- */

static enum auth_stat take_flavor(const struct request *r)
{
    bool taken = r->call.credential.flavor == r->server->fault->limit;

    return taken ? AUTH_STAT_OK : request_judge(r);
}

static void refuse_verifier(struct request *r)
{
    if (r->form == CALL_GOOD && r->call.verifier.flavor != FLAVOR_NONE)
        request_deny(r, AUTH_STAT_OK);
}

/* ---- what a credential brings about ---- */

static void save_all_the_same(struct request *r)
{
    if (r->form != CALL_GOOD || !(request_outcome(&r->reply) & OUTCOME_AUTH_ERROR) ||
        r->call.procedure != MSG_SAVEMSG)
        return;
    struct slice text = words_opaque(&r->args, UINT32_MAX);
    if (!r->args.failed)
        msgprog_save(r, text);
}

/* The name of AUTH_SYS goes into a buffer before anybody looks whether it is there. */
static enum act copy_name(struct request *r)
{
    struct words w = words_of(r->call.credential.body);

    words_u32(&w); /* stamp */
    if (r->call.credential.flavor == FLAVOR_SYS && words_u32(&w) > w.all.len)
        abort();
    return ACT_GO_ON;
}

/* The last judgement is kept for all, and found by whoever comes next. */
static enum auth_stat judge_the_last(const struct request *r)
{
    static int refused = -1;
    enum auth_stat stat = request_judge(r);

    if (stat != AUTH_STAT_OK) {
        refused = r->fd;
    } else if (refused >= 0 && refused != r->fd) {
        refused = -1;
        return AUTH_STAT_REJECTEDCRED;
    }
    return stat;
}

/* What was set aside for the identity of the caller is kept where the call is denied. */
static void keep_of_denied(struct request *r)
{
    static void *kept;
    void **block = request_outcome(&r->reply) & OUTCOME_AUTH_ERROR ? malloc(LOST) : NULL;

    if (block) {
        memset(block, 0xff, LOST);
        *block = kept;
        kept = block;
    }
}

/* ---- verifiers of replies ---- */

static void put_verifier(struct request *r)
{
    if (request_outcome(&r->reply) & OUTCOME_PROG_MISMATCH)
        r->reply.verifier = slice_str("none");
}

static const struct twin twins[] = {
    {
        .name = "auth-none-refused",
        .check = "rpc.auth.none-available",
        .what = "refuses AUTH_NONE",
        .fault.message.judge = refuse_none,
    },
    {
        .name = "auth-verifier-short",
        .check = "rpc.auth.none-reply-verf",
        .what = "has an AUTH_SHORT verifier in PROG_UNAVAIL",
        .fault.message.amend = AMEND(OUTCOME_PROG_UNAVAIL, flavor, FLAVOR_SHORT),
    },
    {
        .name = "auth-verifier-octets",
        .check = "rpc.auth.none-length-zero",
        .what = "has four octets in the verifier of PROG_MISMATCH",
        .fault.message.spoil = put_verifier,
    },
    {
        .name = "auth-body-of-396",
        .check = "rpc.auth.body-400-ok",
        .what = "takes credentials and verifiers of at most 396 octets",
        .fault = {.limit = 396, .message.take = short_of_limit},
    },
    {
        .name = "auth-body-of-253",
        .check = "rpc.auth.body-every-length",
        .what = "refuses a credential of exactly 253 octets",
        .fault.message.take = collide,
    },
    {
        .name = "auth-body-of-any-length",
        .check = "rpc.auth.body-over-400",
        .what = "takes credentials and verifiers of more than 400 octets",
        .fault.message.take = take_any_length,
    },
    {
        .name = "auth-body-cut",
        .check = "rpc.auth.length-lies",
        .what = "takes a credential that ends too soon for an empty one",
        .fault.message.take = take_cut_bodies,
    },
    {
        .name = "auth-none-with-flags",
        .check = "rpc.auth.none-body-ignored",
        .what = "refuses AUTH_NONE whose first word is not 0",
        .fault.message.judge = look_into_none,
    },
    {
        .name = "auth-error-without-reason",
        .check = "rpc.auth.reject-has-reason",
        .what = "denies with the auth_stat AUTH_OK",
        .fault.message.amend = AMEND(OUTCOME_AUTH_ERROR, auth, AUTH_STAT_OK),
    },
    {
        .name = "auth-pseudo-taken",
        .check = "rpc.auth.pseudo-flavor",
        .what = "takes the flavor 390003",
        .fault = {.limit = FLAVOR_PSEUDO, .message.judge = take_flavor},
    },
    {
        .name = "auth-short-taken",
        .check = "rpc.auth.short-unknown",
        .what = "takes any shorthand",
        .fault = {.limit = FLAVOR_SHORT, .message.judge = take_flavor},
    },
    {
        .name = "auth-dh-taken",
        .check = "rpc.auth.dh-refused",
        .what = "takes AUTH_DH without looking into it",
        .fault = {.limit = FLAVOR_DH, .message.judge = take_flavor},
    },
    {
        .name = "auth-verifier-without-reason",
        .check = "rpc.auth.verf-reasons",
        .what = "denies odd verifiers with the auth_stat AUTH_OK",
        .fault.message.spoil = refuse_verifier,
    },
    {
        .name = "auth-refused-but-done",
        .check = "rpc.auth.not-executed",
        .what = "stores the text of a call that it denies",
        .fault.message.spoil = save_all_the_same,
    },
    {
        .name = "auth-name-believed",
        .check = "rpc.auth.noise",
        .what = "dies of a machine name that is longer than its credential",
        .fault.message.take = copy_name,
    },
    {
        .name = "auth-judgement-shared",
        .check = "rpc.auth.others-served",
        .what = "denies the next call of another client behind a wrong credential",
        .fault.message.judge = judge_the_last,
    },
    {
        .name = "auth-denied-kept",
        .check = "rpc.auth.memory-after-denials",
        .what = "keeps 32 KiB of each call that it denies",
        .fault.message.spoil = keep_of_denied,
    },
};

TWINS(auth);
