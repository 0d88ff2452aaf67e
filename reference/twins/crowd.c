/* Twins that fail under load: with many clients, with slow ones, and with what they leave behind.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "reference/twins/twin.h"

enum { DESCRIPTORS = 1024, REST_MS = 3000, RECORD = 2048, BLOCKED_MS = 40, USER_TIMEOUT_MS = 40 };

/* ---- limits of admission ---- */

/* A table of clients whose slots are never given back. */
static enum act fill_table(struct server *s, struct client *c UNUSED)
{
    if (s->accepted >= s->fault->limit)
        stream_refuse(s);
    return ACT_GO_ON;
}

/* Whoever finds the table full stays connected, and nobody looks at him again. */
static enum act forget_surplus(struct server *s, struct client *c UNUSED)
{
    return s->open > s->fault->limit ? ACT_FORGET : ACT_GO_ON;
}

static void limit_descriptors(struct run *run UNUSED)
{
    struct rlimit limit = {.rlim_cur = DESCRIPTORS, .rlim_max = DESCRIPTORS};

    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        run_die("setrlimit");
}

static enum act close_after_words(struct server *s UNUSED, struct client *c)
{
    return c->heard > 0 ? ACT_GO_ON : ACT_FORGET;
}

/* What has ended is taken out of the table, and its descriptor stays open. */
static enum act forget_ended(struct server *s UNUSED, struct client *c UNUSED)
{
    return ACT_FORGET;
}

static enum act forget_each_limit(struct server *s, struct client *c)
{
    return c->number % s->fault->limit == 0 ? ACT_FORGET : ACT_GO_ON;
}

/* ---- clients that wait for each other ---- */

/* With many at once two of them get the same buffer, and the later one finds the other's octets. */
static enum act share_buffer(struct server *s, struct client *c, struct slice got)
{
    static uint8_t before[STREAM_READ];
    static size_t len;
    bool shared = s->turn_reads >= s->fault->limit && got.len == len;

    stream_echo(s, c, shared ? slice_of(before, len) : got);
    if (!shared)
        memcpy(before, got.data, got.len);
    len = got.len;
    return ACT_GO_ON;
}

/* A send that blocks, with a process of one thread. */
static ssize_t send_blocking(struct server *s, struct client *c, struct slice octets)
{
    struct pollfd room[] = {{.fd = c->fd, .events = POLLOUT},
                            {.fd = s->run->stop, .events = POLLIN}};
    ssize_t n = stream_send(s, c, octets);

    while (n < 0 && errno == EAGAIN && !run_stopped(s->run)) {
        poll(room, ARRAY_LEN(room), -1);
        n = stream_send(s, c, octets);
    }
    return n;
}

/* One octet is the beginning of something: the rest is waited for, for three seconds. */
static enum act wait_for_rest(struct server *s, struct client *c, struct slice got)
{
    struct pollfd rest[] = {{.fd = c->fd, .events = POLLIN | POLLRDHUP},
                            {.fd = s->run->stop, .events = POLLIN}};

    stream_echo(s, c, got);
    if (got.len > 1)
        return ACT_GO_ON;
    ssize_t n = stream_send(s, c, buf_slice(&c->out));
    c->out_at = n > 0 ? (size_t)n : 0;
    poll(rest, ARRAY_LEN(rest), REST_MS);
    return ACT_GO_ON;
}

/* ---- clients that do not read ---- */

/* A short write is taken for a whole one, and none at all for nothing to do. */
static ssize_t send_once(struct server *s, struct client *c, struct slice octets)
{
    ssize_t n = stream_send(s, c, octets);

    return n >= 0 || errno == EAGAIN ? (ssize_t)octets.len : -1;
}

/* The path that is taken with many clients has never been tried. */
static ssize_t send_once_in_a_crowd(struct server *s, struct client *c, struct slice octets)
{
    return s->open >= s->fault->limit ? send_once(s, c, octets) : stream_send(s, c, octets);
}

/* The kernel is told to give up a connection on which nothing is acknowledged for a moment. */
static enum act set_user_timeout(struct server *s UNUSED, struct client *c)
{
    unsigned ms = USER_TIMEOUT_MS;

    return setsockopt(c->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms)) == 0 ? ACT_GO_ON
                                                                                  : ACT_DROP;
}

