/*
 * How long does a run take, and how fast is the verified pump? Everything is measured in one run on
 * one machine: bench BUILD-DIR [suites] [throughput] [calls] [proxy] [fuzz].
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
#include "tests/bench.h"
#include "tests/program.h"

enum {
    ROUNDS = BENCH_ROUNDS,
    LIMIT_S = BENCH_LIMIT_S,
    SLOWEST = 8,
    BODY = 16384,
    CHUNK = 65536,
    MIB = BENCH_MIB
};
enum { CALLS = 50000, PIPELINED_CALLS = 1000000 };

#define VOLUME ((size_t)512 * MIB)

static const struct suite_run {
    const char *name;
    const char *url;
    const char *serve;
} suites[] = {
    {"stream over tcp", "tcp://127.0.0.1:0", "assay-echo --listen tcp://127.0.0.1:{port}"},
    {"datagram over udp", "udp://127.0.0.1:0", "assay-echo --listen udp://0.0.0.0:{port}"},
    {"stream, unix over unix", "unix:@assay-bench-s", "assay-echo --listen unix:{path}"},
    {"datagram, unix over unix-dgram", "unix-dgram:@assay-bench-d",
     "assay-echo --listen unix-dgram:{path}"},
    {"stream, unix over unix-seqpacket", "unix-seqpacket:@assay-bench-q",
     "assay-echo --listen unix-seqpacket:{path}"},
    {"load over tcp", "tcp://127.0.0.1:0 --only stream.load",
     "assay-echo --listen tcp://127.0.0.1:{port}"},
    {"load over udp", "udp://127.0.0.1:0 --only datagram.load",
     "assay-echo --listen udp://0.0.0.0:{port}"},
    {"rpc over rpc+tcp", "rpc+tcp://127.0.0.1:0/345678/2 --only rpc",
     "assay-msgprog-own --listen rpc+tcp://127.0.0.1:{port}"},
    {"rpc, msgprog, stream over rpc+tcp", "rpc+tcp://127.0.0.1:0/345678/2",
     "assay-msgprog-own --listen rpc+tcp://127.0.0.1:{port}"},
    {"rpc, msgprog, datagram over rpc+udp", "rpc+udp://127.0.0.1:0/345678/2",
     "assay-msgprog-own --listen rpc+udp://127.0.0.1:{port}"},
    {"rpc, msgprog, stream over rpc+unix", "rpc+unix:@assay-bench-r/345678/2",
     "assay-msgprog-own --listen rpc+unix:{path}"},
};

double bench_cpu_seconds(const struct rusage *usage)
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
            LIMIT_S, "@B/assay check %s --report json --spawn \"@B/%s\"", s->url, s->serve);
        getrusage(RUSAGE_CHILDREN, &after);
        walls[i] = (double)(deadline_now_us() - from) / 1e6;
        cpu = bench_cpu_seconds(&after) - bench_cpu_seconds(&before);
        ok = ok && r.status == 0;
        json_decref(root);
        root = json_loads(r.out, 0, NULL);
        program_free(&r);
    }
    *ret_best = walls[0];
    for (unsigned i = 1; i < ROUNDS; i++)
        *ret_best = walls[i] < *ret_best ? walls[i] : *ret_best;
    printf(
        "%-36s %5.2f %5.2f %5.2f s wall, %5.2f s CPU (runner, checks and server), %zu checks%s\n",
        s->name, walls[0], walls[1], walls[2], cpu,
        json_array_size(json_object_get(root, "checks")), ok ? "" : "  NOT ALL WELL");
    print_slowest(root);
    json_decref(root);
    return ok;
}

/* ---- a server to measure at ---- */

struct bench_target {
    struct process server;
    struct target target;
    struct exchange *exchange;
    char url[ENDPOINT_TEXT_MAX];
};

/* Starts the server with the command and opens the target that READY names. */
static bool open_target(struct bench_target *b, const char *speak, const char *command)
{
    size_t count = 0;
    struct problem why;

    b->target = (struct target){.loopback = true,
                                .answers = true,
                                .pipelines = true,
                                .patience_ms = 30000,
                                .bytes_per_s = 1 << 30,
                                .width = 32};
    if (!program_serve(&b->server, b->url, sizeof(b->url), "exec @B/%s", command) ||
        !endpoint_parse(b->url, &b->target.endpoint, &why) ||
        !address_resolve(&b->target.endpoint, &b->target.address, 1, &count, &why) ||
        !target_open_exchange(speak, &b->target.endpoint, &b->exchange, &why)) {
        printf("%s: the server did not start\n", speak);
        return false;
    }
    b->target.exchange = b->exchange;
    return true;
}

