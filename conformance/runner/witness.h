/*
 * What a check keeps on its tape for the evidence of its failure: where it speaks, what happens on
 * its connections and, at the moment it breaks, what the kernel knows of the sockets. Nothing here
 * does anything where no tape runs, settles a check, or changes what one says.
 */
#ifndef CONFORMANCE_RUNNER_WITNESS_H
#define CONFORMANCE_RUNNER_WITNESS_H

#include "conformance/runner/check.h"
#include "conformance/runner/tape.h"

/* The check begins: its target, as it is known. */
void witness_begin(struct check_ctx *c);

/* The place where we serve a client under test. */
void witness_place(struct check_ctx *c, const struct address *place);

/* An event of a connection, uncut. */
void witness_event(struct check_ctx *c, const struct event *e, struct slice octets);

/* What the transcript does not tell: a connection that was opened among many, octets that nobody
   judges. */
void witness_act(struct check_ctx *c, const struct conn *conn, enum event_kind kind, enum who who,
                 struct slice octets);

/* Adds flags (act_flag) to the last act; or an act that has nothing but flags. */
void witness_mark(struct check_ctx *c, unsigned flags);
void witness_flags(struct check_ctx *c, const struct conn *conn, unsigned flags);

/* The check has just been settled as broken or in trouble: what the sockets are like now. */
void witness_settled(struct check_ctx *c);

/* How a process fared that the check has started, and what it has said: to be called before it is
   stopped. `who` is how it is called in the file. */
void witness_process(struct check_ctx *c, const char *who, struct process *process);

#endif
