/* Checks: many datagrams and many peers; peers that vanish; what stays behind. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/suites.h"
#include "harness/base/deadline.h"

enum {
    PEERS = 64,
    BURST = 50,     /* a default receive buffer holds 256 small datagrams */
    BURST_UNIX = 8, /* a Unix socket's queue has room for max_dgram_qlen = 10 */
    OVERLOAD = 3000,
    VANISH = 100,
    MANY_PEERS = 6000,
    RANDOM = 200,
    ROUNDS = 5,
    GROWTH_MAX = 4 << 20,
    WATCH_MS = 100,
    SOON_MS = 5,
    WATCHES = 3, /* one alone may have been a burst of work */
    BREATH_MS = 2,
};

static void converse_in_turns(struct check_ctx *c, unsigned peers, unsigned rounds)
{
    struct conn *conns[PEERS];

    for (unsigned i = 0; i < peers; i++)
        conns[i] = check_dial(c);
    for (unsigned round = 0; round < rounds && check_in_time(c); round++) {
        for (unsigned i = 0; i < peers; i++)
            check_send_sized(c, conns[i], CHECK_BODY + round);
        for (unsigned i = peers; i-- > 0;)
            check_replies(c, conns[i]);
    }
    for (unsigned i = 0; i < peers; i++)
        check_fence(c, conns[i]);
}

static void no_crosstalk(struct check_ctx *c)
{
    converse_in_turns(c, check_rounds(c, PEERS), check_rounds(c, ROUNDS));
}

static void side_by_side(struct check_ctx *c)
{
    converse_in_turns(c, 8, check_rounds(c, ROUNDS));
}

/* Datagrams that the kernel dropped at the target's socket, as far as this machine can see. */
static uint64_t drops(struct check_ctx *c)
{
    if (endpoint_is_unix(&c->target.endpoint))
        return 0;
    return check_bound(c, address_port(&c->target.address)).drops;
}

static void all_answered(struct check_ctx *c)
{
    unsigned burst = endpoint_is_unix(&c->target.endpoint) ? BURST_UNIX : BURST;
    struct conn *conn = check_dial(c);
    uint64_t before = drops(c);

    c->target.pace_ms = 0; /* at a gentle pace it were no burst */

    for (unsigned round = 0; round < ROUNDS && check_alive(c); round++) {
        for (unsigned i = 0; i < burst; i++)
            check_send_sized(c, conn, 9);
        for (unsigned i = 0; i < burst && check_alive(c); i++) {
            if (check_try_reply(c, conn, deadline_in_ms(c->target.patience_ms)))
                check_met(c);
            else if (check_alive(c) && drops(c) > before)
                check_skipped(c,
                              "the receive buffer of the target is too small for %u datagrams: "
                              "the kernel dropped %llu",
                              burst, (unsigned long long)(drops(c) - before));
            else
                check_broken(c, "a reply to each datagram of the burst",
                             "%u of %u, and the kernel dropped none", i, burst);
        }
        check_fence(c, conn);
    }
}

/* More than any buffer holds. Some may be lost; what comes must be right, and then all is well. */
static void overload_recovers(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    unsigned sent = check_rounds(c, OVERLOAD);

    for (unsigned i = 0; i < sent && check_in_time(c); i++)
        check_send_sized(c, conn, 500);
    while (check_try_reply(c, conn, deadline_in_ms(50)))
        check_met(c);
    check_tell(c, WHO_KIT, slice_of(NULL, 0), "%llu of %u datagrams were answered",
               (unsigned long long)conn->answered, sent);
    check_close(c, conn);
    check_probe(c);
    check_probe(c);
}

/* A UDP socket takes only what its peer sends. With another port for its peer, where nothing is
   ever sent to, the kernel answers the target's reply as if nobody were here: port unreachable,
   however fast the reply is. */
static void turn_away(struct check_ctx *c, struct conn *conn)
{
    struct address other = c->target.address;

    if (!check_alive(c) || endpoint_is_unix(&c->target.endpoint))
        return;
    address_set_port(&other, (uint16_t)(address_port(&other) ^ 2));
    if (connect(conn->fd, address_sockaddr(&other), other.len) != 0)
        check_trouble(c, "connect: %s", strerror(errno));
}

/* A port that is turned away stays taken until the check ends: a reply that is late must not meet
   the next client there. */
static void vanish(struct check_ctx *c, unsigned times)
{
    static const struct net_dial_options options = {.unconnected = true};
    bool leaves = endpoint_is_unix(&c->target.endpoint);

    for (unsigned i = 0; i < times && check_alive(c); i++) {
        struct conn *conn = check_dial_with(c, &c->target.address, &options);

        turn_away(c, conn);
        check_send(c, conn);
        if (leaves)
            check_close(c, conn);
    }
}

