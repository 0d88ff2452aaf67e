/*
 * assay-sender: sends lines to an echo server over a stream and prints what comes back.
 *
 * A client of a stream is a loop around poll(2) that never blocks in any other call to the server:
 * it reads whenever something is there, also while it still has to write. Whoever writes a megabyte
 * before reading the first octet of the answer waits for a server that waits for him.
 *
 * All that is in flight stands in one buffer, in the order in which it was read:
 *
 *      first          echoed             sent                        len
 *        |  has come    |  on its way      |  waits to be sent         |
 *        |  back        |  to and fro      |                           |
 *
 * `first` is the beginning of a line. Octets leave at the front when their whole line has come
 * back, and is printed: half a reply is never shown. What the server sends is compared where it
 * lies and kept nowhere, so the server cannot make us grow.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/base/log.h"
#include "harness/net/net.h"
#include "reference/clients/options.h"

enum {
    TIMEOUT_MS = 2000,
    ADDRESSES_MAX = 16,
    RETRY_MS = 10,
    WINDOW = 1 << 18,    /* octets that are read ahead of the server */
    LINE_LIMIT = 1 << 24 /* ... more for one line alone */
};

static const char help[] =
    "Usage: assay-sender [OPTION ...] URL\n\n"
    "Sends each line of standard input to an echo server and prints the line that comes back\n"
    "before it sends the next one. URL is tcp://HOST:PORT, unix:PATH or unix-seqpacket:PATH.\n\n"
    "  --pipeline         send on without waiting for the replies\n"
    "  --timeout SECONDS  how long connecting may take, and then each wait for the server (2)\n"
    "  --total SECONDS    how long all of it may take (no limit)\n"
    "  --help             this text\n\n"
    "Ends with 0 when every line came back and the server closed the connection in order; with 1\n"
    "and one line that says why when not; with 2 for wrong usage.\n\n"
    "Examples:\n"
    "  echo hello | assay-sender tcp://localhost:7\n"
    "  assay-sender --pipeline --total 60 unix:/run/echo <file >copy && cmp file copy\n";

struct talk {
    int fd;
    bool records;  /* the socket keeps borders: a line is a record */
    bool pipeline; /* lines do not wait for the replies to those in front of them */
    int64_t timeout_ms;
    int64_t total_us;    /* the deadline of everything */
    int64_t progress_us; /* the deadline of the wait at hand, or DEADLINE_NEVER */
    struct buf octets;
    size_t first;
    size_t echoed;
    size_t sent;
    uint64_t printed; /* lines */
    bool input_ended;
    bool shut; /* we have ended our side */
    bool over; /* the server has ended its own, and nothing is missing */
    struct problem why;
};

/* ---- where we are ---- */

/* The end of the line that begins, or goes on, at `at`: behind its newline. The last line of the
   input may have none. 0 where the end is not read yet. */
static size_t line_end(const struct talk *t, size_t at)
{
    size_t left = t->octets.len - at;
    const uint8_t *newline = left > 0 ? memchr(t->octets.data + at, '\n', left) : NULL;

    if (newline)
        return (size_t)(newline - t->octets.data) + 1;
    return t->input_ended ? t->octets.len : 0;
}

/* The end of what may be sent now. Only whole lines: a request is not begun by a slow typist. */
static size_t may_be_sent(const struct talk *t)
{
    const uint8_t *newline;

    if (!t->pipeline)
        return size_max(line_end(t, t->first), t->sent);
    if (t->input_ended)
        return t->octets.len;
    newline = t->octets.len > t->sent
                  ? memrchr(t->octets.data + t->sent, '\n', t->octets.len - t->sent)
                  : NULL;
    return newline ? (size_t)(newline - t->octets.data) + 1 : t->sent;
}

static bool has_to_send(const struct talk *t)
{
    return t->sent < may_be_sent(t);
}

/* It is the server's turn: it has to read, to answer, or to close. */
static bool waits_for_server(const struct talk *t)
{
    return t->echoed < t->sent || t->shut || has_to_send(t);
}

static bool wants_input(const struct talk *t)
{
    return !t->input_ended && (t->octets.len - t->first < WINDOW || !waits_for_server(t));
}

/* Fails, in a sentence that says how far the conversation had come. */
PRINTF_LIKE(2, 3) static bool fail(struct talk *t, const char *format, ...)
{
    size_t end = line_end(t, t->first);
    char what[sizeof(t->why.text) / 2];
    va_list args;

    va_start(args, format);
    text_vformat(what, sizeof(what), format, args);
    va_end(args);
    if (t->first < t->sent)
        return problem_set(&t->why, "%s, with %zu of the %zu octets of reply %" PRIu64 " there",
                           what, t->echoed - t->first, end - t->first, t->printed + 1);
    if (t->printed > 0)
        return problem_set(&t->why, "%s, behind reply %" PRIu64, what, t->printed);
    return problem_set(&t->why, "%s, before the first request", what);
}

