/*
 * What libFuzzer and AFL++ call (the latter by its libAFLDriver, in shared memory and without a new
 * process for each case). The fuzzer is made of one target.
 */
#include "fuzz/engine/examine.h"
#include "fuzz/oracle/finding.h"
#include "fuzz/target.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* NOLINTNEXTLINE(readability-non-const-parameter): libFuzzer's prototype */
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
