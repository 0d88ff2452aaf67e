/* Checks: RPCSEC_GSS (RFC 2203), as far as a client without any security mechanism sees it. */
#include <inttypes.h>
#include <string.h>

#include "conformance/msgprog/message.h"
#include "conformance/rpc/try.h"
#include "conformance/suites.h"

enum { CRED_MAX = 1024, ARGS_MAX = 1 << 16 };

static const struct onc_gss creation = {
    .version = ONC_GSS_VERSION,
    .proc = ONC_GSS_INIT,
    .seq = 0,
    .service = ONC_GSS_NONE,
};

/* How a control message or a data request is said. */
struct gss_call {
    struct onc_gss cred;
    size_t cut;         /* octets taken off the end of the credential */
    uint32_t procedure; /* NULL for control messages */
    struct slice args;  /* as they are on the wire */
};

static void say_gss(struct check_ctx *c, const struct gss_call *g, bool due, struct heard *ret)
{
    struct onc_call call = check_call_of(c, g->procedure);
    struct buf body;

    buf_init(&body, CRED_MAX);
    onc_put_gss(&body, &g->cred);
    body.len -= size_min(g->cut, body.len);
    call.cred =
        (struct onc_auth){.flavor = ONC_RPCSEC_GSS, .body = wire_counted_of(buf_slice(&body))};
    call.args = g->args;
    try_call(c, &call, due, ret);
    buf_free(&body);
}

/* A token that no mechanism made, as the arguments of a creation request. */
static struct slice false_token(struct buf *args, size_t octets)
{
    buf_init(args, ARGS_MAX);
    struct buf token;
    buf_init(&token, ARGS_MAX);
    for (size_t i = 0; i < octets; i++)
        buf_put_byte(&token, (uint8_t)(0x60 + i));
    wire_put_opaque(args, buf_slice(&token));
    buf_free(&token);
    return buf_slice(args);
}

/* A creation request with a credential like this; one sound reply. What it says in words. */
static void create(struct check_ctx *c, const struct onc_gss *cred, struct heard *ret,
                   char text[TRY_TEXT])
{
    struct buf args;
    struct gss_call g = {.cred = *cred, .args = false_token(&args, 24)};

    say_gss(c, &g, true, ret);
    check_answered_once(c, ret, "a creation request of RPCSEC_GSS");
    check_heard_text(ret, text, TRY_TEXT);
    try_close(c, ret);
    buf_free(&args);
}

/*
 * The clauses on answers to wrong requests bind who knows the flavor. A target that says to an
 * honest creation request what it says to flavor 99 does not know it, and nobody has to.
 */
static bool knows_gss(struct check_ctx *c)
{
    char asked[TRY_TEXT];
    char other[TRY_TEXT];
    struct heard h;

    create(c, &creation, &h, asked);
    try_cred(c, try_auth(TRY_UNKNOWN_FLAVOR, 0), true, &h);
    check_answered_once(c, &h, "a call of an unknown flavor");
    check_heard_text(&h, other, sizeof(other));
    try_close(c, &h);
    if (check_alive(c) && try_succeeded(&h))
        check_skipped(c, "the target takes calls of any flavor");
    if (!check_alive(c) || !text_eq(asked, other))
        return check_alive(c);
    check_skipped(c, "the target does not know RPCSEC_GSS: %s, as to flavor 99", asked);
    return false;
}

/* ---- creation ---- */

static void control_not_dispatched(struct check_ctx *c)
{
    static const uint32_t procs[] = {ONC_GSS_INIT, ONC_GSS_CONTINUE_INIT, ONC_GSS_DESTROY};
    struct buf text, args;
    struct heard h;

    if (try_takes_any(c)) {
        check_skipped(c, "the target takes calls of any flavor");
        return;
    }
    buf_init(&text, ARGS_MAX);
    buf_init(&args, ARGS_MAX);
    message_text(c, 64, &text);
    message_args(buf_slice(&text), &args);
    int32_t before = message_save(c, NULL, slice_str("before"));
    for (size_t i = 0; i < ARRAY_LEN(procs) && check_alive(c); i++) {
        struct gss_call g = {.cred = creation, .procedure = MESSAGE_SAVE, .args = buf_slice(&args)};

        g.cred.proc = procs[i];
        say_gss(c, &g, false, &h);
        try_survived(c, &h, "a control message at procedure 1");
        try_close(c, &h);
    }
    int32_t after = message_save(c, NULL, slice_str("after"));
    message_absent(c, before, after, buf_slice(&text));
    buf_free(&text);
    buf_free(&args);
}

