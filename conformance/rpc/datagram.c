/* Checks: ONC RPC over UDP: a call is a datagram, and so is its reply (RFC 5531 9). */
#include <inttypes.h>
#include <string.h>

#include "conformance/msgprog/message.h"
#include "conformance/rpc/try.h"
#include "conformance/rpc/wrong.h"
#include "conformance/suites.h"
#include "harness/base/deadline.h"

enum {
    HEADER = 40, /* octets of a call with AUTH_NONE twice */
    FILLER = 2000,
    FILLER_LESS = 800,
    FILLERS = 3, /* times that it is sent: a server may have several buffers */
    LARGEST = 65507,
    GRACE_MS = 40,
};

/* ---- octets of an earlier datagram ---- */

/* Fills the target's receive buffer, from another socket; what comes back is not looked at. */
static void fill(struct check_ctx *c, struct conn *other, struct slice filler)
{
    for (unsigned i = 0; i < FILLERS; i++)
        check_send_message(c, other, filler);
}

/* A NULL call with octets behind it: what is cut off a later one stands there in full. */
static void put_whole(struct check_ctx *c, struct buf *out)
{
    struct onc_call call = check_call_of(c, ONC_NULLPROC);

    onc_put_call(out, &call);
    while (out->len < FILLER && !out->failed)
        buf_put_u32(out, 0);
}

static void put_ones(struct buf *out)
{
    memset(buf_extend(out, FILLER), 0xff, FILLER);
}

/* A NULL call of which `len` octets are sent, behind the filler. With `waits` silence is only what
   lasts until patience ends. */
static bool say_prefix(struct check_ctx *c, struct slice filler, size_t len, bool waits,
                       char text[TRY_TEXT])
{
    struct onc_call call = check_call_of(c, ONC_NULLPROC);
    struct conn *other = check_dial(c);
    char what[TRY_WHAT];
    struct heard h;

    call.cut = true;
    call.keep = len;
    fill(c, other, filler);
    check_say(c, check_dial(c), &call, NULL, &h);
    if (waits)
        check_hear(c, &h, true);
    text_format(what, sizeof(what), "a NULL call of which %zu octets are sent", len);
    try_survived(c, &h, what); /* that it is not carried out is a claim of its own */
    check_heard_text(&h, text, TRY_TEXT);
    try_close(c, &h);
    check_close(c, other);
    return h.replies > 0;
}

/* The same prefix behind two fillers. A reply may be late, so a difference is looked at twice. */
static void compare_prefix(struct check_ctx *c, struct slice whole, struct slice ones, size_t len)
{
    char first[TRY_TEXT], second[TRY_TEXT];
    bool same = false;
    bool judged = true;

    for (unsigned i = 0; i < 2 && !same && check_alive(c); i++) {
        bool answered = say_prefix(c, whole, len, i > 0, first);

        answered &= say_prefix(c, ones, len, i > 0, second);
        same = text_eq(first, second);
        judged = answered || c->target.loopback; /* elsewhere datagrams may be lost */
    }
    if (check_alive(c) && !same && judged)
        check_broken(c, "the reaction to a cut call does not depend on an earlier datagram",
                     "%zu octets: %s behind one, %s behind another", len, first, second);
}

static void no_stale_header(struct check_ctx *c)
{
    struct buf whole, ones;

    buf_init(&whole, 1 << 12);
    buf_init(&ones, 1 << 12);
    put_whole(c, &whole);
    put_ones(&ones);
    for (size_t len = 1; len < HEADER && check_in_time(c); len++)
        compare_prefix(c, buf_slice(&whole), buf_slice(&ones), len);
    check_probe(c);
    buf_free(&whole);
    buf_free(&ones);
}

/* SAVEMSG with a length word of `claimed` and so many octets of text. */
static void say_cut_text(struct check_ctx *c, uint32_t claimed, struct slice text,
                         struct heard *ret)
{
    struct onc_call call = check_call_of(c, MESSAGE_SAVE);
    struct buf args;

