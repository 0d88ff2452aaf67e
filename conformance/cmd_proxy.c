/* `assay proxy`: a fault schedule between clients and a server. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "conformance/command.h"
#include "harness/base/deadline.h"
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/base/stop.h"
#include "harness/fault/journal.h"
#include "harness/fault/proxy.h"
#include "harness/net/net.h"
#include "harness/report/report.h"

enum {
    JOURNAL_BYTES = 64 << 20,
    SCHEDULE_TEXT = 65536,
    LIVE_MS = 500,
    DELAY_MS_MAX = 3600000,
};

struct proxy_options {
    struct endpoint listen;
    struct endpoint to;
    bool listens;
    bool leads;
    bool scheduled; /* by --schedule or --schedule-file */
    struct fault_schedule schedule;
    uint64_t seed;
    bool seeded;
    const char *log;
    const char *stats;
    bool help;
};

/* ---- options ---- */

static bool take_listen(void *into, const char *value, struct problem *why)
{
    struct proxy_options *o = into;

    o->listens = endpoint_parse(value, &o->listen, why);
    return o->listens;
}

static bool take_to(void *into, const char *value, struct problem *why)
{
    struct proxy_options *o = into;

    o->leads = endpoint_parse(value, &o->to, why);
    return o->leads;
}

static bool take_text(struct proxy_options *o, const char *name, const char *text,
                      struct problem *why)
{
    if (o->scheduled)
        return problem_set(why, "one --schedule or --schedule-file is enough");
    o->scheduled = true;
    return fault_parse(name, text, &o->schedule, why);
}

static bool take_schedule(void *into, const char *value, struct problem *why)
{
    return take_text(into, "--schedule", value, why);
}

static bool take_schedule_file(void *into, const char *value, struct problem *why)
{
    static char text[FAULT_TEXT_MAX + 2]; /* one octet more shows that there is more */
    FILE *file = fopen(value, "re");

    if (!file)
        return problem_set(why, "--schedule-file %s: %s", value, strerror(errno));
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    bool failed = ferror(file) != 0;
    int error = errno;
    fclose(file);
    if (failed)
        return problem_set(why, "--schedule-file %s: %s", value, strerror(error));
    text[len] = '\0';
    if (strlen(text) != len)
        return problem_set(why, "--schedule-file %s: a NUL is no text", value);
    return take_text(into, value, text, why);
}

/* Options for one fault are short for a clause; places in messages are those in the value. */
static bool take_fault(void *into, const char *option, const char *value, struct problem *why)
{
    return fault_parse_both(option, option + strlen("--"), value,
                            &((struct proxy_options *)into)->schedule, why);
}

static bool take_drop(void *into, const char *value, struct problem *why)
{
    return take_fault(into, "--drop", value, why);
}

static bool take_duplicate(void *into, const char *value, struct problem *why)
{
    return take_fault(into, "--duplicate", value, why);
}

static bool take_reorder(void *into, const char *value, struct problem *why)
{
    return take_fault(into, "--reorder", value, why);
}

static bool take_corrupt(void *into, const char *value, struct problem *why)
{
    return take_fault(into, "--corrupt", value, why);
}

static bool take_truncate(void *into, const char *value, struct problem *why)
{
    return take_fault(into, "--truncate", value, why);
}

static bool take_cut(void *into, const char *value, struct problem *why)
{
    return take_fault(into, "--cut", value, why);
}

static bool take_coalesce(void *into, const char *value, struct problem *why)
{
    return take_fault(into, "--coalesce", value, why);
}

static bool take_rate(void *into, const char *value, struct problem *why)
{
    return take_fault(into, "--rate", value, why);
}

/* MS or MS:JITTER. */
static bool take_delay(void *into, const char *value, struct problem *why)
{
    char clause[96];
    char by[24];
    const char *colon = strchr(value, ':');
    uint64_t delay = 0;
    uint64_t jitter = 0;

    text_format(by, sizeof(by), "%.*s", (int)strcspn(value, ":"), value);
    if (!text_number(by, 0, DELAY_MS_MAX, &delay) ||
        (colon && !text_number(colon + 1, 0, DELAY_MS_MAX, &jitter)))
        return problem_set(why,
                           "--delay \"%.40s\": expected MS or MS:JITTER, milliseconds from 0 to %d",
                           value, DELAY_MS_MAX);
    text_format(clause, sizeof(clause), "all by %" PRIu64 "ms jitter %" PRIu64 "ms", delay, jitter);
    return fault_parse_both("--delay", "delay", clause, &((struct proxy_options *)into)->schedule,
                            why);
}

