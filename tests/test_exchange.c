/*
 * Tests of exchanges: tables of replies times drivers, which feed them whole, in pieces, cut off,
 * with octets changed or behind them, and in pairs; always up to an unreadable page.
 */
#include "harness/exchange/exchange.h"

#include <string.h>
#include <sys/stat.h>

#include "harness/exchange/exchange_ops.h"
#include "tests/guard.h"
#include "tests/program.h"
#include "tests/unit.h"

enum { ROOM = 1 << 21, SEQ = 0x10203, NUMBERS = 700 };

static char folder[64];
static struct guard guard;

static int begin(void **state UNUSED)
{
    program_make_folder(folder, sizeof(folder));
    guard_open(&guard, ROOM);
    return 0;
}

static int end(void **state UNUSED)
{
    guard_close(&guard);
    program_remove_folder(folder);
    return 0;
}

/* ---- what is spoken ---- */

#define PREFIX "Echoed msg: "

static void say_body(const struct ask *ask, struct buf *out)
{
    buf_put(out, ask->body);
}

static void say_prefix(const struct ask *ask, struct buf *out)
{
    buf_put_str(out, PREFIX);
    buf_put(out, ask->body);
}

/* As a server whose every read() gave it five octets. */
static void say_pieces(const struct ask *ask, struct buf *out)
{
    for (size_t at = 0; at < ask->body.len; at += 5) {
        buf_put_str(out, PREFIX);
        buf_put(out, slice_sub(ask->body, at, 5));
    }
}

static void say_line(const struct ask *ask, struct buf *out)
{
    buf_put(out, ask->body);
    buf_put_str(out, "\n");
}

static void say_dos_line(const struct ask *ask, struct buf *out)
{
    buf_put(out, ask->body);
    buf_put_str(out, "\r\n");
}

static void say_redis(const struct ask *ask, struct buf *out)
{
    buf_printf(out, "$8\r\n%08x\r\n", ask->seq);
}

static void say_version(const struct ask *ask UNUSED, struct buf *out)
{
    buf_put_str(out, "VERSION 1.6.18\r\n");
}

static void say_page(const struct ask *ask UNUSED, struct buf *out)
{
    buf_put_str(out, "HTTP/1.0 200 OK\r\n\r\nhello");
}

static void say_ok(const struct ask *ask, struct buf *out)
{
    buf_printf(out, "ok %08x go\n", ask->seq);
}

static void say_counted(const struct ask *ask, struct buf *out)
{
    buf_put_u32(out, 6);
    buf_put_byte(out, 'A');
    buf_put_u32(out, ask->seq);
    buf_put_byte(out, '\n');
}

static void say_number(const struct ask *ask, struct buf *out)
{
    buf_printf(out, "%08x", ask->seq);
}

/* The reply to a NULL call by hand (RFC 5531 9): accepted, no verifier, SUCCESS. */
static void say_null_reply(const struct ask *ask, struct buf *out)
{
    buf_put_u32(out, ask->seq);
    unit_hex(out, "00000001 00000000 00000000 00000000 00000000");
}

static void say_null_record(const struct ask *ask, struct buf *out)
{
    unit_hex(out, "80000018");
    say_null_reply(ask, out);
}

/* In two fragments with an empty one between them, cut within the xid, and an empty last one. */
static void say_null_fragments(const struct ask *ask, struct buf *out)
{
    unit_hex(out, "00000003");
    buf_put_u32(out, ask->seq);
    uint8_t last = out->data[--out->len];
    unit_hex(out, "00000000 00000015");
    buf_put_byte(out, last);
    unit_hex(out, "00000001 00000000 00000000 00000000 00000000 80000000");
}

static void say_verified_record(const struct ask *ask, struct buf *out)
{
    unit_hex(out, "80000020");
    buf_put_u32(out, ask->seq);
    unit_hex(out, "00000001 00000000 00000002 00000008 61626364 65666768 00000000");
}

enum speech_trait {
    AT_END = 1 << 0,    /* the reply is over when the connection or the message is */
    FREE_TAIL = 1 << 1, /* ... and may be followed by anything */
    NUMBERED = 1 << 2,  /* another number makes another reply */
};

static const struct speech {
    const char *spec; /* NULL: the file */
    const char *file;
    enum exchange_medium medium;
    size_t size; /* of the body */
    void (*say)(const struct ask *ask, struct buf *out);
    unsigned traits;
    const char *mask; /* '*' where any octet may stand; NULL: nowhere */
} speeches[] = {
    {"echo", NULL, EXCHANGE_OVER_STREAM, 1, say_body, NUMBERED, NULL},
    {"echo", NULL, EXCHANGE_OVER_STREAM, 32, say_body, NUMBERED, NULL},
    {"echo", NULL, EXCHANGE_OVER_RECORDS, 32, say_body, NUMBERED, NULL},
    {"echo", NULL, EXCHANGE_OVER_DATAGRAMS, 32, say_body, NUMBERED, NULL},
    {"echo:" PREFIX, NULL, EXCHANGE_OVER_STREAM, 32, say_prefix, NUMBERED, NULL},
    {"echo:" PREFIX, NULL, EXCHANGE_OVER_STREAM, 1, say_prefix, NUMBERED, NULL},
    {"echo:" PREFIX, NULL, EXCHANGE_OVER_STREAM, 17, say_pieces, NUMBERED, NULL},
    {"echo:" PREFIX, NULL, EXCHANGE_OVER_RECORDS, 9, say_prefix, NUMBERED, NULL},
    {"echo:" PREFIX, NULL, EXCHANGE_OVER_DATAGRAMS, 9, say_prefix, NUMBERED, NULL},
    {"line", NULL, EXCHANGE_OVER_STREAM, 32, say_line, NUMBERED, NULL},
    {"line", NULL, EXCHANGE_OVER_STREAM, 32, say_dos_line, NUMBERED, NULL},
    {"line", NULL, EXCHANGE_OVER_DATAGRAMS, 9, say_line, NUMBERED, NULL},
    {"exchanges/redis-ping.exchange", NULL, EXCHANGE_OVER_STREAM, 0, say_redis, NUMBERED, NULL},
    {"exchanges/memcached-version.exchange", NULL, EXCHANGE_OVER_STREAM, 0, say_version, 0,
     "        ******  "},
    {"exchanges/http-get.exchange", NULL, EXCHANGE_OVER_STREAM, 0, say_page, AT_END | FREE_TAIL,
     "       *     **    *****"},
    {NULL, "framing = line\nrequest = \"%{seq}\\n\"\nreply = \"ok %{seq:08x} %{any}\\n\"\n",
     EXCHANGE_OVER_STREAM, 0, say_ok, NUMBERED, "            ** "},
    {NULL, "framing = length32\nrequest = \"Q%{seq:u32}\"\nreply = \"A%{seq:u32}\\n\"\n",
     EXCHANGE_OVER_STREAM, 0, say_counted, NUMBERED, NULL},
    {NULL, "framing = fixed 8\nrequest = \"%{seq}\"\nreply = \"%{seq:08x}\"\n",
     EXCHANGE_OVER_STREAM, 0, say_number, NUMBERED, NULL},
    {NULL, "framing = close\nrequest = \"%{seq}\"\nreply = \"%{seq:08x}\"\n", EXCHANGE_OVER_STREAM,
     0, say_number, AT_END | NUMBERED, NULL},
    {NULL, "framing = datagram\nrequest = \"%{seq}\"\nreply = \"%{seq:08x}\"\n",
     EXCHANGE_OVER_DATAGRAMS, 0, say_number, AT_END | NUMBERED, NULL},
    {NULL, "framing = datagram\nrequest = \"%{seq}\"\nreply = \"%{seq:08x}\"\n",
     EXCHANGE_OVER_RECORDS, 0, say_number, AT_END | NUMBERED, NULL},
    {"rpc:345678/2", NULL, EXCHANGE_OVER_STREAM, 0, say_null_record, NUMBERED,
     "                ****        "},
    {"rpc:345678/2", NULL, EXCHANGE_OVER_STREAM, 0, say_null_fragments, NUMBERED,
     "                        ****            "},
    {"rpc:345678/2", NULL, EXCHANGE_OVER_STREAM, 0, say_verified_record, NUMBERED,
     "                ****    ********    "},
    {"rpc:345678/2", NULL, EXCHANGE_OVER_DATAGRAMS, 0, say_null_reply, AT_END | NUMBERED,
     "            ****        "},
    {"rpc:345678/2", NULL, EXCHANGE_OVER_RECORDS, 0, say_null_reply, AT_END | NUMBERED,
     "            ****        "},
};