/* Exchanges in turn with a breath between, so that only what the vanished ones did is seen. */
static void steady_client(struct check_ctx *c, unsigned exchanges)
{
    struct conn *conn = check_dial(c);

    for (unsigned i = 0; i < exchanges; i++) {
        check_pause(c, BREATH_MS);
        check_exchange(c, conn);
    }
    check_pause(c, BREATH_MS);
    check_fence(c, conn);
    check_close(c, conn);
}

static void unreachable_survival(struct check_ctx *c)
{
    for (unsigned i = 0; i < 5 && check_alive(c); i++) {
        vanish(c, 1);
        steady_client(c, 3);
    }
}

static void vanished_clients(struct check_ctx *c)
{
    vanish(c, check_rounds(c, VANISH));
    steady_client(c, 10);
}

static void many_peers(struct check_ctx *c)
{
    unsigned peers = check_connections(c, MANY_PEERS);

    check_probe(c);
    struct procview before = check_view(c);
    for (unsigned i = 0; i < peers && check_in_time(c); i++) {
        struct conn *conn = check_dial(c);

        check_exchange(c, conn);
        check_close(c, conn);
        if (i == peers / 10) /* by now its buffers are what they will be */
            before = check_view(c);
    }
    /* Helpers of the last requests may take a moment to go. */
    int64_t deadline = deadline_in_ms(c->target.patience_ms);
    struct procview after = check_view(c);
    while (check_alive(c) && after.fds > before.fds + 4 && !deadline_passed(deadline)) {
        check_pause(c, 20);
        after = check_view(c);
    }
    check_tell(c, WHO_KIT, slice_of(NULL, 0),
               "descriptors: %u, then %u; memory: %llu, then %llu KiB", before.fds, after.fds,
               (unsigned long long)before.rss_bytes / 1024,
               (unsigned long long)after.rss_bytes / 1024);
    if (check_alive(c) && after.fds > before.fds + 4)
        check_broken(c, "as many descriptors as before", "%u, and %u before", after.fds,
                     before.fds);
    if (check_alive(c) && !after.shadowed && after.processes <= before.processes &&
        after.rss_bytes > before.rss_bytes + GROWTH_MAX)
        check_broken(c, "memory that grows by less than 4 MiB", "it grew by %llu KiB",
                     (unsigned long long)(after.rss_bytes - before.rss_bytes) / 1024);
    check_met(c);
}

static void random_input(struct check_ctx *c)
{
    static uint8_t octets[65507];
    unsigned count = check_rounds(c, RANDOM);
    struct conn *conn = NULL;

    for (unsigned i = 0; i < count && check_alive(c); i++) {
        size_t size = 1 + (size_t)rng_below(&c->rng, sizeof(octets) >> (i % 16));

        if (i % 10 == 0) {
            if (conn)
                check_close(c, conn);
            conn = check_dial(c);
            conn->raw = true;
        }
        rng_fill(&c->rng, octets, size);
        check_send_message(c, conn, slice_of(octets, size));
        if (i % 10 == 9)
            check_pause(c, 1);
    }
    check_probe(c);
    check_probe(c);
}

static void restart_immediate(struct check_ctx *c)
{
    static const struct check_instance_options plain = {.umask = -1};

    check_start_instance(c, &plain);
    check_probe(c);
    check_end_instance(c, SIGKILL);
    check_restart_instance(c, "the target can be started again at once");
    check_probe(c);
}

static bool is_busy(struct check_ctx *c)
{
    struct procview_watch watch;
    enum procview_busy busy = PROCVIEW_OPEN;
    int64_t deadline = deadline_in_ms(c->target.patience_ms);

    if (!check_alive(c))
        return false;
    if (!procview_watch(c->target.pid, &watch))
        check_trouble(c, "process %d cannot be looked into (/proc)", (int)c->target.pid);
    for (unsigned ms = WATCH_MS; busy == PROCVIEW_OPEN && check_alive(c); ms = SOON_MS) {
        check_pause(c, ms);
        busy = deadline_passed(deadline) ? PROCVIEW_IDLE : procview_busy(&watch);
    }
    return busy == PROCVIEW_BUSY;
}

static void no_spin(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_exchange(c, conn);
    vanish(c, 3);
    check_pause(c, 20);
    unsigned busy = 0;
    while (busy < WATCHES && is_busy(c))
        busy++;
    if (busy == WATCHES)
        check_broken(c, "a target that nobody asks for anything is idle",
                     "it was busy for more than half of %d intervals of %d ms", WATCHES, WATCH_MS);
    check_met(c);
}

#define NEEDS_TALK (NEED_DATAGRAM | NEED_REPLIES)

