/*
 * A fuzzer that looks at itself, for `assay fuzz doctor`: with ASSAY_FUZZ_EXAMINE in its
 * environment it runs the files of its command line in place of fuzzing, tells what it has seen in
 * lines `examine: WORD VALUE` on standard error, and ends.
 */
#ifndef FUZZ_ENGINE_EXAMINE_H
#define FUZZ_ENGINE_EXAMINE_H

/*
 * Returns where the environment does not ask for it. Otherwise it ends the process: with status 0
 * after
 *
 *   ASSAY_FUZZ_EXAMINE=cover      the empty input, then each file three times:
 *                                 empty fine; blocks N; reached N; unstable FILE
 *   ASSAY_FUZZ_EXAMINE=overflow   reading behind a block of the heap: a sanitizer should not let it
 *   ASSAY_FUZZ_EXAMINE=undefined  an overflow of a signed number: likewise
 */
void examine_if_asked(int argc, char **argv);

#endif
