/* Checks: what MSGPROG is: its version, its procedures, one reply to each call. */
#include <inttypes.h>

#include "conformance/msgprog/message.h"
#include "conformance/rpc/try.h"
#include "conformance/suites.h"

enum { WHAT = 120 };

static const struct say_options due = {.resend = true, .awaits = true};

static void identity(struct check_ctx *c)
{
    static const uint32_t others[] = {0, 1, 3, 4, 0x7fffffff, 0xffffffff};
    char what[WHAT];
    struct heard h;

    check_call(c, NULL, ONC_NULLPROC, slice_of(NULL, 0), &h);
    for (size_t i = 0; i < ARRAY_LEN(others) && check_alive(c); i++) {
        struct onc_call call = check_call_of(c, ONC_NULLPROC);

        call.vers = others[i];
        text_format(what, sizeof(what), "a NULL call of version %" PRIu32, others[i]);
        try_call(c, &call, true, &h);
        check_accepted(c, &h, what, ONC_PROG_MISMATCH);
        try_close(c, &h);
        if (check_alive(c) && (h.reply.low != TARGET_MSGVER || h.reply.high != TARGET_MSGVER))
            check_broken(c, "PROG_MISMATCH names the one version: 2..2", "%" PRIu32 "..%" PRIu32,
                         h.reply.low, h.reply.high);
    }
}

/* Versions and procedures that do not exist, with arguments that SAVEMSG would take. */
static void not_executed(struct check_ctx *c)
{
    static const struct {
        uint32_t program, version, procedure;
    } elsewhere[] = {
        {0, 1, MESSAGE_SAVE},  {0, 3, MESSAGE_SAVE},           {1, TARGET_MSGVER, MESSAGE_SAVE},
        {0, TARGET_MSGVER, 3}, {0, TARGET_MSGVER, 0x80000001}, {0, TARGET_MSGVER, 0x00010001},
    };
    struct buf text, args;
    struct heard h;

    buf_init(&text, MESSAGE_MAX);
    buf_init(&args, MESSAGE_MAX);
    message_text(c, 60, &text);
    message_args(buf_slice(&text), &args);
    int32_t before = message_save(c, NULL, slice_str("before"));
    for (size_t i = 0; i < ARRAY_LEN(elsewhere) && check_alive(c); i++) {
        struct onc_call call = check_call_of(c, elsewhere[i].procedure);

        call.prog += elsewhere[i].program;
        call.vers = elsewhere[i].version;
        call.args = buf_slice(&args);
        try_call(c, &call, true, &h);
        check_answered_once(c, &h, "SAVEMSG at a number that does not exist");
        try_close(c, &h);
        if (check_alive(c) && h.reply.reply_stat == ONC_MSG_ACCEPTED &&
            h.reply.accept_stat == ONC_SUCCESS)
            check_broken(c, "another version, program or procedure is not served",
                         "SUCCESS for program %" PRIu32 ", version %" PRIu32 ", procedure %" PRIu32,
                         call.prog, call.vers, call.proc);
    }
    int32_t after = message_save(c, NULL, slice_str("after"));
    message_absent(c, before, after, buf_slice(&text));
    buf_free(&text);
    buf_free(&args);
}

static void nullproc(struct check_ctx *c)
{
    struct heard h;

    check_call(c, NULL, ONC_NULLPROC, slice_of(NULL, 0), &h);
    if (check_alive(c) && h.reply.results.len > 0)
        check_broken(c, "NULL has no results", "%zu octets", h.reply.results.len);
}

static void no_other_procs(struct check_ctx *c)
{
    static const uint32_t others[] = {3, 4, 99, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff};
    struct conn *conn = check_dial(c);
    char what[WHAT];
    struct heard h;

    for (size_t i = 0; i < ARRAY_LEN(others) && check_alive(c); i++) {
        struct onc_call call = check_call_of(c, others[i]);

        text_format(what, sizeof(what), "a call of procedure %" PRIu32, others[i]);
        check_say(c, conn, &call, &due, &h);
        check_accepted(c, &h, what, ONC_PROC_UNAVAIL);
    }
}

/* The ten steps of a call leave one call and one reply. */
static void two_messages(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct buf text;

    buf_init(&text, 1 << 10);
    for (unsigned i = check_rounds(c, 10); i > 0 && check_in_time(c); i--) {
        buf_reset(&text);
        message_text(c, 40, &text);
        message_roundtrip(c, conn, buf_slice(&text));
        check_fence(c, conn);
    }
    buf_free(&text);
}

#define NEEDS_MESSAGES (NEED_RPC | NEED_MSGPROG | NEED_REPLIES)

static const struct check checks[] = {
    {
        .id = "msgprog.identity.version",
        .claim = "the program has one version, 2",
        .why = "A client of another version must learn which one to use.",
        .how = "Versions 0, 1, 3, 4, 2^31-1, 2^32-1: PROG_MISMATCH 2..2.",
        .cites = {REQ_MSG_DEMO_iface_01},
        .needs = NEEDS_MESSAGES,
        .run = identity,
    },
    {
        .id = "msgprog.identity.not-executed",
        .claim = "SAVEMSG under another version, program or procedure number is not carried out",
        .why = "A number that is cut to 16 bits, or looked at too late, is another number.",
        .how = "Arguments of SAVEMSG at six such numbers; no SUCCESS, and nothing is stored.",
        .cites = {REQ_MSG_DEMO_iface_05, REQ_MSG_DEMO_iface_01},
        .needs = NEEDS_MESSAGES,
        .run = not_executed,
    },
    {
        .id = "msgprog.identity.nullproc",
        .claim = "procedure 0 exists, takes nothing and returns nothing",
        .why = "It is how everybody asks whether a service is there.",
        .how = "A NULL call; SUCCESS without results.",
        .cites = {REQ_MSG_DEMO_iface_04},
        .needs = NEEDS_MESSAGES,
        .flags = CHECK_UNANSWERED,
        .run = nullproc,
    },
    {
        .id = "msgprog.identity.no-other-procs",
        .claim = "procedures other than 0, 1 and 2 do not exist",
        .why = "A table without a check of its end is called beyond it.",
        .how = "3, 4, 99, 65536, 2^31-1, 2^31, 2^32-1: PROC_UNAVAIL.",
        .cites = {REQ_MSG_DEMO_iface_05},
        .needs = NEEDS_MESSAGES,
        .run = no_other_procs,
    },
    {
        .id = "msgprog.identity.two-messages",
        .claim = "a call leaves two messages on the wire: one call, one reply",
        .why = "A second reply answers the next call of a careless client.",
        .how = "SAVEMSG and READMSG several times, a NULL call behind each pair.",
        .cites = {REQ_MSG_DEMO_steps_01},
        .needs = NEEDS_MESSAGES | NEED_PERSISTS,
        .flags = CHECK_EVERY,
        .run = two_messages,
    },
};

SUITE(msgprog_identity);
