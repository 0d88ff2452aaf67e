/*
 * Proves the checks: each twin must be found by the check that it is made for, each check that
 * judges must have a twin, and the engines of RPC servers and of clients must pass where no fault
 * is planted. A pattern that matches nothing is a failure. One line of TAP for each.
 *
 *   prove BUILD-DIR [PATTERN]      PATTERN matches names of twins and ids of checks
 *   prove BUILD-DIR --page         tries nothing: the page of what a run tries, docs/proof.md
 *   prove BUILD-DIR --along        tries each twin by all checks of its suite, and prints which of
 *                                  them fail along with the one that it is made for
 *
 * With VERBOSE in the environment each catch is followed by its reason.
 */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/deadline.h"
#include "harness/base/text.h"
#include "harness/process/process.h"

enum {
    TWINS_MAX = 1024,
    JOBS_MAX = 16, /* servers at once */
    SLOW = 6,      /* ... and what is slow beside them */
    FIELDS = 5,
    LINE_MAX_ = 1024,
    ROW_MAX = 8192, /* of a page */
    LIST_LIMIT_MS = 10000,
    TWIN_LIMIT_MS = 120000,
    SUITE_TIMES = 5, /* as long for all checks of its suite */
    RUNS_MAX = 3,    /* of a twin that comes to no verdict */
    TURN_MS = 10,
    PATIENCE_MS = 1500,
    PATIENCE_CLIENT_MS = 4000, /* their own time-outs must show */
    PATIENCE_SOUND_MS = 15000,
};

/* Whose --fault list names the twins. Clients are told where their server is by {url}. */
static const struct program {
    const char *name;
    bool client;
} programs[] = {
    {"assay-twins", false},
    {"assay-twins-rpc", false},
    {"assay-twins-clients", true},
    {"assay-twins-clients-rpc", true},
};

struct twin {
    const struct program *program;
    const char *name;
    const char *check;
    const char *transport;
    const char *speak;
    const char *what;
    bool sound; /* it has no fault: its checks must pass */
    char *row;  /* with --along: of the page */
};

struct job {
    struct twin *twin; /* NULL: idle */
    struct process process;
    int64_t began_us;
    unsigned runs; /* so far, this one included */
};

struct proof {
    const char *build;
    const char *pattern;
    bool along; /* the whole suite is tried, and what else fails is told */
    char folder[64];
    char *lines[TWINS_MAX]; /* what the fields of a twin point into */
    struct twin twins[TWINS_MAX];
    size_t count;
    struct job jobs[JOBS_MAX + SLOW];
    unsigned said;
    unsigned failed;
};

/* Where a twin of each transport listens, and where it is reached. {N} stands for a name of its
   own; {port} and {path} are filled in by assay. Behind --data comes a file for each port. */
static const struct transport {
    const char *name;
    const char *url;
    const char *listen;
    const char *before; /* in the shell that starts the twin */
} transports[] = {
    {"tcp", "tcp://127.0.0.1:0", "tcp://127.0.0.1:{port}", ""},
    {"tcp6", "tcp://[::1]:0", "tcp://[::]:{port}", ""},
    {"tcp46", "tcp://127.0.0.1:0", "tcp://[::]:{port}", ""},
    {"udp", "udp://127.0.0.1:0", "udp://{host}:{port}", ""},
    {"udp6", "udp://[::1]:0", "udp://[::]:{port}", ""},
    {"unix", "unix:", "unix:{path}", ""},
    {"unix-dgram", "unix-dgram:", "unix-dgram:{path}", ""},
    {"unix-seqpacket", "unix-seqpacket:", "unix-seqpacket:{path}", ""},
    {"unix-abstract", "unix:@", "unix:{path}", ""},
    {"rpc+tcp", "rpc+tcp://127.0.0.1:0", "rpc+tcp://127.0.0.1:{port}", ""},
    {"rpc+tcp-data", "rpc+tcp://127.0.0.1:0", "rpc+tcp://127.0.0.1:{port} --data ", ""},
    {"rpc+udp", "rpc+udp://127.0.0.1:0", "rpc+udp://127.0.0.1:{port}", ""},
    {"rpc+udp-any", "rpc+udp://127.0.0.1:0", "rpc+udp://0.0.0.0:{port}", ""},
    {"rpc+unix", "rpc+unix:", "rpc+unix:{path}", ""},
    {"rpc+unix-all", "rpc+unix:", "rpc+unix:{path}", "umask 0; "},
    {"rpc+tcp6", "rpc+tcp://[::1]:0", "rpc+tcp://[::1]:{port}", ""},
    {"rpc+tcp+tcp6", "rpc+tcp://127.0.0.1:0",
     "rpc+tcp://127.0.0.1:{port} --listen rpc+tcp://[::1]:{port}", ""},
    {"rpc+tcp+udp", "rpc+tcp://127.0.0.1:0",
     "rpc+tcp://127.0.0.1:{port} --listen rpc+udp://127.0.0.1:{port}", ""},
};