static void init_ignores_service(struct check_ctx *c)
{
    static const struct {
        uint32_t seq, service;
    } odd[] = {{0, 0}, {0, 2}, {0, 4}, {0, 9}, {0xffffffff, 1}, {0x80000001, 0xffffffff}};
    char usual[TRY_TEXT];
    char text[TRY_TEXT];
    struct heard h;

    create(c, &creation, &h, usual);
    for (size_t i = 0; i < ARRAY_LEN(odd) && check_alive(c); i++) {
        struct onc_gss cred = creation;

        cred.seq = odd[i].seq;
        cred.service = odd[i].service;
        create(c, &cred, &h, text);
        if (check_alive(c) && !text_eq(text, usual))
            check_broken(c,
                         "a creation request is answered alike, whatever its service and "
                         "seq_num say",
                         "%s for service %" PRIu32 " and seq_num %" PRIu32 ", %s for service 1",
                         text, odd[i].service, odd[i].seq, usual);
    }
}

static void init_token(struct check_ctx *c)
{
    static const size_t lengths[] = {0, 1, 3, 4, 24, 400, 1024, 4000};
    struct buf args;
    struct heard h;

    for (size_t i = 0; i < ARRAY_LEN(lengths) && check_in_time(c); i++) {
        struct gss_call g = {.cred = creation, .args = false_token(&args, lengths[i])};

        say_gss(c, &g, true, &h);
        check_answered_once(c, &h, "a creation request with a token of no mechanism");
        try_close(c, &h);
        buf_free(&args);
    }
    check_probe(c);
}

/* The length of the token lies, or there is none. */
static void init_token_lies(struct check_ctx *c)
{
    static const uint32_t claimed[] = {0xffffffff, 0x80000000, 0x7ffffffc, 25, 1024};
    struct buf args;
    struct heard h;

    for (size_t i = 0; i <= ARRAY_LEN(claimed) && check_in_time(c); i++) {
        struct gss_call g = {.cred = creation};

        buf_init(&args, ARGS_MAX);
        if (i < ARRAY_LEN(claimed)) {
            wire_put_uint(&args, claimed[i]);
            wire_put_fixed(&args, slice_str("a token of 24 octets ..."));
        }
        g.args = buf_slice(&args);
        say_gss(c, &g, false, &h);
        try_survived(c, &h, "a creation request whose token is not there");
        try_close(c, &h);
        buf_free(&args);
    }
    check_probe(c);
}

static void init_failure_empty(struct check_ctx *c)
{
    enum { CONTINUE_NEEDED = 1 };
    char text[TRY_TEXT];
    struct onc_gss_init init;
    struct wire_in in;
    struct heard h;

    create(c, &creation, &h, text);
    if (!check_alive(c))
        return;
    if (try_succeeded(&h) && !knows_gss(c))
        return;
    if (!try_succeeded(&h)) {
        check_skipped(c, "a creation request has no results: %s", text);
        return;
    }
    wire_open(&in, h.reply.results);
    if (!onc_read_gss_init(&in, &init)) {
        check_broken(c, "the results of a creation request are an rpc_gss_init_res", "%s", in.text);
        return;
    }
    if (init.major > CONTINUE_NEEDED && init.handle.octets.len + init.token.octets.len > 0)
        check_broken(c, "a failed creation has an empty handle and an empty token",
                     "%zu and %zu octets, gss_major 0x%" PRIx32, init.handle.octets.len,
                     init.token.octets.len, init.major);
    check_met(c);
}

