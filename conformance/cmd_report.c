/* `assay report`: reports that were saved as JSON are joined, or shown in any form. */
#include <stdio.h>
#include <stdlib.h>

#include "conformance/report_merge.h"
#include "conformance/run_command.h"
#include "harness/base/log.h"
#include "harness/report/status.h"

enum { FILES_MAX = 1024 };

struct report_command {
    struct run_command common; /* first, so that the common rows can fill it */
    const char *before;
    const char *words[FILES_MAX + 2]; /* the action, the files, NULL */
};

static bool take_before(void *into, const char *value, struct problem *why UNUSED)
{
    ((struct report_command *)into)->before = value;
    return true;
}

static const struct option_row show_rows[] = {
    {"before", "FILE", "the report of an earlier run, to compare this one with", take_before},
};

/* ---- what is done ---- */

/* What went wrong in the runs, as CI wants to know it here, too. That one was interrupted is no
   interruption of ours: it has no verdict on the rest. */
static int status_of(const struct report_set *set)
{
    int status = set->count > 0 ? STATUS_OK : STATUS_NO_VERDICT;

    for (size_t i = 0; i < set->count; i++) {
        struct report r = *set->reports[i];

        if (r.interrupted && !r.ending)
            status = status_worse(status, STATUS_NO_VERDICT);
        r.interrupted = false;
        status = status_worse(status, report_status(&r));
    }
    return status;
}

static int write_all(const struct report_command *o, const struct report_set *set)
{
    int status = status_of(set);

    return run_command_write_reports(&o->common, set) ? status : status_worse(status, STATUS_KIT);
}

static int show(const struct report_command *o, struct problem *why)
{
    struct report_read now;
    struct report_read before = {0};
    int status = STATUS_USAGE;

    if (!report_read_file(&now, o->words[1], why))
        return usage_error("report", why);
    if (o->before && !report_read_file(&before, o->before, why)) {
        status = usage_error("report", why);
    } else {
        now.set.before = o->before ? &before.set : NULL;
        status = write_all(o, &now.set);
    }
    report_read_free(&before);
    report_read_free(&now);
    return status;
}

static int merge_parts(const struct report_command *o, const struct merge_part *parts, size_t count,
                       struct problem *why)
{
    struct merge merge;
    int status = STATUS_KIT;

    if (report_merge(parts, count, &merge, why))
        status = write_all(o, &merge.set);
    else
        log_error("%s", why->text);
    report_merge_free(&merge);
    return status;
}

static int merge(const struct report_command *o, struct problem *why)
{
    static struct merge_part parts[FILES_MAX];
    size_t count = 0;
    bool ok = true;

    for (const char *const *file = &o->words[1]; ok && *file; file++) {
        parts[count].name = *file;
        ok = report_read_file(&parts[count].read, *file, why);
        count += ok;
    }
    int status = ok ? merge_parts(o, parts, count, why) : usage_error("report", why);
    while (count > 0)
        report_read_free(&parts[--count].read);
    return status;
}

/* ---- the actions ---- */

static const struct action {
    const char *name;
    size_t files_max;
    const struct option_row *rows; /* beside the common ones */
    size_t row_count;
    int (*perform)(const struct report_command *o, struct problem *why);
} actions[] = {
    {"merge", FILES_MAX, NULL, 0, merge},
    {"show", 1, show_rows, ARRAY_LEN(show_rows), show},
};

static void print_help(void)
{
    printf(
        "Usage: assay report merge FILE... [OPTION]...\n"
        "       assay report show FILE [OPTION]...\n\n"
        "Reads reports that were saved with --report json=FILE, and writes them in any form; the "
        "FILE - is\nstandard input.\n\n"
        "merge joins them. The parts of one run (--shard) become one report: the same target, "
        "--speak,\n--seed and version. A check that stands in several with different verdicts "
        "is told, and the\nworst counts. Other reports stay apart, as several targets.\n"
        "show writes one.\n\n");
    options_help(show_rows, ARRAY_LEN(show_rows));
    options_help(run_command_report_rows, RUN_COMMAND_REPORT_ROWS);
    run_command_help_forms();
    printf("\nExit status, of what the reports hold: 0 all well, 1 something broken, 2 usage or no "
           "report,\n3 no verdict possible, 4 trouble of the kit.\n\n"
           "Examples:\n"
           "  assay check tcp://127.0.0.1:7 --seed 7 --shard 1/2 --report json=1.json\n"
           "  assay check tcp://127.0.0.1:7 --seed 7 --shard 2/2 --report json=2.json\n"
           "  assay report merge 1.json 2.json --report json=whole.json --report text\n"
           "  assay report show whole.json --report markdown >> \"$GITHUB_STEP_SUMMARY\"\n"
           "  assay report show whole.json --before last.json --report sarif=assay.sarif\n");
}

static const struct action *find_action(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        if (text_eq(name, actions[i].name))
            return &actions[i];
    }
    return NULL;
}

static int perform(struct report_command *o, const struct action *action, int argc, char **argv)
{
    struct problem why;
    struct option_set set = {.rows = action->rows,
                             .count = action->row_count,
                             .into = o,
                             .words = o->words,
                             .words_cap = action->files_max + 2,
                             .common = run_command_report_rows,
                             .common_count = RUN_COMMAND_REPORT_ROWS};

    if (!options_read(&set, argc, argv, &why))
        return usage_error("report", &why);
    if (o->common.help) {
        print_help();
        return STATUS_OK;
    }
    if (!o->words[1]) {
        problem_set(&why, "report %s: the file is missing", action->name);
        return usage_error("report", &why);
    }
    if (!run_command_settle_reports(&o->common, &why))
        return usage_error("report", &why);
    return action->perform(o, &why);
}

int command_report(int argc, char **argv)
{
    static struct report_command o;
    const struct action *action = argc > 1 ? find_action(argv[1]) : NULL;
    struct problem why;

    if (argc > 1 && text_eq(argv[1], "--help")) {
        print_help();
        return STATUS_OK;
    }
    if (!action) {
        problem_set(&why, "report: expected merge or show%s%.100s%s", argc > 1 ? ", not \"" : "",
                    argc > 1 ? argv[1] : "", argc > 1 ? "\"" : "");
        return usage_error("report", &why);
    }
    return perform(&o, action, argc, argv);
}
