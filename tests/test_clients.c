/*
 * The reference clients from outside, against servers that behave, misbehave and are not there:
 * what is shown, how it ends, and the one line that says why.
 *
 * Most servers are those of peer.h; a server of its own here is a function that runs in a child
 * process on a listener, and says by its status whether it saw what it had to see.
 */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "tests/peer.h"
#include "tests/program.h"
#include "tests/unit.h"

enum { LIMIT_S = 60, PIECE = 1 << 16, BACKLOG = 16, SEEN_ALL = 0, SEEN_WRONG = 1 };

static const char three[] = "printf 'one\\ntwo\\nthree\\n'";
static const char three_out[] = "one\ntwo\nthree\n";
static const char slow_three[] = "(sleep 0.3; printf 'one\\ntwo\\nthree\\n')";

/* How a client has to end. */
struct wanted {
    int status;
    const char *out;
    const char *complaint; /* a part of the only line on standard error; NULL where there is none */
};

static unsigned lines_of(const char *text)
{
    unsigned lines = 0;

    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

/* Runs a shell command line that ends in a client. */
PRINTF_LIKE(3, 4)
static void must_end(const char *what, struct wanted wanted, const char *format, ...)
{
    char line[2048];
    va_list args;

    va_start(args, format);
    text_vformat(line, sizeof(line), format, args);
    va_end(args);
    struct program_result r = program_run(LIMIT_S, "%s", line);
    bool complaint = wanted.complaint
                         ? strstr(r.err, wanted.complaint) != NULL && lines_of(r.err) == 1
                         : r.err[0] == '\0';
    if (r.status != wanted.status || !text_eq(r.out, wanted.out) || !complaint)
        fail_msg("%s: %s: status %d, said \"%s\", complained \"%s\"", what, line, r.status, r.out,
                 r.err);
    program_free(&r);
}

/* ---- servers of our own ---- */

typedef int server(int fd);

struct place {
    struct endpoint at;
    char url[ENDPOINT_TEXT_MAX];
    int listener;
    pid_t pid;
};

static void open_place(struct place *p, enum endpoint_kind kind)
{
    static unsigned number;
    struct problem why = {.text = ""};
    struct address local;

    *p = (struct place){.at = {.kind = kind}};
    if (endpoint_is_unix(&p->at))
        text_format(p->at.path, sizeof(p->at.path), "%s/place%u", program_folder, number++);
    else
        text_copy(p->at.host, sizeof(p->at.host), "127.0.0.1");
    p->listener = net_listen(&p->at, BACKLOG, &why);
    assert_string_equal(why.text, "");
    assert_true(net_local(p->listener, endpoint_socktype(&p->at), &local));
    p->at.port = address_port(&local);
    endpoint_format(&p->at, p->url, sizeof(p->url));
}

static void close_place(struct place *p)
{
    close(p->listener);
    net_forget(&p->at);
}

static void start(struct place *p, enum endpoint_kind kind, server *serve)
{
    open_place(p, kind);
    p->pid = fork();
    assert_true(p->pid >= 0);
    if (p->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN);
        _exit(serve(p->listener));
    }
}

/* The server ends by itself when it has seen what it waits for. */
static void must_have_seen(struct place *p, const char *what)
{
    int64_t deadline = deadline_in_ms((int64_t)LIMIT_S * 1000);
    int status = -1;

    while (waitpid(p->pid, &status, WNOHANG) == 0 && !deadline_passed(deadline))
        deadline_wait(deadline_in_ms(5));
    if (deadline_passed(deadline)) {
        kill(p->pid, SIGKILL);
        waitpid(p->pid, NULL, 0);
    }
    close_place(p);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != SEEN_ALL)
        fail_msg("%s: the server did not see what it had to (%d)", what, status);
}

static int64_t soon(void)
{
    return deadline_in_ms((int64_t)LIMIT_S * 1000);
}

static void rest(unsigned ms)
{
    deadline_wait(deadline_in_ms(ms));
}

static int take(int listener)
{
    net_wait(listener, POLLIN, soon());
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        net_no_delay(fd);
    return fd;
}

static bool put(int fd, const char *text)
{
    return net_send(fd, slice_str(text), soon(), 0).status == NET_OK;
}

/* Reads exactly this text. */
static bool got(int fd, const char *text)
{
    char octets[256];
    size_t len = strlen(text);

    for (size_t done = 0; done < len;) {
        struct net_io io = net_recv(fd, octets + done, len - done, false, soon());

        if (io.status != NET_OK)
            return false;
        done += io.len;
    }
    return slice_eq(slice_of(octets, len), slice_str(text));
}

/* How the client has ended its side, with nothing more in front. */
static bool got_end(int fd)
{
    uint8_t octet;

    return net_recv(fd, &octet, 1, false, soon()).status == NET_EOF;
}

/* ---- streams: every misbehaviour of a peer ---- */

struct stream_case {
    const char *what;
    struct peer_script script;
    const char *input;
    const char *options;
    struct wanted wanted;
};

