/*
 * Tests of the steps that speak RPC: a check's context on one end of a socket pair, and on the
 * other a process that carries out a script, right or wrong.
 */
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/runner/calls.h"
#include "harness/base/deadline.h"
#include "tests/unit.h"

enum { ROOM = 4096, OUT_ROOM = 1 << 16, FENCE = 1 << 16, XID = 0x51525354, PAUSE_MS = 20 };

/* Where a reply comes, however late a busy machine lets the peer send it; and where none does. */
enum { PATIENCE_MS = 20000, SHORT_PATIENCE_MS = 500 };

struct scene {
    struct check_ctx *c;
    struct conn *conn;
    struct exchange *x;
    struct outcome *outcome;
    pid_t peer;
};

static const struct check check = {.id = "rpc.test.calls"};

/* ---- the peer ---- */

/* What a script says between two pauses goes out in one piece over a stream: were it to come in
   several, the check might be over before the last one. */
struct peer {
    int fd;
    bool marked;
    struct buf out;
};

static void flush(struct peer *p)
{
    (void)!send(p->fd, p->out.data, p->out.len, MSG_NOSIGNAL);
    buf_reset(&p->out);
}

static void put(struct peer *p, const struct onc_reply *reply)
{
    struct buf message;

    buf_init(&message, ROOM);
    onc_put_reply(&message, reply);
    if (p->marked) {
        record_put(&p->out, buf_slice(&message));
    } else {
        buf_put(&p->out, buf_slice(&message));
        flush(p);
    }
    buf_free(&message);
}

static void put_octets(struct peer *p, const char *data, size_t len)
{
    buf_put(&p->out, slice_of(data, len));
}

/* Waits for a message of ours; it is not looked at. */
static void take(const struct peer *p)
{
    uint8_t octets[ROOM];

    (void)!recv(p->fd, octets, sizeof(octets), 0);
}

/* Replies of every kind. False where the letter stands for something else. */
static bool act_reply(struct peer *p, char what)
{
    struct onc_reply fence = onc_reply_of(FENCE, slice_of(NULL, 0));
    struct onc_reply reply = onc_reply_of(XID, slice_of(NULL, 0));

    switch (what) {
    case 'F': /* the fence, the next fence, the message */
    case 'G':
        fence.xid += what == 'G';
        put(p, &fence);
        break;
    case 'R':
        put(p, &reply);
        break;
    case 'W': /* an xid that nobody sent */
        reply.xid++;
        put(p, &reply);
        break;
    case 'U': /* PROC_UNAVAIL, RPC_MISMATCH 2..2, 2..3, AUTH_ERROR, reject_stat 7 */
        reply.accept_stat = ONC_PROC_UNAVAIL;
        put(p, &reply);
        break;
    case 'M':
    case 'm':
        reply.reply_stat = ONC_MSG_DENIED;
        reply.reject_stat = ONC_RPC_MISMATCH;
        reply.low = 2;
        reply.high = what == 'M' ? 2 : 3;
        put(p, &reply);
        break;
    case 'A':
    case 'X':
        reply.reply_stat = ONC_MSG_DENIED;
        reply.reject_stat = what == 'A' ? ONC_AUTH_ERROR : 7;
        reply.auth_stat = ONC_AUTH_BADCRED;
        put(p, &reply);
        break;
    case 'C': /* a reply that ends early, as a record */
        reply.cut = true;
        reply.keep = 20;
        put(p, &reply);
        break;
    case 'T': /* a thousand replies */
        for (unsigned i = 0; i < 1000; i++)
            put(p, &reply);
        break;
    default:
        return false;
    }
    return true;
}

/* Octets that are no whole reply. False where the letter stands for something else. */
static bool act_octets(struct peer *p, char what)
{
    switch (what) {
    case 'H': /* half of a record */
        put_octets(p, "\x80\0\0\x18QRST\0\0\0\1", 12);
        break;
    case 'B': /* a header of 2 GiB */
        put_octets(p, "\xff\xff\xff\xff", 4);
        break;
    case 'E': /* fragments without data, more than are taken in */
        for (unsigned i = 0; i < 4000; i++)
            put_octets(p, "\0\0\0\0", 4);
        break;
    case 'N':
        put_octets(p, "\x80\0\0\4HTTP", 8);
        break;
    default:
        return false;
    }
    if (!p->marked)
        flush(p);
    return true;
}

