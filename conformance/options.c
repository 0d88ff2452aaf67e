/* Reading command lines from tables of options. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conformance/command.h"
#include "harness/base/log.h"

enum { HELP_COLUMN = 28 };

static const struct option_row *find_among(const struct option_row *rows, size_t count,
                                           const char *name, size_t len)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(rows[i].name) == len && text_starts(name, rows[i].name))
            return &rows[i];
    }
    return NULL;
}

static const struct option_row *find_row(const struct option_set *set, const char *name, size_t len)
{
    const struct option_row *row = find_among(set->rows, set->count, name, len);

    return row ? row : find_among(set->common, set->common_count, name, len);
}

/* One option at argv[*at]; leaves *at on the last word it has used. */
static bool read_option(const struct option_set *set, int argc, char **argv, int *at,
                        struct problem *why)
{
    const char *name = argv[*at] + 2;
    size_t len = strcspn(name, "=");
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    const struct option_row *row = find_row(set, name, len);

    if (!row)
        return problem_set(why, "unknown option --%.*s", (int)len, name);
    if (!row->argument && value)
        return problem_set(why, "--%s takes no value", row->name);
    if (row->argument && !value) {
        if (*at + 1 >= argc)
            return problem_set(why, "--%s needs a value: %s", row->name, row->argument);
        value = argv[++*at];
    }
    return row->take(set->into, value ? value : "", why);
}

bool options_read(const struct option_set *set, int argc, char **argv, struct problem *why)
{
    size_t words = 0;
    bool options = true;

    for (int at = 1; at < argc; at++) {
        if (options && text_eq(argv[at], "--")) {
            options = false;
            if (set->keeps_dashes && words + 1 < set->words_cap)
                set->words[words++] = argv[at];
        } else if (options && argv[at][0] == '-' && argv[at][1] != '\0') {
            if (argv[at][1] != '-')
                return problem_set(why, "unknown option %s", argv[at]);
            if (!read_option(set, argc, argv, &at, why))
                return false;
        } else if (words + 1 >= set->words_cap) {
            return problem_set(why, "\"%s\" is one word too many", argv[at]);
        } else {
            set->words[words++] = argv[at];
        }
    }
    set->words[words] = NULL;
    return true;
}

bool option_count(const char *option, const char *value, uint64_t min, uint64_t max, uint64_t *ret,
                  struct problem *why)
{
    if (text_number(value, min, max, ret))
        return true;
    return problem_set(why, "%s \"%s\": expected a number from %" PRIu64 " to %" PRIu64, option,
                       value, min, max);
}

void options_help(const struct option_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char head[80];

        text_format(head, sizeof(head), "--%s%s%s", rows[i].name, rows[i].argument ? " " : "",
                    rows[i].argument ? rows[i].argument : "");
        printf("  %-*s%s%s\n", HELP_COLUMN, head,
               strlen(head) >= HELP_COLUMN ? "\n                              " : "", rows[i].help);
    }
}

int usage_error(const char *command, const struct problem *why)
{
    log_error("%s", why->text);
    if (why->ours)
        return STATUS_KIT;
    fprintf(stderr, "Try \"assay %s%s--help\".\n", command, *command ? " " : "");
    return STATUS_USAGE;
}
