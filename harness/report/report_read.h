/*
 * Reports that were written as JSON, read back as data: one object, or an array of them. A file may
 * come from anywhere, so every member is looked at before it is believed, what is too much is
 * refused, and what has no meaning here is left aside. What was read lives, with all its texts,
 * from report_read_file to report_read_free, and borrows nothing.
 */
#ifndef HARNESS_REPORT_REPORT_READ_H
#define HARNESS_REPORT_REPORT_READ_H

#include "harness/base/keep.h"
#include "harness/report/report.h"

/* More than any run leaves behind. */
enum {
    REPORT_READ_OCTETS_MAX = 64 << 20,
    REPORT_READ_REPORTS_MAX = 256,
    REPORT_READ_CHECKS_MAX = 4096,
    REPORT_READ_EVENTS_MAX = 4096,
    REPORT_READ_TEXTS_MAX = 4096,
};

struct json_t;

struct report_read {
    struct report_set set; /* several: the file held an array, also one of a single report */
    struct json_t *root;   /* owns the texts */
    struct keep keep;      /* ... and this all the rest */
};

/* Reads a file, or standard input where it is "-". False with the reason, which names the file and
   the place in it; there is then nothing to free. */
bool report_read_file(struct report_read *ret, const char *path, struct problem *why) MUST_USE;

/* The same from memory; `name` stands for the file in reasons. */
bool report_read_text(struct report_read *ret, const char *name, struct slice text,
                      struct problem *why) MUST_USE;

void report_read_free(struct report_read *r);

#endif