/* ---- what comes ---- */

/* Prints the lines of which the last octet has come. */
static bool print_lines(struct talk *t)
{
    while (t->first < t->echoed) {
        size_t end = line_end(t, t->first);

        if (end == 0 || end > t->echoed)
            break;
        fwrite(t->octets.data + t->first, 1, end - t->first, stdout);
        t->first = end;
        t->printed++;
    }
    if (fflush(stdout) != 0)
        return problem_set(&t->why, "standard output: %s", strerror(errno));
    return true;
}

/* An echo is what was sent, octet by octet, and nothing else. */
static bool compare(struct talk *t, struct slice got)
{
    struct slice due = slice_sub(buf_slice(&t->octets), t->echoed, t->sent - t->echoed);
    size_t same = slice_common(due, got);

    t->echoed += same;
    if (!print_lines(t))
        return false;
    if (same == got.len)
        return true;
    if (same < due.len)
        return fail(t, "0x%02x came back instead of 0x%02x", got.data[same], due.data[same]);
    return fail(t, "the server sent %zu octet%s that nobody asked for", got.len - same,
                text_s(got.len - same));
}

/* The borders are part of what a record says. */
static bool compare_record(struct talk *t, struct slice got)
{
    size_t due = t->echoed < t->sent ? line_end(t, t->echoed) - t->echoed : got.len;

    if (got.len != due)
        return fail(t, "a record of %zu octet%s came instead of one of %zu", got.len,
                    text_s(got.len), due);
    return compare(t, got);
}

/* An end is in order behind the last reply: to our own FIN, or ahead of it where the server counts
   the requests as well as we do. */
static bool meet_the_end(struct talk *t)
{
    t->over = t->input_ended && t->echoed == t->octets.len;
    return t->over || fail(t, "the server ended the connection");
}

static bool hear(struct talk *t)
{
    static uint8_t octets[WINDOW];
    /* Of a record the whole length is told, also where there is no room for all of it. Urgent data
       is not part of what is received unless SO_OOBINLINE says so: it only ends a read early. */
    ssize_t n = recv(t->fd, octets, sizeof(octets), t->records ? MSG_TRUNC : 0);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR || fail(t, "%s", strerror(errno));
    if (n == 0)
        return meet_the_end(t);
    t->progress_us = DEADLINE_NEVER;
    if ((size_t)n > sizeof(octets))
        return fail(t, "a record of %zd octets came, more than any request", n);
    struct slice got = slice_of(octets, (size_t)n);
    return t->records ? compare_record(t, got) : compare(t, got);
}

/* ---- what goes ---- */

static bool speak(struct talk *t)
{
    size_t end = t->records ? line_end(t, t->sent) : may_be_sent(t);
    ssize_t n = send(t->fd, t->octets.data + t->sent, end - t->sent, MSG_NOSIGNAL);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR || fail(t, "%s", strerror(errno));
    t->sent += (size_t)n;
    t->progress_us = DEADLINE_NEVER;
    return true;
}

/* FIN tells the server that no request follows, and leaves its answers a way back. */
static bool end_our_side(struct talk *t)
{
    t->shut = true;
    return shutdown(t->fd, SHUT_WR) == 0 || fail(t, "%s", strerror(errno));
}

static bool read_input(struct talk *t)
{
    static uint8_t octets[WINDOW];
    ssize_t n = read(STDIN_FILENO, octets, sizeof(octets));

    if (n < 0)
        return errno == EINTR || problem_set(&t->why, "standard input: %s", strerror(errno));
    t->input_ended = n == 0;
    buf_drop(&t->octets, t->first);
    t->echoed -= t->first;
    t->sent -= t->first;
    t->first = 0;
    buf_put(&t->octets, slice_of(octets, (size_t)n));
    if (t->octets.failed)
        return problem_set(&t->why, "line %" PRIu64 " is longer than %d octets, or than memory",
                           t->printed + 1, LINE_LIMIT);
    return true;
}

/* ---- the conversation ---- */

static bool run_out_of_time(struct talk *t)
{
    if (deadline_passed(t->total_us))
        return fail(t, "the time for all of it is over");
    if (!deadline_passed(t->progress_us))
        return true;
    if (has_to_send(t))
        return fail(t, "the server took nothing for %" PRId64 " ms", t->timeout_ms);
    return fail(t, "%s for %" PRId64 " ms",
                t->echoed < t->sent ? "nothing came from the server" : "the server did not close",
                t->timeout_ms);
}

