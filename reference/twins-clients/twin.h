/*
 * A twin of a client does right in everything but one thing. Each is a row in a table: its name,
 * the check that must find it, and the fault as parameters and hooks of an engine. The check of a
 * row without a fault is the part of the suite that it must pass; its name begins with "none".
 */
#ifndef REFERENCE_TWINS_CLIENTS_TWIN_H
#define REFERENCE_TWINS_CLIENTS_TWIN_H

#include "reference/twins-clients/datagram.h"
#include "reference/twins-clients/stream.h"

struct twin {
    const char *name;
    const char *check;
    /* tcp or udp: whose engine it is for. Any URL of a stream, or of datagrams, will do. NULL
       stands for tcp. */
    const char *transport;
    const char *what; /* is wrong with it, or unusual */
    struct manners manners;
    union { /* by the engine */
        struct stream_fault stream;
        struct datagram_fault datagram;
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
#include "reference/twins-clients/twins.def"
#undef PART

#endif
