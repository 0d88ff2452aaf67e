/* What is said between a client under test and us: its texts, its requests, our replies. */
#include <stdlib.h>
#include <string.h>

#include "conformance/client/play.h"
#include "conformance/msgprog/message.h"
#include "harness/rpc/onc.h"
#include "harness/rpc/record.h"

enum {
    RECORD_MAX = 16 << 20,
    LEAST_NUMBER = 1000000, /* seven digits: no port, no process id, no other text has them */
    NUMBERS = 8000000,
    TAIL = 4, /* octets by whose return a request without a text is known to be whole */
};

#define PLACE "{text}"

static bool is_rpc(const struct check_ctx *c)
{
    return c->target.endpoint.rpc;
}

static bool is_msgprog(const struct check_ctx *c)
{
    const struct endpoint *e = &c->target.endpoint;

    return e->rpc && e->program == TARGET_MSGPROG && e->version == TARGET_MSGVER;
}

/* ---- the texts ---- */

static void make_word(struct check_ctx *c, char *out, size_t size)
{
    static const char letters[] = "bcdfghjklmnpqrstvwxz"; /* no vowels: no word of any message */
    size_t len = size < CLIENT_TEXT_MAX ? size : CLIENT_TEXT_MAX - 1;

    for (size_t i = 0; i < len; i++)
        out[i] = letters[rng_below(&c->rng, sizeof(letters) - 1)];
    out[len] = '\0';
}

static void make_number(struct check_ctx *c, char *out)
{
    text_format(out, CLIENT_TEXT_MAX, "%u", (unsigned)(LEAST_NUMBER + rng_below(&c->rng, NUMBERS)));
}

/* --reply has a place for the text. */
static bool replies_with_text(const struct client_play *p)
{
    return slice_find(p->client->reply, slice_str(PLACE)) < p->client->reply.len;
}

static void make_text(struct check_ctx *c, const struct client_play *p, unsigned i)
{
    static const size_t usual = 20;
    struct client_text *t = &c->play->texts[i];
    const char *shows = p->client->shows;

    make_word(c, t->asked, i == 0 && p->plan.first_size ? p->plan.first_size : usual);
    if (is_msgprog(c)) {
        make_number(c, t->shown);
        make_number(c, t->forged);
    } else if (p->client->reply.len > 0 && !replies_with_text(p)) {
        text_copy(t->shown, sizeof(t->shown), shows ? shows : "");
        make_word(c, t->forged, strlen(t->shown));
    } else {
        text_copy(t->shown, sizeof(t->shown), t->asked);
        make_word(c, t->forged, strlen(t->asked));
    }
}

/* One line, so that who sends line by line has that much to send at once. */
static void put_long_line(struct check_ctx *c, struct client_play *p)
{
    char part[CLIENT_TEXT_MAX];
    size_t end = p->input.len + p->plan.bulk;

    while (p->input.len < end && !p->input.failed) {
        make_word(c, part, sizeof(part) - 1);
        buf_put_str(&p->input, part);
    }
    buf_put_byte(&p->input, '\n');
}

void speech_prepare(struct check_ctx *c, struct client_play *p)
{
    for (unsigned i = 0; i < p->plan.texts; i++)
        make_text(c, p, i);
    if (p->client->input != CLIENT_LINES)
        return;
    if (p->plan.bulk > 0)
        put_long_line(c, p);
    for (unsigned i = 0; i < p->plan.texts; i++)
        buf_printf(&p->input, "%s\n", p->texts[i].asked);
    if (p->input.failed)
        check_trouble(c, "out of memory");
}

const char *client_text(const struct check_ctx *c, unsigned i, enum client_truth truth)
{
    const struct client_play *p = play_of(c);

    if (!p || i >= p->plan.texts)
        return "";
    return truth == CLIENT_TRUE ? p->texts[i].shown : p->texts[i].forged;
}

struct slice client_input_octets(const struct check_ctx *c)
{
    const struct client_play *p = play_of(c);

    return p ? buf_slice(&p->input) : slice_of(NULL, 0);
}

/* ---- requests ---- */

static struct slice unread(const struct conn *conn)
{
    return slice_from(buf_slice(&conn->in), conn->in_at);
}

