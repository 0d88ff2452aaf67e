/* Checks: the same call again, over UDP: retransmissions, and caches of replies (RFC 5531 5). */
#include <inttypes.h>

#include "conformance/msgprog/message.h"
#include "conformance/rpc/try.h"
#include "conformance/suites.h"

static void same_answer(struct check_ctx *c)
{
    struct heard first, again;
    char one[TRY_TEXT], other[TRY_TEXT];

    for (size_t i = 0; i < TRY_KINDS && check_alive(c); i++) {
        struct onc_call call = try_kind(c, i);
        struct conn *conn = check_dial(c);

        check_say(c, conn, &call, NULL, &first);
        check_answered_once(c, &first, try_kind_name(i));
        check_say(c, conn, &call, NULL, &again);
        check_heard_text(&first, one, sizeof(one));
        check_heard_text(&again, other, sizeof(other));
        /* Silence is a server's right: it may drop what it has answered already. */
        if (check_alive(c) && again.replies > 0 && !text_eq(one, other))
            check_broken(c, "the same call has the same answer", "%s: %s, then %s",
                         try_kind_name(i), one, other);
        check_close(c, conn);
    }
}

static void at_least_once(struct check_ctx *c)
{
    enum { TIMES = 3 };
    struct onc_call call = check_call_of(c, MESSAGE_SAVE);
    struct conn *conn = check_dial(c);
    int32_t numbers[TIMES] = {0};
    struct buf text, args;
    struct heard h;

    buf_init(&text, 1 << 10);
    buf_init(&args, 1 << 10);
    message_text(c, 60, &text);
    message_args(buf_slice(&text), &args);
    call.args = buf_slice(&args);
    for (unsigned i = 0; i < TIMES && check_alive(c); i++) {
        check_say(c, conn, &call, NULL, &h);
        if (i == 0)
            check_accepted(c, &h, "SAVEMSG", ONC_SUCCESS);
        try_linger(c, &h);
        if (h.replies == 0 && check_alive(c))
            continue;
        numbers[i] = message_outcome(c, &h, "SAVEMSG, sent again");
        if (check_alive(c) && numbers[i] == 0)
            check_broken(c, "a call that is sent again is stored again, or answered again",
                         "it is refused the time number %u", i + 1);
        message_holds(c, check_dial(c), numbers[i], buf_slice(&text));
    }
    check_remark(c, "three times the same datagram: numbers %" PRId32 ", %" PRId32 ", %" PRId32,
                 numbers[0], numbers[1], numbers[2]);
    buf_free(&text);
    buf_free(&args);
}

/* Saves with this xid; returns the number, and whether a reply came. */
static int32_t save_with(struct check_ctx *c, struct conn *conn, const struct onc_call *call,
                         struct heard *ret)
{
    check_say(c, conn, call, NULL, ret);
    try_linger(c, ret);
    return ret->replies > 0 ? message_outcome(c, ret, "SAVEMSG") : 0;
}

static void replays_reply(struct check_ctx *c)
{
    struct onc_call call = check_call_of(c, MESSAGE_SAVE);
    struct conn *conn = check_dial(c);
    struct buf args, octets;
    struct heard h;

    buf_init(&args, 1 << 10);
    buf_init(&octets, 1 << 10);
    message_args(slice_str("once, or once for each time"), &args);
    call.args = buf_slice(&args);
    int32_t first = save_with(c, conn, &call, &h);
    buf_put(&octets, h.octets);
    int32_t second = save_with(c, conn, &call, &h);
    if (check_expectation(c, "at-most-once")) {
        check_answered_once(c, &h, "a call that is sent again"); /* silence is no reply */
        if (check_alive(c) && !slice_eq(h.octets, buf_slice(&octets)))
            check_broken(c, "a call that is sent again is answered by the same reply",
                         "the numbers %" PRId32 " and %" PRId32, first, second);
    } else if (h.replies == 0) {
        check_noted(c, "the same datagram a second time is not answered");
    } else {
        bool replayed = slice_eq(h.octets, buf_slice(&octets));

        check_noted(c, "the same datagram twice: %s (numbers %" PRId32 " and %" PRId32 ")",
                    replayed ? "the reply is repeated, at most once"
                             : "executed twice, at least once",
                    first, second);
    }
    buf_free(&args);
    buf_free(&octets);
}

