/*
 * A twin is an RPC server that is right in everything but one thing: a row in a table, with its
 * name, the check that must find it, and the fault as hooks and parameters of the server.
 */
#ifndef REFERENCE_TWINS_RPC_TWIN_H
#define REFERENCE_TWINS_RPC_TWIN_H

#include "reference/twins-rpc/server.h"

struct twin {
    const char *name;
    const char *check; /* NULL: it has no fault, and is not listed */
    /*
     * rpc+tcp rpc+udp rpc+unix   an address of one family, a path
     * rpc+unix-all               a path that every user may connect to
     * rpc+tcp6                   over IPv6
     * rpc+tcp+udp                both, at the same port
     * rpc+tcp-data               keeps its messages in a file
     * rpc+udp-any                every address of this machine
     * NULL stands for rpc+tcp.
     */
    const char *transport;
    const char *what; /* is wrong with it */
    bool registry;    /* serves program 100000; else MSGPROG */
    struct fault fault;
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
#include "reference/twins-rpc/twins.def"
#undef PART

#endif