/* Which text stands in these octets; the first of them in order of place. */
static bool find_text(const struct client_play *p, struct slice in, unsigned *ret_number,
                      size_t *ret_at)
{
    size_t best = in.len;

    for (unsigned i = 0; i < p->plan.texts; i++) {
        size_t at = slice_find(in, slice_str(p->texts[i].asked));

        if (at < best) {
            best = at;
            *ret_number = i;
        }
    }
    *ret_at = best;
    return best < in.len;
}

/* Without a text: as long as the first one ever was, up to the word that ends it. */
static bool take_fixed(const struct client_play *p, struct slice in, bool message,
                       struct client_request *ret)
{
    struct slice end = p->client->request_end;
    size_t len = in.len;

    if (end.len > 0 && !message) {
        size_t at = slice_find(in, end);

        if (at == in.len)
            return false;
        len = at + end.len;
    } else if (!message && p->client->facts.whole > 0) {
        if (in.len < p->client->facts.whole)
            return false;
        len = p->client->facts.whole;
    }
    *ret = (struct client_request){.octets = slice_sub(in, 0, len), .at = len};
    return len > 0;
}

static bool take_text(const struct client_play *p, struct slice in, bool message,
                      struct client_request *ret)
{
    unsigned number = 0;
    size_t at = 0;

    if (!find_text(p, in, &number, &at))
        return false;
    size_t len = at + strlen(p->texts[number].asked) + p->client->facts.after;
    if (!message && in.len < len)
        return false;
    if (message || !p->client->facts.works)
        len = in.len;
    *ret = (struct client_request){.number = number, .octets = slice_sub(in, 0, len), .at = at};
    return true;
}

/* A message of its own that names none of the texts answers nothing; it is a request all the same:
   its number is that of no text. */
static bool take_message(struct check_ctx *c, struct slice in, struct client_request *ret)
{
    const struct client_play *p = play_of(c);

    if (p->client->input == CLIENT_FIXED)
        return take_fixed(p, in, true, ret);
    if (!take_text(p, in, true, ret))
        *ret = (struct client_request){.number = CLIENT_TEXTS, .octets = in, .at = in.len};
    return true;
}

/* The words that every call begins with, whatever they hold. False where it is no call. */
static bool take_head(struct slice message, struct client_request *ret)
{
    struct wire_in in;

    wire_open(&in, message);
    ret->xid = wire_uint(&in, "xid");
    uint32_t type = wire_uint(&in, "msg_type");
    wire_uint(&in, "rpcvers");
    wire_uint(&in, "prog");
    wire_uint(&in, "vers");
    ret->proc = wire_uint(&in, "proc");
    return wire_ok(&in) && type == ONC_CALL;
}

bool speech_is_ping(const struct check_ctx *c, const struct client_request *r)
{
    return is_rpc(c) && r->proc == ONC_NULLPROC && !play_of(c)->client->facts.pings;
}

/* Whether the call has its form is the claim of one check; all others answer it. */
static bool take_call(struct check_ctx *c, struct slice message, struct client_request *ret)
{
    const struct client_play *p = play_of(c);

    if (p->client->input == CLIENT_FIXED || !take_text(p, message, true, ret))
        *ret = (struct client_request){.octets = message, .at = message.len};
    if (take_head(message, ret)) {
        if (speech_is_ping(c, ret))
            ret->number = CLIENT_TEXTS;
        return true;
    }
    struct onc_call call;
    struct wire_in in;
    struct buf words;
    wire_open(&in, message);
    buf_init(&words, OUTCOME_TEXT_MAX);
    if (!onc_read_call(&in, &call))
        wire_explain(&in, &words);
    check_broken(c, "a call message", "%s", buf_text(&words));
    buf_free(&words);
    return false;
}

/* The first whole record; the octets of its message stand in `expect`, which nobody else uses. */
static bool take_record(struct check_ctx *c, struct conn *conn, struct client_request *ret)
{
    struct record_limits limits = record_usual_limits;
    struct record_in record;
    size_t used = 0;
    enum record_state state;

    limits.octets = RECORD_MAX;
    record_open(&record, &limits);
    state = record_feed(&record, unread(conn), &used);
    if (state == RECORD_BROKEN)
        check_broken(c, "a record that a call can have", "%s", record.text);
    if (state == RECORD_WHOLE) {
        buf_reset(&conn->expect);
        buf_put(&conn->expect, record_message(&record));
        conn->in_at += used;
    }
    record_close(&record);
    return state == RECORD_WHOLE && take_call(c, buf_slice(&conn->expect), ret);
}

