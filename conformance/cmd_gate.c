/* `assay gate`: what CI runs. Options, the plan, and the line for each target at the end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/command.h"
#include "conformance/gate/gate.h"
#include "conformance/gate/gate_init.h"
#include "harness/base/log.h"
#include "harness/report/reporters.h"

enum { SHARDS_MAX = 1024, REPEAT_MAX = 10000 };

struct gate_options {
    struct gate gate;       /* first: its first member takes the common rows */
    struct waivers written; /* what stands in the file of --write-waivers */
    bool dry_run;
    bool init;
    struct gate_init model;
};

static struct gate *gate_of(void *into)
{
    return &((struct gate_options *)into)->gate;
}

static bool take_only(void *into, const char *value, struct problem *why)
{
    struct gate *g = gate_of(into);

    if (g->only_count == GATE_TARGETS_MAX)
        return problem_set(why, "more than %d times --only", GATE_TARGETS_MAX);
    g->only[g->only_count++] = value;
    return true;
}

static bool take_dry_run(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct gate_options *)into)->dry_run = true;
    return true;
}

static bool take_init(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct gate_options *)into)->init = true;
    return true;
}

static bool take_spawn(void *into, const char *value, struct problem *why UNUSED)
{
    ((struct gate_options *)into)->model.spawn = value;
    return true;
}

static bool take_speak(void *into, const char *value, struct problem *why UNUSED)
{
    ((struct gate_options *)into)->model.speak = value;
    return true;
}

static bool take_shard(void *into, const char *value, struct problem *why)
{
    struct gate *g = gate_of(into);
    struct selection s = {0};

    if (!select_read_shard(value, SHARDS_MAX, &s, why))
        return false;
    g->shard = s.shard;
    g->shards = s.shards;
    return true;
}

static bool take_budget(void *into, const char *value, struct problem *why)
{
    return select_read_budget(value, &gate_of(into)->budget_ms, why);
}

static bool take_seed(void *into, const char *value, struct problem *why)
{
    struct gate *g = gate_of(into);

    if (text_eq(value, "random"))
        return true;
    g->common.seeded = true;
    return option_count("--seed", value, 0, INT64_MAX, &g->common.run.seed, why);
}

static bool take_repeat(void *into, const char *value, struct problem *why)
{
    uint64_t number = 0;

    if (!option_count("--repeat", value, 1, REPEAT_MAX, &number, why))
        return false;
    gate_of(into)->repeat = (unsigned)number;
    return true;
}

static bool take_strict(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    gate_of(into)->strict = true;
    return true;
}

static bool take_evidence(void *into, const char *value, struct problem *why UNUSED)
{
    gate_of(into)->common.evidence = value;
    return true;
}

static bool take_write_waivers(void *into, const char *value, struct problem *why UNUSED)
{
    gate_of(into)->write_waivers = value;
    return true;
}

static bool take_before(void *into, const char *value, struct problem *why UNUSED)
{
    gate_of(into)->before = value;
    return true;
}

static const struct option_row rows[] = {
    {"only", "TARGET", "this target of the file; may be repeated", take_only},
    {"dry-run", NULL, "print what would be run, and run nothing", take_dry_run},
    {"shard", "I/N", "the I-th of N parts of the checks of each target", take_shard},
    {"budget", "TIME", "the checks that catch most in so much time, all targets together; as 5s",
     take_budget},
    {"seed", "N", "the seed of all targets; default: as the file says, or random", take_seed},
    {"repeat", "N", "so many runs of each target; a verdict that differs is told", take_repeat},
    {"strict", NULL, "a broken should (warn) fails the gate, too", take_strict},
    {"evidence", "DIR", "a folder per target and failure", take_evidence},
    {"before", "FILE", "the JSON report of an earlier run, to compare this one with", take_before},
    {"write-waivers", "FILE", "write waivers for what is broken now", take_write_waivers},
    {"init", NULL, "print a gate file with comments, for the target at URL", take_init},
    {"spawn", "'COMMAND'", "with --init: how the target is started", take_spawn},
    {"speak", "EXCHANGE", "with --init: what is spoken to it", take_speak},
};

