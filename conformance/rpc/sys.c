/* Checks: the credential AUTH_SYS and its limits (RFC 5531 appendix A). */
#include <inttypes.h>
#include <string.h>

#include "conformance/rpc/try.h"
#include "conformance/suites.h"

enum { MACHINE_OVER = 256, GIDS_OVER = 17, BODY_MAX = 2048 };

/* One body: an honest one with these changes. */
struct body {
    const char *what;
    size_t machine; /* octets of machinename */
    uint32_t gids;
    bool machine_lies, gids_lie;
    uint32_t machine_claimed, gids_claimed;
    size_t extra; /* octets behind the last field */
    size_t cut;   /* octets taken off the end */
};

static void put_body(const struct body *b, struct buf *out)
{
    static const uint8_t name[MACHINE_OVER + 144] = "assay.example";
    struct onc_sys sys = {.stamp = 1,
                          .machine = wire_counted_of(slice_of(name, b->machine)),
                          .uid = 65534,
                          .gid = 65534,
                          .gids_count = b->gids,
                          .lies = b->gids_lie,
                          .claimed = b->gids_claimed};

    sys.machine.lies = b->machine_lies;
    sys.machine.claimed = b->machine_claimed;
    for (uint32_t i = 0; i < b->gids; i++)
        sys.gids[i] = 1000 + i;
    onc_put_sys(out, &sys);
    for (size_t i = 0; i < b->extra; i++)
        buf_put_byte(out, 0xa5);
    out->len -= size_min(b->cut, out->len);
}

/* A NULL call with this credential. */
static void say_body(struct check_ctx *c, const struct body *b, bool due, struct heard *ret)
{
    struct buf octets;

    buf_init(&octets, BODY_MAX);
    put_body(b, &octets);
    struct onc_auth cred = {.flavor = ONC_AUTH_SYS, .body = wire_counted_of(buf_slice(&octets))};
    try_cred(c, cred, due, ret);
    buf_free(&octets);
}

static const struct body honest = {.what = "an honest body", .machine = 13, .gids = 2};

/* AUTH_SYS is no duty; where it is not taken at all, nothing about it can be judged. */
static bool takes_sys(struct check_ctx *c)
{
    struct heard h;
    char text[TRY_TEXT];

    say_body(c, &honest, true, &h);
    check_answered_once(c, &h, "a call with AUTH_SYS");
    try_close(c, &h);
    if (!check_alive(c))
        return false;
    check_heard_text(&h, text, sizeof(text));
    if (!try_succeeded(&h))
        check_skipped(c, "the target takes no AUTH_SYS: %s", text);
    else if (try_takes_any(c))
        check_skipped(c, "the target looks at no credential: it takes calls of any flavor");
    return check_alive(c);
}

static void sys_optional(struct check_ctx *c)
{
    struct heard h;
    char text[TRY_TEXT];

    say_body(c, &honest, true, &h);
    try_reasoned(c, &h, "a call with AUTH_SYS");
    check_heard_text(&h, text, sizeof(text));
    try_close(c, &h);
    check_noted(c, "AUTH_SYS: %s", text);
}

/* Those bodies are taken. */
static void taken(struct check_ctx *c, const struct body *table, size_t count)
{
    char what[TRY_WHAT];
    struct heard h;

    for (size_t i = 0; i < count && check_alive(c); i++) {
        text_format(what, sizeof(what), "AUTH_SYS with %s", table[i].what);
        say_body(c, &table[i], true, &h);
        check_accepted(c, &h, what, ONC_SUCCESS);
        try_close(c, &h);
    }
}

/* Those are not. */
static void refused(struct check_ctx *c, const struct body *table, size_t count)
{
    char what[TRY_WHAT];
    struct heard h;

    for (size_t i = 0; i < count && check_in_time(c); i++) {
        text_format(what, sizeof(what), "AUTH_SYS with %s", table[i].what);
        say_body(c, &table[i], false, &h);
        try_refused(c, &h, what);
        try_close(c, &h);
    }
}

