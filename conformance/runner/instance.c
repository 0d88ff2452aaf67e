/* Local views of the target, and instances of it that a check starts for itself. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/runner/conn.h"
#include "harness/base/deadline.h"
#include "harness/net/sockdiag.h"

enum {
    COMMAND_MAX = 8192,
    START_LIMIT_MS = 20000, /* for a target to begin serving; ends early when it dies */
    STOP_LIMIT_MS = 5000,
    TRY_MS = 20,
    SHOWN_TAIL = 160,
    HOW_MAX = 128,
};

struct procview check_view(struct check_ctx *c)
{
    struct procview view = {0};

    if (check_alive(c) && !procview_take(c->target.pid, &view))
        check_trouble(c, "process %d cannot be looked into (/proc)", (int)c->target.pid);
    return view;
}

struct procview check_memory_view(struct check_ctx *c)
{
    struct procview view = check_view(c);

    if (check_alive(c) && view.shadowed)
        check_skipped(c, "a sanitizer keeps what the target frees; build it without one");
    return view;
}

struct look {
    uint16_t port;
    int socktype;
    struct bound bound;
};

static bool look_at(const struct sockdiag_socket *socket, void *closure)
{
    struct look *l = closure;
    bool serves = l->socktype == SOCK_STREAM ? socket->state == SOCKDIAG_LISTEN
                                             : address_port(&socket->peer) == 0;

    if (!serves || address_port(&socket->local) != l->port)
        return true;
    l->bound.any = true;
    l->bound.drops += socket->drops;
    if (address_family(&socket->local) == AF_INET) {
        l->bound.inet = true;
        l->bound.inet_any |= address_is_wildcard(&socket->local);
    } else {
        l->bound.inet6_any |= address_is_wildcard(&socket->local);
    }
    return true;
}

struct bound check_bound(struct check_ctx *c, uint16_t port)
{
    struct look l = {.port = port, .socktype = endpoint_socktype(&c->target.endpoint)};
    struct problem why;

    if (check_alive(c) && !sockdiag_walk(l.socktype, look_at, &l, &why))
        check_trouble(c, "%s", why.text);
    return l.bound;
}

struct far_end {
    struct address near; /* our own address, which is the far end's peer */
    uint16_t port;       /* of the target */
    bool there;
};

static bool match_far_end(const struct sockdiag_socket *socket, void *closure)
{
    struct far_end *f = closure;
    bool held = socket->state == SOCKDIAG_ESTABLISHED || socket->state == SOCKDIAG_CLOSE_WAIT;

    f->there |=
        held && address_port(&socket->local) == f->port && address_eq(&socket->peer, &f->near);
    return !f->there;
}

void check_far_end_gone(struct check_ctx *c, struct conn *conn)
{
    struct far_end f = {.port = address_port(&c->target.address)};
    int64_t deadline = conn_patience(c);
    struct problem why;

    if (!check_alive(c) || c->target.endpoint.kind != ENDPOINT_TCP || !c->target.loopback)
        return;
    if (!net_local(conn->fd, SOCK_STREAM, &f.near))
        check_trouble(c, "getsockname: %s", strerror(errno));
    do {
        f.there = false;
        if (!sockdiag_walk(SOCK_STREAM, match_far_end, &f, &why))
            check_trouble(c, "%s", why.text);
        if (f.there)
            check_pause(c, TRY_MS);
    } while (check_alive(c) && f.there && !deadline_passed(deadline));
    if (f.there)
        check_broken(c, "the target lets go of the connection", "it still holds it after %.1f s",
                     (double)c->target.patience_ms / 1000);
    check_met(c);
}

/* A place of its own for the second instance: another port, another path, another name. */
static bool choose_place(struct check_ctx *c, struct endpoint *e)
{
    if (endpoint_is_unix(e)) {
        if (e->abstract)
            text_format(e->path, sizeof(e->path), "assay-%d-%u", (int)getpid(), c->dialled);
        else
            text_format(e->path, sizeof(e->path), "%s/%d.sock", c->folder, (int)getpid());
        return true;
    }
    e->port = net_free_port(e);
    if (e->port == 0)
        check_trouble(c, "no free port for a second instance");
    return e->port != 0;
}

/* What follows from the endpoint of the instance. */
static bool resolve_place(struct check_ctx *c, struct instance *i)
{
    size_t count = 0;
    struct problem why;

    endpoint_take_program(&i->target.endpoint, &c->target.endpoint);
    endpoint_format(&i->target.endpoint, i->target.url, sizeof(i->target.url));
    if (target_resolve(&i->target.endpoint, &i->target.address, 1, &count, &why))
        return true;
    check_trouble(c, "%s", why.text);
    return false;
}

