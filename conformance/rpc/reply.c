/* Checks: the form of replies (RFC 5531 9), and the xid that ties them to their calls. */
#include <inttypes.h>

#include "conformance/rpc/wrong.h"
#include "conformance/suites.h"

enum { REPEATS = 4, CALLS = 12, WORD = 4, ACCEPTED = 24, MISMATCH = 32, DENIED = 20 };

static void nullproc_void(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_exchange(c, conn);
    check_fence(c, conn);
    check_close(c, conn);
}

static void nullproc_no_auth(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct onc_call call = check_call_of(c, ONC_NULLPROC);
    struct say_options options = {.awaits = true, .resend = true, .no_fence = true};
    struct heard h;

    check_say(c, conn, &call, &options, &h);
    check_answered_once(c, &h, "a NULL call with AUTH_NONE");
    if (check_alive(c) && h.reply.reply_stat == ONC_MSG_DENIED &&
        h.reply.reject_stat == ONC_AUTH_ERROR)
        check_broken(c, "no authentication is asked for procedure 0", "AUTH_ERROR %" PRIu32 "%s%s",
                     h.reply.auth_stat, onc_auth_stat_name(h.reply.auth_stat) ? ", " : "",
                     onc_auth_stat_name(h.reply.auth_stat) ? onc_auth_stat_name(h.reply.auth_stat)
                                                           : "");
    check_close(c, conn);
}

/* ---- xids ---- */

/* Each status with each xid. An xid that nobody asked with settles the check by itself. */
static void xid_echo(struct check_ctx *c)
{
    uint32_t xids[] = {0, 1, 0x7fffffff, 0x80000000, 0x01020304, 0xffffffff, check_xid(c)};
    struct conn *conn = check_dial(c);

    for (size_t i = 0; i < ARRAY_LEN(xids) * WRONG_STATUSES && check_in_time(c); i++) {
        struct onc_call call = wrong_call(c, &wrong_statuses[i % WRONG_STATUSES]);
        struct heard h;
        char what[120];

        call.xid = xids[i / WRONG_STATUSES];
        text_format(what, sizeof(what), "%s with xid 0x%" PRIx32,
                    wrong_statuses[i % WRONG_STATUSES].what, call.xid);
        check_say(c, conn, &call, &wrong_due, &h);
        check_answered_once(c, &h, what);
    }
    check_close(c, conn);
}

/* A server that takes a smaller xid for an old one, or the same one for a repetition that needs no
   answer, leaves one of these out. */
static void xid_no_ordering(struct check_ctx *c)
{
    static const uint32_t xids[] = {5, 4, 0xffffffff, 0, 0x80000000, 5, 6, 1};
    struct conn *conn = check_dial(c);

    for (size_t i = 0; i < ARRAY_LEN(xids) && check_alive(c); i++) {
        struct onc_call call = check_call_of(c, ONC_NULLPROC);
        struct heard h;
        char what[80];

        call.xid = xids[i];
        text_format(what, sizeof(what), "the NULL call number %zu, with xid 0x%" PRIx32, i + 1,
                    call.xid);
        check_say(c, conn, &call, &wrong_due, &h);
        check_accepted(c, &h, what, ONC_SUCCESS);
    }
    check_close(c, conn);
}

/* The next one goes out when the last one is answered: a server may drop what it is at work on. */
static void xid_repeated(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    uint32_t xid = check_xid(c);

    for (unsigned i = 0; i < REPEATS && check_alive(c); i++) {
        struct onc_call call = check_call_of(c, ONC_NULLPROC);
        struct heard h;

        call.xid = xid;
        check_say(c, conn, &call, &wrong_due, &h);
        check_accepted(c, &h, "a NULL call whose xid was used before", ONC_SUCCESS);
    }
    check_close(c, conn);
}

/* ---- layout ---- */