/* One exchange, opened, with one request and the reply that is right for it. */
struct talk {
    const struct speech *speech;
    size_t row;
    struct exchange *x;
    struct buf body;
    struct buf reply;
    struct ask ask;
};

static struct exchange *open_text(const char *text, enum exchange_medium medium)
{
    struct problem why = {.text = ""};
    struct exchange *x = NULL;
    char path[96];

    text_format(path, sizeof(path), "%s/x", folder);
    program_write_file(path, text);
    if (!exchange_open(path, medium, &x, &why))
        fail_msg("%s", why.text);
    return x;
}

static struct exchange *open_spec(const char *spec, enum exchange_medium medium)
{
    struct problem why = {.text = ""};
    struct exchange *x = NULL;

    if (!exchange_open(spec, medium, &x, &why))
        fail_msg("%s", why.text);
    return x;
}

/* Makes the request with this number, and its reply. */
static void talk_about(struct talk *t, uint32_t seq)
{
    buf_reset(&t->body);
    buf_reset(&t->reply);
    exchange_body(t->x, seq, t->speech->size, &t->body);
    t->ask = (struct ask){.seq = seq, .body = buf_slice(&t->body)};
    t->speech->say(&t->ask, &t->reply);
}

static void each_talk(void (*drive)(struct talk *t))
{
    for (size_t i = 0; i < ARRAY_LEN(speeches); i++) {
        const struct speech *s = &speeches[i];
        struct talk t = {.speech = s, .row = i};

        t.x = s->spec ? open_spec(s->spec, s->medium) : open_text(s->file, s->medium);
        buf_init(&t.body, ROOM);
        buf_init(&t.reply, ROOM);
        talk_about(&t, SEQ);
        if (s->mask)
            assert_row(i, strlen(s->mask) == t.reply.len);
        drive(&t);
        buf_free(&t.body);
        buf_free(&t.reply);
        exchange_close(t.x);
    }
}

/* Judges a copy that ends at the page; what is broken must be pointed at. */
static enum match judge(const struct talk *t, struct slice in, bool ended, size_t *ret_used)
{
    struct mismatch why = {.offset = SIZE_MAX};
    struct slice copy = guard_put(&guard, in);
    size_t used = 0;
    enum match match = exchange_match(t->x, &t->ask, copy, ended, &used, &why);

    assert_row(t->row, exchange_match(t->x, &t->ask, copy, ended, ret_used, NULL) == match);
    if (match == MATCH_WHOLE)
        assert_row(t->row, used == *ret_used && used <= in.len);
    if (match == MATCH_BROKEN) {
        assert_row(t->row, why.offset <= in.len);
        assert_row(t->row, why.expected[0] != '\0' && why.actual[0] != '\0');
    }
    return match;
}

static bool in_pieces(const struct talk *t)
{
    return t->speech->medium == EXCHANGE_OVER_STREAM;
}

static bool is_free(const struct talk *t, size_t at)
{
    return t->speech->mask && t->speech->mask[at] == '*';
}

/* ---- the drivers ---- */

static void drive_whole(struct talk *t)
{
    static const uint32_t numbers[] = {0, 1, SEQ, 0x7fffffff, UINT32_MAX};

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        size_t used = 0;

        talk_about(t, numbers[i]);
        assert_row(t->row, judge(t, buf_slice(&t->reply), true, &used) == MATCH_WHOLE);
        assert_row(t->row, used == t->reply.len);
        if (!(t->speech->traits & AT_END)) {
            assert_row(t->row, judge(t, buf_slice(&t->reply), false, &used) == MATCH_WHOLE);
            assert_row(t->row, used == t->reply.len);
        }
    }
}

static void test_whole(void **state UNUSED)
{
    each_talk(drive_whole);
}

/* What a stream brings until now is right, and not all there: for every prefix. */
static void drive_byte_by_byte(struct talk *t)
{
    size_t used = 0;

    if (!in_pieces(t))
        return;
    for (size_t len = 0; len < t->reply.len; len++) {
        struct slice in = slice_sub(buf_slice(&t->reply), 0, len);

        assert_row(t->row, judge(t, in, false, &used) == MATCH_MORE);
    }
    if (t->speech->traits & AT_END)
        assert_row(t->row, judge(t, buf_slice(&t->reply), false, &used) == MATCH_MORE);
}

static void test_byte_by_byte(void **state UNUSED)
{
    each_talk(drive_byte_by_byte);
}

/* Three arrivals, cut at every two places, gathered as a connection gathers them. */
static void drive_every_two_cuts(struct talk *t)
{
    size_t len = t->reply.len;

    if (!in_pieces(t))
        return;
    for (size_t i = 0; i <= len; i++) {
        for (size_t j = i; j <= len; j++) {
            const size_t arrivals[] = {i, j, len};
            size_t used = 0;
            enum match match = MATCH_MORE;

            for (size_t n = 0; n < ARRAY_LEN(arrivals) && match == MATCH_MORE; n++) {
                struct slice in = slice_sub(buf_slice(&t->reply), 0, arrivals[n]);

                match = judge(t, in, n == 2 && t->speech->traits & AT_END, &used);
            }
            assert_row(t->row, match == MATCH_WHOLE && used == len);
        }
    }
}

static void test_every_two_cuts(void **state UNUSED)
{
    each_talk(drive_every_two_cuts);
}

/* A reply that is cut off by the end is broken, unless what is left out may be anything. */
static void drive_cut_off(struct talk *t)
{
    size_t free_from = t->reply.len;
    size_t used = 0;

    while (t->speech->traits & FREE_TAIL && is_free(t, free_from - 1))
        free_from--;
    for (size_t len = 0; len < t->reply.len; len++) {
        struct slice in = slice_sub(buf_slice(&t->reply), 0, len);
        enum match due = len < free_from ? MATCH_BROKEN : MATCH_WHOLE;

        assert_row(t->row, judge(t, in, true, &used) == due);
    }
}

static void test_cut_off(void **state UNUSED)
{
    each_talk(drive_cut_off);
}

/* What follows is not part of the reply: it is left, or, where the reply ends with the message, it
   breaks it. */
static void drive_trailing_octets(struct talk *t)
{
    static const char *const tails[] = {"x", "\n", "\r\n", "E", PREFIX, "\xff\xff\xff\xff\xff\xff"};
    size_t len = t->reply.len;

    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        size_t used = 0;

        buf_put_str(&t->reply, tails[i]);
        enum match match = judge(t, buf_slice(&t->reply), true, &used);
        if (t->speech->traits & FREE_TAIL)
            assert_row(t->row, match == MATCH_WHOLE && used == t->reply.len);
        else if (t->speech->traits & AT_END)
            assert_row(t->row, match == MATCH_BROKEN);
        else
            assert_row(t->row, match == MATCH_WHOLE && used == len);
        if (in_pieces(t) && !(t->speech->traits & AT_END))
            assert_row(t->row,
                       judge(t, buf_slice(&t->reply), false, &used) == MATCH_WHOLE && used == len);
        t->reply.len = len;
    }
}

static void test_trailing_octets(void **state UNUSED)
{
    each_talk(drive_trailing_octets);
}

