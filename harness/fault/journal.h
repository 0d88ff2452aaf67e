/*
 * The decision log: collects decisions as they are made and writes them by client, direction and
 * number, one line each (fault_decision_text). In which order the two directions, or several
 * clients, come to a proxy is a matter of the machine; what each of them gets is not. So equal
 * traffic gives equal files, octet by octet. What is collected has a ceiling, behind which
 * decisions are counted only, and the file says so.
 */
#ifndef HARNESS_FAULT_JOURNAL_H
#define HARNESS_FAULT_JOURNAL_H

#include <stdio.h>

#include "harness/fault/plan.h"

struct fault_journal {
    struct buf lines;   /* text, each ended by a newline */
    struct buf entries; /* where they are, and of whom */
    uint64_t left_out;
};

/* At most max_bytes of text and as much again for its order. */
void fault_journal_open(struct fault_journal *j, size_t max_bytes);
void fault_journal_free(struct fault_journal *j);

/* A fault_sink; the closure is the journal. */
void fault_journal_add(const struct fault_decision *d, void *journal);

/* Sorts what there is and writes it. Errors stay in the stream, for who closes it. */
void fault_journal_write(struct fault_journal *j, FILE *out);

#endif
