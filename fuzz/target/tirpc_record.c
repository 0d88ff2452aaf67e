/*
 * libtirpc's streams of records (xdr_rec.c) against our own reader. The first four octets say how
 * the rest is cut into pieces, and how it is read: by octets, by numbers, in line, or not to the
 * end. Whatever is chosen, the records must be the same.
 *
 * That a fragment ends a record, or the stream does, is nothing that XDR can tell apart; so it is
 * read as far as our reader says, and then there must be no more.
 */
#include <rpc/rpc.h>

#include <stdlib.h>
#include <string.h>

#include "fuzz/oracle/finding.h"
#include "fuzz/target.h"
#include "harness/base/rng.h"
#include "harness/rpc/record.h"

enum {
    SEED_LEN = 4,
    CASE_OCTETS = 16384,
    RECORDS_MAX = CASE_OCTETS / RECORD_HEADER + 1, /* none is shorter than its header */
    BUFFERS = 4,
    WRONG_TEXT_MAX = 80,
};

/* Whatever may be announced, no more comes than the case has. */
static const struct record_limits limits = {
    .octets = SIZE_MAX / 2,
    .fragments = CASE_OCTETS,
    .empty = CASE_OCTETS,
};

/* ---- what is in the stream, as our reader has it ---- */

struct record {
    size_t at, len; /* in `octets` */
    bool whole;
    bool has_empty; /* a fragment of no octets that is not the last ... */
    size_t empty;   /* ... behind so many of the record */
};

static struct {
    size_t count;
    struct record records[RECORDS_MAX];
    uint8_t octets[CASE_OCTETS];
    size_t used;
} stream;

/* A fragment of no octets that is not the last of its record: libtirpc ends there. */
static void note_empty(struct record *r, const struct record_in *in, size_t before)
{
    if (!r->has_empty && in->fragments > before && in->header_len == 0 && in->due == 0 &&
        !in->last) {
        r->has_empty = true;
        r->empty = in->message.len;
    }
}

/* Octet by octet, so that each header is seen when it is there. */
static void read_ours(struct slice octets)
{
    struct record_in in;
    struct record *r = NULL;

    stream.count = stream.used = 0;
    record_open(&in, &limits);
    for (size_t i = 0; i < octets.len; i++) {
        size_t before = in.state == RECORD_WHOLE ? 0 : in.fragments;
        size_t used = 0;

        if (!r) {
            r = &stream.records[stream.count++];
            *r = (struct record){.at = stream.used};
        }
        enum record_state state = record_feed(&in, slice_sub(octets, i, 1), &used);
        if (state == RECORD_BROKEN)
            break;
        note_empty(r, &in, before);
        struct slice message = record_message(&in);
        if (message.len > r->len)
            stream.octets[stream.used++] = message.data[message.len - 1];
        r->len = message.len;
        r->whole = state == RECORD_WHOLE;
        if (r->whole)
            r = NULL;
    }
    record_close(&in);
}

/* ---- the same for libtirpc ---- */

struct source {
    struct slice octets;
    size_t at;
    bool whole; /* as much as is asked for, else in pieces */
    struct rng pieces;
};

/* As read(2), but the end is an error, as clnt_vc and svc_vc have it: 0 would be asked for ever. */
static int give(void *handle, void *to, int len)
{
    struct source *s = handle;
    size_t due = size_min((size_t)len, s->octets.len - s->at);

    if (due == 0)
        return -1;
    if (!s->whole)
        due = size_min(due, 1 + (size_t)rng_below(&s->pieces, 1ULL << rng_below(&s->pieces, 12)));
    memcpy(to, s->octets.data + s->at, due);
    s->at += due;
    return (int)due;
}

static int take(void *handle UNUSED, void *from UNUSED, int len)
{
    return len;
}

/* How a record is left. */
enum way { WAY_READ, WAY_SKIP, WAY_EOF, WAYS };

struct reading {
    XDR xdr;
    struct source source;
    struct rng plan;  /* how each record is left */
    struct rng steps; /* how its octets are read, which depends on what lies in the buffer */
    size_t number;    /* of the record */
    char wrong[WRONG_TEXT_MAX]; /* what is not as our reader has it, the first of it */
};

