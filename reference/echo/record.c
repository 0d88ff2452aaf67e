/*
 * Echo over Unix seqpacket sockets: a connection that keeps the borders of its records.
 *
 * An empty record and the end of file both read as zero octets. They are told apart by their
 * credentials: with SO_PASSCRED every record carries those of its sender, and the end of file
 * carries none (unix(7)). The control buffer has room for them alone, so descriptors that a client
 * attaches are closed by the kernel and never become ours.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reference/echo/echo.h"

enum { RECORD = 1 << 18, CLIENTS = 16384, ACCEPTS_PER_TURN = 64, RETRY_MS = 100 };

struct client {
    uint8_t *record; /* what is not sent yet, or NULL */
    size_t len;
};

struct server {
    const struct echo *echo;
    struct pollfd fds[CLIENTS + 2]; /* the stop descriptor, the listener, the clients */
    struct client clients[CLIENTS + 2];
    nfds_t count;
    bool full;
};

static void drop(struct server *s, nfds_t i)
{
    close(s->fds[i].fd);
    free(s->clients[i].record);
    s->count--;
    s->fds[i] = s->fds[s->count];
    s->clients[i] = s->clients[s->count];
    s->full = false;
}

static void welcome(struct server *s, int fd)
{
    int on = 1;

    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
    s->fds[s->count] = (struct pollfd){.fd = fd, .events = POLLIN};
    s->clients[s->count] = (struct client){0};
    s->count++;
    s->full = s->count == CLIENTS + 2;
}

/* With many clients a turn is long: as many as wait are taken in one. */
static void accept_some(struct server *s)
{
    for (int i = 0; i < ACCEPTS_PER_TURN && !s->full; i++) {
        int fd = accept4(s->echo->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0)
            welcome(s, fd);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            s->full = true;
        else if (errno == EAGAIN)
            return;
    }
}

/* Receives one record into the server's own buffer. Its length, or -1 at the end of the client. */
static ssize_t receive(int fd, void *record, size_t cap)
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

    if (n == 0 && message.msg_controllen == 0)
        return -1;
    return message.msg_flags & MSG_TRUNC ? -1 : n; /* too large a record ends the conversation */
}

/* Sends a record, or keeps it for later where the client's queue is full. */
static bool answer(struct client *c, int fd, const uint8_t *record, size_t len)
{
    if (send(fd, record, len, MSG_NOSIGNAL) >= 0)
        return true;
    if (errno != EAGAIN)
        return false;
    c->record = malloc(len ? len : 1);
    c->len = len;
    if (c->record)
        memcpy(c->record, record, len);
    return c->record != NULL;
}

static bool attend(struct server *s, nfds_t i)
{
    static uint8_t record[RECORD];
    struct slice prefix = s->echo->prefix;
    struct client *c = &s->clients[i];
    int fd = s->fds[i].fd;

    if (c->record) {
        if (send(fd, c->record, c->len, MSG_NOSIGNAL) < 0)
            return errno == EAGAIN;
        free(c->record);
        *c = (struct client){0};
    } else {
        if (prefix.len > 0)
            memcpy(record, prefix.data, prefix.len);
        ssize_t n = receive(fd, record + prefix.len, sizeof(record) - prefix.len);
        if (n < 0 || !answer(c, fd, record, prefix.len + (size_t)n))
            return false;
    }
    s->fds[i].events = c->record ? POLLOUT : POLLIN;
    return true;
}

bool echo_record(const struct echo *e)
{
    static struct server s;

    s = (struct server){.echo = e, .count = 2};
    s.fds[0] = (struct pollfd){.fd = e->stop, .events = POLLIN};
    s.fds[1] = (struct pollfd){.fd = e->listener, .events = POLLIN};
    for (;;) {
        s.fds[1].fd = s.full ? -1 : e->listener;
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
            accept_some(&s);
    }
}
