/*
 * What a sanitizer has to see: for `assay fuzz doctor`, which wants to know whether there is one.
 * Compiled as a target is, and not as what judges.
 */
#ifndef FUZZ_ENGINE_PROVOKE_H
#define FUZZ_ENGINE_PROVOKE_H

/* Reads behind a block of the heap. Returns what it has read, where nobody minds. */
int provoke_overflow(void);

/* Adds two numbers whose sum no int holds. Returns what came of it, where nobody minds. */
int provoke_undefined(void);

#endif