    buf_init(&args, 1 << 12);
    wire_put_uint(&args, claimed);
    buf_put(&args, text);
    call.args = buf_slice(&args);
    check_say(c, check_dial(c), &call, NULL, ret);
    buf_free(&args);
}

/* The number that a cut SAVEMSG was given: what stands there tells whose octets they are. */
static void judge_cut_text(struct check_ctx *c, struct heard *h, size_t sent, struct slice secret)
{
    struct buf got;
    char what[TRY_WHAT];

    text_format(what, sizeof(what), "SAVEMSG with %zu of 24 octets of its text", sent);
    int32_t number = message_outcome(c, h, what);
    if (number <= 0)
        return;
    buf_init(&got, MESSAGE_MAX);
    bool read = message_try_read(c, check_dial(c), number, &got);
    bool theirs = read && got.len > sent &&
                  slice_find(secret, slice_from(buf_slice(&got), sent)) < secret.len;
    if (check_alive(c))
        check_broken(c, "SAVEMSG is not carried out with arguments that did not come",
                     "%s is stored as message %" PRId32 "%s", what, number,
                     theirs ? ", completed with the text of another client" : "");
    buf_free(&got);
}

static void no_stale_args(struct check_ctx *c)
{
    enum { CLAIMED = 24 };
    struct onc_call call = check_call_of(c, MESSAGE_SAVE);
    struct buf secret, args, filler, own;
    struct heard h;

    buf_init(&secret, 1 << 12);
    buf_init(&args, 1 << 12);
    buf_init(&filler, 1 << 13);
    buf_init(&own, 1 << 12);
    message_text(c, FILLER, &secret);
    message_text(c, CLAIMED, &own);
    message_args(buf_slice(&secret), &args);
    call.args = buf_slice(&args);
    onc_put_call(&filler, &call);
    for (size_t sent = 0; sent < CLAIMED && check_in_time(c); sent++) {
        struct conn *other = check_dial(c);

        fill(c, other, buf_slice(&filler));
        say_cut_text(c, CLAIMED, slice_sub(buf_slice(&own), 0, sent), &h);
        judge_cut_text(c, &h, sent, buf_slice(&secret));
        try_close(c, &h);
        check_close(c, other);
    }
    buf_free(&secret);
    buf_free(&args);
    buf_free(&filler);
    buf_free(&own);
}

/* READMSG without its number, behind an honest one of somebody else. */
static void no_stale_number(struct check_ctx *c)
{
    struct onc_call honest = check_call_of(c, MESSAGE_READ);
    int32_t number = message_save(c, check_dial(c), slice_str("for its owner only"));
    struct buf args, filler;
    char what[TRY_WHAT];
    struct heard h;

    buf_init(&args, WIRE_UNIT);
    buf_init(&filler, 1 << 10);
    wire_put_int(&args, number);
    honest.args = buf_slice(&args);
    onc_put_call(&filler, &honest);
    for (size_t sent = 0; sent < WIRE_UNIT && check_alive(c); sent++) {
        struct onc_call call = check_call_of(c, MESSAGE_READ);
        struct conn *other = check_dial(c);

        call.args = slice_sub(buf_slice(&args), 0, sent);
        fill(c, other, buf_slice(&filler));
        check_say(c, check_dial(c), &call, NULL, &h);
        text_format(what, sizeof(what), "READMSG with %zu octets of its number", sent);
        try_refused(c, &h, what);
        try_close(c, &h);
        check_close(c, other);
    }
    buf_free(&args);
    buf_free(&filler);
}

/* ---- replies ---- */

static void no_stale_reply(struct check_ctx *c)
{
    struct buf ones;
    struct heard h;

    buf_init(&ones, 1 << 12);
    put_ones(&ones);
    for (size_t i = 0; i < TRY_KINDS && check_alive(c); i++) {
        struct onc_call call = try_kind(c, i);
        struct conn *other = check_dial(c);

        fill(c, other, buf_slice(&ones));
        try_call(c, &call, true, &h);
        check_answered_once(c, &h, try_kind_name(i));
        if (check_alive(c) && i == 0 && h.reply.results.len > 0)
            check_broken(c, "a NULL call has no results", "%zu octets of them",
                         h.reply.results.len);
        try_close(c, &h);
        check_close(c, other);
    }
    buf_free(&ones);
}

