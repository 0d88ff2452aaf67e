/*
 * MSGPROG over our own RPC code, octet by octet: calls and replies written by hand, so that no
 * code of ours stands on both ends. "RFC" is RFC 5531.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/base/deadline.h"
#include "harness/process/procview.h"
#include "tests/msgprog.h"

enum { OCTETS_MAX = 8 << 20, MIB = 1 << 20 };

/* Words and parts of messages. */
#define XID "00000007"
#define NONE "00000000 00000000"
#define MESSAGE(rpcvers, prog, vers, proc) XID "00000000" rpcvers prog vers proc
#define HEAD(proc) MESSAGE("00000002", "0005464e", "00000002", proc)
#define NULL_CALL HEAD("00000000") NONE NONE
#define SAVE HEAD("00000001") NONE NONE
#define READ HEAD("00000002") NONE NONE
#define FENCE "00000063 00000000 00000002 0005464e 00000002 00000000" NONE NONE
#define ACCEPTED(stat) XID "00000001 00000000" NONE stat
#define SUCCESS ACCEPTED("00000000")
#define GARBAGE ACCEPTED("00000004")
#define DENIED(why) XID "00000001 00000001" why
#define AUTH_ERROR(stat) DENIED("00000001" stat)
#define BADCRED AUTH_ERROR("00000001")
#define REJECTEDCRED AUTH_ERROR("00000002")
#define FENCED "00000063 00000001 00000000" NONE "00000000"
/* Credentials. */
#define EMPTY(flavor) flavor "00000000"
#define SYS_16                                                                                     \
    "00000001 00000058 00000001 00000004 686f7374 00000000 00000000 00000010"                      \
    "00000000 00000001 00000002 00000003 00000004 00000005 00000006 00000007"                      \
    "00000008 00000009 0000000a 0000000b 0000000c 0000000d 0000000e 0000000f"
#define SYS_17                                                                                     \
    "00000001 0000005c 00000001 00000004 686f7374 00000000 00000000 00000011"                      \
    "00000000 00000001 00000002 00000003 00000004 00000005 00000006 00000007"                      \
    "00000008 00000009 0000000a 0000000b 0000000c 0000000d 0000000e 0000000f 00000010"

static char folder[64];
static struct msgprog server;

static int start(void **state)
{
    (void)state;
    program_make_folder(folder, sizeof(folder));
    msgprog_start(&server, folder, "--own");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    msgprog_stop(&server);
    program_remove_folder(folder);
    return 0;
}

/* ---- one message, one answer ---- */

