/* The relay behind --trace: a thread that copies both ways and keeps what it copies. */
#include "reference/msg/tap.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/deadline.h"

enum { KEPT_MAX = 32 << 20, PART = 65536, PATIENCE_MS = 30000 };

static void keep(struct tap *t, struct buf *into, int64_t *when, struct slice octets, bool anew)
{
    if (*when == 0)
        *when = deadline_now_us();
    if (t->datagram && anew)
        buf_reset(into);
    if (!t->datagram || into->len == 0)
        buf_put(into, octets);
}

/* From libtirpc to the server. False at the end. */
static bool outwards(struct tap *t, uint8_t *part)
{
    struct net_io io = t->datagram ? net_recv_from(t->inner, part, PART, &t->hello, 0)
                                   : net_recv(t->inner, part, PART, false, 0);
    struct slice octets = slice_of(part, io.len);

    if (io.status == NET_EOF)
        shutdown(t->far, SHUT_WR);
    if (io.status != NET_OK)
        return false;
    t->requests++;
    keep(t, &t->sent, &t->sent_us, octets, false);
    if (t->datagram)
        return net_send_to(t->far, octets, NULL, deadline_in_ms(PATIENCE_MS)).status == NET_OK;
    return net_send(t->far, octets, deadline_in_ms(PATIENCE_MS), 0).status == NET_OK;
}

/* From the server to libtirpc. False at the end, which is passed on: a refused datagram too would
   be seen by libtirpc only as silence. */
static bool inwards(struct tap *t, uint8_t *part)
{
    struct net_io io = net_recv(t->far, part, PART, t->datagram, 0);
    struct slice octets = slice_of(part, io.len);

    if (io.status != NET_OK) {
        if (!t->datagram)
            shutdown(t->inner, SHUT_WR);
        return false;
    }
    keep(t, &t->heard, &t->heard_us, octets, true);
    if (t->datagram)
        return net_send_to(t->inner, octets, &t->hello, deadline_in_ms(PATIENCE_MS)).status ==
               NET_OK;
    return net_send(t->inner, octets, deadline_in_ms(PATIENCE_MS), 0).status == NET_OK;
}

static void *relay(void *argument)
{
    static uint8_t part[PART];
    struct tap *t = argument;
    struct pollfd fds[] = {{.fd = t->stop[0], .events = POLLIN},
                           {.fd = t->inner, .events = POLLIN},
                           {.fd = t->far, .events = POLLIN}};

    while (poll(fds, ARRAY_LEN(fds), -1) > 0 && !fds[0].revents) {
        if (fds[1].revents && !outwards(t, part))
            fds[1].fd = -1;
        if (fds[2].revents && !inwards(t, part))
            fds[2].fd = -1;
    }
    return NULL;
}

/* Two ends for libtirpc and us: a pair for a stream, and for datagrams two UDP sockets, since
   libtirpc addresses every datagram. */
static bool make_ends(struct tap *t, struct problem *why)
{
    struct endpoint any;
    int pair[2];

    if (!t->datagram) {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
            return problem_set(why, "no pair of sockets: %s", strerror(errno));
        t->near_fd = pair[0];
        t->inner = pair[1];
        return true;
    }
    if (!endpoint_parse("udp://127.0.0.1:0", &any, why))
        return false;
    t->near_fd = net_listen(&any, 1, why);
    t->inner = t->near_fd < 0 ? -1 : net_listen(&any, 1, why);
    return t->inner >= 0 && (net_local(t->inner, SOCK_DGRAM, &t->hello) ||
                             problem_set(why, "no address: %s", strerror(errno)));
}

bool tap_start(struct tap *t, int far, bool datagram, struct problem *why)
{
    *t = (struct tap){
        .near_fd = -1, .inner = -1, .far = far, .stop = {-1, -1}, .datagram = datagram};
    buf_init(&t->sent, KEPT_MAX);
    buf_init(&t->heard, KEPT_MAX);
    if (!make_ends(t, why))
        return false;
    t->running = pipe(t->stop) == 0 && pthread_create(&t->thread, NULL, relay, t) == 0;
    return t->running || problem_set(why, "no thread: %s", strerror(errno));
}

void tap_stop(struct tap *t)
{
    if (t->running) {
        close(t->stop[1]);
        t->stop[1] = -1;
        pthread_join(t->thread, NULL);
    }
    t->running = false;
}

void tap_free(struct tap *t)
{
    tap_stop(t); /* it closes one of them */
    const int fds[] = {t->inner, t->far, t->stop[0], t->stop[1]};

    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    buf_free(&t->sent);
    buf_free(&t->heard);
}
