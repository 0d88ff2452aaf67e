/*
 * The corpus: corpus/TARGET/ holds the seeds that fuzz/seed makes, to the octet, and cases that
 * were found once (regress-*). Every one of them is replayed through its target with all its
 * prefixes, each at the end of an unreadable page, and no oracle finds anything in them but defects
 * that are known. Of a file over WHOLE_MAX octets not every prefix is taken, but that many.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/engine/commands.h"
#include "fuzz/oracle/finding.h"
#include "fuzz/seed/seed.h"
#include "harness/base/file.h"
#include "tests/guard.h"
#include "tests/unit.h"

enum { ROOM = 1 << 17, WHOLE_MAX = 2048, PATH_ROOM = 600, NAMES_MAX = 4096 };

/* Cases with tests of their own. */
static const char *const aside[] = {"known", "accepted"};

static struct guard guard;

static void read_file(const char *path, struct buf *out)
{
    struct problem why;

    buf_reset(out);
    if (!file_read(path, out, &why) || out->failed)
        fail_msg("%s cannot be read", path);
}

/* The names in a folder that do not begin with a dot, in order; the caller frees each. */
static size_t list(const char *path, char *names[NAMES_MAX])
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    size_t kept = 0;

    if (count < 0)
        fail_msg("%s is not there; assay fuzz seed corpus writes it", path);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            assert_true(kept < NAMES_MAX);
            names[kept++] = strdup(entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
    return kept;
}

/* ---- the files are those that the program writes ---- */

struct comparison {
    const char *target;
    size_t seeds;
};

static void compare_file(const char *path, struct slice due)
{
    struct buf found;

    buf_init(&found, ROOM);
    read_file(path, &found);
    if (!slice_eq(buf_slice(&found), due))
        fail_msg("%s has %zu octets that are not the %zu of fuzz/seed; assay fuzz seed corpus",
                 path, found.len, due.len);
    buf_free(&found);
}

static void compare_seed(void *into, const char *name, struct slice octets)
{
    struct comparison *c = into;
    char path[PATH_ROOM];

    text_format(path, sizeof(path), "corpus/%.100s/%.200s", c->target, name);
    compare_file(path, octets);
    c->seeds++;
}

static void test_seeds(void **state UNUSED)
{
    static char *names[NAMES_MAX];

    for (size_t i = 0; fuzz_targets[i]; i++) {
        struct comparison c = {.target = fuzz_targets[i]->name};
        char path[PATH_ROOM];
        size_t regressions = 0;

        seed_each(fuzz_targets[i], &(struct seed_visitor){compare_seed, &c});
        if (c.seeds == 0)
            fail_msg("%s has no seeds", c.target);
        text_format(path, sizeof(path), "corpus/%.100s", c.target);
        size_t count = list(path, names);
        for (size_t k = 0; k < count; k++) {
            regressions += text_starts(names[k], "regress-");
            free(names[k]);
        }
        if (count != c.seeds + regressions)
            fail_msg("%s has %zu files, and %zu of them are neither seeds nor called regress-*",
                     path, count, count - c.seeds - regressions);
    }
}

static void test_dictionaries(void **state UNUSED)
{
    for (unsigned form = 0; form < FUZZ_FORMS; form++) {
        char path[PATH_ROOM];
        struct buf due;

        buf_init(&due, ROOM);
        seed_dictionary((enum fuzz_form)form, &due);
        text_format(path, sizeof(path), "corpus/%s.dict", fuzz_form_name((enum fuzz_form)form));
        compare_file(path, buf_slice(&due));
        buf_free(&due);
    }
}

static void test_folders(void **state UNUSED)
{
    static char *names[NAMES_MAX];
    size_t count = list("corpus", names);

    for (size_t i = 0; i < count; i++) {
        const char *end = strrchr(names[i], '.');
        bool belongs = fuzz_target_find(names[i]) || (end && text_eq(end, ".dict"));

        for (size_t k = 0; k < ARRAY_LEN(aside); k++)
            belongs = belongs || text_eq(names[i], aside[k]);
        if (!belongs)
            fail_msg("corpus/%s belongs to no target", names[i]);
        free(names[i]);
    }
}

/* ---- nothing is found in them ---- */

static void judge(const char *path, size_t len)
{
    for (size_t i = 0; i < finding_count(); i++) {
        const struct finding *f = finding_at(i);

        if (!f->known)
            fail_msg("%s, %zu octets of it: oracle %s: %s", path, len, oracle_id(f->oracle),
                     f->text);
    }
}

static void replay(const struct fuzz_target *target, const char *path)
{
    struct buf octets;

    buf_init(&octets, ROOM);
    read_file(path, &octets);
    size_t stride = octets.len / WHOLE_MAX + 1;
    for (size_t missing = 0; missing <= octets.len; missing += stride) {
        size_t len = octets.len - missing;

        finding_reset();
        fuzz_one(target, guard_put(&guard, slice_sub(buf_slice(&octets), 0, len)));
        judge(path, len);
    }
    buf_free(&octets);
}

static void test_replay(void **state UNUSED)
{
    static char *names[NAMES_MAX];

    guard_open(&guard, ROOM);
    for (size_t i = 0; fuzz_targets[i]; i++) {
        char path[PATH_ROOM];

        text_format(path, sizeof(path), "corpus/%.100s", fuzz_targets[i]->name);
        size_t count = list(path, names);
        finding_open(fuzz_targets[i]->name, FINDING_KEEP);
        for (size_t k = 0; k < count; k++) {
            text_format(path, sizeof(path), "corpus/%.100s/%.200s", fuzz_targets[i]->name,
                        names[k]);
            replay(fuzz_targets[i], path);
            free(names[k]);
        }
    }
    guard_close(&guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_dictionaries),
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_replay),
    };

    return cmocka_run_group_tests_name("fuzz_corpus", tests, NULL, NULL);
}