static void act(struct peer *p, char what)
{
    struct linger hard = {.l_onoff = 1};

    if (act_reply(p, what) || act_octets(p, what))
        return;
    if (p->out.len > 0)
        flush(p);
    switch (what) {
    case 'Q':
        shutdown(p->fd, SHUT_WR);
        break;
    case 'Z': /* an end that resets: octets are left unread */
        setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
        close(p->fd);
        break;
    case '<':
        take(p);
        break;
    default:
        deadline_wait(deadline_in_ms(PAUSE_MS));
        break;
    }
}

static void play(struct scene *s, int fd, bool marked, const char *script)
{
    struct peer p = {.fd = fd, .marked = marked};

    s->peer = fork();
    assert_true(s->peer >= 0);
    if (s->peer > 0)
        return;
    close(s->conn->fd);
    buf_init(&p.out, OUT_ROOM);
    if (marked) { /* the message and its fence come in one piece */
        act(&p, '.');
        act(&p, '<');
    }
    for (; *script; script++)
        act(&p, *script);
    if (p.out.len > 0)
        flush(&p);
    for (;;)
        pause();
}

static void open_scene(struct scene *s, const char *url, const char *script)
{
    struct target t = {.patience_ms = PATIENCE_MS, .width = 1, .answers = true, .loopback = true};
    struct address to = {.len = sizeof(sa_family_t)};
    int fds[2];

    assert_true(endpoint_parse(url, &t.endpoint, NULL));
    assert_true(target_open_exchange("rpc", &t.endpoint, &s->x, NULL));
    t.exchange = s->x;
    s->outcome = outcome_new();
    s->c = calloc(1, sizeof(*s->c));
    assert_true(s->outcome && s->c);
    check_open(s->c, &check, &t, s->outcome, 1);
    bool marked = exchange_medium(s->x) == EXCHANGE_OVER_STREAM;
    to.socktype = marked ? SOCK_STREAM : SOCK_DGRAM;
    assert_int_equal(socketpair(AF_UNIX, to.socktype, 0, fds), 0);
    s->conn = conn_adopt(s->c, fds[0], &to);
    play(s, fds[1], marked, script);
    close(fds[1]);
}

static void close_scene(struct scene *s)
{
    kill(s->peer, SIGKILL);
    waitpid(s->peer, NULL, 0);
    check_close_all(s->c);
    exchange_close(s->x);
    outcome_free(s->outcome);
    free(s->c);
}

static const char *const streams = "rpc+unix:/s/345678/2";
static const char *const datagrams = "rpc+udp://127.0.0.1:7/345678/2";

/* ---- the judge ---- */

enum judgement { ACCEPTED, UNAVAIL, MISMATCH, AUTH, UNANSWERED, ONCE };

static void judge(struct scene *s, enum judgement judgement, struct heard *h)
{
    switch (judgement) {
    case ACCEPTED:
        check_accepted(s->c, h, "it", ONC_SUCCESS);
        break;
    case UNAVAIL:
        check_accepted(s->c, h, "it", ONC_PROC_UNAVAIL);
        break;
    case MISMATCH:
        check_rpc_mismatch(s->c, h, "it");
        break;
    case AUTH:
        check_auth_error(s->c, h, "it", ONC_AUTH_OK);
        break;
    case UNANSWERED:
        check_unanswered(s->c, h, "it");
        break;
    case ONCE:
        check_answered_once(s->c, h, "it");
        break;
    }
}

struct row {
    const char *url;
    const char *script;
    enum judgement judgement;
    bool awaits;
    enum outcome_kind kind;
    const char *actual; /* a part of what is told */
};

static void run_row(size_t index, const struct row *row)
{
    const char *url = row->url ? row->url : streams;
    const struct say_options options = {.awaits = row->awaits};
    struct scene s;
    struct heard h;

    open_scene(&s, url, row->script);
    if (row->actual && strncmp(row->actual, "nothing", strlen("nothing")) == 0)
        s.c->target.patience_ms = SHORT_PATIENCE_MS;
    struct onc_call call = check_call_of(s.c, ONC_NULLPROC);
    call.xid = XID;
    check_say(s.c, s.conn, &call, &options, &h);
    judge(&s, row->judgement, &h);
    if (s.outcome->kind != row->kind)
        print_message("script %s: %s\n", row->script, s.outcome->reason);
    assert_row(index, s.outcome->kind == row->kind);
    if (row->actual)
        assert_contains(s.outcome->actual, row->actual);
    close_scene(&s);
}

static void run_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        run_row(i, &rows[i]);
}