static void print_help(void)
{
    printf("Usage: assay gate FILE [OPTION]...\n"
           "       assay gate --init URL [--spawn 'COMMAND'] [--speak EXCHANGE] > FILE\n\n"
           "Tries all targets of a file, each in a run of its own, and reports them together. The\n"
           "status is 0 where every target keeps its promises, but for what waivers accept.\n\n");
    options_help(rows, ARRAY_LEN(rows));
    options_help(run_command_report_rows, RUN_COMMAND_REPORT_ROWS);
    run_command_help_forms();
    printf(
        "\nThe file is YAML. At the top: targets, reports, evidence, parallel, and what holds for\n"
        "all targets. Of a target: name, url, folder, environment, waivers, limits {start, time,\n"
        "descriptors, memory}, and the options of `assay check` as keys: suites (or only), skip,\n"
        "levels, speak, spawn, ready, expect, jobs, patience, repeat, seed, strict, waive, ...\n\n"
        "Exit status: 0 all well, 1 something broken or a waiver not needed, 2 usage, 3 no\n"
        "verdict possible, 4 trouble of the kit, 130 interrupted.\n\n"
        "Examples:\n"
        "  assay gate --init tcp://127.0.0.1:0 --spawn './server {port}' > gate.yaml\n"
        "  assay gate gate.yaml --dry-run\n"
        "  assay gate gate.yaml --report junit=out.xml --report html=out.html\n"
        "  assay gate gate.yaml --only echo --repeat 3\n");
}

/* ---- what is told beside the reports ---- */

static void print_plan(const struct gate *g)
{
    size_t all = 0;

    for (size_t i = 0; i < g->count; i++) {
        const struct gate_target *t = &g->targets[i];
        const struct run_options *r = &t->command.common.run;
        const struct check *selected[RUN_CHECKS_MAX];
        struct problem why;
        size_t count = 0;

        if (!t->wanted)
            continue;
        bool any = r->endpoint.netpath || select_checks(&r->selection, &r->endpoint, selected,
                                                        RUN_CHECKS_MAX, &count, &why);
        printf("%s\n  url:     %s\n  speak:   %s\n", t->name, t->url, r->speak);
        if (r->spawn)
            printf("  spawn:   %s\n", r->spawn);
        if (r->endpoint.netpath)
            printf("  checks:  of every transport that rpcbind knows\n");
        else
            printf("  checks:  %zu%s%s\n", count, any ? "" : ": ", any ? "" : why.text);
        printf("  seed:    %llu\n", (unsigned long long)r->seed);
        if (t->command.common.repeat > 1)
            printf("  runs:    %u\n", t->command.common.repeat);
        if (t->waivers.count > 0)
            printf("  waivers: %zu\n", t->waivers.count);
        all += count;
    }
    printf("%zu check%s; nothing was run\n", all, text_s(all));
}

static const char *word_of(int status)
{
    switch (status) {
    case STATUS_OK:
        return "ok";
    case STATUS_FAIL:
        return "FAIL";
    case STATUS_NO_VERDICT:
        return "no verdict";
    case STATUS_INTERRUPTED:
        return "interrupted";
    default:
        return status < 0 ? "not run" : "trouble";
    }
}

static void put_counts(FILE *out, const struct gate_target *t)
{
    struct report_tally sum = {.waived = 0};
    size_t stale = 0;

    for (size_t k = 0; k < t->report_count; k++) {
        struct report_tally tally = report_tally(t->reports[k]);

        for (size_t v = 0; v < VERDICTS; v++)
            sum.by_verdict[v] += tally.by_verdict[v];
        sum.waived += tally.waived;
        stale += t->reports[k]->stale_count;
    }
    for (size_t v = 0; v < VERDICTS; v++) {
        if (sum.by_verdict[v] > 0 || v == VERDICT_PASS || v == VERDICT_FAIL)
            fprintf(out, "%s%u %s", v ? ", " : "  ", sum.by_verdict[v],
                    verdict_name((enum verdict)v));
    }
    if (sum.waived > 0)
        fprintf(out, ", %u waived", sum.waived);
    if (stale > 0)
        fprintf(out, ", %zu waiver%s not needed", stale, text_s(stale));
}

