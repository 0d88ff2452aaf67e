/* The asserts of unit.h. */
#include "tests/unit.h"

#include <dirent.h>
#include <string.h>

enum { SHOWN_OCTETS = 400 };

void unit_row(bool holds, size_t row, const char *condition, const char *file, int line)
{
    if (holds)
        return;
    print_error("row %zu: %s\n", row, condition);
    _fail(file, line);
}

void unit_contains(const char *text, const char *part, const char *file, int line)
{
    if (strstr(text, part))
        return;
    print_error("\"%s\"\nis not part of\n\"%s\"\n", part, text);
    _fail(file, line);
}

void unit_lacks(const char *text, const char *part, const char *file, int line)
{
    if (!strstr(text, part))
        return;
    print_error("\"%s\"\nis part of\n\"%s\"\n", part, text);
    _fail(file, line);
}

void unit_octets(struct slice actual, struct slice expected, const char *file, int line)
{
    struct buf shown;

    if (slice_eq(actual, expected))
        return;
    buf_init(&shown, 1 << 16);
    buf_put_str(&shown, "expected ");
    text_quote(&shown, expected, SHOWN_OCTETS);
    buf_put_str(&shown, "\ngot      ");
    text_quote(&shown, actual, SHOWN_OCTETS);
    print_error("%s\ndifferent from octet %zu on\n", buf_text(&shown),
                slice_common(actual, expected));
    buf_free(&shown);
    _fail(file, line);
}

void unit_hex(struct buf *out, const char *hex)
{
    static const char digits[] = "0123456789abcdef";
    unsigned value = 1; /* a bit in front of the digits tells when there are two */

    for (; *hex; hex++) {
        const char *digit = strchr(digits, *hex);

        if (*hex == ' ')
            continue;
        assert_non_null(digit);
        value = value << 4 | (unsigned)(digit - digits);
        if (value & 0x100) {
            buf_put_byte(out, (uint8_t)value);
            value = 1;
        }
    }
    assert_int_equal(value, 1);
}

unsigned unit_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned count = 0;

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 3; /* ".", ".." and the one that was read through */
}
