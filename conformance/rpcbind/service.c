/* Checks: which versions and procedures the lookup service has, its clock and its counters. */
#include <time.h>

#include "conformance/rpcbind/lookup.h"
#include "conformance/suites.h"
#include "harness/base/deadline.h"

enum { CLOCK_SLACK_S = 1, ASKED = 5 };

/* ---- versions and procedures ---- */

static void null_of(struct lookup *l, uint32_t vers)
{
    struct slice results = lookup_call(l, vers, BIND_RPCB_NULL, slice_of(NULL, 0));

    l->version = vers;
    lookup_judge(l, results.len == 0, "no results of NULL", "%zu octets", results.len);
}

/* The port mapper knows TCP and UDP alone, so nobody asks for version 2 on a local socket. */
static void well_known(struct check_ctx *c)
{
    struct lookup l;
    bool unix_socket = endpoint_is_unix(&c->target.endpoint);

    lookup_open(&l, c);
    for (uint32_t vers = unix_socket ? 3 : 2; vers <= 4; vers++)
        null_of(&l, vers);
    lookup_close(&l);
}

static void version_range(struct check_ctx *c)
{
    static const uint32_t versions[] = {0, 1, 5, 100, UINT32_MAX};
    struct lookup l;

    lookup_open(&l, c);
    for (size_t i = 0; i < ARRAY_LEN(versions) && check_alive(c); i++) {
        struct onc_call call = lookup_call_of(&l, versions[i], 0, slice_of(NULL, 0));
        struct heard h;
        char what[64];

        text_format(what, sizeof(what), "version %u", (unsigned)versions[i]);
        lookup_say(&l, &call, true, &h);
        check_accepted(c, &h, what, ONC_PROG_MISMATCH);
        lookup_judge(&l, h.reply.low == 2 && h.reply.high == 4, "versions 2 to 4",
                     "%u to %u in reply to %s", (unsigned)h.reply.low, (unsigned)h.reply.high,
                     what);
    }
    lookup_close(&l);
}

/* Honest arguments for each procedure, so that what it does is known. CALLIT may be silent, and
   INDIRECT is tried by checks of its own. */
static void put_args(struct lookup *l, uint32_t vers, uint32_t proc, struct buf *out)
{
    struct bind_rpcb b = lookup_rpcb(l, 1, l->netid->name, "");
    struct bind_mapping m = {.prog = l->prog, .vers = 1, .prot = BIND_PROTO_TCP};
    struct bind_netbuf n = {0};

    if (vers == BIND_PMAP_VERSION)
        bind_put_mapping(out, &m);
    else if (proc == BIND_RPCB_UADDR2TADDR)
        wire_put_string(out, slice_of(NULL, 0));
    else if (proc == BIND_RPCB_TADDR2UADDR)
        bind_put_netbuf(out, &n);
    else
        bind_put_rpcb(out, &b);
}

static bool takes_nothing(uint32_t vers, uint32_t proc)
{
    static const uint32_t with[] = {
        BIND_RPCB_SET,         BIND_RPCB_UNSET,       BIND_RPCB_GETADDR,    BIND_RPCB_UADDR2TADDR,
        BIND_RPCB_TADDR2UADDR, BIND_RPCB_GETVERSADDR, BIND_RPCB_GETADDRLIST};

    for (size_t i = 0; i < ARRAY_LEN(with); i++) {
        if (proc == with[i])
            return false;
    }
    return vers != BIND_PMAP_VERSION || proc == BIND_PMAP_NULL || proc == BIND_PMAP_DUMP;
}

/* What SET does is tried elsewhere; here UNSET of nothing stands for it, too. */
static bool is_tried(uint32_t vers, uint32_t proc)
{
    return proc != BIND_RPCB_SET && proc != BIND_RPCB_CALLIT &&
           (vers == BIND_PMAP_VERSION || proc != BIND_RPCB_INDIRECT);
}

static void try_known(struct lookup *l, uint32_t vers, uint32_t proc)
{
    struct onc_call call;
    struct heard h;
    struct buf args;
    char what[64];

    buf_init(&args, LOOKUP_ARGS_MAX);
    if (!takes_nothing(vers, proc))
        put_args(l, vers, proc, &args);
    call = lookup_call_of(l, vers, proc, buf_slice(&args));
    text_format(what, sizeof(what), "procedure %u of version %u", (unsigned)proc, (unsigned)vers);
    lookup_say(l, &call, true, &h);
    check_answered_once(l->c, &h, what);
    lookup_judge(l,
                 h.reply.reply_stat != ONC_MSG_ACCEPTED || h.reply.accept_stat != ONC_PROC_UNAVAIL,
                 "a procedure that RFC 1833 names is there", "PROC_UNAVAIL for %s", what);
    buf_free(&args);
}

