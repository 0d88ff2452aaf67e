/* `assay replay`: one case, field by field, and what the oracles find in it: in process, over a
   socketpair, or at a running server. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/case/case.h"
#include "fuzz/engine/commands.h"
#include "fuzz/engine/outcome.h"
#include "fuzz/engine/show.h"
#include "harness/base/file.h"
#include "harness/base/log.h"

enum { CASE_ROOM = 1 << 20, PATIENCE_MS = 5000, PATIENCE_MAX_MS = 600000, COMMAND_ROOM = 16384 };

enum via { VIA_MEM, VIA_PAIR, VIA_TCP, VIA_UDP, VIA_UNIX, VIA_COUNT };

static const char *const via_names[VIA_COUNT] = {
    [VIA_MEM] = "mem", [VIA_PAIR] = "pair", [VIA_TCP] = "tcp",
    [VIA_UDP] = "udp", [VIA_UNIX] = "unix",
};

struct replay {
    const char *path;
    const char *url;
    const char *target_name;
    enum via via; /* VIA_COUNT: not said */
    uint64_t patience_ms;
    bool allow_remote, json;

    const struct fuzz_target *target; /* that runs it, or whose case it is where a server does */
    bool guessed;                     /* nothing says whose case it is */
    struct live_options live;
    struct buf octets;
    struct outcome outcome;
};

static void print_help(void)
{
    const char *called = fuzz_called();

    printf(
        "Usage: %s replay CASE [--via mem|pair|tcp|udp|unix] [--target NAME] [OPTION]... [URL]\n\n"
        "Shows a fuzz case field by field, runs it in a process of its own, and tells what the\n"
        "oracles find. CASE is a file, or - for standard input.\n\n"
        "  --via mem        in process (default without URL): by the target named, else by the "
        "one\n"
        "                   whose folder the case is in (corpus/TARGET/, found/TARGET/), else by\n"
        "                   tirpc-dispatch\n"
        "  --via pair       by tirpc-stream: libtirpc's server over a socketpair\n"
        "  --via tcp, udp, unix\n"
        "                   sent to the server at URL, rpc+tcp://HOST:PORT/PROG/VERS, "
        "rpc+udp://...\n"
        "                   or rpc+unix:PATH/PROG/VERS, and judged by what RFC 5531 allows; the\n"
        "                   service is known where PROG/VERS is 345678/2 (MSGPROG)\n"
        "  --target NAME    see %s fuzz list\n"
        "  --patience MS    how long a server may leave a NULL call unanswered; default: %d\n"
        "  --allow-remote   URL may be another machine\n"
        "  --json           the same as JSON\n\n"
        "Known defects of libtirpc are named and do not count, unless ASSAY_FUZZ_KNOWN=new is in\n"
        "the environment.\n\n"
        "Status 0: nothing was found. 1: something was. 2: usage. 3: the server cannot be "
        "reached.\n"
        "4: a fault of the kit.\n\n"
        "Examples:\n"
        "  %s replay corpus/tirpc-dispatch/auth-sys\n"
        "  %s replay build/found/wire/crash-0a1b2c\n"
        "  %s replay corpus/tirpc-dispatch/auth-sys --via pair\n"
        "  %s replay corpus/tirpc-dispatch/auth-sys rpc+tcp://127.0.0.1:4711/345678/2\n",
        called, "assay", PATIENCE_MS, called, called, called, called);
}

/* ---- the command line ---- */

static bool take_via(struct replay *r, const char *value, struct problem *why)
{
    for (unsigned i = 0; i < VIA_COUNT; i++) {
        if (text_eq(via_names[i], value)) {
            r->via = (enum via)i;
            return true;
        }
    }
    return problem_set(why, "--via: \"%s\" is none of mem, pair, tcp, udp and unix", value);
}

