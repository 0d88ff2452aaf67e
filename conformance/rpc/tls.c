/* Checks: the AUTH_TLS probe (RFC 9289 4.1), as far as a client without TLS sees it. */
#include <inttypes.h>

#include "conformance/msgprog/message.h"
#include "conformance/rpc/try.h"
#include "conformance/suites.h"

static const struct say_options due = {.resend = true, .awaits = true};

/* The probe, on this connection; one sound reply. */
static void probe(struct check_ctx *c, struct conn *conn, struct heard *ret)
{
    struct onc_call call =
        onc_tls_probe(check_xid(c), c->target.endpoint.program, c->target.endpoint.version);

    check_say(c, conn, &call, &due, ret);
    check_answered_once(c, ret, "an AUTH_TLS probe");
}

/* The probe without a fence behind it: a target that offers TLS waits for a ClientHello then. */
static bool offers_tls(struct check_ctx *c, struct conn *conn)
{
    static const struct say_options bare = {.resend = true, .awaits = true, .no_fence = true};
    struct onc_call call =
        onc_tls_probe(check_xid(c), c->target.endpoint.program, c->target.endpoint.version);
    struct heard h;

    check_say(c, conn, &call, &bare, &h);
    check_answered_once(c, &h, "an AUTH_TLS probe");
    return check_alive(c) && h.sound && onc_offers_tls(&h.reply);
}

static bool offered_elsewhere(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    bool offered = offers_tls(c, conn);

    check_close(c, conn);
    return offered;
}

static void plain_call(struct check_ctx *c, struct conn *conn)
{
    struct heard h;

    check_call(c, conn, ONC_NULLPROC, slice_of(NULL, 0), &h);
}

static void probe_answered(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    bool offered = offers_tls(c, conn);
    char text[TRY_TEXT];
    struct heard h;

    check_close(c, conn);
    if (offered) { /* a call behind the probe would end the connection */
        check_remark(c, "the target offers TLS");
        return;
    }
    try_cred(c, try_auth(ONC_AUTH_TLS, 0), true, &h);
    check_heard_text(&h, text, sizeof(text));
    try_reasoned(c, &h, "an AUTH_TLS probe");
    try_close(c, &h);
    check_remark(c, "%s", text);
}

static void reply_verf(struct check_ctx *c)
{
    static const uint32_t versions[] = {0, 0x00ab0000};

    for (size_t i = 0; i < ARRAY_LEN(versions) && check_alive(c); i++) {
        static const struct say_options bare = {.resend = true, .awaits = true, .no_fence = true};
        struct onc_call call = onc_tls_probe(check_xid(c), c->target.endpoint.program,
                                             c->target.endpoint.version + versions[i]);
        struct conn *conn = check_dial(c);
        struct heard h;

        check_say(c, conn, &call, &bare, &h);
        check_answered_once(c, &h, "an AUTH_TLS probe");
        check_close(c, conn);
        if (check_alive(c) && h.reply.reply_stat == ONC_MSG_ACCEPTED &&
            h.reply.verf.flavor != ONC_AUTH_NONE)
            check_broken(c, "the verifier of the reply is AUTH_NONE", "flavor %" PRIu32,
                         h.reply.verf.flavor);
    }
}

static void starttls_token(struct check_ctx *c)
{
    static const struct say_options bare = {.resend = true, .awaits = true, .no_fence = true};
    struct onc_call call =
        onc_tls_probe(check_xid(c), c->target.endpoint.program, c->target.endpoint.version);
    struct conn *conn = check_dial(c);
    struct heard h;

    check_say(c, conn, &call, &bare, &h);
    check_answered_once(c, &h, "an AUTH_TLS probe");
    check_close(c, conn);
    if (!check_alive(c) || h.reply.reply_stat != ONC_MSG_ACCEPTED)
        return;
    size_t len = h.reply.verf.body.octets.len;
    if (len > 0 && !onc_offers_tls(&h.reply))
        check_broken(c, "the verifier of the reply is empty, or the eight octets STARTTLS",
                     "%zu other octets", len);
}

static void plain_server_survives(struct check_ctx *c)
{
    struct heard h;

    if (offered_elsewhere(c)) {
        check_skipped(c, "the target offers TLS: a ClientHello has to follow");
        return;
    }
    struct conn *conn = check_dial(c);
    for (unsigned i = 0; i < 3 && check_alive(c); i++) {
        probe(c, conn, &h);
        plain_call(c, conn);
    }
}

