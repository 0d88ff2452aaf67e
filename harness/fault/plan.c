/* Decisions as pure functions of schedule, seed and number. */
#include "harness/fault/plan.h"

#include <inttypes.h>

_Static_assert(FAULT_CLAUSES_MAX <= 64, "the clauses of a lane are bits of an uint64_t");

static unsigned bit(enum fault_kind kind)
{
    return 1U << kind;
}

void fault_lane_open(struct fault_lane *lane, const struct fault_plan *plan, uint64_t client,
                     enum fault_way way)
{
    *lane = (struct fault_lane){.plan = plan, .client = client, .way = way};
    for (size_t i = 0; i < plan->schedule->count; i++) {
        if (fault_concerns(&plan->schedule->clauses[i], client, way))
            lane->clauses |= (uint64_t)1 << i;
    }
}

/* The next clause of a set; the set loses it. */
static const struct fault_clause *take_clause(const struct fault_lane *lane, uint64_t *set)
{
    int index = __builtin_ctzll(*set);

    *set &= *set - 1;
    return &lane->plan->schedule->clauses[index];
}

const struct fault_clause *fault_lane_clause(const struct fault_lane *lane, enum fault_kind kind)
{
    for (uint64_t set = lane->clauses; set;) {
        const struct fault_clause *c = take_clause(lane, &set);

        if (c->kind == kind)
            return c;
    }
    return NULL;
}

/* Each number is mixed in by a seeding of its own, so that neighbours have nothing in common. */
void fault_lane_draw(const struct fault_lane *lane, const struct fault_clause *clause,
                     uint64_t number, struct rng *ret)
{
    uint64_t place = (uint64_t)(clause - lane->plan->schedule->clauses);
    const uint64_t parts[] = {lane->client, place * FAULT_WAYS + lane->way, number};

    rng_seed(ret, lane->plan->seed, "fault");
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        rng_seed(ret, rng_next(ret) ^ parts[i], "");
}

/* Whether the clause hits the datagram. The source of chance is left behind that question, for
   what else the clause draws. */
static bool hits(const struct fault_lane *lane, const struct fault_clause *c, uint64_t number,
                 struct rng *ret)
{
    fault_lane_draw(lane, c, number, ret);
    if (c->units.choice == FAULT_CHANCE)
        return rng_below(ret, FAULT_CHANCE_WHOLE) < c->units.chance;
    return fault_lists(&c->units, number);
}

static bool said(const struct fault_clause *c, enum fault_word word)
{
    return (c->given & 1U << word) != 0;
}

static int64_t drawn_delay(const struct fault_clause *c, struct rng *r)
{
    return (int64_t)(c->values[FAULT_BY] + rng_below(r, c->values[FAULT_JITTER] + 1));
}

/* What the clause that hit adds to the decision. */
static void apply(const struct fault_clause *c, struct rng *r, struct fault_decision *d)
{
    size_t length = (size_t)d->length;

    switch (c->kind) {
    case FAULT_TRUNCATE:
        d->truncate_to =
            said(c, FAULT_TO) ? (size_t)c->values[FAULT_TO] : (size_t)rng_below(r, length);
        if (d->truncate_to >= length)
            return;
        break;
    case FAULT_CORRUPT:
        if (d->deeds & bit(FAULT_TRUNCATE))
            length = d->truncate_to;
        if (length == 0)
            return;
        d->corrupt_at = (size_t)rng_below(r, length);
        d->corrupt_mask = (uint8_t)(1 + rng_below(r, UINT8_MAX));
        break;
    case FAULT_DUPLICATE:
        d->copies = (unsigned)c->values[FAULT_TIMES];
        d->copies_behind = (unsigned)c->values[FAULT_AFTER];
        d->copies_within_us = (int64_t)c->values[FAULT_WITHIN];
        break;
    case FAULT_REORDER:
        d->behind = (unsigned)c->values[FAULT_BY];
        d->within_us = (int64_t)c->values[FAULT_WITHIN];
        break;
    case FAULT_DELAY:
        if (d->deeds & bit(FAULT_REORDER))
            return;
        d->delay_us = drawn_delay(c, r);
        break;
    case FAULT_DROP:
        break;
    case FAULT_CUT:
    case FAULT_COALESCE:
    case FAULT_RATE:
    case FAULT_STOP:
    case FAULT_CLOSE:
    case FAULT_RESET:
    case FAULT_KINDS:
        return; /* of streams: fault_fits refuses them */
    }
    d->deeds |= bit(c->kind);
}