/* None of these stores anything. No reply: NULL, which the reply to a fence behind it proves. */
static const struct row {
    const char *what;
    const char *ask;
    const char *reply;
} rows[] = {
    {"procedure 0", NULL_CALL, SUCCESS},
    {"trailing octets are ignored", NULL_CALL "deadbeef 01", SUCCESS},
    {"RFC 9: rpcvers 0", MESSAGE("00000000", "0005464e", "00000002", "00000001") NONE NONE,
     DENIED("00000000 00000002 00000002")},
    {"rpcvers 3, of which no more is known", XID "00000000 00000003",
     DENIED("00000000 00000002 00000002")},
    {"rpcvers 2^32-1 before a bad flavor", XID "00000000 ffffffff 00000000 00000000 00000063",
     DENIED("00000000 00000002 00000002")},
    {"a program not served here", MESSAGE("00000002", "0005464f", "00000002", "00000000") NONE NONE,
     ACCEPTED("00000001")},
    {"program 2^32-1, version 2^32-1",
     MESSAGE("00000002", "ffffffff", "ffffffff", "ffffffff") NONE NONE, ACCEPTED("00000001")},
    {"version 1", MESSAGE("00000002", "0005464e", "00000001", "00000000") NONE NONE,
     ACCEPTED("00000002") "00000002 00000002"},
    {"version 2^32-1", MESSAGE("00000002", "0005464e", "ffffffff", "00000063") NONE NONE,
     ACCEPTED("00000002") "00000002 00000002"},
    {"procedure 3", HEAD("00000003") NONE NONE, ACCEPTED("00000003")},
    {"procedure 2^31", HEAD("80000000") NONE NONE, ACCEPTED("00000003")},
    {"SAVEMSG without arguments", SAVE, GARBAGE},
    {"SAVEMSG of 2^32-1 octets", SAVE "ffffffff", GARBAGE},
    {"SAVEMSG of 2^32-4 octets", SAVE "fffffffc 61626364", GARBAGE},
    {"SAVEMSG, text cut", SAVE "00000005 61626364", GARBAGE},
    {"SAVEMSG, padding cut", SAVE "00000005 6162636465 0000", GARBAGE},
    {"READMSG without arguments", READ, GARBAGE},
    {"READMSG, argument cut", READ "0000", GARBAGE},
    {"READMSG of 0", READ "00000000", SUCCESS "00000000"},
    {"READMSG of -1", READ "ffffffff", SUCCESS "00000000"},
    {"READMSG of 2^31-1", READ "7fffffff", SUCCESS "00000000"},
    {"AUTH_NONE with a body and odd padding",
     HEAD("00000000") "00000000 00000005 0102030405 ffffff"
                      "00000000 00000003 010203 aa",
     SUCCESS},
    {"an unused verifier", HEAD("00000000") NONE EMPTY("00000063"), SUCCESS},
    {"AUTH_SYS, 16 gids", HEAD("00000000") SYS_16 NONE, SUCCESS},
    {"AUTH_SYS, 17 gids", HEAD("00000000") SYS_17 NONE, BADCRED},
    {"AUTH_SYS, empty", HEAD("00000000") EMPTY("00000001") NONE, BADCRED},
    {"AUTH_SYS, cut", HEAD("00000000") "00000001 00000010 00000001 00000004 686f7374 00000000" NONE,
     BADCRED},
    {"AUTH_SYS, machinename of 2^32-1",
     HEAD("00000000") "00000001 00000014 00000001 ffffffff 00000000 00000000 00000000" NONE,
     BADCRED},
    {"AUTH_SYS, 2^30+1 gids",
     HEAD("00000000") "00000001 00000014 00000001 00000000 00000000 00000000 40000001" NONE,
     BADCRED},
    {"AUTH_SYS with a verifier of its flavor",
     HEAD("00000000") "00000001 00000014 00000000 00000000 00000000 00000000 00000000"
                      "00000001 00000004 01020304",
     SUCCESS},
    {"AUTH_SHORT that nobody gave out", HEAD("00000000") "00000002 00000004 01020304" NONE,
     REJECTEDCRED},
    {"AUTH_DH", HEAD("00000000") EMPTY("00000003") NONE, REJECTEDCRED},
    {"RPCSEC_GSS",
     HEAD("00000000") "00000006 00000014 00000001 00000001 00000000 00000001 00000000" NONE
                      "00000000",
     REJECTEDCRED},
    {"the probe of RFC 9289", HEAD("00000000") EMPTY("00000007") NONE, REJECTEDCRED},
    {"AUTH_TLS for SAVEMSG", HEAD("00000001") EMPTY("00000007") NONE "00000001 61000000",
     REJECTEDCRED},
    {"flavor 99", HEAD("00000000") EMPTY("00000063") NONE, REJECTEDCRED},
    {"flavor 2^32-1 before a bad program",
     MESSAGE("00000002", "0005464f", "00000002", "00000000") EMPTY("ffffffff") NONE, REJECTEDCRED},
    {"a credential of 401 octets", HEAD("00000000") "00000000 00000191", BADCRED},
    {"a credential of 2^32-1 octets", HEAD("00000000") "00000000 ffffffff" NONE, BADCRED},
    {"a verifier of 404 octets", HEAD("00000000") NONE "00000000 00000194", AUTH_ERROR("00000003")},
    {"nothing", "", NULL},
    {"an xid alone", XID, NULL},
    {"rpcvers cut", XID "00000000 000000", NULL},
    {"a header cut in the program", XID "00000000 00000002 0005", NULL},
    {"a header cut behind the procedure", HEAD("00000000"), NULL},
    {"a credential cut", HEAD("00000000") "00000000 00000008 01020304", NULL},
    {"a verifier cut", HEAD("00000000") NONE "00000000", NULL},
    {"RFC 9: a REPLY", SUCCESS, NULL},
    {"a denial", REJECTEDCRED, NULL},
    {"msg_type 2", XID "00000002 00000002 0005464e 00000002 00000000" NONE NONE, NULL},
};

