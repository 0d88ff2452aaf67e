/*
 * A whole conversation with our own MSGPROG server (reference/msgprog-own), without sockets. Every
 * reply is judged by the reference model, which the server shares nothing with; the server sends
 * the same octets however the conversation is cut; and it answers a NULL call afterwards.
 */
#include "fuzz/case/case.h"
#include "fuzz/case/cuts.h"
#include "fuzz/case/msgprog.h"
#include "fuzz/oracle/alive.h"
#include "fuzz/oracle/finding.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/served/served.h"
#include "fuzz/target.h"

static const struct model_rules rules = {
    .prog = MSGPROG_PROGRAM,
    .vers = MSGPROG_VERSION,
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
    struct slice message = slice_of(NULL, 0);

    served_begin();
    served_take(alive_record());
    case_open(&replies, served_sent());
    size_t count = case_next(&replies, &message);
    alive_judge(count, message, "on a new connection");
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
