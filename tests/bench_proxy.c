/*
 * The proxy beside other relays, in one run and with the same load. The load is as light as can be,
 * so that the relay is what is measured: datagrams are sent in runs and kept to a window; the
 * octets of a stream are thrown away unread by their receiver. The processor time of the relay
 * itself is told as well, since on a machine that others use, too, it is steadier than what comes
 * through.
 */
#include "tests/bench.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/net/net.h"
#include "tests/program.h"

enum {
    WAIT_MS = 5000,
    RATE_MS = 1500,
    SIZE = 64, /* octets of a datagram */
    RUN = 32,  /* datagrams that are sent at once */
    WINDOW = 256,
    PINGS = 20000,
    WARM_UP = 200,
    CHUNK = 262144,
    RELAYS = 6,
    US_PER_S = 1000000,
};

#define GIB 1073741824.0
#define STREAM_BYTES ((size_t)2048 * BENCH_MIB)

/* Other relays, and how each is started: $L is the port that it listens on, $T that of its target,
   $D a folder and $B that of the build. */
static const struct relay {
    const char *name;
    const char *command; /* NULL: none; straight to the target */
} datagram_relays[] =
    {
        {"no relay", NULL},
        {"socat", "exec socat UDP4-LISTEN:$L,bind=127.0.0.1 UDP4:127.0.0.1:$T"},
        {"assay proxy", "exec $B/assay proxy --listen udp://127.0.0.1:$L --to udp://127.0.0.1:$T"},
        {"assay proxy, with a fault",
         "exec $B/assay proxy --listen udp://127.0.0.1:$L --to udp://127.0.0.1:$T --drop 0%"},
},
  stream_relays[] = {
      {"no relay", NULL},
      {"socat", "exec socat TCP4-LISTEN:$L,bind=127.0.0.1,reuseaddr TCP4:127.0.0.1:$T"},
      {"haproxy",
       "printf 'defaults\\n mode tcp\\n timeout connect 9s\\n timeout client 9s\\n timeout "
       "server 9s\\nlisten l\\n bind 127.0.0.1:%s\\n server s 127.0.0.1:%s\\n' $L $T "
       ">$D/cfg && exec haproxy -f $D/cfg"},
      {"haproxy, splicing",
       "printf 'defaults\\n mode tcp\\n option splice-auto\\n timeout connect 9s\\n timeout client "
       "9s\\n timeout server 9s\\nlisten l\\n bind 127.0.0.1:%s\\n server s 127.0.0.1:%s\\n' $L $T "
       ">$D/cfg && exec haproxy -f $D/cfg"},
      {"assay proxy", "exec $B/assay proxy --listen tcp://127.0.0.1:$L --to tcp://127.0.0.1:$T"},
      {"assay proxy, with a fault",
       "exec $B/assay proxy --listen tcp://127.0.0.1:$L --to tcp://127.0.0.1:$T --cut 131072"},
};

/* A target of ours, and the way to it. */
struct path {
    struct process relay;
    bool relayed;
    int target;
    struct address to; /* where the load is sent */
};

static bool path_open(struct path *p, enum endpoint_kind kind, const struct relay *relay,
                      const char *folder)
{
    struct endpoint at = {.kind = kind, .host = "127.0.0.1"};
    char command[2048];
    size_t count = 0;
    struct process_options options = {.command = command, .umask = -1};
    struct problem why = {.text = "no reason"};
    struct address local;

    *p = (struct path){.target = net_listen(&at, 16, &why)};
    if (p->target < 0 || !net_local(p->target, endpoint_socktype(&at), &local))
        return false;
    at.port = net_free_port(&at);
    text_format(command, sizeof(command), "L=%u T=%u B=%s D=%s; %s", at.port, address_port(&local),
                program_path(""), folder, relay->command ? relay->command : "");
    if (!relay->command)
        at.port = address_port(&local);
    p->relayed = relay->command != NULL;
    return address_resolve(&at, &p->to, 1, &count, &why) &&
           (!p->relayed || process_start(&p->relay, &options, &why));
}

/* Ends the relay; the processor time that it has spent, in seconds. */
static double path_close(struct path *p)
{
    struct rusage before, after;

    getrusage(RUSAGE_CHILDREN, &before);
    if (p->relayed)
        process_stop(&p->relay, deadline_in_ms(WAIT_MS));
    getrusage(RUSAGE_CHILDREN, &after);
    close(p->target);
    return bench_cpu_seconds(&after) - bench_cpu_seconds(&before);
}

/* ---- datagrams ---- */