static void try_unknown(struct lookup *l, uint32_t vers, uint32_t proc)
{
    struct onc_call call = lookup_call_of(l, vers, proc, slice_of(NULL, 0));
    struct heard h;
    char what[64];

    text_format(what, sizeof(what), "procedure %u of version %u", (unsigned)proc, (unsigned)vers);
    lookup_say(l, &call, true, &h);
    check_accepted(l->c, &h, what, ONC_PROC_UNAVAIL);
}

static void procedures(struct check_ctx *c, uint32_t vers, uint32_t last)
{
    struct lookup l;

    lookup_open_version(&l, c, vers);
    for (uint32_t proc = 0; proc <= last && check_alive(c); proc++) {
        if (is_tried(vers, proc))
            try_known(&l, vers, proc);
    }
    try_unknown(&l, vers, last + 1);
    try_unknown(&l, vers, last + 5);
    try_unknown(&l, vers, UINT32_MAX);
    lookup_close(&l);
}

static void pmap_procs(struct check_ctx *c)
{
    procedures(c, BIND_PMAP_VERSION, BIND_PMAP_CALLIT);
}

static void v3_procs(struct check_ctx *c)
{
    procedures(c, BIND_RPCB_VERSION, BIND_RPCB_TADDR2UADDR);
}

static void v4_procs(struct check_ctx *c)
{
    procedures(c, BIND_RPCB_VERSION4, BIND_RPCB_GETSTAT);
}

static void pmap_null(struct check_ctx *c)
{
    struct lookup l;

    lookup_open_version(&l, c, BIND_PMAP_VERSION);
    null_of(&l, BIND_PMAP_VERSION);
    lookup_close(&l);
}

/* ---- the clock ---- */

static void tells_time(struct lookup *l)
{
    int64_t before = (int64_t)time(NULL);
    struct slice results = lookup_call(l, l->version, BIND_RPCB_GETTIME, slice_of(NULL, 0));
    int64_t after = (int64_t)time(NULL);
    struct wire_in in;

    if (!check_alive(l->c))
        return;
    wire_open(&in, results);
    int64_t told = wire_uint(&in, "seconds");
    lookup_read(l, &in, "GETTIME");
    if (!l->c->target.loopback)
        check_noted(l->c, "its clock is %lld s from ours", (long long)(told - before));
    lookup_judge(l, told >= before - CLOCK_SLACK_S && told <= after + CLOCK_SLACK_S,
                 "the seconds since 1970 on this machine", "%lld, and it was %lld to %lld",
                 (long long)told, (long long)before, (long long)after);
}

static void gettime(struct check_ctx *c)
{
    lookup_each(c, tells_time);
}

/* ---- the counters ---- */

/* The counters of all versions. False where they cannot be read. */
static bool read_stats(struct lookup *l, struct bind_stat ret[BIND_STAT_VERSIONS])
{
    struct slice results = lookup_call(l, BIND_RPCB_VERSION4, BIND_RPCB_GETSTAT, slice_of(NULL, 0));
    struct wire_in in;
    bool ok = check_alive(l->c);

    wire_open(&in, results);
    for (unsigned i = 0; i < BIND_STAT_VERSIONS && ok; i++)
        ok = bind_read_stat(&in, &ret[i]);
    lookup_read(l, &in, "GETSTAT");
    return check_alive(l->c);
}

static void getstat(struct check_ctx *c)
{
    struct bind_stat stats[BIND_STAT_VERSIONS];
    struct lookup l;

    lookup_open(&l, c);
    (void)read_stats(&l, stats);
    lookup_close(&l);
}

