/*
 * A hostile target for the tests of the runner: whatever it does, the runner must neither hang nor
 * crash nor grow. Some speak ONC RPC, and are honest for one call on each connection.
 */
#include "tests/hostile.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/deadline.h"

enum { CHUNK = 65536, TRICKLE_MS = 50 };

static void flood(int fd)
{
    static uint8_t octets[CHUNK];

    memset(octets, 'x', sizeof(octets));
    while (send(fd, octets, sizeof(octets), MSG_NOSIGNAL) > 0)
        continue;
}

static void garbage(int fd)
{
    uint8_t octets[512];
    ssize_t n;

    while ((n = recv(fd, octets, sizeof(octets), 0)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            octets[i] = (uint8_t)(octets[i] * 7 + 13);
        if (send(fd, octets, (size_t)n, MSG_NOSIGNAL) < 0)
            break;
    }
}

/* Reads and never answers; never closes either. */
static void silent(int fd)
{
    uint8_t octets[512];

    while (recv(fd, octets, sizeof(octets), 0) > 0)
        continue;
    for (;;)
        poll(NULL, 0, -1);
}

/* One octet at a time, and far too slowly ever to be done. */
static void trickle(int fd)
{
    for (;;) {
        deadline_wait(deadline_in_ms(TRICKLE_MS));
        if (send(fd, "x", 1, MSG_NOSIGNAL) < 0)
            break;
    }
}

static void banner(int fd)
{
    static const char text[] = "220 welcome to something else\r\n";

    if (send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL) > 0)
        garbage(fd);
}

/* Answers the first half of everything. */
static void half(int fd)
{
    uint8_t octets[4096];
    ssize_t n;

    while ((n = recv(fd, octets, sizeof(octets), 0)) > 0) {
        if (send(fd, octets, (size_t)(n + 1) / 2, MSG_NOSIGNAL) < 0)
            break;
    }
}

/* ---- ONC RPC: a call and its reply are one record each (RFC 5531 11) ---- */

enum { REPLY = 28, XID_AT = 4 };

/* Takes a call, which comes in one piece, and makes its honest reply: accepted, SUCCESS. */
static bool honest_reply(int fd, uint8_t reply[REPLY])
{
    static const uint8_t success[REPLY] = {0x80, 0, 0, REPLY - 4, 0, 0, 0, 0, 0, 0, 0, 1};
    uint8_t call[4096];

    if (recv(fd, call, sizeof(call), 0) < XID_AT + 4)
        return false;
    memcpy(reply, success, REPLY);
    memcpy(reply + XID_AT, call + XID_AT, 4);
    return true;
}

/* Answers one call on the connection; behind the next one the same octets come for ever. */
static void turn_hostile(int fd, const void *octets, size_t len)
{
    uint8_t reply[REPLY];

    if (!honest_reply(fd, reply) || send(fd, reply, REPLY, MSG_NOSIGNAL) < 0 ||
        !honest_reply(fd, reply))
        return;
    while (send(fd, octets ? octets : reply, octets ? len : REPLY, MSG_NOSIGNAL) > 0)
        continue;
}

/* Fragments without data and without end. */
static void empty_fragments(int fd)
{
    static const uint8_t headers[4096];

    turn_hostile(fd, headers, sizeof(headers));
}

/* A record that never ends, in fragments of a kilobyte. */
static void endless_record(int fd)
{
    static const uint8_t fragment[4 + 1024] = {0, 0, 4, 0};

    turn_hostile(fd, fragment, sizeof(fragment));
}

/* A record of 2 GiB, whose octets do come; the octets 0xff are headers of such records, too. */
static void huge_record(int fd)
{
    static uint8_t octets[CHUNK];

    memset(octets, 0xff, sizeof(octets));
    turn_hostile(fd, octets, sizeof(octets));
}

static void many_replies(int fd)
{
    turn_hostile(fd, NULL, 0);
}

/* Replies to a call that nobody has made. */
static void foreign_replies(int fd)
{
    static const uint8_t reply[REPLY] = {0x80, 0, 0, REPLY - 4, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 1};

    turn_hostile(fd, reply, sizeof(reply));
}

/* Says that its message has 4 GiB of verifier. */
static void lying_verifier(int fd)
{
    uint8_t reply[REPLY];

    if (!honest_reply(fd, reply) || send(fd, reply, REPLY, MSG_NOSIGNAL) < 0)
        return;
    while (honest_reply(fd, reply)) {
        memset(reply + 20, 0xff, 4);
        if (send(fd, reply, REPLY, MSG_NOSIGNAL) < 0)
            return;
    }
}

static void reset(int fd)
{
    net_reset(fd);
    _exit(EXIT_SUCCESS);
}

static void close_at_once(int fd UNUSED)
{
}

static const struct {
    const char *kind;
    void (*serve)(int fd);
} kinds[] = {
    {"flood", flood},
    {"silent", silent},
    {"garbage", garbage},
    {"reset", reset},
    {"close", close_at_once},
    {"trickle", trickle},
    {"banner", banner},
    {"half", half},
    {"empty-fragments", empty_fragments},
    {"endless-record", endless_record},
    {"huge-record", huge_record},
    {"many-replies", many_replies},
    {"foreign-replies", foreign_replies},
    {"lying-verifier", lying_verifier},
};

_Noreturn static void serve_all(int listener, void (*serve)(int fd))
{
    signal(SIGCHLD, SIG_IGN); /* children are reaped by the kernel */
    for (;;) {
        struct pollfd p = {.fd = listener, .events = POLLIN};

        poll(&p, 1, -1);
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        if (fork() == 0) {
            close(listener);
            serve(fd);
            _exit(EXIT_SUCCESS);
        }
        close(fd);
    }
}

pid_t hostile_start(const char *kind, char *ret_url, size_t cap)
{
    struct endpoint at = {.kind = ENDPOINT_TCP, .host = "127.0.0.1"};
    struct address local;

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!text_eq(kinds[i].kind, kind))
            continue;
        int listener = net_listen(&at, 128, NULL);
        if (listener < 0 || !net_local(listener, SOCK_STREAM, &local))
            return -1;
        at.port = address_port(&local);
        endpoint_format(&at, ret_url, cap);
        pid_t pid = fork();
        if (pid == 0) {
            setsid();
            serve_all(listener, kinds[i].serve);
        }
        close(listener);
        return pid;
    }
    return -1;
}

void hostile_stop(pid_t pid)
{
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
