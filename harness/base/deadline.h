/*
 * Time for the kit: the monotonic clock in microseconds, and deadlines as absolute points on it.
 * A chain of calls passes one deadline down and so shares one budget; nobody passes durations.
 */
#ifndef HARNESS_BASE_DEADLINE_H
#define HARNESS_BASE_DEADLINE_H

#include "harness/base/base.h"

#define DEADLINE_NEVER INT64_MAX

/* Microseconds of CLOCK_MONOTONIC. */
int64_t deadline_now_us(void);

/* The point that lies so many milliseconds ahead; DEADLINE_NEVER where the sum would overflow. */
int64_t deadline_in_ms(int64_t ms);

bool deadline_passed(int64_t deadline_us);

/* Whole milliseconds left for poll(2): rounded up, 0 where passed, -1 for DEADLINE_NEVER. */
int deadline_poll_ms(int64_t deadline_us);

/* Lets time pass until the deadline. Only for what is about time itself (idle, pauses, pacing). */
void deadline_wait(int64_t deadline_us);

#endif