/* Short replies behind a long one: each as long as what it holds. */
static void no_stale_results(struct check_ctx *c)
{
    static const char *const texts[] = {"", "a", "four", "fives"};
    struct conn *conn = check_dial(c);
    struct buf longest;
    struct heard h;

    buf_init(&longest, 1 << 12);
    message_text(c, FILLER, &longest);
    message_say(c, conn, buf_slice(&longest), false, &h);
    int32_t first = message_outcome(c, &h, "a text of 2000 octets");
    if (first == 0) { /* how large a datagram it takes is its own affair */
        buf_reset(&longest);
        message_text(c, FILLER_LESS, &longest);
        first = message_save(c, conn, buf_slice(&longest));
    }
    for (size_t i = 0; i < ARRAY_LEN(texts) && check_alive(c); i++) {
        message_holds(c, conn, first, buf_slice(&longest));
        message_roundtrip(c, check_dial(c), slice_str(texts[i]));
    }
    buf_free(&longest);
}

static void one_reply(struct check_ctx *c)
{
    struct heard h;

    for (size_t i = 0; i < 3 * TRY_KINDS && check_in_time(c); i++) {
        static const struct say_options due = {.awaits = true};
        struct onc_call call = try_kind(c, i % TRY_KINDS);
        struct conn *conn = check_dial(c);

        check_say(c, conn, &call, &due, &h);
        check_answered_once(c, &h, try_kind_name(i % TRY_KINDS));
        check_fence(c, conn); /* a second one would be in front of its answer */
        check_close(c, conn);
    }
}

static void reply_source(struct check_ctx *c)
{
    uint16_t port = address_port(&c->target.address);
    struct net_dial_options options = {.unconnected = true};
    struct address to = c->target.address;
    char due[ADDRESS_TEXT_MAX];
    char from[ADDRESS_TEXT_MAX];

    for (unsigned i = 0; i < 2 && check_alive(c); i++) {
        if (i == 1) {
            struct bound bound = {0};

            if (c->target.loopback)
                bound = check_bound(c, port);
            if (!bound.inet_any && !(bound.inet6_any && !bound.inet))
                break;
            address_loopback(&to, AF_INET, SOCK_DGRAM, 2, port);
        }
        struct conn *conn = check_dial_with(c, &to, &options);
        check_exchange(c, conn);
        if (!check_alive(c) || address_eq(&conn->from, &conn->to))
            continue;
        address_format(&conn->to, due, sizeof(due));
        address_format(&conn->from, from, sizeof(from));
        check_broken(c, due, "the reply comes from %s", from);
    }
}

/* ---- sizes ---- */

/* A NULL call, made longer by octets behind it. */
static bool answers_size(struct check_ctx *c, size_t size, char text[TRY_TEXT])
{
    struct onc_call call = check_call_of(c, ONC_NULLPROC);
    struct buf args;
    struct heard h;

    buf_init(&args, LARGEST);
    memset(buf_extend(&args, size - HEADER), 0, size - HEADER);
    call.args = buf_slice(&args);
    check_say(c, check_dial(c), &call, NULL, &h);
    try_survived(c, &h, "a NULL call with octets behind it");
    check_heard_text(&h, text, TRY_TEXT);
    try_close(c, &h);
    buf_free(&args);
    return h.replies > 0;
}

static void size_limits(struct check_ctx *c)
{
    static const size_t sizes[] = {400, 1472, 1473, 4096, 8192, 8800, 8804, 9000, 20000, LARGEST};
    char last[TRY_TEXT] = "";
    char text[TRY_TEXT];
    struct buf line;

    buf_init(&line, OUTCOME_TEXT_MAX);
    for (size_t i = 0; i < ARRAY_LEN(sizes) && check_in_time(c); i++) {
        answers_size(c, sizes[i], text);
        if (!text_eq(text, last))
            buf_printf(&line, "%sfrom %zu octets on %s", i ? "; " : "", sizes[i], text);
        text_copy(last, sizeof(last), text);
    }
    check_probe(c);
    check_noted(c, "NULL calls made longer: %s", buf_text(&line));
    buf_free(&line);
}

