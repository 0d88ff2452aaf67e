/* Sets of reports, made up. */
#include "tests/sets.h"

#include "harness/rpc/onc.h"
#include "harness/rpc/record.h"

#define HOSTILE                                                                                    \
    "</code></title></script></style><script>document.title='owned'</script>"                      \
    "<img src=x onerror=\"document.title='owned'\">\" onclick='x' ]]> --> <!-- &lt; &#60; "        \
    "\x01\x07\x1b[31m\x7f\r\n\t \xff\xfe \xc3 \xed\xa0\x80 \xf4\x90\x80\x80 \xc0\xbc "             \
    "\xe2\x80\xae reversed \xe2\x80\xac \xe2\x81\xa6 \xe2\x80\x8f \xd8\x9c \xef\xbb\xbf \xc2\x85 " \
    "\xe2\x80\xa8 \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xe2\x82\xac \xf0\x9f\x98\x80 "

const char *const sets_hostile = HOSTILE HOSTILE HOSTILE;

static struct {
    struct report reports[2][SETS_TARGETS];
    const struct report *lists[2][SETS_TARGETS];
    struct report_set sets[2];
    struct report_check checks[2][SETS_TARGETS][SETS_CHECKS_MAX];
    struct event events[SETS_TARGETS][SETS_EVENTS_MAX];
    char ids[SETS_CHECKS_MAX][600];
} all;

static const char *const cites[] = {"RPC-5531-8.2-01: RFC 5531, 8.2", "TCP-9293-3.6-02: RFC 9293"};

static void put_octets(struct event *e, struct slice octets, size_t length)
{
    e->kept = size_min(octets.len, EVENT_BYTES_MAX);
    e->length = length;
    if (e->kept > 0)
        memcpy(e->bytes, octets.data, e->kept);
}

/* A call, or the reply to it whose range is upside down; over a stream as records. */
static void put_message(struct event *e, unsigned xid, bool stream)
{
    struct buf message;
    struct buf record;

    buf_init(&message, 4096);
    buf_init(&record, 4096);
    if (e->who == WHO_US) {
        struct onc_call call = onc_call_of(xid, 345678, 9, 0);
        onc_put_call(&message, &call);
    } else {
        struct onc_reply reply = onc_reply_of(xid, slice_of(NULL, 0));
        reply.accept_stat = ONC_PROG_MISMATCH;
        reply.low = 2;
        reply.high = 1;
        onc_put_reply(&message, &reply);
    }
    record_put(&record, buf_slice(&message));
    put_octets(e, buf_slice(stream ? &record : &message), stream ? record.len : message.len);
    buf_free(&message);
    buf_free(&record);
}

/* Every kind of event by turns: 16 of them, then again with the next connection. */
static void make_event(struct event *e, size_t i, size_t target, bool hostile)
{
    static const struct {
        enum who who;
        enum event_kind kind;
        const char *what;
    } rows[] = {
        {WHO_US, EVENT_OPENED, "connected to 127.0.0.1:4711"},
        {WHO_US, EVENT_OCTETS, "sent 44 octets: CALL xid 0x1 prog 345678 vers 9 proc 0"},
        {WHO_KIT, EVENT_WORDS,
         "no reply to request 00010000; it is sent again, and this remark is "
         "longer than one line of a diagram is"},
        {WHO_TARGET, EVENT_OCTETS, "36 octets: no RPC message: octet 28, mismatch_info.high"},
        {WHO_PROXY, EVENT_WORDS, "1.2 up 33 drop"},
        {WHO_US, EVENT_ENDED, "shutdown(SHUT_WR)"},
        {WHO_TARGET, EVENT_ENDED, "end of file"},
        {WHO_US, EVENT_CLOSED, "close"},
        {WHO_TARGET, EVENT_OPENED, "accepted from 127.0.0.1:4712"},
        {WHO_TARGET, EVENT_OCTETS, "36 octets"},
        {WHO_US, EVENT_OCTETS, "sent 44 octets"},
        {WHO_US, EVENT_RESET, "reset"},
        {WHO_TARGET, EVENT_CLOSED, "close"},
        {WHO_US, EVENT_WORDS, "serves at tcp://127.0.0.1:4711"},
        {WHO_TARGET, EVENT_WORDS, ""},
        {WHO_TARGET, EVENT_RESET, "Connection reset by peer"},
    };
    size_t row = i % ARRAY_LEN(rows);
    unsigned connection = (unsigned)(i / ARRAY_LEN(rows) + 1);

    *e = (struct event){
        .t_us = (int64_t)(i * i * 7310), .who = rows[row].who, .kind = rows[row].kind};
    e->connection = e->who == WHO_PROXY || i % 13 == 2 ? 0 : connection;
    if (e->connection)
        text_format(e->what, sizeof(e->what), "connection %u: %s", e->connection,
                    hostile ? sets_hostile : rows[row].what);
    else
        text_copy(e->what, sizeof(e->what), hostile ? sets_hostile : rows[row].what);
    if (e->kind != EVENT_OCTETS)
        return;
    if (target < 2)
        put_message(e, (unsigned)i, target == 0);
    else
        put_octets(e, slice_str(sets_hostile), 100000);
}

