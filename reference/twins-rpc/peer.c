/*
 * A client on a stream: records in, records out. Octets are read only when those before them have
 * been used, and used only as long as the client takes its replies.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reference/twins-rpc/server.h"

enum {
    RECORD_MAX = (16 << 20) + (1 << 16), /* a longer one ends its connection */
    QUEUE_HIGH = 1 << 18,                /* beyond it no further call is executed */
    QUEUE_MAX = 64 << 20,
    DISCARD_MAX = 16 << 20,
    KEPT = 1 << 16, /* memory that an idle client keeps */
};

static void drop(struct peer *p)
{
    struct server *s = p->server;
    bool stays = s->fault->stream.leave && s->fault->stream.leave(p);

    *p->link = p->next;
    if (p->next)
        p->next->link = p->link;
    if (stays)
        server_watch(s, EPOLL_CTL_DEL, &p->source, 0);
    else
        close(p->source.fd);
    buf_free(&p->record);
    buf_free(&p->out);
    free(p);
    s->open--;
    server_has_room(s);
}

/* ---- out ---- */

/* RFC 5531 11: a record may have any number of fragments, of any length. */
static void frame_in_pieces(struct peer *p, struct slice message, size_t most)
{
    const uint32_t last_bit = (uint32_t)1 << 31;

    for (size_t at = 0; at < message.len; at += most) {
        struct slice piece = slice_sub(message, at, most);
        uint32_t last = at + piece.len == message.len ? last_bit : 0;

        buf_put_u32(&p->out, 0);
        buf_put_u32(&p->out, last | (uint32_t)piece.len);
        buf_put(&p->out, piece);
    }
}

static void frame_whole(struct buf *out, struct slice message)
{
    size_t opened = record_open(out);

    buf_put(out, message);
    record_close(out, opened);
}

/* In front of those that wait, but not within one. */
static void frame_in_front(struct peer *p, struct slice message)
{
    struct buf out;

    buf_init(&out, QUEUE_MAX);
    frame_whole(&out, message);
    buf_put(&out, buf_slice(&p->out));
    buf_free(&p->out);
    p->out = out;
}

void peer_frame(struct peer *p, struct slice message)
{
    const struct stream_fault *f = &p->server->fault->stream;

    if (f->fragment_max > 0)
        frame_in_pieces(p, message, f->fragment_max);
    else if (f->backwards && !p->cut)
        frame_in_front(p, message);
    else
        frame_whole(&p->out, message);
}

static void emit(struct request *r, struct slice message)
{
    struct peer *p = r->way;

    peer_frame(p, message);
}

static ssize_t send_some(struct peer *p, struct slice octets)
{
    const struct stream_fault *f = &p->server->fault->stream;

    return f->send ? f->send(p, octets) : send(p->source.fd, octets.data, octets.len, MSG_NOSIGNAL);
}

/* Sends what is there to send. False where the client cannot be reached any more. */
static bool flush(struct peer *p)
{
    size_t sent = 0;

    while (sent < p->out.len) {
        ssize_t n = send_some(p, slice_from(buf_slice(&p->out), sent));

        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (n < 0)
            break;
        sent += (size_t)n;
    }
    buf_drop(&p->out, sent);
    p->cut = p->out.len > 0 && (p->cut || sent > 0);
    if (p->out.len == 0 && p->out.cap > KEPT)
        buf_free(&p->out);
    return true;
}

/* ---- in ---- */

enum act peer_answer(struct peer *p)
{
    struct request r = {
        .server = p->server,
        .message = buf_slice(&p->record),
        .room = p->record.len,
        .memo = &p->memo,
        .netid = p->place->netid,
        .fd = p->source.fd,
        .way = p,
        .emit = emit,
        .reply_max = RECORD_MAX,
        .from = {.socktype = SOCK_STREAM},
    };

    r.from.len = sizeof(r.from.storage);
    if (getpeername(r.fd, (struct sockaddr *)&r.from.storage, &r.from.len) != 0)
        r.from.len = 0;
    return request_answer(&r);
}

static void next_record(struct peer *p)
{
    if (p->record.cap > KEPT)
        buf_free(&p->record);
    buf_reset(&p->record);
    p->fragments = 0;
    p->last = false;
}

static enum act whole_record(struct peer *p)
{
    const struct stream_fault *f = &p->server->fault->stream;

    p->records++;
    enum act act = f->whole ? f->whole(p) : ACT_GO_ON;
    if (act == ACT_GO_ON)
        act = peer_answer(p);
    next_record(p);
    return act == ACT_DROP ? ACT_DROP : ACT_GO_ON;
}

static enum act header_came(struct peer *p)
{
    const struct stream_fault *f = &p->server->fault->stream;
    struct words w = words_of(slice_of(p->mark, RECORD_MARK));
    uint32_t mark = words_u32(&w);

