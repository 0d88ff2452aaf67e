/*
 * `assay fuzz doctor`: looks at the rig before anybody trusts it. A fuzzer that sees nothing of
 * what it attacks, or whose sanitizer is not there, finds nothing and says so of the target.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fuzz/engine/commands.h"
#include "fuzz/engine/engines.h"
#include "harness/base/deadline.h"
#include "harness/base/log.h"
#include "harness/process/process.h"

enum {
    FLOOR_DEFAULT = 40, /* blocks that the seeds reach */
    DESCRIPTORS_LEAST = 64,
    LIMIT_S = 120, /* for one look at one fuzzer */
    FILES_MAX = 4096,
    NAMES_MAX = 64,
};

struct rig {
    const char *target;
    char fuzzer[PATH_MAX];
    char seeds[PATH_MAX];
    uint64_t floor;
    bool sanitized; /* it is claimed to be */
    int64_t reached, blocks;
    unsigned faults;
};

static void refuse(struct rig *r, const char *what, const char *mend)
{
    printf("%-16s  refused  %s\n%27s%s\n", r->target, what, "", mend);
    r->faults++;
}

/* Runs the fuzzer with one more word in its environment, over all seeds. */
static bool look(const struct rig *r, const char *environment, struct process *p)
{
    char command[3 * PATH_MAX];
    struct problem why;
    struct buf out;

    buf_init(&out, sizeof(command));
    buf_printf(&out, "exec env %s ", environment);
    text_shell_word(&out, r->fuzzer);
    /* Nothing is fuzzed where there are no seeds; and the canary, which ends it, is no find. */
    buf_put_str(&out, " -runs=0 -exact_artifact_path=/dev/null $(find ");
    text_shell_word(&out, r->seeds);
    buf_printf(&out, " -maxdepth 1 -type f | sort | head -n %d)", FILES_MAX);
    text_copy(command, sizeof(command), buf_text(&out));
    buf_free(&out);
    if (!process_start(p, &(struct process_options){.command = command, .umask = -1}, &why)) {
        log_error("%s", why.text);
        return false;
    }
    process_wait(p, deadline_in_ms(LIMIT_S * 1000));
    process_stop(p, deadline_in_ms(0));
    return true;
}

/* The number behind "examine: WORD ", or -1. */
static int64_t told(const struct process *p, const char *word)
{
    char key[40];
    uint64_t number = 0;
    char digits[24];

    text_format(key, sizeof(key), "examine: %s ", word);
    const char *at = strstr(p->complained.text, key);
    if (!at)
        return -1;
    at += strlen(key);
    text_format(digits, sizeof(digits), "%.*s", (int)strcspn(at, "\n"), at);
    return text_number(digits, 0, INT64_MAX, &number) ? (int64_t)number : -1;
}

static void look_at_cover(struct rig *r)
{
    struct process p;
    char what[200];

    if (!look(r, "ASSAY_FUZZ_EXAMINE=cover", &p))
        return;
    if (!strstr(p.complained.text, "examine: empty fine")) {
        refuse(r, "it dies on the empty input",
               "nothing can be fuzzed until an input of no octets is handled");
        return;
    }
    if (!process_ended_well(&p)) {
        refuse(r, "it dies on a seed, which is a find and no place to begin",
               "replay the seeds one by one: assay replay FILE");
        return;
    }
    int64_t reached = told(&p, "reached");
    text_format(what, sizeof(what), "its seeds reach %lld of %lld blocks, and %llu are the floor",
                (long long)reached, (long long)told(&p, "blocks"), (unsigned long long)r->floor);
    if (reached < (int64_t)r->floor)
        refuse(r, what,
               "compile what is attacked with -fsanitize=fuzzer-no-link, pass it by TIRPC=PATH, or "
               "give it seeds");
    const char *unstable = strstr(p.complained.text, "examine: unstable ");
    if (unstable) {
        unstable += strlen("examine: unstable ");
        text_format(what, sizeof(what), "two runs of a seed do not cover the same: %.*s",
                    (int)size_min(strcspn(unstable, "\n"), 120), unstable);
        refuse(r, what, "something is kept from case to case, or depends on time or chance");
    }
    if (p.said.total > 0)
        refuse(r, "it writes to standard output while it runs its seeds",
               "a library prints: catch it as the meter does, or run with -close_fd_mask=1");
    r->reached = reached;
    r->blocks = told(&p, "blocks");
}

