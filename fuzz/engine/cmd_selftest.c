/*
 * `assay fuzz selftest`: the ground truth of the fuzzing half. Each fault that can be planted
 * (fuzz/planted/planted.def) is shown to be found by the oracle it is made for, on its case; the
 * cases are shown to be quiet without it; and the engine is shown to find it from nothing.
 */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/engine/commands.h"
#include "fuzz/engine/engines.h"
#include "fuzz/engine/hunt.h"
#include "fuzz/planted/plant_cases.h"
#include "fuzz/planted/plant_try.h"
#include "harness/base/log.h"

enum { WITHIN_MS = 1000, NAMES_SHOWN = 100 };

/* The first of them are taken. */
static const unsigned seeds[HUNT_SEEDS_MAX] = {1, 2, 3, 4, 5};

struct selftest {
    const char *engines;
    bool quick, json, list, help;
    uint64_t seeds, jobs;
    bool only[PLANTS]; /* all of them where none is named */
    bool some;
    char fuzzer[PATH_MAX];
    size_t missed;
    size_t hunts_count, hunts_done;
    json_t *cases, *hunts;
};

static bool wanted(const struct selftest *s, unsigned fault)
{
    return !s->some || s->only[fault];
}

/* "leak memory", or "nothing". */
static const char *name_oracles(uint32_t oracles, char ret[NAMES_SHOWN])
{
    size_t len = 0;

    text_copy(ret, NAMES_SHOWN, "nothing");
    for (unsigned i = 0; i < ORACLES && len < NAMES_SHOWN; i++) {
        if (!(oracles & 1U << i))
            continue;
        text_format(ret + len, NAMES_SHOWN - len, "%s%s", len ? " " : "",
                    oracle_id((enum oracle)i));
        len = strlen(ret);
    }
    return ret;
}

static void progress(const struct selftest *s, const char *what, const char *name)
{
    if (!s->json && isatty(STDERR_FILENO))
        dprintf(STDERR_FILENO, "\r%-9s%-20s %zu/%zu\033[K\r", what, name, s->hunts_done,
                s->hunts_count);
}

/* ---- the cases ---- */

/* Where a sanitizer is needed and this program has none, the fuzzer replays the case. */
static bool by_fuzzer(const struct selftest *s, enum plant fault, struct slice octets,
                      uint32_t *ret, struct problem *why)
{
    char path[] = "/tmp/assay-selftest-XXXXXX";
    struct hunt hunt = {0};
    int fd = mkstemp(path);

    if (fd < 0)
        return problem_ours(why, "a temporary file: %s", strerror(errno));
    bool ok = write(fd, octets.data, octets.len) == (ssize_t)octets.len;
    close(fd);
    ok = ok ? hunt_replay(s->fuzzer, fault, path, &hunt, why)
            : problem_ours(why, "%s: %s", path, strerror(errno));
    unlink(path);
    *ret = hunt.oracles;
    return ok;
}

struct shown {
    uint32_t with, without; /* oracles */
    int64_t cpu_ms;         /* -1: another program has run it */
};

static bool show(const struct selftest *s, enum plant fault, struct shown *ret, struct problem *why)
{
    static struct plant_tried tried;
    bool lent = plant_row(fault)->oracle == ORACLE_SANITIZER && !plant_is_sanitized();
    struct buf octets;

    buf_init(&octets, PLANT_CASE_MAX);
    plant_case(fault, &octets);
    bool ok = !octets.failed && plant_try(PLANTS, buf_slice(&octets), &tried);
    ret->without = tried.oracles;
    if (!ok) {
        problem_ours(why, "%s: %s", plant_row(fault)->name, strerror(errno));
    } else if (lent) {
        uint32_t quiet = 0;

        ok = by_fuzzer(s, fault, buf_slice(&octets), &ret->with, why) &&
             by_fuzzer(s, PLANTS, buf_slice(&octets), &quiet, why);
        ret->without |= quiet;
        ret->cpu_ms = -1;
    } else {
        ok = plant_try(fault, buf_slice(&octets), &tried) ||
             problem_ours(why, "%s: %s", plant_row(fault)->name, strerror(errno));
        ret->with = tried.oracles;
        ret->cpu_ms = tried.cpu_us / 1000;
    }
    buf_free(&octets);
    return ok;
}

