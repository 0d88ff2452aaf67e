/* Checks: several clients of MSGPROG at the same time. */
#include <inttypes.h>

#include "conformance/msgprog/message.h"
#include "conformance/suites.h"

enum { WRITERS = 8, ROUNDS = 6, PIPELINED = 24, EARLY = 4 };

/* A text on its way. */
struct writing {
    struct buf text;
    struct heard heard;
    int32_t number;
};

static void post(struct check_ctx *c, struct conn *conn, size_t octets, struct writing *w)
{
    struct onc_call call = check_call_of(c, MESSAGE_SAVE);
    struct buf args;

    buf_init(&w->text, 1 << 14);
    buf_init(&args, 1 << 14);
    message_text(c, octets, &w->text);
    message_args(buf_slice(&w->text), &args);
    call.args = buf_slice(&args);
    check_post(c, conn, &call, NULL, &w->heard);
    buf_free(&args);
}

static void settle(struct check_ctx *c, struct writing *w)
{
    check_hear(c, &w->heard, true);
    check_accepted(c, &w->heard, "SAVEMSG", ONC_SUCCESS);
    w->number = message_outcome(c, &w->heard, "SAVEMSG");
    if (check_alive(c) && w->number < 1)
        check_broken(c, "a text is stored under a number from 1 on", "0");
}

/* All have numbers of their own, and read as their texts, from a connection of nobody. */
static void judge_all(struct check_ctx *c, struct conn *writer, struct writing *w, size_t count)
{
    struct conn *reader = message_reader(c, writer);

    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i && check_alive(c); k++) {
            if (w[k].number == w[i].number)
                check_broken(c, "each message has a number of its own", "%" PRId32 " twice",
                             w[i].number);
        }
        message_holds(c, reader, w[i].number, buf_slice(&w[i].text));
    }
    for (size_t i = 0; i < count; i++)
        buf_free(&w[i].text);
}

static void two(struct check_ctx *c)
{
    struct conn *a = check_dial(c);
    struct conn *b = check_dial(c);
    struct buf ours, theirs;

    buf_init(&ours, 1 << 10);
    buf_init(&theirs, 1 << 10);
    message_text(c, 70, &ours);
    message_text(c, 30, &theirs);
    int32_t first = message_save(c, a, buf_slice(&ours));
    int32_t second = message_save(c, b, buf_slice(&theirs));
    if (check_alive(c) && first == second)
        check_broken(c, "each message has a number of its own", "%" PRId32 " twice", first);
    message_holds(c, b, first, buf_slice(&ours));
    message_holds(c, a, second, buf_slice(&theirs));
    message_holds(c, a, first, buf_slice(&ours));
    message_holds(c, b, second, buf_slice(&theirs));
    buf_free(&ours);
    buf_free(&theirs);
}

static void writers(struct check_ctx *c)
{
    static struct writing w[WRITERS * ROUNDS];
    struct conn *conns[WRITERS] = {0};
    unsigned crowd = check_crowd(c, WRITERS);
    unsigned rounds = check_rounds(c, ROUNDS);
    size_t count = 0;

    for (unsigned i = 0; i < crowd; i++)
        conns[i] = check_dial(c);
    for (unsigned r = 0; r < rounds && check_in_time(c); r++) {
        size_t first = count;

        for (unsigned i = 0; i < crowd; i++, count++)
            post(c, conns[i], 20 + 37 * i, &w[count]);
        for (size_t i = first; i < count; i++)
            settle(c, &w[i]);
    }
    judge_all(c, conns[0], w, count);
}

static void pipelined(struct check_ctx *c)
{
    static struct writing w[PIPELINED];
    struct conn *conn = check_dial(c);
    unsigned count = check_rounds(c, PIPELINED);

    for (unsigned i = 0; i < count; i++)
        post(c, conn, 20 + 11 * i, &w[i]);
    for (unsigned i = 0; i < count; i++)
        settle(c, &w[i]);
    judge_all(c, conn, w, count);
}