static void try_streams(enum endpoint_kind kind, const struct stream_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct stream_case *s = &cases[i];
        char url[ENDPOINT_TEXT_MAX];
        struct peer p;

        peer_start(&p, kind, &s->script, program_folder);
        endpoint_format(&p.endpoint, url, sizeof(url));
        must_end(s->what, s->wanted, "%s | @B/assay-sender %s %s", s->input,
                 s->options ? s->options : "--timeout 5", url);
        peer_stop(&p);
    }
}

#define SOON "--timeout 0.3"

static const struct stream_case on_any_stream[] = {
    {"honest", {.deed = PEER_ECHO}, three, NULL, {0, three_out, NULL}},
    {"no input", {.deed = PEER_ECHO}, "true", NULL, {0, "", NULL}},
    {"empty lines", {.deed = PEER_ECHO}, "printf '\\n\\nx\\n'", NULL, {0, "\n\nx\n", NULL}},
    {"no last newline", {.deed = PEER_ECHO}, "printf 'a\\nb'", NULL, {0, "a\nb", NULL}},
    {"honest, pipelined", {.deed = PEER_ECHO}, three, "--pipeline", {0, three_out, NULL}},
    {"silent from the second on",
     {.deed = PEER_MUTE, .after = 1},
     three,
     SOON,
     {1, "one\n",
      "nothing came from the server for 300 ms, with 0 of the 4 octets of reply 2 there"}},
    {"silent, pipelined",
     {.silent = true, .end = PEER_END_STAYS},
     three,
     SOON " --pipeline",
     {1, "", "nothing came from the server for 300 ms, with 0 of the 4 octets of reply 1"}},
    {"the second short",
     {.deed = PEER_SHORT, .after = 1},
     three,
     SOON,
     {1, "one\n", "for 300 ms, with 3 of the 4 octets of reply 2 there"}},
    {"changed",
     {.deed = PEER_WRONG},
     three,
     NULL,
     {1, "", "0x0b came back instead of 0x0a, with 3 of the 4 octets of reply 1 there"}},
    {"twice",
     {.deed = PEER_TWICE},
     three,
     NULL,
     {1, "one\n", "the server sent 4 octets that nobody asked for, behind reply 1"}},
    {"one octet more",
     {.deed = PEER_LONG},
     three,
     NULL,
     {1, "one\n", "the server sent 1 octet that nobody asked for, behind reply 1"}},
    {"one octet in front",
     {.deed = PEER_AHEAD},
     three,
     NULL,
     {1, "", "0x21 came back instead of 0x6f, with 0 of the 4 octets of reply 1 there"}},
    {"the first again in front of the second",
     {.deed = PEER_LATER},
     three,
     NULL,
     {1, "one\n", "0x6f came back instead of 0x74, with 0 of the 4 octets of reply 2 there"}},
    {"half a reply and the end",
     {.deed = PEER_HALF, .after = 1},
     three,
     NULL,
     {1, "one\n", "the server ended the connection, with 2 of the 4 octets of reply 2 there"}},
    {"the end in place of a reply",
     {.deed = PEER_CLOSE},
     three,
     NULL,
     {1, "", "the server ended the connection, with 0 of the 4 octets of reply 1 there"}},
    {"octet by octet", {.deed = PEER_SLOW, .ms = 20}, three, NULL, {0, three_out, NULL}},
    {"octet by octet, and little time for all",
     {.deed = PEER_SLOW, .ms = 200},
     three,
     "--total 0.5",
     {1, "", "the time for all of it is over, with "}},
    {"late", {.deed = PEER_LATE, .ms = 300}, three, NULL, {0, three_out, NULL}},
    {"idle between two",
     {.deed = PEER_IDLE, .after = 1, .ms = 300},
     three,
     NULL,
     {0, three_out, NULL}},
    {"stays open",
     {.end = PEER_END_STAYS},
     three,
     SOON,
     {1, three_out, "the server did not close for 300 ms, behind reply 3"}},
    {"speaks behind the last",
     {.end = PEER_END_TALKS},
     three,
     NULL,
     {1, three_out, "the server sent 1 octet that nobody asked for, behind reply 3"}},
    {"a banner",
     {.greets = true},
     slow_three,
     NULL,
     {1, "", "the server sent 1 octet that nobody asked for, before the first request"}},
    {"speaks without end",
     {.source = true},
     slow_three,
     NULL,
     {1, "", " octets that nobody asked for, before the first request"}},
};

static void test_any_stream(void **state UNUSED)
{
    try_streams(ENDPOINT_TCP, on_any_stream, ARRAY_LEN(on_any_stream));
    try_streams(ENDPOINT_UNIX, on_any_stream, ARRAY_LEN(on_any_stream));
}

static void test_resets(void **state UNUSED)
{
    static const struct stream_case cases[] = {
        {"reset in place of a reply",
         {.deed = PEER_RESET, .after = 1},
         three,
         NULL,
         {1, "one\n", "Connection reset by peer, with 0 of the 4 octets of reply 2 there"}},
        {"reset in place of FIN",
         {.end = PEER_END_RESETS},
         three,
         NULL,
         {1, three_out, "Connection reset by peer, behind reply 3"}},
    };

    try_streams(ENDPOINT_TCP, cases, ARRAY_LEN(cases));
}

