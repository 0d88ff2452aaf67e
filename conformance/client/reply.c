/* Checks: what a client makes of a reply that is none, or is cut, or lies about its lengths. */
#include <inttypes.h>
#include <string.h>

#include "conformance/client/call.h"
#include "conformance/msgprog/message.h"
#include "conformance/suites.h"

enum {
    HEADER = 24, /* octets of an accepted reply in front of its results */
    TYPE_AT = 4, /* where msg_type stands in a message */
    STAT_AT = 8, /* ... and reply_stat */
    OVER = 404,  /* octets of a verifier: one unit more than there may be */
    ROOM = 1 << 16,
    MANY = 400, /* octets behind the results */
};

static uint8_t filler[OVER];

/* ---- messages that are no reply ---- */

/* An honest message but for one word. */
static void put_with_word(const struct onc_reply *forged, size_t at, uint32_t value,
                          struct buf *message)
{
    struct buf honest;

    buf_init(&honest, ROOM);
    onc_put_reply(&honest, forged);
    buf_put(message, slice_sub(buf_slice(&honest), 0, at));
    buf_put_u32(message, value);
    buf_put(message, slice_from(buf_slice(&honest), at + WIRE_UNIT));
    buf_free(&honest);
}

static void put_type(const struct onc_reply *forged, uint32_t value, struct buf *message)
{
    put_with_word(forged, TYPE_AT, value, message);
}

static void msg_type(struct check_ctx *c)
{
    static const struct client_flaw rows[] = {
        {"msg_type CALL", ONC_CALL},
        {"msg_type 2", 2},
        {"msg_type 256", 256},
        {"msg_type 4294967295", UINT32_MAX},
    };

    client_call_try(c, rows, ARRAY_LEN(rows), put_type);
}

static void put_stat(const struct onc_reply *forged, uint32_t value, struct buf *message)
{
    put_with_word(forged, STAT_AT, value, message);
}

static void reply_stat(struct check_ctx *c)
{
    static const struct client_flaw rows[] = {
        {"reply_stat 2", 2},
        {"reply_stat 256", 256},
        {"reply_stat 4294967295", UINT32_MAX},
    };

    client_call_try(c, rows, ARRAY_LEN(rows), put_stat);
}

/* ---- the verifier ---- */

/* The length word lies, and nothing of what it announces is there. */
static void put_verifier_length(const struct onc_reply *forged, uint32_t value, struct buf *message)
{
    struct onc_reply reply = *forged;

    reply.verf.body.lies = true;
    reply.verf.body.claimed = value;
    onc_put_reply(message, &reply);
}

static void verifier_length(struct check_ctx *c)
{
    static const struct client_flaw rows[] = {
        {"a verifier of 400 octets that are not there", ONC_AUTH_BODY_MAX},
        {"a verifier of 401 octets that are not there", ONC_AUTH_BODY_MAX + 1},
        {"a verifier of 2147483647 octets", INT32_MAX},
        {"a verifier of 2147483648 octets", (uint32_t)INT32_MAX + 1},
        {"a verifier of 4294967292 octets", UINT32_MAX - 3},
        {"a verifier of 4294967295 octets", UINT32_MAX},
    };

    client_call_try(c, rows, ARRAY_LEN(rows), put_verifier_length);
}

/* All octets are there, and their length is told as it is. */
static void put_verifier(const struct onc_reply *forged, uint32_t value, struct buf *message)
{
    struct onc_reply reply = *forged;

    reply.verf.body = wire_counted_of(slice_of(filler, value));
    onc_put_reply(message, &reply);
}

static void verifier_limit(struct check_ctx *c)
{
    static const struct client_flaw rows[] = {
        {"a verifier of 401 octets", ONC_AUTH_BODY_MAX + 1},
        {"a verifier of 404 octets", OVER},
    };

    client_call_try(c, rows, ARRAY_LEN(rows), put_verifier);
}

static void put_unpadded(const struct onc_reply *forged, uint32_t value, struct buf *message)
{
    struct onc_reply reply = *forged;

    reply.verf.body = wire_counted_of(slice_of(filler, value));
    reply.verf.body.pads = true; /* with no octets at all */
    onc_put_reply(message, &reply);
}

static void verifier_padding(struct check_ctx *c)
{
    static const struct client_flaw rows[] = {
        {"a verifier of 1 octet without its padding", 1},
        {"a verifier of 5 octets without its padding", 5},
        {"a verifier of 7 octets without its padding", 7},
    };

    client_call_try(c, rows, ARRAY_LEN(rows), put_unpadded);
}

