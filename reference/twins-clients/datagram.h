/*
 * The datagram engine of the twins of clients: sends each line of standard input, without its
 * newline, as one datagram, sends it again when no reply comes, with doubled waits and a bound, and
 * shows the reply that is its echo. A fault is a row of parameters and hooks; one that is all zero
 * makes a client like the reference.
 */
#ifndef REFERENCE_TWINS_CLIENTS_DATAGRAM_H
#define REFERENCE_TWINS_CLIENTS_DATAGRAM_H

#include "harness/net/net.h"
#include "reference/twins-clients/client.h"

struct datagram {
    struct client c;
    const struct datagram_fault *fault;
    int fd;
    struct address server;
    struct slice text;     /* the line at hand */
    struct buf sent;       /* the datagram that was last sent for it */
    struct buf before;     /* the text of the line before */
    unsigned tries;        /* how often the line at hand was sent */
    unsigned tries_before; /* ... and the one before */
    struct slice reply;
    size_t reply_len; /* before it was cut to the buffer */
};

/* Whom a reply may come from. By default the socket is connected, and the kernel sees to it. */
enum source {
    SOURCE_CONNECTED,
    SOURCE_EXACT,   /* compared by ourselves */
    SOURCE_ADDRESS, /* from any port of the server's address */
    SOURCE_PORT,    /* from the server's port at any address */
};

struct datagram_fault {
    int64_t wait_ms; /* for the first reply; 0: a fifth of a second */
    unsigned growth; /* of the wait, in per cent; 0: 200 */
    unsigned tries;  /* 0: enough */
    bool for_ever;   /* no bound on tries */
    bool waits_on;   /* one try, without a time-out */
    bool spins;      /* asks again and again instead of waiting */
    bool binds;      /* chooses its port by itself */
    size_t buffer;   /* of replies; 0: as large as a datagram may be */
    enum source source;

    /* What a try sends, into s->sent. By default the text. */
    void (*compose)(struct datagram *s);
    /* Whether s->reply answers the request. By default it is the text, octet by octet. */
    bool (*accepts)(struct datagram *s);
    /* In place of showing the text. */
    void (*show)(struct datagram *s);
    /* As in stream.h; true: the refusal is passed over. */
    bool (*failed)(struct datagram *s, enum trouble why);
    /* In place of the conversation. */
    void (*converse)(struct datagram *s);
};

/* Returns when all went well. */
void datagram_run(const struct endpoint *at, const struct manners *manners,
                  const struct datagram_fault *fault);

/* ---- for hooks ---- */

/* Makes the next line the text at hand; false at the end of the input. */
bool datagram_next(struct datagram *s);

/* Sends the text at hand once more. */
void datagram_send(struct datagram *s);

/* Waits for a reply from whom it may come; false where none comes before the deadline. */
bool datagram_receive(struct datagram *s, int64_t deadline_us);

/* Sends the text at hand and shows its reply. */
void datagram_exchange(struct datagram *s);

/* Shows the octets as a line. */
void datagram_show(struct datagram *s, struct slice octets);

/* Replies that pass for the echo of the text, for accepts. */
bool datagram_is_echo(struct datagram *s);

#endif
