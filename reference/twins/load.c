/* Twins that are right until very many have come: their counters wrap, their tables fill, and their
 * queues overflow. */
#include <string.h>

#include "reference/twins/twin.h"

enum { SLOTS = 4096, HEAD = 16 };

/* ---- connections ---- */

/* The head of a client's last message, in a table that more clients than it has slots share. */
struct slot {
    unsigned number; /* of the client; 0: free */
    uint8_t head[HEAD];
};

static struct slot slots[SLOTS];

static struct slot *slot_of(const struct client *c)
{
    return &slots[c->number % SLOTS];
}

static enum act answer_by_table(struct server *s, struct client *c, struct slice got)
{
    struct slot *slot = slot_of(c);
    bool foreign = slot->number != 0 && slot->number != c->number;
    size_t len = foreign ? size_min(got.len, HEAD) : 0;

    stream_echo(s, c, slice_of(slot->head, len));
    buf_put(&c->out, slice_from(got, len));
    slot->number = c->number;
    memcpy(slot->head, got.data, size_min(got.len, HEAD));
    return ACT_GO_ON;
}

static void free_slot(struct server *s UNUSED, struct client *c)
{
    if (slot_of(c)->number == c->number)
        slot_of(c)->number = 0;
}

/* Two workers share what many have sent at once, and the second one is done first. */
static enum act halve_work(struct server *s, struct client *c, struct slice got)
{
    size_t half = s->turn_reads >= s->fault->limit ? got.len / 2 : 0;

    stream_echo(s, c, slice_from(got, half));
    buf_put(&c->out, slice_sub(got, 0, half));
    return ACT_GO_ON;
}

/* ---- datagrams ---- */

static struct slice content(const struct datagram *d)
{
    return slice_of(d->data, d->len);
}

/* True for one datagram of so many, whoever sends them. */
static bool is_due(const struct datagram_server *s)
{
    static size_t count;

    return ++count % s->fault->limit == 0;
}

static void lose_one(struct datagram_server *s, struct datagram *d)
{
    if (!is_due(s))
        datagram_answer(s, d, content(d));
}

static void repeat_one(struct datagram_server *s, struct datagram *d)
{
    datagram_answer(s, d, content(d));
    if (is_due(s))
        datagram_answer(s, d, content(d));
}

/* A ring of addresses: when its index wraps, the answer goes to whom the last one but one was for.
 */
static void answer_by_ring(struct datagram_server *s, struct datagram *d)
{
    static struct address now;
    static struct address before;

    if (!address_eq(&now, &d->route.peer)) {
        before = now;
        now = d->route.peer;
    }
    if (is_due(s) && before.len > 0)
        d->route.peer = before;
    datagram_answer(s, d, content(d));
}

static void die_of_queue(struct datagram_server *s)
{
    if (s->in_a_row > s->fault->limit)
        run_die("the queue is full");
}

static const struct twin twins[] = {
    {
        .name = "table-of-4096-wraps",
        .check = "stream.load.held-connections",
        .what = "keeps its clients in a table of 4096, where the next ones find another's octets",
        .stream = {.answer = answer_by_table, .leave = free_slot},
    },
    {
        .name = "work-halved-by-64",
        .check = "stream.load.held-connections",
        .what = "answers the second half of a read first when 64 clients speak at once",
        .stream = {.limit = 64, .turn_ms = 2, .answer = halve_work},
    },
    {
        .name = "udp-loses-one-of-100000",
        .check = "datagram.load.bursts",
        .transport = "udp",
        .what = "does not answer one datagram of 100000",
        .datagram = {.limit = 100000, .answer = lose_one},
    },
    {
        .name = "udp-repeats-one-of-100000",
        .check = "datagram.load.bursts",
        .transport = "udp",
        .what = "answers one datagram of 100000 twice",
        .datagram = {.limit = 100000, .answer = repeat_one},
    },
    {
        .name = "udp-ring-of-65536",
        .check = "datagram.load.bursts",
        .transport = "udp",
        .what = "answers each 65536th datagram at the address of another client",
        .datagram = {.limit = 65536, .answer = answer_by_ring},
    },
    {
        .name = "udp-queue-of-30",
        .check = "datagram.load.bursts",
        .transport = "udp",
        .what = "dies when it finds more than 30 datagrams in a row",
        .datagram = {.limit = 30, .turn_ms = 3, .turn = die_of_queue},
    },
    {
        .name = "unix-dgram-loses-one-of-100000",
        .check = "datagram.load.bursts",
        .transport = "unix-dgram",
        .what = "does not answer one datagram of 100000",
        .datagram = {.limit = 100000, .answer = lose_one},
    },
};

TWINS(load);
