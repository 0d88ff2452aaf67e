/* Checks: READMSG: numbers that were given, and numbers that never were. */
#include <inttypes.h>
#include <string.h>

#include "conformance/msgprog/message.h"
#include "conformance/rpc/try.h"
#include "conformance/suites.h"

enum { WHAT = 120, TRIES = 3, HUNDREDS = 300 };

static void wire(struct check_ctx *c)
{
    static const uint8_t golden[] = {0, 0, 0, 5, 'h', 'e', 'l', 'l', 'o', 0, 0, 0};
    struct conn *conn = check_dial(c);
    int32_t number = message_save(c, conn, slice_str("hello"));
    struct buf args;
    struct heard h;

    buf_init(&args, WIRE_UNIT);
    wire_put_int(&args, number);
    check_call(c, conn, MESSAGE_READ, buf_slice(&args), &h);
    if (check_alive(c) && !slice_eq(h.reply.results, slice_of(golden, sizeof(golden))))
        check_broken(c, "the results of READMSG are one string, padded by zeros",
                     "%zu octets, of which the first %zu are right", h.reply.results.len,
                     slice_common(h.reply.results, slice_of(golden, sizeof(golden))));
    buf_free(&args);
}

static void expect_empty(struct check_ctx *c, struct conn *conn, int32_t number)
{
    struct buf got;

    buf_init(&got, 2 * MESSAGE_MAX);
    message_read(c, conn, number, &got);
    if (check_alive(c) && got.len > 0)
        check_broken(c, "a number that was never given reads as the empty string",
                     "%zu octets for %" PRId32, got.len, number);
    buf_free(&got);
}

static void unknown(struct check_ctx *c)
{
    static const int32_t numbers[] = {
        0, -1, -2, INT32_MAX, INT32_MIN, -65536, 0x40000000, INT32_MAX - 1, INT32_MIN + 1};
    struct conn *conn = check_dial(c);

    message_save(c, conn, slice_str("one message there is"));
    for (size_t i = 0; i < ARRAY_LEN(numbers) && check_alive(c); i++)
        expect_empty(c, conn, numbers[i]);
}

/* The number behind the last one; somebody else may be given it meanwhile, so more than once. */
static void past_end(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct buf got;
    size_t len = 1;
    int32_t last = 0;

    buf_init(&got, 2 * MESSAGE_MAX);
    for (unsigned i = 0; i < TRIES && len > 0 && check_alive(c); i++) {
        last = message_save(c, conn, slice_str("the last one"));
        message_read(c, conn, last + 1, &got);
        len = got.len;
    }
    if (check_alive(c) && len > 0)
        check_broken(c, "the number behind the last one reads as the empty string",
                     "%zu octets for %" PRId32, len, last + 1);
    buf_free(&got);
}

/* Further than eight bits of a number reach, and tables of a first size. */
static void hundreds(struct check_ctx *c)
{
    static int32_t numbers[HUNDREDS];
    unsigned count = check_rounds(c, HUNDREDS);
    struct conn *conn = check_dial(c);
    char text[WHAT];
    unsigned saved = 0;
    uint64_t mark = rng_next(&c->rng);

    while (saved < count && check_in_time(c)) {
        text_format(text, sizeof(text), "%016" PRIx64 " %u", mark, saved);
        numbers[saved++] = message_save(c, conn, slice_str(text));
    }
    for (unsigned i = 0; i < saved && check_alive(c); i++) {
        text_format(text, sizeof(text), "%016" PRIx64 " %u", mark, i);
        message_holds(c, conn, numbers[i], slice_str(text));
    }
    if (saved < HUNDREDS)
        check_remark(c, "%u messages, for the target is slow", saved);
}

static void repeat(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct buf text;

    buf_init(&text, 1 << 10);
    message_text(c, 77, &text);
    int32_t number = message_save(c, conn, buf_slice(&text));
    for (unsigned i = 0; i < 4 && check_alive(c); i++)
        message_holds(c, i % 2 ? conn : message_reader(c, conn), number, buf_slice(&text));
    buf_free(&text);
}

/* Texts by turns long and short: an earlier one never changes. */
static void earlier_unchanged(struct check_ctx *c)
{
    enum { TEXTS = 8 };
    struct conn *conn = check_dial(c);
    struct buf texts[TEXTS];
    int32_t numbers[TEXTS];

    for (size_t i = 0; i < TEXTS; i++) {
        buf_init(&texts[i], 1 << 12);
        message_text(c, i % 2 ? 1 + i : 900 - i, &texts[i]);
        numbers[i] = message_save(c, conn, buf_slice(&texts[i]));
    }
    for (size_t i = 0; i < TEXTS; i++) {
        message_holds(c, conn, numbers[i], buf_slice(&texts[i]));
        buf_free(&texts[i]);
    }
}

/* Every remainder of four, read behind a text of 0xff-like octets: padding is zero, and no more. */
static void padding_zero(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct buf full, text;

    buf_init(&full, 1 << 10);
    buf_init(&text, 1 << 10);
    memset(buf_extend(&full, 64), 'z', 64);
    int32_t before = message_save(c, conn, buf_slice(&full));
    for (size_t len = 1; len <= 12 && check_alive(c); len++) {
        buf_reset(&text);
        message_text(c, len, &text);
        int32_t number = message_save(c, conn, buf_slice(&text));
        message_holds(c, conn, before, buf_slice(&full));
        message_holds(c, conn, number, buf_slice(&text));
    }
    buf_free(&full);
    buf_free(&text);
}

