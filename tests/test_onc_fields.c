/*
 * Tests of the fields of RPC messages: what is visited of right, wrong and cut ones, that each
 * octet is visited once whatever the octets say, and that nothing behind them is read.
 */
#include "harness/rpc/onc_fields.h"

#include "harness/base/rng.h"
#include "harness/rpc/record.h"
#include "tests/guard.h"
#include "tests/unit.h"

enum { ROOM = 2048 };

static struct guard guard;
static struct buf seen; /* a line for each field */
static struct buf octets;
static size_t visited; /* octets */
static size_t last;    /* offset */
static unsigned wrongs;

static int begin(void **state UNUSED)
{
    guard_open(&guard, ROOM);
    buf_init(&seen, 1 << 20);
    buf_init(&octets, ROOM);
    return 0;
}

static int end(void **state UNUSED)
{
    guard_close(&guard);
    buf_free(&seen);
    buf_free(&octets);
    return 0;
}

static void visit(void *into, const struct onc_field *f)
{
    assert_ptr_equal(into, &seen);
    assert_true(visited == 0 || f->offset >= last);
    assert_true(strlen(f->meaning) < sizeof(f->meaning));
    for (const char *at = f->meaning; *at; at++)
        assert_true(*at >= 0x20 && *at < 0x7f);
    last = f->offset;
    visited += f->octets.len;
    wrongs += f->wrong;
    buf_printf(&seen, "%zu %s ", f->offset, f->name);
    text_hex(&seen, f->octets);
    buf_printf(&seen, " %s%s\n", f->meaning, f->wrong ? " !" : "");
}

static const char *fields_of(struct slice message, size_t length, enum onc_carrier carrier)
{
    static const struct onc_visitor visitor = {visit, &seen};

    buf_reset(&seen);
    visited = last = wrongs = 0;
    onc_fields(guard_put(&guard, message), length, carrier, &visitor);
    return buf_text(&seen);
}

static struct slice of_hex(const char *hex)
{
    buf_reset(&octets);
    unit_hex(&octets, hex);
    return buf_slice(&octets);
}

#define NONE "00000000 00000000 "
#define CALL "11223344 00000000 00000002 0005464e 00000002 00000001 "
#define ACCEPTED "11223344 00000001 00000000 " NONE
#define SYS_BODY "00001f90 00000003 61626300 000003e8 00000064 00000001 0000001b"