static void look_at_sanitizers(struct rig *r)
{
    static const struct {
        const char *environment;
        const char *complaint;
        const char *what;
    } looks[] = {
        {"ASSAY_FUZZ_EXAMINE=overflow", "AddressSanitizer",
         "reading behind a block of the heap goes unseen: there is no AddressSanitizer"},
        {"ASSAY_FUZZ_EXAMINE=undefined", "runtime error",
         "an overflow of a signed number goes unseen: there is no UndefinedBehaviorSanitizer"},
    };
    struct process p;

    for (size_t i = 0; r->sanitized && i < ARRAY_LEN(looks); i++) {
        if (look(r, looks[i].environment, &p) && !strstr(p.complained.text, looks[i].complaint))
            refuse(r, looks[i].what, "build it with make fuzzers, or say --plain");
    }
}

static void look_at_canary(struct rig *r)
{
    struct process p;

    if (look(r, "ASSAY_FUZZ_CANARY=1", &p) && !strstr(p.complained.text, "oracle canary"))
        refuse(
            r, "no seed comes to where its canary sits, or the finding is not seen",
            "a transport that was not registered (ulimit -n), or seeds that are refused at once");
}

static unsigned examine(struct rig *r)
{
    if (access(r->fuzzer, X_OK) != 0) {
        refuse(r, "its fuzzer is not there", "build it with make fuzzers, or say --engines DIR");
        return r->faults;
    }
    if (access(r->seeds, R_OK) != 0)
        refuse(r, "it has no seeds", "make them with assay fuzz seed, or say --corpus DIR");
    look_at_cover(r);
    look_at_sanitizers(r);
    look_at_canary(r);
    if (r->faults == 0)
        printf("%-16s  fine     %lld of %lld blocks by its seeds\n", r->target,
               (long long)r->reached, (long long)r->blocks);
    return r->faults;
}

/* What is wrong with this shell, and so with every rig that is run from it. */
static unsigned examine_surroundings(bool plain)
{
    static const char *const unwanted[] = {"ASSAY_FUZZ_GSS", "ASSAY_FUZZ_PLANT",
                                           "ASSAY_FUZZ_CANARY", "ASSAY_FUZZ_KNOWN"};
    struct rig here = {.target = "(this shell)"};
    struct rlimit limit;
    char what[120];

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_LEAST) {
        text_format(what, sizeof(what), "ulimit -n is %llu: what fails is the machine, not a case",
                    (unsigned long long)limit.rlim_cur);
        refuse(&here, what, "say ulimit -n 1024");
    }
    if (!plain && getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        refuse(&here,
               "ulimit -v is set, and AddressSanitizer wants terabytes that it never touches",
               "say ulimit -v unlimited, or --plain for fuzzers without it");
    for (size_t i = 0; i < ARRAY_LEN(unwanted); i++) {
        if (!getenv(unwanted[i]))
            continue;
        text_format(what, sizeof(what), "%s is set, and changes what every target does",
                    unwanted[i]);
        refuse(&here, what, "unset it");
    }
    return here.faults;
}

/* ---- the command ---- */

struct doctor {
    const char *engines, *corpus;
    uint64_t floor;
    bool plain;
    const char *only[NAMES_MAX];
    size_t only_count;
};