/* In the middle of a conversation it is a call like others, and answered as the first one is. */
static void probe_mid_conversation(struct check_ctx *c)
{
    char first[TRY_TEXT];
    char later[TRY_TEXT];
    struct heard h;

    if (offered_elsewhere(c)) {
        check_skipped(c, "the target offers TLS: a ClientHello has to follow");
        return;
    }
    struct conn *conn = check_dial(c);
    probe(c, conn, &h);
    check_heard_text(&h, first, sizeof(first));
    check_close(c, conn);
    conn = check_dial(c);
    for (unsigned i = 0; i < 3 && check_alive(c); i++) {
        plain_call(c, conn);
        probe(c, conn, &h);
        check_heard_text(&h, later, sizeof(later));
        if (check_alive(c) && !text_eq(first, later))
            check_broken(c, "the probe is answered alike at any time", "%s at first, %s later",
                         first, later);
    }
    plain_call(c, conn);
}

static void probe_not_empty(struct check_ctx *c)
{
    static const size_t lengths[] = {1, 4, 8, 400, 401};
    struct heard h;

    for (size_t i = 0; i < 2 * ARRAY_LEN(lengths) && check_in_time(c); i++) {
        struct onc_call call = check_call_of(c, ONC_NULLPROC);

        call.cred = try_auth(ONC_AUTH_TLS, i % 2 ? 0 : lengths[i / 2]);
        if (i % 2)
            call.verf = try_auth(ONC_AUTH_NONE, lengths[i / 2]);
        try_call(c, &call, false, &h);
        try_survived(c, &h, "an AUTH_TLS probe whose credential or verifier has octets");
        if (check_alive(c) && lengths[i / 2] > ONC_AUTH_BODY_MAX)
            try_refused(c, &h, "an AUTH_TLS probe with 401 octets");
        try_close(c, &h);
    }
    check_probe(c);
}

/* Who offers TLS says AUTH_BADCRED; who does not, what it says to flavors that it does not know. */
static void non_null_proc(struct check_ctx *c)
{
    struct buf text, args;
    struct heard h;

    bool offers = offered_elsewhere(c);
    if (!offers && try_takes_any(c)) {
        check_skipped(c, "the target takes calls of any flavor");
        return;
    }
    buf_init(&text, 1 << 12);
    buf_init(&args, 1 << 12);
    message_text(c, 64, &text);
    message_args(buf_slice(&text), &args);
    int32_t before = message_save(c, NULL, slice_str("before"));
    struct onc_call call = check_call_of(c, MESSAGE_SAVE);
    call.cred.flavor = ONC_AUTH_TLS;
    call.args = buf_slice(&args);
    try_call(c, &call, false, &h);
    if (offers)
        check_auth_error(c, &h, "SAVEMSG with AUTH_TLS", ONC_AUTH_BADCRED);
    try_refused(c, &h, "SAVEMSG with AUTH_TLS");
    try_close(c, &h);
    int32_t after = message_save(c, NULL, slice_str("after"));
    message_absent(c, before, after, buf_slice(&text));
    buf_free(&text);
    buf_free(&args);
}

/* A TLS 1.3 ClientHello as it begins: record, handshake, version; the rest is noise. */
static void put_hello(struct check_ctx *c, struct buf *out)
{
    static const uint8_t head[] = {0x16, 3, 1, 0, 0xc0, 1, 0, 0, 0xbc, 3, 3};
    uint8_t rest[0xc0 + 5 - sizeof(head)];

    rng_fill(&c->rng, rest, sizeof(rest));
    buf_put(out, slice_of(head, sizeof(head)));
    buf_put(out, slice_of(rest, sizeof(rest)));
}

static void plain_before_probe(struct check_ctx *c)
{
    static const struct say_options bare = {.no_fence = true};
    struct conn *conn = check_dial(c);
    struct buf hello;
    struct heard h;

    plain_call(c, conn);
    buf_init(&hello, 1 << 10);
    put_hello(c, &hello);
    struct conn *other = check_dial(c);
    if (endpoint_is_datagram(&c->target.endpoint))
        check_say_octets(c, other, check_xid(c), buf_slice(&hello), NULL, &h);
    else
        check_say_stream(c, other, check_xid(c), buf_slice(&hello), &bare, &h);
    check_close(c, other);
    plain_call(c, conn);
    check_probe(c);
    buf_free(&hello);
}

/* Between the probe and the handshake. */
static void spurious(struct check_ctx *c, bool drop)
{
    static const struct say_options bare = {.no_fence = true, .awaits = true};
    struct conn *conn = check_dial(c);
    struct heard h;

    if (!offers_tls(c, conn)) {
        if (check_alive(c))
            check_skipped(c, "the target does not offer TLS");
        return;
    }
    struct onc_call call = check_call_of(c, ONC_NULLPROC);
    check_say(c, conn, &call, &bare, &h);
    if (!drop)
        check_unanswered(c, &h, "a plain call behind STARTTLS");
    else if (check_alive(c) && !h.ended && !h.reset)
        check_end(c, conn);
    check_met(c);
}

