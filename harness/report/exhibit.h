/*
 * What is kept of a check that broke, beyond its transcript: everything that happened on its
 * connections with all the octets there was room for, what the kernel knew of the sockets, and what
 * the target said and how it ended. The evidence folder is made of it: the capture, the program
 * that repeats the exchange. A plain value that borrows its strings and octets, as the report does.
 */
#ifndef HARNESS_REPORT_EXHIBIT_H
#define HARNESS_REPORT_EXHIBIT_H

#include "harness/report/report.h"

enum act_flag {
    ACT_URGENT = 1 << 0,   /* sent as urgent data (MSG_OOB) */
    ACT_HOLD = 1 << 1,     /* from here on what we send leaves with the end of our side */
    ACT_ENDS = 1 << 2,     /* a reset right behind the end of our side */
    ACT_DEAF = 1 << 4,     /* we read no more: shutdown(SHUT_RD) */
    ACT_STRANGER = 1 << 3, /* a datagram from another address than the one that was asked */
};

/* One thing that happened on a connection: an event with its octets uncut. */
struct act {
    int64_t t_us; /* since the check began */
    enum who who;
    enum event_kind kind;
    unsigned flags;      /* act_flag */
    unsigned connection; /* from 1 */
    size_t length;       /* how many octets there were */
    struct slice octets; /* the first of them, or all */
    uint64_t hash;       /* of all of them, see exhibit_hash */
    const char *what;
};

enum exhibit_medium { EXHIBIT_STREAM, EXHIBIT_RECORDS, EXHIBIT_DATAGRAMS };

enum { EXHIBIT_IP_MAX = 16 };

struct exhibit {
    int64_t began_us;   /* when the check began, in microseconds since the epoch */
    int64_t settled_us; /* how long after that it was settled */
    bool silent;        /* ... because nothing came for as long as patience lasts */
    enum exhibit_medium medium;
    bool we_serve; /* the target is a client, and connects to us */
    size_t ip_len; /* 4, 16, or 0: a Unix-domain socket */
    uint8_t target_ip[EXHIBIT_IP_MAX];
    uint8_t our_ip[EXHIBIT_IP_MAX];
    uint16_t port;    /* of the side that serves */
    const char *path; /* of a Unix-domain socket, with @ before an abstract name; or "" */
    const struct act *acts;
    size_t act_count;
    size_t acts_lost;    /* for which there was no room, all of them behind `acts` */
    bool inside;         /* it also looks at the target's process, not only at what it answers */
    const char *aside;   /* what else it did that no exchange repeats; "" where there is nothing */
    const char *sockets; /* lines: what the kernel knew of them; "" where nobody has looked */
    const char *own;     /* lines: what a process said that the check itself had started, or "" */
    bool spawned;        /* the target was started by us: `said` and `complained` are its words */
    bool gone;           /* afterwards the target had ended, or served no longer */
    const char *state;   /* how it ended, or that it runs */
    struct slice said, complained; /* the ends of its standard output and error */
};

/* FNV-1a of 64 bits: the same octets have the same number, also in a program of its own. */
uint64_t exhibit_hash(struct slice octets);

#endif
