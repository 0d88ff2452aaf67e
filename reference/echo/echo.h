/*
 * The reference echo servers. Each kind of socket has a loop of its own; all of them answer every
 * message with an optional prefix and what was in it, and serve until a signal asks them to end.
 */
#ifndef REFERENCE_ECHO_ECHO_H
#define REFERENCE_ECHO_ECHO_H

#include "harness/net/net.h"

enum { ECHO_PREFIX_MAX = 256 };

struct echo {
    int listener;
    int stop;            /* becomes readable when the server is asked to end */
    struct slice prefix; /* at most ECHO_PREFIX_MAX octets */
};

/* Each serves until `stop` is readable. False where the machine fails them. */
bool echo_stream(const struct echo *e);   /* TCP and Unix streams: a prefix for each read */
bool echo_record(const struct echo *e);   /* Unix seqpacket: a prefix for each record */
bool echo_datagram(const struct echo *e); /* UDP and Unix datagrams */

#endif
