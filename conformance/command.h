/* The commands of the program, and what they share. */
#ifndef CONFORMANCE_COMMAND_H
#define CONFORMANCE_COMMAND_H

#include "harness/base/text.h"
#include "harness/report/status.h"

struct command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
};

int command_check(int argc, char **argv);
int command_client(int argc, char **argv);
int command_gate(int argc, char **argv);
int command_list(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_requirements(int argc, char **argv);
int command_serve(int argc, char **argv);
int command_report(int argc, char **argv);
int command_proxy(int argc, char **argv);
int command_fuzz(int argc, char **argv);
int command_replay(int argc, char **argv);

/* The word by which the user called us, to be written in commands that repeat something. */
const char *command_called(void);

/*
 * The path of a program that belongs to ours: beside it in a build, in ../libexec/assay where it is
 * installed. False where it is in neither.
 */
bool command_program(const char *name, char *ret, size_t cap);

/* ---- options ---- */

struct option_row {
    const char *name;     /* without the dashes */
    const char *argument; /* what stands for its value in the help, or NULL */
    const char *help;
    /* Takes the value ("" without one) into `into`. False with the reason. */
    bool (*take)(void *into, const char *value, struct problem *why);
};

struct option_set {
    const struct option_row *rows;
    size_t count;
    void *into;         /* what the rows fill */
    const char **words; /* gets what is no option, ended by NULL */
    size_t words_cap;
    const struct option_row *common; /* further rows, which several commands have; or NULL */
    size_t common_count;
    bool keeps_dashes; /* "--" is put among the words, too */
};

/* Reads a command line. Understands --name VALUE, --name=VALUE and -- as the end. False with the
   reason, naming the option. */
bool options_read(const struct option_set *set, int argc, char **argv,
                  struct problem *why) MUST_USE;

/* A number in a range. False with the reason, naming the option. */
bool option_count(const char *option, const char *value, uint64_t min, uint64_t max, uint64_t *ret,
                  struct problem *why) MUST_USE;

/* Writes one line per option to standard output. */
void options_help(const struct option_row *rows, size_t count);

/* "assay: <reason>" and where help is found, on standard error; STATUS_USAGE. */
int usage_error(const char *command, const struct problem *why);

#endif
