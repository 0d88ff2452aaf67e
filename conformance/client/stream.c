/* Checks: what a client makes of a server that misbehaves on a connection. */
#include <string.h>
#include <sys/socket.h>

#include "conformance/client/client.h"
#include "conformance/runner/conn.h"
#include "conformance/suites.h"
#include "harness/base/deadline.h"

enum {
    STALL_MS = 300, /* between two parts of a reply: no end, and no reason to take it for one */
    PIECE_MS = 2,   /* ... between octets: each is read by itself */
    MIB = 1 << 20,
    UPLOAD = 8 * MIB,
    ENDLESS = 64 * MIB,
    CHUNK = 4096,
    TRICKLE_MS = 20,
    SLOW_TURNS = 64,
};

/* ---- a connection that is not made ---- */

static void connect_timeout(struct check_ctx *c)
{
    struct client_plan plan = {.texts = 1, .flags = CLIENT_FULL};

    client_begin(c, &plan);
    if (client_try_finish(c, CLIENT_UNHEARD))
        client_must_fail(c);
    else
        check_noted(c,
                    "it still tries after %.1f s, and leaves the end to the kernel, which gives "
                    "up after about two minutes",
                    (double)c->target.patience_ms / 1000);
}

static void address_fallback(struct check_ctx *c)
{
    struct client_plan plan = {.texts = 1, .flags = CLIENT_BY_NAME};

    client_begin(c, &plan);
    client_finish(c, CLIENT_SERVED);
    client_must_succeed(c);
}

/* ---- replies in parts ---- */

/* A request came, and this is the reply to it; the caller frees it. */
static struct conn *asked(struct check_ctx *c, unsigned texts, struct client_request *ret_request,
                          struct buf *ret_reply)
{
    client_begin_with(c, texts);
    struct conn *conn = client_accept(c);

    *ret_request = client_request(c, conn);
    buf_init(ret_reply, MIB);
    client_compose(c, ret_request, CLIENT_TRUE, ret_reply);
    return conn;
}

static void say_in_parts(struct check_ctx *c, struct conn *conn, struct slice octets, size_t size,
                         unsigned pause_ms)
{
    for (size_t at = 0; at < octets.len && check_alive(c) && !conn->lost; at += size) {
        client_say(c, conn, slice_sub(octets, at, size));
        client_let_read(c, conn, pause_ms);
    }
}

static void split_reply(struct check_ctx *c)
{
    struct client_request r;
    struct buf reply;
    struct conn *conn = asked(c, 1, &r, &reply);

    say_in_parts(c, conn, buf_slice(&reply), 1, PIECE_MS);
    client_finish(c, CLIENT_SERVED);
    client_must_succeed(c);
    buf_free(&reply);
}

static void stalled_reply(struct check_ctx *c)
{
    struct client_request r;
    struct buf reply;
    struct conn *conn = asked(c, 1, &r, &reply);

    say_in_parts(c, conn, buf_slice(&reply), reply.len / 2 + 1, STALL_MS);
    client_finish(c, CLIENT_SERVED);
    client_must_succeed(c);
    buf_free(&reply);
}

static void interrupted(struct check_ctx *c)
{
    static const unsigned times = 3;
    struct client_request r;
    struct buf reply;
    struct conn *conn = asked(c, 1, &r, &reply);

    client_interrupt(c, times);
    client_say(c, conn, slice_sub(buf_slice(&reply), 0, reply.len / 2));
    client_interrupt(c, times);
    client_say(c, conn, slice_from(buf_slice(&reply), reply.len / 2));
    client_finish(c, CLIENT_SERVED);
    client_must_succeed(c);
    buf_free(&reply);
}

static void merged_replies(struct check_ctx *c)
{
    struct client_request r, next;
    struct buf replies;
    struct conn *conn = asked(c, 2, &r, &replies);
    bool pipelines = client_try_request(c, conn, &next, deadline_in_ms(STALL_MS));

    if (check_alive(c) && !pipelines) {
        check_skipped(c, "the client waits for one reply before it asks for the next");
    } else {
        client_compose(c, &next, CLIENT_TRUE, &replies);
        client_say(c, conn, buf_slice(&replies));
    }
    client_finish(c, CLIENT_SERVED);
    client_must_succeed(c);
    buf_free(&replies);
}

