/* `assay requirements`: every requirement of the catalogue, and the checks that cover it. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "conformance/command.h"
#include "conformance/runner/select.h"

/* A line of the summary: the rows of the roles that a target can have. */
struct tally {
    unsigned rows, covered, untested;
};

/* The sources that the summary names; NULL stands for all others. */
static const char *const standards[] = {"RFC 5531", "RFC 4506", "RFC 1833", "RFC 5665",
                                        "RFC 2203", "RFC 9289", "RFC 9293", "RFC 1122",
                                        "RFC 768",  "RFC 862",  "POSIX.1",  NULL};

struct listing {
    const char *pattern; /* or NULL */
    bool uncovered;
    bool json;
    bool help;
    json_t *array;
    size_t shown;
    struct tally tallies[ARRAY_LEN(standards)];
};

static bool take_uncovered(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct listing *)into)->uncovered = true;
    return true;
}

static bool take_json(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct listing *)into)->json = true;
    return true;
}

static bool take_help(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct listing *)into)->help = true;
    return true;
}

static const struct option_row rows[] = {
    {"uncovered", NULL, "those alone that no check cites", take_uncovered},
    {"json", NULL, "as a JSON array", take_json},
    {"help", NULL, "this text", take_help},
};

/* ---- which checks cover a row ---- */

struct cover {
    enum requirement r;
    json_t *checks;
};

static void add_if_cited(const struct check *check, void *closure)
{
    struct cover *cover = closure;

    if (check_covers(check, cover->r))
        json_array_append_new(cover->checks, json_string(check->id));
}

/* The ids of the checks that cite the row, to be released by the caller. */
static json_t *checks_of(enum requirement r)
{
    struct cover cover = {r, json_array()};

    registry_each(add_if_cited, &cover);
    return cover.checks;
}

/* ---- what is shown ---- */

static void count_in(struct listing *l, const struct requirement_row *row, bool covered,
                     bool untested)
{
    size_t i = 0;

    if (row->role == ROLE_API || row->role == ROLE_COMPILER)
        return;
    while (standards[i] && !text_starts(row->source, standards[i]))
        i++;
    l->tallies[i].rows++;
    l->tallies[i].covered += covered;
    l->tallies[i].untested += !covered && untested;
}

static void print_row(const struct requirement_row *row, const json_t *checks, const char *untested)
{
    size_t i;
    json_t *id;

    printf("%s (%s, %s)\n  %s\n", row->cite, requirement_role_name(row->role),
           level_name(row->level), row->statement);
    json_array_foreach(checks, i, id)
        printf("  %s %s\n", i ? "       " : "checks:", json_string_value(id));
    if (json_array_size(checks) == 0)
        printf("  %s\n", untested ? "not tried from outside:" : "open: no check yet");
    if (json_array_size(checks) == 0 && untested)
        printf("    %s\n", untested);
    putchar('\n');
}

static void add_json(struct listing *l, const struct requirement_row *row, json_t *checks,
                     const char *untested)
{
    json_array_append_new(
        l->array,
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:O, s:s?}", "id", row->id, "source", row->source,
                  "section", row->section, "role", requirement_role_name(row->role), "level",
                  level_name(row->level), "statement", row->statement, "checks", checks, "untested",
                  json_array_size(checks) > 0 ? NULL : untested));
}

static void show(struct listing *l, enum requirement r)
{
    const struct requirement_row *row = requirement_row(r);
    const char *untested = requirement_untested(r);

    if (l->pattern && !select_matches(l->pattern, row->id))
        return;
    json_t *checks = checks_of(r);
    bool covered = json_array_size(checks) > 0;
    count_in(l, row, covered, untested != NULL);
    if (!l->uncovered || !covered) {
        l->shown++;
        if (l->json)
            add_json(l, row, checks, untested);
        else
            print_row(row, checks, untested);
    }
    json_decref(checks);
}

static void print_tally(const char *name, const struct tally *t)
{
    printf("%-12s %5u %12u %10u %6u\n", name, t->rows, t->covered, t->untested,
           t->rows - t->covered - t->untested);
}

static void print_summary(const struct listing *l)
{
    struct tally all = {0};

    printf("What servers, clients, registries and codecs promise:\n%-12s %5s %12s %10s %6s\n",
           "source", "rows", "with checks", "not tried", "open");
    for (size_t i = 0; i < ARRAY_LEN(standards); i++) {
        const struct tally *t = &l->tallies[i];

        if (t->rows > 0)
            print_tally(standards[i] ? standards[i] : "others", t);
        all.rows += t->rows;
        all.covered += t->covered;
        all.untested += t->untested;
    }
    print_tally("all", &all);
    if (all.rows > 0)
        printf("%.1f %% are covered by checks, or have the reason why no peer can try them.\n",
               100.0 * (all.covered + all.untested) / all.rows);
}

static void print_help(void)
{
    printf("Usage: assay requirements [GLOB] [OPTION]...\n\n"
           "Every requirement of the catalogue, and the checks that cover it; behind them a "
           "summary per\nstandard. GLOB selects by the id of the requirement.\n\n");
    options_help(rows, ARRAY_LEN(rows));
    printf("\nExamples:\n  assay requirements 'RPC-5531-11-*'\n"
           "  assay requirements --uncovered\n  assay requirements --json\n");
}

int command_requirements(int argc, char **argv)
{
    struct listing l = {0};
    const char *words[2];
    struct problem why;

    struct option_set set = {.rows = rows,
                             .count = ARRAY_LEN(rows),
                             .into = &l,
                             .words = words,
                             .words_cap = ARRAY_LEN(words)};
    if (!options_read(&set, argc, argv, &why))
        return usage_error("requirements", &why);
    if (l.help) {
        print_help();
        return STATUS_OK;
    }
    l.pattern = words[0];
    l.array = json_array();
    for (unsigned r = REQ_NONE + 1; r < REQUIREMENTS; r++)
        show(&l, (enum requirement)r);
    bool none = l.pattern && l.shown == 0 && !l.uncovered;
    if (l.json && !none) {
        json_dumpf(l.array, stdout, JSON_INDENT(2));
        putchar('\n');
    } else if (!none) {
        print_summary(&l);
    }
    json_decref(l.array);
    if (!none)
        return STATUS_OK;
    problem_set(&why, "\"%s\" matches no requirement", l.pattern);
    return usage_error("requirements", &why);
}
