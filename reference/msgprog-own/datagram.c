/*
 * MSGPROG over UDP: a datagram is a call, its reply is a datagram (RFC 5531 9). It goes back to
 * where the call came from, from the very address the call was sent to (RFC 1122 4.1.3.5).
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "reference/msgprog-own/server.h"
#include "reference/msgprog-own/service.h"
#include "reference/wire/call.h"

enum {
    DATAGRAM = 65536,  /* more than any datagram holds: none is ever cut */
    REPLY_MAX = 65507, /* what UDP carries over IPv4 (65535 less both headers) */
    DATAGRAMS_PER_TURN = 64,
};

struct datagram {
    struct sockaddr_storage from;
    socklen_t from_len;
    /* At first where it was sent to, then where the reply comes from. */
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
    size_t control_len; /* 0: the kernel chooses */
    bool to_many;       /* sent to a broadcast or multicast address */
};

void datagram_prepare(int fd)
{
    int on = 1;

    /* Each succeeds on its own family, and on both where an IPv6 socket takes IPv4 as well. */
    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
}

/* Turns the destination of the call into the source of the reply. A broadcast or multicast address
   is no source: there the kernel chooses, for IPv4 by the spec_dst that it gave. */
static void turn_round(struct datagram *d)
{
    struct cmsghdr header;
    struct in_pktinfo info4;
    struct in6_pktinfo info6;

    if (d->control_len < CMSG_LEN(sizeof(info4)))
        return;
    memcpy(&header, d->control, sizeof(header));
    if (header.cmsg_level == IPPROTO_IP && header.cmsg_type == IP_PKTINFO) {
        memcpy(&info4, d->control + CMSG_LEN(0), sizeof(info4));
        d->to_many = info4.ipi_addr.s_addr != info4.ipi_spec_dst.s_addr;
        info4.ipi_ifindex = 0;
        memcpy(d->control + CMSG_LEN(0), &info4, sizeof(info4));
    } else if (header.cmsg_level == IPPROTO_IPV6 && d->control_len >= CMSG_LEN(sizeof(info6))) {
        memcpy(&info6, d->control + CMSG_LEN(0), sizeof(info6));
        d->to_many = IN6_IS_ADDR_MULTICAST(&info6.ipi6_addr);
        if (d->to_many)
            d->control_len = 0;
    }
}

static bool receive(int fd, struct datagram *d, void *data, size_t *ret_len)
{
    struct iovec part = {.iov_base = data, .iov_len = DATAGRAM};
    struct msghdr message = {.msg_name = &d->from,
                             .msg_namelen = sizeof(d->from),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = d->control,
                             .msg_controllen = sizeof(d->control)};
    ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);

    if (n < 0)
        return false;
    d->from_len = message.msg_namelen;
    d->control_len = message.msg_controllen;
    turn_round(d);
    *ret_len = (size_t)n;
    return true;
}

/* Nobody waits for a client that does not take its reply: datagrams may be lost. */
static ssize_t send_back(int fd, struct datagram *d, const struct buf *reply)
{
    struct iovec part = {.iov_base = reply->data, .iov_len = reply->len};
    struct msghdr message = {.msg_name = &d->from,
                             .msg_namelen = d->from_len,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = d->control_len > 0 ? d->control : NULL,
                             .msg_controllen = d->control_len};

    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* RFC 5531 8.4.2: a call to everybody is answered by those who can serve it, the others are
   silent. */
static bool may_be_sent(const struct datagram *d, struct slice reply)
{
    struct words w = words_of(reply);

    if (!d->to_many)
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
        struct datagram d = {0};
        size_t len;

        /* An error here is an ICMP message about an earlier reply: reading it clears it. */
        if (!receive(source->fd, &d, data, &len)) {
            if (errno == EAGAIN)
                break;
            continue;
        }
        buf_reset(&reply);
        /* Only the octets that came are looked at: what lies behind them is an older datagram. */
        if (service_answer(s->store, slice_of(data, len), REPLY_MAX, &reply) && !reply.failed &&
            may_be_sent(&d, buf_slice(&reply)))
            send_back(source->fd, &d, &reply);
    }
    buf_free(&reply);
}
