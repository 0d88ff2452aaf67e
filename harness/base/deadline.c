/* Absolute deadlines on the monotonic clock. */
#include "harness/base/deadline.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>

enum { US_PER_MS = 1000 };

int64_t deadline_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t deadline_in_ms(int64_t ms)
{
    int64_t now = deadline_now_us();

    if (ms > (DEADLINE_NEVER - now) / US_PER_MS)
        return DEADLINE_NEVER;
    return now + ms * US_PER_MS;
}

bool deadline_passed(int64_t deadline_us)
{
    return deadline_us != DEADLINE_NEVER && deadline_now_us() >= deadline_us;
}

int deadline_poll_ms(int64_t deadline_us)
{
    if (deadline_us == DEADLINE_NEVER)
        return -1;
    int64_t left = deadline_us - deadline_now_us();
    if (left <= 0)
        return 0;
    left = (left + US_PER_MS - 1) / US_PER_MS;
    return left > INT_MAX ? INT_MAX : (int)left;
}

void deadline_wait(int64_t deadline_us)
{
    while (!deadline_passed(deadline_us))
        poll(NULL, 0, deadline_poll_ms(deadline_us));
}