static void init_no_13_14(struct check_ctx *c)
{
    static const uint32_t procs[] = {ONC_GSS_INIT, ONC_GSS_CONTINUE_INIT};
    char text[TRY_TEXT];
    struct heard h;

    for (size_t i = 0; i < 2 * ARRAY_LEN(procs) && check_alive(c); i++) {
        struct onc_gss cred = creation;

        cred.proc = procs[i / 2];
        if (i % 2)
            cred.handle = wire_counted_of(slice_str("hhhh"));
        create(c, &cred, &h, text);
        if (check_alive(c) && try_denied(&h) &&
            (h.reply.auth_stat == ONC_RPCSEC_GSS_CREDPROBLEM ||
             h.reply.auth_stat == ONC_RPCSEC_GSS_CTXPROBLEM))
            check_broken(c, "a creation request is never denied by CREDPROBLEM or CTXPROBLEM",
                         "%s for gss_proc %" PRIu32, text, cred.proc);
    }
}

static void init_null_verf(struct check_ctx *c)
{
    static const struct {
        uint32_t program, version;
    } elsewhere[] = {{0, 0}, {0x00ab0000, 0}, {0, 0x00ab0000}};
    struct buf args, body;
    struct heard h;
    unsigned seen = 0;

    buf_init(&body, CRED_MAX);
    onc_put_gss(&body, &creation);
    struct slice token = false_token(&args, 24);
    for (size_t i = 0; i < ARRAY_LEN(elsewhere) && check_alive(c); i++) {
        struct onc_call call = check_call_of(c, ONC_NULLPROC);

        call.prog += elsewhere[i].program;
        call.vers += elsewhere[i].version;
        call.args = token;
        call.cred =
            (struct onc_auth){.flavor = ONC_RPCSEC_GSS, .body = wire_counted_of(buf_slice(&body))};
        try_call(c, &call, true, &h);
        check_answered_once(c, &h, "a creation request");
        try_close(c, &h);
        if (!check_alive(c) || h.reply.reply_stat != ONC_MSG_ACCEPTED ||
            h.reply.accept_stat == ONC_SUCCESS)
            continue;
        seen++;
        if (h.reply.verf.flavor != ONC_AUTH_NONE || h.reply.verf.body.octets.len > 0)
            check_broken(c, "an accepted creation reply without SUCCESS has a NULL verifier",
                         "flavor %" PRIu32 " and %zu octets", h.reply.verf.flavor,
                         h.reply.verf.body.octets.len);
    }
    if (check_alive(c) && seen == 0)
        check_skipped(c, "no creation request is accepted without SUCCESS");
    buf_free(&args);
    buf_free(&body);
}

/* ---- wrong credentials ---- */

static void denied_by(struct check_ctx *c, const struct gss_call *g, const char *what,
                      uint32_t stat)
{
    struct heard h;

    say_gss(c, g, true, &h);
    check_auth_error(c, &h, what, stat);
    try_close(c, &h);
}

static void bad_version(struct check_ctx *c)
{
    static const uint32_t versions[] = {0, 99, 0xffffffff};

    if (!knows_gss(c))
        return;
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        struct gss_call g = {.cred = creation};

        g.cred.version = versions[i];
        denied_by(c, &g, "an unknown version of RPCSEC_GSS", ONC_AUTH_REJECTEDCRED);
    }
}

static void v2_probe(struct check_ctx *c)
{
    struct onc_gss cred = creation;
    char usual[TRY_TEXT];
    char text[TRY_TEXT];
    struct heard h;

    create(c, &creation, &h, usual);
    cred.version = 2;
    create(c, &cred, &h, text);
    check_noted(c, "creation by version 2: %s; by version 1: %s", text, usual);
}

static void v3_probe(struct check_ctx *c)
{
    struct onc_gss cred = creation;
    char usual[TRY_TEXT];
    char text[TRY_TEXT];
    struct heard h;

    if (!knows_gss(c))
        return;
    create(c, &creation, &h, usual);
    cred.version = 3;
    create(c, &cred, &h, text);
    if (check_alive(c) && !text_eq(text, usual) &&
        !(try_denied(&h) && h.reply.auth_stat == ONC_AUTH_REJECTEDCRED))
        check_broken(c, "version 3 is served as version 1 is, or denied by AUTH_REJECTEDCRED",
                     "%s; version 1: %s", text, usual);
    check_met(c);
}

