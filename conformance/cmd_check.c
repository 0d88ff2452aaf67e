/* `assay check`: the options, the runs, and the reports that come of them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/command.h"
#include "conformance/evidence.h"
#include "conformance/runner/expect.h"
#include "conformance/targets.h"
#include "harness/base/deadline.h"
#include "harness/base/file.h"
#include "harness/base/log.h"

enum {
    COMMAND_MAX = 8192,
    REPORTS_MAX = 16,
    REPEAT_MAX = 10000,
    TEXT_LEN = 256,
    PATIENCE_MAX_MS = 3600000
};

struct wanted_report {
    const struct reporter *reporter;
    const char *path; /* NULL: standard output */
};

struct check_options {
    struct run_options run;
    char expectation_text[RUN_EXPECTATIONS_MAX][TEXT_LEN];
    struct wanted_report reports[REPORTS_MAX];
    size_t report_count;
    const char *waive;
    const char *write_waivers;
    const char *evidence;
    unsigned repeat;
    bool seeded;
    bool verbose;
    bool quiet;
    bool help;
};

static bool take_pattern(const char **list, size_t *count, const char *option, const char *value,
                         struct problem *why)
{
    if (*count == SELECT_PATTERNS_MAX)
        return problem_set(why, "more than %d times %s", SELECT_PATTERNS_MAX, option);
    list[(*count)++] = value;
    return true;
}

static bool take_count(const char *option, const char *value, uint64_t min, uint64_t max,
                       uint64_t *ret, struct problem *why)
{
    if (text_number(value, min, max, ret))
        return true;
    return problem_set(why, "%s \"%s\": expected a number from %" PRIu64 " to %" PRIu64, option,
                       value, min, max);
}

static bool take_speak(void *into, const char *value, struct problem *why UNUSED)
{
    ((struct check_options *)into)->run.speak = value;
    return true;
}

static bool take_only(void *into, const char *value, struct problem *why)
{
    struct selection *s = &((struct check_options *)into)->run.selection;

    return take_pattern(s->only, &s->only_count, "--only", value, why);
}

static bool take_skip(void *into, const char *value, struct problem *why)
{
    struct selection *s = &((struct check_options *)into)->run.selection;

    return take_pattern(s->skip, &s->skip_count, "--skip", value, why);
}

static bool take_level(void *into, const char *value, struct problem *why)
{
    enum level level;

    if (!level_parse(value, &level))
        return problem_set(why, "--level \"%s\": expected must, should, robust or note", value);
    ((struct check_options *)into)->run.selection.levels |= 1U << level;
    return true;
}

static bool take_jobs(void *into, const char *value, struct problem *why)
{
    uint64_t number = 0;

    if (!take_count("--jobs", value, 1, RUN_JOBS_MAX, &number, why))
        return false;
    ((struct check_options *)into)->run.jobs = (unsigned)number;
    return true;
}

static bool take_seed(void *into, const char *value, struct problem *why)
{
    struct check_options *o = into;

    o->seeded = true;
    return take_count("--seed", value, 0, INT64_MAX, &o->run.seed, why);
}

static bool take_repeat(void *into, const char *value, struct problem *why)
{
    uint64_t number = 0;

    if (!take_count("--repeat", value, 1, REPEAT_MAX, &number, why))
        return false;
    ((struct check_options *)into)->repeat = (unsigned)number;
    return true;
}

static bool take_strict(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct check_options *)into)->run.strict = true;
    return true;
}

static bool take_patience(void *into, const char *value, struct problem *why)
{
    uint64_t number = 0;

    if (!take_count("--patience", value, 1, PATIENCE_MAX_MS, &number, why))
        return false;
    ((struct check_options *)into)->run.patience_ms = (int64_t)number;
    return true;
}

static bool take_spawn(void *into, const char *value, struct problem *why)
{
    ((struct check_options *)into)->run.spawn = value;
    return *value || problem_set(why, "--spawn: the command is empty");
}

