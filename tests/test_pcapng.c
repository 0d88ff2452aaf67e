/* The capture file that is made of a transcript. */
#include <stdlib.h>
#include <string.h>

#include "harness/report/pcapng.h"
#include "tests/unit.h"

enum { BEGAN = 1000000, SYN = 2, FIN = 1, RST = 4, PACKETS_MAX = 64 };

static const struct pcapng_words words = {.about = "about", .broken = "broken"};

static const struct exhibit over_ipv4 = {.began_us = BEGAN,
                                         .ip_len = 4,
                                         .target_ip = {192, 0, 2, 1},
                                         .our_ip = {192, 0, 2, 9},
                                         .port = 7};

static const struct exhibit over_ipv6 = {.began_us = BEGAN,
                                         .ip_len = 16,
                                         .target_ip = {0x20, 1, 0xd, 0xb8, [15] = 1},
                                         .our_ip = {0x20, 1, 0xd, 0xb8, [15] = 9},
                                         .port = 2049};

static const struct exhibit over_unix = {.began_us = BEGAN, .path = "/x"};

/* ---- reading it again, by the text of the specification ---- */

struct packet {
    struct slice octets; /* from the IP header on */
    size_t original;     /* its length on the wire */
    uint64_t when;
    char comment[512];
    unsigned direction;
};

struct capture {
    char *file;
    size_t size;
    size_t count;
    struct packet packets[PACKETS_MAX];
};

static uint32_t le32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static unsigned le16(const uint8_t *at)
{
    return at[0] | (unsigned)at[1] << 8;
}

static unsigned be16(const uint8_t *at)
{
    return at[1] | (unsigned)at[0] << 8;
}

static uint32_t be32(const uint8_t *at)
{
    return (uint32_t)be16(at) << 16 | be16(at + 2);
}

static void read_options(struct packet *p, struct slice options)
{
    for (;;) {
        assert_true(options.len >= 4);
        unsigned code = le16(options.data);
        size_t len = le16(options.data + 2);

        if (code == 0)
            break;
        assert_true(4 + len <= options.len);
        if (code == 1)
            text_format(p->comment, sizeof(p->comment), "%.*s", (int)len,
                        (const char *)options.data + 4);
        if (code == 2)
            p->direction = le32(options.data + 4);
        options = slice_from(options, 4 + (len + 3) / 4 * 4);
    }
    assert_int_equal(options.len, 4);
}

/* Every block has its length at both ends, a multiple of four; the blocks fill the file. */
static void read_blocks(struct capture *c)
{
    struct slice rest = slice_of(c->file, c->size);

    while (rest.len > 0) {
        assert_true(rest.len >= 12);
        uint32_t type = le32(rest.data);
        size_t len = le32(rest.data + 4);

        assert_true(len % 4 == 0 && len >= 12 && len <= rest.len);
        assert_int_equal(le32(rest.data + len - 4), len);
        if (type == 6) {
            struct packet *p = &c->packets[c->count++];
            size_t captured = le32(rest.data + 20);

            assert_true(c->count <= PACKETS_MAX);
            p->when = (uint64_t)le32(rest.data + 12) << 32 | le32(rest.data + 16);
            p->original = le32(rest.data + 24);
            p->octets = slice_sub(rest, 28, captured);
            assert_int_equal(p->octets.len, captured);
            read_options(p, slice_sub(rest, 28 + (captured + 3) / 4 * 4,
                                      len - 4 - 28 - (captured + 3) / 4 * 4));
        }
        rest = slice_from(rest, len);
    }
}

/* The exhibit with these acts, written and read again. */
static void write_and_read(struct capture *c, const struct exhibit *like, const struct act *acts,
                           size_t count)
{
    struct exhibit e = *like;

    e.acts = acts;
    e.act_count = count;
    memset(c, 0, sizeof(*c));
    FILE *out = open_memstream(&c->file, &c->size);
    assert_non_null(out);
    assert_true(pcapng_write(out, &e, &words));
    assert_int_equal(fclose(out), 0);
    read_blocks(c);
}