static void try_row(int fd, enum msgprog_over over, const struct row *row)
{
    msgprog_ask(fd, over, row->ask);
    msgprog_ask(fd, over, FENCE);
    if (row->reply)
        msgprog_expect(fd, over, row->what, row->reply);
    msgprog_expect(fd, over, row->what, FENCED);
}

static void test_rows(void **state)
{
    (void)state;
    for (unsigned over = 0; over < OVER_COUNT; over++) {
        int fd = msgprog_dial(&server, over);

        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            try_row(fd, over, &rows[i]);
        close(fd);
    }
}

/* Nothing of the table has been stored. */
static void test_rows_store_nothing(void **state)
{
    int fd = msgprog_dial(&server, OVER_TCP);

    (void)state;
    msgprog_ask(fd, OVER_TCP, READ "00000001");
    msgprog_expect(fd, OVER_TCP, "message 1", SUCCESS "00000000");
    close(fd);
}

/* RFC 11: any cut into fragments is the same message, also with fragments without data anywhere.
   Each cut goes out whole and octet by octet. */
static void test_fragments(void **state)
{
    static const size_t pieces[] = {1, 2, 3, 4, 5, 7, 39, 1000};
    struct buf message;
    struct buf marked;

    (void)state;
    buf_init(&message, OCTETS_MAX);
    buf_init(&marked, OCTETS_MAX);
    for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
        int fd = msgprog_dial(&server, row % 2 ? OVER_UNIX : OVER_TCP);
        bool trickle = row % 7 == 0;

        for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
            buf_reset(&message);
            buf_reset(&marked);
            msgprog_hex(&message, rows[row].ask);
            for (size_t at = 0; at < message.len; at += pieces[i]) {
                struct slice piece = slice_sub(buf_slice(&message), at, pieces[i]);

                buf_put_u32(&marked, 0);
                buf_put_u32(&marked, (uint32_t)piece.len);
                buf_put(&marked, piece);
            }
            buf_put_u32(&marked, 0);
            buf_put_u32(&marked, UINT32_C(0x80000000));
            for (size_t at = 0; at < marked.len; at += trickle ? 1 : marked.len)
                msgprog_send(fd, slice_sub(buf_slice(&marked), at, trickle ? 1 : marked.len));
            msgprog_ask(fd, OVER_TCP, FENCE);
            if (rows[row].reply)
                msgprog_expect(fd, OVER_TCP, rows[row].what, rows[row].reply);
            msgprog_expect(fd, OVER_TCP, rows[row].what, FENCED);
        }
        close(fd);
    }
    buf_free(&marked);
    buf_free(&message);
}

/* ---- what is stored ---- */

/* Stores a text given in hex with its length and padding; the number of the message. */
static uint32_t save(int fd, enum msgprog_over over, const char *hex)
{
    char text[512];
    struct buf reply;
    uint32_t number;

    buf_init(&reply, OCTETS_MAX);
    text_format(text, sizeof(text), SAVE "%s", hex);
    msgprog_ask(fd, over, text);
    assert_true(msgprog_reply(fd, over, &reply));
    assert_int_equal(reply.len, 28);
    number = (uint32_t)reply.data[24] << 24 | (uint32_t)reply.data[25] << 16 |
             (uint32_t)reply.data[26] << 8 | reply.data[27];
    buf_free(&reply);
    return number;
}

