/*
 * A check's context on one end of a socket pair. The test holds the other end, and is the target.
 */
#ifndef TESTS_PAIR_H
#define TESTS_PAIR_H

#include "conformance/runner/check.h"
#include "conformance/runner/conn.h"

struct pair {
    struct check_ctx *c;
    struct conn *conn;
    struct exchange *x;
    struct outcome *outcome;
    int peer; /* our end; does not block */
};

/* `url` says the transport that is played, and `speak` the exchange; the sockets are Unix sockets
   of this type. Fails the test where it cannot. */
void pair_open(struct pair *p, const char *url, const char *speak, int socktype);

/* Where the test has closed the peer itself, peer is -1. */
void pair_close(struct pair *p);

#endif