static bool take_pid(void *into, const char *value, struct problem *why)
{
    uint64_t number = 0;

    if (!take_count("--pid", value, 1, INT32_MAX, &number, why))
        return false;
    ((struct check_options *)into)->run.pid = (pid_t)number;
    if (procview_exists((pid_t)number))
        return true;
    return problem_set(why, "--pid %s: there is no such process", value);
}

static bool take_waive(void *into, const char *value, struct problem *why UNUSED)
{
    ((struct check_options *)into)->waive = value;
    return true;
}

static bool take_write_waivers(void *into, const char *value, struct problem *why UNUSED)
{
    ((struct check_options *)into)->write_waivers = value;
    return true;
}

static bool take_shard(void *into, const char *value, struct problem *why)
{
    struct selection *s = &((struct check_options *)into)->run.selection;
    const char *slash = strchr(value, '/');
    char first[16];
    uint64_t shard = 0;
    uint64_t shards = 0;

    text_format(first, sizeof(first), "%.*s", (int)(slash ? slash - value : 0), value);
    if (!slash || !text_number(slash + 1, 1, RUN_CHECKS_MAX, &shards) ||
        !text_number(first, 1, shards, &shard))
        return problem_set(why, "--shard \"%s\": expected I/N as in 1/4", value);
    s->shard = (unsigned)shard;
    s->shards = (unsigned)shards;
    return true;
}

/* KEY or KEY=VALUE; the text is cut in a copy of our own. */
static bool take_expect(void *into, const char *value, struct problem *why)
{
    struct check_options *o = into;
    size_t i = o->run.expectation_count;
    size_t len = strcspn(value, "=");

    if (i == RUN_EXPECTATIONS_MAX || strlen(value) >= TEXT_LEN || len == 0)
        return problem_set(why, "--expect \"%.100s\": expected KEY or KEY=VALUE", value);
    char *text = o->expectation_text[i];
    text_copy(text, TEXT_LEN, value);
    bool has_value = text[len] == '=';
    text[len] = '\0';
    o->run.expectations[i] =
        (struct expectation){.key = text, .value = has_value ? text + len + 1 : text + len};
    o->run.expectation_count++;
    return true;
}

static bool take_report(void *into, const char *value, struct problem *why)
{
    struct check_options *o = into;
    size_t len = strcspn(value, "=");
    char name[32];
    char names[128];

    text_format(name, sizeof(name), "%.*s", (int)len, value);
    const struct reporter *reporter = reporter_find(name);
    if (!reporter) {
        reporter_names(names, sizeof(names));
        return problem_set(why, "--report \"%.100s\": unknown form; known are %s", name, names);
    }
    if (value[len] == '=' && value[len + 1] == '\0')
        return problem_set(why, "--report %s=: the file is missing", name);
    if (o->report_count == REPORTS_MAX)
        return problem_set(why, "more than %d reports", REPORTS_MAX);
    o->reports[o->report_count++] = (struct wanted_report){
        .reporter = reporter, .path = value[len] == '=' ? value + len + 1 : NULL};
    return true;
}

static bool take_evidence(void *into, const char *value, struct problem *why UNUSED)
{
    ((struct check_options *)into)->evidence = value;
    return true;
}

static bool take_record(void *into, const char *value, struct problem *why UNUSED)
{
    ((struct check_options *)into)->run.record = value;
    return true;
}

static bool take_allow_remote(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct check_options *)into)->run.allow_remote = true;
    return true;
}

static bool take_verbose(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct check_options *)into)->verbose = true;
    return true;
}

static bool take_quiet(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct check_options *)into)->quiet = true;
    return true;
}

static bool take_help(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct check_options *)into)->help = true;
    return true;
}

