/* Twins that are wrong about record marking (RFC 5531 11). */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "reference/twins-rpc/twin.h"

enum { CALL = 40, KEPT_MAX = 4096, MOST = 1 << 20, CLEARED_MOST = 4 << 20, FRAGMENTS_MOST = 10000 };

/* ---- fragments ---- */

static enum act want_one_fragment(struct peer *p)
{
    return p->last ? ACT_GO_ON : ACT_DROP;
}

/* Each fragment is taken for XDR by itself. */
static enum act pad_fragment(struct peer *p)
{
    static const uint8_t zeros[3];

    buf_put(&p->record, slice_of(zeros, words_padding(p->record.len)));
    return ACT_GO_ON;
}

/* The length goes into 16 bits. */
static enum act cut_length(struct peer *p)
{
    p->left &= 0xffff;
    return ACT_GO_ON;
}

static enum act refuse_empty(struct peer *p)
{
    return p->left == 0 && !p->last ? ACT_DROP : ACT_GO_ON;
}

static enum act refuse_empty_last(struct peer *p)
{
    return p->left == 0 && p->last ? ACT_DROP : ACT_GO_ON;
}

/* What has come of a header is forgotten with the read that it came in. */
static enum act lose_half_header(struct peer *p)
{
    if (p->mark_len < RECORD_MARK)
        p->mark_len = 0;
    return ACT_GO_ON;
}

/* ... where it came behind a record. */
static enum act lose_header_behind(struct peer *p)
{
    if (p->records > 0 && p->mark_len < RECORD_MARK)
        p->mark_len = 0;
    return ACT_GO_ON;
}

/* ---- records ---- */

/* An empty record leaves the buffer as it was, and the last call in it. */
static enum act answer_last_call(struct peer *p)
{
    static uint8_t kept[KEPT_MAX];
    static size_t len;

    if (p->record.len == 0) {
        buf_put(&p->record, slice_of(kept, len));
    } else if (p->record.len <= sizeof(kept)) {
        memcpy(kept, p->record.data, p->record.len);
        len = p->record.len;
    }
    return ACT_GO_ON;
}

/* One read, one call. */
static enum act take_first(struct peer *p)
{
    p->begin = p->end;
    return ACT_GO_ON;
}

static enum act answer_both(struct peer *p)
{
    if (p->record.len < 2 * CALL)
        return ACT_GO_ON;
    peer_answer(p);
    buf_drop(&p->record, CALL);
    return ACT_GO_ON;
}

/* Answers the octets at hand where they are a call; the rest of the record is then skipped. */
static void answer_early(struct peer *p)
{
    struct call call;

    if (p->memo || call_read(buf_slice(&p->record), &call) != CALL_GOOD)
        return;
    peer_answer(p);
    p->memo = 1;
}

static enum act answer_fragment(struct peer *p)
{
    answer_early(p);
    return ACT_GO_ON;
}

/* The decoder runs on what a read has brought, as soon as that is enough for it. */
static enum act answer_part(struct peer *p)
{
    struct words w = words_of(slice_of(p->chunk, p->end));
    uint32_t mark = words_u32(&w);

    if (w.failed || p->mark_len > 0 || (mark & ~RECORD_LAST) <= words_rest(&w).len)
        return ACT_GO_ON;
    buf_put(&p->record, words_rest(&w));
    answer_early(p);
    buf_reset(&p->record);
    return ACT_GO_ON;
}

static enum act skip_answered(struct peer *p)
{
    bool answered = p->memo != 0;

    p->memo = 0;
    return answered ? ACT_SKIP : ACT_GO_ON;
}

/* A call has 40 octets at least, whatever its header says. */
static enum act read_whole_call(struct peer *p)
{
    if (p->last && p->fragments == 1 && p->left > 0 && p->left < CALL)
        p->left = CALL;
    return ACT_GO_ON;
}

/* What the decoder of a refused call has not read stays, and is the next header. */
static enum act leave_arguments(struct peer *p)
{
    struct call call;
    size_t extra = p->record.len - size_min(p->record.len, CALL);

    if (call_read(buf_slice(&p->record), &call) == CALL_GOOD && call.procedure > MSG_READMSG &&
        extra <= p->begin)
        p->begin -= extra;
    return ACT_GO_ON;
}

/* ---- what is no record ---- */

/* There is no memory for so much, and nobody has looked. */
static enum act give_memory(struct peer *p)
{
    if (p->left > MOST)
        abort();
    return ACT_GO_ON;
}

/* The whole record is read before anybody else is looked at. */
static enum act await_record(struct peer *p)
{
    uint8_t scrap[CALL];

    while (p->left > MOST && server_wait(p->server, p->source.fd, POLLIN)) {
        if (recv(p->source.fd, scrap, sizeof(scrap), 0) <= 0)
            return ACT_DROP;
    }
    return ACT_GO_ON;
}