static uint32_t add_words(struct slice octets, uint32_t sum)
{
    for (size_t i = 0; i + 1 < octets.len; i += 2)
        sum += be16(octets.data + i);
    if (octets.len % 2)
        sum += (uint32_t)octets.data[octets.len - 1] << 8;
    return sum;
}

static bool sums_up(uint32_t sum)
{
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff;
}

static size_t ip_header(const struct packet *p)
{
    return p->octets.data[0] >> 4 == 6 ? 40 : 20;
}

static struct slice segment_of(const struct packet *p)
{
    return slice_from(p->octets, ip_header(p));
}

/* The header of IPv4 sums up (RFC 791 3.1), and so does what is behind it with the addresses, the
   protocol and the length (RFC 9293 3.1, RFC 768, RFC 8200 8.1). */
static void check_sums(const struct packet *p)
{
    bool six = ip_header(p) == 40;
    struct slice segment = segment_of(p);
    struct slice addresses = six ? slice_sub(p->octets, 8, 32) : slice_sub(p->octets, 12, 8);
    uint32_t protocol = p->octets.data[six ? 6 : 9];

    if (!six)
        assert_true(sums_up(add_words(slice_sub(p->octets, 0, 20), 0)));
    assert_int_equal(six ? 40 + be16(p->octets.data + 4) : be16(p->octets.data + 2), p->original);
    if (p->octets.len == p->original)
        assert_true(
            sums_up(add_words(segment, add_words(addresses, protocol + (uint32_t)segment.len))));
}

static unsigned flags_of(const struct packet *p)
{
    return segment_of(p).data[13];
}

static uint32_t sequence_of(const struct packet *p)
{
    return be32(segment_of(p).data + 4);
}

static uint32_t acknowledged(const struct packet *p)
{
    return be32(segment_of(p).data + 8);
}

static struct slice payload_of(const struct packet *p)
{
    struct slice segment = segment_of(p);

    return slice_from(segment, (size_t)(segment.data[12] >> 4) * 4);
}

static struct act act_of(enum event_kind kind, enum who who, const char *octets, int64_t t_us)
{
    return (struct act){.t_us = t_us,
                        .who = who,
                        .kind = kind,
                        .connection = 1,
                        .length = strlen(octets),
                        .octets = slice_str(octets),
                        .what = "an act"};
}

/* ---- tests ---- */

/* A datagram and its answer, octet by octet. */
static void test_golden(void **state UNUSED)
{
    const struct act acts[] = {act_of(EVENT_OCTETS, WHO_US, "hello", 5),
                               act_of(EVENT_OCTETS, WHO_TARGET, "", 0x100000000)};
    struct exhibit e = over_ipv4;
    struct capture c;
    struct buf expected;

    e.medium = EXHIBIT_DATAGRAMS;
    write_and_read(&c, &e, acts, ARRAY_LEN(acts));
    buf_init(&expected, 1 << 12);
    /* Section Header Block: byte order, version 1.0, length unknown, comment, application */
    unit_hex(&expected, "0a0d0d0a 3c000000 4d3c2b1a 0100 0000 ffffffffffffffff"
                        "0100 0500 61626f7574000000 0400 0b00 617373617920302e312e3000"
                        "0000 0000 3c000000");
    /* Interface Description Block: LINKTYPE_RAW, no limit, name */
    unit_hex(&expected, "01000000 24000000 6500 0000 00000000 0200 0500 6173736179000000"
                        "0000 0000 24000000");
    /* Enhanced Packet Block: interface 0, 1000005 us, 33 octets: IPv4, UDP 40001 to 7, "hello" */
    unit_hex(&expected, "06000000 5c000000 00000000 00000000 45420f00 21000000 21000000"
                        "4500 0021 0000 4000 40 11 b6c1 c0000209 c0000201"
                        "9c41 0007 000d 9bae 68656c6c6f 000000"
                        "0100 0600 616e206163740000 0200 0400 02000000 0000 0000 5c000000");
    unit_hex(&expected, "06000000 5c000000 00000000 01000000 40420f00 1c000000 1c000000"
                        "4500 001c 0001 4000 40 11 b6c5 c0000201 c0000209"
                        "0007 9c41 0008 df8a"
                        "0100 0d00 616e206163740a62726f6b656e000000 0200 0400 01000000"
                        "0000 0000 5c000000");
    assert_octets(slice_of(c.file, c.size), buf_slice(&expected));
    buf_free(&expected);
    free(c.file);
}

