/* The table of parsers: how each is fed. */
#include "tests/parsers.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conformance/runner/expect.h"
#include "conformance/runner/select.h"
#include "conformance/runner/target.h"
#include "conformance/runner/waive.h"
#include "harness/exchange/exchange_ops.h"
#include "harness/exchange/template.h"
#include "harness/fault/schedule.h"
#include "harness/process/process.h"
#include "harness/report/reporters.h"
#include "harness/rpc/bind.h"
#include "harness/rpc/onc.h"
#include "harness/rpc/record.h"
#include "tests/unit.h"

enum { XID = 0x12345678, PROGRAM = 345678, VERSION = 2 };

static const char *text_of(struct slice input)
{
    return (const char *)input.data;
}

/* ---- texts ---- */

static bool take_number(struct slice input, struct problem *why UNUSED)
{
    uint64_t number = 0;

    return text_number(text_of(input), 0, UINT64_MAX, &number);
}

static bool take_glob(struct slice input, struct problem *why UNUSED)
{
    return text_glob(text_of(input), "stream.echo.identity") ||
           text_glob("s*.e?ho.*y", text_of(input));
}

/* What is accepted is written as a URL that means the same. */
static bool take_url(struct slice input, struct problem *why)
{
    struct endpoint e = {.port = 0};
    struct endpoint again = {.port = 0};
    char url[ENDPOINT_TEXT_MAX];

    if (!endpoint_parse(text_of(input), &e, why))
        return false;
    endpoint_format(&e, url, sizeof(url));
    assert_true(endpoint_parse(url, &again, NULL));
    assert_string_equal(again.host, e.host);
    assert_string_equal(again.path, e.path);
    assert_true(again.kind == e.kind && again.port == e.port && again.program == e.program &&
                again.version == e.version);
    return true;
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

static bool take_template(struct slice input, struct problem *why)
{
    struct template t;
    struct buf out;
    struct buf due;
    size_t end = 0;
    size_t offset = 0;

    bool ok = template_parse(text_of(input), true, &t, &end, why);
    assert_true(end <= input.len);
    buf_init(&out, 1 << 16);
    buf_init(&due, 1 << 16);
    if (ok && !template_has_any(&t)) {
        template_expand(&t, 7, &out);
        assert_true(template_match(&t, 7, buf_slice(&out), &offset, &due));
    }
    buf_free(&out);
    buf_free(&due);
    template_free(&t);
    return ok;
}

/* What is accepted is printed in a form that is read as the same. */
static bool take_schedule(struct slice input, struct problem *why)
{
    static struct fault_schedule s;
    static struct fault_schedule again;
    struct buf first;
    struct buf second;

    s.count = again.count = 0;
    if (!fault_parse("f", text_of(input), &s, why)) {
        assert_int_equal(s.count, 0);
        return false;
    }
    buf_init(&first, 1 << 20);
    buf_init(&second, 1 << 20);
    fault_print(&s, &first);
    assert_true(fault_parse("again", buf_text(&first), &again, NULL));
    fault_print(&again, &second);
    assert_octets(buf_slice(&second), buf_slice(&first));
    buf_free(&first);
    buf_free(&second);
    return true;
}

/* The word and what follows it, as in an option of `assay proxy`. */
static bool take_fault_option(struct slice input, struct problem *why)
{
    static struct fault_schedule s;
    const char *text = text_of(input);
    char word[16];
    size_t len = strcspn(text, "=");

    s.count = 0;
    text_format(word, sizeof(word), "%.*s", (int)len, text);
    return fault_parse_both("--option", word, text[len] ? text + len + 1 : text + len, &s, why);
}

static bool any_check(const char *id UNUSED)
{
    return true;
}

static bool take_waivers(struct slice input, struct problem *why)
{
    struct waivers w = {0};
    char path[32];
    int fd = memfd_create("waivers", MFD_CLOEXEC);

    assert_true(fd >= 0 && write(fd, input.data, input.len) == (ssize_t)input.len);
    text_format(path, sizeof(path), "/proc/self/fd/%d", fd);
    bool ok = waivers_read(path, any_check, &w, why);
    waivers_free(&w);
    close(fd);
    return ok;
}

static bool take_pattern(struct slice input, struct problem *why)
{
    static const struct check *found[1024];
    struct selection s = {.only = {text_of(input)}, .only_count = 1};
    struct endpoint e = {.kind = ENDPOINT_TCP, .port = 7};
    size_t count = 0;

    return select_checks(&s, &e, found, ARRAY_LEN(found), &count, why) && count > 0;
}

static bool take_expectation(struct slice input, struct problem *why)
{
    char text[256];

    text_copy(text, sizeof(text), text_of(input));
    size_t len = strcspn(text, "=");
    char *value = text + len + (text[len] == '=');
    text[len] = '\0';
    return expect_allows(&(struct expectation){.key = text, .value = value}, why);
}

static bool take_command(struct slice input, struct problem *why)
{
    static const struct target_word words[] = {
        {"host", "127.0.0.1"}, {"port", "7"}, {"path", NULL}};
    struct buf out;

    buf_init(&out, 1 << 14);
    bool ok = target_fill(text_of(input), words, ARRAY_LEN(words), &out, why);
    buf_free(&out);
    return ok;
}

static bool take_level(struct slice input, struct problem *why UNUSED)
{
    enum level level;

    return level_parse(text_of(input), &level);
}

static bool take_reporter(struct slice input, struct problem *why UNUSED)
{
    return reporter_find(text_of(input)) != NULL;
}

static bool take_complaint(struct slice input, struct problem *why UNUSED)
{
    char line[80];

    return process_sanitizer_line(text_of(input), line, sizeof(line));
}

static bool take_shell_word(struct slice input, struct problem *why UNUSED)
{
    struct buf out;

    buf_init(&out, 1 << 16);
    text_shell_word(&out, text_of(input));
    bool ok = !out.failed && out.len >= strlen(text_of(input));
    buf_free(&out);
    return ok;
}

/* ---- exchanges: the files, and what servers answer ---- */

static bool take_exchange_file(struct slice input, struct problem *why)
{
    struct exchange *x = NULL;
    char path[32];
    int fd = memfd_create("exchange", MFD_CLOEXEC);

    assert_true(fd >= 0 && write(fd, input.data, input.len) == (ssize_t)input.len);
    text_format(path, sizeof(path), "/proc/self/fd/%d", fd);
    bool ok = exchange_open(path, EXCHANGE_OVER_STREAM, &x, why);
    if (ok)
        exchange_close(x);
    close(fd);
    return ok;
}

/* The octets as a reply, whole and cut short, and as what nobody asked for. */
static bool take_reply(const char *spec, enum exchange_medium medium, struct slice input)
{
    static uint8_t payload[] = "payload";
    struct ask ask = {.seq = XID, .body = slice_of(payload, sizeof(payload) - 1)};
    struct exchange *x = NULL;
    struct mismatch wrong = {0};
    struct buf words;
    size_t used = 0;
    uint32_t seq = 0;

    assert_true(exchange_open(spec, medium, &x, NULL));
    enum match match = exchange_match(x, &ask, input, true, &used, &wrong);
    assert_true(match != MATCH_WHOLE || used <= input.len);
    assert_true(match != MATCH_BROKEN || (wrong.expected[0] && wrong.actual[0]));
    assert_true(match != MATCH_BROKEN || wrong.offset <= input.len);
    exchange_match(x, &ask, input, false, &used, NULL);
    if (exchange_has(x, EXCHANGE_UNORDERED))
        exchange_peek(x, input, true, &seq, &wrong);
    buf_init(&words, 1 << 20);
    exchange_describe(x, input, &words);
    buf_free(&words);
    exchange_close(x);
    return match == MATCH_WHOLE;
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

/* ---- octets of ONC RPC ---- */

static bool finish(struct wire_in *in)
{
    struct buf words;

    wire_end(in, "end");
    buf_init(&words, 1 << 12);
    wire_explain(in, &words);
    assert_true(wire_ok(in) == (words.len == 0));
    assert_true(wire_ok(in) || in->offset <= in->octets.len);
    buf_free(&words);
    return wire_ok(in);
}

/* READS(name, struct, reader): what is read by one function of its own. */
#define READS(name, type, reader)                                                                  \
    static bool take_##name(struct slice input, struct problem *why UNUSED)                        \
    {                                                                                              \
        struct wire_in in;                                                                         \
        type value;                                                                                \
                                                                                                   \
        wire_open(&in, input);                                                                     \
        return reader(&in, &value) && finish(&in);                                                 \
    }
READS(call, struct onc_call, onc_read_call)
READS(reply_, struct onc_reply, onc_read_reply)
READS(sys, struct onc_sys, onc_read_sys)
READS(gss, struct onc_gss, onc_read_gss)
READS(gss_init, struct onc_gss_init, onc_read_gss_init)
READS(mapping, struct bind_mapping, bind_read_mapping)
READS(rpcb, struct bind_rpcb, bind_read_rpcb)
READS(remote, struct bind_remote, bind_read_remote)
READS(remote_port, struct bind_remote_port, bind_read_remote_port)
READS(remote_addr, struct bind_remote_addr, bind_read_remote_addr)
READS(netbuf, struct bind_netbuf, bind_read_netbuf)
READS(stat, struct bind_stat, bind_read_stat)
#undef READS

/* LISTS(name, struct, next): a list, element by element. */
#define LISTS(name, type, next)                                                                    \
    static bool take_##name(struct slice input, struct problem *why UNUSED)                        \
    {                                                                                              \
        struct wire_in in;                                                                         \
        size_t count = 0;                                                                          \
        type value;                                                                                \
                                                                                                   \
        wire_open(&in, input);                                                                     \
        while (next(&in, &value))                                                                  \
            count++;                                                                               \
        assert_true(count <= input.len);                                                           \
        return finish(&in);                                                                        \
    }
LISTS(mappings, struct bind_mapping, bind_next_mapping)
LISTS(rpcbs, struct bind_rpcb, bind_next_rpcb)
LISTS(entries, struct bind_entry, bind_next_entry)
LISTS(stat_addrs, struct bind_stat_addr, bind_next_stat_addr)
LISTS(stat_remotes, struct bind_stat_remote, bind_next_stat_remote)
#undef LISTS

static bool take_description(struct slice input, struct problem *why UNUSED)
{
    struct buf words;
    uint32_t xid = 0;
    uint32_t type = 0;

    buf_init(&words, 1 << 16);
    onc_describe(input, &words);
    bool ok = words.len > 0 && !slice_starts(buf_slice(&words), slice_str("no RPC message"));
    assert_false(ok && !onc_peek(input, &xid, &type));
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
        assert_true(r.message.len <= limits.octets);
        if (piece == input.len + 1)
            due = state;
        assert_int_equal(state, due);
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

/* A universal address, of each transport. */
static bool take_uaddr(struct slice input, struct problem *why)
{
    static const char *const names[] = {"tcp", "udp6", "local"};
    bool any = false;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct address a;
        struct buf text;

        if (!bind_uaddr_parse(bind_netid_find(slice_str(names[i])), input, &a, why))
            continue;
        any = true;
        buf_init(&text, 256);
        bind_uaddr_format(&a, &text);
        assert_true(text.len > 0);
        buf_free(&text);
    }
    return any;
}

/* What is shown of octets: with escapes, in hexadecimal, plainly. */
static bool take_octets_shown(struct slice input, struct problem *why UNUSED)
{
    struct buf out;

    buf_init(&out, 1 << 16);
    text_quote(&out, input, 100);
    text_hex(&out, input);
    for (size_t i = 0; i < out.len; i++)
        assert_true(out.data[i] >= ' ' && out.data[i] <= '~');
    buf_free(&out);
    return true;
}

/* ---- seeds of octets ---- */

static bool seed_call(unsigned number, struct buf *out)
{
    static const uint32_t gids[] = {1, 2, 3};
    struct onc_call call = onc_call_of(XID, PROGRAM, VERSION, number);
    struct onc_sys sys = {.machine = wire_counted_of(slice_str("host")), .gids_count = 3};
    struct buf body;

    if (number > 1)
        return false;
    buf_init(&body, ONC_AUTH_BODY_MAX);
    memcpy(sys.gids, gids, sizeof(gids));
    onc_put_sys(&body, &sys);
    if (number == 1) {
        call.cred.flavor = ONC_AUTH_SYS;
        call.cred.body = wire_counted_of(buf_slice(&body));
        call.args = slice_str("\0\0\0\4text");
        call.args.len = 8;
    }
    onc_put_call(out, &call);
    buf_free(&body);
    return true;
}

static bool seed_reply(unsigned number, struct buf *out)
{
    struct onc_reply replies[] = {
        onc_reply_of(XID, slice_of(NULL, 0)),
        onc_reply_of(XID, slice_of(NULL, 0)),
        {.xid = XID,
         .msg_type = ONC_REPLY,
         .reply_stat = ONC_MSG_DENIED,
         .reject_stat = ONC_AUTH_ERROR,
         .auth_stat = ONC_AUTH_BADCRED},
        {.xid = XID,
         .msg_type = ONC_REPLY,
         .reply_stat = ONC_MSG_DENIED,
         .reject_stat = ONC_RPC_MISMATCH,
         .low = 2,
         .high = 2},
    };

    replies[1].accept_stat = ONC_PROG_MISMATCH;
    replies[1].low = 2;
    replies[1].high = 4;
    if (number >= ARRAY_LEN(replies))
        return false;
    onc_put_reply(out, &replies[number]);
    return true;
}

static bool seed_message(unsigned number, struct buf *out)
{
    return number < 2 ? seed_call(number, out) : seed_reply(number - 2, out);
}

static bool seed_right_reply(unsigned number, struct buf *out)
{
    return number == 0 && seed_reply(0, out);
}

static bool seed_right_record(unsigned number, struct buf *out)
{
    struct buf message;

    if (number > 1)
        return false;
    buf_init(&message, PARSER_INPUT_MAX);
    seed_reply(0, &message);
    record_put_pieces(out, buf_slice(&message), number == 0 ? message.len : 5);
    buf_free(&message);
    return true;
}

static bool seed_sys(unsigned number, struct buf *out)
{
    struct onc_sys sys = {.stamp = 9, .machine = wire_counted_of(slice_str("host")), .uid = 1};

    sys.gids_count = number * ONC_GIDS_MAX;
    if (number > 1)
        return false;
    onc_put_sys(out, &sys);
    return true;
}

static bool seed_gss(unsigned number, struct buf *out)
{
    struct onc_gss gss = {.version = ONC_GSS_VERSION,
                          .proc = ONC_GSS_INIT,
                          .service = ONC_GSS_NONE,
                          .handle = wire_counted_of(slice_str("handle"))};

    if (number > 0)
        return false;
    onc_put_gss(out, &gss);
    return true;
}

static bool seed_gss_init(unsigned number, struct buf *out)
{
    struct onc_gss_init init = {.handle = wire_counted_of(slice_str("handle")),
                                .window = 128,
                                .token = wire_counted_of(slice_str("token"))};

    if (number > 0)
        return false;
    onc_put_gss_init(out, &init);
    return true;
}

/* What rpcbind says and is told, one structure after the other. */
static const struct bind_mapping mapping = {PROGRAM, VERSION, BIND_PROTO_TCP, 7};

static struct bind_rpcb rpcb_of(void)
{
    return (struct bind_rpcb){.prog = PROGRAM,
                              .vers = VERSION,
                              .netid = wire_counted_of(slice_str("tcp")),
                              .addr = wire_counted_of(slice_str("127.0.0.1.0.7")),
                              .owner = wire_counted_of(slice_str("superuser"))};
}

/* SEED(name, how it is put into `out`) */
#define SEED(name, ...)                                                                            \
    static bool seed_##name(unsigned number, struct buf *out)                                      \
    {                                                                                              \
        if (number > 0)                                                                            \
            return false;                                                                          \
        __VA_ARGS__                                                                                \
        return true;                                                                               \
    }
SEED(mapping, bind_put_mapping(out, &mapping);)
SEED(mappings, bind_list_mapping(out, &mapping); bind_list_mapping(out, &mapping);
     bind_list_end(out);)
SEED(rpcb, struct bind_rpcb b = rpcb_of(); bind_put_rpcb(out, &b);)
SEED(rpcbs, struct bind_rpcb b = rpcb_of(); bind_list_rpcb(out, &b); bind_list_end(out);)
SEED(remote, struct bind_remote r = {PROGRAM, VERSION, 1, wire_counted_of(slice_str("args"))};
     bind_put_remote(out, &r);)
SEED(remote_port, struct bind_remote_port r = {7, wire_counted_of(slice_str("results"))};
     bind_put_remote_port(out, &r);)
SEED(remote_addr, struct bind_remote_addr r = {wire_counted_of(slice_str("127.0.0.1.0.7")),
                                               wire_counted_of(slice_str("results"))};
     bind_put_remote_addr(out, &r);)
SEED(netbuf, struct bind_netbuf n = {128, wire_counted_of(slice_str("octets"))};
     bind_put_netbuf(out, &n);)
SEED(entries, struct bind_entry e = {.maddr = wire_counted_of(slice_str("127.0.0.1.0.7")),
                                     .netid = wire_counted_of(slice_str("tcp")),
                                     .semantics = BIND_TPI_COTS_ORD,
                                     .protofmly = wire_counted_of(slice_str("inet")),
                                     .proto = wire_counted_of(slice_str("tcp"))};
     bind_list_entry(out, &e); bind_list_end(out);)
SEED(stat_addrs,
     struct bind_stat_addr a = {PROGRAM, VERSION, 1, 2, wire_counted_of(slice_str("tcp"))};
     bind_list_stat_addr(out, &a); bind_list_end(out);)
SEED(stat_remotes,
     struct bind_stat_remote r = {PROGRAM, VERSION, 1, 2, 3, 4, wire_counted_of(slice_str("tcp"))};
     bind_list_stat_remote(out, &r); bind_list_end(out);)
SEED(stat, struct bind_stat s = {.sets = 1}; bind_put_stat(out, &s);)
SEED(items, buf_put_byte(out, 0); wire_put_int(out, -1); wire_put_opaque(out, slice_str("opaque"));
     wire_put_string(out, slice_str("text")); wire_put_bool(out, true); wire_put_uhyper(out, 1);)
#undef SEED

/* ---- the table ---- */

static const char waivers[] = "waivers:\n  - check: stream.eof\n    verdict: fail\n"
                              "    reason: \"nothing\"\n    why: it\n    until: 2027-06-30\n";
static const char exchange_file[] =
    "# why\nname = ping\nframing = fixed 14\nrequest = \"PING %{seq:08x}\\r\\n\"\n"
    "reply = \"$8\\r\\n%{seq:08x}\\r\\n\"\npipeline = yes\n";

static const struct parser parsers[] = {
    {"text_number", take_number, .text = true, .texts = {"0", "18446744073709551615"}},
    {"text_glob", take_glob, .text = true, .texts = {"stream.*", "s*r*m?echo*", "*"}},
    {"endpoint_parse", take_url, .text = true, .says = true,
     .texts = {"tcp://127.0.0.1:7", "udp://[::1]:65535", "unix:/run/echo.sock", "unix-dgram:@name",
               "rpc+tcp://localhost:111/portmapper/2", "rpc://host/345678/2",
               "rpc+unix:/a/b/345678/2"}},
    {"exchange_open", take_exchange_name, .text = true, .says = true,
     .texts = {"echo", "echo:Echoed msg: ", "line", "discard", "rpc:345678/2"}},
    {"exchange_file_parse", take_exchange_file, .text = true, .says = true,
     .texts = {exchange_file}},
    {"template_parse", take_template, .text = true, .says = true,
     .texts = {"\"PING %{seq}\\r\\n\"", "\"%{seq:08x}\\x00%{any}%%\"", "\"%{seq:u32}\""}},
    {"fault_parse", take_schedule, .text = true, .says = true,
     .texts = {"up: drop 3, 7; down: duplicate 2; up: swap 4, 5",
               "client 2 both: delay 10% by 20ms jitter 5ms # why",
               "down: cut 1-100 pause 1ms; down: reset after 4096",
               "up: rate 1000; up: stop after 7 for 20ms"}},
    {"fault_parse_both", take_fault_option, .text = true, .says = true,
     .texts = {"drop=3,7", "cut=1-100", "reorder=10%"}},
    {"waivers_read", take_waivers, .text = true, .says = true, .texts = {waivers}},
    {"select_checks", take_pattern, .text = true, .says = true,
     .texts = {"stream", "stream.echo.identity", "*echo*", "stream.re?et.*"}},
    {"expect_allows", take_expectation, .text = true, .says = true,
     .texts = {"concurrent", "connections=64"}},
    {"target_fill", take_command, .text = true, .says = true,
     .texts = {"exec server {host} {port}", "a ${port} {a b} { {port}"}},
    {"level_parse", take_level, .text = true, .texts = {"must", "robust"}},
    {"reporter_find", take_reporter, .text = true, .texts = {"json", "junit"}},
    {"process_sanitizer_line", take_complaint, .text = true,
     .texts = {"==1==\nSUMMARY: AddressSanitizer: heap-use-after-free a.c:7\n",
               "a.c:7:1: runtime error: signed integer overflow\n"}},
    {"text_shell_word", take_shell_word, .text = true, .texts = {"plain", "it's \"quoted\" $HOME"}},
    {"bind_uaddr_parse", take_uaddr, .says = true,
     .texts = {"127.0.0.1.203.81", "2001:db8::7.203.81", "/run/rpcbind.sock"}},
    {"exchange_match echo", take_reply_echo, .texts = {"payload"}},
    {"exchange_match prefix", take_reply_prefix, .texts = {"Echo: payload"}},
    {"exchange_match line", take_reply_line, .texts = {"payload\n", "payload\r\n"}},
    {"exchange_match chargen", take_reply_chargen,
     .texts = {"!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefgh\r\n"}},
    {"exchange_match daytime", take_reply_daytime, .texts = {"Monday, November 23, 2026\r\n"}},
    {"exchange_match rpc over a stream", take_reply_rpc_stream, .seed = seed_right_record},
    {"exchange_match rpc over datagrams", take_reply_rpc_datagram, .seed = seed_right_reply},
    {"onc_read_call", take_call, .seed = seed_call},
    {"onc_read_reply", take_reply_, .seed = seed_reply},
    {"onc_describe", take_description, .seed = seed_message},
    {"onc_read_sys", take_sys, .seed = seed_sys},
    {"onc_read_gss", take_gss, .seed = seed_gss},
    {"onc_read_gss_init", take_gss_init, .seed = seed_gss_init},
    {"record_feed", take_record, .seed = seed_right_record},
    {"wire_*", take_items, .seed = seed_items},
    {"bind_read_mapping", take_mapping, .seed = seed_mapping},
    {"bind_next_mapping", take_mappings, .seed = seed_mappings},
    {"bind_read_rpcb", take_rpcb, .seed = seed_rpcb},
    {"bind_next_rpcb", take_rpcbs, .seed = seed_rpcbs},
    {"bind_read_remote", take_remote, .seed = seed_remote},
    {"bind_read_remote_port", take_remote_port, .seed = seed_remote_port},
    {"bind_read_remote_addr", take_remote_addr, .seed = seed_remote_addr},
    {"bind_read_netbuf", take_netbuf, .seed = seed_netbuf},
    {"bind_read_stat", take_stat, .seed = seed_stat},
    {"bind_next_entry", take_entries, .seed = seed_entries},
    {"bind_next_stat_addr", take_stat_addrs, .seed = seed_stat_addrs},
    {"bind_next_stat_remote", take_stat_remotes, .seed = seed_stat_remotes},
    {"text_quote", take_octets_shown, .texts = {"plain", "\x1b[31m\xff"}},
};

const struct parser *parser_at(size_t number)
{
    return number < ARRAY_LEN(parsers) ? &parsers[number] : NULL;
}

bool parser_seed(const struct parser *p, unsigned number, struct buf *out)
{
    if (p->seed)
        return p->seed(number, out);
    if (number >= PARSER_SEEDS_MAX || !p->texts[number])
        return false;
    buf_put_str(out, p->texts[number]);
    return true;
}