static void judge_changed(struct talk *t, size_t at, uint8_t octet)
{
    uint8_t right = t->reply.data[at];
    size_t used = 0;

    t->reply.data[at] = octet;
    enum match ended = judge(t, buf_slice(&t->reply), true, &used);
    if (ended == MATCH_WHOLE && !is_free(t, at)) {
        /* CR LF that became LF LF: a line that ends sooner, and one octet too many behind it. A
           fragment that became the last one: the empty one behind it is too many. */
        if (t->speech->say == say_null_fragments)
            assert_row(t->row, octet == 0x80 && used == t->reply.len - 4);
        else
            assert_row(t->row,
                       t->speech->say == say_dos_line && octet == '\n' && used == t->reply.len - 1);
    } else if (ended == MATCH_BROKEN) {
        /* Only an octet that ends the frame may break a stretch of anything. */
        assert_row(t->row, !is_free(t, at) || octet == '\n');
        assert_row(t->row, judge(t, buf_slice(&t->reply), false, &used) != MATCH_WHOLE);
    }
    assert_row(t->row, ended != MATCH_MORE);
    t->reply.data[at] = right;
}

static void drive_each_octet_changed(struct talk *t)
{
    static const uint8_t others[] = {'\0', '\n', '\r', ' ', 'E', 0xff};

    for (size_t at = 0; at < t->reply.len; at++) {
        uint8_t right = t->reply.data[at];

        for (unsigned bit = 0; bit < 8; bit++)
            judge_changed(t, at, (uint8_t)(right ^ 1U << bit));
        for (size_t i = 0; i < ARRAY_LEN(others); i++) {
            if (others[i] != right)
                judge_changed(t, at, others[i]);
        }
    }
}

static void test_each_octet_changed(void **state UNUSED)
{
    each_talk(drive_each_octet_changed);
}

/* The reply to another request is none to this one. */
static void drive_crossed_numbers(struct talk *t)
{
    static const uint32_t others[] = {SEQ + 1, SEQ - 1, SEQ + 8, SEQ ^ 0x6};
    size_t used = 0;

    if (!(t->speech->traits & NUMBERED))
        return;
    assert_row(t->row, exchange_has(t->x, EXCHANGE_NUMBERED));
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        uint8_t reply[256];
        size_t len;

        talk_about(t, others[i]);
        len = t->reply.len;
        memcpy(reply, t->reply.data, len);
        talk_about(t, SEQ);
        assert_row(t->row, judge(t, slice_of(reply, len), true, &used) == MATCH_BROKEN);
    }
}

static void test_crossed_numbers(void **state UNUSED)
{
    each_talk(drive_crossed_numbers);
}

/* Two replies in one piece, the second also cut at every place. */
static void drive_pipelined_pairs(struct talk *t)
{
    struct buf both;
    size_t used = 0;

    if (!in_pieces(t) || t->speech->traits & AT_END)
        return;
    buf_init(&both, ROOM);
    buf_put(&both, buf_slice(&t->reply));
    size_t first = both.len;
    talk_about(t, SEQ + 1);
    buf_put(&both, buf_slice(&t->reply));
    for (size_t len = first; len <= both.len; len++) {
        struct slice in = slice_sub(buf_slice(&both), 0, len);
        enum match due = len == both.len ? MATCH_WHOLE : MATCH_MORE;

        talk_about(t, SEQ);
        assert_row(t->row, judge(t, in, false, &used) == MATCH_WHOLE && used == first);
        talk_about(t, SEQ + 1);
        assert_row(t->row, judge(t, slice_from(in, first), false, &used) == due);
    }
    assert_row(t->row, used == both.len - first);
    buf_free(&both);
}

static void test_pipelined_pairs(void **state UNUSED)
{
    each_talk(drive_pipelined_pairs);
}

/* Where an octet of a text known in full is wrong, that offset is named and both sides shown. */
static void test_mismatch_points_at_the_octet(void **state UNUSED)
{
    struct exchange *x = open_spec("echo:> ", EXCHANGE_OVER_DATAGRAMS);
    static const struct {
        const char *in;
        size_t offset;
        const char *expected, *actual;
    } rows[] = {
        {"", 0, "\"> \"", "the end"},      {"x", 0, "\"> \"", "\"x\""},
        {">x", 1, "\" \"", "\"x\""},       {"> ", 2, "\"body\"", "the end"},
        {"> boxy", 4, "\"dy\"", "\"xy\""}, {"> bod", 5, "\"y\"", "the end"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ask ask = {.seq = 1, .body = slice_str("body")};
        struct mismatch why;
        size_t used;

        assert_row(i, exchange_match(x, &ask, slice_str(rows[i].in), true, &used, &why) ==
                          MATCH_BROKEN);
        assert_row(i, why.offset == rows[i].offset);
        assert_string_equal(why.expected, rows[i].expected);
        assert_string_equal(why.actual, rows[i].actual);
    }
    exchange_close(x);
}

/* Each read() of a server gives at least one octet, so two prefixes in a row are one too many. */
static void test_prefix_twice_is_broken(void **state UNUSED)
{
    struct exchange *x = open_spec("echo:> ", EXCHANGE_OVER_STREAM);
    static const char *const replies[] = {"> > body", "> bo> > dy"};

    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        struct ask ask = {.seq = 1, .body = slice_str("body")};
        struct mismatch why;
        size_t used;

        assert_row(i, exchange_match(x, &ask, slice_str(replies[i]), false, &used, &why) ==
                          MATCH_BROKEN);
    }
    exchange_close(x);
}

/* ---- exchanges without a reply of known shape ---- */

struct row {
    enum exchange_medium medium;
    const char *in;
    size_t len;
    bool ended;
    enum match due;
};

static void judge_rows(const char *spec, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct exchange *x = open_spec(spec, rows[i].medium);
        struct ask ask = {.seq = 1};
        struct slice in = guard_put(&guard, slice_of(rows[i].in, rows[i].len));
        size_t used = 4711;
        enum match match = exchange_match(x, &ask, in, rows[i].ended, &used, NULL);

        assert_row(i, match == rows[i].due);
        assert_row(i, used == (match == MATCH_WHOLE ? rows[i].len : 4711));
        exchange_close(x);
    }
}

static void test_discard(void **state UNUSED)
{
    static const struct row rows[] = {
        {EXCHANGE_OVER_STREAM, "", 0, false, MATCH_MORE},
        {EXCHANGE_OVER_STREAM, "", 0, true, MATCH_MORE},
        {EXCHANGE_OVER_STREAM, "x", 1, false, MATCH_BROKEN},
        {EXCHANGE_OVER_STREAM, "\0", 1, true, MATCH_BROKEN},
        {EXCHANGE_OVER_DATAGRAMS, "x", 1, true, MATCH_BROKEN},
    };

    judge_rows("discard", rows, ARRAY_LEN(rows));
}

/* How many octets there may be is a check of its own. */
static void test_chargen(void **state UNUSED)
{
    static const char many[513];
    static const struct row rows[] = {
        {EXCHANGE_OVER_STREAM, "", 0, false, MATCH_MORE},
        {EXCHANGE_OVER_STREAM, "x", 1, false, MATCH_WHOLE},
        {EXCHANGE_OVER_STREAM, many, 513, false, MATCH_WHOLE},
        {EXCHANGE_OVER_DATAGRAMS, "", 0, true, MATCH_WHOLE},
        {EXCHANGE_OVER_DATAGRAMS, many, 513, true, MATCH_WHOLE},
    };

    judge_rows("chargen", rows, ARRAY_LEN(rows));
}

