/*
 * The same conversation as tirpc-dispatch, over the stream code of libtirpc (svc_vc, xdrrec): once
 * as a server reads it, once in pieces.
 */
#include "fuzz/case/case.h"
#include "fuzz/oracle/alive.h"
#include "fuzz/oracle/finding.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/oracle/meter.h"
#include "fuzz/target.h"
#include "fuzz/tirpc/gss.h"
#include "fuzz/tirpc/service.h"
#include "fuzz/tirpc/stream.h"
#include "harness/rpc/record.h"

enum {
    BUFFERS_LEAST = 100, /* the smallest that xdrrec takes */
    READS_MOST = 64,     /* so many of one size make a case, about */
};

static struct judge judge;
static struct stream_replies whole, pieces;

static void open_stream(void)
{
    stream_open(service_rules.prog, service_rules.vers, msgprog_2);
}

/* What the octets of a case are, record by record. */
struct calls {
    bool open; /* behind the last record there is the begin of one */
    uint32_t open_xid;
};

/* A case is short, whatever its marks announce. */
static const struct record_limits no_limits = {SIZE_MAX, SIZE_MAX, SIZE_MAX};

/*
 * Gives the calls to the judge. What is left at the end is no message, since its record is not
 * whole; but svc_vc may take it for one. What stands behind a record with an empty fragment is not
 * judged: libtirpc has lost the records there, and nobody knows what it has stored.
 */
static void read_calls(struct slice input, struct calls *ret)
{
    struct record_in record;
    struct wire_in in;
    struct slice left = input;
    size_t empty = case_empty_fragment(input);
    size_t used = 0;

    *ret = (struct calls){.open = false};
    if (empty < input.len)
        finding_about("a fragment is empty");
    record_open(&record, &no_limits);
    for (; left.len && input.len - left.len <= empty; left = slice_from(left, used)) {
        enum record_state state = record_feed(&record, left, &used);

        if (state == RECORD_BROKEN ||
            (state == RECORD_WHOLE && !judge_call(&judge, record_message(&record))))
            break;
    }
    wire_open(&in, record_message(&record));
    if (record.state == RECORD_MORE) {
        ret->open_xid = wire_uint(&in, "xid");
        ret->open = wire_ok(&in);
    }
    record_close(&record);
}

/* Whether svc_vc may find a call of RPCSEC_GSS there, wherever it takes a call to begin. */
static bool may_hide_gss(struct slice octets)
{
    while (octets.len && !gss_withheld(octets))
        octets = slice_from(octets, 1);
    return octets.len > 0;
}

/* The case as far as it asks nobody for RPCSEC_GSS: behind an empty fragment svc_vc has lost the
   records, and so have we. */
static struct slice without_gss(struct slice input)
{
    struct record_in record;
    size_t empty = case_empty_fragment(input);
    struct slice left = input;
    size_t begin = 0;
    size_t used = 0;

    if (may_hide_gss(slice_from(input, empty)))
        left = input = slice_sub(input, 0, empty);
    record_open(&record, &no_limits);
    for (; left.len; left = slice_from(left, used)) {
        enum record_state state = record_feed(&record, left, &used);

        if (state == RECORD_BROKEN || gss_withheld(record_message(&record)))
            break;
        if (state == RECORD_WHOLE)
            begin = input.len - left.len + used;
    }
    record_close(&record);
    return left.len ? slice_sub(input, 0, begin) : input;
}

static struct slice next_reply(const struct stream_replies *r, size_t number, size_t *at)
{
    struct slice reply = slice_of(r->octets + *at, r->lengths[number]);

    *at += reply.len;
    return reply;
}

/* Whether it answers the call whose record does not end. */
static bool is_early(struct calls *calls, struct slice reply)
{
    struct wire_in in;

    wire_open(&in, reply);
    uint32_t xid = wire_uint(&in, "xid");
    if (!calls->open || !wire_ok(&in) || xid != calls->open_xid || judge_awaits(&judge, xid))
        return false;
    calls->open = false;
    return true;
}

static void judge_whole(struct slice input)
{
    struct calls calls;
    size_t at = 0;

    judge_begin(&judge, &service_rules);
    meter_pause();
    read_calls(input, &calls);
    meter_resume();
    for (size_t i = 0; i < whole.count; i++) {
        struct slice reply = next_reply(&whole, i, &at);

        if (is_early(&calls, reply))
            finding_tell(ORACLE_REPLIES, "a call is answered before its record ends");
        else
            judge_reply(&judge, reply);
    }
    judge_end_closed(&judge);
    if (whole.broken)
        finding_tell(ORACLE_REPLY, "behind %zu replies there are octets that are no record",
                     whole.count);
    if (!whole.ended)
        finding_tell(ORACLE_WAITING, "the connection is not closed, though its end was there");
}

/* How the case is cut is a matter of its octets, so that it is repeated. */
static struct stream_cut cut_of(struct slice input)
{
    size_t sum = input.len;

    for (size_t i = 0; i < input.len; i++)
        sum = sum * 31 + input.data[i];
    return (struct stream_cut){
        .buffers = BUFFERS_LEAST + (unsigned)(sum % 64),
        .read_max = 1 + sum % 7 + input.len / READS_MOST,
    };
}

static void judge_pieces(struct stream_cut cut)
{
    size_t same =
        slice_common(slice_of(whole.octets, whole.used), slice_of(pieces.octets, pieces.used));

    if (whole.count != pieces.count || whole.used != pieces.used || same != whole.used)
        finding_tell(ORACLE_CUT,
                     "%zu replies of %zu octets, or %zu of %zu in reads of %zu and buffers of %u",
                     whole.count, whole.used, pieces.count, pieces.used, cut.read_max, cut.buffers);
}

/* On the connection that stays. */
static void call_null(void)
{
    size_t at = 0;

    stream_alive(alive_record(), &pieces);
    alive_judge(pieces.count, next_reply(&pieces, 0, &at), "on another connection");
}

static void run_stream(struct slice octets)
{
    static const struct stream_cut none;
    struct slice input = without_gss(octets);
    struct stream_cut cut = cut_of(input);

    service_reset();
    stream_talk(input, &none, &whole);
    judge_whole(input);
    service_reset();
    stream_talk(input, &cut, &pieces);
    judge_pieces(cut);
    finding_about(NULL);
    call_null();
    gss_end();
}

const struct fuzz_target fuzz_target_tirpc_stream = {
    .name = "tirpc-stream",
    .what = "libtirpc's streams (svc_vc, xdrrec) over a socketpair: a conversation",
    .form = FUZZ_CALLS,
    .max = 4096,
    .memory = 32768,
    .memory_per_octet = 16,
    .stack = 65536,
    .open = open_stream,
    .run = run_stream,
};
