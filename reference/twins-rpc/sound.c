/* Servers without a fault, and with habits that are rare; each must pass all checks of its suite.
 */
#include <sys/socket.h>

#include "harness/base/deadline.h"
#include "reference/twins-rpc/twin.h"

static ssize_t send_octet(struct peer *p, struct slice octets)
{
    return send(p->source.fd, octets.data, size_min(octets.len, 1), MSG_NOSIGNAL);
}

static void take_time(struct request *r)
{
    deadline_wait(deadline_in_ms((int64_t)r->server->fault->limit));
}

static const struct twin twins[] = {
    {
        .name = "none-octet-by-octet",
        .check = "rpc",
        .what = "no fault: sends every octet by itself",
        .fault.stream.send = send_octet,
    },
    {
        .name = "none-fragments",
        .check = "rpc",
        .what = "no fault: sends replies in fragments of five octets, and empty ones between",
        .fault.stream.fragment_max = 5,
    },
    {
        .name = "none-fragments-msgprog",
        .check = "msgprog",
        .transport = "rpc+tcp-data",
        .what = "no fault: sends replies in fragments of five octets, and empty ones between",
        .fault.stream.fragment_max = 5,
    },
    {
        .name = "none-slow",
        .check = "rpc",
        .what = "no fault: takes 10 ms for each call",
        .fault = {.limit = 10, .message.spoil = take_time},
    },
    {
        .name = "none-udp-slow",
        .check = "rpc",
        .transport = "rpc+udp",
        .what = "no fault: takes 10 ms for each call",
        .fault = {.limit = 10, .message.spoil = take_time},
    },
};

TWINS(sound);
