/* The datagram engine of the twins of clients. */
#include "reference/twins-clients/datagram.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/deadline.h"

enum { WAIT_MS = 200, TRIES = 4, GROWTH = 200, LARGEST = 1 << 18 };

static void fail(struct datagram *s, enum trouble why)
{
    if (!s->fault->failed || !s->fault->failed(s, why))
        client_die(why);
}

bool datagram_next(struct datagram *s)
{
    buf_reset(&s->before);
    buf_put(&s->before, s->text);
    s->tries_before = s->tries;
    if (client_next(&s->c, -1) == INPUT_END)
        return false;
    s->text = buf_slice(&s->c.request);
    s->text.len -= s->text.data[s->text.len - 1] == '\n';
    s->tries = 0;
    return true;
}

void datagram_send(struct datagram *s)
{
    const struct address *to = s->fault->source == SOURCE_CONNECTED ? NULL : &s->server;

    s->tries++;
    buf_reset(&s->sent);
    if (s->fault->compose)
        s->fault->compose(s);
    else
        buf_put(&s->sent, s->text);
    struct net_io io = net_send_to(s->fd, buf_slice(&s->sent), to, deadline_in_ms(WAIT_MS));
    if (io.status == NET_REFUSED)
        fail(s, TROUBLE_NOBODY);
    else if (io.status != NET_OK && io.status != NET_TIMEOUT)
        client_fail("sending");
}

static bool is_from_server(const struct datagram *s, const struct address *from)
{
    struct address same = *from;

    switch (s->fault->source) {
    case SOURCE_CONNECTED:
        return true;
    case SOURCE_EXACT:
        return address_eq(from, &s->server);
    case SOURCE_ADDRESS:
        address_set_port(&same, address_port(&s->server));
        return address_eq(&same, &s->server);
    case SOURCE_PORT:
        return address_port(from) == address_port(&s->server);
    }
    return false;
}

bool datagram_receive(struct datagram *s, int64_t deadline_us)
{
    static uint8_t octets[LARGEST];
    size_t room = s->fault->buffer ? s->fault->buffer : LARGEST;

    do {
        int64_t until = s->fault->spins ? 0 : deadline_us;
        struct address from;
        struct net_io io = net_recv_from(s->fd, octets, room, &from, until);

        if (io.status == NET_REFUSED)
            fail(s, TROUBLE_NOBODY);
        if (io.status == NET_OK && is_from_server(s, &from)) {
            s->reply = slice_of(octets, size_min(io.len, room));
            s->reply_len = io.len;
            return true;
        }
    } while (!deadline_passed(deadline_us));
    return false;
}

bool datagram_is_echo(struct datagram *s)
{
    return s->reply.len == s->reply_len && slice_eq(s->reply, s->text);
}

/* Waits for the right reply; what is wrong is passed over and takes no time. */
static bool is_answered(struct datagram *s, int64_t deadline_us)
{
    while (datagram_receive(s, deadline_us)) {
        if (s->fault->accepts ? s->fault->accepts(s) : datagram_is_echo(s))
            return true;
        if (deadline_passed(deadline_us))
            break;
    }
    return false;
}

void datagram_show(struct datagram *s, struct slice octets)
{
    static struct buf line;

    buf_init(&line, CLIENT_LINE_MAX);
    buf_put(&line, octets);
    buf_put_byte(&line, '\n');
    client_show(&s->c, buf_slice(&line));
    buf_free(&line);
}

void datagram_exchange(struct datagram *s)
{
    unsigned tries = s->fault->tries ? s->fault->tries : TRIES;
    int64_t wait_ms = s->fault->wait_ms ? s->fault->wait_ms : WAIT_MS;

    for (;;) {
        if (s->tries == tries && !s->fault->for_ever) {
            fail(s, TROUBLE_SILENCE);
            return;
        }
        datagram_send(s);
        if (is_answered(s, s->fault->waits_on ? DEADLINE_NEVER : deadline_in_ms(wait_ms)))
            break;
        wait_ms = wait_ms * (s->fault->growth ? s->fault->growth : GROWTH) / 100;
    }
    if (s->fault->show)
        s->fault->show(s);
    else
        datagram_show(s, s->reply);
}

static void dial(struct datagram *s, const struct endpoint *at)
{
    struct net_dial_options options = {.unconnected = s->fault->source != SOURCE_CONNECTED};
    struct address own;
    struct problem why;
    size_t count = 0;

    if (!address_resolve(at, &s->server, 1, &count, &why))
        client_die(TROUBLE_NOBODY);
    if (s->fault->binds && !endpoint_is_unix(at)) {
        address_loopback(&own, address_family(&s->server), SOCK_DGRAM, 1, 0);
        options.bind_to = &own;
    }
    if (net_dial(&s->server, &options, deadline_in_ms(WAIT_MS), &s->fd).status != NET_OK)
        client_die(TROUBLE_NOBODY);
}

void datagram_run(const struct endpoint *at, const struct manners *manners,
                  const struct datagram_fault *fault)
{
    static struct datagram s;

    s.fault = fault;
    client_open(&s.c, manners);
    buf_init(&s.sent, CLIENT_LINE_MAX);
    buf_init(&s.before, CLIENT_LINE_MAX);
    dial(&s, at);
    if (fault->converse) {
        fault->converse(&s);
    } else {
        while (datagram_next(&s))
            datagram_exchange(&s);
    }
    close(s.fd);
}
