/*
 * Tests of what fault schedules do, in memory and on virtual time: decisions, held datagrams, the
 * flow of streams, timers and the log. No socket, no clock.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/fault/flow.h"
#include "harness/fault/journal.h"
#include "harness/fault/queue.h"
#include "tests/unit.h"

enum { ROOM = 1 << 20, MS = 1000, S = 1000000 };

static struct fault_schedule read_schedule(const char *text)
{
    struct fault_schedule s = {0};
    struct problem why = {.text = ""};

    if (!fault_parse("t", text, &s, &why))
        fail_msg("%s: %s", text, why.text);
    return s;
}

/* A sink that keeps lines. */
static void keep_line(const struct fault_decision *d, void *lines)
{
    char line[FAULT_LINE_MAX];

    fault_decision_text(d, line, sizeof(line));
    buf_printf(lines, "%s\n", line);
}

/* ---- decisions ---- */

/* Decides for so many datagrams of this length; the deeds of each. */
static void decide(const char *text, uint64_t seed, uint64_t client, struct fault_decision *ret,
                   size_t count, size_t length)
{
    struct fault_schedule s = read_schedule(text);
    struct fault_plan plan = {.schedule = &s, .seed = seed};
    struct fault_lane lane;

    fault_lane_open(&lane, &plan, client, FAULT_UP);
    for (size_t i = 0; i < count; i++)
        fault_lane_datagram(&lane, length, &ret[i]);
}

static void test_lines(void **state UNUSED)
{
    static const struct {
        const char *schedule;
        const char *lines; /* of datagrams 1 to 4, 100 octets each, of client 2 upwards */
    } rows[] = {
        {"", "2.1 up 100 pass\n2.2 up 100 pass\n2.3 up 100 pass\n2.4 up 100 pass\n"},
        {"up: drop 2", "2.1 up 100 pass\n2.2 up 100 drop\n2.3 up 100 pass\n2.4 up 100 pass\n"},
        {"down: drop 2; client 1 up: drop 1; client 3- up: drop 1",
         "2.1 up 100 pass\n2.2 up 100 pass\n2.3 up 100 pass\n2.4 up 100 pass\n"},
        {"client 2 both: drop every 2",
         "2.1 up 100 pass\n2.2 up 100 drop\n2.3 up 100 pass\n2.4 up 100 drop\n"},
        {"up: drop 3-; up: truncate all to 7; up: duplicate 2 times 3 after 4",
         "2.1 up 100 truncate=7\n2.2 up 100 truncate=7,duplicate=3+4\n2.3 up 100 drop\n"
         "2.4 up 100 drop\n"},
        {"up: reorder 1 by 3; up: delay all by 5ms; up: duplicate 2",
         "2.1 up 100 reorder=+3\n2.2 up 100 duplicate=1,delay=5000us\n2.3 up 100 delay=5000us\n"
         "2.4 up 100 delay=5000us\n"},
        {"up: truncate all to 100; up: drop 0%",
         "2.1 up 100 pass\n2.2 up 100 pass\n2.3 up 100 pass\n2.4 up 100 pass\n"},
        {"up: truncate 1 to 3; up: truncate all to 2",
         "2.1 up 100 truncate=3\n2.2 up 100 truncate=2\n2.3 up 100 truncate=2\n"
         "2.4 up 100 truncate=2\n"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fault_decision d[4];
        struct buf lines;

        buf_init(&lines, ROOM);
        decide(rows[i].schedule, 1, 2, d, ARRAY_LEN(d), 100);
        for (size_t n = 0; n < ARRAY_LEN(d); n++)
            keep_line(&d[n], &lines);
        assert_string_equal(buf_text(&lines), rows[i].lines);
        buf_free(&lines);
    }
}

static unsigned hits(const char *text, uint64_t seed, uint64_t client, unsigned count)
{
    struct fault_decision *d = calloc(count, sizeof(*d));
    unsigned n = 0;

    assert_non_null(d);
    decide(text, seed, client, d, count, 100);
    for (unsigned i = 0; i < count; i++)
        n += d[i].deeds != 0;
    free(d);
    return n;
}

/* A chance is met about as often as it says, and exactly so often at both ends. */
static void test_chances(void **state UNUSED)
{
    assert_int_equal(hits("up: drop 0%", 1, 1, 10000), 0);
    assert_int_equal(hits("up: drop 100%", 1, 1, 10000), 10000);
    for (uint64_t seed = 0; seed < 20; seed++) {
        assert_in_range(hits("up: drop 30%", seed, 1, 10000), 2750, 3250);
        assert_in_range(hits("up: drop 1%", seed, 1, 10000), 50, 160);
        assert_in_range(hits("up: corrupt 50%", seed, 1, 10000), 4750, 5250);
    }
}

static bool same_deeds(const struct fault_decision *a, const struct fault_decision *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (a[i].deeds != b[i].deeds || a[i].corrupt_at != b[i].corrupt_at ||
            a[i].corrupt_mask != b[i].corrupt_mask || a[i].truncate_to != b[i].truncate_to ||
            a[i].delay_us != b[i].delay_us)
            return false;
    }
    return true;
}

