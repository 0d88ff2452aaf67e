/*
 * A twin is an RPC client that is right in everything but one thing: a row in a table, with its
 * name, the check that must find it, and the fault as parameters of the client.
 */
#ifndef REFERENCE_TWINS_CLIENTS_RPC_TWIN_H
#define REFERENCE_TWINS_CLIENTS_RPC_TWIN_H

#include "reference/twins-clients-rpc/client.h"

struct twin {
    const char *name;
    const char *check;     /* that must find it; of one without fault, those that it must pass */
    const char *transport; /* rpc+tcp, rpc+udp or rpc+unix; NULL stands for rpc+tcp */
    const char *what;      /* is wrong with it; "no fault: " and what is not */
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
#include "reference/twins-clients-rpc/twins.def"
#undef PART

#endif
