/*
 * The messages of RFC 5531 as libtirpc reads them, and as we do: each case is tried as a call, as a
 * reply, and as each of the parts of these that libtirpc has a function for.
 */
#include "fuzz/target.h"
#include "fuzz/tirpc/twin.h"
#include "harness/rpc/onc.h"

/* What is behind the header of a call is its arguments, which its function does not read. */
static size_t read_call(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    struct onc_call call;

    if (!onc_read_call(in, &call))
        return 0;
    size_t header = in->octets.len - call.args.len;
    call.args = slice_of(NULL, 0);
    onc_put_call(out, &call);
    return header;
}

static size_t read_reply(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    struct onc_reply reply;

    if (!onc_read_reply(in, &reply))
        return 0;
    size_t header = in->octets.len - reply.results.len;
    reply.results = slice_of(NULL, 0);
    onc_put_reply(out, &reply);
    return header;
}

static void prepare_reply(void *value)
{
    struct rpc_msg *reply = value;

    reply->acpted_rply.ar_results.proc = TWIN_PROC(xdr_void);
}

static void prepare_accepted(void *value)
{
    struct accepted_reply *accepted = value;

    accepted->ar_results.proc = TWIN_PROC(xdr_void);
}

/* A part of a reply is read as the reply that it is the end of. */
static size_t read_part(struct wire_in *in, struct buf *out, uint32_t reply_stat)
{
    static uint8_t room[TWIN_MAX + 16], rewritten[TWIN_MAX + 16];
    struct buf whole = {.data = room, .cap = sizeof(room), .max = sizeof(room)};
    struct buf written = {.data = rewritten, .cap = sizeof(rewritten), .max = sizeof(rewritten)};
    struct wire_in inner;

    for (unsigned i = 0; i < 3; i++)
        wire_put_uint(&whole, i == 1 ? ONC_REPLY : i == 2 ? reply_stat : 0);
    size_t head = whole.len;
    buf_put(&whole, in->octets);
    wire_open(&inner, buf_slice(&whole));
    inner.forgives = in->forgives;
    size_t at = read_reply(NULL, &inner, &written);
    in->forgiven = inner.forgiven;
    wire_adopt(in, &inner);
    if (!wire_ok(in))
        return 0;
    buf_put(out, slice_from(buf_slice(&written), head));
    return at - head;
}

static size_t read_accepted(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    return read_part(in, out, ONC_MSG_ACCEPTED);
}

static size_t read_rejected(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    return read_part(in, out, ONC_MSG_DENIED);
}

static size_t read_auth(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    struct onc_auth auth = {.flavor = wire_uint(in, "flavor")};

    auth.body = wire_counted_of(wire_opaque(in, "body", ONC_AUTH_BODY_MAX));
    onc_put_auth(out, &auth);
    return in->at;
}

/* libtirpc looks at what the body begins with. */
static size_t read_sys(const struct twin *t UNUSED, struct wire_in *in, struct buf *out)
{
    struct onc_sys sys;

    if (!onc_read_sys(in, &sys))
        return 0;
    twin_text(in, sys.machine.octets);
    onc_put_sys(out, &sys);
    return in->at;
}

static const struct twin messages[] = {
    {.name = "call",
     .theirs = TWIN_PROC(xdr_callmsg),
     .size = sizeof(struct rpc_msg),
     .ours = read_call},
    {.name = "reply",
     .theirs = TWIN_PROC(xdr_replymsg),
     .size = sizeof(struct rpc_msg),
     .ours = read_reply,
     .prepare = prepare_reply},
    {.name = "accepted_reply",
     .theirs = TWIN_PROC(xdr_accepted_reply),
     .size = sizeof(struct accepted_reply),
     .ours = read_accepted,
     .prepare = prepare_accepted},
    {.name = "rejected_reply",
     .theirs = TWIN_PROC(xdr_rejected_reply),
     .size = sizeof(struct rejected_reply),
     .ours = read_rejected},
    {.name = "opaque_auth",
     .theirs = TWIN_PROC(xdr_opaque_auth),
     .size = sizeof(struct opaque_auth),
     .ours = read_auth},
    {.name = "authsys_parms",
     .theirs = TWIN_PROC(xdr_authunix_parms),
     .size = sizeof(struct authunix_parms),
     .ours = read_sys},
};

static void run_message(struct slice input)
{
    for (size_t i = 0; i < ARRAY_LEN(messages); i++)
        twin_run(&messages[i], input);
}

const struct fuzz_target fuzz_target_tirpc_message = {
    .name = "tirpc-message",
    .what = "libtirpc's reading of calls and replies, against our own",
    .form = FUZZ_MESSAGE,
    .max = TWIN_MAX,
    .memory = 16384,
    .memory_per_octet = 8,
    .stack = 65536,
    .run = run_message,
};
