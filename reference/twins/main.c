/* assay-twins: servers with one fault each, to prove that the checks find it. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "harness/base/log.h"
#include "harness/base/stop.h"
#include "reference/serve/serve.h"
#include "reference/twins/twin.h"

enum { BACKLOG = 4096, PREFIX_MAX = 256 };

static const struct twin_part *const parts[] = {
#define PART(name) &twins_##name,
#include "reference/twins/twins.def"
#undef PART
};

bool run_stopped(const struct run *run)
{
    struct pollfd stop = {.fd = run->stop, .events = POLLIN};

    return poll(&stop, 1, 0) != 0;
}

void run_die(const char *why)
{
    log_error("%s", why);
    exit(EXIT_FAILURE);
}

static void print_usage(FILE *out, const char *name)
{
    fprintf(out,
            "Usage: %s --fault NAME --listen URL [--prefix TEXT]\n"
            "       %s --fault list\n",
            name, name);
}

static int usage(const char *name)
{
    print_usage(stderr, name);
    return 2;
}

static int list(void)
{
    for (size_t part = 0; part < ARRAY_LEN(parts); part++) {
        for (size_t i = 0; i < parts[part]->count; i++) {
            const struct twin *t = &parts[part]->twins[i];

            printf("%s\t%s\t%s\t%s\t%s\n", t->name, t->check, t->transport ? t->transport : "tcp",
                   t->speak ? t->speak : "echo", t->what);
        }
    }
    return EXIT_SUCCESS;
}

static const struct twin *find(const char *name)
{
    for (size_t part = 0; part < ARRAY_LEN(parts); part++) {
        for (size_t i = 0; i < parts[part]->count; i++) {
            if (text_eq(parts[part]->twins[i].name, name))
                return &parts[part]->twins[i];
        }
    }
    return NULL;
}

/* A deaf twin is asked to end by a descriptor on which nothing ever comes. */
static int stop_of_twin(bool deaf)
{
    int stop = stop_descriptor();

    if (!deaf || stop < 0)
        return stop;
    close(stop);
    return eventfd(0, EFD_CLOEXEC);
}

static bool serve(const struct twin *t, const struct endpoint *at, const struct run *run)
{
    if (endpoint_is_datagram(at))
        return datagram_serve(run, &t->datagram);
    return at->kind == ENDPOINT_UNIX_SEQPACKET ? record_serve(run, &t->record)
                                               : stream_serve(run, &t->stream);
}

static int start(const struct twin *t, const struct endpoint *at, const char *prefix)
{
    struct run run = {.stop = stop_of_twin(t->deaf), .prefix = slice_str(prefix)};
    struct problem why = {.text = "no reason"};

    if (run.stop < 0)
        run_die(strerror(errno));
    run.listener = t->listen ? t->listen(at, &why) : net_listen(at, BACKLOG, &why);
    if (run.listener < 0)
        run_die(why.text);
    serve_raise_descriptors();
    if (t->begin)
        t->begin(&run);
    bool ok = serve_say_ready(at, run.listener) && serve(t, at, &run);
    if (!ok)
        log_error("serving ended: %s", strerror(errno));
    close(run.listener);
    net_forget(at);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    const char *name = serve_name(argv);
    const char *listen_at = NULL;
    const char *prefix = NULL;
    const char *fault = NULL;
    struct endpoint at;
    struct problem why;

    log_open("assay-twins");
    if (serve_wants_help(argc, argv)) {
        print_usage(stdout, name);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    for (int i = 1; i + 1 < argc; i += 2) {
        if (text_eq(argv[i], "--listen"))
            listen_at = argv[i + 1];
        else if (text_eq(argv[i], "--prefix"))
            prefix = argv[i + 1];
        else if (text_eq(argv[i], "--fault"))
            fault = argv[i + 1];
        else
            return usage(name);
    }
    if (argc % 2 == 0 || !fault)
        return usage(name);
    if (text_eq(fault, "list"))
        return list();
    const struct twin *t = find(fault);
    if (!t)
        log_error("there is no fault \"%s\"; --fault list names them", fault);
    if (!t || !listen_at || (prefix && strlen(prefix) > PREFIX_MAX))
        return usage(name);
    if (!prefix)
        prefix = t->speak && text_starts(t->speak, "echo:") ? t->speak + strlen("echo:") : "";
    if (!endpoint_parse(listen_at, &at, &why)) {
        log_error("%s", why.text);
        return 2;
    }
    if (at.rpc) {
        log_error("\"%s\": the twins have no RPC program; write it without rpc", listen_at);
        return 2;
    }
    return start(t, &at, prefix);
}
