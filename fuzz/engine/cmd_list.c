/* `assay fuzz list`: the targets. */
#include <jansson.h>
#include <stdio.h>

#include "fuzz/engine/commands.h"
#include "fuzz/engine/grammar.h"
#include "fuzz/oracle/finding.h"
#include "harness/base/log.h"
#include "harness/base/text.h"

/* Where cases are mutated as octets: none. */
static const char *grammar_name(const struct fuzz_target *target)
{
    const struct mutate_grammar *grammar = grammar_of(target);

    return grammar ? grammar->name : "none";
}

static void print_text(void)
{
    for (size_t i = 0; fuzz_targets[i]; i++) {
        const struct fuzz_target *t = fuzz_targets[i];

        printf("%-16s  %-8s %6zu  %-8s  %s\n", t->name, fuzz_form_name(t->form), t->max,
               grammar_name(t), t->what);
    }
}

static int print_json(void)
{
    json_t *all = json_array();

    for (size_t i = 0; fuzz_targets[i]; i++) {
        const struct fuzz_target *t = fuzz_targets[i];

        json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:s, s:I}", "name", t->name, "form",
                                             fuzz_form_name(t->form), "grammar", grammar_name(t),
                                             "what", t->what, "max", (json_int_t)t->max));
    }
    bool ok = all && json_dumpf(all, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF;
    json_decref(all);
    return ok ? STATUS_OK : STATUS_KIT;
}

/* docs/fuzz-targets.md */
static void print_markdown(void)
{
    printf("# Fuzz targets, oracles, known defects\n\n"
           "Written by `make docs`. [fuzzing.md](fuzzing.md) says how they are used.\n\n"
           "| target | a case is | octets at most | what is attacked |\n|---|---|---|---|\n");
    for (size_t i = 0; fuzz_targets[i]; i++)
        printf("| `%s` | %s | %zu | %s |\n", fuzz_targets[i]->name,
               fuzz_form_name(fuzz_targets[i]->form), fuzz_targets[i]->max, fuzz_targets[i]->what);
    printf("\n| oracle | what a finding of it says |\n|---|---|\n");
    for (unsigned i = 0; i < ORACLES; i++)
        printf("| `%s` | %s |\n", oracle_id((enum oracle)i), oracle_what((enum oracle)i));
    printf(
        "\nDefects of what is not ours, which the targets meet. A finding of one ends no campaign; "
        "each has a case in\n`corpus/known` that shows that it is still there.\n\n"
        "| known defect | targets | oracle | what is wrong |\n|---|---|---|---|\n");
    const struct known *k;
    for (size_t i = 0; (k = known_at(i)); i++)
        printf("| `%s` | %s | %s | %s |\n", k->id, k->target, oracle_id(k->oracle), k->reason);
}

int fuzz_command_list(int argc, char **argv)
{
    if (argc == 2 && text_eq(argv[1], "--json"))
        return print_json();
    if (argc == 2 && text_eq(argv[1], "--markdown")) {
        print_markdown();
        return STATUS_OK;
    }
    if (argc == 2 && text_eq(argv[1], "--help")) {
        printf("Usage: %s list [--json|--markdown]\n\nThe fuzz targets: name, what a case is, its "
               "octets "
               "at most, how it is mutated, what is attacked.\n",
               fuzz_called());
        return STATUS_OK;
    }
    if (argc > 1) {
        log_error("%s list: \"%s\" is not known; see --help", fuzz_called(), argv[1]);
        return STATUS_USAGE;
    }
    print_text();
    return STATUS_OK;
}
