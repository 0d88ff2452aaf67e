/* What `assay check` and `assay client` have in common: options of a run, and its reports. */
#include "conformance/run_command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/evidence/evidence.h"
#include "conformance/targets.h"
#include "harness/base/deadline.h"
#include "harness/base/file.h"
#include "harness/base/log.h"

enum { REPEAT_MAX = 10000, PATIENCE_MAX_MS = 3600000 };

bool run_command_pattern(const char **list, size_t *count, const char *option, const char *value,
                         struct problem *why)
{
    if (*count == SELECT_PATTERNS_MAX)
        return problem_set(why, "more than %d times %s", SELECT_PATTERNS_MAX, option);
    list[(*count)++] = value;
    return true;
}

static bool take_speak(void *into, const char *value, struct problem *why UNUSED)
{
    ((struct run_command *)into)->run.speak = value;
    return true;
}

static bool take_skip(void *into, const char *value, struct problem *why)
{
    struct selection *s = &((struct run_command *)into)->run.selection;

    return run_command_pattern(s->skip, &s->skip_count, "--skip", value, why);
}

static bool take_level(void *into, const char *value, struct problem *why)
{
    enum level level;

    if (!level_parse(value, &level))
        return problem_set(why, "--level \"%s\": expected must, should, robust or note", value);
    ((struct run_command *)into)->run.selection.levels |= 1U << level;
    return true;
}

static bool take_jobs(void *into, const char *value, struct problem *why)
{
    uint64_t number = 0;

    if (!option_count("--jobs", value, 1, RUN_JOBS_MAX, &number, why))
        return false;
    ((struct run_command *)into)->run.jobs = (unsigned)number;
    return true;
}

static bool take_seed(void *into, const char *value, struct problem *why)
{
    struct run_command *o = into;

    o->seeded = true;
    return option_count("--seed", value, 0, INT64_MAX, &o->run.seed, why);
}

static bool take_strict(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct run_command *)into)->run.strict = true;
    return true;
}

static bool take_patience(void *into, const char *value, struct problem *why)
{
    uint64_t number = 0;

    if (!option_count("--patience", value, 1, PATIENCE_MAX_MS, &number, why))
        return false;
    ((struct run_command *)into)->run.patience_ms = (int64_t)number;
    return true;
}

static bool take_waive(void *into, const char *value, struct problem *why UNUSED)
{
    ((struct run_command *)into)->waive = value;
    return true;
}

static bool take_write_waivers(void *into, const char *value, struct problem *why UNUSED)
{
    ((struct run_command *)into)->write_waivers = value;
    return true;
}

static bool take_report(void *into, const char *value, struct problem *why)
{
    struct run_command *o = into;
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
    if (o->report_count == RUN_COMMAND_REPORTS_MAX)
        return problem_set(why, "more than %d reports", RUN_COMMAND_REPORTS_MAX);
    o->reports[o->report_count++] = (struct wanted_report){
        .reporter = reporter, .path = value[len] == '=' ? value + len + 1 : NULL};
    return true;
}

static bool take_evidence(void *into, const char *value, struct problem *why UNUSED)
{
    ((struct run_command *)into)->evidence = value;
    return true;
}

static bool take_verbose(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct run_command *)into)->verbose = true;
    return true;
}

static bool take_quiet(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct run_command *)into)->quiet = true;
    return true;
}

static bool take_help(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct run_command *)into)->help = true;
    return true;
}

static bool take_repeat(void *into, const char *value, struct problem *why)
{
    uint64_t number = 0;

    if (!option_count("--repeat", value, 1, REPEAT_MAX, &number, why))
        return false;
    ((struct run_command *)into)->repeat = (unsigned)number;
    return true;
}

