/*
 * A whole conversation with our own MSGPROG server (reference/msgprog-own), without sockets. Every
 * reply is judged by the reference model, which the server shares nothing with; the server sends
 * the same octets however the conversation is cut; and it answers a NULL call afterwards.
 */
#include <string.h>

#include "fuzz/case/case.h"
#include "fuzz/case/cuts.h"
#include "fuzz/oracle/finding.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/served/served.h"
#include "fuzz/target.h"

enum { NULL_XID = 0x6e756c6c, PROGRAM = 345678, VERSION = 2 };

static const struct model_rules rules = {
    .prog = PROGRAM,
    .vers = VERSION,
    .msgprog = true,
    .strict = true,
    .sys_tail_ok = true,
    .text_max = WIRE_NO_LIMIT,
};

static struct judge judge;
static struct case_reader calls;
static struct case_reader replies;

/* Has the server hear it all on a new connection, with no message stored. */
static void converse(struct slice input, enum cut cut)
{
    struct slice piece;
    struct cuts cuts;

    served_forget();
    served_begin();
    cuts_open(&cuts, input, cut);
    while (cuts_next(&cuts, &piece) && served_take(piece))
        ;
}

/* What is behind a record over the limit is never executed. */
static void judge_conversation(struct slice input)
{
    struct slice message;
    struct slice sent = served_sent();

    judge_begin(&judge, &rules);
    case_open(&calls, input);
    while (case_next(&calls, &message) && message.len <= SERVED_RECORD_MAX)
        judge_call(&judge, message);
    while (sent.len > 0) {
        case_open(&replies, sent);
        if (!case_next(&replies, &message)) {
            finding_tell(ORACLE_REPLY, "%zu octets behind the last whole reply", sent.len);
            break;
        }
        judge_reply(&judge, message);
        sent = slice_from(sent, replies.at);
    }
    judge_end(&judge);
    if (judge.model.count > 0)
        fuzz_canary();
}

/* On a new connection, with what was stored. */
static void call_null(void)
{
    static const uint8_t null_call[] = {
        0x80, 0, 0, 40, 'n', 'u', 'l', 'l', 0, 0, 0, 0, 0, 0, 0, 2, 0, 5, 0x46, 0x4e, 0, 0,
        0,    2, 0, 0,  0,   0,   0,   0,   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0,    0, 0,
    };
    struct onc_reply reply;
    struct slice message;
    struct wire_in in;

    served_begin();
    served_take(slice_of(null_call, sizeof(null_call)));
    case_open(&replies, served_sent());
    if (case_next(&replies, &message)) {
        wire_open(&in, message);
        if (!onc_read_reply(&in, &reply) || reply.xid != NULL_XID ||
            answer_of(&reply) != ANSWER_SUCCESS)
            finding_tell(ORACLE_ALIVE, "a NULL call after the case gets %s",
                         answer_name(answer_of(&reply)));
    } else {
        finding_tell(ORACLE_ALIVE, "no reply to a NULL call after the case");
    }
    served_end();
}

static void judge_cut(struct slice input, enum cut cut, struct slice due)
{
    converse(input, cut);
    struct slice sent = served_sent();

    if (!slice_eq(sent, due))
        finding_tell(ORACLE_CUT,
                     "%s: %zu octets of replies, %zu of them the same; in one piece %zu",
                     cut_name(cut), sent.len, slice_common(sent, due), due.len);
    served_end();
}

static void run_own(struct slice input)
{
    struct buf due;

    converse(input, CUT_NONE);
    judge_conversation(input);
    buf_init(&due, SIZE_MAX);
    buf_put(&due, served_sent());
    served_end();
    for (unsigned cut = CUT_NONE + 1; cut < CUTS; cut++)
        judge_cut(input, (enum cut)cut, buf_slice(&due));
    buf_free(&due);
    call_null();
}

const struct fuzz_target fuzz_target_msg_own = {
    .name = "msg-own",
    .what = "our own MSGPROG server: records, dispatching and XDR, over a store in memory",
    .form = FUZZ_CALLS,
    .max = 4096,
    .memory = 65536,
    .memory_per_octet = 64,
    .stack = 16384,
    .run = run_own,
};
