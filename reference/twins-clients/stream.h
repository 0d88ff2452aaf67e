/*
 * The stream engine of the twins of clients: for each line of standard input it sends the line and
 * shows the same octets when they have come back; then it ends its side and waits for the server to
 * end its own. A fault is a row of parameters and hooks; one that is all zero makes a client like
 * the reference.
 */
#ifndef REFERENCE_TWINS_CLIENTS_STREAM_H
#define REFERENCE_TWINS_CLIENTS_STREAM_H

#include "harness/net/net.h"
#include "reference/twins-clients/client.h"

struct stream {
    struct client c;
    const struct stream_fault *fault;
    int fd;
    size_t sent;      /* octets of the request at hand */
    struct buf reply; /* what has come of its reply */
    bool asked;       /* ... and it is not complete */
    bool ending;      /* all replies are there; the server's end is due */
};

struct stream_fault {
    size_t read_max;  /* octets that one read takes; 0: enough */
    size_t write_max; /* ... that one write gives; 0: all */
    int64_t gap_ms;   /* how long a reply that has begun may pause; 0: as any wait */

    bool first_address; /* tries no other address of the name */
    bool binds;         /* chooses its port before it connects */
    bool blind;         /* looks at the connection only where it waits for a reply */
    bool by_line;       /* a reply is whatever comes up to a newline */
    bool one_read;      /* a reply is what one read gives */
    bool by_quiet;      /* a reply is all that comes until it is quiet; see gap_ms */
    bool one_write;     /* a request is what one write takes */
    bool waits_on;      /* no time-out for a reply */
    bool writes_on;     /* ... nor for a request */
    bool spins;         /* asks again and again instead of waiting */
    bool takes_signals; /* a signal ends its waits, and it takes that for an error */
    bool urgent_inline; /* urgent data is part of the stream */
    bool sigpipe;       /* a write to nobody raises SIGPIPE, which kills */
    bool never_shuts;   /* does not end its side, and waits for the server without a time-out */
    bool ignores_rest;  /* takes and forgets whatever comes behind the last reply */
    bool leaves;        /* does not wait for the server's end */

    /* Connected. */
    void (*connected)(struct stream *s);
    /* Something went wrong. True: the reply is taken for complete as it is, or connecting is tried
       again. False: the client ends as it should, see client_die. */
    bool (*failed)(struct stream *s, enum trouble why);
    /* Octets came, and stand at the end of s->reply. */
    void (*heard)(struct stream *s);
    /* In place of the conversation, once connected. */
    void (*converse)(struct stream *s);
};

/* Returns when all went well. */
void stream_run(const struct endpoint *at, const struct manners *manners,
                const struct stream_fault *fault);

/* ---- for hooks ---- */

/* Waits for the events; ends the client where nothing comes in time. */
short stream_wait(struct stream *s, short events);

/* Receives once into s->reply. False at the end, which the fault has then forgiven. */
bool stream_receive(struct stream *s);

/* The end of the conversation, as it should be. */
void stream_finish(struct stream *s);

#endif
