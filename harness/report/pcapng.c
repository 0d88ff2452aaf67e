/* A capture file that is made up around the octets of a transcript. */
#include "harness/report/pcapng.h"

#include <stdlib.h>
#include <string.h>

enum {
    /* draft-ietf-opsawg-pcapng: block types and options */
    SECTION_HEADER = 0x0a0d0d0a,   /* 4.1 */
    INTERFACE_DESCRIPTION = 1,     /* 4.2 */
    ENHANCED_PACKET = 6,           /* 4.3 */
    BYTE_ORDER_MAGIC = 0x1a2b3c4d, /* 4.1 */
    LINKTYPE_RAW = 101,            /* draft-ietf-opsawg-pcaplinktype */
    OPT_END = 0,                   /* 3.5 */
    OPT_COMMENT = 1,               /* 3.5 */
    OPT_IF_NAME = 2,               /* 4.2 */
    OPT_SHB_USERAPPL = 4,          /* 4.1 */
    OPT_EPB_FLAGS = 2,             /* 4.3: bits 0 and 1 are the direction */
    INBOUND = 1,
    OUTBOUND = 2,

    IP_TCP = 6,
    IP_UDP = 17,
    HOPS = 64,
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    UDP_HEADER = 8,

    /* RFC 9293 3.1: control bits */
    FIN = 1,
    SYN = 2,
    RST = 4,
    PSH = 8,
    ACK = 16,
    URG = 32,
    WINDOW = 65535,

    PIECE_MAX = 65000,
    DATAGRAM_MAX = 65507,
    BLOCK_MAX = 1 << 18,
    COMMENT_MAX = 4096,
    PORT_OF_OTHERS = 40000,
    PORTS_OF_OTHERS = 25000,
    NUMBERS_MAX = 1 << 16,
    FIRST_SEQUENCE = 1000000, /* of the side that connects; the other's is twice that */
};

/* RFC 9293 3.7.1 and RFC 7323 2.2: a segment size of 65495, and windows in units of 128, so that
   what nobody has acknowledged yet always fits. */
static const uint8_t syn_options[] = {2, 4, 0xff, 0xd7, 1, 3, 3, 7};

/* The two ends of a connection: 0 connected, 1 serves. */
struct link {
    bool opened;
    bool reset;
    bool ended[2];
    uint32_t next[2];
};

struct writer {
    FILE *out;
    const struct exhibit *e;
    struct link *links;
    size_t link_count;
    struct buf segment; /* TCP or UDP header, and octets */
    struct buf block;
    struct buf comment;
    uint16_t packets;
    bool failed;
};

/* One packet on its way. */
struct packet {
    const struct act *act;
    unsigned from; /* 0 or 1 */
    unsigned flags;
    uint16_t urgent;
    struct slice octets;
    size_t length; /* how many octets there were */
    const char *comment;
};

/* ---- blocks (draft-ietf-opsawg-pcapng 3.1); in little endian ---- */

static void put16(struct buf *b, unsigned value)
{
    buf_put_byte(b, (uint8_t)value);
    buf_put_byte(b, (uint8_t)(value >> 8));
}

static void put32(struct buf *b, uint32_t value)
{
    put16(b, value & 0xffff);
    put16(b, value >> 16);
}

static void pad(struct buf *b)
{
    while (b->len % 4 != 0 && !b->failed)
        buf_put_byte(b, 0);
}

static void begin_block(struct buf *b, uint32_t type)
{
    buf_reset(b);
    put32(b, type);
    put32(b, 0); /* the length, see end_block */
}

static void put_option(struct buf *b, unsigned code, struct slice value)
{
    put16(b, code);
    put16(b, (unsigned)value.len);
    buf_put(b, value);
    pad(b);
}

static void end_block(struct writer *w)
{
    struct buf *b = &w->block;

    put16(b, OPT_END);
    put16(b, 0);
    put32(b, (uint32_t)b->len + 4);
    w->failed |= b->failed;
    if (b->failed)
        return;
    memcpy(b->data + 4, b->data + b->len - 4, 4);
    fwrite(b->data, 1, b->len, w->out);
}

