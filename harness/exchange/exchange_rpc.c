/* The NULL call of an RPC program as an exchange: its xid is the number of the request. */
#include <inttypes.h>
#include <string.h>

#include "harness/exchange/exchange_ops.h"
#include "harness/rpc/onc.h"
#include "harness/rpc/record.h"

enum { SPEC_MAX = 32, DESCRIBED_MAX = 1024, DESCRIBED_RECORDS = 3 };

static bool over_stream(const struct exchange *x)
{
    return x->medium == EXCHANGE_OVER_STREAM;
}

static enum match broken(struct mismatch *why, size_t offset, const char *due, const char *came)
{
    if (!why)
        return MATCH_BROKEN;
    why->offset = offset;
    text_copy(why->expected, sizeof(why->expected), due);
    text_copy(why->actual, sizeof(why->actual), came);
    return MATCH_BROKEN;
}

static void request_rpc(const struct exchange *x, const struct ask *ask, struct buf *out)
{
    struct onc_call call = onc_call_of(ask->seq, x->program, x->version, ONC_NULLPROC);
    struct buf message;

    if (!over_stream(x)) {
        onc_put_call(out, &call);
        return;
    }
    buf_init(&message, EXCHANGE_REPLY_MAX);
    onc_put_call(&message, &call);
    record_put(out, buf_slice(&message));
    if (message.failed)
        out->failed = true;
    buf_free(&message);
}

/* The message at the begin of `in`: the record that is whole, or all of a datagram. The reader has
   to be closed by the caller; the message may live in it. */
static enum match take_message(const struct exchange *x, struct slice in, bool ended,
                               struct record_in *r, size_t *ret_used, struct mismatch *why)
{
    struct buf missing;

    record_open(r, &record_usual_limits);
    if (!over_stream(x)) {
        buf_put(&r->message, in);
        *ret_used = in.len;
        if (r->message.failed)
            return broken(why, record_usual_limits.octets, "a message of a NULL reply",
                          "more octets than that");
        return ended ? MATCH_WHOLE : MATCH_MORE;
    }
    switch (record_feed(r, in, ret_used)) {
    case RECORD_WHOLE:
        return MATCH_WHOLE;
    case RECORD_BROKEN:
        return broken(why, *ret_used, "a record with the reply (RFC 5531 11)", r->text);
    case RECORD_MORE:
        break;
    }
    if (!ended)
        return MATCH_MORE;
    buf_init(&missing, DESCRIBED_MAX);
    bool nothing = record_may_end(r, &missing);
    broken(why, in.len, "the rest of the record (RFC 5531 11)",
           nothing ? "the end" : buf_text(&missing));
    buf_free(&missing);
    return MATCH_BROKEN;
}

/* How much of `in` stands in front of this octet of the message; exact where the record is one
   fragment, as it is with nearly everybody. */
static size_t offset_in(const struct exchange *x, size_t offset)
{
    return over_stream(x) ? offset + RECORD_HEADER : offset;
}

/* Where the status stands that is not the one due; behind it where it is (RFC 5531 9). */
static size_t status_offset(const struct onc_reply *reply)
{
    size_t verf = reply->verf.body.octets.len;

    if (reply->reply_stat != ONC_MSG_ACCEPTED)
        return (size_t)2 * WIRE_UNIT;
    return (size_t)(reply->accept_stat == ONC_SUCCESS ? 6 : 5) * WIRE_UNIT + verf +
           wire_padding(verf);
}

/* The whole message is the reply, and nothing else: accepted, SUCCESS, without results. */
static enum match judge(const struct exchange *x, const struct ask *ask, struct slice message,
                        struct mismatch *why)
{
    char due[sizeof(((struct mismatch *)0)->expected)];
    struct onc_reply reply;
    struct wire_in in;
    struct buf shown;
    size_t offset = 0;