static bool take_target(struct replay *r, const char *value, struct problem *why)
{
    r->target_name = value;
    return fuzz_target_find(value) ||
           problem_set(why, "--target: there is no target \"%s\"; see assay fuzz list", value);
}

static bool take_patience(struct replay *r, const char *value, struct problem *why)
{
    return text_number(value, 1, PATIENCE_MAX_MS, &r->patience_ms) ||
           problem_set(why, "--patience: \"%s\" is no number from 1 to %d", value, PATIENCE_MAX_MS);
}

static bool take_allow_remote(struct replay *r, const char *value UNUSED,
                              struct problem *why UNUSED)
{
    r->allow_remote = true;
    return true;
}

static bool take_json(struct replay *r, const char *value UNUSED, struct problem *why UNUSED)
{
    r->json = true;
    return true;
}

static const struct option {
    const char *name;
    bool has_value;
    bool (*take)(struct replay *r, const char *value, struct problem *why);
} options[] = {
    {"--via", true, take_via},           {"--target", true, take_target},
    {"--patience", true, take_patience}, {"--allow-remote", false, take_allow_remote},
    {"--json", false, take_json},
};

static bool take_word(struct replay *r, const char *word, struct problem *why)
{
    const char **free_one = !r->path ? &r->path : !r->url ? &r->url : NULL;

    if (!free_one)
        return problem_set(why, "\"%s\": a case and a URL are all", word);
    *free_one = word;
    return true;
}

/* Takes one word, and the value behind it, also as --NAME=VALUE. */
static bool take(struct replay *r, char **argv, int *at, struct problem *why)
{
    const char *word = argv[*at];
    size_t len = strcspn(word, "=");

    if (word[0] != '-' || text_eq(word, "-"))
        return take_word(r, word, why);
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        const struct option *o = &options[i];
        const char *value = word[len] ? word + len + 1 : NULL;

        if (strlen(o->name) != len || !text_starts(word, o->name))
            continue;
        if (!o->has_value && value)
            return problem_set(why, "%s takes no value", o->name);
        if (o->has_value && !value)
            value = argv[++*at];
        if (o->has_value && !value)
            return problem_set(why, "%s wants a value", o->name);
        return o->take(r, value, why);
    }
    return problem_set(why, "\"%s\" is not known", word);
}

/* ---- whose case it is, and where it goes ---- */

/* The target that a folder of the path is named after; the innermost. */
static const struct fuzz_target *find_by_path(const char *path)
{
    const struct fuzz_target *found = NULL;
    char name[64];

    for (size_t len; path[len = strcspn(path, "/")]; path += len + 1) {
        text_format(name, sizeof(name), "%.*s", (int)size_min(len, sizeof(name)), path);
        const struct fuzz_target *target = fuzz_target_find(name);
        if (target)
            found = target;
    }
    return found;
}

static bool choose_target(struct replay *r, struct problem *why)
{
    if (r->target_name)
        r->target = fuzz_target_find(r->target_name);
    else
        r->target = find_by_path(r->path);
    r->guessed = !r->target;
    if (r->guessed)
        r->target = fuzz_target_find("tirpc-dispatch");
    if (r->via == VIA_MEM)
        return true;
    if (r->target->form != FUZZ_CALLS)
        return problem_set(why, "--via %s: a case of %s is no calls in records, which it takes",
                           via_names[r->via], r->target->name);
    if (r->via == VIA_PAIR)
        r->target = fuzz_target_find("tirpc-stream");
    return true;
}

static enum via via_of(const struct endpoint *e)
{
    if (endpoint_is_datagram(e))
        return VIA_UDP;
    return endpoint_is_unix(e) ? VIA_UNIX : VIA_TCP;
}

