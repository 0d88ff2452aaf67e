/* Checks: calls to everybody (RFC 5531 8.4.2). */
#include <netinet/in.h>
#include <sys/socket.h>

#include "conformance/rpc/try.h"
#include "conformance/rpc/wrong.h"
#include "conformance/suites.h"

/* The broadcast address of loopback: 127.255.255.255. False, and skipped, where the target's socket
   does not take what goes there. */
static bool everybody(struct check_ctx *c, struct address *ret)
{
    uint16_t port = address_port(&c->target.address);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7fffffff)};
    struct bound bound = check_bound(c, port);

    if (check_alive(c) && !bound.inet_any && !(bound.inet6_any && !bound.inet))
        check_skipped(c, "the target is not bound to the wildcard address");
    at.sin_port = htons(port);
    *ret = (struct address){.len = sizeof(at), .socktype = SOCK_DGRAM};
    *(struct sockaddr_in *)(void *)address_sockaddr_mut(ret) = at;
    return check_alive(c);
}

static void silent_on_error(struct check_ctx *c)
{
    struct net_dial_options options = {.unconnected = true};
    struct address all;
    struct heard h;
    int on = 1;
    bool answered = false;

    if (!everybody(c, &all))
        return;
    for (size_t i = 0; i < TRY_KINDS && check_alive(c); i++) {
        struct conn *conn = check_dial_with(c, &all, &options);
        struct onc_call call = try_kind(c, i);

        if (setsockopt(conn->fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) != 0)
            check_trouble(c, "SO_BROADCAST");
        check_post(c, conn, &call, NULL, &h);
        check_probe(c); /* served behind it: what is not there now is not coming */
        check_probe(c);
        check_look(c, &h);
        if (i == 0)
            answered = h.replies > 0;
        else
            check_unanswered(c, &h, try_kind_name(i));
        check_close(c, conn);
    }
    check_remark(c, answered ? "a NULL call to everybody is answered"
                             : "a NULL call to everybody is not answered");
}

static const struct check checks[] = {
    {
        .id = "rpc.bcast.silent-on-error",
        .claim = "a call to everybody that is wrong is not answered",
        .why = "Each machine of the network would send its denial, at the same moment.",
        .how = "At a wildcard socket: calls of other programs, versions, procedures and flavors to "
               "127.255.255.255; no reply. Whether a NULL call is answered is told.",
        .cites = {REQ_RPC_5531_8_4_2_02},
        .needs = NEED_RPC | NEED_UDP | NEED_REPLIES | NEED_LOOPBACK,
        .run = silent_on_error,
    },
};

SUITE(rpc_broadcast);
