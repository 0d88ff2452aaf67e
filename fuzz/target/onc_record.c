/*
 * Our reader of record marking (harness/rpc/record.h) and our follower of streams (onc_follow in
 * harness/rpc/onc_fields.h), fed with the same octets cut in several ways. The result does not
 * depend on the cuts; it is what the reader of cases, written apart from it, makes of the octets;
 * and every message that came out goes through our writers, in fragments, and comes back.
 */
#include <string.h>

#include "fuzz/case/case.h"
#include "fuzz/case/cuts.h"
#include "fuzz/oracle/finding.h"
#include "fuzz/target.h"
#include "harness/rpc/onc_fields.h"
#include "harness/rpc/record.h"

enum { OCTETS_MAX = 4096, RECORDS_MAX = OCTETS_MAX / RECORD_HEADER + 1, SIZES_MAX = 8 };

/* Low, so that cases reach them. */
static const struct record_limits limits = {.octets = 2048, .fragments = 64, .empty = 8};

/* What came out of one pass over the stream. */
struct result {
    size_t count;
    size_t used;               /* octets of all messages, which stand one behind the other */
    size_t ends[RECORDS_MAX];  /* where each ends in `octets` */
    size_t where[RECORDS_MAX]; /* where each ended in the stream */
    uint8_t octets[OCTETS_MAX];
    enum record_state state;
    size_t read; /* octets of the stream */
    bool may_end;
    char text[RECORD_TEXT_MAX];
};

static struct result due;
static struct result other;
static struct case_reader reader;

static void keep(struct result *r, struct slice message)
{
    if (r->count == RECORDS_MAX || message.len > sizeof(r->octets) - r->used) {
        finding_tell(ORACLE_CLAIM, "more came out of a stream than went in");
        return;
    }
    if (message.len > 0)
        memcpy(r->octets + r->used, message.data, message.len);
    r->used += message.len;
    r->where[r->count] = r->read;
    r->ends[r->count++] = r->used;
}

static struct slice message_of(const struct result *r, size_t number)
{
    size_t begin = number > 0 ? r->ends[number - 1] : 0;

    return slice_of(r->octets + begin, r->ends[number] - begin);
}

/* Feeds one piece; false once the stream is broken. */
static bool feed(struct record_in *in, struct slice piece, struct result *r)
{
    while (piece.len > 0) {
        size_t used = 0;

        r->state = record_feed(in, piece, &used);
        if (used > piece.len || (used == 0 && r->state != RECORD_BROKEN) ||
            (r->state == RECORD_MORE && used != piece.len)) {
            finding_tell(ORACLE_CLAIM, "record_feed says %d and uses %zu of %zu octets", r->state,
                         used, piece.len);
            return false;
        }
        r->read += used;
        piece = slice_from(piece, used);
        if (r->state == RECORD_BROKEN)
            return false;
        if (r->state == RECORD_WHOLE)
            keep(r, record_message(in));
    }
    return true;
}

static void read_stream(struct slice input, enum cut cut, struct result *ret)
{
    struct record_in in;
    struct slice piece;
    struct cuts cuts;
    struct buf words;

    ret->count = ret->used = ret->read = 0;
    ret->state = RECORD_MORE;
    record_open(&in, &limits);
    cuts_open(&cuts, input, cut);
    while (cuts_next(&cuts, &piece) && feed(&in, piece, ret))
        ;
    if (record_message(&in).len > limits.octets)
        finding_tell(ORACLE_CLAIM, "a record of %zu octets", record_message(&in).len);
    buf_init(&words, RECORD_TEXT_MAX);
    ret->may_end = record_may_end(&in, &words);
    if (ret->state == RECORD_BROKEN)
        text_copy(ret->text, sizeof(ret->text), in.text);
    else
        text_copy(ret->text, sizeof(ret->text), buf_text(&words));
    if (ret->may_end == (words.len > 0) || (ret->state == RECORD_BROKEN && !in.text[0]))
        finding_tell(ORACLE_CLAIM, "record_may_end says %d and \"%s\"", ret->may_end,
                     buf_text(&words));
    buf_free(&words);
    record_close(&in);
}

static void judge_cut(enum cut cut)
{
    size_t ends = due.count * sizeof(due.ends[0]);
    bool same = due.count == other.count && due.state == other.state && due.read == other.read &&
                due.may_end == other.may_end &&
                slice_eq(slice_of(due.octets, due.used), slice_of(other.octets, other.used)) &&
                slice_eq(slice_of(due.ends, ends), slice_of(other.ends, ends));

    if (!same || strcmp(due.text, other.text) != 0)
        finding_tell(ORACLE_CUT,
                     "%s: %zu records, %d at %zu \"%s\"; in one piece %zu, %d at %zu "
                     "\"%s\"",
                     cut_name(cut), other.count, other.state, other.read, other.text, due.count,
                     due.state, due.read, due.text);
}

