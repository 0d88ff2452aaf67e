/*
 * What can be said of a target that is checked: the options of `assay check`, which are the keys of
 * a target in a gate file, too.
 */
#ifndef CONFORMANCE_CHECK_COMMAND_H
#define CONFORMANCE_CHECK_COMMAND_H

#include "conformance/run_command.h"

enum { CHECK_EXPECTATION_MAX = 256, CHECK_START_LIMIT_MAX_S = 3600 };

struct check_command {
    struct run_command common; /* first: its rows fill it */
    char expectation_text[RUN_EXPECTATIONS_MAX][CHECK_EXPECTATION_MAX];
};

/* The options that `assay client` does not have. */
extern const struct option_row *const check_command_rows;
extern const size_t check_command_row_count;

/*
 * What the options say together, of the target at the URL. False with the reason. The exchange and
 * the waivers are the caller's to close and free, in any case.
 */
bool check_command_settle(struct check_command *o, const char *url, struct exchange **ret_exchange,
                          struct waivers *waivers, struct problem *why) MUST_USE;

#endif
