/*
 * A program that the kit starts, watches and stops: a target, a reference, a client under test.
 * It runs in a session of its own, so that a terminal's Ctrl-C reaches only the kit, and the whole
 * group can be stopped. What it writes is read without blocking; the last part of it is kept.
 */
#ifndef HARNESS_PROCESS_PROCESS_H
#define HARNESS_PROCESS_PROCESS_H

#include <sys/types.h>

#include "harness/base/text.h"

enum { PROCESS_TAIL_MAX = 16384 };

/* The end of what a stream has said, and how much of it there was. */
struct tail {
    char text[PROCESS_TAIL_MAX + 1];
    size_t len;
    uint64_t total;
};

struct process_options {
    const char *command; /* for sh -c */
    int umask;           /* for the program; -1: ours */
    int input;           /* a descriptor for its standard input, or 0: there is none. Stays the
                            caller's */
};

struct process {
    pid_t pid; /* 0: not running */
    int out;   /* its standard output and error, or -1 */
    int err;
    bool ended;
    int status;             /* as waitpid(2) gives it, once ended */
    struct tail said;       /* standard output */
    struct tail complained; /* standard error */
};

/* Starts the program. False with the reason where our machine cannot. */
bool process_start(struct process *p, const struct process_options *options,
                   struct problem *why) MUST_USE;

/* Reads what the program has written so far; never waits. */
void process_read(struct process *p);

/* Asks whether the program has ended; true from then on. Never waits. */
bool process_ended(struct process *p);

/* Waits until it has ended or the deadline passes. */
bool process_wait(struct process *p, int64_t deadline_us);

/* Ends the program and everything it has started: SIGTERM, then, past the deadline, SIGKILL. The
   process is then as before process_start, its tails kept. */
void process_stop(struct process *p, int64_t deadline_us);

/* Ends all our children and theirs, whoever started them; for a process that takes in orphans
   (PR_SET_CHILD_SUBREAPER) and waits for none of them any more. One may start another between a
   look and its end, so it is looked again until none is left. False where that has no end before
   the deadline: some start others faster than anybody can look, or hang in the kernel. */
bool process_end_orphans(int64_t deadline_us);

/* SIGKILL for the process and all that descend from it, but never for ourselves. */
void process_kill_tree(pid_t pid);

/* How it ended: "exited with status 1", "was killed by signal 11 (Segmentation fault)". A shell's
   128 + N is told as signal N. */
void process_end_text(const struct process *p, char *out, size_t cap);

/* True where it ended by itself without a complaint: status 0. */
bool process_ended_well(const struct process *p);

/* Appends octets to a tail; a NUL becomes a question mark. */
void tail_add(struct tail *t, struct slice octets);

/*
 * The line in which a sanitizer of gcc or clang names its find ("SUMMARY: AddressSanitizer: ...",
 * "...: runtime error: ..."). False where there is none.
 */
bool process_sanitizer_line(const char *text, char *out, size_t cap);

#endif