static void wrong(struct reading *r, const char *format, ...) PRINTF_LIKE(2, 3);
static void wrong(struct reading *r, const char *format, ...)
{
    va_list args;

    if (r->wrong[0])
        return;
    text_format(r->wrong, sizeof(r->wrong), "record %zu: ", r->number);
    size_t len = strlen(r->wrong);
    va_start(args, format);
    text_vformat(r->wrong + len, sizeof(r->wrong) - len, format, args);
    va_end(args);
}

/* One step of at most `len` octets; 0 where nothing came. */
static size_t step(struct reading *r, size_t len, uint8_t *ret)
{
    size_t units = size_min(len / 4, 1 + (size_t)rng_below(&r->steps, 24)) * 4;
    uint64_t how = rng_below(&r->steps, 4);

    if (how == 0 && len >= 4) {
        int32_t number = 0;

        if (!xdr_int32_t(&r->xdr, &number))
            return 0;
        uint32_t word = (uint32_t)number;
        for (size_t i = 0; i < 4; i++)
            ret[i] = (uint8_t)(word >> (24 - 8 * i));
        return 4;
    }
    if (how == 1 && units) {
        const void *there = XDR_INLINE(&r->xdr, (u_int)units);

        if (there) {
            memcpy(ret, there, units);
            return units;
        }
    }
    size_t some = 1 + (size_t)rng_below(&r->steps, size_min(len, 200));
    return XDR_GETBYTES(&r->xdr, (char *)ret, (u_int)some) ? some : 0;
}

/* Reads so many octets of the record; false where it cannot go on. */
static bool read_some(struct reading *r, const struct record *record, size_t len)
{
    static uint8_t room[CASE_OCTETS];
    size_t done = 0;

    while (done < len) {
        size_t got = step(r, len - done, room + done);

        if (got == 0)
            break;
        done += got;
    }
    size_t same = slice_common(slice_of(room, done), slice_of(stream.octets + record->at, len));
    if (same < done)
        wrong(r, "octet %zu is another", same);
    if (same == len)
        return true;
    if (record->has_empty && record->empty < len)
        wrong(r, "it ends at an empty fragment");
    else if (same == done)
        wrong(r, "octet %zu does not come", done);
    return false;
}

static bool is_last(const struct record *record)
{
    return record + 1 == stream.records + stream.count;
}

/* Read to its end, it has no more. Behind an empty fragment nothing is asked of the stream: how it
   goes on there is one defect, and no other would be told from it. */
static bool read_all(struct reading *r, const struct record *record)
{
    char more = 0;

    if (!read_some(r, record, record->len))
        return false;
    if (XDR_GETBYTES(&r->xdr, &more, 1)) {
        wrong(r, "it goes on behind its end");
        return false;
    }
    return record->whole && !record->has_empty;
}

/* xdrrec_eof says that there is no more in its buffer, which it may say too often, but not where
   it cannot be: a record that is not whole ends the stream. */
static bool ask_eof(struct reading *r, const struct record *record)
{
    bool eof = xdrrec_eof(&r->xdr);

    if (!eof && (!record->whole || (is_last(record) && r->source.at == r->source.octets.len)))
        wrong(r, "there is more behind the end");
    if (eof && record->whole && !record->has_empty && !is_last(record) &&
        r->source.at == r->source.octets.len)
        wrong(r, "the end, and more lies in the buffer");
    return record->whole && !record->has_empty;
}

static bool read_record(struct reading *r, const struct record *record)
{
    enum way way = (enum way)rng_below(&r->plan, WAYS);

    /* What was not read of the last one is skipped. */
    if (!xdrrec_skiprecord(&r->xdr)) {
        wrong(r, "it is not reached");
        return false;
    }
    if (way == WAY_READ)
        return read_all(r, record);
    if (!read_some(r, record, (size_t)rng_below(&r->plan, record->len + 1)))
        return false;
    if (way == WAY_EOF)
        return ask_eof(r, record);
    return record->whole && !record->has_empty;
}