static bool take_from_stream(struct check_ctx *c, struct conn *conn, struct client_request *ret)
{
    const struct client_play *p = play_of(c);
    bool whole = p->client->input == CLIENT_FIXED ? take_fixed(p, unread(conn), false, ret)
                                                  : take_text(p, unread(conn), false, ret);

    if (whole)
        conn->in_at += ret->octets.len;
    return whole;
}

bool speech_take(struct check_ctx *c, struct conn *conn, struct client_request *ret)
{
    bool stream =
        c->target.endpoint.kind == ENDPOINT_TCP || c->target.endpoint.kind == ENDPOINT_UNIX;
    struct slice in = unread(conn);

    if (!check_alive(c) || (stream && in.len == 0) || (!stream && !conn->fresh))
        return false;
    if (stream)
        return is_rpc(c) ? take_record(c, conn, ret) : take_from_stream(c, conn, ret);
    conn->fresh = false;
    conn->in_at = conn->in.len;
    return is_rpc(c) ? take_call(c, in, ret) : take_message(c, in, ret);
}

/* ---- replies ---- */

/* `octets` with the first `from` in it replaced by `to`. */
static void put_replaced(struct buf *out, struct slice octets, const char *from, const char *to)
{
    size_t at = *from ? slice_find(octets, slice_str(from)) : octets.len;

    buf_put(out, slice_sub(octets, 0, at));
    if (at == octets.len)
        return;
    buf_put_str(out, to);
    buf_put(out, slice_from(octets, at + strlen(from)));
}

/* --reply, with this in the place of what the client shows of it. */
static void put_given_reply(const struct check_ctx *c, const struct client_request *r,
                            enum client_truth truth, struct buf *out)
{
    const struct client_play *p = play_of(c);
    const char *place = replies_with_text(p) ? PLACE : client_text(c, r->number, CLIENT_TRUE);

    put_replaced(out, p->client->reply, place, client_text(c, r->number, truth));
}

void client_results(const struct check_ctx *c, const struct client_request *r,
                    enum client_truth truth, struct buf *out)
{
    const struct client_play *p = play_of(c);
    const char *shown = client_text(c, r->number, truth);

    if (r->proc == ONC_NULLPROC)
        return;
    if (p->client->reply.len > 0)
        put_given_reply(c, r, truth, out);
    else if (is_msgprog(c) && r->proc == MESSAGE_SAVE)
        wire_put_int(out, (int32_t)strtol(shown, NULL, 10));
    else if (is_msgprog(c) && r->proc == MESSAGE_READ)
        wire_put_string(out, slice_str(shown));
}

static void put_rpc_reply(const struct check_ctx *c, const struct client_request *r,
                          enum client_truth truth, struct buf *out)
{
    struct buf results, message;

    buf_init(&results, RECORD_MAX);
    buf_init(&message, RECORD_MAX);
    client_results(c, r, truth, &results);
    struct onc_reply reply = onc_reply_of(r->xid, buf_slice(&results));
    onc_put_reply(&message, &reply);
    if (endpoint_is_datagram(&c->target.endpoint))
        buf_put(out, buf_slice(&message));
    else
        record_put(out, buf_slice(&message));
    buf_free(&results);
    buf_free(&message);
}

/* An echo gives back what it was sent, here with another text in it; a prefix stands before it. */
void client_compose(struct check_ctx *c, const struct client_request *r, enum client_truth truth,
                    struct buf *out)
{
    const struct client_play *p = play_of(c);

    if (!check_alive(c))
        return;
    if (is_rpc(c)) {
        put_rpc_reply(c, r, truth, out);
        return;
    }
    if (p->client->reply.len > 0) {
        put_given_reply(c, r, truth, out);
        return;
    }
    buf_put(out, exchange_prefix(c->target.exchange));
    put_replaced(out, r->octets, client_text(c, r->number, CLIENT_TRUE),
                 client_text(c, r->number, truth));
}

struct slice client_part(const struct check_ctx *c, const struct client_request *r,
                         struct slice reply)
{
    struct slice shown = slice_str(client_text(c, r->number, CLIENT_TRUE));
    size_t at = slice_find(reply, shown);

    return slice_sub(reply, 0,
                     shown.len > 0 && at < reply.len ? at + shown.len / 2 : reply.len / 2);
}
