/* The registry of all checks, and which of them a run tries. */
#ifndef CONFORMANCE_RUNNER_SELECT_H
#define CONFORMANCE_RUNNER_SELECT_H

#include "conformance/runner/check.h"

enum { SELECT_PATTERNS_MAX = 64 };

struct selection {
    bool client; /* a client is tried: its suite alone, and nowhere else */
    const char *only[SELECT_PATTERNS_MAX]; /* patterns; none: every suite that fits the endpoint */
    size_t only_count;
    const char *skip[SELECT_PATTERNS_MAX];
    size_t skip_count;
    bool load;         /* the checks on request, too */
    unsigned levels;   /* bit per level; 0: all */
    unsigned shard;    /* from 1 */
    unsigned shards;   /* 0 or 1: not sharded */
    int64_t budget_ms; /* what all of them may take, by worth.def; 0: no matter what */
};

/* Calls visit for every check, in the order of suites.def and of the tables. */
void registry_each(void (*visit)(const struct check *check, void *closure), void *closure);
const struct check *registry_find(const char *id);

/* A pattern is a glob over the id, or an id without its last parts: "stream", "stream.reset". */
bool select_matches(const char *pattern, const char *id);

/*
 * The checks to try on this endpoint, in order; at most cap. A check on request is among them where
 * `load` is set, or where a pattern of `only` that takes it takes no check of another kind: who
 * writes "stream" means what a run is made of, who writes "stream.load" means load. False with the
 * reason, naming the option, where a pattern matches no check at all, `load` adds none or nothing
 * is left.
 */
bool select_checks(const struct selection *s, const struct endpoint *e, const struct check **ret,
                   size_t cap, size_t *ret_count, struct problem *why) MUST_USE;

/* Reads a time as 5s, 500ms or 2min, for --budget. False with the reason. */
bool select_read_budget(const char *text, int64_t *ret_ms, struct problem *why) MUST_USE;

/* Reads I/N as in 1/4, N at most `max`, into the selection. False with the reason. */
bool select_read_shard(const char *text, unsigned max, struct selection *ret,
                       struct problem *why) MUST_USE;

/* What the target and the run have, as need_flag bits. */
uint64_t select_given(const struct target *target);

/* Why this check does not apply to the target, or NULL where it does. */
const char *select_missing(const struct check *check, const struct target *target);

#endif