/* The life of a connection: handshake, octets both ways, ends; numbers and sums are right. */
static void converse(const struct exhibit *like)
{
    const struct act acts[] = {
        act_of(EVENT_OPENED, WHO_US, "", 1),         act_of(EVENT_OCTETS, WHO_US, "question", 2),
        act_of(EVENT_OCTETS, WHO_TARGET, "odd", 3),  act_of(EVENT_ENDED, WHO_US, "", 4),
        act_of(EVENT_OCTETS, WHO_TARGET, "more", 5), act_of(EVENT_ENDED, WHO_TARGET, "", 6),
        act_of(EVENT_CLOSED, WHO_US, "", 7),
    };
    static const unsigned flags[] = {0x02, 0x12, 0x10, 0x18, 0x18, 0x11, 0x10, 0x18, 0x11, 0x10};
    struct capture c;

    write_and_read(&c, like, acts, ARRAY_LEN(acts));
    assert_int_equal(c.count, ARRAY_LEN(flags));
    for (size_t i = 0; i < c.count; i++) {
        check_sums(&c.packets[i]);
        assert_row(i, flags_of(&c.packets[i]) == flags[i]);
    }
    assert_int_equal(be16(segment_of(&c.packets[0]).data), 40001);
    assert_int_equal(be16(segment_of(&c.packets[0]).data + 2), like->ip_len ? like->port : 1);
    uint32_t ours = sequence_of(&c.packets[0]);
    uint32_t its = sequence_of(&c.packets[1]);
    assert_int_equal(acknowledged(&c.packets[1]), ours + 1);
    assert_int_equal(sequence_of(&c.packets[3]), ours + 1);
    assert_int_equal(acknowledged(&c.packets[4]), ours + 9);
    assert_octets(payload_of(&c.packets[4]), slice_str("odd"));
    assert_int_equal(acknowledged(&c.packets[5]), its + 4);
    assert_int_equal(acknowledged(&c.packets[6]), ours + 10); /* the FIN counts */
    assert_int_equal(sequence_of(&c.packets[7]), its + 4);
    assert_int_equal(acknowledged(&c.packets[9]), its + 9);
    assert_int_equal(c.packets[4].when, BEGAN + 3);
    assert_int_equal(c.packets[3].direction, 2);
    assert_int_equal(c.packets[4].direction, 1);
    assert_string_equal(c.packets[0].comment, "an act");
    free(c.file);
}

static void test_connections(void **state UNUSED)
{
    converse(&over_ipv4);
    converse(&over_ipv6);
    converse(&over_unix);
}

/* A client under test connects to us. */
static void test_we_serve(void **state UNUSED)
{
    const struct act acts[] = {act_of(EVENT_OPENED, WHO_TARGET, "", 1),
                               act_of(EVENT_OCTETS, WHO_TARGET, "ask", 2),
                               act_of(EVENT_RESET, WHO_US, "", 3)};
    struct exhibit e = over_ipv4;
    struct capture c;

    e.we_serve = true;
    write_and_read(&c, &e, acts, ARRAY_LEN(acts));
    assert_int_equal(c.count, 5);
    assert_int_equal(be16(segment_of(&c.packets[3]).data), 40001);
    assert_octets(slice_sub(c.packets[3].octets, 12, 4), slice_of(over_ipv4.target_ip, 4));
    assert_int_equal(flags_of(&c.packets[4]) & RST, RST);
    assert_int_equal(be16(segment_of(&c.packets[4]).data), 7);
    assert_string_equal(c.packets[4].comment, "an act\nbroken");
    free(c.file);
}