    p->last = mark & RECORD_LAST;
    p->left = mark & ~RECORD_LAST;
    p->fragments++;
    enum act act = f->header ? f->header(p) : ACT_GO_ON;
    if (act == ACT_GO_ON && p->left > RECORD_MAX - p->record.len)
        p->over = p->lingers = true;
    return act;
}

static enum act fragment_came(struct peer *p)
{
    const struct stream_fault *f = &p->server->fault->stream;

    p->mark_len = 0;
    if (p->last)
        return whole_record(p);
    return f->fragment ? f->fragment(p) : ACT_GO_ON;
}

/* Uses octets up to the end of a header or of a fragment. */
static enum act use_some(struct peer *p)
{
    if (p->mark_len < RECORD_MARK) {
        p->mark[p->mark_len++] = p->chunk[p->begin++];
        enum act act = p->mark_len == RECORD_MARK ? header_came(p) : ACT_GO_ON;
        if (act != ACT_GO_ON || p->mark_len < RECORD_MARK || p->left > 0 || p->over)
            return act;
    } else {
        size_t n = size_min(p->left, p->end - p->begin);

        buf_put(&p->record, slice_of(p->chunk + p->begin, n));
        p->begin += n;
        p->left -= (uint32_t)n;
    }
    return p->left == 0 ? fragment_came(p) : ACT_GO_ON;
}

static bool use_chunk(struct peer *p)
{
    enum act act = ACT_GO_ON;

    while (act != ACT_DROP && p->begin < p->end && p->out.len < QUEUE_HIGH && !p->lingers)
        act = use_some(p);
    if (p->lingers)
        p->begin = p->end;
    return act != ACT_DROP && !p->out.failed && !p->record.failed;
}

static bool wants_octets(const struct peer *p)
{
    return p->begin == p->end && (!p->over || p->lingers) && p->out.len < QUEUE_HIGH;
}

static enum act receive(struct peer *p)
{
    const struct stream_fault *f = &p->server->fault->stream;
    ssize_t n = recv(p->source.fd, p->chunk, sizeof(p->chunk), 0);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? ACT_GO_ON : ACT_DROP;
    p->begin = 0;
    p->end = (size_t)n;
    if (p->lingers)
        p->discarded += (size_t)n;
    if (n == 0) {
        p->over = true;
        p->lingers = false;
        return f->ended ? f->ended(p) : ACT_GO_ON;
    }
    enum act act = f->received ? f->received(p) : ACT_GO_ON;
    p->records = 0;
    return act;
}

/* close(2) with octets unread would send RST, which may destroy replies on their way; so FIN goes
   first, and what still comes is thrown away, up to a bound. */
static bool say_goodbye(struct peer *p)
{
    if (p->lingers && p->out.len == 0 && !p->fin_sent) {
        shutdown(p->source.fd, SHUT_WR);
        p->fin_sent = true;
    }
    return p->discarded <= DISCARD_MAX;
}

static void watch_on(struct peer *p)
{
    uint32_t events = 0;

    if (p->out.len > 0 || p->begin < p->end)
        events |= EPOLLOUT;
    if (wants_octets(p))
        events |= EPOLLIN;
    if (events != p->watched && server_watch(p->server, EPOLL_CTL_MOD, &p->source, events))
        p->watched = events;
}

static void peer_ready(struct server *s UNUSED, struct source *source)
{
    struct peer *p = (struct peer *)source;
    enum act act = flush(p) ? ACT_GO_ON : ACT_DROP;

    if (act == ACT_GO_ON && wants_octets(p))
        act = receive(p);
    bool alive = act != ACT_DROP && use_chunk(p) && flush(p) && say_goodbye(p);
    if (!alive || (p->over && !p->lingers && p->begin == p->end && p->out.len == 0))
        drop(p);
    else
        watch_on(p);
}

void peer_welcome(struct server *s, const struct place *place, int fd)
{
    struct peer *p = calloc(1, sizeof(*p));

    if (!p) {
        close(fd);
        return;
    }
    p->source = (struct source){.fd = fd, .ready = peer_ready};
    p->server = s;
    p->place = place;
    p->watched = EPOLLIN;
    p->next = s->peers;
    p->link = &s->peers;
    if (p->next)
        p->next->link = &p->next;
    s->peers = p;
    s->open++;
    buf_init(&p->record, RECORD_MAX);
    buf_init(&p->out, QUEUE_MAX);
    net_no_delay(fd);
    if (!server_watch(s, EPOLL_CTL_ADD, &p->source, EPOLLIN))
        drop(p);
}

void peers_end(struct server *s)
{
    struct peer *next;

    for (struct peer *p = s->peers; p; p = next) {
        next = p->next;
        drop(p);
    }
}
