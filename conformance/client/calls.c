/* Checks: what a client calls with, how long it waits, and what it does when it has waited. */
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "conformance/client/call.h"
#include "conformance/msgprog/message.h"
#include "conformance/runner/conn.h"
#include "conformance/suites.h"

enum {
    ODD_TEXT = 21,   /* octets of a text that needs padding */
    WAIT_MS = 500,   /* before a reply: longer than a client takes that does not wait for it */
    SHORTHAND = 8,   /* octets of one */
    CALLS_MOST = 20, /* of one client whose shorthand is refused each time */
};

/* ---- the form of a call ---- */

static void read_arguments(const struct check_ctx *c, const struct onc_call *call,
                           struct wire_in *in)
{
    struct wire_in args;

    wire_open_part(&args, in, call->args);
    if (c->target.endpoint.program != TARGET_MSGPROG)
        return;
    if (call->proc == MESSAGE_SAVE)
        wire_string(&args, "args.text", WIRE_NO_LIMIT);
    if (call->proc == MESSAGE_READ)
        wire_int(&args, "args.number");
    if (call->proc <= MESSAGE_READ)
        wire_end(&args, "args");
    wire_adopt(in, &args);
}

static void read_credential(const struct onc_call *call, struct wire_in *in)
{
    struct wire_in body;
    struct onc_sys sys;

    if (call->cred.flavor != ONC_AUTH_SYS)
        return;
    wire_open_part(&body, in, call->cred.body.octets);
    if (!onc_read_sys(&body, &sys))
        wire_adopt(in, &body);
}

static void judge_form(struct check_ctx *c, const struct client_request *r)
{
    struct onc_call call;
    struct wire_in in;
    struct buf words;

    wire_open(&in, r->octets);
    if (onc_read_call(&in, &call)) {
        read_credential(&call, &in);
        read_arguments(c, &call, &in);
    }
    buf_init(&words, OUTCOME_TEXT_MAX);
    wire_explain(&in, &words);
    if (check_alive(c) && !wire_ok(&in))
        check_broken(c, "a call as RFC 5531 9 has it", "%s", buf_text(&words));
    buf_free(&words);
    const struct endpoint *e = &c->target.endpoint;
    if (check_alive(c) && (call.prog != e->program || call.vers != e->version))
        check_broken(c, "a call of the program that it was told of",
                     "program %" PRIu32 ", version %" PRIu32, call.prog, call.vers);
}

static void answer_well_formed(struct check_ctx *c, struct conn *conn,
                               const struct client_request *r, void *closure UNUSED)
{
    judge_form(c, r);
    client_answer(c, conn, r, CLIENT_TRUE);
}

static void call_form(struct check_ctx *c)
{
    struct client_plan plan = {.texts = 1, .first_size = ODD_TEXT};

    client_begin(c, &plan);
    client_serve(c, answer_well_formed, NULL);
    client_must_succeed(c);
}

/* ---- credentials ---- */

/* The credential of the first call; the client is answered as it should be. */
static struct onc_call first_call(struct check_ctx *c)
{
    struct onc_call call = {0};
    struct wire_in in;

    client_begin_with(c, 1);
    struct conn *conn = client_accept(c);
    struct client_request r = client_request(c, conn);
    wire_open(&in, r.octets);
    if (check_alive(c) && !onc_read_call(&in, &call))
        check_skipped(c, "the call cannot be read, see client.rpc.call-form");
    client_answer(c, conn, &r, CLIENT_TRUE);
    client_finish(c, CLIENT_SERVED);
    client_must_succeed(c);
    call.cred.body.octets.data = NULL; /* the octets are gone with the step */
    return call;
}

static const char *flavor_text(uint32_t flavor)
{
    const char *name = onc_flavor_name(flavor);

    return name ? name : "a flavor that no RFC knows";
}

/* Where no authentication is made, all three flavors are AUTH_NONE (RFC 5531 10.1). A client that
   was told to use another one has shown nothing of it. */