/* What a sound server may do, in any order and at its own pace. */
static void test_sound(void **state UNUSED)
{
    static const struct row rows[] = {
        {NULL, "RF", ACCEPTED, true, OUTCOME_OPEN, NULL},
        {NULL, "..R..F", ACCEPTED, false, OUTCOME_OPEN, NULL},
        {NULL, "F..R<G", ACCEPTED, true, OUTCOME_OPEN, NULL},
        {NULL, "FR", ACCEPTED, true, OUTCOME_OPEN, NULL},
        {NULL, "F..R<G", ACCEPTED, false, OUTCOME_OPEN, NULL},
        {NULL, "UF", UNAVAIL, true, OUTCOME_OPEN, NULL},
        {NULL, "MF", MISMATCH, true, OUTCOME_OPEN, NULL},
        {NULL, "AF", AUTH, true, OUTCOME_OPEN, NULL},
        {NULL, "MQ", MISMATCH, true, OUTCOME_OPEN, NULL},
        {NULL, "M.Z", MISMATCH, true, OUTCOME_OPEN, NULL},
        {NULL, "F", UNANSWERED, false, OUTCOME_OPEN, NULL},
        {NULL, "Q", UNANSWERED, false, OUTCOME_OPEN, NULL},
        {NULL, "Z", UNANSWERED, false, OUTCOME_OPEN, NULL},
        {datagrams, "<<RF", ACCEPTED, true, OUTCOME_OPEN, NULL},
        {datagrams, "<<F.R<G", ACCEPTED, true, OUTCOME_OPEN, NULL},
        {datagrams, "<<F", UNANSWERED, false, OUTCOME_OPEN, NULL},
    };

    run_rows(rows, ARRAY_LEN(rows));
}

static void test_broken(void **state UNUSED)
{
    static const struct row rows[] = {
        {NULL, "F", ACCEPTED, true, OUTCOME_BROKEN, "nothing, and the NULL call behind it was"},
        {NULL, "", ACCEPTED, false, OUTCOME_BROKEN, "nothing"},
        {NULL, "WF", ACCEPTED, true, OUTCOME_BROKEN, "a reply with the number 51525355"},
        {NULL, "FW", ACCEPTED, true, OUTCOME_BROKEN, "a reply with the number 51525355"},
        {NULL, "RRF", ACCEPTED, true, OUTCOME_BROKEN, "2 replies with xid 0x51525354"},
        {NULL, "F..RR<G", ACCEPTED, true, OUTCOME_BROKEN, "2 replies with xid 0x51525354"},
        {NULL, "RFF", ACCEPTED, true, OUTCOME_BROKEN, "a second reply to request 00010000"},
        {NULL, "UF", ACCEPTED, true, OUTCOME_BROKEN, "accepted PROC_UNAVAIL"},
        {NULL, "RF", UNAVAIL, true, OUTCOME_BROKEN, "accepted SUCCESS"},
        {NULL, "mF", MISMATCH, true, OUTCOME_BROKEN, "denied RPC_MISMATCH 2..3"},
        {NULL, "AF", MISMATCH, true, OUTCOME_BROKEN, "denied AUTH_ERROR AUTH_BADCRED"},
        {NULL, "MF", AUTH, true, OUTCOME_BROKEN, "denied RPC_MISMATCH"},
        {NULL, "XF", ONCE, true, OUTCOME_BROKEN, "a reply that cannot be read: octet 12"},
        {NULL, "CF", ACCEPTED, true, OUTCOME_BROKEN, "a reply that cannot be read: octet 20"},
        {NULL, "RF", UNANSWERED, false, OUTCOME_BROKEN, "accepted SUCCESS"},
        {NULL, "HQ", ACCEPTED, true, OUTCOME_BROKEN, "16 octets of fragment 1 are missing"},
        {NULL, "H", ACCEPTED, true, OUTCOME_BROKEN, "nothing"},
        {NULL, "B", ACCEPTED, true, OUTCOME_BROKEN, "2147483647"},
        {NULL, "E", ACCEPTED, true, OUTCOME_BROKEN, "empty"},
        {NULL, "N", ACCEPTED, true, OUTCOME_BROKEN, "no RPC message"},
        {NULL, "T", ACCEPTED, true, OUTCOME_BROKEN, "a further reply"},
        {NULL, "T", UNANSWERED, false, OUTCOME_BROKEN, "a further reply"},
        {NULL, "Q", ACCEPTED, true, OUTCOME_BROKEN, "end of file"},
        {NULL, "Z", ACCEPTED, true, OUTCOME_BROKEN, ""},
        {datagrams, "<<F", ACCEPTED, true, OUTCOME_BROKEN, "nothing, and the NULL call behind"},
        {datagrams, "<<RRF", ACCEPTED, true, OUTCOME_BROKEN, "2 replies"},
        {datagrams, "<<WF", ACCEPTED, true, OUTCOME_BROKEN, "51525355"},
        {datagrams, "<<N", ACCEPTED, true, OUTCOME_BROKEN, ""},
    };

    run_rows(rows, ARRAY_LEN(rows));
}

