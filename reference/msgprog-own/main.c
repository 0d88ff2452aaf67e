/* assay-msgprog-own: MSGPROG over our own record reader and dispatcher. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "harness/base/log.h"
#include "reference/msgprog-own/register.h"
#include "reference/msgprog-own/server.h"

/* Signals become readable on a descriptor, so that a loop can wait for them as for anything. */
static int stop_descriptor(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static bool serve(const struct setup *setup, int stop)
{
    static struct server server;
    struct problem why;

    if (setup->registers && !register_places(setup, &why)) {
        log_error("%s", why.text);
        return false;
    }
    bool ok = setup_say_ready(setup) && server_run(&server, setup, stop);
    if (!ok)
        log_error("serving ended: %s", strerror(errno));
    if (setup->registers)
        unregister_places(setup);
    return ok;
}

int main(int argc, char **argv)
{
    struct setup setup;

    log_open("assay-msgprog-own");
    int stop = stop_descriptor();
    if (stop < 0) {
        log_error("cannot wait for signals: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    int status = setup_begin(&setup, "assay-msgprog-own", argc, argv);
    if (status == SETUP_OK)
        status = serve(&setup, stop) ? EXIT_SUCCESS : EXIT_FAILURE;
    setup_end(&setup);
    return status;
}
