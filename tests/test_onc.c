/*
 * Tests of RPC messages: octets by hand from RFC 5531, 2203 and 9289, every prefix of each of them,
 * every octet changed, every status and what lies next to it, and messages that are wrong on
 * purpose.
 */
#include "harness/rpc/onc.h"

#include <string.h>

#include "tests/guard.h"
#include "tests/unit.h"

enum { ROOM = 1 << 16 };

static struct guard guard;
static struct buf out;
static struct buf due;
static struct buf text;

static int begin(void **state UNUSED)
{
    guard_open(&guard, ROOM);
    buf_init(&out, ROOM);
    buf_init(&due, ROOM);
    buf_init(&text, ROOM);
    return 0;
}

static int end(void **state UNUSED)
{
    guard_close(&guard);
    buf_free(&out);
    buf_free(&due);
    buf_free(&text);
    return 0;
}

static struct slice octets_of(const char *hex)
{
    buf_reset(&due);
    unit_hex(&due, hex);
    return guard_put(&guard, buf_slice(&due));
}

static void assert_written(const char *hex)
{
    assert_false(out.failed);
    assert_octets(buf_slice(&out), octets_of(hex));
    buf_reset(&out);
}

static const char *explain(const struct wire_in *in)
{
    buf_reset(&text);
    wire_explain(in, &text);
    return buf_text(&text);
}

static const char *describe(const char *hex)
{
    buf_reset(&text);
    onc_describe(octets_of(hex), &text);
    return buf_text(&text);
}

/* ---- golden messages ---- */

#define NONE "00000000 00000000 "
#define SAVE_CALL                                                                                  \
    "11223344 00000000 00000002 0005464e 00000002 00000001 " NONE NONE "00000005 68656c6c "        \
    "6f000000"
#define SYS_BODY "00001f90 00000004 686f7374 000003e8 00000064 00000002 00000064 0000001b"
#define SYS_CALL                                                                                   \
    "00000001 00000000 00000002 000186a0 00000002 00000000 00000001 00000020 " SYS_BODY " " NONE
#define ACCEPTED(xid) xid " 00000001 00000000 " NONE
#define DENIED(xid) xid " 00000001 00000001 "

static const struct {
    const char *hex, *line;
} goldens[] = {
    {SAVE_CALL, "CALL xid 0x11223344 prog 345678 vers 2 proc 1 AUTH_NONE, 12 octets of arguments"},
    {SYS_CALL, "CALL xid 0x1 prog 100000 vers 2 proc 0 AUTH_SYS of 32 octets, 0 octets of "
               "arguments"},
    {"00000000 00000000 00000002 00000001 ffffffff 80000000 00000063 00000000 00000001 00000001 "
     "61000000",
     "CALL xid 0x0 prog 1 vers 4294967295 proc 2147483648 flavor 99, verifier AUTH_SYS of 1 "
     "octets, "
     "0 octets of arguments"},
    {ACCEPTED("11223344") "00000000 00000001",
     "REPLY xid 0x11223344 accepted SUCCESS, 4 octets of results"},
    {ACCEPTED("ffffffff") "00000000", "REPLY xid 0xffffffff accepted SUCCESS, 0 octets of results"},
    {ACCEPTED("00000012") "00000001", "REPLY xid 0x12 accepted PROG_UNAVAIL"},
    {ACCEPTED("00000012") "00000002 00000002 00000004",
     "REPLY xid 0x12 accepted PROG_MISMATCH 2..4"},
    {ACCEPTED("00000012") "00000003", "REPLY xid 0x12 accepted PROC_UNAVAIL"},
    {ACCEPTED("00000012") "00000004", "REPLY xid 0x12 accepted GARBAGE_ARGS"},
    {ACCEPTED("00000012") "00000005", "REPLY xid 0x12 accepted SYSTEM_ERR"},
    {DENIED("00000012") "00000000 00000002 00000002", "REPLY xid 0x12 denied RPC_MISMATCH 2..2"},
    {DENIED("00000012") "00000001 00000001", "REPLY xid 0x12 denied AUTH_ERROR AUTH_BADCRED"},
    {DENIED("00000012") "00000001 0000000e",
     "REPLY xid 0x12 denied AUTH_ERROR RPCSEC_GSS_CTXPROBLEM"},
    {"00000012 00000001 00000000 00000002 00000005 61626364 65000000 00000000",
     "REPLY xid 0x12 accepted SUCCESS, 0 octets of results, verifier AUTH_SHORT of 5 octets"},
};

