/* `assay serve`: hands over to a reference server or a twin, which are programs of their own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/command.h"
#include "harness/base/log.h"

static const struct kind {
    const char *name;
    const char *program;
    const char *summary;
    /* An option that chooses another program; one that does nothing else is not passed on. */
    const char *option;
    const char *other;
    bool choice_only;
} kinds[] = {
    {.name = "echo",
     .program = "assay-echo",
     .summary = "tcp, udp, unix, unix-dgram, unix-seqpacket; twins by --fault NAME",
     .option = "--fault",
     .other = "assay-twins"},
    {.name = "msgprog",
     .program = "assay-msgprog",
     .summary = "rpc+tcp, rpc+udp, rpc+unix; over libtirpc, or --own",
     .option = "--own",
     .other = "assay-msgprog-own",
     .choice_only = true},
};

static void print_help(void)
{
    printf("Usage: assay serve echo --listen URL [--prefix TEXT] [--fault NAME]\n"
           "       assay serve msgprog --listen URL [--listen URL ...] [--own] [--data FILE]\n"
           "                           [--register] [--max-message N] [--max-count N]\n\n"
           "Runs a reference server, which prints READY URL when it serves and ends on SIGTERM.\n"
           "With --fault it is a twin with that one fault; --fault list names them.\n"
           "With --own MSGPROG is served by our own RPC code instead of libtirpc.\n\nKinds:\n");
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        printf("  %-10s%s\n", kinds[i].name, kinds[i].summary);
    printf("\nExamples:\n"
           "  assay serve echo --listen tcp://127.0.0.1:0\n"
           "  assay serve echo --listen unix:/tmp/echo --prefix 'Echoed msg: '\n"
           "  assay serve echo --fault list\n"
           "  assay serve msgprog --own --listen rpc+tcp://127.0.0.1:0 --data /tmp/messages\n");
}

/* Where the kind's option stands among the arguments, also as --name=VALUE; 0: nowhere. */
static int find_choice(const struct kind *kind, int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        if (text_starts(argv[i], kind->option))
            return i;
    }
    return 0;
}

static void remove_argument(char **argv, int at)
{
    for (; argv[at]; at++)
        argv[at] = argv[at + 1];
}

static int execute(const struct kind *kind, int argc, char **argv)
{
    char path[4096];
    char name[40];
    int choice = find_choice(kind, argc, argv);
    const char *program = choice ? kind->other : kind->program;

    if (!command_program(program, path, sizeof(path))) {
        log_error("the program %s is not there; was it built and installed?", program);
        return STATUS_KIT;
    }
    if (choice && kind->choice_only)
        remove_argument(argv, choice);
    /* Under this name it speaks of itself. */
    text_format(name, sizeof(name), "assay serve %s", kind->name);
    argv[1] = name;
    execv(path, argv + 1);
    log_error("cannot run %s: %s", path, strerror(errno));
    return STATUS_KIT;
}

int command_serve(int argc, char **argv)
{
    struct problem why;

    if (argc < 2 || text_eq(argv[1], "--help")) {
        print_help();
        return argc < 2 ? STATUS_USAGE : STATUS_OK;
    }
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (text_eq(argv[1], kinds[i].name))
            return execute(&kinds[i], argc, argv);
    }
    problem_set(&why, "no server of the kind \"%s\"", argv[1]);
    return usage_error("serve", &why);
}
