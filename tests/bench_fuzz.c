/*
 * Cases per second of the processor, through libtirpc and rpcgen's dispatcher of MSGPROG: in memory
 * under libFuzzer, with sanitizers and without, under AFL++, and over loopback TCP, one connection
 * for each case. Everything runs on one core, three times; the median counts. A case of the
 * structure-aware mutator has some three calls, and goes deeper.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/base/file.h"
#include "harness/net/address.h"
#include "tests/bench.h"
#include "tests/program.h"

enum { CASES_MAX = 64, CASE_ROOM = 4096, TCP_CASES = 20000 };

#define TARGET "tirpc-dispatch"
#define SEEDS "corpus/" TARGET

static const struct engine {
    const char *name;
    const char *command; /* @B is the build; the folder $F is fresh */
    const char *count;   /* what the number of cases stands behind */
    double floor;        /* cases per second that are expected, or 0 */
} engines[] = {
#define LIBFUZZER(build, runs, mutation)                                                           \
    "cp " SEEDS "/* $F; ASSAY_FUZZ_MUTATE=" mutation " exec taskset -c 0 @B/../" build             \
    "/fuzz-" TARGET " $F -runs=" runs " -max_len=512 -entropic=0 -print_final_stats=1 2>&1",       \
        "stat::number_of_executed_units:"
    {"libFuzzer", LIBFUZZER("speed", "2000000", "plain"), 500000},
    {"libFuzzer with both sanitizers", LIBFUZZER("fuzz", "1000000", "plain"), 200000},
    {"libFuzzer, structure-aware", LIBFUZZER("speed", "2000000", "aware"), 0},
    {"libFuzzer, both", LIBFUZZER("fuzz", "1000000", "aware"), 0},
#undef LIBFUZZER
    {"AFL++",
     "AFL_NO_UI=1 AFL_FAST_CAL=1 AFL_NO_AFFINITY=1 AFL_SKIP_CPUFREQ=1 "
     "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 taskset -c 0 afl-fuzz -i " SEEDS
     " -o $F/out -V 10 -G 512 -- @B/../afl/fuzz-" TARGET
     " >/dev/null 2>&1; cat $F/out/default/fuzzer_stats",
     "execs_done", 0},
};

static int ascending(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;

    return (*x > *y) - (*x < *y);
}

static double children_cpu(void)
{
    struct rusage usage;

    getrusage(RUSAGE_CHILDREN, &usage);
    return bench_cpu_seconds(&usage);
}

static double number_behind(const char *text, const char *word)
{
    const char *at = text ? strstr(text, word) : NULL;

    return at ? strtod(at + strlen(word) + strspn(at + strlen(word), " :\t"), NULL) : 0;
}

/* One run; 0 where the engine did not come to its end. */
static double engine_rate(const struct engine *e)
{
    char folder[64];
    double before = children_cpu();

    program_make_folder(folder, sizeof(folder));
    struct program_result r = program_run(BENCH_LIMIT_S, "F=%s; %s", folder, e->command);
    double cases = number_behind(r.out, e->count);
    double rate = cases / (children_cpu() - before);

    program_free(&r);
    program_remove_folder(folder);
    return rate;
}

/* ---- over TCP ---- */

struct cases {
    size_t count;
    struct buf items[CASES_MAX];
};

static void read_cases(struct cases *all)
{
    DIR *folder = opendir(SEEDS);
    const struct dirent *entry;
    char path[512];

    while (folder && all->count < CASES_MAX && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        text_format(path, sizeof(path), SEEDS "/%s", entry->d_name);
        buf_init(&all->items[all->count], CASE_ROOM);
        all->count += file_read(path, &all->items[all->count], NULL);
    }
    if (folder)
        closedir(folder);
}

/* As a client does who has one case to say: connect, send it, FIN, read to the end. */
static bool one_connection(const struct address *to, struct slice octets)
{
    struct timeval patience = {.tv_sec = 10};
    int fd = socket(address_family(to), SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint8_t reply[CASE_ROOM];
    ssize_t got = 1;

    bool ok = fd >= 0 && connect(fd, address_sockaddr(to), to->len) == 0 &&
              setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
              send(fd, octets.data, octets.len, MSG_NOSIGNAL) == (ssize_t)octets.len &&
              shutdown(fd, SHUT_WR) == 0;
    while (ok && got > 0)
        got = recv(fd, reply, sizeof(reply), 0);
    if (fd >= 0)
        close(fd);
    return ok && got == 0;
}

/* Our time and the server's count, as both do the work of a case. */
static double tcp_rate(const struct cases *all)
{
    struct process server;
    struct endpoint at;
    struct address to;
    struct rusage ours[2];
    char url[ENDPOINT_TEXT_MAX];
    size_t count = 0;
    unsigned done = 0;
    double before = children_cpu();

    if (!program_serve(&server, url, sizeof(url),
                       "exec taskset -c 0 @B/assay-msgprog --listen rpc+tcp://127.0.0.1:0") ||
        !endpoint_parse(url, &at, NULL) || !address_resolve(&at, &to, 1, &count, NULL))
        return 0;
    getrusage(RUSAGE_SELF, &ours[0]);
    while (done < TCP_CASES && one_connection(&to, buf_slice(&all->items[done % all->count])))
        done++;
    getrusage(RUSAGE_SELF, &ours[1]);
    process_stop(&server, deadline_in_ms(2000));
    double took =
        children_cpu() - before + bench_cpu_seconds(&ours[1]) - bench_cpu_seconds(&ours[0]);
    return done == TCP_CASES ? done / took : 0;
}

/* ---- */

static double median(double rates[BENCH_ROUNDS])
{
    qsort(rates, BENCH_ROUNDS, sizeof(rates[0]), ascending);
    return rates[BENCH_ROUNDS / 2];
}

static bool tell(const char *name, double rate, double floor, double tcp)
{
    printf("  %-40s %9.0f cases per second of the processor", name, rate);
    if (tcp > 0)
        printf(", %.0f times that over TCP", rate / tcp);
    printf("%s\n", rate >= floor && rate > 0 ? "" : "  TOO FEW");
    return rate >= floor && rate > 0;
}

bool bench_fuzz(void)
{
    static struct cases all;
    double rates[BENCH_ROUNDS];
    bool ok = true;

    read_cases(&all);
    printf("%s, one core, the median of %d runs, %zu seeds:\n", TARGET, BENCH_ROUNDS, all.count);
    for (unsigned i = 0; i < BENCH_ROUNDS; i++)
        rates[i] = all.count ? tcp_rate(&all) : 0;
    double tcp = median(rates);
    ok = tell("the same service over loopback TCP", tcp, 0, 0);
    for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
        for (unsigned k = 0; k < BENCH_ROUNDS; k++)
            rates[k] = engine_rate(&engines[i]);
        ok = tell(engines[i].name, median(rates), engines[i].floor, tcp) && ok;
    }
    while (all.count > 0)
        buf_free(&all.items[--all.count]);
    return ok;
}
