/* How calls of the twins go out and messages come in. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "reference/twins-clients-rpc/client.h"

enum { CONNECT_MS = 2000, SEND_MS = 2000, ALLOCATED_MOST = 256 << 20 };

static bool is_datagram(const struct client *k)
{
    return endpoint_is_datagram(&k->at);
}

bool transport_open(struct client *k, struct problem *why)
{
    struct net_dial_options options = {.unconnected = k->fault->any_source};
    size_t most = k->fault->record_most ? k->fault->record_most : CLIENT_MESSAGE_MAX;

    if (k->fd >= 0)
        return true;
    for (size_t i = 0; i < k->count && k->fd < 0; i++) {
        struct net_io io = net_dial(&k->list[i], is_datagram(k) ? &options : NULL,
                                    deadline_in_ms(CONNECT_MS), &k->fd);

        k->to = k->list[i];
        if (io.status != NET_OK) {
            k->fd = -1;
            problem_set(why, "connect: %s", net_io_text(io));
        }
    }
    if (k->fd < 0)
        return false;
    if (!is_datagram(k))
        net_no_delay(k->fd);
    k->begin = k->end = 0;
    record_free(&k->record);
    record_init(&k->record, most);
    return true;
}

void transport_close(struct client *k)
{
    if (k->fd >= 0)
        close(k->fd);
    k->fd = -1;
    free(k->room);
    k->room = NULL;
}

bool transport_send(struct client *k, struct slice message, struct problem *why)
{
    struct net_io io;
    struct buf out;

    buf_init(&out, 2 * CLIENT_MESSAGE_MAX);
    if (is_datagram(k)) {
        io = k->fault->any_source ? net_send_to(k->fd, message, &k->to, deadline_in_ms(SEND_MS))
                                  : net_send(k->fd, message, deadline_in_ms(SEND_MS), SEND_MS);
    } else {
        size_t opened = record_open(&out);

        buf_put(&out, message);
        record_close(&out, opened);
        io = net_send(k->fd, buf_slice(&out), deadline_in_ms(SEND_MS), SEND_MS);
    }
    buf_free(&out);
    return io.status == NET_OK || problem_set(why, "send: %s", net_io_text(io));
}

/* ---- datagrams ---- */

static enum heard next_datagram(struct client *k, int64_t deadline_us, struct slice *ret,
                                struct problem *why)
{
    struct address from;
    struct net_io io = net_recv_from(k->fd, k->chunk, sizeof(k->chunk), &from, deadline_us);

    if (io.status == NET_TIMEOUT)
        return HEARD_NOTHING;
    if (io.status != NET_OK) {
        problem_set(why, "recv: %s", net_io_text(io));
        return HEARD_END;
    }
    *ret = slice_of(k->chunk, k->fault->reads_beyond ? sizeof(k->chunk) : io.len);
    return HEARD_MESSAGE;
}

/* ---- streams ---- */

/* The end came in the middle: what a fault makes of it. */
static enum heard ended(struct client *k, enum client_end how, struct net_io io, struct slice *ret,
                        struct problem *why)
{
    static const uint8_t zeros[CALL_REPLY_HEADER + 4];

    problem_set(why, "the connection ended before the reply: %s", net_io_text(io));
    switch (how) {
    case END_FAILS:
        break;
    case END_IS_ZERO:
        client_show_number(k, 0);
        return HEARD_ANSWER;
    case END_IS_EARLIER:
        return k->shown[0] ? HEARD_ANSWER : HEARD_END;
    case END_IS_RECORD:
        if (k->record.message.len < CALL_REPLY_HEADER)
            return HEARD_END;
        buf_put(&k->record.message, slice_of(zeros, sizeof(zeros)));
        *ret = buf_slice(&k->record.message);
        return HEARD_MESSAGE;
    }
    return HEARD_END;
}

/* Takes and touches what a header has announced, as who clears a buffer in advance. */
static void allocate_announced(struct client *k)
{
    const uint8_t *m = k->record.mark;
    size_t size = (size_t)(m[0] & 0x7f) << 24 | (size_t)m[1] << 16 | (size_t)m[2] << 8 | m[3];

    if (size > ALLOCATED_MOST)
        size = ALLOCATED_MOST;
    free(k->room);
    k->room = malloc(size + 1);
    if (k->room)
        memset(k->room, 1, size + 1);
}

static void begin_anew(struct client *k, enum client_wait what)
{
    if (k->fault->wait == what)
        k->deadline_us = deadline_in_ms(k->fault->timeout_ms);
}

/* What is there of the record. HEARD_NOTHING: more is needed. */
static enum heard feed(struct client *k, struct slice *ret, struct problem *why)
{
    struct record *r = &k->record;

    if (r->state == RECORD_WHOLE)
        record_next(r);
    while (k->begin < k->end && r->state == RECORD_MORE) {
        size_t before = r->message.len;

        record_feed(r, slice_of(k->chunk + k->begin++, 1));
        if (r->mark_len == RECORD_MARK && before == r->message.len && k->fault->allocates)
            allocate_announced(k);
        if (r->mark_len != 0 || r->state != RECORD_MORE)
            continue;
        begin_anew(k, WAIT_FRAGMENT); /* one has ended, and was not the last */
        if (k->fault->empty_is_answer && before == r->message.len) {
            client_show_number(k, 0);
            return HEARD_ANSWER;
        }
        if (k->fault->one_fragment)
            r->state = RECORD_WHOLE;
    }
    if (r->state == RECORD_REFUSED) {
        problem_set(why, "the record is too long");
        return HEARD_END;
    }
    if (r->state == RECORD_MORE || (k->fault->last_of_read && k->begin < k->end))
        return HEARD_NOTHING;
    begin_anew(k, WAIT_RECORD);
    *ret = buf_slice(&r->message);
    return HEARD_MESSAGE;
}

static enum heard next_record(struct client *k, struct slice *ret, struct problem *why)
{
    for (;;) {
        enum heard heard = feed(k, ret, why);

        if (heard != HEARD_NOTHING)
            return heard;
        if (k->begin < k->end)
            continue;
        size_t room = k->fault->octet_reads ? 1 : sizeof(k->chunk);
        struct net_io io = net_recv(k->fd, k->chunk, room, false, k->deadline_us);
        if (io.status == NET_TIMEOUT)
            return HEARD_NOTHING;
        if (io.status == NET_EOF)
            return ended(k, k->fault->eof, io, ret, why);
        if (io.status != NET_OK)
            return ended(k, k->fault->reset, io, ret, why);
        begin_anew(k, WAIT_READ);
        k->begin = 0;
        k->end = io.len;
    }
}

enum heard transport_next(struct client *k, int64_t deadline_us, struct slice *ret,
                          struct problem *why)
{
    return is_datagram(k) ? next_datagram(k, deadline_us, ret, why) : next_record(k, ret, why);
}
