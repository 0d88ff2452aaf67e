/* The reader of JSON reports: what is read is written in a form that is read as the same. */
#include "fuzz/parser/parser.h"
#include "fuzz/target.h"

static const struct parser *parser;

static void open_report_read(void)
{
    parser = parser_find("report_read_text");
}

static void run_report_read(struct slice input)
{
    if (parser_case(parser, input) && input.len >= 100)
        fuzz_canary();
}

const struct fuzz_target fuzz_target_report_read = {
    .name = "report-read",
    .what = "reports as JSON: read, written, read again",
    .form = FUZZ_TEXT,
    .max = 4096,
    .memory = 1 << 20,
    .memory_per_octet = 1024,
    .stack = 131072,
    .open = open_report_read,
    .run = run_report_read,
};