static void close_target(struct bench_target *b)
{
    exchange_close(b->exchange);
    process_stop(&b->server, deadline_in_ms(2000));
}

static void nothing(struct check_ctx *c)
{
    (void)c;
}

static const struct check pump_check = {
    .id = "bench.pump", .claim = "-", .cites = {REQ_INT_01}, .run = nothing};

/* The pump of the checks, every octet compared: how many requests a second; 0 where one failed. */
static double verified(const struct target *target, unsigned count, size_t size)
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
    check_pump(c, conn, count, size);
    double took = (double)(deadline_now_us() - from) / 1e6;
    bool held = check_alive(c);
    check_close_all(c);
    outcome_free(outcome);
    free(c);
    return held ? (double)count / took : 0;
}

/* ---- throughput ---- */

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

static bool bench_throughput(void)
{
    static struct bench_target b;
    bool ok = open_target(&b, "echo", "assay-echo --listen tcp://127.0.0.1:0");

    if (!ok)
        return false;
    printf("echo of %d MiB over one TCP connection, in turns:\n", (int)(VOLUME / MIB));
    for (unsigned i = 0; i < ROUNDS; i++) {
        double v = verified(&b.target, (unsigned)(VOLUME / BODY), BODY) * BODY / MIB;
        double d = discarded(&b.target);

        ok = ok && v > 0 && d > 0;
        printf("      %6.0f MiB/s verified, %6.0f MiB/s sent and discarded: %.2f of it\n", v, d,
               d > 0 ? v / d : 0);
    }
    close_target(&b);
    return ok;
}

/* ---- calls ---- */

/* The loop of a client of libtirpc, each call behind the reply to the one before. */
static double called_in_turn(const char *url)
{
    struct program_result r = program_run(LIMIT_S, "@B/assay-msg --at %s repeat %d", url, CALLS);
    double rate = r.status == 0 ? strtod(r.out, NULL) : 0;

    program_free(&r);
    return rate;
}

static bool bench_calls(void)
{
    static struct bench_target b;
    bool ok = open_target(&b, "rpc", "assay-msgprog-own --listen rpc+tcp://127.0.0.1:0");

    if (!ok)
        return false;
    printf("NULL calls over one TCP connection, in turns:\n");
    for (unsigned i = 0; i < ROUNDS; i++) {
        double v = verified(&b.target, PIPELINED_CALLS, 0);
        double t = called_in_turn(b.url);

        ok = ok && v > 0 && t > 0;
        printf(
            "      %7.0f calls/s verified, pipelined; %7.0f calls/s by clnt_call(3): %.1f times\n",
            v, t, t > 0 ? v / t : 0);
    }
    close_target(&b);
    return ok;
}

/* Of everything, or of what is named: suites, throughput, calls, proxy, fuzz. */
static bool is_wanted(int argc, char **argv, const char *subject)
{
    bool wanted = argc < 3;

    for (int i = 2; i < argc; i++)
        wanted = wanted || text_eq(argv[i], subject);
    return wanted;
}

static bool bench_suites(void)
{
    double all = 0;
    bool ok = true;

    for (size_t i = 0; i < ARRAY_LEN(suites); i++) {
        double best = 0;

        ok = bench_suite(&suites[i], &best) && ok;
        all += i < 3 ? best : 0;
    }
    printf("the three suites (tcp, udp, unix) together, best of %d: %.2f s\n", ROUNDS, all);
    return ok;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        bool (*run)(void);
    } subjects[] = {{"suites", bench_suites},
                    {"throughput", bench_throughput},
                    {"calls", bench_calls},
                    {"proxy", bench_proxy},
                    {"fuzz", bench_fuzz}};
    bool ok = true;

    for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
        if (is_wanted(argc, argv, subjects[i].name))
            ok = subjects[i].run() && ok;
    }
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