/* The strict reader is the judge: msg_type, both status words, the verifier, nothing behind. */
static void accepted_layout(struct check_ctx *c)
{
    wrong_judge_all(c, wrong_statuses, WRONG_STATUSES);
}

/* A verifier of a flavor that the caller did not use means nothing to it. That its body be empty
   is only recommended (RFC 5531 10.1). */
static void verifier(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    for (size_t i = 0; i < WRONG_STATUSES && check_alive(c); i++) {
        struct onc_call call = wrong_call(c, &wrong_statuses[i]);
        struct heard h;

        check_say(c, conn, &call, &wrong_due, &h);
        check_accepted(c, &h, wrong_statuses[i].what, wrong_statuses[i].status);
        if (call.cred.flavor != ONC_AUTH_NONE)
            continue; /* as the target wants it for procedures: its verifier is judged elsewhere */
        if (check_alive(c) && h.reply.verf.flavor != ONC_AUTH_NONE)
            check_broken(c, "a verifier of the flavor AUTH_NONE", "flavor %" PRIu32,
                         h.reply.verf.flavor);
        if (h.reply.verf.body.octets.len > 0)
            check_remark(c, "the verifier AUTH_NONE has %zu octets, where 0 are recommended",
                         h.reply.verf.body.octets.len);
    }
    check_close(c, conn);
}

static size_t verifier_octets(const struct heard *h)
{
    size_t len = h->reply.verf.body.octets.len;

    return len + wire_padding(len);
}

/* Says each of the calls and judges how many octets the reply has, less its verifier. */
static void judge_sizes(struct check_ctx *c, const struct wrong *rows, size_t count, size_t due)
{
    struct conn *conn = check_dial(c);

    for (size_t i = 0; i < count && check_alive(c); i++) {
        struct onc_call call = wrong_call(c, &rows[i]);
        struct heard h;
        char expected[120];

        check_say(c, conn, &call, &wrong_due, &h);
        check_answered_once(c, &h, rows[i].what);
        if (!check_alive(c) || h.reply.reply_stat != ONC_MSG_ACCEPTED ||
            h.reply.accept_stat != rows[i].status)
            continue; /* the checks of the statuses judge it */
        text_format(expected, sizeof(expected), "a reply of %zu octets to %s",
                    due + verifier_octets(&h), rows[i].what);
        if (h.octets.len != due + verifier_octets(&h))
            check_broken(c, expected, "%zu octets", h.octets.len);
    }
    check_close(c, conn);
}

static void error_arms_void(struct check_ctx *c)
{
    static const struct wrong rows[] = {
        {"a call of program 0xfffffff7", WRONG_PROG, 0xfffffff7, ONC_PROG_UNAVAIL},
        {"a call of procedure 0xfffffff7", WRONG_PROC, 0xfffffff7, ONC_PROC_UNAVAIL},
        {"a call of program 0", WRONG_PROG, 0, ONC_PROG_UNAVAIL},
    };

    judge_sizes(c, rows, ARRAY_LEN(rows), ACCEPTED);
}

static void reject_reasons(struct check_ctx *c)
{
    static const struct wrong rows[] = {
        {"a call with rpcvers 0", WRONG_RPCVERS, 0, 0},
        {"a call with rpcvers 3", WRONG_RPCVERS, 3, 0},
        {"a call of program 0xfffffff7", WRONG_PROG, 0xfffffff7, 0},
        {"a call of version 0xfffffff7", WRONG_VERS, 0xfffffff7, 0},
    };
    unsigned denied = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows) * 2 && check_alive(c); i++) {
        struct conn *conn = check_dial(c); /* rpcvers may cost the connection */
        struct onc_call call = wrong_call(c, &rows[i / 2]);
        struct heard h;

        call.cred.flavor = i % 2 ? 0x7ffffff7 : ONC_AUTH_NONE;
        check_say(c, conn, &call, &wrong_open, &h);
        if (h.replies > 0)
            check_answered_once(c, &h, rows[i / 2].what); /* any other reject_stat is unsound */
        denied += h.replies > 0 && h.sound && h.reply.reply_stat == ONC_MSG_DENIED;
        check_met(c);
        check_close(c, conn);
    }
    if (denied == 0)
        check_remark(c, "nothing was denied");
}

