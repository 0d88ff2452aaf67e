/* Checks: which call brings which status (RFC 5531 9), and that numbers are compared whole. */
#include <inttypes.h>

#include "conformance/rpc/wrong.h"
#include "conformance/suites.h"

enum { VERSIONS_MAX = 8, TEXT = 200 };

/* ---- denied ---- */

/* Each on a connection of its own: a server that closes it has broken the claim only there. */
static void rpc_mismatch(struct check_ctx *c)
{
    static const uint32_t versions[] = {0, 1, 3, 0x80000002, 0xffffffff};

    for (size_t i = 0; i < ARRAY_LEN(versions) && check_alive(c); i++) {
        const struct wrong w = {.field = WRONG_RPCVERS, .value = versions[i]};
        struct conn *conn = check_dial(c);
        struct onc_call call = wrong_call(c, &w);
        struct heard h;
        char what[80];

        text_format(what, sizeof(what), "a call with rpcvers %" PRIu32, versions[i]);
        check_say(c, conn, &call, &wrong_due, &h);
        check_rpc_mismatch(c, &h, what);
        check_close(c, conn);
    }
}

static void rpcvers_not_dispatched(struct check_ctx *c)
{
    static const uint32_t versions[] = {0, 1, 3, 0x00020000, 0x80000002, 0xffffffff};

    for (size_t i = 0; i < ARRAY_LEN(versions) && check_alive(c); i++) {
        const struct wrong w = {.field = WRONG_RPCVERS, .value = versions[i]};
        struct conn *conn = check_dial(c);
        struct onc_call call = wrong_call(c, &w);
        struct heard h;
        char text[TEXT];

        check_say(c, conn, &call, &wrong_open, &h);
        check_heard_text(&h, text, sizeof(text));
        if (h.replies > 0 && h.reply.reply_stat == ONC_MSG_ACCEPTED)
            check_broken(c, "a call whose rpcvers is not 2 is not executed",
                         "rpcvers %" PRIu32 ": %s", versions[i], text);
        check_met(c);
        check_close(c, conn);
    }
    check_probe(c);
}

/* ---- programs ---- */

static const struct wrong programs[] = {
    {"a call of program 0", WRONG_PROG, 0, ONC_PROG_UNAVAIL},
    {"a call of program 0x7ffffff7", WRONG_PROG, 0x7ffffff7, ONC_PROG_UNAVAIL},
    {"a call of program 0x80000000", WRONG_PROG, 0x80000000, ONC_PROG_UNAVAIL},
    {"a call of program 0xffffffff", WRONG_PROG, 0xffffffff, ONC_PROG_UNAVAIL},
};

static void prog_unavail(struct check_ctx *c)
{
    wrong_judge_all(c, programs, ARRAY_LEN(programs));
}

static void unavail_vs_mismatch(struct check_ctx *c)
{
    const uint32_t versions[] = {0, 1, 2, c->target.endpoint.version, 0xffffffff};
    struct conn *conn = check_dial(c);

    for (size_t i = 0; i < ARRAY_LEN(versions) * ARRAY_LEN(programs) && check_alive(c); i++) {
        struct onc_call call = wrong_call(c, &programs[i % ARRAY_LEN(programs)]);
        struct heard h;
        char what[TEXT];

        call.vers = versions[i / ARRAY_LEN(programs)];
        text_format(what, sizeof(what), "%s, version %" PRIu32,
                    programs[i % ARRAY_LEN(programs)].what, call.vers);
        check_say(c, conn, &call, &wrong_due, &h);
        check_accepted(c, &h, what, ONC_PROG_UNAVAIL);
    }
    check_close(c, conn);
}

/* ---- versions ---- */

/* Calls a version; the reply is PROG_MISMATCH and says which ones are served. */
static void mismatch(struct check_ctx *c, struct conn *conn, uint32_t version, struct heard *ret)
{
    struct onc_call call = check_call_of(c, ONC_NULLPROC);
    char what[TEXT];

    call.vers = version;
    text_format(what, sizeof(what), "a call of version %" PRIu32, version);
    check_say(c, conn, &call, &wrong_due, ret);
    check_accepted(c, ret, what, ONC_PROG_MISMATCH);
}