static void auth_none(struct check_ctx *c)
{
    struct onc_call call = first_call(c);

    if (check_alive(c) && call.cred.flavor != ONC_AUTH_NONE)
        check_skipped(c, "the client calls with %s", flavor_text(call.cred.flavor));
    if (check_alive(c) && call.verf.flavor != ONC_AUTH_NONE)
        check_broken(c, "AUTH_NONE as the verifier of an AUTH_NONE credential", "%s",
                     flavor_text(call.verf.flavor));
}

static void sys_verifier(struct check_ctx *c)
{
    struct onc_call call = first_call(c);

    if (check_alive(c) && call.cred.flavor != ONC_AUTH_SYS)
        check_skipped(c, "the client calls with %s", flavor_text(call.cred.flavor));
    if (check_alive(c) && call.verf.flavor != ONC_AUTH_NONE)
        check_broken(c, "AUTH_NONE as the verifier of an AUTH_SYS credential", "%s",
                     flavor_text(call.verf.flavor));
}

/* What a server that gives out shorthands has seen. The body of the verifier reads as a credential
   of its own, too, since some clients take it for one. */
struct shorthand {
    bool refuses;     /* the shorthand is no longer known when it is used */
    unsigned calls;   /* with credentials of any flavor */
    unsigned used;    /* ... of these with the shorthand */
    uint32_t refused; /* xid of the last call that was refused */
    bool came_back;   /* a call with AUTH_SYS followed that refusal */
    bool same_xid;    /* ... and bore its xid */
    bool other;       /* the first call was not made with AUTH_SYS */
};

static void put_shorthand(struct buf *out)
{
    static const uint8_t octets[SHORTHAND] = "shortly";
    struct onc_auth auth = {.flavor = ONC_AUTH_SHORT,
                            .body = wire_counted_of(slice_of(octets, sizeof(octets)))};

    onc_put_auth(out, &auth);
}

static void give_shorthand(struct check_ctx *c, struct conn *conn, const struct client_request *r,
                           void *closure)
{
    struct shorthand *s = closure;
    struct client_call call;
    struct onc_call asked;
    struct wire_in in;
    struct buf body;

    wire_open(&in, r->octets);
    if (!onc_read_call(&in, &asked))
        asked.cred.flavor = ONC_AUTH_NONE;
    bool by_shorthand = asked.cred.flavor == ONC_AUTH_SHORT;
    s->other |= s->calls == 0 && asked.cred.flavor != ONC_AUTH_SYS;
    s->used += by_shorthand;
    if (s->refused && asked.cred.flavor == ONC_AUTH_SYS && !s->came_back) {
        s->came_back = true;
        s->same_xid = r->xid == s->refused;
    }
    if (++s->calls > CALLS_MOST)
        check_broken(c, "a client that gives up", "it has called %u times", s->calls);
    client_call_of(c, conn, r, &call);
    buf_init(&body, ONC_AUTH_BODY_MAX);
    put_shorthand(&body);
    struct onc_reply reply = call.truth;
    reply.verf.flavor = ONC_AUTH_SHORT;
    reply.verf.body = wire_counted_of(buf_slice(&body));
    if (by_shorthand && s->refuses) {
        reply = (struct onc_reply){.xid = r->xid,
                                   .msg_type = ONC_REPLY,
                                   .reply_stat = ONC_MSG_DENIED,
                                   .reject_stat = ONC_AUTH_ERROR,
                                   .auth_stat = ONC_AUTH_REJECTEDCRED};
        s->refused = r->xid;
    }
    client_call_say(c, &call, &reply);
    buf_free(&body);
    client_call_free(&call);
}

static struct shorthand serve_shorthand(struct check_ctx *c, bool refuses)
{
    struct shorthand s = {.refuses = refuses};

    client_begin_with(c, CLIENT_TEXTS);
    client_serve(c, give_shorthand, &s);
    if (check_alive(c) && s.other)
        check_skipped(c, "the client does not call with AUTH_SYS");
    client_must_not_lie(c, "the verifier of a reply was AUTH_SHORT");
    return s;
}

static void auth_short(struct check_ctx *c)
{
    struct shorthand s = serve_shorthand(c, false);

    check_noted(c, "%u of %u calls are made with the shorthand%s", s.used, s.calls,
                client_ended_well(c) ? "" : ", and it reports a failure");
}

