/* The parser of exchange files. */
#include "fuzz/parser/parser.h"
#include "fuzz/target.h"

static const struct parser *parser;

static void open_exchange_file(void)
{
    parser = parser_find("exchange_file_parse");
}

static void run_exchange_file(struct slice input)
{
    if (parser_case(parser, input) && input.len >= 40)
        fuzz_canary();
}

const struct fuzz_target fuzz_target_exchange_file = {
    .name = "exchange-file",
    .what = "files that describe an exchange",
    .form = FUZZ_TEXT,
    .max = 2048,
    .memory = 1 << 20,
    .memory_per_octet = 1024,
    .stack = 131072,
    .open = open_exchange_file,
    .run = run_exchange_file,
};
