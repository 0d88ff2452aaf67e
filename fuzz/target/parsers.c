/* Every parser of the harness (fuzz/parser/parser.h): the first octet chooses one, the rest is its
   input. */
#include "fuzz/parser/parser.h"
#include "fuzz/target.h"

static void run_parsers(struct slice input)
{
    size_t count = 1;

    while (parser_at(count))
        count++;
    if (input.len == 0)
        return;
    if (parser_case(parser_at(input.data[0] % count), slice_from(input, 1)) && input.len > 16)
        fuzz_canary();
}

const struct fuzz_target fuzz_target_parsers = {
    .name = "parsers",
    .what = "every parser and decoder of the harness, chosen by the first octet",
    .form = FUZZ_OCTETS,
    .max = 1024,
    .memory = 1 << 20,
    .memory_per_octet = 1024,
    .stack = 131072,
    .run = run_parsers,
};
