/* Tests of files that are whole or not at all. */
#include "harness/base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/program.h"
#include "tests/unit.h"

static char folder[64];

static int begin(void **state UNUSED)
{
    program_make_folder(folder, sizeof(folder));
    return chdir(folder);
}

static int end(void **state UNUSED)
{
    program_remove_folder(folder);
    return 0;
}

static void assert_holds(const char *path, const char *text)
{
    char *now = program_read_file(path);

    assert_non_null(now);
    assert_string_equal(now, text);
    free(now);
}

static void write_draft(const char *path, const char *text)
{
    struct file_draft d;

    assert_true(file_begin(&d, path));
    fputs(text, d.out);
    assert_true(file_end(&d));
}

static void test_whole(void **state UNUSED)
{
    struct file_draft d;
    struct stat status;
    mode_t mask = umask(022);

    program_write_file("a", "old");
    assert_true(file_begin(&d, "a"));
    fputs("new", d.out);
    assert_holds("a", "old");
    assert_true(file_end(&d));
    assert_holds("a", "new");
    assert_int_equal(access(d.beside, F_OK), -1);
    write_draft("fresh", "x");
    assert_int_equal(stat("fresh", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0644);
    umask(mask);
}

/* A link stays a link; what it names is written, also where that is not there yet. */
static void test_links(void **state UNUSED)
{
    struct stat status;

    assert_int_equal(mkdir("there", 0777), 0);
    program_write_file("there/real", "old");
    assert_int_equal(symlink("there/real", "link"), 0);
    assert_int_equal(symlink("there/none", "dangling"), 0);
    assert_true(file_is_possible("link"));
    write_draft("link", "through");
    assert_holds("there/real", "through");
    write_draft("dangling", "made");
    assert_holds("there/none", "made");
    assert_int_equal(lstat("link", &status), 0);
    assert_true(S_ISLNK(status.st_mode));
}

static void test_what_is_no_file(void **state UNUSED)
{
    struct file_draft d;
    bool failed = false;

    write_draft("/dev/null", "x");
    assert_true(file_begin(&d, "/dev/full"));
    failed = fputs("x", d.out) < 0;
    assert_false(file_end(&d) && !failed);
    assert_int_equal(errno, ENOSPC);
}

static void test_what_is_possible(void **state UNUSED)
{
    static const struct {
        const char *path;
        int file, into; /* errno as a file, as a folder; 0: possible */
    } rows[] = {
        {"a", 0, ENOTDIR},
        {"not-there", 0, 0},
        {"there", EISDIR, 0},
        {"there/not-there", 0, 0},
        {"no/such/folder", ENOENT, ENOENT},
        {"a/below", ENOTDIR, ENOTDIR},
        {"", ENOENT, ENOENT},
        {"/dev/null", 0, ENOTDIR},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        errno = 0;
        assert_row(i, file_is_possible(rows[i].path) == (rows[i].file == 0));
        assert_row(i, rows[i].file == 0 || errno == rows[i].file);
        errno = 0;
        assert_row(i, file_folder_is_possible(rows[i].path) == (rows[i].into == 0));
        assert_row(i, rows[i].into == 0 || errno == rows[i].into);
    }
    assert_true(file_make_folder("made") && file_make_folder("made"));
    assert_false(file_make_folder("a"));
    assert_int_equal(errno, ENOTDIR);
}

static void test_same(void **state UNUSED)
{
    assert_true(file_is_same("a", "./a"));
    assert_true(file_is_same("link", "there/real"));
    assert_true(file_is_same("nothing", "there/../nothing"));
    assert_false(file_is_same("a", "fresh"));
    assert_false(file_is_same("/dev/null", "/dev/null"));
}

static void test_read(void **state UNUSED)
{
    static const char text[] = "one\ntwo\n";
    struct problem why;
    struct buf all;

    FILE *out = fopen("read", "we");
    assert_true(out && fputs(text, out) >= 0 && fclose(out) == 0);
    buf_init(&all, sizeof(text) - 1);
    assert_true(file_read("read", &all, &why));
    assert_octets(buf_slice(&all), slice_str(text));
    assert_true(file_read("read", &all, &why) && all.failed); /* more than it may hold */
    buf_reset(&all);
    assert_false(file_read("nowhere", &all, &why));
    assert_string_equal(why.text, "nowhere: No such file or directory");
    assert_false(file_read(".", &all, &why)); /* opens, and cannot be read */
    assert_string_equal(why.text, ".: Is a directory");
    buf_free(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_what_is_no_file),
        cmocka_unit_test(test_what_is_possible),
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_read),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