static const struct option_row rows[] = {
    {"speak", "EXCHANGE",
     "echo, echo:PREFIX, line, discard, chargen, daytime, rpc:PROG/VERS, a file, or the name "
     "of one that comes along (redis-ping, ...); default: echo, or rpc for rpc URLs",
     take_speak},
    {"skip", "GLOB", "not these checks", take_skip},
    {"level", "LEVEL", "only must, should, robust or note; may be repeated", take_level},
    {"jobs", "N",
     "checks side by side; default: the processors, 1 for a serial target; of clients 8, or 1 "
     "where "
     "--listen is the one place",
     take_jobs},
    {"seed", "N", "repeats a run: the seed of all random choices", take_seed},
    {"repeat", "N", "so many runs; a verdict that differs between them is told", take_repeat},
    {"strict", NULL, "a broken should (warn) makes the status 1, too", take_strict},
    {"patience", "MS",
     "how long silence lasts; default: calibrated, at least 5000; of clients 30000", take_patience},
    {"waive", "FILE", "verdicts that are expected, as YAML", take_waive},
    {"write-waivers", "FILE", "write waivers for what is broken now", take_write_waivers},
    {"evidence", "DIR",
     "a folder per failure: transcript, capture, sockets, words of the target, and what repeats it",
     take_evidence},
    /* From here on also those of a command that runs nothing. */
    {"report", "FORM[=FILE]", "the form, text by default, and where to; may be repeated",
     take_report},
    {"verbose", NULL, "every check and transcript in the text", take_verbose},
    {"quiet", NULL, "only what is wrong, without transcripts", take_quiet},
    {"help", NULL, "this text", take_help},
};

const struct option_row *const run_command_rows = rows;
const size_t run_command_row_count = ARRAY_LEN(rows);
const struct option_row *const run_command_report_rows =
    &rows[ARRAY_LEN(rows) - RUN_COMMAND_REPORT_ROWS];

static bool is_stdout(const struct wanted_report *w)
{
    return !w->path || text_eq(w->path, "-");
}

static bool check_reports(struct run_command *o, struct problem *why)
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
        if (o->report_count == RUN_COMMAND_REPORTS_MAX)
            return problem_set(why, "more than %d reports", RUN_COMMAND_REPORTS_MAX);
        o->reports[o->report_count++] = (struct wanted_report){.reporter = reporter_find("text")};
    }
    return true;
}

/* What cannot be written is known before the target is tried, not after. */
static bool check_files(const struct run_command *o, struct problem *why)
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

void run_command_help_forms(void)
{
    printf("\nForms of a report:\n");
    for (size_t i = 0; reporter_at(i); i++)
        printf("  %-10s%s\n", reporter_at(i)->name, reporter_at(i)->summary);
}

void run_command_help(void)
{
    options_help(rows, ARRAY_LEN(rows));
    run_command_help_forms();
    printf("\nExit status: 0 all well, 1 something broken, 2 usage, 3 no verdict possible,\n"
           "4 trouble of the kit, 130 interrupted.\n\n");
}

bool run_command_settle_reports(struct run_command *o, struct problem *why)
{
    if (o->quiet && o->verbose)
        return problem_set(why, "--quiet and --verbose exclude each other");
    return check_reports(o, why) && check_files(o, why);
}

bool run_command_settle(struct run_command *o, struct waivers *waivers, struct problem *why)
{
    struct run_options *r = &o->run;

    r->program = command_called();
    r->exhibits = o->evidence != NULL;
    r->progress = isatty(STDERR_FILENO) && !o->quiet;
    if (!o->seeded)
        r->seed = (uint64_t)deadline_now_us() % 1000000;
    if (o->waive) {
        if (!waivers_read(o->waive, known_check, waivers, why))
            return false;
        r->waivers = waivers;
    }
    return run_command_settle_reports(o, why);
}

/* ---- the reports ---- */

bool run_command_write_reports(const struct run_command *o, const struct report_set *set)
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
static bool is_told(const struct run_command *o)
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

int run_command_perform(const struct run_command *o)
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
        status = why.ours ? STATUS_KIT : STATUS_NO_VERDICT;
        targets_close(&targets);
        targets.several = true;
    }
    struct report_set set = targets_reports(&targets, room);
    if ((set.count > 0 || set.several) && !run_command_write_reports(o, &set))
        status = status_worse(status, STATUS_KIT);
    targets_close(&targets);
    return status;
}
