/* The program assay-fuzz: what can be done with fuzz targets without an engine. */
#include <stdio.h>

#include "fuzz/engine/commands.h"
#include "harness/base/log.h"
#include "harness/base/text.h"

static const struct fuzz_command commands[] = {
    {"list", "the targets: name, what a case is and how long, what is attacked", fuzz_command_list},
    {"doctor", "refuses a fuzzer that is blind, unstable or mis-set", fuzz_command_doctor},
    {"seed", "writes the seeds of all targets, and the dictionaries", fuzz_command_seed},
    {"selftest", "shows that each oracle and each planted fault is found", fuzz_command_selftest},
    {"replay", "one case, field by field, in process or to a server, and what is found",
     fuzz_command_replay},
};

static const char *called = "assay-fuzz";

const char *fuzz_called(void)
{
    return called;
}

static void print_help(void)
{
    printf("Fuzzing of XDR decoding and RPC dispatching, in process.\n\n"
           "Usage: %s COMMAND [OPTION]...\n\n",
           called);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        printf("  %-12s%s\n", commands[i].name, commands[i].summary);
    printf("\nThe engines are built and run from the source folder:\n"
           "  make fuzz-tirpc-dispatch T=60                libFuzzer, for a minute\n"
           "  make fuzz-tirpc-dispatch T=60 ENGINE=afl     AFL++\n"
           "  make fuzz                                    all targets, a short while each\n");
}

static bool wants_help(const char *word)
{
    return text_eq(word, "--help") || text_eq(word, "-h") || text_eq(word, "help");
}

int main(int argc, char **argv)
{
    if (argc > 0)
        called = argv[0];
    if (argc < 2 || wants_help(argv[1])) {
        print_help();
        return argc < 2 ? STATUS_USAGE : STATUS_OK;
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (text_eq(commands[i].name, argv[1]))
            return commands[i].run(argc - 1, argv + 1);
    }
    log_error("%s has no command \"%s\"; see %s --help", called, argv[1], called);
    return STATUS_USAGE;
}
