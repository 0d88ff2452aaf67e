/*
 * A conversation in datagrams with libtirpc's svc_dg: each record of the case is one. It is led
 * two times, with other octets in the buffer of the server in front of it: nothing may depend on
 * them.
 */
#include <string.h>

#include "fuzz/case/case.h"
#include "fuzz/oracle/finding.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/target.h"
#include "fuzz/tirpc/datagram.h"
#include "fuzz/tirpc/gss.h"
#include "fuzz/tirpc/service.h"

enum { NULL_XID = 0x6e756c6c, REPLIES_OCTETS = 1 << 18 };

static struct judge judge;
static struct case_reader reader;
static struct datagram_replies replies;

/* All replies of the first conversation, one behind the other. */
static struct {
    size_t used;
    uint8_t octets[REPLIES_OCTETS];
} first;

static void open_datagram(void)
{
    datagram_open(service_rules.prog, service_rules.vers, msgprog_2);
}

static void keep(struct slice reply)
{
    size_t len = size_min(reply.len, sizeof(first.octets) - first.used);

    if (len)
        memcpy(first.octets + first.used, reply.data, len);
    first.used += len;
}

static struct slice reply_at(size_t number)
{
    return slice_of(replies.octets[number], replies.lengths[number]);
}

/*
 * A datagram that ends within its call is judged, and nothing behind it: where the server has
 * completed it by octets of another one, nobody knows what it has stored.
 */
static bool call_first(struct slice message)
{
    if (message.len > DATAGRAM_MAX || gss_withheld(message) || !judge_call(&judge, message))
        return false;
    bool cut = judge.calls[judge.count - 1].cut;

    if (cut)
        finding_about("the datagram ends within the call");
    datagram_call(message, &replies);
    for (size_t i = 0; i < size_min(replies.count, DATAGRAM_REPLIES_MAX); i++) {
        judge_reply(&judge, reply_at(i));
        keep(reply_at(i));
    }
    if (replies.count > DATAGRAM_REPLIES_MAX)
        finding_tell(ORACLE_REPLIES, "%zu replies to one call", replies.count);
    return !cut;
}

static void talk_first(struct slice input)
{
    struct slice message;

    first.used = 0;
    service_reset();
    datagram_wash(0);
    judge_begin(&judge, &service_rules);
    case_open(&reader, input);
    while (case_next(&reader, &message) && call_first(message))
        continue;
    judge_end(&judge);
}

/* The same calls over a buffer full of ones. */
static void talk_again(struct slice input)
{
    struct slice message;
    size_t at = 0;
    bool same = true;

    service_reset();
    datagram_wash(0xff);
    case_open(&reader, input);
    for (size_t n = 0; n < judge.count && case_next(&reader, &message); n++) {
        datagram_call(message, &replies);
        for (size_t i = 0; i < size_min(replies.count, DATAGRAM_REPLIES_MAX); i++) {
            struct slice was = slice_sub(slice_of(first.octets, first.used), at, reply_at(i).len);

            same &= slice_eq(was, reply_at(i));
            at += was.len;
        }
    }
    if (!same || at != first.used)
        finding_tell(ORACLE_STALE, "other replies with other octets in the server's buffer");
}

/* Whatever came before, procedure 0 is answered afterwards. */
static void call_null(void)
{
    static const uint8_t null_call[] = {
        'n', 'u', 'l', 'l', 0, 0, 0, 0, 0, 0, 0, 2, 0, 5, 0x46, 0x4e, 0, 0, 0, 2,
        0,   0,   0,   0,   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0,    0, 0, 0, 0,
    };
    struct onc_reply reply;
    struct wire_in in;

    datagram_call(slice_of(null_call, sizeof(null_call)), &replies);
    wire_open(&in, replies.count ? reply_at(0) : slice_of(NULL, 0));
    if (replies.count != 1 || !onc_read_reply(&in, &reply) || reply.xid != NULL_XID ||
        answer_of(&reply) != ANSWER_SUCCESS)
        finding_tell(ORACLE_ALIVE, "%zu replies to a NULL call after the case", replies.count);
}

static void run_datagram(struct slice input)
{
    talk_first(input);
    talk_again(input);
    finding_about(NULL);
    call_null();
}

const struct fuzz_target fuzz_target_tirpc_datagram = {
    .name = "tirpc-datagram",
    .what = "libtirpc's datagrams (svc_dg) over a Unix socket: each record is one",
    .form = FUZZ_CALLS,
    .max = 4096,
    .memory = 16384,
    .memory_per_octet = 16,
    .stack = 65536,
    .open = open_datagram,
    .run = run_datagram,
};
