/* Checks: what stands in arguments and results, by a program whose procedures are known (MSGPROG).
 */
#include <inttypes.h>

#include "conformance/rpc/wrong.h"
#include "conformance/suites.h"

enum { SAVEMSG = 1, READMSG = 2, ROOM = 1 << 18, TEXT_MAX = 1 << 17, TEXT = 200 };

/* A text that nobody else stores: the number of an xid and the rest of it. */
static void make_text(struct check_ctx *c, size_t len, struct buf *out)
{
    buf_printf(out, "%08" PRIx32, check_xid(c));
    while (out->len < len && !out->failed)
        buf_put_byte(out, (uint8_t)('a' + out->len % 26));
    out->len = len;
}

/* SAVEMSG as it is given, whose arguments are set here. */
static void save(struct check_ctx *c, struct conn *conn, struct onc_call *call, struct slice text,
                 struct heard *ret)
{
    const struct say_options options = {.awaits = true};
    struct buf args;

    buf_init(&args, ROOM);
    wire_put_string(&args, text);
    call->args = buf_slice(&args);
    check_say(c, conn, call, &options, ret);
    call->args = slice_of(NULL, 0);
    buf_free(&args);
}

/* The number in the results of SAVEMSG; settles where they are anything else. */
static int32_t saved_number(struct check_ctx *c, struct heard *h)
{
    struct wire_in in;

    check_accepted(c, h, "a call of SAVEMSG", ONC_SUCCESS);
    if (!check_alive(c))
        return 0;
    wire_open(&in, h->reply.results);
    int32_t number = wire_int(&in, "number");
    wire_end(&in, "results");
    if (!wire_ok(&in) || number < 1)
        check_broken(c, "the number of the message, from 1 on, and nothing behind it",
                     "%zu octets of results, number %" PRId32, h->reply.results.len, number);
    return number;
}

static void read_back(struct check_ctx *c, struct conn *conn, int32_t number, struct heard *ret)
{
    struct onc_call call = check_call_of(c, READMSG);
    struct buf args;

    buf_init(&args, ROOM);
    wire_put_int(&args, number);
    call.args = buf_slice(&args);
    check_say(c, conn, &call, &wrong_due, ret);
    buf_free(&args);
}

/* The results are this text, padded with zeros, and nothing else. */
static void judge_text(struct check_ctx *c, struct heard *h, struct slice text)
{
    struct wire_in in;
    struct buf fault;

    check_accepted(c, h, "a call of READMSG", ONC_SUCCESS);
    if (!check_alive(c))
        return;
    wire_open(&in, h->reply.results);
    struct slice came = wire_string(&in, "text", WIRE_NO_LIMIT);
    wire_end(&in, "results");
    buf_init(&fault, TEXT * 2);
    wire_explain(&in, &fault);
    if (!wire_ok(&in))
        check_broken(c, "a string, padded with zeros, and nothing behind it", "%s",
                     buf_text(&fault));
    else if (!slice_eq(came, text))
        check_broken(c, "the text as it was saved", "%zu octets, the first %zu as they were",
                     came.len, slice_common(came, text));
    buf_free(&fault);
    check_met(c);
}

/* Saves a text of each length and reads it back. */
static void round_trips(struct check_ctx *c, const size_t *lengths, size_t count)
{
    struct conn *conn = check_dial(c);
    struct buf text;

    buf_init(&text, ROOM);
    for (size_t i = 0; i < count && check_alive(c); i++) {
        struct onc_call call = check_call_of(c, SAVEMSG);
        struct heard h;

        buf_reset(&text);
        make_text(c, lengths[i], &text);
        save(c, conn, &call, buf_slice(&text), &h);
        int32_t number = saved_number(c, &h);
        read_back(c, conn, number, &h);
        judge_text(c, &h, buf_slice(&text));
    }
    buf_free(&text);
    check_close(c, conn);
}

static void success_results(struct check_ctx *c)
{
    static const size_t lengths[] = {8, 40, 400};

    round_trips(c, lengths, ARRAY_LEN(lengths));
}

static void padding_zero(struct check_ctx *c)
{
    static const size_t lengths[] = {9, 10, 11, 401, 13, 1, 2, 3, 5};

    round_trips(c, lengths, ARRAY_LEN(lengths));
}

/* The parameters begin behind both bodies and their padding. That AUTH_NONE has a body at all may
   be refused: it is recommended to be empty (RFC 5531 10.1). */
