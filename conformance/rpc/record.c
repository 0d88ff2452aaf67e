/* Checks: record marking (RFC 5531 11). */
#include <inttypes.h>

#include "conformance/rpc/wrong.h"
#include "conformance/suites.h"
#include "harness/base/deadline.h"

enum {
    CALL = 40, /* octets of a NULL call */
    ROOM = 4096,
    SEVERAL = 8,
    BURST = CALL - 2, /* cuts behind the first one */
    TEXT = 200,
};

static const struct say_options due = {.awaits = true};
static const struct say_options alone = {.no_fence = true};
static const struct say_options quiet = {.no_fence = true, .awaits = true};

static void put_call(struct buf *out, const struct onc_call *call)
{
    struct buf message;

    buf_init(&message, ROOM);
    onc_put_call(&message, call);
    record_put(out, buf_slice(&message));
    buf_free(&message);
}

/* The call without a record mark. */
static void put_bare(struct buf *out, const struct onc_call *call)
{
    onc_put_call(out, call);
}

/* One NULL call in fragments of these sizes, the last one with what is left. */
static void say_pieces(struct check_ctx *c, struct conn *conn, const size_t *sizes, size_t count,
                       const char *what)
{
    const struct say_options options = {.awaits = true, .pieces = sizes, .piece_count = count};
    struct onc_call call = check_call_of(c, ONC_NULLPROC);
    struct heard h;

    check_say(c, conn, &call, &options, &h);
    check_accepted(c, &h, what, ONC_SUCCESS);
}

/* ---- fragments ---- */

static void fragments(struct check_ctx *c)
{
    static const size_t sizes[] = {39, 20, 7, 5, 4, 3, 2, 1};
    struct conn *conn = check_dial(c);

    for (size_t i = 0; i < ARRAY_LEN(sizes) && check_alive(c); i++) {
        size_t pieces[CALL];
        size_t count = (CALL - 1) / sizes[i];
        char what[80];

        for (size_t k = 0; k < count; k++)
            pieces[k] = sizes[i];
        text_format(what, sizeof(what), "a NULL call in fragments of %zu octets", sizes[i]);
        say_pieces(c, conn, pieces, count, what);
    }
    check_close(c, conn);
}

/* The calls with this first cut and every second one behind it, in one segment. */
static void say_burst(struct check_ctx *c, struct conn *conn, size_t first)
{
    struct heard heard[BURST];
    struct buf out;
    size_t count = 0;

    buf_init(&out, ROOM * 2);
    for (size_t second = 1; first + second < CALL; second++) {
        const size_t sizes[] = {first, second};
        struct onc_call call = check_call_of(c, ONC_NULLPROC);
        struct buf message;

        buf_init(&message, ROOM);
        put_bare(&message, &call);
        record_put_cut(&out, buf_slice(&message), sizes, ARRAY_LEN(sizes));
        buf_free(&message);
        check_expect(c, conn, call.xid, &heard[count++]);
    }
    check_send_octets(c, conn, buf_slice(&out));
    for (size_t i = 0; i < count && check_alive(c); i++) {
        char what[80];

        text_format(what, sizeof(what), "a NULL call in fragments of %zu, %zu and %zu octets",
                    first, i + 1, CALL - first - i - 1);
        check_accepted(c, &heard[i], what, ONC_SUCCESS);
    }
    buf_free(&out);
}

static void two_cuts(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    for (size_t first = 1; first < CALL - 1 && check_in_time(c); first++)
        say_burst(c, conn, first);
    check_fence(c, conn);
    check_close(c, conn);
}

/* Every octet of a record in a segment of its own, those of the header read apart. */
static void octet_by_octet(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct onc_call call = check_call_of(c, ONC_NULLPROC);
    struct buf out;
    struct heard h;

    buf_init(&out, ROOM);
    put_call(&out, &call);
    check_expect(c, conn, call.xid, &h);
    for (size_t i = 0; i < out.len && check_alive(c); i++) {
        check_send_octets(c, conn, slice_sub(buf_slice(&out), i, 1));
        if (i < RECORD_HEADER)
            check_let_read(c, conn);
    }
    check_hear(c, &h, true);
    check_accepted(c, &h, "a NULL call that came octet by octet", ONC_SUCCESS);
    buf_free(&out);
    check_close(c, conn);
}

