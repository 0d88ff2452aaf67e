/*
 * A whole conversation into a server that was made to have faults (fuzz/planted): the one named by
 * ASSAY_FUZZ_PLANT, or none. Each case comes in four ways, to a new server each: over one
 * connection at once; over one connection in pieces; each message over a connection of its
 * own; each message as a datagram, which is then sent again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz/case/case.h"
#include "fuzz/mutate/mutate.h"
#include "fuzz/oracle/alive.h"
#include "fuzz/oracle/finding.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/planted/plant.h"
#include "fuzz/planted/plant_model.h"
#include "fuzz/planted/plant_session.h"
#include "fuzz/target.h"
#include "harness/report/status.h"

enum {
    SINGLE_OCTETS = 64, /* that many come one by one, the others in pieces of a fixed size */
    PIECE = 7,
    KEPT_ROOM = 16384,
    KEPT_MAX = 1 << 20,
};

/* What becomes of replies. */
static struct {
    bool judges;
    struct buf *keeps; /* or NULL: replies, each with its length in front */
    size_t count;
    uint64_t digest; /* of all their octets */
    bool null_answered;
} replies;

static struct plant_session session;
static struct judge judge;
static struct case_reader reader;
static struct buf written; /* room for both of these is there from the begin */
static struct buf kept;

static void open_planted(void)
{
    const char *name = getenv("ASSAY_FUZZ_PLANT");
    enum plant fault;

    buf_init(&written, PLANT_ATTRS_MAX + 64);
    buf_init(&kept, KEPT_MAX);
    if (!buf_extend(&written, PLANT_ATTRS_MAX) || !buf_extend(&kept, KEPT_ROOM))
        abort();
    if (!name || !*name)
        return;
    if (!plant_find(name, &fault)) {
        dprintf(STDERR_FILENO,
                "assay: ASSAY_FUZZ_PLANT=%s: no such fault; assay fuzz selftest --list has them\n",
                name);
        _exit(STATUS_USAGE);
    }
    plant_choose(fault);
}

/* ---- replies ---- */

static void came(void *to UNUSED, struct slice reply)
{
    replies.count++;
    for (size_t i = 0; i < reply.len; i++)
        replies.digest = (replies.digest ^ reply.data[i]) * 0x100000001b3;
    replies.null_answered = alive_is_answer(reply);
    if (replies.judges)
        judge_reply(&judge, reply);
    if (replies.keeps) {
        buf_put_u32(replies.keeps, (uint32_t)reply.len);
        buf_put(replies.keeps, reply);
    }
}

static void listen_anew(bool judges)
{
    replies.judges = judges;
    replies.keeps = NULL;
    replies.count = 0;
    replies.digest = 0;
    replies.null_answered = false;
}

/* Whatever came before, procedure 0 is answered afterwards, over this transport. */
static void call_null(bool datagram)
{
    listen_anew(false);
    if (datagram) {
        plant_datagram(&session, JUDGE_CALLS_MAX, alive_call());
    } else {
        int connection = plant_dial(&session, false);

        if (connection >= 0)
            plant_receive(&session, connection, alive_record());
    }
    if (replies.count != 1 || !replies.null_answered)
        finding_tell(ORACLE_ALIVE, "%zu replies to a NULL call after the case, over %s",
                     replies.count, datagram ? "a datagram" : "a new connection");
}

/* ---- over one connection ---- */

/* Puts the calls before the judge. Returns the octets that may be sent. */
static struct slice judge_calls(struct slice input)
{
    struct slice message;

    judge_begin(&judge, &plant_rules);
    case_open(&reader, input);
    for (size_t before = 0; case_next(&reader, &message); before = reader.at) {
        if (!judge_call(&judge, message))
            return slice_sub(input, 0, before);
    }
    return input;
}

static void receive(int connection, struct slice octets)
{
    size_t used = plant_receive(&session, connection, octets);

    if (used != octets.len)
        finding_tell(ORACLE_CLAIM, "%zu octets were received, and %zu are said to be consumed",
                     octets.len, used);
}

static void run_whole(struct slice octets)
{
    plant_session_open(&session, came, NULL);
    listen_anew(true);
    int connection = plant_dial(&session, false);
    receive(connection, octets);
    if (session.service.texts_count) {
        if (planted(PLANT_CANARY))
            finding_tell(ORACLE_CANARY, "planted: a text is stored");
        fuzz_canary();
    }
    plant_hang_up(&session, connection);
}

static void run_cut(struct slice octets, size_t count, uint64_t digest)
{
    plant_session_open(&session, came, NULL);
    listen_anew(false);
    int connection = plant_dial(&session, false);
    for (size_t at = 0, piece = 1; at < octets.len; at += piece) {
        piece = at < SINGLE_OCTETS ? 1 : PIECE;
        plant_receive(&session, connection, slice_sub(octets, at, piece));
    }
    plant_session_close(&session);
    if (replies.count != count || replies.digest != digest)
        finding_tell(ORACLE_CUT, "%zu replies to the whole, %zu to its pieces%s", count,
                     replies.count, replies.count == count ? ", and not the same" : "");
}

static void over_one_connection(struct slice input)
{
    struct slice octets = judge_calls(input);

    run_whole(octets);
    size_t count = replies.count;
    uint64_t digest = replies.digest;
    call_null(false);
    judge_end(&judge);
    plant_session_close(&session);
    run_cut(octets, count, digest);
}

/* ---- over connections of their own ---- */

