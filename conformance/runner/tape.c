/* The shared memory in which a check keeps what happened on its connections. */
#include "conformance/runner/tape.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    TAPE_ROOM = 4 << 20,
    COUNTED = 4096, /* connections whose octets may be kept whole */
    UNIT = 8,
    STATE_MAX = 512,
    WORDS_MAX = 1 << 16,
};

/* An act as it lies on the tape; words with their NUL and octets follow. */
struct record {
    int64_t t_us;
    uint64_t hash;
    uint64_t length;
    uint32_t kept;
    uint32_t connection;
    uint32_t flags;
    uint16_t words; /* octets of them, with the NUL */
    uint8_t who;
    uint8_t kind;
};

struct tape {
    struct tape_label label;
    size_t used;
    int64_t last_us;
    size_t last; /* where the last act lies */
    size_t count;
    size_t lost;
    uint32_t kept[2][COUNTED]; /* octets, by who sent them */
    _Alignas(struct record) uint8_t room[TAPE_ROOM];
};

struct tape *tape_new(void)
{
    struct tape *t =
        mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return t == MAP_FAILED ? NULL : t;
}

void tape_free(struct tape *t)
{
    if (t)
        munmap(t, sizeof(*t));
}

void tape_reset(struct tape *t)
{
    /* Where the kernel does not take the pages back they are cleared. */
    if (madvise(t, sizeof(*t), MADV_REMOVE) != 0)
        memset(t, 0, sizeof(*t));
}

struct tape_label *tape_label(struct tape *t)
{
    return &t->label;
}

/* How many of the octets are kept. */
static size_t share_of(struct tape *t, const struct act *act)
{
    size_t most = EVENT_BYTES_MAX;

    if (act->connection < COUNTED) {
        uint32_t *kept = &t->kept[act->who == WHO_US][act->connection];

        most = size_max(most, TAPE_KEPT - size_min(*kept, TAPE_KEPT));
        most = size_min(most, act->octets.len);
        *kept += (uint32_t)most;
    }
    return size_min(most, act->octets.len);
}

void tape_put(struct tape *t, const struct act *act)
{
    size_t words = size_min(strlen(act->what), EVENT_WHAT_MAX);
    size_t kept = t->label.settled ? 0 : share_of(t, act);
    size_t size = (sizeof(struct record) + words + 1 + kept + UNIT - 1) / UNIT * UNIT;
    struct record r = {.t_us = act->t_us,
                       .length = act->octets.len,
                       .kept = (uint32_t)kept,
                       .connection = act->connection,
                       .flags = act->flags,
                       .words = (uint16_t)(words + 1),
                       .who = (uint8_t)act->who,
                       .kind = (uint8_t)act->kind};

    if (t->label.settled)
        return;
    t->last_us = act->t_us;
    if (t->lost > 0 || size > TAPE_ROOM - t->used) {
        t->lost++;
        return;
    }
    r.hash = act->who == WHO_US ? 0 : exhibit_hash(act->octets);
    uint8_t *at = t->room + t->used;
    memcpy(at, &r, sizeof(r));
    memcpy(at + sizeof(r), act->what, words);
    at[sizeof(r) + words] = '\0';
    if (kept > 0)
        memcpy(at + sizeof(r) + words + 1, act->octets.data, kept);
    t->last = t->used;
    t->used += size;
    t->count++;
}

int64_t tape_last_us(const struct tape *t)
{
    return t->last_us;
}

void tape_mark(struct tape *t, unsigned flags)
{
    struct record r;

    if (t->label.settled || t->count == 0 || t->lost > 0)
        return;
    memcpy(&r, t->room + t->last, sizeof(r));
    r.flags |= flags;
    memcpy(t->room + t->last, &r, sizeof(r));
}

/* ---- the exhibit ---- */

/* What an exhibit points into lies behind it. */
struct holder {
    struct exhibit exhibit; /* first: exhibit_free finds the rest by it */
    struct tape_label label;
    struct act *acts;
    uint8_t *room;
    struct buf words; /* of the target */
    char state[STATE_MAX];
};

