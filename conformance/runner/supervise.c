/* The target that the runner started: starting, watching, restarting, stopping. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "conformance/runner/conn.h"
#include "conformance/runner/run.h"
#include "harness/base/deadline.h"

enum {
    COMMAND_MAX = 8192,
    START_LIMIT_MS = 30000,
    STOP_LIMIT_MS = 3000,
    RECOVER_MS = 20000, /* some servers refuse everybody for ten seconds after a burst */
    RETRY_MS = 50,
    ALIVE_TRIES = 3,
    DATAGRAM_TRY_MS = 200,
    WORDS_ROOM = 300,
    JOB_SLACK_MS = 5000,
};

/* Liveness and readiness run as jobs; this stands in for a check. */
static const struct check helper_check = {
    .id = "kit.helper",
    .claim = "the target serves",
    .cites = {REQ_ECHO_862_01},
};

static bool launch(struct run *run, struct problem *why)
{
    struct buf command;

    buf_init(&command, COMMAND_MAX);
    bool ok = target_command(run->options->spawn, &run->target.endpoint, &command, why);
    if (ok) {
        struct process_options o = {.command = buf_text(&command), .umask = -1};

        ok = process_start(&run->process, &o, why);
        run->trouble |= !ok;
    }
    buf_free(&command);
    run->sanitizer_seen = 0;
    run->target.pid = ok ? run->process.pid : 0;
    return ok;
}

/* Waits until the target lets somebody in. For datagrams that is an answer, or the absence of
   "port unreachable": where answers are due, for as long as patience lasts, and the calibration
   then says that it is silent. */
static void become_ready(struct check_ctx *c, void *closure)
{
    const int64_t *until_us = closure;
    bool datagram = endpoint_is_datagram(&c->target.endpoint);
    int64_t silent_until = conn_patience(c);
    struct conn *conn = NULL;

    for (;;) {
        bool there = check_try_dial(c, &conn);
        bool refused = !there;

        if (there && datagram) {
            there = conn_met(c, conn, DATAGRAM_TRY_MS);
            refused = conn->lost;
        }
        if (conn)
            check_close(c, conn);
        c->outcome->met += there; /* stays where the target dies of it and ends this job */
        if (there || !check_alive(c) || (!refused && deadline_passed(silent_until)))
            break;
        if (deadline_passed(*until_us)) {
            c->outcome->kind = OUTCOME_BROKEN;
            return;
        }
        if (refused)
            silent_until = conn_patience(c);
        conn = NULL;
        check_pause(c, RETRY_MS / 2);
    }
    c->outcome->kind = OUTCOME_HELD;
}

static bool resolve(struct run *run, struct problem *why)
{
    size_t count = 0;

    return target_resolve(&run->target.endpoint, &run->target.address, 1, &count, why);
}

static void last_line(const struct tail *t, struct buf *out)
{
    size_t end = t->len;
    size_t begin;

    while (end > 0 && t->text[end - 1] == '\n')
        end--;
    for (begin = end; begin > 0 && t->text[begin - 1] != '\n'; begin--)
        continue;
    text_quote(out, slice_of(t->text + begin, end - begin), 200);
}

/* The last line of what it wrote: of standard error, or else of standard output. */
static void last_words(const struct process *p, char *out, size_t cap)
{
    const struct tail *from = p->complained.len > 0 ? &p->complained : &p->said;
    struct buf line;

    buf_init(&line, WORDS_ROOM);
    last_line(from, &line);
    text_format(out, cap, "%s%s", line.len > 2 ? "; its last line: " : "",
                line.len > 2 ? buf_text(&line) : "");
    buf_free(&line);
}

static bool has_said(struct run *run)
{
    return strstr(run->process.said.text, run->options->ready) ||
           strstr(run->process.complained.text, run->options->ready);
}