static bool choose_server(struct replay *r, struct problem *why)
{
    struct endpoint *at = &r->live.at;

    if (!endpoint_parse(r->url, at, why))
        return false;
    if (!at->rpc || at->netpath)
        return problem_set(why, "%s: rpc+tcp, rpc+udp or rpc+unix is wanted here", r->url);
    if (r->via == VIA_COUNT)
        r->via = via_of(at);
    if (r->via != via_of(at))
        return problem_set(why, "%s is not --via %s", r->url, via_names[r->via]);
    if (!endpoint_is_unix(at) && at->port == 0)
        return problem_set(why, "%s: a port is wanted, and 0 is none", r->url);
    r->live.patience_ms = (int64_t)r->patience_ms;
    return true;
}

static bool choose(struct replay *r, struct problem *why)
{
    if (!r->path)
        return problem_set(why, "a case is wanted");
    if (r->url && !choose_server(r, why))
        return false;
    if (r->via == VIA_COUNT)
        r->via = VIA_MEM;
    if (!r->url && r->via >= VIA_TCP)
        return problem_set(why, "--via %s wants a URL", via_names[r->via]);
    return choose_target(r, why);
}

static int complain(const struct problem *why)
{
    log_error("%s replay: %s; see --help", fuzz_called(), why->text);
    return STATUS_USAGE;
}

/* A host that is not there is no mistake of who asks. */
static int locate_server(struct replay *r)
{
    struct problem why;
    size_t count = 0;

    if (!address_resolve(&r->live.at, &r->live.to, 1, &count, &why)) {
        log_error("%s", why.text);
        return why.ours ? STATUS_KIT : STATUS_NO_VERDICT;
    }
    if (address_is_loopback(&r->live.to) || r->allow_remote)
        return STATUS_OK;
    problem_set(&why, "%s is another machine; say --allow-remote if it is yours", r->url);
    return complain(&why);
}

/* ---- what is said of it ---- */

/* Appends the command that repeats it, with what of the environment changes what targets do. */
static void put_command(const struct replay *r, struct buf *out)
{
    static const char *const settings[] = {"ASSAY_FUZZ_PLANT", "ASSAY_FUZZ_GSS",
                                           "ASSAY_FUZZ_CANARY", "ASSAY_FUZZ_KNOWN"};

    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        const char *value = getenv(settings[i]);

        if (value) {
            buf_printf(out, "%s=", settings[i]);
            text_shell_word(out, value);
            buf_put_byte(out, ' ');
        }
    }
    buf_printf(out, "%s replay ", fuzz_called());
    text_shell_word(out, r->path);
    buf_printf(out, " --via %s", via_names[r->via]);
    if (r->via == VIA_MEM) {
        buf_printf(out, " --target %s", r->target->name);
        return;
    }
    if (r->via == VIA_PAIR)
        return;
    if (r->patience_ms != PATIENCE_MS)
        buf_printf(out, " --patience %llu", (unsigned long long)r->patience_ms);
    if (r->allow_remote)
        buf_put_str(out, " --allow-remote");
    buf_put_byte(out, ' ');
    text_shell_word(out, r->url);
}

static void print_findings(const struct outcome *o, bool colour)
{
    for (size_t i = 0; i < o->count; i++) {
        const struct finding *f = &o->findings[i];
        bool counts = o->known_new || !f->known;

        printf("%s%s%s  %s\n", colour && counts ? "\033[31m" : "", oracle_id(f->oracle),
               colour && counts ? "\033[0m" : "", f->text);
        printf("    %s\n", oracle_what(f->oracle));
        if (f->known)
            printf("    known: %s\n", f->known);
    }
    if (o->complaint[0])
        printf("\n%s\n", o->complaint);
}

