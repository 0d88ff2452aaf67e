/* What `make bench` measures, by subject. Each prints its figures and is false where one failed. */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

#include <sys/resource.h>

#include "harness/base/base.h"

enum { BENCH_ROUNDS = 3, BENCH_LIMIT_S = 300, BENCH_MIB = 1 << 20 };

/* User and system time together. */
double bench_cpu_seconds(const struct rusage *usage);

/* The proxy beside socat as a relay of datagrams, and beside socat and haproxy of streams. */
bool bench_proxy(void);

/* Cases per second of the processor: the fuzz target tirpc-dispatch under its engines, and the same
   service over TCP. Needs the fuzzers of V=speed, V=fuzz and V=afl. */
bool bench_fuzz(void);

#endif
