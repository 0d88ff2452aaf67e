/* How a program that serves in a loop hears that it is to end. */
#ifndef HARNESS_BASE_STOP_H
#define HARNESS_BASE_STOP_H

/* A descriptor that is readable once SIGTERM or SIGINT has come, so that a loop can wait for it as
   for anything; SIGPIPE is ignored. -1 with errno. */
int stop_descriptor(void);

#endif
