/* Twins whose replies have another form, another xid, or come more or less than once. */
#include <string.h>

#include "reference/twins-rpc/twin.h"

enum { AUTH_STAT_TOOWEAK = 5, BEFORE_REJECT = 12 };

static enum auth_stat want_more(const struct request *r)
{
    bool none = r->call.credential.flavor == FLAVOR_NONE;

    return none ? (enum auth_stat)AUTH_STAT_TOOWEAK : request_judge(r);
}

/* Sound: NULL is for everybody, the rest for those that say who they are. */
static enum auth_stat want_name(const struct request *r)
{
    return r->call.procedure == 0 ? request_judge(r) : want_more(r);
}

/* Sound as well: ... for those that prove it, which nobody here can. */
static enum auth_stat want_proof(const struct request *r)
{
    enum auth_stat stat = request_judge(r);

    return r->call.procedure == 0 || stat != AUTH_STAT_OK ? stat
                                                          : (enum auth_stat)AUTH_STAT_TOOWEAK;
}

/* ---- xids ---- */

static void swap_xid(struct request *r)
{
    if (request_outcome(&r->reply) & OUTCOME_ERRORS)
        r->reply.xid = __builtin_bswap32(r->reply.xid);
}

static enum act ignore_xid_0(struct request *r)
{
    r->reply.copies = r->call.xid != 0;
    return r->call.xid != 0 ? ACT_GO_ON : ACT_SKIP;
}

/* What has a smaller number than the last one is old. */
static enum act ignore_old(struct request *r)
{
    bool old = r->call.xid < *r->memo;

    *r->memo = r->call.xid;
    r->reply.copies = !old;
    return old ? ACT_SKIP : ACT_GO_ON;
}

/* Remembers the last two of a connection, and that they are done. */
static enum act ignore_repeated(struct request *r)
{
    uint64_t last = *r->memo;
    bool known = (uint32_t)last == r->call.xid || (uint32_t)(last >> 32) == r->call.xid;

    *r->memo = last << 32 | r->call.xid;
    r->reply.copies = !known;
    return known ? ACT_SKIP : ACT_GO_ON;
}

/* ---- denied ---- */

static void put_denied_verifier(struct request *r, struct buf *message)
{
    static const uint8_t none[8];
    uint8_t rest[64];
    size_t len = message->len - BEFORE_REJECT;

    if (!(request_outcome(&r->reply) & OUTCOME_AUTH_ERROR) || len > sizeof(rest))
        return;
    memcpy(rest, message->data + BEFORE_REJECT, len);
    message->len = BEFORE_REJECT;
    buf_put(message, slice_of(none, sizeof(none)));
    buf_put(message, slice_of(rest, len));
}

/* ---- how many ---- */

/* The reply to what cannot be done comes behind that to the next call, once more. */
static void repeat_late(struct request *r, struct buf *message)
{
    static uint8_t kept[64];
    static size_t len;
    static int fd;

    if (len > 0 && fd == r->fd)
        r->emit(r, slice_of(kept, len));
    len = 0;
    if (!(request_outcome(&r->reply) & OUTCOME_PROG_UNAVAIL) || message->len > sizeof(kept))
        return;
    memcpy(kept, message->data, message->len);
    len = message->len;
    fd = r->fd;
}

static const struct twin twins[] = {
    {.name = "none-wants-name", .what = "nothing", .fault.message.judge = want_name},
    {.name = "none-wants-proof", .what = "nothing", .fault.message.judge = want_proof},
    {
        .name = "null-with-results",
        .check = "rpc.nullproc.void",
        .what = "has a word of results in the reply to NULL",
        .fault.message.amend = AMEND(OUTCOME_SUCCESS, surplus, 1),
    },
    {
        .name = "null-wants-credentials",
        .check = "rpc.nullproc.no-auth",
        .what = "says AUTH_TOOWEAK to AUTH_NONE",
        .fault.message.judge = want_more,
    },
    {
        .name = "xid-of-errors-swapped",
        .check = "rpc.xid.echo",
        .what = "turns the octets of the xid round in errors",
        .fault.message.spoil = swap_xid,
    },
    {
        .name = "xid-0-ignored",
        .check = "rpc.xid.echo",
        .transport = "rpc+udp",
        .what = "does not answer the xid 0",
        .fault.message.take = ignore_xid_0,
    },
    {
        .name = "xid-must-grow",
        .check = "rpc.xid.no-ordering",
        .what = "takes a smaller xid than the last for an old one, and does not answer",
        .fault.message.take = ignore_old,
    },
    {
        .name = "xid-answered-once",
        .check = "rpc.xid.repeated",
        .what = "does not answer one of the last two xids again",
        .fault.message.take = ignore_repeated,
    },
    {
        .name = "reply-with-surplus",
        .check = "rpc.reply.accepted-layout",
        .what = "has a word behind the range of PROG_MISMATCH",
        .fault.message.amend = AMEND(OUTCOME_PROG_MISMATCH, surplus, 1),
    },
    {
        .name = "reply-type-call",
        .check = "rpc.reply.accepted-layout",
        .transport = "rpc+udp",
        .what = "sends PROC_UNAVAIL in a message of the type CALL",
        .fault.message.amend = AMEND(OUTCOME_PROC_UNAVAIL, type, MSG_CALL),
    },
    {
        .name = "reply-verifier-sys",
        .check = "rpc.reply.verifier",
        .what = "has an AUTH_SYS verifier in PROC_UNAVAIL",
        .fault.message.amend = AMEND(OUTCOME_PROC_UNAVAIL, flavor, FLAVOR_SYS),
    },
    {
        .name = "reply-range-everywhere",
        .check = "rpc.reply.error-arms-void",
        .what = "has two words behind PROG_UNAVAIL",
        .fault.message.amend = AMEND(OUTCOME_PROG_UNAVAIL, surplus, 2),
    },
    {
        .name = "reply-third-reason",
        .check = "rpc.reply.reject-reasons",
        .what = "denies with the reject_stat 2",
        .fault.message.amend = AMEND(OUTCOME_AUTH_ERROR, reject, 2),
    },
    {
        .name = "reply-denied-verifier",
        .check = "rpc.reply.auth-error-layout",
        .what = "has a verifier in AUTH_ERROR",
        .fault.message.octets = put_denied_verifier,
    },
    {
        .name = "reply-denied-with-surplus",
        .check = "rpc.reply.auth-error-layout",
        .transport = "rpc+udp",
        .what = "has a word behind the auth_stat",
        .fault.message.amend = AMEND(OUTCOME_AUTH_ERROR, surplus, 1),
    },
    {
        .name = "reply-twice",
        .check = "rpc.reply.one-per-call",
        .what = "sends PROC_UNAVAIL twice",
        .fault.message.amend = AMEND(OUTCOME_PROC_UNAVAIL, copies, 2),
    },
    {
        .name = "reply-twice-later",
        .check = "rpc.reply.one-per-call",
        .transport = "rpc+udp",
        .what = "sends PROG_UNAVAIL again in front of the next reply",
        .fault.message.octets = repeat_late,
    },
};

TWINS(reply);