static void expect_message(int fd, enum msgprog_over over, uint32_t number, const char *hex)
{
    char ask[256];
    char reply[512];

    text_format(ask, sizeof(ask), READ "%08x", number);
    text_format(reply, sizeof(reply), SUCCESS "%s", hex);
    msgprog_ask(fd, over, ask);
    msgprog_expect(fd, over, "READMSG", reply);
}

/* The text is data, in every transport and read over the others. */
static void test_texts(void **state)
{
    static const char *const texts[] = {
        "00000000",
        "00000005 68656c6c 6f000000",
        "00000004 00000000",                   /* NULs */
        "0000000a 2e2e2f25 6e0a0d09 00ff0000", /* ../%n, line ends, NUL, 255 */
        "00000003 e282ac00",
    };

    (void)state;
    for (unsigned over = 0; over < OVER_COUNT; over++) {
        int fd = msgprog_dial(&server, over);
        int other = msgprog_dial(&server, (over + 1) % OVER_COUNT);

        for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
            uint32_t number = save(fd, over, texts[i]);

            assert_int_not_equal(number, 0);
            expect_message(fd, over, number, texts[i]);
            expect_message(other, (over + 1) % OVER_COUNT, number, texts[i]);
        }
        close(fd);
        close(other);
    }
}

/* RFC 11: the padding of a credential shifts what follows. */
static void test_padded_credentials(void **state)
{
    int fd = msgprog_dial(&server, OVER_TCP);
    uint32_t before = save(fd, OVER_TCP, "00000001 61000000");

    (void)state;
    msgprog_ask(fd, OVER_TCP,
                HEAD("00000001") "00000000 00000005 0102030405 000000"
                                 "00000000 00000007 01020304050607 00"
                                 "00000003 78797a00");
    struct buf reply;
    buf_init(&reply, 64);
    assert_true(msgprog_reply(fd, OVER_TCP, &reply));
    buf_free(&reply);
    expect_message(fd, OVER_TCP, before + 1, "00000003 78797a00");
    close(fd);
}

/* A record with a SAVEMSG of so many octets; marks included. */
static void compose_save(struct buf *out, size_t len)
{
    struct buf head;

    buf_init(&head, 64);
    msgprog_hex(&head, SAVE);
    buf_put_u32(out, UINT32_C(0x80000000) | (uint32_t)(head.len + 4 + (len + 3) / 4 * 4));
    buf_put(out, buf_slice(&head));
    buf_put_u32(out, (uint32_t)len);
    uint8_t *text = buf_extend(out, (len + 3) / 4 * 4);
    assert_non_null(text);
    for (size_t i = 0; i < len; i++)
        text[i] = (uint8_t)(i * 7 + len);
    memset(text + len, 0, (4 - len % 4) % 4);
    buf_free(&head);
}