static const struct check checks[] = {
    {
        .id = "datagram.conc.no-crosstalk",
        .claim = "peers do not see each other's data",
        .why = "One buffer for all, or one address for all, mixes what clients say.",
        .how = "64 sockets with requests of their own, sent in one order and read in the other.",
        .cites = {REQ_DGRAM_07},
        .needs = NEEDS_TALK | NEED_NUMBERED,
        .flags = CHECK_ALONE,
        .run = no_crosstalk,
    },
    {
        .id = "datagram.burst.all-answered",
        .claim = "a burst that fits the receive buffer is answered in full",
        .why = "A server that reads one datagram per wake-up, or drops while it writes, loses.",
        .how = "Bursts of 50 small datagrams; what the kernel itself dropped is not blamed on the "
               "target.",
        .cites = {REQ_DGRAM_09},
        .needs = NEEDS_TALK | NEED_LOOPBACK,
        .flags = CHECK_ALONE | CHECK_EVERY,
        .run = all_answered,
    },
    {
        .id = "datagram.burst.overload-recovers",
        .claim = "too many datagrams may be lost, but are never mixed up, and the target recovers",
        .why = "An overload must end when the load does.",
        .how = "3000 datagrams as fast as they go; every reply is a right one; then probes.",
        .cites = {REQ_DGRAM_10},
        .needs = NEEDS_TALK,
        .flags = CHECK_ALONE | CHECK_REMOTE_FLOOD,
        .run = overload_recovers,
    },
    {
        .id = "datagram.icmp.unreachable-survival",
        .claim = "the error from one client's closed port is not taken for another's",
        .why = "The next recvfrom() may report it, and belongs to somebody else.",
        .how = "A client that sends and closes, then one that is answered, five times.",
        .cites = {REQ_UDP_1122_4_1_3_3_03},
        .needs = NEEDS_TALK,
        .flags = CHECK_ALONE | CHECK_EVERY,
        .run = unreachable_survival,
    },
    {
        .id = "datagram.icmp.vanished-clients",
        .claim = "clients that vanish before their reply do no harm",
        .why = "ECONNREFUSED on the server's socket ends a loop that tests for errors badly.",
        .how = "100 times send and close; then ten exchanges.",
        .cites = {REQ_DGRAM_11},
        .needs = NEEDS_TALK,
        .flags = CHECK_ALONE | CHECK_EVERY,
        .run = vanished_clients,
    },
    {
        .id = "datagram.leak.many-peers",
        .claim = "descriptors and memory do not grow with the number of peers",
        .why = "State that is kept per client is never given back: datagrams have no end.",
        .how = "6000 client ports; the target's descriptors and memory.",
        .cites = {REQ_DGRAM_18},
        .needs = NEEDS_TALK | NEED_LOCAL,
        .flags = CHECK_ALONE | CHECK_REMOTE_FLOOD,
        .run = many_peers,
    },
    {
        .id = "datagram.robust.random-input-survival",
        .claim = "no datagram ends or wedges the target",
        .why = "RFC 1122: be liberal in what you accept.",
        .how = "200 datagrams of random octets of every size, drawn from the seed; then probes.",
        .cites = {REQ_UDP_1122_1_2_2_01},
        .needs = NEEDS_TALK,
        .flags = CHECK_ALONE,
        .run = random_input,
    },
    {
        .id = "datagram.restart.immediate",
        .claim = "the target can be started again at once at its address",
        .why = "Datagram sockets have no TIME-WAIT; only a careless start fails.",
        .how = "An instance of its own is killed and started again.",
        .cites = {REQ_DGRAM_19},
        .needs = NEEDS_TALK | NEED_MOVES,
        .flags = CHECK_ALONE,
        .run = restart_immediate,
    },
    {
        .id = "datagram.idle.no-spin",
        .claim = "a target that is asked for nothing uses no processor time",
        .why =
            "An error that is never read, or a socket that is always writable, keeps a loop awake.",
        .how = "An exchange, clients that vanish; then the processor time stands "
               "still.",
        .cites = {REQ_CPU_01},
        .needs = NEEDS_TALK | NEED_LOCAL,
        .flags = CHECK_ALONE,
        .run = no_spin,
    },
    {
        .id = "datagram.conc.side-by-side",
        .claim = "conversations side by side go as they go alone",
        .why = "What holds for one client must hold while others talk.",
        .how = "8 sockets at once; and every check that broke while others ran beside it and held "
               "alone is counted here. Where a reply was only missing it is recorded: datagrams "
               "may be lost.",
        .cites = {REQ_DGRAM_07},
        .needs = NEEDS_TALK,
        .flags = CHECK_ALONE | CHECK_FLIPS,
        .run = side_by_side,
    },
};

SUITE(datagram_many);