static void bind_channel(struct check_ctx *c)
{
    enum { BIND_CHANNEL = 4, UNKNOWN = 99 };
    struct onc_gss cred = creation;
    char usual[TRY_TEXT], second[TRY_TEXT], unknown[TRY_TEXT];
    struct heard h;

    if (!knows_gss(c))
        return;
    create(c, &creation, &h, usual);
    cred.version = UNKNOWN;
    create(c, &cred, &h, unknown);
    cred.version = 2;
    create(c, &cred, &h, second);
    if (!check_alive(c))
        return;
    if (!text_eq(second, usual) || text_eq(second, unknown)) {
        check_skipped(c, "the target does not serve version 2: %s", second);
        return;
    }
    cred.proc = BIND_CHANNEL;
    create(c, &cred, &h, second);
    if (check_alive(c) && try_denied(&h) && h.reply.auth_stat == ONC_AUTH_BADCRED)
        check_broken(c, "version 2 knows RPCSEC_GSS_BIND_CHANNEL", "%s", second);
}

static void unknown_handle(struct check_ctx *c)
{
    static const char *const handles[] = {"hhhh", "a handle that nobody has given to anybody", ""};

    if (!knows_gss(c))
        return;
    for (size_t i = 0; i < ARRAY_LEN(handles); i++) {
        struct gss_call g = {.cred = creation};

        g.cred.proc = ONC_GSS_DATA;
        g.cred.seq = 1;
        g.cred.handle = wire_counted_of(slice_str(handles[i]));
        denied_by(c, &g, "a data request with an unknown handle", ONC_RPCSEC_GSS_CREDPROBLEM);
    }
}

/* Whatever is known of the flavor: a request in no context is not carried out. */
static void no_context(struct check_ctx *c)
{
    static const uint32_t procs[] = {ONC_GSS_DATA, ONC_GSS_DESTROY};
    struct heard h;

    if (try_takes_any(c)) {
        check_skipped(c, "the target takes calls of any flavor");
        return;
    }
    for (size_t i = 0; i < 3 * ARRAY_LEN(procs) && check_alive(c); i++) {
        struct gss_call g = {.cred = creation};

        g.cred.proc = procs[i / 3];
        g.cred.seq = 1;
        g.cred.service = ONC_GSS_NONE + (uint32_t)(i % 3);
        g.cred.handle = wire_counted_of(slice_str("hhhh"));
        say_gss(c, &g, false, &h);
        try_refused(c, &h, "a request of RPCSEC_GSS in no context");
        try_close(c, &h);
    }
    check_probe(c);
}

static void seq_max(struct check_ctx *c)
{
    struct gss_call g = {.cred = creation};
    char text[TRY_TEXT];
    struct heard h;

    g.cred.proc = ONC_GSS_DATA;
    g.cred.seq = ONC_GSS_SEQ_MAX + 1;
    g.cred.handle = wire_counted_of(slice_str("hhhh"));
    say_gss(c, &g, true, &h);
    check_answered_once(c, &h, "a data request with a sequence number over the maximum");
    check_heard_text(&h, text, sizeof(text));
    try_close(c, &h);
    check_noted(c, "seq_num 0x80000001 with an unknown handle: %s", text);
}

static void bad_cred(struct check_ctx *c)
{
    static const uint32_t procs[] = {4, 7, 0xffffffff};

    if (!knows_gss(c))
        return;
    for (size_t cut = 4; cut <= 20; cut += 4) {
        struct gss_call g = {.cred = creation, .cut = cut};

        denied_by(c, &g, "a credential of RPCSEC_GSS that is cut", ONC_AUTH_BADCRED);
    }
    for (size_t i = 0; i < ARRAY_LEN(procs); i++) {
        struct gss_call g = {.cred = creation};

        g.cred.proc = procs[i];
        denied_by(c, &g, "an illegal control procedure", ONC_AUTH_BADCRED);
    }
}

