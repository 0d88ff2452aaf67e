/*
 * Twins that cannot bear what a network does: requests that are missing, repeated, late, out of
 * order or damaged. Each remembers more of its clients than an echo server has to. Our requests
 * begin with their number in eight hexadecimal digits.
 */
#include <stdlib.h>
#include <string.h>

#include "reference/twins/twin.h"

enum { PORTS = 1 << 16, DIGITS = 8, KEPT = 16, KEPT_OCTETS = 128 };

struct kept {
    size_t len;
    unsigned times; /* that it came */
    uint8_t data[KEPT_OCTETS];
};

/* What is remembered of a client. */
struct memory {
    bool numbered;
    bool gap;    /* there was one in its numbers */
    bool banned; /* gets no answer any more */
    uint32_t highest;
    struct kept kept[KEPT]; /* the last datagrams, each once */
    size_t count;           /* of all that were kept */
};

static struct memory *memories[PORTS];

static struct slice content(const struct datagram *d)
{
    return slice_of(d->data, d->len);
}

static struct memory *memory_of(const struct datagram *d)
{
    struct memory **m = &memories[address_port(&d->route.peer)];

    if (!*m && !(*m = calloc(1, sizeof(**m))))
        abort();
    return *m;
}

static bool read_number(const struct datagram *d, uint32_t *ret)
{
    char text[DIGITS + 1] = "";
    char *end;

    if (d->len < DIGITS)
        return false;
    memcpy(text, d->data, DIGITS);
    *ret = (uint32_t)strtoul(text, &end, 16);
    return *end == '\0';
}

enum step { STEP_NONE, STEP_NEXT, STEP_BACK, STEP_GAP };

/* How the number of a datagram stands to those before it, which is noted. */
static enum step step_of(struct memory *m, const struct datagram *d)
{
    uint32_t number;

    if (!read_number(d, &number))
        return STEP_NONE;
    enum step step = !m->numbered || number == m->highest + 1 ? STEP_NEXT
                     : number <= m->highest                   ? STEP_BACK
                                                              : STEP_GAP;
    if (step != STEP_BACK)
        m->highest = number;
    m->numbered = true;
    m->gap |= step == STEP_GAP;
    return step;
}

static struct kept *last_of(struct memory *m)
{
    return m->count > 0 ? &m->kept[(m->count - 1) % KEPT] : NULL;
}

/* What came before and is equal; where there is none the datagram is kept, as the last. */
static struct kept *came_before(struct memory *m, const struct datagram *d)
{
    size_t len = size_min(d->len, KEPT_OCTETS);

    for (size_t i = 0; i < size_min(m->count, KEPT); i++) {
        struct kept *k = &m->kept[i];

        if (slice_eq(slice_of(k->data, k->len), slice_of(d->data, len))) {
            k->times++;
            return k;
        }
    }
    struct kept *k = &m->kept[m->count++ % KEPT];
    k->len = len;
    k->times = 1;
    memcpy(k->data, d->data, len);
    return NULL;
}

static void wait_for_missing(struct datagram_server *s, struct datagram *d)
{
    struct memory *m = memory_of(d);

    step_of(m, d);
    if (!m->gap)
        datagram_answer(s, d, content(d));
}

static void answer_once(struct datagram_server *s, struct datagram *d)
{
    if (!came_before(memory_of(d), d))
        datagram_answer(s, d, content(d));
}

static void answer_twice_at_most(struct datagram_server *s, struct datagram *d)
{
    const struct kept *k = came_before(memory_of(d), d);

    if (!k || k->times <= 2)
        datagram_answer(s, d, content(d));
}

static void mark_copy(struct datagram_server *s, struct datagram *d)
{
    if (came_before(memory_of(d), d))
        d->data[d->len - 1]++;
    datagram_answer(s, d, content(d));
}

/* The reply that is at hand is the last one. */
static void answer_last(struct datagram_server *s, struct datagram *d)
{
    struct memory *m = memory_of(d);
    const struct kept *last = came_before(m, d) ? last_of(m) : NULL;

    datagram_answer(s, d, last ? slice_of(last->data, last->len) : content(d));
}

static void assume_order(struct datagram_server *s, struct datagram *d)
{
    if (step_of(memory_of(d), d) != STEP_BACK)
        datagram_answer(s, d, content(d));
}

