/* Check: a client with a server that does all right; and the scenarios that streams and datagrams
   have in common. */
#include "conformance/client/client.h"
#include "conformance/suites.h"

enum { WATCH_MS = 200, WATCHES = 3 };

static void works(struct check_ctx *c)
{
    client_begin_with(c, 1);
    client_finish(c, CLIENT_SERVED);
    client_must_succeed(c);
}

static void begin_with_nobody(struct check_ctx *c)
{
    struct client_plan plan = {.texts = 1, .flags = CLIENT_NOBODY};

    client_begin(c, &plan);
    client_finish(c, CLIENT_HEARD);
    client_must_fail(c);
}

void client_try_refused(struct check_ctx *c)
{
    begin_with_nobody(c);
}

void client_try_says_why(struct check_ctx *c)
{
    begin_with_nobody(c);
    if (check_alive(c) && client_complained(c).len == 0 && client_shown(c).len == 0)
        check_broken(c, "a word about what is wrong", "nothing was written");
}

void client_try_no_spin(struct check_ctx *c)
{
    unsigned busy = 0;

    client_begin_with(c, 1);
    struct conn *conn = client_accept(c);
    struct client_request r = client_request(c, conn);
    while (busy < WATCHES && client_busy(c, WATCH_MS))
        busy++;
    if (busy == WATCHES)
        check_broken(c, "a client that waits for a reply is idle",
                     "it was busy for more than half of %d intervals of %d ms", WATCHES, WATCH_MS);
    client_answer(c, conn, &r, CLIENT_TRUE);
    client_finish(c, CLIENT_SERVED);
    check_met(c);
}

static const struct check checks[] = {
    {
        .id = "client.honest.works",
        .claim = "with an honest server the client gets its answer and says so by status 0",
        .why = "All that follows is about servers that are not.",
        .how = "The server answers as it should; the client ends with status 0.",
        .cites = {REQ_CLI_28},
        .flags = CHECK_BASE,
        .run = works,
    },
};

SUITE(client_plain);
