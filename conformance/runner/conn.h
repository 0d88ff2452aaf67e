/* Inside of the steps: what the files that implement them share about a connection. */
#ifndef CONFORMANCE_RUNNER_CONN_H
#define CONFORMANCE_RUNNER_CONN_H

#include "conformance/runner/check.h"

/* Makes a connection of the check out of a connected socket. Never NULL. */
struct conn *conn_adopt(struct check_ctx *c, int fd, const struct address *to);

/* The same of one that came to us, or that serves; the caller tells of it. Never NULL. */
struct conn *conn_serve(struct check_ctx *c, int fd);

/* Keeps to the pace of a target that limits how fast it takes connections, or datagrams. */
void conn_keep_pace(struct check_ctx *c);

/* Closes the socket and gives everything back, without a word in the transcript. */
void conn_discard(struct conn *conn);

/* True where the target takes the next connection up when this one has ended. */
bool conn_serves_one(const struct check_ctx *c);

/* For a connection on which nothing comes: skips the check where the target serves one connection
   at a time and another one of the check is still there, which it may be waiting for. */
bool conn_waits_in_line(struct check_ctx *c, const struct conn *conn);

/* Requests that are owed a reply. */
size_t conn_owed(const struct conn *conn);

/* Octets that are composed and not sent. */
size_t conn_unsent(const struct conn *conn);

/* Puts the next request behind what is composed already, and its reply on the list. */
void conn_compose(struct check_ctx *c, struct conn *conn, size_t size, const struct slice *body);

/* Appends the request behind owed[index] once more; counts it as sent again. */
void conn_request_again(struct check_ctx *c, struct conn *conn, size_t index, struct buf *ret);

/* So many copies of the request have gone out; it may be answered by now. */
void conn_reaches(struct conn *conn, uint32_t seq, unsigned copies);

enum conn_wish { CONN_READ = 1, CONN_WRITE = 2 };

/*
 * Lets the connection move: waits until one of the wishes can be granted or the deadline passes,
 * then sends what is composed, receives what is there and matches it. Returns whether anything
 * moved; where nothing did, the deadline has passed or the connection is over (ended, lost).
 */
bool conn_move(struct check_ctx *c, struct conn *conn, unsigned wishes, int64_t deadline_us);

/* Over datagrams nothing tells whether a connect has met somebody: sends a request. True where it
   is answered within so many milliseconds; of an exchange without replies, where it is not refused
   (conn->lost) by then. */
bool conn_met(struct check_ctx *c, struct conn *conn, unsigned ms);

/* For a loop that lets the target read what was sent: whether it has not, and is worth waiting for;
   see check_let_read. `began_us` is when the loop began. */
bool conn_unread(struct check_ctx *c, const struct conn *conn, int64_t began_us);

/* The end of the target's patience, counted from now. */
int64_t conn_patience(const struct check_ctx *c);

/* A line for the transcript about octets that were sent or heard; messages that are whole are told
   in words where the exchange can. */
void conn_tell(struct check_ctx *c, const struct conn *conn, enum who who, struct slice octets);

/* Adds octets that were sent to the connection's file of --record. */
void conn_record(struct check_ctx *c, struct conn *conn, struct slice octets);

/* The same for a message in one piece. One of an RPC program has a record mark in front of it (RFC
   5531 11), as on a stream: such a file is a case for the fuzz targets, whatever carried it. */
void conn_record_message(struct check_ctx *c, struct conn *conn, struct slice message);

/* Sends every datagram again that is owed a reply, where the check and the target allow that. */
bool conn_may_ask_again(const struct check_ctx *c);
void conn_ask_again(struct check_ctx *c, struct conn *conn);

/* Octets that came before a connection was found to be gone, and nobody has read. */
void conn_last_words(struct check_ctx *c, struct conn *conn);

/* What the connection did last, for a message: "nothing came for 5.0 s", "end of file", ... */
void conn_silence_text(const struct check_ctx *c, const struct conn *conn, char *out, size_t cap);

/* ---- RPC messages of the check's own (calls.c) ---- */

/* Takes the first message in `in` where it replies to one of them: true, and how many octets it
   has. */
bool calls_take(struct check_ctx *c, struct conn *conn, struct slice in, size_t *ret_used);

void calls_forget(struct conn *conn);
void calls_free(struct check_ctx *c);

#endif
