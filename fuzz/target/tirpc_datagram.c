/*
 * A conversation in datagrams with libtirpc's svc_dg: each record of the case is one. It is led
 * two times, with other octets in the buffer of the server in front of it: nothing may depend on
 * them.
 */
#include <string.h>

#include "fuzz/case/case.h"
#include "fuzz/oracle/alive.h"
#include "fuzz/oracle/finding.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/target.h"
#include "fuzz/tirpc/datagram.h"
#include "fuzz/tirpc/gss.h"
#include "fuzz/tirpc/service.h"

enum { REPLIES_OCTETS = 1 << 18 };

static const char about_cut[] = "the datagram ends within the call";

static struct judge judge;
static struct case_reader reader;
static struct datagram_replies replies;

/* All replies of the first conversation, one behind the other. */
static struct {
    size_t used;
    size_t ends[JUDGE_CALLS_MAX]; /* of what each call got */
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
        finding_about(about_cut);
    datagram_call(message, &replies);
    for (size_t i = 0; i < size_min(replies.count, DATAGRAM_REPLIES_MAX); i++) {
        judge_reply(&judge, reply_at(i));
        keep(reply_at(i));
    }
    judge_end(&judge);
    first.ends[judge.count - 1] = first.used;
    if (replies.count > DATAGRAM_REPLIES_MAX)
        finding_tell(ORACLE_REPLIES, "%zu replies to one call", replies.count);
    finding_about(NULL);
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
}

/* Whether the replies that are there are those that call `number` got before. */
static bool same_replies(size_t number)
{
    size_t at = number ? first.ends[number - 1] : 0;
    struct slice was = slice_sub(slice_of(first.octets, first.used), at, first.ends[number] - at);

    for (size_t i = 0; i < size_min(replies.count, DATAGRAM_REPLIES_MAX); i++) {
        struct slice reply = reply_at(i);

        if (!slice_starts(was, reply))
            return false;
        was = slice_from(was, reply.len);
    }
    return was.len == 0;
}

/* The same calls over a buffer full of ones. */
static void talk_again(struct slice input)
{
    struct slice message;

    service_reset();
    datagram_wash(0xff);
    case_open(&reader, input);
    for (size_t n = 0; n < judge.count && case_next(&reader, &message); n++) {
        finding_about(judge.calls[n].cut ? about_cut : NULL);
        datagram_call(message, &replies);
        if (!same_replies(n))
            finding_tell(ORACLE_STALE, "another reply with other octets in the server's buffer");
    }
    finding_about(NULL);
}

static void call_null(void)
{
    datagram_call(alive_call(), &replies);
    alive_judge(replies.count, reply_at(0), "as a datagram");
}

static void run_datagram(struct slice input)
{
    talk_first(input);
    talk_again(input);
    call_null();
    gss_end();
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
