/* Twins of MSGPROG itself: texts that change, numbers that are wrong, messages that are lost. */
#include <stdlib.h>
#include <string.h>

#include "reference/twins-rpc/twin.h"

enum { KEPT_MAX = 4096, OWNERS = 4096, CUT_AT = 9000, LINE = 255, ONCE = 1 };

static bool is_success(const struct request *r, uint32_t procedure)
{
    return r->form == CALL_GOOD && r->call.procedure == procedure &&
           request_outcome(&r->reply) == OUTCOME_SUCCESS;
}

/* Every call, as it is taken. */
static unsigned calls;

static enum act count_call(struct request *r UNUSED)
{
    calls++;
    return ACT_GO_ON;
}

/* ---- what is not there ---- */

static bool save_elsewhere(struct request *r)
{
    struct words w = words_of(r->call.arguments);
    struct slice text = words_opaque(&w, UINT32_MAX);

    if (!w.failed)
        msgprog_save(r, text);
    return !w.failed;
}

static void save_in_any_version(struct request *r)
{
    if (r->call.procedure == MSG_SAVEMSG && request_outcome(&r->reply) & OUTCOME_PROG_MISMATCH)
        save_elsewhere(r);
}

static bool have_three(struct request *r)
{
    if (r->call.procedure != MSG_READMSG + 1)
        return false;
    request_accept(r, ACCEPT_SUCCESS);
    return true;
}

static void save_answers_twice(struct request *r)
{
    r->reply.copies = is_success(r, MSG_SAVEMSG) ? 2 : 1;
}

static void save_has_two_words(struct request *r)
{
    r->reply.surplus = is_success(r, MSG_SAVEMSG);
}

static void read_has_a_word_more(struct request *r)
{
    r->reply.surplus = is_success(r, MSG_READMSG);
}

/* ---- texts ---- */

static void save_up_to_limit(struct request *r, struct slice text)
{
    msgprog_save(r, slice_sub(text, 0, r->server->fault->limit));
}

/* The octet `limit` ends a text. */
static void save_up_to_octet(struct request *r, struct slice text)
{
    uint8_t end = (uint8_t)r->server->fault->limit;

    msgprog_save(r, slice_sub(text, 0, slice_find(text, slice_of(&end, 1))));
}

static void save_not_empty(struct request *r, struct slice text)
{
    if (text.len > 0)
        msgprog_save(r, text);
    else
        buf_put_u32(&r->reply.results, 0);
}

/* The text is a format. */
static void save_formatted(struct request *r, struct slice text)
{
    struct buf copy;

    buf_init(&copy, STORE_MESSAGE_MAX);
    for (size_t i = 0; i < text.len; i++) {
        buf_put_byte(&copy, text.data[i]);
        if (text.data[i] == '%' && i + 1 < text.len && text.data[i + 1] == '%')
            i++;
    }
    msgprog_save(r, buf_slice(&copy));
    buf_free(&copy);
}

static void save_7_bits(struct request *r, struct slice text)
{
    struct buf copy;

    buf_init(&copy, STORE_MESSAGE_MAX);
    buf_put(&copy, text);
    for (size_t i = 0; i < copy.len; i++)
        copy.data[i] &= 0x7f;
    msgprog_save(r, buf_slice(&copy));
    buf_free(&copy);
}

/* What begins like a record mark is one. */
static void save_without_mark(struct request *r, struct slice text)
{
    msgprog_save(r, text.len > 4 && text.data[0] == 0x80 ? slice_from(text, 4) : text);
}

/* ---- numbers ---- */

static void save_by_twos(struct request *r, struct slice text)
{
    msgprog_save(r, text);
    struct words w = words_of(buf_slice(&r->reply.results));
    uint32_t number = words_u32(&w);
    buf_reset(&r->reply.results);
    buf_put_u32(&r->reply.results, 2 * number);
}

static void read_by_twos(struct request *r, int32_t number)
{
    msgprog_read(r, number % 2 ? 0 : number / 2);
}

/* The last text, and where it came from. */
static struct {
    uint8_t text[KEPT_MAX];
    size_t len;
    uint32_t number;
    uint32_t xid;
    int fd;
    unsigned call;
} last;

