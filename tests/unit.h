/* What every unit test includes: cmocka, and asserts that say which row of a table they mean. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

/* cmocka.h wants these in front of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/base/text.h"

/* Holds the condition, or fails with the number of the row. */
#define assert_row(row, condition)                                                                 \
    unit_row((condition), (size_t)(row), #condition, __FILE__, __LINE__)

/* The part stands in the text, or the test fails and shows both. */
#define assert_contains(text, part) unit_contains((text), (part), __FILE__, __LINE__)
#define assert_lacks(text, part) unit_lacks((text), (part), __FILE__, __LINE__)

/* Both slices hold the same octets, or the test fails and shows both. */
#define assert_octets(actual, expected) unit_octets((actual), (expected), __FILE__, __LINE__)

void unit_row(bool holds, size_t row, const char *condition, const char *file, int line);
void unit_contains(const char *text, const char *part, const char *file, int line);
void unit_lacks(const char *text, const char *part, const char *file, int line);
void unit_octets(struct slice actual, struct slice expected, const char *file, int line);

/* Appends the octets that hex digits stand for; blanks between them mean nothing. */
void unit_hex(struct buf *out, const char *hex);

/* How many descriptors this process has open. */
unsigned unit_descriptors(void);

#endif
