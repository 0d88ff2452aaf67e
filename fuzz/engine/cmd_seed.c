/* `assay fuzz seed`: writes the seeds of all targets, and the dictionaries. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/engine/commands.h"
#include "fuzz/seed/seed.h"
#include "harness/base/file.h"
#include "harness/base/log.h"

enum { DICTIONARY_MAX = 1 << 16 };

struct writer {
    const char *root;
    const char *folder; /* of the target */
    size_t count;
    bool failed;
};

/* Writes root/folder/name; without a folder, root/name. */
static bool write_file(const struct writer *w, const char *name, struct slice octets)
{
    struct file_draft draft;
    char path[PATH_MAX];

    text_format(path, sizeof(path), "%.3000s/%.200s%s%.200s", w->root, w->folder,
                w->folder[0] ? "/" : "", name);
    if (!file_begin(&draft, path)) {
        log_error("%s: %s", path, strerror(errno));
        return false;
    }
    fwrite(octets.data, 1, octets.len, draft.out);
    if (!file_end(&draft)) {
        log_error("%s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

static void write_seed(void *into, const char *name, struct slice octets)
{
    struct writer *w = into;

    w->failed = w->failed || !write_file(w, name, octets);
    w->count++;
}

static void write_target(struct writer *w, const struct fuzz_target *target)
{
    char path[PATH_MAX];

    w->folder = target->name;
    text_format(path, sizeof(path), "%.3000s/%.200s", w->root, target->name);
    if (!file_make_folder(path)) {
        log_error("%s: %s", path, strerror(errno));
        w->failed = true;
        return;
    }
    seed_each(target, &(struct seed_visitor){write_seed, w});
}

static void write_dictionaries(struct writer *w)
{
    char name[40];
    struct buf words;

    w->folder = "";
    buf_init(&words, DICTIONARY_MAX);
    for (unsigned form = 0; form < FUZZ_FORMS && !w->failed; form++) {
        buf_reset(&words);
        seed_dictionary((enum fuzz_form)form, &words);
        text_format(name, sizeof(name), "%s.dict", fuzz_form_name((enum fuzz_form)form));
        w->failed = !write_file(w, name, buf_slice(&words));
    }
    buf_free(&words);
}

static int write_all(const char *root)
{
    struct writer w = {.root = root};

    if (!file_make_folder(root)) {
        log_error("%s: %s", root, strerror(errno));
        return STATUS_KIT;
    }
    for (size_t i = 0; fuzz_targets[i] && !w.failed; i++)
        write_target(&w, fuzz_targets[i]);
    if (!w.failed)
        write_dictionaries(&w);
    if (w.failed)
        return STATUS_KIT;
    printf("%zu seeds in %s, and a dictionary for each form of case\n", w.count, root);
    return STATUS_OK;
}

int fuzz_command_seed(int argc, char **argv)
{
    if (argc == 2 && text_eq(argv[1], "--help")) {
        printf(
            "Usage: %s seed DIR\n\n"
            "Writes the seeds of every target into DIR/TARGET/, and the dictionaries of libFuzzer "
            "and AFL++\ninto DIR. What else is there stays.\n\n"
            "Example:\n  %s seed corpus\n",
            fuzz_called(), fuzz_called());
        return STATUS_OK;
    }
    if (argc != 2 || argv[1][0] == '-') {
        log_error("%s seed: one folder is needed; see --help", fuzz_called());
        return STATUS_USAGE;
    }
    return write_all(argv[1]);
}
