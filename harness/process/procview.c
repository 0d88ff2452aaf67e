/* Reading /proc. */
#include "harness/process/procview.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/base/text.h"

enum { PATH_LEN = 128, LINE_LEN = 1024, NS_PER_TICK_BASE = 1000000000 };

static const uint64_t SHADOW_BYTES = (uint64_t)4 << 40; /* ASan maps 20 TiB on x86-64 */

struct stat_line {
    char state;
    pid_t parent;
    pid_t session;
    unsigned threads;
    uint64_t ticks;
};

static bool read_line(const char *path, char *line, size_t cap)
{
    FILE *file = fopen(path, "re");

    if (!file)
        return false;
    bool ok = fgets(line, (int)cap, file) != NULL;
    fclose(file);
    return ok;
}

/* The fields behind the command's name, which may itself hold blanks and brackets. */
static bool read_stat_line(const char *path, struct stat_line *ret)
{
    char line[LINE_LEN];
    int parent, session;
    unsigned long user, kernel;
    long threads;

    if (!read_line(path, line, sizeof(line)))
        return false;
    const char *rest = strrchr(line, ')');
    if (!rest)
        return false;
    int n = sscanf(rest + 1, /* NOLINT(cert-err34-c): the kernel's own numbers */
                   " %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %ld",
                   &ret->state, &parent, &session, &user, &kernel, &threads);
    if (n != 6)
        return false;
    ret->parent = parent;
    ret->session = session;
    ret->threads = (unsigned)threads;
    ret->ticks = user + kernel;
    return true;
}

static bool read_stat(pid_t pid, struct stat_line *ret)
{
    char path[PATH_LEN];

    text_format(path, sizeof(path), "/proc/%d/stat", (int)pid);
    return read_stat_line(path, ret);
}

/* Calls visit for each numeric entry of a directory of /proc. */
static void each_number(const char *path, void (*visit)(int number, void *closure), void *closure)
{
    DIR *dir = opendir(path);

    if (!dir)
        return;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        uint64_t number = 0;

        if (text_number(entry->d_name, 0, INT32_MAX, &number))
            visit((int)number, closure);
    }
    closedir(dir);
}

struct family {
    pid_t *members;
    size_t cap;
    size_t count;
    struct {
        pid_t pid, parent;
    } all[PROCVIEW_TREE_MAX * 8];
    size_t known;
};

static void learn_parent(int number, void *closure)
{
    struct family *f = closure;
    struct stat_line stat;

    if (f->known < ARRAY_LEN(f->all) && read_stat(number, &stat)) {
        f->all[f->known].pid = number;
        f->all[f->known].parent = stat.parent;
        f->known++;
    }
}

size_t procview_tree(pid_t pid, pid_t *ret, size_t cap)
{
    struct family *f = calloc(1, sizeof(*f));
    struct stat_line stat;

    if (!f)
        return 0;
    f->members = ret;
    f->cap = cap;
    if (cap > 0 && read_stat(pid, &stat))
        ret[f->count++] = pid;
    each_number("/proc", learn_parent, f);
    /* Breadth first: each member brings its children behind those already there. */
    for (size_t at = 0; at < f->count; at++) {
        for (size_t i = 0; i < f->known && f->count < cap; i++) {
            if (f->all[i].parent == ret[at] && f->all[i].pid != ret[at])
                ret[f->count++] = f->all[i].pid;
        }
    }
    size_t count = f->count;
    free(f);
    return count;
}

static void count_entry(int number UNUSED, void *closure)
{
    unsigned *count = closure;

    (*count)++;
}

static void add_memory(struct procview *v, pid_t pid)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    char path[PATH_LEN];
    char line[LINE_LEN];
    uint64_t mapped = 0;
    uint64_t resident = 0;

    text_format(path, sizeof(path), "/proc/%d/statm", (int)pid);
    if (!read_line(path, line, sizeof(line)) ||
        sscanf(line, "%" SCNu64 " %" SCNu64, &mapped, &resident) != 2) /* NOLINT(cert-err34-c) */
        return;
    v->rss_bytes += resident * page;
    v->shadowed |= mapped > SHADOW_BYTES / page;
}

struct busy {
    pid_t pid;
    uint64_t ns;
    bool known;
    bool runs;
};

/* schedstat holds the time on a processor and the time spent waiting for one, in nanoseconds. */
static void add_thread(int thread, void *closure)
{
    struct busy *b = closure;
    char path[PATH_LEN];
    char line[LINE_LEN];
    struct stat_line stat;
    uint64_t run = 0;
    uint64_t wait = 0;

    text_format(path, sizeof(path), "/proc/%d/task/%d/schedstat", (int)b->pid, thread);
    if (read_line(path, line, sizeof(line)) &&
        sscanf(line, "%" SCNu64 " %" SCNu64, &run, &wait) == 2) { /* NOLINT(cert-err34-c) */
        b->ns += run + wait;
        b->known = true;
    }
    text_format(path, sizeof(path), "/proc/%d/task/%d/stat", (int)b->pid, thread);
    b->runs |= read_stat_line(path, &stat) && stat.state == 'R';
}