/* As much as is announced, as far as it goes. */
static enum act clear_memory(struct peer *p)
{
    size_t len = size_min(p->left, CLEARED_MOST);
    uint8_t *at = p->left > MOST ? buf_extend(&p->record, len) : NULL;

    if (at) {
        memset(at, 0xff, len);
        p->record.len -= len;
    }
    return ACT_GO_ON;
}

/* One fragment in another: the stack is at its end. */
static enum act count_fragments(struct peer *p)
{
    if (p->fragments > FRAGMENTS_MOST)
        abort();
    return ACT_GO_ON;
}

static enum act answer_http(struct peer *p)
{
    if (!slice_eq(slice_of(p->mark, RECORD_MARK), slice_str("GET ")))
        return ACT_GO_ON;
    buf_put_str(&p->out, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    p->over = p->lingers = true;
    return ACT_GO_ON;
}

static const struct twin twins[] = {
    {
        .name = "record-of-one-fragment",
        .check = "rpc.rm.fragments",
        .what = "ends a connection that sends a record in fragments",
        .fault.stream.header = want_one_fragment,
    },
    {
        .name = "fragment-padded",
        .check = "rpc.rm.two-cuts",
        .what = "pads each fragment to a multiple of four octets",
        .fault.stream.fragment = pad_fragment,
    },
    {
        .name = "fragment-length-of-16-bits",
        .check = "msgprog.limits.never-cut",
        .what = "reads 16 bits of the length of a fragment",
        .fault.stream.header = cut_length,
    },
    {
        .name = "fragment-header-in-one-read",
        .check = "rpc.rm.octet-by-octet",
        .what = "forgets the half of a header that a read has brought",
        .fault.stream.received = lose_half_header,
    },
    {
        .name = "fragment-empty-refused",
        .check = "rpc.rm.zero-length-fragment",
        .what = "ends a connection that sends an empty fragment",
        .fault.stream.header = refuse_empty,
    },
    {
        .name = "fragment-empty-last-refused",
        .check = "rpc.rm.zero-length-last",
        .transport = "rpc+unix",
        .what = "ends a connection whose last fragment is empty",
        .fault.stream.header = refuse_empty_last,
    },
    {
        .name = "record-empty-repeats",
        .check = "rpc.rm.empty-record",
        .what = "takes an empty record for the call before it",
        .fault.stream.whole = answer_last_call,
    },
    {
        .name = "record-first-of-read",
        .check = "rpc.rm.records-in-a-segment",
        .what = "drops what stands behind a record in the same read",
        .fault.stream.whole = take_first,
    },
    {
        .name = "record-header-behind",
        .check = "rpc.rm.records-across-segments",
        .what = "forgets half a header behind a record",
        .fault.stream.received = lose_header_behind,
    },
    {
        .name = "record-of-two-calls",
        .check = "rpc.rm.one-message-per-record",
        .what = "answers two calls in one record",
        .fault.stream.whole = answer_both,
    },
    {
        .name = "fragment-dispatched",
        .check = "rpc.rm.no-early-dispatch",
        .what = "answers a call whose last fragment has not come",
        .fault.stream = {.fragment = answer_fragment, .whole = skip_answered},
    },
    {
        .name = "record-part-dispatched",
        .check = "rpc.rm.header-larger-than-sent",
        .what = "answers a call whose record is not whole",
        .fault.stream = {.received = answer_part, .whole = skip_answered},
    },
    {
        .name = "record-read-beyond",
        .check = "rpc.rm.length-bounds",
        .what = "reads 40 octets for a record of less",
        .fault.stream.header = read_whole_call,
    },
    {
        .name = "record-arguments-left",
        .check = "rpc.rm.resync",
        .what = "takes the arguments of an unknown procedure for the next record",
        .fault.stream.whole = leave_arguments,
    },
    {
        .name = "record-memory-by-header",
        .check = "rpc.rm.huge-header",
        .what = "dies of a header of more than a mebibyte",
        .fault.stream.header = give_memory,
    },
    {
        .name = "record-awaited",
        .check = "rpc.rm.huge-header",
        .transport = "rpc+unix",
        .what = "serves nobody until a record of more than a mebibyte is there",
        .fault.stream.header = await_record,
    },
    {
        .name = "record-memory-cleared",
        .check = "rpc.rm.huge-header-memory",
        .what = "clears up to 4 MiB of memory as a header announces it",
        .fault.stream.header = clear_memory,
    },
    {
        .name = "record-of-10000-fragments",
        .check = "rpc.rm.endless-fragments",
        .what = "dies of more than 10000 fragments",
        .fault.stream.header = count_fragments,
    },
    {
        .name = "record-http",
        .check = "rpc.rm.http",
        .what = "answers a request of HTTP",
        .fault.stream.header = answer_http,
    },
};

TWINS(records);
