/*
 * The oracles of time and of waiting. Time is that of the processor: a case that computes for
 * WATCH_LIMIT_S seconds is a finding, however busy the machine is. Waiting is a call of poll(2)
 * with nothing there: since all octets of a case lie there before it begins, nothing ever will be.
 */
#ifndef FUZZ_ORACLE_WATCH_H
#define FUZZ_ORACLE_WATCH_H

enum { WATCH_LIMIT_S = 5 };

/* Before watch_open: a second of the limit is taken for so many milliseconds. */
void watch_tick(unsigned milliseconds);

/* Once, before the first case. A finding of time ends the process in either mode. */
void watch_open(void);

/* Who acts whenever the library looks for input, in front of its poll(2): the peer, which puts
   there what comes next. NULL: nobody. */
void watch_peer(void (*act)(void));

/* Around one case. */
void watch_begin(void);
void watch_end(void);

#endif