static void test_daytime(void **state UNUSED)
{
    static const char line[] = "Tuesday, February 22, 1982 17:37:43-PST\r\n";
    static char longest[600];
    const struct row rows[] = {
        {EXCHANGE_OVER_STREAM, "", 0, false, MATCH_MORE},
        {EXCHANGE_OVER_STREAM, "", 0, true, MATCH_BROKEN},
        {EXCHANGE_OVER_STREAM, line, 10, false, MATCH_MORE},
        {EXCHANGE_OVER_STREAM, line, 10, true, MATCH_BROKEN},
        {EXCHANGE_OVER_STREAM, line, sizeof(line) - 1, false, MATCH_MORE}, /* the end is part */
        {EXCHANGE_OVER_STREAM, line, sizeof(line) - 1, true, MATCH_WHOLE},
        {EXCHANGE_OVER_STREAM, "a\n", 2, true, MATCH_WHOLE},
        {EXCHANGE_OVER_STREAM, "a\0\n", 3, false, MATCH_BROKEN},
        {EXCHANGE_OVER_STREAM, "a\x80\n", 3, false, MATCH_BROKEN},
        {EXCHANGE_OVER_STREAM, "\x1b[m\n", 4, false, MATCH_BROKEN},
        {EXCHANGE_OVER_STREAM, longest, 513, false, MATCH_BROKEN},
        {EXCHANGE_OVER_STREAM, longest, 512, false, MATCH_MORE},
        {EXCHANGE_OVER_DATAGRAMS, line, sizeof(line) - 1, true, MATCH_WHOLE},
        {EXCHANGE_OVER_DATAGRAMS, line, sizeof(line) - 2, true, MATCH_BROKEN},
    };

    memset(longest, 'x', sizeof(longest));
    judge_rows("daytime", rows, ARRAY_LEN(rows));
}

static void test_source_chunks_never_end(void **state UNUSED)
{
    static uint8_t octets[EXCHANGE_REPLY_MAX];
    struct exchange *x =
        open_text("framing = line\nrequest = \"?\\n\"\nreply = \"!\\n\"\n", EXCHANGE_OVER_STREAM);
    struct ask ask = {.seq = 1};
    struct mismatch why;
    size_t used;

    memset(octets, 'x', sizeof(octets));
    assert_int_equal(
        exchange_match(x, &ask, slice_of(octets, sizeof(octets) - 1), false, &used, &why),
        MATCH_MORE);
    assert_int_equal(exchange_match(x, &ask, slice_of(octets, sizeof(octets)), false, &used, &why),
                     MATCH_BROKEN);
    assert_contains(why.expected, "an end");
    exchange_close(x);
}

/* ---- RPC ---- */

#define REPLY_42 "0000002a 00000001 "
#define NONE "00000000 00000000 "

/* What is no reply to a NULL call says which message it is, and where it goes wrong. */
static void test_rpc_replies(void **state UNUSED)
{
    static const struct {
        const char *hex;
        size_t offset; /* in a datagram */
        const char *actual;
    } rows[] = {
        {REPLY_42 "00000000 00000000 00000000 00000001", 20, "xid 0x2a accepted PROG_UNAVAIL"},
        {REPLY_42 "00000000 00000000 00000000 00000002 00000002 00000004", 20,
         "REPLY xid 0x2a accepted PROG_MISMATCH 2..4"},
        {REPLY_42 "00000000 00000001 00000001 61000000 00000003", 24, "accepted PROC_UNAVAIL"},
        {REPLY_42 "00000000 00000000 00000000 00000000 00000000", 24, "4 octets of results"},
        {REPLY_42 "00000001 00000001 00000005", 8, "denied AUTH_ERROR AUTH_TOOWEAK"},
        {REPLY_42 "00000001 00000000 00000002 00000002", 8, "denied RPC_MISMATCH 2..2"},
        {REPLY_42 "00000002", 8, "octet 8, reply_stat: 2 is none of 0 to 1 (RFC 5531 9)"},
        {REPLY_42 "00000000 00000000 00000191", 16, "length 401, and 400 is the limit"},
        {REPLY_42 "00000000 00000000 00000000 00000009", 20, "accept_stat: 9 is none of"},
        {REPLY_42 "00000000 00000000 00000000", 20, "accept_stat: 4 octets needed, 0 left"},
        {"0000002b 00000001 00000000 00000000 00000000 00000000", 0, "REPLY xid 0x2b accepted"},
        {"0000002a 00000000 00000002 00000001 00000001 00000000 " NONE NONE, 4,
         "CALL xid 0x2a prog 1 vers 1 proc 0"},
        {"0000", 0, "no RPC message: octet 0, xid"},
    };
    struct exchange *whole = open_spec("rpc:345678/2", EXCHANGE_OVER_DATAGRAMS);
    struct exchange *marked = open_spec("rpc:345678/2", EXCHANGE_OVER_STREAM);
    struct ask ask = {.seq = 42};
    struct buf message;
    struct buf record;

    buf_init(&message, ROOM);
    buf_init(&record, ROOM);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct mismatch why = {0};
        size_t used = 4711;

        buf_reset(&message);
        buf_reset(&record);
        unit_hex(&message, rows[i].hex);
        buf_put_u32(&record, 0x80000000U | (uint32_t)message.len);
        buf_put(&record, buf_slice(&message));
        struct slice in = guard_put(&guard, buf_slice(&message));
        assert_row(i, exchange_match(whole, &ask, in, true, &used, &why) == MATCH_BROKEN);
        assert_row(i, why.offset == rows[i].offset);
        assert_contains(why.expected, "REPLY xid 0x2a accepted SUCCESS, 0 octets of results");
        assert_contains(why.actual, rows[i].actual);
        in = guard_put(&guard, buf_slice(&record));
        assert_row(i, exchange_match(marked, &ask, in, false, &used, &why) == MATCH_BROKEN);
        assert_row(i, why.offset == rows[i].offset + 4 && used == 4711);
        assert_contains(why.actual, rows[i].actual);
    }
    buf_free(&message);
    buf_free(&record);
    exchange_close(whole);
    exchange_close(marked);
}

/* Streams that are no records, or never end one. */
static void test_rpc_records(void **state UNUSED)
{
    static const struct {
        const char *hex;
        bool ended;
        enum match match;
        const char *actual;
    } rows[] = {
        {"80000018 0000002a", false, MATCH_MORE, NULL},
        {"80000018 0000002a", true, MATCH_BROKEN, "20 octets of fragment 1 are missing"},
        {"800000", true, MATCH_BROKEN, "1 octets of a fragment header are missing"},
        {"00000004 0000002a", true, MATCH_BROKEN, "the last fragment is missing behind 1"},
        {"ffffffff 0000002a", false, MATCH_BROKEN, "announces 2147483647 octets behind 0"},
        {"48545450 2f312e31", false, MATCH_BROKEN, "fragment header 48545450 announces"},
        {"80000000", false, MATCH_BROKEN, "no RPC message: octet 0, xid: 4 octets needed"},
        {"", false, MATCH_MORE, NULL},
        {"", true, MATCH_BROKEN, "the end"},
    };
    struct exchange *x = open_spec("rpc:345678/2", EXCHANGE_OVER_STREAM);
    struct ask ask = {.seq = 42};
    struct buf octets;

    buf_init(&octets, ROOM);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct mismatch why = {0};
        uint32_t seq = 4711;
        size_t used = 4711;

        buf_reset(&octets);
        unit_hex(&octets, rows[i].hex);
        struct slice in = guard_put(&guard, buf_slice(&octets));
        assert_row(i, exchange_match(x, &ask, in, rows[i].ended, &used, &why) == rows[i].match);
        assert_row(i, used == 4711);
        if (rows[i].actual)
            assert_contains(why.actual, rows[i].actual);
        assert_row(i, exchange_peek(x, in, rows[i].ended, &seq, &why) == rows[i].match);
        assert_row(i, seq == 4711);
    }
    buf_free(&octets);
    exchange_close(x);
}