static void sys_name_limit(struct check_ctx *c)
{
    static const struct body good[] = {
        {.what = "a machine name of 0 octets", .machine = 0},
        {.what = "a machine name of 1 octet", .machine = 1},
        {.what = "a machine name of 254 octets", .machine = 254},
        {.what = "a machine name of 255 octets", .machine = 255, .gids = 16},
    };
    static const struct body bad[] = {
        {.what = "a machine name of 256 octets", .machine = 256},
        {.what = "a machine name of 380 octets", .machine = 380},
        {.what = "a machine name of 2^32-1 octets that are not there",
         .machine = 8,
         .machine_lies = true,
         .machine_claimed = 0xffffffff},
        {.what = "a machine name of 2^32-4 octets that are not there",
         .machine = 8,
         .machine_lies = true,
         .machine_claimed = 0xfffffffc},
        {.what = "a machine name of 2^31 octets that are not there",
         .machine = 8,
         .machine_lies = true,
         .machine_claimed = 0x80000000},
        {.what = "a machine name of 255 octets that are not there",
         .machine = 8,
         .machine_lies = true,
         .machine_claimed = 255},
    };

    if (!takes_sys(c))
        return;
    taken(c, good, ARRAY_LEN(good));
    refused(c, bad, ARRAY_LEN(bad));
}

static void sys_gids_limit(struct check_ctx *c)
{
    static const struct body good[] = {
        {.what = "no gids", .machine = 4},
        {.what = "1 gid", .machine = 4, .gids = 1},
        {.what = "15 gids", .machine = 4, .gids = 15},
        {.what = "16 gids", .machine = 4, .gids = 16},
    };
    static const struct body bad[] = {
        {.what = "17 gids", .machine = 4, .gids = GIDS_OVER},
        {.what = "80 gids", .machine = 4, .gids = 80},
        {.what = "16 gids, of which 15 are there",
         .machine = 4,
         .gids = 15,
         .gids_lie = true,
         .gids_claimed = 16},
        {.what = "1 gid that is not there", .machine = 4, .gids_lie = true, .gids_claimed = 1},
        {.what = "2^32-1 gids that are not there",
         .machine = 4,
         .gids_lie = true,
         .gids_claimed = 0xffffffff},
        {.what = "2^30 gids that are not there", /* times four it is 0 in 32 bits */
         .machine = 4,
         .gids_lie = true,
         .gids_claimed = 0x40000000},
        {.what = "2^31+1 gids, of which one is there",
         .machine = 4,
         .gids = 1,
         .gids_lie = true,
         .gids_claimed = 0x80000001},
    };

    if (!takes_sys(c))
        return;
    taken(c, good, ARRAY_LEN(good));
    refused(c, bad, ARRAY_LEN(bad));
}

static void sys_truncated(struct check_ctx *c)
{
    enum { WHOLE = 44, CLOSE = 5 }; /* octets of the honest body; cuts that are tried one by one */
    char what[TRY_WHAT];
    struct body b = honest;
    struct heard h;

    if (!takes_sys(c))
        return;
    for (b.cut = 1; b.cut <= WHOLE && check_in_time(c); b.cut += b.cut < CLOSE ? 1 : 3) {
        say_body(c, &b, false, &h);
        text_format(what, sizeof(what), "AUTH_SYS with a body cut by %zu octets", b.cut);
        try_refused(c, &h, what);
        try_close(c, &h);
    }
    b.cut = BODY_MAX;
    say_body(c, &b, false, &h);
    try_refused(c, &h, "AUTH_SYS with a body of no octets");
    try_close(c, &h);
}

static void sys_trailing(struct check_ctx *c)
{
    static const size_t extras[] = {4, 8, 200};
    char text[TRY_TEXT] = "";
    struct body b = honest;
    unsigned carried_out = 0;
    struct heard h;

    if (!takes_sys(c))
        return;
    for (size_t i = 0; i < ARRAY_LEN(extras) && check_alive(c); i++) {
        b.extra = extras[i];
        say_body(c, &b, true, &h);
        try_survived(c, &h, "AUTH_SYS with octets behind its last field");
        check_heard_text(&h, text, sizeof(text));
        try_close(c, &h);
        carried_out += try_succeeded(&h);
    }
    check_noted(c, "%u of %zu calls with octets behind the gids are carried out; the last: %s",
                carried_out, ARRAY_LEN(extras), text);
}