/* The time for a wait begins with it, and again whenever an octet moves. */
static int64_t next_deadline(struct talk *t)
{
    if (!waits_for_server(t))
        t->progress_us = DEADLINE_NEVER;
    else if (t->progress_us == DEADLINE_NEVER)
        t->progress_us = deadline_in_ms(t->timeout_ms);
    return t->progress_us < t->total_us ? t->progress_us : t->total_us;
}

/* Waits for whatever comes first and attends to it. The server is heard before anything more is
   sent, so that what it said is compared with what had been asked by then; and it is heard also
   when nothing is due from it, for it may go while we wait for our user. */
static bool turn(struct talk *t)
{
    struct pollfd server = {.fd = t->fd, .events = POLLIN};
    struct pollfd input = {.fd = wants_input(t) ? STDIN_FILENO : -1, .events = POLLIN};
    struct pollfd fds[2];

    if (has_to_send(t))
        server.events |= POLLOUT;
    fds[0] = server;
    fds[1] = input;
    int n = poll(fds, ARRAY_LEN(fds), deadline_poll_ms(next_deadline(t)));
    if (n < 0)
        return errno == EINTR || problem_set(&t->why, "poll: %s", strerror(errno));
    if (n == 0)
        return run_out_of_time(t);
    if (fds[1].revents && !read_input(t))
        return false;
    if (fds[0].revents & ~POLLOUT && !hear(t))
        return false;
    return t->over || !(fds[0].revents & POLLOUT) || !has_to_send(t) || speak(t);
}

static bool converse(struct talk *t)
{
    while (!t->over) {
        bool done = t->input_ended && t->sent == t->octets.len;

        /* A server that takes half a close for a whole one keeps its last reply. So the end is told
           behind it, unless the replies are not waited for anyway. */
        if (done && !t->shut && (t->pipeline || t->echoed == t->sent) && !end_our_side(t))
            return false;
        if (!turn(t))
            return false;
    }
    return true;
}

/* ---- the way to the server ---- */

/* A full backlog of a Unix listener is told at once; of TCP the kernel tries again by itself. */
static struct net_io dial_one(const struct address *to, int64_t deadline_us, int *ret)
{
    struct net_io io = net_dial(to, NULL, deadline_us, ret);

    while (io.status == NET_FULL && !deadline_passed(deadline_us)) {
        deadline_wait(deadline_in_ms(RETRY_MS));
        io = net_dial(to, NULL, deadline_us, ret);
    }
    return io;
}

/* Tries the addresses of a name in turn, each for as long as a wait may last; the first that takes
   us is the server. */
static bool dial(struct talk *t, const struct endpoint *at)
{
    struct address addresses[ADDRESSES_MAX];
    size_t count = 0;

    if (!address_resolve(at, addresses, ADDRESSES_MAX, &count, &t->why))
        return false;
    for (size_t i = 0; i < count; i++) {
        char where[ADDRESS_TEXT_MAX];
        int64_t deadline_us = deadline_in_ms(t->timeout_ms);

        if (deadline_us > t->total_us)
            deadline_us = t->total_us;
        struct net_io io = dial_one(&addresses[i], deadline_us, &t->fd);
        if (io.status == NET_OK)
            return true;
        bool late = io.status == NET_TIMEOUT || io.status == NET_FULL;
        address_format(&addresses[i], where, sizeof(where));
        problem_set(&t->why, "%s: %s", where, late ? "connecting takes too long" : net_io_text(io));
    }
    return false;
}

int main(int argc UNUSED, char **argv)
{
    struct talk t = {.fd = -1, .timeout_ms = TIMEOUT_MS, .progress_us = DEADLINE_NEVER};
    int64_t total_ms = -1;
    const struct option rows[] = {{.name = "--pipeline", .flag = &t.pipeline},
                                  {.name = "--timeout", .ms = &t.timeout_ms},
                                  {.name = "--total", .ms = &total_ms}};
    const struct options options = {.help = help, .rows = rows, .count = ARRAY_LEN(rows)};
    struct endpoint at;
    int status;

    log_open("assay-sender");
    if (!options_read(&options, argv, &at, &status))
        return status;
    if (endpoint_is_datagram(&at)) {
        log_error("datagrams are for assay-sendto; expected tcp, unix or unix-seqpacket");
        return STATUS_USAGE;
    }
    signal(SIGPIPE, SIG_IGN); /* standard output may be a pipe: its end is an error like another */
    t.records = at.kind == ENDPOINT_UNIX_SEQPACKET;
    t.total_us = total_ms < 0 ? DEADLINE_NEVER : deadline_in_ms(total_ms);
    buf_init(&t.octets, LINE_LIMIT);
    bool ok = dial(&t, &at) && converse(&t);
    if (!ok)
        log_error("%s", t.why.text);
    if (t.fd >= 0)
        close(t.fd);
    buf_free(&t.octets);
    return ok ? STATUS_OK : STATUS_FAILED;
}