/* The number of a reply is known when it is whole, whatever else it holds. */
static void test_rpc_peek(void **state UNUSED)
{
    static const char *const replies[] = {
        "80000018 0000002a 00000001 00000000 00000000 00000000 00000000",
        "00000003 000000 00000000 00000005 2a 00000001 80000000",
        "80000008 0000002a 00000009",
    };
    struct exchange *x = open_spec("rpc:345678/2", EXCHANGE_OVER_STREAM);
    struct buf octets;

    buf_init(&octets, ROOM);
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        uint32_t seq = 4711;

        buf_reset(&octets);
        unit_hex(&octets, replies[i]);
        for (size_t len = 0; len < octets.len; len++) {
            struct slice in = guard_put(&guard, slice_sub(buf_slice(&octets), 0, len));

            assert_row(i, exchange_peek(x, in, false, &seq, NULL) == MATCH_MORE);
            assert_row(i, exchange_peek(x, in, true, &seq, NULL) == MATCH_BROKEN);
        }
        assert_row(i, seq == 4711);
        unit_hex(&octets, "80000018 0000002b");
        struct slice in = guard_put(&guard, buf_slice(&octets));
        assert_row(i, exchange_peek(x, in, false, &seq, NULL) == MATCH_WHOLE && seq == 42);
    }
    buf_free(&octets);
    exchange_close(x);
}

static void test_rpc_not_opened(void **state UNUSED)
{
    static const char *const specs[] = {
        "rpc",
        "rpc:",
        "rpc:1",
        "rpc:/",
        "rpc:1/",
        "rpc:/2",
        "rpc:1/2/3",
        "rpc:1/x",
        "rpc:4294967296/2",
        "rpc:1/4294967296",
        "rpc:-1/2",
        "rpc:00000000000000000000000000000000000000000000000000000001/2",
    };

    for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
        struct exchange *x = NULL;
        struct problem why = {.text = ""};

        assert_row(i, !exchange_open(specs[i], EXCHANGE_OVER_STREAM, &x, &why));
        assert_contains(why.text, specs[i]);
        assert_contains(why.text, "Write rpc:PROG/VERS");
        assert_null(x);
    }
    exchange_close(open_spec("rpc:4294967295/4294967295", EXCHANGE_OVER_STREAM));
}

/* ---- requests ---- */

#define WORD_0 "\0\0\0\0"
#define NULL_CALL                                                                                  \
    "\0\0\0\x2a" WORD_0 "\0\0\0\2\0\5\x46\x4e\0\0\0\2" WORD_0 WORD_0 WORD_0 WORD_0 WORD_0

static void test_requests(void **state UNUSED)
{
    static const struct {
        const char *spec, *file;
        enum exchange_medium medium;
        size_t size;
        const char *octets;
        size_t len;
    } rows[] = {
        {"echo", NULL, EXCHANGE_OVER_STREAM, 8, "0000002a", 8},
        {"echo", NULL, EXCHANGE_OVER_STREAM, 2, "2a", 2},
        {"echo", NULL, EXCHANGE_OVER_STREAM, 0, "", 0},
        {"echo:0x", NULL, EXCHANGE_OVER_STREAM, 8, "GGGGGGIQ", 8},
        {"line", NULL, EXCHANGE_OVER_STREAM, 8, "0000002a\n", 9},
        {"discard", NULL, EXCHANGE_OVER_STREAM, 8, "0000002a", 8},
        {"chargen", NULL, EXCHANGE_OVER_STREAM, 8, "", 0},
        {"chargen", NULL, EXCHANGE_OVER_DATAGRAMS, 8, "0000002a", 8},
        {"daytime", NULL, EXCHANGE_OVER_STREAM, 8, "", 0},
        {"daytime", NULL, EXCHANGE_OVER_DATAGRAMS, 8, "0000002a", 8},
        {"exchanges/redis-ping.exchange", NULL, EXCHANGE_OVER_STREAM, 8, "PING 0000002a\r\n", 15},
        {NULL, "framing = length32\nrequest = \"Q%{seq:u32}\"\nreply = \"\"\n",
         EXCHANGE_OVER_STREAM, 8, "\0\0\0\5Q\0\0\0\x2a", 9},
        {"rpc:345678/2", NULL, EXCHANGE_OVER_DATAGRAMS, 8, NULL_CALL, 40},
        {"rpc:345678/2", NULL, EXCHANGE_OVER_STREAM, 8, "\x80\0\0\x28" NULL_CALL, 44},
        {NULL, "framing = datagram\nrequest = \"Q%{seq:u32}\"\nreply = \"R\"\n",
         EXCHANGE_OVER_DATAGRAMS, 8, "Q\0\0\0\x2a", 5},
    };
    struct buf body;
    struct buf out;

    buf_init(&body, ROOM);
    buf_init(&out, ROOM);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct exchange *x = rows[i].spec ? open_spec(rows[i].spec, rows[i].medium)
                                          : open_text(rows[i].file, rows[i].medium);

        buf_reset(&body);
        buf_reset(&out);
        exchange_body(x, 42, rows[i].size, &body);
        struct ask ask = {.seq = 42, .body = buf_slice(&body)};
        exchange_request(x, &ask, &out);
        assert_octets(buf_slice(&out), slice_of(rows[i].octets, rows[i].len));
        exchange_close(x);
    }
    buf_free(&body);
    buf_free(&out);
}

/* ---- payloads ---- */

static const struct payload {
    const char *spec;
    enum exchange_medium medium;
    size_t max;
} payloads[] = {
    {"echo", EXCHANGE_OVER_STREAM, 1 << 20},
    {"echo", EXCHANGE_OVER_RECORDS, 65507},
    {"echo", EXCHANGE_OVER_DATAGRAMS, 65507},
    {"echo:0", EXCHANGE_OVER_STREAM, 64},
    {"echo:G", EXCHANGE_OVER_STREAM, 64},
    {"echo:\xff", EXCHANGE_OVER_STREAM, 64},
    {"echo:Echoed msg: ", EXCHANGE_OVER_DATAGRAMS, 65507 - 12},
    {"echo:", EXCHANGE_OVER_STREAM, 1 << 20}, /* no prefix: plain echo */
    {"line", EXCHANGE_OVER_STREAM, 512},
    {"line", EXCHANGE_OVER_DATAGRAMS, 512},
    {"discard", EXCHANGE_OVER_STREAM, 1 << 20},
};

static void test_body_sizes(void **state UNUSED)
{
    struct buf body;

    buf_init(&body, ROOM);
    for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
        struct exchange *x = open_spec(payloads[i].spec, payloads[i].medium);
        const size_t sizes[] = {
            0,       1, 7, 8, 9, 32, 63, payloads[i].max - 1, payloads[i].max, payloads[i].max + 1,
            SIZE_MAX};

        assert_row(i, exchange_body_max(x) == payloads[i].max);
        for (size_t n = 0; n < ARRAY_LEN(sizes); n++) {
            buf_reset(&body);
            exchange_body(x, SEQ, sizes[n], &body);
            assert_row(i, body.len == size_min(sizes[n], payloads[i].max));
            for (size_t at = 0; at < body.len; at++)
                assert_row(i, exchange_permits(x, body.data[at]));
        }
        exchange_close(x);
    }
    buf_free(&body);
}

/* Numbers near each other, and those that have their low or their high octets in common. */
static uint32_t nth_number(size_t i)
{
    size_t far = i - NUMBERS / 2;

    return i < NUMBERS / 2 ? (uint32_t)i : (uint32_t)(far << 16 | (far & 1)) + 0x80000000U;
}

static void test_bodies_differ(void **state UNUSED)
{
    enum { SIZE = 32 };
    static uint8_t all[NUMBERS][SIZE];

    for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
        struct exchange *x = open_spec(payloads[i].spec, payloads[i].medium);

        for (size_t n = 0; n < NUMBERS; n++) {
            struct buf body;

            buf_init(&body, SIZE);
            exchange_body(x, nth_number(n), SIZE, &body);
            memcpy(all[n], body.data, SIZE);
            buf_free(&body);
        }
        for (size_t a = 0; a < NUMBERS; a++) {
            for (size_t b = a + 1; b < NUMBERS; b++) /* the number itself tells them apart */
                assert_row(i, !slice_eq(slice_of(all[a], 8), slice_of(all[b], 8)));
        }
        for (size_t a = 0; a + 1 < NUMBERS / 2; a++) /* ... and so does what follows it */
            assert_row(i, slice_common(slice_of(all[a] + 8, 24), slice_of(all[a + 1] + 8, 24)) < 8);
        exchange_close(x);
    }
}

