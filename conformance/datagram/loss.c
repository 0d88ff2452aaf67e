/*
 * Checks: datagrams that are lost, repeated, late, out of order or damaged on their way. A proxy of
 * the check's own stands between (check_between), so that each of it happens by number.
 */
#include "conformance/suites.h"
#include "harness/base/deadline.h"

enum {
    LOST = 14,
    REPLIES_LOST = 8,
    COPIES = 20,
    LATE = 16,
    ROUNDS = 3,
    DELAYED = 10,
    WINDOW = 6, /* datagrams at once: a Unix socket's queue has room for 10 */
    DAMAGED = 60,
    LOST_IN_A_ROW = 3,
    NEIGHBOUR = 30,
    STORM = 20,
    STORM_CLIENTS = 3,
    STORM_SETTLE_MS = 60, /* what is out of order comes within 50 ms */
    SETTLE_MS = 20,
    SETTLE_LATENCIES = 8,
};

static bool was(const struct fault_decision *fate, enum fault_kind kind)
{
    return fate->deeds & 1U << kind;
}

/* A request; where it is lost on its way nothing is owed for it. */
static void send_on(struct check_ctx *c, struct conn *conn, size_t size)
{
    check_send_sized(c, conn, size);
    struct fault_decision fate = check_fate(c, conn);
    if (was(&fate, FAULT_DROP))
        check_write_off(c, conn);
}

static void request_lost(struct check_ctx *c)
{
    check_between(c, "up: drop 2, 5-7, 11");
    struct conn *conn = check_dial(c);

    for (unsigned i = 0; i < LOST && check_alive(c); i++) {
        send_on(c, conn, CHECK_BODY + i);
        check_replies(c, conn);
    }
    check_fence(c, conn);
}

static void reply_lost(struct check_ctx *c)
{
    check_between(c, "down: drop 1, 3-4, 8");
    struct conn *conn = check_dial(c);

    for (unsigned i = 0; i < REPLIES_LOST && check_alive(c); i++) {
        check_send_sized(c, conn, CHECK_BODY + i);
        check_reply(c, conn);
    }
    check_fence(c, conn);
}

/* Behind exchanges whose copies may still be on their way. */
static void settle(struct check_ctx *c, struct conn *conn)
{
    check_fence(c, conn);
    check_pause(c, SETTLE_MS);
    check_fence(c, conn);
}

static void copies(struct check_ctx *c)
{
    check_between(c, "up: duplicate all times 2");
    struct conn *conn = check_dial(c);

    for (unsigned i = 0; i < check_rounds(c, COPIES) && check_alive(c); i++) {
        check_send_sized(c, conn, CHECK_BODY + i % 5);
        check_reply(c, conn);
    }
    settle(c, conn);
}

static void late_copies(struct check_ctx *c)
{
    check_between(c, "up: duplicate 2 after 4; up: duplicate 5 times 2 after 7");
    struct conn *conn = check_dial(c);

    for (unsigned i = 0; i < LATE && check_alive(c); i++)
        check_exchange(c, conn);
    settle(c, conn);
}

static void converse_in_bursts(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    for (unsigned round = 0; round < ROUNDS && check_alive(c); round++) {
        for (unsigned i = 0; i < WINDOW; i++)
            check_send_sized(c, conn, CHECK_BODY + i);
        check_replies(c, conn);
    }
    check_fence(c, conn);
}

static void reordered(struct check_ctx *c)
{
    check_between(c, "up: reorder every 3 by 2 within 50ms; down: reorder every 4 within 50ms");
    converse_in_bursts(c);
}

/* The client has asked again and was answered when the first of its requests, or replies, comes. */
static void delayed(struct check_ctx *c)
{
    check_between(c, "up: delay 3, 7 by 150ms; down: delay 5, 9 by 150ms");
    struct conn *conn = check_dial(c);

    for (unsigned i = 0; i < DELAYED && check_alive(c); i++)
        check_exchange(c, conn);
    check_pause(c, 2 * 150);
    settle(c, conn);
}

static void send_composed(struct check_ctx *c, struct conn *conn, struct buf *request)
{
    buf_init(request, 1 << 16);
    check_compose(c, conn, CHECK_BODY, request);
    check_write_off(c, conn); /* what comes back is judged apart, or not at all */
    check_send_message(c, conn, buf_slice(request));
}

/* Takes what the target says to a request of the victim, as many times as that has reached it: it
   is not judged, but a Unix socket's queue were soon full, and nothing is to be under way when
   somebody else is served. */
