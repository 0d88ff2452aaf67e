/*
 * A hostile target for the tests of the runner: whatever it does, the runner must neither hang nor
 * crash nor grow. Kinds: flood, silent, garbage, reset, close, trickle, banner, half.
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
    {"flood", flood},         {"silent", silent},   {"garbage", garbage}, {"reset", reset},
    {"close", close_at_once}, {"trickle", trickle}, {"banner", banner},   {"half", half},
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