/* Servers without a fault, and the checks that they must pass. */
static const struct twin controls[] = {
    {.name = "none", .check = "rpc", .transport = "rpc+tcp"},
    {.name = "none", .check = "rpc", .transport = "rpc+udp-any"},
    {.name = "none", .check = "rpc", .transport = "rpc+unix"},
    {.name = "none", .check = "msgprog", .transport = "rpc+tcp-data"},
    {.name = "none", .check = "msgprog", .transport = "rpc+udp"},
    {.name = "none", .check = "msgprog", .transport = "rpc+unix"},
    {.name = "none-wants-name", .check = "rpc", .transport = "rpc+tcp"},
    {.name = "none-wants-name", .check = "rpc", .transport = "rpc+udp-any"},
    {.name = "none-wants-name", .check = "msgprog", .transport = "rpc+tcp-data"},
    {.name = "none-wants-proof", .check = "rpc.rm", .transport = "rpc+tcp"},
    {.name = "none-wants-proof", .check = "rpc.pipeline", .transport = "rpc+tcp"},
    {.name = "none-wants-proof", .check = "rpc.tcp", .transport = "rpc+tcp"},
    {.name = "none", .check = "stream.restart", .transport = "rpc+tcp+tcp6"},
    {.name = "none-gss", .check = "rpc.gss", .transport = "rpc+tcp"},
    {.name = "none-gss-2", .check = "rpc.gss", .transport = "rpc+udp"},
    {.name = "none-tls", .check = "rpc.tls", .transport = "rpc+tcp"},
    {.name = "none-registry", .check = "rpcbind", .transport = "rpc+tcp/100000/4"},
    {.name = "none-registry", .check = "rpcbind", .transport = "rpc+udp/100000/4"},
    {.name = "none-registry", .check = "rpcbind", .transport = "rpc+tcp6/100000/4"},
    {.name = "none-registry", .check = "rpcbind", .transport = "rpc+unix-all/100000/4"},
    {.name = "none-registry-strict", .check = "rpcbind", .transport = "rpc+tcp/100000/4"},
};

/* The program that an RPC twin serves where its transport does not say: MSGPROG. */
static const char usual_service[] = "/345678/2";

/* The name is followed by /PROGRAM/VERSION where that is not the usual one. */
static const struct transport *find_transport(const char *name)
{
    size_t len = strcspn(name, "/");

    for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
        if (strlen(transports[i].name) == len && strncmp(transports[i].name, name, len) == 0)
            return &transports[i];
    }
    return NULL;
}

PRINTF_LIKE(3, 4) static void say(struct proof *p, bool ok, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    text_vformat(text, sizeof(text), format, args);
    va_end(args);
    p->failed += !ok;
    printf("%s %u - %s\n", ok ? "ok" : "not ok", ++p->said, text);
    fflush(stdout);
}

static bool wanted(const struct proof *p, const struct twin *t)
{
    if (p->along)
        return !t->sound;
    return !p->pattern || text_glob(p->pattern, t->name) || text_glob(p->pattern, t->check) ||
           (text_starts(t->check, p->pattern) && t->check[strlen(p->pattern)] == '.');
}

/* ---- the lists ---- */

