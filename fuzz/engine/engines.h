/* Where the fuzzers are that libFuzzer drives, and the cases: for the commands that run them. */
#ifndef FUZZ_ENGINE_ENGINES_H
#define FUZZ_ENGINE_ENGINES_H

#include <limits.h>

#include "harness/base/base.h"

/*
 * The folder of the fuzzers with sanitizers: `wish` where it is given, else ../fuzz beside the
 * folder that this program is in (build/release and build/fuzz), else build/fuzz. Whether anything
 * is there is not looked at.
 */
void engines_folder(const char *wish, char ret[PATH_MAX]);

/* The folder of the corpus: `wish`, else ../../corpus from this program's folder, else corpus. */
void engines_corpus(const char *wish, char ret[PATH_MAX]);

#endif
