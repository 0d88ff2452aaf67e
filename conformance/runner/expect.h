/* The promises that a user may make for a target: --expect KEY[=VALUE]. */
#ifndef CONFORMANCE_RUNNER_EXPECT_H
#define CONFORMANCE_RUNNER_EXPECT_H

#include "conformance/runner/check.h"

/* Whether the key is known and its value is what it takes. False with the reason, naming both. */
bool expect_allows(const struct expectation *e, struct problem *why) MUST_USE;

#endif
