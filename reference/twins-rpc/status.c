/* Twins that answer with another status, to calls that are none, or to fewer of them. */
#include <stdlib.h>
#include <string.h>

#include "reference/twins-rpc/twin.h"

enum { HEADER = 40, RPCVERS_NEXT = 3 };

/* ---- rpcvers, program, version ---- */

static enum act take_rpcvers_3(struct request *r)
{
    if (r->form == CALL_WRONG_RPC && r->call.rpcvers == RPCVERS_NEXT)
        request_reread(r);
    return ACT_GO_ON;
}

/* A version that is not served is looked for before the program is. */
static void mismatch_first(struct request *r)
{
    if (request_outcome(&r->reply) & OUTCOME_PROG_UNAVAIL && r->call.version != MSG_VERSION)
        r->reply.accept = ACCEPT_PROG_MISMATCH;
}

static void name_version_1(struct request *r)
{
    r->reply.low = r->reply.high = 1;
}

static void name_version_1_at_times(struct request *r)
{
    if (request_outcome(&r->reply) & OUTCOME_PROG_MISMATCH && r->call.version & 0x80000000)
        r->reply.low = 1;
}

static enum act serve_next_version(struct request *r)
{
    if (r->call.version == MSG_VERSION + 1)
        r->call.version = MSG_VERSION;
    return ACT_GO_ON;
}

/* The version of the first call that is served is that of the connection. */
static void keep_version(struct request *r)
{
    if (!(request_outcome(&r->reply) & OUTCOME_SUCCESS))
        return;
    if (*r->memo == 0)
        *r->memo = r->call.version;
    if (*r->memo == r->call.version)
        return;
    request_accept(r, ACCEPT_PROG_MISMATCH);
    r->reply.low = r->server->program->low;
    r->reply.high = r->server->program->high;
}

static enum act keep_16_bits(struct request *r)
{
    r->call.version = (uint16_t)r->call.version;
    return ACT_GO_ON;
}

/* ---- procedures and arguments ---- */

/* A number over 2^31 is under every upper bound, and the table is read in front of its begin. */
static enum act look_in_front(struct request *r)
{
    if (r->form == CALL_GOOD && r->call.program == MSG_PROGRAM && r->call.version == MSG_VERSION &&
        r->call.procedure >> 31)
        abort();
    return ACT_GO_ON;
}

static void succeed(struct request *r)
{
    if (!(request_outcome(&r->reply) & OUTCOME_GARBAGE_ARGS))
        return;
    r->reply.accept = ACCEPT_SUCCESS;
    buf_put_u32(&r->reply.results, 0);
}

static void want_no_arguments(struct request *r)
{
    if (r->form == CALL_GOOD && r->call.procedure == MSG_NULL && r->call.arguments.len > 0)
        request_accept(r, ACCEPT_SYSTEM_ERR);
}

/* Every other time it forgets to look at the credential until the rest is judged. */
static enum act judge_by_turns(struct request *r)
{
    static unsigned times;

    if (r->form == CALL_GOOD && r->call.credential.flavor > FLAVOR_SYS && times++ % 2 &&
        (r->call.program != MSG_PROGRAM || r->call.version != MSG_VERSION))
        r->call.credential.flavor = FLAVOR_NONE;
    return ACT_GO_ON;
}

/* ---- messages that are no calls ---- */

static bool is_reply(const struct request *r)
{
    struct words w = words_of(r->message);

    words_u32(&w); /* xid */
    return words_u32(&w) == MSG_REPLY && !w.failed;
}

static enum act answer_replies(struct request *r)
{
    if (!is_reply(r))
        return ACT_GO_ON;
    request_accept(r, ACCEPT_GARBAGE_ARGS);
    return ACT_SKIP;
}

/* REPLY is ignored, and all else is a call. */
static enum act take_any_type(struct request *r)
{
    if (r->form == CALL_NOT_ONE && !is_reply(r))
        request_reread(r);
    return ACT_GO_ON;
}

/* A header is read in a buffer of its own, which was cleared. */
static enum act take_cut_headers(struct request *r)
{
    static uint8_t header[HEADER];

    if (r->form != CALL_NOT_ONE || r->message.len < 4 || r->message.len >= HEADER || is_reply(r))
        return ACT_GO_ON;
    memset(header, 0, sizeof(header));
    memcpy(header, r->message.data, r->message.len);
    r->form = call_read(slice_of(header, sizeof(header)), &r->call);
    return ACT_GO_ON;
}

static void err_in_datagrams(struct request *r)
{
    if (r->datagram && request_outcome(&r->reply) & OUTCOME_PROC_UNAVAIL)
        request_accept(r, ACCEPT_SYSTEM_ERR);
}

