/*
 * The other side of the kit: the program under test is a client, and the check plays its server.
 * A check of the suite `client` starts the user's command once or several times, gives it texts to
 * ask for, misbehaves as its claim says, and judges what the client does and how it ends. The steps
 * below follow the rules of conformance/runner/check.h: the first thing that goes wrong settles the
 * check, and every later step does nothing. The context owns sockets, process and files.
 *
 * What a text is: a word that the kit makes up for each request. The client asks for it, on its
 * command line ({text}) or in a line of its standard input, and shows the answer to it. So a check
 * knows which request came, which reply is due, and whether what the client shows is the answer, a
 * part of it, or the forged one that a check has sent in its stead.
 *
 * A client may end at any time: that a connection is gone is never trouble, and what counts is
 * judged at the end. How long the kit waits for an end is the patience of the run; it is the
 * longest time that the client may take to give up.
 */
#ifndef CONFORMANCE_CLIENT_CLIENT_H
#define CONFORMANCE_CLIENT_CLIENT_H

#include "conformance/runner/check.h"

enum {
    CLIENT_TEXTS = 3,      /* texts of a run, at most */
    CLIENT_TEXT_MAX = 512, /* octets of one, with its NUL */
    CLIENT_COPIES = 64,    /* datagrams whose time of arrival is kept */
};

/* Where the client is told what to ask for. */
enum client_input {
    CLIENT_LINES,    /* a text per line of its standard input, then the end of it */
    CLIENT_ARGUMENT, /* {text} in its command: one request in a run */
    CLIENT_FIXED,    /* it always asks the same: one request in a run, without a text */
};

/* What a rehearsal with an honest server has shown. */
struct client_facts {
    bool works;           /* status 0 */
    bool shows;           /* ... and the answer was on its standard output */
    unsigned shown_times; /* ... so often: some show the question, too */
    unsigned asks;        /* of CLIENT_TEXTS texts, how many it has asked for */
    bool pipelines;       /* it asks on before it has its answer */
    bool reconnects;      /* it makes a connection for each request */
    bool pings;           /* RPC: it calls NULL and nothing else, so that is what it asks for */
    size_t before;        /* octets of a request in front of the text */
    size_t after;         /* ... and behind it */
    size_t whole;         /* octets of a request without a text */
    int64_t took_us;      /* the run with one text */
};

/* The client of a run: what the user said of it, borrowed, and what was found out. It lies in
   memory that the runner shares with its jobs. */
struct client {
    const char *command; /* for sh -c, with {host} {port} {path} {url} {text} */
    bool moves;          /* it can be told any place: each job serves at one of its own */
    enum client_input input;
    struct slice reply;       /* --reply: the true reply, or empty: as the exchange says */
    struct slice request_end; /* --request-end: where a fixed request ends, or empty */
    const char *shows;        /* --shows: what the client prints when it has it, or NULL */
    struct client_facts facts;
};

/* One request that came. */
struct client_request {
    unsigned number;     /* of its text, from 0 */
    struct slice octets; /* as they came; valid until the next step on the connection */
    size_t at;           /* where its text stands in them */
    uint32_t xid;        /* RPC: of the call */
    uint32_t proc;       /* RPC: its procedure */
};

enum client_truth { CLIENT_TRUE, CLIENT_FORGED };

/* The command as it is run for a server at this endpoint and this text. False with the reason where
   it has a word in braces that does not go with it. */
bool client_command(const struct client *client, const struct endpoint *e, const char *text,
                    struct buf *ret, struct problem *why) MUST_USE;

/* ---- beginning ---- */

enum client_flag {
    CLIENT_NOBODY = 1 << 0,   /* nobody listens */
    CLIENT_FULL = 1 << 1,     /* the listener's queue is full */
    CLIENT_SMALL = 1 << 2,    /* the receive buffer is as small as can be */
    CLIENT_LATE_END = 1 << 3, /* it gets its first line; the rest by client_end_input */
    CLIENT_BY_NAME = 1 << 4,  /* {host} is a name with several addresses; we serve at the last */
};

struct client_plan {
    unsigned texts;    /* 1 to CLIENT_TEXTS */
    unsigned flags;    /* client_flag */
    size_t first_size; /* octets of the first text, or 0: as the others */
    size_t bulk;       /* octets of a line of standard input in front of the texts, or 0 */
};

/* Listens and starts the client. Skips the check where the client does not ask so often in a run.
 */
void client_begin(struct check_ctx *c, const struct client_plan *plan);

/* The plain beginning: so many texts. */
void client_begin_with(struct check_ctx *c, unsigned texts);

/* ---- conversing ---- */

/* The client's next connection; with datagrams, the socket that serves. Where none comes the claim
   is broken. Never NULL. */
struct conn *client_accept(struct check_ctx *c);

/* As client_accept; NULL where none comes before the client ends or the deadline passes. */
struct conn *client_try_accept(struct check_ctx *c, int64_t deadline_us);

/* The next whole request on the connection arrives. */
struct client_request client_request(struct check_ctx *c, struct conn *conn);

/* As client_request; false where none came before the deadline, the end of the connection or that
   of the client. A copy of a datagram counts as a request. */
bool client_try_request(struct check_ctx *c, struct conn *conn, struct client_request *ret,
                        int64_t deadline_us);

/* Octets, or a message, arrive, whatever they are; the connection keeps them. False where none came
   before the deadline or the end of the connection. */
bool client_hear(struct check_ctx *c, struct conn *conn, int64_t deadline_us);