/* Runs a command whose output goes to a file of the folder. */
static bool run_into(const struct proof *p, const char *file, const char *program,
                     const char *arguments)
{
    static struct process process;
    struct problem why;
    struct buf line;
    char path[PATH_MAX];

    buf_init(&line, 1 << 14);
    text_format(path, sizeof(path), "%s/%s", p->build, program);
    text_shell_word(&line, path);
    buf_printf(&line, " %s > %s/%s", arguments, p->folder, file);
    struct process_options o = {.command = buf_text(&line), .umask = -1};
    bool ok = process_start(&process, &o, &why);
    if (ok) {
        process_wait(&process, deadline_in_ms(LIST_LIMIT_MS));
        ok = process_ended_well(&process);
        process_stop(&process, 0);
    }
    buf_free(&line);
    return ok;
}

static bool take_line(struct proof *p, const struct program *program, const char *line)
{
    char *copy = strdup(line);
    char *fields[FIELDS];
    char *at = copy;

    p->lines[p->count] = copy;
    for (size_t i = 0; i < FIELDS; i++) {
        fields[i] = at ? strsep(&at, "\t\n") : NULL;
        if (!fields[i])
            return false;
    }
    p->twins[p->count] = (struct twin){.program = program,
                                       .name = fields[0],
                                       .check = fields[1],
                                       .transport = fields[2],
                                       .speak = fields[3],
                                       .what = fields[4],
                                       .sound = text_starts(fields[0], "none")};
    p->count++;
    return true;
}

static bool read_twins(struct proof *p, const struct program *program)
{
    char path[PATH_MAX];
    char line[LINE_MAX_];
    bool ok = true;
    size_t before = p->count;

    text_format(path, sizeof(path), "%s/twins", p->folder);
    FILE *file = run_into(p, "twins", program->name, "--fault list") ? fopen(path, "re") : NULL;
    while (file && ok && p->count < TWINS_MAX && fgets(line, sizeof(line), file))
        ok = take_line(p, program, line);
    if (file)
        fclose(file);
    if (!ok || p->count == before || p->count == TWINS_MAX)
        say(p, false, "the list of %s cannot be read", program->name);
    return ok && p->count > before;
}

static void add_controls(struct proof *p)
{
    for (size_t i = 0; i < ARRAY_LEN(controls) && p->count < TWINS_MAX; i++) {
        struct twin *t = &p->twins[p->count++];

        *t = controls[i];
        t->program = &programs[1];
        t->speak = "rpc";
        t->sound = true;
    }
}

/* ---- one twin ---- */

/* What is its own by this number: a name may come with several transports. */
static size_t number_of(const struct proof *p, const struct twin *t)
{
    return (size_t)(t - p->twins);
}

static void report_path(const struct proof *p, const struct twin *t, char *out, size_t cap)
{
    text_format(out, cap, "%s/%zu.json", p->folder, number_of(p, t));
}

/* Where assay reaches the twin. */
static void put_url(const struct proof *p, const struct twin *t, const struct transport *how,
                    struct buf *out)
{
    const char *service = strchr(t->transport, '/');

    buf_put_str(out, how->url);
    if (text_eq(how->name, "unix-abstract"))
        buf_printf(out, "assay-prove-%d-%s", (int)getpid(), t->name);
    else if (strchr(how->url, ':')[1] == '\0')
        buf_printf(out, "%s/%zu", p->folder, number_of(p, t));
    if (text_starts(how->name, "rpc"))
        buf_put_str(out, service ? service : usual_service);
}

/* Behind the word: the check that must catch the twin, or all of its suite. */
static void put_checks(const struct proof *p, const struct twin *t, const char *word,
                       struct buf *out)
{
    size_t suite = strcspn(t->check, ".");

    if (t->program && t->program->client)
        suite += 1 + strcspn(t->check + suite + 1, ".");
    if (!p->along || t->sound) {
        buf_printf(out, "%s %s", word, t->check);
        return;
    }
    buf_printf(out, "%s %.*s", word, (int)suite, t->check);
    if (strstr(t->check, ".load.")) /* only where it is named */
        buf_printf(out, "%s %s", word[1] == '-' ? word : "", t->check);
}