static const char *const suites[] = {"stream.shutdown", "rpc.reply", "datagram.loss", "unix"};
static const enum verdict well[] = {VERDICT_PASS, VERDICT_PASS, VERDICT_NOTE, VERDICT_SKIP,
                                    VERDICT_PASS};

static struct report_check make_check(const struct sets_options *o, size_t target, size_t i)
{
    struct report_check c = {
        .id = all.ids[i],
        .level = (enum level)(i % LEVELS),
        .claim = o->hostile ? sets_hostile : "a claim that a target may keep or break",
        .verdict = well[(i + target) % ARRAY_LEN(well)],
        .reason = "",
        .cites = cites,
        .cite_count = i % 3,
        .duration_us = (int64_t)(i * 1234),
        .expected = "",
        .actual = "",
        .reproduce = "assay check tcp://127.0.0.1:4711 --only stream.some.check --seed 17",
        .events = all.events[target],
        .event_count = o->events,
        .guilty = -1,
    };
    if (i < o->failing) {
        c.verdict = i % 7 == 6 ? VERDICT_WARN : i % 7 == 5 ? VERDICT_ERROR : VERDICT_FAIL;
        c.reason = "expected end of file, got the connection is reset";
        c.expected = "end of file";
        c.actual = "the connection is reset";
        c.waived = i % 7 == 4;
        c.waiver = "ticket 17";
        c.guilty = o->events > 3 ? (int)o->events / 16 * 16 - 13 : -1;
        c.guilty = c.guilty < 0 && o->events > 3 ? 3 : c.guilty;
        c.events_dropped = o->events > 50 ? 41 : 0;
        c.events_head = 40;
    }
    if (c.verdict == VERDICT_SKIP) {
        c.event_count = 0;
        c.reproduce = "";
        c.reason = "needs --spawn";
    }
    if (o->hostile)
        c.reason = c.expected = c.actual = c.waiver = c.reproduce = sets_hostile;
    return c;
}

static void make_report(const struct sets_options *o, size_t when, size_t target)
{
    static const char *const targets[] = {"rpc+tcp://127.0.0.1:4711/345678/2",
                                          "rpc+udp://127.0.0.1:4712/345678/2",
                                          "tcp://127.0.0.1:4713"};
    static const char *const speaks[] = {"rpc", "rpc", "echo"};
    struct report *r = &all.reports[when][target];

    /* The second target lacks the last check: a matrix has a hole there. */
    *r = (struct report){
        .target = o->hostile ? sets_hostile : targets[target],
        .speak = o->hostile ? sets_hostile : speaks[target],
        .seed = 17,
        .started = 1750000000 - (time_t)(when * 86400),
        .duration_us = 61234567,
        .facts = o->hostile ? sets_hostile : "calibrated: replies in 0.05 ms, slowest 0.20 ms",
        .ending = target == 2 ? o->hostile ? sets_hostile : "the target no longer serves" : NULL,
        .checks = all.checks[when][target],
        .count = o->checks - (target == 1 && o->checks > 1),
        .stale = &sets_hostile,
        .stale_count = o->hostile,
    };
    for (size_t i = 0; i < o->checks; i++) {
        struct sets_options shifted = *o;

        /* In the earlier run others failed, and there was one check more and one less. */
        shifted.failing = when == 0 ? (o->failing + target) / (target + 1) : o->failing / 2;
        all.checks[when][target][i] = make_check(&shifted, target, i);
    }
    if (when == 1 && o->checks > 2) {
        all.checks[1][target][1].id = "stream.gone.since";
        all.checks[1][target][0].verdict = VERDICT_PASS;
        all.checks[1][target][o->checks - 1].verdict = VERDICT_FAIL;
    }
}

const struct report_set *sets_make(const struct sets_options *o)
{
    for (size_t i = 0; i < o->checks; i++)
        text_format(all.ids[i], sizeof(all.ids[i]), "%s.check-%zu%.500s", suites[i % 4], i,
                    o->hostile ? sets_hostile : "");
    for (size_t target = 0; target < SETS_TARGETS; target++) {
        for (size_t i = 0; i < SETS_EVENTS_MAX; i++)
            make_event(&all.events[target][i], i, target, o->hostile);
        for (size_t when = 0; when < 2; when++) {
            make_report(o, when, target);
            all.lists[when][target] = &all.reports[when][target];
        }
    }
    for (size_t when = 0; when < 2; when++)
        all.sets[when] = (struct report_set){
            .reports = all.lists[when], .count = o->targets, .several = o->targets > 1};
    if (o->before) {
        all.sets[0].before = &all.sets[1];
        if (o->targets > 2) { /* the last target was not tried before, another was */
            all.reports[1][2].target = "tcp://127.0.0.1:9999";
        }
    }
    return &all.sets[0];
}
