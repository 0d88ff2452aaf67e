/* Options, listeners and store of the MSGPROG servers. */
#include "reference/setup/setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/log.h"
#include "reference/serve/serve.h"
#include "reference/wire/call.h"

enum { BACKLOG = 4096, COMPLAINT_EVERY = 1000 };

/* ---- options ---- */

static bool take_listen(struct setup *s, const char *value, struct problem *why)
{
    if (s->count == SETUP_PLACES_MAX)
        return problem_set(why, "--listen: at most %d places", SETUP_PLACES_MAX);
    if (!setup_read_url(value, &s->places[s->count].at, why))
        return false;
    s->places[s->count++].fd = -1;
    return true;
}

static bool take_data(struct setup *s, const char *value, struct problem *why)
{
    s->data = value;
    return *value != '\0' || problem_set(why, "--data: the file is missing");
}

static bool take_max_message(struct setup *s, const char *value, struct problem *why)
{
    uint64_t number;

    if (!text_number(value, 0, STORE_MESSAGE_MAX, &number))
        return problem_set(why, "--max-message \"%s\": expected a number from 0 to %d", value,
                           STORE_MESSAGE_MAX);
    s->limits.message_bytes = (size_t)number;
    return true;
}

static bool take_max_count(struct setup *s, const char *value, struct problem *why)
{
    uint64_t number;

    if (!text_number(value, 0, INT32_MAX, &number))
        return problem_set(why, "--max-count \"%s\": expected a number from 0 to %d", value,
                           INT32_MAX);
    s->limits.count = (uint32_t)number;
    return true;
}

static bool take_register(struct setup *s, const char *value, struct problem *why)
{
    (void)value;
    (void)why;
    s->registers = true;
    return true;
}

static const struct option_taken {
    const char *name;
    const char *argument; /* what its value stands for, or NULL */
    const char *help;
    bool (*take)(struct setup *s, const char *value, struct problem *why);
} options[] = {
    {"--listen", "URL",
     "rpc+tcp://HOST:PORT, rpc+udp://HOST:PORT, rpc+unix:PATH; several may be "
     "given, port 0 chooses one",
     take_listen},
    {"--data", "FILE", "keep the messages in FILE; without it they last as long as the server",
     take_data},
    {"--register", NULL, "register the program with the rpcbind of this machine", take_register},
    {"--max-message", "N", "refuse messages over N octets (1048576)", take_max_message},
    {"--max-count", "N", "refuse messages when N are stored (100000)", take_max_count},
};

static void print_help(const struct setup *s)
{
    printf("Usage: %s --listen URL [--listen URL ...] [OPTION ...]\n\n"
           "Serves MSGPROG (%d), version %d: SAVEMSG and READMSG.\n\n",
           s->program, MSG_PROGRAM, MSG_VERSION);
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        printf("  %-13s %-4s  %s\n", options[i].name,
               options[i].argument ? options[i].argument : "", options[i].help);
    printf("\nassay serve msgprog takes two more: --own serves by our own RPC code in place of\n"
           "libtirpc, --fault NAME is a twin with one planted fault (--fault list names them).\n");
}

static const struct option_taken *find_option(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        if (text_eq(word, options[i].name))
            return &options[i];
    }
    return NULL;
}

static bool read_options(struct setup *s, int argc, char **argv, struct problem *why)
{
    for (int i = 1; i < argc; i++) {
        const struct option_taken *o = find_option(argv[i]);

        if (!o)
            return problem_set(why, "unknown option %s; --help lists them", argv[i]);
        if (o->argument && i + 1 == argc)
            return problem_set(why, "%s needs a value: %s", o->name, o->argument);
        if (!o->take(s, o->argument ? argv[++i] : "", why))
            return false;
    }
    return s->count > 0 || problem_set(why, "where to listen? --listen URL; --help tells more");
}

/* ---- opening ---- */

/* A store whose file has no name any more: it is gone when the last descriptor is. */
static bool open_temporary(struct setup *s, struct problem *why)
{
    char path[4096];
    const char *folder = getenv("TMPDIR");

    text_format(path, sizeof(path), "%s/assay-msgprog-XXXXXX", folder ? folder : "/tmp");
    int fd = mkstemp(path);
    if (fd < 0)
        return problem_set(why, "cannot make %s: %s", path, strerror(errno));
    close(fd);
    s->store = store_open(path, &s->limits, why);
    unlink(path);
    return s->store != NULL;
}

static bool open_store(struct setup *s, struct problem *why)
{
    if (!s->data)
        return open_temporary(s, why);
    s->store = store_open(s->data, &s->limits, why);
    return s->store != NULL;
}

static bool open_place(struct place_served *p, struct problem *why)
{
    struct address local;
    int fd = net_listen(&p->at, BACKLOG, why);

    if (fd < 0)
        return false;
    p->fd = fd;
    if (!net_local(fd, endpoint_socktype(&p->at), &local))
        return problem_set(why, "no address: %s", strerror(errno));
    if (!endpoint_is_unix(&p->at))
        p->at.port = address_port(&local);
    return true;
}

int setup_begin(struct setup *s, const char *program, int argc, char **argv)
{
    struct problem why;

    *s = (struct setup){
        .program = program,
        .limits = {.message_bytes = STORE_MESSAGE_DEFAULT, .count = STORE_COUNT_DEFAULT},
    };
    if (serve_wants_help(argc, argv)) {
        print_help(s);
        exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    if (!read_options(s, argc, argv, &why)) {
        log_error("%s", why.text);
        return SETUP_USAGE;
    }
    bool ok = open_store(s, &why);
    for (size_t i = 0; ok && i < s->count; i++)
        ok = open_place(&s->places[i], &why);
    if (!ok)
        log_error("%s", why.text);
    return ok ? SETUP_OK : SETUP_TROUBLE;
}

bool setup_say_ready(const struct setup *s)
{
    for (size_t i = 0; i < s->count; i++) {
        char url[ENDPOINT_TEXT_MAX];

        endpoint_format(&s->places[i].at, url, sizeof(url));
        printf("READY %s\n", url);
    }
    return fflush(stdout) == 0;
}

void setup_complain(const char *what, const struct problem *why)
{
    static unsigned times;

    if (times++ % COMPLAINT_EVERY == 0)
        log_note("%s: %s (told once in %d times)", what, why->text, COMPLAINT_EVERY);
}

void setup_end(struct setup *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->places[i].fd < 0)
            continue;
        close(s->places[i].fd);
        net_forget(&s->places[i].at);
        s->places[i].fd = -1;
    }
    store_close(s->store);
    s->store = NULL;
}
