/* Checks: texts of every length and of every octet, saved and read back. */
#include <inttypes.h>
#include <string.h>

#include "conformance/msgprog/message.h"
#include "conformance/suites.h"

enum { WHAT = 120, USUAL_MAX = 8999, SMALL = 1000, KIND = 160 };

/* Stored exactly, or refused. */
static void exactly(struct check_ctx *c, struct slice text, const char *what)
{
    struct conn *conn = check_dial(c);
    struct heard h;

    message_say(c, conn, text, true, &h);
    int32_t number = message_outcome(c, &h, what);
    if (number > 0)
        message_holds(c, message_reader(c, conn), number, text);
    else
        check_remark(c, "%s is refused", what);
    check_close(c, conn);
}

static void roundtrip(struct check_ctx *c)
{
    static const size_t lengths[] = {0,  1,  2,  3,   4,   5,   6,   7,    8,
                                     15, 16, 17, 255, 256, 257, 999, 4000, USUAL_MAX};
    uint64_t limit = check_expected_number(c, "max-string", SMALL);
    bool datagrams = endpoint_is_datagram(&c->target.endpoint);
    bool further = !datagrams && !check_expectation(c, "max-string");
    struct conn *conn = check_dial(c);
    struct buf text;

    if (datagrams && limit > SMALL)
        limit = SMALL; /* how large a datagram the target takes is its own affair */
    buf_init(&text, MESSAGE_MAX);
    for (size_t i = 0; i < ARRAY_LEN(lengths) && check_in_time(c); i++) {
        if (lengths[i] > limit)
            continue;
        buf_reset(&text);
        message_text(c, lengths[i], &text);
        message_roundtrip(c, conn, buf_slice(&text));
    }
    check_close(c, conn);
    /* How long a text it takes is its own affair, too, where it promises nothing; msgprog.limits
       tells. But what it takes must come back. */
    for (size_t i = 0; further && i < ARRAY_LEN(lengths) && check_in_time(c); i++) {
        if (lengths[i] <= limit)
            continue;
        buf_reset(&text);
        message_text(c, lengths[i], &text);
        exactly(c, buf_slice(&text), "a longer text");
    }
    buf_free(&text);
}

static void empty(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    int32_t first = message_roundtrip(c, conn, slice_str(""));
    int32_t second = message_roundtrip(c, conn, slice_str(""));

    if (check_alive(c) && first == second)
        check_broken(c, "an empty text is a message", "two of them have the number %" PRId32,
                     first);
}

/* ---- limits ---- */

struct walk {
    size_t stored;  /* the longest text that was stored */
    size_t refused; /* the shortest that was not, or 0 */
    char how[KIND]; /* it was refused */
};

static void walk_length(struct check_ctx *c, struct walk *w, size_t len)
{
    struct conn *conn = check_dial(c);
    struct buf text, got;
    char what[WHAT];
    struct heard h;

    buf_init(&text, MESSAGE_MAX);
    buf_init(&got, 2 * MESSAGE_MAX);
    message_text(c, len, &text);
    message_say(c, conn, buf_slice(&text), false, &h);
    text_format(what, sizeof(what), "a text of %zu octets", len);
    int32_t number = message_outcome(c, &h, what);
    if (number > 0) {
        w->stored = len > w->stored ? len : w->stored;
        if (message_try_read(c, message_reader(c, conn), number, &got) &&
            !slice_eq(buf_slice(&got), buf_slice(&text)))
            check_broken(c, "a text is stored whole, or refused",
                         "%s reads as %zu octets, of which the first %zu are right", what, got.len,
                         slice_common(buf_slice(&got), buf_slice(&text)));
    } else if (w->refused == 0) {
        w->refused = len;
        check_heard_text(&h, w->how, sizeof(w->how));
    }
    /* A reply to a part of the record leaves the rest, which nobody knows what to do with. */
    if (check_alive(c) && !endpoint_is_datagram(&c->target.endpoint) && !h.fenced && !h.ended &&
        !h.reset)
        check_broken(c, "after a text the connection is served on, or ended",
                     "%s is answered, and a NULL call behind it is not", what);
    check_close(c, conn);
    buf_free(&text);
    buf_free(&got);
}

