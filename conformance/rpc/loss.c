/* Checks: calls over UDP whose replies are lost on the way (check_between), and that are therefore
   sent again, as every client does (RFC 5531 5). */
#include <inttypes.h>

#include "conformance/msgprog/message.h"
#include "conformance/rpc/try.h"
#include "conformance/suites.h"

enum {
    TEXT = 48,
    BEHIND = 6, /* calls in front of the late copy */
    BEFORE = 3, /* numbers that the first three copies may have been given */
    SETTLE_MS = 30,
};

/* A datagram of its own that is sent until it is answered; nothing else is on its way. */
static const struct say_options until_answered = {.resend = true, .no_fence = true, .awaits = true};

/* Saves a text of its own through what is lost. Returns its number. */
static int32_t save(struct check_ctx *c, struct conn *conn, struct buf *text)
{
    struct onc_call call = check_call_of(c, MESSAGE_SAVE);
    struct buf args;
    struct heard h;

    buf_init(text, 1 << 10);
    buf_init(&args, 1 << 10);
    message_text(c, TEXT, text);
    message_args(buf_slice(text), &args);
    call.args = buf_slice(&args);
    check_say(c, conn, &call, &until_answered, &h);
    check_accepted(c, &h, "SAVEMSG, sent again", ONC_SUCCESS);
    int32_t number = message_outcome(c, &h, "SAVEMSG, sent again");
    if (check_alive(c) && number == 0)
        check_broken(c, "a call whose reply was lost is stored, or answered, when it comes again",
                     "it is refused");
    buf_free(&args);
    return number;
}

static void reply_lost(struct check_ctx *c)
{
    struct buf text;

    check_between(c, "client 1 down: drop 1-2");
    int32_t number = save(c, check_dial(c), &text);
    message_holds(c, check_dial(c), number, buf_slice(&text));
    buf_free(&text);
}

/* How many messages of these numbers hold the text. */
static unsigned count_stored(struct check_ctx *c, int32_t from, int32_t to, struct slice text)
{
    struct conn *conn = check_dial(c);
    unsigned count = 0;

    for (int32_t number = from > 1 ? from : 1; number <= to && check_alive(c); number++) {
        struct buf got;

        buf_init(&got, MESSAGE_MAX);
        count += message_try_read(c, conn, number, &got) && slice_eq(buf_slice(&got), text);
        buf_free(&got);
    }
    return count;
}

static void executions(struct check_ctx *c)
{
    struct buf text;

    check_between(c, "client 1 down: drop 1-2; client 1 up: duplicate 1 after %d",
                  BEFORE - 1 + BEHIND);
    struct conn *conn = check_dial(c);
    int32_t number = save(c, conn, &text);
    for (unsigned i = 0; i < BEHIND; i++)
        check_exchange(c, conn);
    check_pause(c, SETTLE_MS);
    check_fence(c, conn);
    unsigned times = count_stored(c, number - BEFORE, number + BEFORE, buf_slice(&text));
    if (check_expectation(c, "at-most-once") && times > 1)
        check_broken(c, "a call that comes again is carried out once", "it is stored %u times",
                     times);
    else if (check_expectation(c, "at-most-once"))
        check_met(c);
    else
        check_noted(c, "a call of which two replies were lost and a copy came late: stored %s",
                    times == 0   ? "nowhere near its number"
                    : times == 1 ? "once (at most once)"
                                 : "several times (at least once)");
    buf_free(&text);
}

#define NEEDS_UDP (NEED_RPC | NEED_UDP | NEED_REPLIES | NEED_MSGPROG)

static const struct check checks[] = {
    {
        .id = "rpc.loss.reply",
        .claim = "a call whose replies were lost is answered when it comes again, and holds",
        .why = "Who hears no reply asks again; the answer is to be as true as the first was.",
        .how = "SAVEMSG, of which the first two replies are lost; the number in the third reads as "
               "the text.",
        .cites = {REQ_RPC_5531_5_02},
        .needs = NEEDS_UDP,
        .run = reply_lost,
    },
    {
        .id = "rpc.loss.executions",
        .claim = "how often a call is carried out whose replies were lost",
        .why = "Who stores, pays or deletes twice wants to know.",
        .how = "SAVEMSG, of which two replies are lost and a copy comes late; then the numbers "
               "around it are read. --expect at-most-once makes once a must.",
        .cites = {REQ_RPC_5531_5_04},
        .needs = NEEDS_UDP,
        .expects = "at-most-once",
        .run = executions,
    },
};

SUITE(rpc_loss);