/* Comments are UTF-8 (3.5); what a target has said may be anything. */
static void put_plain(struct buf *b, const char *text)
{
    for (; *text; text++) {
        uint8_t octet = (uint8_t)*text;

        if (octet == '\n' || (octet >= 0x20 && octet < 0x7f))
            buf_put_byte(b, octet);
        else
            buf_printf(b, "\\x%02x", octet);
    }
}

static void put_comment(struct writer *w, const char *text)
{
    if (!text || !*text)
        return;
    buf_reset(&w->comment);
    put_plain(&w->comment, text);
    put_option(&w->block, OPT_COMMENT, buf_slice(&w->comment));
}

static void put_head(struct writer *w, const char *about)
{
    begin_block(&w->block, SECTION_HEADER);
    put32(&w->block, BYTE_ORDER_MAGIC);
    put16(&w->block, 1); /* version 1.0 */
    put16(&w->block, 0);
    put32(&w->block, 0xffffffff); /* the section's length is not told */
    put32(&w->block, 0xffffffff);
    put_comment(w, about);
    put_option(&w->block, OPT_SHB_USERAPPL, slice_str(REPORT_TOOL " " REPORT_VERSION));
    end_block(w);

    begin_block(&w->block, INTERFACE_DESCRIPTION);
    put16(&w->block, LINKTYPE_RAW);
    put16(&w->block, 0);
    put32(&w->block, 0); /* no limit to a packet */
    put_option(&w->block, OPT_IF_NAME, slice_str(REPORT_TOOL));
    end_block(w);
}

/* ---- headers; in big endian ---- */

static void put_be16(struct buf *b, unsigned value)
{
    buf_put_byte(b, (uint8_t)(value >> 8));
    buf_put_byte(b, (uint8_t)value);
}