static void urgent(struct check_ctx *c)
{
    struct client_request r;
    struct buf reply;
    struct conn *conn = asked(c, 1, &r, &reply);

    client_say(c, conn, slice_sub(buf_slice(&reply), 0, reply.len / 2));
    if (check_alive(c) && !conn->lost)
        check_urgent(c, conn, '!');
    client_let_read(c, conn, PIECE_MS);
    client_say(c, conn, slice_from(buf_slice(&reply), reply.len / 2));
    client_finish(c, CLIENT_SERVED);
    client_must_succeed(c);
    buf_free(&reply);
}

/* ---- replies that do not come, or not whole ---- */

static void silent(struct check_ctx *c)
{
    struct client_request r;
    struct buf reply;

    asked(c, 1, &r, &reply);
    client_finish(c, CLIENT_HEARD);
    client_must_fail(c);
    buf_free(&reply);
}

static void early_eof(struct check_ctx *c)
{
    struct client_request r;
    struct buf reply;
    struct conn *conn = asked(c, 1, &r, &reply);

    check_close(c, conn);
    client_finish(c, CLIENT_HEARD);
    client_must_fail(c);
    buf_free(&reply);
}

static void truncated_reply(struct check_ctx *c)
{
    struct client_request r;
    struct buf reply;
    struct conn *conn = asked(c, 1, &r, &reply);

    client_say(c, conn, client_part(c, &r, buf_slice(&reply)));
    if (check_alive(c) && !conn->lost)
        check_shut(c, conn, SHUT_WR);
    client_finish(c, CLIENT_HEARD);
    client_must_fail(c);
    buf_free(&reply);
}

static void reset_before(struct check_ctx *c)
{
    struct client_request r;
    struct buf reply;
    struct conn *conn = asked(c, 1, &r, &reply);

    check_reset(c, conn);
    client_finish(c, CLIENT_HEARD);
    client_must_fail(c);
    buf_free(&reply);
}

static void reset_within(struct check_ctx *c)
{
    struct client_request r;
    struct buf reply;
    struct conn *conn = asked(c, 1, &r, &reply);

    client_say(c, conn, client_part(c, &r, buf_slice(&reply)));
    client_let_read(c, conn, PIECE_MS);
    check_reset(c, conn);
    client_finish(c, CLIENT_HEARD);
    client_must_fail(c);
    buf_free(&reply);
}

/* The answer has come whole: a client may take it, or complain of the end. */
static void reset_after(struct check_ctx *c)
{
    struct client_request r;
    struct buf reply;
    struct conn *conn = asked(c, 1, &r, &reply);

    client_say(c, conn, buf_slice(&reply));
    client_let_read(c, conn, STALL_MS);
    check_reset(c, conn);
    client_finish(c, CLIENT_HEARD);
    client_must_not_lie(c, "the connection was reset");
    buf_free(&reply);
}

/* A request comes while the client's input goes on. Who takes all of its input first is like
   sort(1) in that, and no claim says anything of it. */
static struct conn *asked_early(struct check_ctx *c, unsigned texts, struct client_request *ret)
{
    struct client_plan plan = {.texts = texts, .flags = CLIENT_LATE_END};

    client_begin(c, &plan);
    struct conn *conn = client_try_accept(c, conn_patience(c));
    if (conn && client_try_request(c, conn, ret, conn_patience(c)))
        return conn;
    bool waits = !conn || (!conn->ended && !conn->lost);
    if (check_alive(c) && waits && !client_over(c))
        check_skipped(c, "the client asks for nothing before its input has ended");
    conn = conn ? conn : client_accept(c);
    *ret = client_request(c, conn);
    return conn;
}

/* FIN before RST: the client's next send meets a socket that is closed, and raises SIGPIPE. */
static void sigpipe(struct check_ctx *c)
{
    struct client_request r;
    struct conn *conn = asked_early(c, CLIENT_TEXTS, &r);

    client_answer(c, conn, &r, CLIENT_TRUE);
    client_pause(c, STALL_MS);
    check_break_off(c, conn);
    client_end_input(c);
    client_finish(c, CLIENT_HEARD);
    client_must_not_lie(c, "the server went after its first answer");
}

