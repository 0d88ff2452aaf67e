/* Declares each reporter of reporters.def, for the file that defines it and for the table. */
#ifndef HARNESS_REPORT_REPORTERS_H
#define HARNESS_REPORT_REPORTERS_H

#include "harness/report/report.h"

#define REPORTER(symbol) extern const struct reporter reporter_##symbol;
#include "harness/report/reporters.def"
#undef REPORTER

/* One octet of text that may come from a hostile target: printable ASCII as it is, anything else
   as \xHH, so that it neither begins a line nor moves a terminal's cursor. */
void report_put_octet(FILE *out, char octet);
void report_put_plain(FILE *out, const char *text);

/* A check as the text shows it: a line, and below it the details of one that is wrong. */
void report_put_check(FILE *out, const struct report_check *c, const struct report_style *style);

/* The same into a buffer: at most max octets of the text, with "..." for the rest. What is in
   `special` becomes \xHH, too. */
void report_plain(struct buf *out, const char *text, size_t max, const char *special);

/* Text for an attribute or element of XML. */
void report_put_xml(FILE *out, const char *text);

/* What stands for an octet that means something in XML and HTML, or NULL for any other. */
const char *report_entity(char octet);

/* What is wrong with a check, for readers that know no more than this. */
enum grade {
    GRADE_NONE, /* nothing, or it is waived */
    GRADE_WARNING,
    GRADE_FAILURE, /* status 1 */
    GRADE_TROUBLE, /* the kit could not decide */
};

enum grade report_grade(const struct report *r, const struct report_check *c);

/* A number in hex that stands for the check (or another word) at this target in every run. */
enum { FINGERPRINT_LEN = 17 };
void report_fingerprint(const struct report *r, const char *what, char ret[FINGERPRINT_LEN]);

/* Where readers of source code want a file: a relative path that names the target. */
void report_path(const struct report *r, struct buf *out);

/* The counts as "1 pass, 2 fail, ..."; what did not happen is left out, but for these two. */
void report_counts(const struct report *r, struct buf *out);

/* One line of a transcript, in printable ASCII: time, who, what, octets. */
void report_event(const struct report_check *c, size_t number, struct buf *out);

/* A text as JSON; where it is not UTF-8, with its octets escaped. */
struct json_t;
struct json_t *report_json_text(const char *text);

#endif
