/*
 * The parts of the report as a page. Everything is written to a stream; text that may come from a
 * stranger goes through html_put and nothing else does. Numbers of targets and checks count from 0.
 */
#ifndef HARNESS_REPORT_REPORT_HTML_H
#define HARNESS_REPORT_REPORT_HTML_H

#include "harness/report/report.h"

/* ---- text (report_html_text.c) ---- */

/* Text for an element or a quoted attribute. What is not UTF-8, controls, and characters that are
   invisible or turn the direction of writing become \xHH. NULL is no text. */
void html_put(FILE *out, const char *text);

/* The same of at most so many characters, with an ellipsis where there are more. */
void html_put_short(FILE *out, const char *text, size_t characters);

/* Octets as a person reads them, at most max: quoted where they are mostly text, else in hex by
   fours; an ellipsis where there are more than these. Escaped. */
void html_put_octets(FILE *out, struct slice octets, size_t length, size_t max);

/* The id of a check, which may be broken into lines behind its dots. */
void html_put_name(FILE *out, const char *id);

/* The id of the element of a check, in attributes and behind "#". */
void html_put_id(FILE *out, size_t target, const char *id);

/* A duration as a person reads it: "0.42 ms", "12.3 s". */
void html_put_duration(FILE *out, int64_t us);

void html_put_time(FILE *out, time_t time);

/* ---- what a check came to (report_html.c) ---- */

/* How a check is counted: by its verdict, or as waived. */
enum html_kind {
    HTML_FAIL,
    HTML_ERROR,
    HTML_WARN,
    HTML_WAIVED,
    HTML_NOTE,
    HTML_PASS,
    HTML_SKIP,
    HTML_KINDS, /* in the order in which they are listed */
};

enum html_kind html_kind(const struct report_check *c);
const char *html_kind_name(enum html_kind kind);

/* The verdict in words: "fail", "fail, waived". */
void html_put_verdict(FILE *out, const struct report_check *c);

/* ---- against an earlier run (report_html_changes.c) ---- */

enum html_change {
    HTML_SAME,
    HTML_BROKE,  /* is wrong now, and was not */
    HTML_MENDED, /* was wrong, and holds now */
    HTML_MOVED,  /* another verdict otherwise */
    HTML_ADDED,  /* was not there */
    HTML_CHANGES,
};

/* The report of the same target in the earlier run; NULL where there is none. */
const struct report *html_before(const struct report_set *set, const struct report *r);

/* The check of that id, or NULL; likely at the same place. `r` may be NULL. */
const struct report_check *html_find(const struct report *r, const char *id, size_t likely);

/* `before` may be NULL: then nothing has changed. */
enum html_change html_change(const struct report *before, const struct report_check *c,
                             size_t likely);
const char *html_change_name(enum html_change change); /* for class names and filters */

/* What has changed in all, and the checks that are gone; nothing where set->before is NULL. */
void html_put_changes(FILE *out, const struct report_set *set, const struct report *r);

/* The targets that the earlier run had and this one has not. */
void html_put_gone_targets(FILE *out, const struct report_set *set);

/* ---- one check (report_html_check.c) ---- */

struct html_place {
    const struct report_set *set;
    const struct report *report;
    const struct report *before; /* or NULL */
    size_t target;               /* number of the report in the set */
    size_t check;                /* number of the check in the report */
};

void html_put_check(FILE *out, const struct html_place *place);

/* The sequence diagram of the events (report_html_diagram.c), of which long runs are folded; at
   most about so many rows, 0: all. What broke the claim is found under the id `anchor`, or NULL. */
void html_put_diagram(FILE *out, const struct report_check *c, size_t rows, const char *anchor);

/* The fields of the RPC messages around the event that broke the claim (report_html_rpc.c);
   nothing where the target speaks something else. */
void html_put_messages(FILE *out, const struct report *r, const struct report_check *c);

/* `what` of an event without the number of its connection, which is shown otherwise. */
const char *html_what(const struct event *e);

/* How many events stand in front of those that were left out. */
size_t html_gap_at(const struct report_check *c);

/* ---- several targets (report_html_matrix.c) ---- */

/* Checks against targets; nothing for a single target. */
void html_put_matrix(FILE *out, const struct report_set *set);

#endif