static void sys_stamp(struct check_ctx *c)
{
    static const uint32_t stamps[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};
    struct heard h;

    if (!takes_sys(c))
        return;
    for (size_t i = 0; i < ARRAY_LEN(stamps) && check_alive(c); i++) {
        struct buf octets;

        buf_init(&octets, BODY_MAX);
        put_body(&honest, &octets);
        buf_drop(&octets, WIRE_UNIT);
        struct buf body;
        buf_init(&body, BODY_MAX);
        buf_put_u32(&body, stamps[i]);
        buf_put(&body, buf_slice(&octets));
        struct onc_auth cred = {.flavor = ONC_AUTH_SYS, .body = wire_counted_of(buf_slice(&body))};
        try_cred(c, cred, true, &h);
        check_accepted(c, &h, "AUTH_SYS with another stamp", ONC_SUCCESS);
        try_close(c, &h);
        buf_free(&octets);
        buf_free(&body);
    }
}

static void sys_reply_verf(struct check_ctx *c)
{
    static const struct {
        uint32_t flavor;
        size_t octets;
    } verifiers[] = {
        {ONC_AUTH_NONE, 0}, {ONC_AUTH_NONE, 8}, {ONC_AUTH_SYS, 8}, {ONC_AUTH_SYS, 400}, {99, 4},
    };
    struct buf octets;
    struct heard h;

    if (!takes_sys(c))
        return;
    buf_init(&octets, BODY_MAX);
    put_body(&honest, &octets);
    for (size_t i = 0; i < ARRAY_LEN(verifiers) && check_alive(c); i++) {
        struct onc_call call = check_call_of(c, ONC_NULLPROC);

        call.cred.flavor = ONC_AUTH_SYS;
        call.cred.body = wire_counted_of(buf_slice(&octets));
        call.verf = try_auth(verifiers[i].flavor, verifiers[i].octets);
        try_call(c, &call, true, &h);
        check_answered_once(c, &h, "a call with AUTH_SYS and a verifier");
        try_close(c, &h);
        uint32_t flavor = h.reply.verf.flavor;
        if (check_alive(c) && h.reply.reply_stat == ONC_MSG_ACCEPTED && flavor != ONC_AUTH_NONE &&
            flavor != ONC_AUTH_SHORT)
            check_broken(c, "the verifier of the reply is AUTH_NONE or AUTH_SHORT",
                         "flavor %" PRIu32 " and %zu octets, for a verifier of flavor %" PRIu32
                         " in the call",
                         flavor, h.reply.verf.body.octets.len, verifiers[i].flavor);
    }
    buf_free(&octets);
}

/* A credential is of its call: the next one without it has none. */
static void sys_not_kept(struct check_ctx *c)
{
    struct conn *conn;
    struct buf octets;
    struct heard h;
    static const struct say_options due = {.resend = true, .awaits = true};

    if (!takes_sys(c))
        return;
    buf_init(&octets, BODY_MAX);
    put_body(&honest, &octets);
    conn = check_dial(c);
    for (unsigned i = 0; i < 6 && check_alive(c); i++) {
        struct onc_call call = check_call_of(c, ONC_NULLPROC);

        if (i % 3 == 0)
            call.cred = (struct onc_auth){.flavor = ONC_AUTH_SYS,
                                          .body = wire_counted_of(buf_slice(&octets))};
        if (i % 3 == 1)
            call.cred.flavor = ONC_AUTH_SYS; /* without a body */
        check_say(c, conn, &call, i % 3 == 1 ? NULL : &due, &h);
        if (i % 3 == 1) {
            try_refused(c, &h, "AUTH_SYS without a body, behind a good one");
            check_close(c, conn);
            conn = check_dial(c);
        } else {
            check_accepted(c, &h, "a call by turns with AUTH_SYS and AUTH_NONE", ONC_SUCCESS);
        }
    }
    buf_free(&octets);
}