    wire_open(&in, message);
    bool read = onc_read_reply(&in, &reply);
    if (read && reply.xid == ask->seq && reply.reply_stat == ONC_MSG_ACCEPTED &&
        reply.accept_stat == ONC_SUCCESS && reply.results.len == 0)
        return MATCH_WHOLE;
    text_format(due, sizeof(due),
                "REPLY xid 0x%" PRIx32 " accepted SUCCESS, 0 octets of results (RFC 5531 12.1)",
                ask->seq);
    buf_init(&shown, DESCRIBED_MAX);
    onc_describe(message, &shown);
    if (!read)
        offset = in.offset;
    else if (reply.xid == ask->seq)
        offset = status_offset(&reply);
    enum match match = broken(why, offset_in(x, offset), due, buf_text(&shown));
    buf_free(&shown);
    return match;
}

static enum match match_rpc(const struct exchange *x, const struct ask *ask, struct slice in,
                            bool ended, size_t *ret_used, struct mismatch *why)
{
    struct record_in r;
    size_t used = 0;
    enum match match = take_message(x, in, ended, &r, &used, why);

    if (match == MATCH_WHOLE)
        match = judge(x, ask, record_message(&r), why);
    if (match == MATCH_WHOLE)
        *ret_used = used;
    record_close(&r);
    return match;
}

static enum match peek_rpc(const struct exchange *x, struct slice in, bool ended, uint32_t *ret_seq,
                           struct mismatch *why)
{
    struct record_in r;
    struct buf shown;
    uint32_t msg_type = 0;
    size_t used = 0;
    enum match match = take_message(x, in, ended, &r, &used, why);

    if (match == MATCH_WHOLE && !onc_peek(record_message(&r), ret_seq, &msg_type)) {
        buf_init(&shown, DESCRIBED_MAX);
        onc_describe(record_message(&r), &shown);
        match = broken(why, used, "an RPC reply (RFC 5531 9)", buf_text(&shown));
        buf_free(&shown);
    }
    record_close(&r);
    return match;
}

/* The whole records at the begin of a piece of a stream, a few of them. */
static void describe_records(struct slice octets, struct buf *out)
{
    unsigned told = 0;

    while (octets.len > 0 && told < DESCRIBED_RECORDS) {
        struct record_in r;
        size_t used = 0;

        record_open(&r, &record_usual_limits);
        bool whole = record_feed(&r, octets, &used) == RECORD_WHOLE;
        if (whole) {
            buf_put_str(out, told ? "; " : "");
            onc_describe(record_message(&r), out);
            octets = slice_from(octets, used);
            told++;
        }
        record_close(&r);
        if (!whole)
            break;
    }
    if (told > 0 && octets.len > 0)
        buf_printf(out, "; %zu octet%s more", octets.len, text_s(octets.len));
}

static void describe_rpc(const struct exchange *x, struct slice octets, struct buf *out)
{
    if (over_stream(x))
        describe_records(octets, out);
    else
        onc_describe(octets, out);
}

const struct exchange_ops exchange_rpc_ops = {request_rpc, match_rpc, peek_rpc, describe_rpc};

bool exchange_rpc_open(const char *spec, struct exchange *x, struct problem *why)
{
    static const char lead[] = "rpc:";
    char numbers[SPEC_MAX] = "";
    uint64_t program = 0;
    uint64_t version = 0;

    if (text_starts(spec, lead) && strlen(spec + strlen(lead)) < sizeof(numbers))
        text_copy(numbers, sizeof(numbers), spec + strlen(lead));
    char *slash = strchr(numbers, '/');
    if (slash)
        *slash = '\0';
    if (!slash || !text_number(numbers, 0, UINT32_MAX, &program) ||
        !text_number(slash + 1, 0, UINT32_MAX, &version))
        return problem_set(why,
                           "exchange \"%.100s\": which program? Write rpc:PROG/VERS, both 0 to "
                           "4294967295, or give a URL as rpc+tcp://HOST:PORT/PROG/VERS",
                           spec);
    x->ops = &exchange_rpc_ops;
    x->program = (uint32_t)program;
    x->version = (uint32_t)version;
    x->traits = EXCHANGE_REPLIES | EXCHANGE_NUMBERED | EXCHANGE_PIPELINES | EXCHANGE_CUTS |
                EXCHANGE_PERSISTS | EXCHANGE_IDEMPOTENT | EXCHANGE_UNORDERED;
    return true;
}
