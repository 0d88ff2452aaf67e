/* Checks: what only Unix-domain sockets have: names, paths, records and descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "conformance/suites.h"
#include "harness/base/deadline.h"

enum {
    MESSAGES = 100,
    UNREAD = 300,      /* far more than a queue of max_dgram_qlen holds */
    OVERSIZE = 100000, /* a record larger than the usual buffer of 64 KiB */
    SLACK = 3,
    NOBODY = 65534,
};

static const struct check_instance_options plain = {.umask = -1};

/* ---- datagram clients of every kind ---- */

/* Sends a datagram from a socket without a name: nobody can answer it. */
static void send_unnamed(struct check_ctx *c)
{
    int fd = check_alive(c) ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;

    if (fd < 0) {
        check_trouble(c, "socket: %s", strerror(errno));
        return;
    }
    net_send_to(fd, slice_str("from nobody"), &c->target.address, 0);
    check_tell(c, WHO_US, slice_str("from nobody"), "a datagram from a socket without a name");
    close(fd);
}

static void unbound_client(struct check_ctx *c)
{
    for (unsigned i = 0; i < 5; i++)
        send_unnamed(c);
    check_probe(c);
    send_unnamed(c);
    check_probe(c);
}

/* A client bound to a path in the folder of the run. */
static struct conn *dial_from_path(struct check_ctx *c, struct endpoint *ret)
{
    struct address from;
    size_t count = 0;
    struct net_dial_options options = {.bind_to = &from};

    *ret = (struct endpoint){.kind = c->target.endpoint.kind};
    text_format(ret->path, sizeof(ret->path), "%s/client-%d-%u", c->folder, (int)getpid(),
                c->dialled);
    if (!address_resolve(ret, &from, 1, &count, NULL))
        check_trouble(c, "no address for %s", ret->path);
    return check_dial_with(c, &c->target.address, &options);
}

static void path_client(struct check_ctx *c)
{
    struct endpoint from;
    struct conn *conn = dial_from_path(c, &from);

    for (unsigned i = 0; i < 3; i++)
        check_exchange(c, conn);
    check_fence(c, conn);
    net_forget(&from);
}

static void vanished_client(struct check_ctx *c)
{
    for (unsigned i = 0; i < MESSAGES / 5 && check_alive(c); i++) {
        struct endpoint from;
        struct conn *conn = dial_from_path(c, &from);

        if (i % 2)
            net_forget(&from); /* ENOENT for the server; else ECONNREFUSED */
        check_send(c, conn);
        check_close(c, conn);
        net_forget(&from);
    }
    check_probe(c);
    check_probe(c);
}

/*
 * One client never reads its replies; its queue is full long before it stops asking. It is bound
 * and not connected: the queue of a connected client has no limit (max_dgram_qlen does not apply),
 * and what lies in it would use up the send buffer of any server, also of a careful one.
 */
static void nonreading_client(struct check_ctx *c)
{
    struct net_dial_options options = {.unconnected = true};
    struct conn *mute = check_dial_with(c, &c->target.address, &options);
    struct buf request;

    buf_init(&request, 1 << 16);
    check_compose(c, mute, CHECK_BODY, &request);
    for (unsigned i = 0; i < UNREAD && check_alive(c); i++) {
        struct net_io io = net_send_to(mute->fd, buf_slice(&request), &mute->to, 0);

        if (io.status == NET_TIMEOUT)
            check_pause(c, 1); /* the server's own queue is full, too */
        else if (io.status != NET_OK)
            check_broken(c, "the target takes datagrams", "%s", strerror(io.error));
    }
    check_tell_on(c, mute->number, EVENT_WORDS, WHO_US, slice_of(NULL, 0),
                  "%d requests, and no reply is read", UNREAD);
    check_probe(c);
    check_probe(c);
    buf_free(&request);
}

/* ---- names ---- */