static void print_help(void)
{
    printf(
        "Usage: %s doctor [TARGET]... [--engines DIR] [--corpus DIR] [--floor N] [--plain]\n\n"
        "Looks at each fuzzer before anybody trusts it, and says what to mend: one that is blind\n"
        "(its seeds reach fewer blocks than the floor), that has no sanitizer, that dies on the\n"
        "empty input or on a seed, that covers otherwise when a seed is run again, that writes to\n"
        "standard output, whose canary no seed reaches; and a shell with settings that spoil "
        "them.\n\n"
        "  --engines DIR  where the fuzzers are; default: build/fuzz, which make fuzzers fills\n"
        "  --corpus DIR   where the seeds are, a folder for each target; default: corpus\n"
        "  --floor N      how many blocks the seeds reach at least; default: %d\n"
        "  --plain        no sanitizer is claimed (build/speed)\n\n"
        "Status 0: all are fine. 1: one is refused. 2: usage.\n\n"
        "Examples:\n"
        "  %s doctor\n"
        "  %s doctor tirpc-dispatch --floor 100\n"
        "  %s doctor wire --engines build/speed --plain\n",
        fuzz_called(), FLOOR_DEFAULT, fuzz_called(), fuzz_called(), fuzz_called());
}

/* Takes one word, and the value behind it. False with the reason. */
static bool take(struct doctor *d, char **argv, int *at, struct problem *why)
{
    const char *word = argv[*at];
    const char *value = argv[*at + 1];

    if (word[0] != '-') {
        if (d->only_count == NAMES_MAX)
            return problem_set(why, "more than %d targets", NAMES_MAX);
        d->only[d->only_count++] = word;
        return true;
    }
    if (text_eq(word, "--plain")) {
        d->plain = true;
        return true;
    }
    if (!text_eq(word, "--engines") && !text_eq(word, "--corpus") && !text_eq(word, "--floor"))
        return problem_set(why, "\"%s\" is not known", word);
    if (!value)
        return problem_set(why, "%s wants a value", word);
    ++*at;
    if (text_eq(word, "--engines"))
        d->engines = value;
    else if (text_eq(word, "--corpus"))
        d->corpus = value;
    else if (!text_number(value, 1, UINT32_MAX, &d->floor))
        return problem_set(why, "--floor: \"%s\" is no number from 1 on", value);
    return true;
}

/* Whoever names another folder may have fuzzers of their own there. */
static bool is_known(const struct doctor *d, const char *name)
{
    return d->engines || fuzz_target_find(name);
}

static unsigned examine_all(const struct doctor *d)
{
    char engines[PATH_MAX];
    char corpus[PATH_MAX];
    unsigned faults = examine_surroundings(d->plain);

    engines_folder(d->engines, engines);
    engines_corpus(d->corpus, corpus);
    for (size_t i = 0; d->only_count ? i < d->only_count : fuzz_targets[i] != NULL; i++) {
        struct rig r = {.target = d->only_count ? d->only[i] : fuzz_targets[i]->name,
                        .floor = d->floor,
                        .sanitized = !d->plain};

        text_format(r.fuzzer, sizeof(r.fuzzer), "%.3000s/fuzz-%.200s", engines, r.target);
        text_format(r.seeds, sizeof(r.seeds), "%.3000s/%.200s", corpus, r.target);
        faults += examine(&r);
        fflush(stdout);
    }
    return faults;
}

int fuzz_command_doctor(int argc, char **argv)
{
    struct doctor d = {.floor = FLOOR_DEFAULT};
    struct problem why;

    for (int i = 1; i < argc; i++) {
        if (text_eq(argv[i], "--help")) {
            print_help();
            return STATUS_OK;
        }
        if (!take(&d, argv, &i, &why)) {
            log_error("%s doctor: %s; see --help", fuzz_called(), why.text);
            return STATUS_USAGE;
        }
    }
    for (size_t i = 0; i < d.only_count; i++) {
        if (is_known(&d, d.only[i]))
            continue;
        log_error("%s doctor: there is no target \"%s\"; see %s list", fuzz_called(), d.only[i],
                  fuzz_called());
        return STATUS_USAGE;
    }
    return examine_all(&d) ? STATUS_FAIL : STATUS_OK;
}
