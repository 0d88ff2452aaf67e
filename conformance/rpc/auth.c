/* Checks: credentials and verifiers of any flavor (RFC 5531 8.2, 9, 10). */
#include <inttypes.h>
#include <string.h>

#include "conformance/msgprog/message.h"
#include "conformance/rpc/try.h"
#include "conformance/rpc/wrong.h"
#include "conformance/suites.h"

enum { ROUNDS = 48, NOISE_MAX = 440, HIGH_PROC = 0x7fffff01 };

static void none_available(struct check_ctx *c)
{
    struct heard h;

    check_call(c, NULL, ONC_NULLPROC, slice_of(NULL, 0), &h);
}

/* ---- the verifier of replies ---- */

static void judge_none_verifier(struct check_ctx *c, const struct heard *h, const char *what,
                                bool length)
{
    uint32_t flavor = h->reply.verf.flavor;

    if (!check_alive(c) || h->reply.reply_stat != ONC_MSG_ACCEPTED)
        return;
    if (!length && flavor != ONC_AUTH_NONE)
        check_broken(c, "the verifier of the reply has flavor AUTH_NONE", "%s: flavor %" PRIu32,
                     what, flavor);
    if (length && h->reply.verf.body.octets.len != 0)
        check_broken(c, "the verifier of the reply has no octets", "%s: it has %zu", what,
                     h->reply.verf.body.octets.len);
}

static void none_verifiers(struct check_ctx *c, bool length)
{
    struct heard h;

    for (size_t i = 0; i < WRONG_STATUSES && check_in_time(c); i++) {
        struct onc_call call = wrong_call(c, &wrong_statuses[i]);

        if (call.cred.flavor != ONC_AUTH_NONE)
            continue; /* as the target wants it for procedures */
        try_call(c, &call, true, &h);
        check_answered_once(c, &h, wrong_statuses[i].what);
        judge_none_verifier(c, &h, wrong_statuses[i].what, length);
        try_close(c, &h);
    }
}

static void none_reply_verf(struct check_ctx *c)
{
    none_verifiers(c, false);
}

static void none_length_zero(struct check_ctx *c)
{
    none_verifiers(c, true);
}

/* ---- bodies of every length ---- */

/* A NULL call with so many octets in the credential or the verifier, AUTH_NONE both. */
static void say_body(struct check_ctx *c, struct conn *conn, size_t octets, bool verf,
                     struct heard *ret)
{
    static const struct say_options due = {.resend = true, .awaits = true};
    struct onc_call call = check_call_of(c, ONC_NULLPROC);

    *(verf ? &call.verf : &call.cred) = try_auth(ONC_AUTH_NONE, octets);
    check_say(c, conn, &call, &due, ret);
}

/* All lengths where the target is quick enough, else every so many, from the longest on. An odd
   step meets both places by turns. */
static void body_lengths(struct check_ctx *c)
{
    unsigned rounds = check_rounds(c, 2 * (ONC_AUTH_BODY_MAX + 1));
    size_t step = (2 * (ONC_AUTH_BODY_MAX + 1) + rounds - 1) / (rounds ? rounds : 1) | 1;
    struct conn *conn = check_dial(c);
    struct heard h;
    char what[TRY_WHAT];

    for (size_t i = 0; i <= 2 * ONC_AUTH_BODY_MAX + 1 && check_in_time(c); i += step) {
        size_t octets = ONC_AUTH_BODY_MAX - i / 2;

        text_format(what, sizeof(what), "a call with an AUTH_NONE %s of %zu octets",
                    i % 2 ? "verifier" : "credential", octets);
        say_body(c, conn, octets, i % 2 == 1, &h);
        check_accepted(c, &h, what, ONC_SUCCESS);
    }
}

static void body_400_ok(struct check_ctx *c)
{
    static const size_t lengths[] = {0, 1, 2, 3, 4, 5, 8, 255, 256, 396, 397, 399, 400};
    struct conn *conn = check_dial(c);
    struct heard h;
    char what[TRY_WHAT];

    for (size_t i = 0; i < 2 * ARRAY_LEN(lengths) && check_alive(c); i++) {
        text_format(what, sizeof(what), "a call with an AUTH_NONE %s of %zu octets",
                    i % 2 ? "verifier" : "credential", lengths[i / 2]);
        say_body(c, conn, lengths[i / 2], i % 2 == 1, &h);
        check_accepted(c, &h, what, ONC_SUCCESS);
    }
}

