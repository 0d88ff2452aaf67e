/* Checks: SAVEMSG: numbers, and arguments that are wrong. */
#include <inttypes.h>
#include <string.h>

#include "conformance/msgprog/message.h"
#include "conformance/rpc/try.h"
#include "conformance/suites.h"

enum { WHAT = 120, TRIES = 3 };

static void wire(struct check_ctx *c)
{
    static const uint8_t golden[] = {0, 0, 0, 5, 'h', 'e', 'l', 'l', 'o', 0, 0, 0};
    static const struct say_options due = {.awaits = true};
    struct onc_call call = check_call_of(c, MESSAGE_SAVE);
    struct conn *conn = check_dial(c);
    struct heard h;

    call.args = slice_of(golden, sizeof(golden));
    check_say(c, conn, &call, &due, &h);
    check_accepted(c, &h, "SAVEMSG", ONC_SUCCESS);
    if (check_alive(c) && h.reply.results.len != WIRE_UNIT)
        check_broken(c, "the results of SAVEMSG are one word", "%zu octets", h.reply.results.len);
    int32_t number = message_outcome(c, &h, "SAVEMSG");
    if (check_alive(c) && number < 1)
        check_broken(c, "a text is stored under a number from 1 on", "0");
    message_holds(c, conn, number, slice_str("hello"));
}

/*
 * Three texts in a row have three numbers in a row, unless somebody else saved one in between: then
 * the number that was left out reads as his text. An empty one cannot be told from none, so that
 * one such gap proves nothing; the same in every try does.
 */
static bool gap_is_empty(struct check_ctx *c, struct conn *conn, int32_t last, int32_t next)
{
    struct buf got;
    bool empty = false;

    buf_init(&got, 2 * MESSAGE_MAX);
    for (int32_t i = last + 1; i < next && i < last + 64 && check_in_time(c); i++)
        empty |= message_try_read(c, conn, i, &got) && got.len == 0;
    buf_free(&got);
    return empty;
}

static void consecutive(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    unsigned gaps = 0;
    int32_t last = 0;
    int32_t next = 0;

    for (unsigned i = 0; i < TRIES && gaps == i && check_alive(c); i++) {
        bool gap = false;

        last = message_save(c, conn, slice_str("a"));
        for (unsigned k = 0; k < 2 && check_alive(c) && !gap; k++) {
            next = message_save(c, conn, slice_str(k ? "c" : "b"));
            if (check_alive(c) && next <= last)
                check_broken(c, "a later text has a larger number", "%" PRId32 " behind %" PRId32,
                             next, last);
            gap = gap_is_empty(c, conn, last, next);
            last = gap ? last : next;
        }
        gaps += gap;
    }
    if (check_alive(c) && gaps == TRIES)
        check_broken(c, "the number is the place of the text, counted from 1",
                     "%" PRId32 " behind %" PRId32 ", and what is between was never given", next,
                     last);
}

static void same_text_twice(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct buf text;

    buf_init(&text, 1 << 10);
    message_text(c, 48, &text);
    int32_t first = message_roundtrip(c, conn, buf_slice(&text));
    int32_t second = message_roundtrip(c, conn, buf_slice(&text));
    if (check_alive(c) && first == second)
        check_broken(c, "each call stores its own message", "the number %" PRId32 " twice", first);
    message_holds(c, conn, first, buf_slice(&text));
    buf_free(&text);
}

/* ---- arguments that are wrong ---- */

/* Says SAVEMSG with these octets for arguments, on a connection of its own that stays open. */
static void say_args(struct check_ctx *c, struct slice args, struct heard *ret)
{
    struct onc_call call = check_call_of(c, MESSAGE_SAVE);

    call.args = args;
    check_say(c, check_dial(c), &call, NULL, ret);
}

/* Cut at every octet. Where whole words are left, the message is well-formed but for its end. */
static void cut_args(struct check_ctx *c)
{
    enum { TEXT = 13 };
    char what[WHAT];
    struct buf text, args;
    struct heard h;

    buf_init(&text, 1 << 10);
    buf_init(&args, 1 << 10);
    message_text(c, TEXT, &text);
    message_args(buf_slice(&text), &args);
    for (size_t len = 0; len < WIRE_UNIT + TEXT && check_in_time(c); len++) {
        say_args(c, slice_sub(buf_slice(&args), 0, len), &h);
        text_format(what, sizeof(what), "SAVEMSG with %zu of %zu octets of its arguments", len,
                    args.len);
        bool even = len % WIRE_UNIT == 0;
        if (even)
            check_accepted(c, &h, what, ONC_GARBAGE_ARGS);
        else if (message_outcome(c, &h, what) > 0)
            check_broken(c, "arguments that are cut are refused", "%s is stored", what);
        try_close(c, &h);
    }
    buf_free(&text);
    buf_free(&args);
}

