/* Checks: what a client makes of a reply that says no. */
#include "conformance/client/call.h"
#include "conformance/suites.h"

enum {
    CALLS_MOST = 100, /* of one client that is told no each time: then it never gives up */
    UNKNOWN = 99,     /* a status that no RFC knows */
};

/* A reply of some status: clean, and with forged results behind it, which are none of it. */
struct refusal {
    const char *what;
    struct onc_reply reply;
    bool results_behind;
    unsigned calls;
};

static void refuse_call(struct check_ctx *c, struct conn *conn, const struct client_request *r,
                        void *closure)
{
    struct refusal *refusal = closure;
    struct client_call call;

    if (++refusal->calls > CALLS_MOST) {
        check_broken(c, "a client that is told no gives up", "it has called %u times",
                     refusal->calls);
        return;
    }
    client_call_of(c, conn, r, &call);
    struct onc_reply reply = refusal->reply;
    reply.xid = call.xid;
    if (refusal->results_behind)
        reply.results = call.forged.results;
    client_call_say(c, &call, &reply);
    client_call_free(&call);
}

static void refuse_once(struct check_ctx *c, const struct refusal *row, bool results_behind)
{
    struct refusal refusal = *row;

    refusal.results_behind = results_behind;
    refusal.reply.msg_type = ONC_REPLY;
    check_tell(c, WHO_KIT, slice_of(NULL, 0), "every call is answered by %s%s", row->what,
               results_behind ? ", with results behind it" : "");
    client_begin_with(c, 1);
    client_serve(c, refuse_call, &refusal);
    client_must_not_lie(c, row->what);
    client_must_fail(c);
    if (check_alive(c) && refusal.calls > 1)
        check_remark(c, "it calls %u times when it is told %s", refusal.calls, row->what);
    check_close_all(c);
}

static void refuse(struct check_ctx *c, const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count && client_call_more(c, i, count); i++) {
        refuse_once(c, &rows[i], false);
        refuse_once(c, &rows[i], true);
    }
}

/* ---- accepted, and not done ---- */

static void prog_unavail(struct check_ctx *c)
{
    static const struct refusal rows[] = {
        {.what = "PROG_UNAVAIL", .reply = {.accept_stat = ONC_PROG_UNAVAIL}},
    };

    refuse(c, rows, ARRAY_LEN(rows));
}

static void prog_mismatch(struct check_ctx *c)
{
    static const struct refusal rows[] = {
        {.what = "PROG_MISMATCH 3..4",
         .reply = {.accept_stat = ONC_PROG_MISMATCH, .low = 3, .high = 4}},
        {.what = "PROG_MISMATCH 1..1",
         .reply = {.accept_stat = ONC_PROG_MISMATCH, .low = 1, .high = 1}},
        {.what = "PROG_MISMATCH 0..4294967295",
         .reply = {.accept_stat = ONC_PROG_MISMATCH, .low = 0, .high = UINT32_MAX}},
    };

    refuse(c, rows, ARRAY_LEN(rows));
}

static void proc_unavail(struct check_ctx *c)
{
    static const struct refusal rows[] = {
        {.what = "PROC_UNAVAIL", .reply = {.accept_stat = ONC_PROC_UNAVAIL}},
    };

    refuse(c, rows, ARRAY_LEN(rows));
}

static void garbage_args(struct check_ctx *c)
{
    static const struct refusal rows[] = {
        {.what = "GARBAGE_ARGS", .reply = {.accept_stat = ONC_GARBAGE_ARGS}},
    };

    refuse(c, rows, ARRAY_LEN(rows));
}

static void system_err(struct check_ctx *c)
{
    static const struct refusal rows[] = {
        {.what = "SYSTEM_ERR", .reply = {.accept_stat = ONC_SYSTEM_ERR}},
    };

    refuse(c, rows, ARRAY_LEN(rows));
}

static void put_accept_stat(const struct onc_reply *forged, uint32_t value, struct buf *message)
{
    struct onc_reply reply = *forged;

    reply.accept_stat = value;
    onc_put_reply(message, &reply);
}

static void unknown_accept_stat(struct check_ctx *c)
{
    static const struct client_flaw rows[] = {
        {"accept_stat 6", 6},
        {"accept_stat 99", UNKNOWN},
        {"accept_stat 256", 256},
        {"accept_stat 4294967295", UINT32_MAX},
    };

    client_call_try(c, rows, ARRAY_LEN(rows), put_accept_stat);
}

/* ---- denied ---- */

static void rpc_mismatch(struct check_ctx *c)
{
    static const struct refusal rows[] = {
        {.what = "RPC_MISMATCH 2..2",
         .reply = {.reply_stat = ONC_MSG_DENIED, .low = ONC_VERSION, .high = ONC_VERSION}},
        {.what = "RPC_MISMATCH 3..4", .reply = {.reply_stat = ONC_MSG_DENIED, .low = 3, .high = 4}},
    };

    refuse(c, rows, ARRAY_LEN(rows));
}

#define AUTH_ERROR_OF(number)                                                                      \
    {                                                                                              \
        .what = "AUTH_ERROR " #number, .reply = {                                                  \
            .reply_stat = ONC_MSG_DENIED,                                                          \
            .reject_stat = ONC_AUTH_ERROR,                                                         \
            .auth_stat = (number),                                                                 \
        }                                                                                          \
    }

