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

/* Room for what a socket tells that takes both families: the destination in both forms. */
enum { CONTROL = CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo)) };

struct datagram {
    struct sockaddr_storage from;
    socklen_t from_len;
    /* At first where it was sent to, then where the reply comes from. */
    _Alignas(struct cmsghdr) uint8_t control[CONTROL];
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

static void reply_from(struct datagram *d, int level, int type, const void *info, size_t len)
{
    struct cmsghdr header = {.cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type};

    memcpy(d->control, &header, sizeof(header));
    memcpy(d->control + CMSG_LEN(0), info, len);
    d->control_len = CMSG_SPACE(len);
}

/* For IPv4 the kernel tells beside the destination the address of ours that it belongs to, which
   differs where the call went to a broadcast or multicast address. */
static void reply_from_ipv4(struct datagram *d, const struct in_pktinfo *called)
{
    struct in_pktinfo info = {.ipi_spec_dst = called->ipi_spec_dst};

    d->to_many = called->ipi_addr.s_addr != called->ipi_spec_dst.s_addr;
    reply_from(d, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

static void reply_from_ipv6(struct datagram *d, const struct in6_pktinfo *called)
{
    d->to_many = IN6_IS_ADDR_MULTICAST(&called->ipi6_addr);
    if (d->to_many)
        d->control_len = 0; /* no source address: the kernel chooses */
    else
        reply_from(d, IPPROTO_IPV6, IPV6_PKTINFO, called, sizeof(*called));
}

/* Turns the destination of the call into the source of the reply. A socket of both families tells
   an IPv4 destination in both forms; the one of IPv4 says more. */
static void turn_round(struct datagram *d, struct msghdr *message)
{
    struct in_pktinfo four;
    struct in6_pktinfo six;
    bool is_four = false;
    bool is_six = false;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            memcpy(&four, CMSG_DATA(c), sizeof(four));
            is_four = true;
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            memcpy(&six, CMSG_DATA(c), sizeof(six));
            is_six = true;
        }
    }
    if (is_four)
        reply_from_ipv4(d, &four);
    else if (is_six)
        reply_from_ipv6(d, &six);
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
    turn_round(d, &message);
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