/* Clients that do not wait for the number: their texts are whole, or not there. */
static void gone_early(struct check_ctx *c)
{
    struct buf texts[EARLY];
    struct buf got;

    buf_init(&got, 2 * MESSAGE_MAX);
    int32_t before = message_save(c, NULL, slice_str("before"));
    for (unsigned i = 0; i < EARLY; i++) {
        struct conn *conn = check_dial(c);
        struct writing w;

        post(c, conn, 600, &w);
        texts[i] = w.text;
        if (i % 2)
            check_reset(c, conn);
        else
            check_close(c, conn);
    }
    struct conn *reader = check_dial(c);
    check_fence(c, reader);
    int32_t after = message_save(c, reader, slice_str("after"));
    for (int32_t n = before + 1; n < after && n < before + 500 && check_in_time(c); n++) {
        if (!message_try_read(c, reader, n, &got))
            continue;
        for (unsigned i = 0; i < EARLY && check_alive(c); i++) {
            struct slice head = slice_sub(buf_slice(&texts[i]), 0, 24);

            if (slice_starts(buf_slice(&got), head) &&
                !slice_eq(buf_slice(&got), buf_slice(&texts[i])))
                check_broken(c, "the text of a client that is gone is whole, or not there",
                             "%zu of 600 octets", got.len);
        }
    }
    check_met(c);
    for (unsigned i = 0; i < EARLY; i++)
        buf_free(&texts[i]);
    buf_free(&got);
}

/* One reads while the other writes. */
static void reader_and_writer(struct check_ctx *c)
{
    struct conn *reader = check_dial(c);
    struct conn *writer = check_dial(c);
    struct buf text;

    buf_init(&text, 1 << 10);
    message_text(c, 500, &text);
    int32_t number = message_save(c, writer, buf_slice(&text));
    for (unsigned i = check_rounds(c, 10); i > 0 && check_in_time(c); i--) {
        struct writing w;

        post(c, writer, 10 + 40 * i, &w);
        message_holds(c, reader, number, buf_slice(&text));
        settle(c, &w);
        judge_all(c, writer, &w, 1);
    }
    buf_free(&text);
}

#define NEEDS_MESSAGES (NEED_RPC | NEED_MSGPROG | NEED_REPLIES)

static const struct check checks[] = {
    {
        .id = "msgprog.clients.two",
        .claim = "what one client saves another one reads",
        .why = "Messages that are kept with the connection are nobody else's.",
        .how = "Two connections, each saves a text; each reads both.",
        .cites = {REQ_MSG_DEMO_semantics_02},
        .needs = NEEDS_MESSAGES | NEED_CONCURRENT,
        .run = two,
    },
    {
        .id = "msgprog.clients.writers",
        .claim = "texts that are saved at the same time have numbers of their own",
        .why = "Count and store are two steps; between them is somebody else.",
        .how = "Eight connections save at once, six times; no number twice, and every text reads "
               "back.",
        .cites = {REQ_MSG_ROB_03, REQ_MSG_DEMO_semantics_01},
        .needs = NEEDS_MESSAGES | NEED_CONCURRENT,
        .run = writers,
    },
    {
        .id = "msgprog.clients.pipelined",
        .claim = "texts that are saved without waiting have numbers of their own",
        .why = "The number of one must not be the answer to another.",
        .how = "24 calls on one connection or socket; each reply's number reads as its text.",
        .cites = {REQ_MSG_ROB_03, REQ_MSG_DEMO_semantics_02},
        .needs = NEEDS_MESSAGES | NEED_PIPELINES,
        .run = pipelined,
    },
    {
        .id = "msgprog.clients.gone-early",
        .claim = "the text of a client that does not wait is whole, or not there",
        .why = "The service must not stop in the middle of storing.",
        .how = "SAVEMSG and close, or reset, at once; what is stored is read.",
        .cites = {REQ_MSG_ROB_03},
        .needs = NEEDS_MESSAGES | NEED_STREAM,
        .run = gone_early,
    },
    {
        .id = "msgprog.clients.reader-and-writer",
        .claim = "a message reads the same while others are saved",
        .why = "The buffer of one result may be that of another.",
        .how = "READMSG on one connection while SAVEMSG is on its way on another, ten times.",
        .cites = {REQ_MSG_ROB_03, REQ_MSG_DEMO_semantics_02},
        .needs = NEEDS_MESSAGES | NEED_CONCURRENT,
        .run = reader_and_writer,
    },
};

SUITE(msgprog_clients);