/* `assay check` starts the twin and dials it. */
static void compose_server(const struct proof *p, const struct twin *t, const struct transport *how,
                           struct buf *out)
{
    char text[PATH_MAX];
    struct buf spawn;

    buf_init(&spawn, 1 << 14);
    text_format(text, sizeof(text), "%s/%s", p->build, t->program->name);
    buf_printf(&spawn, "%sexec ", how->before);
    text_shell_word(&spawn, text);
    buf_printf(&spawn, " --fault %s --listen %s", t->name, how->listen);
    if (strstr(how->listen, "--data"))
        buf_printf(&spawn, "%s/%zu-{port}", p->folder, number_of(p, t));
    buf_put_str(out, " check ");
    put_url(p, t, how, out);
    put_checks(p, t, " --only", out);
    buf_put_str(out, " --spawn ");
    text_shell_word(out, buf_text(&spawn));
    buf_free(&spawn);
}

/* `assay client` serves and runs the twin. */
static void compose_client(const struct proof *p, const struct twin *t, const struct transport *how,
                           struct buf *out)
{
    put_checks(p, t, " client", out);
    buf_put_str(out, " --listen ");
    put_url(p, t, how, out);
}

static void compose(const struct proof *p, const struct twin *t, const struct transport *how,
                    struct buf *out)
{
    char text[PATH_MAX];

    text_format(text, sizeof(text), "%s/assay", p->build);
    buf_put_str(out, "exec ");
    text_shell_word(out, text);
    if (t->program->client)
        compose_client(p, t, how, out);
    else
        compose_server(p, t, how, out);
    buf_printf(out, " --patience %d --seed 1 --speak ",
               t->sound             ? PATIENCE_SOUND_MS
               : t->program->client ? PATIENCE_CLIENT_MS
                                    : PATIENCE_MS);
    text_shell_word(out, t->speak);
    report_path(p, t, text, sizeof(text));
    buf_printf(out, " --report json=%s%s", text, t->sound ? " --strict" : "");
    if (!t->program->client)
        return;
    text_format(text, sizeof(text), "%s/%s", p->build, t->program->name);
    buf_put_str(out, " -- ");
    text_shell_word(out, text);
    buf_printf(out, " --fault %s '{url}'", t->name);
}

static void start(struct proof *p, struct job *job, struct twin *t)
{
    const struct transport *how = find_transport(t->transport);
    struct problem why = {.text = "unknown transport"};
    struct buf line;

    buf_init(&line, 1 << 15);
    if (how)
        compose(p, t, how, &line);
    struct process_options o = {.command = buf_text(&line), .umask = -1};
    if (how && !line.failed && process_start(&job->process, &o, &why)) {
        job->twin = t;
        job->runs = 1;
        job->began_us = deadline_now_us();
    } else {
        say(p, false, "%s: %s", t->name, why.text);
    }
    buf_free(&line);
}

/* The entry of the check in the report, or NULL. The caller gives *ret_root back. */
static const json_t *find_entry(const struct proof *p, const struct twin *t, json_t **ret_root)
{
    char path[PATH_MAX];
    const json_t *entry;
    size_t i;

    report_path(p, t, path, sizeof(path));
    *ret_root = json_load_file(path, 0, NULL);
    unlink(path);
    json_array_foreach(json_object_get(*ret_root, "checks"), i, entry)
    {
        const char *id = json_string_value(json_object_get(entry, "id"));

        if (id && text_eq(id, t->check))
            return entry;
    }
    return NULL;
}

static void finish_control(struct proof *p, struct job *job)
{
    const struct twin *t = job->twin;
    double took = (double)(deadline_now_us() - job->began_us) / 1e6;
    bool ok = process_ended_well(&job->process);
    char path[PATH_MAX];

    process_stop(&job->process, 0);
    report_path(p, t, path, sizeof(path));
    unlink(path);
    say(p, ok, "%s at %s %s %s (%.1f s)", t->name, t->transport, ok ? "passes" : "IS ACCUSED by",
        t->check, took);
    job->twin = NULL;
}

