/* The context of a check: its life, its transcript, and how it is settled. */
#include "conformance/runner/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/runner/between.h"
#include "conformance/runner/conn.h"
#include "conformance/runner/load.h"
#include "conformance/runner/witness.h"
#include "harness/base/deadline.h"

enum {
    CHECK_TIME_MS = 2500,      /* what the repetitions of one check may take on a slow target */
    CHECK_TOO_LONG_MS = 45000, /* past this point progress alone does not help any more */
    ROUNDS_MIN = 5,
    VOLUME_MIN = 1024,
    US_PER_MS = 1000,
};

enum level check_level(const struct check *check)
{
    return requirement_row(check->cites[0])->level;
}

void check_open(struct check_ctx *c, const struct check *check, const struct target *target,
                struct outcome *outcome, uint64_t seed)
{
    c->check = check;
    c->target = *target;
    c->common = target;
    c->outcome = outcome;
    c->began_us = deadline_now_us();
    c->too_long_us = deadline_in_ms(CHECK_TOO_LONG_MS);
    c->every = check->flags & CHECK_EVERY && target->loopback;
    rng_seed(&c->rng, seed, check->id);
}

void check_close_all(struct check_ctx *c)
{
    for (size_t i = 0; i < CHECK_CONNS_MAX; i++) {
        if (c->conns[i].used)
            conn_discard(&c->conns[i]);
    }
    between_end(c);
    load_close(c);
    calls_free(c);
    if (c->play)
        c->end_play(c);
    if (c->instance) {
        witness_process(c, "the target that the check had started", &c->instance->process);
        process_stop(&c->instance->process, deadline_in_ms(CHECK_TIME_MS));
        net_forget(&c->instance->target.endpoint);
        free(c->instance);
        c->instance = NULL;
    }
}

void check_run(struct check_ctx *c)
{
    c->check->run(c);
    if (check_alive(c)) {
        if (c->outcome->met == 0)
            check_trouble(c, "the check asked for nothing");
        else
            c->outcome->kind = OUTCOME_HELD;
        if (c->resent > 0 && c->outcome->reason[0] == '\0')
            text_format(c->outcome->reason, OUTCOME_TEXT_MAX,
                        "%u request%s had to be sent again: datagrams were lost", c->resent,
                        c->resent == 1 ? "" : "s");
    }
    between_end(c);
    c->outcome->duration_us = deadline_now_us() - c->began_us;
}

bool check_alive(const struct check_ctx *c)
{
    return c->outcome->kind == OUTCOME_OPEN;
}

void check_met(struct check_ctx *c)
{
    if (check_alive(c))
        c->outcome->met++;
}

PRINTF_LIKE(4, 0)
static void settle(struct check_ctx *c, enum outcome_kind kind, char *field, const char *format,
                   va_list args)
{
    if (!check_alive(c))
        return;
    c->outcome->kind = kind;
    text_vformat(field, OUTCOME_TEXT_MAX, format, args);
    if (field != c->outcome->reason)
        text_copy(c->outcome->reason, OUTCOME_TEXT_MAX, field);
    c->outcome->guilty = (int64_t)c->outcome->count - 1;
    if (kind == OUTCOME_BROKEN || kind == OUTCOME_TROUBLE)
        witness_settled(c);
}

void check_broken(struct check_ctx *c, const char *expected, const char *actual, ...)
{
    va_list args;

    if (!check_alive(c))
        return;
    text_copy(c->outcome->expected, OUTCOME_TEXT_MAX, expected);
    va_start(args, actual);
    settle(c, OUTCOME_BROKEN, c->outcome->actual, actual, args);
    va_end(args);
    text_format(c->outcome->reason, OUTCOME_TEXT_MAX, "expected %.200s, got %.240s", expected,
                c->outcome->actual);
}

void check_turned_away(struct check_ctx *c, const char *expected, const char *actual)
{
    if (check_alive(c))
        c->outcome->turned_away = true;
    check_broken(c, expected, "%s", actual);
}

void check_noted(struct check_ctx *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    settle(c, OUTCOME_NOTED, c->outcome->reason, format, args);
    va_end(args);
}