/* The server ends while the client waits for its own input, which goes on. */
static void server_termination(struct check_ctx *c)
{
    struct client_request r;

    if (c->target.client->facts.reconnects)
        check_skipped(c, "it makes a connection for each request, and has none while it waits for "
                         "its input");
    struct conn *conn = asked_early(c, 1, &r);
    client_answer(c, conn, &r, CLIENT_TRUE);
    check_close(c, conn);
    client_finish(c, CLIENT_HEARD);
    client_must_not_lie(c, "the server went");
}

static void server_half_close(struct check_ctx *c)
{
    client_begin_with(c, 1);
    struct conn *conn = client_accept(c);

    if (check_alive(c))
        check_shut(c, conn, SHUT_WR);
    client_finish(c, CLIENT_HEARD);
    client_must_fail(c);
}

/* ---- more than was asked ---- */

static void trailing_garbage(struct check_ctx *c)
{
    struct client_request r;
    struct buf reply;
    struct conn *conn = asked(c, 1, &r, &reply);

    buf_put_str(&reply, "???");
    client_say(c, conn, buf_slice(&reply));
    client_pause(c, STALL_MS);
    if (check_alive(c) && !conn->lost)
        check_shut(c, conn, SHUT_WR);
    client_finish(c, CLIENT_HEARD);
    client_must_fail(c);
    buf_free(&reply);
}

/* What looks like an answer before anything was asked. */
static void unsolicited_data(struct check_ctx *c)
{
    struct client_plan plan = {.texts = 1};
    struct buf banner;

    client_begin(c, &plan);
    struct conn *conn = client_accept(c);
    buf_init(&banner, MIB);
    buf_printf(&banner, "%s\n", client_text(c, 0, CLIENT_FORGED));
    client_say(c, conn, buf_slice(&banner));
    client_finish(c, CLIENT_SERVED);
    client_must_not_lie(c, "octets came that nobody had asked for");
    buf_free(&banner);
}

/* Quickly up to what a program might hold, then on and on, until the client ends or patience does.
 */
static void endless_reply(struct check_ctx *c)
{
    static uint8_t filler[CHUNK];
    struct client_request r;
    struct buf reply;
    struct conn *conn = asked(c, 1, &r, &reply);
    int64_t deadline = conn_patience(c);
    uint64_t before = 0; /* a runtime may take that much for itself */
    uint64_t held = 0;
    size_t sent = 0;

    client_memory(c, &before);
    memset(filler, 'x', sizeof(filler));
    while (check_alive(c) && !conn->lost && !client_over(c) && !deadline_passed(deadline)) {
        client_say(c, conn, slice_of(filler, sizeof(filler)));
        sent += sizeof(filler);
        client_pause(c, sent < ENDLESS ? 0 : TRICKLE_MS);
        if (sent == ENDLESS && client_memory(c, &held) && held > before + ENDLESS * 3 / 4)
            check_broken(c, "a client that keeps no more of a reply than it can use",
                         "it holds %llu MiB of memory more after %d MiB",
                         (unsigned long long)(held - before) / MIB, ENDLESS / MIB);
    }
    if (check_alive(c) && !client_over(c) && !conn->lost)
        check_broken(c, "the client gives up a reply without end", "it reads on after %zu octets",
                     sent);
    client_finish(c, CLIENT_HEARD);
    client_must_fail(c);
    buf_free(&reply);
}

/* ---- what the client sends ---- */

static void nondraining_server(struct check_ctx *c)
{
    struct client_plan plan = {.texts = 1, .flags = CLIENT_SMALL, .bulk = UPLOAD};

    client_begin(c, &plan);
    client_accept(c);
    client_finish(c, CLIENT_UNHEARD);
    client_must_fail(c);
}

/* Reads slowly at first, so that the client's buffers fill up. What comes is compared with the
   client's input, and echoed as the client takes it, without keeping us from reading on. Returns
   how much of the input came. */
static size_t echo_slowly(struct check_ctx *c, struct conn *conn)
{
    struct slice input = client_input_octets(c);
    int64_t deadline = conn_patience(c);
    size_t heard = 0;
    size_t said = 0;
    int large = MIB;

    for (unsigned turn = 0; check_alive(c) && !conn->ended && !deadline_passed(deadline); turn++) {
        size_t len = conn->in.len;
        size_t same = slice_common(buf_slice(&conn->in), slice_from(input, heard));
        size_t took = client_offer(c, conn, slice_sub(input, said, heard + same - said));

        heard += same;
        said += took;
        buf_drop(&conn->in, len);
        if (same < len)
            check_broken(c, "every octet of its input, in order",
                         "another octet than octet %zu of its %zu", heard, input.len);
        if (len > 0 || took > 0)
            deadline = conn_patience(c);
        client_pause(c, turn < SLOW_TURNS ? 1 : 0);
        if (turn == SLOW_TURNS)
            setsockopt(conn->fd, SOL_SOCKET, SO_RCVBUF, &large, sizeof(large));
        if (!client_move(c, conn, said < heard, deadline))
            break;
    }
    return heard;
}

