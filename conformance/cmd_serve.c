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
    const char *twins; /* the program that takes --fault, or NULL */
    const char *summary;
} kinds[] = {
    {"echo", "assay-echo", "assay-twins", "tcp, udp, unix, unix-dgram, unix-seqpacket"},
};

static void print_help(void)
{
    printf("Usage: assay serve KIND --listen URL [--prefix TEXT] [--fault NAME]\n\n"
           "Runs a reference server, which prints READY URL when it serves and ends on SIGTERM.\n"
           "With --fault it is a twin with that one fault; --fault list names them.\n\nKinds:\n");
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        printf("  %-10s%s\n", kinds[i].name, kinds[i].summary);
    printf("\nExamples:\n"
           "  assay serve echo --listen tcp://127.0.0.1:0\n"
           "  assay serve echo --listen unix:/tmp/echo --prefix 'Echoed msg: '\n"
           "  assay serve echo --fault list\n");
}

static bool has_fault(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        if (text_starts(argv[i], "--fault"))
            return true;
    }
    return false;
}

int command_serve(int argc, char **argv)
{
    char path[4096];
    struct problem why;

    if (argc < 2 || text_eq(argv[1], "--help")) {
        print_help();
        return argc < 2 ? STATUS_USAGE : STATUS_OK;
    }
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const char *program =
            kinds[i].twins && has_fault(argc, argv) ? kinds[i].twins : kinds[i].program;

        if (!text_eq(argv[1], kinds[i].name))
            continue;
        if (!command_program(program, path, sizeof(path))) {
            log_error("the program %s is not there; was it built and installed?", program);
            return STATUS_KIT;
        }
        argv[1] = path;
        execv(path, argv + 1);
        log_error("cannot run %s: %s", path, strerror(errno));
        return STATUS_KIT;
    }
    problem_set(&why, "no server of the kind \"%s\"", argv[1]);
    return usage_error("serve", &why);
}
