/* Checks: what bad clients cost a server is given back, and bounded. */
#include <inttypes.h>
#include <sys/socket.h>

#include "conformance/rpc/try.h"
#include "conformance/rpc/wrong.h"
#include "conformance/suites.h"
#include "harness/base/deadline.h"

enum {
    ABUSES = 120,
    WARM_UP = 24,
    LIARS = 32,
    LIE_OCTETS = 4096, /* what each of them sends */
    EMPTY_FRAGMENTS = 20000,
    CHUNKS = 20,
    LOOK_MS = 20,
    SLACK = 3, /* descriptors that a server may keep for itself */
    MEBIBYTE = 1 << 20,
    GROWTH = 16 << 20, /* what the liars may cost together */
    BATCHES = 8,
    BATCH_GROWTH = 512 << 10,
};

/* ---- the clients ---- */

/* What a bad client sends before it goes; the header of four octets is its own. */
static const struct abuse {
    const char *octets;
    size_t len;
} abuses[] = {
    {"\x80\0", 2},                                /* half a header */
    {"\x80\0\0\x28QRST\0\0\0\0", 12},             /* a part of a call */
    {"\xff\xff\xff\xffQRST\0\0\0\0\0\0\0\2", 16}, /* of 2 GiB */
    {"\0\0\0\x08QRST\0\0\0\0", 12},               /* fragments that never end */
    {"\x80\0\0\x03QRS", 7},                       /* a record that is no message */
    {"\x80\0\0\x08QRST\0\0\0\1", 12},             /* a reply that is cut */
    {"GET / HTTP/1.0\r\n\r\n", 18},
    {"\x80\0\0\0", 4}, /* an empty record */
};

static void one_abuse(struct check_ctx *c, unsigned i)
{
    const struct abuse *a = &abuses[i % ARRAY_LEN(abuses)];
    struct conn *conn = check_dial(c);

    conn->raw = true; /* nothing that may come is waited for */
    check_try_octets(c, conn, slice_of(a->octets, a->len));
    if (i / ARRAY_LEN(abuses) % 2)
        check_reset(c, conn);
    else
        check_close(c, conn);
}

static void abuse(struct check_ctx *c, unsigned times)
{
    for (unsigned i = 0; i < times && check_in_time(c); i++)
        one_abuse(c, i);
    check_probe(c);
}

/* ---- descriptors and memory ---- */

/* Waits until the target's view stands still, or patience ends. */
static struct procview settled(struct check_ctx *c)
{
    int64_t deadline = deadline_in_ms(c->target.patience_ms);
    struct procview before = check_view(c);

    for (unsigned same = 0; same < 2 && check_alive(c) && !deadline_passed(deadline);) {
        check_pause(c, LOOK_MS);
        struct procview now = check_view(c);
        bool still = !now.runs && now.fds == before.fds && now.busy_ns == before.busy_ns;

        same = still ? same + 1 : 0;
        before = now;
    }
    return before;
}

static void fds_after_abuse(struct check_ctx *c)
{
    unsigned times = check_connections(c, ABUSES);
    int64_t deadline;

    abuse(c, WARM_UP);
    unsigned before = settled(c).fds;
    abuse(c, times);
    unsigned after = settled(c).fds;
    deadline = deadline_in_ms(c->target.patience_ms);
    while (check_alive(c) && after > before + SLACK && !deadline_passed(deadline)) {
        check_pause(c, LOOK_MS);
        after = check_view(c).fds;
    }
    check_tell(c, WHO_KIT, slice_of(NULL, 0), "open descriptors: %u before, %u after", before,
               after);
    if (after > before + SLACK)
        check_broken(c, "descriptors that are given back", "%u before, %u after %u bad clients",
                     before, after, times);
    check_met(c);
}

/* A leak grows with every batch; an allocator grows, and then stays. */
static void memory_stays(struct check_ctx *c, void (*once)(struct check_ctx *c, unsigned times),
                         unsigned each, const char *what)
{
    uint64_t first, before;

    check_memory_view(c); /* skipped where a sanitizer keeps memory */
    once(c, each);
    first = before = settled(c).rss_bytes;
    for (unsigned batch = 0; batch < BATCHES && check_alive(c); batch++) {
        once(c, each);
        uint64_t after = settled(c).rss_bytes;

        check_tell(c, WHO_KIT, slice_of(NULL, 0), "resident memory: %" PRIu64 " KiB", after / 1024);
        if (after <= before + BATCH_GROWTH) {
            check_met(c);
            return;
        }
        before = after;
    }
    check_broken(c, "memory that stays",
                 "it grew with each of %d batches of %u %s, by %" PRIu64 " KiB together", BATCHES,
                 each, what, (before - first) / 1024);
}

static void memory_after_abuse(struct check_ctx *c)
{
    memory_stays(c, abuse, check_connections(c, ABUSES), "bad clients");
}

/* Calls whose credential is of an unknown flavor, or no AUTH_SYS, by turns. */
static void denials(struct check_ctx *c, unsigned times)
{
    struct conn *conn = check_dial(c);
    struct heard h;

    for (unsigned i = 0; i < times && check_in_time(c); i++) {
        struct onc_call call = check_call_of(c, ONC_NULLPROC);

        call.cred = try_auth(i % 2 ? ONC_AUTH_SYS : TRY_UNKNOWN_FLAVOR, ONC_AUTH_BODY_MAX);
        check_say(c, conn, &call, NULL, &h);
        if (h.ended || h.reset) {
            check_close(c, conn);
            conn = check_dial(c);
        }
    }
    check_close(c, conn);
    check_probe(c);
}