/* Reads by msg_type and writes what was read. */
static bool round_trip(struct slice octets, struct wire_in *in)
{
    struct onc_reply reply;
    struct onc_call call;
    uint32_t type = 0;
    uint32_t xid = 0;
    bool known = onc_peek(octets, &xid, &type);

    wire_open(in, octets);
    buf_reset(&out);
    if (known && type == ONC_REPLY) {
        if (!onc_read_reply(in, &reply))
            return false;
        onc_put_reply(&out, &reply);
    } else {
        if (!onc_read_call(in, &call))
            return false;
        onc_put_call(&out, &call);
    }
    return true;
}

static void test_goldens(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(goldens); i++) {
        struct wire_in in;

        assert_row(i, round_trip(octets_of(goldens[i].hex), &in));
        assert_written(goldens[i].hex);
        assert_string_equal(describe(goldens[i].hex), goldens[i].line);
    }
}

/* A call or an accepted SUCCESS may be followed by anything in whole units; so a prefix that ends
   behind the header is a shorter message, and every other prefix is none. */
static void test_every_prefix(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(goldens); i++) {
        struct slice whole = octets_of(goldens[i].hex);
        bool reply = whole.data[7] == ONC_REPLY;
        bool success = strstr(goldens[i].line, "octets of results") != NULL;
        size_t tail = 0;
        struct buf copy;

        buf_init(&copy, ROOM);
        buf_put(&copy, whole);
        if (!reply || success) {
            const char *count = strstr(goldens[i].line, " octets of arguments");

            count = count ? count : strstr(goldens[i].line, " octets of results");
            while (count[-1] >= '0' && count[-1] <= '9')
                count--;
            tail = strtoul(count, NULL, 10);
        }
        for (size_t len = 0; len < copy.len; len++) {
            struct wire_in in;
            bool fine = len + tail >= copy.len && len % WIRE_UNIT == 0;

            assert_row(i, round_trip(guard_put(&guard, slice_sub(buf_slice(&copy), 0, len)), &in) ==
                              fine);
            assert_row(i, fine || (in.fault != WIRE_FINE && in.offset <= len));
            onc_describe(guard_put(&guard, slice_sub(buf_slice(&copy), 0, len)), &text);
        }
        buf_free(&copy);
    }
    buf_reset(&out);
}

/* No octet, whatever it becomes, makes the reader read past the end; what is read well is written
   back as it was. */
static void test_every_octet_changed(void **state UNUSED)
{
    static const uint8_t others[] = {0x00, 0x01, 0x02, 0x7f, 0x80, 0xff};

    for (size_t i = 0; i < ARRAY_LEN(goldens); i++) {
        struct buf copy;

        buf_init(&copy, ROOM);
        unit_hex(&copy, goldens[i].hex);
        for (size_t at = 0; at < copy.len; at++) {
            uint8_t right = copy.data[at];

            for (size_t n = 0; n < ARRAY_LEN(others); n++) {
                struct wire_in in;

                copy.data[at] = others[n];
                if (round_trip(guard_put(&guard, buf_slice(&copy)), &in))
                    assert_octets(buf_slice(&out), buf_slice(&copy));
                else
                    assert_row(i, in.offset <= copy.len);
                copy.data[at] = right;
            }
        }
        buf_free(&copy);
    }
    buf_reset(&out);
}