/* Until it has written that it serves. False where it ends, or its time is over. */
static bool await_words(struct run *run, int64_t limit_ms)
{
    int64_t deadline = deadline_in_ms(limit_ms);

    while (!has_said(run)) {
        if (process_ended(&run->process) || run_was_interrupted() || deadline_passed(deadline))
            return false;
        run_turn(run, deadline);
    }
    return true;
}

static bool await_ready(struct run *run, struct problem *why)
{
    static const char more_time[] = " (--start-limit, in a gate limits: {start: ...})";
    int64_t limit_ms = run->options->start_limit_ms ? run->options->start_limit_ms : START_LIMIT_MS;
    bool said = !run->options->ready || await_words(run, limit_ms);
    int64_t until_us = deadline_in_ms(limit_ms);
    bool ended = said && supervise_job(run, become_ready, &until_us, limit_ms);
    bool ok = ended && run->helper.outcome->kind == OUTCOME_HELD;
    char how[128];
    char words[WORDS_ROOM];

    if (ok && !process_ended(&run->process))
        return true;
    if (run_was_interrupted())
        return problem_set(why, "interrupted");
    /* What it could not do is ours; that it was killed at its limit, the target's. */
    if (ended && !run->helper.killed && run->helper.outcome->kind == OUTCOME_TROUBLE)
        run_fail(run, run->helper.outcome->reason);
    if (run->trouble)
        return problem_set(why, "%.400s", run->ending);
    process_read(&run->process);
    last_words(&run->process, words, sizeof(words));
    if (!process_ended(&run->process) && !said)
        return problem_set(why,
                           "the target was started but has not written \"%.100s\" after %d s%s%s",
                           run->options->ready, (int)(limit_ms / 1000), more_time, words);
    if (!process_ended(&run->process))
        return problem_set(why, "the target was started but %s is not reachable after %d s%s%s",
                           run->target.url, (int)(limit_ms / 1000), more_time, words);
    process_end_text(&run->process, how, sizeof(how));
    return problem_set(why, "the target %s before it served at %s%s", how, run->target.url, words);
}

/* Whoever serves at the place already would be judged in the target's stead, and lose its socket
   at the end. A UDP socket says nothing about itself, but nobody else can be bound beside it. */
static bool is_free(const struct run *run, struct problem *why)
{
    const struct endpoint *at = &run->target.endpoint;
    bool taken;
    int fd = -1;

    if (at->kind == ENDPOINT_UDP) {
        fd = net_listen(at, 1, NULL);
        taken = fd < 0 && errno == EADDRINUSE;
    } else {
        taken =
            net_dial(&run->target.address, NULL, deadline_in_ms(RETRY_MS), &fd).status == NET_OK;
    }
    if (fd >= 0)
        close(fd);
    return !taken || problem_set(why,
                                 "somebody serves at %s already; stop it, or choose another "
                                 "place (port 0 finds one)",
                                 run->target.url);
}

/* To another port, where the user left the choice to us. */
static bool move_on(struct run *run)
{
    struct endpoint *e = &run->target.endpoint;
    struct problem why;

    if (!run->chose_port || run->trouble || run_was_interrupted())
        return false;
    supervise_stop(run);
    e->port = net_free_port(e);
    endpoint_format(e, run->target.url, sizeof(run->target.url));
    return e->port != 0 && resolve(run, &why);
}

static bool start_here(struct run *run, struct problem *why)
{
    return resolve(run, why) && is_free(run, why) && launch(run, why) && await_ready(run, why);
}

/* Between our choice of a port and the target's bind somebody else may have taken it: it ends
   before it has let anybody in, or we find that it is not free any more. */
bool supervise_start(struct run *run, struct problem *why)
{
    if (start_here(run, why))
        return true;
    const struct outcome *o = run->helper.outcome;
    bool seen = run->process.pid != 0 && (!process_ended(&run->process) || !o || o->met > 0);

    return !seen && move_on(run) && start_here(run, why);
}

