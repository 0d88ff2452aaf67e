/* assay-echo: listens where it is told, says so, and echoes. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "harness/base/log.h"
#include "reference/echo/echo.h"

enum { BACKLOG = 4096, PREFIX_MAX = 256 };

static int usage(void)
{
    fprintf(stderr, "Usage: assay-echo --listen URL [--prefix TEXT]\n");
    return 2;
}

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

/* The endpoint as it is: with the port that was chosen where 0 was asked. */
static bool say_ready(const struct endpoint *asked, int listener)
{
    struct endpoint at = *asked;
    struct address local;
    char url[ENDPOINT_TEXT_MAX];

    if (!net_local(listener, endpoint_socktype(asked), &local))
        return false;
    if (!endpoint_is_unix(asked))
        at.port = address_port(&local);
    endpoint_format(&at, url, sizeof(url));
    printf("READY %s\n", url);
    return fflush(stdout) == 0;
}

static bool serve(const struct endpoint *at, const struct echo *e)
{
    if (endpoint_is_datagram(at))
        return echo_datagram(e);
    return at->kind == ENDPOINT_UNIX_SEQPACKET ? echo_record(e) : echo_stream(e);
}

int main(int argc, char **argv)
{
    const char *listen_at = NULL;
    const char *prefix = "";
    struct endpoint at;
    struct problem why;

    log_open("assay-echo");
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && text_eq(argv[i], "--listen"))
            listen_at = argv[i + 1];
        else if (i + 1 < argc && text_eq(argv[i], "--prefix"))
            prefix = argv[i + 1];
        else
            return usage();
    }
    if (!listen_at || strlen(prefix) > PREFIX_MAX)
        return usage();
    if (!endpoint_parse(listen_at, &at, &why)) {
        log_error("%s", why.text);
        return 2;
    }
    if (at.rpc) {
        log_error("\"%s\": an echo server has no RPC program; write it without rpc", listen_at);
        return 2;
    }
    struct echo e = {.stop = stop_descriptor(), .prefix = slice_str(prefix)};
    e.listener = e.stop < 0 ? -1 : net_listen(&at, BACKLOG, &why);
    if (e.listener < 0) {
        log_error("%s", e.stop < 0 ? strerror(errno) : why.text);
        return EXIT_FAILURE;
    }
    bool ok = say_ready(&at, e.listener) && serve(&at, &e);
    if (!ok)
        log_error("serving ended: %s", strerror(errno));
    close(e.listener);
    net_forget(&at);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