static void auth_short_refused(struct check_ctx *c)
{
    struct shorthand s = serve_shorthand(c, true);

    if (check_alive(c) && s.used == 0)
        check_skipped(c, "the client does not use the shorthand");
    if (s.came_back)
        check_noted(c, "refused, it calls with AUTH_SYS again, with %s xid; %u calls for %d texts",
                    s.same_xid ? "the same" : "another", s.calls, CLIENT_TEXTS);
    else
        check_noted(c, "refused, it does not go back to AUTH_SYS");
}

/* ---- waiting ---- */

static void waits(struct check_ctx *c)
{
    client_begin_with(c, 1);
    struct conn *conn = client_accept(c);
    struct client_request r = client_request(c, conn);

    client_pause(c, WAIT_MS);
    if (check_alive(c) && client_over(c) && client_ended_well(c))
        check_broken(c, "a call returns when its result is there",
                     "the client ended with status 0 before it was answered");
    client_answer(c, conn, &r, CLIENT_TRUE);
    client_finish(c, CLIENT_SERVED);
    client_must_not_lie(c, "the reply took its time");
}

static void silent(struct check_ctx *c)
{
    client_begin_with(c, 1);
    struct conn *conn = client_accept(c);

    client_request(c, conn);
    client_finish(c, CLIENT_HEARD);
    client_must_fail(c);
    if (client_datagrams(c) > 0)
        check_remark(c, "%u datagram%s", client_datagrams(c), text_s(client_datagrams(c)));
}

/* Which texts were asked for; the first one is never answered. */
static void answer_all_but_first(struct check_ctx *c, struct conn *conn,
                                 const struct client_request *r, void *closure)
{
    unsigned *asked = closure;

    if (r->number >= CLIENT_TEXTS)
        return;
    *asked |= 1U << r->number;
    if (r->number > 0)
        client_answer(c, conn, r, CLIENT_TRUE);
}

static void after_timeout(struct check_ctx *c)
{
    unsigned asked = 0;

    if (c->target.client->facts.pipelines)
        check_skipped(c, "the client makes all calls at once, and none behind one that timed out");
    client_begin_with(c, CLIENT_TEXTS);
    client_serve(c, answer_all_but_first, &asked);
    client_must_end(c);
    if (check_alive(c) && asked == 1)
        check_skipped(c, "the client ends with its first call that is not answered");
    for (unsigned i = 1; i < CLIENT_TEXTS && check_alive(c); i++) {
        if (asked >> i & 1 && c->target.client->facts.shows &&
            client_shown_times(c, client_text(c, i, CLIENT_TRUE)) == 0)
            check_broken(c, "a call behind one that timed out gets its own reply",
                         "call %u was answered, and its answer is not shown", i + 1);
    }
}

static void server_restart(struct check_ctx *c)
{
    struct client_call call;

    client_call_begin(c, 2, &call);
    client_answer(
        c, call.conn,
        &(struct client_request){.xid = call.xid, .proc = call.proc, .number = call.number},
        CLIENT_TRUE);
    if (check_alive(c))
        check_close(c, call.conn);
    client_finish(c, CLIENT_SERVED);
    client_must_not_lie(c, "the connection ended between two calls");
    check_remark(c, "the second call is %s",
                 client_ended_well(c) ? "made on another connection" : "reported as failed");
    client_call_free(&call);
}

/* ---- calls that are made again ---- */

static void retransmit_xid(struct check_ctx *c)
{
    struct client_request r;

    client_begin_with(c, 1);
    struct conn *conn = client_accept(c);
    r = client_request(c, conn);
    uint32_t xid = r.xid;
    bool again = client_try_request(c, conn, &r, conn_patience(c));
    if (check_alive(c) && !again)
        check_skipped(c, "the client does not send a call again");
    bool same = r.xid == xid;
    client_answer(c, conn, &r, CLIENT_TRUE);
    client_finish(c, CLIENT_SERVED);
    check_noted(c, "a call that is sent again bears %s xid", same ? "the same" : "another");
}