static void drop_blocked(struct server *s)
{
    struct client *next;

    for (struct client *c = s->clients; c; c = next) {
        next = c->next;
        if (stream_sending(c) && stream_idle_ms(c) > BLOCKED_MS)
            stream_drop(s, c);
    }
}

/* ---- what stays behind ---- */

static enum act fork_for_log(struct server *s UNUSED, struct client *c UNUSED)
{
    if (fork() == 0)
        _exit(EXIT_SUCCESS);
    return ACT_GO_ON;
}

static enum act wait_for_first(struct server *s, struct client *c)
{
    struct pollfd fds[] = {{.fd = c->fd, .events = POLLIN}, {.fd = s->run->stop, .events = POLLIN}};

    poll(fds, ARRAY_LEN(fds), REST_MS);
    return ACT_GO_ON;
}

/* A list of all clients that ever were. */
static enum act keep_record(struct server *s UNUSED, struct client *c)
{
    static void **newest;
    void **record = malloc(RECORD);

    if (!record)
        return ACT_GO_ON;
    memset(record, (int)c->number, RECORD);
    *record = (void *)newest;
    newest = record;
    return ACT_GO_ON;
}

/* It has room for descriptors, as for anything else that may come, and no use for them. */
static ssize_t receive_all(struct client *c, void *octets, size_t cap)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(4 * sizeof(int))];
    } control;
    struct iovec part = {.iov_base = octets, .iov_len = cap};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};

    return recvmsg(c->fd, &message, MSG_CMSG_CLOEXEC);
}

/* A clean-up of idle connections that takes them out of the table, and does not close them. */
static enum act forget_idle(struct server *s, struct client *c, struct slice got)
{
    if (stream_idle_ms(c) > (int64_t)s->fault->limit)
        return ACT_FORGET;
    stream_echo(s, c, got);
    return ACT_GO_ON;
}

/* A table of commands, indexed by a char that is signed. */
static enum act look_up_command(struct server *s, struct client *c, struct slice got)
{
    if (got.data[0] > 0x80 && got.data[0] < 0xff)
        abort(); /* what the memory before the table makes of it */
    stream_echo(s, c, got);
    return ACT_GO_ON;
}