static void test_fields(void **state UNUSED)
{
    struct onc_reply reply;
    struct onc_call call;
    struct wire_in in;

    wire_open(&in, octets_of(SAVE_CALL));
    assert_true(onc_read_call(&in, &call));
    assert_int_equal(call.xid, 0x11223344);
    assert_int_equal(call.prog, 345678);
    assert_int_equal(call.vers, 2);
    assert_int_equal(call.proc, 1);
    assert_int_equal(call.args.len, 12);
    wire_open(&in, octets_of(ACCEPTED("00000012") "00000002 00000002 00000004"));
    assert_true(onc_read_reply(&in, &reply));
    assert_int_equal(reply.accept_stat, ONC_PROG_MISMATCH);
    assert_int_equal(reply.low, 2);
    assert_int_equal(reply.high, 4);
    wire_open(&in, octets_of(DENIED("00000012") "00000001 00000005"));
    assert_true(onc_read_reply(&in, &reply));
    assert_int_equal(reply.reply_stat, ONC_MSG_DENIED);
    assert_int_equal(reply.reject_stat, ONC_AUTH_ERROR);
    assert_int_equal(reply.auth_stat, ONC_AUTH_TOOWEAK);
}

/* ---- what is refused, and how it is told ---- */

static void test_bad_replies(void **state UNUSED)
{
    static const struct {
        const char *hex, *why;
    } rows[] = {
        {"", "octet 0, xid: 4 octets needed, 0 left (RFC 4506 4.2)"},
        {"00000012", "octet 4, msg_type: 4 octets needed, 0 left"},
        {"00000012 00000000 00000000 " NONE "00000000",
         "octet 4, msg_type: 0 where REPLY (1) is due (RFC 5531 9)"},
        {"00000012 00000002", "octet 4, msg_type: 2 where REPLY (1) is due (RFC 5531 9)"},
        {"00000012 00000001 00000002", "octet 8, reply_stat: 2 is none of 0 to 1 (RFC 5531 9)"},
        {ACCEPTED("00000012") "00000006",
         "octet 20, accept_stat: 6 is none of 0 to 5 (RFC 5531 9)"},
        {ACCEPTED("00000012") "ffffffff", "octet 20, accept_stat: 4294967295 is none of 0 to 5"},
        {ACCEPTED("00000012") "00000001 00000000",
         "octet 24, reply: 4 octets behind the end (RFC 5531 9)"},
        {ACCEPTED("00000012") "00000002 00000002",
         "octet 28, mismatch_info.high: 4 octets needed, 0 left"},
        {ACCEPTED("00000012") "00000002 00000003 00000002",
         "octet 28, mismatch_info.high: 2 is below the lowest version, 3 (RFC 5531 9)"},
        {ACCEPTED("00000012") "00000002 00000002 00000004 00000000",
         "octet 32, reply: 4 octets behind the end"},
        {ACCEPTED("00000012") "00000000 000000",
         "octet 24, results: 3 octets are no multiple of four (RFC 4506 3)"},
        {"00000012 00000001 00000000 00000000 00000191",
         "octet 16, verf.body: length 401, and 400 is the limit (RFC 5531 8.2)"},
        {"00000012 00000001 00000000 00000000 ffffffff",
         "octet 16, verf.body: length 4294967295, and 400 is the limit (RFC 5531 8.2)"},
        {"00000012 00000001 00000000 00000000 00000008 53544152",
         "octet 20, verf.body: 8 octets needed, 4 left"},
        {"00000012 00000001 00000000 00000000 00000001 61000001 00000000",
         "octet 23, verf.body: padding of 0x01 where zero is due (RFC 4506 3)"},
        {DENIED("00000012") "00000002", "octet 12, reject_stat: 2 is none of 0 to 1"},
        {DENIED("00000012") "00000000 00000002 00000001",
         "octet 20, mismatch_info.high: 1 is below the lowest version, 2"},
        {DENIED("00000012") "00000001 0000000f", "octet 16, auth_stat: 15 is none of 0 to 14"},
        {DENIED("00000012") "00000001 00000001 00000000", "octet 20, reply: 4 octets behind"},
        {DENIED("00000012") "00000001", "octet 16, auth_stat: 4 octets needed, 0 left"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct onc_reply reply;
        struct wire_in in;

        wire_open(&in, octets_of(rows[i].hex));
        assert_row(i, !onc_read_reply(&in, &reply));
        assert_contains(explain(&in), rows[i].why);
    }
}

static void test_bad_calls(void **state UNUSED)
{
    static const struct {
        const char *hex, *why;
    } rows[] = {
        {"00000012 00000001", "octet 4, msg_type: 1 where CALL (0) is due (RFC 5531 9)"},
        {"00000012 ffffffff", "octet 4, msg_type: 4294967295 where CALL (0) is due"},
        {"00000012 00000000 00000003 00000001 00000001 00000000 " NONE NONE,
         "octet 8, rpcvers: 3 where 2 is due (RFC 5531 9)"},
        {"00000012 00000000 00000002 00000001 00000001 00000000 00000000 00000191",
         "octet 28, cred.body: length 401, and 400 is the limit (RFC 5531 8.2)"},
        {"00000012 00000000 00000002 00000001 00000001 00000000 " NONE "00000000 00000191",
         "octet 36, verf.body: length 401, and 400 is the limit (RFC 5531 8.2)"},
        {"00000012 00000000 00000002 00000001 00000001 00000000 00000001 00000004",
         "octet 32, cred.body: 4 octets needed, 0 left (RFC 4506 4.10)"},
        {"00000012 00000000 00000002 00000001 00000001 00000000 00000000 00000002 6161",
         "octet 34, cred.body: 2 of 2 octets of padding are missing (RFC 4506 3)"},
        {"00000012 00000000 00000002 00000001 00000001 00000000 " NONE NONE "0000000100",
         "octet 40, args: 5 octets are no multiple of four (RFC 4506 3)"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct onc_call call;
        struct wire_in in;

        wire_open(&in, octets_of(rows[i].hex));
        assert_row(i, !onc_read_call(&in, &call));
        assert_contains(explain(&in), rows[i].why);
    }
}

static void test_no_messages(void **state UNUSED)
{
    static const struct {
        const char *hex, *line;
    } rows[] = {
        {"", "no RPC message: octet 0, xid: 4 octets needed, 0 left (RFC 4506 4.2)"},
        {"000000", "no RPC message: octet 0, xid: 4 octets needed, 3 left (RFC 4506 4.2)"},
        {"00000012 00000007", "no RPC message: octet 4, msg_type: 7 where CALL (0) is due "
                              "(RFC 5531 9)"},
        {"00000012 00000001 00000000 " NONE,
         "no RPC message: octet 20, accept_stat: 4 octets needed, 0 left (RFC 4506 4.2)"},
        {"48545450 2f312e31",
         "no RPC message: octet 4, msg_type: 791752241 where CALL (0) is due (RFC 5531 9)"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(describe(rows[i].hex), rows[i].line);
}

/* Bodies of a credential around every limit: 0, 1, 3, 4, 399, 400, 401 (RFC 5531 8.2). */
static void test_auth_bodies(void **state UNUSED)
{
    static const size_t sizes[] = {0, 1, 3, 4, 5, 399, 400, 401, 404};
    uint8_t body[404];

    memset(body, 0xa5, sizeof(body));
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct onc_call call = onc_call_of(7, 1, 1, 0);
        struct onc_call read;
        struct wire_in in;

        call.cred =
            (struct onc_auth){.flavor = 1, .body = wire_counted_of(slice_of(body, sizes[i]))};
        call.verf.body = wire_counted_of(slice_of(body, sizes[ARRAY_LEN(sizes) - 1 - i]));
        onc_put_call(&out, &call);
        size_t verf = call.verf.body.octets.len;
        assert_row(i,
                   out.len == 40 + sizes[i] + wire_padding(sizes[i]) + verf + wire_padding(verf));
        wire_open(&in, guard_put(&guard, buf_slice(&out)));
        bool fine = sizes[i] <= ONC_AUTH_BODY_MAX && verf <= ONC_AUTH_BODY_MAX;
        assert_row(i, onc_read_call(&in, &read) == fine);
        if (fine) {
            assert_octets(read.cred.body.octets, slice_of(body, sizes[i]));
            assert_octets(read.verf.body.octets, slice_of(body, verf));
        }
        buf_reset(&out);
    }
}

/* ---- hostile messages are honest ones with a field changed ---- */

static void test_hostile_calls(void **state UNUSED)
{
    static const uint8_t args[] = {0, 0, 0, 1};
    struct onc_call call = onc_call_of(0x12, 0x20000001, 1, 2);

    call.args = slice_of(args, sizeof(args));
    onc_put_call(&out, &call);
    assert_written("00000012 00000000 00000002 20000001 00000001 00000002 " NONE NONE "00000001");
    call.msg_type = UINT32_MAX;
    call.rpcvers = 3;
    call.cred = (struct onc_auth){.flavor = 390003, .body = {.lies = true, .claimed = 0xffffffff}};
    call.verf = (struct onc_auth){.flavor = 1,
                                  .body = {.octets = slice_str("ab"),
                                           .lies = true,
                                           .claimed = 401,
                                           .pads = true,
                                           .padding = slice_str("yz")}};
    onc_put_call(&out, &call);
    assert_written("00000012 ffffffff 00000003 20000001 00000001 00000002 0005f373 ffffffff "
                   "00000001 00000191 6162797a 00000001");
}

static void test_cut_calls(void **state UNUSED)
{
    struct onc_call call = onc_call_of(1, 2, 3, 4);
    struct buf whole;

    buf_init(&whole, ROOM);
    onc_put_call(&whole, &call);
    call.cut = true;
    for (call.keep = 0; call.keep <= whole.len + 1; call.keep++) {
        buf_put_str(&out, "before");
        onc_put_call(&out, &call);
        assert_octets(slice_from(buf_slice(&out), 6), slice_sub(buf_slice(&whole), 0, call.keep));
        buf_reset(&out);
    }
    buf_free(&whole);
}

static void test_hostile_replies(void **state UNUSED)
{
    static const struct {
        struct onc_reply reply;
        const char *hex;
    } rows[] = {
        {{.xid = 1, .msg_type = 1, .accept_stat = 9}, ACCEPTED("00000001") "00000009"},
        {{.xid = 1, .msg_type = 1, .reply_stat = 2}, "00000001 00000001 00000002"},
        {{.xid = 1, .msg_type = 5, .reply_stat = 1, .reject_stat = 7},
         "00000001 00000005 00000001 00000007"},
        {{.xid = 1, .msg_type = 1, .reply_stat = 1, .reject_stat = 1, .auth_stat = 99},
         DENIED("00000001") "00000001 00000063"},
        {{.xid = 1, .msg_type = 1, .accept_stat = 2, .low = 4, .high = 2},
         ACCEPTED("00000001") "00000002 00000004 00000002"},
        {{.xid = 1, .msg_type = 1, .reply_stat = 1, .low = 2, .high = 3},
         DENIED("00000001") "00000000 00000002 00000003"},
        {{.xid = 1, .msg_type = 1, .verf = {.body = {.lies = true, .claimed = 404}}},
         "00000001 00000001 00000000 00000000 00000194 00000000"},
        {{.xid = 1, .msg_type = 1, .cut = true, .keep = 23}, ACCEPTED("00000001") "000000"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        onc_put_reply(&out, &rows[i].reply);
        assert_written(rows[i].hex);
    }
    struct onc_reply late = onc_reply_of(1, slice_str("abcd"));
    late.accept_stat = ONC_SYSTEM_ERR;
    onc_put_reply(&out, &late);
    assert_written(ACCEPTED("00000001") "00000005 61626364");
}

/* ---- names ---- */

static void test_names(void **state UNUSED)
{
    static const struct {
        const char *(*name)(uint32_t value);
        uint32_t value;
        const char *due;
    } rows[] = {
        {onc_msg_type_name, 0, "CALL"},
        {onc_msg_type_name, 1, "REPLY"},
        {onc_msg_type_name, 2, NULL},
        {onc_reply_stat_name, 0, "MSG_ACCEPTED"},
        {onc_reply_stat_name, 1, "MSG_DENIED"},
        {onc_reply_stat_name, 2, NULL},
        {onc_accept_stat_name, 0, "SUCCESS"},
        {onc_accept_stat_name, 5, "SYSTEM_ERR"},
        {onc_accept_stat_name, 6, NULL},
        {onc_reject_stat_name, 0, "RPC_MISMATCH"},
        {onc_reject_stat_name, 1, "AUTH_ERROR"},
        {onc_reject_stat_name, UINT32_MAX, NULL},
        {onc_auth_stat_name, 0, "AUTH_OK"},
        {onc_auth_stat_name, 7, "AUTH_FAILED"},
        {onc_auth_stat_name, 8, "AUTH_KERB_GENERIC"},
        {onc_auth_stat_name, 12, "AUTH_NET_ADDR"},
        {onc_auth_stat_name, 13, "RPCSEC_GSS_CREDPROBLEM"},
        {onc_auth_stat_name, 14, "RPCSEC_GSS_CTXPROBLEM"},
        {onc_auth_stat_name, 15, NULL},
        {onc_flavor_name, 0, "AUTH_NONE"},
        {onc_flavor_name, 1, "AUTH_SYS"},
        {onc_flavor_name, 2, "AUTH_SHORT"},
        {onc_flavor_name, 3, "AUTH_DH"},
        {onc_flavor_name, 4, NULL},
        {onc_flavor_name, 6, "RPCSEC_GSS"},
        {onc_flavor_name, 7, "AUTH_TLS"},
        {onc_flavor_name, 8, NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *name = rows[i].name(rows[i].value);

        assert_row(i, (name == NULL) == (rows[i].due == NULL));
        assert_row(i, !name || text_eq(name, rows[i].due));
    }
}

/* ---- credentials ---- */

static void test_sys(void **state UNUSED)
{
    struct onc_sys sys = {.stamp = 8080,
                          .machine = wire_counted_of(slice_str("host")),
                          .uid = 1000,
                          .gid = 100,
                          .gids = {100, 27},
                          .gids_count = 2};
    struct onc_sys read;
    struct wire_in in;

    onc_put_sys(&out, &sys);
    assert_written(SYS_BODY);
    wire_open(&in, octets_of(SYS_BODY));
    assert_true(onc_read_sys(&in, &read));
    assert_int_equal(read.stamp, 8080);
    assert_octets(read.machine.octets, slice_str("host"));
    assert_true(read.uid == 1000 && read.gid == 100 && read.gids_count == 2);
    assert_true(read.gids[0] == 100 && read.gids[1] == 27);
    sys.lies = true;
    sys.claimed = UINT32_MAX;
    sys.machine.lies = true;
    sys.machine.claimed = 256;
    onc_put_sys(&out, &sys);
    assert_written("00001f90 00000100 686f7374 000003e8 00000064 ffffffff 00000064 0000001b");
}

/* machinename<255> and gids<16>, from both sides. */
static void test_sys_limits(void **state UNUSED)
{
    char name[ONC_MACHINE_MAX + 1];

    memset(name, 'm', sizeof(name));
    for (size_t len = ONC_MACHINE_MAX - 1; len <= sizeof(name); len++) {
        struct onc_sys sys = {.machine = wire_counted_of(slice_of(name, len))};
        struct onc_sys read;
        struct wire_in in;

        onc_put_sys(&out, &sys);
        wire_open(&in, guard_put(&guard, buf_slice(&out)));
        assert_row(len, onc_read_sys(&in, &read) == (len <= ONC_MACHINE_MAX));
        if (len > ONC_MACHINE_MAX)
            assert_contains(explain(&in), "octet 4, machinename: length 256, and 255 is the limit "
                                          "(RFC 5531 A)");
        buf_reset(&out);
    }
    for (uint32_t count = 0; count <= ONC_GIDS_ROOM + 1; count++) {
        struct onc_sys sys = {.gids_count = count};
        struct onc_sys read;
        struct wire_in in;

        onc_put_sys(&out, &sys);
        wire_open(&in, guard_put(&guard, buf_slice(&out)));
        assert_row(count, onc_read_sys(&in, &read) == (count <= ONC_GIDS_MAX));
        assert_row(count, count > ONC_GIDS_ROOM || out.len == 20 + (size_t)4 * count);
        if (count > ONC_GIDS_MAX)
            assert_contains(explain(&in), "elements, and 16 is the limit (RFC 5531 A)");
        buf_reset(&out);
    }
}

/* A body within a message: faults are told by their place in the message. */
static void test_sys_in_a_call(void **state UNUSED)
{
    struct onc_call call;
    struct onc_sys sys;
    struct wire_in in;
    struct wire_in body;

    wire_open(&in, octets_of(SYS_CALL));
    assert_true(onc_read_call(&in, &call));
    wire_open_part(&body, &in, slice_sub(call.cred.body.octets, 0, 28));
    assert_false(onc_read_sys(&body, &sys));
    assert_string_equal(explain(&body),
                        "octet 52, gids: 2 elements do not fit into 4 octets (RFC 4506 4.13)");
    wire_open_part(&body, &in, call.cred.body.octets);
    assert_true(onc_read_sys(&body, &sys));
}

static void test_body_prefixes(void **state UNUSED)
{
    static const char *const bodies[] = {
        SYS_BODY,
        "00000001 00000000 00000007 00000001 00000004 68616e64",
        "00000004 68616e64 00000000 00000000 00000080 00000002 746f0000",
    };

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        size_t whole = octets_of(bodies[i]).len;

        for (size_t len = 0; len <= whole + 4; len++) {
            struct onc_gss_init init;
            struct onc_gss gss;
            struct onc_sys sys;
            struct wire_in in;

            octets_of(bodies[i]);
            buf_put_u32(&due, 0);
            wire_open(&in, guard_put(&guard, slice_sub(buf_slice(&due), 0, len)));
            bool fine = i == 0   ? onc_read_sys(&in, &sys)
                        : i == 1 ? onc_read_gss(&in, &gss)
                                 : onc_read_gss_init(&in, &init);
            assert_row(i, fine == (len == whole));
            assert_row(i, fine || in.fault == (len < whole ? WIRE_SHORT : WIRE_TRAILING));
        }
    }
}

static void test_gss(void **state UNUSED)
{
    static const struct {
        const char *hex;
        const char *why; /* NULL: fine */
    } rows[] = {
        {"00000001 00000001 00000000 00000001 00000000", NULL},
        {"00000001 00000000 80000001 00000003 00000004 68616e64", NULL},
        {"00000001 00000001 ffffffff 00000009 00000000", NULL},
        {"00000001 00000002 00000000 00000000 00000000", NULL},
        {"00000000 00000001 00000000 00000001 00000000",
         "octet 0, vers: the union has no arm for 0"},
        {"00000003 00000001 00000000 00000001 00000000",
         "octet 0, vers: the union has no arm for 3"},
        {"00000001 00000004 00000000 00000001 00000000", "octet 4, gss_proc: 4 is no value"},
        {"00000001 00000000 00000000 00000000 00000000", "octet 12, service: 0 is no value"},
        {"00000001 00000003 00000000 00000004 00000000", "octet 12, service: 4 is no value"},
        {"00000001 00000000 00000000 00000001 00000008 68616e64", "octet 20, handle: 8 octets"},
    };
    struct onc_gss gss = {.version = 99,
                          .proc = 7,
                          .seq = ONC_GSS_SEQ_MAX,
                          .service = 4,
                          .handle = wire_counted_of(slice_str("hhhh"))};

    onc_put_gss(&out, &gss);
    assert_written("00000063 00000007 80000000 00000004 00000004 68686868");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wire_in in;

        wire_open(&in, octets_of(rows[i].hex));
        assert_row(i, onc_read_gss(&in, &gss) == (rows[i].why == NULL));
        if (rows[i].why) {
            assert_contains(explain(&in), rows[i].why);
        } else {
            onc_put_gss(&out, &gss);
            assert_written(rows[i].hex);
        }
    }
}

static void test_gss_init(void **state UNUSED)
{
    static const char hex[] = "00000004 68616e64 00000001 00000002 00000080 00000002 746f0000";
    struct onc_gss_init init;
    struct wire_in in;

    wire_open(&in, octets_of(hex));
    assert_true(onc_read_gss_init(&in, &init));
    assert_octets(init.handle.octets, slice_str("hand"));
    assert_octets(init.token.octets, slice_str("to"));
    assert_true(init.major == 1 && init.minor == 2 && init.window == 128);
    onc_put_gss_init(&out, &init);
    assert_written(hex);
}

/* RFC 9289 4.1. */
static void test_tls(void **state UNUSED)
{
    static const struct {
        const char *hex;
        bool offers;
    } rows[] = {
        {"00000005 00000001 00000000 00000000 00000008 53544152 54544c53 00000000", true},
        {"00000005 00000001 00000000 00000000 00000008 53544152 54544c53 00000001", true},
        {"00000005 00000001 00000000 00000000 00000008 53544152 54544c58 00000000", false},
        {"00000005 00000001 00000000 00000001 00000008 53544152 54544c53 00000000", false},
        {ACCEPTED("00000005") "00000000", false},
        {DENIED("00000005") "00000001 00000002", false},
    };
    struct onc_call probe = onc_tls_probe(5, 100000, 4);

    onc_put_call(&out, &probe);
    assert_written("00000005 00000000 00000002 000186a0 00000004 00000000 00000007 00000000 " NONE);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct onc_reply reply;
        struct wire_in in;

        wire_open(&in, octets_of(rows[i].hex));
        assert_row(i, onc_read_reply(&in, &reply));
        assert_row(i, onc_offers_tls(&reply) == rows[i].offers);
    }
}

static void test_peek(void **state UNUSED)
{
    uint32_t type = 4711;
    uint32_t xid = 4711;

    for (size_t len = 0; len < 8; len++)
        assert_row(len, !onc_peek(slice_sub(octets_of(SAVE_CALL), 0, len), &xid, &type));
    assert_true(type == 4711 && xid == 4711);
    assert_true(onc_peek(octets_of("00000009 00000001"), &xid, &type));
    assert_true(xid == 9 && type == ONC_REPLY);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_every_octet_changed),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_bad_replies),
        cmocka_unit_test(test_bad_calls),
        cmocka_unit_test(test_no_messages),
        cmocka_unit_test(test_auth_bodies),
        cmocka_unit_test(test_hostile_calls),
        cmocka_unit_test(test_cut_calls),
        cmocka_unit_test(test_hostile_replies),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_sys),
        cmocka_unit_test(test_sys_limits),
        cmocka_unit_test(test_sys_in_a_call),
        cmocka_unit_test(test_body_prefixes),
        cmocka_unit_test(test_gss),
        cmocka_unit_test(test_gss_init),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_peek),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
