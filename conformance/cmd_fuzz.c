/* `assay fuzz` and `assay replay`: hand over to assay-fuzz, a program of its own, since it is
   linked with libtirpc and the judge is not. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conformance/command.h"
#include "harness/base/log.h"

enum { WORDS_MAX = 256 };

/* Executes it with these arguments; `called` is how it speaks of itself. */
static int hand_over(char *called, char **arguments)
{
    char path[4096];
    char *words[WORDS_MAX] = {called};
    size_t count = 1;

    if (!command_program("assay-fuzz", path, sizeof(path))) {
        log_error("the program assay-fuzz is not there; was it built and installed?");
        return STATUS_KIT;
    }
    for (; *arguments && count < WORDS_MAX - 1; arguments++)
        words[count++] = *arguments;
    if (*arguments) {
        log_error("more than %d arguments", WORDS_MAX - 2);
        return STATUS_USAGE;
    }
    execv(path, words);
    log_error("cannot run %s: %s", path, strerror(errno));
    return STATUS_KIT;
}

int command_fuzz(int argc UNUSED, char **argv)
{
    static char called[] = "assay fuzz";

    return hand_over(called, argv + 1);
}

int command_replay(int argc UNUSED, char **argv)
{
    static char called[] = "assay";

    return hand_over(called, argv); /* "replay" is a command of that program, too */
}
