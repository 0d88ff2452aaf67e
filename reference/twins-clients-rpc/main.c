/* assay-twins-clients-rpc: RPC clients with one fault each, to prove that the checks find it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/log.h"
#include "reference/serve/serve.h"
#include "reference/twins-clients-rpc/twin.h"

enum {
    LINE_MOST = 65536,
    FIRST_XID = 4000,
    FAILURES_MOST = 2,
    LIFE_S = 300, /* some wait for ever, and nobody who forgets one shall have it for ever */
    USAGE = 2,
};

static const struct twin_part *const parts[] = {
#define PART(name) &twins_##name,
#include "reference/twins-clients-rpc/twins.def"
#undef PART
};

static void print_usage(FILE *out, const char *name)
{
    fprintf(out,
            "Usage: %s --fault NAME URL\n"
            "       %s --fault list\n\n"
            "Stores each line of standard input by SAVEMSG and prints its number; those that read\n"
            "call READMSG once. Those that begin with none, as none and none-sys, have no fault.\n",
            name, name);
}

/* A line for each: NAME, CHECK, TRANSPORT, SPEAK, WHAT. */
static int list(void)
{
    for (size_t part = 0; part < ARRAY_LEN(parts); part++) {
        for (size_t i = 0; i < parts[part]->count; i++) {
            const struct twin *t = &parts[part]->twins[i];

            printf("%s\t%s\t%s\trpc\t%s\n", t->name, t->check,
                   t->transport ? t->transport : "rpc+tcp", t->what);
        }
    }
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
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

/* ---- calling ---- */

static bool call_once(struct client *k, const char *text)
{
    struct problem why = {.text = "no reason"};

    if (!client_call(k, text, &why)) {
        log_error("%s", why.text);
        return false;
    }
    puts(k->shown);
    return fflush(stdout) == 0;
}

/* A line that fails is told of, and the next one tried; two of them in a row are the end. */
static bool call_for_lines(struct client *k)
{
    static char line[LINE_MOST];
    unsigned in_a_row = 0;
    bool ok = true;

    while (in_a_row < FAILURES_MOST && fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (call_once(k, line)) {
            in_a_row = 0;
        } else {
            in_a_row++;
            ok = false;
        }
    }
    return ok;
}

static int run(const struct twin *t, const char *url)
{
    static struct client k;
    struct problem why;

    k = (struct client){.fault = &t->fault, .fd = -1, .first_xid = FIRST_XID + 1, .xid = FIRST_XID};
    if (!endpoint_parse(url, &k.at, &why) ||
        !address_resolve(&k.at, k.list, ARRAY_LEN(k.list), &k.count, &why)) {
        log_error("%s", why.text);
        return EXIT_FAILURE;
    }
    if (!k.at.rpc) {
        log_error("\"%s\": expected rpc+tcp, rpc+udp or rpc+unix", url);
        return EXIT_FAILURE;
    }
    buf_init(&k.shorthand, CALL_AUTH_MAX);
    record_init(&k.record, CLIENT_MESSAGE_MAX);
    bool ok = t->fault.reads ? call_once(&k, "") : call_for_lines(&k);
    transport_close(&k);
    record_free(&k.record);
    buf_free(&k.shorthand);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    const char *name = serve_name(argv);
    bool asked = argc >= 3 && text_eq(argv[1], "--fault");

    log_open("assay-twins-clients-rpc");
    if (serve_wants_help(argc, argv)) {
        print_usage(stdout, name);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (asked && argc == 3 && text_eq(argv[2], "list"))
        return list();
    const struct twin *t = asked ? find(argv[2]) : NULL;
    if (asked && !t)
        log_error("there is no fault \"%s\"; --fault list names them", argv[2]);
    if (!t || argc != 4) {
        print_usage(stderr, name);
        return USAGE;
    }
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return EXIT_FAILURE;
    alarm(LIFE_S);
    return run(t, argv[3]);
}
