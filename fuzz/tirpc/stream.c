/* svc_vc over a socketpair. */
#include "fuzz/tirpc/stream.h"

#include <errno.h>
#include <netconfig.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz/oracle/meter.h"
#include "harness/rpc/record.h"

enum {
    UNREAD_MAX = 16384, /* octets that a server has written and nobody has taken */
    TURNS_MAX = 64,     /* looks of the server at the connection without a reply */
};

static struct {
    int ours;
    int theirs; /* -1: there is no conversation */
    size_t read_max;
    size_t unread;
    struct record_in record;
    struct stream_replies *replies;
} now = {.theirs = -1};

static int witness; /* our end of the connection that stays */
static int witness_theirs;

/* ---- what the server sends ---- */

static void keep_reply(struct slice message)
{
    struct stream_replies *r = now.replies;

    if (r->count == STREAM_REPLIES_MAX || message.len > sizeof(r->octets) - r->used) {
        r->broken = true;
        return;
    }
    if (message.len)
        memcpy(r->octets + r->used, message.data, message.len);
    r->used += message.len;
    r->lengths[r->count++] = message.len;
}

static void take_apart(struct slice octets)
{
    while (octets.len) {
        size_t used = 0;
        enum record_state state = record_feed(&now.record, octets, &used);

        octets = slice_from(octets, used);
        if (state == RECORD_WHOLE)
            keep_reply(record_message(&now.record));
        if (state == RECORD_BROKEN) {
            now.replies->broken = true;
            return;
        }
    }
}

/* Takes what is there. A connection that is closed while octets lie unread in it is reset. */
static void drain(void)
{
    uint8_t octets[8192];
    ssize_t len;

    meter_pause();
    while ((len = recv(now.ours, octets, sizeof(octets), MSG_DONTWAIT)) > 0)
        take_apart(slice_of(octets, (size_t)len));
    now.replies->ended |= len == 0 || (errno != EAGAIN && errno != EINTR);
    now.unread = 0;
    meter_resume();
}

/* ---- read(2) and write(2) ---- */

/* The sanitizer's own look whether the octets that are read have room. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
extern ssize_t __interceptor_read(int fd, void *data, size_t len); /* NOLINT: its name */
#define READ_BENEATH(fd, data, len) __interceptor_read(fd, data, len)
#endif
#endif
#ifndef READ_BENEATH
#define READ_BENEATH(fd, data, len) syscall(SYS_read, fd, data, len)
#endif

ssize_t read(int fd, void *buf, size_t nbytes)
{
    if (fd == now.theirs && now.read_max)
        nbytes = size_min(nbytes, now.read_max);
    return READ_BENEATH(fd, buf, nbytes);
}

ssize_t write(int fd, const void *buf, size_t n)
{
    if (fd == now.theirs) {
        if (now.unread + n > UNREAD_MAX)
            drain();
        now.unread += n;
    }
    return syscall(SYS_write, fd, buf, n);
}

/* ---- conversations ---- */

static SVCXPRT *connect_both(unsigned buffers, int *ret_ours, int *ret_theirs)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        abort();
    SVCXPRT *transport = svc_fd_create(ends[1], buffers, buffers);
    if (!transport)
        abort();
    *ret_ours = ends[0];
    *ret_theirs = ends[1];
    return transport;
}

static void begin(int ours, int theirs, const struct stream_cut *cut, struct stream_replies *ret)
{
    ret->ended = ret->broken = false;
    ret->count = ret->used = 0;
    now.ours = ours;
    now.theirs = theirs;
    now.read_max = cut->read_max;
    now.unread = 0;
    now.replies = ret;
    record_open(&now.record, &record_usual_limits);
}

static void end(void)
{
    struct buf missing;

    buf_init(&missing, RECORD_TEXT_MAX);
    meter_pause();
    now.replies->broken |= !record_may_end(&now.record, &missing);
    record_close(&now.record);
    buf_free(&missing);
    meter_resume();
    now.theirs = -1;
}

/* The server is asked to look at the connection as svc_run asks it, as long as there is something
   to see: a connection that has ended is something as long as it is not closed. */
static void serve(void)
{
    for (size_t idle = 0; !now.replies->ended && idle < TURNS_MAX; idle++) {
        size_t before = now.replies->count;

        svc_getreq_common(now.theirs);
        drain();
        if (now.replies->count > before)
            idle = 0;
    }
}

void stream_talk(struct slice octets, const struct stream_cut *cut, struct stream_replies *ret)
{
    int ours = -1;
    int theirs = -1;

    SVCXPRT *transport = connect_both(cut->buffers, &ours, &theirs);
    begin(ours, theirs, cut, ret);
    if (send(ours, octets.data, octets.len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)octets.len ||
        shutdown(ours, SHUT_WR) < 0)
        abort();
    serve();
    if (!ret->ended)
        SVC_DESTROY(transport);
    end();
    close(ours);
}

void stream_alive(struct slice call, struct stream_replies *ret)
{
    static const struct stream_cut none;

    begin(witness, witness_theirs, &none, ret);
    if (send(witness, call.data, call.len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)call.len)
        abort();
    svc_getreq_common(witness_theirs);
    drain();
    end();
}

void stream_open(uint32_t prog, uint32_t vers,
                 void (*dispatch)(struct svc_req *request, SVCXPRT *transport))
{
    /* Each connection looks two times for its name in /etc/netconfig, and the library keeps the
       file in memory as long as somebody reads in it. */
    void *names = setnetconfig();

    while (names && getnetconfig(names))
        continue;
    SVCXPRT *transport = connect_both(0, &witness, &witness_theirs);
    if (!svc_reg(transport, prog, vers, dispatch, NULL))
        abort();
}