static const char everything[] =
    "both: drop 20%; both: corrupt 20%; both: truncate 20%; both: delay 30% by 5ms jitter 9ms";

/* The same seed decides the same; another seed, client, or clause decides otherwise. */
static void test_seeds(void **state UNUSED)
{
    enum { COUNT = 500 };
    static struct fault_decision a[COUNT], b[COUNT];

    decide(everything, 7, 1, a, COUNT, 100);
    decide(everything, 7, 1, b, COUNT, 100);
    assert_true(same_deeds(a, b, COUNT));
    decide(everything, 8, 1, b, COUNT, 100);
    assert_false(same_deeds(a, b, COUNT));
    decide(everything, 7, 2, b, COUNT, 100);
    assert_false(same_deeds(a, b, COUNT));
    decide("up: drop 20%", 7, 1, a, COUNT, 100);
    decide("up: delay 0% by 1s; up: drop 20%", 7, 1, b, COUNT, 100);
    assert_false(same_deeds(a, b, COUNT));
}

/* A decision does not depend on what was decided before: of what length, or under which clauses
   behind its own. */
static void test_decisions_stand_alone(void **state UNUSED)
{
    struct fault_schedule s = read_schedule("up: drop 20%; up: corrupt 30%");
    struct fault_plan plan = {.schedule = &s, .seed = 3};
    struct fault_lane lane;
    struct fault_decision d[100];
    struct fault_decision late;

    decide("up: drop 20%; up: corrupt 30%; up: delay 50% by 1s", 3, 1, d, ARRAY_LEN(d), 100);
    fault_lane_open(&lane, &plan, 1, FAULT_UP);
    lane.number = 98;
    fault_lane_datagram(&lane, 100, &late);
    late.deeds |= d[98].deeds & 1U << FAULT_DELAY;
    assert_true(late.deeds == d[98].deeds && late.corrupt_at == d[98].corrupt_at);
    for (size_t i = 0; i < 98; i++)
        fault_lane_datagram(&lane, i, &late);
    assert_int_equal(late.number, 197);
}

/* Every octet can be hit, and every length chosen; an empty datagram can be neither. */
static void test_deforming(void **state UNUSED)
{
    static struct fault_decision d[2000];
    bool at[5] = {false};
    bool to[5] = {false};
    uint8_t data[5] = {1, 2, 3, 4, 5};

    decide("up: corrupt all", 1, 1, d, ARRAY_LEN(d), 5);
    for (size_t i = 0; i < ARRAY_LEN(d); i++) {
        assert_true(d[i].corrupt_at < 5 && d[i].corrupt_mask != 0);
        at[d[i].corrupt_at] = true;
    }
    decide("up: truncate all; up: corrupt all", 1, 1, d, ARRAY_LEN(d), 5);
    for (size_t i = 0; i < ARRAY_LEN(d); i++) {
        assert_true(d[i].truncate_to < 5);
        assert_true(d[i].truncate_to == 0 || d[i].corrupt_at < d[i].truncate_to);
        assert_true((d[i].deeds & 1U << FAULT_CORRUPT) != 0 || d[i].truncate_to == 0);
        to[d[i].truncate_to] = true;
    }
    for (size_t i = 0; i < 5; i++)
        assert_row(i, at[i] && to[i]);
    decide("up: truncate all; up: corrupt all", 1, 1, d, 1, 0);
    assert_int_equal(d[0].deeds, 0);

    struct fault_decision one = {.deeds = 1U << FAULT_TRUNCATE | 1U << FAULT_CORRUPT,
                                 .truncate_to = 3,
                                 .corrupt_at = 2,
                                 .corrupt_mask = 0x80};
    assert_int_equal(fault_deform(&one, data, 5), 3);
    assert_octets(slice_of(data, 5), slice_of("\1\2\x83\4\5", 5));
}