static void print_text(const struct replay *r)
{
    bool colour = isatty(STDOUT_FILENO);
    const char *of = r->via >= VIA_TCP ? r->url : r->target->name;
    struct buf command;

    printf("%s: %zu octets, as %s, via %s, %s\n\n", r->path, r->octets.len,
           fuzz_form_name(r->target->form), via_names[r->via], of);
    if (r->guessed && r->via == VIA_MEM)
        printf("No folder of its path is named after a target, so it is taken for one of %s; say "
               "--target NAME for another.\n\n",
               r->target->name);
    show_text(buf_slice(&r->octets), r->target->form, colour);
    putchar('\n');
    print_findings(&r->outcome, colour);
    if (r->outcome.count == 0)
        printf("no finding\n");
    buf_init(&command, COMMAND_ROOM);
    put_command(r, &command);
    if (r->outcome.count && !text_eq(r->path, "-"))
        printf("\nagain: %s\n", buf_text(&command));
    buf_free(&command);
}

static json_t *findings_json(const struct outcome *o)
{
    json_t *all = json_array();

    for (size_t i = 0; i < o->count; i++) {
        const struct finding *f = &o->findings[i];

        json_array_append_new(all, json_pack("{s:s, s:s, s:s?}", "oracle", oracle_id(f->oracle),
                                             "text", f->text, "known", f->known));
    }
    return all;
}

static bool print_json(const struct replay *r)
{
    struct buf command;

    buf_init(&command, COMMAND_ROOM);
    put_command(r, &command);
    json_t *all =
        json_pack("{s:s, s:I, s:s, s:s, s:s, s:s?, s:o, s:I, s:o*, s:s}", "case", r->path, "octets",
                  (json_int_t)r->octets.len, "form", fuzz_form_name(r->target->form), "target",
                  r->target->name, "via", via_names[r->via], "url", r->url, "findings",
                  findings_json(&r->outcome), "new", (json_int_t)outcome_new(&r->outcome), "fields",
                  show_json(buf_slice(&r->octets), r->target->form), "again", buf_text(&command));
    bool ok = all && json_dumpf(all, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF;

    json_decref(all);
    buf_free(&command);
    return ok;
}

static bool fits(const struct replay *r)
{
    struct problem why;
    size_t max = r->via >= VIA_TCP ? CASE_ROOM : r->target->max;

    if (r->octets.failed || r->octets.len > max)
        log_error("%s: it is longer than %zu octets, which is all that %s takes", r->path, max,
                  r->via >= VIA_TCP ? "this command" : r->target->name);
    else if (r->via >= VIA_TCP && !live_takes(buf_slice(&r->octets), &why))
        log_error("%s: %s", r->path, why.text);
    else
        return true;
    return false;
}

static int run(struct replay *r)
{
    struct slice octets = buf_slice(&r->octets);
    struct problem why;

    bool done = r->via >= VIA_TCP ? outcome_of_server(&r->live, octets, &r->outcome, &why)
                                  : outcome_of_target(r->target, octets, &r->outcome, &why);
    if (!done) {
        log_error("%s", why.text);
        return STATUS_KIT;
    }
    if (!r->outcome.decided) {
        log_error("%s: %s", r->url, r->outcome.why.text);
        return STATUS_NO_VERDICT;
    }
    if (r->json && !print_json(r))
        return STATUS_KIT;
    if (!r->json)
        print_text(r);
    return outcome_new(&r->outcome) ? STATUS_FAIL : STATUS_OK;
}

static int replay(struct replay *r)
{
    struct problem why;

    if (!choose(r, &why))
        return complain(&why);
    int status = r->url ? locate_server(r) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    status = STATUS_USAGE;
    buf_init(&r->octets, CASE_ROOM);
    if (!file_read(r->path, &r->octets, &why))
        log_error("%s", why.text);
    else if (fits(r))
        status = run(r);
    buf_free(&r->octets);
    return status;
}

int fuzz_command_replay(int argc, char **argv)
{
    static struct replay r;
    struct problem why;

    r = (struct replay){.via = VIA_COUNT, .patience_ms = PATIENCE_MS};
    for (int i = 1; i < argc; i++) {
        if (text_eq(argv[i], "--help")) {
            print_help();
            return STATUS_OK;
        }
        if (!take(&r, argv, &i, &why))
            return complain(&why);
    }
    return replay(&r);
}