/* Reads the act at the front; false where none is whole. */
static bool take(struct slice *rest, struct act *ret)
{
    struct record r;

    if (rest->len < sizeof(r))
        return false;
    memcpy(&r, rest->data, sizeof(r));
    size_t size = sizeof(r) + r.words + (size_t)r.kept;
    if (r.words == 0 || size > rest->len || r.kept > r.length || r.who >= WHOS ||
        r.kind >= EVENT_KINDS || rest->data[sizeof(r) + r.words - 1] != '\0')
        return false;
    *ret = (struct act){.t_us = r.t_us,
                        .who = (enum who)r.who,
                        .kind = (enum event_kind)r.kind,
                        .flags = r.flags,
                        .connection = r.connection,
                        .length = (size_t)r.length,
                        .octets = slice_of(rest->data + sizeof(r) + r.words, r.kept),
                        .hash = r.hash,
                        .what = (const char *)rest->data + sizeof(r)};
    *rest = slice_from(*rest, (size + UNIT - 1) / UNIT * UNIT);
    return true;
}

static void fill(struct holder *h, size_t lost)
{
    struct exhibit *e = &h->exhibit;
    struct tape_label *label = &h->label;

    label->path[sizeof(label->path) - 1] = '\0';
    label->aside[sizeof(label->aside) - 1] = '\0';
    label->sockets[sizeof(label->sockets) - 1] = '\0';
    label->own[sizeof(label->own) - 1] = '\0';
    *e = (struct exhibit){
        .began_us = label->began_us,
        .settled_us = label->settled_us,
        .silent = label->silent,
        .inside = label->inside,
        .medium = label->medium,
        .we_serve = label->we_serve,
        .ip_len = label->ip_len == 4 || label->ip_len == EXHIBIT_IP_MAX ? label->ip_len : 0,
        .port = label->port,
        .path = label->path,
        .acts = h->acts,
        .acts_lost = lost,
        .aside = label->aside,
        .sockets = label->sockets,
        .own = label->own,
        .state = h->state};
    memcpy(e->target_ip, label->target_ip, sizeof(e->target_ip));
    memcpy(e->our_ip, label->our_ip, sizeof(e->our_ip));
}

/* Copies what is on the tape. */
static bool unwind(struct holder *h, const struct tape *t)
{
    size_t used = size_min(t->used, TAPE_ROOM);
    size_t count = size_min(t->count, TAPE_ROOM / sizeof(struct record));
    struct slice rest;

    h->acts = calloc(count + 1, sizeof(*h->acts));
    h->room = malloc(used + 1);
    if (!h->acts || !h->room)
        return false;
    memcpy(h->room, t->room, used);
    h->label = t->label;
    if (!h->label.settled)
        h->label.settled_us = t->last_us;
    fill(h, t->lost);
    rest = slice_of(h->room, used);
    while (h->exhibit.act_count < count && take(&rest, &h->acts[h->exhibit.act_count]))
        h->exhibit.act_count++;
    return true;
}

struct exhibit *tape_exhibit(const struct tape *t)
{
    struct holder *h = calloc(1, sizeof(*h));

    if (!h)
        return NULL;
    buf_init(&h->words, WORDS_MAX);
    fill(h, 0);
    if (t && t->label.used && !unwind(h, t)) {
        exhibit_free(&h->exhibit);
        return NULL;
    }
    return &h->exhibit;
}

static struct holder *holder_of(struct exhibit *e)
{
    return (struct holder *)(void *)e;
}

void exhibit_put_state(struct exhibit *e, const char *state)
{
    struct holder *h = holder_of(e);

    text_copy(h->state, sizeof(h->state), state);
}

void exhibit_put_words(struct exhibit *e, struct slice said, struct slice complained)
{
    struct buf *words = &holder_of(e)->words;

    buf_reset(words);
    buf_put(words, said);
    buf_put(words, complained);
    e->spawned = true;
    if (words->failed)
        return;
    e->said = slice_sub(buf_slice(words), 0, said.len);
    e->complained = slice_from(buf_slice(words), said.len);
}

void exhibit_free(struct exhibit *e)
{
    struct holder *h = holder_of(e);

    if (!h)
        return;
    buf_free(&h->words);
    free(h->acts);
    free(h->room);
    free(h);
}
