/* Checks: the life of a server as a process: start, end, start again. */
#include <signal.h>
#include <sys/socket.h>

#include "conformance/suites.h"
#include "harness/base/deadline.h"

static const struct check_instance_options plain = {.umask = -1};

/* The server's side closes first, so its port keeps a connection in TIME-WAIT. */
static void reuseaddr(struct check_ctx *c)
{
    check_start_instance(c, &plain);
    struct conn *conn = check_dial(c);
    check_exchange(c, conn);
    check_end_instance(c, SIGKILL);
    check_end(c, conn);
    check_close(c, conn);
    check_restart_instance(c, "the target can be started again at once");
    check_probe(c);
}

static void old_clients_reset(struct check_ctx *c)
{
    check_start_instance(c, &plain);
    struct conn *old = check_dial(c);
    check_exchange(c, old);
    check_end_instance(c, SIGKILL);
    net_forget(&c->target.endpoint); /* a path that is left behind is another check's claim */
    check_restart_instance(c, "the target can be started again while an old client stays");
    struct conn *fresh = check_dial(c);
    check_exchange(c, fresh);
    if (check_alive(c))
        check_try_octets(c, old, slice_str("old"));
    check_end(c, old);
}

static void second_instance_fails(struct check_ctx *c)
{
    check_start_instance(c, &plain);
    check_probe(c);
    struct rival rival = check_rival(c);
    if (rival.shares > 0)
        check_broken(c, "one process listens on the port", "a second one does, by %u more socket%s",
                     rival.shares, rival.shares == 1 ? "" : "s");
    if (rival.ended && rival.well)
        check_broken(c, "a second instance says that the address is taken",
                     "it ends with status 0");
    if (!rival.ended)
        check_remark(c, "a second instance goes on without the port");
    check_probe(c);
}

/* After its end nobody is there; a path that stays behind does not keep the next one out. */
static void sigterm(struct check_ctx *c)
{
    struct conn *conn = NULL;

    check_start_instance(c, &plain);
    check_probe(c);
    check_end_instance(c, SIGTERM);
    if (check_try_dial(c, &conn))
        check_broken(c, "after its end the target takes no connection", "it does");
    check_restart_instance(c, "the target can be started again after SIGTERM");
    check_probe(c);
}

/* A new conversation from the port of an old one that was cut off in the middle of a request. */
static void client_port(struct check_ctx *c)
{
    struct address from;
    struct net_dial_options options = {.bind_to = &from};
    int family = address_family(&c->target.address);

    address_loopback(&from, family, SOCK_STREAM, 1, 0);
    struct conn *conn = check_dial_with(c, &c->target.address, &options);
    struct buf request;
    buf_init(&request, 1 << 16);
    check_compose(c, conn, CHECK_BODY, &request);
    check_send_octets(c, conn, slice_sub(buf_slice(&request), 0, request.len / 2));
    if (check_alive(c) && !net_local(conn->fd, SOCK_STREAM, &from))
        check_trouble(c, "getsockname");
    check_reset(c, conn);
    for (unsigned i = 0; i < 5 && check_alive(c); i++) {
        conn = check_dial_with(c, &c->target.address, &options);
        check_exchange(c, conn);
        check_reset(c, conn);
    }
    buf_free(&request);
}

static const struct check checks[] = {
    {
        .id = "stream.meta.port-byte-order",
        .claim = "the target listens on the port that it was told",
        .why = "Without htons() a little-endian machine serves on the port with its octets "
               "swapped.",
        .how = "The kernel's list of sockets that the target's processes hold.",
        .cites = {REQ_DEMO_08},
        .needs = NEED_TCP | NEED_LOCAL,
        .flags = CHECK_UNANSWERED | CHECK_UNREACHED,
        .run = check_own_port,
    },
    {
        .id = "stream.reuse.client-port",
        .claim = "a new conversation from the port of an old one is a new conversation",
        .why = "State that is kept by address and port mixes up two clients.",
        .how = "Half a request from a bound port, reset; then five conversations from that port.",
        .cites = {REQ_PORT_01},
        .needs = NEED_TCP | NEED_LOOPBACK | NEED_REPLIES | NEED_REQUESTS,
        .run = client_port,
    },
    {
        .id = "stream.restart.reuseaddr",
        .claim = "the target can be started again at once on its port",
        .why = "Without SO_REUSEADDR a restart fails for as long as TIME-WAIT lasts.",
        .how = "An instance of its own serves a client, is killed first, and is started again.",
        .cites = {REQ_REST_01},
        .needs = NEED_TCP | NEED_REPLIES | NEED_PERSISTS | NEED_MOVES,
        .flags = CHECK_ALONE,
        .run = reuseaddr,
    },
    {
        .id = "stream.restart.old-clients-reset",
        .claim = "a client of the old process hears nothing from the new one but an end",
        .why = "It would take the new server's octets for the rest of its conversation.",
        .how = "A connection that stays open over a restart, and writes afterwards.",
        .cites = {REQ_REST_02},
        .needs = NEED_CONNECTED | NEED_REPLIES | NEED_PERSISTS | NEED_MOVES,
        .flags = CHECK_ALONE,
        .run = old_clients_reset,
    },
    {
        .id = "stream.restart.second-instance-fails",
        .claim = "a second instance does not silently share the port",
        .why = "Clients would be served by the one or the other as it falls.",
        .how = "The same command a second time: it ends with an error, and the first still serves.",
        .cites = {REQ_REST_03},
        .needs = NEED_TCP | NEED_LOOPBACK | NEED_MOVES,
        .flags = CHECK_ALONE,
        .run = second_instance_fails,
    },
    {
        .id = "stream.restart.sigterm",
        .claim = "SIGTERM ends the service, and nothing that stays hinders the next start",
        .why = "That is how every supervisor stops it.",
        .how = "SIGTERM to an instance of its own; it ends, connects are refused, and it can be "
               "started again.",
        .cites = {REQ_REST_04},
        .needs = NEED_CONNECTED | NEED_MOVES,
        .flags = CHECK_ALONE,
        .run = sigterm,
    },
};

SUITE(stream_restart);