static bool launch(struct check_ctx *c, const struct check_instance_options *options)
{
    struct instance *i = c->instance;
    struct problem why;
    struct buf command;

    buf_init(&command, COMMAND_MAX);
    bool ok = target_command(c->common->command, &i->target.endpoint, &command, &why);
    if (ok) {
        struct process_options o = {.command = buf_text(&command), .umask = options->umask};

        ok = process_start(&i->process, &o, &why);
        check_tell(c, WHO_KIT, slice_of(NULL, 0), "started: %s", o.command);
    }
    buf_free(&command);
    if (!ok)
        check_trouble(c, "%s", why.text);
    i->target.pid = i->process.pid;
    return ok;
}

/* What the instance said before it died, for the transcript. */
static void tell_end(struct check_ctx *c, struct instance *i)
{
    char how[128];
    struct slice tail = slice_of(i->process.complained.text, i->process.complained.len);

    process_read(&i->process);
    process_end_text(&i->process, how, sizeof(how));
    if (tail.len > SHOWN_TAIL)
        tail = slice_from(tail, tail.len - SHOWN_TAIL);
    check_tell(c, WHO_TARGET, tail, "the process %s; standard error ends:", how);
}

/* While nobody is at the target's port the kernel may choose it for our own socket, which then
   talks to itself. */
static bool is_self(const struct check_ctx *c, const struct conn *conn)
{
    struct address near;

    return !endpoint_is_unix(&c->target.endpoint) &&
           net_local(conn->fd, endpoint_socktype(&c->target.endpoint), &near) &&
           address_eq(&near, &c->target.address);
}

/* True when one exchange (or, without replies, one connection or datagram) works. */
static bool serves(struct check_ctx *c)
{
    struct conn *conn = NULL;

    if (!check_try_dial(c, &conn))
        return false;
    bool ok = !is_self(c, conn);
    if (ok && exchange_medium(c->target.exchange) == EXCHANGE_OVER_DATAGRAMS)
        ok = conn_met(c, conn, 10 * TRY_MS);
    check_close(c, conn);
    return ok;
}

/* Until it serves. False where it does not come to that, with the reason. */
static bool comes_up(struct check_ctx *c, char *how, size_t cap)
{
    struct instance *i = c->instance;
    int64_t deadline = deadline_in_ms(START_LIMIT_MS);

    while (check_alive(c) && !serves(c)) {
        process_read(&i->process);
        if (process_ended(&i->process)) {
            char end[100];

            tell_end(c, i);
            process_end_text(&i->process, end, sizeof(end));
            text_format(how, cap, "the process %s", end);
            return false;
        }
        if (deadline_passed(deadline)) {
            text_format(how, cap, "it does not serve within %d s", START_LIMIT_MS / 1000);
            return false;
        }
        check_pause(c, TRY_MS);
    }
    return check_alive(c);
}

/* A start where one was possible before. */
static void await_service(struct check_ctx *c, const char *expected)
{
    char how[HOW_MAX] = "";

    if (!comes_up(c, how, sizeof(how)) && check_alive(c))
        check_broken(c, expected, "%s", how);
}

/* Servers that run once on a machine, with a lock, a file of their process number or a second port
   that is always the same, are sound: without an instance of its own a check cannot be tried. */
static void await_second(struct check_ctx *c)
{
    char how[HOW_MAX] = "";

    if (!comes_up(c, how, sizeof(how)) && check_alive(c))
        check_skipped(c, "no second instance starts beside the target: %s", how);
}

/* The place may be what keeps it from serving, or that it runs already: whether it starts anywhere
   else tells. */
void check_await_instance(struct check_ctx *c)
{
    static const struct check_instance_options plain = {.umask = -1};
    struct instance *i = c->instance;
    char how[HOW_MAX] = "";

    if (!check_alive(c) || comes_up(c, how, sizeof(how)) || !check_alive(c))
        return;
    process_stop(&i->process, 0);
    if (!choose_place(c, &i->target.endpoint) || !resolve_place(c, i) || !launch(c, &plain))
        return;
    c->target = i->target;
    await_second(c);
    if (check_alive(c))
        check_broken(c, "the target starts at the place that it is given", "%s", how);
}

void check_start_instance(struct check_ctx *c, const struct check_instance_options *options)
{
    if (!check_alive(c))
        return;
    struct instance *i = c->instance = calloc(1, sizeof(*c->instance));
    if (!i) {
        check_trouble(c, "out of memory");
        return;
    }
    i->target = c->target;
    if (options->endpoint)
        i->target.endpoint = *options->endpoint;
    else if (!choose_place(c, &i->target.endpoint))
        return;
    if (!resolve_place(c, i) || !launch(c, options))
        return;
    c->target = i->target;
    if (!options->endpoint)
        await_second(c);
}

