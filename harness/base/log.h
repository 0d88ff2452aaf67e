/* What the programs say on standard error: one line a message, each begun by the program's name. */
#ifndef HARNESS_BASE_LOG_H
#define HARNESS_BASE_LOG_H

#include "harness/base/base.h"

/* The name in front of each line; a string that lives as long as the program. */
void log_open(const char *program);

/* Something could not be done: what, and why. */
void log_error(const char *format, ...) PRINTF_LIKE(1, 2);

/* Something worth knowing that stops nothing. */
void log_note(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