static uint32_t last_word(const struct buf *b)
{
    const uint8_t *at = b->data + b->len - 4;

    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Over libtirpc's 9000 octets, up to the limit that we declare, and beyond it. */
static void test_large(void **state)
{
    static const size_t sizes[] = {8999, 9000, 9001, 65536, 200000, 1000000, MIB, MIB + 1};
    int fd = msgprog_dial(&server, OVER_TCP);
    int udp = msgprog_dial(&server, OVER_UDP);
    struct buf record;
    struct buf reply;

    (void)state;
    buf_init(&record, OCTETS_MAX);
    buf_init(&reply, OCTETS_MAX);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char ask[256];

        buf_reset(&record);
        compose_save(&record, sizes[i]);
        msgprog_send(fd, buf_slice(&record));
        buf_reset(&reply);
        assert_true(msgprog_reply(fd, OVER_TCP, &reply));
        assert_int_equal(reply.len, 28);
        uint32_t number = last_word(&reply);
        assert_int_equal(number == 0, sizes[i] > MIB);
        if (number == 0)
            continue;
        text_format(ask, sizeof(ask), READ "%08x", number);
        msgprog_ask(fd, OVER_TCP, ask);
        buf_reset(&reply);
        assert_true(msgprog_reply(fd, OVER_TCP, &reply));
        assert_true(
            slice_eq(slice_from(buf_slice(&reply), 24), slice_from(buf_slice(&record), 44)));
        msgprog_ask(udp, OVER_UDP, ask);
        if (sizes[i] > 60000) {
            msgprog_expect(udp, OVER_UDP, "a result over a datagram", ACCEPTED("00000005"));
        } else {
            buf_reset(&reply);
            assert_true(msgprog_reply(udp, OVER_UDP, &reply));
            assert_int_equal(reply.len, 28 + (sizes[i] + 3) / 4 * 4);
        }
    }
    buf_free(&reply);
    buf_free(&record);
    close(udp);
    close(fd);
}

/* A client's text is never seen by another that sends less: nothing is read behind the datagram. */
static void test_no_stale_octets(void **state)
{
    int a = msgprog_dial(&server, OVER_UDP);
    int b = msgprog_dial(&server, OVER_UDP);
    struct buf whole;

    (void)state;
    buf_init(&whole, 256);
    msgprog_hex(&whole, SAVE "00000010 544f5053 45435245 542d3031 32333435");
    for (size_t cut = 0; cut < whole.len; cut++) {
        save(a, OVER_UDP, "00000010 544f5053 45435245 542d3031 32333435");
        msgprog_send(b, slice_sub(buf_slice(&whole), 0, cut));
        msgprog_ask(b, OVER_UDP, FENCE);
        if (cut >= 40)
            msgprog_expect(b, OVER_UDP, "a cut SAVEMSG", GARBAGE);
        msgprog_expect(b, OVER_UDP, "a fence behind a cut message", FENCED);
    }
    buf_free(&whole);
    close(a);
    close(b);
}

/* ---- records ---- */

/* RFC 11: a call is whole in a fragment that is not the last: nothing happens before that one. */
static void test_no_early_dispatch(void **state)
{
    int fd = msgprog_dial(&server, OVER_TCP);
    int other = msgprog_dial(&server, OVER_TCP);
    struct buf part;

    (void)state;
    buf_init(&part, 256);
    uint32_t before = save(other, OVER_TCP, "00000001 61000000");
    msgprog_hex(&part, "00000030" SAVE "00000001 62000000");
    msgprog_send(fd, buf_slice(&part));
    assert_int_equal(net_wait(fd, POLLIN, deadline_in_ms(200)), 0);
    assert_int_equal(save(other, OVER_TCP, "00000001 63000000"), before + 1);
    buf_reset(&part);
    msgprog_hex(&part, "80000000");
    msgprog_send(fd, buf_slice(&part));
    buf_reset(&part);
    assert_true(msgprog_reply(fd, OVER_TCP, &part));
    assert_int_equal(last_word(&part), before + 2);
    buf_free(&part);
    close(other);
    close(fd);
}

/* A header may announce what it likes: nothing is set aside for it, and nobody else waits. */
static void test_oversize(void **state)
{
    static const char *const marks[] = {"ffffffff", "7fffffff", "47455420", "80200000", "00100000"};
    struct procview before;
    struct procview after;

    (void)state;
    assert_true(procview_take(server.process.pid, &before));
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        int fd = msgprog_dial(&server, OVER_TCP);
        struct buf octets;

        buf_init(&octets, 1024);
        msgprog_ask(fd, OVER_TCP, NULL_CALL);
        msgprog_hex(&octets, marks[i]);
        msgprog_hex(&octets, NULL_CALL);
        msgprog_send(fd, buf_slice(&octets));
        msgprog_expect(fd, OVER_TCP, marks[i], SUCCESS);
        if (i + 1 < ARRAY_LEN(marks))
            msgprog_expect_end(fd, marks[i]);
        buf_free(&octets);
        close(fd);
    }
    assert_true(procview_take(server.process.pid, &after));
    assert_true(after.rss_bytes < before.rss_bytes + 4 * (size_t)MIB);
}

