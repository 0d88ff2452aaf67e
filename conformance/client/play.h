/* Inside of the steps of client.h: what the files that implement them share. */
#ifndef CONFORMANCE_CLIENT_PLAY_H
#define CONFORMANCE_CLIENT_PLAY_H

#include "conformance/client/client.h"

/* One text: what the client is told to ask for, and what the answers to it show. */
struct client_text {
    char asked[CLIENT_TEXT_MAX];
    char shown[CLIENT_TEXT_MAX];
    char forged[CLIENT_TEXT_MAX];
};

/* One run of the client, from client_begin to client_close. */
struct client_play {
    const struct client *client;
    struct client_plan plan;
    struct client_text texts[CLIENT_TEXTS];
    struct buf input; /* all of its standard input */
    struct endpoint at;
    struct address address;
    int listener; /* the listening socket; with datagrams the one that serves, owned by `serving` */
    int crowd[8]; /* connections of our own that fill the listener's queue */
    size_t crowd_count;
    struct conn *serving; /* with datagrams: the conn that stands for the socket */
    int feed;             /* the end of its standard input that we keep open, or -1 */
    bool started;
    struct process process;
    unsigned asked; /* bit i: text i was asked for */
    unsigned answered;
    unsigned connections;
    unsigned datagrams;
    int64_t arrivals[CLIENT_COPIES];
    struct address last_from; /* of the last datagram */
};

/* The play of the check; NULL before client_begin. */
struct client_play *play_of(const struct check_ctx *c);

/* Waits until the socket is ready for `events`, the client writes or ends, or the deadline passes;
   takes what the client has written. The revents of the socket. */
short play_wait(struct check_ctx *c, int fd, short events, int64_t deadline_us);

bool play_over(struct check_ctx *c);

/* How the client ended and its last words, for messages. */
void play_end_text(struct check_ctx *c, char *out, size_t cap);

/* The socket to wait on for more of this connection, or -1 where nothing more is received. */
int play_ear(const struct conn *conn);

/* Receives what is there, without waiting; true where something came. */
bool play_receive(struct check_ctx *c, struct conn *conn);

/* ---- speech.c: what is said ---- */

/* Makes up the texts of the play and its standard input. */
void speech_prepare(struct check_ctx *c, struct client_play *p);

/* Takes the request in front of what the connection has received. False where none is whole. */
bool speech_take(struct check_ctx *c, struct conn *conn, struct client_request *ret);

/* A call that needs no text: NULL, which clients make to see whether the server is there. */
bool speech_is_ping(const struct check_ctx *c, const struct client_request *r);

#endif