/* As much as a call without arguments can be long by the letter. */
static void full_header(struct check_ctx *c)
{
    struct onc_call call = check_call_of(c, ONC_NULLPROC);
    struct heard h;

    call.cred = try_auth(ONC_AUTH_NONE, ONC_AUTH_BODY_MAX);
    call.verf = call.cred;
    try_call(c, &call, true, &h);
    check_accepted(c, &h, "a NULL call with 400 octets in credential and verifier", ONC_SUCCESS);
    try_close(c, &h);
}

static void oversize_datagram(struct check_ctx *c)
{
    static const size_t sizes[] = {1000, 8000, 8192,  8700,  8756,  8757,  8760,  8996,
                                   9000, 9001, 16384, 20000, 32768, 60000, 65400, 65460};
    char what[TRY_WHAT];
    struct buf text, got;
    size_t stored = 0;
    struct heard h;

    buf_init(&text, LARGEST);
    buf_init(&got, 2 * MESSAGE_MAX);
    for (size_t i = 0; i < ARRAY_LEN(sizes) && check_in_time(c); i++) {
        struct conn *conn = check_dial(c);

        buf_reset(&text);
        message_text(c, sizes[i], &text);
        message_say(c, conn, buf_slice(&text), false, &h);
        text_format(what, sizeof(what), "a text of %zu octets", sizes[i]);
        int32_t number = message_outcome(c, &h, what);
        if (number > 0 && message_try_read(c, conn, number, &got) &&
            !slice_eq(buf_slice(&got), buf_slice(&text)))
            check_broken(c, "a text is stored whole, or refused",
                         "%s is stored with %zu octets, of which the first %zu are right", what,
                         got.len, slice_common(buf_slice(&got), buf_slice(&text)));
        stored = number > 0 ? sizes[i] : stored;
        check_close(c, conn);
    }
    check_probe(c);
    check_remark(c, "texts of up to %zu octets are stored", stored);
    buf_free(&text);
    buf_free(&got);
}

/* ---- octets that are no call ---- */

static void survives_garbage(struct check_ctx *c)
{
    static const size_t sizes[] = {1, 2, 3, 4, 8, 12, 16, 20, 28, 36, 40, 64, 400, 1472, 9000};
    uint8_t noise[9000];
    struct conn *conn = check_dial(c);
    struct buf zeros;

    for (size_t i = 0; i < 2 * ARRAY_LEN(sizes) && check_in_time(c); i++) {
        rng_fill(&c->rng, noise, sizeof(noise));
        noise[4] |= 0x40; /* never CALL */
        check_send_message(c, conn, slice_of(noise, sizes[i / 2]));
        check_fence(c, conn);
    }
    buf_init(&zeros, LARGEST);
    memset(buf_extend(&zeros, LARGEST), 0xff, LARGEST);
    check_send_message(c, conn, buf_slice(&zeros));
    check_fence(c, conn);
    check_probe(c);
    buf_free(&zeros);
}

/* Prefixes of a good call: at most one reply each, and the target serves on. */
static void survives_prefixes(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct heard h;

    for (size_t len = 1; len < HEADER && check_in_time(c); len++) {
        struct onc_call call = check_call_of(c, ONC_NULLPROC);

        call.cut = true;
        call.keep = len;
        check_say(c, conn, &call, NULL, &h);
        try_survived(c, &h, "a cut call");
    }
    check_probe(c);
}

static void zero_length(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    for (unsigned i = 0; i < 3 && check_alive(c); i++) {
        check_send_message(c, conn, slice_of("", 0));
        check_fence(c, conn);
    }
    check_probe(c);
}