static const struct {
    const char *what;
    uint32_t claimed;
} lies[] = {
    {"2^32-1", 0xffffffff}, {"2^32-2", 0xfffffffe},   {"2^32-3", 0xfffffffd},
    {"2^32-4", 0xfffffffc}, {"2^31", 0x80000000},     {"2^31-1", 0x7fffffff},
    {"2^31-4", 0x7ffffffc}, {"16777216", 0x01000000}, {"65536", 65536},
    {"17, four more", 17},
};

static void length_lies(struct check_ctx *c)
{
    char what[WHAT];
    struct buf text, args;
    struct heard h;

    buf_init(&text, 1 << 10);
    buf_init(&args, 1 << 10);
    for (size_t i = 0; i < ARRAY_LEN(lies) && check_in_time(c); i++) {
        buf_reset(&text);
        buf_reset(&args);
        message_text(c, 13, &text);
        struct wire_counted item = wire_counted_of(buf_slice(&text));
        item.lies = true;
        item.claimed = lies[i].claimed;
        wire_put_counted(&args, &item);
        say_args(c, buf_slice(&args), &h);
        text_format(what, sizeof(what), "SAVEMSG of 13 octets with a length of %s", lies[i].what);
        if (message_outcome(c, &h, what) > 0)
            check_broken(c, "a length that lies is refused", "%s is stored", what);
        try_close(c, &h);
    }
    check_probe(c);
    buf_free(&text);
    buf_free(&args);
}

/* All of it at once, and then a look at everything that was stored meanwhile. */
static void nothing_from_wrong(struct check_ctx *c)
{
    static const uint32_t claimed[] = {0xffffffff, 0x7fffffff, 65536, 64};
    struct buf text, args;
    struct heard h;

    buf_init(&text, 1 << 10);
    buf_init(&args, 1 << 10);
    message_text(c, 40, &text);
    int32_t before = message_save(c, NULL, slice_str("before"));
    for (size_t i = 0; i < ARRAY_LEN(claimed) && check_alive(c); i++) {
        buf_reset(&args);
        buf_put_u32(&args, claimed[i]);
        buf_put(&args, buf_slice(&text));
        say_args(c, buf_slice(&args), &h);
        message_outcome(c, &h, "SAVEMSG with a length that lies");
        try_close(c, &h);
    }
    int32_t after = message_save(c, NULL, slice_str("after"));
    message_absent(c, before, after, slice_sub(buf_slice(&text), 0, 24));
    buf_free(&text);
    buf_free(&args);
}

/* A record, or a connection, that ends in the middle of the text. */
static void cut_record(struct check_ctx *c)
{
    struct buf text, args, message, record;

    buf_init(&text, 1 << 12);
    buf_init(&args, 1 << 12);
    buf_init(&message, 1 << 12);
    buf_init(&record, 1 << 12);
    message_text(c, 200, &text);
    message_args(buf_slice(&text), &args);
    struct onc_call call = check_call_of(c, MESSAGE_SAVE);
    call.args = buf_slice(&args);
    onc_put_call(&message, &call);
    record_put(&record, buf_slice(&message));
    int32_t before = message_save(c, NULL, slice_str("before"));
    for (size_t cut = 1; cut <= 160 && check_in_time(c); cut += 53) {
        static const struct say_options bare = {.no_fence = true};
        struct conn *conn = check_dial(c);
        struct heard h;

        check_say_stream(c, conn, call.xid, slice_sub(buf_slice(&record), 0, record.len - cut),
                         &bare, &h);
        check_close(c, conn);
    }
    check_probe(c); /* an end may be seen later than a call that came behind it */
    int32_t after = message_save(c, NULL, slice_str("after"));
    message_absent(c, before, after, slice_sub(buf_slice(&text), 0, 24));
    buf_free(&text);
    buf_free(&args);
    buf_free(&message);
    buf_free(&record);
}

