/* Standard input, standard output, and the end. */
#include "reference/twins-clients/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/base/log.h"

enum { READ = 1 << 16 };

void client_die(enum trouble why)
{
    static const char *const texts[TROUBLES] = {
        [TROUBLE_NOBODY] = "connection refused, or nobody there",
        [TROUBLE_SILENCE] = "no reply: timed out",
        [TROUBLE_FULL] = "the server does not read: timed out",
        [TROUBLE_END] = "the server closed the connection before the reply was complete",
        [TROUBLE_RESET] = "the connection was reset",
        [TROUBLE_SURPLUS] = "the server sent more than was asked",
        [TROUBLE_MISMATCH] = "the reply is not the echo of the request",
    };

    log_error("%s", texts[why]);
    exit(EXIT_FAILURE);
}

void client_fail(const char *what)
{
    log_error("%s: %s", what, strerror(errno));
    exit(EXIT_FAILURE);
}

void client_open(struct client *c, const struct manners *manners)
{
    *c = (struct client){.manners = manners};
    buf_init(&c->read, CLIENT_LINE_MAX);
    buf_init(&c->request, CLIENT_LINE_MAX);
    deadline_wait(deadline_in_ms(manners->start_ms));
}

/* Makes what was read a request, where it holds a whole line. */
static bool take_line(struct client *c)
{
    const uint8_t *newline = c->read.len > 0 ? memchr(c->read.data, '\n', c->read.len) : NULL;
    size_t len = c->input_ended ? c->read.len : 0;

    if (newline)
        len = (size_t)(newline - c->read.data) + 1;
    buf_reset(&c->request);
    buf_put(&c->request, slice_sub(buf_slice(&c->read), 0, len));
    buf_drop(&c->read, len);
    return len > 0;
}

static void read_some(struct client *c)
{
    static uint8_t octets[READ];
    ssize_t n = read(STDIN_FILENO, octets, sizeof(octets));

    if (n < 0 && errno != EINTR)
        client_fail("standard input");
    c->input_ended = n == 0;
    if (n > 0)
        buf_put(&c->read, slice_of(octets, (size_t)n));
    if (c->read.failed) {
        errno = ENOBUFS;
        client_fail("a line of the input");
    }
}

enum input client_next(struct client *c, int watched)
{
    struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                           {.fd = watched, .events = POLLIN}};

    while (!take_line(c)) {
        if (c->input_ended)
            return INPUT_END;
        if (poll(fds, ARRAY_LEN(fds), -1) < 0)
            continue;
        /* The input first: a server may close as soon as it has answered all of it. */
        if (fds[0].revents)
            read_some(c);
        else if (fds[1].revents)
            return INPUT_SERVER;
    }
    return INPUT_LINE;
}

void client_show(struct client *c, struct slice reply)
{
    if (c->manners->prompt)
        fputs(c->manners->prompt, stdout);
    fwrite(reply.data, 1, reply.len, stdout);
    c->shown++;
    if (c->manners->talks)
        log_note("reply %llu has %zu octets", (unsigned long long)c->shown, reply.len);
    if (!c->manners->prints_late && fflush(stdout) != 0)
        client_fail("standard output");
}
