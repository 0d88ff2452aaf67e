/*
 * Makes one call of assay to the system fail, once: ASSAY_INJECT="KIND N" is the N-th call of this
 * kind, counted over assay and all processes that it forks. Programs that it executes are other
 * programs. When the call has failed, the file ASSAY_INJECT_MARK is there.
 *
 * Linked into a copy of assay by the linker's --wrap (Makefile), so that only our own calls are
 * counted, not those of libraries.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/text.h"

/* KIND(name, the error that the call reports) */
#define KINDS                                                                                      \
    KIND(malloc, ENOMEM)                                                                           \
    KIND(socket, EMFILE)                                                                           \
    KIND(fork, EAGAIN)                                                                             \
    KIND(read, EIO)                                                                                \
    KIND(write, EIO)                                                                               \
    KIND(pipe, EMFILE)                                                                             \
    KIND(mmap, ENOMEM)                                                                             \
    KIND(send, ENOBUFS)                                                                            \
    KIND(recv, ENOMEM)                                                                             \
    KIND(epoll, ENOSPC)

enum kind {
#define KIND(name, error) KIND_##name,
    KINDS
#undef KIND
};

static const struct {
    const char *name;
    int error;
} kinds[] = {
#define KIND(name, error) {#name, error},
    KINDS
#undef KIND
};

static struct {
    enum kind kind;
    unsigned long at; /* 0: nothing is to fail */
    _Atomic unsigned long *calls;
    const char *mark;
} plan;

__attribute__((constructor)) static void read_plan(void)
{
    const char *text = getenv("ASSAY_INJECT");
    const char *number = text ? strchr(text, ' ') : NULL;
    uint64_t at = 0;

    plan.mark = getenv("ASSAY_INJECT_MARK");
    if (!number || !plan.mark || !text_number(number + 1, 1, UINT32_MAX, &at))
        return;
    plan.calls =
        mmap(NULL, sizeof(*plan.calls), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (plan.calls == MAP_FAILED)
        abort();
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (text_starts(text, kinds[i].name) && strlen(kinds[i].name) == (size_t)(number - text)) {
            plan.kind = (enum kind)i;
            plan.at = (unsigned long)at; /* from here on calls are counted */
        }
    }
}

/* Whether this call is the one; then errno is set. */
static bool is_due(enum kind kind)
{
    if (plan.at == 0 || kind != plan.kind || atomic_fetch_add(plan.calls, 1) + 1 != plan.at)
        return false;
    int fd = open(plan.mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    errno = kinds[kind].error;
    return true;
}

/* WRAP(kind, what it returns when it fails, type, name, (parameters), (arguments)) */
#define WRAP(kind, failed, type, name, parameters, arguments)                                      \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return is_due(KIND_##kind) ? (failed) : __real_##name arguments;                           \
    }

WRAP(malloc, NULL, void *, malloc, (size_t size), (size))
WRAP(malloc, NULL, void *, calloc, (size_t count, size_t size), (count, size))
WRAP(malloc, NULL, void *, realloc, (void *at, size_t size), (at, size))
WRAP(malloc, NULL, char *, strdup, (const char *text), (text))
WRAP(socket, -1, int, socket, (int family, int type, int protocol), (family, type, protocol))
WRAP(socket, -1, int, accept4, (int fd, struct sockaddr *at, socklen_t *len, int flags),
     (fd, at, len, flags))
WRAP(fork, -1, pid_t, fork, (void), ())
WRAP(read, -1, ssize_t, read, (int fd, void *at, size_t len), (fd, at, len))
WRAP(write, -1, ssize_t, write, (int fd, const void *at, size_t len), (fd, at, len))
WRAP(pipe, -1, int, pipe, (int ends[2]), (ends))
WRAP(pipe, -1, int, pipe2, (int ends[2], int flags), (ends, flags))
WRAP(mmap, MAP_FAILED, void *, mmap,
     (void *at, size_t len, int protection, int flags, int fd, off_t offset),
     (at, len, protection, flags, fd, offset))
WRAP(send, -1, ssize_t, send, (int fd, const void *at, size_t len, int flags), (fd, at, len, flags))
WRAP(send, -1, ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags),
     (fd, message, flags))
WRAP(send, -1, ssize_t, sendto,
     (int fd, const void *at, size_t len, int flags, const struct sockaddr *to, socklen_t to_len),
     (fd, at, len, flags, to, to_len))
WRAP(recv, -1, ssize_t, recv, (int fd, void *at, size_t len, int flags), (fd, at, len, flags))
WRAP(recv, -1, ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
WRAP(recv, -1, ssize_t, recvfrom,
     (int fd, void *at, size_t len, int flags, struct sockaddr *from, socklen_t *from_len),
     (fd, at, len, flags, from, from_len))
WRAP(epoll, -1, int, epoll_create1, (int flags), (flags))
WRAP(epoll, -1, int, epoll_ctl, (int epoll, int how, int fd, struct epoll_event *event),
     (epoll, how, fd, event))