/* A server without SO_REUSEADDR cannot have its port back for a minute. That is told by the checks
   of restarts, and no reason to leave the rest. */
bool supervise_restart(struct run *run)
{
    struct problem why;

    supervise_stop(run);
    run->restarts++;
    if (launch(run, &why) && await_ready(run, &why))
        return true;
    if (move_on(run) && launch(run, &why) && await_ready(run, &why))
        return true;
    text_format(run->ending, sizeof(run->ending), "the target could not be restarted: %s",
                why.text);
    return false;
}

void supervise_stop(struct run *run)
{
    if (run->process.pid == 0)
        return;
    process_stop(&run->process, deadline_in_ms(STOP_LIMIT_MS));
    net_forget(&run->target.endpoint);
    run->target.pid = 0;
}

bool supervise_target_ended(struct run *run)
{
    if (run->options->spawn) {
        process_read(&run->process);
        return run->process.pid == 0 || process_ended(&run->process);
    }
    return run->options->pid && !procview_exists(run->options->pid);
}

bool supervise_job(struct run *run, job_work *work, void *closure, int64_t limit_ms)
{
    struct job_setting setting = {.check = &helper_check,
                                  .target = &run->target,
                                  .seed = run->options->seed,
                                  .folder = run->folder,
                                  .tapes = run->options->exhibits,
                                  .limit_ms = limit_ms + JOB_SLACK_MS};
    struct problem why;

    if (!job_start(&run->helper, &setting, work, closure, &why)) {
        run_fail(run, why.text);
        return false;
    }
    while (!job_ended(&run->helper)) {
        if (run_was_interrupted() || supervise_target_ended(run)) {
            job_kill(&run->helper);
            return false;
        }
        run_turn(run, run->helper.deadline_us);
    }
    return true;
}

/* One probe after the other until one holds. A target that refuses may come back after a while;
   one that is silent is given a few probes, each as long as its patience. */
static void probe_alive(struct check_ctx *c, void *closure)
{
    const int64_t *behind_ms = closure;
    int64_t silent_until = deadline_in_ms(*behind_ms);
    int64_t deadline = deadline_in_ms(RECOVER_MS + *behind_ms);
    unsigned tries = 0;

    do {
        if (tries > 0)
            deadline_wait(deadline_in_ms(RETRY_MS));
        c->outcome->kind = OUTCOME_OPEN;
        c->outcome->turned_away = false;
        if (c->target.answers)
            check_probe(c);
        else
            check_close(c, check_dial(c));
        tries++;
    } while (!check_alive(c) && !deadline_passed(deadline) &&
             (c->outcome->turned_away || tries < ALIVE_TRIES || !deadline_passed(silent_until)));
    if (check_alive(c))
        c->outcome->kind = OUTCOME_HELD;
}

bool supervise_alive(struct run *run, int64_t behind_ms)
{
    int64_t limit = RECOVER_MS + behind_ms + (ALIVE_TRIES + 1) * 2 * run->target.patience_ms;

    if (supervise_target_ended(run))
        return false;
    bool ended = supervise_job(run, probe_alive, &behind_ms, limit);
    const struct outcome *o = run->helper.outcome;
    if (ended && o->kind == OUTCOME_TROUBLE && !run->helper.killed)
        run_fail(run, o->reason);
    return ended && !supervise_target_ended(run) && o->kind == OUTCOME_HELD;
}

bool supervise_sanitizer(struct run *run, char *ret, size_t cap)
{
    const struct tail *t = &run->process.complained;

    if (!run->options->spawn)
        return false;
    process_read(&run->process);
    size_t fresh = (size_t)(t->total - run->sanitizer_seen);
    if (fresh == 0)
        return false;
    run->sanitizer_seen = (size_t)t->total;
    return process_sanitizer_line(t->text + (t->len - size_min(fresh, t->len)), ret, cap);
}
