/* A case against a running server. */
#include "fuzz/engine/live.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz/case/msgprog.h"
#include "fuzz/oracle/finding.h"
#include "fuzz/oracle/judge.h"
#include "harness/base/deadline.h"
#include "harness/net/net.h"
#include "harness/rpc/record.h"

enum {
    FENCE_XID = 0x66656e63,
    REREAD_MAX = 8,
    XIDS_MAX = JUDGE_CALLS_MAX + 16 + REREAD_MAX, /* of our own, in one row */
    RESENDS = 8, /* of a NULL call in datagrams, within the patience */
    /* Every call and its fence may take the patience; then a connection is left. */
    TALK_PATIENCES = 2 * XIDS_MAX,
    DATAGRAM_ROOM = 1 << 16,
    DATAGRAM_MAX = 65507, /* what UDP over IPv4 carries */
};

static struct {
    const struct live_options *options;
    struct model_rules rules;
    struct judge judge;
    uint32_t fence;  /* the xid of the first one */
    uint32_t fences; /* that were sent */
    bool fenced;     /* the last one is answered */
    size_t awaited;  /* replies that came for calls and fences */
    bool open;       /* the case ends within a record, which has this xid */
    uint32_t open_xid;
} now;

/* A case is short, whatever its marks announce. */
static const struct record_limits no_limits = {SIZE_MAX, SIZE_MAX, SIZE_MAX};

/* One connection, or one socket for datagrams. */
struct line {
    int fd;
    bool ended;
    bool shut;    /* our side is closed */
    int64_t last; /* it is left then, whatever comes */
    struct slice unsent;
    struct record_in record;
};

/* ---- fences ---- */

static bool is_taken(uint32_t fence)
{
    for (size_t i = 0; i < now.judge.count; i++) {
        if (now.judge.calls[i].xid - fence < XIDS_MAX)
            return true;
    }
    return false;
}

/* An xid from which on no call of the case has one. */
static uint32_t choose_fence(void)
{
    uint32_t fence = FENCE_XID;

    while (is_taken(fence))
        fence += XIDS_MAX;
    return fence;
}

static void put_fence(struct buf *out)
{
    const struct endpoint *at = &now.options->at;
    struct onc_call call =
        onc_call_of(now.fence + now.fences++, at->program, at->version, ONC_NULLPROC);

    onc_put_call(out, &call);
    now.fenced = false;
}

/* Appends a call that reads a message which the case has stored, by the number that the server gave
   it, and tells the judge. False where there is none of this place. */
static bool put_reread(struct buf *out, size_t place)
{
    const struct endpoint *at = &now.options->at;
    const struct model *m = &now.judge.model;
    struct onc_call call = onc_call_of(now.fence + XIDS_MAX - 1 - (uint32_t)place, at->program,
                                       at->version, MSGPROG_READMSG);
    struct buf args;

    if (place >= size_min(m->count, REREAD_MAX) || m->messages[place].number == 0)
        return false;
    buf_init(&args, WIRE_UNIT);
    wire_put_int(&args, m->messages[place].number);
    call.args = buf_slice(&args);
    onc_put_call(out, &call);
    buf_free(&args);
    if (!judge_call(&now.judge, buf_slice(out)))
        return false;
    now.judge.calls[now.judge.count - 1].settled = true;
    return true;
}

/* False where the reply is to no fence. */
static bool take_fence(struct slice message)
{
    struct onc_reply reply;
    struct wire_in in;

    wire_open(&in, message);
    uint32_t xid = wire_uint(&in, "xid");
    if (!wire_ok(&in) || xid - now.fence >= now.fences)
        return false;
    bool awaited = !now.fenced && xid == now.fence + now.fences - 1;
    now.fenced |= awaited;
    now.awaited += awaited;
    /* A datagram may come two times, and so may the call. */
    if (!awaited && !endpoint_is_datagram(&now.options->at))
        finding_tell(ORACLE_REPLIES, "one more reply to a NULL call");
    wire_open(&in, message);
    if (!onc_read_reply(&in, &reply))
        finding_tell(ORACLE_REPLY, "to a NULL call: %s: %s", in.field, in.text);
    else if (answer_of(&reply) != ANSWER_SUCCESS)
        finding_tell(ORACLE_ALIVE, "a NULL call gets %s", answer_name(answer_of(&reply)));
    return true;
}

static size_t count_answered(void)
{
    size_t count = 0;

    for (size_t i = 0; i < now.judge.count; i++)
        count += now.judge.answered[i];
    return count;
}