static void cut_args(struct check_ctx *c)
{
    static const uint8_t one[] = {0, 0, 0, 1};
    char what[WHAT];
    struct heard h;

    message_save(c, NULL, slice_str("message 1 exists"));
    for (size_t len = 0; len < WIRE_UNIT && check_alive(c); len++) {
        struct onc_call call = check_call_of(c, MESSAGE_READ);
        struct conn *conn = check_dial(c);

        call.args = slice_of(one, len);
        check_say(c, conn, &call, NULL, &h);
        text_format(what, sizeof(what), "READMSG with %zu octets of its number", len);
        if (len == 0)
            check_accepted(c, &h, what, ONC_GARBAGE_ARGS);
        else
            try_refused(c, &h, what);
        check_close(c, conn);
    }
    check_probe(c);
}

static void trailing(struct check_ctx *c)
{
    static const size_t extras[] = {1, 4, 400};
    char text[WHAT] = "";
    struct buf args;
    struct heard h;

    int32_t number = message_save(c, NULL, slice_str("with more behind"));
    for (size_t i = 0; i < ARRAY_LEN(extras) && check_alive(c); i++) {
        struct onc_call call = check_call_of(c, MESSAGE_READ);
        struct conn *conn = check_dial(c);

        buf_init(&args, 1 << 10);
        wire_put_int(&args, number);
        memset(buf_extend(&args, extras[i]), 0, extras[i]);
        call.args = buf_slice(&args);
        check_say(c, conn, &call, NULL, &h);
        try_survived(c, &h, "READMSG with octets behind its number");
        check_heard_text(&h, text, sizeof(text));
        check_close(c, conn);
        buf_free(&args);
    }
    check_noted(c, "octets behind the number: %s", text);
}

#define NEEDS_MESSAGES (NEED_RPC | NEED_MSGPROG | NEED_REPLIES)

static const struct check checks[] = {
    {
        .id = "msgprog.readmsg.wire",
        .claim = "READMSG takes one int and returns one string",
        .why = "These are the octets that every stub of rpcgen reads.",
        .how = "The text hello; results 00000005 68656c6c 6f000000.",
        .cites = {REQ_MSG_DEMO_iface_03},
        .needs = NEEDS_MESSAGES,
        .run = wire,
    },
    {
        .id = "msgprog.readmsg.unknown",
        .claim = "a number that was never given reads as the empty string",
        .why = "Used as an index it reaches before or far behind the table.",
        .how = "0, -1, 2^31-1, -2^31 and others; SUCCESS with an empty string.",
        .cites = {REQ_MSG_DEMO_semantics_02, REQ_XDR_4506_4_1_01},
        .needs = NEEDS_MESSAGES,
        .run = unknown,
    },
    {
        .id = "msgprog.readmsg.past-end",
        .claim = "the number behind the last one reads as the empty string",
        .why = "One past the end is the most frequent wrong index.",
        .how = "The number of a message that was just saved, and one.",
        .cites = {REQ_MSG_DEMO_semantics_02},
        .needs = NEEDS_MESSAGES,
        .flags = CHECK_ALONE,
        .run = past_end,
    },
    {
        .id = "msgprog.readmsg.hundreds",
        .claim = "the three hundredth message reads as well as the first",
        .why = "A number in eight bits, or a table that grows once too rarely, shows behind 255.",
        .how = "300 short texts, all read back.",
        .cites = {REQ_MSG_DEMO_semantics_02},
        .needs = NEEDS_MESSAGES | NEED_PERSISTS,
        .flags = CHECK_ALONE, /* so many messages get into the way of the checks that count */
        .run = hundreds,
    },
    {
        .id = "msgprog.readmsg.repeat",
        .claim = "a message can be read again and again, from any connection",
        .why = "A result that is freed or moved when it is sent is gone the second time.",
        .how = "The same number four times, from several connections.",
        .cites = {REQ_MSG_DEMO_semantics_02},
        .needs = NEEDS_MESSAGES,
        .run = repeat,
    },
    {
        .id = "msgprog.readmsg.earlier-unchanged",
        .claim = "later messages do not change earlier ones",
        .why = "Texts that are kept by reference end up as the last one.",
        .how = "Eight texts, long and short by turns, then all are read.",
        .cites = {REQ_MSG_DEMO_semantics_02},
        .needs = NEEDS_MESSAGES,
        .run = earlier_unchanged,
    },
    {
        .id = "msgprog.readmsg.padding-zero",
        .claim = "a result is padded by zeros, and nothing stands behind it",
        .why = "The padding is where old octets leak.",
        .how = "Texts of 1 to 12 octets, each read behind a text of 64 times z.",
        .cites = {REQ_XDR_4506_3_02},
        .needs = NEEDS_MESSAGES,
        .run = padding_zero,
    },
    {
        .id = "msgprog.readmsg.cut-args",
        .claim = "READMSG without its number is refused by GARBAGE_ARGS",
        .why = "A number that did not come is one of somebody else, or 0.",
        .how = "0 octets: GARBAGE_ARGS; 1 to 3 octets: no SUCCESS.",
        .cites = {REQ_RPC_5531_9_21, REQ_XDR_4506_4_1_03},
        .needs = NEEDS_MESSAGES,
        .run = cut_args,
    },
    {
        .id = "msgprog.readmsg.trailing",
        .claim = "what the target says to octets behind the number",
        .why = "The RFC does not say.",
        .how = "1, 4 and 400 octets; the reaction is recorded.",
        .cites = {REQ_MSG_DEMO_limits_01},
        .needs = NEEDS_MESSAGES,
        .run = trailing,
    },
};

SUITE(msgprog_readmsg);