/* Two calls in one datagram are one message with octets behind it. */
static void two_calls(struct check_ctx *c)
{
    struct onc_call call = check_call_of(c, ONC_NULLPROC);
    struct onc_call behind = check_call_of(c, ONC_NULLPROC);
    struct heard first, second;
    char text[TRY_TEXT];
    struct buf args;

    buf_init(&args, 1 << 10);
    onc_put_call(&args, &behind);
    call.args = buf_slice(&args);
    struct conn *conn = check_dial(c);
    check_expect(c, conn, behind.xid, &second);
    check_say(c, conn, &call, NULL, &first);
    try_survived(c, &first, "two calls in one datagram");
    check_look(c, &second);
    check_unanswered(c, &second, "the second call of a datagram");
    check_heard_text(&first, text, sizeof(text));
    check_remark(c, "the first: %s", text);
    buf_free(&args);
}

static void burst(struct check_ctx *c)
{
    enum { AT_ONCE = 32 };
    static struct heard heard[AT_ONCE];
    static const struct say_options again = {.resend = true};
    struct conn *conn = check_dial(c);
    unsigned count = check_rounds(c, AT_ONCE);

    for (unsigned i = 0; i < count && check_alive(c); i++) {
        struct onc_call call = try_kind(c, i % TRY_KINDS);

        check_post(c, conn, &call, &again, &heard[i]);
    }
    for (unsigned i = 0; i < count && check_alive(c); i++) {
        size_t kind = i % TRY_KINDS;

        check_hear(c, &heard[i], true);
        if (kind < WRONG_STATUSES)
            check_accepted(c, &heard[i], try_kind_name(kind), wrong_statuses[kind].status);
        else
            check_answered_once(c, &heard[i], try_kind_name(kind));
    }
}

#define NEEDS_UDP (NEED_RPC | NEED_UDP | NEED_REPLIES)

