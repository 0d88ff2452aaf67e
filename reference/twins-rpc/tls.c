/* Twins that are wrong about the AUTH_TLS probe (RFC 9289 4.1). */
#include <stdlib.h>

#include "reference/twins-rpc/twin.h"

enum { FLAVOR_TLS = 7, HELLO = 0x16 };

static const char token[] = "STARTTLS";

static bool is_probe(const struct request *r)
{
    return r->form == CALL_GOOD && r->call.credential.flavor == FLAVOR_TLS;
}

static enum act be_silent(struct request *r)
{
    r->reply.copies = !is_probe(r);
    return is_probe(r) ? ACT_SKIP : ACT_GO_ON;
}

static enum act offer(struct request *r, const char *words)
{
    request_accept(r, ACCEPT_SUCCESS);
    r->reply.verifier = slice_str(words);
    return ACT_SKIP;
}

static enum act offer_by_flavor(struct request *r)
{
    if (!is_probe(r))
        return ACT_GO_ON;
    r->reply.flavor = FLAVOR_TLS;
    return offer(r, token);
}

static enum act offer_something(struct request *r)
{
    return is_probe(r) ? offer(r, "STARTSSL") : ACT_GO_ON;
}

static enum act deny_and_end(struct request *r)
{
    if (!is_probe(r))
        return ACT_GO_ON;
    request_deny(r, AUTH_STAT_REJECTEDCRED);
    return ACT_DROP;
}

/* Who has been served once is known. */
static enum act take_in_the_middle(struct request *r)
{
    if (!is_probe(r))
        *r->memo = 1;
    else if (*r->memo)
        return offer(r, "");
    return ACT_GO_ON;
}

static enum act insist_on_empty(struct request *r)
{
    if (is_probe(r) && r->call.credential.body.len > 0)
        abort();
    return ACT_GO_ON;
}

static enum auth_stat take_tls(const struct request *r)
{
    bool taken = is_probe(r) && r->call.procedure != MSG_NULL;

    return taken ? AUTH_STAT_OK : request_judge(r);
}

static enum act die_of_hello(struct peer *p)
{
    if (p->mark[0] == HELLO)
        abort();
    return ACT_GO_ON;
}

/* ---- with TLS, as far as the handshake ---- */

/* Right: what is no ClientHello behind the token is thrown away, and ends the connection. */
static enum act shake_hands(struct request *r)
{
    if (*r->memo == 0 && is_probe(r) && r->call.procedure == MSG_NULL) {
        *r->memo = 1;
        return offer(r, token);
    }
    if (*r->memo == 0 && is_probe(r)) {
        request_deny(r, AUTH_STAT_BADCRED);
        return ACT_SKIP;
    }
    if (*r->memo == 0)
        return ACT_GO_ON;
    r->reply.copies = 0;
    return r->server->fault->limit ? ACT_SKIP : ACT_DROP;
}

static enum act offer_falsely(struct request *r)
{
    return is_probe(r) ? offer(r, token) : ACT_GO_ON;
}

static const struct twin twins[] = {
    {.name = "none-tls", .what = "nothing", .fault.message.take = shake_hands},
    {
        .name = "tls-probe-silent",
        .check = "rpc.tls.probe-answered",
        .what = "does not answer AUTH_TLS",
        .fault.message.take = be_silent,
    },
    {
        .name = "tls-verifier-flavor",
        .check = "rpc.tls.reply-verf-flavor",
        .what = "puts STARTTLS into a verifier of the flavor AUTH_TLS",
        .fault.message.take = offer_by_flavor,
    },
    {
        .name = "tls-other-token",
        .check = "rpc.tls.starttls-token",
        .what = "answers STARTSSL",
        .fault.message.take = offer_something,
    },
    {
        .name = "tls-probe-ends",
        .check = "rpc.tls.plain-server-survives",
        .what = "denies AUTH_TLS and ends the connection",
        .fault.message.take = deny_and_end,
    },
    {
        .name = "tls-probe-later",
        .check = "rpc.tls.probe-mid-conversation",
        .what = "takes AUTH_TLS behind another call of the connection",
        .fault.message.take = take_in_the_middle,
    },
    {
        .name = "tls-probe-asserted",
        .check = "rpc.tls.probe-not-empty",
        .what = "dies of octets in an AUTH_TLS credential",
        .fault.message.take = insist_on_empty,
    },
    {
        .name = "tls-for-any-procedure",
        .check = "rpc.tls.non-null-proc",
        .what = "carries out SAVEMSG with AUTH_TLS",
        .fault.message.judge = take_tls,
    },
    {
        .name = "tls-hello-fatal",
        .check = "rpc.tls.plain-before-probe",
        .what = "dies of a ClientHello",
        .fault.stream.header = die_of_hello,
    },
    {
        .name = "tls-offered-falsely",
        .check = "rpc.tls.spurious-discard",
        .what = "answers STARTTLS, and goes on in clear text",
        .fault.message.take = offer_falsely,
    },
    {
        .name = "tls-plain-ignored",
        .check = "rpc.tls.spurious-drop",
        .what = "ignores plain calls behind STARTTLS, and lets the connection stay",
        .fault = {.limit = 1, .message.take = shake_hands},
    },
};

TWINS(tls);
