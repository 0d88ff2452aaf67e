/* A connection to our own server, as peer.c has it, over memory. */
#include "fuzz/served/served.h"

#include "fuzz/served/store.h"
#include "reference/msgprog-own/service.h"
#include "reference/wire/record.h"

enum { REPLY_MAX = STORE_MESSAGE_MAX + 64, SENT_MAX = 1 << 22 };

static struct {
    struct record record;
    struct buf sent;
} peer;

void served_forget(void)
{
    served_store_clear(served_store());
}

void served_begin(void)
{
    record_init(&peer.record, SERVED_RECORD_MAX);
    buf_init(&peer.sent, SENT_MAX);
}

void served_end(void)
{
    record_free(&peer.record);
    buf_free(&peer.sent);
}

static void answer(void)
{
    size_t opened = record_open(&peer.sent);

    if (service_answer(served_store(), buf_slice(&peer.record.message), REPLY_MAX, &peer.sent))
        record_close(&peer.sent, opened);
    else if (!peer.sent.failed)
        peer.sent.len = opened;
    record_next(&peer.record);
}

bool served_take(struct slice octets)
{
    while (octets.len > 0 && peer.record.state != RECORD_REFUSED) {
        octets = slice_from(octets, record_feed(&peer.record, octets));
        if (peer.record.state == RECORD_WHOLE)
            answer();
    }
    return peer.record.state != RECORD_REFUSED;
}

struct slice served_sent(void)
{
    return buf_slice(&peer.sent);
}
