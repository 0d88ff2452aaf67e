/* The scripted server of peer.h. */
#include "tests/peer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "harness/base/deadline.h"
#include "tests/unit.h"

enum { PIECE_MAX = 1 << 17, BACKLOG = 128 };

/* One conversation, or all datagrams. */
struct talk {
    const struct peer_script *script;
    int fd;
    bool records;             /* borders are kept: one answer is one send */
    const struct address *to; /* where answers go, or NULL: the connection */
    unsigned pieces;
    bool again; /* the next answer is preceded by the last one */
    struct buf last;
};

static void rest(unsigned ms)
{
    deadline_wait(deadline_in_ms(ms));
}

/* Sends everything; a client that has gone ends the conversation. */
static bool put(const struct talk *t, struct slice octets)
{
    if (t->records || t->to)
        return net_send_to(t->fd, octets, t->to, DEADLINE_NEVER).status == NET_OK;
    return net_send(t->fd, octets, DEADLINE_NEVER, 0).status == NET_OK;
}

static bool put_slowly(const struct talk *t, struct slice octets)
{
    for (size_t i = 0; i < octets.len; i++) {
        if (!put(t, slice_sub(octets, i, 1)))
            return false;
        rest(t->script->ms);
    }
    return true;
}

static bool put_twice(const struct talk *t, struct slice octets)
{
    struct buf both;

    if (t->records || t->to)
        return put(t, octets) && put(t, octets); /* NOLINT(misc-redundant-expression) */
    buf_init(&both, 2 * PIECE_MAX);
    buf_put(&both, octets);
    buf_put(&both, octets);
    bool ok = put(t, buf_slice(&both));
    buf_free(&both);
    return ok;
}

/* The octets with one more in front or behind. */
static bool put_more(const struct talk *t, struct slice octets, bool in_front)
{
    struct buf more;

    buf_init(&more, PIECE_MAX + 1);
    if (in_front)
        buf_put_byte(&more, '!');
    buf_put(&more, octets);
    if (!in_front)
        buf_put_byte(&more, '!');
    bool ok = put(t, buf_slice(&more));
    buf_free(&more);
    return ok;
}

static bool put_changed(const struct talk *t, struct slice octets)
{
    struct buf copy;

    buf_init(&copy, PIECE_MAX);
    buf_put(&copy, octets);
    copy.data[copy.len - 1] ^= 1;
    bool ok = put(t, buf_slice(&copy));
    buf_free(&copy);
    return ok;
}

/* Does the deed with the right answer at hand. False ends the conversation. */
static bool perform(struct talk *t, struct slice answer)
{
    switch (t->script->deed) {
    case PEER_MUTE:
    case PEER_LOSE:
        return true;
    case PEER_SHORT:
        return put(t, slice_sub(answer, 0, answer.len - 1));
    case PEER_WRONG:
        return put_changed(t, answer);
    case PEER_TWICE:
        return put_twice(t, answer);
    case PEER_LONG:
        return put_more(t, answer, false);
    case PEER_AHEAD:
        return put_more(t, answer, true);
    case PEER_LATER:
        t->again = true;
        buf_reset(&t->last);
        buf_put(&t->last, answer);
        return put(t, answer);
    case PEER_HALF:
        put(t, slice_sub(answer, 0, answer.len / 2));
        return false;
    case PEER_CLOSE:
        return false;
    case PEER_RESET:
        net_reset(t->fd);
        _exit(EXIT_SUCCESS);
    case PEER_SLOW:
        return put_slowly(t, answer);
    case PEER_LATE:
    case PEER_IDLE:
        rest(t->script->ms);
        return put(t, answer);
    case PEER_ECHO:
        return put(t, answer);
    }
    return false;
}

static bool answer_piece(struct talk *t, struct slice piece)
{
    const struct peer_script *s = t->script;
    unsigned number = t->pieces++;
    bool due = s->deed == PEER_MUTE ? number >= s->after : number == s->after;
    struct buf answer;

    if (s->silent)
        return true;
    if (t->again) {
        t->again = false;
        if (!put(t, buf_slice(&t->last)))
            return false;
    }
    buf_init(&answer, PIECE_MAX + 256);
    if (s->prefix)
        buf_put_str(&answer, s->prefix);
    buf_put(&answer, piece);
    bool on = due ? perform(t, buf_slice(&answer)) : put(t, buf_slice(&answer));
    buf_free(&answer);
    return on;
}

