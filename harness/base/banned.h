/*
 * Calls that do not compile anywhere in the project. The Makefile includes this file in front of
 * every translation unit of ours. Each has a bounded or exact counterpart in harness/base:
 * strings by text_copy and text_format, numbers by text_number, octets by slice_eq, chance by rng.
 */
#ifndef HARNESS_BASE_BANNED_H
#define HARNESS_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#pragma GCC poison atoi atol atoll atof rand srand random srandom
#pragma GCC poison sleep usleep nanosleep system popen tmpnam mktemp
#pragma GCC poison memcmp

#endif