static const struct check checks[] = {
    {
        .id = "rpc.udp.no-stale-header",
        .claim = "a call that is cut in its header is not completed from an earlier datagram",
        .why = "A buffer that is used again holds the rest of somebody else's call.",
        .how = "1 to 39 octets of a NULL call, each behind datagrams that fill the target's buffer "
               "in two ways; no SUCCESS, and the same reaction behind both.",
        .cites = {REQ_RPC_ROB_9_01},
        .needs = NEEDS_UDP,
        .flags = CHECK_ALONE,
        .run = no_stale_header,
    },
    {
        .id = "rpc.udp.no-stale-args",
        .claim = "arguments that are cut are not completed from an earlier datagram",
        .why = "The text of one client would be stored, and read, by another.",
        .how = "SAVEMSG with a length of 24 and 0 to 23 octets, behind the long text of another "
               "client; nothing is stored.",
        .cites = {REQ_RPC_ROB_9_02},
        .needs = NEEDS_UDP | NEED_MSGPROG,
        .flags = CHECK_ALONE,
        .run = no_stale_args,
    },
    {
        .id = "rpc.udp.no-stale-number",
        .claim = "a number that is cut is not completed from an earlier datagram",
        .why = "Who sends no number must not get the message that somebody else asked for.",
        .how = "READMSG with 0 to 3 octets, behind an honest READMSG; no SUCCESS.",
        .cites = {REQ_RPC_ROB_9_02},
        .needs = NEEDS_UDP | NEED_MSGPROG,
        .flags = CHECK_ALONE,
        .run = no_stale_number,
    },
    {
        .id = "rpc.udp.no-stale-reply",
        .claim = "a reply ends with what it says",
        .why = "Octets behind it are those of an earlier message.",
        .how = "Replies of each kind behind long datagrams; every one is read to its end.",
        .cites = {REQ_RPC_ROB_9_20},
        .needs = NEEDS_UDP,
        .run = no_stale_reply,
    },
    {
        .id = "rpc.udp.no-stale-results",
        .claim = "a short result behind a long one is as long as what it holds",
        .why = "The buffer still holds the long one.",
        .how = "A text of 2000 octets, or of 800 where the target takes no more, is read, then "
               "texts of 0 to 5 octets are saved and read.",
        .cites = {REQ_RPC_ROB_9_20},
        .needs = NEEDS_UDP | NEED_MSGPROG,
        .run = no_stale_results,
    },
    {
        .id = "rpc.udp.one-reply",
        .claim = "each datagram gets one reply, not two",
        .why = "A second one is taken for the answer to a later call.",
        .how = "Calls of five kinds, three times; a fence behind each.",
        .cites = {REQ_RPC_ROB_9_05},
        .needs = NEEDS_UDP,
        .flags = CHECK_EVERY,
        .run = one_reply,
    },
    {
        .id = "rpc.udp.reply-source",
        .claim = "a reply comes from the address and port that the call was sent to",
        .why = "A connected socket never sees another one, and firewalls drop it.",
        .how = "Calls from an unconnected socket; at a wildcard socket also to 127.0.0.2.",
        .cites = {REQ_RPC_ROB_9_16},
        .needs = NEEDS_UDP,
        .flags = CHECK_UNANSWERED,
        .run = reply_source,
    },
    {
        .id = "rpc.udp.full-header",
        .claim = "a call with the largest header there is gets its answer",
        .why = "840 octets fit into every datagram; a buffer for half of them does not do.",
        .how = "400 octets in the credential and 400 in the verifier; SUCCESS.",
        .cites = {REQ_RPC_5531_8_2_03},
        .needs = NEEDS_UDP,
        .run = full_header,
    },
    {
        .id = "rpc.udp.size-limits",
        .claim = "how large a datagram the target takes",
        .why = "8800 octets are usual; a client has to know.",
        .how = "NULL calls made longer by octets behind them, 400 to 65507; recorded.",
        .cites = {REQ_RPC_ROB_9_21},
        .needs = NEEDS_UDP,
        .run = size_limits,
    },
    {
        .id = "rpc.udp.oversize-datagram",
        .claim = "a datagram that is too large is not carried out with what is left of it",
        .why = "recvfrom() cuts silently, and the rest of the text is gone.",
        .how = "SAVEMSG with texts of 1000 to 65460 octets; stored whole, or refused.",
        .cites = {REQ_RPC_ROB_9_03},
        .needs = NEEDS_UDP | NEED_MSGPROG,
        .run = oversize_datagram,
    },
    {
        .id = "rpc.udp.survives-garbage",
        .claim = "octets that are no call leave the service working",
        .why = "Everybody can send them, from any address.",
        .how = "Random octets of 1 to 9000, and 65507 octets of 0xff; a NULL call behind each.",
        .cites = {REQ_RPC_ROB_9_04},
        .needs = NEEDS_UDP,
        .run = survives_garbage,
    },
    {
        .id = "rpc.udp.survives-prefixes",
        .claim = "calls that are cut leave the service working",
        .why = "A header that is too short has stopped whole services.",
        .how = "1 to 39 octets of a NULL call; at most one sound reply each.",
        .cites = {REQ_RPC_ROB_9_04},
        .needs = NEEDS_UDP,
        .run = survives_prefixes,
    },
    {
        .id = "rpc.udp.zero-length",
        .claim = "an empty datagram does no harm and gets no reply",
        .why = "Taken for an end of file it ends the loop of the server.",
        .how = "Three of them, a NULL call behind each.",
        .cites = {REQ_RPC_ROB_9_04},
        .needs = NEEDS_UDP,
        .run = zero_length,
    },
    {
        .id = "rpc.udp.two-calls",
        .claim = "the second call of a datagram is not answered",
        .why = "A datagram is one message; what stands behind its arguments is nothing.",
        .how = "Two NULL calls in one datagram; no reply to the second.",
        .cites = {REQ_RPC_ROB_9_22},
        .needs = NEEDS_UDP,
        .run = two_calls,
    },
    {
        .id = "rpc.udp.burst",
        .claim = "calls that come at once get each their own answer",
        .why = "The xid of one must not end up in the reply to another.",
        .how = "32 calls of five kinds without waiting; the status of each reply.",
        .cites = {REQ_RPC_ROB_9_05, REQ_RPC_5531_9_07},
        .needs = NEEDS_UDP,
        .run = burst,
    },
};

SUITE(rpc_datagram);
