/*
 * MSGPROG over UDP: a datagram is a call, its reply is a datagram (RFC 5531 9). It goes back to
 * where the call came from, from the very address the call was sent to (RFC 1122 4.1.3.5).
 */
#include <errno.h>

#include "harness/net/route.h"
#include "reference/msgprog-own/server.h"
#include "reference/msgprog-own/service.h"
#include "reference/wire/call.h"

enum {
    DATAGRAM = 65536,  /* more than any datagram holds: none is ever cut */
    REPLY_MAX = 65507, /* what UDP carries over IPv4 (65535 less both headers) */
    DATAGRAMS_PER_TURN = 64,
};

/* RFC 5531 8.4.2: a call to everybody is answered by those who can serve it, the others are
   silent. */
static bool may_be_sent(const struct route *route, struct slice reply)
{
    struct words w = words_of(reply);

    if (!route->to_many)
        return true;
    words_u32(&w); /* xid */
    words_u32(&w); /* REPLY */
    uint32_t denied = words_u32(&w);
    words_u32(&w); /* verifier */
    words_opaque(&w, CALL_AUTH_MAX);
    return denied == REPLY_ACCEPTED && words_u32(&w) == ACCEPT_SUCCESS && !w.failed;
}

void datagram_ready(struct server *s, struct source *source)
{
    static uint8_t data[DATAGRAM];
    struct buf reply;

    buf_init(&reply, REPLY_MAX);
    for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
        struct route route;
        ssize_t n = route_receive(source->fd, true, data, sizeof(data), &route);

        /* An error here is an ICMP message about an earlier reply: reading it clears it. */
        if (n < 0) {
            if (errno == EAGAIN)
                break;
            continue;
        }
        buf_reset(&reply);
        /* Only the octets that came are looked at: what lies behind them is an older datagram.
           Nobody waits for a client that does not take its reply: datagrams may be lost. */
        if (service_answer(s->store, slice_of(data, (size_t)n), REPLY_MAX, &reply) &&
            !reply.failed && may_be_sent(&route, buf_slice(&reply)))
            route_send(source->fd, &route, buf_slice(&reply));
    }
    buf_free(&reply);
}
