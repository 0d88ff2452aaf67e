/*
 * A twin is a server that is right in everything but one thing. Each is a row in a table: its
 * name, the check that must find it, and the fault as parameters and hooks of an engine. Which
 * engine serves is decided by the endpoint; the transport of the row says which endpoint it needs.
 */
#ifndef REFERENCE_TWINS_TWIN_H
#define REFERENCE_TWINS_TWIN_H

#include "reference/twins/datagram.h"
#include "reference/twins/record.h"
#include "reference/twins/stream.h"

struct twin {
    const char *name;
    const char *check;
    /*
     * tcp udp unix unix-dgram unix-seqpacket   an address of one family, a path
     * tcp6 udp6       listens at [::], is reached over IPv6
     * tcp46           listens at [::], is reached over IPv4
     * unix-abstract   an abstract name
     * NULL stands for tcp.
     */
    const char *transport;
    const char *speak; /* what --speak of the run must be; NULL: echo */
    const char *what;  /* is wrong with it */
    bool deaf;         /* does not hear when it is asked to end */

    /* In place of net_listen. */
    int (*listen)(const struct endpoint *at, struct problem *why);
    /* Before it serves; may become another process. */
    void (*begin)(struct run *run);

    union { /* by the engine */
        struct stream_fault stream;
        struct datagram_fault datagram;
        struct record_fault record;
    };
};

struct twin_part {
    const struct twin *twins;
    size_t count;
};

/* The last line of every file of twins. Its PART(name) in twins.def declares it to the list;
   without that line sizeof has nothing to measure, and the file does not compile. */
#define TWINS(name)                                                                                \
    _Static_assert(sizeof(twins_##name) == sizeof(struct twin_part),                               \
                   "PART(" #name ") is in twins.def");                                             \
    const struct twin_part twins_##name = {twins, ARRAY_LEN(twins)}

#define PART(name) extern const struct twin_part twins_##name;
#include "reference/twins/twins.def"
#undef PART

#endif