static void save_and_remember(struct request *r, struct slice text)
{
    msgprog_save(r, text);
    struct words w = words_of(buf_slice(&r->reply.results));
    last.number = words_u32(&w);
    last.len = size_min(text.len, sizeof(last.text));
    memcpy(last.text, text.data, last.len);
    last.xid = r->call.xid;
    last.fd = r->fd;
    last.call = calls;
}

static void save_different(struct request *r, struct slice text)
{
    if (last.number > 0 && slice_eq(text, slice_of(last.text, last.len)))
        buf_put_u32(&r->reply.results, last.number);
    else
        save_and_remember(r, text);
}

/* What comes again is stored as far as it differs, and that is not at all. */
static void save_half_again(struct request *r, struct slice text)
{
    bool again = last.number > 0 && last.xid == r->call.xid;

    save_and_remember(r, again ? slice_sub(text, 0, text.len / 2) : text);
}

/* The next number is known once the last text is on disk: who comes at once is given the same.
   `limit`: on the same connection, else on another one. */
static void save_under_same_number(struct request *r, struct slice text)
{
    bool same = last.fd == r->fd;
    bool at_once = last.number > 0 && calls == last.call + 1;

    if (at_once && same == (r->server->fault->limit == ONCE)) {
        last.call = calls;
        buf_put_u32(&r->reply.results, last.number);
    } else {
        save_and_remember(r, text);
    }
}

/* The buffer of who writes is that of who reads. */
static void read_what_is_written(struct request *r, int32_t number)
{
    if (last.number > 0 && last.fd != r->fd && calls == last.call + 1)
        msgprog_read(r, (int32_t)last.number);
    else
        msgprog_read(r, number);
}

static void read_last_for_0(struct request *r, int32_t number)
{
    msgprog_read(r, number == 0 ? (int32_t)store_count(r->server->store) : number);
}

static void read_negative(struct request *r, int32_t number)
{
    if (number < 0)
        abort(); /* what stands in front of the table */
    msgprog_read(r, number);
}

static void read_last_for_next(struct request *r, int32_t number)
{
    int32_t count = (int32_t)store_count(r->server->store);

    msgprog_read(r, number == count + 1 ? count : number);
}

static void read_8_bits(struct request *r, int32_t number)
{
    msgprog_read(r, number > 0 ? number & 0xff : number);
}

static void read_once(struct request *r, int32_t number)
{
    static int32_t before;

    msgprog_read(r, number == before ? 0 : number);
    before = number;
}

/* A message is written over the begin of the one before it. */
static void read_overwritten(struct request *r, int32_t number)
{
    struct buf *out = &r->reply.results;

    msgprog_read(r, number);
    if (number + 1 == (int32_t)last.number && out->len > 4)
        memcpy(out->data + 4, last.text, size_min(last.len, out->len - 4));
}

static void read_terminated(struct request *r, int32_t number)
{
    struct problem why;
    struct buf text;

    buf_init(&text, STORE_MESSAGE_MAX + 1);
    if (store_read(r->server->store, number, &text, &why))
        buf_put_byte(&text, 0);
    words_put_opaque(&r->reply.results, buf_slice(&text));
    buf_free(&text);
}

static void read_padded(struct request *r, int32_t number)
{
    struct buf *out = &r->reply.results;
    size_t padding = words_padding(store_length(r->server->store, number));

    msgprog_read(r, number);
    if (padding > 0 && out->len > padding)
        memset(out->data + out->len - padding, 'x', padding);
}

/* Half a SUCCESS is out before the encoder finds that the text is too long. */
static void read_twice(struct request *r, int32_t number)
{
    struct reply half = r->reply;
    struct buf message;

    if (store_length(r->server->store, number) <= CUT_AT) {
        msgprog_read(r, number);
        return;
    }
    buf_init(&half.results, 4);
    buf_put_u32(&half.results, CUT_AT);
    buf_init(&message, KEPT_MAX);
    request_encode(&half, &message);
    r->emit(r, buf_slice(&message));
    buf_free(&half.results);
    buf_free(&message);
    request_accept(r, ACCEPT_SYSTEM_ERR);
}

/* ---- arguments that are wrong ---- */

/* Length and padding are added in 32 bits. */
static bool save_wrapped(struct request *r)
{
    struct words w = r->args;
    uint32_t len = words_u32(&w);

    return len > UINT32_MAX - 3 && msgprog_save_what_came(r);
}