static void auth_before_cache(struct check_ctx *c)
{
    struct onc_call call = check_call_of(c, MESSAGE_SAVE);
    struct conn *conn = check_dial(c);
    struct buf args;
    struct heard h;

    if (try_takes_any(c)) {
        check_skipped(c, "the target takes calls of any flavor");
        return;
    }
    buf_init(&args, 1 << 10);
    message_args(slice_str("for its owner only"), &args);
    call.args = buf_slice(&args);
    check_say(c, conn, &call, NULL, &h);
    check_accepted(c, &h, "SAVEMSG", ONC_SUCCESS);
    call.cred = try_auth(TRY_UNKNOWN_FLAVOR, 0);
    check_say(c, conn, &call, NULL, &h);
    try_refused(c, &h, "the same call with a credential that is refused");
    buf_free(&args);
}

/* Two clients who number their calls alike. */
static void two_clients(struct check_ctx *c)
{
    struct buf texts[2], args[2];
    int32_t numbers[2];
    uint32_t xid = check_xid(c);
    struct heard h;

    for (unsigned i = 0; i < 2; i++) {
        struct onc_call call = check_call_of(c, MESSAGE_SAVE);

        call.xid = xid;
        buf_init(&texts[i], 1 << 10);
        buf_init(&args[i], 1 << 10);
        message_text(c, 50, &texts[i]);
        message_args(buf_slice(&texts[i]), &args[i]);
        call.args = buf_slice(&args[i]);
        check_say(c, check_dial(c), &call, NULL, &h);
        check_accepted(c, &h, "SAVEMSG", ONC_SUCCESS);
        numbers[i] = message_outcome(c, &h, "SAVEMSG");
        if (check_alive(c) && numbers[i] == 0)
            check_broken(c, "a number from 1 on", "0");
    }
    for (unsigned i = 0; i < 2; i++) {
        message_holds(c, check_dial(c), numbers[i], buf_slice(&texts[i]));
        buf_free(&texts[i]);
        buf_free(&args[i]);
    }
}

#define NEEDS_UDP (NEED_RPC | NEED_UDP | NEED_REPLIES)

static const struct check checks[] = {
    {
        .id = "rpc.udp.same-answer",
        .claim = "the same call, sent again, has the same answer",
        .why = "Which of the two replies a client hears is chance.",
        .how = "Calls of five kinds, each twice with one xid; silence to the second is sound.",
        .cites = {REQ_RPC_5531_5_02},
        .needs = NEEDS_UDP,
        .run = same_answer,
    },
    {
        .id = "rpc.udp.at-least-once",
        .claim = "a call that is sent again is carried out once or more, each time whole",
        .why = "A reply tells the client that its call was carried out, not how often.",
        .how = "The same SAVEMSG three times; each reply has its xid and a number that reads as "
               "the text.",
        .cites = {REQ_RPC_5531_5_02},
        .needs = NEEDS_UDP | NEED_MSGPROG,
        .run = at_least_once,
    },
    {
        .id = "rpc.drc.replays-reply",
        .claim = "whether a call that is sent again is carried out again",
        .why = "Who stores, pays or deletes twice wants to know.",
        .how = "The same SAVEMSG twice from one port. --expect at-most-once makes the same reply a "
               "must.",
        .cites = {REQ_RPC_5531_5_04},
        .needs = NEEDS_UDP | NEED_MSGPROG,
        .expects = "at-most-once",
        .run = replays_reply,
    },
    {
        .id = "rpc.drc.auth-before-cache",
        .claim = "a cached reply is not given to a credential that would be refused",
        .why = "Who guesses the xid reads the results of somebody else.",
        .how = "SAVEMSG, then the same call with flavor 99; no SUCCESS.",
        .cites = {REQ_RPC_ROB_9_17},
        .needs = NEEDS_UDP | NEED_MSGPROG,
        .run = auth_before_cache,
    },
    {
        .id = "rpc.drc.two-clients",
        .claim = "two clients with the same xid make two calls",
        .why = "Each numbers its calls for itself; most begin at the same number.",
        .how = "SAVEMSG with two texts from two ports under one xid; both are stored.",
        .cites = {REQ_RPC_ROB_9_19},
        .needs = NEEDS_UDP | NEED_MSGPROG,
        .run = two_clients,
    },
};

SUITE(rpc_again);
