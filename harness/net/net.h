/*
 * Sockets with deadlines. Every descriptor made here is non-blocking and close-on-exec; every call
 * that may wait takes an absolute deadline (harness/base/deadline.h) and returns a net_io, which
 * says in one word what became of it. The word tells apart what the peer did (EOF, RESET, REFUSED)
 * from what our own machine lacks (TROUBLE): a check must never blame the one for the other.
 */
#ifndef HARNESS_NET_NET_H
#define HARNESS_NET_NET_H

#include "harness/net/address.h"

enum net_status {
    NET_OK,
    NET_TIMEOUT,     /* the deadline passed */
    NET_EOF,         /* the peer closed its side: recv gave 0 */
    NET_RESET,       /* ECONNRESET, EPIPE: the connection is gone */
    NET_REFUSED,     /* nobody listens: ECONNREFUSED, ENOENT; or an ICMP error on a datagram */
    NET_FULL,        /* the backlog of a unix listener is full: EAGAIN at once (unix(7)) */
    NET_UNREACHABLE, /* no way there: EHOSTUNREACH, ENETUNREACH, ETIMEDOUT, EACCES */
    NET_TROUBLE,     /* anything else: our machine, not the peer */
};

struct net_io {
    enum net_status status;
    size_t len; /* octets moved, also where status is not NET_OK */
    int error;  /* errno behind REFUSED, RESET, UNREACHABLE, TROUBLE; else 0 */
};

/* A word for a message: "end of file", "connection reset", ... */
const char *net_status_text(enum net_status status);

/* What became of it: the words of its errno, or where there is none that of its status. */
const char *net_io_text(struct net_io io);

struct net_dial_options {
    const struct address *bind_to; /* local address, or NULL */
    int receive_buffer;            /* SO_RCVBUF before connecting, or 0 */
    int send_buffer;               /* SO_SNDBUF, or 0 */
    int segment;                   /* TCP_MAXSEG before connecting, or 0: the peer's send buffer
                                      grows with it, too */
    bool unconnected;              /* datagram: leave the socket without a peer */
};

/*
 * A socket to the address. A stream is connected when NET_OK is returned; a datagram socket is
 * connected too, unless asked not to be. A unix datagram socket is bound to a fresh abstract name
 * (autobind, unix(7)), since an unnamed one cannot be answered. The caller closes *ret.
 */
struct net_io net_dial(const struct address *to, const struct net_dial_options *options,
                       int64_t deadline_us, int *ret) MUST_USE;

/*
 * The same in two steps, for who makes many at once. NET_OK: the connection stands; NET_TIMEOUT: it
 * is under way, and once the socket is writable net_dial_end says what became of it. In both cases
 * the caller closes *ret; in all others there is nothing to close.
 */
struct net_io net_dial_begin(const struct address *to, const struct net_dial_options *options,
                             int *ret) MUST_USE;
struct net_io net_dial_end(int fd);

/*
 * A socket that serves at the endpoint: listening for connections, or bound for datagrams. TCP
 * and UDP addresses may be taken again at once after a restart (SO_REUSEADDR for TCP only: on a UDP
 * socket it would let two servers share the port). A unix path that nobody serves any more is
 * replaced; one that is served is an error. -1 with the reason; the caller closes the rest.
 */
int net_listen(const struct endpoint *at, int backlog, struct problem *why) MUST_USE;

/* Takes away the socket at the path of a unix endpoint, where one is; nothing for other kinds. */
void net_forget(const struct endpoint *at);

/* Where the socket is bound, as an address. */
bool net_local(int fd, int socktype, struct address *ret) MUST_USE;

/* Waits for poll(2) events; their revents, 0 where the deadline passed first. */
short net_wait(int fd, short events, int64_t deadline_us);

/* Receives what is there, at most cap octets; waits for the first. NET_OK with len 0 happens only
   on sockets that keep boundaries, for an empty message (flag `boundaries`). */
struct net_io net_recv(int fd, void *data, size_t cap, bool boundaries, int64_t deadline_us);

/* Receives one datagram and its source. The whole length is returned in len even where more than
   cap octets came (MSG_TRUNC). */
struct net_io net_recv_from(int fd, void *data, size_t cap, struct address *ret_from,
                            int64_t deadline_us);

/* Sends as much as the socket takes at once, at least one octet; waits until it takes any. */
struct net_io net_send_some(int fd, struct slice octets, int64_t deadline_us);

/* Sends everything; where `progress_ms` is not 0 the deadline moves on with each part taken. */
struct net_io net_send(int fd, struct slice octets, int64_t deadline_us, int64_t progress_ms);

/* Sends one datagram, to `to` or, where that is NULL, to the connected peer. */
struct net_io net_send_to(int fd, struct slice octets, const struct address *to,
                          int64_t deadline_us);

/* Closes so that TCP sends RST instead of FIN (SO_LINGER 0, socket(7)). */
void net_reset(int fd);

/* SHUT_WR and a reset as close behind it as can be, then closed. False where octets had come that
   were not read, or the end: the other side was faster. */
bool net_break_off(int fd);

/* Sends single small segments at once instead of gathering them (RFC 9293 3.7.4). */
void net_no_delay(int fd);

/* What is sent from now on waits for the FIN that follows it and leaves in one segment with it
   (TCP_CORK, tcp(7)); nothing on a unix socket. */
void net_cork(int fd);

/* A port that was free a moment ago, for a server that is told its port; 0 on failure. */
uint16_t net_free_port(const struct endpoint *at);

#endif