/* A twin that did not come to serve proves nothing about the claim. */
static bool is_catch(const char *verdict, const char *reason)
{
    static const char *const excuses[] = {"could not be started", "could not be restarted",
                                          "cannot be started", "is not reachable", "not run: "};

    if (!text_eq(verdict, "fail") && !text_eq(verdict, "warn"))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(excuses); i++) {
        if (strstr(reason, excuses[i]))
            return false;
    }
    return true;
}

/* Not every machine lets us make network interfaces; every other skip hides a survivor. */
static bool cannot_be_tried(const char *verdict, const char *reason)
{
    return text_eq(verdict, "skip") &&
           text_starts(reason, "no interface with broadcast can be made");
}

/* A port that is chosen for a twin may be another's by the time that it is bound; and where the
   fault is that nobody listens there, another's server may be tried in its place. Where a run comes
   to no verdict it is made again, and that is told. */
static bool run_again(struct proof *p, struct job *job)
{
    struct twin *t = job->twin;

    unsigned runs = job->runs;

    if (runs == RUNS_MAX)
        return false;
    printf("# %s: no verdict on %s; once more\n", t->name, t->check);
    start(p, job, t);
    job->runs = runs + 1;
    return true;
}

static const char along_head[] =
    "# What fails along\n\n"
    "Written by `build/release/tests/prove build/release --along`, which takes about half an hour "
    "and is no part of\n`make test`. Each twin was tried by all checks of its suite. The check in "
    "the first column is made for it; those\nin the third broke, too, since the fault touches "
    "what they claim as well. Where a target is restarted\nor held up by one check, some that "
    "follow may stand here by chance; and where checks run side by side, a fault that shows once "
    "in a while\nmay show in another check than its own (NOT CAUGHT among the others).\n\n"
    "| caught by | twin | broke along |\n|---|---|---|";

/* A row of the page: the twin, and what breaks along with its check. */
static void note_along(struct twin *t, const json_t *root, bool caught)
{
    const char *gap = "";
    const json_t *entry;
    struct buf row;
    size_t i;

    buf_init(&row, ROW_MAX);
    buf_printf(&row, "| %s | `%s` | ", t->check, t->name);
    if (!caught)
        buf_put_str(&row, "NOT CAUGHT among the others; ");
    json_array_foreach(json_object_get(root, "checks"), i, entry)
    {
        const char *id = json_string_value(json_object_get(entry, "id"));
        const char *verdict = json_string_value(json_object_get(entry, "verdict"));
        const char *reason = json_string_value(json_object_get(entry, "reason"));

        if (!id || text_eq(id, t->check) || !verdict || !is_catch(verdict, reason ? reason : ""))
            continue;
        buf_printf(&row, "%s%s", gap, id);
        gap = ", ";
    }
    buf_put_str(&row, " |");
    t->row = strdup(buf_text(&row));
    buf_free(&row);
    fprintf(stderr, "%s\n", t->row ? t->row : t->name);
}

static int compare_rows(const void *a, const void *b)
{
    const struct twin *x = a;
    const struct twin *y = b;
    int order = strcmp(x->check, y->check);

    return order ? order : strcmp(x->name, y->name);
}

/* The page, in the order of checks; whose check has not caught it is a failure. */
static void print_along(struct proof *p)
{
    puts(along_head);
    qsort(p->twins, p->count, sizeof(p->twins[0]), compare_rows);
    for (size_t i = 0; i < p->count; i++) {
        if (p->twins[i].row)
            puts(p->twins[i].row);
        free(p->twins[i].row);
    }
}

