/*
 * The engine of the twins for Unix seqpacket sockets, and its twins. A client that does not read is
 * waited for in the reference's way: its record is kept, and nothing is read from it meanwhile.
 */
#include "reference/twins/record.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reference/twins/twin.h"

enum { RECORD = 1 << 18, CLIENTS = 1024, RETRY_MS = 100 };

struct record {
    uint8_t *octets; /* what is not sent yet, or NULL */
    size_t len;
    size_t at;
};

struct record_server {
    const struct run *run;
    const struct record_fault *fault;
    struct pollfd fds[CLIENTS + 2]; /* the stop descriptor, the listener, the clients */
    struct record kept[CLIENTS + 2];
    nfds_t count;
    bool full;
};

static void drop(struct record_server *s, nfds_t i)
{
    close(s->fds[i].fd);
    free(s->kept[i].octets);
    s->count--;
    s->fds[i] = s->fds[s->count];
    s->kept[i] = s->kept[s->count];
    s->full = false;
}

static void accept_one(struct record_server *s)
{
    int on = 1;
    int fd = accept4(s->run->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        s->full = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        return;
    }
    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
    s->fds[s->count] = (struct pollfd){.fd = fd, .events = POLLIN};
    s->kept[s->count] = (struct record){0};
    s->count++;
    s->full = s->count == CLIENTS + 2;
}

/* The length of a record, or -1 at the end of the client. */
static ssize_t receive(const struct record_server *s, int fd, void *record, size_t cap)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec part = {.iov_base = record, .iov_len = cap};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);

    /* The end of the file comes without the credentials that every record has. */
    if (n == 0 && (s->fault->ends_at_empty || message.msg_controllen == 0))
        return -1;
    return message.msg_flags & MSG_TRUNC && !s->fault->cuts ? -1 : n;
}

enum sent { SENT_ALL, SENT_IN_PART, SENT_FAILED };

/* Sends what is there to send, as far as the client has room for it. */
static enum sent send_on(const struct record_server *s, int fd, const uint8_t *octets,
                         struct record *r)
{
    size_t piece = s->fault->piece ? s->fault->piece : RECORD;

    do {
        size_t len = size_min(piece, r->len - r->at);

        if (send(fd, octets + r->at, len, MSG_NOSIGNAL) < 0)
            return errno == EAGAIN ? SENT_IN_PART : SENT_FAILED;
        r->at += len;
    } while (r->at < r->len);
    free(r->octets);
    *r = (struct record){0};
    return SENT_ALL;
}

static bool keep(struct record *r, const uint8_t *octets)
{
    r->octets = malloc(r->len ? r->len : 1);
    if (r->octets)
        memcpy(r->octets, octets, r->len);
    return r->octets != NULL;
}

/* Answers one record. False at the end of the client. */
static bool answer(const struct record_server *s, int fd, struct record *r)
{
    static uint8_t octets[RECORD];
    struct slice prefix = s->run->prefix;
    size_t cap = s->fault->buffer ? s->fault->buffer : sizeof(octets);

    if (prefix.len > 0)
        memcpy(octets, prefix.data, prefix.len);
    ssize_t n = receive(s, fd, octets + prefix.len, cap - prefix.len);
    if (n < 0)
        return false;
    *r = (struct record){.len = prefix.len + (size_t)n};
    enum sent sent = send_on(s, fd, octets, r);
    return sent == SENT_ALL || (sent == SENT_IN_PART && keep(r, octets));
}

static bool attend(struct record_server *s, nfds_t i)
{
    struct record *r = &s->kept[i];
    int fd = s->fds[i].fd;

    if (r->octets ? send_on(s, fd, r->octets, r) == SENT_FAILED : !answer(s, fd, r))
        return false;
    s->fds[i].events = r->octets ? POLLOUT : POLLIN;
    return true;
}

bool record_serve(const struct run *run, const struct record_fault *fault)
{
    static struct record_server s;

    s = (struct record_server){.run = run, .fault = fault, .count = 2};
    s.fds[0] = (struct pollfd){.fd = run->stop, .events = POLLIN};
    for (;;) {
        s.fds[1] = (struct pollfd){.fd = s.full ? -1 : run->listener, .events = POLLIN};
        int n = poll(s.fds, s.count, s.full ? RETRY_MS : -1);
        if (n < 0 && errno != EINTR)
            return false;
        if (n == 0)
            s.full = s.count == CLIENTS + 2;
        if (n > 0 && s.fds[0].revents)
            return true;
        for (nfds_t i = s.count; n > 0 && i-- > 2;) {
            if (s.fds[i].revents && !attend(&s, i))
                drop(&s, i);
        }
        if (n > 0 && !s.full && s.fds[1].revents)
            accept_one(&s);
    }
}

static const struct twin twins[] = {
    {
        .name = "seqpacket-sent-by-2-kib",
        .check = "unix.seqpacket.boundaries",
        .transport = "unix-seqpacket",
        .what = "sends a record of more than 2048 octets as several",
        .record = {.piece = 2048},
    },
    {
        .name = "seqpacket-empty-is-end",
        .check = "unix.seqpacket.zero-length-record",
        .transport = "unix-seqpacket",
        .what = "takes an empty record for the end of the file",
        .record = {.ends_at_empty = true},
    },
    {
        .name = "seqpacket-cut",
        .check = "unix.seqpacket.oversize",
        .transport = "unix-seqpacket",
        .what = "answers the first 65536 octets of a larger record as if they were all",
        .record = {.buffer = 65536, .cuts = true},
    },
};

TWINS(record);