/* Fewer octets than there were: the captured length is smaller, and numbers count them all. */
static void test_cut(void **state UNUSED)
{
    struct act acts[] = {act_of(EVENT_OCTETS, WHO_US, "begin", 1),
                         act_of(EVENT_OCTETS, WHO_US, "behind", 2)};
    struct capture c;

    acts[0].length = 150000;
    write_and_read(&c, &over_ipv4, acts, ARRAY_LEN(acts));
    assert_int_equal(c.count, 3 + 3 + 1);
    assert_octets(payload_of(&c.packets[3]), slice_str("begin"));
    assert_int_equal(c.packets[3].original, 20 + 20 + 65000);
    assert_int_equal(payload_of(&c.packets[4]).len, 0);
    assert_int_equal(c.packets[5].original, 20 + 20 + 20000);
    assert_int_equal(sequence_of(&c.packets[6]), sequence_of(&c.packets[3]) + 150000);
    for (size_t i = 0; i < c.count; i++)
        check_sums(&c.packets[i]);
    free(c.file);
}

/* Ends in any order, twice, or without an opening: never more than one FIN or RST of a side. */
static void test_odd_ends(void **state UNUSED)
{
    const struct act acts[] = {
        act_of(EVENT_ENDED, WHO_TARGET, "", 1), act_of(EVENT_ENDED, WHO_TARGET, "", 2),
        act_of(EVENT_RESET, WHO_TARGET, "", 3), act_of(EVENT_RESET, WHO_TARGET, "", 4),
        act_of(EVENT_CLOSED, WHO_US, "", 5),    act_of(EVENT_WORDS, WHO_KIT, "", 6),
    };
    struct capture c;

    write_and_read(&c, &over_ipv4, acts, ARRAY_LEN(acts));
    assert_int_equal(c.count, 3 + 2 + 1);
    assert_int_equal(flags_of(&c.packets[3]) & FIN, FIN);
    assert_int_equal(flags_of(&c.packets[5]) & RST, RST);
    free(c.file);
}

/* Urgent octets say so; a record that is empty is a packet with its words. */
static void test_odd_octets(void **state UNUSED)
{
    struct act acts[] = {act_of(EVENT_OCTETS, WHO_US, "!", 1),
                         act_of(EVENT_OCTETS, WHO_TARGET, "", 2)};
    struct exhibit e = over_unix;
    struct capture c;

    e.medium = EXHIBIT_RECORDS;
    acts[0].flags = ACT_URGENT;
    write_and_read(&c, &e, acts, ARRAY_LEN(acts));
    assert_int_equal(c.count, 3 + 2);
    assert_int_equal(flags_of(&c.packets[3]) & 0x20, 0x20);
    assert_int_equal(be16(segment_of(&c.packets[3]).data + 18), 1);
    assert_int_equal(payload_of(&c.packets[4]).len, 0);
    free(c.file);
}

/* Words of a target are UTF-8 in a comment, whatever they were; numbers that are too large, and
   no acts at all, are no trouble. */
static void test_hostile(void **state UNUSED)
{
    struct act acts[] = {act_of(EVENT_OCTETS, WHO_TARGET, "x", -5),
                         act_of(EVENT_OCTETS, WHO_TARGET, "y", INT64_MAX / 2)};
    struct capture c;

    acts[0].what = "\xff\xfe\x1b[2J";
    acts[1].connection = UINT32_MAX;
    write_and_read(&c, &over_ipv4, acts, ARRAY_LEN(acts));
    assert_int_equal(c.count, 4);
    assert_string_equal(c.packets[3].comment, "\\xff\\xfe\\x1b[2J");
    free(c.file);
    write_and_read(&c, &over_ipv4, acts, 0);
    assert_int_equal(c.count, 0);
    free(c.file);
}

/* A disk that is full shows in the stream. */
static void test_full(void **state UNUSED)
{
    const struct act acts[] = {act_of(EVENT_OCTETS, WHO_US, "x", 1)};
    struct exhibit e = over_ipv4;
    FILE *out = fopen("/dev/full", "we");

    e.acts = acts;
    e.act_count = 1;
    assert_non_null(out);
    assert_true(pcapng_write(out, &e, &words));
    assert_int_not_equal(fflush(out), 0);
    fclose(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),   cmocka_unit_test(test_connections),
        cmocka_unit_test(test_we_serve), cmocka_unit_test(test_cut),
        cmocka_unit_test(test_odd_ends), cmocka_unit_test(test_odd_octets),
        cmocka_unit_test(test_hostile),  cmocka_unit_test(test_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
