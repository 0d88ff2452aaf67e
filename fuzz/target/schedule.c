/* The parser of fault schedules: what is accepted is printed in a form that is read as the same. */
#include "fuzz/parser/parser.h"
#include "fuzz/target.h"

static const struct parser *parser;

static void open_schedule(void)
{
    parser = parser_find("fault_parse");
}

static void run_schedule(struct slice input)
{
    if (parser_case(parser, input) && input.len >= 20)
        fuzz_canary();
}

const struct fuzz_target fuzz_target_schedule = {
    .name = "schedule",
    .what = "fault schedules: parsed, printed, parsed again",
    .form = FUZZ_TEXT,
    .max = 2048,
    .memory = 1 << 20,
    .memory_per_octet = 1024,
    .stack = 131072,
    .open = open_schedule,
    .run = run_schedule,
};
