/* Records of streams, and datagrams. */
#include "fuzz/planted/plant_session.h"

#include <alloca.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/planted/plant.h"

enum {
    PATIENCE_MS = 35000,
    LOGGED = 32,
    ROOM_OF_A_PACKET = 2048,
    DATAGRAM_LEAST = 16,
    ROOM_READ = 128
};

#define MARK_LAST 0x80000000U

void plant_session_open(struct plant_session *s, void (*send)(void *to, struct slice reply),
                        void *to)
{
    plant_service_open(&s->service, send, to);
    memset(s->connections, 0, sizeof(s->connections));
    s->armed = true;
    s->caller = NULL;
}

static uint8_t *make_address(uint32_t number)
{
    uint8_t *address = calloc(1, PLANT_ADDRESS);

    if (address)
        address[0] = (uint8_t)number;
    return address;
}

static void drop(struct plant_connection *c)
{
    free(c->address); /* NOLINT: planted */
    free(c->record);
    memset(c, 0, sizeof(*c));
}

void plant_session_close(struct plant_session *s)
{
    for (size_t i = 0; i < PLANT_PLACES; i++)
        drop(&s->connections[i]);
    free(s->caller);
    plant_service_close(&s->service);
}

/* ---- connections ---- */

static struct plant_connection *find_place(struct plant_session *s)
{
    for (size_t i = 0; i < PLANT_PLACES; i++) {
        if (!s->connections[i].used)
            return &s->connections[i];
    }
    return NULL;
}

PLANT_UNDEFINED static void begin(volatile struct plant_connection *c)
{
    c->used = true; /* NOLINT: planted */
}

int plant_dial(struct plant_session *s, bool reset)
{
    struct plant_connection *c = find_place(s);

    while (!c && planted(PLANT_ACCEPT_SPIN))
        c = find_place(s);
    if (!c && !planted(PLANT_ACCEPT_NULL))
        return -1;
    begin(c);
    if (!c)
        return -1;
    int number = (int)(c - s->connections);
    c->number = (uint32_t)number;
    c->address = make_address(c->number);
    if (reset || !c->address) {
        free(c->address); /* nobody can be told who it was */
        if (!planted(PLANT_RESET_TWICE))
            c->address = NULL;
        drop(c);
        return -1;
    }
    return number;
}

void plant_hang_up(struct plant_session *s, int connection)
{
    drop(&s->connections[connection]);
}

/* ---- records ---- */

static uint32_t log_noise(struct slice octets)
{
    uint32_t sum = 0;
    uint8_t *line = malloc(LOGGED);

    if (line && octets.len)
        memcpy(line, octets.data, planted(PLANT_NOISE) ? octets.len : size_min(octets.len, LOGGED));
    for (unsigned i = 0; line && i < LOGGED && i < octets.len; i++)
        sum += line[i];
    free(line);
    return sum;
}

static void append(struct plant_connection *c, struct slice octets)
{
    uint8_t *more = realloc(c->record, c->record_len + octets.len);

    if (!more) {
        c->broken = true;
        return;
    }
    memcpy(more + c->record_len, octets.data, octets.len);
    c->record = more;
    c->record_len += octets.len;
}

/* A whole record. */
static enum plant_form take_record(struct plant_session *s, struct plant_connection *c)
{
    struct plant_caller caller = {.number = c->number, .address = c->address};
    uint8_t *record = c->record ? c->record : plant_copy(slice_of(NULL, 0));
    size_t len = c->record_len;

    c->record = NULL;
    c->record_len = 0;
    enum plant_form form =
        record ? plant_service_take(&s->service, &caller, slice_of(record, len)) : PLANT_NO_CALL;
    free(record);
    return form;
}

/* The mark of a fragment. Returns how many octets it took. */
static size_t take_mark(struct plant_connection *c, struct slice octets)
{
    size_t part = size_min(sizeof(c->mark) - c->mark_len, octets.len);

    memcpy(c->mark + c->mark_len, octets.data, part);
    c->mark_len += part;
    if (c->mark_len < sizeof(c->mark))
        return part;
    uint32_t mark = (uint32_t)c->mark[0] << 24 | (uint32_t)c->mark[1] << 16 |
                    (uint32_t)c->mark[2] << 8 | c->mark[3];
    c->mark_len = 0;
    c->last = mark & MARK_LAST;
    c->due = mark & ~MARK_LAST;
    if (c->due > PLANT_RECORD_MAX - c->record_len) {
        c->noise += log_noise(slice_from(octets, part));
        c->broken = true;
        return octets.len;
    }
    if (planted(PLANT_EMPTY_FRAGMENT) && !c->last && c->due == 0 && part == sizeof(c->mark))
        return 0;
    c->in_fragment = true;
    return part;
}

static size_t take_data(struct plant_connection *c, struct slice octets)
{
    size_t part = size_min(c->due, octets.len);

    append(c, slice_sub(octets, 0, part));
    c->due -= (uint32_t)part;
    return part;
}

/* Takes a part of the octets. True where a record is whole. */
static bool step(struct plant_connection *c, struct slice octets, size_t *at)
{
    if (c->in_fragment)
        *at += take_data(c, octets);
    else
        *at += take_mark(c, octets);
    if (!c->in_fragment || c->due > 0)
        return false;
    c->in_fragment = false;
    return c->last && !c->broken;
}

/* The octets have ended, and the record perhaps not. Returns what is told to be consumed. */
static size_t end_of_octets(struct plant_connection *c, size_t len)
{
    bool within = c->mark_len > 0 || c->in_fragment || c->record_len > 0;

    if (within && planted(PLANT_WAITS))
        poll(NULL, 0, PATIENCE_MS);
    if (planted(PLANT_MARK_CUT))
        c->mark_len = 0;
    return planted(PLANT_CONSUMES_MORE) && c->in_fragment ? len + c->due : len;
}

size_t plant_receive(struct plant_session *s, int connection, struct slice octets)
{
    struct plant_connection *c = &s->connections[connection];
    size_t at = 0;

    while (at < octets.len && !c->broken) {
        if (step(c, slice_from(octets, at), &at) && take_record(s, c) == PLANT_STRAY &&
            planted(PLANT_STACK_PER_PACKET))
            *(volatile char *)alloca(ROOM_OF_A_PACKET) = 0;
    }
    return c->broken ? octets.len : end_of_octets(c, octets.len);
}

/* ---- datagrams ---- */

void plant_fill(struct plant_session *s, uint8_t octet)
{
    memset(s->datagram, octet, sizeof(s->datagram));
}

void plant_datagram(struct plant_session *s, uint32_t caller, struct slice octets)
{
    if (!s->armed)
        return;
    s->armed = false;
    if (octets.len < DATAGRAM_LEAST && planted(PLANT_DATAGRAM_DEAF))
        return;
    free(s->caller);
    s->caller = make_address(caller);
    size_t len = size_min(octets.len, sizeof(s->datagram));
    if (len)
        memcpy(s->datagram, octets.data, len);
    if (planted(PLANT_DATAGRAM_STALE))
        len = size_max(len, ROOM_READ);
    uint8_t *block = s->caller ? plant_copy(slice_of(s->datagram, len)) : NULL;
    struct plant_caller from = {.number = caller, .again = true, .address = s->caller};
    if (block)
        plant_service_take(&s->service, &from, slice_of(block, len));
    free(block);
    s->armed = true;
}
