/* Twins that are wrong about calls in datagrams, and about calls that come again. */
#include <stdlib.h>
#include <string.h>

#include "reference/twins-rpc/twin.h"

enum { CALL = 40, SHORTEST = 16, TYPE_AT = 4, TYPE_ODD = 0x40 };

/* ---- octets of an earlier datagram ---- */

/* The header is read in the buffer, however much of it came. */
static enum act read_old_header(struct request *r)
{
    if (r->form == CALL_NOT_ONE && r->message.len > 0)
        r->form = call_read(slice_of(r->message.data, r->room), &r->call);
    r->reply.xid = r->call.xid;
    return ACT_GO_ON;
}

/* ... and so are the arguments. */
static enum act read_old_arguments(struct request *r)
{
    size_t before = r->message.len - r->call.arguments.len;

    if (r->form == CALL_GOOD)
        r->call.arguments = slice_of(r->message.data + before, r->room - before);
    return ACT_GO_ON;
}

/* The reply is written over the call, and as long as it needs to be for another status. */
static void leave_octets(struct request *r, struct buf *message)
{
    if (request_outcome(&r->reply) & OUTCOME_PROC_UNAVAIL)
        buf_put(message, slice_sub(r->message, message->len, 8));
}

static void leave_padding(struct request *r, int32_t number)
{
    struct buf *out = &r->reply.results;
    size_t padding = words_padding(store_length(r->server->store, number));

    msgprog_read(r, number);
    if (padding > 0 && out->len > padding)
        memset(out->data + out->len - padding, 'x', padding);
}

/* ---- what is no call ---- */

static enum act die_of_type(struct server *s UNUSED, struct slice came)
{
    if (came.len > TYPE_AT && came.data[TYPE_AT] & TYPE_ODD)
        abort();
    return ACT_GO_ON;
}

/* `limit` octets and less are the end of the file, and that is the end. */
static enum act end_at_short(struct server *s, struct slice came)
{
    s->stop = came.len <= s->fault->limit;
    return s->stop ? ACT_SKIP : ACT_GO_ON;
}

static void answer_second(struct request *r, struct buf *message UNUSED)
{
    struct request second = *r;

    if (r->message.len != 2 * CALL)
        return;
    second.message = slice_from(r->message, CALL);
    request_answer(&second);
}

/* ---- calls that come again ---- */

/* The last call that was carried out, by xid, and the number that it was given. */
static struct {
    uint32_t xid;
    uint16_t port;
    uint32_t number;
} cache;

static void remember(struct request *r, struct slice text)
{
    msgprog_save(r, text);
    struct words w = words_of(buf_slice(&r->reply.results));
    cache.xid = r->call.xid;
    cache.port = address_port(&r->from);
    cache.number = words_u32(&w);
}

static bool is_again(const struct request *r)
{
    return r->form == CALL_GOOD && r->call.procedure == MSG_SAVEMSG && cache.number > 0 &&
           r->call.xid == cache.xid;
}

static enum act answer_unjudged(struct request *r)
{
    if (!is_again(r) || address_port(&r->from) != cache.port)
        return ACT_GO_ON;
    request_accept(r, ACCEPT_SUCCESS);
    buf_put_u32(&r->reply.results, cache.number);
    return ACT_SKIP;
}

static void save_by_xid(struct request *r, struct slice text)
{
    if (is_again(r))
        buf_put_u32(&r->reply.results, cache.number);
    else
        remember(r, text);
}

/* What is known already is refused as a duplicate. */
static void save_once(struct request *r, struct slice text)
{
    if (is_again(r))
        buf_put_u32(&r->reply.results, 0);
    else
        remember(r, text);
}

/* The cache is looked up one place too low. */
static void answer_before(struct request *r, struct slice text)
{
    if (is_again(r) && cache.number > 1)
        buf_put_u32(&r->reply.results, cache.number - 1);
    else if (is_again(r))
        buf_put_u32(&r->reply.results, cache.number + 1);
    else
        remember(r, text);
}

static void err_again(struct request *r)
{
    uint64_t key = (uint64_t)address_port(&r->from) << 32 | r->call.xid;

    if (!(request_outcome(&r->reply) & OUTCOME_PROC_UNAVAIL))
        return;
    if (*r->memo == key)
        request_accept(r, ACCEPT_SYSTEM_ERR);
    *r->memo = key;
}

