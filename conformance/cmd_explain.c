/* `assay explain`: one check, for people. */
#include <stdio.h>
#include <string.h>

#include "conformance/command.h"
#include "conformance/runner/select.h"
#include "harness/base/deadline.h"
#include "harness/process/process.h"

enum { PATH_LEN = 4096, TWINS_LIMIT_MS = 5000 };

static bool take_help(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    *(bool *)into = true;
    return true;
}

static const struct option_row rows[] = {{"help", NULL, "this text", take_help}};

static bool is_of_exchange(const struct requirement_row *row)
{
    return text_starts(row->id, "EXCH-");
}

static void print_citations(const struct check *check)
{
    for (size_t i = 0; i < CHECK_CITES_MAX && check->cites[i] != REQ_NONE; i++) {
        const struct requirement_row *row = requirement_row(check->cites[i]);

        printf("%s  %s\n      \"%s\"\n", i ? "" : "clauses:\n", row->cite, row->statement);
        if (row->correction)
            printf("      judged as %s: %s\n", level_name(row->level), row->correction);
    }
    const struct requirement_row *others[CHECK_CITES_MAX];
    size_t count = check_cites(check, NULL, others);
    for (size_t i = 0; i < count; i++) {
        if (is_of_exchange(others[i]))
            printf("  %s, where no echo is spoken\n      \"%s\"\n", others[i]->cite,
                   others[i]->statement);
    }
}

/* The twins are programs of their own; what each proves is asked of them, line by line:
   NAME <tab> CHECK <tab> TRANSPORT <tab> SPEAK <tab> what is wrong with it. */
static const struct twins {
    const char *program;
    const char *called; /* how one is started: behind it comes --fault NAME */
} twins[] = {
    {"assay-twins", "assay serve echo"},
    {"assay-twins-rpc", "assay serve msgprog"},
    {"assay-twins-clients", "assay-twins-clients"},
    {"assay-twins-clients-rpc", "assay-twins-clients-rpc"},
};

static void print_twins_of(const struct twins *t, const char *id, bool *first)
{
    static struct process p;
    char path[PATH_LEN];
    char line[PATH_LEN + 32];

    if (!command_program(t->program, path, sizeof(path)))
        return;
    struct process_options o = {.command = line, .umask = -1};
    struct buf quoted;
    buf_init(&quoted, PATH_LEN);
    text_shell_word(&quoted, path);
    text_format(line, sizeof(line), "%.4000s --fault list | grep -F '\t%.60s\t'", buf_text(&quoted),
                id);
    buf_free(&quoted);
    if (!process_start(&p, &o, NULL))
        return;
    process_wait(&p, deadline_in_ms(TWINS_LIMIT_MS));
    char *save = NULL;
    for (char *row = strtok_r(p.said.text, "\n", &save); row; row = strtok_r(NULL, "\n", &save)) {
        const char *what = strrchr(row, '\t');

        printf("%s  %s --fault %.*s: %s\n", *first ? "twins that it must catch:\n" : "", t->called,
               (int)strcspn(row, "\t"), row, what ? what + 1 : "");
        *first = false;
    }
    process_stop(&p, 0);
}

static void print_twins(const char *id)
{
    bool first = true;

    for (size_t i = 0; i < ARRAY_LEN(twins); i++)
        print_twins_of(&twins[i], id, &first);
}

int command_explain(int argc, char **argv)
{
    const char *words[2];
    struct problem why;
    bool help = false;

    struct option_set set = {.rows = rows,
                             .count = ARRAY_LEN(rows),
                             .into = &help,
                             .words = words,
                             .words_cap = ARRAY_LEN(words)};
    if (!options_read(&set, argc, argv, &why))
        return usage_error("explain", &why);
    if (help) {
        printf("Usage: assay explain CHECK\n\nThe claim, why it matters, the clauses, how it is "
               "tried, which twin proves that\nthe check can fail, and how to run it.\n\n"
               "Example:\n  assay explain stream.shutdown.half-close-drains\n");
        return STATUS_OK;
    }
    const struct check *check = words[0] ? registry_find(words[0]) : NULL;
    if (!check) {
        problem_set(&why,
                    words[0] ? "no check has the id \"%s\"; `assay list` names them"
                             : "which check?%s",
                    words[0] ? words[0] : "");
        return usage_error("explain", &why);
    }
    printf("%s (%s)\n\nclaim:\n  %s\nwhy it matters:\n  %s\nhow it is tried:\n  %s\n", check->id,
           level_name(check_level(check)), check->claim, check->why, check->how);
    print_citations(check);
    if (check->expects)
        printf("made a must by:\n  --expect %s\n", check->expects);
    if (check->flags & CHECK_ON_REQUEST)
        printf("no part of a run unless asked for by:\n  --load, or an --only that means nothing "
               "else\n");
    print_twins(check->id);
    printf("run it:\n  assay check URL --only %s\n", check->id);
    return STATUS_OK;
}