static void partial_write(struct check_ctx *c)
{
    struct client_plan plan = {.texts = 1, .flags = CLIENT_SMALL, .bulk = UPLOAD};
    const struct client_facts *facts = &c->target.client->facts;

    if (facts->before > 0 || facts->after != 1)
        check_skipped(c, "what the client sends is not its standard input as it is");
    client_begin(c, &plan);
    struct conn *conn = client_accept(c);
    size_t heard = echo_slowly(c, conn);
    check_close(c, conn);
    client_finish(c, CLIENT_HEARD);
    if (check_alive(c) && heard < client_input_octets(c).len && client_ended_well(c))
        check_broken(c, "every octet of its input, or an error", "status 0, and %zu octets of %zu",
                     heard, client_input_octets(c).len);
    check_met(c);
}

/* The server keeps the connection open as long as the client does. */
static void sends_fin(struct check_ctx *c)
{
    struct client_request r;
    struct buf reply;
    struct conn *conn = asked(c, 1, &r, &reply);
    int64_t deadline = conn_patience(c);

    client_say(c, conn, buf_slice(&reply));
    while (client_hear(c, conn, deadline))
        continue;
    if (check_alive(c) && !conn->ended && !conn->lost)
        check_broken(c, "the client ends its sending side when it has nothing more to ask",
                     "no end of file came");
    check_close(c, conn);
    client_finish(c, CLIENT_HEARD);
    client_must_succeed(c);
    buf_free(&reply);
}

/* ---- what it leaves and takes ---- */

static void sockets(struct check_ctx *c)
{
    struct client_request r;
    struct buf reply;
    struct conn *conn = asked(c, 1, &r, &reply);
    int64_t deadline = conn_patience(c);

    client_say(c, conn, buf_slice(&reply));
    if (check_alive(c))
        check_shut(c, conn, SHUT_WR);
    client_finish(c, CLIENT_HEARD);
    while (client_hear(c, conn, deadline))
        continue;
    if (check_alive(c) && !conn->ended && !conn->lost)
        check_broken(c, "the connection ends with the client",
                     "the client has ended, and somebody keeps its connection open");
    check_met(c);
    buf_free(&reply);
}