static void enlarge(int fd)
{
    int bytes = 8 << 20;

    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

/* A client whose datagrams come through. The relay is up once one does; what was sent before may
   come later and is swallowed. */
static int datagram_client(const struct path *p, struct address *ret_seen_as)
{
    int64_t deadline = deadline_in_ms(WAIT_MS);
    char octet = 0;
    int fd = -1;

    enlarge(p->target);
    if (net_dial(&p->to, NULL, deadline, &fd).status != NET_OK)
        return -1;
    enlarge(fd);
    while (!deadline_passed(deadline)) {
        (void)!send(fd, &octet, 1, MSG_NOSIGNAL);
        if (net_recv_from(p->target, &octet, 1, ret_seen_as, deadline_in_ms(20)).status == NET_OK)
            break;
    }
    while (net_recv_from(p->target, &octet, 1, ret_seen_as, deadline_in_ms(50)).status == NET_OK)
        continue;
    return fd;
}

/* Sends a run as one; the datagrams are numbered. */
static unsigned send_run(int fd, uint32_t *number)
{
    uint8_t octets[RUN * SIZE] = {0};
    int size = SIZE;

    for (size_t i = 0; i < RUN; i++)
        memcpy(octets + i * SIZE, &(uint32_t){*number + (uint32_t)i}, sizeof(*number));
    setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof(size));
    if (send(fd, octets, sizeof(octets), MSG_DONTWAIT) < 0)
        return 0;
    *number += RUN;
    return RUN;
}

/* Receives what there is; each has to be the next. */
static int receive_run(int fd, uint32_t *number, uint64_t *lost)
{
    static uint8_t octets[WINDOW][SIZE];
    static struct mmsghdr in[WINDOW];
    static struct iovec parts[WINDOW];

    for (size_t i = 0; i < WINDOW; i++) {
        parts[i] = (struct iovec){octets[i], SIZE};
        in[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    int n = recvmmsg(fd, in, WINDOW, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
        uint32_t got;

        memcpy(&got, octets[i], sizeof(got));
        *lost += got - *number;
        *number = got + 1;
    }
    return n;
}

/* Datagrams a second, as many as come through with a window of them on their way. */
static double datagram_rate(const struct path *p, uint64_t *ret_count, uint64_t *ret_lost)
{
    struct address client;
    uint32_t sent = 0;
    uint32_t got = 0;
    int fd = datagram_client(p, &client);
    int64_t from = deadline_now_us();
    int64_t until = from + RATE_MS * 1000;

    *ret_lost = 0;
    while (fd >= 0 && deadline_now_us() < until) {
        while (sent - got <= WINDOW - RUN && send_run(fd, &sent) > 0)
            continue;
        if (receive_run(p->target, &got, ret_lost) <= 0 &&
            !net_wait(p->target, POLLIN, deadline_in_ms(100))) {
            *ret_lost += sent - got; /* the window would stay shut */
            got = sent;
        }
    }
    double took = (double)(deadline_now_us() - from) / US_PER_S;
    if (fd >= 0)
        close(fd);
    *ret_count = got - *ret_lost;
    return (double)*ret_count / took;
}

static int shorter(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;

    return (*x > *y) - (*x < *y);
}

struct latency {
    double p50_us, p99_us;
};

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* There and back, one at a time; the target is this process, too, so the relay is what waits. */
static struct latency datagram_latency(const struct path *p)
{
    static int64_t spans[PINGS];
    struct address client;
    char octets[SIZE] = {0};
    int fd = datagram_client(p, &client);

    for (int i = -WARM_UP; fd >= 0 && i < PINGS; i++) {
        int64_t from = now_ns();

        (void)!send(fd, octets, SIZE, 0);
        net_recv_from(p->target, octets, SIZE, &client, deadline_in_ms(WAIT_MS));
        net_send_to(p->target, slice_of(octets, SIZE), &client, deadline_in_ms(WAIT_MS));
        net_recv(fd, octets, SIZE, true, deadline_in_ms(WAIT_MS));
        spans[i < 0 ? 0 : i] = now_ns() - from;
    }
    qsort(spans, PINGS, sizeof(spans[0]), shorter);
    if (fd >= 0)
        close(fd);
    size_t middle = PINGS / 2;
    size_t slow = PINGS / 100 * 99;

    return (struct latency){(double)spans[middle] / 1e3, (double)spans[slow] / 1e3};
}

static bool bench_datagrams(const char *folder)
{
    double best[RELAYS] = {0};
    struct latency direct = {0};
    bool ok = true;

    printf("datagrams of %d octets, %d on their way; there and back one by one:\n", SIZE, WINDOW);
    for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
        for (size_t i = 0; i < ARRAY_LEN(datagram_relays); i++) {
            const struct relay *relay = &datagram_relays[i];
            uint64_t count = 0;
            uint64_t lost = 0;
            struct path p;

            if (!path_open(&p, ENDPOINT_UDP, relay, folder))
                return false;
            double rate = datagram_rate(&p, &count, &lost);
            double cpu = path_close(&p) / (double)count;
            if (!path_open(&p, ENDPOINT_UDP, relay, folder))
                return false;
            struct latency l = datagram_latency(&p);
            path_close(&p);
            direct = i == 0 ? l : direct;
            best[i] = rate > best[i] ? rate : best[i];
            ok = ok && rate > 0;
            printf("      %-28s %8.0f/s, %5llu lost, %4.2f us of processor each; added p50 %5.1f "
                   "us, p99 %5.1f us\n",
                   relay->name, rate, (unsigned long long)lost, cpu * US_PER_S,
                   l.p50_us - direct.p50_us, l.p99_us - direct.p99_us);
        }
    }
    printf("      best of %d: assay proxy carries %.1f times the datagrams of socat, %.1f with a "
           "fault\n",
           BENCH_ROUNDS, best[2] / best[1], best[3] / best[1]);
    return ok;
}

/* ---- streams ---- */

/* The receiver throws octets away without looking at them, many at a time. */
static size_t discard(int fd)
{
    int low = BENCH_MIB / 2;
    size_t got = 0;

    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low));
    for (;;) {
        ssize_t n = recv(fd, NULL, BENCH_MIB, MSG_TRUNC);

        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return got;
        got += n > 0 ? (size_t)n : 0;
        if (n < 0)
            net_wait(fd, POLLIN, deadline_in_ms(WAIT_MS));
    }
}