static void tell_case(struct selftest *s, enum plant fault, const struct shown *shown)
{
    const struct plant_row *row = plant_row(fault);
    bool ok = shown->with & 1U << row->oracle && !shown->without && shown->cpu_ms <= WITHIN_MS;
    char with[NAMES_SHOWN];
    char without[NAMES_SHOWN];
    char ms[24] = "-";

    s->missed += !ok;
    if (shown->cpu_ms >= 0)
        text_format(ms, sizeof(ms), "%lld", (long long)shown->cpu_ms);
    if (s->json)
        json_array_append_new(s->cases,
                              json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:b}", "fault", row->name,
                                        "rows", row->rows, "oracle", oracle_id(row->oracle),
                                        "found_by", name_oracles(shown->with, with), "without",
                                        name_oracles(shown->without, without), "cpu_ms",
                                        (json_int_t)shown->cpu_ms, "ok", ok));
    else
        printf("%-18s %-6s %-12s %-20s %-10s %5s  %s\n", row->name, row->rows,
               oracle_id(row->oracle), name_oracles(shown->with, with),
               name_oracles(shown->without, without), ms, ok ? "ok" : "MISSED");
}

static bool show_cases(struct selftest *s, struct problem *why)
{
    if (!s->json)
        printf("The case of each fault, with the fault and without it:\n\n"
               "%-18s %-6s %-12s %-20s %-10s %5s\n",
               "fault", "rows", "oracle", "found by", "without", "ms");
    for (unsigned i = 0; i < PLANTS; i++) {
        struct shown shown = {0};

        if (!wanted(s, i))
            continue;
        progress(s, "case", plant_row((enum plant)i)->name);
        if (!show(s, (enum plant)i, &shown, why))
            return false;
        tell_case(s, (enum plant)i, &shown);
    }
    return true;
}

/* Each oracle has a fault that only it is made for. */
static void show_oracles(struct selftest *s)
{
    uint32_t all = 0;

    for (unsigned i = 0; i < PLANTS; i++)
        all |= 1U << plant_row((enum plant)i)->oracle;
    for (unsigned i = 0; i < ORACLES && !s->some; i++) {
        if (all & 1U << i)
            continue;
        s->missed++;
        log_error("no fault is planted for the oracle %s", oracle_id((enum oracle)i));
    }
}

/* ---- the hunts ---- */

static void after_hunt(void *into, const struct hunt *hunt)
{
    struct selftest *s = into;

    s->hunts_done++;
    progress(s, "hunted", plant_row(hunt->fault)->name);
}

static int by_executions(const void *a, const void *b)
{
    const struct hunt *left = a;
    const struct hunt *right = b;

    return (left->executions > right->executions) - (left->executions < right->executions);
}

/* The hunts for one fault, one for each seed, in the order of executions. */
static void tell_hunts(struct selftest *s, const struct hunt *hunts, size_t count)
{
    const struct plant_row *row = plant_row(hunts[0].fault);
    uint32_t found = 0;
    size_t good = 0;
    char names[NAMES_SHOWN];

    for (size_t i = 0; i < count; i++) {
        found |= hunts[i].oracles;
        good += hunts[i].oracles && !(hunts[i].oracles & ~row->oracles);
    }
    s->missed += good != count;
    if (s->json)
        json_array_append_new(
            s->hunts, json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "fault",
                                row->name, "rows", row->rows, "oracle", oracle_id(row->oracle),
                                "found_by", name_oracles(found, names), "seeds", (json_int_t)count,
                                "found", (json_int_t)good, "min", (json_int_t)hunts[0].executions,
                                "median", (json_int_t)hunts[count / 2].executions, "max",
                                (json_int_t)hunts[count - 1].executions, "limit",
                                (json_int_t)row->executions, "ok", good == count));
    else
        printf("%-18s %-6s %-12s %-20s %9llu %9llu %9llu %9llu  %s\n", row->name, row->rows,
               oracle_id(row->oracle), name_oracles(found, names),
               (unsigned long long)hunts[0].executions,
               (unsigned long long)hunts[count / 2].executions,
               (unsigned long long)hunts[count - 1].executions, (unsigned long long)row->executions,
               good == count ? "ok" : "MISSED");
}