static void stale_path(struct check_ctx *c)
{
    check_start_instance(c, &plain);
    check_probe(c);
    check_end_instance(c, SIGKILL);
    check_relaunch_instance(c);
    if (check_reachable_or_ended(c))
        check_probe(c);
    else
        check_remark(c, "it does not start on the path that was left behind, and says so");
}

/* The longest path that a socket address holds: 107 octets and a NUL (unix(7)). */
static void longest_path(struct check_ctx *c)
{
    struct endpoint at = c->target.endpoint;
    struct check_instance_options options = {.umask = -1, .endpoint = &at};

    text_format(at.path, sizeof(at.path), "%s/", c->folder);
    for (size_t len = strlen(at.path); len < ENDPOINT_PATH_MAX; len++)
        at.path[len] = (char)('a' + len % 26);
    at.path[ENDPOINT_PATH_MAX] = '\0';
    check_start_instance(c, &options);
    check_await_instance(c);
    check_probe(c);
}

static void permissions(struct check_ctx *c)
{
    static const struct check_instance_options options = {.umask = 077};
    struct stat status;
    int fd = -1;

    check_start_instance(c, &options);
    if (!check_alive(c))
        return;
    if (stat(c->target.endpoint.path, &status) != 0) {
        check_trouble(c, "%s: %s", c->target.endpoint.path, strerror(errno));
        return;
    }
    if ((status.st_mode & 0077) != 0) {
        check_broken(c, "with umask 077 nobody else may write to the socket", "its mode is %o",
                     status.st_mode & 0777U);
        return;
    }
    check_met(c);
    /* Everybody may enter the folder, so that the mode of the socket alone decides. */
    if (!check_alive(c) || chmod(c->folder, 0711) != 0 || seteuid(NOBODY) != 0) {
        check_trouble(c, "cannot try as another user");
        return;
    }
    struct net_io io = net_dial(&c->target.address, NULL, 0, &fd);
    if (seteuid(0) != 0)
        check_trouble(c, "cannot become root again");
    check_tell(c, WHO_US, slice_of(NULL, 0), "connect as user %d: %s", NOBODY, net_io_text(io));
    if (fd >= 0)
        close(fd);
    if (io.status == NET_OK)
        check_broken(c, "connect() of another user fails with EACCES", "it succeeds");
    check_probe(c);
}

static void abstract_auto_clean(struct check_ctx *c)
{
    struct conn *conn = NULL;

    check_start_instance(c, &plain);
    check_probe(c);
    check_end_instance(c, SIGKILL);
    if (check_try_dial(c, &conn))
        check_broken(c, "the name is gone with the process", "somebody still takes connections");
    check_restart_instance(c, "the target can be started again at once");
    check_probe(c);
}

/* ---- descriptors that nobody asked for ---- */

static bool send_with_descriptor(struct conn *conn, struct buf *request, int descriptor)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = request->data, .iov_len = request->len};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};

    control.align.cmsg_level = SOL_SOCKET;
    control.align.cmsg_type = SCM_RIGHTS;
    control.align.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.align), &descriptor, sizeof(descriptor));
    return sendmsg(conn->fd, &message, MSG_NOSIGNAL) == (ssize_t)part.iov_len;
}

static void unexpected_rights(struct check_ctx *c)
{
    bool persists = exchange_has(c->target.exchange, EXCHANGE_PERSISTS);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct conn *conn = check_dial(c);
    struct buf request;

    if (persists)
        check_exchange(c, conn);
    unsigned before = check_view(c).fds;
    buf_init(&request, 1 << 16);
    for (unsigned i = 0; i < check_rounds(c, MESSAGES) && check_alive(c); i++) {
        buf_reset(&request);
        check_compose(c, conn, CHECK_BODY, &request);
        if (!send_with_descriptor(conn, &request, null))
            check_broken(c, "the target takes the request", "%s", strerror(errno));
        check_tell_on(c, conn->number, EVENT_OCTETS, WHO_US, buf_slice(&request),
                      "a request with a descriptor");
        check_reply(c, conn);
        if (!persists) {
            check_close(c, conn);
            conn = check_dial(c);
        }
    }
    unsigned after = check_view(c).fds;
    check_tell(c, WHO_KIT, slice_of(NULL, 0), "open descriptors: %u before, %u after", before,
               after);
    if (check_alive(c) && after > before + SLACK)
        check_broken(c, "as many open descriptors as before", "%u more", after - before);
    check_probe(c);
    close(null);
    buf_free(&request);
}

