/* A proxy between the check and its target. */
#include "conformance/runner/between.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/fault/proxy.h"

enum {
    SCHEDULE_MAX = 512,
    SHOWN = 32,   /* deeds that the transcript shows: the last ones */
    LANES = 1024, /* clients that are watched */
};

struct deed {
    int64_t at_us;
    struct fault_decision decision;
};

/* Written by the proxy's process; read by the check's, `asked_us` while both run. */
struct shared {
    _Atomic int64_t asked_us[LANES]; /* when a datagram went on to the target and nothing has come
                                        back since; 0 where something has */
    struct fault_counters counters;
    uint64_t deed_count;
    struct deed deeds[SHOWN];
    int error; /* errno where our machine refused to go on */
    bool finished;
};

struct between {
    struct fault_schedule schedule;
    struct fault_plan plan;
    char text[SCHEDULE_MAX]; /* the schedule in its canonical form */
    uint64_t seed;
    uint64_t lanes; /* clients so far */
    bool repeats;
    struct shared *shared;
    pid_t pid;
    int stop; /* the proxy ends when this is closed */
};

/* ---- in the proxy's process ---- */

static void watch(const struct fault_decision *d, void *closure)
{
    struct shared *shared = closure;
    unsigned lost = 1U << FAULT_DROP;

    if (d->deeds != 0)
        shared->deeds[shared->deed_count++ % SHOWN] = (struct deed){deadline_now_us(), *d};
    if (d->client > LANES)
        return;
    _Atomic int64_t *asked = &shared->asked_us[d->client - 1];
    if (d->way == FAULT_DOWN)
        *asked = 0;
    else if (!(d->deeds & lost) && *asked == 0)
        *asked = deadline_now_us();
}

_Noreturn static void carry(struct fault_proxy *proxy, struct shared *shared, int stop)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    if (fault_proxy_run(proxy, stop, DEADLINE_NEVER) == FAULT_RUN_FAILED)
        shared->error = errno ? errno : EIO;
    shared->counters = *fault_proxy_counters(proxy);
    shared->finished = true;
    _exit(EXIT_SUCCESS);
}

/* ---- in the check's ---- */

static bool is_stream(const struct check_ctx *c)
{
    return !endpoint_is_datagram(&c->target.endpoint);
}

/* Where the proxy listens: on loopback, or beside the other socket files of the run. */
static void choose_place(const struct check_ctx *c, struct endpoint *ret)
{
    bool six = address_family(&c->target.address) == AF_INET6;

    memset(ret, 0, sizeof(*ret));
    ret->kind = c->target.endpoint.kind;
    if (endpoint_is_unix(ret))
        text_format(ret->path, sizeof(ret->path), "%s/between-%d", c->folder, (int)getpid());
    else
        text_copy(ret->host, sizeof(ret->host), six ? "::1" : "127.0.0.1");
}

static bool fork_proxy(struct between *b, struct fault_proxy *proxy, struct problem *why)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0) /* or a program that the check starts keeps the proxy alive */
        return problem_set(why, "pipe: %s", strerror(errno));
    b->pid = fork();
    if (b->pid == 0) {
        close(ends[1]);
        carry(proxy, b->shared, ends[0]);
    }
    close(ends[0]);
    b->stop = ends[1];
    if (b->pid < 0)
        return problem_set(why, "fork: %s", strerror(errno));
    return true;
}

/* The proxy listens before its process begins, so that nobody comes too early. */
static bool launch(struct check_ctx *c, struct between *b, struct problem *why)
{
    struct endpoint at, to;
    size_t count = 0;

    choose_place(c, &at);
    address_to_endpoint(&c->target.address, &to); /* the one that was reached, not the name */
    struct fault_proxy_options options = {.listen = &at,
                                          .to = &to,
                                          .schedule = &b->schedule,
                                          .seed = b->seed,
                                          .sink = watch,
                                          .closure = b->shared};
    struct fault_proxy *proxy = fault_proxy_open(&options, why);
    if (!proxy)
        return false;
    bool ok = address_resolve(fault_proxy_endpoint(proxy), &c->target.address, 1, &count, why) &&
              fork_proxy(b, proxy, why);
    if (b->pid > 0)
        fault_proxy_abandon(proxy);
    else
        fault_proxy_close(proxy);
    return ok;
}

