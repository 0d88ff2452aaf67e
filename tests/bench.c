/*
 * How long does a run take, and how fast is the verified pump? Everything is measured in one run on
 * one machine: bench BUILD-DIR.
 */
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/runner/check.h"
#include "harness/base/deadline.h"
#include "tests/program.h"

enum { ROUNDS = 3, LIMIT_S = 300, SLOWEST = 8, BODY = 16384, CHUNK = 65536, MIB = 1 << 20 };

#define VOLUME ((size_t)512 * MIB)

static const struct suite_run {
    const char *name;
    const char *url;
    const char *listen;
} suites[] = {
    {"stream over tcp", "tcp://127.0.0.1:0", "tcp://127.0.0.1:{port}"},
    {"datagram over udp", "udp://127.0.0.1:0", "udp://0.0.0.0:{port}"},
    {"stream, unix over unix", "unix:@assay-bench-s", "unix:{path}"},
    {"datagram, unix over unix-dgram", "unix-dgram:@assay-bench-d", "unix-dgram:{path}"},
    {"stream, unix over unix-seqpacket", "unix-seqpacket:@assay-bench-q", "unix-seqpacket:{path}"},
};

static double cpu_seconds(const struct rusage *usage)
{
    return (double)usage->ru_utime.tv_sec + (double)usage->ru_utime.tv_usec / 1e6 +
           (double)usage->ru_stime.tv_sec + (double)usage->ru_stime.tv_usec / 1e6;
}

static int slower(const void *a, const void *b)
{
    json_t *const *x = a;
    json_t *const *y = b;
    json_int_t p = json_integer_value(json_object_get(*x, "duration_ms"));
    json_int_t q = json_integer_value(json_object_get(*y, "duration_ms"));

    return (p < q) - (p > q);
}

static void print_slowest(json_t *root)
{
    json_t *checks = json_object_get(root, "checks");
    size_t count = json_array_size(checks);
    json_t **sorted = calloc(count + 1, sizeof(json_t *));

    for (size_t i = 0; sorted && i < count; i++)
        sorted[i] = json_array_get(checks, i);
    if (sorted)
        qsort(sorted, count, sizeof(json_t *), slower);
    for (size_t i = 0; sorted && i < count && i < SLOWEST; i++)
        printf("      %5lld ms  %s\n",
               (long long)json_integer_value(json_object_get(sorted[i], "duration_ms")),
               json_string_value(json_object_get(sorted[i], "id")));
    free(sorted);
}

/* One suite, three times: the wall times, and what the last one spent. */
static bool bench_suite(const struct suite_run *s, double *ret_best)
{
    double walls[ROUNDS];
    double cpu = 0;
    json_t *root = NULL;
    bool ok = true;

    for (unsigned i = 0; i < ROUNDS; i++) {
        struct rusage before, after;
        int64_t from = deadline_now_us();

        getrusage(RUSAGE_CHILDREN, &before);
        struct program_result r = program_run(
            LIMIT_S, "@B/assay check '%s' --report json --spawn \"@B/assay-echo --listen '%s'\"",
            s->url, s->listen);
        getrusage(RUSAGE_CHILDREN, &after);
        walls[i] = (double)(deadline_now_us() - from) / 1e6;
        cpu = cpu_seconds(&after) - cpu_seconds(&before);
        ok = ok && r.status == 0;
        json_decref(root);
        root = json_loads(r.out, 0, NULL);
        program_free(&r);
    }
    *ret_best = walls[0];
    for (unsigned i = 1; i < ROUNDS; i++)
        *ret_best = walls[i] < *ret_best ? walls[i] : *ret_best;
    printf(
        "%-34s %5.2f %5.2f %5.2f s wall, %5.2f s CPU (runner, checks and server), %zu checks%s\n",
        s->name, walls[0], walls[1], walls[2], cpu,
        json_array_size(json_object_get(root, "checks")), ok ? "" : "  NOT ALL WELL");
    print_slowest(root);
    json_decref(root);
    return ok;
}

