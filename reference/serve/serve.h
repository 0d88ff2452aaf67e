/*
 * What the echo server, its twins and the MSGPROG server of our own do alike around serving: the
 * line READY URL, and the name under which somebody called them.
 */
#ifndef REFERENCE_SERVE_SERVE_H
#define REFERENCE_SERVE_SERVE_H

#include "harness/net/net.h"

/* Raises the soft limit of descriptors to the hard one (getrlimit(2)): who serves everybody needs
   one for each. Where that fails the limit stays as it is. */
void serve_raise_descriptors(void);

/* Prints READY URL: the endpoint as it is, with the port that was chosen where 0 was asked. False
   with errno where standard output fails. */
bool serve_say_ready(const struct endpoint *asked, int listener);

/* How the program was called, for a usage: `assay serve` says so in argv[0]. */
const char *serve_name(char **argv);

/* Whether help is asked for anywhere on the command line. */
bool serve_wants_help(int argc, char **argv);

#endif