/* A message that was judged: what comes to it later is one reply too many, or too late. */
static void test_afterwards(void **state UNUSED)
{
    static const struct row rows[] = {
        {NULL, "RF<RG", ACCEPTED, false, OUTCOME_BROKEN, "a further reply, number 2"},
        {NULL, "F<RG", UNANSWERED, false, OUTCOME_BROKEN, "after a later call was answered"},
        {datagrams, "<<RF<RG", ACCEPTED, false, OUTCOME_BROKEN, "a further reply, number 2"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene s;
        struct heard h;

        open_scene(&s, rows[i].url ? rows[i].url : streams, rows[i].script);
        struct onc_call call = check_call_of(s.c, ONC_NULLPROC);
        call.xid = XID;
        check_say(s.c, s.conn, &call, NULL, &h);
        judge(&s, rows[i].judgement, &h);
        assert_row(i, s.outcome->kind == OUTCOME_OPEN);
        check_exchange(s.c, s.conn);
        assert_row(i, s.outcome->kind == rows[i].kind);
        assert_contains(s.outcome->actual, rows[i].actual);
        close_scene(&s);
    }
}

/* The first datagrams are lost: the fence is sent again, the message only where it may be; a reply
   to each of the two is then no reply too many. */
static void test_lost(void **state UNUSED)
{
    static const struct {
        bool resend;
        const char *script;
        enum outcome_kind kind;
    } rows[] = {
        {true, "<<<<RF", OUTCOME_OPEN},     {true, "<<<<RRFF", OUTCOME_OPEN},
        {true, "<<<<RRRF", OUTCOME_BROKEN}, {false, "<<<RF", OUTCOME_OPEN},
        {false, "<<<RRF", OUTCOME_BROKEN},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct say_options options = {.resend = rows[i].resend, .awaits = true};
        struct scene s;
        struct heard h;

        open_scene(&s, datagrams, rows[i].script);
        struct onc_call call = check_call_of(s.c, ONC_NULLPROC);
        call.xid = XID;
        check_say(s.c, s.conn, &call, &options, &h);
        check_accepted(s.c, &h, "it", ONC_SUCCESS);
        if (s.outcome->kind != rows[i].kind)
            print_message("script %s: %s\n", rows[i].script, s.outcome->reason);
        assert_row(i, s.outcome->kind == rows[i].kind);
        close_scene(&s);
    }
}

/* Several messages are open, two of them with the same xid, beside a NULL call that is owed. */
static void test_posts(void **state UNUSED)
{
    struct heard heard[3];
    struct scene s;

    open_scene(&s, streams, "URRF<G");
    check_send(s.c, s.conn);
    for (size_t i = 0; i < ARRAY_LEN(heard); i++) {
        struct onc_call call = check_call_of(s.c, ONC_NULLPROC);

        call.xid = XID;
        check_post(s.c, s.conn, &call, NULL, &heard[i]);
    }
    check_accepted(s.c, &heard[0], "the first", ONC_PROC_UNAVAIL);
    check_accepted(s.c, &heard[1], "the second", ONC_SUCCESS);
    check_accepted(s.c, &heard[2], "the third", ONC_SUCCESS);
    check_reply(s.c, s.conn);
    check_exchange(s.c, s.conn);
    assert_int_equal(s.outcome->kind, OUTCOME_OPEN);
    assert_int_equal(heard[1].octets.len, 24);
    close_scene(&s);
}

/* What is told in the transcript. */
static void test_words(void **state UNUSED)
{
    struct scene s;
    struct heard h;
    bool call_told = false;
    bool reply_told = false;

    open_scene(&s, streams, "UF");
    struct onc_call call = check_call_of(s.c, 7);
    call.xid = XID;
    check_say(s.c, s.conn, &call, NULL, &h);
    for (size_t i = 0; i < s.outcome->count; i++) {
        const char *what = s.outcome->events[i].what;

        call_told |=
            strstr(what, "sent 44 octets: CALL xid 0x51525354 prog 345678 vers 2 proc 7") != NULL;
        reply_told |= strstr(what, "REPLY xid 0x51525354 accepted PROC_UNAVAIL") != NULL;
    }
    assert_true(call_told && reply_told);
    close_scene(&s);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),      cmocka_unit_test(test_broken),
        cmocka_unit_test(test_afterwards), cmocka_unit_test(test_lost),
        cmocka_unit_test(test_posts),      cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