/* A version that the target does not serve, as far as one can know. */
static uint32_t odd_version(const struct check_ctx *c)
{
    return c->target.endpoint.version == 0xfffffff7 ? 0xfffffff6 : 0xfffffff7;
}

static void prog_mismatch_range(struct check_ctx *c)
{
    uint32_t served = c->target.endpoint.version;
    const uint32_t versions[] = {odd_version(c), 0x80000000 ^ served, served ^ 0x00010000};
    struct conn *conn = check_dial(c);
    struct heard first = {0};

    for (size_t i = 0; i < ARRAY_LEN(versions) && check_alive(c); i++) {
        struct heard h;

        mismatch(c, conn, versions[i], &h);
        if (i == 0)
            first = h;
        if (check_alive(c) && (h.reply.low > served || h.reply.high < served))
            check_broken(c, "a range that holds the version which is served",
                         "%" PRIu32 "..%" PRIu32 ", and version %" PRIu32 " is served", h.reply.low,
                         h.reply.high, served);
        if (check_alive(c) && (h.reply.low != first.reply.low || h.reply.high != first.reply.high))
            check_broken(c, "the same range whatever version was asked for",
                         "%" PRIu32 "..%" PRIu32 ", then %" PRIu32 "..%" PRIu32, first.reply.low,
                         first.reply.high, h.reply.low, h.reply.high);
    }
    check_close(c, conn);
}

/* Just outside the range nothing is served. */
static void prog_mismatch_bounds(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct heard h;
    struct heard beyond;

    mismatch(c, conn, odd_version(c), &h);
    if (check_alive(c) && h.reply.low > 0)
        mismatch(c, conn, h.reply.low - 1, &beyond);
    if (check_alive(c) && h.reply.high < UINT32_MAX)
        mismatch(c, conn, h.reply.high + 1, &beyond);
    check_close(c, conn);
}

/* low and high, in this order, are versions of the program; between them there may be gaps. */
static void prog_mismatch_order(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct heard h;

    mismatch(c, conn, odd_version(c), &h);
    const uint32_t ends[] = {h.reply.low, h.reply.high};
    for (size_t i = 0; i < ARRAY_LEN(ends) && check_alive(c); i++) {
        struct onc_call call = check_call_of(c, ONC_NULLPROC);
        struct heard served;
        char what[TEXT];

        call.vers = ends[i];
        text_format(what, sizeof(what),
                    "a NULL call of version %" PRIu32 ", the %s of %" PRIu32 "..%" PRIu32, ends[i],
                    i ? "high" : "low", ends[0], ends[1]);
        check_say(c, conn, &call, &wrong_due, &served);
        check_accepted(c, &served, what, ONC_SUCCESS);
    }
    check_close(c, conn);
}

/* Every version of the range that is served at all is served on one connection. */
static void multi_version(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct heard h;
    unsigned served = 0;

    mismatch(c, conn, odd_version(c), &h);
    if (!check_alive(c))
        return;
    if (h.reply.low == h.reply.high) {
        check_skipped(c, "the target serves one version, %" PRIu32, h.reply.low);
        return;
    }
    for (uint32_t i = 0; i < VERSIONS_MAX * 2 && check_alive(c); i++) {
        struct onc_call call = check_call_of(c, ONC_NULLPROC);
        uint32_t offset = i / 2;
        struct heard one;

        /* From both ends, by turns: newer and older ones alternate. */
        if (offset > h.reply.high - h.reply.low)
            break;
        call.vers = i % 2 ? h.reply.high - offset : h.reply.low + offset;
        check_say(c, conn, &call, &wrong_due, &one);
        check_answered_once(c, &one, "a NULL call of a version between low and high");
        /* Between the two ends there may be gaps, and the ends come again. */
        served += i < 2 && one.sound && one.reply.reply_stat == ONC_MSG_ACCEPTED &&
                  one.reply.accept_stat == ONC_SUCCESS;
    }
    if (check_alive(c) && served < 2)
        check_broken(c, "low and high are both served on one connection",
                     "of %" PRIu32 " and %" PRIu32 ", %u is", h.reply.low, h.reply.high, served);
    check_close(c, conn);
}