/* The handle's length lies; the credential ends within each of its fields. */
static void cred_lies(struct check_ctx *c)
{
    static const uint32_t claimed[] = {0xffffffff, 0x80000000, 0x7ffffffc, 400, 5};
    struct heard h;

    for (size_t i = 0; i < 3 * ARRAY_LEN(claimed) && check_in_time(c); i++) {
        struct gss_call g = {.cred = creation};

        g.cred.proc = i % 3 == 0 ? ONC_GSS_DATA : i % 3 == 1 ? ONC_GSS_INIT : ONC_GSS_DESTROY;
        g.cred.handle = wire_counted_of(slice_str("hhhh"));
        g.cred.handle.lies = true;
        g.cred.handle.claimed = claimed[i / 3];
        say_gss(c, &g, false, &h);
        try_survived(c, &h, "a credential of RPCSEC_GSS whose handle is not there");
        try_close(c, &h);
    }
    check_probe(c);
}

static void destroy_unknown(struct check_ctx *c)
{
    struct gss_call g = {.cred = creation};
    struct heard h;

    if (try_takes_any(c)) {
        check_skipped(c, "the target takes calls of any flavor");
        return;
    }
    g.cred.proc = ONC_GSS_DESTROY;
    g.cred.seq = 1;
    g.cred.handle = wire_counted_of(slice_str("hhhh"));
    for (unsigned i = 0; i < 3 && check_alive(c); i++) {
        say_gss(c, &g, true, &h);
        check_answered_once(c, &h, "DESTROY of an unknown handle");
        try_refused(c, &h, "DESTROY of an unknown handle");
        try_close(c, &h);
    }
    check_probe(c);
}

#define NEEDS_CALLS (NEED_RPC | NEED_REPLIES)