static void zero_length_fragment(struct check_ctx *c)
{
    static const struct {
        const char *what;
        size_t sizes[6];
        size_t count;
    } rows[] = {
        {"a NULL call behind an empty fragment", {0}, 1},
        {"a NULL call with an empty fragment in its middle", {20, 0}, 2},
        {"a NULL call with empty fragments all about", {0, 0, 13, 0, 0, 14}, 6},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows) && check_alive(c); i++) {
        struct conn *conn = check_dial(c);

        say_pieces(c, conn, rows[i].sizes, rows[i].count, rows[i].what);
        check_close(c, conn);
    }
}

static void zero_length_last(struct check_ctx *c)
{
    static const size_t sizes[] = {CALL};
    struct conn *conn = check_dial(c);

    say_pieces(c, conn, sizes, 1, "a NULL call whose last fragment is empty");
    say_pieces(c, conn, sizes, 1, "a second one");
    check_fence(c, conn);
    check_close(c, conn);
}

/* ---- records ---- */

/* An empty record, and a call behind it in the same segment. The call in front of them is what a
   buffer that was not emptied would still hold. */
static void empty_record(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct onc_call before = check_call_of(c, ONC_NULLPROC);
    struct onc_call call = check_call_of(c, ONC_NULLPROC);
    struct heard h;
    struct buf out;
    char text[TEXT];

    check_say(c, conn, &before, &quiet, &h);
    check_accepted(c, &h, "a NULL call in front of an empty record", ONC_SUCCESS);
    buf_init(&out, ROOM);
    record_put_header(&out, true, 0);
    put_call(&out, &call);
    check_say_stream(c, conn, call.xid, buf_slice(&out), NULL, &h);
    buf_free(&out);
    check_heard_text(&h, text, sizeof(text));
    if (check_alive(c) && !h.ended && !h.reset)
        check_accepted(c, &h, "a NULL call behind an empty record", ONC_SUCCESS);
    check_close(c, conn);
    check_probe(c);
    check_remark(c, "a NULL call behind an empty record: %s", text);
}

static void records_in_a_segment(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct heard heard[SEVERAL];
    struct buf out;

    buf_init(&out, ROOM);
    for (size_t i = 0; i < SEVERAL; i++) {
        struct onc_call call = wrong_call(c, &wrong_statuses[i % WRONG_STATUSES]);

        put_call(&out, &call);
        check_expect(c, conn, call.xid, &heard[i]);
    }
    check_send_octets(c, conn, buf_slice(&out));
    for (size_t i = 0; i < SEVERAL && check_alive(c); i++)
        check_accepted(c, &heard[i], wrong_statuses[i % WRONG_STATUSES].what,
                       wrong_statuses[i % WRONG_STATUSES].status);
    check_fence(c, conn);
    buf_free(&out);
    check_close(c, conn);
}

/* The same octets, cut into segments anywhere but between two records. */
static void records_across_segments(struct check_ctx *c)
{
    static const size_t steps[] = {46, 43, 3, 87, 1, 45};
    struct conn *conn = check_dial(c);
    struct heard heard[SEVERAL];
    struct buf out;
    size_t at = 0;

    buf_init(&out, ROOM);
    for (size_t i = 0; i < SEVERAL; i++) {
        struct onc_call call = check_call_of(c, ONC_NULLPROC);

        put_call(&out, &call);
        check_expect(c, conn, call.xid, &heard[i]);
    }
    for (size_t i = 0; at < out.len && check_alive(c); i++) {
        check_send_octets(c, conn, slice_sub(buf_slice(&out), at, steps[i % ARRAY_LEN(steps)]));
        at += steps[i % ARRAY_LEN(steps)];
        check_let_read(c, conn);
    }
    for (size_t i = 0; i < SEVERAL && check_alive(c); i++)
        check_accepted(c, &heard[i], "a NULL call that was cut into segments", ONC_SUCCESS);
    check_fence(c, conn);
    buf_free(&out);
    check_close(c, conn);
}