/* Others may ask meanwhile: the counter grows by what was asked here, or by more. */
static void getstat_counts(struct check_ctx *c)
{
    struct bind_stat before[BIND_STAT_VERSIONS];
    struct bind_stat after[BIND_STAT_VERSIONS];
    struct lookup l;

    lookup_open(&l, c);
    if (read_stats(&l, before)) {
        struct bind_rpcb b = lookup_rpcb(&l, 1, l.netid->name, "");

        for (unsigned i = 0; i < ASKED; i++) {
            for (l.version = BIND_RPCB_VERSION; l.version <= BIND_RPCB_VERSION4; l.version++)
                (void)lookup_addr(&l, BIND_RPCB_GETADDR, &b);
        }
        l.version = BIND_RPCB_VERSION4;
        if (read_stats(&l, after)) {
            for (unsigned v = 1; v < BIND_STAT_VERSIONS; v++) {
                int64_t grown =
                    (int64_t)after[v].calls[BIND_RPCB_GETADDR] - before[v].calls[BIND_RPCB_GETADDR];

                lookup_judge(&l, grown >= ASKED, "the counter of GETADDR grows by the calls of it",
                             "it grew by %lld in version %u, and there were %d", (long long)grown,
                             v + 2, ASKED);
            }
        }
    }
    lookup_close(&l);
}

static const struct check checks[] = {
    {
        .id = "rpcbind.service.well-known",
        .claim = "the lookup service answers in all of its versions",
        .why = "a client of an old version would find nobody",
        .how = "NULL of versions 2, 3 and 4; on a local socket of 3 and 4",
        .cites = {REQ_RPCB_1833_1_01},
        .needs = NEED_RPCBIND,
        .run = well_known,
    },
    {
        .id = "rpcbind.service.version-range",
        .claim = "a version outside 2 to 4 is answered with PROG_MISMATCH 2..4",
        .why = "clients find the version to speak by this answer",
        .how = "NULL of versions 0, 1, 5, 100 and 4294967295",
        .cites = {REQ_RPCB_1833_2_1_04},
        .needs = NEED_RPCBIND,
        .run = version_range,
    },
    {
        .id = "rpcbind.service.pmap-procs",
        .claim = "version 2 has the procedures 0 to 5 and no other",
        .why = "a missing one leaves clients without an answer",
        .how = "each with honest arguments but SET and CALLIT; 6, 10 and 4294967295 are "
               "PROC_UNAVAIL",
        .cites = {REQ_RPCB_1833_3_1_03},
        .needs = NEED_RPCBIND,
        .run = pmap_procs,
    },
    {
        .id = "rpcbind.service.v3-procs",
        .claim = "version 3 has the procedures 0 to 8 and no other",
        .why = "a missing one leaves clients without an answer",
        .how = "each with honest arguments but SET and CALLIT; 9, 13 and 4294967295 are "
               "PROC_UNAVAIL",
        .cites = {REQ_RPCB_1833_2_1_02},
        .needs = NEED_RPCBIND,
        .run = v3_procs,
    },
    {
        .id = "rpcbind.service.v4-procs",
        .claim = "version 4 has the procedures 0 to 12 and no other",
        .why = "a missing one leaves clients without an answer",
        .how = "each with honest arguments but SET, BCAST and INDIRECT; 13, 17 and 4294967295 are "
               "PROC_UNAVAIL",
        .cites = {REQ_RPCB_1833_2_1_03},
        .needs = NEED_RPCBIND,
        .run = v4_procs,
    },
    {
        .id = "rpcbind.service.pmap-null",
        .claim = "NULL of version 2 takes nothing and returns nothing",
        .why = "it is how clients find out whether anybody serves",
        .how = "NULL; the reply ends behind its status",
        .cites = {REQ_RPCB_1833_3_2_01},
        .needs = NEED_RPCBIND,
        .run = pmap_null,
    },
    {
        .id = "rpcbind.service.gettime",
        .claim = "GETTIME returns the seconds since 1970 on the machine of the registry",
        .why = "clients set credentials with a time by it",
        .how = "asked of versions 3 and 4 and compared with this machine's clock; noted where the "
               "registry is on another one",
        .cites = {REQ_RPCB_1833_2_2_1_14},
        .needs = NEED_RPCBIND,
        .run = gettime,
    },
    {
        .id = "rpcbind.service.getstat",
        .claim = "GETSTAT returns the counters of three versions and their lists",
        .why = "tools that show them read past the end of anything else",
        .how = "the results are read strictly to their end",
        .cites = {REQ_RPCB_1833_2_1_08},
        .needs = NEED_RPCBIND,
        .run = getstat,
    },
    {
        .id = "rpcbind.service.getstat-counts",
        .claim = "the counter of a procedure grows with its calls",
        .why = "counters that stand still mislead whoever looks for a load",
        .how = "GETSTAT, five GETADDR in versions 3 and 4 each, GETSTAT",
        .cites = {REQ_RPCB_1833_2_1_08},
        .needs = NEED_RPCBIND,
        .run = getstat_counts,
    },
};

SUITE(rpcbind_service);