/* ---- timers ---- */

struct alarm {
    struct fault_timer timer; /* its first member */
    int64_t fired;
};

static void ring(struct fault_timer *t, void *closure)
{
    ((struct alarm *)(void *)t)->fired = ++*(int64_t *)closure;
}

static void test_timers(void **state UNUSED)
{
    enum { COUNT = 1000 };
    static struct alarm alarms[COUNT];
    struct fault_timers set = {0};
    struct rng r;
    int64_t fired = 0;
    int64_t last = 0;

    rng_seed(&r, 1, "timers");
    assert_int_equal(fault_timers_due(&set), DEADLINE_NEVER);
    assert_false(fault_timers_fire(&set, INT64_MAX - 1, &fired));
    for (size_t i = 0; i < COUNT; i++) {
        alarms[i].timer.fire = ring;
        assert_true(fault_timers_set(&set, &alarms[i].timer, (int64_t)rng_below(&r, 100)));
    }
    for (size_t i = 0; i < COUNT; i += 3) /* set anew, sooner or later */
        assert_true(fault_timers_set(&set, &alarms[i].timer, (int64_t)rng_below(&r, 100)));
    for (size_t i = 1; i < COUNT; i += 3)
        fault_timers_cancel(&set, &alarms[i].timer);
    fault_timers_cancel(&set, &alarms[1].timer);
    for (int64_t now = 0; now <= 100; now++) {
        while (fault_timers_fire(&set, now, &fired))
            continue;
        assert_true(fault_timers_due(&set) > now);
        for (size_t i = 0; i < COUNT; i++) {
            if (alarms[i].fired > last)
                assert_row(i, alarms[i].timer.due_us == now);
        }
        last = fired;
    }
    assert_int_equal(fired, COUNT - COUNT / 3);
    fault_timers_free(&set);
}

/* Of those due at one time the one set first comes first. */
static void test_timers_in_order(void **state UNUSED)
{
    struct alarm alarms[50] = {0};
    struct fault_timers set = {0};
    int64_t fired = 0;

    assert_true(fault_timers_reserve(&set, ARRAY_LEN(alarms)));
    for (size_t i = 0; i < ARRAY_LEN(alarms); i++) {
        alarms[i].timer.fire = ring;
        assert_true(fault_timers_set(&set, &alarms[i].timer, 5));
    }
    while (fault_timers_fire(&set, 5, &fired))
        continue;
    for (size_t i = 0; i < ARRAY_LEN(alarms); i++)
        assert_row(i, alarms[i].fired == (int64_t)i + 1);
    fault_timers_free(&set);
}

/* ---- datagrams on their way ---- */

/* Client 1's datagrams upwards; each is one letter. What comes out is written as letters, with the
   virtual milliseconds behind a @ where they changed. */
struct scene {
    struct fault_schedule schedule;
    struct fault_plan plan;
    struct fault_lane lane;
    struct fault_store store;
    struct fault_queue queue;
    int64_t now_us;
    int64_t shown_ms;
    struct buf out;
};

static void scene_open(struct scene *s, const char *schedule)
{
    *s = (struct scene){.schedule = read_schedule(schedule), .store.max_bytes = ROOM};
    s->plan = (struct fault_plan){.schedule = &s->schedule, .seed = 1};
    fault_lane_open(&s->lane, &s->plan, 1, FAULT_UP);
    fault_queue_open(&s->queue, &s->store);
    buf_init(&s->out, ROOM);
}