static void finish(struct proof *p, struct job *job)
{
    struct twin *t = job->twin;
    double took = (double)(deadline_now_us() - job->began_us) / 1e6;
    json_t *root = NULL;
    const char *verdict = "no verdict";
    const char *reason = job->process.complained.text;

    process_stop(&job->process, 0);
    const json_t *entry = find_entry(p, t, &root);
    if (entry) {
        json_unpack((json_t *)(uintptr_t)entry, "{s:s, s:s}", "verdict", &verdict, "reason",
                    &reason);
    }
    if ((!entry || text_starts(reason, "not run: ")) && run_again(p, job)) {
        json_decref(root);
        return;
    }
    bool caught = is_catch(verdict, reason);
    if (p->along) {
        note_along(t, root, caught);
        p->failed += !caught;
    } else if (cannot_be_tried(verdict, reason)) {
        say(p, true, "%s # SKIP %s", t->name, reason);
    } else {
        say(p, caught, "%s %s by %s (%.1f s)%s%s%s%.300s", t->name, caught ? "caught" : "SURVIVED",
            t->check, took, caught ? "" : ": ", caught ? "" : verdict, caught ? "" : ": ",
            caught ? "" : reason);
    }
    json_decref(root);
    job->twin = NULL;
}

static bool is_over(const struct proof *p, struct job *job)
{
    int64_t limit_us = (int64_t)TWIN_LIMIT_MS * 1000 * (p->along ? SUITE_TIMES : 1);

    process_read(&job->process);
    return process_ended(&job->process) || deadline_passed(job->began_us + limit_us);
}

/* Two for each processor: most of a run is waiting for what does not come. */
static unsigned parallel(void)
{
    long n = 2 * sysconf(_SC_NPROCESSORS_ONLN);

    return n < 2 ? 2 : n > JOBS_MAX ? JOBS_MAX : (unsigned)n;
}

/* Clients mostly wait for what does not come, and servers with rare habits take their time. */
static bool is_slow(const struct twin *t)
{
    return t->program->client || t->sound;
}

/* The next twin from *at on that is slow, or not, and wanted; or NULL. */
static struct twin *next_twin(struct proof *p, size_t *at, bool slow)
{
    while (*at < p->count) {
        struct twin *t = &p->twins[(*at)++];

        if (is_slow(t) == slow && wanted(p, t))
            return t;
    }
    return NULL;
}

/* What is slow has places of its own beside the others. */
static void try_twins(struct proof *p)
{
    unsigned servers = parallel();
    size_t next[2] = {0, 0};
    unsigned running;

    do {
        running = 0;
        for (unsigned i = 0; i < servers + SLOW; i++) {
            struct job *job = &p->jobs[i];
            bool slow = i >= servers;
            struct twin *t;

            if (job->twin && is_over(p, job)) {
                if (job->twin->sound)
                    finish_control(p, job);
                else
                    finish(p, job);
            }
            while (!job->twin && (t = next_twin(p, &next[slow], slow)))
                start(p, job, t);
            running += job->twin != NULL;
        }
        deadline_wait(deadline_in_ms(TURN_MS));
    } while (running > 0);
}

/* ---- every check has one ---- */

static unsigned twins_of(const struct proof *p, const char *check)
{
    unsigned count = 0;

    for (size_t i = 0; i < p->count; i++)
        count += !p->twins[i].sound && text_eq(p->twins[i].check, check);
    return count;
}

/* The checks as `assay list --json` tells them, or NULL; the caller releases it. */
static json_t *read_checks(const struct proof *p)
{
    char path[PATH_MAX];

    text_format(path, sizeof(path), "%s/checks", p->folder);
    return run_into(p, "checks", "assay", "list --json") ? json_load_file(path, 0, NULL) : NULL;
}

static void look_for_gaps(struct proof *p)
{
    const json_t *entry;
    unsigned judged = 0;
    unsigned without = 0;
    size_t i;

    json_t *root = read_checks(p);
    json_array_foreach(root, i, entry)
    {
        const char *id = json_string_value(json_object_get(entry, "id"));
        const char *level = json_string_value(json_object_get(entry, "level"));

        if (!id || !level || text_eq(level, "note"))
            continue;
        judged++;
        json_int_t said = json_integer_value(json_object_get(entry, "twins"));
        if (twins_of(p, id) == 0) {
            say(p, false, "%s has no twin", id);
            without++;
        } else if (said != (json_int_t)twins_of(p, id)) {
            say(p, false, "%s has %u twins, and worth.def says %d: make worth", id, twins_of(p, id),
                (int)said);
            without++;
        }
    }
    if (judged == 0)
        say(p, false, "the list of checks cannot be read");
    else if (without == 0)
        say(p, true, "each of %u checks that judge has a twin, as worth.def says", judged);
    json_decref(root);
}