/* Who says again what is long over is up to something. */
static void ban_late(struct datagram_server *s, struct datagram *d)
{
    struct memory *m = memory_of(d);
    const struct kept *k = came_before(m, d);

    m->banned |= k && k != last_of(m);
    if (!m->banned)
        datagram_answer(s, d, content(d));
}

static void stop_at_damage(struct datagram_server *s, struct datagram *d)
{
    uint32_t number;

    s->mute = !read_number(d, &number);
    if (!s->mute)
        datagram_answer(s, d, content(d));
}

static void repair_number(struct datagram_server *s, struct datagram *d)
{
    struct memory *m = memory_of(d);
    char due[DIGITS + 1];

    if (d->len >= DIGITS && step_of(m, d) == STEP_NONE) {
        text_format(due, sizeof(due), "%08x", ++m->highest);
        memcpy(d->data, due, DIGITS);
    }
    datagram_answer(s, d, content(d));
}

/* It counts, and each reply is that of the request before once one is missing. */
static void fall_out_of_step(struct datagram_server *s, struct datagram *d)
{
    struct memory *m = memory_of(d);
    struct kept before = {0};

    step_of(m, d);
    if (last_of(m))
        before = *last_of(m);
    came_before(m, d);
    datagram_answer(s, d, m->gap ? slice_of(before.data, before.len) : content(d));
}

static void wait_for_one(struct datagram_server *s, struct datagram *d)
{
    static uint16_t awaited;
    struct memory *m = memory_of(d);

    step_of(m, d);
    if (m->gap)
        awaited = address_port(&d->route.peer);
    if (awaited == 0 || awaited == address_port(&d->route.peer))
        datagram_answer(s, d, content(d));
}

static const struct twin twins[] = {
    {
        .name = "udp-waits-for-missing",
        .check = "datagram.loss.request",
        .transport = "udp",
        .what = "does not answer a client any more of which a request is missing",
        .datagram = {.answer = wait_for_missing},
    },
    {
        .name = "udp-answers-once",
        .check = "datagram.loss.reply",
        .transport = "udp",
        .what = "does not answer what it has answered before",
        .datagram = {.answer = answer_once},
    },
    {
        .name = "udp-marks-copies",
        .check = "datagram.dup.copies",
        .transport = "udp",
        .what = "changes the last octet of its reply to a copy",
        .datagram = {.answer = mark_copy},
    },
    {
        .name = "udp-copy-gets-last-reply",
        .check = "datagram.dup.late",
        .transport = "udp",
        .what = "answers a copy of an earlier request with its last reply",
        .datagram = {.answer = answer_last},
    },
    {
        .name = "udp-assumes-order",
        .check = "datagram.reorder.own-replies",
        .transport = "udp",
        .what = "does not answer what comes behind a later request",
        .datagram = {.answer = assume_order},
    },
    {
        .name = "udp-bans-late",
        .check = "datagram.delay.late-request",
        .transport = "udp",
        .what = "does not answer a client any more that repeats what is over",
        .datagram = {.answer = ban_late},
    },
    {
        .name = "udp-damage-stops",
        .check = "datagram.damage.survival",
        .transport = "udp",
        .what = "answers nobody any more when a request's number cannot be read",
        .datagram = {.answer = stop_at_damage},
    },
    {
        .name = "udp-repairs-number",
        .check = "datagram.damage.echo",
        .transport = "udp",
        .what = "puts the number that is due in the place of one that cannot be read",
        .datagram = {.answer = repair_number},
    },
    {
        .name = "udp-out-of-step",
        .check = "datagram.loss.bursts",
        .transport = "udp",
        .what = "answers with the reply of the request before once one is missing",
        .datagram = {.answer = fall_out_of_step},
    },
    {
        .name = "udp-waits-for-one",
        .check = "datagram.loss.one-of-two",
        .transport = "udp",
        .what = "answers nobody else once a client's request is missing",
        .datagram = {.answer = wait_for_one},
    },
    {
        .name = "udp-answers-twice-at-most",
        .check = "datagram.loss.storm",
        .transport = "udp",
        .what = "answers a request no third time",
        .datagram = {.answer = answer_twice_at_most},
    },
};

TWINS(network);
