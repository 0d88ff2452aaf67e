/* Check: a client with a server that does all right. */
#include "conformance/client/client.h"
#include "conformance/suites.h"

static void works(struct check_ctx *c)
{
    client_begin_with(c, 1);
    client_finish(c, CLIENT_SERVED);
    client_must_succeed(c);
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
