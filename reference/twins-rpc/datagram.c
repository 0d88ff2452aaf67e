/* Calls in datagrams: each is answered to where it came from, from the address it was sent to. */
#include <errno.h>

#include "harness/net/route.h"
#include "reference/twins-rpc/server.h"

enum {
    REPLY_MAX = 65507, /* what UDP carries over IPv4 (65535 less both headers) */
    PER_TURN = 64,
};

/* Replies that wait for the end of the turn. */
static struct waiting {
    struct route route;
    struct buf message;
} waiting[PER_TURN];
static unsigned waiting_count;

static void put_off(const struct request *r, struct slice message)
{
    struct waiting *w = &waiting[waiting_count++];

    w->route = *(const struct route *)r->way;
    buf_init(&w->message, REPLY_MAX);
    buf_put(&w->message, message);
}

static void send_waiting(int fd)
{
    while (waiting_count > 0) {
        struct waiting *w = &waiting[--waiting_count];

        if (!w->message.failed && route_send(fd, &w->route, buf_slice(&w->message)) < 0)
            errno = 0; /* datagrams may be lost */
        buf_free(&w->message);
    }
}

static void emit(struct request *r, struct slice message)
{
    if (r->server->fault->datagram.backwards && waiting_count < PER_TURN) {
        put_off(r, message);
        return;
    }
    struct route route = *(const struct route *)r->way;

    if (r->server->fault->datagram.any_end)
        route.source_len = 0;
    if (route_send(r->fd, &route, message) < 0)
        errno = 0; /* datagrams may be lost */
}

static void answer(struct server *s, const struct place *place, struct route *route,
                   struct slice came)
{
    const struct datagram_fault *f = &s->fault->datagram;
    struct request r = {
        .server = s,
        .message = came,
        .room = f->buffer ? f->buffer : SERVER_DATAGRAM,
        .datagram = true,
        .to_all = route->to_many,
        .memo = &s->memo,
        .netid = place->netid,
        .fd = place->source.fd,
        .way = route,
        .emit = emit,
        .reply_max = REPLY_MAX,
        .from = route->peer,
    };

    request_answer(&r);
}

void datagram_ready(struct server *s, struct source *source)
{
    static uint8_t data[SERVER_DATAGRAM];
    const struct datagram_fault *f = &s->fault->datagram;

    for (int i = 0; i < PER_TURN && !s->stop; i++) {
        struct route route;
        ssize_t n =
            route_receive(source->fd, true, data, f->buffer ? f->buffer : sizeof(data), &route);

        /* An error here is an ICMP message about an earlier reply: reading it clears it. */
        if (n < 0) {
            if (errno == EAGAIN)
                break;
            continue;
        }
        struct slice came = slice_of(data, (size_t)n);
        if (!f->came || f->came(s, came) == ACT_GO_ON)
            answer(s, (struct place *)source, &route, came);
    }
    send_waiting(source->fd);
}