static bool take_seed(void *into, const char *value, struct problem *why)
{
    struct proxy_options *o = into;

    o->seeded = true;
    return option_count("--seed", value, 0, INT64_MAX, &o->seed, why);
}

static bool take_file(const char *option, const char *value, const char **ret, struct problem *why)
{
    if (!file_is_possible(value))
        return problem_set(why, "%s %s: %s", option, value, strerror(errno));
    *ret = value;
    return true;
}

static bool take_log(void *into, const char *value, struct problem *why)
{
    return take_file("--log", value, &((struct proxy_options *)into)->log, why);
}

static bool take_stats(void *into, const char *value, struct problem *why)
{
    return take_file("--stats", value, &((struct proxy_options *)into)->stats, why);
}

static bool take_help(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct proxy_options *)into)->help = true;
    return true;
}

static const struct option_row rows[] = {
    {"listen", "URL", "where clients come to; port 0 chooses one", take_listen},
    {"to", "URL", "where they are led", take_to},
    {"schedule", "TEXT", "what is done, as in 'up: drop 3, 7; down: duplicate 2'", take_schedule},
    {"schedule-file", "FILE", "the same, from a file", take_schedule_file},
    {"drop", "P", "datagrams, both ways: 30%, or numbers as in 3,7-9", take_drop},
    {"duplicate", "P", "the same", take_duplicate},
    {"reorder", "P", "the same; each goes behind the next", take_reorder},
    {"corrupt", "P", "the same; one octet, chosen by the seed", take_corrupt},
    {"truncate", "P", "the same; to a length chosen by the seed, or 'P to N'", take_truncate},
    {"delay", "MS[:JITTER]", "everything, both ways", take_delay},
    {"cut", "N[-M]", "streams: pieces of so many octets", take_cut},
    {"coalesce", "N", "streams: so many octets before any goes", take_coalesce},
    {"rate", "N", "streams: octets per second", take_rate},
    {"seed", "N", "repeats a run: the seed of all chances", take_seed},
    {"log", "FILE", "every decision, written at the end", take_log},
    {"stats", "FILE", "the counters at the end, in place of standard output", take_stats},
    {"help", NULL, "this text", take_help},
};

static void print_help(void)
{
    printf(
        "Usage: assay proxy --listen URL --to URL [OPTION]...\n\n"
        "Stands between clients and a server and does to their traffic what a schedule says:\n"
        "by number, or by chance with a seed, so that it can be had again. tcp and unix to tcp\n"
        "or unix; udp and unix-dgram to udp or unix-dgram. Prints READY URL when it serves, the\n"
        "schedule on standard error, and on SIGTERM or SIGINT ends with its counters as JSON.\n"
        "docs/faults.md describes schedules.\n\n");
    options_help(rows, ARRAY_LEN(rows));
    printf("\nExamples:\n"
           "  assay proxy --listen udp://127.0.0.1:0 --to udp://127.0.0.1:7 --drop 30%% --seed 7\n"
           "  assay proxy --listen udp://127.0.0.1:0 --to udp://127.0.0.1:7 \\\n"
           "      --schedule 'up: drop 3, 7; down: duplicate 2; up: swap 4,5' --log decisions\n"
           "  assay proxy --listen unix:/tmp/p --to tcp://127.0.0.1:7 --cut 1-10 --delay 20:5\n"
           "  assay proxy --listen tcp://127.0.0.1:0 --to tcp://127.0.0.1:7 \\\n"
           "      --schedule 'client 2 down: reset after 4096'\n");
}

/* ---- at the end ---- */