static void spurious_discard(struct check_ctx *c)
{
    spurious(c, false);
}

static void spurious_drop(struct check_ctx *c)
{
    spurious(c, true);
}

#define NEEDS_CALLS (NEED_RPC | NEED_REPLIES)

static const struct check checks[] = {
    {
        .id = "rpc.tls.probe-answered",
        .claim = "the AUTH_TLS probe gets one reply: accepted, or denied with a reason",
        .why = "Every client that can do TLS begins with it, also at servers that never heard of "
               "it.",
        .how = "The NULL procedure with an empty AUTH_TLS credential.",
        .cites = {REQ_TLS_9289_4_1_12, REQ_TLS_9289_7_1_01},
        .needs = NEEDS_CALLS,
        .run = probe_answered,
    },
    {
        .id = "rpc.tls.reply-verf-flavor",
        .claim = "an accepted reply to the probe has an AUTH_NONE verifier",
        .why = "The client looks for the token there and nowhere else.",
        .how = "The probe, at the target's version and at an unknown one.",
        .cites = {REQ_TLS_9289_4_1_04},
        .needs = NEEDS_CALLS,
        .run = reply_verf,
    },
    {
        .id = "rpc.tls.starttls-token",
        .claim = "the verifier of the reply to the probe is empty or STARTTLS",
        .why = "Anything that resembles the token leaves both sides in doubt.",
        .how = "The probe; the octets of the reply's verifier.",
        .cites = {REQ_TLS_9289_4_1_05},
        .needs = NEEDS_CALLS,
        .run = starttls_token,
    },
    {
        .id = "rpc.tls.plain-server-survives",
        .claim = "a target without TLS serves plain calls behind the probe",
        .why = "A client that may go on in clear text does so on the same connection.",
        .how = "Probe and NULL call by turns; each is answered.",
        .cites = {REQ_TLS_9289_4_1_12},
        .needs = NEEDS_CALLS | NEED_PERSISTS,
        .run = plain_server_survives,
    },
    {
        .id = "rpc.tls.probe-mid-conversation",
        .claim = "the probe is answered alike at the beginning and in the middle",
        .why = "Connections are shared, and only some of their users want TLS.",
        .how = "A probe on a fresh connection, then probes between plain calls.",
        .cites = {REQ_TLS_9289_4_1_12},
        .needs = NEEDS_CALLS | NEED_PERSISTS,
        .run = probe_mid_conversation,
    },
    {
        .id = "rpc.tls.probe-not-empty",
        .claim = "a probe with octets in its credential or verifier does no harm",
        .why = "The length must be zero, and who relies on that does not skip the octets.",
        .how = "1, 4, 8, 400 and 401 octets; at most one sound reply each, none carried out with "
               "401.",
        .cites = {REQ_RPC_ROB_8_2_01},
        .needs = NEEDS_CALLS,
        .run = probe_not_empty,
    },
    {
        .id = "rpc.tls.non-null-proc",
        .claim = "a call of another procedure than NULL with AUTH_TLS is denied",
        .why = "AUTH_TLS stands for nobody, and the call is still in clear text.",
        .how = "SAVEMSG with AUTH_TLS; it is not stored. Who offers TLS says AUTH_BADCRED.",
        .cites = {REQ_TLS_9289_4_1_09},
        .needs = NEEDS_CALLS | NEED_MSGPROG,
        .run = non_null_proc,
    },
    {
        .id = "rpc.tls.plain-before-probe",
        .claim = "before a probe everything is RPC: plain calls are served, a ClientHello is none",
        .why = "A client that begins with TLS at once is a frequent mistake.",
        .how = "A plain call; a ClientHello on another connection; plain calls again.",
        .cites = {REQ_TLS_9289_5_1_1_01},
        .needs = NEEDS_CALLS | NEED_PERSISTS | NEED_CONCURRENT,
        .run = plain_before_probe,
    },
    {
        .id = "rpc.tls.spurious-discard",
        .claim = "a plain call between STARTTLS and the handshake is not answered",
        .why = "Somebody in between could have put it there.",
        .how = "Where TLS is offered: a NULL call behind the probe.",
        .cites = {REQ_TLS_9289_5_1_1_02},
        .needs = NEEDS_CALLS | NEED_STREAM,
        .run = spurious_discard,
    },
    {
        .id = "rpc.tls.spurious-drop",
        .claim = "a plain call between STARTTLS and the handshake ends the connection",
        .why = "The conversation cannot be trusted any more.",
        .how = "Where TLS is offered: a NULL call behind the probe; the end comes.",
        .cites = {REQ_TLS_9289_5_1_1_03},
        .needs = NEEDS_CALLS | NEED_STREAM,
        .run = spurious_drop,
    },
};

SUITE(rpc_tls);
