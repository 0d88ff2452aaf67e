/*
 * What `assay check` and `assay client` have in common: the options that say how a run goes and
 * what is told of it, and the reports at its end. A command's own options are a struct whose first
 * member is a run_command, so that the rows below can fill it.
 */
#ifndef CONFORMANCE_RUN_COMMAND_H
#define CONFORMANCE_RUN_COMMAND_H

#include "conformance/command.h"
#include "conformance/runner/run.h"

enum { RUN_COMMAND_REPORTS_MAX = 16 };

struct wanted_report {
    const struct reporter *reporter;
    const char *path; /* NULL: standard output */
};

struct run_command {
    struct run_options run;
    struct wanted_report reports[RUN_COMMAND_REPORTS_MAX];
    size_t report_count;
    const char *waive;
    const char *write_waivers;
    const char *evidence;
    unsigned repeat; /* set to 1 by the command beforehand */
    bool seeded;
    bool verbose;
    bool quiet;
    bool help;
};

extern const struct option_row *const run_command_rows;
extern const size_t run_command_row_count;

/* The last of them: which reports are written, how, and help. For a command that reports what was
   run before. */
enum { RUN_COMMAND_REPORT_ROWS = 4 };
extern const struct option_row *const run_command_report_rows;

/* Adds a pattern to a list of SELECT_PATTERNS_MAX. False with the reason where it is full. */
bool run_command_pattern(const char **list, size_t *count, const char *option, const char *value,
                         struct problem *why) MUST_USE;

/* The common options, the forms of a report and the exit status, for a help text. */
void run_command_help(void);

/* The forms of a report, for a help text. */
void run_command_help_forms(void);

/* What those options say together of the reports: which, and whether they can be written. False
   with the reason. run_command_settle does so, too. */
bool run_command_settle_reports(struct run_command *o, struct problem *why) MUST_USE;

/* Writes the reports that are asked for; what goes wrong is logged. */
bool run_command_write_reports(const struct run_command *o, const struct report_set *set);

/* What the common options say together: the seed, waivers (the caller frees them), reports, files.
   False with the reason. */
bool run_command_settle(struct run_command *o, struct waivers *waivers,
                        struct problem *why) MUST_USE;

/* Performs the run or runs and writes the reports. Returns the exit status. */
int run_command_perform(const struct run_command *o);

#endif