/* Why there is no verdict, or only a part of one. */
static void put_ending(FILE *out, const struct gate_target *t)
{
    for (size_t k = 0; k < t->report_count; k++) {
        if (!t->reports[k]->ending)
            continue;
        fputs(": ", out);
        report_put_plain(out, t->reports[k]->ending);
        return;
    }
}

/* Behind the reports: on standard output where that is for people, too. */
static void print_end(const struct gate *g, int status)
{
    FILE *out = stdout;
    unsigned all = 0;
    unsigned good = 0;

    for (size_t i = 0; i < g->common.report_count; i++) {
        if (!g->common.reports[i].path && !text_eq(g->common.reports[i].reporter->name, "text"))
            out = stderr;
    }
    fputc('\n', out);
    for (size_t i = 0; i < g->count; i++) {
        const struct gate_target *t = &g->targets[i];

        if (!t->wanted)
            continue;
        fprintf(out, "%-11s %-20s", word_of(t->status), t->name);
        put_counts(out, t);
        put_ending(out, t);
        fputc('\n', out);
        all++;
        good += t->status == STATUS_OK;
    }
    fprintf(out, "gate: %s, %u of %u target%s well (status %d)\n",
            status == STATUS_OK ? "open" : "closed", good, all, text_s(all), status);
}

/* ---- the command ---- */

/* Whoever fills the disk has lost a report, not the verdict. */
static int write_all(struct gate_options *o, int status)
{
    struct gate *g = &o->gate;
    const struct report **room = keep_room(&g->keep, GATE_REPORTS_MAX, sizeof(*room));
    struct report_read before = {0};
    struct problem why;

    if (!room) {
        log_error("out of memory");
        return status_worse(status, STATUS_KIT);
    }
    struct report_set set = gate_reports(g, room);
    if (g->before && !report_read_file(&before, g->before, &why)) {
        log_note("there is nothing to compare with: %s", why.text);
        before = (struct report_read){0};
    } else if (g->before) {
        set.before = &before.set;
    }
    if (!run_command_write_reports(&g->common, &set))
        status = status_worse(status, STATUS_KIT);
    if (g->write_waivers && !waivers_write(g->write_waivers, &set, &o->written, &why)) {
        log_error("%s", why.text);
        status = status_worse(status, STATUS_KIT);
    }
    report_read_free(&before);
    return status;
}

static int perform(struct gate_options *o)
{
    struct gate *g = &o->gate;

    if (o->dry_run) {
        print_plan(g);
        return STATUS_OK;
    }
    gate_run(g);
    /* The folder of evidence is written by each run; here it would be all of them again. */
    g->common.evidence = NULL;
    int status = write_all(o, gate_judge(g));
    print_end(g, status);
    return status;
}

static bool known_check(const char *id)
{
    return registry_find(id) != NULL;
}

/* What a person has written there is to stay: one that cannot be read is not written over. */
static bool read_written(struct gate_options *o, struct problem *why)
{
    const char *path = o->gate.write_waivers;

    return !path || o->dry_run || access(path, F_OK) != 0 ||
           waivers_read(path, known_check, &o->written, why);
}

int command_gate(int argc, char **argv)
{
    static struct gate_options o;
    const char *words[2];
    struct problem why;
    int status;

    struct option_set set = {.rows = rows,
                             .count = ARRAY_LEN(rows),
                             .into = &o,
                             .words = words,
                             .words_cap = ARRAY_LEN(words),
                             .common = run_command_report_rows,
                             .common_count = RUN_COMMAND_REPORT_ROWS};
    if (!options_read(&set, argc, argv, &why))
        return usage_error("gate", &why);
    if (o.gate.common.help) {
        print_help();
        return STATUS_OK;
    }
    if (o.init) {
        o.model.url = words[0];
        return gate_init_print(&o.model, &why) ? STATUS_OK : usage_error("gate", &why);
    }
    if (!words[0]) {
        problem_set(&why, "which gate file? Give its path, or --init and a URL");
        return usage_error("gate", &why);
    }
    if (o.model.spawn || o.model.speak) {
        problem_set(&why, "--spawn and --speak go with --init only");
        return usage_error("gate", &why);
    }
    bool ok = gate_open(&o.gate, words[0], &why) && read_written(&o, &why);
    status = ok ? perform(&o) : usage_error("gate", &why);
    gate_close(&o.gate);
    waivers_free(&o.written);
    return status;
}
