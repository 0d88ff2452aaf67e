/* A clock of processor time, and a poll(2) that does not wait. */
#include "fuzz/oracle/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "fuzz/oracle/finding.h"

enum { SIGNALS_OCTETS = 8 }; /* of the kernel's set of signals */

static volatile sig_atomic_t in_case;
static volatile sig_atomic_t ticks; /* since the case began */
static unsigned tick_ms = 1000;

/* The first tick may come at once after the begin: it does not count as a second. */
static void tick(int signal_number UNUSED)
{
    if (in_case && ++ticks > WATCH_LIMIT_S)
        finding_end(ORACLE_TIME, "the case has computed for %u ms", WATCH_LIMIT_S * tick_ms);
}

void watch_tick(unsigned milliseconds)
{
    tick_ms = milliseconds;
}

void watch_open(void)
{
    const struct timeval period = {tick_ms / 1000, (long)(tick_ms % 1000) * 1000};
    struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
    struct itimerval every = {.it_interval = period, .it_value = period};

    sigemptyset(&action.sa_mask);
    if (sigaction(SIGPROF, &action, NULL) < 0 || setitimer(ITIMER_PROF, &every, NULL) < 0)
        abort();
}

void watch_begin(void)
{
    ticks = 0;
    in_case = 1;
}

void watch_end(void)
{
    in_case = 0;
}

static void (*peer)(void);

void watch_peer(void (*act)(void))
{
    peer = act;
}

/* The one of the C library, for everybody in the process, libraries too. */
int poll(struct pollfd *fds, nfds_t nfds, int timeout)
{
    if (in_case && peer)
        peer();
    int found = (int)syscall(SYS_poll, fds, nfds, in_case ? 0 : timeout);

    if (found == 0 && in_case && timeout != 0)
        finding_tell(ORACLE_WAITING, "poll(2) would wait for %d ms", timeout);
    return found;
}

/* Likewise. Clients of libtirpc block every signal while they call, which would stop the clocks,
   ours and the engine's: in a case nothing is blocked. */
int pthread_sigmask(int how, const sigset_t *newmask, sigset_t *oldmask)
{
    if (in_case) {
        if (oldmask)
            sigemptyset(oldmask);
        return 0;
    }
    return syscall(SYS_rt_sigprocmask, how, newmask, oldmask, SIGNALS_OCTETS) < 0 ? errno : 0;
}
