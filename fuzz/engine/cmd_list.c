/* `assay fuzz list`: the targets. */
#include <jansson.h>
#include <stdio.h>

#include "fuzz/engine/commands.h"
#include "harness/base/log.h"
#include "harness/base/text.h"

static void print_text(void)
{
    for (size_t i = 0; fuzz_targets[i]; i++) {
        const struct fuzz_target *t = fuzz_targets[i];

        printf("%-16s  %-8s  %s\n", t->name, fuzz_form_name(t->form), t->what);
    }
}

static int print_json(void)
{
    json_t *all = json_array();

    for (size_t i = 0; fuzz_targets[i]; i++) {
        const struct fuzz_target *t = fuzz_targets[i];

        json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:I}", "name", t->name, "form",
                                             fuzz_form_name(t->form), "what", t->what, "max",
                                             (json_int_t)t->max));
    }
    bool ok = all && json_dumpf(all, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF;
    json_decref(all);
    return ok ? STATUS_OK : STATUS_KIT;
}

int fuzz_command_list(int argc, char **argv)
{
    if (argc == 2 && text_eq(argv[1], "--json"))
        return print_json();
    if (argc == 2 && text_eq(argv[1], "--help")) {
        printf("Usage: %s list [--json]\n\nThe fuzz targets: name, what a case is, what is "
               "attacked.\n",
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
