/* `assay list`: the checks. */
#include <jansson.h>
#include <stdio.h>

#include "conformance/command.h"
#include "conformance/runner/select.h"
#include "conformance/runner/worth.h"

struct list {
    const char *pattern; /* or NULL */
    bool json;
    bool markdown;
    bool help;
    json_t *array;
    size_t shown;
    struct slice suite; /* of the check before */
};

static bool take_json(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct list *)into)->json = true;
    return true;
}

static bool take_markdown(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct list *)into)->markdown = true;
    return true;
}

static bool take_help(void *into, const char *value UNUSED, struct problem *why UNUSED)
{
    ((struct list *)into)->help = true;
    return true;
}

static const struct option_row rows[] = {
    {"json", NULL, "as a JSON array", take_json},
    {"markdown", NULL, "as a page with clauses and how each is tried", take_markdown},
    {"help", NULL, "this text", take_help},
};

static void add_json(struct list *l, const struct check *check)
{
    struct worth worth = worth_of(check->id);
    json_t *cites = json_array();

    for (size_t i = 0; i < CHECK_CITES_MAX && check->cites[i] != REQ_NONE; i++)
        json_array_append_new(cites, json_string(requirement_row(check->cites[i])->cite));
    json_array_append_new(l->array,
                          json_pack("{s:s, s:s, s:s, s:o, s:b, s:i, s:i}", "id", check->id, "level",
                                    level_name(check_level(check)), "claim", check->claim, "cites",
                                    cites, "on_request", (check->flags & CHECK_ON_REQUEST) != 0,
                                    "twins", (int)worth.twins, "typical_ms", (int)worth.ms));
}

static void add_markdown(struct list *l, const struct check *check)
{
    struct slice suite = report_suite(check->id);

    if (l->shown == 1)
        printf("# The checks\n\nWritten by `assay list --markdown`; `assay explain CHECK` tells "
               "more.\n"
               "`must`, `should`, `robust`, `note` are the levels of the claims.\n");
    if (!slice_eq(suite, l->suite))
        printf("\n## %.*s\n", (int)suite.len, (const char *)suite.data);
    l->suite = suite;
    printf("\n### %s\n\n**%s**: %s.\n\nTried: %s\n", check->id, level_name(check_level(check)),
           check->claim, check->how);
    if (check->flags & CHECK_ON_REQUEST)
        printf("\nOnly with `--load`, or where `--only` means nothing else.\n");
    for (size_t i = 0; i < CHECK_CITES_MAX && check->cites[i] != REQ_NONE; i++)
        printf("%s%s", i ? "; " : "\nClauses: ", requirement_row(check->cites[i])->cite);
    putchar('\n');
}

static void show(const struct check *check, void *closure)
{
    struct list *l = closure;

    if (l->pattern && !select_matches(l->pattern, check->id))
        return;
    l->shown++;
    if (l->json)
        add_json(l, check);
    else if (l->markdown)
        add_markdown(l, check);
    else
        printf("%-6s  %-42s %s\n", level_name(check_level(check)), check->id, check->claim);
}

int command_list(int argc, char **argv)
{
    struct list l = {0};
    const char *words[2];
    struct problem why;

    struct option_set set = {.rows = rows,
                             .count = ARRAY_LEN(rows),
                             .into = &l,
                             .words = words,
                             .words_cap = ARRAY_LEN(words)};
    if (!options_read(&set, argc, argv, &why))
        return usage_error("list", &why);
    if (l.json && l.markdown) {
        problem_set(&why, "--json and --markdown exclude each other");
        return usage_error("list", &why);
    }
    if (l.help) {
        printf("Usage: assay list [GLOB] [OPTION]...\n\nThe checks: level, id, claim.\n\n");
        options_help(rows, ARRAY_LEN(rows));
        printf("\nExamples:\n  assay list 'stream.shutdown.*'\n  assay list --json\n");
        return STATUS_OK;
    }
    l.pattern = words[0];
    l.array = json_array();
    registry_each(show, &l);
    if (l.json && l.shown > 0) {
        json_dumpf(l.array, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(l.array);
    if (l.shown > 0)
        return STATUS_OK;
    problem_set(&why, "\"%s\" matches no check", l.pattern ? l.pattern : "");
    return usage_error("list", &why);
}