/* ---- procedures and arguments ---- */

static void proc_unavail(struct check_ctx *c)
{
    static const struct wrong rows[] = {
        {"a call of procedure 99999", WRONG_PROC, 99999, ONC_PROC_UNAVAIL},
        {"a call of procedure 0x7fffffff", WRONG_PROC, 0x7fffffff, ONC_PROC_UNAVAIL},
        {"a call of procedure 0xffffffff", WRONG_PROC, 0xffffffff, ONC_PROC_UNAVAIL},
        {"a NULL call behind them", WRONG_NOTHING, 0, ONC_SUCCESS},
    };

    wrong_judge_all(c, rows, ARRAY_LEN(rows));
}

/* An unknown procedure of every version that is served. */
static void per_version_procs(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct heard h;

    mismatch(c, conn, odd_version(c), &h);
    const uint32_t ends[] = {h.reply.low, h.reply.high};
    for (size_t i = 0; i < ARRAY_LEN(ends) && check_alive(c); i++) {
        struct onc_call call = check_call_of(c, 99999);
        struct heard one;
        char what[TEXT];

        call.vers = ends[i];
        text_format(what, sizeof(what), "a call of procedure 99999 of version %" PRIu32, ends[i]);
        check_say(c, conn, &call, &wrong_due, &one);
        check_accepted(c, &one, what, ONC_PROC_UNAVAIL);
    }
    check_close(c, conn);
}

/* Numbers that agree with those of the target in 8, 16, 24 or 31 bits. */
static void dispatch_unique(struct check_ctx *c)
{
    static const uint32_t bits[] = {0x80000000, 0x01000000, 0x00010000};
    struct conn *conn = check_dial(c);

    for (size_t i = 0; i < ARRAY_LEN(bits) * 3 && check_alive(c); i++) {
        static const uint32_t due[] = {ONC_PROG_UNAVAIL, ONC_PROG_MISMATCH, ONC_PROC_UNAVAIL};
        struct onc_call call = check_call_of(c, i % 3 == 2 ? bits[i / 3] : ONC_NULLPROC);
        struct heard h;
        char what[TEXT];

        call.prog ^= i % 3 == 0 ? bits[i / 3] : 0;
        call.vers ^= i % 3 == 1 ? bits[i / 3] : 0;
        text_format(what, sizeof(what), "a call of 0x%" PRIx32 "/0x%" PRIx32 "/0x%" PRIx32,
                    call.prog, call.vers, call.proc);
        check_say(c, conn, &call, &wrong_due, &h);
        check_accepted(c, &h, what, due[i % 3]);
    }
    check_close(c, conn);
}

static void unsigned_numbers(struct check_ctx *c)
{
    static const struct wrong rows[] = {
        {"a call of program 0xffffffff", WRONG_PROG, 0xffffffff, ONC_PROG_UNAVAIL},
        {"a call of program 0x80000000", WRONG_PROG, 0x80000000, ONC_PROG_UNAVAIL},
        {"a call of version 0xffffffff", WRONG_VERS, 0xffffffff, ONC_PROG_MISMATCH},
        {"a call of version 0x80000000", WRONG_VERS, 0x80000000, ONC_PROG_MISMATCH},
        {"a call of procedure 0xffffffff", WRONG_PROC, 0xffffffff, ONC_PROC_UNAVAIL},
        {"a call of procedure 0x80000000", WRONG_PROC, 0x80000000, ONC_PROC_UNAVAIL},
    };

    wrong_judge_all(c, rows, ARRAY_LEN(rows));
    check_probe(c);
}

