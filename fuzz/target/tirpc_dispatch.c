/*
 * A whole conversation into the dispatcher that rpcgen makes of msg.x, through libtirpc's own
 * dispatching, over memory. Messages that were stored live as long as the case.
 */
#include "fuzz/mutate/mutate.h"
#include "fuzz/target.h"
#include "fuzz/tirpc/gss.h"
#include "fuzz/tirpc/service.h"
#include "fuzz/tirpc/talk.h"

static struct memory memory;

static void open_dispatch(void)
{
    memory_open(&memory, service_rules.prog, service_rules.vers, msgprog_2);
}

static void run_dispatch(struct slice input)
{
    service_reset();
    talk_over_memory(&memory, &service_rules, input);
    gss_end();
}

const struct fuzz_target fuzz_target_tirpc_dispatch = {
    .name = "tirpc-dispatch",
    .what = "libtirpc and rpcgen's dispatcher of msg.x, over memory: a conversation",
    .form = FUZZ_CALLS,
    .max = 4096,
    .grammar = &mutate_grammar_calls,
    .memory = 12288,
    .memory_per_octet = 16,
    .stack = 65536,
    .open = open_dispatch,
    .run = run_dispatch,
};