/* No stretch of a body looks like another one, so that a shifted reply does not go unseen. */
static void test_offsets_differ(void **state UNUSED)
{
    enum { SIZE = 1500, WINDOW = 12 };
    struct exchange *x = open_spec("echo", EXCHANGE_OVER_STREAM);
    struct buf body;

    buf_init(&body, SIZE);
    exchange_body(x, SEQ, SIZE, &body);
    for (size_t a = 0; a + WINDOW <= SIZE; a++) {
        for (size_t b = a + 1; b + WINDOW <= SIZE; b++)
            assert_row(a, slice_common(slice_of(body.data + a, WINDOW),
                                       slice_of(body.data + b, WINDOW)) < WINDOW);
    }
    buf_free(&body);
    exchange_close(x);
}

static void test_bodies_repeat_themselves(void **state UNUSED)
{
    struct exchange *x = open_spec("echo", EXCHANGE_OVER_STREAM);
    struct exchange *y = open_spec("echo", EXCHANGE_OVER_STREAM);
    struct buf a;
    struct buf b;

    buf_init(&a, ROOM);
    buf_init(&b, ROOM);
    exchange_body(x, SEQ, 1 << 20, &a);
    exchange_body(y, SEQ, 1 << 20, &b);
    assert_true(slice_eq(buf_slice(&a), buf_slice(&b))); /* a run can be repeated */
    exchange_body(x, SEQ, 10, &a);
    assert_int_equal(a.len, (1 << 20) + 10); /* appended */
    buf_free(&a);
    buf_free(&b);
    exchange_close(x);
    exchange_close(y);
}

static void test_permitted_octets(void **state UNUSED)
{
    static const struct {
        const char *spec;
        unsigned count;
        uint8_t refused;
    } rows[] = {{"echo", 256, 0}, {"discard", 256, 0}, {"echo:E", 255, 'E'}, {"line", 95, '\n'}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct exchange *x = open_spec(rows[i].spec, EXCHANGE_OVER_STREAM);
        unsigned count = 0;

        for (unsigned value = 0; value < 256; value++)
            count += exchange_permits(x, (uint8_t)value);
        assert_row(i, count == rows[i].count);
        assert_row(i, exchange_permits(x, rows[i].refused) == (count == 256));
        exchange_close(x);
    }
}

/* ---- opening ---- */

static void test_traits(void **state UNUSED)
{
    static const struct {
        const char *spec;
        enum exchange_medium medium;
        unsigned has, lacks;
    } rows[] = {
        {"echo", EXCHANGE_OVER_STREAM,
         EXCHANGE_REPLIES | EXCHANGE_NUMBERED | EXCHANGE_PIPELINES | EXCHANGE_CUTS |
             EXCHANGE_PERSISTS | EXCHANGE_PAYLOAD | EXCHANGE_BINARY | EXCHANGE_ECHO,
         EXCHANGE_PREFIX | EXCHANGE_GREETS | EXCHANGE_SINK | EXCHANGE_SOURCE},
        {"echo", EXCHANGE_OVER_RECORDS, EXCHANGE_REPLIES | EXCHANGE_PIPELINES, EXCHANGE_CUTS},
        {"echo", EXCHANGE_OVER_DATAGRAMS, EXCHANGE_REPLIES | EXCHANGE_PIPELINES, EXCHANGE_CUTS},
        {"echo:> ", EXCHANGE_OVER_STREAM, EXCHANGE_PREFIX | EXCHANGE_PERSISTS,
         EXCHANGE_ECHO | EXCHANGE_PIPELINES | EXCHANGE_CUTS},
        {"echo:> ", EXCHANGE_OVER_DATAGRAMS, EXCHANGE_PREFIX | EXCHANGE_PIPELINES,
         EXCHANGE_ECHO | EXCHANGE_CUTS},
        {"echo:", EXCHANGE_OVER_STREAM, EXCHANGE_ECHO, EXCHANGE_PREFIX},
        {"line", EXCHANGE_OVER_STREAM, EXCHANGE_PAYLOAD | EXCHANGE_CUTS,
         EXCHANGE_BINARY | EXCHANGE_ECHO},
        {"discard", EXCHANGE_OVER_STREAM, EXCHANGE_SINK | EXCHANGE_PAYLOAD, EXCHANGE_REPLIES},
        {"discard", EXCHANGE_OVER_DATAGRAMS, EXCHANGE_SINK, EXCHANGE_REPLIES},
        {"chargen", EXCHANGE_OVER_STREAM, EXCHANGE_SOURCE | EXCHANGE_GREETS, EXCHANGE_REPLIES},
        {"chargen", EXCHANGE_OVER_DATAGRAMS, EXCHANGE_SOURCE | EXCHANGE_REPLIES, EXCHANGE_GREETS},
        {"daytime", EXCHANGE_OVER_STREAM, EXCHANGE_REPLIES | EXCHANGE_GREETS, EXCHANGE_PERSISTS},
        {"daytime", EXCHANGE_OVER_DATAGRAMS, EXCHANGE_REPLIES | EXCHANGE_PERSISTS, EXCHANGE_GREETS},
        {"exchanges/redis-ping.exchange", EXCHANGE_OVER_STREAM,
         EXCHANGE_REPLIES | EXCHANGE_NUMBERED | EXCHANGE_PIPELINES | EXCHANGE_PERSISTS,
         EXCHANGE_PAYLOAD},
        {"exchanges/memcached-version.exchange", EXCHANGE_OVER_STREAM,
         EXCHANGE_REPLIES | EXCHANGE_PIPELINES | EXCHANGE_PERSISTS, EXCHANGE_NUMBERED},
        {"exchanges/http-get.exchange", EXCHANGE_OVER_STREAM, EXCHANGE_REPLIES | EXCHANGE_CUTS,
         EXCHANGE_NUMBERED | EXCHANGE_PIPELINES | EXCHANGE_PERSISTS},
        {"rpc:1/2", EXCHANGE_OVER_STREAM,
         EXCHANGE_REPLIES | EXCHANGE_NUMBERED | EXCHANGE_PIPELINES | EXCHANGE_CUTS |
             EXCHANGE_PERSISTS | EXCHANGE_IDEMPOTENT | EXCHANGE_UNORDERED,
         EXCHANGE_PAYLOAD | EXCHANGE_BINARY | EXCHANGE_ECHO | EXCHANGE_GREETS},
        {"rpc:1/2", EXCHANGE_OVER_DATAGRAMS, EXCHANGE_REPLIES | EXCHANGE_UNORDERED, EXCHANGE_CUTS},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct exchange *x = open_spec(rows[i].spec, rows[i].medium);

        assert_row(i, exchange_has(x, rows[i].has));
        for (unsigned bit = 0; bit < 14; bit++)
            assert_row(i, !(rows[i].lacks & 1U << bit) || !exchange_has(x, 1U << bit));
        assert_row(i, exchange_medium(x) == rows[i].medium);
        exchange_close(x);
    }
}

static void test_prefix(void **state UNUSED)
{
    struct exchange *x = open_spec("echo:> ", EXCHANGE_OVER_STREAM);
    assert_octets(exchange_prefix(x), slice_str("> "));
    exchange_close(x);
    exchange_close(NULL);
}

static void test_switches_of_a_file(void **state UNUSED)
{
    static const struct {
        const char *key;
        unsigned trait;
    } rows[] = {
        {"pipeline", EXCHANGE_PIPELINES},
        {"persist", EXCHANGE_PERSISTS},
        {"cuts", EXCHANGE_CUTS},
        {"idempotent", EXCHANGE_IDEMPOTENT},
    };
    static const char *const words[] = {"no", "yes"};

    for (size_t i = 0; i < ARRAY_LEN(rows) * 2; i++) {
        char text[200];

        text_format(text, sizeof(text),
                    "framing=line\nrequest=\"a\\n\"\nreply=\"b\\n\"\n%s = %s # !\n",
                    rows[i / 2].key, words[i % 2]);
        struct exchange *x = open_text(text, EXCHANGE_OVER_STREAM);
        assert_row(i, exchange_has(x, rows[i / 2].trait) == (i % 2 == 1));
        exchange_close(x);
    }
}

