/* Checks: floods and bursts, random input, and urgent data. */
#include <string.h>

#include "conformance/suites.h"
#include "harness/base/deadline.h"

enum {
    BURST = 128,
    CYCLES = 2000,
    STREAMS = 40,
    RANDOM_MAX = 1 << 16,
    SWALLOW_MS = 3,
    US_PER_MS = 1000
};

static void backlog_burst(struct check_ctx *c)
{
    struct conn *conns[BURST];
    unsigned nominal = check_connections(c, BURST);
    unsigned taken = check_dial_burst(c, nominal, conns);
    unsigned away = 0;

    for (unsigned i = 0; i < taken && check_alive(c); i++) {
        check_send(c, conns[i]);
        bool served = check_try_reply(c, conns[i], deadline_in_ms(c->target.patience_ms));
        bool over = conns[i]->ended || conns[i]->lost;

        if (!served && !over)
            check_broken(c, "everybody who was let in is served in the end",
                         "connection %u of %u got neither a reply nor an end", i + 1, taken);
        away += !served;
        check_close(c, conns[i]);
        check_met(c);
    }
    if (taken < nominal || away > 0)
        check_noted(c, "of %u connects at once %u were taken and %u of these turned away", nominal,
                    taken, away);
}

static void connect_close(struct check_ctx *c)
{
    unsigned cycles = check_connections(c, CYCLES);
    int64_t began_us = deadline_now_us();
    unsigned done = 0;

    for (; done < cycles && check_in_time(c); done++)
        check_close(c, check_dial(c));
    /* The end of the flood still waits in the target's queue, in front of the probe. */
    c->target.patience_ms += (deadline_now_us() - began_us) / US_PER_MS;
    check_probe(c);
    if (done < CYCLES)
        check_remark(c, "%u connections: the target is slow in taking them", done);
}

/* Random octets, drawn from the seed; what comes back is not judged. */
static void random_input(struct check_ctx *c)
{
    static uint8_t octets[RANDOM_MAX];
    unsigned streams = check_connections(c, STREAMS);

    for (unsigned i = 0; i < streams && check_in_time(c); i++) {
        size_t size = 1 + (size_t)rng_below(&c->rng, check_volume(c, 1ULL << (i % 17)));
        struct conn *conn = check_dial(c);

        rng_fill(&c->rng, octets, size);
        conn->raw = true;
        check_send_octets(c, conn, slice_of(octets, size_min(size, 4096)));
        check_swallow(c, conn, RANDOM_MAX, deadline_in_ms(SWALLOW_MS));
        if (i % 2)
            check_close(c, conn);
        else
            check_reset(c, conn);
    }
    check_probe(c);
}

static void urgent_survives(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_send(c, conn);
    check_reply(c, conn);
    check_urgent(c, conn, 'X');
    conn->raw = true;
    check_swallow(c, conn, 16, deadline_in_ms(SWALLOW_MS));
    check_close(c, conn);
    for (unsigned i = 0; i < check_connections(c, 10) && check_alive(c); i++) {
        conn = check_dial(c);
        check_urgent(c, conn, 'X');
        check_close(c, conn);
    }
    check_probe(c);
}

/* The normal octets come back in order; the urgent one may come in its place, or not at all. */
static void urgent_stream_intact(struct check_ctx *c)
{
    static const char without[] = "abcdefghi";
    static const char with[] = "abcXdefghi";
    struct conn *conn = check_dial(c);
    struct buf heard;

    buf_init(&heard, 64);
    conn->raw = true;
    check_send_octets(c, conn, slice_str("abc"));
    check_urgent(c, conn, 'X');
    check_send_octets(c, conn, slice_str("defghi"));
    check_gather(c, conn, strlen(without), &heard);
    bool inlined = slice_find(buf_slice(&heard), slice_str("X")) < heard.len;
    if (inlined)
        check_gather(c, conn, strlen(with), &heard);
    if (!slice_eq(buf_slice(&heard), slice_str(inlined ? with : without))) {
        struct buf text;

        buf_init(&text, 512);
        text_quote(&text, buf_slice(&heard), 64);
        check_broken(c, "abcdefghi in order, with or without the urgent X in its place", "%s",
                     buf_text(&text));
        buf_free(&text);
    }
    check_met(c);
    check_remark(c, "the urgent octet is %s", inlined ? "echoed in its place" : "not echoed");
    buf_free(&heard);
}

static const struct check checks[] = {
    {
        .id = "stream.backlog.burst",
        .claim = "of a burst of connects everybody who is let in is served",
        .why = "Clients come in crowds, and a short backlog loses some of them silently.",
        .how = "128 connects at once, then a request on each in turn. How many were turned away is "
               "recorded; who gets neither reply nor end is lost.",
        .cites = {REQ_BACK_01},
        .needs = NEED_CONNECTED | NEED_REPLIES | NEED_REQUESTS,
        .flags = CHECK_ALONE | CHECK_REMOTE_FLOOD,
        .run = backlog_burst,
    },
    {
        .id = "stream.flood.connect-close",
        .claim = "a flood of connections without a word does no harm",
        .why = "Port scanners and health checks do it all day.",
        .how = "2000 times connect and close; then a probe.",
        .cites = {REQ_BACK_02},
        .needs = NEED_CONNECTED,
        .flags = CHECK_ALONE | CHECK_REMOTE_FLOOD,
        .run = connect_close,
    },
    {
        .id = "stream.oob.survives",
        .claim = "urgent data does no harm",
        .why = "New programs do not use it (RFC 9293), but anybody can send it.",
        .how = "An urgent octet behind an exchange, and alone on ten connections; then a probe.",
        .cites = {REQ_TCP_9293_3_8_5_05},
        .needs = NEED_TCP | NEED_REPLIES | NEED_REQUESTS,
        .run = urgent_survives,
    },
    {
        .id = "stream.oob.stream-intact",
        .claim = "urgent data does not disturb the order of the normal octets",
        .why = "The urgent octet is out of line only for the programs' interface.",
        .how = "abc, the urgent octet X, defghi: the normal octets come back in order; whether X "
               "does is told.",
        .cites = {REQ_OOB_01},
        .needs = NEED_TCP | NEED_ECHO,
        .run = urgent_stream_intact,
    },
    {
        .id = "stream.robust.random-input-survival",
        .claim = "no input ends or wedges the target",
        .why = "RFC 1122: be liberal in what you accept.",
        .how =
            "40 streams of random octets, drawn from the seed, ended by close and by reset; then "
            "a probe.",
        .cites = {REQ_UDP_1122_1_2_2_01},
        .needs = NEED_CONNECTED,
        .flags = CHECK_ALONE,
        .run = random_input,
    },
};

SUITE(stream_flood);
