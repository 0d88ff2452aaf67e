/*
 * A sound conversation of a client with two threads: one sends the lines of standard input without
 * waiting for anything, the other compares what comes back with what has been sent. As in every
 * client here, trouble ends the process.
 */
#ifndef REFERENCE_TWINS_CLIENTS_THREADS_H
#define REFERENCE_TWINS_CLIENTS_THREADS_H

#include "reference/twins-clients/stream.h"

/* For stream_fault.converse; returns when the server has ended its side behind the last reply. */
void threads_converse(struct stream *s);

#endif
