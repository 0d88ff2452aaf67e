/* Steps on the program MSGPROG. */
#include "conformance/msgprog/message.h"

#include <inttypes.h>

#include "conformance/rpc/try.h"

enum { WORD_MAX = 80, SCAN_MAX = 2000, TEXT = 200 };

void message_text(struct check_ctx *c, size_t octets, struct buf *out)
{
    char word[WORD_MAX];
    size_t end = out->len + octets;

    for (unsigned i = 0; out->len < end && !out->failed; i++) {
        text_format(word, sizeof(word), "assay %016" PRIx64 " %u ", rng_next(&c->rng), i);
        buf_put(out, slice_sub(slice_str(word), 6 * (octets < 24), end - out->len));
    }
    if (out->failed)
        check_trouble(c, "out of memory");
}

void message_args(struct slice text, struct buf *out)
{
    wire_put_string(out, text);
}

/* The results of SAVEMSG: one int. */
static bool read_number(struct check_ctx *c, const struct heard *h, int32_t *ret)
{
    struct wire_in in;
    char text[TEXT];
    struct buf why;

    wire_open(&in, h->reply.results);
    *ret = wire_int(&in, "number");
    wire_end(&in, "results");
    if (wire_ok(&in))
        return true;
    buf_init(&why, sizeof(text));
    wire_explain(&in, &why);
    text_copy(text, sizeof(text), buf_text(&why));
    buf_free(&why);
    check_broken(c, "the results of SAVEMSG are one int", "%s", text);
    return false;
}

void message_say(struct check_ctx *c, struct conn *conn, struct slice text, bool due,
                 struct heard *ret)
{
    struct say_options options = {.awaits = due};
    struct onc_call call = check_call_of(c, MESSAGE_SAVE);
    struct buf args;

    buf_init(&args, MESSAGE_MAX);
    message_args(text, &args);
    call.args = buf_slice(&args);
    check_say(c, conn, &call, &options, ret);
    buf_free(&args);
}

int32_t message_save(struct check_ctx *c, struct conn *conn, struct slice text)
{
    int32_t number = 0;
    struct heard h;

    message_say(c, conn ? conn : check_dial(c), text, true, &h);
    check_accepted(c, &h, "SAVEMSG", ONC_SUCCESS);
    if (!conn)
        try_close(c, &h);
    if (!check_alive(c) || !read_number(c, &h, &number))
        return 0;
    if (number >= 1)
        return number;
    check_broken(c, "a text is stored under a number from 1 on",
                 "the number %" PRId32 " for a text of %zu octets", number, text.len);
    return 0;
}

int32_t message_outcome(struct check_ctx *c, struct heard *h, const char *what)
{
    char heard[TEXT];
    int32_t number = 0;

    bool datagrams = endpoint_is_datagram(&c->target.endpoint);

    if (datagrams)
        try_linger(c, h);
    else if (h->replies == 0)
        check_hear(c, h, true);
    if (!check_alive(c))
        return 0;
    if (h->replies == 0) {
        bool silent = h->fenced && datagrams;

        if (h->conn && conn_waits_in_line(c, h->conn))
            return 0;
        check_heard_text(h, heard, sizeof(heard));
        if (!h->ended && !h->reset && !silent)
            check_broken(c, "the text is stored or refused", "%s for %s", heard, what);
        check_met(c);
        return 0;
    }
    check_answered_once(c, h, what);
    if (!check_alive(c))
        return 0;
    if (h->reply.reply_stat == ONC_MSG_ACCEPTED && h->reply.accept_stat == ONC_SUCCESS) {
        if (read_number(c, h, &number) && number < 0)
            check_broken(c, "a number from 1 on, or 0", "the number %" PRId32 " for %s", number,
                         what);
        return check_alive(c) ? number : 0;
    }
    check_heard_text(h, heard, sizeof(heard));
    if (h->reply.reply_stat != ONC_MSG_ACCEPTED ||
        (h->reply.accept_stat != ONC_GARBAGE_ARGS && h->reply.accept_stat != ONC_SYSTEM_ERR))
        check_broken(c, "stored, or refused by 0, GARBAGE_ARGS or SYSTEM_ERR", "%s for %s", heard,
                     what);
    return 0;
}

