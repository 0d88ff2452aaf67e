/*
 * A tap: a relay between libtirpc and the server, through which every octet of a call goes and is
 * kept. libtirpc has no hook for this; a socket of the right type to talk to is all it needs.
 */
#ifndef REFERENCE_MSG_TAP_H
#define REFERENCE_MSG_TAP_H

#include <pthread.h>

#include "harness/net/net.h"

struct tap {
    int near_fd;          /* for libtirpc; whoever makes the tap closes it */
    struct address hello; /* where libtirpc is to send datagrams */
    int inner;
    int far;
    int stop[2];
    bool datagram;
    bool running;
    pthread_t thread;
    struct buf sent;   /* the octets of a stream; of datagrams the first one */
    struct buf heard;  /* the octets of a stream; of datagrams the last one */
    unsigned requests; /* datagrams that were sent: more than one where it was sent again */
    int64_t sent_us;   /* when the first octets went out and came back; 0: never */
    int64_t heard_us;
};

/* Starts a relay to `far`, a connected socket that then belongs to the tap. False with the reason.
   tap_stop is due in any case. */
bool tap_start(struct tap *t, int far, bool datagram, struct problem *why) MUST_USE;

/* Stops the relay: sent and heard are then at rest. */
void tap_stop(struct tap *t);
void tap_free(struct tap *t);

#endif