static void test_records(void **state UNUSED)
{
    static const struct stream_case cases[] = {
        {"honest", {.deed = PEER_ECHO}, three, NULL, {0, three_out, NULL}},
        {"pipelined", {.deed = PEER_ECHO}, three, "--pipeline", {0, three_out, NULL}},
        {"short",
         {.deed = PEER_SHORT},
         three,
         NULL,
         {1, "", "a record of 3 octets came instead of one of 4, with 0 of the 4"}},
        {"long",
         {.deed = PEER_LONG},
         three,
         NULL,
         {1, "", "a record of 5 octets came instead of one of 4, with 0 of the 4"}},
        {"cut in two", {.deed = PEER_SLOW}, three, NULL, {1, "", "a record of 1 octet came"}},
        {"changed", {.deed = PEER_WRONG}, three, NULL, {1, "", "0x0b came back instead of 0x0a"}},
        {"ends", {.deed = PEER_CLOSE}, three, NULL, {1, "", "the server ended the connection"}},
        {"silent", {.silent = true}, three, SOON, {1, "", "nothing came from the server"}},
        {"speaks behind the last",
         {.end = PEER_END_TALKS},
         three,
         NULL,
         {1, three_out, "the server sent 1 octet that nobody asked for, behind reply 3"}},
        {"a line too long for a record",
         {.deed = PEER_ECHO},
         "head -c 1000000 /dev/zero",
         NULL,
         {1, "", "Message too long, before the first request"}},
    };

    try_streams(ENDPOINT_UNIX_SEQPACKET, cases, ARRAY_LEN(cases));
}

/* ---- streams: nobody there ---- */

static void test_refused(void **state UNUSED)
{
    const struct endpoint at = {.kind = ENDPOINT_TCP, .host = "127.0.0.1"};
    uint16_t port = net_free_port(&at);

    assert_int_not_equal(port, 0);
    must_end("a port without a server", (struct wanted){1, "", ": Connection refused"},
             "%s | @B/assay-sender tcp://127.0.0.1:%u", three, port);
    must_end("a path without a socket", (struct wanted){1, "", ": No such file or directory"},
             "%s | @B/assay-sender unix:%s/nobody", three, program_folder);
    must_end("a name without a host", (struct wanted){1, "", "\"nosuchhost.invalid\" does not res"},
             "%s | @B/assay-sender tcp://nosuchhost.invalid:1", three);
}

/* Connections that nobody takes, until the listener takes no more of them. */
static void fill_backlog(const struct place *p, int *fds, size_t count)
{
    struct address to;
    size_t unused;

    assert_int_equal(listen(p->listener, 0), 0);
    assert_true(address_resolve(&p->at, &to, 1, &unused, NULL));
    for (size_t i = 0; i < count; i++) {
        fds[i] = -1;
        if (net_dial(&to, NULL, deadline_in_ms(50), &fds[i]).status != NET_OK)
            break;
    }
}

static void test_connect_is_not_answered(void **state UNUSED)
{
    static const enum endpoint_kind kinds[] = {ENDPOINT_TCP, ENDPOINT_UNIX};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct place p;
        int fds[8] = {-1, -1, -1, -1, -1, -1, -1, -1};

        open_place(&p, kinds[i]);
        fill_backlog(&p, fds, ARRAY_LEN(fds));
        must_end("a full backlog", (struct wanted){1, "", ": connecting takes too long"},
                 "%s | @B/assay-sender " SOON " %s", three, p.url);
        must_end("a full backlog, in all", (struct wanted){1, "", ": connecting takes too long"},
                 "%s | @B/assay-sender --timeout 60 --total 0.3 %s", three, p.url);
        for (size_t k = 0; k < ARRAY_LEN(fds) && fds[k] >= 0; k++)
            close(fds[k]);
        close_place(&p);
    }
}

/* A name with two addresses, of which one is served: whichever comes first, the other is tried. In
   a namespace of its own, for the names of the machine are not ours. */
static void test_all_addresses(void **state UNUSED)
{
    static const struct {
        enum endpoint_kind kind;
        const char *client;
    } rows[] = {{ENDPOINT_TCP, "sender tcp"}, {ENDPOINT_UDP, "sendto udp"}};
    const struct peer_script honest = {.deed = PEER_ECHO};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct peer p;

        peer_start(&p, rows[i].kind, &honest, program_folder);
        for (unsigned first = 1; first <= 2; first++)
            must_end("one of two addresses", (struct wanted){0, three_out, NULL},
                     "printf '127.0.0.%u twohomes\n127.0.0.%u twohomes\n' >%s/hosts; %s >%s/in; "
                     "unshare %s -m sh -c 'mount --bind %s/hosts /etc/hosts; exec @B/assay-%s"
                     "://twohomes:%u <%s/in'",
                     first, 3 - first, program_folder, three, program_folder,
                     geteuid() == 0 ? "" : "-r", program_folder, rows[i].client, p.endpoint.port,
                     program_folder);
        peer_stop(&p);
    }
}

/* ---- streams: servers with a script of their own ---- */

/* Says at once that it will say nothing, and reads on. */
static int ends_its_side(int listener)
{
    int fd = take(listener);
    uint8_t octets[64];

    shutdown(fd, SHUT_WR);
    while (net_recv(fd, octets, sizeof(octets), false, soon()).status == NET_OK)
        continue;
    return SEEN_ALL;
}