/* The results of READMSG: one string, its padding zero, and nothing behind it. */
static bool read_text(const struct heard *h, struct buf *ret, struct wire_in *in)
{
    wire_open(in, h->reply.results);
    struct slice text = wire_string(in, "text", WIRE_NO_LIMIT);
    wire_end(in, "results");
    buf_reset(ret);
    buf_put(ret, text);
    return wire_ok(in);
}

void message_read(struct check_ctx *c, struct conn *conn, int32_t number, struct buf *ret)
{
    struct wire_in in;
    struct heard h;
    struct buf args;

    buf_reset(ret);
    if (!check_alive(c))
        return;
    buf_init(&args, WIRE_UNIT);
    wire_put_int(&args, number);
    check_call(c, conn, MESSAGE_READ, buf_slice(&args), &h);
    buf_free(&args);
    if (!check_alive(c) || read_text(&h, ret, &in))
        return;
    struct buf why;
    buf_init(&why, TEXT);
    wire_explain(&in, &why);
    check_broken(c, "the results of READMSG are one string", "%s", buf_text(&why));
    buf_free(&why);
}

bool message_try_read(struct check_ctx *c, struct conn *conn, int32_t number, struct buf *ret)
{
    static const struct say_options options = {.resend = true, .awaits = true};
    struct onc_call message = check_call_of(c, MESSAGE_READ);
    struct wire_in in;
    struct heard h;
    struct buf args;

    buf_reset(ret);
    if (!check_alive(c))
        return false;
    buf_init(&args, WIRE_UNIT);
    wire_put_int(&args, number);
    message.args = buf_slice(&args);
    check_say(c, conn ? conn : check_dial(c), &message, &options, &h);
    if (!conn)
        try_close(c, &h);
    buf_free(&args);
    return check_alive(c) && h.replies > 0 && h.sound && h.reply.reply_stat == ONC_MSG_ACCEPTED &&
           h.reply.accept_stat == ONC_SUCCESS && read_text(&h, ret, &in);
}

struct conn *message_reader(struct check_ctx *c, struct conn *conn)
{
    bool alone = conn_serves_one(c) && conn->used && !conn->ended && !conn->lost;

    return alone ? conn : check_dial(c);
}

void message_holds(struct check_ctx *c, struct conn *conn, int32_t number, struct slice text)
{
    struct buf got;

    buf_init(&got, 2 * MESSAGE_MAX);
    message_read(c, conn, number, &got);
    struct slice came = buf_slice(&got);
    if (check_alive(c) && got.failed)
        check_broken(c, "the text that was stored", "one of more than %d octets", 2 * MESSAGE_MAX);
    else if (check_alive(c) && !slice_eq(came, text))
        check_broken(c, "READMSG gives the text that was stored",
                     "message %" PRId32 " has %zu octets for %zu; the first %zu are right", number,
                     came.len, text.len, slice_common(came, text));
    if (check_alive(c))
        check_met(c);
    buf_free(&got);
}

int32_t message_roundtrip(struct check_ctx *c, struct conn *conn, struct slice text)
{
    int32_t number = message_save(c, conn, text);

    message_holds(c, conn, number, text);
    return number;
}

void message_absent(struct check_ctx *c, int32_t after, int32_t before, struct slice text)
{
    struct buf got;
    int64_t count = (int64_t)before - after - 1;

    if (!check_alive(c))
        return;
    if (count > SCAN_MAX)
        after = before - SCAN_MAX - 1;
    buf_init(&got, 2 * MESSAGE_MAX);
    struct conn *conn = check_dial(c);
    for (int32_t i = after + 1; i < before && check_in_time(c); i++) {
        if (message_try_read(c, conn, i, &got) && text.len > 0 &&
            slice_find(buf_slice(&got), text) < got.len)
            check_broken(c, "nothing is stored from a message that is wrong",
                         "message %" PRId32 " holds its text", i);
    }
    check_close(c, conn);
    check_met(c);
    buf_free(&got);
}
