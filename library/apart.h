/*
 * A command of the program, carried out in a forked process of its own, with what it has printed
 * and how it ended. Whatever it does to its process (signals, orphans, standard streams, a crash)
 * leaves ours as it is.
 */
#ifndef LIBRARY_APART_H
#define LIBRARY_APART_H

#include "harness/base/text.h"

enum { APART_SAID_MAX = 64 << 10 };

struct apart {
    int status;      /* what the command returned; -1: its process did not come to that */
    char death[128]; /* ... because it "was killed by signal 11 (Segmentation fault)", or "" */
    struct buf out;  /* what it wrote to standard output, at most out_max octets */
    struct buf said; /* the same of standard error, at most APART_SAID_MAX */
};

/*
 * Carries out the command and waits for its end. The process inherits nothing but the working
 * directory, the environment, the umask and ignored signals; it gets SIGTERM when the calling
 * thread ends. False with the reason where our machine cannot; apart_free in any case.
 */
bool apart_perform(struct apart *ret, int (*command)(int argc, char **argv), char **argv,
                   size_t out_max, struct problem *why) MUST_USE;

void apart_free(struct apart *a);

#endif