static bool hunt_faults(struct selftest *s, struct problem *why)
{
    static struct hunt hunts[PLANTS * HUNT_SEEDS_MAX];
    struct hunting h = {s->fuzzer, (unsigned)s->jobs, after_hunt, s};

    for (unsigned i = 0; i < PLANTS; i++) {
        for (size_t k = 0; wanted(s, i) && k < s->seeds; k++)
            hunts[s->hunts_count++] = (struct hunt){.fault = (enum plant)i, .seed = seeds[k]};
    }
    if (!s->json)
        printf("\nEach fault from an empty corpus, by executions over %llu seed%s:\n\n"
               "%-18s %-6s %-12s %-20s %9s %9s %9s %9s\n",
               (unsigned long long)s->seeds, text_s((size_t)s->seeds), "fault", "rows", "oracle",
               "found by", "min", "median", "max", "limit");
    fflush(stdout);
    if (!hunt_all(&h, hunts, s->hunts_count, why))
        return false;
    for (size_t i = 0; i < s->hunts_count; i += s->seeds) {
        for (size_t k = 0; k < s->seeds; k++) {
            if (hunts[i + k].failed)
                return problem_ours(why, "%s does not run", s->fuzzer);
        }
        qsort(&hunts[i], s->seeds, sizeof(hunts[0]), by_executions);
        tell_hunts(s, &hunts[i], s->seeds);
    }
    return true;
}

/* ---- the command ---- */

static void print_help(void)
{
    printf(
        "Usage: %s selftest [--only FAULT]... [--quick] [--seeds N] [--jobs N] [--engines DIR]\n"
        "           [--json] [--list]\n\n"
        "Plants one fault after the other into a decoder and dispatcher that was made for it, and\n"
        "shows that it is found: on its case by the oracle that is named, within a second of the\n"
        "processor; not without the fault; and by the engine from an empty corpus, within so many\n"
        "executions. ASSAY_FUZZ_MUTATE=plain in the environment lets libFuzzer mutate alone.\n\n"
        "  --only FAULT   this one; more than one may be named\n"
        "  --quick        the cases only, and no hunts\n"
        "  --seeds N      hunts for each fault, 1 to %d; default: 1\n"
        "  --jobs N       hunts at a time; default: one for each processor\n"
        "  --engines DIR  where fuzz-planted is; default: build/fuzz, which make fuzzers fills\n"
        "  --json         the results as JSON\n"
        "  --list         the faults, with what is wrong, and nothing is run\n\n"
        "Status 0: all are found. 1: one is missed. 2: usage, or the fuzzer is not there.\n\n"
        "Examples:\n"
        "  %s selftest\n"
        "  %s selftest --quick\n"
        "  %s selftest --only list-recursion --seeds 5\n"
        "  ASSAY_FUZZ_PLANT=opaque-sign build/fuzz/fuzz-planted -runs=100000\n",
        fuzz_called(), HUNT_SEEDS_MAX, fuzz_called(), fuzz_called(), fuzz_called());
}

static int print_list(bool json)
{
    json_t *all = json_array();

    for (unsigned i = 0; i < PLANTS; i++) {
        const struct plant_row *row = plant_row((enum plant)i);

        json_array_append_new(all,
                              json_pack("{s:s, s:s, s:s, s:I, s:s}", "fault", row->name, "rows",
                                        row->rows, "oracle", oracle_id(row->oracle), "limit",
                                        (json_int_t)row->executions, "what", row->what));
        if (!json)
            printf("%-18s %-6s %-12s %s\n", row->name, row->rows, oracle_id(row->oracle),
                   row->what);
    }
    bool ok = !json || (json_dumpf(all, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF);
    json_decref(all);
    return ok ? STATUS_OK : STATUS_KIT;
}

/* A word without a value. */
static bool take_flag(struct selftest *s, const char *word)
{
    const struct {
        const char *word;
        bool *flag;
    } flags[] = {
        {"--quick", &s->quick}, {"--json", &s->json}, {"--list", &s->list}, {"--help", &s->help}};

    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        if (text_eq(flags[i].word, word)) {
            *flags[i].flag = true;
            return true;
        }
    }
    return false;
}

