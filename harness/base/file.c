/* Writing files whole or not at all, and reading them whole. */
#include "harness/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DRAFT_SUFFIX = 8 };

static bool refuse(int error)
{
    errno = error;
    return false;
}

/* What the path leads to, also where no file is there yet. A link to nothing stays a link: opening
   it makes what it names. */
static bool resolve(const char *path, char *ret)
{
    char copy[PATH_MAX];
    char folder[PATH_MAX];

    if (strlen(path) >= PATH_MAX - DRAFT_SUFFIX)
        return refuse(ENAMETOOLONG);
    if (!realpath(path, ret)) {
        text_copy(copy, sizeof(copy), path);
        bool known = realpath(dirname(copy), folder) != NULL;

        text_copy(copy, sizeof(copy), path);
        text_format(ret, PATH_MAX, "%s%s%s", known ? folder : "", known ? "/" : "",
                    known ? basename(copy) : path);
    }
    return strlen(ret) < PATH_MAX - DRAFT_SUFFIX || refuse(ENAMETOOLONG);
}

static bool is_written_as_it_is(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

/* The permissions that a file gets which is simply created. */
static bool permit_as_created(int fd)
{
    mode_t mask = umask(0);

    umask(mask);
    return fchmod(fd, 0666 & ~mask) == 0;
}

bool file_begin(struct file_draft *d, const char *path)
{
    *d = (struct file_draft){0};
    if (!resolve(path, d->path))
        return false;
    if (is_written_as_it_is(d->path)) {
        d->out = fopen(d->path, "we");
        return d->out != NULL;
    }
    text_format(d->beside, sizeof(d->beside), "%s.XXXXXX", d->path);
    int fd = mkostemp(d->beside, O_CLOEXEC);
    if (fd < 0)
        return false;
    d->out = permit_as_created(fd) ? fdopen(fd, "w") : NULL;
    if (d->out)
        return true;
    int error = errno;
    close(fd);
    unlink(d->beside);
    return refuse(error);
}

bool file_end(struct file_draft *d)
{
    bool ok = fflush(d->out) == 0 && !ferror(d->out);
    int error = errno;

    if (fclose(d->out) != 0 && ok) {
        ok = false;
        error = errno;
    }
    if (ok && d->beside[0] && rename(d->beside, d->path) != 0) {
        ok = false;
        error = errno;
    }
    if (!ok && d->beside[0])
        unlink(d->beside);
    return ok || refuse(error);
}

static bool may_make_in(const char *folder)
{
    struct stat status;

    if (stat(folder, &status) != 0)
        return false;
    if (!S_ISDIR(status.st_mode))
        return refuse(ENOTDIR);
    return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0;
}

static bool may_make_beside(const char *path)
{
    char copy[PATH_MAX];

    text_copy(copy, sizeof(copy), path);
    return may_make_in(dirname(copy));
}

bool file_is_possible(const char *path)
{
    char whole[PATH_MAX];
    struct stat status;

    if (!*path)
        return refuse(ENOENT);
    if (!resolve(path, whole))
        return false;
    if (stat(whole, &status) == 0 && S_ISDIR(status.st_mode))
        return refuse(EISDIR);
    if (is_written_as_it_is(whole) && stat(whole, &status) == 0)
        return faccessat(AT_FDCWD, whole, W_OK, AT_EACCESS) == 0;
    return may_make_beside(whole);
}

bool file_folder_is_possible(const char *path)
{
    char whole[PATH_MAX];
    struct stat status;

    if (!*path)
        return refuse(ENOENT);
    if (!resolve(path, whole))
        return false;
    if (stat(whole, &status) != 0)
        return errno == ENOENT && may_make_beside(whole);
    return may_make_in(whole);
}

bool file_make_folder(const char *path)
{
    if (mkdir(path, 0777) == 0)
        return true;
    return errno == EEXIST && file_folder_is_possible(path);
}

void file_remove_folder(const char *path)
{
    DIR *dir = *path ? opendir(path) : NULL;

    if (!dir)
        return;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    rmdir(path);
}

bool file_is_same(const char *a, const char *b)
{
    char whole_a[PATH_MAX];
    char whole_b[PATH_MAX];

    return resolve(a, whole_a) && resolve(b, whole_b) && text_eq(whole_a, whole_b) &&
           !is_written_as_it_is(whole_a);
}

bool file_read(const char *path, struct buf *out, struct problem *why)
{
    bool is_stdin = text_eq(path, "-");
    const char *name = is_stdin ? "standard input" : path;
    FILE *in = is_stdin ? stdin : fopen(path, "re");
    uint8_t piece[16384];
    size_t len;

    if (!in)
        return problem_set(why, "%.300s: %s", name, strerror(errno));
    while (!out->failed && (len = fread(piece, 1, sizeof(piece), in)) > 0)
        buf_put(out, slice_of(piece, len));
    bool ok = !ferror(in) || problem_set(why, "%.300s: %s", name, strerror(errno));
    if (!is_stdin)
        fclose(in);
    return ok;
}
