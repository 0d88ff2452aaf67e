/*
 * Waivers: verdicts that are expected. A waiver names a check, the verdict, a part of its reason
 * and why it is accepted; the check still runs and must still end that way. A waiver that no
 * longer holds or has run out is a failure of its own. The file is YAML:
 *
 *   waivers:
 *     - check: stream.eof.follows-half-close
 *       verdict: fail
 *       reason: "nothing for"       # must be part of the reason
 *       why: "closes after its idle time only; ticket 17"
 *       over: tcp                   # optional: only for targets at tcp:// and rpc+tcp://
 *       until: 2027-06-30           # optional
 *       flaky: 1/20                 # optional: it breaks now and then, in so many of so many runs
 */
#ifndef CONFORMANCE_RUNNER_WAIVE_H
#define CONFORMANCE_RUNNER_WAIVE_H

#include "harness/report/report.h"

struct waiver {
    char *check;
    enum verdict verdict;
    char *reason;
    char *why;
    char *over;  /* the kind of target that it is for, as its URL begins: "tcp", "unix-dgram";
                    rpc+tcp  is tcp, too. NULL: any */
    char *until; /* YYYY-MM-DD, the last day on which it holds; or NULL */
    char *issue; /* or NULL */
    unsigned flaky_most; /* it may break in so many ... */
    unsigned flaky_runs; /* ... of so many runs; 0: it breaks always */
    unsigned line;
};

struct waivers {
    char *path;
    struct waiver *list;
    size_t count;
};

/* Reads a file. False with file:line:column and what was expected there. `known` says whether a
   check of that id exists. */
bool waivers_read(const char *path, bool (*known)(const char *id), struct waivers *ret,
                  struct problem *why) MUST_USE;
void waivers_free(struct waivers *w);

/* Adds those of a list in an open file to *ret, which is zero or holds others. False with the
   reason; waivers_free in any case. */
struct yaml;
struct yaml_node_s;
bool waivers_take(const struct yaml *yaml, const struct yaml_node_s *list,
                  bool (*known)(const char *id), struct waivers *ret) MUST_USE;

/* Whether it is for targets at this URL, which may stand as NAME (URL), as a gate calls them. */
bool waiver_is_for(const struct waiver *w, const char *target);

/* The waiver for this check on the target of this URL, or NULL. */
const struct waiver *waivers_find(const struct waivers *w, const char *check, const char *target);

enum waiver_state {
    WAIVER_HOLDS,
    WAIVER_RESTS, /* of a flaky check that held this time */
    WAIVER_STALE,
    WAIVER_EXPIRED,
};

/* Whether it covers this verdict with this reason on this day (YYYY-MM-DD). */
enum waiver_state waiver_judge(const struct waiver *w, enum verdict verdict, const char *reason,
                               const char *today);

/*
 * Writes waivers for every fail, warn and error of the reports, for a person to edit. What a person
 * has written before (`before`, or NULL) is kept: a waiver that still holds, or whose check was not
 * tried this time, stays as it is; one that has run out keeps its explanation. A check that
 * is broken in several reports has one waiver, that of the first. The file is whole or as it was.
 */
bool waivers_write(const char *path, const struct report_set *set, const struct waivers *before,
                   struct problem *why) MUST_USE;

#endif
