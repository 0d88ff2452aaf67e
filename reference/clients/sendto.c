/*
 * assay-sendto: sends lines to an echo server as datagrams and prints what comes back.
 *
 * Datagrams are lost, doubled and overtaken, and anybody may send one. So a client of datagrams
 * sends the same octets again when no answer comes, each time after a longer wait and not for ever
 * (RFC 8085 3.1.1), and asks of whatever comes whether it is the answer:
 *
 * - Its source is the server's address and port. The kernel sees to that, for the socket is
 *   connected; from elsewhere nothing comes through (RFC 8085 6).
 * - It is the echo of the request at hand, as long and octet by octet the same. A late or second
 *   reply to an earlier request is not, and neither is one that was cut or changed on its way; such
 *   are dropped, and the wait goes on as if they had not come.
 *
 * An echo carries no number, so two requests with the same text have replies that nobody can tell
 * apart. With --number each request begins with one.
 */
#include <errno.h>
#include <inttypes.h>
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
    TIMEOUT_MS = 500,
    TRIES = 4,
    TRIES_MAX = 16,
    WAIT_MAX_MS = 60000, /* waits grow no further; not less than a minute, RFC 6298 2.5 */
    ADDRESSES_MAX = 16,
    MESSAGE_LIMIT = 1 << 18 /* more than any socket takes in one datagram by default */
};

static const char help[] =
    "Usage: assay-sendto [OPTION ...] URL\n\n"
    "Sends each line of standard input, without its newline, to an echo server as one datagram,\n"
    "and prints the datagram that comes back as a line. URL is udp://HOST:PORT or\n"
    "unix-dgram:PATH. An empty line is an empty datagram. What comes from elsewhere, or is not\n"
    "the echo of the line at hand, is no answer.\n\n"
    "  --timeout SECONDS  how long to wait for an answer before sending again (0.5); each\n"
    "                     further wait is twice as long\n"
    "  --tries N          how often a request is sent before giving up (4)\n"
    "  --number           begin each request with its number, and print the reply without it:\n"
    "                     only so can replies to equal lines be told apart\n"
    "  --help             this text\n\n"
    "Ends with 0 when every line was answered; with 1 and one line that says why when not; with\n"
    "2 for wrong usage.\n\n"
    "Examples:\n"
    "  echo hello | assay-sendto udp://localhost:7\n"
    "  assay-sendto --tries 6 --timeout 0.1 --number unix-dgram:/run/echo <lines\n";

struct talk {
    struct address addresses[ADDRESSES_MAX];
    size_t count;
    size_t next; /* the address that is tried when the one at hand refuses */
    int fd;      /* connected to the address at hand, or -1 */
    char where[ADDRESS_TEXT_MAX];
    bool numbered;
    int64_t timeout_ms;
    uint64_t tries;
    uint64_t line;
    bool input_ended;
    size_t head; /* octets of the number in front of the text */
    struct buf request;
    char dropped[128]; /* why the last datagram was no answer, or "" */
    struct problem why;
};

/* What became of one wait for an answer. */
enum heard {
    HEARD_ANSWER,
    HEARD_NOTHING,
    HEARD_REFUSAL, /* nobody is there: ICMP port unreachable, or a socket that is gone */
    HEARD_TROUBLE, /* t->why says which */
};

/* ---- the way to the server ---- */

/* Connects to the next address of the name. False where there is no more, with the reason why the
   last one would not do in place. */
static bool dial_next(struct talk *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
    while (t->fd < 0 && t->next < t->count) {
        const struct address *to = &t->addresses[t->next++];
        struct net_io io = net_dial(to, NULL, deadline_in_ms(t->timeout_ms), &t->fd);

        address_format(to, t->where, sizeof(t->where));
        if (io.status != NET_OK)
            problem_set(&t->why, "%s: %s", t->where, net_io_text(io));
    }
    return t->fd >= 0;
}

/* ---- requests and replies ---- */

/* Notes why a datagram was no answer. Nobody need hear of it if the right one comes. */
PRINTF_LIKE(2, 3) static void drop(struct talk *t, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    text_vformat(t->dropped, sizeof(t->dropped), format, args);
    va_end(args);
}

static bool is_answer(struct talk *t, struct slice reply, size_t whole_len)
{
    struct slice due = buf_slice(&t->request);
    size_t same = slice_common(due, reply);

    if (whole_len != due.len)
        drop(t, "a reply of %zu octets in place of %zu", whole_len, due.len);
    else if (same < due.len)
        drop(t, "a reply with 0x%02x in place of 0x%02x at octet %zu", reply.data[same],
             due.data[same], same);
    return whole_len == due.len && same == due.len;
}

static enum heard fail(struct talk *t, struct net_io io)
{
    if (io.status == NET_REFUSED || io.status == NET_RESET)
        return HEARD_REFUSAL;
    problem_set(&t->why, "line %" PRIu64 ": %s", t->line, net_io_text(io));
    return HEARD_TROUBLE;
}