/* What the answer to an unknown flavor is, is open; its form, where it is AUTH_ERROR, is not. */
static void auth_error_layout(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct onc_call call = check_call_of(c, 1);
    struct heard h;
    char text[200];

    call.cred.flavor = 0x7ffffff7;
    check_say(c, conn, &call, &wrong_open, &h);
    if (check_alive(c) && h.replies == 0) {
        check_heard_text(&h, text, sizeof(text));
        check_noted(c, "no AUTH_ERROR to look at: a call with flavor 0x7ffffff7 brings %s", text);
        return;
    }
    check_answered_once(c, &h, "a call with flavor 0x7ffffff7");
    if (!check_alive(c))
        return;
    if (h.reply.reply_stat != ONC_MSG_DENIED) {
        check_heard_text(&h, text, sizeof(text));
        check_noted(c, "no AUTH_ERROR to look at: a call with flavor 0x7ffffff7 is %s", text);
        return;
    }
    if (h.reply.reject_stat == ONC_AUTH_ERROR && h.octets.len != DENIED)
        check_broken(c, "an AUTH_ERROR of 20 octets, without a verifier", "%zu octets",
                     h.octets.len);
    check_close(c, conn);
}

/* ---- how many ---- */

/* Calls of every status in a row, and behind each a fence. */
static void one_per_call(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct heard heard[CALLS];

    for (unsigned i = 0; i < CALLS; i++) {
        const struct wrong *w = &wrong_statuses[i % WRONG_STATUSES];
        struct onc_call call = wrong_call(c, w);

        check_say(c, conn, &call, &wrong_due, &heard[i]);
        check_answered_once(c, &heard[i], w->what);
    }
    /* Further replies to any of them settle the check when they come. */
    check_fence(c, conn);
    check_close(c, conn);
}