/* ---- throughput ---- */

static void nothing(struct check_ctx *c)
{
    (void)c;
}

static const struct check pump_check = {
    .id = "bench.pump", .claim = "-", .cites = {REQ_INT_01}, .run = nothing};

/* The pump of the checks: every octet compared. */
static double verified(const struct target *target)
{
    struct check_ctx *c = calloc(1, sizeof(*c));
    struct outcome *outcome = outcome_new();

    if (!c || !outcome) {
        free(c);
        return 0;
    }
    check_open(c, &pump_check, target, outcome, 1);
    struct conn *conn = check_dial(c);
    int64_t from = deadline_now_us();
    check_pump(c, conn, (unsigned)(VOLUME / BODY), BODY);
    double took = (double)(deadline_now_us() - from) / 1e6;
    bool held = check_alive(c);
    check_close_all(c);
    outcome_free(outcome);
    free(c);
    return held ? (double)VOLUME / MIB / took : 0;
}

/* As much, sent and thrown away. */
static double discarded(const struct target *target)
{
    static uint8_t out[CHUNK], in[CHUNK];
    int fd = -1;
    size_t sent = 0;
    size_t heard = 0;

    if (net_dial(&target->address, NULL, DEADLINE_NEVER, &fd).status != NET_OK)
        return 0;
    net_no_delay(fd);
    int64_t from = deadline_now_us();
    while (heard < VOLUME) {
        struct pollfd p = {.fd = fd, .events = sent < VOLUME ? POLLIN | POLLOUT : POLLIN};

        if (poll(&p, 1, LIMIT_S * 1000) <= 0)
            break;
        if (p.revents & POLLOUT && sent < VOLUME) {
            ssize_t n = send(fd, out, size_min(CHUNK, VOLUME - sent), MSG_NOSIGNAL);
            sent += n > 0 ? (size_t)n : 0;
        }
        if (p.revents & POLLIN) {
            ssize_t n = recv(fd, in, sizeof(in), 0);
            if (n <= 0)
                break;
            heard += (size_t)n;
        }
    }
    double took = (double)(deadline_now_us() - from) / 1e6;
    close(fd);
    return (double)heard / MIB / took;
}

static void bench_throughput(void)
{
    static struct process server;
    struct target target = {.loopback = true,
                            .answers = true,
                            .pipelines = true,
                            .patience_ms = 30000,
                            .bytes_per_s = 1 << 30,
                            .width = 32};
    struct exchange *exchange = NULL;
    struct problem why;
    char url[ENDPOINT_TEXT_MAX];
    size_t count = 0;

    if (!program_serve(&server, url, sizeof(url),
                       "exec @B/assay-echo --listen tcp://127.0.0.1:0") ||
        !endpoint_parse(url, &target.endpoint, &why) ||
        !address_resolve(&target.endpoint, &target.address, 1, &count, &why) ||
        !exchange_open("echo", EXCHANGE_OVER_STREAM, &exchange, &why)) {
        printf("throughput: the server did not start\n");
        return;
    }
    target.exchange = exchange;
    printf("echo of %d MiB over one TCP connection, in turns:\n", (int)(VOLUME / MIB));
    for (unsigned i = 0; i < ROUNDS; i++) {
        double v = verified(&target);
        double d = discarded(&target);

        printf("      %6.0f MiB/s verified, %6.0f MiB/s sent and discarded: %.2f of it\n", v, d,
               d > 0 ? v / d : 0);
    }
    exchange_close(exchange);
    process_stop(&server, deadline_in_ms(2000));
}

int main(void)
{
    double all = 0;
    bool ok = true;

    for (size_t i = 0; i < ARRAY_LEN(suites); i++) {
        double best = 0;

        ok = bench_suite(&suites[i], &best) && ok;
        all += i < 3 ? best : 0;
    }
    printf("the three suites (tcp, udp, unix) together, best of %d: %.2f s\n", ROUNDS, all);
    bench_throughput();
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
