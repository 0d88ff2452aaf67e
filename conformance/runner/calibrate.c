/* Calibration on the target. */
#include "conformance/runner/calibrate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "conformance/runner/calls.h"
#include "harness/base/deadline.h"

enum {
    REACH_MS = 1000, /* a listener may be missing for a moment between two clients */
    REACH_STEP_MS = 50,
    ADDRESSES_MAX = 8,
    ANSWER_TRIES = 2,
    LATENCY_TRIES = 9,
    CONNECT_TRIES = 3,
    PIPELINE_DEPTH = 3,
    VOLUME_FIRST = 4096,
    VOLUME_LAST = 4 << 20,
    VOLUME_ENOUGH_US = 200000,
    VOLUME_BODY = 1024,
    NO_PROCEDURE = 99999,
    FAST_BYTES_PER_S = 1 << 30,
    US_PER_S = 1000000,
};

#define NO_PROCEDURE 0xfffffff7

/* Forgets how the last stage ended, so that the next can be tried; its transcript stays. */
static bool stage_held(struct check_ctx *c)
{
    bool held = c->outcome->kind == OUTCOME_OPEN;

    c->outcome->kind = OUTCOME_OPEN;
    c->outcome->turned_away = false;
    c->outcome->guilty = -1;
    return held;
}

/* ---- is it there? ---- */

static struct net_io try_address(struct check_ctx *c, const struct address *a)
{
    int fd = -1;
    struct net_io io = net_dial(a, NULL, conn_patience(c), &fd);

    if (io.status != NET_OK)
        return io;
    /* This connection becomes the first exchange: a target that serves just one has no other. */
    conn_adopt(c, fd, a);
    return io;
}

static bool reach(struct check_ctx *c, struct calibration *cal)
{
    struct address all[ADDRESSES_MAX];
    struct problem why;
    struct net_io io = {0};
    size_t count = 0;
    int64_t deadline = deadline_in_ms(REACH_MS);

    if (!target_resolve(&c->target.endpoint, all, ARRAY_LEN(all), &count, &why)) {
        text_copy(cal->unreachable, sizeof(cal->unreachable), why.text);
        return false;
    }
    for (;;) {
        for (size_t i = 0; i < count; i++) {
            io = try_address(c, &all[i]);
            if (io.status == NET_OK) {
                c->target.address = all[i];
                c->target.loopback = address_is_loopback(&all[i]);
                return true;
            }
        }
        if (deadline_passed(deadline))
            break;
        deadline_wait(deadline_in_ms(REACH_STEP_MS));
    }
    text_format(cal->unreachable, sizeof(cal->unreachable), "%s is not reachable: %s",
                c->target.url, net_io_text(io));
    return false;
}

/* ---- does it answer? ---- */

static void one_exchange(struct check_ctx *c, struct conn *conn)
{
    if (exchange_has(c->target.exchange, EXCHANGE_REPLIES)) {
        check_exchange(c, conn);
    } else if (exchange_has(c->target.exchange, EXCHANGE_SOURCE)) {
        if (check_swallow(c, conn, 1, conn_patience(c)) == 0)
            check_broken(c, "octets without a request", "none");
    }
}

/* A datagram that comes back as "port unreachable" means: nobody is there. */
static bool refused(const struct check_ctx *c, const struct conn *conn)
{
    return endpoint_is_datagram(&c->target.endpoint) && conn->lost && !conn->heard;
}

static bool answer(struct check_ctx *c, struct calibration *cal)
{
    struct conn *conn = &c->conns[0];
    bool nobody = false;

    for (unsigned try = 0; try < ANSWER_TRIES && !c->target.answers; try++) {
        if (try > 0)
            conn = check_dial(c);
        one_exchange(c, conn);
        nobody = refused(c, conn);
        check_close(c, conn);
        if (!cal->has_finding && !check_alive(c)) {
            cal->finding = *c->outcome;
            cal->has_finding = true;
        }
        c->target.answers = stage_held(c);
    }
    if (nobody)
        text_format(cal->unreachable, sizeof(cal->unreachable),
                    "%s is not reachable: nobody takes datagrams there (port unreachable)",
                    c->target.url);
    return !nobody;
}

