/*
 * A client on a stream: records in, records out.
 *
 * Octets are read only when those before them have been used, and used only as long as the client
 * takes its replies. So a client that does not read makes itself wait, by TCP's own flow control,
 * and costs one chunk, one record and one bounded queue of replies, and nobody else anything.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reference/msgprog-own/server.h"
#include "reference/msgprog-own/service.h"
#include "reference/wire/record.h"

enum {
    CHUNK = 16384,
    QUEUE_HIGH = 1 << 18,   /* replies that wait: beyond it no further call is executed */
    QUEUE_KEPT = 1 << 16,   /* memory that an idle client keeps */
    DISCARD_MAX = 16 << 20, /* octets behind a refused record that are read and thrown away */
    REPLY_MAX = STORE_MESSAGE_MAX + 64,
};

struct peer {
    struct source source;
    struct peer *next;
    struct peer **link; /* what points to this one: the list's head or another's next */
    struct record record;
    struct buf out;    /* replies that are not sent yet */
    bool ended;        /* the client sends no more */
    bool refused;      /* a record was over the limit: no more is read into records */
    bool said_goodbye; /* our FIN is out */
    size_t discarded;
    uint32_t watched;
    size_t begin; /* chunk[begin .. end) is not used yet */
    size_t end;
    uint8_t chunk[CHUNK];
};

static void drop(struct server *s, struct peer *p)
{
    *p->link = p->next;
    if (p->next)
        p->next->link = p->link;
    close(p->source.fd);
    record_free(&p->record);
    buf_free(&p->out);
    free(p);
    server_has_room(s);
}

/* Sends what is there to send. False where the client cannot be reached any more. */
static bool flush(struct peer *p)
{
    size_t sent = 0;

    while (sent < p->out.len) {
        ssize_t n = send(p->source.fd, p->out.data + sent, p->out.len - sent, MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (n < 0)
            break;
        sent += (size_t)n;
    }
    buf_drop(&p->out, sent);
    if (p->out.len == 0 && p->out.cap > QUEUE_KEPT)
        buf_free(&p->out);
    return true;
}

/* Executes the call of one whole record, and queues its reply where it gets one. */
static void answer(const struct server *s, struct peer *p)
{
    size_t opened = record_open(&p->out);

    if (service_answer(s->store, buf_slice(&p->record.message), REPLY_MAX, &p->out))
        record_close(&p->out, opened);
    else if (!p->out.failed)
        p->out.len = opened;
    record_next(&p->record);
}

/* Uses the chunk as far as the queue of replies allows. False where there is no memory. */
static bool use_chunk(const struct server *s, struct peer *p)
{
    while (p->begin < p->end && p->out.len < QUEUE_HIGH && !p->refused) {
        p->begin += record_feed(&p->record, slice_of(p->chunk + p->begin, p->end - p->begin));
        if (p->record.state == RECORD_WHOLE)
            answer(s, p);
        else if (p->record.state == RECORD_REFUSED)
            p->refused = true;
    }
    if (p->refused)
        p->begin = p->end;
    return !p->out.failed;
}

/*
 * A record over the limit is refused by the end of the connection, behind the replies to what came
 * before it. close(2) with octets unread would send RST, which may destroy those replies on their
 * way; so we say FIN first and throw away what still comes, up to a bound.
 */
static bool say_goodbye(struct peer *p)
{
    if (p->refused && p->out.len == 0 && !p->said_goodbye) {
        shutdown(p->source.fd, SHUT_WR);
        p->said_goodbye = true;
    }
    return p->discarded <= DISCARD_MAX;
}

static bool wants_octets(const struct peer *p)
{
    return p->begin == p->end && !p->ended && p->out.len < QUEUE_HIGH;
}

/* Reads once. False where the connection is gone; its orderly end only sets `ended`. */
static bool receive(struct peer *p)
{
    ssize_t n = recv(p->source.fd, p->chunk, sizeof(p->chunk), 0);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    p->ended = n == 0;
    p->begin = 0;
    p->end = (size_t)n;
    if (p->refused)
        p->discarded += (size_t)n;
    return true;
}

/* A chunk that waits for room in the queue goes on at once where the client can be written to. */
static void watch_on(struct server *s, struct peer *p)
{
    uint32_t events = 0;

    if (p->out.len > 0 || p->begin < p->end)
        events |= EPOLLOUT;
    if (wants_octets(p))
        events |= EPOLLIN;
    if (events != p->watched && server_watch(s, EPOLL_CTL_MOD, &p->source, events))
        p->watched = events;
}

static void peer_ready(struct server *s, struct source *source)
{
    struct peer *p = (struct peer *)source;
    bool alive = flush(p);

    if (alive && wants_octets(p))
        alive = receive(p);
    alive = alive && use_chunk(s, p) && flush(p) && say_goodbye(p);
    /* After the client's end of file everything is answered and sent; close says so with FIN. An
       incomplete record is forgotten with it. */
    if (!alive || (p->ended && p->begin == p->end && p->out.len == 0))
        drop(s, p);
    else
        watch_on(s, p);
}

void peer_welcome(struct server *s, int fd)
{
    struct peer *p = malloc(sizeof(*p));

    if (!p) {
        close(fd);
        return;
    }
    *p = (struct peer){.source = {.fd = fd, .ready = peer_ready}, .watched = EPOLLIN};
    p->next = s->peers;
    p->link = &s->peers;
    if (p->next)
        p->next->link = &p->next;
    s->peers = p;
    record_init(&p->record, s->record_max);
    buf_init(&p->out, QUEUE_HIGH + (size_t)REPLY_MAX);
    net_no_delay(fd); /* a reply goes out at once and does not wait for the next one */
    if (!server_watch(s, EPOLL_CTL_ADD, &p->source, EPOLLIN))
        drop(s, p);
}

void peers_end(struct server *s)
{
    while (s->peers)
        drop(s, s->peers);
}
