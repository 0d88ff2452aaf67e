/* assay-echo: listens where it is told, says so, and echoes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/log.h"
#include "harness/base/stop.h"
#include "reference/echo/echo.h"
#include "reference/serve/serve.h"

enum { BACKLOG = 4096 };

static void print_usage(FILE *out, const char *name)
{
    fprintf(out, "Usage: %s --listen URL [--prefix TEXT]\n", name);
}

static int usage(const char *name)
{
    print_usage(stderr, name);
    return 2;
}

static bool serve(const struct endpoint *at, const struct echo *e)
{
    if (endpoint_is_datagram(at))
        return echo_datagram(e);
    return at->kind == ENDPOINT_UNIX_SEQPACKET ? echo_record(e) : echo_stream(e);
}

int main(int argc, char **argv)
{
    const char *name = serve_name(argv);
    const char *listen_at = NULL;
    const char *prefix = "";
    struct endpoint at;
    struct problem why;

    log_open("assay-echo");
    if (serve_wants_help(argc, argv)) {
        print_usage(stdout, name);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && text_eq(argv[i], "--listen"))
            listen_at = argv[i + 1];
        else if (i + 1 < argc && text_eq(argv[i], "--prefix"))
            prefix = argv[i + 1];
        else
            return usage(name);
    }
    if (!listen_at || strlen(prefix) > ECHO_PREFIX_MAX)
        return usage(name);
    if (!endpoint_parse(listen_at, &at, &why)) {
        log_error("%s", why.text);
        return 2;
    }
    if (at.rpc) {
        log_error("\"%s\": an echo server has no RPC program; write it without rpc", listen_at);
        return 2;
    }
    serve_raise_descriptors();
    struct echo e = {.stop = stop_descriptor(), .prefix = slice_str(prefix)};
    e.listener = e.stop < 0 ? -1 : net_listen(&at, BACKLOG, &why);
    if (e.listener < 0) {
        log_error("%s", e.stop < 0 ? strerror(errno) : why.text);
        return EXIT_FAILURE;
    }
    bool ok = serve_say_ready(&at, e.listener) && serve(&at, &e);
    if (!ok)
        log_error("serving ended: %s", strerror(errno));
    close(e.listener);
    net_forget(&at);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
