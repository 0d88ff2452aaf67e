/*
 * Sets of reports for tests of the page: several targets with an earlier run, every kind of event,
 * RPC messages, and text that is after the reader. All of it is made anew by sets_make and stays
 * until the next call.
 */
#ifndef TESTS_SETS_H
#define TESTS_SETS_H

#include "harness/report/report.h"

enum { SETS_TARGETS = 3, SETS_CHECKS_MAX = 320, SETS_EVENTS_MAX = 120 };

/* Markup, ends of comments and of sections, quotes, controls, what is no UTF-8, and marks that turn
   the direction of writing; 480 octets at least. */
extern const char *const sets_hostile;

struct sets_options {
    size_t targets; /* 1 to SETS_TARGETS: a stream of RPC, datagrams of RPC, echo */
    size_t checks;  /* of each */
    size_t failing; /* of each: the first ones */
    size_t events;  /* of each check that was tried */
    bool before;    /* there was an earlier run */
    bool hostile;   /* in every text there is */
};

const struct report_set *sets_make(const struct sets_options *options);

#endif