/* ---- what is refused ---- */

#define GOOD "framing = line\nrequest = \"a\"\nreply = \"b\\n\"\n"

/* The texts are parsed as a file "f": exactly this place, and this part of the reason. */
static const struct {
    const char *text;
    const char *place, *part;
    enum exchange_medium medium;
} bad_files[] = {
    {"", "f:1:1: ", "the key \"framing\" is missing", EXCHANGE_OVER_STREAM},
    {"\n\n# nothing\n", "f:4:1: ", "the key \"framing\" is missing", EXCHANGE_OVER_STREAM},
    {"framing = line\n", "f:2:1: ", "the key \"request\" is missing", EXCHANGE_OVER_STREAM},
    {"framing = line\nrequest = \"a\"", "f:2:1: ", "the key \"reply\" is missing",
     EXCHANGE_OVER_STREAM},
    {"frames = line\n", "f:1:1: ", "unknown key; known are name, framing, request",
     EXCHANGE_OVER_STREAM},
    {"  Framing = line\n", "f:1:3: ", "unknown key", EXCHANGE_OVER_STREAM},
    {"framing\n", "f:1:8: ", "expected \"=\" after the key", EXCHANGE_OVER_STREAM},
    {"framing line\n", "f:1:9: ", "expected \"=\" after the key", EXCHANGE_OVER_STREAM},
    {"= line\n", "f:1:1: ", "unknown key", EXCHANGE_OVER_STREAM},
    {GOOD "framing = line\n", "f:4:1: ", "this key is given twice", EXCHANGE_OVER_STREAM},
    {GOOD "\n  reply = \"b\"\n", "f:5:3: ", "this key is given twice", EXCHANGE_OVER_STREAM},
    {"framing =\n", "f:1:10: ", "expected line, length32, fixed N, datagram or close",
     EXCHANGE_OVER_STREAM},
    {"framing = lines\n", "f:1:11: ", "expected line, length32", EXCHANGE_OVER_STREAM},
    {"framing = line line\n", "f:1:15: ", "nothing may follow the framing", EXCHANGE_OVER_STREAM},
    {"framing = fixed\n", "f:1:16: ", "expected the size of a reply, 1 to 65536",
     EXCHANGE_OVER_STREAM},
    {"framing = fixed  0\n", "f:1:18: ", "expected the size", EXCHANGE_OVER_STREAM},
    {"framing = fixed 65537\n", "f:1:17: ", "expected the size", EXCHANGE_OVER_STREAM},
    {"framing = fixed -1\n", "f:1:17: ", "expected the size", EXCHANGE_OVER_STREAM},
    {"framing = fixed 1k\n", "f:1:17: ", "expected the size", EXCHANGE_OVER_STREAM},
    {"framing = fixed 00000000000000000000000000000000014\n", "f:1:17: ", "expected the size",
     EXCHANGE_OVER_STREAM},
    {"framing = fixed 8 8\n", "f:1:18: ", "nothing may follow the framing", EXCHANGE_OVER_STREAM},
    {"request = a\n", "f:1:11: ", "expected a string in double quotes", EXCHANGE_OVER_STREAM},
    {"request =\n", "f:1:10: ", "expected a string in double quotes", EXCHANGE_OVER_STREAM},
    {"request = \"a\n", "f:1:13: ", "the string has no closing quote", EXCHANGE_OVER_STREAM},
    {"\nrequest = \"a", "f:2:13: ", "the string has no closing quote", EXCHANGE_OVER_STREAM},
    {"request = \"ab\\q\"\n", "f:1:14: ", "unknown escape", EXCHANGE_OVER_STREAM},
    {"request = \"ab\\xg0\"\n", "f:1:14: ", "expected two hex digits", EXCHANGE_OVER_STREAM},
    {"request = \"%{any}\"\n", "f:1:12: ", "%{any} may stand in a reply only",
     EXCHANGE_OVER_STREAM},
    {"request = \"a%{sequel}\"\n", "f:1:13: ", "expected %{seq}", EXCHANGE_OVER_STREAM},
    {"request = \"50%\"\n", "f:1:14: ", "expected %{seq}, %{any} or %%", EXCHANGE_OVER_STREAM},
    {"request = \"a\" b\n", "f:1:14: ", "nothing may follow the string", EXCHANGE_OVER_STREAM},
    {"request = \"a\"\"b\"\n", "f:1:14: ", "nothing may follow the string", EXCHANGE_OVER_STREAM},
    {"pipeline = maybe\n", "f:1:12: ", "expected yes or no", EXCHANGE_OVER_STREAM},
    {"cuts = yes yes\n", "f:1:11: ", "nothing may follow yes or no", EXCHANGE_OVER_STREAM},
    {"name =\n", "f:1:7: ", "expected a name: one word of at most 32 octets", EXCHANGE_OVER_STREAM},
    {"name = two words\n", "f:1:8: ", "expected a name", EXCHANGE_OVER_STREAM},
    {"name = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", "f:1:8: ", "expected a name",
     EXCHANGE_OVER_STREAM},
    {GOOD, "f: ", "framing of a stream does not go with a datagram target",
     EXCHANGE_OVER_DATAGRAMS},
    {GOOD, "f: ", "framing of a stream does not go with a", EXCHANGE_OVER_RECORDS},
    {"framing = datagram\nrequest = \"a\"\nreply = \"b\"\n",
     "f: ", "framing datagram does not go with a stream target", EXCHANGE_OVER_STREAM},
};

/* The reply stands on the third line, from column 9 on. */
#define ASKED "request = \"a\"\n"

static void test_files_that_no_server_satisfies(void **state UNUSED)
{
    static const struct {
        const char *head, *reply, *tail;
        const char *place; /* NULL: it can be satisfied */
        const char *part;
    } rows[] = {
        {"framing = line", "b", "", "f:3:9: ", "must end in \\n"},
        {"framing = line", "%{seq}", "", "f:3:9: ", "must end in \\n"},
        {"framing = line", "%{any}b", "", "f:3:9: ", "must end in \\n"},
        {"framing = line", "", "", "f:3:9: ", "must end in \\n"},
        {"framing = line", "a\\nb\\n", "", "f:3:9: ", "ends at its first \\n"},
        {"framing = line", "a\\n%{any}\\n", "", "f:3:9: ", "ends at its first \\n"},
        {"framing = line", "a\\n%{seq}", "", "f:3:9: ", "ends at its first \\n"},
        {"framing = line", "a\\n\\n", "", "f:3:9: ", "ends at its first \\n"},
        {"framing = line", "%{seq:u32}\\n", "", "f:3:9: ", "one of its octets may be the LF"},
        {"framing = line", "a\\n", "", NULL, NULL},
        {"framing = line", "\\n", "", NULL, NULL},
        {"framing = line", "%{any}", "", NULL, NULL},
        {"framing = line", "a %{seq} %{any}", "", NULL, NULL},
        {"framing = line", "a\\n%{any}", "", NULL, NULL},
        {"framing = line", "%{any}\\r\\n", "", NULL, NULL},
        {"framing = fixed 4", "abc", "", "f:3:9: ", "has 3 octets, and the framing is fixed 4"},
        {"framing = fixed 4", "abcde", "", "f:3:9: ", "has 5 octets, and the framing is fixed 4"},
        {"framing = fixed 4", "a", "", "f:3:9: ", "has 1 octet, and"},
        {"framing = fixed 4", "", "", "f:3:9: ", "has 0 octets, and"},
        {"framing = fixed 4", "abc%{any}de", "", "f:3:9: ", "has at least 5 octets"},
        {"framing = fixed 4", "%{seq}", "", "f:3:9: ", "differs with the number"},
        {"framing = fixed 9", "a%{seq:7x}", "", "f:3:9: ", "differs with the number"},
        {"framing = fixed 4", "%{seq:u32}", "", NULL, NULL},
        {"framing = fixed 9", "a%{seq:08x}", "", NULL, NULL},
        {"framing = fixed 10", "%{seq:10d}", "", NULL, NULL},
        {"framing = fixed 4", "%{any}", "", NULL, NULL},
        {"framing = fixed 4", "abc%{any}d", "", NULL, NULL},
        {"framing = fixed 4", "%{seq}%{any}", "", NULL, NULL},
        {"framing = close", "", "", "f:3:9: ", "an empty reply cannot be told from none"},
        {"framing = close", "a", "pipeline = yes", "f:4:12: ", "pipeline is no where"},
        {"framing = close", "a", "  persist=yes", "f:4:11: ", "persist is no where"},
        {"framing = close", "a", "pipeline = no", NULL, NULL},
        {"framing = close", "%{any}", "persist = no", NULL, NULL},
        {"framing = length32", "", "", NULL, NULL},
        {"framing = length32", "a", "pipeline = yes", NULL, NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct exchange *x = calloc(1, sizeof(*x));
        struct problem why = {.text = ""};
        char text[256];

        assert_non_null(x);
        text_format(text, sizeof(text), "%s\n" ASKED "reply = \"%s\"\n%s\n", rows[i].head,
                    rows[i].reply, rows[i].tail);
        bool ok = exchange_file_parse("f", text, x, &why);
        assert_row(i, ok == (rows[i].place == NULL));
        if (rows[i].place) {
            assert_row(i, text_starts(why.text, rows[i].place));
            assert_contains(why.text, rows[i].part);
        }
        exchange_close(x);
    }
}

static void test_bad_files(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(bad_files); i++) {
        const char *text = guard_text(&guard, slice_str(bad_files[i].text));
        struct exchange *x = calloc(1, sizeof(*x));
        struct problem why = {.text = ""};

        assert_non_null(x);
        x->medium = bad_files[i].medium;
        assert_row(i, !exchange_file_parse("f", text, x, &why));
        if (!text_starts(why.text, bad_files[i].place))
            fail_msg("row %zu: \"%s\" does not begin with \"%s\"", i, why.text, bad_files[i].place);
        assert_contains(why.text, bad_files[i].part);
        exchange_close(x);
    }
}