static void garbage_args(struct check_ctx *c)
{
    struct conn *conn;
    struct onc_call call;
    struct heard h;
    uint32_t proc;

    if (!wrong_arguments(c, &proc, &call.args)) {
        check_skipped(c, "no procedure with arguments is known of program %" PRIu32,
                      c->target.endpoint.program);
        return;
    }
    struct slice args = call.args;
    conn = check_dial(c);
    for (unsigned i = 0; i < 2 && check_alive(c); i++) { /* lying, and none at all */
        call = check_call_of(c, proc);
        call.args = i ? slice_of(NULL, 0) : args;
        check_say(c, conn, &call, &wrong_due, &h);
        if (check_alive(c) && h.replies == 1 && h.sound && h.reply.reply_stat == ONC_MSG_DENIED) {
            check_skipped(c, "procedure %" PRIu32 " wants credentials", proc);
            return;
        }
        check_accepted(c, &h,
                       i ? "a call without the arguments that are due"
                         : "a call with a length of 4294967295 and nothing behind it",
                       ONC_GARBAGE_ARGS);
    }
    check_exchange(c, conn);
    check_close(c, conn);
}

/* Whether octets behind the arguments are refused is open; that the answer is sound is not. */
static void trailing_bytes(struct check_ctx *c)
{
    static const uint8_t zeros[400];
    static const size_t sizes[] = {4, 8, 400, 1, 3};
    struct conn *conn = check_dial(c);
    struct buf seen;

    buf_init(&seen, 1 << 12);
    for (size_t i = 0; i < ARRAY_LEN(sizes) && check_alive(c); i++) {
        struct onc_call call = check_call_of(c, ONC_NULLPROC);
        struct heard h;
        char text[TEXT];

        call.args = slice_of(zeros, sizes[i]);
        check_say(c, conn, &call, &wrong_open, &h);
        check_heard_text(&h, text, sizeof(text));
        buf_printf(&seen, "%s%zu octets: %s", i ? "; " : "", sizes[i], text);
        if (h.replies == 0) { /* it may have ended the connection */
            check_close(c, conn);
            conn = check_dial(c);
            continue;
        }
        check_answered_once(c, &h, "a NULL call with octets behind it");
        if (check_alive(c) &&
            (h.reply.reply_stat != ONC_MSG_ACCEPTED ||
             (h.reply.accept_stat != ONC_SUCCESS && h.reply.accept_stat != ONC_GARBAGE_ARGS)))
            check_broken(c, "SUCCESS or GARBAGE_ARGS", "%s", text);
    }
    check_close(c, conn);
    check_probe(c);
    check_noted(c, "a NULL call with trailing octets: %s", buf_text(&seen));
    buf_free(&seen);
}

/* ---- several defects at once ---- */

static struct onc_call defective(struct check_ctx *c, unsigned defects)
{
    struct onc_call call = check_call_of(c, ONC_NULLPROC);

    call.rpcvers = defects & 1 ? 3 : ONC_VERSION;
    call.cred.flavor = defects & 2 ? 0x7ffffff7 : ONC_AUTH_NONE;
    call.prog = defects & 4 ? 0xfffffff7 : call.prog;
    call.vers = defects & 8 ? 0xfffffff7 : call.vers;
    call.proc = defects & 16 ? 0xfffffff7 : call.proc;
    return call;
}

/* What the call with these defects brings, in words; false where that is no reply. */
static bool try_defects(struct check_ctx *c, unsigned defects, char text[TEXT])
{
    struct conn *conn = check_dial(c);
    struct onc_call call = defective(c, defects);
    struct heard h;

    check_say(c, conn, &call, &wrong_open, &h);
    check_met(c);
    if (h.replies > 0) {
        check_answered_once(c, &h, "a call with two defects");
        check_heard_text(&h, text, TEXT);
    } else {
        text_copy(text, TEXT, "no reply");
    }
    check_close(c, conn);
    return check_alive(c) && h.replies > 0;
}

