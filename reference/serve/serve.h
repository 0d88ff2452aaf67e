/*
 * What the echo server, its twins and the MSGPROG server of our own do alike around serving:
 * signals that a loop can wait for, the line READY URL, and the name under which somebody called
 * them.
 */
#ifndef REFERENCE_SERVE_SERVE_H
#define REFERENCE_SERVE_SERVE_H

#include "harness/net/net.h"

/* A descriptor that is readable once SIGTERM or SIGINT has come, so that a loop can wait for it as
   for anything; SIGPIPE is ignored. -1 with errno. */
int serve_stop_descriptor(void);

/* Prints READY URL: the endpoint as it is, with the port that was chosen where 0 was asked. False
   with errno where standard output fails. */
bool serve_say_ready(const struct endpoint *asked, int listener);

/* How the program was called, for a usage: `assay serve` says so in argv[0]. */
const char *serve_name(char **argv);

/* Whether help is asked for anywhere on the command line. */
bool serve_wants_help(int argc, char **argv);

#endif
