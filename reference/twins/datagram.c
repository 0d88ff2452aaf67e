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

    if (s->inet && !s->fault->no_destination) {
        setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
        setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
    }
    return !s->fault->takes_errors || setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)) == 0;
}

/* Turns the destination of a request into the source of its answer, as the reference does. */
static void turn_round(struct datagram *d)
{
    struct cmsghdr header;
    struct in_pktinfo info;

    d->to_all = false;
    if (d->control_len < CMSG_LEN(sizeof(info)))
        return;
    memcpy(&header, d->control, sizeof(header));
    if (header.cmsg_level != IPPROTO_IP || header.cmsg_type != IP_PKTINFO)
        return;
    memcpy(&info, d->control + CMSG_LEN(0), sizeof(info));
    d->to_all = info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr;
    struct in_pktinfo answer = {.ipi_spec_dst = info.ipi_spec_dst};
    memcpy(d->control + CMSG_LEN(0), &answer, sizeof(answer));
}

static bool receive(const struct datagram_server *s, struct datagram *d)
{
    bool inet = s->inet && !s->fault->no_destination;
    struct iovec part = {.iov_base = d->data, .iov_len = DATAGRAM_MAX};
    struct msghdr message = {.msg_name = &d->from.storage,
                             .msg_namelen = sizeof(d->from.storage),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = inet ? d->control : NULL,
                             .msg_controllen = inet ? sizeof(d->control) : 0};
    ssize_t n = recvmsg(s->run->listener, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

    if (n < 0)
        return false;
    d->len = (size_t)n;
    d->done = false;
    d->from.len = message.msg_namelen;
    d->from.socktype = SOCK_DGRAM;
    d->control_len = message.msg_controllen;
    turn_round(d);
    return true;
}

/* Whom nobody can answer, and who would answer for ever: see the reference. */
static bool may_be_answered(const struct datagram_server *s, const struct datagram *d)
{
    static const uint16_t small_services[] = {7, 13, 17, 19, 37};
    uint16_t port = address_port(&d->from);

    if (s->fault->answers_anybody)
        return true;
    if (address_family(&d->from) == AF_UNIX)
        return d->from.len > sizeof(sa_family_t);
    for (size_t i = 0; i < ARRAY_LEN(small_services); i++) {
        if (port == small_services[i])
            return false;
    }
    return port != 0 && !(port == s->port && address_is_loopback(&d->from));
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
    struct iovec part = {.iov_base = octets, .iov_len = s->run->prefix.len + body.len};
    struct msghdr message = {.msg_name = &d->from.storage,
                             .msg_namelen = d->from.len,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = d->control_len ? d->control : NULL,
                             .msg_controllen = d->control_len};
    ssize_t n;

    if (s->run->prefix.len > 0)
        memcpy(octets, s->run->prefix.data, s->run->prefix.len);
    if (body.len > 0)
        memcpy(octets + s->run->prefix.len, body.data, body.len);
    do {
        n = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        /* An error of an earlier answer is reported here, once, in place of sending. */
        if (n < 0 && errno == ECONNREFUSED && s->fault->takes_errors)
            n = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
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

        if (d->done || s->mute || !may_be_answered(s, d))
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