/* FIN behind the first reply, RST behind that: a write would raise SIGPIPE. */
static int ends_then_resets(int listener)
{
    int fd = take(listener);

    if (!got(fd, "one\n") || !put(fd, "one\n"))
        return SEEN_WRONG;
    shutdown(fd, SHUT_WR);
    rest(50);
    net_reset(fd);
    return SEEN_ALL;
}

static int resets_within(int listener)
{
    int fd = take(listener);

    if (!got(fd, "one\n") || !put(fd, "on"))
        return SEEN_WRONG;
    rest(50);
    net_reset(fd);
    return SEEN_ALL;
}

static int stalls_within(int listener)
{
    int fd = take(listener);

    if (!got(fd, "one\n") || !put(fd, "on"))
        return SEEN_WRONG;
    rest(300);
    return put(fd, "e\n") && got_end(fd) ? SEEN_ALL : SEEN_WRONG;
}

static int sends_urgent_data(int listener)
{
    int fd = take(listener);

    if (!got(fd, "one\n") || !put(fd, "on") || send(fd, "!", 1, MSG_OOB) != 1)
        return SEEN_WRONG;
    rest(50);
    return put(fd, "e\n") && got_end(fd) ? SEEN_ALL : SEEN_WRONG;
}

/* A reply may come in one segment with the next. */
static int merges_replies(int listener)
{
    int fd = take(listener);

    return got(fd, three_out) && put(fd, three_out) && got_end(fd) ? SEEN_ALL : SEEN_WRONG;
}

/* Lockstep: the second request does not come before the first reply. */
static int watches_the_order(int listener)
{
    int fd = take(listener);
    uint8_t octet;

    if (!got(fd, "one\n") || net_recv(fd, &octet, 1, false, deadline_in_ms(200)).status == NET_OK)
        return SEEN_WRONG;
    return put(fd, "one\n") && got(fd, "two\n") && put(fd, "two\n") && got(fd, "three\n") &&
                   put(fd, "three\n") && got_end(fd)
               ? SEEN_ALL
               : SEEN_WRONG;
}

/* Closes behind the third reply without being told that it is the last. */
static int counts_to_three(int listener)
{
    int fd = take(listener);

    return got(fd, "one\n") && put(fd, "one\n") && got(fd, "two\n") && put(fd, "two\n") &&
                   got(fd, "three\n") && put(fd, "three\n")
               ? SEEN_ALL
               : SEEN_WRONG;
}

static void test_scripted_streams(void **state UNUSED)
{
    static const char slow_pair[] = "(printf 'one\\n'; sleep 0.3; printf 'two\\n')";
    static const struct {
        const char *what;
        server *serve;
        const char *input;
        const char *options;
        struct wanted wanted;
    } cases[] = {
        {"ends its side at once", ends_its_side, three, "", {1, "", "the server ended the conn"}},
        {"FIN and RST",
         ends_then_resets,
         slow_pair,
         "",
         {1, "one\n", "the server ended the connection, behind reply 1"}},
        {"reset within",
         resets_within,
         three,
         "",
         {1, "", "Connection reset by peer, with 2 of the 4 octets of reply 1 there"}},
        {"stall within", stalls_within, "echo one", "", {0, "one\n", NULL}},
        {"urgent data", sends_urgent_data, "echo one", "", {0, "one\n", NULL}},
        {"replies in one", merges_replies, three, "--pipeline", {0, three_out, NULL}},
        {"lockstep", watches_the_order, three, "", {0, three_out, NULL}},
        {"closes by itself", counts_to_three, three, "", {0, three_out, NULL}},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct place p;

        start(&p, ENDPOINT_TCP, cases[i].serve);
        must_end(cases[i].what, cases[i].wanted, "%s | @B/assay-sender %s %s", cases[i].input,
                 cases[i].options, p.url);
        must_have_seen(&p, cases[i].what);
    }
}

/* A server that goes while the client waits for its user is noticed at once. */
static int serves_one(int listener)
{
    int fd = take(listener);

    return got(fd, "one\n") && put(fd, "one\n") ? SEEN_ALL : SEEN_WRONG;
}

static void test_server_goes_meanwhile(void **state UNUSED)
{
    struct place p;

    start(&p, ENDPOINT_TCP, serves_one);
    must_end("goes between two requests",
             (struct wanted){1, "one\n", "the server ended the connection, behind reply 1"},
             "mkfifo %s/typist; (echo one; exec sleep 50) >%s/typist & "
             "@B/assay-sender %s <%s/typist; s=$?; kill $!; exit $s",
             program_folder, program_folder, p.url, program_folder);
    must_have_seen(&p, "goes between two requests");
}

/* ---- streams: much at once ---- */

/* Reads a little, answers it, and does not read on before all of it is taken. */
static int echoes_in_small_bites(int listener)
{
    static uint8_t octets[4096];
    int small = 4096;
    int fd;

    /* An accepted socket has the buffer of its listener. */
    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    fd = take(listener);
    for (;;) {
        struct net_io io = net_recv(fd, octets, sizeof(octets), false, soon());

        if (io.status != NET_OK)
            return io.status == NET_EOF ? SEEN_ALL : SEEN_WRONG;
        if (net_send(fd, slice_of(octets, io.len), soon(), 0).status != NET_OK)
            return SEEN_WRONG;
    }
}