static json_t *way_json(const struct fault_counters *c, enum fault_way way, bool datagram)
{
    json_t *way_object = json_object();
    json_t *faults = json_object();

#define COUNT(object, name, number)                                                                \
    json_object_set_new((object), (name), json_integer((json_int_t)(number)))
    if (datagram)
        COUNT(way_object, "datagrams", c->ways[way].datagrams);
    COUNT(way_object, "octets", c->ways[way].octets);
    if (datagram)
        COUNT(way_object, "sent_datagrams", c->ways[way].sent_datagrams);
    COUNT(way_object, "sent_octets", c->ways[way].sent_octets);
    if (datagram)
        COUNT(way_object, "lost", c->ways[way].lost);
    for (size_t kind = 0; kind < FAULT_KINDS; kind++) {
        if (c->ways[way].deeds[kind])
            COUNT(faults, fault_kind_word((enum fault_kind)kind), c->ways[way].deeds[kind]);
    }
#undef COUNT
    json_object_set_new(way_object, "faults", faults);
    return way_object;
}

static json_t *stats_json(const struct proxy_options *o, struct fault_proxy *p,
                          const char *schedule)
{
    const struct fault_counters *c = fault_proxy_counters(p);
    bool datagram = endpoint_is_datagram(&o->listen);
    char listen[ENDPOINT_TEXT_MAX];
    char to[ENDPOINT_TEXT_MAX];

    endpoint_format(fault_proxy_endpoint(p), listen, sizeof(listen));
    endpoint_format(&o->to, to, sizeof(to));
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:I, s:I, s:I, s:o, s:o}", "tool", REPORT_TOOL,
                     "version", REPORT_VERSION, "listen", listen, "to", to, "seed",
                     (json_int_t)o->seed, "schedule", schedule, "clients", (json_int_t)c->clients,
                     "refused", (json_int_t)c->refused, "unreached", (json_int_t)c->unreached, "up",
                     way_json(c, FAULT_UP, datagram), "down", way_json(c, FAULT_DOWN, datagram));
}

/* Writes a file by a function, whole or not at all. */
static bool write_file(const char *path, void (*write)(void *what, FILE *out), void *what)
{
    struct file_draft draft;

    if (file_begin(&draft, path)) {
        write(what, draft.out);
        if (file_end(&draft))
            return true;
    }
    log_error("cannot write %s: %s", path, strerror(errno));
    return false;
}

static void write_json(void *what, FILE *out)
{
    json_dumpf(what, out, JSON_INDENT(2));
    fputc('\n', out);
}

static void write_journal(void *what, FILE *out)
{
    fault_journal_write(what, out);
}

static bool write_results(const struct proxy_options *o, struct fault_proxy *p,
                          struct fault_journal *journal, const char *schedule)
{
    json_t *stats = stats_json(o, p, schedule);
    bool ok = stats != NULL;

    if (!ok)
        log_error("no counters: a path is not UTF-8, or there is no memory");
    else if (o->stats)
        ok = write_file(o->stats, write_json, stats);
    else
        write_json(stats, stdout);
    if (o->log)
        ok = write_file(o->log, write_journal, journal) && ok;
    json_decref(stats);
    return ok;
}

/* ---- meanwhile ---- */

/* One line that is written over. */
static void show_live(const struct fault_counters *c, bool datagram)
{
    fprintf(stderr, "\r%" PRIu64 " client%s  ", c->clients, text_s((size_t)c->clients));
    for (size_t way = 0; way < FAULT_WAYS; way++) {
        const char *word = fault_way_word((enum fault_way)way);

        if (datagram)
            fprintf(stderr, "%s %" PRIu64 " in %" PRIu64 " out %" PRIu64 " lost  ", word,
                    c->ways[way].datagrams, c->ways[way].sent_datagrams, c->ways[way].lost);
        else
            fprintf(stderr, "%s %" PRIu64 " in %" PRIu64 " out  ", word, c->ways[way].octets,
                    c->ways[way].sent_octets);
    }
    fflush(stderr);
}

struct told {
    bool refused;
    bool lost;
    bool unreached;
};

static void tell_once(bool *told, bool now, const char *what)
{
    if (now && !*told)
        log_note("%s", what);
    *told = *told || now;
}

