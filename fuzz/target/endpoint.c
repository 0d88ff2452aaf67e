/* The parser of URLs: what is accepted is written as a URL that means the same. */
#include "fuzz/parser/parser.h"
#include "fuzz/target.h"

static const struct parser *parser;

static void open_endpoint(void)
{
    parser = parser_find("endpoint_parse");
}

static void run_endpoint(struct slice input)
{
    if (parser_case(parser, input) && input.len >= 12)
        fuzz_canary();
}

const struct fuzz_target fuzz_target_endpoint = {
    .name = "endpoint",
    .what = "URLs of endpoints: parsed, written, parsed again",
    .form = FUZZ_TEXT,
    .max = 512,
    .memory = 1 << 20,
    .memory_per_octet = 1024,
    .stack = 131072,
    .open = open_endpoint,
    .run = run_endpoint,
};