/* Sends the request once and waits for its answer. What is no answer does not prolong the wait. */
static enum heard try_once(struct talk *t, int64_t deadline_us)
{
    static uint8_t octets[MESSAGE_LIMIT];
    struct net_io io = net_send_to(t->fd, buf_slice(&t->request), NULL, deadline_us);

    if (io.status == NET_TIMEOUT)
        drop(t, "no room at the server for the request");
    while (io.status == NET_OK) {
        io = net_recv_from(t->fd, octets, sizeof(octets), NULL, deadline_us);
        if (io.status == NET_OK &&
            is_answer(t, slice_of(octets, size_min(io.len, sizeof(octets))), io.len))
            return HEARD_ANSWER;
        if (io.status == NET_OK && deadline_passed(deadline_us))
            io.status = NET_TIMEOUT;
    }
    return io.status == NET_TIMEOUT ? HEARD_NOTHING : fail(t, io);
}

static int64_t doubled(int64_t wait_ms)
{
    if (wait_ms >= WAIT_MAX_MS)
        return wait_ms;
    return wait_ms > WAIT_MAX_MS / 2 ? WAIT_MAX_MS : 2 * wait_ms;
}

/* Sends the same octets again until they are answered, each time with twice the patience. A refusal
   is final, except that the name may have another address. */
static bool ask(struct talk *t)
{
    int64_t wait_ms = t->timeout_ms;
    uint64_t tries = 0;

    t->dropped[0] = '\0';
    while (tries < t->tries) {
        enum heard heard = try_once(t, deadline_in_ms(wait_ms));

        if (heard == HEARD_ANSWER) {
            t->next = t->count; /* it is this one that serves */
            return true;
        }
        if (heard == HEARD_TROUBLE)
            return false;
        if (heard == HEARD_REFUSAL) {
            problem_set(&t->why, "%s: %s", t->where, strerror(ECONNREFUSED));
            if (!dial_next(t))
                return false;
            continue;
        }
        tries++;
        wait_ms = doubled(wait_ms);
    }
    return problem_set(&t->why, "line %" PRIu64 ": no answer from %s to %" PRIu64 " tr%s%s%s",
                       t->line, t->where, tries, tries == 1 ? "y" : "ies",
                       t->dropped[0] ? ", but " : "", t->dropped);
}

/* ---- lines ---- */

/* Makes the next line the request at hand. False at the end of the input, which is noted, and where
   it fails. */
static bool read_request(struct talk *t)
{
    int c;

    t->line++;
    buf_reset(&t->request);
    if (t->numbered)
        buf_printf(&t->request, "%" PRIu64 " ", t->line);
    t->head = t->request.len;
    while ((c = getc(stdin)) != EOF && c != '\n')
        buf_put_byte(&t->request, (uint8_t)c);
    if (ferror(stdin))
        return problem_set(&t->why, "standard input: %s", strerror(errno));
    if (t->request.failed)
        return problem_set(&t->why, "line %" PRIu64 ": %s", t->line, strerror(EMSGSIZE));
    t->input_ended = c == EOF && t->request.len == t->head;
    return !t->input_ended;
}

static bool print_reply(struct talk *t)
{
    struct slice text = slice_from(buf_slice(&t->request), t->head);

    fwrite(text.data, 1, text.len, stdout);
    putchar('\n');
    return fflush(stdout) == 0 || problem_set(&t->why, "standard output: %s", strerror(errno));
}

static bool converse(struct talk *t)
{
    while (read_request(t)) {
        if (!ask(t) || !print_reply(t))
            return false;
    }
    return t->input_ended;
}

int main(int argc UNUSED, char **argv)
{
    static struct talk t = {.fd = -1, .timeout_ms = TIMEOUT_MS, .tries = TRIES};
    static const struct option rows[] = {
        {.name = "--timeout", .ms = &t.timeout_ms},
        {.name = "--tries", .number = &t.tries, .max = TRIES_MAX},
        {.name = "--number", .flag = &t.numbered},
    };
    const struct options options = {.help = help, .rows = rows, .count = ARRAY_LEN(rows)};
    struct endpoint at;
    int status;

    log_open("assay-sendto");
    if (!options_read(&options, argv, &at, &status))
        return status;
    if (!endpoint_is_datagram(&at)) {
        log_error("streams are for assay-sender; expected udp or unix-dgram");
        return STATUS_USAGE;
    }
    signal(SIGPIPE, SIG_IGN); /* standard output may be a pipe: its end is an error like another */
    buf_init(&t.request, MESSAGE_LIMIT);
    bool ok = address_resolve(&at, t.addresses, ADDRESSES_MAX, &t.count, &t.why) && dial_next(&t) &&
              converse(&t);
    if (!ok)
        log_error("%s", t.why.text);
    if (t.fd >= 0)
        close(t.fd);
    buf_free(&t.request);
    return ok ? STATUS_OK : STATUS_FAILED;
}
