/*
 * What libFuzzer and AFL++ call (the latter by its libAFLDriver, in shared memory and without a new
 * process for each case). The fuzzer is made of one target.
 */
#include "fuzz/engine/examine.h"
#include "fuzz/oracle/finding.h"
#include "fuzz/target.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
const char *__asan_default_options(void); /* NOLINT: the sanitizer's name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Leaks are the business of an oracle that knows the case. The freed blocks that are kept, and the
   stacks, are as much as a case needs: more of either costs a third of the speed. */
const char *__asan_default_options(void) /* NOLINT: the sanitizer's name */
{
    return "detect_leaks=0:quarantine_size_mb=8:malloc_context_size=8:allocator_may_return_null=1";
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    finding_open(fuzz_target_this->name, FINDING_ABORT);
    examine_if_asked(*argc, *argv);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_one(fuzz_target_this, slice_of(data, size));
    return 0;
}
