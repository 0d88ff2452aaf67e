/* assay-twins-clients: clients with one fault each, to prove that the checks find it. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness/base/log.h"
#include "reference/twins-clients/twin.h"

/* Some wait for ever. Nobody who forgets one shall have it for ever. */
enum { LIFE_S = 300 };

static const struct twin_part *const parts[] = {
#define PART(name) &twins_##name,
#include "reference/twins-clients/twins.def"
#undef PART
};

static void print_usage(FILE *out)
{
    fprintf(out, "Usage: assay-twins-clients --fault NAME URL\n"
                 "       assay-twins-clients --fault list\n");
}

static int usage(void)
{
    print_usage(stderr);
    return 2;
}

static const char *transport_of(const struct twin *t)
{
    return t->transport ? t->transport : "tcp";
}

static int list(void)
{
    for (size_t part = 0; part < ARRAY_LEN(parts); part++) {
        for (size_t i = 0; i < parts[part]->count; i++) {
            const struct twin *t = &parts[part]->twins[i];

            printf("%s\t%s\t%s\techo\t%s\n", t->name, t->check, transport_of(t), t->what);
        }
    }
    return EXIT_SUCCESS;
}

/* A name may stand for one of each engine. */
static const struct twin *find(const char *name, const char *transport)
{
    for (size_t part = 0; part < ARRAY_LEN(parts); part++) {
        for (size_t i = 0; i < parts[part]->count; i++) {
            const struct twin *t = &parts[part]->twins[i];

            if (text_eq(t->name, name) && text_eq(transport_of(t), transport))
                return t;
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct endpoint at;
    struct problem why;

    log_open("assay-twins-clients");
    if (argc == 2 && text_eq(argv[1], "--help")) {
        print_usage(stdout);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (argc < 3 || argc > 4 || !text_eq(argv[1], "--fault"))
        return usage();
    if (argc == 3)
        return text_eq(argv[2], "list") ? list() : usage();
    if (!endpoint_parse(argv[3], &at, &why)) {
        log_error("%s", why.text);
        return 2;
    }
    const char *transport = endpoint_is_datagram(&at) ? "udp" : "tcp";
    const struct twin *t = find(argv[2], transport);
    if (!t) {
        log_error("there is no fault \"%s\" over %s; --fault list names them", argv[2], transport);
        return 2;
    }
    alarm(LIFE_S);
    if (endpoint_is_datagram(&at))
        datagram_run(&at, &t->manners, &t->datagram);
    else
        stream_run(&at, &t->manners, &t->stream);
    return EXIT_SUCCESS;
}
