/* assay-msgprog-own: MSGPROG over our own record reader and dispatcher. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/log.h"
#include "harness/base/stop.h"
#include "reference/msgprog-own/register.h"
#include "reference/msgprog-own/server.h"
#include "reference/serve/serve.h"

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
    serve_raise_descriptors();
    int status = setup_begin(&setup, serve_name(argv), argc, argv);
    if (status == SETUP_OK)
        status = serve(&setup, stop) ? EXIT_SUCCESS : EXIT_FAILURE;
    setup_end(&setup);
    return status;
}
