/* Parsers of exchange files, and of what servers answer. */
#include <unistd.h>

#include "fuzz/parser/seeds.h"
#include "fuzz/parser/tables.h"
#include "harness/exchange/exchange_ops.h"

enum { XID = PARSER_XID };

static const char *text_of(struct slice input)
{
    return (const char *)input.data;
}

static bool take_exchange_name(struct slice input, struct problem *why)
{
    struct exchange *x = NULL;
    bool any = false;

    for (unsigned medium = 0; medium <= EXCHANGE_OVER_DATAGRAMS; medium++) {
        bool ok = exchange_open(text_of(input), (enum exchange_medium)medium, &x, why);

        any |= ok;
        if (ok)
            exchange_close(x);
    }
    return any;
}

/* The octets as a reply, whole and cut short, and as what nobody asked for. */
static bool judge_reply(const struct exchange *x, struct slice input)
{
    static const uint8_t payload[] = "payload";
    struct ask ask = {.seq = XID, .body = slice_of(payload, sizeof(payload) - 1)};
    struct mismatch wrong = {0};
    struct buf words;
    size_t used = 0;
    uint32_t seq = 0;

    enum match match = exchange_match(x, &ask, input, true, &used, &wrong);
    CLAIM(match != MATCH_WHOLE || used <= input.len);
    CLAIM(match != MATCH_BROKEN || (wrong.expected[0] && wrong.actual[0]));
    CLAIM(match != MATCH_BROKEN || wrong.offset <= input.len);
    exchange_match(x, &ask, input, false, &used, NULL);
    if (exchange_has(x, EXCHANGE_UNORDERED))
        exchange_peek(x, input, true, &seq, &wrong);
    buf_init(&words, 1 << 20);
    exchange_describe(x, input, &words);
    buf_free(&words);
    return match == MATCH_WHOLE;
}

static bool take_reply(const char *spec, enum exchange_medium medium, struct slice input)
{
    struct exchange *x = NULL;

    if (!CLAIM(exchange_open(spec, medium, &x, NULL)))
        return false;
    bool whole = judge_reply(x, input);
    exchange_close(x);
    return whole;
}

/* What is accepted makes requests, and judges whatever comes: here its own request. */
static bool take_exchange_file(struct slice input, struct problem *why)
{
    struct exchange *x = NULL;
    char path[PARSER_PATH_MAX];
    struct buf request;
    int fd = parser_file(input, path);

    bool ok = exchange_open(path, EXCHANGE_OVER_STREAM, &x, why);
    if (ok) {
        buf_init(&request, 1 << 20);
        exchange_request(x, &(struct ask){.seq = XID}, &request);
        judge_reply(x, buf_slice(&request));
        judge_reply(x, input);
        buf_free(&request);
        exchange_close(x);
    }
    close(fd);
    return ok;
}

/* REPLY(name, spec, medium) */
#define REPLY(name, spec, medium)                                                                  \
    static bool take_reply_##name(struct slice input, struct problem *why UNUSED)                  \
    {                                                                                              \
        return take_reply(spec, EXCHANGE_OVER_##medium, input);                                    \
    }
REPLY(echo, "echo", STREAM)
REPLY(prefix, "echo:Echo: ", STREAM)
REPLY(line, "line", STREAM)
REPLY(chargen, "chargen", STREAM)
REPLY(daytime, "daytime", STREAM)
REPLY(rpc_stream, "rpc:345678/2", STREAM)
REPLY(rpc_datagram, "rpc:345678/2", DATAGRAMS)
#undef REPLY

static const char exchange_file[] =
    "# why\nname = ping\nframing = fixed 14\nrequest = \"PING %{seq:08x}\\r\\n\"\n"
    "reply = \"$8\\r\\n%{seq:08x}\\r\\n\"\npipeline = yes\n";

static const char by_line[] =
    "framing = line\nrequest = \"version %{seq:010d}\\r\\n\"\nreply = \"VERSION %{any}\\r\\n\"\n"
    "persist = no\ncuts = no\nidempotent = no\n";
static const char by_length[] =
    "framing = length32\nrequest = \"%{seq:u32}\\x00\\0\\t\"\nreply = \"%{seq:u32}%{seq:X}%%\"\n";
static const char by_close[] =
    "name = get\nframing = close\nrequest = \"GET /?%{seq}\\r\\n\\r\\n\"\nreply = \"%{any}200 "
    "%{any}\"\n";

static const struct parser rows[] = {
    {"exchange_open", take_exchange_name, .text = true, .says = true,
     .texts = {"echo", "echo:Echoed msg: ", "line", "discard", "rpc:345678/2"}},
    {"exchange_file_parse", take_exchange_file, .text = true, .says = true,
     .texts = {exchange_file, by_line, by_length, by_close}},
    {"exchange_match echo", take_reply_echo, .texts = {"payload"}},
    {"exchange_match prefix", take_reply_prefix, .texts = {"Echo: payload"}},
    {"exchange_match line", take_reply_line, .texts = {"payload\n", "payload\r\n"}},
    {"exchange_match chargen", take_reply_chargen,
     .texts = {"!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefgh\r\n"}},
    {"exchange_match daytime", take_reply_daytime, .texts = {"Monday, November 23, 2026\r\n"}},
    {"exchange_match rpc over a stream", take_reply_rpc_stream, .seed = parser_seed_right_record},
    {"exchange_match rpc over datagrams", take_reply_rpc_datagram, .seed = parser_seed_right_reply},
};

const struct parser_table parser_exchanges = {rows, ARRAY_LEN(rows)};
