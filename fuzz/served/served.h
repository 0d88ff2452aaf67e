/*
 * Our own MSGPROG server (reference/msgprog-own) without sockets and without a disk: its record
 * reader, its dispatcher and its XDR, over a store in memory that stands in for the one of
 * reference/store. What is left out is peer.c and server.c: how octets come and go, and how long a
 * client may wait with reading its replies.
 */
#ifndef FUZZ_SERVED_SERVED_H
#define FUZZ_SERVED_SERVED_H

#include "harness/base/slice.h"

/* Octets of a message; a longer one ends the connection, as in the server. */
enum { SERVED_RECORD_MAX = 2048 };

/* Forgets all messages. */
void served_forget(void);

/* A new connection, which ends with served_end. There is one at a time. */
void served_begin(void);
void served_end(void);

/* The next octets that the client sends. False where it was refused: no more is read. */
bool served_take(struct slice octets);

/* What the server has sent so far; valid until the next call. */
struct slice served_sent(void);

#endif