static void test_messages(void **state UNUSED)
{
    static const struct {
        const char *hex;
        enum onc_carrier carrier;
        const char *fields;
    } rows[] = {
        {CALL NONE NONE "00000001", ONC_IN_DATAGRAM,
         "0 xid 11223344 0x11223344\n4 msg_type 00000000 CALL (0)\n8 rpcvers 00000002 2\n"
         "12 prog 0005464e 345678\n16 vers 00000002 2\n20 proc 00000001 1\n"
         "24 cred.flavor 00000000 AUTH_NONE (0)\n28 cred.length 00000000 0\n"
         "32 verf.flavor 00000000 AUTH_NONE (0)\n36 verf.length 00000000 0\n"
         "40 args 00000001 4 octets\n"},
        {CALL "00000001 0000001c " SYS_BODY NONE, ONC_IN_DATAGRAM,
         "24 cred.flavor 00000001 AUTH_SYS (1)\n28 cred.length 0000001c 28\n"
         "32 cred.stamp 00001f90 8080\n36 cred.machinename.length 00000003 3\n"
         "40 cred.machinename 616263 \"abc\"\n43 padding 00 zeros\n44 cred.uid 000003e8 1000\n"
         "48 cred.gid 00000064 100\n52 cred.gids.count 00000001 1\n56 cred.gids 0000001b 27\n"
         "60 verf.flavor"},
        {CALL "00000006 00000014 00000001 00000000 00000007 00000001 00000000 " NONE,
         ONC_IN_DATAGRAM,
         "32 cred.version 00000001 1\n36 cred.gss_proc 00000000 RPCSEC_GSS_DATA (0)\n"
         "40 cred.seq_num 00000007 7\n44 cred.service 00000001 1\n"
         "48 cred.handle.length 00000000 0\n52 verf.flavor"},
        {ACCEPTED "00000002 00000002 00000001", ONC_IN_DATAGRAM,
         "8 reply_stat 00000000 MSG_ACCEPTED (0)\n12 verf.flavor 00000000 AUTH_NONE (0)\n"
         "16 verf.length 00000000 0\n20 accept_stat 00000002 PROG_MISMATCH (2)\n"
         "24 mismatch_info.low 00000002 2\n28 mismatch_info.high 00000001 1, below 2 !\n"},
        {ACCEPTED "00000001 000000ff", ONC_IN_DATAGRAM, "24 surplus 000000ff 4 octets !\n"},
        {ACCEPTED "00000009 000000ff", ONC_IN_DATAGRAM,
         "20 accept_stat 00000009 9: not declared !\n24 surplus 000000ff 4 octets !\n"},
        {"00000001 00000001 00000001 00000001 00000001", ONC_IN_DATAGRAM,
         "8 reply_stat 00000001 MSG_DENIED (1)\n12 reject_stat 00000001 AUTH_ERROR (1)\n"
         "16 auth_stat 00000001 AUTH_BADCRED (1)\n"},
        {"00000001 00000001 00000001 00000000 00000002 00000002", ONC_IN_DATAGRAM,
         "12 reject_stat 00000000 RPC_MISMATCH (0)\n16 mismatch_info.low 00000002 2\n"
         "20 mismatch_info.high 00000002 2\n"},
        {"00000001 00000005 01", ONC_IN_DATAGRAM,
         "4 msg_type 00000005 5: not declared !\n8 rest 01 1 octet !\n"},
        {"00000001 00000000 00000003 0000", ONC_IN_DATAGRAM,
         "8 rpcvers 00000003 3, and 2 is due !\n12 prog 0000 2 of 4 octets: it ends here !\n"},
        {CALL "00000000 00000191 00", ONC_IN_DATAGRAM,
         "28 cred.length 00000191 401, and 400 is the limit !\n"
         "32 cred.body 00 1 of 401 octets: it ends here !\n"},
        {ACCEPTED "00000000 000000", ONC_IN_DATAGRAM, "24 results 000000 3 octets !\n"},
        {"80000004 11223344 00000004 aabbccdd 80000004 00000000", ONC_IN_STREAM,
         "0 fragment 80000004 the last of 4 octets\n4 xid 11223344 0x11223344\n"
         "8 msg_type  0 of 4 octets: it ends here !\n"
         "8 fragment 00000004 not the last of 4 octets\n12 xid aabbccdd 0xaabbccdd\n"
         "16 fragment 80000004 the last of 4 octets\n20 msg_type 00000000 CALL (0)\n"},
        {"00000002 1122 80000012 3344 00000001 00000000 00000000 00000000", ONC_IN_STREAM,
         "0 fragment 00000002 not the last of 2 octets\n4 xid 11223344 0x11223344\n"
         "6 fragment 80000012 the last of 18 octets\n12 msg_type 00000001 REPLY (1)\n"},
        {"80000028 11223344 00000000", ONC_IN_STREAM,
         "0 fragment 80000028 the last of 40 octets\n4 xid 11223344 0x11223344\n"
         "8 msg_type 00000000 CALL (0)\n"},
        {CALL "00000001 00000020 " SYS_BODY, ONC_IN_DATAGRAM,
         "56 cred.gids 0000001b 27\n60 cred.body  28 of 32 octets: it ends here !\n"},
        {"8000", ONC_IN_STREAM, "0 fragment 8000 2 of 4 octets\n"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct slice message = of_hex(rows[i].hex);

        assert_contains(fields_of(message, message.len, rows[i].carrier), rows[i].fields);
        assert_row(i, visited == message.len);
    }
}

/* What was not kept is nobody's fault. */
static void test_not_kept(void **state UNUSED)
{
    struct slice message = of_hex(CALL NONE "00000002 00000008 ffff");

    fields_of(message, message.len + 100, ONC_IN_DATAGRAM);
    assert_int_equal(wrongs, 0);
    assert_contains(buf_text(&seen), "verf.body ffff 2 of 8 octets; no more of it here\n");
    fields_of(message, message.len, ONC_IN_DATAGRAM);
    assert_int_equal(wrongs, 1);
}

/* Every prefix of messages with every part, on both carriers: no octet is visited twice, left out,
   or read behind the end. */
static void test_prefixes(void **state UNUSED)
{
    static const char *const messages[] = {
        CALL "00000001 0000001c " SYS_BODY "00000002 00000005 61626364 65000000 00000001",
        CALL "00000006 00000018 00000001 00000001 00000007 00000001 00000004 01020304 " NONE,
        ACCEPTED "00000002 00000002 00000004",
        "11223344 00000001 00000000 00000001 00000003 61626300 00000000 00000001",
        "00000001 00000001 00000001 00000001 00000001 00000000",
    };

    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        struct buf record;

        buf_init(&record, ROOM);
        record_put_pieces(&record, of_hex(messages[i]), 7);
        struct slice message = buf_slice(&octets);
        for (size_t len = 0; len <= message.len; len++) {
            fields_of(slice_sub(message, 0, len), len, ONC_IN_DATAGRAM);
            assert_row(i, visited == len);
            fields_of(slice_sub(message, 0, len), len + 1, ONC_IN_DATAGRAM);
            assert_row(i, visited == len && (len % 4 != 0 || wrongs <= 1));
        }
        for (size_t len = 0; len <= record.len; len++) {
            fields_of(slice_sub(buf_slice(&record), 0, len), len, ONC_IN_STREAM);
            assert_row(i, visited == len);
        }
        buf_free(&record);
    }
}