static void walk_lengths(struct check_ctx *c, struct walk *w)
{
    static const size_t lengths[] = {8192,  8748,  8756,  8760,  8999,  9000,   9001,   10000,
                                     16384, 32768, 65459, 65535, 65536, 262144, 1000000};
    size_t largest = endpoint_is_datagram(&c->target.endpoint) ? 65460 : check_volume(c, 1000000);

    for (size_t i = 0; i < ARRAY_LEN(lengths) && check_in_time(c); i++) {
        if (lengths[i] <= largest)
            walk_length(c, w, lengths[i]);
    }
    check_probe(c);
}

static void never_cut(struct check_ctx *c)
{
    struct walk w = {0};

    walk_lengths(c, &w);
    if (w.refused)
        check_remark(c, "%zu octets are stored, %zu are not: %s", w.stored, w.refused, w.how);
    else
        check_remark(c, "%zu octets are stored", w.stored);
}

static void string_limit(struct check_ctx *c)
{
    const char *promised = check_expectation(c, "max-string");
    size_t limit = (size_t)check_expected_number(c, "max-string", 0);
    struct walk w = {0};

    if (promised && limit > 1000000) {
        check_skipped(c, "texts of more than 1000000 octets are not tried");
        return;
    }
    if (!promised) {
        walk_lengths(c, &w);
        if (w.refused)
            check_noted(c, "%zu octets are stored, %zu are not: %s", w.stored, w.refused, w.how);
        else
            check_noted(c, "texts of up to %zu octets are stored", w.stored);
        return;
    }
    walk_length(c, &w, limit);
    if (check_alive(c) && w.stored != limit)
        check_broken(c, "a text as long as the target promises is stored", "%zu octets: %s", limit,
                     w.how);
    walk_length(c, &w, limit + 1);
    check_probe(c);
}

/* ---- octets ---- */

/* What can be printed has to be stored; control octets an application may refuse. */
static void text_is_data(struct check_ctx *c)
{
    static const char *const printable[] = {
        "/etc/passwd",
        "../../../../tmp/assay",
        "%s%s%s%n%n%x",
        "%",
        "100%% sure",
        "'; drop table",
        "$(id) `id` $HOME \\",
        "<b>&amp;</b>",
        " leading and trailing ",
        "\"quotes\" and 'more'",
        ".",
        "0",
        "-1",
    };
    static const char *const control[] = {"two\nlines\r\n", "\n", "\x01\x02\x1b[2J\x7f",
                                          "tab\there"};
    struct conn *conn = check_dial(c);

    for (size_t i = 0; i < ARRAY_LEN(printable) && check_in_time(c); i++)
        message_roundtrip(c, conn, slice_str(printable[i]));
    check_close(c, conn);
    for (size_t i = 0; i < ARRAY_LEN(control) && check_in_time(c); i++)
        exactly(c, slice_str(control[i]), "a text with control octets");
}

static void non_ascii(struct check_ctx *c)
{
    uint8_t all[255];

    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (uint8_t)(i + 1);
    exactly(c, slice_str("gr\xc3\xbc\xc3\x9f dich, \xe4\xb8\x96\xe7\x95\x8c"), "UTF-8");
    exactly(c, slice_str("gr\xfc\xdf"), "Latin-1");
    exactly(c, slice_str("\xff\xfe\x80\xc0\xaf"), "what is no UTF-8");
    exactly(c, slice_of(all, sizeof(all)), "every octet but NUL");
}

static void embedded_nul(struct check_ctx *c)
{
    static const struct {
        const char *octets;
        size_t len;
    } texts[] = {{"a\0b", 3}, {"\0", 1}, {"\0abc", 4}, {"abc\0", 4}, {"a\0\0\0b\0", 6}};

    for (size_t i = 0; i < ARRAY_LEN(texts) && check_in_time(c); i++)
        exactly(c, slice_of(texts[i].octets, texts[i].len), "a text with NUL in it");
}

/* A text that looks like the messages, or the numbers, of the protocol. */
static void looks_like_protocol(struct check_ctx *c)
{
    struct onc_call call = check_call_of(c, MESSAGE_SAVE);
    struct buf args, record, message;

    buf_init(&args, 1 << 10);
    buf_init(&record, 1 << 10);
    buf_init(&message, 1 << 10);
    message_args(slice_str("inside"), &args);
    call.args = buf_slice(&args);
    onc_put_call(&message, &call);
    record_put(&record, buf_slice(&message));
    for (size_t i = 0; i < record.len; i++) /* NUL is another check's matter */
        record.data[i] = record.data[i] ? record.data[i] : 0x80;
    exactly(c, buf_slice(&record), "a text that looks like a call");
    check_probe(c);
    buf_free(&args);
    buf_free(&record);
    buf_free(&message);
}