/* ---- the page ---- */

static void print_check(const struct proof *p, const json_t *entry)
{
    const char *id = json_string_value(json_object_get(entry, "id"));
    const json_t *cites = json_object_get(entry, "cites");
    const json_t *cite;
    size_t i;

    printf("\n### %s (%s)\n\n", id, json_string_value(json_object_get(entry, "level")));
    json_array_foreach(cites, i, cite)
        printf("%s%s", i ? "; " : "Requirements: ", json_string_value(cite));
    printf("\n\n");
    for (i = 0; i < p->count; i++) {
        const struct twin *t = &p->twins[i];

        if (!t->sound && text_eq(t->check, id))
            printf("- `%s` over %s: %s\n", t->name, t->transport, t->what);
    }
    if (twins_of(p, id) == 0)
        printf("Judges nothing, so it has no twin.\n");
}

/* False where the list of checks cannot be read. */
static bool print_page(const struct proof *p)
{
    const json_t *entry;
    unsigned sound = 0;
    size_t i;

    for (i = 0; i < p->count; i++)
        sound += p->twins[i].sound;
    printf("# The proof\n\nWritten by `make docs`; `make prove` tries all of it. Every check that "
           "judges stands here with the\nrequirements that it cites and the twins that it must "
           "catch: %zu servers and clients with one planted fault\neach. %u runs of engines "
           "without a fault "
           "must pass. A check of level `note` judges nothing.\n"
           "[along.md](along.md) tells which other checks each of them breaks.\n",
           p->count - sound, sound);
    json_t *root = read_checks(p);
    json_array_foreach(root, i, entry) print_check(p, entry);
    bool ok = json_array_size(root) > 0;
    json_decref(root);
    return ok;
}

/* ---- */

/* The lists, sockets of twins that died, and files of messages. */
static void clean_up(struct proof *p)
{
    char path[PATH_MAX];
    DIR *folder = opendir(p->folder);
    const struct dirent *entry;

    while (folder && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        text_format(path, sizeof(path), "%s/%s", p->folder, entry->d_name);
        unlink(path);
    }
    if (folder)
        closedir(folder);
    for (size_t i = 0; i < p->count; i++)
        free(p->lines[i]);
    if (rmdir(p->folder) != 0)
        fprintf(stderr, "prove: %s: %s\n", p->folder, strerror(errno));
}

int main(int argc, char **argv)
{
    static struct proof p;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "Usage: prove BUILD-DIR [PATTERN | --page | --along]\n");
        return 2;
    }
    p.build = argv[1];
    bool page = argc > 2 && text_eq(argv[2], "--page");
    p.along = argc > 2 && text_eq(argv[2], "--along");
    p.pattern = argc > 2 && !p.along ? argv[2] : NULL;
    text_copy(p.folder, sizeof(p.folder), "/tmp/prove-XXXXXX");
    /* Other users must come through to the sockets, too. */
    if (!mkdtemp(p.folder) || chmod(p.folder, 0711) != 0) {
        fprintf(stderr, "prove: %s: %s\n", p.folder, strerror(errno));
        return EXIT_FAILURE;
    }
    bool ok = true;
    for (size_t i = 0; i < ARRAY_LEN(programs); i++)
        ok = read_twins(&p, &programs[i]) && ok;
    add_controls(&p);
    if (ok && page) {
        ok = print_page(&p);
    } else if (ok && p.along) {
        try_twins(&p);
        print_along(&p);
    } else if (ok) {
        try_twins(&p);
        if (!p.pattern)
            look_for_gaps(&p);
        else if (p.said == 0)
            say(&p, false, "\"%s\" matches no twin and no check", p.pattern);
    }
    clean_up(&p);
    if (!page && !p.along)
        printf("1..%u\n", p.said);
    return ok && !p.failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