/* Two calls in one record: the second is no message of its own. */
static void one_message_per_record(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct onc_call first = check_call_of(c, ONC_NULLPROC);
    struct onc_call second = check_call_of(c, ONC_NULLPROC);
    struct heard h;
    struct heard none;
    struct buf message;
    char text[TEXT];

    buf_init(&message, ROOM);
    put_bare(&message, &first);
    put_bare(&message, &second);
    check_expect(c, conn, second.xid, &none);
    check_say_octets(c, conn, first.xid, buf_slice(&message), &wrong_open, &h);
    buf_free(&message);
    check_look(c, &none);
    check_unanswered(c, &none, "the second of two calls in one record");
    check_heard_text(&h, text, sizeof(text));
    check_close(c, conn);
    check_probe(c);
    check_remark(c, "the first of two calls in one record: %s", text);
}

/* Looks, and again behind an exchange on another connection. That this one may stay
   unanswered meanwhile is the business of the checks about isolation: then patience bounds it. */
static void look_patiently(struct check_ctx *c, struct heard *h)
{
    struct conn *other;

    check_linger(c, h);
    if (h->replies > 0)
        return;
    other = check_dial(c);
    check_send(c, other);
    check_try_reply(c, other, deadline_in_ms(c->target.patience_ms));
    check_close(c, other);
    check_linger(c, h);
}

static void no_early_dispatch(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct onc_call call = check_call_of(c, ONC_NULLPROC);
    struct heard h;
    struct buf out;

    buf_init(&out, ROOM);
    record_put_header(&out, false, CALL);
    put_bare(&out, &call);
    check_say_stream(c, conn, call.xid, buf_slice(&out), &alone, &h);
    buf_free(&out);
    look_patiently(c, &h);
    check_unanswered(c, &h, "a call whose last fragment has not come");
    check_reset(c, conn);
}

/* The header says 44 octets, and 40 come; later the other four. */
static void header_larger(struct check_ctx *c)
{
    static const uint8_t rest[4] = {0};
    struct conn *conn = check_dial(c);
    struct onc_call call = check_call_of(c, ONC_NULLPROC);
    struct heard h;
    struct buf out;
    char text[TEXT];

    buf_init(&out, ROOM);
    record_put_header(&out, true, CALL + sizeof(rest));
    put_bare(&out, &call);
    check_say_stream(c, conn, call.xid, buf_slice(&out), &alone, &h);
    buf_free(&out);
    look_patiently(c, &h);
    if (h.replies > 0)
        check_unanswered(c, &h, "a call of whose record four octets have not come");
    check_met(c);
    if (check_alive(c) && !h.ended && !h.reset) {
        check_send_octets(c, conn, slice_of(rest, sizeof(rest)));
        check_hear(c, &h, false);
        check_heard_text(&h, text, sizeof(text));
        check_remark(c, "with its last octets the call brings %s", text);
    }
    check_close(c, conn);
}

/* The header says 36 octets; what makes the call whole stands behind the record. */
static void length_bounds(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct onc_call call = check_call_of(c, ONC_NULLPROC);
    struct heard h;
    struct buf out;
    char text[TEXT];

    buf_init(&out, ROOM);
    record_put_header(&out, true, CALL - 4);
    put_bare(&out, &call);
    check_say_stream(c, conn, call.xid, buf_slice(&out), &alone, &h);
    buf_free(&out);
    look_patiently(c, &h);
    check_heard_text(&h, text, sizeof(text));
    if (h.replies > 0 && h.sound && h.reply.reply_stat == ONC_MSG_ACCEPTED &&
        h.reply.accept_stat == ONC_SUCCESS)
        check_broken(c, "octets behind a record do not belong to its call", "%s", text);
    check_met(c);
    check_remark(c, "a call cut by the length of its record: %s", text);
    check_reset(c, conn);
}

/* Calls that are refused do not shift what stands behind them. */
static void resync(struct check_ctx *c)
{
    static const uint8_t noise[7] = {0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9};
    struct conn *conn = check_dial(c);
    struct onc_call call;
    struct heard h;
    uint32_t proc;

    call = check_call_of(c, 0xfffffff7);
    call.args = slice_of(noise, sizeof(noise));
    check_say(c, conn, &call, &wrong_open, &h);
    if (h.replies > 0)
        check_answered_once(c, &h, "a call of an unknown procedure with seven octets behind it");
    if (wrong_arguments(c, &proc, &call.args) && check_alive(c) && !h.ended && !h.reset) {
        struct slice args = call.args;

        call = check_call_of(c, proc);
        call.args = args;
        check_say(c, conn, &call, &due, &h);
        check_answered_once(c, &h, "a call with arguments that cannot be decoded");
    }
    call = check_call_of(c, ONC_NULLPROC);
    check_say(c, conn, &call, &due, &h);
    check_accepted(c, &h, "a NULL call behind calls that were refused", ONC_SUCCESS);
    check_close(c, conn);
}