/* Every pair, twice: what comes is noted; that two replies are the same is judged. */
static void error_precedence(struct check_ctx *c)
{
    static const char *const names[] = {"rpcvers", "flavor", "program", "version", "procedure"};
    enum { DEFECTS = ARRAY_LEN(names) };
    struct buf seen;

    buf_init(&seen, 1 << 12);
    for (unsigned pair = 0; pair < DEFECTS * DEFECTS && check_in_time(c); pair++) {
        unsigned a = pair / DEFECTS;
        unsigned b = pair % DEFECTS;
        char text[2][TEXT];

        if (a >= b)
            continue;
        bool first = try_defects(c, 1U << a | 1U << b, text[0]);
        bool second = try_defects(c, 1U << a | 1U << b, text[1]);
        if (first && second && !text_eq(text[0], text[1]))
            check_broken(c, text[0], "the second time: %s", text[1]);
        buf_printf(&seen, "%s%s+%s %s", seen.len ? "; " : "", names[a], names[b], text[0]);
    }
    check_noted(c, "%s", buf_text(&seen));
    buf_free(&seen);
}

static const struct check checks[] = {
    {
        .id = "rpc.reply.rpc-mismatch",
        .claim = "a call with another rpcvers is denied with RPC_MISMATCH 2..2",
        .why = "It is how a client of a later protocol learns what it may speak; silence leaves "
               "it guessing.",
        .how = "NULL calls with rpcvers 0, 1, 3, 2^31+2 and 2^32-1, each on a connection of its "
               "own.",
        .cites = {REQ_RPC_5531_8_1_04},
        .needs = NEED_RPC,
        .run = rpc_mismatch,
    },
    {
        .id = "rpc.call.rpcvers-not-dispatched",
        .claim = "a call with another rpcvers is not executed",
        .why = "What stands behind another version may mean anything.",
        .how =
            "NULL calls with rpcvers 0, 1, 3, 2^17, 2^31+2 and 2^32-1: none is accepted. Silence "
            "and an end are allowed here.",
        .cites = {REQ_RPC_5531_9_09},
        .needs = NEED_RPC,
        .run = rpcvers_not_dispatched,
    },
    {
        .id = "rpc.reply.prog-unavail",
        .claim = "a call of a program that is not served brings PROG_UNAVAIL",
        .why = "A client that asked at the wrong port must learn that at once.",
        .how = "NULL calls of the programs 0, 0x7ffffff7, 0x80000000 and 0xffffffff.",
        .cites = {REQ_RPC_5531_8_1_05},
        .needs = NEED_RPC,
        .run = prog_unavail,
    },
    {
        .id = "rpc.reply.unavail-vs-mismatch",
        .claim = "an unknown program is never answered with PROG_MISMATCH",
        .why = "A client would try the versions of a program that is not there.",
        .how = "Four unknown programs, each with the versions 0, 1, 2, the target's own and "
               "0xffffffff.",
        .cites = {REQ_RPC_5531_9_19, REQ_RPC_5531_8_1_05},
        .needs = NEED_RPC,
        .run = unavail_vs_mismatch,
    },
    {
        .id = "rpc.reply.prog-mismatch-range",
        .claim = "PROG_MISMATCH names a range that holds the served version, always the same one",
        .why = "Clients choose their version from it.",
        .how = "NULL calls of versions that are not served; low and high of the replies.",
        .cites = {REQ_RPC_5531_8_1_06},
        .needs = NEED_RPC,
        .run = prog_mismatch_range,
    },
    {
        .id = "rpc.reply.prog-mismatch-bounds",
        .claim = "outside of the range of PROG_MISMATCH no version is served",
        .why = "low and high are the lowest and the highest version there is.",
        .how = "NULL calls of low-1 and high+1 bring PROG_MISMATCH.",
        .cites = {REQ_RPC_5531_8_1_06, REQ_RPC_5531_9_15},
        .needs = NEED_RPC,
        .run = prog_mismatch_bounds,
    },
    {
        .id = "rpc.reply.prog-mismatch-order",
        .claim = "low stands before high, and both are served",
        .why = "A client that takes the highest one must be served.",
        .how = "NULL calls of low and of high bring SUCCESS.",
        .cites = {REQ_RPC_5531_9_15},
        .needs = NEED_RPC,
        .run = prog_mismatch_order,
    },
    {
        .id = "rpc.reply.proc-unavail",
        .claim = "a call of a procedure that does not exist brings PROC_UNAVAIL, and no more harm",
        .why = "It is how clients find out what an older server can do.",
        .how = "Procedures 99999, 0x7fffffff and 0xffffffff, then a NULL call on the same "
               "connection.",
        .cites = {REQ_RPC_5531_8_1_07},
        .needs = NEED_RPC,
        .flags = CHECK_PROCEDURE,
        .run = proc_unavail,
    },
    {
        .id = "rpc.reply.garbage-args",
        .claim = "arguments that cannot be decoded bring GARBAGE_ARGS",
        .why = "A server that guesses the rest executes something nobody asked for.",
        .how = "A call of a known procedure with a length of 2^32-1 and nothing behind it, and one "
               "without any arguments; then the connection is served on.",
        .cites = {REQ_RPC_5531_8_1_08},
        .needs = NEED_RPC,
        .run = garbage_args,
    },
    {
        .id = "rpc.reply.error-precedence",
        .claim = "a call with several defects is refused for the same one every time",
        .why = "The order of the tests is open, but a server should have one.",
        .how = "Every pair of wrong rpcvers, flavor, program, version and procedure, twice; what "
               "comes is noted.",
        .cites = {REQ_RPC_ROB_9_15},
        .needs = NEED_RPC,
        .run = error_precedence,
    },
    {
        .id = "rpc.dispatch.unsigned-numbers",
        .claim = "program, version and procedure are unsigned",
        .why =
            "A number over 2^31 that is taken for negative passes a test of its upper bound, and "
            "a table is read in front of its begin.",
        .how = "Each of the three as 0x80000000 and 0xffffffff: the status that is due, and the "
               "target still serves.",
        .cites = {REQ_RPC_5531_8_1_01},
        .needs = NEED_RPC,
        .run = unsigned_numbers,
    },
    {
        .id = "rpc.dispatch.unique",
        .claim = "program, version and procedure are compared in all their 32 bits",
        .why = "Who keeps 16 bits of them executes calls that were meant for others.",
        .how = "Each of the three with one of the bits 16, 24 and 31 turned.",
        .cites = {REQ_RPC_5531_8_01, REQ_RPC_5531_8_1_01},
        .needs = NEED_RPC,
        .run = dispatch_unique,
    },
    {
        .id = "rpc.dispatch.multi-version",
        .claim = "several versions are served on one connection",
        .why = "Old and new clients share a server process.",
        .how = "NULL calls of the versions from low to high of PROG_MISMATCH, from both ends by "
               "turns.",
        .cites = {REQ_RPC_5531_8_1_03},
        .needs = NEED_RPC,
        .run = multi_version,
    },
    {
        .id = "rpc.dispatch.per-version-procs",
        .claim = "each version has its own procedures",
        .why = "A table that is shared by all versions lets old ones call what they never had.",
        .how = "Procedure 99999 of the lowest and of the highest version brings PROC_UNAVAIL.",
        .cites = {REQ_RPC_5531_12_1_03, REQ_RPC_5531_8_1_07},
        .needs = NEED_RPC,
        .run = per_version_procs,
    },
    {
        .id = "rpc.args.trailing-bytes",
        .claim = "octets behind the arguments are ignored or refused",
        .why = "Which of the two is open; executing something else is not.",
        .how = "NULL calls with 4, 8, 400, 1 and 3 octets of arguments: SUCCESS, GARBAGE_ARGS, or "
               "no reply; what comes is noted, and the target still serves.",
        .cites = {REQ_RPC_ROB_9_06},
        .needs = NEED_RPC,
        .run = trailing_bytes,
    },
};

SUITE(rpc_status);