static void scene_close(struct scene *s)
{
    fault_queue_close(&s->queue);
    assert_int_equal(s->store.held_bytes, 0);
    assert_int_equal(s->queue.count, 0);
    assert_int_equal(fault_timers_due(&s->store.timers), DEADLINE_NEVER);
    fault_timers_free(&s->store.timers);
    buf_free(&s->out);
}

static void scene_collect(struct scene *s)
{
    for (const struct fault_held *h; (h = fault_queue_first(&s->queue));
         fault_queue_drop(&s->queue)) {
        if (s->now_us / MS != s->shown_ms)
            buf_printf(&s->out, "@%d", (int)(s->now_us / MS));
        s->shown_ms = s->now_us / MS;
        buf_put(&s->out, slice_of(h->data, h->len));
        if (h->len == 0)
            buf_put_str(&s->out, "-");
    }
}

static void scene_advance(struct scene *s, int64_t to_us)
{
    while (fault_timers_due(&s->store.timers) <= to_us) {
        s->now_us = fault_timers_due(&s->store.timers);
        fault_store_advance(&s->store, s->now_us, NULL);
        scene_collect(s);
    }
    s->now_us = to_us;
}

static void scene_send(struct scene *s, char letter)
{
    struct fault_decision d;
    uint8_t octet = (uint8_t)letter;

    fault_lane_datagram(&s->lane, letter != '-', &d);
    fault_queue_take(&s->queue, &d, &octet, s->now_us);
    scene_collect(s);
}

/* Letters are sent, a blank lets a millisecond pass. */
static void scene_play(struct scene *s, const char *script)
{
    for (; *script; script++) {
        if (*script == ' ')
            scene_advance(s, s->now_us + MS);
        else
            scene_send(s, *script);
    }
}

