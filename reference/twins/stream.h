/*
 * The stream engine of the twins: an echo server for TCP and Unix streams that is right, with
 * places where a fault cuts in. A fault is a row of parameters and hooks; one that is all zero
 * makes a server like the reference.
 *
 * One process serves any number of clients. With nothing to send to a client the engine reads; with
 * something to send it writes, and reads on when all of it is out.
 */
#ifndef REFERENCE_TWINS_STREAM_H
#define REFERENCE_TWINS_STREAM_H

#include <sys/types.h>

#include "harness/base/buf.h"
#include "reference/twins/run.h"

enum { STREAM_READ = 16384 };

/* What becomes of a connection after a hook. */
enum act {
    ACT_GO_ON,
    ACT_DROP,   /* it is closed */
    ACT_FORGET, /* it is watched no longer, and stays open */
};

/* What the engine does when there are no descriptors for those who wait. */
enum full {
    FULL_WAITS, /* tries again when one was closed, and now and then */
    FULL_SPINS, /* tries again at once */
    FULL_ENDS,  /* takes nobody any more */
};

struct client {
    struct client *next; /* the list of all, the oldest first */
    struct client *previous;
    int fd;          /* -1: dropped in this turn */
    unsigned number; /* of the connection, from 1 */
    bool forgotten;
    bool over;     /* nothing more is read; the connection ends when all is sent */
    bool fin_seen; /* with EPOLLRDHUP in `events`: the client has half-closed */
    uint32_t watched;
    struct buf out; /* octets before out_at are sent */
    size_t out_at;
    uint64_t heard;    /* octets that came, those of the read at hand included */
    uint64_t reads;    /* as many as gave something, likewise */
    size_t last_len;   /* of the read before */
    int64_t active_us; /* when something was last read or sent */
    uint64_t memo;     /* what the fault keeps of this client */
};

struct server {
    const struct run *run;
    const struct stream_fault *fault;
    int epoll;
    bool full; /* the listener is not watched until a descriptor is free */
    bool shut; /* ... nor ever again */
    struct client *clients;
    struct client *newest;
    struct client *dropped; /* freed at the end of the turn: an event may still name them */
    unsigned accepted;
    unsigned open;               /* clients that are watched */
    unsigned turn_reads;         /* reads that gave something, in this turn */
    int64_t tick_us;             /* when the next tick is due */
    uint8_t octets[STREAM_READ]; /* what the last read gave, whoever it was for */
};

struct stream_fault {
    size_t limit;        /* a number for the hook */
    size_t read_max;     /* octets that one read takes; 0: STREAM_READ */
    unsigned turn_ms;    /* time from waking up to looking: what comes meanwhile comes together */
    unsigned tick_ms;    /* how often `tick` is called; 0: never */
    unsigned accepts;    /* connections taken when somebody waits; 0: enough */
    uint32_t events;     /* watched for every client, beside what is needed */
    bool listener_edge;  /* the listener is watched edge-triggered */
    bool reads_on;       /* reads also while there is something to send */
    bool raises_sigpipe; /* a send to nobody raises SIGPIPE, which kills */
    int send_buffer;     /* SO_SNDBUF of every connection; 0: the system's */
    enum full full;

    /* A connection was taken; what is put into c->out is sent first. */
    enum act (*welcome)(struct server *s, struct client *c);
    /* Something happened to the connection, and nothing is done about it yet. */
    enum act (*look)(struct server *s, struct client *c, uint32_t events);
    /* In place of recv(2). */
    ssize_t (*receive)(struct client *c, void *octets, size_t cap);
    /* Octets came: puts the answer into c->out. In place of stream_echo. */
    enum act (*answer)(struct server *s, struct client *c, struct slice got);
    /* In place of stream_send. */
    ssize_t (*send)(struct server *s, struct client *c, struct slice octets);
    /* The end of file came. By default the connection ends when all is sent. */
    enum act (*ended)(struct server *s, struct client *c);
    /* Receiving or sending failed. By default the connection is dropped. */
    enum act (*failed)(struct server *s, struct client *c, int error, bool sending);
    /* The connection is about to be closed. */
    void (*leave)(struct server *s, struct client *c);
    void (*tick)(struct server *s);
};

/* Serves until `run->stop` is readable. False where the machine fails us. */
bool stream_serve(const struct run *run, const struct stream_fault *fault);

/* For hooks. */
void stream_echo(struct server *s, struct client *c, struct slice got);
ssize_t stream_send(struct server *s, struct client *c, struct slice octets);
void stream_drop(struct server *s, struct client *c);
void stream_forget(struct server *s, struct client *c);
void stream_refuse(struct server *s);                  /* takes nobody any more */
void stream_flush(struct server *s, struct client *c); /* sends what was put into c->out */
bool stream_sending(const struct client *c);
int64_t stream_idle_ms(const struct client *c);

#endif