static void read_theirs(struct reading *r, struct slice octets, uint32_t seed, bool whole)
{
    static const u_int sizes[BUFFERS] = {0, 100, 128, 5000};
    bool goes_on = true;
    char more = 0;

    *r = (struct reading){.source = {.octets = octets, .whole = whole}};
    rng_seed(&r->plan, seed, "plan");
    rng_seed(&r->steps, seed, "steps");
    rng_seed(&r->source.pieces, seed, "pieces");
    u_int size = sizes[rng_below(&r->plan, BUFFERS)];
    xdrrec_create(&r->xdr, size, size, &r->source, give, take);
    r->xdr.x_op = XDR_DECODE;
    for (r->number = 0; r->number < stream.count && goes_on; r->number++)
        goes_on = read_record(r, &stream.records[r->number]);
    if (goes_on && xdrrec_skiprecord(&r->xdr) && XDR_GETBYTES(&r->xdr, &more, 1))
        wrong(r, "there is one too many");
    if (goes_on && stream.count)
        fuzz_canary();
    XDR_DESTROY(&r->xdr);
}

static void judge_reading(struct slice octets, uint32_t seed)
{
    static struct reading whole, pieces;

    read_theirs(&whole, octets, seed, true);
    read_theirs(&pieces, octets, seed, false);
    if (whole.wrong[0])
        finding_tell(ORACLE_DIFFERENCE, "%s", whole.wrong);
    if (!text_eq(whole.wrong, pieces.wrong))
        finding_tell(ORACLE_CUT, "in one piece: %s; in pieces: %s",
                     whole.wrong[0] ? whole.wrong : "fine",
                     pieces.wrong[0] ? pieces.wrong : "fine");
}

/* ---- what libtirpc writes ---- */

struct sink {
    size_t used;
    uint8_t octets[4 * CASE_OCTETS];
};

static int keep(void *handle, void *from, int len)
{
    struct sink *s = handle;

    if ((size_t)len > sizeof(s->octets) - s->used)
        return -1;
    memcpy(s->octets + s->used, from, (size_t)len);
    s->used += (size_t)len;
    return len;
}

/* Each record once more through libtirpc, in pieces, must be what we read. */
static void write_theirs(uint32_t seed)
{
    static struct sink sink;
    static char copy[CASE_OCTETS];
    struct record_in in;
    struct rng plan;
    XDR out;

    rng_seed(&plan, seed, "write");
    sink.used = 0;
    xdrrec_create(&out, 100 + (u_int)rng_below(&plan, 300), 100, &sink, take, keep);
    out.x_op = XDR_ENCODE;
    memcpy(copy, stream.octets, stream.used);
    for (size_t i = 0; i < stream.count; i++) {
        const struct record *r = &stream.records[i];

        for (size_t done = 0, some = 0; done < r->len; done += some) {
            some = 1 + (size_t)rng_below(&plan, r->len - done);
            XDR_PUTBYTES(&out, copy + r->at + done, (u_int)some);
        }
        xdrrec_endofrecord(&out, i + 1 == stream.count || rng_below(&plan, 2));
    }
    XDR_DESTROY(&out);
    record_open(&in, &limits);
    for (size_t i = 0, at = 0, used = 0; i < stream.count; i++, at += used) {
        struct slice wanted = slice_of(stream.octets + stream.records[i].at, stream.records[i].len);

        if (record_feed(&in, slice_of(sink.octets + at, sink.used - at), &used) != RECORD_WHOLE ||
            !slice_eq(record_message(&in), wanted)) {
            finding_tell(ORACLE_ROUND_TRIP, "record %zu of %zu octets is written as %zu", i,
                         wanted.len, record_message(&in).len);
            break;
        }
    }
    record_close(&in);
}

static void run_record(struct slice input)
{
    uint32_t seed = 0;

    if (input.len < SEED_LEN)
        return;
    for (size_t i = 0; i < SEED_LEN; i++)
        seed = seed << 8 | input.data[i];
    input = slice_from(input, SEED_LEN);
    read_ours(input);
    judge_reading(input, seed);
    write_theirs(seed);
}

const struct fuzz_target fuzz_target_tirpc_record = {
    .name = "tirpc-record",
    .what = "libtirpc's streams of records, read and written in pieces",
    .form = FUZZ_OCTETS,
    .max = CASE_OCTETS,
    .memory = 65536,
    .memory_per_octet = 8,
    .stack = 65536,
    .run = run_record,
};