static void none_body_ignored(struct check_ctx *c)
{
    static const uint8_t bodies[][8] = {
        {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
        {0, 0, 0, 1, 0, 0, 0, 0},
        {0x53, 0x54, 0x41, 0x52, 0x54, 0x54, 0x4c, 0x53},
    };
    struct heard h;

    for (size_t i = 0; i < ARRAY_LEN(bodies) && check_alive(c); i++) {
        struct onc_auth cred = {.flavor = ONC_AUTH_NONE,
                                .body = wire_counted_of(slice_of(bodies[i], sizeof(bodies[i])))};

        try_cred(c, cred, true, &h);
        check_accepted(c, &h, "a call with octets in its AUTH_NONE credential", ONC_SUCCESS);
        judge_none_verifier(c, &h, "octets in the credential", false);
        try_close(c, &h);
    }
}

static void padding(struct check_ctx *c)
{
    static const uint8_t ones[] = {0xff, 0xff, 0xff};
    struct onc_auth cred = try_auth(ONC_AUTH_NONE, 5);
    char text[TRY_TEXT];
    struct heard h;

    cred.body.pads = true;
    cred.body.padding = slice_of(ones, sizeof(ones));
    try_cred(c, cred, false, &h);
    try_survived(c, &h, "a credential with padding that is not zero");
    check_heard_text(&h, text, sizeof(text));
    try_close(c, &h);
    check_noted(c, "a credential with padding that is not zero: %s", text);
}

/* ---- bodies that are no encoding ---- */

struct bad_body {
    const char *what;
    size_t octets;
    bool lies;
    uint32_t claimed;
};

static const struct bad_body too_long[] = {
    {"401 octets", 401, false, 0},   {"404 octets", 404, false, 0},   {"408 octets", 408, false, 0},
    {"1000 octets", 1000, false, 0}, {"8000 octets", 8000, false, 0},
};

/* The length word of a message that ends behind it, or soon after. */
static const struct bad_body lies[] = {
    {"a length of 2^32-1", 0, true, 0xffffffff},
    {"a length of 2^32-4", 8, true, 0xfffffffc},
    {"a length of 2^31", 0, true, 0x80000000},
    {"a length of 2^31-1", 400, true, 0x7fffffff},
    {"a length of 2^31-4", 4, true, 0x7ffffffc},
    {"a length of 65536", 16, true, 65536},
    {"a length of 401 for 400 octets", 400, true, 401},
    {"a length of 400 for none", 0, true, 400},
    {"a length of 400 for 380 octets", 380, true, 400},
    {"a length of 16 for none", 0, true, 16},
};

static void bad_bodies(struct check_ctx *c, const struct bad_body *table, size_t count)
{
    char what[TRY_WHAT];
    struct heard h;

    for (size_t i = 0; i < 2 * count && check_in_time(c); i++) {
        const struct bad_body *b = &table[i / 2];
        struct onc_call call = check_call_of(c, ONC_NULLPROC);
        struct onc_auth *auth = i % 2 ? &call.verf : &call.cred;

        *auth = try_auth(ONC_AUTH_NONE, b->octets);
        auth->body.lies = b->lies;
        auth->body.claimed = b->claimed;
        text_format(what, sizeof(what), "a call whose %s has %s", i % 2 ? "verifier" : "credential",
                    b->what);
        try_call(c, &call, false, &h);
        try_refused(c, &h, what);
        try_close(c, &h);
    }
    check_probe(c);
}

static void body_over_400(struct check_ctx *c)
{
    bad_bodies(c, too_long, ARRAY_LEN(too_long));
}

static void length_lies(struct check_ctx *c)
{
    bad_bodies(c, lies, ARRAY_LEN(lies));
}

/* ---- flavors ---- */

static const struct {
    uint32_t flavor;
    const char *name;
} flavors[] = {
    {ONC_AUTH_SHORT, "2"},
    {ONC_AUTH_DH, "3"},
    {4, "4"},
    {5, "5"},
    {ONC_RPCSEC_GSS, "6"},
    {8, "8"},
    {99, "99"},
    {390003, "390003"},
    {0x7fffffff, "2^31-1"},
    {0x80000000, "2^31"},
    {0xffffffff, "2^32-1"},
};

static void reject_has_reason(struct check_ctx *c)
{
    char what[TRY_WHAT];
    struct heard h;
    unsigned taken = 0;

    for (size_t i = 0; i < 2 * ARRAY_LEN(flavors) && check_in_time(c); i++) {
        text_format(what, sizeof(what), "a call with flavor %s and %s", flavors[i / 2].name,
                    i % 2 ? "8 octets" : "no octets");
        try_cred(c, try_auth(flavors[i / 2].flavor, i % 2 ? 8 : 0), true, &h);
        try_reasoned(c, &h, what);
        try_close(c, &h);
        taken += try_succeeded(&h);
    }
    if (taken > 0)
        check_remark(c, "%u credentials of other flavors are taken", taken);
}

/* Each reaction with the flavors that bring it about. */
static void unknown_flavor(struct check_ctx *c)
{
    struct buf line;
    char last[TRY_TEXT] = "";
    char text[TRY_TEXT];
    struct heard h;

    buf_init(&line, OUTCOME_TEXT_MAX);
    for (size_t i = 0; i < ARRAY_LEN(flavors) && check_in_time(c); i++) {
        try_cred(c, try_auth(flavors[i].flavor, 0), true, &h);
        try_survived(c, &h, "a call of an unknown flavor");
        try_close(c, &h);
        check_heard_text(&h, text, sizeof(text));
        if (!text_eq(text, last))
            buf_printf(&line, "%s%s to flavor %s", i ? "; " : "", text, flavors[i].name);
        else
            buf_printf(&line, ", %s", flavors[i].name);
        text_copy(last, sizeof(last), text);
    }
    check_noted(c, "%s", buf_text(&line));
    buf_free(&line);
}

static void refused_flavors(struct check_ctx *c, const uint32_t *refused, size_t count)
{
    char what[TRY_WHAT];
    struct heard h;

    if (try_takes_any(c)) {
        check_skipped(c, "the target takes calls of any flavor");
        return;
    }
    for (size_t i = 0; i < 2 * count && check_alive(c); i++) {
        text_format(what, sizeof(what), "a call with flavor %" PRIu32, refused[i / 2]);
        try_cred(c, try_auth(refused[i / 2], i % 2 ? 8 : 0), true, &h);
        try_refused(c, &h, what);
        try_close(c, &h);
    }
}

static void pseudo_flavor(struct check_ctx *c)
{
    static const uint32_t pseudo[] = {390000, 390003, 390004, 390005, 390255};

    refused_flavors(c, pseudo, ARRAY_LEN(pseudo));
}

static void short_unknown(struct check_ctx *c)
{
    static const uint32_t shorthand[] = {ONC_AUTH_SHORT};
    char text[TRY_TEXT];
    struct heard h;

    refused_flavors(c, shorthand, ARRAY_LEN(shorthand));
    try_cred(c, try_auth(ONC_AUTH_SHORT, 4), true, &h);
    try_refused(c, &h, "a call with an unknown shorthand");
    check_heard_text(&h, text, sizeof(text));
    try_close(c, &h);
    if (check_alive(c) && !(try_denied(&h) && h.reply.auth_stat == ONC_AUTH_REJECTEDCRED))
        check_remark(c, "%s, where AUTH_REJECTEDCRED makes a client send its whole credential",
                     text);
}

static void dh_refused(struct check_ctx *c)
{
    static const uint32_t dh[] = {ONC_AUTH_DH};

    refused_flavors(c, dh, ARRAY_LEN(dh));
}

/* ---- verifiers ---- */

static void verf_flavor_matrix(struct check_ctx *c)
{
    static const uint32_t verifiers[] = {1, 2, 3, 6, 7, 99, 0xffffffff};
    unsigned taken = 0;
    char text[TRY_TEXT] = "";
    struct heard h;

    for (size_t i = 0; i < 2 * ARRAY_LEN(verifiers) && check_in_time(c); i++) {
        struct onc_call call = check_call_of(c, ONC_NULLPROC);

        call.verf = try_auth(verifiers[i / 2], i % 2 ? 8 : 0);
        try_call(c, &call, true, &h);
        try_survived(c, &h, "a call with AUTH_NONE and another verifier");
        try_close(c, &h);
        taken += try_succeeded(&h);
        if (!try_succeeded(&h))
            check_heard_text(&h, text, sizeof(text));
    }
    check_noted(c,
                "AUTH_NONE with verifiers of %zu other flavors: %u of %zu calls are carried out"
                "%s%s",
                ARRAY_LEN(verifiers), taken, 2 * ARRAY_LEN(verifiers),
                text[0] ? "; the last other reaction: " : "", text);
}

static void verf_reasons(struct check_ctx *c)
{
    static const uint32_t verifiers[] = {1, 2, 3, 6, 7, 99, 0x80000000, 0xffffffff};
    char what[TRY_WHAT];
    struct heard h;

    for (size_t i = 0; i < 2 * ARRAY_LEN(verifiers) && check_in_time(c); i++) {
        struct onc_call call = check_call_of(c, ONC_NULLPROC);

        text_format(what, sizeof(what), "a call with AUTH_NONE and a verifier of flavor %" PRIu32,
                    verifiers[i / 2]);
        call.verf = try_auth(verifiers[i / 2], i % 2 ? 8 : 0);
        try_call(c, &call, true, &h);
        try_reasoned(c, &h, what);
        try_close(c, &h);
    }
}

/* ---- nothing is carried out, nothing breaks ---- */

/* SAVEMSG with credentials that are refused where NULL has them; none of the texts may turn up. */
static void not_executed(struct check_ctx *c)
{
    struct buf args, text;
    struct heard h;

    if (try_takes_any(c)) {
        check_skipped(c, "the target takes calls of any flavor");
        return;
    }
    buf_init(&args, MESSAGE_MAX);
    buf_init(&text, MESSAGE_MAX);
    message_text(c, 100, &text);
    message_args(buf_slice(&text), &args);
    int32_t before = message_save(c, NULL, slice_str("before"));
    for (unsigned i = 0; i < 4 && check_alive(c); i++) {
        struct onc_call call = check_call_of(c, MESSAGE_SAVE);

        call.args = buf_slice(&args);
        call.cred = try_auth(i == 3 ? ONC_AUTH_NONE : TRY_UNKNOWN_FLAVOR, i == 3 ? 401 : 4 * i);
        try_call(c, &call, false, &h);
        try_refused(c, &h, "a call whose credential is refused");
        try_close(c, &h);
    }
    int32_t after = message_save(c, NULL, slice_str("after"));
    message_absent(c, before, after, buf_slice(&text));
    buf_free(&args);
    buf_free(&text);
}

/* An honest header up to the procedure, and noise from there on. */
static void noise(struct check_ctx *c)
{
    static const uint8_t lead[] = {0, 0, 0, ONC_AUTH_SYS, 0, 0, 0};
    uint8_t octets[NOISE_MAX];
    struct heard h;

    for (unsigned i = check_rounds(c, ROUNDS); i > 0 && check_in_time(c); i--) {
        struct onc_call call = check_call_of(c, HIGH_PROC);
        struct buf message;

        buf_init(&message, 1 << 12);
        onc_put_call(&message, &call);
        message.len = 24; /* in front of the credential */
        rng_fill(&c->rng, octets, sizeof(octets));
        if (i % 2) /* flavors and lengths that lead further in */
            memcpy(octets, lead, sizeof(lead));
        buf_put(&message, slice_of(octets, WIRE_UNIT * rng_below(&c->rng, NOISE_MAX / WIRE_UNIT)));
        struct conn *conn = check_dial(c);
        check_say_octets(c, conn, call.xid, buf_slice(&message), NULL, &h);
        try_survived(c, &h, "a call with noise for a credential");
        check_close(c, conn);
        buf_free(&message);
    }
    check_probe(c);
}

/* A wrong credential concerns its call, not the connection of well-behaved clients. */
static void others_served(struct check_ctx *c)
{
    struct conn *good = check_dial(c);
    struct heard h;

    check_exchange(c, good);
    for (size_t i = 0; i < ARRAY_LEN(flavors) && check_in_time(c); i++) {
        try_cred(c, try_auth(flavors[i].flavor, i % 2 ? 401 : 400), false, &h);
        try_survived(c, &h, "a call with a credential that is not liked");
        try_close(c, &h);
        check_exchange(c, good);
    }
}

#define NEEDS_CALLS (NEED_RPC | NEED_REPLIES)

static const struct check checks[] = {
    {
        .id = "rpc.auth.none-available",
        .claim = "a NULL call with AUTH_NONE is carried out",
        .why = "It is the one flavor that every implementation has.",
        .how = "Credential and verifier AUTH_NONE without octets; SUCCESS.",
        .cites = {REQ_RPC_5531_10_01},
        .needs = NEEDS_CALLS,
        .flags = CHECK_UNANSWERED,
        .run = none_available,
    },
    {
        .id = "rpc.auth.none-reply-verf",
        .claim = "the reply to an AUTH_NONE call has an AUTH_NONE verifier",
        .why = "A client without a flavor cannot judge another verifier.",
        .how = "Calls with each accepted status; the flavor of the reply's verifier.",
        .cites = {REQ_RPC_5531_10_1_01, REQ_RPC_5531_8_2_01},
        .needs = NEEDS_CALLS,
        .run = none_reply_verf,
    },
    {
        .id = "rpc.auth.none-length-zero",
        .claim = "the AUTH_NONE verifier of a reply has no octets",
        .why = "Octets that mean nothing are most often left-overs.",
        .how = "Calls with each accepted status; the length of the reply's verifier.",
        .cites = {REQ_RPC_5531_10_1_03},
        .needs = NEEDS_CALLS,
        .run = none_length_zero,
    },
    {
        .id = "rpc.auth.body-400-ok",
        .claim = "a credential or verifier of up to 400 octets is taken",
        .why = "Buffers for small credentials only lose clients with long ones.",
        .how = "NULL calls with AUTH_NONE and 0, 1, ... 399, 400 octets at the edges; SUCCESS.",
        .cites = {REQ_RPC_5531_8_2_03, REQ_RPC_5531_10_1_02, REQ_XDR_4506_4_10_05},
        .needs = NEEDS_CALLS,
        .run = body_400_ok,
    },
    {
        .id = "rpc.auth.body-every-length",
        .claim = "every length of a credential or verifier up to 400 octets is taken",
        .why = "One length that collides with a buffer or with its padding is enough.",
        .how = "NULL calls with AUTH_NONE, each length from 400 down to 0, in both places.",
        .cites = {REQ_RPC_5531_8_2_03, REQ_RPC_5531_10_1_02, REQ_XDR_4506_4_10_01,
                  REQ_XDR_4506_4_10_06},
        .needs = NEEDS_CALLS,
        .run = body_lengths,
    },
    {
        .id = "rpc.auth.body-over-400",
        .claim = "a credential or verifier of more than 400 octets is never taken",
        .why = "The limit is a buffer on the stack in most implementations.",
        .how = "401 to 8000 octets: a denial, silence or an end, but no SUCCESS, and no hang.",
        .cites = {REQ_RPC_5531_8_2_04, REQ_XDR_4506_4_10_04},
        .needs = NEEDS_CALLS,
        .run = body_over_400,
    },
    {
        .id = "rpc.auth.length-lies",
        .claim = "a credential or verifier whose length word lies is refused",
        .why = "Who believes the word reads beyond the message.",
        .how = "Lengths up to 2^32-1 for octets that are not there; no SUCCESS, and no hang.",
        .cites = {REQ_RPC_ROB_8_2_01, REQ_RPC_5531_8_2_04, REQ_XDR_4506_4_13_05},
        .needs = NEEDS_CALLS,
        .run = length_lies,
    },
    {
        .id = "rpc.auth.none-body-ignored",
        .claim = "the octets of an AUTH_NONE credential are not interpreted",
        .why = "They are undefined, and no reason to refuse a call.",
        .how = "Eight octets that look like something; SUCCESS, with an AUTH_NONE verifier.",
        .cites = {REQ_RPC_5531_8_2_05, REQ_RPC_5531_10_1_02},
        .needs = NEEDS_CALLS,
        .run = none_body_ignored,
    },
    {
        .id = "rpc.auth.padding",
        .claim = "padding of a credential that is not zero",
        .why = "The RFC says what it must be, not what a reader does about it.",
        .how = "Five octets and three of padding that are 0xff; what comes is recorded.",
        .cites = {REQ_RPC_5531_10_04},
        .needs = NEEDS_CALLS,
        .run = padding,
    },
    {
        .id = "rpc.auth.reject-has-reason",
        .claim = "a credential that is rejected is rejected with a reason",
        .why = "The client decides by it what to try next.",
        .how = "Flavors 2 to 2^32-1, without octets and with 8: one reply; a denial has an "
               "auth_stat from 1 to 14.",
        .cites = {REQ_RPC_5531_8_2_06},
        .needs = NEEDS_CALLS,
        .run = reject_has_reason,
    },
    {
        .id = "rpc.auth.unknown-flavor",
        .claim = "what the target says to flavors that it does not know",
        .why = "Usual is AUTH_REJECTEDCRED; the RFC does not fix it.",
        .how = "Flavors 2 to 2^32-1 without octets; the reactions are recorded.",
        .cites = {REQ_GSS_2203_5_2_3_2_02},
        .needs = NEEDS_CALLS,
        .run = unknown_flavor,
    },
    {
        .id = "rpc.auth.pseudo-flavor",
        .claim = "a pseudo-flavor is not taken for the flavor of a credential",
        .why = "They name mechanisms in negotiations and never stand in a call.",
        .how = "390000, 390003, 390004, 390005, 390255; no SUCCESS.",
        .cites = {REQ_RPC_5531_13_4_2_01},
        .needs = NEEDS_CALLS,
        .run = pseudo_flavor,
    },
    {
        .id = "rpc.auth.short-unknown",
        .claim = "a shorthand that the target never gave is refused",
        .why = "It stands for a credential that nobody has shown.",
        .how = "AUTH_SHORT with octets of ours; no SUCCESS. AUTH_REJECTEDCRED is usual.",
        .cites = {REQ_RPC_5531_A_09},
        .needs = NEEDS_CALLS,
        .run = short_unknown,
    },
    {
        .id = "rpc.auth.dh-refused",
        .claim = "AUTH_DH without a conversation key is refused",
        .why = "The flavor is broken, and a credential without octets proves nothing.",
        .how = "Flavor 3, empty and with eight octets; no SUCCESS.",
        .cites = {REQ_RPC_5531_14_02},
        .needs = NEEDS_CALLS,
        .run = dh_refused,
    },
    {
        .id = "rpc.auth.verf-flavor-matrix",
        .claim = "what the target says to verifiers of other flavors beside AUTH_NONE",
        .why = "The two fields are independent; the RFC does not say what an odd pair brings.",
        .how = "Flavors 1 to 2^32-1, empty and with eight octets; how many calls are carried out.",
        .cites = {REQ_RPC_5531_10_04},
        .needs = NEEDS_CALLS,
        .run = verf_flavor_matrix,
    },
    {
        .id = "rpc.auth.verf-reasons",
        .claim = "a call with an odd verifier gets one reply, and a denial has its reason",
        .why = "A verifier that is not looked at is the usual place of a forgotten branch.",
        .how = "AUTH_NONE with verifiers of flavors 1 to 2^32-1, empty and with eight octets.",
        .cites = {REQ_RPC_5531_8_2_06},
        .needs = NEEDS_CALLS,
        .run = verf_reasons,
    },
    {
        .id = "rpc.auth.not-executed",
        .claim = "a call whose credential is refused is not carried out",
        .why = "A denial behind the deed is no denial.",
        .how = "SAVEMSG with flavor 99 and with 401 octets; none of the texts is stored.",
        .cites = {REQ_RPC_ROB_8_2_02, REQ_RPC_5531_8_2_04},
        .needs = NEEDS_CALLS | NEED_MSGPROG,
        .run = not_executed,
    },
    {
        .id = "rpc.auth.noise",
        .claim = "noise in place of a credential does no harm",
        .why = "It is the first thing behind the header that has a length.",
        .how = "Calls with random octets from the credential on; at most one reply each, and the "
               "target serves on.",
        .cites = {REQ_RPC_ROB_8_2_01},
        .needs = NEEDS_CALLS,
        .run = noise,
    },
    {
        .id = "rpc.auth.others-served",
        .claim = "a wrong credential of one client does not concern another",
        .why = "State of the last credential must not be shared.",
        .how = "Wrong credentials by turns with exchanges on a connection that stays.",
        .cites = {REQ_RPC_ROB_8_2_01},
        .needs = NEEDS_CALLS | NEED_PERSISTS | NEED_CONCURRENT,
        .run = others_served,
    },
};

SUITE(rpc_auth);
