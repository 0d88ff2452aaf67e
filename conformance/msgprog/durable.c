/* Checks: what is left of the messages when the server ends and starts again. */
#include <inttypes.h>
#include <signal.h>

#include "conformance/msgprog/message.h"
#include "conformance/suites.h"

enum { TEXTS = 3, POSTED = 6, SCAN = 64 };

static const struct check_instance_options plain = {.umask = -1};

/* Texts that an instance of one's own has taken. */
struct kept {
    struct buf texts[TEXTS];
    int32_t numbers[TEXTS];
};

static void save_some(struct check_ctx *c, struct kept *k)
{
    struct conn *conn = check_dial(c);

    for (unsigned i = 0; i < TEXTS; i++) {
        buf_init(&k->texts[i], 1 << 12);
        message_text(c, 40 + 333 * i, &k->texts[i]);
        k->numbers[i] = message_save(c, conn, buf_slice(&k->texts[i]));
    }
    check_close(c, conn);
}

static void free_some(struct kept *k)
{
    for (unsigned i = 0; i < TEXTS; i++)
        buf_free(&k->texts[i]);
}

/* How many of the texts are there; one that is there in part breaks the claim. */
static unsigned count_kept(struct check_ctx *c, const struct kept *k)
{
    struct conn *conn = check_dial(c);
    unsigned count = 0;
    struct buf got;

    buf_init(&got, 2 * MESSAGE_MAX);
    for (unsigned i = 0; i < TEXTS && check_alive(c); i++) {
        message_read(c, conn, k->numbers[i], &got);
        bool same = slice_eq(buf_slice(&got), buf_slice(&k->texts[i]));
        if (check_alive(c) && !same && got.len > 0)
            check_broken(c, "after a restart a number reads as its text, or as never given",
                         "message %" PRId32 " has %zu octets for %zu", k->numbers[i], got.len,
                         k->texts[i].len);
        count += same;
    }
    check_close(c, conn);
    buf_free(&got);
    return count;
}

/* True where all are there. Where none is, the target keeps nothing; that is told, or broken where
   it promises to. */
static bool judge_kept(struct check_ctx *c, const struct kept *k)
{
    unsigned count = count_kept(c, k);

    if (!check_alive(c) || count == TEXTS)
        return check_alive(c);
    if (check_expectation(c, "durable") || count > 0)
        check_broken(c, "every text that SAVEMSG has answered is there after a restart",
                     "%u of %d are", count, TEXTS);
    else
        check_noted(c, "messages last as long as the server");
    return false;
}

static void restarted(struct check_ctx *c, int signal, struct kept *k)
{
    check_start_instance(c, &plain);
    save_some(c, k);
    check_end_instance(c, signal);
    if (signal == SIGKILL)
        net_forget(&c->target.endpoint); /* a path that is left behind is another check's claim */
    check_restart_instance(c, "the target can be started again");
}

static void after_kill(struct check_ctx *c)
{
    struct kept k = {0};

    restarted(c, SIGKILL, &k);
    judge_kept(c, &k);
    free_some(&k);
}

static void after_term(struct check_ctx *c)
{
    struct kept k = {0};

    restarted(c, SIGTERM, &k);
    judge_kept(c, &k);
    free_some(&k);
}

static void numbers_go_on(struct check_ctx *c)
{
    struct kept k = {0};

    restarted(c, SIGKILL, &k);
    if (judge_kept(c, &k)) {
        int32_t next = message_save(c, NULL, slice_str("behind the restart"));

        if (check_alive(c) && next <= k.numbers[TEXTS - 1])
            check_broken(c, "the numbers go on behind a restart", "%" PRId32 " behind %" PRId32,
                         next, k.numbers[TEXTS - 1]);
        if (count_kept(c, &k) != TEXTS && check_alive(c))
            check_broken(c, "a new message does not touch the old ones", "some are gone");
    }
    free_some(&k);
}