/* What the server has made of the credential, against our codec. */
static void compare_credential(const struct onc_call *call)
{
    const struct plant_sys *theirs = session.service.sys;
    struct wire_in in;
    struct onc_sys ours;

    wire_open(&in, call->cred.body.octets);
    if (call->cred.flavor != ONC_AUTH_SYS || !onc_read_sys(&in, &ours))
        return;
    bool same = theirs && theirs->stamp == ours.stamp && theirs->uid == ours.uid &&
                theirs->gid == ours.gid && theirs->gids_count == ours.gids_count;
    for (uint32_t i = 0; same && i < ours.gids_count; i++)
        same = theirs->gids[i] == ours.gids[i];
    if (!same)
        finding_tell(ORACLE_DIFFERENCE, "authsys_parms: uid %u, and ours says %u",
                     theirs ? theirs->uid : 0, ours.uid);
}

static bool same_string(const struct plant_string *a, const struct plant_string *b)
{
    return slice_eq(slice_of(a->text, a->len), slice_of(b->text, b->len));
}

/* Decoded, encoded and decoded again. */
static void turn_round(struct slice arguments)
{
    struct plant_take t = plant_take_of(arguments);
    struct plant_attrs first = {0};
    struct plant_attrs second = {0};

    if (plant_read_attrs(&t, &first)) {
        buf_reset(&written);
        buf_put_u32(&written, 0);
        plant_write_attrs(&written, &first);
        uint32_t len = (uint32_t)written.len - 4;
        for (unsigned i = 0; i < 4; i++)
            written.data[i] = (uint8_t)(len >> (24 - 8 * i));
        t = plant_take_of(buf_slice(&written));
        if (len <= PLANT_ATTRS_MAX &&
            (!plant_read_attrs(&t, &second) || first.mode != second.mode ||
             first.size != second.size || first.at != second.at ||
             !same_string(&first.owner, &second.owner) ||
             !same_string(&first.group, &second.group)))
            finding_tell(ORACLE_ROUND_TRIP, "attributes: size %llu became %llu",
                         (unsigned long long)first.size, (unsigned long long)second.size);
        plant_free_attrs(&first);
    }
    plant_free_attrs(&second);
}

static void look_closer(struct slice message)
{
    struct onc_call call;
    struct wire_in in;

    wire_open(&in, message);
    if (!onc_read_call(&in, &call))
        return;
    compare_credential(&call);
    if (call.prog == PLANT_PROGRAM && call.vers == PLANT_VERSION && call.proc == PLANT_ATTRS)
        turn_round(call.args);
}

/* As the client of this message: it waits until there is room. One that has nothing to say has gone
   before it was accepted. */
static void speak(struct slice message, size_t number)
{
    uint8_t mark[4];
    int connection = plant_dial(&session, message.len == 0);

    if (connection < 0 && message.len) {
        plant_hang_up(&session, (int)(number % PLANT_PLACES));
        connection = plant_dial(&session, false);
    }
    if (connection < 0)
        return;
    for (unsigned i = 0; i < 4; i++)
        mark[i] = (uint8_t)((0x80000000U | (uint32_t)message.len) >> (24 - 8 * i));
    receive(connection, slice_of(mark, sizeof(mark)));
    receive(connection, message);
    look_closer(message);
}

static void over_connections(struct slice input)
{
    struct slice message;

    plant_session_open(&session, came, NULL);
    listen_anew(true);
    judge_begin(&judge, &plant_rules);
    case_open(&reader, input);
    for (size_t i = 0; case_next(&reader, &message) && judge_call(&judge, message); i++)
        speak(message, i);
    plant_hang_up(&session, 0);
    call_null(false);
    judge_end(&judge);
    plant_session_close(&session);
}

/* ---- datagrams ---- */

static void compare_again(enum oracle oracle, size_t count, uint64_t digest, const char *what)
{
    if (replies.count != count || replies.digest != digest)
        finding_tell(oracle, "%s: %zu replies, not %zu%s", what, replies.count, count,
                     replies.count == count ? " as before" : "");
}

static void judge_kept(void)
{
    struct slice octets = buf_slice(&kept);

    for (size_t at = 0; at < octets.len;) {
        const uint8_t *p = octets.data + at;
        size_t len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];

        judge_reply(&judge, slice_sub(octets, at + 4, len));
        at += 4 + len;
    }
}

/* A sender that does not get the replies asks again, and is to get the same ones, whatever was in
   the room for datagrams. */
static void exchange(struct slice message, uint32_t caller)
{
    buf_reset(&kept);
    listen_anew(false);
    replies.keeps = &kept;
    plant_fill(&session, 0);
    plant_datagram(&session, caller, message);
    uint64_t digest = replies.digest;
    size_t count = replies.count;

    listen_anew(false);
    plant_fill(&session, 0);
    plant_datagram(&session, caller, message);
    compare_again(ORACLE_STATE, count, digest, "a call that is sent again");
    listen_anew(false);
    plant_fill(&session, 0xff);
    plant_datagram(&session, caller, message);
    compare_again(ORACLE_STALE, count, digest, "a call over other octets");
    judge_kept();
}

static void over_datagrams(struct slice input)
{
    struct slice message;

    plant_session_open(&session, came, NULL);
    judge_begin(&judge, &plant_rules);
    case_open(&reader, input);
    for (uint32_t i = 0; case_next(&reader, &message) && judge_call(&judge, message); i++)
        exchange(message, i);
    call_null(true);
    judge_end(&judge);
    plant_session_close(&session);
}

static void run_planted(struct slice input)
{
    over_one_connection(input);
    over_connections(input);
    over_datagrams(input);
}

const struct fuzz_target fuzz_target_planted = {
    .name = "planted",
    .what = "a server of our own with planted faults, over memory: a conversation in four ways",
    .form = FUZZ_CALLS,
    .grammar = &mutate_grammar_planted,
    .max = 4096,
    .memory = 65536,
    .memory_per_octet = 16,
    .stack = 16384,
    .open = open_planted,
    .run = run_planted,
};
