/*
 * A whole conversation into the dispatcher that rpcgen makes of msg.x, through libtirpc's own
 * dispatching, over memory. Messages that were stored live as long as the case.
 */
#include "fuzz/case/case.h"
#include "fuzz/mutate/mutate.h"
#include "fuzz/oracle/finding.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/target.h"
#include "fuzz/tirpc/gss.h"
#include "fuzz/tirpc/memory.h"
#include "fuzz/tirpc/service.h"

enum { NULL_XID = 0x6e756c6c };

static struct memory memory;
static struct judge judge;
static struct case_reader reader;

static void open_dispatch(void)
{
    memory_open(&memory, service_rules.prog, service_rules.vers, msgprog_2);
}

static void call(struct slice message)
{
    memory_call(&memory, message);
    for (size_t i = 0; i < size_min(memory.count, MEMORY_REPLIES_MAX); i++)
        judge_reply(&judge, memory_reply(&memory, i));
    if (memory.count > MEMORY_REPLIES_MAX)
        finding_tell(ORACLE_REPLIES, "%zu replies to one call", memory.count);
}

/* Whatever came before, procedure 0 is answered afterwards. */
static void call_null(void)
{
    static const uint8_t null_call[] = {
        'n', 'u', 'l', 'l', 0, 0, 0, 0, 0, 0, 0, 2, 0, 5, 0x46, 0x4e, 0, 0, 0, 2,
        0,   0,   0,   0,   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0,    0, 0, 0, 0,
    };
    struct onc_reply reply;
    struct wire_in in;

    memory_call(&memory, slice_of(null_call, sizeof(null_call)));
    wire_open(&in, memory_reply(&memory, 0));
    if (memory.count != 1 || !onc_read_reply(&in, &reply) || reply.xid != NULL_XID ||
        answer_of(&reply) != ANSWER_SUCCESS)
        finding_tell(ORACLE_ALIVE, "%zu replies to a NULL call after the case", memory.count);
}

static void run_dispatch(struct slice input)
{
    struct slice message;

    service_reset();
    judge_begin(&judge, &service_rules);
    case_open(&reader, input);
    while (case_next(&reader, &message) && !gss_withheld(message) && judge_call(&judge, message))
        call(message);
    judge_end(&judge);
    call_null();
}

const struct fuzz_target fuzz_target_tirpc_dispatch = {
    .name = "tirpc-dispatch",
    .what = "libtirpc and rpcgen's dispatcher of msg.x, over memory: a conversation",
    .form = FUZZ_CALLS,
    .max = 4096,
    .grammar = &mutate_grammar_calls,
    .memory = 16384,
    .memory_per_octet = 16,
    .stack = 65536,
    .open = open_dispatch,
    .run = run_dispatch,
};
