/* assay-twins-rpc: RPC servers with one fault each, to prove that the checks find it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/log.h"
#include "harness/base/stop.h"
#include "reference/serve/serve.h"
#include "reference/twins-rpc/registry.h"
#include "reference/twins-rpc/twin.h"

enum { BACKLOG = 4096, STORE_COUNT = 1000000 };

static const struct twin_part *const parts[] = {
#define PART(name) &twins_##name,
#include "reference/twins-rpc/twins.def"
#undef PART
};

/* The servers without any fault, which every check must pass. */
static const struct twin sound[] = {
    {.name = "none", .what = "nothing"},
    {.name = "none-registry", .what = "nothing", .registry = true},
};

struct options {
    const char *fault;
    const char *data;
    const char *urls[SERVER_PLACES_MAX];
    size_t count;
};

static void print_usage(FILE *out, const char *name)
{
    fprintf(out,
            "Usage: %s --fault NAME --listen URL [--listen URL ...] [--data FILE]\n"
            "       %s --fault list\n\n"
            "Those that begin with none, as none and none-registry, have no fault.\n",
            name, name);
}

static int usage(const char *name)
{
    print_usage(stderr, name);
    return 2;
}

/* A line for each: NAME, CHECK, TRANSPORT, SPEAK, WHAT. The transport is followed by program and
   version where they are not those of MSGPROG. */
static int list(void)
{
    for (size_t part = 0; part < ARRAY_LEN(parts); part++) {
        for (size_t i = 0; i < parts[part]->count; i++) {
            const struct twin *t = &parts[part]->twins[i];

            if (!t->check)
                continue;
            printf("%s\t%s\t%s%s\trpc\t%s\n", t->name, t->check,
                   t->transport ? t->transport : "rpc+tcp", t->registry ? "/100000/4" : "",
                   t->what);
        }
    }
    return EXIT_SUCCESS;
}

static const struct twin *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(sound); i++) {
        if (text_eq(sound[i].name, name))
            return &sound[i];
    }
    for (size_t part = 0; part < ARRAY_LEN(parts); part++) {
        for (size_t i = 0; i < parts[part]->count; i++) {
            if (text_eq(parts[part]->twins[i].name, name))
                return &parts[part]->twins[i];
        }
    }
    return NULL;
}

/* What rpcbind calls the transport (RFC 5665 5.1.1). */
static const char *netid_of(const struct endpoint *at, const struct address *local)
{
    bool six = address_family(local) == AF_INET6;

    switch (at->kind) {
    case ENDPOINT_TCP:
        return six ? "tcp6" : "tcp";
    case ENDPOINT_UDP:
        return six ? "udp6" : "udp";
    case ENDPOINT_UNIX:
        return "local";
    case ENDPOINT_UNIX_DGRAM:
    case ENDPOINT_UNIX_SEQPACKET:
    case ENDPOINT_KINDS:
        break;
    }
    return NULL;
}

/* Program and version may be left out: one twin serves one program. */
static bool read_url(const char *url, struct endpoint *ret, struct problem *why)
{
    return endpoint_parse(url, ret, why) ||
           endpoint_parse(text_starts(url, "rpc+") ? url + strlen("rpc+") : url, ret, why);
}

static bool open_place(struct server *s, const char *url, struct problem *why)
{
    struct place *p = &s->places[s->count];
    struct address local;

    if (!read_url(url, &p->at, why))
        return false;
    p->source.fd = net_listen(&p->at, BACKLOG, why);
    if (p->source.fd < 0)
        return false;
    s->count++;
    if (!net_local(p->source.fd, endpoint_socktype(&p->at), &local))
        return problem_set(why, "no address: %s", strerror(errno));
    if (!endpoint_is_unix(&p->at))
        p->at.port = address_port(&local);
    p->netid = netid_of(&p->at, &local);
    return p->netid || problem_set(why, "\"%s\": expected rpc+tcp, rpc+udp or rpc+unix", url);
}

/* Without --data in a file whose name is gone again at once. */
static bool open_store(struct server *s, const char *path, struct problem *why)
{
    static const struct store_limits limits = {.message_bytes = STORE_MESSAGE_MAX,
                                               .count = STORE_COUNT};
    char name[] = "/tmp/assay-twins-XXXXXX";

    if (path) {
        s->store = store_open(path, &limits, why);
        return s->store != NULL;
    }
    int fd = mkstemp(name);
    if (fd < 0)
        return problem_set(why, "cannot make %s: %s", name, strerror(errno));
    close(fd);
    s->store = store_open(name, &limits, why);
    unlink(name);
    return s->store != NULL;
}

static bool open_all(struct server *s, const struct options *o, struct problem *why)
{
    bool ok = open_store(s, o->data, why);

    for (size_t i = 0; ok && i < o->count; i++)
        ok = open_place(s, o->urls[i], why);
    return ok;
}

static bool say_ready(const struct server *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct endpoint at = s->places[i].at;
        char url[ENDPOINT_TEXT_MAX];

        at.rpc = true;
        at.program = s->program->number;
        at.version = s->program->high;
        endpoint_format(&at, url, sizeof(url));
        printf("READY %s\n", url);
    }
    return fflush(stdout) == 0;
}

static int serve(const struct twin *t, const struct options *o)
{
    static struct server s;
    struct problem why = {.text = "no reason"};
    int stop = stop_descriptor();

    s = (struct server){.fault = &t->fault,
                        .program = t->registry ? &program_registry : &program_msgprog};
    bool ok = stop >= 0 && open_all(&s, o, &why);
    if (!ok)
        log_error("%s", stop < 0 ? strerror(errno) : why.text);
    if (ok && t->registry)
        registry_begin(&s);
    ok = ok && say_ready(&s) && server_run(&s, stop);
    for (size_t i = 0; i < s.count; i++) {
        close(s.places[i].source.fd);
        net_forget(&s.places[i].at);
    }
    store_close(s.store);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* False, with a line that names it, where a word is none of ours. */
static bool read_options(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        const char *value = argv[i + 1]; /* NULL behind the last word */

        if (value && text_eq(argv[i], "--fault")) {
            o->fault = value;
        } else if (value && text_eq(argv[i], "--data")) {
            o->data = value;
        } else if (value && text_eq(argv[i], "--listen") && o->count < SERVER_PLACES_MAX) {
            o->urls[o->count++] = value;
        } else {
            log_error("%s: a twin takes --fault NAME, --data FILE and up to %d times --listen URL",
                      argv[i], SERVER_PLACES_MAX);
            return false;
        }
    }
    return o->fault;
}

int main(int argc, char **argv)
{
    const char *name = serve_name(argv);
    struct options o = {0};

    log_open("assay-twins-rpc");
    if (serve_wants_help(argc, argv)) {
        print_usage(stdout, name);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (!read_options(&o, argc, argv))
        return usage(name);
    if (text_eq(o.fault, "list"))
        return list();
    const struct twin *t = find(o.fault);
    if (!t)
        log_error("there is no fault \"%s\"; --fault list names them", o.fault);
    if (!t || o.count == 0)
        return usage(name);
    return serve(t, &o);
}
