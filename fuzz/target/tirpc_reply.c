/*
 * What the clients of libtirpc make of a hostile server: the replies of the case go to a call of
 * SAVEMSG and to one of READMSG, over a stream (clnt_vc) and, record by record, in datagrams
 * (clnt_dg). The status and the result of each are compared with what our own codec reads in the
 * same octets.
 */
#include <string.h>

#include "fuzz/case/case.h"
#include "fuzz/oracle/accepted.h"
#include "fuzz/oracle/finding.h"
#include "fuzz/target.h"
#include "fuzz/tirpc/client.h"
#include "fuzz/tirpc/service.h"
#include "harness/rpc/onc.h"
#include "harness/rpc/record.h"

/* What one message is to the call. */
enum reading {
    READING_OTHER,  /* no reply to it */
    READING_BROKEN, /* a reply to it by its xid, which cannot be read */
    READING_WHOLE,
};

struct reply {
    enum clnt_stat status;
    int32_t number;
    struct slice text;
    struct slice message;
};

static struct case_reader reader;
static struct client_result result;

static void open_reply(void)
{
    client_open(service_rules.prog, service_rules.vers);
}

/* ---- our own reading ---- */

static enum clnt_stat read_results(struct wire_in *in, enum client_proc proc, struct reply *ret)
{
    if (proc == CLIENT_SAVEMSG)
        ret->number = wire_int(in, "number");
    else
        ret->text = wire_string(in, "text", CLIENT_TEXT_MAX);
    return wire_ok(in) ? RPC_SUCCESS : RPC_CANTDECODERES;
}

static enum reading read_accepted(struct wire_in *in, enum client_proc proc, struct reply *ret)
{
    static const enum clnt_stat statuses[] = {
        [ONC_PROG_UNAVAIL] = RPC_PROGUNAVAIL, [ONC_PROG_MISMATCH] = RPC_PROGVERSMISMATCH,
        [ONC_PROC_UNAVAIL] = RPC_PROCUNAVAIL, [ONC_GARBAGE_ARGS] = RPC_CANTDECODEARGS,
        [ONC_SYSTEM_ERR] = RPC_SYSTEMERROR,
    };

    wire_uint(in, "verf.flavor");
    wire_opaque(in, "verf.body", ONC_AUTH_BODY_MAX);
    uint32_t accept_stat = wire_uint(in, "accept_stat");
    if (accept_stat == ONC_PROG_MISMATCH) {
        wire_uint(in, "low");
        wire_uint(in, "high");
    }
    if (!wire_ok(in))
        return READING_BROKEN;
    if (accept_stat == ONC_SUCCESS)
        ret->status = read_results(in, proc, ret);
    else
        ret->status = accept_stat < ARRAY_LEN(statuses) ? statuses[accept_stat] : RPC_FAILED;
    return READING_WHOLE;
}

static enum reading read_denied(struct wire_in *in, struct reply *ret)
{
    uint32_t reject_stat = wire_uint(in, "reject_stat");

    wire_uint(in, "low or auth_stat");
    if (reject_stat == ONC_RPC_MISMATCH)
        wire_uint(in, "high");
    ret->status = reject_stat == ONC_RPC_MISMATCH ? RPC_VERSMISMATCH : RPC_AUTHERROR;
    return wire_ok(in) && reject_stat <= ONC_AUTH_ERROR ? READING_WHOLE : READING_BROKEN;
}

/* Reads as far as a client has to, and forgives what it may. */
static enum reading read_reply(struct slice message, enum client_proc proc, struct reply *ret)
{
    struct wire_in in;

    wire_open(&in, message);
    in.forgives = true;
    *ret = (struct reply){.number = CLIENT_NO_NUMBER, .message = message};
    if (wire_uint(&in, "xid") != CLIENT_XID || !wire_ok(&in))
        return READING_OTHER;
    uint32_t type = wire_uint(&in, "msg_type");
    uint32_t reply_stat = wire_uint(&in, "reply_stat");
    if (!wire_ok(&in) || type != ONC_REPLY || reply_stat > ONC_MSG_DENIED)
        return READING_BROKEN;
    return reply_stat == ONC_MSG_ACCEPTED ? read_accepted(&in, proc, ret) : read_denied(&in, ret);
}

/*
 * The reply that ends the call. Over a stream a client goes on with the next record where one
 * cannot be read, and nothing is left at the end; in datagrams it gives up, and behind those of the
 * case there is a SYSTEM_ERR.
 */
static struct reply read_case(struct slice input, enum client_proc proc, bool stream)
{
    struct reply reply = {.number = CLIENT_NO_NUMBER};
    struct slice message;

    case_open(&reader, input);
    while (case_next(&reader, &message)) {
        enum reading reading = read_reply(message, proc, &reply);

        if (reading == READING_WHOLE)
            return reply;
        if (reading == READING_BROKEN && !stream)
            return (struct reply){.status = RPC_CANTDECODERES, .number = CLIENT_NO_NUMBER};
    }
    return (struct reply){
        .status = stream ? RPC_CANTRECV : RPC_SYSTEMERROR,
        .number = CLIENT_NO_NUMBER,
    };
}