static void save_refused(struct request *r)
{
    struct words w = words_of(r->call.arguments);

    if (r->form != CALL_GOOD || r->call.procedure != MSG_SAVEMSG ||
        !(request_outcome(&r->reply) & OUTCOME_GARBAGE_ARGS))
        return;
    words_u32(&w);
    msgprog_save(r, words_rest(&w));
}

static enum act answer_rest(struct peer *p)
{
    if (p->record.len > 0)
        peer_answer(p);
    return ACT_DROP;
}

/* The padding belongs to the text unless it is zero. */
static void save_with_padding(struct request *r, struct slice text)
{
    size_t padding = words_padding(text.len);

    while (padding > 0 && text.data[text.len] != 0) {
        text.len++;
        padding--;
    }
    msgprog_save(r, text);
}

/* A text without its padding is completed. */
static bool save_completed(struct request *r)
{
    struct words w = r->args;
    uint32_t len = words_u32(&w);
    struct buf text;

    if (r->call.procedure != MSG_SAVEMSG || w.failed || len != words_rest(&w).len ||
        words_padding(len) == 0)
        return false;
    buf_init(&text, STORE_MESSAGE_MAX);
    buf_put(&text, words_rest(&w));
    buf_put(&text, slice_sub(slice_str("..."), 0, words_padding(len)));
    request_accept(r, ACCEPT_SUCCESS);
    msgprog_save(r, buf_slice(&text));
    buf_free(&text);
    return true;
}

static void save_with_rest(struct request *r, struct slice text)
{
    struct buf whole;

    buf_init(&whole, STORE_MESSAGE_MAX);
    buf_put(&whole, text);
    buf_put(&whole, words_rest(&r->args));
    msgprog_save(r, buf_slice(&whole));
    buf_free(&whole);
}

static bool read_first(struct request *r)
{
    if (r->call.procedure != MSG_READMSG || r->call.arguments.len >= 4)
        return false;
    request_accept(r, ACCEPT_SUCCESS);
    msgprog_read(r, 1);
    return true;
}

/* The arguments begin behind the octets of the verifier, not behind their padding. */
static enum act forget_padding(struct request *r)
{
    size_t padding = words_padding(r->call.verifier.body.len);

    if (r->form == CALL_GOOD && padding > 0)
        r->call.arguments =
            slice_of(r->call.arguments.data - padding, r->call.arguments.len + padding);
    return ACT_GO_ON;
}

/* ---- several clients ---- */

/* Who saved a message: a number for each connection. */
static uint64_t owners[OWNERS];
static bool gone[OWNERS];

static void save_for_oneself(struct request *r, struct slice text)
{
    static uint64_t connections;

    if (*r->memo == 0)
        *r->memo = ++connections;
    save_and_remember(r, text);
    owners[last.number % OWNERS] = *r->memo;
}

static void read_for_oneself(struct request *r, int32_t number)
{
    bool own = number > 0 && owners[number % OWNERS] == *r->memo;

    msgprog_read(r, own ? number : 0);
}

static bool note_gone(struct peer *p)
{
    gone[p->memo % OWNERS] = p->memo > 0;
    return false;
}

/* Answers with half of the text. */
static void read_half(struct request *r, int32_t number)
{
    struct problem why;
    struct buf text;

    buf_init(&text, STORE_MESSAGE_MAX);
    if (!store_read(r->server->store, number, &text, &why))
        buf_reset(&text);
    words_put_opaque(&r->reply.results, slice_sub(buf_slice(&text), 0, text.len / 2));
    buf_free(&text);
}

/* The second half is kept with the connection. */
static void read_of_who_is_here(struct request *r, int32_t number)
{
    if (number > 0 && gone[owners[number % OWNERS] % OWNERS])
        read_half(r, number);
    else
        msgprog_read(r, number);
}

/* ---- restarts ---- */

/* How many messages there were at the start: the first call tells. */
static enum act look_at_start(struct request *r)
{
    static bool started;

    if (!started)
        last.number = store_count(r->server->store);
    started = true;
    return ACT_GO_ON;
}

static void read_torn(struct request *r, int32_t number)
{
    if (number > 0 && (uint32_t)number == last.number)
        read_half(r, number);
    else
        msgprog_read(r, number);
}

