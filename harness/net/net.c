/* Sockets with deadlines: dial, listen, send, receive. */
#include "harness/net/net.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness/base/deadline.h"

const char *net_status_text(enum net_status status)
{
    static const char *const texts[] = {
        [NET_OK] = "done",
        [NET_TIMEOUT] = "nothing came",
        [NET_EOF] = "end of file",
        [NET_RESET] = "connection reset",
        [NET_REFUSED] = "refused",
        [NET_FULL] = "backlog full",
        [NET_UNREACHABLE] = "not reachable",
        [NET_TROUBLE] = "trouble on our side",
    };

    return texts[status];
}

const char *net_io_text(struct net_io io)
{
    return io.error ? strerror(io.error) : net_status_text(io.status);
}

static enum net_status status_of(int error)
{
    switch (error) {
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
    case ENOTCONN: /* a connection that the peer has torn down already */
        return NET_RESET;
    case ECONNREFUSED:
    case ENOENT:
        return NET_REFUSED;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case ETIMEDOUT:
    case EACCES:
        return NET_UNREACHABLE;
    default:
        return NET_TROUBLE;
    }
}

static struct net_io io_failed(int error, size_t len)
{
    return (struct net_io){.status = status_of(error), .len = len, .error = error};
}

static struct net_io io_status(enum net_status status, size_t len)
{
    return (struct net_io){.status = status, .len = len};
}

short net_wait(int fd, short events, int64_t deadline_us)
{
    struct pollfd p = {.fd = fd, .events = events};

    for (;;) {
        int n = poll(&p, 1, deadline_poll_ms(deadline_us));
        if (n > 0)
            return p.revents;
        if (n == 0 && deadline_passed(deadline_us))
            return 0;
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return POLLERR;
    }
}

static bool would_block(int error)
{
    return error == EAGAIN || error == EINTR;
}

/* Binds a unix datagram socket to a fresh abstract name (autobind, unix(7)). */
static int autobind(int fd)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    return bind(fd, (const struct sockaddr *)&un, sizeof(un.sun_family));
}

struct net_io net_dial_end(int fd)
{
    int error = 0;
    socklen_t len = sizeof(error);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    return error ? io_failed(error, 0) : io_status(NET_OK, 0);
}

static struct net_io begin_connect(int fd, const struct address *to)
{
    if (connect(fd, address_sockaddr(to), to->len) == 0)
        return io_status(NET_OK, 0);
    if (errno == EINPROGRESS || errno == EINTR)
        return io_status(NET_TIMEOUT, 0);
    if (errno == EAGAIN && address_family(to) == AF_UNIX)
        return (struct net_io){.status = NET_FULL, .error = EAGAIN};
    return io_failed(errno, 0);
}

struct net_io net_dial_begin(const struct address *to, const struct net_dial_options *options,
                             int *ret)
{
    static const struct net_dial_options none = {0};
    int fd = socket(address_family(to), to->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct net_io io = io_status(NET_OK, 0);

    if (fd < 0)
        return (struct net_io){.status = NET_TROUBLE, .error = errno};
    if (!options)
        options = &none;
    if (options->receive_buffer)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &options->receive_buffer,
                   sizeof(options->receive_buffer));
    if (options->send_buffer)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &options->send_buffer, sizeof(options->send_buffer));
    if (options->segment && address_family(to) != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &options->segment, sizeof(options->segment));
    if (options->bind_to) {
        int on = 1;

        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (bind(fd, address_sockaddr(options->bind_to), options->bind_to->len) != 0)
            io = (struct net_io){.status = NET_TROUBLE, .error = errno};
    } else if (address_family(to) == AF_UNIX && to->socktype == SOCK_DGRAM && autobind(fd) != 0) {
        io = (struct net_io){.status = NET_TROUBLE, .error = errno};
    }
    if (io.status == NET_OK && !options->unconnected)
        io = begin_connect(fd, to);
    if (io.status != NET_OK && io.status != NET_TIMEOUT) {
        close(fd);
        return io;
    }
    *ret = fd;
    return io;
}

struct net_io net_dial(const struct address *to, const struct net_dial_options *options,
                       int64_t deadline_us, int *ret)
{
    int fd = -1;
    struct net_io io = net_dial_begin(to, options, &fd);

    if (io.status == NET_TIMEOUT && net_wait(fd, POLLOUT, deadline_us))
        io = net_dial_end(fd);
    if (io.status == NET_OK)
        *ret = fd;
    else if (fd >= 0)
        close(fd);
    return io;
}