static void repeat(struct buf *out, const char *hex, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        msgprog_hex(out, hex);
}

/* Calls, half a call, and FIN: the whole ones are answered, then the end comes. */
static void test_half_close(void **state)
{
    struct buf octets;

    (void)state;
    buf_init(&octets, OCTETS_MAX);
    for (unsigned round = 0; round < 8; round++) {
        int fd = msgprog_dial(&server, round % 2 ? OVER_UNIX : OVER_TCP);
        unsigned calls = round * round * 40;

        buf_reset(&octets);
        repeat(&octets, "80000028" NULL_CALL, calls);
        msgprog_hex(&octets, round % 3 ? "80000028 0000" : "");
        msgprog_send(fd, buf_slice(&octets));
        shutdown(fd, SHUT_WR);
        for (unsigned i = 0; i < calls; i++)
            msgprog_expect(fd, OVER_TCP, "a pipelined call", SUCCESS);
        msgprog_expect_end(fd, "behind all replies");
        close(fd);
    }
    buf_free(&octets);
}

/* ---- isolation ---- */

static void converse(void)
{
    for (unsigned over = 0; over < OVER_COUNT; over++) {
        int fd = msgprog_dial(&server, over);

        for (unsigned i = 0; i < 20; i++) {
            msgprog_ask(fd, over, NULL_CALL);
            msgprog_expect(fd, over, "another client", SUCCESS);
        }
        close(fd);
    }
}

static void test_half_sent(void **state)
{
    static const char *const parts[] = {"80", "800000", "80000028", "80000028 00000007 00",
                                        "00000000 00000000"};
    int fds[ARRAY_LEN(parts)];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        struct buf octets;

        fds[i] = msgprog_dial(&server, i % 2 ? OVER_UNIX : OVER_TCP);
        buf_init(&octets, 64);
        msgprog_hex(&octets, parts[i]);
        msgprog_send(fds[i], buf_slice(&octets));
        buf_free(&octets);
    }
    converse();
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        close(fds[i]);
}

/* Asks for a large message many times and does not read: the server stops reading from that client
   and keeps a bounded queue; afterwards every reply is there. */
static void test_slow_reader(void **state)
{
    enum { CALLS = 2000, TEXT = 60000 };
    int fd = msgprog_dial(&server, OVER_TCP);
    struct procview before;
    struct procview after;
    struct buf octets;
    struct buf reply;
    char ask[256];
    size_t sent = 0;

    (void)state;
    buf_init(&octets, OCTETS_MAX);
    buf_init(&reply, OCTETS_MAX);
    compose_save(&octets, TEXT);
    msgprog_send(fd, buf_slice(&octets));
    assert_true(msgprog_reply(fd, OVER_TCP, &reply));
    text_format(ask, sizeof(ask), "8000002c" READ "%08x", last_word(&reply));
    buf_reset(&octets);
    repeat(&octets, ask, CALLS);
    assert_true(procview_take(server.process.pid, &before));
    while (sent < octets.len) {
        struct net_io io =
            net_send_some(fd, slice_from(buf_slice(&octets), sent), deadline_in_ms(100));

        if (io.status != NET_OK)
            break;
        sent += io.len;
    }
    converse();
    assert_true(procview_take(server.process.pid, &after));
    assert_true(after.rss_bytes < before.rss_bytes + 16 * (size_t)MIB);
    for (unsigned i = 0; i < sent / 48; i++) {
        buf_reset(&reply);
        assert_true(msgprog_reply(fd, OVER_TCP, &reply));
        assert_int_equal(reply.len, 28 + TEXT);
    }
    buf_free(&reply);
    buf_free(&octets);
    close(fd);
}