static void test_datagrams_on_their_way(void **state UNUSED)
{
    static const struct {
        const char *schedule, *script, *due; /* all that comes out within an hour */
    } rows[] = {
        {"", "abc", "abc"},
        {"", "a-b", "a-b"},
        {"up: drop 2", "abc", "ac"},
        {"up: drop every 2", "abcdef", "ace"},
        {"up: drop 3-4", "abcdef", "abef"},
        {"up: drop 3-", "abcdef", "ab"},
        {"up: duplicate 2", "abc", "abbc"},
        {"up: duplicate 2 times 3", "abc", "abbbbc"},
        {"up: duplicate 1 after 2", "abcd", "abcad"},
        {"up: duplicate 1 times 2 after 2", "abcd", "abcaad"},
        {"up: duplicate 1 after 2 within 5ms", "ab", "ab@5a"},
        {"up: duplicate 1-2 after 1", "abcd", "abacbd"},
        {"up: swap 2,3", "abcd", "acbd"},
        {"up: swap 1,2, 3,4", "abcd", "badc"},
        {"up: reorder 1 by 3", "abcde", "bcdae"},
        {"up: reorder 1-2 by 2", "abcde", "cadbe"},
        {"up: reorder 1 by 2; up: reorder 2 by 1", "abcd", "cabd"},
        {"up: reorder 1-3 by 1", "abcde", "abdce"}, /* each goes behind the next, which is held */
        {"up: reorder all", "abcd", "abc@1000d"},
        {"up: reorder 2", "ab", "a@1000b"},
        {"up: reorder 2 within 3ms", "ab", "a@3b"},
        {"up: reorder 2 within 3ms", "ab  c", "a@2cb"},
        {"up: reorder 2; up: drop 3", "abcd", "abd"}, /* what is dropped has passed, too */
        {"up: reorder 2; up: duplicate 2", "abc", "abcb"},
        {"up: delay 2 by 5ms", "abc", "ac@5b"},
        {"up: delay all by 5ms", "a b c", "@5a@6b@7c"},
        {"up: delay 1 by 5ms; up: delay 2 by 5ms", "ab", "@5ab"},
        {"up: delay 1 by 9ms; up: delay 2 by 5ms", "ab", "@5b@9a"},
        {"up: delay 1 by 0ms", "ab", "ba"},
        {"up: delay all by 3ms; up: duplicate 1 after 1", "ab", "a@3ab"},
        {"up: delay 1 by 3ms; up: duplicate 1", "ab", "b@3aa"},
        {"up: delay all by 2ms; up: reorder 1", "ab", "a@2b"},
        {"up: truncate 2 to 0", "abc", "a-c"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene s;

        scene_open(&s, rows[i].schedule);
        scene_play(&s, rows[i].script);
        scene_advance(&s, (int64_t)3600 * S);
        if (!text_eq(buf_text(&s.out), rows[i].due))
            fail_msg("%s: %s gave %s, not %s", rows[i].schedule, rows[i].script, buf_text(&s.out),
                     rows[i].due);
        scene_close(&s);
    }
}

/* What is held has a ceiling; what is beyond is lost and counted, and all goes on. */
static void test_ceiling(void **state UNUSED)
{
    struct scene s;

    scene_open(&s, "up: delay all by 1s");
    s.store.max_bytes = 10 * (sizeof(struct fault_held) + 1);
    for (int i = 0; i < 15; i++)
        scene_send(&s, (char)('a' + i));
    assert_int_equal(s.store.overflows, 5);
    assert_int_equal(s.queue.count, 10);
    assert_true(s.store.held_bytes <= s.store.max_bytes);
    scene_advance(&s, 2 * S);
    assert_string_equal(buf_text(&s.out), "@1000abcdefghij");
    scene_send(&s, 'z');
    scene_advance(&s, 4 * S);
    assert_string_equal(buf_text(&s.out), "@1000abcdefghij@3000z");
    scene_close(&s);
}

/* What is forgotten is given back, wherever it is held. */
static void test_forgetting(void **state UNUSED)
{
    struct scene s;
    struct fault_decision d;
    uint8_t octet = 'x';

    scene_open(&s, "up: delay 1 by 1s; up: reorder 2 by 9; up: duplicate 3 times 4");
    for (int i = 0; i < 4; i++) {
        fault_lane_datagram(&s.lane, 1, &d);
        fault_queue_take(&s.queue, &d, &octet, 0);
    }
    assert_int_equal(s.queue.count, 1 + 1 + 5 + 1);
    scene_close(&s);
}

/* A datagram of every fate; jitter is within its bounds, and every length of it met. */
static void test_jitter(void **state UNUSED)
{
    static struct fault_decision d[5000];
    int64_t least = INT64_MAX;
    int64_t most = 0;

    decide("up: delay all by 1ms jitter 20us", 1, 1, d, ARRAY_LEN(d), 1);
    for (size_t i = 0; i < ARRAY_LEN(d); i++) {
        least = d[i].delay_us < least ? d[i].delay_us : least;
        most = d[i].delay_us > most ? d[i].delay_us : most;
    }
    assert_int_equal(least, 1000);
    assert_int_equal(most, 1020);
}

/* ---- streams on their way ---- */

/* A stream whose octets come as a script says, and a receiver that takes all. What the flow does is
   written down: numbers are octets sent at once, ! shut, X break, $ finish, # fail, ~N swallowed,
   @N the virtual millisecond where it changed. */
struct river {
    struct fault_schedule schedule;
    struct fault_plan plan;
    struct fault_flow flow;
    int64_t now_us;
    int64_t shown_ms;
    size_t most; /* a socket that takes no more than so many octets at once; 0: any */
    struct buf out;
    struct buf log;
};

static void river_open(struct river *r, const char *schedule)
{
    *r = (struct river){.schedule = read_schedule(schedule)};
    buf_init(&r->out, ROOM);
    buf_init(&r->log, ROOM);
    r->plan = (struct fault_plan){&r->schedule, 1, keep_line, &r->log};
    fault_flow_open(&r->flow, &r->plan, 1, FAULT_UP);
}

static void river_close(struct river *r)
{
    buf_free(&r->out);
    buf_free(&r->log);
}

PRINTF_LIKE(2, 3)
static void river_note(struct river *r, const char *format, ...)
{
    char text[32];
    va_list args;

    if (r->now_us / MS != r->shown_ms)
        buf_printf(&r->out, "@%d ", (int)(r->now_us / MS));
    r->shown_ms = r->now_us / MS;
    va_start(args, format);
    text_vformat(text, sizeof(text), format, args);
    va_end(args);
    buf_put_str(&r->out, text);
}

/* Steps until there is nothing to do now; when there is again. */
static int64_t river_run(struct river *r)
{
    static const char *const marks[] = {
        [FAULT_SHUT] = "! ", [FAULT_BREAK] = "X ", [FAULT_FINISH] = "$ ", [FAULT_FAIL] = "# "};

    for (;;) {
        struct fault_step s = fault_flow_next(&r->flow, r->now_us);

        assert_true(s.len <= r->flow.arrived - r->flow.left);
        switch (s.act) {
        case FAULT_SEND:
            s.len = r->most ? size_min(s.len, r->most) : s.len;
            assert_true(s.len > 0);
            river_note(r, "%zu ", s.len);
            fault_flow_left(&r->flow, s.len, r->now_us);
            break;
        case FAULT_SWALLOW:
            river_note(r, "~%zu ", s.len);
            fault_flow_left(&r->flow, s.len, r->now_us);
            break;
        case FAULT_SHUT:
        case FAULT_BREAK:
        case FAULT_FINISH:
        case FAULT_FAIL:
            river_note(r, "%s", marks[s.act]);
            break;
        case FAULT_WAIT:
            assert_true(s.until_us > r->now_us);
            return s.until_us;
        case FAULT_IDLE:
            return INT64_MAX;
        }
    }
}

static void river_advance(struct river *r, int64_t to_us)
{
    for (;;) {
        int64_t next = river_run(r);

        if (next > to_us)
            break;
        r->now_us = next;
    }
    r->now_us = to_us;
}

/* "10 20 .5 $": ten octets, twenty more at once, after five milliseconds the end ($) or a reset
 * (#). */
static void river_play(struct river *r, const char *script)
{
    while (*script) {
        char *end = NULL;

        script += strspn(script, " ");
        if (*script == '$' || *script == '#') {
            fault_flow_ended(&r->flow, *script == '$' ? FAULT_ENDED : FAULT_BROKEN);
            end = NULL;
            script++;
        } else if (*script == '.') {
            river_advance(r, r->now_us + (int64_t)strtoul(script + 1, &end, 10) * MS);
        } else if (*script) {
            fault_flow_arrived(&r->flow, strtoul(script, &end, 10), r->now_us);
        }
        script = end ? end : script;
        river_run(r);
    }
    river_advance(r, (int64_t)3600 * S);
}

static const struct {
    const char *schedule, *script, *out, *log;
} rivers[] = {
    {"", "100 50 $", "100 50 $ ", "1.1 up 150 end\n"},
    {"", "100 #", "100 # ", "1.1 up 100 broken\n"},
    {"", "$", "$ ", "1.1 up 0 end\n"},
    {"", "100", "100 ", ""},
    {"up: cut 10", "25 $", "10 10 5 $ ", "1.1 up 10 cut\n1.2 up 10 cut\n1.3 up 5 end\n"},
    {"up: cut 10", "5 5 5 10 $", "5 5 5 5 5 $ ", "1.1 up 10 cut\n1.2 up 10 cut\n1.3 up 5 end\n"},
    {"up: cut 10 pause 2ms", "25 $", "10 @2 10 @4 5 $ ",
     "1.1 up 10 cut\n1.2 up 10 cut\n1.3 up 5 end\n"},
    {"up: coalesce 20", "5 5 5 5 7 $", "20 7 $ ", "1.1 up 27 end\n"},
    {"up: coalesce 20", "5 .19 5", "@39 10 ", ""},
    {"up: coalesce 20 pause 5ms", "5 .6 5 .2 100", "@5 5 @8 105 ", ""},
    {"up: coalesce 20", "30 5 $", "30 5 $ ", "1.1 up 35 end\n"},
    {"up: delay all by 5ms", "10 .2 20 $", "@5 10 @7 20 $ ", "1.1 up 30 end\n"},
    {"up: rate 1000", "25 $", "11 @11 11 @22 3 $ ", "1.1 up 25 end\n"},
    {"up: stop after 10 for 5ms", "25 $", "10 @5 15 $ ", "1.1 up 10 stop\n1.2 up 15 end\n"},
    {"up: stop after 0 for 5ms", "25 $", "@5 25 $ ", "1.1 up 0 stop\n1.2 up 25 end\n"},
    {"up: stop after 10 for 5ms; up: stop after 10 for 2ms", "25", "10 @7 15 ",
     "1.1 up 10 stop\n1.2 up 0 stop\n"},
    {"up: stop after 99 for 5ms", "25 $", "25 $ ", "1.1 up 25 end\n"},
    {"up: reset after 10", "25 $", "10 X ", "1.1 up 10 reset\n"},
    {"up: reset after 10", "10", "10 X ", "1.1 up 10 reset\n"},
    {"up: reset after 0", "", "X ", "1.1 up 0 reset\n"},
    {"up: reset after 10", "9 $", "9 $ ", "1.1 up 9 end\n"},
    {"up: reset after 10", "10 $", "10 X ", "1.1 up 10 reset\n"},
    {"up: close after 10", "25 5 $", "10 ! ~15 ~5 $ ", "1.1 up 10 close\n1.2 up 20 end\n"},
    {"up: close after 10; up: cut 4; up: rate 1000", "25 $", "4 @4 4 @8 2 ! ~15 $ ",
     "1.1 up 4 cut\n1.2 up 4 cut\n1.3 up 2 close\n1.4 up 15 end\n"},
    {"up: close after 10; up: reset after 20", "25 $", "10 ! ~15 $ ",
     "1.1 up 10 close\n1.2 up 15 end\n"},
    {"up: cut 10; up: stop after 10 for 3ms; up: reset after 20", "25", "10 @3 10 X ",
     "1.1 up 10 cut\n1.2 up 0 stop\n1.3 up 10 cut\n1.4 up 0 reset\n"},
    {"up: coalesce 10; up: cut 4", "6 6 $", "4 4 4 $ ",
     "1.1 up 4 cut\n1.2 up 4 cut\n1.3 up 4 cut\n1.4 up 0 end\n"},
    {"down: cut 10; client 2 up: reset after 0", "25 $", "25 $ ", "1.1 up 25 end\n"},
};

static void test_streams_on_their_way(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(rivers); i++) {
        struct river r;

        river_open(&r, rivers[i].schedule);
        river_play(&r, rivers[i].script);
        if (!text_eq(buf_text(&r.out), rivers[i].out))
            fail_msg("%s: %s gave %s, not %s", rivers[i].schedule, rivers[i].script,
                     buf_text(&r.out), rivers[i].out);
        assert_string_equal(buf_text(&r.log), rivers[i].log);
        river_close(&r);
    }
}