static const struct twin twins[] = {
    {
        .name = "msgprog-from-1",
        .check = "msgprog.identity.version",
        .what = "says that it has the versions 1 to 2",
        .fault.message.amend = AMEND(OUTCOME_PROG_MISMATCH, low, 1),
    },
    {
        .name = "msgprog-saves-in-any-version",
        .check = "msgprog.identity.not-executed",
        .what = "stores the text of another version, and says PROG_MISMATCH",
        .fault.message.spoil = save_in_any_version,
    },
    {
        .name = "msgprog-null-with-results",
        .check = "msgprog.identity.nullproc",
        .what = "has a word of results in every reply",
        .fault.message.amend = AMEND(OUTCOME_SUCCESS, surplus, 1),
    },
    {
        .name = "msgprog-procedure-3",
        .check = "msgprog.identity.no-other-procs",
        .what = "has a procedure 3",
        .fault.message.serve = have_three,
    },
    {
        .name = "msgprog-saves-twice",
        .check = "msgprog.identity.two-messages",
        .what = "answers SAVEMSG twice",
        .fault.message.spoil = save_answers_twice,
    },
    {
        .name = "text-of-255",
        .check = "msgprog.roundtrip.lengths",
        .what = "cuts texts to 255 octets",
        .fault = {.limit = LINE, .message.save = save_up_to_limit},
    },
    {
        .name = "text-not-empty",
        .check = "msgprog.roundtrip.empty",
        .what = "does not store an empty text",
        .fault.message.save = save_not_empty,
    },
    {
        .name = "text-of-9000",
        .check = "msgprog.limits.never-cut",
        .what = "cuts texts to 9000 octets",
        .fault = {.limit = CUT_AT, .message.save = save_up_to_limit},
    },
    {
        .name = "text-of-a-line",
        .check = "msgprog.text.is-data",
        .what = "ends a text at its first newline",
        .fault = {.limit = '\n', .message.save = save_up_to_octet},
    },
    {
        .name = "text-is-format",
        .check = "msgprog.text.is-data",
        .what = "makes one percent sign of two",
        .fault.message.save = save_formatted,
    },
    {
        .name = "text-without-mark",
        .check = "msgprog.text.looks-like-protocol",
        .what = "takes four octets off a text that begins with 0x80",
        .fault.message.save = save_without_mark,
    },
    {
        .name = "text-of-7-bits",
        .check = "msgprog.text.non-ascii",
        .what = "stores seven bits of each octet",
        .fault.message.save = save_7_bits,
    },
    {
        .name = "text-ends-at-nul",
        .check = "msgprog.text.embedded-nul",
        .what = "ends a text at its first NUL",
        .fault = {.limit = 0, .message.save = save_up_to_octet},
    },
    {
        .name = "save-of-two-words",
        .check = "msgprog.savemsg.wire",
        .what = "has two words of results in SAVEMSG",
        .fault.message.spoil = save_has_two_words,
    },
    {
        .name = "save-by-twos",
        .check = "msgprog.savemsg.consecutive",
        .what = "gives every other number",
        .fault.message = {.save = save_by_twos, .read = read_by_twos},
    },
    {
        .name = "save-different",
        .check = "msgprog.savemsg.same-text-twice",
        .what = "gives the same number to the same text",
        .fault.message.save = save_different,
    },
    {
        .name = "save-half-again",
        .check = "msgprog.savemsg.duplicate-safe",
        .what = "stores half of a text that comes again",
        .fault.message.save = save_half_again,
    },
    {
        .name = "save-what-came",
        .check = "msgprog.savemsg.cut-args",
        .what = "stores what came of a text",
        .fault.message.serve = msgprog_save_what_came,
    },
    {
        .name = "save-wrapped",
        .check = "msgprog.savemsg.length-lies",
        .what = "adds length and padding in 32 bits",
        .fault.message.serve = save_wrapped,
    },
    {
        .name = "save-refused",
        .check = "msgprog.savemsg.nothing-from-wrong",
        .what = "stores what came of a text, and says GARBAGE_ARGS",
        .fault.message.spoil = save_refused,
    },
    {
        .name = "save-at-the-end",
        .check = "msgprog.savemsg.cut-record",
        .what = "stores what came of a record at the end of its connection",
        .fault = {.message.serve = msgprog_save_what_came, .stream.ended = answer_rest},
    },
    {
        .name = "save-with-padding",
        .check = "msgprog.savemsg.padding-nonzero",
        .what = "takes padding that is not zero for text",
        .fault.message.save = save_with_padding,
    },
    {
        .name = "save-completed",
        .check = "msgprog.savemsg.padding-missing",
        .what = "completes a text without padding",
        .fault.message.serve = save_completed,
    },
    {
        .name = "save-with-rest",
        .check = "msgprog.savemsg.trailing",
        .what = "takes octets behind the arguments for text",
        .fault.message.save = save_with_rest,
    },
    {
        .name = "read-terminated",
        .check = "msgprog.readmsg.wire",
        .what = "counts a NUL behind the text",
        .fault.message.read = read_terminated,
    },
    {
        .name = "read-last-for-0",
        .check = "msgprog.readmsg.unknown",
        .what = "gives the last message for number 0",
        .fault.message.read = read_last_for_0,
    },
    {
        .name = "read-negative",
        .check = "msgprog.readmsg.unknown",
        .transport = "rpc+udp",
        .what = "dies of a negative number",
        .fault.message.read = read_negative,
    },
    {
        .name = "read-last-for-next",
        .check = "msgprog.readmsg.past-end",
        .what = "gives the last message for the number behind it",
        .fault.message.read = read_last_for_next,
    },
    {
        .name = "read-of-8-bits",
        .check = "msgprog.readmsg.hundreds",
        .what = "looks at eight bits of the number",
        .fault.message.read = read_8_bits,
    },
    {
        .name = "read-once",
        .check = "msgprog.readmsg.repeat",
        .what = "gives a message once",
        .fault.message.read = read_once,
    },
    {
        .name = "read-overwritten",
        .check = "msgprog.readmsg.earlier-unchanged",
        .what = "writes a message over the begin of the one before it",
        .fault.message = {.save = save_and_remember, .read = read_overwritten},
    },
    {
        .name = "read-padded",
        .check = "msgprog.readmsg.padding-zero",
        .what = "pads texts with x",
        .fault.message.read = read_padded,
    },
    {
        .name = "read-first",
        .check = "msgprog.readmsg.cut-args",
        .what = "gives message 1 where the number is missing",
        .fault.message.serve = read_first,
    },
    {
        .name = "clients-apart",
        .check = "msgprog.clients.two",
        .what = "gives a message to the connection that saved it alone",
        .fault.message = {.save = save_for_oneself, .read = read_for_oneself},
    },
    {
        .name = "clients-same-number",
        .check = "msgprog.clients.writers",
        .what = "gives the number of another client's text to one that comes at once",
        .fault.message = {.take = count_call, .save = save_under_same_number},
    },
    {
        .name = "pipeline-same-number",
        .check = "msgprog.clients.pipelined",
        .what = "gives the number of the last text to one that comes at once",
        .fault = {.limit = ONCE, .message = {.take = count_call, .save = save_under_same_number}},
    },
    {
        .name = "clients-gone-halves",
        .check = "msgprog.clients.gone-early",
        .what = "keeps half of a text with the connection",
        .fault = {.message = {.save = save_for_oneself, .read = read_of_who_is_here},
                  .stream.leave = note_gone},
    },
    {
        .name = "clients-same-buffer",
        .check = "msgprog.clients.reader-and-writer",
        .what = "gives the text that another client has just saved",
        .fault.message = {.take = count_call,
                          .save = save_and_remember,
                          .read = read_what_is_written},
    },
    {
        .name = "restart-torn",
        .check = "msgprog.durable.never-half",
        .transport = "rpc+tcp-data",
        .what = "has half of its last message behind a restart",
        .fault.message = {.take = look_at_start, .read = read_torn},
    },
    {
        .name = "results-with-surplus",
        .check = "rpc.reply.success-results",
        .what = "has a word behind the results of READMSG",
        .fault.message.spoil = read_has_a_word_more,
    },
    {
        .name = "results-padded",
        .check = "rpc.reply.padding-zero",
        .what = "pads results with x",
        .fault.message.read = read_padded,
    },
    {
        .name = "results-twice",
        .check = "rpc.reply.single-on-encode-error",
        .what = "sends half a SUCCESS and SYSTEM_ERR for a text of more than 9000 octets",
        .fault.message.read = read_twice,
    },
    {
        .name = "arguments-at-padding",
        .check = "rpc.call.args-after-verf",
        .what = "reads the arguments from the padding of the verifier on",
        .fault.message.take = forget_padding,
    },
};

TWINS(messages);