/* ---- records ---- */

static void record_boundaries(struct check_ctx *c)
{
    static const size_t sizes[] = {1, 3000, 2, 512, 9};
    struct conn *conn = check_dial(c);

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        check_send_sized(c, conn, sizes[i]);
    check_replies(c, conn);
    check_fence(c, conn);
}

/* An empty record reads as 0, and is no end of file. */
static void record_zero(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);

    check_exchange(c, conn);
    check_send_body(c, conn, slice_of("", 0));
    check_reply(c, conn);
    check_send(c, conn);
    check_send_body(c, conn, slice_of("", 0));
    check_send(c, conn);
    check_replies(c, conn);
    check_fence(c, conn);
}

static void record_oversize(struct check_ctx *c)
{
    struct conn *conn = check_dial(c);
    struct buf due, heard;

    buf_init(&due, OVERSIZE);
    buf_init(&heard, 4 * OVERSIZE);
    for (size_t i = 0; i < OVERSIZE; i++)
        buf_put_byte(&due, exchange_permits(c->target.exchange, 'k') ? 'k' : 'm');
    conn->raw = true;
    check_send_message(c, conn, buf_slice(&due));
    uint8_t *at = buf_extend(&heard, 2 * OVERSIZE);
    if (at && check_alive(c)) {
        size_t whole = exchange_prefix(c->target.exchange).len + OVERSIZE;
        struct net_io io =
            net_recv(conn->fd, at, 2 * OVERSIZE, true, deadline_in_ms(c->target.patience_ms));

        check_tell(c, WHO_TARGET, slice_of(at, size_min(io.len, 2 * OVERSIZE)), "%s, %zu octets",
                   net_status_text(io.status), io.len);
        if (io.status == NET_TIMEOUT)
            check_broken(c, "the whole record, or an end", "nothing");
        if (io.status == NET_OK && io.len != whole)
            check_broken(c, "the whole record, or an end", "a record of %zu octets", io.len);
        check_remark(c, "a record of %d octets %s", OVERSIZE,
                     io.status == NET_OK ? "comes back whole" : "ends the conversation");
    }
    check_probe(c);
    buf_free(&due);
    buf_free(&heard);
}

#define NEEDS_DGRAM (NEED_UNIX_DGRAM | NEED_REPLIES)
#define NEEDS_RECORDS (NEED_SEQPACKET | NEED_REPLIES | NEED_PERSISTS | NEED_PAYLOAD)

