/*
 * What both MSGPROG servers do before they serve and after: options, listeners, the store, the
 * lines READY URL, and the end. How they serve is their own.
 */
#ifndef REFERENCE_SETUP_SETUP_H
#define REFERENCE_SETUP_SETUP_H

#include "harness/net/net.h"
#include "reference/store/store.h"

enum { SETUP_PLACES_MAX = 16, SETUP_OK = 0, SETUP_TROUBLE = 1, SETUP_USAGE = 2 };

struct place_served {
    struct endpoint at; /* with the port that was chosen */
    int fd;             /* listening, or bound for datagrams; non-blocking */
};

struct setup {
    const char *program; /* the name in messages */
    struct place_served places[SETUP_PLACES_MAX];
    size_t count;
    struct store *store;
    bool registers;
    struct store_limits limits;
    const char *data;
};

/*
 * Reads the command line, opens the store and the listeners. SETUP_OK, or the exit status after one
 * line on standard error. setup_end is due in any case. Without --data the store is a temporary
 * file that has no name any more once this returns, so nothing is left behind whatever happens.
 */
int setup_begin(struct setup *s, const char *program, int argc, char **argv);

/* Prints READY URL for every place. False where standard output fails. */
bool setup_say_ready(const struct setup *s);

/* Removes the socket files and closes what is open. */
void setup_end(struct setup *s);

/* Says why something was refused, for the first time and then once in a thousand: a client must not
   fill the log, or block the server behind a pipe that nobody reads. */
void setup_complain(const char *what, const struct problem *why);

/*
 * Reads rpc+tcp://HOST:PORT[/PROGRAM/VERSION], rpc+udp://..., rpc+unix:PATH[...], also without
 * rpc+. Program and version, where they stand, must be those of msg.x. False with the reason.
 */
bool setup_read_url(const char *url, struct endpoint *ret, struct problem *why) MUST_USE;

#endif