/* Whether the reply is to the record that the case does not end. */
static bool is_early(struct slice message)
{
    struct wire_in in;

    wire_open(&in, message);
    uint32_t xid = wire_uint(&in, "xid");
    return now.open && wire_ok(&in) && xid == now.open_xid && !judge_awaits(&now.judge, xid);
}

static void take_reply(struct slice message)
{
    size_t before = count_answered();

    if (take_fence(message))
        return;
    if (is_early(message)) {
        finding_tell(ORACLE_REPLIES, "a call is answered before its record ends");
        now.open = false;
        return;
    }
    judge_reply(&now.judge, message);
    now.awaited += count_answered() - before;
}

static void tell_deaf(const char *where)
{
    finding_tell(ORACLE_ALIVE, "a NULL call %s is not answered within %lld ms", where,
                 (long long)now.options->patience_ms);
}

/* ---- streams ---- */

static bool dial(struct line *line, struct problem *why)
{
    line->fd = -1;
    struct net_io io =
        net_dial(&now.options->to, NULL, deadline_in_ms(now.options->patience_ms), &line->fd);

    /* A reset that is faster than we look has met a connection all the same. */
    if (io.status != NET_OK && io.status != NET_RESET)
        return problem_set(why, "cannot connect: %s", net_io_text(io));
    line->ended = io.status == NET_RESET;
    line->shut = false;
    line->last = deadline_in_ms(now.options->patience_ms * TALK_PATIENCES);
    line->unsent = slice_of(NULL, 0);
    record_open(&line->record, &record_usual_limits);
    return true;
}

static void hang_up(struct line *line)
{
    record_close(&line->record);
    if (line->fd >= 0)
        close(line->fd);
}

static void take_octets(struct line *line, struct slice octets)
{
    while (octets.len && !line->ended) {
        size_t used = 0;
        enum record_state state = record_feed(&line->record, octets, &used);

        octets = slice_from(octets, used);
        if (state == RECORD_WHOLE)
            take_reply(record_message(&line->record));
        if (state == RECORD_BROKEN) {
            finding_tell(ORACLE_REPLY, "no record of a reply: %s", line->record.text);
            line->ended = true;
        }
    }
}

static void receive(struct line *line)
{
    uint8_t octets[8192];
    struct net_io io = net_recv(line->fd, octets, sizeof(octets), false, 0);

    if (io.status == NET_OK)
        take_octets(line, slice_of(octets, io.len));
    else if (io.status != NET_TIMEOUT)
        line->ended = true;
}

/* Whether all that is waited for has come: the fence, where there is one, and every reply that is
   due. Servers with several threads may answer the fence first, and some drop what is under way
   when our side is closed. */
static bool has_all(bool fence)
{
    return (!fence || now.fenced) && !judge_owes(&now.judge);
}

/* Sends what is not sent and takes what comes meanwhile, to the end of the connection where our
   side is closed; else until everything is sent and, where a fence was sent, everything answered.
   Gives up where for the time of the patience no octet is taken and no reply comes that somebody
   waits for: whoever sends other things for ever does not keep us; and at the line's end. */
static void pump(struct line *line, bool fence)
{
    int64_t patience = now.options->patience_ms;
    int64_t deadline = deadline_in_ms(patience);

    while (!line->ended && !deadline_passed(deadline) && !deadline_passed(line->last)) {
        if (!line->shut && line->unsent.len == 0 && has_all(fence))
            return;
        short wanted = (short)(POLLIN | (line->unsent.len ? POLLOUT : 0));
        short events = net_wait(line->fd, wanted, deadline);
        size_t awaited = now.awaited;
        size_t unsent = line->unsent.len;

        if (!events)
            return;
        if (events & ~POLLOUT)
            receive(line);
        if (events & POLLOUT && !line->ended) {
            struct net_io io = net_send_some(line->fd, line->unsent, deadline);
            size_t gone = io.status == NET_OK ? io.len : line->unsent.len;

            /* Whoever takes no more may have answered what it took. */
            line->unsent = slice_from(line->unsent, gone);
        }
        if (now.awaited != awaited || line->unsent.len != unsent)
            deadline = deadline_in_ms(patience);
    }
}

/* Whether every call is one that has to have a reply: then nothing was there to close for. */
static bool is_honest(void)
{
    for (size_t i = 0; i < now.judge.count; i++) {
        if (now.judge.calls[i].allowed & 1U << ANSWER_NONE)
            return false;
    }
    return true;
}

