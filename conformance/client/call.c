/* One call of a client under test, and replies to it made by hand. */
#include "conformance/client/call.h"

#include <string.h>

#include "conformance/runner/conn.h"
#include "harness/base/deadline.h"
#include "harness/rpc/record.h"

enum { MESSAGE_MAX = 1 << 17, READ_MS = 10 };

void client_call_of(struct check_ctx *c, struct conn *conn, const struct client_request *r,
                    struct client_call *ret)
{
    *ret = (struct client_call){.conn = conn, .xid = r->xid, .proc = r->proc, .number = r->number};
    for (size_t i = 0; i < ARRAY_LEN(ret->results); i++)
        buf_init(&ret->results[i], MESSAGE_MAX);
    client_results(c, r, CLIENT_TRUE, &ret->results[CLIENT_TRUE]);
    client_results(c, r, CLIENT_FORGED, &ret->results[CLIENT_FORGED]);
    ret->truth = onc_reply_of(r->xid, buf_slice(&ret->results[CLIENT_TRUE]));
    ret->forged = onc_reply_of(r->xid, buf_slice(&ret->results[CLIENT_FORGED]));
}

void client_call_free(struct client_call *call)
{
    for (size_t i = 0; i < ARRAY_LEN(call->results); i++)
        buf_free(&call->results[i]);
}

void client_call_must_differ(struct check_ctx *c, const struct client_call *call)
{
    if (check_alive(c) && slice_eq(call->truth.results, call->forged.results))
        check_skipped(c, "nothing is known of the results of this program; --reply and --shows "
                         "say it");
}

void client_call_begin(struct check_ctx *c, unsigned texts, struct client_call *ret)
{
    client_begin_with(c, texts);
    struct conn *conn = client_accept(c);
    struct client_request r = client_request(c, conn);

    client_call_of(c, conn, &r, ret);
}

void client_call_end(struct check_ctx *c, struct client_call *call)
{
    client_call_free(call);
    check_close_all(c);
}

bool client_call_more(struct check_ctx *c, size_t row, size_t rows)
{
    int64_t spent_us = deadline_now_us() - c->began_us;

    if (!check_alive(c))
        return false;
    if (row == 0 || spent_us < (int64_t)c->target.patience_ms * 1000)
        return true;
    check_remark(c, "%zu of %zu were tried while patience lasted", row, rows);
    return false;
}

void client_ignore(struct check_ctx *c UNUSED, struct conn *conn UNUSED,
                   const struct client_request *r UNUSED, void *closure UNUSED)
{
}

/* ---- what goes ---- */

void client_call_put(const struct check_ctx *c, struct slice message, struct buf *out)
{
    if (endpoint_is_datagram(&c->target.endpoint))
        buf_put(out, message);
    else
        record_put(out, message);
}

void client_call_say_message(struct check_ctx *c, const struct client_call *call,
                             struct slice message)
{
    struct buf out;

    buf_init(&out, MESSAGE_MAX);
    client_call_put(c, message, &out);
    client_say(c, call->conn, buf_slice(&out));
    buf_free(&out);
}

void client_call_say(struct check_ctx *c, const struct client_call *call,
                     const struct onc_reply *reply)
{
    struct buf message;

    buf_init(&message, MESSAGE_MAX);
    onc_put_reply(&message, reply);
    client_call_say_message(c, call, buf_slice(&message));
    buf_free(&message);
}

void client_call_say_truth(struct check_ctx *c, const struct client_call *call)
{
    client_let_read(c, call->conn, READ_MS);
    client_call_say(c, call, &call->truth);
}

/* ---- whole runs ---- */

void client_call_try(struct check_ctx *c, const struct client_flaw *rows, size_t count,
                     client_spoiler *spoil)
{
    for (size_t i = 0; i < count && client_call_more(c, i, count); i++) {
        struct client_call call;
        struct buf message;

        client_call_begin(c, 1, &call);
        client_call_must_differ(c, &call);
        buf_init(&message, MESSAGE_MAX);
        spoil(&call.forged, rows[i].value, &message);
        check_tell(c, WHO_KIT, slice_of(NULL, 0), "a reply with %s, and the true one behind it",
                   rows[i].what);
        client_call_say_message(c, &call, buf_slice(&message));
        buf_free(&message);
        client_call_say_truth(c, &call);
        client_finish(c, CLIENT_SERVED);
        client_must_not_lie(c, rows[i].what);
        client_call_end(c, &call);
    }
}

void client_call_keep_on(struct check_ctx *c, const struct client_call *call, unsigned turns,
                         client_talker *talk, void *closure)
{
    int64_t deadline = conn_patience(c);
    unsigned pause_ms = (unsigned)c->target.patience_ms / turns + 1;

    for (unsigned i = 0; check_alive(c) && !client_over(c) && !deadline_passed(deadline); i++) {
        if (!call->conn->lost)
            talk(c, call, i, closure);
        client_pause(c, pause_ms);
    }
    if (check_alive(c) && !client_over(c))
        check_broken(c, "the client's time-out bounds the whole call",
                     "it still waits after %.1f s, as long as something comes",
                     (double)c->target.patience_ms / 1000);
    client_finish(c, CLIENT_HEARD);
}