static int connect_stream(const struct path *p)
{
    int64_t deadline = deadline_in_ms(WAIT_MS);
    int fd = -1;

    while (net_dial(&p->to, NULL, deadline, &fd).status != NET_OK) {
        if (deadline_passed(deadline))
            return -1;
        deadline_wait(deadline_in_ms(20));
    }
    return fd;
}

static void pour(int fd)
{
    static uint8_t octets[CHUNK];
    size_t sent = 0;

    while (sent < STREAM_BYTES) {
        struct slice chunk = slice_of(octets, size_min(CHUNK, STREAM_BYTES - sent));
        struct net_io io = net_send_some(fd, chunk, deadline_in_ms(WAIT_MS));

        if (io.status != NET_OK)
            return;
        sent += io.len;
    }
    shutdown(fd, SHUT_WR);
}

/* MiB a second through one connection; 0 where not all of it came. */
static double stream_rate(const struct path *p)
{
    int client = connect_stream(p);

    if (client < 0 || !net_wait(p->target, POLLIN, deadline_in_ms(WAIT_MS)))
        return 0;
    int server = accept4(p->target, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int64_t from = deadline_now_us();
    pid_t sender = fork();
    if (sender == 0) {
        pour(client);
        _exit(EXIT_SUCCESS);
    }
    close(client);
    size_t got = discard(server);
    double took = (double)(deadline_now_us() - from) / US_PER_S;
    close(server);
    waitpid(sender, NULL, 0);
    return got == STREAM_BYTES ? (double)got / BENCH_MIB / took : 0;
}

static bool bench_streams(const char *folder)
{
    double best[RELAYS] = {0};
    bool ok = true;

    printf("a stream of %zu MiB over one TCP connection:\n", STREAM_BYTES / BENCH_MIB);
    for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
        for (size_t i = 0; i < ARRAY_LEN(stream_relays); i++) {
            struct path p;

            if (!path_open(&p, ENDPOINT_TCP, &stream_relays[i], folder))
                return false;
            double rate = stream_rate(&p);
            double cpu = path_close(&p) / ((double)STREAM_BYTES / GIB);
            best[i] = rate > best[i] ? rate : best[i];
            ok = ok && rate > 0;
            printf("      %-28s %6.0f MiB/s, %4.2f s of processor for each GiB\n",
                   stream_relays[i].name, rate, cpu);
        }
    }
    printf("      best of %d: assay proxy carries %.1f times the octets of socat, %.1f of haproxy, "
           "%.1f of haproxy splicing; %.1f times those of socat with a fault\n",
           BENCH_ROUNDS, best[4] / best[1], best[4] / best[2], best[4] / best[3],
           best[5] / best[1]);
    return ok;
}

bool bench_proxy(void)
{
    char folder[64];

    program_make_folder(folder, sizeof(folder));
    bool ok = bench_datagrams(folder);
    ok = bench_streams(folder) && ok;
    program_remove_folder(folder);
    return ok;
}
