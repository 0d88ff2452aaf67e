/* Calls, one by one. */
#include "fuzz/tirpc/talk.h"

#include "fuzz/case/case.h"
#include "fuzz/oracle/alive.h"
#include "fuzz/oracle/finding.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/tirpc/gss.h"

static struct judge judge;
static struct case_reader reader;

static void call(struct memory *memory, struct slice message)
{
    memory_call(memory, message);
    for (size_t i = 0; i < size_min(memory->count, MEMORY_REPLIES_MAX); i++)
        judge_reply(&judge, memory_reply(memory, i));
    judge_end(&judge);
    if (memory->count > MEMORY_REPLIES_MAX)
        finding_tell(ORACLE_REPLIES, "%zu replies to one call", memory->count);
}

void talk_over_memory(struct memory *memory, const struct model_rules *rules, struct slice input)
{
    struct slice message;

    judge_begin(&judge, rules);
    case_open(&reader, input);
    while (case_next(&reader, &message) && !gss_withheld(message) && judge_call(&judge, message))
        call(memory, message);
    memory_call(memory, alive_call_to(rules->prog, rules->vers));
    alive_judge(memory->count, memory_reply(memory, 0), "over memory");
}