/* The true reply with this verifier; what becomes of it is judged by the caller. */
static void with_verifier(struct check_ctx *c, uint32_t flavor, size_t octets)
{
    struct client_call call;

    client_call_begin(c, 1, &call);
    struct onc_reply reply = call.truth;
    reply.verf.flavor = flavor;
    reply.verf.body = wire_counted_of(slice_of(filler, octets));
    client_call_say(c, &call, &reply);
    client_serve(c, client_ignore, NULL);
    client_call_free(&call);
}

static void verifier_body(struct check_ctx *c)
{
    static const size_t sizes[] = {4, 5, ONC_AUTH_BODY_MAX};

    for (size_t i = 0; i < ARRAY_LEN(sizes) && client_call_more(c, i, ARRAY_LEN(sizes)); i++) {
        with_verifier(c, ONC_AUTH_NONE, sizes[i]);
        client_must_succeed(c);
        check_close_all(c);
    }
}

/* RFC 5531 10.1 wants AUTH_NONE of both sides where there is no authentication, and does not say
   what a client does that gets another one. */
static void verifier_flavor(struct check_ctx *c)
{
    static const uint32_t flavors[] = {ONC_AUTH_SYS, ONC_AUTH_SHORT, 99, UINT32_MAX};
    struct buf taken;

    buf_init(&taken, OUTCOME_TEXT_MAX);
    for (size_t i = 0; i < ARRAY_LEN(flavors) && client_call_more(c, i, ARRAY_LEN(flavors)); i++) {
        with_verifier(c, flavors[i], 0);
        client_must_not_lie(c, "the verifier was of another flavor");
        buf_printf(&taken, "%s%" PRIu32 " %s", i > 0 ? ", " : "", flavors[i],
                   client_ended_well(c) ? "taken" : "refused");
        check_close_all(c);
    }
    check_noted(c, "verifiers by flavor: %s", buf_text(&taken));
    buf_free(&taken);
}

/* ---- cut ---- */

/* The first octets of a forged reply. With `filled` a whole one that nobody asked for has lain in
   the client's buffer before: who reads further than what came finds the rest of it. Returns how
   many octets the whole reply has. */
static size_t cut_to(struct check_ctx *c, size_t keep, bool filled)
{
    struct client_call call;
    char what[80];

    client_call_begin(c, 1, &call);
    client_call_must_differ(c, &call);
    struct onc_reply stray = call.forged;
    stray.xid++;
    if (filled)
        client_call_say(c, &call, &stray);
    struct onc_reply cut = call.forged;
    size_t whole = HEADER + cut.results.len;
    cut.cut = true;
    cut.keep = keep;
    text_format(what, sizeof(what), "the reply ended behind %zu octets of %zu", keep, whole);
    check_tell(c, WHO_KIT, slice_of(NULL, 0), "%s, and the true one behind it", what);
    client_call_say(c, &call, &cut);
    client_call_say_truth(c, &call);
    client_finish(c, CLIENT_SERVED);
    client_must_not_lie(c, what);
    client_call_end(c, &call);
    return whole;
}

static size_t cut_twice(struct check_ctx *c, size_t keep)
{
    if (endpoint_is_datagram(&c->target.endpoint))
        cut_to(c, keep, true);
    return cut_to(c, keep, false);
}

static void cut_header(struct check_ctx *c)
{
    for (size_t keep = 0; keep < HEADER && client_call_more(c, keep, HEADER); keep++)
        cut_twice(c, keep);
}

/* How long the results are shows with the first call. */
static void cut_results(struct check_ctx *c)
{
    size_t whole = HEADER + 1;

    for (size_t keep = HEADER; keep < whole && client_call_more(c, keep - HEADER, whole - HEADER);
         keep++)
        whole = cut_twice(c, keep);
}

/* ---- results ---- */

/* Skips the check where the client calls another procedure of MSGPROG. */
static void begin_with(struct check_ctx *c, uint32_t proc, struct client_call *ret)
{
    client_call_begin(c, 1, ret);
    if (check_alive(c) && ret->proc != proc)
        check_skipped(c, "the client does not call %s",
                      proc == MESSAGE_SAVE ? "SAVEMSG, whose result is an int"
                                           : "READMSG, whose result is a string");
}