void check_skipped(struct check_ctx *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    settle(c, OUTCOME_SKIPPED, c->outcome->reason, format, args);
    va_end(args);
}

void check_trouble(struct check_ctx *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    settle(c, OUTCOME_TROUBLE, c->outcome->reason, format, args);
    va_end(args);
}

void check_remark(struct check_ctx *c, const char *format, ...)
{
    va_list args;

    if (!check_alive(c))
        return;
    va_start(args, format);
    text_vformat(c->outcome->reason, OUTCOME_TEXT_MAX, format, args);
    va_end(args);
}

static struct event *tell(struct check_ctx *c, enum who who, struct slice octets)
{
    struct event *e = outcome_next(c->outcome);

    e->t_us = deadline_now_us() - c->began_us;
    e->who = who;
    e->length = octets.len;
    e->kept = size_min(octets.len, EVENT_BYTES_MAX);
    if (e->kept > 0)
        memcpy(e->bytes, octets.data, e->kept);
    return e;
}

void check_tell(struct check_ctx *c, enum who who, struct slice octets, const char *format, ...)
{
    va_list args;

    if (!check_alive(c))
        return;
    struct event *e = tell(c, who, octets);
    va_start(args, format);
    text_vformat(e->what, sizeof(e->what), format, args);
    va_end(args);
}

void check_tell_on(struct check_ctx *c, unsigned number, enum event_kind kind, enum who who,
                   struct slice octets, const char *format, ...)
{
    va_list args;

    if (!check_alive(c))
        return;
    struct event *e = tell(c, who, octets);
    e->connection = number;
    e->kind = kind;
    text_format(e->what, sizeof(e->what), "connection %u: ", number);
    size_t begun = strlen(e->what);
    va_start(args, format);
    text_vformat(e->what + begun, sizeof(e->what) - begun, format, args);
    va_end(args);
    witness_event(c, e, octets);
}

const char *check_expectation(const struct check_ctx *c, const char *key)
{
    for (size_t i = 0; i < c->expectation_count; i++) {
        if (text_eq(c->expectations[i].key, key))
            return c->expectations[i].value;
    }
    return NULL;
}

uint64_t check_expected_number(const struct check_ctx *c, const char *key, uint64_t otherwise)
{
    const char *value = check_expectation(c, key);
    uint64_t number = otherwise;

    if (value && !text_number(value, 0, UINT32_MAX, &number))
        return otherwise;
    return number;
}

/* How many repetitions of this length fit into the time of a check, at least ROUNDS_MIN. */
static unsigned fitting(int64_t each_us, unsigned nominal)
{
    int64_t fit = (int64_t)CHECK_TIME_MS * US_PER_MS / (each_us > 0 ? each_us : 1);

    if (fit >= nominal)
        return nominal;
    return fit < ROUNDS_MIN ? ROUNDS_MIN : (unsigned)fit;
}

/* A target that stalls now and then is asked less often; what was asked is judged all the same. */
bool check_in_time(const struct check_ctx *c)
{
    return check_alive(c) &&
           deadline_now_us() - c->began_us < (int64_t)CHECK_TIME_MS * 2 * US_PER_MS;
}

unsigned check_rounds(const struct check_ctx *c, unsigned nominal)
{
    bool paced = endpoint_is_datagram(&c->target.endpoint);

    return fitting(c->target.latency_us + (paced ? (int64_t)c->target.pace_ms * US_PER_MS : 0),
                   nominal);
}

unsigned check_connections(const struct check_ctx *c, unsigned nominal)
{
    int64_t pace_us = (int64_t)c->target.pace_ms * US_PER_MS;

    return fitting(c->target.connect_us + pace_us, nominal);
}

unsigned check_crowd(const struct check_ctx *c, unsigned nominal)
{
    if (c->target.width < TARGET_WIDTH_MAX && nominal > c->target.width)
        nominal = c->target.width;
    return check_connections(c, nominal);
}

size_t check_volume(const struct check_ctx *c, size_t nominal)
{
    uint64_t fit = c->target.bytes_per_s * CHECK_TIME_MS / 1000;

    return size_min(nominal, size_max((size_t)fit, VOLUME_MIN));
}
