/* The MSGPROG references in tests: started on all three transports, and talked to in octets. */
#ifndef TESTS_MSGPROG_H
#define TESTS_MSGPROG_H

#include "harness/net/net.h"
#include "tests/program.h"

enum msgprog_over { OVER_TCP, OVER_UDP, OVER_UNIX, OVER_COUNT };
enum { MSGPROG_LIMIT_MS = 20000 };

struct msgprog {
    struct process process;
    char urls[OVER_COUNT][ENDPOINT_TEXT_MAX]; /* as READY told them */
    struct address at[OVER_COUNT];
};

/* Starts `assay serve msgprog` with these options on loopback tcp and udp and on a socket in the
   folder. Fails the test where it does not come up. The caller stops it with msgprog_stop. */
void msgprog_start(struct msgprog *m, const char *folder, const char *options);

/* SIGTERM; fails the test where the end is not clean: status 0 and no socket file left. */
void msgprog_stop(struct msgprog *m);

/* A connected socket; the caller closes. */
int msgprog_dial(const struct msgprog *m, enum msgprog_over over);

/* Appends what hex digits say; blanks are skipped. */
void msgprog_hex(struct buf *out, const char *hex);

/* Sends the octets as they are. */
void msgprog_send(int fd, struct slice octets);

/* Appends one reply: on a stream a record without its marks, else a datagram. False at the end of
   the connection; fails the test where nothing comes. */
bool msgprog_reply(int fd, enum msgprog_over over, struct buf *out);

/* Sends the message in hex, in one record where it goes over a stream. */
void msgprog_ask(int fd, enum msgprog_over over, const char *hex);

/* Expects exactly this reply. */
void msgprog_expect(int fd, enum msgprog_over over, const char *what, const char *hex);

/* Expects the end of the connection and not one octet before it. */
void msgprog_expect_end(int fd, const char *what);

#endif