/* ---- how fast is it? ---- */

static int compare_times(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;

    return (*x > *y) - (*x < *y);
}

/* Sorts them. */
static int64_t median(int64_t *times, size_t count)
{
    qsort(times, count, sizeof(*times), compare_times);
    return times[count / 2];
}

/* A reply that had to be asked for again says nothing of the target's speed. */
static void note_slowest(struct check_ctx *c, int64_t took_us, unsigned resent_before)
{
    if (took_us > c->target.slowest_us && c->resent == resent_before)
        c->target.slowest_us = took_us;
}

static void measure_latency(struct check_ctx *c, struct calibration *cal)
{
    int64_t times[LATENCY_TRIES];
    int64_t connects[CONNECT_TRIES];

    for (size_t i = 0; i < CONNECT_TRIES && check_alive(c); i++) {
        int64_t from = deadline_now_us();
        unsigned resent = c->resent;
        struct conn *conn = check_dial(c);

        one_exchange(c, conn);
        connects[i] = deadline_now_us() - from;
        note_slowest(c, connects[i], resent);
        check_close(c, conn);
    }
    cal->gone = !check_alive(c);
    if (!stage_held(c))
        return;
    c->target.latency_us = median(connects, CONNECT_TRIES);
    /* The fastest one: what a check does is not to shrink since our machine was busy just now. One
       that takes too long for it ends by check_in_time. */
    c->target.connect_us = connects[0];
    if (!exchange_has(c->target.exchange, EXCHANGE_PERSISTS | EXCHANGE_REPLIES))
        return;
    struct conn *conn = check_dial(c);
    for (size_t i = 0; i < LATENCY_TRIES && check_alive(c); i++) {
        int64_t from = deadline_now_us();
        unsigned resent = c->resent;

        one_exchange(c, conn);
        times[i] = deadline_now_us() - from;
        note_slowest(c, times[i], resent);
    }
    check_close(c, conn);
    if (stage_held(c))
        c->target.latency_us = median(times, LATENCY_TRIES);
}

static void probe_pipelining(struct check_ctx *c)
{
    struct conn *conn;
    struct buf octets;

    if (!exchange_has(c->target.exchange, EXCHANGE_PIPELINES | EXCHANGE_REPLIES))
        return;
    conn = check_dial(c);
    buf_init(&octets, 1 << 16);
    if (exchange_medium(c->target.exchange) == EXCHANGE_OVER_STREAM) {
        for (unsigned i = 0; i < PIPELINE_DEPTH; i++)
            check_compose(c, conn, CHECK_BODY, &octets);
        check_send_octets(c, conn, buf_slice(&octets));
    } else {
        for (unsigned i = 0; i < PIPELINE_DEPTH; i++)
            check_send(c, conn);
    }
    buf_free(&octets);
    check_replies(c, conn);
    check_close(c, conn);
    c->target.pipelines = stage_held(c);
}

/* What it moves, tried with more and more until that takes long enough to be measured. */
static void measure_volume(struct check_ctx *c)
{
    size_t body = size_min(exchange_body_max(c->target.exchange), VOLUME_BODY);

    c->target.bytes_per_s = FAST_BYTES_PER_S;
    if (exchange_medium(c->target.exchange) == EXCHANGE_OVER_DATAGRAMS)
        return;
    if (!c->target.pipelines) {
        c->target.bytes_per_s =
            (uint64_t)CHECK_BODY * US_PER_S / (uint64_t)(c->target.latency_us + 1);
        return;
    }
    for (size_t volume = VOLUME_FIRST; volume <= VOLUME_LAST; volume *= 4) {
        struct conn *conn = check_dial(c);
        int64_t from = deadline_now_us();

        check_pump(c, conn, (unsigned)(volume / body), body);
        check_close(c, conn);
        int64_t took = deadline_now_us() - from;
        if (!stage_held(c))
            break; /* the checks that move much will say what is wrong */
        uint64_t speed = volume * US_PER_S / (uint64_t)(took + 1);
        /* A moment without the processor must not make it look slow: the best one counts. */
        c->target.bytes_per_s =
            volume == VOLUME_FIRST || speed > c->target.bytes_per_s ? speed : c->target.bytes_per_s;
        if (took > VOLUME_ENOUGH_US)
            break;
    }
}