static void test_resets(void **state)
{
    struct buf octets;

    (void)state;
    buf_init(&octets, OCTETS_MAX);
    repeat(&octets, "80000028" NULL_CALL, 500);
    for (unsigned i = 0; i < 100; i++) {
        int fd = msgprog_dial(&server, OVER_TCP);

        net_send_some(fd, slice_sub(buf_slice(&octets), 0, i * 200), deadline_in_ms(1000));
        net_reset(fd);
    }
    buf_free(&octets);
    converse();
}

/* More clients than descriptors: those who fit are served, and the others when there is room. */
static void test_descriptors(void **state)
{
    enum { CLIENTS = 40 };
    int fds[CLIENTS];
    struct rlimit before;

    (void)state;
    assert_int_equal(prlimit(server.process.pid, RLIMIT_NOFILE, NULL, &before), 0);
    struct rlimit low = {.rlim_cur = 24, .rlim_max = before.rlim_max};
    assert_int_equal(prlimit(server.process.pid, RLIMIT_NOFILE, &low, NULL), 0);
    for (unsigned i = 0; i < CLIENTS; i++) {
        fds[i] = msgprog_dial(&server, OVER_TCP);
        msgprog_ask(fds[i], OVER_TCP, NULL_CALL);
    }
    msgprog_expect(fds[0], OVER_TCP, "the first client", SUCCESS);
    for (unsigned i = 1; i < CLIENTS; i++) {
        close(fds[i - 1]);
        msgprog_expect(fds[i], OVER_TCP, "a client that had to wait", SUCCESS);
    }
    close(fds[CLIENTS - 1]);
    assert_int_equal(prlimit(server.process.pid, RLIMIT_NOFILE, &before, NULL), 0);
    converse();
}

/* ---- addresses ---- */

static void test_reply_source(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "127.0.0.2", "127.9.8.7", "[::1]"};
    struct process p;
    char url[ENDPOINT_TEXT_MAX];

    (void)state;
    if (!program_serve(&p, url, sizeof(url),
                       "exec @B/assay serve msgprog --own --listen udp://[::]:0"))
        fail_msg("no server: %s", p.complained.text);
    const char *port = strstr(url, "]:");
    assert_non_null(port);
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        char at[64];
        struct endpoint e;
        struct address to;
        struct address from;
        size_t count;
        uint8_t octets[64];
        int fd;

        text_format(at, sizeof(at), "udp://%s%.*s", hosts[i], (int)strcspn(port + 1, "/"),
                    port + 1);
        assert_true(endpoint_parse(at, &e, NULL));
        assert_true(address_resolve(&e, &to, 1, &count, NULL));
        struct net_dial_options o = {.unconnected = true};
        assert_int_equal(net_dial(&to, &o, deadline_in_ms(1000), &fd).status, NET_OK);
        struct buf call;
        buf_init(&call, 64);
        msgprog_hex(&call, NULL_CALL);
        net_send_to(fd, buf_slice(&call), &to, deadline_in_ms(1000));
        buf_free(&call);
        assert_int_equal(
            net_recv_from(fd, octets, sizeof(octets), &from, deadline_in_ms(MSGPROG_LIMIT_MS))
                .status,
            NET_OK);
        assert_true(address_eq(&from, &to));
        close(fd);
    }
    process_stop(&p, deadline_in_ms(MSGPROG_LIMIT_MS));
    assert_true(process_ended_well(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_rows_store_nothing),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_padded_credentials),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_no_stale_octets),
        cmocka_unit_test(test_no_early_dispatch),
        cmocka_unit_test(test_oversize),
        cmocka_unit_test(test_half_close),
        cmocka_unit_test(test_half_sent),
        cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_resets),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_reply_source),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