static void take_replies(struct check_ctx *c, struct conn *victim)
{
    const struct exchange *x = c->target.exchange;
    struct fault_decision fate = check_fate(c, victim);
    unsigned copies = was(&fate, FAULT_DROP) ? 0 : 1 + was(&fate, FAULT_DUPLICATE);
    bool whole = !was(&fate, FAULT_TRUNCATE) && !was(&fate, FAULT_CORRUPT);
    bool certain = whole || exchange_has(x, EXCHANGE_ECHO) || exchange_has(x, EXCHANGE_PREFIX);
    int64_t wait_us = certain ? c->target.patience_ms * 1000
                              : SETTLE_MS * 1000 + SETTLE_LATENCIES * c->target.latency_us;

    for (unsigned i = 0; i < copies && check_in_time(c); i++)
        check_swallow(c, victim, 1, deadline_now_us() + wait_us);
}

/* A client whose datagrams suffer, and in turn with it one that is served as ever. */
static void suffer_beside(struct check_ctx *c, unsigned rounds)
{
    struct conn *victim = check_dial(c);
    struct conn *other = check_dial(c);
    struct buf request;

    victim->raw = true;
    for (unsigned i = 0; i < rounds && check_in_time(c); i++) {
        send_composed(c, victim, &request);
        buf_free(&request);
        take_replies(c, victim);
        check_exchange(c, other);
    }
    check_fence(c, other);
}

static void damaged_survival(struct check_ctx *c)
{
    check_between(c, "client 1 up: truncate every 4 to 3; client 1 up: truncate every 2 to 11; "
                     "client 1 up: corrupt every 3");
    suffer_beside(c, check_rounds(c, DAMAGED));
}

static void one_of_two(struct check_ctx *c)
{
    check_between(c, "client 1 up: drop every 2; client 1 up: duplicate every 3");
    suffer_beside(c, check_rounds(c, NEIGHBOUR));
}

/* The octets that have reached the target, as the schedule has left them, come back. False where
   nothing comes: a server may lose a datagram, and that is a claim of its own. */
static bool came_back(struct check_ctx *c, struct conn *conn, struct buf *request)
{
    struct fault_decision fate = check_fate(c, conn);
    struct buf came;

    request->len = fault_deform(&fate, request->data, request->len);
    buf_init(&came, 1 << 18);
    bool heard = check_try_message(c, conn, &came, deadline_in_ms(c->target.patience_ms));
    if (heard && !slice_eq(buf_slice(&came), buf_slice(request)))
        check_broken(c, "the octets that came, sent back as they are",
                     "%zu octet%s that differ from the %zu that reached it", came.len,
                     text_s(came.len), request->len);
    buf_free(&came);
    return heard;
}

static void damaged_echo(struct check_ctx *c)
{
    check_between(c, "up: truncate every 2 to 5; up: corrupt every 3");
    struct conn *conn = check_dial(c);
    unsigned lost_in_a_row = 0;
    struct buf request;

    conn->raw = true;
    for (unsigned i = 0; i < check_rounds(c, DAMAGED) && check_in_time(c); i++) {
        send_composed(c, conn, &request);
        lost_in_a_row = !check_alive(c) || came_back(c, conn, &request) ? 0 : lost_in_a_row + 1;
        if (lost_in_a_row == LOST_IN_A_ROW)
            check_broken(c, "the octets that came, sent back", "nothing, %d times for %.1f s",
                         LOST_IN_A_ROW, (double)c->target.patience_ms / 1000);
        check_met(c);
        buf_free(&request);
    }
}

static void bursts(struct check_ctx *c)
{
    check_between(c, "both: drop every 3");
    converse_in_bursts(c);
}

/* One client after the other, so that what is late never meets another's request. */
static void storm(struct check_ctx *c)
{
    check_between(c, "both: drop 30%%; both: duplicate 10%%; both: reorder 10%% within 50ms");
    for (unsigned client = 0; client < STORM_CLIENTS && check_in_time(c); client++) {
        struct conn *conn = check_dial(c);

        for (unsigned i = 0; i < STORM && check_in_time(c); i++) {
            for (unsigned k = 0; k < 1 + i % 3; k++)
                check_send_sized(c, conn, CHECK_BODY + i % 7);
            check_replies(c, conn);
        }
        check_pause(c, STORM_SETTLE_MS);
    }
}

#define NEEDS_TALK (NEED_DATAGRAM | NEED_REPLIES)