static void int_range(struct check_ctx *c)
{
    static const int32_t numbers[] = {-1, INT32_MIN, INT32_MAX};

    for (size_t i = 0; i < ARRAY_LEN(numbers) && client_call_more(c, i, ARRAY_LEN(numbers)); i++) {
        struct client_call call;
        struct buf results;
        char due[16];

        begin_with(c, MESSAGE_SAVE, &call);
        buf_init(&results, WIRE_UNIT);
        wire_put_int(&results, numbers[i]);
        struct onc_reply reply = onc_reply_of(call.xid, buf_slice(&results));
        client_call_say(c, &call, &reply);
        client_serve(c, client_ignore, NULL);
        client_must_end(c);
        text_format(due, sizeof(due), "%" PRId32, numbers[i]);
        if (check_alive(c) && client_ended_well(c) && c->target.client->facts.shows &&
            client_shown_times(c, due) == 0)
            check_broken(c, "the number as it came, or an error",
                         "status 0, and the result %s is not shown", due);
        buf_free(&results);
        client_call_end(c, &call);
    }
}

static void put_string_length(const struct onc_reply *forged, uint32_t value, struct buf *message)
{
    put_with_word(forged, HEADER, value, message);
}

static void string_length(struct check_ctx *c)
{
    static const struct client_flaw rows[] = {
        {"a string of 9 octets of which 8 are there", 9},
        {"a string of 400 octets of which 8 are there", MANY},
        {"a string of 65536 octets of which 8 are there", 65536},
        {"a string of 2147483647 octets", INT32_MAX},
        {"a string of 2147483648 octets", (uint32_t)INT32_MAX + 1},
        {"a string of 4294967292 octets", UINT32_MAX - 3},
        {"a string of 4294967295 octets", UINT32_MAX},
    };
    struct client_call call;

    begin_with(c, MESSAGE_READ, &call);
    client_call_say(c, &call, &call.truth);
    client_finish(c, CLIENT_SERVED);
    client_call_end(c, &call);
    client_call_try(c, rows, ARRAY_LEN(rows), put_string_length);
}

/* A text of seven octets has one of padding, and readers may look at it or not (RFC 4506 3). */
static void string_padding(struct check_ctx *c)
{
    static const uint8_t odd[] = {'!'};
    struct client_call call;
    struct buf results;

    begin_with(c, MESSAGE_READ, &call);
    buf_init(&results, ROOM);
    struct wire_counted text = wire_counted_of(slice_str(client_text(c, call.number, CLIENT_TRUE)));
    text.pads = true;
    text.padding = slice_of(odd, sizeof(odd));
    wire_put_counted(&results, &text);
    struct onc_reply reply = onc_reply_of(call.xid, buf_slice(&results));
    client_call_say(c, &call, &reply);
    client_serve(c, client_ignore, NULL);
    client_must_not_lie(c, "an octet of padding was not zero");
    check_noted(c, "a string with padding that is not zero is %s",
                client_ended_well(c) ? "taken" : "refused");
    buf_free(&results);
    client_call_free(&call);
}

static void trailing(struct check_ctx *c)
{
    static const size_t sizes[] = {1, 4, MANY};
    struct buf taken;

    buf_init(&taken, OUTCOME_TEXT_MAX);
    for (size_t i = 0; i < ARRAY_LEN(sizes) && client_call_more(c, i, ARRAY_LEN(sizes)); i++) {
        struct client_call call;
        struct buf results;

        client_call_begin(c, 1, &call);
        buf_init(&results, ROOM);
        buf_put(&results, call.truth.results);
        buf_put(&results, slice_of(filler, sizes[i]));
        struct onc_reply reply = onc_reply_of(call.xid, buf_slice(&results));
        client_call_say(c, &call, &reply);
        client_serve(c, client_ignore, NULL);
        client_must_not_lie(c, "octets stood behind the results");
        buf_printf(&taken, "%s%zu %s", i > 0 ? ", " : "", sizes[i],
                   client_ended_well(c) ? "taken" : "refused");
        buf_free(&results);
        client_call_end(c, &call);
    }
    check_noted(c, "octets behind the results: %s", buf_text(&taken));
    buf_free(&taken);
}

