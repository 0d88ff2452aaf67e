/* Strings for people: copying, numbers, quoting. */
#include "harness/base/text.h"

#include <stdio.h>
#include <string.h>

/* What it quotes may hold anything: no control character gets to a terminal or begins a line. */
PRINTF_LIKE(2, 0)
static void say(struct problem *why, const char *format, va_list args)
{
    text_vformat(why->text, sizeof(why->text), format, args);
    for (char *at = why->text; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    }
}

bool problem_set(struct problem *why, const char *format, ...)
{
    va_list args;

    if (!why)
        return false;
    va_start(args, format);
    say(why, format, args);
    va_end(args);
    why->ours = false;
    return false;
}

bool problem_ours(struct problem *why, const char *format, ...)
{
    va_list args;

    if (!why)
        return false;
    va_start(args, format);
    say(why, format, args);
    va_end(args);
    why->ours = true;
    return false;
}

bool problem_buf(struct problem *why, const struct buf *b, const char *full)
{
    return b->no_memory ? problem_ours(why, "out of memory") : problem_set(why, "%s", full);
}

void text_copy(char *out, size_t cap, const char *in)
{
    size_t len = size_min(strlen(in), cap - 1);

    memmove(out, in, len);
    out[len] = '\0';
}

void text_format(char *out, size_t cap, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    text_vformat(out, cap, format, args);
    va_end(args);
}

void text_vformat(char *out, size_t cap, const char *format, va_list args)
{
    if (vsnprintf(out, cap, format, args) < 0)
        out[0] = '\0';
}

bool text_eq(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

const char *text_s(size_t number)
{
    return number == 1 ? "" : "s";
}

bool text_starts(const char *text, const char *prefix)
{
    return slice_starts(slice_str(text), slice_str(prefix));
}

bool text_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;

    if (*text == '\0')
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        uint64_t digit = (uint64_t)(*text - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (value < min || value > max)
        return false;
    *ret = value;
    return true;
}

bool text_glob(const char *pattern, const char *text)
{
    const char *star = NULL;
    const char *resume = NULL;

    /* The usual backtracking to the last star: linear in space, no recursion. */
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static void quote_byte(struct buf *out, uint8_t octet)
{
    switch (octet) {
    case '\n':
        buf_put_str(out, "\\n");
        return;
    case '\r':
        buf_put_str(out, "\\r");
        return;
    case '\t':
        buf_put_str(out, "\\t");
        return;
    case '\\':
        buf_put_str(out, "\\\\");
        return;
    case '"':
        buf_put_str(out, "\\\"");
        return;
    default:
        break;
    }
    if (octet >= 0x20 && octet < 0x7f)
        buf_put_byte(out, octet);
    else
        buf_printf(out, "\\x%02x", octet);
}

void text_quote(struct buf *out, struct slice octets, size_t max)
{
    size_t shown = size_min(octets.len, max);

    buf_put_byte(out, '"');
    for (size_t i = 0; i < shown; i++)
        quote_byte(out, octets.data[i]);
    buf_put_byte(out, '"');
    if (shown < octets.len)
        buf_printf(out, "... (%zu more)", octets.len - shown);
}

void text_hex(struct buf *out, struct slice octets)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < octets.len; i++) {
        buf_put_byte(out, (uint8_t)digits[octets.data[i] >> 4]);
        buf_put_byte(out, (uint8_t)digits[octets.data[i] & 15]);
    }
}

void text_shell_word(struct buf *out, const char *text)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "@%+=:,./_-";

    if (*text && strspn(text, safe) == strlen(text)) {
        buf_put_str(out, text);
        return;
    }
    buf_put_byte(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            buf_put_str(out, "'\\''");
        else
            buf_put_byte(out, (uint8_t)*text);
    }
    buf_put_byte(out, '\'');
}
