/* Twins that are wrong about calls in a row, ends of connections, and other clients. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "reference/twins-rpc/twin.h"

enum { KEPT_MAX = 256, IN_A_ROW = 32, LOST = 1 << 15 };

/* ---- calls in a row ---- */

static enum act take_some(struct peer *p)
{
    return p->records > IN_A_ROW ? ACT_SKIP : ACT_GO_ON;
}

/* The status of the last call, where it was one of those in `limit`, is found by the next NULL. */
static void keep_status(struct request *r)
{
    unsigned last = (unsigned)*r->memo;
    unsigned outcome = request_outcome(&r->reply);

    *r->memo = outcome;
    if (outcome != OUTCOME_SUCCESS || !(last & r->server->fault->limit))
        return;
    if (last == OUTCOME_AUTH_ERROR)
        request_deny(r, AUTH_STAT_REJECTEDCRED);
    else
        request_accept(r, ACCEPT_PROC_UNAVAIL);
}

/* ---- ends ---- */

static uint8_t last_reply[KEPT_MAX];
static size_t last_len;

static void keep_reply(struct request *r UNUSED, struct buf *message)
{
    last_len = size_min(message->len, sizeof(last_reply));
    memcpy(last_reply, message->data, last_len);
}

static enum act repeat_reply(struct peer *p)
{
    peer_frame(p, slice_of(last_reply, last_len));
    return ACT_GO_ON;
}

/* Who has hung up wants nothing any more. */
static enum act drop_at_fin(struct peer *p)
{
    uint8_t octet;
    ssize_t n = recv(p->source.fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT);

    return n == 0 ? ACT_DROP : ACT_GO_ON;
}

static bool is_part(const struct peer *p)
{
    return p->mark_len > 0 || p->record.len > 0;
}

static enum act insist_on_record(struct peer *p)
{
    if (is_part(p))
        abort();
    return ACT_GO_ON;
}

/* An end within a record leaves by another way, on which nothing is closed. */
static bool leave_open(struct peer *p)
{
    return is_part(p);
}

static bool keep_memory(struct peer *p)
{
    static void *kept;
    void **block = is_part(p) ? malloc(LOST) : NULL;

    if (block) {
        memset(block, 0xff, LOST);
        *block = kept;
        kept = block;
    }
    return false;
}

/* ---- others ---- */

/* A header is read as a whole, whoever has to wait. */
static enum act await_header(struct peer *p)
{
    size_t there = p->mark_len + p->end;

    if (p->mark_len < RECORD_MARK && there < RECORD_MARK &&
        !server_wait(p->server, p->source.fd, POLLIN))
        return ACT_DROP;
    return ACT_GO_ON;
}

/* A reply is sent as a whole, whoever has to wait. */
static ssize_t await_room(struct peer *p, struct slice octets)
{
    ssize_t n;

    do {
        n = send(p->source.fd, octets.data, octets.len, MSG_NOSIGNAL);
    } while (n < 0 && errno == EAGAIN && server_wait(p->server, p->source.fd, POLLOUT));
    return n;
}

static const struct twin twins[] = {
    {
        .name = "pipeline-of-32",
        .check = "rpc.pipeline.any-order-complete",
        .what = "answers 32 calls of one read, and forgets the others",
        .fault.stream.whole = take_some,
    },
    {
        .name = "pipeline-status-kept",
        .check = "rpc.pipeline.mixed-statuses",
        .what = "says PROC_UNAVAIL to the call behind an unknown procedure, too",
        .fault = {.limit = OUTCOME_PROC_UNAVAIL, .message.spoil = keep_status},
    },
    {
        .name = "datagrams-status-kept",
        .check = "rpc.udp.burst",
        .transport = "rpc+udp",
        .what = "denies the call behind one that was denied, too",
        .fault = {.limit = OUTCOME_AUTH_ERROR, .message.spoil = keep_status},
    },
    {
        .name = "end-with-reply",
        .check = "rpc.tcp.exactly-one-reply",
        .what = "sends its last reply again at the end",
        .fault = {.message.octets = keep_reply, .stream.ended = repeat_reply},
    },
    {
        .name = "half-close-is-close",
        .check = "rpc.tcp.half-close-replies",
        .what = "does not answer calls that a FIN has come with",
        .fault.stream.received = drop_at_fin,
    },
    {
        .name = "end-in-record-asserted",
        .check = "rpc.tcp.partial-record-close",
        .what = "dies of an end within a record",
        .fault.stream.ended = insist_on_record,
    },
    {
        .name = "end-in-record-open",
        .check = "rpc.tcp.fds-after-abuse",
        .what = "does not close a connection that ends within a record",
        .fault.stream.leave = leave_open,
    },
    {
        .name = "end-in-record-kept",
        .check = "rpc.tcp.memory-after-abuse",
        .what = "keeps 32 KiB of a connection that ends within a record",
        .fault.stream.leave = keep_memory,
    },
    {
        .name = "header-awaited",
        .check = "rpc.tcp.slow-sender-isolation",
        .what = "serves nobody until a header is whole",
        .fault.stream.received = await_header,
    },
    {
        .name = "room-awaited",
        .check = "rpc.tcp.slow-reader-isolation",
        .what = "serves nobody until a reply is taken",
        .fault.stream.send = await_room,
    },
    {
        .name = "connections-64",
        .check = "rpc.tcp.many-connections",
        .what = "serves 64 connections, and lets the others wait",
        .fault.stream.most = 64,
    },
};

TWINS(streams);