/* ---- what is no record ---- */

static void huge_header(struct check_ctx *c)
{
    static const uint32_t headers[] = {0xffffffff, 0x7fffffff, 0x80100000, 0x40000000};
    struct buf seen;

    buf_init(&seen, ROOM);
    for (size_t i = 0; i < ARRAY_LEN(headers) && check_alive(c); i++) {
        struct conn *conn = check_dial(c);
        struct onc_call call = check_call_of(c, ONC_NULLPROC);
        struct heard h;
        struct buf out;
        char text[TEXT];

        buf_init(&out, ROOM);
        buf_put_u32(&out, headers[i]);
        put_bare(&out, &call);
        check_say_stream(c, conn, call.xid, buf_slice(&out), &alone, &h);
        buf_free(&out);
        check_probe(c);
        check_look(c, &h);
        check_heard_text(&h, text, sizeof(text));
        buf_printf(&seen, "%s%08" PRIx32 ": %s", i ? "; " : "", headers[i], text);
        check_reset(c, conn);
    }
    check_probe(c);
    check_remark(c, "a header and 40 octets, %s", buf_text(&seen));
    buf_free(&seen);
}

/* Read as a header it announces 1.2 GB. */
static void http_octets(struct check_ctx *c)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    struct conn *conn = check_dial(c);
    struct heard h;

    check_say_stream(c, conn, check_xid(c), slice_str(request), &alone, &h);
    check_probe(c);
    check_look(c, &h);
    check_unanswered(c, &h, "a request of HTTP");
    check_reset(c, conn);
    check_probe(c);
}

#define NEEDS_RECORDS (NEED_RPC | NEED_STREAM)