static const struct twin twins[] = {
    {
        .name = "rpc-mismatch-silent",
        .check = "rpc.reply.rpc-mismatch",
        .what = "does not answer another rpcvers",
        .fault.message.amend = AMEND(OUTCOME_RPC_MISMATCH, copies, 0),
    },
    {
        .name = "rpc-mismatch-from-1",
        .check = "rpc.reply.rpc-mismatch",
        .transport = "rpc+udp",
        .what = "says RPC_MISMATCH 1..2",
        .fault.message.amend = AMEND(OUTCOME_RPC_MISMATCH, low, 1),
    },
    {
        .name = "rpcvers-3-served",
        .check = "rpc.call.rpcvers-not-dispatched",
        .what = "serves the rpcvers 3, too",
        .fault.message.take = take_rpcvers_3,
    },
    {
        .name = "prog-unavail-as-proc",
        .check = "rpc.reply.prog-unavail",
        .what = "says PROC_UNAVAIL for an unknown program",
        .fault.message.amend = AMEND(OUTCOME_PROG_UNAVAIL, accept, ACCEPT_PROC_UNAVAIL),
    },
    {
        .name = "prog-unavail-silent",
        .check = "rpc.reply.prog-unavail",
        .transport = "rpc+unix",
        .what = "does not answer calls of an unknown program",
        .fault.message.amend = AMEND(OUTCOME_PROG_UNAVAIL, copies, 0),
    },
    {
        .name = "prog-mismatch-first",
        .check = "rpc.reply.unavail-vs-mismatch",
        .what = "says PROG_MISMATCH 0..0 for an unknown program of another version",
        .fault.message.spoil = mismatch_first,
    },
    {
        .name = "prog-mismatch-1",
        .check = "rpc.reply.prog-mismatch-range",
        .what = "says PROG_MISMATCH 1..1",
        .fault.message.spoil = name_version_1,
    },
    {
        .name = "prog-mismatch-varies",
        .check = "rpc.reply.prog-mismatch-range",
        .transport = "rpc+udp",
        .what = "says PROG_MISMATCH 1..2 to versions over 2^31, else 2..2",
        .fault.message.spoil = name_version_1_at_times,
    },
    {
        .name = "prog-mismatch-short",
        .check = "rpc.reply.prog-mismatch-bounds",
        .what = "serves version 3, and says 2..2",
        .fault.message.take = serve_next_version,
    },
    {
        .name = "prog-mismatch-from-1",
        .check = "rpc.reply.prog-mismatch-order",
        .what = "says PROG_MISMATCH 1..2",
        .fault.message.amend = AMEND(OUTCOME_PROG_MISMATCH, low, 1),
    },
    {
        .name = "prog-mismatch-swapped",
        .check = "rpc.reply.prog-mismatch-order",
        .transport = "rpc+udp",
        .what = "says PROG_MISMATCH 2..1",
        .fault.message.amend = AMEND(OUTCOME_PROG_MISMATCH, high, 1),
    },
    {
        .name = "proc-unavail-as-garbage",
        .check = "rpc.reply.proc-unavail",
        .what = "says GARBAGE_ARGS for an unknown procedure",
        .fault.message.amend = AMEND(OUTCOME_PROC_UNAVAIL, accept, ACCEPT_GARBAGE_ARGS),
    },
    {
        .name = "garbage-stored",
        .check = "rpc.reply.garbage-args",
        .what = "says SUCCESS for arguments that cannot be decoded",
        .fault.message.spoil = succeed,
    },
    {
        .name = "garbage-silent",
        .check = "rpc.reply.garbage-args",
        .transport = "rpc+udp",
        .what = "does not answer arguments that cannot be decoded",
        .fault.message.amend = AMEND(OUTCOME_GARBAGE_ARGS, copies, 0),
    },
    {
        .name = "precedence-by-turns",
        .check = "rpc.reply.error-precedence",
        .what = "judges the credential first or last by turns",
        .fault.message.take = judge_by_turns,
    },
    {
        .name = "procedures-signed",
        .check = "rpc.dispatch.unsigned-numbers",
        .what = "dies of a procedure over 2^31",
        .fault.message.take = look_in_front,
    },
    {
        .name = "versions-of-16-bits",
        .check = "rpc.dispatch.unique",
        .what = "compares 16 bits of the version",
        .fault.message.take = keep_16_bits,
    },
    {
        .name = "registry-version-kept",
        .check = "rpc.dispatch.multi-version",
        .registry = true,
        .what = "serves one version on a connection, that of its first call",
        .fault.message.spoil = keep_version,
    },
    {
        .name = "proc-unknown-is-null",
        .check = "rpc.dispatch.per-version-procs",
        .what = "takes unknown procedures for NULL",
        .fault.message.amend = AMEND(OUTCOME_PROC_UNAVAIL, accept, ACCEPT_SUCCESS),
    },
    {
        .name = "null-without-arguments",
        .check = "rpc.args.trailing-bytes",
        .what = "says SYSTEM_ERR to NULL with arguments",
        .fault.message.spoil = want_no_arguments,
    },
    {
        .name = "replies-answered",
        .check = "rpc.msg.reply-to-server",
        .transport = "rpc+udp",
        .what = "answers a reply with GARBAGE_ARGS",
        .fault.message.take = answer_replies,
    },
    {
        .name = "types-ignored",
        .check = "rpc.msg.type-values",
        .what = "takes every msg_type but REPLY for CALL",
        .fault.message.take = take_any_type,
    },
    {
        .name = "header-completed",
        .check = "rpc.msg.header-vs-args",
        .what = "completes a header with zeros",
        .fault.message.take = take_cut_headers,
    },
    {
        .name = "datagrams-differ",
        .check = "rpc.transport.same-status",
        .transport = "rpc+tcp+udp",
        .what = "says SYSTEM_ERR for an unknown procedure in datagrams",
        .fault.message.spoil = err_in_datagrams,
    },
};

TWINS(status);
