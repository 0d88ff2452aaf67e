/*
 * What both engines of the twins of clients stand on: lines of standard input, what is shown of
 * them, and the end. A twin ends wherever it fails, by client_die or by what its fault does in
 * place of it: nothing here is ever given back but by the end of the process.
 */
#ifndef REFERENCE_TWINS_CLIENTS_CLIENT_H
#define REFERENCE_TWINS_CLIENTS_CLIENT_H

#include "harness/base/buf.h"

/* A line may have so many octets; no reply is kept beyond that. */
enum { CLIENT_LINE_MAX = 1 << 24 };

/* What may go wrong between client and server. */
enum trouble {
    TROUBLE_NOBODY,   /* no connection, or a refusal in place of a reply */
    TROUBLE_SILENCE,  /* no reply in time */
    TROUBLE_FULL,     /* the server does not take the request */
    TROUBLE_END,      /* end of file before the reply was complete */
    TROUBLE_RESET,    /* the connection broke */
    TROUBLE_SURPLUS,  /* octets that nobody asked for */
    TROUBLE_MISMATCH, /* the reply is not the echo of the request */
    TROUBLES,
};

/* Habits that are nobody's fault. */
struct manners {
    unsigned start_ms;  /* passes before it connects */
    const char *prompt; /* in front of each reply */
    bool prints_late;   /* replies are not shown one by one */
    bool talks;         /* tells on standard error what goes well, too */
};

struct client {
    const struct manners *manners;
    struct buf read;    /* what was read of standard input and is no request yet */
    struct buf request; /* the line at hand, with its newline */
    bool input_ended;
    uint64_t shown; /* replies */
};

enum input {
    INPUT_LINE,   /* c->request holds the next line */
    INPUT_END,    /* there is none */
    INPUT_SERVER, /* something happened to the connection meanwhile */
};

void client_open(struct client *c, const struct manners *manners);

/* Waits for the next line; unless it is -1 also for anything at the descriptor. */
enum input client_next(struct client *c, int watched);

/* Prints the reply as it is. */
void client_show(struct client *c, struct slice reply);

/* Says why and ends with status 1. */
_Noreturn void client_die(enum trouble why);

/* Ends as client_die does where our own machine is to blame. */
_Noreturn void client_fail(const char *what);

#endif