/* True where the path is a socket that nobody serves: a connect to it is refused. */
static bool path_is_stale(const struct endpoint *at, const struct address *address)
{
    struct stat status;
    bool stale = false;

    if (at->abstract || stat(at->path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return false;
    int fd = socket(AF_UNIX, endpoint_socktype(at) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    if (connect(fd, address_sockaddr(address), address->len) != 0)
        stale = errno == ECONNREFUSED;
    close(fd);
    return stale;
}

static int listen_at(const struct endpoint *at, const struct address *address, int backlog)
{
    int fd = socket(address_family(address), address->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0)
        return -1;
    if (at->kind == ENDPOINT_TCP)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    int bound = bind(fd, address_sockaddr(address), address->len);
    if (bound != 0 && errno == EADDRINUSE && endpoint_is_unix(at) && path_is_stale(at, address)) {
        unlink(at->path);
        bound = bind(fd, address_sockaddr(address), address->len);
    }
    if (bound != 0 || (!endpoint_is_datagram(at) && listen(fd, backlog) != 0)) {
        int error = errno;

        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

int net_listen(const struct endpoint *at, int backlog, struct problem *why)
{
    struct address address;
    size_t count = 0;

    if (!address_resolve(at, &address, 1, &count, why))
        return -1;
    int fd = listen_at(at, &address, backlog);
    if (fd < 0) {
        char url[ENDPOINT_TEXT_MAX];

        endpoint_format(at, url, sizeof(url));
        problem_set(why, "cannot listen at %s: %s", url, strerror(errno));
    }
    return fd;
}

void net_forget(const struct endpoint *at)
{
    struct stat what;

    if (endpoint_is_unix(at) && !at->abstract && lstat(at->path, &what) == 0 &&
        S_ISSOCK(what.st_mode))
        unlink(at->path);
}

bool net_local(int fd, int socktype, struct address *ret)
{
    struct address a = {.len = sizeof(a.storage), .socktype = socktype};

    if (getsockname(fd, address_sockaddr_mut(&a), &a.len) != 0)
        return false;
    *ret = a;
    return true;
}

struct net_io net_recv(int fd, void *data, size_t cap, bool boundaries, int64_t deadline_us)
{
    for (;;) {
        ssize_t n = recv(fd, data, cap, 0);
        if (n > 0)
            return io_status(NET_OK, (size_t)n);
        if (n == 0) {
            /* An empty record also reads as 0; only end of file comes with a hang-up. */
            int events = boundaries ? net_wait(fd, POLLRDHUP | POLLHUP, 0) : POLLHUP;

            return io_status((events & (POLLRDHUP | POLLHUP)) ? NET_EOF : NET_OK, 0);
        }
        if (!would_block(errno))
            return io_failed(errno, 0);
        if (!net_wait(fd, POLLIN, deadline_us))
            return io_status(NET_TIMEOUT, 0);
    }
}

struct net_io net_recv_from(int fd, void *data, size_t cap, struct address *ret_from,
                            int64_t deadline_us)
{
    for (;;) {
        struct address from = {.len = sizeof(from.storage), .socktype = SOCK_DGRAM};
        ssize_t n = recvfrom(fd, data, cap, MSG_TRUNC, address_sockaddr_mut(&from), &from.len);

        if (n >= 0) {
            if (ret_from)
                *ret_from = from;
            return io_status(NET_OK, (size_t)n);
        }
        if (!would_block(errno))
            return io_failed(errno, 0);
        if (!net_wait(fd, POLLIN, deadline_us))
            return io_status(NET_TIMEOUT, 0);
    }
}

struct net_io net_send_some(int fd, struct slice octets, int64_t deadline_us)
{
    for (;;) {
        ssize_t n = send(fd, octets.data, octets.len, MSG_NOSIGNAL);
        if (n >= 0)
            return io_status(NET_OK, (size_t)n);
        if (!would_block(errno))
            return io_failed(errno, 0);
        if (!net_wait(fd, POLLOUT, deadline_us))
            return io_status(NET_TIMEOUT, 0);
    }
}

struct net_io net_send(int fd, struct slice octets, int64_t deadline_us, int64_t progress_ms)
{
    size_t done = 0;

    while (done < octets.len) {
        struct net_io io = net_send_some(fd, slice_from(octets, done), deadline_us);
        if (io.status != NET_OK) {
            io.len = done;
            return io;
        }
        done += io.len;
        if (progress_ms)
            deadline_us = deadline_in_ms(progress_ms);
    }
    return io_status(NET_OK, done);
}

struct net_io net_send_to(int fd, struct slice octets, const struct address *to,
                          int64_t deadline_us)
{
    for (;;) {
        ssize_t n = sendto(fd, octets.data, octets.len, MSG_NOSIGNAL,
                           to ? address_sockaddr(to) : NULL, to ? to->len : 0);
        if (n >= 0)
            return io_status(NET_OK, (size_t)n);
        if (!would_block(errno))
            return io_failed(errno, 0);
        /* Of an unconnected unix socket poll does not know whose queue is full: it says "ready". */
        if (deadline_passed(deadline_us) || !net_wait(fd, POLLOUT, deadline_us))
            return io_status(NET_TIMEOUT, 0);
        if (to)
            deadline_wait(deadline_in_ms(1));
    }
}

static void end_hard(int fd)
{
    struct linger linger = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

void net_reset(int fd)
{
    end_hard(fd);
    close(fd);
}

bool net_break_off(int fd)
{
    uint8_t octet;

    end_hard(fd); /* beforehand: the race is with a server on another processor */
    shutdown(fd, SHUT_WR);
    bool first = recv(fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
    close(fd);
    return first;
}

void net_no_delay(int fd)
{
    int on = 1;

    /* Fails on unix sockets, which never gather: nothing to say. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void net_cork(int fd)
{
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

uint16_t net_free_port(const struct endpoint *at)
{
    struct endpoint any = *at;
    struct address address;
    uint16_t port = 0;
    size_t count = 0;

    any.port = 0;
    if (!address_resolve(&any, &address, 1, &count, NULL))
        return 0;
    int fd = socket(address_family(&address), address.socktype | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    /* Without SO_REUSEADDR, like the least careful of servers: no connection in TIME_WAIT either.
     */
    if (bind(fd, address_sockaddr(&address), address.len) == 0 &&
        net_local(fd, address.socktype, &address))
        port = address_port(&address);
    close(fd);
    return port;
}