static const struct check checks[] = {
    {
        .id = "client.rpc.msg-type",
        .claim = "a message that is no REPLY is never taken for one",
        .why = "A peer that echoes, or a call that comes the other way, has the right xid.",
        .how = "Messages with the right xid, forged results and msg_type CALL, 2, 256 and 2^32-1, "
               "each with the true reply behind it.",
        .cites = {REQ_RPC_CLI_02},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = msg_type,
    },
    {
        .id = "client.rpc.unknown-reply-stat",
        .claim = "a reply_stat that nobody knows is no success",
        .why = "A reply is accepted or denied, and what is neither has no results.",
        .how = "Replies with reply_stat 2, 256 and 2^32-1 and all that an accepted one has, "
               "forged, each with the true reply behind it.",
        .cites = {REQ_RPC_5531_9_02},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = reply_stat,
    },
    {
        .id = "client.rpc.verifier-length",
        .claim = "a verifier that announces more than there is makes no answer, and no crash",
        .why = "Its length is the first number of a reply that leads into memory.",
        .how = "Forged replies whose verifier announces 400, 401, 2^31-1, 2^31, 2^32-4 and 2^32-1 "
               "octets and has none, each with the true reply behind it.",
        .cites = {REQ_RPC_ROB_9_13},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = verifier_length,
    },
    {
        .id = "client.rpc.verifier-limit",
        .claim = "a verifier of more than 400 octets is refused",
        .why = "The limit is what buffers are made for.",
        .how = "Forged replies with a verifier of 401 and of 404 octets, each with the true reply "
               "behind it.",
        .cites = {REQ_RPC_ROB_9_13},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = verifier_limit,
    },
    {
        .id = "client.rpc.verifier-padding",
        .claim = "a verifier without its padding is not read as if it were padded with nothing",
        .why = "Both sides must agree on where the results begin.",
        .how = "Forged replies with verifiers of 1, 5 and 7 octets and no padding, each with the "
               "true reply behind it.",
        .cites = {REQ_XDR_4506_3_04},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = verifier_padding,
    },
    {
        .id = "client.rpc.verifier-body",
        .claim = "the octets of an AUTH_NONE verifier may be any",
        .why = "Their meaning is undefined; the length is 0 by recommendation only.",
        .how = "The true reply with an AUTH_NONE verifier of 4, of 5 and of 400 octets.",
        .cites = {REQ_RPC_5531_10_1_02},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = verifier_body,
    },
    {
        .id = "client.rpc.verifier-flavor",
        .claim = "what a client makes of a verifier of a flavor that it did not use",
        .why = "Servers of other libraries send such; the RFC leaves the reaction open.",
        .how = "The true reply with an empty verifier of flavor 1, 2, 99 and 2^32-1.",
        .cites = {REQ_RPC_CLI_05},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = verifier_flavor,
    },
    {
        .id = "client.rpc.cut-header",
        .claim = "a reply that ends within its header makes no answer",
        .why = "Behind its end are the octets of an earlier message, or nobody's.",
        .how = "The first 0 to 23 octets of a forged reply as a whole record or datagram, each "
               "with the true reply behind it; over datagrams also with a whole forged reply to "
               "nobody before it.",
        .cites = {REQ_RPC_CLI_03},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = cut_header,
    },
    {
        .id = "client.rpc.cut-results",
        .claim = "a SUCCESS whose results are missing or cut makes no answer",
        .why = "What is shown is then whatever the variable held.",
        .how = "A forged reply cut at each octet of its results as a whole record or datagram, "
               "each with the true reply behind it; over datagrams also with a whole forged reply "
               "to nobody before it.",
        .cites = {REQ_RPC_ROB_9_14},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = cut_results,
    },
    {
        .id = "client.rpc.int-range",
        .claim = "an int of the results is shown as it came, also a negative one",
        .why = "Who prints it as unsigned tells of a number that nobody sent.",
        .how = "SAVEMSG is answered by -1, -2147483648 and 2147483647; the client shows that, or "
               "reports an error.",
        .cites = {REQ_XDR_4506_4_1_01},
        .needs = NEED_RPC | NEED_MSGPROG | NEED_JUDGES,
        .run = int_range,
    },
    {
        .id = "client.rpc.string-length",
        .claim = "a string that announces more than there is makes no answer, and no crash",
        .why = "It is the number by which decoders allocate.",
        .how = "READMSG is answered by a forged string whose length is 9, 400, 65536, 2^31-1, "
               "2^31, 2^32-4 and 2^32-1, each with the true reply behind it.",
        .cites = {REQ_RPC_CLI_04},
        .needs = NEED_RPC | NEED_MSGPROG | NEED_JUDGES,
        .run = string_length,
    },
    {
        .id = "client.rpc.string-padding",
        .claim = "what a client makes of padding that is not zero",
        .why = "Old encoders leave there what was there.",
        .how = "READMSG is answered by a string of seven octets and an octet of padding that is "
               "not zero.",
        .cites = {REQ_XDR_4506_3_03},
        .needs = NEED_RPC | NEED_MSGPROG | NEED_JUDGES,
        .run = string_padding,
    },
    {
        .id = "client.rpc.trailing-octets",
        .claim = "what a client makes of octets behind the results",
        .why = "The RFC does not say; newer servers may send more than older clients know.",
        .how = "The true reply with 1, 4 and 400 octets behind it.",
        .cites = {REQ_RPC_CLI_06},
        .needs = NEED_RPC | NEED_JUDGES,
        .run = trailing,
    },
};

SUITE(client_reply);
