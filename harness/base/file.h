/*
 * Files that are written whole or not at all: a regular file is written beside its path and moved
 * into place when it is complete, so that nobody reads half of one and a failure leaves the old one
 * as it was. What is no regular file (a terminal, a pipe) is written as it is. And whole files are
 * read.
 */
#ifndef HARNESS_BASE_FILE_H
#define HARNESS_BASE_FILE_H

#include <limits.h>
#include <stdio.h>

#include "harness/base/text.h"

struct file_draft {
    FILE *out;             /* what is written goes here */
    char path[PATH_MAX];   /* where it will be; symbolic links are followed */
    char beside[PATH_MAX]; /* where it is meanwhile, or "" */
};

/* Begins a file. False with errno; the draft then needs no end. */
bool file_begin(struct file_draft *d, const char *path) MUST_USE;

/* Ends it and moves it into place. False with errno where any write on the way has failed; the
   file at the path is then as it was before. */
bool file_end(struct file_draft *d) MUST_USE;

/* Whether file_begin has a chance, without leaving a trace. False with errno. */
bool file_is_possible(const char *path) MUST_USE;

/* Appends all that a file holds, or standard input where the path is "-". False with the reason
   where it cannot be read; what is more than the buffer may hold makes it fail (buf.h), which is no
   failure here. */
bool file_read(const char *path, struct buf *out, struct problem *why) MUST_USE;

/* Whether this is a folder in which files can be made, or one that can be made. False with errno.
 */
bool file_folder_is_possible(const char *path) MUST_USE;

/* Makes a folder unless it is there; false with errno, also where something else is there. */
bool file_make_folder(const char *path) MUST_USE;

/* Removes a folder and the files in it; one that has folders in it stays, with these. Nothing for
   the empty path. */
void file_remove_folder(const char *path);

/* True where both paths lead to the same regular file, or will. */
bool file_is_same(const char *a, const char *b);

#endif
