/* `assay serve`: hands over to a reference server or a twin, which are programs of their own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/command.h"
#include "harness/base/log.h"

enum { CHOICES_MAX = 2 };

static const struct kind {
    const char *name;
    const char *program;
    const char *summary;
    /* Options that choose another program; one that does nothing else is not passed on. */
    struct choice {
        const char *option;
        const char *program;
        bool choice_only;
    } choices[CHOICES_MAX];
} kinds[] = {
    {.name = "echo",
     .program = "assay-echo",
     .summary = "tcp, udp, unix, unix-dgram, unix-seqpacket; twins by --fault NAME",
     .choices = {{.option = "--fault", .program = "assay-twins"}}},
    {.name = "msgprog",
     .program = "assay-msgprog",
     .summary = "rpc+tcp, rpc+udp, rpc+unix; over libtirpc, or --own; twins by --fault NAME",
     .choices = {{.option = "--fault", .program = "assay-twins-rpc"},
                 {.option = "--own", .program = "assay-msgprog-own", .choice_only = true}}},
};

static void print_help(void)
{
    printf(
        "Usage: assay serve echo --listen URL [--prefix TEXT] [--fault NAME]\n"
        "       assay serve msgprog --listen URL [--listen URL ...] [--own] [--data FILE]\n"
        "                           [--register] [--max-message N] [--max-count N]\n"
        "       assay serve msgprog --listen URL [--listen URL ...] --fault NAME [--data FILE]\n\n"
        "Runs a reference server, which prints READY URL when it serves and ends on SIGTERM.\n"
        "With --fault it is a twin with that one fault; --fault list names them. Those of\n"
        "msgprog are about RPC; some serve rpcbind, program 100000, in its place.\n"
        "With --own MSGPROG is served by our own RPC code instead of libtirpc.\n\nKinds:\n");
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        printf("  %-10s%s\n", kinds[i].name, kinds[i].summary);
    printf("\nExamples:\n"
           "  assay serve echo --listen tcp://127.0.0.1:0\n"
           "  assay serve echo --listen unix:/tmp/echo --prefix 'Echoed msg: '\n"
           "  assay serve echo --fault list\n"
           "  assay serve msgprog --own --listen rpc+tcp://127.0.0.1:0 --data /tmp/messages\n");
}

/* The first of the kind's choices that stands among the arguments, also as --name=VALUE, or NULL.
 */
static const struct choice *find_choice(const struct kind *kind, int argc, char **argv, int *ret_at)
{
    for (size_t i = 0; i < CHOICES_MAX && kind->choices[i].option; i++) {
        for (int k = 2; k < argc; k++) {
            *ret_at = k;
            if (text_starts(argv[k], kind->choices[i].option))
                return &kind->choices[i];
        }
    }
    return NULL;
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
    int at = 0;
    const struct choice *choice = find_choice(kind, argc, argv, &at);
    const char *program = choice ? choice->program : kind->program;

    if (!command_program(program, path, sizeof(path))) {
        log_error("the program %s is not there; was it built and installed?", program);
        return STATUS_KIT;
    }
    if (choice && choice->choice_only)
        remove_argument(argv, at);
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