static void judge_stream(struct line *line, bool fence_sent, bool closed_by_server)
{
    struct buf missing;

    if (fence_sent && !now.fenced && !line->ended)
        tell_deaf("behind the case");
    if (closed_by_server && !now.fenced && fence_sent && is_honest() &&
        count_answered() == now.judge.count)
        finding_tell(ORACLE_ALIVE, "the connection is closed behind %zu calls that were right",
                     now.judge.count);
    if (line->ended && !(fence_sent && now.fenced))
        judge_end_closed(&now.judge);
    else
        judge_end(&now.judge);
    buf_init(&missing, RECORD_TEXT_MAX);
    if (line->record.state != RECORD_BROKEN && !record_may_end(&line->record, &missing))
        finding_tell(ORACLE_REPLY, "the connection ends within a reply: %s", buf_text(&missing));
    buf_free(&missing);
}

/* Whatever came before, over a new connection the messages that were stored are there, and a NULL
   call is answered. */
static void call_null(void)
{
    struct problem why;
    struct line line;
    struct buf message;
    struct buf out;

    if (!dial(&line, &why)) {
        finding_tell(ORACLE_ALIVE, "after the case: %s", why.text);
        return;
    }
    buf_init(&message, DATAGRAM_ROOM);
    buf_init(&out, DATAGRAM_ROOM);
    for (size_t i = 0; put_reread(&message, i); i++) {
        record_put(&out, buf_slice(&message));
        buf_reset(&message);
    }
    buf_reset(&message);
    put_fence(&message);
    record_put(&out, buf_slice(&message));
    line.unsent = buf_slice(&out);
    pump(&line, true);
    if (!now.fenced && line.ended)
        finding_tell(ORACLE_ALIVE, "after the case: a connection is closed at a NULL call");
    else if (!now.fenced)
        tell_deaf("after the case");
    else
        judge_end(&now.judge);
    buf_free(&out);
    buf_free(&message);
    hang_up(&line);
}

static bool talk_stream(struct slice octets, bool has_room, struct problem *why)
{
    struct line line;
    struct buf message;
    struct buf out;

    if (!dial(&line, why))
        return false;
    buf_init(&message, DATAGRAM_ROOM);
    buf_init(&out, octets.len + DATAGRAM_ROOM);
    buf_put(&out, octets);
    if (has_room) {
        put_fence(&message);
        record_put(&out, buf_slice(&message));
    }
    now.fenced = false;
    line.unsent = buf_slice(&out);
    pump(&line, has_room);
    bool closed_by_server = line.ended;
    bool fenced = now.fenced;
    if (!line.ended) {
        shutdown(line.fd, SHUT_WR);
        line.shut = true;
        pump(&line, false);
    }
    now.fenced = fenced;
    judge_stream(&line, has_room, closed_by_server);
    buf_free(&out);
    buf_free(&message);
    hang_up(&line);
    call_null();
    return true;
}

/* ---- datagrams ---- */

/* Takes datagrams until the fence is answered, or with `all` every call, or the deadline passes,
   however many come. False where nobody is there any more. */
static bool take_datagrams(int fd, bool all, int64_t deadline)
{
    static uint8_t octets[DATAGRAM_ROOM];

    while ((!now.fenced || (all && judge_owes(&now.judge))) && !deadline_passed(deadline)) {
        struct net_io io = net_recv(fd, octets, sizeof(octets), true, deadline);

        if (io.status == NET_TIMEOUT)
            return true;
        if (io.status != NET_OK)
            return false;
        take_reply(slice_of(octets, io.len));
    }
    return true;
}

/* False where it is not answered, or nobody is there. */
static bool fence_datagrams(int fd, bool *ret_refused)
{
    struct buf message;
    bool there = true;

    buf_init(&message, DATAGRAM_ROOM);
    put_fence(&message);
    for (unsigned i = 0; i < RESENDS && there && !now.fenced; i++) {
        int64_t deadline = deadline_in_ms(now.options->patience_ms / RESENDS + 1);
        struct net_io io = net_send_to(fd, buf_slice(&message), NULL, deadline);

        there = io.status == NET_OK && take_datagrams(fd, false, deadline);
    }
    buf_free(&message);
    *ret_refused = !there;
    return now.fenced;
}

/* A server with several threads may answer a fence before what was sent in front of it. */
static void take_late_datagrams(int fd)
{
    size_t awaited;

    do {
        awaited = now.awaited;
        if (!take_datagrams(fd, true, deadline_in_ms(now.options->patience_ms)))
            return;
    } while (now.awaited != awaited && judge_owes(&now.judge));
}