static const struct option_row rows[] = {
    {"speak", "EXCHANGE",
     "echo, echo:PREFIX, line, discard, chargen, daytime, rpc:PROG/VERS, a file, or the name "
     "of one that comes along (redis-ping, ...); default: echo, or rpc for rpc URLs",
     take_speak},
    {"only", "GLOB", "only these checks; a suite or a first part of an id will do", take_only},
    {"skip", "GLOB", "not these checks", take_skip},
    {"level", "LEVEL", "only must, should, robust or note; may be repeated", take_level},
    {"jobs", "N", "checks side by side; default: the processors, 1 for a serial target", take_jobs},
    {"seed", "N", "repeats a run: the seed of all random choices", take_seed},
    {"repeat", "N", "so many runs; a verdict that differs between them is told", take_repeat},
    {"strict", NULL, "a broken should (warn) makes the status 1, too", take_strict},
    {"patience", "MS", "how long silence lasts; default: calibrated, at least 5000", take_patience},
    {"spawn", "'COMMAND'", "start the target so; {host} {port} {path} are filled in; watch it",
     take_spawn},
    {"pid", "PID", "the target's process, for local views", take_pid},
    {"expect", "KEY[=VALUE]", "the target promises more: concurrent, connections=N, ...",
     take_expect},
    {"waive", "FILE", "verdicts that are expected, as YAML", take_waive},
    {"write-waivers", "FILE", "write waivers for what is broken now", take_write_waivers},
    {"shard", "I/N", "the I-th of N parts of the checks", take_shard},
    {"report", "FORM[=FILE]", "the form, text by default, and where to; may be repeated",
     take_report},
    {"evidence", "DIR", "a folder per failure: transcript, command", take_evidence},
    {"record", "DIR", "what was sent, a file per check and connection", take_record},
    {"allow-remote", NULL, "let checks that flood run against other machines", take_allow_remote},
    {"verbose", NULL, "every check and transcript in the text", take_verbose},
    {"quiet", NULL, "only what is wrong, without transcripts", take_quiet},
    {"help", NULL, "this text", take_help},
};

static void print_help(void)
{
    printf(
        "Usage: assay check URL [OPTION]...\n\n"
        "Tries a target and reports which promises it breaks, with the clause, the transcript\n"
        "and the command that repeats it. URL is tcp://HOST:PORT, udp://HOST:PORT, unix:PATH,\n"
        "unix-dgram:PATH or unix-seqpacket:PATH; @NAME for the abstract namespace. An RPC program\n"
        "is rpc+tcp://HOST:PORT/PROG/VERS, rpc+udp://HOST:PORT/PROG/VERS or\n"
        "rpc+unix:PATH/PROG/VERS; PROG a number or a name of /etc/rpc. rpc://HOST/PROG/VERS asks\n"
        "rpcbind at HOST and tries every transport of the program that it knows, one by one.\n\n");
    options_help(rows, ARRAY_LEN(rows));
    printf("\nForms of a report:\n");
    for (size_t i = 0; reporter_at(i); i++)
        printf("  %-8s%s\n", reporter_at(i)->name, reporter_at(i)->summary);
    printf("\nExit status: 0 all well, 1 something broken, 2 usage, 3 no verdict possible,\n"
           "4 trouble of the kit, 130 interrupted.\n\n"
           "Examples:\n"
           "  assay check tcp://127.0.0.1:7\n"
           "  assay check unix:/run/echo.sock --speak 'echo:Echoed msg: '\n"
           "  assay check tcp://127.0.0.1:6379 --speak redis-ping\n"
           "  assay check tcp://127.0.0.1:0 --spawn './server {port}' --report junit=out.xml\n"
           "  assay check rpc+tcp://127.0.0.1:111/portmapper/2\n"
           "  assay check rpc://localhost/345678/2\n"
           "  assay check udp://[::1]:7 --only datagram.size --seed 7 --verbose\n");
}

/* ---- what the options say together ---- */