/* Killed with calls under way. Whatever can be read afterwards is whole. */
static void never_half(struct check_ctx *c)
{
    struct kept k = {0};
    struct buf texts[POSTED];
    struct buf args, got;
    struct heard h;

    check_start_instance(c, &plain);
    save_some(c, &k);
    struct conn *conn = check_dial(c);
    for (unsigned i = 0; i < POSTED; i++) {
        struct onc_call call = check_call_of(c, MESSAGE_SAVE);

        buf_init(&texts[i], 1 << 12);
        buf_init(&args, 1 << 12);
        message_text(c, 1000, &texts[i]);
        message_args(buf_slice(&texts[i]), &args);
        call.args = buf_slice(&args);
        check_post(c, conn, &call, NULL, &h);
        buf_free(&args);
    }
    check_close(c, conn);
    check_end_instance(c, SIGKILL);
    net_forget(&c->target.endpoint);
    check_restart_instance(c, "the target can be started again");
    count_kept(c, &k);
    buf_init(&got, 2 * MESSAGE_MAX);
    struct conn *reader = check_dial(c);
    for (int32_t n = 1; n < k.numbers[TEXTS - 1] + SCAN && check_in_time(c); n++) {
        bool read = message_try_read(c, reader, n, &got);

        for (unsigned i = 0; i < POSTED && read; i++) {
            if (slice_starts(buf_slice(&got), slice_sub(buf_slice(&texts[i]), 0, 24)) &&
                !slice_eq(buf_slice(&got), buf_slice(&texts[i])))
                check_broken(c, "a text that was being stored is whole, or not there",
                             "message %" PRId32 " has %zu of 1000 octets", n, got.len);
        }
    }
    check_met(c);
    for (unsigned i = 0; i < POSTED; i++)
        buf_free(&texts[i]);
    buf_free(&got);
    free_some(&k);
}

#define NEEDS_RESTART (NEED_RPC | NEED_MSGPROG | NEED_REPLIES | NEED_MOVES)
#define OWN_DATA "The command must keep the data of its instances apart, by {port} or {path}."

static const struct check checks[] = {
    {
        .id = "msgprog.savemsg.number-and-durable",
        .claim = "a text that SAVEMSG has answered survives kill -9",
        .why = "The number is a promise; power fails right behind it.",
        .how = "An instance of its own takes three texts, is killed and started again; all are "
               "read. --expect durable makes it a must. " OWN_DATA,
        .cites = {REQ_MSG_KEEP_01, REQ_MSG_DEMO_semantics_01},
        .needs = NEEDS_RESTART,
        .flags = CHECK_ALONE,
        .expects = "durable",
        .run = after_kill,
    },
    {
        .id = "msgprog.durable.sigterm",
        .claim = "a text that SAVEMSG has answered survives an orderly restart",
        .why = "That is how every update of the service goes.",
        .how = "Three texts, SIGTERM, start; all are read. --expect durable makes it a "
               "must. " OWN_DATA,
        .cites = {REQ_MSG_KEEP_01},
        .needs = NEEDS_RESTART,
        .flags = CHECK_ALONE,
        .expects = "durable",
        .run = after_term,
    },
    {
        .id = "msgprog.durable.numbers-go-on",
        .claim = "behind a restart the numbers go on",
        .why = "A number that is given twice names two messages.",
        .how = "Three texts, kill -9, start, a fourth text: its number is larger, and the three "
               "are as they were. --expect durable makes it a must. " OWN_DATA,
        .cites = {REQ_MSG_KEEP_01},
        .needs = NEEDS_RESTART,
        .flags = CHECK_ALONE,
        .expects = "durable",
        .run = numbers_go_on,
    },
    {
        .id = "msgprog.durable.never-half",
        .claim = "whatever can be read behind a kill -9 is whole",
        .why = "The process may end between any two octets of a file.",
        .how = "Killed with six texts under way; then every message is read. " OWN_DATA,
        .cites = {REQ_MSG_ROB_04},
        .needs = NEEDS_RESTART,
        .flags = CHECK_ALONE,
        .run = never_half,
    },
};

SUITE(msgprog_durable);