/* False where there is no use in another one. */
static bool call_datagram(int fd, struct slice message)
{
    bool refused = false;
    struct net_io io = net_send_to(fd, message, NULL, deadline_in_ms(now.options->patience_ms));

    if (io.status != NET_OK || !fence_datagrams(fd, &refused)) {
        if (io.status != NET_OK || refused)
            finding_tell(ORACLE_ALIVE, "nobody is there any more behind datagram %zu",
                         now.judge.count);
        else
            tell_deaf("behind a datagram");
        return false;
    }
    return true;
}

static bool talk_datagrams(struct slice octets, struct problem *why)
{
    struct record_in record;
    struct buf message;
    bool refused = false;
    bool alive = true;
    size_t used = 0;
    int fd = -1;
    struct net_io io =
        net_dial(&now.options->to, NULL, deadline_in_ms(now.options->patience_ms), &fd);

    if (io.status != NET_OK)
        return problem_set(why, "cannot make a socket to it: %s", net_io_text(io));
    if (!fence_datagrams(fd, &refused)) {
        close(fd);
        if (refused)
            return problem_set(why, "nobody is there");
        tell_deaf("in front of the case");
        return true;
    }
    judge_begin(&now.judge, &now.rules); /* they are told one by one, as they are sent */
    record_open(&record, &no_limits);
    for (; octets.len && alive && record.state != RECORD_BROKEN;
         octets = slice_from(octets, used)) {
        if (record_feed(&record, octets, &used) != RECORD_WHOLE)
            continue;
        struct slice call = record_message(&record);
        if (call.len <= DATAGRAM_MAX)
            alive = judge_call(&now.judge, call) && call_datagram(fd, call);
    }
    if (alive)
        take_late_datagrams(fd);
    judge_end(&now.judge);
    buf_init(&message, DATAGRAM_ROOM);
    for (size_t i = 0; alive && put_reread(&message, i); i++) {
        alive = call_datagram(fd, buf_slice(&message));
        buf_reset(&message);
    }
    buf_free(&message);
    if (alive)
        take_late_datagrams(fd);
    judge_end(&now.judge);
    record_close(&record);
    close(fd);
    return true;
}

/* ---- both ---- */

int64_t live_limit_ms(const struct live_options *options)
{
    return options->patience_ms * 2 * (TALK_PATIENCES + 2);
}

bool live_takes(struct slice octets, struct problem *why)
{
    struct record_in record;
    size_t count = 0;
    size_t used = 0;

    record_open(&record, &no_limits);
    for (; octets.len && record.state != RECORD_BROKEN; octets = slice_from(octets, used))
        count += record_feed(&record, octets, &used) == RECORD_WHOLE;
    bool fine = record.state == RECORD_BROKEN
                    ? problem_ours(why, "%s", record.text)
                    : count <= JUDGE_CALLS_MAX ||
                          problem_set(why, "it has more than %d messages", JUDGE_CALLS_MAX);
    record_close(&record);
    return fine;
}

/* Gives all calls to the judge, for their xids and for a stream. Whether the case ends between two
   records. */
static bool read_calls(struct slice octets)
{
    struct record_in record;
    struct buf missing;
    struct wire_in in;
    bool fine = true;
    size_t used = 0;

    judge_begin(&now.judge, &now.rules);
    record_open(&record, &no_limits);
    for (; octets.len && fine && record.state != RECORD_BROKEN; octets = slice_from(octets, used)) {
        if (record_feed(&record, octets, &used) == RECORD_WHOLE)
            fine = judge_call(&now.judge, record_message(&record));
    }
    buf_init(&missing, RECORD_TEXT_MAX);
    bool whole = record_may_end(&record, &missing);
    buf_free(&missing);
    wire_open(&in, record_message(&record));
    now.open_xid = wire_uint(&in, "xid");
    now.open = !whole && wire_ok(&in) && !endpoint_is_datagram(&now.options->at);
    record_close(&record);
    return whole;
}

bool live_talk(const struct live_options *options, struct slice octets, struct problem *why)
{
    const struct endpoint *at = &options->at;

    now.options = options;
    now.rules = (struct model_rules){
        .prog = at->program,
        .vers = at->version,
        .msgprog = at->program == MSGPROG_PROGRAM && at->version == MSGPROG_VERSION,
        .gss_open = true,
        .numbers_open = true,
        .in_datagrams = endpoint_is_datagram(at),
        .text_max = WIRE_NO_LIMIT,
    };
    now.fences = 0;
    now.fenced = false;
    bool whole = read_calls(octets);
    now.fence = choose_fence();
    return endpoint_is_datagram(at) ? talk_datagrams(octets, why) : talk_stream(octets, whole, why);
}