static void test_megabytes(void **state UNUSED)
{
    static const struct {
        const char *make;
        const char *options;
    } cases[] = {
        {"seq 200000", "--pipeline"},                             /* 1.3 MB of short lines */
        {"seq 200000 | tr -d '\\n'", ""},                         /* ... as one */
        {"seq 200000 | tr -d '\\n'", "--pipeline"},               /* ... which has no end */
        {"seq 2000", ""},                                         /* one after the other */
        {"seq 100000 | sed 's/$/ and more/' | tr 5 '\\000'", ""}, /* octets that are no text */
    };
    static const enum endpoint_kind kinds[] = {ENDPOINT_TCP, ENDPOINT_UNIX};

    for (size_t i = 0; i < ARRAY_LEN(cases) * ARRAY_LEN(kinds); i++) {
        size_t row = i / ARRAY_LEN(kinds);
        struct place p;

        start(&p, kinds[i % ARRAY_LEN(kinds)], echoes_in_small_bites);
        must_end(cases[row].make, (struct wanted){0, "", NULL},
                 "f=%s/much; %s >$f; @B/assay-sender %s %s <$f >$f.out && cmp $f $f.out",
                 program_folder, cases[row].make, cases[row].options, p.url);
        must_have_seen(&p, cases[row].make);
    }
}

static int reads_nothing(int listener)
{
    int small = 4096;
    int fd;

    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    fd = take(listener);
    while (!(net_wait(fd, POLLRDHUP | POLLHUP, soon()) & (POLLRDHUP | POLLHUP)))
        continue;
    return SEEN_ALL;
}

static void test_server_does_not_read(void **state UNUSED)
{
    static const char *const inputs[] = {"head -c 12000000 /dev/zero", "seq 2000000"};

    for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
        struct place p;

        start(&p, ENDPOINT_UNIX, reads_nothing);
        must_end(inputs[i], (struct wanted){1, "", "the server took nothing for 300 ms, with 0 of"},
                 "%s | @B/assay-sender " SOON " --pipeline %s", inputs[i], p.url);
        must_have_seen(&p, inputs[i]);
    }
}

/* A connection that breaks under a client that writes is an error, not a death by SIGPIPE. */
static int breaks_off(int listener)
{
    int fd = take(listener);

    if (!got(fd, "1\n2\n3\n"))
        return SEEN_WRONG;
    net_reset(fd);
    return SEEN_ALL;
}

static void test_broken_while_writing(void **state UNUSED)
{
    struct place p;

    start(&p, ENDPOINT_TCP, breaks_off);
    must_end("broken", (struct wanted){1, "", ", with 0 of the 2 octets of reply 1 there"},
             "seq 2000000 | @B/assay-sender --pipeline %s", p.url);
    must_have_seen(&p, "broken");
}

static void test_line_limit(void **state UNUSED)
{
    const struct peer_script honest = {.deed = PEER_ECHO};
    struct peer p;

    peer_start(&p, ENDPOINT_TCP, &honest, program_folder);
    must_end("a line without end", (struct wanted){1, "", "line 1 is longer than 16777216 octets"},
             "head -c 17000000 /dev/zero | @B/assay-sender tcp://127.0.0.1:%u", p.endpoint.port);
    peer_stop(&p);
}

/* ---- what is around a client ---- */

/* Stopped and continued again and again while the replies come octet by octet. */
static void test_signals(void **state UNUSED)
{
    const struct peer_script slow = {.deed = PEER_SLOW, .ms = 50};
    static const enum endpoint_kind kinds[] = {ENDPOINT_TCP, ENDPOINT_UDP};
    struct peer p;

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        bool stream = kinds[i] == ENDPOINT_TCP;
        const struct peer_script late = {.deed = PEER_LATE, .ms = 200};

        peer_start(&p, kinds[i], stream ? &slow : &late, program_folder);
        must_end("signals", (struct wanted){0, three_out, NULL},
                 "%s >%s/in; @B/assay-%s %s://127.0.0.1:%u <%s/in & p=$!; "
                 "for i in 1 2 3 4 5 6 7 8 9 10; do kill -STOP $p; kill -CONT $p; "
                 "kill -WINCH $p; sleep 0.01; done; wait $p",
                 three, program_folder, stream ? "sender" : "sendto", stream ? "tcp" : "udp",
                 p.endpoint.port, program_folder);
        peer_stop(&p);
    }
}