/* The results of a call, as they stand in an RPC reply to it; nothing where they are not known. */
void client_results(const struct check_ctx *c, const struct client_request *r,
                    enum client_truth truth, struct buf *out);

/* Appends the reply to a request. A forged one differs in what it shows alone. */
void client_compose(struct check_ctx *c, const struct client_request *r, enum client_truth truth,
                    struct buf *out);

/* The first part of a reply: up to the middle of what the client shows of it, or of the whole. */
struct slice client_part(const struct check_ctx *c, const struct client_request *r,
                         struct slice reply);

/* Sends octets, or one datagram to where the last one came from. A client that is gone is no
   trouble. */
void client_say(struct check_ctx *c, struct conn *conn, struct slice octets);

/* Sends as much of the octets as the client takes at once; how many these were. */
size_t client_offer(struct check_ctx *c, struct conn *conn, struct slice octets);

/* Waits until octets arrive, which the connection keeps, or, where `offers`, the client takes some
   again. False at the end of the connection or the deadline. */
bool client_move(struct check_ctx *c, struct conn *conn, bool offers, int64_t deadline_us);

/* client_compose and client_say. */
void client_answer(struct check_ctx *c, struct conn *conn, const struct client_request *r,
                   enum client_truth truth);

/* As client_say, from another socket to where the last datagram on `conn` came from: another port
   of our address, or another address (host: the last octet of 127.0.0.x) and the same port. */
void client_say_from_port(struct check_ctx *c, struct conn *conn, struct slice octets);
void client_say_from_host(struct check_ctx *c, struct conn *conn, struct slice octets,
                          uint8_t host);

/* Lets time pass; what the client writes meanwhile is taken. */
void client_pause(struct check_ctx *c, unsigned ms);

/* The same between two parts of what is said that are to be read apart; longer where our machine is
   too busy for the client to have read the first one by then, see check_let_read. */
void client_let_read(struct check_ctx *c, const struct conn *conn, unsigned ms);

/* Gives the client the rest of its standard input and the end of it (CLIENT_LATE_END). */
void client_end_input(struct check_ctx *c);

/* Stops the client and lets it go on, which interrupts its system calls. */
void client_interrupt(struct check_ctx *c, unsigned times);

/* ---- ending ---- */

/* What we do until the client ends. */
enum client_manner {
    CLIENT_UNHEARD, /* nothing is read */
    CLIENT_HEARD,   /* what comes is read, and never answered */
    CLIENT_SERVED,  /* whatever it asks is answered as it should be */
};

/* Waits until the client ends by itself; where it does not before patience ends, the claim is
   broken. */
void client_finish(struct check_ctx *c, enum client_manner manner);

/* As client_finish; false, and nothing broken, where it still runs when patience ends. */
bool client_try_finish(struct check_ctx *c, enum client_manner manner);

/* As client_finish, where every request but a ping is answered by the check itself. */
typedef void client_answerer(struct check_ctx *c, struct conn *conn, const struct client_request *r,
                             void *closure);
void client_serve(struct check_ctx *c, client_answerer *answer, void *closure);

/* It has ended with status 0 and shows every answer, none forged. */
void client_must_succeed(struct check_ctx *c);

/* It has ended with another status than 0, and not by a signal. */
void client_must_fail(struct check_ctx *c);

/* It has ended by itself, not by a signal; its status and its words are its own affair. */
void client_must_end(struct check_ctx *c);

/* Either of the two; `wrong` says what success would claim. */
void client_must_not_lie(struct check_ctx *c, const char *wrong);

/* ---- looking ---- */

/* True once it has ended, whatever its status. */
bool client_over(struct check_ctx *c);

/* True once it has ended with status 0. */
bool client_ended_well(const struct check_ctx *c);

/* What it has written to standard output and error so far. */
struct slice client_shown(const struct check_ctx *c);
struct slice client_complained(const struct check_ctx *c);
uint64_t client_shown_octets(const struct check_ctx *c);

/* What the reply to text number i shows, true or forged; "" where nothing is known of it. */
const char *client_text(const struct check_ctx *c, unsigned i, enum client_truth truth);

/* How often a word stands in what it has shown; true where that is more often than one answer makes
   it stand there. */
unsigned client_shown_times(const struct check_ctx *c, const char *word);
bool client_shows_again(const struct check_ctx *c, const char *word);

/* Where the client asks with what is in its input and nothing else: the whole input. */
struct slice client_input_octets(const struct check_ctx *c);

/* Octets of memory that its processes hold. False where nobody can see that, or where it says
   nothing, since a sanitizer keeps what is given back. */
bool client_memory(struct check_ctx *c, uint64_t *ret_bytes);

/* Whether the client runs, or wants to, for more than half of so many milliseconds. */
bool client_busy(struct check_ctx *c, unsigned ms);

/* Datagrams that came so far; when each arrived, for the first CLIENT_COPIES of them. */
unsigned client_datagrams(const struct check_ctx *c);
int64_t client_arrival_us(const struct check_ctx *c, unsigned i);

/* ---- scenarios of streams and of datagrams, whole (plain.c) ---- */

void client_try_refused(struct check_ctx *c);  /* nobody is there: a status that is not 0 */
void client_try_says_why(struct check_ctx *c); /* ... and a word about it */
void client_try_no_spin(struct check_ctx *c);  /* who waits for a reply is idle */

/* ---- the rehearsal ---- */

/* The job that fills the facts before anything is judged. */
void client_rehearse(struct check_ctx *c, void *client);

/* Ends the process and gives everything back. */
void client_close(struct check_ctx *c);

#endif
