/*
 * What rpcgen makes of arguments with several parts: as tirpc-dispatch, with the service of
 * pairs.x.
 */
#include "fuzz/mutate/mutate.h"
#include "fuzz/oracle/finding.h"
#include "fuzz/target.h"
#include "fuzz/tirpc/gss.h"
#include "fuzz/tirpc/stub.h"
#include "fuzz/tirpc/talk.h"

static struct memory memory;

static void open_stub(void)
{
    stub_reset();
    memory_open(&memory, stub_rules.prog, stub_rules.vers, pairprog_2);
}

/* What such arguments leave behind is known (known.def). */
static void run_stub(struct slice input)
{
    stub_reset();
    talk_over_memory(&memory, &stub_rules, input);
    if (stub_half_read())
        finding_about("arguments are half read");
    gss_end();
}

const struct fuzz_target fuzz_target_tirpc_stub = {
    .name = "tirpc-stub",
    .what = "rpcgen's dispatcher and decoders of arguments with several parts, over memory",
    .form = FUZZ_CALLS,
    .max = 4096,
    .grammar = &mutate_grammar_stub,
    .memory = 16384,
    .memory_per_octet = 16,
    .stack = 65536,
    .open = open_stub,
    .run = run_stub,
};