/* ---- what is known to go wrong ---- */

/* Messages of the case, that of a record that does not end included. */
struct odd {
    bool early;    /* the begin of a record that does not end may be taken for a reply */
    bool verifier; /* one has a verifier with a body: who reads that allocates it */
};

static void look_at(struct slice message, struct odd *ret)
{
    struct wire_in in;

    wire_open(&in, message);
    wire_uint(&in, "xid");
    uint32_t type = wire_uint(&in, "msg_type");
    uint32_t reply_stat = wire_uint(&in, "reply_stat");
    wire_uint(&in, "verf.flavor");
    ret->verifier |=
        wire_uint(&in, "verf.length") > 0 && type == ONC_REPLY && reply_stat == ONC_MSG_ACCEPTED;
}

static struct odd look_at_case(struct slice input)
{
    static const struct record_limits no_limits = {SIZE_MAX, SIZE_MAX, SIZE_MAX};
    struct odd odd = {.early = false};
    struct record_in record;
    struct reply reply;
    size_t used = 0;

    record_open(&record, &no_limits);
    for (; input.len; input = slice_from(input, used)) {
        record_feed(&record, input, &used);
        look_at(record_message(&record), &odd);
    }
    odd.early = record.state == RECORD_MORE &&
                read_reply(record_message(&record), CLIENT_SAVEMSG, &reply) != READING_OTHER;
    record_close(&record);
    return odd;
}

/* ---- judging ---- */

/* What our strict codec refuses in a reply that libtirpc takes has to be a place of the list. */
static void judge_strictness(const struct reply *reply, enum client_proc proc)
{
    struct onc_reply strict;
    struct wire_in in;

    wire_open(&in, reply->message);
    if (onc_read_reply(&in, &strict) && strict.reply_stat == ONC_MSG_ACCEPTED &&
        strict.accept_stat == ONC_SUCCESS && reply->status == RPC_SUCCESS) {
        wire_open(&in, strict.results);
        if (proc == CLIENT_SAVEMSG)
            wire_int(&in, "number");
        else
            wire_string(&in, "text", CLIENT_TEXT_MAX);
        wire_end(&in, "results");
    }
    if (!wire_ok(&in) && !accepted_fault("reply", &in))
        finding_tell(ORACLE_DIFFERENCE, "taken for a reply, but %s: %s (%s)", in.field, in.text,
                     in.rule);
}

/* A string of C ends at its first NUL. */
static struct slice text_of(const struct reply *reply)
{
    const uint8_t *end = reply->text.len ? memchr(reply->text.data, 0, reply->text.len) : NULL;

    return end ? slice_sub(reply->text, 0, (size_t)(end - reply->text.data)) : reply->text;
}

static void judge_result(const struct reply *reply, enum client_proc proc)
{
    if (proc == CLIENT_SAVEMSG && result.number != reply->number)
        finding_tell(ORACLE_DIFFERENCE, "the number is %d, and %d was decoded", reply->number,
                     result.number);
    if (proc == CLIENT_READMSG &&
        (!result.has_text || !slice_eq(text_of(reply), slice_of(result.text, result.len))))
        finding_tell(ORACLE_DIFFERENCE, "the text has %zu octets, and %s%zu were decoded",
                     text_of(reply).len, result.has_text ? "" : "none of ", result.len);
    fuzz_canary();
}

static void judge_call(struct slice input, enum client_proc proc, bool stream)
{
    struct reply reply = read_case(input, proc, stream);

    if (result.status != reply.status)
        finding_tell(ORACLE_DIFFERENCE, "wanted \"%s\", got \"%s\"", clnt_sperrno(reply.status),
                     clnt_sperrno(result.status));
    else if (reply.message.len && reply.status != RPC_CANTDECODERES)
        judge_strictness(&reply, proc);
    if (result.status == RPC_SUCCESS && reply.status == RPC_SUCCESS)
        judge_result(&reply, proc);
}

static void run_reply(struct slice input)
{
    static const enum client_proc procs[] = {CLIENT_SAVEMSG, CLIENT_READMSG};
    struct odd odd = look_at_case(input);

    for (size_t i = 0; i < ARRAY_LEN(procs); i++) {
        finding_about(case_empty_fragment(input) < input.len ? "a fragment is empty"
                      : odd.early                            ? "the record does not end"
                                                             : "stream");
        client_stream(procs[i], input, &result);
        judge_call(input, procs[i], true);
        finding_about(procs[i] == CLIENT_SAVEMSG ? "datagrams" : "datagrams, again after 1 ms");
        client_datagrams(procs[i], input, &result);
        judge_call(input, procs[i], false);
    }
    finding_about(odd.verifier ? "a verifier has a body" : NULL);
}

const struct fuzz_target fuzz_target_tirpc_reply = {
    .name = "tirpc-reply",
    .what = "libtirpc's clients (clnt_vc, clnt_dg) against a hostile server",
    .form = FUZZ_REPLIES,
    .max = 4096,
    .memory = 65536,
    .memory_per_octet = 16,
    .stack = 65536,
    .open = open_reply,
    .run = run_reply,
};