static const struct twin twins[] = {
    {
        .name = "datagram-header-old",
        .check = "rpc.udp.no-stale-header",
        .transport = "rpc+udp",
        .what = "completes a header with octets of an earlier datagram",
        .fault.message.take = read_old_header,
    },
    {
        .name = "datagram-arguments-old",
        .check = "rpc.udp.no-stale-args",
        .transport = "rpc+udp",
        .what = "completes a text with octets of an earlier datagram",
        .fault.message.take = read_old_arguments,
    },
    {
        .name = "datagram-number-old",
        .check = "rpc.udp.no-stale-number",
        .transport = "rpc+udp",
        .what = "completes a number with octets of an earlier datagram",
        .fault.message.take = read_old_arguments,
    },
    {
        .name = "datagram-reply-old",
        .check = "rpc.udp.no-stale-reply",
        .transport = "rpc+udp",
        .what = "has octets of the call behind PROC_UNAVAIL",
        .fault.message.octets = leave_octets,
    },
    {
        .name = "datagram-padding-old",
        .check = "rpc.udp.no-stale-results",
        .transport = "rpc+udp",
        .what = "pads texts with octets of another one",
        .fault.message.read = leave_padding,
    },
    {
        .name = "datagram-reply-twice",
        .check = "rpc.udp.one-reply",
        .transport = "rpc+udp",
        .what = "sends PROG_MISMATCH twice",
        .fault.message.amend = AMEND(OUTCOME_PROG_MISMATCH, copies, 2),
    },
    {
        .name = "datagram-any-source",
        .check = "rpc.udp.reply-source",
        .transport = "rpc+udp-any",
        .what = "replies from the address that the kernel chooses",
        .fault.datagram.any_end = true,
    },
    {
        .name = "datagram-of-800",
        .check = "rpc.udp.full-header",
        .transport = "rpc+udp",
        .what = "reads 800 octets of a datagram",
        .fault.datagram.buffer = 800,
    },
    {
        .name = "datagram-of-8192",
        .check = "rpc.udp.oversize-datagram",
        .transport = "rpc+udp",
        .what = "reads 8192 octets of a datagram, and stores what came of a text",
        .fault = {.datagram.buffer = 8192, .message.serve = msgprog_save_what_came},
    },
    {
        .name = "datagram-type-fatal",
        .check = "rpc.udp.survives-garbage",
        .transport = "rpc+udp",
        .what = "dies of a msg_type over 2^30",
        .fault.datagram.came = die_of_type,
    },
    {
        .name = "datagram-short-is-end",
        .check = "rpc.udp.survives-prefixes",
        .transport = "rpc+udp",
        .what = "ends at a datagram of 16 octets or less",
        .fault = {.limit = SHORTEST, .datagram.came = end_at_short},
    },
    {
        .name = "datagram-empty-is-end",
        .check = "rpc.udp.zero-length",
        .transport = "rpc+udp",
        .what = "ends at an empty datagram",
        .fault.datagram.came = end_at_short,
    },
    {
        .name = "broadcast-denied",
        .check = "rpc.bcast.silent-on-error",
        .transport = "rpc+udp-any",
        .what = "answers calls to everybody that are wrong",
        .fault.datagram.denies_all = true,
    },
    {
        .name = "datagram-of-two-calls",
        .check = "rpc.udp.two-calls",
        .transport = "rpc+udp",
        .what = "answers two calls in one datagram",
        .fault.message.octets = answer_second,
    },
    {
        .name = "again-another-status",
        .check = "rpc.udp.same-answer",
        .transport = "rpc+udp",
        .what = "says SYSTEM_ERR for an unknown procedure that is called again",
        .fault.message.spoil = err_again,
    },
    {
        .name = "again-refused",
        .check = "rpc.udp.at-least-once",
        .transport = "rpc+udp",
        .what = "refuses a text that comes again",
        .fault.message.save = save_once,
    },
    {
        .name = "again-another-number",
        .check = "rpc.loss.reply",
        .transport = "rpc+udp",
        .what = "answers a text that comes again with the number of another",
        .fault.message.save = answer_before,
    },
    {
        .name = "again-unjudged",
        .check = "rpc.drc.auth-before-cache",
        .transport = "rpc+udp",
        .what = "answers a call that comes again before it looks at the credential",
        .fault.message = {.take = answer_unjudged, .save = remember},
    },
    {
        .name = "again-by-xid",
        .check = "rpc.drc.two-clients",
        .transport = "rpc+udp",
        .what = "takes a call with the same xid for the same call, whoever sends it",
        .fault.message.save = save_by_xid,
    },
};

TWINS(datagrams);
