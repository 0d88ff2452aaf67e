/*
 * The tape of a check: what happened on its connections, uncut, in memory that the check's process
 * shares with the runner, like the outcome. It runs only where evidence is wanted. The check
 * writes; when its process has ended and the check broke, the runner takes an exhibit off the tape,
 * and trusts no length on it.
 *
 * Of a connection the first TAPE_KEPT octets of each direction are kept whole, and of every further
 * act its first EVENT_BYTES_MAX. What the tape has no room for is counted.
 */
#ifndef CONFORMANCE_RUNNER_TAPE_H
#define CONFORMANCE_RUNNER_TAPE_H

#include "harness/report/exhibit.h"

enum { TAPE_KEPT = 1 << 16, TAPE_SOCKETS = 8192, TAPE_OWN = 8192, TAPE_ASIDE = 400 };

/* What is known of the check but its acts. */
struct tape_label {
    bool used;    /* a check has begun on it */
    bool settled; /* what follows is no part of the exhibit */
    bool silent;
    bool inside;
    bool we_serve;
    enum exhibit_medium medium;
    int64_t began_us; /* since the epoch */
    int64_t settled_us;
    size_t ip_len;
    uint8_t target_ip[EXHIBIT_IP_MAX];
    uint8_t our_ip[EXHIBIT_IP_MAX];
    bool our_ip_known;
    uint16_t port;
    char path[128];
    char aside[TAPE_ASIDE];
    char sockets[TAPE_SOCKETS];
    char own[TAPE_OWN];
};

struct tape;

/* A tape that parent and child share; NULL where there is no memory. */
struct tape *tape_new(void);
void tape_free(struct tape *t);

/* Empties it, and gives its memory back. */
void tape_reset(struct tape *t);

struct tape_label *tape_label(struct tape *t);

/* Adds an act with its words and octets; `octets` are all there were, `length` and `hash` follow
   from them. */
void tape_put(struct tape *t, const struct act *act);

/* When the last act was; 0 where there is none. */
int64_t tape_last_us(const struct tape *t);

/* Adds flags to the last act. */
void tape_mark(struct tape *t, unsigned flags);

/* A copy for the report. An empty one for a null tape; NULL where there is no memory. exhibit_free
   gives it back. */
struct exhibit *tape_exhibit(const struct tape *t);
void exhibit_free(struct exhibit *e);

/* Adds what the runner knows of the target: how it ended or that it runs, and its words. */
void exhibit_put_state(struct exhibit *e, const char *state);
void exhibit_put_words(struct exhibit *e, struct slice said, struct slice complained);

#endif