static const struct check checks[] = {
    {
        .id = "rpc.rm.fragments",
        .claim = "a call may come in fragments of any size",
        .why = "Clients cut at the end of their buffers.",
        .how = "NULL calls in fragments of 39, 20, 7, 5, 4, 3, 2 and 1 octets; each is answered as "
               "ever.",
        .cites = {REQ_RPC_5531_11_02, REQ_RPC_5531_11_05},
        .needs = NEEDS_RECORDS,
        .run = fragments,
    },
    {
        .id = "rpc.rm.two-cuts",
        .claim = "a call may be cut into three fragments anywhere",
        .why = "A reader that handles a fragment at a time trips where a number lies in two.",
        .how = "NULL calls with every pair of cuts, those with the same first one in one segment.",
        .cites = {REQ_RPC_5531_11_02},
        .needs = NEEDS_RECORDS,
        .run = two_cuts,
    },
    {
        .id = "rpc.rm.octet-by-octet",
        .claim = "a record may come octet by octet, its header, too",
        .why = "TCP knows no borders; a read() may end anywhere.",
        .how = "A NULL call, each octet of it and of its header in a segment of its own.",
        .cites = {REQ_RPC_5531_11_02, REQ_RPC_5531_11_05},
        .needs = NEEDS_RECORDS,
        .run = octet_by_octet,
    },
    {
        .id = "rpc.rm.zero-length-fragment",
        .claim = "a fragment may be empty",
        .why = "The length of a fragment is 0 to 2^31-1; a buffer that is flushed when it is empty "
               "makes such ones.",
        .how = "NULL calls with empty fragments in front, in the middle and all about.",
        .cites = {REQ_RPC_5531_11_03},
        .needs = NEEDS_RECORDS,
        .run = zero_length_fragment,
    },
    {
        .id = "rpc.rm.zero-length-last",
        .claim = "an empty last fragment ends a record",
        .why = "A sender that learns late that nothing follows ends its record so.",
        .how = "Two NULL calls, each in a fragment that is not the last and an empty one that is.",
        .cites = {REQ_RPC_5531_11_04},
        .needs = NEEDS_RECORDS,
        .run = zero_length_last,
    },
    {
        .id = "rpc.rm.empty-record",
        .claim = "an empty record is no call",
        .why = "What is executed for it are the octets of the call before.",
        .how = "Behind a NULL call an empty record and a NULL call in one segment: one reply to "
               "each call, or the end of the connection, which is noted. Then the target still "
               "serves.",
        .cites = {REQ_RPC_5531_11_10},
        .needs = NEEDS_RECORDS,
        .run = empty_record,
    },
    {
        .id = "rpc.rm.records-in-a-segment",
        .claim = "several records in one segment are several calls",
        .why = "A reader that drops what stands behind the first record loses calls under load.",
        .how = "Eight calls of every status in one write: each is answered with its own.",
        .cites = {REQ_RPC_5531_11_01},
        .needs = NEEDS_RECORDS,
        .run = records_in_a_segment,
    },
    {
        .id = "rpc.rm.records-across-segments",
        .claim = "the borders of segments mean nothing to records",
        .why = "Under load a segment ends in the middle of the next header.",
        .how = "Eight NULL calls, cut into segments of 46, 43, 3, 87, 1 and 45 octets.",
        .cites = {REQ_RPC_5531_11_01, REQ_RPC_5531_11_02},
        .needs = NEEDS_RECORDS,
        .run = records_across_segments,
    },
    {
        .id = "rpc.rm.one-message-per-record",
        .claim = "a record holds one message",
        .why = "Octets behind the arguments that are executed get past whoever filters calls.",
        .how = "Two NULL calls in one record: the second is not answered; what comes to the first "
               "is noted.",
        .cites = {REQ_RPC_5531_11_01},
        .needs = NEEDS_RECORDS,
        .run = one_message_per_record,
    },
    {
        .id = "rpc.rm.no-early-dispatch",
        .claim = "a call is not executed before its last fragment has come",
        .why = "The rest may belong to the arguments, or never come.",
        .how = "A whole NULL call in a fragment that is not the last, then an exchange on another "
               "connection: no reply comes to it.",
        .cites = {REQ_RPC_5531_11_06},
        .needs = NEEDS_RECORDS | NEED_CONCURRENT,
        .run = no_early_dispatch,
    },
    {
        .id = "rpc.rm.header-larger-than-sent",
        .claim = "a call is not executed before its record is whole",
        .why = "As before: a fragment ends where its header says, not where the decoder is done.",
        .how = "A header of 44 octets and the 40 of a NULL call: no reply before the last four, "
               "which are sent behind an exchange on another connection. What they bring is "
               "noted.",
        .cites = {REQ_RPC_5531_11_06, REQ_RPC_5531_11_09},
        .needs = NEEDS_RECORDS | NEED_CONCURRENT,
        .run = header_larger,
    },
    {
        .id = "rpc.rm.length-bounds",
        .claim = "octets behind a record do not belong to its call",
        .why = "They are the header of the next one; who reads on loses the borders for good.",
        .how = "A header of 36 octets, and the 40 of a NULL call: no SUCCESS.",
        .cites = {REQ_RPC_5531_11_09},
        .needs = NEEDS_RECORDS | NEED_CONCURRENT,
        .run = length_bounds,
    },
    {
        .id = "rpc.rm.resync",
        .claim = "a call that is refused does not shift the next record",
        .why = "What a decoder leaves unread must not be taken for the next header.",
        .how = "An unknown procedure with seven octets behind it, arguments that cannot be "
               "decoded, then a NULL call that is answered.",
        .cites = {REQ_RPC_5531_11_07},
        .needs = NEEDS_RECORDS,
        .run = resync,
    },
    {
        .id = "rpc.rm.huge-header",
        .claim = "a header of up to 2 GiB hurts nobody else",
        .why = "Who gives memory by it can be stopped with four octets.",
        .how = "Headers of 2^31-1 octets, last and not, of a mebibyte and of a gibibyte, with 40 "
               "octets behind them; others are served, and what comes is noted.",
        .cites = {REQ_RPC_5531_11_08},
        .needs = NEEDS_RECORDS | NEED_CONCURRENT,
        .run = huge_header,
    },
    {
        .id = "rpc.rm.http",
        .claim = "a request of HTTP is no call and hurts nobody else",
        .why = "Scanners send it to every port; as a header it announces 1.2 GB.",
        .how = "A GET request; no reply, and others are served while it is open and after it.",
        .cites = {REQ_RPC_5531_11_08, REQ_RPC_5531_11_07},
        .needs = NEEDS_RECORDS | NEED_CONCURRENT,
        .run = http_octets,
    },
};

SUITE(rpc_record);
