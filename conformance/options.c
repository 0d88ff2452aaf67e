/* Reading command lines from tables of options. */
#include <stdio.h>
#include <string.h>

#include "conformance/command.h"
#include "harness/base/log.h"

enum { HELP_COLUMN = 28 };

static const struct option_row *find_row(const struct option_row *rows, size_t count,
                                         const char *name, size_t len)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(rows[i].name) == len && text_starts(name, rows[i].name))
            return &rows[i];
    }
    return NULL;
}

/* One option at argv[*at]; leaves *at on the last word it has used. */
static bool read_option(const struct option_row *rows, size_t count, int argc, char **argv, int *at,
                        void *into, struct problem *why)
{
    const char *name = argv[*at] + 2;
    size_t len = strcspn(name, "=");
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    const struct option_row *row = find_row(rows, count, name, len);

    if (!row)
        return problem_set(why, "unknown option --%.*s", (int)len, name);
    if (!row->argument && value)
        return problem_set(why, "--%s takes no value", row->name);
    if (row->argument && !value) {
        if (*at + 1 >= argc)
            return problem_set(why, "--%s needs a value: %s", row->name, row->argument);
        value = argv[++*at];
    }
    return row->take(into, value ? value : "", why);
}

bool options_read(const struct option_row *rows, size_t count, int argc, char **argv, void *into,
                  const char **ret_words, size_t cap, struct problem *why)
{
    size_t words = 0;
    bool options = true;

    for (int at = 1; at < argc; at++) {
        if (options && text_eq(argv[at], "--")) {
            options = false;
        } else if (options && argv[at][0] == '-' && argv[at][1] != '\0') {
            if (argv[at][1] != '-')
                return problem_set(why, "unknown option %s", argv[at]);
            if (!read_option(rows, count, argc, argv, &at, into, why))
                return false;
        } else if (words + 1 >= cap) {
            return problem_set(why, "\"%s\" is one word too many", argv[at]);
        } else {
            ret_words[words++] = argv[at];
        }
    }
    ret_words[words] = NULL;
    return true;
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
    fprintf(stderr, "Try \"assay %s%s--help\".\n", command, *command ? " " : "");
    return STATUS_USAGE;
}