static const struct check checks[] = {
    {
        .id = "rpc.nullproc.void",
        .claim = "procedure 0 is answered with SUCCESS and no results",
        .why = "Every client pings by it: clnt_create, rpcinfo, and whoever looks for a dead "
               "server.",
        .how = "NULL calls on a connection; each reply is accepted, SUCCESS, and has nothing "
               "behind the status.",
        .cites = {REQ_RPC_5531_12_1_01},
        .needs = NEED_RPC,
        .flags = CHECK_BASE,
        .run = nullproc_void,
    },
    {
        .id = "rpc.nullproc.no-auth",
        .claim = "procedure 0 asks for no authentication",
        .why = "Who cannot ping without credentials takes the server for dead.",
        .how = "A NULL call with AUTH_NONE is not denied with AUTH_ERROR.",
        .cites = {REQ_RPC_5531_12_1_02},
        .needs = NEED_RPC,
        .flags = CHECK_UNANSWERED,
        .run = nullproc_no_auth,
    },
    {
        .id = "rpc.xid.echo",
        .claim = "a reply has the xid of its call",
        .why = "It is all that a client can tell replies apart by.",
        .how = "Calls with the xids 0, 1, 0x7fffffff, 0x80000000, 0x01020304, 0xffffffff and a "
               "random one, each answered with each accept_stat that needs no arguments.",
        .cites = {REQ_RPC_5531_9_07, REQ_RPC_5531_9_06},
        .needs = NEED_RPC,
        .run = xid_echo,
    },
    {
        .id = "rpc.xid.no-ordering",
        .claim = "xids mean nothing by their order",
        .why = "Clients count up, down, or choose at random; a server may only compare for "
               "equality.",
        .how = "NULL calls on one connection with the xids 5, 4, 0xffffffff, 0, 0x80000000, 5, 6, "
               "1: all are answered.",
        .cites = {REQ_RPC_5531_5_05, REQ_RPC_5531_9_07, REQ_XDR_4506_4_2_01},
        .needs = NEED_RPC,
        .run = xid_no_ordering,
    },
    {
        .id = "rpc.xid.repeated",
        .claim = "a call whose xid was answered before is answered again",
        .why = "A client that did not get the reply repeats the call; silence leaves it waiting.",
        .how = "The same NULL call four times, each when the last one has been answered.",
        .cites = {REQ_RPC_5531_8_4_01, REQ_RPC_5531_5_05},
        .needs = NEED_RPC,
        .run = xid_repeated,
    },
    {
        .id = "rpc.reply.accepted-layout",
        .claim = "an accepted reply is xid, REPLY, MSG_ACCEPTED, verifier, status and no more",
        .why = "A word too many or too few shifts everything behind it.",
        .how = "Calls that bring SUCCESS, PROG_UNAVAIL, PROG_MISMATCH and PROC_UNAVAIL; each reply "
               "is read strictly to its end.",
        .cites = {REQ_RPC_5531_9_12, REQ_RPC_5531_9_01, REQ_RPC_5531_8_2_07, REQ_RPC_5531_8_2_02},
        .needs = NEED_RPC,
        .run = accepted_layout,
    },
    {
        .id = "rpc.reply.verifier",
        .claim = "a call with AUTH_NONE gets a reply with a verifier of AUTH_NONE",
        .why = "A client that used no flavor can check the verifier of none.",
        .how = "Calls of every accept_stat that needs no arguments; the flavor of the verifier is "
               "0, whatever its octets are.",
        .cites = {REQ_RPC_5531_10_1_01},
        .needs = NEED_RPC,
        .run = verifier,
    },
    {
        .id = "rpc.reply.error-arms-void",
        .claim = "PROG_UNAVAIL and PROC_UNAVAIL have nothing behind the status",
        .why = "What stands there is left over from another reply.",
        .how = "Unknown programs and procedures: the replies have 24 octets and those of their "
               "verifier.",
        .cites = {REQ_RPC_5531_9_14, REQ_XDR_4506_4_15_01, REQ_XDR_4506_4_16_01},
        .needs = NEED_RPC,
        .run = error_arms_void,
    },
    {
        .id = "rpc.reply.reject-reasons",
        .claim = "a denied reply says RPC_MISMATCH or AUTH_ERROR",
        .why = "There is no third arm: a client cannot read on.",
        .how = "Calls with wrong rpcvers, program and version, each with AUTH_NONE and with a "
               "flavor that nobody knows; what is denied is read strictly.",
        .cites = {REQ_RPC_5531_9_17, REQ_XDR_4506_4_3_01},
        .needs = NEED_RPC,
        .run = reject_reasons,
    },
    {
        .id = "rpc.reply.auth-error-layout",
        .claim = "AUTH_ERROR is followed by its auth_stat and nothing else",
        .why = "A rejected reply has no verifier; who puts one there shifts the status.",
        .how = "A call with a flavor that nobody knows; where it is denied with AUTH_ERROR, the "
               "reply has 20 octets. What else comes is noted.",
        .cites = {REQ_RPC_5531_9_18},
        .needs = NEED_RPC,
        .run = auth_error_layout,
    },
    {
        .id = "rpc.reply.one-per-call",
        .claim = "a call brings one reply",
        .why = "A second one is taken for the reply to another call that reused the xid, or stays "
               "in the client's buffer.",
        .how = "Twelve calls that are answered or refused, a NULL call behind each; no xid comes "
               "twice.",
        .cites = {REQ_RPC_5531_8_4_01, REQ_RPC_5531_5_06},
        .needs = NEED_RPC,
        .run = one_per_call,
    },
};

SUITE(rpc_reply);