/* Arguments whose end is unusual: stored exactly, or refused; which, is told. */
static void unusual_end(struct check_ctx *c, const struct wire_counted *item, size_t extra,
                        const char *what)
{
    struct buf args;
    struct heard h;
    char text[WHAT];

    buf_init(&args, 1 << 12);
    wire_put_counted(&args, item);
    for (size_t i = 0; i < extra; i++)
        buf_put_byte(&args, 0xa5);
    say_args(c, buf_slice(&args), &h);
    int32_t number = message_outcome(c, &h, what);
    check_heard_text(&h, text, sizeof(text));
    if (number > 0)
        message_holds(c, message_reader(c, h.conn), number, item->octets);
    check_remark(c, "%s: %s", what, number > 0 ? "stored" : text);
    try_close(c, &h);
    buf_free(&args);
}

static void padding_nonzero(struct check_ctx *c)
{
    static const uint8_t ones[] = {0xff, 0xff, 0xff};

    for (size_t len = 13; len <= 15 && check_alive(c); len++) {
        struct buf text;

        buf_init(&text, 1 << 10);
        message_text(c, len, &text);
        struct wire_counted item = wire_counted_of(buf_slice(&text));
        item.pads = true;
        item.padding = slice_of(ones, wire_padding(len));
        unusual_end(c, &item, 0, "padding that is not zero");
        buf_free(&text);
    }
}

static void padding_missing(struct check_ctx *c)
{
    for (size_t len = 13; len <= 15 && check_alive(c); len++) {
        struct buf text;

        buf_init(&text, 1 << 10);
        message_text(c, len, &text);
        struct wire_counted item = wire_counted_of(buf_slice(&text));
        item.pads = true;
        unusual_end(c, &item, 0, "padding that is missing");
        buf_free(&text);
    }
}

static void trailing(struct check_ctx *c)
{
    static const size_t extras[] = {1, 4, 400};

    for (size_t i = 0; i < ARRAY_LEN(extras) && check_alive(c); i++) {
        struct buf text;

        buf_init(&text, 1 << 10);
        message_text(c, 13, &text);
        struct wire_counted item = wire_counted_of(buf_slice(&text));
        unusual_end(c, &item, extras[i], "octets behind the arguments");
        buf_free(&text);
    }
}

/* The same octets twice: one message or two, all of them whole, and no other one moves. */
static void duplicate_safe(struct check_ctx *c)
{
    struct onc_call call = check_call_of(c, MESSAGE_SAVE);
    struct conn *conn = check_dial(c);
    struct buf earlier, text, args;
    int32_t first = 0;
    struct heard h;

    buf_init(&earlier, 1 << 10);
    buf_init(&text, 1 << 10);
    buf_init(&args, 1 << 10);
    message_text(c, 40, &earlier);
    message_text(c, 60, &text);
    message_args(buf_slice(&text), &args);
    call.args = buf_slice(&args);
    int32_t before = message_save(c, conn, buf_slice(&earlier));
    for (unsigned i = 0; i < 2 && check_alive(c); i++) {
        check_say(c, conn, &call, NULL, &h);
        if (i == 0)
            check_accepted(c, &h, "SAVEMSG", ONC_SUCCESS);
        try_linger(c, &h);
        if (h.replies == 0)
            continue;
        int32_t number = message_outcome(c, &h, "SAVEMSG, sent again");
        if (check_alive(c) && number <= before)
            check_broken(c, "a new message has a new number", "%" PRId32 " behind %" PRId32, number,
                         before);
        first = i == 0 ? number : first;
        message_holds(c, message_reader(c, conn), number, buf_slice(&text));
    }
    message_holds(c, message_reader(c, conn), first, buf_slice(&text));
    message_holds(c, message_reader(c, conn), before, buf_slice(&earlier));
    buf_free(&earlier);
    buf_free(&text);
    buf_free(&args);
}

#define NEEDS_MESSAGES (NEED_RPC | NEED_MSGPROG | NEED_REPLIES)

