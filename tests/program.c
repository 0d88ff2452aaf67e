/* Running the built programs from tests. */
#include "tests/program.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/deadline.h"

enum { LINE_MAX_LEN = 16384, STEP_MS = 5, READY_MS = 20000, FILE_MAX = 64 << 20 };

/* The folder of the build: the one above tests/, where this program is. */
static const char *build_folder(void)
{
    static char folder[PATH_MAX];
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (len < 0)
        abort();
    self[len] = '\0';
    char *above = dirname(self);
    above = dirname(above);
    text_copy(folder, sizeof(folder), above);
    return folder;
}

const char *program_path(const char *name)
{
    static char path[PATH_MAX + 64];

    text_format(path, sizeof(path), "%s/%s", build_folder(), name);
    return path;
}

/* Formats a command line and puts the folder of the build in place of @B. */
PRINTF_LIKE(2, 0)
static void command_line(struct buf *out, const char *format, va_list args)
{
    char *text = malloc(LINE_MAX_LEN);

    if (!text)
        abort();
    text_vformat(text, LINE_MAX_LEN, format, args);
    for (const char *at = text; *at; at++) {
        if (text_starts(at, "@B")) {
            buf_put_str(out, build_folder());
            at++;
        } else {
            buf_put_byte(out, (uint8_t)*at);
        }
    }
    free(text);
}

char *program_read_file(const char *path)
{
    FILE *file = fopen(path, "re");
    struct buf text;

    if (!file)
        return NULL;
    buf_init(&text, FILE_MAX);
    for (;;) {
        uint8_t part[4096];
        size_t n = fread(part, 1, sizeof(part), file);

        if (n == 0)
            break;
        buf_put(&text, slice_of(part, n));
    }
    fclose(file);
    char *copy = strdup(buf_text(&text));
    buf_free(&text);
    return copy;
}

void program_write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
}

_Noreturn static void become(const char *line, const char *out, const char *err)
{
    int o = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int e = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int null = open("/dev/null", O_RDONLY);

    setsid();
    if (dup2(null, 0) >= 0 && dup2(o, 1) >= 0 && dup2(e, 2) >= 0)
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
    _exit(126);
}

static int await(pid_t pid, unsigned limit_s)
{
    int64_t deadline = deadline_in_ms((int64_t)limit_s * 1000);
    int status = 0;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (deadline_passed(deadline)) {
            kill(-pid, SIGKILL);
            waitpid(pid, &status, 0);
            return 255;
        }
        deadline_wait(deadline_in_ms(STEP_MS));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct program_result program_run(unsigned limit_s, const char *format, ...)
{
    struct program_result r = {0};
    char folder[64];
    char out[96];
    char err[96];
    struct buf line;
    va_list args;

    buf_init(&line, LINE_MAX_LEN);
    va_start(args, format);
    command_line(&line, format, args);
    va_end(args);
    program_make_folder(folder, sizeof(folder));
    text_format(out, sizeof(out), "%s/out", folder);
    text_format(err, sizeof(err), "%s/err", folder);
    pid_t pid = fork();
    if (pid == 0)
        become(buf_text(&line), out, err);
    r.status = await(pid, limit_s);
    r.out = program_read_file(out);
    r.err = program_read_file(err);
    program_remove_folder(folder);
    buf_free(&line);
    return r;
}

void program_free(struct program_result *r)
{
    free(r->out);
    free(r->err);
    *r = (struct program_result){0};
}

bool program_serve(struct process *p, char *ret_url, size_t cap, const char *format, ...)
{
    int64_t deadline = deadline_in_ms(READY_MS);
    struct buf line;
    va_list args;

    buf_init(&line, LINE_MAX_LEN);
    va_start(args, format);
    command_line(&line, format, args);
    va_end(args);
    struct process_options o = {.command = buf_text(&line), .umask = -1};
    bool ok = process_start(p, &o, NULL);
    buf_free(&line);
    while (ok && !deadline_passed(deadline)) {
        const char *ready;

        process_read(p);
        ready = strstr(p->said.text, "READY ");
        if (ready && strchr(ready, '\n')) {
            text_format(ret_url, cap, "%.*s", (int)strcspn(ready + 6, "\n"), ready + 6);
            return true;
        }
        if (process_ended(p))
            return false;
        deadline_wait(deadline_in_ms(STEP_MS));
    }
    return false;
}

void program_make_folder(char *ret, size_t cap)
{
    text_copy(ret, cap, "/tmp/assay-test-XXXXXX");
    if (!mkdtemp(ret))
        abort();
}

void program_remove_folder(const char *folder)
{
    struct process p;
    char line[PATH_MAX];
    struct process_options o = {.command = line, .umask = -1};

    text_format(line, sizeof(line), "rm -rf '%s'", folder);
    if (process_start(&p, &o, NULL)) {
        process_wait(&p, deadline_in_ms(READY_MS));
        process_stop(&p, 0);
    }
}

char program_folder[64];

int program_open_folder(void **state UNUSED)
{
    program_make_folder(program_folder, sizeof(program_folder));
    return 0;
}

int program_close_folder(void **state UNUSED)
{
    program_remove_folder(program_folder);
    return 0;
}
