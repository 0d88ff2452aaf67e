/* A command in a process of its own, and what came of it. */
#include "library/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_FREE_FD = 3, CLOSED_BY_HAND = 1024, PART = 1 << 16 };

struct ways {
    int null;
    int out;
    int said;
    struct ending *page;
};

/* In memory that both processes share: who reaps the process, and so gets its exit status, may be a
   signal handler of the caller's, or nobody where SIGCHLD is ignored. */
struct ending {
    bool ended;
    int status;
};

/* ---- in the process of its own ---- */

/* The caller's handlers belong to the caller's state, which is but a copy here. */
static void reset_signals(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int number = 1; number < NSIG; number++) {
        struct sigaction before;

        if (sigaction(number, NULL, &before) == 0 &&
            (before.sa_handler != SIG_IGN || number == SIGCHLD))
            sigaction(number, &plain, NULL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A socket or pipe of the caller's that stayed open here would never come to its end there. */
static void close_the_rest(void)
{
    if (close_range(FIRST_FREE_FD, ~0U, 0) == 0)
        return;
    for (int fd = FIRST_FREE_FD; fd < CLOSED_BY_HAND; fd++)
        close(fd);
}

_Noreturn static void be_apart(const struct ways *w, pid_t caller,
                               int (*command)(int argc, char **argv), char **argv)
{
    int argc = 0;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    reset_signals();
    /* What the caller had printed and not yet sent on is the caller's to send. */
    __fpurge(stdout);
    __fpurge(stderr);
    if (getppid() != caller || dup2(w->null, STDIN_FILENO) < 0 || dup2(w->out, STDOUT_FILENO) < 0 ||
        dup2(w->said, STDERR_FILENO) < 0)
        _exit(EXIT_FAILURE);
    close_the_rest();
    while (argv[argc])
        argc++;
    w->page->status = command(argc, argv);
    w->page->ended = fflush(stdout) == 0 && fflush(stderr) == 0;
    _exit(EXIT_SUCCESS);
}

/* ---- in ours ---- */

/* Above the standard streams, also where the caller has closed those. */
static int lift(int fd)
{
    int lifted = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);

    if (fd >= 0)
        close(fd);
    return lifted;
}

static bool open_ways(struct ways *w)
{
    void *page =
        mmap(NULL, sizeof(*w->page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    *w = (struct ways){
        .page = page == MAP_FAILED ? NULL : page,
        .null = lift(open("/dev/null", O_RDONLY | O_CLOEXEC)),
        .out = lift(memfd_create("assay-out", MFD_CLOEXEC)),
        .said = lift(memfd_create("assay-said", MFD_CLOEXEC)),
    };
    return w->page && w->null >= 0 && w->out >= 0 && w->said >= 0;
}

static void close_ways(const struct ways *w)
{
    const int fds[] = {w->null, w->out, w->said};

    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    if (w->page)
        munmap(w->page, sizeof(*w->page));
}

/* No handler of the caller's may run in the copy, so signals wait until those are gone there. */
static pid_t fork_quietly(void)
{
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid != 0) {
        int error = errno;

        pthread_sigmask(SIG_SETMASK, &before, NULL);
        errno = error;
    }
    return pid;
}

static void read_all(int fd, struct buf *ret)
{
    uint8_t *part = malloc(PART);
    off_t at = 0;

    for (;;) {
        ssize_t n = part ? pread(fd, part, PART, at) : 0;

        if (n <= 0)
            break;
        buf_put(ret, slice_of(part, (size_t)n));
        at += n;
    }
    free(part);
}

static void settle(struct apart *a, const struct ways *w, int status)
{
    if (w->page->ended)
        a->status = w->page->status;
    else if (WIFSIGNALED(status))
        text_format(a->death, sizeof(a->death), "was killed by signal %d (%s)", WTERMSIG(status),
                    strsignal(WTERMSIG(status)));
    else
        text_copy(a->death, sizeof(a->death), "ended early");
}

bool apart_perform(struct apart *ret, int (*command)(int argc, char **argv), char **argv,
                   size_t out_max, struct problem *why)
{
    pid_t caller = getpid();
    struct ways w;
    int status = 0;

    *ret = (struct apart){.status = -1};
    buf_init(&ret->out, out_max);
    buf_init(&ret->said, APART_SAID_MAX);
    pid_t pid = open_ways(&w) ? fork_quietly() : -1;
    if (pid < 0) {
        problem_ours(why, "a run cannot be started: %s", strerror(errno));
        close_ways(&w);
        return false;
    }
    if (pid == 0)
        be_apart(&w, caller, command, argv);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    settle(ret, &w, status);
    read_all(w.out, &ret->out);
    read_all(w.said, &ret->said);
    close_ways(&w);
    return true;
}

void apart_free(struct apart *a)
{
    buf_free(&a->out);
    buf_free(&a->said);
}
