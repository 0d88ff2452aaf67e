/* Twins of clients that fail on the way to the server, and in waiting for it. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/base/log.h"
#include "reference/twins-clients/twin.h"

enum { RETRY_MS = 100 };

static bool succeed_unheard(struct stream *s UNUSED, enum trouble why)
{
    if (why == TROUBLE_NOBODY)
        exit(EXIT_SUCCESS);
    return false;
}

/* It says so, but a script looks at the status. */
static bool succeed_with_a_word(struct stream *s UNUSED, enum trouble why)
{
    if (why != TROUBLE_NOBODY)
        return false;
    log_error("connection refused, or nobody there");
    exit(EXIT_SUCCESS);
}

static bool try_again(struct stream *s UNUSED, enum trouble why)
{
    if (why == TROUBLE_NOBODY)
        deadline_wait(deadline_in_ms(RETRY_MS));
    return why == TROUBLE_NOBODY;
}

static bool fail_without_a_word(struct stream *s UNUSED, enum trouble why UNUSED)
{
    exit(EXIT_FAILURE);
}

static bool take_silence_for_reply(struct stream *s, enum trouble why)
{
    if (why != TROUBLE_SILENCE || !s->asked || s->reply.len > 0)
        return false;
    client_show(&s->c, slice_str("\n"));
    exit(EXIT_SUCCESS);
}

_Noreturn static void end_with_1(void)
{
    fflush(stdout);
    _exit(EXIT_FAILURE);
}

static void forget_success(struct stream *s UNUSED)
{
    if (atexit(end_with_1) != 0)
        abort();
}

static const struct twin twins[] = {
    {
        .name = "always-failure",
        .check = "client.honest.works",
        .what = "ends with status 1 when all went well, too",
        .stream = {.connected = forget_success},
    },
    {
        .name = "unanswered-connect-succeeds",
        .check = "client.stream.connect-timeout",
        .what = "ends with status 0 when nobody answers its connect",
        .stream = {.failed = succeed_unheard},
    },
    {
        .name = "refused-succeeds",
        .check = "client.stream.refused",
        .what = "ends with status 0 and without a word when it is refused",
        .stream = {.failed = succeed_unheard},
    },
    {
        .name = "refused-told-with-0",
        .check = "client.stream.refused",
        .what = "says that it is refused, and ends with status 0",
        .stream = {.failed = succeed_with_a_word},
    },
    {
        .name = "refused-tried-for-ever",
        .check = "client.stream.refused",
        .what = "connects again and again as long as it is refused",
        .stream = {.failed = try_again},
    },
    {
        .name = "wordless",
        .check = "client.stream.says-why",
        .what = "ends with status 1 and without a word",
        .stream = {.failed = fail_without_a_word},
    },
    {
        .name = "silence-awaited",
        .check = "client.stream.silent",
        .what = "waits for a reply for ever",
        .stream = {.waits_on = true},
    },
    {
        .name = "silence-is-empty-reply",
        .check = "client.stream.silent",
        .what = "takes silence for an empty reply",
        .stream = {.failed = take_silence_for_reply},
    },
    {
        .name = "full-server-awaited",
        .check = "client.stream.nondraining-server",
        .what = "waits for ever for a server that does not read",
        .stream = {.writes_on = true},
    },
    {
        .name = "short-write-ignored",
        .check = "client.stream.partial-write",
        .what = "takes what one write took for the whole request",
        .stream = {.one_write = true},
    },
    {
        .name = "first-address-only",
        .check = "client.stream.address-fallback",
        .what = "tries no other address of a name",
        .stream = {.first_address = true},
    },
    {
        .name = "signal-is-failure",
        .check = "client.stream.eintr",
        .what = "takes SIGWINCH and SIGCONT for an error of the wait that they interrupt",
        .stream = {.takes_signals = true},
    },
    {
        .name = "spins",
        .check = "client.stream.no-spin",
        .what = "asks again and again whether the reply has come",
        .stream = {.spins = true},
    },
};

TWINS(ways);
