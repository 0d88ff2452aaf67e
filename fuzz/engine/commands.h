/*
 * The commands of the program assay-fuzz, which `assay fuzz` and `assay replay` execute: it is
 * linked with libtirpc and with all targets, and assay is not.
 */
#ifndef FUZZ_ENGINE_COMMANDS_H
#define FUZZ_ENGINE_COMMANDS_H

#include "fuzz/target.h"
#include "harness/report/status.h"

struct fuzz_command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
};

int fuzz_command_list(int argc, char **argv);
int fuzz_command_doctor(int argc, char **argv);
int fuzz_command_seed(int argc, char **argv);
int fuzz_command_selftest(int argc, char **argv);
int fuzz_command_replay(int argc, char **argv);

/* The target of that name, or NULL. */
const struct fuzz_target *fuzz_target_find(const char *name);

/* A word for what the octets of a case are. */
const char *fuzz_form_name(enum fuzz_form form);

/* The word by which the user called us: "assay fuzz". */
const char *fuzz_called(void);

#endif