/* However octets arrive and however few a socket takes at once, the log is the same, and all
   octets leave. */
static void test_log_does_not_depend_on_reads(void **state UNUSED)
{
    static const char schedule[] = "up: cut 1-50 pause 1ms; up: stop after 333 for 4ms; up: delay "
                                   "all by 3ms jitter 2ms; up: coalesce 40; up: close after 900";
    enum { TOTAL = 1000 };
    char *first = NULL;
    struct rng chance;

    rng_seed(&chance, 1, "reads");
    for (unsigned round = 0; round < 50; round++) {
        struct river r;
        size_t sent = 0;

        river_open(&r, schedule);
        r.most = round ? 1 + (size_t)rng_below(&chance, 60) : 0;
        while (sent < TOTAL) {
            size_t len = round ? 1 + (size_t)rng_below(&chance, 100) : TOTAL;

            len = size_min(len, TOTAL - sent);
            fault_flow_arrived(&r.flow, len, r.now_us);
            sent += len;
            river_advance(&r, r.now_us + (int64_t)rng_below(&chance, 5) * MS);
        }
        fault_flow_ended(&r.flow, FAULT_ENDED);
        river_advance(&r, (int64_t)3600 * S);
        assert_int_equal(r.flow.left, TOTAL);
        if (!first)
            first = strdup(buf_text(&r.log));
        assert_string_equal(buf_text(&r.log), first);
        river_close(&r);
    }
    assert_contains(first, " stop\n");
    assert_contains(first, " close\n");
    free(first);
}