static void test_random_octets(void **state UNUSED)
{
    struct rng rng;

    rng_seed(&rng, 1, "fields");
    for (unsigned round = 0; round < 20000; round++) {
        size_t len = rng_below(&rng, round % 100 == 0 ? ROOM : 120);

        buf_reset(&octets);
        for (size_t i = 0; i < len; i++) /* mostly small numbers: they lead further in */
            buf_put_byte(&octets, (uint8_t)(i % 4 == 3 || rng_below(&rng, 30) == 0
                                                ? rng_below(&rng, rng_below(&rng, 4) ? 8 : 256)
                                                : 0));
        for (unsigned carrier = ONC_IN_DATAGRAM; carrier <= ONC_IN_STREAM; carrier++) {
            fields_of(buf_slice(&octets), len, (enum onc_carrier)carrier);
            assert_int_equal(visited, size_min(len, ONC_FIELDS_OCTETS_MAX));
            onc_fields_likely(guard_put(&guard, buf_slice(&octets)), (enum onc_carrier)carrier);
        }
        struct onc_follow follow = {.due = rng_below(&rng, 100)};
        assert_true(onc_follow(&follow, guard_put(&guard, buf_slice(&octets)), len) <= len);
    }
}

static void test_likely(void **state UNUSED)
{
    static const struct {
        const char *hex;
        bool datagram, stream;
    } rows[] = {
        {"", false, false},
        {"00000001", false, false},
        {"80000028", false, true},
        {"00000001 00000000", true, false},
        {"80000028 00000001 00000001", true, true}, /* a call with the xid 0x80000028, maybe */
        {"00000028 00000001 00000001", true, true},
        {"61616161 61616161 61616161", false, false},
        {"c0000000 61616161 61616161", false, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct slice message = guard_put(&guard, of_hex(rows[i].hex));

        assert_row(i, onc_fields_likely(message, ONC_IN_STREAM) == rows[i].stream);
        if (i != 4)
            assert_row(i, onc_fields_likely(message, ONC_IN_DATAGRAM) == rows[i].datagram);
    }
}

/* A stream that comes in pieces: where the next record begins in each. */
static void test_follow(void **state UNUSED)
{
    static const struct {
        const char *hex; /* what was kept of a piece */
        size_t length;
        size_t begin;
        bool lost;
    } rows[] = {
        {"80000008 11223344", 8, 0, false},
        {"00000000 80000004 11111111", 12, 4, false},
        {"80000100 11111111", 100, 0, false},
        {"22222222", 160, 160, false},      /* the rest of that, not kept in full */
        {"80000004 11111111", 12, 0, true}, /* the next mark was not kept */
        {"33333333 33333333 33333333", 12, 12, true},
        {"80000004 44444444 80000004 55", 13, 0, false}, /* looks like one: found again */
        {"555555 8000", 5, 3, true},                     /* a mark in two pieces */
    };
    struct onc_follow follow = {.due = 0};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct slice piece = guard_put(&guard, of_hex(rows[i].hex));

        assert_row(i, onc_follow(&follow, piece, rows[i].length) == rows[i].begin);
        assert_row(i, follow.lost == rows[i].lost);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages), cmocka_unit_test(test_not_kept),
        cmocka_unit_test(test_prefixes), cmocka_unit_test(test_random_octets),
        cmocka_unit_test(test_likely),   cmocka_unit_test(test_follow),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