static void memory_after_denials(struct check_ctx *c)
{
    memory_stays(c, denials, check_rounds(c, ABUSES), "denied calls");
}

/* Headers of 2 GiB with a little behind them, all open at once. What is not touched is not
   resident: judged is what the target really takes. */
static void huge_header_memory(struct check_ctx *c)
{
    static uint8_t octets[LIE_OCTETS] = {0xff, 0xff, 0xff, 0xff};
    unsigned liars = check_crowd(c, LIARS);

    check_memory_view(c); /* skipped where a sanitizer keeps memory */
    check_probe(c);
    uint64_t before = settled(c).rss_bytes;
    for (unsigned i = 0; i < liars && check_in_time(c); i++) {
        struct conn *conn = check_dial(c);

        conn->raw = true;
        check_try_octets(c, conn, slice_of(octets, sizeof(octets)));
    }
    uint64_t after = settled(c).rss_bytes;
    check_tell(c, WHO_KIT, slice_of(NULL, 0),
               "resident memory: %" PRIu64 " KiB, then %" PRIu64 " KiB", before / 1024,
               after / 1024);
    if (after > before + GROWTH)
        check_broken(c, "memory grows by what came, not by what was announced",
                     "%u headers of 2 GiB with 4 KiB behind each cost %" PRIu64 " MiB", liars,
                     (after - before) / MEBIBYTE);
    check_met(c);
}

/* A record whose fragments are all empty and never the last; others are served. */
static void endless_fragments(struct check_ctx *c)
{
    static const uint8_t octets[EMPTY_FRAGMENTS / CHUNKS * 4] = {0};
    struct conn *conn = check_dial(c);
    bool open = true;

    conn->raw = true;
    for (unsigned i = 0; i < CHUNKS && open && check_in_time(c); i++)
        open = check_try_octets(c, conn, slice_of(octets, sizeof(octets)));
    check_probe(c);
    check_reset(c, conn);
    check_probe(c);
    check_remark(c, "a connection with %d empty fragments is %s", EMPTY_FRAGMENTS,
                 open ? "kept" : "ended");
}

#define NEEDS_STREAM (NEED_RPC | NEED_STREAM)

static const struct check checks[] = {
    {
        .id = "rpc.rm.endless-fragments",
        .claim = "a record of empty fragments without end hurts nobody else",
        .why = "A loop that waits for the last fragment waits for ever.",
        .how = "20000 empty fragments, none of them the last; others are served meanwhile and "
               "after it.",
        .cites = {REQ_RPC_5531_11_08, REQ_RPC_ROB_11_01},
        .needs = NEEDS_STREAM | NEED_CONCURRENT,
        .flags = CHECK_ALONE,
        .run = endless_fragments,
    },
    {
        .id = "rpc.rm.huge-header-memory",
        .claim = "memory grows by the octets that come, not by those that are announced",
        .why = "Four octets must not cost two gibibytes.",
        .how = "32 connections, each with a header of 2^31-1 octets and 4 KiB of them: the "
               "target's resident memory grows by less than 16 MiB.",
        .cites = {REQ_RPC_5531_11_08, REQ_XDR_4506_8_01},
        .needs = NEEDS_STREAM | NEED_LOCAL,
        .flags = CHECK_ALONE,
        .run = huge_header_memory,
    },
    {
        .id = "rpc.tcp.fds-after-abuse",
        .claim = "descriptors are given back when clients break the protocol and go",
        .why = "Error paths forget to close.",
        .how = "120 clients with halves of headers and records, lies, HTTP and empty records, "
               "closed or reset; the open descriptors return to what they were.",
        .cites = {REQ_RPC_ROB_11_05, REQ_RPC_ROB_11_03},
        .needs = NEEDS_STREAM | NEED_LOCAL,
        .flags = CHECK_ALONE,
        .run = fds_after_abuse,
    },
    {
        .id = "rpc.tcp.memory-after-abuse",
        .claim = "memory does not grow with the number of bad clients that were",
        .why = "A buffer of a record that never ended is easily kept.",
        .how = "Batches of 120 such clients, until one does not add 512 KiB; 8 that all do are a "
               "leak.",
        .cites = {REQ_RPC_ROB_11_03},
        .needs = NEEDS_STREAM | NEED_LOCAL,
        .flags = CHECK_ALONE,
        .run = memory_after_abuse,
    },
    {
        .id = "rpc.auth.memory-after-denials",
        .claim = "memory does not grow with the number of calls that were denied",
        .why = "The way out of a denial is another one, on which what was decoded is easily kept.",
        .how = "Batches of 120 calls with a credential of an unknown flavor or an undecodable "
               "AUTH_SYS, until one does not add 512 KiB; 8 that all do are a leak.",
        .cites = {REQ_RPC_ROB_8_2_01},
        .needs = NEED_RPC | NEED_REPLIES | NEED_LOCAL,
        .flags = CHECK_ALONE,
        .run = memory_after_denials,
    },
};

SUITE(rpc_abuse);
