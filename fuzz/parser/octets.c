/* Decoders of ONC RPC: messages, credentials, what rpcbind is told and says, records, items. */
#include <string.h>

#include "fuzz/oracle/finding.h"
#include "fuzz/parser/seeds.h"
#include "fuzz/parser/tables.h"
#include "harness/rpc/bind.h"
#include "harness/rpc/onc.h"
#include "harness/rpc/record.h"

enum { OUT_MAX = 1 << 16 };

static bool finish(struct wire_in *in)
{
    struct buf words;

    wire_end(in, "end");
    buf_init(&words, 1 << 12);
    wire_explain(in, &words);
    CLAIM(wire_ok(in) == (words.len == 0));
    CLAIM(wire_ok(in) || in->offset <= in->octets.len);
    buf_free(&words);
    return wire_ok(in);
}

/* What was accepted is written as it came. */
static void judge_written(struct buf *out, struct slice input, const char *name)
{
    if (!slice_eq(buf_slice(out), input))
        finding_tell(ORACLE_ROUND_TRIP, "%s: %zu octets read, %zu written, %zu of them the same",
                     name, input.len, out->len, slice_common(buf_slice(out), input));
    buf_free(out);
}

/* READS(name, struct, reader, writer): what is read by one function of its own. */
#define READS(name, type, reader, writer)                                                          \
    static bool take_##name(struct slice input, struct problem *why UNUSED)                        \
    {                                                                                              \
        struct wire_in in;                                                                         \
        struct buf out;                                                                            \
        type value;                                                                                \
        wire_open(&in, input);                                                                     \
        if (!reader(&in, &value) || !finish(&in))                                                  \
            return false;                                                                          \
        buf_init(&out, OUT_MAX);                                                                   \
        writer(&out, &value);                                                                      \
        judge_written(&out, input, #reader);                                                       \
        return true;                                                                               \
    }
READS(call, struct onc_call, onc_read_call, onc_put_call)
READS(reply_, struct onc_reply, onc_read_reply, onc_put_reply)
READS(sys, struct onc_sys, onc_read_sys, onc_put_sys)
READS(gss, struct onc_gss, onc_read_gss, onc_put_gss)
READS(gss_init, struct onc_gss_init, onc_read_gss_init, onc_put_gss_init)
READS(mapping, struct bind_mapping, bind_read_mapping, bind_put_mapping)
READS(rpcb, struct bind_rpcb, bind_read_rpcb, bind_put_rpcb)
READS(remote, struct bind_remote, bind_read_remote, bind_put_remote)
READS(remote_port, struct bind_remote_port, bind_read_remote_port, bind_put_remote_port)
READS(remote_addr, struct bind_remote_addr, bind_read_remote_addr, bind_put_remote_addr)
READS(netbuf, struct bind_netbuf, bind_read_netbuf, bind_put_netbuf)
READS(stat, struct bind_stat, bind_read_stat, bind_put_stat)
#undef READS

/* LISTS(name, struct, next, put): a list, element by element. */
#define LISTS(name, type, next, put)                                                               \
    static bool take_##name(struct slice input, struct problem *why UNUSED)                        \
    {                                                                                              \
        struct wire_in in;                                                                         \
        size_t count = 0;                                                                          \
        struct buf out;                                                                            \
        type value;                                                                                \
        wire_open(&in, input);                                                                     \
        buf_init(&out, OUT_MAX);                                                                   \
        for (; next(&in, &value); count++)                                                         \
            put(&out, &value);                                                                     \
        CLAIM(count <= input.len);                                                                 \
        bind_list_end(&out);                                                                       \
        bool ok = finish(&in);                                                                     \
        judge_written(&out, ok ? input : buf_slice(&out), #next);                                  \
        return ok;                                                                                 \
    }
LISTS(mappings, struct bind_mapping, bind_next_mapping, bind_list_mapping)
LISTS(rpcbs, struct bind_rpcb, bind_next_rpcb, bind_list_rpcb)
LISTS(entries, struct bind_entry, bind_next_entry, bind_list_entry)
LISTS(stat_addrs, struct bind_stat_addr, bind_next_stat_addr, bind_list_stat_addr)
LISTS(stat_remotes, struct bind_stat_remote, bind_next_stat_remote, bind_list_stat_remote)
#undef LISTS

static bool take_description(struct slice input, struct problem *why UNUSED)
{
    struct buf words;
    uint32_t xid = 0;
    uint32_t type = 0;

    buf_init(&words, 1 << 16);
    onc_describe(input, &words);
    bool ok = words.len > 0 && !slice_starts(buf_slice(&words), slice_str("no RPC message"));
    CLAIM(!(ok && !onc_peek(input, &xid, &type)));
    buf_free(&words);
    return ok;
}

/* One record, in pieces of each size from one octet up; the outcome is the same however it comes.
 */
static bool take_record(struct slice input, struct problem *why UNUSED)
{
    static const struct record_limits limits = {.octets = 2048, .fragments = 64, .empty = 8};
    enum record_state due = RECORD_MORE;

    for (size_t piece = input.len + 1; piece > 0; piece /= 2) {
        enum record_state state = RECORD_MORE;
        struct record_in r;
        size_t used = 0;

        record_open(&r, &limits);
        for (size_t at = 0; at < input.len && state == RECORD_MORE; at += used)
            state = record_feed(&r, slice_sub(input, at, piece), &used);
        CLAIM(r.message.len <= limits.octets);
        if (piece == input.len + 1)
            due = state;
        CLAIM(state == due);
        record_close(&r);
    }
    return due == RECORD_WHOLE;
}

/* The first octet says which item is read from the rest, as often as it goes. */
static bool take_items(struct slice input, struct problem *why UNUSED)
{
    static const int32_t arms[] = {0, 1, 7};
    uint8_t quadruple[WIRE_QUADRUPLE];
    struct wire_in in;

    wire_open(&in, slice_from(input, 1));
    for (unsigned kind = input.len ? input.data[0] : 0; wire_ok(&in) && wire_left(&in) > 0;
         kind++) {
        switch (kind % 12) {
        case 0:
            wire_int(&in, "int");
            break;
        case 1:
            wire_opaque(&in, "opaque", 64);
            break;
        case 2:
            wire_string(&in, "string", WIRE_NO_LIMIT);
            break;
        case 3:
            wire_bool(&in, "bool");
            break;
        case 4:
            wire_uhyper(&in, "hyper");
            break;
        case 5:
            wire_double(&in, "double");
            break;
        case 6:
            wire_enum(&in, "enum", arms, ARRAY_LEN(arms));
            break;
        case 7:
            wire_union(&in, "union", arms, ARRAY_LEN(arms));
            break;
        case 8:
            wire_count(&in, "count", WIRE_NO_LIMIT, 4);
            break;
        case 9:
            wire_fixed(&in, "fixed", 5);
            break;
        case 10:
            wire_quadruple(&in, "quadruple", quadruple);
            break;
        default:
            wire_optional(&in, "optional");
            break;
        }
    }
    return finish(&in);
}

static const struct parser rows[] = {
    {"onc_read_call", take_call, .seed = parser_seed_call},
    {"onc_read_reply", take_reply_, .seed = parser_seed_reply},
    {"onc_describe", take_description, .seed = parser_seed_message},
    {"onc_read_sys", take_sys, .seed = parser_seed_sys},
    {"onc_read_gss", take_gss, .seed = parser_seed_gss},
    {"onc_read_gss_init", take_gss_init, .seed = parser_seed_gss_init},
    {"record_feed", take_record, .seed = parser_seed_right_record},
    {"wire_*", take_items, .seed = parser_seed_items},
    {"bind_read_mapping", take_mapping, .seed = parser_seed_mapping},
    {"bind_next_mapping", take_mappings, .seed = parser_seed_mappings},
    {"bind_read_rpcb", take_rpcb, .seed = parser_seed_rpcb},
    {"bind_next_rpcb", take_rpcbs, .seed = parser_seed_rpcbs},
    {"bind_read_remote", take_remote, .seed = parser_seed_remote},
    {"bind_read_remote_port", take_remote_port, .seed = parser_seed_remote_port},
    {"bind_read_remote_addr", take_remote_addr, .seed = parser_seed_remote_addr},
    {"bind_read_netbuf", take_netbuf, .seed = parser_seed_netbuf},
    {"bind_read_stat", take_stat, .seed = parser_seed_stat},
    {"bind_next_entry", take_entries, .seed = parser_seed_entries},
    {"bind_next_stat_addr", take_stat_addrs, .seed = parser_seed_stat_addrs},
    {"bind_next_stat_remote", take_stat_remotes, .seed = parser_seed_stat_remotes},
};

const struct parser_table parser_octets = {rows, ARRAY_LEN(rows)};
