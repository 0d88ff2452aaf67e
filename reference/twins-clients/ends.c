/* Twins of clients that fail where a connection ends. */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "reference/twins-clients/twin.h"

enum { TURN_MS = 10, STAY_S = 60 };

/* ---- where the trouble came ---- */

static bool is_before(const struct stream *s)
{
    return s->c.shown == 0 && s->reply.len == 0;
}

static bool is_within(const struct stream *s)
{
    return s->asked && s->reply.len > 0;
}

static bool is_behind(const struct stream *s)
{
    return s->c.shown > 0 && !is_within(s);
}

_Noreturn static void succeed(void)
{
    exit(EXIT_SUCCESS);
}

/* ---- what is made of it ---- */

static bool take_end_for_reply(struct stream *s, enum trouble why)
{
    if (why != TROUBLE_END || !s->asked || s->reply.len > 0)
        return false;
    client_show(&s->c, slice_str("\n"));
    succeed();
}

static bool take_part_at_end(struct stream *s, enum trouble why)
{
    if (why != TROUBLE_END || !is_within(s))
        return false;
    client_show(&s->c, buf_slice(&s->reply));
    succeed();
}

/* Nobody will answer any more, so nothing is left to do. */
static bool take_half_close_for_close(struct stream *s, enum trouble why)
{
    if (why == TROUBLE_END && is_before(s))
        succeed();
    return false;
}

static bool succeed_before(struct stream *s, enum trouble why)
{
    if (why == TROUBLE_RESET && is_before(s))
        succeed();
    return false;
}

static bool abort_before(struct stream *s, enum trouble why)
{
    if (why == TROUBLE_RESET && is_before(s))
        abort(); /* a result that cannot be, it is sure */
    return false;
}

static bool take_part_at_reset(struct stream *s, enum trouble why)
{
    if (why != TROUBLE_RESET || !is_within(s))
        return false;
    client_show(&s->c, buf_slice(&s->reply));
    succeed();
}

static bool abort_within(struct stream *s, enum trouble why)
{
    if (why == TROUBLE_RESET && is_within(s))
        abort();
    return false;
}

static bool abort_behind(struct stream *s, enum trouble why)
{
    if (why == TROUBLE_RESET && is_behind(s))
        abort();
    return false;
}

/* read() has not given 0 yet, so the end has not come. */
static bool read_on_behind(struct stream *s, enum trouble why)
{
    while (why == TROUBLE_RESET && is_behind(s))
        deadline_wait(deadline_in_ms(TURN_MS));
    return false;
}

/* A helper that is started for the connection, and does not hear of its end. */
static void leave_child(struct stream *s UNUSED)
{
    if (fork() != 0)
        return;
    alarm(STAY_S);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        close(fd);
    for (;;)
        poll(NULL, 0, -1);
}

static const struct twin twins[] = {
    {
        .name = "end-is-empty-reply",
        .check = "client.stream.early-eof",
        .what = "takes the end of file in place of a reply for an empty reply",
        .stream = {.failed = take_end_for_reply},
    },
    {
        .name = "end-completes-reply",
        .check = "client.stream.truncated-reply",
        .what = "shows the part of a reply that came before the end of file as the whole",
        .stream = {.failed = take_part_at_end},
    },
    {
        .name = "reset-before-succeeds",
        .check = "client.stream.reset-before",
        .what = "takes a reset in place of the first reply for the end, and is content",
        .stream = {.failed = succeed_before},
    },
    {
        .name = "reset-before-aborts",
        .check = "client.stream.reset-before",
        .what = "dies of SIGABRT when the connection is reset in place of the first reply",
        .stream = {.failed = abort_before},
    },
    {
        .name = "reset-within-succeeds",
        .check = "client.stream.reset-within",
        .what = "shows the part of a reply that came before a reset as the whole",
        .stream = {.failed = take_part_at_reset},
    },
    {
        .name = "reset-within-aborts",
        .check = "client.stream.reset-within",
        .what = "dies of SIGABRT when the connection is reset within a reply",
        .stream = {.failed = abort_within},
    },
    {
        .name = "reset-after-loops",
        .check = "client.stream.reset-after",
        .what = "waits for the end of file for ever when a reset came behind a reply",
        .stream = {.failed = read_on_behind},
    },
    {
        .name = "reset-after-aborts",
        .check = "client.stream.reset-after",
        .what = "dies of SIGABRT when the connection is reset behind a reply",
        .stream = {.failed = abort_behind},
    },
    {
        .name = "sigpipe-kills",
        .check = "client.stream.sigpipe",
        .what = "dies of SIGPIPE when it writes to a connection that is gone",
        .stream = {.blind = true, .sigpipe = true},
    },
    {
        .name = "half-close-succeeds",
        .check = "client.stream.server-half-close",
        .what = "is content when the server ends its side before any reply",
        .stream = {.failed = take_half_close_for_close},
    },
    {
        .name = "deaf-between-requests",
        .check = "client.stream.server-termination",
        .what = "does not look at the connection while it waits for its input",
        .stream = {.blind = true},
    },
    {
        .name = "never-ends-its-side",
        .check = "client.stream.sends-fin",
        .what = "waits for the server to close, without having said that nothing follows",
        .stream = {.never_shuts = true},
    },
    {
        .name = "child-left-behind",
        .check = "client.leak.sockets",
        .what = "leaves a child behind that keeps the connection open",
        .stream = {.leaves = true, .connected = leave_child},
    },
};

TWINS(ends);