static void test_standard_streams(void **state UNUSED)
{
    static const struct {
        const char *around; /* %s: the client with its URL */
        struct wanted wanted;
    } cases[] = {
        {"echo x | %s >/dev/full", {1, "", "standard output: No space left on device"}},
        {"echo x | %s >&-", {1, "", "standard input, output and error must be open"}},
        {"%s </", {1, "", "standard input: Is a directory"}},
        {"%s </dev/null", {0, "", NULL}},
        /* The reader has gone: an error as any, and no death. */
        {"{ sleep 0.2; echo x | %s; [ $? = 1 ] || echo died >&2; } | true",
         {0, "", "standard output: Broken pipe"}},
    };
    static const enum endpoint_kind kinds[] = {ENDPOINT_TCP, ENDPOINT_UDP};
    const struct peer_script honest = {.deed = PEER_ECHO};

    for (size_t i = 0; i < ARRAY_LEN(cases) * ARRAY_LEN(kinds); i++) {
        bool stream = kinds[i % ARRAY_LEN(kinds)] == ENDPOINT_TCP;
        const char *around = cases[i / ARRAY_LEN(kinds)].around;
        const char *client = strstr(around, "%s");
        struct peer p;

        peer_start(&p, kinds[i % ARRAY_LEN(kinds)], &honest, program_folder);
        must_end(around, cases[i / ARRAY_LEN(kinds)].wanted, "%.*s@B/assay-%s://127.0.0.1:%u%s",
                 (int)(client - around), around, stream ? "sender tcp" : "sendto udp",
                 p.endpoint.port, client + 2);
        peer_stop(&p);
    }
}

