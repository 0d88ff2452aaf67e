/*
 * The datagram engine of the twins: an echo server for UDP and Unix datagrams that is right, with
 * places where a fault cuts in. It takes what is waiting, by default one datagram, and answers
 * each to where it came from, from the address that it was sent to.
 */
#ifndef REFERENCE_TWINS_DATAGRAM_H
#define REFERENCE_TWINS_DATAGRAM_H

#include "harness/net/route.h"
#include "reference/twins/run.h"

enum { DATAGRAM_MAX = 65536, DATAGRAM_BATCH = 64 };

struct datagram {
    struct route route;
    bool done; /* needs no answer any more */
    size_t len;
    uint8_t data[2 * DATAGRAM_MAX]; /* behind len: what was there before */
};

struct datagram_server {
    const struct run *run;
    const struct datagram_fault *fault;
    bool inet;
    uint16_t port;
    struct datagram *items; /* DATAGRAM_BATCH of them, those before `count` in use */
    size_t count;
    unsigned in_a_row; /* datagrams taken without having to wait for one */
    bool mute;         /* answers nothing any more */
};

struct datagram_fault {
    size_t limit;         /* a number for the hook */
    unsigned turn_ms;     /* time from waking up to looking */
    size_t batch;         /* datagrams taken in a turn; 0: 1 */
    bool no_destination;  /* does not ask where a datagram was sent to */
    bool takes_errors;    /* has the kernel report ICMP errors (IP_RECVERR) */
    bool leaves_errors;   /* ... and does not take the reports out of the queue */
    bool answers_anybody; /* also port 0 and clients without a name */
    bool waits_for_room;  /* a send waits until the client has read */

    /* In place of datagram_answer with what came. */
    void (*answer)(struct datagram_server *s, struct datagram *d);
    /* All of a turn are answered. */
    void (*turn)(struct datagram_server *s);
    /* Receiving or sending failed. */
    void (*failed)(struct datagram_server *s, int error, bool sending);
};

/* Serves until `run->stop` is readable. False where the machine fails us. */
bool datagram_serve(const struct run *run, const struct datagram_fault *fault);

/* For hooks. */
void datagram_answer(struct datagram_server *s, struct datagram *d, struct slice body);
void datagram_answer_from(struct datagram_server *s, int fd, struct datagram *d, struct slice body);

#endif
