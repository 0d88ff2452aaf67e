/*
 * The result of a run as plain data, and the forms in which it is written. A report borrows all
 * its strings and arrays from whoever fills it. Text inside may come from a hostile target: every
 * form escapes what it prints.
 */
#ifndef HARNESS_REPORT_REPORT_H
#define HARNESS_REPORT_REPORT_H

#include <stdio.h>
#include <time.h>

#include "harness/base/text.h"

#define REPORT_TOOL "assay"
#define REPORT_VERSION "0.1.0"
#define REPORT_SCHEMA "urn:assay:report:1" /* the form in JSON: docs/report.schema.json */

enum verdict {
    VERDICT_PASS,
    VERDICT_FAIL,  /* a must or robust claim is broken */
    VERDICT_WARN,  /* a should is broken */
    VERDICT_NOTE,  /* recorded, never judged */
    VERDICT_SKIP,  /* not tried, with its reason */
    VERDICT_ERROR, /* the kit could not decide: never the target's fault */
    VERDICTS,
};

enum level { LEVEL_MUST, LEVEL_SHOULD, LEVEL_ROBUST, LEVEL_NOTE, LEVELS };

enum who { WHO_US, WHO_TARGET, WHO_PROXY, WHO_KIT, WHOS };

enum { EVENT_BYTES_MAX = 256, EVENT_WHAT_MAX = 200 };

/* What happened on a connection, so that a transcript can be drawn. */
enum event_kind {
    EVENT_WORDS,  /* nothing: a remark, or no connection is meant */
    EVENT_OPENED, /* by `who` */
    EVENT_OCTETS, /* sent by `who` */
    EVENT_ENDED,  /* its side by `who`: a half-close, end of file */
    EVENT_RESET,  /* by `who`, or found to be gone */
    EVENT_CLOSED, /* by `who` */
    EVENT_KINDS,
};

/* One line of a transcript. */
struct event {
    int64_t t_us; /* since the check began */
    enum who who;
    enum event_kind kind;
    unsigned connection; /* its number within the check, from 1; 0: none is meant */
    char what[EVENT_WHAT_MAX];
    uint8_t bytes[EVENT_BYTES_MAX]; /* the first octets sent or heard */
    size_t kept;                    /* how many of them are in `bytes` */
    size_t length;                  /* how many there were */
};

struct exhibit; /* see exhibit.h */

struct report_check {
    const char *id;
    enum level level;
    const char *claim;
    enum verdict verdict;
    const char *reason; /* one line: why this verdict; "" for a plain pass */
    const char *const *cites;
    size_t cite_count;
    int64_t duration_us;
    bool waived;
    const char *waiver; /* why it is waived, or NULL */
    const char *expected;
    const char *actual;
    const char *reproduce;
    const struct event *events;
    size_t event_count;
    size_t events_dropped;         /* lines left out in the middle ... */
    size_t events_head;            /* ... behind so many; 0: about half of them */
    int guilty;                    /* index of the event that broke the claim, or -1 */
    const struct exhibit *exhibit; /* where evidence is wanted and the claim broke, else NULL */
};

struct report {
    const char *version; /* of the tool that made the run; NULL: this one */
    const char *target;
    const char *origin; /* the target as it was asked for, alike in all runs; NULL: `target` */
    const char *speak;
    uint64_t seed;
    time_t started;
    int64_t duration_us;
    bool strict;        /* a warn counts as a failure */
    bool interrupted;   /* by a signal */
    bool trouble;       /* the run ended early because our own machine failed us */
    const char *facts;  /* one line: what the calibration found out */
    const char *ending; /* why the run ended early, or NULL */
    const struct report_check *checks;
    size_t count;
    const char *const *stale; /* waivers that are no longer needed: a failure each */
    size_t stale_count;
};

/* What is written: one report, or those of several targets of one run. */
struct report_set {
    const struct report *const *reports;
    size_t count;
    bool several; /* the form for several is due, also where there is one: an array in JSON */
    const struct report_set *before; /* an earlier run to compare this one with, or NULL */
};

struct report_tally {
    unsigned by_verdict[VERDICTS]; /* waived ones are not in here ... */
    unsigned waived;               /* ... but here */
};

struct report_style {
    bool colour;
    bool quiet;   /* text: the summary and what is wrong, no transcripts */
    bool verbose; /* text: every check, every transcript */
};

struct reporter {
    const char *name;
    const char *summary; /* for the help */
    void (*write)(FILE *out, const struct report_set *set, const struct report_style *style);
};

const char *verdict_name(enum verdict verdict);
const char *level_name(enum level level);
const char *who_name(enum who who);
const char *event_kind_name(enum event_kind kind);

/* False where the word names no level. */
bool level_parse(const char *word, enum level *ret) MUST_USE;

struct report_tally report_tally(const struct report *r);

/* What a report says where it does not say so itself. */
const char *report_version(const struct report *r);
const char *report_origin(const struct report *r);

/* From harmless to grave: which of two verdicts about one check counts. */
bool verdict_is_worse(enum verdict a, enum verdict b);

/* The reporter of that name, or NULL. */
const struct reporter *reporter_find(const char *name);

/* The reporters by number, from 0; NULL behind the last. */
const struct reporter *reporter_at(size_t number);

/* The names of all reporters, for messages: "text, json, ...". */
void reporter_names(char *out, size_t cap);

/*
 * Writes the reports to the path, or to standard output where it is NULL or "-". A regular file is
 * written beside and moved into place, so that it is either whole or not there. False with the
 * reason.
 */
bool report_write(const struct reporter *reporter, const struct report_set *set,
                  const struct report_style *style, const char *path, struct problem *why) MUST_USE;

/* One check as in the JSON report, with the target, what was spoken and the seed. What cannot be
   written shows in ferror(out); false where there is no memory. */
bool report_write_check(FILE *out, const struct report *r, const struct report_check *c) MUST_USE;

/* The suite of a check: its id up to the first dot. */
struct slice report_suite(const char *id);

#endif