/* ---- how many at once? ---- */

/* True where the connection is served while the others are open. */
static bool served_beside(struct check_ctx *c, struct conn *conn)
{
    if (!exchange_has(c->target.exchange, EXCHANGE_REPLIES)) {
        one_exchange(c, conn);
        return check_alive(c);
    }
    check_send(c, conn);
    return check_try_reply(c, conn, conn_patience(c));
}

static void measure_width(struct check_ctx *c, struct calibration *cal)
{
    bool persists = exchange_has(c->target.exchange, EXCHANGE_PERSISTS);
    struct conn *conns[TARGET_WIDTH_MAX];
    unsigned open = 0;
    bool served = true;

    c->target.width = 0;
    if (exchange_medium(c->target.exchange) == EXCHANGE_OVER_DATAGRAMS) {
        c->target.width = TARGET_WIDTH_MAX;
        return;
    }
    while (served && open < TARGET_WIDTH_MAX && check_try_dial(c, &conns[open])) {
        /* With one exchange per connection the others stay idle; the second and the last ask. */
        bool asks = persists || open == 1 || open == TARGET_WIDTH_MAX - 1;

        open++;
        served = !asks || served_beside(c, conns[open - 1]);
        if (served)
            c->target.width = open;
    }
    cal->confused = !check_alive(c);
    if (cal->confused)
        c->target.width = TARGET_WIDTH_MAX; /* the concurrency checks will say what is wrong */
    for (unsigned i = 0; i < open; i++)
        check_close(c, conns[i]);
    stage_held(c);
    if (c->target.width == 0)
        c->target.width = 1;
}

static void probe_half_close(struct check_ctx *c)
{
    if (exchange_medium(c->target.exchange) == EXCHANGE_OVER_DATAGRAMS ||
        !exchange_has(c->target.exchange, EXCHANGE_REPLIES))
        return;
    struct conn *conn = check_dial(c);
    check_send(c, conn);
    check_shut(c, conn, SHUT_WR);
    check_reply(c, conn);
    check_close(c, conn);
    c->target.half_closes = stage_held(c);
}

/* ---- what do its procedures want? ---- */

/* Procedure 0 asks for no credential (RFC 5531 12.1). The others may, and may do so before they
   find out whether there is such a procedure: the order of these tests is open. */
static bool is_denied(struct check_ctx *c, struct calibration *cal)
{
    static const struct say_options due = {.awaits = true, .resend = true};
    struct onc_call call = check_call_of(c, NO_PROCEDURE);
    struct conn *conn = check_dial(c);
    struct heard h;

    check_say(c, conn, &call, &due, &h);
    check_close(c, conn);
    if (stage_held(c) && h.replies > 0)
        return h.sound && h.reply.reply_stat == ONC_MSG_DENIED &&
               h.reply.reject_stat == ONC_AUTH_ERROR;
    cal->startled = true;
    check_probe(c); /* it may be on its way down: that takes as long as this */
    stage_held(c);
    return false;
}

static void find_credential(struct check_ctx *c, struct calibration *cal)
{
    c->target.credential = TARGET_CREDENTIAL_NONE;
    if (!c->target.endpoint.rpc)
        return;
    while (c->target.credential != TARGET_CREDENTIAL_OTHER && is_denied(c, cal))
        c->target.credential++;
}

static void settle_patience(struct check_ctx *c, bool fixed)
{
    int64_t ms = c->target.slowest_us * TARGET_PATIENCE_FACTOR / 1000;

    if (fixed)
        return;
    if (ms > TARGET_PATIENCE_MAX_MS)
        ms = TARGET_PATIENCE_MAX_MS;
    if (ms > c->target.patience_ms)
        c->target.patience_ms = ms;
}