static void auth_error(struct check_ctx *c)
{
    static const struct refusal rows[] = {
        AUTH_ERROR_OF(0),  AUTH_ERROR_OF(1),  AUTH_ERROR_OF(2),  AUTH_ERROR_OF(3),
        AUTH_ERROR_OF(4),  AUTH_ERROR_OF(5),  AUTH_ERROR_OF(6),  AUTH_ERROR_OF(7),
        AUTH_ERROR_OF(8),  AUTH_ERROR_OF(12), AUTH_ERROR_OF(13), AUTH_ERROR_OF(14),
        AUTH_ERROR_OF(15), AUTH_ERROR_OF(18), AUTH_ERROR_OF(99), AUTH_ERROR_OF(4294967295),
    };

    refuse(c, rows, ARRAY_LEN(rows));
}

static void put_reject_stat(const struct onc_reply *forged, uint32_t value, struct buf *message)
{
    struct onc_reply reply = *forged;

    reply.reply_stat = ONC_MSG_DENIED;
    reply.reject_stat = value;
    onc_put_reply(message, &reply);
}

static void unknown_reject_stat(struct check_ctx *c)
{
    static const struct client_flaw rows[] = {
        {"reject_stat 2", 2},
        {"reject_stat 99", UNKNOWN},
        {"reject_stat 4294967295", UINT32_MAX},
    };

    client_call_try(c, rows, ARRAY_LEN(rows), put_reject_stat);
}

static const struct check checks[] = {
    {
        .id = "client.rpc.prog-unavail",
        .claim = "PROG_UNAVAIL is reported as a failure",
        .why = "What was asked for was not done, and nobody would know.",
        .how = "Every call is answered by PROG_UNAVAIL: clean, and with results behind it, which "
               "mean nothing there.",
        .cites = {REQ_RPC_5531_9_03},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = prog_unavail,
    },
    {
        .id = "client.rpc.prog-mismatch",
        .claim = "PROG_MISMATCH is reported as a failure, its versions not shown as results",
        .why = "The lowest version stands where a result would.",
        .how = "Every call is answered by PROG_MISMATCH with several ranges, one of which "
               "includes the version that was called: clean, and with results behind it.",
        .cites = {REQ_RPC_5531_9_03},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = prog_mismatch,
    },
    {
        .id = "client.rpc.proc-unavail",
        .claim = "PROC_UNAVAIL is reported as a failure",
        .why = "What was asked for was not done, and nobody would know.",
        .how = "Every call is answered by PROC_UNAVAIL: clean, and with results behind it.",
        .cites = {REQ_RPC_5531_9_03},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = proc_unavail,
    },
    {
        .id = "client.rpc.garbage-args",
        .claim = "GARBAGE_ARGS is reported as a failure",
        .why = "What was asked for was not done, and nobody would know.",
        .how = "Every call is answered by GARBAGE_ARGS: clean, and with results behind it.",
        .cites = {REQ_RPC_5531_9_03},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = garbage_args,
    },
    {
        .id = "client.rpc.system-err",
        .claim = "SYSTEM_ERR is reported as a failure, and the call not repeated without end",
        .why = "A server out of memory is not helped by a client that calls again and again.",
        .how = "Every call is answered by SYSTEM_ERR: clean, and with results behind it; a client "
               "that has called a hundred times is stopped.",
        .cites = {REQ_RPC_5531_9_03, REQ_RPC_CLI_01},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = system_err,
    },
    {
        .id = "client.rpc.unknown-accept-stat",
        .claim = "an accept_stat that nobody knows is no success",
        .why = "The default arm of the union is void: there are no results in it.",
        .how = "Replies with accept_stat 6, 99, 256 and 2^32-1 and forged results, each with the "
               "true reply behind it.",
        .cites = {REQ_RPC_5531_9_16},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = unknown_accept_stat,
    },
    {
        .id = "client.rpc.rpc-mismatch",
        .claim = "RPC_MISMATCH is reported as a failure",
        .why = "A denied call was never looked at.",
        .how = "Every call is denied by RPC_MISMATCH with the ranges 2..2 and 3..4: clean, and "
               "with results behind it.",
        .cites = {REQ_RPC_5531_9_04},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = rpc_mismatch,
    },
    {
        .id = "client.rpc.auth-error",
        .claim = "AUTH_ERROR is reported as a failure, whatever its auth_stat",
        .why = "Tables of messages end somewhere, and auth_stat has grown since.",
        .how = "Every call is denied by AUTH_ERROR with auth_stat 0 to 8, 12 to 15, 18, 99 and "
               "2^32-1: clean, and with results behind it.",
        .cites = {REQ_RPC_5531_9_05, REQ_GSS_7861_2_6_01, REQ_RPC_5531_9_04},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = auth_error,
    },
    {
        .id = "client.rpc.unknown-reject-stat",
        .claim = "a denial for a reason that nobody knows is no success",
        .why = "Only what was accepted has results.",
        .how = "Replies with reject_stat 2, 99 and 2^32-1 and forged results, each with the true "
               "reply behind it.",
        .cites = {REQ_RPC_5531_9_04},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = unknown_reject_stat,
    },
};

SUITE(client_status);
