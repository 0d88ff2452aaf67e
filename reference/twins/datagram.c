/* The datagram engine of the twins. */
#include "reference/twins/datagram.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "harness/base/deadline.h"

enum { ROOM_MS = 10 };

static struct datagram items[DATAGRAM_BATCH];

static bool ask_for_facts(const struct datagram_server *s)
{
    int fd = s->run->listener;
    int on = 1;

    if (s->inet && !s->fault->no_destination && !route_prepare(fd))
        return false;
    return !s->fault->takes_errors || setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)) == 0;
}

static bool receive(const struct datagram_server *s, struct datagram *d)
{
    ssize_t n = route_receive(s->run->listener, s->inet, d->data, DATAGRAM_MAX, &d->route);

    if (n < 0)
        return false;
    d->len = (size_t)n;
    d->done = false;
    return true;
}

/* Whom nobody can answer, and who would answer for ever: see the reference. */
static bool may_be_answered(const struct datagram_server *s, const struct address *peer)
{
    static const uint16_t small_services[] = {7, 13, 17, 19, 37};
    uint16_t port = address_port(peer);

    if (s->fault->answers_anybody)
        return true;
    if (address_family(peer) == AF_UNIX)
        return peer->len > sizeof(sa_family_t);
    for (size_t i = 0; i < ARRAY_LEN(small_services); i++) {
        if (port == small_services[i])
            return false;
    }
    return port != 0 && !(port == s->port && address_is_loopback(peer));
}

static bool room(const struct datagram_server *s, int fd)
{
    struct pollfd writable = {.fd = fd, .events = POLLOUT};

    if (s->fault->waits_for_room) {
        deadline_wait(deadline_in_ms(ROOM_MS));
        return !run_stopped(s->run);
    }
    return s->inet && poll(&writable, 1, ROOM_MS) > 0;
}

void datagram_answer_from(struct datagram_server *s, int fd, struct datagram *d, struct slice body)
{
    static uint8_t octets[3 * DATAGRAM_MAX];
    struct slice answer = slice_of(octets, s->run->prefix.len + body.len);
    ssize_t n;

    if (s->run->prefix.len > 0)
        memcpy(octets, s->run->prefix.data, s->run->prefix.len);
    if (body.len > 0)
        memcpy(octets + s->run->prefix.len, body.data, body.len);
    do {
        n = route_send(fd, &d->route, answer);
        /* An error of an earlier answer is reported here, once, in place of sending. */
        if (n < 0 && errno == ECONNREFUSED && s->fault->takes_errors)
            n = route_send(fd, &d->route, answer);
    } while (n < 0 && errno == EAGAIN && room(s, fd));
    if (n < 0 && s->fault->failed)
        s->fault->failed(s, errno, true);
}

void datagram_answer(struct datagram_server *s, struct datagram *d, struct slice body)
{
    datagram_answer_from(s, s->run->listener, d, body);
}

static void fail_to_receive(struct datagram_server *s, int error)
{
    uint8_t octets[512];

    if (s->fault->failed)
        s->fault->failed(s, error, false);
    while (s->fault->takes_errors && !s->fault->leaves_errors &&
           recv(s->run->listener, octets, sizeof(octets), MSG_ERRQUEUE | MSG_DONTWAIT) >= 0)
        continue;
}

static void take(struct datagram_server *s)
{
    size_t batch = s->fault->batch ? s->fault->batch : 1;

    for (s->count = 0; s->count < batch && receive(s, &s->items[s->count]);)
        s->count++;
    if (s->count == 0 && errno != EAGAIN)
        fail_to_receive(s, errno);
    for (size_t i = 0; i < s->count; i++) {
        struct datagram *d = &s->items[i];

        if (d->done || s->mute || !may_be_answered(s, &d->route.peer))
            continue;
        if (s->fault->answer)
            s->fault->answer(s, d);
        else
            datagram_answer(s, d, slice_of(d->data, d->len));
    }
    if (s->fault->turn)
        s->fault->turn(s);
}

bool datagram_serve(const struct run *run, const struct datagram_fault *fault)
{
    struct datagram_server s = {.run = run, .fault = fault, .items = items};
    struct pollfd fds[] = {{.fd = run->listener, .events = POLLIN},
                           {.fd = run->stop, .events = POLLIN}};
    struct address local;

    if (!net_local(run->listener, SOCK_DGRAM, &local))
        return false;
    s.inet = address_family(&local) != AF_UNIX;
    s.port = address_port(&local);
    if (!ask_for_facts(&s))
        return false;
    for (;;) {
        int n = poll(fds, ARRAY_LEN(fds), 0);

        if (n == 0) {
            s.in_a_row = 0;
            n = poll(fds, ARRAY_LEN(fds), -1);
            if (fault->turn_ms)
                deadline_wait(deadline_in_ms(fault->turn_ms));
        }
        if (n < 0 && errno != EINTR)
            return false;
        if (fds[1].revents)
            return true;
        s.in_a_row++;
        take(&s);
    }
}
