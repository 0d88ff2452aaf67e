/* The engine of the twins for Unix seqpacket sockets: as the reference, with a fault. */
#ifndef REFERENCE_TWINS_RECORD_H
#define REFERENCE_TWINS_RECORD_H

#include "reference/twins/run.h"

struct record_fault {
    size_t buffer;      /* octets of a record that it has room for; 0: enough */
    size_t piece;       /* answers are sent in records of at most so many octets; 0: whole */
    bool ends_at_empty; /* takes an empty record for the end of the file */
    bool cuts;          /* answers what it got of a record that was too large */
};

/* Serves until `run->stop` is readable. False where the machine fails us. */
bool record_serve(const struct run *run, const struct record_fault *fault);

#endif
