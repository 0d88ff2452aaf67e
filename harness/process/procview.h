/* What /proc tells of a process of this machine and of all it has started: proc(5). */
#ifndef HARNESS_PROCESS_PROCVIEW_H
#define HARNESS_PROCESS_PROCVIEW_H

#include <sys/types.h>

#include "harness/base/base.h"

enum { PROCVIEW_TREE_MAX = 8192 };

struct procview {
    unsigned processes; /* the process and its descendants */
    unsigned zombies;   /* of these, ended but not waited for */
    unsigned threads;
    unsigned fds;       /* descriptors open in all of them */
    unsigned fds_main;  /* ... in the one that has most */
    uint64_t rss_bytes; /* resident memory of all of them */
    bool shadowed;    /* one maps terabytes, as the shadow memory of a sanitizer (ASan, MSan, TSan):
                         what    it frees stays in a quarantine, so growth says nothing */
    uint64_t busy_ns; /* time on a processor, and waiting for one: what they wanted to run */
    bool runs;        /* one is on a processor or waits for one: this wait is not in busy_ns yet */
};

/* False where the process does not exist or may not be looked into. */
bool procview_take(pid_t pid, struct procview *ret) MUST_USE;

/* A time during which a process and its descendants are watched. */
struct procview_watch {
    pid_t pid;
    int64_t began_us;
    uint64_t busy_ns; /* when it began */
    double ran_ms;    /* what they ran, or wanted to, until procview_busy looked last */
    double took_ms;   /* ... of so much */
};

/* False as procview_take. */
bool procview_watch(pid_t pid, struct procview_watch *ret) MUST_USE;

enum procview_busy {
    PROCVIEW_IDLE,
    PROCVIEW_BUSY, /* they ran, or wanted to, for more than half of the time */
    PROCVIEW_OPEN, /* not so far; but one waits for a processor, and how long it has is not known
                      before that wait ends: ask again soon */
    PROCVIEW_GONE,
};
enum procview_busy procview_busy(struct procview_watch *w);

/* Descriptors open in this process alone; 0 where it cannot be looked into. */
unsigned procview_descriptors(pid_t pid);

/* The process and all that descend from it, at most cap; how many there are. */
size_t procview_tree(pid_t pid, pid_t *ret, size_t cap);

/* True where pid is in the session that `leader` began, or descends from us: it may be ended. */
bool procview_is_ours(pid_t pid, pid_t leader);

/* True where one of the tree holds this socket inode open. */
bool procview_holds_socket(pid_t pid, uint64_t inode);

bool procview_exists(pid_t pid);

/* True where the process exists and has not ended: a zombie has. */
bool procview_runs(pid_t pid);

#endif
