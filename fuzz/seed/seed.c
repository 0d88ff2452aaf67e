/* Which target gets which seeds, and the dictionaries. */
#include "fuzz/seed/seed.h"

#include "fuzz/seed/sets.h"
#include "harness/base/text.h"

typedef void seeds(const struct fuzz_target *target, const struct seed_visitor *v);

static seeds *const by_form[FUZZ_FORMS] = {
    [FUZZ_OCTETS] = seed_octets,   [FUZZ_MESSAGE] = seed_messages, [FUZZ_CALLS] = seed_calls,
    [FUZZ_REPLIES] = seed_replies, [FUZZ_TEXT] = seed_texts,
};

/* Those whose cases have a shape of their own. */
static const struct {
    const char *target;
    seeds *seeds;
} by_name[] = {
    {"onc-message", seed_onc},
    {"tirpc-message", seed_onc},
    {"wire", seed_wire},
    {"parsers", seed_parsers},
    {"endpoint", seed_endpoint},
    {"exchange-file", seed_exchange_file},
    {"schedule", seed_schedule},
    {"report-read", seed_report},
    {"planted", seed_planted},
    {"tirpc-auth", seed_credentials},
    {"tirpc-xdr", seed_xdr},
    {"tirpc-bind", seed_bind},
    {"tirpc-record", seed_streams},
    {"tirpc-stub", seed_stub},
};

struct filter {
    const struct seed_visitor *visitor;
    size_t max;
};

static void pass_on(void *into, const char *name, struct slice octets)
{
    const struct filter *f = into;

    if (octets.len <= f->max)
        f->visitor->visit(f->visitor->into, name, octets);
}

void seed_each(const struct fuzz_target *target, const struct seed_visitor *visitor)
{
    struct filter filter = {visitor, target->max};
    struct seed_visitor v = {pass_on, &filter};
    seeds *all = by_form[target->form];

    for (size_t i = 0; i < ARRAY_LEN(by_name); i++) {
        if (text_eq(by_name[i].target, target->name))
            all = by_name[i].seeds;
    }
    all(target, &v);
}

/* ---- dictionaries ---- */

struct word {
    const char *name;
    struct slice octets;
};

#define OCTETS(text)                                                                               \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

/* Numbers at which lengths and counts break, and those of RFC 5531 and msg.x. */
static const struct word numbers[] = {
    {"one", OCTETS("\0\0\0\1")},
    {"two", OCTETS("\0\0\0\2")},
    {"limit_of_groups", OCTETS("\0\0\0\20")},
    {"limit_of_machinename", OCTETS("\0\0\0\377")},
    {"over_machinename", OCTETS("\0\0\1\0")},
    {"limit_of_auth", OCTETS("\0\0\1\220")},
    {"over_auth", OCTETS("\0\0\1\221")},
    {"two_to_16", OCTETS("\0\1\0\0")},
    {"two_to_30", OCTETS("\100\0\0\0")},
    {"int_max", OCTETS("\177\377\377\377")},
    {"int_min", OCTETS("\200\0\0\0")},
    {"minus_four", OCTETS("\377\377\377\374")},
    {"minus_one", OCTETS("\377\377\377\377")},
};
static const struct word rpc[] = {
    {"call", OCTETS("\0\0\0\0\0\0\0\2")},
    {"msgprog", OCTETS("\0\5FN\0\0\0\2")},
    {"auth_none", OCTETS("\0\0\0\0\0\0\0\0")},
    {"auth_sys", OCTETS("\0\0\0\1\0\0\0\30\0\0\0\1\0\0\0\4host\0\0\0\1\0\0\0\1\0\0\0\0")},
    {"auth_short", OCTETS("\0\0\0\2\0\0\0\10")},
    {"reply", OCTETS("\0\0\0\1\0\0\0\0")},
    {"denied", OCTETS("\0\0\0\1\0\0\0\1")},
};
static const struct word marks[] = {
    {"last_fragment_empty", OCTETS("\200\0\0\0")},
    {"fragment_empty", OCTETS("\0\0\0\0")},
    {"last_fragment_of_40", OCTETS("\200\0\0\50")},
    {"fragment_of_4", OCTETS("\0\0\0\4")},
};
static const struct word texts[] = {
    {"tcp", OCTETS("tcp://")},
    {"udp", OCTETS("udp://")},
    {"unix", OCTETS("unix:")},
    {"unix_dgram", OCTETS("unix-dgram:")},
    {"unix_seqpacket", OCTETS("unix-seqpacket:")},
    {"rpc", OCTETS("rpc+tcp://")},
    {"rpc_any", OCTETS("rpc://")},
    {"loopback", OCTETS("[::1]")},
    {"name", OCTETS("name = ")},
    {"framing", OCTETS("framing = ")},
    {"fixed", OCTETS("fixed ")},
    {"length32", OCTETS("length32")},
    {"request", OCTETS("request = \"")},
    {"reply_of", OCTETS("reply = \"")},
    {"pipeline", OCTETS("pipeline = yes")},
    {"seq", OCTETS("%{seq:08x}")},
    {"any", OCTETS("%{any}")},
    {"up", OCTETS("up: ")},
    {"down", OCTETS("down: ")},
    {"both", OCTETS("both: ")},
    {"client", OCTETS("client 2 ")},
    {"drop", OCTETS("drop ")},
    {"duplicate", OCTETS("duplicate ")},
    {"delay", OCTETS("delay 10% by 20ms jitter 5ms")},
    {"cut", OCTETS("cut 1-100 pause 1ms")},
    {"reset", OCTETS("reset after ")},
    {"rate", OCTETS("rate ")},
    {"checks", OCTETS("\"checks\":[")},
    {"verdict", OCTETS("\"verdict\":\"fail\"")},
    {"evidence", OCTETS("\"evidence\":[")},
    {"escape", OCTETS("\\u0000")},
};

static void put_words(struct buf *out, const struct word *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "%s=\"", words[i].name);
        for (size_t k = 0; k < words[i].octets.len; k++) {
            uint8_t octet = words[i].octets.data[k];

            if (octet > ' ' && octet < 0x7f && octet != '"' && octet != '\\')
                buf_put_byte(out, octet);
            else
                buf_printf(out, "\\x%02x", octet);
        }
        buf_put_str(out, "\"\n");
    }
}

void seed_dictionary(enum fuzz_form form, struct buf *out)
{
    if (form == FUZZ_TEXT) {
        put_words(out, texts, ARRAY_LEN(texts));
        return;
    }
    put_words(out, numbers, ARRAY_LEN(numbers));
    if (form != FUZZ_OCTETS)
        put_words(out, rpc, ARRAY_LEN(rpc));
    if (form == FUZZ_CALLS || form == FUZZ_REPLIES)
        put_words(out, marks, ARRAY_LEN(marks));
}
