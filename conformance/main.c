/* The program `assay`: finds the command and runs it. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conformance/command.h"
#include "harness/base/log.h"
#include "harness/report/report.h"

static const struct command commands[] = {
    {"check", "try a target and report which promises it breaks", command_check},
    {"client", "run a client against servers that misbehave, and judge it", command_client},
    {"gate", "what CI runs: several targets, what is expected of each, reports", command_gate},
    {"list", "the checks: id, level, claim", command_list},
    {"explain", "one check: the claim, why it matters, how it is tried", command_explain},
    {"requirements", "what the standards ask for, and the checks that cover it",
     command_requirements},
    {"report", "join reports, or show one in another form", command_report},
    {"serve", "a reference server, or a faulty twin", command_serve},
    {"fuzz", "fuzz targets: list, doctor, selftest", command_fuzz},
    {"replay", "one fuzz case, in process or against a live target", command_replay},
    {"proxy", "loses, delays, cuts and resets between a client and a server", command_proxy},
};

static void print_help(void)
{
    printf("assay: a fuzz-and-conformance test kit for socket and RPC implementations\n\n"
           "Usage: assay COMMAND [OPTION]...\n\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        printf("  %-14s%s\n", commands[i].name, commands[i].summary);
    printf("\n  --help        this text; after a command, that of the command\n"
           "  --version     the version\n\n"
           "Examples:\n"
           "  assay serve echo --listen tcp://127.0.0.1:4711     a reference to try it on\n"
           "  assay check tcp://127.0.0.1:4711                   every check that applies\n"
           "  assay check udp://127.0.0.1:0 --spawn './server {port}'\n"
           "  assay proxy --listen udp://127.0.0.1:0 --to udp://127.0.0.1:53 --drop 30%%\n"
           "  assay explain stream.shutdown.half-close-drains\n");
}

static const char *called = "assay";

const char *command_called(void)
{
    return called;
}

bool command_program(const char *name, char *ret, size_t cap)
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (len < 0)
        return false;
    self[len] = '\0';
    const char *folder = dirname(self);
    text_format(ret, cap, "%s/%s", folder, name);
    if (access(ret, X_OK) == 0)
        return true;
    text_format(ret, cap, "%s/../libexec/assay/%s", folder, name);
    return access(ret, X_OK) == 0;
}

/* A descriptor that is closed would be given to the next socket or file. In its place stands one
   that answers reading, or writing, as a closed one does. */
static bool open_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return false;
    }
    return true;
}

/* What was printed must have arrived, or the status says so. */
static int close_stdout(int status)
{
    bool failed = ferror(stdout) != 0;
    int error = errno;

    if (fclose(stdout) != 0) {
        failed = true;
        error = errno;
    }
    if (!failed || status != STATUS_OK)
        return status;
    log_error("cannot write to standard output: %s", strerror(error));
    return STATUS_KIT;
}

static int command(int argc, char **argv)
{
    struct problem why;

    if (argc < 2 || text_eq(argv[1], "--help") || text_eq(argv[1], "help")) {
        print_help();
        return argc < 2 ? STATUS_USAGE : STATUS_OK;
    }
    if (text_eq(argv[1], "--version")) {
        printf("%s %s\n", REPORT_TOOL, REPORT_VERSION);
        return STATUS_OK;
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (text_eq(argv[1], commands[i].name))
            return commands[i].run(argc - 1, argv + 1);
    }
    problem_set(&why, "\"%s\" is no command", argv[1]);
    return usage_error("", &why);
}

int main(int argc, char **argv)
{
    log_open("assay");
    if (argc > 0)
        called = argv[0];
    if (!open_standard_streams())
        return STATUS_KIT;
    return close_stdout(command(argc, argv));
}