/* What somebody should know, once each. */
static void tell(struct told *t, const struct fault_counters *c)
{
    tell_once(&t->refused, c->refused > 0,
              "as many clients are served as there is room for; more have to wait, and datagrams "
              "of more are lost");
    tell_once(&t->lost, c->ways[FAULT_UP].lost || c->ways[FAULT_DOWN].lost,
              "datagrams are lost that the schedule does not say: there is no room for them");
    tell_once(&t->unreached, c->unreached > 0, "nobody serves at the target");
}

/* Runs until it is told to stop, and says now and then how it goes. */
static bool serve(struct fault_proxy *p, int stop, bool datagram)
{
    struct told told = {0};
    bool live = isatty(STDERR_FILENO);
    enum fault_run run;

    do {
        run = fault_proxy_run(p, stop, deadline_in_ms(LIVE_MS));
        tell(&told, fault_proxy_counters(p));
        if (live)
            show_live(fault_proxy_counters(p), datagram);
    } while (run == FAULT_RUN_DUE);
    if (live)
        fputc('\n', stderr);
    return run == FAULT_RUN_STOPPED;
}

/* Each client takes descriptors, and the limit that one begins with is for programs of old. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool say_ready(struct fault_proxy *p)
{
    char url[ENDPOINT_TEXT_MAX];

    endpoint_format(fault_proxy_endpoint(p), url, sizeof(url));
    printf("READY %s\n", url);
    return fflush(stdout) == 0;
}

static int run(const struct proxy_options *o, const struct fault_proxy_options *options,
               struct fault_journal *journal, const char *schedule)
{
    struct problem why;
    int stop = stop_descriptor();
    struct fault_proxy *p = NULL;

    raise_descriptors();
    if (stop >= 0)
        p = fault_proxy_open(options, &why);
    if (!p) {
        log_error("%s", stop < 0 ? strerror(errno) : why.text);
        return stop < 0 ? STATUS_KIT : STATUS_NO_VERDICT;
    }
    log_note("schedule: %s", *schedule ? schedule : "none; everything passes");
    log_note("seed: %" PRIu64, o->seed);
    bool ok = say_ready(p) && serve(p, stop, endpoint_is_datagram(&o->listen));
    if (!ok)
        log_error("the proxy ended: %s", strerror(errno));
    ok = write_results(o, p, journal, schedule) && ok;
    fault_proxy_close(p);
    close(stop);
    return ok ? STATUS_OK : STATUS_KIT;
}

static bool complete(struct proxy_options *o, struct problem *why)
{
    if (!o->listens || !o->leads)
        return problem_set(why, "%s",
                           o->listens ? "where to? Write --to URL"
                                      : "where do clients come to? Write --listen URL");
    if (o->log && o->stats && file_is_same(o->log, o->stats))
        return problem_set(why, "--log and --stats write to one file");
    if (!o->seeded)
        o->seed = (uint64_t)deadline_now_us() % 1000000;
    return true;
}

int command_proxy(int argc, char **argv)
{
    static struct proxy_options o;
    struct problem why;
    const char *words[1];
    const struct option_set set = {.rows = rows,
                                   .count = ARRAY_LEN(rows),
                                   .into = &o,
                                   .words = words,
                                   .words_cap = ARRAY_LEN(words)};

    if (!options_read(&set, argc, argv, &why))
        return usage_error("proxy", &why);
    if (o.help) {
        print_help();
        return STATUS_OK;
    }
    if (!complete(&o, &why))
        return usage_error("proxy", &why);
    struct fault_journal journal;
    const struct fault_proxy_options options = {.listen = &o.listen,
                                                .to = &o.to,
                                                .schedule = &o.schedule,
                                                .seed = o.seed,
                                                .sink = o.log ? fault_journal_add : NULL,
                                                .closure = &journal};
    if (!fault_proxy_check(&options, &why))
        return usage_error("proxy", &why);
    struct buf schedule;
    buf_init(&schedule, SCHEDULE_TEXT);
    fault_print(&o.schedule, &schedule);
    fault_journal_open(&journal, JOURNAL_BYTES);
    int status = run(&o, &options, &journal, buf_text(&schedule));
    fault_journal_free(&journal);
    buf_free(&schedule);
    return status;
}