static const struct twin twins[] = {
    {
        .name = "slots-kept",
        .check = "stream.conc.second-client",
        .what = "has slots for 40 connections, and does not give them back",
        .stream = {.limit = 40, .welcome = fill_table},
    },
    {
        .name = "table-of-96",
        .check = "stream.conc.n-connections",
        .what = "forgets the connections beyond 96",
        .stream = {.limit = 96, .welcome = forget_surplus},
    },
    {
        .name = "buffer-shared-by-16",
        .check = "stream.conc.no-crosstalk",
        .what = "mixes up buffers when 16 clients speak at once",
        .stream = {.limit = 16, .turn_ms = 2, .answer = share_buffer},
    },
    {
        .name = "buffer-shared-by-4",
        .check = "stream.conc.side-by-side",
        .what = "mixes up buffers when four clients speak at once",
        .stream = {.limit = 4, .turn_ms = 2, .answer = share_buffer},
    },
    {
        .name = "send-blocks",
        .check = "stream.conc.slow-reader-isolated",
        .what = "waits in its send until the one client reads",
        .stream = {.send = send_blocking},
    },
    {
        .name = "greeting-awaited",
        .check = "stream.conc.silent-client",
        .what = "waits for the first octet of a client before it takes the next one",
        .stream = {.welcome = wait_for_first},
    },
    {
        .name = "read-blocks",
        .check = "stream.conc.slow-writer-isolated",
        .what = "waits 3 s for more when a client has sent a single octet",
        .stream = {.answer = wait_for_rest},
    },
    {
        .name = "accept-ends-at-emfile",
        .check = "stream.conc.emfile-recovery",
        .what = "takes nobody any more after it was out of descriptors",
        .stream = {.full = FULL_ENDS},
    },
    {
        .name = "accept-spins-at-emfile",
        .check = "stream.conc.emfile-no-spin",
        .what = "tries without a pause to take a connection while it is out of descriptors",
        .stream = {.full = FULL_SPINS},
    },
    {
        .name = "listener-edge",
        .check = "stream.backlog.burst",
        .what = "takes 16 connections each time its edge-triggered listener wakes it",
        .stream = {.accepts = 16, .turn_ms = 4, .listener_edge = true},
    },
    {
        .name = "silent-not-closed",
        .check = "stream.flood.connect-close",
        .what = "does not close connections that end without a word, and has 1024 descriptors",
        .begin = limit_descriptors,
        .stream = {.ended = close_after_words},
    },
    {
        .name = "user-timeout",
        .check = "stream.flow.slow-reader",
        .what = "takes a zero window for a dead client (TCP_USER_TIMEOUT of 40 ms)",
        .stream = {.welcome = set_user_timeout},
    },
    {
        .name = "send-timeout",
        .check = "stream.flow.backpressure-no-loss",
        .what = "drops a client that takes nothing for 40 ms",
        .stream = {.tick_ms = 10, .tick = drop_blocked},
    },
    {
        .name = "short-write-small-buffer",
        .check = "stream.flow.trickling-reader",
        .what = "has a send buffer of 4 KiB and loses what a short write leaves",
        .stream = {.send_buffer = 4096, .send = send_once},
    },
    {
        .name = "short-write",
        .check = "stream.flow.backpressure-no-loss",
        .what = "loses what a short write leaves",
        .stream = {.send = send_once},
    },
    {
        .name = "queue-unbounded",
        .check = "stream.flow.bounded-memory",
        .what = "reads on from a client that does not, and keeps the answers in memory",
        .stream = {.reads_on = true},
    },
    {
        .name = "zombies",
        .check = "stream.leak.children",
        .what = "starts a process for each connection and does not wait for its end",
        .stream = {.welcome = fork_for_log},
    },
    {
        .name = "history",
        .check = "stream.leak.memory",
        .what = "keeps 2 KiB for every connection that ever was",
        .stream = {.welcome = keep_record},
    },
    {
        .name = "unix-rights-kept",
        .check = "unix.leak.unexpected-rights",
        .transport = "unix",
        .what = "takes the descriptors that a client attaches, and keeps them",
        .stream = {.receive = receive_all},
    },
    {
        .name = "always-writable",
        .check = "stream.idle.no-spin",
        .what = "waits for sockets to be writable when it has nothing to write",
        .stream = {.events = EPOLLOUT},
    },
    {
        .name = "idle-forgotten",
        .check = "stream.idle.still-usable",
        .what = "does not answer any more on a connection that was idle for 60 ms",
        .stream = {.limit = 60, .answer = forget_idle},
    },
    {
        .name = "table-of-8192",
        .check = "stream.load.held-connections",
        .what = "forgets the connections beyond 8192",
        .stream = {.limit = 8192, .welcome = forget_surplus},
    },
    {
        .name = "slots-of-2000-kept",
        .check = "stream.load.connection-rate",
        .what = "has slots for 2000 connections, and does not give them back",
        .stream = {.limit = 2000, .welcome = fill_table},
    },
    {
        .name = "one-of-1000-forgotten",
        .check = "stream.load.connection-rate",
        .what = "takes every thousandth connection and never looks at it",
        .stream = {.limit = 1000, .welcome = forget_each_limit},
    },
    {
        .name = "ended-not-closed",
        .check = "stream.load.connection-rate",
        .what = "does not close connections that have ended, and has 1024 descriptors",
        .begin = limit_descriptors,
        .stream = {.ended = forget_ended},
    },
    {
        .name = "buffer-shared-by-24",
        .check = "stream.load.throughput",
        .what = "mixes up buffers when 24 clients speak at once",
        .stream = {.limit = 24, .turn_ms = 2, .answer = share_buffer},
    },
    {
        .name = "short-write-in-a-crowd",
        .check = "stream.load.throughput",
        .what = "loses what a short write leaves when it has 16 clients or more",
        .stream = {.limit = 16, .send_buffer = 4096, .send = send_once_in_a_crowd},
    },
    {
        .name = "command-table",
        .check = "stream.robust.random-input-survival",
        .what = "dies of a message that begins with an octet from 0x81 to 0xFE",
        .stream = {.answer = look_up_command},
    },
};

TWINS(crowd);