static const struct check checks[] = {
    {
        .id = "rpc.gss.control-not-dispatched",
        .claim = "a control message of RPCSEC_GSS is not a call of the service",
        .why = "It carries no proof yet of who sends it.",
        .how = "INIT, CONTINUE_INIT and DESTROY at SAVEMSG, with a text; it is not stored.",
        .cites = {REQ_GSS_2203_5_01},
        .needs = NEEDS_CALLS | NEED_MSGPROG,
        .run = control_not_dispatched,
    },
    {
        .id = "rpc.gss.init-ignores-service",
        .claim = "service and seq_num of a creation request are not looked at",
        .why = "They are undefined there, and clients leave what was in memory.",
        .how = "Services 0 to 2^32-1 and large numbers; the answer is that to service 1.",
        .cites = {REQ_GSS_2203_5_2_2_01},
        .needs = NEEDS_CALLS,
        .run = init_ignores_service,
    },
    {
        .id = "rpc.gss.init-token",
        .claim = "a token that no mechanism made gets one sound reply",
        .why = "It is the first thing that a stranger's octets reach.",
        .how = "Creation requests with tokens of 0 to 4000 octets.",
        .cites = {REQ_GSS_2203_5_2_2_02},
        .needs = NEEDS_CALLS,
        .run = init_token,
    },
    {
        .id = "rpc.gss.init-token-lies",
        .claim = "a token whose length lies does no harm",
        .why = "Who believes the length reads beyond the message.",
        .how = "Lengths up to 2^32-1 for 24 octets, and no token at all.",
        .cites = {REQ_RPC_ROB_8_2_01},
        .needs = NEEDS_CALLS,
        .run = init_token_lies,
    },
    {
        .id = "rpc.gss.init-failure-empty",
        .claim = "the results of a failed creation have no handle and no token",
        .why = "A client would go on with a context that does not exist.",
        .how = "A creation request with a false token, where it is answered by results.",
        .cites = {REQ_GSS_2203_5_2_3_1_01},
        .needs = NEEDS_CALLS,
        .run = init_failure_empty,
    },
    {
        .id = "rpc.gss.init-no-13-14",
        .claim = "a creation request is never denied by CREDPROBLEM or CTXPROBLEM",
        .why = "Both make the client create a context, and so it would for ever.",
        .how = "INIT and CONTINUE_INIT, with and without a handle.",
        .cites = {REQ_GSS_2203_5_2_3_2_01},
        .needs = NEEDS_CALLS,
        .run = init_no_13_14,
    },
    {
        .id = "rpc.gss.init-null-verf",
        .claim = "an accepted creation reply without SUCCESS has a NULL verifier",
        .why = "There is no context yet to make another one with.",
        .how = "Creation requests at the program, at another program and at another version.",
        .cites = {REQ_GSS_2203_5_2_3_2_03},
        .needs = NEEDS_CALLS,
        .run = init_null_verf,
    },
    {
        .id = "rpc.gss.bad-version",
        .claim = "an unknown version of RPCSEC_GSS is denied by AUTH_REJECTEDCRED",
        .why = "A client tries an older version then.",
        .how = "Versions 0, 99 and 2^32-1, at a target that knows the flavor.",
        .cites = {REQ_GSS_2203_5_1_01},
        .needs = NEEDS_CALLS,
        .run = bad_version,
    },
    {
        .id = "rpc.gss.v2-probe",
        .claim = "what the target says to version 2",
        .why = "A client that knows it begins with it.",
        .how = "Creation requests by version 1 and 2; the answers are recorded.",
        .cites = {REQ_GSS_5403_3_2_01},
        .needs = NEEDS_CALLS,
        .run = v2_probe,
    },
    {
        .id = "rpc.gss.v3-probe",
        .claim = "version 3 is served, or denied as an unknown version",
        .why = "A client falls back by that answer.",
        .how = "A creation request by version 3, at a target that knows the flavor.",
        .cites = {REQ_GSS_7861_2_2_01},
        .needs = NEEDS_CALLS,
        .run = v3_probe,
    },
    {
        .id = "rpc.gss.bind-channel",
        .claim = "who serves version 2 knows RPCSEC_GSS_BIND_CHANNEL",
        .why = "It is what version 2 is for.",
        .how = "gss_proc 4, where version 2 is served.",
        .cites = {REQ_GSS_5403_3_3_01},
        .needs = NEEDS_CALLS,
        .run = bind_channel,
    },
    {
        .id = "rpc.gss.unknown-handle",
        .claim = "a data request with an unknown handle is denied by CREDPROBLEM",
        .why = "After a restart of the server it makes the client create a new context.",
        .how = "Handles that were never given, at a target that knows the flavor.",
        .cites = {REQ_GSS_2203_5_3_3_3_01, REQ_GSS_2203_4_01},
        .needs = NEEDS_CALLS,
        .run = unknown_handle,
    },
    {
        .id = "rpc.gss.no-context",
        .claim = "a request of RPCSEC_GSS in no context is not carried out",
        .why = "The credential alone proves nothing.",
        .how = "DATA and DESTROY with a handle that nobody gave, each service; no SUCCESS.",
        .cites = {REQ_GSS_2203_5_4_01, REQ_GSS_2203_5_3_3_3_01},
        .needs = NEEDS_CALLS,
        .run = no_context,
    },
    {
        .id = "rpc.gss.seq-max",
        .claim = "what the target says to a sequence number over the maximum",
        .why = "Without a context another answer may come first.",
        .how = "seq_num 0x80000001 with an unknown handle; the answer is recorded.",
        .cites = {REQ_GSS_2203_5_3_3_3_02},
        .needs = NEEDS_CALLS,
        .run = seq_max,
    },
    {
        .id = "rpc.gss.bad-cred",
        .claim = "a credential that is cut, or has an illegal procedure, is AUTH_BADCRED",
        .why = "A client must not take its own fault for a lost context.",
        .how = "Credentials cut by 4 to 20 octets, gss_proc 4, 7 and 2^32-1, at a target that "
               "knows the flavor.",
        .cites = {REQ_GSS_2203_5_3_3_3_03},
        .needs = NEEDS_CALLS,
        .run = bad_cred,
    },
    {
        .id = "rpc.gss.cred-lies",
        .claim = "a handle whose length lies does no harm",
        .why = "It is a length within a length; both have to be believed.",
        .how = "Lengths up to 2^32-1 for a handle of four octets.",
        .cites = {REQ_RPC_ROB_8_2_01},
        .needs = NEEDS_CALLS,
        .run = cred_lies,
    },
    {
        .id = "rpc.gss.destroy-unknown",
        .claim = "DESTROY of an unknown handle is not accepted, and does no harm",
        .why = "Freed twice is a classic.",
        .how = "DESTROY with the same unknown handle three times.",
        .cites = {REQ_GSS_2203_5_4_01},
        .needs = NEEDS_CALLS,
        .run = destroy_unknown,
    },
};

SUITE(rpc_gss);