static bool check_expectations(const struct check_options *o, struct problem *why)
{
    for (size_t i = 0; i < o->run.expectation_count; i++) {
        if (!expect_allows(&o->run.expectations[i], why))
            return false;
    }
    return true;
}

static bool is_stdout(const struct wanted_report *w)
{
    return !w->path || text_eq(w->path, "-");
}

static bool check_reports(struct check_options *o, struct problem *why)
{
    unsigned to_stdout = 0;

    for (size_t i = 0; i < o->report_count; i++) {
        to_stdout += is_stdout(&o->reports[i]);
        for (size_t j = 0; j < i; j++) {
            if (!is_stdout(&o->reports[i]) && !is_stdout(&o->reports[j]) &&
                file_is_same(o->reports[i].path, o->reports[j].path))
                return problem_set(why, "two reports go to one file, %s", o->reports[i].path);
        }
    }
    if (to_stdout > 1)
        return problem_set(why, "only one --report can go to standard output; give the others a "
                                "file: FORM=FILE");
    if (to_stdout == 0) {
        if (o->report_count == REPORTS_MAX)
            return problem_set(why, "more than %d reports", REPORTS_MAX);
        o->reports[o->report_count++] = (struct wanted_report){.reporter = reporter_find("text")};
    }
    return true;
}

/* What cannot be written is known before the target is tried, not after. */
static bool check_files(const struct check_options *o, struct problem *why)
{
    for (size_t i = 0; i < o->report_count; i++) {
        const struct wanted_report *w = &o->reports[i];

        if (!is_stdout(w) && !file_is_possible(w->path))
            return problem_set(why, "--report %s=%s: %s", w->reporter->name, w->path,
                               strerror(errno));
    }
    if (o->write_waivers && !file_is_possible(o->write_waivers))
        return problem_set(why, "--write-waivers %s: %s", o->write_waivers, strerror(errno));
    if (o->evidence && !file_folder_is_possible(o->evidence))
        return problem_set(why, "--evidence %s: %s", o->evidence, strerror(errno));
    if (o->run.record && !file_make_folder(o->run.record))
        return problem_set(why, "--record %s: %s", o->run.record, strerror(errno));
    return true;
}

static bool known_check(const char *id)
{
    return registry_find(id) != NULL;
}

/* Does the command fit the endpoint, and is there a check to try? What is wrong here is the user's
   to mend; what goes wrong later is ours. */
static bool check_command_and_selection(const struct run_options *r, struct problem *why)
{
    const struct check *selected[RUN_CHECKS_MAX];
    size_t count = 0;
    struct buf command;

    buf_init(&command, COMMAND_MAX);
    bool ok = !r->spawn || target_command(r->spawn, &r->endpoint, &command, why);
    buf_free(&command);
    if (ok && r->spawn && !endpoint_is_unix(&r->endpoint) && r->endpoint.port == 0 &&
        !target_command_moves(r->spawn, &r->endpoint))
        return problem_set(why,
                           "port 0 needs a --spawn command with {port}, which is told the port");
    return ok && select_checks(&r->selection, &r->endpoint, selected, RUN_CHECKS_MAX, &count, why);
}

static bool settle_options(struct check_options *o, const char *url, struct exchange **ret_exchange,
                           struct waivers *waivers, struct problem *why)
{
    struct run_options *r = &o->run;