static void test_usage(void **state UNUSED)
{
    static const struct {
        const char *words;
        struct wanted wanted;
    } cases[] = {
        {"sender", {2, "", "where is the server?"}},
        {"sendto", {2, "", "where is the server?"}},
        {"sender --frob tcp://127.0.0.1:1", {2, "", "unknown option --frob"}},
        {"sender tcp://127.0.0.1:1 x", {2, "", "\"x\": one word too many"}},
        {"sender http://127.0.0.1", {2, "", "no endpoint"}},
        {"sender udp://127.0.0.1:1", {2, "", "assay-sendto"}},
        {"sendto tcp://127.0.0.1:1", {2, "", "assay-sender"}},
        {"sender rpc+tcp://127.0.0.1:1/1/1", {2, "", "no RPC program"}},
        {"sender tcp://127.0.0.1:1 --timeout", {2, "", "--timeout needs a value"}},
        {"sender --timeout 0 tcp://127.0.0.1:1", {2, "", "from 0.001 to 3600"}},
        {"sender --timeout 1. tcp://127.0.0.1:1", {2, "", "--timeout \"1.\""}},
        {"sender --timeout .5 tcp://127.0.0.1:1", {2, "", "--timeout \".5\""}},
        {"sender --timeout 0.0001 tcp://127.0.0.1:1", {2, "", "--timeout"}},
        {"sender --timeout -1 tcp://127.0.0.1:1", {2, "", "--timeout"}},
        {"sender --timeout 3600.001 tcp://127.0.0.1:1", {2, "", "--timeout"}},
        {"sender --total 1e3 tcp://127.0.0.1:1", {2, "", "--total"}},
        {"sendto --tries 0 udp://127.0.0.1:1", {2, "", "from 1 to 16"}},
        {"sendto --tries 17 udp://127.0.0.1:1", {2, "", "--tries \"17\""}},
        {"sendto --pipeline udp://127.0.0.1:1", {2, "", "unknown option --pipeline"}},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        must_end(cases[i].words, cases[i].wanted, "@B/assay-%s", cases[i].words);
    for (size_t i = 0; i < 2; i++) {
        const char *name = i == 0 ? "sender" : "sendto";
        struct program_result r = program_run(LIMIT_S, "@B/assay-%s --help", name);

        assert_int_equal(r.status, 0);
        assert_contains(r.out, "\nExamples:\n  echo hello | assay-send");
        assert_string_equal(r.err, "");
        program_free(&r);
    }
}

/* ---- datagrams: one fault of a peer, after which it is right ---- */

static void test_any_datagram(void **state UNUSED)
{
    static const struct {
        const char *what;
        struct peer_script script;
        const char *input;
        const char *options;
        struct wanted wanted;
    } cases[] = {
        {"honest", {.deed = PEER_ECHO}, three, "", {0, three_out, NULL}},
        {"numbered", {.deed = PEER_ECHO}, three, "--number", {0, three_out, NULL}},
        {"no input", {.deed = PEER_ECHO}, "true", "", {0, "", NULL}},
        {"empty lines", {.deed = PEER_ECHO}, "printf '\\n\\nx\\n'", "", {0, "\n\nx\n", NULL}},
        {"no last newline", {.deed = PEER_ECHO}, "printf 'a\\nb'", "", {0, "a\nb\n", NULL}},
        {"long, then short",
         {.deed = PEER_ECHO},
         "printf 'a long line\\nx\\n'",
         "",
         {0, "a long line\nx\n", NULL}},
        {"lost", {.deed = PEER_LOSE, .after = 1}, three, "--timeout 0.1", {0, three_out, NULL}},
        {"twice", {.deed = PEER_TWICE}, three, "", {0, three_out, NULL}},
        {"twice, numbered", {.deed = PEER_TWICE}, three, "--number", {0, three_out, NULL}},
        {"again later", {.deed = PEER_LATER}, three, "", {0, three_out, NULL}},
        {"late",
         {.deed = PEER_LATE, .ms = 300},
         three,
         "--timeout 0.1 --tries 6",
         {0, three_out, NULL}},
        {"changed", {.deed = PEER_WRONG}, three, "--timeout 0.1", {0, three_out, NULL}},
        {"short", {.deed = PEER_SHORT}, three, "--timeout 0.1", {0, three_out, NULL}},
        {"long", {.deed = PEER_LONG}, three, "--timeout 0.1", {0, three_out, NULL}},
        {"silent from the second on",
         {.deed = PEER_MUTE, .after = 1},
         three,
         "--timeout 0.05 --tries 2",
         {1, "one\n", "to 2 tries"}},
        {"silent, one try",
         {.silent = true},
         three,
         "--timeout 0.05 --tries 1",
         {1, "", "to 1 try\n"}},
    };
    static const enum endpoint_kind kinds[] = {ENDPOINT_UDP, ENDPOINT_UNIX_DGRAM};

    for (size_t i = 0; i < ARRAY_LEN(cases) * ARRAY_LEN(kinds); i++) {
        size_t row = i / ARRAY_LEN(kinds);
        char url[ENDPOINT_TEXT_MAX];
        struct peer p;

        peer_start(&p, kinds[i % ARRAY_LEN(kinds)], &cases[row].script, program_folder);
        endpoint_format(&p.endpoint, url, sizeof(url));
        must_end(cases[row].what, cases[row].wanted, "%s | @B/assay-sendto %s %s", cases[row].input,
                 cases[row].options, url);
        peer_stop(&p);
    }
}

/* ---- datagrams: servers with a script of their own ---- */

struct request {
    struct address from;
    size_t len;
    uint8_t octets[PIECE];
};

static bool receive(int fd, struct request *r, int64_t deadline_us)
{
    struct net_io io = net_recv_from(fd, r->octets, sizeof(r->octets), &r->from, deadline_us);

    r->len = io.len;
    return io.status == NET_OK;
}

static bool reply(int fd, const struct request *r, struct slice octets)
{
    return net_send_to(fd, octets, &r->from, soon()).status == NET_OK;
}

static bool is_text(const struct request *r, const char *text)
{
    return slice_eq(slice_of(r->octets, r->len), slice_str(text));
}

/* Answers none, and looks at the copies: the same octets, from the same port, at growing distances,
   and no more of them than were promised. Distances are measured loosely: this machine may be
   slow. */
static int counts_copies(int fd)
{
    static struct request first;
    static struct request next;
    int64_t waits_ms[] = {100, 200, 400};
    int64_t before;

    if (!receive(fd, &first, soon()) || !is_text(&first, "one"))
        return SEEN_WRONG;
    before = deadline_now_us();
    for (size_t i = 0; i < ARRAY_LEN(waits_ms); i++) {
        if (!receive(fd, &next, soon()) || !is_text(&next, "one") ||
            !address_eq(&first.from, &next.from))
            return SEEN_WRONG;
        int64_t now = deadline_now_us();
        if (now - before < waits_ms[i] * 1000 / 2)
            return SEEN_WRONG;
        before = now;
    }
    return receive(fd, &next, deadline_in_ms(1500)) ? SEEN_WRONG : SEEN_ALL;
}

static int answers_the_fourth(int fd)
{
    static struct request r;

    for (unsigned i = 0; i < 4; i++) {
        if (!receive(fd, &r, soon()) || !is_text(&r, "one"))
            return SEEN_WRONG;
    }
    return reply(fd, &r, slice_str("one")) ? SEEN_ALL : SEEN_WRONG;
}

/* Always the same wrong thing, to each of the four copies. */
static int answers_always(int fd, struct slice octets)
{
    static struct request r;

    for (unsigned i = 0; i < 4; i++) {
        if (!receive(fd, &r, soon()) || !reply(fd, &r, octets))
            return SEEN_WRONG;
    }
    return SEEN_ALL;
}

static int answers_wrong(int fd)
{
    return answers_always(fd, slice_str("onE"));
}

static int answers_cut(int fd)
{
    return answers_always(fd, slice_str("on"));
}

static int answers_nothing(int fd)
{
    return answers_always(fd, slice_of(NULL, 0));
}

static int answers_huge(int fd)
{
    static uint8_t octets[60000] = "one";

    return answers_always(fd, slice_of(octets, sizeof(octets)));
}

/* Replies to the first request twice, and to no other. */
static int answers_only_the_first(int fd)
{
    static struct request r;

    if (!receive(fd, &r, soon()))
        return SEEN_WRONG;
    for (unsigned i = 0; i < 2; i++) {
        if (!reply(fd, &r, slice_of(r.octets, r.len)))
            return SEEN_WRONG;
    }
    return receive(fd, &r, soon()) ? SEEN_ALL : SEEN_WRONG;
}

/* From another socket at this address first; where `truth`, then from the right one. */
static int answers_from(int fd, const char *host, bool truth)
{
    struct endpoint elsewhere = {.kind = ENDPOINT_UDP};
    static struct request r;
    struct address own;
    struct problem why;

    /* The same port at another address; another port at this one. */
    text_copy(elsewhere.host, sizeof(elsewhere.host), host);
    if (!net_local(fd, SOCK_DGRAM, &own))
        return SEEN_WRONG;
    elsewhere.port = text_eq(host, "127.0.0.1") ? 0 : address_port(&own);
    int other = net_listen(&elsewhere, 0, &why);
    for (unsigned i = 0; i < (truth ? 1 : 4); i++) {
        if (!receive(fd, &r, soon()) || !reply(other, &r, slice_str("one")))
            return SEEN_WRONG;
    }
    return !truth || reply(fd, &r, slice_str("one")) ? SEEN_ALL : SEEN_WRONG;
}

static int answers_from_other_port(int fd)
{
    return answers_from(fd, "127.0.0.1", false);
}

static int answers_from_other_address(int fd)
{
    return answers_from(fd, "127.0.0.2", false);
}

static int answers_from_both(int fd)
{
    return answers_from(fd, "127.0.0.2", true);
}

/* Goes after the first answer: what is sent then meets a closed port. */
static int goes_away(int fd)
{
    static struct request r;

    return receive(fd, &r, soon()) && reply(fd, &r, slice_of(r.octets, r.len)) ? SEEN_ALL
                                                                               : SEEN_WRONG;
}

static void test_scripted_datagrams(void **state UNUSED)
{
    static const char equal[] = "printf 'same\\nsame\\n'";
    static const struct {
        const char *what;
        server *serve;
        const char *input;
        const char *options;
        struct wanted wanted;
    } cases[] = {
        {"all lost", counts_copies, "echo one", "--timeout 0.1", {1, "", "to 4 tries\n"}},
        {"three lost", answers_the_fourth, "echo one", "", {0, "one\n", NULL}},
        {"wrong",
         answers_wrong,
         "echo one",
         "",
         {1, "", "to 4 tries, but a reply with 0x45 in place of 0x65 at octet 2"}},
        {"cut", answers_cut, "echo one", "", {1, "", "but a reply of 2 octets in place of 3"}},
        {"empty",
         answers_nothing,
         "echo one",
         "",
         {1, "", "but a reply of 0 octets in place of 3"}},
        {"huge", answers_huge, "echo one", "", {1, "", "a reply of 60000 octets in place of 3"}},
        {"other port", answers_from_other_port, "echo one", "", {1, "", "to 4 tries\n"}},
        {"other address", answers_from_other_address, "echo one", "", {1, "", "to 4 tries\n"}},
        {"both", answers_from_both, "echo one", "--timeout 5", {0, "one\n", NULL}},
        {"equal lines",
         answers_only_the_first,
         equal,
         "--number",
         {1, "same\n", "to 4 tries, but"}},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct place p;

        start(&p, ENDPOINT_UDP, cases[i].serve);
        must_end(cases[i].what, cases[i].wanted, "%s | @B/assay-sendto --timeout 0.05 %s %s",
                 cases[i].input, cases[i].options, p.url);
        must_have_seen(&p, cases[i].what);
    }
}

static void test_datagrams_refused(void **state UNUSED)
{
    const struct endpoint at = {.kind = ENDPOINT_UDP, .host = "127.0.0.1"};
    uint16_t port = net_free_port(&at);
    struct place p;

    assert_int_not_equal(port, 0);
    must_end("a port without a server", (struct wanted){1, "", ": Connection refused"},
             "%s | @B/assay-sendto udp://127.0.0.1:%u", three, port);
    must_end("a path without a socket", (struct wanted){1, "", ": No such file or directory"},
             "%s | @B/assay-sendto unix-dgram:%s/nobody", three, program_folder);
    must_end("a name without a host", (struct wanted){1, "", "\"nosuchhost.invalid\" does not res"},
             "%s | @B/assay-sendto udp://nosuchhost.invalid:1", three);
    start(&p, ENDPOINT_UDP, goes_away);
    close(p.listener); /* the child alone holds it, and takes it along */
    p.listener = -1;
    must_end("goes away", (struct wanted){1, "one\n", ": Connection refused"},
             "(echo one; sleep 0.3; echo two) | @B/assay-sendto %s", p.url);
    must_have_seen(&p, "goes away");
}

static void test_long_datagrams(void **state UNUSED)
{
    const struct peer_script honest = {.deed = PEER_ECHO};
    struct peer p;

    peer_start(&p, ENDPOINT_UDP, &honest, program_folder);
    must_end("65507", (struct wanted){0, "65508\n", NULL},
             "(head -c 65507 /dev/zero; echo) | @B/assay-sendto udp://127.0.0.1:%u | wc -c",
             p.endpoint.port);
    must_end("65508", (struct wanted){1, "", "line 1: Message too long"},
             "head -c 65508 /dev/zero | @B/assay-sendto udp://127.0.0.1:%u", p.endpoint.port);
    must_end("a line without end", (struct wanted){1, "x\n", "line 2: Message too long"},
             "(echo x; head -c 1000000 /dev/zero) | @B/assay-sendto udp://127.0.0.1:%u",
             p.endpoint.port);
    peer_stop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_stream),
        cmocka_unit_test(test_resets),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_connect_is_not_answered),
        cmocka_unit_test(test_all_addresses),
        cmocka_unit_test(test_scripted_streams),
        cmocka_unit_test(test_server_goes_meanwhile),
        cmocka_unit_test(test_megabytes),
        cmocka_unit_test(test_server_does_not_read),
        cmocka_unit_test(test_broken_while_writing),
        cmocka_unit_test(test_line_limit),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_standard_streams),
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_any_datagram),
        cmocka_unit_test(test_scripted_datagrams),
        cmocka_unit_test(test_datagrams_refused),
        cmocka_unit_test(test_long_datagrams),
    };

    return cmocka_run_group_tests_name("clients", tests, program_open_folder, program_close_folder);
}
