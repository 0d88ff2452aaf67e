/*
 * A fixed report for tests of what is made of reports: every verdict, a waiver, transcripts, and in
 * every text that may come from a target the most hostile one there is.
 */
#ifndef TESTS_REPORTS_H
#define TESTS_REPORTS_H

#include "harness/report/report.h"

/* Every octet but NUL, and what means something in some form. */
extern char hostile[600];

extern struct event events[4];         /* the third has hostile text */
extern struct report_check checks[11]; /* of all verdicts; the last three are hostile */
extern const char *const stale[2];

/* Set-up of a group of tests: program_open_folder, and the hostile text. */
int reports_begin(void **state);

/* A report with all of the above. */
struct report whole_report(void);

/* A report of one check, with everything else as in the whole one. */
struct report single_report(const struct report_check *check);

/* Reports in a form, as a text that the caller frees. */
char *form_of_set(const struct report_set *set, const char *form, struct report_style style);
char *form_of(const struct report *r, const char *form, struct report_style style);
char *plain_form(const struct report *r, const char *form);

/* The text is that of the file, or the test fails and says where they part. ASSAY_REGENERATE=1
   writes the file anew. */
void assert_golden(const char *path, const char *text);

#endif