    if (!url)
        return problem_set(why, "which target? Give a URL as tcp://127.0.0.1:7");
    r->url = url;
    r->program = command_called();
    r->progress = isatty(STDERR_FILENO) && !o->quiet;
    if (!o->seeded)
        r->seed = (uint64_t)deadline_now_us() % 1000000;
    if (!endpoint_parse(url, &r->endpoint, why))
        return false;
    if (r->endpoint.netpath && r->spawn)
        return problem_set(why,
                           "--spawn does not go with \"%s\": rpcbind knows a program only once it "
                           "runs; start it yourself, or write rpc+tcp:// or rpc+udp://",
                           url);
    if (o->quiet && o->verbose)
        return problem_set(why, "--quiet and --verbose exclude each other");
    if (r->spawn && r->pid)
        return problem_set(why, "--pid and --spawn exclude each other");
    if (!endpoint_is_unix(&r->endpoint) && !r->endpoint.netpath && r->endpoint.port == 0 &&
        !r->spawn)
        return problem_set(why, "\"%s\": port 0 (choose one) goes with --spawn only", url);
    if (!r->speak)
        r->speak = target_default_speak(&r->endpoint);
    if (!target_open_exchange(r->speak, &r->endpoint, ret_exchange, why))
        return false;
    r->exchange = *ret_exchange;
    if (o->waive) {
        if (!waivers_read(o->waive, known_check, waivers, why))
            return false;
        r->waivers = waivers;
    }
    return check_command_and_selection(r, why) && check_expectations(o, why) &&
           check_reports(o, why) && check_files(o, why);
}

/* ---- the reports ---- */

static bool write_reports(const struct check_options *o, const struct report_set *set)
{
    struct report_style style = {.quiet = o->quiet, .verbose = o->verbose};
    struct problem why;
    bool ok = true;

    for (size_t i = 0; i < o->report_count; i++) {
        const struct wanted_report *w = &o->reports[i];

        style.colour = is_stdout(w) && isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
        if (!report_write(w->reporter, set, &style, w->path, &why)) {
            log_error("%s", why.text);
            ok = false;
        }
    }
    if (o->write_waivers && !waivers_write(o->write_waivers, set, o->run.waivers, &why)) {
        log_error("%s", why.text);
        ok = false;
    }
    if (o->evidence && !evidence_write(o->evidence, set, &why)) {
        log_error("%s", why.text);
        ok = false;
    }
    return ok;
}

/* The reason why a run ended early goes to standard error, too, unless a report for people says it
   in the same place already. */
static bool is_told(const struct check_options *o)
{
    struct stat out;
    struct stat err;

    if (fstat(STDOUT_FILENO, &out) != 0 || fstat(STDERR_FILENO, &err) != 0 ||
        out.st_dev != err.st_dev || out.st_ino != err.st_ino)
        return false;
    for (size_t i = 0; i < o->report_count; i++) {
        if (is_stdout(&o->reports[i]) && text_eq(o->reports[i].reporter->name, "text"))
            return true;
    }
    return false;
}

static int perform(const struct check_options *o)
{
    static struct targets targets;
    const struct report *room[NETPATH_PLACES_MAX];
    struct problem why;
    int status = STATUS_KIT;

    if (!run_catch_signals(&why)) {
        log_error("%s", why.text);
        return STATUS_KIT;
    }
    if (targets_open(&targets, &o->run, &why)) {
        status = targets_run(&targets, o->repeat, !is_told(o));
    } else {
        log_error("%s", why.text);
        status = STATUS_NO_VERDICT;
        targets_close(&targets);
        targets.several = true;
    }
    struct report_set set = targets_reports(&targets, room);
    if ((set.count > 0 || set.several) && !write_reports(o, &set) && status == STATUS_OK)
        status = STATUS_KIT;
    targets_close(&targets);
    return status;
}

int command_check(int argc, char **argv)
{
    static struct check_options o = {.repeat = 1};
    struct exchange *exchange = NULL;
    struct waivers waivers = {0};
    const char *words[2];
    struct problem why;
    int status;

    struct option_set set = {rows, ARRAY_LEN(rows), &o, words, ARRAY_LEN(words)};
    if (!options_read(&set, argc, argv, &why))
        return usage_error("check", &why);
    if (o.help) {
        print_help();
        return STATUS_OK;
    }
    if (settle_options(&o, words[0], &exchange, &waivers, &why))
        status = perform(&o);
    else
        status = usage_error("check", &why);
    o.run.waivers = NULL;
    waivers_free(&waivers);
    exchange_close(exchange);
    return status;
}
