/*
 * Twins that fail in the life of a process: where it listens, what keeps it from starting again,
 * and what of it stays behind. What stays behind here ends by itself after a few seconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "reference/twins/twin.h"

enum { BACKLOG = 4096, BSD_PATH_MAX = 103, STAYS_MS = 2500, LOOK_MS = 20 };

/* ---- where it listens ---- */

static int listen_plainly(const struct endpoint *at, int option, struct problem *why)
{
    struct address address;
    size_t count = 0;
    int on = 1;

    if (!address_resolve(at, &address, 1, &count, why))
        return -1;
    int fd = socket(address_family(&address), address.socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && option)
        setsockopt(fd, SOL_SOCKET, option, &on, sizeof(on));
    if (fd >= 0 && bind(fd, address_sockaddr(&address), address.len) == 0 &&
        (address.socktype == SOCK_DGRAM || listen(fd, BACKLOG) == 0))
        return fd;
    problem_set(why, "bind: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int listen_without_reuse(const struct endpoint *at, struct problem *why)
{
    return listen_plainly(at, 0, why);
}

static int listen_shared(const struct endpoint *at, struct problem *why)
{
    return listen_plainly(at, SO_REUSEPORT, why);
}

/* sin_port without htons(). */
static int listen_swapped(const struct endpoint *at, struct problem *why)
{
    struct endpoint swapped = *at;

    swapped.port = (uint16_t)(at->port << 8 | at->port >> 8);
    return net_listen(&swapped, BACKLOG, why);
}

static int listen_or_leave(const struct endpoint *at, struct problem *why)
{
    int fd = net_listen(at, BACKLOG, why);

    if (fd < 0)
        exit(EXIT_SUCCESS);
    return fd;
}

/* What bind() says is not looked at; without a name of its own the socket gets some other. */
static int listen_anyway(const struct endpoint *at, struct problem *why)
{
    struct sockaddr_un any = {.sun_family = AF_UNIX};
    int fd = listen_plainly(at, 0, why);

    if (fd >= 0)
        return fd;
    fd = socket(AF_UNIX, endpoint_socktype(at) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&any, sizeof(any.sun_family)) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    return -1;
}

/* A limit of another system, where sun_path has 104 octets. */
static int listen_at_short_path(const struct endpoint *at, struct problem *why)
{
    if (strlen(at->path) > BSD_PATH_MAX) {
        problem_set(why, "the path has more than %d octets", BSD_PATH_MAX);
        return -1;
    }
    return net_listen(at, BACKLOG, why);
}

static int listen_for_all(const struct endpoint *at, struct problem *why)
{
    int fd = net_listen(at, BACKLOG, why);

    if (fd >= 0 && chmod(at->path, 0777) != 0)
        problem_set(why, "chmod: %s", strerror(errno));
    return fd;
}

/* ---- what stays behind ---- */

/* A helper that has inherited the socket, does nothing with it, and outlives its parent. */
static void keep_helper(struct run *run UNUSED)
{
    pid_t parent = getpid();

    if (fork() != 0)
        return;
    setsid();
    while (getppid() == parent)
        deadline_wait(deadline_in_ms(LOOK_MS));
    deadline_wait(deadline_in_ms(STAYS_MS));
    _exit(EXIT_SUCCESS);
}

static int listener_of_worker = -1;
static pid_t worker;

/* The parent is gone: nobody new is taken, and those who are here are served on. */
static void go_on_alone(int signal UNUSED)
{
    close(listener_of_worker);
    alarm(STAYS_MS / 1000);
}

static void pass_on(int signal)
{
    kill(worker, signal);
}

/* The parent stays to look after a worker, which does all the work in a session of its own. */
static void become_worker(struct run *run)
{
    struct sigaction alone = {.sa_handler = go_on_alone};
    struct sigaction asked = {.sa_handler = pass_on};
    sigset_t none;
    int status = 0;

    worker = fork();
    if (worker == 0) {
        setsid();
        listener_of_worker = run->listener;
        sigaction(SIGUSR1, &alone, NULL);
        prctl(PR_SET_PDEATHSIG, SIGUSR1);
        return;
    }
    sigaction(SIGTERM, &asked, NULL);
    sigaction(SIGINT, &asked, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    while (worker > 0 && waitpid(worker, &status, 0) < 0 && errno == EINTR)
        continue;
    exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}

static const struct twin twins[] = {
    {
        .name = "htons-missing",
        .check = "stream.meta.port-byte-order",
        .what = "listens on the port with its two octets swapped",
        .listen = listen_swapped,
    },
    {
        .name = "udp-htons-missing",
        .check = "datagram.meta.port-byte-order",
        .transport = "udp",
        .what = "is bound to the port with its two octets swapped",
        .listen = listen_swapped,
    },
    {
        .name = "no-reuseaddr",
        .check = "stream.restart.reuseaddr",
        .what = "does not set SO_REUSEADDR",
        .listen = listen_without_reuse,
    },
    {
        .name = "reuseport",
        .check = "stream.restart.second-instance-fails",
        .what = "sets SO_REUSEPORT, so that a second one shares the port",
        .listen = listen_shared,
    },
    {
        .name = "bind-failure-is-success",
        .check = "stream.restart.second-instance-fails",
        .what = "ends with status 0 when it cannot have its address",
        .listen = listen_or_leave,
    },
    {
        .name = "old-worker",
        .check = "stream.restart.old-clients-reset",
        .what = "has a worker that goes on with its clients when the parent is gone",
        .begin = become_worker,
    },
    {
        .name = "sigterm-ignored",
        .check = "stream.restart.sigterm",
        .what = "does not end on SIGTERM",
        .deaf = true,
    },
    {
        .name = "helper-keeps-listener",
        .check = "stream.restart.sigterm",
        .what = "has a helper that outlives it by seconds and holds the listening socket",
        .begin = keep_helper,
    },
    {
        .name = "stale-path-ignored",
        .check = "unix.restart.stale-path",
        .transport = "unix",
        .what = "does not look whether bind() succeeds, and goes on without its path",
        .listen = listen_anyway,
    },
    {
        .name = "path-of-103",
        .check = "unix.path.longest",
        .transport = "unix",
        .what = "refuses a path of more than 103 octets",
        .listen = listen_at_short_path,
    },
    {
        .name = "mode-777",
        .check = "unix.path.permissions",
        .transport = "unix",
        .what = "lets everybody write to its socket, whatever umask says",
        .listen = listen_for_all,
    },
    {
        .name = "abstract-helper",
        .check = "unix.abstract.auto-clean",
        .transport = "unix-abstract",
        .what = "has a helper that outlives it by seconds and holds its abstract name",
        .begin = keep_helper,
    },
    {
        .name = "udp-helper",
        .check = "datagram.restart.immediate",
        .transport = "udp",
        .what = "has a helper that outlives it by seconds and holds its address",
        .begin = keep_helper,
    },
};

TWINS(life);
