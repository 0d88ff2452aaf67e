/* Messages on standard error. */
#include "harness/base/log.h"

#include <stdarg.h>
#include <stdio.h>

static const char *program_name = "assay";

void log_open(const char *program)
{
    program_name = program;
}

PRINTF_LIKE(2, 0) static void log_line(const char *kind, const char *format, va_list args)
{
    fprintf(stderr, "%s: %s", program_name, kind);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void log_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line("", format, args);
    va_end(args);
}

void log_note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line("note: ", format, args);
    va_end(args);
}