static bool take_value(struct selftest *s, const char *word, const char *value, struct problem *why)
{
    enum plant fault;

    if (!value)
        return problem_set(why, "%s wants a value", word);
    if (text_eq(word, "--engines")) {
        s->engines = value;
        return true;
    }
    if (text_eq(word, "--only")) {
        if (!plant_find(value, &fault))
            return problem_set(why, "--only: there is no fault \"%s\"; --list has them", value);
        s->only[fault] = s->some = true;
        return true;
    }
    uint64_t most = text_eq(word, "--seeds") ? HUNT_SEEDS_MAX : HUNT_JOBS_MAX;
    return text_number(value, 1, most, text_eq(word, "--seeds") ? &s->seeds : &s->jobs) ||
           problem_set(why, "%s: \"%s\" is no number from 1 to %llu", word, value,
                       (unsigned long long)most);
}

static bool take_words(struct selftest *s, int argc, char **argv, struct problem *why)
{
    static const char *const with_value[] = {"--engines", "--only", "--seeds", "--jobs"};

    for (int i = 1; i < argc; i++) {
        bool known = take_flag(s, argv[i]);

        for (size_t k = 0; !known && k < ARRAY_LEN(with_value); k++) {
            if (!text_eq(with_value[k], argv[i]))
                continue;
            known = true;
            if (!take_value(s, argv[i], argv[i + 1], why))
                return false;
            i++;
        }
        if (!known)
            return problem_set(why, "\"%s\" is not known", argv[i]);
    }
    return true;
}

static bool print_json(const struct selftest *s)
{
    json_t *all =
        json_pack("{s:O, s:O, s:b}", "cases", s->cases, "hunts", s->hunts, "ok", s->missed == 0);
    bool ok = all && json_dumpf(all, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF;

    json_decref(all);
    return ok;
}

static int run_all(struct selftest *s)
{
    struct problem why;

    s->cases = json_array();
    s->hunts = json_array();
    show_oracles(s);
    bool ok = show_cases(s, &why) && (s->quick || hunt_faults(s, &why));
    if (!ok)
        log_error("%s selftest: %s", fuzz_called(), why.text);
    else if (s->json)
        ok = print_json(s);
    else if (s->missed)
        printf("\n%zu missed\n", s->missed);
    else
        printf("\nall found\n");
    json_decref(s->cases);
    json_decref(s->hunts);
    if (!ok)
        return STATUS_KIT;
    return s->missed ? STATUS_FAIL : STATUS_OK;
}

int fuzz_command_selftest(int argc, char **argv)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct selftest s = {.seeds = 1,
                         .jobs = processors < 1 ? 1 : size_min((size_t)processors, HUNT_JOBS_MAX)};
    char folder[PATH_MAX];
    struct problem why;

    if (!take_words(&s, argc, argv, &why)) {
        log_error("%s selftest: %s; see --help", fuzz_called(), why.text);
        return STATUS_USAGE;
    }
    if (s.help) {
        print_help();
        return STATUS_OK;
    }
    if (s.list)
        return print_list(s.json);
    engines_folder(s.engines, folder);
    text_format(s.fuzzer, sizeof(s.fuzzer), "%.4000s/fuzz-planted", folder);
    if (access(s.fuzzer, X_OK) != 0 && !(s.quick && plant_is_sanitized())) {
        log_error("%s selftest: %s is not there; build it with make fuzzers, or say --engines DIR",
                  fuzz_called(), s.fuzzer);
        return STATUS_USAGE;
    }
    return run_all(&s);
}