static void add_time(struct procview *v, pid_t pid, const struct stat_line *stat)
{
    struct busy b = {.pid = pid};
    char path[PATH_LEN];

    text_format(path, sizeof(path), "/proc/%d/task", (int)pid);
    each_number(path, add_thread, &b);
    v->busy_ns +=
        b.known ? b.ns : stat->ticks * (NS_PER_TICK_BASE / (uint64_t)sysconf(_SC_CLK_TCK));
    v->runs |= b.runs;
}

unsigned procview_descriptors(pid_t pid)
{
    char path[PATH_LEN];
    unsigned count = 0;

    text_format(path, sizeof(path), "/proc/%d/fd", (int)pid);
    each_number(path, count_entry, &count);
    return count;
}

static void add_process(pid_t pid, struct procview *v)
{
    struct stat_line stat;
    unsigned fds = procview_descriptors(pid);

    if (!read_stat(pid, &stat))
        return;
    v->processes++;
    v->zombies += stat.state == 'Z';
    v->threads += stat.threads;
    v->fds += fds;
    v->fds_main = v->fds_main > fds ? v->fds_main : fds;
    add_memory(v, pid);
    add_time(v, pid, &stat);
}

bool procview_take(pid_t pid, struct procview *ret)
{
    pid_t members[PROCVIEW_TREE_MAX];
    struct procview v = {0};
    char path[PATH_LEN];

    text_format(path, sizeof(path), "/proc/%d/fd", (int)pid);
    if (access(path, R_OK) != 0)
        return false;
    size_t count = procview_tree(pid, members, ARRAY_LEN(members));
    for (size_t i = 0; i < count; i++)
        add_process(members[i], &v);
    if (v.processes == 0)
        return false;
    *ret = v;
    return true;
}

bool procview_watch(pid_t pid, struct procview_watch *ret)
{
    struct procview v;

    if (!procview_take(pid, &v))
        return false;
    *ret = (struct procview_watch){.pid = pid, .began_us = deadline_now_us(), .busy_ns = v.busy_ns};
    return true;
}

/* The clock is read within the two looks: we may be set aside between the two ourselves, and the
   time that takes is not held against who was busy in it. */
enum procview_busy procview_busy(struct procview_watch *w)
{
    struct procview v;
    int64_t now_us = deadline_now_us();

    if (!procview_take(w->pid, &v))
        return PROCVIEW_GONE;
    w->took_ms = (double)(now_us - w->began_us) / 1e3;
    w->ran_ms = v.busy_ns > w->busy_ns ? (double)(v.busy_ns - w->busy_ns) / 1e6 : 0;
    if (w->ran_ms > w->took_ms / 2)
        return PROCVIEW_BUSY;
    return v.runs ? PROCVIEW_OPEN : PROCVIEW_IDLE;
}

bool procview_is_ours(pid_t pid, pid_t leader)
{
    struct stat_line stat;

    if (!read_stat(pid, &stat))
        return false;
    return stat.session == leader || stat.parent == getpid();
}

bool procview_exists(pid_t pid)
{
    return kill(pid, 0) == 0 || errno == EPERM;
}

bool procview_runs(pid_t pid)
{
    struct stat_line stat;

    if (!read_stat(pid, &stat) || stat.state == 'X')
        return false;
    /* The first thread of several may have ended while the others still hold its sockets. */
    return stat.state != 'Z' || stat.threads > 1;
}

static bool fd_is(pid_t pid, const char *name, const char *wanted)
{
    char path[PATH_LEN];
    char link[PATH_LEN];

    text_format(path, sizeof(path), "/proc/%d/fd/%s", (int)pid, name);
    ssize_t n = readlink(path, link, sizeof(link) - 1);
    if (n < 0)
        return false;
    link[n] = '\0';
    return text_eq(link, wanted);
}

static bool process_holds(pid_t pid, const char *wanted)
{
    char path[PATH_LEN];
    bool found = false;

    text_format(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *dir = opendir(path);
    if (!dir)
        return false;
    for (struct dirent *entry = readdir(dir); entry && !found; entry = readdir(dir))
        found = fd_is(pid, entry->d_name, wanted);
    closedir(dir);
    return found;
}

bool procview_holds_socket(pid_t pid, uint64_t inode)
{
    pid_t members[PROCVIEW_TREE_MAX];
    char wanted[PATH_LEN];
    size_t count = procview_tree(pid, members, ARRAY_LEN(members));

    text_format(wanted, sizeof(wanted), "socket:[%" PRIu64 "]", inode);
    for (size_t i = 0; i < count; i++) {
        if (process_holds(members[i], wanted))
            return true;
    }
    return false;
}