static const struct check checks[] = {
    {
        .id = "client.rpc.call-form",
        .claim = "a call has the form that RFC 5531 gives it, octet by octet",
        .why = "Servers that read strictly refuse what lenient ones have let pass for years.",
        .how = "A call with a text of 21 octets is read strictly: rpcvers 2, the program and "
               "version that were told, credential and verifier within 400 octets, an AUTH_SYS "
               "credential as it is declared, padding of zeros, nothing behind the arguments.",
        .cites = {REQ_RPC_5531_9_08, REQ_XDR_4506_3_02, REQ_XDR_4506_4_11_01},
        .needs = NEED_RPC,
        .run = call_form,
    },
    {
        .id = "client.rpc.auth-none",
        .claim = "a client can call with AUTH_NONE, and means it",
        .why = "It is what every server can take; a verifier of another flavor verifies nothing.",
        .how = "The flavors of a call that is made with AUTH_NONE, and a reply with AUTH_NONE, "
               "which gives the client its answer.",
        .cites = {REQ_RPC_5531_10_02},
        .needs = NEED_RPC,
        .run = auth_none,
    },
    {
        .id = "client.rpc.sys-verifier",
        .claim = "the verifier beside an AUTH_SYS credential is AUTH_NONE",
        .why = "There is nothing to verify, and servers may look.",
        .how = "The verifier of a call that is made with AUTH_SYS.",
        .cites = {REQ_RPC_5531_A_06},
        .needs = NEED_RPC,
        .run = sys_verifier,
    },
    {
        .id = "client.rpc.auth-short",
        .claim = "whether a client uses the shorthand that a server gives it",
        .why = "It may; and it may stay with AUTH_SYS.",
        .how = "Replies with an AUTH_SHORT verifier; the credentials of later calls are looked at.",
        .cites = {REQ_RPC_5531_A_08},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = auth_short,
    },
    {
        .id = "client.rpc.auth-short-refused",
        .claim = "what a client does whose shorthand is refused",
        .why = "A server may forget it at any time.",
        .how = "Each call with an AUTH_SHORT credential is denied by AUTH_REJECTEDCRED, each with "
               "AUTH_SYS is answered; a client that has called 20 times is stopped.",
        .cites = {REQ_RPC_5531_A_10},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = auth_short_refused,
    },
    {
        .id = "client.rpc.waits",
        .claim = "a call returns when its result is there, and not before",
        .why = "What a caller does next depends on it.",
        .how = "The reply is held back for a while; a client that ends with status 0 meanwhile "
               "has made it up.",
        .cites = {REQ_MSG_DEMO_client_02},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = waits,
    },
    {
        .id = "client.rpc.silent",
        .claim = "a call that is never answered is reported as failed",
        .why = "RPC has no time-out of its own: the client must have one.",
        .how = "Calls are read and never answered; the client ends while patience lasts.",
        .cites = {REQ_RPC_5531_4_02, REQ_RPC_5531_5_01, REQ_MSG_DEMO_failures_01},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = silent,
    },
    {
        .id = "client.rpc.after-timeout",
        .claim = "a call behind one that timed out gets its own reply",
        .why = "A client that is out of step loses every later answer, or shows another one's.",
        .how = "Of three calls the first is never answered and the others are; a client that goes "
               "on shows their answers.",
        .cites = {REQ_RPC_ROB_9_09},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = after_timeout,
    },
    {
        .id = "client.rpc.server-restart",
        .claim = "a connection that ends between two calls is noticed by the second",
        .why = "Servers restart; the client reconnects, or says that it does not know.",
        .how = "The first of two calls is answered and the connection closed; whoever connects "
               "again is served.",
        .cites = {REQ_RPC_5531_5_08, REQ_RPC_5531_4_02},
        .needs = NEED_RPC | NEED_CONNECTED | NEED_JUDGES,
        .run = server_restart,
    },
    {
        .id = "client.rpc.retransmit-xid",
        .claim = "whether a call that is sent again keeps its xid",
        .why = "Servers know a copy by it, and do not execute it twice.",
        .how = "The first datagram is not answered; the xid of the next one is compared.",
        .cites = {REQ_RPC_5531_5_03},
        .needs = NEED_RPC | NEED_DATAGRAM,
        .run = retransmit_xid,
    },
};

SUITE(client_calls);