/* RFC 1071: the sum of 16-bit words in ones' complement, not yet complemented. */
static uint32_t sum_of(struct slice octets, uint32_t sum)
{
    for (size_t i = 0; i < octets.len; i++)
        sum += i % 2 == 0 ? (uint32_t)octets.data[i] << 8 : octets.data[i];
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static void set_checksum(struct buf *b, size_t at, uint32_t sum)
{
    if (b->failed)
        return;
    b->data[at] = (uint8_t)(~sum >> 8);
    b->data[at + 1] = (uint8_t)~sum;
}

static struct slice ip_of(const struct writer *w, unsigned side)
{
    static const uint8_t loopback[] = {127, 0, 0, 1};
    bool ours = (side == 1) == w->e->we_serve;

    if (w->e->ip_len == 0)
        return slice_of(loopback, sizeof(loopback));
    return slice_of(ours ? w->e->our_ip : w->e->target_ip, w->e->ip_len);
}

static unsigned port_of(const struct writer *w, unsigned side, unsigned connection)
{
    unsigned place = w->e->ip_len ? w->e->port : 1;

    return side == 1 ? place : PORT_OF_OTHERS + connection % PORTS_OF_OTHERS;
}

/* RFC 9293 3.1, RFC 768, RFC 8200 8.1: both addresses, the length and the protocol. */
static uint32_t pseudo_header(const struct writer *w, size_t length, unsigned protocol)
{
    uint32_t sum = sum_of(ip_of(w, 0), sum_of(ip_of(w, 1), 0));

    return sum + protocol + (uint32_t)(length >> 16) + (uint32_t)(length & 0xffff);
}

/* RFC 9293 3.1. What is missing of the octets counts as zeros in the checksum: nobody who has the
   packet could verify it. */
static void put_tcp(struct writer *w, const struct packet *p, const struct link *l)
{
    struct buf *b = &w->segment;
    bool syn = p->flags & SYN;
    size_t words = 5 + (syn ? sizeof(syn_options) / 4 : 0);

    put_be16(b, port_of(w, p->from, p->act->connection));
    put_be16(b, port_of(w, !p->from, p->act->connection));
    buf_put_u32(b, l->next[p->from]);
    buf_put_u32(b, p->flags & ACK ? l->next[!p->from] : 0);
    buf_put_byte(b, (uint8_t)(words << 4));
    buf_put_byte(b, (uint8_t)p->flags);
    put_be16(b, WINDOW);
    put_be16(b, 0); /* the checksum */
    put_be16(b, p->urgent);
    if (syn)
        buf_put(b, slice_of(syn_options, sizeof(syn_options)));
    buf_put(b, p->octets);
    set_checksum(b, 16, sum_of(buf_slice(b), pseudo_header(w, words * 4 + p->length, IP_TCP)));
}

/* RFC 768. A checksum of zero would mean that there is none. */
static void put_udp(struct writer *w, const struct packet *p)
{
    struct buf *b = &w->segment;
    size_t length = UDP_HEADER + p->length;

    put_be16(b, port_of(w, p->from, p->act->connection));
    put_be16(b, port_of(w, !p->from, p->act->connection));
    put_be16(b, (unsigned)length);
    put_be16(b, 0);
    buf_put(b, p->octets);
    uint32_t sum = sum_of(buf_slice(b), pseudo_header(w, length, IP_UDP));
    set_checksum(b, 6, sum == 0xffff ? 0 : sum);
}

static void put_ip(struct writer *w, const struct packet *p, unsigned protocol, size_t length)
{
    struct buf *b = &w->block;
    size_t at = b->len;

    if (w->e->ip_len == EXHIBIT_IP_MAX) { /* RFC 8200 3 */
        buf_put_u32(b, 0x60000000);
        put_be16(b, (unsigned)length);
        buf_put_byte(b, (uint8_t)protocol);
        buf_put_byte(b, HOPS);
    } else { /* RFC 791 3.1 */
        put_be16(b, 0x4500);
        put_be16(b, (unsigned)(IPV4_HEADER + length));
        put_be16(b, w->packets);
        put_be16(b, 0x4000); /* not to be fragmented */
        buf_put_byte(b, HOPS);
        buf_put_byte(b, (uint8_t)protocol);
        put_be16(b, 0);
    }
    buf_put(b, ip_of(w, p->from));
    buf_put(b, ip_of(w, !p->from));
    if (w->e->ip_len != EXHIBIT_IP_MAX)
        set_checksum(b, at + 10, sum_of(slice_from(buf_slice(b), at), 0));
}

/* ---- packets ---- */

static void put_packet(struct writer *w, const struct packet *p, struct link *l)
{
    bool tcp = w->e->medium != EXHIBIT_DATAGRAMS;
    bool ours = (p->from == 1) == w->e->we_serve;
    uint64_t when = (uint64_t)(w->e->began_us + p->act->t_us);
    uint8_t direction[4] = {ours ? OUTBOUND : INBOUND};

    buf_reset(&w->segment);
    if (tcp)
        put_tcp(w, p, l);
    else
        put_udp(w, p);
    size_t header = w->segment.len - p->octets.len;
    size_t ip = w->e->ip_len == EXHIBIT_IP_MAX ? IPV6_HEADER : IPV4_HEADER;
    begin_block(&w->block, ENHANCED_PACKET);
    put32(&w->block, 0); /* the interface */
    put32(&w->block, (uint32_t)(when >> 32));
    put32(&w->block, (uint32_t)when);
    put32(&w->block, (uint32_t)(ip + w->segment.len));
    put32(&w->block, (uint32_t)(ip + header + p->length));
    put_ip(w, p, tcp ? IP_TCP : IP_UDP, header + p->length);
    buf_put(&w->block, buf_slice(&w->segment));
    pad(&w->block);
    put_comment(w, p->comment);
    put_option(&w->block, OPT_EPB_FLAGS, slice_of(direction, sizeof(direction)));
    w->failed |= w->segment.failed;
    end_block(w);
    w->packets++;
    if (tcp)
        l->next[p->from] +=
            (uint32_t)p->length + (p->flags & SYN ? 1 : 0) + (p->flags & FIN ? 1 : 0);
}

/* A packet without octets. */
static void put_control(struct writer *w, const struct act *act, unsigned from, unsigned flags,
                        const char *comment)
{
    struct packet p = {.act = act, .from = from, .flags = flags, .comment = comment};

    put_packet(w, &p, &w->links[act->connection]);
}

/* RFC 9293 3.5 */
static void put_opening(struct writer *w, const struct act *act, const char *comment)
{
    struct link *l = &w->links[act->connection];

    if (l->opened)
        return;
    l->opened = true;
    l->next[0] = FIRST_SEQUENCE;
    l->next[1] = 2 * FIRST_SEQUENCE;
    put_control(w, act, 0, SYN, comment);
    put_control(w, act, 1, SYN | ACK, NULL);
    put_control(w, act, 0, ACK, NULL);
}

static void put_octets(struct writer *w, const struct act *act, unsigned from, const char *comment)
{
    size_t piece = w->e->medium == EXHIBIT_DATAGRAMS ? DATAGRAM_MAX : PIECE_MAX;
    size_t at = 0;

    do {
        bool last = act->length - at <= piece;
        bool urgent = act->flags & ACT_URGENT && last;
        struct packet p = {.act = act,
                           .from = from,
                           .flags = ACK | (last ? PSH : 0U) | (urgent ? URG : 0U),
                           .urgent = (uint16_t)(urgent ? act->length - at : 0),
                           .length = size_min(act->length - at, piece),
                           .comment = at == 0 ? comment : "the same continued"};

        p.octets = slice_sub(act->octets, at, p.length);
        put_packet(w, &p, &w->links[act->connection]);
        at += p.length;
    } while (at < act->length);
}

/* RFC 9293 3.6; the other side says that it has seen it. */
static void put_end(struct writer *w, const struct act *act, unsigned from, const char *comment)
{
    struct link *l = &w->links[act->connection];

    if (l->reset || l->ended[from])
        return;
    l->ended[from] = true;
    put_control(w, act, from, FIN | ACK, comment);
    put_control(w, act, !from, ACK, NULL);
}

static void put_reset(struct writer *w, const struct act *act, unsigned from, const char *comment)
{
    struct link *l = &w->links[act->connection];

    if (l->reset)
        return;
    if (act->flags & ACT_ENDS)
        put_end(w, act, from, NULL);
    l->reset = true;
    put_control(w, act, from, RST | ACK, comment);
}

/* A connection that was there before anything was told of it opens with its first act. Datagrams
   have no openings and ends. */
static void put_act(struct writer *w, const struct act *act, const char *comment)
{
    unsigned from = (act->who == WHO_US) == w->e->we_serve;
    bool opens = act->kind == EVENT_OPENED;

    if (act->connection == 0 || act->connection >= w->link_count || act->kind == EVENT_WORDS)
        return;
    if (w->e->medium == EXHIBIT_DATAGRAMS) {
        if (act->kind == EVENT_OCTETS)
            put_octets(w, act, from, comment);
        return;
    }
    put_opening(w, act, opens ? comment : NULL);
    if (act->kind == EVENT_OCTETS)
        put_octets(w, act, from, comment);
    else if (act->kind == EVENT_RESET)
        put_reset(w, act, from, comment);
    else if (!opens)
        put_end(w, act, from, comment);
}

/* The last act is the one behind which the claim was broken. */
static void put_acts(struct writer *w, const char *broken)
{
    struct buf words;

    buf_init(&words, COMMENT_MAX);
    size_t last = w->e->act_count;

    while (last > 0 && w->e->acts[last - 1].kind == EVENT_WORDS)
        last--;
    for (size_t i = 0; i < last && !w->failed; i++) {
        const struct act *act = &w->e->acts[i];

        buf_reset(&words);
        buf_put_str(&words, act->what);
        if (i + 1 == last && w->e->acts_lost == 0 && broken)
            buf_printf(&words, "\n%s", broken);
        put_act(w, act, buf_text(&words));
    }
    buf_free(&words);
}

bool pcapng_write(FILE *out, const struct exhibit *e, const struct pcapng_words *words)
{
    struct writer w = {.out = out, .e = e};

    for (size_t i = 0; i < e->act_count; i++)
        w.link_count = size_max(w.link_count, (size_t)e->acts[i].connection + 1);
    w.link_count = size_min(w.link_count, NUMBERS_MAX);
    w.links = calloc(w.link_count + 1, sizeof(*w.links));
    buf_init(&w.segment, BLOCK_MAX);
    buf_init(&w.block, BLOCK_MAX);
    buf_init(&w.comment, COMMENT_MAX * 4);
    w.failed = !w.links;
    if (!w.failed) {
        put_head(&w, words->about);
        put_acts(&w, words->broken);
    }
    buf_free(&w.comment);
    buf_free(&w.block);
    buf_free(&w.segment);
    free(w.links);
    return !w.failed;
}