static unsigned listeners(const struct check_ctx *c)
{
    unsigned count = 0;

    return sockdiag_count(address_port(&c->target.address), SOCKDIAG_LISTEN, &count, NULL) ? count
                                                                                           : 0;
}

/* While the rival runs: how many more sockets listen on the port than the `own` of the instance,
   which may have one for each family, or for each of its workers. */
static void watch_rival(struct check_ctx *c, struct process *process, unsigned own,
                        struct rival *ret)
{
    int64_t deadline = conn_patience(c);

    while (!process_wait(process, deadline_in_ms(TRY_MS)) && !deadline_passed(deadline)) {
        unsigned count = listeners(c);

        if (count > own + ret->shares)
            ret->shares = count - own;
        if (ret->shares > 0)
            break; /* seen enough */
    }
    ret->ended = process_ended(process);
    ret->well = process_ended_well(process);
}

struct rival check_rival(struct check_ctx *c)
{
    static struct process process;
    struct rival rival = {0};
    struct problem why;
    struct buf command;
    char how[128];

    if (!check_alive(c))
        return rival;
    buf_init(&command, COMMAND_MAX);
    bool ok = target_command(c->common->command, &c->target.endpoint, &command, &why);
    struct process_options o = {.command = buf_text(&command), .umask = -1};
    unsigned own = listeners(c);
    if (ok && process_start(&process, &o, &why)) {
        check_tell(c, WHO_KIT, slice_of(NULL, 0), "started a second time: %s", o.command);
        watch_rival(c, &process, own, &rival);
        process_end_text(&process, how, sizeof(how));
        check_tell(c, WHO_TARGET, slice_of(NULL, 0), "the second instance %s", how);
        process_stop(&process, deadline_in_ms(STOP_LIMIT_MS));
    } else {
        check_trouble(c, "%s", why.text);
    }
    buf_free(&command);
    return rival;
}

/* A shell may have put processes between us and the server: all that got the signal have to end. */
static bool group_ends(struct process *process, const pid_t *tree, size_t count, int64_t deadline)
{
    if (!process_wait(process, deadline))
        return false;
    for (size_t i = 0; i < count; i++) {
        while (getpgid(tree[i]) == process->pid && procview_runs(tree[i])) {
            if (deadline_passed(deadline))
                return false;
            deadline_wait(deadline_in_ms(1));
        }
    }
    return true;
}

void check_end_instance(struct check_ctx *c, int signal)
{
    struct instance *i = c->instance;
    pid_t tree[PROCVIEW_TREE_MAX];

    if (!check_alive(c))
        return;
    size_t count = procview_tree(i->process.pid, tree, ARRAY_LEN(tree));
    check_tell(c, WHO_KIT, slice_of(NULL, 0), "signal %d (%s) to the target", signal,
               strsignal(signal));
    kill(-i->process.pid, signal);
    if (group_ends(&i->process, tree, count,
                   deadline_in_ms(STOP_LIMIT_MS + c->target.patience_ms))) {
        tell_end(c, i);
        return;
    }
    check_broken(c, "the target ends", "it still runs after %.1f s",
                 (double)(STOP_LIMIT_MS + c->target.patience_ms) / 1000);
}

void check_relaunch_instance(struct check_ctx *c)
{
    static const struct check_instance_options plain = {.umask = -1};

    if (!check_alive(c))
        return;
    process_stop(&c->instance->process, 0);
    if (launch(c, &plain))
        c->target.pid = c->instance->target.pid;
}

void check_restart_instance(struct check_ctx *c, const char *expected)
{
    check_relaunch_instance(c);
    if (check_alive(c))
        await_service(c, expected);
    check_met(c);
}

bool check_reachable_or_ended(struct check_ctx *c)
{
    struct process *process = &c->instance->process;
    int64_t deadline = conn_patience(c);

    while (check_alive(c)) {
        if (serves(c))
            return true;
        if (process_ended(process)) {
            tell_end(c, c->instance);
            if (process_ended_well(process))
                check_broken(c, "it serves, or ends with an error", "it ends with status 0");
            check_met(c);
            return false;
        }
        if (deadline_passed(deadline))
            check_broken(c, "it serves, or ends with an error",
                         "it runs for %.1f s and cannot be reached",
                         (double)c->target.patience_ms / 1000);
        check_pause(c, TRY_MS);
    }
    return false;
}