/* Delayed octets keep their order whatever the jitter, and more marks than there is room for only
   make some wait longer. */
static void test_many_marks(void **state UNUSED)
{
    struct river r;

    river_open(&r, "up: delay all by 10ms jitter 10ms");
    for (int i = 0; i < 10 * FAULT_MARKS_MAX; i++) {
        fault_flow_arrived(&r.flow, 1, r.now_us);
        r.now_us += 10;
    }
    fault_flow_ended(&r.flow, FAULT_ENDED);
    river_advance(&r, S);
    assert_int_equal(r.flow.left, 10 * FAULT_MARKS_MAX);
    assert_string_equal(buf_text(&r.log), "1.1 up 640 end\n");
    river_close(&r);
}

static void test_plain(void **state UNUSED)
{
    struct river r;

    river_open(&r, "down: cut 3; client 2 up: cut 3");
    assert_true(fault_flow_is_plain(&r.flow));
    fault_flow_open(&r.flow, &r.plan, 1, FAULT_DOWN);
    assert_false(fault_flow_is_plain(&r.flow));
    fault_flow_open(&r.flow, &r.plan, 2, FAULT_UP);
    assert_false(fault_flow_is_plain(&r.flow));
    river_close(&r);
}

/* ---- the log ---- */

static char *write_journal(struct fault_journal *j)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(out);
    fault_journal_write(j, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void test_journal_is_sorted(void **state UNUSED)
{
    static const struct fault_decision decisions[] = {
        {.client = 2, .number = 1, .way = FAULT_DOWN, .length = 7},
        {.client = 1, .number = 1, .way = FAULT_DOWN, .length = 5},
        {.client = 1, .number = 2, .way = FAULT_UP, .deeds = 1U << FAULT_DROP},
        {.client = 10, .number = 1, .way = FAULT_UP, .end = FAULT_ENDED},
        {.client = 1, .number = 10, .way = FAULT_UP},
        {.client = 1, .number = 1, .way = FAULT_UP, .length = 65507},
    };
    struct fault_journal j;

    fault_journal_open(&j, ROOM);
    char *text = write_journal(&j);
    assert_string_equal(text, "");
    free(text);
    for (size_t i = 0; i < ARRAY_LEN(decisions); i++)
        fault_journal_add(&decisions[i], &j);
    text = write_journal(&j);
    assert_string_equal(text, "1.1 up 65507 pass\n1.2 up 0 drop\n1.10 up 0 pass\n1.1 down 5 pass\n"
                              "2.1 down 7 pass\n10.1 up 0 end\n");
    free(text);
    fault_journal_free(&j);
}

static void test_journal_has_a_ceiling(void **state UNUSED)
{
    struct fault_journal j;

    fault_journal_open(&j, 100);
    for (uint64_t n = 1; n <= 10; n++) {
        const struct fault_decision d = {.client = 1, .number = n};

        fault_journal_add(&d, &j);
    }
    char *text = write_journal(&j);
    assert_string_equal(
        text, "1.1 up 0 pass\n1.2 up 0 pass\n1.3 up 0 pass\n# 7 more decisions, for which there "
              "was no room\n");
    free(text);
    fault_journal_free(&j);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_chances),
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_decisions_stand_alone),
        cmocka_unit_test(test_deforming),
        cmocka_unit_test(test_timers),
        cmocka_unit_test(test_timers_in_order),
        cmocka_unit_test(test_datagrams_on_their_way),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_forgetting),
        cmocka_unit_test(test_jitter),
        cmocka_unit_test(test_streams_on_their_way),
        cmocka_unit_test(test_log_does_not_depend_on_reads),
        cmocka_unit_test(test_many_marks),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_journal_is_sorted),
        cmocka_unit_test(test_journal_has_a_ceiling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