static void meet_the_end(const struct talk *t)
{
    switch (t->script->end) {
    case PEER_END_CLOSES:
        return;
    case PEER_END_STAYS:
        for (;;)
            poll(NULL, 0, -1);
    case PEER_END_RESETS:
        net_reset(t->fd);
        _exit(EXIT_SUCCESS);
    case PEER_END_TALKS:
        put(t, slice_str("!"));
        return;
    }
}

static void talk_without_end(const struct talk *t)
{
    static uint8_t octets[4096];

    memset(octets, 'c', sizeof(octets));
    while (put(t, slice_of(octets, sizeof(octets))))
        continue;
}

static void converse(int fd, bool records, const struct peer_script *script)
{
    static uint8_t piece[PIECE_MAX];
    struct talk t = {.script = script, .fd = fd, .records = records};

    buf_init(&t.last, PIECE_MAX);
    if (script->greets)
        put(&t, slice_str("!"));
    if (script->source)
        talk_without_end(&t);
    for (;;) {
        struct net_io io = net_recv(fd, piece, sizeof(piece), records, DEADLINE_NEVER);

        if (io.status == NET_EOF)
            meet_the_end(&t);
        if (io.status != NET_OK || !answer_piece(&t, slice_of(piece, io.len)))
            break;
    }
    buf_free(&t.last);
}

static void serve_datagrams(int fd, const struct peer_script *script)
{
    static uint8_t piece[PIECE_MAX];
    struct address from;
    struct talk t = {.script = script, .fd = fd, .to = &from};

    buf_init(&t.last, PIECE_MAX);
    for (;;) {
        struct net_io io = net_recv_from(fd, piece, sizeof(piece), &from, DEADLINE_NEVER);

        if (io.status == NET_OK)
            answer_piece(&t, slice_of(piece, io.len));
    }
}

static void serve_connections(int listener, bool records, const struct peer_script *script)
{
    signal(SIGCHLD, SIG_IGN); /* the kernel waits for them */
    for (;;) {
        net_wait(listener, POLLIN, DEADLINE_NEVER);
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(listener);
            net_no_delay(fd);
            converse(fd, records, script);
            close(fd);
            _exit(EXIT_SUCCESS);
        }
        close(fd);
    }
}

_Noreturn static void serve(int fd, const struct endpoint *e, const struct peer_script *script)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    if (endpoint_is_datagram(e))
        serve_datagrams(fd, script);
    serve_connections(fd, e->kind == ENDPOINT_UNIX_SEQPACKET, script);
    _exit(EXIT_SUCCESS);
}

void peer_start(struct peer *p, enum endpoint_kind kind, const struct peer_script *script,
                const char *folder)
{
    static unsigned number;
    struct problem why = {.text = ""};

    *p = (struct peer){.endpoint = {.kind = kind}};
    if (endpoint_is_unix(&p->endpoint))
        text_format(p->endpoint.path, sizeof(p->endpoint.path), "%s/peer%u", folder, number++);
    else
        text_copy(p->endpoint.host, sizeof(p->endpoint.host), "127.0.0.1");
    int fd = net_listen(&p->endpoint, BACKLOG, &why);
    assert_string_equal(why.text, "");
    assert_true(net_local(fd, endpoint_socktype(&p->endpoint), &p->address));
    p->endpoint.port = address_port(&p->address);
    p->pid = fork();
    assert_true(p->pid >= 0);
    if (p->pid == 0)
        serve(fd, &p->endpoint, script);
    close(fd);
}

void peer_stop(struct peer *p)
{
    if (p->pid > 0) {
        kill(p->pid, SIGKILL);
        waitpid(p->pid, NULL, 0);
    }
    net_forget(&p->endpoint);
    p->pid = 0;
}