static const struct check checks[] = {
    {
        .id = "msgprog.savemsg.wire",
        .claim = "SAVEMSG takes one string and returns one word",
        .why = "These are the octets that every stub of rpcgen makes.",
        .how = "00000005 68656c6c 6f000000; four octets of results, from 1 on; it reads as hello.",
        .cites = {REQ_MSG_DEMO_iface_02, REQ_XDR_4506_4_1_02},
        .needs = NEEDS_MESSAGES,
        .run = wire,
    },
    {
        .id = "msgprog.savemsg.consecutive",
        .claim = "the number of a message is its place, counted from 1",
        .why = "Clients read all messages by counting up to the last one.",
        .how = "Three texts; their numbers grow by one, or what is between is somebody's.",
        .cites = {REQ_MSG_DEMO_semantics_01},
        .needs = NEEDS_MESSAGES,
        .flags = CHECK_ALONE,
        .run = consecutive,
    },
    {
        .id = "msgprog.savemsg.same-text-twice",
        .claim = "the same text saved twice makes two messages",
        .why = "A message is what somebody said, not what it says.",
        .how = "The same text in two calls; two numbers, and both read as the text.",
        .cites = {REQ_MSG_DEMO_semantics_01},
        .needs = NEEDS_MESSAGES,
        .run = same_text_twice,
    },
    {
        .id = "msgprog.savemsg.duplicate-safe",
        .claim = "a SAVEMSG that is sent twice is stored once or twice, each time whole",
        .why = "A client whose reply is lost sends the same octets again.",
        .how = "The same octets twice on one connection or socket; every copy reads back, and an "
               "earlier message keeps its number.",
        .cites = {REQ_MSG_DEMO_failures_02},
        .needs = NEEDS_MESSAGES,
        .run = duplicate_safe,
    },
    {
        .id = "msgprog.savemsg.cut-args",
        .claim = "a text that is cut is refused: GARBAGE_ARGS where whole words are left",
        .why = "Half a message is no message.",
        .how = "Arguments cut at every octet of length and text, on connections of their own.",
        .cites = {REQ_RPC_5531_9_21},
        .needs = NEEDS_MESSAGES,
        .run = cut_args,
    },
    {
        .id = "msgprog.savemsg.length-lies",
        .claim = "a text whose length lies is refused",
        .why = "The word goes into malloc(), and rounded up to four it may be 0.",
        .how = "Lengths of 17 to 2^32-1 for 13 octets: 0, GARBAGE_ARGS, SYSTEM_ERR or an end.",
        .cites = {REQ_MSG_ROB_01},
        .needs = NEEDS_MESSAGES,
        .run = length_lies,
    },
    {
        .id = "msgprog.savemsg.nothing-from-wrong",
        .claim = "nothing is stored from a call whose arguments are wrong",
        .why = "A refusal behind the deed is none.",
        .how = "Lengths that lie; then every message stored meanwhile is read.",
        .cites = {REQ_MSG_ROB_01},
        .needs = NEEDS_MESSAGES,
        .run = nothing_from_wrong,
    },
    {
        .id = "msgprog.savemsg.cut-record",
        .claim = "nothing is stored from a record that did not end",
        .why = "The client went away before it had said all.",
        .how = "Records cut in their text, then close; every message stored meanwhile is read.",
        .cites = {REQ_RPC_ROB_11_03, REQ_MSG_ROB_01},
        .needs = NEEDS_MESSAGES | NEED_STREAM,
        .run = cut_record,
    },
    {
        .id = "msgprog.savemsg.padding-nonzero",
        .claim = "padding that is not zero does not become part of the text",
        .why = "Whether it is accepted is open; what is stored is not.",
        .how = "13 to 15 octets with padding of 0xff; the text exactly, or a refusal.",
        .cites = {REQ_MSG_ROB_02},
        .needs = NEEDS_MESSAGES,
        .run = padding_nonzero,
    },
    {
        .id = "msgprog.savemsg.padding-missing",
        .claim = "a text without its padding is stored exactly, or refused",
        .why = "Whoever reads the padding all the same reads beyond the message.",
        .how = "13 to 15 octets without padding; the text exactly, or a refusal.",
        .cites = {REQ_MSG_ROB_02},
        .needs = NEEDS_MESSAGES,
        .run = padding_missing,
    },
    {
        .id = "msgprog.savemsg.trailing",
        .claim = "octets behind the arguments do not become part of the text",
        .why = "Whether the call is carried out is open; what is stored is not.",
        .how = "1, 4 and 400 octets behind the text; the text exactly, or a refusal.",
        .cites = {REQ_MSG_ROB_02},
        .needs = NEEDS_MESSAGES,
        .run = trailing,
    },
};

SUITE(msgprog_savemsg);