/* The reader of cases has no limits but goes on where ours has refused. */
static void judge_difference(struct slice input)
{
    struct slice message;
    size_t count = 0;

    case_open(&reader, input);
    while (case_next(&reader, &message)) {
        if (count == due.count && due.state == RECORD_BROKEN)
            return;
        if (count == due.count || !slice_eq(message, message_of(&due, count))) {
            finding_tell(ORACLE_DIFFERENCE, "record %zu has %zu octets for the reader of cases",
                         count, message.len);
            return;
        }
        count++;
    }
    if (count != due.count)
        finding_tell(ORACLE_DIFFERENCE, "%zu records came, %zu for the reader of cases", due.count,
                     count);
}

/* ---- writing ---- */

/* One record, and the message in it again. */
static void judge_written(const char *writer, struct buf *out, struct slice message)
{
    struct record_in in;
    size_t used = 0;

    record_open(&in, &record_usual_limits);
    enum record_state state = record_feed(&in, buf_slice(out), &used);
    if (state != RECORD_WHOLE || used != out->len || !slice_eq(record_message(&in), message))
        finding_tell(ORACLE_ROUND_TRIP,
                     "%s: %zu octets come back as %zu, state %d, %zu of %zu "
                     "octets used",
                     writer, message.len, record_message(&in).len, state, used, out->len);
    record_close(&in);
    buf_reset(out);
}

static void judge_writers(struct slice message, struct rng *rng)
{
    size_t sizes[SIZES_MAX];
    struct buf out;

    buf_init(&out, OCTETS_MAX * 8);
    record_put(&out, message);
    judge_written("record_put", &out, message);
    for (size_t i = 0; i < SIZES_MAX; i++)
        sizes[i] = (size_t)rng_below(rng, 12);
    record_put_cut(&out, message, sizes, (size_t)rng_below(rng, SIZES_MAX + 1));
    judge_written("record_put_cut", &out, message);
    record_put_pieces(&out, message, (size_t)rng_below(rng, 64));
    judge_written("record_put_pieces", &out, message);
    buf_free(&out);
}

/* ---- following ---- */

/* Where the follower says that a fragment begins, there is a mark: the marks by a walk of our own
   over all octets, which onc_follow never sees at once. */
static bool is_mark(struct slice input, size_t at)
{
    size_t mark = 0;

    while (mark < at && mark < input.len) {
        struct slice m = slice_sub(input, mark, RECORD_HEADER);

        if (m.len < RECORD_HEADER)
            return false;
        uint32_t word = (uint32_t)m.data[0] << 24 | (uint32_t)m.data[1] << 16 |
                        (uint32_t)m.data[2] << 8 | m.data[3];
        mark += RECORD_HEADER + (word & RECORD_LENGTH_MAX);
    }
    return mark == at;
}

static void judge_follow(struct slice input, enum cut cut)
{
    struct onc_follow follow = {.due = 0};
    struct slice piece;
    struct cuts cuts;

    cuts_open(&cuts, input, cut);
    while (cuts_next(&cuts, &piece) && !follow.lost) {
        size_t at = cuts.at - piece.len;
        size_t begin = onc_follow(&follow, piece, piece.len);

        if (begin > piece.len)
            finding_tell(ORACLE_CLAIM, "onc_follow says %zu of %zu octets", begin, piece.len);
        else if (begin < piece.len && !is_mark(input, at + begin))
            finding_tell(ORACLE_CLAIM, "onc_follow sees a mark at %zu", at + begin);
    }
}

static void run_record(struct slice input)
{
    struct rng rng;

    read_stream(input, CUT_NONE, &due);
    for (unsigned cut = CUT_NONE + 1; cut < CUTS; cut++) {
        read_stream(input, (enum cut)cut, &other);
        judge_cut((enum cut)cut);
        judge_follow(input, (enum cut)cut);
    }
    judge_difference(input);
    rng_seed(&rng, input.len, "writers");
    for (size_t i = 0; i < size_min(due.count, SIZES_MAX); i++)
        judge_writers(message_of(&due, i), &rng);
    if (due.count >= 3)
        fuzz_canary();
}

const struct fuzz_target fuzz_target_onc_record = {
    .name = "onc-record",
    .what = "our reader and writers of record marking, cut anywhere",
    .form = FUZZ_CALLS,
    .max = OCTETS_MAX,
    .memory = 65536,
    .memory_per_octet = 16,
    .stack = 16384,
    .run = run_record,
};