static void args_after_verf(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct onc_call call = check_call_of(c, SAVEMSG);
    struct buf text;
    struct heard h;
    char words[TEXT];

    buf_init(&text, ROOM);
    make_text(c, 21, &text);
    call.cred.body = wire_counted_of(slice_str("12345"));
    call.verf.body = wire_counted_of(slice_str("1234567"));
    save(c, conn, &call, buf_slice(&text), &h);
    check_answered_once(c, &h, "SAVEMSG with AUTH_NONE bodies of 5 and 7 octets");
    if (check_alive(c) && h.reply.reply_stat == ONC_MSG_DENIED) {
        check_heard_text(&h, words, sizeof(words));
        check_noted(c, "AUTH_NONE with a body is %s", words);
    }
    int32_t number = saved_number(c, &h);
    read_back(c, conn, number, &h);
    judge_text(c, &h, buf_slice(&text));
    buf_free(&text);
    check_close(c, conn);
}

/* The number that SAVEMSG gave; 0 where it gave none, as it may to a text that is too long. */
static int32_t given_number(const struct heard *h)
{
    struct wire_in in;

    if (h->reply.reply_stat != ONC_MSG_ACCEPTED || h->reply.accept_stat != ONC_SUCCESS)
        return 0;
    wire_open(&in, h->reply.results);
    return wire_int(&in, "number");
}

/* A text that is taken must be given back, or refused with one SYSTEM_ERR: not both. */
static void single_on_encode_error(struct check_ctx *c)
{
    static const size_t lengths[] = {8192, 8996, 8999, 9000, 9001, 65000, TEXT_MAX - 4};
    unsigned given = 0;
    struct buf text;

    buf_init(&text, ROOM);
    for (size_t i = 0; i < ARRAY_LEN(lengths) && check_in_time(c); i++) {
        struct conn *conn = check_dial(c); /* one that is too long may end it */
        struct onc_call call = check_call_of(c, SAVEMSG);
        struct heard h;

        buf_reset(&text);
        make_text(c, lengths[i], &text);
        save(c, conn, &call, buf_slice(&text), &h);
        if (h.replies > 0)
            check_answered_once(c, &h, "SAVEMSG of a long text");
        int32_t number = h.replies > 0 ? given_number(&h) : 0;
        if (number > 0) {
            read_back(c, conn, number, &h);
            check_answered_once(c, &h, "READMSG of a long text");
            given += h.reply.accept_stat == ONC_SUCCESS;
            check_fence(c, conn);
        }
        check_met(c);
        check_close(c, conn);
    }
    check_remark(c, "%u of %zu long texts were given back", given, ARRAY_LEN(lengths));
    buf_free(&text);
}

#define NEEDS_MESSAGES (NEED_RPC | NEED_MSGPROG)

static const struct check checks[] = {
    {
        .id = "rpc.reply.success-results",
        .claim = "SUCCESS is followed by the results of the procedure and nothing else",
        .why = "A client takes what stands behind the status for the results.",
        .how = "Texts of 8, 40 and 400 octets, saved and read back; the results are read strictly "
               "to their end.",
        .cites = {REQ_RPC_5531_9_13},
        .needs = NEEDS_MESSAGES,
        .run = success_results,
    },
    {
        .id = "rpc.reply.padding-zero",
        .claim = "results are padded to four octets with zeros",
        .why = "Octets that are not cleared carry somebody else's data.",
        .how = "Texts whose lengths are no multiple of four, saved and read back.",
        .cites = {REQ_XDR_4506_3_02},
        .needs = NEEDS_MESSAGES,
        .run = padding_zero,
    },
    {
        .id = "rpc.call.args-after-verf",
        .claim = "the parameters begin behind the padding of the verifier",
        .why = "Who forgets the padding of a body reads every parameter shifted.",
        .how = "SAVEMSG with bodies of 5 and 7 octets in credential and verifier; the text comes "
               "back as it was. That AUTH_NONE with a body is refused is noted.",
        .cites = {REQ_RPC_5531_9_11},
        .needs = NEEDS_MESSAGES,
        .run = args_after_verf,
    },
    {
        .id = "rpc.reply.single-on-encode-error",
        .claim = "results that cannot be encoded bring one reply",
        .why = "Half a SUCCESS and a SYSTEM_ERR behind it are two records for one call; the second "
               "is taken for the answer to the next one.",
        .how = "Texts of 8 KiB to 128 KiB; those that are taken are read back: one sound reply to "
               "each call.",
        .cites = {REQ_RPC_ROB_9_05, REQ_RPC_5531_9_22},
        .needs = NEEDS_MESSAGES | NEED_STREAM,
        .run = single_on_encode_error,
    },
};

SUITE(rpc_results);
