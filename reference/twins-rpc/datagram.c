/* Calls in datagrams: each is answered to where it came from, from the address it was sent to. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "reference/twins-rpc/server.h"

enum {
    REPLY_MAX = 65507, /* what UDP carries over IPv4 (65535 less both headers) */
    PER_TURN = 64,
    CONTROL = CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo)),
};

struct datagram {
    struct sockaddr_storage from;
    socklen_t from_len;
    /* At first where it was sent to, then where the reply comes from. */
    _Alignas(struct cmsghdr) uint8_t control[CONTROL];
    size_t control_len;
    bool to_all;
};

void datagram_prepare(int fd)
{
    int on = 1;

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

/* Turns the destination of the call into the source of the reply. A socket of both families tells
   an IPv4 destination in both forms; the one of IPv4 counts. */
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
    d->to_all = is_four && four.ipi_addr.s_addr != four.ipi_spec_dst.s_addr;
    four = (struct in_pktinfo){.ipi_spec_dst = is_four ? four.ipi_spec_dst : (struct in_addr){0}};
    if (is_four)
        reply_from(d, IPPROTO_IP, IP_PKTINFO, &four, sizeof(four));
    else if (is_six)
        reply_from(d, IPPROTO_IPV6, IPV6_PKTINFO, &six, sizeof(six));
}

static bool receive(int fd, struct datagram *d, void *data, size_t cap, size_t *ret_len)
{
    struct iovec part = {.iov_base = data, .iov_len = cap};
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
    d->control_len = 0;
    turn_round(d, &message);
    *ret_len = (size_t)n;
    return true;
}

static void emit(struct request *r, struct slice message)
{
    const struct datagram *d = r->way;
    struct iovec part = {.iov_base = (void *)(uintptr_t)message.data, .iov_len = message.len};
    struct msghdr header = {.msg_name = (void *)(uintptr_t)&d->from,
                            .msg_namelen = d->from_len,
                            .msg_iov = &part,
                            .msg_iovlen = 1};

    if (!r->server->fault->datagram.any_end && d->control_len > 0) {
        header.msg_control = (void *)(uintptr_t)d->control;
        header.msg_controllen = d->control_len;
    }
    if (sendmsg(r->fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        errno = 0; /* datagrams may be lost */
}

static void answer(struct server *s, const struct place *place, struct datagram *d, uint8_t *data,
                   size_t len)
{
    const struct datagram_fault *f = &s->fault->datagram;
    struct request r = {
        .server = s,
        .message = slice_of(data, len),
        .room = f->buffer ? f->buffer : SERVER_DATAGRAM,
        .datagram = true,
        .to_all = d->to_all,
        .memo = &s->memo,
        .netid = place->netid,
        .fd = place->source.fd,
        .way = d,
        .emit = emit,
        .reply_max = REPLY_MAX,
        .from = {.storage = d->from, .len = d->from_len, .socktype = SOCK_DGRAM},
    };

    request_answer(&r);
}

void datagram_ready(struct server *s, struct source *source)
{
    static uint8_t data[SERVER_DATAGRAM];
    const struct datagram_fault *f = &s->fault->datagram;

    for (int i = 0; i < PER_TURN && !s->stop; i++) {
        struct datagram d = {0};
        size_t len;

        /* An error here is an ICMP message about an earlier reply: reading it clears it. */
        if (!receive(source->fd, &d, data, f->buffer ? f->buffer : sizeof(data), &len)) {
            if (errno == EAGAIN)
                break;
            continue;
        }
        if (!f->came || f->came(s, slice_of(data, len)) == ACT_GO_ON)
            answer(s, (struct place *)source, &d, data, len);
    }
}
