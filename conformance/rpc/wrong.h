/*
 * Calls of the target that differ from an honest one in a number: what the tables of stimuli of
 * the RPC checks hold. All of them call no procedure that does anything.
 */
#ifndef CONFORMANCE_RPC_WRONG_H
#define CONFORMANCE_RPC_WRONG_H

#include "conformance/runner/calls.h"

enum wrong_field { WRONG_NOTHING, WRONG_PROG, WRONG_VERS, WRONG_PROC, WRONG_RPCVERS, WRONG_TYPE };

struct wrong {
    const char *what; /* "a call of program 0xffffffff" */
    enum wrong_field field;
    uint32_t value;
    uint32_t status; /* the accept_stat that is due */
};

/* One call for each accept_stat that needs no arguments. */
enum { WRONG_STATUSES = 4 };
extern const struct wrong wrong_statuses[WRONG_STATUSES];

/* A reply is due, and a datagram may be sent again. */
extern const struct say_options wrong_due;

/* A reply may come. */
extern const struct say_options wrong_open;

/* The call, with a fresh xid. Where the target itself has the wrong number, its neighbour. */
struct onc_call wrong_call(struct check_ctx *c, const struct wrong *w);

/* On a connection of its own, with every row: the status of the table. */
void wrong_judge_all(struct check_ctx *c, const struct wrong *rows, size_t count);

/* A procedure of the target's program that takes arguments, and arguments that it cannot decode.
   False where none is known of the program. */
bool wrong_arguments(const struct check_ctx *c, uint32_t *ret_proc, struct slice *ret_args);

#endif