static void stage_latency(struct check_ctx *c, struct calibration *cal)
{
    measure_latency(c, cal);
    settle_patience(c, cal->fixed_patience);
}

static void stage_pipeline(struct check_ctx *c, struct calibration *cal UNUSED)
{
    probe_pipelining(c);
}

static void stage_volume(struct check_ctx *c, struct calibration *cal UNUSED)
{
    measure_volume(c);
}

static void stage_half_close(struct check_ctx *c, struct calibration *cal UNUSED)
{
    probe_half_close(c);
}

static void stage_reach(struct check_ctx *c, struct calibration *cal)
{
    cal->reached = reach(c, cal);
}

static void stage_answer(struct check_ctx *c, struct calibration *cal)
{
    cal->reached = answer(c, cal);
}

void calibrate(struct check_ctx *c, struct calibration *cal)
{
    static void (*const stages[STAGE_DONE])(struct check_ctx * c, struct calibration * cal) = {
        [STAGE_REACH] = stage_reach,           [STAGE_ANSWER] = stage_answer,
        [STAGE_LATENCY] = stage_latency,       [STAGE_PIPELINE] = stage_pipeline,
        [STAGE_VOLUME] = stage_volume,         [STAGE_WIDTH] = measure_width,
        [STAGE_HALF_CLOSE] = stage_half_close, [STAGE_CREDENTIAL] = find_credential,
    };

    for (unsigned stage = STAGE_REACH; stage < cal->stop_before; stage++) {
        cal->stage = (enum calibration_stage)stage;
        stages[stage](c, cal);
        /* Without a right answer there is nothing to measure. */
        if (!cal->reached || cal->gone || (stage >= STAGE_ANSWER && !c->target.answers))
            break;
    }
    cal->target = c->target;
    cal->stage = STAGE_DONE;
    c->outcome->kind = OUTCOME_HELD;
}

unsigned calibration_flag(enum calibration_stage stage)
{
    static const unsigned flags[] = {
        [STAGE_REACH] = CHECK_BASE,
        [STAGE_ANSWER] = CHECK_BASE,
        [STAGE_LATENCY] = CHECK_SECOND,
        [STAGE_PIPELINE] = CHECK_PIPELINE,
        [STAGE_VOLUME] = CHECK_PIPELINE,
        [STAGE_WIDTH] = CHECK_SECOND,
        [STAGE_HALF_CLOSE] = CHECK_HALF_CLOSE,
        [STAGE_CREDENTIAL] = CHECK_PROCEDURE,
        [STAGE_DONE] = CHECK_BASE,
    };

    return flags[stage];
}

void calibration_facts(const struct calibration *cal, unsigned jobs, char *out, size_t cap)
{
    static const char *const wants[] = {
        [TARGET_CREDENTIAL_NONE] = "",
        [TARGET_CREDENTIAL_SYS] = "; wants AUTH_SYS",
        [TARGET_CREDENTIAL_OTHER] = "; wants a credential that assay does not have",
    };
    const struct target *t = &cal->target;
    char width[80];

    if (!t->answers) {
        text_copy(out, cap, "calibrated: no right answer");
        return;
    }
    if (endpoint_is_datagram(&t->endpoint))
        width[0] = '\0';
    else if (t->width >= TARGET_WIDTH_MAX)
        text_copy(width, sizeof(width), "; serves connections side by side");
    else if (t->width > 1)
        text_format(width, sizeof(width), "; serves %u connections side by side", t->width);
    else
        text_copy(width, sizeof(width), "; serves one connection at a time");
    text_format(
        out, cap,
        "calibrated: replies in %.2f ms, slowest %.2f ms%s%s%s%s; patience %.1f s; %u job%s",
        (double)t->latency_us / 1000, (double)t->slowest_us / 1000, width,
        t->pipelines ? "; pipelines" : "", t->half_closes ? "; answers after half-close" : "",
        wants[t->credential], (double)t->patience_ms / 1000, jobs, jobs == 1 ? "" : "s");
}
