/*
 * Running the built programs from tests: started with their output captured, waited for with a
 * bound. The programs are those of the build that the test itself belongs to.
 */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include "harness/process/process.h"

/* The path of a program of the build, as "build/release/assay". */
const char *program_path(const char *name);

struct program_result {
    int status; /* the exit status, or 128 + signal */
    char *out;  /* standard output, whole; the caller frees both */
    char *err;
};

/* Runs a shell command line, in which @B stands for the folder of the build, and waits for its end
   (at most limit_s, then it is killed and status is 255). */
struct program_result program_run(unsigned limit_s, const char *format, ...) PRINTF_LIKE(2, 3);
void program_free(struct program_result *r);

/* A server in the background: started by a shell command line with @B as above, ready when it has
   printed a line READY URL. The caller stops it with process_stop. */
bool program_serve(struct process *p, char *ret_url, size_t cap, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* A folder of this test's own, removed with all it holds by program_remove_folder. */
void program_make_folder(char *ret, size_t cap);
void program_remove_folder(const char *folder);

/* The same for all tests of a program, as set-up and tear-down of their group. */
extern char program_folder[64];
int program_open_folder(void **state);
int program_close_folder(void **state);

/* Reads a whole file; NULL where it cannot. The caller frees. */
char *program_read_file(const char *path);
void program_write_file(const char *path, const char *text);

#endif