static bool prepare(struct check_ctx *c, struct between *b, const char *text, struct problem *why)
{
    struct buf canonical;

    if (!fault_parse("schedule", text, &b->schedule, why))
        return false;
    buf_init(&canonical, SCHEDULE_MAX);
    fault_print(&b->schedule, &canonical);
    text_copy(b->text, sizeof(b->text), buf_text(&canonical));
    buf_free(&canonical);
    for (size_t i = 0; i < b->schedule.count; i++)
        b->repeats |= b->schedule.clauses[i].kind == FAULT_DUPLICATE &&
                      b->schedule.clauses[i].ways & (1U << FAULT_DOWN);
    b->seed = rng_next(&c->rng) % 1000000;
    b->plan = (struct fault_plan){.schedule = &b->schedule, .seed = b->seed};
    b->shared =
        mmap(NULL, sizeof(*b->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (b->shared == MAP_FAILED) {
        b->shared = NULL;
        return problem_ours(why, "out of memory");
    }
    return true;
}

void check_between(struct check_ctx *c, const char *schedule, ...)
{
    char text[SCHEDULE_MAX];
    struct problem why;
    va_list args;

    if (!check_alive(c))
        return;
    if (c->between) {
        check_trouble(c, "a proxy stands between already");
        return;
    }
    va_start(args, schedule);
    text_vformat(text, sizeof(text), schedule, args);
    va_end(args);
    struct between *b = c->between = calloc(1, sizeof(*c->between));
    if (!b) {
        check_trouble(c, "out of memory");
        return;
    }
    b->stop = -1;
    if (!prepare(c, b, text, &why) || !launch(c, b, &why)) {
        check_trouble(c, "no proxy can be put between: %s", why.text);
        return;
    }
    check_tell(c, WHO_KIT, slice_of(NULL, 0), "a proxy stands between: \"%.140s\", seed %llu",
               b->text, (unsigned long long)b->seed);
}

void between_dialled(struct check_ctx *c, struct conn *conn)
{
    if (c->between && is_stream(c))
        conn->lane = ++c->between->lanes;
}

struct fault_decision check_fate(const struct check_ctx *c, const struct conn *conn)
{
    struct fault_decision fate = {0};
    struct fault_lane lane;

    if (!c->between || conn->lane == 0)
        return fate;
    fault_lane_open(&lane, &c->between->plan, conn->lane, FAULT_UP);
    lane.number = conn->passed - 1;
    fault_lane_datagram(&lane, conn->last_length, &fate);
    return fate;
}

unsigned between_sent(struct check_ctx *c, struct conn *conn, size_t len)
{
    if (!c->between)
        return 1;
    if (conn->lane == 0)
        conn->lane = ++c->between->lanes;
    conn->passed++;
    conn->last_length = len;
    struct fault_decision fate = check_fate(c, conn);
    if (fate.deeds & 1U << FAULT_DROP)
        return 0;
    return 1 + (fate.deeds & 1U << FAULT_DUPLICATE ? fate.copies : 0);
}

bool between_repeats(const struct check_ctx *c)
{
    return c->between && c->between->repeats;
}

bool between_silence_is_theirs(const struct check_ctx *c, const struct conn *conn)
{
    if (!c->between || is_stream(c))
        return true;
    if (conn->lane == 0 || conn->lane > LANES)
        return false;
    int64_t asked = c->between->shared->asked_us[conn->lane - 1];
    return asked != 0 && deadline_now_us() - asked > c->target.patience_ms * 1000;
}

/* The last deeds; each has its own time. */
static void tell_deeds(struct check_ctx *c, const struct shared *shared)
{
    uint64_t first = shared->deed_count > SHOWN ? shared->deed_count - SHOWN : 0;

    for (uint64_t i = first; i < shared->deed_count; i++) {
        const struct deed *deed = &shared->deeds[i % SHOWN];
        struct event *e = outcome_next(c->outcome);
        char line[FAULT_LINE_MAX];

        fault_decision_text(&deed->decision, line, sizeof(line));
        e->t_us = deed->at_us - c->began_us;
        e->who = WHO_PROXY;
        text_format(e->what, sizeof(e->what), "%.190s", line);
    }
}

/* What is said of the target holds only where the proxy did nothing but its schedule. */
static void doubt(struct check_ctx *c, const struct between *b)
{
    const struct fault_counters *k = &b->shared->counters;
    struct outcome *o = c->outcome;
    uint64_t lost = k->ways[FAULT_UP].lost + k->ways[FAULT_DOWN].lost + k->refused;
    char reason[OUTCOME_TEXT_MAX];
    const char *trouble = b->shared->error       ? strerror(b->shared->error)
                          : !b->shared->finished ? "it was ended"
                          : lost > 0             ? "it lost what its schedule does not say"
                                                 : NULL;

    if (o->kind != OUTCOME_BROKEN)
        return;
    if (trouble) {
        o->kind = OUTCOME_TROUBLE;
        text_format(o->reason, sizeof(o->reason), "the proxy between: %s", trouble);
        return;
    }
    text_format(reason, sizeof(reason), "%.300s (behind \"%.120s\", seed %llu)", o->reason, b->text,
                (unsigned long long)b->seed);
    text_copy(o->reason, sizeof(o->reason), reason);
}

void between_end(struct check_ctx *c)
{
    struct between *b = c->between;

    if (!b)
        return;
    if (b->stop >= 0)
        close(b->stop);
    while (b->pid > 0 && waitpid(b->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    if (b->pid > 0) {
        tell_deeds(c, b->shared);
        doubt(c, b);
    }
    if (b->shared)
        munmap(b->shared, sizeof(*b->shared));
    free(b);
    c->between = NULL;
}