static const struct check checks[] = {
    {
        .id = "datagram.loss.request",
        .claim = "a request that is lost leaves no trace: the next ones are served as ever",
        .why = "A server that counts requests, or pairs them with replies, is out of step for good "
               "after the first loss.",
        .how = "Of 14 requests 5 are lost on their way. Each other has its own reply, and those "
               "have none.",
        .cites = {REQ_DGRAM_08},
        .needs = NEEDS_TALK | NEED_NUMBERED,
        .flags = CHECK_EVERY,
        .run = request_lost,
    },
    {
        .id = "datagram.loss.reply",
        .claim = "a request whose reply was lost is answered again when it is sent again",
        .why = "A client cannot tell a lost reply from a lost request; all it can do is ask again.",
        .how = "Four replies of the first eight are lost, two of them in a row; the requests are "
               "sent again.",
        .cites = {REQ_DGRAM_08},
        .needs = NEEDS_TALK,
        .run = reply_lost,
    },
    {
        .id = "datagram.dup.copies",
        .claim = "copies of a request are answered alike, or not at all",
        .why = "The network may deliver a datagram more than once.",
        .how = "Each of 20 requests arrives three times; every reply is the right one.",
        .cites = {REQ_UDP_8085_3_3_02},
        .needs = NEEDS_TALK,
        .run = copies,
    },
    {
        .id = "datagram.dup.late",
        .claim = "a late copy of a request is answered as the request was, or not at all",
        .why = "A server that keeps its last reply may give it to the wrong request.",
        .how = "Copies of two requests arrive behind four and seven later ones.",
        .cites = {REQ_UDP_8085_3_3_02},
        .needs = NEEDS_TALK | NEED_NUMBERED,
        .run = late_copies,
    },
    {
        .id = "datagram.reorder.own-replies",
        .claim = "requests that arrive out of order each get their own reply",
        .why = "UDP keeps no order.",
        .how = "Bursts of 6 in which every third request falls behind two others, and every fourth "
               "reply behind one.",
        .cites = {REQ_DGRAM_13},
        .needs = NEEDS_TALK | NEED_NUMBERED,
        .run = reordered,
    },
    {
        .id = "datagram.delay.late-request",
        .claim = "a request that arrives when its client has long asked again does no harm",
        .why = "What is late is not lost: it comes when nobody thinks of it any more.",
        .how = "Two requests and two replies are late by 150 ms; meanwhile they are sent again and "
               "answered.",
        .cites = {REQ_DGRAM_13, REQ_UDP_8085_3_3_02},
        .needs = NEEDS_TALK | NEED_NUMBERED,
        .run = delayed,
    },
    {
        .id = "datagram.damage.survival",
        .claim = "requests that are cut short or changed on their way harm nobody else",
        .why = "A checksum is optional over IPv4, and a tunnel may cut what it cannot carry.",
        .how = "Of one client every second request is cut and every third has a wrong octet; "
               "another one is served as ever.",
        .cites = {REQ_UDP_1122_1_2_2_01},
        .needs = NEEDS_TALK,
        .run = damaged_survival,
    },
    {
        .id = "datagram.damage.echo",
        .claim = "what arrives is sent back as it arrived, whatever it was before",
        .why = "An echo that fills up, repairs or refuses what is damaged hides it from who looks "
               "for it.",
        .how = "60 datagrams, every second cut to 5 octets and every third with a wrong octet.",
        .cites = {REQ_ECHO_862_03},
        .needs = NEED_DATAGRAM | NEED_ECHO | NEED_LOOPBACK,
        .run = damaged_echo,
    },
    {
        .id = "datagram.loss.bursts",
        .claim = "a burst with gaps is answered as far as it arrives, and in full when it is sent "
                 "again",
        .why = "Under load the network loses a few of many, not one of one.",
        .how = "Bursts of 6; every third datagram is lost, in both directions.",
        .cites = {REQ_DGRAM_08, REQ_DGRAM_10},
        .needs = NEEDS_TALK,
        .run = bursts,
    },
    {
        .id = "datagram.loss.one-of-two",
        .claim = "what one client loses is no other's loss",
        .why = "A server that waits for one client's missing datagram lets all the others wait.",
        .how = "Two clients in turn; of one every second request is lost, and every third comes "
               "twice.",
        .cites = {REQ_DGRAM_07, REQ_DGRAM_08},
        .needs = NEEDS_TALK | NEED_NUMBERED,
        .run = one_of_two,
    },
    {
        .id = "datagram.loss.storm",
        .claim = "through loss, repetition and disorder every request is answered in the end, by "
                 "its own reply",
        .why = "All of it at once is what a bad network is.",
        .how = "Three clients in turn, up to three requests at once; 30 % lost, 10 % repeated and "
               "10 % out of order in both directions, drawn from the seed.",
        .cites = {REQ_DGRAM_08, REQ_DGRAM_13},
        .needs = NEEDS_TALK | NEED_NUMBERED,
        .run = storm,
    },
};

SUITE(datagram_loss);