static const struct check checks[] = {
    {
        .id = "client.stream.refused",
        .claim = "a refused connection is reported by a status that is not 0",
        .why = "Scripts go on with what they believe was done.",
        .how = "Nobody listens; the client ends by itself and says so by its status.",
        .cites = {REQ_CLI_13},
        .needs = NEED_CONNECTED,
        .run = client_try_refused,
    },
    {
        .id = "client.stream.says-why",
        .claim = "the user is told that the connection was refused",
        .why = "A status alone leaves people to guess.",
        .how = "Nobody listens; something is written to standard error or output.",
        .cites = {REQ_CLI_29},
        .needs = NEED_CONNECTED,
        .run = client_try_says_why,
    },
    {
        .id = "client.stream.connect-timeout",
        .claim = "a connect that is never answered ends",
        .why = "The kernel tries for more than two minutes, and firewalls drop in silence.",
        .how = "A listener whose queue is full, so that nobody answers the SYN; the client gives "
               "up by itself, or is still trying when patience ends.",
        .cites = {REQ_CLI_14},
        .needs = NEED_TCP,
        .run = connect_timeout,
    },
    {
        .id = "client.stream.address-fallback",
        .claim = "the next address of a name is tried when the first one refuses",
        .why = "localhost is ::1 and 127.0.0.1, and servers listen on one of them.",
        .how = "The client is told \"localhost\"; the server is at its last address alone.",
        .cites = {REQ_CLI_25},
        .needs = NEED_TCP,
        .run = address_fallback,
    },
    {
        .id = "client.stream.silent",
        .claim = "a server that never answers does not keep the client for ever",
        .why = "A process that hangs is found by nobody, and holds what it has.",
        .how = "The request is read and never answered; the client gives up while patience lasts.",
        .cites = {REQ_CLI_30},
        .needs = NEED_CONNECTED | NEED_JUDGES,
        .run = silent,
    },
    {
        .id = "client.stream.split-reply",
        .claim = "a reply that comes octet by octet is one reply",
        .why = "read() gives what is there, not what was written.",
        .how = "The reply in segments of one octet.",
        .cites = {REQ_TCP_9293_3_7_02, REQ_CLI_18},
        .needs = NEED_CONNECTED | NEED_STREAM,
        .run = split_reply,
    },
    {
        .id = "client.stream.stalled-reply",
        .claim = "a pause within a reply is not taken for its end",
        .why = "Networks stall for longer than programs expect.",
        .how = "Half of the reply, 300 ms of nothing, the rest; the client takes all of it.",
        .cites = {REQ_TCP_9293_3_7_02, REQ_CLI_18},
        .needs = NEED_CONNECTED | NEED_STREAM,
        .run = stalled_reply,
    },
    {
        .id = "client.stream.merged-replies",
        .claim = "two replies in one segment are two replies",
        .why = "What was read too much belongs to the next reply.",
        .how = "Two requests are answered by one send().",
        .cites = {REQ_CLI_18},
        .needs = NEED_CONNECTED | NEED_STREAM,
        .run = merged_replies,
    },
    {
        .id = "client.stream.eintr",
        .claim = "signals do not end the client early",
        .why = "A resized window or a stopped and continued job interrupts system calls.",
        .how = "The client is stopped and continued while it waits for the reply and within it.",
        .cites = {REQ_CLI_26},
        .needs = NEED_CONNECTED | NEED_STREAM,
        .run = interrupted,
    },
    {
        .id = "client.stream.oob",
        .claim = "urgent data does not get into the reply",
        .why = "With SO_OOBINLINE, and by default with some runtimes, it does.",
        .how = "One urgent octet in the middle of the reply.",
        .cites = {REQ_CLI_27},
        .needs = NEED_TCP,
        .run = urgent,
    },
    {
        .id = "client.stream.early-eof",
        .claim = "an end of file before the reply is an error",
        .why = "read() gives 0, and an empty reply is easily taken for one.",
        .how = "The request is read, and the connection closed.",
        .cites = {REQ_CLI_15},
        .needs = NEED_CONNECTED | NEED_JUDGES,
        .run = early_eof,
    },
    {
        .id = "client.stream.truncated-reply",
        .claim = "half a reply is not taken for a whole one",
        .why = "A server that dies leaves just this behind.",
        .how = "Half of the reply, then FIN.",
        .cites = {REQ_CLI_16},
        .needs = NEED_CONNECTED | NEED_STREAM | NEED_JUDGES,
        .run = truncated_reply,
    },
    {
        .id = "client.stream.reset-before",
        .claim = "a reset before the reply is reported and does not kill the client",
        .why = "ECONNRESET is how most crashes of servers look.",
        .how = "The request is read, and the connection reset.",
        .cites = {REQ_CLI_17},
        .needs = NEED_CONNECTED,
        .run = reset_before,
    },
    {
        .id = "client.stream.reset-within",
        .claim = "a reset within the reply is reported and does not kill the client",
        .why = "What came before it is half a reply, whatever it looks like.",
        .how = "Half of the reply, then a reset.",
        .cites = {REQ_CLI_17},
        .needs = NEED_CONNECTED | NEED_STREAM | NEED_JUDGES,
        .run = reset_within,
    },
    {
        .id = "client.stream.reset-after",
        .claim = "a reset behind the reply does not kill the client",
        .why = "It may come while the client closes, or in the place of a FIN.",
        .how = "The whole reply, 300 ms, a reset; the client ends with or without an error, by "
               "itself, and does not call anything an answer that is none.",
        .cites = {REQ_CLI_17},
        .needs = NEED_CONNECTED,
        .run = reset_after,
    },
    {
        .id = "client.stream.sigpipe",
        .claim = "a server that goes after its first answer does not kill the client",
        .why = "A send() behind the peer's close raises SIGPIPE, whose default is death.",
        .how = "One answer, then FIN and a reset while the client waits for input; then it gets "
               "more to ask.",
        .cites = {REQ_CLI_17},
        .needs = NEED_CONNECTED | NEED_JUDGES,
        .run = sigpipe,
    },
    {
        .id = "client.stream.server-termination",
        .claim = "a server that ends between two requests is noticed while the client waits for "
                 "its own input",
        .why = "A client that looks at its input alone learns of it when it is too late.",
        .how = "One answer, then FIN, while the client's input stays open; the client ends.",
        .cites = {REQ_UNP_01},
        .needs = NEED_CONNECTED,
        .run = server_termination,
    },
    {
        .id = "client.stream.server-half-close",
        .claim = "a server that will never answer, but reads, is an error",
        .why = "Its end of file comes before anything was asked.",
        .how = "The server shuts down its sending side at once and reads on.",
        .cites = {REQ_CLI_24},
        .needs = NEED_CONNECTED | NEED_JUDGES,
        .run = server_half_close,
    },
    {
        .id = "client.stream.trailing-garbage",
        .claim = "octets behind the expected reply are noticed",
        .why = "The two sides do not mean the same; the next reply would begin with them.",
        .how = "Three octets more than the reply has, then FIN.",
        .cites = {REQ_CLI_23},
        .needs = NEED_CONNECTED | NEED_STREAM | NEED_ECHO | NEED_JUDGES,
        .run = trailing_garbage,
    },
    {
        .id = "client.stream.unsolicited-data",
        .claim = "what comes before the first request is not taken for its reply",
        .why = "A banner, or the rest of somebody else's conversation.",
        .how = "Octets that look like an answer as soon as the client has connected.",
        .cites = {REQ_CLI_22},
        .needs = NEED_CONNECTED | NEED_STREAM | NEED_ECHO | NEED_JUDGES,
        .run = unsolicited_data,
    },
    {
        .id = "client.stream.endless-reply",
        .claim = "a reply without end neither keeps the client for ever nor passes for an answer",
        .why = "A hostile or broken server can send more than there is memory.",
        .how = "Octets without a line end in the place of the reply, 64 MiB quickly and then more, "
               "until the client ends.",
        .cites = {REQ_CLI_31},
        .needs = NEED_CONNECTED | NEED_STREAM | NEED_ECHO | NEED_JUDGES,
        .run = endless_reply,
    },
    {
        .id = "client.stream.nondraining-server",
        .claim = "a server that never reads neither keeps the client for ever nor makes it call "
                 "success what was never taken",
        .why = "send() blocks when the buffers are full, and what is in them is not delivered.",
        .how = "A line of 8 MiB, a server that accepts and reads nothing.",
        .cites = {REQ_CLI_19},
        .needs = NEED_CONNECTED,
        .run = nondraining_server,
    },
    {
        .id = "client.stream.partial-write",
        .claim = "all of its input is sent, also to a server that reads slowly",
        .why = "send() may take less than it was given.",
        .how = "A line of 8 MiB to a server with a small receive buffer that reads slowly; what "
               "came is compared with the input. Where the client gives up, it says so.",
        .cites = {REQ_CLI_20},
        .needs = NEED_CONNECTED | NEED_STREAM | NEED_ECHO,
        .run = partial_write,
    },
    {
        .id = "client.stream.sends-fin",
        .claim = "the client ends its side when it has nothing more to ask",
        .why = "Who waits for the server to close first may wait for ever, and so does the server.",
        .how = "The reply; then the server waits for the client's end of file.",
        .cites = {REQ_CLI_21},
        .needs = NEED_CONNECTED,
        .run = sends_fin,
    },
    {
        .id = "client.leak.sockets",
        .claim = "nothing of the client's connection stays behind when it has ended",
        .why = "A child or a daemon that inherited the socket keeps the server busy.",
        .how = "The client is answered and ends; its end of file, or a reset, arrives.",
        .cites = {REQ_CLI_12},
        .needs = NEED_CONNECTED,
        .run = sockets,
    },
    {
        .id = "client.stream.no-spin",
        .claim = "a client that waits for its reply leaves the processor alone",
        .why = "A loop around a socket that is not ready burns a processor and heats the room.",
        .how = "The processor time of the client while the server makes it wait.",
        .cites = {REQ_CLI_32},
        .needs = NEED_CONNECTED,
        .run = client_try_no_spin,
    },
};

SUITE(client_stream);
