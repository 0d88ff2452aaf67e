/*
 * Strings for people: bounded copying and formatting, exact reading of numbers, and the two forms
 * in which octets are shown. Also the problem: a sentence that says why something was refused.
 */
#ifndef HARNESS_BASE_TEXT_H
#define HARNESS_BASE_TEXT_H

#include <stdarg.h>

#include "harness/base/buf.h"

/* One sentence without a newline; the caller of a failing function owns it and prints it. */
struct problem {
    char text[512];
    bool ours; /* our machine cannot: no mistake of whoever asked, and nothing that a peer did */
};

/* Sets the sentence, with a question mark for each control character; a null problem is allowed and
   ignored. Always returns false. */
bool problem_set(struct problem *why, const char *format, ...) PRINTF_LIKE(2, 3);
bool problem_ours(struct problem *why, const char *format, ...) PRINTF_LIKE(2, 3);

/* Why the buffer has failed: no memory, which is ours, or it is full, which this sentence says. */
bool problem_buf(struct problem *why, const struct buf *b, const char *full);

/* Copies as much as fits and always ends in NUL; cap must be at least 1. */
void text_copy(char *out, size_t cap, const char *in);
void text_format(char *out, size_t cap, const char *format, ...) PRINTF_LIKE(3, 4);
void text_vformat(char *out, size_t cap, const char *format, va_list args) PRINTF_LIKE(3, 0);

bool text_eq(const char *a, const char *b);
bool text_starts(const char *text, const char *prefix);

/* What makes a word fit its number: "" for one, else "s". */
const char *text_s(size_t number);

/* Reads a whole decimal number from min to max. False where text is anything else. */
bool text_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret);

/* Shell-style match of `*` and `?` over the whole text; `*` also crosses dots. */
bool text_glob(const char *pattern, const char *text);

/* Appends octets as a person reads them: printable ASCII as it is, others as C escapes. At most
   max octets are shown; what is left out is told as "... (N more)". */
void text_quote(struct buf *out, struct slice octets, size_t max);

/* Appends two lower case hex digits per octet. */
void text_hex(struct buf *out, struct slice octets);

/* Appends text as one word of a POSIX shell: bare where safe, else in single quotes. */
void text_shell_word(struct buf *out, const char *text);

#endif
