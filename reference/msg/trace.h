/* --trace: the ten steps of a remote procedure call, with both messages field by field. */
#ifndef REFERENCE_MSG_TRACE_H
#define REFERENCE_MSG_TRACE_H

#include "reference/msg/tap.h"

struct trace {
    const struct tap *tap; /* at rest */
    const char *stub;      /* the call as the program makes it: savemsg_2("hello") */
    const char *procedure; /* SAVEMSG */
    const char *where;     /* the address of the server */
    const char *outcome;   /* what the stub returned, or why it failed */
    bool ok;
};

/* Writes the ten steps to standard error. */
void trace_print(const struct trace *t);

#endif