static const struct check checks[] = {
    {
        .id = "unix.dgram.unbound-client",
        .claim = "a client without a name does no harm",
        .why = "The length of its address is 0, and sendto() to it fails.",
        .how = "Datagrams from sockets that are not bound, then probes.",
        .cites = {REQ_UDG_02},
        .needs = NEEDS_DGRAM,
        .run = unbound_client,
    },
    {
        .id = "unix.dgram.path-client",
        .claim = "a client that is bound to a path is answered there",
        .why = "A server that keeps too little of the address answers nobody.",
        .how = "Exchanges from a socket with a path of its own.",
        .cites = {REQ_ECHO_862_04},
        .needs = NEEDS_DGRAM,
        .run = path_client,
    },
    {
        .id = "unix.dgram.vanished-client",
        .claim = "a client that has gone before its reply does no harm",
        .why = "sendto() then fails with ECONNREFUSED or ENOENT.",
        .how = "20 clients that send and are gone, with and without their path; then probes.",
        .cites = {REQ_UDG_03},
        .needs = NEEDS_DGRAM,
        .run = vanished_client,
    },
    {
        .id = "unix.dgram.nonreading-client",
        .claim = "a client that never reads its replies holds up nobody else",
        .why = "Its queue holds ten datagrams; a blocking sendto() then waits for ever.",
        .how = "300 requests whose replies are not read; then probes from others.",
        .cites = {REQ_UDG_04},
        .needs = NEEDS_DGRAM,
        .flags = CHECK_ALONE,
        .run = nonreading_client,
    },
    {
        .id = "unix.seqpacket.boundaries",
        .claim = "records keep their borders",
        .why = "That is the difference between a record and a stream.",
        .how = "Records of 1 to 3000 octets in a row; as many replies of the same sizes.",
        .cites = {REQ_UX_04},
        .needs = NEEDS_RECORDS,
        .run = record_boundaries,
    },
    {
        .id = "unix.seqpacket.zero-length-record",
        .claim = "an empty record is a record and not the end",
        .why = "Both read as 0; who does not look further hangs up.",
        .how = "An empty record between others; its empty reply, and the others'.",
        .cites = {REQ_UX_04},
        .needs = NEEDS_RECORDS | NEED_BINARY,
        .run = record_zero,
    },
    {
        .id = "unix.seqpacket.oversize",
        .claim = "a record larger than the target's buffer is taken whole or ends the conversation",
        .why = "A part of it, presented as a whole, is a wrong record.",
        .how = "A record of 100000 octets; the whole of it or an end comes back, then a probe.",
        .cites = {REQ_UX_05},
        .needs = NEEDS_RECORDS,
        .run = record_oversize,
    },
    {
        .id = "unix.leak.unexpected-rights",
        .claim = "descriptors that a client attaches are not kept",
        .why = "A hundred messages with a descriptor each, and the server is out of them.",
        .how = "100 requests with SCM_RIGHTS; the target's open descriptors stay as many.",
        .cites = {REQ_UX_03},
        .needs = NEED_UNIX | NEED_REPLIES | NEED_REQUESTS | NEED_LOCAL,
        .flags = CHECK_ALONE,
        .run = unexpected_rights,
    },
    {
        .id = "unix.path.longest",
        .claim = "the target serves at the longest path there is",
        .why = "sun_path has room for 107 octets and a NUL; who reserves less cuts the name.",
        .how = "An instance of its own at a path of 107 octets.",
        .cites = {REQ_UX_01},
        .needs = NEED_UNIX_PATH | NEED_REPLIES | NEED_MOVES,
        .flags = CHECK_ALONE,
        .run = longest_path,
    },
    {
        .id = "unix.restart.stale-path",
        .claim = "a path left behind does not make the target run unreachable",
        .why = "bind() fails on it; who does not look goes on without an address.",
        .how = "An instance is killed and started again at its path: it serves, or ends with an "
               "error.",
        .cites = {REQ_UX_01, REQ_DEMO_06},
        .needs = NEED_UNIX_PATH | NEED_REPLIES | NEED_MOVES,
        .flags = CHECK_ALONE,
        .run = stale_path,
    },
    {
        .id = "unix.path.permissions",
        .claim = "the mode of the socket follows umask and keeps others out",
        .why = "A chmod() for convenience lets everybody in.",
        .how = "An instance with umask 077; its mode, and connect() as another user.",
        .cites = {REQ_UX_06},
        .needs = NEED_UNIX_PATH | NEED_REPLIES | NEED_MOVES | NEED_ROOT,
        .flags = CHECK_ALONE,
        .run = permissions,
    },
    {
        .id = "unix.abstract.auto-clean",
        .claim = "an abstract name goes with its process",
        .why = "Nothing has to be cleaned up, and nothing may hinder the next start.",
        .how = "An instance is killed; connects are refused, and it can be started again.",
        .cites = {REQ_UX_07},
        .needs = NEED_ABSTRACT | NEED_REPLIES | NEED_MOVES,
        .flags = CHECK_ALONE,
        .run = abstract_auto_clean,
    },
};

SUITE(unix_unix);