void fault_lane_datagram(struct fault_lane *lane, size_t length, struct fault_decision *ret)
{
    struct {
        const struct fault_clause *clause;
        struct rng rng;
    } hit[FAULT_KINDS];
    struct fault_decision d = {
        .client = lane->client, .number = ++lane->number, .way = lane->way, .length = length};

    for (size_t kind = 0; lane->clauses && kind < FAULT_KINDS; kind++)
        hit[kind].clause = NULL;
    for (uint64_t set = lane->clauses; set;) {
        const struct fault_clause *c = take_clause(lane, &set);
        struct rng rng;

        if (hit[c->kind].clause || !hits(lane, c, d.number, &rng))
            continue;
        hit[c->kind].clause = c;
        hit[c->kind].rng = rng;
    }
    for (size_t kind = 0; lane->clauses && kind < FAULT_KINDS; kind++) {
        if (hit[kind].clause && !(d.deeds & bit(FAULT_DROP)))
            apply(hit[kind].clause, &hit[kind].rng, &d);
    }
    if (lane->plan->sink)
        lane->plan->sink(&d, lane->plan->closure);
    *ret = d;
}

void fault_lane_stretch(struct fault_lane *lane, uint64_t length, unsigned deed, enum fault_end end)
{
    struct fault_decision d = {.client = lane->client,
                               .number = ++lane->number,
                               .way = lane->way,
                               .length = length,
                               .deeds = deed,
                               .end = end};

    if (lane->plan->sink)
        lane->plan->sink(&d, lane->plan->closure);
}

size_t fault_deform(const struct fault_decision *d, uint8_t *data, size_t len)
{
    if (d->deeds & bit(FAULT_TRUNCATE))
        len = size_min(len, d->truncate_to);
    if ((d->deeds & bit(FAULT_CORRUPT)) && d->corrupt_at < len)
        data[d->corrupt_at] ^= d->corrupt_mask;
    return len;
}

/* ---- as text ---- */

static void put_deed(const struct fault_decision *d, enum fault_kind kind, struct buf *out)
{
    const char *word = fault_kind_word(kind);

    switch (kind) {
    case FAULT_TRUNCATE:
        buf_printf(out, "%s=%zu", word, d->truncate_to);
        return;
    case FAULT_CORRUPT:
        buf_printf(out, "%s=%zu^%02x", word, d->corrupt_at, d->corrupt_mask);
        return;
    case FAULT_DUPLICATE:
        buf_printf(out, "%s=%u", word, d->copies);
        if (d->copies_behind)
            buf_printf(out, "+%u", d->copies_behind);
        return;
    case FAULT_REORDER:
        buf_printf(out, "%s=+%u", word, d->behind);
        return;
    case FAULT_DELAY:
        buf_printf(out, "%s=%" PRId64 "us", word, d->delay_us);
        return;
    case FAULT_DROP:
    case FAULT_CUT:
    case FAULT_COALESCE:
    case FAULT_RATE:
    case FAULT_STOP:
    case FAULT_CLOSE:
    case FAULT_RESET:
        buf_put_str(out, word);
        return;
    case FAULT_KINDS:
        return;
    }
}

static const char *const end_texts[] = {
    [FAULT_GOES_ON] = "pass", [FAULT_ENDED] = "end", [FAULT_BROKEN] = "broken"};

void fault_decision_text(const struct fault_decision *d, char *out, size_t cap)
{
    const char *lead = " ";
    struct buf text;

    buf_init(&text, FAULT_LINE_MAX);
    buf_printf(&text, "%" PRIu64 ".%" PRIu64 " %s %" PRIu64, d->client, d->number,
               fault_way_word(d->way), d->length);
    for (size_t kind = 0; kind < FAULT_KINDS; kind++) {
        if (!(d->deeds & bit((enum fault_kind)kind)))
            continue;
        buf_put_str(&text, lead);
        put_deed(d, (enum fault_kind)kind, &text);
        lead = ",";
    }
    if (!d->deeds)
        buf_printf(&text, " %s", end_texts[d->end]);
    text_copy(out, cap, buf_text(&text));
    buf_free(&text);
}