#define NEEDS_MESSAGES (NEED_RPC | NEED_MSGPROG | NEED_REPLIES)

static const struct check checks[] = {
    {
        .id = "msgprog.roundtrip.lengths",
        .claim = "READMSG gives the text that SAVEMSG stored",
        .why = "It is what the service is for.",
        .how = "Texts of 0 to 1000 octets, each read back by its number; over streams up to 8999, "
               "where a text may also be refused. --expect max-string=N sets the limit.",
        .cites = {REQ_MSG_DEMO_semantics_02, REQ_XDR_4506_3_01, REQ_XDR_4506_4_11_01,
                  REQ_MSG_DEMO_steps_02},
        .needs = NEEDS_MESSAGES,
        .expects = "max-string",
        .run = roundtrip,
    },
    {
        .id = "msgprog.roundtrip.empty",
        .claim = "an empty text is a message with a number of its own",
        .why = "Length 0 is easily taken for nothing said.",
        .how = "Two empty texts; two numbers, and both read as empty.",
        .cites = {REQ_MSG_DEMO_semantics_01, REQ_XDR_4506_4_11_05},
        .needs = NEEDS_MESSAGES,
        .run = empty,
    },
    {
        .id = "msgprog.limits.never-cut",
        .claim = "a long text is stored whole, or refused by 0, GARBAGE_ARGS or SYSTEM_ERR",
        .why = "A text that is cut silently is a wrong text.",
        .how = "8192 to 1000000 octets (65460 in datagrams), among them the edges of 9000 and "
               "65536.",
        .cites = {REQ_MSG_DEMO_semantics_02},
        .needs = NEEDS_MESSAGES,
        .flags = CHECK_ALONE,
        .run = never_cut,
    },
    {
        .id = "msgprog.limits.string",
        .claim = "how long a text the target stores",
        .why = "msg.x declares no bound; libtirpc has one at 9000.",
        .how = "8192 to 1000000 octets; recorded. --expect max-string=N makes N octets a must.",
        .cites = {REQ_MSG_DEMO_limits_01},
        .needs = NEEDS_MESSAGES,
        .flags = CHECK_ALONE,
        .expects = "max-string",
        .run = string_limit,
    },
    {
        .id = "msgprog.text.is-data",
        .claim = "a text is data: no path, no format, no lines",
        .why = "What is printed, logged or written by lines changes it, or worse.",
        .how = "Slashes, %n, quotes: each is read back exactly. Newlines and control octets: read "
               "back "
               "exactly, or refused.",
        .cites = {REQ_XDR_4506_8_03},
        .needs = NEEDS_MESSAGES,
        .run = text_is_data,
    },
    {
        .id = "msgprog.text.looks-like-protocol",
        .claim = "a text that looks like a call is a text",
        .why = "Who searches a stream for messages finds this one.",
        .how = "A record with a SAVEMSG call, its NULs replaced, as a text.",
        .cites = {REQ_XDR_4506_8_03},
        .needs = NEEDS_MESSAGES,
        .run = looks_like_protocol,
    },
    {
        .id = "msgprog.text.non-ascii",
        .claim = "octets over 127 are stored exactly, or the text is refused",
        .why = "Masked, escaped or converted they are another text.",
        .how = "UTF-8, Latin-1, what is no UTF-8, and all octets from 1 to 255.",
        .cites = {REQ_MSG_DEMO_semantics_02, REQ_XDR_4506_4_11_06},
        .needs = NEEDS_MESSAGES,
        .run = non_ascii,
    },
    {
        .id = "msgprog.text.embedded-nul",
        .claim = "a text with NUL in it is stored exactly, or refused",
        .why = "A string of C ends there, one of XDR does not: the rest would be lost silently.",
        .how = "NUL at the beginning, in the middle and at the end.",
        .cites = {REQ_MSG_ROB_02, REQ_XDR_4506_8_02},
        .needs = NEEDS_MESSAGES,
        .run = embedded_nul,
    },
};

SUITE(msgprog_text);