/* A number that is too long for the reader must not be read in part. */
static void test_a_long_size_is_not_cut(void **state UNUSED)
{
    for (unsigned zeros = 0; zeros < 60; zeros++) {
        struct exchange *x = calloc(1, sizeof(*x));
        struct problem why = {.text = ""};
        char text[200];

        assert_non_null(x);
        text_format(text, sizeof(text),
                    "framing = fixed %0*d14\nrequest = \"a\"\nreply = \"14 octets, so.\"\n",
                    (int)zeros, 0);
        if (exchange_file_parse("f", text, x, &why))
            assert_row(zeros, x->fixed == 14);
        else
            assert_row(zeros, text_starts(why.text, "f:1:17: expected the size of a reply"));
        exchange_close(x);
    }
}

static void test_too_many_parts(void **state UNUSED)
{
    struct exchange *x = calloc(1, sizeof(*x));
    struct problem why = {.text = ""};
    struct buf text;

    assert_non_null(x);
    buf_init(&text, 4096);
    buf_put_str(&text, "framing = line\nreply = \"");
    for (unsigned i = 0; i < 33; i++)
        buf_put_str(&text, "%{seq}");
    buf_put_str(&text, "\"\n");
    assert_false(exchange_file_parse("f", buf_text(&text), x, &why));
    /* Behind nine characters and 32 parts of six stands the one too many. */
    assert_string_equal(why.text, "f:2:202: more than 32 parts in one template");
    buf_free(&text);
    exchange_close(x);
}

/* Every prefix of a good text is taken or refused with a place in it, and nothing is left over. */
static void test_every_prefix_of_a_file(void **state UNUSED)
{
    static const char *const paths[] = {
        "exchanges/http-get.exchange",
        "exchanges/memcached-version.exchange",
        "exchanges/redis-ping.exchange",
    };

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        char *whole = program_read_file(paths[i]);

        assert_non_null(whole);
        for (size_t len = 0; len <= strlen(whole); len++) {
            struct exchange *x = calloc(1, sizeof(*x));
            struct problem why = {.text = ""};

            assert_non_null(x);
            bool ok = exchange_file_parse("f", guard_text(&guard, slice_of(whole, len)), x, &why);
            assert_row(len, ok || text_starts(why.text, "f:"));
            assert_row(len, ok || len < strlen(whole));
            exchange_close(x);
        }
        free(whole);
    }
}

static void test_not_opened(void **state UNUSED)
{
    struct exchange *x = NULL;
    struct problem why = {.text = ""};
    struct buf text;
    char path[96];

    assert_false(exchange_open("no-such-exchange", EXCHANGE_OVER_STREAM, &x, &why));
    assert_contains(why.text, "\"no-such-exchange\": neither echo, echo:PREFIX, line, discard");
    assert_false(exchange_open("", EXCHANGE_OVER_STREAM, &x, &why));
    assert_false(exchange_open("ECHO", EXCHANGE_OVER_STREAM, &x, &why));
    assert_false(exchange_open(folder, EXCHANGE_OVER_STREAM, &x, &why));
    assert_contains(why.text, "Is a directory");
    buf_init(&text, ROOM);
    for (size_t i = 0; i <= 1 << 16; i++)
        buf_put_byte(&text, '#');
    text_format(path, sizeof(path), "%s/big", folder);
    program_write_file(path, buf_text(&text));
    assert_false(exchange_open(path, EXCHANGE_OVER_STREAM, &x, &why));
    assert_contains(why.text, "more than 65536 octets is no exchange file");
    buf_reset(&text);
    buf_put_str(&text, "echo:");
    for (unsigned i = 0; i < 257; i++)
        buf_put_byte(&text, 'p');
    assert_false(exchange_open(buf_text(&text), EXCHANGE_OVER_STREAM, &x, &why));
    assert_contains(why.text, "has more than 256 octets");
    buf_free(&text);
    assert_null(x);
}

static void test_nul_in_a_file(void **state UNUSED)
{
    static const char text[] = GOOD "\0 hidden";
    struct exchange *x = NULL;
    struct problem why = {.text = ""};
    char path[96];

    text_format(path, sizeof(path), "%s/nul", folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, sizeof(text) - 1, file), sizeof(text) - 1);
    fclose(file);
    assert_false(exchange_open(path, EXCHANGE_OVER_STREAM, &x, &why));
    assert_contains(why.text, "holds a NUL octet");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_every_two_cuts),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_trailing_octets),
        cmocka_unit_test(test_each_octet_changed),
        cmocka_unit_test(test_crossed_numbers),
        cmocka_unit_test(test_pipelined_pairs),
        cmocka_unit_test(test_mismatch_points_at_the_octet),
        cmocka_unit_test(test_prefix_twice_is_broken),
        cmocka_unit_test(test_discard),
        cmocka_unit_test(test_chargen),
        cmocka_unit_test(test_daytime),
        cmocka_unit_test(test_source_chunks_never_end),
        cmocka_unit_test(test_rpc_replies),
        cmocka_unit_test(test_rpc_records),
        cmocka_unit_test(test_rpc_peek),
        cmocka_unit_test(test_rpc_not_opened),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_body_sizes),
        cmocka_unit_test(test_bodies_differ),
        cmocka_unit_test(test_offsets_differ),
        cmocka_unit_test(test_bodies_repeat_themselves),
        cmocka_unit_test(test_permitted_octets),
        cmocka_unit_test(test_traits),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_switches_of_a_file),
        cmocka_unit_test(test_files_that_no_server_satisfies),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_a_long_size_is_not_cut),
        cmocka_unit_test(test_too_many_parts),
        cmocka_unit_test(test_every_prefix_of_a_file),
        cmocka_unit_test(test_not_opened),
        cmocka_unit_test(test_nul_in_a_file),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
