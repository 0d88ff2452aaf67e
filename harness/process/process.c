/* Starting, watching and stopping programs. */
#include "harness/process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/process/procview.h"

enum { POLL_STEP_MS = 5, SHELL_SIGNAL_BASE = 128, CANNOT_START = 126, READS_MAX = 64 };

/* The octets that do not fit any more fall off at the front. A NUL would hide what follows it. */
void tail_add(struct tail *t, struct slice octets)
{
    t->total += octets.len;
    if (octets.len > PROCESS_TAIL_MAX)
        octets = slice_from(octets, octets.len - PROCESS_TAIL_MAX);
    size_t keep = size_min(t->len, PROCESS_TAIL_MAX - octets.len);
    memmove(t->text, t->text + (t->len - keep), keep);
    for (size_t i = 0; i < octets.len; i++)
        t->text[keep + i] = (char)(octets.data[i] ? octets.data[i] : '?');
    t->len = keep + octets.len;
    t->text[t->len] = '\0';
}

static bool pipe_ends(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

static void close_ends(int ends[2])
{
    if (ends[0] >= 0)
        close(ends[0]);
    if (ends[1] >= 0)
        close(ends[1]);
}

_Noreturn static void become(const struct process_options *o, int out, int err)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t none;
    int in = o->input > 0 ? o->input : open("/dev/null", O_RDONLY | O_CLOEXEC);

    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int signal = 1; signal < NSIG; signal++)
        sigaction(signal, &plain, NULL);
    if (o->umask >= 0)
        umask((mode_t)o->umask);
    if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        dup2(err, STDERR_FILENO) >= 0)
        execl("/bin/sh", "sh", "-c", o->command, (char *)NULL);
    _exit(CANNOT_START);
}

bool process_start(struct process *p, const struct process_options *options, struct problem *why)
{
    int out[2] = {-1, -1};
    int err[2] = {-1, -1};

    memset(p, 0, sizeof(*p));
    p->out = p->err = -1;
    pid_t pid = pipe_ends(out) && pipe_ends(err) ? fork() : -1;
    if (pid < 0) {
        problem_ours(why, "cannot start \"%s\": %s", options->command, strerror(errno));
        close_ends(out);
        close_ends(err);
        return false;
    }
    if (pid == 0)
        become(options, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    p->pid = pid;
    p->out = out[0];
    p->err = err[0];
    return true;
}

/* Who writes without end is read on the next time. */
static void read_into(int *fd, struct tail *t)
{
    uint8_t octets[4096];

    for (unsigned i = 0; i < READS_MAX && *fd >= 0; i++) {
        ssize_t n = read(*fd, octets, sizeof(octets));
        if (n > 0) {
            tail_add(t, slice_of(octets, (size_t)n));
        } else if (n == 0) {
            close(*fd);
            *fd = -1;
        } else if (errno != EINTR) {
            return;
        }
    }
}

void process_read(struct process *p)
{
    read_into(&p->out, &p->said);
    read_into(&p->err, &p->complained);
}

bool process_ended(struct process *p)
{
    if (p->pid == 0 || p->ended)
        return true;
    if (waitpid(p->pid, &p->status, WNOHANG) == p->pid)
        p->ended = true;
    return p->ended;
}

bool process_wait(struct process *p, int64_t deadline_us)
{
    while (!process_ended(p)) {
        if (deadline_passed(deadline_us))
            return false;
        process_read(p);
        poll(NULL, 0, POLL_STEP_MS);
    }
    process_read(p);
    return true;
}

void process_stop(struct process *p, int64_t deadline_us)
{
    pid_t members[PROCVIEW_TREE_MAX];
    size_t count = 0;

    if (p->pid == 0)
        return;
    /* Daemons leave the session, so the group is not enough: the tree is taken first. */
    count = procview_tree(p->pid, members, ARRAY_LEN(members));
    /* Once it is reaped, its number may be that of somebody else. */
    if (kill(-p->pid, SIGTERM) != 0 && !p->ended)
        kill(p->pid, SIGTERM); /* not yet the leader of its session */
    if (!process_wait(p, deadline_us)) {
        kill(-p->pid, SIGKILL);
        while (!process_wait(p, deadline_in_ms(1000)))
            kill(p->pid, SIGKILL);
    }
    kill(-p->pid, SIGKILL);
    for (size_t i = 0; i < count; i++) {
        if (members[i] != p->pid && procview_is_ours(members[i], p->pid))
            kill(members[i], SIGKILL);
    }
    process_read(p);
    if (p->out >= 0)
        close(p->out);
    if (p->err >= 0)
        close(p->err);
    p->pid = 0;
    p->out = p->err = -1;
}

void process_kill_tree(pid_t pid)
{
    pid_t tree[PROCVIEW_TREE_MAX];
    size_t count = procview_tree(pid, tree, ARRAY_LEN(tree));

    for (size_t i = 0; i < count; i++) {
        if (tree[i] != getpid())
            kill(tree[i], SIGKILL);
    }
    if (pid != getpid())
        kill(pid, SIGKILL); /* where /proc tells nothing, too */
}

bool process_end_orphans(int64_t deadline_us)
{
    for (;;) {
        pid_t ended;

        do {
            ended = waitpid(-1, NULL, WNOHANG);
        } while (ended > 0); /* thousands, of a server with a process for each client */
        if (ended < 0 && errno != EINTR)
            return true;
        if (deadline_passed(deadline_us))
            return false;
        process_kill_tree(getpid());
        deadline_wait(deadline_in_ms(1));
    }
}

void process_end_text(const struct process *p, char *out, size_t cap)
{
    int signal = 0;
    int status = 0;

    if (!p->ended) {
        text_copy(out, cap, "is running");
        return;
    }
    if (WIFSIGNALED(p->status))
        signal = WTERMSIG(p->status);
    else
        status = WEXITSTATUS(p->status);
    if (status > SHELL_SIGNAL_BASE && status < SHELL_SIGNAL_BASE + NSIG)
        signal = status - SHELL_SIGNAL_BASE;
    if (signal)
        text_format(out, cap, "was killed by signal %d (%s)", signal, strsignal(signal));
    else
        text_format(out, cap, "exited with status %d", status);
}

bool process_ended_well(const struct process *p)
{
    return p->ended && WIFEXITED(p->status) && WEXITSTATUS(p->status) == 0;
}

/* The line around a place in a text. */
static struct slice line_around(const char *text, const char *at)
{
    while (at > text && at[-1] != '\n')
        at--;
    return slice_of((const uint8_t *)at, strcspn(at, "\r\n"));
}

bool process_sanitizer_line(const char *text, char *out, size_t cap)
{
    /* The first that is found anywhere is taken: a summary says more than what it sums up. */
    static const struct {
        const char *mark, *beside; /* both are in the line */
    } marks[] = {
        {"SUMMARY: ", "Sanitizer"},       {"ERROR: AddressSanitizer", ""},
        {"ERROR: LeakSanitizer", ""},     {"WARNING: ThreadSanitizer", ""},
        {"WARNING: MemorySanitizer", ""}, {": runtime error: ", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        for (const char *at = strstr(text, marks[i].mark); at; at = strstr(at + 1, marks[i].mark)) {
            struct slice line = line_around(text, at);

            if (slice_find(line, slice_str(marks[i].beside)) == line.len && *marks[i].beside)
                continue;
            text_format(out, cap, "%.*s", (int)line.len, (const char *)line.data);
            return true;
        }
    }
    return false;
}
