/*
 * The command line of the reference clients: options in front of, or behind, one URL. What is wrong
 * with it is told in one line on standard error that names it.
 */
#ifndef REFERENCE_CLIENTS_OPTIONS_H
#define REFERENCE_CLIENTS_OPTIONS_H

#include "harness/net/endpoint.h"

enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

/* Times are told in seconds, with at most three digits behind the point: "2", "0.25". */
enum { SECONDS_MAX = 3600 };

/* What an option sets: exactly one of the three. Only a flag takes no value. */
struct option {
    const char *name;
    bool *flag;
    int64_t *ms;      /* its value is in seconds, from 0.001 to SECONDS_MAX */
    uint64_t *number; /* from 1 to `max` */
    uint64_t max;
};

struct options {
    const char *help; /* what --help prints */
    const struct option *rows;
    size_t count;
};

/* True when the program has to go on, with the endpoint that the URL names. False when all is said
   already: *ret_status is what the program ends with, after --help or after a wrong line, and also
   where standard input, output or error is closed. What an option points to keeps its value where
   the option is not given. */
bool options_read(const struct options *o, char **argv, struct endpoint *ret_at,
                  int *ret_status) MUST_USE;

#endif