#define NEEDS_CALLS (NEED_RPC | NEED_REPLIES)

static const struct check checks[] = {
    {
        .id = "rpc.auth.sys-optional",
        .claim = "whether the target takes AUTH_SYS",
        .why = "Most clients send it; no server has to take it.",
        .how = "A NULL call with an honest AUTH_SYS credential; the reaction is recorded.",
        .cites = {REQ_RPC_5531_10_03},
        .needs = NEEDS_CALLS,
        .run = sys_optional,
    },
    {
        .id = "rpc.auth.sys-name-limit",
        .claim = "a machine name has 255 octets at most",
        .why = "A longer one ends in a buffer that was made for 255.",
        .how = "0, 1, 254 and 255 octets are taken; 256, 380 and lengths that lie are not.",
        .cites = {REQ_RPC_5531_A_02, REQ_RPC_5531_A_01, REQ_XDR_4506_4_11_03},
        .needs = NEEDS_CALLS,
        .run = sys_name_limit,
    },
    {
        .id = "rpc.auth.sys-gids-limit",
        .claim = "a credential names 16 groups at most",
        .why = "Unchecked counts have overflown heaps before any authentication.",
        .how = "0, 1, 15 and 16 gids are taken; 17, 80 and counts that lie are not.",
        .cites = {REQ_RPC_5531_A_03, REQ_XDR_4506_4_13_01, REQ_XDR_4506_4_13_03},
        .needs = NEEDS_CALLS,
        .run = sys_gids_limit,
    },
    {
        .id = "rpc.auth.sys-truncated",
        .claim = "an AUTH_SYS body that is cut is refused",
        .why = "Who reads on takes the verifier, or older octets, for groups.",
        .how = "An honest body cut by 1 to 44 octets; no SUCCESS.",
        .cites = {REQ_RPC_5531_A_04},
        .needs = NEEDS_CALLS,
        .run = sys_truncated,
    },
    {
        .id = "rpc.auth.sys-trailing",
        .claim = "what the target says to octets behind the last field of AUTH_SYS",
        .why = "The appendix does not mention them.",
        .how = "4, 8 and 200 octets behind the gids; the reactions are recorded.",
        .cites = {REQ_RPC_ROB_A_01},
        .needs = NEEDS_CALLS,
        .run = sys_trailing,
    },
    {
        .id = "rpc.auth.sys-stamp",
        .claim = "the stamp of a credential may be any number",
        .why = "It is the caller's own.",
        .how = "0, 1, 2^31-1, 2^31, 2^32-1; SUCCESS.",
        .cites = {REQ_RPC_5531_A_05},
        .needs = NEEDS_CALLS,
        .run = sys_stamp,
    },
    {
        .id = "rpc.auth.sys-reply-verf",
        .claim = "the reply to an AUTH_SYS call has a verifier AUTH_NONE or AUTH_SHORT",
        .why = "A client takes the octets of AUTH_SHORT for its next credential; an echo of its "
               "own verifier is neither.",
        .how = "AUTH_SYS with verifiers of flavors 0, 1 and 99; the flavor in the reply.",
        .cites = {REQ_RPC_5531_A_07},
        .needs = NEEDS_CALLS,
        .run = sys_reply_verf,
    },
    {
        .id = "rpc.auth.sys-not-kept",
        .claim = "the credential of one call is not used for the next",
        .why = "A credential that stays in its buffer signs for somebody else.",
        .how = "By turns AUTH_SYS, AUTH_SYS without a body, which is refused, and AUTH_NONE.",
        .cites = {REQ_RPC_5531_A_04, REQ_RPC_ROB_9_01},
        .needs = NEEDS_CALLS,
        .run = sys_not_kept,
    },
};

SUITE(rpc_sys);
